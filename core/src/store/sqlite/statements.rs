//! From questions and writes to SQL. Names come from declarations only; everything else is a parameter.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::store::check::after_prefix;
use crate::store::schema::{ColumnKind, Schema, Table};
use crate::store::{Filter, Match, Query, StoreError, Tally, Value};

/// A value as SQLite takes it, without a copy.
pub(super) struct Param<'a>(pub(super) &'a Value);

impl<'a> Param<'a> {
    pub(super) fn view(&self) -> ValueRef<'a> {
        match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.view()))
    }
}

/// The statements about single rows of one table.
#[derive(Debug)]
pub(super) struct TableSql {
    table: &'static Table,
    /// `?1` the key; answers with the version, then the values.
    pub(super) select: String,
    /// `?1` the key; answers with the version.
    pub(super) version: String,
    /// `?1` the key, then the values. Does nothing if the key or a unique value is taken.
    pub(super) insert: String,
    /// `?1` the key.
    pub(super) delete: String,
}

fn columns(table: &Table) -> String {
    table.columns.iter().fold(String::new(), |mut sql, column| {
        let _ = write!(sql, ", \"{}\"", column.name);
        sql
    })
}

impl TableSql {
    fn new(table: &'static Table) -> Self {
        let (name, columns) = (table.name, columns(table));
        let values = (0..table.columns.len()).fold(String::new(), |mut sql, at| {
            let _ = write!(sql, ", ?{}", at + 2);
            sql
        });
        Self {
            table,
            select: format!("SELECT version{columns} FROM \"{name}\" WHERE key = ?1"),
            version: format!("SELECT version FROM \"{name}\" WHERE key = ?1"),
            insert: format!(
                "INSERT INTO \"{name}\" (key, version{columns}) VALUES (?1, 1{values}) ON CONFLICT DO NOTHING"
            ),
            delete: format!("DELETE FROM \"{name}\" WHERE key = ?1"),
        }
    }

    /// Writes the columns for which `is_changed` says so, and counts the version up. `?1` is the key, the values follow
    /// at the places they have in `insert`. Does nothing if a unique value is taken.
    pub(super) fn update(&self, mut is_changed: impl FnMut(usize) -> bool) -> String {
        let mut sql = format!("UPDATE OR IGNORE \"{}\" SET version = version + 1", self.table.name);
        for (at, column) in self.table.columns.iter().enumerate().filter(|(at, _)| is_changed(*at)) {
            let _ = write!(sql, ", \"{}\" = ?{}", column.name, at + 2);
        }
        sql.push_str(" WHERE key = ?1");
        sql
    }
}

/// The tables of the schema that the database was migrated to.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    tables: HashMap<&'static str, TableSql>,
}

impl Catalog {
    pub(super) fn new(schema: &Schema) -> Self {
        Self { tables: schema.tables.iter().map(|table| (table.name, TableSql::new(table))).collect() }
    }

    /// The tables that were declared.
    pub(super) fn declared(&self) -> impl Iterator<Item = &'static Table> {
        self.tables.values().map(|sql| sql.table)
    }

    /// The statements for `table`.
    pub(super) fn table(&self, table: &Table) -> Result<&TableSql, StoreError> {
        let is_same = |known: &&TableSql| std::ptr::eq(known.table, table) || known.table.columns == table.columns;
        self.tables.get(table.name).filter(is_same).ok_or_else(|| StoreError::InvalidQuery {
            reason: format!("this store has no such table {}; migrate it first", table.name),
        })
    }
}

/// A question with its parameters, from `?1` on.
pub(super) struct Question<'a> {
    pub(super) sql: String,
    pub(super) values: Vec<Cow<'a, Value>>,
}

impl<'a> Question<'a> {
    fn new(sql: String) -> Self {
        Self { sql, values: Vec::new() }
    }

    /// Adds a parameter and answers with its name.
    fn parameter(&mut self, value: Cow<'a, Value>) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn compare(&mut self, column: &str, operator: &str, value: Cow<'a, Value>) {
        let parameter = self.parameter(value);
        let _ = write!(self.sql, " AND \"{column}\" {operator} {parameter}");
    }

    /// Adds a condition. Each of them but `Eq(Null)` implies that there is a value, which lets SQLite use the indexes,
    /// and says so in words that SQLite understands.
    fn filter(&mut self, table: &Table, filter: &'a Filter) {
        let column = filter.column;
        if let Match::Eq(Value::Null) = filter.is {
            let _ = write!(self.sql, " AND \"{column}\" IS NULL");
            return;
        }
        match &filter.is {
            Match::Eq(value) => self.compare(column, "=", Cow::Borrowed(value)),
            Match::In(values) => {
                let values: Vec<_> = values.iter().filter(|value| **value != Value::Null).collect();
                let parameters: Vec<_> = values.into_iter().map(|v| self.parameter(Cow::Borrowed(v))).collect();
                let _ = write!(self.sql, " AND \"{column}\" IN ({})", parameters.join(", "));
            }
            Match::Range { from, to } => {
                let _ = write!(self.sql, " AND \"{column}\" IS NOT NULL");
                if let Some(from) = from {
                    self.compare(column, ">=", Cow::Borrowed(from));
                }
                if let Some(to) = to {
                    self.compare(column, "<", Cow::Borrowed(to));
                }
            }
            Match::Prefix(prefix) => {
                self.compare(column, ">=", Cow::Owned(Value::Text(prefix.clone())));
                if let Some(end) = after_prefix(prefix) {
                    self.compare(column, "<", Cow::Owned(Value::Text(end)));
                }
            }
            Match::Contains(part) => {
                let is_bytes = table.column(column).is_ok_and(|(_, c)| c.kind == ColumnKind::Bytes);
                let parameter = self.parameter(Cow::Owned(Value::Text(part.clone())));
                let _ = if is_bytes {
                    write!(self.sql, " AND instr(hex(\"{column}\"), {parameter}) > 0 AND \"{column}\" IS NOT NULL")
                } else {
                    write!(self.sql, " AND instr(\"{column}\", {parameter}) > 0")
                };
            }
        }
    }

    /// One page and one row more, which tells whether there is a next page. Answers with key, version, values.
    ///
    /// Going on in the order of a column takes two questions: the rest of the rows with the cursor's value, then the
    /// rows beyond it. One with `(column, key) > (?, ?)` would read all rows with the cursor's value again and again,
    /// since SQLite does not look for a key in an index that way.
    pub(super) fn page(query: &'a Query) -> Vec<Self> {
        let operator = if query.descending { "<" } else { ">" };
        let Some(after) = &query.after else { return vec![Self::part(query, |_| {})] };
        let key = Cow::Owned(Value::Int(after.key.cast_signed()));
        let Some(column) = query.order else {
            return vec![Self::part(query, |this| this.compare("key", operator, key))];
        };
        let ties = Self::part(query, |this| {
            this.compare(column, "=", Cow::Borrowed(&after.value));
            this.compare("key", operator, key);
        });
        let beyond = Self::part(query, |this| this.compare(column, operator, Cow::Borrowed(&after.value)));
        vec![ties, beyond]
    }

    fn part(query: &'a Query, narrow: impl FnOnce(&mut Self)) -> Self {
        let table = query.table;
        let mut this = Self::new(format!("SELECT key, version{} FROM \"{}\" WHERE 1", columns(table), table.name));
        this.conditions(query);
        narrow(&mut this);
        let direction = if query.descending { " DESC" } else { "" };
        let _ = match query.order {
            Some(column) => write!(this.sql, " ORDER BY \"{column}\"{direction}, key{direction}"),
            None => write!(this.sql, " ORDER BY key{direction}"),
        };
        let limit = i64::try_from(query.page_size()).unwrap_or(1).saturating_add(1);
        let limit = this.parameter(Cow::Owned(Value::Int(limit)));
        let _ = write!(this.sql, " LIMIT {limit}");
        this
    }

    /// How many rows all pages hold together.
    pub(super) fn total(query: &'a Query) -> Self {
        let mut this = Self::new(format!("SELECT count(*) FROM \"{}\" WHERE 1", query.table.name));
        this.conditions(query);
        this
    }

    fn conditions(&mut self, query: &'a Query) {
        query.filters.iter().for_each(|filter| self.filter(query.table, filter));
        if let Some(column) = query.order {
            let _ = write!(self.sql, " AND \"{column}\" IS NOT NULL");
        }
    }

    /// Answers with values and their counts.
    pub(super) fn tally(tally: &'a Tally) -> Self {
        let mut this = Self::new("SELECT ".to_owned());
        match (tally.by, tally.bucket) {
            (None, _) => this.sql.push_str("NULL"),
            (Some(column), None) => {
                let _ = write!(this.sql, "\"{column}\"");
            }
            (Some(column), Some(width)) => {
                // Rounded towards the least number, which SQLite's division is not; and where the multiple below
                // would be less than that, SQLite would go on with a floating-point number.
                let width = this.parameter(Cow::Owned(Value::Int(width)));
                let least = this.parameter(Cow::Owned(Value::Int(i64::MIN)));
                let c = format!("\"{column}\"");
                let _ = write!(
                    this.sql,
                    "CASE WHEN {c} % {width} >= 0 THEN {c} - {c} % {width} \
                     WHEN {c} - {c} % {width} < {least} + {width} THEN {least} \
                     ELSE {c} - {c} % {width} - {width} END"
                );
            }
        }
        let _ = write!(this.sql, ", count(*) FROM \"{}\" WHERE 1", tally.table.name);
        tally.filters.iter().for_each(|filter| this.filter(tally.table, filter));
        if tally.by.is_some() {
            this.sql.push_str(" GROUP BY 1 ORDER BY 1");
        }
        this
    }
}

//! From declarations and questions to SQL. Names come from declarations only; everything else is a parameter.

use std::collections::HashMap;
use std::fmt::Write;

use super::values::{self, Param};
use crate::store::check::after_prefix;
use crate::store::schema::{Column, ColumnKind, Schema, Table};
use crate::store::{Filter, Match, Query, StoreError, Tally, Value};

/// What a column is to PostgreSQL.
pub(super) const fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int => "bigint",
        ColumnKind::Text => "text",
        ColumnKind::Bytes => "bytea",
    }
}

/// The statements about rows of one table that are named by their keys. `$1` holds the keys, unless said otherwise.
#[derive(Debug)]
pub(super) struct TableSql {
    pub(super) table: &'static Table,
    /// Key, version, values.
    pub(super) get: String,
    /// Key and version, locked for writing, in the order of keys.
    pub(super) lock: String,
    /// Counts and locks the rows that have the versions in `$2`, so that nobody changes them meanwhile.
    pub(super) hold: String,
    /// Keys, versions, columns: new rows. Counts those that nothing stood in the way of.
    pub(super) insert: String,
    /// Keys, versions found, versions to be, columns. Counts the rows that had the version found.
    pub(super) update: String,
    /// Keys, how many versions more, columns: new rows or written over.
    pub(super) upsert: String,
    /// Keys and versions found. Counts the rows that had them.
    pub(super) delete: String,
    pub(super) delete_any: String,
    /// Takes keys so that nobody else has a row there until the transaction ends. Counts those that were free.
    pub(super) take: String,
    /// The unique columns.
    pub(super) uniques: Vec<UniqueSql>,
}

/// The statements about one unique column.
#[derive(Debug)]
pub(super) struct UniqueSql {
    /// Where it stands in a row's values.
    pub(super) position: usize,
    pub(super) kind: ColumnKind,
    /// Keys and values of the rows that have one of the values in `$1`.
    pub(super) owners: String,
    /// Empties the column of the rows named.
    pub(super) vacate: String,
}

fn each(table: &Table, mut text: impl FnMut(usize, &Column) -> String) -> String {
    table.columns.iter().enumerate().fold(String::new(), |mut sql, (at, column)| {
        sql.push_str(&text(at, column));
        sql
    })
}

fn columns(table: &Table) -> String {
    each(table, |_, column| format!(", \"{}\"", column.name))
}

impl TableSql {
    fn new(schema: &str, table: &'static Table) -> Self {
        let name = qualified(schema, table.name);
        let columns = columns(table);
        let arrays = |first: usize| each(table, |at, c| format!(", ${}::{}[]", first + at, sql_type(c.kind)));
        let of = |source: &str| each(table, |_, c| format!(", \"{0}\" = {source}.\"{0}\"", c.name));
        let pairs = "unnest($1::bigint[], $2::bigint[]) AS u(key, was)";
        let uniques = table.columns.iter().enumerate().filter(|(_, column)| column.index.is_unique());
        Self {
            table,
            get: format!("SELECT key, version{columns} FROM {name} WHERE key = ANY($1)"),
            lock: format!("SELECT key, version FROM {name} WHERE key = ANY($1) ORDER BY key FOR UPDATE"),
            hold: format!(
                "SELECT t.key FROM {name} AS t JOIN {pairs} ON t.key = u.key AND t.version = u.was FOR SHARE OF t"
            ),
            insert: format!(
                "INSERT INTO {name} (key, version{columns}) SELECT * FROM unnest($1::bigint[], $2::bigint[]{}) \
                 ON CONFLICT DO NOTHING",
                arrays(3)
            ),
            update: format!(
                "UPDATE {name} AS t SET version = u.is{} \
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]{}) AS u(key, was, \"is\"{columns}) \
                 WHERE t.key = u.key AND t.version = u.was",
                of("u"),
                arrays(4)
            ),
            upsert: format!(
                "INSERT INTO {name} AS t (key, version{columns}) SELECT * FROM unnest($1::bigint[], $2::bigint[]{}) \
                 ON CONFLICT (key) DO UPDATE SET version = t.version + excluded.version{}",
                arrays(3),
                of("excluded")
            ),
            delete: format!("DELETE FROM {name} AS t USING {pairs} WHERE t.key = u.key AND t.version = u.was"),
            delete_any: format!("DELETE FROM {name} WHERE key = ANY($1)"),
            take: format!(
                "INSERT INTO {name} (key, version) SELECT u, 0 FROM unnest($1::bigint[]) AS u ON CONFLICT DO NOTHING"
            ),
            uniques: uniques
                .map(|(position, column)| UniqueSql {
                    position,
                    kind: column.kind,
                    owners: format!(
                        "SELECT key, \"{0}\" FROM {name} WHERE \"{0}\" = ANY($1) AND \"{0}\" IS NOT NULL",
                        column.name
                    ),
                    vacate: format!("UPDATE {name} SET \"{}\" = NULL WHERE key = ANY($1)", column.name),
                })
                .collect(),
        }
    }
}

/// A table's name with its schema's.
pub(super) fn qualified(schema: &str, table: &str) -> String {
    format!("\"{schema}\".\"{table}\"")
}

/// The statements of the schema that the database was migrated to.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) schema: String,
    tables: HashMap<&'static str, TableSql>,
    /// Counts several counters on: names, records, how much. Answers with names, records, and how far they are.
    pub(super) add: String,
    /// Locks counters: names, records. Answers with names, records, and how far they are.
    pub(super) stands: String,
    /// Removes counters that are at zero: names, records.
    pub(super) clear: String,
    /// Takes numbers: name, record, how many. Answers with the last, or nothing if there are not enough.
    pub(super) reserve: String,
    /// How far a counter is: name, record.
    pub(super) stand: String,
    /// Notes which commit of a writer this transaction is: writer, commit.
    pub(super) mark: String,
    /// The last commit of a writer, when it is over.
    pub(super) marked: String,
}

impl Catalog {
    pub(super) fn new(name: &str, schema: &Schema) -> Self {
        let counter = qualified(name, "tegata_counter");
        let writer = qualified(name, "tegata_writer");
        let arrays = "unnest($1::text[], $2::bigint[]";
        Self {
            schema: name.to_owned(),
            tables: schema.tables.iter().map(|table| (table.name, TableSql::new(name, table))).collect(),
            add: format!(
                "INSERT INTO {counter} AS c (\"name\", \"of\", \"value\") SELECT * FROM {arrays}, $3::bigint[]) \
                 ON CONFLICT (\"name\", \"of\") DO UPDATE SET \"value\" = c.\"value\" + excluded.\"value\" \
                 RETURNING \"name\", \"of\", \"value\""
            ),
            stands: format!(
                "SELECT \"name\", \"of\", \"value\" FROM {counter} \
                 WHERE (\"name\", \"of\") IN (SELECT * FROM {arrays})) ORDER BY \"name\", \"of\" FOR UPDATE"
            ),
            clear: format!(
                "DELETE FROM {counter} WHERE \"value\" = 0 AND (\"name\", \"of\") IN (SELECT * FROM {arrays}))"
            ),
            reserve: format!(
                "INSERT INTO {counter} AS c (\"name\", \"of\", \"value\") VALUES ($1, $2, $3) \
                 ON CONFLICT (\"name\", \"of\") DO UPDATE SET \"value\" = c.\"value\" + excluded.\"value\" \
                 WHERE c.\"value\" < {} - excluded.\"value\" RETURNING \"value\"",
                i64::MAX
            ),
            stand: format!("SELECT \"value\" FROM {counter} WHERE \"name\" = $1 AND \"of\" = $2"),
            mark: format!(
                "INSERT INTO {writer} (\"id\", \"commit\", \"at\") VALUES ($1, $2, now()) \
                 ON CONFLICT (\"id\") DO UPDATE SET \"commit\" = excluded.\"commit\", \"at\" = excluded.\"at\""
            ),
            marked: format!("SELECT \"commit\" FROM {writer} WHERE \"id\" = $1 FOR UPDATE"),
        }
    }

    /// The statements for `table`.
    pub(super) fn table(&self, table: &Table) -> Result<&TableSql, StoreError> {
        let is_same = |known: &&TableSql| std::ptr::eq(known.table, table) || known.table.columns == table.columns;
        self.tables.get(table.name).filter(is_same).ok_or_else(|| StoreError::InvalidQuery {
            reason: format!("this store has no such table {}; migrate it first", table.name),
        })
    }
}

/// A question with its parameters, from `$1` on.
pub(super) struct Question<'a> {
    pub(super) sql: String,
    pub(super) params: Vec<Param<'a>>,
}

impl<'a> Question<'a> {
    fn new(sql: String) -> Self {
        Self { sql, params: Vec::new() }
    }

    /// Adds a parameter and answers with its place.
    fn param(&mut self, param: Param<'a>) -> usize {
        self.params.push(param);
        self.params.len()
    }

    fn compare(&mut self, column: &str, operator: &str, value: Param<'a>) {
        let at = self.param(value);
        let _ = write!(self.sql, " AND \"{column}\" {operator} ${at}");
    }

    /// Adds a condition. All but `Eq(Null)` say that there is a value, in words that the planner understands: only then does
    /// it use the indexes, which hold no row without one.
    fn filter(&mut self, table: &Table, filter: &'a Filter) {
        let column = filter.column;
        if let Match::Eq(Value::Null) = filter.is {
            let _ = write!(self.sql, " AND \"{column}\" IS NULL");
            return;
        }
        let _ = write!(self.sql, " AND \"{column}\" IS NOT NULL");
        let kind = table.column(column).map_or(ColumnKind::Int, |(_, column)| column.kind);
        match &filter.is {
            Match::Eq(value) => self.compare(column, "=", values::param(value)),
            Match::In(wanted) => {
                let wanted = wanted.iter().filter(|value| **value != Value::Null);
                let at = self.param(values::array(kind, wanted));
                let _ = write!(self.sql, " AND \"{column}\" = ANY(${at})");
            }
            Match::Range { from, to } => {
                if let Some(from) = from {
                    self.compare(column, ">=", values::param(from));
                }
                if let Some(to) = to {
                    self.compare(column, "<", values::param(to));
                }
            }
            Match::Prefix(prefix) => {
                self.compare(column, ">=", Box::new(values::escape(prefix)));
                if let Some(end) = after_prefix(prefix) {
                    self.compare(column, "<", Box::new(values::escape(&end).into_owned()));
                }
            }
            Match::Contains(part) => {
                let text = if kind == ColumnKind::Bytes {
                    format!("upper(encode(\"{column}\", 'hex'))")
                } else {
                    format!("\"{column}\"")
                };
                let at = self.param(Box::new(values::escape(part)));
                let _ = write!(self.sql, " AND strpos({text}, ${at}) > 0");
            }
        }
    }

    /// One page and one row more, which tells whether there is a next page. Answers with key, version, values.
    pub(super) fn page(query: &'a Query) -> Self {
        let table = query.table;
        let mut this = Self::new(format!("SELECT key, version{} FROM ", columns(table)));
        this.sql.push_str(TABLE);
        this.sql.push_str(" WHERE true");
        this.conditions(query);
        let operator = if query.descending { "<" } else { ">" };
        if let Some(after) = &query.after {
            let key = Box::new(after.key.cast_signed());
            if let Some(column) = query.order {
                let value = this.param(values::param(&after.value));
                let key = this.param(key);
                let _ = write!(this.sql, " AND (\"{column}\", key) {operator} (${value}, ${key})");
            } else {
                this.compare("key", operator, key);
            }
        }
        let direction = if query.descending { " DESC" } else { "" };
        let _ = match query.order {
            Some(column) => write!(this.sql, " ORDER BY \"{column}\"{direction}, key{direction}"),
            None => write!(this.sql, " ORDER BY key{direction}"),
        };
        // Not a parameter: how many are wanted decides what the planner does.
        let _ = write!(this.sql, " LIMIT {}", query.page_size() + 1);
        this
    }

    /// How many rows all pages hold together.
    pub(super) fn total(query: &'a Query) -> Self {
        let mut this = Self::new(format!("SELECT count(*) FROM {TABLE} WHERE true"));
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
            (None, _) => this.sql.push_str("NULL::bigint"),
            (Some(column), None) => {
                let _ = write!(this.sql, "\"{column}\"");
            }
            (Some(column), Some(width)) => {
                // Rounded towards the least number, which the division here is not; and never beyond the least there is.
                let width = this.param(Box::new(width));
                let least = this.param(Box::new(i64::MIN));
                let (c, w) = (format!("\"{column}\""), format!("${width}::bigint"));
                let _ = write!(
                    this.sql,
                    "CASE WHEN {c} % {w} >= 0 THEN {c} - {c} % {w} \
                     WHEN {c} - {c} % {w} < ${least}::bigint + {w} THEN ${least}::bigint \
                     ELSE {c} - {c} % {w} - {w} END"
                );
            }
        }
        let _ = write!(this.sql, ", count(*) FROM {TABLE} WHERE true");
        tally.filters.iter().for_each(|filter| this.filter(tally.table, filter));
        if tally.by.is_some() {
            this.sql.push_str(" GROUP BY 1 ORDER BY 1 NULLS FIRST");
        }
        this
    }

    /// With the table's full name in place of [`TABLE`].
    pub(super) fn of(mut self, catalog: &Catalog, table: &Table) -> Self {
        self.sql = self.sql.replacen(TABLE, &qualified(&catalog.schema, table.name), 1);
        self
    }
}

/// Where the table's name goes.
const TABLE: &str = "@";

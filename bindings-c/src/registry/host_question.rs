//! What a store of the host's is asked: tables, rows, queries, writes as C sees them.

use std::collections::HashMap;
use std::ptr::null;
use std::sync::{Mutex, PoisonError};

use tegata::store::schema::{ColumnKind, Index, Schema, Table};
use tegata::store::{Counter, Cursor, Expect, Filter, Match, Query, Row, RowRef, Tally, Value, Write};

use super::prelude::*;
use crate::number::same_variants;

/// What a column holds, besides null.
#[repr(C)]
pub enum tegata_column_kind {
    /// Whole numbers.
    Int = 1,
    /// UTF-8 text.
    Text = 2,
    /// Octets.
    Bytes = 3,
}
same_variants!(tegata_column_kind = ColumnKind { Int, Text, Bytes });

/// How a column is indexed.
#[repr(C)]
pub enum tegata_index {
    /// Not at all; equality, membership and ranges on it are tested row by row.
    None = 1,
    /// Ordered, values may repeat. Null is not in the index.
    Ordered = 2,
    /// Ordered, and no two rows have the same value, null apart.
    Unique = 3,
    /// No index, but searched for beginnings and parts.
    Searchable = 4,
    /// Unique, and searched for parts too.
    UniqueSearchable = 5,
}
same_variants!(tegata_index = Index { None, Ordered, Unique, Searchable, UniqueSearchable });

/// One column of a table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_column {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: *const c_char,
    /// What it holds.
    pub kind: Number<tegata_column_kind>,
    /// How it is indexed.
    pub index: Number<tegata_index>,
}

/// One table. Two tables are the same when their names are.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_table {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: *const c_char,
    /// Its columns besides the key and the version.
    pub columns: *const tegata_column,
    /// How many columns.
    pub columns_len: usize,
}

/// All tables of one version.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_schema {
    /// Grows whenever a table or column is added.
    pub version: u32,
    /// The tables.
    pub tables: *const *const tegata_table,
    /// How many tables.
    pub tables_len: usize,
}

/// What a value is.
#[repr(C)]
pub enum tegata_value_type {
    /// Nothing.
    Null = 0,
    /// A whole number, in `integer`.
    Int = 1,
    /// UTF-8 text, in `bytes`; it may hold zero octets and has none at its end. Ordered by its octets.
    Text = 2,
    /// Octets, in `bytes`.
    Bytes = 3,
}

/// What one column of one row holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_value {
    /// What it is.
    pub r#type: Number<tegata_value_type>,
    /// The number.
    pub integer: i64,
    /// The text or octets.
    pub bytes: tegata_bytes,
}

impl From<&Value> for tegata_value {
    fn from(value: &Value) -> Self {
        let (kind, integer, bytes) = match value {
            Value::Null => (tegata_value_type::Null, 0, tegata_bytes::NONE),
            Value::Int(number) => (tegata_value_type::Int, *number, tegata_bytes::NONE),
            Value::Text(text) => (tegata_value_type::Text, 0, tegata_bytes::lent(text.as_bytes())),
            Value::Bytes(octets) => (tegata_value_type::Bytes, 0, tegata_bytes::lent(octets)),
        };
        Self { r#type: Number::of(kind as c_int), integer, bytes }
    }
}

/// Which row.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_row_ref {
    /// The table.
    pub table: *const tegata_table,
    /// The key. All 64 bits may be used; keys are ordered as the signed number with these bits.
    pub key: u64,
}

/// What a write expects of the row it meets.
#[repr(C)]
pub enum tegata_expect {
    /// There is none.
    Absent = 1,
    /// There is one, of the version told.
    Version = 2,
    /// Whatever there is or is not.
    Any = 3,
}

/// What a write does.
#[repr(C)]
pub enum tegata_write_type {
    /// Writes a row whole; its version becomes 1, or one more than it was. A second row with the same value in a unique
    /// column (null apart) is a conflict.
    Put = 1,
    /// Removes a row; where anything is expected, there may be none.
    Delete = 2,
    /// Writes nothing, but conflicts unless the expectation holds.
    Require = 3,
    /// Adds to a counter and conflicts if that would take it above `at_most` or below zero.
    Add = 4,
}

/// A number that only the store may change. Absent ones are 0; none goes above 2^63 - 1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_counter {
    /// What is counted. NULL in writes that add nothing.
    pub name: *const c_char,
    /// Of which record, or 0.
    pub of: u64,
}

/// One write of a commit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_write {
    /// What it does.
    pub r#type: Number<tegata_write_type>,
    /// Which row, but for counters.
    pub row: tegata_row_ref,
    /// For a put: one value per column of the table.
    pub values: *const tegata_value,
    /// How many values.
    pub values_len: usize,
    /// What it expects.
    pub expect: Number<tegata_expect>,
    /// The version that it expects, if it does.
    pub version: u64,
    /// For counters: which.
    pub counter: tegata_counter,
    /// For counters: how much; may be negative.
    pub by: i64,
    /// For counters: the highest value allowed afterwards, even if `by` is negative.
    pub at_most: u64,
}

/// How a column must compare.
#[repr(C)]
pub enum tegata_match {
    /// Equal to the value; null equals null.
    Eq = 1,
    /// Text that begins with the value, byte for byte.
    Prefix = 2,
    /// Text that holds the value, byte for byte, or octets whose upper-case hexadecimal form does.
    Contains = 3,
    /// Not null, not below `from` and below `to`, each of them optional.
    Range = 4,
    /// Equal to one of the values.
    In = 5,
}

/// A filter on one column.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_filter {
    /// The position of the column in its table.
    pub column: usize,
    /// How it must compare.
    pub r#match: Number<tegata_match>,
    /// The values to compare with: one, or as many as there are for membership.
    pub values: *const tegata_value,
    /// How many values.
    pub values_len: usize,
    /// For ranges: the least value wanted; NULL for no limit.
    pub from: *const tegata_value,
    /// For ranges: the first value not wanted any more; NULL for no limit.
    pub to: *const tegata_value,
}

/// Where a page ended.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_cursor {
    /// The last row's value in the column of the order; null when ordered by key.
    pub value: tegata_value,
    /// The last row's key.
    pub key: u64,
}

/// A question for rows of one table that match all filters, one page at a time. It is checked: its columns exist and
/// are
/// declared for what is asked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_query {
    /// The table.
    pub table: *const tegata_table,
    /// All of them must hold.
    pub filters: *const tegata_filter,
    /// How many filters.
    pub filters_len: usize,
    /// The position of the column to order by (then by key), leaving out rows with null there; NULL to order by key
    /// alone.
    pub order: *const usize,
    /// Largest first.
    pub descending: bool,
    /// Rows strictly after this one in the order; NULL from the beginning.
    pub after: *const tegata_cursor,
    /// How many rows at most; at least 1.
    pub limit: usize,
    /// Whether to count all rows that the pages hold together, regardless of `after` and `limit`.
    pub total: bool,
}

/// A question for how many rows have which value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_tally {
    /// The table.
    pub table: *const tegata_table,
    /// All of them must hold.
    pub filters: *const tegata_filter,
    /// How many filters.
    pub filters_len: usize,
    /// The position of the column whose values are counted (null among them); NULL for one total under null.
    pub by: *const usize,
    /// Round integers down to a multiple of this first, or to the least 64-bit number where there is no such multiple;
    /// NULL
    /// to count them as they are.
    pub bucket: *const i64,
}

/// The tables as C sees them, made once per store.
pub(super) struct Tables(Mutex<(Arena, HashMap<&'static str, Address>)>);

#[derive(Clone, Copy)]
struct Address(*const tegata_table);

// SAFETY: points into the arena beside it, which is only read once written.
unsafe impl Send for Tables {}
// SAFETY: behind a lock.
unsafe impl Sync for Tables {}

impl Tables {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new((Arena::new(), HashMap::new())))
    }

    fn of(&self, table: &'static Table) -> *const tegata_table {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (arena, places) = &mut *known;
        places.entry(table.name).or_insert_with(|| Address(c_table(table, arena))).0
    }

    /// The schema; its tables live as long as the store.
    pub(super) fn schema(&self, schema: &Schema, arena: &mut Arena) -> tegata_schema {
        let tables: Vec<_> = schema.tables.iter().map(|table| self.of(table)).collect();
        tegata_schema { version: schema.version, tables: arena.put_all(&tables), tables_len: tables.len() }
    }

    /// Which row.
    pub(super) fn row_ref(&self, at: RowRef) -> tegata_row_ref {
        tegata_row_ref { table: self.of(at.table), key: at.key }
    }

    /// A query that was checked.
    pub(super) fn query(&self, query: &Query, arena: &mut Arena) -> tegata_query {
        tegata_query {
            table: self.of(query.table),
            filters: filters(query.table, &query.filters, arena),
            filters_len: query.filters.len(),
            order: arena.maybe(query.order.and_then(|column| query.table.position(column))),
            descending: query.descending,
            after: arena.maybe(query.after.as_ref().map(cursor)),
            limit: query.page_size(),
            total: query.total,
        }
    }

    /// A tally that was checked.
    pub(super) fn tally(&self, tally: &Tally, arena: &mut Arena) -> tegata_tally {
        tegata_tally {
            table: self.of(tally.table),
            filters: filters(tally.table, &tally.filters, arena),
            filters_len: tally.filters.len(),
            by: arena.maybe(tally.by.and_then(|column| tally.table.position(column))),
            bucket: arena.maybe(tally.bucket),
        }
    }

    /// A write that was checked.
    pub(super) fn write(&self, write: &Write, arena: &mut Arena) -> tegata_write {
        let none = tegata_counter { name: null(), of: 0 };
        let on_row = |kind: tegata_write_type, at: RowRef, expect: Expect| {
            let (expect, version) = match expect {
                Expect::Absent => (tegata_expect::Absent, 0),
                Expect::Version(version) => (tegata_expect::Version, version),
                Expect::Any => (tegata_expect::Any, 0),
            };
            tegata_write {
                r#type: Number::of(kind as c_int),
                row: self.row_ref(at),
                values: null(),
                values_len: 0,
                expect: Number::of(expect as c_int),
                version,
                counter: none,
                by: 0,
                at_most: 0,
            }
        };
        match write {
            Write::Put(Row { table, key, values, .. }, expect) => {
                let values: Vec<tegata_value> = values.iter().map(tegata_value::from).collect();
                tegata_write {
                    values: arena.put_all(&values),
                    values_len: values.len(),
                    ..on_row(tegata_write_type::Put, RowRef { table, key: *key }, *expect)
                }
            }
            Write::Delete(at, expect) => on_row(tegata_write_type::Delete, *at, *expect),
            Write::Require(at, expect) => on_row(tegata_write_type::Require, *at, *expect),
            Write::Add { counter, by, at_most } => tegata_write {
                r#type: Number::of(tegata_write_type::Add as c_int),
                row: tegata_row_ref { table: null(), key: 0 },
                values: null(),
                values_len: 0,
                expect: Number::of(tegata_expect::Any as c_int),
                version: 0,
                counter: c_counter(*counter, arena),
                by: *by,
                at_most: *at_most,
            },
        }
    }
}

/// Which counter.
pub(super) fn c_counter(counter: Counter, arena: &mut Arena) -> tegata_counter {
    tegata_counter { name: arena.text(counter.name), of: counter.of }
}

fn c_table(table: &Table, arena: &mut Arena) -> *const tegata_table {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| tegata_column {
            name: arena.text(column.name),
            kind: column.kind.into(),
            index: column.index.into(),
        })
        .collect();
    let record =
        tegata_table { name: arena.text(table.name), columns: arena.put_all(&columns), columns_len: columns.len() };
    arena.put(record)
}

fn cursor(cursor: &Cursor) -> tegata_cursor {
    tegata_cursor { value: (&cursor.value).into(), key: cursor.key }
}

fn filters(table: &Table, filters: &[Filter], arena: &mut Arena) -> *const tegata_filter {
    let filters: Vec<_> = filters.iter().map(|filter| c_filter(table, filter, arena)).collect();
    arena.put_all(&filters)
}

fn c_filter(table: &Table, filter: &Filter, arena: &mut Arena) -> tegata_filter {
    let text = |text: &String| tegata_value {
        r#type: Number::of(tegata_value_type::Text as c_int),
        integer: 0,
        bytes: tegata_bytes::lent(text.as_bytes()),
    };
    let (kind, values, from, to) = match &filter.is {
        Match::Eq(value) => (tegata_match::Eq, vec![tegata_value::from(value)], null(), null()),
        Match::Prefix(prefix) => (tegata_match::Prefix, vec![text(prefix)], null(), null()),
        Match::Contains(part) => (tegata_match::Contains, vec![text(part)], null(), null()),
        Match::Range { from, to } => {
            let mut bound = |value: &Option<Value>| arena.maybe(value.as_ref().map(tegata_value::from));
            (tegata_match::Range, Vec::new(), bound(from), bound(to))
        }
        Match::In(values) => (tegata_match::In, values.iter().map(tegata_value::from).collect(), null(), null()),
    };
    tegata_filter {
        // The query was checked, so its columns exist.
        column: table.position(filter.column).unwrap_or(usize::MAX),
        r#match: Number::of(kind as c_int),
        values: arena.put_all(&values),
        values_len: values.len(),
        from,
        to,
    }
}

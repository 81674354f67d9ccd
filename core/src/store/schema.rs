//! The tables as data. Stores generate their DDL and statements from here, so a column is declared once.

use super::Value;

/// All tables of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Grows whenever a table or column is added.
    pub version: u32,
    /// The tables, in the order of their creation.
    pub tables: &'static [&'static Table],
}

/// One table. Two tables are the same when their names are.
#[derive(Debug)]
pub struct Table {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: &'static str,
    /// Its columns besides the key and the version.
    pub columns: &'static [Column],
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Table {}
impl std::hash::Hash for Table {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Table {
    /// Where the column stands in a row's values.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// The sealed columns, each with where it stands in a row's values.
    pub fn sealed(&self) -> impl Iterator<Item = (usize, &'static Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.sealed)
    }
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: &'static str,
    /// What it holds, besides `Null`.
    pub kind: ColumnKind,
    /// Whether and how it is indexed.
    pub index: Index,
    /// Whether its values went through a [`Sealer`](super::Sealer), for the place of table, key and column. What
    /// is sealed anew when the sealing key changes is found by this.
    pub sealed: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// [`Value::Int`].
    Int,
    /// [`Value::Text`].
    Text,
    /// [`Value::Bytes`].
    Bytes,
}

impl ColumnKind {
    /// Whether `value` may stand in such a column.
    pub const fn admits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (_, Value::Null)
                | (Self::Int, Value::Int(_))
                | (Self::Text, Value::Text(_))
                | (Self::Bytes, Value::Bytes(_))
        )
    }
}

/// How a column is indexed. Only indexed columns can order a query; `Contains` needs `Searchable` or `UniqueSearchable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// Not at all; `Eq`, `In` and `Range` on it are allowed but are tested row by row.
    None,
    /// Ordered, values may repeat. `Null` is not in the index.
    Ordered,
    /// Ordered, and no two rows have the same value, `Null` apart.
    Unique,
    /// No index, but `Contains` and `Prefix` scan the (narrow) table.
    Searchable,
    /// Unique, and `Contains` scans too.
    UniqueSearchable,
}

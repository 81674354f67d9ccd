//! The rows of one table.

use std::collections::BTreeSet;
use std::collections::btree_map::{self, BTreeMap};

use super::index::Ordering;
use crate::store::schema::Table;
use crate::store::{Expect, Row, Value};

/// The rows of one table with their indexes.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) table: &'static Table,
    pub(super) by_key: BTreeMap<i64, Kept>,
    /// Which column, and its values in order.
    indexes: Vec<(usize, Ordering)>,
}

/// What is kept of one row.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) version: u64,
    pub(super) values: Vec<Value>,
}

impl Rows {
    pub(super) fn new(table: &'static Table) -> Self {
        let mut new = Self { table, by_key: BTreeMap::new(), indexes: Vec::new() };
        new.index();
        new
    }

    /// Makes the indexes that the declaration asks for from the rows that are there.
    pub(super) fn index(&mut self) {
        self.indexes.clear();
        for (at, column) in self.table.columns.iter().enumerate().filter(|(_, c)| c.index.is_ordered()) {
            let mut ordering = if column.index.is_unique() {
                Ordering::Unique(BTreeMap::new())
            } else {
                Ordering::Repeating(BTreeSet::new())
            };
            for (key, kept) in &self.by_key {
                if let Some(value) = kept.values.get(at).filter(|v| **v != Value::Null) {
                    ordering.insert(value.clone(), *key);
                }
            }
            self.indexes.push((at, ordering));
        }
    }

    pub(super) fn ordering(&self, column: usize) -> Option<&Ordering> {
        self.indexes.iter().find(|(at, _)| *at == column).map(|(_, ordering)| ordering)
    }

    /// Puts `new` where `key` points, or nothing, and answers with what was there.
    pub(super) fn replace(&mut self, key: i64, new: Option<Kept>) -> Option<Kept> {
        let entry = self.by_key.entry(key);
        let old = match &entry {
            btree_map::Entry::Occupied(entry) => Some(entry.get()),
            btree_map::Entry::Vacant(_) => None,
        };
        for (at, ordering) in &mut self.indexes {
            let value = |kept: Option<&Kept>| -> Option<Value> {
                kept.and_then(|k| k.values.get(*at)).filter(|v| **v != Value::Null).cloned()
            };
            let (before, after) = (value(old), value(new.as_ref()));
            if before != after {
                if let Some(before) = before {
                    ordering.remove(&before, key);
                }
                if let Some(after) = after {
                    ordering.insert(after, key);
                }
            }
        }
        match (entry, new) {
            (btree_map::Entry::Occupied(mut entry), Some(new)) => Some(entry.insert(new)),
            (btree_map::Entry::Occupied(entry), None) => Some(entry.remove()),
            (btree_map::Entry::Vacant(entry), Some(new)) => {
                entry.insert(new);
                None
            }
            (btree_map::Entry::Vacant(_), None) => None,
        }
    }

    /// Whether `row` may stand beside all others, as far as unique columns go.
    pub(super) fn is_unique(&self, key: i64, values: &[Value]) -> bool {
        self.indexes.iter().all(|(at, ordering)| match (ordering, values.get(*at)) {
            (Ordering::Unique(map), Some(value)) => map.get(value).is_none_or(|holder| *holder == key),
            _ => true,
        })
    }

    pub(super) fn meets(&self, key: i64, expect: Expect) -> bool {
        let version = self.by_key.get(&key).map(|kept| kept.version);
        match expect {
            Expect::Any => true,
            Expect::Absent => version.is_none(),
            Expect::Version(wanted) => version == Some(wanted),
        }
    }

    pub(super) fn row(&self, key: i64, kept: &Kept) -> Row {
        Row { table: self.table, key: key.cast_unsigned(), version: kept.version, values: kept.values.clone() }
    }
}

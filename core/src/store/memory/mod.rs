//! A store in memory: for tests, for scripts that forget, and the yardstick for what storing costs.

mod find;
mod index;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::schema::{Schema, Table};
use super::{Counter, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};
use rows::{Kept, Rows};

/// Keeps everything in ordered maps behind one lock; forgets it when dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: RwLock<Inner>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // A lock is poisoned only if a commit panicked half-way; what it left behind must not be served.
    fn read(&self) -> Result<RwLockReadGuard<'_, Inner>, StoreError> {
        self.inner.read().map_err(|_| StoreError::Closed)
    }

    fn write(&self) -> Result<RwLockWriteGuard<'_, Inner>, StoreError> {
        self.inner.write().map_err(|_| StoreError::Closed)
    }
}

#[derive(Debug, Default)]
struct Inner {
    version: u32,
    tables: HashMap<&'static str, Rows>,
    counters: BTreeMap<Counter, u64>,
}

/// What a write replaced, to be put back when a later one of the same commit conflicts.
enum Undo {
    Row(&'static str, i64, Option<Kept>),
    Counter(Counter, Option<u64>),
}

impl Inner {
    fn rows(&self, table: &Table) -> Result<&Rows, StoreError> {
        self.tables.get(table.name).filter(|rows| is_same(rows.table, table)).ok_or_else(|| unknown(table))
    }

    fn rows_mut(&mut self, table: &Table) -> Result<&mut Rows, StoreError> {
        self.tables.get_mut(table.name).filter(|rows| is_same(rows.table, table)).ok_or_else(|| unknown(table))
    }

    fn apply(&mut self, at: usize, write: &Write) -> Result<Option<Undo>, StoreError> {
        let conflict = StoreError::Conflict { write: at };
        match write {
            Write::Put(row, expect) => {
                let key = row.key.cast_signed();
                let rows = self.rows_mut(row.table)?;
                if !rows.meets(key, *expect) || !rows.is_unique(key, &row.values) {
                    return Err(conflict);
                }
                let version = rows.by_key.get(&key).map_or(1, |kept| kept.version.saturating_add(1));
                let old = rows.replace(key, Some(Kept { version, values: row.values.clone() }));
                Ok(Some(Undo::Row(row.table.name, key, old)))
            }
            Write::Delete(row, expect) => {
                let key = row.key.cast_signed();
                let rows = self.rows_mut(row.table)?;
                if !rows.meets(key, *expect) {
                    return Err(conflict);
                }
                Ok(rows.replace(key, None).map(|old| Undo::Row(row.table.name, key, Some(old))))
            }
            Write::Require(row, expect) => {
                if self.rows(row.table)?.meets(row.key.cast_signed(), *expect) {
                    Ok(None)
                } else {
                    Err(conflict)
                }
            }
            Write::Add { counter, by, at_most } => {
                let old = self.counters.get(counter).copied();
                let limit = (*at_most).min(i64::MAX.unsigned_abs());
                let new = old.unwrap_or(0).checked_add_signed(*by).filter(|new| *new <= limit).ok_or(conflict)?;
                // One that is absent stands at zero.
                if new == 0 {
                    self.counters.remove(counter);
                } else {
                    self.counters.insert(*counter, new);
                }
                Ok(Some(Undo::Counter(*counter, old)))
            }
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Row(table, key, old) => {
                if let Some(rows) = self.tables.get_mut(table) {
                    rows.replace(key, old);
                }
            }
            Undo::Counter(counter, Some(old)) => drop(self.counters.insert(counter, old)),
            Undo::Counter(counter, None) => drop(self.counters.remove(&counter)),
        }
    }
}

fn is_same(a: &Table, b: &Table) -> bool {
    std::ptr::eq(a, b) || a.columns == b.columns
}

fn unknown(table: &Table) -> StoreError {
    StoreError::InvalidQuery { reason: format!("this store has no such table {}; migrate it first", table.name) }
}

impl Store for MemoryStore {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        let mut inner = self.write()?;
        if inner.version > schema.version {
            return Err(StoreError::Schema { found: inner.version, supported: schema.version });
        }
        for table in schema.tables {
            let rows = inner.tables.entry(table.name).or_insert_with(|| Rows::new(table));
            if !std::ptr::eq(rows.table, *table) {
                // Columns may have been added in between: bring every row to the new declaration.
                let old = std::mem::replace(&mut rows.table, table);
                for kept in rows.by_key.values_mut() {
                    let mut values = std::mem::take(&mut kept.values);
                    let value = |c: &super::schema::Column| {
                        let at = old.position(c.name)?;
                        values.get_mut(at).map(std::mem::take)
                    };
                    kept.values = table.columns.iter().map(value).map(Option::unwrap_or_default).collect();
                }
                rows.index();
            }
        }
        inner.version = schema.version;
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let mut inner = self.write()?;
        let taken = inner.counters.get(&counter).copied().unwrap_or(0);
        // Stores keep counters as signed numbers; this one ends where they do.
        let last = taken
            .checked_add(u64::from(count))
            .filter(|last| *last < i64::MAX.unsigned_abs())
            .ok_or_else(|| StoreError::Backend { reason: format!("the counter {} is used up", counter.name) })?;
        if count > 0 {
            inner.counters.insert(counter, last);
        }
        Ok(taken + 1..last + 1)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let inner = self.read()?;
        rows.iter()
            .map(|row| {
                let rows = inner.rows(row.table)?;
                let key = row.key.cast_signed();
                Ok(rows.by_key.get(&key).map(|kept| rows.row(key, kept)))
            })
            .collect()
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        self.read()?.rows(query.table)?.find(query)
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        self.read()?.rows(tally.table)?.count(tally)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().try_for_each(Write::check)?;
        let mut inner = self.write()?;
        let mut undo = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            match inner.apply(at, write) {
                Ok(done) => undo.extend(done),
                Err(error) => {
                    undo.into_iter().rev().for_each(|undo| inner.undo(undo));
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

//! What callers' writes come to within one transaction: held against their expectations and applied.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use rusqlite::{CachedStatement, Connection};

use super::reader;
use super::statements::{Catalog, Param};
use super::trouble::At;
use crate::store::{Counter, Expect, Row, RowRef, StoreError, Write};

/// A transaction that has begun.
pub(super) struct Transaction<'w> {
    connection: &'w Connection,
    catalog: &'w Catalog,
    /// Is set when something sealed was erased that the log may still hold.
    erased: &'w Cell<bool>,
    /// What many callers ask for alike; nothing where each caller's writes may be undone alone.
    common: Option<Common>,
    /// A table's statement for new rows: looking for it by its long text takes a tenth of the time that running it does.
    inserts: RefCell<HashMap<&'static str, CachedStatement<'w>>>,
}

/// Enrollments of a product all require the same rows and count in the same quota: looking once and writing once is enough.
#[derive(Default)]
struct Common {
    versions: RefCell<HashMap<RowRef, Option<u64>>>,
    counters: RefCell<HashMap<Counter, Stand>>,
}

/// Where a counter stands, and whether the file says so already.
#[derive(Clone, Copy)]
struct Stand {
    value: u64,
    written: bool,
}

impl<'w> Transaction<'w> {
    /// What happens `together` happens as a whole or not at all: no part of it is ever undone alone.
    pub(super) fn new(
        connection: &'w Connection,
        catalog: &'w Catalog,
        erased: &'w Cell<bool>,
        together: bool,
    ) -> Self {
        Self { connection, catalog, erased, common: together.then(Common::default), inserts: RefCell::default() }
    }

    /// Writes what was only counted so far; to be called once, before the commit.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        let Some(common) = &self.common else { return Ok(()) };
        let counters = std::mem::take(&mut *common.counters.borrow_mut());
        counters
            .into_iter()
            .filter(|(_, stand)| !stand.written)
            .try_for_each(|(counter, stand)| self.write_counter(counter, stand.value))
    }

    pub(super) fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().enumerate().try_for_each(|(at, write)| {
            let holds = match write {
                Write::Put(row, expect) => self.put(row, *expect)?,
                Write::Delete(row, expect) => self.delete(*row, *expect)?,
                Write::Require(row, expect) => self.meets(*row, *expect)?,
                Write::Add { counter, by, at_most } => self.add(*counter, *by, *at_most)?,
            };
            if holds { Ok(()) } else { Err(StoreError::Conflict { write: at }) }
        })
    }

    fn put(&self, row: &Row, expect: Expect) -> Result<bool, StoreError> {
        self.forget(RowRef { table: row.table, key: row.key });
        let at = row.table.name;
        let sql = self.catalog.table(row.table)?;
        let key = row.key.cast_signed();
        let insert = || {
            let mut inserts = self.inserts.borrow_mut();
            let insert = match inserts.entry(at) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(place) => place.insert(self.connection.prepare_cached(&sql.insert).at(at)?),
            };
            insert.raw_bind_parameter(1, key).at(at)?;
            for (position, value) in row.values.iter().enumerate() {
                insert.raw_bind_parameter(position + 2, Param(value)).at(at)?;
            }
            Ok(insert.raw_execute().at(at)? == 1)
        };
        if expect == Expect::Absent {
            return insert();
        }
        // Only what changes is written: an index whose column stays the same is not touched.
        let mut select = self.connection.prepare_cached(&sql.select).at(at)?;
        select.raw_bind_parameter(1, key).at(at)?;
        let mut found = select.raw_query();
        let update = match (found.next().at(at)?, expect) {
            (None, Expect::Any) => None,
            (None, _) => return Ok(false),
            (Some(old), _) => {
                let version: i64 = old.get(0).at(at)?;
                if let Expect::Version(wanted) = expect
                    && version.cast_unsigned() != wanted
                {
                    return Ok(false);
                }
                let mut changed = Vec::with_capacity(row.values.len());
                for (position, value) in row.values.iter().enumerate() {
                    changed.push(old.get_ref(position + 1).at(at)? != Param(value).view());
                }
                if row.table.sealed().any(|(position, _)| changed.get(position) == Some(&true)) {
                    self.erased.set(true);
                }
                Some(changed)
            }
        };
        drop(found);
        let Some(changed) = update else { return insert() };
        let is_changed = |position: usize| changed.get(position).copied().unwrap_or(true);
        let mut update = self.connection.prepare_cached(&sql.update(is_changed)).at(at)?;
        update.raw_bind_parameter(1, key).at(at)?;
        for (position, value) in row.values.iter().enumerate().filter(|(position, _)| is_changed(*position)) {
            update.raw_bind_parameter(position + 2, Param(value)).at(at)?;
        }
        Ok(update.raw_execute().at(at)? == 1)
    }

    fn delete(&self, row: RowRef, expect: Expect) -> Result<bool, StoreError> {
        let at = row.table.name;
        match expect {
            Expect::Version(_) if !self.meets(row, expect)? => return Ok(false),
            Expect::Absent => return self.meets(row, expect),
            _ => {}
        }
        self.forget(row);
        let mut delete = self.connection.prepare_cached(&self.catalog.table(row.table)?.delete).at(at)?;
        delete.raw_bind_parameter(1, row.key.cast_signed()).at(at)?;
        let deleted = delete.raw_execute().at(at)?;
        if deleted > 0 && row.table.sealed().next().is_some() {
            self.erased.set(true);
        }
        Ok(true)
    }

    fn meets(&self, row: RowRef, expect: Expect) -> Result<bool, StoreError> {
        let version = self.version(row)?;
        Ok(match expect {
            Expect::Any => true,
            Expect::Absent => version.is_none(),
            Expect::Version(wanted) => version == Some(wanted),
        })
    }

    /// The version of a row, if there is one.
    fn version(&self, row: RowRef) -> Result<Option<u64>, StoreError> {
        if let Some(common) = &self.common
            && let Some(version) = common.versions.borrow().get(&row)
        {
            return Ok(*version);
        }
        let at = row.table.name;
        let mut select = self.connection.prepare_cached(&self.catalog.table(row.table)?.version).at(at)?;
        select.raw_bind_parameter(1, row.key.cast_signed()).at(at)?;
        let mut found = select.raw_query();
        let version = match found.next().at(at)? {
            Some(row) => Some(row.get::<_, i64>(0).at(at)?.cast_unsigned()),
            None => None,
        };
        if let Some(common) = &self.common {
            common.versions.borrow_mut().insert(row, version);
        }
        Ok(version)
    }

    /// A row changes: what was known of it does not hold any more.
    fn forget(&self, row: RowRef) {
        if let Some(common) = &self.common {
            common.versions.borrow_mut().remove(&row);
        }
    }

    fn add(&self, counter: Counter, by: i64, at_most: u64) -> Result<bool, StoreError> {
        let limit = at_most.min(i64::MAX.unsigned_abs());
        let stand = self.counter(counter)?;
        match stand.checked_add_signed(by).filter(|new| *new <= limit) {
            Some(new) => self.set_counter(counter, new).map(|()| true),
            None => Ok(false),
        }
    }

    pub(super) fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let taken = self.counter(counter)?;
        let last = taken
            .checked_add(u64::from(count))
            .filter(|last| *last < i64::MAX.unsigned_abs())
            .ok_or_else(|| StoreError::Backend { reason: format!("the counter {} is used up", counter.name) })?;
        self.set_counter(counter, last)?;
        Ok(taken + 1..last + 1)
    }

    /// Where a counter stands.
    fn counter(&self, counter: Counter) -> Result<u64, StoreError> {
        let Some(common) = &self.common else { return reader::counter(self.connection, counter) };
        if let Some(stand) = common.counters.borrow().get(&counter) {
            return Ok(stand.value);
        }
        let value = reader::counter(self.connection, counter)?;
        common.counters.borrow_mut().insert(counter, Stand { value, written: true });
        Ok(value)
    }

    fn set_counter(&self, counter: Counter, value: u64) -> Result<(), StoreError> {
        let Some(common) = &self.common else { return self.write_counter(counter, value) };
        common.counters.borrow_mut().insert(counter, Stand { value, written: false });
        Ok(())
    }

    fn write_counter(&self, counter: Counter, value: u64) -> Result<(), StoreError> {
        let at = "the counters";
        // One that is absent stands at zero: what is not counted any more leaves nothing behind.
        if value == 0 {
            let sql = "DELETE FROM tegata_counter WHERE name = ?1 AND of = ?2";
            let mut statement = self.connection.prepare_cached(sql).at(at)?;
            statement.raw_bind_parameter(1, counter.name).at(at)?;
            statement.raw_bind_parameter(2, counter.of.cast_signed()).at(at)?;
            return statement.raw_execute().at(at).map(drop);
        }
        let sql = "INSERT INTO tegata_counter (name, of, value) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO UPDATE SET value = excluded.value";
        let mut statement = self.connection.prepare_cached(sql).at(at)?;
        statement.raw_bind_parameter(1, counter.name).at(at)?;
        statement.raw_bind_parameter(2, counter.of.cast_signed()).at(at)?;
        statement.raw_bind_parameter(3, value.cast_signed()).at(at)?;
        statement.raw_execute().at(at).map(drop)
    }
}

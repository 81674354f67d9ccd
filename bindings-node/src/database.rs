//! A store that can be closed while registries still hold it: JavaScript has no moment at which the last of them
//! is dropped.

use std::ops::Range;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tegata::error::StoreError;
use tegata::store::schema::Schema;
use tegata::store::{Counter, Maintenance, Page, Query, Row, RowRef, Store, Tally, Value, Write};

type Answer<T> = Result<T, StoreError>;

/// A store, or that it was closed.
pub(crate) struct Database(RwLock<Option<Box<dyn Store>>>);

impl Database {
    pub(crate) fn new(store: impl Store + 'static) -> Self {
        Self(RwLock::new(Some(Box::new(store))))
    }

    /// Waits for the calls under way and closes the store.
    pub(crate) fn close(&self) {
        let store = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(store);
    }

    fn with<T>(&self, call: impl FnOnce(&dyn Store) -> Answer<T>) -> Answer<T> {
        let guard: RwLockReadGuard<'_, _> = self.0.read().unwrap_or_else(PoisonError::into_inner);
        guard.as_deref().ok_or(StoreError::Closed).and_then(call)
    }
}

impl Store for Database {
    fn migrate(&self, schema: &Schema) -> Answer<()> {
        self.with(|store| store.migrate(schema))
    }
    fn reserve(&self, counter: Counter, count: u32) -> Answer<Range<u64>> {
        self.with(|store| store.reserve(counter, count))
    }
    fn get(&self, rows: &[RowRef]) -> Answer<Vec<Option<Row>>> {
        self.with(|store| store.get(rows))
    }
    fn find(&self, query: &Query) -> Answer<Page> {
        self.with(|store| store.find(query))
    }
    fn count(&self, tally: &Tally) -> Answer<Vec<(Value, u64)>> {
        self.with(|store| store.count(tally))
    }
    fn commit(&self, writes: &[Write]) -> Answer<()> {
        self.with(|store| store.commit(writes))
    }
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        self.with(|store| Ok(store.maintenance().is_some())).unwrap_or(false).then_some(self)
    }
}

impl Database {
    fn keep<T>(&self, call: impl FnOnce(&dyn Maintenance) -> Answer<T>) -> Answer<T> {
        self.with(|store| store.maintenance().ok_or(StoreError::Closed).and_then(call))
    }
}

impl Maintenance for Database {
    fn backup(&self, to: &Path) -> Answer<()> {
        self.keep(|maintenance| maintenance.backup(to))
    }
    fn check(&self) -> Answer<Vec<String>> {
        self.keep(|maintenance| maintenance.check())
    }
    fn shrink(&self, bytes: u64) -> Answer<u64> {
        self.keep(|maintenance| maintenance.shrink(bytes))
    }
}

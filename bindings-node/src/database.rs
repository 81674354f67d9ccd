//! A database file that can be closed while registries still hold it: JavaScript has no moment at which the last of them
//! is dropped.

use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tegata::error::StoreError;
use tegata::store::schema::Schema;
use tegata::store::{Counter, Page, Query, Row, RowRef, SqliteStore, Store, Tally, Value, Write};

type Answer<T> = Result<T, StoreError>;

/// A database, or that it was closed.
pub(crate) struct Database(RwLock<Option<SqliteStore>>);

impl Database {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self(RwLock::new(Some(store)))
    }

    /// Waits for the calls under way and closes the file.
    pub(crate) fn close(&self) {
        let store = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(store);
    }

    fn with<T>(&self, call: impl FnOnce(&SqliteStore) -> Answer<T>) -> Answer<T> {
        let guard: RwLockReadGuard<'_, _> = self.0.read().unwrap_or_else(PoisonError::into_inner);
        guard.as_ref().ok_or(StoreError::Closed).and_then(call)
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
}

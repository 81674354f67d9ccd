//! A store of the host's own, behind six callbacks. What it is asked and what it answers is checked by the core.

use std::ops::Range;

use tegata::error::StoreError;
use tegata::store::schema::Schema;
use tegata::store::{Counter, Foreign, Page, Query, Row, RowRef, Store, Tally, Value, Write};

use super::host_answer::{tegata_rows, tegata_tallies};
use super::host_question::{
    Tables, c_counter, tegata_counter, tegata_query, tegata_row_ref, tegata_schema, tegata_tally, tegata_write,
};
use super::prelude::*;
use super::store::tegata_store;
use crate::callback::{Host, needed, tegata_failure};

/// How a callback of a store ended.
#[repr(C)]
pub enum tegata_store_status {
    /// Well.
    Ok = 0,
    /// `failure->write` says which write met an expectation, uniqueness or limit that failed; nothing was written.
    Conflict = 1,
    /// The store cannot be reached for now.
    Unavailable = 2,
    /// The stored data is damaged; the text says where.
    Corrupt = 3,
    /// The store was written by a newer version: see `failure->found` and `failure->supported`.
    Schema = 4,
    /// What is there is something else.
    NotADatabase = 5,
    /// It can be read but not written.
    ReadOnly = 6,
    /// No room is left.
    Full = 7,
    /// Anything else.
    Backend = 8,
}

/// A store of the host's own. Every callback may run on any thread at any time, several at once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_store_callbacks {
    /// `sizeof(tegata_store_callbacks)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Brings an empty or older store to `schema`; refuses a newer one. The tables live as long as the store.
    pub migrate: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            schema: *const tegata_schema,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Takes `count` numbers from a counter; none of them is ever given again. Writes the first one; the first number
    /// ever is
    /// 1. With `count` 0 it takes none and writes the counter's value plus 1.
    pub reserve: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            counter: *const tegata_counter,
            count: u32,
            first: *mut u64,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Answers with the rows named, in the order named, all from one snapshot: `tegata_rows_add` or
    /// `tegata_rows_add_missing`
    /// for each.
    pub get: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            refs: *const tegata_row_ref,
            refs_len: usize,
            rows: *mut tegata_rows,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Answers with the rows that match, in order: `tegata_rows_add` for each, `tegata_rows_next` if there are more,
    /// `tegata_rows_total` if it was asked for.
    pub find: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            query: *const tegata_query,
            rows: *mut tegata_rows,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Answers how many rows have which value, in the order of the values: `tegata_tallies_add` for each. Without a
    /// column
    /// it tells one total under null, also when it is 0.
    pub count: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            tally: *const tegata_tally,
            tallies: *mut tegata_tallies,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Applies all writes in order, or none. Returns 0 only when they survive a power cut, as far as the store promises
    /// durability at all.
    pub commit: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            writes: *const tegata_write,
            writes_len: usize,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Frees `userdata`, once, when nothing uses the store any more. May be NULL.
    pub free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}
growing!(tegata_store_callbacks);

struct HostStore {
    host: Host,
    tables: Tables,
    migrate: unsafe extern "C" fn(*mut c_void, *const tegata_schema, *mut tegata_failure) -> c_int,
    reserve: unsafe extern "C" fn(*mut c_void, *const tegata_counter, u32, *mut u64, *mut tegata_failure) -> c_int,
    get:
        unsafe extern "C" fn(*mut c_void, *const tegata_row_ref, usize, *mut tegata_rows, *mut tegata_failure) -> c_int,
    find: unsafe extern "C" fn(*mut c_void, *const tegata_query, *mut tegata_rows, *mut tegata_failure) -> c_int,
    count: unsafe extern "C" fn(*mut c_void, *const tegata_tally, *mut tegata_tallies, *mut tegata_failure) -> c_int,
    commit: unsafe extern "C" fn(*mut c_void, *const tegata_write, usize, *mut tegata_failure) -> c_int,
}

fn contract(reason: String) -> StoreError {
    StoreError::Contract { reason }
}

impl HostStore {
    fn call(&self, call: impl FnOnce(*mut c_void, *mut tegata_failure) -> c_int) -> Result<(), StoreError> {
        self.host.call(call).map_err(|(number, mut failure)| {
            let reason = failure.reason();
            match number {
                1 => StoreError::Conflict { write: failure.write },
                2 => StoreError::Unavailable { reason },
                3 => StoreError::Corrupt { at: reason },
                4 => StoreError::Schema { found: failure.found, supported: failure.supported },
                5 => StoreError::NotADatabase { reason },
                6 => StoreError::ReadOnly,
                7 => StoreError::Full,
                _ => StoreError::Backend { reason },
            }
        })
    }
}

impl Store for HostStore {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        let mut arena = Arena::new();
        let schema = self.tables.schema(schema, &mut arena);
        // SAFETY: here and below, the host's function with the arguments that the header tells.
        self.call(|userdata, failure| unsafe { (self.migrate)(userdata, &raw const schema, failure) })
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let mut arena = Arena::new();
        let counter = c_counter(counter, &mut arena);
        let mut first = 0_u64;
        // SAFETY: as above.
        self.call(|userdata, failure| unsafe {
            (self.reserve)(userdata, &raw const counter, count, &raw mut first, failure)
        })?;
        Ok(first..first.saturating_add(count.into()))
    }

    fn get(&self, refs: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let places: Vec<_> = refs.iter().map(|at| self.tables.row_ref(*at)).collect();
        let mut rows = tegata_rows::of(refs.iter().map(|at| at.table).collect(), refs.len());
        // SAFETY: as above.
        self.call(|userdata, failure| unsafe {
            (self.get)(userdata, places.as_ptr(), places.len(), &raw mut rows, failure)
        })?;
        Ok(rows.sound().map_err(contract)?.rows)
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let mut arena = Arena::new();
        let question = self.tables.query(query, &mut arena);
        let mut rows = tegata_rows::of(vec![query.table], query.page_size());
        // SAFETY: as above.
        self.call(|userdata, failure| unsafe { (self.find)(userdata, &raw const question, &raw mut rows, failure) })?;
        let rows = rows.sound().map_err(contract)?;
        let found: Option<Vec<_>> = rows.rows.into_iter().collect();
        let found = found.ok_or_else(|| contract("find answered with a row that is missing".to_owned()))?;
        Ok(Page { rows: found, next: rows.next, total: rows.total })
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        let mut arena = Arena::new();
        let question = self.tables.tally(tally, &mut arena);
        let mut tallies = tegata_tallies::new();
        // SAFETY: as above.
        self.call(|userdata, failure| unsafe {
            (self.count)(userdata, &raw const question, &raw mut tallies, failure)
        })?;
        tallies.sound().map_err(contract)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut arena = Arena::new();
        let given: Vec<_> = writes.iter().map(|write| self.tables.write(write, &mut arena)).collect();
        // SAFETY: as above.
        self.call(|userdata, failure| unsafe { (self.commit)(userdata, given.as_ptr(), given.len(), failure) })
    }
}

/// Makes a store from the host's callbacks, all of which are required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_host_store_new(
    callbacks: *const tegata_store_callbacks,
    store: *mut *mut tegata_store,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let callbacks = sized(callbacks, "callbacks")?;
        let host = Host::new(callbacks.userdata, callbacks.free);
        let store = out(store, "store")?;
        store.own(tegata_store(Arc::new(Foreign::new(HostStore {
            host,
            tables: Tables::new(),
            migrate: needed(callbacks.migrate, "migrate")?,
            reserve: needed(callbacks.reserve, "reserve")?,
            get: needed(callbacks.get, "get")?,
            find: needed(callbacks.find, "find")?,
            count: needed(callbacks.count, "count")?,
            commit: needed(callbacks.commit, "commit")?,
        }))));
        Ok(())
    })
}

/// The store of a factory that made none: it says why, whatever it is asked.
pub(super) struct Unmade(pub(super) String);

impl Unmade {
    fn fails<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::Unavailable { reason: self.0.clone() })
    }
}

impl Store for Unmade {
    fn migrate(&self, _: &Schema) -> Result<(), StoreError> {
        self.fails()
    }
    fn reserve(&self, _: Counter, _: u32) -> Result<Range<u64>, StoreError> {
        self.fails()
    }
    fn get(&self, _: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.fails()
    }
    fn find(&self, _: &Query) -> Result<Page, StoreError> {
        self.fails()
    }
    fn count(&self, _: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.fails()
    }
    fn commit(&self, _: &[Write]) -> Result<(), StoreError> {
        self.fails()
    }
}

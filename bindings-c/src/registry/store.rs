//! Stores: in memory, SQLite, and the suite that every store must pass.

use std::time::Duration;

use tegata::error::StoreError;
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore, Store, conformance};

use super::host_store::Unmade;
use super::prelude::*;
use crate::callback::{Host, needed, tegata_failure};

/// A place that keeps rows, transactionally and durably.
pub struct tegata_store(pub(super) Arc<dyn Store>);

/// A store in this process's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_memory_store_new(
    store: *mut *mut tegata_store,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        out(store, "store")?.own(tegata_store(Arc::new(MemoryStore::new())));
        Ok(())
    })
}

/// How a SQLite file is opened. NULL stands for all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_sqlite_options {
    /// `sizeof(tegata_sqlite_options)`.
    pub size: usize,
    /// Whether to make the file if there is none, or if it is empty. Without, a mistyped path is an error instead of a
    /// new
    /// registry. NULL for true.
    pub create: *const bool,
    /// How many milliseconds to wait for another process that is writing. NULL for 10,000.
    pub wait: *const u64,
    /// How many connections for reading to keep open; more are opened when needed. Each uses up to 2 MB. NULL for 8.
    pub readers: *const usize,
    /// How many bytes of the file the writer may keep in memory. NULL for 16 MiB.
    pub cache: *const u32,
    /// How large the file may grow, in bytes; commits beyond fail with `store.full` and change nothing. NULL for no
    /// limit.
    pub max_size: *const u64,
    /// How many bytes of the file may be read through a mapping instead of being copied; 0 for none. The price of the time that
    /// it saves: where the disk fails to bring a mapped page, the system ends the process (SIGBUS).
    pub map: u64,
    /// From how many bytes on the write-ahead log is brought into the file, at the latest: from a quarter of the file on, but not before 32 MB. NULL for 256 MB.
    pub log: *const u32,
}
growing!(tegata_sqlite_options);

impl ToCore for tegata_sqlite_options {
    type Core = SqliteOptions;

    fn to_core(&self) -> Result<SqliteOptions> {
        let default = SqliteOptions::default();
        Ok(SqliteOptions {
            create: optional(self.create).copied().unwrap_or(default.create),
            wait: optional(self.wait).copied().map_or(default.wait, Duration::from_millis),
            readers: optional(self.readers).copied().unwrap_or(default.readers),
            cache: optional(self.cache).copied().unwrap_or(default.cache),
            log: optional(self.log).copied().unwrap_or(default.log),
            max_size: optional(self.max_size).copied().or(default.max_size),
            map: self.map,
        })
    }
}

/// Opens the SQLite file at `path`.
///
/// Errors: `store.unavailable`, `store.not_a_database`, `store.read_only` and other store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_sqlite_store_open(
    path: *const c_char,
    options: *const tegata_sqlite_options,
    store: *mut *mut tegata_store,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let store = out(store, "store")?;
        let opened = SqliteStore::open(text(path, "path")?, given_or_default(options, "options")?)?;
        store.own(tegata_store(Arc::new(opened)));
        Ok(())
    })
}

/// Frees a store; NULL is fine. Registries that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_store_free(store: *mut tegata_store) {
    free(store);
}

/// Makes stores for the conformance suite.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_store_factory {
    /// `sizeof(tegata_store_factory)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Gives a new empty store through `store`, which the suite frees. Returns 0, or anything else after saying why in
    /// `failure`. Required.
    pub make: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            store: *mut *mut tegata_store,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
}
growing!(tegata_store_factory);

/// Puts stores that `factory` makes through everything that a store must do. Takes some seconds.
///
/// Errors: `store.backend`, whose text has one line for each check that failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_store_conformance(
    factory: *const tegata_store_factory,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let factory = sized(factory, "factory")?;
        let make = needed(factory.make, "make")?;
        let host = Host::new(factory.userdata, None);
        let make = || -> Box<dyn Store> {
            let mut store = std::ptr::null_mut();
            // SAFETY: the host's function with the arguments that the header tells.
            let answer = host.call(|userdata, failure| unsafe { make(userdata, &raw mut store, failure) });
            let reason = match answer {
                Err((_, mut failure)) => failure.reason(),
                Ok(()) if store.is_null() => "the factory gave no store".to_owned(),
                // SAFETY: a store that this library made and the factory gave away.
                Ok(()) => return Box::new(unsafe { Box::from_raw(store) }.0),
            };
            Box::new(Unmade(reason))
        };
        conformance::suite(&make).map_err(|reason| StoreError::Backend { reason }.into())
    })
}

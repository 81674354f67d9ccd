//! The embedded store: one SQLite file, as fast as it is durable.
//!
//! - Every acknowledged commit survives a power cut: write-ahead log with `synchronous=FULL`. `NORMAL` would lose some.
//! - Concurrent commits share one durable transaction; each still succeeds or conflicts on its own.
//! - Readers have connections of their own, never wait for the writer and see one snapshot each.
//! - Columns are real columns in `STRICT` tables, so an operator can read the database with SQL while it is in use.
//!   Keys are the 64 bits of the number as SQLite's signed integer: numbers below 2^63 appear as themselves.
//! - What is deleted or replaced is overwritten with zeros where it stood in the file (`secure_delete`). Two kinds of copies
//!   outlive that for a while. The write-ahead log is used anew from its beginning every 64 MB or so; but after something
//!   sealed was erased, it is cut to nothing as soon as the store was not written to for a second, or is closed, unless
//!   another process is just reading: then a little later. And when SQLite moves rows from one page of the file to another,
//!   it leaves a copy in the free part of the former page until that is filled; `VACUUM` in SQLite's shell removes all of
//!   these, also while the store is in use. All that such copies, backups, snapshots and worn blocks of an SSD can hold of
//!   a secret is its sealed form.
//! - Several processes may use one file on a local disk; they take turns in writing. Not on a network file system.
//!
//! A copy of the file alone is no backup while it is in use: the log beside it (`-wal`) belongs to it.

mod ddl;
mod log;
mod maintenance;
mod open;
mod pool;
mod presence;
mod reader;
mod recovery;
mod statements;
mod transaction;
mod trouble;
mod writer;

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use super::schema::Schema;
use super::{Counter, Maintenance, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};
use log::Log;
use pool::Pool;
use statements::Catalog;
use writer::Writer;

/// Where trouble is when it is not in one table.
const WHOLE: &str = "the file";

/// How to open a [`SqliteStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Whether to make the file if there is none, or if it is empty. Without, a mistyped path is an error instead of a
    /// new registry.
    pub create: bool,
    /// How long to wait for another process that is writing.
    pub wait: Duration,
    /// How many connections for reading to keep open; more are opened when needed. Each uses up to 2 MB.
    pub readers: usize,
    /// How many bytes of the file the writer may keep in memory. More is not always faster: SQLite walks through all of
    /// it at the end of some transactions, and the operating system keeps the file in memory anyway.
    pub cache: u32,
    /// From how many bytes on, at the latest, the log beside the file is brought into it: from a quarter of the file's size on,
    /// but not before 32 MB. Small logs make pages that change often be written over and over: the 4 MB that SQLite itself takes
    /// halve the throughput. After a crash, opening brings it in first, which takes half a second for 200 MB.
    pub log: u32,
    /// How large the file may grow, in bytes; commits beyond fail with [`StoreError::Full`] and change nothing.
    pub max_size: Option<u64>,
    /// How many bytes of the file may be read through a mapping instead of being copied; none by default. Whoever
    /// authenticates from a large file saves a quarter of the time. The price: where the disk fails to bring a mapped page, the
    /// system ends the process (SIGBUS), and what would have been a typed error is none.
    pub map: u64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            create: true,
            wait: Duration::from_secs(10),
            readers: 8,
            cache: 16 << 20,
            log: 256 << 20,
            max_size: None,
            map: 0,
        }
    }
}

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    // In the order of dropping: the writer is last, so it is the one that empties and removes the log.
    pool: Arc<Pool>,
    catalog: RwLock<Arc<Catalog>>,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it.
    ///
    /// # Errors
    /// [`StoreError::NotADatabase`] for anything that tegata did not make, [`StoreError::Corrupt`] for a damaged file,
    /// [`StoreError::ReadOnly`] for one that cannot be written, [`StoreError::Unavailable`] when it cannot be reached.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let mut place = open::Place::new(path.as_ref(), options)?;
        let connection = place.open_writer()?;
        let presence = place.watch();
        let pool = Arc::new(Pool::new(place));
        let writer = Writer::start(connection, Log::new(Arc::clone(&pool), presence), pool.place().options().wait)?;
        Ok(Self { pool, catalog: RwLock::default(), writer })
    }

    fn catalog(&self) -> Result<Arc<Catalog>, StoreError> {
        self.catalog.read().map(|catalog| Arc::clone(&catalog)).map_err(|_| StoreError::Closed)
    }
}

impl Store for SqliteStore {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        let catalog = self.writer.migrate(*schema)?;
        *self.catalog.write().map_err(|_| StoreError::Closed)? = catalog;
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        if count == 0 {
            let stand = self.pool.read(|connection| reader::counter(connection, counter))?;
            return Ok(stand + 1..stand + 1);
        }
        self.writer.reserve(counter, count)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let catalog = self.catalog()?;
        self.pool.read(|connection| reader::get(connection, &catalog, rows))
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        self.catalog()?.table(query.table)?;
        self.pool.read(|connection| reader::find(connection, query))
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        self.catalog()?.table(tally.table)?;
        self.pool.read(|connection| reader::count(connection, tally))
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().try_for_each(Write::check)?;
        if writes.is_empty() { Ok(()) } else { self.writer.commit(writes.to_vec()) }
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;

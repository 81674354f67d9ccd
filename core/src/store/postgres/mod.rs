//! The store for more than one machine: a PostgreSQL server, which any number of processes share.
//!
//! - Every acknowledged commit is durable: `synchronous_commit` is on whatever the server's default is. (A server that runs
//!   with `fsync=off` loses what it likes; that is its operator's decision.)
//! - Concurrent commits share one transaction of a few statements, however many they are; each still succeeds or conflicts on
//!   its own. Between processes, expectations are enforced by the statements themselves.
//! - A connection that breaks is opened again, with growing pauses, and what was under way is repeated. Where it broke
//!   during a COMMIT, the store finds out whether it happened before it answers.
//! - It may be used from any thread, within an asynchronous runtime or without: a thread of its own talks to the server.
//! - Columns are real columns, so an operator can read the database with SQL. Keys are the 64 bits of the number as a signed
//!   one. Text is compared by its bytes; the characters U+0000 to U+0003, which PostgreSQL cannot keep or which stand in
//!   for those, are written as triples of others.
//! - TLS with rustls: `?sslmode=` of the URL is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, `sslrootcert`, `sslcert`
//!   and `sslkey` name files in PEM. Without a word, a server on another machine must prove that it is the one of the URL.
//! - A tenant is a schema; two of them share nothing but the server.

mod ddl;
mod decide;
mod engine;
mod link;
mod place;
mod reader;
mod statements;
mod tls;
mod trouble;
mod values;
mod writer;

use std::ops::Range;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use super::schema::Schema;
use super::{Counter, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};
use crate::secret::Secret;
use engine::Engine;
use place::Place;
use statements::Catalog;

/// How to use a [`PostgresStore`].
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Whether to make the schema if there is none. Without, a mistyped URL is an error instead of a new registry.
    pub create: bool,
    /// The schema that holds the registry, unless the URL names one (`?schema=`); `tegata` if neither does. Lower-case
    /// letters, digits and `_`. One tenant, one schema.
    pub schema: Option<String>,
    /// The password, where it should not stand in the URL.
    pub password: Option<Secret<String>>,
    /// How long to go on trying when the server cannot be reached or a connection breaks, before a call fails.
    pub wait: Duration,
    /// How long to wait for one connection.
    pub connect_timeout: Duration,
    /// How long a statement may take. The server cancels it then.
    pub statement_timeout: Duration,
    /// How many connections write. Commits share transactions, so few are enough.
    pub writers: usize,
    /// How many connections read rows by key. Calls share statements, so few are enough.
    pub getters: usize,
    /// How many connections search, count and reserve numbers; each serves one call at a time.
    pub searchers: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            create: true,
            schema: None,
            password: None,
            wait: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            writers: 2,
            getters: 2,
            searchers: 4,
        }
    }
}

/// A store in one schema of a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    engine: Engine,
    catalog: RwLock<Arc<Catalog>>,
}

impl PostgresStore {
    /// Connects to the database at `url`, such as `postgres://user:password@host:5432/database?schema=tenant`, and makes the
    /// schema if there is none.
    ///
    /// After `?` follow parameters, with `&` between them: the fields of [`PostgresOptions`] but the password (times in whole
    /// seconds), which go before those of `options`; `sslmode`, `sslrootcert` (a file, or `system`), `sslcert` and `sslkey`; and
    /// what other clients know as `channel_binding`, `application_name`, `target_session_attrs`, `load_balance_hosts` and
    /// `keepalives`. Several hosts may be named, `host1:5432,host2:5432`; the first that answers is used.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] for a URL that is none, [`StoreError::NotADatabase`] for a database that cannot hold a
    /// registry, [`StoreError::Unavailable`] when the server cannot be reached or refuses.
    pub fn connect(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        let engine = Engine::start(Place::new(url, options)?)?;
        Ok(Self { engine, catalog: RwLock::default() })
    }

    fn catalog(&self) -> Result<Arc<Catalog>, StoreError> {
        self.catalog.read().map(|catalog| Arc::clone(&catalog)).map_err(|_| StoreError::Closed)
    }
}

impl Store for PostgresStore {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        let catalog = self.engine.migrate(*schema)?;
        *self.catalog.write().map_err(|_| StoreError::Closed)? = catalog;
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.engine.reserve(counter, count)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // Calls share statements: what does not fit must not keep others from their answers.
        let catalog = self.catalog()?;
        rows.iter().try_for_each(|row| catalog.table(row.table).map(drop))?;
        self.engine.get(rows.to_vec())
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        self.catalog()?.table(query.table)?;
        self.engine.find(query.clone())
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        self.catalog()?.table(tally.table)?;
        self.engine.count(tally.clone())
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().try_for_each(Write::check)?;
        let catalog = self.catalog()?;
        writes.iter().try_for_each(|write| match write {
            Write::Put(row, _) => catalog.table(row.table).map(drop),
            Write::Delete(row, _) | Write::Require(row, _) => catalog.table(row.table).map(drop),
            Write::Add { .. } => Ok(()),
        })?;
        if writes.is_empty() { Ok(()) } else { self.engine.commit(writes.to_vec()) }
    }
}

#[cfg(all(test, unix, feature = "sqlite"))]
mod tests;

//! Stores and sealers that the core brings, and how a registry is opened.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tegata::store::schema::Schema;
use tegata::store::{
    Counter, Foreign, Maintenance, Page, Query, Row, RowRef, Sealer, Store, StoreError, Tally, Value, Write,
};

use crate::error::TegataError;
use crate::host::{Drawing, HostClock, HostRandom, HostSealer, Sealing, Ticking};
use crate::host_store::{HostStore, Keeping};
use crate::registry::Registry;
use crate::values::{SecretBytes, SecretText};
use tegata::TrustedProxy;

/// Keeps everything in memory and forgets it in the end: for tests, and for scripts that forget.
#[derive(uniffi::Object)]
pub struct MemoryStore(Arc<tegata::store::MemoryStore>);

#[uniffi::export]
impl MemoryStore {
    /// An empty store.
    #[uniffi::constructor]
    #[allow(clippy::new_without_default, reason = "nobody calls this from Rust")]
    pub fn new() -> Self {
        Self(Arc::new(tegata::store::MemoryStore::new()))
    }
}

/// How to open a [`SqliteStore`].
#[derive(Clone, Debug, uniffi::Record)]
pub struct SqliteOptions {
    /// Whether to make the file if there is none, or if it is empty.
    #[uniffi(default = true)]
    pub create: bool,
    /// How long to wait for another process that is writing; 10 seconds by default.
    #[uniffi(default)]
    pub wait: Option<Duration>,
    /// How many connections for reading to keep open; 8 by default.
    #[uniffi(default)]
    pub readers: Option<u32>,
    /// How many bytes of the file the writer may keep in memory; 16 MiB by default.
    #[uniffi(default)]
    pub cache: Option<u32>,
    /// From how many bytes on the log beside the file is brought into it, at the latest: from a quarter of the file on, but not
    /// before 32 MiB; 256 MiB by default.
    #[uniffi(default)]
    pub log: Option<u32>,
    /// How large the file may grow, in bytes.
    #[uniffi(default)]
    pub max_size: Option<u64>,
    /// How many bytes of the file may be read through a mapping instead of being copied; none by default. Where the disk
    /// fails to bring a mapped page, the system ends the process.
    #[uniffi(default)]
    pub map: Option<u64>,
}

/// A store in one SQLite file.
#[derive(uniffi::Object)]
pub struct SqliteStore(Arc<tegata::store::SqliteStore>);

#[uniffi::export]
impl SqliteStore {
    /// Opens the database at `path`, or makes it.
    #[uniffi::constructor]
    pub fn open(path: String, options: SqliteOptions) -> Result<Self, TegataError> {
        let mut chosen = tegata::store::SqliteOptions { create: options.create, ..Default::default() };
        chosen.wait = options.wait.unwrap_or(chosen.wait);
        chosen.readers = options.readers.and_then(|n| usize::try_from(n).ok()).unwrap_or(chosen.readers);
        chosen.cache = options.cache.unwrap_or(chosen.cache);
        chosen.log = options.log.unwrap_or(chosen.log);
        chosen.max_size = options.max_size;
        chosen.map = options.map.unwrap_or(chosen.map);
        Ok(Self(Arc::new(tegata::store::SqliteStore::open(path, chosen)?)))
    }
}

/// How to use a [`PostgresStore`].
#[derive(Clone, Debug, uniffi::Record)]
pub struct PostgresOptions {
    /// Whether to make the schema if there is none. Without, a mistyped URL is an error instead of a new registry.
    #[uniffi(default = true)]
    pub create: bool,
    /// The schema that holds the registry, unless the URL names one (`?schema=`); `tegata` if neither does. Lower-case
    /// letters, digits and `_`. One tenant, one schema.
    #[uniffi(default)]
    pub schema: Option<String>,
    /// The password, where it should not stand in the URL.
    #[uniffi(default)]
    pub password: Option<SecretText>,
    /// How long to go on trying when the server cannot be reached or a connection breaks, before a call fails; 10 seconds
    /// by default.
    #[uniffi(default)]
    pub wait: Option<Duration>,
    /// How long to wait for one connection; 5 seconds by default.
    #[uniffi(default)]
    pub connect_timeout: Option<Duration>,
    /// How long a statement may take; 30 seconds by default. The server cancels it then.
    #[uniffi(default)]
    pub statement_timeout: Option<Duration>,
    /// How many connections write; 2 by default. Commits share transactions, so few are enough.
    #[uniffi(default)]
    pub writers: Option<u32>,
    /// How many connections read rows by key; 2 by default. Calls share statements, so few are enough.
    #[uniffi(default)]
    pub getters: Option<u32>,
    /// How many connections search, count and reserve numbers; 4 by default. Each serves one call at a time.
    #[uniffi(default)]
    pub searchers: Option<u32>,
}

/// A store in one schema of a PostgreSQL database.
#[derive(uniffi::Object)]
pub struct PostgresStore(Arc<tegata::store::PostgresStore>);

#[uniffi::export]
impl PostgresStore {
    /// Connects to the database at `url`, such as `postgres://user:password@host:5432/database?schema=tenant`, and makes the
    /// schema if there is none.
    #[uniffi::constructor]
    pub fn connect(url: String, options: PostgresOptions) -> Result<Self, TegataError> {
        let usual = tegata::store::PostgresOptions::default();
        let number = |given: Option<u32>, usual| given.and_then(|n| usize::try_from(n).ok()).unwrap_or(usual);
        let chosen = tegata::store::PostgresOptions {
            create: options.create,
            schema: options.schema,
            password: options.password,
            wait: options.wait.unwrap_or(usual.wait),
            connect_timeout: options.connect_timeout.unwrap_or(usual.connect_timeout),
            statement_timeout: options.statement_timeout.unwrap_or(usual.statement_timeout),
            writers: number(options.writers, usual.writers),
            getters: number(options.getters, usual.getters),
            searchers: number(options.searchers, usual.searchers),
        };
        Ok(Self(Arc::new(tegata::store::PostgresStore::connect(&url, &chosen)?)))
    }
}

/// A store that was chosen by its address.
#[derive(uniffi::Object)]
pub struct OpenedStore(Arc<dyn Store>);

/// The store at `url`:
///
/// - `memory:` is a new one in memory, forgotten with the registry;
/// - `sqlite:path` is one SQLite file, its path relative or absolute; options follow after `?`: `create`, `wait` (seconds),
///   `readers`, `cache`, `log`, `max_size`, `map` (bytes);
/// - `postgres://user:password@host:port/database?schema=tenant` is a schema of a PostgreSQL database.
///
/// No error shows the address, which may hold a password.
#[uniffi::export]
pub fn open_store(url: String) -> Result<OpenedStore, TegataError> {
    Ok(OpenedStore(Arc::from(tegata::open_store(&url)?)))
}

/// Seals with a key in this process's memory, which comes from a file or from the host.
#[derive(uniffi::Object)]
pub struct SoftwareSealer(Arc<tegata::store::SoftwareSealer>);

#[uniffi::export]
impl SoftwareSealer {
    /// Seals with a new key that exists in this process only: for tests, and for stores in memory.
    #[uniffi::constructor]
    pub fn generate() -> Result<Self, TegataError> {
        Ok(Self(Arc::new(tegata::store::SoftwareSealer::generate()?)))
    }

    /// Seals with `key`: 32 octets from a good generator.
    #[uniffi::constructor]
    pub fn from_key(key: SecretBytes) -> Result<Self, TegataError> {
        let key = <[u8; 32]>::try_from(key.expose().as_slice())
            .map_err(|_| TegataError::from(tegata::Error::from(tegata::error::SealError::KeyLength)))?;
        Ok(Self(Arc::new(tegata::store::SoftwareSealer::from_key(key.into())?)))
    }

    /// Reads the key from a file: 64 hexadecimal digits or 32 octets.
    #[uniffi::constructor]
    pub fn from_file(path: String) -> Result<Self, TegataError> {
        Ok(Self(Arc::new(tegata::store::SoftwareSealer::from_file(path)?)))
    }

    /// Makes a new key and writes it to a file that must not exist yet. Whoever loses it loses every sealed value.
    #[uniffi::constructor]
    pub fn create_file(path: String) -> Result<Self, TegataError> {
        Ok(Self(Arc::new(tegata::store::SoftwareSealer::create_file(path)?)))
    }
}

/// Any store that a registry can be opened in.
#[derive(uniffi::Enum)]
#[allow(missing_docs, reason = "each is the store that its type says")]
pub enum AnyStore {
    /// In memory.
    Memory { store: Arc<MemoryStore> },
    /// In one SQLite file.
    Sqlite { store: Arc<SqliteStore> },
    /// In a PostgreSQL database.
    Postgres { store: Arc<PostgresStore> },
    /// Chosen by its address.
    Opened { store: Arc<OpenedStore> },
    /// The host's.
    Host { store: Arc<dyn HostStore> },
}

impl AnyStore {
    /// The store as the core knows it.
    pub(crate) fn store(self) -> Arc<dyn Store> {
        match self {
            Self::Memory { store } => Arc::<tegata::store::MemoryStore>::clone(&store.0),
            Self::Sqlite { store } => Arc::<tegata::store::SqliteStore>::clone(&store.0),
            Self::Postgres { store } => Arc::<tegata::store::PostgresStore>::clone(&store.0),
            Self::Opened { store } => Arc::clone(&store.0),
            Self::Host { store } => Arc::new(Foreign::new(Keeping(store))),
        }
    }
}

/// Any sealer that a registry can be opened with.
#[derive(uniffi::Enum)]
#[allow(missing_docs, reason = "each is the sealer that its type says")]
pub enum AnySealer {
    /// With a key in memory.
    Software { sealer: Arc<SoftwareSealer> },
    /// A ring of several.
    Keys { sealer: Arc<SealingKeys> },
    /// The host's.
    Host { sealer: Arc<dyn HostSealer> },
}

impl AnySealer {
    fn sealer(self) -> Arc<dyn Sealer> {
        match self {
            Self::Software { sealer } => Arc::<tegata::store::SoftwareSealer>::clone(&sealer.0),
            Self::Keys { sealer } => Arc::<tegata::store::SealingKeys>::clone(&sealer.0),
            Self::Host { sealer } => Arc::new(Sealing(sealer)),
        }
    }
}

/// A ring of sealing keys, while one takes the place of another: seals with the current one and opens with whichever fits.
#[derive(uniffi::Object)]
pub struct SealingKeys(Arc<tegata::store::SealingKeys>);

#[uniffi::export]
impl SealingKeys {
    /// Seals with `current` and opens what `current` or one of `previous` sealed.
    #[uniffi::constructor]
    pub fn ring(current: AnySealer, previous: Vec<AnySealer>) -> Self {
        let previous = previous.into_iter().map(AnySealer::sealer).collect();
        Self(Arc::new(tegata::store::SealingKeys::new(current.sealer(), previous)))
    }
}

/// What surrounds a registry, besides its store and its sealer.
#[derive(uniffi::Record)]
pub struct Options {
    /// Where the time comes from; the machine's clock by default.
    #[uniffi(default)]
    pub clock: Option<Arc<dyn HostClock>>,
    /// Where random octets come from; the operating system by default.
    #[uniffi(default)]
    pub random: Option<Arc<dyn HostRandom>>,
    /// The proxies whose word about who sent a request is taken.
    #[uniffi(default = [])]
    pub proxies: Vec<TrustedProxy>,
}

/// Opens the registry in `store`, or makes a new one in an empty store. `sealer` must be the one that the store was first
/// opened with.
#[uniffi::export]
pub fn open_registry(store: AnyStore, sealer: AnySealer, options: Options) -> Result<Arc<Registry>, TegataError> {
    let mut around = tegata::Options::default();
    if let Some(clock) = options.clock {
        around = around.with_clock(Arc::new(Ticking(clock)));
    }
    if let Some(random) = options.random {
        around = around.with_random(Arc::new(Drawing(random)));
    }
    around.proxies = options.proxies;
    let sealer = sealer.sealer();
    let store = Arc::new(Releasing::new(store.store()));
    let core = tegata::Registry::open(Arc::clone(&store), sealer, around)?;
    Ok(Arc::new(Registry::new(core, store)))
}

/// A store that a closed registry lets go of, though the host's garbage collector still holds the registry: a database is
/// closed when the last call is done, not some day.
pub(crate) struct Releasing {
    store: RwLock<Option<Arc<dyn Store>>>,
    /// Whether the store offers upkeep.
    maintains: bool,
}

impl Releasing {
    fn new(store: Arc<dyn Store>) -> Self {
        Self { maintains: store.maintenance().is_some(), store: RwLock::new(Some(store)) }
    }

    pub(crate) fn release(&self) {
        let store = self.store.write().map(|mut store| store.take());
        // Dropped here, outside the lock: closing a database may take a while.
        drop(store);
    }

    fn store(&self) -> Result<Arc<dyn Store>, StoreError> {
        self.store.read().ok().and_then(|store| store.clone()).ok_or(StoreError::Closed)
    }
}

impl Store for Releasing {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.store()?.migrate(schema)
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.store()?.reserve(counter, count)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.store()?.get(rows)
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        self.store()?.find(query)
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.store()?.count(tally)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.store()?.commit(writes)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        self.maintains.then_some(self)
    }
}

impl Releasing {
    /// What the store offers for its upkeep, while it is there.
    fn upkeep<T>(&self, work: impl FnOnce(&dyn Maintenance) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let store = self.store()?;
        store.maintenance().ok_or(StoreError::Closed).and_then(work)
    }
}

impl Maintenance for Releasing {
    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.upkeep(|store| store.backup(to))
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.upkeep(|store| store.check())
    }

    fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        self.upkeep(|store| store.shrink(bytes))
    }
}

//! Stores: in memory, in a file, or an object of Python.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use tegata::store::Store as CoreStore;

use crate::convert::Show;
use crate::error::run;
use crate::host::host_store;

/// A store that ends with the process.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct MemoryStore(Arc<tegata::store::MemoryStore>);

#[pymethods]
impl MemoryStore {
    #[new]
    fn new() -> Self {
        Self(Arc::new(tegata::store::MemoryStore::new()))
    }
}

/// How a database file is opened.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct SqliteOptions(tegata::store::SqliteOptions);

#[pymethods]
impl SqliteOptions {
    /// `create`: make the file if there is none (the default). `wait`: how many seconds to wait for another process.
    /// `readers`: how many connections read at the same time. `cache`: how much each may keep in memory. `max_size`: how
    /// large the file may become, in bytes. `map`: how many bytes of it may be read through a mapping instead of being copied, which
    /// is faster; but where the disk fails to bring a mapped page, the system ends the process. `log`: from how many bytes on
    /// the write-ahead log is brought into the file. What is left out has the default of the core.
    #[new]
    #[pyo3(signature = (*, create=None, wait=None, readers=None, cache=None, max_size=None, map=None, log=None))]
    fn new(
        create: Option<bool>,
        wait: Option<f64>,
        readers: Option<usize>,
        cache: Option<u32>,
        max_size: Option<u64>,
        map: Option<u64>,
        log: Option<u32>,
    ) -> PyResult<Self> {
        let mut made = tegata::store::SqliteOptions::default();
        made.create = create.unwrap_or(made.create);
        if let Some(seconds) = wait {
            made.wait = Duration::try_from_secs_f64(seconds)
                .map_err(|_| pyo3::exceptions::PyValueError::new_err("wait is a number of seconds, 0 or more"))?;
        }
        made.readers = readers.unwrap_or(made.readers);
        made.cache = cache.unwrap_or(made.cache);
        made.max_size = max_size.or(made.max_size);
        made.map = map.unwrap_or(made.map);
        made.log = log.unwrap_or(made.log);
        Ok(Self(made))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// A store in a file (SQLite).
#[pyclass(frozen, module = "tegata")]
pub(crate) struct SqliteStore(Arc<tegata::store::SqliteStore>);

impl Show<SqliteStore> for Arc<tegata::store::SqliteStore> {
    fn show(&self) -> SqliteStore {
        SqliteStore(self.clone())
    }
}

#[pymethods]
impl SqliteStore {
    /// Opens the file, or makes it.
    #[staticmethod]
    #[pyo3(signature = (path, options=None))]
    #[allow(clippy::needless_pass_by_value)] // The path comes from Python.
    fn open(py: Python<'_>, path: PathBuf, options: Option<SqliteOptions>) -> PyResult<Self> {
        let options = options.map(|options| options.0).unwrap_or_default();
        run(py, || Ok(Arc::new(tegata::store::SqliteStore::open(&path, options)?)))
    }
}

/// How to connect to PostgreSQL.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone, Debug)]
pub(crate) struct PostgresOptions(tegata::store::PostgresOptions);

#[pymethods]
impl PostgresOptions {
    /// `create`: make the schema if there is none (the default). `schema`: which one, unless the URL says so; `tegata` by
    /// default; one tenant, one schema. `password`: in place of one in the URL. `wait`: how many seconds to go on trying when the
    /// server cannot be reached. `connect_timeout` and `statement_timeout`: seconds. `writers`, `getters`, `searchers`: how many
    /// connections write, read rows by key, and search.
    #[new]
    #[pyo3(signature = (*, create=None, schema=None, password=None, wait=None, connect_timeout=None, statement_timeout=None,
        writers=None, getters=None, searchers=None))]
    #[allow(clippy::too_many_arguments)] // They are all named.
    fn new(
        create: Option<bool>,
        schema: Option<String>,
        password: Option<crate::secret::GivenText>,
        wait: Option<f64>,
        connect_timeout: Option<f64>,
        statement_timeout: Option<f64>,
        writers: Option<usize>,
        getters: Option<usize>,
        searchers: Option<usize>,
    ) -> PyResult<Self> {
        let mut made = tegata::store::PostgresOptions::default();
        made.create = create.unwrap_or(made.create);
        made.schema = schema.or(made.schema);
        made.password = password.map(|password| password.0).or(made.password);
        made.wait = seconds("wait", wait)?.unwrap_or(made.wait);
        made.connect_timeout = seconds("connect_timeout", connect_timeout)?.unwrap_or(made.connect_timeout);
        made.statement_timeout = seconds("statement_timeout", statement_timeout)?.unwrap_or(made.statement_timeout);
        made.writers = writers.unwrap_or(made.writers);
        made.getters = getters.unwrap_or(made.getters);
        made.searchers = searchers.unwrap_or(made.searchers);
        Ok(Self(made))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

fn seconds(field: &str, given: Option<f64>) -> PyResult<Option<Duration>> {
    let wrong = |_| pyo3::exceptions::PyValueError::new_err(format!("{field} is a number of seconds, 0 or more"));
    given.map(Duration::try_from_secs_f64).transpose().map_err(wrong)
}

/// A store in one schema of a PostgreSQL database.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct PostgresStore(Arc<tegata::store::PostgresStore>);

impl Show<PostgresStore> for Arc<tegata::store::PostgresStore> {
    fn show(&self) -> PostgresStore {
        PostgresStore(self.clone())
    }
}

#[pymethods]
impl PostgresStore {
    /// Connects to the database at `url`, such as `postgres://user:password@host/database?schema=tenant`.
    #[staticmethod]
    #[pyo3(signature = (url, options=None))]
    fn connect(py: Python<'_>, url: &str, options: Option<PostgresOptions>) -> PyResult<Self> {
        let options = options.map(|options| options.0).unwrap_or_default();
        run(py, || Ok(Arc::new(tegata::store::PostgresStore::connect(url, &options)?)))
    }
}

/// A store that was opened by its address.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct OpenedStore(Arc<dyn CoreStore>);

impl Show<OpenedStore> for Arc<dyn CoreStore> {
    fn show(&self) -> OpenedStore {
        OpenedStore(self.clone())
    }
}

/// Opens the store at `sqlite:path`, `postgres://...` or `memory:`. Wherever a store is taken, such an address is too.
///
/// Errors:
/// `input.invalid` for what is no such address; what opening the store says.
#[pyfunction]
pub(crate) fn open_store(py: Python<'_>, url: &str) -> PyResult<OpenedStore> {
    run(py, || tegata::open_store(url).map(Arc::<dyn CoreStore>::from))
}

/// Any store: one of the library's, or an object with the six methods of `tegata.Store`.
pub(crate) struct Store(pub(crate) Arc<dyn CoreStore>);

impl<'a, 'py> FromPyObject<'a, 'py> for Store {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("AnyStore");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(memory) = obj.cast::<MemoryStore>() {
            return Ok(Self(memory.get().0.clone()));
        }
        if let Ok(sqlite) = obj.cast::<SqliteStore>() {
            return Ok(Self(sqlite.get().0.clone()));
        }
        if let Ok(postgres) = obj.cast::<PostgresStore>() {
            return Ok(Self(postgres.get().0.clone()));
        }
        if let Ok(opened) = obj.cast::<OpenedStore>() {
            return Ok(Self(opened.get().0.clone()));
        }
        if let Ok(url) = obj.extract::<String>() {
            return Ok(Self(open_store(obj.py(), &url)?.0));
        }
        host_store(&obj)
    }
}

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
    /// is faster; but where the disk fails to bring a mapped page, the system ends the process. What is left out has the default of the core.
    #[new]
    #[pyo3(signature = (*, create=None, wait=None, readers=None, cache=None, max_size=None, map=None))]
    fn new(
        create: Option<bool>,
        wait: Option<f64>,
        readers: Option<usize>,
        cache: Option<u32>,
        max_size: Option<u64>,
        map: Option<u64>,
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
        host_store(&obj)
    }
}

//! What seals the secrets in the store: the library's own sealer, or an object that has the key elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tegata::callback::{reason, sealer_failed};
use tegata::error::SealError;
use tegata::store::Sealer as CoreSealer;
use tegata::{Sealed, Secret};

use super::{call, can};
use crate::convert::{Bytes, Show};
use crate::error::{Fail, run};
use crate::secret::GivenBytes;

/// Seals with a 32-byte key that it holds in memory (AES-256-GCM).
#[pyclass(frozen, module = "tegata")]
pub(crate) struct SoftwareSealer(Arc<tegata::store::SoftwareSealer>);

impl Show<SoftwareSealer> for Arc<tegata::store::SoftwareSealer> {
    fn show(&self) -> SoftwareSealer {
        SoftwareSealer(self.clone())
    }
}

#[pymethods]
impl SoftwareSealer {
    /// With a new key that is nowhere else: for tests, and for stores that end with the process.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        run(py, || tegata::store::SoftwareSealer::generate().map(Arc::new))
    }

    /// With this key of 32 bytes.
    #[staticmethod]
    fn from_key(py: Python<'_>, key: GivenBytes) -> PyResult<Self> {
        let Ok(key) = <[u8; 32]>::try_from(key.0.expose().as_slice()) else {
            return Err(Fail::from(SealError::KeyLength).into());
        };
        let key = Secret::new(key);
        run(py, || tegata::store::SoftwareSealer::from_key(key).map(Arc::new))
    }

    /// With the key in this file.
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        run(py, || tegata::store::SoftwareSealer::from_file(&path).map(Arc::new))
    }

    /// With a new key, written to this new file, which only its owner can read.
    #[staticmethod]
    fn create_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        run(py, || tegata::store::SoftwareSealer::create_file(&path).map(Arc::new))
    }

    fn __repr__(&self) -> &'static str {
        "SoftwareSealer(..)"
    }
}

/// A ring of sealing keys: seals with the current one and opens with whichever fits. It is what a registry is opened with
/// while a key is replaced; `Registry.reseal` tells the whole procedure.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct SealingKeys(Arc<tegata::store::SealingKeys>);

#[pymethods]
impl SealingKeys {
    /// Seals with `current` and opens what `current` or one of `previous` sealed.
    #[new]
    fn new(current: Sealer, previous: Vec<Sealer>) -> Self {
        let previous = previous.into_iter().map(|sealer| sealer.0).collect();
        Self(Arc::new(tegata::store::SealingKeys::new(current.0, previous)))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// Anything that seals: `SoftwareSealer`, `SealingKeys`, or an object with `seal(associated, plaintext)` and `open(associated, sealed)`.
pub(crate) struct Sealer(pub(crate) Arc<dyn CoreSealer>);

impl<'a, 'py> FromPyObject<'a, 'py> for Sealer {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("AnySealer");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(own) = obj.cast::<SoftwareSealer>() {
            return Ok(Self(own.get().0.clone()));
        }
        if let Ok(keys) = obj.cast::<SealingKeys>() {
            return Ok(Self(keys.get().0.clone()));
        }
        if can(&obj, "seal") && can(&obj, "open") {
            return Ok(Self(Arc::new(HostSealer(obj.to_owned().unbind()))));
        }
        Err(PyTypeError::new_err(format!(
            "a sealer is needed: an object with seal(associated, plaintext) and open(associated, sealed), not {}",
            obj.get_type().name()?
        )))
    }
}

/// The code by which an exception says what it is, as those of the library do.
fn code_of(py: Python<'_>, raised: &PyErr) -> Option<String> {
    raised.value(py).getattr("code").and_then(|code| code.extract()).ok()
}

/// A sealer written in Python. What it raises with the code `seal.wrong_key` or `seal.damaged` keeps it.
struct HostSealer(Py<PyAny>);

impl HostSealer {
    fn ask<T>(
        &self,
        method: &str,
        associated: &[u8],
        input: &[u8],
        read: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T>,
    ) -> tegata::Result<T> {
        let mut code = None;
        let answer = call(|py| {
            let arguments = (PyBytes::new(py, associated), PyBytes::new(py, input));
            let answer = self.0.bind(py).call_method1(method, arguments).and_then(read);
            answer.inspect_err(|raised| code = code_of(py, raised))
        });
        answer.map_err(|text| match code.as_deref() {
            Some("seal.wrong_key") => SealError::WrongKey.into(),
            Some("seal.damaged") => SealError::Damaged { at: reason(&text) }.into(),
            _ => sealer_failed(&text),
        })
    }
}

fn octets(answer: Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    Ok(answer.extract::<Bytes>()?.0)
}

impl CoreSealer for HostSealer {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> tegata::Result<Sealed> {
        self.ask("seal", associated, plaintext, octets).map(Sealed::from_bytes)
    }

    fn open(&self, associated: &[u8], sealed: &Sealed) -> tegata::Result<Secret<Vec<u8>>> {
        self.ask("open", associated, sealed.as_bytes(), octets).map(Secret::new)
    }

    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> tegata::Result<bool> {
        let asked = call(|py| Ok(can(self.0.bind(py), "is_current"))).map_err(|text| sealer_failed(&text))?;
        if asked { self.ask("is_current", associated, sealed.as_bytes(), |answer| answer.extract()) } else { Ok(true) }
    }
}

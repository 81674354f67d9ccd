//! The core's errors as the exceptions that `tegata/_errors.py` declares, and the way into the core.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tegata::Error;

use crate::convert::Show;
use crate::host::{interruption, take_raised};
use crate::records::Reason;

/// The function that makes an exception, imported once.
static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception for `error`.
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let make = MAKE.get_or_try_init(py, || {
        py.import("tegata._errors").and_then(|module| module.getattr("make")).map(Bound::unbind)
    })?;
    make.bind(py).call1((error.to_string(), error.code(), error.kind().name()))
}

/// The same, to be raised.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let cause = match interruption(py) {
        Some(interruption) => return interruption,
        None => take_raised(),
    };
    match exception(py, error) {
        Ok(value) => {
            let raised = PyErr::from_value(value);
            if cause.is_some() {
                raised.set_cause(py, cause);
            }
            raised
        }
        Err(trouble) => trouble,
    }
}

/// An error of the core, which `?` turns into its exception.
pub(crate) struct Fail(pub(crate) Error);

impl<E: Into<Error>> From<E> for Fail {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Fail> for PyErr {
    fn from(fail: Fail) -> Self {
        Python::attach(|py| raise(py, &fail.0))
    }
}

/// One call into the core, with other Python threads free to run meanwhile.
pub(crate) fn run<C, T>(py: Python<'_>, call: impl FnOnce() -> tegata::Result<C> + Send) -> PyResult<T>
where
    C: Show<T> + Send,
{
    drop(take_raised());
    match crate::ending::detached(py, call) {
        Ok(value) => Ok(value.show()),
        Err(error) => Err(raise(py, &error)),
    }
}

/// Every reason that an error can have.
#[pyfunction]
pub(crate) fn error_table() -> Vec<Reason> {
    Error::table().map(Show::show).collect()
}

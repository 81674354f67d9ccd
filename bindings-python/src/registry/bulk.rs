//! Many items in one call: a result for each, progress reports, and a way to stop.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

use crate::convert::Show;
use crate::error::{exception, raise};
use crate::host::take_raised;
use crate::words::{Atomicity, Progress};

/// What became of one item: its result, or the exception in its place.
pub(crate) enum Outcome<T> {
    Done(T),
    Refused(tegata::Error),
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Outcome<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = pyo3::inspect::PyStaticExpr::BinOp {
        left: &T::OUTPUT_TYPE,
        op: pyo3::inspect::PyStaticOperator::BitOr,
        right: &crate::words::ERROR,
    };

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        use pyo3::IntoPyObjectExt as _;
        match self {
            Self::Done(value) => value.into_bound_py_any(py),
            Self::Refused(error) => exception(py, &error),
        }
    }
}

/// The result of an item that has none but success.
pub(crate) struct Nothing;

impl Show<Nothing> for () {
    fn show(&self) -> Nothing {
        Nothing
    }
}

impl<'py> IntoPyObject<'py> for Nothing {
    type Target = pyo3::types::PyNone;
    type Output = Borrowed<'py, 'py, pyo3::types::PyNone>;
    type Error = std::convert::Infallible;

    #[cfg(feature = "stubs")]
    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = <pyo3::types::PyNone as pyo3::PyTypeInfo>::TYPE_HINT;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(pyo3::types::PyNone::get(py))
    }
}

/// Makes a call that reports its progress. `progress(done, total)` is called now and then; `False` stops, and an exception
/// stops and is raised when the call has ended.
fn watched<C: Send>(
    py: Python<'_>,
    atomicity: Option<Atomicity>,
    progress: Option<Progress>,
    call: impl FnOnce(&tegata::Bulk<'_>) -> tegata::Result<C> + Send,
) -> PyResult<C> {
    // Not the cause of what this call raises.
    drop(take_raised());
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let report = |done: usize, total: usize| {
        let _stay = crate::ending::Stay::begin();
        let goes_on = Python::try_attach(|py| match &progress {
            Some(progress) => {
                py.check_signals()?;
                let answer = progress.0.bind(py).call1((done, total))?;
                Ok(!answer.is(pyo3::types::PyBool::new(py, false)))
            }
            None => py.check_signals().map(|()| true),
        });
        match goes_on {
            Some(Ok(true)) => ControlFlow::Continue(()),
            Some(Ok(false)) | None => ControlFlow::Break(()),
            Some(Err(error)) => {
                *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let atomicity = atomicity.map(|atomicity| atomicity.0).unwrap_or_default();
    drop(take_raised());
    let outcome = crate::ending::detached(py, || call(&tegata::Bulk { atomicity, progress: Some(&report) }));
    if let Some(error) = raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    outcome.map_err(|error| raise(py, &error))
}

/// Makes a bulk call with one result.
pub(crate) fn at_once<C, T>(
    py: Python<'_>,
    atomicity: Option<Atomicity>,
    progress: Option<Progress>,
    call: impl FnOnce(&tegata::Bulk<'_>) -> tegata::Result<C> + Send,
) -> PyResult<T>
where
    C: Show<T> + Send,
{
    Ok(watched(py, atomicity, progress, call)?.show())
}

/// Makes a bulk call with a result for each item.
pub(crate) fn many<C, T>(
    py: Python<'_>,
    atomicity: Option<Atomicity>,
    progress: Option<Progress>,
    call: impl FnOnce(&tegata::Bulk<'_>) -> tegata::Result<Vec<tegata::Result<C>>> + Send,
) -> PyResult<Vec<Outcome<T>>>
where
    C: Show<T> + Send,
{
    let results = watched(py, atomicity, progress, call)?;
    Ok(results
        .into_iter()
        .map(|result| match result {
            Ok(value) => Outcome::Done(value.show()),
            Err(error) => Outcome::Refused(error),
        })
        .collect())
}

/// Makes a call with a result for each item, which does not report progress.
pub(crate) fn each<C, T>(
    py: Python<'_>,
    call: impl FnOnce() -> tegata::Result<Vec<tegata::Result<C>>> + Send,
) -> PyResult<Vec<Outcome<T>>>
where
    C: Show<T> + Send,
{
    many(py, None, None, |_| call())
}

//! What the host brings: objects of Python that the core calls.
//!
//! The core marks the thread while they run, so that a call back into a registry is refused. An exception becomes a typed
//! error with its text; the exception itself becomes the `__cause__` of what is raised, where the call ends on the same
//! thread.

mod environment;
mod rows;
mod sealer;
mod signer;
mod store;

use std::cell::RefCell;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pub(crate) use environment::{FixedClock, Options, SystemClock, SystemRandom};
pub(crate) use rows::{Column, Counter, Cursor, Filter, Query, Row, RowPage, RowRef, Schema, Table, Tally, Write};
pub(crate) use sealer::{Sealer, SealingKeys, SoftwareSealer};
pub(crate) use signer::Signer;
pub(crate) use store::{check_store, host_store};

thread_local! {
    /// What host code raised during the current call on this thread.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// What host code raised on this thread since this was asked before.
pub(crate) fn take_raised() -> Option<PyErr> {
    RAISED.with(|raised| raised.borrow_mut().take())
}

/// Ctrl-C or `exit()` in host code, which goes on as it is: whoever catches errors does not mean these.
pub(crate) fn interruption(py: Python<'_>) -> Option<PyErr> {
    RAISED.with(|raised| raised.borrow_mut().take_if(|raised| !raised.is_instance_of::<PyException>(py)))
}

/// Runs Python code for the core; a failure is its text.
pub(crate) fn call<T>(code: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, String> {
    let _stay = crate::ending::Stay::begin();
    let outcome = Python::try_attach(|py| {
        code(py).map_err(|raised| {
            let text = text_of(py, &raised);
            RAISED.with(|last| *last.borrow_mut() = Some(raised));
            text
        })
    });
    outcome.unwrap_or_else(|| Err("the Python interpreter is shutting down".to_owned()))
}

/// What an exception says, with its type.
pub(crate) fn text_of(py: Python<'_>, raised: &PyErr) -> String {
    let name = raised.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
    match raised.value(py).str().map(|text| text.to_string()) {
        Ok(text) if !text.trim().is_empty() => format!("{name}: {}", text.trim()),
        _ => name,
    }
}

/// Whether an object has a callable attribute of this name.
pub(crate) fn can(obj: &Bound<'_, PyAny>, method: &str) -> bool {
    obj.getattr(method).is_ok_and(|attribute| attribute.is_callable())
}

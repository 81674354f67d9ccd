//! A Python file as something to write to.

use std::io;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::raise;
use crate::host::text_of;

/// A file opened for writing bytes. What its `write` raises ends the export and is raised in its place.
pub(crate) struct Output {
    file: Py<PyAny>,
    raised: Option<PyErr>,
}

impl Output {
    pub(crate) fn new(file: Py<PyAny>) -> Self {
        Self { file, raised: None }
    }

    /// What the export ends with.
    pub(crate) fn finish<T>(self, py: Python<'_>, outcome: tegata::Result<T>) -> PyResult<T> {
        match (outcome, self.raised) {
            (_, Some(raised)) => Err(raised),
            (Ok(value), None) => Ok(value),
            (Err(error), None) => Err(raise(py, &error)),
        }
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _stay = crate::ending::Stay::begin();
        let written = Python::try_attach(|py| {
            let written = self.file.bind(py).call_method1("write", (PyBytes::new(py, bytes),))?;
            // Raw files may write less than they were given, and say how much.
            Ok(if written.is_none() { bytes.len() } else { written.extract::<usize>()?.min(bytes.len()) })
        });
        match written {
            Some(Ok(count)) => Ok(count),
            Some(Err(raised)) => {
                let text = Python::attach(|py| text_of(py, &raised));
                self.raised = Some(raised);
                Err(io::Error::other(text))
            }
            None => Err(io::Error::other("the Python interpreter is shutting down")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

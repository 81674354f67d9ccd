//! A Python file as something to write to, or to read from.

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

impl Output {
    /// Asks the file, and keeps what it raises.
    fn ask<T>(&mut self, ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        let _stay = crate::ending::Stay::begin();
        match Python::try_attach(|py| ask(self.file.bind(py))) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(raised)) => {
                let text = Python::attach(|py| text_of(py, &raised));
                self.raised = Some(raised);
                Err(io::Error::other(text))
            }
            None => Err(io::Error::other("the Python interpreter is shutting down")),
        }
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ask(|file| {
            let written = file.call_method1("write", (PyBytes::new(file.py(), bytes),))?;
            // Raw files may write less than they were given, and say how much.
            Ok(if written.is_none() { bytes.len() } else { written.extract::<usize>()?.min(bytes.len()) })
        })
    }

    /// What is archived leaves Python's buffer before anything is removed. What has no `flush` keeps nothing back.
    fn flush(&mut self) -> io::Result<()> {
        self.ask(|file| if file.hasattr("flush")? { file.call_method0("flush").map(drop) } else { Ok(()) })
    }
}

/// Bytes, or a file opened for reading them. What its `read` raises ends the reading and is raised in its place.
pub(crate) struct Input {
    source: Source,
    raised: Option<PyErr>,
}

enum Source {
    Bytes(io::Cursor<Vec<u8>>),
    File(Py<PyAny>),
}

impl Input {
    pub(crate) fn new(py: Python<'_>, given: Py<PyAny>) -> PyResult<Self> {
        let object = given.bind(py);
        let source = if object.hasattr("read")? {
            Source::File(given)
        } else {
            Source::Bytes(io::Cursor::new(object.extract::<crate::convert::Bytes>()?.0))
        };
        Ok(Self { source, raised: None })
    }

    /// What the reading ends with.
    pub(crate) fn finish<T>(self, py: Python<'_>, outcome: tegata::Result<T>) -> PyResult<T> {
        match (outcome, self.raised) {
            (_, Some(raised)) => Err(raised),
            (Ok(value), None) => Ok(value),
            (Err(error), None) => Err(raise(py, &error)),
        }
    }
}

impl io::Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.source {
            Source::Bytes(bytes) => return bytes.read(buffer),
            Source::File(file) => file,
        };
        let _stay = crate::ending::Stay::begin();
        let read = Python::try_attach(|py| {
            let read = file.bind(py).call_method1("read", (buffer.len(),))?;
            let octets = read.cast::<PyBytes>()?.as_bytes();
            let count = octets.len().min(buffer.len());
            if let (Some(place), Some(octets)) = (buffer.get_mut(..count), octets.get(..count)) {
                place.copy_from_slice(octets);
            }
            Ok(count)
        });
        match read {
            Some(Ok(count)) => Ok(count),
            Some(Err(raised)) => {
                let text = Python::attach(|py| text_of(py, &raised));
                self.raised = Some(raised);
                Err(io::Error::other(text))
            }
            None => Err(io::Error::other("the Python interpreter is shutting down")),
        }
    }
}

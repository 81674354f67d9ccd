//! tegata for Python: convert, one call into the core, convert.

/// The extension module.
#[pyo3::pymodule]
mod _native {}

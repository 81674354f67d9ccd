//! How groups change.

use pyo3::prelude::*;
use pyo3::types::PyEllipsis;

/// A group's name and intervals. What is left out stays as it was; None takes an interval away.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone, Debug)]
pub(crate) struct GroupChange(pub(crate) tegata::GroupChange);

/// A number of days, none, or `...`: as it was.
#[allow(clippy::option_option)] // As it was, none, a number: as in the core.
pub(crate) struct Days(Option<Option<u32>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Days {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = <Option<u32> as FromPyObject>::INPUT_TYPE;

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if obj.cast::<PyEllipsis>().is_ok() { Ok(Self(None)) } else { Ok(Self(Some(obj.extract()?))) }
    }
}

#[pymethods]
impl GroupChange {
    /// `certificate_days`: certificates are renewed so many days after they were issued. `key_days`: keys are.
    #[new]
    #[pyo3(signature = (*, name=None, certificate_days=Days(None), key_days=Days(None)))]
    fn new(name: Option<String>, certificate_days: Days, key_days: Days) -> Self {
        Self(tegata::GroupChange { name, certificate_days: certificate_days.0, key_days: key_days.0 })
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

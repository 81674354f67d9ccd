//! What events are found by.

use pyo3::prelude::*;

use crate::convert::{Core, Show, Time};
use crate::macros::{all_equal, holds, text_of};
use crate::sums::Entity;

/// Which events to list. Written out, since `from` is a keyword of Python: here it is `from_`.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct EventFilter(pub(crate) tegata::EventFilter);

#[pymethods]
impl EventFilter {
    #[new]
    #[pyo3(signature = (*, subject=None, object=None, action=None, actor=None, from_=None, to=None, newest_first=false))]
    fn new(
        subject: Option<Entity>,
        object: Option<Entity>,
        action: Option<String>,
        actor: Option<String>,
        from_: Option<Time>,
        to: Option<Time>,
        newest_first: bool,
    ) -> PyResult<Self> {
        let (subject, object) = (subject.core()?, object.core()?);
        let (from, to) = (from_.core()?, to.core()?);
        Ok(Self(tegata::EventFilter { subject, object, action, actor, from, to, newest_first }))
    }

    /// About this record.
    #[getter]
    fn subject(&self) -> Option<Entity> {
        self.0.subject.show()
    }

    /// In which this record took part otherwise, such as the certificate that a device got.
    #[getter]
    fn object(&self) -> Option<Entity> {
        self.0.object.show()
    }

    /// With this action, such as `device.enroll`.
    #[getter]
    fn action(&self) -> Option<String> {
        self.0.action.show()
    }

    /// By this actor.
    #[getter]
    fn actor(&self) -> Option<String> {
        self.0.actor.show()
    }

    /// From this moment on.
    #[getter]
    fn from_(&self) -> Option<Time> {
        self.0.from.show()
    }

    /// Before this moment.
    #[getter]
    fn to(&self) -> Option<Time> {
        self.0.to.show()
    }

    /// The newest first.
    #[getter]
    fn newest_first(&self) -> bool {
        self.0.newest_first
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        text_of("EventFilter", &self.fields(py)?)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => all_equal(&self.fields(py)?, &other.get().fields(py)?),
            Err(_) => Ok(false),
        }
    }
}

holds!(EventFilter(tegata::EventFilter): subject object action actor from_ to newest_first);

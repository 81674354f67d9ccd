//! Time and randomness: the machine's, fixed ones for tests, or objects of Python.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use tegata::callback::{clock_failed, random_failed};
use tegata::{Clock as _, Timestamp};

use super::{call, can};
use crate::convert::{Bytes, Show, Time};
use crate::options::TrustedProxy;

/// The machine's clock.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct SystemClock;

#[pymethods]
impl SystemClock {
    #[new]
    fn new() -> Self {
        Self
    }

    /// The current time.
    fn now(&self) -> Time {
        tegata::SystemClock.now().show()
    }
}

/// The operating system's random generator.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct SystemRandom;

#[pymethods]
impl SystemRandom {
    #[new]
    fn new() -> Self {
        Self
    }
}

/// A clock that stands still until it is told otherwise, for tests and simulations.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct FixedClock(Arc<tegata::FixedClock>);

#[pymethods]
impl FixedClock {
    /// A clock that shows this time.
    #[staticmethod]
    fn at(time: Time) -> Self {
        Self(Arc::new(tegata::FixedClock::at(time.0)))
    }

    /// What it shows.
    fn now(&self) -> Time {
        self.0.now().show()
    }

    /// Moves it to this time, forwards or backwards.
    fn set(&self, time: Time) {
        self.0.set(time.0);
    }

    /// Moves it by so many seconds.
    fn advance(&self, seconds: i64) {
        self.0.advance(seconds);
    }

    fn __repr__(&self) -> String {
        format!("FixedClock({})", self.0.now())
    }
}

/// Anything that tells the time: `SystemClock`, `FixedClock`, or an object with `now()`.
pub(crate) struct Clock(Arc<dyn tegata::Clock>);

impl<'a, 'py> FromPyObject<'a, 'py> for Clock {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("AnyClock");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(fixed) = obj.cast::<FixedClock>() {
            Ok(Self(fixed.get().0.clone()))
        } else if obj.is_instance_of::<SystemClock>() {
            Ok(Self(Arc::new(tegata::SystemClock)))
        } else if can(&obj, "now") {
            Ok(Self(Arc::new(HostClock(obj.to_owned().unbind()))))
        } else {
            Err(PyTypeError::new_err(format!(
                "a clock is needed: an object with now(), not {}",
                obj.get_type().name()?
            )))
        }
    }
}

/// A clock written in Python.
struct HostClock(Py<PyAny>);

impl tegata::Clock for HostClock {
    fn now(&self) -> Timestamp {
        self.try_now().unwrap_or_default()
    }

    fn try_now(&self) -> tegata::Result<Timestamp> {
        let time = call(|py| Ok(self.0.bind(py).call_method0("now")?.extract::<Time>()?.0));
        time.map_err(|text| clock_failed(&text))
    }
}

/// Anything that gives random bytes: `SystemRandom`, or an object with `draw(count)`.
pub(crate) struct Random(Arc<dyn tegata::Random>);

impl<'a, 'py> FromPyObject<'a, 'py> for Random {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("AnyRandom");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if obj.is_instance_of::<SystemRandom>() {
            Ok(Self(Arc::new(tegata::SystemRandom::new())))
        } else if can(&obj, "draw") {
            Ok(Self(Arc::new(HostRandom(obj.to_owned().unbind()))))
        } else {
            let name = obj.get_type().name()?;
            Err(PyTypeError::new_err(format!("a random source is needed: an object with draw(count), not {name}")))
        }
    }
}

/// A random source written in Python.
struct HostRandom(Py<PyAny>);

impl tegata::Random for HostRandom {
    fn fill(&self, out: &mut [u8]) -> tegata::Result<()> {
        let bytes = call(|py| Ok(self.0.bind(py).call_method1("draw", (out.len(),))?.extract::<Bytes>()?.0));
        let bytes = bytes.map_err(|text| random_failed(&text))?;
        if bytes.len() != out.len() {
            return Err(random_failed("another number of bytes came than was asked for"));
        }
        out.copy_from_slice(&bytes);
        Ok(())
    }
}

/// What a registry is opened with besides store and sealer.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct Options(pub(crate) tegata::Options);

#[pymethods]
impl Options {
    /// The machine's clock and the operating system's random generator, unless others are given. The word of `proxies` about
    /// who sent a request is taken.
    #[new]
    #[pyo3(signature = (*, clock=None, random=None, proxies=None))]
    fn new(clock: Option<Clock>, random: Option<Random>, proxies: Option<Vec<TrustedProxy>>) -> Self {
        let mut made = tegata::Options::default();
        if let Some(clock) = clock {
            made = made.with_clock(clock.0);
        }
        if let Some(random) = random {
            made = made.with_random(random.0);
        }
        made.proxies = proxies.unwrap_or_default().into_iter().map(|proxy| proxy.0).collect();
        Self(made)
    }
}

//! Values on their way in ([`Core`]) and out ([`Show`]): bytes, times, identifiers, names, lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDateTime, PyMemoryView, PyTzInfo};
use tegata::id::{Entity, Id};
use tegata::{KeyUsage, Name, Oid, Timestamp};

use crate::error::Fail;

/// What the core gives, as Python sees it.
pub(crate) trait Show<T> {
    fn show(&self) -> T;
}

/// What Python gives, as the core takes it.
pub(crate) trait Core<T> {
    fn core(self) -> Result<T, Fail>;
}

impl<T: Show<O>, O> Show<Option<O>> for Option<T> {
    fn show(&self) -> Option<O> {
        self.as_ref().map(Show::show)
    }
}

impl<T: Show<O>, O> Show<Vec<O>> for Vec<T> {
    fn show(&self) -> Vec<O> {
        self.iter().map(Show::show).collect()
    }
}

impl<T: Show<O>, O> Show<Vec<O>> for Arc<[T]> {
    fn show(&self) -> Vec<O> {
        self.iter().map(Show::show).collect()
    }
}

impl<A: Show<P>, B: Show<Q>, P, Q> Show<(P, Q)> for (A, B) {
    fn show(&self) -> (P, Q) {
        (self.0.show(), self.1.show())
    }
}

impl<T: Core<O>, O> Core<Option<O>> for Option<T> {
    fn core(self) -> Result<Option<O>, Fail> {
        self.map(Core::core).transpose()
    }
}

impl<T: Core<O>, O> Core<Vec<O>> for Vec<T> {
    fn core(self) -> Result<Vec<O>, Fail> {
        self.into_iter().map(Core::core).collect()
    }
}

impl<A: Core<P>, B: Core<Q>, P, Q> Core<(P, Q)> for (A, B) {
    fn core(self) -> Result<(P, Q), Fail> {
        Ok((self.0.core()?, self.1.core()?))
    }
}

/// Values that are the same on both sides.
macro_rules! same {
    ($($type:ty),*) => { $(
        impl Show<$type> for $type {
            fn show(&self) -> $type {
                self.clone()
            }
        }
        impl Core<$type> for $type {
            fn core(self) -> Result<$type, Fail> {
                Ok(self)
            }
        }
    )* };
}

same!((), bool, u8, u16, u32, u64, usize, i64, String, BTreeMap<String, String>, BTreeMap<String, u64>);

impl<K> Show<String> for Id<K> {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl<K: Entity> Core<Id<K>> for String {
    fn core(self) -> Result<Id<K>, Fail> {
        Ok(self.parse()?)
    }
}

impl<K: Entity> Core<Id<K>> for &str {
    fn core(self) -> Result<Id<K>, Fail> {
        Ok(self.parse()?)
    }
}

impl Show<String> for Name {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Core<Name> for String {
    fn core(self) -> Result<Name, Fail> {
        Ok(self.parse()?)
    }
}

impl Show<String> for Oid {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Core<Oid> for String {
    fn core(self) -> Result<Oid, Fail> {
        Ok(self.parse()?)
    }
}

/// The names of RFC 5280.
impl Show<Vec<String>> for KeyUsage {
    fn show(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }
}

impl Core<KeyUsage> for Vec<String> {
    fn core(self) -> Result<KeyUsage, Fail> {
        let usages: Result<KeyUsage, tegata::Error> = self.iter().map(|name| KeyUsage::from_name(name)).collect();
        Ok(usages?)
    }
}

/// Octets: `bytes` out; `bytes`, `bytearray` or `memoryview` in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'a, 'py> FromPyObject<'a, 'py> for Bytes {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("Octets");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = obj.cast::<PyBytes>() {
            Ok(Self(bytes.as_bytes().to_vec()))
        } else if let Ok(array) = obj.cast::<PyByteArray>() {
            Ok(Self(array.to_vec()))
        } else if obj.is_instance_of::<PyMemoryView>() {
            Ok(Self(obj.call_method0("tobytes")?.cast::<PyBytes>()?.as_bytes().to_vec()))
        } else {
            Err(PyTypeError::new_err(format!("bytes are needed, not {}", obj.get_type().name()?)))
        }
    }
}

impl<'py> IntoPyObject<'py> for Bytes {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = std::convert::Infallible;

    #[cfg(feature = "stubs")]
    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = <PyBytes as pyo3::PyTypeInfo>::TYPE_HINT;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyBytes::new(py, &self.0))
    }
}

impl Show<Bytes> for Vec<u8> {
    fn show(&self) -> Bytes {
        Bytes(self.clone())
    }
}

impl Show<Bytes> for &[u8] {
    fn show(&self) -> Bytes {
        Bytes(self.to_vec())
    }
}

impl<const N: usize> Show<Bytes> for [u8; N] {
    fn show(&self) -> Bytes {
        Bytes(self.to_vec())
    }
}

impl Core<Vec<u8>> for Bytes {
    fn core(self) -> Result<Vec<u8>, Fail> {
        Ok(self.0)
    }
}

/// A time: an aware `datetime`, in UTC on the way out. Fractions of a second are dropped: X.509 has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

/// 0001-01-01T00:00:00Z, the first moment of a `datetime`. What comes before it is shown as this.
const FIRST: i64 = -62_135_596_800;

impl<'a, 'py> FromPyObject<'a, 'py> for Time {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = <PyDateTime as pyo3::PyTypeInfo>::TYPE_HINT;

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !obj.is_instance_of::<PyDateTime>() {
            return Err(PyTypeError::new_err(format!("a datetime is needed, not {}", obj.get_type().name()?)));
        }
        if obj.call_method0("utcoffset")?.is_none() {
            return Err(PyValueError::new_err(
                "the datetime has no time zone; use datetime.now(timezone.utc) or its like",
            ));
        }
        let seconds: f64 = obj.call_method0("timestamp")?.extract()?;
        // A datetime lies between the years 1 and 9999, far inside what an i64 and the integers of an f64 hold.
        #[allow(clippy::cast_possible_truncation)]
        Ok(Self(Timestamp::from_unix(seconds.floor() as i64)))
    }
}

impl<'py> IntoPyObject<'py> for Time {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = <PyDateTime as pyo3::PyTypeInfo>::TYPE_HINT;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let time = Timestamp::from_unix(self.0.unix().max(FIRST)).calendar();
        PyDateTime::new(
            py,
            time.year(),
            time.month().into(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            0,
            Some(&*PyTzInfo::utc(py)?),
        )
    }
}

impl Show<Time> for Timestamp {
    fn show(&self) -> Time {
        Time(*self)
    }
}

impl Core<Timestamp> for Time {
    fn core(self) -> Result<Timestamp, Fail> {
        Ok(self.0)
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Show<Bytes> for [u8] {
    fn show(&self) -> Bytes {
        Bytes(self.to_vec())
    }
}

impl<T: Show<O>, O> Show<Vec<O>> for [T] {
    fn show(&self) -> Vec<O> {
        self.iter().map(Show::show).collect()
    }
}

impl Show<String> for &'static str {
    fn show(&self) -> String {
        (*self).to_owned()
    }
}

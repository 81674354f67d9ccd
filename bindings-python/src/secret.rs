//! Secrets: shown only when asked for explicitly.

use pyo3::prelude::*;
use tegata::Secret;

use crate::convert::{Bytes, Core, Show};
use crate::error::Fail;

macro_rules! secret {
    ($(#[$meta:meta])* $name:ident($core:ty) gives $out:ty, $(#[$gmeta:meta])* $given:ident takes $plain:ty, $hint:literal;) => {
        $(#[$meta])*
        #[pyclass(frozen, from_py_object, module = "tegata")]
        #[derive(Clone)]
        pub(crate) struct $name(Secret<$core>);

        #[pymethods]
        impl $name {
            /// The secret itself. Keep it out of logs.
            fn expose(&self) -> $out {
                self.0.expose().show()
            }

            fn __len__(&self) -> usize {
                self.0.expose().len()
            }

            fn __repr__(&self) -> &'static str {
                concat!(stringify!($name), "(..)")
            }
        }

        impl Show<$name> for Secret<$core> {
            fn show(&self) -> $name {
                $name(self.clone())
            }
        }

        $(#[$gmeta])*
        #[derive(Clone)]
        pub(crate) struct $given(pub(crate) Secret<$core>);

        impl<'a, 'py> FromPyObject<'a, 'py> for $given {
            type Error = PyErr;

            #[cfg(feature = "stubs")]
            const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint($hint);

            fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                match obj.cast::<$name>() {
                    Ok(secret) => Ok(Self(secret.get().0.clone())),
                    Err(_) => Ok(Self(Secret::new(Core::<$core>::core(obj.extract::<$plain>()?)?))),
                }
            }
        }

        impl Core<Secret<$core>> for $given {
            fn core(self) -> Result<Secret<$core>, Fail> {
                Ok(self.0)
            }
        }
    };
}

secret! {
    /// Octets that must not leak, such as a private key. `expose()` gives them.
    SecretBytes(Vec<u8>) gives Bytes,
    /// Such octets given: as a [`SecretBytes`] or as they are.
    GivenBytes takes Bytes, "GivenBytes";
}

secret! {
    /// Text that must not leak, such as a private key in PEM. `expose()` gives it.
    SecretText(String) gives String,
    /// Such text given: as a [`SecretText`] or as it is.
    GivenText takes String, "GivenText";
}

//! Declarations of classes that hold one value of the core: records that come out, options that go in, pages.

use std::fmt::Write as _;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Fields that are not written in a text about their object.
const SECRET: &[&str] = &["claim_code"];

/// The text of an object with these fields. Long octets are counted only, secret ones not even that.
pub(crate) fn text_of(name: &str, fields: &[(&'static str, Bound<'_, PyAny>)]) -> PyResult<String> {
    let mut text = format!("{name}(");
    for (at, (field, value)) in fields.iter().enumerate() {
        let shown = match value.cast::<PyBytes>() {
            _ if SECRET.contains(field) && !value.is_none() => "...".to_owned(),
            Ok(bytes) if bytes.as_bytes().len() > 24 => format!("<{} bytes>", bytes.as_bytes().len()),
            _ => value.repr()?.to_string(),
        };
        // Writing to a String does not fail.
        let _ = write!(text, "{}{field}={shown}", if at == 0 { "" } else { ", " });
    }
    text.push(')');
    Ok(text)
}

/// Whether all fields are equal.
pub(crate) fn all_equal(
    left: &[(&'static str, Bound<'_, PyAny>)],
    right: &[(&'static str, Bound<'_, PyAny>)],
) -> PyResult<bool> {
    for ((_, left), (_, right)) in left.iter().zip(right) {
        if !left.eq(right)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What records and options share: how they go in and out, and their fields as Python sees them.
macro_rules! holds {
    ($name:ident($core:ty): $($field:ident)*) => {
        impl $crate::convert::Show<$name> for $core {
            fn show(&self) -> $name {
                $name(self.clone())
            }
        }

        impl $crate::convert::Core<$core> for $name {
            fn core(self) -> Result<$core, $crate::error::Fail> {
                Ok(self.0)
            }
        }

        impl $name {
            #[allow(dead_code, clippy::needless_pass_by_value, unused_variables)]
            fn fields<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>)>> {
                use pyo3::IntoPyObjectExt as _;
                Ok(vec![$((stringify!($field), self.$field().into_bound_py_any(py)?)),*])
            }
        }
    };
}

/// A record: a class with the fields of the core's struct, and methods of its own after them.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident($core:ty) {
        $( $(#[$fmeta:meta])* $field:ident: $type:ty, )*
    } $($methods:tt)*) => {
        $(#[$meta])*
        #[pyclass(frozen, from_py_object, module = "tegata")]
        #[derive(Clone)]
        pub(crate) struct $name(pub(crate) $core);

        #[pymethods]
        impl $name {
            $(
                $(#[$fmeta])*
                #[getter]
                fn $field(&self) -> $type {
                    $crate::convert::Show::show(&self.0.$field)
                }
            )*

            $($methods)*

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                $crate::macros::text_of(stringify!($name), &self.fields(py)?)
            }

            fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
                match other.cast::<Self>() {
                    Ok(other) => $crate::macros::all_equal(&self.fields(py)?, &other.get().fields(py)?),
                    Err(_) => Ok(false),
                }
            }
        }

        $crate::macros::holds!($name($core): $($field)*);
    };
}

/// Options: a class with a constructor. What must be given comes first and makes the core's struct with its defaults;
/// of the rest, what is given (not `None`) replaces the default.
///
/// Each field has the type of the argument with its default, and after the arrow the type that is read back. Hidden ones
/// are not read back.
macro_rules! options {
    ($(#[$meta:meta])* $name:ident($core:ty): ($($must:ident: $mtype:ty),*) = $base:expr; {
        $( $(#[$fmeta:meta])* $kind:ident $field:ident: $type:ty = $default:tt => $out:ty; )*
    } hidden { $( $hkind:ident $hidden:ident: $htype:ty; )* } $($methods:tt)*) => {
        $(#[$meta])*
        #[pyclass(frozen, from_py_object, module = "tegata")]
        #[derive(Clone)]
        pub(crate) struct $name(pub(crate) $core);

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($must,)* *, $($field=$default,)* $($hidden=None),*))]
            #[allow(clippy::too_many_arguments)]
            fn new($($must: $mtype,)* $($field: $type,)* $($hidden: $htype),*) -> PyResult<Self> {
                $(let $must = $crate::convert::Core::core($must)?;)*
                #[allow(unused_mut)]
                let mut made: $core = $base;
                $( $crate::macros::set!($kind made $field); )*
                $( $crate::macros::set!($hkind made $hidden); )*
                Ok(Self(made))
            }

            $(
                $(#[$fmeta])*
                #[getter]
                fn $field(&self) -> $out {
                    $crate::convert::Show::show(&self.0.$field)
                }
            )*

            $($methods)*

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                $crate::macros::text_of(stringify!($name), &self.fields(py)?)
            }

            fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
                match other.cast::<Self>() {
                    Ok(other) => $crate::macros::all_equal(&self.fields(py)?, &other.get().fields(py)?),
                    Err(_) => Ok(false),
                }
            }
        }

        $crate::macros::holds!($name($core): $($must)* $($field)*);
    };
    ($(#[$meta:meta])* $name:ident($core:ty): ($($must:ident: $mtype:ty),*) = $base:expr; {
        $($fields:tt)*
    } $($methods:tt)*) => {
        $crate::macros::options! {
            $(#[$meta])* $name($core): ($($must: $mtype),*) = $base; { $($fields)* } hidden {} $($methods)*
        }
    };
}

/// How an argument gets into its field: `opt` may be absent in the core too, `def` has a default there, `flag` is a bool.
macro_rules! set {
    (opt $made:ident $field:ident) => {
        if let Some(given) = $field {
            $made.$field = Some($crate::convert::Core::core(given)?);
        }
    };
    (def $made:ident $field:ident) => {
        if let Some(given) = $field {
            $made.$field = $crate::convert::Core::core(given)?;
        }
    };
    (flag $made:ident $field:ident) => {
        $made.$field = $field;
    };
}

/// One page of a list, and an iterator over all pages.
macro_rules! listing {
    ($listing:ident, $pages:ident, $item:ident($core:ty)) => {
        #[doc = concat!("One page of `", stringify!($item), "`.")]
        #[pyclass(frozen, module = "tegata", sequence)]
        pub(crate) struct $listing(tegata::Listing<$core>);

        #[pymethods]
        impl $listing {
            /// The items of this page.
            #[getter]
            fn items(&self) -> Vec<$item> {
                self.0.items.show()
            }

            /// Where the next page begins: `Page(after=...)`. None after the last page.
            #[getter]
            fn next(&self) -> Option<String> {
                self.0.next.clone()
            }

            /// How many items all pages hold together, if that was asked for.
            #[getter]
            fn total(&self) -> Option<u64> {
                self.0.total
            }

            fn __len__(&self) -> usize {
                self.0.items.len()
            }

            fn __getitem__(&self, index: isize) -> PyResult<$item> {
                $crate::page::at(&self.0.items, index).map(Show::show)
            }

            fn __repr__(&self) -> String {
                format!(
                    "{}({} items, next={:?}, total={:?})",
                    stringify!($listing),
                    self.0.items.len(),
                    self.0.next,
                    self.0.total
                )
            }
        }

        impl Show<$listing> for tegata::Listing<$core> {
            fn show(&self) -> $listing {
                $listing(self.clone())
            }
        }

        #[doc = concat!("Every `", stringify!($item), "` of a list, fetched page by page.")]
        #[pyclass(frozen, module = "tegata")]
        pub(crate) struct $pages($crate::page::Pages<$core>);

        #[pymethods]
        impl $pages {
            fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
                slf
            }

            fn __next__(&self, py: Python<'_>) -> PyResult<Option<$item>> {
                Ok(self.0.next(py)?.map(|item| item.show()))
            }
        }

        impl $pages {
            /// Pages of `size`, fetched with `fetch` when they are needed.
            pub(crate) fn new(
                size: u32,
                fetch: impl Fn(&tegata::Page) -> tegata::Result<tegata::Listing<$core>> + Send + Sync + 'static,
            ) -> Self {
                Self($crate::page::Pages::new(size, Box::new(fetch)))
            }
        }
    };
}

pub(crate) use {holds, listing, options, record, set};

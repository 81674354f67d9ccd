//! The shapes of arguments and results as data. `generate.mjs` writes the JavaScript half and the type declarations
//! from them, so both sides of the border always agree.
//!
//! A shape is a short text: `string`, `?Device` (or nothing), `[Device` (a list), `!Device` (or an error), `(A,B)`
//! (a pair), or the name of a type that is described once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The types that were met, by name.
#[derive(Default)]
pub(crate) struct Types(pub(crate) BTreeMap<String, Value>);

impl Types {
    /// Describes the type `name` once; it may refer to itself.
    pub(crate) fn describe(&mut self, name: &str, describe: impl FnOnce(&mut Self) -> Value) -> String {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Value::Null);
            let described = describe(self);
            self.0.insert(name.to_owned(), described);
        }
        name.to_owned()
    }

    /// An enumeration with these values.
    pub(crate) fn names(&mut self, name: &str, values: &[&str]) -> String {
        self.describe(name, |_| json!({ "names": values }))
    }
}

/// A record that is sent to JavaScript: an array of its fields.
macro_rules! record_out {
    ($ty:ty => $name:literal { $($field:ident),* $(,)? }) => {
        impl $crate::out::Item for $ty {}
        impl $crate::out::Out for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.describe($name, |types| serde_json::json!({
                    "out": [$( [stringify!($field), $crate::out::shape_of(|r: &$ty| &r.$field, types)] ),*]
                }))
            }
            fn write(&self, out: &mut $crate::out::Writer) {
                out.open();
                $( $crate::out::Out::write(&self.$field, out); )*
                out.close();
            }
        }
    };
}

/// A record that JavaScript sends. A field may be read as another type (`csr: Pem`) and may have a default (`= 7`).
macro_rules! record_in {
    ($ty:ty => $name:literal { $($field:ident $(: $via:ty)? $(= $default:expr)?),* $(,)? }) => {
        record_in!($ty => $name (required) { $($field $(: $via)? $(= $default)?),* });
    };
    ($ty:ty => $name:literal ($need:ident) { $($field:ident $(: $via:ty)? $(= $default:expr)?),* $(,)? }) => {
        impl $crate::input::In for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.describe($name, |types| {
                    let mut fields: Vec<serde_json::Value> = Vec::new();
                    $( record_in!(@shape fields, types, $ty, $field $(: $via)? $(= $default)?); )*
                    serde_json::json!({ "in": fields })
                })
            }
            fn absent() -> Option<Self> {
                record_in!(@absent $need)
            }
            fn read(value: $crate::val::Val) -> tegata::Result<Self> {
                #[allow(unused_mut, reason = "a record may have no fields")]
                let mut fields = $crate::input::Fields::of(value)?;
                #[allow(clippy::useless_conversion, reason = "some fields are read as what they are")]
                Ok(Self { $( $field: record_in!(@read fields, $field $(: $via)? $(= $default)?), )* })
            }
        }
    };
    (@absent required) => { None };
    (@absent optional) => { Self::read($crate::val::Val::List(Vec::new())).ok() };
    (@shape $f:ident, $t:ident, $ty:ty, $field:ident: $via:ty) => {
        $f.push($crate::input::field::<$via>(stringify!($field), false, $t));
    };
    (@shape $f:ident, $t:ident, $ty:ty, $field:ident $(= $default:expr)?) => {
        $f.push($crate::input::field_of(|r: &$ty| &r.$field, stringify!($field), record_in!(@is $($default)?), $t));
    };
    (@is) => { false };
    (@is $default:expr) => { true };
    (@read $f:ident, $field:ident: $via:ty) => {
        $f.next::<$via>(stringify!($field))?.into()
    };
    (@read $f:ident, $field:ident) => { $f.next(stringify!($field))? };
    (@read $f:ident, $field:ident = $default:expr) => { $f.or(|| $default)? };
}

/// A sum type that is sent to JavaScript: an array of its tag and the fields of the variant.
macro_rules! union_out {
    ($ty:ty => $name:literal { $( $tag:literal { $($field:ident: $fty:ty),* } = $pattern:pat ),* $(,)? }) => {
        impl $crate::out::Item for $ty {}
        impl $crate::out::Out for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.describe($name, |types| {
                    let _ = &types;
                    serde_json::json!({ "union_out": {
                        $( $tag: [$( [stringify!($field), <$fty as $crate::out::Out>::shape(types)] ),*] ),*
                    } })
                })
            }
            fn write(&self, out: &mut $crate::out::Writer) {
                out.open();
                #[allow(unreachable_patterns, reason = "types of the core may grow")]
                match self {
                    $( $pattern => {
                        out.text($tag);
                        $( $crate::out::Out::write($field, out); )*
                    } )*
                    _ => out.text("unknown"),
                }
                out.close();
            }
        }
    };
}

/// A sum type that JavaScript sends.
macro_rules! union_in {
    ($ty:ty => $name:literal { $( $tag:literal { $($field:ident: $fty:ty),* } => $make:expr ),* $(,)? }) => {
        impl $crate::input::In for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.describe($name, |types| {
                    let _ = &types;
                    serde_json::json!({ "union_in": {
                        $( $tag: [$( $crate::input::field::<$fty>(stringify!($field), false, types) ),*] ),*
                    } })
                })
            }
            fn read(value: $crate::val::Val) -> tegata::Result<Self> {
                let mut fields = $crate::input::Fields::of(value)?;
                let tag: String = fields.next("type")?;
                match tag.as_str() {
                    $( $tag => {
                        $( let $field: $fty = fields.next(stringify!($field))?; )*
                        Ok($make)
                    } )*
                    _ => Err($crate::val::wrong(concat!("a ", $name))),
                }
            }
        }
    };
}

/// An enumeration, by the names that the core gives.
macro_rules! names {
    ($ty:ty => $name:literal { $($text:literal = $variant:path),* $(,)? }) => {
        impl $crate::out::Item for $ty {}
        impl $crate::out::Out for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.names($name, &[$($text),*])
            }
            fn write(&self, out: &mut $crate::out::Writer) {
                #[allow(unreachable_patterns, reason = "types of the core may grow")]
                out.text(match self { $($variant => $text,)* _ => "unknown" });
            }
        }
        impl $crate::input::In for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                types.names($name, &[$($text),*])
            }
            fn read(value: $crate::val::Val) -> tegata::Result<Self> {
                let name = String::read(value)?;
                match name.as_str() {
                    $($text => Ok($variant),)*
                    _ => Err($crate::val::wrong(concat!("a ", $name))),
                }
            }
        }
    };
    ($ty:ty => $name:literal from ALL) => {
        impl $crate::out::Item for $ty {}
        impl $crate::out::Out for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                let names: Vec<&str> = <$ty>::ALL.iter().map(|one| one.name()).collect();
                types.names($name, &names)
            }
            fn write(&self, out: &mut $crate::out::Writer) {
                out.text(self.name());
            }
        }
        impl $crate::input::In for $ty {
            fn shape(types: &mut $crate::shape::Types) -> String {
                <$ty as $crate::out::Out>::shape(types)
            }
            fn read(value: $crate::val::Val) -> tegata::Result<Self> {
                let name = String::read(value)?;
                let found = <$ty>::ALL.iter().copied().find(|one| one.name() == name);
                found.ok_or_else(|| $crate::val::wrong(concat!("a ", $name)))
            }
        }
    };
}

pub(crate) use {names, record_in, record_out, union_in, union_out};

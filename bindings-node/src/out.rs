//! Results on their way to JavaScript: one JSON text and one run of octets, which the JavaScript half reads in the same
//! order. One string and one buffer cost the engine far less than a property at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tegata::{Error, Result, Secret, Timestamp};

use crate::handle::Handle;
use crate::shape::Types;

/// A result under construction.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) json: String,
    /// Octets, in the order in which their lengths stand in the JSON.
    pub(crate) bytes: Vec<u8>,
    /// A thing that stays here, for results that are one.
    pub(crate) handle: Option<Handle>,
}

impl Writer {
    fn comma(&mut self) {
        if !matches!(self.json.as_bytes().last(), None | Some(b'[')) {
            self.json.push(',');
        }
    }

    /// Text that needs no escaping, such as a number.
    pub(crate) fn raw(&mut self, text: &str) {
        self.comma();
        self.json.push_str(text);
    }

    /// Begins an array.
    pub(crate) fn open(&mut self) {
        self.comma();
        self.json.push('[');
    }

    /// Ends an array.
    pub(crate) fn close(&mut self) {
        self.json.push(']');
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.comma();
        if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
            self.json.push('"');
            self.json.push_str(text);
            self.json.push('"');
        } else {
            self.json.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    pub(crate) fn octets(&mut self, octets: &[u8]) {
        self.number(octets.len());
        self.bytes.extend_from_slice(octets);
    }

    pub(crate) fn number(&mut self, number: impl std::fmt::Display) {
        use std::fmt::Write as _;
        self.comma();
        _ = write!(self.json, "{number}");
    }

    /// An error as its code, kind and text.
    pub(crate) fn error(&mut self, error: &Error) {
        self.text(error.code());
        self.text(error.kind().name());
        self.text(&error.to_string());
    }
}

/// What can be sent to JavaScript.
pub(crate) trait Out {
    /// Its shape in results.
    fn shape(types: &mut Types) -> String;
    fn write(&self, out: &mut Writer);
}

impl Out for () {
    fn shape(_: &mut Types) -> String {
        "void".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.raw("null");
    }
}

impl Out for bool {
    fn shape(_: &mut Types) -> String {
        "boolean".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.raw(if *self { "true" } else { "false" });
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => { $(
        impl Out for $ty {
            fn shape(_: &mut Types) -> String {
                "number".to_owned()
            }
            fn write(&self, out: &mut Writer) {
                out.number(self);
            }
        }
    )* };
}
numbers!(u8, u16, u32, u64, usize);

/// A 64-bit number that may be larger than JavaScript's numbers can tell apart.
#[derive(Clone, Copy)]
pub(crate) struct Big(pub(crate) u64);

impl Out for Big {
    fn shape(_: &mut Types) -> String {
        "bigint".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.raw(&format!("\"{}\"", self.0));
    }
}

impl Out for String {
    fn shape(_: &mut Types) -> String {
        "string".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.text(self);
    }
}

impl Out for &'static str {
    fn shape(_: &mut Types) -> String {
        "string".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.text(self);
    }
}

impl Out for Timestamp {
    fn shape(_: &mut Types) -> String {
        "date".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.number(self.unix());
    }
}

impl Out for Vec<u8> {
    fn shape(_: &mut Types) -> String {
        "bytes".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.octets(self);
    }
}

impl<const N: usize> Out for [u8; N] {
    fn shape(_: &mut Types) -> String {
        "bytes".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.octets(self);
    }
}

impl Out for Secret<Vec<u8>> {
    fn shape(_: &mut Types) -> String {
        "secret-bytes".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.octets(self.expose());
    }
}

impl Out for Secret<String> {
    fn shape(_: &mut Types) -> String {
        "secret-string".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        // Octets can be wiped after reading, the JSON text cannot.
        out.octets(self.expose().as_bytes());
    }
}

impl<T: Out> Out for Option<T> {
    fn shape(types: &mut Types) -> String {
        format!("?{}", T::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        match self {
            Some(value) => value.write(out),
            None => out.raw("null"),
        }
    }
}

fn list<'a, T: Out + 'a>(items: impl IntoIterator<Item = &'a T>, out: &mut Writer) {
    out.open();
    for item in items {
        item.write(out);
    }
    out.close();
}

/// Types of which there are lists; octets are no list.
pub(crate) trait Item {}

impl Item for String {}
impl Item for Vec<u8> {}
impl Item for Secret<String> {}
impl Item for Secret<Vec<u8>> {}
impl<T> Item for Result<T> {}
impl<A, B> Item for (A, B) {}

impl<T: Out + Item> Out for Vec<T> {
    fn shape(types: &mut Types) -> String {
        format!("[{}", T::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        list(self, out);
    }
}

impl<T: Out + Item> Out for Arc<[T]> {
    fn shape(types: &mut Types) -> String {
        format!("[{}", T::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        list(self.iter(), out);
    }
}

impl<A: Out, B: Out> Out for (A, B) {
    fn shape(types: &mut Types) -> String {
        format!("({},{})", A::shape(types), B::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        self.0.write(out);
        self.1.write(out);
        out.close();
    }
}

impl Out for BTreeMap<String, String> {
    fn shape(_: &mut Types) -> String {
        "map".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        for (key, value) in self {
            out.text(key);
            out.text(value);
        }
        out.close();
    }
}

impl<T: Out> Out for Result<T> {
    fn shape(types: &mut Types) -> String {
        format!("!{}", T::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        match self {
            Ok(value) => value.write(out),
            // An item that failed has three parts, one that succeeded one.
            Err(error) => out.error(error),
        }
        out.close();
    }
}

/// The shape of a field, told by a function that reads it.
pub(crate) fn shape_of<R, T: Out>(_: fn(&R) -> &T, types: &mut Types) -> String {
    T::shape(types)
}

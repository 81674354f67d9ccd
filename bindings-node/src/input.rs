//! Arguments as they come from JavaScript, turned into what the core takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tegata::error::InputError;
use tegata::id::{Entity, Id};
use tegata::{Name, Oid, Result, Secret, Timestamp};

use crate::out::Item;
use crate::shape::Types;
use crate::val::{Val, wrong};

/// What can come from JavaScript.
pub(crate) trait In: Sized {
    /// Its shape in arguments.
    fn shape(types: &mut Types) -> String;

    /// What it is when it is not given; `None` when it must be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether `null` and leaving it out are two things.
    const NULL_COUNTS: bool = false;

    /// What `null` stands for where leaving it out stands for a default other than nothing.
    fn null() -> Option<Self> {
        None
    }

    /// Reads what was given.
    fn read(value: Val) -> Result<Self>;
}

/// Reads `value`, or finds out what stands for it when there is none.
pub(crate) fn take<T: In>(value: Val, name: &str) -> Result<T> {
    match value {
        Val::Null if T::NULL_COUNTS => T::read(Val::Null),
        Val::Undefined | Val::Null => T::absent().ok_or_else(|| missing(name)),
        value => T::read(value),
    }
}

fn missing(name: &str) -> tegata::Error {
    InputError::Invalid { field: name.to_owned(), reason: "is missing".to_owned() }.into()
}

/// The fields of a record, in order.
pub(crate) struct Fields(std::vec::IntoIter<Val>);

impl Fields {
    pub(crate) fn of(value: Val) -> Result<Self> {
        value.list().map(|items| Self(items.into_iter()))
    }

    /// The next field.
    pub(crate) fn next<T: In>(&mut self, name: &str) -> Result<T> {
        take(self.0.next().unwrap_or(Val::Undefined), name)
    }

    /// The next field, which has a default.
    pub(crate) fn or<T: In>(&mut self, default: impl FnOnce() -> T) -> Result<T> {
        match self.0.next() {
            None => Ok(default()),
            Some(Val::Null) => Ok(T::null().unwrap_or_else(default)),
            Some(value) if value.is_absent() => Ok(default()),
            Some(value) => T::read(value),
        }
    }
}

/// The description of a field: its name, its shape, whether it may be left out.
pub(crate) fn field<T: In>(name: &str, has_default: bool, types: &mut Types) -> Value {
    let null_counts = if T::NULL_COUNTS { "null" } else { "" };
    json!([name, T::shape(types), has_default || T::absent().is_some(), null_counts])
}

/// The same, of the type that a function reads from the record.
pub(crate) fn field_of<R, T: In>(_: fn(&R) -> &T, name: &str, has_default: bool, types: &mut Types) -> Value {
    field::<T>(name, has_default, types)
}

impl In for bool {
    fn shape(_: &mut Types) -> String {
        "boolean".to_owned()
    }
    fn absent() -> Option<Self> {
        Some(false)
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Bool(flag) => Ok(flag),
            _ => Err(wrong("true or false")),
        }
    }
}

/// A whole number within the bounds of its type.
fn whole(value: &Val) -> Option<i128> {
    match *value {
        Val::Big(number) => Some(number),
        // Beyond 2^53 a number of JavaScript is no longer the one that was meant.
        #[allow(clippy::cast_possible_truncation, reason = "within 2^53")]
        Val::Number(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => Some(number as i128),
        _ => None,
    }
}

macro_rules! numbers {
    ($($ty:ty => $shape:literal),*) => { $(
        impl In for $ty {
            fn shape(_: &mut Types) -> String {
                $shape.to_owned()
            }
            fn read(value: Val) -> Result<Self> {
                let number = whole(&value).and_then(|number| Self::try_from(number).ok());
                number.ok_or_else(|| wrong(concat!("a whole number that fits ", stringify!($ty))))
            }
        }
    )* };
}
numbers!(u8 => "u8", u16 => "u32", u32 => "u32", usize => "u32", u64 => "u64", i64 => "i64");

impl In for String {
    fn shape(_: &mut Types) -> String {
        "string".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Text(text) => Ok(text),
            _ => Err(wrong("text")),
        }
    }
}

impl In for Vec<u8> {
    fn shape(_: &mut Types) -> String {
        "bytes".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Bytes(bytes) => Ok(bytes),
            Val::Text(text) => Ok(text.into_bytes()),
            _ => Err(wrong("octets")),
        }
    }
}

/// PEM or DER: text or octets.
pub(crate) struct Pem(pub(crate) Vec<u8>);

impl In for Pem {
    fn shape(_: &mut Types) -> String {
        "pem".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        Vec::read(value).map(Self)
    }
}

impl From<Pem> for Vec<u8> {
    fn from(pem: Pem) -> Self {
        pem.0
    }
}

/// PEM or DER that need not be given.
pub(crate) struct MaybePem(Option<Vec<u8>>);

impl In for MaybePem {
    fn shape(_: &mut Types) -> String {
        "?pem".to_owned()
    }
    fn absent() -> Option<Self> {
        Some(Self(None))
    }
    fn read(value: Val) -> Result<Self> {
        Vec::read(value).map(|pem| Self(Some(pem)))
    }
}

impl From<MaybePem> for Option<Vec<u8>> {
    fn from(pem: MaybePem) -> Self {
        pem.0
    }
}

/// PEM or DER that is empty unless given.
impl From<MaybePem> for Vec<u8> {
    fn from(pem: MaybePem) -> Self {
        pem.0.unwrap_or_default()
    }
}

/// A secret text that the core takes as plain text.
pub(crate) struct MaybeSecretText(Option<String>);

impl In for MaybeSecretText {
    fn shape(_: &mut Types) -> String {
        "?secret-string".to_owned()
    }
    fn absent() -> Option<Self> {
        Some(Self(None))
    }
    fn read(value: Val) -> Result<Self> {
        String::read(value).map(|text| Self(Some(text)))
    }
}

impl From<MaybeSecretText> for Option<String> {
    fn from(text: MaybeSecretText) -> Self {
        text.0
    }
}

impl In for Secret<Vec<u8>> {
    fn shape(_: &mut Types) -> String {
        "secret-pem".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        Vec::read(value).map(Self::new)
    }
}

impl In for Secret<String> {
    fn shape(_: &mut Types) -> String {
        "secret-string".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        String::read(value).map(Self::new)
    }
}

impl In for Timestamp {
    fn shape(_: &mut Types) -> String {
        "date".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            // `as` keeps within the bounds of `i64`, the constructor within those of the calendar.
            #[allow(clippy::cast_possible_truncation, reason = "it saturates")]
            Val::Number(seconds) if !seconds.is_nan() => Ok(Self::from_unix(seconds.floor() as i64)),
            _ => Err(wrong("a Date")),
        }
    }
}

impl<K: Entity> Item for Id<K> {}

impl<K: Entity> In for Id<K> {
    fn shape(_: &mut Types) -> String {
        format!("id:{}", K::NAME)
    }
    fn read(value: Val) -> Result<Self> {
        String::read(value)?.parse()
    }
}

impl<K: Entity> crate::out::Out for Id<K> {
    fn shape(_: &mut Types) -> String {
        format!("id:{}", K::NAME)
    }
    fn write(&self, out: &mut crate::out::Writer) {
        out.text(&self.to_string());
    }
}

impl In for Name {
    fn shape(_: &mut Types) -> String {
        "name".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        String::read(value)?.parse()
    }
}

impl crate::out::Out for Name {
    fn shape(_: &mut Types) -> String {
        "name".to_owned()
    }
    fn write(&self, out: &mut crate::out::Writer) {
        out.text(&self.to_string());
    }
}

impl Item for Oid {}

impl In for Oid {
    fn shape(_: &mut Types) -> String {
        "oid".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        String::read(value)?.parse()
    }
}

impl crate::out::Out for Oid {
    fn shape(_: &mut Types) -> String {
        "oid".to_owned()
    }
    fn write(&self, out: &mut crate::out::Writer) {
        out.text(&self.to_string());
    }
}

impl<T: In> In for Option<T> {
    fn shape(types: &mut Types) -> String {
        format!("?{}", T::shape(types))
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn null() -> Option<Self> {
        Some(None)
    }
    fn read(value: Val) -> Result<Self> {
        T::read(value).map(Some)
    }
}

/// A number that can be left as it is (not given), cleared (`null`) or set.
#[allow(clippy::option_option, reason = "the core has it so")]
pub(crate) struct Clearable(Option<Option<u32>>);

impl In for Clearable {
    fn shape(_: &mut Types) -> String {
        "?u32".to_owned()
    }
    fn absent() -> Option<Self> {
        Some(Self(None))
    }
    const NULL_COUNTS: bool = true;
    fn read(value: Val) -> Result<Self> {
        if matches!(value, Val::Null) { Ok(Self(Some(None))) } else { u32::read(value).map(|n| Self(Some(Some(n)))) }
    }
}

impl From<Clearable> for Option<Option<u32>> {
    fn from(number: Clearable) -> Self {
        number.0
    }
}

impl<T: In + Item> In for Vec<T> {
    fn shape(types: &mut Types) -> String {
        format!("[{}", T::shape(types))
    }
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn read(value: Val) -> Result<Self> {
        value.list()?.into_iter().map(|item| take(item, "an item")).collect()
    }
}

impl<A: In, B: In> In for (A, B) {
    fn shape(types: &mut Types) -> String {
        format!("({},{})", A::shape(types), B::shape(types))
    }
    fn read(value: Val) -> Result<Self> {
        let mut fields = Fields::of(value)?;
        Ok((fields.next("first")?, fields.next("second")?))
    }
}

impl In for BTreeMap<String, String> {
    fn shape(_: &mut Types) -> String {
        "map".to_owned()
    }
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn read(value: Val) -> Result<Self> {
        let mut fields = value.list()?.into_iter();
        let mut map = Self::new();
        while let (Some(key), Some(value)) = (fields.next(), fields.next()) {
            map.insert(String::read(key)?, String::read(value)?);
        }
        Ok(map)
    }
}

//! Texts: UTF-8 ended by a zero octet.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::str::FromStr;

use tegata::{Error, Result};

use crate::arena::Arena;
use crate::boundary::{invalid, slice};

/// A text that the caller must give.
pub(crate) fn text<'a>(pointer: *const c_char, field: &str) -> Result<&'a str> {
    maybe_text(pointer, field)?.ok_or_else(|| invalid(field, "is NULL"))
}

/// A text that may be NULL.
pub(crate) fn maybe_text<'a>(pointer: *const c_char, field: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises a zero octet at its end.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| invalid(field, "is not UTF-8"))
}

/// A text of its own that may be NULL.
pub(crate) fn maybe_string(pointer: *const c_char, field: &str) -> Result<Option<String>> {
    Ok(maybe_text(pointer, field)?.map(str::to_owned))
}

/// What a text stands for: an identifier, a name.
pub(crate) fn parsed<T: FromStr<Err = Error>>(pointer: *const c_char, field: &str) -> Result<T> {
    text(pointer, field)?.parse()
}

/// What a text stands for, if it is there.
pub(crate) fn maybe_parsed<T: FromStr<Err = Error>>(pointer: *const c_char, field: &str) -> Result<Option<T>> {
    maybe_text(pointer, field)?.map(str::parse).transpose()
}

/// What each of `len` texts stands for.
pub(crate) fn all_parsed<T: FromStr<Err = Error>>(
    pointer: *const *const c_char,
    len: usize,
    field: &str,
) -> Result<Vec<T>> {
    slice(pointer, len, field)?.iter().map(|item| parsed(*item, field)).collect()
}

/// `text` for C. A zero octet within becomes U+FFFD.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default())
}

/// A list of texts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_texts {
    /// The texts; may be NULL when there are none.
    pub items: *const *const c_char,
    /// How many.
    pub len: usize,
}

impl tegata_texts {
    /// The texts themselves.
    pub(crate) fn strings(self, field: &str) -> Result<Vec<String>> {
        slice(self.items, self.len, field)?.iter().map(|item| Ok(text(*item, field)?.to_owned())).collect()
    }
}

impl Arena {
    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> tegata_texts {
        let items: Vec<_> = texts.into_iter().map(|item| self.text(item.as_ref())).collect();
        tegata_texts { items: self.put_all(&items), len: items.len() }
    }
}

/// A name and its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_pair {
    /// The name.
    pub name: *const c_char,
    /// The value.
    pub value: *const c_char,
}

/// A list of names and values, such as what is known of a product.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_pairs {
    /// The pairs; may be NULL when there are none.
    pub items: *const tegata_pair,
    /// How many.
    pub len: usize,
}

impl tegata_pair {
    /// The name and the value.
    pub(crate) fn strings(&self, field: &str) -> Result<(String, String)> {
        Ok((text(self.name, field)?.to_owned(), text(self.value, field)?.to_owned()))
    }
}

impl tegata_pairs {
    /// The pairs by name; of a repeated name the last counts.
    pub(crate) fn map(self, field: &str) -> Result<BTreeMap<String, String>> {
        slice(self.items, self.len, field)?.iter().map(|pair| pair.strings(field)).collect()
    }
}

impl tegata_pairs {
    /// All pairs, in their order, for as long as the call.
    pub(crate) fn all<'a>(self, field: &str) -> Result<Vec<(&'a str, &'a str)>> {
        let pairs = slice(self.items, self.len, field)?.iter();
        pairs.map(|pair| Ok((text(pair.name, field)?, text(pair.value, field)?))).collect()
    }
}

impl Arena {
    /// Names and values.
    pub(crate) fn pairs(&mut self, map: &BTreeMap<String, String>) -> tegata_pairs {
        let items: Vec<_> =
            map.iter().map(|(name, value)| tegata_pair { name: self.text(name), value: self.text(value) }).collect();
        tegata_pairs { items: self.put_all(&items), len: items.len() }
    }
}

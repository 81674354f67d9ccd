//! Octets: a pointer and a length.

use std::ffi::c_char;
use std::ptr::null;

use tegata::Result;

use crate::arena::Arena;
use crate::boundary::{invalid, slice};
use crate::record::{ToC, free_record};

/// Octets that somebody else owns: in an input the caller, in a result the result.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_bytes {
    /// The octets. NULL for none; where they are optional, NULL with length 0 is their absence.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

impl tegata_bytes {
    /// Absent.
    pub(crate) const NONE: Self = Self { data: null(), len: 0 };

    /// For a callback, for as long as it runs.
    pub(crate) const fn lent(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// The octets.
    pub(crate) fn get<'a>(self, field: &str) -> Result<&'a [u8]> {
        slice(self.data, self.len, field)
    }

    /// The octets, or `None` for NULL.
    pub(crate) fn optional<'a>(self, field: &str) -> Result<Option<&'a [u8]>> {
        if self.data.is_null() && self.len == 0 { Ok(None) } else { self.get(field).map(Some) }
    }

    /// Exactly `N` octets.
    pub(crate) fn exactly<const N: usize>(self, field: &str) -> Result<[u8; N]> {
        self.get(field)?.try_into().map_err(|_| invalid(field, &format!("has not {N} octets")))
    }
}

/// A list of octet strings, such as a chain of certificates in DER.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_bytes_list {
    /// The octet strings; may be NULL when there are none.
    pub items: *const tegata_bytes,
    /// How many.
    pub len: usize,
}

impl Arena {
    /// A list of octet strings.
    pub(crate) fn bytes_list<T: AsRef<[u8]>>(&mut self, list: impl IntoIterator<Item = T>) -> tegata_bytes_list {
        let items: Vec<_> = list.into_iter().map(|item| self.bytes(item.as_ref())).collect();
        tegata_bytes_list { items: self.put_all(&items), len: items.len() }
    }
}

impl ToC for [Vec<u8>] {
    type C = tegata_bytes_list;

    fn to_c(&self, arena: &mut Arena) -> tegata_bytes_list {
        arena.bytes_list(self)
    }
}

/// Frees a list of octet strings that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_bytes_list_free(list: *const tegata_bytes_list) {
    free_record(list);
}

/// Octets that the library made: DER, a signature.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_buffer {
    /// The octets.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

impl ToC for [u8] {
    type C = tegata_buffer;

    fn to_c(&self, arena: &mut Arena) -> tegata_buffer {
        tegata_buffer { data: arena.put_all(self), len: self.len() }
    }
}

/// A secret that the library hands out, such as a private key: erased when freed.
pub(crate) struct Secretly<'a>(pub(crate) &'a [u8]);

impl ToC for Secretly<'_> {
    type C = tegata_buffer;

    fn to_c(&self, arena: &mut Arena) -> tegata_buffer {
        arena.holds_a_secret();
        self.0.to_c(arena)
    }
}

/// Frees octets that a call gave you; NULL is fine. Secrets are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_buffer_free(buffer: *const tegata_buffer) {
    free_record(buffer);
}

/// A text that the library made: PEM, a name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_string {
    /// The text, ended by a zero octet.
    pub text: *const c_char,
    /// Its length in octets, without the zero.
    pub len: usize,
}

impl ToC for str {
    type C = tegata_string;

    fn to_c(&self, arena: &mut Arena) -> tegata_string {
        // Where the text holds a zero octet, the arena writes three in its place.
        let zeros = self.bytes().filter(|octet| *octet == 0).count();
        tegata_string { text: arena.text(self), len: self.len() + 2 * zeros }
    }
}

/// A secret text that the library hands out: erased when freed.
pub(crate) struct SecretText<'a>(pub(crate) &'a str);

impl ToC for SecretText<'_> {
    type C = tegata_string;

    fn to_c(&self, arena: &mut Arena) -> tegata_string {
        arena.holds_a_secret();
        self.0.to_c(arena)
    }
}

/// Frees a text that a call gave you; NULL is fine. Secrets are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_string_free(string: *const tegata_string) {
    free_record(string);
}

//! The names of a subjectAltName. As inputs they are texts, `DNS:pump-7.local`; as results tagged records.

use std::ffi::c_char;
use std::ptr::null;

use tegata::{GeneralName, Oid, Result};

use crate::arena::Arena;
use crate::boundary::{optional, out, run};
use crate::bytes::tegata_bytes;
use crate::number::Number;
use crate::record::{ToC, free_record};
use crate::status::{tegata_error, tegata_status};
use crate::text::{parsed, tegata_texts};

/// What kind of name a `tegata_general_name` is.
#[repr(C)]
pub enum tegata_general_name_type {
    /// A host name, `DNS:`.
    Dns = 1,
    /// An IPv4 or IPv6 address, `IP:`.
    Ip = 2,
    /// A mail address, `email:`.
    Email = 3,
    /// A URI, `URI:`.
    Uri = 4,
    /// A distinguished name, `dirName:` and its form of RFC 4514.
    DirectoryName = 5,
    /// An object identifier, `RID:`.
    RegisteredId = 6,
    /// Anything else: `otherName:`, the type, `=#` and the DER in hexadecimal.
    Other = 7,
}

/// One name of a subjectAltName (RFC 5280, 4.2.1.6).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_general_name {
    /// Which kind.
    pub r#type: Number<tegata_general_name_type>,
    /// The whole name as text, such as `IP:192.0.2.7`: what the library takes wherever it takes such names.
    pub text: *const c_char,
    /// The name without its prefix, such as `192.0.2.7`; NULL for `OTHER`.
    pub value: *const c_char,
    /// For `OTHER`: its type, a dotted OID; otherwise NULL.
    pub other_type: *const c_char,
    /// For `OTHER`: the value, one DER element.
    pub other_value: tegata_bytes,
}

impl ToC for GeneralName {
    type C = tegata_general_name;

    fn to_c(&self, arena: &mut Arena) -> tegata_general_name {
        use tegata_general_name_type as Type;
        let (kind, value) = match self {
            Self::Dns(name) => (Type::Dns as i32, arena.text(name.as_str())),
            Self::Ip(address) => (Type::Ip as i32, arena.shown(address)),
            Self::Email(address) => (Type::Email as i32, arena.text(address.as_str())),
            Self::Uri(uri) => (Type::Uri as i32, arena.text(uri.as_str())),
            Self::DirectoryName(name) => (Type::DirectoryName as i32, arena.shown(name)),
            Self::RegisteredId(oid) => (Type::RegisteredId as i32, arena.shown(oid)),
            Self::Other { .. } => (Type::Other as i32, null()),
            // A kind that the core gains and the header does not know yet.
            _ => (0, null()),
        };
        let other = if let Self::Other { type_id, value } = self { Some((type_id, value)) } else { None };
        tegata_general_name {
            r#type: Number::of(kind),
            text: arena.shown(self),
            value,
            other_type: arena.maybe_shown(other.map(|(type_id, _)| type_id)),
            other_value: arena.maybe_bytes(other.map(|(_, value)| value.as_slice())),
        }
    }
}

/// Names of a subjectAltName.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_general_names {
    /// The names, in order; NULL when there are none.
    pub items: *const *const tegata_general_name,
    /// How many.
    pub len: usize,
}

impl ToC for [GeneralName] {
    type C = tegata_general_names;

    fn to_c(&self, arena: &mut Arena) -> tegata_general_names {
        tegata_general_names { items: arena.records(self), len: self.len() }
    }
}

/// The names that C passes as texts; none for NULL.
pub(crate) fn general_names(texts: *const tegata_texts, field: &str) -> Result<Vec<GeneralName>> {
    let Some(texts) = optional(texts) else { return Ok(Vec::new()) };
    texts.strings(field)?.iter().map(|text| text.parse()).collect()
}

/// Reads a name such as `DNS:pump-7.local`, `IP:192.0.2.7`, `email:a@example.com`, `URI:urn:dev:mac:00`,
/// `dirName:CN=x`, `RID:1.2.3` or `otherName:1.2.3=#0c0161`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_general_name_parse(
    text: *const c_char,
    name: *mut *const tegata_general_name,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let name = out(name, "name")?;
        name.give(&parsed::<GeneralName>(text, "text")?);
        Ok(())
    })
}

/// Makes an otherName of its type (a dotted OID) and its value (one DER element), such as a hardwareModuleName.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_general_name_other(
    type_id: *const c_char,
    value: tegata_bytes,
    name: *mut *const tegata_general_name,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let name = out(name, "name")?;
        name.give(&GeneralName::other(parsed::<Oid>(type_id, "type_id")?, value.get("value")?)?);
        Ok(())
    })
}

/// Frees a name that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_general_name_free(name: *const tegata_general_name) {
    free_record(name);
}

/// Frees names that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_general_names_free(names: *const tegata_general_names) {
    free_record(names);
}

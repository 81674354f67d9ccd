//! Distinguished names, taken apart. Everywhere else they are texts (RFC 4514), `CN=pump-7,O=Example`.

use std::ffi::c_char;

use tegata::x509::name::NameAttribute;
use tegata::{Attribute, Name};

use crate::arena::Arena;
use crate::boundary::{out, run};
use crate::bytes::tegata_bytes;
use crate::number::Number;
use crate::record::{ToC, free_record};
use crate::status::{tegata_error, tegata_status};
use crate::text::parsed;

/// One attribute of a name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_name_attribute {
    /// Its type, a dotted OID.
    pub oid: *const c_char,
    /// The short name of the type, such as `CN`; NULL when it has none here.
    pub short_name: *const c_char,
    /// Its value as text; `#` and hexadecimal DER when it is not a character string.
    pub value: *const c_char,
    /// Which RDN it belongs to, counted from 0 in the order of the DER. Several attributes may share one.
    pub rdn: usize,
}

/// A distinguished name (RFC 5280, 4.1.2.4).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_name {
    /// Its text (RFC 4514): the last RDN of the DER comes first. Empty for the empty name.
    pub text: *const c_char,
    /// Its DER.
    pub der: tegata_bytes,
    /// Its common name, the most specific one; NULL when it has none.
    pub common_name: *const c_char,
    /// Its attributes in the order of the DER.
    pub attributes: *const *const tegata_name_attribute,
    /// How many.
    pub attributes_len: usize,
}

struct InRdn(usize, NameAttribute);

impl ToC for InRdn {
    type C = tegata_name_attribute;

    fn to_c(&self, arena: &mut Arena) -> tegata_name_attribute {
        tegata_name_attribute {
            oid: arena.shown(&self.1.oid),
            short_name: arena.maybe_text(self.1.attribute().map(Attribute::short_name)),
            value: arena.text(&self.1.value),
            rdn: self.0,
        }
    }
}

impl ToC for Name {
    type C = tegata_name;

    fn to_c(&self, arena: &mut Arena) -> tegata_name {
        let rdns = self.attributes().into_iter().enumerate();
        let attributes: Vec<InRdn> =
            rdns.flat_map(|(at, rdn)| rdn.into_iter().map(move |attribute| InRdn(at, attribute))).collect();
        tegata_name {
            text: arena.shown(self),
            der: arena.bytes(self.as_der()),
            common_name: arena.maybe_text(self.common_name().as_deref()),
            attributes: arena.records(&attributes),
            attributes_len: attributes.len(),
        }
    }
}

/// Reads a name from its text (RFC 4514), such as `CN=pump-7,O=Example,C=JP`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_name_parse(
    text: *const c_char,
    name: *mut *const tegata_name,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let name = out(name, "name")?;
        name.give(&parsed::<Name>(text, "text")?);
        Ok(())
    })
}

/// Reads a name from its DER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_name_from_der(
    der: tegata_bytes,
    name: *mut *const tegata_name,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let name = out(name, "name")?;
        name.give(&Name::from_der(der.get("der")?)?);
        Ok(())
    })
}

/// Frees a name that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_name_free(name: *const tegata_name) {
    free_record(name);
}

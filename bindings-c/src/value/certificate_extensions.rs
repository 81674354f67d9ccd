//! What the extensions of a certificate say.

// The constants are for the header.
#![allow(dead_code)]

use std::ffi::c_char;

use tegata::x509::{BasicConstraints, CertificateExtensions};
use tegata::{KeyUsage, Oid};

use crate::arena::Arena;
use crate::bytes::tegata_bytes;
use crate::record::ToC;
use crate::text::tegata_texts;

/// Signatures other than on certificates and CRLs, such as in TLS.
pub const TEGATA_KEY_USAGE_DIGITAL_SIGNATURE: u16 = 1;
/// Signatures meant to bind the signer.
pub const TEGATA_KEY_USAGE_NON_REPUDIATION: u16 = 2;
/// Encryption of keys, as RSA key exchange does.
pub const TEGATA_KEY_USAGE_KEY_ENCIPHERMENT: u16 = 4;
/// Encryption of data itself.
pub const TEGATA_KEY_USAGE_DATA_ENCIPHERMENT: u16 = 8;
/// Diffie-Hellman.
pub const TEGATA_KEY_USAGE_KEY_AGREEMENT: u16 = 16;
/// Signatures on certificates.
pub const TEGATA_KEY_USAGE_KEY_CERT_SIGN: u16 = 32;
/// Signatures on CRLs.
pub const TEGATA_KEY_USAGE_CRL_SIGN: u16 = 64;
/// With `KEY_AGREEMENT`: only to encrypt.
pub const TEGATA_KEY_USAGE_ENCIPHER_ONLY: u16 = 128;
/// With `KEY_AGREEMENT`: only to decrypt.
pub const TEGATA_KEY_USAGE_DECIPHER_ONLY: u16 = 256;

/// Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_basic_constraints {
    /// Whether it is a CA certificate.
    pub ca: bool,
    /// How many intermediate CA certificates may follow it; NULL for any number.
    pub path_len: *const u8,
}

impl ToC for BasicConstraints {
    type C = tegata_basic_constraints;

    fn to_c(&self, arena: &mut Arena) -> tegata_basic_constraints {
        tegata_basic_constraints { ca: self.ca, path_len: arena.maybe(self.path_len) }
    }
}

/// One extension of a certificate.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_extension_mark {
    /// Which one, a dotted OID.
    pub oid: *const c_char,
    /// Whether it is critical.
    pub critical: bool,
}

impl ToC for (Oid, bool) {
    type C = tegata_extension_mark;

    fn to_c(&self, arena: &mut Arena) -> tegata_extension_mark {
        tegata_extension_mark { oid: arena.shown(&self.0), critical: self.1 }
    }
}

/// What the extensions of a certificate say (RFC 5280, 4.2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_extensions {
    /// Whether it may issue others; NULL when the extension is missing.
    pub basic_constraints: *const tegata_basic_constraints,
    /// What the key may be used for: `TEGATA_KEY_USAGE_` bits. NULL when the extension is missing.
    pub key_usage: *const u16,
    /// For which purposes: dotted OIDs; none when the extension is missing.
    pub extended_key_usage: tegata_texts,
    /// The DER `GeneralNames` of the subject, if any; `tegata_certificate_names()` reads them.
    pub subject_alt_name: tegata_bytes,
    /// The subject key identifier, if any.
    pub subject_key_id: tegata_bytes,
    /// The key identifier of the issuer, if it is given that way.
    pub authority_key_id: tegata_bytes,
    /// Addresses of CRLs.
    pub crl_distribution_points: tegata_texts,
    /// Addresses of OCSP responders.
    pub ocsp: tegata_texts,
    /// Addresses of the issuer's certificate.
    pub ca_issuers: tegata_texts,
    /// Certificate policies: dotted OIDs.
    pub policies: tegata_texts,
    /// Every extension in order; NULL when there are none.
    pub all: *const *const tegata_extension_mark,
    /// How many.
    pub all_len: usize,
}

impl ToC for CertificateExtensions {
    type C = tegata_certificate_extensions;

    fn to_c(&self, arena: &mut Arena) -> tegata_certificate_extensions {
        let oids = |arena: &mut Arena, oids: &[Oid]| arena.texts(oids.iter().map(ToString::to_string));
        tegata_certificate_extensions {
            basic_constraints: arena.maybe_record(self.basic_constraints.as_ref()),
            key_usage: arena.maybe(self.key_usage.map(KeyUsage::bits)),
            extended_key_usage: oids(arena, &self.extended_key_usage),
            subject_alt_name: arena.maybe_bytes(self.subject_alt_name.as_deref()),
            subject_key_id: arena.maybe_bytes(self.subject_key_id.as_deref()),
            authority_key_id: arena.maybe_bytes(self.authority_key_id.as_deref()),
            crl_distribution_points: arena.texts(&self.crl_distribution_points),
            ocsp: arena.texts(&self.ocsp),
            ca_issuers: arena.texts(&self.ca_issuers),
            policies: oids(arena, &self.policies),
            all: arena.records(&self.all),
            all_len: self.all.len(),
        }
    }
}

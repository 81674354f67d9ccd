//! Certificates that were read.

use std::ffi::c_char;

use tegata::{Certificate, PublicKey, Result, Timestamp, parse_certificate};

use super::asked;
use super::certificate_extensions::tegata_certificate_extensions;
use super::general_name::tegata_general_names;
use super::public_key::tegata_public_key;
use crate::algorithm::tegata_signature_algorithm;
use crate::arena::Arena;
use crate::boundary::{optional, out, run, slice};
use crate::bytes::{tegata_bytes, tegata_string};
use crate::number::Number;
use crate::record::{Originates, ToC, free_record, origin};
use crate::status::{tegata_error, tegata_status};

/// A certificate that was read: its DER and what is in it. It is well-formed; nothing says that it is trusted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate {
    /// The whole certificate in DER, octet for octet as it was read.
    pub der: tegata_bytes,
    /// 1, 2 or 3.
    pub version: u8,
    /// The serial number: the content of its INTEGER, big endian.
    pub serial: tegata_bytes,
    /// The serial number in upper-case hexadecimal.
    pub serial_hex: *const c_char,
    /// Who issued it (RFC 4514).
    pub issuer: *const c_char,
    /// The issuer's DER.
    pub issuer_der: tegata_bytes,
    /// Whom it names (RFC 4514).
    pub subject: *const c_char,
    /// The subject's DER.
    pub subject_der: tegata_bytes,
    /// The first second of validity.
    pub not_before: i64,
    /// The last second of validity.
    pub not_after: i64,
    /// The `SubjectPublicKeyInfo` in DER, which may be of any kind.
    pub spki: tegata_bytes,
    /// What it is signed with; 0 for an algorithm that this library does not know.
    pub signature_algorithm: Number<tegata_signature_algorithm>,
    /// The `AlgorithmIdentifier` of the signature in DER.
    pub signature_algorithm_der: tegata_bytes,
    /// The signed part in DER.
    pub tbs: tegata_bytes,
    /// The signature.
    pub signature: tegata_bytes,
    /// Whether its basic constraints make it a CA certificate.
    pub is_ca: bool,
    /// How many intermediate CA certificates may follow it; NULL when that is not limited.
    pub path_len: *const u8,
    /// Whether issuer and subject are the same name.
    pub is_self_issued: bool,
    /// The SHA-256 of the DER: 32 octets.
    pub fingerprint_sha256: tegata_bytes,
    /// What the extensions say. Never NULL.
    pub extensions: *const tegata_certificate_extensions,
}

impl ToC for Certificate {
    type C = tegata_certificate;

    fn to_c(&self, arena: &mut Arena) -> tegata_certificate {
        tegata_certificate {
            der: arena.bytes(self.der()),
            version: self.version(),
            serial: arena.bytes(self.serial()),
            serial_hex: arena.text(&self.serial_hex()),
            issuer: arena.shown(self.issuer()),
            issuer_der: arena.bytes(self.issuer().as_der()),
            subject: arena.shown(self.subject()),
            subject_der: arena.bytes(self.subject().as_der()),
            not_before: self.not_before().unix(),
            not_after: self.not_after().unix(),
            spki: arena.bytes(self.spki()),
            signature_algorithm: self.signature_algorithm().map_or(Number::of(0), Into::into),
            signature_algorithm_der: arena.bytes(self.signature_algorithm_der()),
            tbs: arena.bytes(self.tbs()),
            signature: arena.bytes(self.signature()),
            is_ca: self.is_ca(),
            path_len: arena.maybe(self.path_len()),
            is_self_issued: self.is_self_issued(),
            fingerprint_sha256: arena.bytes(&self.fingerprint_sha256()),
            extensions: arena.record(self.extensions()),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}

impl Originates for Certificate {}

/// Certificates, as a result or as an argument: point `items` at your own array of pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificates {
    /// The certificates, in order; may be NULL when there are none.
    pub items: *const *const tegata_certificate,
    /// How many.
    pub len: usize,
}

impl ToC for [Certificate] {
    type C = tegata_certificates;

    fn to_c(&self, arena: &mut Arena) -> tegata_certificates {
        tegata_certificates { items: arena.records(self), len: self.len() }
    }
}

/// The certificates that C passes; none for NULL.
pub(crate) fn certificates(list: *const tegata_certificates, field: &str) -> Result<Vec<Certificate>> {
    let Some(list) = optional(list) else { return Ok(Vec::new()) };
    slice(list.items, list.len, field)?.iter().map(|item| origin::<Certificate>(*item, field).cloned()).collect()
}

/// Reads one certificate, DER or PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_parse_certificate(
    input: tegata_bytes,
    certificate: *mut *const tegata_certificate,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate = out(certificate, "certificate")?;
        certificate.give(&parse_certificate(input.get("input")?)?);
        Ok(())
    })
}

/// Reads all certificates of a PEM text, in order; other blocks are skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_many_from_pem(
    input: tegata_bytes,
    certificates: *mut *const tegata_certificates,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificates = out(certificates, "certificates")?;
        let read = Certificate::many_from_pem(input.get("input")?)?;
        certificates.give(read.as_slice());
        Ok(())
    })
}

/// The whole certificate in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_pem(
    certificate: *const tegata_certificate,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<Certificate>(certificate, "certificate")?.pem().as_str());
        Ok(())
    })
}

/// The subject's key when it is of an accepted kind: `key.algorithm` and other codes of `key` when not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_public_key(
    certificate: *const tegata_certificate,
    key: *mut *const tegata_public_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&origin::<Certificate>(certificate, "certificate")?.public_key()?);
        Ok(())
    })
}

/// The subject's alternative names; none when the extension is missing. `input.invalid` when it holds a name that this
/// library does not accept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_names(
    certificate: *const tegata_certificate,
    names: *mut *const tegata_general_names,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let names = out(names, "names")?;
        names.give(origin::<Certificate>(certificate, "certificate")?.extensions().names()?.as_slice());
        Ok(())
    })
}

/// Checks the signature with the issuer's key; names and validity are `tegata_verify_chain()`'s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_verify_signed_by(
    certificate: *const tegata_certificate,
    issuer: *const tegata_public_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        origin::<Certificate>(certificate, "certificate")?.verify_signed_by(origin::<PublicKey>(issuer, "issuer")?)
    })
}

/// Whether it is self-issued and verifies with its own key. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_is_self_signed(certificate: *const tegata_certificate) -> bool {
    asked::<Certificate>(certificate, Certificate::is_self_signed)
}

/// Whether `at` lies within the validity, both ends included. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_is_valid_at(certificate: *const tegata_certificate, at: i64) -> bool {
    asked::<Certificate>(certificate, |certificate| certificate.is_valid_at(Timestamp::from_unix(at)))
}

/// Frees a certificate that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_free(certificate: *const tegata_certificate) {
    free_record(certificate);
}

/// Frees certificates that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_free(certificates: *const tegata_certificates) {
    free_record(certificates);
}

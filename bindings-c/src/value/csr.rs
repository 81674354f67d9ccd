//! Certification requests.

use std::ffi::c_char;

use tegata::x509::csr::RequestedExtension;
use tegata::{KeyUsage, Name, VerifiedCsr, csr_pem, make_csr, parse_csr};

use super::general_name::{general_names, tegata_general_names};
use super::public_key::tegata_public_key;
use crate::arena::Arena;
use crate::boundary::{out, run};
use crate::bytes::{tegata_buffer, tegata_bytes, tegata_string};
use crate::number::Number;
use crate::record::{ToC, free_record};
use crate::signer::{self, tegata_signer};
use crate::status::{tegata_error, tegata_status};
use crate::text::{maybe_parsed, tegata_texts};

/// An extension that a request asks for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_requested_extension {
    /// Which one, a dotted OID.
    pub oid: *const c_char,
    /// Whether it was asked for as critical.
    pub critical: bool,
    /// The DER inside its extnValue octets.
    pub value: tegata_bytes,
}

impl ToC for RequestedExtension {
    type C = tegata_requested_extension;

    fn to_c(&self, arena: &mut Arena) -> tegata_requested_extension {
        tegata_requested_extension {
            oid: arena.shown(&self.oid),
            critical: self.critical,
            value: arena.bytes(&self.value),
        }
    }
}

/// A certification request whose signature was verified with its own key, so whoever sent it holds that key. What it asks
/// for are wishes; the profile decides.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_csr {
    /// The request in DER.
    pub der: tegata_bytes,
    /// The subject asked for (RFC 4514); may be empty.
    pub subject: *const c_char,
    /// The subject's DER.
    pub subject_der: tegata_bytes,
    /// The key that signed the request.
    pub public_key: *const tegata_public_key,
    /// The names asked for in the subjectAltName. Never NULL.
    pub san: *const tegata_general_names,
    /// All extensions asked for, those with a field of their own included; NULL when there are none.
    pub extensions: *const *const tegata_requested_extension,
    /// How many.
    pub extensions_len: usize,
    /// The key usage asked for: `TEGATA_KEY_USAGE_` bits. NULL when none was.
    pub key_usage: *const u16,
    /// The purposes asked for in the extended key usage: dotted OIDs.
    pub extended_key_usage: tegata_texts,
    /// Whether the basic constraints ask for a CA certificate.
    pub wants_ca: bool,
    /// The challengePassword; NULL when there is none. Erased when the request is freed.
    pub challenge_password: *const c_char,
}

impl ToC for VerifiedCsr {
    type C = tegata_csr;

    fn to_c(&self, arena: &mut Arena) -> tegata_csr {
        if self.challenge_password().is_some() {
            arena.holds_a_secret();
        }
        tegata_csr {
            der: arena.bytes(self.der()),
            subject: arena.shown(self.subject()),
            subject_der: arena.bytes(self.subject().as_der()),
            public_key: arena.record(self.public_key()),
            san: arena.record(self.san()),
            extensions: arena.records(self.extensions()),
            extensions_len: self.extensions().len(),
            key_usage: arena.maybe(self.key_usage().map(KeyUsage::bits)),
            extended_key_usage: arena.texts(self.extended_key_usage().iter().map(ToString::to_string)),
            wants_ca: self.wants_ca(),
            challenge_password: arena.maybe_text(self.challenge_password()),
        }
    }
}

/// Makes a certification request for the key of `signer`, in DER. `subject` is a name (RFC 4514), NULL or empty for
/// none; `san` holds names such as `DNS:pump-7.local`, NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_make_csr(
    signer: *const tegata_signer,
    subject: *const c_char,
    san: *const tegata_texts,
    csr: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let csr = out(csr, "csr")?;
        let signer = signer::signer(signer, "signer")?;
        let subject = maybe_parsed(subject, "subject")?.unwrap_or_else(Name::empty);
        csr.give(make_csr(signer, &subject, &general_names(san, "san")?)?.as_slice());
        Ok(())
    })
}

/// A request in PEM (`CERTIFICATE REQUEST`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_csr_pem(
    der: tegata_bytes,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(csr_pem(der.get("der")?).as_str());
        Ok(())
    })
}

/// Reads a request, DER or PEM, and verifies it. A code of the area `csr` names what is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_parse_csr(
    bytes: tegata_bytes,
    csr: *mut *const tegata_csr,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let csr = out(csr, "csr")?;
        csr.give(&parse_csr(bytes.get("bytes")?)?);
        Ok(())
    })
}

/// Frees a request that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_csr_free(csr: *const tegata_csr) {
    free_record(csr);
}

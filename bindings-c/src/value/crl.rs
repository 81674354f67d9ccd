//! CRLs that were read.

use std::ffi::c_char;

use tegata::x509::crl::Revocation;
use tegata::{Crl, PublicKey, Result, Timestamp};

use super::asked;
use super::public_key::tegata_public_key;
use crate::algorithm::{tegata_revocation_reason, tegata_signature_algorithm};
use crate::arena::Arena;
use crate::boundary::{optional, out, run, slice};
use crate::bytes::{tegata_buffer, tegata_bytes, tegata_string};
use crate::number::Number;
use crate::record::{Originates, ToC, free_record, origin};
use crate::status::{tegata_error, tegata_status};

/// A CRL that was read. It is well-formed; whether its issuer signed it, `tegata_crl_verify_signed_by()` says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crl {
    /// Who issued it (RFC 4514).
    pub issuer: *const c_char,
    /// The issuer's DER.
    pub issuer_der: tegata_bytes,
    /// The CRL number; NULL when it is not there or does not fit 64 bits.
    pub number: *const u64,
    /// For a delta CRL, the number of the complete CRL that it builds on; otherwise NULL.
    pub delta_base: *const u64,
    /// Whether it is complete: neither a delta nor limited to a shard, some certificates or reasons.
    pub is_complete: bool,
    /// The key identifier of the issuer, if it is given.
    pub authority_key_id: tegata_bytes,
    /// When it was made.
    pub this_update: i64,
    /// When the next one is due; NULL when it does not say.
    pub next_update: *const i64,
    /// What it is signed with; 0 for an algorithm that this library does not know.
    pub signature_algorithm: Number<tegata_signature_algorithm>,
    /// How many entries it has.
    pub len: usize,
}

impl ToC for Crl {
    type C = tegata_crl;

    fn to_c(&self, arena: &mut Arena) -> tegata_crl {
        tegata_crl {
            issuer: arena.shown(self.issuer()),
            issuer_der: arena.bytes(self.issuer().as_der()),
            number: arena.maybe(self.number()),
            delta_base: arena.maybe(self.delta_base()),
            is_complete: self.is_complete(),
            authority_key_id: arena.maybe_bytes(self.authority_key_id()),
            this_update: self.this_update().unix(),
            next_update: arena.maybe(self.next_update().map(Timestamp::unix)),
            signature_algorithm: self.signature_algorithm().map_or(Number::of(0), Into::into),
            len: self.len(),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}

impl Originates for Crl {}

/// CRLs as an argument: point `items` at your own array of pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crls {
    /// The CRLs; may be NULL when there are none.
    pub items: *const *const tegata_crl,
    /// How many.
    pub len: usize,
}

/// The CRLs that C passes; none for NULL.
pub(super) fn crls(list: *const tegata_crls, field: &str) -> Result<Vec<Crl>> {
    let Some(list) = optional(list) else { return Ok(Vec::new()) };
    slice(list.items, list.len, field)?.iter().map(|item| origin::<Crl>(*item, field).cloned()).collect()
}

/// One entry of a CRL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_revocation {
    /// The serial number of the certificate: the content of its INTEGER.
    pub serial: tegata_bytes,
    /// When it was revoked.
    pub at: i64,
    /// Why; `UNSPECIFIED` when the CRL does not say.
    pub reason: Number<tegata_revocation_reason>,
}

struct Entry<'a>(&'a [u8], Revocation);

impl ToC for Entry<'_> {
    type C = tegata_revocation;

    fn to_c(&self, arena: &mut Arena) -> tegata_revocation {
        tegata_revocation { serial: arena.bytes(self.0), at: self.1.at.unix(), reason: self.1.reason.into() }
    }
}

/// Entries of a CRL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_revocations {
    /// The entries, by serial number; NULL when there are none.
    pub items: *const *const tegata_revocation,
    /// How many.
    pub len: usize,
}

impl ToC for [Entry<'_>] {
    type C = tegata_revocations;

    fn to_c(&self, arena: &mut Arena) -> tegata_revocations {
        tegata_revocations { items: arena.records(self), len: self.len() }
    }
}

/// Reads one CRL, DER or PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_from_bytes(
    input: tegata_bytes,
    crl: *mut *const tegata_crl,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let crl = out(crl, "crl")?;
        crl.give(&Crl::from_bytes(input.get("input")?)?);
        Ok(())
    })
}

/// The whole CRL in DER, octet for octet as it was read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_der(
    crl: *const tegata_crl,
    der: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let der = out(der, "der")?;
        der.give(origin::<Crl>(crl, "crl")?.der());
        Ok(())
    })
}

/// The whole CRL in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_pem(
    crl: *const tegata_crl,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<Crl>(crl, "crl")?.pem().as_str());
        Ok(())
    })
}

/// The entry of the certificate with this serial number. `*revocation` becomes NULL when there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_get(
    crl: *const tegata_crl,
    serial: tegata_bytes,
    revocation: *mut *const tegata_revocation,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let revocation = out(revocation, "revocation")?;
        let serial = serial.get("serial")?;
        match origin::<Crl>(crl, "crl")?.get(serial)? {
            Some(found) => revocation.give(&Entry(serial, found)),
            None => revocation.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// All entries, by serial number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_entries(
    crl: *const tegata_crl,
    entries: *mut *const tegata_revocations,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let place = out(entries, "entries")?;
        let entries: Vec<Entry<'_>> = origin::<Crl>(crl, "crl")?
            .entries()
            .map(|entry| entry.map(|(serial, revocation)| Entry(serial, revocation)))
            .collect::<Result<_>>()?;
        place.give(entries.as_slice());
        Ok(())
    })
}

/// Whether its nextUpdate has passed at `at`. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_is_stale_at(crl: *const tegata_crl, at: i64) -> bool {
    asked::<Crl>(crl, |crl| crl.is_stale_at(Timestamp::from_unix(at)))
}

/// Checks the signature with the issuer's key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_verify_signed_by(
    crl: *const tegata_crl,
    issuer: *const tegata_public_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || origin::<Crl>(crl, "crl")?.verify_signed_by(origin::<PublicKey>(issuer, "issuer")?))
}

/// Frees a CRL that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_free(crl: *const tegata_crl) {
    free_record(crl);
}

/// Frees an entry that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_revocation_free(revocation: *const tegata_revocation) {
    free_record(revocation);
}

/// Frees entries that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_revocations_free(revocations: *const tegata_revocations) {
    free_record(revocations);
}

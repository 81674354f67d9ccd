//! Checking a chain of certificates.

use std::ffi::c_char;

use tegata::{Certificate, Purpose, Result, Timestamp, VerifiedChain, verify_chain};

use super::certificate::{certificates, tegata_certificate, tegata_certificates};
use super::crl::{crls, tegata_crls};
use crate::arena::Arena;
use crate::boundary::{invalid, out, run};
use crate::input::{ToCore, given, growing};
use crate::number::Number;
use crate::record::{ToC, free_record, origin};
use crate::status::{tegata_error, tegata_status};
use crate::text::parsed;

/// What a certificate is to be used for.
#[repr(C)]
pub enum tegata_purpose_type {
    /// As a TLS server.
    ServerAuth = 1,
    /// As a TLS client.
    ClientAuth = 2,
    /// For the extended key usage in `oid`.
    Other = 3,
    /// For anything: extended key usage is not looked at.
    Any = 4,
}

/// What a certificate is to be used for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_purpose {
    /// `sizeof(tegata_purpose)`.
    pub size: usize,
    /// What. Required.
    pub r#type: Number<tegata_purpose_type>,
    /// For `OTHER`: the extended key usage, a dotted OID.
    pub oid: *const c_char,
}
growing!(tegata_purpose);

impl ToCore for tegata_purpose {
    type Core = Purpose;

    fn to_core(&self) -> Result<Purpose> {
        use tegata_purpose_type as Type;
        Ok(match self.r#type.get() {
            kind if kind == Type::ServerAuth as i32 => Purpose::ServerAuth,
            kind if kind == Type::ClientAuth as i32 => Purpose::ClientAuth,
            kind if kind == Type::Other as i32 => Purpose::Other(parsed(self.oid, "purpose.oid")?),
            kind if kind == Type::Any as i32 => Purpose::Any,
            _ => return Err(invalid("purpose.type", "is not a number of its enum")),
        })
    }
}

/// A chain whose every link was checked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_verified_chain {
    /// The certificates from the leaf to the root. Never NULL.
    pub certificates: *const tegata_certificates,
    /// The root that it leads to; the last of `certificates`.
    pub root: *const tegata_certificate,
    /// For how many certificates, counted from the leaf, there was a CRL of their issuer.
    pub revocation_checked: usize,
}

impl ToC for VerifiedChain {
    type C = tegata_verified_chain;

    fn to_c(&self, arena: &mut Arena) -> tegata_verified_chain {
        tegata_verified_chain {
            certificates: arena.record(self.certificates()),
            root: arena.maybe_record(self.root()),
            revocation_checked: self.revocation_checked(),
        }
    }
}

/// Checks that `leaf` may be used for `purpose` at `at` and that a chain leads from it through any of `intermediates`, in
/// any order, to one of `roots`. Every certificate below the root is looked up in the CRL of its issuer, if one is among
/// `crls`; a chain without CRLs passes, and `revocation_checked` tells. Each of the three lists may be NULL. When the chain is
/// refused, the code says why: `certificate.expired`, `.not_yet_valid`, `.chain_incomplete`, `.chain_signature`,
/// `.chain_constraint`, `.chain_purpose`, `.chain_algorithm`, `.chain_revoked`, `.crl_stale`, `.crl_signature`,
/// `.crl_malformed` or `.malformed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verify_chain(
    leaf: *const tegata_certificate,
    intermediates: *const tegata_certificates,
    roots: *const tegata_certificates,
    crls: *const tegata_crls,
    purpose: *const tegata_purpose,
    at: i64,
    chain: *mut *const tegata_verified_chain,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let chain = out(chain, "chain")?;
        let leaf = origin::<Certificate>(leaf, "leaf")?;
        let intermediates = certificates(intermediates, "intermediates")?;
        let roots = certificates(roots, "roots")?;
        let crls = self::crls(crls, "crls")?;
        let purpose = given(purpose, "purpose")?;
        chain.give(&verify_chain(leaf, &intermediates, &roots, &crls, &purpose, Timestamp::from_unix(at))?);
        Ok(())
    })
}

/// Frees a chain that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verified_chain_free(chain: *const tegata_verified_chain) {
    free_record(chain);
}

//! CRLs: the registry's own, and any that was read.

use tegata::model::CrlPolicy;
use tegata::{AuthorityId, Name, RevocationReason, SignatureAlgorithm, Timestamp};

use crate::bulk::count;
use crate::error::Result;
use crate::keys::PublicKey;
use crate::values::twin;

twin! {
    /// A CRL of an authority.
    CrlRecord of tegata::model::Crl {
        /// Whose.
        authority: AuthorityId,
        /// Which shard; 0 for the list of all certificates.
        shard: u32,
        /// Its number (RFC 5280, 5.2.3); only grows.
        number: u64,
        /// For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4).
        base: Option<u64>,
        /// When it was made.
        this_update: Timestamp,
        /// When a newer one will have come.
        next_update: Timestamp,
        /// When it is to be made anew, so that the newer one comes in time.
        refresh_at: Timestamp,
        /// How many certificates it lists.
        entries: u64,
        /// The CRL in DER.
        der: Vec<u8>,
    }
}

/// How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they are made.
#[uniffi::remote(Record)]
pub struct CrlPolicy {
    /// How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it is
    /// issued: another number of shards opens new ones, and the old ones are kept up for their certificates.
    #[uniffi(default = 0)]
    pub shards: u32,
    /// Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its number).
    /// They stand in the certificates (RFC 5280, 4.2.1.13) instead of those of the profile, and in the CRLs of shards,
    /// which need them.
    #[uniffi(default = [])]
    pub urls: Vec<String>,
    /// Where a delta CRL can be fetched, likewise. With delta CRLs, they stand in the certificates (RFC 5280, 4.2.1.15).
    #[uniffi(default = [])]
    pub delta_urls: Vec<String>,
    /// When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year).
    #[uniffi(default = 168)]
    pub next_update_hours: u32,
    /// When the next delta CRL will have come, in hours, less than for complete ones; left out for no delta CRLs.
    #[uniffi(default)]
    pub delta_hours: Option<u32>,
    /// How long before that a CRL is due to be made anew, in hours, so that it is at its address in time. Of a delta CRL it
    /// is at most half its time.
    #[uniffi(default = 24)]
    pub overlap_hours: u32,
}

twin! {
    /// How one of the CRLs that an authority keeps up stands.
    CrlState of tegata::model::CrlState {
        /// Whose.
        authority: AuthorityId,
        /// Which shard; 0 for the list of all certificates.
        shard: u32,
        /// Whether it is the delta CRL.
        delta: bool,
        /// The number of the newest; nothing while there is none yet.
        number: Option<u64>,
        /// When that was made.
        this_update: Option<Timestamp>,
        /// When a newer one will have come.
        next_update: Option<Timestamp>,
        /// When it is to be made anew; nothing when it is not kept up any more.
        refresh_at: Option<Timestamp>,
        /// Where it can be fetched, as far as the authority's policy says so.
        addresses: Vec<String>,
    }
}

#[uniffi::export]
impl CrlRecord {
    /// The CRL in PEM.
    pub fn pem(&self) -> Result<String> {
        Ok(tegata::pack::encode_pem("X509 CRL", &self.der)?.expose().clone())
    }
}

/// An entry of a CRL: which certificate was revoked, when and why.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Revocation {
    /// The serial number's octets.
    pub serial: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Why; `Unspecified` when the CRL does not say.
    pub reason: RevocationReason,
}

fn revocation(serial: &[u8], entry: tegata::x509::Revocation) -> Revocation {
    Revocation { serial: serial.to_vec(), at: entry.at, reason: entry.reason }
}

/// A CRL that was read. It is well-formed; whether its issuer signed it, `verify_signed_by` says.
#[derive(uniffi::Object)]
pub struct Crl(pub(crate) tegata::Crl);

#[uniffi::export]
impl Crl {
    /// Reads one CRL, DER or PEM.
    #[uniffi::constructor]
    pub fn from_bytes(input: Vec<u8>) -> Result<Self> {
        Ok(Self(tegata::Crl::from_bytes(&input)?))
    }

    /// The whole CRL in DER.
    pub fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// The whole CRL in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Who issued it.
    pub fn issuer(&self) -> Name {
        self.0.issuer().clone()
    }

    /// The CRL number when it is there and fits 64 bits.
    pub fn number(&self) -> Option<u64> {
        self.0.number()
    }

    /// For a delta CRL, the number of the complete CRL that it builds on.
    pub fn delta_base(&self) -> Option<u64> {
        self.0.delta_base()
    }

    /// Whether it is complete: neither a delta nor limited to a shard, some certificates or reasons of its issuer.
    pub fn is_complete(&self) -> bool {
        self.0.is_complete()
    }

    /// The key identifier of the issuer, if it is given.
    pub fn authority_key_id(&self) -> Option<Vec<u8>> {
        self.0.authority_key_id().map(<[u8]>::to_vec)
    }

    /// When it was made.
    pub fn this_update(&self) -> Timestamp {
        self.0.this_update()
    }

    /// When the next one is due, if it says so.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.0.next_update()
    }

    /// Whether its nextUpdate has passed at `at`.
    pub fn is_stale_at(&self, at: Timestamp) -> bool {
        self.0.is_stale_at(at)
    }

    /// What it is signed with; nothing for an algorithm that this library does not know.
    pub fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.0.signature_algorithm()
    }

    /// How many entries it has.
    #[allow(clippy::len_without_is_empty, reason = "it is there")]
    pub fn len(&self) -> u64 {
        count(self.0.len())
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of the certificate with this serial number (the content of its INTEGER), if there is one.
    pub fn get(&self, serial: Vec<u8>) -> Result<Option<Revocation>> {
        Ok(self.0.get(&serial)?.map(|entry| revocation(&serial, entry)))
    }

    /// All entries, by serial number.
    pub fn entries(&self) -> Result<Vec<Revocation>> {
        self.0
            .entries()
            .map(|entry| entry.map(|(serial, entry)| revocation(serial, entry)).map_err(Into::into))
            .collect()
    }

    /// Checks the signature with the issuer's key.
    pub fn verify_signed_by(&self, issuer: PublicKey) -> Result<()> {
        Ok(self.0.verify_signed_by(&issuer.core()?)?)
    }
}

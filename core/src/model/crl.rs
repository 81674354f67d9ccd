//! CRLs: how an authority makes them, the lists themselves, and what building them is made of.

use serde::{Deserialize, Serialize};

use crate::env::Timestamp;
use crate::error::Error;
use crate::id::{AuthorityId, CertificateId};

/// The most shards of one policy.
const MAX_SHARDS: u32 = 4_096;
/// The most hours between a CRL and its nextUpdate: a leap year.
pub(crate) const MAX_HOURS: u32 = 8_784;
/// What stands for the authority's identifier in an address.
const AUTHORITY: &str = "{authority}";
/// What stands for the shard's number in an address.
const SHARD: &str = "{shard}";

/// How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they are made.
///
/// ```
/// use tegata::model::CrlPolicy;
/// let policy = CrlPolicy {
///     shards: 64,
///     urls: vec!["http://crl.example.com/{authority}/{shard}.crl".to_owned()],
///     delta_urls: vec!["http://crl.example.com/{authority}/{shard}-delta.crl".to_owned()],
///     delta_hours: Some(6),
///     ..CrlPolicy::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrlPolicy {
    /// How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it is
    /// issued: another number of shards opens new ones, and the old ones are kept up for their certificates.
    pub shards: u32,
    /// Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its number).
    /// They stand in the certificates (RFC 5280, 4.2.1.13) instead of the profile's `crl_urls`, and in the CRLs of
    /// shards, which need them.
    pub urls: Vec<String>,
    /// Where a delta CRL can be fetched, likewise. With [`delta_hours`](Self::delta_hours), they stand in the certificates
    /// (RFC 5280, 4.2.1.15).
    pub delta_urls: Vec<String>,
    /// When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year).
    pub next_update_hours: u32,
    /// When the next delta CRL will have come, in hours, less than `next_update_hours`; `None` for no delta CRLs.
    pub delta_hours: Option<u32>,
    /// How long before that a CRL is due to be made anew, in hours, so that it is at its address in time; less than
    /// `next_update_hours`. Of a delta CRL it is at most half its time.
    pub overlap_hours: u32,
}

impl Default for CrlPolicy {
    /// One list that is valid for a week and due a day before that ends; no deltas.
    fn default() -> Self {
        Self {
            shards: 0,
            urls: Vec::new(),
            delta_urls: Vec::new(),
            next_update_hours: 168,
            delta_hours: None,
            overlap_hours: 24,
        }
    }
}

impl CrlPolicy {
    /// Whether it can be meant.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.shards > MAX_SHARDS {
            return Err(Error::input("shards", "is above 4096"));
        }
        if !(1..=MAX_HOURS).contains(&self.next_update_hours) {
            return Err(Error::input("next_update_hours", "is not within 1 to 8784"));
        }
        if self.overlap_hours >= self.next_update_hours {
            return Err(Error::input("overlap_hours", "is not below next_update_hours"));
        }
        if self.delta_hours.is_some_and(|hours| hours == 0 || hours >= self.next_update_hours) {
            return Err(Error::input("delta_hours", "is zero or not below next_update_hours"));
        }
        if self.delta_hours.is_none() && !self.delta_urls.is_empty() {
            return Err(Error::input("delta_urls", "are given without delta_hours"));
        }
        if self.shards > 0 && self.urls.is_empty() {
            return Err(Error::input("urls", "are missing: a shard's CRL is known by its address"));
        }
        for url in self.urls.iter().chain(&self.delta_urls) {
            if url.len() > 1_024 || !url.bytes().all(|b| b.is_ascii_graphic()) || !url.contains(':') {
                return Err(Error::input("urls", "hold something that is not a URL in printable ASCII"));
            }
            if self.shards > 0 && !url.contains(SHARD) {
                return Err(Error::input("urls", "lack {shard}: every shard needs an address of its own"));
            }
            let rest = url.replace(AUTHORITY, "").replace(SHARD, "");
            if rest.contains(['{', '}']) {
                return Err(Error::input("urls", "hold a placeholder that is neither {authority} nor {shard}"));
            }
        }
        if self.urls.iter().any(|url| self.delta_urls.contains(url)) {
            return Err(Error::input("delta_urls", "hold an address that is among urls"));
        }
        Ok(())
    }

    /// Whether certificates hold the same under `other`.
    pub(crate) fn same_addresses(&self, other: &Self) -> bool {
        (self.shards, &self.urls, &self.delta_urls) == (other.shards, &other.urls, &other.delta_urls)
    }
}

/// An address with its placeholders filled in.
pub(crate) fn address(url: &str, authority: AuthorityId, shard: u32) -> String {
    if !url.contains('{') {
        return url.to_owned();
    }
    url.replace(AUTHORITY, &authority.to_string()).replace(SHARD, &shard.to_string())
}

/// The policy of an authority as it came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrlScheme {
    /// The policy.
    pub policy: CrlPolicy,
    /// One more whenever certificates hold something else from then on.
    pub generation: u32,
    /// The first of its shards; those before belong to earlier policies.
    pub first_shard: u32,
}

impl CrlScheme {
    /// What follows `before` under `policy`; `None` when there is no number left for so many shards.
    pub(crate) fn next(before: Option<&Self>, policy: CrlPolicy) -> Option<Self> {
        let Some(before) = before else { return Some(Self { policy, generation: 1, first_shard: 1 }) };
        let same = before.policy.same_addresses(&policy);
        let first_shard =
            if same { before.first_shard } else { before.first_shard.checked_add(before.policy.shards)? };
        if first_shard.checked_add(policy.shards)? >= CrlPlace::SHARDS {
            return None;
        }
        let unchanged = same && before.policy.delta_hours.is_some() == policy.delta_hours.is_some();
        let generation = before.generation.saturating_add(u32::from(!unchanged));
        Some(Self { policy, generation, first_shard })
    }

    /// Whether some certificates are in shards.
    pub(crate) const fn has_shards(&self) -> bool {
        self.policy.shards > 0 || self.first_shard > 1
    }

    /// The shard of a new certificate.
    pub(crate) fn shard_of(&self, certificate: u64) -> u32 {
        match u64::from(self.policy.shards) {
            0 => 0,
            shards => self.first_shard.saturating_add(u32::try_from(certificate % shards).unwrap_or(0)),
        }
    }
}

/// Which CRL: whose, of which shard, complete or delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CrlPlace {
    /// Whose.
    pub authority: AuthorityId,
    /// 0 for all certificates.
    pub shard: u32,
    /// Whether it is the delta.
    pub delta: bool,
}

impl CrlPlace {
    /// Shards are below this.
    pub(crate) const SHARDS: u32 = 1 << 20;

    /// The complete CRL of a shard.
    pub(crate) const fn complete(authority: AuthorityId, shard: u32) -> Self {
        Self { authority, shard, delta: false }
    }

    /// Its delta, or its complete CRL.
    pub(crate) const fn with_delta(self, delta: bool) -> Self {
        Self { delta, ..self }
    }
}

/// What the certificates of one shard of an authority have in common, as a number: those of one authority follow each other.
pub(crate) const fn scope(authority: u64, shard: u32) -> u64 {
    authority << CrlPlace::SHARDS.trailing_zeros() | shard as u64
}

/// The number of the authority and the shard that a [`scope`] is made of.
pub(crate) fn scope_parts(scope: u64) -> (u64, u32) {
    let shard = u32::try_from(scope % u64::from(CrlPlace::SHARDS)).unwrap_or(0);
    (scope >> CrlPlace::SHARDS.trailing_zeros(), shard)
}

/// A CRL of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crl {
    /// Whose.
    pub authority: AuthorityId,
    /// Which shard; 0 for the list of all certificates.
    pub shard: u32,
    /// Its number (RFC 5280, 5.2.3); only grows.
    pub number: u64,
    /// For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4).
    pub base: Option<u64>,
    /// When it was made.
    pub this_update: Timestamp,
    /// When a newer one will have come.
    pub next_update: Timestamp,
    /// When it is to be made anew, so that the newer one comes in time.
    pub refresh_at: Timestamp,
    /// How many certificates it lists.
    pub entries: u64,
    /// The CRL in DER.
    pub der: Vec<u8>,
}

impl Crl {
    /// The CRL in PEM.
    pub fn pem(&self) -> String {
        crate::key::pem::encode("X509 CRL", &self.der).to_string()
    }
}

/// A CRL as it is kept. Apart from what is known of the list, so that asking what is due reads no CRL.
#[derive(Clone, Debug)]
pub(crate) struct KeptCrl {
    pub place: CrlPlace,
    pub number: u64,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    pub entries: u64,
    pub der: Vec<u8>,
    pub base: Option<u64>,
    /// `None` in rows of earlier versions.
    pub refresh_at: Option<Timestamp>,
}

impl KeptCrl {
    /// As the host sees it.
    pub(crate) fn shown(self) -> Crl {
        Crl {
            authority: self.place.authority,
            shard: self.place.shard,
            number: self.number,
            base: self.base,
            this_update: self.this_update,
            next_update: self.next_update,
            refresh_at: self.refresh_at.unwrap_or(self.next_update),
            entries: self.entries,
            der: self.der,
        }
    }
}

/// One of the lists that an authority keeps up, made or not.
#[derive(Clone, Debug)]
pub(crate) struct CrlList {
    pub place: CrlPlace,
    /// Whose, for finding all of an authority's.
    pub authority: AuthorityId,
    /// The number of the newest; 0 before the first.
    pub number: u64,
    pub this_update: Option<Timestamp>,
    pub next_update: Option<Timestamp>,
    /// When it is to be made anew; `None` when it is not, the end of time when its authority expired.
    pub refresh_at: Option<Timestamp>,
    /// The addresses that its certificates hold, one a line: those of the CRL, then those of its deltas.
    pub addresses: String,
}

impl CrlList {
    /// One that has not been made yet.
    pub(crate) fn new(place: CrlPlace, addresses: &[String], refresh_at: Option<Timestamp>) -> Self {
        Self {
            place,
            authority: place.authority,
            number: 0,
            this_update: None,
            next_update: None,
            refresh_at,
            addresses: addresses.join("\n"),
        }
    }

    /// The addresses that its certificates hold.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.addresses.lines().map(str::to_owned).collect()
    }

    /// As the host sees it.
    pub(crate) fn shown(&self) -> CrlState {
        CrlState {
            authority: self.place.authority,
            shard: self.place.shard,
            delta: self.place.delta,
            number: (self.number > 0).then_some(self.number),
            this_update: self.this_update,
            next_update: self.next_update,
            refresh_at: self.refresh_at.filter(|at| *at < Timestamp::MAX),
            addresses: self.addresses(),
        }
    }
}

/// How one of the CRLs that an authority keeps up stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrlState {
    /// Whose.
    pub authority: AuthorityId,
    /// Which shard; 0 for the list of all certificates.
    pub shard: u32,
    /// Whether it is the delta CRL.
    pub delta: bool,
    /// The number of the newest; `None` while there is none yet.
    pub number: Option<u64>,
    /// When that was made.
    pub this_update: Option<Timestamp>,
    /// When a newer one will have come.
    pub next_update: Option<Timestamp>,
    /// When it is to be made anew; `None` when it is not kept up any more.
    pub refresh_at: Option<Timestamp>,
    /// Where it can be fetched, as far as the authority's policy says so.
    pub addresses: Vec<String>,
}

/// Many entries of revocations that are never undone, encoded once.
#[derive(Clone, Debug)]
pub(crate) struct CrlChunk {
    pub key: u64,
    /// The [`scope`] of its certificates.
    pub scope: u64,
    /// When it was made: all that it holds was listed by then.
    pub made: Timestamp,
    /// When the first of its certificates ends.
    pub first_expiry: Timestamp,
    /// When the last one does.
    pub last_expiry: Timestamp,
    pub entries: u64,
    /// notAfter of each certificate, in seconds, 8 octets each.
    pub expiries: Vec<u8>,
    /// The entries, one after the other.
    pub der: Vec<u8>,
}

/// That a certificate was on hold, and is not any more: what delta CRLs say as removeFromCRL.
#[derive(Clone, Debug)]
pub(crate) struct CrlRemoval {
    pub certificate: CertificateId,
    /// The [`scope`] of the certificate.
    pub scope: u64,
    pub serial: Vec<u8>,
    pub at: Timestamp,
}

/// How often an authority's revocations moved into chunks: whoever reads both requires that they did not meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct CrlFolding {
    pub authority: AuthorityId,
    pub times: u64,
}

//! Who signs an authority's OCSP answers.

use crate::env::Timestamp;
use crate::id::AuthorityId;
use crate::key::KeyAlgorithm;
use crate::secret::Sealed;

/// Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Responder {
    /// For whose certificates.
    pub authority: AuthorityId,
    /// Whether a certificate of its own signs, or the authority's key.
    pub delegated: bool,
    /// What key that certificate has.
    pub algorithm: KeyAlgorithm,
    /// How long an answer may be believed, in hours.
    pub validity_hours: u32,
    /// How long that certificate is valid, in days.
    pub certificate_days: u32,
    /// The certificate in DER; `None` when the authority's key signs, or before the first answer.
    pub certificate: Option<Vec<u8>>,
    /// When the certificate begins to be valid.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
    /// When the next one takes its place.
    pub renew_at: Option<Timestamp>,
    /// The certificate's private key (PKCS#8), sealed.
    pub(crate) private_key: Option<Sealed>,
}

impl Responder {
    /// Whether its certificate is valid at `now`.
    pub(crate) fn serves(&self, now: Timestamp) -> bool {
        matches!((self.not_before, self.not_after), (Some(from), Some(to)) if (from..=to).contains(&now))
    }

    /// Whether it should have another certificate at `now`.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        !self.serves(now) || self.renew_at.is_none_or(|at| at <= now)
    }
}

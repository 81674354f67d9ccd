//! A certification authority: one generation of it, with one key and one subject.

use super::{CrlPolicy, CrlScheme, stored_enum};
use crate::env::Timestamp;
use crate::error::AuthorityError;
use crate::id::AuthorityId;
use crate::key::{KeyAlgorithm, pem};
use crate::secret::Sealed;
use crate::x509::Name;

stored_enum! {
    /// Where an authority stands. Expiry is derived from the clock.
    AuthorityState {
        /// Its key exists and its request is out; an outside CA's certificate is still to be installed.
        Requested = 1 "requested",
        /// Issues, revokes and signs CRLs.
        Active = 2 "active",
        /// Issues nothing any more, but still revokes and signs CRLs.
        Retired = 3 "retired",
        /// Its key is known to others: signs nothing, and nothing it issued authenticates.
        Compromised = 4 "compromised",
    }
}

stored_enum! {
    /// Where an authority's private key is.
    SignerLocation {
        /// Sealed, in the store.
        Store = 1 "store",
        /// With the host: an HSM, a KMS, a key store. It is connected with `use_signer` after every opening.
        External = 2 "external",
    }
}

/// One generation of an authority.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authority {
    /// Names this generation.
    pub id: AuthorityId,
    /// The name that operators use; all generations share it.
    pub name: String,
    /// 1 for the first, one more with every rebuild.
    pub generation: u32,
    /// Its state, but for expiry.
    pub state: AuthorityState,
    /// Its subject, which is the issuer of what it issues.
    pub subject: Name,
    /// Its key's algorithm.
    pub algorithm: KeyAlgorithm,
    /// Its subject key identifier (RFC 5280, 4.2.1.2).
    pub key_identifier: Vec<u8>,
    /// When its certificate begins to be valid.
    pub not_before: Timestamp,
    /// When its certificate ends.
    pub not_after: Timestamp,
    /// Who issued it; `None` for a root and for one issued outside.
    pub parent: Option<AuthorityId>,
    /// The generation before.
    pub predecessor: Option<AuthorityId>,
    /// The generation after.
    pub successor: Option<AuthorityId>,
    /// Where its private key is.
    pub signer: SignerLocation,
    /// Its certificate in DER; empty while requested.
    pub certificate: Vec<u8>,
    /// The certificates above it when it was issued outside, and cross-certificates for it: concatenated DER.
    pub outside: Vec<u8>,
    /// The request in DER, while the certificate is awaited.
    pub request: Option<Vec<u8>>,
    /// The public key (SPKI, DER).
    pub public_key: Vec<u8>,
    /// The private key (PKCS#8), sealed.
    pub(crate) private_key: Option<Sealed>,
    /// The key that makes its serial numbers, sealed.
    pub(crate) serial_key: Sealed,
    /// When it was made.
    pub created: Timestamp,
    /// Its CRL policy.
    pub(crate) crls: Option<CrlScheme>,
}

impl Authority {
    /// Its certificate in PEM; empty while it is awaited.
    pub fn pem(&self) -> String {
        if self.certificate.is_empty() {
            return String::new();
        }
        pem::encode("CERTIFICATE", &self.certificate).to_string()
    }

    /// How its CRLs are made, if that was ever said ([`set_crl_policy`](crate::Authorities::set_crl_policy)).
    pub fn crl_policy(&self) -> Option<&CrlPolicy> {
        self.crls.as_ref().map(|scheme| &scheme.policy)
    }

    /// Whether it may issue certificates now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_issues(&self, now: Timestamp) -> Result<(), AuthorityError> {
        match self.state {
            AuthorityState::Requested => Err(AuthorityError::NotInstalled),
            AuthorityState::Retired => Err(AuthorityError::Retired),
            AuthorityState::Compromised => Err(AuthorityError::Compromised),
            AuthorityState::Active if now > self.not_after => Err(AuthorityError::Expired),
            AuthorityState::Active => Ok(()),
        }
    }

    /// Whether it may sign CRLs now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_signs(&self, now: Timestamp) -> Result<(), AuthorityError> {
        match self.state {
            AuthorityState::Retired if now > self.not_after => Err(AuthorityError::Expired),
            AuthorityState::Retired => Ok(()),
            _ => self.check_issues(now),
        }
    }

    /// Whether what it issued can authenticate.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_vouches(&self, now: Timestamp) -> Result<(), AuthorityError> {
        self.check_signs(now)
    }

    /// This generation, issuing nothing any more.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn retired(mut self) -> Result<Self, AuthorityError> {
        match self.state {
            AuthorityState::Active => {
                self.state = AuthorityState::Retired;
                Ok(self)
            }
            AuthorityState::Requested => Err(AuthorityError::NotInstalled),
            AuthorityState::Retired => Err(AuthorityError::Retired),
            AuthorityState::Compromised => Err(AuthorityError::Compromised),
        }
    }

    /// This generation, trusted no more.
    ///
    /// # Errors
    /// When that is known already, or it never came to life.
    pub fn compromised(mut self) -> Result<Self, AuthorityError> {
        match self.state {
            AuthorityState::Active | AuthorityState::Retired => {
                self.state = AuthorityState::Compromised;
                Ok(self)
            }
            AuthorityState::Requested => Err(AuthorityError::NotInstalled),
            AuthorityState::Compromised => Err(AuthorityError::Compromised),
        }
    }
}

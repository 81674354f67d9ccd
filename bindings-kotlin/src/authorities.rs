//! Authorities: records, requests and answers.

use std::sync::Arc;

use tegata::model::{AuthorityState, CrlPolicy, SignerLocation};
use tegata::{AuthorityFilter, AuthorityId, CrlOptions, KeyAlgorithm, Name, Text, Timestamp};

use crate::error::Result;
use crate::host::{HostSigner, Signing};
use crate::parsed::one_pem;
use crate::values::SecretBytes;

/// Where an authority stands. Expiry is derived from the clock.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum AuthorityState {
    /// Its key exists and its request is out; an outside CA's certificate is still to be installed.
    Requested,
    /// Issues, revokes and signs CRLs.
    Active,
    /// Issues nothing any more, but still revokes and signs CRLs.
    Retired,
    /// Its key is known to others: signs nothing, and nothing it issued authenticates.
    Compromised,
}

/// Where an authority's private key is.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SignerLocation {
    /// Sealed, in the store.
    Store,
    /// With the host. It is connected with `useSigner` after every opening.
    External,
}

/// One generation of an authority.
#[derive(Clone, Debug, uniffi::Record)]
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
    /// Who issued it; nothing for a root and for one issued outside.
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
    /// When it was made.
    pub created: Timestamp,
    /// How its CRLs are made, if that was ever said.
    pub crl_policy: Option<CrlPolicy>,
}

impl From<tegata::model::Authority> for Authority {
    fn from(core: tegata::model::Authority) -> Self {
        Self {
            crl_policy: core.crl_policy().cloned(),
            id: core.id,
            name: core.name,
            generation: core.generation,
            state: core.state,
            subject: core.subject,
            algorithm: core.algorithm,
            key_identifier: core.key_identifier,
            not_before: core.not_before,
            not_after: core.not_after,
            parent: core.parent,
            predecessor: core.predecessor,
            successor: core.successor,
            signer: core.signer,
            certificate: core.certificate,
            outside: core.outside,
            request: core.request,
            public_key: core.public_key,
            created: core.created,
        }
    }
}

#[uniffi::export]
impl Authority {
    /// Its certificate in PEM; empty while it is awaited.
    pub fn pem(&self) -> Result<String> {
        if self.certificate.is_empty() { Ok(String::new()) } else { one_pem(&self.certificate) }
    }
}

/// An authority to be made.
#[derive(uniffi::Record)]
pub struct NewAuthority {
    /// The name that operators use; unique.
    pub name: String,
    /// Its subject.
    pub subject: Name,
    /// Its key's algorithm; ignored when it brings a signer.
    pub algorithm: KeyAlgorithm,
    /// How long its certificate is valid, in days.
    #[uniffi(default = 3650)]
    pub validity_days: u32,
    /// How many intermediates may follow it; without it there is no limit.
    #[uniffi(default)]
    pub path_len: Option<u8>,
    /// Where the CRL of its issuer will be, for intermediates.
    #[uniffi(default)]
    pub crl_urls: Vec<String>,
    /// Where its issuer's certificate will be, for intermediates.
    #[uniffi(default)]
    pub issuer_urls: Vec<String>,
    /// Its key, when that is not to be made and sealed here: an HSM, a KMS.
    #[uniffi(default)]
    pub signer: Option<Arc<dyn HostSigner>>,
}

impl NewAuthority {
    pub(crate) fn core(self) -> Result<tegata::NewAuthority> {
        Ok(tegata::NewAuthority {
            name: self.name,
            subject: self.subject,
            algorithm: self.algorithm,
            validity_days: self.validity_days,
            path_len: self.path_len,
            crl_urls: self.crl_urls,
            issuer_urls: self.issuer_urls,
            signer: Signing::shared(self.signer)?,
        })
    }
}

/// An authority that exists already, with its key.
#[derive(uniffi::Record)]
pub struct ImportAuthority {
    /// The name that operators will use; unique.
    pub name: String,
    /// Its certificate, PEM or DER.
    pub certificate: Vec<u8>,
    /// The certificates above it up to the root, PEM; empty for a root.
    pub chain: Vec<u8>,
    /// Its key (PKCS#8, SEC1 or PKCS#1, PEM or DER), to be sealed here.
    #[uniffi(default)]
    pub key: Option<SecretBytes>,
    /// Its key, when that stays with the host.
    #[uniffi(default)]
    pub signer: Option<Arc<dyn HostSigner>>,
    /// The number of the last CRL that it signed elsewhere; 0 when it signed none.
    #[uniffi(default = 0)]
    pub last_crl_number: u64,
}

impl ImportAuthority {
    pub(crate) fn core(self) -> Result<tegata::ImportAuthority> {
        Ok(tegata::ImportAuthority {
            name: self.name,
            certificate: self.certificate,
            chain: self.chain,
            key: self.key,
            signer: Signing::shared(self.signer)?,
            last_crl_number: self.last_crl_number,
        })
    }
}

/// How an authority is rebuilt. What is left out stays as it was.
#[derive(uniffi::Record)]
pub struct Rebuild {
    /// The new subject; by default the old one with its generation in the common name.
    #[uniffi(default)]
    pub subject: Option<Name>,
    /// The new key's algorithm.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// The new certificate's validity in days; by default as long as the old one's.
    #[uniffi(default)]
    pub validity_days: Option<u32>,
    /// The new key, when that stays with the host.
    #[uniffi(default)]
    pub signer: Option<Arc<dyn HostSigner>>,
}

impl Rebuild {
    pub(crate) fn core(self) -> Result<tegata::Rebuild> {
        Ok(tegata::Rebuild {
            subject: self.subject,
            algorithm: self.algorithm,
            validity_days: self.validity_days,
            signer: Signing::shared(self.signer)?,
        })
    }
}

/// Which authorities to list.
#[uniffi::remote(Record)]
pub struct AuthorityFilter {
    /// By name.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// By state.
    #[uniffi(default)]
    pub state: Option<AuthorityState>,
}

/// How a CRL is made.
#[uniffi::remote(Record)]
pub struct CrlOptions {
    /// When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
    /// which is a week without one.
    #[uniffi(default = 0)]
    pub next_update_hours: u32,
    /// Which shard; 0 for the list of all certificates.
    #[uniffi(default = 0)]
    pub shard: u32,
    /// Whether the delta CRL is made: what changed since the newest complete one.
    #[uniffi(default = false)]
    pub delta: bool,
}

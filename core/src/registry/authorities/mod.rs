//! The handle for authorities.

mod crl;
mod lineage;
pub(in crate::registry) mod make;
mod outside;

use std::sync::Arc;

pub use crl::CrlOptions;

use super::driver::Plan;
use super::page::{Listing, Page, Text, Wanted};
use super::{Call, Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::error::AuthorityError;
use crate::id::AuthorityId;
use crate::key::{KeyAlgorithm, Signer};
use crate::model::{Authority, AuthorityState, Entity};
use crate::pack;

use crate::secret::Secret;
use crate::store::Value;
use crate::x509::Name;

/// An authority to be made.
#[derive(Clone)]
pub struct NewAuthority {
    /// The name that operators use; unique.
    pub name: String,
    /// Its subject.
    pub subject: Name,
    /// Its key's algorithm; ignored when it brings a signer.
    pub algorithm: KeyAlgorithm,
    /// How long its certificate is valid, in days.
    pub validity_days: u32,
    /// How many intermediates may follow it; `None` sets no limit.
    pub path_len: Option<u8>,
    /// Where the CRL of its issuer will be, for intermediates.
    pub crl_urls: Vec<String>,
    /// Where its issuer's certificate will be, for intermediates.
    pub issuer_urls: Vec<String>,
    /// Its key, when that is not to be made and sealed here: an HSM, a KMS.
    pub signer: Option<Arc<dyn Signer>>,
}

impl NewAuthority {
    /// An authority with a P-256 key that is valid for ten years.
    pub fn new(name: impl Into<String>, subject: Name) -> Self {
        Self {
            name: name.into(),
            subject,
            algorithm: KeyAlgorithm::EcdsaP256,
            validity_days: 3_650,
            path_len: None,
            crl_urls: Vec::new(),
            issuer_urls: Vec::new(),
            signer: None,
        }
    }

    /// With another algorithm.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: KeyAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With another validity, in days.
    #[must_use]
    pub const fn valid_for_days(mut self, days: u32) -> Self {
        self.validity_days = days;
        self
    }

    /// With a key that stays with the host.
    #[must_use]
    pub fn with_signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }
}

impl std::fmt::Debug for NewAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAuthority").field("name", &self.name).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// An authority that exists already, with its key.
#[derive(Clone)]
pub struct ImportAuthority {
    /// The name that operators will use; unique.
    pub name: String,
    /// Its certificate, PEM or DER.
    pub certificate: Vec<u8>,
    /// The certificates above it up to the root, PEM; empty for a root.
    pub chain: Vec<u8>,
    /// Its key (PKCS#8, SEC1 or PKCS#1, PEM or DER), to be sealed here.
    pub key: Option<Secret<Vec<u8>>>,
    /// Its key, when that stays with the host.
    pub signer: Option<Arc<dyn Signer>>,
    /// The number of the last CRL that it signed elsewhere, so that the next one here is higher (RFC 5280, 5.2.3);
    /// 0 when it signed none.
    pub last_crl_number: u64,
}

impl std::fmt::Debug for ImportAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportAuthority").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How an authority is rebuilt. What is `None` stays as it was.
#[derive(Clone, Default)]
pub struct Rebuild {
    /// The new subject; by default the old one with its generation in the common name, since two authorities with
    /// one subject confuse every reader.
    pub subject: Option<Name>,
    /// The new key's algorithm.
    pub algorithm: Option<KeyAlgorithm>,
    /// The new certificate's validity in days; by default as long as the old one's.
    pub validity_days: Option<u32>,
    /// The new key, when that stays with the host.
    pub signer: Option<Arc<dyn Signer>>,
}

impl std::fmt::Debug for Rebuild {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rebuild").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Which authorities to list.
#[derive(Clone, Debug, Default)]
pub struct AuthorityFilter {
    /// By name.
    pub name: Option<Text>,
    /// By state.
    pub state: Option<AuthorityState>,
}

/// The roots that whoever trusts this registry should trust: every generation that is still of use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustBundle {
    /// The root certificates in DER.
    pub roots: Vec<Vec<u8>>,
}

impl TrustBundle {
    /// All of them as PEM, one after the other.
    pub fn pem(&self) -> String {
        pack::certificates_pem(
            self.roots.iter().filter_map(|der| crate::x509::Certificate::from_der(der).ok()).collect::<Vec<_>>().iter(),
        )
    }
}

/// Authorities: the private CA. Every generation of an authority is a record of its own.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, NewAuthority};
/// let call = Call::by("admin");
/// let root = registry.authorities().create_root(&NewAuthority::new("root", "CN=Example Root,O=Example".parse()?), &call)?;
/// let issuing = NewAuthority::new("issuing", "CN=Example Issuing CA,O=Example".parse()?).valid_for_days(1_825);
/// let issuing = registry.authorities().create_intermediate(root.id, &issuing, &call)?;
/// assert_eq!(registry.authorities().chain(issuing.id)?.len(), 2);
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Authorities<'r> {
    inner: &'r Inner,
}

impl<'r> Authorities<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The authority with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: AuthorityId) -> Result<Authority> {
        Ok(self.inner.get_record::<Authority, _>(id)?.record)
    }

    /// The authorities that match, by name.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &AuthorityFilter, page: &Page) -> Result<Listing<Authority>> {
        let mut wanted = Wanted::by_name(filter.name.as_ref());
        if let Some(state) = filter.state {
            wanted = wanted.eq("state", Value::Int(state.number()));
        }
        self.inner.list(wanted, page)
    }

    /// The authority's certificate and those above it, in DER, its own first and the root last.
    ///
    /// # Errors
    /// `input.unknown_id`; `authority.not_installed` while its certificate is awaited.
    pub fn chain(&self, id: AuthorityId) -> Result<Vec<Vec<u8>>> {
        let issuer = self.inner.issuer(id)?;
        if issuer.state == AuthorityState::Requested {
            return Err(AuthorityError::NotInstalled.into());
        }
        Ok(issuer.chain.to_vec())
    }

    /// Connects the key of an authority that lives outside the store. To be done after every opening.
    ///
    /// # Errors
    /// `authority.signer_mismatch` when it is not the authority's key.
    pub fn use_signer(&self, id: AuthorityId, signer: Arc<dyn Signer>) -> Result<()> {
        let authority = self.get(id)?;
        if signer.public_key().spki() != authority.public_key {
            return Err(AuthorityError::SignerMismatch.into());
        }
        self.inner.issuers.connect(id, signer);
        Ok(())
    }

    /// Ends issuing: from now on the authority only revokes and signs CRLs.
    ///
    /// # Errors
    /// `authority.retired` and the other states that do not allow it.
    pub fn retire(&self, id: AuthorityId, call: &Call) -> Result<Authority> {
        self.moved(id, "authority.retire", call, Authority::retired)
    }

    fn moved(
        &self,
        id: AuthorityId,
        action: &'static str,
        call: &Call,
        change: impl Fn(Authority) -> Result<Authority, AuthorityError>,
    ) -> Result<Authority> {
        let inner = self.inner;
        let operation = super::driver::Operation { action, content: id.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Authority, _>(id)?;
                let changed = change(stored.record.clone())?;
                let mut writes = vec![
                    view.update(stored.version, &changed)?,
                    view.event(action, Entity::Authority(id), None, Some(changed.name.clone()))?,
                ];
                if changed.state == AuthorityState::Compromised {
                    writes.extend(lineage::revocation_in_parent(view, &changed)?);
                    // Whoever remembers those below as they were finds them changed.
                    for below in inner.below(id)? {
                        let below = view.get::<Authority, _>(below)?;
                        writes.push(view.update(below.version, &below.record)?);
                    }
                    writes.extend(lineage::revocations_across(view, &changed)?);
                }
                Ok(Plan::done(view.number_of(id)?, writes, changed))
            },
            |_| self.get(id),
        )
    }

    /// Ends all trust in the authority: it signs nothing more, nothing that it or an authority below it issued
    /// authenticates, and the next CRLs of its issuer and of those that certified it across list it. Those below it
    /// issue again once they are rebuilt below another one; until then they only sign CRLs.
    ///
    /// # Errors
    /// `authority.compromised` when that is known already.
    pub fn mark_compromised(&self, id: AuthorityId, call: &Call) -> Result<Authority> {
        self.moved(id, "authority.compromise", call, Authority::compromised)
    }
}

impl Registry {
    /// The roots that those who check this registry's certificates should trust: all generations that are neither
    /// compromised nor expired, so that a rebuild can be rolled out while the old generation still counts (SOL-4).
    ///
    /// # Errors
    /// Store errors.
    pub fn trust_bundle(&self) -> Result<TrustBundle> {
        let now: Timestamp = self.inner.now()?;
        // Asked rarely and acted upon for long: as it stands in the store.
        self.inner.issuers.forget();
        let all = self.inner.issuers()?;
        let mut living: Vec<_> = all.values().filter(|issuer| issuer.check_vouches(now).is_ok()).collect();
        // In the order in which they were made.
        living.sort_by_key(|issuer| self.inner.ids.number(issuer.id).ok());
        let mut roots: Vec<Vec<u8>> = Vec::new();
        for root in living.into_iter().filter_map(|issuer| issuer.chain.last()) {
            if !roots.contains(root) {
                roots.push(root.clone());
            }
        }
        Ok(TrustBundle { roots })
    }
}

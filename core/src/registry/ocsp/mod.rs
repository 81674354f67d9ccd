//! The handle for OCSP: requests in, signed answers out; no sockets.

mod answer;
mod cache;
mod presign;
mod respond;
mod responder;
mod status;

use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub use answer::OcspAnswer;
pub use presign::Presigned;
pub use responder::OcspOptions;

use super::Inner;
use super::issuers::Issuer;
use crate::Result;
use crate::env::Timestamp;
use crate::error::Error;
use crate::id::AuthorityId;
use crate::key::PublicKey;
use crate::x509::OcspHash;
use crate::x509::ocsp::IssuerHash;

/// OCSP (RFC 6960): whoever wants to know whether a certificate still counts asks for it alone, and gets an answer that
/// is signed, short, and as new as the registry. A host passes on what comes to its HTTP server, a POST's body to
/// [`respond`](Self::respond) and a GET's path to [`respond_get`](Self::respond_get).
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, Issue, NewAuthority, OcspHash, OcspStatus, RevocationReason};
/// use tegata::{KeyAlgorithm, check_ocsp, make_csr, make_key, make_ocsp_request, parse_certificate};
/// # use tegata::model::{ProfileSpec, SubjectPolicy};
/// # let call = Call::by("admin");
/// # let root = registry.authorities().create_root(&NewAuthority::new("root", "CN=Root".parse()?), &call)?;
/// # let template = SubjectPolicy::Template { name: "CN={name}".to_owned() };
/// # let profile = registry.profiles().put("server", &ProfileSpec { subject: template, ..ProfileSpec::device() }, &call)?;
/// # let csr = make_csr(&make_key(KeyAlgorithm::EcdsaP256)?, &"CN=gateway".parse()?, &[])?;
/// let issued = registry.certificates().issue(&Issue::new(csr, profile.id, root.id).named("gateway"), &call)?;
///
/// // Whoever meets the certificate asks ...
/// let (certificate, issuer) = (parse_certificate(&issued.der)?, parse_certificate(&root.certificate)?);
/// let nonce = [7; 32];
/// let request = make_ocsp_request(&[certificate.clone()], &issuer, OcspHash::Sha1, Some(&nonce))?;
/// // ... the host of the registry answers ...
/// let answer = registry.ocsp().respond(&request)?;
/// // ... and the answer is checked.
/// let now = issued.certificate.issued;
/// let checked = check_ocsp(&answer.der, &certificate, &issuer, Some(&nonce), now)?;
/// assert_eq!(checked.status, OcspStatus::Good);
///
/// registry.certificates().revoke(issued.certificate.id, RevocationReason::KeyCompromise, &call)?;
/// let answer = registry.ocsp().respond(&request)?;
/// let checked = check_ocsp(&answer.der, &certificate, &issuer, Some(&nonce), now)?;
/// assert!(matches!(checked.status, OcspStatus::Revoked { reason: RevocationReason::KeyCompromise, .. }));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ocsp<'r> {
    inner: &'r Inner,
}

impl<'r> Ocsp<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }
}

type All = Arc<HashMap<AuthorityId, Arc<Issuer>>>;
type ByHash = Arc<HashMap<IssuerHash, AuthorityId>>;

/// What is kept at hand between requests.
#[derive(Default)]
pub(super) struct State {
    /// Whom requests may mean, and the authorities from which that was made.
    by_hash: RwLock<Option<(All, ByHash)>>,
    /// When authorities of other processes were last looked for.
    looked: AtomicI64,
    responders: RwLock<HashMap<AuthorityId, Arc<responder::Ready>>>,
    /// Which authorities' signers failed, and when.
    failures: Mutex<HashMap<AuthorityId, (Timestamp, Error)>>,
    answers: cache::Cache,
}

impl Inner {
    /// The authorities by what requests call them.
    fn ocsp_issuers(&self) -> Result<(All, ByHash)> {
        let all = self.issuers()?;
        if let Some((of, known)) = &*self.ocsp.by_hash.read().unwrap_or_else(PoisonError::into_inner)
            && Arc::ptr_eq(of, &all)
        {
            return Ok((all, Arc::clone(known)));
        }
        let mut known = HashMap::new();
        for issuer in all.values() {
            let key = PublicKey::from_spki(&issuer.public_key)?;
            for &hash in OcspHash::ALL {
                known.insert(IssuerHash::new(hash, &issuer.subject, &key), issuer.id);
            }
        }
        let known = Arc::new(known);
        let kept = Some((Arc::clone(&all), Arc::clone(&known)));
        *self.ocsp.by_hash.write().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok((all, known))
    }
}

//! `registry.ocsp`.

use pyo3::prelude::*;

use crate::convert::{Bytes, Time};
use crate::error::run;
use crate::options::OcspOptions;
use crate::page::{Page, PresignedListing, PresignedPages, or_first};
use crate::records::{CheckedOcsp, OcspAnswer, Responder};
use crate::registry::called_by;
use crate::words::OcspHash;
use crate::x509::Certificate;

/// Whether certificates count, asked one by one (OCSP, RFC 6960).
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Ocsp(pub(crate) tegata::Registry);

fn hash_of(hash: Option<OcspHash>) -> tegata::OcspHash {
    hash.map_or(tegata::OcspHash::Sha1, |hash| hash.0)
}

#[pymethods]
impl Ocsp {
    /// Says how the answers about an authority's certificates are signed, and makes the certificate that signs
    /// them. Without this, the first request does it with `OcspOptions::default`. Each generation of an authority
    /// has its own.
    ///
    /// Errors:
    /// `input.invalid` for options that cannot be meant; `key.generation_unsupported` for RSA without the feature
    /// `aws-lc`; the states of an authority that signs nothing; `authority.signer_missing`; signer and store
    /// errors.
    #[pyo3(signature = (authority, options=None, *, actor="", request_id=None))]
    fn configure(
        &self,
        py: Python<'_>,
        authority: &str,
        options: Option<&OcspOptions>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Responder> {
        let registry = &self.0;
        let options = options.map(|options| options.0).unwrap_or_default();
        run(py, || registry.ocsp().configure(authority.parse()?, &options, &called_by(actor, request_id)))
    }

    /// Who signs the answers about an authority's certificates. If that certificate is missing or should be
    /// renewed, it is made first; answering does so by itself, but a host whose authority's key is out of reach
    /// at times calls this when it is there.
    ///
    /// Errors:
    /// As `configure`, unless the present certificate still serves.
    #[pyo3(signature = (authority, *, actor="", request_id=None))]
    fn responder(&self, py: Python<'_>, authority: &str, actor: &str, request_id: Option<&str>) -> PyResult<Responder> {
        let registry = &self.0;
        run(py, || registry.ocsp().responder(authority.parse()?, &called_by(actor, request_id)))
    }

    /// The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it.
    ///
    /// It says how each certificate stands at this moment:
    ///
    /// - *good*: issued here and not revoked, also when it has expired; - *revoked*, with its reason: also
    /// `superseded` from the end of the grace period on, and `certificateHold` while suspended, whether CRLs list
    /// that or not. Everything that an authority issued whose key others know is revoked for `cACompromise`, from
    /// the day of its issue on, as long as a delegated responder can say so; - *unknown*: never issued, still to
    /// be approved, removed from the registry, or of another issuer than the first one that is known in a
    /// request: an answer has one signature, and that one vouches for one issuer.
    ///
    /// Whoever asks with a nonce gets an answer of its own. Other answers serve again, until half of their time
    /// is over or what they say has changed: the registry is asked every time, so no answer is older than the
    /// store.
    ///
    /// What cannot be answered is answered too: `malformedRequest`; `unauthorized` for issuers that are not of
    /// this registry, or can sign no more; `tryLater` while the key that signs is out of reach.
    ///
    /// Errors:
    /// `store.closed` and other store errors; `input.called_back`; sealer errors.
    fn respond(&self, py: Python<'_>, request: Bytes) -> PyResult<OcspAnswer> {
        let registry = &self.0;
        run(py, || registry.ocsp().respond(&request))
    }

    /// The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe
    /// percent-encoded (RFC 6960, A.1), with or without the slash before it. As `respond`.
    ///
    /// Errors:
    /// As there.
    fn respond_get(&self, py: Python<'_>, path: &str) -> PyResult<OcspAnswer> {
        let registry = &self.0;
        run(py, || registry.ocsp().respond_get(path))
    }

    /// Signs the answers about an authority's certificates that have not expired, a page at a time, in the order
    /// of their numbers. `hash` is the one that those who ask use; the path and the answer differ with it. All
    /// processors sign. Nothing is recorded. The total, if it is asked for, is counted anew for every page.
    ///
    /// A revocation shows when the answer is made anew, so a host makes all of them again well before
    /// `next_update`, and that of a certificate at once when it is revoked.
    ///
    /// Errors:
    /// The states of an authority that signs nothing; `authority.signer_missing`; `input.page_cursor`; signer and
    /// store errors.
    #[pyo3(signature = (authority, hash=None, page=None))]
    fn presign(
        &self,
        py: Python<'_>,
        authority: &str,
        hash: Option<OcspHash>,
        page: Option<&Page>,
    ) -> PyResult<PresignedListing> {
        let registry = &self.0;
        run(py, || registry.ocsp().presign(authority.parse()?, hash_of(hash), &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (authority, hash=None, *, page_size=500))]
    fn iterate_presigned(&self, authority: String, hash: Option<OcspHash>, page_size: u32) -> PresignedPages {
        let registry = self.0.clone();
        let hash = hash_of(hash);
        PresignedPages::new(page_size, move |page| registry.ocsp().presign(authority.parse()?, hash, page))
    }
}

/// A request for the status of certificates of one issuer, to be sent to a responder as `application/ocsp-request`. `nonce`,
/// of 1 to 128 octets (RFC 9654), makes the answer fresh and costs a signature there.
///
/// Errors:
/// `input.invalid` for no certificates, too many, or a nonce of another length.
#[pyfunction]
#[pyo3(signature = (certificates, issuer, hash=None, nonce=None))]
pub(crate) fn make_ocsp_request(
    py: Python<'_>,
    certificates: Vec<Certificate>,
    issuer: &Certificate,
    hash: Option<OcspHash>,
    nonce: Option<Bytes>,
) -> PyResult<Bytes> {
    let certificates: Vec<tegata::Certificate> = crate::convert::Core::core(certificates)?;
    let nonce = nonce.as_ref().map(|nonce| nonce.0.as_slice());
    run(py, || tegata::make_ocsp_request(&certificates, &issuer.0, hash_of(hash), nonce))
}

/// What a responder says about `certificate`, once its signature, its authority to speak for `issuer`, the nonce and the
/// time fit.
///
/// Errors:
/// `certificate.ocsp_malformed`, `certificate.ocsp_unsuccessful`, `certificate.ocsp_signature`, `certificate.ocsp_nonce`,
/// `certificate.ocsp_stale`, `certificate.ocsp_other`.
#[pyfunction]
#[pyo3(signature = (response, certificate, issuer, nonce=None, *, at))]
pub(crate) fn check_ocsp(
    py: Python<'_>,
    response: Bytes,
    certificate: &Certificate,
    issuer: &Certificate,
    nonce: Option<Bytes>,
    at: Time,
) -> PyResult<CheckedOcsp> {
    let nonce = nonce.as_ref().map(|nonce| nonce.0.as_slice());
    run(py, || tegata::check_ocsp(&response, &certificate.0, &issuer.0, nonce, at.0))
}

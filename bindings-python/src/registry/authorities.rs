//! `registry.authorities`.

use pyo3::prelude::*;

use crate::convert::{Bytes, Time};
use crate::error::run;
use crate::host::Signer;
use crate::options::{AuthorityFilter, CrlOptions, CrlPolicy, ImportAuthority, NewAuthority, Rebuild};
use crate::page::{AuthorityListing, AuthorityPages, Page, or_first};
use crate::records::{Authority, CrlRecord, CrlState};
use crate::registry::bulk::{Outcome, each};
use crate::registry::called_by;

/// Authorities: the private CA. Every generation of an authority is a record of its own.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Authorities(pub(crate) tegata::Registry);

#[pymethods]
impl Authorities {
    /// The authority's certificate and those above it, in DER, its own first and the root last.
    ///
    /// Errors:
    /// `input.unknown_id`; `authority.not_installed` while its certificate is awaited.
    fn chain(&self, py: Python<'_>, id: &str) -> PyResult<Vec<Bytes>> {
        let registry = &self.0;
        run(py, || registry.authorities().chain(id.parse()?))
    }

    /// Makes an authority that `parent` certifies.
    ///
    /// Errors:
    /// As `create_root`; `authority.validity_exceeds_issuer` and `authority.path_length` when
    /// the parent's certificate does not allow it; the parent's state.
    #[pyo3(signature = (parent, new, *, actor="", request_id=None))]
    fn create_intermediate(
        &self,
        py: Python<'_>,
        parent: &str,
        new: &NewAuthority,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().create_intermediate(parent.parse()?, &new.0, &called_by(actor, request_id)))
    }

    /// Makes a root: an authority that certifies itself.
    ///
    /// Errors:
    /// `authority.name_taken`; `key.generation_unsupported` for RSA without the feature `aws-lc`; signer and store errors.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn create_root(
        &self,
        py: Python<'_>,
        new: &NewAuthority,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().create_root(&new.0, &called_by(actor, request_id)))
    }

    /// Makes a CRL of the authority anew: every certificate in its scope that is revoked, or on hold under a profile that
    /// says so. Certificates whose grace period has ended are revoked (superseded) first.
    ///
    /// Errors:
    /// `authority.compromised`, `authority.expired`, `authority.signer_missing`; `input.unknown_id` for a shard that the
    /// authority never had; `certificate.crl_no_base` for a delta before there is a complete CRL, to one that a clock
    /// made that was ahead, or of the list of all certificates when there are shards; signer and store errors.
    #[pyo3(signature = (id, options=None, *, actor="", request_id=None))]
    fn crl(
        &self,
        py: Python<'_>,
        id: &str,
        options: Option<CrlOptions>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<CrlRecord> {
        let options = options.map(|options| options.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.authorities().crl(id.parse()?, &options, &called_by(actor, request_id)))
    }

    /// Certifies the key and subject of `id` by `by` as well, so that those who trust only `by` (an older generation,
    /// another hierarchy) can follow. Returns the cross-certificate in DER; it is kept with the authority.
    ///
    /// Errors:
    /// The states of both; `authority.validity_exceeds_issuer` never: the cross-certificate ends with the earlier one.
    #[pyo3(signature = (id, by, *, actor="", request_id=None))]
    fn cross_certify(
        &self,
        py: Python<'_>,
        id: &str,
        by: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Bytes> {
        let registry = &self.0;
        run(py, || registry.authorities().cross_certify(id.parse()?, by.parse()?, &called_by(actor, request_id)))
    }

    /// The newest CRL that was made.
    ///
    /// Errors:
    /// `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
    #[pyo3(signature = (id, options=None))]
    fn current_crl(&self, py: Python<'_>, id: &str, options: Option<&CrlOptions>) -> PyResult<CrlRecord> {
        let registry = &self.0;
        let options = options.map(|options| options.0).unwrap_or_default();
        run(py, || registry.authorities().current_crl(id.parse()?, &options))
    }

    /// How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.
    ///
    /// Errors:
    /// `input.unknown_id`; store errors.
    fn crls(&self, py: Python<'_>, id: &str) -> PyResult<Vec<CrlState>> {
        let registry = &self.0;
        run(py, || registry.authorities().crls(id.parse()?))
    }

    /// Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each
    /// of which belongs to one shard for good; other addresses or another number of shards open new shards, while
    /// the old ones are kept up for their certificates. All that is new is due at once. The list of all
    /// certificates, shard 0, is the one of certificates from before there were shards; beside shards it is kept
    /// up once it was made. A rebuilt authority begins with its predecessor's policy.
    ///
    /// Errors:
    /// `input.invalid`, naming the field; `authority.compromised`; store errors.
    #[pyo3(signature = (id, policy, *, actor="", request_id=None))]
    fn set_crl_policy(
        &self,
        py: Python<'_>,
        id: &str,
        policy: &CrlPolicy,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().set_crl_policy(id.parse()?, &policy.0, &called_by(actor, request_id)))
    }

    /// Makes every CRL that is due until a moment (`due` lists them), each with the times of its authority's
    /// policy, and answers how each stands then; those of an authority that cannot sign now carry the reason. To
    /// be called regularly: with the present moment, or a later one to be ahead. The request ID of `call` is not
    /// used.
    ///
    /// Errors:
    /// Store errors that keep it from finding out what is due.
    #[pyo3(signature = (until, *, actor="", request_id=None))]
    fn refresh_crls(
        &self,
        py: Python<'_>,
        until: Time,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<CrlState>>> {
        let registry = &self.0;
        each(py, || registry.authorities().refresh_crls(until.0, &called_by(actor, request_id)))
    }

    /// The authorities that match, by name.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<AuthorityFilter>, page: Option<&Page>) -> PyResult<AuthorityListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.authorities().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<AuthorityFilter>, page_size: u32) -> AuthorityPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        AuthorityPages::new(page_size, move |page| registry.authorities().find(&filter, page))
    }

    /// The authority with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().get(id.parse()?))
    }

    /// Takes over an authority that exists, with its key and the certificates above it.
    ///
    /// Errors:
    /// `certificate.malformed`, `authority.not_ca` (version 1, no CA:TRUE, no keyCertSign, no cRLSign, no key
    /// identifier), `authority.chain_invalid`, `authority.path_length`, `authority.signer_mismatch`,
    /// `authority.name_taken`.
    #[pyo3(signature = (import_, *, actor="", request_id=None))]
    fn import_(
        &self,
        py: Python<'_>,
        import_: &ImportAuthority,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().import(&import_.0, &called_by(actor, request_id)))
    }

    /// Installs what the outside CA issued for `request`: the certificate, and those above it as PEM.
    ///
    /// Errors:
    /// `authority.already_installed`, `authority.signer_mismatch` when it is for another key, `authority.not_ca`,
    /// `authority.chain_invalid`, `authority.path_length`.
    #[pyo3(signature = (id, certificate, chain, *, actor="", request_id=None))]
    fn install(
        &self,
        py: Python<'_>,
        id: &str,
        certificate: Bytes,
        chain: Bytes,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().install(id.parse()?, &certificate, &chain, &called_by(actor, request_id)))
    }

    /// Ends all trust in the authority: it signs nothing more, nothing that it or an authority below it issued
    /// authenticates, and the next CRLs of its issuer and of those that certified it across list it. Those below it
    /// issue again once they are rebuilt below another one; until then they only sign CRLs.
    ///
    /// Errors:
    /// `authority.compromised` when that is known already.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn mark_compromised(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().mark_compromised(id.parse()?, &called_by(actor, request_id)))
    }

    /// Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires in the
    /// same moment: it still revokes and signs CRLs, and what it issued stays valid. What referred to the old one
    /// (products, renewals) is issued by the new one from now on.
    ///
    /// Errors:
    /// When the authority is not the newest generation, or waits for its certificate; `input.invalid` for a subject or a
    /// validity that cannot be; as
    /// `create_intermediate`.
    #[pyo3(signature = (id, rebuild, *, actor="", request_id=None))]
    fn rebuild(
        &self,
        py: Python<'_>,
        id: &str,
        rebuild: &Rebuild,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().rebuild(id.parse()?, &rebuild.0, &called_by(actor, request_id)))
    }

    /// Makes a key and a CSR for an authority that an outside CA is to certify; `install` completes it.
    /// The CSR is in the record's `request`.
    ///
    /// Errors:
    /// As `create_root`.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn request(
        &self,
        py: Python<'_>,
        new: &NewAuthority,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().request(&new.0, &called_by(actor, request_id)))
    }

    /// Ends issuing: from now on the authority only revokes and signs CRLs.
    ///
    /// Errors:
    /// `authority.retired` and the other states that do not allow it.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn retire(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Authority> {
        let registry = &self.0;
        run(py, || registry.authorities().retire(id.parse()?, &called_by(actor, request_id)))
    }

    /// Connects the key of an authority that lives outside the store. To be done after every opening.
    ///
    /// Errors:
    /// `authority.signer_mismatch` when it is not the authority's key.
    fn use_signer(&self, py: Python<'_>, id: &str, signer: Signer) -> PyResult<()> {
        let registry = &self.0;
        run(py, || registry.authorities().use_signer(id.parse()?, signer.0))
    }
}

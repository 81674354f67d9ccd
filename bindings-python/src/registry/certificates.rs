//! `registry.certificates`.

use pyo3::prelude::*;

use crate::convert::{Bytes, Core};
use crate::error::run;
use crate::options::{CertificateFilter, Issue, IssueWithKey, Renew, RenewWithKey};
use crate::page::{AssignmentListing, AssignmentPages, CertificateListing, CertificatePages, Page, or_first};
use crate::records::{Assignment, CertificateRecord, Issued, IssuedWithKey, PackedFile};
use crate::registry::bulk::{Outcome, many};
use crate::registry::called_by;
use crate::sums::{CertificateCount, ExportFormat};
use crate::words::{Atomicity, CertificateGrouping, Progress, RevocationReason};

/// Certificates: issued for a CSR or with a key made here, renewed, suspended, revoked, attached to devices, exported.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Certificates(pub(crate) tegata::Registry);

#[pymethods]
impl Certificates {
    /// Approves a request: the certificate is issued, valid from now.
    ///
    /// Errors:
    /// `certificate.not_pending`; otherwise as `issue`, as things are now.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn approve(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Issued> {
        let registry = &self.0;
        run(py, || registry.certificates().approve(id.parse()?, &called_by(actor, request_id)))
    }

    /// Attaches a certificate to a device, which can then present it as well.
    ///
    /// Errors:
    /// `certificate.already_attached`; the certificate's state, unless it is in force, suspended or not yet valid;
    /// `device.deleted`; `input.invalid` for a product credential.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn attach(
        &self,
        py: Python<'_>,
        id: &str,
        device: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Assignment> {
        let registry = &self.0;
        run(py, || registry.certificates().attach(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// The devices that a certificate is attached to, and since when, the earliest first.
    ///
    /// Errors:
    /// `input.unknown_id`; store errors.
    #[pyo3(signature = (id, page=None))]
    fn attachments(&self, py: Python<'_>, id: &str, page: Option<&Page>) -> PyResult<AssignmentListing> {
        let registry = &self.0;
        run(py, || registry.certificates().attachments(id.parse()?, &or_first(page)))
    }

    /// All devices that hold it, fetched page by page while the iterator goes on.
    #[pyo3(signature = (id, *, page_size=500))]
    fn iterate_attachments(&self, id: &str, page_size: u32) -> PyResult<AssignmentPages> {
        let registry = self.0.clone();
        let id = id.core()?;
        Ok(AssignmentPages::new(page_size, move |page| registry.certificates().attachments(id, page)))
    }

    /// The record of the certificate with this serial number (its octets) that `authority` issued. The serial number
    /// leads straight to the record; nothing is searched.
    ///
    /// Errors:
    /// `certificate.unknown`; `input.unknown_id` for an unknown authority.
    fn by_serial(&self, py: Python<'_>, authority: &str, serial: Bytes) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().by_serial(authority.parse()?, &serial))
    }

    /// The certificates above it in DER: its issuer first, the root last.
    ///
    /// Errors:
    /// As `issued`.
    fn chain(&self, py: Python<'_>, id: &str) -> PyResult<Vec<Bytes>> {
        let registry = &self.0;
        run(py, || registry.certificates().chain(id.parse()?))
    }

    /// Hands out the private key of a certificate, once: it is erased as soon as `confirm_key`
    /// says that it arrived. Until then, only a call with the same request ID gets it again.
    ///
    /// Errors:
    /// `delivery.collecting`, `delivery.collected`, `delivery.lapsed`; `delivery.none` when the key was made elsewhere;
    /// the certificate's state, unless it is in force or not yet valid.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn collect_key(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<IssuedWithKey> {
        let registry = &self.0;
        run(py, || registry.certificates().collect_key(id.parse()?, &called_by(actor, request_id)))
    }

    /// Says that the renewal of a certificate is installed: the old one is retired at once (superseded; SOL-5). `id` is
    /// the new certificate, or the first one of an entity whose first renewal it is; a certificate that is a renewal
    /// itself always means itself. Saying so twice changes nothing.
    ///
    /// Errors:
    /// `certificate.no_successor`; the new certificate's state, unless it is in force or not yet valid.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn confirm(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().confirm(id.parse()?, &called_by(actor, request_id)))
    }

    /// Says that a private key arrived; it is erased here and can never be read again.
    ///
    /// Errors:
    /// `delivery.not_collecting` when it was not handed out, `delivery.collected`, `delivery.lapsed`, `delivery.none`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn confirm_key(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<()> {
        let registry = &self.0;
        run(py, || registry.certificates().confirm_key(id.parse()?, &called_by(actor, request_id)))
    }

    /// How many certificates match, by `by`; in the order of what they are counted by.
    ///
    /// Errors:
    /// As `find`.
    #[pyo3(signature = (filter, by))]
    fn count(
        &self,
        py: Python<'_>,
        filter: Option<CertificateFilter>,
        by: CertificateGrouping,
    ) -> PyResult<Vec<(CertificateCount, u64)>> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.certificates().count(&filter, by.0))
    }

    /// Deletes a certificate, which cannot be undone (NAV-12): it is revoked first (cessationOfOperation), unless it
    /// has expired or is revoked already; a key that was not collected is erased; devices lose it. Its record stays,
    /// but is listed only on request. A pending request is denied first.
    ///
    /// Errors:
    /// `certificate.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn delete(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().delete(id.parse()?, &called_by(actor, request_id)))
    }

    /// `delete` for many, with a result per item.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn delete_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<CertificateRecord>>> {
        let ids: Vec<tegata::CertificateId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().delete_many(&ids, bulk, &called_by(actor, request_id))
        })
    }

    /// Denies a request, for good.
    ///
    /// Errors:
    /// `certificate.not_pending`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn deny(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().deny(id.parse()?, &called_by(actor, request_id)))
    }

    /// The certificate in DER.
    ///
    /// Errors:
    /// As `issued`.
    fn der(&self, py: Python<'_>, id: &str) -> PyResult<Bytes> {
        let registry = &self.0;
        run(py, || registry.certificates().der(id.parse()?))
    }

    /// Detaches a certificate from a device. The certificate itself stays as it is.
    ///
    /// Errors:
    /// `certificate.not_attached`; `input.unknown_id`.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn detach(&self, py: Python<'_>, id: &str, device: &str, actor: &str, request_id: Option<&str>) -> PyResult<()> {
        let registry = &self.0;
        run(py, || registry.certificates().detach(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// Erases the private keys that were not collected or confirmed in time, and says how many there were. They are not
    /// handed out after that moment anyway. The request ID of `call` is not used.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (*, actor="", request_id=None))]
    fn erase_uncollected(&self, py: Python<'_>, actor: &str, request_id: Option<&str>) -> PyResult<u64> {
        let registry = &self.0;
        run(py, || registry.certificates().erase_uncollected(&called_by(actor, request_id)))
    }

    /// A certificate as files.
    ///
    /// Errors:
    /// `certificate.pending` or `certificate.denied` when it was not issued; `key.` codes and `key.inconsistent` when
    /// the key is not the certificate's; `certificate.password_not_ascii`; `input.invalid` for an empty password or a
    /// file name that cannot be one.
    fn export(&self, py: Python<'_>, id: &str, format: &ExportFormat) -> PyResult<Vec<PackedFile>> {
        let registry = &self.0;
        run(py, || registry.certificates().export(id.parse()?, &format.0))
    }

    /// The certificates that match, in the order of their numbers: that in which they were requested or issued.
    ///
    /// Errors:
    /// `input.invalid` for a serial number that is not hexadecimal, `input.page_cursor`, `store.invalid_query` when
    /// part of a name is searched in its middle.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(
        &self,
        py: Python<'_>,
        filter: Option<CertificateFilter>,
        page: Option<&Page>,
    ) -> PyResult<CertificateListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.certificates().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<CertificateFilter>, page_size: u32) -> CertificatePages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        CertificatePages::new(page_size, move |page| registry.certificates().find(&filter, page))
    }

    /// The record of a certificate, whatever its state.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().get(id.parse()?))
    }

    /// Issues a certificate for a CSR (NEC-5), by the same procedure with and without a device. With a device, it gets
    /// the device's subject and is attached to it.
    ///
    /// Errors:
    /// A `csr.` code that names what is wrong with the CSR; `profile.approval_needed`, and then
    /// `request` is the way; the device's state (`device.disabled` ...); the authority's state.
    #[pyo3(signature = (issue, *, actor="", request_id=None))]
    fn issue(&self, py: Python<'_>, issue: &Issue, actor: &str, request_id: Option<&str>) -> PyResult<Issued> {
        let registry = &self.0;
        run(py, || registry.certificates().issue(&issue.0, &called_by(actor, request_id)))
    }

    /// Issues many certificates, with a result per item in their order.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole; each item has the errors of `issue`.
    #[pyo3(signature = (issues, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn issue_many(
        &self,
        py: Python<'_>,
        issues: Vec<Issue>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Issued>>> {
        let issues: Vec<tegata::Issue> = issues.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().issue_many(&issues, bulk, &called_by(actor, request_id))
        })
    }

    /// Makes a key and issues a certificate for it (NAV-1, NAV-15).
    ///
    /// Errors:
    /// `profile.no_server_key` and `profile.server_key_algorithm`; otherwise as `issue`.
    /// `delivery.collected` when a repeated request comes after the key was confirmed.
    #[pyo3(signature = (issue, *, actor="", request_id=None))]
    fn issue_with_key(
        &self,
        py: Python<'_>,
        issue: &IssueWithKey,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedWithKey> {
        let registry = &self.0;
        run(py, || registry.certificates().issue_with_key(&issue.0, &called_by(actor, request_id)))
    }

    /// The certificate with its record and the certificates above it (NEC-6, NAV-4, NEC-53).
    ///
    /// Errors:
    /// `certificate.pending` or `certificate.denied` when it was not issued; `input.unknown_id`.
    fn issued(&self, py: Python<'_>, id: &str) -> PyResult<Issued> {
        let registry = &self.0;
        run(py, || registry.certificates().issued(id.parse()?))
    }

    /// The certificate in PEM.
    fn pem(&self, py: Python<'_>, id: &str) -> PyResult<String> {
        let registry = &self.0;
        run(py, || registry.certificates().pem(id.parse()?))
    }

    /// Renews a certificate (NEC-7): a new serial number and validity, from the newest generation of its authority
    /// (SOL-4), the same subject and alternative names. The old one stays in force until `confirm`
    /// says that the new one is installed, or until the profile's grace period ends. Renewing again before that with
    /// the same key returns the same certificate; with another key it replaces the one that was not confirmed.
    /// Renewals wait for no approval.
    ///
    /// Errors:
    /// `certificate.renewal_of_expired` unless the holder showed another proof, `certificate.renewal_of_revoked` and the other states that do not allow it;
    /// the device's state, such as `device.disabled`; `certificate.renewal_subject` when the CSR asks for another
    /// subject (where the CSR's counts) or for further alternative names; `input.invalid` for a product credential, which
    /// `renew_credential` renews; `csr.key_unchanged` when the profile wants a
    /// new key; `csr.` codes.
    #[pyo3(signature = (renew, *, actor="", request_id=None))]
    fn renew(&self, py: Python<'_>, renew: &Renew, actor: &str, request_id: Option<&str>) -> PyResult<Issued> {
        let registry = &self.0;
        run(py, || registry.certificates().renew(&renew.0, &called_by(actor, request_id)))
    }

    /// Renews many certificates, with a result per item in their order.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole; each item has the errors of `renew`.
    #[pyo3(signature = (renewals, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn renew_many(
        &self,
        py: Python<'_>,
        renewals: Vec<Renew>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Issued>>> {
        let renewals: Vec<tegata::Renew> = renewals.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().renew_many(&renewals, bulk, &called_by(actor, request_id))
        })
    }

    /// Renews a certificate with a new key that is made here, and handed out as at
    /// `issue_with_key`.
    ///
    /// Errors:
    /// As `renew`; `profile.no_server_key` and `profile.server_key_algorithm`.
    #[pyo3(signature = (renew, *, actor="", request_id=None))]
    fn renew_with_key(
        &self,
        py: Python<'_>,
        renew: &RenewWithKey,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedWithKey> {
        let registry = &self.0;
        run(py, || registry.certificates().renew_with_key(&renew.0, &called_by(actor, request_id)))
    }

    /// Hands in a request, to be approved or denied. It works under any profile and is checked at once as if it were
    /// issued now.
    ///
    /// Errors:
    /// As `issue`, but for `profile.approval_needed`.
    #[pyo3(signature = (issue, *, actor="", request_id=None))]
    fn request(
        &self,
        py: Python<'_>,
        issue: &Issue,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().request(&issue.0, &called_by(actor, request_id)))
    }

    /// Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.
    ///
    /// Errors:
    /// `certificate.not_suspended`, `certificate.revoked`, `certificate.expired` ...; `device.disabled` while the device
    /// that alone has it is disabled, or one of several when a device's disabling suspended it.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// `resume` for many, with a result per item.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn resume_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<CertificateRecord>>> {
        let ids: Vec<tegata::CertificateId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().resume_many(&ids, bulk, &called_by(actor, request_id))
        })
    }

    /// Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many
    /// there were. They count for nothing since that moment anyway; this brings them onto the CRL, and
    /// `crl` does it by itself. The request ID of `call` is not used.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (*, actor="", request_id=None))]
    fn retire_superseded(&self, py: Python<'_>, actor: &str, request_id: Option<&str>) -> PyResult<u64> {
        let registry = &self.0;
        run(py, || registry.certificates().retire_superseded(&called_by(actor, request_id)))
    }

    /// Puts a certificate out of force for good. The authority's next CRL lists it with this reason (NEC-8). With
    /// `keyCompromise`, its key is never certified again; that can also be said of one that was revoked for another reason.
    ///
    /// Errors:
    /// `certificate.already_revoked`, `certificate.pending`, `certificate.denied`; `input.invalid` for the reasons
    /// certificateHold and removeFromCRL.
    #[pyo3(signature = (id, reason, *, actor="", request_id=None))]
    fn revoke(
        &self,
        py: Python<'_>,
        id: &str,
        reason: RevocationReason,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().revoke(id.parse()?, reason.0, &called_by(actor, request_id)))
    }

    /// `revoke` for many, with a result per item.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole.
    #[pyo3(signature = (ids, reason, *, atomicity=None, progress=None, actor="", request_id=None))]
    #[allow(clippy::too_many_arguments)] // The options of a call are keywords in Python.
    fn revoke_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        reason: RevocationReason,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<CertificateRecord>>> {
        let ids: Vec<tegata::CertificateId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().revoke_many(&ids, reason.0, bulk, &called_by(actor, request_id))
        })
    }

    /// Puts a certificate out of force for now, at once (NAV-11). If its profile says so, CRLs list it as on hold.
    ///
    /// Errors:
    /// The state that does not allow it: `certificate.suspended`, `certificate.revoked`, `certificate.expired` ...
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn suspend(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.certificates().suspend(id.parse()?, &called_by(actor, request_id)))
    }

    /// `suspend` for many, with a result per item.
    ///
    /// Errors:
    /// `input.` codes for the call as a whole.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn suspend_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<CertificateRecord>>> {
        let ids: Vec<tegata::CertificateId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.certificates().suspend_many(&ids, bulk, &called_by(actor, request_id))
        })
    }
}

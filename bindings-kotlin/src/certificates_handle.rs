//! Certificates: what is done with them.

use tegata::pack::PackedFile;
use tegata::{
    AuthorityId, Call, CertificateFilter, CertificateGrouping, CertificateId, DeviceId, ExportFormat, Issue,
    IssueWithKey, Page, Renew, RenewWithKey, RevocationReason,
};

use crate::bulk::{Bulk, CertificateOutcome, IssuedOutcome, each};
use crate::certificates::{Assignment, CertificateRecord, CertificateTally, Issued, IssuedWithKey};
use crate::error::Result;
use crate::lists::{AssignmentListing, CertificateListing};

/// Certificates: issued for a CSR or with a key made by the registry, renewed, suspended, revoked, attached, exported.
#[derive(uniffi::Object)]
pub struct Certificates {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Certificates {
    /// Issues a certificate for a CSR, by the same procedure with and without a device.
    pub fn issue(&self, issue: Issue, call: Call) -> Result<Issued> {
        Ok(self.core.certificates().issue(&issue, &call)?.into())
    }

    /// Issues many certificates, with a result per item in their order.
    pub fn issue_many(&self, issues: Vec<Issue>, bulk: Bulk, call: Call) -> Result<Vec<IssuedOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().issue_many(&issues, bulk, &call)))
    }

    /// Makes a key and issues a certificate for it.
    pub fn issue_with_key(&self, issue: IssueWithKey, call: Call) -> Result<IssuedWithKey> {
        Ok(self.core.certificates().issue_with_key(&issue, &call)?.into())
    }

    /// Hands out the private key of a certificate, once: it is erased as soon as `confirm_key` says that it arrived.
    pub fn collect_key(&self, id: CertificateId, call: Call) -> Result<IssuedWithKey> {
        Ok(self.core.certificates().collect_key(id, &call)?.into())
    }

    /// Says that a private key arrived; it is erased here and can never be read again.
    pub fn confirm_key(&self, id: CertificateId, call: Call) -> Result<()> {
        Ok(self.core.certificates().confirm_key(id, &call)?)
    }

    /// Erases the private keys that were not collected or confirmed in time, and says how many there were.
    pub fn erase_uncollected(&self, call: Call) -> Result<u64> {
        Ok(self.core.certificates().erase_uncollected(&call)?)
    }

    /// Hands in a request, to be approved or denied.
    pub fn request(&self, issue: Issue, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().request(&issue, &call)?.into())
    }

    /// Approves a request: the certificate is issued, valid from now.
    pub fn approve(&self, id: CertificateId, call: Call) -> Result<Issued> {
        Ok(self.core.certificates().approve(id, &call)?.into())
    }

    /// Denies a request, for good.
    pub fn deny(&self, id: CertificateId, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().deny(id, &call)?.into())
    }

    /// Renews a certificate: a new serial number and validity, the same subject and names. The old one stays in force until
    /// `confirm` says that the new one is installed, or until the profile's grace period ends.
    pub fn renew(&self, renew: Renew, call: Call) -> Result<Issued> {
        Ok(self.core.certificates().renew(&renew, &call)?.into())
    }

    /// Renews many certificates, with a result per item in their order.
    pub fn renew_many(&self, renewals: Vec<Renew>, bulk: Bulk, call: Call) -> Result<Vec<IssuedOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().renew_many(&renewals, bulk, &call)))
    }

    /// Renews a certificate with a new key that the registry makes.
    pub fn renew_with_key(&self, renew: RenewWithKey, call: Call) -> Result<IssuedWithKey> {
        Ok(self.core.certificates().renew_with_key(&renew, &call)?.into())
    }

    /// Says that the renewal of a certificate is installed: the old one is retired at once. Saying so twice changes nothing.
    pub fn confirm(&self, id: CertificateId, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().confirm(id, &call)?.into())
    }

    /// The record of a certificate, whatever its state.
    pub fn get(&self, id: CertificateId) -> Result<CertificateRecord> {
        Ok(self.core.certificates().get(id)?.into())
    }

    /// The record of the certificate with this serial number (its octets) that `authority` issued.
    pub fn by_serial(&self, authority: AuthorityId, serial: Vec<u8>) -> Result<CertificateRecord> {
        Ok(self.core.certificates().by_serial(authority, &serial)?.into())
    }

    /// The certificate with its record and the certificates above it.
    pub fn issued(&self, id: CertificateId) -> Result<Issued> {
        Ok(self.core.certificates().issued(id)?.into())
    }

    /// The certificate in DER.
    pub fn der(&self, id: CertificateId) -> Result<Vec<u8>> {
        Ok(self.core.certificates().der(id)?)
    }

    /// The certificate in PEM.
    pub fn pem(&self, id: CertificateId) -> Result<String> {
        Ok(self.core.certificates().pem(id)?)
    }

    /// The certificates above it in DER: its issuer first, the root last.
    pub fn chain(&self, id: CertificateId) -> Result<Vec<Vec<u8>>> {
        Ok(self.core.certificates().chain(id)?)
    }

    /// A certificate as files.
    pub fn export(&self, id: CertificateId, format: ExportFormat) -> Result<Vec<PackedFile>> {
        Ok(self.core.certificates().export(id, &format)?)
    }

    /// The certificates that match, in the order in which they were requested or issued.
    pub fn find(&self, filter: CertificateFilter, page: Page) -> Result<CertificateListing> {
        Ok(self.core.certificates().find(&filter, &page)?.into())
    }

    /// How many certificates match, by `by`; in the order of what they are counted by.
    pub fn count(&self, filter: CertificateFilter, by: CertificateGrouping) -> Result<Vec<CertificateTally>> {
        let counts = self.core.certificates().count(&filter, by)?;
        Ok(counts.into_iter().map(|(of, count)| CertificateTally { of, count }).collect())
    }

    /// Puts a certificate out of force for now, at once. If its profile says so, CRLs list it as on hold.
    pub fn suspend(&self, id: CertificateId, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().suspend(id, &call)?.into())
    }

    /// Suspends many, with a result per item.
    pub fn suspend_many(&self, ids: Vec<CertificateId>, bulk: Bulk, call: Call) -> Result<Vec<CertificateOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().suspend_many(&ids, bulk, &call)))
    }

    /// Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.
    pub fn resume(&self, id: CertificateId, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().resume(id, &call)?.into())
    }

    /// Resumes many, with a result per item.
    pub fn resume_many(&self, ids: Vec<CertificateId>, bulk: Bulk, call: Call) -> Result<Vec<CertificateOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().resume_many(&ids, bulk, &call)))
    }

    /// Puts a certificate out of force for good. The authority's next CRL lists it with this reason.
    pub fn revoke(&self, id: CertificateId, reason: RevocationReason, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().revoke(id, reason, &call)?.into())
    }

    /// Revokes many, with a result per item.
    pub fn revoke_many(
        &self,
        ids: Vec<CertificateId>,
        reason: RevocationReason,
        bulk: Bulk,
        call: Call,
    ) -> Result<Vec<CertificateOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().revoke_many(&ids, reason, bulk, &call)))
    }

    /// Deletes a certificate, which cannot be undone. Its record stays, but is listed only on request.
    pub fn delete(&self, id: CertificateId, call: Call) -> Result<CertificateRecord> {
        Ok(self.core.certificates().delete(id, &call)?.into())
    }

    /// Deletes many, with a result per item.
    pub fn delete_many(&self, ids: Vec<CertificateId>, bulk: Bulk, call: Call) -> Result<Vec<CertificateOutcome>> {
        each(bulk.run(|bulk| self.core.certificates().delete_many(&ids, bulk, &call)))
    }

    /// Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many there
    /// were.
    pub fn retire_superseded(&self, call: Call) -> Result<u64> {
        Ok(self.core.certificates().retire_superseded(&call)?)
    }

    /// Attaches a certificate to a device, which can then present it as well.
    pub fn attach(&self, id: CertificateId, device: DeviceId, call: Call) -> Result<Assignment> {
        Ok(self.core.certificates().attach(id, device, &call)?.into())
    }

    /// Detaches a certificate from a device. The certificate itself stays as it is.
    pub fn detach(&self, id: CertificateId, device: DeviceId, call: Call) -> Result<()> {
        Ok(self.core.certificates().detach(id, device, &call)?)
    }

    /// The devices that a certificate is attached to, and since when, the earliest first.
    pub fn attachments(&self, id: CertificateId, page: Page) -> Result<AssignmentListing> {
        Ok(self.core.certificates().attachments(id, &page)?.into())
    }
}

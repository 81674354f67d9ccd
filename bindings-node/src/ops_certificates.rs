//! The operations of `registry.certificates`.

use tegata::model::{Assignment, Certificate};
use tegata::pack::PackedFile;
use tegata::{
    AuthorityId, CertificateCount, CertificateFilter, CertificateGrouping, CertificateId, DeviceId, ExportFormat,
    Issue, IssueWithKey, Issued, IssuedWithKey, Listing, Page, Renew, RenewWithKey, Result, RevocationReason,
};

use crate::ops::operations;

type Call = tegata::Call;
type Each<T> = Vec<Result<T>>;

operations! { LIST:
    "certificates.issue" (issue: Issue, call: Call) -> Issued
        = |it| it.registry()?.certificates().issue(&issue, &call)?;
    "certificates.issue_many" (issues: Vec<Issue>, call: Call) bulk -> Each<Issued>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().issue_many(&issues, bulk, &call))? };
    "certificates.issue_with_key" (issue: IssueWithKey, call: Call) -> IssuedWithKey
        = |it| it.registry()?.certificates().issue_with_key(&issue, &call)?;
    "certificates.collect_key" (id: CertificateId, call: Call) -> IssuedWithKey
        = |it| it.registry()?.certificates().collect_key(id, &call)?;
    "certificates.confirm_key" (id: CertificateId, call: Call) -> ()
        = |it| it.registry()?.certificates().confirm_key(id, &call)?;
    "certificates.erase_uncollected" (call: Call) -> u64
        = |it| it.registry()?.certificates().erase_uncollected(&call)?;
    "certificates.request" (issue: Issue, call: Call) -> Certificate
        = |it| it.registry()?.certificates().request(&issue, &call)?;
    "certificates.approve" (id: CertificateId, call: Call) -> Issued
        = |it| it.registry()?.certificates().approve(id, &call)?;
    "certificates.deny" (id: CertificateId, call: Call) -> Certificate
        = |it| it.registry()?.certificates().deny(id, &call)?;
    "certificates.get" (id: CertificateId) -> Certificate = |it| it.registry()?.certificates().get(id)?;
    "certificates.by_serial" (authority: AuthorityId, serial: Vec<u8>) -> Certificate
        = |it| it.registry()?.certificates().by_serial(authority, &serial)?;
    "certificates.issued" (id: CertificateId) -> Issued = |it| it.registry()?.certificates().issued(id)?;
    "certificates.der" (id: CertificateId) -> Vec<u8> = |it| it.registry()?.certificates().der(id)?;
    "certificates.pem" (id: CertificateId) -> String = |it| it.registry()?.certificates().pem(id)?;
    "certificates.chain" (id: CertificateId) -> Vec<Vec<u8>> = |it| it.registry()?.certificates().chain(id)?;
    "certificates.export" (id: CertificateId, format: ExportFormat) -> Vec<PackedFile>
        = |it| it.registry()?.certificates().export(id, &format)?;
    "certificates.find" (filter: CertificateFilter, page: Page) -> Listing<Certificate>
        = |it| it.registry()?.certificates().find(&filter, &page)?;
    "certificates.count" (filter: CertificateFilter, by: CertificateGrouping) -> Vec<(CertificateCount, u64)>
        = |it| it.registry()?.certificates().count(&filter, by)?;
    "certificates.renew" (renew: Renew, call: Call) -> Issued
        = |it| it.registry()?.certificates().renew(&renew, &call)?;
    "certificates.renew_many" (renewals: Vec<Renew>, call: Call) bulk -> Each<Issued>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().renew_many(&renewals, bulk, &call))? };
    "certificates.renew_with_key" (renew: RenewWithKey, call: Call) -> IssuedWithKey
        = |it| it.registry()?.certificates().renew_with_key(&renew, &call)?;
    "certificates.confirm" (id: CertificateId, call: Call) -> Certificate
        = |it| it.registry()?.certificates().confirm(id, &call)?;
    "certificates.suspend" (id: CertificateId, call: Call) -> Certificate
        = |it| it.registry()?.certificates().suspend(id, &call)?;
    "certificates.suspend_many" (ids: Vec<CertificateId>, call: Call) bulk -> Each<Certificate>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().suspend_many(&ids, bulk, &call))? };
    "certificates.resume" (id: CertificateId, call: Call) -> Certificate
        = |it| it.registry()?.certificates().resume(id, &call)?;
    "certificates.resume_many" (ids: Vec<CertificateId>, call: Call) bulk -> Each<Certificate>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().resume_many(&ids, bulk, &call))? };
    "certificates.revoke" (id: CertificateId, reason: RevocationReason, call: Call) -> Certificate
        = |it| it.registry()?.certificates().revoke(id, reason, &call)?;
    "certificates.revoke_many" (ids: Vec<CertificateId>, reason: RevocationReason, call: Call) bulk -> Each<Certificate>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().revoke_many(&ids, reason, bulk, &call))? };
    "certificates.delete" (id: CertificateId, call: Call) -> Certificate
        = |it| it.registry()?.certificates().delete(id, &call)?;
    "certificates.delete_many" (ids: Vec<CertificateId>, call: Call) bulk -> Each<Certificate>
        = |it| { it.many()?.run(|bulk| it.registry()?.certificates().delete_many(&ids, bulk, &call))? };
    "certificates.retire_superseded" (call: Call) -> u64
        = |it| it.registry()?.certificates().retire_superseded(&call)?;
    "certificates.attach" (id: CertificateId, device: DeviceId, call: Call) -> Assignment
        = |it| it.registry()?.certificates().attach(id, device, &call)?;
    "certificates.detach" (id: CertificateId, device: DeviceId, call: Call) -> ()
        = |it| it.registry()?.certificates().detach(id, device, &call)?;
    "certificates.attachments" (id: CertificateId, page: Page) -> Listing<Assignment>
        = |it| it.registry()?.certificates().attachments(id, &page)?;
}

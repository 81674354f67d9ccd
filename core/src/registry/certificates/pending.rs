//! Requests that wait for an approval (NAV-5).

use super::issue::{Issue, Order};
use super::issued::Issued;
use super::{Certificates, subject_of};
use crate::Result;
use crate::error::CertificateError;
use crate::id::CertificateId;
use crate::model::{Certificate, CertificateKind, CertificateState, Device, Entity, KeyOrigin};
use crate::policy::KeySource;
use crate::registry::driver::{Operation, Plan};
use crate::registry::{Call, Inner};
use crate::x509::VerifiedCsr;

impl Certificates<'_> {
    /// Hands in a request, to be approved or denied. It works under any profile and is checked at once as if it were
    /// issued now.
    ///
    /// # Errors
    /// As [`issue`](Self::issue), but for `profile.approval_needed`.
    pub fn request(&self, issue: &Issue, call: &Call) -> Result<Certificate> {
        let inner = self.inner;
        let csr = VerifiedCsr::parse(&issue.csr)?;
        let content = issue.content();
        let action = "certificate.request";
        inner.change(
            call,
            Operation { action, content: &content },
            |view| {
                let profile = inner.profile(issue.profile)?;
                // What would be issued is decided now, so that a request that cannot be granted never waits.
                let decided = view.order(&Order::of(issue, &profile, &csr)?, None)?.draft;
                let device = issue.device.map(|id| view.get::<Device, _>(id)).transpose()?;
                let record = Certificate {
                    serial: Vec::new(),
                    state: CertificateState::Pending,
                    holders: 0,
                    // The applicant's name is needed again when the certificate is issued.
                    name: issue.name.clone(),
                    renew_at: None,
                    ..decided.record
                };
                let number = decided.number;
                let mut writes = vec![
                    view.insert(&record)?,
                    Inner::document(number, csr.der().to_vec()),
                    view.event(action, subject_of(&record), Some(Entity::Certificate(record.id)), None)?,
                ];
                if let Some(device) = &device {
                    writes.push(view.require(device)?);
                }
                Ok(Plan::done(number, writes, record))
            },
            |number| self.get(inner.ids.id(number)),
        )
    }

    /// Approves a request: the certificate is issued, valid from now.
    ///
    /// # Errors
    /// `certificate.not_pending`; otherwise as [`issue`](Self::issue), as things are now.
    pub fn approve(&self, id: CertificateId, call: &Call) -> Result<Issued> {
        let inner = self.inner;
        let action = "certificate.approve";
        inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Certificate, _>(id)?;
                if stored.state != CertificateState::Pending {
                    return Err(CertificateError::NotPending.into());
                }
                let csr = inner.requested(view.number_of(id)?)?;
                let profile = inner.profile(stored.profile)?;
                let order = Order {
                    profile_id: stored.profile,
                    profile: &profile,
                    authority: stored.authority,
                    device: stored.device,
                    name: if stored.kind == CertificateKind::Device { None } else { stored.name.as_deref() },
                    source: KeySource::Csr(&csr),
                    key_origin: KeyOrigin::Requester,
                };
                let mut prepared = view.order(&order, Some(&stored))?;
                prepared.writes.push(view.issue_event(action, &prepared.draft.record)?);
                Ok(prepared.plan(|issued| issued))
            },
            |number| inner.issued(number),
        )
    }

    /// Denies a request, for good.
    ///
    /// # Errors
    /// `certificate.not_pending`; `input.unknown_id`.
    pub fn deny(&self, id: CertificateId, call: &Call) -> Result<Certificate> {
        let action = "certificate.deny";
        self.inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Certificate, _>(id)?;
                let denied = stored.record.clone().denied()?;
                let writes = vec![
                    view.update(stored.version, &denied)?,
                    view.event(action, subject_of(&denied), Some(Entity::Certificate(id)), None)?,
                ];
                Ok(Plan::done(view.number_of(id)?, writes, denied))
            },
            |_| self.get(id),
        )
    }
}

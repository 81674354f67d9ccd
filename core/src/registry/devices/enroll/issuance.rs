//! The certificate of an enrollment, and the records that come into being with it.

use std::ops::Deref;
use std::sync::Arc;

use super::vouchers::Voucher;
use super::{Enrolled, Enrollment, Parsed};
use crate::Result;
use crate::error::CsrError;
use crate::model::{Binding, Certificate, CertificateKind, Device, Entity, KeyOrigin, Owner};
use crate::policy::{Applicant, KeySource};
use crate::registry::Inner;
use crate::registry::bindings::Tag;
use crate::registry::certificates::issue::Prepared;
use crate::registry::devices::change::join;
use crate::registry::driver::{Plan, View};
use crate::registry::issuers::Issuer;
use crate::registry::issuing::Request;
use crate::store::record::Stored;
use crate::store::{Counter, Write};

/// What an enrollment reads in its first go.
pub(super) struct Facts {
    pub(super) issuer: Arc<Issuer>,
    pub(super) voucher: Arc<Voucher>,
    pub(super) key: Tag,
    pub(super) key_owner: Option<Stored<Binding>>,
}

impl Deref for Facts {
    type Target = Voucher;
    fn deref(&self) -> &Voucher {
        &self.voucher
    }
}

/// The certificate of an enrollment.
pub(super) struct Issuance<'a> {
    pub(super) parsed: &'a Parsed,
    pub(super) facts: &'a Facts,
    pub(super) enrollment: Enrollment,
    pub(super) key_number: u32,
    /// The certificate that this one takes the place of.
    pub(super) replaces: Option<&'a Stored<Certificate>>,
}

impl Issuance<'_> {
    /// `version` is that of the device's row; a device without one is new.
    pub(super) fn plan<'a>(
        &self,
        view: &View<'_>,
        device: &mut Device,
        mut writes: Vec<Write>,
        version: Option<u64>,
    ) -> Result<Plan<'a, Enrolled>> {
        let inner = view.registry;
        let product = &self.facts.product;
        let profile = inner.profile(product.device_profile)?;
        Inner::check_no_approval(&profile)?;
        let issuer = inner.current_issuer(product.authority)?;
        let id = device.id.to_string();
        let mut draft = inner.draft(
            view,
            &Request {
                profile_id: product.device_profile,
                profile: &profile,
                issuer: &issuer,
                kind: CertificateKind::Device,
                product: Some(product.id),
                device: Some(device),
                applicant: Applicant {
                    id: &id,
                    name: Some(&device.name),
                    unit: device.unit.as_deref(),
                    subject: device.subject.as_ref(),
                },
                source: KeySource::Csr(&self.parsed.csr),
                key_number: self.key_number,
                key_origin: KeyOrigin::Requester,
                renews: self.replaces.map(|old| old.id),
            },
        )?;
        draft.record.holders = 1;
        device.subject = Some(draft.subject.clone());
        writes.extend(draft.writes(view)?);
        writes.push(view.bind(self.facts.key, Owner::Device(device.id))?);
        if !profile.subject_is_unique() {
            let tag = inner.subject_tag(&draft.subject);
            writes.extend(view.claim(tag, Owner::Device(device.id), CsrError::SubjectBound)?);
        }
        match version {
            None => writes.push(view.insert(&*device)?),
            Some(version) => {
                device.updated = view.now;
                writes.push(view.update(version, &*device)?);
            }
        }
        if let Some(old) = self.replaces {
            let retires = view.now.plus_days(profile.spec().grace_days.into());
            let renewed = old.record.clone().renewed(draft.record.id, retires, false, view.now)?;
            writes.push(view.update(old.version, &renewed)?);
        }
        writes.push(Inner::attachment(view, draft.record.id, device.id)?);
        writes.push(view.require(product)?);
        writes.push(view.require(&self.facts.credential)?);
        // Two authorities may take part: the one that vouches for the product and the one that issues today.
        if self.facts.issuer.id != issuer.id {
            writes.push(self.facts.issuer.require(view)?);
        }
        if version.is_none() {
            writes.extend(join(view, device.group)?);
        }
        let certificate = Entity::Certificate(draft.record.id);
        writes.push(view.event("device.enroll", Entity::Device(device.id), Some(certificate), None)?);
        let (device, enrollment) = (device.clone(), self.enrollment);
        let prepared = Prepared { draft, writes, chain: Arc::clone(&issuer.chain) };
        Ok(prepared.plan(move |issued| Enrolled { device, issued, enrollment }))
    }
}

impl Inner {
    /// Counts the units of a product that enrolled.
    pub(in crate::registry) const fn quota(product: u64) -> Counter {
        Counter { name: "quota", of: product }
    }
}

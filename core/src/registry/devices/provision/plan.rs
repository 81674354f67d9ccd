//! Deciding on a provisioned device, and finding again what an earlier request led to.

use std::sync::Arc;

use super::{CertificateWish, Groundwork, Provision, Provisioned, Source};
use crate::Result;
use crate::error::{CsrError, Error};
use crate::model::{Certificate, CertificateKind, Device, DeviceState, Entity, KeyOrigin, Owner, Product, Psk};
use crate::policy::{Applicant, CompiledProfile, KeySource};
use crate::registry::certificates::{HandOut, Issued, IssuedWithKey};
use crate::registry::devices::Devices;
use crate::registry::devices::change::{claim_unit, join, new_device};
use crate::registry::driver::{Done, Plan, View};
use crate::registry::issuing::{Draft, Request};
use crate::registry::numbers::BEYOND_DEVICES;
use crate::registry::psks::IssuedPsk;
use crate::registry::{Call, Inner};
use crate::secret::Secret;
use crate::store::Write;

/// What a request ID leads to: the number of the device, which is below 2^48, and what it got.
mod got {
    pub(super) const PSK: u64 = 1 << 56;
    /// The pre-shared key is shown under the device's own ID.
    pub(super) const OWN_PSK: u64 = 1 << 57;
    pub(super) const KEY: u64 = 1 << 58;
    pub(super) const CERTIFICATE: u64 = 1 << 59;
    /// The private key came with the answer.
    pub(super) const PRIVATE_KEY: u64 = 1 << 60;
    pub(super) const DEVICE: u64 = (1 << 48) - 1;
}

/// A device's first certificate but for its signature.
struct First {
    draft: Draft,
    chain: Arc<[Vec<u8>]>,
    /// The private key that comes with the answer.
    key: Option<Secret<Vec<u8>>>,
}

pub(super) fn plan<'a>(view: &View<'_>, wish: &Provision, ground: &Groundwork) -> Result<Plan<'a, Provisioned>> {
    let (number, mut device) = new_device(view, &wish.device, DeviceState::Valid)?;
    let mut result = number;
    let mut parts = Vec::new();
    let mut writes = Vec::new();
    let certificate = match (&wish.certificate, &ground.0) {
        (Some(wanted), Some(prepared)) => Some(first_certificate(view, wanted, prepared, &mut device, &mut writes)?),
        _ => None,
    };
    // The device comes first, so that a name or unit which is taken is what a conflict is about.
    writes.insert(0, view.insert(&device)?);
    writes.extend(join(view, device.group)?);
    if let Some(product) = device.product {
        writes.push(view.require(&view.get::<Product, _>(product)?)?);
        if let Some(unit) = &device.unit {
            writes.push(claim_unit(view, product, unit, device.id)?);
        }
    }
    let mut object = None;
    let psk = match &wish.psk {
        Some(psk) => {
            let (more, issued) = view.new_psk(&psk.for_device(device.id), &device, None)?;
            writes.extend(more);
            object = Some(Entity::Psk(issued.psk.id));
            parts.push("psk".to_owned());
            let own = view.number_of(issued.psk.id)? < BEYOND_DEVICES;
            result |= if own { got::PSK | got::OWN_PSK } else { got::PSK };
            Some(issued)
        }
        None => None,
    };
    let key = match wish.key {
        Some(algorithm) => {
            let (more, issued) = view.plan_first_key(&device, algorithm)?;
            writes.extend(more);
            object = Some(Entity::Key(issued.key.id));
            parts.push(algorithm.name().to_owned());
            result |= got::KEY;
            Some(issued)
        }
        None => None,
    };
    if let Some(first) = &certificate {
        object = Some(Entity::Certificate(first.draft.record.id));
        parts.push("certificate".to_owned());
        result |= if first.key.is_some() { got::CERTIFICATE | got::PRIVATE_KEY } else { got::CERTIFICATE };
    }
    writes.push(view.event("device.provision", Entity::Device(device.id), object, Some(parts.join(", ")))?);
    let Some(First { draft: Draft { record, number, sign, .. }, chain, key: private_key }) = certificate else {
        return Ok(Plan::done(result, writes, Provisioned { device, psk, key, certificate: None }));
    };
    Ok(Plan::signed(vec![sign], move |mut ders| {
        let der = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
        writes.push(Inner::document(number, der.clone()));
        let issued = Issued { certificate: record, der, chain };
        let certificate = Some(IssuedWithKey { issued, key: private_key });
        Ok(Done { writes, output: Ok(Provisioned { device, psk, key, certificate }), result })
    }))
}

/// The first certificate of a device that does not exist yet; the device gets its subject.
fn first_certificate(
    view: &View<'_>,
    wanted: &CertificateWish,
    (profile, source): &(Arc<CompiledProfile>, Source),
    device: &mut Device,
    writes: &mut Vec<Write>,
) -> Result<First> {
    let inner = view.registry;
    let issuer = inner.current_issuer(wanted.authority)?;
    let id = device.id.to_string();
    let mut draft = inner.draft(
        view,
        &Request {
            profile_id: wanted.profile,
            profile,
            issuer: &issuer,
            kind: CertificateKind::Device,
            product: device.product,
            device: Some(device),
            applicant: Applicant { id: &id, name: Some(&device.name), unit: device.unit.as_deref(), subject: None },
            source: match source {
                Source::Csr(csr) => KeySource::Csr(csr),
                Source::Key(key) => KeySource::Known(key.public()),
            },
            key_number: 1,
            key_origin: match source {
                Source::Csr(_) => KeyOrigin::Requester,
                Source::Key(_) => KeyOrigin::Server,
            },
            renews: None,
        },
    )?;
    draft.record.holders = 1;
    device.subject = Some(draft.subject.clone());
    writes.extend(draft.writes(view)?);
    let owner = Owner::Device(device.id);
    let key = match source {
        Source::Csr(csr) => {
            writes.extend(draft.claims(view, profile, csr.public_key(), owner)?);
            None
        }
        Source::Key(key) => {
            // Nobody can have claimed a key that was made a moment ago; if its digest met another's, the store says so.
            writes.push(view.bind(inner.key_tag(key.public()), owner)?);
            if !profile.subject_is_unique() {
                writes.extend(view.claim(inner.subject_tag(&draft.subject), owner, CsrError::SubjectBound)?);
            }
            writes.push(view.deliver(draft.number, key, profile, wanted.hand_out)?);
            key.released(wanted.hand_out)
        }
    };
    writes.push(Inner::attachment(view, draft.record.id, device.id)?);
    Ok(First { draft, chain: Arc::clone(&issuer.chain), key })
}

/// What is gone by now is not there; that the store does not answer is another thing.
fn kept<T>(again: Result<T>) -> Result<Option<T>> {
    match again {
        Ok(again) => Ok(Some(again)),
        Err(error @ (Error::Store(_) | Error::Seal(_) | Error::Internal(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

impl Devices<'_> {
    /// What an earlier request led to, as far as it is still there.
    pub(super) fn replay_provisioned(&self, result: u64, call: &Call) -> Result<Provisioned> {
        let inner = self.inner;
        let number = result & got::DEVICE;
        let device = self.get(inner.ids.id(number))?;
        let has = |part| result & part != 0;
        Ok(Provisioned {
            psk: if has(got::PSK) { self.first_psk(&device, has(got::OWN_PSK))? } else { None },
            key: if has(got::KEY) { kept(inner.first_key(number))? } else { None },
            certificate: if has(got::CERTIFICATE) {
                self.first_certificate(&device, has(got::PRIVATE_KEY), call)?
            } else {
                None
            },
            device,
        })
    }

    /// The first key of a device, with its first secret if that is still kept.
    fn first_psk(&self, device: &Device, own: bool) -> Result<Option<IssuedPsk>> {
        let inner = self.inner;
        let mut first: Option<(u64, Psk)> = None;
        for psk in inner.psks_of(device.id)? {
            let number = inner.ids.number(psk.id)?;
            if (number < BEYOND_DEVICES) == own && first.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                first = Some((number, psk.record));
            }
        }
        let Some((number, psk)) = first else { return Ok(None) };
        let again = kept(inner.repeated_psk(Inner::first_issue(number)))?;
        Ok(Some(again.unwrap_or(IssuedPsk { psk, secret: None })))
    }

    /// The first certificate of a device, with its private key until its arrival is confirmed.
    fn first_certificate(&self, device: &Device, with_key: bool, call: &Call) -> Result<Option<IssuedWithKey>> {
        let inner = self.inner;
        let mut first: Option<(u64, Certificate)> = None;
        for (_, certificate) in inner.held_by(device.id)? {
            let number = inner.ids.number(certificate.id)?;
            // One that it shares with others may be attached to it since.
            let own = certificate.device == Some(device.id);
            if own && first.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                first = Some((number, certificate.record));
            }
        }
        let Some((number, _)) = first else { return Ok(None) };
        let again = if with_key { kept(inner.delivered(number, HandOut::Now, call))? } else { None };
        match again {
            Some(again) => Ok(Some(again)),
            None => Ok(Some(IssuedWithKey { issued: inner.issued(number)?, key: None })),
        }
    }
}

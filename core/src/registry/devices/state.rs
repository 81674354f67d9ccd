//! Devices are shut out, let in, released from quarantine, deleted.

use super::Devices;
use super::change::leave;
use crate::Result;
use crate::error::{DeviceError, Error};
use crate::id::DeviceId;
use crate::key::PublicKey;
use crate::model::{
    Binding, Certificate, CertificateState, Device, Document, Entity, Owner, Standing, SuspendCause, SuspendMode,
};
use crate::registry::bindings::Tag;
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Bulk, Call};
use crate::store::Write;
use crate::store::record::Stored;
use crate::x509::{Certificate as X509, RevocationReason, VerifiedCsr};

/// What becomes of a quarantined device's keys when it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The keys it had go on; the other key was an impostor's.
    KeepKeys,
    /// The keys it had are gone (a repaired or reset unit): its certificates are revoked, its pre-shared keys deleted, and it
    /// may enroll with a new key.
    NewKeys,
}

/// One operation on one device.
type Change = fn(&View<'_>, DeviceId) -> Result<Plan<'static, Device>>;

impl Devices<'_> {
    fn one(&self, id: DeviceId, action: &'static str, change: Change, call: &Call) -> Result<Device> {
        let operation = Operation { action, content: id.as_bytes() };
        self.inner.change(call, operation, |view| change(view, id), |number| self.replay(number))
    }

    fn many(
        &self,
        ids: &[DeviceId],
        action: &'static str,
        change: Change,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Device>>> {
        let many = Many {
            action,
            content: &|id: &DeviceId| id.as_bytes().to_vec(),
            plan: &|view, id| change(view, *id),
            replay: &|number| self.replay(number),
        };
        self.inner.change_many(call, ids, bulk, &many)
    }

    /// Shuts a device out at once (NEC-17): none of its credentials counts. Under a profile that says so, certificates
    /// that it alone holds go on hold in the CRL too.
    ///
    /// # Errors
    /// `device.already_disabled`, `device.quarantined`, `device.deleted`, `device.not_enrolled`.
    pub fn disable(&self, id: DeviceId, call: &Call) -> Result<Device> {
        self.one(id, "device.disable", disable, call)
    }

    /// Shuts many devices out, with a result per item in their order (NEC-22).
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn disable_many(&self, ids: &[DeviceId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Device>>> {
        self.many(ids, "device.disable", disable, bulk, call)
    }

    /// Lets a disabled device in again, or admits a discovered one (NEC-18). Only the holds that its disabling set are lifted;
    /// a revocation is never undone.
    ///
    /// # Errors
    /// `device.already_enabled`, `device.quarantined`, `device.deleted`.
    pub fn enable(&self, id: DeviceId, call: &Call) -> Result<Device> {
        self.one(id, "device.enable", enable, call)
    }

    /// Lets many devices in, with a result per item in their order (NEC-23).
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn enable_many(&self, ids: &[DeviceId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Device>>> {
        self.many(ids, "device.enable", enable, bulk, call)
    }

    /// Deletes a device for good (NEC-20): certificates that it alone holds are revoked (cessationOfOperation), its
    /// pre-shared keys are deleted, symmetric keys that it alone holds are destroyed, its name and unit are free again, its
    /// ID is never used again. Its record stays, as a tombstone.
    ///
    /// # Errors
    /// `device.deleted`.
    pub fn delete(&self, id: DeviceId, call: &Call) -> Result<Device> {
        self.one(id, "device.delete", delete, call)
    }

    /// Deletes many devices, with a result per item in their order (NEC-24).
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn delete_many(&self, ids: &[DeviceId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Device>>> {
        self.many(ids, "device.delete", delete, bulk, call)
    }

    /// Ends a quarantine after somebody looked at the unit.
    ///
    /// # Errors
    /// `device.not_quarantined`, `device.deleted`.
    pub fn release_quarantine(&self, id: DeviceId, release: Release, call: &Call) -> Result<Device> {
        let change: Change = match release {
            Release::KeepKeys => release_keeping_keys,
            Release::NewKeys => release_for_new_keys,
        };
        self.one(id, "device.release_quarantine", change, call)
    }
}

fn changed(
    view: &View<'_>,
    stored: &Stored<Device>,
    device: Device,
    action: &'static str,
) -> Result<(Vec<Write>, Device)> {
    let event = view.event(action, Entity::Device(device.id), None, None)?;
    Ok((vec![view.update(stored.version, &device)?, event], device))
}

/// Whether a certificate follows its device into a hold that CRLs show.
fn holds_in_crl(view: &View<'_>, certificate: &Certificate) -> Result<bool> {
    let alone = certificate.holders == 1;
    Ok(alone && view.registry.profile(certificate.profile)?.spec().suspend == SuspendMode::CrlHold)
}

fn disable(view: &View<'_>, id: DeviceId) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    let (mut writes, device) = changed(view, &stored, stored.record.clone().disabled(view.now)?, "device.disable")?;
    for (_, held) in view.registry.held_by(id)? {
        // One that is not valid yet will be, perhaps before the device is enabled.
        let counts = matches!(held.standing(view.now), Standing::Active | Standing::NotYetValid);
        if counts && holds_in_crl(view, &held)? {
            writes.extend(view.suspend(&held, SuspendCause::Device)?);
        }
    }
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

fn enable(view: &View<'_>, id: DeviceId) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    let (mut writes, device) = changed(view, &stored, stored.record.clone().enabled(view.now)?, "device.enable")?;
    for (_, held) in view.registry.held_by(id)? {
        writes.extend(lift(view, &held, id)?.unwrap_or_default());
    }
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

/// Lifts the hold that a disabling set, now that `enabled` does not stand in the way any more. A certificate may have
/// come to other devices meanwhile: it stays on hold while one of those is disabled, whose enabling lifts it then.
fn lift(view: &View<'_>, held: &Stored<Certificate>, enabled: DeviceId) -> Result<Option<Vec<Write>>> {
    let by_device = held.suspended_by == Some(SuspendCause::Device);
    if !by_device || held.standing(view.now) != Standing::Suspended {
        return Ok(None);
    }
    match view.require_no_disabled(held, Some(enabled)) {
        Ok(mut writes) => {
            writes.extend(view.resume(held)?);
            Ok(Some(writes))
        }
        Err(Error::Device(DeviceError::Disabled)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn delete(view: &View<'_>, id: DeviceId) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    let (mut writes, device) = changed(view, &stored, stored.record.clone().deleted(view.now)?, "device.delete")?;
    writes.extend(drop_credentials(view, id)?);
    writes.extend(view.drop_keys(id)?);
    writes.extend(leave(view, device.group)?);
    if let (Some(product), Some(unit)) = (device.product, &device.unit) {
        writes.extend(unbind(view, view.registry.unit_tag(product, unit), id)?);
    }
    if let Some(subject) = &device.subject {
        writes.extend(unbind(view, view.registry.subject_tag(subject), id)?);
    }
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

fn release_keeping_keys(view: &View<'_>, id: DeviceId) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    let released = stored.record.clone().released(view.now)?;
    let (writes, device) = changed(view, &stored, released, "device.release_quarantine")?;
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

fn release_for_new_keys(view: &View<'_>, id: DeviceId) -> Result<Plan<'static, Device>> {
    let stored = view.get::<Device, _>(id)?;
    let released = stored.record.clone().reopened(view.now)?;
    let (mut writes, device) = changed(view, &stored, released, "device.release_quarantine")?;
    writes.extend(drop_credentials(view, id)?);
    Ok(Plan::done(view.number_of(id)?, writes, device))
}

/// Takes a device's credentials away: certificates that it alone holds are revoked, the others go on without it, and their
/// keys are free again, unless they are known to be compromised. Its pre-shared keys are deleted.
fn drop_credentials(view: &View<'_>, id: DeviceId) -> Result<Vec<Write>> {
    let mut writes = vec![view.gains_nothing(id)?];
    writes.extend(view.delete_psks(id)?);
    let mut freed: Vec<Tag> = Vec::new();
    for (assignment, held) in view.registry.held_by(id)? {
        writes.push(view.delete(&assignment)?);
        if held.holders > 1 {
            let holders = held.holders - 1;
            let shared = Stored { version: held.version, record: Certificate { holders, ..held.record.clone() } };
            match lift(view, &shared, id)? {
                Some(lifted) => writes.extend(lifted),
                None => writes.push(view.update(shared.version, &shared.record)?),
            }
            continue;
        }
        let alone = Stored { version: held.version, record: Certificate { holders: 0, ..held.record.clone() } };
        if matches!(held.state, CertificateState::Active | CertificateState::Suspended) {
            writes.extend(view.revoke(&alone, RevocationReason::CessationOfOperation)?.1);
        } else {
            writes.push(view.update(held.version, &alone.record)?);
        }
        if let Some(tag) = key_tag_of(view, &held)?
            && !freed.contains(&tag)
        {
            freed.push(tag);
            writes.extend(unbind(view, tag, id)?);
        }
    }
    Ok(writes)
}

/// Where the key of a certificate, or of a pending one's CSR, is bound.
pub(in crate::registry) fn key_tag_of(view: &View<'_>, certificate: &Certificate) -> Result<Option<Tag>> {
    let Some(document) = view.find::<Document>(view.number_of(certificate.id)?)? else { return Ok(None) };
    let key: PublicKey = match certificate.state {
        CertificateState::Pending | CertificateState::Denied => VerifiedCsr::parse(&document.der)?.public_key().clone(),
        _ => X509::from_der(&document.der)?.public_key()?,
    };
    Ok(Some(view.registry.key_tag(&key)))
}

/// Frees what `device` owned.
fn unbind(view: &View<'_>, tag: Tag, device: DeviceId) -> Result<Option<Write>> {
    match view.bound(tag)? {
        Some(bound) if bound.owner == Owner::Device(device) => view.delete::<Binding>(&bound).map(Some),
        _ => Ok(None),
    }
}

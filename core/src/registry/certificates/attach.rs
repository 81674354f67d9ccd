//! Certificates and devices: many of each to many of the other, each attachment dated (NAV-9, NAV-10).

use super::Certificates;
use crate::Result;
use crate::error::{CertificateError, Error};
use crate::id::{CertificateId, DeviceId};
use crate::model::{Assignment, Certificate, CertificateKind, Device, Entity, Standing};
use crate::registry::driver::{Operation, Plan};
use crate::registry::page::{Listing, Page, Wanted};
use crate::registry::{Call, Inner};
use crate::store::record::{Cell, Stored, at, read};

impl Certificates<'_> {
    /// Attaches a certificate to a device, which can then present it as well.
    ///
    /// # Errors
    /// `certificate.already_attached`; the certificate's state, unless it is in force, suspended or not yet valid;
    /// `device.deleted`; `input.invalid` for a product credential.
    pub fn attach(&self, id: CertificateId, device: DeviceId, call: &Call) -> Result<Assignment> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let operation = Operation { action: "certificate.attach", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Certificate, _>(id)?;
                match stored.standing(view.now) {
                    Standing::Active | Standing::Suspended | Standing::NotYetValid => {}
                    _ => stored.check_in_force(view.now)?,
                }
                if stored.kind == CertificateKind::Product {
                    return Err(Error::input("certificate", "is a product credential, which names no single device"));
                }
                let holder = view.get::<Device, _>(device)?;
                holder.check_alive()?;
                if inner.assignment(id, device)?.is_some() {
                    return Err(CertificateError::AlreadyAttached.into());
                }
                let key = view.number::<Assignment>()?;
                let assignment = Assignment { key, certificate: id, device, since: view.now };
                // Writing the certificate's row keeps two attachments of one pair from happening at once.
                let held = Certificate { holders: stored.holders.saturating_add(1), ..stored.record.clone() };
                let writes = vec![
                    view.insert(&assignment)?,
                    view.update(stored.version, &held)?,
                    view.require(&holder)?,
                    view.gains(device)?,
                    view.event("certificate.attach", Entity::Device(device), Some(Entity::Certificate(id)), None)?,
                ];
                Ok(Plan::done(key, writes, assignment))
            },
            |_| inner.assignment(id, device)?.map(|stored| stored.record).ok_or_else(not_attached),
        )
    }

    /// Detaches a certificate from a device. The certificate itself stays as it is.
    ///
    /// # Errors
    /// `certificate.not_attached`; `input.unknown_id`.
    pub fn detach(&self, id: CertificateId, device: DeviceId, call: &Call) -> Result<()> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let operation = Operation { action: "certificate.detach", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Certificate, _>(id)?;
                let assignment = inner.assignment(id, device)?.ok_or_else(not_attached)?;
                let held = Certificate { holders: stored.holders.saturating_sub(1), ..stored.record.clone() };
                let writes = vec![
                    view.delete(&assignment)?,
                    view.update(stored.version, &held)?,
                    view.event("certificate.detach", Entity::Device(device), Some(Entity::Certificate(id)), None)?,
                ];
                Ok(Plan::done(view.number_of(id)?, writes, ()))
            },
            |_| Ok(()),
        )
    }

    /// The devices that a certificate is attached to, and since when, the earliest first.
    ///
    /// # Errors
    /// `input.unknown_id`; store errors.
    pub fn attachments(&self, id: CertificateId, page: &Page) -> Result<Listing<Assignment>> {
        self.inner.ids.number(id)?;
        self.inner.list(Wanted::default().eq("certificate", id.to_value(&self.inner.ids)), page)
    }
}

fn not_attached() -> Error {
    CertificateError::NotAttached.into()
}

impl Inner {
    /// The attachment of a certificate to a device, if there is one.
    pub(in crate::registry) fn assignment(
        &self,
        certificate: CertificateId,
        device: DeviceId,
    ) -> Result<Option<Stored<Assignment>>> {
        let wanted = Wanted::default()
            .eq("certificate", certificate.to_value(&self.ids))
            .eq("device", device.to_value(&self.ids));
        let mut found = None;
        self.scan::<Assignment>(&wanted, |stored| {
            found = Some(stored);
            Ok(())
        })?;
        Ok(found)
    }

    /// All attachments of a certificate.
    pub(in crate::registry) fn holders(&self, certificate: CertificateId) -> Result<Vec<Stored<Assignment>>> {
        let mut holders = Vec::new();
        let wanted = Wanted::default().eq("certificate", certificate.to_value(&self.ids));
        self.scan::<Assignment>(&wanted, |stored| {
            holders.push(stored);
            Ok(())
        })?;
        Ok(holders)
    }

    /// What is attached to a device, the first attached first.
    pub(in crate::registry) fn held_by(
        &self,
        device: DeviceId,
    ) -> Result<Vec<(Stored<Assignment>, Stored<Certificate>)>> {
        let mut assignments = Vec::new();
        self.scan::<Assignment>(&Wanted::default().eq("device", device.to_value(&self.ids)), |assignment| {
            assignments.push(assignment);
            Ok(())
        })?;
        let rows = assignments
            .iter()
            .map(|assignment| Ok(at::<Certificate>(self.ids.number(assignment.certificate)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut found = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(1_000) {
            found.extend(self.store()?.get(chunk)?);
        }
        let mut held = Vec::with_capacity(assignments.len());
        for (assignment, row) in assignments.into_iter().zip(found) {
            // An assignment goes before its certificate does.
            if let Some(certificate) = read::<Certificate>(row, &self.ids)? {
                held.push((assignment, certificate));
            }
        }
        Ok(held)
    }
}

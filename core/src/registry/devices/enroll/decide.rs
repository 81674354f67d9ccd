//! Decides on an enrollment: who is this unit, and what may it have?

use std::sync::Arc;

use super::issuance::{Facts, Issuance};
use super::vouchers::Voucher;
use super::{Enrolled, Enrollment, Parsed};
use crate::Result;
use crate::error::{CertificateError, CsrError, DeviceError, Error, ProductError};
use crate::id::DeviceId;
use crate::key::Statement;
use crate::model::{
    Binding, CertificateKind, ClaimCode, Device, DeviceState, Document, EnrollmentMode, Entity, OtherKey, Owner,
    Product, Standing,
};
use crate::registry::Inner;
use crate::registry::authenticate::Recognised;
use crate::registry::bindings::Tag;
use crate::registry::certificates::renew::{NewKey, Renewal, Terms};
use crate::registry::devices::change::{NewDevice, new_device};
use crate::registry::driver::{Plan, View};
use crate::store::record::Stored;
use crate::store::{RowRef, Write};
use crate::x509::Certificate as X509;

pub(super) fn plan<'a>(view: &View<'_>, parsed: &Parsed) -> Result<Plan<'a, Enrolled>> {
    if let Some(plan) = unknown_unit(view, parsed) {
        return Ok(plan);
    }
    let facts = load(view, parsed)?;
    match facts.key_owner.as_ref().map(|bound| bound.owner) {
        Some(Owner::Compromised) => Err(CsrError::KeyCompromised.into()),
        Some(Owner::Device(device)) => give_back(view, parsed, &facts, device),
        Some(_) => Err(CsrError::KeyBound.into()),
        None => {
            let tag = view.registry.unit_of(parsed, &facts.product);
            let bound = tag.map(|tag| view.bound(tag)).transpose()?.flatten();
            first_contact(view, parsed, &facts, bound.as_ref())
        }
    }
}

/// What nearly every enrollment is: nobody knows the unit or its key, and its product's credential was seen before. One look
/// at the store tells, or its commit does. Everything else, and every refusal, is for those who read it all.
fn unknown_unit<'a>(view: &View<'_>, parsed: &Parsed) -> Option<Plan<'a, Enrolled>> {
    if view.attempt > 0 {
        return None;
    }
    let inner = view.registry;
    let voucher = inner.vouchers.get(parsed.credential.der())?;
    let is_listed = voucher.product.policy.mode == EnrollmentMode::AllowList;
    let mut bound = None;
    if view.is_one_of_many() || is_listed || inner.vouchers.doubts() {
        let mut found = view.rows(&inner.rows_to_enroll(parsed, &voucher)).ok()?.into_iter();
        // Half a digest may be another's; whoever reads it all finds out.
        if found.next()?.is_some() {
            inner.vouchers.doubt();
            return None;
        }
        if let Some(tag) = inner.unit_of(parsed, &voucher.product) {
            bound = view.read::<Binding>(found.next()?).ok()?.filter(|bound| bound.check == tag.check);
        }
        if matches!(bound.as_ref().map(|bound| bound.owner), Some(Owner::Device(_))) {
            return None;
        }
    }
    let issuer = inner.issuer(voucher.authority).ok()?;
    issuer.check_vouches(view.now).ok()?;
    if voucher.credential.standing(view.now) != Standing::Active || voucher.product.check_active().is_err() {
        return None;
    }
    let key = inner.key_tag(parsed.csr.public_key());
    let facts = Facts { issuer, voucher, key, key_owner: None };
    first_contact(view, parsed, &facts, bound.as_ref()).ok()
}

impl Inner {
    /// Where the request's unit is bound, if it names one.
    fn unit_of(&self, parsed: &Parsed, product: &Product) -> Option<Tag> {
        parsed.request.unit.as_ref().map(|unit| self.unit_tag(product.id, unit))
    }

    /// The rows that tell whether a unit is known: its key's, and its own if it says which it is.
    fn rows_to_enroll(&self, parsed: &Parsed, voucher: &Voucher) -> Vec<RowRef> {
        let unit = self.unit_of(parsed, &voucher.product);
        [Some(self.key_tag(parsed.csr.public_key())), unit].into_iter().flatten().map(Tag::row).collect()
    }

    /// The same for one of many requests, which are all read at once; nothing where that takes more than is at hand.
    pub(super) fn rows_to_enroll_one(&self, parsed: &Parsed) -> Vec<RowRef> {
        self.vouchers.get(parsed.credential.der()).map_or_else(Vec::new, |v| self.rows_to_enroll(parsed, &v))
    }
}

/// The product credential, if it is one that this registry issued as such and that is in force, and who owns the CSR's
/// key.
fn load(view: &View<'_>, parsed: &Parsed) -> Result<Facts> {
    let inner = view.registry;
    let presented = &parsed.credential;
    let unknown = ProductError::CredentialUnknown;
    let key = inner.key_tag(parsed.csr.public_key());
    let recognised = inner.recognise(presented, &[key.row()]).map_err(|error| match error {
        Error::Certificate(CertificateError::Unknown) => unknown.clone().into(),
        other => other,
    })?;
    let Recognised { certificate: credential, issuer, others } = recognised;
    if credential.kind != CertificateKind::Product {
        return Err(unknown.into());
    }
    issuer.check_vouches(view.now)?;
    match credential.standing(view.now) {
        Standing::Active => {}
        Standing::Expired => return Err(ProductError::CredentialExpired.into()),
        Standing::NotYetValid => return Err(ProductError::CredentialNotYetValid.into()),
        Standing::Suspended => return Err(ProductError::CredentialSuspended.into()),
        _ => return Err(ProductError::CredentialRevoked.into()),
    }
    let product = view.get::<Product, _>(credential.product.ok_or(unknown)?)?;
    product.check_active()?;
    let binding = others.into_iter().next().flatten();
    let key_owner = view.read::<Binding>(binding)?.filter(|bound| bound.check == key.check);
    let voucher = Arc::new(Voucher { authority: issuer.id, credential, product });
    inner.vouchers.remember(presented.der(), &voucher);
    Ok(Facts { issuer, voucher, key, key_owner })
}

/// A key that is known: its device gets its certificate back, whatever became of windows and quotas meanwhile.
fn give_back<'a>(view: &View<'_>, parsed: &Parsed, facts: &Facts, id: DeviceId) -> Result<Plan<'a, Enrolled>> {
    let device = view.get::<Device, _>(id)?;
    let other_unit = match (&device.unit, &parsed.request.unit) {
        (Some(known), Some(said)) => known != said,
        _ => false,
    };
    if device.product != Some(facts.product.id) || other_unit {
        return Err(CsrError::KeyBound.into());
    }
    device.check_valid()?;
    let mut refusal = CertificateError::Revoked;
    let mut barred = false;
    for (_, held) in view.registry.held_by(id)?.into_iter().rev() {
        let number = view.number_of(held.id)?;
        let Some(document) = view.find::<Document>(number)? else { continue };
        if held.check_issued().is_err() || X509::from_der(&document.der)?.spki() != parsed.csr.public_key().spki() {
            continue;
        }
        match held.check_renews(view.now) {
            Ok(()) => {
                let issued = view.registry.issued(number)?;
                let enrolled = Enrolled { device: device.record, issued, enrollment: Enrollment::Known };
                return Ok(Plan::done(number, Vec::new(), enrolled));
            }
            // The unit shows its own key and the product's: that is another proof besides the expired certificate.
            Err(CertificateError::RenewalOfExpired) if !barred => {
                let terms = Terms { profile: None, other_proof: true };
                let Renewal::New(mut prepared) = view.renewal(held.id, terms, NewKey::Same)? else { continue };
                prepared.writes.push(view.require(&facts.product)?);
                prepared.writes.push(view.require(&facts.credential)?);
                let device = device.record;
                return Ok(prepared.plan(|issued| Enrolled { device, issued, enrollment: Enrollment::Renewed }));
            }
            Err(CertificateError::RenewalOfExpired) => {}
            Err(reason) => {
                // What somebody took out of force is not brought back by way of an older certificate that expired.
                barred |= matches!(reason, CertificateError::RenewalOfRevoked | CertificateError::Suspended);
                refusal = reason;
            }
        }
    }
    Err(refusal.into())
}

/// A key that is not known: a new unit, one that was announced, or a known one with another key.
fn first_contact<'a>(
    view: &View<'_>,
    parsed: &Parsed,
    facts: &Facts,
    bound: Option<&Stored<Binding>>,
) -> Result<Plan<'a, Enrolled>> {
    let request = &parsed.request;
    let product = &facts.product;
    let unit = view.registry.unit_of(parsed, product);
    if let Some(Owner::Device(id)) = bound.map(|bound| bound.owner) {
        let known = view.get::<Device, _>(id)?;
        // One that never had a key, or whose keys an operator declared gone, may bring any key.
        if known.subject.is_some() && known.state != DeviceState::Discovered {
            return another_key(view, parsed, facts, &known);
        }
        return admit(view, parsed, facts, &known);
    }
    let policy = &product.policy;
    product.check_enrolls(view.now)?;
    let (_, mut device) = new_device(
        view,
        &NewDevice {
            name: request.name.clone(),
            product: Some(product.id),
            unit: request.unit.clone(),
            group: request.group,
            attributes: request.attributes.clone(),
        },
        DeviceState::Valid,
    )?;
    if unit.is_none() && (policy.unit_required || policy.mode == EnrollmentMode::AllowList) {
        return Err(ProductError::UnitRequired.into());
    }
    let mut writes = Vec::with_capacity(12);
    match (unit, bound) {
        (Some(_), Some(listed)) => writes.push(view.rebind(listed, Owner::Device(device.id))?),
        (Some(_), None) if policy.mode == EnrollmentMode::AllowList => return Err(ProductError::UnitNotListed.into()),
        (Some(tag), None) => writes.push(view.bind(tag, Owner::Device(device.id))?),
        (None, _) => {}
    }
    writes.extend(spend(view, parsed, facts, device.id)?);
    let issuance = Issuance { parsed, facts, enrollment: Enrollment::New, key_number: 1, replaces: None };
    issuance.plan(view, &mut device, writes, None)
}

/// A device that was registered or discovered before, or whose keys are all gone, gets a certificate.
fn admit<'a>(view: &View<'_>, parsed: &Parsed, facts: &Facts, known: &Stored<Device>) -> Result<Plan<'a, Enrolled>> {
    facts.product.check_enrolls(view.now)?;
    let mut device = known.record.clone().admitted(view.now)?;
    let first = device.subject.is_none();
    let writes = if first { spend(view, parsed, facts, device.id)? } else { Vec::new() };
    let key_number = view.key_number(device.id, parsed.csr.public_key())?.number;
    let issuance = Issuance { parsed, facts, enrollment: Enrollment::Admitted, key_number, replaces: None };
    issuance.plan(view, &mut device, writes, Some(known.version))
}

/// A known unit with another key: with a signature of the former key it goes on, without one it is shut out.
fn another_key<'a>(
    view: &View<'_>,
    parsed: &Parsed,
    facts: &Facts,
    known: &Stored<Device>,
) -> Result<Plan<'a, Enrolled>> {
    known.check_valid()?;
    let Some(signature) = &parsed.request.former_key_signature else {
        let event =
            |action| view.event(action, Entity::Device(known.id), None, Some("came back with another key".to_owned()));
        if facts.product.policy.other_key == OtherKey::Refuse {
            return Ok(Plan::refused(vec![event("device.other_key")?], DeviceError::OtherKey.into()));
        }
        let shut_out = known.record.clone().quarantined(view.now)?;
        let writes = vec![view.update(known.version, &shut_out)?, event("device.quarantine")?];
        return Ok(Plan::refused(writes, DeviceError::Quarantined.into()));
    };
    let statement = Statement::FormerKey.message(parsed.csr.der());
    for (_, held) in view.registry.held_by(known.id)?.into_iter().rev() {
        if held.check_renews(view.now).is_err() {
            continue;
        }
        let Some(document) = view.find::<Document>(view.number_of(held.id)?)? else { continue };
        let key = X509::from_der(&document.der)?.public_key()?;
        if key.verify(key.algorithm().signature(), &statement, signature).is_ok() {
            let mut device = known.record.clone();
            let key_number = view.key_number(device.id, parsed.csr.public_key())?.number;
            let issuance =
                Issuance { parsed, facts, enrollment: Enrollment::Rekeyed, key_number, replaces: Some(&held) };
            return issuance.plan(view, &mut device, Vec::new(), Some(known.version));
        }
    }
    Err(DeviceError::OldKeyProofInvalid.into())
}

/// What a new unit uses up: a place in the quota, and its claim code.
fn spend(view: &View<'_>, parsed: &Parsed, facts: &Facts, device: DeviceId) -> Result<Vec<Write>> {
    let product = &facts.product;
    let counter = Inner::quota(view.number_of(product.id)?);
    let at_most = product.policy.quota.unwrap_or(u64::from(u32::MAX) << 20);
    // The limit is kept by the commit; looking first would make all enrollments of a product wait for each other.
    if view.attempt > 0 && view.counter(counter)? >= at_most {
        return Err(ProductError::QuotaExhausted.into());
    }
    let mut writes = vec![Write::Add { counter, by: 1, at_most }];
    if product.policy.mode == EnrollmentMode::ClaimCode {
        let code = parsed.request.claim_code.as_ref().ok_or(ProductError::ClaimCodeRequired)?;
        let tag = view.registry.claim_code_tag(product.id, code);
        let stored = view
            .find::<ClaimCode>(tag.key)?
            .filter(|stored| stored.check == tag.check)
            .ok_or(ProductError::ClaimCodeUnknown)?;
        let used = stored.record.clone().used(product.id, device, view.now)?;
        writes.push(view.update(stored.version, &used)?);
    }
    Ok(writes)
}

//! Enrollment: a product credential bootstraps a device certificate (PAP-6, PAP-7, PAP-15).
//!
//! The product credential is in every unit, so it proves the product and nothing more. What tells units apart is the
//! key that each makes for itself, and, where the policy asks for it, an identifier that was listed or a claim code:
//! the same key gets its certificate back, a known unit with another key is quarantined unless it also signs with
//! its former key, and a key never serves two devices. The device's ID is assigned here, never taken from the CSR.

use std::fmt;
use std::sync::Arc;

use super::Devices;
use super::change::{NewDevice, join, new_device};
use crate::Result;
use crate::error::{CertificateError, CsrError, DeviceError, Error, ProductError};
use crate::id::{DeviceId, GroupId, Serial};
use crate::model::{
    Attributes, Binding, Certificate, CertificateKind, ClaimCode, Device, DeviceState, Document, EnrollmentMode,
    Entity, KeyOrigin, Owner, Product, Standing, check_name,
};
use crate::policy::Applicant;
use crate::policy::KeySource;
use crate::registry::bindings::Tag;
use crate::registry::bulk::{Many, parallel};
use crate::registry::certificates::Issued;
use crate::registry::certificates::renew::{NewKey, Renewal, Terms};
use crate::registry::driver::{Done, Operation, Plan, View};
use crate::registry::issuers::Issuer;
use crate::registry::issuing::Request;
use crate::registry::{Bulk, Call, Inner};
use crate::store::record::{Stored, at};
use crate::store::{Counter, RowRef, Write};
use crate::x509::{Certificate as X509, VerifiedCsr};

/// A unit's request to become a device.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Enroll {
    /// The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
    /// whoever ends the TLS session, or shown by `credential_signature`.
    pub credential: Vec<u8>,
    /// A signature by the credential's key over the DER of the CSR, as that key signs. When given, it must verify.
    pub credential_signature: Option<Vec<u8>>,
    /// The unit's own CSR (PEM or DER), for a key that it made itself.
    pub csr: Vec<u8>,
    /// The device's name; without one, its ID serves. Ignored for a device that is known already.
    pub name: Option<String>,
    /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so.
    pub unit: Option<String>,
    /// A one-time claim code; needed where the product's policy says so.
    pub claim_code: Option<String>,
    /// The group to join. Ignored for a device that is known already.
    pub group: Option<GroupId>,
    /// What else is known. Ignored for a device that is known already.
    pub attributes: Attributes,
    /// When the unit has a new key: a signature by its former key over the DER of the CSR, as that key signs (DER
    /// ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
    pub former_key_signature: Option<Vec<u8>>,
}

impl Enroll {
    /// A request with the product credential and the unit's CSR, and nothing else.
    pub fn new(credential: impl Into<Vec<u8>>, csr: impl Into<Vec<u8>>) -> Self {
        Self { credential: credential.into(), csr: csr.into(), ..Self::default() }
    }

    /// The same request, naming the unit.
    #[must_use]
    pub fn for_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }
}

impl fmt::Debug for Enroll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A claim code is a secret until it is used, and the rest tells who asks.
        f.debug_struct("Enroll").field("claim_code", &self.claim_code.as_ref().map(|_| "..")).finish_non_exhaustive()
    }
}

/// What enrolling led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enrollment {
    /// A device that was not known got its first certificate.
    New,
    /// A device that was registered or discovered before got its first certificate.
    Admitted,
    /// A known device with the same key got the certificate back that it has.
    Known,
    /// A known device with the same key got a new certificate, since the one that it had is expired.
    Renewed,
    /// A known device proved its former key and got a certificate for its new one.
    Rekeyed,
}

/// An enrolled device and its certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The device.
    pub device: Device,
    /// Its certificate and chain.
    pub issued: Issued,
    /// What led to it.
    pub enrollment: Enrollment,
}

/// A request whose parts were read and verified.
struct Parsed {
    request: Enroll,
    credential: X509,
    csr: VerifiedCsr,
}

impl Parsed {
    fn new(request: &Enroll) -> Result<Self> {
        let credential = X509::from_bytes(&request.credential)?;
        let csr = VerifiedCsr::parse(&request.csr)?;
        if let Some(signature) = &request.credential_signature {
            let key = credential.public_key()?;
            key.verify(key.algorithm().signature(), csr.der(), signature)
                .map_err(|_| CertificateError::ProofInvalid)?;
        }
        if let Some(unit) = &request.unit {
            check_name("unit", unit)?;
        }
        request.attributes.check()?;
        Ok(Self { request: request.clone(), credential, csr })
    }

    fn content(&self) -> Vec<u8> {
        // Two values in DER, which says where they end, and the rest.
        let unit = self.request.unit.as_deref().unwrap_or_default().as_bytes();
        [self.credential.der(), self.csr.der(), unit].concat()
    }
}

impl Devices<'_> {
    /// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
    /// certificate, in one commit.
    ///
    /// # Errors
    /// Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`, `product.suspended`, `product.discontinued`,
    /// `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
    /// key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
    pub fn enroll(&self, request: &Enroll, call: &Call) -> Result<Enrolled> {
        let parsed = Parsed::new(request)?;
        let content = parsed.content();
        let operation = Operation { action: "device.enroll", content: &content };
        self.inner.change(call, operation, |view| plan(view, &parsed), |number| self.replay_enrolled(number))
    }

    /// Enrolls many units, with a result per item in their order.
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn enroll_many(&self, requests: &[Enroll], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Enrolled>>> {
        let parsed = parallel(requests, Parsed::new);
        let many = Many {
            action: "device.enroll",
            content: &|item: &Result<Parsed>| item.as_ref().map(Parsed::content).unwrap_or_default(),
            plan: &|view, item| plan(view, item.as_ref().map_err(Clone::clone)?),
            replay: &|number| self.replay_enrolled(number),
        };
        self.inner.change_many(call, &parsed, bulk, &many)
    }

    fn replay_enrolled(&self, certificate: u64) -> Result<Enrolled> {
        let issued = self.inner.issued(certificate)?;
        let device = issued.certificate.device.ok_or_else(|| Error::defect("an enrollment without a device"))?;
        Ok(Enrolled { device: self.get(device)?, issued, enrollment: Enrollment::Known })
    }
}

/// What an enrollment reads in its first go.
struct Facts {
    issuer: Arc<Issuer>,
    product: Stored<Product>,
    credential: Stored<Certificate>,
    key: Tag,
    key_owner: Option<Stored<Binding>>,
}

fn plan<'a>(view: &View<'_>, parsed: &Parsed) -> Result<Plan<'a, Enrolled>> {
    let facts = load(view, parsed)?;
    match facts.key_owner.as_ref().map(|bound| bound.owner) {
        Some(Owner::Compromised) => Err(CsrError::KeyCompromised.into()),
        Some(Owner::Device(device)) => give_back(view, parsed, &facts, device),
        Some(_) => Err(CsrError::KeyBound.into()),
        None => first_contact(view, parsed, &facts),
    }
}

/// Finds the product credential by its issuer and serial number: it counts only if it is, octet for octet, one that
/// this registry issued as such and that is in force.
fn load(view: &View<'_>, parsed: &Parsed) -> Result<Facts> {
    let inner = view.registry;
    let presented = &parsed.credential;
    let unknown = ProductError::CredentialUnknown;
    let identifier = presented.extensions().authority_key_id.as_deref();
    let issuer = inner.issuer_of(identifier, presented.issuer().as_der())?.ok_or(unknown.clone())?;
    let serial = Serial::from_bytes(presented.serial()).ok_or(unknown.clone())?;
    let number = issuer.serials.serial_number(serial);
    let key = inner.key_tag(parsed.csr.public_key());
    let rows: [RowRef; 3] = [at::<Certificate>(number), at::<Document>(number), key.row()];
    let [credential, document, binding] =
        <[_; 3]>::try_from(view.rows(&rows)?).map_err(|_| Error::defect("a store answered with too few rows"))?;
    let credential = view.read::<Certificate>(credential)?.ok_or(unknown.clone())?;
    let document = view.read::<Document>(document)?.ok_or(unknown.clone())?;
    if credential.kind != CertificateKind::Product || document.der != presented.der() {
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
    let key_owner = view.read::<Binding>(binding)?.filter(|bound| bound.check == key.check);
    Ok(Facts { issuer, product, credential, key, key_owner })
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
fn first_contact<'a>(view: &View<'_>, parsed: &Parsed, facts: &Facts) -> Result<Plan<'a, Enrolled>> {
    let request = &parsed.request;
    let product = &facts.product;
    let unit = request.unit.as_ref().map(|unit| view.registry.unit_tag(product.id, unit));
    let bound = unit.map(|tag| view.bound(tag)).transpose()?.flatten();
    if let Some(Owner::Device(id)) = bound.as_ref().map(|bound| bound.owner) {
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
    match (unit, &bound) {
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
    let key_number = next_key_number(view, device.id)?;
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
        let shut_out = known.record.clone().quarantined(view.now)?;
        let writes = vec![
            view.update(known.version, &shut_out)?,
            view.event(
                "device.quarantine",
                Entity::Device(known.id),
                None,
                Some("came back with another key".to_owned()),
            )?,
        ];
        return Ok(Plan::refused(writes, DeviceError::Quarantined.into()));
    };
    for (_, held) in view.registry.held_by(known.id)?.into_iter().rev() {
        if held.check_renews(view.now).is_err() {
            continue;
        }
        let Some(document) = view.find::<Document>(view.number_of(held.id)?)? else { continue };
        let key = X509::from_der(&document.der)?.public_key()?;
        if key.verify(key.algorithm().signature(), parsed.csr.der(), signature).is_ok() {
            let mut device = known.record.clone();
            let key_number = next_key_number(view, device.id)?;
            let issuance =
                Issuance { parsed, facts, enrollment: Enrollment::Rekeyed, key_number, replaces: Some(&held) };
            return issuance.plan(view, &mut device, Vec::new(), Some(known.version));
        }
    }
    Err(DeviceError::OldKeyProofInvalid.into())
}

fn next_key_number(view: &View<'_>, device: DeviceId) -> Result<u32> {
    let held = view.registry.held_by(device)?;
    Ok(held.iter().map(|(_, certificate)| certificate.key_number).max().unwrap_or(0).saturating_add(1))
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

/// The certificate of an enrollment.
struct Issuance<'a> {
    parsed: &'a Parsed,
    facts: &'a Facts,
    enrollment: Enrollment,
    key_number: u32,
    /// The certificate that this one takes the place of.
    replaces: Option<&'a Stored<Certificate>>,
}

impl Issuance<'_> {
    /// `version` is that of the device's row; a device without one is new.
    fn plan<'a>(
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
        let draft = inner.draft(
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
        let mut draft = draft;
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
        let (device, enrollment, chain) = (device.clone(), self.enrollment, Arc::clone(&issuer.chain));
        Ok(Plan::signed(vec![draft.sign], move |mut ders| {
            let der = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
            writes.push(Inner::document(draft.number, der.clone()));
            let enrolled = Enrolled { device, issued: Issued::new(draft.record, der, chain), enrollment };
            Ok(Done { writes, output: Ok(enrolled), result: draft.number })
        }))
    }
}

impl Inner {
    /// Counts the units of a product that enrolled.
    pub(in crate::registry) const fn quota(product: u64) -> Counter {
        Counter { name: "quota", of: product }
    }
}

//! Renewal: issue, confirm, retire the old one. Nothing is taken from a device before its new certificate works.

use std::sync::Arc;

use super::delivery::{HandOut, check_in_use, key_content};
use super::issue::{KeyNumber, Prepared, verify_all};
use super::issued::{Issued, IssuedWithKey};
use super::{Certificates, subject_of};
use crate::Result;
use crate::error::{CertificateError, CsrError, Error};
use crate::id::{CertificateId, ProfileId};
use crate::key::{KeyAlgorithm, PublicKey};
use crate::model::{Certificate, CertificateKind, Device, Entity, KeyOrigin, Owner, Standing, SubjectPolicy};
use crate::policy::KeySource;
use crate::policy::{Applicant, CompiledProfile};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::handout::ServerKey;
use crate::registry::issuing::Request;
use crate::registry::{Bulk, Call, Inner};
use crate::store::Write;
use crate::store::record::Stored;
use crate::x509::{Certificate as X509, GeneralName, VerifiedCsr};

/// A certificate to be renewed. The subject and the alternative names stay as they are.
#[derive(Clone, Debug)]
pub struct Renew {
    /// The certificate to renew.
    pub certificate: CertificateId,
    /// A CSR (PKCS#10, PEM or DER) with the key of the new certificate; `None` certifies the old key again.
    pub csr: Option<Vec<u8>>,
    /// Another profile than before, such as a newer version of it.
    pub profile: Option<ProfileId>,
    /// Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired
    /// certificate is renewed. A revoked one never is.
    pub other_proof: bool,
}

impl Renew {
    /// With the old key.
    pub const fn same_key(certificate: CertificateId) -> Self {
        Self { certificate, csr: None, profile: None, other_proof: false }
    }

    /// With the key of a CSR.
    pub fn with_csr(certificate: CertificateId, csr: impl Into<Vec<u8>>) -> Self {
        Self { certificate, csr: Some(csr.into()), profile: None, other_proof: false }
    }

    /// Under another profile.
    #[must_use]
    pub const fn under(mut self, profile: ProfileId) -> Self {
        self.profile = Some(profile);
        self
    }

    /// With another proof of who the holder is, besides the certificate: see [`other_proof`](Self::other_proof).
    #[must_use]
    pub const fn with_other_proof(mut self) -> Self {
        self.other_proof = true;
        self
    }

    fn content(&self) -> Vec<u8> {
        content(self.certificate, self.profile, self.csr.as_deref().unwrap_or_default())
    }
}

/// A certificate to be renewed with a new key that is made here.
#[derive(Clone, Debug)]
pub struct RenewWithKey {
    /// The certificate to renew.
    pub certificate: CertificateId,
    /// Another profile than before.
    pub profile: Option<ProfileId>,
    /// What kind of key; the first that the profile lists by default.
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key is handed out.
    pub hand_out: HandOut,
}

impl RenewWithKey {
    /// With a key as the profile prefers it, handed out at once.
    pub const fn new(certificate: CertificateId) -> Self {
        Self { certificate, profile: None, algorithm: None, hand_out: HandOut::Now }
    }
}

fn content(certificate: CertificateId, profile: Option<ProfileId>, more: &[u8]) -> Vec<u8> {
    let profile = profile.map_or([0; 16], |profile| *profile.as_bytes());
    [certificate.as_bytes(), &profile, more].concat()
}

/// The conditions of a renewal.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Terms {
    /// Another profile than before.
    pub(in crate::registry) profile: Option<ProfileId>,
    /// Whether an expired certificate may be renewed.
    pub(in crate::registry) other_proof: bool,
}

/// The key of a renewal.
#[derive(Clone, Copy)]
pub(in crate::registry) enum NewKey<'a> {
    /// The old one.
    Same,
    /// That of a CSR.
    Csr(&'a VerifiedCsr),
    /// One that was made here.
    Made(&'a PublicKey),
}

/// A renewal that was decided on.
pub(in crate::registry) enum Renewal {
    /// The very same was done before, and its certificate still waits to be confirmed: the successor's number.
    Repeated(u64),
    /// A new certificate, with its record number and profile.
    New(Box<Prepared>),
}

impl<'r> Certificates<'r> {
    /// Renews a certificate (NEC-7): a new serial number and validity, from the newest generation of its authority
    /// (SOL-4), the same subject and alternative names. The old one stays in force until [`confirm`](Self::confirm)
    /// says that the new one is installed, or until the profile's grace period ends. Renewing again before that with
    /// the same key returns the same certificate; with another key it replaces the one that was not confirmed.
    /// Renewals wait for no approval.
    ///
    /// # Errors
    /// `certificate.renewal_of_expired` unless the holder showed another proof, `certificate.renewal_of_revoked` and the other states that do not allow it;
    /// the device's state, such as `device.disabled`; `certificate.renewal_subject` when the CSR asks for another
    /// subject (where the CSR's counts) or for further alternative names; `input.invalid` for a product credential, which
    /// [`renew_credential`](crate::Products::renew_credential) renews; `csr.key_unchanged` when the profile wants a
    /// new key; `csr.` codes.
    pub fn renew(&self, renew: &Renew, call: &Call) -> Result<Issued> {
        let inner = self.inner;
        let csr = renew.csr.as_deref().map(VerifiedCsr::parse).transpose()?;
        let content = renew.content();
        let operation = Operation { action: "certificate.renew", content: &content };
        inner.change(call, operation, |view| plan(view, renew, csr.as_ref()), |number| inner.issued(number))
    }

    /// Renews many certificates, with a result per item in their order.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole; each item has the errors of [`renew`](Self::renew).
    pub fn renew_many(&self, renewals: &[Renew], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Issued>>> {
        type Item<'i> = (&'i Renew, Option<Result<VerifiedCsr>>);
        let inner: &'r Inner = self.inner;
        let csrs: Vec<&[u8]> = renewals.iter().filter_map(|renew| renew.csr.as_deref()).collect();
        let mut verified = verify_all(&csrs).into_iter();
        let items: Vec<Item<'_>> =
            renewals.iter().map(|renew| (renew, renew.csr.as_ref().and_then(|_| verified.next()))).collect();
        let many = Many {
            action: "certificate.renew",
            content: &|(renew, _): &Item<'_>| renew.content(),
            plan: &|view: &View<'_>, (renew, csr): &Item<'_>| {
                plan(view, renew, csr.as_ref().map(Result::as_ref).transpose().map_err(Clone::clone)?)
            },
            replay: &|number| inner.issued(number),
        };
        inner.change_many(call, &items, bulk, &many)
    }

    /// Renews a certificate with a new key that is made here, and handed out as at
    /// [`issue_with_key`](Self::issue_with_key).
    ///
    /// # Errors
    /// As [`renew`](Self::renew); `profile.no_server_key` and `profile.server_key_algorithm`.
    pub fn renew_with_key(&self, renew: &RenewWithKey, call: &Call) -> Result<IssuedWithKey> {
        let inner = self.inner;
        let profile = inner.profile(match renew.profile {
            Some(profile) => profile,
            None => self.get(renew.certificate)?.profile,
        })?;
        let key = ServerKey::make(profile.server_key(renew.algorithm)?)?;
        let content = content(renew.certificate, renew.profile, &key_content(renew.algorithm, renew.hand_out));
        let operation = Operation { action: "certificate.renew_with_key", content: &content };
        let terms = Terms { profile: renew.profile, other_proof: false };
        inner.change(
            call,
            operation,
            |view| {
                let mut prepared = match view.renewal(renew.certificate, terms, NewKey::Made(key.public()))? {
                    Renewal::New(prepared) => *prepared,
                    Renewal::Repeated(_) => return Err(Error::defect("a new key that is not new")),
                };
                prepared.writes.push(view.deliver(prepared.draft.number, &key, &profile, renew.hand_out)?);
                let handed = key.released(renew.hand_out);
                Ok(prepared.plan(move |issued| IssuedWithKey { issued, key: handed }))
            },
            |number| inner.delivered(number, renew.hand_out, call),
        )
    }

    /// Says that the renewal of a certificate is installed: the old one is retired at once (superseded; SOL-5). `id` is
    /// the new certificate, or the first one of an entity whose first renewal it is; a certificate that is a renewal
    /// itself always means itself. Saying so twice changes nothing.
    ///
    /// # Errors
    /// `certificate.no_successor`; the new certificate's state, unless it is in force or not yet valid.
    pub fn confirm(&self, id: CertificateId, call: &Call) -> Result<Certificate> {
        let inner = self.inner;
        let action = "certificate.confirm";
        inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let named = view.get::<Certificate, _>(id)?;
                let new = match (named.renews, named.successor) {
                    (Some(_), _) => named,
                    (None, Some(successor)) => view.get::<Certificate, _>(successor)?,
                    (None, None) => return Err(CertificateError::NoSuccessor.into()),
                };
                let number = view.number_of(new.id)?;
                if new.confirmed {
                    return Ok(Plan::done(number, Vec::new(), new.record));
                }
                check_in_use(&new, view.now)?;
                let confirmed = Certificate { confirmed: true, ..new.record.clone() };
                let mut writes = vec![
                    view.update(new.version, &confirmed)?,
                    view.event(action, subject_of(&confirmed), Some(Entity::Certificate(confirmed.id)), None)?,
                ];
                // It may have gone to the archive.
                let old = match new.renews {
                    Some(old) => view.find::<Certificate>(view.number_of(old)?)?,
                    None => None,
                };
                // Somebody may have revoked or deleted the old one meanwhile.
                if let Some(old) = old.filter(|old| old.revoked.is_none()) {
                    writes.extend(view.supersede(&old)?.1);
                }
                Ok(Plan::done(number, writes, confirmed))
            },
            |number| self.get(inner.ids.id(number)),
        )
    }
}

fn plan<'a>(view: &View<'_>, renew: &Renew, csr: Option<&VerifiedCsr>) -> Result<Plan<'a, Issued>> {
    let terms = Terms { profile: renew.profile, other_proof: renew.other_proof };
    match view.renewal(renew.certificate, terms, csr.map_or(NewKey::Same, NewKey::Csr))? {
        Renewal::Repeated(number) => Ok(Plan::done(number, Vec::new(), view.registry.issued(number)?)),
        Renewal::New(prepared) => Ok(prepared.plan(|issued| issued)),
    }
}

/// Who has the certificate that is renewed.
struct Holder {
    owner: Owner,
    device: Option<Stored<Device>>,
    requires: Vec<Write>,
}

impl View<'_> {
    /// Decides on the renewal of `id`.
    pub(in crate::registry) fn renewal(&self, id: CertificateId, terms: Terms, key: NewKey<'_>) -> Result<Renewal> {
        let Terms { profile, other_proof } = terms;
        let inner = self.registry;
        let old = self.get::<Certificate, _>(id)?;
        old.check_issued()?;
        if old.deleted {
            return Err(CertificateError::Deleted.into());
        }
        if old.kind == CertificateKind::Product {
            // Units that were shipped with it have no other, so it must not be retired.
            let reason = "is a product credential; products.renew_credential makes another and retires none";
            return Err(Error::input("certificate", reason));
        }
        let holders = inner.holders(id)?;
        let holder = self.holder(&old, &holders.iter().map(|held| held.device).collect::<Vec<_>>())?;
        old.check_renews_with(other_proof, self.now)?;
        if old.standing(self.now) == Standing::Expired
            && let Some(successor) = old.successor
            && self.get::<Certificate, _>(successor)?.standing(self.now) == Standing::Revoked
        {
            // Its renewal was taken out of force for good, which the older one must not get around.
            return Err(CertificateError::RenewalOfRevoked.into());
        }

        let before = inner.certified(self.number_of(id)?)?;
        let old_key = before.public_key()?;
        let new_key = match key {
            NewKey::Same => &old_key,
            NewKey::Csr(csr) => csr.public_key(),
            NewKey::Made(key) => key,
        };
        let (replaced, mut writes) = match self.unconfirmed(&old, new_key)? {
            Waiting::Same(number) => return Ok(Renewal::Repeated(number)),
            Waiting::Other(number, writes) => (Some(number), writes),
            Waiting::None => (None, Vec::new()),
        };

        let profile_id = profile.unwrap_or(old.profile);
        let profile = inner.profile(profile_id)?;
        let unchanged = *new_key == old_key;
        check_key(&profile, &old, key, unchanged)?;
        let key_number = match &holder.device {
            _ if unchanged => KeyNumber { number: old.key_number, new: false },
            Some(device) => self.key_number(device.id, new_key)?,
            None => KeyNumber { number: replaced.unwrap_or(old.key_number).saturating_add(1), new: true },
        };

        let number = self.number::<Certificate>()?;
        let entity = match holder.owner {
            Owner::Device(device) => device.to_string(),
            _ => id.to_string(),
        };
        let applicant = Applicant {
            id: &entity,
            name: holder.device.as_ref().map(|device| device.name.as_str()).or(old.name.as_deref()),
            unit: holder.device.as_ref().and_then(|device| device.unit.as_deref()),
            subject: Some(before.subject()),
        };
        let names = names(&profile, profile_id != old.profile, &applicant, &before, key)?;
        let issuer = inner.current_issuer(old.authority)?;
        let request = Request {
            profile_id,
            profile: &profile,
            issuer: &issuer,
            kind: old.kind,
            product: old.product,
            device: holder.device.as_ref().map(|device| &device.record),
            applicant,
            source: KeySource::Renewal(new_key, &names),
            key_number: key_number.number,
            key_origin: match key {
                NewKey::Same => old.key_origin,
                NewKey::Csr(_) => KeyOrigin::Requester,
                NewKey::Made(_) => KeyOrigin::Server,
            },
            renews: Some(id),
        };
        let mut draft = inner.draft_as(self, &request, number)?;
        // An opaque name stays one, even where it was made from another certificate's number.
        draft.record.name.clone_from(&old.name);
        draft.record.holders = u32::try_from(holders.len()).unwrap_or(u32::MAX);
        let new = draft.record.id;
        let retires = self.now.plus_days(profile.spec().grace_days.into());
        writes.extend(draft.requires.iter().cloned().chain(holder.requires));
        writes.push(self.insert(&draft.record)?);
        writes.push(self.update(old.version, &old.record.clone().renewed(new, retires, other_proof, self.now)?)?);
        writes.extend(draft.claims(self, &profile, new_key, holder.owner)?);
        if let Some(device) = &holder.device {
            writes.push(self.device_with_key(device, &draft.subject, key_number)?);
        }
        for held in &holders {
            writes.push(Inner::attachment(self, new, held.device)?);
        }
        writes.push(self.issue_event("certificate.renew", &draft.record)?);
        Ok(Renewal::New(Box::new(Prepared { draft, writes, chain: Arc::clone(&issuer.chain) })))
    }

    /// Who has the certificate, if it may have a new one: the device it was issued to must be valid (a disabled one is
    /// refused), or else one of those that it is attached to.
    fn holder(&self, old: &Certificate, attached: &[crate::id::DeviceId]) -> Result<Holder> {
        if let Some(device) = old.device {
            let device = self.get::<Device, _>(device)?;
            device.check_valid()?;
            return Ok(Holder { owner: Owner::Device(device.id), device: Some(device), requires: Vec::new() });
        }
        let owner = Owner::Certificate(old.id);
        let mut refusal = None;
        for device in attached {
            let device = self.get::<Device, _>(*device)?;
            match device.check_valid() {
                Ok(()) => return Ok(Holder { owner, device: None, requires: vec![self.require(&device)?] }),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Holder { owner, device: None, requires: Vec::new() }),
        }
    }

    /// What became of an earlier renewal that nobody confirmed.
    fn unconfirmed(&self, old: &Certificate, key: &PublicKey) -> Result<Waiting> {
        let Some(successor) = old.successor else { return Ok(Waiting::None) };
        let successor = self.get::<Certificate, _>(successor)?;
        match successor.standing(self.now) {
            Standing::Active | Standing::NotYetValid if !successor.confirmed => {}
            // Whoever suspended the new one did not mean that the old one brings another.
            Standing::Suspended => return Err(CertificateError::Suspended.into()),
            _ => return Ok(Waiting::None),
        }
        let number = self.number_of(successor.id)?;
        if self.registry.certified(number)?.spki() == key.spki() {
            return Ok(Waiting::Same(number));
        }
        let (changed, mut writes) = self.supersede(&successor)?;
        writes.push(self.event(
            "certificate.retire",
            subject_of(&changed),
            Some(Entity::Certificate(changed.id)),
            Some("its renewal came back with another key".to_owned()),
        )?);
        Ok(Waiting::Other(changed.key_number, writes))
    }
}

/// A renewal that waits to be confirmed.
enum Waiting {
    None,
    /// For the same key, with this record number.
    Same(u64),
    /// For another key, with its number; the writes withdraw it.
    Other(u32, Vec<Write>),
}

/// Whether the profile lets this key be certified.
fn check_key(profile: &CompiledProfile, old: &Certificate, key: NewKey<'_>, unchanged: bool) -> Result<()> {
    if unchanged && profile.spec().new_key_at_renewal {
        return Err(CsrError::KeyUnchanged.into());
    }
    match key {
        NewKey::Csr(csr) if !(unchanged && old.key_origin == KeyOrigin::Server) => {
            profile.check_key(csr.public_key().algorithm())
        }
        _ => Ok(()),
    }
}

/// The alternative names of the new certificate: those of the old one. A CSR may repeat them and the subject, but not
/// change them.
fn names(
    profile: &CompiledProfile,
    other_profile: bool,
    applicant: &Applicant<'_>,
    before: &X509,
    key: NewKey<'_>,
) -> Result<Vec<GeneralName>> {
    let names = before.extensions().names()?;
    if let NewKey::Csr(csr) = key {
        let from_csr = matches!(profile.spec().subject, SubjectPolicy::FromCsr { .. });
        let other_subject = from_csr && csr.subject() != before.subject();
        if other_subject || csr.san().iter().any(|name| !names.contains(name)) {
            return Err(CertificateError::RenewalSubject.into());
        }
    }
    if other_profile { profile.names_of_renewal(applicant, &names) } else { Ok(names) }
}

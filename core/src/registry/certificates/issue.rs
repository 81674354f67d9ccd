//! Certificates for CSRs.

use std::sync::Arc;
use std::thread;

use super::issued::Issued;
use super::{Certificates, subject_of};
use crate::Result;
use crate::error::{CsrError, Error};
use crate::id::{AuthorityId, CertificateId, DeviceId, ProfileId};
use crate::key::PublicKey;
use crate::model::{Certificate, CertificateKind, Device, Document, KeyOrigin, Owner, SubjectPolicy, check_name};
use crate::policy::KeySource;
use crate::policy::{Applicant, CompiledProfile};
use crate::registry::bulk::Many;
use crate::registry::driver::{Done, Operation, Plan, View};
use crate::registry::issuing::{Draft, Request};
use crate::registry::{Bulk, Call, Inner};
use crate::store::Write;
use crate::store::record::Stored;
use crate::x509::{Name, VerifiedCsr};

/// A certificate to be issued for a CSR.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The CSR (PKCS#10), PEM or DER.
    pub csr: Vec<u8>,
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device that it is for, if any; it must be valid.
    pub device: Option<DeviceId>,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
    pub name: Option<String>,
}

impl Issue {
    /// For no device in particular.
    pub fn new(csr: impl Into<Vec<u8>>, profile: ProfileId, authority: AuthorityId) -> Self {
        Self { csr: csr.into(), profile, authority, device: None, name: None }
    }

    /// For a device.
    #[must_use]
    pub const fn for_device(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    /// With the applicant's name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(super) fn content(&self) -> Vec<u8> {
        order_content(self.profile, self.authority, self.device, self.name.as_deref(), &self.csr)
    }
}

/// What distinguishes one order from another; only the variable parts need their lengths.
pub(super) fn order_content(
    profile: ProfileId,
    authority: AuthorityId,
    device: Option<DeviceId>,
    name: Option<&str>,
    more: &[u8],
) -> Vec<u8> {
    let mut content = [*profile.as_bytes(), *authority.as_bytes()].concat();
    content.extend_from_slice(&device.map_or([0; 16], |device| *device.as_bytes()));
    let name = name.unwrap_or_default().as_bytes();
    content.extend_from_slice(&name.len().to_be_bytes());
    content.extend_from_slice(name);
    content.extend_from_slice(more);
    content
}

/// What is to be issued, to whom, for which key.
pub(super) struct Order<'a> {
    pub(super) profile_id: ProfileId,
    pub(super) profile: &'a CompiledProfile,
    pub(super) authority: AuthorityId,
    pub(super) device: Option<DeviceId>,
    pub(super) name: Option<&'a str>,
    pub(super) source: KeySource<'a>,
    pub(super) key_origin: KeyOrigin,
}

/// A certificate that lacks only its signature, with all writes but its document.
pub(in crate::registry) struct Prepared {
    pub(in crate::registry) draft: Draft,
    pub(in crate::registry) writes: Vec<Write>,
    pub(in crate::registry) chain: Arc<[Vec<u8>]>,
}

impl Prepared {
    /// The plan that signs it; `release` makes the answer.
    pub(in crate::registry) fn plan<'a, T: 'a>(self, release: impl FnOnce(Issued) -> T + 'a) -> Plan<'a, T> {
        let Self { draft, mut writes, chain } = self;
        let Draft { record, number, sign, .. } = draft;
        Plan::signed(vec![sign], move |mut ders| {
            let der = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
            writes.push(Inner::document(number, der.clone()));
            let issued = Issued { certificate: record, der, chain };
            Ok(Done { writes, output: Ok(release(issued)), result: number })
        })
    }
}

impl<'r> Certificates<'r> {
    /// Issues a certificate for a CSR (NEC-5), by the same procedure with and without a device. With a device, it gets
    /// the device's subject and is attached to it.
    ///
    /// # Errors
    /// A `csr.` code that names what is wrong with the CSR; `profile.approval_needed`, and then
    /// [`request`](Self::request) is the way; the device's state (`device.disabled` ...); the authority's state.
    pub fn issue(&self, issue: &Issue, call: &Call) -> Result<Issued> {
        let inner = self.inner;
        let csr = VerifiedCsr::parse(&issue.csr)?;
        let content = issue.content();
        let operation = Operation { action: "certificate.issue", content: &content };
        inner.change(call, operation, |view| plan(view, issue, &csr), |number| inner.issued(number))
    }

    /// Issues many certificates, with a result per item in their order.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole; each item has the errors of [`issue`](Self::issue).
    pub fn issue_many(&self, issues: &[Issue], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Issued>>> {
        let inner: &'r Inner = self.inner;
        let csrs: Vec<&[u8]> = issues.iter().map(|issue| issue.csr.as_slice()).collect();
        let items: Vec<_> = issues.iter().zip(verify_all(&csrs)).collect();
        let many = Many {
            action: "certificate.issue",
            content: &|(issue, _): &(&Issue, Result<VerifiedCsr>)| issue.content(),
            plan: &|view: &View<'_>, (issue, csr): &(&Issue, Result<VerifiedCsr>)| {
                plan(view, issue, csr.as_ref().map_err(Clone::clone)?)
            },
            replay: &|number| inner.issued(number),
        };
        inner.change_many(call, &items, bulk, &many)
    }
}

fn plan<'a>(view: &View<'_>, issue: &Issue, csr: &VerifiedCsr) -> Result<Plan<'a, Issued>> {
    let profile = view.registry.profile(issue.profile)?;
    Inner::check_no_approval(&profile)?;
    let order = Order::of(issue, &profile, csr)?;
    let mut prepared = view.order(&order, None)?;
    prepared.writes.push(view.issue_event("certificate.issue", &prepared.draft.record)?);
    Ok(prepared.plan(|issued| issued))
}

impl<'a> Order<'a> {
    pub(super) fn of(issue: &'a Issue, profile: &'a CompiledProfile, csr: &'a VerifiedCsr) -> Result<Self> {
        check_applicant(issue.device, issue.name.as_deref())?;
        Ok(Self {
            profile_id: issue.profile,
            profile,
            authority: issue.authority,
            device: issue.device,
            name: issue.name.as_deref(),
            source: KeySource::Csr(csr),
            key_origin: KeyOrigin::Requester,
        })
    }
}

/// A device has its own name; others may be given one.
pub(super) fn check_applicant(device: Option<DeviceId>, name: Option<&str>) -> Result<()> {
    match (device, name) {
        (Some(_), Some(_)) => {
            Err(Error::input("name", "is given together with a device, which has its own; leave it out"))
        }
        (None, Some(name)) => check_name("name", name),
        _ => Ok(()),
    }
}

impl View<'_> {
    /// Decides on an order: a new record, or the one of a request that was pending.
    pub(super) fn order(&self, order: &Order<'_>, pending: Option<&Stored<Certificate>>) -> Result<Prepared> {
        let inner = self.registry;
        let issuer = inner.current_issuer(order.authority)?;
        let device = order.device.map(|id| self.get::<Device, _>(id)).transpose()?;
        if let Some(device) = &device {
            device.check_valid()?;
            check_subject(order, device)?;
        }
        let number = match pending {
            Some(pending) => self.number_of(pending.id)?,
            None => self.number::<Certificate>()?,
        };
        let id: CertificateId = inner.ids.id(number);
        let owner = device.as_ref().map_or(Owner::Certificate(id), |device| Owner::Device(device.id));
        let key = order.source.key().clone();
        let key_number = device.as_ref().map_or(Ok(KeyNumber::FIRST), |device| self.key_number(device.id, &key))?;
        let entity = device.as_ref().map_or_else(|| id.to_string(), |device| device.id.to_string());
        let applicant = Applicant {
            id: &entity,
            name: device.as_ref().map(|device| device.name.as_str()).or(order.name),
            unit: device.as_ref().and_then(|device| device.unit.as_deref()),
            subject: device.as_ref().and_then(|device| device.subject.as_ref()),
        };
        let request = Request {
            profile_id: order.profile_id,
            profile: order.profile,
            issuer: &issuer,
            kind: if device.is_some() { CertificateKind::Device } else { CertificateKind::Other },
            product: device.as_ref().and_then(|device| device.product),
            device: device.as_ref().map(|device| &device.record),
            applicant,
            source: order.source,
            key_number: key_number.number,
            key_origin: order.key_origin,
            renews: None,
        };
        let mut draft = inner.draft_as(self, &request, number)?;
        draft.record.holders = device.is_some().into();
        let mut writes = draft.requires.clone();
        writes.push(match pending {
            Some(pending) => self.update(pending.version, &draft.record)?,
            None => self.insert(&draft.record)?,
        });
        writes.extend(draft.claims(self, order.profile, &key, owner)?);
        if let Some(device) = device {
            writes.push(Inner::attachment(self, id, device.id)?);
            writes.push(self.device_with_key(&device, &draft.subject, key_number)?);
            if matches!(writes.last(), Some(Write::Require(..))) {
                // The device's row does not tell who deletes it meanwhile.
                writes.push(self.gains(device.id)?);
            }
        }
        Ok(Prepared { draft, writes, chain: Arc::clone(&issuer.chain) })
    }

    /// That the device is still what was read; its record changes with its first subject, and with every new key, so
    /// that two keys never get one number.
    pub(super) fn device_with_key(&self, device: &Stored<Device>, subject: &Name, key: KeyNumber) -> Result<Write> {
        match &device.subject {
            Some(_) if !key.new || key.number == 1 => self.require(device),
            Some(_) => self.update(device.version, &device.record),
            None => {
                let named = Device { subject: Some(subject.clone()), updated: self.now, ..device.record.clone() };
                self.update(device.version, &named)
            }
        }
    }

    /// Which of the device's keys `key` is.
    pub(in crate::registry) fn key_number(&self, device: DeviceId, key: &PublicKey) -> Result<KeyNumber> {
        let inner = self.registry;
        let bound = self.bound(inner.key_tag(key))?;
        let known = bound.is_some_and(|binding| binding.owner == Owner::Device(device));
        let mut highest = 0;
        for (_, certificate) in inner.held_by(device)? {
            if certificate.device != Some(device) {
                continue;
            }
            highest = highest.max(certificate.key_number);
            // Certificates are read only when one of them is known to hold the key.
            if known && inner.certified(self.number_of(certificate.id)?)?.spki() == key.spki() {
                return Ok(KeyNumber { number: certificate.key_number, new: false });
            }
        }
        Ok(KeyNumber { number: highest.saturating_add(1), new: true })
    }

    /// The event of a certificate that came to be.
    pub(super) fn issue_event(&self, action: &'static str, record: &Certificate) -> Result<Write> {
        let object = crate::model::Entity::Certificate(record.id);
        self.event(action, subject_of(record), Some(object), Some(format!("key {}", record.key_number)))
    }
}

/// Which of its owner's keys a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) struct KeyNumber {
    /// 1 for the first.
    pub(in crate::registry) number: u32,
    /// Whether the owner had no certificate for it before.
    pub(in crate::registry) new: bool,
}

impl KeyNumber {
    pub(super) const FIRST: Self = Self { number: 1, new: true };
}

/// A device keeps its subject: where the CSR's counts, it must be the same.
fn check_subject(order: &Order<'_>, device: &Device) -> Result<()> {
    if let (KeySource::Csr(csr), Some(kept), SubjectPolicy::FromCsr { .. }) =
        (order.source, &device.subject, &order.profile.spec().subject)
        && csr.subject() != kept
    {
        let reason = "the device has certificates with another one, which it keeps; use that".to_owned();
        return Err(CsrError::SubjectRefused { reason }.into());
    }
    Ok(())
}

/// Below this many CSRs, threads cost more than they save.
const WORTH_A_THREAD: usize = 16;

/// Reads and verifies CSRs in parallel, keeping the order.
pub(in crate::registry) fn verify_all(csrs: &[&[u8]]) -> Vec<Result<VerifiedCsr>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(csrs.len() / WORTH_A_THREAD);
    let verify = |chunk: &[&[u8]]| chunk.iter().map(|csr| VerifiedCsr::parse(csr)).collect::<Vec<_>>();
    if threads < 2 {
        return verify(csrs);
    }
    thread::scope(|scope| {
        let share = csrs.len().div_ceil(threads);
        let workers: Vec<_> =
            csrs.chunks(share).map(|chunk| (chunk.len(), scope.spawn(move || verify(chunk)))).collect();
        workers
            .into_iter()
            .flat_map(|(count, worker)| {
                worker
                    .join()
                    .unwrap_or_else(|_| (0..count).map(|_| Err(Error::defect("a CSR's check panicked"))).collect())
            })
            .collect()
    })
}

impl Inner {
    /// The document of a request that is not decided yet.
    pub(super) fn requested(&self, number: u64) -> Result<VerifiedCsr> {
        let document =
            self.find_record::<Document>(number)?.ok_or_else(|| Error::defect("a request without its CSR"))?;
        VerifiedCsr::parse(&document.record.der)
    }
}

//! Keys made here, and how they are handed out: once, in two phases (NAV-3), so that a lost response loses no key and
//! nobody else gets it.

use super::issue::{Order, check_applicant, order_content};
use super::issued::IssuedWithKey;
use super::{Certificates, subject_of};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{DeliveryError, Error};
use crate::id::{AuthorityId, CertificateId, DeviceId, ProfileId};
use crate::key::KeyAlgorithm;
use crate::model::{Certificate, Delivery, DeliveryState, Entity, KeyOrigin, Standing};
use crate::policy::KeySource;
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::handout::ServerKey;
use crate::registry::page::Wanted;
use crate::registry::{Bulk, Call, Inner};
use crate::store::{Match, Value};

/// When a key that is made here is handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HandOut {
    /// With the answer. Repeating the call with the same request ID returns it again, until it is confirmed.
    #[default]
    Now,
    /// When somebody collects it.
    Later,
}

/// A certificate to be issued for a key that is made here (NAV-15).
#[derive(Clone, Debug)]
pub struct IssueWithKey {
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device that it is for, if any; it must be valid.
    pub device: Option<DeviceId>,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
    pub name: Option<String>,
    /// What kind of key; the first that the profile lists by default.
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key is handed out.
    pub hand_out: HandOut,
}

impl IssueWithKey {
    /// For no device in particular, with a key as the profile prefers it, handed out at once.
    pub const fn new(profile: ProfileId, authority: AuthorityId) -> Self {
        Self { profile, authority, device: None, name: None, algorithm: None, hand_out: HandOut::Now }
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

    /// With another kind of key.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: KeyAlgorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// With the key to be collected later.
    #[must_use]
    pub const fn collected_later(mut self) -> Self {
        self.hand_out = HandOut::Later;
        self
    }

    fn content(&self) -> Vec<u8> {
        let more = key_content(self.algorithm, self.hand_out);
        order_content(self.profile, self.authority, self.device, self.name.as_deref(), &more)
    }
}

/// What distinguishes one wish for a key from another.
pub(super) fn key_content(algorithm: Option<KeyAlgorithm>, hand_out: HandOut) -> Vec<u8> {
    let now = u8::from(hand_out == HandOut::Now);
    let mut content = vec![now];
    content.extend_from_slice(algorithm.map_or("", KeyAlgorithm::name).as_bytes());
    content
}

impl Certificates<'_> {
    /// Makes a key and issues a certificate for it (NAV-1, NAV-15).
    ///
    /// # Errors
    /// `profile.no_server_key` and `profile.server_key_algorithm`; otherwise as [`issue`](Self::issue).
    /// `delivery.collected` when a repeated request comes after the key was confirmed.
    pub fn issue_with_key(&self, issue: &IssueWithKey, call: &Call) -> Result<IssuedWithKey> {
        let inner = self.inner;
        check_applicant(issue.device, issue.name.as_deref())?;
        let profile = inner.profile(issue.profile)?;
        Inner::check_no_approval(&profile)?;
        let key = ServerKey::make(profile.server_key(issue.algorithm)?)?;
        let content = issue.content();
        let operation = Operation { action: "certificate.issue_with_key", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let order = Order {
                    profile_id: issue.profile,
                    profile: &profile,
                    authority: issue.authority,
                    device: issue.device,
                    name: issue.name.as_deref(),
                    source: KeySource::Known(key.public()),
                    key_origin: KeyOrigin::Server,
                };
                let mut prepared = view.order(&order, None)?;
                prepared.writes.push(view.deliver(prepared.draft.number, &key, &profile, issue.hand_out)?);
                prepared.writes.push(view.issue_event("certificate.issue", &prepared.draft.record)?);
                let handed = key.released(issue.hand_out);
                Ok(prepared.plan(move |issued| IssuedWithKey { issued, key: handed }))
            },
            |number| inner.delivered(number, issue.hand_out, call),
        )
    }

    /// Hands out the private key of a certificate, once: it is erased as soon as [`confirm_key`](Self::confirm_key)
    /// says that it arrived. Until then, only a call with the same request ID gets it again.
    ///
    /// # Errors
    /// `delivery.collecting`, `delivery.collected`, `delivery.lapsed`; `delivery.none` when the key was made elsewhere;
    /// the certificate's state, unless it is in force or not yet valid.
    pub fn collect_key(&self, id: CertificateId, call: &Call) -> Result<IssuedWithKey> {
        let inner = self.inner;
        let action = "certificate.collect_key";
        let operation = Operation { action, content: id.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let number = view.number_of(id)?;
                let stored = view.get::<Certificate, _>(id)?;
                stored.check_issued()?;
                let delivery = view.find::<Delivery>(number)?.ok_or(DeliveryError::None)?;
                let about = |action| view.event(action, subject_of(&stored), Some(Entity::Certificate(id)), None);
                let held = delivery.private_key.is_some();
                if let Err(refusal) = check_in_use(&stored, view.now) {
                    // An expired certificate's key is of no use to anybody any more.
                    if held && stored.standing(view.now) == Standing::Expired {
                        let writes = view.lapse(number)?.into_iter().chain([about("certificate.key_lapse")?]);
                        return Ok(Plan::refused(writes.collect(), refusal));
                    }
                    return Err(refusal);
                }
                if held && view.now > delivery.expires {
                    let writes = view.lapse(number)?.into_iter().chain([about("certificate.key_lapse")?]);
                    return Ok(Plan::refused(writes.collect(), DeliveryError::Lapsed.into()));
                }
                let collecting = delivery.record.clone().collecting(inner.collector(call), view.now)?;
                let output = IssuedWithKey { issued: inner.issued(number)?, key: inner.opened(&collecting)? };
                let writes = vec![view.update(delivery.version, &collecting)?, view.require(&stored)?, about(action)?];
                Ok(Plan::done(number, writes, output))
            },
            |number| inner.delivered(number, HandOut::Now, call),
        )
    }

    /// Says that a private key arrived; it is erased here and can never be read again.
    ///
    /// # Errors
    /// `delivery.not_collecting` when it was not handed out, `delivery.collected`, `delivery.lapsed`, `delivery.none`.
    pub fn confirm_key(&self, id: CertificateId, call: &Call) -> Result<()> {
        let inner = self.inner;
        let action = "certificate.confirm_key";
        let operation = Operation { action, content: id.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let number = view.number_of(id)?;
                let stored = view.get::<Certificate, _>(id)?;
                let delivery = view.find::<Delivery>(number)?.ok_or(DeliveryError::None)?;
                let collected = delivery.record.clone().collected()?;
                let event = view.event(action, subject_of(&stored), Some(Entity::Certificate(id)), None)?;
                Ok(Plan::done(number, vec![view.update(delivery.version, &collected)?, event], ()))
            },
            |_| Ok(()),
        )
    }

    /// Erases the private keys that were not collected or confirmed in time, and says how many there were. They are not
    /// handed out after that moment anyway. The request ID of `call` is not used.
    ///
    /// # Errors
    /// Store errors.
    pub fn erase_uncollected(&self, call: &Call) -> Result<u64> {
        let inner = self.inner;
        let mut wanted = Wanted { order: Some("expires"), ..Wanted::default() };
        wanted.and("expires", Match::Range { from: None, to: Some(Value::Int(inner.now()?.unix())) });
        let open = [DeliveryState::Available, DeliveryState::Collecting];
        wanted.and("state", Match::In(open.iter().map(|state| Value::Int(state.number())).collect()));
        let mut due = Vec::new();
        inner.scan::<Delivery>(&wanted, |stored| {
            due.push(stored.certificate);
            Ok(())
        })?;
        let action = "certificate.key_lapse";
        let many = Many {
            action,
            content: &|id: &CertificateId| id.as_bytes().to_vec(),
            plan: &|view: &View<'_>, id: &CertificateId| {
                let number = view.number_of(*id)?;
                // Somebody else may have been first.
                let Some(lapse) = view.lapse(number)? else { return Ok(Plan::done(number, Vec::new(), 0)) };
                let stored = view.get::<Certificate, _>(*id)?;
                let event = view.event(action, subject_of(&stored), Some(Entity::Certificate(*id)), None)?;
                Ok(Plan::done(number, vec![lapse, event], 1))
            },
            replay: &|_| Ok(0),
        };
        let call = Call { request_id: None, ..call.clone() };
        inner.change_many(&call, &due, &Bulk::each(), &many)?.into_iter().sum()
    }
}

/// That the certificate can be used, now or in a moment: a clock that runs behind is no reason to refuse.
pub(super) fn check_in_use(certificate: &Certificate, now: Timestamp) -> Result<()> {
    match certificate.standing(now) {
        Standing::NotYetValid => Ok(()),
        _ => certificate.check_in_force(now).map_err(Error::from),
    }
}

impl Inner {
    /// What a repeated request returns: the key again, as long as its hand-out is not confirmed.
    pub(in crate::registry) fn delivered(&self, number: u64, hand_out: HandOut, call: &Call) -> Result<IssuedWithKey> {
        let issued = self.issued(number)?;
        if hand_out == HandOut::Later {
            return Ok(IssuedWithKey { issued, key: None });
        }
        let now = self.now()?;
        check_in_use(&issued.certificate, now)?;
        let delivery = self.find_record::<Delivery>(number)?.ok_or(DeliveryError::None)?;
        let collecting = delivery.record.collecting(self.collector(call), now)?;
        Ok(IssuedWithKey { issued, key: self.opened(&collecting)? })
    }
}

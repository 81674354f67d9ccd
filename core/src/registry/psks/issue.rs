//! Keys come to be.

use std::fmt;

use super::lookup::is_made_here;
use super::{IssuedPsk, Psks};
use crate::Result;
use crate::error::{Error, PskError};
use crate::id::DeviceId;
use crate::model::{Device, Entity, IdentityKind, Owner, Psk, PskKind, PskState};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::numbers::BEYOND_DEVICES;
use crate::registry::{Bulk, Call};
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::Stored;
use crate::symmetric::{MAX_LEN, MAX_TLS_LEN, MIN_BITS, MIN_TLS_BITS, PskPolicy, check_psk_identity, generate_secret};

/// A pre-shared key to be issued.
#[derive(Clone)]
pub struct NewPsk {
    /// Whose it is; the device must be valid.
    pub device: DeviceId,
    /// Whether the secret can be read again.
    pub kind: PskKind,
    /// Where the identity comes from.
    pub identity_kind: IdentityKind,
    /// The identity, with [`IdentityKind::Chosen`] and only then: 1 to 128 bytes of text.
    pub identity: Option<String>,
    /// What the secret that is made here is like: of 64 bits of entropy or more; of 128, and 64 octets at most, when it can
    /// be read again, since that is for TLS and for wrapping.
    pub policy: PskPolicy,
    /// A secret that exists already, in place of one that is made here: 8 to 512 octets; 16 to 64 when it can be read again.
    pub secret: Option<Secret<Vec<u8>>>,
    /// After how many days it is due to be rotated, 1 to 36,525; never by default.
    pub renew_days: Option<u32>,
}

impl NewPsk {
    /// A device's password: checked and never read, under the device's ID.
    pub fn password(device: DeviceId) -> Self {
        Self {
            device,
            kind: PskKind::VerifyOnly,
            identity_kind: IdentityKind::Device,
            identity: None,
            policy: PskPolicy::default(),
            secret: None,
            renew_days: None,
        }
    }

    /// A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is.
    pub fn tls(device: DeviceId) -> Self {
        Self {
            kind: PskKind::Readable,
            identity_kind: IdentityKind::Unlinkable,
            policy: raw_policy(),
            ..Self::password(device)
        }
    }

    /// Under an identity of your choice.
    #[must_use]
    pub fn identified_by(mut self, identity: impl Into<String>) -> Self {
        (self.identity_kind, self.identity) = (IdentityKind::Chosen, Some(identity.into()));
        self
    }

    /// With a secret that exists already.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<Secret<Vec<u8>>>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    pub(in crate::registry) fn content(&self) -> Vec<u8> {
        let Self { device, kind, identity_kind, identity, policy, secret, renew_days } = self;
        let mut content =
            format!("{device} {kind} {identity_kind} {identity:?} {policy:?} {renew_days:?} ").into_bytes();
        content.extend_from_slice(secret.as_ref().map_or(&[], |secret| secret.expose()));
        content
    }
}

impl fmt::Debug for NewPsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPsk").field("device", &self.device).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Psks<'_> {
    /// Issues a pre-shared key (NEC-1, NEC-15). What is made here meets the policy. A repetition under the same request ID
    /// brings the secret of a readable key again; that of a verify-only key nobody knows any more.
    ///
    /// # Errors
    /// `psk.exists` when the device has a key under its own ID already, `psk.identity`, `psk.identity_taken`; `psk.policy_*`,
    /// `psk.too_short`, `psk.too_long`; the device's state (`device.disabled` ...).
    pub fn issue(&self, new: &NewPsk, call: &Call) -> Result<IssuedPsk> {
        let inner = self.inner;
        let content = zeroize::Zeroizing::new(new.content());
        let operation = Operation { action: "psk.issue", content: &content };
        inner.change(call, operation, |view| plan(view, new), |number| inner.repeated_psk(number))
    }

    /// Issues many pre-shared keys, with a result per item in their order.
    ///
    /// # Errors
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    pub fn issue_many(&self, new: &[NewPsk], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<IssuedPsk>>> {
        let inner = self.inner;
        let many = Many {
            action: "psk.issue",
            content: &NewPsk::content,
            plan: &|view, new| plan(view, new),
            replay: &|number| inner.repeated_psk(number),
        };
        inner.change_many(call, new, bulk, &many)
    }
}

fn plan(view: &View<'_>, new: &NewPsk) -> Result<Plan<'static, IssuedPsk>> {
    let device = view.get::<Device, _>(new.device)?;
    device.check_valid()?;
    let earlier = match new.identity_kind {
        IdentityKind::Device => view.find::<Psk>(view.number_of(device.id)?)?,
        _ => None,
    };
    let (mut writes, issued) = view.new_psk(new, &device, earlier)?;
    let subject = Entity::Device(device.id);
    writes.push(view.event("psk.issue", subject, Some(Entity::Psk(issued.psk.id)), None)?);
    writes.push(view.require(&device)?);
    writes.push(view.gains(device.id)?);
    Ok(Plan::done(view.registry.issue_number(&issued.psk)?, writes, issued))
}

impl View<'_> {
    /// A new key of a device and its writes, but for the event and what is required of the device. Under the device's ID there
    /// may be an `earlier` one.
    pub(in crate::registry) fn new_psk(
        &self,
        new: &NewPsk,
        device: &Device,
        earlier: Option<Stored<Psk>>,
    ) -> Result<(Vec<Write>, IssuedPsk)> {
        let inner = self.registry;
        let number = match new.identity_kind {
            IdentityKind::Device => self.number_of(device.id)?,
            _ => BEYOND_DEVICES | self.number::<Psk>()?,
        };
        if earlier.as_ref().is_some_and(|earlier| earlier.state != PskState::Deleted) {
            return Err(PskError::Exists.into());
        }
        let id = inner.ids.id(number);
        // A key that takes the place of a deleted one goes on counting, so that no two of its secrets have one version.
        let version = match &earlier {
            Some(Stored { record, .. }) => self.next_version("PSK", number, record.version, record.issued)?,
            None if number < BEYOND_DEVICES => self.first_version(device)?,
            None => 1,
        };
        let mut writes = Vec::new();
        let identity = match (new.identity_kind, &new.identity) {
            (IdentityKind::Device, None) => device.id.to_string(),
            (IdentityKind::Unlinkable, None) => inner.ids.identity(number, version),
            (IdentityKind::Chosen, Some(identity)) => {
                check_chosen(identity)?;
                let tag = inner.identity_tag(identity);
                if self.bound(tag)?.is_some() {
                    return Err(PskError::IdentityTaken.into());
                }
                writes.push(self.bind(tag, Owner::Psk(id))?);
                identity.clone()
            }
            (IdentityKind::Chosen, None) => {
                return Err(Error::input("identity", "is missing; name the one you choose"));
            }
            _ => return Err(Error::input("identity", "is given with a kind that makes its own; leave it out")),
        };
        let secret = self.psk_secret(new.kind, &new.policy, new.secret.as_ref())?;
        let mut psk = Psk {
            id,
            device: device.id,
            group: device.group,
            identity,
            identity_kind: new.identity_kind,
            kind: new.kind,
            state: PskState::Active,
            version,
            issued: self.now,
            renew_days: new.renew_days,
            renew_at: new.renew_days.map(|days| check_days(days).map(|days| self.now.plus_days(days))).transpose()?,
            previous_identity: None,
            previous_until: None,
            failures: 0,
            blocked_until: None,
            campaign: None,
            secret: None,
            previous_secret: None,
            tag: None,
            previous_tag: None,
        };
        inner.keep_secret(&mut psk, secret.expose())?;
        writes.push(match earlier {
            None => self.insert(&psk)?,
            Some(earlier) => self.update(earlier.version, &psk)?,
        });
        Ok((writes, IssuedPsk { psk, secret: Some(secret) }))
    }

    /// The secret that was brought, if it is long enough, or one that is made under the policy. What is readable here is
    /// for TLS and for wrapping, where guesses need no server and so must be harder.
    pub(super) fn psk_secret(
        &self,
        kind: PskKind,
        policy: &PskPolicy,
        brought: Option<&Secret<Vec<u8>>>,
    ) -> Result<Secret<Vec<u8>>> {
        let (bits, limit) = match kind {
            PskKind::Readable => (MIN_TLS_BITS, MAX_TLS_LEN),
            PskKind::VerifyOnly => (MIN_BITS, MAX_LEN),
        };
        let Some(secret) = brought else {
            match kind {
                PskKind::Readable => policy.check_for_tls()?,
                PskKind::VerifyOnly => policy.check()?,
            }
            return self.secret(format!("{policy:?}"), |random| generate_secret(policy, random));
        };
        let (length, limit) = (secret.expose().len(), usize::from(limit));
        let needed = bits.div_ceil(8).try_into().unwrap_or(usize::MAX);
        if length < needed {
            Err(PskError::TooShort { needed }.into())
        } else if length > limit {
            Err(PskError::TooLong { limit }.into())
        } else {
            Ok(secret.clone())
        }
    }
}

/// 32 random octets.
pub(super) fn raw_policy() -> PskPolicy {
    PskPolicy { length: 32, raw: true, ..PskPolicy::default() }
}

/// Days until a key is due.
fn check_days(days: u32) -> Result<i64> {
    if (1..=36_525).contains(&days) {
        Ok(days.into())
    } else {
        Err(Error::input("renew_days", "is not within 1 to 36525"))
    }
}

/// That an identity may be chosen: it is none that this registry gave, or would give, to somebody.
fn check_chosen(identity: &str) -> Result<()> {
    check_psk_identity(identity)?;
    if is_made_here(identity) { Err(PskError::IdentityTaken.into()) } else { Ok(()) }
}

//! Keys get new secrets; for a grace period the one before counts too.

use std::fmt;

use super::issue::raw_policy;
use super::secret::Place;
use super::{IssuedPsk, Psks};
use crate::Result;
use crate::error::PskError;
use crate::id::PskId;
use crate::model::{Device, Entity, IdentityKind, Psk};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Bulk, Call};
use crate::secret::Secret;
use crate::symmetric::PskPolicy;

/// The longest grace period, in days.
const MAX_GRACE: u32 = 3_653;

/// How a key gets its new secret.
#[derive(Clone, Default)]
pub struct RotatePsk {
    /// For how many days the secret before is accepted too, 0 to 3,653. With 0 it ends now.
    pub grace_days: u32,
    /// What the new secret is like. By default a password, but 32 random octets in place of a readable secret that is no text.
    pub policy: Option<PskPolicy>,
    /// A secret that exists already, in place of one that is made here.
    pub secret: Option<Secret<Vec<u8>>>,
}

impl RotatePsk {
    /// With a grace period.
    pub fn with_grace(days: u32) -> Self {
        Self { grace_days: days, ..Self::default() }
    }

    fn content(&self, id: PskId) -> Vec<u8> {
        let mut content = format!("{id} {} {:?} ", self.grace_days, self.policy).into_bytes();
        content.extend_from_slice(self.secret.as_ref().map_or(&[], |secret| secret.expose()));
        content
    }
}

impl fmt::Debug for RotatePsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatePsk").field("grace_days", &self.grace_days).finish_non_exhaustive()
    }
}

impl Psks<'_> {
    /// Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new identity. In the
    /// grace period the secret before counts as well, with the identity that went with it. A disabled device gets none. It is due
    /// again after its own interval, if it has one.
    ///
    /// # Errors
    /// `psk.suspended`, `psk.deleted`; the device's state; `psk.grace`, `psk.policy_*`, `psk.too_short`, `psk.too_long`.
    pub fn rotate(&self, id: PskId, rotate: &RotatePsk, call: &Call) -> Result<IssuedPsk> {
        let inner = self.inner;
        let content = zeroize::Zeroizing::new(rotate.content(id));
        let operation = Operation { action: "psk.rotate", content: &content };
        inner.change(call, operation, |view| plan(view, id, rotate), |number| inner.repeated_psk(number))
    }

    /// Gives many keys new secrets, with a result per item in their order.
    ///
    /// # Errors
    /// As [`issue_many`](Self::issue_many); `input.invalid` when a secret is brought, since no two keys may have the same.
    pub fn rotate_many(
        &self,
        ids: &[PskId],
        rotate: &RotatePsk,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<IssuedPsk>>> {
        let inner = self.inner;
        if rotate.secret.is_some() {
            return Err(crate::Error::input("secret", "is for one key only; rotate each on its own"));
        }
        let many = Many {
            action: "psk.rotate",
            content: &|id: &PskId| rotate.content(*id),
            plan: &|view: &View<'_>, id: &PskId| plan(view, *id, rotate),
            replay: &|number| inner.repeated_psk(number),
        };
        inner.change_many(call, ids, bulk, &many)
    }
}

impl View<'_> {
    /// A key's rotation, as [`rotate`](Psks::rotate) does it.
    pub(in crate::registry) fn plan_psk_rotation(
        &self,
        id: PskId,
        rotate: &RotatePsk,
    ) -> Result<Plan<'static, IssuedPsk>> {
        plan(self, id, rotate)
    }
}

fn plan(view: &View<'_>, id: PskId, rotate: &RotatePsk) -> Result<Plan<'static, IssuedPsk>> {
    let inner = view.registry;
    if rotate.grace_days > MAX_GRACE {
        return Err(PskError::Grace { limit: MAX_GRACE.into() }.into());
    }
    let stored = view.get::<Psk, _>(id)?;
    stored.check_active()?;
    let device = view.get::<Device, _>(stored.device)?;
    device.check_valid()?;
    let mut psk = stored.record.clone();
    let policy = match &rotate.policy {
        Some(policy) => policy.clone(),
        None if is_text(inner.kept_secret(&psk, Place::Current)?.as_ref()) => PskPolicy::default(),
        None => raw_policy(),
    };
    let secret = view.psk_secret(psk.kind, &policy, rotate.secret.as_ref())?;
    psk.forget_previous();
    let version = view.next_version("PSK", view.number_of(id)?, psk.version, psk.issued)?;
    let identity = std::mem::take(&mut psk.identity);
    psk.identity = match psk.identity_kind {
        IdentityKind::Unlinkable => inner.ids.identity(view.number_of(id)?, version),
        _ => identity.clone(),
    };
    if rotate.grace_days > 0 {
        inner.age_secret(&mut psk)?;
        psk.previous_until = Some(view.now.plus_days(rotate.grace_days.into()));
        psk.previous_identity = (identity != psk.identity).then_some(identity);
    }
    inner.keep_secret(&mut psk, secret.expose())?;
    psk.version = version;
    psk.renew_at = psk.renew_days.map(|days| view.now.plus_days(days.into()));
    psk.issued = view.now;
    (psk.failures, psk.blocked_until, psk.campaign) = (0, None, None);
    let subject = Entity::Device(device.id);
    let writes = vec![
        view.update(stored.version, &psk)?,
        view.require(&device)?,
        view.event("psk.rotate", subject, Some(Entity::Psk(id)), None)?,
    ];
    Ok(Plan::done(inner.issue_number(&psk)?, writes, IssuedPsk { psk, secret: Some(secret) }))
}

/// Whether a secret is a password; one that cannot be read is.
fn is_text(secret: Option<&Secret<Vec<u8>>>) -> bool {
    secret.is_none_or(|secret| IssuedPsk::password_in(secret.expose()).is_some())
}

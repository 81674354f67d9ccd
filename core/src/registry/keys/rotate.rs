//! A key gets its next version.

use std::fmt;

use super::Keys;
use super::value::Place;
use crate::Result;
use crate::error::{Error, KeyError};
use crate::id::{CampaignId, KeyId};
use crate::model::{Device, EndedVersion, KeyOwner, KeyState, SymmetricKey};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Bulk, Call, Inner};
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::Stored;
use crate::symmetric::SymmetricAlgorithm;

/// The longest grace period, in days.
const LONGEST_GRACE: u32 = 36_525;

/// How a key is rotated.
#[derive(Clone, Default)]
pub struct RotateKey {
    /// How many days the version before is kept, at most 36,525. By default it is destroyed at once.
    pub grace_days: u32,
    /// Another algorithm from now on, such as a stronger one; by default the key keeps its own.
    pub algorithm: Option<SymmetricAlgorithm>,
    /// A value that exists already, in place of one that is made here.
    pub value: Option<Secret<Vec<u8>>>,
}

impl RotateKey {
    /// With the version before kept for `days` days.
    pub fn with_grace(days: u32) -> Self {
        Self { grace_days: days, ..Self::default() }
    }

    /// With another algorithm.
    #[must_use]
    pub const fn to(mut self, algorithm: SymmetricAlgorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// With a value that exists already.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Secret<Vec<u8>>>) -> Self {
        self.value = Some(value.into());
        self
    }

    fn content(&self, inner: &Inner, id: KeyId) -> Vec<u8> {
        let Self { grace_days, algorithm, value } = self;
        let mut content = format!("{id} {grace_days} {algorithm:?} ").into_bytes();
        content.extend(inner.value_tag(value.as_ref()));
        content
    }
}

impl fmt::Debug for RotateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotateKey")
            .field("grace_days", &self.grace_days)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Keys<'_> {
    /// Gives a key its next version (NEC-11). The version before is kept for the grace period, if there is one; whatever was
    /// kept from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old
    /// values are destroyed at once, whatever the grace period (NEC-63).
    ///
    /// # Errors
    /// `key.suspended`, `key.destroyed`; `key.size`, `key.grace`; the state of the device that owns it
    /// (`device.disabled` ...); `input.invalid` for the value that it has already; `input.unknown_id`.
    pub fn rotate(&self, id: KeyId, rotate: &RotateKey, call: &Call) -> Result<SymmetricKey> {
        let content = rotate.content(self.inner, id);
        let operation = Operation { action: "key.rotate", content: &content };
        self.inner.change(call, operation, |view| view.plan_rotation(id, rotate), |number| self.replay(number))
    }

    /// Gives many keys their next versions, with a result per item in their order.
    ///
    /// # Errors
    /// `input.invalid` when `rotate` brings a value, since keys do not share one, and for the call itself; store errors
    /// when everything or nothing was asked for.
    pub fn rotate_many(
        &self,
        ids: &[KeyId],
        rotate: &RotateKey,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<SymmetricKey>>> {
        if rotate.value.is_some() {
            return Err(Error::input("value", "is given for many keys; rotate them one by one"));
        }
        let inner = self.inner;
        let many = Many {
            action: "key.rotate",
            content: &|id: &KeyId| rotate.content(inner, *id),
            plan: &|view, id| view.plan_rotation(*id, rotate),
            replay: &|number| self.replay(number),
        };
        inner.change_many(call, ids, bulk, &many)
    }
}

impl View<'_> {
    /// A key's rotation.
    pub(in crate::registry) fn plan_rotation(
        &self,
        id: KeyId,
        rotate: &RotateKey,
    ) -> Result<Plan<'static, SymmetricKey>> {
        let stored = self.get::<SymmetricKey, _>(id)?;
        let (writes, key) = self.rotation(&stored, rotate, None)?;
        Ok(Plan::done(self.number_of(id)?, writes, key))
    }

    /// The writes of a rotation, the event among them, and the key as it is afterwards. A campaign that has it rotated
    /// waits until a device fetches the new version, if one had the old.
    pub(in crate::registry) fn rotation(
        &self,
        stored: &Stored<SymmetricKey>,
        rotate: &RotateKey,
        campaign: Option<CampaignId>,
    ) -> Result<(Vec<Write>, SymmetricKey)> {
        let inner = self.registry;
        stored.check_rotation()?;
        if rotate.grace_days > LONGEST_GRACE {
            return Err(KeyError::Grace { limit: u64::from(LONGEST_GRACE) * 86_400 }.into());
        }
        let mut writes = Vec::new();
        if let (KeyOwner::Device, Some(device)) = (stored.owner, stored.device) {
            // Renewal of what a disabled device holds is refused.
            let device = self.get::<Device, _>(device)?;
            device.check_valid()?;
            writes.push(self.require(&device)?);
        }
        let algorithm = rotate.algorithm.unwrap_or(stored.algorithm);
        let value = self.key_value(algorithm, rotate.value.as_ref())?;
        let compromised = stored.state == KeyState::Compromised;
        let keep = rotate.grace_days > 0 && !compromised;
        let mut key = stored.record.clone();
        key.forget_previous();
        if keep || rotate.value.is_some() {
            let old = inner.open_key(&stored.record, Place::Current)?;
            if let Some(old) = old {
                if old.matches(value.expose()) {
                    return Err(Error::input("value", "is the one that the key has already"));
                }
                if keep {
                    let version = stored.record.version;
                    key.previous = Some(inner.seal_key(&key, Place::Previous, version, &old)?);
                    key.previous_version = Some(version);
                    key.previous_until = Some(self.now.plus_days(rotate.grace_days.into()));
                }
            }
        }
        let (number, version) = (self.number_of(stored.id)?, stored.record.version);
        key.version = self.next_version("key", number, version, stored.record.issued)?;
        (key.algorithm, key.state, key.issued, key.campaign) = (algorithm, KeyState::Active, self.now, None);
        key.value = Some(inner.seal_key(&key, Place::Current, key.version, &value)?);
        let (days, unchanged) = self.group_interval(&key)?;
        key = key.scheduled(days);
        key.campaign = campaign.filter(|_| key.delivered.is_some());
        writes.push(self.update(stored.version, &key)?);
        writes.extend(unchanged);
        writes.push(self.ended(&stored.record)?);
        writes.push(self.key_event("key.rotate", &key, Some(format!("version {}", key.version)))?);
        Ok((writes, key))
    }

    /// That the current version of a key, as it is recorded in `key`, is current no more.
    pub(super) fn ended(&self, key: &SymmetricKey) -> Result<Write> {
        self.insert(&EndedVersion {
            key: self.number::<EndedVersion>()?,
            of: key.id,
            version: key.version,
            algorithm: key.algorithm,
            issued: key.issued,
            ended: self.now,
            compromised: key.state == KeyState::Compromised,
        })
    }
}

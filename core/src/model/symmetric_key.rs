//! A symmetric key and its versions: Current, then Previous for a grace period, then destroyed.

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::KeyError;
use crate::id::{CampaignId, DeviceId, GroupId, KeyId};
use crate::secret::Sealed;
use crate::symmetric::SymmetricAlgorithm;

stored_enum! {
    /// Where a symmetric key stands.
    KeyState {
        /// It may be used.
        Active = 1 "active",
        /// It may not be used for now.
        Suspended = 2 "suspended",
        /// It must not be trusted any more: its values can be asked for by their version, to read old data, until it is
        /// rotated or destroyed.
        Compromised = 3 "compromised",
        /// Gone: all values are erased, only the record remains.
        Destroyed = 4 "destroyed",
    }
}

stored_enum! {
    /// What kind of owner a symmetric key has.
    KeyOwner {
        /// One device.
        Device = 1 "device",
        /// Several devices, each added by name (NEC-64).
        Shared = 2 "shared",
        /// A group: whoever is a member.
        Group = 3 "group",
    }
}

stored_enum! {
    /// Where one version of a symmetric key stands.
    VersionState {
        /// The one to use.
        Current = 1 "current",
        /// The one before: still good for reading until its grace period ends.
        Previous = 2 "previous",
        /// Erased.
        Destroyed = 3 "destroyed",
        /// Not to be trusted.
        Compromised = 4 "compromised",
    }
}

/// A symmetric key (NEC-9), without its values.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SymmetricKey {
    /// Names the key through all its versions.
    pub id: KeyId,
    /// What kind of owner it has.
    pub owner: KeyOwner,
    /// The device that owns it, or the first of several.
    pub device: Option<DeviceId>,
    /// The group that owns it, or the group of the device that owns it; `None` when several devices share it.
    pub group: Option<GroupId>,
    /// How many devices share it, when each was added by name.
    pub holders: u32,
    /// Tells the keys of one owner apart; another thing than the version.
    pub number: u32,
    /// Of what kind its current value is.
    pub algorithm: SymmetricAlgorithm,
    /// Its state.
    pub state: KeyState,
    /// The current version: 1 at first, one more at each rotation (NEC-11).
    pub version: u32,
    /// When the current version was made.
    pub issued: Timestamp,
    /// After how many days it is due to be rotated; `None` follows the group's interval.
    pub renew_days: Option<u32>,
    /// When it is due to be rotated.
    pub renew_at: Option<Timestamp>,
    /// The version before, while its value is kept.
    pub previous_version: Option<u32>,
    /// Until when the version before is kept.
    pub previous_until: Option<Timestamp>,
    /// The newest version that was handed out to a device.
    pub delivered: Option<u32>,
    /// The campaign that asks for its rotation.
    pub campaign: Option<CampaignId>,
    /// The sealed current value.
    pub(crate) value: Option<Sealed>,
    /// The sealed value before.
    pub(crate) previous: Option<Sealed>,
}

/// One version of a symmetric key, as far as it is remembered: all of them, without their values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyVersion {
    /// Which version.
    pub version: u32,
    /// Of what kind its value is or was.
    pub algorithm: SymmetricAlgorithm,
    /// Where it stands.
    pub state: VersionState,
    /// When it was made.
    pub issued: Timestamp,
    /// When it stopped being the current one.
    pub ended: Option<Timestamp>,
    /// Until when its value is kept, while it is the version before the current one.
    pub kept_until: Option<Timestamp>,
}

/// The stored record of a version that is not the current one any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedVersion {
    /// The row's key.
    pub key: u64,
    /// Of which key it was a version.
    pub of: KeyId,
    /// Which version.
    pub version: u32,
    /// Of what kind its value was.
    pub algorithm: SymmetricAlgorithm,
    /// When it was made.
    pub issued: Timestamp,
    /// When it stopped being the current one.
    pub ended: Timestamp,
    /// Whether the key was marked as compromised while this was its current version.
    pub compromised: bool,
}

/// That a device, or whoever is in a group, holds a symmetric key that is not one device's own (NEC-64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyShare {
    /// The row's key.
    pub key: u64,
    /// Which key.
    pub of: KeyId,
    /// Who holds it, if it is a device.
    pub device: Option<DeviceId>,
    /// Whose members hold it, if it is a group.
    pub group: Option<GroupId>,
    /// Since when.
    pub since: Timestamp,
}

impl SymmetricKey {
    /// Whether it may be used.
    ///
    /// # Errors
    /// `key.suspended`, `key.compromised` or `key.destroyed`.
    pub const fn check_active(&self) -> Result<(), KeyError> {
        match self.state {
            KeyState::Active => Ok(()),
            KeyState::Suspended => Err(KeyError::Suspended),
            KeyState::Compromised => Err(KeyError::Compromised),
            KeyState::Destroyed => Err(KeyError::Destroyed),
        }
    }

    /// Whether the version before is still kept.
    pub fn in_grace(&self, now: Timestamp) -> bool {
        self.previous_until.is_some_and(|until| now < until)
    }

    /// Out of use for now.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn suspended(mut self) -> Result<Self, KeyError> {
        match self.check_active() {
            Ok(()) => {
                self.state = KeyState::Suspended;
                Ok(self)
            }
            Err(KeyError::Suspended) => Err(KeyError::AlreadySuspended),
            Err(other) => Err(other),
        }
    }

    /// In use again.
    ///
    /// # Errors
    /// Unless it is suspended.
    pub fn resumed(mut self) -> Result<Self, KeyError> {
        match self.check_active() {
            Err(KeyError::Suspended) => {
                self.state = KeyState::Active;
                Ok(self)
            }
            Ok(()) => Err(KeyError::NotSuspended),
            Err(other) => Err(other),
        }
    }

    /// Somebody else may know its values: it is due at once, and only a rotation brings it back (NEC-63).
    ///
    /// # Errors
    /// When it is compromised or destroyed already.
    pub fn compromised(mut self, now: Timestamp) -> Result<Self, KeyError> {
        match self.state {
            KeyState::Active | KeyState::Suspended => {
                self.state = KeyState::Compromised;
                self.renew_at = Some(self.renew_at.map_or(now, |at| at.min(now)));
                Ok(self)
            }
            KeyState::Compromised => Err(KeyError::Compromised),
            KeyState::Destroyed => Err(KeyError::Destroyed),
        }
    }

    /// Whether it may get another value: what is compromised may, since that is what puts things right.
    ///
    /// # Errors
    /// `key.suspended` or `key.destroyed`.
    pub fn check_rotation(&self) -> Result<(), KeyError> {
        match self.check_active() {
            Ok(()) | Err(KeyError::Compromised) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Gone: its values are erased with the next write of its row (NEC-12).
    ///
    /// # Errors
    /// `key.destroyed` when it is gone already.
    pub fn destroyed(mut self) -> Result<Self, KeyError> {
        if self.state == KeyState::Destroyed {
            return Err(KeyError::Destroyed);
        }
        self.state = KeyState::Destroyed;
        self.value = None;
        self.forget_previous();
        (self.renew_at, self.campaign) = (None, None);
        Ok(self)
    }

    /// Ends the grace period: the version before is erased with the next write of the row.
    pub fn forget_previous(&mut self) {
        (self.previous, self.previous_version, self.previous_until) = (None, None, None);
    }

    /// Ends the grace period if it is over.
    pub fn forget_ended(&mut self, now: Timestamp) {
        if !self.in_grace(now) {
            self.forget_previous();
        }
    }

    /// The same key, due as its own interval says, else after `group_days` days, else never. What a campaign or a
    /// compromise made due stays so.
    #[must_use]
    pub fn scheduled(mut self, group_days: Option<u32>) -> Self {
        let free = matches!(self.state, KeyState::Active | KeyState::Suspended) && self.campaign.is_none();
        if free {
            self.renew_at = self.renew_days.or(group_days).map(|days| due(self.id, self.issued, days));
        }
        self
    }
}

/// When a key made at `issued` is due for an interval of `days`: up to a tenth of it earlier, by a share that the key's
/// identifier decides, so that keys which were made together do not come back together.
fn due(id: KeyId, issued: Timestamp, days: u32) -> Timestamp {
    let interval = i64::from(days) * 86_400;
    let bits = id.as_bytes().last_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let spread = (i128::from(interval / 10) * i128::from(bits)) >> 32;
    issued.plus(interval - i64::try_from(spread).unwrap_or(0))
}

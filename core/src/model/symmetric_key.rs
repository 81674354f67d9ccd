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
        /// It must not be trusted any more: values are kept for reading old data until it is destroyed.
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
    /// The group that owns it, or the device's group.
    pub group: Option<GroupId>,
    /// How many devices share it, when each was added by name.
    pub holders: u32,
    /// Tells the keys of one owner apart; another thing than the version.
    pub number: u32,
    /// Of what kind its values are.
    pub algorithm: SymmetricAlgorithm,
    /// Its state.
    pub state: KeyState,
    /// The current version: 1 at first, one more at each rotation (NEC-11).
    pub version: u32,
    /// When the current version was made.
    pub issued: Timestamp,
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

    /// Gone: its values are erased with the next write of its row (NEC-12).
    ///
    /// # Errors
    /// `key.destroyed` when it is gone already.
    pub fn destroyed(mut self) -> Result<Self, KeyError> {
        if self.state == KeyState::Destroyed {
            return Err(KeyError::Destroyed);
        }
        self.state = KeyState::Destroyed;
        (self.value, self.previous, self.previous_version, self.previous_until) = (None, None, None, None);
        (self.renew_at, self.campaign) = (None, None);
        Ok(self)
    }
}

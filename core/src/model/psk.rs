//! A pre-shared key: an identity and a secret that a device and the registry share.

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::PskError;
use crate::id::{CampaignId, DeviceId, GroupId, PskId};
use crate::secret::Sealed;

stored_enum! {
    /// Whether the secret can be read again.
    PskKind {
        /// Sealed, so that it can be read: TLS-PSK servers and key wrapping need it. Reads leave an event.
        Readable = 1 "readable",
        /// Only a keyed tag is kept: the secret can be checked and never read (a device's password).
        VerifyOnly = 2 "verify-only",
    }
}

stored_enum! {
    /// Where a pre-shared key stands.
    PskState {
        /// It counts.
        Active = 1 "active",
        /// It does not count for now.
        Suspended = 2 "suspended",
        /// Gone: secret and tag are erased, only the record remains.
        Deleted = 3 "deleted",
    }
}

stored_enum! {
    /// Where an identity comes from.
    IdentityKind {
        /// It is the device's ID: each device has at most one such key.
        Device = 1 "device",
        /// Made here and another one at each rotation, so that who listens cannot link them: identities travel in clear.
        Unlinkable = 2 "unlinkable",
        /// Chosen by the host; unique while the key is not deleted.
        Chosen = 3 "chosen",
    }
}

/// A pre-shared key (NEC-1), without its secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Psk {
    /// Names the key through all its rotations.
    pub id: PskId,
    /// Whose it is.
    pub device: DeviceId,
    /// The device's group.
    pub group: Option<GroupId>,
    /// What the device calls itself when it shows the secret.
    pub identity: String,
    /// Where the identity comes from.
    pub identity_kind: IdentityKind,
    /// Whether the secret can be read again.
    pub kind: PskKind,
    /// Its state.
    pub state: PskState,
    /// 1 at first, one more at each rotation.
    pub version: u32,
    /// When the current secret was made.
    pub issued: Timestamp,
    /// After how many days each secret is due to be rotated.
    pub renew_days: Option<u32>,
    /// When it is due to be rotated.
    pub renew_at: Option<Timestamp>,
    /// The identity before the last rotation, while it is still accepted and differs.
    pub previous_identity: Option<String>,
    /// Until when the secret before the last rotation is accepted.
    pub previous_until: Option<Timestamp>,
    /// How often in a row a wrong secret came, as far as it was kept (see the back-off of `authenticate`).
    pub failures: u32,
    /// No secret is looked at before this moment, since too many wrong ones came.
    pub blocked_until: Option<Timestamp>,
    /// The campaign that asks for its rotation.
    pub campaign: Option<CampaignId>,
    /// The sealed secret of a readable key.
    pub(crate) secret: Option<Sealed>,
    /// The one before.
    pub(crate) previous_secret: Option<Sealed>,
    /// The keyed tag of the secret, by which it is checked.
    pub(crate) tag: Option<Vec<u8>>,
    /// The one before.
    pub(crate) previous_tag: Option<Vec<u8>>,
}

impl Psk {
    /// Whether it counts now.
    ///
    /// # Errors
    /// `psk.suspended` or `psk.deleted`.
    pub const fn check_active(&self) -> Result<(), PskError> {
        match self.state {
            PskState::Active => Ok(()),
            PskState::Suspended => Err(PskError::Suspended),
            PskState::Deleted => Err(PskError::Deleted),
        }
    }

    /// Whether the secret before the last rotation is still accepted.
    pub fn in_grace(&self, now: Timestamp) -> bool {
        self.previous_until.is_some_and(|until| now < until)
    }

    /// Out of force for now.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn suspended(mut self) -> Result<Self, PskError> {
        match self.check_active() {
            Ok(()) => {
                self.state = PskState::Suspended;
                Ok(self)
            }
            Err(PskError::Suspended) => Err(PskError::AlreadySuspended),
            Err(other) => Err(other),
        }
    }

    /// In force again.
    ///
    /// # Errors
    /// Unless it is suspended.
    pub fn resumed(mut self) -> Result<Self, PskError> {
        match self.check_active() {
            Err(PskError::Suspended) => {
                self.state = PskState::Active;
                Ok(self)
            }
            Ok(()) => Err(PskError::NotSuspended),
            Err(other) => Err(other),
        }
    }

    /// Gone: what was secret is erased with the next write of its row (NEC-4).
    ///
    /// # Errors
    /// `psk.deleted` when it is gone already.
    pub fn deleted(mut self) -> Result<Self, PskError> {
        if self.state == PskState::Deleted {
            return Err(PskError::Deleted);
        }
        self.state = PskState::Deleted;
        self.forget_previous();
        (self.secret, self.tag, self.renew_at, self.campaign) = (None, None, None, None);
        (self.failures, self.blocked_until) = (0, None);
        Ok(self)
    }

    /// Ends the grace period if it is over.
    pub fn forget_ended(&mut self, now: Timestamp) {
        if !self.in_grace(now) {
            self.forget_previous();
        }
    }

    /// Ends the grace period: what was before the last rotation is erased with the next write of its row.
    pub fn forget_previous(&mut self) {
        (self.previous_identity, self.previous_until) = (None, None);
        (self.previous_secret, self.previous_tag) = (None, None);
    }
}

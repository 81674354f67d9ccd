//! A client of the host's API: a program or person that shows a licence key, a name and a password (NEC-39).

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::ClientError;
use crate::id::ClientId;

stored_enum! {
    /// Where a client stands.
    ClientState {
        /// It is let in.
        Active = 1 "active",
        /// It is not let in for now.
        Suspended = 2 "suspended",
        /// Gone: licence key and password are erased, only the record remains.
        Deleted = 3 "deleted",
    }
}

/// A client, without its licence key and password, of which only keyed tags are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// Names it.
    pub id: ClientId,
    /// What it calls itself. A deleted client's name ends in `~` and its ID, so that another one can have it.
    pub name: String,
    /// Its state.
    pub state: ClientState,
    /// How often in a row a wrong name or password came with its licence key, as far as it was kept.
    pub failures: u32,
    /// No password is looked at before this moment, since too many wrong ones came.
    pub blocked_until: Option<Timestamp>,
    /// When it was registered.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The keyed tag of its licence key.
    pub(crate) licence: Option<Vec<u8>>,
    /// The keyed tag of its password.
    pub(crate) password: Option<Vec<u8>>,
}

impl Client {
    /// Whether it is let in.
    ///
    /// # Errors
    /// `client.suspended` or `client.deleted`.
    pub const fn check_active(&self) -> Result<(), ClientError> {
        match self.state {
            ClientState::Active => Ok(()),
            ClientState::Suspended => Err(ClientError::Suspended),
            ClientState::Deleted => Err(ClientError::Deleted),
        }
    }

    /// Not deleted.
    ///
    /// # Errors
    /// `client.deleted`.
    pub const fn check_living(&self) -> Result<(), ClientError> {
        match self.state {
            ClientState::Deleted => Err(ClientError::Deleted),
            _ => Ok(()),
        }
    }

    /// Not let in for now.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn suspended(mut self, now: Timestamp) -> Result<Self, ClientError> {
        match self.check_active() {
            Ok(()) => (self.state, self.updated) = (ClientState::Suspended, now),
            Err(ClientError::Suspended) => return Err(ClientError::AlreadySuspended),
            Err(other) => return Err(other),
        }
        Ok(self)
    }

    /// Let in again.
    ///
    /// # Errors
    /// Unless it is suspended.
    pub fn resumed(mut self, now: Timestamp) -> Result<Self, ClientError> {
        match self.check_active() {
            Err(ClientError::Suspended) => (self.state, self.updated) = (ClientState::Active, now),
            Ok(()) => return Err(ClientError::NotSuspended),
            Err(other) => return Err(other),
        }
        Ok(self)
    }

    /// Gone for good; its name is free again.
    ///
    /// # Errors
    /// `client.deleted` when it is gone already.
    pub fn deleted(mut self, now: Timestamp) -> Result<Self, ClientError> {
        self.check_living()?;
        (self.state, self.updated) = (ClientState::Deleted, now);
        (self.licence, self.password, self.failures, self.blocked_until) = (None, None, 0, None);
        self.name = format!("{}~{}", self.name, self.id);
        Ok(self)
    }
}

//! A certificate's record and the states of its life.

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::CertificateError;
use crate::id::{AuthorityId, CampaignId, CertificateId, DeviceId, GroupId, ProductId, ProfileId};
use crate::key::KeyAlgorithm;
use crate::x509::RevocationReason;

stored_enum! {
    /// What a certificate is for, as far as the registry is concerned.
    CertificateKind {
        /// Shared by all units of a product, to bootstrap (a product credential).
        Product = 1 "product",
        /// A device's own.
        Device = 2 "device",
        /// Anything else: a server, a user, a service.
        Other = 3 "other",
    }
}

stored_enum! {
    /// The stored part of a certificate's state. What the clock adds is in [`Standing`].
    CertificateState {
        /// Requested, not issued yet (NAV-5).
        Pending = 1 "pending",
        /// Issued and in force.
        Active = 2 "active",
        /// Out of force for now (NAV-11).
        Suspended = 3 "suspended",
        /// Out of force for good.
        Revoked = 4 "revoked",
        /// Requested, but denied.
        Denied = 5 "denied",
    }
}

stored_enum! {
    /// Who suspended a certificate, since only they lift it.
    SuspendCause {
        /// An operator, through `certificates.suspend`.
        Operator = 1 "operator",
        /// The disabling of its device.
        Device = 2 "device",
    }
}

stored_enum! {
    /// Where the certificate's private key was made.
    KeyOrigin {
        /// Where the CSR was made; it never was here.
        Requester = 1 "requester",
        /// Here, and handed out once.
        Server = 2 "server",
    }
}

/// How a certificate stands at a given moment: its state and the clock together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// Requested, not issued yet.
    Pending,
    /// Requested, but denied.
    Denied,
    /// notBefore lies ahead.
    NotYetValid,
    /// In force.
    Active,
    /// Out of force for now.
    Suspended,
    /// Replaced, and its grace period is over.
    Superseded,
    /// Revoked.
    Revoked,
    /// notAfter has passed.
    Expired,
}

impl Standing {
    /// How a certificate of this record stands at `now`: [`Certificate::standing`] for hosts that hold the record in
    /// another form.
    pub fn of(
        state: CertificateState,
        reason: Option<RevocationReason>,
        [not_before, not_after]: [Timestamp; 2],
        retires: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        match state {
            CertificateState::Pending => Self::Pending,
            CertificateState::Denied => Self::Denied,
            CertificateState::Revoked if reason == Some(RevocationReason::Superseded) => Self::Superseded,
            CertificateState::Revoked => Self::Revoked,
            // Expiry ends a suspension.
            _ if now > not_after => Self::Expired,
            _ if retires.is_some_and(|retires| now >= retires) => Self::Superseded,
            CertificateState::Suspended => Self::Suspended,
            CertificateState::Active if now < not_before => Self::NotYetValid,
            CertificateState::Active => Self::Active,
        }
    }
}

/// A certificate's record. The DER is kept apart, see [`Document`](super::Document).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// Names the certificate, from its request on.
    pub id: CertificateId,
    /// The serial number's octets; empty while pending.
    pub serial: Vec<u8>,
    /// Who issues it.
    pub authority: AuthorityId,
    /// Under which profile.
    pub profile: ProfileId,
    /// What it is for.
    pub kind: CertificateKind,
    /// Its state, but for what the clock adds.
    pub state: CertificateState,
    /// The product that it is for: as its credential, or for one of its units.
    pub product: Option<ProductId>,
    /// The product whose credential it is. Apart from `product`, so that a product's few credentials are found without
    /// a look at the certificates of all its devices.
    pub credential_of: Option<ProductId>,
    /// The device it was issued to.
    pub device: Option<DeviceId>,
    /// The group of that device.
    pub group: Option<GroupId>,
    /// How many devices it is attached to.
    pub holders: u32,
    /// The subject's common name, unless it is an opaque one.
    pub name: Option<String>,
    /// When it was issued, or requested while pending.
    pub issued: Timestamp,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// When it should be renewed; `None` when it needs no renewal (any more).
    pub renew_at: Option<Timestamp>,
    /// Which of the owner's keys it certifies: 1 for the first, one more with each new key (NEC-53).
    pub key_number: u32,
    /// Where the private key was made.
    pub key_origin: KeyOrigin,
    /// The certificate that this one renews.
    pub renews: Option<CertificateId>,
    /// The certificate that renews this one.
    pub successor: Option<CertificateId>,
    /// Whether its holder said that it is installed. First certificates need no confirmation.
    pub confirmed: bool,
    /// When it ceases to count because its successor was issued; see the grace period.
    pub retires: Option<Timestamp>,
    /// Who suspended it.
    pub suspended_by: Option<SuspendCause>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// Why.
    pub reason: Option<RevocationReason>,
    /// Whether it was deleted: its record stays until notAfter, but is listed only on request.
    pub deleted: bool,
    /// What kind of key it certifies; `None` in records that the first version of the database wrote.
    pub algorithm: Option<KeyAlgorithm>,
    /// The campaign that asks for its renewal.
    pub campaign: Option<CampaignId>,
    /// The shard of its authority's CRLs that lists it once it is revoked, besides the list of all; `None` for none.
    pub shard: Option<u32>,
}

impl Certificate {
    /// How it stands at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        Standing::of(self.state, self.reason, [self.not_before, self.not_after], self.retires, now)
    }

    /// Whether it is in force at `now`.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_in_force(&self, now: Timestamp) -> Result<(), CertificateError> {
        match self.standing(now) {
            Standing::Active => Ok(()),
            Standing::Pending => Err(CertificateError::Pending),
            Standing::Denied => Err(CertificateError::Denied),
            Standing::NotYetValid => Err(CertificateError::NotYetValid),
            Standing::Suspended => Err(CertificateError::Suspended),
            Standing::Superseded => Err(CertificateError::Superseded),
            Standing::Revoked => Err(CertificateError::Revoked),
            Standing::Expired => Err(CertificateError::Expired),
        }
    }

    /// Whether it can be renewed at `now` on its own authority.
    ///
    /// # Errors
    /// The reason why not: a revoked or expired one never renews by itself.
    pub fn check_renews(&self, now: Timestamp) -> Result<(), CertificateError> {
        match self.standing(now) {
            Standing::Active | Standing::NotYetValid => Ok(()),
            Standing::Revoked => Err(CertificateError::RenewalOfRevoked),
            Standing::Expired => Err(CertificateError::RenewalOfExpired),
            _ => self.check_in_force(now),
        }
    }

    /// Whether it was issued, whatever became of it.
    ///
    /// # Errors
    /// `certificate.pending` or `certificate.denied`.
    pub const fn check_issued(&self) -> Result<(), CertificateError> {
        match self.state {
            CertificateState::Pending => Err(CertificateError::Pending),
            CertificateState::Denied => Err(CertificateError::Denied),
            _ => Ok(()),
        }
    }

    /// Denied instead of issued.
    ///
    /// # Errors
    /// Unless it is pending.
    pub fn denied(mut self) -> Result<Self, CertificateError> {
        if self.state != CertificateState::Pending {
            return Err(CertificateError::NotPending);
        }
        self.state = CertificateState::Denied;
        Ok(self)
    }

    /// Put out of force for now.
    ///
    /// # Errors
    /// Unless it is in force.
    pub fn suspended(mut self, cause: SuspendCause, now: Timestamp) -> Result<Self, CertificateError> {
        match self.standing(now) {
            Standing::Active | Standing::NotYetValid => {
                self.state = CertificateState::Suspended;
                self.suspended_by = Some(cause);
                Ok(self)
            }
            // An operator's hold outranks the device's: enabling the device must not lift it.
            Standing::Suspended
                if cause == SuspendCause::Operator && self.suspended_by == Some(SuspendCause::Device) =>
            {
                self.suspended_by = Some(cause);
                Ok(self)
            }
            _ => Err(self.check_in_force(now).err().unwrap_or(CertificateError::Suspended)),
        }
    }

    /// Back in force.
    ///
    /// # Errors
    /// Unless it is suspended.
    pub fn resumed(mut self, now: Timestamp) -> Result<Self, CertificateError> {
        match self.standing(now) {
            Standing::Suspended => {
                self.state = CertificateState::Active;
                self.suspended_by = None;
                Ok(self)
            }
            Standing::Active | Standing::NotYetValid => Err(CertificateError::NotSuspended),
            _ => self.check_in_force(now).map(|()| self),
        }
    }

    /// Out of force for good. A suspended or expired one can be revoked too; the reason of a revoked one stays, unless its
    /// key turns out to be compromised.
    ///
    /// # Errors
    /// When it is revoked already, or was never issued.
    pub fn revoked(mut self, reason: RevocationReason, now: Timestamp) -> Result<Self, CertificateError> {
        self.check_issued()?;
        let worse = reason == RevocationReason::KeyCompromise && self.reason != Some(reason);
        if self.state == CertificateState::Revoked && !worse {
            return Err(CertificateError::AlreadyRevoked);
        }
        self.state = CertificateState::Revoked;
        self.suspended_by = None;
        self.revoked = self.revoked.or(Some(now));
        self.reason = Some(reason);
        self.renew_at = None;
        self.retires = None;
        Ok(self)
    }

    /// Whether it can be renewed at `now`, given whether its holder showed another proof as well: with one, expiry is
    /// no obstacle; a revocation always is.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_renews_with(&self, other_proof: bool, now: Timestamp) -> Result<(), CertificateError> {
        match self.check_renews(now) {
            Err(CertificateError::RenewalOfExpired) if other_proof => Ok(()),
            verdict => verdict,
        }
    }

    /// Renewed by `successor`: it still counts until that is confirmed or `retires` comes.
    ///
    /// # Errors
    /// Unless it can be renewed; see [`check_renews_with`](Self::check_renews_with).
    pub fn renewed(
        mut self,
        successor: CertificateId,
        retires: Timestamp,
        other_proof: bool,
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        self.check_renews_with(other_proof, now)?;
        self.successor = Some(successor);
        self.retires = Some(retires.min(self.not_after));
        self.renew_at = None;
        Ok(self)
    }

    /// Its successor was withdrawn before it was confirmed: it counts as before.
    #[must_use]
    pub fn without_successor(mut self, renew_at: Timestamp) -> Self {
        self.successor = None;
        self.retires = None;
        self.renew_at = Some(renew_at);
        self
    }

    /// Deleted: only its record remains, listed on request.
    ///
    /// # Errors
    /// When it is deleted already.
    pub fn deleted(mut self) -> Result<Self, CertificateError> {
        if self.deleted {
            return Err(CertificateError::Deleted);
        }
        self.deleted = true;
        self.renew_at = None;
        Ok(self)
    }
}

/// That a certificate is attached to a device, and since when (NAV-9).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assignment {
    /// Its number.
    pub(crate) key: u64,
    /// The certificate.
    pub certificate: CertificateId,
    /// The device.
    pub device: DeviceId,
    /// Since when.
    pub since: Timestamp,
}

/// An entry of an authority's CRL. Apart from the certificates, so that building a CRL scans nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Which certificate.
    pub certificate: CertificateId,
    /// Whose CRL lists it.
    pub authority: AuthorityId,
    /// Its serial number's octets.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Timestamp,
    /// Why; `CertificateHold` for a suspension.
    pub reason: RevocationReason,
    /// Of which authority and shard, as a number; `None` in rows of earlier versions, until a CRL is made.
    pub(crate) scope: Option<u64>,
    /// When the certificate ends.
    pub(crate) not_after: Option<Timestamp>,
    /// Whether a complete CRL listed it, and so no delta needs to; what is final moves into a chunk then.
    pub(crate) listed: Option<bool>,
    /// Whether the certificate was revoked before, for another reason, so that a chunk may list it too.
    pub(crate) again: Option<bool>,
}

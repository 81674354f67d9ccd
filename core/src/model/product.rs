//! A product: what all its units share, and under which conditions they enroll.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::ProductError;
use crate::id::{AuthorityId, DeviceId, ProductId, ProfileId};
use crate::x509::Name;

stored_enum! {
    /// Where a product stands.
    ProductState {
        /// Its units enroll.
        Active = 1 "active",
        /// Its units do not enroll for now.
        Suspended = 2 "suspended",
        /// Its units never enroll again.
        Discontinued = 3 "discontinued",
    }
}

/// Which units may enroll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EnrollmentMode {
    /// Every unit that has the product credential.
    #[default]
    Open,
    /// Only units that were listed before.
    AllowList,
    /// Only units that show a one-time claim code.
    ClaimCode,
}

/// What happens when a known unit comes with another key and does not prove its former one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OtherKey {
    /// Its device is shut out until somebody looked. Safe against a copy that is already in use; but whoever has the
    /// product credential and knows the units' identifiers can shut devices out.
    #[default]
    Quarantine,
    /// The request is refused and noted as an event; the device goes on with the key it has.
    Refuse,
}

/// The conditions under which units enroll. The product credential is in every unit, so whoever extracts it can try:
/// these are the limits of what that gains.
///
/// ```
/// use tegata::model::EnrollmentPolicy;
/// let policy = EnrollmentPolicy { quota: Some(5_000), ..EnrollmentPolicy::default() };
/// assert!(policy.opens.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnrollmentPolicy {
    /// Which units.
    pub mode: EnrollmentMode,
    /// How many units in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// From when on; in a file as RFC 3339 text.
    #[serde(skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub opens: Option<Timestamp>,
    /// Until when; in a file as RFC 3339 text.
    #[serde(skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub closes: Option<Timestamp>,
    /// Whether a unit must say its identifier. An allow-list always needs it.
    pub unit_required: bool,
    /// What happens when a known unit comes with another key.
    pub other_key: OtherKey,
}

/// Optional timestamps as RFC 3339 text.
mod timestamp {
    use crate::env::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|t| t.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

impl EnrollmentPolicy {
    /// Whether the window is open.
    ///
    /// # Errors
    /// `product.window_not_open` or `product.window_closed`.
    pub fn check_window(&self, now: Timestamp) -> Result<(), ProductError> {
        if self.opens.is_some_and(|opens| now < opens) {
            return Err(ProductError::WindowNotOpen);
        }
        if self.closes.is_some_and(|closes| now >= closes) {
            return Err(ProductError::WindowClosed);
        }
        Ok(())
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Product {
    /// Names the product.
    pub id: ProductId,
    /// The name that operators use; unique.
    pub name: String,
    /// Its state.
    pub state: ProductState,
    /// The authority that issues for it; after a rebuild its newest generation does.
    pub authority: AuthorityId,
    /// The profile of the product credential.
    pub credential_profile: ProfileId,
    /// The profile of its devices' certificates.
    pub device_profile: ProfileId,
    /// The subject of its credentials (PAP-8).
    pub subject: Option<Name>,
    /// The conditions of enrollment.
    pub policy: EnrollmentPolicy,
    /// What is known of it: manufacturer, model, version ...
    pub information: BTreeMap<String, String>,
    /// When it was registered.
    pub created: Timestamp,
    /// When its record last changed.
    pub updated: Timestamp,
}

impl Product {
    /// Whether its units may enroll now, as far as the product itself decides.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_enrolls(&self, now: Timestamp) -> Result<(), ProductError> {
        self.check_active()?;
        self.policy.check_window(now)
    }

    /// Whether it is active.
    ///
    /// # Errors
    /// `product.suspended` or `product.discontinued`.
    pub const fn check_active(&self) -> Result<(), ProductError> {
        match self.state {
            ProductState::Active => Ok(()),
            ProductState::Suspended => Err(ProductError::Suspended),
            ProductState::Discontinued => Err(ProductError::Discontinued),
        }
    }

    fn moved(mut self, state: ProductState, now: Timestamp) -> Self {
        self.state = state;
        self.updated = now;
        self
    }

    /// Taking no units for now.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn suspended(self, now: Timestamp) -> Result<Self, ProductError> {
        self.check_active()?;
        Ok(self.moved(ProductState::Suspended, now))
    }

    /// Taking units again.
    ///
    /// # Errors
    /// Unless it is suspended.
    pub fn resumed(self, now: Timestamp) -> Result<Self, ProductError> {
        match self.state {
            ProductState::Suspended => Ok(self.moved(ProductState::Active, now)),
            ProductState::Active => Err(ProductError::NotSuspended),
            ProductState::Discontinued => Err(ProductError::Discontinued),
        }
    }

    /// Taking no units any more.
    ///
    /// # Errors
    /// When it is discontinued already.
    pub fn discontinued(self, now: Timestamp) -> Result<Self, ProductError> {
        match self.state {
            ProductState::Discontinued => Err(ProductError::Discontinued),
            _ => Ok(self.moved(ProductState::Discontinued, now)),
        }
    }
}

/// A one-time claim code, stored as a keyed tag: the code itself is known only to whom it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCode {
    /// The first half of the tag.
    pub key: u64,
    /// The second half.
    pub check: i64,
    /// The product it is for.
    pub product: ProductId,
    /// After this moment it is worthless.
    pub expires: Option<Timestamp>,
    /// The device that used it.
    pub device: Option<DeviceId>,
}

impl ClaimCode {
    /// Used up by `device`.
    ///
    /// # Errors
    /// When it is used already, has expired, or is another product's.
    pub fn used(mut self, product: ProductId, device: DeviceId, now: Timestamp) -> Result<Self, ProductError> {
        if self.product != product {
            return Err(ProductError::ClaimCodeUnknown);
        }
        if self.device.is_some() {
            return Err(ProductError::ClaimCodeUsed);
        }
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(ProductError::ClaimCodeExpired);
        }
        self.device = Some(device);
        Ok(self)
    }
}

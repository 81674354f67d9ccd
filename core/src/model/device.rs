//! A device and the states of its life.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{check_name, check_text, stored_enum};
use crate::env::Timestamp;
use crate::error::{DeviceError, Error};
use crate::id::{DeviceId, GroupId, ProductId};
use crate::x509::Name;

stored_enum! {
    /// Where a device stands (NEC-29).
    DeviceState {
        /// Seen, but not admitted yet.
        Discovered = 1 "discovered",
        /// Admitted; its credentials count.
        Valid = 2 "valid",
        /// Shut out for now; see the reason.
        Invalid = 3 "invalid",
        /// Gone for good; only the record remains.
        Deleted = 4 "deleted",
    }
}

stored_enum! {
    /// Why a device is invalid.
    InvalidReason {
        /// An operator disabled it.
        Disabled = 1 "disabled",
        /// It came back with another key that it could not explain.
        Quarantined = 2 "quarantined",
    }
}

/// What is known of a device besides its name (NEC-32). Free-form entries go into `more`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// Its IP address, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Its MAC address, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Its host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// Its operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_name: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

impl Attributes {
    /// Checks lengths and characters: at most 32 free-form entries of 255 bytes each.
    ///
    /// # Errors
    /// `input.invalid` or `input.too_long`, naming the field.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(ip) = &self.ip {
            ip.parse::<std::net::IpAddr>().map_err(|_| Error::input("ip", "is not an IPv4 or IPv6 address"))?;
        }
        for (field, value) in [("mac", &self.mac), ("host_name", &self.host_name), ("os_name", &self.os_name)] {
            if let Some(value) = value {
                check_text(field, value)?;
            }
        }
        if self.more.len() > 32 {
            return Err(Error::input("attributes", "holds more than 32 free-form entries"));
        }
        for (key, value) in &self.more {
            check_name("attribute name", key)?;
            check_text("attribute value", value)?;
        }
        Ok(())
    }
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Names the device; assigned here, never taken from a CSR, never used again (NEC-31).
    pub id: DeviceId,
    /// The name that operators use; unique among devices that are not deleted.
    pub name: String,
    /// Its state.
    pub state: DeviceState,
    /// Why, when it is invalid.
    pub reason: Option<InvalidReason>,
    /// The product it is a unit of.
    pub product: Option<ProductId>,
    /// The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product.
    pub unit: Option<String>,
    /// Its group.
    pub group: Option<GroupId>,
    /// What else is known.
    pub attributes: Attributes,
    /// The subject of its certificates, kept at every renewal (PAP-8).
    pub subject: Option<Name>,
    /// When it became known.
    pub created: Timestamp,
    /// When its record last changed.
    pub updated: Timestamp,
}

impl Device {
    /// Whether its credentials count now.
    ///
    /// # Errors
    /// The reason why not.
    pub const fn check_valid(&self) -> Result<(), DeviceError> {
        match (self.state, self.reason) {
            (DeviceState::Valid, _) => Ok(()),
            (DeviceState::Discovered, _) => Err(DeviceError::NotEnrolled),
            (DeviceState::Deleted, _) => Err(DeviceError::Deleted),
            (DeviceState::Invalid, Some(InvalidReason::Quarantined)) => Err(DeviceError::Quarantined),
            (DeviceState::Invalid, _) => Err(DeviceError::Disabled),
        }
    }

    /// Whether its record may still change.
    ///
    /// # Errors
    /// `device.deleted`.
    pub const fn check_alive(&self) -> Result<(), DeviceError> {
        match self.state {
            DeviceState::Deleted => Err(DeviceError::Deleted),
            _ => Ok(()),
        }
    }

    fn moved(mut self, state: DeviceState, reason: Option<InvalidReason>, now: Timestamp) -> Self {
        self.state = state;
        self.reason = reason;
        self.updated = now;
        self
    }

    /// Admitted: discovered becomes valid, valid stays so.
    ///
    /// # Errors
    /// When it is shut out or deleted.
    pub fn admitted(self, now: Timestamp) -> Result<Self, DeviceError> {
        match self.state {
            DeviceState::Discovered => Ok(self.moved(DeviceState::Valid, None, now)),
            _ => self.check_valid().map(|()| self),
        }
    }

    /// Shut out by an operator.
    ///
    /// # Errors
    /// Unless it is valid.
    pub fn disabled(self, now: Timestamp) -> Result<Self, DeviceError> {
        match self.check_valid() {
            Ok(()) => Ok(self.moved(DeviceState::Invalid, Some(InvalidReason::Disabled), now)),
            Err(DeviceError::Disabled) => Err(DeviceError::AlreadyDisabled),
            Err(other) => Err(other),
        }
    }

    /// Let in again, or admitted, by an operator. A quarantine is not lifted this way.
    ///
    /// # Errors
    /// Unless an operator disabled it or it was only discovered.
    pub fn enabled(self, now: Timestamp) -> Result<Self, DeviceError> {
        match self.check_valid() {
            Ok(()) => Err(DeviceError::AlreadyEnabled),
            Err(DeviceError::Disabled | DeviceError::NotEnrolled) => Ok(self.moved(DeviceState::Valid, None, now)),
            Err(other) => Err(other),
        }
    }

    /// Shut out because it came back with another key.
    ///
    /// # Errors
    /// Unless it is valid or disabled.
    pub fn quarantined(self, now: Timestamp) -> Result<Self, DeviceError> {
        match self.check_valid() {
            Ok(()) | Err(DeviceError::Disabled) => {
                Ok(self.moved(DeviceState::Invalid, Some(InvalidReason::Quarantined), now))
            }
            Err(other) => Err(other),
        }
    }

    /// Released from quarantine after somebody looked.
    ///
    /// # Errors
    /// Unless it is in quarantine.
    pub fn released(self, now: Timestamp) -> Result<Self, DeviceError> {
        match self.check_valid() {
            Err(DeviceError::Quarantined) => Ok(self.moved(DeviceState::Valid, None, now)),
            Err(DeviceError::Deleted) => Err(DeviceError::Deleted),
            _ => Err(DeviceError::NotQuarantined),
        }
    }

    /// Released from quarantine as a unit without keys: whatever key it brings next is its first.
    ///
    /// # Errors
    /// Unless it is in quarantine.
    pub fn reopened(self, now: Timestamp) -> Result<Self, DeviceError> {
        self.released(now).map(|released| released.moved(DeviceState::Discovered, None, now))
    }

    /// Gone: only a tombstone remains, its name free for another (NEC-30).
    ///
    /// # Errors
    /// When it is gone already.
    pub fn deleted(self, now: Timestamp) -> Result<Self, DeviceError> {
        self.check_alive()?;
        let mut gone = self.moved(DeviceState::Deleted, None, now);
        gone.name = format!("{} (deleted {})", gone.name, gone.id);
        Ok(gone)
    }
}

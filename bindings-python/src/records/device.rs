//! Devices and groups.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::options::Attributes;
use crate::words::{DeviceState, InvalidReason};

record! {
    /// A device.
    Device(tegata::model::Device) {
        /// Names the device; assigned here, never taken from a CSR, never used again (NEC-31).
        id: String,
        /// The name that operators use; unique among devices that are not deleted.
        name: String,
        /// Its state.
        state: DeviceState,
        /// Why, when it is invalid.
        reason: Option<InvalidReason>,
        /// The product it is a unit of.
        product: Option<String>,
        /// The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product.
        unit: Option<String>,
        /// Its group.
        group: Option<String>,
        /// What else is known.
        attributes: Attributes,
        /// The subject of its certificates, kept at every renewal (PAP-8).
        subject: Option<String>,
        /// When it became known.
        created: Time,
        /// When its record last changed.
        updated: Time,
    }
}

record! {
    /// A group of devices (NEC-36).
    Group(tegata::model::Group) {
        /// Names the group.
        id: String,
        /// The name that operators use; unique.
        name: String,
        /// Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
        certificate_days: Option<u32>,
        /// Symmetric keys of members are due this many days after their issue.
        key_days: Option<u32>,
        /// When it was made.
        created: Time,
        /// When it was last changed.
        updated: Time,
    }
}

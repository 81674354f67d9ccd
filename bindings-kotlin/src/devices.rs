//! Devices: records, requests and answers.

use tegata::model::{Attributes, DeviceState, InvalidReason};
use tegata::{
    DeviceChange, DeviceId, Enroll, Enrollment, GroupId, Name, NewDevice, ProductId, Release, Text, Timestamp,
};

use crate::certificates::Issued;
use crate::values::{Information, twin};

/// Where a device stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum DeviceState {
    /// Seen, but not admitted yet.
    Discovered,
    /// Admitted; its credentials count.
    Valid,
    /// Shut out for now; see the reason.
    Invalid,
    /// Gone for good; only the record remains.
    Deleted,
}

/// Why a device is invalid.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum InvalidReason {
    /// An operator disabled it.
    Disabled,
    /// It came back with another key that it could not explain.
    Quarantined,
}

/// What is known of a device besides its name. Free-form entries go into `more`.
#[uniffi::remote(Record)]
pub struct Attributes {
    /// Its IP address, as text.
    #[uniffi(default)]
    pub ip: Option<String>,
    /// Its MAC address, as text.
    #[uniffi(default)]
    pub mac: Option<String>,
    /// Its host name.
    #[uniffi(default)]
    pub host_name: Option<String>,
    /// Its operating system.
    #[uniffi(default)]
    pub os_name: Option<String>,
    /// Anything else: at most 32 entries of 255 bytes each.
    #[uniffi(default)]
    pub more: Information,
}

twin! {
    /// A device.
    Device of tegata::model::Device {
        /// Names the device; assigned here, never taken from a CSR, never used again.
        id: DeviceId,
        /// The name that operators use; unique among devices that are not deleted.
        name: String,
        /// Its state.
        state: DeviceState,
        /// Why, when it is invalid.
        reason: Option<InvalidReason>,
        /// The product it is a unit of.
        product: Option<ProductId>,
        /// The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product.
        unit: Option<String>,
        /// Its group.
        group: Option<GroupId>,
        /// What else is known.
        attributes: Attributes,
        /// The subject of its certificates, kept at every renewal.
        subject: Option<Name>,
        /// When it became known.
        created: Timestamp,
        /// When its record last changed.
        updated: Timestamp,
    }
}

/// A device to be registered.
#[uniffi::remote(Record)]
pub struct NewDevice {
    /// Its name; unique among devices that are not deleted. Without one, its ID serves.
    #[uniffi(default)]
    pub name: Option<String>,
    /// The product it is a unit of.
    #[uniffi(default)]
    pub product: Option<ProductId>,
    /// The manufacturer's identifier of the unit; needs a product.
    #[uniffi(default)]
    pub unit: Option<String>,
    /// Its group.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// What else is known.
    #[uniffi(default)]
    pub attributes: Attributes,
}

/// What of a device changes; what is left out stays as it is.
#[uniffi::remote(Record)]
pub struct DeviceChange {
    /// The name.
    #[uniffi(default)]
    pub name: Option<String>,
    /// All attributes at once.
    #[uniffi(default)]
    pub attributes: Option<Attributes>,
}

/// A change of one device of many.
#[derive(Clone, Debug, uniffi::Record)]
pub struct DeviceUpdate {
    /// Which device.
    pub id: DeviceId,
    /// What changes.
    pub change: DeviceChange,
}

/// An attribute by name and its exact value.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AttributeMatch {
    /// `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one.
    pub name: String,
    /// Its exact value.
    pub value: String,
}

/// Which devices to list.
#[derive(Clone, Debug, uniffi::Record)]
pub struct DeviceFilter {
    /// By name. A device without a name of its own is called by its ID, and found by the whole of it.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// In one of these states; empty for all, deleted ones included.
    #[uniffi(default)]
    pub states: Vec<DeviceState>,
    /// Units of this product.
    #[uniffi(default)]
    pub product: Option<ProductId>,
    /// Members of this group.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// By the manufacturer's identifier.
    #[uniffi(default)]
    pub unit: Option<Text>,
    /// With this attribute.
    #[uniffi(default)]
    pub attribute: Option<AttributeMatch>,
}

impl From<DeviceFilter> for tegata::DeviceFilter {
    fn from(filter: DeviceFilter) -> Self {
        Self {
            name: filter.name,
            states: filter.states,
            product: filter.product,
            group: filter.group,
            unit: filter.unit,
            attribute: filter.attribute.map(|attribute| (attribute.name, attribute.value)),
        }
    }
}

/// What becomes of a quarantined device's keys when it is released.
#[uniffi::remote(Enum)]
pub enum Release {
    /// The keys it had go on; the other key was an impostor's.
    KeepKeys,
    /// The keys it had are gone: its certificates are revoked, and it may enroll with a new key.
    NewKeys,
}

/// A unit's request to become a device.
#[uniffi::remote(Record)]
pub struct Enroll {
    /// The product credential that the unit presented (PEM or DER).
    pub credential: Vec<u8>,
    /// A signature by the credential's key over the statement `ProductCredential` of the CSR's DER. When given, it must
    /// verify.
    #[uniffi(default)]
    pub credential_signature: Option<Vec<u8>>,
    /// The unit's own CSR (PEM or DER), for a key that it made itself.
    pub csr: Vec<u8>,
    /// The device's name; without one, its ID serves. Ignored for a device that is known already.
    #[uniffi(default)]
    pub name: Option<String>,
    /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so.
    #[uniffi(default)]
    pub unit: Option<String>,
    /// A one-time claim code; needed where the product's policy says so.
    #[uniffi(default)]
    pub claim_code: Option<String>,
    /// The group to join. Ignored for a device that is known already.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// What else is known. Ignored for a device that is known already.
    #[uniffi(default)]
    pub attributes: Attributes,
    /// When the unit has a new key: a signature by its former key over the statement `FormerKey` of the CSR's DER.
    #[uniffi(default)]
    pub former_key_signature: Option<Vec<u8>>,
}

/// What enrolling led to.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Enrollment {
    /// A device that was not known got its first certificate.
    New,
    /// A device that was registered or discovered before got its first certificate.
    Admitted,
    /// A known device with the same key got the certificate back that it has.
    Known,
    /// A known device with the same key got a new certificate, since the one that it had is expired.
    Renewed,
    /// A known device proved its former key and got a certificate for its new one.
    Rekeyed,
}

twin! {
    /// An enrolled device and its certificate.
    Enrolled of tegata::Enrolled {
        /// The device.
        device: Device,
        /// Its certificate and chain.
        issued: Issued,
        /// What led to it.
        enrollment: Enrollment,
    }
}

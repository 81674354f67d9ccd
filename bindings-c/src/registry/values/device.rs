//! Devices, and what is asked for when one is made or found.

use crate::registry::prelude::*;

/// What is known of a device besides its name. Free-form entries go into `more`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_attributes {
    /// `sizeof(tegata_attributes)`.
    pub size: usize,
    /// Its IP address, as text. May be left out (NULL).
    pub ip: *const c_char,
    /// Its MAC address, as text. May be left out (NULL).
    pub mac: *const c_char,
    /// Its host name. May be left out (NULL).
    pub host_name: *const c_char,
    /// Its operating system. May be left out (NULL).
    pub os_name: *const c_char,
    /// Anything else.
    pub more: tegata_pairs,
}
growing!(tegata_attributes);

impl ToCore for tegata_attributes {
    type Core = Attributes;

    fn to_core(&self) -> Result<Attributes> {
        Ok(Attributes {
            ip: maybe_string(self.ip, "ip")?,
            mac: maybe_string(self.mac, "mac")?,
            host_name: maybe_string(self.host_name, "host_name")?,
            os_name: maybe_string(self.os_name, "os_name")?,
            more: self.more.map("more")?,
        })
    }
}

impl ToC for Attributes {
    type C = tegata_attributes;

    fn to_c(&self, arena: &mut Arena) -> tegata_attributes {
        tegata_attributes {
            size: size_of::<tegata_attributes>(),
            ip: arena.maybe_text(self.ip.as_deref()),
            mac: arena.maybe_text(self.mac.as_deref()),
            host_name: arena.maybe_text(self.host_name.as_deref()),
            os_name: arena.maybe_text(self.os_name.as_deref()),
            more: arena.pairs(&self.more),
        }
    }
}

/// A device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_device {
    /// Names the device; assigned here, never taken from a CSR, never used again.
    pub id: *const c_char,
    /// The name that operators use; unique among devices that are not deleted.
    pub name: *const c_char,
    /// Its state.
    pub state: Number<tegata_device_state>,
    /// Why, when it is invalid. 0 when there is none.
    pub reason: Number<tegata_invalid_reason>,
    /// The product it is a unit of. NULL when there is none.
    pub product: *const c_char,
    /// The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product. NULL when
    /// there is none.
    pub unit: *const c_char,
    /// Its group. NULL when there is none.
    pub group: *const c_char,
    /// What else is known.
    pub attributes: *const tegata_attributes,
    /// The subject of its certificates, kept at every renewal. NULL when there is none.
    pub subject: *const c_char,
    /// When it became known.
    pub created: i64,
    /// When its record last changed.
    pub updated: i64,
}

impl ToC for Device {
    type C = tegata_device;

    fn to_c(&self, arena: &mut Arena) -> tegata_device {
        tegata_device {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            state: self.state.into(),
            reason: Number::maybe(self.reason),
            product: arena.maybe_shown(self.product),
            unit: arena.maybe_text(self.unit.as_deref()),
            group: arena.maybe_shown(self.group),
            attributes: arena.record(&self.attributes),
            subject: arena.maybe_shown(self.subject.as_ref()),
            created: self.created.unix(),
            updated: self.updated.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_device_free(device: *const tegata_device) {
    free_record(device);
}

/// A page of them.
pub type tegata_device_list = List<tegata_device>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_device_list_free(list: *const tegata_device_list) {
    free_record(list);
}

/// What became of the items of a bulk call.
pub type tegata_device_results = Results<tegata_device>;

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_device_results_free(results: *const tegata_device_results) {
    free_record(results);
}

/// A device to be registered.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_device {
    /// `sizeof(tegata_new_device)`.
    pub size: usize,
    /// Its name; unique among devices that are not deleted. Without one, its ID serves. May be left out (NULL).
    pub name: *const c_char,
    /// The product it is a unit of. May be left out (NULL).
    pub product: *const c_char,
    /// The manufacturer's identifier of the unit; needs a product. May be left out (NULL).
    pub unit: *const c_char,
    /// Its group. May be left out (NULL).
    pub group: *const c_char,
    /// What else is known. NULL for the default.
    pub attributes: *const tegata_attributes,
}
growing!(tegata_new_device);

impl ToCore for tegata_new_device {
    type Core = NewDevice;

    fn to_core(&self) -> Result<NewDevice> {
        let mut value = NewDevice {
            name: maybe_string(self.name, "name")?,
            product: maybe_parsed(self.product, "product")?,
            unit: maybe_string(self.unit, "unit")?,
            group: maybe_parsed(self.group, "group")?,
            ..NewDevice::default()
        };
        if let Some(attributes) = maybe_given(self.attributes, "attributes")? {
            value.attributes = attributes;
        }
        Ok(value)
    }
}

/// What of a device changes; what is left out stays as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_device_change {
    /// `sizeof(tegata_device_change)`.
    pub size: usize,
    /// The name. May be left out (NULL).
    pub name: *const c_char,
    /// All attributes at once. May be left out (NULL).
    pub attributes: *const tegata_attributes,
}
growing!(tegata_device_change);

impl ToCore for tegata_device_change {
    type Core = DeviceChange;

    fn to_core(&self) -> Result<DeviceChange> {
        Ok(DeviceChange {
            name: maybe_string(self.name, "name")?,
            attributes: maybe_given(self.attributes, "attributes")?,
        })
    }
}

/// Which devices to list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_device_filter {
    /// `sizeof(tegata_device_filter)`.
    pub size: usize,
    /// By name. A device without a name of its own is called by its ID, and found by the whole of it. May be left
    /// out (NULL).
    pub name: *const tegata_text,
    /// In one of these states; empty for all, deleted ones included. May be left out (NULL).
    pub states: *const Number<tegata_device_state>,
    /// How many states.
    pub states_len: usize,
    /// Units of this product. May be left out (NULL).
    pub product: *const c_char,
    /// Members of this group. May be left out (NULL).
    pub group: *const c_char,
    /// By the manufacturer's identifier. May be left out (NULL).
    pub unit: *const tegata_text,
    /// With this attribute: `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one, and its exact value.
    /// May be left out (NULL).
    pub attribute: *const tegata_pair,
}
growing!(tegata_device_filter);

impl ToCore for tegata_device_filter {
    type Core = DeviceFilter;

    fn to_core(&self) -> Result<DeviceFilter> {
        Ok(DeviceFilter {
            name: text_filter(self.name, "name")?,
            states: slice(self.states, self.states_len, "states")?
                .iter()
                .map(|state| state.core("states"))
                .collect::<Result<_>>()?,
            product: maybe_parsed(self.product, "product")?,
            group: maybe_parsed(self.group, "group")?,
            unit: text_filter(self.unit, "unit")?,
            attribute: optional(self.attribute).map(|pair| pair.strings("attribute")).transpose()?,
        })
    }
}

/// A unit's request to become a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_enroll {
    /// `sizeof(tegata_enroll)`.
    pub size: usize,
    /// The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
    /// whoever ends the TLS session, or shown by `credential_signature`. Required.
    pub credential: tegata_bytes,
    /// A signature by the credential's key over `TEGATA_STATEMENT_PRODUCT_CREDENTIAL` of the CSR's DER, as that key
    /// signs. When
    /// given, it must verify. May be left out (NULL).
    pub credential_signature: tegata_bytes,
    /// The unit's own CSR (PEM or DER), for a key that it made itself. Required.
    pub csr: tegata_bytes,
    /// The device's name; without one, its ID serves. Ignored for a device that is known already. May be left out
    /// (NULL).
    pub name: *const c_char,
    /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so. May be left
    /// out (NULL).
    pub unit: *const c_char,
    /// A one-time claim code; needed where the product's policy says so. May be left out (NULL).
    pub claim_code: *const c_char,
    /// The group to join. Ignored for a device that is known already. May be left out (NULL).
    pub group: *const c_char,
    /// What else is known. Ignored for a device that is known already. NULL for the default.
    pub attributes: *const tegata_attributes,
    /// When the unit has a new key: a signature by its former key over `TEGATA_STATEMENT_FORMER_KEY` of the CSR's DER,
    /// as that
    /// key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256). May be left out (NULL).
    pub former_key_signature: tegata_bytes,
}
growing!(tegata_enroll);

impl ToCore for tegata_enroll {
    type Core = Enroll;

    fn to_core(&self) -> Result<Enroll> {
        let mut value = Enroll {
            credential: self.credential.get("credential")?.to_vec(),
            credential_signature: self.credential_signature.optional("credential_signature")?.map(<[u8]>::to_vec),
            csr: self.csr.get("csr")?.to_vec(),
            name: maybe_string(self.name, "name")?,
            unit: maybe_string(self.unit, "unit")?,
            claim_code: maybe_string(self.claim_code, "claim_code")?,
            group: maybe_parsed(self.group, "group")?,
            former_key_signature: self.former_key_signature.optional("former_key_signature")?.map(<[u8]>::to_vec),
            ..Enroll::default()
        };
        if let Some(attributes) = maybe_given(self.attributes, "attributes")? {
            value.attributes = attributes;
        }
        Ok(value)
    }
}
/// An enrolled device and its certificate.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_enrolled {
    /// The device.
    pub device: *const tegata_device,
    /// Its certificate and chain.
    pub issued: *const tegata_issued,
    /// What led to it.
    pub enrollment: Number<tegata_enrollment>,
}

impl ToC for Enrolled {
    type C = tegata_enrolled;

    fn to_c(&self, arena: &mut Arena) -> tegata_enrolled {
        tegata_enrolled {
            device: arena.record(&self.device),
            issued: arena.record(&self.issued),
            enrollment: self.enrollment.into(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_enrolled_free(enrolled: *const tegata_enrolled) {
    free_record(enrolled);
}

/// What became of the items of a bulk call.
pub type tegata_enrolled_results = Results<tegata_enrolled>;

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_enrolled_results_free(results: *const tegata_enrolled_results) {
    free_record(results);
}

//! What devices are registered, enrolled, changed and found by.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::convert::{Bytes, Show, Time};
use crate::macros::options;
use crate::sums::Text;
use crate::words::{DeviceState, DueKind};

options! {
    /// What is known of a device besides its name (NEC-32). Free-form entries go into `more`.
    Attributes(tegata::model::Attributes): () = tegata::model::Attributes::default(); {
        /// Its IP address, as text.
        opt ip: Option<String> = None => Option<String>;
        /// Its MAC address, as text.
        opt mac: Option<String> = None => Option<String>;
        /// Its host name.
        opt host_name: Option<String> = None => Option<String>;
        /// Its operating system.
        opt os_name: Option<String> = None => Option<String>;
        /// Anything else.
        def more: Option<BTreeMap<String, String>> = None => BTreeMap<String, String>;
    }
}

options! {
    /// A device to be registered.
    NewDevice(tegata::NewDevice): () = tegata::NewDevice::default(); {
        /// Its name; unique among devices that are not deleted. Without one, its ID serves.
        opt name: Option<String> = None => Option<String>;
        /// The product it is a unit of.
        opt product: Option<String> = None => Option<String>;
        /// The manufacturer's identifier of the unit; needs a product.
        opt unit: Option<String> = None => Option<String>;
        /// Its group.
        opt group: Option<String> = None => Option<String>;
        /// What else is known.
        def attributes: Option<Attributes> = None => Attributes;
    }
}

options! {
    /// What of a device changes; None stays as it is.
    DeviceChange(tegata::DeviceChange): () = tegata::DeviceChange::default(); {
        /// The name.
        opt name: Option<String> = None => Option<String>;
        /// All attributes at once.
        opt attributes: Option<Attributes> = None => Option<Attributes>;
    }
}

options! {
    /// Which devices to list.
    DeviceFilter(tegata::DeviceFilter): () = tegata::DeviceFilter::default(); {
        /// By name. A device without a name of its own is called by its ID, and found by the whole of it.
        opt name: Option<Text> = None => Option<Text>;
        /// In one of these states; empty for all, deleted ones included (NEC-29).
        def states: Option<Vec<DeviceState>> = None => Vec<DeviceState>;
        /// Units of this product.
        opt product: Option<String> = None => Option<String>;
        /// Members of this group.
        opt group: Option<String> = None => Option<String>;
        /// By the manufacturer's identifier.
        opt unit: Option<Text> = None => Option<Text>;
        /// With this attribute: `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one, and its exact value.
        opt attribute: Option<(String, String)> = None => Option<(String, String)>;
    }
}

options! {
    /// A unit's request to become a device.
    Enroll(tegata::Enroll): (credential: Bytes, csr: Bytes) = tegata::Enroll { credential, csr, ..tegata::Enroll::default() }; {
        /// A signature by the credential's key over `Statement.ProductCredential` of the CSR's DER, as that key signs. When
        /// given, it must verify.
        opt credential_signature: Option<Bytes> = None => Option<Bytes>;
        /// The device's name; without one, its ID serves. Ignored for a device that is known already.
        opt name: Option<String> = None => Option<String>;
        /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so.
        opt unit: Option<String> = None => Option<String>;
        /// A one-time claim code; needed where the product's policy says so.
        opt claim_code: Option<String> = None => Option<String>;
        /// The group to join. Ignored for a device that is known already.
        opt group: Option<String> = None => Option<String>;
        /// What else is known. Ignored for a device that is known already.
        def attributes: Option<Attributes> = None => Attributes;
        /// When the unit has a new key: a signature by its former key over `Statement.FormerKey` of the CSR's DER, as that
        /// key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
        opt former_key_signature: Option<Bytes> = None => Option<Bytes>;
    }
    /// The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
    /// whoever ends the TLS session, or shown by `credential_signature`.
    #[getter]
    fn credential(&self) -> Bytes {
        Show::show(&self.0.credential)
    }

    /// The unit's own CSR (PEM or DER), for a key that it made itself.
    #[getter]
    fn csr(&self) -> Bytes {
        Show::show(&self.0.csr)
    }

}

options! {
    /// What is due: certificates, symmetric keys and pre-shared keys.
    Due(tegata::Due): (until: Time) = tegata::Due::until(until); {
        /// Only this group's.
        opt group: Option<String> = None => Option<String>;
        /// Only these kinds; empty stands for all.
        def kinds: Option<Vec<DueKind>> = None => Vec<DueKind>;
    }
    /// Until which moment to look.
    #[getter]
    fn until(&self) -> Time {
        Show::show(&self.0.until)
    }

}

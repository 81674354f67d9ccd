//! What a device has, and what it gets when it is provisioned; what was sealed anew.

use pyo3::prelude::*;

use crate::macros::record;
use crate::records::{CertificateRecord, Device, IssuedKey, IssuedPsk, IssuedWithKey, Psk, SymmetricKey};

record! {
    /// All keys and certificates of a device (NEC-28), without anything secret.
    Credentials(tegata::Credentials) {
        /// The certificates that are attached to it, the oldest attachment first, whatever their state.
        certificates: Vec<CertificateRecord>,
        /// Its pre-shared keys, deleted ones included.
        psks: Vec<Psk>,
        /// The symmetric keys that it holds: its own, those that it shares, its group's; destroyed ones apart.
        keys: Vec<SymmetricKey>,
    }
}

record! {
    /// A device that was provisioned, with its secrets. When the request is repeated, those come again that are still kept and
    /// still the first ones.
    Provisioned(tegata::Provisioned) {
        /// The device.
        device: Device,
        /// Its password or TLS key.
        psk: Option<IssuedPsk>,
        /// Its symmetric key number 1; None also when the request is repeated after that value was destroyed.
        key: Option<IssuedKey>,
        /// Its certificate, with the private key if that was made here and is handed out now.
        certificate: Option<IssuedWithKey>,
    }
}

record! {
    /// What `Registry.reseal` did.
    Resealed(tegata::Resealed) {
        /// How many records were looked at: all that have room for something sealed.
        checked: u64,
        /// How many of them held something that was not sealed with the current key. Now it is.
        resealed: u64,
    }
}

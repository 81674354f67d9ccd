//! Symmetric keys and their versions.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::secret::SecretBytes;
use crate::words::{KeyOwner, KeyState, SymmetricAlgorithm, VersionState};

record! {
    /// A symmetric key (NEC-9), without its values.
    SymmetricKey(tegata::model::SymmetricKey) {
        /// Names the key through all its versions.
        id: String,
        /// What kind of owner it has.
        owner: KeyOwner,
        /// The device that owns it, or the first of several.
        device: Option<String>,
        /// The group that owns it, or the group of the device that owns it; None when several devices share it.
        group: Option<String>,
        /// How many devices share it, when each was added by name.
        holders: u32,
        /// Tells the keys of one owner apart; another thing than the version.
        number: u32,
        /// Of what kind its current value is.
        algorithm: SymmetricAlgorithm,
        /// Its state.
        state: KeyState,
        /// The current version: 1 at first, one more at each rotation (NEC-11).
        version: u32,
        /// When the current version was made.
        issued: Time,
        /// After how many days it is due to be rotated; None follows the group's interval.
        renew_days: Option<u32>,
        /// When it is due to be rotated.
        renew_at: Option<Time>,
        /// The version before, while its value is kept.
        previous_version: Option<u32>,
        /// Until when the version before is kept.
        previous_until: Option<Time>,
        /// The newest version that was handed out to a device.
        delivered: Option<u32>,
        /// The campaign that asks for its rotation.
        campaign: Option<String>,
    }
}

record! {
    /// A key with the value of one of its versions.
    IssuedKey(tegata::IssuedKey) {
        /// Its record.
        key: SymmetricKey,
        /// Which version the value is of.
        version: u32,
        /// Of what kind that version is; a rotation may change the kind.
        algorithm: SymmetricAlgorithm,
        /// The value: as many octets as the algorithm's keys have.
        value: SecretBytes,
    }
}

record! {
    /// Which version of a key was presented.
    KeyMatch(tegata::KeyMatch) {
        /// The version.
        version: u32,
        /// Where it stands: current, previous or compromised.
        state: VersionState,
    }
}

record! {
    /// One version of a symmetric key, as far as it is remembered: all of them, without their values.
    KeyVersion(tegata::model::KeyVersion) {
        /// Which version.
        version: u32,
        /// Of what kind its value is or was.
        algorithm: SymmetricAlgorithm,
        /// Where it stands.
        state: VersionState,
        /// When it was made.
        issued: Time,
        /// When it stopped being the current one.
        ended: Option<Time>,
        /// Until when its value is kept, while it is the version before the current one.
        kept_until: Option<Time>,
    }
}

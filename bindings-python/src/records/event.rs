//! Events, counts, files, and the table of errors.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::secret::SecretBytes;
use crate::sums::Entity;
use crate::words::{
    CertificateKind, CertificateState, DeviceState, ErrorKind, KeyAlgorithm, KeyState, PskState, SymmetricAlgorithm,
};

record! {
    /// One event (NEC-38). Events are only ever added.
    Event(tegata::model::Event) {
        /// Names the event.
        id: String,
        /// When.
        at: Time,
        /// Who, as the host named the caller.
        actor: String,
        /// What, such as `device.enroll`.
        action: String,
        /// What it happened to.
        subject: Option<Entity>,
        /// What else took part, such as the certificate that a device got.
        object: Option<Entity>,
        /// A few words more; never a secret.
        detail: Option<String>,
    }
}

record! {
    /// Numbers for a dashboard (NEC-35). Each list is complete and in the order of its first element.
    Counts(tegata::Counts) {
        /// Devices by state.
        devices: Vec<(DeviceState, u64)>,
        /// Devices by group; None counts those without one.
        devices_by_group: Vec<(Option<String>, u64)>,
        /// Devices by product; None counts those without one.
        devices_by_product: Vec<(Option<String>, u64)>,
        /// Certificates by stored state; expiry is in `expired`.
        certificates: Vec<(CertificateState, u64)>,
        /// Certificates by kind.
        certificates_by_kind: Vec<(CertificateKind, u64)>,
        /// Certificates that are in force or suspended, by the kind of their key. None counts those that an older version
        /// of the database recorded, until they are asked for by algorithm for the first time.
        certificates_by_algorithm: Vec<(Option<KeyAlgorithm>, u64)>,
        /// Certificates in force or suspended whose notAfter has passed.
        expired: u64,
        /// Symmetric keys by state.
        keys: Vec<(KeyState, u64)>,
        /// Symmetric keys that are not destroyed, by algorithm.
        keys_by_algorithm: Vec<(SymmetricAlgorithm, u64)>,
        /// Pre-shared keys by state.
        psks: Vec<(PskState, u64)>,
        /// Renewals of all kinds by the week in which they are due: the week's first moment (Thursdays, counted from 1970)
        /// and how many.
        due_by_week: Vec<(Time, u64)>,
        /// Those of certificates.
        certificates_due_by_week: Vec<(Time, u64)>,
        /// Those of symmetric keys.
        keys_due_by_week: Vec<(Time, u64)>,
        /// Those of pre-shared keys.
        psks_due_by_week: Vec<(Time, u64)>,
    }
}

record! {
    /// One file: its name and what is in it.
    PackedFile(tegata::pack::PackedFile) {
        /// The name, without any folder.
        name: String,
        /// The content.
        content: SecretBytes,
        /// Whether it holds a private key, so that only its owner may read it.
        secret: bool,
    }
}

record! {
    /// One row of the error table.
    Reason(tegata::error::Reason) {
        /// The stable dotted code, such as `csr.signature_invalid`.
        code: String,
        /// Its kind.
        kind: ErrorKind,
        /// The sentence that callers see; `{..}` stands for a detail.
        text: String,
    }
}

//! Pre-shared keys.

use pyo3::prelude::*;

use crate::convert::{Show, Time};
use crate::macros::record;
use crate::secret::{SecretBytes, SecretText};
use crate::words::{IdentityKind, PskKind, PskState};

record! {
    /// A pre-shared key (NEC-1), without its secret.
    Psk(tegata::model::Psk) {
        /// Names the key through all its rotations.
        id: String,
        /// Whose it is.
        device: String,
        /// The device's group.
        group: Option<String>,
        /// What the device calls itself when it shows the secret.
        identity: String,
        /// Where the identity comes from.
        identity_kind: IdentityKind,
        /// Whether the secret can be read again.
        kind: PskKind,
        /// Its state.
        state: PskState,
        /// 1 at first, one more at each rotation.
        version: u32,
        /// When the current secret was made.
        issued: Time,
        /// After how many days each secret is due to be rotated.
        renew_days: Option<u32>,
        /// When it is due to be rotated.
        renew_at: Option<Time>,
        /// The identity before the last rotation, while it is still accepted and differs.
        previous_identity: Option<String>,
        /// Until when the secret before the last rotation is accepted.
        previous_until: Option<Time>,
        /// How often in a row a wrong secret came, as far as it was kept (see the back-off of `authenticate`).
        failures: u32,
        /// No secret is looked at before this moment, since too many wrong ones came.
        blocked_until: Option<Time>,
        /// The campaign that asks for its rotation.
        campaign: Option<String>,
    }
}

record! {
    /// A pre-shared key and its secret.
    IssuedPsk(tegata::IssuedPsk) {
        /// The key's record.
        psk: Psk,
        /// The secret, as the device shows it; None when a request that made a verify-only key is repeated, since nobody
        /// knows its secret any more: rotate the key then.
        secret: Option<SecretBytes>,
    }

    /// The secret as text, if it is here and is printable text.
    #[getter]
    fn password(&self) -> Option<SecretText> {
        self.0.password().map(|text| tegata::Secret::new(text.to_owned())).show()
    }

    /// The secret in hexadecimal, as the configurations of TLS servers have it, if it is here.
    #[getter]
    fn hex(&self) -> Option<SecretText> {
        self.0.hex().show()
    }
}

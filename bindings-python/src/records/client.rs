//! Clients of the host's API.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::secret::SecretText;
use crate::words::ClientState;

record! {
    /// A client, without its licence key and password, of which only keyed tags are kept.
    Client(tegata::model::Client) {
        /// Names it.
        id: String,
        /// What it calls itself. A deleted client's name ends in `~` and its ID, so that another one can have it.
        name: String,
        /// Its state.
        state: ClientState,
        /// How often in a row a wrong name or password came with its licence key, as far as it was kept.
        failures: u32,
        /// No password is looked at before this moment, since too many wrong ones came.
        blocked_until: Option<Time>,
        /// When it was registered.
        created: Time,
        /// When it last changed.
        updated: Time,
    }
}

record! {
    /// A client and what it has to show, which is handed out this once: only keyed tags are kept.
    RegisteredClient(tegata::RegisteredClient) {
        /// The client.
        client: Client,
        /// Its licence key, for the first step.
        licence: SecretText,
        /// Its password, for the second step.
        password: SecretText,
    }
}

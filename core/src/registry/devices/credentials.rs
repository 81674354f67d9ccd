//! What a device has to show who it is and to keep things secret.

use super::Devices;
use crate::Result;
use crate::id::DeviceId;
use crate::model::{Certificate, Psk, SymmetricKey};

/// All keys and certificates of a device (NEC-28), without anything secret.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Credentials {
    /// The certificates that are attached to it, the oldest attachment first, whatever their state.
    pub certificates: Vec<Certificate>,
    /// Its pre-shared keys, deleted ones included.
    pub psks: Vec<Psk>,
    /// The symmetric keys that it holds: its own, those that it shares, its group's; destroyed ones apart.
    pub keys: Vec<SymmetricKey>,
}

impl Devices<'_> {
    /// All keys and certificates of a device (NEC-28).
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn credentials(&self, id: DeviceId) -> Result<Credentials> {
        let device = self.get(id)?;
        let inner = self.inner;
        Ok(Credentials {
            certificates: inner.held_by(id)?.into_iter().map(|(_, certificate)| certificate.record).collect(),
            psks: inner.psks_of(id)?.into_iter().map(|psk| psk.record).collect(),
            keys: inner.keys_of(id, device.group)?,
        })
    }
}

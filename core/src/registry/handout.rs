//! Private keys that the server makes, and their two-phase hand-out (trap: a lost response must not lose the key, and a
//! key is read only once).

use super::call::Call;
use super::driver::View;
use super::{Inner, certificates::HandOut};
use crate::Result;
use crate::key::{KeyAlgorithm, PrivateKey, PublicKey, Signer};
use crate::model::{Delivery, DeliveryState};
use crate::policy::CompiledProfile;
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::Record;
use crate::store::seal::associated;

/// A key that was made for somebody else.
pub(super) struct ServerKey {
    key: PrivateKey,
    pkcs8: Secret<Vec<u8>>,
}

impl ServerKey {
    pub(super) fn make(algorithm: KeyAlgorithm) -> Result<Self> {
        let key = PrivateKey::generate(algorithm)?;
        Ok(Self { pkcs8: key.to_pkcs8_der(), key })
    }

    pub(super) fn public(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// What the caller gets with the result.
    pub(super) fn released(&self, hand_out: HandOut) -> Option<Secret<Vec<u8>>> {
        match hand_out {
            HandOut::Now => Some(self.pkcs8.clone()),
            HandOut::Later => None,
        }
    }
}

impl View<'_> {
    /// The write that keeps `key` for the certificate with this record number until it is collected and confirmed.
    /// Handed out now, the response to this very call counts as the first collecting.
    pub(super) fn deliver(
        &self,
        number: u64,
        key: &ServerKey,
        profile: &CompiledProfile,
        hand_out: HandOut,
    ) -> Result<Write> {
        let inner = self.registry;
        let place = associated(Delivery::TABLE.name, number, "private_key");
        let delivery = Delivery {
            certificate: inner.ids.id(number),
            state: DeliveryState::Available,
            expires: self.now.plus_days(profile.spec().collect_within_days.into()),
            private_key: Some(inner.sealer().seal(&place, key.pkcs8.expose())?),
            collector: None,
        };
        let delivery = match hand_out {
            HandOut::Now => delivery.collecting(inner.collector(self.call()), self.now)?,
            HandOut::Later => delivery,
        };
        self.insert(&delivery)
    }
}

impl Inner {
    /// What tells one collector from another: the caller and the request ID, as a keyed tag.
    pub(super) fn collector(&self, call: &Call) -> Option<Vec<u8>> {
        call.request_id.as_ref().map(|id| self.tags.bytes("collector", &[call.actor.as_bytes(), id.as_bytes()]))
    }

    /// The private key of a hand-out that is under way.
    pub(super) fn opened(&self, delivery: &Delivery) -> Result<Option<Secret<Vec<u8>>>> {
        let number = self.ids.number(delivery.certificate)?;
        let place = associated(Delivery::TABLE.name, number, "private_key");
        delivery.private_key.as_ref().map(|sealed| self.sealer().open(&place, sealed)).transpose()
    }
}

//! Keys go to devices.

use super::read::result_of;
use super::{IssuedKey, Keys};
use crate::Result;
use crate::error::KeyError;
use crate::id::{DeviceId, KeyId};
use crate::model::{Device, Entity, KeyOwner, KeyShare, Psk, PskKind, PskState, SymmetricKey};
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Call, Inner};
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::Stored;
use crate::symmetric::{KeyMaterial, WrapContext, WrappedKey, wrap_key};

impl Keys<'_> {
    /// Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that any
    /// channel will do (NEC-41). The device opens it with [`unwrap_key`](crate::symmetric::unwrap_key). Of several
    /// pre-shared keys that can be read, the one under the device's own ID counts, else the one that was issued first.
    /// Who got which version when is in the events (NEC-38).
    ///
    /// # Errors
    /// `key.wrap_unavailable` when the device has no active pre-shared key that can be read; `key.not_held`; the
    /// device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
    /// `psk.too_weak_to_wrap`; `input.unknown_id`.
    pub fn deliver(&self, id: KeyId, device: DeviceId, call: &Call) -> Result<WrappedKey> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let operation = Operation { action: "key.deliver", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let (mut writes, issued) = view.delivery(id, device, "key.deliver")?;
                let psk = inner.readable_psk_of(device)?.ok_or(KeyError::WrapUnavailable)?;
                writes.push(view.require(&psk)?);
                let wrapped = inner.wrapped(&issued, device, &psk)?;
                Ok(Plan::done(result_of(view.number_of(id)?, issued.version), writes, wrapped))
            },
            |number| {
                let issued = inner.redelivered(number, device)?;
                let psk = inner.readable_psk_of(device)?.ok_or(KeyError::WrapUnavailable)?;
                inner.wrapped(&issued, device, &psk)
            },
        )
    }

    /// Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.
    ///
    /// # Errors
    /// `key.not_held`; the device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
    /// `input.unknown_id`.
    pub fn deliver_clear(&self, id: KeyId, device: DeviceId, call: &Call) -> Result<IssuedKey> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let action = "key.deliver_clear";
        inner.change(
            call,
            Operation { action, content: &content },
            |view| {
                let (writes, issued) = view.delivery(id, device, action)?;
                Ok(Plan::done(result_of(view.number_of(id)?, issued.version), writes, issued))
            },
            |number| inner.redelivered(number, device),
        )
    }
}

impl View<'_> {
    /// The current value of a key for a device that holds it, and the writes that go with its delivery.
    fn delivery(&self, id: KeyId, device: DeviceId, action: &'static str) -> Result<(Vec<Write>, IssuedKey)> {
        let inner = self.registry;
        let stored = self.get::<SymmetricKey, _>(id)?;
        let holder = self.get::<Device, _>(device)?;
        let mut writes = vec![self.require(&holder)?];
        if let Some(share) = inner.check_holder(&stored, &holder)? {
            writes.push(self.require(&share)?);
        }
        let mut issued = inner.readable(&stored.record, None, self.now)?;
        if stored.delivered.is_some_and(|version| version >= issued.version) {
            // Many devices fetch what they share at the same time: then its row is only read.
            writes.push(self.require(&stored)?);
        } else {
            issued.key.delivered = Some(issued.version);
            // A campaign that rotated it waited for this; one that made it due waits for its rotation.
            if issued.key.renew_at.is_none_or(|due| due > self.now) {
                issued.key.campaign = None;
            }
            issued.key.forget_ended(self.now);
            writes.push(self.update(stored.version, &issued.key)?);
        }
        let detail = Some(format!("version {}", issued.version));
        writes.push(self.event(action, Entity::Device(device), Some(Entity::Key(id)), detail)?);
        Ok((writes, issued))
    }
}

impl Inner {
    /// That a key may be handed to `holder` now, and the share by which it holds a shared one.
    fn check_holder(&self, key: &SymmetricKey, holder: &Device) -> Result<Option<Stored<KeyShare>>> {
        let share = match key.owner {
            KeyOwner::Device if key.device == Some(holder.id) => None,
            KeyOwner::Group if key.group.is_some() && key.group == holder.group => None,
            KeyOwner::Shared => Some(self.share_of(key.id, holder.id)?.ok_or(KeyError::NotHeld)?),
            _ => return Err(KeyError::NotHeld.into()),
        };
        holder.check_valid()?;
        key.check_active()?;
        Ok(share)
    }

    /// What was delivered before, for a request that is repeated because the answer got lost: the same version, as long as a
    /// delivery would not be refused by now.
    fn redelivered(&self, result: u64, device: DeviceId) -> Result<IssuedKey> {
        let issued = self.issued_key(result)?;
        let holder = self.get_record::<Device, _>(device)?;
        self.check_holder(&issued.key, &holder.record)?;
        Ok(issued)
    }

    /// The pre-shared key under which keys for a device are wrapped.
    fn readable_psk_of(&self, device: DeviceId) -> Result<Option<Stored<Psk>>> {
        let found = self.psks_of(device)?.into_iter();
        Ok(found.into_iter().find(|psk| psk.kind == PskKind::Readable && psk.state == PskState::Active))
    }

    fn wrapped(&self, issued: &IssuedKey, device: DeviceId, psk: &Psk) -> Result<WrappedKey> {
        let secret: Secret<Vec<u8>> = self.psk_secret(psk)?.ok_or(KeyError::WrapUnavailable)?;
        let context = WrapContext {
            device: device.to_string(),
            key: issued.key.id.to_string(),
            number: issued.key.number,
            version: issued.version,
        };
        wrap_key(&KeyMaterial::from_bytes(issued.algorithm, issued.value.expose())?, secret.expose(), &context)
    }
}

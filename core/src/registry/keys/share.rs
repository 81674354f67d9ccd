//! Keys that several devices hold (NEC-64).

use super::Keys;
use crate::Result;
use crate::error::KeyError;
use crate::id::{DeviceId, KeyId};
use crate::model::{Device, DeviceState, Entity, KeyOwner, KeyShare, KeyState, SymmetricKey};
use crate::registry::driver::{Operation, Plan};
use crate::registry::page::Wanted;
use crate::registry::{Call, Inner};
use crate::store::record::{Cell, Stored};
use crate::store::{Match, Value};

fn owner(reason: &str) -> KeyError {
    KeyError::Owner { reason: reason.to_owned() }
}

/// That devices can be added and withdrawn by name.
fn check_shared(key: &SymmetricKey) -> Result<(), KeyError> {
    match key.owner {
        KeyOwner::Shared => Ok(()),
        KeyOwner::Device => Err(owner("it is one device's own; issue one for several devices")),
        KeyOwner::Group => Err(owner("whoever is in the group holds it; move the device into the group or out of it")),
    }
}

impl Keys<'_> {
    /// Lets one more device share a key that was issued for several (NEC-64).
    ///
    /// # Errors
    /// `key.owner` for a key of one device or of a group; `key.already_shared`; `key.suspended`, `key.compromised`,
    /// `key.destroyed`; the device's state (`device.disabled` ...); `input.unknown_id`.
    pub fn share(&self, id: KeyId, device: DeviceId, call: &Call) -> Result<SymmetricKey> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let operation = Operation { action: "key.share", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<SymmetricKey, _>(id)?;
                check_shared(&stored)?;
                stored.check_active()?;
                let holder = view.get::<Device, _>(device)?;
                holder.check_valid()?;
                if inner.share_of(id, device)?.is_some() {
                    return Err(KeyError::AlreadyShared.into());
                }
                let mut key = stored.record.clone();
                key.forget_ended(view.now);
                key.holders = key.holders.saturating_add(1);
                // Writing the key's row keeps one device from being added twice at once.
                let mut writes = vec![view.update(stored.version, &key)?, view.require(&holder)?];
                writes.extend(view.new_share(&key, device)?);
                Ok(Plan::done(view.number_of(id)?, writes, key))
            },
            |number| self.replay(number),
        )
    }

    /// Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got before:
    /// [`rotate`](Self::rotate) the key if it should not. When no device is left, the key is destroyed.
    ///
    /// # Errors
    /// `key.owner` for a key of one device or of a group; `key.not_shared`; `key.destroyed`; `input.unknown_id`.
    pub fn unshare(&self, id: KeyId, device: DeviceId, call: &Call) -> Result<SymmetricKey> {
        let inner = self.inner;
        let content = [*id.as_bytes(), *device.as_bytes()].concat();
        let operation = Operation { action: "key.unshare", content: &content };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<SymmetricKey, _>(id)?;
                check_shared(&stored)?;
                if stored.state == KeyState::Destroyed {
                    return Err(KeyError::Destroyed.into());
                }
                let share = inner.share_of(id, device)?.ok_or(KeyError::NotShared)?;
                let (mut writes, key) = view.withdrawal(&share, &stored)?;
                let event = view.event("key.unshare", Entity::Device(device), Some(Entity::Key(id)), None)?;
                writes.push(event);
                Ok(Plan::done(view.number_of(id)?, writes, key))
            },
            |number| self.replay(number),
        )
    }

    /// The devices that hold a key: the one that owns it, those that share it in the order in which they came, or the members of
    /// its group. Nobody holds a destroyed key.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn holders(&self, id: KeyId) -> Result<Vec<DeviceId>> {
        let inner = self.inner;
        let key = self.record(id)?;
        match (key.owner, key.device, key.group) {
            _ if key.state == KeyState::Destroyed => Ok(Vec::new()),
            (KeyOwner::Device, device, _) => Ok(device.into_iter().collect()),
            (KeyOwner::Group, _, Some(group)) => {
                let mut members = Vec::new();
                let mut wanted = Wanted::default().eq("group", group.to_value(&inner.ids));
                let living = [DeviceState::Discovered, DeviceState::Valid, DeviceState::Invalid];
                wanted.and("state", Match::In(living.iter().map(|state| Value::Int(state.number())).collect()));
                inner.scan::<Device>(&wanted, |device| {
                    members.push(device.id);
                    Ok(())
                })?;
                Ok(members)
            }
            _ => Ok(inner.shares_of(id)?.into_iter().filter_map(|share| share.device).collect()),
        }
    }
}

impl Inner {
    /// Who holds a key that is not one device's own.
    pub(super) fn shares_of(&self, key: KeyId) -> Result<Vec<Stored<KeyShare>>> {
        let mut shares = Vec::new();
        self.scan::<KeyShare>(&Wanted::default().eq("of", key.to_value(&self.ids)), |share| {
            shares.push(share);
            Ok(())
        })?;
        Ok(shares)
    }

    /// That a device shares a key, if it does.
    pub(super) fn share_of(&self, key: KeyId, device: DeviceId) -> Result<Option<Stored<KeyShare>>> {
        let wanted = Wanted::default().eq("device", device.to_value(&self.ids)).eq("of", key.to_value(&self.ids));
        let mut found = None;
        self.scan::<KeyShare>(&wanted, |share| {
            found = Some(share);
            Ok(())
        })?;
        Ok(found)
    }
}

//! Keys follow what becomes of devices and groups.

use crate::Result;
use crate::error::GroupError;
use crate::id::{DeviceId, GroupId};
use crate::model::{Group, KeyOwner, KeyShare, KeyState, SymmetricKey};
use crate::registry::Inner;
use crate::registry::driver::View;
use crate::registry::page::Wanted;
use crate::store::record::{Cell, Stored, at, read};
use crate::store::{Match, Value, Write};

/// The states of keys that have values.
fn living() -> Match {
    let states = [KeyState::Active, KeyState::Suspended, KeyState::Compromised];
    Match::In(states.iter().map(|state| Value::Int(state.number())).collect())
}

impl Inner {
    /// The keys that a device owns alone, destroyed ones apart.
    fn own_keys(&self, device: DeviceId) -> Result<Vec<Stored<SymmetricKey>>> {
        let mut wanted = Wanted::default().eq("device", device.to_value(&self.ids));
        wanted.and("owner", Match::Eq(KeyOwner::Device.to_value(&self.ids)));
        wanted.and("state", living());
        let mut own = Vec::new();
        self.scan::<SymmetricKey>(&wanted, |key| {
            own.push(key);
            Ok(())
        })?;
        Ok(own)
    }

    /// The shares that `wanted` describes, with their keys.
    fn shared_keys(&self, wanted: &Wanted) -> Result<Vec<(Stored<KeyShare>, Stored<SymmetricKey>)>> {
        let mut shares = Vec::new();
        self.scan::<KeyShare>(wanted, |share| {
            shares.push(share);
            Ok(())
        })?;
        let rows = shares.iter().map(|share| Ok(at::<SymmetricKey>(self.ids.number(share.of)?)));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let mut found = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(1_000) {
            found.extend(self.store()?.get(chunk)?);
        }
        let mut keys = Vec::with_capacity(shares.len());
        for (share, row) in shares.into_iter().zip(found) {
            if let Some(key) = read::<SymmetricKey>(row, &self.ids)? {
                keys.push((share, key));
            }
        }
        Ok(keys)
    }

    /// All keys that a device in `group` holds (NEC-28): its own, those that it shares with others, and its group's.
    pub(in crate::registry) fn keys_of(&self, device: DeviceId, group: Option<GroupId>) -> Result<Vec<SymmetricKey>> {
        let mut keys: Vec<_> = self.own_keys(device)?.into_iter().map(|key| key.record).collect();
        let mut wanted = vec![Wanted::default().eq("device", device.to_value(&self.ids))];
        wanted.extend(group.map(|group| Wanted::default().eq("group", group.to_value(&self.ids))));
        for wanted in wanted {
            keys.extend(self.shared_keys(&wanted)?.into_iter().map(|(_, key)| key.record));
        }
        Ok(keys)
    }
}

impl View<'_> {
    /// The writes by which a device that is being deleted loses its keys: its own are destroyed; those that it shares go on
    /// without it, or are destroyed if nobody else has them.
    pub(in crate::registry) fn drop_keys(&self, device: DeviceId) -> Result<Vec<Write>> {
        let inner = self.registry;
        let mut writes = Vec::new();
        for key in inner.own_keys(device)? {
            writes.extend(self.destruction(&key)?.0);
        }
        let wanted = Wanted::default().eq("device", device.to_value(&inner.ids));
        for (share, key) in inner.shared_keys(&wanted)? {
            writes.extend(self.withdrawal(&share, &key)?.0);
        }
        Ok(writes)
    }

    /// The writes by which a device does not share a key any more, but for the event about the device. Without anybody left, the
    /// key is destroyed.
    pub(super) fn withdrawal(
        &self,
        share: &Stored<KeyShare>,
        key: &Stored<SymmetricKey>,
    ) -> Result<(Vec<Write>, SymmetricKey)> {
        if key.holders <= 1 {
            // The share goes with the key.
            return self.destruction(key);
        }
        let mut record = key.record.clone();
        record.forget_ended(self.now);
        record.holders -= 1;
        if record.device == share.device {
            let mut others = self.registry.shares_of(record.id)?.into_iter().filter_map(|other| other.record.device);
            record.device = others.find(|other| Some(*other) != share.device);
        }
        Ok((vec![self.delete(share)?, self.update(key.version, &record)?], record))
    }

    /// The writes by which a device's own keys move to another group with it.
    pub(in crate::registry) fn move_keys(&self, device: DeviceId, group: Option<&Group>) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for key in self.registry.own_keys(device)? {
            let mut record = key.record.clone();
            record.group = group.map(|group| group.id);
            record.forget_ended(self.now);
            record = record.scheduled(group.and_then(|group| group.key_days));
            writes.push(self.update(key.version, &record)?);
        }
        Ok(writes)
    }

    /// That a group which is being deleted owns no key. One that it gets meanwhile counts as a member.
    pub(in crate::registry) fn check_owns_no_key(&self, group: GroupId) -> Result<()> {
        let inner = self.registry;
        match inner.first::<KeyShare>(Wanted::default().eq("group", group.to_value(&inner.ids)))? {
            Some(_) => Err(GroupError::HasKeys.into()),
            None => Ok(()),
        }
    }

    /// The writes that give a group's keys and its members' their new due dates.
    pub(in crate::registry) fn reschedule_keys(&self, group: &Group) -> Result<Vec<Write>> {
        let mut wanted = Wanted::default().eq("group", group.id.to_value(&self.registry.ids));
        wanted.and("state", living());
        let mut writes = Vec::new();
        self.registry.scan::<SymmetricKey>(&wanted, |key| {
            let mut record = key.record.clone().scheduled(group.key_days);
            if record.renew_at != key.renew_at {
                record.forget_ended(self.now);
                writes.push(self.update(key.version, &record)?);
            }
            Ok(())
        })?;
        Ok(writes)
    }
}

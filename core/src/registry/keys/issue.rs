//! Keys come to be.

use std::fmt;

use super::value::Place;
use super::{IssuedKey, Keys, check_days};
use crate::Result;
use crate::error::{Error, KeyError};
use crate::id::{DeviceId, GroupId, KeyId};
use crate::model::{Binding, Device, Entity, KeyOwner, KeyShare, KeyState, Owner, SymmetricKey};
use crate::registry::bindings::Tag;
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::numbers::BEYOND_DEVICES;
use crate::registry::{Bulk, Call, Inner};
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::read;
use crate::symmetric::{KeyMaterial, SymmetricAlgorithm};

/// Who is to own a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewKeyOwner {
    /// One device.
    Device(DeviceId),
    /// Several devices, each named (NEC-64); others can be added later, and these withdrawn.
    Devices(Vec<DeviceId>),
    /// A group: whoever is a member.
    Group(GroupId),
}

/// A symmetric key to be issued.
#[derive(Clone)]
pub struct NewKey {
    /// Whose it is to be.
    pub owner: NewKeyOwner,
    /// Of what kind.
    pub algorithm: SymmetricAlgorithm,
    /// Tells it apart from the other keys of its owner: 1 or more, never used twice, not even after the key was
    /// destroyed. By default the first one that was not used. Keys that several devices share are numbered under the first
    /// of them, apart from its own keys.
    pub number: Option<u32>,
    /// A value that exists already, in place of one that is made here.
    pub value: Option<Secret<Vec<u8>>>,
    /// After how many days it is due to be rotated, 1 to 36,525. By default the interval of its group counts; a key that
    /// several devices share belongs to none.
    pub renew_days: Option<u32>,
}

impl NewKey {
    /// A key of one device.
    pub const fn for_device(device: DeviceId, algorithm: SymmetricAlgorithm) -> Self {
        Self::owned_by(NewKeyOwner::Device(device), algorithm)
    }

    /// A key that several devices share.
    pub fn for_devices(devices: impl Into<Vec<DeviceId>>, algorithm: SymmetricAlgorithm) -> Self {
        Self::owned_by(NewKeyOwner::Devices(devices.into()), algorithm)
    }

    /// A key of a group.
    pub const fn for_group(group: GroupId, algorithm: SymmetricAlgorithm) -> Self {
        Self::owned_by(NewKeyOwner::Group(group), algorithm)
    }

    const fn owned_by(owner: NewKeyOwner, algorithm: SymmetricAlgorithm) -> Self {
        Self { owner, algorithm, number: None, value: None, renew_days: None }
    }

    /// With a number.
    #[must_use]
    pub const fn numbered(mut self, number: u32) -> Self {
        self.number = Some(number);
        self
    }

    /// With a value that exists already.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Secret<Vec<u8>>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Due every `days` days.
    #[must_use]
    pub const fn renewed_every(mut self, days: u32) -> Self {
        self.renew_days = Some(days);
        self
    }

    fn content(&self, inner: &Inner) -> Vec<u8> {
        let Self { owner, algorithm, number, value, renew_days } = self;
        let mut content = format!("{owner:?} {algorithm} {number:?} {renew_days:?} ").into_bytes();
        content.extend(inner.value_tag(value.as_ref()));
        content
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("owner", &self.owner).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Keys<'_> {
    /// Issues a symmetric key (NEC-9). Its value stays here until [`get`](Self::get) or `deliver` hands it out.
    ///
    /// # Errors
    /// `key.size` for a value of any other size than the algorithm's; `key.number_taken`; the state of a device that is to
    /// hold it (`device.disabled` ...); `input.invalid`, `input.unknown_id`.
    pub fn issue(&self, new: &NewKey, call: &Call) -> Result<SymmetricKey> {
        let content = new.content(self.inner);
        let operation = Operation { action: "key.issue", content: &content };
        self.inner.change(call, operation, |view| plan(view, new), |number| self.replay(number))
    }

    /// Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its number
    /// if all or none are to be issued.
    ///
    /// # Errors
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    pub fn issue_many(&self, new: &[NewKey], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<SymmetricKey>>> {
        let inner = self.inner;
        let many = Many {
            action: "key.issue",
            content: &|new: &NewKey| new.content(inner),
            plan: &|view, new| plan(view, new),
            replay: &|number| self.replay(number),
        };
        inner.change_many(call, new, bulk, &many)
    }

    pub(super) fn replay(&self, number: u64) -> Result<SymmetricKey> {
        self.record(self.inner.ids.id(number))
    }
}

/// Who owns a key that is being issued.
enum NewOwner<'a> {
    Device(&'a Device),
    Shared(DeviceId, u32),
    Group(GroupId),
}

impl Inner {
    /// What stands for a brought value in the content of a request.
    pub(super) fn value_tag(&self, value: Option<&Secret<Vec<u8>>>) -> Vec<u8> {
        value.map_or_else(Vec::new, |value| self.tags.bytes("key value", &[value.expose()]))
    }

    fn number_tag(&self, kind: KeyOwner, owner: &[u8; 16], number: u32) -> Tag {
        let parts: [&[u8]; 3] = [kind.name().as_bytes(), owner, &number.to_be_bytes()];
        let (key, check) = self.tags.digest("key number", &parts);
        Tag { key, check }
    }
}

fn plan(view: &View<'_>, new: &NewKey) -> Result<Plan<'static, SymmetricKey>> {
    let mut writes = Vec::new();
    let key = match &new.owner {
        NewKeyOwner::Device(id) => {
            let device = view.get::<Device, _>(*id)?;
            device.check_valid()?;
            writes.push(view.require(&device)?);
            writes.push(view.gains(*id)?);
            view.new_key(&NewOwner::Device(&device), new, &mut writes)?.0
        }
        NewKeyOwner::Devices(ids) => {
            let [first, ..] = ids.as_slice() else {
                return Err(Error::input("devices", "is empty; name those that share the key"));
            };
            let holders = u32::try_from(ids.len()).map_err(|_| Error::input("devices", "is too long"))?;
            let mut sorted = ids.clone();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(KeyError::AlreadyShared.into());
            }
            let key = view.new_key(&NewOwner::Shared(*first, holders), new, &mut writes)?.0;
            for id in ids {
                let device = view.get::<Device, _>(*id)?;
                device.check_valid()?;
                writes.push(view.require(&device)?);
                writes.extend(view.new_share(&key, *id)?);
            }
            key
        }
        NewKeyOwner::Group(id) => {
            let key = view.new_key(&NewOwner::Group(*id), new, &mut writes)?.0;
            let share = KeyShare {
                key: view.number::<KeyShare>()?,
                of: key.id,
                device: None,
                group: Some(*id),
                since: view.now,
            };
            writes.push(view.insert(&share)?);
            // It counts as a member, so that the group is not deleted as long as it owns a key.
            writes.push(view.members(*id, 1)?);
            key
        }
    };
    Ok(Plan::done(view.number_of(key.id)?, writes, key))
}

impl View<'_> {
    /// A new device's first key and its writes, the event among them. That the device is as it was read is for the
    /// caller to require. The value is released with the answer, so it counts as delivered.
    pub(in crate::registry) fn plan_first_key(
        &self,
        device: &Device,
        algorithm: SymmetricAlgorithm,
    ) -> Result<(Vec<Write>, IssuedKey)> {
        let mut writes = Vec::new();
        let new = NewKey::for_device(device.id, algorithm).numbered(1);
        let (mut key, value) = self.new_key(&NewOwner::Device(device), &new, &mut writes)?;
        key.delivered = Some(key.version);
        // The row is among the writes without the delivery.
        if let Some(row) = writes.first_mut() {
            *row = self.insert(&key)?;
        }
        Ok((writes, IssuedKey::new(key, 1, &value)))
    }

    /// A new key with its value; its row is the first of the writes.
    fn new_key(
        &self,
        owner: &NewOwner<'_>,
        new: &NewKey,
        writes: &mut Vec<Write>,
    ) -> Result<(SymmetricKey, KeyMaterial)> {
        let inner = self.registry;
        if let Some(days) = new.renew_days {
            check_days("renew_days", days)?;
        }
        let value = self.key_value(new.algorithm, new.value.as_ref())?;
        let (kind, whose, device, group, holders) = match owner {
            NewOwner::Device(device) => (KeyOwner::Device, *device.id.as_bytes(), Some(device.id), device.group, 1),
            NewOwner::Shared(first, holders) => (KeyOwner::Shared, *first.as_bytes(), Some(*first), None, *holders),
            NewOwner::Group(group) => (KeyOwner::Group, *group.as_bytes(), None, Some(*group), 0),
        };
        let (row, number, tag) = self.free_number(kind, &whose, device, new.number)?;
        let id: KeyId = inner.ids.id(row);
        let version = match owner {
            NewOwner::Device(device) if row < BEYOND_DEVICES => self.first_version(device)?,
            _ => 1,
        };
        let mut key = SymmetricKey {
            id,
            owner: kind,
            device,
            group,
            holders,
            number,
            algorithm: new.algorithm,
            state: KeyState::Active,
            version,
            issued: self.now,
            renew_days: new.renew_days,
            renew_at: None,
            previous_version: None,
            previous_until: None,
            delivered: None,
            campaign: None,
            value: None,
            previous: None,
        };
        let (days, unchanged) = self.group_interval(&key)?;
        key = key.scheduled(days);
        key.value = Some(inner.seal_key(&key, Place::Current, key.version, &value)?);
        let mut own = vec![self.insert(&key)?];
        own.extend(tag.map(|tag| self.bind(tag, Owner::Key(id))).transpose()?);
        own.extend(unchanged);
        own.push(self.key_event("key.issue", &key, Some(key.algorithm.name().to_owned()))?);
        writes.splice(0..0, own);
        Ok((key, value))
    }

    /// Where a new key goes: its row, its number, and where the number is to be bound. A device's first key needs no binding,
    /// since its row can be taken only once.
    fn free_number(
        &self,
        kind: KeyOwner,
        owner: &[u8; 16],
        device: Option<DeviceId>,
        wanted: Option<u32>,
    ) -> Result<(u64, u32, Option<Tag>)> {
        let first = match (kind, device) {
            (KeyOwner::Device, Some(device)) => Some(self.number_of(device)?),
            _ => None,
        };
        match wanted {
            Some(0) => return Err(Error::input("number", "is 0; numbers count from 1")),
            Some(1) | None => {
                if let Some(row) = first {
                    if self.find::<SymmetricKey>(row)?.is_none() {
                        return Ok((row, 1, None));
                    } else if wanted.is_some() {
                        return Err(KeyError::NumberTaken.into());
                    }
                }
            }
            Some(_) => {}
        }
        let inner = self.registry;
        let (number, tag) = match wanted {
            Some(number) => {
                let tag = inner.number_tag(kind, owner, number);
                if self.bound(tag)?.is_some() {
                    return Err(KeyError::NumberTaken.into());
                }
                (number, tag)
            }
            None => self.first_free(kind, owner, if first.is_some() { 2 } else { 1 })?,
        };
        Ok((BEYOND_DEVICES | self.number::<SymmetricKey>()?, number, Some(tag)))
    }

    /// The first number from `from` on that no key of the owner ever had.
    fn first_free(&self, kind: KeyOwner, owner: &[u8; 16], from: u32) -> Result<(u32, Tag)> {
        let inner = self.registry;
        let (mut from, mut step) = (from, 4_u32);
        loop {
            let until = from.checked_add(step).ok_or(KeyError::NumberTaken)?;
            let tags: Vec<(u32, Tag)> = (from..until).map(|n| (n, inner.number_tag(kind, owner, n))).collect();
            let rows: Vec<_> = tags.iter().map(|(_, tag)| tag.row()).collect();
            for (found, row) in tags.into_iter().zip(inner.store()?.get(&rows)?) {
                match read::<Binding>(row, &inner.ids)? {
                    Some(bound) if bound.check == found.1.check => {}
                    _ => return Ok(found),
                }
            }
            (from, step) = (until, (step * 2).min(512));
        }
    }

    /// The writes by which a device comes to share a key.
    pub(super) fn new_share(&self, key: &SymmetricKey, device: DeviceId) -> Result<[Write; 3]> {
        let share = KeyShare {
            key: self.number::<KeyShare>()?,
            of: key.id,
            device: Some(device),
            group: None,
            since: self.now,
        };
        let event = self.event("key.share", Entity::Device(device), Some(Entity::Key(key.id)), None)?;
        Ok([self.insert(&share)?, self.gains(device)?, event])
    }
}

//! The handle for symmetric keys.

mod deliver;
mod fleet;
mod issue;
mod read;
mod rotate;
mod share;
mod state;
mod value;

pub use issue::{NewKey, NewKeyOwner};
pub use read::{IssuedKey, KeyMatch};
pub use rotate::RotateKey;

use super::Inner;
use super::driver::View;
use super::page::{Listing, Page, Wanted};
use crate::Result;
use crate::error::Error;
use crate::id::{DeviceId, GroupId, KeyId};
use crate::model::{Entity, Group, KeyOwner, KeyState, SymmetricKey};
use crate::store::record::Cell;
use crate::store::{Match, Value, Write};
use crate::symmetric::SymmetricAlgorithm;

/// Which symmetric keys to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Owned by this device, or issued to several of which it is the first.
    /// [`credentials`](crate::Devices::credentials) names all keys that a device holds.
    pub device: Option<DeviceId>,
    /// Owned by this group or by one of its members.
    pub group: Option<GroupId>,
    /// With this kind of owner.
    pub owner: Option<KeyOwner>,
    /// Of this algorithm.
    pub algorithm: Option<SymmetricAlgorithm>,
    /// In one of these states; empty for all, destroyed ones included.
    pub states: Vec<KeyState>,
    /// With this number among its owner's keys.
    pub number: Option<u32>,
}

/// Symmetric keys: AES and TWINE, with a number among their owner's keys and versions that follow each other.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, NewDevice, NewKey, RotateKey, SymmetricAlgorithm};
/// let call = Call::by("admin");
/// let meter = registry.devices().register(&NewDevice::named("meter-1"), &call)?;
/// let key = registry.keys().issue(&NewKey::for_device(meter.id, SymmetricAlgorithm::Twine80), &call)?;
/// assert_eq!((key.number, key.version), (1, 1));
///
/// let first = registry.keys().get(key.id, None, &call)?;
/// assert_eq!(first.value.expose().len(), 10);
///
/// // For a week, what the first version encrypted can still be read.
/// let key = registry.keys().rotate(key.id, &RotateKey::with_grace(7), &call)?;
/// assert_eq!(key.version, 2);
/// assert_eq!(registry.keys().get(key.id, Some(1), &call)?.value.expose(), first.value.expose());
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Keys<'r> {
    inner: &'r Inner,
}

impl<'r> Keys<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The record of a key, without its values.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn record(&self, id: KeyId) -> Result<SymmetricKey> {
        Ok(self.inner.get_record::<SymmetricKey, _>(id)?.record)
    }

    fn wanted(&self, filter: &KeyFilter) -> Wanted {
        let ids = &self.inner.ids;
        let mut wanted = Wanted::default();
        if let Some(device) = filter.device {
            wanted.and("device", Match::Eq(device.to_value(ids)));
        }
        if let Some(group) = filter.group {
            wanted.and("group", Match::Eq(group.to_value(ids)));
        }
        if let Some(owner) = filter.owner {
            wanted.and("owner", Match::Eq(owner.to_value(ids)));
        }
        if let Some(algorithm) = filter.algorithm {
            wanted.and("algorithm", Match::Eq(algorithm.to_value(ids)));
        }
        if !filter.states.is_empty() {
            wanted.and("state", Match::In(filter.states.iter().map(|state| Value::Int(state.number())).collect()));
        }
        if let Some(number) = filter.number {
            wanted.and("number", Match::Eq(Value::Int(number.into())));
        }
        wanted
    }

    /// The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
    /// others in the order in which they were issued.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &KeyFilter, page: &Page) -> Result<Listing<SymmetricKey>> {
        self.inner.list(self.wanted(filter), page)
    }

    /// How many keys match.
    ///
    /// # Errors
    /// Store errors.
    pub fn count(&self, filter: &KeyFilter) -> Result<u64> {
        Ok(self.inner.tally::<SymmetricKey>(self.wanted(filter), None, None)?.first().map_or(0, |(_, count)| *count))
    }
}

/// Whom an event about a key is about, and what else it concerns: the owner and the key, or the key alone when several
/// devices share it.
fn parties(key: &SymmetricKey) -> (Entity, Option<Entity>) {
    let itself = Entity::Key(key.id);
    match (key.owner, key.device, key.group) {
        (KeyOwner::Device, Some(device), _) => (Entity::Device(device), Some(itself)),
        (KeyOwner::Group, _, Some(group)) => (Entity::Group(group), Some(itself)),
        _ => (itself, None),
    }
}

/// Days within which something is due or kept.
fn check_days(field: &str, days: u32) -> Result<u32> {
    if (1..=36_525).contains(&days) { Ok(days) } else { Err(Error::input(field, "is not within 1 to 36525")) }
}

impl View<'_> {
    /// An event about a key.
    fn key_event(&self, action: &'static str, key: &SymmetricKey, detail: Option<String>) -> Result<Write> {
        let (subject, object) = parties(key);
        self.event(action, subject, object, detail)
    }

    /// The interval that a key takes from its group, if it has none of its own, and that the group is as it was read.
    fn group_interval(&self, key: &SymmetricKey) -> Result<(Option<u32>, Option<Write>)> {
        match key.group {
            Some(group) if key.renew_days.is_none() || key.owner == KeyOwner::Group => {
                let group = self.get::<Group, _>(group)?;
                Ok((group.key_days, Some(self.require(&group)?)))
            }
            _ => Ok((None, None)),
        }
    }
}

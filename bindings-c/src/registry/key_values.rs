//! Symmetric keys as C sees them.

use tegata::model::{KeyOwner, KeyState, KeyVersion, SymmetricKey, VersionState};
use tegata::symmetric::SymmetricAlgorithm;
use tegata::{IssuedKey, KeyFilter, KeyMatch, NewKey, NewKeyOwner, RotateKey};

use crate::number::same_variants;
use crate::registry::prelude::*;
use crate::value::symmetric::tegata_symmetric_algorithm;

/// Where a symmetric key stands.
#[repr(C)]
pub enum tegata_key_state {
    /// It may be used.
    Active = 1,
    /// It may not be used for now.
    Suspended = 2,
    /// It must not be trusted any more: its values can be asked for by their version, to read old data, until it is rotated or
    /// destroyed.
    Compromised = 3,
    /// Gone: all values are erased, only the record remains.
    Destroyed = 4,
}
same_variants!(tegata_key_state = KeyState { Active, Suspended, Compromised, Destroyed });

/// What kind of owner a symmetric key has.
#[repr(C)]
pub enum tegata_key_owner {
    /// One device.
    Device = 1,
    /// Several devices, each added by name.
    Shared = 2,
    /// A group: whoever is a member.
    Group = 3,
}
same_variants!(tegata_key_owner = KeyOwner { Device, Shared, Group });

/// Where one version of a symmetric key stands.
#[repr(C)]
pub enum tegata_version_state {
    /// The one to use.
    Current = 1,
    /// The one before: still good for reading until its grace period ends.
    Previous = 2,
    /// Erased.
    Destroyed = 3,
    /// Not to be trusted.
    Compromised = 4,
}
same_variants!(tegata_version_state = VersionState { Current, Previous, Destroyed, Compromised });

/// A symmetric key, without its values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_symmetric_key {
    /// Names the key through all its versions.
    pub id: *const c_char,
    /// What kind of owner it has.
    pub owner: Number<tegata_key_owner>,
    /// The device that owns it, or the first of several; NULL for a group's key.
    pub device: *const c_char,
    /// The group that owns it, or the group of the device that owns it; NULL when several devices share it or there is none.
    pub group: *const c_char,
    /// How many devices share it, when each was added by name.
    pub holders: u32,
    /// Tells the keys of one owner apart; another thing than the version.
    pub number: u32,
    /// Of what kind its current value is.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// Its state.
    pub state: Number<tegata_key_state>,
    /// The current version: 1 at first, one more at each rotation.
    pub version: u32,
    /// When the current version was made.
    pub issued: i64,
    /// After how many days it is due to be rotated; NULL follows the group's interval.
    pub renew_days: *const u32,
    /// When it is due to be rotated; NULL when it never is.
    pub renew_at: *const i64,
    /// The version before, while its value is kept; NULL otherwise.
    pub previous_version: *const u32,
    /// Until when the version before is kept; NULL otherwise.
    pub previous_until: *const i64,
    /// The newest version that was handed out to a device; NULL when none was.
    pub delivered: *const u32,
    /// The campaign that asks for its rotation; NULL when none does.
    pub campaign: *const c_char,
}

impl ToC for SymmetricKey {
    type C = tegata_symmetric_key;

    fn to_c(&self, arena: &mut Arena) -> tegata_symmetric_key {
        tegata_symmetric_key {
            id: arena.shown(self.id),
            owner: self.owner.into(),
            device: arena.maybe_shown(self.device),
            group: arena.maybe_shown(self.group),
            holders: self.holders,
            number: self.number,
            algorithm: self.algorithm.into(),
            state: self.state.into(),
            version: self.version,
            issued: self.issued.unix(),
            renew_days: arena.maybe(self.renew_days),
            renew_at: arena.maybe(self.renew_at.map(Timestamp::unix)),
            previous_version: arena.maybe(self.previous_version),
            previous_until: arena.maybe(self.previous_until.map(Timestamp::unix)),
            delivered: arena.maybe(self.delivered),
            campaign: arena.maybe_shown(self.campaign),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_symmetric_key_free(symmetric_key: *const tegata_symmetric_key) {
    free_record(symmetric_key);
}

/// A page of them.
pub type tegata_symmetric_key_list = List<tegata_symmetric_key>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_symmetric_key_list_free(list: *const tegata_symmetric_key_list) {
    free_record(list);
}

/// What became of the items of a bulk call.
pub type tegata_symmetric_key_results = Results<tegata_symmetric_key>;

/// Frees results, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_symmetric_key_results_free(results: *const tegata_symmetric_key_results) {
    free_record(results);
}

/// One version of a symmetric key, without its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_version {
    /// Which version.
    pub version: u32,
    /// Of what kind its value is or was.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// Where it stands.
    pub state: Number<tegata_version_state>,
    /// When it was made.
    pub issued: i64,
    /// When it stopped being the current one; NULL while it is.
    pub ended: *const i64,
    /// Until when its value is kept, while it is the version before the current one; NULL otherwise.
    pub kept_until: *const i64,
}

impl ToC for KeyVersion {
    type C = tegata_key_version;

    fn to_c(&self, arena: &mut Arena) -> tegata_key_version {
        tegata_key_version {
            version: self.version,
            algorithm: self.algorithm.into(),
            state: self.state.into(),
            issued: self.issued.unix(),
            ended: arena.maybe(self.ended.map(Timestamp::unix)),
            kept_until: arena.maybe(self.kept_until.map(Timestamp::unix)),
        }
    }
}

/// All versions of a key.
pub type tegata_key_version_list = List<tegata_key_version>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_key_version_list_free(list: *const tegata_key_version_list) {
    free_record(list);
}

/// Which version of a key was presented.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_match {
    /// Which version.
    pub version: u32,
    /// Where it stands.
    pub state: Number<tegata_version_state>,
}

impl ToC for KeyMatch {
    type C = tegata_key_match;

    fn to_c(&self, _: &mut Arena) -> tegata_key_match {
        tegata_key_match { version: self.version, state: self.state.into() }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_key_match_free(key_match: *const tegata_key_match) {
    free_record(key_match);
}

/// A symmetric key with a value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issued_key {
    /// Its record.
    pub key: *const tegata_symmetric_key,
    /// Which version the value is of.
    pub version: u32,
    /// Of what kind that version is; a rotation may change the kind.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// The value, as many octets as the algorithm's keys have; erased when freed.
    pub value: tegata_bytes,
}

impl ToC for IssuedKey {
    type C = tegata_issued_key;

    fn to_c(&self, arena: &mut Arena) -> tegata_issued_key {
        arena.holds_a_secret();
        tegata_issued_key {
            key: arena.record(&self.key),
            version: self.version,
            algorithm: self.algorithm.into(),
            value: arena.bytes(self.value.expose()),
        }
    }
}

/// Frees one that a function gave you; NULL is fine. The value is erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_key_free(issued_key: *const tegata_issued_key) {
    free_record(issued_key);
}

/// What became of the items of a bulk call.
pub type tegata_issued_key_results = Results<tegata_issued_key>;

/// Frees results, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_key_results_free(results: *const tegata_issued_key_results) {
    free_record(results);
}

/// The devices that share a key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_holders {
    /// Their IDs.
    pub devices: tegata_texts,
}

impl ToC for [DeviceId] {
    type C = tegata_holders;

    fn to_c(&self, arena: &mut Arena) -> tegata_holders {
        tegata_holders { devices: arena.texts(self.iter().map(ToString::to_string)) }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_holders_free(holders: *const tegata_holders) {
    free_record(holders);
}

/// A symmetric key to be issued.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_key {
    /// `sizeof(tegata_new_key)`.
    pub size: usize,
    /// The devices that are to own it, by their IDs: one, or several with `shared`. Empty for a group's key.
    pub devices: tegata_texts,
    /// Whether others can be added to the devices later, and these withdrawn. A must for more than one.
    pub shared: bool,
    /// The group that is to own it. NULL for devices' keys.
    pub group: *const c_char,
    /// Of what kind.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// Tells it apart from the other keys of its owner: 1 or more, never used twice. NULL for the first one that was not used.
    pub number: *const u32,
    /// A value that exists already, in place of one that is made here. May be left out (NULL).
    pub value: tegata_bytes,
    /// After how many days it is due to be rotated, 1 to 36,525; NULL follows the group's interval.
    pub renew_days: *const u32,
}
growing!(tegata_new_key);

impl ToCore for tegata_new_key {
    type Core = NewKey;

    fn to_core(&self) -> Result<NewKey> {
        let devices = self.devices.strings("devices")?;
        let devices = devices.iter().map(|id| id.parse()).collect::<Result<Vec<DeviceId>>>()?;
        let owner = match (devices.as_slice(), maybe_parsed(self.group, "group")?, self.shared) {
            ([], Some(group), false) => NewKeyOwner::Group(group),
            ([device], None, false) => NewKeyOwner::Device(*device),
            (_, None, true) => NewKeyOwner::Devices(devices),
            _ => return Err(invalid("new_key", "needs one device, several with `shared`, or a group as its owner")),
        };
        Ok(NewKey {
            owner,
            algorithm: self.algorithm.core("algorithm")?,
            number: optional(self.number).copied(),
            value: self.value.optional("value")?.map(|value| Secret::new(value.to_vec())),
            renew_days: optional(self.renew_days).copied(),
        })
    }
}

/// How a key is rotated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_rotate_key {
    /// `sizeof(tegata_rotate_key)`.
    pub size: usize,
    /// How many days the version before is kept, at most 36,525. With 0 it is destroyed at once.
    pub grace_days: u32,
    /// Another algorithm from now on, such as a stronger one; 0 for the same.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// A value that exists already, in place of one that is made here. May be left out (NULL).
    pub value: tegata_bytes,
}
growing!(tegata_rotate_key);

impl ToCore for tegata_rotate_key {
    type Core = RotateKey;

    fn to_core(&self) -> Result<RotateKey> {
        let algorithm: Option<SymmetricAlgorithm> = self.algorithm.optional("algorithm")?;
        Ok(RotateKey {
            grace_days: self.grace_days,
            algorithm,
            value: self.value.optional("value")?.map(|value| Secret::new(value.to_vec())),
        })
    }
}

/// Which symmetric keys to list. What is left out (NULL, 0) does not matter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_filter {
    /// `sizeof(tegata_key_filter)`.
    pub size: usize,
    /// That this device may use: its own, and those that it shares.
    pub device: *const c_char,
    /// Of this group and of devices in it.
    pub group: *const c_char,
    /// With this kind of owner.
    pub owner: Number<tegata_key_owner>,
    /// Of this algorithm.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// In one of these states; all, destroyed ones included, when there are none.
    pub states: *const Number<tegata_key_state>,
    /// How many states.
    pub states_len: usize,
    /// With this number.
    pub number: *const u32,
}
growing!(tegata_key_filter);

impl ToCore for tegata_key_filter {
    type Core = KeyFilter;

    fn to_core(&self) -> Result<KeyFilter> {
        let states = slice(self.states, self.states_len, "states")?;
        Ok(KeyFilter {
            device: maybe_parsed(self.device, "device")?,
            group: maybe_parsed(self.group, "group")?,
            owner: self.owner.optional("owner")?,
            algorithm: self.algorithm.optional("algorithm")?,
            states: states.iter().map(|state| state.core("states")).collect::<Result<_>>()?,
            number: optional(self.number).copied(),
        })
    }
}

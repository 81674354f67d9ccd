//! Keys are read and compared.

use super::Keys;
use super::value::Place;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, KeyError, StoreError};
use crate::id::{KeyId, SymmetricKeyKind};
use crate::model::{EndedVersion, KeyState, KeyVersion, SymmetricKey, VersionState};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::numbers::BEYOND_DEVICES;
use crate::registry::page::Wanted;
use crate::registry::{Bulk, Call, Inner};
use crate::secret::Secret;
use crate::store::record::{Cell, Record};
use crate::symmetric::{CheckMethod, CheckValue, KeyMaterial, SymmetricAlgorithm};

/// A key with the value of one of its versions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedKey {
    /// Its record.
    pub key: SymmetricKey,
    /// Which version the value is of.
    pub version: u32,
    /// Of what kind that version is; a rotation may change the kind.
    pub algorithm: SymmetricAlgorithm,
    /// The value: as many octets as the algorithm's keys have.
    pub value: Secret<Vec<u8>>,
}

/// Which version of a key was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyMatch {
    /// The version.
    pub version: u32,
    /// Where it stands: current, previous or compromised.
    pub state: VersionState,
}

impl IssuedKey {
    pub(super) fn new(key: SymmetricKey, version: u32, value: &KeyMaterial) -> Self {
        Self { key, version, algorithm: value.algorithm(), value: Secret::new(value.expose().to_vec()) }
    }
}

impl Keys<'_> {
    /// The value of a key: the current version's, or that of `version` while it is kept (NEC-10). Each read leaves an
    /// event; a repetition under the same request ID brings the same value. The states of the devices that hold the key
    /// are not looked at: this is for the side of the server. What devices get goes through `deliver`.
    ///
    /// # Errors
    /// `key.suspended`, `key.destroyed`; `key.compromised` unless a version is named, so that old data can be read;
    /// `key.version_unknown`; `key.version_destroyed` after its grace period; `input.unknown_id`.
    pub fn get(&self, id: KeyId, version: Option<u32>, call: &Call) -> Result<IssuedKey> {
        let content = read_content(id, version);
        let operation = Operation { action: "key.read", content: &content };
        self.inner.change(call, operation, |view| plan_read(view, id, version), |number| self.inner.issued_key(number))
    }

    /// The current values of many keys, with a result per item in their order (NEC-14) and an event for each.
    ///
    /// # Errors
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    pub fn get_many(&self, ids: &[KeyId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<IssuedKey>>> {
        let inner = self.inner;
        let many = Many {
            action: "key.read",
            content: &|id: &KeyId| read_content(*id, None),
            plan: &|view, id| plan_read(view, *id, None),
            replay: &|number| inner.issued_key(number),
        };
        inner.change_many(call, ids, bulk, &many)
    }

    /// Whether `presented` is the key, and which version of it (NEC-13): the current one or, in its grace period, the
    /// one before. `None` for any other value, and for whatever is presented of a suspended or destroyed key. Of a compromised
    /// key the answer says so. It takes as long for a wrong value as for a right one. The states of devices are not looked at.
    ///
    /// # Errors
    /// `input.unknown_id`; `seal.` codes.
    pub fn verify(&self, id: KeyId, presented: &[u8]) -> Result<Option<KeyMatch>> {
        self.inner.matching(id, |value| Ok(value.matches(presented)))
    }

    /// Whether `presented` is the check value of the key, and of which version (NEC-13), as [`verify`](Self::verify) says. A check
    /// value has 24 or 40 bits: it shows a mistake, and proves nothing to somebody who may guess.
    ///
    /// # Errors
    /// `key.check_method` for a CMAC-based check value of a TWINE key; `input.unknown_id`; `seal.` codes.
    pub fn verify_check_value(&self, id: KeyId, presented: &CheckValue) -> Result<Option<KeyMatch>> {
        self.inner.matching(id, |value| Ok(value.check_value(presented.method())?.matches(presented)))
    }

    /// The check value of a key's current version, or of `version` while it is kept, to be compared with what a device
    /// shows.
    ///
    /// # Errors
    /// As [`get`](Self::get); `key.check_method` for [`CheckMethod::Cmac`] of a TWINE key.
    pub fn check_value(&self, id: KeyId, method: CheckMethod, version: Option<u32>) -> Result<CheckValue> {
        let key = self.record(id)?;
        let issued = self.inner.readable(&key, version, self.inner.now()?)?;
        KeyMaterial::from_bytes(issued.algorithm, issued.value.expose())?.check_value(method)
    }

    /// All versions that a key ever had, the oldest first: when each was made and ended, and where it stands.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn versions(&self, id: KeyId) -> Result<Vec<KeyVersion>> {
        let inner = self.inner;
        let key = self.record(id)?;
        let now = inner.now()?;
        let kept = key.previous_version.filter(|_| key.in_grace(now));
        let mut versions = Vec::new();
        inner.scan::<EndedVersion>(&Wanted::default().eq("of", id.to_value(&inner.ids)), |ended| {
            let ended = ended.record;
            let is_kept = kept == Some(ended.version);
            let state = match (key.state, is_kept) {
                (KeyState::Compromised, true) => VersionState::Compromised,
                _ if ended.compromised => VersionState::Compromised,
                (_, true) => VersionState::Previous,
                _ => VersionState::Destroyed,
            };
            versions.push(KeyVersion {
                version: ended.version,
                algorithm: ended.algorithm,
                state,
                issued: ended.issued,
                ended: Some(ended.ended),
                kept_until: key.previous_until.filter(|_| is_kept),
            });
            Ok(())
        })?;
        versions.sort_unstable_by_key(|version| version.version);
        if versions.last().is_none_or(|last| last.version < key.version) {
            let compromised = key.state == KeyState::Compromised;
            versions.push(KeyVersion {
                version: key.version,
                algorithm: key.algorithm,
                state: if compromised { VersionState::Compromised } else { VersionState::Current },
                issued: key.issued,
                ended: None,
                kept_until: None,
            });
        }
        Ok(versions)
    }
}

fn read_content(id: KeyId, version: Option<u32>) -> Vec<u8> {
    format!("{id} {version:?}").into_bytes()
}

fn plan_read(view: &View<'_>, id: KeyId, version: Option<u32>) -> Result<Plan<'static, IssuedKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    let issued = view.registry.readable(&stored.record, version, view.now)?;
    let detail = format!("version {}", issued.version);
    // What is destroyed while it is being read is not handed out.
    let writes = vec![view.require(&stored)?, view.key_event("key.read", &stored.record, Some(detail))?];
    Ok(Plan::done(result_of(view.number_of(id)?, issued.version), writes, issued))
}

/// A key's row and version in one number, for a request that is repeated: the row without the bit that most of them have,
/// which goes to the top, and 24 bits of version. Rows that lie so far up after many restores leave 14 bits of it, and say
/// so in the bit below the top. A version that does not fit leads to the current one.
pub(super) fn result_of(row: u64, version: u32) -> u64 {
    let (beyond, row) = (row / BEYOND_DEVICES, row % BEYOND_DEVICES);
    let (long, bits) = if row < 1 << 38 { (0, 24) } else { (LONG, 14) };
    (beyond << 63) | long | (row << bits) | u64::from(if version < 1 << bits { version } else { 0 })
}

/// Marks the long form of a row.
const LONG: u64 = 1 << 62;

fn row_and_version(result: u64) -> (u64, Option<u32>) {
    let bits = if result & LONG == 0 { 24 } else { 14 };
    let version = u32::try_from(result & ((1 << bits) - 1)).ok().filter(|version| *version > 0);
    let row = (result & (LONG - 1)) >> bits;
    (((result >> 63) * BEYOND_DEVICES) | row, version)
}

impl Inner {
    /// The first value of the key that a device with this number got when it was provisioned, as long as that is kept.
    pub(in crate::registry) fn first_key(&self, device: u64) -> Result<IssuedKey> {
        let key = self.get_record::<SymmetricKey, SymmetricKeyKind>(self.ids.id(device))?.record;
        self.readable(&key, Some(1), self.now()?)
    }

    /// The key and the value that an earlier request led to.
    pub(in crate::registry) fn issued_key(&self, result: u64) -> Result<IssuedKey> {
        let (row, version) = row_and_version(result);
        let key = self.get_record::<SymmetricKey, SymmetricKeyKind>(self.ids.id(row))?.record;
        self.readable(&key, version, self.now()?)
    }

    /// The value of a version that may be read.
    pub(super) fn readable(&self, key: &SymmetricKey, version: Option<u32>, now: Timestamp) -> Result<IssuedKey> {
        match (key.check_active(), version) {
            (Ok(()), _) | (Err(KeyError::Compromised), Some(_)) => {}
            (Err(refused), _) => return Err(refused.into()),
        }
        let version = version.unwrap_or(key.version);
        let place = if version == key.version {
            Place::Current
        } else if key.previous_version == Some(version) && key.in_grace(now) {
            Place::Previous
        } else if version == 0 || version > key.version {
            return Err(KeyError::VersionUnknown { version }.into());
        } else {
            return Err(KeyError::VersionDestroyed { version }.into());
        };
        let value = self.open_key(key, place)?.ok_or_else(|| missing(place))?;
        Ok(IssuedKey::new(key.clone(), version, &value))
    }

    /// The version that `is` says yes to.
    pub(super) fn matching(&self, id: KeyId, is: impl Fn(&KeyMaterial) -> Result<bool>) -> Result<Option<KeyMatch>> {
        let key = self.get_record::<SymmetricKey, _>(id)?.record;
        let compromised = match key.state {
            KeyState::Active => false,
            KeyState::Compromised => true,
            KeyState::Suspended | KeyState::Destroyed => return Ok(None),
        };
        let current = self.open_key(&key, Place::Current)?.ok_or_else(|| missing(Place::Current))?;
        let kept = key.in_grace(self.now()?);
        let previous = if kept { self.open_key(&key, Place::Previous)? } else { None };
        // Both are always compared.
        let is_current = is(&current);
        // The version before may be of another algorithm, which knows no such check value.
        let is_previous = previous.is_some_and(|previous| is(&previous).unwrap_or(false));
        let is_current = if is_previous { is_current.unwrap_or(false) } else { is_current? };
        let state = |state| if compromised { VersionState::Compromised } else { state };
        Ok(match (is_current, is_previous, key.previous_version) {
            (true, ..) => Some(KeyMatch { version: key.version, state: state(VersionState::Current) }),
            (_, true, Some(version)) => Some(KeyMatch { version, state: state(VersionState::Previous) }),
            _ => None,
        })
    }
}

/// The row of a key that is not destroyed has lost its value.
fn missing(place: Place) -> Error {
    StoreError::Corrupt { at: format!("{}.{}", SymmetricKey::TABLE.name, place.column()) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_result_leads_back_to_row_and_version(
            bits in 0_u32..48,
            n in 0..BEYOND_DEVICES,
            beyond: bool,
            version in 1_u32..1 << 24,
        ) {
            let n = n >> bits;
            let row = if beyond { BEYOND_DEVICES + n } else { n };
            let fits = n < 1 << 38 || version < 1 << 14;
            prop_assert_eq!(row_and_version(result_of(row, version)), (row, fits.then_some(version)));
            prop_assert_eq!(row_and_version(result_of(row, 1 << 24)), (row, None));
        }
    }
}

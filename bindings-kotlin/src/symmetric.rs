//! Symmetric keys, with a registry and without one.

use tegata::model::{KeyOwner, KeyState, VersionState};
use tegata::symmetric::{CheckMethod, CheckValue, SymmetricAlgorithm, WrapMethod, WrappedKey};
use tegata::{Call, CampaignId, DeviceId, GroupId, KeyFilter, KeyId, NewKey, NewKeyOwner, Page, RotateKey, Timestamp};

use crate::bulk::{Bulk, IssuedKeyOutcome, SymmetricKeyOutcome, each};
use crate::error::{Result, TegataError};
use crate::lists::SymmetricKeyListing;
use crate::values::{SecretBytes, twin};

/// Kinds of symmetric keys.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SymmetricAlgorithm {
    /// AES with a key of 128 bits.
    Aes128,
    /// AES with a key of 256 bits.
    Aes256,
    /// TWINE with a key of 80 bits.
    Twine80,
    /// TWINE with a key of 128 bits.
    Twine128,
}

/// How a check value is made.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CheckMethod {
    /// The first 5 octets of the CMAC of one block of zeros (ANSI X9.24-1); for AES.
    Cmac,
    /// The first 3 octets of the encryption of one block of zeros.
    EncryptedZero,
}

/// How a key is wrapped.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum WrapMethod {
    /// AES key wrap (RFC 3394) with a key of 256 bits.
    AesKw,
    /// AES key wrap with padding (RFC 5649) with a key of 256 bits.
    AesKwp,
}

/// Where a symmetric key stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum KeyState {
    /// It may be used.
    Active,
    /// It may not be used for now.
    Suspended,
    /// It must not be trusted any more: its values can be asked for by their version, until it is rotated or destroyed.
    Compromised,
    /// Gone: all values are erased, only the record remains.
    Destroyed,
}

/// What kind of owner a symmetric key has.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum KeyOwner {
    /// One device.
    Device,
    /// Several devices, each added by name.
    Shared,
    /// A group: whoever is a member.
    Group,
}

/// Where one version of a symmetric key stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum VersionState {
    /// The one to use.
    Current,
    /// The one before: still good for reading until its grace period ends.
    Previous,
    /// Erased.
    Destroyed,
    /// Not to be trusted.
    Compromised,
}

/// Who is to own a key.
#[uniffi::remote(Enum)]
pub enum NewKeyOwner {
    /// One device.
    Device(DeviceId),
    /// Several devices, each named; others can be added later, and these withdrawn.
    Devices(Vec<DeviceId>),
    /// A group: whoever is a member.
    Group(GroupId),
}

twin! {
    /// A symmetric key, without its values.
    SymmetricKey of tegata::model::SymmetricKey {
        /// Names the key through all its versions.
        id: KeyId,
        /// What kind of owner it has.
        owner: KeyOwner,
        /// The device that owns it, or the first of several.
        device: Option<DeviceId>,
        /// The group that owns it, or the group of the device that owns it.
        group: Option<GroupId>,
        /// How many devices share it, when each was added by name.
        holders: u32,
        /// Tells the keys of one owner apart; another thing than the version.
        number: u32,
        /// Of what kind its current value is.
        algorithm: SymmetricAlgorithm,
        /// Its state.
        state: KeyState,
        /// The current version: 1 at first, one more at each rotation.
        version: u32,
        /// When the current version was made.
        issued: Timestamp,
        /// After how many days it is due to be rotated; without it, the group's interval counts.
        renew_days: Option<u32>,
        /// When it is due to be rotated.
        renew_at: Option<Timestamp>,
        /// The version before, while its value is kept.
        previous_version: Option<u32>,
        /// Until when the version before is kept.
        previous_until: Option<Timestamp>,
        /// The newest version that was handed out to a device.
        delivered: Option<u32>,
        /// The campaign that asks for its rotation.
        campaign: Option<CampaignId>,
    }
}

twin! {
    /// One version of a symmetric key, without its value.
    KeyVersion of tegata::model::KeyVersion {
        /// Which version.
        version: u32,
        /// Of what kind its value is or was.
        algorithm: SymmetricAlgorithm,
        /// Where it stands.
        state: VersionState,
        /// When it was made.
        issued: Timestamp,
        /// When it stopped being the current one.
        ended: Option<Timestamp>,
        /// Until when its value is kept, while it is the version before the current one.
        kept_until: Option<Timestamp>,
    }
}

twin! {
    /// Which version of a key was presented.
    KeyMatch of tegata::KeyMatch {
        /// Which version.
        version: u32,
        /// Where it stands.
        state: VersionState,
    }
}

twin! {
    /// A symmetric key with a value.
    IssuedKey of tegata::IssuedKey {
        /// Its record.
        key: SymmetricKey,
        /// Which version the value is of.
        version: u32,
        /// Of what kind that version is; a rotation may change the kind.
        algorithm: SymmetricAlgorithm,
        /// The value.
        value: SecretBytes,
    }
}

/// A key that only the holder of a pre-shared key can read. It tells nothing of the key, so any channel will do.
#[uniffi::remote(Record)]
pub struct WrappedKey {
    /// How it is wrapped.
    pub method: WrapMethod,
    /// What it is a key of.
    pub algorithm: SymmetricAlgorithm,
    /// The ID of the device it is for.
    pub device: String,
    /// The key's ID.
    pub key: String,
    /// The key's number among those of its owner.
    pub number: u32,
    /// The key's version. The device refuses one that is lower than what it has: that is not seen here.
    pub version: u32,
    /// The wrapped octets.
    pub wrapped: Vec<u8>,
}

/// A symmetric key to be issued.
#[uniffi::remote(Record)]
pub struct NewKey {
    /// Whose it is to be.
    pub owner: NewKeyOwner,
    /// Of what kind.
    pub algorithm: SymmetricAlgorithm,
    /// Tells it apart from the other keys of its owner; by default the first number that was not used.
    #[uniffi(default)]
    pub number: Option<u32>,
    /// A value that exists already, in place of one that is made here.
    #[uniffi(default)]
    pub value: Option<SecretBytes>,
    /// After how many days it is due to be rotated; by default the group's interval counts.
    #[uniffi(default)]
    pub renew_days: Option<u32>,
}

/// How a key is rotated.
#[uniffi::remote(Record)]
pub struct RotateKey {
    /// How many days the version before is kept. With 0 it is destroyed at once.
    #[uniffi(default = 0)]
    pub grace_days: u32,
    /// Another algorithm from now on, such as a stronger one.
    #[uniffi(default)]
    pub algorithm: Option<SymmetricAlgorithm>,
    /// A value that exists already, in place of one that is made here.
    #[uniffi(default)]
    pub value: Option<SecretBytes>,
}

/// Which symmetric keys to list.
#[uniffi::remote(Record)]
pub struct KeyFilter {
    /// That this device may use: its own, and those that it shares.
    #[uniffi(default)]
    pub device: Option<DeviceId>,
    /// Of this group and of devices in it.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// With this kind of owner.
    #[uniffi(default)]
    pub owner: Option<KeyOwner>,
    /// Of this algorithm.
    #[uniffi(default)]
    pub algorithm: Option<SymmetricAlgorithm>,
    /// In one of these states; empty for all, destroyed ones included.
    #[uniffi(default = [])]
    pub states: Vec<KeyState>,
    /// With this number.
    #[uniffi(default)]
    pub number: Option<u32>,
}

/// On the device: the key that was wrapped under its pre-shared key.
#[uniffi::export]
pub fn unwrap_key(wrapped: WrappedKey, psk: SecretBytes) -> Result<SecretBytes> {
    let material = tegata::unwrap_key(&wrapped, psk.expose()).map_err(TegataError::from)?;
    Ok(SecretBytes::new(material.expose().to_vec()))
}

/// The check value of a key: it tells whether two have the same key and tells nothing of the key.
#[uniffi::export]
pub fn check_value(algorithm: SymmetricAlgorithm, key: SecretBytes, method: CheckMethod) -> Result<CheckValue> {
    tegata::check_value(algorithm, key.expose(), method).map_err(TegataError::from)
}

/// Symmetric keys: issued, read, rotated, delivered, shared, destroyed.
#[derive(uniffi::Object)]
pub struct Keys {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Keys {
    /// Issues a symmetric key. Its value stays here until `get` or `deliver` hands it out.
    pub fn issue(&self, new: NewKey, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().issue(&new, &call)?.into())
    }

    /// Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its
    /// number if all or none are to be issued.
    pub fn issue_many(&self, new: Vec<NewKey>, bulk: Bulk, call: Call) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().issue_many(&new, bulk, &call)))
    }

    /// The value of a key: the current version's, or that of `version` while it is kept. Each read leaves an event; a
    /// repetition under the same request ID brings the same value. The states of the devices that hold the key are not
    /// looked at: this is for the side of the server. What devices get goes through `deliver`.
    pub fn get(&self, id: KeyId, version: Option<u32>, call: Call) -> Result<IssuedKey> {
        Ok(self.core.keys().get(id, version, &call)?.into())
    }

    /// The current values of many keys, with a result per item in their order and an event for each.
    pub fn get_many(&self, ids: Vec<KeyId>, bulk: Bulk, call: Call) -> Result<Vec<IssuedKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().get_many(&ids, bulk, &call)))
    }

    /// The record of a key, without its values.
    pub fn record(&self, id: KeyId) -> Result<SymmetricKey> {
        Ok(self.core.keys().record(id)?.into())
    }

    /// The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
    /// others in the order in which they were issued.
    pub fn find(&self, filter: KeyFilter, page: Page) -> Result<SymmetricKeyListing> {
        Ok(self.core.keys().find(&filter, &page)?.into())
    }

    /// How many keys match.
    pub fn count(&self, filter: KeyFilter) -> Result<u64> {
        Ok(self.core.keys().count(&filter)?)
    }

    /// Gives a key its next version. The version before is kept for the grace period, if there is one; whatever was
    /// kept from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old
    /// values are destroyed at once, whatever the grace period.
    pub fn rotate(&self, id: KeyId, rotate: RotateKey, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().rotate(id, &rotate, &call)?.into())
    }

    /// Gives many keys their next versions, with a result per item in their order.
    pub fn rotate_many(
        &self,
        ids: Vec<KeyId>,
        rotate: RotateKey,
        bulk: Bulk,
        call: Call,
    ) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().rotate_many(&ids, &rotate, bulk, &call)))
    }

    /// Whether `presented` is the key, and which version of it: the current one or, in its grace period, the one
    /// before. `None` for any other value, and for whatever is presented of a suspended or destroyed key. Of a
    /// compromised key the answer says so. It takes as long for a wrong value as for a right one. The states of devices
    /// are not looked at.
    pub fn verify(&self, id: KeyId, presented: SecretBytes) -> Result<Option<KeyMatch>> {
        Ok(self.core.keys().verify(id, presented.expose())?.map(Into::into))
    }

    /// Whether `presented` is the check value of the key, and of which version, as `verify` says. A check value has 24
    /// or 40 bits: it shows a mistake, and proves nothing to somebody who may guess.
    pub fn verify_check_value(&self, id: KeyId, presented: CheckValue) -> Result<Option<KeyMatch>> {
        Ok(self.core.keys().verify_check_value(id, &presented)?.map(Into::into))
    }

    /// The check value of a key's current version, or of `version` while it is kept, to be compared with what a device
    /// shows.
    pub fn check_value(&self, id: KeyId, method: CheckMethod, version: Option<u32>) -> Result<CheckValue> {
        Ok(self.core.keys().check_value(id, method, version)?)
    }

    /// All versions that a key ever had, the oldest first: when each was made and ended, and where it stands.
    pub fn versions(&self, id: KeyId) -> Result<Vec<KeyVersion>> {
        Ok(self.core.keys().versions(id)?.into_iter().map(Into::into).collect())
    }

    /// The devices that hold a key: the one that owns it, those that share it in the order in which they came, or the
    /// members of its group. Nobody holds a destroyed key.
    pub fn holders(&self, id: KeyId) -> Result<Vec<DeviceId>> {
        Ok(self.core.keys().holders(id)?)
    }

    /// Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that
    /// any channel will do. The device opens it with `unwrap_key`. Of several pre-shared keys that can be read, the one
    /// under the device's own ID counts, else the one that was issued first. Who got which version when is in the
    /// events.
    pub fn deliver(&self, id: KeyId, device: DeviceId, call: Call) -> Result<WrappedKey> {
        Ok(self.core.keys().deliver(id, device, &call)?)
    }

    /// Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.
    pub fn deliver_clear(&self, id: KeyId, device: DeviceId, call: Call) -> Result<IssuedKey> {
        Ok(self.core.keys().deliver_clear(id, device, &call)?.into())
    }

    /// Lets one more device share a key that was issued for several.
    pub fn share(&self, id: KeyId, device: DeviceId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().share(id, device, &call)?.into())
    }

    /// Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got
    /// before: `rotate` the key if it should not. When no device is left, the key is destroyed.
    pub fn unshare(&self, id: KeyId, device: DeviceId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().unshare(id, device, &call)?.into())
    }

    /// Takes a key out of use for now: it is neither read, delivered nor rotated, and `verify` says no.
    pub fn suspend(&self, id: KeyId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().suspend(id, &call)?.into())
    }

    /// Takes many keys out of use, with a result per item in their order.
    pub fn suspend_many(&self, ids: Vec<KeyId>, bulk: Bulk, call: Call) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().suspend_many(&ids, bulk, &call)))
    }

    /// Puts a suspended key in use again.
    pub fn resume(&self, id: KeyId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().resume(id, &call)?.into())
    }

    /// Puts many keys in use again, with a result per item in their order.
    pub fn resume_many(&self, ids: Vec<KeyId>, bulk: Bulk, call: Call) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().resume_many(&ids, bulk, &call)))
    }

    /// Notes that somebody else may know a key. It is delivered no more and due for rotation at once, `verify` says
    /// what it is, and its values are read only by naming their version, for data that has to be read once more.
    /// `rotate` puts a new value in use and destroys the old ones.
    pub fn mark_compromised(&self, id: KeyId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().mark_compromised(id, &call)?.into())
    }

    /// Notes that somebody else may know many keys, with a result per item in their order.
    pub fn mark_compromised_many(&self, ids: Vec<KeyId>, bulk: Bulk, call: Call) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().mark_compromised_many(&ids, bulk, &call)))
    }

    /// Destroys a key for good: all its values are erased. Its record and number stay, so that neither is used again.
    pub fn destroy(&self, id: KeyId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().destroy(id, &call)?.into())
    }

    /// Destroys many keys, with a result per item in their order.
    pub fn destroy_many(&self, ids: Vec<KeyId>, bulk: Bulk, call: Call) -> Result<Vec<SymmetricKeyOutcome>> {
        each(bulk.run(|bulk| self.core.keys().destroy_many(&ids, bulk, &call)))
    }

    /// Ends a key's grace period now: the version before is destroyed.
    pub fn end_grace(&self, id: KeyId, call: Call) -> Result<SymmetricKey> {
        Ok(self.core.keys().end_grace(id, &call)?.into())
    }

    /// Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more
    /// in any case, and any change of a key erases them too; call this daily, so that they do not stay in the store.
    pub fn erase_expired(&self, call: Call) -> Result<u64> {
        Ok(self.core.keys().erase_expired(&call)?)
    }
}

//! Pre-shared keys: the passwords of devices, and what TLS-PSK servers share with them.

use tegata::model::{IdentityKind, PskKind, PskState};
use tegata::symmetric::{CharacterClasses, PskPolicy};
use tegata::{Call, CampaignId, DeviceId, GroupId, NewPsk, Page, PskFilter, PskFormat, PskId, RotatePsk, Timestamp};

use crate::bulk::{Bulk, IssuedPskOutcome, PskOutcome, each};
use crate::error::{Result, TegataError};
use crate::lists::PskListing;
use crate::values::{SecretBytes, SecretText, twin};

/// Whether the secret of a pre-shared key can be read again.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum PskKind {
    /// Sealed, so that it can be read: TLS-PSK servers and key wrapping need it. Reads leave an event.
    Readable,
    /// Only a keyed tag is kept: the secret can be checked and never read.
    VerifyOnly,
}

/// Where a pre-shared key stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum PskState {
    /// It counts.
    Active,
    /// It does not count for now.
    Suspended,
    /// Gone: secret and tag are erased, only the record remains.
    Deleted,
}

/// Where an identity comes from.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum IdentityKind {
    /// It is the device's ID: each device has at most one such key.
    Device,
    /// Made here and another one at each rotation, so that who listens cannot link them.
    Unlinkable,
    /// Chosen by the host; unique while the key is not deleted.
    Chosen,
}

/// For which server a list of pre-shared keys is written.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum PskFormat {
    /// `psk_file` of mosquitto.
    Mosquitto,
    /// Arguments of `openssl s_server` and `s_client`.
    OpenSsl,
    /// Password file of GnuTLS (`psktool`).
    GnuTls,
    /// `PSKsecrets` of stunnel.
    Stunnel,
    /// C header for mbed TLS.
    MbedTls,
    /// C header for wolfSSL.
    WolfSsl,
}

twin! {
    /// A pre-shared key, without its secret.
    Psk of tegata::model::Psk {
        /// Names the key through all its rotations.
        id: PskId,
        /// Whose it is.
        device: DeviceId,
        /// The device's group.
        group: Option<GroupId>,
        /// What the device calls itself when it shows the secret.
        identity: String,
        /// Where the identity comes from.
        identity_kind: IdentityKind,
        /// Whether the secret can be read again.
        kind: PskKind,
        /// Its state.
        state: PskState,
        /// 1 at first, one more at each rotation.
        version: u32,
        /// When the current secret was made.
        issued: Timestamp,
        /// After how many days it is due to be rotated.
        renew_days: Option<u32>,
        /// When it is due to be rotated.
        renew_at: Option<Timestamp>,
        /// The identity before the last rotation, while it is still accepted and differs.
        previous_identity: Option<String>,
        /// Until when the secret before the last rotation is accepted.
        previous_until: Option<Timestamp>,
        /// How often in a row a wrong secret came, as far as it was kept.
        failures: u32,
        /// No secret is looked at before this moment, since too many wrong ones came.
        blocked_until: Option<Timestamp>,
        /// The campaign that asks for its rotation.
        campaign: Option<CampaignId>,
    }
}

/// A pre-shared key and its secret.
#[derive(Clone, Debug, uniffi::Record)]
pub struct IssuedPsk {
    /// The key's record.
    pub psk: Psk,
    /// The secret, as the device shows it; nothing when a request that made a verify-only key is repeated.
    pub secret: Option<SecretBytes>,
}

impl From<tegata::IssuedPsk> for IssuedPsk {
    fn from(core: tegata::IssuedPsk) -> Self {
        Self { psk: core.psk.into(), secret: core.secret }
    }
}

#[uniffi::export]
impl IssuedPsk {
    /// The secret as text, if it is here and is printable text.
    pub fn password(&self) -> Option<SecretText> {
        let secret = self.secret.as_ref()?;
        tegata::IssuedPsk::password_in(secret.expose()).map(|text| SecretText::new(text.to_owned()))
    }

    /// The secret in hexadecimal, as the configurations of TLS servers have it, if it is here.
    pub fn hex(&self) -> Option<SecretText> {
        self.secret.as_ref().map(|secret| tegata::IssuedPsk::hex_of(secret.expose()))
    }
}

/// Which kinds of characters a secret has; of each at least one.
#[uniffi::remote(Record)]
pub struct CharacterClasses {
    /// `a` to `z`.
    #[uniffi(default = true)]
    pub lower: bool,
    /// `A` to `Z`.
    #[uniffi(default = true)]
    pub upper: bool,
    /// `0` to `9`.
    #[uniffi(default = true)]
    pub digits: bool,
    /// `! # $ % * + - . / = ? @ _ ~`
    #[uniffi(default = false)]
    pub symbols: bool,
}

/// What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the policy.
#[uniffi::remote(Record)]
pub struct PskPolicy {
    /// How many characters, or octets when `raw`; 512 at most.
    #[uniffi(default = 24)]
    pub length: u16,
    /// Of which kinds the characters are. Means nothing when `raw`.
    pub classes: CharacterClasses,
    /// Whether characters may occur that people confuse, such as `0` and `O`.
    #[uniffi(default = false)]
    pub look_alikes: bool,
    /// Whether the secret is any octets instead of text.
    #[uniffi(default = false)]
    pub raw: bool,
}

/// How many bits of entropy a secret has under a policy, rounded down.
#[uniffi::export]
pub fn policy_entropy_bits(policy: PskPolicy) -> u32 {
    policy.entropy_bits()
}

/// A secret that meets `policy`, from the operating system's generator. A raw one comes in lower-case hexadecimal.
#[uniffi::export]
pub fn generate_password(policy: PskPolicy) -> Result<SecretText> {
    tegata::generate_password(&policy).map_err(TegataError::from)
}

/// A pre-shared key to be issued.
#[uniffi::remote(Record)]
pub struct NewPsk {
    /// Whose it is; the device must be valid.
    pub device: DeviceId,
    /// Whether the secret can be read again.
    pub kind: PskKind,
    /// Where the identity comes from.
    pub identity_kind: IdentityKind,
    /// The identity, when it is chosen and only then: 1 to 128 bytes of text.
    #[uniffi(default)]
    pub identity: Option<String>,
    /// What the secret that is made here is like.
    pub policy: PskPolicy,
    /// A secret that exists already, in place of one that is made here.
    #[uniffi(default)]
    pub secret: Option<SecretBytes>,
    /// After how many days it is due to be rotated; never by default.
    #[uniffi(default)]
    pub renew_days: Option<u32>,
}

/// How a key gets its new secret.
#[uniffi::remote(Record)]
pub struct RotatePsk {
    /// For how many days the secret before is accepted too. With 0 it ends now.
    #[uniffi(default = 0)]
    pub grace_days: u32,
    /// What the new secret is like.
    #[uniffi(default)]
    pub policy: Option<PskPolicy>,
    /// A secret that exists already, in place of one that is made here.
    #[uniffi(default)]
    pub secret: Option<SecretBytes>,
}

/// Which pre-shared keys to list.
#[uniffi::remote(Record)]
pub struct PskFilter {
    /// Of this device.
    #[uniffi(default)]
    pub device: Option<DeviceId>,
    /// Of devices in this group.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// In one of these states; empty for all, deleted ones included.
    #[uniffi(default = [])]
    pub states: Vec<PskState>,
    /// Of this kind.
    #[uniffi(default)]
    pub kind: Option<PskKind>,
    /// With exactly this identity.
    #[uniffi(default)]
    pub identity: Option<String>,
    /// Due to be rotated before this moment.
    #[uniffi(default)]
    pub due_before: Option<Timestamp>,
}

/// Pre-shared keys: issued, read, checked, rotated, suspended, deleted.
#[derive(uniffi::Object)]
pub struct Psks {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Psks {
    /// Issues a pre-shared key. What is made here meets the policy. A repetition under the same request ID brings the
    /// secret of a readable key again; that of a verify-only key nobody knows any more.
    pub fn issue(&self, new: NewPsk, call: Call) -> Result<IssuedPsk> {
        Ok(self.core.psks().issue(&new, &call)?.into())
    }

    /// Issues many pre-shared keys, with a result per item in their order.
    pub fn issue_many(&self, new: Vec<NewPsk>, bulk: Bulk, call: Call) -> Result<Vec<IssuedPskOutcome>> {
        each(bulk.run(|bulk| self.core.psks().issue_many(&new, bulk, &call)))
    }

    /// The key with this identifier, without its secret. A key that a device shows under its own ID keeps its
    /// identifier when it is deleted and issued again.
    pub fn get(&self, id: PskId) -> Result<Psk> {
        Ok(self.core.psks().get(id)?.into())
    }

    /// The secret of a key, suspended ones included. Every reading leaves an event.
    pub fn read(&self, id: PskId, call: Call) -> Result<IssuedPsk> {
        Ok(self.core.psks().read(id, &call)?.into())
    }

    /// Whether this is an active key's secret and its device may come in: what `authenticate` looks at, as a yes or no.
    /// It is no for an identity or secret that is wrong, for a key that is suspended or deleted, and for a device that
    /// is not valid. A wrong secret takes as long as a right one, an unknown identity as long as a known one.
    pub fn verify(&self, identity: String, secret: SecretBytes) -> Result<bool> {
        Ok(self.core.psks().verify(&identity, secret.expose())?)
    }

    /// The keys that match, in the order of their numbers.
    pub fn find(&self, filter: PskFilter, page: Page) -> Result<PskListing> {
        Ok(self.core.psks().find(&filter, &page)?.into())
    }

    /// Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new
    /// identity. In the grace period the secret before counts as well, with the identity that went with it. A disabled
    /// device gets none. It is due again after its own interval, if it has one.
    pub fn rotate(&self, id: PskId, rotate: RotatePsk, call: Call) -> Result<IssuedPsk> {
        Ok(self.core.psks().rotate(id, &rotate, &call)?.into())
    }

    /// Gives many keys new secrets, with a result per item in their order.
    pub fn rotate_many(
        &self,
        ids: Vec<PskId>,
        rotate: RotatePsk,
        bulk: Bulk,
        call: Call,
    ) -> Result<Vec<IssuedPskOutcome>> {
        each(bulk.run(|bulk| self.core.psks().rotate_many(&ids, &rotate, bulk, &call)))
    }

    /// Suspends a key: its secrets are refused until it is resumed.
    pub fn suspend(&self, id: PskId, call: Call) -> Result<Psk> {
        Ok(self.core.psks().suspend(id, &call)?.into())
    }

    /// Suspends many keys, with a result per item in their order.
    pub fn suspend_many(&self, ids: Vec<PskId>, bulk: Bulk, call: Call) -> Result<Vec<PskOutcome>> {
        each(bulk.run(|bulk| self.core.psks().suspend_many(&ids, bulk, &call)))
    }

    /// Lets a suspended key count again.
    pub fn resume(&self, id: PskId, call: Call) -> Result<Psk> {
        Ok(self.core.psks().resume(id, &call)?.into())
    }

    /// Lets many keys count again, with a result per item in their order.
    pub fn resume_many(&self, ids: Vec<PskId>, bulk: Bulk, call: Call) -> Result<Vec<PskOutcome>> {
        each(bulk.run(|bulk| self.core.psks().resume_many(&ids, bulk, &call)))
    }

    /// Deletes a key for good: its secrets are erased, its identity is free again. Its record stays.
    pub fn delete(&self, id: PskId, call: Call) -> Result<Psk> {
        Ok(self.core.psks().delete(id, &call)?.into())
    }

    /// Deletes many keys, with a result per item in their order.
    pub fn delete_many(&self, ids: Vec<PskId>, bulk: Bulk, call: Call) -> Result<Vec<PskOutcome>> {
        each(bulk.run(|bulk| self.core.psks().delete_many(&ids, bulk, &call)))
    }

    /// Ends a grace period early: the secret before the last rotation is erased.
    pub fn end_grace(&self, id: PskId, call: Call) -> Result<Psk> {
        Ok(self.core.psks().end_grace(id, &call)?.into())
    }

    /// Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that
    /// moment anyway. The request ID of `call` is not used.
    pub fn erase_expired(&self, call: Call) -> Result<u64> {
        Ok(self.core.psks().erase_expired(&call)?)
    }

    /// A list for a TLS server: the keys that match `filter`, can be read and count now, that is, are active and of a
    /// valid device, in the order of their numbers. A rotated key in its grace period is there twice if its identity
    /// changed with it; where the identity stayed, a server looks for one secret, which is the new one.
    pub fn export(&self, filter: PskFilter, format: PskFormat, call: Call) -> Result<SecretBytes> {
        Ok(self.core.psks().export(&filter, format, &call)?)
    }
}

//! Pre-shared keys as C sees them.

use tegata::model::{IdentityKind, Psk, PskKind, PskState};
use tegata::{IssuedPsk, NewPsk, PskFilter, RotatePsk};

use crate::number::same_variants;
use crate::registry::prelude::*;
use crate::value::psk_policy::tegata_psk_policy;

/// Whether the secret of a pre-shared key can be read again.
#[repr(C)]
pub enum tegata_psk_kind {
    /// Sealed, so that it can be read: TLS-PSK servers and key wrapping need it. Reads leave an event.
    Readable = 1,
    /// Only a keyed tag is kept: the secret can be checked and never read. The default.
    VerifyOnly = 2,
}
same_variants!(tegata_psk_kind = PskKind { Readable, VerifyOnly });

/// Where a pre-shared key stands.
#[repr(C)]
pub enum tegata_psk_state {
    /// It counts.
    Active = 1,
    /// It does not count for now.
    Suspended = 2,
    /// Gone: secret and tag are erased, only the record remains.
    Deleted = 3,
}
same_variants!(tegata_psk_state = PskState { Active, Suspended, Deleted });

/// Where an identity comes from.
#[repr(C)]
pub enum tegata_identity_kind {
    /// It is the device's ID: each device has at most one such key. The default.
    Device = 1,
    /// Made here and another one at each rotation, so that who listens cannot link them.
    Unlinkable = 2,
    /// Chosen by the host; unique while the key is not deleted.
    Chosen = 3,
}
same_variants!(tegata_identity_kind = IdentityKind { Device, Unlinkable, Chosen });

/// A pre-shared key, without its secret.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_psk {
    /// Names the key through all its rotations.
    pub id: *const c_char,
    /// Whose it is.
    pub device: *const c_char,
    /// The device's group; NULL without one.
    pub group: *const c_char,
    /// What the device calls itself when it shows the secret.
    pub identity: *const c_char,
    /// Where the identity comes from.
    pub identity_kind: Number<tegata_identity_kind>,
    /// Whether the secret can be read again.
    pub kind: Number<tegata_psk_kind>,
    /// Its state.
    pub state: Number<tegata_psk_state>,
    /// 1 at first, one more at each rotation.
    pub version: u32,
    /// When the current secret was made.
    pub issued: i64,
    /// When it is due to be rotated; NULL when it never is.
    pub renew_at: *const i64,
    /// The identity before the last rotation, while it is still accepted and differs; NULL otherwise.
    pub previous_identity: *const c_char,
    /// Until when the secret before the last rotation is accepted; NULL when there is none.
    pub previous_until: *const i64,
    /// How often in a row a wrong secret came, as far as it was kept.
    pub failures: u32,
    /// No secret is looked at before this moment, since too many wrong ones came; NULL otherwise.
    pub blocked_until: *const i64,
    /// The campaign that asks for its rotation; NULL when none does.
    pub campaign: *const c_char,
}

impl ToC for Psk {
    type C = tegata_psk;

    fn to_c(&self, arena: &mut Arena) -> tegata_psk {
        tegata_psk {
            id: arena.shown(self.id),
            device: arena.shown(self.device),
            group: arena.maybe_shown(self.group),
            identity: arena.text(&self.identity),
            identity_kind: self.identity_kind.into(),
            kind: self.kind.into(),
            state: self.state.into(),
            version: self.version,
            issued: self.issued.unix(),
            renew_at: arena.maybe(self.renew_at.map(Timestamp::unix)),
            previous_identity: arena.maybe_text(self.previous_identity.as_deref()),
            previous_until: arena.maybe(self.previous_until.map(Timestamp::unix)),
            failures: self.failures,
            blocked_until: arena.maybe(self.blocked_until.map(Timestamp::unix)),
            campaign: arena.maybe_shown(self.campaign),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psk_free(psk: *const tegata_psk) {
    free_record(psk);
}

/// A page of them.
pub type tegata_psk_list = List<tegata_psk>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psk_list_free(list: *const tegata_psk_list) {
    free_record(list);
}

/// What became of the items of a bulk call.
pub type tegata_psk_results = Results<tegata_psk>;

/// Frees results, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psk_results_free(results: *const tegata_psk_results) {
    free_record(results);
}

/// A pre-shared key and its secret.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issued_psk {
    /// The key's record.
    pub psk: *const tegata_psk,
    /// The secret, as the device shows it, erased when freed; NULL when a request that made a verify-only key is repeated,
    /// since nobody knows its secret any more: rotate the key then.
    pub secret: tegata_bytes,
}

impl ToC for IssuedPsk {
    type C = tegata_issued_psk;

    fn to_c(&self, arena: &mut Arena) -> tegata_issued_psk {
        arena.holds_a_secret();
        tegata_issued_psk { psk: arena.record(&self.psk), secret: arena.maybe_bytes(self.octets()) }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for IssuedPsk {}

/// Frees one that a function gave you; NULL is fine. The secret is erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_psk_free(issued_psk: *const tegata_issued_psk) {
    free_record(issued_psk);
}

/// What became of the items of a bulk call.
pub type tegata_issued_psk_results = Results<tegata_issued_psk>;

/// Frees results, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_psk_results_free(results: *const tegata_issued_psk_results) {
    free_record(results);
}

/// The secret as text, erased when freed; writes NULL when it is not here or no printable text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_psk_password(
    issued_psk: *const tegata_issued_psk,
    password: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let password = out(password, "password")?;
        match origin::<IssuedPsk>(issued_psk, "issued_psk")?.password() {
            Some(text) => password.give(&SecretText(text)),
            None => password.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// The secret in hexadecimal, as the configurations of TLS servers have it, erased when freed; writes NULL when it is not here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_psk_hex(
    issued_psk: *const tegata_issued_psk,
    hex: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let hex = out(hex, "hex")?;
        match origin::<IssuedPsk>(issued_psk, "issued_psk")?.hex() {
            Some(digits) => hex.give(&SecretText(digits.expose())),
            None => hex.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// A pre-shared key to be issued.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_psk {
    /// `sizeof(tegata_new_psk)`.
    pub size: usize,
    /// Whose it is; the device must be valid.
    pub device: *const c_char,
    /// Whether the secret can be read again; 0 for a secret that can only be checked.
    pub kind: Number<tegata_psk_kind>,
    /// Where the identity comes from; 0 for the device's ID.
    pub identity_kind: Number<tegata_identity_kind>,
    /// The identity, when it is chosen and only then: 1 to 128 bytes of text. NULL otherwise.
    pub identity: *const c_char,
    /// What the secret that is made here is like; NULL for the default.
    pub policy: *const tegata_psk_policy,
    /// A secret that exists already, in place of one that is made here. May be left out (NULL).
    pub secret: tegata_bytes,
    /// After how many days it is due to be rotated, 1 to 36,525; NULL for never.
    pub renew_days: *const u32,
}
growing!(tegata_new_psk);

impl ToCore for tegata_new_psk {
    type Core = NewPsk;

    fn to_core(&self) -> Result<NewPsk> {
        let default = NewPsk::password(parsed(self.device, "device")?);
        Ok(NewPsk {
            kind: self.kind.optional("kind")?.unwrap_or(default.kind),
            identity_kind: self.identity_kind.optional("identity_kind")?.unwrap_or(default.identity_kind),
            identity: maybe_string(self.identity, "identity")?,
            policy: given_or_default(self.policy, "policy")?,
            secret: self.secret.optional("secret")?.map(|secret| Secret::new(secret.to_vec())),
            renew_days: optional(self.renew_days).copied(),
            ..default
        })
    }
}

/// How a key gets its new secret.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_rotate_psk {
    /// `sizeof(tegata_rotate_psk)`.
    pub size: usize,
    /// For how many days the secret before is accepted too, 0 to 3,653. With 0 it ends now.
    pub grace_days: u32,
    /// What the new secret is like; NULL for a password, or 32 random octets in place of a readable secret that is no text.
    pub policy: *const tegata_psk_policy,
    /// A secret that exists already, in place of one that is made here. May be left out (NULL).
    pub secret: tegata_bytes,
}
growing!(tegata_rotate_psk);

impl ToCore for tegata_rotate_psk {
    type Core = RotatePsk;

    fn to_core(&self) -> Result<RotatePsk> {
        Ok(RotatePsk {
            grace_days: self.grace_days,
            policy: maybe_given(self.policy, "policy")?,
            secret: self.secret.optional("secret")?.map(|secret| Secret::new(secret.to_vec())),
        })
    }
}

/// Which pre-shared keys to list. What is left out (NULL, 0) does not matter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_psk_filter {
    /// `sizeof(tegata_psk_filter)`.
    pub size: usize,
    /// Of this device.
    pub device: *const c_char,
    /// Of devices in this group.
    pub group: *const c_char,
    /// In one of these states; all, deleted ones included, when there are none.
    pub states: *const Number<tegata_psk_state>,
    /// How many states.
    pub states_len: usize,
    /// Of this kind.
    pub kind: Number<tegata_psk_kind>,
    /// With exactly this identity, or with it until the last rotation, while that is in its grace period.
    pub identity: *const c_char,
    /// Due to be rotated before this moment.
    pub due_before: *const i64,
}
growing!(tegata_psk_filter);

impl ToCore for tegata_psk_filter {
    type Core = PskFilter;

    fn to_core(&self) -> Result<PskFilter> {
        let states = slice(self.states, self.states_len, "states")?;
        Ok(PskFilter {
            device: maybe_parsed(self.device, "device")?,
            group: maybe_parsed(self.group, "group")?,
            states: states.iter().map(|state| state.core("states")).collect::<Result<_>>()?,
            kind: self.kind.optional("kind")?,
            identity: maybe_string(self.identity, "identity")?,
            due_before: optional(self.due_before).copied().map(Timestamp::from_unix),
        })
    }
}

//! What secrets are like, and making one.

use tegata::Result;
use tegata::symmetric::{CharacterClasses, PskPolicy};

use crate::boundary::{optional, out, run};
use crate::bytes::{SecretText, tegata_string};
use crate::input::{ToCore, given_or_default, growing};
use crate::number::Number;
use crate::status::{tegata_error, tegata_status};

/// Which kinds of characters a secret has; of each at least one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_character_classes {
    /// `sizeof(tegata_character_classes)`.
    pub size: usize,
    /// `a` to `z`.
    pub lower: bool,
    /// `A` to `Z`.
    pub upper: bool,
    /// `0` to `9`.
    pub digits: bool,
    /// `! # $ % * + - . / = ? @ _ ~`
    pub symbols: bool,
}
growing!(tegata_character_classes);

impl ToCore for tegata_character_classes {
    type Core = CharacterClasses;

    fn to_core(&self) -> Result<CharacterClasses> {
        Ok(CharacterClasses { lower: self.lower, upper: self.upper, digits: self.digits, symbols: self.symbols })
    }
}

/// What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the policy.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_psk_policy {
    /// `sizeof(tegata_psk_policy)`.
    pub size: usize,
    /// How many characters, or octets when `raw`; 512 at most. NULL for 24.
    pub length: *const u16,
    /// Of which kinds the characters are; NULL for letters and digits. Means nothing when `raw`.
    pub classes: *const tegata_character_classes,
    /// Whether characters may occur that people confuse: `0 O o`, `1 l I`, `2 Z`, `5 S`, `8 B`. Means nothing when `raw`.
    pub look_alikes: bool,
    /// Whether the secret is any octets instead of text.
    pub raw: bool,
}
growing!(tegata_psk_policy);

impl ToCore for tegata_psk_policy {
    type Core = PskPolicy;

    fn to_core(&self) -> Result<PskPolicy> {
        let default = PskPolicy::default();
        Ok(PskPolicy {
            length: optional(self.length).copied().unwrap_or(default.length),
            classes: given_or_default(self.classes, "classes")?,
            look_alikes: self.look_alikes,
            raw: self.raw,
        })
    }
}

/// How many bits of entropy a secret has under a policy, rounded down; 0 when no secret meets it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psk_policy_entropy_bits(
    policy: *const tegata_psk_policy,
    bits: *mut u32,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let bits = out(bits, "bits")?;
        bits.set(given_or_default(policy, "policy")?.entropy_bits());
        Ok(())
    })
}

/// A secret that meets `policy` (NULL for the default), from the operating system's generator, erased when freed. A raw one comes
/// in lower-case hexadecimal.
///
/// Errors: `psk.policy_weak`, `psk.policy_impossible`; `internal.random_failed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_generate_password(
    policy: *const tegata_psk_policy,
    password: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let password = out(password, "password")?;
        password.give(&SecretText(tegata::generate_password(&given_or_default(policy, "policy")?)?.expose()));
        Ok(())
    })
}

//! Symmetric keys without a registry: what a device does with a key that was wrapped for it, check values, passwords.

use std::ffi::c_char;

use tegata::symmetric::{CheckMethod, SymmetricAlgorithm, WrapMethod, WrappedKey};
use tegata::{Result, Secret};

use crate::arena::Arena;
use crate::boundary::{out, run};
use crate::bytes::{Secretly, tegata_buffer, tegata_bytes, tegata_string};
use crate::input::{ToCore, given, growing};
use crate::number::{Number, same_variants};
use crate::record::{ToC, free_record};
use crate::status::{tegata_error, tegata_status};
use crate::text::text;

/// Kinds of symmetric keys.
#[repr(C)]
pub enum tegata_symmetric_algorithm {
    /// AES with a key of 128 bits.
    Aes128 = 1,
    /// AES with a key of 256 bits.
    Aes256 = 2,
    /// TWINE with a key of 80 bits.
    Twine80 = 3,
    /// TWINE with a key of 128 bits.
    Twine128 = 4,
}
same_variants!(tegata_symmetric_algorithm = SymmetricAlgorithm { Aes128, Aes256, Twine80, Twine128 });

/// How a check value is made.
#[repr(C)]
pub enum tegata_check_method {
    /// The first 5 octets of the CMAC of one block of zeros (ANSI X9.24-1); for AES.
    Cmac = 1,
    /// The first 3 octets of the encryption of one block of zeros.
    EncryptedZero = 2,
}
same_variants!(tegata_check_method = CheckMethod { Cmac, EncryptedZero });

/// How a key is wrapped.
#[repr(C)]
pub enum tegata_wrap_method {
    /// AES key wrap (RFC 3394) with a key of 256 bits.
    AesKw = 1,
    /// AES key wrap with padding (RFC 5649) with a key of 256 bits.
    AesKwp = 2,
}
same_variants!(tegata_wrap_method = WrapMethod { AesKw, AesKwp });

/// A key that only the holder of a pre-shared key can read. It tells nothing of the key, so any channel will do.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_wrapped_key {
    /// How it is wrapped.
    pub method: Number<tegata_wrap_method>,
    /// What it is a key of.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// The ID of the device it is for.
    pub device: *const c_char,
    /// The key's ID.
    pub key: *const c_char,
    /// The key's number among those of its owner.
    pub number: u32,
    /// The key's version.
    pub version: u32,
    /// The wrapped octets.
    pub wrapped: tegata_bytes,
}

impl ToC for WrappedKey {
    type C = tegata_wrapped_key;

    fn to_c(&self, arena: &mut Arena) -> tegata_wrapped_key {
        tegata_wrapped_key {
            method: self.method.into(),
            algorithm: self.algorithm.into(),
            device: arena.text(&self.device),
            key: arena.text(&self.key),
            number: self.number,
            version: self.version,
            wrapped: arena.bytes(&self.wrapped),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_wrapped_key_free(wrapped_key: *const tegata_wrapped_key) {
    free_record(wrapped_key);
}

/// A wrapped key as a device got it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_wrapped {
    /// `sizeof(tegata_wrapped)`.
    pub size: usize,
    /// How it is wrapped.
    pub method: Number<tegata_wrap_method>,
    /// What it is a key of.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// The ID of the device it is for.
    pub device: *const c_char,
    /// The key's ID.
    pub key: *const c_char,
    /// The key's number among those of its owner.
    pub number: u32,
    /// The key's version. The device refuses one that is lower than what it has: that is not seen here.
    pub version: u32,
    /// The wrapped octets.
    pub wrapped: tegata_bytes,
}
growing!(tegata_wrapped);

impl ToCore for tegata_wrapped {
    type Core = WrappedKey;

    fn to_core(&self) -> Result<WrappedKey> {
        Ok(WrappedKey {
            method: self.method.core("method")?,
            algorithm: self.algorithm.core("algorithm")?,
            device: text(self.device, "device")?.to_owned(),
            key: text(self.key, "key")?.to_owned(),
            number: self.number,
            version: self.version,
            wrapped: self.wrapped.get("wrapped")?.to_vec(),
        })
    }
}

/// On the device: the key that was wrapped under its pre-shared key, erased when freed.
///
/// Errors: `key.unwrap_failed` when it was wrapped under another pre-shared key, for another device, key or version, or altered;
/// `psk.too_weak_to_wrap`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_unwrap_key(
    wrapped: *const tegata_wrapped,
    psk: tegata_bytes,
    key: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        let material = tegata::unwrap_key(&given(wrapped, "wrapped")?, psk.get("psk")?)?;
        key.give(&Secretly(material.expose()));
        Ok(())
    })
}

/// The check value of a key, as text: it tells whether two have the same key and tells nothing of the key.
///
/// Errors: `key.size`; `key.check_method` when the algorithm has no such check value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_check_value(
    algorithm: Number<tegata_symmetric_algorithm>,
    key: tegata_bytes,
    method: Number<tegata_check_method>,
    check_value: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let check_value = out(check_value, "check_value")?;
        let key = Secret::new(key.get("key")?.to_vec());
        let value = tegata::check_value(algorithm.core("algorithm")?, key.expose(), method.core("method")?)?;
        check_value.give(value.to_string().as_str());
        Ok(())
    })
}

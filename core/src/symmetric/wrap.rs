//! How a key reaches a device over any channel: wrapped under the pre-shared key that the device has already.
//!
//! AES key wrap (RFC 3394) for keys of 16 and 32 octets, with padding (RFC 5649) for the 10 octets of TWINE-80. The
//! wrapping key is an AES-256 key of its own for each device, key and version:
//!
//! ```text
//! HKDF-SHA256 (RFC 5869)
//!   salt  "tegata key wrap 1"
//!   ikm   the secret of the PSK
//!   info  "tegata key wrap 1", device, key, number, version, algorithm: texts preceded by their length in
//!         2 octets, number and version in 4 octets, all big-endian; the label is a text, too
//! ```
//!
//! So what was wrapped for one device, key or version does not open as another's.

use std::fmt;
use std::str::FromStr;

use aes_kw::{KeyInit, KwAes256, KwpAes256};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyMaterial, SymmetricAlgorithm};
use crate::error::{Error, InputError, KeyError, PskError};
use crate::secret::Secret;

/// The fewest octets of secret that a PSK has under which keys are wrapped: who holds a wrapped key can try secrets
/// without asking anybody.
pub const MIN_WRAPPING_PSK: usize = 16;

const LABEL: &str = "tegata key wrap 1";
const LIMIT: usize = 255;
/// What AES key wrap adds.
const OVERHEAD: usize = 8;

/// How a key is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WrapMethod {
    /// AES key wrap (RFC 3394) with a key of 256 bits.
    AesKw,
    /// AES key wrap with padding (RFC 5649) with a key of 256 bits.
    AesKwp,
}

impl WrapMethod {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::AesKw, Self::AesKwp];

    /// The stable name, such as `aes-kw`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesKw => "aes-kw",
            Self::AesKwp => "aes-kwp",
        }
    }

    /// What a key of this algorithm is wrapped with: RFC 3394 where it applies (multiples of 8 octets, at least 16).
    pub(crate) const fn of(algorithm: SymmetricAlgorithm) -> Self {
        if algorithm.key_len() >= 16 && algorithm.key_len().is_multiple_of(8) { Self::AesKw } else { Self::AesKwp }
    }
}

impl fmt::Display for WrapMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WrapMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().copied().find(|method| method.name() == text);
        found.ok_or_else(|| Error::input("method", "is neither aes-kw nor aes-kwp"))
    }
}

/// What a key is wrapped for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WrapContext {
    /// The device's ID, at most 255 octets.
    pub device: String,
    /// The key's ID, at most 255 octets.
    pub key: String,
    /// The key's number among those of its owner.
    pub number: u32,
    /// The key's version.
    pub version: u32,
}

/// A key that only the holder of a PSK can read. It tells nothing of the key, so any channel will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// The key's version.
    pub version: u32,
    /// The wrapped octets, 8 more than the key's, after it was padded to a multiple of 8; base64 in JSON.
    #[serde(with = "base64")]
    pub wrapped: Vec<u8>,
}

/// Octets as base64 text.
mod base64 {
    use data_encoding::BASE64;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text.as_bytes()).map_err(|_| de::Error::custom("is not base64"))
    }
}

/// The AES-256 key that wraps a key of `algorithm` for `context`; the head of this module's source says how it comes about.
///
/// # Errors
/// `psk.too_weak_to_wrap` for a PSK of fewer than 16 octets; `input.too_long` for IDs of more than 255.
pub fn wrapping_key(
    psk: &[u8],
    algorithm: SymmetricAlgorithm,
    context: &WrapContext,
) -> Result<Secret<[u8; 32]>, Error> {
    if psk.len() < MIN_WRAPPING_PSK {
        return Err(PskError::TooWeakToWrap { needed: MIN_WRAPPING_PSK }.into());
    }
    let mut info = Vec::with_capacity(128);
    put(&mut info, "label", LABEL)?;
    put(&mut info, "device", &context.device)?;
    put(&mut info, "key", &context.key)?;
    info.extend_from_slice(&context.number.to_be_bytes());
    info.extend_from_slice(&context.version.to_be_bytes());
    put(&mut info, "algorithm", algorithm.name())?;
    let failed = || Error::defect("HKDF refused 32 octets");
    let mut key = Zeroizing::new([0; 32]);
    let prk = Salt::new(HKDF_SHA256, LABEL.as_bytes()).extract(psk);
    let info = [&*info];
    let expanded = prk.expand(&info, HKDF_SHA256).map_err(|_| failed())?;
    expanded.fill(&mut *key).map_err(|_| failed())?;
    Ok(Secret::new(*key))
}

/// Appends a text and, before it, its length.
fn put(info: &mut Vec<u8>, field: &str, text: &str) -> Result<(), Error> {
    let length = u16::try_from(text.len()).ok().filter(|_| text.len() <= LIMIT);
    let length = length.ok_or_else(|| InputError::TooLong { field: field.to_owned(), limit: LIMIT })?;
    info.extend_from_slice(&length.to_be_bytes());
    info.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Wraps `key` for `context` under `psk`, the secret of the device's PSK.
///
/// ```
/// use tegata::symmetric::{KeyMaterial, WrapContext, wrap_key};
/// use tegata::{SymmetricAlgorithm, SystemRandom, unwrap_key};
///
/// # fn main() -> tegata::Result<()> {
/// let psk = b"what the device and the registry share";
/// let key = KeyMaterial::generate(SymmetricAlgorithm::Twine80, &SystemRandom::new())?;
/// let context = WrapContext { device: "meter-1".into(), key: "telemetry".into(), number: 1, version: 3 };
/// let mut wrapped = wrap_key(&key, psk, &context)?;
///
/// // On the device:
/// assert!(unwrap_key(&wrapped, psk)?.matches(key.expose()));
/// wrapped.version = 4;
/// assert_eq!(unwrap_key(&wrapped, psk).unwrap_err().code(), "key.unwrap_failed");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `psk.too_weak_to_wrap` for a PSK of fewer than 16 octets; `input.too_long` for IDs of more than 255.
pub fn wrap_key(key: &KeyMaterial, psk: &[u8], context: &WrapContext) -> Result<WrappedKey, Error> {
    let algorithm = key.algorithm();
    let method = WrapMethod::of(algorithm);
    let kek = wrapping_key(psk, algorithm, context)?;
    let WrapContext { device, key: id, number, version } = context.clone();
    let wrapped = wrap(method, kek.expose(), key.expose())?;
    Ok(WrappedKey { method, algorithm, device, key: id, number, version, wrapped })
}

/// Opens a wrapped key. This is the device's side: it needs the secret of its PSK and nothing else.
///
/// The device should look at whether [`device`](WrappedKey::device) and [`key`](WrappedKey::key) are what it asked for,
/// and that [`version`](WrappedKey::version) is not older than the one it has.
///
/// # Errors
/// `key.unwrap_failed` with another PSK, and when anything was altered; `psk.too_weak_to_wrap` for a PSK of fewer than 16
/// octets.
pub fn unwrap_key(wrapped: &WrappedKey, psk: &[u8]) -> Result<KeyMaterial, Error> {
    let WrappedKey { algorithm, device, key, number, version, .. } = wrapped;
    let context = WrapContext { device: device.clone(), key: key.clone(), number: *number, version: *version };
    if psk.len() >= MIN_WRAPPING_PSK && device.len().max(key.len()) > LIMIT {
        return Err(KeyError::UnwrapFailed.into());
    }
    let kek = wrapping_key(psk, *algorithm, &context)?;
    let length = algorithm.key_len();
    let opened = (wrapped.method == WrapMethod::of(*algorithm) && wrapped.wrapped.len() == wrapped_len(length))
        .then(|| unwrap(wrapped.method, kek.expose(), &wrapped.wrapped))
        .flatten()
        .filter(|bytes| bytes.len() == length)
        .ok_or(KeyError::UnwrapFailed)?;
    KeyMaterial::from_bytes(*algorithm, &opened)
}

/// How many octets a key of `length` octets has when it is wrapped.
const fn wrapped_len(length: usize) -> usize {
    length.next_multiple_of(8) + OVERHEAD
}

fn wrap(method: WrapMethod, kek: &[u8; 32], key: &[u8]) -> Result<Vec<u8>, Error> {
    // Padding is what the buffer holds already: zeros.
    let mut out = vec![0; wrapped_len(key.len())];
    let done = match method {
        WrapMethod::AesKw => KwAes256::new(kek.into()).wrap_key(key, &mut out).map(<[u8]>::len),
        WrapMethod::AesKwp => KwpAes256::new(kek.into()).wrap_key(key, &mut out).map(<[u8]>::len),
    };
    if done == Ok(out.len()) { Ok(out) } else { Err(Error::defect("AES key wrap refused a key")) }
}

/// What was wrapped; `None` when the integrity check fails.
fn unwrap(method: WrapMethod, kek: &[u8; 32], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; wrapped.len().checked_sub(OVERHEAD)?]);
    let length = match method {
        WrapMethod::AesKw => KwAes256::new(kek.into()).unwrap_key(wrapped, &mut out).ok()?.len(),
        WrapMethod::AesKwp => KwpAes256::new(kek.into()).unwrap_key(wrapped, &mut out).ok()?.len(),
    };
    out.truncate(length);
    Some(out)
}

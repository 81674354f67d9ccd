//! How a key reaches a device over any channel: wrapped under the pre-shared key that the device has already.
//!
//! AES key wrap (RFC 3394) for keys of 16 and 32 octets, with padding (RFC 5649) for the 10 octets of TWINE-80. The
//! wrapping key is one of its own for each device, key and version; [`wrapping_key`] says how it comes about.

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

/// The AES-256 key that wraps a key of `algorithm` for `context`, for those who write the device's side themselves:
///
/// ```text
/// HKDF-SHA256 (RFC 5869), 32 octets
///   salt  "tegata key wrap 1"
///   ikm   psk, the secret of the device's PSK
///   info  "tegata key wrap 1", device, key, number, version, name of the algorithm
/// ```
///
/// In `info`, each text is preceded by its length in 2 octets, and numbers have 4 octets; all big-endian. So what was
/// wrapped for one device, key or version does not open as another's.
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
/// `key.unwrap_failed` with another PSK, and when anything was altered; `psk.too_weak_to_wrap` for a PSK of fewer than
/// 16 octets.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use aes_kw::KwpAes192;
    use data_encoding::{HEXLOWER, HEXUPPER};
    use proptest::prelude::*;

    use super::*;

    const PSK: &[u8] = b"0123456789abcdef";

    fn context() -> WrapContext {
        WrapContext { device: "meter-1".to_owned(), key: "telemetry".to_owned(), number: 1, version: 3 }
    }

    fn key(algorithm: SymmetricAlgorithm) -> KeyMaterial {
        let bytes: Vec<u8> = (1..).take(algorithm.key_len()).collect();
        KeyMaterial::from_bytes(algorithm, &bytes).unwrap()
    }

    /// RFC 3394, 4.3 and 4.6: key data of 128 and 256 bits with a 256-bit KEK.
    #[test]
    fn keys_are_wrapped_as_rfc_3394_shows() {
        let kek: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        for (plain, wrapped) in [
            ("00112233445566778899AABBCCDDEEFF", "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (
                "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let (plain, wrapped) =
                (HEXUPPER.decode(plain.as_bytes()).unwrap(), HEXUPPER.decode(wrapped.as_bytes()).unwrap());
            assert_eq!(wrap(WrapMethod::AesKw, &kek, &plain).unwrap(), wrapped);
            assert_eq!(*unwrap(WrapMethod::AesKw, &kek, &wrapped).unwrap(), plain);
        }
    }

    /// RFC 5649, 6 has vectors with a 192-bit KEK only, so the second one, of a TWINE-80 key, is pyca/cryptography's.
    #[test]
    fn keys_of_other_lengths_are_wrapped_as_rfc_5649_shows() {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let kek: [u8; 24] = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8").try_into().unwrap();
        let mut out = [0; 32];
        let plain = hex("c37b7e6492584340bed12207808941155068f738");
        KwpAes192::new(&kek.into()).wrap_key(&plain, &mut out).unwrap();
        assert_eq!(out.as_slice(), hex("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"));

        let kek: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let (plain, wrapped) = (hex("00112233445566778899"), hex("be260b82162ffb9fb8b150700b647ef5c93299b4ced290f4"));
        assert_eq!(wrap(WrapMethod::AesKwp, &kek, &plain).unwrap(), wrapped);
        assert_eq!(*unwrap(WrapMethod::AesKwp, &kek, &wrapped).unwrap(), plain);
    }

    /// Computed by pyca/cryptography from the description of `wrapping_key`. Devices in the field depend on it.
    #[test]
    fn the_wrapping_key_is_what_the_description_says() {
        let derived = wrapping_key(PSK, SymmetricAlgorithm::Aes256, &context()).unwrap();
        let known = "2ca579050aceb52404883b46deb5329a7e9334900e875314f9f6f76204a63534";
        assert_eq!(HEXLOWER.encode(derived.expose()), known);
        let bounds = WrapContext { device: String::new(), key: String::new(), number: u32::MAX, version: 0 };
        let psk: Vec<u8> = (0..16).collect();
        let derived = wrapping_key(&psk, SymmetricAlgorithm::Twine80, &bounds).unwrap();
        let known = "e00cf6e656f774e148ec05759e62aa2a37985d984012c4bdb6af18e3bda8fc29";
        assert_eq!(HEXLOWER.encode(derived.expose()), known);
    }

    #[test]
    fn a_wrapped_key_opens_with_its_psk_and_says_how_it_is_wrapped() {
        for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
            let key = key(algorithm);
            let wrapped = wrap_key(&key, PSK, &context()).unwrap();
            let padded = algorithm == SymmetricAlgorithm::Twine80;
            assert_eq!(wrapped.method, if padded { WrapMethod::AesKwp } else { WrapMethod::AesKw });
            assert_eq!((wrapped.algorithm, wrapped.number, wrapped.version), (algorithm, 1, 3));
            assert_eq!(wrapped.wrapped.len(), if padded { 24 } else { algorithm.key_len() + 8 });
            let opened = unwrap_key(&wrapped, PSK).unwrap();
            assert_eq!(opened.algorithm(), algorithm);
            assert!(opened.matches(key.expose()));
        }
    }

    #[test]
    fn nothing_about_a_wrapped_key_can_be_altered() {
        for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
            let good = wrap_key(&key(algorithm), PSK, &context()).unwrap();
            let mut altered = vec![
                WrappedKey { device: "meter-2".to_owned(), ..good.clone() },
                WrappedKey { device: "meter-1t".to_owned(), key: "elemetry".to_owned(), ..good.clone() },
                WrappedKey { key: "other".to_owned(), ..good.clone() },
                WrappedKey { device: "x".repeat(70_000), ..good.clone() },
                WrappedKey { number: 2, ..good.clone() },
                WrappedKey { version: 2, ..good.clone() },
                WrappedKey { number: 3, version: 1, ..good.clone() },
                WrappedKey { wrapped: Vec::new(), ..good.clone() },
                WrappedKey { wrapped: good.wrapped[..8].to_vec(), ..good.clone() },
                WrappedKey { wrapped: [&good.wrapped[..], &[0; 8]].concat(), ..good.clone() },
            ];
            for other in SymmetricAlgorithm::ALL.iter().copied().filter(|other| *other != algorithm) {
                altered.push(WrappedKey { algorithm: other, method: WrapMethod::of(other), ..good.clone() });
                altered.push(WrappedKey { algorithm: other, ..good.clone() });
            }
            let other = WrapMethod::ALL.iter().copied().find(|method| *method != good.method).unwrap();
            altered.push(WrappedKey { method: other, ..good.clone() });
            for bit in 0..good.wrapped.len() * 8 {
                let mut flipped = good.clone();
                flipped.wrapped[bit / 8] ^= 1 << (bit % 8);
                altered.push(flipped);
            }
            for wrong in altered {
                assert_eq!(unwrap_key(&wrong, PSK).unwrap_err(), KeyError::UnwrapFailed.into(), "{wrong:?}");
            }
            assert_eq!(unwrap_key(&good, b"0123456789abcdeF").unwrap_err(), KeyError::UnwrapFailed.into());
            assert!(unwrap_key(&good, PSK).is_ok());
        }
    }

    #[test]
    fn short_psks_and_long_ids_are_refused() {
        let key = key(SymmetricAlgorithm::Aes128);
        let wrapped = wrap_key(&key, PSK, &context()).unwrap();
        for psk in [&b""[..], &PSK[..15]] {
            assert_eq!(wrap_key(&key, psk, &context()).unwrap_err().code(), "psk.too_weak_to_wrap");
            assert_eq!(unwrap_key(&wrapped, psk).unwrap_err().code(), "psk.too_weak_to_wrap");
        }
        let long = WrapContext { device: "x".repeat(256), ..context() };
        assert_eq!(wrap_key(&key, PSK, &long).unwrap_err().code(), "input.too_long");
        let longest = WrapContext { device: "x".repeat(255), ..context() };
        assert!(unwrap_key(&wrap_key(&key, PSK, &longest).unwrap(), PSK).is_ok());
    }

    #[test]
    fn a_wrapped_key_travels_as_json() {
        let wrapped = wrap_key(&key(SymmetricAlgorithm::Aes128), PSK, &context()).unwrap();
        let json = serde_json::to_value(&wrapped).unwrap();
        assert_eq!(json["method"], "aes-kw");
        assert_eq!(json["algorithm"], "aes-128");
        assert_eq!(json["wrapped"].as_str().unwrap().len(), 32);
        assert_eq!(serde_json::from_value::<WrappedKey>(json.clone()).unwrap(), wrapped);
        let mut broken = json;
        broken["wrapped"] = "not base64!".into();
        assert!(serde_json::from_value::<WrappedKey>(broken).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_unwrapping_panic_or_succeed(
            wrapped in proptest::collection::vec(any::<u8>(), 0..100),
            kwp: bool,
            algorithm in proptest::sample::select(SymmetricAlgorithm::ALL),
            psk in proptest::collection::vec(any::<u8>(), 0..40),
            device in ".{0,20}",
            version: u32,
        ) {
            let method = if kwp { WrapMethod::AesKwp } else { WrapMethod::AesKw };
            let made_up = WrappedKey { method, algorithm, device, key: String::new(), number: 0, version, wrapped };
            prop_assert!(unwrap_key(&made_up, &psk).is_err());
            let kek = [7; 32];
            prop_assert!(unwrap(method, &kek, &made_up.wrapped).is_none());
        }

        #[test]
        fn every_context_gives_another_key(one in ("[ab]{0,3}", "[ab]{0,3}", 0..3_u32, 0..3_u32),
                                           other in ("[ab]{0,3}", "[ab]{0,3}", 0..3_u32, 0..3_u32)) {
            let derive = |(device, key, number, version): (String, String, u32, u32)| {
                let context = WrapContext { device, key, number, version };
                *wrapping_key(PSK, SymmetricAlgorithm::Aes128, &context).unwrap().expose()
            };
            prop_assert_eq!(one == other, derive(one) == derive(other));
        }
    }
}

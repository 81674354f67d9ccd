//! Check values: a few octets by which two parties see that they hold the same key, without showing it.
//!
//! There are two ways in the field, and they give different octets, so the method is always named: CMAC-based
//! (ANSI X9.24-1-2017, Annex A: the first 5 octets of the CMAC of one block of zeros, for AES), and the older one
//! (the first 3 octets of the encryption of one block of zeros, for any cipher). 24 or 40 bits let nobody find the key,
//! and tell two keys apart well enough for a mistake, not for an attacker: they are no proof of possession.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use super::{KeyMaterial, SymmetricAlgorithm, cipher};
use crate::error::{Error, KeyError};
use crate::secret::same;

/// How a check value is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckMethod {
    /// The first 5 octets of the CMAC of one block of zeros (ANSI X9.24-1-2017, Annex A). AES only.
    Cmac,
    /// The first 3 octets of the encryption of one block of zeros. AES and TWINE.
    EncryptedZero,
}

impl CheckMethod {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Cmac, Self::EncryptedZero];

    /// The stable name, such as `encrypted-zero`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmac => "cmac",
            Self::EncryptedZero => "encrypted-zero",
        }
    }

    /// How many octets such a check value has.
    pub const fn value_len(self) -> usize {
        match self {
            Self::Cmac => 5,
            Self::EncryptedZero => 3,
        }
    }
}

impl fmt::Display for CheckMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CheckMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().copied().find(|method| method.name() == text);
        found.ok_or_else(|| Error::input("method", "is neither cmac nor encrypted-zero"))
    }
}

/// A check value and how it was computed. As text it is upper-case hexadecimal; the number of digits tells the method.
///
/// ```
/// use tegata::symmetric::{CheckMethod, CheckValue, check_value};
/// use tegata::SymmetricAlgorithm::Aes128;
///
/// # fn main() -> tegata::Result<()> {
/// let value = check_value(Aes128, &[0; 16], CheckMethod::EncryptedZero)?;
/// assert_eq!(value.to_string(), "66E94B");
/// assert!(value.matches(&"66e94b".parse::<CheckValue>()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CheckValue {
    method: CheckMethod,
    bytes: Vec<u8>,
}

impl CheckValue {
    /// The check value `bytes`.
    ///
    /// # Errors
    /// `key.check_value_malformed` unless there are [`value_len`](CheckMethod::value_len) of them.
    pub fn from_bytes(method: CheckMethod, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != method.value_len() {
            return Err(KeyError::CheckValueMalformed.into());
        }
        Ok(Self { method, bytes: bytes.to_vec() })
    }

    /// How it was computed.
    pub const fn method(&self) -> CheckMethod {
        self.method
    }

    /// Its octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether both are of the same method and octets. How long it takes tells nothing about where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.method == other.method && same(&self.bytes, &other.bytes)
    }
}

impl fmt::Display for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXUPPER.encode(&self.bytes))
    }
}

impl FromStr for CheckValue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let method = CheckMethod::ALL.iter().copied().find(|method| 2 * method.value_len() == text.len());
        let bytes = HEXUPPER_PERMISSIVE.decode(text.as_bytes()).ok();
        match (method, bytes) {
            (Some(method), Some(bytes)) => Ok(Self { method, bytes }),
            _ => Err(KeyError::CheckValueMalformed.into()),
        }
    }
}

impl From<CheckValue> for String {
    fn from(value: CheckValue) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for CheckValue {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl KeyMaterial {
    /// The key's check value.
    ///
    /// # Errors
    /// `key.check_method` for [`CheckMethod::Cmac`] of a TWINE key.
    pub fn check_value(&self, method: CheckMethod) -> Result<CheckValue, Error> {
        let (algorithm, key) = (self.algorithm(), self.expose());
        let whole = match method {
            CheckMethod::Cmac => cipher::cmac_of_zeros(algorithm, key),
            CheckMethod::EncryptedZero => cipher::encrypt_zeros(algorithm, key),
        };
        let refused = || KeyError::CheckMethod { algorithm: algorithm.name().to_owned() };
        let bytes = whole.as_ref().and_then(|whole| whole.get(..method.value_len())).ok_or_else(refused)?;
        Ok(CheckValue { method, bytes: bytes.to_vec() })
    }
}

/// The check value of `key`, for comparing what two parties hold. No registry is needed, so a device can ask as well.
///
/// ```
/// use tegata::symmetric::CheckMethod;
/// use tegata::{SymmetricAlgorithm, check_value};
///
/// # fn main() -> tegata::Result<()> {
/// let value = check_value(SymmetricAlgorithm::Aes128, &[0; 16], CheckMethod::Cmac)?;
/// assert_eq!(value.to_string().len(), 10);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `key.size` when `key` has another size than the algorithm's; `key.check_method` for [`CheckMethod::Cmac`] of a TWINE
/// key.
pub fn check_value(algorithm: SymmetricAlgorithm, key: &[u8], method: CheckMethod) -> Result<CheckValue, Error> {
    KeyMaterial::from_bytes(algorithm, key)?.check_value(method)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;
    use SymmetricAlgorithm::{Aes128, Aes256, Twine80, Twine128};

    /// What pyca/cryptography and `openssl mac`, `openssl enc` say (`core/tests/interop_symmetric.rs` asks them anew).
    const KNOWN: &[(SymmetricAlgorithm, &str, &str, &str)] = &[
        (Aes128, "00000000000000000000000000000000", "763CBCDE81", "66E94B"),
        (Aes128, "2b7e151628aed2a6abf7158809cf4f3c", "7AD386C376", "7DF76B"),
        (Aes256, "0000000000000000000000000000000000000000000000000000000000000000", "9211053C55", "DC95C0"),
        (Aes256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "377822C093", "F29000"),
    ];

    #[test]
    fn check_values_are_what_others_compute() {
        for (algorithm, key, cmac, zeros) in KNOWN {
            let key = HEXLOWER.decode(key.as_bytes()).unwrap();
            assert_eq!(check_value(*algorithm, &key, CheckMethod::Cmac).unwrap().to_string(), *cmac);
            assert_eq!(check_value(*algorithm, &key, CheckMethod::EncryptedZero).unwrap().to_string(), *zeros);
        }
    }

    /// TWINE-80's published vector of zeros. TWINE-128 has none: this one comes from an implementation in Python, written
    /// from the description of the design, which gives the published ones as well.
    #[test]
    fn check_values_of_twine_begin_like_the_published_ciphertext() {
        let value =
            |algorithm, key: &[u8]| check_value(algorithm, key, CheckMethod::EncryptedZero).unwrap().to_string();
        assert_eq!(value(Twine80, &[0; 10]), "7393C1");
        assert_eq!(value(Twine128, &[0; 16]), "274C54");
    }

    #[test]
    fn the_cmac_based_method_is_refused_for_twine() {
        for algorithm in [Twine80, Twine128] {
            let key = vec![0; algorithm.key_len()];
            let refused = check_value(algorithm, &key, CheckMethod::Cmac).unwrap_err();
            assert_eq!(refused.code(), "key.check_method");
            assert!(refused.to_string().contains(algorithm.name()), "{refused}");
        }
    }

    #[test]
    fn a_key_of_another_size_has_no_check_value() {
        for algorithm in SymmetricAlgorithm::ALL {
            let refused = check_value(*algorithm, &[0; 24], CheckMethod::EncryptedZero).unwrap_err();
            assert_eq!(refused.code(), "key.size");
        }
    }

    #[test]
    fn a_check_value_is_its_hexadecimal_text_of_either_case_and_in_json() {
        for text in ["763CBCDE81", "66E94B"] {
            let value: CheckValue = text.parse().unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(text.to_lowercase().parse::<CheckValue>().unwrap(), value);
            assert_eq!(CheckValue::from_bytes(value.method(), value.as_bytes()).unwrap(), value);
            assert_eq!(serde_json::to_value(&value).unwrap(), text);
            assert_eq!(serde_json::from_str::<CheckValue>(&format!("\"{text}\"")).unwrap(), value);
        }
        for wrong in ["", "66E94", "66E94B8A", "66E94G", "66 E94B", "763CBCDE8", "\u{e9}\u{e9}\u{e9}", "0x66E94B"] {
            assert_eq!(wrong.parse::<CheckValue>().unwrap_err().code(), "key.check_value_malformed", "{wrong}");
        }
        assert!(CheckValue::from_bytes(CheckMethod::Cmac, &[0; 3]).is_err());
    }

    #[test]
    fn a_check_value_matches_only_the_same_method_and_octets() {
        let value: CheckValue = "66E94B".parse().unwrap();
        assert!(value.matches(&value.clone()));
        assert!(!value.matches(&"66E94A".parse().unwrap()) && !value.matches(&"66E94B0000".parse().unwrap()));
    }

    #[test]
    fn a_method_has_one_name_everywhere() {
        for method in CheckMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(method.name().parse::<CheckMethod>().unwrap(), *method);
        }
        assert_eq!("kcv".parse::<CheckMethod>().unwrap_err().code(), "input.invalid");
    }

    proptest! {
        #[test]
        fn any_text_is_a_check_value_or_refused(text in ".{0,12}") {
            if let Ok(value) = text.parse::<CheckValue>() {
                prop_assert_eq!(value.to_string(), text.to_ascii_uppercase());
            }
        }
    }
}

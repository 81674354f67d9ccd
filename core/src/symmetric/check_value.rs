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

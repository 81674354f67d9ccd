//! The algorithms of symmetric keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The kind of a symmetric key (NEC-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SymmetricAlgorithm {
    /// AES with a key of 128 bits (FIPS 197).
    #[serde(rename = "aes-128")]
    Aes128,
    /// AES with a key of 256 bits (FIPS 197).
    #[serde(rename = "aes-256")]
    Aes256,
    /// TWINE with a key of 80 bits.
    #[serde(rename = "twine-80")]
    Twine80,
    /// TWINE with a key of 128 bits.
    #[serde(rename = "twine-128")]
    Twine128,
}

impl SymmetricAlgorithm {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Aes128, Self::Aes256, Self::Twine80, Self::Twine128];

    /// The stable name, such as `aes-128`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128 => "aes-128",
            Self::Aes256 => "aes-256",
            Self::Twine80 => "twine-80",
            Self::Twine128 => "twine-128",
        }
    }

    /// The length of a key in octets.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Twine80 => 10,
            Self::Aes128 | Self::Twine128 => 16,
            Self::Aes256 => 32,
        }
    }
}

impl fmt::Display for SymmetricAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SymmetricAlgorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().copied().find(|algorithm| algorithm.name() == text);
        found.ok_or_else(|| Error::input("algorithm", "is none of aes-128, aes-256, twine-80, twine-128"))
    }
}

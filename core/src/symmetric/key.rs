//! The value of a symmetric key: always of its algorithm's size, never printed, erased when dropped.

use std::fmt;

use zeroize::Zeroizing;

use super::{SymmetricAlgorithm, draw_into};
use crate::env::Random;
use crate::error::{Error, KeyError};
use crate::secret::{Secret, same};

/// An AES or TWINE key.
///
/// ```
/// use tegata::symmetric::{CheckMethod, KeyMaterial};
/// use tegata::{SymmetricAlgorithm, SystemRandom};
///
/// # fn main() -> tegata::Result<()> {
/// let key = KeyMaterial::generate(SymmetricAlgorithm::Aes256, &SystemRandom::new())?;
/// assert_eq!(key.expose().len(), 32);
/// assert!(key.matches(key.expose()) && !key.matches(&[0; 32]));
/// assert_eq!(format!("{key:?}"), "KeyMaterial(aes-256)");
///
/// let refused = KeyMaterial::from_bytes(SymmetricAlgorithm::Aes128, &[7; 10]).unwrap_err();
/// assert_eq!(refused.code(), "key.size");
/// # Ok(())
/// # }
/// ```
pub struct KeyMaterial {
    algorithm: SymmetricAlgorithm,
    bytes: Secret<Vec<u8>>,
}

impl KeyMaterial {
    /// A new key from `random`.
    ///
    /// # Errors
    /// `internal.random_failed`.
    pub fn generate(algorithm: SymmetricAlgorithm, random: &dyn Random) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new(vec![0; algorithm.key_len()]);
        draw_into(random, &mut bytes)?;
        Ok(Self { algorithm, bytes: Secret::new(std::mem::take(&mut *bytes)) })
    }

    /// The key `bytes`.
    ///
    /// # Errors
    /// `key.size` unless there are [`key_len`](SymmetricAlgorithm::key_len) of them.
    pub fn from_bytes(algorithm: SymmetricAlgorithm, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != algorithm.key_len() {
            return Err(KeyError::Size {
                algorithm: algorithm.name().to_owned(),
                expected: algorithm.key_len(),
                found: bytes.len(),
            }
            .into());
        }
        Ok(Self { algorithm, bytes: Secret::new(bytes.to_vec()) })
    }

    /// What it is a key of.
    pub const fn algorithm(&self) -> SymmetricAlgorithm {
        self.algorithm
    }

    /// The key itself. Every call of this is a place to check in a review.
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// Whether `other` is this key. How long it takes tells nothing about where they differ.
    pub fn matches(&self, other: &[u8]) -> bool {
        same(self.expose(), other)
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({})", self.algorithm)
    }
}

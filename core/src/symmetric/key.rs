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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::source::{Dry, Steady};
    use super::*;

    /// NEC-9.
    #[test]
    fn a_key_has_the_size_of_its_algorithm_and_no_other_is_taken() {
        for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
            let made = KeyMaterial::generate(algorithm, &Steady::from(1)).unwrap();
            assert_eq!(made.expose().len(), algorithm.key_len());
            assert_eq!(made.algorithm(), algorithm);
            for found in 0..=40 {
                let outcome = KeyMaterial::from_bytes(algorithm, &vec![1; found]);
                if found == algorithm.key_len() {
                    assert_eq!(outcome.unwrap().expose(), vec![1; found]);
                } else {
                    let (expected, algorithm) = (algorithm.key_len(), algorithm.name().to_owned());
                    assert_eq!(outcome.unwrap_err(), KeyError::Size { algorithm, expected, found }.into());
                }
            }
        }
    }

    #[test]
    fn two_keys_are_never_the_same_and_none_is_made_without_randomness() {
        let random = Steady::from(2);
        let one = KeyMaterial::generate(SymmetricAlgorithm::Twine80, &random).unwrap();
        let other = KeyMaterial::generate(SymmetricAlgorithm::Twine80, &random).unwrap();
        assert!(!one.matches(other.expose()));
        let refused = KeyMaterial::generate(SymmetricAlgorithm::Aes128, &Dry).unwrap_err();
        assert_eq!(refused.code(), "internal.random_failed");
    }

    /// NEC-13.
    #[test]
    fn a_key_matches_itself_and_nothing_that_differs_in_a_bit_or_in_length() {
        let key = KeyMaterial::from_bytes(SymmetricAlgorithm::Aes128, &[0xa5; 16]).unwrap();
        assert!(key.matches(&[0xa5; 16]));
        for bit in 0..128 {
            let mut other = [0xa5; 16];
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.matches(&other));
        }
        assert!(!key.matches(&[0xa5; 15]) && !key.matches(&[0xa5; 17]) && !key.matches(&[]));
    }

    #[test]
    fn a_key_shows_itself_in_no_debug_output() {
        let key = KeyMaterial::from_bytes(SymmetricAlgorithm::Twine128, &[0xa5; 16]).unwrap();
        assert_eq!(format!("{key:?} {key:#?}"), "KeyMaterial(twine-128) KeyMaterial(twine-128)");
    }
}

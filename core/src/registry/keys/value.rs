//! How a key's value is kept: sealed for its place, together with what it is, so that no value passes for another
//! version's or algorithm's, wherever it was moved.
//!
//! ```text
//! 1 octet   length of the algorithm's name
//! n         the name
//! 4         version, big-endian
//! rest      the value
//! ```

use zeroize::Zeroizing;

use crate::Result;
use crate::env::Random;
use crate::error::{Error, SealError};
use crate::model::SymmetricKey;
use crate::registry::Inner;
use crate::registry::driver::View;
use crate::secret::{Sealed, Secret};
use crate::store::record::Record;
use crate::store::seal::associated;
use crate::symmetric::{KeyMaterial, SymmetricAlgorithm};

/// Where a value's seal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Current,
    Previous,
}

impl Place {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Current => "value",
            Self::Previous => "previous",
        }
    }
}

fn pack(version: u32, value: &KeyMaterial) -> Zeroizing<Vec<u8>> {
    let (name, bytes) = (value.algorithm().name().as_bytes(), value.expose());
    let mut packed = Zeroizing::new(Vec::with_capacity(1 + name.len() + 4 + bytes.len()));
    packed.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    packed.extend_from_slice(name);
    packed.extend_from_slice(&version.to_be_bytes());
    packed.extend_from_slice(bytes);
    packed
}

fn unpack(packed: &[u8]) -> Option<(u32, KeyMaterial)> {
    let (length, rest) = packed.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (version, bytes) = rest.split_first_chunk::<4>()?;
    let algorithm: SymmetricAlgorithm = std::str::from_utf8(name).ok()?.parse().ok()?;
    Some((u32::from_be_bytes(*version), KeyMaterial::from_bytes(algorithm, bytes).ok()?))
}

impl View<'_> {
    /// The value that was brought, if it has the right size, or one that is drawn.
    pub(super) fn key_value(
        &self,
        algorithm: SymmetricAlgorithm,
        brought: Option<&Secret<Vec<u8>>>,
    ) -> Result<KeyMaterial> {
        if let Some(value) = brought {
            // Any size but the algorithm's is refused (NEC-9).
            return KeyMaterial::from_bytes(algorithm, value.expose());
        }
        let drawn = |random: &dyn Random| Ok(KeyMaterial::generate(algorithm, random)?.expose().to_vec().into());
        KeyMaterial::from_bytes(algorithm, self.secret(algorithm.name().to_owned(), drawn)?.expose())
    }
}

impl Inner {
    /// Seals the value of a version of `key` for its place.
    pub(super) fn seal_key(
        &self,
        key: &SymmetricKey,
        place: Place,
        version: u32,
        value: &KeyMaterial,
    ) -> Result<Sealed> {
        let place = associated(SymmetricKey::TABLE.name, self.ids.number(key.id)?, place.column());
        self.sealer().seal(&place, &pack(version, value))
    }

    /// The value in a place, or `None` when there is none.
    pub(super) fn open_key(&self, key: &SymmetricKey, place: Place) -> Result<Option<KeyMaterial>> {
        let (sealed, version) = match place {
            Place::Current => (key.value.as_ref(), Some(key.version)),
            Place::Previous => (key.previous.as_ref(), key.previous_version),
        };
        let (Some(sealed), Some(version)) = (sealed, version) else { return Ok(None) };
        let table = SymmetricKey::TABLE.name;
        let opened = self.sealer().open(&associated(table, self.ids.number(key.id)?, place.column()), sealed)?;
        match unpack(opened.expose()) {
            Some((of, value)) if of == version && (place == Place::Previous || value.algorithm() == key.algorithm) => {
                Ok(Some(value))
            }
            // It opens, but is another version's: an old value was put back in its place.
            _ => Err(Error::from(SealError::Damaged { at: format!("{table}.{}", place.column()) })),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_comes_back_with_its_version_and_algorithm(which in 0..4_usize, version: u32, bytes: [u8; 32]) {
            let algorithm = SymmetricAlgorithm::ALL[which];
            let value = KeyMaterial::from_bytes(algorithm, &bytes[..algorithm.key_len()]).unwrap();
            let packed = pack(version, &value);
            let (of, back) = unpack(&packed).unwrap();
            prop_assert_eq!((of, back.algorithm()), (version, algorithm));
            prop_assert!(back.matches(value.expose()));
            for length in 0..packed.len() {
                prop_assert!(unpack(&packed[..length]).is_none());
            }
        }

        #[test]
        fn no_octets_make_it_panic(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
        }
    }
}

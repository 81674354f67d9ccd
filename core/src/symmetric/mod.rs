//! What two parties share: AES and TWINE keys with their check values, how such a key is wrapped for a device, and
//! pre-shared keys (PSK) with the rules for their secrets and identities.

mod algorithm;
mod check_value;
mod cipher;
mod identity;
mod key;
mod password;
mod wrap;

pub use algorithm::SymmetricAlgorithm;
pub use check_value::{CheckMethod, CheckValue, check_value};
pub use identity::{MAX_IDENTITY, check_psk_identity};
pub use key::KeyMaterial;
pub(crate) use password::generate_secret;
pub use password::{CharacterClasses, MAX_LEN, MAX_TLS_LEN, MIN_BITS, MIN_TLS_BITS, PskPolicy, generate_password};
pub use wrap::{MIN_WRAPPING_PSK, WrapContext, WrapMethod, WrappedKey, unwrap_key, wrap_key, wrapping_key};

use crate::callback;
use crate::env::Random;
use crate::error::Error;

/// Fills `out` from the host's random source.
fn draw_into(random: &dyn Random, out: &mut [u8]) -> Result<(), Error> {
    callback::run(|| random.fill(out)).map_err(callback::told)
}

/// Random sources for the tests of this module.
#[cfg(test)]
mod source {
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::env::Random;
    use crate::error::Error;

    /// Random enough, and the same in every run: SHA-256 of a counter.
    pub(super) struct Steady(AtomicU64);

    impl Steady {
        pub(super) const fn from(seed: u64) -> Self {
            Self(AtomicU64::new(seed << 32))
        }
    }

    impl Random for Steady {
        fn fill(&self, out: &mut [u8]) -> Result<(), Error> {
            for part in out.chunks_mut(32) {
                let count = self.0.fetch_add(1, Ordering::SeqCst);
                let digest = ring::digest::digest(&ring::digest::SHA256, &count.to_be_bytes());
                part.iter_mut().zip(digest.as_ref()).for_each(|(octet, random)| *octet = *random);
            }
            Ok(())
        }
    }

    /// A broken source: always the same octet.
    pub(super) struct Stuck(pub(super) u8);

    impl Random for Stuck {
        fn fill(&self, out: &mut [u8]) -> Result<(), Error> {
            out.fill(self.0);
            Ok(())
        }
    }

    /// A source that gives nothing.
    pub(super) struct Dry;

    impl Random for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
            Err(crate::error::InternalError::RandomFailed { reason: "dry".to_owned() }.into())
        }
    }
}

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
#[allow(unused_imports, reason = "the registry draws with it")]
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

//! Keys: which algorithms there are, public keys that passed the checks, private keys, and who may sign.

mod algorithm;
mod import;
pub(crate) mod pem;
mod private;
mod public;
mod signer;
mod statement;
mod weakness;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use private::PrivateKey;
pub use public::PublicKey;
pub use signer::Signer;
pub(crate) use signer::sign as sign_with;
pub use statement::Statement;

use crate::error::Error;

/// Makes a new private key; the same as [`PrivateKey::generate`].
///
/// # Errors
/// `key.generation_unsupported` for RSA without the feature `aws-lc`; `key.generation_failed`.
pub fn make_key(algorithm: KeyAlgorithm) -> Result<PrivateKey, Error> {
    PrivateKey::generate(algorithm)
}

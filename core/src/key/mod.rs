//! Keys: which algorithms there are, public keys that passed the checks, private keys, and who may sign.

mod algorithm;
mod import;
pub(crate) mod pem;
mod private;
mod public;
mod signer;
mod weakness;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use private::PrivateKey;
pub use public::PublicKey;
pub use signer::Signer;

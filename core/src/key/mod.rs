//! Keys: which algorithms there are, public keys that passed the checks, private keys, and who may sign.

mod algorithm;
mod public;
mod signer;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use public::PublicKey;
pub use signer::Signer;

//! What two parties share: pre-shared keys, AES and TWINE keys.

mod algorithm;

pub use algorithm::SymmetricAlgorithm;

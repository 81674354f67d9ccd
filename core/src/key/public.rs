//! Public keys that passed the checks.

use super::KeyAlgorithm;

/// A public key of an accepted algorithm in an accepted encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
}

impl PublicKey {
    /// The kind of key.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

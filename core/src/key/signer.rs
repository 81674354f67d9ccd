//! Who may sign: a software key, an HSM, or a callback in the host's language.

use super::{PublicKey, SignatureAlgorithm};
use crate::callback::{run, signer_failed};
use crate::error::SignerError;

/// A private key that signs without showing itself.
///
/// Called from any thread, never with a lock of the library held; a call back into a registry from inside
/// it gets `input.called_back`.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// What [`sign`](Self::sign) makes.
    fn algorithm(&self) -> SignatureAlgorithm {
        self.public_key().algorithm().signature()
    }

    /// The signature over `message` (hashed here) as X.509 carries it: DER `ECDSA-Sig-Value` (RFC 5480), the 64
    /// octets of Ed25519 (RFC 8410), or PKCS#1 v1.5 (RFC 8017).
    ///
    /// # Errors
    /// `signer.failed` when the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// Has `signer` sign, as the host code that it may be.
pub(crate) fn sign(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, SignerError> {
    run(|| signer.sign(message)).map_err(|error| match error {
        SignerError::Failed { reason } => signer_failed(&reason),
        other => other,
    })
}

impl<S: Signer + ?Sized> Signer for std::sync::Arc<S> {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        (**self).algorithm()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        (**self).sign(message)
    }
}

//! Signers: a key that signs without showing itself, in this library or with the host (an HSM, a key store, a cloud KMS).

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use tegata::error::SignerError;
use tegata::{PublicKey, Result, Signer};

use crate::boundary::{free, out, run, shared};
use crate::bytes::tegata_bytes;
use crate::callback::{Host, needed, tegata_failure, tegata_sink};
use crate::input::{growing, sized};
use crate::number::Number;
use crate::status::{tegata_error, tegata_status};

/// Something that signs: made from a private key or from callbacks.
pub struct tegata_signer(pub(crate) Arc<dyn Signer>);

/// The signer that C passes.
pub(crate) fn signer<'a>(signer: *const tegata_signer, field: &str) -> Result<&'a Arc<dyn Signer>> {
    shared(signer, field).map(|signer| &signer.0)
}

/// Frees a signer; NULL is fine. What it was given to goes on using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_signer_free(signer: *mut tegata_signer) {
    free(signer);
}

/// A signer of the host's own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_signer_callbacks {
    /// `sizeof(tegata_signer_callbacks)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Signs `message`, which it hashes itself: SHA-256 for P-256 and RSA keys, SHA-384 for P-384. Adds to `signature`
    /// what X.509 carries: the DER `ECDSA-Sig-Value`, the 64 octets of Ed25519, or PKCS#1 v1.5. Returns 0, or anything
    /// else
    /// after saying why in `failure`: the call gets `signer.failed`. Required.
    pub sign: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            message: tegata_bytes,
            signature: *mut tegata_sink,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Frees `userdata`, once, when nothing signs with it any more. May be NULL.
    pub free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}
growing!(tegata_signer_callbacks);

struct HostSigner {
    host: Host,
    public_key: PublicKey,
    sign: unsafe extern "C" fn(*mut c_void, tegata_bytes, *mut tegata_sink, *mut tegata_failure) -> c_int,
}

impl Signer for HostSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        // The longest signature is that of RSA-4096.
        let mut signature = tegata_sink::of(4096);
        self.host
            .call(|userdata, failure| {
                // SAFETY: the host's function with the arguments that the header tells.
                unsafe { (self.sign)(userdata, tegata_bytes::lent(message), &raw mut signature, failure) }
            })
            .map_err(|(_, mut failure)| SignerError::Failed { reason: failure.reason() })?;
        signature.taken().ok_or_else(|| SignerError::Failed { reason: "the signature is too long".to_owned() })
    }
}

/// Makes a signer from the host's callbacks. `public_key` is its public half: SubjectPublicKeyInfo in DER. Whatever
/// happens,
/// `callbacks->free` is called in the end, unless `callbacks` itself cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_host_signer_new(
    public_key: tegata_bytes,
    callbacks: *const tegata_signer_callbacks,
    signer: *mut *mut tegata_signer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let callbacks = sized(callbacks, "callbacks")?;
        let host = Host::new(callbacks.userdata, callbacks.free);
        let signer = out(signer, "signer")?;
        let sign = needed(callbacks.sign, "sign")?;
        let public_key = PublicKey::from_spki(public_key.get("public_key")?)?;
        signer.own(tegata_signer(Arc::new(HostSigner { host, public_key, sign })));
        Ok(())
    })
}

//! Private keys in memory.

use std::sync::Arc;

use tegata::{PrivateKey, PublicKey, Signer, make_key};

use super::public_key::tegata_public_key;
use crate::algorithm::{tegata_key_algorithm, tegata_signature_algorithm};
use crate::boundary::{free, optional, out, run, shared};
use crate::bytes::{SecretText, Secretly, tegata_buffer, tegata_bytes, tegata_string};
use crate::number::Number;
use crate::record::origin;
use crate::signer::tegata_signer;
use crate::status::{tegata_error, tegata_status};

/// A private key in memory, erased when nothing uses it any more.
pub struct tegata_private_key(Arc<PrivateKey>);

/// Makes a new key with the operating system's random numbers. RSA takes up to some seconds and is not in every build:
/// `key.generation_unsupported`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_make_key(
    algorithm: Number<tegata_key_algorithm>,
    key: *mut *mut tegata_private_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.own(tegata_private_key(Arc::new(make_key(algorithm.core("algorithm")?)?)));
        Ok(())
    })
}

/// Reads a private key: PKCS#8, SEC1 or PKCS#1, in PEM or DER, recognised by content. Encrypted ones are refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_from_bytes(
    input: tegata_bytes,
    key: *mut *mut tegata_private_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.own(tegata_private_key(Arc::new(PrivateKey::from_bytes(input.get("input")?)?)));
        Ok(())
    })
}

/// Reads a private key whose public half is known from elsewhere, such as its certificate: `key.inconsistent` when it is
/// another one. EC keys that lack their point (Java writes them) can be read this way only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_from_bytes_with(
    input: tegata_bytes,
    public_key: *const tegata_public_key,
    key: *mut *mut tegata_private_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        let public_key = origin::<PublicKey>(public_key, "public_key")?;
        key.own(tegata_private_key(Arc::new(PrivateKey::from_bytes_with(input.get("input")?, public_key)?)));
        Ok(())
    })
}

/// What `tegata_private_key_sign` makes; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_algorithm(
    key: *const tegata_private_key,
) -> Number<tegata_signature_algorithm> {
    optional(key).map_or(Number::of(0), |key| key.0.algorithm().into())
}

/// The public half.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_public_key(
    key: *const tegata_private_key,
    public_key: *mut *const tegata_public_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let public_key = out(public_key, "public_key")?;
        public_key.give(shared(key, "key")?.0.public_key());
        Ok(())
    })
}

/// Signs `message`, which is hashed here, as X.509 carries it: the DER ECDSA-Sig-Value, the 64 octets of Ed25519, or
/// PKCS#1 v1.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_sign(
    key: *const tegata_private_key,
    message: tegata_bytes,
    signature: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let signature = out(signature, "signature")?;
        signature.give(shared(key, "key")?.0.sign(message.get("message")?)?.as_slice());
        Ok(())
    })
}

/// The key as PKCS#8 in DER, which everything reads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_to_pkcs8_der(
    key: *const tegata_private_key,
    der: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let der = out(der, "der")?;
        der.give(&Secretly(shared(key, "key")?.0.to_pkcs8_der().expose()));
        Ok(())
    })
}

/// The key as PKCS#8 in PEM (`PRIVATE KEY`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_to_pkcs8_pem(
    key: *const tegata_private_key,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(&SecretText(shared(key, "key")?.0.to_pkcs8_pem().expose()));
        Ok(())
    })
}

/// A signer that signs with the key. The key may be freed before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_signer(
    key: *const tegata_private_key,
    signer: *mut *mut tegata_signer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let signer = out(signer, "signer")?;
        let key: Arc<PrivateKey> = Arc::clone(&shared(key, "key")?.0);
        signer.own(tegata_signer(key));
        Ok(())
    })
}

/// Frees a private key; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_private_key_free(key: *mut tegata_private_key) {
    free(key);
}

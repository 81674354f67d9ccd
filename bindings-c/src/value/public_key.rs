//! Public keys.

use tegata::PublicKey;

use crate::algorithm::{tegata_key_algorithm, tegata_signature_algorithm};
use crate::arena::Arena;
use crate::boundary::{out, run};
use crate::bytes::tegata_bytes;
use crate::number::Number;
use crate::record::{Originates, ToC, free_record, origin};
use crate::status::{tegata_error, tegata_status};

/// A public key of an accepted algorithm in an accepted encoding, without a known weakness.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_public_key {
    /// The kind of key.
    pub algorithm: Number<tegata_key_algorithm>,
    /// The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
    pub spki: tegata_bytes,
    /// What is in its BIT STRING: the uncompressed point, the 32 octets of Ed25519, or the `RSAPublicKey`.
    pub key_bits: tegata_bytes,
    /// The subject key identifier (RFC 7093, method 1): 20 octets.
    pub key_identifier: tegata_bytes,
    /// The SHA-256 of `spki`: 32 octets.
    pub digest: tegata_bytes,
}

impl ToC for PublicKey {
    type C = tegata_public_key;

    fn to_c(&self, arena: &mut Arena) -> tegata_public_key {
        tegata_public_key {
            algorithm: self.algorithm().into(),
            spki: arena.bytes(self.spki()),
            key_bits: arena.bytes(self.key_bits()),
            key_identifier: arena.bytes(&self.key_identifier()),
            digest: arena.bytes(&self.digest()),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}

impl Originates for PublicKey {}

/// Reads a `SubjectPublicKeyInfo` in DER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_public_key_from_spki(
    der: tegata_bytes,
    key: *mut *const tegata_public_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&PublicKey::from_spki(der.get("der")?)?);
        Ok(())
    })
}

/// Checks that `signature` over `message` (hashed here) was made with the private half: `key.signature_mismatch` when
/// the algorithm is not one for this key, `key.signature_invalid` when it does not verify.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_public_key_verify(
    key: *const tegata_public_key,
    algorithm: Number<tegata_signature_algorithm>,
    message: tegata_bytes,
    signature: tegata_bytes,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = origin::<PublicKey>(key, "key")?;
        Ok(key.verify(algorithm.core("algorithm")?, message.get("message")?, signature.get("signature")?)?)
    })
}

/// Frees a public key that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_public_key_free(key: *const tegata_public_key) {
    free_record(key);
}

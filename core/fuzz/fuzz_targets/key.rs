//! Private and public keys: whatever is accepted can be written and read again.
#![no_main]

use tegata::{PrivateKey, PublicKey, Signer};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(key) = PrivateKey::from_bytes(input) {
        let again = PrivateKey::from_bytes(key.to_pkcs8_der().expose()).expect("what was read once");
        assert_eq!(again.public_key(), key.public_key());
    }
    if let Ok(key) = PublicKey::from_spki(input) {
        assert_eq!(key.spki(), input);
    }
});

//! Keys wrapped here open in pyca/cryptography, which derives the wrapping key by itself, and the other way round; check
//! values are those of pyca/cryptography and openssl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod interop;

use std::path::Path;

use data_encoding::{HEXLOWER, HEXUPPER};
use interop::{openssl, python, run};
use tegata::symmetric::{CheckMethod, KeyMaterial, WrapContext, wrap_key};
use tegata::{SymmetricAlgorithm, SystemRandom, WrapMethod, WrappedKey, check_value, unwrap_key};

const PSK: &[u8] = b"a secret of 16 octets or more";

fn new_key(algorithm: SymmetricAlgorithm) -> KeyMaterial {
    KeyMaterial::generate(algorithm, &SystemRandom::new()).unwrap()
}

fn context() -> WrapContext {
    WrapContext { device: "計器-1".to_owned(), key: "telemetry".to_owned(), number: 2, version: 70_000 }
}

#[test]
fn python_opens_wrapped_keys_unless_they_were_altered() {
    let directory = tempfile::tempdir().unwrap();
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
        let key = new_key(algorithm);
        let wrapped = wrap_key(&key, PSK, &context()).unwrap();
        let other_version = WrappedKey { version: 70_001, ..wrapped.clone() };
        let other_device = WrappedKey { device: "計器-2".to_owned(), ..wrapped.clone() };
        for (wrapped, seen) in
            [(wrapped, HEXLOWER.encode(key.expose())), (other_version, "-".to_owned()), (other_device, "-".to_owned())]
        {
            lines += &(serde_json::to_string(&wrapped).unwrap() + "\n");
            expected.push(seen);
        }
    }
    std::fs::write(directory.path().join("wrapped.jsonl"), lines).unwrap();
    let seen = python("symmetric.py", &["unwrap", "wrapped.jsonl", &HEXLOWER.encode(PSK)], directory.path());
    assert_eq!(seen.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_python_wraps_opens_here() {
    let WrapContext { device, key: name, number, version } = context();
    for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
        let key = new_key(algorithm);
        let (number, version) = (number.to_string(), version.to_string());
        let (plain, psk) = (HEXLOWER.encode(key.expose()), HEXLOWER.encode(PSK));
        let arguments = ["wrap", algorithm.name(), &plain, &device, &name, &number, &version, &psk];
        let wrapped = HEXLOWER.decode(python("symmetric.py", &arguments, Path::new(".")).trim().as_bytes()).unwrap();
        let method = if wrapped.len() == 24 && algorithm == SymmetricAlgorithm::Twine80 {
            WrapMethod::AesKwp
        } else {
            WrapMethod::AesKw
        };
        let WrapContext { device, key: id, number, version } = context();
        let wrapped = WrappedKey { method, algorithm, device, key: id, number, version, wrapped };
        assert!(unwrap_key(&wrapped, PSK).unwrap().matches(key.expose()));
        assert_eq!(unwrap_key(&wrapped, b"another secret of 16 octets").unwrap_err().code(), "key.unwrap_failed");
    }
}

#[test]
fn check_values_are_those_of_python_and_openssl() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::write(directory.join("zeros"), [0; 16]).unwrap();
    for (algorithm, bits) in [(SymmetricAlgorithm::Aes128, 128), (SymmetricAlgorithm::Aes256, 256)] {
        let key = new_key(algorithm);
        let hex = HEXLOWER.encode(key.expose());
        let ours = |method| check_value(algorithm, key.expose(), method).unwrap().to_string();
        let (cmac, zeros) = (ours(CheckMethod::Cmac), ours(CheckMethod::EncryptedZero));
        assert_eq!(python("symmetric.py", &["check", &hex], directory).trim(), format!("{cmac} {zeros}"));

        let (cipher, secret) = (format!("AES-{bits}-CBC"), format!("hexkey:{hex}"));
        let mac = openssl(&["mac", "-cipher", &cipher, "-macopt", &secret, "-in", "zeros", "CMAC"], directory);
        assert_eq!(mac.get(..10), Some(&*cmac));
        let cipher = format!("-aes-{bits}-ecb");
        let encrypted = run("openssl", &["enc", &cipher, "-K", &hex, "-nopad", "-in", "zeros"], directory).stdout;
        assert_eq!(HEXUPPER.encode(encrypted.get(..3).unwrap()), zeros);
    }
}

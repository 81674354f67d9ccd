//! The committed inputs of the fuzz targets, through the same functions, on a stable compiler.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::PathBuf;

use tegata::{Name, PrivateKey, PublicKey, Signer, parse_csr};

/// Every input of one target; there must be some.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let inputs: Vec<_> = std::fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    assert!(inputs.len() > 5, "{} is nearly empty", directory.display());
    inputs
}

#[test]
fn requests_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("csr") {
        if let Ok(csr) = parse_csr(&input) {
            assert_eq!(parse_csr(csr.der()).unwrap().der(), csr.der(), "{name}");
        }
        if let Ok(names) = tegata::x509::decode_san(&input) {
            assert_eq!(tegata::x509::encode_san(&names), input, "{name}");
        }
    }
}

#[test]
fn keys_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("key") {
        if let Ok(key) = PrivateKey::from_bytes(&input) {
            let again = PrivateKey::from_bytes(key.to_pkcs8_der().expose()).unwrap();
            assert_eq!(again.public_key(), key.public_key(), "{name}");
        }
        if let Ok(key) = PublicKey::from_spki(&input) {
            assert_eq!(key.spki(), input, "{name}");
        }
    }
}

#[test]
fn names_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("name") {
        if let Ok(read) = Name::from_der(&input) {
            assert_eq!(read.as_der(), input, "{name}");
            let _ = (read.to_string(), read.attributes(), read.common_name());
        }
        if let Some(read) = std::str::from_utf8(&input).ok().and_then(|text| text.parse::<Name>().ok()) {
            assert_eq!(Name::from_der(read.as_der()).unwrap(), read, "{name}");
            if let Ok(again) = read.to_string().parse::<Name>() {
                assert_eq!(again.to_string(), read.to_string(), "{name}");
            }
        }
    }
}

//! Private keys as openssl writes them, in every encoding: what is read signs what openssl verifies, and the rest is
//! refused with its reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::case_sensitive_file_extension_comparisons)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use tegata::{KeyAlgorithm, PrivateKey, PublicKey, SignatureAlgorithm, Signer};

const ACCEPTED: &[(&str, KeyAlgorithm)] = &[
    ("p256.with-parameters.pem", KeyAlgorithm::EcdsaP256),
    ("p256.sec1.pem", KeyAlgorithm::EcdsaP256),
    ("p256.sec1.der", KeyAlgorithm::EcdsaP256),
    ("p256.pkcs8.pem", KeyAlgorithm::EcdsaP256),
    ("p256.pkcs8.der", KeyAlgorithm::EcdsaP256),
    ("certificate-and-key.pem", KeyAlgorithm::EcdsaP256),
    ("p384.with-parameters.pem", KeyAlgorithm::EcdsaP384),
    ("p384.sec1.pem", KeyAlgorithm::EcdsaP384),
    ("p384.sec1.der", KeyAlgorithm::EcdsaP384),
    ("p384.pkcs8.pem", KeyAlgorithm::EcdsaP384),
    ("p384.pkcs8.der", KeyAlgorithm::EcdsaP384),
    ("ed25519.pkcs8.pem", KeyAlgorithm::Ed25519),
    ("ed25519.pkcs8.der", KeyAlgorithm::Ed25519),
    ("rsa2048.pkcs1.pem", KeyAlgorithm::Rsa2048),
    ("rsa2048.pkcs1.der", KeyAlgorithm::Rsa2048),
    ("rsa2048.pkcs8.pem", KeyAlgorithm::Rsa2048),
    ("rsa2048.pkcs8.der", KeyAlgorithm::Rsa2048),
    ("rsa3072.pkcs1.pem", KeyAlgorithm::Rsa3072),
    ("rsa3072.pkcs1.der", KeyAlgorithm::Rsa3072),
    ("rsa3072.pkcs8.pem", KeyAlgorithm::Rsa3072),
    ("rsa3072.pkcs8.der", KeyAlgorithm::Rsa3072),
    ("rsa4096.pkcs1.pem", KeyAlgorithm::Rsa4096),
    ("rsa4096.pkcs1.der", KeyAlgorithm::Rsa4096),
    ("rsa4096.pkcs8.pem", KeyAlgorithm::Rsa4096),
    ("rsa4096.pkcs8.der", KeyAlgorithm::Rsa4096),
];

/// File, code, and a word of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    ("encrypted.pkcs8.pem", "key.encrypted", ""),
    ("encrypted.pkcs8.der", "key.encrypted", ""),
    ("encrypted.sec1.pem", "key.encrypted", ""),
    ("encrypted.pkcs1.pem", "key.encrypted", ""),
    ("p521.pkcs8.pem", "key.algorithm", "P-521"),
    ("p521.sec1.pem", "key.algorithm", "P-521"),
    ("secp256k1.pkcs8.pem", "key.algorithm", "secp256k1"),
    ("ed448.pkcs8.pem", "key.algorithm", "Ed448"),
    ("x25519.pkcs8.pem", "key.algorithm", "X25519"),
    ("rsa-pss.pkcs8.pem", "key.algorithm", "RSA-PSS"),
    ("rsa-three-primes.pkcs8.pem", "key.algorithm", "more than two primes"),
    ("explicit-curve.pkcs8.pem", "key.encoding", "explicit curve parameters"),
    ("compressed-point.sec1.der", "key.encoding", "a compressed point"),
    ("rsa1024.pkcs8.pem", "key.rsa_size", "1024"),
    ("rsa-exponent3.pkcs8.pem", "key.rsa_exponent", ""),
    ("two-keys.pem", "key.malformed", "more than one"),
    ("p256.spki.der", "key.malformed", "another ASN.1 structure"),
    ("rsa2048.spki.der", "key.malformed", "another ASN.1 structure"),
];

/// Keys without their point, the SPKI that completes them, and public keys, which are judged on their own.
const OTHERS: &[&str] = &[
    "generate.sh",
    "p256.sec1-without-point.der",
    "p384.sec1-without-point.der",
    "p384.spki.der",
    "ed25519.spki.der",
    "rsa3072.spki.der",
    "rsa4096.spki.der",
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/key")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(directory().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn key(name: &str) -> PrivateKey {
    PrivateKey::from_bytes(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().expect("openssl is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether openssl verifies what `key` signs, with the public key that openssl reads from what `key` writes.
fn openssl_agrees(key: &PrivateKey) {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    std::fs::write(at("message"), b"the message").unwrap();
    std::fs::write(at("signature"), key.sign(b"the message").unwrap()).unwrap();
    std::fs::write(at("key.pem"), key.to_pkcs8_pem().expose()).unwrap();
    let run = |arguments: &[&str]| openssl(scratch.path(), arguments);
    run(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der"]);
    assert_eq!(std::fs::read(at("public.der")).unwrap(), key.public_key().spki());
    run(&["pkey", "-in", "key.pem", "-check", "-noout"]);
    let said = match key.algorithm() {
        SignatureAlgorithm::Ed25519 => run(&[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-keyform",
            "DER",
            "-inkey",
            "public.der",
            "-rawin",
            "-in",
            "message",
            "-sigfile",
            "signature",
        ]),
        algorithm => {
            let hash = if algorithm == SignatureAlgorithm::EcdsaSha384 { "-sha384" } else { "-sha256" };
            run(&["dgst", hash, "-verify", "public.der", "-keyform", "DER", "-signature", "signature", "message"])
        }
    };
    assert!(said.contains("Verified OK") || said.contains("Verified Successfully"), "{said}");
}

#[test]
fn keys_in_every_encoding_are_read_and_sign_what_openssl_verifies() {
    for &(name, algorithm) in ACCEPTED {
        let key = key(name);
        assert_eq!(key.public_key().algorithm(), algorithm, "{name}");
        openssl_agrees(&key);
    }
}

#[test]
fn all_encodings_of_one_key_are_the_same_key() {
    for stem in ["p256", "p384", "ed25519", "rsa2048", "rsa3072", "rsa4096"] {
        let spki = file(&format!("{stem}.spki.der"));
        for &(name, _) in ACCEPTED.iter().filter(|(name, _)| name.starts_with(&format!("{stem}."))) {
            assert_eq!(key(name).public_key().spki(), spki, "{name}");
            assert_eq!(key(name).to_pkcs8_der().expose(), key(&format!("{stem}.pkcs8.der")).to_pkcs8_der().expose());
        }
        assert_eq!(PublicKey::from_spki(&spki).unwrap().spki(), spki);
    }
}

#[test]
fn what_openssl_writes_as_pkcs8_is_what_is_written_here() {
    for stem in ["p256", "p384", "ed25519", "rsa2048"] {
        let name = format!("{stem}.pkcs8.der");
        assert_eq!(key(&name).to_pkcs8_der().expose(), &file(&name), "{stem}");
        let name = format!("{stem}.pkcs8.pem");
        assert_eq!(key(&name).to_pkcs8_pem().expose().as_bytes(), file(&name), "{stem}");
    }
}

#[test]
fn new_keys_sign_what_openssl_verifies() {
    for &algorithm in KeyAlgorithm::ALL {
        match tegata::make_key(algorithm) {
            Ok(key) => openssl_agrees(&key),
            Err(error) => {
                assert!(algorithm.is_rsa() && !cfg!(feature = "aws-lc"), "{error}");
                assert_eq!(error.code(), "key.generation_unsupported");
            }
        }
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_each_with_its_reason() {
    for &(name, code, word) in REFUSED {
        let error = PrivateKey::from_bytes(&file(name)).err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(word), "{name}: {error}");
    }
}

#[test]
fn every_file_is_judged() {
    let judged: BTreeSet<_> =
        ACCEPTED.iter().map(|row| row.0).chain(REFUSED.iter().map(|row| row.0)).chain(OTHERS.iter().copied()).collect();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(judged.contains(name.as_str()), "{name} is not judged");
    }
}

#[test]
fn an_ec_key_without_its_point_is_read_with_its_certificate_or_says_what_is_missing() {
    for stem in ["p256", "p384"] {
        let bare = file(&format!("{stem}.sec1-without-point.der"));
        let public = PublicKey::from_spki(&file(&format!("{stem}.spki.der"))).unwrap();
        assert_eq!(PrivateKey::from_bytes_with(&bare, &public).unwrap().public_key(), &public);
        let alone = PrivateKey::from_bytes(&bare);
        if cfg!(feature = "aws-lc") {
            assert_eq!(alone.unwrap().public_key(), &public);
        } else {
            assert_eq!(alone.unwrap_err().code(), "key.public_half_missing");
        }
    }
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    let other = tegata::make_key(KeyAlgorithm::EcdsaP256).unwrap();
    let refused = |bytes: &[u8]| PrivateKey::from_bytes(bytes).unwrap_err().code();
    for name in ["p256.sec1.der", "p256.pkcs8.pem", "ed25519.pkcs8.der", "rsa2048.pkcs1.der"] {
        let error = PrivateKey::from_bytes_with(&file(name), other.public_key()).unwrap_err();
        assert_eq!(error.code(), "key.inconsistent", "{name}");
    }
    let bare = file("p256.sec1-without-point.der");
    assert_eq!(PrivateKey::from_bytes_with(&bare, other.public_key()).unwrap_err().code(), "key.inconsistent");

    let mut ec = file("p256.sec1.der");
    let point = other.public_key().key_bits();
    let at = ec.len() - point.len();
    ec[at..].copy_from_slice(point);
    assert_eq!(refused(&ec), "key.inconsistent");

    // The first prime of RSA, somewhere in its middle.
    let mut rsa = file("rsa2048.pkcs1.der");
    rsa[600] ^= 1;
    assert_eq!(refused(&rsa), "key.inconsistent");
}

#[test]
fn ed25519_of_pkcs8_version_2_is_read_and_its_public_half_checked() {
    let key = key("ed25519.pkcs8.der");
    let v1 = file("ed25519.pkcs8.der");
    let v2 = |public: &[u8]| {
        let mut der = vec![0x30, 0x51, 2, 1, 1];
        der.extend_from_slice(&v1[5..]);
        der.extend_from_slice(&[0x81, 0x21, 0]);
        der.extend_from_slice(public);
        PrivateKey::from_bytes(&der)
    };
    assert_eq!(v2(key.public_key().key_bits()).unwrap().public_key(), key.public_key());
    assert_eq!(v2(&[7; 32]).unwrap_err().code(), "key.inconsistent");
}

#[test]
fn a_scalar_without_its_leading_zeros_is_read() {
    // Such a key is one in 256; make one.
    let (key, scalar) = std::iter::repeat_with(|| tegata::make_key(KeyAlgorithm::EcdsaP256).unwrap())
        .find_map(|key| {
            let scalar = key.to_pkcs8_der().expose()[36..68].to_vec();
            (scalar[0] == 0).then_some((key, scalar))
        })
        .unwrap();
    let mut short = vec![0x30, 0x30, 2, 1, 1, 4, 31];
    short.extend_from_slice(&scalar[1..]);
    short.extend_from_slice(b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    short[1] = u8::try_from(short.len() - 2).unwrap();
    assert_eq!(PrivateKey::from_bytes_with(&short, key.public_key()).unwrap().public_key(), key.public_key());
}

#[test]
fn garbage_and_left_over_bytes_are_refused() {
    for bytes in [&b""[..], b"0", b"\x30\x00", b"\x30\x03\x02\x01\x00", b"hello", b"-----BEGIN PRIVATE KEY-----"] {
        assert_eq!(PrivateKey::from_bytes(bytes).unwrap_err().code(), "key.malformed", "{bytes:?}");
    }
    for &(name, _) in ACCEPTED.iter().filter(|(name, _)| name.ends_with(".der")) {
        let error = PrivateKey::from_bytes(&[&file(name)[..], b"\0"].concat()).unwrap_err();
        assert_eq!(error.code(), "key.malformed", "{name}");
        assert!(error.to_string().contains("follow"), "{name}: {error}");
    }
}

#[test]
fn a_private_key_never_prints_itself() {
    let key = key("p256.pkcs8.der");
    assert_eq!(format!("{key:?}"), "PrivateKey(ecdsa-p256)");
    assert_eq!(format!("{:?}", key.to_pkcs8_pem()), "Secret(..)");
}

#[test]
fn a_signature_verifies_only_with_its_key_algorithm_and_message() {
    let (key, other) = (key("p256.pkcs8.der"), key("ed25519.pkcs8.der"));
    let signature = key.sign(b"message").unwrap();
    let public = key.public_key();
    assert!(public.verify(SignatureAlgorithm::EcdsaSha256, b"message", &signature).is_ok());
    let code = |result: Result<(), tegata::error::KeyError>| result.unwrap_err().code();
    assert_eq!(code(public.verify(SignatureAlgorithm::EcdsaSha256, b"messagE", &signature)), "key.signature_invalid");
    assert_eq!(code(public.verify(SignatureAlgorithm::EcdsaSha384, b"message", &signature)), "key.signature_invalid");
    for algorithm in [SignatureAlgorithm::Ed25519, SignatureAlgorithm::RsaSha256] {
        assert_eq!(code(public.verify(algorithm, b"message", &signature)), "key.signature_mismatch");
    }
    let mismatch = other.public_key().verify(SignatureAlgorithm::EcdsaSha256, b"message", &signature);
    assert_eq!(code(mismatch), "key.signature_mismatch");
}

#[test]
fn the_key_identifier_is_that_of_rfc_7093() {
    let public = PublicKey::from_spki(&file("p256.spki.der")).unwrap();
    assert_eq!(public.key_bits(), &file("p256.spki.der")[26..]);
    assert_eq!(public.key_bits()[0], 4);
    let hash = ring::digest::digest(&ring::digest::SHA256, public.key_bits());
    assert_eq!(public.key_identifier(), hash.as_ref()[..20]);
    let rsa = PublicKey::from_spki(&file("rsa2048.spki.der")).unwrap();
    assert_eq!(rsa.key_bits()[..4], [0x30, 0x82, 1, 0x0a]);
}

#[test]
fn every_signature_algorithm_is_known_by_its_identifier() {
    for &algorithm in SignatureAlgorithm::ALL {
        assert_eq!(SignatureAlgorithm::from_identifier(algorithm.identifier()), Some(algorithm));
    }
    assert_eq!(SignatureAlgorithm::from_identifier(b"\x30\x00"), None);
    let sha1 = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00";
    assert_eq!(SignatureAlgorithm::from_identifier(sha1), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = PublicKey::from_spki(&bytes);
        prop_assert!(PrivateKey::from_bytes(&bytes).is_err());
    }

    #[test]
    fn real_keys_with_flipped_bits_never_panic_nor_become_two(row in 0..13usize, at: prop::sample::Index, bit in 0u8..8) {
        let mut bytes = file(ACCEPTED[row].0);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // An Ed25519 seed has no redundancy, and text around PEM may say anything; but halves always agree.
        if let Ok(key) = PrivateKey::from_bytes(&bytes) {
            let signature = key.sign(b"x").unwrap();
            prop_assert!(key.public_key().verify(key.algorithm(), b"x", &signature).is_ok());
        }
    }
}

//! Real and forged certification requests: each file of `data/csr` has one line here with what must come of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;
use tegata::{KeyAlgorithm, KeyUsage, VerifiedCsr, parse_csr};
use x509_parser::prelude::FromDer;

const ACCEPTED: &[(&str, KeyAlgorithm, &str)] = &[
    ("openssl-p256.pem", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("openssl-p256.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("openssl-p384.pem", KeyAlgorithm::EcdsaP384, "CN=pump-7,O=Example"),
    ("openssl-ed25519.pem", KeyAlgorithm::Ed25519, "CN=pump-7,O=Example"),
    ("openssl-rsa2048.pem", KeyAlgorithm::Rsa2048, "CN=pump-7,O=Example"),
    ("openssl-rsa3072.pem", KeyAlgorithm::Rsa3072, "CN=pump-7,O=Example"),
    ("openssl-rsa4096.pem", KeyAlgorithm::Rsa4096, "CN=pump-7,O=Example"),
    ("openssl-text.pem", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("openssl-new-label.pem", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("openssl-extensions.pem", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("openssl-multivalued.pem", KeyAlgorithm::EcdsaP256, "CN=x+SERIALNUMBER=7,OU=b,OU=a,DC=example,DC=com"),
    ("openssl-empty-subject.pem", KeyAlgorithm::EcdsaP256, ""),
    ("good.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("pem-crlf.pem", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("p384-sha256.der", KeyAlgorithm::EcdsaP384, "CN=pump-7,O=Example"),
    ("p256-sha384.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("rsa-sha384.der", KeyAlgorithm::Rsa2048, "CN=pump-7,O=Example"),
    ("rsa-sha512.der", KeyAlgorithm::Rsa2048, "CN=pump-7,O=Example"),
    ("rsa-signature-without-null.der", KeyAlgorithm::Rsa2048, "CN=pump-7,O=Example"),
    ("attributes-omitted.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("challenge-password.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("challenge-password-bmp.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("unknown-attribute.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("unknown-extension.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("microsoft-extensions.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("critical-false-written.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("empty-extension-request.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("hardware-module-name.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("directory-name-in-san.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("wants-ca.der", KeyAlgorithm::EcdsaP256, "CN=pump-7,O=Example"),
    ("printable-subject.der", KeyAlgorithm::EcdsaP256, "CN=café,O=例,C=JP"),
    ("multivalued-unsorted.der", KeyAlgorithm::EcdsaP256, "SERIALNUMBER=7+CN=x"),
];

/// File, code, and a word of the message that tells this cause from others of the same code.
const REFUSED: &[(&str, &str, &str)] = &[
    // Structure.
    ("trailing-byte.der", "csr.trailing_data", ""),
    ("two-requests.der", "csr.trailing_data", ""),
    ("two-requests.pem", "csr.trailing_data", ""),
    ("trailing-in-pem.pem", "csr.trailing_data", ""),
    ("trailing-in-request.der", "csr.malformed", "structure"),
    ("trailing-in-info.der", "csr.malformed", "structure"),
    ("trailing-in-attribute.der", "csr.malformed", "structure"),
    ("truncated.der", "csr.malformed", "structure"),
    ("indefinite-length.der", "csr.malformed", "structure"),
    ("length-not-minimal.der", "csr.malformed", "structure"),
    ("wrong-label.pem", "csr.malformed", "labelled"),
    ("bad-base64.pem", "csr.malformed", "base64"),
    ("no-end.pem", "csr.malformed", "END"),
    ("empty.der", "csr.malformed", ""),
    ("text.txt", "csr.malformed", ""),
    ("a-certificate.der", "csr.malformed", "structure"),
    ("signature-with-unused-bits.der", "csr.malformed", "structure"),
    ("version-1.der", "csr.version", ""),
    ("version-2.der", "csr.version", ""),
    // Attributes and extensions.
    ("extension-request-twice.der", "csr.extension_request_repeated", ""),
    ("extension-request-both-names.der", "csr.extension_request_repeated", ""),
    ("extension-request-two-values.der", "csr.extension_request_repeated", ""),
    ("extension-request-no-value.der", "csr.malformed", "structure"),
    ("extension-twice.der", "csr.extension_repeated", "1.2.3.4"),
    ("san-twice.der", "csr.extension_repeated", "2.5.29.17"),
    ("challenge-password-twice.der", "csr.attribute_repeated", "1.2.840.113549.1.9.7"),
    ("challenge-password-two-values.der", "csr.attribute_repeated", "1.2.840.113549.1.9.7"),
    ("challenge-password-no-text.der", "csr.malformed", "challengePassword"),
    ("unknown-attribute-twice.der", "csr.attribute_repeated", "1.2.3.4"),
    ("key-usage-no-bits.der", "csr.extension_malformed", "2.5.29.15"),
    ("key-usage-trailing.der", "csr.extension_malformed", "2.5.29.15"),
    ("basic-constraints-broken.der", "csr.extension_malformed", "2.5.29.19"),
    ("purposes-empty.der", "csr.extension_malformed", "2.5.29.37"),
    ("critical-neither.der", "csr.extension_malformed", "1.2.3.4"),
    ("extensions-65.der", "csr.malformed", "64 extensions"),
    // Names.
    ("dns-nul.der", "csr.san_malformed", "characters"),
    ("dns-empty.der", "csr.san_malformed", "empty DNS name"),
    ("dns-star.der", "csr.san_malformed", "`*`"),
    ("dns-star-inside.der", "csr.san_malformed", "`*`"),
    ("dns-two-stars.der", "csr.san_malformed", "`*`"),
    ("dns-empty-label.der", "csr.san_malformed", "empty label"),
    ("dns-leading-dot.der", "csr.san_malformed", "empty label"),
    ("dns-trailing-dot.der", "csr.san_malformed", "empty label"),
    ("dns-space.der", "csr.san_malformed", "characters"),
    ("dns-not-ascii.der", "csr.san_malformed", "ASCII"),
    ("dns-address.der", "csr.san_malformed", "IP address"),
    ("dns-long-label.der", "csr.san_malformed", "63"),
    ("dns-long.der", "csr.san_malformed", "253"),
    ("dns-newline.der", "csr.san_malformed", "characters"),
    ("san-empty.der", "csr.san_malformed", "no name"),
    ("san-trailing.der", "csr.san_malformed", "sequence"),
    ("san-not-a-sequence.der", "csr.san_malformed", "sequence"),
    ("ip-5-octets.der", "csr.san_malformed", "4 nor 16"),
    ("ip-8-octets.der", "csr.san_malformed", "4 nor 16"),
    ("email-without-host.der", "csr.san_malformed", "mail"),
    ("email-nul.der", "csr.san_malformed", "mail"),
    ("uri-without-scheme.der", "csr.san_malformed", "URI"),
    ("other-name-broken.der", "csr.san_malformed", "otherName"),
    ("x400-name.der", "csr.san_malformed", "X.400"),
    ("empty-rdn.der", "csr.subject_malformed", "without attributes"),
    ("cn-nul.der", "csr.subject_malformed", "NUL"),
    ("cn-not-utf8.der", "csr.subject_malformed", "UTF-8"),
    ("attribute-without-value.der", "csr.subject_malformed", "sequence"),
    ("attribute-two-values.der", "csr.subject_malformed", "sequence"),
    ("subject-type-no-oid.der", "csr.subject_malformed", "OID"),
    ("subject-65-attributes.der", "csr.subject_malformed", "64 attributes"),
    ("subject-9-kib.der", "csr.subject_malformed", "8 KiB"),
    // Signatures.
    ("signature-bit-flipped.der", "csr.signature_invalid", ""),
    ("subject-altered.der", "csr.signature_invalid", ""),
    ("signed-by-another-key.der", "csr.signature_invalid", ""),
    ("signature-empty.der", "csr.signature_invalid", ""),
    ("ed25519-signature-altered.der", "csr.signature_invalid", ""),
    ("rsa-signature-altered.der", "csr.signature_invalid", ""),
    ("point-not-on-curve.der", "csr.signature_invalid", ""),
    ("p256-with-rsa-algorithm.der", "csr.signature_mismatch", ""),
    ("rsa-with-ecdsa-algorithm.der", "csr.signature_mismatch", ""),
    ("ed25519-with-ecdsa-algorithm.der", "csr.signature_mismatch", ""),
    ("openssl-rsa-sha1.pem", "csr.signature_algorithm", "RSA with SHA-1"),
    ("openssl-rsa-md5.pem", "csr.signature_algorithm", "RSA with MD5"),
    ("openssl-rsa-sha224.pem", "csr.signature_algorithm", "RSA with SHA-224"),
    ("openssl-rsa-pss-signature.pem", "csr.signature_algorithm", "RSA-PSS"),
    ("openssl-ecdsa-sha1.pem", "csr.signature_algorithm", "ECDSA with SHA-1"),
    ("openssl-ecdsa-sha512.pem", "csr.signature_algorithm", "ECDSA with SHA-512"),
    ("ecdsa-with-null.der", "csr.signature_algorithm", "parameters"),
    ("unknown-signature-algorithm.der", "csr.signature_algorithm", "1.2.3.4"),
    // Keys.
    ("openssl-p521.pem", "csr.key_algorithm", "P-521"),
    ("openssl-p224.pem", "csr.key_algorithm", "P-224"),
    ("openssl-secp256k1.pem", "csr.key_algorithm", "secp256k1"),
    ("openssl-brainpool.pem", "csr.key_algorithm", "brainpoolP256r1"),
    ("openssl-ed448.pem", "csr.key_algorithm", "Ed448"),
    ("openssl-rsa-pss-key.pem", "csr.key_algorithm", "RSA-PSS"),
    ("dsa.der", "csr.key_algorithm", "DSA"),
    ("x25519.der", "csr.key_algorithm", "X25519"),
    ("ml-dsa-65.der", "csr.key_algorithm", "ML-DSA-65"),
    ("unknown-key-algorithm.der", "csr.key_algorithm", "1.2.3.4"),
    ("openssl-explicit-curve.pem", "csr.key_encoding", "explicit curve parameters"),
    ("point-compressed.der", "csr.key_encoding", "a compressed point"),
    ("point-hybrid.der", "csr.key_encoding", "hybrid"),
    ("point-infinity.der", "csr.key_encoding", "no point"),
    ("point-too-short.der", "csr.key_encoding", "wrong size"),
    ("point-of-p384-on-p256.der", "csr.key_encoding", "wrong size"),
    ("curve-missing.der", "csr.key_encoding", "without its curve"),
    ("curve-null.der", "csr.key_encoding", "not named"),
    ("spki-trailing.der", "csr.key_encoding", "structure"),
    ("spki-unused-bits.der", "csr.key_encoding", "structure"),
    ("ed25519-with-null.der", "csr.key_encoding", "Ed25519 with parameters"),
    ("ed25519-31-octets.der", "csr.key_encoding", "32 octets"),
    ("rsa-without-null.der", "csr.key_encoding", "NULL"),
    ("rsa-negative-modulus.der", "csr.key_encoding", "not positive"),
    ("openssl-rsa1024.pem", "csr.rsa_too_small", "1024"),
    ("rsa-2047.der", "csr.rsa_too_small", "2047"),
    ("rsa-2056.der", "csr.rsa_size", "2056"),
    ("rsa-8192.der", "csr.rsa_too_large", "8192"),
    ("openssl-rsa-exponent3.pem", "csr.rsa_exponent", ""),
    ("rsa-even-exponent.der", "csr.rsa_exponent", ""),
    ("rsa-exponent-1.der", "csr.rsa_exponent", ""),
    ("rsa-exponent-40-bits.der", "csr.rsa_exponent", ""),
    ("rsa-roca.der", "csr.weak_key", "ROCA"),
    ("rsa-close-primes.der", "csr.weak_key", "too close"),
    ("rsa-small-factor.der", "csr.weak_key", "small factor"),
    ("rsa-even-modulus.der", "csr.weak_key", "even"),
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/csr")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(directory().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn csr(name: &str) -> VerifiedCsr {
    parse_csr(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn requests_as_devices_make_them_are_accepted_with_their_key_and_subject() {
    for &(name, algorithm, subject) in ACCEPTED {
        let csr = csr(name);
        assert_eq!(csr.public_key().algorithm(), algorithm, "{name}");
        assert_eq!(csr.subject().to_string(), subject, "{name}");
        assert_eq!(csr.subject().is_empty(), subject.is_empty(), "{name}");
    }
}

#[test]
fn forged_weak_and_broken_requests_are_refused_each_with_its_reason() {
    for &(name, code, word) in REFUSED {
        let error = parse_csr(&file(name)).err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(word), "{name}: {error}");
    }
}

#[test]
fn every_file_is_judged() {
    let judged: BTreeSet<_> = ACCEPTED.iter().map(|row| row.0).chain(REFUSED.iter().map(|row| row.0)).collect();
    assert_eq!(judged.len(), ACCEPTED.len() + REFUSED.len(), "a file is listed twice");
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "generate.py" || judged.contains(name.as_str()), "{name} is not judged");
    }
}

#[test]
fn openssl_and_x509_parser_read_the_same_from_what_is_accepted() {
    for &(name, ..) in ACCEPTED {
        // x509-parser wants the attributes and no BMPString; openssl reads all of them.
        let ours = csr(name);
        if !matches!(name, "attributes-omitted.der" | "challenge-password-bmp.der") {
            let (rest, theirs) = x509_parser::certification_request::X509CertificationRequest::from_der(ours.der())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(rest.is_empty(), "{name}");
            let info = &theirs.certification_request_info;
            assert_eq!(info.subject.as_raw(), ours.subject().as_der(), "{name}");
            assert_eq!(info.subject_pki.raw, ours.public_key().spki(), "{name}");
            let requested = theirs.requested_extensions().map_or(0, Iterator::count);
            if name != "microsoft-extensions.der" {
                assert_eq!(requested, ours.extensions().len(), "{name}");
            }
        }
        let path = std::env::temp_dir().join(format!("tegata-{}-{name}.der", std::process::id()));
        std::fs::write(&path, ours.der()).unwrap();
        let output = Command::new("openssl")
            .args(["req", "-verify", "-noout", "-inform", "DER", "-in"])
            .arg(&path)
            .output()
            .expect("openssl is installed");
        std::fs::remove_file(&path).unwrap();
        // Some versions of openssl exit with 0 whatever they find.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("verify OK"), "{name}: {said}");
    }
}

#[test]
fn what_a_request_wishes_can_be_asked_for() {
    let csr = csr("openssl-extensions.pem");
    let names: Vec<_> = csr.san().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "DNS:pump-7.local",
            "DNS:*.pump-7.local",
            "IP:192.0.2.7",
            "IP:2001:db8::7",
            "email:ops@example.com",
            "URI:urn:dev:mac:0024befffe804ff1",
            "RID:1.2.3.4"
        ]
    );
    assert_eq!(csr.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT));
    let purposes: Vec<_> = csr.extended_key_usage().iter().map(ToString::to_string).collect();
    assert_eq!(purposes, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
    assert!(!csr.wants_ca());
    assert_eq!(csr.challenge_password(), None);
    let critical: Vec<_> = csr.extensions().iter().map(|extension| extension.critical).collect();
    assert_eq!(critical, [false, true, false, false]);
    let san = csr.extensions().iter().find(|extension| extension.oid.to_string() == "2.5.29.17").unwrap();
    assert_eq!(tegata::x509::encode_san(csr.san()), san.value);
}

#[test]
fn a_wish_to_be_a_ca_is_seen() {
    let csr = csr("wants-ca.der");
    assert!(csr.wants_ca());
    assert_eq!(csr.key_usage(), Some(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN));
}

#[test]
fn the_challenge_password_is_read_but_never_printed() {
    let csr1 = csr("challenge-password.der");
    assert_eq!(csr1.challenge_password(), Some("correct horse"));
    assert!(!format!("{csr1:?}").contains("horse"));
    assert_eq!(csr("challenge-password-bmp.der").challenge_password(), Some("горячо"));
}

#[test]
fn microsofts_name_for_the_extension_request_counts_as_one() {
    assert_eq!(csr("microsoft-extensions.der").san()[0].to_string(), "DNS:pump-7.local");
}

#[test]
fn a_hardware_module_name_survives_octet_for_octet() {
    let csr = csr("hardware-module-name.der");
    assert!(csr.san()[0].to_string().ends_with("0404fffe0080"), "{}", csr.san()[0]);
    assert_eq!(tegata::x509::encode_san(csr.san()), csr.extensions()[0].value);
}

#[test]
fn a_request_of_more_than_64_kib_is_refused_before_it_is_read() {
    let error = parse_csr(&vec![0x30; 65 * 1024]).unwrap_err();
    assert_eq!(error.code(), "csr.too_large");
}

#[test]
fn requests_made_here_keep_names_that_rcgen_would_lose_and_openssl_verifies_them() {
    let subject: tegata::Name = "CN=x+SERIALNUMBER=7,OU=b,OU=a,DC=example,DC=com".parse().unwrap();
    let san = ["DNS:a.example".parse().unwrap(), "IP:192.0.2.1".parse().unwrap()];
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let key = tegata::make_key(algorithm).unwrap();
        for names in [&san[..], &[]] {
            let der = tegata::make_csr(&key, &subject, names).unwrap();
            let csr = parse_csr(tegata::csr_pem(&der).as_bytes()).unwrap();
            assert_eq!((csr.der(), csr.subject(), csr.san()), (&der[..], &subject, names));
            let path = std::env::temp_dir().join(format!("tegata-{}-{algorithm}.csr", std::process::id()));
            std::fs::write(&path, &der).unwrap();
            let output = Command::new("openssl")
                .args(["req", "-verify", "-noout", "-subject", "-inform", "DER", "-in"])
                .arg(&path)
                .output()
                .expect("openssl is installed");
            std::fs::remove_file(&path).unwrap();
            assert!(String::from_utf8_lossy(&output.stderr).contains("verify OK"));
            // Versions differ in the spaces.
            let said = String::from_utf8_lossy(&output.stdout).replace(' ', "");
            assert!(said.contains("OU=a,OU=b,CN=x+serialNumber=7"), "{said}");
        }
    }
}

#[test]
fn a_signer_that_returns_a_wrong_signature_makes_no_request() {
    struct Liar(tegata::PrivateKey);
    impl tegata::Signer for Liar {
        fn public_key(&self) -> &tegata::PublicKey {
            self.0.public_key()
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, tegata::error::SignerError> {
            self.0.sign(b"something else")
        }
    }
    let liar = Liar(tegata::make_key(KeyAlgorithm::EcdsaP256).unwrap());
    let error = tegata::make_csr(&liar, &tegata::Name::empty(), &[]).unwrap_err();
    assert_eq!(error.code(), "signer.bad_signature");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(parse_csr(&bytes).is_err());
    }

    #[test]
    fn real_requests_with_flipped_bits_never_panic_and_are_never_accepted_altered(
        row in 0..ACCEPTED.len(), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let (name, ..) = ACCEPTED[row];
        let original = csr(name);
        let mut bytes = original.der().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(parse_csr(&bytes).is_err(), "{} was accepted with bit {} of octet {} flipped", name, bit, at);
    }

    #[test]
    fn real_requests_cut_or_extended_are_refused(row in 0..ACCEPTED.len(), cut: prop::sample::Index) {
        let original = csr(ACCEPTED[row].0);
        prop_assert!(parse_csr(&original.der()[..cut.index(original.der().len())]).is_err());
        prop_assert!(parse_csr(&[original.der(), &[0]].concat()).is_err());
    }
}

//! Other people's readers, asked through their own command lines. A missing one fails the test: `make setup` names it.

#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tegata::x509::{BasicConstraints, CrlTemplate, CrlWriter, Template, encode_san};
use tegata::{
    Certificate, Extensions, GeneralName, KeyAlgorithm, KeyUsage, Name, Oid, PrivateKey, RevocationReason, Signer,
    Timestamp,
};

pub const ALGORITHMS: &[KeyAlgorithm] =
    &[KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048];
/// A moment at which everything here is valid.
pub const NOW: &str = "2026-06-01T00:00:00Z";

/// Runs a program and gives what it says, whether it succeeds or not.
pub fn run(program: &str, arguments: &[&str], directory: &Path) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}); `make setup` says how to get it"))
}

/// Standard output of a program that must succeed.
pub fn ask(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = run(program, arguments, directory);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}:\n{text}\n{complaint}");
    text
}

pub fn openssl(arguments: &[&str], directory: &Path) -> String {
    ask("openssl", arguments, directory)
}

/// The Python of `tools/requirements.txt`.
pub fn python(script: &str, arguments: &[&str], directory: &Path) -> String {
    let python = std::env::var("TEGATA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = run(&python, &["-c", "import cryptography, pkilint"], directory);
    assert!(
        output.status.success(),
        "{python} lacks the packages of tools/requirements.txt; `make setup` installs them, TEGATA_PYTHON names it"
    );
    ask(&python, &[&[&here(script) as &str], arguments].concat(), directory)
}

pub fn java(source: &str, arguments: &[&str], directory: &Path) -> String {
    ask("java", &[&[&here(source) as &str], arguments].concat(), directory)
}

fn here(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(file);
    path.to_str().expect("UTF-8").to_owned()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A new key, or the committed one where making it is beyond the default build.
pub fn new_key(algorithm: KeyAlgorithm) -> PrivateKey {
    if algorithm == KeyAlgorithm::Rsa2048 {
        return PrivateKey::from_bytes(include_bytes!("../data/key/rsa2048.pkcs8.pem")).expect("the committed key");
    }
    PrivateKey::generate(algorithm).expect("a key")
}

pub struct Party {
    pub key: PrivateKey,
    pub certificate: Certificate,
}

impl Party {
    pub fn key_id(&self) -> &[u8] {
        self.certificate.extensions().subject_key_id.as_deref().expect("a key identifier")
    }
}

/// A root, an intermediate, a leaf and a revoked leaf.
pub struct World {
    pub root: Party,
    pub intermediate: Party,
    pub leaf: Party,
    pub revoked: Party,
}

pub const LEAF_SERIAL: &[u8] = b"\x00\x91\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

pub fn names() -> Vec<GeneralName> {
    vec![
        GeneralName::dns("camera-1.example.org").expect("a name"),
        GeneralName::Ip("192.0.2.7".parse().expect("an address")),
        GeneralName::Ip("2001:db8::7".parse().expect("an address")),
    ]
}

pub fn leaf_extensions(issuer: &Party) -> Extensions {
    Extensions {
        basic_constraints: Some(BasicConstraints { ca: false, path_len: None }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: vec![Oid::SERVER_AUTH, Oid::CLIENT_AUTH],
        authority_key_id: Some(issuer.key_id().to_vec()),
        crl_distribution_points: vec!["http://pki.example.org/intermediate.crl".to_owned()],
        ocsp: vec!["http://ocsp.example.org".to_owned()],
        ca_issuers: vec!["http://pki.example.org/intermediate.cer".to_owned()],
        policies: vec!["1.3.6.1.4.1.99999.1.1".parse().expect("an identifier")],
        ..Extensions::default()
    }
}

fn sign(template: &Template<'_>, issuer: &PrivateKey) -> Certificate {
    Certificate::from_der(&template.sign(issuer).expect("a certificate")).expect("what was written here")
}

impl World {
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        // Two parts of one type, which a map of attributes would merge.
        let root_name: Name = "CN=Example Root,OU=Devices,OU=PKI,O=Example,C=JP".parse().expect("a name");
        let key = new_key(algorithm);
        let ca = |path_len, authority: &[u8]| Extensions {
            basic_constraints: Some(BasicConstraints { ca: true, path_len }),
            key_usage: KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN,
            authority_key_id: Some(authority.to_vec()),
            ..Extensions::default()
        };
        let certificate = sign(
            &Template {
                serial: &[0x10, 1],
                issuer: &root_name,
                subject: &root_name,
                not_before: at("2026-01-01T00:00:00Z"),
                not_after: at("2055-12-31T23:59:59Z"),
                public_key: key.public_key(),
                subject_alt_name: None,
                subject_key_id: None,
                extensions: &ca(None, &key.public_key().key_identifier()).prepare().expect("extensions"),
            },
            &key,
        );
        let root = Party { key, certificate };

        let key = new_key(algorithm);
        let certificate = sign(
            &Template {
                serial: &[0x10, 2],
                issuer: root.certificate.subject(),
                subject: &"CN=Example Devices,O=Example,C=JP".parse().expect("a name"),
                not_before: at("2026-01-01T00:00:00Z"),
                not_after: at("2050-01-01T00:00:00Z"),
                public_key: key.public_key(),
                subject_alt_name: None,
                subject_key_id: None,
                extensions: &Extensions {
                    crl_distribution_points: vec!["http://pki.example.org/root.crl".to_owned()],
                    ca_issuers: vec!["http://pki.example.org/root.cer".to_owned()],
                    // A CA whose leaves carry a policy must have it too.
                    policies: vec!["2.5.29.32.0".parse().expect("anyPolicy")],
                    ..ca(Some(0), root.key_id())
                }
                .prepare()
                .expect("extensions"),
            },
            &root.key,
        );
        let intermediate = Party { key, certificate };
        let leaf = intermediate.issue(LEAF_SERIAL, "CN=camera-1,O=Example,C=JP", new_key(algorithm));
        let revoked = intermediate.issue(&[0x55, 0x66], "", new_key(algorithm));
        Self { root, intermediate, leaf, revoked }
    }
}

impl Party {
    pub fn issue(&self, serial: &[u8], subject: &str, key: PrivateKey) -> Self {
        let certificate = sign(
            &Template {
                serial,
                issuer: self.certificate.subject(),
                subject: &subject.parse().expect("a name"),
                not_before: at("2026-01-01T00:00:00Z"),
                not_after: at("2026-12-31T23:59:59Z"),
                public_key: key.public_key(),
                subject_alt_name: Some(&encode_san(&names())),
                subject_key_id: None,
                extensions: &leaf_extensions(self).prepare().expect("extensions"),
            },
            &self.key,
        );
        Self { key, certificate }
    }

    pub fn crl(&self, revoked: &[(&[u8], RevocationReason)]) -> Vec<u8> {
        let template = CrlTemplate {
            issuer: self.certificate.subject(),
            number: 4711,
            this_update: at("2026-05-30T00:00:00Z"),
            next_update: at("2026-06-06T00:00:00Z"),
            authority_key_id: self.key_id(),
            delta_base: None,
            distribution_point: &[],
        };
        let mut writer = CrlWriter::new(&template, self.key.algorithm(), revoked.len()).expect("a CRL");
        for (serial, reason) in revoked {
            writer.push(serial, at("2026-05-01T12:34:56Z"), *reason).expect("an entry");
        }
        writer.sign(&self.key).expect("a CRL")
    }
}

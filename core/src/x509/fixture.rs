//! A small CA for the tests of this area.

#![allow(clippy::unwrap_used)]

use super::{BasicConstraints, Certificate, Extensions, KeyUsage, Name, Oid, Template};
use crate::env::Timestamp;
use crate::key::{KeyAlgorithm, PrivateKey, Signer};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) struct Party {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
}

impl Party {
    pub(crate) fn key_id(&self) -> Vec<u8> {
        self.certificate.extensions().subject_key_id.clone().unwrap()
    }
}

/// What a test wants to have different from the usual certificate.
pub(crate) struct Wish<'a> {
    pub(crate) subject: &'a str,
    pub(crate) serial: &'a [u8],
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) names: Option<&'a [u8]>,
    pub(crate) extensions: Extensions,
    pub(crate) algorithm: KeyAlgorithm,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            subject: "CN=device",
            serial: &[0x51, 2, 3],
            from: "2026-01-01T00:00:00Z",
            to: "2027-01-01T00:00:00Z",
            names: None,
            extensions: leaf_extensions(),
            algorithm: KeyAlgorithm::EcdsaP256,
        }
    }
}

pub(crate) fn leaf_extensions() -> Extensions {
    Extensions {
        basic_constraints: Some(BasicConstraints { ca: false, path_len: None }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: vec![Oid::SERVER_AUTH, Oid::CLIENT_AUTH],
        ..Extensions::default()
    }
}

pub(crate) fn ca_extensions(path_len: Option<u8>) -> Extensions {
    Extensions {
        basic_constraints: Some(BasicConstraints { ca: true, path_len }),
        key_usage: KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN,
        ..Extensions::default()
    }
}

pub(crate) fn root(subject: &str) -> Party {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let extensions =
        Extensions { authority_key_id: Some(key.public_key().key_identifier().to_vec()), ..ca_extensions(None) };
    let subject = name(subject);
    let template = Template {
        serial: &[1],
        issuer: &subject,
        subject: &subject,
        not_before: at("2020-01-01T00:00:00Z"),
        not_after: at("2050-01-01T00:00:00Z"),
        public_key: key.public_key(),
        subject_alt_name: None,
        subject_key_id: None,
        extensions: &extensions.prepare().unwrap(),
    };
    let certificate = Certificate::from_der(&template.sign(&key).unwrap()).unwrap();
    Party { key, certificate }
}

pub(crate) fn issue(issuer: &Party, wish: Wish<'_>) -> Party {
    let key = PrivateKey::generate(wish.algorithm).unwrap();
    let extensions = Extensions { authority_key_id: Some(issuer.key_id()), ..wish.extensions };
    let template = Template {
        serial: wish.serial,
        issuer: issuer.certificate.subject(),
        subject: &name(wish.subject),
        not_before: at(wish.from),
        not_after: at(wish.to),
        public_key: key.public_key(),
        subject_alt_name: wish.names,
        subject_key_id: None,
        extensions: &extensions.prepare().unwrap(),
    };
    let certificate = Certificate::from_der(&template.sign(&issuer.key).unwrap()).unwrap();
    Party { key, certificate }
}

/// `GeneralNames { dNSName "device.example", iPAddress 192.0.2.7 }`.
pub(crate) const NAMES: &[u8] = b"\x30\x16\x82\x0edevice.example\x87\x04\xc0\x00\x02\x07";

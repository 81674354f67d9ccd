//! Functions that need no registry.

use std::sync::Arc;

use serde_json::Value as Json;
use tegata::store::Store;
use tegata::{Certificate, InstallationCheck, PrivateKey, PublicKey, Timestamp};

use super::Fault;
use super::arguments::Fields;
use super::read::Read;
use super::world::{Step, World};

pub fn function(s: &Step<'_>, name: &str) -> Result<Json, Fault> {
    match name {
        "open_store" => s.show(&Arc::<dyn Store>::from(tegata::open_store(&s.arg::<String>("url")?)?)),
        "make_key" => s.show(&Arc::new(tegata::make_key(s.arg("algorithm")?)?)),
        "make_csr" => {
            let signer: Arc<PrivateKey> = s.arg("signer")?;
            s.show(&tegata::make_csr(&*signer, &s.arg("subject")?, &s.list("san")?)?)
        }
        "check_value" => s.show(&tegata::check_value(s.arg("algorithm")?, &s.list("key")?, s.arg("method")?)?),
        "unwrap_key" => s.show(tegata::unwrap_key(&s.arg("wrapped")?, &s.list("psk")?)?.expose()),
        "generate_password" => s.show(&tegata::generate_password(&s.arg("policy")?)?),
        "csr_pem" => s.show(&tegata::csr_pem(&s.list("der")?)),
        "parse_csr" => s.show(&tegata::parse_csr(&s.list("bytes")?)?),
        "parse_certificate" => s.show(&tegata::parse_certificate(&s.list("input")?)?),
        "verify_chain" => s.show(&tegata::verify_chain(
            &s.arg("leaf")?,
            &s.list("intermediates")?,
            &s.list("roots")?,
            &s.list("crls")?,
            &s.arg("purpose")?,
            s.arg("at")?,
        )?),
        "verify_event" => {
            let texts: [String; 3] = [s.arg("event")?, s.arg("proof")?, s.arg("public_key")?];
            let [event, proof, key] = &texts;
            tegata::verify_event(event, proof, key)?;
            Ok(Json::Null)
        }
        "verify_consistency" => {
            let texts: [String; 3] = [s.arg("old")?, s.arg("proof")?, s.arg("public_key")?];
            let [old, proof, key] = &texts;
            tegata::verify_consistency(old, proof, key)?;
            Ok(Json::Null)
        }
        "verify_export" => {
            let input: Vec<u8> = s.list("input")?;
            s.show(&tegata::verify_export(&mut &input[..], &s.arg::<String>("public_key")?)?)
        }
        "make_ocsp_request" => {
            let nonce: Option<Vec<u8>> = s.arg("nonce")?;
            let (certificates, issuer) = (s.list("certificates")?, s.arg("issuer")?);
            s.show(&tegata::make_ocsp_request(&certificates, &issuer, s.arg("hash")?, nonce.as_deref())?)
        }
        "check_ocsp" => {
            let (response, nonce) = (s.list::<u8>("response")?, s.arg::<Option<Vec<u8>>>("nonce")?);
            let (certificate, issuer) = (s.arg("certificate")?, s.arg("issuer")?);
            s.show(&tegata::check_ocsp(&response, &certificate, &issuer, nonce.as_deref(), s.arg("at")?)?)
        }
        "check_installation" => {
            let check: OwnCheck = s.arg("check")?;
            let addresses: Vec<&str> = check.addresses.iter().map(String::as_str).collect();
            s.show(&tegata::check_installation(&InstallationCheck {
                certificate: &check.certificate,
                key: check.key.as_ref(),
                chain: &check.chain,
                roots: &check.roots,
                addresses: &addresses,
                now: check.now,
                clock_set: check.clock_set,
            }))
        }
        _ => s.unknown(),
    }
}

/// [`InstallationCheck`], owned.
struct OwnCheck {
    certificate: Certificate,
    key: Option<PublicKey>,
    chain: Vec<Certificate>,
    roots: Vec<Certificate>,
    addresses: Vec<String>,
    now: Timestamp,
    clock_set: Option<bool>,
}

impl Read for OwnCheck {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let check = Self {
            certificate: fields.required("certificate")?,
            key: fields.optional("key")?.flatten(),
            chain: fields.optional("chain")?.unwrap_or_default(),
            roots: fields.optional("roots")?.unwrap_or_default(),
            addresses: fields.optional("addresses")?.unwrap_or_default(),
            now: fields.required("now")?,
            clock_set: fields.optional("clock_set")?.flatten(),
        };
        fields.finish()?;
        Ok(check)
    }
}

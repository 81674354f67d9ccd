//! Methods of values, and what makes values: stores, sealers, clocks, keys, profiles.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;
use tegata::model::{Authority, Certificate as CertificateRecord, Crl as CrlRecord, ProfileSpec};
use tegata::pack::FileNames;
use tegata::store::{MemoryStore, Sealer, SealingKeys, SoftwareSealer, SqliteStore, Store};
use tegata::x509::CertificateExtensions;
use tegata::{
    Certificate, Clock, Crl, Error, FixedClock, Integrity, Issued, IssuedPsk, IssuedWithKey, Maintained, OcspAnswer,
    PrivateKey, ProductSpec, PskPolicy, PublicKey, Registry, Signer, Statement, TrustBundle, VerifiedChain,
    VerifiedCsr,
};

use super::Fault;
use super::read::Read;
use super::show_records::entries;
use super::world::Step;

/// Calls the method of this name, which takes no arguments; those after the semicolon can fail.
macro_rules! getter {
    ($s:ident, $method:ident, $type:ty: $($plain:ident)* $(; $($fallible:ident)*)?) => {{
        let object = $s.object::<$type>()?;
        match $method {
            $( stringify!($plain) => $s.show(&object.$plain()), )*
            $( $( stringify!($fallible) => $s.show(&object.$fallible()?), )* )?
            _ => $s.unknown(),
        }
    }};
}

pub fn method(s: &Step<'_>, of: &str, method: &str) -> Result<Json, Fault> {
    match of {
        "Authority" => getter!(s, method, Authority: pem),
        "Certificate" => certificate(s, method),
        "CertificateExtensions" => getter!(s, method, CertificateExtensions: ; names),
        "CertificateRecord" => match method {
            "standing" => s.show(&s.object::<CertificateRecord>()?.standing(s.arg("now")?)),
            _ => s.unknown(),
        },
        "Crl" => crl(s, method),
        "CrlRecord" => getter!(s, method, CrlRecord: pem),
        "Error" => s.show(&Error::table().collect::<Vec<_>>()),
        "FileNames" => s.show(&FileNames::usual(s.arg("encoding")?)),
        "FixedClock" => clock(s, method),
        "Integrity" => getter!(s, method, Integrity: is_sound),
        "Issued" => getter!(s, method, Issued: pem fullchain_pem root serial),
        "IssuedPsk" => getter!(s, method, IssuedPsk: password hex),
        "IssuedWithKey" => getter!(s, method, IssuedWithKey: key_pem; algorithm),
        "Maintained" => getter!(s, method, Maintained: total),
        "MemoryStore" | "SqliteStore" | "SoftwareSealer" | "SealingKeys" | "Registry" => opening(s, of, method),
        "OcspAnswer" => getter!(s, method, OcspAnswer: headers),
        "PrivateKey" => private_key(s, method),
        "PskPolicy" => match method {
            "entropy_bits" => s.show(&PskPolicy::read(s.on.unwrap_or(&Json::Null), s.world)?.entropy_bits()),
            _ => s.unknown(),
        },
        "PublicKey" => public_key(s, method),
        "ProductSpec" => match method {
            "from_toml" => s.show(&ProductSpec::from_toml(&s.arg::<String>("text")?)?),
            "load" => s.show(&ProductSpec::load(s.arg::<PathBuf>("file")?)?),
            _ => s.unknown(),
        },
        "ProfileSpec" => match method {
            "device" => s.show(&ProfileSpec::device()),
            "product_credential" => s.show(&ProfileSpec::product_credential()),
            "tls_server" => s.show(&ProfileSpec::tls_server()),
            "from_toml" => s.show(&ProfileSpec::from_toml(&s.arg::<String>("text")?)?),
            "from_json" => s.show(&ProfileSpec::from_json(&s.arg::<String>("text")?)?),
            "to_json" => s.show(&s.object::<ProfileSpec>()?.to_json()),
            _ => s.unknown(),
        },
        "Statement" => {
            let statement = Statement::read(s.on.unwrap_or(&Json::Null), s.world)?;
            s.show(&statement.message(&s.list("content")?))
        }
        "TrustBundle" => getter!(s, method, TrustBundle: pem),
        "VerifiedChain" => getter!(s, method, VerifiedChain: certificates root revocation_checked),
        "VerifiedCsr" => getter!(s, method, VerifiedCsr: der subject public_key extensions san key_usage
            extended_key_usage wants_ca challenge_password),
        _ => s.unknown(),
    }
}

fn certificate(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    match method {
        "many_from_pem" => s.show(&Certificate::many_from_pem(&s.list("input")?)?),
        "is_valid_at" => s.show(&s.object::<Certificate>()?.is_valid_at(s.arg("at")?)),
        "verify_signed_by" => s.show(&s.object::<Certificate>()?.verify_signed_by(&s.arg("issuer")?)?),
        _ => getter!(s, method, Certificate: der pem version serial serial_hex issuer subject not_before not_after spki
            signature_algorithm extensions is_ca path_len is_self_issued is_self_signed fingerprint_sha256;
            public_key),
    }
}

fn crl(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    match method {
        "from_bytes" => s.show(&Crl::from_bytes(&s.list("input")?)?),
        "entries" => Ok(entries(&*s.object::<Crl>()?, s.world)),
        "get" => {
            let serial: Vec<u8> = s.arg("serial")?;
            let found = s.object::<Crl>()?.get(&serial)?;
            s.show(&found)
        }
        "is_stale_at" => s.show(&s.object::<Crl>()?.is_stale_at(s.arg("at")?)),
        "verify_signed_by" => s.show(&s.object::<Crl>()?.verify_signed_by(&s.arg("issuer")?)?),
        _ => getter!(s, method, Crl: der pem issuer number delta_base is_complete authority_key_id this_update
            next_update signature_algorithm len is_empty),
    }
}

fn clock(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    if method == "at" {
        return s.show(&Arc::new(FixedClock::at(s.arg("time")?)));
    }
    let clock = s.object::<Arc<FixedClock>>()?;
    match method {
        "now" => s.show(&clock.now()),
        "set" => s.show(&clock.set(s.arg("time")?)),
        "advance" => s.show(&clock.advance(s.arg("seconds")?)),
        _ => s.unknown(),
    }
}

fn private_key(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    match method {
        "from_bytes" => s.show(&Arc::new(PrivateKey::from_bytes(&s.list("input")?)?)),
        "from_bytes_with" => s.show(&Arc::new(PrivateKey::from_bytes_with(&s.list("input")?, &s.arg("public")?)?)),
        "sign" => s.show(&s.object::<Arc<PrivateKey>>()?.sign(&s.list("message")?)?),
        _ => getter!(s, method, Arc<PrivateKey>: public_key algorithm to_pkcs8_der to_pkcs8_pem),
    }
}

fn public_key(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    match method {
        "from_spki" => s.show(&PublicKey::from_spki(&s.list("der")?)?),
        "verify" => {
            let (message, signature) = (s.list("message")?, s.list("signature")?);
            s.show(&s.object::<PublicKey>()?.verify(s.arg("algorithm")?, &message, &signature)?)
        }
        _ => getter!(s, method, PublicKey: algorithm spki key_bits key_identifier digest),
    }
}

/// Stores, sealers, and the registry in them.
fn opening(s: &Step<'_>, of: &str, method: &str) -> Result<Json, Fault> {
    let store = |store: Arc<dyn Store>| s.show(&store);
    let sealer = |sealer: SoftwareSealer| s.show(&(Arc::new(sealer) as Arc<dyn Sealer>));
    match (of, method) {
        ("MemoryStore", "new") => store(Arc::new(MemoryStore::new())),
        ("SqliteStore", "open") => store(Arc::new(SqliteStore::open(s.arg::<PathBuf>("path")?, s.arg("options")?)?)),
        ("SoftwareSealer", "generate") => sealer(SoftwareSealer::generate()?),
        ("SoftwareSealer", "from_key") => sealer(SoftwareSealer::from_key(s.arg("key")?)?),
        ("SoftwareSealer", "from_file") => sealer(SoftwareSealer::from_file(s.arg::<PathBuf>("path")?)?),
        ("SoftwareSealer", "create_file") => sealer(SoftwareSealer::create_file(s.arg::<PathBuf>("path")?)?),
        ("SealingKeys", "new") => {
            let keys = SealingKeys::new(s.arg("current")?, s.list("previous")?);
            s.show(&(Arc::new(keys) as Arc<dyn Sealer>))
        }
        ("Registry", "open") => {
            let store: Arc<dyn Store> = s.arg("store")?;
            s.world.use_registry(Registry::open(store, s.arg("sealer")?, s.arg("options")?)?);
            Ok(Json::Null)
        }
        _ => s.unknown(),
    }
}

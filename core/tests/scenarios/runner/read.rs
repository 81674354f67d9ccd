//! JSON to what the Rust API takes: texts, numbers, bytes, times, identifiers, names, enums.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value as Json;
use tegata::id::Id;
use tegata::model::{
    AuthorityState, CertificateKind, CertificateState, CredentialKind, DeviceState, EnrollmentMode, IdentityKind,
    KeyOwner, KeyState, OtherKey, ProductState, PskKind, PskState, SuspendMode,
};
use tegata::pack::{Encoding, Pkcs12Target};
use tegata::store::{Sealer, Store};
use tegata::{
    CertificateGrouping, CheckMethod, CheckValue, Clock, HandOut, KeyAlgorithm, KeyUsage, Name, OcspHash, Oid,
    PrivateKey, PskFormat, PublicKey, Release, RevocationReason, Secret, SignatureAlgorithm, Signer, Statement,
    SymmetricAlgorithm, Timestamp, WrapMethod,
};

use super::Fault;
use super::world::World;

/// What can be read from a scenario.
pub trait Read: Sized {
    fn read(value: &Json, world: &World) -> Result<Self, Fault>;

    /// A list of them; bytes are written in another way than other lists.
    fn read_list(value: &Json, world: &World) -> Result<Vec<Self>, Fault> {
        let items = value.as_array().ok_or_else(|| not("a list", value))?;
        items.iter().map(|item| Self::read(item, world)).collect()
    }
}

pub fn not(what: &str, value: &Json) -> Fault {
    Fault::broken(format!("is not {what}: {value}"))
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        T::read_list(value, world)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        if value.is_null() { Ok(None) } else { T::read(value, world).map(Some) }
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        match value.as_array().map(Vec::as_slice) {
            Some([first, second]) => Ok((A::read(first, world)?, B::read(second, world)?)),
            _ => Err(not("a pair", value)),
        }
    }
}

impl<T: Read + zeroize::Zeroize> Read for Secret<T> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        T::read(value, world).map(Secret::new)
    }
}

impl Read for u8 {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        value.as_u64().and_then(|n| Self::try_from(n).ok()).ok_or_else(|| not("a number up to 255", value))
    }

    fn read_list(value: &Json, _: &World) -> Result<Vec<Self>, Fault> {
        bytes_of(value).map_err(Fault::Broken)
    }
}

impl Read for [u8; 32] {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        bytes_of(value).map_err(Fault::Broken)?.try_into().map_err(|_| not("32 bytes", value))
    }
}

/// The bytes that `{"base64": ..}`, `{"text": ..}` or `{"concat": [..]}` stands for.
pub fn bytes_of(value: &Json) -> Result<Vec<u8>, String> {
    let fields = value.as_object().filter(|fields| fields.len() == 1);
    match fields.and_then(|fields| fields.iter().next()) {
        Some((key, Json::String(text))) if key == "base64" => {
            data_encoding::BASE64.decode(text.as_bytes()).map_err(|e| e.to_string())
        }
        Some((key, Json::String(text))) if key == "text" => Ok(text.clone().into_bytes()),
        Some((key, Json::Array(parts))) if key == "concat" => {
            Ok(parts.iter().map(bytes_of).collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Err(format!("is not bytes: {value}")),
    }
}

/// `{"temp": name}`: a path in the scenario's own folder; with `"content"`, a text that is written there first.
impl Read for PathBuf {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let name = value.get("temp").and_then(Json::as_str).ok_or_else(|| not("a temporary path", value))?;
        let path = world.path(name)?;
        if let Some(content) = value.get("content") {
            let content = content.as_str().ok_or_else(|| not("a text", content))?;
            std::fs::write(&path, content).map_err(|e| Fault::broken(e.to_string()))?;
        }
        Ok(path)
    }
}

macro_rules! read_json {
    ($($type:ty, $what:literal, $value:ident => $read:expr;)*) => { $(
        impl Read for $type {
            fn read($value: &Json, _: &World) -> Result<Self, Fault> {
                $read.ok_or_else(|| not($what, $value))
            }
        }
    )* };
}

read_json! {
    bool, "true or false", value => value.as_bool();
    u16, "a small number", value => value.as_u64().and_then(|n| Self::try_from(n).ok());
    u32, "a small number", value => value.as_u64().and_then(|n| Self::try_from(n).ok());
    u64, "a number", value => value.as_u64();
    usize, "a number", value => value.as_u64().and_then(|n| Self::try_from(n).ok());
    i64, "a number", value => value.as_i64();
    String, "a text", value => value.as_str().map(str::to_owned);
    KeyUsage, "a list of key usages", value => serde_json::from_value(value.clone()).ok();
    Oid, "a dotted OID", value => value.as_str().and_then(|text| text.parse().ok());
}

impl Read for BTreeMap<String, String> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = value.as_object().ok_or_else(|| not("a map of texts", value))?;
        fields.iter().map(|(key, value)| Ok((key.clone(), String::read(value, world)?))).collect()
    }
}

/// What the core itself reads from text, so that what is malformed gets the core's error.
fn parsed<T: FromStr<Err = tegata::Error>>(value: &Json) -> Result<T, Fault> {
    Ok(value.as_str().ok_or_else(|| not("a text", value))?.parse()?)
}

impl<K: tegata::id::Entity> Read for Id<K> {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        parsed(value)
    }
}

impl Read for Name {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        parsed(value)
    }
}

impl Read for CheckValue {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        parsed(value)
    }
}

impl Read for Timestamp {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        let text = value.as_str().ok_or_else(|| not("a time", value))?;
        text.parse().map_err(|_| not("a time", value))
    }
}

/// An enum whose values are names.
macro_rules! read_enum {
    ($($type:ident: $($name:literal = $variant:ident),*;)*) => { $(
        impl Read for $type {
            fn read(value: &Json, _: &World) -> Result<Self, Fault> {
                match value.as_str() {
                    $( Some($name) => Ok(Self::$variant), )*
                    _ => Err(not(concat!("a ", stringify!($type)), value)),
                }
            }
        }
    )* };
}

read_enum! {
    CertificateGrouping: "total" = Total, "state" = State, "kind" = Kind, "product" = Product, "group" = Group,
        "authority" = Authority, "profile" = Profile, "algorithm" = Algorithm,
        "due-week" = DueWeek;
    Encoding: "pem" = Pem, "der" = Der;
    EnrollmentMode: "open" = Open, "allow-list" = AllowList, "claim-code" = ClaimCode;
    HandOut: "now" = Now, "later" = Later;
    OtherKey: "quarantine" = Quarantine, "refuse" = Refuse;
    Pkcs12Target: "modern" = Modern, "legacy" = Legacy;
    Release: "keep-keys" = KeepKeys, "new-keys" = NewKeys;
    SignatureAlgorithm: "ecdsa-sha256" = EcdsaSha256, "ecdsa-sha384" = EcdsaSha384, "ed25519" = Ed25519,
        "rsa-sha256" = RsaSha256, "rsa-sha384" = RsaSha384, "rsa-sha512" = RsaSha512;
    Statement: "challenge" = Challenge, "former-key" = FormerKey, "product-credential" = ProductCredential;
    SuspendMode: "registry" = Registry, "crl-hold" = CrlHold;
}

/// An enum that knows its names.
macro_rules! read_named {
    ($($type:ty),*) => { $(
        impl Read for $type {
            fn read(value: &Json, _: &World) -> Result<Self, Fault> {
                let found = Self::ALL.iter().copied().find(|it| Some(it.name()) == value.as_str());
                found.ok_or_else(|| not(concat!("a ", stringify!($type)), value))
            }
        }
    )* };
}

read_named!(
    AuthorityState,
    CertificateKind,
    CertificateState,
    CredentialKind,
    DeviceState,
    tegata::DueKind,
    IdentityKind,
    CheckMethod,
    KeyAlgorithm,
    KeyOwner,
    KeyState,
    OcspHash,
    ProductState,
    PskFormat,
    PskKind,
    PskState,
    RevocationReason,
    SymmetricAlgorithm,
    WrapMethod
);

/// What was shown before.
macro_rules! read_object {
    ($($type:ty),*) => { $(
        impl Read for $type {
            fn read(value: &Json, world: &World) -> Result<Self, Fault> {
                Ok(Self::clone(&*world.object::<Self>(value)?))
            }
        }
    )* };
}

read_object!(
    Arc<PrivateKey>,
    PublicKey,
    tegata::Certificate,
    tegata::Crl,
    Arc<dyn Store>,
    Arc<dyn Sealer>,
    Arc<tegata::FixedClock>
);

impl Read for Arc<dyn Signer> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        Ok(Arc::<PrivateKey>::read(value, world)?)
    }
}

impl Read for Arc<dyn Clock> {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        Ok(Arc::<tegata::FixedClock>::read(value, world)?)
    }
}

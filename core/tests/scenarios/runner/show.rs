//! What the Rust API answers to JSON: texts, numbers, bytes, times, identifiers, names, enums.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tegata::error::Kind;
use tegata::id::{Entity as IdEntity, Id};
use tegata::model::{
    AuthorityState, CertificateKind, CertificateState, CredentialKind, DeviceState, EnrollmentMode, Entity,
    IdentityKind, InvalidReason, KeyOrigin, KeyOwner, KeyState, OtherKey, ProductState, PskKind, PskState,
    SignerLocation, Standing, SubjectPolicy, SuspendCause, SuspendMode, VersionState,
};
use tegata::store::{Sealer, Store};
use tegata::x509::Severity;
use tegata::{
    CertificateCount, CheckValue, Credential, DueItem, Enrollment, GeneralName, KeyAlgorithm, KeyUsage, Name,
    OcspResponseStatus, OcspStatus, Oid, Principal, RevocationReason, Secret, SeenState, SignatureAlgorithm,
    SymmetricAlgorithm, Tampering, Timestamp, WrapMethod,
};

use super::base64;
use super::world::{OBJECT, World};

/// What can be shown in a result.
pub trait Show {
    fn show(&self, world: &World) -> Json;

    /// A list of them; bytes are written in another way than other lists.
    fn show_list(items: &[Self], world: &World) -> Json
    where
        Self: Sized,
    {
        Json::Array(items.iter().map(|item| item.show(world)).collect())
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self, world: &World) -> Json {
        (**self).show(world)
    }
}

impl<T: Show> Show for [T] {
    fn show(&self, world: &World) -> Json {
        T::show_list(self, world)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self, world: &World) -> Json {
        T::show_list(self, world)
    }
}

impl<T: Show, const N: usize> Show for [T; N] {
    fn show(&self, world: &World) -> Json {
        T::show_list(self, world)
    }
}

impl<T: Show> Show for Arc<[T]> {
    fn show(&self, world: &World) -> Json {
        T::show_list(self, world)
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, world: &World) -> Json {
        self.as_ref().map_or(Json::Null, |value| value.show(world))
    }
}

impl<A: Show, B: Show> Show for (A, B) {
    fn show(&self, world: &World) -> Json {
        json!([self.0.show(world), self.1.show(world)])
    }
}

/// An item of a bulk call.
impl<T: Show> Show for tegata::Result<T> {
    fn show(&self, world: &World) -> Json {
        match self {
            Ok(value) => json!({ "ok": value.show(world) }),
            Err(error) => json!({ "error": error.code() }),
        }
    }
}

impl<T: Show + zeroize::Zeroize> Show for Secret<T> {
    fn show(&self, world: &World) -> Json {
        self.expose().show(world)
    }
}

impl Show for u8 {
    fn show(&self, _: &World) -> Json {
        Json::from(*self)
    }

    fn show_list(items: &[Self], _: &World) -> Json {
        base64(items)
    }
}

macro_rules! show_as {
    ($($type:ty, $value:ident => $shown:expr;)*) => { $(
        impl Show for $type {
            fn show(&self, _: &World) -> Json {
                let $value = self;
                Json::from($shown)
            }
        }
    )* };
}

show_as! {
    (), _unit => Json::Null;
    bool, value => *value;
    u32, value => *value;
    u64, value => *value;
    usize, value => *value;
    i64, value => *value;
    str, value => value;
    String, value => value.as_str();
    Timestamp, value => value.to_string();
    Name, value => value.to_string();
    Oid, value => value.to_string();
    Kind, value => value.name();
    KeyUsage, value => value.names().collect::<Vec<_>>();
    AuthorityState, value => value.name();
    SeenState, value => value.name();
    CertificateKind, value => value.name();
    CertificateState, value => value.name();
    CredentialKind, value => value.name();
    IdentityKind, value => value.name();
    KeyOwner, value => value.name();
    KeyState, value => value.name();
    PskKind, value => value.name();
    PskState, value => value.name();
    SymmetricAlgorithm, value => value.name();
    VersionState, value => value.name();
    WrapMethod, value => value.name();
    CheckValue, value => value.to_string();
    DeviceState, value => value.name();
    InvalidReason, value => value.name();
    KeyAlgorithm, value => value.name();
    KeyOrigin, value => value.name();
    ProductState, value => value.name();
    RevocationReason, value => value.name();
    SignerLocation, value => value.name();
    SuspendCause, value => value.name();
    OcspResponseStatus, value => value.name();
    Tampering, value => value.name();
    // The rest has no names of its own: the variant's name, with hyphens.
    EnrollmentMode, value => kebab(&format!("{value:?}"));
    Enrollment, value => kebab(&format!("{value:?}"));
    OtherKey, value => kebab(&format!("{value:?}"));
    Severity, value => kebab(&format!("{value:?}"));
    SignatureAlgorithm, value => kebab(&format!("{value:?}"));
    Standing, value => kebab(&format!("{value:?}"));
    SuspendMode, value => kebab(&format!("{value:?}"));
}

/// `NotYetValid` as `not-yet-valid`.
fn kebab(variant: &str) -> String {
    let mut text = String::new();
    for (at, char) in variant.char_indices() {
        if char.is_ascii_uppercase() && at > 0 {
            text.push('-');
        }
        text.push(char.to_ascii_lowercase());
    }
    text
}

impl<K: IdEntity> Show for Id<K> {
    fn show(&self, _: &World) -> Json {
        Json::from(self.to_string())
    }
}

impl Show for BTreeMap<String, u64> {
    fn show(&self, world: &World) -> Json {
        Json::Object(self.iter().map(|(name, count)| (name.clone(), count.show(world))).collect())
    }
}

impl Show for BTreeMap<String, String> {
    fn show(&self, _: &World) -> Json {
        self.iter()
            .map(|(key, value)| (key.clone(), Json::from(value.as_str())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// A sum type's variant with one value.
fn tagged(variant: &str, value: &Json) -> Json {
    json!({ "type": variant, "value": value })
}

impl Show for Entity {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Authority(id) => tagged("authority", &id.show(world)),
            Self::Profile(id) => tagged("profile", &id.show(world)),
            Self::Product(id) => tagged("product", &id.show(world)),
            Self::Device(id) => tagged("device", &id.show(world)),
            Self::Group(id) => tagged("group", &id.show(world)),
            Self::Certificate(id) => tagged("certificate", &id.show(world)),
            Self::Psk(id) => tagged("psk", &id.show(world)),
            Self::Key(id) => tagged("key", &id.show(world)),
            Self::Campaign(id) => tagged("campaign", &id.show(world)),
            Self::Client(id) => tagged("client", &id.show(world)),
            other => unknown(&other),
        }
    }
}

impl Show for DueItem {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Certificate(value) => tagged("certificate", &value.show(world)),
            Self::Key(value) => tagged("key", &value.show(world)),
            Self::Psk(value) => tagged("psk", &value.show(world)),
            Self::Crl(value) => tagged("crl", &value.show(world)),
            other => unknown(&other),
        }
    }
}

impl Show for CertificateCount {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Total => json!({ "type": "total" }),
            Self::State(value) => tagged("state", &value.show(world)),
            Self::Kind(value) => tagged("kind", &value.show(world)),
            Self::Product(value) => tagged("product", &value.show(world)),
            Self::Group(value) => tagged("group", &value.show(world)),
            Self::Authority(value) => tagged("authority", &value.show(world)),
            Self::Profile(value) => tagged("profile", &value.show(world)),
            Self::Algorithm(value) => tagged("algorithm", &value.show(world)),
            Self::DueWeek(value) => tagged("due-week", &value.show(world)),
            other => unknown(&other),
        }
    }
}

impl Show for GeneralName {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Dns(name) => tagged("dns", &name.as_str().show(world)),
            Self::Ip(address) => tagged("ip", &address.to_string().show(world)),
            Self::Email(address) => tagged("email", &address.as_str().show(world)),
            Self::Uri(uri) => tagged("uri", &uri.as_str().show(world)),
            Self::DirectoryName(name) => tagged("directory-name", &name.show(world)),
            Self::RegisteredId(oid) => tagged("registered-id", &oid.show(world)),
            Self::Other { type_id, value } => {
                json!({ "type": "other", "type_id": type_id.show(world), "value": value.show(world) })
            }
            other => unknown(&other),
        }
    }
}

impl Show for Principal {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Device { device, product, credential, until } => json!({
                "type": "device",
                "device": device.show(world),
                "product": product.show(world),
                "credential": credential.show(world),
                "until": until.show(world),
            }),
            Self::Product { product, certificate, until } => json!({
                "type": "product",
                "product": product.show(world),
                "certificate": certificate.show(world),
                "until": until.show(world),
            }),
            Self::Client { client, name } => json!({ "type": "client", "client": client.show(world), "name": name }),
            other => unknown(&other),
        }
    }
}

impl Show for Credential {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Certificate(id) => tagged("certificate", &id.show(world)),
            Self::Psk(id) => tagged("psk", &id.show(world)),
            other => unknown(&other),
        }
    }
}

impl Show for OcspStatus {
    fn show(&self, world: &World) -> Json {
        match self {
            Self::Good | Self::Unknown => json!({ "type": self.name() }),
            Self::Revoked { at, reason } => {
                json!({ "type": "revoked", "at": at.show(world), "reason": reason.show(world) })
            }
            other => unknown(&other),
        }
    }
}

impl Show for SubjectPolicy {
    fn show(&self, _: &World) -> Json {
        match self {
            Self::Opaque { fixed } => json!({ "type": "opaque", "fixed": fixed }),
            Self::Template { name } => json!({ "type": "template", "name": name }),
            Self::FromCsr { allow, require } => json!({ "type": "from-csr", "allow": allow, "require": require }),
            other => unknown(&other),
        }
    }
}

/// A variant that this runner was not told of: no expectation fits it.
fn unknown(value: &dyn std::fmt::Debug) -> Json {
    json!({ "type": format!("unknown to the runner: {value:?}") })
}

/// What can only be handed on.
macro_rules! show_opaque {
    ($($type:ty),*) => { $(
        impl Show for $type {
            fn show(&self, world: &World) -> Json {
                json!({ OBJECT: world.keep(self.clone()) })
            }
        }
    )* };
}

show_opaque!(Arc<dyn Store>, Arc<dyn Sealer>, Arc<tegata::FixedClock>);

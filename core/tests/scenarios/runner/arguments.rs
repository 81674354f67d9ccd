//! JSON to the structs and sum types that the Rust API takes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use tegata::model::{Attributes, CrlPolicy, EnrollmentPolicy, Entity, ProfileSpec, SanPolicy, SubjectPolicy};
use tegata::pack::FileNames;
use tegata::store::SqliteOptions;
use tegata::{
    AuthorityFilter, CertificateFilter, CertificateWish, CharacterClasses, CrlOptions, DeviceChange, DeviceFilter, Due,
    Enroll, EventFilter, ExportFormat, GeneralName, GroupChange, ImportAuthority, Issue, IssueWithKey, KeyFilter,
    NewAuthority, NewDevice, NewKey, NewKeyOwner, NewProduct, NewPsk, OcspOptions, Options, Page, ProductChange,
    ProductFilter, ProductSpec, Provision, PskFilter, PskPolicy, PskWish, Purpose, Rebuild, Renew, RenewWithKey,
    Retention, RotateKey, RotatePsk, Seen, Text, VerifyEvents, WrappedKey,
};

use super::Fault;
use super::read::{Read, not};
use super::world::{OBJECT, World};

/// The fields of an object, each asked for by name; what nobody asked for is refused.
pub struct Fields<'a> {
    all: Option<&'a Map<String, Json>>,
    asked: RefCell<BTreeSet<&'static str>>,
    world: &'a World,
}

impl<'a> Fields<'a> {
    /// `null` has no fields: all defaults.
    pub fn of(value: &'a Json, world: &'a World) -> Result<Self, Fault> {
        let all = match value {
            Json::Null => None,
            Json::Object(fields) => Some(fields),
            other => return Err(not("an object", other)),
        };
        Ok(Self { all, asked: RefCell::default(), world })
    }

    /// The field as it stands.
    pub fn raw(&self, name: &'static str) -> Option<&'a Json> {
        self.asked.borrow_mut().insert(name);
        self.all.and_then(|fields| fields.get(name))
    }

    fn inside<T>(name: &str, read: Result<T, Fault>) -> Result<T, Fault> {
        read.map_err(|fault| match fault {
            Fault::Broken(what) => Fault::Broken(format!("\"{name}\" {what}")),
            refused @ Fault::Refused(_) => refused,
        })
    }

    /// A field that may be left out.
    pub fn optional<T: Read>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        self.raw(name).map(|value| Self::inside(name, T::read(value, self.world))).transpose()
    }

    /// A field that must be there.
    pub fn required<T: Read>(&self, name: &'static str) -> Result<T, Fault> {
        self.optional(name)?.ok_or_else(|| Fault::broken(format!("lacks \"{name}\"")))
    }

    /// Refuses fields that nobody asked for.
    pub fn finish(self) -> Result<(), Fault> {
        let asked = self.asked.into_inner();
        let unknown =
            self.all.into_iter().flat_map(Map::keys).find(|key| *key != OBJECT && !asked.contains(key.as_str()));
        unknown.map_or(Ok(()), |key| Err(Fault::broken(format!("has an unknown field \"{key}\""))))
    }
}

/// Structs: a base from what must be given, then every field that is there.
macro_rules! read_struct {
    ($($type:ident: |$fields:ident| $base:expr, $($field:ident)*;)*) => { $(
        impl Read for $type {
            fn read(value: &Json, world: &World) -> Result<Self, Fault> {
                let $fields = Fields::of(value, world)?;
                #[allow(unused_mut, reason = "some structs have no fields but the required ones")]
                let mut made: Self = $base;
                $( if let Some(value) = $fields.optional(stringify!($field))? { made.$field = value; } )*
                $fields.finish()?;
                Ok(made)
            }
        }
    )* };
}

read_struct! {
    Attributes: |f| Self::default(), ip mac host_name os_name more;
    AuthorityFilter: |f| Self::default(), name state;
    CertificateFilter: |f| Self::default(), name serial device device_name state expired kind group product authority
        profile algorithm due_before deleted newest_first;
    Retention: |f| Self::default(), certificate_days device_days request_days claim_code_days secret_days campaign_days
        event_days leap_days limit;
    CrlPolicy: |f| Self::default(), shards urls delta_urls next_update_hours delta_hours overlap_hours;
    CrlOptions: |f| Self::default(), next_update_hours shard delta;
    DeviceChange: |f| Self::default(), name attributes;
    DeviceFilter: |f| Self::default(), name states product group unit attribute;
    Due: |f| Self::until(f.required("until")?), group kinds;
    Enroll: |f| Self::default(), credential credential_signature csr name unit claim_code group attributes
        former_key_signature;
    EnrollmentPolicy: |f| Self::default(), mode quota opens closes unit_required other_key;
    VerifyEvents: |f| Self::default(), since known public_key;
    EventFilter: |f| Self::default(), subject object action actor from to newest_first;
    FileNames: |f| Self { certificate: None, chain: None, full_chain: None, root: None, key: None }, certificate chain full_chain root key;
    ImportAuthority: |f| Self {
        name: f.required("name")?,
        certificate: f.required("certificate")?,
        chain: Vec::new(),
        key: None,
        signer: None,
        last_crl_number: 0,
    }, chain key signer last_crl_number;
    Issue: |f| Self::new(f.required::<Vec<u8>>("csr")?, f.required("profile")?, f.required("authority")?), device name;
    IssueWithKey: |f| Self::new(f.required("profile")?, f.required("authority")?), device name algorithm hand_out;
    NewAuthority: |f| Self::new(f.required::<String>("name")?, f.required("subject")?), algorithm validity_days
        path_len crl_urls issuer_urls signer;
    NewDevice: |f| Self::default(), name product unit group attributes;
    NewProduct: |f| Self::new(
        f.required("spec")?,
        f.required("authority")?,
        f.required("credential_profile")?,
        f.required("device_profile")?,
    ), algorithm hand_out;
    OcspOptions: |f| Self::default(), validity_hours delegated algorithm certificate_days;
    Options: |f| Self::default(), clock proxies;
    Page: |f| Self::default(), limit after total;
    ProductChange: |f| Self::default(), name information authority credential_profile device_profile;
    ProductFilter: |f| Self::default(), name state;
    ProductSpec: |f| Self::default(), name information enrollment;
    ProfileSpec: |f| Self::default(), subject san keys server_keys validity_days backdate_seconds not_before key_usage
        extended_key_usage renew_after_percent renew_spread_percent grace_days new_key_at_renewal approval suspend
        collect_within_days crl_urls ocsp_urls issuer_urls policies;
    CertificateWish: |f| Self::with_key(f.required("profile")?, f.required("authority")?), csr algorithm hand_out;
    CharacterClasses: |f| Self::default(), lower upper digits symbols;
    KeyFilter: |f| Self::default(), device group owner algorithm states number;
    NewKey: |f| Self { owner: f.required("owner")?, algorithm: f.required("algorithm")?, number: None, value: None, renew_days: None },
        number value renew_days;
    NewPsk: |f| Self::password(f.required("device")?), kind identity_kind identity policy secret renew_days;
    Provision: |f| Self::default(), device psk key certificate;
    PskFilter: |f| Self::default(), device group states kind identity due_before;
    PskPolicy: |f| Self::default(), length classes look_alikes raw;
    PskWish: |f| Self::password(), kind identity_kind identity policy secret renew_days;
    RotateKey: |f| Self::default(), grace_days algorithm value;
    RotatePsk: |f| Self::default(), grace_days policy secret;
    WrappedKey: |f| Self {
        method: f.required("method")?,
        algorithm: f.required("algorithm")?,
        device: f.required("device")?,
        key: f.required("key")?,
        number: f.required("number")?,
        version: f.required("version")?,
        wrapped: f.required("wrapped")?,
    }, ;
    Rebuild: |f| Self::default(), subject algorithm validity_days signer;
    Renew: |f| Self::same_key(f.required("certificate")?), csr profile other_proof;
    RenewWithKey: |f| Self::new(f.required("certificate")?), profile algorithm hand_out;
    SanPolicy: |f| Self::default(), dns dns_wildcards ip uri email other add required max;
}

/// `null` takes a group's interval away, a field that is left out leaves it.
impl Read for GroupChange {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let made = Self {
            name: fields.optional("name")?.flatten(),
            certificate_days: fields.optional("certificate_days")?,
            key_days: fields.optional("key_days")?,
        };
        fields.finish()?;
        Ok(made)
    }
}

/// `wait` is in seconds.
impl Read for SqliteOptions {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let mut made = Self::default();
        if let Some(create) = fields.optional("create")? {
            made.create = create;
        }
        if let Some(seconds) = fields.optional("wait")? {
            made.wait = Duration::from_secs(seconds);
        }
        fields.finish()?;
        Ok(made)
    }
}

/// A sum type: `{"type": "some-variant", ...}`, the value of a tuple variant under `"value"`.
macro_rules! read_sum {
    ($($type:ident: |$fields:ident| $($name:literal = $made:expr),*;)*) => { $(
        impl Read for $type {
            fn read(value: &Json, world: &World) -> Result<Self, Fault> {
                let $fields = Fields::of(value, world)?;
                let variant: String = $fields.required("type")?;
                let made = match variant.as_str() {
                    $( $name => $made, )*
                    _ => return Err(not(concat!("a ", stringify!($type)), value)),
                };
                $fields.finish()?;
                Ok(made)
            }
        }
    )* };
}

read_sum! {
    Entity: |f| "authority" = Self::Authority(f.required("value")?), "profile" = Self::Profile(f.required("value")?),
        "product" = Self::Product(f.required("value")?), "device" = Self::Device(f.required("value")?),
        "group" = Self::Group(f.required("value")?), "certificate" = Self::Certificate(f.required("value")?),
        "psk" = Self::Psk(f.required("value")?), "key" = Self::Key(f.required("value")?),
        "campaign" = Self::Campaign(f.required("value")?), "client" = Self::Client(f.required("value")?);
    ExportFormat: |f| "pem" = Self::Pem, "full-chain-pem" = Self::FullChainPem, "der" = Self::Der,
        "pkcs7" = Self::Pkcs7,
        "pkcs12" = Self::Pkcs12 {
            key: f.required("key")?,
            password: f.required("password")?,
            target: f.optional("target")?.unwrap_or_default(),
        },
        "files" = Self::Files {
            names: f.required("names")?,
            encoding: f.optional("encoding")?.unwrap_or_default(),
            key: f.optional("key")?.flatten(),
        };
    GeneralName: |f| "dns" = general("DNS", &f)?, "ip" = general("IP", &f)?, "email" = general("email", &f)?,
        "uri" = general("URI", &f)?, "directory-name" = Self::DirectoryName(f.required("value")?),
        "registered-id" = Self::RegisteredId(f.required("value")?),
        "other" = Self::other(f.required("type_id")?, &f.required::<Vec<u8>>("value")?)?;
    NewKeyOwner: |f| "device" = Self::Device(f.required("value")?), "devices" = Self::Devices(f.required("value")?),
        "group" = Self::Group(f.required("value")?);
    Purpose: |f| "server-auth" = Self::ServerAuth, "client-auth" = Self::ClientAuth, "any" = Self::Any,
        "other" = Self::Other(f.required("value")?);
    Seen: |f| "certificate" = Self::Certificate(f.required("value")?),
        "serial" = Self::Serial { authority: f.required("authority")?, serial: f.required("serial")? },
        "device" = Self::Device(f.required("value")?), "certificate-id" = Self::CertificateId(f.required("value")?),
        "key" = Self::Key { id: f.required("id")?, version: f.required("version")? },
        "psk" = Self::Psk { id: f.required("id")?, version: f.required("version")? };
    SubjectPolicy: |f| "opaque" = Self::Opaque { fixed: f.optional("fixed")?.unwrap_or_default() },
        "template" = Self::Template { name: f.required("name")? },
        "from-csr" = Self::FromCsr {
            allow: f.required("allow")?,
            require: f.optional("require")?.unwrap_or_default(),
        };
    Text: |f| "is" = Self::Is(f.required("value")?), "starts-with" = Self::StartsWith(f.required("value")?),
        "contains" = Self::Contains(f.required("value")?);
}

/// The core reads `DNS:example.com` and its like.
fn general(kind: &str, fields: &Fields<'_>) -> Result<GeneralName, Fault> {
    Ok(format!("{kind}:{}", fields.required::<String>("value")?).parse()?)
}

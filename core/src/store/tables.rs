//! The tables of this version. An operator can read them with SQL; numbers in place of identifiers are the order in
//! which records were made.

use std::collections::BTreeMap;

use super::record::{Cell, Key, Record, corrupt, table};
use super::schema::{Column, ColumnKind, Schema, Table};
use super::{Row, StoreError, Value};
use crate::env::Timestamp;
use crate::id::{
    AuthorityId, CertificateId, DeviceId, Entity as EntityKind, EventId, GroupId, NumberCipher, ProductId, ProfileId,
};
use crate::key::KeyAlgorithm;
use crate::model::{
    Assignment, Attributes, Authority, AuthorityState, Binding, Certificate, CertificateKind, CertificateState,
    ClaimCode, Crl, Delivery, DeliveryState, Device, DeviceState, Document, EnrollmentPolicy, Entity, Event, Group,
    InvalidReason, KeyOrigin, Meta, Owner, Product, ProductState, Profile, ProfileSpec, RequestRecord, Revocation,
    SignerLocation, SuspendCause,
};
use crate::secret::Sealed;
use crate::x509::{Name, RevocationReason};

/// The schema of this version.
pub static SCHEMA: Schema = Schema {
    version: 1,
    tables: &[
        &META,
        &AUTHORITIES,
        &PROFILES,
        &PRODUCTS,
        &GROUPS,
        &DEVICES,
        &CERTIFICATES,
        &DOCUMENTS,
        &REVOCATIONS,
        &ASSIGNMENTS,
        &DELIVERIES,
        &BINDINGS,
        &CLAIM_CODES,
        &REQUESTS,
        &CRLS,
        &EVENTS,
    ],
};

/// Enums stored as their number.
macro_rules! number_cell {
    ($($ty:ty),*) => { $(
        impl Cell for $ty {
            const KIND: ColumnKind = ColumnKind::Int;
            fn to_value(&self, _: &NumberCipher) -> Value {
                Value::Int(self.number())
            }
            fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
                i64::from_value(value, ids).and_then(Self::from_number)
            }
        }
    )* };
}
number_cell!(
    AuthorityState,
    SignerLocation,
    ProductState,
    DeviceState,
    InvalidReason,
    CertificateKind,
    CertificateState,
    SuspendCause,
    KeyOrigin,
    DeliveryState
);

/// Values stored as JSON text.
macro_rules! json_cell {
    ($($ty:ty),*) => { $(
        impl Cell for $ty {
            const KIND: ColumnKind = ColumnKind::Text;
            fn to_value(&self, _: &NumberCipher) -> Value {
                // Plain data with string keys always serialises.
                Value::Text(serde_json::to_string(self).unwrap_or_default())
            }
            fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
                String::from_value(value, ids).and_then(|text| serde_json::from_str(&text).ok())
            }
        }
    )* };
}
json_cell!(EnrollmentPolicy, ProfileSpec, BTreeMap<String, String>);

impl Cell for Attributes {
    const KIND: ColumnKind = ColumnKind::Text;
    fn to_value(&self, _: &NumberCipher) -> Value {
        if *self == Self::default() {
            return Value::Null;
        }
        // Plain data with string keys always serialises.
        Value::Text(serde_json::to_string(self).unwrap_or_default())
    }
    fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
        match value {
            Value::Null => Some(Self::default()),
            Value::Text(text) => serde_json::from_str(&text).ok(),
            _ => None,
        }
    }
}

impl Cell for RevocationReason {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Int(self.code().into())
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        i64::from_value(value, ids).and_then(|code| u8::try_from(code).ok()).and_then(Self::from_code)
    }
}

impl Cell for KeyAlgorithm {
    const KIND: ColumnKind = ColumnKind::Text;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Text(self.name().to_owned())
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        String::from_value(value, ids).and_then(|name| name.parse().ok())
    }
}

impl Cell for Name {
    const KIND: ColumnKind = ColumnKind::Bytes;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Bytes(self.as_der().to_vec())
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        Vec::<u8>::from_value(value, ids).and_then(|der| Self::from_der(&der).ok())
    }
}

/// A record of one of several kinds, in one whole number: the record's number times 8 and the kind.
fn tagged<K: EntityKind>(id: crate::id::Id<K>, tag: i64, ids: &NumberCipher) -> Value {
    let number = ids.number(id).ok().and_then(|n| i64::try_from(n).ok()).and_then(|n| n.checked_mul(8));
    Value::Int(number.map_or(-1, |n| n | tag))
}

fn untagged(value: &Value) -> Option<(u64, i64)> {
    match value {
        Value::Int(number) if *number >= 0 => Some((u64::try_from(number >> 3).ok()?, number & 7)),
        _ => None,
    }
}

impl Cell for Owner {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, ids: &NumberCipher) -> Value {
        match *self {
            Self::Compromised => Value::Int(0),
            Self::Device(id) => tagged(id, 1, ids),
            Self::Product(id) => tagged(id, 2, ids),
            Self::Authority(id) => tagged(id, 3, ids),
            Self::Certificate(id) => tagged(id, 4, ids),
            Self::Listed(id) => tagged(id, 5, ids),
            Self::Profile(id) => tagged(id, 6, ids),
        }
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        let (number, tag) = untagged(&value)?;
        Some(match tag {
            0 => Self::Compromised,
            1 => Self::Device(ids.id(number)),
            2 => Self::Product(ids.id(number)),
            3 => Self::Authority(ids.id(number)),
            4 => Self::Certificate(ids.id(number)),
            5 => Self::Listed(ids.id(number)),
            6 => Self::Profile(ids.id(number)),
            _ => return None,
        })
    }
}

impl Cell for Entity {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, ids: &NumberCipher) -> Value {
        match *self {
            Self::Authority(id) => tagged(id, 1, ids),
            Self::Profile(id) => tagged(id, 2, ids),
            Self::Product(id) => tagged(id, 3, ids),
            Self::Device(id) => tagged(id, 4, ids),
            Self::Group(id) => tagged(id, 5, ids),
            Self::Certificate(id) => tagged(id, 6, ids),
        }
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        let (number, tag) = untagged(&value)?;
        Some(match tag {
            1 => Self::Authority(ids.id(number)),
            2 => Self::Profile(ids.id(number)),
            3 => Self::Product(ids.id(number)),
            4 => Self::Device(ids.id(number)),
            5 => Self::Group(ids.id(number)),
            6 => Self::Certificate(ids.id(number)),
            _ => return None,
        })
    }
}

table! {
    /// What the registry knows of itself: one row.
    META "meta" = Meta [key: u64] {
        secret: Sealed;
        created: Timestamp;
    }
}

table! {
    /// Authorities, one row per generation.
    AUTHORITIES "authorities" = Authority [id: AuthorityId] {
        name: String, Ordered;
        generation: u32;
        state: AuthorityState;
        subject: Name;
        algorithm: KeyAlgorithm;
        key_identifier: Vec<u8>, Unique;
        not_before: Timestamp;
        not_after: Timestamp;
        parent: Option<AuthorityId>;
        predecessor: Option<AuthorityId>, Unique;
        successor: Option<AuthorityId>;
        signer: SignerLocation;
        certificate: Vec<u8>;
        outside: Vec<u8>;
        request: Option<Vec<u8>>;
        public_key: Vec<u8>;
        private_key: Option<Sealed>;
        serial_key: Sealed;
        created: Timestamp;
    }
}

table! {
    /// Profiles, one row per version.
    PROFILES "profiles" = Profile [id: ProfileId] {
        name: String, Ordered;
        revision: u32;
        spec: ProfileSpec;
        created: Timestamp;
    }
}

table! {
    /// Products.
    PRODUCTS "products" = Product [id: ProductId] {
        name: String, UniqueSearchable;
        state: ProductState;
        authority: AuthorityId;
        credential_profile: ProfileId;
        device_profile: ProfileId;
        subject: Option<Name>;
        policy: EnrollmentPolicy;
        information: BTreeMap<String, String>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Groups.
    GROUPS "groups" = Group [id: GroupId] {
        name: String, UniqueSearchable;
        certificate_days: Option<u32>;
        key_days: Option<u32>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Devices.
    DEVICES "devices" = Device [id: DeviceId] {
        name: String, UniqueSearchable;
        state: DeviceState, Ordered;
        reason: Option<InvalidReason>;
        product: Option<ProductId>, Ordered;
        unit: Option<String>, Searchable;
        group: Option<GroupId>, Ordered;
        attributes: Attributes, Searchable;
        subject: Option<Name>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Certificates; their DER is in `documents`.
    CERTIFICATES "certificates" = Certificate [id: CertificateId] {
        serial: Vec<u8>, Searchable;
        authority: AuthorityId;
        profile: ProfileId;
        kind: CertificateKind;
        state: CertificateState, Ordered;
        product: Option<ProductId>;
        credential_of: Option<ProductId>, Ordered;
        device: Option<DeviceId>;
        group: Option<GroupId>, Ordered;
        holders: u32;
        name: Option<String>, Ordered;
        issued: Timestamp;
        not_before: Timestamp;
        not_after: Timestamp;
        renew_at: Option<Timestamp>, Ordered;
        key_number: u32;
        key_origin: KeyOrigin;
        renews: Option<CertificateId>;
        successor: Option<CertificateId>;
        confirmed: bool;
        retires: Option<Timestamp>, Ordered;
        suspended_by: Option<SuspendCause>;
        revoked: Option<Timestamp>;
        reason: Option<RevocationReason>;
        deleted: bool;
    }
}

table! {
    /// The DER of certificates, or of CSRs while certificates are pending.
    DOCUMENTS "documents" = Document [certificate: CertificateId] {
        der: Vec<u8>;
    }
}

table! {
    /// What the CRLs list.
    REVOCATIONS "revocations" = Revocation [certificate: CertificateId] {
        authority: AuthorityId, Ordered;
        serial: Vec<u8>;
        at: Timestamp;
        reason: RevocationReason;
    }
}

table! {
    /// Which certificate is attached to which device.
    ASSIGNMENTS "assignments" = Assignment [key: u64] {
        certificate: CertificateId, Ordered;
        device: DeviceId, Ordered;
        since: Timestamp;
    }
}

table! {
    /// Hand-outs of server-made private keys.
    DELIVERIES "deliveries" = Delivery [certificate: CertificateId] {
        state: DeliveryState;
        expires: Timestamp, Ordered;
        private_key: Option<Sealed>;
        collector: Option<Vec<u8>>;
    }
}

table! {
    /// What belongs to one owner only: public keys, units, subjects.
    BINDINGS "bindings" = Binding [key: u64] {
        check: i64;
        owner: Owner;
    }
}

table! {
    /// One-time claim codes, as keyed tags.
    CLAIM_CODES "claim_codes" = ClaimCode [key: u64] {
        check: i64;
        product: ProductId, Ordered;
        expires: Option<Timestamp>;
        device: Option<DeviceId>;
    }
}

table! {
    /// What request IDs led to.
    REQUESTS "requests" = RequestRecord [key: u64] {
        fingerprint: i64;
        result: i64;
        at: Timestamp;
    }
}

table! {
    /// The newest CRL of each authority.
    CRLS "crls" = Crl [authority: AuthorityId] {
        number: u64;
        this_update: Timestamp;
        next_update: Timestamp;
        entries: u64;
        der: Vec<u8>;
    }
}

table! {
    /// What happened.
    EVENTS "events" = Event [id: EventId] {
        at: Timestamp;
        actor: String;
        action: String;
        subject: Option<Entity>, Ordered;
        object: Option<Entity>, Ordered;
        detail: Option<String>;
    }
}

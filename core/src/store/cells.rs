//! How the values of records stand in columns: enums as numbers, structures as JSON text, names as DER.

use std::collections::BTreeMap;

use super::Value;
use super::record::Cell;
use super::schema::ColumnKind;
use crate::id::{Entity as EntityKind, NumberCipher};
use crate::key::KeyAlgorithm;
use crate::model::{
    Attributes, AuthorityState, CampaignState, CertificateKind, CertificateState, ClientState, CredentialKind,
    CrlScheme, DeliveryState, DeviceState, EnrollmentPolicy, Entity, IdentityKind, InvalidReason, KeyOrigin, KeyOwner,
    KeyState, Owner, ProductState, ProfileSpec, PskKind, PskState, ReissuePolicy, SignerLocation, SuspendCause,
};
use crate::symmetric::SymmetricAlgorithm;
use crate::x509::{Name, RevocationReason};

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
    DeliveryState,
    PskKind,
    PskState,
    ClientState,
    IdentityKind,
    KeyState,
    KeyOwner,
    CampaignState,
    CredentialKind,
    ReissuePolicy
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
json_cell!(CrlScheme, EnrollmentPolicy, ProfileSpec, Vec<CredentialKind>, BTreeMap<String, String>);

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

impl Cell for SymmetricAlgorithm {
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

/// A record of one of several kinds, in one whole number: the record's number times 8 and the kind, 0 to 6. Kinds from 7 on
/// have 7 there and what is more in the four bits before.
fn tagged<K: EntityKind>(id: crate::id::Id<K>, tag: i64, ids: &NumberCipher) -> Value {
    let (bits, low) = if tag < 7 { (3, tag) } else { (7, (tag - 7) << 3 | 7) };
    let number = ids.number(id).ok().and_then(|n| i64::try_from(n).ok()).and_then(|n| n.checked_mul(1 << bits));
    Value::Int(number.map_or(-1, |n| n | low))
}

fn untagged(value: &Value) -> Option<(u64, i64)> {
    match value {
        Value::Int(number) if *number >= 0 && number & 7 == 7 => {
            Some((u64::try_from(number >> 7).ok()?, 7 + (number >> 3 & 15)))
        }
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
            Self::Psk(id) => tagged(id, 7, ids),
            Self::Key(id) => tagged(id, 8, ids),
            Self::Client(id) => tagged(id, 9, ids),
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
            7 => Self::Psk(ids.id(number)),
            8 => Self::Key(ids.id(number)),
            9 => Self::Client(ids.id(number)),
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
            Self::Psk(id) => tagged(id, 7, ids),
            Self::Key(id) => tagged(id, 8, ids),
            Self::Campaign(id) => tagged(id, 9, ids),
            Self::Client(id) => tagged(id, 10, ids),
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
            7 => Self::Psk(ids.id(number)),
            8 => Self::Key(ids.id(number)),
            9 => Self::Campaign(ids.id(number)),
            10 => Self::Client(ids.id(number)),
            _ => return None,
        })
    }
}

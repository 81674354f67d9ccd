//! Values that are one simple value in every language: identifiers, names, moments, secrets.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use tegata::symmetric::CheckValue;
use tegata::x509::{DnsName, EmailAddress, KeyUsage, Uri};
use tegata::{
    AuthorityId, CampaignId, CertificateId, ClientId, DeviceId, EventId, GroupId, KeyId, Name, Oid, ProductId,
    ProfileId, PskId, Secret, Timestamp,
};

use crate::error::TegataError;

macro_rules! texts {
    ($($name:ident)*) => {
        $(
            uniffi::custom_type!($name, String, {
                remote,
                try_lift: |text| text.parse::<$name>().map_err(|e| TegataError::from(e).into()),
                lower: |value| value.to_string(),
            });
        )*
    };
}

texts! {
    AuthorityId ProfileId ProductId DeviceId GroupId CertificateId EventId PskId ClientId KeyId CampaignId CheckValue
    Name Oid DnsName EmailAddress Uri
}

/// An IPv4 or IPv6 address as text.
pub(crate) type IpAddress = IpAddr;

uniffi::custom_type!(IpAddress, String, {
    remote,
    try_lift: |text| {
        // The core reads addresses in general names only, and says there what is wrong with one.
        match format!("IP:{text}").parse().map_err(TegataError::from)? {
            tegata::GeneralName::Ip(address) => Ok(address),
            _ => Err(TegataError::from(tegata::error::InternalError::Defect { what: "an address".to_owned() }).into()),
        }
    },
    lower: |address| address.to_string(),
});

uniffi::custom_type!(Timestamp, i64, {
    remote,
    try_lift: |seconds| Ok(Self::from_unix(seconds)),
    lower: |time| time.unix(),
});

/// Octets that must not leak.
pub(crate) type SecretBytes = Secret<Vec<u8>>;
/// A text that must not leak.
pub(crate) type SecretText = Secret<String>;

uniffi::custom_type!(SecretBytes, Vec<u8>, {
    remote,
    try_lift: |bytes| Ok(Self::new(bytes)),
    lower: |secret| secret.expose().clone(),
});
uniffi::custom_type!(SecretText, String, {
    remote,
    try_lift: |text| Ok(Self::new(text)),
    lower: |secret| secret.expose().clone(),
});

/// Free-form facts by name.
pub(crate) type Information = BTreeMap<String, String>;

uniffi::custom_type!(Information, HashMap<String, String>, {
    remote,
    try_lift: |map| Ok(map.into_iter().collect()),
    lower: |map| map.into_iter().collect(),
});

/// What a key may be used for (RFC 5280, 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KeyUsageBit {
    /// Signatures other than on certificates and CRLs, such as in TLS.
    DigitalSignature,
    /// Signatures meant to bind the signer (also called contentCommitment).
    NonRepudiation,
    /// Encryption of keys, as RSA key exchange does.
    KeyEncipherment,
    /// Encryption of data itself.
    DataEncipherment,
    /// Diffie-Hellman.
    KeyAgreement,
    /// Signatures on certificates.
    KeyCertSign,
    /// Signatures on CRLs.
    CrlSign,
    /// With key agreement: only to encrypt.
    EncipherOnly,
    /// With key agreement: only to decrypt.
    DecipherOnly,
}

const BITS: [(KeyUsageBit, KeyUsage); 9] = [
    (KeyUsageBit::DigitalSignature, KeyUsage::DIGITAL_SIGNATURE),
    (KeyUsageBit::NonRepudiation, KeyUsage::NON_REPUDIATION),
    (KeyUsageBit::KeyEncipherment, KeyUsage::KEY_ENCIPHERMENT),
    (KeyUsageBit::DataEncipherment, KeyUsage::DATA_ENCIPHERMENT),
    (KeyUsageBit::KeyAgreement, KeyUsage::KEY_AGREEMENT),
    (KeyUsageBit::KeyCertSign, KeyUsage::KEY_CERT_SIGN),
    (KeyUsageBit::CrlSign, KeyUsage::CRL_SIGN),
    (KeyUsageBit::EncipherOnly, KeyUsage::ENCIPHER_ONLY),
    (KeyUsageBit::DecipherOnly, KeyUsage::DECIPHER_ONLY),
];

type KeyUsageBits = Vec<KeyUsageBit>;

uniffi::custom_type!(KeyUsage, KeyUsageBits, {
    remote,
    try_lift: |bits| {
        Ok(BITS.iter().filter(|(bit, _)| bits.contains(bit)).map(|(_, usage)| *usage).collect())
    },
    lower: |usage| BITS.iter().filter(|(_, bit)| usage.contains(*bit)).map(|(bit, _)| *bit).collect(),
});

/// Declares the twin of a record that only the core can make, and how one becomes the other.
macro_rules! twin {
    ($(#[$meta:meta])* $name:ident of $core:ty { $( $(#[$fmeta:meta])* $field:ident : $ty:ty, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, uniffi::Record)]
        pub struct $name { $( $(#[$fmeta])* pub $field: $ty, )* }

        impl From<$core> for $name {
            fn from(core: $core) -> Self {
                Self { $( $field: core.$field.into(), )* }
            }
        }
    };
}
pub(crate) use twin;

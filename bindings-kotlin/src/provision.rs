//! A device with all that it gets at once, and all that it has.

use tegata::model::{IdentityKind, PskKind};
use tegata::symmetric::{PskPolicy, SymmetricAlgorithm};
use tegata::{AuthorityId, CertificateWish, HandOut, KeyAlgorithm, NewDevice, ProfileId, Provision, PskWish};

use crate::certificates::{CertificateRecord, IssuedWithKey};
use crate::devices::Device;
use crate::psks::{IssuedPsk, Psk};
use crate::symmetric::{IssuedKey, SymmetricKey};
use crate::values::SecretBytes;

/// The pre-shared key that a new device gets.
#[uniffi::remote(Record)]
pub struct PskWish {
    /// Whether the secret can be read again.
    pub kind: PskKind,
    /// Where the identity comes from.
    pub identity_kind: IdentityKind,
    /// The identity, when it is chosen and only then.
    #[uniffi(default)]
    pub identity: Option<String>,
    /// What the secret that is made here is like.
    pub policy: PskPolicy,
    /// A secret that exists already, in place of one that is made here.
    #[uniffi(default)]
    pub secret: Option<SecretBytes>,
    /// After how many days it is due to be rotated; never by default.
    #[uniffi(default)]
    pub renew_days: Option<u32>,
}

/// The certificate that a new device gets.
#[uniffi::remote(Record)]
pub struct CertificateWish {
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device's own CSR (PEM or DER); without one, its key is made here.
    #[uniffi(default)]
    pub csr: Option<Vec<u8>>,
    /// What kind of key is made here; the first that the profile lists by default.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key that is made here is handed out.
    pub hand_out: HandOut,
}

/// A device to be registered, and what it gets at once.
#[uniffi::remote(Record)]
pub struct Provision {
    /// The device.
    pub device: NewDevice,
    /// Its password or TLS key.
    #[uniffi(default)]
    pub psk: Option<PskWish>,
    /// Of what kind its symmetric key number 1 is.
    #[uniffi(default)]
    pub key: Option<SymmetricAlgorithm>,
    /// Its certificate.
    #[uniffi(default)]
    pub certificate: Option<CertificateWish>,
}

/// A device that was provisioned, and what it got.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Provisioned {
    /// The device.
    pub device: Device,
    /// Its password or TLS key.
    pub psk: Option<IssuedPsk>,
    /// Its symmetric key.
    pub key: Option<IssuedKey>,
    /// Its certificate, with its key if that was made here.
    pub certificate: Option<IssuedWithKey>,
}

impl From<tegata::Provisioned> for Provisioned {
    fn from(core: tegata::Provisioned) -> Self {
        Self {
            device: core.device.into(),
            psk: core.psk.map(Into::into),
            key: core.key.map(Into::into),
            certificate: core.certificate.map(Into::into),
        }
    }
}

/// All that a device has.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Credentials {
    /// The certificates that are attached to it.
    pub certificates: Vec<CertificateRecord>,
    /// Its pre-shared keys.
    pub psks: Vec<Psk>,
    /// The symmetric keys that it may use.
    pub keys: Vec<SymmetricKey>,
}

impl From<tegata::Credentials> for Credentials {
    fn from(core: tegata::Credentials) -> Self {
        Self {
            certificates: core.certificates.into_iter().map(Into::into).collect(),
            psks: core.psks.into_iter().map(Into::into).collect(),
            keys: core.keys.into_iter().map(Into::into).collect(),
        }
    }
}

//! Records that serve the others: documents, bindings, request IDs, the registry's own secret.

use crate::env::Timestamp;
use crate::id::{AuthorityId, CertificateId, ClientId, DeviceId, KeyId, ProductId, ProfileId, PskId};
use crate::secret::Sealed;

/// The DER of a certificate, or of the CSR while the certificate is pending. Apart, so that searches scan narrow rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which certificate.
    pub certificate: CertificateId,
    /// The DER.
    pub der: Vec<u8>,
}

/// Who owns something that must have one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A device.
    Device(DeviceId),
    /// A product.
    Product(ProductId),
    /// An authority.
    Authority(AuthorityId),
    /// A certificate that belongs to no device.
    Certificate(CertificateId),
    /// Nobody yet: a unit on a product's allow-list.
    Listed(ProductId),
    /// The newest version of a profile, which owns its name.
    Profile(ProfileId),
    /// A pre-shared key, which owns its chosen identity.
    Psk(PskId),
    /// A symmetric key, which owns its number among the keys of a device or group.
    Key(KeyId),
    /// A client of the host's API, which owns its name.
    Client(ClientId),
    /// Nobody ever: a key that was reported as compromised.
    Compromised,
}

/// That a public key, a unit or a subject belongs to one owner. Its key is a keyed digest of what is bound, so finding
/// it is one look-up, and two claims on the same thing collide in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The first half of the digest.
    pub key: u64,
    /// The second half.
    pub check: i64,
    /// The owner.
    pub owner: Owner,
}

/// What a request ID led to, so that repeating it returns the first result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// A keyed digest of the request ID.
    pub key: u64,
    /// A keyed digest of the operation and its content.
    pub fingerprint: i64,
    /// The number of the record that the operation made or changed.
    pub result: i64,
    /// When.
    pub at: Timestamp,
}

/// Numbers that are not given out, since they may have been before the store was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Its number.
    pub key: u64,
    /// Of which counter.
    pub counter: String,
    /// The first of them; of counters of versions, the number of the key.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// When that was found out.
    pub at: Timestamp,
}

/// How far housekeeping has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upkeep {
    /// Always 1.
    pub key: u64,
    /// Which of the tables it looks at, in its own order.
    pub place: u32,
    /// The key of the last row that it looked at there, as databases order keys.
    pub after: Option<i64>,
    /// When it was there.
    pub at: Timestamp,
}

impl Upkeep {
    /// The only row.
    pub(crate) const KEY: u64 = 1;
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { key: Self::KEY, place: 0, after: None, at: Timestamp::MIN }
    }
}

/// What the registry knows of itself.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Always 1.
    pub key: u64,
    /// 32 octets from which identifiers and tags are keyed, sealed.
    pub secret: Sealed,
    /// When the registry was made.
    pub created: Timestamp,
}

//! What happened: who did what, to which record, when.

use std::fmt;

use crate::env::Timestamp;
use crate::id::{
    AuthorityId, CampaignId, CertificateId, ClientId, DeviceId, EventId, GroupId, KeyId, ProductId, ProfileId, PskId,
};

/// A record that an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// An authority.
    Authority(AuthorityId),
    /// A profile.
    Profile(ProfileId),
    /// A product.
    Product(ProductId),
    /// A device.
    Device(DeviceId),
    /// A group.
    Group(GroupId),
    /// A certificate.
    Certificate(CertificateId),
    /// A pre-shared key.
    Psk(PskId),
    /// A symmetric key.
    Key(KeyId),
    /// A campaign.
    Campaign(CampaignId),
    /// A client of the host's API.
    Client(ClientId),
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(id) => write!(f, "authority:{id}"),
            Self::Profile(id) => write!(f, "profile:{id}"),
            Self::Product(id) => write!(f, "product:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Certificate(id) => write!(f, "certificate:{id}"),
            Self::Psk(id) => write!(f, "psk:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Campaign(id) => write!(f, "campaign:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
        }
    }
}

/// One event (NEC-38). Events are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Names the event.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who, as the host named the caller.
    pub actor: String,
    /// What, such as `device.enroll`.
    pub action: String,
    /// What it happened to.
    pub subject: Option<Entity>,
    /// What else took part, such as the certificate that a device got.
    pub object: Option<Entity>,
    /// A few words more; never a secret.
    pub detail: Option<String>,
    /// A keyed tag over all of it and its number; events from before there were tags have none.
    pub(crate) tag: Option<Vec<u8>>,
}

//! What happened.

use tegata::model::Entity;
use tegata::{
    AuthorityId, CampaignId, CertificateId, ClientId, DeviceId, EventFilter, EventId, GroupId, KeyId, Page, ProductId,
    ProfileId, PskId, Timestamp,
};

use crate::error::Result;
use crate::lists::EventListing;
use crate::values::twin;

/// A record that an event is about.
#[uniffi::remote(Enum)]
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

twin! {
    /// One event. Events are only ever added.
    Event of tegata::model::Event {
        /// Names the event.
        id: EventId,
        /// When.
        at: Timestamp,
        /// Who, as the host named the caller.
        actor: String,
        /// What, such as `device.enroll`.
        action: String,
        /// What it happened to.
        subject: Option<Entity>,
        /// What else took part, such as the certificate that a device got.
        object: Option<Entity>,
        /// A few words more; never a secret.
        detail: Option<String>,
    }
}

/// Which events to list.
#[uniffi::remote(Record)]
pub struct EventFilter {
    /// About this record.
    #[uniffi(default)]
    pub subject: Option<Entity>,
    /// In which this record took part otherwise, such as the certificate that a device got.
    #[uniffi(default)]
    pub object: Option<Entity>,
    /// With this action, such as `device.enroll`.
    #[uniffi(default)]
    pub action: Option<String>,
    /// By this actor.
    #[uniffi(default)]
    pub actor: Option<String>,
    /// From this moment on.
    #[uniffi(default)]
    pub from: Option<Timestamp>,
    /// Before this moment.
    #[uniffi(default)]
    pub to: Option<Timestamp>,
    /// The newest first.
    #[uniffi(default = false)]
    pub newest_first: bool,
}

/// What an export wrote.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ExportedEvents {
    /// One JSON object a line.
    pub lines: Vec<u8>,
    /// How many events there are.
    pub count: u64,
}

/// What happened: who did what, to which record, when. Every change writes its event in the same commit.
#[derive(uniffi::Object)]
pub struct Events {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Events {
    /// The events that match, in the order in which they were recorded.
    pub fn find(&self, filter: EventFilter, page: Page) -> Result<EventListing> {
        Ok(self.core.events().find(&filter, &page)?.into())
    }

    /// The events that match, one JSON object a line, and how many there are.
    pub fn export(&self, filter: EventFilter) -> Result<ExportedEvents> {
        let mut lines = Vec::new();
        let count = self.core.events().export(&filter, &mut lines)?;
        Ok(ExportedEvents { lines, count })
    }
}

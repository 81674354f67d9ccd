//! Lists, one page at a time.

use tegata::{Page, Text};

use crate::authorities::Authority;
use crate::campaigns::{Campaign, DueItem};
use crate::certificates::{Assignment, CertificateRecord};
use crate::clients::Client;
use crate::devices::Device;
use crate::events::Event;
use crate::groups::Group;
use crate::log::Checkpoint;
use crate::ocsp::Presigned;
use crate::products::Product;
use crate::profiles::Profile;
use crate::psks::Psk;
use crate::symmetric::SymmetricKey;

/// Which page of a list is wanted.
#[uniffi::remote(Record)]
pub struct Page {
    /// How many records at most; clamped to 1..=10,000.
    #[uniffi(default = 100)]
    pub limit: u32,
    /// Where the page before ended. `None` for the first.
    #[uniffi(default)]
    pub after: Option<String>,
    /// Whether to count all matches too.
    #[uniffi(default = true)]
    pub total: bool,
}

/// How a text must compare.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Text {
    /// Exactly so.
    Is(String),
    /// Beginning so.
    StartsWith(String),
    /// With this somewhere.
    Contains(String),
}

macro_rules! listings {
    ($($name:ident of $item:ident from $core:ty;)*) => {
        $(
            /// One page of records.
            #[derive(Clone, Debug, uniffi::Record)]
            pub struct $name {
                /// The records, in order.
                pub items: Vec<$item>,
                /// What to ask for next; nothing after the last page.
                pub next: Option<String>,
                /// How many records match in all, if that was asked for.
                pub total: Option<u64>,
            }

            impl From<tegata::Listing<$core>> for $name {
                fn from(list: tegata::Listing<$core>) -> Self {
                    Self { items: list.items.into_iter().map(Into::into).collect(), next: list.next, total: list.total }
                }
            }
        )*
    };
}

listings! {
    AuthorityListing of Authority from tegata::model::Authority;
    ProfileListing of Profile from tegata::model::Profile;
    ProductListing of Product from tegata::model::Product;
    DeviceListing of Device from tegata::model::Device;
    GroupListing of Group from tegata::model::Group;
    CertificateListing of CertificateRecord from tegata::model::Certificate;
    AssignmentListing of Assignment from tegata::model::Assignment;
    EventListing of Event from tegata::model::Event;
    PskListing of Psk from tegata::model::Psk;
    SymmetricKeyListing of SymmetricKey from tegata::model::SymmetricKey;
    CampaignListing of Campaign from tegata::model::Campaign;
    ClientListing of Client from tegata::model::Client;
    CheckpointListing of Checkpoint from tegata::model::Checkpoint;
    PresignedListing of Presigned from tegata::Presigned;
    DueItemListing of DueItem from tegata::DueItem;
}

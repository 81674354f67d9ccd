//! Campaigns: many credentials replaced, wave by wave; and what is due.

use tegata::model::{CampaignState, CredentialKind, ReissuePolicy};
use tegata::{
    AuthorityId, Call, CampaignFilter, CampaignId, CertificateId, GroupId, KeyId, NewCampaign, Page, ProductId, PskId,
    RevocationReason, Selection, Text, Timestamp,
};

use crate::certificates::CertificateRecord;
use crate::crl::CrlState;
use crate::error::Result;
use crate::lists::{CampaignListing, DueItemListing};
use crate::psks::Psk;
use crate::symmetric::SymmetricKey;
use crate::values::twin;

/// Where a campaign stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CampaignState {
    /// Its waves are released when their time comes.
    Running,
    /// It waits to be resumed.
    Paused,
    /// Everybody was asked, and nobody is waited for any more.
    Finished,
    /// It was given up.
    Cancelled,
}

/// How a campaign has credentials replaced.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum ReissuePolicy {
    /// They become due at once: their holders renew them by the ordinary procedure.
    Due,
    /// Symmetric keys and readable pre-shared keys get their new value at once; others become due.
    Rotate,
}

/// Something to be renewed, or made anew.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(clippy::large_enum_variant, reason = "most items are certificates")]
pub enum DueItem {
    /// A certificate.
    Certificate {
        /// Its record.
        value: CertificateRecord,
    },
    /// A symmetric key.
    Key {
        /// Its record.
        value: SymmetricKey,
    },
    /// A pre-shared key.
    Psk {
        /// Its record.
        value: Psk,
    },
    /// A CRL to be made anew.
    Crl {
        /// How it stands.
        value: CrlState,
    },
    /// Something that this version of the binding does not know.
    Other,
}

impl From<tegata::DueItem> for DueItem {
    fn from(item: tegata::DueItem) -> Self {
        match item {
            tegata::DueItem::Key(value) => Self::Key { value: value.into() },
            tegata::DueItem::Crl(value) => Self::Crl { value: value.into() },
            tegata::DueItem::Psk(value) => Self::Psk { value: value.into() },
            tegata::DueItem::Certificate(value) => Self::Certificate { value: value.into() },
            _ => Self::Other,
        }
    }
}

/// Which credentials a campaign is about: those that match all of what is given.
#[uniffi::remote(Record)]
pub struct Selection {
    /// Of these kinds; empty stands for all.
    #[uniffi(default = [])]
    pub kinds: Vec<CredentialKind>,
    /// With this algorithm, by its name: `ecdsa-p256`, `aes-128`.
    #[uniffi(default)]
    pub algorithm: Option<String>,
    /// Issued by this authority.
    #[uniffi(default)]
    pub authority: Option<AuthorityId>,
    /// Of units of this product.
    #[uniffi(default)]
    pub product: Option<ProductId>,
    /// Of devices in this group, and the group's own keys.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// Issued at this moment or later.
    #[uniffi(default)]
    pub issued_from: Option<Timestamp>,
    /// Issued before this moment.
    #[uniffi(default)]
    pub issued_to: Option<Timestamp>,
    /// These certificates.
    #[uniffi(default = [])]
    pub certificates: Vec<CertificateId>,
    /// These symmetric keys.
    #[uniffi(default = [])]
    pub keys: Vec<KeyId>,
    /// These pre-shared keys.
    #[uniffi(default = [])]
    pub psks: Vec<PskId>,
}

/// A campaign to be started.
#[uniffi::remote(Record)]
pub struct NewCampaign {
    /// What people call it; no two campaigns have one name.
    pub name: String,
    /// Which credentials are to be replaced.
    pub selection: Selection,
    /// How many credentials one wave has; at least 1.
    #[uniffi(default = 1000)]
    pub wave_size: u32,
    /// How long after the beginning of a wave the next one may begin, in seconds. 0: with the next call.
    #[uniffi(default = 3600)]
    pub wave_seconds: u32,
    /// How they are replaced.
    pub policy: ReissuePolicy,
    /// For how long old values count beside the new ones where the registry makes them, in days.
    #[uniffi(default = 0)]
    pub grace_days: u32,
    /// After how many days whoever was asked and has not come is shut out; never by default.
    #[uniffi(default)]
    pub revoke_after_days: Option<u32>,
    /// The reason for which certificates are revoked then.
    pub revocation: RevocationReason,
    /// Why there is a campaign; it stands in its record and its event.
    #[uniffi(default)]
    pub reason: Option<String>,
}

/// Which campaigns to list.
#[uniffi::remote(Record)]
pub struct CampaignFilter {
    /// By name.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// In this state.
    #[uniffi(default)]
    pub state: Option<CampaignState>,
}

twin! {
    /// A campaign: many credentials that are replaced, wave by wave.
    Campaign of tegata::model::Campaign {
        /// Names the campaign.
        id: CampaignId,
        /// What people call it.
        name: String,
        /// Its state.
        state: CampaignState,
        /// The kinds of credentials that it is about.
        kinds: Vec<CredentialKind>,
        /// What was selected by: the algorithm.
        algorithm: Option<String>,
        /// The authority.
        authority: Option<AuthorityId>,
        /// The product.
        product: Option<ProductId>,
        /// The group.
        group: Option<GroupId>,
        /// Issued at this moment or later.
        issued_from: Option<Timestamp>,
        /// Issued before this moment.
        issued_to: Option<Timestamp>,
        /// Whether they were listed one by one.
        listed: bool,
        /// How many credentials one wave has.
        wave_size: u32,
        /// How long after the beginning of a wave the next one may begin, in seconds.
        wave_seconds: u32,
        /// How they are replaced.
        policy: ReissuePolicy,
        /// For how long old values count beside the new ones, in days.
        grace_days: u32,
        /// After how many days whoever has not come is shut out.
        revoke_after_days: Option<u32>,
        /// The reason for which certificates are revoked then.
        revocation: RevocationReason,
        /// Why there is a campaign.
        reason: Option<String>,
        /// How many were selected.
        selected: u64,
        /// How many were asked so far.
        released: u64,
        /// Which wave was the last one; 0 before the first.
        wave: u32,
        /// When the next wave may begin.
        next_wave_at: Option<Timestamp>,
        /// When it was started.
        started: Timestamp,
        /// When it was finished or cancelled.
        ended: Option<Timestamp>,
    }
}

twin! {
    /// How many credentials a selection names.
    CampaignPreview of tegata::CampaignPreview {
        /// Certificates.
        certificates: u64,
        /// Symmetric keys.
        keys: u64,
        /// Pre-shared keys.
        psks: u64,
        /// Credentials of products, which match too but are replaced by hand, batch by batch.
        product_credentials: u64,
    }
}

twin! {
    /// How far a campaign has come.
    CampaignProgress of tegata::CampaignProgress {
        /// How many were selected.
        selected: u64,
        /// How many were asked so far.
        released: u64,
        /// How many of those are replaced, or are none of the campaign's business any more.
        done: u64,
        /// How many of those have not come.
        waiting: u64,
        /// Which wave was the last one; 0 before the first.
        wave: u32,
        /// When the next wave may begin.
        next_wave_at: Option<Timestamp>,
        /// Whether everybody was asked and nobody is waited for.
        finished: bool,
    }
}

/// Campaigns: many credentials replaced, wave by wave.
#[derive(uniffi::Object)]
pub struct Campaigns {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Campaigns {
    /// How many credentials a selection selects now. A million of them take about a second.
    pub fn preview(&self, selection: Selection) -> Result<CampaignPreview> {
        Ok(self.core.campaigns().preview(&selection)?.into())
    }

    /// Starts a campaign: selects its members and releases nothing yet, which `advance` does. What is issued from now
    /// on is not among them. A campaign that selects what another one asks for takes it over.
    pub fn start(&self, new: NewCampaign, call: Call) -> Result<Campaign> {
        Ok(self.core.campaigns().start(&new, &call)?.into())
    }

    /// Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out
    /// whoever has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for.
    /// To be called now and then, by one process or by several at once: each credential has its turn once. A campaign
    /// that is finished stays as it is. The request ID of `call` is not used.
    pub fn advance(&self, id: CampaignId, call: Call) -> Result<Campaign> {
        Ok(self.core.campaigns().advance(id, &call)?.into())
    }

    /// Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out
    /// while it is stopped.
    pub fn pause(&self, id: CampaignId, call: Call) -> Result<Campaign> {
        Ok(self.core.campaigns().pause(id, &call)?.into())
    }

    /// Lets a campaign go on where it was stopped.
    pub fn resume(&self, id: CampaignId, call: Call) -> Result<Campaign> {
        Ok(self.core.campaigns().resume(id, &call)?.into())
    }

    /// Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.
    pub fn cancel(&self, id: CampaignId, call: Call) -> Result<Campaign> {
        Ok(self.core.campaigns().cancel(id, &call)?.into())
    }

    /// The campaign with this identifier.
    pub fn get(&self, id: CampaignId) -> Result<Campaign> {
        Ok(self.core.campaigns().get(id)?.into())
    }

    /// The campaigns that match, in the order in which they were started.
    pub fn find(&self, filter: CampaignFilter, page: Page) -> Result<CampaignListing> {
        Ok(self.core.campaigns().find(&filter, &page)?.into())
    }

    /// How far a campaign has come.
    pub fn progress(&self, id: CampaignId) -> Result<CampaignProgress> {
        Ok(self.core.campaigns().progress(id)?.into())
    }

    /// Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
    /// still have the value that they had, or whose new value no device fetched.
    pub fn stragglers(&self, id: CampaignId, page: Page) -> Result<DueItemListing> {
        Ok(self.core.campaigns().stragglers(id, &page)?.into())
    }
}

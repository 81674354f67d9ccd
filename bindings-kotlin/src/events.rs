//! What happened.

use std::sync::Arc;

use tegata::model::Entity;
use tegata::{
    AuthorityId, Call, CampaignId, CertificateId, ClientId, DeviceId, EventFilter, EventId, GroupId, KeyId, Page,
    ProductId, ProfileId, PskId, Timestamp, VerifyEvents,
};

use crate::bulk::BulkProgress;
use crate::error::Result;
use crate::lists::{CheckpointListing, EventListing};
use crate::log::{Checkpoint, EventProof, PrunedEvents, Verification};
use crate::streams::{HostOutput, output, told};
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

    /// The events that match are written to `out`, one JSON object a line. Says how many there are.
    pub fn export_to(&self, filter: EventFilter, out: Arc<dyn HostOutput>) -> Result<u64> {
        Ok(self.core.events().export(&filter, &mut output(out))?)
    }

    /// Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree, RFC 9162), in a
    /// form that other people's tools read (C2SP tlog-checkpoint). If nothing was recorded since the newest, that one is
    /// the answer.
    ///
    /// Make one regularly, such as every hour, and keep its `note` where whoever can change the database cannot: with it,
    /// `verify` finds out a database that was rolled back or written anew.
    pub fn checkpoint(&self, call: Call) -> Result<Checkpoint> {
        Ok(self.core.events().checkpoint(&call)?.into())
    }

    /// The checkpoints, in the order in which they were made.
    pub fn checkpoints(&self, page: Page) -> Result<CheckpointListing> {
        Ok(self.core.events().checkpoints(&page)?.into())
    }

    /// The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed notes use
    /// (C2SP signed-note). It is made with the first checkpoint and never changes.
    pub fn public_key(&self) -> Result<String> {
        Ok(self.core.events().public_key()?)
    }

    /// Goes through the log from the first event to the last and names the first that was altered, removed or put in later. An
    /// alteration shows at once, since each event carries a keyed tag; a removal from the next checkpoint on. What is
    /// wrong with the log is no error but the answer's `first`.
    ///
    /// `progress` is called with the events done and the events there are; it must not call the registry.
    pub fn verify(&self, options: VerifyEvents, progress: Option<Arc<dyn BulkProgress>>) -> Result<Verification> {
        let tell = told(progress);
        let tell = tell.as_ref().map(|tell| tell as tegata::Progress<'_>);
        Ok(self.core.events().verify(&options, tell)?.into())
    }

    /// Shows that the log holds an event, to somebody who knows the public key only (`verify_event`).
    pub fn prove(&self, id: EventId) -> Result<EventProof> {
        Ok(self.core.events().prove(id)?.into())
    }

    /// Shows that the log merely grew from checkpoint number `old` to checkpoint number `new`, to somebody who knows the
    /// public key and the old checkpoint (`verify_consistency`).
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<String> {
        Ok(self.core.events().prove_consistency(old, new)?)
    }

    /// The log as a file that verifies by itself (`verify_export`), and how many events there are: one JSON object a line, each
    /// event as `export` writes it, and each checkpoint behind the events that it covers. It begins behind checkpoint
    /// number `from`, or with the first event that is left, and ends at the newest checkpoint.
    pub fn export_log(&self, from: Option<u64>) -> Result<ExportedEvents> {
        let mut lines = Vec::new();
        let count = self.core.events().export_log(from, &mut lines)?;
        Ok(ExportedEvents { lines, count })
    }

    /// The same, written to `out`. Says how many events there are.
    pub fn export_log_to(&self, from: Option<u64>, out: Arc<dyn HostOutput>) -> Result<u64> {
        Ok(self.core.events().export_log(from, &mut output(out))?)
    }

    /// Removes the oldest events: those before `before`, in whole runs of 4,096 that a checkpoint covers. The hashes of
    /// the trees over them stay, so everything else verifies as before. What goes is written to `archive` first, if there is
    /// one, as `export_log` writes it. Each run is one commit; after an error, the runs before it are gone.
    pub fn prune(&self, before: Timestamp, archive: Option<Arc<dyn HostOutput>>, call: Call) -> Result<PrunedEvents> {
        let mut archive = archive.map(output);
        let archive = archive.as_mut().map(|archive| archive as &mut dyn std::io::Write);
        Ok(self.core.events().prune(before, archive, &call)?.into())
    }
}

//! The whole registry: copied, backed up, checked, restored, and rid of what is over.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tegata::{AuthorityId, Call, CertificateId, DeviceId, KeyId, PskId, Retention, Seen, SeenState, Timestamp};

use crate::bulk::BulkProgress;
use crate::error::Result;
use crate::open::AnyStore;
use crate::registry::Registry;
use crate::streams::{HostOutput, output, told};
use crate::values::twin;

twin! {
    /// A backup that was made.
    Backup of tegata::Backup {
        /// When. What happened up to here is in it.
        at: Timestamp,
        /// How large its file is, in bytes.
        bytes: u64,
    }
}

twin! {
    /// What copying did.
    Copied of tegata::Copied {
        /// How many rows the copy holds, each compared with its original.
        rows: u64,
        /// How many of them were written, in all passes together.
        written: u64,
        /// How many rows were removed that the source had no more.
        deleted: u64,
        /// How often both sides were compared from one end to the other.
        passes: u32,
    }
}

/// What was found by looking at everything.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Integrity {
    /// Whether nothing was found.
    pub is_sound: bool,
    /// How many rows were looked at.
    pub rows: u64,
    /// What does not fit together, a sentence each; nothing when all is well. At most a thousand.
    pub findings: Vec<String>,
}

impl From<tegata::Integrity> for Integrity {
    fn from(core: tegata::Integrity) -> Self {
        Self { is_sound: core.is_sound(), rows: core.rows, findings: core.findings }
    }
}

/// Something that was seen in the field: at a gateway, in a log, on a device.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Seen {
    /// A certificate, DER or PEM.
    Certificate(Vec<u8>),
    /// The serial number of a certificate of this authority: the content of its INTEGER. Without the certificate, nothing
    /// proves that it was issued, so it is looked up only.
    Serial {
        /// Whose certificate it is.
        authority: AuthorityId,
        /// The octets.
        serial: Vec<u8>,
    },
    /// A device's identifier.
    Device(DeviceId),
    /// A certificate's identifier.
    CertificateId(CertificateId),
    /// A version of a symmetric key.
    Key {
        /// Which key.
        id: KeyId,
        /// Which version.
        version: u32,
    },
    /// A version of a pre-shared key's secret.
    Psk {
        /// Which key.
        id: PskId,
        /// Which version.
        version: u32,
    },
}

/// What a registry knows of something that was seen.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SeenState {
    /// It is in the store.
    Known,
    /// This registry made it, and the store does not remember: it was restored to an earlier state. No number, serial or
    /// version of this kind up to the one that was seen is given out again.
    Lost,
    /// Not of this registry, or removed from it by its rules of retention.
    Unknown,
}

/// How long what is over is remembered, in days of 86,400 seconds, each at most 36,525.
#[uniffi::remote(Record)]
pub struct Retention {
    /// Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until it may leave them.
    #[uniffi(default = 90)]
    pub certificate_days: u32,
    /// Deleted devices: after the deletion. All that they had goes with them.
    #[uniffi(default = 730)]
    pub device_days: u32,
    /// Request IDs: after the request, which can be repeated harmlessly until then.
    #[uniffi(default = 30)]
    pub request_days: u32,
    /// Claim codes that nobody used: after they expired. Used ones go with the device that used them.
    #[uniffi(default = 30)]
    pub claim_code_days: u32,
    /// Deleted pre-shared keys, after they were issued; former versions of symmetric keys, after they ended.
    #[uniffi(default = 365)]
    pub secret_days: u32,
    /// Campaigns: after their end.
    #[uniffi(default = 365)]
    pub campaign_days: u32,
    /// Events: after they happened, once a checkpoint covers them. Left out, they are kept for ever.
    #[uniffi(default)]
    pub event_days: Option<u32>,
    /// How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
    /// Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever
    /// calls seldom allows more.
    #[uniffi(default = 90)]
    pub leap_days: u32,
    /// How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds.
    #[uniffi(default = 10000)]
    pub limit: u32,
}

/// What `maintain` did, or would do.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Maintained {
    /// How many records went in all.
    pub total: u64,
    /// How many rows were looked at.
    pub looked_at: u64,
    /// How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs
    /// some thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
    pub removed: HashMap<String, u64>,
    /// How many bytes went back to the file system.
    pub freed: u64,
    /// Whether everything was looked at since the round began; the next call begins another one.
    pub finished: bool,
}

impl From<tegata::Maintained> for Maintained {
    fn from(core: tegata::Maintained) -> Self {
        Self {
            total: core.total(),
            looked_at: core.looked_at,
            removed: core.removed.into_iter().collect(),
            freed: core.freed,
            finished: core.finished,
        }
    }
}

#[uniffi::export]
impl Registry {
    /// Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes on;
    /// durable when it answers. To restore it, put the file in the place of the database and open it, or open it and copy it to
    /// where it belongs. The sealing key is not in it: keep that elsewhere.
    ///
    /// A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may have been given
    /// out since it was made, and the event `registry.restored` says so. What was issued after the backup is unknown then;
    /// whoever shows it gets `certificate.lost` or `input.lost_id`, and `report_seen` tells it in advance.
    pub fn backup(&self, path: String, call: Call) -> Result<Backup> {
        Ok(self.core().backup(Path::new(&path), &call)?.into())
    }

    /// Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into any other store. The sealing key
    /// stays the same, and so do all identifiers, serial numbers and secrets.
    ///
    /// `target` must be empty, or hold a copy of this registry that was not opened since. A copy that was stopped goes on where
    /// it was when it is called again. The registry may be used meanwhile: both sides are compared, row by row, until nothing
    /// differs. To move, therefore: copy; stop whoever writes; copy again, which is quick; open the registry in its new
    /// store.
    ///
    /// `progress` is called with the rows compared in this pass and the rows there are; it must not call the registry.
    pub fn copy_to(&self, target: AnyStore, progress: Option<Arc<dyn BulkProgress>>, call: Call) -> Result<Copied> {
        let tell = told(progress);
        let tell = tell.as_ref().map(|tell| tell as tegata::Progress<'_>);
        Ok(self.core().copy_to(&target.store(), tell, &call)?.into())
    }

    /// Reads everything and tells what does not fit together: what the store finds out about itself, values that this
    /// version cannot have written, sealed ones that do not open, records that lead to others which are not there. It
    /// changes nothing and goes on beside everything else.
    ///
    /// `progress` is called with the rows looked at and the rows there are; it must not call the registry.
    pub fn check_integrity(&self, progress: Option<Arc<dyn BulkProgress>>) -> Result<Integrity> {
        let tell = told(progress);
        let tell = tell.as_ref().map(|tell| tell as tegata::Progress<'_>);
        Ok(self.core().check_integrity(tell)?.into())
    }

    /// Tells the registry what was seen in the field, with an answer for each: for the time after a restore, when gateways
    /// and devices know more than the store.
    pub fn report_seen(&self, seen: Vec<Seen>) -> Result<Vec<SeenState>> {
        Ok(self.core().report_seen(&seen)?)
    }

    /// Removes what is over and was remembered long enough: expired certificates with all that belongs to them, deleted devices,
    /// request IDs, used-up secrets, ended campaigns, and old events. To be called regularly, such as every minute, or in a
    /// loop until it says `finished`.
    ///
    /// Each record is written to `archive` first, if there is one: one JSON object a line, without secrets, flushed before
    /// anything is removed. After an error it may hold records that are still there; it never lacks one that is not.
    pub fn maintain(
        &self,
        retention: Retention,
        archive: Option<Arc<dyn HostOutput>>,
        call: Call,
    ) -> Result<Maintained> {
        let mut archive = archive.map(output);
        let archive = archive.as_mut().map(|archive| archive as &mut dyn std::io::Write);
        Ok(self.core().maintain(&retention, archive, &call)?.into())
    }

    /// What `maintain` would remove in a whole round, events apart. Looks at everything, whatever the limit, and changes
    /// nothing.
    pub fn maintainable(&self, retention: Retention) -> Result<Maintained> {
        Ok(self.core().maintainable(&retention)?.into())
    }
}

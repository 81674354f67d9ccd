//! The log of events as evidence.

use std::sync::Arc;

use tegata::{EventId, Tampering, Timestamp, VerifyEvents};

use crate::error::Result;
use crate::streams::{HostInput, input};
use crate::values::twin;

twin! {
    /// A signed statement of how many events there are and what they hash to.
    Checkpoint of tegata::model::Checkpoint {
        /// Counts the checkpoints of a registry, from 1.
        number: u64,
        /// When it was made.
        at: Timestamp,
        /// Who asked for it, as the host named the caller.
        actor: String,
        /// How many events it covers: all that were recorded before it.
        events: u64,
        /// The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
        root: Vec<u8>,
        /// The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
        note: String,
    }
}

twin! {
    /// An event with the proof that the log holds it, both as text.
    EventProof of tegata::EventProof {
        /// The event, as `export` writes it; not one octet of it may change.
        event: String,
        /// The proof (C2SP tlog-proof), with the checkpoint that it leads to.
        proof: String,
    }
}

twin! {
    /// What pruning did.
    PrunedEvents of tegata::PrunedEvents {
        /// How many events are gone.
        events: u64,
        /// The time of the latest of them.
        latest: Option<Timestamp>,
    }
}

/// What to hold the log of events against, besides its own checkpoints.
#[uniffi::remote(Record)]
pub struct VerifyEvents {
    /// Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken as it is.
    #[uniffi(default)]
    pub since: Option<u64>,
    /// Checkpoints that were kept elsewhere (their `note`). Each must be one of this very log, so a database that was
    /// rolled back, or written anew, is found out.
    #[uniffi(default = [])]
    pub known: Vec<String>,
    /// The public key that was kept elsewhere.
    #[uniffi(default)]
    pub public_key: Option<String>,
}

/// What is wrong at the first place where the log is not what was recorded.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Tampering {
    /// An event was changed.
    Altered,
    /// An event was removed.
    Missing,
    /// An event was put in later.
    Added,
    /// A checkpoint, or what belongs to it, was changed or removed.
    CheckpointBroken,
    /// The log is older than a checkpoint that was kept elsewhere, or another one than it.
    RolledBack,
}

twin! {
    /// The first place where the log is not what was recorded.
    LogProblem of tegata::LogProblem {
        /// What is wrong.
        what: Tampering,
        /// Which event, where it is about one.
        event: Option<EventId>,
        /// The number of the checkpoint that shows it, where one does.
        checkpoint: Option<u64>,
        /// Of an exported log: the line, from 1.
        line: Option<u64>,
    }
}

/// What a verification looked at, up to the first problem.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Verification {
    /// How many events were read and found as they were recorded.
    pub events: u64,
    /// How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
    pub uncovered: u64,
    /// How many events were pruned before; the hashes of the trees over them stand in for them.
    pub pruned: u64,
    /// How many checkpoints were found genuine.
    pub checkpoints: u64,
    /// The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
    /// with one that covers later events, too; that one vouches for what is there, and does not count here.
    pub last_checkpoint: Option<u64>,
    /// The first problem; nothing when all is as it was recorded.
    pub first: Option<LogProblem>,
}

impl From<tegata::Verification> for Verification {
    fn from(core: tegata::Verification) -> Self {
        Self {
            events: core.events,
            uncovered: core.uncovered,
            pruned: core.pruned,
            checkpoints: core.checkpoints,
            last_checkpoint: core.last_checkpoint,
            first: core.first.map(LogProblem::from),
        }
    }
}

/// Whether the log with this public key holds `event`, as `proof` says: without a registry, a store, or a secret.
#[uniffi::export]
pub fn verify_event(event: String, proof: String, public_key: String) -> Result<()> {
    Ok(tegata::verify_event(&event, &proof, &public_key)?)
}

/// Whether the log only grew between two checkpoints: `old`, which was kept, and the one at the end of `proof`, as
/// `prove_consistency` made it. Without a registry, a store, or a secret.
#[uniffi::export]
pub fn verify_consistency(old: String, proof: String, public_key: String) -> Result<()> {
    Ok(tegata::verify_consistency(&old, &proof, &public_key)?)
}

/// Whether a log that was exported (`export_log`) or archived (`prune`) is what the registry with this public key recorded:
/// without a registry, a store, or a secret. Files that follow each other may be read as one.
///
/// What ends without a checkpoint was cut; what was cut behind one is a genuine, shorter log: hold `last_checkpoint` against the
/// one that you expect.
///
/// The first problem names a line. Where a line holds no JSON, or no checkpoint of this log, that is it; otherwise it is the
/// checkpoint that does not fit, and what was changed stands between it and the checkpoint before.
#[uniffi::export]
pub fn verify_export(input: Vec<u8>, public_key: String) -> Result<Verification> {
    Ok(tegata::verify_export(&mut input.as_slice(), &public_key)?.into())
}

/// The same, read from a stream as it is needed.
#[uniffi::export]
pub fn verify_export_from(source: Arc<dyn HostInput>, public_key: String) -> Result<Verification> {
    Ok(tegata::verify_export(&mut input(source), &public_key)?.into())
}

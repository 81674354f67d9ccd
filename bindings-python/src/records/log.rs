//! The log of events as evidence.

use pyo3::prelude::*;

use crate::convert::{Bytes, Time};
use crate::macros::record;
use crate::words::Tampering;

record! {
    /// A signed statement of how the log of events stood: how many events there were, and the hash of the tree
    /// over them.
    Checkpoint(tegata::model::Checkpoint) {
        /// Counts the checkpoints of a registry, from 1.
        number: u64,
        /// When it was made.
        at: Time,
        /// Who asked for it, as the host named the caller.
        actor: String,
        /// How many events it covers: all that were recorded before it.
        events: u64,
        /// The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
        root: Bytes,
        /// The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
        note: String,
    }
}

record! {
    /// The first place where the log is not what was recorded.
    LogProblem(tegata::LogProblem) {
        /// What is wrong.
        what: Tampering,
        /// Which event, where it is about one.
        event: Option<String>,
        /// The number of the checkpoint that shows it, where one does.
        checkpoint: Option<u64>,
        /// Of an exported log: the line, from 1.
        line: Option<u64>,
    }
}

record! {
    /// What a verification looked at, up to the first problem.
    Verification(tegata::Verification) {
        /// How many events were read and found as they were recorded.
        events: u64,
        /// How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
        uncovered: u64,
        /// How many events were pruned before; the hashes of the trees over them stand in for them.
        pruned: u64,
        /// How many checkpoints were found genuine.
        checkpoints: u64,
        /// The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
        /// with one that covers later events, too; that one vouches for what is there, and does not count here.
        last_checkpoint: Option<u64>,
        /// The first problem; None when all is as it was recorded.
        first: Option<LogProblem>,
    }
}

record! {
    /// An event with the proof that the log holds it, both as text.
    EventProof(tegata::EventProof) {
        /// The event, as `Events::export` writes it; not one octet of it may change.
        event: String,
        /// The proof (C2SP tlog-proof), with the checkpoint that it leads to.
        proof: String,
    }
}

record! {
    /// What `Events::prune` did.
    PrunedEvents(tegata::PrunedEvents) {
        /// How many events are gone.
        events: u64,
        /// The time of the latest of them.
        latest: Option<Time>,
    }
}

//! What makes the log of events tamper-evident: how far it is closed, the trees over it, and the signed statements of them.

use crate::env::Timestamp;
use crate::secret::Sealed;

/// How the log of events stands: one row, which every commit with an event requires to be as it was read. Whoever writes it
/// ends an epoch: what was to be recorded under an earlier version is recorded under a later one, with a later number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventLog {
    /// Always 1.
    pub key: u64,
    /// No event with a number up to this one can be added any more.
    pub closed: u64,
    /// Events with a number up to this one were recorded before events had tags.
    pub untagged: u64,
    /// The keyed tag of this row.
    pub tag: Option<Vec<u8>>,
}

impl EventLog {
    /// The key of the one row.
    pub(crate) const KEY: u64 = 1;
}

/// The key that signs checkpoints.
#[derive(Clone, Debug)]
pub(crate) struct LogKey {
    /// Always 1.
    pub key: u64,
    /// The public half: 32 octets of Ed25519.
    pub public_key: Vec<u8>,
    /// The private half, PKCS#8, sealed.
    pub private_key: Sealed,
    /// When it was made.
    pub created: Timestamp,
}

/// Up to 4,096 events that follow each other in the tree: which numbers they have, and the hash of the tree over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventSegment {
    /// The number of events before it, divided by 4,096, plus one.
    pub key: u64,
    /// How many events it holds.
    pub events: u32,
    /// The number of the first.
    pub first_number: u64,
    /// The number of the last.
    pub last_number: u64,
    /// All their numbers: how far apart they are, run by run. Nothing once the events are pruned.
    pub numbers: Option<Vec<u8>>,
    /// The hash of the tree over them (RFC 9162, 2.1.1).
    pub hash: Vec<u8>,
    /// The time of the latest.
    pub latest: Timestamp,
    /// The first 8 octets of the hash of each, if there are events without tags among them.
    pub leaves: Option<Vec<u8>>,
    /// The keyed tag of this row.
    pub tag: Option<Vec<u8>>,
}

/// A signed statement of how the log of events stood: how many events there were, and the hash of the tree over them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Counts the checkpoints of a registry, from 1.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Who asked for it, as the host named the caller.
    pub actor: String,
    /// How many events it covers: all that were recorded before it.
    pub events: u64,
    /// The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
    pub root: Vec<u8>,
    /// The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
    pub note: String,
    /// The highest event number that it covers.
    pub(crate) last_number: u64,
    /// The hashes at the right edge of the tree, the largest subtree first, 32 octets each.
    pub(crate) frontier: Vec<u8>,
    /// The keyed tag of this row.
    pub(crate) tag: Option<Vec<u8>>,
}

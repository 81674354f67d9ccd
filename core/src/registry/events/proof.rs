//! Proofs that stand on their own: that an event is in the log, and that one state of the log is the beginning of another.

use std::collections::HashMap;

use data_encoding::BASE64;

use super::super::Inner;
use super::merkle::{Hash, is_consistent, is_included, leaf, prove_consistency, prove_inclusion, split, tree};
use super::note::LogVerifier;
use super::segment::{SEGMENT, broken};
use crate::Result;
use crate::error::{EventError, InputError};
use crate::id::EventId;
use crate::model::{Checkpoint, EventSegment};
use crate::store::record::Record;
use crate::store::{Cursor, Query, Value};

/// The first line of a proof of inclusion (C2SP tlog-proof).
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// An event with the proof that the log holds it, both as text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventProof {
    /// The event, as [`Events::export`](super::Events::export) writes it; not one octet of it may change.
    pub event: String,
    /// The proof (C2SP tlog-proof), with the checkpoint that it leads to.
    pub proof: String,
}

/// Whether the log with this public key holds `event`, as `proof` says: without a registry, a store, or a secret.
///
/// # Errors
/// `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did not sign the checkpoint
/// in it, `input.invalid` for what is no public key of a log.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, EventFilter, GroupChange, Page, verify_event};
/// registry.groups().create("cameras", &GroupChange::default(), &Call::by("alice"))?;
/// let checkpoint = registry.events().checkpoint(&Call::by("auditor"))?;
/// assert_eq!(checkpoint.events, 1);
/// let event = registry.events().find(&EventFilter::default(), &Page::of(1))?.items[0].id;
/// let shown = registry.events().prove(event)?;
/// verify_event(&shown.event, &shown.proof, &registry.events().public_key()?)?;
/// let forged = shown.event.replace("alice", "mallory");
/// assert!(verify_event(&forged, &shown.proof, &registry.events().public_key()?).is_err());
/// # Ok::<(), tegata::Error>(())
/// ```
pub fn verify_event(event: &str, proof: &str, public_key: &str) -> Result<()> {
    let verifier = LogVerifier::parse(public_key)?;
    let (head, note) = proof.split_once("\n\n").ok_or_else(|| invalid("it holds no checkpoint"))?;
    let mut lines = head.lines();
    if lines.next() != Some(PROOF) {
        return Err(invalid("it is no proof of this kind"));
    }
    let mut lines = lines.skip_while(|line| line.starts_with("extra "));
    let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
    let index = index.ok_or_else(|| invalid("it holds no index"))?;
    let path = read_hashes(lines)?;
    let statement = verifier.read(note)?;
    if is_included(leaf(event.as_bytes()), index, statement.events, &path, &statement.root) {
        Ok(())
    } else {
        Err(invalid("it is about another event or another log"))
    }
}

/// Whether the log only grew between two checkpoints: `old`, which was kept, and the one at the end of `proof`, as
/// [`Events::prove_consistency`](super::Events::prove_consistency) made it. Without a registry, a store, or a secret.
///
/// # Errors
/// As [`verify_event`].
pub fn verify_consistency(old: &str, proof: &str, public_key: &str) -> Result<()> {
    let verifier = LogVerifier::parse(public_key)?;
    let old = verifier.read(old)?;
    let (head, note) = proof.split_once("\n\n").ok_or_else(|| invalid("it holds no checkpoint"))?;
    let mut lines = head.lines();
    let size = lines.next().and_then(|line| line.strip_prefix("old ")?.parse::<u64>().ok());
    if size != Some(old.events) {
        return Err(invalid("it begins at another checkpoint"));
    }
    let path = read_hashes(lines)?;
    let new = verifier.read(note)?;
    if is_consistent((old.events, &old.root), (new.events, &new.root), &path) {
        Ok(())
    } else {
        Err(invalid("the log did not merely grow from the one checkpoint to the other"))
    }
}

fn invalid(reason: &str) -> crate::Error {
    EventError::ProofInvalid { reason: reason.to_owned() }.into()
}

fn read_hashes<'l>(lines: impl Iterator<Item = &'l str>) -> Result<Vec<Hash>> {
    let mut hashes = Vec::new();
    for line in lines {
        let hash = BASE64.decode(line.as_bytes()).ok().and_then(|hash| hash.try_into().ok());
        hashes.push(hash.ok_or_else(|| invalid("a hash in it cannot be read"))?);
        if hashes.len() > 128 {
            return Err(invalid("it is too long"));
        }
    }
    Ok(hashes)
}

fn write_hashes(head: String, hashes: &[Hash], note: &str) -> String {
    let mut text = head;
    for hash in hashes {
        text.push_str(&BASE64.encode(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(note);
    text
}

/// The segments of the log, and the leaves of those that were looked into.
pub(super) struct Trees<'r> {
    inner: &'r Inner,
    segments: Vec<EventSegment>,
    leaves: HashMap<usize, Vec<Hash>>,
    untagged: u64,
}

impl<'r> Trees<'r> {
    pub(super) fn read(inner: &'r Inner) -> Result<Self> {
        let untagged = inner.event_log(inner.store()?)?.record.untagged;
        let mut segments = Vec::new();
        let mut after = Some(Cursor { value: Value::Null, key: 0 });
        while after.is_some() {
            let page = inner.store()?.find(&Query {
                table: EventSegment::TABLE,
                filters: Vec::new(),
                order: None,
                descending: false,
                after: after.take(),
                limit: 256,
                total: false,
            })?;
            for row in page.rows {
                if !inner.tags.is_marked(&row) || row.key != segments.len() as u64 + 1 {
                    return Err(broken("a segment was altered"));
                }
                segments.push(EventSegment::read(row, &inner.ids)?);
            }
            after = page.next;
        }
        Ok(Self { inner, segments, leaves: HashMap::new(), untagged })
    }

    pub(super) fn segments(&self) -> &[EventSegment] {
        &self.segments
    }

    /// The number of the last event before segment `at`.
    pub(super) fn last_before(&self, at: usize) -> u64 {
        at.checked_sub(1).and_then(|before| self.segments.get(before)).map_or(0, |segment| segment.last_number)
    }

    /// The hash of the tree over the events from the first to before the second.
    pub(super) fn subtree(&mut self, from: u64, to: u64) -> Result<Hash> {
        let size = to - from;
        if size > SEGMENT {
            let middle = from + split(size);
            let (left, right) = (self.subtree(from, middle)?, self.subtree(middle, to)?);
            return Ok(super::merkle::node(&left, &right));
        }
        let at = usize::try_from(from / SEGMENT).unwrap_or(usize::MAX);
        let segment = self.segments.get(at).ok_or_else(|| broken("a segment is missing"))?;
        if size == SEGMENT && segment.is_whole() {
            return segment.tree_hash();
        }
        if !self.leaves.contains_key(&at) {
            let found = self.inner.events_of(segment, self.last_before(at), segment.last_number, self.untagged)?;
            if found.flaw.is_some() || tree(&found.hashes) != segment.tree_hash()? {
                return Err(broken("an event was altered, removed or added"));
            }
            self.leaves.insert(at, found.hashes);
        }
        let place = |index: u64| usize::try_from(index - at as u64 * SEGMENT).unwrap_or(usize::MAX);
        let leaves = self.leaves.get(&at).and_then(|leaves| leaves.get(place(from)..place(to)));
        Ok(tree(leaves.ok_or_else(|| broken("a segment is shorter than a checkpoint says"))?))
    }
}

impl Inner {
    pub(super) fn prove_event(&self, id: EventId) -> Result<EventProof> {
        self.store()?;
        let number = self.ids.number(id)?;
        let unknown = || InputError::UnknownId { what: "event" };
        let newest = self.newest_checkpoint()?.ok_or(EventError::NoCheckpoint)?;
        if number > newest.last_number {
            let exists = self.find_record::<crate::model::Event>(number)?.is_some();
            return Err(if exists { EventError::NotCovered.into() } else { unknown().into() });
        }
        let verifier = self.log_verifier()?.ok_or(EventError::NoCheckpoint)?;
        let mut trees = Trees::read(self)?;
        let at = trees.segments.partition_point(|segment| segment.last_number < number);
        let segment = trees.segments.get(at).ok_or_else(unknown)?;
        let numbers = segment.numbers()?.ok_or(EventError::Pruned)?;
        let place = numbers.binary_search(&number).map_err(|_| unknown())?;
        let index = segment.before() + place as u64;
        let found = self.events_of(segment, trees.last_before(at), segment.last_number, trees.untagged)?;
        let event = found.lines.into_iter().nth(place).ok_or_else(|| broken("an event was altered or removed"))?;
        let path = prove_inclusion(index, newest.events, &mut |from, to| trees.subtree(from, to))?;
        let proof = write_hashes(format!("{PROOF}\nindex {index}\n"), &path, &newest.note);
        // What is handed out holds.
        verify_event(&event, &proof, &verifier.to_text()).map_err(|_| broken("an event's proof does not hold"))?;
        Ok(EventProof { event, proof })
    }

    /// Shows that `new` merely grew from the first `old` events.
    pub(super) fn consistency(&self, old: u64, new: &Checkpoint) -> Result<Vec<Hash>> {
        if old == 0 || old == new.events {
            return Ok(Vec::new());
        }
        let mut trees = Trees::read(self)?;
        prove_consistency(old, new.events, &mut |from, to| trees.subtree(from, to))
    }

    pub(super) fn prove_growth(&self, old: u64, new: u64) -> Result<String> {
        let (old, new) = (self.checkpoint(old)?, self.checkpoint(new)?);
        if old.events > new.events {
            return Err(crate::Error::input("old", "is a later checkpoint than the new one; swap them"));
        }
        let path = self.consistency(old.events, &new)?;
        let ends = ((old.events, &old.root_hash()?), (new.events, &new.root_hash()?));
        if !is_consistent(ends.0, ends.1, &path) {
            return Err(broken("its checkpoints are not of one log"));
        }
        Ok(write_hashes(format!("old {}\n", old.events), &path, &new.note))
    }
}

//! Retention: old events go, the hashes of the trees over them stay, so that the rest verifies as before.

use std::io::Write as Output;

use super::super::{Call, Inner};
use super::export::Lines;
use super::merkle::{Frontier, tree};
use super::proof::Trees;
use super::segment::{LEVEL, SEGMENT, broken};
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::{EventError, StoreError};
use crate::model::EventSegment;
use crate::store::{Expect, RowRef, Write};

/// What [`Events::prune`](super::Events::prune) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrunedEvents {
    /// How many events are gone.
    pub events: u64,
    /// The time of the latest of them.
    pub latest: Option<Timestamp>,
}

impl Inner {
    /// Removes the oldest whole segments, at most so many, whose events are all older than `before`.
    pub(in super::super) fn prune_events(
        &self,
        before: Timestamp,
        at_most: u64,
        archive: Option<&mut dyn Output>,
        call: &Call,
    ) -> Result<PrunedEvents> {
        callback::refuse_inside()?;
        call.check()?;
        let mut pruned = PrunedEvents::default();
        let Some(newest) = self.newest_checkpoint()? else { return Ok(pruned) };
        let verifier = self.log_verifier()?.ok_or(EventError::NoCheckpoint)?;
        let untagged = self.event_log(self.store()?)?.record.untagged;
        let mut trees = Trees::read(self)?;
        let mut lines = archive.map(Lines);
        let mut whole = Frontier::default();
        for at in 0..trees.segments().len() {
            let Some(segment) = trees.segments().get(at).cloned() else { break };
            let hash = segment.tree_hash()?;
            if segment.numbers.is_none() {
                whole.push_tree(LEVEL, hash);
                continue;
            }
            let is_old = segment.is_whole() && segment.latest < before && whole.size() + SEGMENT <= newest.events;
            if !is_old || pruned.events >= at_most.saturating_mul(SEGMENT) {
                break;
            }
            let found = self.events_of(&segment, trees.last_before(at), segment.last_number, untagged)?;
            if found.flaw.is_some() || tree(&found.hashes) != hash {
                // Unless somebody else pruned it just now.
                match self.find_record::<EventSegment>(segment.key)? {
                    Some(now) if now.record.numbers.is_none() => {
                        whole.push_tree(LEVEL, hash);
                        continue;
                    }
                    _ => return Err(broken("an event to be pruned was altered, removed or added")),
                }
            }
            if let Some(lines) = &mut lines {
                if pruned.events == 0 {
                    lines.header(verifier.name(), &whole)?;
                }
                found.lines.iter().try_for_each(|line| lines.write(line))?;
                let path = super::merkle::prove_consistency(whole.size() + SEGMENT, newest.events, &mut |from, to| {
                    trees.subtree(from, to)
                })?;
                lines.checkpoint(&newest.note, &path)?;
                lines.flush()?;
            }
            whole.push_tree(LEVEL, hash);
            let rows = found.rows.iter().map(|row| (RowRef { table: row.table, key: row.key }, row.version));
            if self.drop_segment(&segment, rows, call)? {
                pruned.events += SEGMENT;
                pruned.latest = pruned.latest.max(Some(segment.latest));
            }
        }
        Ok(pruned)
    }

    /// Removes a segment's events; says no if somebody else did.
    fn drop_segment(
        &self,
        segment: &EventSegment,
        rows: impl Iterator<Item = (RowRef, u64)>,
        call: &Call,
    ) -> Result<bool> {
        let stored = self.find_record::<EventSegment>(segment.key)?;
        let Some(stored) = stored.filter(|stored| stored.record.numbers.is_some()) else { return Ok(false) };
        let mut writes: Vec<_> = rows.map(|(row, version)| Write::Delete(row, Expect::Version(version))).collect();
        let emptied = EventSegment { numbers: None, leaves: None, ..stored.record };
        writes.push(self.marked(&emptied, Expect::Version(stored.version))?);
        let detail = format!("{} events up to {}", emptied.events, emptied.latest);
        writes.push(self.event("events.prune", [None, None], Some(detail), call, self.now()?)?);
        match self.commit(&mut writes) {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}

//! Up to 4,096 events that follow each other in the tree, in one row: which there are, and what the tree over them hashes to.

use super::super::Inner;
use super::epoch::is_sound;
use super::merkle::{Frontier, Hash, leaf};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, EventError, StoreError};
use crate::model::{Event, EventSegment};
use crate::store::record::{Record, Stored};
use crate::store::{Cursor, Query, Row, Value};

/// How many events a whole segment holds: 2^LEVEL.
pub(super) const SEGMENT: u64 = 4_096;
/// Where the tree over a whole segment stands in the tree over all.
pub(super) const LEVEL: u32 = 12;
/// How much of an event's hash is kept where events have no tags.
pub(super) const LEAF_PREFIX: usize = 8;

/// `event.log_broken`.
pub(super) fn broken(reason: impl Into<String>) -> Error {
    EventError::LogBroken { reason: reason.into() }.into()
}

/// A segment that is being filled.
pub(super) struct Filling {
    pub(super) key: u64,
    /// The version of its row, if it has one.
    pub(super) version: Option<u64>,
    pub(super) tree: Frontier,
    first: u64,
    last: u64,
    latest: Timestamp,
    runs: Vec<(u64, u64)>,
    leaves: Option<Vec<u8>>,
}

impl Filling {
    /// The segment behind `before` events.
    pub(super) const fn new(before: u64) -> Self {
        Self {
            key: before / SEGMENT + 1,
            version: None,
            tree: Frontier::NEW,
            first: 0,
            last: 0,
            latest: Timestamp::MIN,
            runs: Vec::new(),
            leaves: None,
        }
    }

    /// Goes on where `stored` ended, whose tree stands at `tree`.
    pub(super) fn resume(stored: Stored<EventSegment>, tree: Frontier) -> Option<Self> {
        let segment = stored.record;
        let runs = read_runs(segment.numbers.as_deref()?, segment.first_number)?;
        let fits = u64::from(segment.events) == tree.size() && segment.hash == tree.root();
        fits.then_some(Self {
            key: segment.key,
            version: Some(stored.version),
            tree,
            first: segment.first_number,
            last: segment.last_number,
            latest: segment.latest,
            runs,
            leaves: segment.leaves,
        })
    }

    /// Adds an event; those without tags have a number up to `untagged`.
    pub(super) fn push(&mut self, number: u64, at: Timestamp, hash: Hash, untagged: u64) {
        if self.tree.size() == 0 {
            self.first = number;
            self.leaves = (number <= untagged).then(Vec::new);
        }
        if let Some(leaves) = &mut self.leaves {
            leaves.extend(hash.iter().take(LEAF_PREFIX));
        }
        match self.runs.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => self.runs.push((number, number)),
        }
        self.last = number;
        self.latest = self.latest.max(at);
        self.tree.push(hash);
    }

    pub(super) fn record(&self) -> EventSegment {
        EventSegment {
            key: self.key,
            events: u32::try_from(self.tree.size()).unwrap_or(u32::MAX),
            first_number: self.first,
            last_number: self.last,
            numbers: Some(write_runs(&self.runs, self.first)),
            hash: self.tree.root().to_vec(),
            latest: self.latest,
            leaves: self.leaves.clone(),
            tag: None,
        }
    }
}

impl EventSegment {
    /// Whether it holds as many events as fit.
    pub(super) fn is_whole(&self) -> bool {
        u64::from(self.events) == SEGMENT
    }

    /// How many events come before it.
    pub(super) const fn before(&self) -> u64 {
        self.key.saturating_sub(1).saturating_mul(SEGMENT)
    }

    /// The hash of the tree over it.
    pub(super) fn tree_hash(&self) -> Result<Hash> {
        self.hash.as_slice().try_into().map_err(|_| broken("a segment's hash is damaged"))
    }

    /// The numbers of its events; `None` once they are pruned.
    pub(super) fn numbers(&self) -> Result<Option<Vec<u64>>> {
        let Some(bytes) = &self.numbers else { return Ok(None) };
        let runs = read_runs(bytes, self.first_number);
        let runs = runs.filter(|runs| {
            runs.iter().map(|(from, to)| to - from + 1).sum::<u64>() == u64::from(self.events)
                && runs.last().is_some_and(|(_, end)| *end == self.last_number)
        });
        let runs = runs.ok_or_else(|| broken("a segment's numbers are damaged"))?;
        Ok(Some(runs.into_iter().flat_map(|(from, to)| from..=to).collect()))
    }
}

/// Runs as pairs of LEB128 numbers: how far behind the run before, and how many more follow its first.
fn write_runs(runs: &[(u64, u64)], first: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut write = |mut number: u64| {
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push((number & 0x7f) as u8);
    };
    let mut before = first;
    for (from, to) in runs {
        write(from - before);
        write(to - from);
        before = *to;
    }
    bytes
}

fn read_runs(mut bytes: &[u8], first: u64) -> Option<Vec<(u64, u64)>> {
    fn read(bytes: &mut &[u8]) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let (octet, rest) = bytes.split_first()?;
            *bytes = rest;
            number |= u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut before = first;
    while !bytes.is_empty() {
        let from = before.checked_add(read(&mut bytes)?)?;
        let more = read(&mut bytes)?;
        // A run that is longer than a segment would make a long list of a few octets.
        if more >= SEGMENT || runs.len() as u64 >= SEGMENT || !runs.is_empty() && from == before {
            return None;
        }
        before = from.checked_add(more)?;
        runs.push((from, before));
    }
    Some(runs)
}

/// What is wrong with a segment's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Altered(u64),
    Missing(u64),
    Added(u64),
}

/// The events of a segment as they were found.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) lines: Vec<String>,
    pub(super) hashes: Vec<Hash>,
    /// The first thing that is not as it should be; what was found ends there.
    pub(super) flaw: Option<Flaw>,
}

impl Inner {
    /// The rows of the events whose numbers lie behind `after` and up to `to`, in order.
    pub(super) fn event_rows(&self, after: u64, to: u64, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let mut cursor = Some(Cursor { value: Value::Null, key: after });
        while let Some(after) = cursor {
            let page = self.open_store()?.find(&Query {
                table: Event::TABLE,
                filters: Vec::new(),
                order: None,
                descending: false,
                after: Some(after),
                limit: limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX)),
                total: false,
            })?;
            let found = page.rows.len();
            rows.extend(page.rows.into_iter().take_while(|row| row.key <= to));
            let is_through = rows.len() >= limit as usize || rows.last().is_none_or(|row| row.key >= to) || found == 0;
            cursor = page.next.filter(|next| !is_through && next.key < to);
        }
        Ok(rows)
    }

    /// The first `count` events of a segment that is not pruned, held against what the segment says; `after` is the number
    /// of the last event before it, and `to` the highest that one of these may have.
    pub(super) fn events_of(&self, segment: &EventSegment, after: u64, to: u64, untagged: u64) -> Result<Found> {
        let numbers = segment.numbers()?.ok_or(EventError::Pruned)?;
        let wanted: Vec<u64> = numbers.into_iter().take_while(|number| *number <= to).collect();
        let limit = u32::try_from(SEGMENT).unwrap_or(u32::MAX) + 1;
        let rows = self.event_rows(after, to, limit)?;
        let mut found = Found { rows: Vec::new(), lines: Vec::new(), hashes: Vec::new(), flaw: None };
        let mut rows = rows.into_iter().peekable();
        for (at, number) in wanted.into_iter().enumerate() {
            let flaw = match rows.next() {
                Some(row) if row.key == number => self.check_event(row, segment, at, untagged, &mut found),
                Some(row) if row.key < number => Some(Flaw::Added(row.key)),
                _ => Some(Flaw::Missing(number)),
            };
            if flaw.is_some() {
                found.flaw = flaw;
                return Ok(found);
            }
        }
        found.flaw = rows.next().map(|row| Flaw::Added(row.key));
        Ok(found)
    }

    fn check_event(
        &self,
        row: Row,
        segment: &EventSegment,
        at: usize,
        untagged: u64,
        found: &mut Found,
    ) -> Option<Flaw> {
        let number = row.key;
        if !is_sound(&self.tags, &row, untagged) {
            return Some(Flaw::Altered(number));
        }
        let Ok(line) = self.line_of(row.clone()) else { return Some(Flaw::Altered(number)) };
        let hash = leaf(line.as_bytes());
        if let Some(leaves) = &segment.leaves {
            let kept = leaves.get(at * LEAF_PREFIX..(at + 1) * LEAF_PREFIX);
            if kept != hash.get(..LEAF_PREFIX) {
                return Some(Flaw::Altered(number));
            }
        }
        found.rows.push(row);
        found.lines.push(line);
        found.hashes.push(hash);
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_read_as_they_were_written(gaps in prop::collection::vec((1_u64..1_u64 << 40, 0_u64..300), 1..50)) {
            let mut runs = Vec::new();
            let mut at = 0;
            for (gap, more) in gaps {
                // Runs that touch would be one.
                runs.push((at + gap + 1, at + gap + 1 + more));
                at += gap + 1 + more;
            }
            let first = runs[0].0;
            prop_assert_eq!(read_runs(&write_runs(&runs, first), first), Some(runs));
        }

        #[test]
        fn no_bytes_make_reading_runs_panic(bytes: Vec<u8>, first: u64) {
            let segment = EventSegment { numbers: Some(bytes), first_number: first, ..Filling::new(0).record() };
            drop(segment.numbers());
        }
    }
}

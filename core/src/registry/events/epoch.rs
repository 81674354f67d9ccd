//! The numbers of events, and why the log only grows at its end.
//!
//! A checkpoint says something about all events up to a number, so none may come to stand below it later. Yet numbers are
//! leased in blocks, by several processes, and committed in any order. Hence epochs: one row says up to which number the log
//! is closed. An event gets its number just before it is committed; that number is beyond what is closed, and the commit
//! requires the row to be the version that was read. Whoever closes the log further writes the row, so every commit under
//! way either came before that or conflicts, and gets later numbers. Nobody writes the row otherwise: it is read by all and
//! hot for none.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::super::Inner;
use super::super::numbers::{newest, stand};
use super::super::tags::Tags;
use crate::error::{Error, StoreError};
use crate::id::NumberCipher;
use crate::model::{Checkpoint, Event, EventLog};
use crate::store::record::{Record, Stored, at, put, read};
use crate::store::tables::EVENTS;
use crate::store::{Counter, Expect, Row, Store, Value, Write};

/// How often a commit gets new numbers because the log was closed meanwhile.
const ATTEMPTS: u32 = 24;
/// The first block of numbers is small; each following one doubles up to this.
const LARGEST_BLOCK: u32 = 4_096;

/// Counts events.
pub(super) const NUMBERS: Counter = Counter { name: EVENTS.name, of: 0 };

/// How the log stood when it was last read.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    /// The version of its row.
    version: u64,
    /// No event gets a number up to this one.
    closed: u64,
}

#[derive(Debug, Default)]
struct Lease {
    epoch: Option<Epoch>,
    left: Range<u64>,
    next_block: u32,
}

/// The numbers at hand. What is left of them when the process or the epoch ends is never used.
#[derive(Debug, Default)]
pub(in super::super) struct EventNumbers(Mutex<Lease>);

impl EventNumbers {
    /// Reads anew when next asked, unless somebody did since `version`.
    fn forget(&self, version: u64) {
        let mut lease = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lease.epoch.is_some_and(|epoch| epoch.version == version) {
            lease.epoch = None;
        }
    }
}

impl Inner {
    /// Commits, with a number and a tag for each event among `writes`, which stay marked with them.
    pub(in super::super) fn commit_in_epoch(&self, writes: &mut Vec<Write>) -> Result<(), StoreError> {
        let events = writes.iter().filter(|write| is_event(write)).count();
        if events == 0 {
            return self.open_store()?.commit(writes);
        }
        let own = writes.len();
        for _ in 0..ATTEMPTS {
            let (version, numbers) = self.draw_event_numbers(events)?;
            if self.numbers.are_void(writes) {
                break;
            }
            self.stamp(writes, numbers);
            writes.push(Write::Require(at::<EventLog>(EventLog::KEY), Expect::Version(version)));
            let result = self.open_store()?.commit(writes);
            writes.truncate(own);
            match result {
                Err(StoreError::Conflict { write }) if write == own => self.event_numbers.forget(version),
                other => return other,
            }
        }
        Err(StoreError::Conflict { write: own })
    }

    fn stamp(&self, writes: &mut [Write], mut numbers: VecDeque<Range<u64>>) {
        for write in writes.iter_mut() {
            let Write::Put(row, _) = write else { continue };
            if *row.table != EVENTS {
                continue;
            }
            while numbers.front().is_some_and(Range::is_empty) {
                numbers.pop_front();
            }
            if let Some(number) = numbers.front_mut().and_then(Iterator::next) {
                row.key = number;
                self.tags.mark(row);
            }
        }
    }

    /// Numbers for `count` events, and the version of the log's row under which they may be used.
    fn draw_event_numbers(&self, count: usize) -> Result<(u64, VecDeque<Range<u64>>), StoreError> {
        let mut lease = self.event_numbers.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The lock is held while the store answers: others who need numbers wait for the same answer.
        let store = self.open_store()?;
        let epoch = if let Some(epoch) = lease.epoch {
            epoch
        } else {
            let log = self.event_log(store)?;
            // Whoever finds out that the registry was restored ends the epoch too.
            self.numbers.renew(store)?;
            *lease.epoch.insert(Epoch { version: log.version, closed: log.record.closed })
        };
        // What was leased before the log was closed is used no more.
        lease.left.start = lease.left.start.max(epoch.closed + 1);
        let mut wanted = count as u64;
        let mut numbers = VecDeque::with_capacity(1);
        while wanted > 0 {
            if lease.left.is_empty() {
                let block = lease.next_block.max(16).max(u32::try_from(wanted).unwrap_or(u32::MAX));
                let got = store.reserve(NUMBERS, block)?;
                if got.is_empty() || got.start <= epoch.closed {
                    let reason = "it reserved no numbers, or some that it had given before".to_owned();
                    return Err(StoreError::Contract { reason });
                }
                lease.left = got;
                lease.next_block = (lease.next_block.max(16) * 2).min(LARGEST_BLOCK);
            }
            let taken = wanted.min(lease.left.end - lease.left.start);
            numbers.push_back(lease.left.start..lease.left.start + taken);
            lease.left.start += taken;
            wanted -= taken;
        }
        Ok((epoch.version, numbers))
    }

    /// How the log stands, made now if this database has none yet.
    pub(super) fn event_log(&self, store: &dyn Store) -> Result<Stored<EventLog>, StoreError> {
        for _ in 0..2 {
            let row = store.get(&[at::<EventLog>(EventLog::KEY)])?.pop().flatten();
            if let Some(log) = read(row, &self.ids)? {
                return Ok(log);
            }
            let log = self.new_event_log(store)?;
            match store.commit(&[self.marked(&log, Expect::Absent).map_err(unlikely)?]) {
                // Another process made it first: use that.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Err(StoreError::Corrupt { at: EventLog::TABLE.name.to_owned() })
    }

    /// How a log stands that has no row yet: that of a new registry, or what an older version recorded, without tags. If the
    /// row was removed, what is left behind tells.
    fn new_event_log(&self, store: &dyn Store) -> Result<EventLog, StoreError> {
        let closed =
            read::<Checkpoint>(newest(store, Checkpoint::TABLE)?, &self.ids)?.map_or(0, |last| last.record.last_number);
        let untagged = match newest(store, Event::TABLE)? {
            Some(row) if self.tags.is_marked(&row) => 0,
            _ => stand(store, NUMBERS)?,
        };
        Ok(EventLog { key: EventLog::KEY, closed, untagged, tag: None })
    }

    /// Ends the epoch: no event can be added any more with a number up to the one answered. Later ones come after it.
    pub(in super::super) fn close_event_log(&self) -> Result<u64, StoreError> {
        for attempt in 0..ATTEMPTS {
            let store = self.open_store()?;
            let stored = self.event_log(store)?;
            if !self.tags.is_genuine(&stored.record, &self.ids) {
                return Err(StoreError::Corrupt { at: EventLog::TABLE.name.to_owned() });
            }
            // Read before the row is written: whoever reads the row's new version is given higher numbers only.
            let stand = stand(store, NUMBERS)?;
            let version = stored.version;
            let log = EventLog { closed: stand.max(stored.record.closed), ..stored.record };
            match store.commit(&[self.marked(&log, Expect::Version(version)).map_err(unlikely)?]) {
                Ok(()) => {
                    self.event_numbers.forget(version);
                    return Ok(log.closed);
                }
                Err(StoreError::Conflict { .. }) => super::super::driver::back_off(attempt),
                Err(other) => return Err(other),
            }
        }
        Err(StoreError::Busy)
    }

    /// The write of a record that carries a tag.
    pub(super) fn marked<T: Record>(&self, record: &T, expect: Expect) -> Result<Write, Error> {
        let mut write = put(record, expect, &self.ids)?;
        if let Write::Put(row, _) = &mut write {
            self.tags.mark(row);
        }
        Ok(write)
    }
}

fn is_event(write: &Write) -> bool {
    matches!(write, Write::Put(row, _) if *row.table == EVENTS)
}

/// A record without identifiers always becomes a row.
#[allow(clippy::needless_pass_by_value)] // For map_err.
fn unlikely(error: Error) -> StoreError {
    StoreError::Backend { reason: error.to_string() }
}

/// The column of a keyed tag.
const TAG: &str = "tag";
/// Octets of a keyed tag.
const TAG_LENGTH: usize = 16;

impl Tags {
    /// Gives the row its keyed tag: over its table, its key and every value that there is, each under its column's name, so
    /// that a column added later changes no older tag.
    pub(super) fn mark(&self, row: &mut Row) {
        let tag = self.of_row(row);
        if let Some(value) = row.table.position(TAG).and_then(|at| row.values.get_mut(at)) {
            *value = Value::Bytes(tag);
        }
    }

    /// Whether the row carries the tag that it got when it was written.
    pub(super) fn is_marked(&self, row: &Row) -> bool {
        match row.table.position(TAG).and_then(|at| row.values.get(at)) {
            Some(Value::Bytes(tag)) => *tag == self.of_row(row),
            _ => false,
        }
    }

    /// As [`is_marked`](Self::is_marked), of a record.
    pub(super) fn is_genuine<T: Record>(&self, record: &T, ids: &NumberCipher) -> bool {
        let row = |key| Row { table: T::TABLE, key, version: 0, values: record.values(ids) };
        record.key(ids).is_ok_and(|key| self.is_marked(&row(key)))
    }

    fn of_row(&self, row: &Row) -> Vec<u8> {
        let mut content = Vec::with_capacity(256);
        for (column, value) in row.table.columns.iter().zip(&row.values) {
            let (kind, octets): (u8, &[u8]) = match value {
                _ if column.name == TAG => continue,
                Value::Null => continue,
                Value::Int(number) => (b'i', &number.to_be_bytes()),
                Value::Text(text) => (b't', text.as_bytes()),
                Value::Bytes(bytes) => (b'b', bytes),
            };
            content.extend_from_slice(&(column.name.len() as u64).to_be_bytes());
            content.extend_from_slice(column.name.as_bytes());
            content.push(kind);
            content.extend_from_slice(&(octets.len() as u64).to_be_bytes());
            content.extend_from_slice(octets);
        }
        let mut tag = self.bytes("row", &[row.table.name.as_bytes(), &row.key.to_be_bytes(), &content]);
        tag.truncate(TAG_LENGTH);
        tag
    }
}

/// Whether the event in `row` says what was recorded: it carries its tag, or comes from before there were tags.
pub(super) fn is_sound(tags: &Tags, row: &Row, untagged: u64) -> bool {
    let at = Event::TABLE.position(TAG);
    let is_bare = matches!(at.and_then(|at| row.values.get(at)), Some(Value::Null));
    if is_bare { row.key <= untagged } else { tags.is_marked(row) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::registry::page::Wanted;
    use crate::store::{MemoryStore, Query, SoftwareSealer};
    use crate::{Bulk, Call, GroupChange, NewDevice, Options, Registry, Secret};

    fn open(store: &Arc<MemoryStore>) -> Registry {
        let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([5; 32])).unwrap());
        Registry::open(Arc::clone(store), sealer, Options::default()).unwrap()
    }

    fn numbers(registry: &Registry) -> BTreeSet<u64> {
        let mut numbers = BTreeSet::new();
        let ids = &registry.inner.ids;
        let scan = registry.inner.scan::<Event>(&Wanted::default(), |event| {
            numbers.insert(event.key(ids)?);
            Ok(())
        });
        scan.unwrap();
        numbers
    }

    #[test]
    fn nothing_is_ever_added_below_what_was_closed() {
        let store = Arc::new(MemoryStore::new());
        let registries = [open(&store), open(&store)];
        let done = AtomicBool::new(false);
        let mut seen = Vec::new();
        thread::scope(|scope| {
            let (done, registries) = (&done, &registries);
            let writers: Vec<_> = (0..4)
                .map(|n| {
                    let registry = &registries[n % 2];
                    scope.spawn(move || {
                        let call = Call::by("writer");
                        let devices: Vec<_> = (0..20).map(|_| NewDevice::default()).collect();
                        for round in 0..60 {
                            if n < 2 {
                                registry
                                    .groups()
                                    .create(&format!("{n}.{round}"), &GroupChange::default(), &call)
                                    .unwrap();
                            } else {
                                let results = registry.devices().register_many(&devices, &Bulk::each(), &call).unwrap();
                                for result in results {
                                    drop(result.unwrap());
                                }
                            }
                        }
                    })
                })
                .collect();
            let closer = scope.spawn(move || {
                let mut seen = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let closed = registries[0].inner.close_event_log().unwrap();
                    seen.push((closed, numbers(&registries[1]).range(..=closed).copied().collect::<Vec<_>>()));
                }
                seen
            });
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Relaxed);
            seen = closer.join().unwrap();
        });
        let all = numbers(&registries[0]);
        assert_eq!(all.len(), 2 * 60 + 2 * 60 * 20);
        assert!(seen.len() > 5);
        for (closed, seen) in seen {
            assert_eq!(all.range(..=closed).copied().collect::<Vec<_>>(), seen, "up to {closed}");
        }
    }

    #[test]
    fn every_event_carries_its_tag_and_none_fits_another_row() {
        let store = Arc::new(MemoryStore::new());
        let registry = open(&store);
        registry.groups().create("a", &GroupChange::default(), &Call::by("x")).unwrap();
        registry.groups().create("b", &GroupChange::default(), &Call::by("x")).unwrap();
        let query = Query {
            table: &EVENTS,
            filters: vec![],
            order: None,
            descending: false,
            after: None,
            limit: 9,
            total: false,
        };
        let rows = store.find(&query).unwrap().rows;
        let tags = &registry.inner.tags;
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert!(is_sound(tags, &row, 0));
            assert!(!is_sound(tags, &Row { key: row.key + 1, ..row.clone() }, 0));
            for at in 0..row.values.len() {
                let mut altered = row.clone();
                altered.values[at] = match &row.values[at] {
                    Value::Int(number) => Value::Int(number + 1),
                    Value::Text(text) => Value::Text(format!("{text}.")),
                    Value::Bytes(_) => Value::Null,
                    Value::Null => Value::Int(0),
                };
                assert!(!is_sound(tags, &altered, 0), "column {at}");
            }
        }
    }
}

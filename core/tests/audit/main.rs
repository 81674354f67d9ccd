//! The log of events as evidence: whoever alters, removes or adds an event in the database is found out, and checkpoints that are
//! kept elsewhere find out a database that was rolled back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod evidence;
mod going_on;
#[cfg(all(unix, feature = "postgres"))]
#[path = "../postgres_server/mod.rs"]
mod postgres_server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Full, START, code, sealer};
use tegata::model::{Checkpoint, Event};
use tegata::store::faults::{Fault, FaultyStore};
use tegata::store::schema::Table;
use tegata::store::tables::{CHECKPOINTS, EVENT_LOG, EVENT_SEGMENTS, EVENTS};
use tegata::store::{Expect, MemoryStore, Query, Row, RowRef, Store, Value, Write};
use tegata::{
    Bulk, Call, EventFilter, FixedClock, GroupChange, LogProblem, NewDevice, Options, Page, Registry, Tampering,
    Timestamp, Verification, VerifyEvents, verify_consistency, verify_event, verify_export,
};

/// A registry whose database can be reached behind its back.
struct Site {
    registry: Registry,
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    call: Call,
}

impl Site {
    fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()))
    }

    fn over(store: Arc<MemoryStore>) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
        let options = Options::default().with_clock(clock.clone());
        let registry = Registry::open(store.clone(), sealer(), options).unwrap();
        Self { registry, store, clock, call: Call::by("auditor") }
    }

    /// With `count` events.
    fn busy(count: usize) -> Self {
        let site = Self::new();
        site.record(count);
        site
    }

    fn record(&self, count: usize) {
        let devices: Vec<_> = (0..count).map(|_| NewDevice::default()).collect();
        let results = self.registry.devices().register_many(&devices, &Bulk::each(), &self.call).unwrap();
        assert!(results.iter().all(Result::is_ok));
        self.clock.advance(60);
    }

    fn checkpoint(&self) -> Checkpoint {
        self.registry.events().checkpoint(&self.call).unwrap()
    }

    fn verify(&self) -> Verification {
        self.registry.events().verify(&VerifyEvents::default(), None).unwrap()
    }

    fn known(&self, notes: &[&str]) -> Option<LogProblem> {
        let known = notes.iter().map(|&note| note.to_owned()).collect();
        self.registry.events().verify(&VerifyEvents { known, ..VerifyEvents::default() }, None).unwrap().first
    }

    fn rows(&self, table: &'static Table) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let query =
                Query { table, filters: vec![], order: None, descending: false, after, limit: 9_999, total: false };
            let page = self.store.find(&query).unwrap();
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }

    fn put(&self, row: Row) {
        self.store.commit(&[Write::Put(row, Expect::Any)]).unwrap();
    }

    fn remove(&self, row: &Row) {
        let row = RowRef { table: row.table, key: row.key };
        self.store.commit(&[Write::Delete(row, Expect::Any)]).unwrap();
    }

    fn set(&self, row: &Row, column: &str, value: Value) {
        let mut row = row.clone();
        let at = row.table.position(column).unwrap();
        assert_ne!(row.values[at], value, "{column}");
        row.values[at] = value;
        self.put(row);
    }

    fn events(&self) -> Vec<Event> {
        let mut all = Vec::new();
        let mut page = Page::of(10_000);
        loop {
            let found = self.registry.events().find(&EventFilter::default(), &page).unwrap();
            all.extend(found.items);
            match found.next {
                Some(next) => page = Page::of(10_000).after(next),
                None => return all,
            }
        }
    }

    fn key(&self) -> String {
        self.registry.events().public_key().unwrap()
    }

    fn exported(&self, from: Option<u64>) -> Vec<u8> {
        let mut out = Vec::new();
        self.registry.events().export_log(from, &mut out).unwrap();
        out
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_log_that_nobody_touched_verifies_with_checkpoints_and_without() {
    let site = Site::new();
    assert_eq!(site.verify(), Verification::default());
    assert_eq!(code(site.registry.events().public_key()), "event.no_checkpoint");
    site.record(30);
    let bare = site.verify();
    assert_eq!((bare.events, bare.uncovered, bare.checkpoints, bare.first), (30, 30, 0, None));
    let first = site.checkpoint();
    assert_eq!((first.number, first.events, first.actor.as_str()), (1, 30, "auditor"));
    assert_eq!(site.checkpoint(), first, "nothing happened since");
    site.record(5_000);
    let second = site.checkpoint();
    assert_eq!((second.number, second.events), (2, 5_030));
    site.record(10);
    let all = site.verify();
    assert_eq!((all.events, all.uncovered, all.pruned, all.checkpoints, all.first), (5_040, 10, 0, 2, None));
    assert_eq!(site.known(&[&first.note, &second.note]), None);
    let listed = site.registry.events().checkpoints(&Page::of(10)).unwrap();
    assert_eq!((listed.items, listed.total), (vec![first, second], Some(2)));
    // From a checkpoint on, only what comes after the segment that it stands in is read.
    let since = VerifyEvents { since: Some(2), ..VerifyEvents::default() };
    let rest = site.registry.events().verify(&since, None).unwrap();
    assert_eq!((rest.events, rest.checkpoints, rest.last_checkpoint, rest.first), (5_040 - 4_096, 1, Some(2), None));
    let since = VerifyEvents { since: Some(3), ..VerifyEvents::default() };
    assert_eq!(code(site.registry.events().verify(&since, None)), "event.no_checkpoint");
}

/// What somebody does to the database, and what is then named first: an event by its place, and the checkpoint that shows it.
type Tamper = (&'static str, fn(&Site), Tampering, Option<usize>, Option<u64>);

/// On a log of 5,000 events, a checkpoint, 3,000 more, a checkpoint, and 20 that none covers.
const TAMPERINGS: &[Tamper] = &[
    ("another actor", |s| s.set(&s.rows(&EVENTS)[70], "actor", text("nobody")), Tampering::Altered, Some(70), Some(1)),
    ("another time", |s| s.set(&s.rows(&EVENTS)[4_999], "at", Value::Int(7)), Tampering::Altered, Some(4_999), Some(1)),
    ("no tag", |s| s.set(&s.rows(&EVENTS)[0], "tag", Value::Null), Tampering::Altered, Some(0), Some(1)),
    ("a detail", |s| s.set(&s.rows(&EVENTS)[6_000], "detail", text("x")), Tampering::Altered, Some(6_000), Some(2)),
    ("one not covered", |s| s.set(&s.rows(&EVENTS)[8_010], "actor", text("x")), Tampering::Altered, Some(8_010), None),
    ("the first is gone", |s| s.remove(&s.rows(&EVENTS)[0]), Tampering::Missing, Some(0), Some(1)),
    ("one is gone", |s| s.remove(&s.rows(&EVENTS)[4_095]), Tampering::Missing, Some(4_095), Some(1)),
    ("the last is gone", |s| s.remove(&s.rows(&EVENTS)[7_999]), Tampering::Missing, Some(7_999), Some(2)),
    (
        "many are gone",
        |s| s.rows(&EVENTS)[5_000..7_000].iter().for_each(|row| s.remove(row)),
        Tampering::Missing,
        Some(5_000),
        Some(2),
    ),
    (
        "two have changed places",
        |s| {
            let rows = s.rows(&EVENTS);
            s.put(Row { key: rows[11].key, ..rows[10].clone() });
            s.put(Row { key: rows[10].key, ..rows[11].clone() });
        },
        Tampering::Altered,
        Some(10),
        Some(1),
    ),
    (
        "a checkpoint's root",
        |s| s.set(&s.rows(&CHECKPOINTS)[1], "root", Value::Bytes(vec![7; 32])),
        BROKEN,
        None,
        Some(2),
    ),
    ("a checkpoint's time", |s| s.set(&s.rows(&CHECKPOINTS)[0], "at", Value::Int(7)), BROKEN, None, Some(1)),
    ("a checkpoint is gone", |s| s.remove(&s.rows(&CHECKPOINTS)[0]), BROKEN, None, Some(2)),
    ("the newest is gone", |s| s.remove(&s.rows(&CHECKPOINTS)[1]), BROKEN, None, Some(2)),
    ("a segment is gone", |s| s.remove(&s.rows(&EVENT_SEGMENTS)[0]), BROKEN, None, Some(1)),
    (
        "a segment's numbers",
        |s| s.set(&s.rows(&EVENT_SEGMENTS)[1], "numbers", Value::Bytes(vec![0, 9])),
        BROKEN,
        None,
        Some(1),
    ),
    ("how far it is closed", |s| s.set(&s.rows(&EVENT_LOG)[0], "untagged", Value::Int(9_000)), BROKEN, None, None),
];

const BROKEN: Tampering = Tampering::CheckpointBroken;

#[test]
fn the_first_event_or_checkpoint_that_was_tampered_with_is_named() {
    let site = Site::busy(5_000);
    site.checkpoint();
    site.record(3_000);
    site.checkpoint();
    site.record(20);
    let events = site.events();
    let tables = [&EVENTS, &EVENT_LOG, &EVENT_SEGMENTS, &CHECKPOINTS];
    let before: Vec<Row> = tables.into_iter().flat_map(|table| site.rows(table)).collect();
    for (name, tamper, what, event, checkpoint) in TAMPERINGS {
        tamper(&site);
        let found = site.verify();
        let problem = found.first.unwrap_or_else(|| panic!("{name}: not found"));
        let event = event.map(|at| events[at].id);
        assert_eq!((problem.what, problem.event, problem.checkpoint), (*what, event, *checkpoint), "{name}");
        for row in &before {
            site.put(row.clone());
        }
    }
    assert_eq!(site.verify().first, None, "all of it was mended");
}

#[test]
fn an_event_that_is_put_in_later_is_named() {
    let site = Site::new();
    let groups = site.registry.groups();
    groups.create("a", &GroupChange::default(), &site.call).unwrap();
    // Numbers that were leased and never used lie between the two.
    let other = Site::over(site.store.clone());
    other.record(20);
    groups.create("b", &GroupChange::default(), &site.call).unwrap();
    site.checkpoint();
    let rows = site.rows(&EVENTS);
    let numbers: BTreeSet<u64> = rows.iter().map(|row| row.key).collect();
    let free = (rows[0].key..rows[21].key).find(|number| !numbers.contains(number)).unwrap();
    site.put(Row { key: free, ..rows[0].clone() });
    let problem = site.verify().first.unwrap();
    let added = site.events().into_iter().nth(rows.iter().filter(|row| row.key < free).count()).unwrap();
    assert_eq!((problem.what, problem.event), (Tampering::Added, Some(added.id)));
}

#[test]
fn a_database_that_was_rolled_back_or_written_anew_does_not_hold_against_a_kept_checkpoint() {
    let site = Site::busy(10);
    let early = site.checkpoint();
    let tables = [&EVENTS, &EVENT_LOG, &EVENT_SEGMENTS, &CHECKPOINTS];
    let backup: Vec<Row> = tables.into_iter().flat_map(|table| site.rows(table)).collect();
    site.record(5);
    let late = site.checkpoint();
    assert_eq!(site.known(&[&early.note, &late.note]), None);
    for table in tables {
        for row in site.rows(table) {
            site.remove(&row);
        }
    }
    for row in backup {
        site.put(row);
    }
    // The registry was opened anew, as one does after a restore.
    let site = Site::over(site.store);
    assert_eq!(site.verify().first, None, "by itself an old database is as good as a new one");
    assert_eq!(site.known(&[&early.note]), None);
    let problem = site.known(&[&late.note]).unwrap();
    assert_eq!((problem.what, problem.checkpoint), (Tampering::RolledBack, Some(2)));
    // It grows past the kept checkpoint, with other events.
    site.record(9);
    let other = site.checkpoint();
    assert_eq!(site.known(&[&other.note]), None);
    assert_eq!(site.known(&[&late.note, &other.note]).unwrap().what, Tampering::RolledBack);
    // What another registry signed is no evidence about this one.
    let elsewhere = Site::busy(1);
    let known = VerifyEvents { known: vec![elsewhere.checkpoint().note], ..VerifyEvents::default() };
    assert_eq!(code(site.registry.events().verify(&known, None)), "event.note_invalid");
}

#[test]
fn a_verification_that_is_stopped_says_so() {
    let site = Site::busy(10);
    site.checkpoint();
    let stop = |done: usize, total: usize| {
        assert_eq!((done, total), (10, 10));
        std::ops::ControlFlow::Break(())
    };
    assert_eq!(code(site.registry.events().verify(&VerifyEvents::default(), Some(&stop))), "input.cancelled");
}

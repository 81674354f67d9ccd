//! The log of events as evidence: whoever alters, removes or adds an event in the database is found out, and checkpoints that are
//! kept elsewhere find out a database that was rolled back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[cfg(all(unix, feature = "postgres"))]
mod postgres_server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{START, code, sealer};
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
fn a_proof_shows_one_event_to_somebody_with_the_public_key_alone() {
    let site = Site::busy(4_100);
    let notes = [site.checkpoint(), {
        site.record(5_000);
        site.checkpoint()
    }];
    site.record(1);
    let (events, key) = (site.events(), site.key());
    for at in [0, 1, 4_095, 4_096, 4_099, 5_000, 8_191, 8_192, 9_099] {
        let shown = site.registry.events().prove(events[at].id).unwrap();
        assert!(shown.event.contains(&events[at].id.to_string()));
        verify_event(&shown.event, &shown.proof, &key).unwrap();
        let forged = shown.event.replace("auditor", "someone");
        assert_eq!(code(verify_event(&forged, &shown.proof, &key)), "event.proof_invalid");
        let other = site.registry.events().prove(events[at + 1 - 2 * (at % 2)].id).unwrap();
        assert_eq!(code(verify_event(&shown.event, &other.proof, &key)), "event.proof_invalid");
        let line = shown.proof.lines().nth(3).unwrap();
        let damaged = shown.proof.replace(line, &line.replace(['A', 'a', '0'], "b"));
        assert!(damaged == shown.proof || verify_event(&shown.event, &damaged, &key).is_err());
    }
    assert_eq!(code(site.registry.events().prove(events[9_100].id)), "event.not_covered");
    let stranger = Site::busy(1).events()[0].id;
    // The same sealing key and clock do not make the same registry.
    assert_eq!(code(site.registry.events().prove(stranger)), "input.unknown_id");

    let grown = site.registry.events().prove_consistency(1, 2).unwrap();
    verify_consistency(&notes[0].note, &grown, &key).unwrap();
    assert_eq!(code(verify_consistency(&notes[1].note, &grown, &key)), "event.proof_invalid");
    assert_eq!(code(site.registry.events().prove_consistency(2, 1)), "input.invalid");
    assert_eq!(code(site.registry.events().prove_consistency(1, 3)), "event.no_checkpoint");
    let other = Site::busy(1);
    other.checkpoint();
    assert_eq!(code(verify_consistency(&notes[0].note, &grown, &other.key())), "event.note_invalid");
    for text in ["", "x", "\n\n", "old 4100\n\n", "c2sp.org/tlog-proof@v1\nindex 0\n\n"] {
        assert!(verify_event("{}", text, &key).is_err() && verify_consistency(&notes[0].note, text, &key).is_err());
    }
    assert_eq!(code(verify_event("{}", &grown, "key")), "input.invalid");
}

#[test]
fn an_exported_log_verifies_by_itself_and_shows_what_was_changed() {
    let site = Site::busy(50);
    site.checkpoint();
    site.record(60);
    site.checkpoint();
    let key = site.key();
    let verify = |bytes: &[u8]| verify_export(&mut &bytes[..], &key).unwrap();
    let whole = site.exported(None);
    let found = verify(&whole);
    assert_eq!((found.events, found.checkpoints, found.uncovered, found.first), (110, 2, 0, None));
    let tail = site.exported(Some(1));
    let found = verify(&tail);
    assert_eq!((found.events, found.pruned, found.last_checkpoint, found.first), (60, 50, Some(2), None));
    // Files that follow each other are one.
    let lines: Vec<&[u8]> = whole.split_inclusive(|octet| *octet == b'\n').collect();
    assert_eq!(lines.len(), 1 + 110 + 2);
    let joined = [&lines[..52].concat()[..], &tail].concat();
    assert_eq!((verify(&joined).events, verify(&joined).first), (110, None));

    let with = |at: usize, line: &[u8]| {
        let mut lines = lines.clone();
        lines[at] = line;
        verify(&lines.concat()).first.map(|problem| (problem.what, problem.line, problem.checkpoint))
    };
    let altered = String::from_utf8(lines[20].to_vec()).unwrap().replace("auditor", "nobody");
    assert_eq!(with(20, altered.as_bytes()), Some((Tampering::Altered, Some(52), Some(1))));
    assert_eq!(with(20, b""), Some((Tampering::Missing, Some(51), Some(1))));
    assert_eq!(with(20, &[lines[20], lines[20]].concat()), Some((Tampering::Added, Some(53), Some(1))));
    assert_eq!(with(20, b"no json\n"), Some((Tampering::Altered, Some(21), None)));
    assert_eq!(with(51, b""), None, "a checkpoint may be left out");
    let forged = String::from_utf8(lines[51].to_vec()).unwrap().replace("checkpoint 1", "checkpoint 7");
    assert_eq!(with(51, forged.as_bytes()), Some((Tampering::CheckpointBroken, Some(52), None)));
    assert_eq!(with(0, b""), Some((Tampering::Missing, Some(1), None)));
    let cut = verify(&lines[..100].concat());
    assert_eq!((cut.uncovered, cut.last_checkpoint), (48, Some(1)), "a file that is cut ends with events not covered");
    assert_eq!(code(site.registry.events().export_log(Some(9), &mut Vec::new())), "event.no_checkpoint");
}

#[test]
fn pruned_events_are_archived_and_the_rest_verifies_as_before() {
    let site = Site::busy(5_000);
    let first = site.checkpoint();
    site.record(4_000);
    let second = site.checkpoint();
    let events = site.events();
    let log = site.registry.events();
    let now = Timestamp::from_unix(START);
    // Nothing is old enough; then one run of 4,096 is; then all that is whole.
    assert_eq!(log.prune(now, None, &site.call).unwrap().events, 0);
    let mut archive = Vec::new();
    assert_eq!(log.prune(now.plus(1), Some(&mut archive), &site.call).unwrap().events, 4_096);
    let found = verify_export(&mut &archive[..], &site.key()).unwrap();
    assert_eq!((found.events, found.checkpoints, found.uncovered, found.first), (4_096, 1, 0, None));
    let found = site.verify();
    assert_eq!((found.events, found.pruned, found.checkpoints, found.first), (4_905, 4_096, 2, None));
    assert_eq!(site.events()[..4_904], events[4_096..]);
    let last = site.events().pop().unwrap();
    assert_eq!((last.action.as_str(), last.actor.as_str()), ("events.prune", "auditor"));

    assert_eq!(code(log.prove(events[7].id)), "event.pruned");
    let shown = log.prove(events[4_096].id).unwrap();
    verify_event(&shown.event, &shown.proof, &site.key()).unwrap();
    verify_consistency(&first.note, &log.prove_consistency(1, 2).unwrap(), &site.key()).unwrap();
    assert_eq!(site.known(&[&first.note, &second.note]), None);

    // The archive and an export are one log again.
    let joined = [archive.clone(), site.exported(None)].concat();
    let found = verify_export(&mut &joined[..], &site.key()).unwrap();
    assert_eq!((found.events, found.first), (9_000, None));

    assert_eq!(log.prune(now.plus(1_000), Some(&mut archive), &site.call).unwrap().events, 4_096);
    let found = site.verify();
    assert_eq!((found.pruned, found.checkpoints, found.first), (8_192, 2, None));
    assert_eq!(verify_export(&mut &archive[..], &site.key()).unwrap().events, 8_192);
    // The first checkpoint stood where everything is gone; that it was this one still shows.
    assert_eq!(site.known(&[&first.note, &second.note]), None);
    assert_eq!(code(log.prove_consistency(1, 2)), "event.pruned");
    assert_eq!(code(log.export_log(Some(1), &mut Vec::new())), "event.pruned");
    site.record(10);
    let third = site.checkpoint();
    assert_eq!(third.events, 9_012);
    assert_eq!(site.verify().first, None);
    verify_consistency(&second.note, &log.prove_consistency(2, 3).unwrap(), &site.key()).unwrap();

    // Whoever removes the record of what was pruned is found out as well.
    site.remove(&site.rows(&EVENT_SEGMENTS)[1]);
    assert_eq!(site.verify().first.unwrap().what, BROKEN);
}

#[test]
fn nothing_is_pruned_that_is_not_what_was_recorded_or_that_cannot_be_archived() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let site = Site::busy(4_200);
    let later = Timestamp::from_unix(START + 1_000);
    let log = site.registry.events();
    assert_eq!(log.prune(later, None, &site.call).unwrap().events, 0, "no checkpoint covers them");
    site.checkpoint();
    assert_eq!(code(log.prune(later, Some(&mut Full), &site.call)), "input.invalid");
    let row = site.rows(&EVENTS)[3].clone();
    site.set(&row, "actor", text("nobody"));
    assert_eq!(code(log.prune(later, None, &site.call)), "event.log_broken");
    assert_eq!(site.rows(&EVENTS).len(), 4_200);
    site.put(row);
    assert_eq!(log.prune(later, None, &site.call).unwrap().events, 4_096);
}

/// Two processes record and make checkpoints at once, as fast as they can.
fn record_and_checkpoint_at_once(registries: &[Registry; 2]) {
    let call = Call::by("auditor");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (done, call) = (&done, &call);
        let writers: Vec<_> = (0..4)
            .map(|n: usize| {
                scope.spawn(move || {
                    let devices = vec![NewDevice::default(); if n < 2 { 1 } else { 40 }];
                    for _ in 0..40 {
                        let results = registries[n % 2].devices().register_many(&devices, &Bulk::each(), call).unwrap();
                        assert!(results.iter().all(Result::is_ok));
                    }
                })
            })
            .collect();
        for registry in registries {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    registry.events().checkpoint(call).unwrap();
                    thread::yield_now();
                }
            });
        }
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let last = registries[0].events().checkpoint(&call).unwrap();
    assert_eq!((last.events, &registries[1].events().checkpoint(&call).unwrap()), (2 * 40 + 2 * 40 * 40, &last));
    let found = registries[1].events().verify(&VerifyEvents::default(), None).unwrap();
    assert_eq!((found.events, found.uncovered, found.checkpoints, found.first), (last.events, 0, last.number, None));
    assert!(last.number > 5, "{}", last.number);
}

#[test]
fn checkpoints_by_two_processes_while_others_record_are_of_one_log() {
    let store = Arc::new(MemoryStore::new());
    record_and_checkpoint_at_once(&[store.clone(), store].map(|store| Site::over(store).registry));
}

#[cfg(all(unix, feature = "postgres"))]
#[test]
fn so_are_they_on_a_postgresql_server() {
    use tegata::store::{PostgresOptions, PostgresStore};
    let url = postgres_server::shared().url();
    let open = || {
        let store = PostgresStore::connect(&url, &PostgresOptions::default()).unwrap();
        Registry::open(store, sealer(), Options::default()).unwrap()
    };
    record_and_checkpoint_at_once(&[open(), open()]);
}

/// Lets `act` fail at each of its calls of the store in turn, before the call took effect or after, until it succeeds.
fn until_it_succeeds(store: &FaultyStore<Arc<MemoryStore>>, site: &Site, act: impl Fn() -> Result<(), tegata::Error>) {
    for fault in [Fault::Before, Fault::After] {
        for number in 0.. {
            site.record(1);
            store.reset();
            store.fail_at(number, fault);
            let result = act();
            store.reset();
            assert_eq!(site.verify().first, None, "{fault:?} call {number}");
            if result.is_ok() {
                break;
            }
            assert!(number < 100);
        }
    }
}

#[test]
fn a_store_that_fails_anywhere_leaves_a_log_that_verifies_and_goes_on() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(memory.clone()));
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
    let options = Options::default().with_clock(clock.clone());
    let registry = Registry::open(store.clone(), sealer(), options).unwrap();
    let site = Site { registry, store: memory, clock, call: Call::by("auditor") };
    let log = site.registry.events();
    until_it_succeeds(&store, &site, || log.checkpoint(&site.call).map(drop));
    site.record(9_000);
    site.checkpoint();
    let pruned = Timestamp::from_unix(START).plus(1_000_000);
    until_it_succeeds(&store, &site, || log.prune(pruned, Some(&mut Vec::new()), &site.call).map(drop));
    site.checkpoint();
    let found = site.verify();
    assert_eq!((found.pruned, found.uncovered, found.first), (8_192, 0, None));
}

/// Databases of former versions; their sealing key is that of all tests.
#[cfg(feature = "sqlite")]
#[test]
fn events_from_before_there_were_tags_are_covered_from_the_first_checkpoint_on() {
    use tegata::store::SqliteStore;
    for name in ["v1.sqlite", "v2.sqlite"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::copy(format!("tests/data/database/{name}"), &path).unwrap();
        let store = Arc::new(SqliteStore::open(&path, tegata::store::SqliteOptions::default()).unwrap());
        let registry = Registry::open(store.clone(), sealer(), Options::default()).unwrap();
        let call = Call::by("auditor");
        registry.groups().create("new", &GroupChange::default(), &call).unwrap();
        let all = || registry.events().find(&EventFilter::default(), &Page::of(1_000)).unwrap().items;
        let events = all();
        assert!(events.len() > 5);
        let verify = || registry.events().verify(&VerifyEvents::default(), None).unwrap();
        assert_eq!((verify().events, verify().first), (events.len() as u64, None));
        assert_eq!(registry.events().checkpoint(&call).unwrap().events, events.len() as u64);
        let query = Query {
            table: &EVENTS,
            filters: vec![],
            order: None,
            descending: false,
            after: None,
            limit: 999,
            total: false,
        };
        let rows = store.find(&query).unwrap().rows;
        let tag = EVENTS.position("tag").unwrap();
        let (old, new) = (rows[2].clone(), rows.last().unwrap().clone());
        assert!(old.values[tag] == Value::Null && new.values[tag] != Value::Null);
        for (row, column, value) in [(&old, "actor", text("nobody")), (&new, "tag", Value::Null)] {
            let mut altered = row.clone();
            altered.values[EVENTS.position(column).unwrap()] = value;
            store.commit(&[Write::Put(altered, Expect::Any)]).unwrap();
            let problem = verify().first.unwrap();
            let event = if row == &old { &events[2] } else { events.last().unwrap() };
            assert_eq!((problem.what, problem.event), (Tampering::Altered, Some(event.id)), "{name}");
            store.commit(&[Write::Put(row.clone(), Expect::Any)]).unwrap();
        }
        assert_eq!(verify().first, None);
    }
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

#[test]
fn one_flipped_bit_anywhere_in_an_exported_log_is_noticed_and_no_bytes_make_it_panic() {
    let site = Site::busy(7);
    let first = site.checkpoint();
    site.record(6);
    site.checkpoint();
    let (whole, key) = (site.exported(None), site.key());
    let shown = site.registry.events().prove(site.events()[3].id).unwrap();
    let grown = site.registry.events().prove_consistency(1, 2).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let found = verify_export(&mut &flipped[..], &key).unwrap();
        // What was a checkpoint may become an event, which none covers.
        assert!(found.first.is_some() || found.uncovered > 0, "bit {} of octet {at}", at % 8);
        verify_export(&mut &flipped[at..], &key).unwrap();
    }
    for at in 0..shown.proof.len() {
        let mut flipped = shown.proof.clone().into_bytes();
        flipped[at] ^= 1 << (at % 7);
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        assert!(verify_event(&shown.event, &flipped, &key).is_err() || at > shown.proof.len() - 2, "octet {at}");
    }
    for at in 0..grown.len() {
        let mut flipped = grown.clone().into_bytes();
        flipped[at] ^= 1 << (at % 7);
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        assert!(verify_consistency(&first.note, &flipped, &key).is_err() || at > grown.len() - 2, "octet {at}");
    }
}

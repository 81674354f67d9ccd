//! Pruning, two processes, a store that fails, events from before: the log goes on.

use super::*;

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

    // What was archived by a call that did not end, and once more by the next; and something else in its place.
    let twice = [archive.clone(), archive.clone(), site.exported(None)].concat();
    let found = verify_export(&mut &twice[..], &site.key()).unwrap();
    assert_eq!((found.events, found.last_checkpoint, found.first), (9_000, Some(2), None));
    let mut other = archive.clone();
    let at = other.windows(7).position(|text| text == b"auditor").unwrap();
    other[at] = b'n';
    let found = verify_export(&mut &[archive.clone(), other].concat()[..], &site.key()).unwrap();
    assert_eq!(found.first.unwrap().what, Tampering::Altered);

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
    let site = Site::busy(4_200);
    let later = Timestamp::from_unix(START + 1_000);
    let log = site.registry.events();
    assert_eq!(log.prune(later, None, &site.call).unwrap().events, 0, "no checkpoint covers them");
    site.checkpoint();
    assert_eq!(code(log.prune(later, Some(&mut Full(0)), &site.call)), "input.invalid");
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

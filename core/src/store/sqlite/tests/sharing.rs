//! Several callers, several stores on one file, and a writer that dies.

use std::thread;
use std::time::Instant;

use super::*;

#[test]
fn a_conflict_in_a_group_touches_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    // 16 threads contend for 50 names and bring 50 of their own: exactly one gets each contended one.
    let results: Vec<(u64, u64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16_u64)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    let (mut won, mut lost) = (0, 0);
                    for round in 0..50_u64 {
                        let own = 1000 + number * 100 + round;
                        let contended = thing(number * 10_000 + 100_000 + round, &format!("prize{round}"), b"");
                        let writes = [
                            Write::Put(thing(own + 50_000, &format!("with{own}"), b""), Expect::Absent),
                            Write::Put(contended, Expect::Absent),
                        ];
                        match store.commit(&writes) {
                            Ok(()) => won += 1,
                            Err(StoreError::Conflict { write: 1 }) => lost += 1,
                            Err(other) => panic!("{other}"),
                        }
                        put(store, own).unwrap();
                    }
                    (won, lost)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().map(|(won, _)| won).sum::<u64>(), 50);
    assert_eq!(results.iter().map(|(_, lost)| lost).sum::<u64>(), 750);
    let rows: i64 = stranger(&dir).query_row("SELECT count(*) FROM thing", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 50 * 2 + 16 * 50);
}

#[test]
fn two_stores_on_one_file_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [ready(&dir), ready(&dir)];
    let counter = Counter { name: "thing", of: 0 };
    let numbers: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = stores
            .iter()
            .map(|store| {
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    for _ in 0..100 {
                        let number = store.reserve(counter, 1).unwrap().start;
                        put(store, number).unwrap();
                        mine.push(number);
                    }
                    mine
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 200);
    assert!(numbers.iter().all(|number| stores.iter().all(|store| get(store, *number).unwrap().is_some())));
}

#[test]
fn readers_do_not_wait_for_a_writer_and_writers_say_who_is_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions { wait: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = SqliteStore::open(dir.path().join("t.db"), options).unwrap();
    store.migrate(&SCHEMA).unwrap();
    put(&store, 1).unwrap();
    let other = stranger(&dir);
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM thing").unwrap();
    let begun = Instant::now();
    assert!(get(&store, 1).unwrap().is_some());
    assert!(begun.elapsed() < Duration::from_millis(40), "reading waited for a writer");
    let error = put(&store, 2).unwrap_err();
    assert_eq!(error.code(), "store.unavailable");
    assert!(error.to_string().contains("another process"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    put(&store, 2).unwrap();
}

#[test]
fn any_time_to_wait_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    for wait in [Duration::ZERO, Duration::from_millis(u64::MAX), Duration::MAX] {
        let store =
            SqliteStore::open(dir.path().join("t.db"), SqliteOptions { wait, ..SqliteOptions::default() }).unwrap();
        store.migrate(&SCHEMA).unwrap();
    }
}

#[test]
fn nobody_hangs_when_the_writer_dies() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    put(&store, 1).unwrap();
    let errors: Vec<StoreError> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let store = &store;
                scope.spawn(move || (0..).find_map(|round| put(store, 100 + number * 100_000 + round).err()).unwrap())
            })
            .collect();
        thread::sleep(Duration::from_millis(20));
        store.writer.panic();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for error in errors {
        assert_eq!(error.code(), "store.backend");
        assert!(error.to_string().contains("open the database again"), "{error}");
    }
    assert!(get(&store, 1).unwrap().is_some(), "reading goes on");
    drop(store);
    put(&ready(&dir), 2).unwrap();
}

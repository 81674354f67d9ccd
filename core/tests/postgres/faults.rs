//! Connections that break, servers that stop: what was acknowledged is there, nothing happens twice, and service resumes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tegata::store::{Counter, Expect, PostgresOptions, PostgresStore, Store, StoreError, Value, Write};

use super::postgres_server::{Server, Stop, shared};
use super::proxy::{Fate, Proxy};
use super::{connect, connect_with, note, read};

const COUNT: Counter = Counter { name: "count", of: 0 };

fn through(proxy: &Proxy, url: &str) -> String {
    url.replace(&format!(":{}/", shared().port), &format!(":{}/", proxy.port))
}

/// A commit that would be seen if it happened twice.
fn counted(key: u64, expect: Expect) -> Vec<Write> {
    vec![note(key, 1, expect), Write::Add { counter: COUNT, by: 1, at_most: u64::MAX }]
}

fn count(store: &dyn Store) -> u64 {
    store.reserve(COUNT, 0).unwrap().start - 1
}

#[test]
fn a_commit_whose_answer_is_lost_happens_once_and_is_told_so() {
    let (proxy, url) = (Proxy::to(shared().port), shared().url());
    let (store, direct) = (connect(&through(&proxy, &url)), connect(&url));
    let fates = [
        Fate::LosesItsAnswer,
        Fate::IsLost,
        Fate::IsInDoubt,
        Fate::Lingers,
        Fate::IsInDoubtAndLost,
        Fate::LosesItsAnswer,
    ];
    for (round, fate) in fates.iter().enumerate() {
        let key = round as u64 + 1;
        proxy.next_commit(*fate);
        let begun = Instant::now();
        store.commit(&counted(key, Expect::Absent)).unwrap();
        assert!(proxy.has_come(), "{fate:?} was not put to the test");
        assert!(begun.elapsed() < Duration::from_secs(6), "{fate:?} took {:?}", begun.elapsed());
        assert_eq!(read(&direct, key).unwrap().version, 1, "{fate:?}");
        assert_eq!(count(&direct), key, "{fate:?}");
        // The same again collides, as it would with any connection.
        assert_eq!(store.commit(&counted(key, Expect::Absent)), Err(StoreError::Conflict { write: 0 }));
    }
}

#[test]
fn what_became_of_a_commit_is_said_to_be_unknown_only_if_it_is() {
    let (proxy, url) = (Proxy::to(shared().port), shared().url());
    let options = PostgresOptions { wait: Duration::from_millis(300), writers: 1, ..PostgresOptions::default() };
    let (store, direct) = (connect_with(&through(&proxy, &url), &options), connect(&url));
    store.commit(&counted(1, Expect::Absent)).unwrap();
    proxy.next_commit(Fate::LosesItsAnswer);
    thread::scope(|scope| {
        let commit = scope.spawn(|| store.commit(&counted(2, Expect::Absent)));
        while !proxy.has_come() {
            thread::sleep(Duration::from_millis(1));
        }
        // Nobody answers for longer than the store waits.
        proxy.set_silent(true);
        let unknown = commit.join().unwrap().unwrap_err();
        assert!(
            matches!(&unknown, StoreError::Unavailable { reason } if reason.contains("may have happened")),
            "{unknown}"
        );
        proxy.set_silent(false);
    });
    assert!(read(&direct, 2).is_some());
    store.commit(&counted(3, Expect::Absent)).unwrap();
    assert_eq!(count(&direct), 3);
}

#[test]
fn connections_cut_at_any_byte_lose_and_repeat_nothing() {
    let (proxy, url) = (Proxy::to(shared().port), shared().url());
    let (store, direct) = (connect(&through(&proxy, &url)), connect(&url));
    let (next, done) = (AtomicU64::new(1), AtomicBool::new(false));
    let acknowledged = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let key = next.fetch_add(1, Ordering::Relaxed);
                        store.commit(&counted(key, Expect::Absent)).unwrap();
                        assert!(read(&store, key).is_some(), "{key} was acknowledged and cannot be read");
                        mine.push(key);
                    }
                    mine
                })
            })
            .collect();
        for round in 0..25_u64 {
            proxy.cut_after(1 + round * round * 37 % 4_001);
            thread::sleep(Duration::from_millis(60));
        }
        done.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<BTreeSet<u64>>()
    });
    assert!(acknowledged.len() > 25, "hardly anything happened: {}", acknowledged.len());
    // All calls succeeded, so each of them happened exactly once.
    assert_eq!(count(&direct), acknowledged.len() as u64);
    assert!(acknowledged.iter().all(|key| read(&direct, *key).is_some_and(|row| row.version == 1)));
}

#[test]
fn a_server_that_crashes_loses_nothing_and_is_found_again() {
    let server = Server::start();
    let store = connect(&server.url());
    let (next, done) = (AtomicU64::new(1), AtomicBool::new(false));
    let (acknowledged, failed) = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (mut mine, mut failed) = (Vec::new(), 0);
                    while !done.load(Ordering::Relaxed) {
                        let key = next.fetch_add(1, Ordering::Relaxed);
                        match store.commit(&counted(key, Expect::Absent)) {
                            Ok(()) => mine.push(key),
                            Err(StoreError::Unavailable { .. }) => failed += 1,
                            Err(other) => panic!("a commit while the server crashes: {other}"),
                        }
                    }
                    (mine, failed)
                })
            })
            .collect();
        for how in [Stop::Immediate, Stop::Fast, Stop::Immediate] {
            thread::sleep(Duration::from_millis(200));
            server.stop(how);
            thread::sleep(Duration::from_millis(100));
            server.start_again();
        }
        thread::sleep(Duration::from_millis(300));
        done.store(true, Ordering::Relaxed);
        workers.into_iter().fold((BTreeSet::new(), 0), |(mut all, failed), worker| {
            let (mine, more) = worker.join().unwrap();
            all.extend(mine);
            (all, failed + more)
        })
    });
    assert_eq!(failed, 0, "the server was back within the time that the store waits");
    assert!(acknowledged.len() > 20, "hardly anything happened: {}", acknowledged.len());
    assert_eq!(count(&store), acknowledged.len() as u64);
    assert!(acknowledged.iter().all(|key| read(&store, *key).is_some()));
}

#[test]
fn a_server_that_is_gone_for_long_is_a_typed_error_and_no_end() {
    let server = Server::start();
    let options = PostgresOptions { wait: Duration::from_millis(500), ..PostgresOptions::default() };
    let store = connect_with(&server.url(), &options);
    store.commit(&counted(1, Expect::Absent)).unwrap();
    server.stop(Stop::Fast);
    let begun = Instant::now();
    let refused = [
        store.commit(&counted(2, Expect::Absent)).unwrap_err(),
        store.get(&[tegata::store::RowRef { table: &super::NOTE, key: 1 }]).unwrap_err(),
        store.reserve(COUNT, 1).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    server.start_again();
    store.commit(&counted(2, Expect::Absent)).unwrap();
    assert_eq!(count(&store), 2);
}

#[test]
fn somebody_elses_lock_is_waited_for_and_not_for_ever() {
    let url = shared().url();
    let schema = url.split_once("schema=").unwrap().1.to_owned();
    let options = PostgresOptions { statement_timeout: Duration::from_millis(400), ..PostgresOptions::default() };
    let store = connect_with(&url, &options);
    store.commit(&[note(1, 1, Expect::Absent)]).unwrap();
    let hold = move |seconds: f64| {
        let sql =
            format!("BEGIN; SELECT 1 FROM {schema}.note WHERE key = 1 FOR UPDATE; SELECT pg_sleep({seconds}); COMMIT");
        thread::spawn(move || shared().sql(&sql))
    };
    let holder = hold(0.3);
    thread::sleep(Duration::from_millis(120));
    store.commit(&[note(1, 2, Expect::Version(1))]).unwrap();
    holder.join().unwrap();
    let holder = hold(1.2);
    thread::sleep(Duration::from_millis(150));
    let late = store.commit(&[note(1, 3, Expect::Version(2))]).unwrap_err();
    assert!(matches!(late, StoreError::Unavailable { .. }), "{late}");
    // Readers wait for nobody.
    assert_eq!(read(&store, 1).unwrap().version, 2);
    holder.join().unwrap();
    store.commit(&[note(1, 3, Expect::Version(2))]).unwrap();
}

#[test]
fn a_database_that_may_only_be_read_says_so() {
    let url = shared().url();
    let store = connect(&url);
    store.commit(&[note(1, 1, Expect::Absent)]).unwrap();
    drop(store);
    let sql = |sql: &str| shared().sql(sql);
    sql("CREATE ROLE reader LOGIN");
    sql("ALTER ROLE reader SET default_transaction_read_only = on");
    let schema = url.split_once("schema=").unwrap().1;
    sql(&format!("GRANT USAGE ON SCHEMA {schema} TO reader; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO reader"));
    let reader = PostgresStore::connect(&url.replace("//postgres@", "//reader@"), &PostgresOptions::default()).unwrap();
    reader.migrate(&super::NOTES).unwrap();
    assert!(read(&reader, 1).is_some());
    assert_eq!(reader.commit(&[note(2, 1, Expect::Absent)]), Err(StoreError::ReadOnly));
    assert_eq!(reader.reserve(COUNT, 1), Err(StoreError::ReadOnly));
}

/// Callers who share a transaction whose answer is lost: one of them had been refused before it was sent.
#[test]
fn who_was_refused_is_told_so_when_the_answer_about_the_others_is_lost() {
    let (proxy, url) = (Proxy::to(shared().port), shared().url());
    let options = PostgresOptions { writers: 1, ..PostgresOptions::default() };
    let (store, direct) = (connect_with(&through(&proxy, &url), &options), connect(&url));
    direct.commit(&[note(1, 7, Expect::Absent)]).unwrap();
    for round in 0..10 {
        thread::scope(|scope| {
            // While the first one waits, the others queue up together.
            proxy.set_silent(true);
            let first = scope.spawn(|| {
                let done = store.commit(&[note(100 + round, 1, Expect::Absent)]);
                proxy.next_commit(Fate::LosesItsAnswer);
                done
            });
            thread::sleep(Duration::from_millis(50));
            let refused = scope.spawn(|| store.commit(&[note(1, 99, Expect::Absent)]));
            let other = scope.spawn(|| store.commit(&[note(200 + round, 1, Expect::Absent)]));
            thread::sleep(Duration::from_millis(50));
            proxy.set_silent(false);
            assert_eq!(first.join().unwrap(), Ok(()));
            assert_eq!(refused.join().unwrap(), Err(StoreError::Conflict { write: 0 }));
            assert_eq!(other.join().unwrap(), Ok(()));
        });
        assert!(read(&direct, 200 + round).is_some());
    }
    assert_eq!(read(&direct, 1).unwrap().values.last(), Some(&Value::Int(7)));
}

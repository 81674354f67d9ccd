//! What a store acknowledged must be there after the process was killed at any moment.
//!
//! A child process (this very test binary) writes from several threads and prints what was acknowledged; the parent
//! kills it with SIGKILL, opens the file and compares. Kills cannot show what a power cut does to the disk's own
//! cache; that `synchronous=FULL` is set is tested beside the store.

#![cfg(all(unix, feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tegata::store::schema::{Column, ColumnKind, Index, Schema, Table};
use tegata::store::{
    Counter, Expect, Match, Query, Row, RowRef, SqliteOptions, SqliteStore, Store, StoreError, Value, Write,
};

const PLACE: &str = "TEGATA_DURABILITY_CHILD";
const THREADS: u64 = 4;
/// Rows of one commit: either all of them are there or none.
const WHOLE: u64 = 5;

static ITEM: Table = Table {
    name: "item",
    columns: &[
        Column { name: "batch", kind: ColumnKind::Int, index: Index::Ordered, sealed: false },
        Column { name: "name", kind: ColumnKind::Text, index: Index::Unique, sealed: false },
        Column { name: "body", kind: ColumnKind::Bytes, index: Index::None, sealed: false },
    ],
};
static SCHEMA: Schema = Schema { version: 1, tables: &[&ITEM] };
const NUMBERS: Counter = Counter { name: "item", of: 0 };
const COMMITS: Counter = Counter { name: "commits", of: 0 };

fn open(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, SqliteOptions::default()).unwrap();
    store.migrate(&SCHEMA).unwrap();
    store
}

fn batch(first: u64) -> Vec<Write> {
    let row = |key: u64| {
        let values = vec![
            Value::Int(first.cast_signed()),
            // Spread over the index, so that pages all over the file change.
            Value::Text(format!("{:016x}", key.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            Value::Bytes(vec![0x5a; 700]),
        ];
        Write::Put(Row { table: &ITEM, key, version: 0, values }, Expect::Absent)
    };
    let mut writes: Vec<_> = (first..first + WHOLE).map(row).collect();
    writes.push(Write::Add { counter: COMMITS, by: 1, at_most: u64::MAX });
    writes
}

/// Not a test by itself: what the child does, until it is killed. Each line is one acknowledged fact.
#[test]
fn child() {
    let Ok(path) = std::env::var(PLACE) else { return };
    let store = open(Path::new(&path));
    let tell = |what: &str, first: u64| {
        // One write, so that a kill cannot cut a number short.
        std::io::stderr().lock().write_all(format!("{what} {first}\n").as_bytes()).unwrap();
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let numbers = store.reserve(NUMBERS, u32::try_from(WHOLE).unwrap()).unwrap();
                    tell("reserved", numbers.start);
                    store.commit(&batch(numbers.start)).unwrap();
                    tell("committed", numbers.start);
                }
            });
        }
    });
}

/// All batches in the file, each of them whole, and nothing that SQLite or the indexes object to.
fn batches(path: &Path) -> BTreeSet<u64> {
    let store = open(path);
    let mut found = BTreeSet::new();
    let mut query = Query {
        table: &ITEM,
        filters: vec![],
        order: None,
        descending: false,
        after: None,
        limit: 10_000,
        total: false,
    };
    let mut rows = 0;
    loop {
        let page = store.find(&query).unwrap();
        rows += page.rows.len() as u64;
        found.extend(page.rows.iter().map(|row| match row.values[0] {
            Value::Int(first) => first.cast_unsigned(),
            _ => panic!("a row without its batch"),
        }));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(rows, found.len() as u64 * WHOLE, "a batch is there in part");
    assert_eq!(store.reserve(COMMITS, 0).unwrap().start - 1, found.len() as u64, "the counter counts the batches");
    let last = found.last().copied().unwrap_or(0);
    let filters = vec![tegata::store::Filter { column: "batch", is: Match::Eq(Value::Int(last.cast_signed())) }];
    let by_index = store.find(&Query { filters, after: None, ..query }).unwrap().rows.len() as u64;
    assert_eq!(by_index, if last == 0 { 0 } else { WHOLE }, "the index knows the last batch");
    found
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let begun = Instant::now();
    let (mut acknowledged, mut reserved) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(PLACE, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let facts = BufReader::new(child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || facts.lines().map_while(Result::ok).collect::<Vec<_>>());
        // Sometimes before it has even opened the file, sometimes in full course.
        std::thread::sleep(Duration::from_millis(round * 13 % 190 + 2));
        child.kill().unwrap();
        child.wait().unwrap();
        for fact in reader.join().unwrap() {
            let Some((what, number)) = fact.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { panic!("the child said: {fact}") };
            match what {
                "reserved" => assert!(reserved.insert(number), "number {number} was reserved twice"),
                "committed" => assert!(acknowledged.insert(number)),
                other => panic!("the child said: {other}"),
            }
        }
        let found = batches(&path);
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "acknowledged and gone after kill {round}: {lost:?}");
        if begun.elapsed() > Duration::from_secs(20) {
            break;
        }
    }
    assert!(acknowledged.len() > 20, "the children hardly got to work: {}", acknowledged.len());
    let store = open(&path);
    let next = store.reserve(NUMBERS, 1).unwrap().start;
    assert!(reserved.iter().all(|number| *number < next), "a reserved number would be given again");
    let last = acknowledged.last().copied().unwrap();
    let again = batch(last);
    assert_eq!(store.commit(&again), Err(StoreError::Conflict { write: 0 }));
    assert!(store.get(&[RowRef { table: &ITEM, key: last }]).unwrap()[0].is_some());
}

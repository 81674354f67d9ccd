//! What was erased is not in the file any more, nor in the log once it had a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use proptest::prelude::*;

use super::*;

static SECRET: Table = Table {
    name: "secret",
    columns: &[
        column("label", ColumnKind::Text, Index::Ordered),
        Column { sealed: true, ..column("value", ColumnKind::Bytes, Index::None) },
    ],
};

static WITH_SECRETS: Schema = Schema { version: 4, tables: &[&THING, &SECRET] };

fn secrets(dir: &tempfile::TempDir) -> SqliteStore {
    let store = open(&dir.path().join("t.db"));
    store.migrate(&WITH_SECRETS).unwrap();
    store
}

fn put_secret(key: u64, value: &[u8]) -> Write {
    let values = vec![Value::Text(format!("{:02}", key % 7)), Value::Bytes(value.to_vec())];
    Write::Put(Row { table: &SECRET, key, version: 0, values }, Expect::Any)
}

fn delete_secret(key: u64) -> Write {
    Write::Delete(RowRef { table: &SECRET, key }, Expect::Any)
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// All that lies in the folder: the file, the log and its index.
fn on_disk(dir: &tempfile::TempDir) -> Vec<u8> {
    let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

/// Whether `what` vanishes from the disk within some seconds.
fn vanishes(dir: &tempfile::TempDir, what: &[u8]) -> bool {
    let since = Instant::now();
    while holds(&on_disk(dir), what) {
        if since.elapsed() > Duration::from_secs(15) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// A value of this many bytes that is like no other from its beginning to its end.
fn value(number: usize, length: usize) -> Vec<u8> {
    format!("<{number:06}>").into_bytes().into_iter().cycle().take(length).collect()
}

/// The number of the value that these bytes are from.
fn number(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes.strip_prefix(b"<")?.strip_suffix(b">")?).ok()?.parse().ok()
}

#[test]
fn what_is_deleted_or_replaced_is_overwritten_in_the_file() {
    for replacement in [None, Some(&b"another that is longer"[..]), Some(b"shorter"), Some(b"this was sealed twice")] {
        let dir = tempfile::tempdir().unwrap();
        let secret = b"this was sealed once!";
        let store = secrets(&dir);
        store.commit(&[put_secret(1, secret)]).unwrap();
        drop(store);
        assert!(holds(&on_disk(&dir), secret));
        let store = secrets(&dir);
        store.commit(&[replacement.map_or_else(|| delete_secret(1), |new| put_secret(1, new))]).unwrap();
        drop(store);
        let left = on_disk(&dir);
        assert!(!holds(&left, secret) && replacement.is_none_or(|new| holds(&left, new)));
    }
}

#[test]
fn what_is_erased_leaves_the_log_too_while_the_store_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = secrets(&dir);
    let (deleted, replaced) = (value(1, 40), value(2, 40));
    store.commit(&[put_secret(1, &deleted), put_secret(2, &replaced)]).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(holds(&on_disk(&dir), &deleted), "nothing was erased yet, so the log may stay");
    let log = dir.path().join("t.db-wal");
    assert!(log.metadata().unwrap().len() > 0);
    store.commit(&[delete_secret(1), put_secret(2, b"new")]).unwrap();
    assert!(vanishes(&dir, &deleted) && vanishes(&dir, &replaced));
    assert_eq!(log.metadata().unwrap().len(), 0);
    // It goes on as before.
    store.commit(&[put_secret(3, b"more")]).unwrap();
    drop(store);
    let rows: i64 = stranger(&dir).query_row("SELECT count(*) FROM secret", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2);
}

#[test]
fn a_reader_delays_the_erasing_of_the_log_and_is_not_disturbed() {
    let dir = tempfile::tempdir().unwrap();
    let store = secrets(&dir);
    let secret = value(1, 40);
    store.commit(&[put_secret(1, &secret)]).unwrap();
    let reader = stranger(&dir);
    reader.execute_batch("BEGIN").unwrap();
    let read = || reader.query_row("SELECT value FROM secret WHERE key = 1", [], |row| row.get::<_, Vec<u8>>(0));
    assert_eq!(read().unwrap(), secret);
    store.commit(&[delete_secret(1)]).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let since = Instant::now();
    store.commit(&[put_secret(2, b"others write on")]).unwrap();
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    assert_eq!(read().unwrap(), secret, "the reader has its snapshot");
    reader.execute_batch("COMMIT").unwrap();
    assert!(vanishes(&dir, &secret));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// When pages split and merge, SQLite leaves copies of rows in the free part of pages that it does not erase with the
    /// rows. It does write the file anew on demand.
    #[test]
    fn no_trace_remains_of_anything_erased_after_a_vacuum(
        steps in proptest::collection::vec((0_u64..60, prop_oneof![Just(0_usize), 8_usize..200, 3_000_usize..12_000]), 20..200),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = secrets(&dir);
        let mut there = BTreeMap::new();
        for (number, (key, length)) in steps.iter().enumerate() {
            if *length == 0 {
                store.commit(&[delete_secret(*key)]).unwrap();
                there.remove(key);
            } else {
                store.commit(&[put_secret(*key, &value(number, *length))]).unwrap();
                there.insert(*key, number);
            }
        }
        // While the store is open, as an operator would.
        stranger(&dir).execute_batch("VACUUM").unwrap();
        drop(store);
        let found: BTreeSet<usize> = on_disk(&dir).windows(8).filter_map(number).collect();
        prop_assert_eq!(found, there.into_values().collect::<BTreeSet<_>>());
    }
}

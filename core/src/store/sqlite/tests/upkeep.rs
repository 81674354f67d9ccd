//! Copies, checks, and space that is given back.

use std::thread;

use super::*;
use crate::store::Maintenance;

fn at(dir: &tempfile::TempDir, name: &str) -> SqliteStore {
    let store = open(&dir.path().join(name));
    store.migrate(&SCHEMA).unwrap();
    store
}

fn keys(store: &SqliteStore) -> Vec<u64> {
    let query = Query {
        table: &THING,
        filters: vec![],
        order: None,
        descending: false,
        after: None,
        limit: 10_000,
        total: false,
    };
    store.find(&query).unwrap().rows.into_iter().map(|row| row.key).collect()
}

fn size(dir: &tempfile::TempDir) -> u64 {
    std::fs::metadata(dir.path().join("t.db")).unwrap().len()
}

#[test]
fn a_backup_is_the_store_as_it_was_at_one_moment_while_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    (1..=200).for_each(|key| put(&store, key).unwrap());
    store.reserve(Counter { name: "thing", of: 0 }, 7).unwrap();
    thread::scope(|scope| {
        // Two rows at a time: a copy that is of one moment has both or none.
        let writer = scope.spawn(|| {
            for key in (201..1201).step_by(2) {
                let writes = [key, key + 1].map(|k| Write::Put(thing(k, &format!("n{k}"), b""), Expect::Absent));
                store.commit(&writes).unwrap();
            }
        });
        for n in 0..4 {
            store.backup(&dir.path().join(format!("b{n}.db"))).unwrap();
        }
        writer.join().unwrap();
    });
    for n in 0..4 {
        let copy = at(&dir, &format!("b{n}.db"));
        let there = keys(&copy);
        assert!(there.len() >= 200 && there.len().is_multiple_of(2));
        assert_eq!(there, (1..=there.len() as u64).collect::<Vec<_>>());
        assert_eq!(copy.reserve(Counter { name: "thing", of: 0 }, 1).unwrap(), 8..9);
        assert_eq!(copy.check().unwrap(), Vec::<String>::new());
        put(&copy, 5_000).unwrap();
    }
}

#[test]
fn a_backup_never_takes_the_place_of_another_file_and_a_failed_one_leaves_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    put(&store, 1).unwrap();
    let taken = dir.path().join("taken");
    std::fs::write(&taken, "mine").unwrap();
    assert!(matches!(store.backup(&taken), Err(StoreError::Unavailable { .. })));
    assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
    assert!(matches!(store.backup(&dir.path().join("t.db")), Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.backup(&dir.path().join("nowhere/b.db")), Err(StoreError::Unavailable { .. })));
    stranger(&dir)
        .execute_batch("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='nonsense' WHERE name='thing'")
        .unwrap();
    assert!(store.backup(&dir.path().join("b.db")).is_err());
    assert!(!dir.path().join("b.db").exists());
}

#[cfg(unix)]
#[test]
fn a_backup_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("b.db");
    ready(&dir).backup(&copy).unwrap();
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_sound_store_has_no_findings_and_each_damage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    (1..=100).for_each(|key| put(&store, key).unwrap());
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let other = stranger(&dir);
    let finds = |words: &str| {
        let findings = store.check().unwrap();
        assert!(findings.iter().any(|finding| finding.contains(words)), "{words}: {findings:?}");
    };
    other.execute_batch("CREATE TRIGGER t AFTER INSERT ON thing BEGIN SELECT 1; END").unwrap();
    finds("there is a trigger \"t\"");
    other.execute_batch("DROP TRIGGER t; CREATE VIEW v AS SELECT 1").unwrap();
    finds("there is a view \"v\"");
    other.execute_batch("DROP VIEW v; INSERT INTO tegata_counter VALUES ('x', 0, -1)").unwrap();
    finds("counter is below zero");
    other.execute_batch("DELETE FROM tegata_counter; DROP INDEX thing__due__ordered").unwrap();
    finds("indexes of table thing");
}

#[test]
fn a_broken_page_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    (1..=500).for_each(|key| put(&store, key).unwrap());
    drop(store);
    let path = dir.path().join("t.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    assert!(!open(&path).check().unwrap().is_empty());
}

#[test]
fn what_was_deleted_is_given_back_a_little_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    for first in (0..1_000).step_by(100) {
        let writes: Vec<_> = (first..first + 100)
            .map(|key| Write::Put(thing(key + 1, &format!("n{key}"), &[7; 4_000]), Expect::Absent))
            .collect();
        store.commit(&writes).unwrap();
    }
    assert_eq!(store.shrink(1 << 30).unwrap(), 0, "all of it is in use");
    let writes: Vec<_> = (1..=900).map(|key| Write::Delete(RowRef { table: &THING, key }, Expect::Any)).collect();
    store.commit(&writes).unwrap();
    drop(store);
    let full = size(&dir);
    let store = ready(&dir);
    let first = store.shrink(200_000).unwrap();
    assert!((150_000..=200_000).contains(&first), "{first}");
    let rest = store.shrink(u64::MAX).unwrap();
    assert!(rest > 3_000_000, "{rest}");
    assert_eq!(store.shrink(u64::MAX).unwrap(), 0);
    assert_eq!(keys(&store), (901..=1_000).collect::<Vec<_>>());
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    drop(store);
    assert_eq!(full - size(&dir), first + rest);
}

#[test]
fn a_database_that_cannot_shrink_says_so_and_its_backup_can() {
    let dir = tempfile::tempdir().unwrap();
    let other = stranger(&dir);
    other
        .execute_batch("PRAGMA auto_vacuum=NONE; PRAGMA application_id=1952937057; CREATE TABLE x (y); DROP TABLE x")
        .unwrap();
    other.execute_batch(ddl::COUNTERS).unwrap();
    drop(other);
    let fill_and_empty = |store: &SqliteStore| {
        (1..=100)
            .for_each(|key| store.commit(&[Write::Put(thing(key, "", &[7; 9_000]).named(key), Expect::Any)]).unwrap());
        (1..=100).for_each(|key| {
            store.commit(&[Write::Delete(RowRef { table: &THING, key }, Expect::Any)]).unwrap();
        });
    };
    let store = ready(&dir);
    fill_and_empty(&store);
    assert_eq!(store.shrink(u64::MAX).unwrap(), 0);
    store.backup(&dir.path().join("b.db")).unwrap();
    let copy = at(&dir, "b.db");
    fill_and_empty(&copy);
    assert!(copy.shrink(u64::MAX).unwrap() > 500_000);
}

impl Row {
    fn named(mut self, key: u64) -> Self {
        self.values[0] = Value::Text(format!("n{key}"));
        self
    }
}

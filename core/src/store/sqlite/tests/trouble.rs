//! Files that are something else, or damaged, or cannot grow: each is an error of its own that says what to do.

use std::fs;
use std::io::{Seek, SeekFrom, Write as _};

use super::*;

fn refusal(path: &Path) -> StoreError {
    match SqliteStore::open(path, SqliteOptions::default()) {
        Err(error) => error,
        Ok(store) => store.migrate(&SCHEMA).and_then(|()| all(&store).map(drop)).unwrap_err(),
    }
}

fn all(store: &SqliteStore) -> Result<Page, StoreError> {
    let (order, after) = (Some("name"), None);
    store.find(&Query { table: &THING, filters: vec![], order, descending: false, after, limit: 10_000, total: true })
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    for content in [b"hello".to_vec(), vec![0; 100], vec![b'x'; 10_000], b"SQLite format 3\0".repeat(100)] {
        fs::write(&path, &content).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, StoreError::NotADatabase { .. } | StoreError::Corrupt { .. }), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert_eq!(refusal(dir.path()).code(), "store.not_a_database");
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    for sql in ["CREATE TABLE recipe (name TEXT)", "PRAGMA application_id = 7; CREATE TABLE recipe (name TEXT)"] {
        let _ = fs::remove_file(&path);
        stranger(&dir).execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        let error = refusal(&path);
        assert_eq!(error.code(), "store.not_a_database");
        assert!(error.to_string().contains("another program"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_missing_directory_or_file_is_named_for_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let error = refusal(&dir.path().join("none").join("t.db"));
    assert_eq!(error.code(), "store.unavailable");
    assert!(error.to_string().contains("directory"), "{error}");
    let careful = SqliteOptions { create: false, ..SqliteOptions::default() };
    let path = dir.path().join("t.db");
    assert_eq!(SqliteStore::open(&path, careful).unwrap_err().code(), "store.unavailable");
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    assert_eq!(SqliteStore::open(&path, careful).unwrap_err().code(), "store.not_a_database");
    drop(ready(&dir));
    assert!(SqliteStore::open(&path, careful).is_ok());
    // Names that mean something else to SQLite are files here, or nothing.
    assert!(SqliteStore::open("", SqliteOptions::default()).is_err());
}

#[test]
#[cfg(unix)]
fn a_new_database_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let _store = ready(&dir);
    for name in ["t.db", "t.db-wal", "t.db-shm"] {
        assert_eq!(fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_be_written_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    drop(ready(&dir));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    // Also for root, who could write it: somebody meant it to stay as it is.
    assert_eq!(refusal(&path), StoreError::ReadOnly);
    // Nothing is left that would be in the way later.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    put(&ready(&dir), 1).unwrap();
}

#[test]
fn a_truncated_database_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let store = ready(&dir);
    (1..300).for_each(|key| put(&store, key).unwrap());
    drop(store);
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() / 2, whole.len() - 4096, 4096, 5000] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{length}: {error:?}");
        assert!(error.to_string().contains("restore a backup"));
    }
}

#[test]
fn a_damaged_page_is_corrupt_and_does_not_stop_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let store = ready(&dir);
    (1..2000).for_each(|key| put(&store, key).unwrap());
    drop(store);
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'thing__name__unique'";
    let page: u32 = stranger(&dir).query_row(sql, [], |row| row.get(0)).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(u64::from(page - 1) * 4096)).unwrap();
    file.write_all(&[0xee; 4096]).unwrap();
    drop(file);
    let store = ready(&dir);
    assert_eq!(all(&store).unwrap_err(), StoreError::Corrupt { at: "thing".to_owned() });
    assert!(get(&store, 7).unwrap().is_some());
    assert_eq!(put(&store, 5000).unwrap_err(), StoreError::Corrupt { at: "thing".to_owned() });
    assert_eq!(get(&store, 5000).unwrap(), None);
    store.reserve(Counter { name: "thing", of: 0 }, 1).unwrap();
}

#[test]
fn values_of_another_kind_are_corrupt_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    put(&store, 1).unwrap();
    stranger(&dir).execute_batch("UPDATE thing SET name = CAST(x'ff' AS TEXT)").unwrap();
    assert_eq!(get(&store, 1).unwrap_err(), StoreError::Corrupt { at: "thing.name".to_owned() });
}

#[test]
fn a_full_disk_refuses_what_does_not_fit_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions { max_size: Some(400_000), ..SqliteOptions::default() };
    let store = SqliteStore::open(dir.path().join("t.db"), options).unwrap();
    store.migrate(&SCHEMA).unwrap();
    let large = vec![7; 20_000];
    let row = |key: u64| Write::Put(thing(key, &format!("n{key}"), &large), Expect::Absent);
    // Several at once, so that one that fails shares its transaction with others.
    let stored: Vec<u64> = std::thread::scope(|scope| {
        let store = &store;
        let threads: Vec<_> = (0..8_u64)
            .map(|number| {
                scope.spawn(move || {
                    let mut stored = Vec::new();
                    for key in number * 100 + 1.. {
                        match store.commit(&[row(key), row(key + 50)]) {
                            Ok(()) => stored.extend([key, key + 50]),
                            Err(StoreError::Full) => return stored,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    stored
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(stored.len() > 4);
    assert_eq!(all(&store).unwrap().total, Some(stored.len() as u64), "exactly what was acknowledged is there");
    // Room again: the store goes on.
    let delete = stored.iter().take(4).map(|key| Write::Delete(RowRef { table: &THING, key: *key }, Expect::Any));
    store.commit(&delete.collect::<Vec<_>>()).unwrap();
    store.commit(&[row(9000)]).unwrap();
    assert!(get(&store, 9000).unwrap().is_some());
}

#[test]
fn a_store_that_was_not_migrated_knows_no_tables() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    for error in
        [put(&store, 1).unwrap_err(), get(&store, 1).map(drop).unwrap_err(), all(&store).map(drop).unwrap_err()]
    {
        assert!(error.to_string().contains("migrate"), "{error}");
    }
}

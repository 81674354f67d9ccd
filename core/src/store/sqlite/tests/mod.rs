#![allow(clippy::unwrap_used)]

mod erasure;
mod migration;
mod plans;
mod sharing;
mod trouble;
mod upkeep;

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::store::conformance;
use crate::store::schema::{Column, ColumnKind, Index, Table};
use crate::store::{Expect, Filter, Match};

const fn column(name: &'static str, kind: ColumnKind, index: Index) -> Column {
    Column { name, kind, index, sealed: false }
}

static THING: Table = Table {
    name: "thing",
    columns: &[
        column("name", ColumnKind::Text, Index::Unique),
        column("state", ColumnKind::Int, Index::Ordered),
        column("due", ColumnKind::Int, Index::Ordered),
        column("label", ColumnKind::Text, Index::Ordered),
        column("body", ColumnKind::Bytes, Index::None),
    ],
};

static SCHEMA: Schema = Schema { version: 3, tables: &[&THING] };

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

/// A migrated store in `dir`.
fn ready(dir: &tempfile::TempDir) -> SqliteStore {
    let store = open(&dir.path().join("t.db"));
    store.migrate(&SCHEMA).unwrap();
    store
}

fn thing(key: u64, name: &str, body: &[u8]) -> Row {
    let number = i64::try_from(key).unwrap();
    let values = vec![
        Value::Text(name.to_owned()),
        Value::Int(number % 3),
        Value::Int(number * 60),
        Value::Text(format!("{:03}", key % 100)),
        Value::Bytes(body.to_vec()),
    ];
    Row { table: &THING, key, version: 0, values }
}

fn put(store: &SqliteStore, key: u64) -> Result<(), StoreError> {
    store.commit(&[Write::Put(thing(key, &format!("n{key}"), b""), Expect::Absent)])
}

fn get(store: &SqliteStore, key: u64) -> Result<Option<Row>, StoreError> {
    Ok(store.get(&[RowRef { table: &THING, key }])?.pop().flatten())
}

/// A connection of somebody else's, with no regard for ours.
fn stranger(dir: &tempfile::TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join("t.db")).unwrap()
}

#[test]
fn the_sqlite_store_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let number = AtomicU32::new(0);
    let make = || {
        let number = number.fetch_add(1, Ordering::Relaxed);
        Box::new(open(&dir.path().join(format!("{number}.db")))) as Box<dyn Store>
    };
    conformance::suite(&make).unwrap();
}

#[test]
fn it_conforms_when_the_file_is_mapped() {
    let dir = tempfile::tempdir().unwrap();
    let number = AtomicU32::new(0);
    let make = || {
        let path = dir.path().join(format!("{}.db", number.fetch_add(1, Ordering::Relaxed)));
        let options = SqliteOptions { map: 1 << 30, ..SqliteOptions::default() };
        Box::new(SqliteStore::open(path, options).unwrap()) as Box<dyn Store>
    };
    conformance::suite(&make).unwrap();
}

#[test]
fn everything_is_there_after_closing_and_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let counter = Counter { name: "thing", of: 0 };
    let store = ready(&dir);
    put(&store, 1).unwrap();
    store.reserve(counter, 5).unwrap();
    drop(store);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["t.db"], "the log is gone once nobody uses the database");
    let store = ready(&dir);
    assert_eq!(get(&store, 1).unwrap().unwrap().version, 1);
    assert_eq!(store.reserve(counter, 1).unwrap(), 6..7);
}

#[test]
fn an_operator_can_read_the_database_with_sql_while_it_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    put(&store, 42).unwrap();
    let sql = "SELECT key, version, name, due FROM thing WHERE name = 'n42'";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let row: (i64, i64, String, i64) = stranger(&dir).query_row(sql, [], read).unwrap();
    assert_eq!(row, (42, 1, "n42".to_owned(), 2520));
}

#[test]
fn commits_are_as_durable_as_promised() {
    let dir = tempfile::tempdir().unwrap();
    let place = open::Place::new(&dir.path().join("t.db"), SqliteOptions::default()).unwrap();
    let connection = place.open_writer().unwrap();
    let setting = |name: &str| -> String {
        connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).map_or_else(
            |e| e.to_string(),
            |value| match value {
                rusqlite::types::Value::Integer(i) => i.to_string(),
                rusqlite::types::Value::Text(t) => t,
                other => format!("{other:?}"),
            },
        )
    };
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("fullfsync", "1"),
        ("checkpoint_fullfsync", "1"),
        ("secure_delete", "1"),
        ("wal_autocheckpoint", "0"),
        ("auto_vacuum", "2"),
        ("application_id", "1952937057"),
        ("trusted_schema", "0"),
        ("cache_size", "-16384"),
    ] {
        assert_eq!(setting(name), value, "{name}");
    }
    let reader = place.open_reader().unwrap();
    assert!(reader.execute_batch("CREATE TABLE x (y)").is_err());
}

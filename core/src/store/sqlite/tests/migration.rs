//! Older databases become newer ones; never the other way round.

use super::*;

static OLD_DEVICE: Table = Table {
    name: "device",
    columns: &[
        column("name", ColumnKind::Text, Index::Unique),
        column("state", ColumnKind::Int, Index::None),
        column("place", ColumnKind::Text, Index::Ordered),
    ],
};
static NEW_DEVICE: Table = Table {
    name: "device",
    columns: &[
        column("colour", ColumnKind::Int, Index::Ordered),
        column("name", ColumnKind::Text, Index::Unique),
        column("state", ColumnKind::Int, Index::Ordered),
        column("place", ColumnKind::Text, Index::Searchable),
    ],
};
static NEW_TABLE: Table = Table { name: "group", columns: &[column("order", ColumnKind::Bytes, Index::Unique)] };

static OLD: Schema = Schema { version: 1, tables: &[&OLD_DEVICE] };
static NEW: Schema = Schema { version: 2, tables: &[&NEW_DEVICE, &NEW_TABLE] };

fn device(table: &'static Table, key: u64, values: Vec<Value>) -> Row {
    Row { table, key, version: 0, values }
}

fn indexes(dir: &tempfile::TempDir) -> Vec<String> {
    let connection = stranger(dir);
    let mut sql = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name").unwrap();
    sql.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn an_older_database_gains_tables_columns_and_indexes_and_keeps_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    store.migrate(&OLD).unwrap();
    let row = device(&OLD_DEVICE, 1, vec![text("a"), Value::Int(7), text("attic")]);
    store.commit(&[Write::Put(row, Expect::Absent)]).unwrap();
    assert_eq!(indexes(&dir), ["device__name__unique", "device__place__ordered"]);
    drop(store);

    let store = open(&dir.path().join("t.db"));
    store.migrate(&NEW).unwrap();
    let indexed = ["device__colour__ordered", "device__name__unique", "device__state__ordered", "group__order__unique"];
    assert_eq!(indexes(&dir), indexed);
    let row = store.get(&[RowRef { table: &NEW_DEVICE, key: 1 }]).unwrap().remove(0).unwrap();
    assert_eq!(row.values, [Value::Null, text("a"), Value::Int(7), text("attic")]);
    assert_eq!(row.version, 1);
    let query = Query {
        table: &NEW_DEVICE,
        filters: vec![Filter { column: "place", is: Match::Contains("tt".to_owned()) }],
        order: Some("state"),
        descending: false,
        after: None,
        limit: 5,
        total: false,
    };
    assert_eq!(store.find(&query).unwrap().rows.len(), 1);
    let twin = device(&NEW_DEVICE, 2, vec![Value::Null, text("a"), Value::Null, Value::Null]);
    assert_eq!(store.commit(&[Write::Put(twin, Expect::Any)]), Err(StoreError::Conflict { write: 0 }));
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    store.migrate(&NEW).unwrap();
    drop(store);
    let before = std::fs::read(dir.path().join("t.db")).unwrap();
    let store = open(&dir.path().join("t.db"));
    assert_eq!(store.migrate(&OLD), Err(StoreError::Schema { found: 2, supported: 1 }));
    drop(store);
    assert_eq!(std::fs::read(dir.path().join("t.db")).unwrap(), before);
}

#[test]
fn a_process_of_the_older_version_goes_on_beside_one_that_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let old = open(&dir.path().join("t.db"));
    old.migrate(&OLD).unwrap();
    let row = |key, name| Write::Put(device(&OLD_DEVICE, key, vec![text(name), Value::Null, Value::Null]), Expect::Any);
    old.commit(&[row(1, "a")]).unwrap();
    let new = open(&dir.path().join("t.db"));
    new.migrate(&NEW).unwrap();
    let coloured = device(&NEW_DEVICE, 1, vec![Value::Int(5), text("a"), Value::Null, Value::Null]);
    new.commit(&[Write::Put(coloured, Expect::Version(1))]).unwrap();
    old.commit(&[row(1, "b"), row(2, "c")]).unwrap();
    let row = new.get(&[RowRef { table: &NEW_DEVICE, key: 1 }]).unwrap().remove(0).unwrap();
    assert_eq!((row.version, &row.values[..2]), (3, &[Value::Int(5), text("b")][..]), "the new column keeps its value");
}

#[test]
fn a_migration_that_fails_leaves_no_trace() {
    static BROKEN: Table = Table {
        name: "device",
        columns: &[column("extra", ColumnKind::Int, Index::Ordered), column("name", ColumnKind::Int, Index::Unique)],
    };
    static BROKEN_SCHEMA: Schema = Schema { version: 2, tables: &[&NEW_TABLE, &BROKEN] };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    store.migrate(&OLD).unwrap();
    let result = store.migrate(&BROKEN_SCHEMA);
    assert_eq!(result, Err(StoreError::Corrupt { at: "device.name".to_owned() }));
    assert_eq!(indexes(&dir), ["device__name__unique", "device__place__ordered"]);
    let row = device(&OLD_DEVICE, 1, vec![text("a"), Value::Null, Value::Null]);
    store.commit(&[Write::Put(row, Expect::Absent)]).unwrap();
    store.migrate(&NEW).unwrap();
}

#[test]
fn a_database_that_lost_a_table_is_not_taken_for_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    store.migrate(&OLD).unwrap();
    drop(store);
    stranger(&dir).execute_batch("DROP INDEX device__name__unique").unwrap();
    let error = open(&dir.path().join("t.db")).migrate(&OLD).unwrap_err();
    assert_eq!(error.code(), "store.corrupt");
}

#[test]
fn names_that_sql_could_misread_are_no_names() {
    static QUOTE: Table = Table { name: "a\"b", columns: &[] };
    static OURS: Table = Table { name: "tegata_counter", columns: &[] };
    static KEY: Table = Table { name: "a", columns: &[column("key", ColumnKind::Int, Index::None)] };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("t.db"));
    for table in [&QUOTE, &OURS, &KEY] {
        let schema = Schema { version: 1, tables: Box::leak(Box::new([table])) };
        assert_eq!(store.migrate(&schema).unwrap_err().code(), "store.invalid_query", "{}", table.name);
    }
}

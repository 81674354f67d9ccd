//! The PostgreSQL store, against a server that the tests start themselves.

#![cfg(all(unix, feature = "postgres", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod faults;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
mod proxy;
mod races;
mod tenants;
mod tls;

use postgres_server::shared;
use tegata::store::conformance::suite;
use tegata::store::schema::{Column, ColumnKind, Index, Schema, Table};
use tegata::store::{Counter, Expect, PostgresOptions, PostgresStore, Row, RowRef, Store, Value, Write};

static NOTE: Table = Table {
    name: "note",
    columns: &[
        Column { name: "name", kind: ColumnKind::Text, index: Index::Unique, sealed: false },
        Column { name: "number", kind: ColumnKind::Int, index: Index::Ordered, sealed: false },
    ],
};
static NOTES: Schema = Schema { version: 1, tables: &[&NOTE] };

fn connect(url: &str) -> PostgresStore {
    connect_with(url, &PostgresOptions::default())
}

fn connect_with(url: &str, options: &PostgresOptions) -> PostgresStore {
    let store = PostgresStore::connect(url, options).unwrap();
    store.migrate(&NOTES).unwrap();
    store
}

fn note(key: u64, number: i64, expect: Expect) -> Write {
    let values = vec![Value::Text(format!("note {key}")), Value::Int(number)];
    Write::Put(Row { table: &NOTE, key, version: 0, values }, expect)
}

fn read(store: &dyn Store, key: u64) -> Option<Row> {
    store.get(&[RowRef { table: &NOTE, key }]).unwrap().pop().unwrap()
}

#[test]
fn the_store_conforms() {
    let make =
        || Box::new(PostgresStore::connect(&shared().url(), &PostgresOptions::default()).unwrap()) as Box<dyn Store>;
    suite(&make).unwrap();
}

#[test]
fn the_store_may_be_called_within_an_asynchronous_runtime() {
    let store = connect(&shared().url());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // The `postgres` crate would panic here, and so would whatever blocks on a runtime of its own.
    runtime.block_on(async {
        store.commit(&[note(1, 1, Expect::Absent)]).unwrap();
        assert!(read(&store, 1).is_some());
    });
    drop(store);
}

#[test]
fn a_counter_that_comes_back_to_zero_leaves_no_row_and_loses_no_count_of_others() {
    let url = shared().url();
    let schema = url.split_once("schema=").unwrap().1;
    let rows = |of: &str| shared().sql(&format!("SELECT count(*) FROM {schema}.tegata_counter WHERE {of}"));
    let (common, own) = (Counter { name: "note", of: 7 }, |of| Counter { name: "note", of });
    let add = |counter, by| Write::Add { counter, by, at_most: 4 };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = connect(&url);
            scope.spawn(move || {
                for _ in 0..40 {
                    for by in [1, -1] {
                        store.commit(&[add(common, by), add(own(100 + thread), by)]).unwrap();
                    }
                }
            });
        }
    });
    let store = connect(&url);
    assert_eq!((store.reserve(common, 0).unwrap(), rows("true")), (1..1, "0".to_owned()));
    store.commit(&[add(common, 3), add(own(1), 2)]).unwrap();
    assert_eq!((store.reserve(common, 0).unwrap(), rows("true")), (4..4, "2".to_owned()));
    // Also where it is known beforehand what is there, since the commit before was refused.
    assert!(store.commit(&[add(common, -4)]).is_err());
    store.commit(&[add(common, -3)]).unwrap();
    assert_eq!((store.reserve(common, 0).unwrap(), rows("true")), (1..1, "1".to_owned()));
}

#[test]
fn octets_are_kept_as_they_are_since_compressed_ones_take_longer_to_read() {
    let url = shared().url();
    let schema = url.split_once("schema=").unwrap().1;
    PostgresStore::connect(&url, &PostgresOptions::default()).unwrap().migrate(&tegata::store::tables::SCHEMA).unwrap();
    let columns = |more: &str| {
        shared().sql(&format!(
            "SELECT count(*) FROM pg_attribute WHERE atttypid = 'bytea'::regtype AND attnum > 0 {more} AND attrelid IN \
             (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = '{schema}'::regnamespace)"
        ))
    };
    assert_ne!(columns(""), "0");
    assert_eq!(columns(""), columns("AND attstorage = 'e'"));
}

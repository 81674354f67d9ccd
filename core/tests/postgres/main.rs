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
use tegata::store::{Expect, PostgresOptions, PostgresStore, Row, RowRef, Store, Value, Write};

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

//! Against the store in memory, which shares no code with this one: alone, and with many commits in one transaction.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../tests/postgres_server/mod.rs"]
mod postgres_server;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use proptest::collection::vec;
use proptest::prelude::*;

use super::decide::{Before, Model, Refused};
use super::*;
use crate::store::model::{SCHEMA, run, step, write};
use crate::store::{Expect, MemoryStore};
use postgres_server::shared;

fn connect(options: &PostgresOptions) -> PostgresStore {
    let store = PostgresStore::connect(&shared().url(), options).unwrap();
    store.migrate(&SCHEMA).unwrap();
    store
}

fn memory() -> MemoryStore {
    let store = MemoryStore::new();
    store.migrate(&SCHEMA).unwrap();
    store
}

/// A store with one worker of each sort, so that it is known in which order things happen. It is emptied each time: that is
/// faster than another schema.
fn emptied() -> MutexGuard<'static, PostgresStore> {
    static STORE: OnceLock<Mutex<PostgresStore>> = OnceLock::new();
    let one = PostgresOptions { writers: 1, getters: 1, searchers: 1, ..PostgresOptions::default() };
    let store = STORE.get_or_init(|| Mutex::new(connect(&one))).lock().unwrap_or_else(PoisonError::into_inner);
    let mut writes: Vec<Write> = everything(&*store)
        .iter()
        .map(|row| Write::Delete(RowRef { table: row.table, key: row.key }, Expect::Any))
        .collect();
    for of in 0..2 {
        let counter = Counter { name: "n", of };
        let stand = store.reserve(counter, 0).unwrap().start - 1;
        writes.push(Write::Add { counter, by: -stand.cast_signed(), at_most: u64::MAX });
    }
    store.commit(&writes).unwrap();
    store
}

/// All rows of all tables.
fn everything(store: &dyn Store) -> Vec<Row> {
    let all = |table| Query {
        table,
        filters: vec![],
        order: None,
        descending: false,
        after: None,
        limit: 1000,
        total: false,
    };
    SCHEMA.tables.iter().flat_map(|table| store.find(&all(table)).unwrap().rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_postgres_agree_on_everything(steps in vec(step(), 1..60)) {
        let (memory, postgres) = (memory(), emptied());
        for step in &steps {
            prop_assert_eq!(run(&memory, step), run(&*postgres, step), "{:?}", step);
        }
    }

    #[test]
    fn commits_that_share_a_transaction_come_out_as_one_after_the_other(
        rounds in vec(vec(vec(write(), 1..4), 1..12), 1..8)
    ) {
        // One writer takes commits in the order they come, so it is known what each must come to.
        let (memory, postgres) = (memory(), emptied());
        for round in &rounds {
            let waiting: Vec<_> = round.iter().map(|writes| postgres.engine.send(writes.clone())).collect();
            for (writes, answer) in round.iter().zip(waiting) {
                prop_assert_eq!(memory.commit(writes), answer.recv().unwrap(), "{:?} of {:?}", writes, round);
            }
            prop_assert_eq!(everything(&memory), everything(&*postgres), "after {:?}", round);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decided_with_all_rows_known_is_what_would_happen(
        before in vec(write(), 0..12), group in vec(vec(write(), 0..5), 1..8)
    ) {
        let memory = memory();
        for write in &before {
            drop(memory.commit(std::slice::from_ref(write)));
        }
        let mut model = Model::knowing();
        for row in everything(&memory) {
            model.found(row.table, row.key, Before::Version(row.version));
            for (position, column) in row.table.columns.iter().enumerate() {
                if column.index.is_unique() && row.values[position] != Value::Null {
                    model.found_owner((row.table.name, position, row.values[position].clone()), row.key);
                }
            }
        }
        for of in 0..2 {
            let counter = Counter { name: "n", of };
            model.found_counter(counter, (memory.reserve(counter, 0).unwrap().start - 1).cast_signed());
        }
        for writes in &group {
            let decided = model.commit(writes).map_err(|refused| match refused {
                Refused::Conflict(write) => StoreError::Conflict { write },
                Refused::Unsure => StoreError::Busy,
            });
            prop_assert_eq!(memory.commit(writes), decided);
        }
        prop_assert!(model.effects().is_ok());
    }
}

#[test]
fn a_name_that_goes_round_within_one_commit_arrives() {
    let store = connect(&PostgresOptions::default());
    let table = SCHEMA.tables[0];
    let named = |key: u64, name: Option<&str>, expect| {
        let value = |c: &crate::store::schema::Column| match name {
            Some(name) if c.name == "name" => Value::Text(name.to_owned()),
            _ => Value::Null,
        };
        Write::Put(Row { table, key, version: 0, values: table.columns.iter().map(value).collect() }, expect)
    };
    store.commit(&[named(1, Some("a"), Expect::Absent), named(2, Some("b"), Expect::Absent)]).unwrap();
    let turn = [
        named(1, None, Expect::Version(1)),
        named(2, Some("a"), Expect::Version(1)),
        named(1, Some("b"), Expect::Version(2)),
    ];
    store.commit(&turn).unwrap();
    let versions: Vec<u64> = everything(&store).iter().map(|row| row.version).collect();
    assert_eq!(versions, [3, 2]);
}

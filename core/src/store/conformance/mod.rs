//! What every store must do, as checks that any store can be put through, in whatever language it is written.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use tegata::store::{MemoryStore, Store, conformance};
//! conformance::suite(&|| Box::new(MemoryStore::new()) as Box<dyn Store>).unwrap();
//! # }
//! ```

mod queries;
mod threads;
mod writes;

use super::schema::{Column, ColumnKind, Index, Schema, Table};
use super::{Expect, Filter, Match, Page, Query, Row, RowRef, Store, StoreError, Value, Write};

/// Fails the check with a sentence unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
/// Fails the check unless both are equal, and says what both are.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $what:expr) => {
        match (&$left, &$right) {
            (left, right) if *left == *right => {}
            (left, right) => return Err(format!("{}: got {left:?}, wanted {right:?}", $what)),
        }
    };
}
use {ensure, ensure_eq};

/// How a check ends: well, or with a sentence about what the store did wrong.
pub type Outcome = Result<(), String>;

/// One thing that every store must do.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What it is, as a sentence.
    pub name: &'static str,
    run: fn(&dyn Store) -> Outcome,
}

impl Check {
    /// Puts a new empty store through this check.
    ///
    /// # Errors
    /// What the store did wrong.
    pub fn run(&self, make: &dyn Fn() -> Box<dyn Store>) -> Outcome {
        let store = make();
        store.migrate(&SCHEMA).map_err(|e| format!("migrating an empty store: {e}"))?;
        (self.run)(store.as_ref())
    }
}

/// Lists checks under the names of their functions.
macro_rules! checks {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All checks.
        pub static CHECKS: &[Check] = &[$($(Check { name: stringify!($name), run: $module::$name },)*)*];
    };
}

checks! {
    writes:
        a_row_is_put_only_when_the_expectation_holds
        a_row_is_deleted_only_when_the_expectation_holds
        a_requirement_writes_nothing_and_guards_what_was_read
        every_write_of_a_row_counts_its_version_up
        a_conflict_names_its_write_and_undoes_those_before
        a_commit_sees_its_own_writes
        unique_values_are_unique_but_for_null
        counters_add_up_within_their_limits
        numbers_are_reserved_once_and_from_one
        empty_calls_do_nothing
        values_come_back_as_they_were
        rows_that_do_not_fit_are_refused_whole
        rows_come_in_the_order_named
        migrating_again_keeps_everything;
    queries:
        rows_are_ordered_by_every_kind_of_column
        pages_meet_without_gap_or_overlap
        rows_without_a_value_have_no_place_in_its_order
        every_match_finds_what_it_says
        filters_and_orders_combine
        a_page_is_never_empty_by_request_nor_endless
        rows_are_counted_by_value_and_bucket
        questions_without_an_answer_are_refused;
    threads:
        of_many_claims_one_wins
        reserved_numbers_never_repeat_among_threads
        additions_commute_up_to_the_limit
        one_read_sees_one_moment
        paging_survives_changes;
}

/// Puts stores made by `make` (a new empty one each time) through all checks.
///
/// # Errors
/// One line for each check that failed.
pub fn suite(make: &dyn Fn() -> Box<dyn Store>) -> Outcome {
    let failures: Vec<String> = CHECKS
        .iter()
        .filter_map(|check| check.run(make).err().map(|reason| format!("{}: {reason}", check.name)))
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

const fn column(name: &'static str, kind: ColumnKind, index: Index) -> Column {
    Column { name, kind, index, sealed: false }
}

/// A table with a column of every sort. Its names are words that SQL reserves, on purpose.
static ITEM: Table = Table {
    name: "check_item",
    columns: &[
        column("group", ColumnKind::Int, Index::Ordered),
        column("name", ColumnKind::Text, Index::Unique),
        column("order", ColumnKind::Text, Index::Ordered),
        column("note", ColumnKind::Text, Index::Searchable),
        column("digest", ColumnKind::Bytes, Index::UniqueSearchable),
        column("tag", ColumnKind::Bytes, Index::Ordered),
        column("value", ColumnKind::Int, Index::None),
        column("body", ColumnKind::Bytes, Index::None),
    ],
};

static OTHER: Table = Table { name: "check_other", columns: &[column("value", ColumnKind::Int, Index::None)] };

/// The tables that the checks use.
pub static SCHEMA: Schema = Schema { version: 7, tables: &[&ITEM, &OTHER] };

/// A row of [`ITEM`] with nothing in it but what is named.
fn item(key: u64, values: &[(&str, Value)]) -> Row {
    let value = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    Row { table: &ITEM, key, version: 0, values: ITEM.columns.iter().map(|c| value(c.name)).collect() }
}

fn other(key: u64, value: i64) -> Row {
    Row { table: &OTHER, key, version: 0, values: vec![Value::Int(value)] }
}

const fn at(table: &'static Table, key: u64) -> RowRef {
    RowRef { table, key }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn bytes(value: &[u8]) -> Value {
    Value::Bytes(value.to_vec())
}

fn put(row: Row, expect: Expect) -> Write {
    Write::Put(row, expect)
}

/// Every row, in the order of keys.
fn all(table: &'static Table) -> Query {
    Query { table, filters: Vec::new(), order: None, descending: false, after: None, limit: 1000, total: false }
}

fn filtered(filters: Vec<(&'static str, Match)>) -> Query {
    Query { filters: filters.into_iter().map(|(column, is)| Filter { column, is }).collect(), ..all(&ITEM) }
}

fn keys(page: &Page) -> Vec<u64> {
    page.rows.iter().map(|row| row.key).collect()
}

/// The call must succeed.
fn ok<T>(what: &str, result: Result<T, StoreError>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

#[allow(clippy::needless_pass_by_value, reason = "the checks read better without references")]
fn commit(store: &dyn Store, writes: Vec<Write>) -> Outcome {
    ok("a commit that should succeed", store.commit(&writes))
}

/// The commit must conflict at this write.
#[allow(clippy::needless_pass_by_value, reason = "the checks read better without references")]
fn conflicts(store: &dyn Store, writes: Vec<Write>, write: usize) -> Outcome {
    ensure_eq!(store.commit(&writes), Err(StoreError::Conflict { write }), "a commit that should conflict");
    Ok(())
}

fn one(store: &dyn Store, row: RowRef) -> Result<Option<Row>, String> {
    let mut rows = ok("getting one row", store.get(&[row]))?;
    ensure_eq!(rows.len(), 1, "one row was named");
    Ok(rows.pop().flatten())
}

/// The version of a row, 0 if there is none.
fn version(store: &dyn Store, row: RowRef) -> Result<u64, String> {
    Ok(one(store, row)?.map_or(0, |row| row.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn the_memory_store_conforms() {
        suite(&|| Box::new(MemoryStore::new()) as Box<dyn Store>).unwrap();
    }
}

//! A store that the host wrote, in whatever language: called as a callback, believed only as far as its answers fit the
//! question.
//!
//! A mistake in such a store must not become a certificate for the wrong device. So every answer is compared with what was
//! asked, and what does not fit is `store.contract` with a sentence for whoever writes the store. What can only be seen over
//! time (durability, numbers given twice, commits that happen by halves) is what the conformance suite is for.
//!
//! ```
//! use tegata::store::{Foreign, MemoryStore};
//! use tegata::{Options, Registry, store::SoftwareSealer};
//! # use std::sync::Arc;
//! # let mine = MemoryStore::new();
//! // `mine` implements `Store` by calling the host.
//! let registry = Registry::open(Foreign::new(mine), Arc::new(SoftwareSealer::generate()?), Options::default())?;
//! # Ok::<(), tegata::Error>(())
//! ```

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::check::bucket_of;
use super::schema::{Column, Schema, Table};
use super::{
    Counter, Cursor, Filter, Maintenance, Match, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write,
};
use crate::callback::{reason, run};

/// The highest version, count or number there is.
const MOST: u64 = i64::MAX.unsigned_abs();

/// A store that calls into host code, with questions checked before they are asked and answers before they are used.
///
/// The store within may leave out what is checked here: it gets no malformed question and no empty `get` or `commit`, and
/// the texts of its errors may be whatever the host said (they are cut by [`reason`]).
#[derive(Debug)]
pub struct Foreign<S>(S);

impl<S: Store> Foreign<S> {
    /// Wraps a store of the host's.
    pub const fn new(store: S) -> Self {
        Self(store)
    }

    /// The store within.
    pub const fn inner(&self) -> &S {
        &self.0
    }
}

impl<S: Store> Store for Foreign<S> {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        run(|| self.0.migrate(schema)).map_err(|error| told(error, 0))
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let range = run(|| self.0.reserve(counter, count)).map_err(|error| told(error, 0))?;
        let Range { start, end } = range;
        if end.checked_sub(start) != Some(u64::from(count)) {
            return broken("reserve gave another number of numbers than it was asked for");
        }
        if start == 0 || end > MOST {
            return broken("reserve gave numbers outside of 1 to 2^63 - 1");
        }
        Ok(range)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let found = run(|| self.0.get(rows)).map_err(|error| told(error, 0))?;
        if found.len() != rows.len() {
            return broken("get must answer with one row, or nothing, for each row named");
        }
        for (row, at) in found.iter().zip(rows) {
            let Some(row) = row else { continue };
            check_row(row, at.table, "get")?;
            if row.key != at.key {
                return broken("get answered with another row than the one named in that place");
            }
        }
        Ok(found)
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        let mut page = run(|| self.0.find(query)).map_err(|error| told(error, 0))?;
        check_page(query, &page)?;
        if !query.total {
            page.total = None;
        }
        Ok(page)
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        let counts = run(|| self.0.count(tally)).map_err(|error| told(error, 0))?;
        check_counts(tally, &counts)?;
        Ok(counts)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().try_for_each(Write::check)?;
        if writes.is_empty() {
            return Ok(());
        }
        run(|| self.0.commit(writes)).map_err(|error| told(error, writes.len()))
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        self.0.maintenance()
    }
}

fn contract(reason: impl Into<String>) -> StoreError {
    StoreError::Contract { reason: reason.into() }
}

fn broken<T>(reason: &str) -> Result<T, StoreError> {
    Err(contract(reason))
}

/// A host's error as callers may see it, from a call with this many writes.
fn told(error: StoreError, writes: usize) -> StoreError {
    match error {
        StoreError::Conflict { write } if write >= writes => {
            contract(format!("it named write {write} of {writes} as the one that collides"))
        }
        StoreError::Unavailable { reason: text } => StoreError::Unavailable { reason: reason(&text) },
        StoreError::Corrupt { at } => StoreError::Corrupt { at: reason(&at) },
        StoreError::NotADatabase { reason: text } => StoreError::NotADatabase { reason: reason(&text) },
        StoreError::Backend { reason: text } => StoreError::Backend { reason: reason(&text) },
        StoreError::InvalidQuery { reason: text } => StoreError::InvalidQuery { reason: reason(&text) },
        StoreError::Contract { reason: text } => StoreError::Contract { reason: reason(&text) },
        other => other,
    }
}

/// Whether a row can be one of `table`.
fn check_row(row: &Row, table: &'static Table, method: &str) -> Result<(), StoreError> {
    if row.table != table {
        return Err(contract(format!("{method} answered with a row of another table than {}", table.name)));
    }
    if !(1..=MOST).contains(&row.version) {
        return Err(contract(format!("{method} answered with a row of {} without a version", table.name)));
    }
    row.check().map_err(|error| match error {
        StoreError::InvalidQuery { reason } => contract(format!("{method}: {reason}")),
        other => other,
    })
}

/// One filter, made ready for many rows.
enum Test<'q> {
    OneOf(usize, HashSet<&'q Value>),
    Other(usize, &'q Filter),
}

impl<'q> Test<'q> {
    fn of(filter: &'q Filter, table: &Table) -> Result<Self, StoreError> {
        let (at, _) = table.column(filter.column)?;
        Ok(match &filter.is {
            Match::In(values) if values.len() > 8 => Self::OneOf(at, values.iter().collect()),
            _ => Self::Other(at, filter),
        })
    }

    fn passes(&self, row: &Row) -> bool {
        match self {
            Self::OneOf(at, wanted) => row.values.get(*at).is_some_and(|v| *v != Value::Null && wanted.contains(v)),
            Self::Other(at, filter) => row.values.get(*at).is_some_and(|value| filter.passes(value)),
        }
    }
}

/// Where a row stands in an order: the column's value, then the key as databases order it.
type Place<'r> = (&'r Value, i64);

fn check_page(query: &Query, page: &Page) -> Result<(), StoreError> {
    if page.rows.len() > query.page_size() {
        return broken("find answered with more rows than the page may hold");
    }
    let tests = query.filters.iter().map(|filter| Test::of(filter, query.table)).collect::<Result<Vec<_>, _>>()?;
    let order = query.order.map(|name| query.table.column(name)).transpose()?.map(|(at, _)| at);
    let after = if query.descending { Ordering::Greater } else { Ordering::Less };
    let mut last: Option<Place<'_>> = query.after.as_ref().map(|cursor| (&cursor.value, cursor.key.cast_signed()));
    for row in &page.rows {
        check_row(row, query.table, "find")?;
        if !tests.iter().all(|test| test.passes(row)) {
            return broken("find answered with a row that a filter does not let pass");
        }
        let value = order.map_or(Some(&Value::Null), |at| row.values.get(at)).unwrap_or(&Value::Null);
        if order.is_some() && *value == Value::Null {
            return broken("find answered with a row that has no value in the column of the order");
        }
        let place = (value, row.key.cast_signed());
        if last.is_some_and(|last| last.cmp(&place) != after) {
            return broken("find answered with rows out of order, or again, or before the cursor");
        }
        last = Some(place);
    }
    match (&page.next, page.rows.last().and(last)) {
        (Some(_), None) => return broken("find named a next page after an empty one"),
        (Some(Cursor { value, key }), Some(last)) if (value, key.cast_signed()) != last => {
            return broken("the cursor to the next page must be the place of the last row");
        }
        _ => {}
    }
    match page.total {
        None if query.total => broken("find was asked for the total and did not tell it"),
        Some(total) if query.total && !(page.rows.len() as u64..=MOST).contains(&total) => {
            broken("find told a total that cannot be")
        }
        _ => Ok(()),
    }
}

fn check_counts(tally: &Tally, counts: &[(Value, u64)]) -> Result<(), StoreError> {
    let column: Option<&Column> = tally.by.map(|name| tally.table.column(name)).transpose()?.map(|(_, column)| column);
    let fits = |value: &Value| match (column, value) {
        (None, value) => *value == Value::Null,
        (Some(_), Value::Int(number)) if tally.bucket.is_some_and(|width| bucket_of(*number, width) != *number) => {
            *number == i64::MIN
        }
        (Some(column), value) => column.kind.admits(value),
    };
    if !counts.iter().all(|(value, _)| fits(value)) {
        return broken("count answered with a value that the column (or bucket) cannot have");
    }
    if !counts.is_sorted_by(|(a, _), (b, _)| a < b) {
        return broken("count must answer with each value once, in their order");
    }
    if counts.iter().any(|(_, count)| *count > MOST) {
        return broken("count answered with a number that cannot be");
    }
    Ok(())
}

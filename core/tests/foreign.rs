//! The pattern for stores in other languages: a dictionary of rows behind one lock, about as short as a store can be.
//!
//! It knows tables by their names and columns by their places, as code in another language would; `Foreign` checks what
//! goes in and what comes out. Copy its structure: five plain methods, and a commit on a copy that replaces the original
//! only when every write went well.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Mutex;

use common::World;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::schema::{Index, Schema, Table};
use tegata::store::{
    Counter, Cursor, Expect, Filter, Foreign, Match, MemoryStore, Page, Query, Row, RowRef, Store, StoreError, Tally,
    Value, Write, conformance,
};
use tegata::{CrlOptions, Presented, Proof, Renew};

/// What is kept of a row: how often it was written, and its values.
#[derive(Clone)]
struct Kept {
    version: u64,
    values: Vec<Value>,
}

/// Everything: the schema's version, the columns' names by table, the rows by table and key, the counters.
#[derive(Clone, Default)]
struct Contents {
    version: u32,
    columns: HashMap<String, Vec<String>>,
    // Keys are signed, so that they are ordered as the contract wants it.
    rows: HashMap<String, BTreeMap<i64, Kept>>,
    counters: HashMap<(String, u64), u64>,
}

#[derive(Default)]
struct Dictionary(Mutex<Contents>);

impl Store for Dictionary {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        let mut contents = self.0.lock().unwrap();
        if contents.version > schema.version {
            return Err(StoreError::Schema { found: contents.version, supported: schema.version });
        }
        contents.version = schema.version;
        for table in schema.tables {
            let new: Vec<String> = table.columns.iter().map(|column| column.name.to_owned()).collect();
            let old = contents.columns.insert(table.name.to_owned(), new.clone()).unwrap_or_default();
            // Columns may have been added: every row gets a value for each, nothing where there was none.
            for kept in contents.rows.entry(table.name.to_owned()).or_default().values_mut() {
                let value = |name| old.iter().position(|o| o == name).and_then(|at| kept.values.get(at).cloned());
                kept.values = new.iter().map(|name| value(name).unwrap_or_default()).collect();
            }
        }
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let mut contents = self.0.lock().unwrap();
        let taken = contents.counters.entry((counter.name.to_owned(), counter.of)).or_default();
        let first = *taken + 1;
        let used_up = || StoreError::Backend { reason: format!("the counter {} is used up", counter.name) };
        *taken = taken.checked_add(count.into()).filter(|last| *last < i64::MAX as u64).ok_or_else(used_up)?;
        Ok(first..first + u64::from(count))
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let contents = self.0.lock().unwrap();
        let row = |at: &RowRef| {
            let key = at.key.cast_signed();
            contents.table(at.table.name)?.get(&key).map(|kept| answer(at.table, key, kept))
        };
        Ok(rows.iter().map(row).collect())
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let contents = self.0.lock().unwrap();
        let order = query.order.map(|name| query.table.position(name).unwrap());
        // Where a row stands: by the column of the order, then by key. Rows with nothing there have no place.
        let place = |key: i64, kept: &Kept| (order.map_or(Value::Null, |at| kept.values[at].clone()), key);
        let mut rows: Vec<_> = contents.passing(query.table, &query.filters).collect();
        rows.retain(|(key, kept)| order.is_none() || place(*key, kept).0 != Value::Null);
        rows.sort_by_key(|(key, kept)| place(*key, kept));
        if query.descending {
            rows.reverse();
        }
        let total = query.total.then_some(rows.len() as u64);
        if let Some(cursor) = &query.after {
            let last = (cursor.value.clone(), cursor.key.cast_signed());
            rows.retain(|(key, kept)| {
                let place = place(*key, kept);
                if query.descending { place < last } else { place > last }
            });
        }
        let more = rows.len() > query.page_size();
        rows.truncate(query.page_size());
        let next = rows.last().filter(|_| more).map(|(key, kept)| {
            let (value, key) = place(*key, kept);
            Cursor { value, key: key.cast_unsigned() }
        });
        let rows = rows.into_iter().map(|(key, kept)| answer(query.table, key, kept)).collect();
        Ok(Page { rows, next, total })
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        let contents = self.0.lock().unwrap();
        let mut counts: BTreeMap<Value, u64> = BTreeMap::new();
        let Some(by) = tally.by else {
            let all = contents.passing(tally.table, &tally.filters).count() as u64;
            return Ok(vec![(Value::Null, all)]);
        };
        let at = tally.table.position(by).unwrap();
        for (_, kept) in contents.passing(tally.table, &tally.filters) {
            let value = match (&kept.values[at], tally.bucket) {
                // Down to a multiple of the bucket's width, or to the least number where there is no such multiple.
                (Value::Int(number), Some(width)) => Value::Int(number.saturating_sub(number.rem_euclid(width))),
                (value, _) => value.clone(),
            };
            *counts.entry(value).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut contents = self.0.lock().unwrap();
        let mut next = contents.clone();
        for (index, write) in writes.iter().enumerate() {
            if !next.apply(write) {
                return Err(StoreError::Conflict { write: index });
            }
        }
        *contents = next;
        Ok(())
    }
}

impl Contents {
    fn table(&self, name: &str) -> Option<&BTreeMap<i64, Kept>> {
        self.rows.get(name)
    }

    /// The rows of a table that pass all filters, by key.
    fn passing<'c>(&'c self, table: &'static Table, filters: &'c [Filter]) -> impl Iterator<Item = (i64, &'c Kept)> {
        let passes =
            move |kept: &Kept| filters.iter().all(|f| matches(&kept.values[table.position(f.column).unwrap()], &f.is));
        self.table(table.name).into_iter().flatten().map(|(key, kept)| (*key, kept)).filter(move |(_, k)| passes(k))
    }

    fn meets(&self, table: &Table, key: u64, expect: Expect) -> bool {
        let found = self.table(table.name).and_then(|rows| rows.get(&key.cast_signed()));
        match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found.is_some_and(|kept| kept.version == version),
        }
    }

    /// Whether another row has one of this row's values in a column where each value may stand once.
    fn is_taken(&self, row: &Row) -> bool {
        let key = row.key.cast_signed();
        let others = || self.table(row.table.name).into_iter().flatten().filter(|(other, _)| **other != key);
        row.table.columns.iter().zip(&row.values).enumerate().any(|(at, (column, value))| {
            matches!(column.index, Index::Unique | Index::UniqueSearchable)
                && *value != Value::Null
                && others().any(|(_, kept)| kept.values[at] == *value)
        })
    }

    /// Does one write, or tells that it collides.
    fn apply(&mut self, write: &Write) -> bool {
        match write {
            Write::Put(row, expect) => {
                if !self.meets(row.table, row.key, *expect) || self.is_taken(row) {
                    return false;
                }
                let rows = self.rows.entry(row.table.name.to_owned()).or_default();
                let version = rows.get(&row.key.cast_signed()).map_or(1, |old| old.version + 1);
                rows.insert(row.key.cast_signed(), Kept { version, values: row.values.clone() });
            }
            Write::Delete(at, expect) => {
                if !self.meets(at.table, at.key, *expect) {
                    return false;
                }
                self.rows.entry(at.table.name.to_owned()).or_default().remove(&at.key.cast_signed());
            }
            Write::Require(at, expect) => return self.meets(at.table, at.key, *expect),
            Write::Add { counter, by, at_most } => {
                let value = self.counters.entry((counter.name.to_owned(), counter.of)).or_default();
                let limit = (*at_most).min(i64::MAX as u64);
                match value.checked_add_signed(*by).filter(|new| *new <= limit) {
                    Some(new) => *value = new,
                    None => return false,
                }
            }
        }
        true
    }
}

fn answer(table: &'static Table, key: i64, kept: &Kept) -> Row {
    Row { table, key: key.cast_unsigned(), version: kept.version, values: kept.values.clone() }
}

/// Whether a value passes a filter. Nothing is equal to nothing, and passes no other filter.
fn matches(value: &Value, wanted: &Match) -> bool {
    match (wanted, value) {
        (Match::Eq(wanted), value) => wanted == value,
        (_, Value::Null) => false,
        (Match::In(wanted), value) => wanted.contains(value),
        (Match::Range { from, to }, value) => {
            from.as_ref().is_none_or(|from| value >= from) && to.as_ref().is_none_or(|to| value < to)
        }
        (Match::Prefix(part), Value::Text(text)) => text.starts_with(part),
        (Match::Contains(part), Value::Text(text)) => text.contains(part),
        (Match::Contains(part), Value::Bytes(octets)) => data_encoding::HEXUPPER.encode(octets).contains(part),
        _ => false,
    }
}

#[test]
fn a_dictionary_passes_the_suite() {
    if let Err(failures) = conformance::suite(&|| Box::new(Foreign::new(Dictionary::default()))) {
        panic!("{failures}");
    }
}

#[test]
fn the_checks_let_the_answers_of_good_stores_through() {
    if let Err(failures) = conformance::suite(&|| Box::new(Foreign::new(MemoryStore::new()))) {
        panic!("{failures}");
    }
}

#[test]
fn a_registry_enrolls_renews_and_revokes_on_a_dictionary() {
    let world = World::with(Foreign::new(Dictionary::default()), EnrollmentPolicy::default(), ProfileSpec::device());
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let id = enrolled.issued.certificate.id;
    let shown = Presented::Certificate { certificate: &enrolled.issued.der, proof: Proof::TlsSession, device: None };
    assert!(world.registry.authenticate(&shown).is_ok());
    let next = world.registry.certificates().renew(&Renew::same_key(id), &world.call).unwrap();
    world.registry.certificates().confirm(next.certificate.id, &world.call).unwrap();
    assert_eq!(world.registry.authenticate(&shown).unwrap_err().code(), "certificate.superseded");
    world.registry.devices().delete(enrolled.device.id, &world.call).unwrap();
    let crl = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
    assert_eq!(crl.entries, 2);
    assert_eq!(world.registry.counts().unwrap().devices.len(), 1);
}

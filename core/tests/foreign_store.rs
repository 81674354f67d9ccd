//! A store of one's own, written against the public contract alone, carries a registry; and one that answers nonsense
//! makes errors, not panics.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use common::World;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::schema::{Index, Schema};
use tegata::store::{
    Counter, Cursor, Expect, Filter, Match, MemoryStore, Page, Query, Row, RowRef, Store, StoreError, Tally, Value,
    Write, conformance,
};
use tegata::{DeviceFilter, EventFilter, Presented, Proof};

/// A list of rows and a few counters behind one lock. Slow, and right.
#[derive(Default)]
struct Ledger(Mutex<Book>);

#[derive(Clone, Default)]
struct Book {
    version: u32,
    rows: BTreeMap<(&'static str, i64), Row>,
    counters: BTreeMap<Counter, u64>,
}

impl Book {
    fn meets(&self, at: RowRef, expect: Expect) -> bool {
        let found = self.rows.get(&(at.table.name, at.key.cast_signed()));
        match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found.is_some_and(|row| row.version == version),
        }
    }

    /// Whether no other row has one of the row's unique values.
    fn is_unique(&self, row: &Row) -> bool {
        let unique = row
            .table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| matches!(column.index, Index::Unique | Index::UniqueSearchable));
        let taken = |at: usize| {
            let value = &row.values[at];
            let same = |other: &&Row| other.table == row.table && other.key != row.key && other.values[at] == *value;
            *value != Value::Null && self.rows.values().any(|other| same(&other))
        };
        !unique.into_iter().any(|(at, _)| taken(at))
    }

    fn apply(&mut self, number: usize, write: &Write) -> Result<(), StoreError> {
        let conflict = || StoreError::Conflict { write: number };
        match write {
            Write::Put(row, expect) => {
                row.check()?;
                let at = RowRef { table: row.table, key: row.key };
                if !self.meets(at, *expect) || !self.is_unique(row) {
                    return Err(conflict());
                }
                let place = (row.table.name, row.key.cast_signed());
                let version = self.rows.get(&place).map_or(1, |old| old.version + 1);
                self.rows.insert(place, Row { version, ..row.clone() });
            }
            Write::Delete(at, expect) => {
                if !self.meets(*at, *expect) {
                    return Err(conflict());
                }
                self.rows.remove(&(at.table.name, at.key.cast_signed()));
            }
            Write::Require(at, expect) => {
                if !self.meets(*at, *expect) {
                    return Err(conflict());
                }
            }
            Write::Add { counter, by, at_most } => {
                let value = self.counters.get(counter).copied().unwrap_or(0).checked_add_signed(*by);
                let limit = (*at_most).min(i64::MAX.unsigned_abs());
                self.counters.insert(*counter, value.filter(|value| *value <= limit).ok_or_else(conflict)?);
            }
        }
        Ok(())
    }

    /// The rows of a table that pass, by key.
    fn passing<'a>(&'a self, table: &str, filters: &'a [Filter]) -> impl Iterator<Item = &'a Row> {
        let wanted = table.to_owned();
        self.rows.values().filter(move |row| row.table.name == wanted && filters.iter().all(|f| passes(row, f)))
    }
}

fn passes(row: &Row, filter: &Filter) -> bool {
    let value = &row.values[row.table.position(filter.column).unwrap()];
    match (&filter.is, value) {
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

impl Store for Ledger {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        let mut book = self.0.lock().unwrap();
        if book.version > schema.version {
            return Err(StoreError::Schema { found: book.version, supported: schema.version });
        }
        book.version = schema.version;
        for row in book.rows.values_mut() {
            if let Some(table) = schema.tables.iter().find(|table| **table == row.table) {
                let old = row.clone();
                let value = |name| old.table.position(name).map_or(Value::Null, |at| old.values[at].clone());
                row.values = table.columns.iter().map(|column| value(column.name)).collect();
                row.table = table;
            }
        }
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let mut book = self.0.lock().unwrap();
        let value = book.counters.get(&counter).copied().unwrap_or(0);
        let last = value + u64::from(count);
        if last >= i64::MAX.unsigned_abs() {
            return Err(StoreError::Backend { reason: "a counter is used up".to_owned() });
        }
        book.counters.insert(counter, last);
        Ok(value + 1..last + 1)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let book = self.0.lock().unwrap();
        Ok(rows.iter().map(|at| book.rows.get(&(at.table.name, at.key.cast_signed())).cloned()).collect())
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        let book = self.0.lock().unwrap();
        let order = query.order.and_then(|column| query.table.position(column));
        let place = |row: &Row| (order.map_or(Value::Null, |at| row.values[at].clone()), row.key.cast_signed());
        let mut rows: Vec<&Row> = book.passing(query.table.name, &query.filters).collect();
        rows.retain(|row| order.is_none() || place(row).0 != Value::Null);
        rows.sort_by_key(|row| place(row));
        if query.descending {
            rows.reverse();
        }
        let total = query.total.then_some(rows.len() as u64);
        if let Some(Cursor { value, key }) = &query.after {
            let after = (value.clone(), key.cast_signed());
            rows.retain(|row| if query.descending { place(row) < after } else { place(row) > after });
        }
        let more = rows.len() > query.page_size();
        rows.truncate(query.page_size());
        let next = rows.last().filter(|_| more).map(|row| Cursor { value: place(row).0, key: row.key });
        Ok(Page { rows: rows.into_iter().cloned().collect(), next, total })
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        let book = self.0.lock().unwrap();
        let mut counts = BTreeMap::<Value, u64>::new();
        if tally.by.is_none() {
            counts.insert(Value::Null, 0);
        }
        for row in book.passing(tally.table.name, &tally.filters) {
            let value = tally.by.map_or(Value::Null, |by| row.values[tally.table.position(by).unwrap()].clone());
            let value = match (value, tally.bucket) {
                (Value::Int(number), Some(width)) => {
                    Value::Int(number.checked_rem_euclid(width).map_or(number, |rest| number.saturating_sub(rest)))
                }
                (value, _) => value,
            };
            *counts.entry(value).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut book = self.0.lock().unwrap();
        let mut next = book.clone();
        writes.iter().enumerate().try_for_each(|(number, write)| next.apply(number, write))?;
        *book = next;
        Ok(())
    }
}

#[test]
fn a_small_store_of_ones_own_passes_the_suite() {
    if let Err(failures) = conformance::suite(&|| Box::new(Ledger::default())) {
        panic!("{failures}");
    }
}

#[test]
fn a_registry_enrolls_renews_and_revokes_on_a_foreign_store() {
    let world = World::with(Ledger::default(), EnrollmentPolicy::default(), ProfileSpec::device());
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let id = enrolled.issued.certificate.id;
    let shown = Presented::Certificate { certificate: &enrolled.issued.der, proof: Proof::TlsSession, device: None };
    assert!(world.registry.authenticate(&shown).is_ok());
    let next = world.registry.certificates().renew(&tegata::Renew::same_key(id), &world.call).unwrap();
    world.registry.certificates().confirm(next.certificate.id, &world.call).unwrap();
    assert_eq!(world.registry.authenticate(&shown).unwrap_err().code(), "certificate.superseded");
    world.registry.devices().delete(enrolled.device.id, &world.call).unwrap();
    let crl = world.registry.authorities().crl(world.issuing.id, &tegata::CrlOptions::default(), &world.call).unwrap();
    assert_eq!(crl.entries, 2);
    assert_eq!(world.registry.counts().unwrap().devices.len(), 1);
}

/// What a broken store answers.
const NONSENSE: [&str; 6] = [
    "too few rows",
    "too many rows",
    "rows without values",
    "rows of another kind",
    "numbers that are none",
    "counts without a column",
];

/// A store that answers nonsense once it is told which.
struct Broken {
    store: MemoryStore,
    how: AtomicU8,
}

impl Broken {
    fn is(&self, what: &str) -> bool {
        NONSENSE.get(usize::from(self.how.load(Ordering::SeqCst)).wrapping_sub(1)) == Some(&what)
    }

    fn spoil(&self, row: &mut Row) {
        if self.is("rows without values") {
            row.values.clear();
        }
        if self.is("rows of another kind") {
            row.values.iter_mut().for_each(|value| *value = Value::Int(i64::MIN));
        }
    }
}

impl Store for Broken {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.store.migrate(schema)
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        if self.is("numbers that are none") {
            return Ok(u64::MAX..u64::MAX);
        }
        self.store.reserve(counter, count)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let mut found = self.store.get(rows)?;
        if self.is("too few rows") {
            found.pop();
        }
        if self.is("too many rows") {
            found.push(None);
        }
        found.iter_mut().flatten().for_each(|row| self.spoil(row));
        Ok(found)
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let mut page = self.store.find(query)?;
        page.rows.iter_mut().for_each(|row| self.spoil(row));
        Ok(page)
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        if self.is("counts without a column") {
            return Ok(vec![(Value::Bytes(vec![1]), u64::MAX), (Value::Int(i64::MIN), u64::MAX)]);
        }
        self.store.count(tally)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.store.commit(writes)
    }
}

#[test]
fn a_store_that_answers_nonsense_makes_errors_and_no_panic() {
    let mut refused = 0;
    for how in 1..=NONSENSE.len() {
        let store = Arc::new(Broken { store: MemoryStore::new(), how: AtomicU8::new(0) });
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
        let (_, enrolled) = world.enrolled(Some("SN-1"));
        let (_, request) = world.request(Some("SN-2"));
        let (r, id) = (&world.registry, enrolled.issued.certificate.id);
        store.how.store(u8::try_from(how).unwrap(), Ordering::SeqCst);
        let shown =
            Presented::Certificate { certificate: &enrolled.issued.der, proof: Proof::TlsSession, device: None };
        let results = [
            r.authenticate(&shown).map(drop),
            world.enroll(&request).map(drop),
            r.devices().get(enrolled.device.id).map(drop),
            r.devices().find(&DeviceFilter::default(), &tegata::Page::of(5)).map(drop),
            r.devices().disable(enrolled.device.id, &world.call).map(drop),
            r.certificates().issued(id).map(drop),
            r.certificates().renew(&tegata::Renew::same_key(id), &world.call).map(drop),
            r.certificates().delete(id, &world.call).map(drop),
            r.counts().map(drop),
            r.events().find(&EventFilter::default(), &tegata::Page::of(5)).map(drop),
            r.authorities().crl(world.issuing.id, &tegata::CrlOptions::default(), &world.call).map(drop),
        ];
        refused += results.iter().filter(|result| result.is_err()).count();
    }
    assert!(refused > 20, "only {refused} refusals");
}

#[test]
fn a_store_that_panics_in_a_commit_is_not_half_trusted() {
    struct Panics(MemoryStore, std::sync::atomic::AtomicBool);
    impl Store for Panics {
        fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
            self.0.migrate(schema)
        }
        fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
            self.0.reserve(counter, count)
        }
        fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
            self.0.get(rows)
        }
        fn find(&self, query: &Query) -> Result<Page, StoreError> {
            self.0.find(query)
        }
        fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
            self.0.count(tally)
        }
        fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
            assert!(!self.1.load(Ordering::SeqCst), "the store's own defect");
            self.0.commit(writes)
        }
    }
    let store = Arc::new(Panics(MemoryStore::new(), false.into()));
    let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
    let (_, request) = world.request(Some("SN-1"));
    store.1.store(true, Ordering::SeqCst);
    let enroll = || world.enroll(&request).map(drop).map_err(|error| error.code());
    // The panic is the store's; it reaches whoever called, and no lock of the registry stays behind.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(enroll));
    store.1.store(false, Ordering::SeqCst);
    assert_eq!(enroll(), Ok(()));
    assert_eq!(world.registry.devices().count(&DeviceFilter::default()).unwrap(), 1);
}

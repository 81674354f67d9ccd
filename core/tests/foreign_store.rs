//! What a broken store does to a registry: one that answers nonsense makes errors, not panics, and one that panics leaves
//! no lock behind.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use common::World;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::schema::Schema;
use tegata::store::{Counter, MemoryStore, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};
use tegata::{DeviceFilter, EventFilter, Presented, Proof};

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

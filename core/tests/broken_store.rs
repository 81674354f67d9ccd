//! What a broken store does to a registry: one that answers nonsense makes errors, not panics, and one that panics leaves
//! no lock behind.

#![cfg(feature = "testing")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::panic)]

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use common::World;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::schema::Schema;
use tegata::store::{
    Counter, Cursor, Foreign, MemoryStore, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write,
};
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
        let selection = tegata::Selection { algorithm: Some("ecdsa-p256".to_owned()), ..tegata::Selection::default() };
        let campaign = tegata::NewCampaign::new("one", selection.clone());
        let campaign = r.campaigns().start(&campaign, &world.call).unwrap().id;
        r.events().checkpoint(&world.call).unwrap();
        r.groups().create("lobby", &tegata::GroupChange::default(), &world.call).unwrap();
        r.events().checkpoint(&world.call).unwrap();
        let event = r.events().find(&EventFilter::default(), &tegata::Page::of(1)).unwrap().items[0].id;
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
            r.due(&tegata::Due::until(tegata::Timestamp::MAX), &tegata::Page::of(5)).map(drop),
            r.campaigns().preview(&selection).map(drop),
            r.campaigns().start(&tegata::NewCampaign::new("other", selection.clone()), &world.call).map(drop),
            r.campaigns().advance(campaign, &world.call).map(drop),
            r.campaigns().progress(campaign).map(drop),
            r.campaigns().stragglers(campaign, &tegata::Page::of(5)).map(drop),
            r.campaigns().cancel(campaign, &world.call).map(drop),
            r.events().find(&EventFilter::default(), &tegata::Page::of(5)).map(drop),
            r.events().checkpoint(&world.call).map(drop),
            r.events().verify(&tegata::VerifyEvents::default(), None).map(drop),
            r.events().prove(event).map(drop),
            r.events().prove_consistency(1, 2).map(drop),
            r.events().export_log(None, &mut Vec::new()).map(drop),
            r.events().prune(tegata::Timestamp::MAX, None, &world.call).map(drop),
            r.authorities().crl(world.issuing.id, &tegata::CrlOptions::default(), &world.call).map(drop),
        ];
        refused += results.iter().filter(|result| result.is_err()).count();
    }
    assert!(refused > 20, "only {refused} refusals");
}

/// One table with a column of each sort, and questions about it.
mod asked {
    use tegata::store::schema::{Column, ColumnKind, Index, Schema, Table};
    use tegata::store::{Filter, Match, Query, Row, RowRef, Tally, Value};

    const fn column(name: &'static str, kind: ColumnKind, index: Index) -> Column {
        Column { name, kind, index, sealed: false }
    }
    pub static LAMP: Table = Table {
        name: "lamp",
        columns: &[column("watts", ColumnKind::Int, Index::Ordered), column("place", ColumnKind::Text, Index::Unique)],
    };
    pub static OTHER: Table = Table { name: "other", columns: LAMP.columns };
    pub static SCHEMA: Schema = Schema { version: 1, tables: &[&LAMP] };

    pub fn row(key: u64, watts: i64, place: &str) -> Row {
        Row { table: &LAMP, key, version: 1, values: vec![Value::Int(watts), Value::Text(place.to_owned())] }
    }
    pub const fn at(key: u64) -> RowRef {
        RowRef { table: &LAMP, key }
    }
    pub fn query() -> Query {
        let many = (0..20).map(Value::Int).collect();
        let filter = |is| Filter { column: "watts", is };
        Query {
            table: &LAMP,
            filters: vec![filter(Match::In(many)), filter(Match::Range { from: Some(Value::Int(3)), to: None })],
            order: Some("watts"),
            descending: false,
            after: None,
            limit: 3,
            total: true,
        }
    }
    pub const fn tally() -> Tally {
        Tally { table: &LAMP, filters: Vec::new(), by: Some("watts"), bucket: Some(10) }
    }
}

/// A store that answers what it is told to.
#[derive(Default)]
struct Scripted {
    reserve: Option<Range<u64>>,
    get: Vec<Option<Row>>,
    find: Page,
    count: Vec<(Value, u64)>,
    commit: Option<StoreError>,
}

impl Store for Scripted {
    fn migrate(&self, _: &Schema) -> Result<(), StoreError> {
        Err(StoreError::NotADatabase { reason: "\n it is a cake\nstep 1".to_owned() })
    }
    fn reserve(&self, _: Counter, _: u32) -> Result<Range<u64>, StoreError> {
        self.reserve.clone().ok_or(StoreError::Conflict { write: 0 })
    }
    fn get(&self, _: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        Ok(self.get.clone())
    }
    fn find(&self, _: &Query) -> Result<Page, StoreError> {
        Ok(self.find.clone())
    }
    fn count(&self, _: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        Ok(self.count.clone())
    }
    fn commit(&self, _: &[Write]) -> Result<(), StoreError> {
        self.commit.clone().map_or(Ok(()), Err)
    }
}

/// Whether an answer was refused as none, with this in the sentence.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, StoreError>, why: &str) {
    match answer {
        Err(StoreError::Contract { reason }) if reason.contains(why) => {}
        other => panic!("wanted \"{why}\": {other:?}"),
    }
}

#[test]
fn rows_that_were_not_asked_for_are_refused() {
    let get = |get: Vec<Option<Row>>| {
        Foreign::new(Scripted { get, ..Scripted::default() }).get(&[asked::at(1), asked::at(2)])
    };
    let row = |key| Some(asked::row(key, 5, "hall"));
    assert!(get(vec![row(1), None]).is_ok() && get(vec![None, row(2)]).is_ok());
    refused(get(vec![row(1)]), "one row, or nothing");
    refused(get(vec![row(1), None, None]), "one row, or nothing");
    refused(get(vec![row(2), None]), "another row");
    refused(get(vec![row(1).map(|r| Row { table: &asked::OTHER, ..r }), None]), "another table");
    refused(get(vec![row(1).map(|r| Row { version: 0, ..r }), None]), "without a version");
    refused(get(vec![row(1).map(|r| Row { version: 1 << 63, ..r }), None]), "without a version");
    refused(get(vec![row(1).map(|r| Row { values: vec![Value::Int(1)], ..r }), None]), "2 values");
    let swapped = vec![Value::Text("hall".to_owned()), Value::Int(5)];
    refused(get(vec![row(1).map(|r| Row { values: swapped, ..r }), None]), "lamp.watts");
}

#[test]
fn pages_that_do_not_fit_the_question_are_refused() {
    use asked::row;
    let page = |rows: &[(u64, i64)], next: Option<(i64, u64)>, total| Page {
        rows: rows.iter().map(|(key, watts)| row(*key, *watts, "hall")).collect(),
        next: next.map(|(value, key)| Cursor { value: Value::Int(value), key }),
        total,
    };
    let ask = |query: &Query, find: Page| Foreign::new(Scripted { find, ..Scripted::default() }).find(query);
    let find = |rows: &[(u64, i64)], next, total| ask(&asked::query(), page(rows, next, total));
    // Keys are ordered as signed numbers.
    assert!(find(&[(u64::MAX, 4), (7, 4), (1, 5)], Some((5, 1)), Some(9)).is_ok());
    assert!(find(&[], None, Some(0)).is_ok());
    refused(find(&[(1, 4), (2, 4), (3, 4), (4, 4)], None, Some(4)), "more rows");
    refused(find(&[(1, 2)], None, Some(1)), "filter");
    refused(find(&[(1, 20)], None, Some(1)), "filter");
    refused(find(&[(1, 5), (2, 4)], None, Some(2)), "order");
    refused(find(&[(7, 4), (u64::MAX, 4)], None, Some(2)), "order");
    refused(find(&[(1, 4), (1, 4)], None, Some(2)), "again");
    refused(find(&[(1, 4)], Some((5, 1)), Some(2)), "cursor");
    refused(find(&[(1, 4)], Some((4, 2)), Some(2)), "cursor");
    refused(find(&[], Some((4, 2)), Some(2)), "next page");
    refused(find(&[(1, 4)], None, None), "total");
    refused(find(&[(1, 4)], None, Some(0)), "total");
    refused(find(&[(1, 4)], None, Some(u64::MAX)), "total");
    let after = Query { after: Some(Cursor { value: Value::Int(4), key: 7 }), ..asked::query() };
    assert!(ask(&after, page(&[(8, 4)], None, Some(5))).is_ok());
    refused(ask(&after, page(&[(7, 4)], None, Some(5))), "before the cursor");
    let down = Query { descending: true, ..after };
    assert!(ask(&down, page(&[(6, 4)], None, Some(5))).is_ok());
    refused(ask(&down, page(&[(8, 4)], None, Some(5))), "before the cursor");
    let by_key = Query { order: None, after: None, total: false, ..asked::query() };
    assert_eq!(ask(&by_key, page(&[(1, 9), (2, 4)], None, Some(9))).unwrap().total, None);
    let nowhere =
        Page { rows: vec![Row { values: vec![Value::Null, Value::Null], ..row(1, 0, "") }], ..Page::default() };
    let unfiltered = Query { filters: Vec::new(), total: false, ..asked::query() };
    refused(ask(&unfiltered, nowhere), "no value in the column of the order");
    // What cannot be asked is not asked.
    let strange = Query { order: Some("weight"), ..asked::query() };
    assert!(matches!(ask(&strange, Page::default()), Err(StoreError::InvalidQuery { .. })));
}

#[test]
fn counts_numbers_and_conflicts_that_cannot_be_are_refused() {
    let count = |counts: &[(Value, u64)]| {
        Foreign::new(Scripted { count: counts.to_vec(), ..Scripted::default() }).count(&asked::tally())
    };
    let int = Value::Int;
    assert!(count(&[(Value::Null, 1), (int(i64::MIN), 1), (int(-10), 2), (int(0), 3)]).is_ok());
    refused(count(&[(int(5), 1)]), "bucket");
    refused(count(&[(Value::Text("5".to_owned()), 1)]), "bucket");
    refused(count(&[(int(10), 1), (int(0), 1)]), "order");
    refused(count(&[(int(10), 1), (int(10), 1)]), "once");
    refused(count(&[(int(10), u64::MAX)]), "cannot be");
    let reserve = |reserve: Range<u64>| {
        let store = Foreign::new(Scripted { reserve: Some(reserve), ..Scripted::default() });
        store.reserve(Counter { name: "lamp", of: 0 }, 3)
    };
    assert_eq!(reserve(4..7), Ok(4..7));
    for wrong in [0..3, 4..6, 4..8, u64::MAX - 3..u64::MAX] {
        refused(reserve(wrong), "numbers");
    }
    #[allow(clippy::reversed_empty_ranges)]
    refused(reserve(7..4), "numbers");
    let commit = |commit| {
        let put = Write::Put(asked::row(1, 1, "hall"), tegata::store::Expect::Any);
        Foreign::new(Scripted { commit: Some(commit), ..Scripted::default() }).commit(&[put.clone(), put])
    };
    assert_eq!(commit(StoreError::Conflict { write: 1 }), Err(StoreError::Conflict { write: 1 }));
    refused(commit(StoreError::Conflict { write: 2 }), "write 2 of 2");
    let store = Foreign::new(Scripted::default());
    refused(store.reserve(Counter { name: "lamp", of: 0 }, 3), "write 0 of 0");
    assert_eq!((store.commit(&[]), store.get(&[])), (Ok(()), Ok(Vec::new())));
}

#[test]
fn what_a_store_says_of_its_failure_is_cut_to_one_line() {
    let failure = Foreign::new(Scripted::default()).migrate(&asked::SCHEMA).unwrap_err();
    assert_eq!(failure, StoreError::NotADatabase { reason: "it is a cake".to_owned() });
    let put = Write::Put(asked::row(1, 1, "hall"), tegata::store::Expect::Any);
    let told = StoreError::Backend { reason: format!("{}\n at x", "no\u{7f}".repeat(200)) };
    let store = Foreign::new(Scripted { commit: Some(told), ..Scripted::default() });
    let Err(StoreError::Backend { reason }) = store.commit(&[put]) else { panic!() };
    assert_eq!(reason.chars().count(), tegata::callback::MAX_REASON);
    assert!(reason.starts_with("nono") && reason.ends_with('…'));
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

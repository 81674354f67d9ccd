//! A registry with many devices, sooner than they could enroll: the rows of two that did are carried on, past the registry and
//! without cryptography, as its tables would hold them. Only their certificates are none.

use std::path::Path;
use std::sync::Arc;

use tegata::Bulk;
use tegata::store::schema::Table;
use tegata::store::tables::{ASSIGNMENTS, BINDINGS, CERTIFICATES, DEVICES, DOCUMENTS, EVENTS};
use tegata::store::{Counter, Expect, Query, Row, SqliteOptions, SqliteStore, Store, Value, Write};
use tegata_benches::Bench;

const A_PORTION: u64 = 512;

/// The tables with a row for each enrollment; documents have their certificate's number.
const ROWS: [&Table; 5] = [&DEVICES, &CERTIFICATES, &DOCUMENTS, &ASSIGNMENTS, &EVENTS];

/// A registry in a new file that holds as many devices with a certificate.
pub(crate) fn fill(file: &Path, devices: u64) -> (Bench, Arc<SqliteStore>) {
    let store = Arc::new(SqliteStore::open(file, SqliteOptions::default()).unwrap());
    (fill_into(&store, devices), store)
}

/// The same in any empty store.
pub(crate) fn fill_into<S: Store + 'static>(store: &Arc<S>, devices: u64) -> Bench {
    let bench = Bench::new(Arc::clone(store));
    let units = bench.units(900_000_000_000, 2);
    for result in bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap() {
        result.unwrap();
    }
    let patterns: Vec<_> = ROWS.iter().map(|table| Pattern::of(store.as_ref(), table)).collect();
    // All tables' numbers run in step from here on, so that what refers to a row is as far on as the row.
    let stand = |table: &Table| store.reserve(Counter { name: table.name, of: 0 }, 0).unwrap().start;
    let step = ROWS.iter().map(|table| stand(table)).max().unwrap();
    for table in ROWS.iter().filter(|table| ***table != DOCUMENTS) {
        store.reserve(Counter { name: table.name, of: 0 }, u32::try_from(step + devices).unwrap()).unwrap();
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let owner = Pattern::of(store.as_ref(), &BINDINGS);
    for first in (0..devices).step_by(usize::try_from(A_PORTION).unwrap_or(usize::MAX)) {
        let mut writes = Vec::new();
        for n in step + first..step + devices.min(first + A_PORTION) {
            writes.extend(patterns.iter().map(|pattern| Write::Put(pattern.row(n, &mut random), Expect::Absent)));
            // A key and a unit.
            for _ in 0..2 {
                let mut row = owner.row(n, &mut random);
                row.key = random.next();
                writes.push(Write::Put(row, Expect::Absent));
            }
        }
        store.commit(&writes).unwrap();
    }
    bench
}

/// Two rows that came one after the other.
struct Pattern(Row, Row);

impl Pattern {
    fn of(store: &dyn Store, table: &'static Table) -> Self {
        let query =
            Query { table, filters: vec![], order: None, descending: true, after: None, limit: 2, total: false };
        let [second, first] = <[Row; 2]>::try_from(store.find(&query).unwrap().rows).unwrap();
        Self(first, second)
    }

    /// The row that comes `steps` later: numbers go on as they did, all else that differed is random.
    fn row(&self, steps: u64, random: &mut Random) -> Row {
        let Self(first, second) = self;
        let on = |(first, second): (&Value, &Value)| match (first, second) {
            (Value::Int(a), Value::Int(b)) if a.abs_diff(*b) <= 64 => Value::Int(a + (b - a) * steps.cast_signed()),
            (Value::Int(_), Value::Int(_)) => Value::Int(random.next().cast_signed()),
            (Value::Text(a), Value::Text(b)) if a != b => {
                Value::Text(a.bytes().map(|_| char::from(b'a' + (random.next().to_be_bytes()[3] % 26))).collect())
            }
            (Value::Bytes(a), Value::Bytes(b)) if a != b => {
                let mut bytes = a.clone();
                // Letters, since some are text in DER.
                let letter = |random: &mut Random| b'a' + (random.next().to_be_bytes()[3] % 26);
                bytes.iter_mut().rev().take(16).for_each(|octet| *octet = letter(random));
                Value::Bytes(bytes)
            }
            (same, _) => same.clone(),
        };
        let values = first.values.iter().zip(&second.values).map(on).collect();
        Row { table: first.table, key: first.key.wrapping_add(steps), version: 0, values }
    }
}

/// Spread well, and the same at every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

//! `postgres`: enrollments a second into a PostgreSQL server on this machine that holds `TEGATA_ROWS` devices (1,000,000
//! by default), in bulk and by 64 callers, over the same into memory; what a caller alone waits; rows a second through the
//! store alone; and what `flat` (over 100,000), `open`, `memory`, `ocsp` and `crl-1m` are there, by the clock on the wall, since a
//! server works too. The server is one of our own, with `fsync` on, unless `TEGATA_POSTGRES_URL` names another, an empty database.

use std::sync::Arc;
use std::time::Instant;

use tegata::Enroll;
use tegata::store::schema::{Column, ColumnKind, Index, Schema, Table};
use tegata::store::{Expect, MemoryStore, PostgresOptions, PostgresStore, Row, RowRef, Store, Value, Write};
use tegata_benches::Bench;

use crate::durable::{enroll_all, enroll_by_callers};
use crate::filler::fill_into;
use crate::server::Server;
use crate::{crl, median, ocsp, print, scale, seconds, setting};

const A_ROUND: usize = 2_000;
const ROUNDS: u64 = 5;

fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(url, &PostgresOptions::default()).unwrap()
}

pub(crate) fn measure() {
    let given = std::env::var("TEGATA_POSTGRES_URL").ok();
    let own = given.is_none().then(|| Server::start_with("-c fsync=on -c shared_buffers=256MB -c max_wal_size=4GB"));
    // Each in a schema of its own.
    let url = |schema: &str| match (&given, &own) {
        (Some(url), _) => format!("{url}{}schema={schema}", if url.contains('?') { '&' } else { '?' }),
        (None, own) => own.as_ref().unwrap().url(),
    };
    rows(&connect(&url("rows")));
    let (devices, begun, many) = (setting("TEGATA_ROWS", 1_000_000), Instant::now(), url("many"));
    let full = fill_into(&Arc::new(connect(&many)), devices as u64);
    eprintln!("filled with {devices} devices in {:.0} s", begun.elapsed().as_secs_f64());
    let memory = Bench::new(MemoryStore::new());
    for (name, work, first) in [
        ("postgres-bulk", enroll_all as fn(&Bench, &[Enroll]), 1_000_000_000),
        ("postgres-64", enroll_by_callers, 2_000_000_000),
    ] {
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let units = full.units(first + round * 1_000_000, A_ROUND);
            let stored = seconds(|| work(&full, &units));
            let units = memory.units(first + round * 1_000_000, A_ROUND);
            let in_memory = seconds(|| work(&memory, &units));
            ratios.push(in_memory / stored);
            rates.push(A_ROUND as f64 / stored);
        }
        print(name, median(ratios));
        print(&format!("{name}-per-second"), median(rates));
    }
    let units = full.units(3_000_000_000, 300);
    let alone = units.iter().map(|unit| seconds(|| drop(full.registry.devices().enroll(unit, &full.call).unwrap())));
    print("postgres-alone-ms", median(alone.collect()) * 1e3);

    let few = url("few");
    scale::compare("postgres-flat", &fill_into(&Arc::new(connect(&few)), 100_000), &full);
    scale::opening("postgres-open", &few, &many);
    scale::served_elsewhere(full, &many);
    ocsp::through("postgres-ocsp", &Bench::new(connect(&url("ocsp"))), ocsp::elapsed);
    let names = ["postgres-revoke-1m", "postgres-crl-1m", "postgres-crl-1m-call"];
    crl::durably(&Arc::new(connect(&url("crl"))), names, on_the_wall);
}

/// Seconds since some moment.
fn on_the_wall() -> f64 {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64()
}

static ROW: Table = Table {
    name: "row",
    columns: &[
        Column { name: "name", kind: ColumnKind::Text, index: Index::Unique, sealed: false },
        Column { name: "number", kind: ColumnKind::Int, index: Index::Ordered, sealed: false },
        Column { name: "body", kind: ColumnKind::Bytes, index: Index::None, sealed: false },
    ],
};

static ROWS: Schema = Schema { version: 1, tables: &[&ROW] };

/// The store alone: inserting and reading rows of 300 octets with two indexes.
fn rows(store: &PostgresStore) {
    store.migrate(&ROWS).unwrap();
    let row = |key: u64| {
        let name = format!("{:016x}", key.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let values = vec![Value::Text(name), Value::Int(key.cast_signed() % 1000), Value::Bytes(vec![7; 250])];
        Write::Put(Row { table: &ROW, key, version: 0, values }, Expect::Absent)
    };
    let mut next = 1_u64;
    for portion in [1, 10, 100, 1_000] {
        let (begun, mut written) = (Instant::now(), 0);
        while begun.elapsed().as_secs_f64() < 2.0 {
            store.commit(&(next..next + portion).map(row).collect::<Vec<_>>()).unwrap();
            (next, written) = (next + portion, written + portion);
        }
        print(&format!("postgres-rows-per-second-by-{portion}"), written as f64 / begun.elapsed().as_secs_f64());
    }
    let (begun, mut reads) = (Instant::now(), 0_u64);
    while begun.elapsed().as_secs_f64() < 1.0 {
        reads += 1;
        store.get(&[RowRef { table: &ROW, key: reads % next }]).unwrap();
    }
    print("postgres-reads-per-second-alone", reads as f64 / begun.elapsed().as_secs_f64());
}

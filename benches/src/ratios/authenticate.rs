//! `authenticate`: devices recognised a second on one core, by their passwords and by their certificates, against a SQLite
//! registry that holds `TEGATA_ROWS` devices with a password each (1,000,000 by default). The first figure is with the file
//! mapped into memory ([`SqliteOptions::map`]), the others are without.
//!
//! The devices that come are spread over all of them and come in no order, so that each needs pages of the file that the
//! one before did not.

use std::hint::black_box;

use tegata::store::{SqliteOptions, SqliteStore};
use tegata::{Bulk, NewDevice, Presented, Principal, Provision, PskWish, Registry};
use tegata_benches::Bench;

use crate::{median, print, seconds, setting};

/// How many different devices come in a round.
const COMING: usize = 20_000;
const WITH_CERTIFICATES: usize = 2_000;
const ROUNDS: usize = 9;
const A_PORTION: usize = 10_000;

/// Provisions `rows` devices with a password, and keeps the identities and passwords of `COMING` of them.
fn fill(bench: &Bench, rows: usize) -> Vec<(String, Vec<u8>)> {
    let every = (rows / COMING).max(1);
    let mut kept = Vec::new();
    for first in (0..rows).step_by(A_PORTION) {
        let wishes: Vec<_> = (first..rows.min(first + A_PORTION))
            .map(|n| Provision::new(NewDevice::named(format!("lamp {n:07}"))).with_psk(PskWish::password()))
            .collect();
        let results = bench.registry.devices().provision_many(&wishes, &Bulk::each(), &bench.call).unwrap();
        for (n, result) in results.into_iter().enumerate() {
            let psk = result.unwrap().psk.unwrap();
            if (first + n) % every == 0 {
                kept.push((psk.psk.identity.clone(), psk.secret.unwrap().expose().clone()));
            }
        }
    }
    kept
}

/// Out of order, the same way at every run.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, (state >> 33) as usize % (at + 1));
    }
}

/// Seconds that this thread was on a core, where the system tells (Linux): what others run meanwhile does not count.
pub(crate) fn on_core() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
}

/// How many a second of one core.
fn rate<T>(items: &[T], mut authenticate: impl FnMut(&T) -> tegata::Result<Principal>) -> f64 {
    let rates = (0..ROUNDS)
        .map(|_| {
            let before = on_core();
            let took = seconds(|| {
                for item in items {
                    black_box(authenticate(item).unwrap());
                }
            });
            let spent = before.zip(on_core()).map_or(took, |(before, after)| after - before);
            items.len() as f64 / spent
        })
        .collect();
    median(rates)
}

pub(crate) fn measure() {
    let folder = tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let store = |map| {
        let options = SqliteOptions { map, ..SqliteOptions::default() };
        SqliteStore::open(folder.path().join("fleet.sqlite"), options).unwrap()
    };
    let bench = Bench::new(store(0));
    let rows = setting("TEGATA_ROWS", 1_000_000);
    let mut passwords = Vec::new();
    let took = seconds(|| passwords = fill(&bench, rows));
    eprintln!("provisioned {rows} devices with a password in {took:.0} s");
    let units = bench.units(3_000_000_000, WITH_CERTIFICATES);
    let enrolled = bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap();
    let mut certificates: Vec<_> = enrolled.into_iter().map(|result| result.unwrap().issued.der).collect();

    shuffle(&mut passwords);
    shuffle(&mut certificates);
    // As a gateway has it that was started on what is there.
    drop(bench);
    let by_password = |(identity, secret): &(String, Vec<u8>), registry: &Registry| {
        registry.authenticate(&Presented::psk(identity, secret))
    };
    let mapped = tegata_benches::open(store(1 << 36));
    print("authenticate", rate(&passwords, |password| by_password(password, &mapped)));
    drop(mapped);
    let registry = tegata_benches::open(store(0));
    print("authenticate-not-mapped", rate(&passwords, |password| by_password(password, &registry)));
    let by_certificate = rate(&certificates, |certificate| registry.authenticate(&Presented::over_tls(certificate)));
    print("authenticate-certificates-per-second", by_certificate);
}

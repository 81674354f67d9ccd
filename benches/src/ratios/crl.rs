//! `crl-1m`: a CRL of `TEGATA_REVOKED` entries (1,000,000 by default) against hashing and signing those very bytes.
//!
//! The first figure is what building is: the encoded entries read from the store, portion by portion, copied behind a new
//! head into the memory of the CRL before, hashed and signed. `crl-1m-call` is the whole call, which makes the CRL in memory of
//! its own, stores 50 MB and returns them; in a SQLite file also durably. `revoke-1m` is what revoking costs then, in processor
//! time, against what it cost before there was any.

use std::sync::Arc;
use std::time::Instant;

use tegata::store::tables::{CRL_CHUNKS, REVOCATIONS};
use tegata::store::{Expect, MemoryStore, Query, Row, SqliteOptions, SqliteStore, Store, Value, Write};
use tegata::x509::{CrlTemplate, CrlWriter};
use tegata::{AuthorityId, Bulk, CertificateId, CrlOptions, KeyAlgorithm, PrivateKey, RevocationReason, Signer};
use tegata_benches::Bench;

use crate::filler::Random;
use crate::{cpu, median, print, seconds, setting};

/// Certificates that are revoked one by one, before and after.
const SOME: u64 = 2_000;

pub(crate) fn measure() {
    let revoked = setting("TEGATA_REVOKED", 1_000_000);
    let memory = Arc::new(MemoryStore::new());
    let (bench, issuing) = fleet(&memory, revoked);
    let der = bench.registry.authorities().crl(issuing, &CrlOptions::default(), &bench.call).unwrap().der;
    println!("crl-1m-entries\t{revoked}");
    println!("crl-1m-octets\t{}", der.len());
    print("crl-1m-floor-ms", floor(&der) * 1e3);
    print("crl-1m", compared(&der, |key| built(memory.as_ref(), der.len(), key)));
    print("crl-1m-call", compared(&der, |_| called(&bench, issuing)));
    drop((bench, memory));

    let folder = tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("crl.sqlite"), SqliteOptions::default()).unwrap());
    durably(&store, ["revoke-1m", "crl-1m-sqlite", "crl-1m-sqlite-call"], cpu);
}

/// Revoking, building and calling on an empty store that survives a power cut; revoking by this clock.
pub(crate) fn durably<S: Store + 'static>(store: &Arc<S>, names: [&str; 3], clock: fn() -> f64) {
    let revoked = setting("TEGATA_REVOKED", 1_000_000);
    let bench = Bench::new(Arc::clone(store));
    let units = bench.units(0, usize::try_from(2 * SOME).unwrap());
    let enrolled = bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap();
    let ids: Vec<CertificateId> = enrolled.into_iter().map(|item| item.unwrap().issued.certificate.id).collect();
    let (first, second) = ids.split_at(ids.len() / 2);
    let before = revoke(&bench, first, clock);
    let issuing = bench.registry.certificates().get(ids[0]).unwrap().authority;
    multiply(store.as_ref(), &bench, issuing, revoked);
    print(names[0], revoke(&bench, second, clock) / before);
    let der = bench.registry.authorities().crl(issuing, &CrlOptions::default(), &bench.call).unwrap().der;
    print(names[1], compared(&der, |key| built(store.as_ref(), der.len(), key)));
    print(names[2], compared(&der, |_| called(&bench, issuing)));
}

/// A registry whose issuing authority has revoked so many.
fn fleet<S: Store + 'static>(store: &Arc<S>, revoked: usize) -> (Bench, AuthorityId) {
    let bench = Bench::new(Arc::clone(store));
    let enrolled = bench.registry.devices().enroll(&bench.units(0, 1)[0], &bench.call).unwrap();
    revoke(&bench, &[enrolled.issued.certificate.id], cpu);
    let issuing = enrolled.issued.certificate.authority;
    multiply(store.as_ref(), &bench, issuing, revoked);
    (bench, issuing)
}

/// The time of revoking these one by one.
fn revoke(bench: &Bench, ids: &[CertificateId], clock: fn() -> f64) -> f64 {
    let start = clock();
    for id in ids {
        bench.registry.certificates().revoke(*id, RevocationReason::CessationOfOperation, &bench.call).unwrap();
    }
    clock() - start
}

/// As many rows like the last revocation, and CRLs until all of them are in chunks.
fn multiply(store: &dyn Store, bench: &Bench, issuing: AuthorityId, revoked: usize) {
    let rows = |limit| Query {
        table: &REVOCATIONS,
        filters: vec![],
        order: None,
        descending: true,
        after: None,
        limit,
        total: true,
    };
    let pattern = store.find(&rows(1)).unwrap().rows.remove(0);
    let serial = REVOCATIONS.position("serial").unwrap();
    let mut random = Random(7);
    let numbers: Vec<u64> = (1..=revoked as u64).map(|n| (1 << 40) + n).collect();
    for portion in numbers.chunks(4_096) {
        let writes: Vec<_> = portion
            .iter()
            .map(|key| {
                let mut row = Row { key: *key, ..pattern.clone() };
                let (high, low) = (random.next() >> 1 | 1 << 62, random.next());
                row.values[serial] = Value::Bytes([high.to_be_bytes(), low.to_be_bytes()].concat());
                Write::Put(row, Expect::Absent)
            })
            .collect();
        store.commit(&writes).unwrap();
    }
    while store.find(&rows(1)).unwrap().total != Some(0) {
        let start = Instant::now();
        let crl = bench.registry.authorities().crl(issuing, &CrlOptions::default(), &bench.call).unwrap();
        eprintln!("crl {}: {} entries, {:.2} s", crl.number, crl.entries, start.elapsed().as_secs_f64());
    }
}

/// Hashing and signing.
fn floor(der: &[u8]) -> f64 {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    seconds(|| drop(std::hint::black_box(key.sign(der).unwrap())))
}

/// What `work` takes over hashing and signing, in turn.
fn compared(der: &[u8], work: impl Fn(&PrivateKey) -> f64) -> f64 {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    median((0..9).map(|_| work(&key) / floor(der)).collect())
}

fn built(store: &dyn Store, octets: usize, key: &PrivateKey) -> f64 {
    thread_local!(static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) });
    let buffer = BUFFER.take();
    let name = "CN=Example Issuing CA,O=Example".parse().unwrap();
    let at = tegata::Timestamp::from_unix(1_800_000_000);
    let template = CrlTemplate {
        issuer: &name,
        number: 1,
        this_update: at,
        next_update: at.plus(86_400),
        authority_key_id: &[7; 20],
        delta_base: None,
        distribution_point: &[],
    };
    let place = CRL_CHUNKS.position("der").unwrap();
    let mut der = Vec::new();
    let took = seconds(|| {
        let mut writer = CrlWriter::reusing(buffer, &template, key.algorithm(), octets / 49).unwrap();
        let mut after = None;
        loop {
            let query = Query {
                table: &CRL_CHUNKS,
                filters: vec![],
                order: Some("scope"),
                descending: false,
                after,
                limit: 8,
                total: false,
            };
            let page = store.find(&query).unwrap();
            for row in &page.rows {
                let Value::Bytes(entries) = &row.values[place] else { unreachable!() };
                writer.push_encoded(entries);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        der = writer.sign(key).unwrap();
    });
    BUFFER.set(der);
    took
}

fn called(bench: &Bench, issuing: AuthorityId) -> f64 {
    seconds(|| drop(bench.registry.authorities().crl(issuing, &CrlOptions::default(), &bench.call).unwrap()))
}

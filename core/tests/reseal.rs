//! Replacing the sealing key: nothing is forgotten, nothing is lost on the way, and only the right key opens.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{START, World, code, csr, key};
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::faults::{Fault, FaultyStore};
use tegata::store::tables::{AUTHORITIES, DELIVERIES, META, SCHEMA};
use tegata::store::{Expect, MemoryStore, Query, Row, Sealer, SealingKeys, SoftwareSealer, Store, Value, Write};
use tegata::{
    Bulk, Call, CertificateId, Enroll, EventFilter, FixedClock, IssueWithKey, KeyAlgorithm, NewAuthority, Options,
    Page, PrivateKey, Registry, Resealed, Result, Secret, Timestamp,
};

/// What [`common::sealer`] has.
const OLD: u8 = 7;
const NEW: u8 = 8;

fn software(octet: u8) -> Arc<dyn Sealer> {
    Arc::new(SoftwareSealer::from_key(Secret::new([octet; 32])).unwrap())
}

fn ring(current: u8, previous: &[u8]) -> Arc<dyn Sealer> {
    Arc::new(SealingKeys::new(software(current), previous.iter().map(|octet| software(*octet)).collect()))
}

fn open(store: &Arc<impl Store + 'static>, sealer: Arc<dyn Sealer>) -> Result<Registry> {
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START + 60)));
    Registry::open(Arc::clone(store), sealer, Options::default().with_clock(clock))
}

fn reseal(registry: &Registry) -> Result<Resealed> {
    registry.reseal(&Bulk::each(), &Call::by("operator"))
}

/// A registry under the old key with two authorities and `deliveries` private keys that wait to be collected.
struct Old {
    store: Arc<FaultyStore<MemoryStore>>,
    world: World,
    waiting: Vec<CertificateId>,
}

fn old(deliveries: usize) -> Old {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let device = ProfileSpec { server_keys: vec![KeyAlgorithm::EcdsaP256], ..ProfileSpec::device() };
    let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), device);
    let waiting = (0..deliveries).map(|_| waiting(&world.registry, &world)).collect();
    store.reset();
    Old { store, world, waiting }
}

fn waiting(registry: &Registry, world: &World) -> CertificateId {
    let issue = IssueWithKey::new(world.product.device_profile, world.issuing.id).collected_later();
    registry.certificates().issue_with_key(&issue, &world.call).unwrap().issued.certificate.id
}

fn rows(store: &dyn Store, table: &'static tegata::store::schema::Table) -> Vec<Row> {
    let query =
        Query { table, filters: vec![], order: None, descending: false, after: None, limit: 10_000, total: false };
    store.find(&query).unwrap().rows
}

fn everything(store: &dyn Store) -> Vec<Vec<Row>> {
    SCHEMA.tables.iter().map(|table| rows(store, table)).collect()
}

fn sealed_at(row: &Row, column: &str) -> Vec<u8> {
    match &row.values[row.table.position(column).unwrap()] {
        Value::Bytes(bytes) => bytes.clone(),
        other => panic!("{column} holds {other:?}"),
    }
}

fn overwrite(store: &dyn Store, row: &Row, column: &str, bytes: Vec<u8>) {
    let mut row = row.clone();
    let position = row.table.position(column).unwrap();
    row.values[position] = Value::Bytes(bytes);
    store.commit(&[Write::Put(row, Expect::Any)]).unwrap();
}

/// How many sealed values of the store are under this key.
fn under(store: &dyn Store, octet: u8) -> usize {
    let sealer = software(octet);
    let all: Vec<Row> = everything(store).into_iter().flatten().collect();
    all.iter()
        .flat_map(|row| row.table.sealed().filter_map(|(at, _)| row.values.get(at)))
        .filter(|value| matches!(value, Value::Bytes(bytes) if sealer.is_current(b"", &tegata::Sealed::from_bytes(bytes.clone())).unwrap()))
        .count()
}

/// Everything that needs a secret works: issuing, and collecting the keys that wait.
fn works(registry: &Registry, old: &Old) {
    let request = Enroll { credential: old.world.credential.clone(), csr: csr(&key(), "unit"), ..Enroll::default() };
    registry.devices().enroll(&request, &old.world.call).unwrap();
    registry.authorities().crl(old.world.root.id, &tegata::CrlOptions::default(), &old.world.call).unwrap();
    for &id in &old.waiting {
        let collected =
            registry.certificates().collect_key(id, &Call::by("unit").with_request_id(id.to_string())).unwrap();
        let key = PrivateKey::from_bytes(collected.key.unwrap().expose()).unwrap();
        let certificate = tegata::parse_certificate(&collected.issued.der).unwrap();
        assert_eq!(tegata::Signer::public_key(&key), &certificate.public_key().unwrap());
    }
}

#[test]
fn after_resealing_the_new_key_alone_opens_and_the_old_one_does_not() {
    let old = old(3);
    // The deliveries of this test, and the product's credential.
    let (authorities, deliveries) = (2, 4);
    assert_eq!(under(&*old.store, OLD), 2 * authorities + deliveries + 1);
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    works(&registry, &old);
    let done = reseal(&registry).unwrap();
    assert_eq!((done.checked, done.resealed), (7, 7), "two authorities, four deliveries, the registry itself");
    works(&registry, &old);
    assert_eq!((under(&*old.store, OLD), under(&*old.store, NEW)), (0, 2 * authorities + deliveries + 1));
    assert_eq!(code(open(&old.store, software(OLD))), "seal.wrong_key");
    let registry = open(&old.store, software(NEW)).unwrap();
    works(&registry, &old);
    let again = reseal(&registry).unwrap();
    assert_eq!((again.checked, again.resealed), (7, 0), "nothing is left to do");
}

#[test]
fn a_registry_that_was_opened_before_notices_nothing() {
    let old = old(2);
    // Its authorities are at hand, with the versions that the rows had.
    works(&old.world.registry, &old);
    reseal(&open(&old.store, ring(NEW, &[OLD])).unwrap()).unwrap();
    let request = Enroll { credential: old.world.credential.clone(), csr: csr(&key(), "unit"), ..Enroll::default() };
    // It has the old key only: it says so, and nothing worse.
    assert_eq!(code(old.world.registry.devices().enroll(&request, &old.world.call)), "seal.wrong_key");
    let late = open(&old.store, ring(OLD, &[NEW])).unwrap();
    works(&late, &old);
}

#[test]
fn each_portion_leaves_its_event_and_an_idle_run_none() {
    let old = old(1);
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    reseal(&registry).unwrap();
    reseal(&registry).unwrap();
    let wanted = EventFilter { action: Some("registry.reseal".to_owned()), ..EventFilter::default() };
    let events = registry.events().find(&wanted, &Page::of(100)).unwrap().items;
    let details: Vec<_> = events.iter().map(|event| event.detail.as_deref().unwrap()).collect();
    assert_eq!(details, ["authorities: 2", "deliveries: 2", "meta: 1"]);
    assert!(events.iter().all(|event| event.actor == "operator" && event.subject.is_none()));
}

#[test]
fn all_is_one_commit() {
    let old = old(1);
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    old.store.reset();
    assert_eq!(registry.reseal(&Bulk::all(), &Call::default()).unwrap().resealed, 5);
    assert_eq!(old.store.calls().iter().filter(|call| **call == "commit").count(), 1);
    works(&open(&old.store, software(NEW)).unwrap(), &old);
}

#[test]
fn wherever_it_breaks_off_both_keys_open_and_the_next_run_does_the_rest() {
    let mut interrupted = 0;
    for fault in [Fault::Before, Fault::After] {
        for call in 0.. {
            let old = old(2);
            let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
            old.store.reset();
            old.store.fail_at(call, fault);
            let result = reseal(&registry);
            let reached = old.store.calls().len() > call;
            old.store.reset();
            if !reached {
                assert!(result.is_ok());
                break;
            }
            assert_eq!(code(result), "store.unavailable");
            interrupted += 1;
            let (left, done) = (under(&*old.store, OLD), under(&*old.store, NEW));
            assert_eq!(left + done, 8, "nothing is lost");
            // As after a crash: nothing is at hand but what is stored.
            let opened_with_new = open(&old.store, software(NEW));
            assert_eq!(opened_with_new.is_ok(), left == 0, "the new key alone opens only what is through");
            let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
            works(&registry, &old);
            let rest = reseal(&registry).unwrap();
            assert_eq!(rest.checked, 6);
            let resealed = usize::try_from(rest.resealed).unwrap();
            assert!(resealed <= left && (resealed == 0) == (left == 0));
            works(&open(&old.store, software(NEW)).unwrap(), &old);
        }
    }
    assert!(interrupted > 12, "{interrupted} interruptions");
}

#[test]
fn it_stops_where_the_host_wants_and_tells_how_far_it_is() {
    let old = old(1_100);
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    let told = AtomicUsize::new(0);
    let stop = |done: usize, total: usize| {
        assert_eq!(total, 2 * 1_104, "each record is told of twice");
        assert!(done > told.swap(done, Ordering::Relaxed));
        if done > 1_104 + 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bulk = Bulk { progress: Some(&stop), ..Bulk::each() };
    assert_eq!(code(registry.reseal(&bulk, &Call::default())), "input.cancelled");
    let (left, done) = (under(&*old.store, OLD), under(&*old.store, NEW));
    assert!(left > 0 && done > 500, "{left} left, {done} done");
    assert_eq!(code(open(&old.store, software(NEW))), "seal.wrong_key");
    let rest = reseal(&registry).unwrap();
    assert_eq!((rest.checked, usize::try_from(rest.resealed).unwrap()), (1_104, left));
    assert_eq!(under(&*old.store, OLD), 0);
    // All or nothing means nothing.
    let back = open(&old.store, ring(OLD, &[NEW])).unwrap();
    told.store(0, Ordering::Relaxed);
    let bulk = Bulk { progress: Some(&stop), ..Bulk::all() };
    assert_eq!(code(back.reseal(&bulk, &Call::default())), "input.cancelled");
    assert_eq!(under(&*old.store, OLD), 0);
}

#[test]
fn a_ring_without_the_right_key_changes_nothing() {
    let old = old(1);
    let before = everything(&*old.store);
    assert_eq!(code(open(&old.store, ring(NEW, &[9]))), "seal.wrong_key");
    assert_eq!(everything(&*old.store), before);
    // The registry's own secret opens, but something else does not: a key that was left out in an earlier change.
    let delivery = &rows(&*old.store, &DELIVERIES)[1];
    let place = tegata::store::seal::associated("deliveries", delivery.key, "private_key");
    let foreign = software(9).seal(&place, b"x").unwrap();
    overwrite(&*old.store, delivery, "private_key", foreign.as_bytes().to_vec());
    let before = everything(&*old.store);
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    assert_eq!(code(reseal(&registry)), "seal.wrong_key");
    assert_eq!(everything(&*old.store), before);
    let id = old.waiting[0];
    assert_eq!(code(registry.certificates().collect_key(id, &old.world.call)), "seal.wrong_key");
    // With that key in the ring it goes.
    let registry = open(&old.store, ring(NEW, &[OLD, 9])).unwrap();
    assert_eq!(reseal(&registry).unwrap().resealed, 5);
}

#[test]
fn what_was_moved_or_cut_in_the_store_is_damaged_at_use_and_never_resealed() {
    type Tamper = fn(&[Row], &str) -> Vec<u8>;
    let moved: Tamper = |rows, column| sealed_at(&rows[1], column);
    let cut: Tamper = |rows, column| sealed_at(&rows[0], column)[..20].to_vec();
    let flipped: Tamper = |rows, column| {
        let mut bytes = sealed_at(&rows[0], column);
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    let empty: Tamper = |_, _| Vec::new();
    let table_and_columns = [(&AUTHORITIES, "private_key"), (&AUTHORITIES, "serial_key"), (&DELIVERIES, "private_key")];
    for (table, column) in table_and_columns {
        for (what, tamper) in [("moved", moved), ("cut", cut), ("flipped", flipped), ("empty", empty)] {
            let old = old(2);
            // The credential's delivery, which comes first, stays as it is.
            let found = &rows(&*old.store, table)[usize::from(*table == DELIVERIES)..];
            overwrite(&*old.store, &found[0], column, tamper(found, column));
            let before = everything(&*old.store);
            for sealer in [software(OLD), ring(NEW, &[OLD])] {
                let registry = open(&old.store, sealer).unwrap();
                let error = reseal(&registry).unwrap_err();
                assert_eq!(error.code(), "seal.damaged", "{what} {column}");
                assert!(error.to_string().contains(&format!("{}.{column}", table.name)), "{error}");
                let at_use = if *table == DELIVERIES {
                    code(registry.certificates().collect_key(old.waiting[0], &old.world.call))
                } else {
                    code(registry.authorities().crl(old.world.root.id, &tegata::CrlOptions::default(), &old.world.call))
                };
                assert_eq!(at_use, "seal.damaged", "{what} {column}");
            }
            assert_eq!(everything(&*old.store), before, "{what} {column}");
        }
    }
    // The registry's own secret cannot be told from one under another key; both are reported as that.
    for tamper in [cut, flipped, empty] {
        let old = old(0);
        let meta = rows(&*old.store, &META);
        overwrite(&*old.store, &meta[0], "secret", tamper(&meta, "secret"));
        for sealer in [software(OLD), ring(NEW, &[OLD])] {
            assert_eq!(code(open(&old.store, sealer)), "seal.wrong_key");
        }
    }
}

#[test]
fn a_value_of_another_type_is_a_corrupt_store_and_no_panic() {
    let old = old(0);
    let row = &rows(&*old.store, &AUTHORITIES)[0];
    let mut null = row.clone();
    null.values[AUTHORITIES.position("serial_key").unwrap()] = Value::Null;
    old.store.commit(&[Write::Put(null, Expect::Any)]).unwrap();
    let registry = open(&old.store, ring(NEW, &[OLD])).unwrap();
    // What is not there needs no sealing; who reads the record notices.
    assert_eq!(reseal(&registry).unwrap().resealed, 4);
    assert_eq!(code(registry.authorities().get(old.world.root.id)), "store.corrupt");
}

#[test]
fn others_enroll_collect_and_rebuild_meanwhile() {
    let old = old(40);
    let mut made = Vec::new();
    // Back and forth, so that several runs meet the same load.
    for (new, previous) in [(NEW, OLD), (OLD, NEW), (NEW, OLD)] {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let busy: Vec<_> = (0..4)
                .map(|_| {
                    // Every thread is another process, as far as the registry can tell.
                    let registry = open(&old.store, ring(new, &[previous])).unwrap();
                    let (old, stop) = (&old, &stop);
                    scope.spawn(move || {
                        let mut made = Vec::new();
                        while !stop.load(Ordering::Relaxed) {
                            let id = waiting(&registry, &old.world);
                            let request = Enroll {
                                credential: old.world.credential.clone(),
                                csr: csr(&key(), "unit"),
                                ..Enroll::default()
                            };
                            registry.devices().enroll(&request, &old.world.call).unwrap();
                            let other = waiting(&registry, &old.world);
                            registry.certificates().collect_key(other, &old.world.call).unwrap();
                            registry.certificates().confirm_key(other, &old.world.call).unwrap();
                            made.push(id);
                        }
                        made
                    })
                })
                .collect();
            let both: Vec<_> = (0..2)
                .map(|_| {
                    let registry = open(&old.store, ring(new, &[previous])).unwrap();
                    scope.spawn(move || reseal(&registry).unwrap().resealed)
                })
                .collect();
            let resealed: Vec<u64> = both.into_iter().map(|run| run.join().unwrap()).collect();
            assert!(resealed.iter().sum::<u64>() >= 40, "{resealed:?}");
            let registry = open(&old.store, ring(new, &[previous])).unwrap();
            let name = format!("CN=Root {new} {}", made.len());
            let root = NewAuthority::new(format!("root {}", made.len()), name.parse().unwrap());
            registry.authorities().create_root(&root, &old.world.call).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(100));
            stop.store(true, Ordering::Relaxed);
            made.extend(busy.into_iter().flat_map(|thread| thread.join().unwrap()));
        });
        assert_eq!(under(&*old.store, previous), 0, "everybody sealed with the new key from the beginning");
        let registry = open(&old.store, software(new)).unwrap();
        assert_eq!(reseal(&registry).unwrap().resealed, 0);
        works(&registry, &old);
    }
    assert!(made.len() > 20, "{} deliveries", made.len());
    let registry = open(&old.store, software(NEW)).unwrap();
    for id in made {
        assert!(registry.certificates().collect_key(id, &old.world.call).unwrap().key.is_some());
    }
}

/// A vault whose key changes inside, and one that loses what it seals.
struct Vault {
    generation: AtomicUsize,
    forgetful: AtomicBool,
}

impl Sealer for Vault {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<tegata::Sealed> {
        let generation = u8::try_from(self.generation.load(Ordering::Relaxed)).unwrap();
        let plaintext = if self.forgetful.load(Ordering::Relaxed) { &b"lost"[..] } else { plaintext };
        let mut bytes = vec![generation];
        bytes.extend(software(generation).seal(associated, plaintext)?.as_bytes());
        Ok(tegata::Sealed::from_bytes(bytes))
    }
    fn open(&self, associated: &[u8], sealed: &tegata::Sealed) -> Result<Secret<Vec<u8>>> {
        let (generation, rest) = sealed.as_bytes().split_first().unwrap();
        software(*generation).open(associated, &tegata::Sealed::from_bytes(rest.to_vec()))
    }
    fn is_current(&self, _: &[u8], sealed: &tegata::Sealed) -> Result<bool> {
        Ok(usize::from(sealed.as_bytes()[0]) == self.generation.load(Ordering::Relaxed))
    }
}

#[test]
fn a_vault_that_changes_its_keys_inside_needs_no_ring() {
    let vault = Arc::new(Vault { generation: AtomicUsize::new(1), forgetful: AtomicBool::new(false) });
    let store = Arc::new(MemoryStore::new());
    let registry = open(&store, vault.clone()).unwrap();
    registry.authorities().create_root(&NewAuthority::new("root", "CN=R".parse().unwrap()), &Call::default()).unwrap();
    assert_eq!(reseal(&registry).unwrap().resealed, 0);
    vault.generation.store(2, Ordering::Relaxed);
    assert_eq!(reseal(&registry).unwrap().resealed, 2);
    assert_eq!(reseal(&registry).unwrap().resealed, 0);
    // What it could not open again is never put in place of what it can.
    let before = everything(&*store);
    vault.generation.store(3, Ordering::Relaxed);
    vault.forgetful.store(true, Ordering::Relaxed);
    assert_eq!(code(reseal(&registry)), "seal.failed");
    assert_eq!(everything(&*store), before);
}

//! CRLs that are made while certificates change: what nobody may miss, and what no delta may take off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{World, sealer};
use tegata::model::{CrlPolicy, EnrollmentPolicy, ProfileSpec, SuspendMode};
use tegata::store::faults::FaultyStore;
use tegata::store::tables::{CRL_LISTS, CRL_REMOVALS, REVOCATIONS};
use tegata::store::{Expect, MemoryStore, Query, Row, Store, Value, Write};
use tegata::{Crl, CrlOptions, Enrolled, Options, Registry, RevocationReason};

type Shared = Arc<FaultyStore<Arc<MemoryStore>>>;

/// A registry on a store that can be watched, and another process on the same one.
struct Race {
    world: World,
    store: Shared,
    memory: Arc<MemoryStore>,
    other: Arc<Registry>,
}

impl Race {
    fn new() -> Self {
        let memory = Arc::new(MemoryStore::new());
        let store: Shared = Arc::new(FaultyStore::new(Arc::clone(&memory)));
        let profile = ProfileSpec { suspend: SuspendMode::CrlHold, validity_days: 30, ..ProfileSpec::device() };
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), profile);
        let policy = CrlPolicy {
            shards: 0,
            urls: Vec::new(),
            delta_urls: Vec::new(),
            next_update_hours: 48,
            delta_hours: Some(4),
            overlap_hours: 12,
        };
        world.registry.authorities().set_crl_policy(world.issuing.id, &policy, &world.call).unwrap();
        let options = Options::default().with_clock(world.clock.clone());
        let other = Arc::new(Registry::open(Arc::clone(&memory), sealer(), options).unwrap());
        Self { world, store, memory, other }
    }

    fn crl(&self) -> Crl {
        self.made(&CrlOptions::default())
    }

    fn delta(&self) -> Crl {
        self.made(&CrlOptions::default().as_delta())
    }

    fn made(&self, options: &CrlOptions) -> Crl {
        self.world.clock.advance(60);
        let world = &self.world;
        Crl::from_bytes(&world.registry.authorities().crl(world.issuing.id, options, &world.call).unwrap().der).unwrap()
    }

    /// The other process does `what` right before the first commit that writes to a table.
    fn before_writing(&self, table: &'static str, what: impl Fn(&Registry) + Send + Sync + 'static) -> Arc<AtomicBool> {
        let fired = Arc::new(AtomicBool::new(false));
        let (once, what, other) = (Arc::clone(&fired), Arc::new(what), Arc::clone(&self.other));
        self.store.fail_when(move |call| {
            let hit = call.method == "commit"
                && call.writes.iter().any(|write| match write {
                    Write::Put(row, _) => row.table.name == table,
                    Write::Delete(row, _) => row.table.name == table,
                    _ => false,
                });
            if hit && !once.swap(true, Ordering::SeqCst) {
                let (what, other) = (Arc::clone(&what), Arc::clone(&other));
                std::thread::spawn(move || what(&other)).join().unwrap();
            }
            None
        });
        fired
    }

    fn row(&self) -> Row {
        let query = Query {
            table: &REVOCATIONS,
            filters: vec![],
            order: None,
            descending: true,
            after: None,
            limit: 1,
            total: false,
        };
        self.memory.find(&query).unwrap().rows.remove(0)
    }
}

fn reason(crl: &Crl, device: &Enrolled) -> Option<RevocationReason> {
    crl.get(&device.issued.certificate.serial).unwrap().map(|revocation| revocation.reason)
}

#[test]
fn no_delta_takes_off_what_was_revoked_after_its_hold_had_ended() {
    let race = Race::new();
    let (certificates, call) = (race.world.registry.certificates(), race.world.call.clone());
    let [one, other, pattern] = [(); 3].map(|()| race.world.enrolled(None).1);
    let (revoked, resumed) = (one.issued.certificate.id, other.issued.certificate.id);
    certificates.suspend(revoked, &call).unwrap();
    race.crl();
    certificates.resume(revoked, &call).unwrap();
    certificates.revoke(revoked, RevocationReason::KeyCompromise, &call).unwrap();
    certificates.suspend(resumed, &call).unwrap();
    certificates.revoke(pattern.issued.certificate.id, RevocationReason::Superseded, &call).unwrap();
    // More than go with the CRL's own commit.
    let pattern = race.row();
    let serial = REVOCATIONS.position("serial").unwrap();
    let rows = (1..2_100_u64).map(|n| {
        let mut row = Row { key: pattern.key + n, ..pattern.clone() };
        row.values[serial] = Value::Bytes((n + (1 << 62)).to_be_bytes().to_vec());
        Write::Put(row, Expect::Absent)
    });
    race.memory.commit(&rows.collect::<Vec<_>>()).unwrap();
    let fired = race.before_writing(CRL_REMOVALS.name, move |registry| {
        registry.certificates().resume(resumed, &call).unwrap();
    });
    let complete = race.crl();
    assert!(fired.load(Ordering::SeqCst));
    race.store.reset();
    assert_eq!(reason(&complete, &one), Some(RevocationReason::KeyCompromise));
    assert_ne!(reason(&race.delta(), &one), Some(RevocationReason::RemoveFromCrl));
    // Nobody is in the way any more: all moves, and the delta after that says nothing.
    race.crl();
    assert!(race.delta().is_empty());
}

#[test]
fn a_crl_that_comes_second_has_a_number_after_the_first_ones() {
    let race = Race::new();
    let (call, id) = (race.world.call.clone(), race.world.issuing.id);
    let one = race.world.enrolled(None).1;
    let lost = one.issued.certificate.id;
    race.crl();
    let fired = race.before_writing(CRL_LISTS.name, move |registry| {
        registry.authorities().crl(id, &CrlOptions::default(), &call).unwrap();
        registry.certificates().revoke(lost, RevocationReason::KeyCompromise, &call).unwrap();
    });
    let made = race.crl();
    assert!(fired.load(Ordering::SeqCst));
    race.store.reset();
    let current = race.world.registry.authorities().current_crl(id, &CrlOptions::default()).unwrap();
    assert_eq!(Some(current.number), made.number());
    assert_eq!(reason(&Crl::from_bytes(&current.der).unwrap(), &one), Some(RevocationReason::KeyCompromise));
}

#[test]
fn a_hold_that_was_read_never_overwrites_the_revocation_that_came_after_it() {
    let race = Race::new();
    let call = race.world.call.clone();
    let one = race.world.enrolled(None).1;
    let held = one.issued.certificate.id;
    race.world.registry.certificates().suspend(held, &call).unwrap();
    let fired = race.before_writing(CRL_LISTS.name, move |registry| {
        registry.certificates().resume(held, &call).unwrap();
        registry.certificates().revoke(held, RevocationReason::KeyCompromise, &call).unwrap();
    });
    race.crl();
    assert!(fired.load(Ordering::SeqCst));
    race.store.reset();
    assert_eq!(reason(&race.crl(), &one), Some(RevocationReason::KeyCompromise));
}

#[test]
fn what_a_process_of_the_version_before_revokes_is_on_the_next_crl_and_the_next_delta() {
    let race = Race::new();
    let world = &race.world;
    race.crl();
    for delta in [true, false] {
        let one = world.enrolled(None).1;
        let id = one.issued.certificate.id;
        world.registry.certificates().revoke(id, RevocationReason::KeyCompromise, &world.call).unwrap();
        let mut row = race.row();
        for name in ["scope", "not_after"] {
            row.values[REVOCATIONS.position(name).unwrap()] = Value::Null;
        }
        race.memory.commit(&[Write::Put(row, Expect::Any)]).unwrap();
        let crl = if delta { race.delta() } else { race.crl() };
        assert_eq!(reason(&crl, &one), Some(RevocationReason::KeyCompromise), "delta {delta}");
    }
}

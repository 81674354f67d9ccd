//! After a restore nothing that was given out before is given out again, whether the store says that it was restored or the
//! world does.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{START, World, sealer};
use tegata::store::faults::FaultyStore;
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore, Store, Write};
use tegata::{
    Call, CrlOptions, DeviceId, EventFilter, EventId, FixedClock, NewDevice, NewKey, NewPsk, Options, Page, Registry,
    RotateKey, RotatePsk, Seen, SeenState, SymmetricAlgorithm, Timestamp, VerifyEvents,
};

fn open(store: impl Store + 'static) -> Registry {
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
    Registry::open(store, sealer(), Options::default().with_clock(clock)).unwrap()
}

fn sqlite(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

/// The state of `w` now, as somebody puts it back later who knows nothing of us.
fn snapshot(w: &World) -> Arc<MemoryStore> {
    let target = Arc::new(MemoryStore::new());
    w.registry.copy_to(&target, None, &w.call).unwrap();
    target
}

fn register(registry: &Registry, count: usize) -> Vec<DeviceId> {
    let call = Call::by("admin");
    let new = |_| registry.devices().register(&NewDevice::default(), &call).unwrap().id;
    (0..count).map(new).collect()
}

fn crl(registry: &Registry, w: &World) -> u64 {
    registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap().number
}

fn events(registry: &Registry, action: Option<&str>) -> BTreeSet<EventId> {
    let filter = EventFilter { action: action.map(str::to_owned), ..EventFilter::default() };
    registry.events().find(&filter, &Page::of(1_000)).unwrap().items.into_iter().map(|event| event.id).collect()
}

fn is_any_of(new: &[DeviceId], lost: &[DeviceId]) -> bool {
    new.iter().any(|id| lost.contains(id))
}

#[test]
fn the_same_backup_restored_twice_gives_no_number_twice() {
    let directory = tempfile::tempdir().unwrap();
    let w = World::new();
    let path = directory.path().join("backup.sqlite");
    w.registry.backup(&path, &w.call).unwrap();
    // At the same moment, by the clock.
    let restore = |name: &str| {
        let file = directory.path().join(name);
        std::fs::copy(&path, &file).unwrap();
        let restored = open(sqlite(&file));
        let (ids, number) = (register(&restored, 5), crl(&restored, &w));
        (restored, ids, number)
    };
    let (one, other) = (restore("one.sqlite"), restore("other.sqlite"));
    assert_ne!(one.2, other.2);
    assert!(one.2 < 1 << 53, "a CRL's number stays one that everybody can read");
    assert!(!is_any_of(&one.1, &other.1));
    // Whichever leapt farther, what the other branch gave out is known to be lost.
    for (registry, ids) in [(&one.0, &other.1), (&other.0, &one.1)] {
        let seen: Vec<_> = ids.iter().map(|id| Seen::Device(*id)).collect();
        assert_eq!(registry.report_seen(&seen).unwrap(), [SeenState::Lost; 5]);
    }
}

#[test]
fn one_proof_of_a_loss_lifts_the_numbers_of_everything() {
    let w = World::new();
    crl(&w.registry, &w);
    let copy = snapshot(&w);
    let before = events(&w.registry, None);
    let lost: Vec<_> = (0..40).map(|_| w.enrolled(None).1).collect();
    let numbers: Vec<_> = (0..3).map(|_| crl(&w.registry, &w)).collect();
    let lost_events: BTreeSet<_> = events(&w.registry, None).difference(&before).copied().collect();
    let restored = open(copy);
    let shown = [Seen::Certificate(lost.last().unwrap().issued.der.clone())];
    assert_eq!(restored.report_seen(&shown).unwrap(), [SeenState::Lost]);
    assert!(crl(&restored, &w) > *numbers.last().unwrap());
    let devices: Vec<_> = lost.iter().map(|lost| lost.device.id).collect();
    assert!(!is_any_of(&register(&restored, 20), &devices));
    let new: BTreeSet<_> = events(&restored, None).difference(&before).copied().collect();
    assert!(new.len() > 20 && new.is_disjoint(&lost_events));
    // The rest of what was lost then is known to be, and moves nothing any more.
    let all: Vec<_> = lost
        .iter()
        .flat_map(|lost| [Seen::Device(lost.device.id), Seen::Certificate(lost.issued.der.clone())])
        .collect();
    assert!(restored.report_seen(&all).unwrap().iter().all(|state| *state == SeenState::Lost));
    assert_eq!(events(&restored, Some("restore.noticed")).len(), 1);
    restored.events().checkpoint(&w.call).unwrap();
    assert_eq!(restored.events().verify(&VerifyEvents::default(), None).unwrap().first, None);
}

#[test]
fn numbers_that_were_reserved_before_the_proof_are_given_up() {
    let w = World::new();
    let copy = snapshot(&w);
    let lost = register(&w.registry, 40);
    let (restored, neighbour) = (open(Arc::clone(&copy)), open(copy));
    // Each has a block of numbers by now: what came before the proof, nobody could know.
    register(&restored, 1);
    register(&neighbour, 1);
    let states = restored.report_seen(&lost.iter().map(|id| Seen::Device(*id)).collect::<Vec<_>>()).unwrap();
    let count = |state| states.iter().filter(|is| **is == state).count();
    assert_eq!((count(SeenState::Known), count(SeenState::Lost)), (2, 38), "{states:?}");
    assert_eq!(events(&restored, Some("restore.noticed")).len(), 1);
    assert!(!is_any_of(&register(&restored, 40), &lost));
    assert!(!is_any_of(&register(&neighbour, 40), &lost), "another process goes on with what it had");
    let many: Vec<_> = (0..40).map(|_| NewDevice::default()).collect();
    let more = neighbour.devices().register_many(&many, &tegata::Bulk::each(), &w.call).unwrap();
    assert!(more.into_iter().all(|device| !lost.contains(&device.unwrap().id)));
}

#[test]
fn a_version_that_may_have_been_made_before_a_restore_is_not_made_again() {
    let w = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.sqlite");
    let device = register(&w.registry, 1).remove(0);
    let key = w.registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap().id;
    let psk = w.registry.psks().issue(&NewPsk::tls(device), &w.call).unwrap().psk;
    let copy = snapshot(&w);
    w.registry.backup(&path, &w.call).unwrap();
    let rotate = |registry: &Registry| {
        let key = registry.keys().rotate(key, &RotateKey::default(), &w.call).unwrap().version;
        let psk = registry.psks().rotate(psk.id, &RotatePsk::default(), &w.call).unwrap().psk;
        (key, psk.version, psk.identity)
    };
    let lost = rotate(&w.registry);
    let unmarked = open(copy);
    let shown = register(&w.registry, 20);
    assert_eq!(unmarked.report_seen(&[Seen::Device(shown[19])]).unwrap(), [SeenState::Lost]);
    for restored in [open(sqlite(&path)), unmarked] {
        let new = rotate(&restored);
        assert!(new.0 > lost.0 + 1_000 && new.1 > lost.1 + 1_000 && new.2 != lost.2, "{new:?}");
        // What is lost is believed, as far ahead as it is.
        assert_eq!(w.registry.report_seen(&[Seen::Key { id: key, version: new.0 }]).unwrap(), [SeenState::Lost]);
    }
    // What is issued afterwards counts from one.
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START + 60)));
    let later = Registry::open(sqlite(&path), sealer(), Options::default().with_clock(clock)).unwrap();
    // Unless the device may have had one.
    let psk = later.psks().issue(&NewPsk::password(device), &w.call).unwrap().psk;
    assert!(psk.version > 1_000, "{}", psk.version);
    let device = register(&later, 1).remove(0);
    let key = later.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap();
    assert_eq!(key.version, 1);
    assert_eq!(later.keys().rotate(key.id, &RotateKey::default(), &w.call).unwrap().version, 2);
}

#[test]
fn no_two_checkpoints_have_one_number_and_one_that_is_removed_is_still_missed() {
    let w = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.sqlite");
    let checkpoint = |registry: &Registry| {
        register(registry, 1);
        registry.events().checkpoint(&w.call).unwrap().number
    };
    assert_eq!([checkpoint(&w.registry), checkpoint(&w.registry)], [1, 2]);
    w.registry.backup(&path, &w.call).unwrap();
    let mut numbers = vec![checkpoint(&w.registry), checkpoint(&w.registry)];
    let mut files = Vec::new();
    for name in ["one.sqlite", "other.sqlite"] {
        let file = directory.path().join(name);
        std::fs::copy(&path, &file).unwrap();
        let restored = open(sqlite(&file));
        numbers.extend([checkpoint(&restored), checkpoint(&restored), checkpoint(&restored)]);
        let found = restored.events().verify(&VerifyEvents::default(), None).unwrap();
        assert_eq!((found.checkpoints, found.first), (5, None));
        files.push(file);
    }
    let different: BTreeSet<_> = numbers.iter().collect();
    assert_eq!(different.len(), numbers.len(), "{numbers:?}");
    assert!(numbers.iter().all(|number| *number < 1 << 53));
    let since = |since| VerifyEvents { since: Some(since), ..VerifyEvents::default() };
    let other = open(sqlite(&files[1]));
    assert_eq!(other.events().verify(&since(numbers[6]), None).unwrap().first, None);
    // The first after the restore, and one behind it.
    for (file, removed) in files.iter().zip([numbers[2], numbers[6]]) {
        let database = rusqlite::Connection::open(file).unwrap();
        assert_eq!(database.execute("DELETE FROM checkpoints WHERE key = ?1", [removed.cast_signed()]).unwrap(), 1);
        let found = open(sqlite(file)).events().verify(&VerifyEvents::default(), None).unwrap();
        assert_eq!(found.first.unwrap().what, tegata::Tampering::CheckpointBroken);
    }
}

#[test]
fn a_crl_that_is_being_made_when_a_loss_is_found_out_gets_a_number_beyond_it() {
    let w = World::new();
    crl(&w.registry, &w);
    let snapshot = snapshot(&w);
    // What was given out after it.
    let lost = register(&w.registry, 1)[0];
    let seen = crl(&w.registry, &w);
    let store = Arc::new(FaultyStore::new(Arc::clone(&snapshot)));
    let (one, other) = (open(Arc::clone(&store)), Arc::new(open(snapshot)));
    crl(&other, &w);
    let fired = AtomicBool::new(false);
    store.fail_when(move |call| {
        let makes = |write: &Write| matches!(write, Write::Put(row, _) if row.table.name == "crls");
        if call.method == "commit" && call.writes.iter().any(makes) && !fired.swap(true, Ordering::SeqCst) {
            let other = Arc::clone(&other);
            let found_out = move || assert_eq!(other.report_seen(&[Seen::Device(lost)]).unwrap(), [SeenState::Lost]);
            std::thread::spawn(found_out).join().unwrap();
        }
        None
    });
    let number = crl(&one, &w);
    assert!(number > seen + 1_000, "number {number} may be one of the life that was lost, where {seen} was seen");
}

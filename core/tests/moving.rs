//! The registry moves: into another store, into a backup, back from one, and the world notices.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[cfg(all(unix, feature = "postgres"))]
mod postgres_server;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use common::{START, World, code, sealer};
use tegata::error::StoreError;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::{self, MemoryStore, SqliteOptions, SqliteStore, Store};
use tegata::{
    Call, CrlOptions, EventFilter, FixedClock, GroupChange, NewDevice, NewKey, NewPsk, Options, Page, Presented, Proof,
    Registry, RevocationReason, RotateKey, RotatePsk, Seen, SeenState, SymmetricAlgorithm, Timestamp,
};

fn open(store: impl Store + 'static) -> tegata::Result<Registry> {
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
    Registry::open(store, sealer(), Options::default().with_clock(clock))
}

fn sqlite(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

/// A registry in `store` with something of most kinds.
fn world(store: impl Store + 'static) -> World {
    let policy = EnrollmentPolicy { quota: Some(10), ..EnrollmentPolicy::default() };
    let w = World::with(store, policy, ProfileSpec::device());
    let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
    let (_, first) = w.enrolled(Some("SN-1"));
    w.registry.devices().set_group(first.device.id, Some(group.id), &w.call).unwrap();
    w.registry.psks().issue(&NewPsk::password(first.device.id), &w.call).unwrap();
    let key = NewKey::for_device(first.device.id, SymmetricAlgorithm::Aes128);
    w.registry.keys().issue(&key, &w.call).unwrap();
    let (_, gone) = w.enrolled(Some("SN-2"));
    w.registry.devices().delete(gone.device.id, &w.call).unwrap();
    w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    w
}

/// That `registry` is the one of `w` and goes on where that stood.
fn goes_on(registry: &Registry, w: &World) {
    assert!(registry.check_integrity(None).unwrap().is_sound());
    let (_, request) = w.request(Some("SN-1"));
    assert_eq!(code(registry.devices().enroll(&request, &w.call)), "device.quarantined", "the unit is known");
    for n in 0..8 {
        let (_, request) = w.request(Some(&format!("new {n}")));
        registry.devices().enroll(&request, &w.call).unwrap();
    }
    let (_, request) = w.request(Some("one too many"));
    assert_eq!(code(registry.devices().enroll(&request, &w.call)), "product.quota_exhausted", "the quota moved too");
    let crl = registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    assert!(crl.number >= 2 && crl.entries == 1);
}

fn actions(registry: &Registry) -> Vec<String> {
    let events = registry.events().find(&EventFilter::default(), &Page::of(1_000)).unwrap().items;
    events.into_iter().map(|event| event.action).collect()
}

#[test]
fn a_registry_moves_from_memory_to_sqlite_and_back() {
    let w = world(MemoryStore::new());
    let directory = tempfile::tempdir().unwrap();
    let file = sqlite(&directory.path().join("copy.sqlite"));
    let copied = w.registry.copy_to(&file, None, &w.call).unwrap();
    assert!(copied.rows > 20 && copied.written == copied.rows && copied.deleted == 0, "{copied:?}");
    assert_eq!(copied.passes, 2, "one writes, one finds that nothing differs");
    // What is there already is not written again.
    let again = w.registry.copy_to(&file, None, &w.call).unwrap();
    assert_eq!((again.written, again.rows), (1, copied.rows + 1), "the event of this copy only");
    let moved = open(file).unwrap();
    let back = Arc::new(MemoryStore::new());
    moved.copy_to(&back, None, &w.call).unwrap();
    goes_on(&moved, &w);
    goes_on(&open(back).unwrap(), &w);
}

#[cfg(all(unix, feature = "postgres"))]
#[test]
fn a_registry_moves_from_sqlite_to_postgresql_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let w = world(sqlite(&directory.path().join("old.sqlite")));
    let url = postgres_server::shared().url();
    w.registry.copy_to(&store::open_store(&url).unwrap(), None, &w.call).unwrap();
    let moved = open(store::open_store(&url).unwrap()).unwrap();
    let file = sqlite(&directory.path().join("new.sqlite"));
    moved.copy_to(&file, None, &w.call).unwrap();
    goes_on(&moved, &w);
    goes_on(&open(file).unwrap(), &w);
    // A backup of what is on the server is a file.
    let path = directory.path().join("backup.sqlite");
    moved.backup(&path, &w.call).unwrap();
    assert!(actions(&open(sqlite(&path)).unwrap()).contains(&"registry.restored".to_owned()));
}

#[test]
fn a_copy_that_was_stopped_goes_on_and_is_no_registry_before_its_end() {
    let w = world(MemoryStore::new());
    for n in 0..2_500 {
        w.registry.devices().register(&NewDevice::named(format!("device {n}")), &w.call).unwrap();
    }
    let target = Arc::new(MemoryStore::new());
    let calls = Cell::new(0);
    let stop = |done: usize, total: usize| {
        assert!(done <= total);
        calls.set(calls.get() + 1);
        if done > 1_500 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(code(w.registry.copy_to(&target, Some(&stop), &w.call)), "input.cancelled");
    assert!(calls.get() > 1);
    assert_eq!(code(open(Arc::clone(&target))), "store.incomplete_copy");
    let rest = w.registry.copy_to(&target, None, &w.call).unwrap();
    assert!(rest.written < rest.rows, "{rest:?}");
    assert_eq!(open(target).unwrap().counts().unwrap().devices, w.registry.counts().unwrap().devices);
}

#[test]
fn what_changes_between_two_copies_is_followed() {
    let w = world(MemoryStore::new());
    let device = w.registry.devices().register(&NewDevice::named("a"), &w.call).unwrap();
    let other = w.registry.devices().register(&NewDevice::named("b"), &w.call).unwrap();
    let claim = tegata::Due::until(Timestamp::MAX);
    let target = Arc::new(MemoryStore::new());
    w.registry.copy_to(&target, None, &w.call).unwrap();
    // The two change names, by way of a third one: both are unique.
    let named = |name: &str| tegata::DeviceChange { name: Some(name.to_owned()), ..tegata::DeviceChange::default() };
    for (id, name) in [(device.id, "c"), (other.id, "a"), (device.id, "b")] {
        w.registry.devices().update(id, &named(name), &w.call).unwrap();
    }
    let copied = w.registry.copy_to(&target, None, &w.call).unwrap();
    assert!(copied.passes > 1);
    let copy = open(target).unwrap();
    assert_eq!(copy.devices().get(device.id).unwrap().name, "b");
    assert_eq!(copy.devices().get(other.id).unwrap().name, "a");
    let due = |registry: &Registry| registry.due(&claim, &Page::of(100)).unwrap().items.len();
    assert_eq!(due(&copy), due(&w.registry));
}

#[test]
fn nothing_else_is_ever_overwritten_by_a_copy() {
    let w = world(MemoryStore::new());
    let other = Arc::new(MemoryStore::new());
    drop(world(Arc::clone(&other)));
    assert_eq!(code(w.registry.copy_to(&other, None, &w.call)), "store.other_registry");
    // A copy that somebody opened is a registry of its own.
    let used = Arc::new(MemoryStore::new());
    w.registry.copy_to(&used, None, &w.call).unwrap();
    open(Arc::clone(&used)).unwrap();
    assert_eq!(code(w.registry.copy_to(&used, None, &w.call)), "store.other_registry");
    // So is the copy of another registry, finished or not.
    let begun = Arc::new(MemoryStore::new());
    w.registry.copy_to(&begun, None, &w.call).unwrap();
    assert_eq!(code(world(MemoryStore::new()).registry.copy_to(&begun, None, &w.call)), "store.other_registry");
}

#[test]
fn a_backup_that_is_opened_is_noticed_and_gives_no_number_twice() {
    let directory = tempfile::tempdir().unwrap();
    let w = world(sqlite(&directory.path().join("live.sqlite")));
    let path = directory.path().join("backup.sqlite");
    let backup = w.registry.backup(&path, &w.call).unwrap();
    assert_eq!((backup.at, backup.bytes), (Timestamp::from_unix(START), std::fs::metadata(&path).unwrap().len()));
    assert_eq!(code(w.registry.backup(&path, &w.call)), "store.unavailable", "never over a file that exists");
    // Life goes on until the disk breaks.
    let (_, lost) = w.enrolled(Some("SN-3"));
    let number = w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap().number;
    let restored = open(sqlite(&path)).unwrap();
    assert_eq!(actions(&restored).iter().filter(|action| *action == "registry.restored").count(), 1);
    // Only once.
    assert_eq!(actions(&open(sqlite(&path)).unwrap()).iter().filter(|a| *a == "registry.restored").count(), 1);
    assert!(restored.check_integrity(None).unwrap().is_sound());
    // What was issued in between is told apart from what never was.
    assert_eq!(code(restored.devices().get(lost.device.id)), "input.lost_id");
    assert!(!actions(&restored).contains(&"restore.noticed".to_owned()), "it was known before anybody showed it");
    let (_, request) = w.request(Some("SN-4"));
    let new = restored.devices().enroll(&request, &w.call).unwrap();
    assert_ne!((new.device.id, new.issued.certificate.id), (lost.device.id, lost.issued.certificate.id));
    assert!(restored.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap().number > number);
}

#[test]
fn what_says_that_a_backup_was_restored_has_no_number_that_another_event_had() {
    let directory = tempfile::tempdir().unwrap();
    let w = world(sqlite(&directory.path().join("live.sqlite")));
    let path = directory.path().join("backup.sqlite");
    w.registry.backup(&path, &w.call).unwrap();
    let ids = |registry: &Registry| -> BTreeSet<_> {
        let found = registry.events().find(&EventFilter::default(), &Page::of(1_000)).unwrap().items;
        found.into_iter().map(|event| event.id).collect()
    };
    let before = ids(&w.registry);
    // Another process, with numbers of its own.
    let live = open(sqlite(&directory.path().join("live.sqlite"))).unwrap();
    for registry in [&w.registry, &live] {
        for n in 0..20 {
            let name = format!("{n} {}", std::ptr::from_ref(registry).addr());
            registry.devices().register(&NewDevice::named(name), &w.call).unwrap();
        }
    }
    let lost: BTreeSet<_> = ids(&w.registry).difference(&before).copied().collect();
    let restored = open(sqlite(&path)).unwrap();
    restored.devices().register(&NewDevice::named("after"), &w.call).unwrap();
    let new: BTreeSet<_> = ids(&restored).difference(&before).copied().collect();
    assert!(lost.len() == 40 && new.len() == 2);
    assert!(new.is_disjoint(&lost), "an identifier was given twice");
}

/// A store that was put back by somebody who knew nothing of us.
#[test]
fn a_restored_file_is_noticed_by_what_the_world_shows() {
    let directory = tempfile::tempdir().unwrap();
    let (live, copy) = (directory.path().join("live.sqlite"), directory.path().join("copy.sqlite"));
    drop(world(sqlite(&live)));
    std::fs::copy(&live, &copy).unwrap();
    let w = World { registry: open(sqlite(&live)).unwrap(), ..world(MemoryStore::new()) };
    // The world of that file, by what is in it.
    let product = w.registry.products().find(&tegata::ProductFilter::default(), &Page::of(1)).unwrap().items.remove(0);
    let batch = w.registry.products().renew_credential(product.id, None, tegata::HandOut::Now, &w.call);
    let credential = batch.unwrap().issued.der;
    let request = tegata::Enroll { credential, ..w.request(Some("SN-9")).1 };
    let lost = w.registry.devices().enroll(&request, &w.call).unwrap();
    let restored = open(sqlite(&copy)).unwrap();
    let shown = Presented::Certificate { certificate: &lost.issued.der, proof: Proof::TlsSession, device: None };
    assert!(w.registry.authenticate(&shown).is_ok());
    assert_eq!(code(restored.devices().get(lost.device.id)), "input.lost_id");
    assert_eq!(code(restored.authenticate(&shown)), "certificate.lost");
    assert_eq!(actions(&restored).iter().filter(|action| *action == "restore.noticed").count(), 1, "for all kinds");
    // It stays lost, which is said once, and its numbers are never given again.
    assert_eq!(code(restored.devices().get(lost.device.id)), "input.lost_id");
    assert_eq!(code(restored.authenticate(&shown)), "certificate.lost");
    assert_eq!(actions(&restored).iter().filter(|action| *action == "restore.noticed").count(), 1);
    let ids: BTreeSet<_> =
        (0..40).map(|n| restored.devices().register(&NewDevice::named(format!("d{n}")), &w.call).unwrap().id).collect();
    assert!(ids.len() == 40 && !ids.contains(&lost.device.id));
    // What nobody proved to be ours is no evidence, nor is a number that leads nowhere near.
    for n in 0..20 {
        let root = tegata::NewAuthority::new(format!("root {n}"), format!("CN=Root {n}").parse().unwrap());
        let made = restored.authorities().create_root(&root, &w.call).unwrap();
        assert_eq!(restored.report_seen(&[Seen::Certificate(made.certificate)]).unwrap(), [SeenState::Unknown]);
    }
    let foreign = world(MemoryStore::new()).enrolled(None).1.issued.der;
    assert_eq!(restored.report_seen(&[Seen::Certificate(foreign)]).unwrap(), [SeenState::Unknown]);
}

#[test]
fn versions_that_were_seen_are_not_given_again() {
    let w = world(MemoryStore::new());
    let device = w.registry.devices().register(&NewDevice::named("a"), &w.call).unwrap();
    let key = w.registry.keys().issue(&NewKey::for_device(device.id, SymmetricAlgorithm::Aes256), &w.call).unwrap();
    let psk = w.registry.psks().issue(&NewPsk::password(device.id), &w.call).unwrap().psk;
    let seen = [
        Seen::Key { id: key.id, version: 1 },
        Seen::Key { id: key.id, version: 5 },
        Seen::Psk { id: psk.id, version: 3 },
    ];
    let expected = [SeenState::Known, SeenState::Lost, SeenState::Lost];
    assert_eq!(w.registry.report_seen(&seen).unwrap(), expected);
    assert_eq!(w.registry.keys().rotate(key.id, &RotateKey::default(), &w.call).unwrap().version, 6);
    assert_eq!(w.registry.psks().rotate(psk.id, &RotatePsk::default(), &w.call).unwrap().psk.version, 4);
    assert_eq!(w.registry.keys().rotate(key.id, &RotateKey::default(), &w.call).unwrap().version, 7);
}

#[test]
fn versions_of_a_fleet_are_seen_in_a_few_commits_and_the_highest_counts() {
    use tegata::store::faults::FaultyStore;
    const FLEET: usize = 600;
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let w = world(Arc::clone(&store));
    let keys: Vec<_> = (0..FLEET)
        .map(|n| {
            let device = w.registry.devices().register(&NewDevice::named(format!("d{n}")), &w.call).unwrap().id;
            w.registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap().id
        })
        .collect();
    let mut seen: Vec<_> =
        [3, 9, 4].iter().flat_map(|version| keys.iter().map(|id| Seen::Key { id: *id, version: *version })).collect();
    seen.push(Seen::Certificate(b"none".to_vec()));
    let before = store.calls().iter().filter(|call| **call == "commit").count();
    // What comes before the one that is no certificate was seen all the same.
    assert_eq!(code(w.registry.report_seen(&seen)), "certificate.malformed");
    let commits = store.calls().iter().filter(|call| **call == "commit").count() - before;
    assert!(commits < 10, "{commits}");
    for id in [keys[0], keys[FLEET - 1]] {
        assert_eq!(w.registry.keys().rotate(id, &RotateKey::default(), &w.call).unwrap().version, 10);
    }
    // Who tells the same again changes nothing.
    assert!(w.registry.report_seen(&seen).is_err());
    let noticed = EventFilter { action: Some("restore.noticed".to_owned()), ..EventFilter::default() };
    assert_eq!(w.registry.events().find(&noticed, &Page::of(1)).unwrap().total, Some(FLEET as u64));
}

#[test]
fn what_does_not_fit_together_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    drop(world(sqlite(&path)));
    let sound = open(sqlite(&path)).unwrap().check_integrity(None).unwrap();
    assert!(sound.is_sound() && sound.rows > 20, "{sound:?}");
    for (spoil, what) in [
        ("DELETE FROM documents WHERE key = (SELECT max(key) FROM documents)", "certificates"),
        ("UPDATE devices SET state = 77 WHERE key = 1", "devices.state"),
        ("UPDATE tegata_counter SET value = 1 WHERE name = 'devices'", "given again"),
        ("UPDATE certificates SET serial = (SELECT serial FROM certificates ORDER BY key LIMIT 1)", "another record"),
        ("UPDATE keys SET value = randomblob(44)", "altered or moved"),
    ] {
        let spoilt = directory.path().join("spoilt.sqlite");
        std::fs::copy(&path, &spoilt).unwrap();
        rusqlite::Connection::open(&spoilt).unwrap().execute_batch(spoil).unwrap();
        let found = open(sqlite(&spoilt)).unwrap().check_integrity(None).unwrap();
        assert!(found.findings.iter().any(|finding| finding.contains(what)), "{spoil}: {:?}", found.findings);
        std::fs::remove_file(&spoilt).unwrap();
    }
}

#[test]
fn what_crls_are_copied_from_is_looked_into() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    let w = world(sqlite(&path));
    let listed = |w: &World| w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    let mut devices = Vec::new();
    for n in 0..5 {
        let device = w.enrolled(Some(&format!("lost {n}"))).1;
        let id = device.issued.certificate.id;
        w.registry.certificates().revoke(id, RevocationReason::Superseded, &w.call).unwrap();
        devices.push(id);
    }
    assert!(listed(&w).entries >= 5);
    // Listed a second time, with another reason, until the next CRL.
    w.registry.certificates().revoke(devices[0], RevocationReason::KeyCompromise, &w.call).unwrap();
    let sound = w.registry.check_integrity(None).unwrap();
    assert!(sound.is_sound(), "{sound:?}");
    drop(w);
    let chunk = |path: &Path| -> (i64, Vec<u8>, Vec<u8>) {
        let query = "SELECT entries, expiries, der FROM crl_chunks";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        rusqlite::Connection::open(path).unwrap().query_one(query, [], row).unwrap()
    };
    let (entries, expiries, der) = chunk(&path);
    let first = usize::from(der[1]) + 2;
    assert!(entries >= 5 && expiries.len() == 8 * usize::try_from(entries).unwrap());
    let check = |spoil: &str, values: &[&dyn rusqlite::ToSql]| {
        let spoilt = directory.path().join("spoilt.sqlite");
        std::fs::copy(&path, &spoilt).unwrap();
        let connection = rusqlite::Connection::open(&spoilt).unwrap();
        assert_eq!(connection.execute(spoil, values).unwrap(), 1, "{spoil}");
        drop(connection);
        let found = open(sqlite(&spoilt)).unwrap().check_integrity(None).unwrap().findings;
        std::fs::remove_file(&spoilt).unwrap();
        found
    };
    assert!(check("UPDATE crl_chunks SET der = ?", &[&der]).is_empty(), "what is put back is sound");
    for place in 0..first {
        for bit in [0x01, 0x80] {
            let mut altered = der.clone();
            altered[place] ^= bit;
            let found = check("UPDATE crl_chunks SET der = ?", &[&altered]);
            assert!(found.len() == 1 && found[0].starts_with("crl_chunks 1: "), "{place}: {found:?}");
        }
    }
    let certificate = "UPDATE certificates SET";
    let listed = "WHERE key = (SELECT max(key) FROM certificates)";
    for (spoil, value, what) in [
        ("UPDATE crl_chunks SET entries = entries - ?", &1_i64 as &dyn rusqlite::ToSql, "number of expiries"),
        ("UPDATE crl_chunks SET expiries = ?", &&expiries[8..], "number of expiries"),
        ("UPDATE crl_chunks SET der = ?", &&der[first..], "fewer entries"),
        ("UPDATE crl_chunks SET der = ?", &[&der[..], &der[..first]].concat(), "more entries"),
        ("UPDATE crl_chunks SET first_expiry = first_expiry - ?", &1_i64, "first or last expiry"),
        ("UPDATE crl_chunks SET last_expiry = last_expiry + ?", &1_i64, "first or last expiry"),
        (&format!("{certificate} revoked = revoked + ? {listed}"), &1_i64, "is not revoked, or since another time"),
        (&format!("{certificate} reason = ? {listed}"), &1_i64, "another reason"),
        (&format!("{certificate} not_after = not_after + ? {listed}"), &1_i64, "ends at another time"),
    ] {
        let found = check(spoil, &[value]);
        let named = |finding: &String| finding.starts_with("crl_chunks 1: ") && finding.contains(what);
        assert!(found.iter().any(named), "{spoil}: {found:?}");
    }
}

#[test]
fn a_backup_leaves_nothing_when_it_fails() {
    let directory = tempfile::tempdir().unwrap();
    let w = world(MemoryStore::new());
    let nowhere = directory.path().join("no folder/backup.sqlite");
    assert_eq!(code(w.registry.backup(&nowhere, &Call::by("x"))), "store.unavailable");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    let path = directory.path().join("backup.sqlite");
    w.registry.backup(&path, &Call::by("x")).unwrap();
    let from_memory = open(sqlite(&path)).unwrap();
    assert!(from_memory.check_integrity(None).unwrap().is_sound());
    assert_eq!(from_memory.counts().unwrap().devices, w.registry.counts().unwrap().devices);
    drop(store::open_store(&format!("sqlite:{}", path.display())).unwrap());
}

/// A store in whose backup somebody else is faster, or which is looked at meanwhile.
struct Watched(SqliteStore, Box<dyn Fn(&Path) + Send + Sync>);

impl Store for Watched {
    fn migrate(&self, schema: &store::schema::Schema) -> Result<(), StoreError> {
        self.0.migrate(schema)
    }
    fn reserve(&self, counter: store::Counter, count: u32) -> Result<std::ops::Range<u64>, StoreError> {
        self.0.reserve(counter, count)
    }
    fn get(&self, rows: &[store::RowRef]) -> Result<Vec<Option<store::Row>>, StoreError> {
        self.0.get(rows)
    }
    fn find(&self, query: &store::Query) -> Result<store::Page, StoreError> {
        self.0.find(query)
    }
    fn count(&self, tally: &store::Tally) -> Result<Vec<(store::Value, u64)>, StoreError> {
        self.0.count(tally)
    }
    fn commit(&self, writes: &[store::Write]) -> Result<(), StoreError> {
        self.0.commit(writes)
    }
    fn maintenance(&self) -> Option<&dyn store::Maintenance> {
        Some(self)
    }
}

impl store::Maintenance for Watched {
    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        store::Maintenance::backup(&self.0, to)?;
        (self.1)(to);
        Ok(())
    }
    fn check(&self) -> Result<Vec<String>, StoreError> {
        store::Maintenance::check(&self.0)
    }
    fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        store::Maintenance::shrink(&self.0, bytes)
    }
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_backup_never_touches_the_file_of_another_that_was_faster() {
    let (live, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = directory.path().join("backup.sqlite");
    let other = path.clone();
    let faster = Box::new(move |_: &Path| std::fs::write(&other, "another's").unwrap());
    let w = world(Watched(sqlite(&live.path().join("live.sqlite")), faster));
    assert_eq!(code(w.registry.backup(&path, &w.call)), "store.unavailable");
    assert_eq!(std::fs::read(&path).unwrap(), b"another's");
    assert_eq!(names(directory.path()), ["backup.sqlite"]);
}

#[test]
fn a_backup_gets_its_name_when_it_is_whole_and_marked() {
    let (live, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = directory.path().join("backup.sqlite");
    let name = path.clone();
    let killed = Box::new(move |to: &Path| assert!(to.exists() && !name.exists(), "without its mark"));
    let w = world(Watched(sqlite(&live.path().join("live.sqlite")), killed));
    let backup = w.registry.backup(&path, &w.call).unwrap();
    assert_eq!(backup.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(names(directory.path()), ["backup.sqlite"]);
    assert!(actions(&open(sqlite(&path)).unwrap()).contains(&"registry.restored".to_owned()));
}

#[test]
fn of_backups_to_one_name_at_once_one_wins() {
    let (live, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = directory.path().join("backup.sqlite");
    let w = world(sqlite(&live.path().join("live.sqlite")));
    let won = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| w.registry.backup(&path, &w.call).is_ok())).collect();
        threads.into_iter().map(|thread| u32::from(thread.join().unwrap())).sum::<u32>()
    });
    assert_eq!(won, 1);
    assert_eq!(names(directory.path()), ["backup.sqlite"]);
    assert!(open(sqlite(&path)).unwrap().check_integrity(None).unwrap().is_sound());
}

#[test]
fn versions_that_were_seen_move_with_the_registry() {
    let w = world(MemoryStore::new());
    let device = w.registry.devices().register(&NewDevice::named("a"), &w.call).unwrap();
    let key = w.registry.keys().issue(&NewKey::for_device(device.id, SymmetricAlgorithm::Aes256), &w.call).unwrap();
    let psk = w.registry.psks().issue(&NewPsk::password(device.id), &w.call).unwrap().psk;
    w.registry.report_seen(&[Seen::Key { id: key.id, version: 5 }, Seen::Psk { id: psk.id, version: 3 }]).unwrap();
    let target = Arc::new(MemoryStore::new());
    w.registry.copy_to(&target, None, &w.call).unwrap();
    let moved = open(target).unwrap();
    assert_eq!(moved.keys().rotate(key.id, &RotateKey::default(), &w.call).unwrap().version, 6);
    assert_eq!(moved.psks().rotate(psk.id, &RotatePsk::default(), &w.call).unwrap().psk.version, 4);
}

#[test]
fn a_mistyped_version_does_not_end_the_life_of_a_key() {
    let w = world(MemoryStore::new());
    let device = w.registry.devices().register(&NewDevice::named("a"), &w.call).unwrap();
    let key = w.registry.keys().issue(&NewKey::for_device(device.id, SymmetricAlgorithm::Aes256), &w.call).unwrap();
    let seen = Seen::Key { id: key.id, version: u32::MAX };
    assert_eq!(w.registry.report_seen(&[seen]).unwrap(), [SeenState::Unknown]);
    assert_eq!(w.registry.keys().rotate(key.id, &RotateKey::default(), &w.call).unwrap().version, 2);
}

//! Identities and secrets, and who guesses them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{World, sealer};
use tegata::error::AuthenticationError;
use tegata::model::{EnrollmentPolicy, Entity, ProfileSpec, PskKind};
use tegata::store::schema::Schema;
use tegata::store::{
    Counter, MemoryStore, Page as Rows, Query, Row, RowRef, SqliteOptions, SqliteStore, Store, StoreError, Tally,
    Value, Write,
};
use tegata::{
    Call, Credential, DeviceId, Error, EventFilter, IssuedPsk, NewClient, NewDevice, NewPsk, Options, Page, Presented,
    Principal, Registry, Result, RotatePsk,
};

/// Counts what is read and written.
#[derive(Clone, Default)]
struct Counting(Arc<(MemoryStore, AtomicUsize, AtomicUsize)>);

impl Counting {
    fn taken(&self) -> (usize, usize) {
        (self.0.1.swap(0, Ordering::Relaxed), self.0.2.swap(0, Ordering::Relaxed))
    }
}

impl Store for Counting {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.0.0.migrate(schema)
    }
    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.0.2.fetch_add(1, Ordering::Relaxed);
        self.0.0.reserve(counter, count)
    }
    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.0.1.fetch_add(rows.len() * 100 + 1, Ordering::Relaxed);
        self.0.0.get(rows)
    }
    fn find(&self, query: &Query) -> Result<Rows, StoreError> {
        self.0.1.fetch_add(10_000, Ordering::Relaxed);
        self.0.0.find(query)
    }
    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.0.1.fetch_add(10_000, Ordering::Relaxed);
        self.0.0.count(tally)
    }
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.0.2.fetch_add(1, Ordering::Relaxed);
        self.0.0.commit(writes)
    }
}

struct Fleet {
    world: World,
    store: Counting,
}

impl Fleet {
    fn new() -> Self {
        let store = Counting::default();
        let world = World::with(store.clone(), EnrollmentPolicy::default(), ProfileSpec::device());
        Self { world, store }
    }

    fn registry(&self) -> &Registry {
        &self.world.registry
    }

    fn device(&self, name: &str) -> DeviceId {
        self.registry().devices().register(&NewDevice::named(name), &self.world.call).unwrap().id
    }

    fn psk(&self, new: &NewPsk) -> IssuedPsk {
        self.registry().psks().issue(new, &self.world.call).unwrap()
    }

    fn wait(&self, seconds: i64) {
        self.world.clock.advance(seconds);
    }

    fn show(&self, identity: &str, secret: &[u8]) -> Result<Principal> {
        self.registry().authenticate(&Presented::psk(identity, secret))
    }

    /// How many seconds an identity has to wait; fails unless it is made to.
    fn pause(&self, identity: &str) -> u64 {
        match self.show(identity, b"anything") {
            Err(Error::Authentication(AuthenticationError::BackedOff { retry_after })) => retry_after,
            other => panic!("not backed off: {other:?}"),
        }
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().code()
}

fn secret(issued: &IssuedPsk) -> Vec<u8> {
    issued.octets().unwrap().to_vec()
}

#[test]
fn a_device_authenticates_with_its_password_and_the_principal_says_by_what() {
    let fleet = Fleet::new();
    let device = fleet.device("lamp");
    let issued = fleet.psk(&NewPsk::password(device));
    assert_eq!(issued.psk.identity, device.to_string());
    match fleet.show(&issued.psk.identity, &secret(&issued)).unwrap() {
        Principal::Device { device: id, product, credential, until } => {
            assert_eq!((id, product, until), (device, None, None));
            assert_eq!(credential, Credential::Psk(issued.psk.id));
        }
        other => panic!("{other:?}"),
    }
}

/// NEC-44, NEC-45: what is answered, in the same work, does not tell an unknown identity from a wrong secret.
#[test]
fn an_unknown_identity_and_a_wrong_secret_are_told_apart_by_nothing() {
    let fleet = Fleet::new();
    let password = fleet.psk(&NewPsk::password(fleet.device("by ID")));
    let deleted = fleet.psk(&NewPsk::password(fleet.device("deleted")));
    fleet.registry().psks().delete(deleted.psk.id, &fleet.world.call).unwrap();
    let tls = fleet.psk(&NewPsk::tls(fleet.device("for TLS")));
    let chosen = fleet.psk(&NewPsk::password(fleet.device("chosen")).identified_by("lamp@example"));
    let other_registry = Fleet::new().device("elsewhere").to_string();
    // Identities as long as those that are made here, and chosen ones; of each at least one that exists.
    let made = [&password.psk.identity, &deleted.psk.identity, &tls.psk.identity, &other_registry, &"a".repeat(26)];
    let others = [&chosen.psk.identity, &"nobody@example".to_owned(), &String::new(), &"x".repeat(200)];
    for alike in [&made[..], &others[..]] {
        let mut seen = Vec::new();
        for identity in alike {
            for wrong in [&b"wrong"[..], b"", &[7; 64]] {
                fleet.store.taken();
                let refused = fleet.show(identity, wrong).unwrap_err();
                let (reads, writes) = fleet.store.taken();
                assert_eq!(writes, 0, "{identity}");
                // How often the store was asked; a device's ID leads to two rows at once.
                seen.push((reads % 100, refused.code(), refused.to_string(), refused));
            }
        }
        assert_eq!(seen[0].1, "authentication.failed");
        assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    }
    // After six failures each, all of them have to wait alike.
    for identity in made.iter().chain(&others) {
        for _ in 0..3 {
            assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed");
        }
        fleet.store.taken();
        assert_eq!(fleet.pause(identity), 1);
        assert_eq!(fleet.store.taken(), (0, 0));
    }
}

#[test]
fn only_who_knows_the_secret_learns_that_the_key_or_the_device_is_shut_out() {
    let fleet = Fleet::new();
    let device = fleet.device("lamp");
    for new in [
        NewPsk::password(device),
        NewPsk::tls(device),
        NewPsk { kind: PskKind::Readable, ..NewPsk::tls(device) }.identified_by("lamp@example"),
    ] {
        let issued = fleet.psk(&new);
        let (identity, secret) = (issued.psk.identity.as_str(), secret(&issued));
        let (psks, devices, call) = (fleet.registry().psks(), fleet.registry().devices(), &fleet.world.call);
        assert!(fleet.show(identity, &secret).is_ok());
        psks.suspend(issued.psk.id, call).unwrap();
        assert_eq!(code(fleet.show(identity, &secret)), "psk.suspended");
        assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed");
        devices.disable(device, call).unwrap();
        assert_eq!(code(fleet.show(identity, &secret)), "psk.suspended");
        psks.resume(issued.psk.id, call).unwrap();
        assert_eq!(code(fleet.show(identity, &secret)), "device.disabled");
        assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed");
        devices.enable(device, call).unwrap();
        assert!(fleet.show(identity, &secret).is_ok());
        psks.delete(issued.psk.id, call).unwrap();
        assert_eq!(code(fleet.show(identity, &secret)), "authentication.failed");
    }
}

#[test]
fn the_secret_before_a_rotation_counts_until_its_grace_ends_and_the_principal_says_until_when() {
    let fleet = Fleet::new();
    for new in [NewPsk::password(fleet.device("lamp")), NewPsk::tls(fleet.device("camera"))] {
        let first = fleet.psk(&new);
        let rotated =
            fleet.registry().psks().rotate(first.psk.id, &RotatePsk::with_grace(2), &fleet.world.call).unwrap();
        let end = fleet.world.registry_now().plus_days(2);
        let until = |issued: &IssuedPsk| match fleet.show(&issued.psk.identity, &secret(issued)).unwrap() {
            Principal::Device { until, .. } => until,
            other => panic!("{other:?}"),
        };
        assert_eq!((until(&first), until(&rotated)), (Some(end), None));
        fleet.wait(2 * 86_400);
        assert_eq!(code(fleet.show(&first.psk.identity, &secret(&first))), "authentication.failed");
        assert_eq!(until(&rotated), None);
    }
}

#[test]
fn who_guesses_waits_longer_and_longer_and_not_even_the_right_secret_is_looked_at_meanwhile() {
    let fleet = Fleet::new();
    let issued = fleet.psk(&NewPsk::password(fleet.device("lamp")));
    let identity = issued.psk.identity.as_str();
    let mut pauses = Vec::new();
    for failure in 1..=17 {
        assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed", "{failure}");
        if failure > 5 {
            let pause = fleet.pause(identity);
            assert_eq!(code(fleet.show(identity, &secret(&issued))), "authentication.backed_off");
            assert_eq!(code(fleet.registry().psks().verify(identity, &secret(&issued))), "authentication.backed_off");
            fleet.wait(i64::try_from(pause).unwrap());
            pauses.push(pause);
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert!(fleet.show(identity, &secret(&issued)).is_ok());
    // All is forgotten.
    for _ in 0..5 {
        assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed");
    }
    assert!(fleet.show(identity, &secret(&issued)).is_ok());
}

#[test]
fn failures_are_written_down_from_ten_on_once_per_doubling_and_taken_away_by_a_success() {
    let fleet = Fleet::new();
    let issued = fleet.psk(&NewPsk::password(fleet.device("lamp")));
    let unknown = "nobody@example";
    let mut written = Vec::new();
    for failure in 1..=45 {
        for identity in [issued.psk.identity.as_str(), unknown] {
            fleet.store.taken();
            assert_eq!(code(fleet.show(identity, b"wrong")), "authentication.failed");
            if fleet.store.taken().1 > 0 {
                assert_ne!(identity, unknown);
                written.push(failure);
            }
        }
        fleet.wait(900);
    }
    assert_eq!(written, [10, 20, 40]);
    let psks = fleet.registry().psks();
    let kept = psks.get(issued.psk.id).unwrap();
    assert_eq!((kept.failures, kept.blocked_until.is_some()), (40, true));
    let about = EventFilter { subject: Some(Entity::Device(issued.psk.device)), ..EventFilter::default() };
    let actions = || -> Vec<_> {
        let events = fleet.registry().events().find(&about, &Page::of(50)).unwrap().items;
        events.into_iter().filter(|event| event.actor == "authenticate").map(|event| event.action).collect()
    };
    assert_eq!(actions(), ["psk.back_off"; 3]);
    assert!(fleet.show(&issued.psk.identity, &secret(&issued)).is_ok());
    let kept = psks.get(issued.psk.id).unwrap();
    assert_eq!((kept.failures, kept.blocked_until), (0, None));
    assert_eq!(actions(), ["psk.back_off", "psk.back_off", "psk.back_off", "psk.back_off_end"]);
    fleet.store.taken();
    assert!(fleet.show(&issued.psk.identity, &secret(&issued)).is_ok());
    assert_eq!(fleet.store.taken().1, 0);
}

#[test]
fn what_was_written_down_counts_after_a_restart_and_in_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.sqlite");
    let store = || SqliteStore::open(&file, SqliteOptions::default()).unwrap();
    let world = World::with(store(), EnrollmentPolicy::default(), ProfileSpec::device());
    let device = world.registry.devices().register(&NewDevice::named("lamp"), &world.call).unwrap().id;
    let issued = world.registry.psks().issue(&NewPsk::password(device), &world.call).unwrap();
    let shown = Presented::psk(&issued.psk.identity, b"wrong");
    for failure in 1..=10 {
        assert_eq!(code(world.registry.authenticate(&shown)), "authentication.failed");
        if failure < 10 {
            world.clock.advance(900);
        }
    }
    let other = Registry::open(store(), sealer(), Options::default().with_clock(world.clock.clone())).unwrap();
    assert_eq!(code(other.authenticate(&shown)), "authentication.backed_off");
    world.clock.advance(16);
    assert_eq!(code(other.authenticate(&shown)), "authentication.failed");
    let refused = other.authenticate(&shown).unwrap_err();
    assert_eq!(refused, AuthenticationError::BackedOff { retry_after: 32 }.into());
}

/// NEC-39: two steps, and either failing denies.
#[test]
fn a_client_needs_its_licence_key_first_and_then_name_and_password() {
    let fleet = Fleet::new();
    let (clients, call) = (fleet.registry().clients(), &fleet.world.call);
    let made = clients.register(&NewClient::named("console"), call).unwrap();
    let other = clients.register(&NewClient::named("other"), call).unwrap();
    assert_eq!(code(clients.register(&NewClient::named("console"), call)), "client.name_taken");
    let show = |licence: &str, name: &str, password: &str| {
        fleet.registry().authenticate(&Presented::Client { licence, name, password })
    };
    let (licence, password) = (made.licence.expose().as_str(), made.password.expose().as_str());
    assert_eq!(clients.check_licence(licence).unwrap(), made.client.id);
    match show(licence, "console", password).unwrap() {
        Principal::Client { client, name } => assert_eq!((client, name.as_str()), (made.client.id, "console")),
        other => panic!("{other:?}"),
    }
    // Step one fails, whatever else is right.
    for wrong in ["", "x", password, &licence.to_uppercase()] {
        assert_eq!(code(clients.check_licence(wrong)), "authentication.licence");
        assert_eq!(code(show(wrong, "console", password)), "authentication.licence");
    }
    // Step two fails; another one's licence key does not help.
    for (licence, name, shown) in [
        (licence, "console", "wrong"),
        (licence, "nobody", password),
        (licence, "other", other.password.expose().as_str()),
        (other.licence.expose().as_str(), "console", password),
    ] {
        assert_eq!(code(show(licence, name, shown)), "authentication.failed");
    }
    // States are told to who knows everything.
    clients.suspend(made.client.id, call).unwrap();
    assert_eq!(code(clients.check_licence(licence)), "client.suspended");
    assert_eq!(code(show(licence, "console", "wrong")), "authentication.failed");
    assert_eq!(code(show(licence, "console", password)), "client.suspended");
    assert_eq!(code(clients.suspend(made.client.id, call)), "client.already_suspended");
    clients.resume(made.client.id, call).unwrap();
    assert_eq!(code(clients.resume(made.client.id, call)), "client.not_suspended");
    assert!(show(licence, "console", password).is_ok());
    // New secrets replace the old ones.
    let next = clients.rotate_licence(made.client.id, call).unwrap();
    assert_eq!(code(show(licence, "console", password)), "authentication.licence");
    assert!(show(next.expose(), "console", password).is_ok());
    let newer = clients.rotate_password(made.client.id, call).unwrap();
    assert_eq!(code(show(next.expose(), "console", password)), "authentication.failed");
    assert!(show(next.expose(), "console", newer.expose()).is_ok());
    clients.delete(made.client.id, call).unwrap();
    assert_eq!(code(show(next.expose(), "console", newer.expose())), "authentication.licence");
    assert_eq!(code(clients.delete(made.client.id, call)), "client.deleted");
    assert!(clients.register(&NewClient::named("console"), call).is_ok());
}

#[test]
fn a_client_s_secrets_are_handed_out_once_and_stand_in_no_table_and_no_event() {
    let fleet = Fleet::new();
    let clients = fleet.registry().clients();
    let call = Call::by("admin").with_request_id("client 1");
    let made = clients.register(&NewClient::named("console"), &call).unwrap();
    assert_eq!(code(clients.register(&NewClient::named("console"), &call)), "client.handed_out");
    let mut log = Vec::new();
    fleet.registry().events().export(&EventFilter::default(), &mut log).unwrap();
    let log = String::from_utf8(log).unwrap() + &format!("{made:?}{:?}", clients.get(made.client.id).unwrap());
    for secret in [made.licence.expose(), made.password.expose()] {
        assert_eq!(secret.len(), 26);
        assert!(!log.contains(secret.as_str()));
    }
}

#[test]
fn who_guesses_a_client_s_password_waits_and_nobody_else_can_make_it_wait() {
    let fleet = Fleet::new();
    let made = fleet.registry().clients().register(&NewClient::named("console"), &fleet.world.call).unwrap();
    let (licence, password) = (made.licence.expose().as_str(), made.password.expose().as_str());
    let show = |licence: &str, password: &str| {
        fleet.registry().authenticate(&Presented::Client { licence, name: "console", password })
    };
    for _ in 0..50 {
        assert_eq!(code(show("not the licence key", "wrong")), "authentication.licence");
    }
    assert!(show(licence, password).is_ok());
    for failure in 1..=10 {
        assert_eq!(code(show(licence, "wrong")), "authentication.failed");
        if failure > 5 {
            assert_eq!(code(show(licence, password)), "authentication.backed_off");
            fleet.wait(1 << (failure - 6));
        }
    }
    assert_eq!(fleet.registry().clients().get(made.client.id).unwrap().failures, 10);
    assert!(show(licence, password).is_ok());
    assert_eq!(fleet.registry().clients().get(made.client.id).unwrap().failures, 0);
}

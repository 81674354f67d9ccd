//! Symmetric keys: issued, read, rotated, compared, suspended, destroyed (NEC-9 to NEC-14, NEC-42, NEC-43, NEC-58, NEC-63).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod many;
mod versions;

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use common::{World, code};
use tegata::model::VersionState::{Compromised, Current, Destroyed, Previous};
use tegata::model::{EnrollmentPolicy, Entity, KeyOwner, KeyState, ProfileSpec, SymmetricKey};
use tegata::store::schema::Table;
use tegata::store::tables::{EVENTS, KEY_VERSIONS, KEYS};
use tegata::store::{Expect, MemoryStore, Query, Row, Store, Value, Write};
use tegata::symmetric::{CheckMethod, KeyMaterial};
use tegata::{
    Bulk, Call, DeviceId, EventFilter, KeyFilter, KeyId, NewDevice, NewKey, NewKeyOwner, Page, RotateKey, Secret,
    SymmetricAlgorithm as Algorithm,
};

const DAY: i64 = 86_400;

fn device(world: &World) -> DeviceId {
    world.registry.devices().register(&NewDevice::default(), &world.call).unwrap().id
}

fn issued(world: &World, algorithm: Algorithm) -> SymmetricKey {
    world.registry.keys().issue(&NewKey::for_device(device(world), algorithm), &world.call).unwrap()
}

fn value(world: &World, id: KeyId, version: Option<u32>) -> Vec<u8> {
    world.registry.keys().get(id, version, &world.call).unwrap().value.expose().clone()
}

fn stored() -> (Arc<MemoryStore>, World) {
    let store = Arc::new(MemoryStore::new());
    (store.clone(), World::with(store, EnrollmentPolicy::default(), ProfileSpec::device()))
}

fn rows(store: &dyn Store, table: &'static Table) -> Vec<Row> {
    let query =
        Query { table, filters: vec![], order: None, descending: false, after: None, limit: 10_000, total: false };
    store.find(&query).unwrap().rows
}

fn cell(row: &Row, column: &str) -> Value {
    row.values[row.table.position(column).unwrap()].clone()
}

fn put(store: &dyn Store, mut row: Row, column: &str, value: Value) {
    let position = row.table.position(column).unwrap();
    row.values[position] = value;
    store.commit(&[Write::Put(row, Expect::Any)]).unwrap();
}

#[test]
fn a_key_has_the_size_of_its_algorithm_and_any_other_is_refused() {
    // NEC-9, NEC-10
    let world = World::new();
    let keys = world.registry.keys();
    for &algorithm in Algorithm::ALL {
        let key = issued(&world, algorithm);
        assert_eq!((key.algorithm, key.version, key.number, key.state), (algorithm, 1, 1, KeyState::Active));
        assert_eq!(key.owner, KeyOwner::Device);
        let first = keys.get(key.id, None, &world.call).unwrap();
        assert_eq!((first.value.expose().len(), first.version, first.algorithm), (algorithm.key_len(), 1, algorithm));
        assert_eq!(value(&world, key.id, None), *first.value.expose(), "the same bytes each time");
        assert_eq!(value(&world, key.id, Some(1)), *first.value.expose());
        for length in [0, 1, 8, 10, 15, 16, 17, 24, 32, 64] {
            let new = NewKey::for_device(device(&world), algorithm).with_value(vec![7; length]);
            match keys.issue(&new, &world.call) {
                Ok(key) => {
                    assert_eq!(length, algorithm.key_len());
                    assert_eq!(value(&world, key.id, None), vec![7; length]);
                }
                refused => assert_eq!((code(refused), length == algorithm.key_len()), ("key.size", false)),
            }
        }
    }
    let values: BTreeSet<_> = (0..50).map(|_| value(&world, issued(&world, Algorithm::Aes128).id, None)).collect();
    assert_eq!(values.len(), 50, "no two keys are alike");
}

#[test]
fn numbers_tell_the_keys_of_one_owner_apart_and_are_used_once() {
    let world = World::new();
    let keys = world.registry.keys();
    let (one, two) = (device(&world), device(&world));
    let issue = |new: NewKey| keys.issue(&new, &world.call);
    let own = |device| NewKey::for_device(device, Algorithm::Aes128);
    assert_eq!(issue(own(one)).unwrap().number, 1);
    assert_eq!(issue(own(one)).unwrap().number, 2);
    assert_eq!(issue(own(one).numbered(4)).unwrap().number, 4);
    assert_eq!(issue(own(one)).unwrap().number, 3);
    assert_eq!(issue(own(one)).unwrap().number, 5);
    for number in 1..=5 {
        assert_eq!(code(issue(own(one).numbered(number))), "key.number_taken");
    }
    assert_eq!(code(issue(own(one).numbered(0))), "input.invalid");
    assert_eq!(issue(own(two).numbered(u32::MAX)).unwrap().number, u32::MAX);
    let first = issue(own(two)).unwrap();
    assert_eq!(first.number, 1);
    keys.destroy(first.id, &world.call).unwrap();
    assert_eq!(code(issue(own(two).numbered(1))), "key.number_taken", "a destroyed key keeps its number");
    assert_eq!(issue(own(two)).unwrap().number, 2);
    // Keys that are shared count for themselves.
    let shared = || NewKey::for_devices([one, two], Algorithm::Aes128);
    assert_eq!((issue(shared()).unwrap().number, issue(shared()).unwrap().number), (1, 2));

    let all = KeyFilter { device: Some(one), owner: Some(KeyOwner::Device), ..KeyFilter::default() };
    let numbers: Vec<_> = keys.find(&all, &Page::of(10)).unwrap().items.iter().map(|key| key.number).collect();
    assert_eq!(numbers, [1, 2, 4, 3, 5], "in the order of their making");
}

#[test]
fn a_repeated_request_brings_the_first_result() {
    // Trap 14
    let world = World::new();
    let keys = world.registry.keys();
    let once = |id: &str| world.call.clone().with_request_id(id);
    let new = NewKey::for_device(device(&world), Algorithm::Aes128);
    let key = keys.issue(&new, &once("issue")).unwrap();
    assert_eq!(keys.issue(&new, &once("issue")).unwrap().id, key.id);
    assert_eq!(code(keys.issue(&new.clone().with_value(vec![1; 16]), &once("issue"))), "input.request_id_reused");
    assert_eq!(keys.count(&KeyFilter::default()).unwrap(), 1);

    let first = keys.get(key.id, None, &once("get")).unwrap();
    let rotated = keys.rotate(key.id, &RotateKey::with_grace(1), &once("rotate")).unwrap();
    assert_eq!(keys.rotate(key.id, &RotateKey::with_grace(1), &once("rotate")).unwrap().version, rotated.version);
    assert_eq!(code(keys.rotate(key.id, &RotateKey::with_grace(2), &once("rotate"))), "input.request_id_reused");
    let again = keys.get(key.id, None, &once("get")).unwrap();
    assert_eq!((again.version, again.value.expose()), (1, first.value.expose()), "what the first request got");
    world.clock.advance(DAY);
    assert_eq!(code(keys.get(key.id, None, &once("get"))), "key.version_destroyed");
    // Other rows than a device's first, too.
    let second = keys.issue(&new, &world.call).unwrap();
    let value = keys.get(second.id, None, &once("second")).unwrap();
    keys.rotate(second.id, &RotateKey::with_grace(1), &world.call).unwrap();
    assert_eq!(keys.get(second.id, None, &once("second")).unwrap().value.expose(), value.value.expose());

    let bulk = [key.id, second.id];
    let got = keys.get_many(&bulk, &Bulk::each(), &once("many")).unwrap();
    keys.rotate_many(&bulk, &RotateKey::with_grace(1), &Bulk::each(), &world.call).unwrap();
    let again = keys.get_many(&bulk, &Bulk::each(), &once("many")).unwrap();
    for (got, again) in got.into_iter().zip(again) {
        assert_eq!(got.unwrap().value.expose(), again.unwrap().value.expose());
    }
    let imported = RotateKey::default().with_value(vec![3; 16]);
    assert_eq!(code(keys.rotate_many(&bulk, &imported, &Bulk::each(), &world.call)), "input.invalid");
}

#[test]
fn a_suspended_key_is_not_used_until_it_is_resumed() {
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    let before = value(&world, key.id, None);
    assert_eq!(code(keys.resume(key.id, &world.call)), "key.not_suspended");
    assert_eq!(keys.suspend(key.id, &world.call).unwrap().state, KeyState::Suspended);
    assert_eq!(code(keys.suspend(key.id, &world.call)), "key.already_suspended");
    assert_eq!(code(keys.get(key.id, None, &world.call)), "key.suspended");
    assert_eq!(code(keys.get(key.id, Some(1), &world.call)), "key.suspended");
    assert_eq!(code(keys.check_value(key.id, CheckMethod::EncryptedZero, None)), "key.suspended");
    assert_eq!(code(keys.rotate(key.id, &RotateKey::default(), &world.call)), "key.suspended");
    assert_eq!(keys.resume(key.id, &world.call).unwrap().state, KeyState::Active);
    assert_eq!(value(&world, key.id, None), before);
}

#[test]
fn a_sealed_value_opens_nowhere_but_in_its_place_and_version() {
    // NEC-58
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    let other = issued(&world, Algorithm::Aes128);
    let row_of = |number: usize| rows(&*store, &KEYS).remove(number);
    let first = row_of(0);
    keys.rotate(key.id, &RotateKey::with_grace(5), &world.call).unwrap();
    let second = row_of(0);
    keys.get(key.id, None, &world.call).unwrap();

    let damaged = |column: &str, with: Value, what: &str| {
        put(&*store, row_of(0), column, with);
        let version = if column == "value" { 2 } else { 1 };
        assert_eq!(code(keys.get(key.id, Some(version), &world.call)), "seal.damaged", "{what}");
        put(&*store, row_of(0), column, cell(&second, column));
        keys.get(key.id, Some(version), &world.call).unwrap();
    };
    damaged("value", cell(&first, "value"), "an old value in the place of the current one");
    damaged("value", cell(&second, "previous"), "the value before in the place of the current one");
    damaged("previous", cell(&second, "value"), "the current value in the place of the one before");
    damaged("previous", cell(&first, "value"), "an old value in the place of the one before");
    damaged("value", cell(&row_of(1), "value"), "another key's value");
    damaged("value", Value::Bytes(vec![]), "nothing");

    // A row that claims another version or algorithm than the seal.
    put(&*store, row_of(0), "key_version", Value::Int(3));
    assert_eq!(code(keys.get(key.id, None, &world.call)), "seal.damaged");
    assert_eq!(code(keys.verify(key.id, &[0; 16])), "seal.damaged");
    put(&*store, row_of(0), "key_version", Value::Int(2));
    put(&*store, row_of(0), "algorithm", Value::Text("twine-128".to_owned()));
    assert_eq!(code(keys.get(key.id, None, &world.call)), "seal.damaged");
    put(&*store, row_of(0), "algorithm", Value::Text("aes-128".to_owned()));
    put(&*store, row_of(0), "value", Value::Null);
    assert_eq!(code(keys.get(key.id, None, &world.call)), "store.corrupt");
    // A damaged key can be given a new value, or be destroyed.
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    keys.get(key.id, None, &world.call).unwrap();
    keys.get(other.id, None, &world.call).unwrap();
}

#[test]
fn every_change_and_every_read_leaves_its_event_and_no_secret() {
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    let mut secrets = vec![value(&world, key.id, None)];
    keys.rotate(key.id, &RotateKey::with_grace(1).with_value(b"sixteen letters!".to_vec()), &world.call).unwrap();
    secrets.push(b"sixteen letters!".to_vec());
    keys.suspend(key.id, &world.call).unwrap();
    keys.resume(key.id, &world.call).unwrap();
    keys.get_many(&[key.id, key.id], &Bulk::each(), &world.call).unwrap();
    keys.end_grace(key.id, &world.call).unwrap();
    keys.mark_compromised(key.id, &world.call).unwrap();
    keys.destroy(key.id, &world.call).unwrap();
    let about = EventFilter { object: Some(Entity::Key(key.id)), ..EventFilter::default() };
    let events = world.registry.events().find(&about, &Page::of(99)).unwrap().items;
    let actions: Vec<_> = events.iter().map(|event| event.action.strip_prefix("key.").unwrap()).collect();
    assert_eq!(
        actions,
        ["issue", "read", "rotate", "suspend", "resume", "read", "read", "end_grace", "mark_compromised", "destroy"]
    );
    assert!(events.iter().all(|event| event.subject == key.device.map(Entity::Device) && event.actor == "admin"));
    assert_eq!(events[5].detail.as_deref(), Some("version 2"));
    for row in rows(&*store, &EVENTS).iter().chain(&rows(&*store, &KEY_VERSIONS)) {
        let text = format!("{:?}", row.values);
        assert!(secrets.iter().all(|secret| !text.contains(&format!("{secret:?}"))));
        assert!(!text.contains("sixteen"));
    }
    let shown =
        format!("{:?}", NewKey::for_device(key.device.unwrap(), Algorithm::Aes128).with_value(secrets.pop().unwrap()));
    assert!(!shown.contains("sixteen") && !shown.contains("115"));
    let issued = keys.issue(&NewKey::for_device(key.device.unwrap(), Algorithm::Aes128), &world.call).unwrap();
    let shown = format!("{:?}", keys.get(issued.id, None, &world.call).unwrap());
    assert!(shown.contains("Secret(..)"), "{shown}");
}

#[test]
fn keys_are_issued_to_devices_that_may_have_them() {
    let world = World::new();
    let (keys, devices) = (world.registry.keys(), world.registry.devices());
    let gone = device(&world);
    devices.delete(gone, &world.call).unwrap();
    let disabled = device(&world);
    let key = keys.issue(&NewKey::for_device(disabled, Algorithm::Aes128), &world.call).unwrap();
    devices.disable(disabled, &world.call).unwrap();
    let discovered = devices.discover(&NewDevice::default(), &world.call).unwrap().id;
    let refusals = [(gone, "device.deleted"), (disabled, "device.disabled"), (discovered, "device.not_enrolled")];
    for (id, refusal) in refusals {
        assert_eq!(code(keys.issue(&NewKey::for_device(id, Algorithm::Aes128), &world.call)), refusal);
        let shared = NewKey::for_devices([device(&world), id], Algorithm::Aes128);
        assert_eq!(code(keys.issue(&shared, &world.call)), refusal);
    }
    // Trap 15; the server's side can still read.
    assert_eq!(code(keys.rotate(key.id, &RotateKey::default(), &world.call)), "device.disabled");
    keys.get(key.id, None, &world.call).unwrap();
    let one = device(&world);
    let none = NewKey::for_devices([], Algorithm::Aes128);
    assert_eq!(code(keys.issue(&none, &world.call)), "input.invalid");
    let twice = NewKey { owner: NewKeyOwner::Devices(vec![one, device(&world), one]), ..none };
    assert_eq!(code(keys.issue(&twice, &world.call)), "key.already_shared");
    let other = World::new();
    // One more than both worlds have, so that no number coincides.
    let foreign = KeyId::from_bytes(*device(&other).as_bytes());
    assert_eq!(code(keys.get(foreign, None, &Call::by("x"))), "input.unknown_id");
    assert_eq!(code(keys.record(foreign)), "input.unknown_id");
    assert_eq!(code(keys.verify(foreign, &[])), "input.unknown_id");
}

#[test]
fn a_deleted_device_takes_its_own_keys_with_it() {
    let (store, world) = stored();
    let keys = world.registry.keys();
    let owner = device(&world);
    let own: Vec<_> =
        (0..3).map(|_| keys.issue(&NewKey::for_device(owner, Algorithm::Aes128), &world.call).unwrap().id).collect();
    keys.rotate(own[1], &RotateKey::with_grace(3), &world.call).unwrap();
    keys.destroy(own[2], &world.call).unwrap();
    let other = issued(&world, Algorithm::Aes128);
    world.registry.devices().delete(owner, &world.call).unwrap();
    for id in &own {
        assert_eq!(keys.record(*id).unwrap().state, KeyState::Destroyed);
        assert_eq!(code(keys.get(*id, None, &world.call)), "key.destroyed");
    }
    let left = rows(&*store, &KEYS).iter().filter(|row| cell(row, "value") != Value::Null).count();
    assert_eq!(left, 1);
    value(&world, other.id, None);
}

#[test]
fn secrets_are_given_as_secrets() {
    let world = World::new();
    let key = issued(&world, Algorithm::Aes128);
    let brought = Secret::new(vec![9; 16]);
    world.registry.keys().rotate(key.id, &RotateKey::default().with_value(brought), &world.call).unwrap();
    assert_eq!(value(&world, key.id, None), [9; 16]);
}

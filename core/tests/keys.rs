//! Symmetric keys: issued, read, rotated, compared, suspended, destroyed (NEC-9 to NEC-14, NEC-42, NEC-43, NEC-58, NEC-63).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

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
fn a_rotation_counts_up_and_keeps_the_version_before_for_its_grace_period() {
    // NEC-11
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes256);
    let first = value(&world, key.id, None);
    let rotated = keys.rotate(key.id, &RotateKey::with_grace(7), &world.call).unwrap();
    assert_eq!((rotated.version, rotated.previous_version), (2, Some(1)));
    assert_eq!(rotated.previous_until, Some(world.registry_now().plus_days(7)));
    let second = value(&world, key.id, None);
    assert_ne!(first, second);
    assert_eq!(value(&world, key.id, Some(1)), first);
    assert_eq!(value(&world, key.id, Some(2)), second);

    // A third version leaves no place for the first.
    world.clock.advance(DAY);
    keys.rotate(key.id, &RotateKey::with_grace(7), &world.call).unwrap();
    assert_eq!(code(keys.get(key.id, Some(1), &world.call)), "key.version_destroyed");
    assert_eq!(value(&world, key.id, Some(2)), second);
    for version in [0, 4, u32::MAX] {
        assert_eq!(code(keys.get(key.id, Some(version), &world.call)), "key.version_unknown");
    }
    world.clock.advance(7 * DAY - 1);
    assert_eq!(value(&world, key.id, Some(2)), second);
    world.clock.advance(1);
    assert_eq!(code(keys.get(key.id, Some(2), &world.call)), "key.version_destroyed");
    let third = value(&world, key.id, None);

    // Without grace the version before is gone at once.
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    assert_eq!(code(keys.get(key.id, Some(3), &world.call)), "key.version_destroyed");
    assert_eq!(keys.verify(key.id, &third).unwrap(), None);

    let too_long = RotateKey::with_grace(36_526);
    assert_eq!(code(keys.rotate(key.id, &too_long, &world.call)), "key.grace");
    let same = RotateKey::with_grace(1).with_value(value(&world, key.id, None));
    assert_eq!(code(keys.rotate(key.id, &same, &world.call)), "input.invalid");
    let wrong_size = RotateKey::with_grace(1).with_value(vec![0; 16]);
    assert_eq!(code(keys.rotate(key.id, &wrong_size, &world.call)), "key.size");
    assert_eq!(keys.record(key.id).unwrap().version, 4, "what was refused changed nothing");
}

#[test]
fn a_rotation_may_change_the_algorithm_and_the_version_before_keeps_its_own() {
    // NEC-63: the answer to a broken algorithm
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Twine80);
    let first = value(&world, key.id, None);
    let stronger = keys.rotate(key.id, &RotateKey::with_grace(3).to(Algorithm::Aes256), &world.call).unwrap();
    assert_eq!(stronger.algorithm, Algorithm::Aes256);
    let old = keys.get(key.id, Some(1), &world.call).unwrap();
    assert_eq!((old.algorithm, old.value.expose()), (Algorithm::Twine80, &first));
    let new = keys.get(key.id, None, &world.call).unwrap();
    assert_eq!((new.algorithm, new.value.expose().len()), (Algorithm::Aes256, 32));
    let algorithms: Vec<_> = keys.versions(key.id).unwrap().iter().map(|version| version.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Twine80, Algorithm::Aes256]);
    assert_eq!(
        keys.find(&KeyFilter { algorithm: Some(Algorithm::Twine80), ..KeyFilter::default() }, &Page::of(9))
            .unwrap()
            .total,
        Some(0)
    );
}

#[test]
fn the_versions_of_a_key_tell_their_lives() {
    let world = World::new();
    let keys = world.registry.keys();
    let start = world.registry_now();
    let key = issued(&world, Algorithm::Aes128);
    let states = |id| keys.versions(id).unwrap().iter().map(|v| (v.version, v.state)).collect::<Vec<_>>();
    assert_eq!(states(key.id), [(1, Current)]);
    world.clock.advance(DAY);
    keys.rotate(key.id, &RotateKey::with_grace(2), &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Previous), (2, Current)]);
    let first = keys.versions(key.id).unwrap().remove(0);
    assert_eq!((first.issued, first.ended), (start, Some(start.plus_days(1))));
    assert_eq!(first.kept_until, Some(start.plus_days(3)));
    world.clock.advance(2 * DAY);
    assert_eq!(states(key.id), [(1, Destroyed), (2, Current)]);
    keys.rotate(key.id, &RotateKey::with_grace(2), &world.call).unwrap();
    keys.mark_compromised(key.id, &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Compromised), (3, Compromised)]);
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Destroyed), (3, Compromised), (4, Current)]);
    keys.destroy(key.id, &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Destroyed), (3, Compromised), (4, Destroyed)]);
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
fn a_presented_key_or_check_value_says_which_version_it_is() {
    // NEC-13
    let world = World::new();
    let keys = world.registry.keys();
    for &algorithm in Algorithm::ALL {
        let key = issued(&world, algorithm);
        let first = value(&world, key.id, None);
        let verified = |presented: &[u8]| keys.verify(key.id, presented).unwrap().map(|m| (m.version, m.state));
        assert_eq!(verified(&first), Some((1, Current)));
        keys.rotate(key.id, &RotateKey::with_grace(1), &world.call).unwrap();
        let second = value(&world, key.id, None);
        assert_eq!(verified(&first), Some((1, Previous)));
        assert_eq!(verified(&second), Some((2, Current)));
        for at in 0..second.len() {
            let mut wrong = second.clone();
            wrong[at] ^= 1;
            assert_eq!(verified(&wrong), None);
        }
        assert_eq!(verified(&[]), None);
        assert_eq!(verified(&[second.as_slice(), &[0]].concat()), None);
        assert_eq!(verified(&second[1..]), None);

        let method = CheckMethod::EncryptedZero;
        let check = KeyMaterial::from_bytes(algorithm, &second).unwrap().check_value(method).unwrap();
        assert_eq!(keys.check_value(key.id, method, None).unwrap(), check);
        assert_eq!(keys.verify_check_value(key.id, &check).unwrap().unwrap().version, 2);
        let old = keys.check_value(key.id, method, Some(1)).unwrap();
        assert_eq!(keys.verify_check_value(key.id, &old).unwrap().unwrap().state, Previous);
        let cmac = keys.check_value(key.id, CheckMethod::Cmac, None);
        match algorithm {
            Algorithm::Aes128 | Algorithm::Aes256 => {
                assert_eq!(keys.verify_check_value(key.id, &cmac.unwrap()).unwrap().unwrap().version, 2);
            }
            _ => {
                assert_eq!(code(cmac), "key.check_method");
                let foreign = "0123456789".parse().unwrap();
                assert_eq!(code(keys.verify_check_value(key.id, &foreign)), "key.check_method");
            }
        }
        world.clock.advance(DAY);
        assert_eq!(verified(&first), None, "its grace is over");

        keys.suspend(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), None);
        keys.resume(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), Some((2, Current)));
        keys.mark_compromised(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), Some((2, Compromised)));
        keys.destroy(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), None);
    }
}

#[test]
fn a_check_value_is_compared_with_both_versions_whatever_their_algorithms() {
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    let first = keys.check_value(key.id, CheckMethod::Cmac, None).unwrap();
    keys.rotate(key.id, &RotateKey::with_grace(1).to(Algorithm::Twine128), &world.call).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &first).unwrap().unwrap().version, 1);
    let other = "0123456789".parse().unwrap();
    assert_eq!(code(keys.verify_check_value(key.id, &other)), "key.check_method");
    keys.rotate(key.id, &RotateKey::with_grace(1).to(Algorithm::Aes256), &world.call).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &other).unwrap(), None);
    let third = keys.check_value(key.id, CheckMethod::Cmac, None).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &third).unwrap().unwrap().version, 3);
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
fn a_compromised_key_is_put_right_by_a_rotation_that_destroys_its_old_values() {
    // NEC-63
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    keys.rotate(key.id, &RotateKey::with_grace(30), &world.call).unwrap();
    keys.suspend(key.id, &world.call).unwrap();
    let leaked = keys.mark_compromised(key.id, &world.call).unwrap();
    assert_eq!((leaked.state, leaked.renew_at), (KeyState::Compromised, Some(world.registry_now())));
    assert_eq!(code(keys.mark_compromised(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.suspend(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.resume(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.get(key.id, None, &world.call)), "key.compromised");
    // Old data can be read once more by whoever asks for exactly that.
    let old = (value(&world, key.id, Some(1)), value(&world, key.id, Some(2)));

    let fresh = keys.rotate(key.id, &RotateKey::with_grace(30), &world.call).unwrap();
    assert_eq!((fresh.state, fresh.version, fresh.previous_version), (KeyState::Active, 3, None));
    assert_eq!(fresh.renew_at, None);
    assert_eq!(code(keys.get(key.id, Some(2), &world.call)), "key.version_destroyed");
    assert_eq!((keys.verify(key.id, &old.0).unwrap(), keys.verify(key.id, &old.1).unwrap()), (None, None));
    let row = rows(&*store, &KEYS).remove(0);
    assert_eq!(cell(&row, "previous"), Value::Null);
}

#[test]
fn a_destroyed_key_leaves_no_value_behind() {
    // NEC-12
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes256);
    keys.rotate(key.id, &RotateKey::with_grace(9), &world.call).unwrap();
    let (old, new) = (value(&world, key.id, Some(1)), value(&world, key.id, None));
    let row = rows(&*store, &KEYS).remove(0);
    let sealed = [cell(&row, "value"), cell(&row, "previous")];
    for sealed in &sealed {
        let Value::Bytes(sealed) = sealed else { panic!("{sealed:?}") };
        // NEC-58: what the store holds is not the key.
        assert!(sealed.windows(32).all(|part| part != old && part != new));
    }
    let gone = keys.destroy(key.id, &world.call).unwrap();
    assert_eq!((gone.state, gone.renew_at, gone.previous_version), (KeyState::Destroyed, None, None));
    let row = rows(&*store, &KEYS).remove(0);
    assert_eq!((cell(&row, "value"), cell(&row, "previous")), (Value::Null, Value::Null));
    for table in tegata::store::tables::SCHEMA.tables {
        for row in rows(&*store, table) {
            assert!(row.values.iter().all(|value| !sealed.contains(value)), "{}", table.name);
        }
    }
    for result in [
        code(keys.get(key.id, None, &world.call)),
        code(keys.get(key.id, Some(1), &world.call)),
        code(keys.rotate(key.id, &RotateKey::default(), &world.call)),
        code(keys.suspend(key.id, &world.call)),
        code(keys.resume(key.id, &world.call)),
        code(keys.mark_compromised(key.id, &world.call)),
        code(keys.end_grace(key.id, &world.call)),
        code(keys.destroy(key.id, &world.call)),
    ] {
        assert_eq!(result, "key.destroyed");
    }
    assert_eq!(keys.record(key.id).unwrap().version, 2, "its record stays");
    assert_eq!(keys.holders(key.id).unwrap(), []);
}

#[test]
fn what_is_past_its_grace_period_is_erased() {
    let (store, world) = stored();
    let keys = world.registry.keys();
    let kept: Vec<_> = (1..=3)
        .map(|days| {
            let key = issued(&world, Algorithm::Aes128).id;
            keys.rotate(key, &RotateKey::with_grace(days), &world.call).unwrap();
            key
        })
        .collect();
    let previous = || rows(&*store, &KEYS).iter().filter(|row| cell(row, "previous") != Value::Null).count();
    assert_eq!((keys.erase_expired(&world.call).unwrap(), previous()), (0, 3));
    world.clock.advance(DAY);
    assert_eq!(previous(), 3, "time alone changes no row");
    assert_eq!((keys.erase_expired(&world.call).unwrap(), previous()), (1, 2));
    assert_eq!(keys.erase_expired(&world.call).unwrap(), 0);
    world.clock.advance(DAY);
    // Any other change of the row does it as well.
    keys.suspend(kept[1], &world.call).unwrap();
    assert_eq!((previous(), keys.erase_expired(&world.call).unwrap()), (1, 0));
    assert_eq!(keys.end_grace(kept[2], &world.call).unwrap().previous_version, None);
    assert_eq!(previous(), 0);
    assert_eq!(code(keys.end_grace(kept[2], &world.call)), "key.version_unknown");
    let erased = EventFilter { action: Some("key.erase".to_owned()), ..EventFilter::default() };
    assert_eq!(world.registry.events().find(&erased, &Page::of(9)).unwrap().total, Some(1));
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
fn rotations_at_once_lose_none() {
    let world = Arc::new(World::new());
    let key = issued(&world, Algorithm::Aes128);
    let (threads, each) = (8, 6);
    let barrier = Arc::new(Barrier::new(threads));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                (0..each)
                    .map(|_| {
                        loop {
                            match world.registry.keys().rotate(key.id, &RotateKey::with_grace(1), &world.call) {
                                Ok(key) => break key.version,
                                Err(error) => assert_eq!(error.code(), "store.busy"),
                            }
                        }
                    })
                    .collect::<Vec<u32>>()
            })
        })
        .collect();
    let versions: BTreeSet<u32> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    let last = u32::try_from(threads * each).unwrap() + 1;
    assert_eq!(versions, (2..=last).collect());
    let record = world.registry.keys().record(key.id).unwrap();
    assert_eq!((record.version, record.previous_version), (last, Some(last - 1)));
    assert_eq!(world.registry.keys().versions(key.id).unwrap().len(), last as usize);
    value(&world, key.id, Some(last - 1));
}

#[test]
fn keys_issued_at_once_get_numbers_of_their_own() {
    let world = Arc::new(World::new());
    let owner = device(&world);
    let barrier = Arc::new(Barrier::new(8));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                let new = NewKey::for_device(owner, Algorithm::Aes128);
                world.registry.keys().issue(&new, &world.call).unwrap().number
            })
        })
        .collect();
    let numbers: BTreeSet<u32> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert_eq!(numbers, (1..=8).collect());
}

#[test]
fn a_key_that_is_destroyed_while_it_is_read_is_not_handed_out_afterwards() {
    let world = Arc::new(World::new());
    for _ in 0..20 {
        let key = issued(&world, Algorithm::Aes128);
        let barrier = Arc::new(Barrier::new(2));
        let reader = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().get(key.id, None, &world.call)
            })
        };
        barrier.wait();
        world.registry.keys().destroy(key.id, &world.call).unwrap();
        let read = reader.join().unwrap();
        let about = EventFilter { object: Some(Entity::Key(key.id)), ..EventFilter::default() };
        let events = world.registry.events().find(&about, &Page::of(9)).unwrap().items;
        let reads = events.iter().filter(|event| event.action == "key.read").count();
        match read {
            Ok(_) => assert_eq!(reads, 1),
            Err(error) => assert_eq!((error.code(), reads), ("key.destroyed", 0)),
        }
    }
}

#[test]
fn many_keys_are_issued_read_rotated_and_destroyed_with_a_result_each() {
    // NEC-14, trap 14
    let world = World::new();
    let keys = world.registry.keys();
    let devices: Vec<_> = (0..600).map(|_| NewDevice::default()).collect();
    let devices = world.registry.devices().register_many(&devices, &Bulk::each(), &world.call).unwrap();
    let devices: Vec<_> = devices.into_iter().map(|device| device.unwrap().id).collect();
    let new: Vec<_> = devices.iter().map(|id| NewKey::for_device(*id, Algorithm::Aes128)).collect();
    let issued = keys.issue_many(&new, &Bulk::each(), &world.call).unwrap();
    let ids: Vec<_> = issued.into_iter().map(|key| key.unwrap().id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 600);

    let got = keys.get_many(&ids, &Bulk::each(), &world.call).unwrap();
    let values: BTreeSet<_> = got.iter().map(|got| got.as_ref().unwrap().value.expose().clone()).collect();
    assert_eq!(values.len(), 600);
    assert!(got.iter().zip(&ids).all(|(got, id)| got.as_ref().unwrap().key.id == *id), "in their order");
    let reads = EventFilter { action: Some("key.read".to_owned()), ..EventFilter::default() };
    assert_eq!(world.registry.events().find(&reads, &Page::of(1)).unwrap().total, Some(600));

    keys.destroy(ids[5], &world.call).unwrap();
    world.registry.devices().disable(devices[6], &world.call).unwrap();
    let rotated = keys.rotate_many(&ids, &RotateKey::default(), &Bulk::each(), &world.call).unwrap();
    for (at, result) in rotated.into_iter().enumerate() {
        match at {
            5 => assert_eq!(code(result), "key.destroyed"),
            // Trap 15
            6 => assert_eq!(code(result), "device.disabled"),
            _ => assert_eq!(result.unwrap().version, 2),
        }
    }
    let all = keys.rotate_many(&ids, &RotateKey::default(), &Bulk::all(), &world.call).unwrap();
    assert_eq!(all.iter().filter(|result| matches!(result, Err(e) if e.code() == "input.batch_refused")).count(), 598);
    assert_eq!(keys.record(ids[0]).unwrap().version, 2);

    // One key twice in one call is rotated twice.
    let twice = keys.rotate_many(&[ids[0], ids[0]], &RotateKey::default(), &Bulk::each(), &world.call).unwrap();
    assert_eq!(twice.into_iter().map(|key| key.unwrap().version).collect::<BTreeSet<_>>(), [3, 4].into());
    let suspended = keys.suspend_many(&ids[..3], &Bulk::all(), &world.call).unwrap();
    assert!(suspended.iter().all(Result::is_ok));
    assert!(keys.resume_many(&ids[..3], &Bulk::all(), &world.call).unwrap().iter().all(Result::is_ok));
    assert!(keys.mark_compromised_many(&ids[..2], &Bulk::all(), &world.call).unwrap().iter().all(Result::is_ok));
    let destroyed = keys.destroy_many(&ids, &Bulk::each(), &world.call).unwrap();
    assert_eq!(destroyed.iter().filter(|result| result.is_ok()).count(), 599);
    let living = KeyFilter { states: vec![KeyState::Active, KeyState::Compromised], ..KeyFilter::default() };
    assert_eq!(keys.count(&living).unwrap(), 0);
}

#[test]
fn several_keys_of_one_device_in_one_call_get_numbers_of_their_own() {
    let world = World::new();
    let owner = device(&world);
    let new = vec![NewKey::for_device(owner, Algorithm::Twine128); 5];
    let issued = world.registry.keys().issue_many(&new, &Bulk::each(), &world.call).unwrap();
    let numbers: BTreeSet<_> = issued.into_iter().map(|key| key.unwrap().number).collect();
    assert_eq!(numbers, (1..=5).collect());
    let new: Vec<_> = (11..=15).map(|n| NewKey::for_device(owner, Algorithm::Twine128).numbered(n)).collect();
    let issued = world.registry.keys().issue_many(&new, &Bulk::all(), &world.call).unwrap();
    assert!(issued.iter().all(Result::is_ok));
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
fn a_key_that_is_issued_while_its_device_is_deleted_does_not_outlive_it() {
    let world = Arc::new(World::new());
    for _ in 0..30 {
        let owner = device(&world);
        let barrier = Arc::new(Barrier::new(2));
        let issuing = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().issue(&NewKey::for_device(owner, Algorithm::Aes128), &world.call)
            })
        };
        barrier.wait();
        world.registry.devices().delete(owner, &world.call).unwrap();
        match issuing.join().unwrap() {
            Ok(key) => assert_eq!(world.registry.keys().record(key.id).unwrap().state, KeyState::Destroyed),
            Err(error) => assert_eq!(error.code(), "device.deleted"),
        }
    }
}

#[test]
fn secrets_are_given_as_secrets() {
    let world = World::new();
    let key = issued(&world, Algorithm::Aes128);
    let brought = Secret::new(vec![9; 16]);
    world.registry.keys().rotate(key.id, &RotateKey::default().with_value(brought), &world.call).unwrap();
    assert_eq!(value(&world, key.id, None), [9; 16]);
}

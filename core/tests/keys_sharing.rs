//! Symmetric keys that several devices hold, how keys reach devices, and how they follow groups (NEC-36, NEC-38, NEC-41, NEC-64).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use common::{World, code};
use tegata::model::{Entity, KeyOwner, KeyState, SymmetricKey};
use tegata::symmetric::unwrap_key;
use tegata::{
    DeviceId, EventFilter, GroupChange, GroupId, IssuedPsk, KeyFilter, KeyId, NewDevice, NewKey, NewPsk, Page,
    RotateKey, SymmetricAlgorithm as Algorithm, Timestamp,
};

const DAY: i64 = 86_400;

fn device(world: &World, group: Option<GroupId>) -> DeviceId {
    world.registry.devices().register(&NewDevice { group, ..NewDevice::default() }, &world.call).unwrap().id
}

fn devices<const N: usize>(world: &World) -> [DeviceId; N] {
    std::array::from_fn(|_| device(world, None))
}

fn group(world: &World, name: &str, key_days: Option<u32>) -> GroupId {
    let settings = GroupChange { key_days: Some(key_days), ..GroupChange::default() };
    world.registry.groups().create(name, &settings, &world.call).unwrap().id
}

fn psk(world: &World, device: DeviceId) -> IssuedPsk {
    world.registry.psks().issue(&NewPsk::tls(device), &world.call).unwrap()
}

fn shared(world: &World, devices: &[DeviceId]) -> SymmetricKey {
    world.registry.keys().issue(&NewKey::for_devices(devices, Algorithm::Aes128), &world.call).unwrap()
}

fn value(world: &World, id: KeyId) -> Vec<u8> {
    world.registry.keys().get(id, None, &world.call).unwrap().value.expose().clone()
}

fn clear(world: &World, id: KeyId, device: DeviceId) -> tegata::Result<Vec<u8>> {
    Ok(world.registry.keys().deliver_clear(id, device, &world.call)?.value.expose().clone())
}

fn set_days(world: &World, group: GroupId, days: Option<u32>) {
    let change = GroupChange { key_days: Some(days), ..GroupChange::default() };
    world.registry.groups().update(group, &change, &world.call).unwrap();
}

#[test]
fn a_device_opens_what_was_wrapped_for_it_with_its_pre_shared_key() {
    // NEC-41
    let world = World::new();
    let keys = world.registry.keys();
    for &algorithm in Algorithm::ALL {
        let [device, other] = devices(&world);
        let (psk, others) = (psk(&world, device), psk(&world, other));
        let key = keys.issue(&NewKey::for_device(device, algorithm), &world.call).unwrap();
        assert_eq!(key.delivered, None);
        let wrapped = keys.deliver(key.id, device, &world.call).unwrap();
        assert_eq!((wrapped.version, wrapped.number, wrapped.algorithm), (1, 1, algorithm));
        let secret = psk.secret.as_ref().unwrap().expose();
        assert_eq!(unwrap_key(&wrapped, secret).unwrap().expose(), value(&world, key.id));
        assert_eq!(code(unwrap_key(&wrapped, others.secret.unwrap().expose())), "key.unwrap_failed");
        let mut older = wrapped.clone();
        older.version = 2;
        assert_eq!(code(unwrap_key(&older, secret)), "key.unwrap_failed");
        assert!(!wrapped.wrapped.windows(algorithm.key_len()).any(|part| part == value(&world, key.id)));
        assert_eq!(keys.record(key.id).unwrap().delivered, Some(1));

        // A rotation is delivered by the same procedure (NEC-42, NEC-43).
        keys.rotate(key.id, &RotateKey::with_grace(1), &world.call).unwrap();
        let wrapped = keys.deliver(key.id, device, &world.call).unwrap();
        assert_eq!(wrapped.version, 2);
        assert_eq!(unwrap_key(&wrapped, secret).unwrap().expose(), value(&world, key.id));
        assert_eq!(keys.record(key.id).unwrap().delivered, Some(2));
    }
}

#[test]
fn who_got_which_version_when_is_on_record() {
    // NEC-38
    let world = World::new();
    let keys = world.registry.keys();
    let owner = device(&world, None);
    psk(&world, owner);
    let key = keys.issue(&NewKey::for_device(owner, Algorithm::Aes128), &world.call).unwrap();
    keys.deliver(key.id, owner, &world.call).unwrap();
    world.clock.advance(DAY);
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    clear(&world, key.id, owner).unwrap();
    let about = EventFilter {
        subject: Some(Entity::Device(owner)),
        object: Some(Entity::Key(key.id)),
        ..EventFilter::default()
    };
    let events = world.registry.events().find(&about, &Page::of(99)).unwrap().items;
    let got: Vec<_> = events
        .into_iter()
        .filter(|event| event.action.starts_with("key.deliver"))
        .map(|event| (event.action, event.detail.unwrap(), event.at))
        .collect();
    let start = world.registry_now().plus_days(-1);
    assert_eq!(
        got,
        [
            ("key.deliver".to_owned(), "version 1".to_owned(), start),
            ("key.deliver_clear".to_owned(), "version 2".to_owned(), start.plus_days(1)),
        ]
    );
}

#[test]
fn a_repeated_delivery_brings_the_same_version() {
    let world = World::new();
    let keys = world.registry.keys();
    let [owner, other] = devices(&world);
    psk(&world, owner);
    let key = shared(&world, &[owner, other]);
    let once = world.call.clone().with_request_id("deliver");
    let first = keys.deliver(key.id, owner, &once).unwrap();
    keys.rotate(key.id, &RotateKey::with_grace(1), &world.call).unwrap();
    assert_eq!(keys.deliver(key.id, owner, &once).unwrap(), first);
    assert_eq!(code(keys.deliver(key.id, other, &once)), "input.request_id_reused");
    world.clock.advance(DAY);
    assert_eq!(code(keys.deliver(key.id, owner, &once)), "key.version_destroyed");
    let once = world.call.clone().with_request_id("clear");
    let first = keys.deliver_clear(key.id, owner, &once).unwrap();
    keys.rotate(key.id, &RotateKey::with_grace(1), &world.call).unwrap();
    assert_eq!(keys.deliver_clear(key.id, owner, &once).unwrap().value.expose(), first.value.expose());
}

#[test]
fn a_repeated_delivery_is_refused_as_a_first_one_would_be_by_now() {
    let world = World::new();
    let (keys, registry) = (world.registry.keys(), world.registry.devices());
    let [owner, other] = devices(&world);
    psk(&world, owner);
    let key = shared(&world, &[owner, other]);
    let (wrapped, clear) = (world.call.clone().with_request_id("1"), world.call.clone().with_request_id("2"));
    let again = || {
        let [first, second] =
            [keys.deliver(key.id, owner, &wrapped).err(), keys.deliver_clear(key.id, owner, &clear).err()];
        let [first, second] = [first, second].map(|refused| refused.map(|refused| refused.code()));
        assert_eq!(first, second);
        first
    };
    assert_eq!(again(), None);
    registry.disable(owner, &world.call).unwrap();
    assert_eq!(again(), Some("device.disabled"));
    registry.enable(owner, &world.call).unwrap();
    assert_eq!(again(), None);
    keys.unshare(key.id, owner, &world.call).unwrap();
    assert_eq!(again(), Some("key.not_held"));
    keys.share(key.id, owner, &world.call).unwrap();
    keys.mark_compromised(key.id, &world.call).unwrap();
    assert_eq!(again(), Some("key.compromised"));
}

#[test]
fn a_key_is_delivered_to_nobody_but_a_valid_device_that_holds_it() {
    let world = World::new();
    let (keys, registry) = (world.registry.keys(), world.registry.devices());
    let [owner, stranger] = devices(&world);
    let key = keys.issue(&NewKey::for_device(owner, Algorithm::Aes128), &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "key.wrap_unavailable");
    // A password that is only checked wraps nothing.
    let password = world.registry.psks().issue(&NewPsk::password(owner), &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "key.wrap_unavailable");
    let own = psk(&world, owner);
    psk(&world, stranger);
    keys.deliver(key.id, owner, &world.call).unwrap();
    for refused in [code(keys.deliver(key.id, stranger, &world.call)), code(clear(&world, key.id, stranger))] {
        assert_eq!(refused, "key.not_held");
    }
    world.registry.psks().suspend(own.psk.id, &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "key.wrap_unavailable");
    world.registry.psks().resume(own.psk.id, &world.call).unwrap();
    world.registry.psks().delete(password.psk.id, &world.call).unwrap();
    keys.deliver(key.id, owner, &world.call).unwrap();

    registry.disable(owner, &world.call).unwrap();
    for refused in [code(keys.deliver(key.id, owner, &world.call)), code(clear(&world, key.id, owner))] {
        assert_eq!(refused, "device.disabled");
    }
    registry.enable(owner, &world.call).unwrap();
    keys.suspend(key.id, &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "key.suspended");
    keys.mark_compromised(key.id, &world.call).unwrap();
    for refused in [code(keys.deliver(key.id, owner, &world.call)), code(clear(&world, key.id, owner))] {
        assert_eq!(refused, "key.compromised");
    }
    keys.destroy(key.id, &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "key.destroyed");
    registry.delete(owner, &world.call).unwrap();
    assert_eq!(code(keys.deliver(key.id, owner, &world.call)), "device.deleted");
}

#[test]
fn several_devices_share_a_key_until_they_are_withdrawn() {
    // NEC-64
    let world = World::new();
    let keys = world.registry.keys();
    let [one, two, three] = devices(&world);
    let key = shared(&world, &[one, two]);
    assert_eq!((key.owner, key.device, key.holders, key.group), (KeyOwner::Shared, Some(one), 2, None));
    assert_eq!(keys.holders(key.id).unwrap(), [one, two]);
    assert_eq!(clear(&world, key.id, one).unwrap(), clear(&world, key.id, two).unwrap());
    assert_eq!(code(clear(&world, key.id, three)), "key.not_held");
    assert_eq!(keys.share(key.id, three, &world.call).unwrap().holders, 3);
    assert_eq!(clear(&world, key.id, three).unwrap(), value(&world, key.id));
    assert_eq!(code(keys.share(key.id, three, &world.call)), "key.already_shared");

    assert_eq!(keys.unshare(key.id, two, &world.call).unwrap().holders, 2);
    assert_eq!(code(keys.unshare(key.id, two, &world.call)), "key.not_shared");
    assert_eq!(code(clear(&world, key.id, two)), "key.not_held");
    // The first goes; the next one takes its place in the record.
    assert_eq!(keys.unshare(key.id, one, &world.call).unwrap().device, Some(three));
    assert_eq!(keys.holders(key.id).unwrap(), [three]);
    let gone = keys.unshare(key.id, three, &world.call).unwrap();
    assert_eq!((gone.state, gone.holders), (KeyState::Destroyed, 0));
    assert_eq!(code(keys.unshare(key.id, three, &world.call)), "key.destroyed");
    assert_eq!(code(keys.share(key.id, one, &world.call)), "key.destroyed");

    let key = shared(&world, &[one]);
    keys.suspend(key.id, &world.call).unwrap();
    assert_eq!(code(keys.share(key.id, two, &world.call)), "key.suspended");
    world.registry.devices().disable(two, &world.call).unwrap();
    keys.resume(key.id, &world.call).unwrap();
    assert_eq!(code(keys.share(key.id, two, &world.call)), "device.disabled");
    // One disabled device does not keep the others from their renewal.
    let key = shared(&world, &[one, three]);
    world.registry.devices().disable(three, &world.call).unwrap();
    assert_eq!(keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap().version, 2);
    assert_eq!(code(clear(&world, key.id, three)), "device.disabled");
}

#[test]
fn one_devices_own_key_and_a_groups_key_are_not_shared_by_name() {
    let world = World::new();
    let keys = world.registry.keys();
    let [one, two] = devices(&world);
    let members = group(&world, "doors", None);
    let own = keys.issue(&NewKey::for_device(one, Algorithm::Aes128), &world.call).unwrap();
    let of_group = keys.issue(&NewKey::for_group(members, Algorithm::Aes128), &world.call).unwrap();
    for key in [own.id, of_group.id] {
        assert_eq!(code(keys.share(key, two, &world.call)), "key.owner");
        assert_eq!(code(keys.unshare(key, one, &world.call)), "key.owner");
    }
    assert_eq!(keys.holders(own.id).unwrap(), [one]);
}

#[test]
fn whoever_is_in_a_group_holds_its_key_and_whoever_leaves_does_not() {
    let world = World::new();
    let (keys, registry) = (world.registry.keys(), world.registry.devices());
    let (doors, gates) = (group(&world, "doors", None), group(&world, "gates", None));
    let (early, outside) = (device(&world, Some(doors)), device(&world, None));
    let key = keys.issue(&NewKey::for_group(doors, Algorithm::Twine128), &world.call).unwrap();
    assert_eq!((key.owner, key.device, key.group, key.number), (KeyOwner::Group, None, Some(doors), 1));
    assert_eq!(keys.issue(&NewKey::for_group(doors, Algorithm::Twine128), &world.call).unwrap().number, 2);
    let late = device(&world, Some(doors));
    assert_eq!(keys.holders(key.id).unwrap(), [early, late]);
    assert_eq!(clear(&world, key.id, early).unwrap(), clear(&world, key.id, late).unwrap());
    assert_eq!(code(clear(&world, key.id, outside)), "key.not_held");
    registry.set_group(outside, Some(doors), &world.call).unwrap();
    assert_eq!(clear(&world, key.id, outside).unwrap(), value(&world, key.id));
    registry.set_group(outside, Some(gates), &world.call).unwrap();
    assert_eq!(code(clear(&world, key.id, outside)), "key.not_held");
    registry.set_group(early, None, &world.call).unwrap();
    assert_eq!(code(clear(&world, key.id, early)), "key.not_held");
    assert_eq!(keys.holders(key.id).unwrap(), [late]);
    let unknown = NewKey::for_group(GroupId::from_bytes([7; 16]), Algorithm::Aes128);
    assert_eq!(code(keys.issue(&unknown, &world.call)), "input.unknown_id");
}

#[test]
fn a_group_is_not_deleted_while_it_owns_keys() {
    let world = World::new();
    let (keys, groups) = (world.registry.keys(), world.registry.groups());
    let doors = group(&world, "doors", None);
    let made: Vec<_> =
        (0..2).map(|_| keys.issue(&NewKey::for_group(doors, Algorithm::Aes128), &world.call).unwrap().id).collect();
    assert_eq!(code(groups.delete(doors, &world.call)), "group.has_keys");
    keys.destroy(made[0], &world.call).unwrap();
    assert_eq!(code(groups.delete(doors, &world.call)), "group.has_keys");
    keys.destroy(made[1], &world.call).unwrap();
    let key = keys.issue(&NewKey::for_group(doors, Algorithm::Aes128), &world.call).unwrap();
    assert_eq!(key.number, 3);
    keys.destroy(key.id, &world.call).unwrap();
    groups.delete(doors, &world.call).unwrap();
    assert_eq!(code(keys.issue(&NewKey::for_group(doors, Algorithm::Aes128), &world.call)), "input.unknown_id");
}

#[test]
fn a_group_that_gets_a_key_at_this_moment_is_not_deleted() {
    let world = Arc::new(World::new());
    for round in 0..20 {
        let doors = group(&world, &format!("doors {round}"), None);
        let barrier = Arc::new(Barrier::new(2));
        let issuing = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().issue(&NewKey::for_group(doors, Algorithm::Aes128), &world.call)
            })
        };
        barrier.wait();
        let deleted = world.registry.groups().delete(doors, &world.call);
        match (issuing.join().unwrap(), deleted) {
            (Ok(key), Err(error)) => {
                assert!(["group.has_keys", "store.busy"].contains(&error.code()), "{error}");
                world.registry.keys().rotate(key.id, &RotateKey::default(), &world.call).unwrap();
            }
            (Err(error), Ok(())) => assert_eq!(error.code(), "input.unknown_id"),
            (issued, deleted) => panic!("{issued:?} {deleted:?}"),
        }
    }
}

#[test]
fn a_deleted_device_leaves_the_keys_that_it_shares_to_the_others() {
    let world = World::new();
    let (keys, registry) = (world.registry.keys(), world.registry.devices());
    let [one, two] = devices(&world);
    let (both, alone) = (shared(&world, &[one, two]), shared(&world, &[one]));
    let doors = group(&world, "doors", None);
    registry.set_group(one, Some(doors), &world.call).unwrap();
    let of_group = keys.issue(&NewKey::for_group(doors, Algorithm::Aes128), &world.call).unwrap();
    registry.delete(one, &world.call).unwrap();
    let left = keys.record(both.id).unwrap();
    assert_eq!((left.state, left.holders, left.device), (KeyState::Active, 1, Some(two)));
    assert_eq!(clear(&world, both.id, two).unwrap(), value(&world, both.id));
    assert_eq!(keys.record(alone.id).unwrap().state, KeyState::Destroyed);
    assert_eq!(keys.record(of_group.id).unwrap().state, KeyState::Active);
    assert_eq!(keys.holders(of_group.id).unwrap(), []);
    registry.delete(two, &world.call).unwrap();
    assert_eq!(keys.record(both.id).unwrap().state, KeyState::Destroyed);
}

#[test]
fn many_devices_that_fetch_what_they_share_do_not_stand_in_each_others_way() {
    let world = Arc::new(World::new());
    let fleet: [DeviceId; 8] = devices(&world);
    let key = shared(&world, &fleet);
    let barrier = Arc::new(Barrier::new(fleet.len()));
    let workers: Vec<_> = fleet
        .into_iter()
        .map(|device| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                (0..10).map(|_| clear(&world, key.id, device).unwrap()).collect::<BTreeSet<_>>()
            })
        })
        .collect();
    let values: BTreeSet<_> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    assert_eq!(values, [value(&world, key.id)].into());
}

#[test]
fn a_share_and_a_withdrawal_at_once_count_right() {
    let world = Arc::new(World::new());
    let fleet: [DeviceId; 6] = devices(&world);
    let base = device(&world, None);
    let key = shared(&world, &[base]);
    let barrier = Arc::new(Barrier::new(fleet.len() * 2));
    let workers: Vec<_> = fleet
        .into_iter()
        .flat_map(|device| [device, device])
        .map(|device| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                loop {
                    match world.registry.keys().share(key.id, device, &world.call) {
                        Err(error) if error.code() == "store.busy" => {}
                        other => return other.is_ok(),
                    }
                }
            })
        })
        .collect();
    let shared = workers.into_iter().filter(|_| true).map(|worker| worker.join().unwrap()).filter(|ok| *ok).count();
    assert_eq!(shared, fleet.len(), "each once");
    assert_eq!(world.registry.keys().record(key.id).unwrap().holders, 7);
    assert_eq!(world.registry.keys().holders(key.id).unwrap().len(), 7);
}

/// Within what a key with an interval of so many days is due: up to a tenth earlier.
fn within(due: Option<Timestamp>, issued: Timestamp, days: i64) {
    let due = due.unwrap();
    assert!((issued.plus(days * DAY * 9 / 10)..=issued.plus_days(days)).contains(&due), "{due} of {days} days");
}

#[test]
fn a_key_is_due_by_its_own_interval_or_its_groups() {
    // NEC-36
    let world = World::new();
    let keys = world.registry.keys();
    let now = world.registry_now();
    let doors = group(&world, "doors", Some(30));
    let (member, outside) = (device(&world, Some(doors)), device(&world, None));
    let issue = |new: NewKey| keys.issue(&new, &world.call).unwrap();
    let due = |id: KeyId| keys.record(id).unwrap().renew_at;
    let of_member = issue(NewKey::for_device(member, Algorithm::Aes128));
    let of_group = issue(NewKey::for_group(doors, Algorithm::Aes128));
    let with_own = issue(NewKey::for_device(member, Algorithm::Aes128).renewed_every(100));
    let of_outside = issue(NewKey::for_device(outside, Algorithm::Aes128));
    within(due(of_member.id), now, 30);
    within(due(of_group.id), now, 30);
    within(due(with_own.id), now, 100);
    assert_eq!(due(of_outside.id), None);
    for days in [0, 36_526] {
        let refused = keys.issue(&NewKey::for_device(outside, Algorithm::Aes128).renewed_every(days), &world.call);
        assert_eq!(code(refused), "input.invalid");
    }

    // The group's interval changes.
    set_days(&world, doors, Some(7));
    within(due(of_member.id), now, 7);
    within(due(of_group.id), now, 7);
    within(due(with_own.id), now, 100);
    set_days(&world, doors, None);
    assert_eq!((due(of_member.id), due(of_group.id)), (None, None));
    set_days(&world, doors, Some(10));

    // A rotation counts from its own moment.
    world.clock.advance(5 * DAY);
    keys.rotate(of_member.id, &RotateKey::default(), &world.call).unwrap();
    within(due(of_member.id), now.plus_days(5), 10);
    keys.rotate(with_own.id, &RotateKey::default(), &world.call).unwrap();
    within(due(with_own.id), now.plus_days(5), 100);

    // Devices move, and their keys with them.
    world.registry.devices().set_group(outside, Some(doors), &world.call).unwrap();
    within(due(of_outside.id), now, 10);
    let in_doors = KeyFilter { group: Some(doors), ..KeyFilter::default() };
    assert_eq!(keys.count(&in_doors).unwrap(), 4);
    world.registry.devices().set_group(member, None, &world.call).unwrap();
    assert_eq!(due(of_member.id), None);
    within(due(with_own.id), now.plus_days(5), 100);
    assert_eq!(keys.count(&in_doors).unwrap(), 2);

    // What is compromised stays due now, whatever the group says.
    keys.mark_compromised(of_outside.id, &world.call).unwrap();
    set_days(&world, doors, Some(300));
    assert_eq!(due(of_outside.id), Some(world.registry_now()).min(due(of_outside.id)));
    assert!(due(of_outside.id).unwrap() <= world.registry_now());
}

#[test]
fn keys_that_were_made_together_do_not_come_back_together() {
    let world = World::new();
    let doors = group(&world, "doors", Some(100));
    let dues: BTreeSet<_> = (0..200)
        .map(|_| {
            let new = NewKey::for_device(device(&world, Some(doors)), Algorithm::Aes128);
            world.registry.keys().issue(&new, &world.call).unwrap().renew_at.unwrap()
        })
        .collect();
    let start = world.registry_now();
    assert!(dues.len() > 190, "{} moments", dues.len());
    let days: BTreeSet<_> = dues.iter().map(|due| due.since(start) / DAY).collect();
    assert_eq!(days, (90..100).collect(), "spread over a tenth of the interval");
    // The new interval spreads them as well.
    set_days(&world, doors, Some(50));
    let of_group = KeyFilter { group: Some(doors), ..KeyFilter::default() };
    let keys = world.registry.keys().find(&of_group, &Page::of(1_000)).unwrap().items;
    let days: BTreeSet<_> = keys.iter().map(|key| key.renew_at.unwrap().since(start) / DAY).collect();
    assert_eq!(days, (45..50).collect());
}

#[test]
fn a_rotation_beside_a_new_interval_is_due_by_the_new_one() {
    let world = Arc::new(World::new());
    let doors = group(&world, "doors", Some(10));
    let new = NewKey::for_device(device(&world, Some(doors)), Algorithm::Aes128);
    let key = world.registry.keys().issue(&new, &world.call).unwrap();
    for round in 0..20 {
        let days = if round % 2 == 0 { 1_000 } else { 10 };
        let barrier = Arc::new(Barrier::new(2));
        let rotating = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().rotate(key.id, &RotateKey::default(), &world.call).unwrap();
            })
        };
        barrier.wait();
        set_days(&world, doors, Some(days));
        rotating.join().unwrap();
        within(world.registry.keys().record(key.id).unwrap().renew_at, world.registry_now(), days.into());
    }
}

#[test]
fn a_key_that_is_issued_beside_a_new_interval_is_due_by_the_new_one() {
    let world = Arc::new(World::new());
    let doors = group(&world, "doors", Some(10));
    for round in 0..30 {
        let days = if round % 2 == 0 { 1_000 } else { 10 };
        let new = NewKey::for_device(device(&world, Some(doors)), Algorithm::Aes128);
        let barrier = Arc::new(Barrier::new(2));
        let issuing = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().issue(&new, &world.call).unwrap().id
            })
        };
        barrier.wait();
        set_days(&world, doors, Some(days));
        let key = issuing.join().unwrap();
        within(world.registry.keys().record(key).unwrap().renew_at, world.registry_now(), days.into());
    }
}

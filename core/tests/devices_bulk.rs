//! Many devices in one call: each on its own or all or nothing, with progress, cancelling, repetition (NEC-21..25, NEC-34, trap 14).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::cell::RefCell;
use std::ops::ControlFlow;

use common::{World, code};
use tegata::model::{Device, DeviceState, EnrollmentPolicy, Entity};
use tegata::{
    Atomicity, Bulk, DeviceChange, DeviceFilter, DeviceId, Enroll, EventFilter, GroupChange, NewDevice, Page,
};

fn new(names: impl IntoIterator<Item = String>) -> Vec<NewDevice> {
    names.into_iter().map(NewDevice::named).collect()
}

fn fleet(world: &World, count: usize) -> Vec<DeviceId> {
    let names = new((0..count).map(|n| format!("camera-{n}")));
    let results = world.registry.devices().register_many(&names, &Bulk::all(), &world.call).unwrap();
    results.into_iter().map(|result| result.unwrap().id).collect()
}

fn count(world: &World, state: DeviceState) -> u64 {
    world.registry.devices().count(&DeviceFilter { states: vec![state], ..DeviceFilter::default() }).unwrap()
}

fn codes<T: std::fmt::Debug>(results: Vec<tegata::Result<T>>) -> Vec<&'static str> {
    results.into_iter().map(|result| result.err().map_or("done", |error| error.code())).collect()
}

#[test]
fn each_item_has_its_own_result_in_order() {
    let world = World::new();
    let devices = world.registry.devices();
    let names = ["a", "", "b", "a", "c", "b"].map(str::to_owned);
    let results = devices.register_many(&new(names), &Bulk::each(), &world.call).unwrap();
    let ids: Vec<_> = results.iter().filter_map(|result| Some(result.as_ref().ok()?.id)).collect();
    let expected = ["done", "input.invalid", "done", "device.name_taken", "done", "device.name_taken"];
    assert_eq!(codes(results), expected);

    let [a, b, c] = ids[..] else { panic!("{ids:?}") };
    let disabled = devices.disable_many(&[a, b, a], &Bulk::each(), &world.call).unwrap();
    assert_eq!(codes(disabled), ["done", "done", "device.already_disabled"]);
    let enabled = devices.enable_many(&[a, c], &Bulk::each(), &world.call).unwrap();
    assert_eq!(codes(enabled), ["done", "device.already_enabled"]);
    let rename = |id, name: &str| (id, DeviceChange { name: Some(name.to_owned()), ..DeviceChange::default() });
    let updates = [rename(a, "x"), rename(b, "x"), rename(c, "c")];
    let results = devices.update_many(&updates, &Bulk::each(), &world.call).unwrap();
    assert_eq!(codes(results), ["done", "device.name_taken", "done"]);
    let deleted = devices.delete_many(&[b, b], &Bulk::each(), &world.call).unwrap();
    assert_eq!(codes(deleted), ["done", "device.deleted"]);
    assert_eq!((count(&world, DeviceState::Valid), count(&world, DeviceState::Deleted)), (2, 1));
    assert_eq!(devices.register_many(&[], &Bulk::each(), &world.call).unwrap(), []);
    assert_eq!(devices.register_many(&[], &Bulk::all(), &world.call).unwrap(), []);
}

#[test]
fn all_or_nothing_names_the_item_that_stood_in_the_way() {
    let world = World::new();
    let devices = world.registry.devices();
    devices.register(&NewDevice::named("taken"), &world.call).unwrap();
    let refused = |names: &[&str]| {
        let names = names.iter().copied().map(str::to_owned);
        let results = devices.register_many(&new(names), &Bulk::all(), &world.call).unwrap();
        assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 1, "nothing was done");
        codes(results)
    };
    assert_eq!(refused(&["a", "", "b"]), ["input.batch_refused", "input.invalid", "input.batch_refused"]);
    assert_eq!(refused(&["a", "taken"]), ["input.batch_refused", "device.name_taken"]);
    // Two of one call that want the same.
    assert_eq!(refused(&["a", "b", "a"]), ["input.batch_refused", "input.batch_refused", "input.repeated"]);

    let ids = fleet(&world, 3);
    devices.disable(ids[1], &world.call).unwrap();
    let results = devices.disable_many(&ids, &Bulk::all(), &world.call).unwrap();
    assert_eq!(codes(results), ["input.batch_refused", "device.already_disabled", "input.batch_refused"]);
    assert_eq!(count(&world, DeviceState::Invalid), 1);
    let results = devices.delete_many(&[ids[0], ids[0]], &Bulk::all(), &world.call).unwrap();
    assert_eq!(codes(results), ["input.batch_refused", "input.repeated"]);
    let results = devices.enable_many(&ids[1..2], &Bulk::all(), &world.call).unwrap();
    assert_eq!(codes(results), ["done"]);
    assert_eq!(count(&world, DeviceState::Valid), 4);
}

#[test]
fn a_quota_that_does_not_suffice_refuses_the_whole_batch_or_its_tail() {
    let policy = EnrollmentPolicy { quota: Some(3), ..EnrollmentPolicy::default() };
    let world = World::with_policy(policy);
    let requests: Vec<Enroll> = (0..5).map(|n| world.request(Some(&format!("SN-{n}"))).1).collect();
    let all = world.registry.devices().enroll_many(&requests, &Bulk::all(), &world.call).unwrap();
    assert_eq!(codes(all), ["product.quota_exhausted"; 5]);
    assert_eq!(world.registry.products().enrolled(world.product.id).unwrap(), 0);
    let each = world.registry.devices().enroll_many(&requests, &Bulk::each(), &world.call).unwrap();
    let done = ["done", "done", "done", "product.quota_exhausted", "product.quota_exhausted"];
    assert_eq!(codes(each), done);
    assert_eq!(world.registry.products().enrolled(world.product.id).unwrap(), 3);
}

#[test]
fn progress_is_told_and_the_caller_can_stop() {
    let world = World::new();
    let devices = world.registry.devices();
    let told = RefCell::new(Vec::new());
    let watch = |done, all| {
        told.borrow_mut().push((done, all));
        ControlFlow::Continue(())
    };
    let bulk = Bulk { atomicity: Atomicity::Each, progress: Some(&watch) };
    let names = new((0..1_300).map(|n| format!("camera-{n}")));
    let results = devices.register_many(&names, &bulk, &world.call).unwrap();
    assert!(results.iter().all(Result::is_ok));
    let told = told.take();
    assert!(told.len() > 1 && told.is_sorted() && told.iter().all(|(_, all)| *all == 1_300), "{told:?}");
    assert_eq!(told.last(), Some(&(1_300, 1_300)));

    let ids: Vec<_> = results.iter().map(|result| result.as_ref().unwrap().id).collect();
    let stop = |_, _| ControlFlow::Break(());
    let bulk = Bulk { atomicity: Atomicity::Each, progress: Some(&stop) };
    let results = devices.disable_many(&ids, &bulk, &world.call).unwrap();
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert!(done > 0 && done < 1_300, "{done}");
    assert_eq!(count(&world, DeviceState::Invalid), done as u64, "what is reported as done is done");
    assert!(codes(results)[done..].iter().all(|code| *code == "input.cancelled"));
}

#[test]
fn a_repeated_request_id_returns_the_first_results_and_changes_nothing() {
    let world = World::new();
    let devices = world.registry.devices();
    let once = world.call.clone().with_request_id("batch-1");
    for bulk in [Bulk::each(), Bulk::all()] {
        let call = once.clone().with_request_id(format!("{bulk:?}"));
        let names = new((0..3).map(|n| format!("{:?}-{n}", bulk.atomicity)));
        let ids = |results: Vec<tegata::Result<Device>>| {
            results.into_iter().map(|result| result.map(|device| device.id)).collect::<tegata::Result<Vec<_>>>()
        };
        let first = ids(devices.register_many(&names, &bulk, &call).unwrap()).unwrap();
        let events = || world.registry.events().find(&EventFilter::default(), &Page::of(1)).unwrap().total;
        let before = events();
        assert_eq!(ids(devices.register_many(&names, &bulk, &call).unwrap()).unwrap(), first);
        assert_eq!(events(), before);
        let mut other = names.clone();
        other[1] = NewDevice::named("another");
        let results = devices.register_many(&other, &bulk, &call).unwrap();
        assert_eq!(results[1].as_ref().unwrap_err().code(), "input.request_id_reused");
        assert_eq!(events(), before);
    }
    assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 6);
}

#[test]
fn a_batch_cut_short_is_completed_by_repeating_it() {
    // Trap 14: the caller lost the answer half-way and sends all of it again.
    let world = World::new();
    let devices = world.registry.devices();
    let names = new((0..1_100).map(|n| format!("camera-{n}")));
    let once = world.call.clone().with_request_id("batch");
    let stop = |_, _| ControlFlow::Break(());
    let cut = devices.register_many(&names, &Bulk { progress: Some(&stop), ..Bulk::each() }, &once).unwrap();
    let done: Vec<_> = cut.iter().flatten().map(|device| device.id).collect();
    let whole = devices.register_many(&names, &Bulk::each(), &once).unwrap();
    let ids: Vec<_> = whole.iter().map(|result| result.as_ref().unwrap().id).collect();
    assert_eq!(ids[..done.len()], done);
    assert_eq!(count(&world, DeviceState::Valid), 1_100);
}

#[test]
fn a_selection_by_group_is_disabled_enabled_and_moved() {
    // NEC-34
    let world = World::new();
    let (devices, groups) = (world.registry.devices(), world.registry.groups());
    let doors = groups.create("doors", &GroupChange::default(), &world.call).unwrap().id;
    let gates = groups.create("gates", &GroupChange::default(), &world.call).unwrap().id;
    let ids = fleet(&world, 20);
    let moved = devices.set_group_many(&ids[..10], Some(doors), &Bulk::all(), &world.call).unwrap();
    assert!(moved.iter().all(|result| result.as_ref().unwrap().group == Some(doors)));
    let in_group = |group| {
        let filter = DeviceFilter { group: Some(group), ..DeviceFilter::default() };
        let listing = devices.find(&filter, &Page::of(100)).unwrap();
        listing.items.into_iter().map(|device| device.id).collect::<Vec<_>>()
    };
    assert_eq!(in_group(doors), ids[..10]);
    devices.disable_many(&in_group(doors), &Bulk::all(), &world.call).unwrap();
    assert_eq!(count(&world, DeviceState::Invalid), 10);
    devices.enable_many(&in_group(doors), &Bulk::each(), &world.call).unwrap();
    devices.set_group_many(&in_group(doors), Some(gates), &Bulk::each(), &world.call).unwrap();
    devices.set_group_many(&ids[..2], None, &Bulk::each(), &world.call).unwrap();
    assert_eq!((in_group(doors).len(), in_group(gates).len()), (0, 8));
    let stranger = World::new().registry.groups().create("x", &GroupChange::default(), &world.call).unwrap().id;
    let nowhere = devices.set_group_many(&ids[..1], Some(stranger), &Bulk::each(), &world.call).unwrap();
    assert_eq!(codes(nowhere), ["input.unknown_id"]);
    // Each of a batch leaves its own event.
    let about = EventFilter { subject: Some(Entity::Device(ids[0])), ..EventFilter::default() };
    let events = world.registry.events().find(&about, &Page::of(100)).unwrap().items;
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    let expected = ["device.register", "device.set_group", "device.disable", "device.enable"];
    assert_eq!(actions, [&expected[..], &["device.set_group", "device.set_group"]].concat());
    assert_eq!(code(devices.set_group(ids[0], Some(stranger), &world.call)), "input.unknown_id");
}

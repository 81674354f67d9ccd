//! The device list: registered, discovered, updated, found page by page, deleted (NEC-15, 17..33, 47).

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{World, code};
use tegata::model::{Attributes, Device, DeviceState, EnrollmentPolicy, ProfileSpec};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore};
use tegata::{CertificateFilter, DeviceChange, DeviceFilter, GroupChange, NewDevice, Page, Text};

/// The same on both stores.
fn on_each_store(test: impl Fn(&World)) {
    let (policy, profile) = (EnrollmentPolicy::default(), ProfileSpec::device());
    test(&World::with(MemoryStore::new(), policy.clone(), profile.clone()));
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("registry.db"), SqliteOptions::default()).unwrap();
    test(&World::with(store, policy, profile));
}

fn register(world: &World, name: &str) -> Device {
    world.registry.devices().register(&NewDevice::named(name), &world.call).unwrap()
}

fn found(world: &World, filter: &DeviceFilter) -> Vec<String> {
    let listing = world.registry.devices().find(filter, &Page::of(1_000)).unwrap();
    assert_eq!(listing.total, Some(listing.items.len() as u64));
    assert_eq!(world.registry.devices().count(filter).unwrap(), listing.items.len() as u64);
    listing.items.into_iter().map(|device| device.name).collect()
}

fn named(name: Text) -> DeviceFilter {
    DeviceFilter { name: Some(name), ..DeviceFilter::default() }
}

fn attributes() -> Attributes {
    Attributes {
        ip: Some("192.0.2.7".to_owned()),
        mac: Some("00:11:22:33:44:55".to_owned()),
        host_name: Some("cam-1.lan".to_owned()),
        os_name: Some("Linux".to_owned()),
        more: BTreeMap::from([("site".to_owned(), "川崎 \"1\"\\".to_owned())]),
    }
}

#[test]
fn a_registered_device_is_valid_and_a_discovered_one_waits() {
    // NEC-15, NEC-18, NEC-26, NEC-47
    on_each_store(|world| {
        let devices = world.registry.devices();
        let registered = register(world, "camera-1");
        assert_eq!((registered.state, registered.created), (DeviceState::Valid, registered.updated));
        assert_eq!(devices.get(registered.id).unwrap(), registered);
        let discovered = devices.discover(&NewDevice::named("edge-1"), &world.call).unwrap();
        assert_eq!(discovered.state, DeviceState::Discovered);
        assert_eq!(code(devices.disable(discovered.id, &world.call)), "device.not_enrolled");
        assert_eq!(devices.enable(discovered.id, &world.call).unwrap().state, DeviceState::Valid);
        // Without a name, the ID serves.
        let nameless = devices.register(&NewDevice::default(), &world.call).unwrap();
        assert_eq!(nameless.name, nameless.id.to_string());
        assert_eq!(code(devices.register(&NewDevice::named("camera-1"), &world.call)), "device.name_taken");
        assert_eq!(code(devices.discover(&NewDevice::named("camera-1"), &world.call)), "device.name_taken");
    });
}

#[test]
fn information_is_updated_and_checked() {
    // NEC-19, NEC-32
    on_each_store(|world| {
        let devices = world.registry.devices();
        let device = register(world, "camera-1");
        register(world, "camera-2");
        world.clock.advance(5);
        let change = DeviceChange { name: Some("door".to_owned()), attributes: Some(attributes()) };
        let updated = devices.update(device.id, &change, &world.call).unwrap();
        assert_eq!((updated.name.as_str(), &updated.attributes), ("door", &attributes()));
        assert_eq!(updated.updated.since(device.created), 5);
        assert_eq!(devices.get(device.id).unwrap(), updated);
        let nothing = devices.update(device.id, &DeviceChange::default(), &world.call).unwrap();
        assert_eq!((nothing.name, nothing.attributes), (updated.name, updated.attributes));
        let taken = DeviceChange { name: Some("camera-2".to_owned()), ..DeviceChange::default() };
        assert_eq!(code(devices.update(device.id, &taken, &world.call)), "device.name_taken");
    });
}

#[test]
fn bad_input_is_refused_with_its_field() {
    let world = World::new();
    let devices = world.registry.devices();
    let long = "x".repeat(256);
    let more = |pairs: Vec<(String, String)>| Attributes { more: pairs.into_iter().collect(), ..Attributes::default() };
    let some = |text: &str| Some(text.to_owned());
    let with = |attributes: Attributes| NewDevice { attributes, ..NewDevice::default() };
    let wrong = [
        (NewDevice::named(""), "input.invalid", "name"),
        (NewDevice::named(" x"), "input.invalid", "name"),
        (NewDevice::named("x\n"), "input.invalid", "name"),
        (NewDevice::named("a\u{0}b"), "input.invalid", "name"),
        (NewDevice::named(long.clone()), "input.too_long", "name"),
        (NewDevice { unit: some("SN-1"), ..NewDevice::default() }, "input.invalid", "unit"),
        (
            NewDevice { unit: some(""), product: Some(world.product.id), ..NewDevice::default() },
            "input.invalid",
            "unit",
        ),
        (with(Attributes { ip: some("10.0.0.256"), ..Attributes::default() }), "input.invalid", "ip"),
        (with(Attributes { mac: Some(long.clone()), ..Attributes::default() }), "input.too_long", "mac"),
        (with(Attributes { os_name: some("\u{7}"), ..Attributes::default() }), "input.invalid", "os_name"),
        (with(Attributes { host_name: Some(long.clone()), ..Attributes::default() }), "input.too_long", "host_name"),
        (with(more(vec![("k".to_owned(), long.clone())])), "input.too_long", "attribute value"),
        (with(more(vec![(long, "v".to_owned())])), "input.too_long", "attribute name"),
        (with(more(vec![(String::new(), "v".to_owned())])), "input.invalid", "attribute name"),
        (with(more((0..33).map(|n| (n.to_string(), String::new())).collect())), "input.invalid", "attributes"),
    ];
    let register = |new: &NewDevice| devices.register(new, &world.call);
    for (new, reason, field) in &wrong {
        let error = register(new).unwrap_err();
        assert_eq!(error.code(), *reason, "{field}");
        assert!(error.to_string().contains(field), "{field}: {error}");
    }
    assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 0);
    // At the limits.
    register(&NewDevice::named("x".repeat(255))).unwrap();
    register(&with(more((0..32).map(|n| (n.to_string(), "v".repeat(255))).collect()))).unwrap();
    let stranger = World::new().registry.devices().register(&NewDevice::default(), &world.call).unwrap();
    assert_eq!(code(devices.get(stranger.id)), "input.unknown_id");
    assert_eq!(code(devices.delete(stranger.id, &world.call)), "input.unknown_id");
    let unknown = NewDevice { product: Some(World::new().product.id), ..NewDevice::default() };
    assert_eq!(code(register(&unknown)), "input.unknown_id");
}

#[test]
fn devices_are_found_by_name_attribute_unit_state_group_and_product() {
    // NEC-27, NEC-32
    on_each_store(|world| {
        let devices = world.registry.devices();
        let group = world.registry.groups().create("doors", &GroupChange::default(), &world.call).unwrap().id;
        let product = Some(world.product.id);
        let unit = NewDevice { product, unit: Some("SN-100".to_owned()), ..NewDevice::named("camera-10") };
        devices.register(&unit, &world.call).unwrap();
        let member = NewDevice { group: Some(group), attributes: attributes(), ..NewDevice::named("camera-1") };
        devices.register(&member, &world.call).unwrap();
        for name in ["Camera-2", "door 50%", "door_50x", "カメラ-3"] {
            register(world, name);
        }
        let edge = devices.discover(&NewDevice::named("edge"), &world.call).unwrap();
        let text = str::to_owned;
        assert_eq!(found(world, &named(Text::Is(text("camera-1")))), ["camera-1"]);
        assert_eq!(found(world, &named(Text::Is(text("camera")))), Vec::<String>::new());
        assert_eq!(found(world, &named(Text::StartsWith(text("camera-")))), ["camera-1", "camera-10"]);
        assert_eq!(found(world, &named(Text::StartsWith(text("カメラ")))), ["カメラ-3"]);
        assert_eq!(found(world, &named(Text::Contains(text("era-1")))), ["camera-1", "camera-10"]);
        // Signs that a database gives a meaning have none here.
        assert_eq!(found(world, &named(Text::Contains(text("50%")))), ["door 50%"]);
        assert_eq!(found(world, &named(Text::StartsWith(text("door_")))), ["door_50x"]);
        assert_eq!(found(world, &named(Text::Contains(text("'; DROP TABLE devices; --")))), Vec::<String>::new());

        let all = DeviceFilter::default;
        assert_eq!(found(world, &all()).len(), 7);
        assert_eq!(found(world, &DeviceFilter { product, ..all() }), ["camera-10"]);
        assert_eq!(found(world, &DeviceFilter { group: Some(group), ..all() }), ["camera-1"]);
        for unit in [Text::Is(text("SN-100")), Text::Contains(text("N-10"))] {
            assert_eq!(found(world, &DeviceFilter { unit: Some(unit), ..all() }), ["camera-10"]);
        }
        assert_eq!(found(world, &DeviceFilter { states: vec![DeviceState::Discovered], ..all() }), ["edge"]);
        for (name, value) in [
            ("ip", "192.0.2.7"),
            ("mac", "00:11:22:33:44:55"),
            ("host_name", "cam-1.lan"),
            ("os_name", "Linux"),
            ("site", "川崎 \"1\"\\"),
        ] {
            let with = |value: &str| DeviceFilter { attribute: Some((text(name), text(value))), ..all() };
            assert_eq!(found(world, &with(value)), ["camera-1"], "{name}");
            assert!(found(world, &with(&value[..value.len() - 1])).is_empty(), "{name}");
        }
        // All at once.
        let filter = DeviceFilter {
            name: Some(Text::Contains(text("camera"))),
            states: vec![DeviceState::Valid],
            group: Some(group),
            attribute: Some((text("os_name"), text("Linux"))),
            ..all()
        };
        assert_eq!(found(world, &filter), ["camera-1"]);
        devices.disable(devices.find(&filter, &Page::of(1)).unwrap().items[0].id, &world.call).unwrap();
        assert!(found(world, &filter).is_empty());
        assert_eq!(edge.state, DeviceState::Discovered);
    });
}

#[test]
fn a_device_without_a_name_is_called_by_its_id_and_found_by_it() {
    on_each_store(|world| {
        let devices = world.registry.devices();
        let (_, enrolled) = world.enrolled(None);
        let device = enrolled.device;
        let name = device.id.to_string();
        assert_eq!(device.name, name);
        let by_name = named(Text::Is(name.clone()));
        assert_eq!(found(world, &by_name), [&*name]);
        let listed = DeviceFilter { states: vec![DeviceState::Discovered], ..by_name.clone() };
        assert_eq!(found(world, &listed), [""; 0]);
        let its = CertificateFilter { device_name: Some(name.clone()), ..CertificateFilter::default() };
        assert_eq!(world.registry.certificates().find(&its, &Page::of(9)).unwrap().items.len(), 1);
        let rename = |to: &str| {
            let change = DeviceChange { name: Some(to.to_owned()), ..DeviceChange::default() };
            devices.update(device.id, &change, &world.call).map(|device| device.name)
        };
        assert_eq!(rename("hall").unwrap(), "hall");
        assert_eq!(
            (found(world, &by_name), found(world, &named(Text::Is("hall".to_owned())))),
            (vec![], vec!["hall".to_owned()])
        );
        assert_eq!(rename(&name).unwrap(), name);
        assert_eq!(found(world, &by_name), [&*name]);
        // What comes after it is nothing, and no place in another list.
        let next = Page { after: Some("x".to_owned()), ..Page::of(9) };
        assert_eq!(code(devices.find(&by_name, &next)), "input.page_cursor");
        devices.delete(device.id, &world.call).unwrap();
        assert_eq!(found(world, &by_name), [""; 0]);
    });
}

#[test]
fn nobody_is_called_by_another_devices_id() {
    let world = World::new();
    let unnamed = world.registry.devices().register(&NewDevice::default(), &world.call).unwrap();
    let other = register(&world, "other");
    for taken in [unnamed.id, other.id] {
        for taken in [taken.to_string(), taken.to_string().to_uppercase()] {
            let new = world.registry.devices().register(&NewDevice::named(&*taken), &world.call);
            assert_eq!(code(new), "device.name_taken");
        }
    }
    let change = DeviceChange { name: Some(unnamed.id.to_string()), ..DeviceChange::default() };
    assert_eq!(code(world.registry.devices().update(other.id, &change, &world.call)), "device.name_taken");
    // An ID of nobody here is a name as good as any.
    register(&world, &"a".repeat(26));
}

#[test]
fn pages_miss_and_repeat_nothing_while_rows_change() {
    // NEC-33
    on_each_store(|world| {
        let devices = world.registry.devices();
        let ids: Vec<_> = (0..95).map(|n| register(world, &format!("camera-{n:03}")).id).collect();
        for by_name in [false, true] {
            let filter = if by_name { named(Text::StartsWith("camera-".to_owned())) } else { DeviceFilter::default() };
            let mut seen = Vec::new();
            let mut page = Page::of(10);
            loop {
                let listing = devices.find(&filter, &page).unwrap();
                assert!(listing.items.len() <= 10);
                seen.extend(listing.items.iter().map(|device| device.id));
                // Between two pages: a new device, a change to one that was seen, one that is renamed away.
                register(world, &format!("a-newcomer-{by_name}-{}", seen.len()));
                devices.update(seen[0], &DeviceChange::default(), &world.call).unwrap();
                match listing.next {
                    Some(next) => page = Page::of(10).after(next),
                    None => break,
                }
            }
            let unique: BTreeSet<_> = seen.iter().collect();
            assert_eq!(unique.len(), seen.len(), "nothing twice");
            assert!(ids.iter().all(|id| unique.contains(id)), "nothing missed");
        }
        let first = devices.find(&DeviceFilter::default(), &Page::of(0)).unwrap();
        assert_eq!(first.items.len(), 1, "a limit is clamped");
        let uncounted = Page { total: false, ..Page::of(5) };
        assert_eq!(devices.find(&DeviceFilter::default(), &uncounted).unwrap().total, None);
        // A cursor belongs to its query.
        let next = first.next.unwrap();
        let other = devices.find(&named(Text::StartsWith("camera".to_owned())), &Page::of(5).after(next));
        assert_eq!(code(other), "input.page_cursor");
        for nonsense in ["", ".", "AAAA.n", "x.i5", "é"] {
            assert_eq!(code(devices.find(&DeviceFilter::default(), &Page::of(5).after(nonsense))), "input.page_cursor");
        }
    });
}

#[test]
fn a_deleted_device_stays_listed_and_its_name_and_unit_are_free_again() {
    // NEC-20, NEC-29, NEC-30, NEC-31
    on_each_store(|world| {
        let devices = world.registry.devices();
        let new = NewDevice {
            product: Some(world.product.id),
            unit: Some("SN-1".to_owned()),
            ..NewDevice::named("camera-1")
        };
        let first = devices.register(&new, &world.call).unwrap();
        assert_eq!(code(devices.register(&NewDevice { name: None, ..new.clone() }, &world.call)), "device.unit_taken");
        let mut ids = BTreeSet::from([first.id]);
        let mut last = first;
        for _ in 0..3 {
            let gone = devices.delete(last.id, &world.call).unwrap();
            assert_eq!(gone.state, DeviceState::Deleted);
            assert!(gone.name.starts_with("camera-1 (deleted"), "{}", gone.name);
            assert_eq!(devices.get(last.id).unwrap(), gone);
            last = devices.register(&new, &world.call).unwrap();
            assert!(ids.insert(last.id), "an ID came back");
        }
        let in_state = |state| DeviceFilter { states: vec![state], ..DeviceFilter::default() };
        assert_eq!(found(world, &in_state(DeviceState::Deleted)).len(), 3);
        assert_eq!(found(world, &in_state(DeviceState::Valid)), ["camera-1"]);
        assert_eq!(found(world, &DeviceFilter::default()).len(), 4);
        // A tombstone does nothing more.
        let gone = *ids.first().unwrap();
        let gone = if gone == last.id { *ids.last().unwrap() } else { gone };
        for result in [
            devices.delete(gone, &world.call),
            devices.enable(gone, &world.call),
            devices.disable(gone, &world.call),
            devices.update(gone, &DeviceChange::default(), &world.call),
            devices.set_group(gone, None, &world.call),
            devices.release_quarantine(gone, tegata::Release::KeepKeys, &world.call),
        ] {
            assert_eq!(code(result), "device.deleted");
        }
        // The longest name can be deleted too.
        let longest = register(world, &"x".repeat(255));
        devices.delete(longest.id, &world.call).unwrap();
        register(world, &"x".repeat(255));
    });
}

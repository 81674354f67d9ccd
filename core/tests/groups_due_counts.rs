//! Groups and their intervals, what is due when, and the numbers of a dashboard (NEC-35, NEC-36, SOL-11).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{START, World, code, csr, key};
use tegata::model::{CertificateKind as Kind, CertificateState, DeviceState as State, ProfileSpec};
use tegata::{
    Bulk, CertificateCount, CertificateFilter, CertificateGrouping, CertificateId, DeviceFilter, DeviceId, Due,
    DueItem, GroupChange, GroupId, Issue, NewDevice, Page, Renew, RevocationReason, Text, Timestamp,
};

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

fn every(days: u32) -> GroupChange {
    GroupChange { certificate_days: Some(Some(days)), ..GroupChange::default() }
}

fn group(world: &World, name: &str, settings: &GroupChange) -> GroupId {
    world.registry.groups().create(name, settings, &world.call).unwrap().id
}

/// A device in `group` with a certificate.
fn member(world: &World, group: Option<GroupId>) -> (DeviceId, CertificateId) {
    let device = world.registry.devices().register(&NewDevice { group, ..NewDevice::default() }, &world.call).unwrap();
    let profile = world.registry.profiles().newest("device").unwrap().id;
    let issue = Issue::new(csr(&key(), "x"), profile, world.issuing.id).for_device(device.id);
    (device.id, world.registry.certificates().issue(&issue, &world.call).unwrap().certificate.id)
}

fn due_at(world: &World, certificate: CertificateId) -> Timestamp {
    world.registry.certificates().get(certificate).unwrap().renew_at.unwrap()
}

fn due(world: &World, due: &Due) -> Vec<CertificateId> {
    let listing = world.registry.due(due, &Page::of(1_000)).unwrap();
    assert_eq!(listing.total, Some(listing.items.len() as u64));
    assert!(listing.items.is_sorted_by_key(DueItem::renew_at), "the most urgent first");
    listing.items.iter().map(|item| item.certificate().unwrap().id).collect()
}

#[test]
fn groups_are_made_found_changed_and_deleted_when_empty() {
    // NEC-36
    let world = World::new();
    let (groups, devices) = (world.registry.groups(), world.registry.devices());
    let settings = GroupChange { key_days: Some(Some(7)), ..every(90) };
    let doors = groups.create("doors", &settings, &world.call).unwrap();
    assert_eq!((doors.certificate_days, doors.key_days), (Some(90), Some(7)));
    group(&world, "dogs", &GroupChange::default());
    assert_eq!(code(groups.create("doors", &settings, &world.call)), "group.name_taken");
    assert_eq!(groups.find(Some(&Text::StartsWith("do".to_owned())), &Page::of(10)).unwrap().total, Some(2));
    let kept = groups.update(doors.id, &GroupChange::default(), &world.call).unwrap();
    assert_eq!((kept.certificate_days, kept.key_days), (Some(90), Some(7)));
    let change = GroupChange { name: Some("gates".to_owned()), certificate_days: Some(None), key_days: None };
    let changed = groups.update(doors.id, &change, &world.call).unwrap();
    assert_eq!((changed.name.as_str(), changed.certificate_days, changed.key_days), ("gates", None, Some(7)));
    let taken = GroupChange { name: Some("dogs".to_owned()), ..GroupChange::default() };
    assert_eq!(code(groups.update(doors.id, &taken, &world.call)), "group.name_taken");
    for days in [0, 36_526] {
        assert_eq!(code(groups.update(doors.id, &every(days), &world.call)), "input.invalid");
        assert_eq!(code(groups.create("x", &every(days), &world.call)), "input.invalid");
    }

    let device = devices.register(&NewDevice { group: Some(doors.id), ..NewDevice::default() }, &world.call).unwrap();
    assert_eq!(code(groups.delete(doors.id, &world.call)), "group.not_empty");
    // A tombstone is no member.
    devices.delete(device.id, &world.call).unwrap();
    groups.delete(doors.id, &world.call).unwrap();
    assert_eq!(code(groups.get(doors.id)), "input.unknown_id");
    let late = NewDevice { group: Some(doors.id), ..NewDevice::default() };
    assert_eq!(code(devices.register(&late, &world.call)), "input.unknown_id");
}

#[test]
fn a_request_id_stands_for_one_content_of_a_group() {
    // Trap 14
    let world = World::new();
    let groups = world.registry.groups();
    let once = world.call.clone().with_request_id("g-1");
    let made = groups.create("doors", &every(90), &once).unwrap();
    assert_eq!(groups.create("doors", &every(90), &once).unwrap(), made);
    assert_eq!(code(groups.create("doors", &every(30), &once)), "input.request_id_reused");
    let once = world.call.clone().with_request_id("g-2");
    groups.update(made.id, &every(60), &once).unwrap();
    groups.update(made.id, &every(60), &once).unwrap();
    assert_eq!(code(groups.update(made.id, &every(10), &once)), "input.request_id_reused");
    assert_eq!(groups.get(made.id).unwrap().certificate_days, Some(60));
}

#[test]
fn a_certificate_is_due_by_its_lifetime_or_its_groups_interval_whichever_comes_first() {
    // NEC-36: two thirds of a year less up to a tenth of it; ninety days less up to nine.
    let world = World::new();
    let (often, seldom) = (group(&world, "often", &every(90)), group(&world, "seldom", &every(10_000)));
    let own = now().plus(365 * DAY * 56 / 100)..=now().plus(365 * DAY * 66 / 100);
    let interval = now().plus(81 * DAY)..=now().plus(90 * DAY);
    let (_, alone) = member(&world, None);
    let (_, in_often) = member(&world, Some(often));
    let (_, in_seldom) = member(&world, Some(seldom));
    assert!(own.contains(&due_at(&world, alone)) && own.contains(&due_at(&world, in_seldom)));
    assert!(interval.contains(&due_at(&world, in_often)), "{}", due_at(&world, in_often));

    assert_eq!(due(&world, &Due::until(now().plus(80 * DAY))), []);
    assert_eq!(due(&world, &Due::until(now().plus(91 * DAY))), [in_often]);
    assert_eq!(due(&world, &Due::until(due_at(&world, in_often))), [in_often], "the moment itself counts");
    assert_eq!(due(&world, &Due::until(due_at(&world, in_often).plus(-1))), []);
    assert_eq!(due(&world, &Due::until(now().plus(366 * DAY))).len(), 3, "the product's credential has ten years");
    let of_group = Due { group: Some(seldom), ..Due::until(now().plus(366 * DAY)) };
    assert_eq!(due(&world, &of_group), [in_seldom]);
}

#[test]
fn dates_move_with_the_group_and_back_again() {
    // NEC-36
    let world = World::new();
    let (groups, devices) = (world.registry.groups(), world.registry.devices());
    let doors = group(&world, "doors", &GroupChange::default());
    let weekly = group(&world, "weekly", &every(7));
    let (device, certificate) = member(&world, Some(doors));
    let own = due_at(&world, certificate);
    groups.update(doors, &every(30), &world.call).unwrap();
    let monthly = due_at(&world, certificate);
    assert!(monthly >= now().plus(27 * DAY) && monthly <= now().plus(30 * DAY), "{monthly}");
    groups.update(doors, &every(10_000), &world.call).unwrap();
    assert_eq!(due_at(&world, certificate), own);
    devices.set_group(device, Some(weekly), &world.call).unwrap();
    assert!(due_at(&world, certificate) <= now().plus(7 * DAY));
    assert_eq!(due(&world, &Due { group: Some(weekly), ..Due::until(now().plus(8 * DAY)) }), [certificate]);
    assert_eq!(due(&world, &Due { group: Some(doors), ..Due::until(now().plus(8 * DAY)) }), []);
    devices.set_group(device, None, &world.call).unwrap();
    assert_eq!(due_at(&world, certificate), own);
    groups.update(doors, &every(30), &world.call).unwrap();
    devices.set_group(device, Some(doors), &world.call).unwrap();
    assert_eq!(due_at(&world, certificate), monthly, "the same certificate has the same date");

    // A renewal follows the interval too, and the old certificate needs no renewal any more.
    world.clock.advance(28 * DAY);
    let next = world.registry.certificates().renew(&Renew::same_key(certificate), &world.call).unwrap().certificate;
    assert_eq!(next.group, Some(doors));
    assert!(next.renew_at.unwrap() <= now().plus(58 * DAY));
    assert_eq!(world.registry.certificates().get(certificate).unwrap().renew_at, None);
    groups.update(doors, &every(3), &world.call).unwrap();
    assert_eq!(world.registry.certificates().get(certificate).unwrap().renew_at, None);
    assert_eq!(due(&world, &Due { group: Some(doors), ..Due::until(now().plus(400 * DAY)) }), [next.id]);
    // Withdrawn before it was confirmed, it leaves the old one to be renewed again.
    world.registry.certificates().revoke(next.id, RevocationReason::Unspecified, &world.call).unwrap();
    assert_eq!(due(&world, &Due { group: Some(doors), ..Due::until(now().plus(400 * DAY)) }), [certificate]);
}

/// 500 devices that enrolled in one moment.
fn fleet(world: &World) -> Vec<tegata::Enrolled> {
    let requests: Vec<_> = (0..500).map(|n| world.request(Some(&format!("SN-{n}"))).1).collect();
    let results = world.registry.devices().enroll_many(&requests, &Bulk::all(), &world.call).unwrap();
    results.into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_fleet_that_enrolled_in_one_moment_does_not_come_back_in_one() {
    let world = World::new();
    let dates: Vec<_> = fleet(&world).iter().map(|e| e.issued.certificate.renew_at.unwrap()).collect();
    let mut by_hour = BTreeMap::<i64, usize>::new();
    for date in &dates {
        *by_hour.entry(date.unix() / 3_600).or_default() += 1;
    }
    let (first, last) = (dates.iter().min().unwrap(), dates.iter().max().unwrap());
    // A tenth of a year is 876 hours: at most a handful fall into any of them.
    assert!(last.since(*first) > 30 * DAY, "{}", last.since(*first));
    assert!(by_hour.len() > 300 && by_hour.values().all(|count| *count < 10), "{by_hour:?}");

    // Page by page, the most urgent first, each once.
    let mut seen = Vec::new();
    let mut page = Page::of(37);
    let filter = Due::until(*last);
    loop {
        let listing = world.registry.due(&filter, &page).unwrap();
        assert_eq!(listing.total, Some(500));
        seen.extend(listing.items.iter().map(|item| (item.renew_at().unwrap(), item.certificate().unwrap().id)));
        let Some(next) = listing.next else { break };
        page = Page::of(37).after(next);
    }
    assert!(seen.is_sorted_by_key(|(date, _)| *date));
    assert_eq!(seen.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>().len(), 500);
    assert_eq!(seen.iter().map(|(date, _)| *date).max(), dates.iter().copied().max());
}

#[test]
fn the_numbers_of_the_dashboard_are_those_of_the_lists() {
    // NEC-35
    let world = World::with_profile(ProfileSpec { validity_days: 100, ..ProfileSpec::device() });
    let (registry, devices, certificates) = (&world.registry, world.registry.devices(), world.registry.certificates());
    let doors = group(&world, "doors", &every(20));
    let fleet: Vec<_> = (0..6).map(|n| world.enrolled(Some(&format!("SN-{n}"))).1).collect();
    let ids: Vec<_> = fleet.iter().map(|enrolled| enrolled.device.id).collect();
    devices.set_group_many(&ids[..3], Some(doors), &Bulk::all(), &world.call).unwrap();
    let (_, other) = member(&world, None);
    devices.discover(&NewDevice::named("edge"), &world.call).unwrap();
    devices.disable(ids[0], &world.call).unwrap();
    devices.delete(ids[5], &world.call).unwrap();
    certificates.suspend(other, &world.call).unwrap();
    let profile = registry.profiles().newest("device").unwrap().id;
    let loose = Issue::new(csr(&key(), "x"), profile, world.issuing.id);
    certificates.issue(&loose, &world.call).unwrap();

    let check = || {
        let counts = registry.counts().unwrap();
        for (state, count) in &counts.devices {
            let filter = DeviceFilter { states: vec![*state], ..DeviceFilter::default() };
            assert_eq!(devices.count(&filter).unwrap(), *count, "{state}");
        }
        assert_eq!(
            counts.devices.iter().map(|(_, count)| count).sum::<u64>(),
            devices.count(&DeviceFilter::default()).unwrap()
        );
        let all = || CertificateFilter { deleted: true, ..CertificateFilter::default() };
        let total = |filter: &CertificateFilter| certificates.find(filter, &Page::of(1)).unwrap().total.unwrap();
        let mut sum = 0;
        for (state, count) in &counts.certificates {
            assert_eq!(total(&CertificateFilter { state: Some(*state), ..all() }), *count, "{state}");
            sum += count;
        }
        assert_eq!(sum, total(&all()));
        for (kind, count) in &counts.certificates_by_kind {
            assert_eq!(total(&CertificateFilter { kind: Some(*kind), ..all() }), *count, "{kind}");
        }
        let by_state = certificates.count(&all(), CertificateGrouping::State).unwrap();
        let expected: Vec<_> = counts.certificates.iter().map(|(s, n)| (CertificateCount::State(*s), *n)).collect();
        assert_eq!(by_state, expected);
        let in_force = |state| CertificateFilter { state: Some(state), expired: Some(true), ..all() };
        let expired = total(&in_force(CertificateState::Active)) + total(&in_force(CertificateState::Suspended));
        assert_eq!(counts.expired, expired);
        for (week, count) in &counts.due_by_week {
            let until = |moment| registry.due(&Due::until(moment), &Page::of(1)).unwrap().total.unwrap();
            assert_eq!(until(week.plus(7 * DAY - 1)) - until(week.plus(-1)), *count, "{week}");
        }
        counts
    };
    let counts = check();
    assert_eq!(counts.devices, [(State::Discovered, 1), (State::Valid, 5), (State::Invalid, 1), (State::Deleted, 1)]);
    assert_eq!(counts.devices_by_group, [(None, 4), (Some(doors), 3)], "tombstones apart");
    assert_eq!(counts.devices_by_product, [(None, 2), (Some(world.product.id), 5)]);
    assert_eq!(counts.certificates_by_kind, [(Kind::Product, 1), (Kind::Device, 7), (Kind::Other, 1)]);
    assert_eq!(counts.expired, 0);
    let due: u64 = counts.due_by_week.iter().map(|(_, count)| count).sum();
    // One is revoked, one suspended; the product's credential is due as well.
    assert_eq!(due, 9 - 2);
    world.clock.advance(101 * DAY);
    assert_eq!(check().expired, 7);
}

#[test]
fn a_group_that_somebody_joins_at_this_moment_is_not_deleted() {
    let world = World::new();
    let device = world.registry.devices().register(&NewDevice::named("one"), &world.call).unwrap().id;
    for round in 0..200 {
        let group =
            world.registry.groups().create(&format!("g{round}"), &GroupChange::default(), &world.call).unwrap().id;
        std::thread::scope(|scope| {
            scope.spawn(|| world.registry.groups().delete(group, &world.call));
            scope.spawn(|| world.registry.devices().set_group(device, Some(group), &world.call));
        });
        if let Some(joined) = world.registry.devices().get(device).unwrap().group {
            world.registry.groups().get(joined).unwrap_or_else(|_| panic!("round {round}: a member of no group"));
        }
    }
    // And one that everybody left can go.
    let last = world.registry.devices().get(device).unwrap().group;
    world.registry.devices().set_group(device, None, &world.call).unwrap();
    if let Some(last) = last {
        world.registry.groups().delete(last, &world.call).unwrap();
    }
}

//! What is due: certificates, symmetric keys and pre-shared keys in one list (NEC-36, NEC-42, NEC-43), which is what a device
//! that renews unattended is told (the server's half of NEC-37).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{START, World, code, csr, key};
use tegata::{
    CertificateFilter, DeviceFilter, DeviceId, Due, DueItem, DueKind, GroupChange, GroupId, Issue, NewDevice, NewKey,
    NewPsk, Page, RotateKey, RotatePsk, SymmetricAlgorithm, Timestamp,
};

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

/// A device with a certificate, a key that is due after `key_days` and a password that is after `psk_days`.
fn device(world: &World, group: Option<GroupId>, key_days: u32, psk_days: u32) -> DeviceId {
    let (registry, call) = (&world.registry, &world.call);
    let device = registry.devices().register(&NewDevice { group, ..NewDevice::default() }, call).unwrap().id;
    let profile = registry.profiles().newest("device").unwrap().id;
    let issue = Issue::new(csr(&key(), "x"), profile, world.issuing.id).for_device(device);
    registry.certificates().issue(&issue, call).unwrap();
    let key = NewKey { renew_days: Some(key_days), ..NewKey::for_device(device, SymmetricAlgorithm::Aes128) };
    registry.keys().issue(&key, call).unwrap();
    let psk = NewPsk { renew_days: Some(psk_days), ..NewPsk::password(device) };
    registry.psks().issue(&psk, call).unwrap();
    device
}

fn until(days: i64) -> Due {
    Due::until(now().plus(days * DAY))
}

/// All pages of `limit`; each must say the same total.
fn pages(world: &World, due: &Due, limit: u32) -> Vec<DueItem> {
    let mut found = Vec::new();
    let mut page = Page::of(limit);
    let mut total = None;
    loop {
        let listing = world.registry.due(due, &page).unwrap();
        assert!(listing.items.len() <= limit as usize);
        assert_eq!(*total.get_or_insert(listing.total), listing.total);
        found.extend(listing.items);
        match listing.next {
            Some(next) => page = Page::of(limit).after(next),
            None => break,
        }
    }
    assert_eq!(total, Some(Some(found.len() as u64)));
    assert!(found.is_sorted_by_key(DueItem::renew_at), "the most urgent first");
    found
}

fn name(item: &DueItem) -> String {
    match item {
        DueItem::Certificate(it) => format!("certificate {}", it.id),
        DueItem::Key(it) => format!("key {}", it.id),
        DueItem::Psk(it) => format!("psk {}", it.id),
        other => panic!("{other:?}"),
    }
}

fn names(items: &[DueItem]) -> Vec<String> {
    items.iter().map(name).collect()
}

#[test]
fn one_list_holds_all_kinds_in_the_order_of_their_dates_on_pages_of_any_size() {
    let world = World::new();
    for n in 0..7_u32 {
        // Several passwords fall on the same moment.
        device(&world, None, 10 + n * 50, 100 + (n / 3) * 100);
    }
    let all = pages(&world, &until(4_000), 1_000);
    assert_eq!(all.len(), 7 * 3 + 1, "and the product's credential");
    let mut kinds = BTreeMap::new();
    for item in &all {
        *kinds.entry(item.kind()).or_insert(0) += 1;
    }
    assert_eq!(kinds, [(DueKind::Certificate, 8), (DueKind::Key, 7), (DueKind::Psk, 7)].into());
    for limit in 1..=9 {
        assert_eq!(names(&pages(&world, &until(4_000), limit)), names(&all), "pages of {limit}");
    }
    for (kind, count) in kinds {
        let due = Due { kinds: vec![kind], ..until(4_000) };
        let of_kind = pages(&world, &due, 2);
        assert_eq!(of_kind.len(), count);
        let expected: Vec<_> = all.iter().filter(|item| item.kind() == kind).map(name).collect();
        assert_eq!(names(&of_kind), expected);
    }
    let two = Due { kinds: vec![DueKind::Psk, DueKind::Key, DueKind::Psk], ..until(4_000) };
    assert_eq!(pages(&world, &two, 3).len(), 14, "a kind that is named twice counts once");
    // The sum of the weeks is the list.
    let counts = world.registry.counts().unwrap();
    let sum = |weeks: &[(Timestamp, u64)]| weeks.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(sum(&counts.due_by_week), 22);
    assert_eq!(sum(&counts.certificates_due_by_week), 8);
    assert_eq!((sum(&counts.keys_due_by_week), sum(&counts.psks_due_by_week)), (7, 7));
    assert_eq!(counts.keys_by_algorithm, [(SymmetricAlgorithm::Aes128, 7)]);
}

#[test]
fn what_is_renewed_between_two_pages_is_neither_lost_nor_shown_twice() {
    let world = World::new();
    for n in 0..6 {
        device(&world, None, 10 + n, 10);
    }
    let due = until(20);
    let all = names(&pages(&world, &due, 100));
    assert_eq!(all.len(), 12);
    let first = world.registry.due(&due, &Page::of(5)).unwrap();
    // All that the first page showed is renewed before the second is asked for.
    for item in &first.items {
        match item {
            DueItem::Key(it) => drop(world.registry.keys().rotate(it.id, &RotateKey::default(), &world.call).unwrap()),
            DueItem::Psk(it) => drop(world.registry.psks().rotate(it.id, &RotatePsk::default(), &world.call).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    let seen: Vec<_> = names(&first.items);
    let second = world.registry.due(&due, &Page::of(100).after(first.next.unwrap())).unwrap();
    let rest: Vec<_> = names(&second.items).into_iter().filter(|name| !seen.contains(name)).collect();
    assert_eq!([seen, rest].concat(), all);
}

#[test]
fn a_group_has_a_list_of_its_own() {
    // NEC-36
    let world = World::new();
    let change = GroupChange { certificate_days: Some(Some(20)), ..GroupChange::default() };
    let doors = world.registry.groups().create("doors", &change, &world.call).unwrap().id;
    let member = device(&world, Some(doors), 30, 40);
    device(&world, None, 5, 5);
    let found = pages(&world, &Due { group: Some(doors), ..until(50) }, 2);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|item| item.device() == Some(member) && item.group() == Some(doors)));
    let kinds: Vec<_> = found.iter().map(DueItem::kind).collect();
    assert_eq!(kinds, [DueKind::Certificate, DueKind::Key, DueKind::Psk]);
    assert_eq!(pages(&world, &Due { group: Some(doors), ..until(15) }, 2).len(), 0);
}

#[test]
fn what_is_suspended_or_gone_is_not_due_and_what_is_compromised_is_at_once() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let lamps: Vec<_> = (0..3).map(|_| device(&world, None, 30, 30)).collect();
    let count = |days| pages(&world, &Due { kinds: vec![DueKind::Key, DueKind::Psk], ..until(days) }, 4).len();
    assert_eq!(count(30), 6);
    let of = |device| registry.devices().credentials(device).unwrap();
    registry.keys().suspend(of(lamps[0]).keys[0].id, call).unwrap();
    registry.psks().suspend(of(lamps[0]).psks[0].id, call).unwrap();
    assert_eq!(count(30), 4);
    registry.keys().destroy(of(lamps[1]).keys[0].id, call).unwrap();
    registry.psks().delete(of(lamps[1]).psks[0].id, call).unwrap();
    assert_eq!(count(30), 2);
    assert_eq!(count(0), 0);
    registry.keys().mark_compromised(of(lamps[2]).keys[0].id, call).unwrap();
    assert_eq!(count(0), 1);
    registry.keys().resume(of(lamps[0]).keys[0].id, call).unwrap();
    assert_eq!(count(30), 3);
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let world = World::new();
    for _ in 0..3 {
        device(&world, None, 10, 10);
    }
    let registry = &world.registry;
    let next = registry.due(&until(4_000), &Page::of(2)).unwrap().next.unwrap();
    let page = Page::of(2).after(next.clone());
    assert!(registry.due(&until(9), &page).unwrap().items.is_empty(), "the moment may differ, as the clock goes on");
    let keys_only = Due { kinds: vec![DueKind::Key], ..until(4_000) };
    assert_eq!(code(registry.due(&keys_only, &page)), "input.page_cursor");
    assert_eq!(code(registry.certificates().find(&CertificateFilter::default(), &page)), "input.page_cursor");
    assert_eq!(code(registry.devices().find(&DeviceFilter::default(), &page)), "input.page_cursor");
    let of_devices = registry.devices().find(&DeviceFilter::default(), &Page::of(1)).unwrap().next.unwrap();
    assert_eq!(code(registry.due(&until(1), &Page::of(1).after(of_devices))), "input.page_cursor");
    // Nobody moves the place in it either.
    let (head, value) = next.split_once('.').unwrap();
    for forged in ["i5", "n", "b", "tMA", "tMC4w", "tOS45", "tLg", "x", ""] {
        assert_ne!(forged, value);
        let page = Page::of(1).after(format!("{head}.{forged}"));
        assert_eq!(code(registry.due(&until(1), &page)), "input.page_cursor", "{forged}");
    }
}

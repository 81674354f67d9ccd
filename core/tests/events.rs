//! The record of what happened: an event for every change, found and exported, and never a secret in it (NEC-38, NEC-2).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::format_push_string, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{Full, START, World, code, csr, key};
use tegata::model::{EnrollmentMode, EnrollmentPolicy, Entity, Event, ProfileSpec, SubjectPolicy};
use tegata::{
    Bulk, Call, CrlOptions, DeviceChange, DeviceId, EventFilter, GroupChange, HandOut, Issue, IssueWithKey,
    KeyAlgorithm, NewAuthority, NewDevice, NewProduct, Page, ProductChange, ProductSpec, ProfileId, Rebuild, Release,
    Renew, RenewWithKey, RevocationReason, Timestamp,
};

fn events(world: &World) -> Vec<Event> {
    world.registry.events().find(&EventFilter::default(), &Page::of(10_000)).unwrap().items
}

fn device(world: &World) -> DeviceId {
    world.registry.devices().register(&NewDevice::default(), &world.call).unwrap().id
}

fn profile(world: &World, approval: bool) -> ProfileId {
    let spec = ProfileSpec {
        approval,
        subject: SubjectPolicy::Opaque { fixed: String::new() },
        server_keys: vec![KeyAlgorithm::EcdsaP256],
        ..ProfileSpec::device()
    };
    world.registry.profiles().put("events", &spec, &world.call).unwrap().id
}

fn issue(world: &World, approval: bool) -> Issue {
    Issue::new(csr(&key(), "x"), profile(world, approval), world.issuing.id)
}

fn issued(world: &World) -> tegata::CertificateId {
    world.registry.certificates().issue(&issue(world, false), &world.call).unwrap().certificate.id
}

/// Prepares, and answers with the call that changes something.
type Prepare = fn(&World) -> Box<dyn Fn(&World, &Call) + '_>;

/// Every operation that changes something, and the action that its event shows.
const OPERATIONS: &[(&str, Prepare)] = &[
    ("authority.create", |_| {
        Box::new(|w, c| drop(w.registry.authorities().create_root(&authority("new"), c).unwrap()))
    }),
    ("authority.create", |_| {
        Box::new(|w, c| drop(w.registry.authorities().create_intermediate(w.root.id, &authority("new"), c).unwrap()))
    }),
    ("authority.request", |_| Box::new(|w, c| drop(w.registry.authorities().request(&authority("new"), c).unwrap()))),
    ("authority.rebuild", |_| {
        Box::new(|w, c| drop(w.registry.authorities().rebuild(w.issuing.id, &Rebuild::default(), c).unwrap()))
    }),
    ("authority.cross_certify", |w| {
        let other = w.registry.authorities().create_root(&authority("other"), &w.call).unwrap().id;
        Box::new(move |w, c| drop(w.registry.authorities().cross_certify(w.root.id, other, c).unwrap()))
    }),
    ("authority.retire", |_| Box::new(|w, c| drop(w.registry.authorities().retire(w.issuing.id, c).unwrap()))),
    ("authority.compromise", |_| {
        Box::new(|w, c| drop(w.registry.authorities().mark_compromised(w.issuing.id, c).unwrap()))
    }),
    ("crl.issue", |_| {
        Box::new(|w, c| drop(w.registry.authorities().crl(w.root.id, &CrlOptions::default(), c).unwrap()))
    }),
    ("profile.put", |_| {
        Box::new(|w, c| drop(w.registry.profiles().put("new", &ProfileSpec::tls_server(), c).unwrap()))
    }),
    ("group.create", |_| Box::new(|w, c| drop(w.registry.groups().create("new", &GroupChange::default(), c).unwrap()))),
    ("group.update", |w| {
        let id = w.registry.groups().create("g", &GroupChange::default(), &w.call).unwrap().id;
        Box::new(move |w, c| drop(w.registry.groups().update(id, &GroupChange::default(), c).unwrap()))
    }),
    ("group.delete", |w| {
        let id = w.registry.groups().create("g", &GroupChange::default(), &w.call).unwrap().id;
        Box::new(move |w, c| w.registry.groups().delete(id, c).unwrap())
    }),
    ("product.register", |w| {
        let new = NewProduct {
            spec: ProductSpec { name: "new".to_owned(), ..ProductSpec::default() },
            authority: w.issuing.id,
            credential_profile: profile(w, false),
            device_profile: profile(w, false),
            algorithm: None,
            hand_out: HandOut::Now,
        };
        Box::new(move |w, c| drop(w.registry.products().register(&new, c).unwrap()))
    }),
    ("product.update", |_| {
        Box::new(|w, c| drop(w.registry.products().update(w.product.id, &ProductChange::default(), c).unwrap()))
    }),
    ("product.set_enrollment_policy", |_| {
        Box::new(|w, c| {
            let policy = EnrollmentPolicy::default();
            drop(w.registry.products().set_enrollment_policy(w.product.id, &policy, c).unwrap());
        })
    }),
    ("product.suspend", |_| Box::new(|w, c| drop(w.registry.products().suspend(w.product.id, c).unwrap()))),
    ("product.resume", |w| {
        w.registry.products().suspend(w.product.id, &w.call).unwrap();
        Box::new(|w, c| drop(w.registry.products().resume(w.product.id, c).unwrap()))
    }),
    ("product.discontinue", |_| Box::new(|w, c| drop(w.registry.products().discontinue(w.product.id, c).unwrap()))),
    ("product.renew_credential", |_| {
        Box::new(|w, c| drop(w.registry.products().renew_credential(w.product.id, None, HandOut::Now, c).unwrap()))
    }),
    ("product.revoke_credential", |w| {
        let id = w.registry.products().credentials(w.product.id).unwrap()[0].id;
        let reason = RevocationReason::Superseded;
        Box::new(move |w, c| drop(w.registry.products().revoke_credential(id, reason, c).unwrap()))
    }),
    ("product.add_unit", |_| {
        Box::new(|w, c| {
            drop(w.registry.products().add_units(w.product.id, &["SN".to_owned()], &Bulk::all(), c).unwrap());
        })
    }),
    ("product.issue_claim_codes", |_| {
        Box::new(|w, c| drop(w.registry.products().issue_claim_codes(w.product.id, 3, None, c).unwrap()))
    }),
    ("device.register", |_| Box::new(|w, c| drop(w.registry.devices().register(&NewDevice::default(), c).unwrap()))),
    ("device.discover", |_| Box::new(|w, c| drop(w.registry.devices().discover(&NewDevice::default(), c).unwrap()))),
    ("device.update", |w| {
        let id = device(w);
        Box::new(move |w, c| drop(w.registry.devices().update(id, &DeviceChange::default(), c).unwrap()))
    }),
    ("device.set_group", |w| {
        let id = device(w);
        Box::new(move |w, c| drop(w.registry.devices().set_group(id, None, c).unwrap()))
    }),
    ("device.disable", |w| {
        let id = device(w);
        Box::new(move |w, c| drop(w.registry.devices().disable(id, c).unwrap()))
    }),
    ("device.enable", |w| {
        let id = device(w);
        w.registry.devices().disable(id, &w.call).unwrap();
        Box::new(move |w, c| drop(w.registry.devices().enable(id, c).unwrap()))
    }),
    ("device.delete", |w| {
        let id = w.enrolled(None).1.device.id;
        Box::new(move |w, c| drop(w.registry.devices().delete(id, c).unwrap()))
    }),
    ("device.enroll", |w| {
        let (_, request) = w.request(Some("SN-1"));
        Box::new(move |w, c| drop(w.registry.devices().enroll(&request, c).unwrap()))
    }),
    ("device.quarantine", |w| {
        w.enrolled(Some("SN-1"));
        let (_, request) = w.request(Some("SN-1"));
        Box::new(move |w, c| assert_eq!(code(w.registry.devices().enroll(&request, c)), "device.quarantined"))
    }),
    ("device.release_quarantine", |w| {
        let id = w.enrolled(Some("SN-1")).1.device.id;
        assert_eq!(code(w.enroll(&w.request(Some("SN-1")).1)), "device.quarantined");
        Box::new(move |w, c| drop(w.registry.devices().release_quarantine(id, Release::NewKeys, c).unwrap()))
    }),
    ("certificate.issue", |w| {
        let issue = issue(w, false);
        Box::new(move |w, c| drop(w.registry.certificates().issue(&issue, c).unwrap()))
    }),
    ("certificate.issue", |w| {
        let issue = IssueWithKey::new(profile(w, false), w.issuing.id);
        Box::new(move |w, c| drop(w.registry.certificates().issue_with_key(&issue, c).unwrap()))
    }),
    ("certificate.request", |w| {
        let issue = issue(w, true);
        Box::new(move |w, c| drop(w.registry.certificates().request(&issue, c).unwrap()))
    }),
    ("certificate.approve", |w| {
        let id = w.registry.certificates().request(&issue(w, true), &w.call).unwrap().id;
        Box::new(move |w, c| drop(w.registry.certificates().approve(id, c).unwrap()))
    }),
    ("certificate.deny", |w| {
        let id = w.registry.certificates().request(&issue(w, true), &w.call).unwrap().id;
        Box::new(move |w, c| drop(w.registry.certificates().deny(id, c).unwrap()))
    }),
    ("certificate.renew", |w| {
        let renew = Renew::same_key(issued(w));
        Box::new(move |w, c| drop(w.registry.certificates().renew(&renew, c).unwrap()))
    }),
    ("certificate.renew", |w| {
        let renew = RenewWithKey::new(issued(w));
        Box::new(move |w, c| drop(w.registry.certificates().renew_with_key(&renew, c).unwrap()))
    }),
    ("certificate.confirm", |w| {
        let next = w.registry.certificates().renew(&Renew::same_key(issued(w)), &w.call).unwrap().certificate.id;
        Box::new(move |w, c| drop(w.registry.certificates().confirm(next, c).unwrap()))
    }),
    ("certificate.suspend", |w| {
        let id = issued(w);
        Box::new(move |w, c| drop(w.registry.certificates().suspend(id, c).unwrap()))
    }),
    ("certificate.resume", |w| {
        let id = issued(w);
        w.registry.certificates().suspend(id, &w.call).unwrap();
        Box::new(move |w, c| drop(w.registry.certificates().resume(id, c).unwrap()))
    }),
    ("certificate.revoke", |w| {
        let id = issued(w);
        let reason = RevocationReason::KeyCompromise;
        Box::new(move |w, c| drop(w.registry.certificates().revoke(id, reason, c).unwrap()))
    }),
    ("certificate.delete", |w| {
        let id = issued(w);
        Box::new(move |w, c| drop(w.registry.certificates().delete(id, c).unwrap()))
    }),
    ("certificate.attach", |w| {
        let (id, to) = (issued(w), device(w));
        Box::new(move |w, c| assert_eq!(w.registry.certificates().attach(id, to, c).unwrap().device, to))
    }),
    ("certificate.detach", |w| {
        let (id, from) = (issued(w), device(w));
        w.registry.certificates().attach(id, from, &w.call).unwrap();
        Box::new(move |w, c| w.registry.certificates().detach(id, from, c).unwrap())
    }),
    ("certificate.collect_key", |w| {
        let issue = IssueWithKey::new(profile(w, false), w.issuing.id).collected_later();
        let id = w.registry.certificates().issue_with_key(&issue, &w.call).unwrap().issued.certificate.id;
        Box::new(move |w, c| drop(w.registry.certificates().collect_key(id, c).unwrap()))
    }),
    ("certificate.confirm_key", |w| {
        let issue = IssueWithKey::new(profile(w, false), w.issuing.id);
        let id = w.registry.certificates().issue_with_key(&issue, &w.call).unwrap().issued.certificate.id;
        Box::new(move |w, c| w.registry.certificates().confirm_key(id, c).unwrap())
    }),
];

fn authority(name: &str) -> NewAuthority {
    NewAuthority::new(name, format!("CN={name}").parse().unwrap()).valid_for_days(100)
}

#[test]
fn every_operation_leaves_exactly_one_event_by_who_asked_for_it() {
    // NEC-38
    for (action, prepare) in OPERATIONS {
        let world = World::new();
        let operation = prepare(&world);
        world.clock.advance(7);
        let before = events(&world);
        operation(&world, &Call::by("alice"));
        let after = events(&world);
        assert_eq!(after[..before.len()], before, "{action}: events are only added");
        let [event] = &after[before.len()..] else { panic!("{action}: {:?}", &after[before.len()..]) };
        assert_eq!((event.action.as_str(), event.actor.as_str()), (*action, "alice"));
        assert_eq!(event.at.since(Timestamp::from_unix(START)), 7, "{action}");
        assert!(event.subject.is_some(), "{action}");
    }
}

#[test]
fn a_refused_operation_leaves_no_event() {
    let world = World::new();
    let before = events(&world);
    let long = Call::by("x".repeat(256));
    assert_eq!(code(world.registry.devices().register(&NewDevice::default(), &long)), "input.too_long");
    let line = Call::by("two\nlines");
    assert_eq!(code(world.registry.devices().register(&NewDevice::default(), &line)), "input.invalid");
    assert_eq!(code(world.registry.devices().register(&NewDevice::named(""), &world.call)), "input.invalid");
    assert_eq!(code(world.registry.products().resume(world.product.id, &world.call)), "product.not_suspended");
    assert_eq!(events(&world), before);
}

#[test]
fn events_are_found_by_what_who_which_and_when() {
    let world = World::new();
    let (_, enrolled) = world.enrolled(None);
    let (id, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
    world.clock.advance(60);
    world.registry.devices().disable(id, &Call::by("bob")).unwrap();
    let found = |filter: EventFilter| {
        let listing = world.registry.events().find(&filter, &Page::of(100)).unwrap();
        assert_eq!(listing.total, Some(listing.items.len() as u64));
        listing.items.into_iter().map(|event| event.action).collect::<Vec<_>>()
    };
    let about = || EventFilter { subject: Some(Entity::Device(id)), ..EventFilter::default() };
    assert_eq!(found(about()), ["device.enroll", "device.disable"]);
    assert_eq!(found(EventFilter { newest_first: true, ..about() }), ["device.disable", "device.enroll"]);
    // Which device got which certificate when.
    let object = Some(Entity::Certificate(certificate));
    assert_eq!(found(EventFilter { object, ..EventFilter::default() }), ["device.enroll"]);
    assert_eq!(found(EventFilter { actor: Some("bob".to_owned()), ..EventFilter::default() }), ["device.disable"]);
    let action = Some("device.enroll".to_owned());
    assert_eq!(found(EventFilter { action, ..EventFilter::default() }), ["device.enroll"]);
    let moment = |seconds| Some(Timestamp::from_unix(START).plus(seconds));
    assert_eq!(found(EventFilter { from: moment(60), ..about() }), ["device.disable"]);
    assert_eq!(found(EventFilter { to: moment(60), ..about() }), ["device.enroll"]);
    assert_eq!(found(EventFilter { from: moment(1), to: moment(60), ..about() }), Vec::<String>::new());
}

#[test]
fn events_are_exported_as_json_lines() {
    // NEC-38
    let world = World::new();
    world.registry.devices().register(&NewDevice::default(), &Call::by("a \"quoted\" \\ actor, 川崎")).unwrap();
    let mut out = Vec::new();
    let count = world.registry.events().export(&EventFilter::default(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let all = events(&world);
    assert_eq!((count, text.lines().count()), (all.len() as u64, all.len()));
    for (line, event) in text.lines().zip(&all) {
        let read: BTreeMap<String, Option<String>> = serde_json::from_str(line).unwrap();
        let expected = [
            ("id", Some(event.id.to_string())),
            ("at", Some(event.at.to_string())),
            ("actor", Some(event.actor.clone())),
            ("action", Some(event.action.clone())),
            ("subject", event.subject.map(|entity| entity.to_string())),
            ("object", event.object.map(|entity| entity.to_string())),
            ("detail", event.detail.clone()),
        ];
        assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value)).into());
    }
    assert_eq!(code(world.registry.events().export(&EventFilter::default(), &mut Full(0))), "input.invalid");
}

#[test]
fn no_secret_stands_in_an_event_a_debug_output_or_an_error() {
    let world = World::new();
    let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
    let products = world.registry.products();
    products.set_enrollment_policy(world.product.id, &policy, &world.call).unwrap();
    let codes = products.issue_claim_codes(world.product.id, 2, None, &world.call).unwrap();
    let code = codes[0].expose().clone();
    let (_, mut request) = world.request(Some("SN-1"));
    request.claim_code = Some(code.clone());
    let mut printed = format!("{request:?}{codes:?}");
    let enrolled = world.enroll(&request).unwrap();
    let (_, mut again) = world.request(Some("SN-2"));
    again.claim_code = Some(code.clone());
    let refused = world.enroll(&again).unwrap_err();
    let issue = IssueWithKey::new(profile(&world, false), world.issuing.id);
    let made = world.registry.certificates().issue_with_key(&issue, &world.call).unwrap();
    let secret = made.key.as_ref().unwrap().expose().clone();
    printed += &format!("{enrolled:?}{refused:?}{refused}{made:?}{:?}{:?}", world.root, world.registry);
    let mut exported = Vec::new();
    world.registry.events().export(&EventFilter::default(), &mut exported).unwrap();
    printed += &String::from_utf8(exported).unwrap();
    printed += &format!("{:?}", events(&world));

    // The private scalar of a P-256 key stands at octet 36 of its PKCS#8.
    let scalar = &secret[36..68];
    let hex = scalar.iter().fold(String::new(), |hex, octet| format!("{hex}{octet:02x}"));
    let decimal = format!("{scalar:?}");
    let decimal = decimal.trim_matches(['[', ']']);
    for secret in [code.as_str(), &code.replace('-', ""), &hex, decimal] {
        assert!(!printed.to_lowercase().contains(&secret.to_lowercase()), "a secret was printed");
    }
    assert!(printed.contains("Sealed("), "the authority's key is shown as sealed");
}

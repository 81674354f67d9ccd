//! What an operator does with many devices: register, look for, change, act on a group, answer to a broken algorithm,
//! keep tenants apart.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{World, code, key};
use tegata::model::{Attributes, CertificateState, Device, DeviceState, Product};
use tegata::{
    Bulk, CertificateFilter, Clock, DeviceChange, DeviceFilter, DeviceId, Enrolled, Error, GroupChange, HandOut, Issue,
    KeyAlgorithm, NewDevice, NewProduct, Page, Presented, Principal, PrivateKey, ProductSpec, Proof, Renew, Result,
    RevocationReason, Text, make_csr,
};

const DAY: i64 = 86_400;

fn shown(der: &[u8]) -> Presented<'_> {
    Presented::Certificate { certificate: der, proof: Proof::TlsSession, device: None }
}

fn named(name: &str) -> DeviceFilter {
    DeviceFilter { name: Some(Text::StartsWith(name.to_owned())), ..DeviceFilter::default() }
}

fn codes<T>(results: Vec<Result<T>>) -> Vec<Result<(), &'static str>> {
    results.into_iter().map(|result| result.map(drop).map_err(|error| error.code())).collect()
}

/// NEC-15, NEC-19, NEC-26, NEC-27, NEC-32
#[test]
fn a_device_is_registered_found_by_what_is_known_of_it_and_updated() {
    let world = World::new();
    let devices = world.registry.devices();
    let attributes = Attributes {
        ip: Some("192.0.2.7".to_owned()),
        mac: Some("00:00:5e:00:53:07".to_owned()),
        host_name: Some("pump-7".to_owned()),
        os_name: Some("Linux 6.12".to_owned()),
        more: [("floor".to_owned(), "3".to_owned())].into(),
    };
    let new = NewDevice { attributes: attributes.clone(), ..NewDevice::named("Pump 7") };
    let made = devices.register(&new, &world.call).unwrap();
    assert_eq!((made.state, &made.attributes), (DeviceState::Valid, &attributes));
    assert_eq!(devices.get(made.id).unwrap(), made);
    devices.register(&NewDevice::named("Fan 1"), &world.call).unwrap();
    assert_eq!(code(devices.register(&new, &world.call)), "device.name_taken");

    let found = |filter: &DeviceFilter| -> Vec<DeviceId> {
        devices.find(filter, &Page::default()).unwrap().items.into_iter().map(|d| d.id).collect()
    };
    let by = |name: &str, value: &str| DeviceFilter {
        attribute: Some((name.to_owned(), value.to_owned())),
        ..DeviceFilter::default()
    };
    assert_eq!(found(&named("Pump")), [made.id]);
    assert_eq!(found(&by("floor", "3")), [made.id]);
    assert_eq!(found(&by("floor", "4")), []);

    let change = DeviceChange {
        name: Some("Pump 8".to_owned()),
        attributes: Some(Attributes { ip: Some("2001:db8::8".to_owned()), ..attributes }),
    };
    let changed = devices.update(made.id, &change, &world.call).unwrap();
    assert_eq!((changed.name.as_str(), changed.attributes.ip.as_deref()), ("Pump 8", Some("2001:db8::8")));
    assert_eq!(found(&named("Pump 7")), []);
    let wrong = Attributes { ip: Some("not an address".to_owned()), ..Attributes::default() };
    let wrong = DeviceChange { name: None, attributes: Some(wrong) };
    assert_eq!(code(devices.update(made.id, &wrong, &world.call)), "input.invalid");
    assert_eq!(devices.get(made.id).unwrap(), changed);
}

/// NEC-21..25, trap 14
#[test]
fn bulk_calls_answer_for_each_item_and_all_or_nothing_does_nothing_when_one_is_refused() {
    let world = World::new();
    let devices = world.registry.devices();
    let (call, each, all) = (&world.call, &Bulk::each(), &Bulk::all());
    let new = [NewDevice::named("a"), NewDevice::named("b"), NewDevice::named("a"), NewDevice::named("")];
    let refused = codes(devices.register_many(&new, all, call).unwrap());
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 0);
    let made = devices.register_many(&new, each, call).unwrap();
    let ids: Vec<DeviceId> = made.iter().filter_map(|d| d.as_ref().ok().map(|d| d.id)).collect();
    assert_eq!(codes(made), [Ok(()), Ok(()), Err("device.name_taken"), Err("input.invalid")]);

    let rename = |name: &str| DeviceChange { name: Some(name.to_owned()), ..DeviceChange::default() };
    let changes = [(ids[0], rename("c")), (ids[1], rename("c"))];
    assert_eq!(codes(devices.update_many(&changes, each, call).unwrap()), [Ok(()), Err("device.name_taken")]);
    devices.disable(ids[0], call).unwrap();
    assert_eq!(codes(devices.disable_many(&ids, each, call).unwrap()), [Err("device.already_disabled"), Ok(())]);
    assert_eq!(codes(devices.enable_many(&ids, all, call).unwrap()), [Ok(()), Ok(())]);
    assert_eq!(codes(devices.delete_many(&ids, all, call).unwrap()), [Ok(()), Ok(())]);
    assert_eq!(codes(devices.enable_many(&ids, each, call).unwrap()), [Err("device.deleted"); 2]);
}

/// NEC-29, NEC-30, NEC-31
#[test]
fn a_deleted_devices_name_is_free_again_and_its_id_is_not() {
    let world = World::new();
    let devices = world.registry.devices();
    let first = devices.register(&NewDevice::named("gate"), &world.call).unwrap();
    devices.delete(first.id, &world.call).unwrap();
    let second = devices.register(&NewDevice::named("gate"), &world.call).unwrap();
    assert_ne!(first.id, second.id);
    let listed = devices.find(&named("gate"), &Page::default()).unwrap();
    assert_eq!(listed.total, Some(2));
    let stone = devices.get(first.id).unwrap();
    assert_eq!(stone.state, DeviceState::Deleted);
    assert!(stone.name.starts_with("gate (deleted "), "{}", stone.name);
    let living = DeviceFilter { states: vec![DeviceState::Valid, DeviceState::Invalid], ..named("gate") };
    assert_eq!(devices.find(&living, &Page::default()).unwrap().items, [second]);
}

/// Units in a group, with their certificates.
fn fleet(world: &World, count: usize, certificate_days: Option<u32>) -> (tegata::GroupId, Vec<Enrolled>) {
    let settings = GroupChange { certificate_days: Some(certificate_days), ..GroupChange::default() };
    let group = world.registry.groups().create("lobby", &settings, &world.call).unwrap().id;
    let units: Vec<Enrolled> = (0..count).map(|n| world.enrolled(Some(&format!("L-{n}"))).1).collect();
    let ids: Vec<DeviceId> = units.iter().map(|unit| unit.device.id).collect();
    world.registry.devices().set_group_many(&ids, Some(group), &Bulk::all(), &world.call).unwrap();
    (group, units)
}

/// NEC-34, NAV-7: enable, disable, delete and renew over what a group's filter finds; others stay as they are.
#[test]
fn one_action_over_a_group_reaches_its_members_and_nobody_else() {
    let world = World::new();
    let (group, units) = fleet(&world, 7, None);
    let (_, outsider) = world.enrolled(None);
    let devices = world.registry.devices();
    let filter = DeviceFilter { group: Some(group), ..DeviceFilter::default() };
    // Page by page, as a screen would.
    let mut ids = Vec::new();
    let mut page = Page::of(3);
    loop {
        let listing = devices.find(&filter, &page).unwrap();
        ids.extend(listing.items.iter().map(|device: &Device| device.id));
        match listing.next {
            Some(next) => page = Page::of(3).after(next),
            None => break,
        }
    }
    assert_eq!(ids, units.iter().map(|unit| unit.device.id).collect::<Vec<_>>());

    devices.disable_many(&ids, &Bulk::all(), &world.call).unwrap();
    for unit in &units {
        assert_eq!(code(world.registry.authenticate(&shown(&unit.issued.der))), "device.disabled");
    }
    assert!(world.registry.authenticate(&shown(&outsider.issued.der)).is_ok());
    devices.enable_many(&ids, &Bulk::all(), &world.call).unwrap();

    let certificates = CertificateFilter { group: Some(group), ..CertificateFilter::default() };
    let found = world.registry.certificates().find(&certificates, &Page::default()).unwrap();
    assert_eq!(found.total, Some(7));
    let renewals: Vec<_> = found.items.iter().map(|certificate| Renew::same_key(certificate.id)).collect();
    let renewed = world.registry.certificates().renew_many(&renewals, &Bulk::each(), &world.call).unwrap();
    assert!(renewed.iter().all(|item| item.as_ref().is_ok_and(|issued| issued.certificate.group == Some(group))));
    devices.delete_many(&ids, &Bulk::all(), &world.call).unwrap();
    assert!(world.registry.authenticate(&shown(&outsider.issued.der)).is_ok());
}

/// NEC-36
#[test]
fn a_groups_interval_says_when_its_members_are_due() {
    let world = World::new();
    let (group, units) = fleet(&world, 2, Some(30));
    let (_, outsider) = world.enrolled(None);
    let due = |days: i64| {
        let until = tegata::Due::until(world.clock.now().plus(days * DAY));
        world
            .registry
            .due(&until, &Page::default())
            .unwrap()
            .items
            .iter()
            .map(|item| item.certificate().unwrap().id)
            .collect::<Vec<_>>()
    };
    let mut members: Vec<_> = units.iter().map(|unit| unit.issued.certificate.id).collect();
    let mut early = due(31);
    early.sort();
    members.sort();
    assert_eq!(early, members);
    assert_eq!(due(364).len(), 3);
    let longer = GroupChange { certificate_days: Some(None), ..GroupChange::default() };
    world.registry.groups().update(group, &longer, &world.call).unwrap();
    assert_eq!(due(31), []);
    assert!(due(364).contains(&outsider.issued.certificate.id));
}

/// NEC-63: everything of one algorithm, of one product, in one group, of one authority is found, revoked and issued anew.
#[test]
fn a_broken_algorithm_is_answered_by_revoking_and_reissuing_what_used_it() {
    let world = World::new();
    let certificates = world.registry.certificates();
    let (group, weak) = fleet(&world, 3, None);
    let strong = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let request = tegata::Enroll {
        csr: make_csr(&strong, &"CN=x".parse().unwrap(), &[]).unwrap(),
        unit: Some("strong".to_owned()),
        ..world.request(None).1
    };
    let strong = world.enroll(&request).unwrap();
    world.registry.devices().set_group(strong.device.id, Some(group), &world.call).unwrap();

    // The algorithm is not a column: it stands in the certificate, and the selection is narrowed by the columns first.
    let filter = CertificateFilter {
        product: Some(world.product.id),
        authority: Some(weak[0].issued.certificate.authority),
        group: Some(group),
        state: Some(CertificateState::Active),
        ..CertificateFilter::default()
    };
    let found = certificates.find(&filter, &Page::default()).unwrap();
    assert_eq!(found.total, Some(4));
    let mut broken = Vec::new();
    for certificate in found.items {
        let der = certificates.der(certificate.id).unwrap();
        let algorithm = tegata::parse_certificate(&der).unwrap().public_key().unwrap().algorithm();
        if algorithm == KeyAlgorithm::EcdsaP256 {
            broken.push(certificate);
        }
    }
    assert_eq!(broken.len(), 3);
    let ids: Vec<_> = broken.iter().map(|certificate| certificate.id).collect();
    let revoked = certificates.revoke_many(&ids, RevocationReason::KeyCompromise, &Bulk::all(), &world.call).unwrap();
    assert!(revoked.iter().all(Result::is_ok));
    for unit in &weak {
        assert_eq!(code(world.registry.authenticate(&shown(&unit.issued.der))), "certificate.revoked");
    }
    assert!(world.registry.authenticate(&shown(&strong.issued.der)).is_ok());

    let reissues: Vec<_> = broken
        .iter()
        .map(|certificate| {
            let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
            let csr = make_csr(&key, &"CN=x".parse().unwrap(), &[]).unwrap();
            Issue::new(csr, certificate.profile, certificate.authority).for_device(certificate.device.unwrap())
        })
        .collect();
    let issued = certificates.issue_many(&reissues, &Bulk::all(), &world.call).unwrap();
    for (new, old) in issued.iter().zip(&broken) {
        let new = new.as_ref().unwrap();
        assert_eq!(new.certificate.device, old.device);
        assert!(world.registry.authenticate(&shown(&new.der)).is_ok());
    }
}

/// NEC-52, PAP-1, PAP-4, PAP-5: a product names a profile and an authority; nobody handles a CA, and a product's devices
/// are issued by whichever authority it names.
#[test]
fn a_product_is_registered_with_profiles_and_comes_with_its_credential_and_key() {
    let world = World::new();
    let new = NewProduct {
        spec: ProductSpec { name: "Sensor".to_owned(), ..ProductSpec::default() },
        authority: world.root.id,
        credential_profile: world.product.credential_profile,
        device_profile: world.product.device_profile,
        algorithm: None,
        hand_out: HandOut::Now,
    };
    let made = world.registry.products().register(&new, &world.call).unwrap();
    let product: Product = world.registry.products().get(made.product.id).unwrap();
    assert_eq!(product, made.product);
    let key = PrivateKey::from_bytes(made.credential.key.unwrap().expose()).unwrap();
    let credential = tegata::parse_certificate(&made.credential.issued.der).unwrap();
    assert_eq!(tegata::Signer::public_key(&key).spki(), credential.spki());
    let request = tegata::Enroll { credential: made.credential.issued.der.clone(), ..world.request(None).1 };
    let enrolled = world.enroll(&request).unwrap();
    assert_eq!(enrolled.issued.certificate.authority, world.root.id);
    assert_eq!(enrolled.device.product, Some(product.id));
}

/// SOL-2, trap 15: whoever may not have a new certificate does not get one by renewing.
#[test]
fn renewal_is_for_those_who_may_have_a_new_certificate() {
    let world = World::new();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let (id, device) = (enrolled.issued.certificate.id, enrolled.device.id);
    let renew = || world.registry.certificates().renew(&Renew::same_key(id), &world.call);
    world.registry.devices().disable(device, &world.call).unwrap();
    assert_eq!(code(renew()), "device.disabled");
    world.registry.devices().enable(device, &world.call).unwrap();
    world.registry.certificates().suspend(id, &world.call).unwrap();
    assert_eq!(code(renew()), "certificate.suspended");
    world.registry.certificates().resume(id, &world.call).unwrap();
    // A discontinued product takes no new units, but those that it has go on.
    world.registry.products().discontinue(world.product.id, &world.call).unwrap();
    assert!(renew().is_ok());
    assert_eq!(code(world.enroll(&world.request(None).1)), "product.discontinued");
}

/// SOL-11, trap 10: expired certificates are listed; they renew with another proof, not alone.
#[test]
fn an_expired_certificate_is_listed_and_replaced_only_with_another_proof() {
    let world = World::new();
    let (unit, enrolled) = world.enrolled(Some("SN-1"));
    world.clock.advance(366 * DAY);
    let expired = CertificateFilter { expired: Some(true), ..CertificateFilter::default() };
    let listed = world.registry.certificates().find(&expired, &Page::default()).unwrap();
    assert_eq!(listed.items.iter().map(|c| c.id).collect::<Vec<_>>(), [enrolled.issued.certificate.id]);
    let renew = Renew::same_key(enrolled.issued.certificate.id);
    assert_eq!(code(world.registry.certificates().renew(&renew, &world.call)), "certificate.renewal_of_expired");
    // With the product's key and its own, the unit has shown more than the expired certificate.
    let issued = world.enroll(&world.request_with(&unit, Some("SN-1"))).unwrap().issued;
    let subject = |der: &[u8]| tegata::parse_certificate(der).unwrap().subject().clone();
    assert_eq!(subject(&issued.der), subject(&enrolled.issued.der));
    assert!(world.registry.authenticate(&shown(&issued.der)).is_ok());
}

/// SOL-12: a tenant is a store of its own; what one has the other does not know, though keys and names are the same.
#[test]
fn tenants_know_nothing_of_each_other() {
    let (one, two) = (World::new(), World::new());
    let (key, enrolled) = one.enrolled(Some("SN-1"));
    let (device, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
    let other = &two.registry;
    let answers: Vec<Result<(), Error>> = vec![
        other.devices().get(device).map(drop),
        other.devices().delete(device, &two.call).map(drop),
        other.certificates().get(certificate).map(drop),
        other.certificates().revoke(certificate, RevocationReason::Unspecified, &two.call).map(drop),
        other.certificates().renew(&Renew::same_key(certificate), &two.call).map(drop),
        other.products().get(one.product.id).map(drop),
        other.authorities().get(one.issuing.id).map(drop),
        other.profiles().get(one.product.device_profile).map(drop),
    ];
    for answer in answers {
        assert_eq!(code(answer), "input.unknown_id");
    }
    assert_eq!(code(other.authenticate(&shown(&enrolled.issued.der))), "certificate.unknown");
    assert_eq!(code(two.enroll(&one.request_with(&key, Some("SN-1")))), "product.credential_unknown");
    assert_eq!(other.devices().count(&DeviceFilter::default()).unwrap(), 0);
    // The same unit with the same key is a device of its own there.
    let there = two.enroll(&two.request_with(&key, Some("SN-1"))).unwrap();
    assert_ne!(there.device.id, device);
    one.registry.devices().delete(device, &one.call).unwrap();
    assert!(other.authenticate(&shown(&there.issued.der)).is_ok());
}

type Step = fn(&World, DeviceId);

/// Trap 8: what somebody else verified before does not count; every state is read again at every presentation.
#[test]
fn only_an_explicit_success_of_this_moment_authenticates() {
    let world = World::new();
    let (unit, enrolled) = world.enrolled(None);
    let der = &enrolled.issued.der;
    assert!(matches!(world.registry.authenticate(&shown(der)), Ok(Principal::Device { .. })));
    let signature = tegata::Signer::sign(&unit, &tegata::Statement::Challenge.message(b"challenge")).unwrap();
    let signed = |message, signature| Presented::Certificate {
        certificate: der,
        proof: Proof::Signature { message, signature },
        device: None,
    };
    assert!(world.registry.authenticate(&signed(b"challenge", &signature)).is_ok());
    assert_eq!(code(world.registry.authenticate(&signed(b"another", &signature))), "certificate.proof_invalid");
    let stranger = tegata::Signer::sign(&key(), &tegata::Statement::Challenge.message(b"challenge")).unwrap();
    assert_eq!(code(world.registry.authenticate(&signed(b"challenge", &stranger))), "certificate.proof_invalid");
    let steps: [(Step, &str); 2] = [
        (|w, id| drop(w.registry.devices().disable(id, &w.call).unwrap()), "device.disabled"),
        (|w, id| drop(w.registry.devices().delete(id, &w.call).unwrap()), "certificate.revoked"),
    ];
    for (step, reason) in steps {
        step(&world, enrolled.device.id);
        assert_eq!(code(world.registry.authenticate(&signed(b"challenge", &signature))), reason);
    }
}

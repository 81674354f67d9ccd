//! A device comes into being with its password, its symmetric key and its certificate, or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::HashSet;

use common::{World, code, csr, key};
use tegata::model::{Entity, KeyOrigin, KeyState, ProfileSpec, PskKind, PskState};
use tegata::{
    Bulk, Call, CertificateFilter, CertificateWish, DeviceFilter, EventFilter, GroupChange, HandOut, KeyAlgorithm,
    KeyFilter, NewDevice, NewKey, Page, Presented, Principal, PrivateKey, ProfileId, Provision, Provisioned, PskFilter,
    PskWish, RotatePsk, Signer, Statement, SymmetricAlgorithm,
};

fn profile(w: &World) -> ProfileId {
    let spec = ProfileSpec { server_keys: vec![KeyAlgorithm::EcdsaP256], ..ProfileSpec::device() };
    w.registry.profiles().put("provisioned", &spec, &w.call).unwrap().id
}

fn full(w: &World, profile: ProfileId, name: &str) -> Provision {
    Provision::new(NewDevice::named(name))
        .with_psk(PskWish::password())
        .with_key(SymmetricAlgorithm::Aes128)
        .with_certificate(CertificateWish::with_key(profile, w.issuing.id))
}

fn verified(w: &World, provisioned: &Provisioned) -> bool {
    let psk = provisioned.psk.as_ref().unwrap();
    w.registry.psks().verify(&psk.psk.identity, psk.octets().unwrap()).unwrap()
}

/// How many devices, keys and certificates of devices there are.
fn census(w: &World) -> (u64, u64, u64, u64) {
    let page = Page::of(1);
    let kind = Some(tegata::model::CertificateKind::Device);
    let certificates = CertificateFilter { kind, ..CertificateFilter::default() };
    (
        w.registry.devices().count(&DeviceFilter::default()).unwrap(),
        w.registry.psks().find(&PskFilter::default(), &page).unwrap().total.unwrap(),
        w.registry.keys().find(&KeyFilter::default(), &page).unwrap().total.unwrap(),
        w.registry.certificates().find(&certificates, &page).unwrap().total.unwrap(),
    )
}

/// NEC-28, NEC-42, NEC-53.
#[test]
fn a_provisioned_device_can_use_everything_that_it_got_at_once() {
    let w = World::new();
    let meter = w.registry.devices().provision(&full(&w, profile(&w), "meter"), &w.call).unwrap();
    assert!(verified(&w, &meter));

    let key = meter.key.as_ref().unwrap();
    let again = w.registry.keys().get(key.key.id, None, &w.call).unwrap();
    assert_eq!((again.value.expose(), key.key.number), (key.value.expose(), 1));

    let certificate = meter.certificate.as_ref().unwrap();
    let record = &certificate.issued.certificate;
    assert_eq!((record.device, record.key_origin, record.key_number), (Some(meter.device.id), KeyOrigin::Server, 1));
    let private = PrivateKey::from_bytes(certificate.key.as_ref().unwrap().expose()).unwrap();
    let signature = private.sign(&Statement::Challenge.message(b"now")).unwrap();
    let shown = Presented::signed(&certificate.issued.der, b"now", &signature);
    let Principal::Device { device, .. } = w.registry.authenticate(&shown).unwrap() else { panic!("no device") };
    assert_eq!(device, meter.device.id);
    // The device keeps the subject of its first certificate.
    assert!(w.registry.devices().get(meter.device.id).unwrap().subject.is_some());
    w.registry.certificates().confirm_key(record.id, &w.call).unwrap();

    let all = w.registry.devices().credentials(meter.device.id).unwrap();
    assert_eq!(
        (all.certificates[0].id, all.psks[0].id, all.keys[0].id),
        (record.id, meter.psk.unwrap().psk.id, key.key.id)
    );
    let about = EventFilter { subject: Some(Entity::Device(meter.device.id)), ..EventFilter::default() };
    let events = w.registry.events().find(&about, &Page::of(9)).unwrap().items;
    let event = events.iter().find(|event| event.action == "device.provision").unwrap();
    assert_eq!(event.detail.as_deref(), Some("psk, aes-128, certificate"));
}

#[test]
fn each_part_can_be_left_out() {
    let w = World::new();
    let profile = profile(&w);
    let bare = w.registry.devices().provision(&Provision::new(NewDevice::named("bare")), &w.call).unwrap();
    assert!(bare.psk.is_none() && bare.key.is_none() && bare.certificate.is_none());
    let wish = Provision::new(NewDevice::named("tls")).with_psk(PskWish::tls());
    let tls = w.registry.devices().provision(&wish, &w.call).unwrap();
    assert_eq!(tls.psk.as_ref().unwrap().psk.kind, PskKind::Readable);
    assert!(verified(&w, &tls));
    let wish = Provision::new(NewDevice::named("key")).with_key(SymmetricAlgorithm::Twine80);
    assert_eq!(w.registry.devices().provision(&wish, &w.call).unwrap().key.unwrap().value.expose().len(), 10);
    let later = CertificateWish { hand_out: HandOut::Later, ..CertificateWish::with_key(profile, w.issuing.id) };
    let wish = Provision::new(NewDevice::named("later")).with_certificate(later);
    let later = w.registry.devices().provision(&wish, &w.call).unwrap().certificate.unwrap();
    assert!(later.key.is_none());
    assert!(w.registry.certificates().collect_key(later.issued.certificate.id, &w.call).unwrap().key.is_some());
}

#[test]
fn a_device_s_own_key_is_certified_for_its_csr_and_bound_to_it() {
    let w = World::new();
    let (profile, own) = (profile(&w), key());
    let wish = |name: &str| {
        let certificate = CertificateWish::for_csr(csr(&own, "x"), profile, w.issuing.id);
        Provision::new(NewDevice::named(name)).with_psk(PskWish::password()).with_certificate(certificate)
    };
    let meter = w.registry.devices().provision(&wish("meter"), &w.call).unwrap();
    let certificate = meter.certificate.unwrap();
    assert!(certificate.key.is_none());
    assert_eq!(certificate.issued.certificate.key_origin, KeyOrigin::Requester);
    let before = census(&w);
    assert_eq!(code(w.registry.devices().provision(&wish("other"), &w.call)), "csr.key_bound");
    let both = CertificateWish {
        algorithm: Some(KeyAlgorithm::EcdsaP256),
        ..CertificateWish::for_csr(csr(&key(), "x"), profile, w.issuing.id)
    };
    let both = Provision::new(NewDevice::named("both")).with_certificate(both);
    assert_eq!(code(w.registry.devices().provision(&both, &w.call)), "input.invalid");
    assert_eq!(census(&w), before, "a refusal leaves nothing behind");
}

/// NEC-42: everything or nothing.
#[test]
fn a_refusal_of_one_part_leaves_nothing_of_the_others() {
    let w = World::new();
    let profile = profile(&w);
    w.registry.devices().provision(&full(&w, profile, "meter"), &w.call).unwrap();
    let chosen = |name: &str| {
        let identity_kind = tegata::model::IdentityKind::Chosen;
        let psk = PskWish { identity_kind, identity: Some("chosen".to_owned()), ..PskWish::tls() };
        Provision { psk: Some(psk), ..full(&w, profile, name) }
    };
    w.registry.devices().provision(&chosen("first"), &w.call).unwrap();
    let before = census(&w);
    assert_eq!(code(w.registry.devices().provision(&full(&w, profile, "meter"), &w.call)), "device.name_taken");
    assert_eq!(code(w.registry.devices().provision(&chosen("second"), &w.call)), "psk.identity_taken");
    let no_key = w.product.device_profile;
    assert_eq!(code(w.registry.devices().provision(&full(&w, no_key, "third"), &w.call)), "profile.no_server_key");
    w.registry.authorities().retire(w.issuing.id, &w.call).unwrap();
    assert!(w.registry.devices().provision(&full(&w, profile, "fourth"), &w.call).is_err());
    assert_eq!(census(&w), before);
}

/// Trap 14.
#[test]
fn a_repeated_request_brings_what_is_still_kept() {
    let w = World::new();
    let profile = profile(&w);
    let call = Call::by("line").with_request_id("unit 1");
    let wish = full(&w, profile, "meter");
    let first = w.registry.devices().provision(&wish, &call).unwrap();
    let again = w.registry.devices().provision(&wish, &call).unwrap();
    assert_eq!(again.device.id, first.device.id);
    let (one, two) = (first.certificate.unwrap(), again.certificate.unwrap());
    assert_eq!(one.key.unwrap().expose(), two.key.unwrap().expose());
    assert_eq!(again.key.unwrap().value.expose(), first.key.unwrap().value.expose());
    // Nobody knows the password any more; the key's record says which one to rotate.
    let psk = again.psk.unwrap();
    assert_eq!((psk.psk.id, psk.octets()), (first.psk.unwrap().psk.id, None));
    assert_eq!(code(w.registry.devices().provision(&full(&w, profile, "other"), &call)), "input.request_id_reused");

    // Somebody else's call under the same ID is another request.
    let other = Call::by("line 2").with_request_id("unit 1");
    assert_eq!(code(w.registry.devices().provision(&wish, &other)), "device.name_taken");

    // What comes later is not mistaken for what the request led to.
    let call = Call::by("line").with_request_id("unit 2");
    let wish = Provision::new(NewDevice::named("tls")).with_psk(PskWish::tls());
    let tls = w.registry.devices().provision(&wish, &call).unwrap();
    w.registry.psks().issue(&tegata::NewPsk::password(tls.device.id), &w.call).unwrap();
    w.registry.psks().issue(&tegata::NewPsk::tls(tls.device.id), &w.call).unwrap();
    let again = w.registry.devices().provision(&wish, &call).unwrap();
    assert!(again.key.is_none() && again.certificate.is_none());
    let psk = tls.psk.unwrap();
    assert_eq!((again.psk.as_ref().unwrap().psk.id, again.psk.unwrap().octets()), (psk.psk.id, psk.octets()));
    w.registry.psks().rotate(psk.psk.id, &RotatePsk::default(), &w.call).unwrap();
    assert_eq!(w.registry.devices().provision(&wish, &call).unwrap().psk.unwrap().octets(), None);

    // A key whose arrival was confirmed does not come again, the rest does.
    w.registry.certificates().confirm_key(one.issued.certificate.id, &w.call).unwrap();
    let call = Call::by("line").with_request_id("unit 1");
    let again = w.registry.devices().provision(&full(&w, profile, "meter"), &call).unwrap();
    assert!(again.certificate.unwrap().key.is_none() && again.key.is_some());
}

/// NEC-21, trap 14.
#[test]
fn a_thousand_devices_are_provisioned_each_with_secrets_of_its_own() {
    let w = World::new();
    let profile = profile(&w);
    let mut wishes: Vec<_> = (0..1_000).map(|n| full(&w, profile, &format!("meter {n}"))).collect();
    wishes.push(full(&w, profile, "meter 7"));
    let before = census(&w);
    let refused = w.registry.devices().provision_many(&wishes, &Bulk::all(), &w.call).unwrap();
    assert!(refused.iter().all(Result::is_err));
    assert_eq!(census(&w), before);

    let results = w.registry.devices().provision_many(&wishes, &Bulk::each(), &w.call).unwrap();
    assert_eq!(results[1_000].as_ref().unwrap_err().code(), "device.name_taken");
    let done: Vec<_> = results.into_iter().filter_map(Result::ok).collect();
    assert_eq!(census(&w), (before.0 + 1_000, before.1 + 1_000, before.2 + 1_000, before.3 + 1_000));
    let distinct = |values: Vec<Vec<u8>>| values.into_iter().collect::<HashSet<_>>().len();
    assert_eq!(distinct(done.iter().map(|d| d.psk.as_ref().unwrap().octets().unwrap().to_vec()).collect()), 1_000);
    assert_eq!(distinct(done.iter().map(|d| d.key.as_ref().unwrap().value.expose().clone()).collect()), 1_000);
    let private = |d: &Provisioned| d.certificate.as_ref().unwrap().key.as_ref().unwrap().expose().clone();
    assert_eq!(distinct(done.iter().map(private).collect()), 1_000);
    for provisioned in done.iter().step_by(97) {
        assert!(verified(&w, provisioned));
        let certificate = provisioned.certificate.as_ref().unwrap();
        let key = PrivateKey::from_bytes(certificate.key.as_ref().unwrap().expose()).unwrap();
        let read = tegata::parse_certificate(&certificate.issued.der).unwrap();
        assert_eq!(read.public_key().unwrap().spki(), key.public_key().spki());
    }
}

#[test]
fn a_provisioned_device_is_in_its_group_and_is_deleted_with_everything() {
    let w = World::new();
    let days = GroupChange { certificate_days: Some(Some(30)), key_days: Some(Some(60)), ..GroupChange::default() };
    let group = w.registry.groups().create("lobby", &days, &w.call).unwrap().id;
    let mut wish = full(&w, profile(&w), "meter");
    wish.device.group = Some(group);
    let meter = w.registry.devices().provision(&wish, &w.call).unwrap();
    let all = w.registry.devices().credentials(meter.device.id).unwrap();
    assert_eq!(
        (all.certificates[0].group, all.psks[0].group, all.keys[0].group),
        (Some(group), Some(group), Some(group))
    );
    assert!(all.keys[0].renew_at.is_some());
    w.registry.devices().delete(meter.device.id, &w.call).unwrap();
    assert!(!verified(&w, &meter));
    assert_eq!(w.registry.psks().get(meter.psk.unwrap().psk.id).unwrap().state, PskState::Deleted);
    let key = w.registry.keys().record(meter.key.unwrap().key.id).unwrap();
    assert_eq!(key.state, KeyState::Destroyed);
    let certificate = meter.certificate.unwrap().issued;
    assert_eq!(code(w.registry.authenticate(&Presented::over_tls(&certificate.der))), "certificate.revoked");
    // The name is free again.
    w.registry.devices().provision(&full(&w, certificate.certificate.profile, "meter"), &w.call).unwrap();
}

#[test]
fn of_many_that_provision_one_name_at_once_one_wins() {
    let w = World::new();
    let profile = profile(&w);
    let before = census(&w);
    let won = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| w.registry.devices().provision(&full(&w, profile, "meter"), &w.call)))
            .collect();
        let results = tries.into_iter().map(|thread| thread.join().unwrap());
        results
            .filter(|result| result.as_ref().map_err(tegata::Error::code).map(drop) != Err("device.name_taken"))
            .count()
    });
    assert_eq!(won, 1);
    assert_eq!(census(&w), (before.0 + 1, before.1 + 1, before.2 + 1, before.3 + 1));
}

/// NEC-41: with its pre-shared key a device shows who it is and opens the channel over which its keys come.
#[test]
fn a_pre_shared_key_bootstraps_a_device_which_then_fetches_its_keys() {
    let w = World::new();
    let wish = Provision::new(NewDevice::named("meter")).with_psk(PskWish::tls());
    let meter = w.registry.devices().provision(&wish, &w.call).unwrap();
    let psk = meter.psk.unwrap();
    let (identity, secret) = (psk.psk.identity.as_str(), psk.octets().unwrap());
    let Principal::Device { device, .. } = w.registry.authenticate(&Presented::Psk { identity, secret }).unwrap()
    else {
        panic!("no device")
    };
    let key = w.registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap();
    let wrapped = w.registry.keys().deliver(key.id, device, &w.call).unwrap();
    let opened = tegata::unwrap_key(&wrapped, secret).unwrap();
    let kept = w.registry.keys().get(key.id, None, &w.call).unwrap();
    assert_eq!(opened.expose(), kept.value.expose());
}

//! A product credential bootstraps a device certificate, and nobody takes a device over (PAP-6..8, 11, 15; trap 5).

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{World, code, csr, former_key, key};
use tegata::model::{DeviceState, EnrollmentMode, EnrollmentPolicy, Entity, OtherKey, ProfileSpec};
use tegata::{
    Bulk, Call, Credential, DeviceFilter, Enroll, Enrollment, EventFilter, HandOut, NewDevice, Page, Presented,
    Principal, Proof, Release, RevocationReason, Timestamp, parse_certificate,
};

#[test]
fn a_unit_enrolls_with_its_product_credential_and_authenticates_with_its_own_certificate() {
    // PAP-6, PAP-7, PAP-10, PAP-15, NEC-44
    let world = World::new();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    assert_eq!(enrolled.enrollment, Enrollment::New);
    assert_eq!(enrolled.device.state, DeviceState::Valid);
    let presented =
        Presented::Certificate { certificate: &enrolled.issued.der, proof: Proof::TlsSession, device: None };
    match world.registry.authenticate(&presented).unwrap() {
        Principal::Device { device, product, credential, until } => {
            assert_eq!(device, enrolled.device.id);
            assert_eq!(product, Some(world.product.id));
            assert_eq!(credential, Credential::Certificate(enrolled.issued.certificate.id));
            assert_eq!(until, Some(enrolled.issued.certificate.not_after));
        }
        other => panic!("{other:?}"),
    }
    // The record and the certificate came together, with the event (PAP-15, NEC-38).
    let about = EventFilter { subject: Some(Entity::Device(enrolled.device.id)), ..EventFilter::default() };
    let events = world.registry.events().find(&about, &Page::of(10)).unwrap();
    assert_eq!(events.items[0].action, "device.enroll");
    assert_eq!(events.items[0].object, Some(Entity::Certificate(enrolled.issued.certificate.id)));
}

#[test]
fn the_product_credential_names_the_product_and_bootstraps_only() {
    // PAP-2, PAP-11, trap 6
    let world = World::new();
    let presented = Presented::Certificate { certificate: &world.credential, proof: Proof::TlsSession, device: None };
    match world.registry.authenticate(&presented).unwrap() {
        Principal::Product { product, .. } => assert_eq!(product, world.product.id),
        other => panic!("{other:?}"),
    }
    let subject = parse_certificate(&world.credential).unwrap().subject().to_string();
    assert_eq!(subject, format!("CN={}", world.product.id));
}

#[test]
fn the_device_id_comes_from_the_server_and_never_from_the_csr() {
    // Trap 5, trap 6, PAP-8
    let world = World::new();
    let (key, mut request) = world.request(None);
    request.csr = csr(&key, "i-am-the-administrator");
    let enrolled = world.enroll(&request).unwrap();
    let certificate = parse_certificate(&enrolled.issued.der).unwrap();
    assert_eq!(certificate.subject().to_string(), format!("CN={}", enrolled.device.id));
    assert_eq!(enrolled.device.subject.as_ref(), Some(certificate.subject()));
}

#[test]
fn the_same_unit_with_the_same_key_gets_its_certificate_back() {
    let world = World::with_policy(EnrollmentPolicy { quota: Some(1), ..EnrollmentPolicy::default() });
    let (key, first) = world.enrolled(Some("SN-1"));
    let again = world.enroll(&world.request_with(&key, Some("SN-1"))).unwrap();
    assert_eq!(again.enrollment, Enrollment::Known);
    assert_eq!(again.device.id, first.device.id);
    assert_eq!(again.issued.der, first.issued.der);
    assert_eq!(world.registry.products().enrolled(world.product.id).unwrap(), 1);
}

#[test]
fn the_same_unit_with_another_key_is_quarantined() {
    let world = World::new();
    let (_, first) = world.enrolled(Some("SN-1"));
    let (_, impostor) = world.request(Some("SN-1"));
    assert_eq!(code(world.enroll(&impostor)), "device.quarantined");
    assert_eq!(code(world.enroll(&impostor)), "device.quarantined");
    // The device itself is shut out too, until somebody looked.
    let presented = Presented::Certificate { certificate: &first.issued.der, proof: Proof::TlsSession, device: None };
    assert_eq!(code(world.registry.authenticate(&presented)), "device.quarantined");
    assert_eq!(code(world.registry.devices().enable(first.device.id, &world.call)), "device.quarantined");
    world.registry.devices().release_quarantine(first.device.id, Release::KeepKeys, &world.call).unwrap();
    assert!(world.registry.authenticate(&presented).is_ok());
}

#[test]
fn where_the_policy_says_so_another_key_is_refused_and_noted_and_shuts_nobody_out() {
    let world = World::with_policy(EnrollmentPolicy { other_key: OtherKey::Refuse, ..EnrollmentPolicy::default() });
    let (_, first) = world.enrolled(Some("SN-1"));
    let (_, impostor) = world.request(Some("SN-1"));
    assert_eq!(code(world.enroll(&impostor)), "device.other_key");
    assert!(world.registry.authenticate(&Presented::over_tls(&first.issued.der)).is_ok());
    let about = EventFilter { subject: Some(Entity::Device(first.device.id)), ..EventFilter::default() };
    let events = world.registry.events().find(&about, &Page::of(10)).unwrap();
    assert_eq!(events.items.last().unwrap().action, "device.other_key");
}

#[test]
fn a_unit_released_for_new_keys_enrolls_again_as_the_same_device() {
    let world = World::new();
    let (old_key, first) = world.enrolled(Some("SN-1"));
    let (_, repaired) = world.request(Some("SN-1"));
    assert_eq!(code(world.enroll(&repaired)), "device.quarantined");
    world.registry.devices().release_quarantine(first.device.id, Release::NewKeys, &world.call).unwrap();
    let second = world.enroll(&repaired).unwrap();
    assert_eq!(second.enrollment, Enrollment::Admitted);
    assert_eq!(second.device.id, first.device.id);
    assert_eq!(second.device.subject, first.device.subject);
    assert_eq!(second.device.state, DeviceState::Valid);
    // The old key is worth nothing any more.
    let presented = Presented::Certificate { certificate: &first.issued.der, proof: Proof::TlsSession, device: None };
    assert_eq!(code(world.registry.authenticate(&presented)), "certificate.revoked");
    assert_eq!(code(world.enroll(&world.request_with(&old_key, Some("SN-1")))), "device.quarantined");
}

#[test]
fn a_unit_that_proves_its_former_key_gets_a_certificate_for_the_new_one() {
    let world = World::new();
    let (old, first) = world.enrolled(Some("SN-1"));
    let (_, mut request) = world.request(Some("SN-1"));
    request.former_key_signature = Some(former_key(&key(), &request.csr));
    assert_eq!(code(world.enroll(&request)), "device.old_key_proof_invalid");
    assert_eq!(world.registry.devices().get(first.device.id).unwrap().state, DeviceState::Valid);
    request.former_key_signature = Some(former_key(&old, &request.csr));
    let second = world.enroll(&request).unwrap();
    assert_eq!(second.enrollment, Enrollment::Rekeyed);
    assert_eq!(second.device.id, first.device.id);
    assert_eq!(second.issued.certificate.key_number, 2);
    assert_eq!(second.issued.certificate.renews, Some(first.issued.certificate.id));
}

#[test]
fn a_key_never_serves_two_units() {
    let world = World::new();
    let (key, _) = world.enrolled(Some("SN-1"));
    assert_eq!(code(world.enroll(&world.request_with(&key, Some("SN-2")))), "csr.key_bound");
}

#[test]
fn a_device_whose_certificates_are_gone_is_not_taken_over_by_a_new_key() {
    // Trap 5: expiry or deletion of what a unit had opens no door for another key.
    let world = World::new();
    let (_, first) = world.enrolled(Some("SN-1"));
    world.registry.certificates().delete(first.issued.certificate.id, &world.call).unwrap();
    let (_, other) = world.request(Some("SN-1"));
    assert_eq!(code(world.enroll(&other)), "device.quarantined");

    let (_, second) = world.enrolled(Some("SN-2"));
    world.clock.advance(400 * 86_400);
    let (_, other) = world.request(Some("SN-2"));
    assert_eq!(code(world.enroll(&other)), "device.quarantined");
    let device = world.registry.devices().get(second.device.id).unwrap();
    assert_eq!(device.state, DeviceState::Invalid);
}

#[test]
fn a_compromised_key_never_comes_back() {
    let world = World::new();
    let (key, first) = world.enrolled(Some("SN-1"));
    let reason = RevocationReason::KeyCompromise;
    world.registry.certificates().revoke(first.issued.certificate.id, reason, &world.call).unwrap();
    world.registry.devices().delete(first.device.id, &world.call).unwrap();
    assert_eq!(code(world.enroll(&world.request_with(&key, Some("SN-1")))), "csr.key_compromised");
}

#[test]
fn each_obstacle_has_its_own_reason() {
    let world = World::new();
    let products = world.registry.products();
    let (_, request) = world.request(Some("SN-1"));
    let with = |policy: EnrollmentPolicy| {
        products.set_enrollment_policy(world.product.id, &policy, &world.call).unwrap();
    };
    let now = Timestamp::from_unix(common::START);

    with(EnrollmentPolicy { opens: Some(now.plus(10)), ..EnrollmentPolicy::default() });
    assert_eq!(code(world.enroll(&request)), "product.window_not_open");
    with(EnrollmentPolicy { closes: Some(now), ..EnrollmentPolicy::default() });
    assert_eq!(code(world.enroll(&request)), "product.window_closed");
    with(EnrollmentPolicy { unit_required: true, ..EnrollmentPolicy::default() });
    assert_eq!(code(world.enroll(&Enroll { unit: None, ..request.clone() })), "product.unit_required");

    with(EnrollmentPolicy { mode: EnrollmentMode::AllowList, ..EnrollmentPolicy::default() });
    assert_eq!(code(world.enroll(&request)), "product.unit_not_listed");

    with(EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() });
    assert_eq!(code(world.enroll(&request)), "product.claim_code_required");
    let wrong = Enroll { claim_code: Some("AAAA-BBBB".to_owned()), ..request.clone() };
    assert_eq!(code(world.enroll(&wrong)), "product.claim_code_unknown");

    with(EnrollmentPolicy { quota: Some(1), ..EnrollmentPolicy::default() });
    world.enroll(&request).unwrap();
    let (_, next) = world.request(Some("SN-2"));
    assert_eq!(code(world.enroll(&next)), "product.quota_exhausted");

    products.suspend(world.product.id, &world.call).unwrap();
    assert_eq!(code(world.enroll(&next)), "product.suspended");
    products.resume(world.product.id, &world.call).unwrap();
    products.discontinue(world.product.id, &world.call).unwrap();
    assert_eq!(code(world.enroll(&next)), "product.discontinued");
}

#[test]
fn an_expired_or_revoked_product_credential_enrolls_nobody_and_harms_nobody() {
    // Trap 5: revoking a product credential leaves issued device certificates alone.
    let world = World::new();
    let (_, device) = world.enrolled(Some("SN-1"));
    let (_, request) = world.request(Some("SN-2"));
    let products = world.registry.products();
    let credential = products.credentials(world.product.id).unwrap().remove(0);

    let next = products.renew_credential(world.product.id, None, HandOut::Now, &world.call).unwrap();
    assert_eq!(next.issued.certificate.key_number, 2);
    products.revoke_credential(credential.id, RevocationReason::KeyCompromise, &world.call).unwrap();
    assert_eq!(code(world.enroll(&request)), "product.credential_revoked");
    let presented = Presented::Certificate { certificate: &device.issued.der, proof: Proof::TlsSession, device: None };
    assert!(world.registry.authenticate(&presented).is_ok());

    let with_next = Enroll { credential: next.issued.der.clone(), ..request.clone() };
    world.enroll(&with_next).unwrap();
    let (_, third) = world.request(Some("SN-3"));
    world.clock.set(next.issued.certificate.not_after.plus(1));
    assert_eq!(code(world.enroll(&Enroll { credential: next.issued.der, ..third })), "authority.expired");
}

#[test]
fn a_credential_of_another_registry_or_a_device_certificate_is_no_product_credential() {
    let (world, other) = (World::new(), World::new());
    let (_, request) = world.request(None);
    let foreign = Enroll { credential: other.credential.clone(), ..request.clone() };
    assert_eq!(code(world.enroll(&foreign)), "product.credential_unknown");
    let (_, device) = world.enrolled(None);
    let wrong_kind = Enroll { credential: device.issued.der, ..request };
    assert_eq!(code(world.enroll(&wrong_kind)), "product.credential_unknown");
}

#[test]
fn a_listed_unit_enrolls_once_and_a_claim_code_serves_once() {
    let world = World::with_policy(EnrollmentPolicy { mode: EnrollmentMode::AllowList, ..EnrollmentPolicy::default() });
    let products = world.registry.products();
    let units = ["SN-1".to_owned(), "SN-1".to_owned()];
    let listed = products.add_units(world.product.id, &units, &Bulk::each(), &world.call).unwrap();
    assert!(listed[0].is_ok());
    assert_eq!(listed[1].as_ref().unwrap_err().code(), "product.unit_listed");
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    assert_eq!(enrolled.device.unit.as_deref(), Some("SN-1"));

    let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
    products.set_enrollment_policy(world.product.id, &policy, &world.call).unwrap();
    let codes = products.issue_claim_codes(world.product.id, 2, None, &world.call).unwrap();
    let claim = codes[0].expose().to_lowercase().replace('-', " ");
    let (_, mut request) = world.request(Some("SN-2"));
    request.claim_code = Some(claim.clone());
    world.enroll(&request).unwrap();
    let (_, mut second) = world.request(Some("SN-3"));
    second.claim_code = Some(claim);
    assert_eq!(code(world.enroll(&second)), "product.claim_code_used");
}

#[test]
fn a_registered_or_discovered_device_gets_its_first_certificate_under_its_own_record() {
    let world = World::new();
    let new = NewDevice { product: Some(world.product.id), unit: Some("SN-1".to_owned()), ..NewDevice::named("lobby") };
    let known = world.registry.devices().discover(&new, &world.call).unwrap();
    assert_eq!(known.state, DeviceState::Discovered);
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    assert_eq!(enrolled.enrollment, Enrollment::Admitted);
    assert_eq!(enrolled.device.id, known.id);
    assert_eq!(enrolled.device.name, "lobby");
    assert_eq!(enrolled.device.state, DeviceState::Valid);
}

#[test]
fn a_bad_request_changes_nothing() {
    let world = World::new();
    let (_, good) = world.request(None);
    let before = world.registry.counts().unwrap();
    let mut broken = good.clone();
    let last = broken.csr.len() - 1;
    broken.csr[last] ^= 1;
    assert_eq!(code(world.enroll(&broken)), "csr.signature_invalid");
    assert_eq!(code(world.enroll(&Enroll { csr: b"nonsense".to_vec(), ..good.clone() })), "csr.malformed");
    assert_eq!(code(world.enroll(&Enroll { credential: vec![], ..good })), "certificate.malformed");
    assert_eq!(world.registry.counts().unwrap(), before);
}

#[test]
fn a_repeated_request_id_returns_the_first_result() {
    // Trap 14
    let world = World::new();
    let call = Call::by("gateway").with_request_id("enroll-1");
    let (_, request) = world.request(None);
    let first = world.registry.devices().enroll(&request, &call).unwrap();
    let again = world.registry.devices().enroll(&request, &call).unwrap();
    assert_eq!(again.issued.der, first.issued.der);
    let (_, other) = world.request(None);
    assert_eq!(code(world.registry.devices().enroll(&other, &call)), "input.request_id_reused");
    assert_eq!(world.registry.devices().count(&DeviceFilter::default()).unwrap(), 1);
}

#[test]
fn many_units_enroll_in_one_call_each_on_its_own_or_not_at_all() {
    let world = World::with_policy(EnrollmentPolicy { quota: Some(40), ..EnrollmentPolicy::default() });
    let mut requests: Vec<Enroll> = (0..40).map(|n| world.request(Some(&format!("SN-{n}"))).1).collect();
    requests[7].csr = b"nonsense".to_vec();
    let devices = world.registry.devices();

    let nothing = devices.enroll_many(&requests, &Bulk::all(), &world.call).unwrap();
    assert_eq!(nothing[7].as_ref().unwrap_err().code(), "csr.malformed");
    assert_eq!(nothing[8].as_ref().unwrap_err().code(), "input.batch_refused");
    assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 0);

    let most = devices.enroll_many(&requests, &Bulk::each(), &world.call).unwrap();
    assert_eq!(most.iter().filter(|result| result.is_ok()).count(), 39);
    assert_eq!(devices.count(&DeviceFilter::default()).unwrap(), 39);

    // One place is left in the quota for three more: exactly one gets it.
    let more: Vec<Enroll> = (0..3).map(|n| world.request(Some(&format!("SN-9{n}"))).1).collect();
    let rest = devices.enroll_many(&more, &Bulk::each(), &world.call).unwrap();
    assert_eq!(rest.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(rest[2].as_ref().unwrap_err().code(), "product.quota_exhausted");
}

#[test]
fn the_subject_follows_the_profile_and_is_one_devices_only() {
    // Trap 13, PAP-8
    let mut profile = ProfileSpec::device();
    profile.subject =
        tegata::model::SubjectPolicy::FromCsr { allow: vec!["CN".to_owned()], require: vec!["CN".to_owned()] };
    let world = World::with_profile(profile);
    let (key_1, mut request) = world.request(Some("SN-1"));
    request.csr = csr(&key_1, "front-door");
    let first = world.enroll(&request).unwrap();
    assert_eq!(first.device.subject.unwrap().to_string(), "CN=front-door");
    let (key_2, mut request) = world.request(Some("SN-2"));
    request.csr = csr(&key_2, "front-door");
    assert_eq!(code(world.enroll(&request)), "csr.subject_bound");
}

#[test]
fn threads_share_a_quota_exactly() {
    let world = World::with_policy(EnrollmentPolicy { quota: Some(10), ..EnrollmentPolicy::default() });
    let requests: Vec<Enroll> = (0..32).map(|_| world.request(None).1).collect();
    let enrolled: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = requests
            .chunks(8)
            .map(|chunk| scope.spawn(|| chunk.iter().filter(|request| world.enroll(request).is_ok()).count()))
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(enrolled, 10);
    assert_eq!(world.registry.devices().count(&DeviceFilter::default()).unwrap(), 10);
}

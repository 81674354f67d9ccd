//! What becomes of a device's certificates when it is shut out, let in or deleted (NEC-17, NEC-18, NEC-20, NEC-28, NEC-45, traps 2, 11, 15).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, code, csr, key};
use tegata::model::{CertificateState, DeviceState, ProfileSpec, Standing, SuspendMode};
use tegata::{
    Certificate, CertificateId, Clock, Crl, CrlOptions, DeviceId, Issue, NewDevice, Presented, Principal, Proof, Renew,
    RevocationReason,
};

fn on_hold() -> World {
    World::with_profile(ProfileSpec { suspend: SuspendMode::CrlHold, ..ProfileSpec::device() })
}

fn authenticate(world: &World, certificate: CertificateId, device: DeviceId) -> tegata::Result<Principal> {
    let der = world.registry.certificates().der(certificate).unwrap();
    let proof = Proof::TlsSession;
    world.registry.authenticate(&Presented::Certificate { certificate: &der, proof, device: Some(device) })
}

/// What the CRL says of a certificate.
fn listed(world: &World, certificate: CertificateId) -> Option<RevocationReason> {
    let authority = world.registry.certificates().get(certificate).unwrap().authority;
    let crl = world.registry.authorities().crl(authority, &CrlOptions::default(), &world.call).unwrap();
    let serial = world.registry.certificates().get(certificate).unwrap().serial;
    Crl::from_bytes(&crl.der).unwrap().get(&serial).unwrap().map(|entry| entry.reason)
}

fn issue(world: &World, device: DeviceId) -> CertificateId {
    let profile = world.registry.profiles().newest("device").unwrap().id;
    let issue = Issue::new(csr(&key(), "x"), profile, world.issuing.id).for_device(device);
    world.registry.certificates().issue(&issue, &world.call).unwrap().certificate.id
}

#[test]
fn a_device_has_all_the_certificates_that_are_attached_to_it() {
    // NEC-28
    let world = World::new();
    let devices = world.registry.devices();
    let (_, enrolled) = world.enrolled(None);
    let id = enrolled.device.id;
    let second = issue(&world, id);
    let other = devices.register(&NewDevice::named("other"), &world.call).unwrap();
    let shared = issue(&world, other.id);
    world.registry.certificates().attach(shared, id, &world.call).unwrap();
    let ids = |device| devices.credentials(device).unwrap().certificates.iter().map(|c| c.id).collect::<Vec<_>>();
    assert_eq!(ids(id), [enrolled.issued.certificate.id, second, shared]);
    assert_eq!(ids(other.id), [shared]);
    let numbers: Vec<_> = devices.credentials(id).unwrap().certificates.iter().map(|c| c.key_number).collect();
    assert_eq!(numbers[..2], [1, 2]);
    // Every subject of one device is the same (PAP-8, trap 7).
    let subject =
        |id| Certificate::from_der(&world.registry.certificates().der(id).unwrap()).unwrap().subject().clone();
    assert_eq!(subject(second), subject(enrolled.issued.certificate.id));
    let stranger = World::new().registry.devices().register(&NewDevice::default(), &world.call).unwrap().id;
    assert_eq!(code(devices.credentials(stranger)), "input.unknown_id");
}

#[test]
fn a_disabled_device_is_shut_out_at_once_and_renews_nothing() {
    // NEC-17, NEC-45, trap 15
    let world = World::new();
    let devices = world.registry.devices();
    let (_, enrolled) = world.enrolled(None);
    let (id, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
    authenticate(&world, certificate, id).unwrap();
    devices.disable(id, &world.call).unwrap();
    assert_eq!(code(authenticate(&world, certificate, id)), "device.disabled");
    let renewal = world.registry.certificates().renew(&Renew::same_key(certificate), &world.call);
    assert_eq!(code(renewal), "device.disabled");
    let with_csr = Renew::with_csr(certificate, csr(&key(), "x"));
    assert_eq!(code(world.registry.certificates().renew(&with_csr, &world.call)), "device.disabled");
    let profile = world.registry.profiles().newest("device").unwrap().id;
    let another = Issue::new(csr(&key(), "x"), profile, world.issuing.id).for_device(id);
    assert_eq!(code(world.registry.certificates().issue(&another, &world.call)), "device.disabled");
    // By default CRLs say nothing of it (trap 2).
    assert_eq!(listed(&world, certificate), None);
    devices.enable(id, &world.call).unwrap();
    authenticate(&world, certificate, id).unwrap();
    world.registry.certificates().renew(&Renew::same_key(certificate), &world.call).unwrap();
}

#[test]
fn enabling_lifts_only_the_holds_that_disabling_set() {
    // NEC-18, trap 2
    let world = on_hold();
    let (devices, certificates) = (world.registry.devices(), world.registry.certificates());
    let (_, enrolled) = world.enrolled(None);
    let id = enrolled.device.id;
    let free = enrolled.issued.certificate.id;
    let (by_operator, revoked, meanwhile) = (issue(&world, id), issue(&world, id), issue(&world, id));
    certificates.suspend(by_operator, &world.call).unwrap();
    certificates.revoke(revoked, RevocationReason::PrivilegeWithdrawn, &world.call).unwrap();

    devices.disable(id, &world.call).unwrap();
    let hold = Some(RevocationReason::CertificateHold);
    for certificate in [free, by_operator, meanwhile] {
        assert_eq!(listed(&world, certificate), hold);
    }
    assert_eq!(certificates.get(free).unwrap().state, CertificateState::Suspended);
    // While it is disabled, an operator puts one on hold as well, and the others revoke one.
    certificates.suspend(meanwhile, &world.call).unwrap();

    devices.enable(id, &world.call).unwrap();
    assert_eq!(listed(&world, free), None);
    authenticate(&world, free, id).unwrap();
    assert_eq!((listed(&world, by_operator), listed(&world, meanwhile)), (hold, hold));
    assert_eq!(listed(&world, revoked), Some(RevocationReason::PrivilegeWithdrawn));
    assert_eq!(code(authenticate(&world, by_operator, id)), "certificate.suspended");
    assert_eq!(code(authenticate(&world, revoked, id)), "certificate.revoked");

    // Disabled and enabled again and again, it ends where it was.
    for _ in 0..3 {
        devices.disable(id, &world.call).unwrap();
        assert_eq!(listed(&world, free), hold);
        devices.enable(id, &world.call).unwrap();
        assert_eq!(listed(&world, free), None);
    }
    // What was revoked while the device was disabled stays so.
    devices.disable(id, &world.call).unwrap();
    certificates.revoke(free, RevocationReason::KeyCompromise, &world.call).unwrap();
    devices.enable(id, &world.call).unwrap();
    assert_eq!(listed(&world, free), Some(RevocationReason::KeyCompromise));
}

#[test]
fn a_certificate_that_others_hold_too_is_not_put_on_hold() {
    // Trap 11
    let world = on_hold();
    let devices = world.registry.devices();
    let (_, enrolled) = world.enrolled(None);
    let shared = enrolled.issued.certificate.id;
    let other = devices.register(&NewDevice::named("other"), &world.call).unwrap().id;
    world.registry.certificates().attach(shared, other, &world.call).unwrap();
    devices.disable(enrolled.device.id, &world.call).unwrap();
    assert_eq!(listed(&world, shared), None);
    assert_eq!(code(authenticate(&world, shared, enrolled.device.id)), "device.disabled");
    authenticate(&world, shared, other).unwrap();
}

#[test]
fn deleting_revokes_what_the_device_alone_holds_and_nothing_else() {
    // NEC-20, trap 11
    let world = World::new();
    let (devices, certificates) = (world.registry.devices(), world.registry.certificates());
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let id = enrolled.device.id;
    let (own, shared, held, revoked) =
        (enrolled.issued.certificate.id, issue(&world, id), issue(&world, id), issue(&world, id));
    let other = devices.register(&NewDevice::named("other"), &world.call).unwrap().id;
    certificates.attach(shared, other, &world.call).unwrap();
    certificates.suspend(held, &world.call).unwrap();
    certificates.revoke(revoked, RevocationReason::KeyCompromise, &world.call).unwrap();
    let others = issue(&world, other);

    assert_eq!(devices.delete(id, &world.call).unwrap().state, DeviceState::Deleted);
    let end = Some(RevocationReason::CessationOfOperation);
    assert_eq!((listed(&world, own), listed(&world, held)), (end, end));
    assert_eq!(listed(&world, revoked), Some(RevocationReason::KeyCompromise));
    assert_eq!((listed(&world, shared), listed(&world, others)), (None, None));
    assert_eq!(certificates.get(own).unwrap().revoked, Some(world.clock.now()));
    authenticate(&world, shared, other).unwrap();
    assert_eq!(certificates.get(shared).unwrap().holders, 1);
    assert_eq!(code(authenticate(&world, shared, id)), "device.mismatch");
    assert_eq!(code(authenticate(&world, own, id)), "certificate.revoked");
    assert!(devices.credentials(id).unwrap().certificates.is_empty());
    // The last holder takes it along.
    devices.delete(other, &world.call).unwrap();
    assert_eq!((listed(&world, shared), listed(&world, others)), (end, end));
}

#[test]
fn the_unit_of_a_deleted_device_can_enroll_as_a_new_one() {
    // NEC-30, NEC-31
    let world = World::new();
    let devices = world.registry.devices();
    let (key, first) = world.enrolled(Some("SN-1"));
    devices.delete(first.device.id, &world.call).unwrap();
    // With its old key, too: that was freed with the device.
    let second = world.enroll(&world.request_with(&key, Some("SN-1"))).unwrap();
    assert_ne!(second.device.id, first.device.id);
    assert_ne!(second.device.subject, first.device.subject);
    assert_eq!(code(authenticate(&world, first.issued.certificate.id, second.device.id)), "certificate.revoked");
    authenticate(&world, second.issued.certificate.id, second.device.id).unwrap();
}

#[test]
fn expiry_ends_a_suspension_and_deleting_takes_the_expired_along() {
    let world = on_hold();
    let (devices, certificates) = (world.registry.devices(), world.registry.certificates());
    let (_, enrolled) = world.enrolled(None);
    let (id, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
    devices.disable(id, &world.call).unwrap();
    world.clock.advance(400 * 86_400);
    assert_eq!(certificates.get(certificate).unwrap().standing(world.clock.now()), Standing::Expired);
    devices.enable(id, &world.call).unwrap();
    assert_eq!(code(authenticate(&world, certificate, id)), "certificate.expired");
    devices.delete(id, &world.call).unwrap();
    assert_eq!(certificates.get(certificate).unwrap().state, CertificateState::Revoked);
}

#[test]
fn no_attachment_outlives_a_device_that_is_deleted_while_it_is_made() {
    let w = World::new();
    let (_, first) = w.enrolled(None);
    let certificate = first.issued.certificate.id;
    for round in 0..200 {
        let second = w.registry.devices().register(&NewDevice::named(format!("second {round}")), &w.call).unwrap().id;
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                let _ = w.registry.certificates().attach(certificate, second, &w.call);
            });
            start.wait();
            w.registry.devices().delete(second, &w.call).unwrap();
        });
        assert!(w.registry.devices().credentials(second).unwrap().certificates.is_empty(), "in round {round}");
    }
    assert_eq!(w.registry.certificates().get(certificate).unwrap().holders, 1);
}

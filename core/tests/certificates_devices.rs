//! Certificates of devices: subject, key numbers, attachments, and what the device's state means to them.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use std::sync::Barrier;
use std::thread;

use registry_fixture::{Fixture, call, csr, csr_with, key};
use tegata::model::{
    CertificateKind, CertificateState, Device, Entity, ProfileSpec, Standing, SubjectPolicy, SuspendMode,
};
use tegata::{
    Bulk, Certificate, CertificateCount, CertificateFilter, CertificateGrouping, DeviceId, EventFilter, Issue, Issued,
    NewDevice, Page, Renew, RevocationReason,
};

fn device(f: &Fixture, name: &str) -> Device {
    f.registry.devices().register(&NewDevice::named(name), &call()).unwrap()
}

fn issue_to(f: &Fixture, device: DeviceId) -> Issued {
    let issue = Issue::new(csr("whatever"), f.server, f.root.id).for_device(device);
    f.registry.certificates().issue(&issue, &call()).unwrap()
}

fn of(device: DeviceId) -> CertificateFilter {
    CertificateFilter { device: Some(device), ..CertificateFilter::default() }
}

/// NEC-5, PAP-8, NEC-38: the certificate carries the device's name, is attached to it, and the event names both.
#[test]
fn a_device_gets_a_certificate_with_its_name_attached_to_it() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1");
    let issued = issue_to(&f, cam.id);
    assert_eq!(issued.certificate.kind, CertificateKind::Device);
    assert_eq!((issued.certificate.device, issued.certificate.holders), (Some(cam.id), 1));
    let subject = Certificate::from_der(&issued.der).unwrap().subject().clone();
    assert_eq!(subject.to_string(), "CN=cam-1");
    assert_eq!(f.registry.devices().get(cam.id).unwrap().subject, Some(subject));
    let attached = f.registry.certificates().attachments(issued.certificate.id, &Page::default()).unwrap();
    assert_eq!((attached.total, attached.items[0].device, attached.items[0].since), (Some(1), cam.id, f.now()));
    let about = EventFilter { object: Some(Entity::Certificate(issued.certificate.id)), ..EventFilter::default() };
    let events = f.registry.events().find(&about, &Page::of(10)).unwrap().items;
    assert_eq!(events[0].subject, Some(Entity::Device(cam.id)));
}

/// Trap 7: the subject names the device for good, also after it was renamed.
#[test]
fn all_certificates_of_a_device_have_the_same_subject() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1");
    issue_to(&f, cam.id);
    let change = tegata::DeviceChange { name: Some("gate-1".to_owned()), ..tegata::DeviceChange::default() };
    f.registry.devices().update(cam.id, &change, &call()).unwrap();
    let second = issue_to(&f, cam.id);
    assert_eq!(Certificate::from_der(&second.der).unwrap().subject().to_string(), "CN=cam-1");
    let renewed = f.registry.certificates().renew(&Renew::same_key(second.certificate.id), &call()).unwrap();
    assert_eq!(Certificate::from_der(&renewed.der).unwrap().subject().to_string(), "CN=cam-1");

    let subject = SubjectPolicy::FromCsr { allow: vec!["CN".to_owned()], require: vec![] };
    let profile = f.profile("csr", &ProfileSpec { subject, ..ProfileSpec::device() });
    let other = Issue::new(csr("other"), profile, f.root.id).for_device(cam.id);
    assert_eq!(f.registry.certificates().issue(&other, &call()).unwrap_err().code(), "csr.subject_refused");
    let same = Issue::new(csr("cam-1"), profile, f.root.id).for_device(cam.id);
    f.registry.certificates().issue(&same, &call()).unwrap();
}

/// NEC-53: key numbers.
#[test]
fn each_new_key_of_a_device_gets_the_next_number_and_a_known_one_keeps_its_own() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1");
    let first = key();
    let with = |key| Issue::new(csr_with(key, "CN=x"), f.server, f.root.id).for_device(cam.id);
    let number = |issue: Issue| f.registry.certificates().issue(&issue, &call()).unwrap().certificate.key_number;
    assert_eq!(number(with(&first)), 1);
    let second = key();
    assert_eq!(number(with(&second)), 2);
    assert_eq!(number(with(&first)), 1);
    assert_eq!(number(with(&second)), 2);
    assert_eq!(number(with(&key())), 3);
}

/// NEC-53, in parallel: two keys never get one number.
#[test]
fn concurrent_issues_give_every_key_a_number_of_its_own() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1").id;
    let mut numbers: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..4).map(|_| issue_to(&f, cam).certificate.key_number).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}

/// A key belongs to one device.
#[test]
fn a_key_of_one_device_is_not_certified_for_another() {
    let f = Fixture::new();
    let (a, b) = (device(&f, "a").id, device(&f, "b").id);
    let csr = csr("x");
    f.registry.certificates().issue(&Issue::new(csr.clone(), f.server, f.root.id).for_device(a), &call()).unwrap();
    let other = f.registry.certificates().issue(&Issue::new(csr.clone(), f.server, f.root.id).for_device(b), &call());
    assert_eq!(other.unwrap_err().code(), "csr.key_bound");
    let other = f.registry.certificates().issue(&Issue::new(csr, f.server, f.root.id).named("nobody"), &call());
    assert_eq!(other.unwrap_err().code(), "csr.key_bound");
}

/// Trap 15: a disabled device's renewal is refused; so is everything else for it.
#[test]
fn a_disabled_device_gets_nothing() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1").id;
    let certificates = f.registry.certificates();
    let issued = issue_to(&f, cam).certificate.id;
    let issue = Issue::new(csr("x"), f.server, f.root.id).for_device(cam);
    let pending = certificates.request(&issue, &call()).unwrap().id;
    f.registry.devices().disable(cam, &call()).unwrap();
    assert_eq!(certificates.renew(&Renew::same_key(issued), &call()).unwrap_err().code(), "device.disabled");
    assert_eq!(certificates.issue(&issue, &call()).unwrap_err().code(), "device.disabled");
    assert_eq!(certificates.request(&issue, &call()).unwrap_err().code(), "device.disabled");
    assert_eq!(certificates.approve(pending, &call()).unwrap_err().code(), "device.disabled");
    f.registry.devices().enable(cam, &call()).unwrap();
    certificates.renew(&Renew::same_key(issued), &call()).unwrap();
    certificates.approve(pending, &call()).unwrap();
}

/// Trap 2: enabling a device lifts only the holds that its disabling set, and resuming lifts none of those.
#[test]
fn only_the_devices_enabling_lifts_the_hold_of_its_disabling() {
    let f = Fixture::new();
    let profile = f.profile("hold", &ProfileSpec { suspend: SuspendMode::CrlHold, ..f.spec() });
    let cam = device(&f, "cam-1").id;
    let certificates = f.registry.certificates();
    let issue = || {
        let issue = Issue::new(csr("x"), profile, f.root.id).for_device(cam);
        certificates.issue(&issue, &call()).unwrap().certificate.id
    };
    let (by_device, by_operator) = (issue(), issue());
    certificates.suspend(by_operator, &call()).unwrap();
    f.registry.devices().disable(cam, &call()).unwrap();
    assert_eq!(f.crl().len(), 2);
    assert_eq!(certificates.resume(by_device, &call()).unwrap_err().code(), "device.disabled");
    f.registry.devices().enable(cam, &call()).unwrap();
    assert_eq!(certificates.get(by_device).unwrap().standing(f.now()), Standing::Active);
    assert_eq!(certificates.get(by_operator).unwrap().standing(f.now()), Standing::Suspended);
    assert_eq!(f.crl().len(), 1);
}

/// NAV-9, NAV-10, trap 11: many certificates to many devices, each attachment dated.
#[test]
fn certificates_are_attached_to_and_detached_from_devices() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let (a, b) = (device(&f, "a").id, device(&f, "b").id);
    let shared = f.issue("shared").certificate.id;
    certificates.attach(shared, a, &call()).unwrap();
    f.clock.advance(60);
    let second = certificates.attach(shared, b, &call()).unwrap();
    assert_eq!(second.since, f.now());
    assert_eq!(certificates.attach(shared, b, &call()).unwrap_err().code(), "certificate.already_attached");
    assert_eq!(certificates.get(shared).unwrap().holders, 2);
    let own = issue_to(&f, a).certificate.id;
    assert_eq!(f.count(&of(a)), 2);

    // Deleting one device leaves the certificate to the other.
    f.registry.devices().delete(a, &call()).unwrap();
    assert_eq!(certificates.get(shared).unwrap().standing(f.now()), Standing::Active);
    assert_eq!(certificates.get(own).unwrap().standing(f.now()), Standing::Revoked);
    assert_eq!(certificates.attach(shared, a, &call()).unwrap_err().code(), "device.deleted");

    certificates.detach(shared, b, &call()).unwrap();
    assert_eq!(certificates.detach(shared, b, &call()).unwrap_err().code(), "certificate.not_attached");
    assert_eq!(certificates.get(shared).unwrap().holders, 0);
    assert_eq!(certificates.get(shared).unwrap().standing(f.now()), Standing::Active);
    certificates.revoke(shared, RevocationReason::Unspecified, &call()).unwrap();
    assert_eq!(certificates.attach(shared, b, &call()).unwrap_err().code(), "certificate.revoked");
}

#[test]
fn concurrent_attachments_of_one_pair_happen_once() {
    let f = Fixture::new();
    let a = device(&f, "a").id;
    let start = Barrier::new(4);
    for round in 0..100 {
        let shared = f.issue(&format!("shared-{round}")).certificate.id;
        let done: usize = thread::scope(|scope| {
            let attach = || {
                start.wait();
                usize::from(f.registry.certificates().attach(shared, a, &call()).is_ok())
            };
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(attach)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!((done, f.registry.certificates().get(shared).unwrap().holders), (1, 1));
    }
}

/// NAV-9: a renewal goes to everybody who has the old one.
#[test]
fn a_renewal_is_attached_to_all_holders_of_the_old_certificate() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let devices = ["a", "b", "c"].map(|name| device(&f, name).id);
    let shared = f.issue("shared").certificate.id;
    for device in devices {
        certificates.attach(shared, device, &call()).unwrap();
    }
    let new = certificates.renew(&Renew::same_key(shared), &call()).unwrap().certificate;
    assert_eq!(new.holders, 3);
    let attached = certificates.attachments(new.id, &Page::default()).unwrap();
    assert_eq!(attached.items.iter().map(|a| a.device).collect::<Vec<_>>(), devices);
    // While one holder is valid, the others' state does not stop it.
    f.registry.devices().disable(devices[0], &call()).unwrap();
    certificates.renew(&Renew::same_key(new.id), &call()).unwrap();
    for device in &devices[1..] {
        f.registry.devices().disable(*device, &call()).unwrap();
    }
    let refused = certificates.renew(&Renew::with_csr(new.id, csr("x")), &call());
    assert_eq!(refused.unwrap_err().code(), "device.disabled");
}

/// NAV-8, NEC-28, NEC-33: by the attached device's exact name, in pages, with a right total.
#[test]
fn certificates_are_found_by_their_device_page_by_page() {
    let f = Fixture::new();
    let (a, b) = (device(&f, "cam-a").id, device(&f, "cam-b").id);
    let mut ids: Vec<_> = (0..5).map(|_| issue_to(&f, a).certificate.id).collect();
    let shared = issue_to(&f, b).certificate.id;
    f.registry.certificates().attach(shared, a, &call()).unwrap();
    ids.push(shared);
    f.registry.certificates().suspend(ids[1], &call()).unwrap();

    let by_name = CertificateFilter { device_name: Some("cam-a".to_owned()), ..CertificateFilter::default() };
    let mut page = Page::of(4);
    let mut found = Vec::new();
    loop {
        let listing = f.registry.certificates().find(&by_name, &page).unwrap();
        assert_eq!(listing.total, Some(6));
        found.extend(listing.items.iter().map(|c| c.id));
        match listing.next {
            Some(next) => page = Page::of(4).after(next),
            None => break,
        }
    }
    assert_eq!(found, ids);
    let newest = CertificateFilter { newest_first: true, ..of(a) };
    let listing = f.registry.certificates().find(&newest, &Page::of(2)).unwrap();
    assert_eq!(listing.items.iter().map(|c| c.id).collect::<Vec<_>>(), [shared, ids[4]]);

    let count = |filter: &CertificateFilter| f.count(filter);
    assert_eq!(count(&CertificateFilter { device_name: Some("cam".to_owned()), ..CertificateFilter::default() }), 0);
    assert_eq!(count(&CertificateFilter { device: Some(b), ..by_name.clone() }), 0);
    assert_eq!(count(&CertificateFilter { state: Some(CertificateState::Suspended), ..by_name }), 1);
    let by_kind = f.registry.certificates().count(&of(a), CertificateGrouping::Kind).unwrap();
    assert_eq!(by_kind, [(CertificateCount::Kind(CertificateKind::Device), 6)]);
}

#[test]
fn deleting_a_certificate_takes_it_from_its_device() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1").id;
    let issued = issue_to(&f, cam).certificate.id;
    let deleted = f.registry.certificates().delete(issued, &call()).unwrap();
    assert_eq!(deleted.holders, 0);
    assert_eq!(f.registry.certificates().attachments(issued, &Page::default()).unwrap().total, Some(0));
}

/// NEC-34: certificates for many devices in one call, two of them for the same.
#[test]
fn many_devices_get_their_certificates_in_one_call() {
    let f = Fixture::new();
    let devices: Vec<_> = (0..20).map(|n| device(&f, &format!("cam-{n}")).id).collect();
    let mut issues: Vec<_> =
        devices.iter().map(|device| Issue::new(csr("x"), f.server, f.root.id).for_device(*device)).collect();
    issues.push(Issue::new(csr("x"), f.server, f.root.id).for_device(devices[0]));
    f.registry.devices().disable(devices[5], &call()).unwrap();
    let results = f.registry.certificates().issue_many(&issues, &Bulk::each(), &call()).unwrap();
    assert_eq!(results[5].as_ref().unwrap_err().code(), "device.disabled");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
    let numbers = [0, 20].map(|n: usize| results[n].as_ref().unwrap().certificate.key_number);
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn a_device_has_its_own_name() {
    let f = Fixture::new();
    let cam = device(&f, "cam-1").id;
    let issue = Issue::new(csr("x"), f.server, f.root.id).for_device(cam).named("other");
    assert_eq!(f.registry.certificates().issue(&issue, &call()).unwrap_err().code(), "input.invalid");
}

#[test]
fn a_hold_stays_while_a_device_that_has_the_certificate_is_disabled() {
    let fixture = Fixture::new();
    let spec = ProfileSpec { suspend: SuspendMode::CrlHold, ..fixture.spec() };
    let held = fixture.profile("held", &spec);
    let (devices, certificates) = (fixture.registry.devices(), fixture.registry.certificates());
    let register = |name| devices.register(&NewDevice::named(name), &call()).unwrap().id;
    let (first, second) = (register("first"), register("second"));
    let issue = Issue::new(csr("x"), held, fixture.root.id).for_device(first);
    let id = certificates.issue(&issue, &call()).unwrap().certificate.id;
    devices.disable(first, &call()).unwrap();
    certificates.attach(id, second, &call()).unwrap();

    // The other device's disabling set no hold, so its enabling lifts none.
    devices.disable(second, &call()).unwrap();
    devices.enable(second, &call()).unwrap();
    assert_eq!(certificates.get(id).unwrap().state, CertificateState::Suspended);
    assert_eq!(fixture.crl().len(), 1);
    assert_eq!(certificates.resume(id, &call()).unwrap_err().code(), "device.disabled");

    // When the first is gone, nothing keeps the second from using what it holds.
    devices.delete(first, &call()).unwrap();
    assert_eq!(certificates.get(id).unwrap().state, CertificateState::Active);
    assert!(fixture.crl().is_empty());
}

#[test]
fn a_certificate_that_is_not_valid_yet_goes_on_hold_with_its_device() {
    let fixture = Fixture::new();
    let not_before = Some(fixture.now().plus(86_400).to_string());
    let spec = ProfileSpec { suspend: SuspendMode::CrlHold, not_before, ..fixture.spec() };
    let later = fixture.profile("later", &spec);
    let device = fixture.registry.devices().register(&NewDevice::named("first"), &call()).unwrap().id;
    let issue = Issue::new(csr("x"), later, fixture.root.id).for_device(device);
    fixture.registry.certificates().issue(&issue, &call()).unwrap();
    fixture.registry.devices().disable(device, &call()).unwrap();
    assert_eq!(fixture.crl().len(), 1);
}

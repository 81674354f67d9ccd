//! Certificates for CSRs and for keys made here: issued, found, fetched again.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use registry_fixture::{Fixture, call, csr, csr_with, key};
use tegata::model::{CertificateState, KeyOrigin, ProfileSpec, SanPolicy, Standing, SubjectPolicy};
use tegata::{
    Bulk, Call, Certificate, CertificateCount, CertificateFilter, CertificateGrouping, Issue, IssueWithKey,
    KeyAlgorithm, Name, Page, PrivateKey, Rebuild, Signer, Text,
};

/// NEC-5, NEC-6, NEC-53, NAV-1: an issue result names certificate, chain, root, key number and serial.
#[test]
fn an_issued_certificate_comes_with_its_chain_root_serial_and_key_number() {
    let f = Fixture::new();
    let issuing = f.intermediate();
    let issued = f
        .registry
        .certificates()
        .issue(&Issue::new(csr("pump-7"), f.server, issuing.id).named("pump-7"), &call())
        .unwrap();
    let leaf = Certificate::from_der(&issued.der).unwrap();
    assert_eq!(leaf.subject().to_string(), "CN=pump-7");
    assert_eq!(leaf.serial_hex(), issued.serial());
    assert_eq!(issued.certificate.key_number, 1);
    assert_eq!(issued.certificate.key_origin, KeyOrigin::Requester);
    assert_eq!(issued.chain.as_ref(), [issuing.certificate.clone(), f.root.certificate.clone()]);
    assert_eq!(issued.root(), Some(f.root.certificate.as_slice()));
    let sent = Certificate::many_from_pem(issued.fullchain_pem().as_bytes()).unwrap();
    assert_eq!(sent.iter().map(Certificate::der).collect::<Vec<_>>(), [issued.der.as_slice(), &issuing.certificate]);
    leaf.verify_signed_by(&Certificate::from_der(&issuing.certificate).unwrap().public_key().unwrap()).unwrap();
}

/// NEC-6, NAV-4: fetched at any time, in PEM and DER, with its chain.
#[test]
fn a_certificate_can_be_fetched_again_by_id_and_by_serial() {
    let f = Fixture::new();
    let issued = f.issue("pump-7");
    let id = issued.certificate.id;
    let certificates = f.registry.certificates();
    assert_eq!(certificates.issued(id).unwrap(), issued);
    assert_eq!(certificates.der(id).unwrap(), issued.der);
    assert_eq!(Certificate::from_bytes(certificates.pem(id).unwrap().as_bytes()).unwrap().der(), issued.der);
    assert_eq!(certificates.chain(id).unwrap(), std::slice::from_ref(&f.root.certificate));
    assert_eq!(certificates.get(id).unwrap(), issued.certificate);
    assert_eq!(certificates.by_serial(f.root.id, &issued.certificate.serial).unwrap(), issued.certificate);
    let mut other = issued.certificate.serial.clone();
    other[15] ^= 1;
    assert_eq!(certificates.by_serial(f.root.id, &other).unwrap_err().code(), "certificate.unknown");
    assert_eq!(certificates.by_serial(f.root.id, b"\x01").unwrap_err().code(), "certificate.unknown");
    assert_eq!(
        certificates.by_serial(f.intermediate().id, &issued.certificate.serial).unwrap_err().code(),
        "certificate.unknown"
    );
}

/// NEC-5: the algorithm is selectable per profile.
#[test]
fn a_profile_chooses_the_key_algorithms() {
    let f = Fixture::new();
    let only_ed25519 = f.profile("ed", &ProfileSpec { keys: vec![KeyAlgorithm::Ed25519], ..f.spec() });
    let certificates = f.registry.certificates();
    let p256 = certificates.issue(&Issue::new(csr("a"), only_ed25519, f.root.id).named("a"), &call());
    assert_eq!(p256.unwrap_err().code(), "csr.key_not_in_profile");
    let ed = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let issued = certificates.issue(&Issue::new(csr_with(&ed, "CN=a"), only_ed25519, f.root.id).named("a"), &call());
    assert_eq!(Certificate::from_der(&issued.unwrap().der).unwrap().spki(), ed.public_key().spki());
}

/// Trap 13: a CSR is a request, not an order.
#[test]
fn what_the_profile_does_not_allow_refuses_the_csr() {
    let f = Fixture::new();
    let csr = tegata::make_csr(&key(), &"CN=a".parse().unwrap(), &["DNS:a.example".parse().unwrap()]).unwrap();
    let refused = f.registry.certificates().issue(&Issue::new(csr, f.server, f.root.id).named("a"), &call());
    assert_eq!(refused.unwrap_err().code(), "csr.san_refused");
    let mut broken = registry_fixture::csr("a");
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let refused = f.registry.certificates().issue(&Issue::new(broken, f.server, f.root.id).named("a"), &call());
    assert!(refused.unwrap_err().code().starts_with("csr."));
    assert_eq!(f.count(&CertificateFilter::default()), 0);
}

/// NEC-54: subject fields come from the CSR where the profile says so.
#[test]
fn subject_fields_of_the_csr_are_kept_where_the_profile_lets_them() {
    let f = Fixture::new();
    let subject =
        SubjectPolicy::FromCsr { allow: ["CN", "OU", "O", "L", "ST", "C"].map(str::to_owned).into(), require: vec![] };
    let profile = f.profile("csr", &ProfileSpec { subject, ..ProfileSpec::device() });
    let name = "CN=cam,OU=Cameras,O=Example,L=Kawasaki,ST=Kanagawa,C=JP";
    let issued =
        f.registry.certificates().issue(&Issue::new(csr_with(&key(), name), profile, f.root.id), &call()).unwrap();
    assert_eq!(Certificate::from_der(&issued.der).unwrap().subject(), &name.parse::<Name>().unwrap());
}

/// Trap 12: a device clock that runs behind is a case: notBefore is backdated.
#[test]
fn not_before_is_backdated_as_the_profile_says() {
    let f = Fixture::new();
    let profile = f.profile("old", &ProfileSpec { not_before: Some("1970-01-01T00:00:00Z".to_owned()), ..f.spec() });
    let issued =
        f.registry.certificates().issue(&Issue::new(csr("a"), profile, f.root.id).named("a"), &call()).unwrap();
    assert_eq!(issued.certificate.not_before.unix(), 0);
    assert_eq!(issued.certificate.not_after, f.now().plus_days(365));
    assert_eq!(issued.certificate.standing(f.now()), Standing::Active);
    assert_eq!(f.issue("b").certificate.not_before, f.now().plus(-300));
}

/// Trap 14: a repeated request ID returns the first result.
#[test]
fn a_repeated_request_id_returns_the_first_certificate() {
    let f = Fixture::new();
    let issue = Issue::new(csr("a"), f.server, f.root.id).named("a");
    let once = Call::by("op").with_request_id("r-1");
    let first = f.registry.certificates().issue(&issue, &once).unwrap();
    assert_eq!(f.registry.certificates().issue(&issue, &once).unwrap(), first);
    assert_eq!(f.count(&CertificateFilter::default()), 1);
    let other = Issue { csr: csr("a"), ..issue };
    assert_eq!(f.registry.certificates().issue(&other, &once).unwrap_err().code(), "input.request_id_reused");
}

/// Trap 14: each on its own, or all or nothing.
#[test]
fn many_are_issued_each_on_its_own_or_all_or_nothing() {
    let f = Fixture::new();
    let mut issues: Vec<_> =
        (0..40).map(|n| Issue::new(csr("unit"), f.server, f.root.id).named(format!("unit-{n}"))).collect();
    issues[7].csr = b"not a request".to_vec();
    let all = f.registry.certificates().issue_many(&issues, &Bulk::all(), &call()).unwrap();
    assert_eq!(all[7].as_ref().unwrap_err().code(), "csr.malformed");
    assert_eq!(all[8].as_ref().unwrap_err().code(), "input.batch_refused");
    assert_eq!(f.count(&CertificateFilter::default()), 0);
    let each = f.registry.certificates().issue_many(&issues, &Bulk::each(), &call()).unwrap();
    assert_eq!(each.iter().filter(|result| result.is_ok()).count(), 39);
    assert_eq!(each[7].as_ref().unwrap_err().code(), "csr.malformed");
    for (n, result) in each.iter().enumerate().filter(|(_, result)| result.is_ok()) {
        assert_eq!(result.as_ref().unwrap().certificate.name, Some(format!("unit-{n}")));
    }
    assert_eq!(f.count(&CertificateFilter::default()), 39);
}

/// NAV-8, NEC-33: partial serial, paging, total.
#[test]
fn certificates_are_found_by_a_part_of_the_serial_by_name_and_page_by_page() {
    let f = Fixture::new();
    let issued: Vec<_> = (0..5).map(|n| f.issue(&format!("pump-{n}"))).collect();
    let serial = issued[3].serial();
    let colons = format!("{}:{}", serial[10..16].to_lowercase(), &serial[16..24]);
    let by_serial = CertificateFilter { serial: Some(colons), ..CertificateFilter::default() };
    let found = f.registry.certificates().find(&by_serial, &Page::default()).unwrap();
    assert_eq!((found.total, found.items[0].id), (Some(1), issued[3].certificate.id));
    let wrong = CertificateFilter { serial: Some("no".to_owned()), ..CertificateFilter::default() };
    assert_eq!(f.registry.certificates().find(&wrong, &Page::default()).unwrap_err().code(), "input.invalid");

    let by_name =
        CertificateFilter { name: Some(Text::StartsWith("pump-".to_owned())), ..CertificateFilter::default() };
    assert_eq!(f.count(&by_name), 5);
    let by_name = CertificateFilter { name: Some(Text::Is("pump-2".to_owned())), ..CertificateFilter::default() };
    assert_eq!(f.count(&by_name), 1);

    let newest = CertificateFilter { newest_first: true, ..CertificateFilter::default() };
    let first = f.registry.certificates().find(&newest, &Page::of(3)).unwrap();
    let second = f.registry.certificates().find(&newest, &Page::of(3).after(first.next.clone().unwrap())).unwrap();
    let names: Vec<_> = first.items.iter().chain(&second.items).map(|c| c.name.clone().unwrap()).collect();
    assert_eq!(names, ["pump-4", "pump-3", "pump-2", "pump-1", "pump-0"]);
    assert_eq!((first.total, second.next), (Some(5), None));
}

/// NEC-35, SOL-11: counts by state and authority; expired ones on request.
#[test]
fn certificates_are_counted_and_expired_ones_listed() {
    let f = Fixture::new();
    let (a, b) = (f.issue("a"), f.issue("b"));
    f.registry.certificates().suspend(b.certificate.id, &call()).unwrap();
    let counts = f.registry.certificates().count(&CertificateFilter::default(), CertificateGrouping::State).unwrap();
    let expected = [(CertificateState::Active, 1), (CertificateState::Suspended, 1)];
    assert_eq!(counts, expected.map(|(state, count)| (CertificateCount::State(state), count)));
    let counts =
        f.registry.certificates().count(&CertificateFilter::default(), CertificateGrouping::Authority).unwrap();
    assert_eq!(counts, [(CertificateCount::Authority(f.root.id), 2)]);
    let due = f.registry.certificates().count(&CertificateFilter::default(), CertificateGrouping::DueWeek).unwrap();
    assert_eq!(due.iter().map(|(_, count)| count).sum::<u64>(), 2);

    let expired = CertificateFilter { expired: Some(true), ..CertificateFilter::default() };
    assert_eq!(f.count(&expired), 0);
    f.clock.advance(366 * 86_400);
    assert_eq!(f.count(&expired), 2);
    assert_eq!(f.registry.certificates().get(a.certificate.id).unwrap().standing(f.now()), Standing::Expired);
}

/// SOL-4: after a rebuild the newest generation issues.
#[test]
fn a_rebuilt_authority_issues_with_its_new_generation() {
    let f = Fixture::new();
    let next = f.registry.authorities().rebuild(f.root.id, &Rebuild::default(), &call()).unwrap();
    let issued = f.issue("a");
    assert_eq!(issued.certificate.authority, next.id);
    assert_eq!(issued.root(), Some(next.certificate.as_slice()));
}

#[test]
fn an_applicant_is_a_device_or_has_a_name() {
    let f = Fixture::new();
    let nameless = f.registry.certificates().issue(&Issue::new(csr("a"), f.server, f.root.id), &call());
    assert_eq!(nameless.unwrap_err().code(), "profile.subject_value");
    let spaced = f.registry.certificates().issue(&Issue::new(csr("a"), f.server, f.root.id).named(" a"), &call());
    assert_eq!(spaced.unwrap_err().code(), "input.invalid");
    // An opaque subject needs no name; it is the certificate's ID.
    let opaque = f.profile("opaque", &ProfileSpec::device());
    let issued = f.registry.certificates().issue(&Issue::new(csr("a"), opaque, f.root.id), &call()).unwrap();
    let subject = Certificate::from_der(&issued.der).unwrap().subject().common_name();
    assert_eq!(subject, Some(issued.certificate.id.to_string()));
    assert_eq!(issued.certificate.name, None);
}

#[test]
fn alternative_names_come_from_the_csr_as_far_as_the_profile_allows() {
    let f = Fixture::new();
    let san =
        SanPolicy { dns: vec!["*.example".to_owned()], ip: vec!["192.168.0.0/16".to_owned()], ..SanPolicy::default() };
    let profile = f.profile("tls", &ProfileSpec { san, server_keys: vec![KeyAlgorithm::EcdsaP384], ..f.spec() });
    let names = ["DNS:cam.example".parse().unwrap(), "IP:192.168.1.9".parse().unwrap()];
    let csr = tegata::make_csr(&key(), &Name::empty(), &names).unwrap();
    let issued = f.registry.certificates().issue(&Issue::new(csr, profile, f.root.id).named("cam"), &call()).unwrap();
    assert_eq!(Certificate::from_der(&issued.der).unwrap().extensions().names().unwrap(), names);
    let made =
        f.registry.certificates().issue_with_key(&IssueWithKey::new(profile, f.root.id).named("x"), &call()).unwrap();
    assert_eq!(made.algorithm().unwrap(), KeyAlgorithm::EcdsaP384);
}

//! What an attacker tries: names that are not theirs, what others were given, and a second life for what was revoked.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{START, World, code, csr, key};
use tegata::model::{ProfileSpec, SanPolicy, SubjectPolicy, SuspendMode};
use tegata::{
    Call, CrlOptions, Enroll, Enrollment, Issue, IssueWithKey, Presented, Rebuild, Renew, RevocationReason, Timestamp,
    parse_certificate,
};

const DAY: i64 = 86_400;

fn adding(name: &str) -> ProfileSpec {
    let san = SanPolicy { add: vec![name.to_owned()], ..SanPolicy::default() };
    ProfileSpec { san, ..ProfileSpec::device() }
}

fn names(der: &[u8]) -> Vec<String> {
    parse_certificate(der).unwrap().extensions().names().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn a_unit_identifier_makes_no_wildcard_of_a_name_that_the_profile_adds() {
    let world = World::with_profile(adding("dns:{unit}.cams.example"));
    assert_eq!(code(world.enroll(&world.request(Some("*")).1)), "csr.san_refused");
    let (_, enrolled) = world.enrolled(Some("sn-1"));
    assert_eq!(names(&enrolled.issued.der), ["DNS:sn-1.cams.example"]);
}

#[test]
fn a_unit_identifier_stays_in_its_part_of_a_uri_that_the_profile_adds() {
    let world = World::with_profile(adding("uri:https://{unit}.cams.example/"));
    let (_, enrolled) = world.enrolled(Some("evil.example:443/#"));
    assert_eq!(names(&enrolled.issued.der), ["URI:https://evil.example%3A443%2F%23.cams.example/"]);
    let world = World::with_profile(adding("uri:spiffe://cams.example/unit/{unit}"));
    assert_eq!(code(world.enroll(&world.request(Some("..")).1)), "csr.san_refused");
    let (_, enrolled) = world.enrolled(Some("00:11/../admin"));
    assert_eq!(names(&enrolled.issued.der), ["URI:spiffe://cams.example/unit/00:11%2F..%2Fadmin"]);
}

#[test]
fn a_uri_rule_that_names_a_host_means_that_host() {
    let world = World::new();
    let san = SanPolicy { uri: vec!["https://cams.example".to_owned()], ..SanPolicy::default() };
    let spec = ProfileSpec { san, ..ProfileSpec::device() };
    let profile = world.registry.profiles().put("uri", &spec, &world.call).unwrap().id;
    let issue = |uri: &str| {
        let csr = tegata::make_csr(&key(), &tegata::Name::empty(), &[uri.parse().unwrap()]).unwrap();
        world.registry.certificates().issue(&Issue::new(csr, profile, world.issuing.id), &world.call)
    };
    assert!(issue("URI:https://cams.example/7").is_ok());
    for foreign in ["URI:https://cams.example.evil.example/", "URI:https://cams.example@evil.example/"] {
        assert_eq!(code(issue(foreign)), "csr.san_refused", "{foreign}");
    }
}

#[test]
fn nobody_gets_a_subject_with_the_identifier_of_a_device() {
    let world = World::new();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let subject = SubjectPolicy::FromCsr { allow: vec!["CN".to_owned()], require: vec![] };
    let spec = ProfileSpec { subject, ..ProfileSpec::device() };
    let profile = world.registry.profiles().put("free", &spec, &world.call).unwrap().id;
    let id = enrolled.device.id.to_string();
    for name in [id.clone(), id.to_uppercase(), format!("x-{id}")] {
        let issue = Issue::new(csr(&key(), &name), profile, world.issuing.id);
        assert_eq!(code(world.registry.certificates().issue(&issue, &world.call)), "csr.subject_bound", "{name}");
    }
    let issue = Issue::new(csr(&key(), "aaaaaaaaaaaaaaaaaaaaaaaaaa"), profile, world.issuing.id);
    assert!(world.registry.certificates().issue(&issue, &world.call).is_ok());
}

#[test]
fn subjects_that_differ_only_in_case_and_spaces_belong_to_one_device() {
    let subject = SubjectPolicy::FromCsr { allow: vec!["CN".to_owned()], require: vec!["CN".to_owned()] };
    let world = World::with_profile(ProfileSpec { subject, ..ProfileSpec::device() });
    let enroll = |name: &str| {
        world.enroll(&Enroll { csr: csr(&key(), name), ..world.request(None).1 }).map(|enrolled| enrolled.enrollment)
    };
    assert_eq!(enroll("Pump 7").unwrap(), Enrollment::New);
    assert_eq!(code(enroll("PUMP  7")), "csr.subject_bound");
    assert_eq!(enroll("Pump 8").unwrap(), Enrollment::New);
}

#[test]
fn a_request_id_of_another_caller_leads_to_none_of_their_keys() {
    let world = World::new();
    let profile = world.registry.profiles().put("product", &ProfileSpec::product_credential(), &world.call).unwrap().id;
    let order = IssueWithKey::new(profile, world.issuing.id);
    let certificates = world.registry.certificates();
    let (alice, mallory) = (Call::by("alice").with_request_id("1"), Call::by("mallory").with_request_id("1"));
    let first = certificates.issue_with_key(&order, &alice).unwrap();
    let id = first.issued.certificate.id;
    assert_eq!(certificates.issue_with_key(&order, &alice).unwrap().issued.certificate.id, id);
    assert_ne!(certificates.issue_with_key(&order, &mallory).unwrap().issued.certificate.id, id);
    let later = Call::by("mallory").with_request_id("2");
    assert_eq!(code(certificates.collect_key(id, &later)), "delivery.collecting");
    assert_eq!(
        code(certificates.collect_key(id, &Call::by("mallory").with_request_id("1"))),
        "input.request_id_reused"
    );
}

#[test]
fn a_repeated_request_id_returns_nothing_to_another_product_credential() {
    let world = World::new();
    let call = Call::by("gateway").with_request_id("1");
    let (_, request) = world.request(Some("SN-1"));
    let enrolled = world.registry.devices().enroll(&request, &call).unwrap();
    assert!(world.registry.devices().enroll(&request, &call).is_ok());
    let forged = Enroll { credential: enrolled.issued.der, ..request };
    assert_eq!(code(world.registry.devices().enroll(&forged, &call)), "input.request_id_reused");
}

#[test]
fn claim_codes_do_not_show_in_logs() {
    let request = Enroll { claim_code: Some("K4XW-2J7Q".to_owned()), ..Enroll::default() };
    assert!(!format!("{request:?}").contains("K4XW"));
}

#[test]
fn a_compromised_root_is_in_no_trust_bundle_even_if_its_intermediate_lives_on() {
    let world = World::new();
    let root = world.registry.authorities().get(world.root.id).unwrap().certificate;
    assert_eq!(world.registry.trust_bundle().unwrap().roots, [root]);
    world.registry.authorities().mark_compromised(world.root.id, &world.call).unwrap();
    assert!(world.registry.trust_bundle().unwrap().roots.is_empty());
}

#[test]
fn the_cross_certificates_of_a_compromised_authority_are_revoked_with_it() {
    let world = World::new();
    let authorities = world.registry.authorities();
    let next = authorities.rebuild(world.root.id, &Rebuild::default(), &world.call).unwrap();
    let across = authorities.cross_certify(next.id, world.root.id, &world.call).unwrap();
    authorities.mark_compromised(next.id, &world.call).unwrap();
    let crl = authorities.crl(world.root.id, &CrlOptions::default(), &world.call).unwrap();
    let crl = tegata::Crl::from_bytes(&crl.der).unwrap();
    let serials: Vec<Vec<u8>> = crl.entries().map(|entry| entry.unwrap().0.to_vec()).collect();
    assert_eq!(serials, [parse_certificate(&across).unwrap().serial().to_vec()]);
}

#[test]
fn a_key_that_leaks_after_its_certificate_was_revoked_is_never_certified_again() {
    let world = World::new();
    let (key, enrolled) = world.enrolled(Some("SN-1"));
    let certificate = enrolled.issued.certificate.id;
    world.registry.devices().delete(enrolled.device.id, &world.call).unwrap();
    let certificates = world.registry.certificates();
    let compromise = || certificates.revoke(certificate, RevocationReason::KeyCompromise, &world.call);
    let before = certificates.get(certificate).unwrap().revoked;
    world.clock.set(Timestamp::from_unix(START + DAY));
    assert_eq!(compromise().unwrap().revoked, before);
    assert_eq!(code(compromise()), "certificate.already_revoked");
    assert_eq!(code(world.enroll(&world.request_with(&key, Some("SN-1")))), "csr.key_compromised");
}

#[test]
fn a_compromised_key_takes_the_renewals_of_a_certificate_without_device_along() {
    let world = World::new();
    let profile = world.registry.profiles().put("other", &ProfileSpec::device(), &world.call).unwrap().id;
    let certificates = world.registry.certificates();
    let issue = Issue::new(csr(&key(), "x"), profile, world.issuing.id);
    let first = certificates.issue(&issue, &world.call).unwrap().certificate.id;
    let second = certificates.renew(&Renew::same_key(first), &world.call).unwrap().certificate.id;
    certificates.revoke(first, RevocationReason::KeyCompromise, &world.call).unwrap();
    assert_eq!(certificates.get(second).unwrap().reason, Some(RevocationReason::KeyCompromise));
}

#[test]
fn no_operator_lifts_the_hold_of_a_certificate_whose_device_is_shut_out() {
    let world = World::with_profile(ProfileSpec { suspend: SuspendMode::CrlHold, ..ProfileSpec::device() });
    let (_, enrolled) = world.enrolled(None);
    let (device, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
    world.registry.certificates().suspend(certificate, &world.call).unwrap();
    world.registry.devices().disable(device, &world.call).unwrap();
    assert_eq!(code(world.registry.certificates().resume(certificate, &world.call)), "device.disabled");
    world.registry.devices().enable(device, &world.call).unwrap();
    assert!(world.registry.certificates().resume(certificate, &world.call).is_ok());
    assert!(world.registry.authenticate(&Presented::over_tls(&enrolled.issued.der)).is_ok());
}

#[test]
fn a_revoked_renewal_is_not_replaced_by_way_of_the_expired_certificate_before_it() {
    let world = World::new();
    let (key, enrolled) = world.enrolled(Some("SN-1"));
    let old = enrolled.issued.certificate;
    world.clock.set(Timestamp::from_unix(old.not_after.unix() - DAY));
    let new = world.registry.certificates().renew(&Renew::same_key(old.id), &world.call).unwrap().certificate.id;
    world.clock.set(Timestamp::from_unix(old.not_after.unix() + 1));
    world.registry.certificates().revoke(new, RevocationReason::PrivilegeWithdrawn, &world.call).unwrap();
    assert!(world.enroll(&world.request_with(&key, Some("SN-1"))).is_err());
    let again = Renew::same_key(old.id).with_other_proof();
    assert_eq!(code(world.registry.certificates().renew(&again, &world.call)), "certificate.renewal_of_revoked");
}

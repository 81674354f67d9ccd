//! Keys made by the server, and their hand-out in two phases.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use registry_fixture::{Fixture, call, csr};
use tegata::model::{KeyOrigin, ProfileSpec};
use tegata::{
    Call, Certificate, CertificateFilter, Issue, IssueWithKey, KeyAlgorithm, PrivateKey, RevocationReason, Signer,
};

fn with_id(id: &str) -> Call {
    Call::by("test").with_request_id(id)
}

fn wish(f: &Fixture) -> IssueWithKey {
    IssueWithKey::new(f.server, f.root.id).named("a")
}

/// NAV-1, NAV-15: with no CSR the server makes the key.
#[test]
fn a_key_made_by_the_server_comes_with_its_certificate() {
    let f = Fixture::new();
    let made = f.registry.certificates().issue_with_key(&wish(&f), &call()).unwrap();
    let key = PrivateKey::from_bytes(made.key.as_ref().unwrap().expose()).unwrap();
    assert_eq!(Certificate::from_der(&made.issued.der).unwrap().spki(), key.public_key().spki());
    let pem = made.key_pem().unwrap();
    assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(made.issued.certificate.key_origin, KeyOrigin::Server);
    assert_eq!(made.algorithm().unwrap(), KeyAlgorithm::EcdsaP256);
    let ed =
        f.registry.certificates().issue_with_key(&wish(&f).with_algorithm(KeyAlgorithm::Ed25519), &call()).unwrap();
    assert_eq!(ed.algorithm().unwrap(), KeyAlgorithm::Ed25519);
    assert!(!format!("{made:?}").contains("BEGIN"));
}

#[test]
fn only_the_keys_that_the_profile_lists_are_made() {
    let f = Fixture::new();
    let refused = f.registry.certificates().issue_with_key(&wish(&f).with_algorithm(KeyAlgorithm::EcdsaP384), &call());
    assert_eq!(refused.unwrap_err().code(), "profile.server_key_algorithm");
    let none = f.profile("none", &ProfileSpec { server_keys: vec![], ..f.spec() });
    let refused = f.registry.certificates().issue_with_key(&IssueWithKey { profile: none, ..wish(&f) }, &call());
    assert_eq!(refused.unwrap_err().code(), "profile.no_server_key");
    assert_eq!(f.count(&CertificateFilter::default()), 0);
}

/// NAV-3: handed out only once; the second call gets a typed error.
#[test]
fn a_key_is_collected_once_and_erased_when_confirmed() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let made = certificates.issue_with_key(&wish(&f).collected_later(), &call()).unwrap();
    assert!(made.key.is_none());
    let id = made.issued.certificate.id;
    assert_eq!(certificates.confirm_key(id, &call()).unwrap_err().code(), "delivery.not_collecting");
    let collected = certificates.collect_key(id, &call()).unwrap();
    let key = PrivateKey::from_bytes(collected.key.unwrap().expose()).unwrap();
    assert_eq!(Certificate::from_der(&made.issued.der).unwrap().spki(), key.public_key().spki());
    assert_eq!(certificates.collect_key(id, &call()).unwrap_err().code(), "delivery.collecting");
    certificates.confirm_key(id, &call()).unwrap();
    assert_eq!(certificates.collect_key(id, &call()).unwrap_err().code(), "delivery.collected");
    assert_eq!(certificates.confirm_key(id, &call()).unwrap_err().code(), "delivery.collected");
}

/// Trap 3: a lost response must not lose the key, and nobody else gets it.
#[test]
fn the_same_collector_may_ask_again_until_it_confirms() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let id = certificates.issue_with_key(&wish(&f).collected_later(), &call()).unwrap().issued.certificate.id;
    let first = certificates.collect_key(id, &with_id("c-1")).unwrap().key.unwrap();
    let again = certificates.collect_key(id, &with_id("c-1")).unwrap().key.unwrap();
    assert_eq!(first.expose(), again.expose());
    assert_eq!(certificates.collect_key(id, &with_id("c-2")).unwrap_err().code(), "delivery.collecting");
    assert_eq!(certificates.collect_key(id, &call()).unwrap_err().code(), "delivery.collecting");
    certificates.confirm_key(id, &with_id("k-1")).unwrap();
    certificates.confirm_key(id, &with_id("k-1")).unwrap();
    assert_eq!(certificates.collect_key(id, &with_id("c-1")).unwrap_err().code(), "delivery.collected");
}

/// Trap 3, with the key in the answer itself.
#[test]
fn a_repeated_issue_returns_the_same_key_until_it_is_confirmed() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let first = certificates.issue_with_key(&wish(&f), &with_id("i-1")).unwrap();
    let again = certificates.issue_with_key(&wish(&f), &with_id("i-1")).unwrap();
    assert_eq!(first.issued, again.issued);
    assert_eq!(first.key.unwrap().expose(), again.key.unwrap().expose());
    let id = first.issued.certificate.id;
    assert_eq!(certificates.collect_key(id, &with_id("other")).unwrap_err().code(), "delivery.collecting");
    certificates.confirm_key(id, &call()).unwrap();
    assert_eq!(certificates.issue_with_key(&wish(&f), &with_id("i-1")).unwrap_err().code(), "delivery.collected");
    assert_eq!(f.count(&CertificateFilter::default()), 1);
}

#[test]
fn a_key_that_is_not_collected_in_time_is_erased() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let id = certificates.issue_with_key(&wish(&f).collected_later(), &call()).unwrap().issued.certificate.id;
    f.clock.advance(30 * 86_400 + 1);
    assert_eq!(certificates.collect_key(id, &call()).unwrap_err().code(), "delivery.lapsed");
    // It is gone, even for a clock that is set back.
    f.clock.advance(-86_400);
    assert_eq!(certificates.collect_key(id, &call()).unwrap_err().code(), "delivery.lapsed");
    assert_eq!(certificates.confirm_key(id, &call()).unwrap_err().code(), "delivery.lapsed");
}

#[test]
fn the_key_of_a_certificate_out_of_force_is_not_handed_out() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let id = |id: &str| certificates.issue_with_key(&wish(&f), &with_id(id)).unwrap().issued.certificate.id;
    let revoked = id("r");
    certificates.revoke(revoked, RevocationReason::Unspecified, &call()).unwrap();
    assert_eq!(certificates.issue_with_key(&wish(&f), &with_id("r")).unwrap_err().code(), "certificate.revoked");
    assert_eq!(certificates.collect_key(revoked, &call()).unwrap_err().code(), "certificate.revoked");
    assert_eq!(certificates.confirm_key(revoked, &call()).unwrap_err().code(), "delivery.lapsed");

    let later = certificates.issue_with_key(&wish(&f).collected_later(), &call()).unwrap().issued.certificate.id;
    certificates.suspend(later, &call()).unwrap();
    assert_eq!(certificates.collect_key(later, &call()).unwrap_err().code(), "certificate.suspended");
    certificates.resume(later, &call()).unwrap();
    assert!(certificates.collect_key(later, &call()).unwrap().key.is_some());

    let year = f.profile("year", &ProfileSpec { collect_within_days: 1_000, ..f.spec() });
    let issue = IssueWithKey { profile: year, ..wish(&f).collected_later() };
    let expired = certificates.issue_with_key(&issue, &call()).unwrap().issued.certificate.id;
    f.clock.advance(366 * 86_400);
    assert_eq!(certificates.collect_key(expired, &call()).unwrap_err().code(), "certificate.expired");
    f.clock.advance(-300 * 86_400);
    assert_eq!(certificates.collect_key(expired, &call()).unwrap_err().code(), "delivery.lapsed");
}

#[test]
fn a_key_made_elsewhere_cannot_be_collected() {
    let f = Fixture::new();
    let issued =
        f.registry.certificates().issue(&Issue::new(csr("a"), f.server, f.root.id).named("a"), &call()).unwrap();
    let id = issued.certificate.id;
    assert_eq!(f.registry.certificates().collect_key(id, &call()).unwrap_err().code(), "delivery.none");
    assert_eq!(f.registry.certificates().confirm_key(id, &call()).unwrap_err().code(), "delivery.none");
}

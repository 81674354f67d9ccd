//! Certificates suspended, resumed, revoked, deleted; requests approved and denied.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use registry_fixture::{Fixture, call, csr, csr_with, key};
use tegata::model::{CertificateState, Entity, ProfileSpec, Standing, SuspendMode};
use tegata::{Bulk, Call, CertificateFilter, EventFilter, Issue, Page, RevocationReason};

fn pair(serial: &[u8], reason: RevocationReason) -> (Vec<u8>, String) {
    (serial.to_vec(), reason.to_string())
}

/// NEC-8: a revoked certificate is on the CRL with its reason.
#[test]
fn a_revoked_certificate_is_on_the_crl_with_its_reason() {
    let f = Fixture::new();
    let (a, _) = (f.issue("a"), f.issue("b"));
    assert_eq!(f.crl(), []);
    let revoked =
        f.registry.certificates().revoke(a.certificate.id, RevocationReason::AffiliationChanged, &call()).unwrap();
    assert_eq!((revoked.state, revoked.revoked), (CertificateState::Revoked, Some(f.now())));
    assert_eq!(f.crl(), [pair(&a.certificate.serial, RevocationReason::AffiliationChanged)]);
    let again = f.registry.certificates().revoke(a.certificate.id, RevocationReason::Superseded, &call());
    assert_eq!(again.unwrap_err().code(), "certificate.already_revoked");
    assert_eq!(f.crl(), [pair(&a.certificate.serial, RevocationReason::AffiliationChanged)]);
}

#[test]
fn a_hold_is_no_reason_to_revoke() {
    let f = Fixture::new();
    let a = f.issue("a").certificate.id;
    for reason in [RevocationReason::CertificateHold, RevocationReason::RemoveFromCrl] {
        assert_eq!(f.registry.certificates().revoke(a, reason, &call()).unwrap_err().code(), "input.invalid");
    }
    assert_eq!(f.registry.certificates().get(a).unwrap().state, CertificateState::Active);
}

/// NEC-63: a key that was reported as compromised is never certified again.
#[test]
fn a_compromised_key_is_never_certified_again() {
    let f = Fixture::new();
    let key = key();
    let issue = Issue::new(csr_with(&key, "CN=a"), f.server, f.root.id).named("a");
    let first = f.registry.certificates().issue(&issue, &call()).unwrap();
    let second =
        f.registry.certificates().issue(&Issue { name: Some("b".to_owned()), ..issue.clone() }, &call()).unwrap();
    f.registry.certificates().revoke(first.certificate.id, RevocationReason::Superseded, &call()).unwrap();
    f.registry.certificates().issue(&issue, &call()).unwrap();
    f.registry.certificates().revoke(second.certificate.id, RevocationReason::KeyCompromise, &call()).unwrap();
    assert_eq!(f.registry.certificates().issue(&issue, &call()).unwrap_err().code(), "csr.key_compromised");
}

/// NAV-11, trap 2: suspending is temporary; by default only the registry knows.
#[test]
fn a_suspended_certificate_is_out_of_force_until_it_is_resumed() {
    let f = Fixture::new();
    let a = f.issue("a").certificate.id;
    let certificates = f.registry.certificates();
    assert_eq!(certificates.resume(a, &call()).unwrap_err().code(), "certificate.not_suspended");
    assert_eq!(certificates.suspend(a, &call()).unwrap().standing(f.now()), Standing::Suspended);
    assert_eq!(certificates.suspend(a, &call()).unwrap_err().code(), "certificate.suspended");
    assert_eq!(f.crl(), []);
    assert_eq!(certificates.resume(a, &call()).unwrap().standing(f.now()), Standing::Active);
}

/// Trap 2: a profile may put the suspended on hold in the CRL as well.
#[test]
fn a_profile_may_list_the_suspended_as_on_hold() {
    let f = Fixture::new();
    let profile = f.profile("hold", &ProfileSpec { suspend: SuspendMode::CrlHold, ..f.spec() });
    let a = f.issue_under(profile, "a");
    let certificates = f.registry.certificates();
    certificates.suspend(a.certificate.id, &call()).unwrap();
    assert_eq!(f.crl(), [pair(&a.certificate.serial, RevocationReason::CertificateHold)]);
    certificates.resume(a.certificate.id, &call()).unwrap();
    assert_eq!(f.crl(), []);
    certificates.suspend(a.certificate.id, &call()).unwrap();
    certificates.revoke(a.certificate.id, RevocationReason::PrivilegeWithdrawn, &call()).unwrap();
    assert_eq!(f.crl(), [pair(&a.certificate.serial, RevocationReason::PrivilegeWithdrawn)]);
}

/// Trap 2: enabling never undoes a revocation, and expiry ends a suspension.
#[test]
fn resuming_undoes_no_revocation_and_no_expiry() {
    let f = Fixture::new();
    let (a, b) = (f.issue("a").certificate.id, f.issue("b").certificate.id);
    let certificates = f.registry.certificates();
    certificates.suspend(a, &call()).unwrap();
    certificates.suspend(b, &call()).unwrap();
    certificates.revoke(a, RevocationReason::Unspecified, &call()).unwrap();
    assert_eq!(certificates.resume(a, &call()).unwrap_err().code(), "certificate.revoked");
    assert_eq!(certificates.suspend(a, &call()).unwrap_err().code(), "certificate.revoked");
    f.clock.advance(366 * 86_400);
    assert_eq!(certificates.resume(b, &call()).unwrap_err().code(), "certificate.expired");
    assert_eq!(certificates.get(b).unwrap().standing(f.now()), Standing::Expired);
}

/// Trap 1, NAV-12: deleting revokes first and keeps a tombstone.
#[test]
fn a_deleted_certificate_is_revoked_and_leaves_a_tombstone() {
    let f = Fixture::new();
    let a = f.issue("a");
    let id = a.certificate.id;
    let certificates = f.registry.certificates();
    let deleted = certificates.delete(id, &call()).unwrap();
    assert_eq!(deleted.reason, Some(RevocationReason::CessationOfOperation));
    assert_eq!(f.crl(), [pair(&a.certificate.serial, RevocationReason::CessationOfOperation)]);
    assert_eq!(f.count(&CertificateFilter::default()), 0);
    assert_eq!(f.count(&CertificateFilter { deleted: true, ..CertificateFilter::default() }), 1);
    assert_eq!(certificates.get(id).unwrap(), deleted);
    assert_eq!(certificates.delete(id, &call()).unwrap_err().code(), "certificate.deleted");
    assert_eq!(certificates.resume(id, &call()).unwrap_err().code(), "certificate.revoked");
}

/// Trap 1: what is revoked keeps its reason, what has expired needs none.
#[test]
fn deleting_a_revoked_or_expired_certificate_revokes_nothing() {
    let f = Fixture::new();
    let (a, b) = (f.issue("a").certificate.id, f.issue("b").certificate.id);
    let certificates = f.registry.certificates();
    certificates.revoke(a, RevocationReason::KeyCompromise, &call()).unwrap();
    assert_eq!(certificates.delete(a, &call()).unwrap().reason, Some(RevocationReason::KeyCompromise));
    f.clock.advance(366 * 86_400);
    let deleted = certificates.delete(b, &call()).unwrap();
    assert_eq!((deleted.state, deleted.deleted), (CertificateState::Active, true));
    assert_eq!(f.crl().len(), 1);
}

/// NAV-7, trap 14: actions over a selection, with a result per item.
#[test]
fn many_are_suspended_resumed_revoked_and_deleted_each_with_its_result() {
    let f = Fixture::new();
    let ids: Vec<_> = (0..4).map(|n| f.issue(&format!("c-{n}")).certificate.id).collect();
    let certificates = f.registry.certificates();
    certificates.revoke(ids[2], RevocationReason::Unspecified, &call()).unwrap();
    let codes = |results: Vec<tegata::Result<tegata::model::Certificate>>| -> Vec<_> {
        results.into_iter().map(|result| result.map_or_else(|e| e.code(), |_| "ok")).collect()
    };
    let all = certificates.suspend_many(&ids, &Bulk::all(), &call()).unwrap();
    let refused = "input.batch_refused";
    assert_eq!(codes(all), [refused, refused, "certificate.revoked", refused]);
    let each = certificates.suspend_many(&ids, &Bulk::each(), &call()).unwrap();
    assert_eq!(codes(each), ["ok", "ok", "certificate.revoked", "ok"]);
    let each = certificates.resume_many(&ids[..2], &Bulk::all(), &call()).unwrap();
    assert_eq!(codes(each), ["ok", "ok"]);
    let each = certificates.revoke_many(&ids, RevocationReason::Superseded, &Bulk::each(), &call()).unwrap();
    assert_eq!(codes(each), ["ok", "ok", "certificate.already_revoked", "ok"]);
    let each = certificates.delete_many(&ids, &Bulk::each(), &call()).unwrap();
    assert_eq!(codes(each), ["ok"; 4]);
}

/// A bulk call that names one certificate twice does it once.
#[test]
fn the_same_certificate_twice_in_one_call_is_revoked_once() {
    let f = Fixture::new();
    let id = f.issue("a").certificate.id;
    let results = f
        .registry
        .certificates()
        .revoke_many(&[id, id], RevocationReason::Unspecified, &Bulk::each(), &call())
        .unwrap();
    assert!(results[0].is_ok());
    assert_eq!(results[1].as_ref().unwrap_err().code(), "certificate.already_revoked");
}

/// NEC-38: every change leaves its event.
#[test]
fn every_change_leaves_an_event_with_its_actor() {
    let f = Fixture::new();
    let id = f.issue("a").certificate.id;
    let alice = Call::by("alice");
    f.registry.certificates().suspend(id, &alice).unwrap();
    f.registry.certificates().revoke(id, RevocationReason::KeyCompromise, &alice).unwrap();
    f.registry.certificates().delete(id, &alice).unwrap();
    let about = EventFilter { object: Some(Entity::Certificate(id)), ..EventFilter::default() };
    let events = f.registry.events().find(&about, &Page::of(10)).unwrap().items;
    let told: Vec<_> = events.iter().map(|e| (e.actor.as_str(), e.action.as_str(), e.detail.as_deref())).collect();
    let expected = [
        ("test", "certificate.issue", Some("key 1")),
        ("alice", "certificate.suspend", None),
        ("alice", "certificate.revoke", Some("keyCompromise")),
        ("alice", "certificate.delete", None),
    ];
    assert_eq!(told, expected);
}

/// NAV-5: issuing may take time.
#[test]
fn a_request_waits_and_is_issued_once_it_is_approved() {
    let f = Fixture::new();
    let profile = f.profile("approved", &ProfileSpec { approval: true, ..f.spec() });
    let certificates = f.registry.certificates();
    let issue = Issue::new(csr("a"), profile, f.root.id).named("a");
    assert_eq!(certificates.issue(&issue, &call()).unwrap_err().code(), "profile.approval_needed");

    let pending = certificates.request(&issue, &call()).unwrap();
    assert_eq!((pending.state, pending.serial.len()), (CertificateState::Pending, 0));
    assert_eq!(certificates.der(pending.id).unwrap_err().code(), "certificate.pending");
    for refused in [
        certificates.suspend(pending.id, &call()),
        certificates.revoke(pending.id, RevocationReason::Unspecified, &call()),
    ] {
        assert_eq!(refused.unwrap_err().code(), "certificate.pending");
    }
    f.clock.advance(3_600);
    let issued = certificates.approve(pending.id, &call()).unwrap();
    assert_eq!((issued.certificate.id, issued.certificate.issued), (pending.id, f.now()));
    assert_eq!(issued.certificate.name.as_deref(), Some("a"));
    assert_eq!(certificates.issued(pending.id).unwrap(), issued);
    assert_eq!(certificates.by_serial(f.root.id, &issued.certificate.serial).unwrap().id, pending.id);
    assert_eq!(certificates.approve(pending.id, &call()).unwrap_err().code(), "certificate.not_pending");
    assert_eq!(certificates.deny(pending.id, &call()).unwrap_err().code(), "certificate.not_pending");
}

#[test]
fn a_denied_request_is_never_issued() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let issue = Issue::new(csr("a"), f.server, f.root.id).named("a");
    let (denied, deleted) =
        (certificates.request(&issue, &call()).unwrap(), certificates.request(&issue, &call()).unwrap());
    certificates.deny(denied.id, &call()).unwrap();
    let gone = certificates.delete(deleted.id, &call()).unwrap();
    assert_eq!((gone.state, gone.deleted), (CertificateState::Denied, true));
    for id in [denied.id, deleted.id] {
        assert_eq!(certificates.approve(id, &call()).unwrap_err().code(), "certificate.not_pending");
        assert_eq!(certificates.pem(id).unwrap_err().code(), "certificate.denied");
    }
    assert_eq!(f.crl(), []);
}

/// A request that cannot be granted never waits.
#[test]
fn a_request_is_checked_at_once() {
    let f = Fixture::new();
    let nameless = f.registry.certificates().request(&Issue::new(csr("a"), f.server, f.root.id), &call());
    assert_eq!(nameless.unwrap_err().code(), "profile.subject_value");
    assert_eq!(f.count(&CertificateFilter::default()), 0);
}

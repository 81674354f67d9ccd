//! Renewal: issue, confirm, retire.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use registry_fixture::{Fixture, call, csr_with, key};
use tegata::model::{CertificateState, KeyOrigin, ProfileSpec, SanPolicy, Standing, SubjectPolicy};
use tegata::{
    Bulk, Call, Certificate, CertificateFilter, Issue, IssueWithKey, KeyAlgorithm, Name, PrivateKey, Rebuild, Renew,
    RenewWithKey, RevocationReason, Signer,
};

fn day(f: &Fixture, days: i64) {
    f.clock.advance(days * 86_400);
}

/// NEC-7, NEC-43, trap 7: a new serial number and validity, the same subject.
#[test]
fn a_renewal_keeps_subject_and_key_under_a_new_serial_number() {
    let f = Fixture::new();
    let old = f.issue("a");
    day(&f, 200);
    let new = f.registry.certificates().renew(&Renew::same_key(old.certificate.id), &call()).unwrap();
    let (before, after) = (Certificate::from_der(&old.der).unwrap(), Certificate::from_der(&new.der).unwrap());
    assert_ne!(before.serial(), after.serial());
    assert_eq!((before.subject(), before.spki()), (after.subject(), after.spki()));
    assert_eq!(new.certificate.not_after, f.now().plus_days(365));
    assert_eq!((new.certificate.key_number, new.certificate.renews), (1, Some(old.certificate.id)));
    assert_eq!(new.certificate.name, old.certificate.name);
    assert!(!new.certificate.confirmed);
}

/// NEC-7: possibly a stronger algorithm.
#[test]
fn a_renewal_may_bring_a_stronger_key() {
    let f = Fixture::new();
    let old = f.issue("a");
    let strong = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let renew = Renew::with_csr(old.certificate.id, csr_with(&strong, "CN=whatever"));
    let new = f.registry.certificates().renew(&renew, &call()).unwrap();
    let after = Certificate::from_der(&new.der).unwrap();
    assert_eq!(after.spki(), strong.public_key().spki());
    assert_eq!(after.subject().to_string(), "CN=a");
    assert_eq!(new.certificate.key_number, 2);
}

/// SOL-5, trap 9: the old one is retired when the new one is confirmed, and not before.
#[test]
fn confirming_retires_the_old_certificate() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate;
    let new = certificates.renew(&Renew::same_key(old.id), &call()).unwrap().certificate;
    assert_eq!(certificates.get(old.id).unwrap().standing(f.now()), Standing::Active);
    assert_eq!(f.crl(), []);
    assert!(certificates.confirm(new.id, &call()).unwrap().confirmed);
    assert_eq!(certificates.get(old.id).unwrap().standing(f.now()), Standing::Superseded);
    assert_eq!(f.crl(), [(old.serial, "superseded".to_owned())]);
    let again = certificates.confirm(new.id, &call()).unwrap();
    assert_eq!((again.confirmed, f.crl().len()), (true, 1));
    assert_eq!(certificates.renew(&Renew::same_key(old.id), &call()).unwrap_err().code(), "certificate.superseded");
}

#[test]
fn a_first_renewal_can_be_confirmed_by_the_old_certificate() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate;
    assert_eq!(certificates.confirm(old.id, &call()).unwrap_err().code(), "certificate.no_successor");
    let new = certificates.renew(&Renew::same_key(old.id), &call()).unwrap().certificate;
    assert_eq!(certificates.confirm(old.id, &call()).unwrap().id, new.id);
    // A late repetition by the new one's ID never reaches over to the renewal after it.
    let third = certificates.renew(&Renew::same_key(new.id), &call()).unwrap().certificate;
    assert_eq!(certificates.confirm(new.id, &call()).unwrap().id, new.id);
    assert!(!certificates.get(third.id).unwrap().confirmed);
    assert_eq!(certificates.get(new.id).unwrap().standing(f.now()), Standing::Active);
}

/// Trap 9: the grace period.
#[test]
fn without_a_confirmation_the_old_certificate_counts_until_the_grace_period_ends() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate;
    certificates.renew(&Renew::same_key(old.id), &call()).unwrap();
    day(&f, 29);
    assert_eq!(certificates.get(old.id).unwrap().standing(f.now()), Standing::Active);
    assert_eq!(certificates.retire_superseded(&call()).unwrap(), 0);
    day(&f, 1);
    assert_eq!(certificates.get(old.id).unwrap().standing(f.now()), Standing::Superseded);
    assert_eq!(certificates.get(old.id).unwrap().state, CertificateState::Active);
    // Making a CRL retires first.
    assert_eq!(f.crl(), [(old.serial.clone(), "superseded".to_owned())]);
    assert_eq!(certificates.get(old.id).unwrap().state, CertificateState::Revoked);
    assert_eq!(certificates.retire_superseded(&call()).unwrap(), 0);
}

#[test]
fn what_expired_before_it_was_retired_does_not_burden_the_crl() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate;
    day(&f, 360);
    certificates.renew(&Renew::same_key(old.id), &call()).unwrap();
    day(&f, 10);
    assert_eq!(certificates.retire_superseded(&call()).unwrap(), 1);
    assert_eq!(f.crl(), []);
}

/// Trap 9: a failed install is repeated.
#[test]
fn renewing_again_before_confirming_returns_the_same_certificate_for_the_same_key() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate.id;
    let key = key();
    let renew = Renew::with_csr(old, csr_with(&key, "CN=a"));
    let first = certificates.renew(&renew, &call()).unwrap();
    let again = certificates.renew(&Renew::with_csr(old, csr_with(&key, "CN=a")), &call()).unwrap();
    assert_eq!(first, again);
    assert_eq!(f.count(&CertificateFilter::default()), 2);

    let other = Renew::with_csr(old, csr_with(&registry_fixture::key(), "CN=a"));
    let replaced = certificates.renew(&other, &call()).unwrap();
    assert_eq!(replaced.certificate.key_number, 3);
    assert_eq!(certificates.get(first.certificate.id).unwrap().standing(f.now()), Standing::Superseded);
    assert_eq!(certificates.confirm(first.certificate.id, &call()).unwrap_err().code(), "certificate.superseded");
    assert_eq!(certificates.get(old).unwrap().standing(f.now()), Standing::Active);
    certificates.confirm(replaced.certificate.id, &call()).unwrap();
    assert_eq!(certificates.get(old).unwrap().standing(f.now()), Standing::Superseded);
}

/// Trap 10: an expired certificate does not renew by itself, a revoked one never.
#[test]
fn revoked_expired_and_suspended_certificates_do_not_renew() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let ids: Vec<_> = (0..4).map(|n| f.issue(&format!("c-{n}")).certificate.id).collect();
    let renew = |n: usize| certificates.renew(&Renew::same_key(ids[n]), &call()).map_err(|e| e.code());
    certificates.revoke(ids[0], RevocationReason::Unspecified, &call()).unwrap();
    assert_eq!(renew(0).unwrap_err(), "certificate.renewal_of_revoked");
    certificates.suspend(ids[1], &call()).unwrap();
    assert_eq!(renew(1).unwrap_err(), "certificate.suspended");
    certificates.delete(ids[2], &call()).unwrap();
    assert_eq!(renew(2).unwrap_err(), "certificate.deleted");
    day(&f, 366);
    assert_eq!(renew(3).unwrap_err(), "certificate.renewal_of_expired");
}

#[test]
fn a_suspended_renewal_is_not_evaded_by_renewing_the_old_certificate_again() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = f.issue("a").certificate.id;
    let new = certificates.renew(&Renew::same_key(old), &call()).unwrap().certificate.id;
    certificates.suspend(new, &call()).unwrap();
    let other = Renew::with_csr(old, csr_with(&key(), "CN=a"));
    assert_eq!(certificates.renew(&other, &call()).unwrap_err().code(), "certificate.suspended");
    assert_eq!(certificates.confirm(new, &call()).unwrap_err().code(), "certificate.suspended");
}

/// Trap 7: subject and names stay, whatever the CSR says.
#[test]
fn a_renewal_changes_neither_subject_nor_alternative_names() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let subject = SubjectPolicy::FromCsr { allow: vec!["CN".to_owned()], require: vec![] };
    let san = SanPolicy {
        dns: vec!["*".to_owned()],
        add: vec!["uri:urn:id:{id}".to_owned()],
        required: true,
        ..SanPolicy::default()
    };
    let profile = f.profile("tls", &ProfileSpec { subject, san, ..ProfileSpec::device() });
    let name: Name = "CN=cam".parse().unwrap();
    let asked = ["DNS:cam.example".parse().unwrap(), "DNS:cam2.example".parse().unwrap()];
    let csr = |subject: &Name, names: &[_]| tegata::make_csr(&key(), subject, names).unwrap();
    let old = certificates.issue(&Issue::new(csr(&name, &asked), profile, f.root.id), &call()).unwrap();
    let names = Certificate::from_der(&old.der).unwrap().extensions().names().unwrap();
    assert_eq!(names.len(), 3);
    let id = old.certificate.id;

    let other_subject = Renew::with_csr(id, csr(&"CN=other".parse().unwrap(), &asked));
    assert_eq!(certificates.renew(&other_subject, &call()).unwrap_err().code(), "certificate.renewal_subject");
    let more_names = Renew::with_csr(id, csr(&name, &["DNS:evil.example".parse().unwrap()]));
    assert_eq!(certificates.renew(&more_names, &call()).unwrap_err().code(), "certificate.renewal_subject");

    for renew in [Renew::same_key(id), Renew::with_csr(id, csr(&name, &asked)), Renew::with_csr(id, csr(&name, &[]))] {
        let new = certificates.renew(&renew, &call()).unwrap();
        let new = Certificate::from_der(&new.der).unwrap();
        assert_eq!((new.subject(), new.extensions().names().unwrap()), (&name, names.clone()));
    }
    // Another profile decides anew: one that allows no names refuses them.
    let strict = f.profile("strict", &ProfileSpec::device());
    let refused = certificates.renew(&Renew::same_key(id).under(strict), &call());
    assert_eq!(refused.unwrap_err().code(), "csr.san_refused");
}

#[test]
fn an_opaque_subject_stays_the_same_over_many_renewals() {
    let f = Fixture::new();
    let opaque = f.profile("opaque", &ProfileSpec::device());
    let first = f.issue_under(opaque, "x");
    let subject = Certificate::from_der(&first.der).unwrap().subject().clone();
    let mut id = first.certificate.id;
    for _ in 0..3 {
        let new = f.registry.certificates().renew(&Renew::same_key(id), &call()).unwrap();
        assert_eq!(Certificate::from_der(&new.der).unwrap().subject(), &subject);
        assert_eq!(new.certificate.name, None);
        id = f.registry.certificates().confirm(new.certificate.id, &call()).unwrap().id;
    }
}

#[test]
fn a_profile_may_want_a_new_key_at_every_renewal() {
    let f = Fixture::new();
    let profile = f.profile("rotate", &ProfileSpec { new_key_at_renewal: true, ..f.spec() });
    let key = key();
    let issue = Issue::new(csr_with(&key, "CN=a"), profile, f.root.id).named("a");
    let id = f.registry.certificates().issue(&issue, &call()).unwrap().certificate.id;
    for renew in [Renew::same_key(id), Renew::with_csr(id, csr_with(&key, "CN=a"))] {
        assert_eq!(f.registry.certificates().renew(&renew, &call()).unwrap_err().code(), "csr.key_unchanged");
    }
    let renew = Renew::with_csr(id, csr_with(&registry_fixture::key(), "CN=a"));
    f.registry.certificates().renew(&renew, &call()).unwrap();
}

/// SOL-4: after a CA rebuild, renewal comes from the new generation.
#[test]
fn after_a_rebuild_a_renewal_comes_from_the_new_generation() {
    let f = Fixture::new();
    let old = f.issue("a");
    let next = f.registry.authorities().rebuild(f.root.id, &Rebuild::default(), &call()).unwrap();
    let new = f.registry.certificates().renew(&Renew::same_key(old.certificate.id), &call()).unwrap();
    assert_eq!(new.certificate.authority, next.id);
    assert_eq!(new.root(), Some(next.certificate.as_slice()));
    f.registry.certificates().confirm(new.certificate.id, &call()).unwrap();
    // The old one is on the old generation's CRL, which it still signs.
    assert_eq!(f.crl(), [(old.certificate.serial, "superseded".to_owned())]);
}

/// NEC-42: one uniform procedure, with keys made by the server too.
#[test]
fn a_renewal_may_bring_a_key_made_by_the_server() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let old = certificates.issue_with_key(&IssueWithKey::new(f.server, f.root.id).named("a"), &call()).unwrap();
    let renew = RenewWithKey { algorithm: Some(KeyAlgorithm::Ed25519), ..RenewWithKey::new(old.issued.certificate.id) };
    let once = Call::by("test").with_request_id("r-1");
    let new = certificates.renew_with_key(&renew, &once).unwrap();
    let key = new.key.as_ref().unwrap().expose();
    assert_eq!(certificates.renew_with_key(&renew, &once).unwrap().key.unwrap().expose(), key);
    let key = PrivateKey::from_bytes(key).unwrap();
    assert_eq!(Certificate::from_der(&new.issued.der).unwrap().spki(), key.public_key().spki());
    assert_eq!((new.issued.certificate.key_number, new.issued.certificate.key_origin), (2, KeyOrigin::Server));
    // Keeping a key that the server made is fine, too.
    let kept = certificates.renew(&Renew::same_key(new.issued.certificate.id), &call()).unwrap();
    assert_eq!((kept.certificate.key_number, kept.certificate.key_origin), (2, KeyOrigin::Server));
}

#[test]
fn many_are_renewed_with_a_result_per_item() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let mut renewals: Vec<_> = (0..20).map(|n| Renew::same_key(f.issue(&format!("c-{n}")).certificate.id)).collect();
    for renew in renewals.iter_mut().step_by(2) {
        renew.csr = Some(csr_with(&key(), "CN=x"));
    }
    renewals[4].csr = Some(b"broken".to_vec());
    certificates.revoke(renewals[3].certificate, RevocationReason::Unspecified, &call()).unwrap();
    let results = certificates.renew_many(&renewals, &Bulk::each(), &call()).unwrap();
    assert_eq!(results[3].as_ref().unwrap_err().code(), "certificate.renewal_of_revoked");
    assert_eq!(results[4].as_ref().unwrap_err().code(), "csr.malformed");
    for (n, result) in results.iter().enumerate().filter(|(n, _)| *n != 3 && *n != 4) {
        let new = result.as_ref().unwrap();
        assert_eq!(new.certificate.renews, Some(renewals[n].certificate));
        assert_eq!(new.certificate.key_number, if n % 2 == 0 { 2 } else { 1 });
    }
}

#[test]
fn the_renewal_of_a_compromised_key_is_refused() {
    let f = Fixture::new();
    let certificates = f.registry.certificates();
    let key = key();
    let issue = |name: &str| {
        let issue = Issue::new(csr_with(&key, "CN=a"), f.server, f.root.id).named(name);
        certificates.issue(&issue, &call()).unwrap().certificate.id
    };
    let (a, b) = (issue("a"), issue("b"));
    certificates.revoke(a, RevocationReason::KeyCompromise, &call()).unwrap();
    assert_eq!(certificates.renew(&Renew::same_key(b), &call()).unwrap_err().code(), "csr.key_compromised");
}

/// PAP-11: units that were shipped with a product credential have no other, so it is never retired by a renewal.
#[test]
fn a_product_credential_is_renewed_as_a_batch_only() {
    let f = Fixture::new();
    let profile = f.profile("product", &ProfileSpec::product_credential());
    let device = f.profile("device", &ProfileSpec::device());
    let new = tegata::NewProduct {
        spec: tegata::ProductSpec { name: "Camera".to_owned(), ..tegata::ProductSpec::default() },
        authority: f.root.id,
        credential_profile: profile,
        device_profile: device,
        algorithm: None,
        hand_out: tegata::HandOut::Now,
    };
    let credential = f.registry.products().register(&new, &call()).unwrap().credential.issued.certificate.id;
    let refused = f.registry.certificates().renew(&Renew::same_key(credential), &call());
    assert_eq!(refused.unwrap_err().code(), "input.invalid");
    assert_eq!(f.registry.certificates().get(credential).unwrap().standing(f.now()), Standing::Active);
}

//! Nobody is locked out by a failed renewal or a long sleep, and nothing compromised stays in force.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::{World, code, csr, key};
use tegata::model::{CertificateState, EnrollmentPolicy, ProfileSpec, Standing};
use tegata::store::MemoryStore;
use tegata::{
    Bulk, Call, Enroll, Enrollment, HandOut, IssueWithKey, Options, Presented, Registry, Renew, RevocationReason,
    Signer, Statement,
};

const DAY: i64 = 86_400;

#[test]
fn a_withdrawn_renewal_lets_the_old_certificate_count_as_before() {
    // Trap 9: a failed install never bricks a device.
    let world = World::new();
    let (_, first) = world.enrolled(None);
    let certificates = world.registry.certificates();
    let old = first.issued.certificate.id;
    let new = certificates.renew(&Renew::with_csr(old, csr(&key(), "unit")), &world.call).unwrap().certificate.id;
    assert!(certificates.get(old).unwrap().retires.is_some());
    certificates.revoke(new, RevocationReason::CessationOfOperation, &world.call).unwrap();
    let restored = certificates.get(old).unwrap();
    assert_eq!((restored.retires, restored.successor), (None, None));
    assert_eq!(restored.renew_at, first.issued.certificate.renew_at);
    world.clock.advance(40 * DAY);
    assert!(world.registry.authenticate(&Presented::over_tls(&first.issued.der)).is_ok());
}

#[test]
fn a_confirmed_renewal_that_is_revoked_brings_the_old_one_not_back() {
    let world = World::new();
    let (_, first) = world.enrolled(None);
    let certificates = world.registry.certificates();
    let old = first.issued.certificate.id;
    let new = certificates.renew(&Renew::same_key(old), &world.call).unwrap().certificate.id;
    certificates.confirm(new, &world.call).unwrap();
    certificates.revoke(new, RevocationReason::CessationOfOperation, &world.call).unwrap();
    assert_eq!(code(world.registry.authenticate(&Presented::over_tls(&first.issued.der))), "certificate.superseded");
}

#[test]
fn every_certificate_of_a_compromised_key_goes_with_it() {
    let world = World::new();
    let (_, first) = world.enrolled(None);
    let certificates = world.registry.certificates();
    let old = first.issued.certificate.id;
    let new = certificates.renew(&Renew::same_key(old), &world.call).unwrap().certificate.id;
    certificates.revoke(new, RevocationReason::KeyCompromise, &world.call).unwrap();
    let old = certificates.get(old).unwrap();
    assert_eq!(old.state, CertificateState::Revoked);
    assert_eq!(old.reason, Some(RevocationReason::KeyCompromise));
}

#[test]
fn certificates_of_one_compromised_key_are_revoked_in_one_call_all_or_nothing() {
    // NEC-63
    let world = World::new();
    let (_, first) = world.enrolled(None);
    let (_, other) = world.enrolled(None);
    let certificates = world.registry.certificates();
    let old = first.issued.certificate.id;
    let new = certificates.renew(&Renew::same_key(old), &world.call).unwrap().certificate.id;
    let all = [old, new, other.issued.certificate.id];
    let results = certificates.revoke_many(&all, RevocationReason::KeyCompromise, &Bulk::all(), &world.call).unwrap();
    for (result, id) in results.iter().zip(all) {
        assert_eq!(result.as_ref().unwrap().id, id);
        assert_eq!(certificates.get(id).unwrap().reason, Some(RevocationReason::KeyCompromise));
    }
}

#[test]
fn an_expired_certificate_renews_only_with_another_proof_and_a_revoked_one_never() {
    // Trap 10, SOL-11
    let world = World::new();
    let (unit_key, first) = world.enrolled(Some("SN-1"));
    let (_, second) = world.enrolled(Some("SN-2"));
    let certificates = world.registry.certificates();
    let revoked = second.issued.certificate.id;
    certificates.revoke(revoked, RevocationReason::PrivilegeWithdrawn, &world.call).unwrap();
    world.clock.advance(400 * DAY);
    let expired = first.issued.certificate.id;
    assert_eq!(code(certificates.renew(&Renew::same_key(expired), &world.call)), "certificate.renewal_of_expired");
    let vouched = Renew::same_key(revoked).with_other_proof();
    assert_eq!(code(certificates.renew(&vouched, &world.call)), "certificate.renewal_of_revoked");

    // The unit's own key together with the product credential is such a proof.
    let again = world.enroll(&world.request_with(&unit_key, Some("SN-1"))).unwrap();
    assert_eq!(again.enrollment, Enrollment::Renewed);
    assert_eq!(again.device.id, first.device.id);
    assert_eq!(again.issued.certificate.renews, Some(expired));
    assert!(world.registry.authenticate(&Presented::over_tls(&again.issued.der)).is_ok());
    // Asking once more returns the same.
    let once_more = world.enroll(&world.request_with(&unit_key, Some("SN-1"))).unwrap();
    assert_eq!(once_more.issued.der, again.issued.der);

    // And so is whatever the host vouches for.
    let (_, third) = world.enrolled(Some("SN-3"));
    world.clock.advance(400 * DAY);
    let renewal = Renew::with_csr(third.issued.certificate.id, csr(&key(), "unit")).with_other_proof();
    let renewed = certificates.renew(&renewal, &world.call).unwrap();
    assert_eq!(certificates.get(renewed.certificate.id).unwrap().standing(world.registry_now()), Standing::Active);
}

#[test]
fn a_signature_of_the_product_key_is_checked_when_it_is_given() {
    let world = World::new();
    let (unit, request) = world.request(None);
    let statement = Statement::ProductCredential.message(&request.csr);
    let with = |signature: Vec<u8>| Enroll { credential_signature: Some(signature), ..request.clone() };
    assert_eq!(code(world.enroll(&with(unit.sign(&statement).unwrap()))), "certificate.proof_invalid");
    // A signature that the key made for another purpose serves nothing here.
    let answer = world.credential_key.sign(&Statement::Challenge.message(&request.csr)).unwrap();
    assert_eq!(code(world.enroll(&with(answer))), "certificate.proof_invalid");
    world.enroll(&with(world.credential_key.sign(&statement).unwrap())).unwrap();
}

#[test]
fn keys_that_nobody_collected_are_erased() {
    let world = World::new();
    let mut wanted = IssueWithKey::new(world.product.credential_profile, world.issuing.id);
    wanted.hand_out = HandOut::Later;
    let certificates = world.registry.certificates();
    let id = certificates.issue_with_key(&wanted, &world.call).unwrap().issued.certificate.id;
    // The product credential's own key of this world was never confirmed either.
    assert_eq!(certificates.erase_uncollected(&world.call).unwrap(), 0);
    world.clock.advance(31 * DAY);
    assert_eq!(certificates.erase_uncollected(&world.call).unwrap(), 2);
    assert_eq!(certificates.erase_uncollected(&world.call).unwrap(), 0);
    assert_eq!(code(certificates.collect_key(id, &world.call)), "delivery.lapsed");
}

#[test]
fn a_second_registry_on_the_same_store_sees_a_compromised_authority_and_a_new_one() {
    let store = Arc::new(MemoryStore::new());
    let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
    let options = Options::default().with_clock(world.clock.clone());
    let other = Registry::open(store, common::sealer(), options).unwrap();
    let (_, device) = world.enrolled(None);
    let presented = Presented::over_tls(&device.issued.der);
    assert!(other.authenticate(&presented).is_ok());

    let call = Call::by("other");
    let rebuilt = world.registry.authorities().rebuild(world.issuing.id, &tegata::Rebuild::default(), &call).unwrap();
    assert_eq!(other.authorities().chain(rebuilt.id).unwrap().len(), 2);
    world.registry.authorities().mark_compromised(world.issuing.id, &call).unwrap();
    assert_eq!(code(other.authenticate(&presented)), "authority.compromised");
    assert_eq!(other.trust_bundle().unwrap(), world.registry.trust_bundle().unwrap());
}

#[test]
fn a_second_registry_gives_no_certificate_back_under_a_compromised_authority() {
    // Giving back writes nothing, so no conflict tells that the authority has changed.
    let store = Arc::new(MemoryStore::new());
    let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
    let other = Registry::open(store, common::sealer(), Options::default().with_clock(world.clock.clone())).unwrap();
    let (key, _) = world.enrolled(Some("SN-1"));
    let again = world.request_with(&key, Some("SN-1"));
    assert_eq!(other.devices().enroll(&again, &world.call).unwrap().enrollment, Enrollment::Known);
    world.registry.authorities().mark_compromised(world.issuing.id, &world.call).unwrap();
    assert_eq!(code(other.devices().enroll(&again, &world.call)), "authority.compromised");
}

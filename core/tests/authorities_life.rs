//! Authorities over time: rebuilt, certified across, retired, compromised, and the CRLs they sign (SOL-4, NEC-8, NEC-63).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod interop;

use std::path::Path;

use common::{START, World, code, csr, key};
use interop::{openssl, run};
use tegata::model::{AuthorityState, ProfileSpec, SuspendMode};
use tegata::{
    AuthorityId, Certificate, Crl, CrlOptions, Enroll, HandOut, Issue, Issued, KeyAlgorithm, NewAuthority, Presented,
    Principal, Proof, Purpose, Rebuild, Renew, RevocationReason, Timestamp, verify_chain,
};

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn authenticate(world: &World, certificate: &[u8]) -> tegata::Result<Principal> {
    world.registry.authenticate(&Presented::Certificate { certificate, proof: Proof::TlsSession, device: None })
}

fn crl(world: &World, authority: AuthorityId) -> Crl {
    let made = world.registry.authorities().crl(authority, &CrlOptions::default(), &world.call).unwrap();
    let crl = Crl::from_bytes(&made.der).unwrap();
    assert_eq!((crl.number(), crl.len() as u64), (Some(made.number), made.entries));
    let issuer = world.registry.authorities().get(authority).unwrap();
    crl.verify_signed_by(&read(&issuer.certificate).public_key().unwrap()).unwrap();
    assert_eq!(crl.authority_key_id(), Some(issuer.key_identifier.as_slice()));
    assert_eq!(crl.issuer(), &issuer.subject);
    crl
}

fn verifies(leaf: &[u8], chain: &[Vec<u8>], roots: &[Vec<u8>]) -> tegata::Result<()> {
    let all = |ders: &[Vec<u8>]| ders.iter().map(|der| read(der)).collect::<Vec<_>>();
    verify_chain(&read(leaf), &all(chain), &all(roots), &[], &Purpose::ClientAuth, now().plus(1)).map(|_| ())
}

#[test]
fn a_rebuilt_authority_issues_everything_from_then_on_and_the_old_one_still_signs_crls() {
    // SOL-4
    let world = World::new();
    let (registry, authorities) = (&world.registry, world.registry.authorities());
    let (_, device) = world.enrolled(Some("SN-1"));
    let rebuild = Rebuild { algorithm: Some(KeyAlgorithm::EcdsaP384), ..Rebuild::default() };
    let next = authorities.rebuild(world.issuing.id, &rebuild, &world.call).unwrap();
    assert_eq!((next.generation, next.name.as_str(), next.algorithm), (2, "issuing", KeyAlgorithm::EcdsaP384));
    assert_eq!(next.subject.to_string(), "CN=Test Issuing CA G2,O=Example");
    assert_eq!((next.predecessor, next.parent), (Some(world.issuing.id), Some(world.root.id)));
    let old = authorities.get(world.issuing.id).unwrap();
    assert_eq!((old.state, old.successor), (AuthorityState::Retired, Some(next.id)));
    assert_eq!(code(authorities.rebuild(old.id, &Rebuild::default(), &world.call)), "authority.retired");

    // The product, a renewal and a new device get theirs from the new generation; the old certificate goes on.
    let (_, newcomer) = world.enrolled(Some("SN-2"));
    let renewed = registry.certificates().renew(&Renew::same_key(device.issued.certificate.id), &world.call).unwrap();
    let batch = registry.products().renew_credential(world.product.id, None, HandOut::Now, &world.call).unwrap();
    let trusted = registry.trust_bundle().unwrap().roots;
    for issued in [&newcomer.issued, &renewed, &batch.issued] {
        assert_eq!(issued.certificate.authority, next.id);
        verifies(&issued.der, &issued.chain, &trusted).unwrap();
    }
    assert!(authenticate(&world, &device.issued.der).is_ok());
    assert!(authenticate(&world, &newcomer.issued.der).is_ok());
    // Units with the old batch of credentials still enroll.
    let (_, request) = world.request(Some("SN-3"));
    assert_eq!(world.enroll(&request).unwrap().issued.certificate.authority, next.id);
    world.enroll(&Enroll { credential: batch.issued.der, ..world.request(Some("SN-4")).1 }).unwrap();

    // The old generation revokes what it issued, on a CRL of its own.
    let reason = RevocationReason::CessationOfOperation;
    registry.certificates().revoke(device.issued.certificate.id, reason, &world.call).unwrap();
    let revoked = crl(&world, old.id).get(&device.issued.certificate.serial).unwrap().unwrap();
    assert_eq!((revoked.reason, revoked.at), (reason, now()));
    assert!(crl(&world, next.id).is_empty());
    assert_eq!(authorities.rebuild(next.id, &Rebuild::default(), &world.call).unwrap().generation, 3);
}

#[test]
fn a_rebuilt_root_has_a_subject_of_its_own_and_both_generations_are_trusted() {
    // SOL-4
    let world = World::new();
    let authorities = world.registry.authorities();
    let same = Rebuild { subject: Some(world.root.subject.clone()), ..Rebuild::default() };
    assert_eq!(code(authorities.rebuild(world.root.id, &same, &world.call)), "input.invalid");
    let next = authorities.rebuild(world.root.id, &Rebuild::default(), &world.call).unwrap();
    assert_ne!(next.subject, world.root.subject);
    assert_ne!(next.public_key, world.root.public_key);
    let bundle = world.registry.trust_bundle().unwrap();
    assert_eq!(bundle.roots, [world.root.certificate.clone(), next.certificate.clone()]);
    assert_eq!(Certificate::many_from_pem(bundle.pem().as_bytes()).unwrap().len(), 2);
    // An intermediate that is rebuilt now stands below the new root.
    let issuing = authorities.rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    assert_eq!(issuing.parent, Some(next.id));
    let (_, device) = world.enrolled(None);
    verifies(&device.issued.der, &device.issued.chain, std::slice::from_ref(&next.certificate)).unwrap();
    let old_only = std::slice::from_ref(&world.root.certificate);
    assert_eq!(code(verifies(&device.issued.der, &device.issued.chain, old_only)), "certificate.chain_incomplete");
    assert_eq!(
        code(world.registry.authorities().create_intermediate(
            world.root.id,
            &NewAuthority::new("late", "CN=Late".parse().unwrap()).valid_for_days(10),
            &world.call,
        )),
        "authority.retired"
    );
}

#[test]
fn a_cross_certificate_leads_those_who_trust_the_old_root_to_the_new_one() {
    let world = World::new();
    let authorities = world.registry.authorities();
    let next = authorities.rebuild(world.root.id, &Rebuild::default(), &world.call).unwrap();
    authorities.rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    let (_, device) = world.enrolled(None);
    assert_eq!(code(authorities.cross_certify(next.id, next.id, &world.call)), "input.invalid");
    let cross = authorities.cross_certify(next.id, world.root.id, &world.call).unwrap();
    let certificate = read(&cross);
    assert_eq!((certificate.subject(), certificate.issuer()), (&next.subject, &world.root.subject));
    assert_eq!(certificate.spki(), next.public_key);

    // Only the old root is trusted.
    let old = std::slice::from_ref(&world.root.certificate);
    let intermediate = device.issued.chain[0].clone();
    verifies(&device.issued.der, &[intermediate.clone(), cross.clone()], old).unwrap();
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "old.pem", old);
    write(directory.path(), "untrusted.pem", &[intermediate, cross]);
    write(directory.path(), "leaf.pem", std::slice::from_ref(&device.issued.der));
    let time = START.to_string();
    let arguments = ["verify", "-x509_strict", "-attime", &time, "-CAfile", "old.pem", "-untrusted", "untrusted.pem"];
    openssl(&[&arguments[..], &["leaf.pem"]].concat(), directory.path());
    // The chain that is handed out and the roots to trust stay as they were.
    assert_eq!(authorities.chain(next.id).unwrap(), std::slice::from_ref(&next.certificate));
    assert_eq!(world.registry.trust_bundle().unwrap().roots.len(), 2);
}

#[test]
fn a_retired_authority_issues_nothing_and_revokes_on() {
    let world = World::new();
    let (registry, authorities) = (&world.registry, world.registry.authorities());
    let (_, device) = world.enrolled(Some("SN-1"));
    assert_eq!(authorities.retire(world.issuing.id, &world.call).unwrap().state, AuthorityState::Retired);
    assert_eq!(code(authorities.retire(world.issuing.id, &world.call)), "authority.retired");
    let (_, request) = world.request(Some("SN-2"));
    assert_eq!(code(world.enroll(&request)), "authority.retired");
    let renewal = registry.certificates().renew(&Renew::same_key(device.issued.certificate.id), &world.call);
    assert_eq!(code(renewal), "authority.retired");
    assert!(authenticate(&world, &device.issued.der).is_ok());
    registry.devices().delete(device.device.id, &world.call).unwrap();
    assert_eq!(crl(&world, world.issuing.id).len(), 1);
    world.clock.advance(4_000 * 86_400);
    let late = authorities.crl(world.issuing.id, &CrlOptions::default(), &world.call);
    assert_eq!(code(late), "authority.expired");
}

#[test]
fn nothing_that_a_compromised_authority_issued_authenticates() {
    // NEC-63
    let world = World::new();
    let (registry, authorities) = (&world.registry, world.registry.authorities());
    let (_, device) = world.enrolled(Some("SN-1"));
    authorities.mark_compromised(world.issuing.id, &world.call).unwrap();
    assert_eq!(code(authenticate(&world, &device.issued.der)), "authority.compromised");
    assert_eq!(code(authenticate(&world, &world.credential)), "authority.compromised");
    assert_eq!(code(world.enroll(&world.request(Some("SN-2")).1)), "authority.compromised");
    let crl_of_it = authorities.crl(world.issuing.id, &CrlOptions::default(), &world.call);
    assert_eq!(code(crl_of_it), "authority.compromised");
    assert_eq!(code(authorities.mark_compromised(world.issuing.id, &world.call)), "authority.compromised");
    assert_eq!(code(authorities.retire(world.issuing.id, &world.call)), "authority.compromised");
    // Its parent's CRL says so to the world.
    let parent = crl(&world, world.root.id);
    let entry = parent.get(read(&world.issuing.certificate).serial()).unwrap().unwrap();
    assert_eq!(entry.reason, RevocationReason::CaCompromise);

    // Rebuilt, it issues again: what it issued before is renewed under the new generation.
    let next = authorities.rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    assert_eq!(authorities.get(world.issuing.id).unwrap().state, AuthorityState::Compromised);
    let renewed = registry.certificates().renew(&Renew::same_key(device.issued.certificate.id), &world.call).unwrap();
    assert_eq!(renewed.certificate.authority, next.id);
    assert!(authenticate(&world, &renewed.der).is_ok());
    assert_eq!(code(authenticate(&world, &device.issued.der)), "authority.compromised");
}

#[test]
fn a_compromised_root_takes_what_stands_below_it_along() {
    // NEC-63: who holds the root's key makes intermediates at will, so nobody can trust one of them.
    let world = World::new();
    let authorities = world.registry.authorities();
    let (_, device) = world.enrolled(Some("SN-1"));
    authorities.mark_compromised(world.root.id, &world.call).unwrap();
    assert!(world.registry.trust_bundle().unwrap().roots.is_empty());
    assert_eq!(code(authenticate(&world, &device.issued.der)), "authority.compromised");
    assert_eq!(code(world.enroll(&world.request(Some("SN-2")).1)), "authority.compromised");
    // The way out: a new root, and the intermediate below it.
    let root = authorities.rebuild(world.root.id, &Rebuild::default(), &world.call).unwrap();
    let issuing = authorities.rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    assert_eq!(issuing.parent, Some(root.id));
    assert_eq!(world.registry.trust_bundle().unwrap().roots, std::slice::from_ref(&root.certificate));
    let certificate = device.issued.certificate.id;
    let renewed = world.registry.certificates().renew(&Renew::same_key(certificate), &world.call).unwrap();
    assert!(authenticate(&world, &renewed.der).is_ok());
}

#[test]
fn crl_numbers_only_grow_and_the_next_update_is_as_asked() {
    let world = World::new();
    let authorities = world.registry.authorities();
    assert_eq!(code(authorities.current_crl(world.issuing.id, &CrlOptions::default())), "input.unknown_id");
    let mut last = 0;
    for hours in [1, 24, 8_784] {
        let made = authorities
            .crl(world.issuing.id, &CrlOptions { next_update_hours: hours, ..CrlOptions::default() }, &world.call)
            .unwrap();
        assert!(made.number > last, "{} after {last}", made.number);
        last = made.number;
        let read = Crl::from_bytes(&made.der).unwrap();
        assert_eq!(read.this_update(), now());
        assert_eq!(read.next_update(), Some(now().plus(i64::from(hours) * 3_600)));
        assert_eq!(authorities.current_crl(world.issuing.id, &CrlOptions::default()).unwrap(), made);
    }
    let year = CrlOptions { next_update_hours: 8_785, ..CrlOptions::default() };
    assert_eq!(code(authorities.crl(world.issuing.id, &year, &world.call)), "input.invalid");
    let of_root = authorities.crl(world.root.id, &CrlOptions::default(), &world.call).unwrap();
    assert_eq!(of_root.authority, world.root.id);
    world.clock.advance(169 * 3_600);
    assert_eq!(code(authorities.current_crl(world.root.id, &CrlOptions::default())), "certificate.crl_stale");
    let once = world.call.clone().with_request_id("crl-1");
    let made = authorities.crl(world.root.id, &CrlOptions::default(), &once).unwrap();
    assert_eq!(authorities.crl(world.root.id, &CrlOptions::default(), &once).unwrap(), made);
}

fn write(at: &Path, name: &str, ders: &[Vec<u8>]) {
    let pem: String = ders.iter().map(|der| read(der).pem()).collect();
    std::fs::write(at.join(name), pem).unwrap();
}

#[test]
fn openssl_refuses_what_the_crl_lists_and_accepts_the_rest() {
    // NEC-8, trap 2
    let world = World::with_profile(ProfileSpec { suspend: SuspendMode::CrlHold, ..ProfileSpec::device() });
    let certificates = world.registry.certificates();
    let profile = world.registry.profiles().newest("device").unwrap().id;
    let issue = || certificates.issue(&Issue::new(csr(&key(), "x"), profile, world.issuing.id), &world.call).unwrap();
    let (fine, held, lifted, revoked): (Issued, _, _, _) = (issue(), issue(), issue(), issue());
    certificates.suspend(held.certificate.id, &world.call).unwrap();
    certificates.suspend(lifted.certificate.id, &world.call).unwrap();
    certificates.resume(lifted.certificate.id, &world.call).unwrap();
    let reason = RevocationReason::PrivilegeWithdrawn;
    certificates.revoke(revoked.certificate.id, reason, &world.call).unwrap();
    let issuing = crl(&world, world.issuing.id);
    assert_eq!(issuing.len(), 2);
    let reason_of = |issued: &Issued| issuing.get(&issued.certificate.serial).unwrap().map(|entry| entry.reason);
    assert_eq!(reason_of(&held), Some(RevocationReason::CertificateHold));
    assert_eq!(reason_of(&revoked), Some(reason));
    assert_eq!((reason_of(&fine), reason_of(&lifted)), (None, None));

    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write(at, "root.pem", std::slice::from_ref(&world.root.certificate));
    write(at, "issuing.pem", std::slice::from_ref(&world.issuing.certificate));
    std::fs::write(at.join("crls.pem"), issuing.pem() + &crl(&world, world.root.id).pem()).unwrap();
    let verify = |issued: &Issued| {
        write(at, "leaf.pem", std::slice::from_ref(&issued.der));
        let time = START.to_string();
        let checks = ["verify", "-x509_strict", "-crl_check_all", "-attime", &time, "-CRLfile", "crls.pem"];
        let trust = ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"];
        let output = run("openssl", &[&checks[..], &trust].concat(), at);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for issued in [&fine, &lifted] {
        let (verified, complaint) = verify(issued);
        assert!(verified, "{complaint}");
    }
    for issued in [&held, &revoked] {
        let (verified, complaint) = verify(issued);
        assert!(!verified && complaint.contains("certificate revoked"), "{complaint}");
    }
}

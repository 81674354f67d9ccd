//! OCSP through the door: what is said of whom, who signs it, how long it serves, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names, missing_docs)]

mod registry_fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use registry_fixture::{Fixture, call, csr, key};
use tegata::error::SignerError;
use tegata::model::{ProfileSpec, SuspendMode};
use tegata::store::{MemoryStore, SoftwareSealer};
use tegata::{
    AuthorityId, Certificate, CheckedOcsp, EventFilter, FixedClock, Issue, Issued, KeyAlgorithm, NewAuthority,
    OcspHash, OcspOptions, OcspResponseStatus, OcspStatus, Oid, Options, Page, PrivateKey, PublicKey, Rebuild,
    Registry, Renew, RevocationReason, Secret, SignatureAlgorithm, Signer, check_ocsp, make_ocsp_request,
    parse_certificate,
};

const NONCE: &[u8] = b"0123456789abcdef0123456789abcdef";

/// The issuer's certificate.
fn issuer(registry: &Registry, id: AuthorityId) -> Certificate {
    parse_certificate(&registry.authorities().get(id).unwrap().certificate).unwrap()
}

fn request(issued: &Issued, issuer: &Certificate, nonce: Option<&[u8]>) -> Vec<u8> {
    make_ocsp_request(&[parse_certificate(&issued.der).unwrap()], issuer, OcspHash::Sha1, nonce).unwrap()
}

/// What the fixture's registry answers about a certificate of its root, checked as a device would.
fn asked(fixture: &Fixture, issued: &Issued) -> OcspStatus {
    checked(fixture, issued).status
}

fn checked(fixture: &Fixture, issued: &Issued) -> CheckedOcsp {
    let root = issuer(&fixture.registry, fixture.root.id);
    let answer = fixture.registry.ocsp().respond(&request(issued, &root, Some(NONCE))).unwrap();
    assert_eq!(answer.status, OcspResponseStatus::Successful, "{:?}", answer.cause);
    let certificate = parse_certificate(&issued.der).unwrap();
    check_ocsp(&answer.der, &certificate, &root, Some(NONCE), fixture.now()).unwrap()
}

fn refusal(fixture: &Fixture, issued: &Issued, authority: AuthorityId) -> (OcspResponseStatus, Option<String>) {
    let answer =
        fixture.registry.ocsp().respond(&request(issued, &issuer(&fixture.registry, authority), None)).unwrap();
    (answer.status, answer.cause)
}

fn responder_certificate(fixture: &Fixture) -> Certificate {
    let responder = fixture.registry.ocsp().responder(fixture.root.id, &call()).unwrap();
    parse_certificate(&responder.certificate.unwrap()).unwrap()
}

#[test]
fn what_is_said_follows_the_life_of_a_certificate() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let id = issued.certificate.id;
    let certificates = fixture.registry.certificates();
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    fixture.clock.advance(60);
    certificates.suspend(id, &call()).unwrap();
    assert!(matches!(asked(&fixture, &issued), OcspStatus::Revoked { reason: RevocationReason::CertificateHold, .. }));
    certificates.resume(id, &call()).unwrap();
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    certificates.revoke(id, RevocationReason::PrivilegeWithdrawn, &call()).unwrap();
    let revoked = OcspStatus::Revoked { at: fixture.now(), reason: RevocationReason::PrivilegeWithdrawn };
    fixture.clock.advance(3_600);
    assert_eq!(asked(&fixture, &issued), revoked);
    // Also after it has expired and left the CRLs.
    fixture.clock.advance(400 * 86_400);
    fixture.registry.authorities().crl(fixture.root.id, &tegata::CrlOptions::default(), &call()).unwrap();
    assert_eq!(asked(&fixture, &issued), revoked);
}

#[test]
fn a_hold_that_crls_list_says_since_when() {
    let fixture = Fixture::new();
    let spec = ProfileSpec { suspend: SuspendMode::CrlHold, ..fixture.spec() };
    let issued = fixture.issue_under(fixture.profile("held", &spec), "gateway");
    fixture.registry.certificates().suspend(issued.certificate.id, &call()).unwrap();
    let held = OcspStatus::Revoked { at: fixture.now(), reason: RevocationReason::CertificateHold };
    fixture.clock.advance(3_600);
    assert_eq!(asked(&fixture, &issued), held);
}

#[test]
fn an_expired_certificate_that_was_never_revoked_is_good() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let held = fixture.issue("held");
    fixture.registry.certificates().suspend(held.certificate.id, &call()).unwrap();
    let replaced = fixture.issue("replaced");
    fixture.registry.certificates().renew(&Renew::same_key(replaced.certificate.id), &call()).unwrap();
    fixture.clock.advance(500 * 86_400);
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    // Nor does it make good what was not when it ended.
    let reason = |issued| match asked(&fixture, issued) {
        OcspStatus::Revoked { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&held), RevocationReason::CertificateHold);
    assert_eq!(reason(&replaced), RevocationReason::Superseded);
}

#[test]
fn a_replaced_certificate_is_superseded_when_its_grace_period_ends() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    fixture.registry.certificates().renew(&Renew::same_key(issued.certificate.id), &call()).unwrap();
    let retires = fixture.registry.certificates().get(issued.certificate.id).unwrap().retires.unwrap();
    fixture.clock.advance(retires.since(fixture.now()) - 3_600);
    // Nobody keeps this answer for longer than it is true.
    let before = checked(&fixture, &issued);
    assert_eq!((before.status, before.next_update), (OcspStatus::Good, Some(retires)));
    fixture.clock.advance(3_600);
    let superseded = OcspStatus::Revoked { at: retires, reason: RevocationReason::Superseded };
    assert_eq!(asked(&fixture, &issued), superseded);
}

#[test]
fn what_was_never_issued_is_unknown_and_another_issuer_is_not_ours() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let root = issuer(&fixture.registry, fixture.root.id);
    let other = Fixture::new();
    let stranger = other.issue("stranger");
    // A certificate of another CA under our name and serial numbers of any shape.
    for serial in [&[1][..], &[0x7f; 16], &[0x7f; 20], &[0x80; 3], stranger.certificate.serial.as_slice()] {
        let mut wanted = request(&issued, &root, None);
        let id = tegata::x509::ocsp::cert_id(OcspHash::Sha256, root.subject(), &root.public_key().unwrap(), serial);
        let head = [0x30, u8::try_from(id.len() + 6).unwrap(), 0x30, u8::try_from(id.len() + 4).unwrap()];
        wanted.clear();
        wanted.extend(head);
        wanted.extend([0x30, u8::try_from(id.len() + 2).unwrap(), 0x30, u8::try_from(id.len()).unwrap()]);
        wanted.extend(&id);
        let answer = fixture.registry.ocsp().respond(&wanted).unwrap();
        let said = tegata::x509::OcspResponse::from_der(&answer.der).unwrap();
        let statuses: Vec<_> = said.statuses().map(|(serial, status)| (serial.to_vec(), status)).collect();
        assert_eq!(statuses, [(serial.to_vec(), OcspStatus::Unknown)]);
    }
    let theirs = issuer(&other.registry, other.root.id);
    let answer = fixture.registry.ocsp().respond(&request(&stranger, &theirs, None)).unwrap();
    assert_eq!((answer.status, answer.cause), (OcspResponseStatus::Unauthorized, None));
}

#[test]
fn several_certificates_are_answered_at_once_and_those_of_another_issuer_are_unknown() {
    let fixture = Fixture::new();
    let issuing = fixture.intermediate();
    let (one, two) = (fixture.issue("one"), fixture.issue("two"));
    fixture.registry.certificates().revoke(two.certificate.id, RevocationReason::Unspecified, &call()).unwrap();
    let other = Issue::new(csr("three"), fixture.server, issuing.id).named("three");
    let other = fixture.registry.certificates().issue(&other, &call()).unwrap();
    let root = issuer(&fixture.registry, fixture.root.id);
    let read = |issued: &Issued| parse_certificate(&issued.der).unwrap();
    let both = [read(&one), read(&two)];
    let answer = fixture.registry.ocsp().respond(&make_ocsp_request(&both, &root, OcspHash::Sha256, None).unwrap());
    let answer = answer.unwrap();
    let status = |certificate| check_ocsp(&answer.der, certificate, &root, None, fixture.now()).unwrap().status;
    assert_eq!(status(&both[0]), OcspStatus::Good);
    assert!(matches!(status(&both[1]), OcspStatus::Revoked { reason: RevocationReason::Unspecified, .. }));
    // The intermediate's own certificate is one of the root's.
    let above = issuer(&fixture.registry, issuing.id);
    let wanted = make_ocsp_request(std::slice::from_ref(&above), &root, OcspHash::Sha1, None).unwrap();
    let answer = fixture.registry.ocsp().respond(&wanted).unwrap();
    assert_eq!(check_ocsp(&answer.der, &above, &root, None, fixture.now()).unwrap().status, OcspStatus::Good);
    // What the intermediate issued, its own responder answers.
    let answer = fixture.registry.ocsp().respond(&request(&other, &above, None)).unwrap();
    assert_eq!(check_ocsp(&answer.der, &read(&other), &above, None, fixture.now()).unwrap().status, OcspStatus::Good);
    let refused = check_ocsp(&answer.der, &read(&one), &root, None, fixture.now()).unwrap_err();
    assert_eq!(refused.code(), "certificate.ocsp_signature");
}

#[test]
fn the_responder_is_certified_for_this_alone_and_cannot_be_asked_about_itself() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    asked(&fixture, &issued);
    let certificate = responder_certificate(&fixture);
    let extensions = certificate.extensions();
    assert_eq!(extensions.extended_key_usage, [Oid::OCSP_SIGNING]);
    assert_eq!(extensions.key_usage, Some(tegata::KeyUsage::DIGITAL_SIGNATURE));
    assert!(!certificate.is_ca());
    let nocheck: Oid = "1.3.6.1.5.5.7.48.1.5".parse().unwrap();
    assert!(extensions.all.contains(&(nocheck, false)));
    assert_eq!(certificate.not_after().since(fixture.now()), 30 * 86_400);
    let root = issuer(&fixture.registry, fixture.root.id);
    let wanted = make_ocsp_request(std::slice::from_ref(&certificate), &root, OcspHash::Sha1, None).unwrap();
    let answer = fixture.registry.ocsp().respond(&wanted).unwrap();
    assert_eq!(check_ocsp(&answer.der, &certificate, &root, None, fixture.now()).unwrap().status, OcspStatus::Good);
}

#[test]
fn the_responder_renews_itself_at_two_thirds_and_each_time_leaves_an_event() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    asked(&fixture, &issued);
    let first = responder_certificate(&fixture);
    fixture.clock.advance(19 * 86_400);
    asked(&fixture, &issued);
    assert_eq!(responder_certificate(&fixture), first);
    fixture.clock.advance(86_400);
    asked(&fixture, &issued);
    let second = responder_certificate(&fixture);
    assert_ne!(second.spki(), first.spki());
    // A clock that was set back far makes another one rather than signing with one that is not valid yet.
    fixture.clock.set("2026-11-01T00:00:00Z".parse().unwrap());
    assert_ne!(responder_certificate(&fixture).spki(), second.spki());
    let about = EventFilter { action: Some("ocsp.certify".to_owned()), ..EventFilter::default() };
    assert_eq!(fixture.registry.events().find(&about, &Page::of(10)).unwrap().total, Some(3));
}

/// A key of the host's, which can be out of reach.
struct Vault {
    key: PrivateKey,
    closed: AtomicBool,
    /// How often it was asked.
    asked: AtomicUsize,
}

impl Signer for Vault {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            return Err(SignerError::Failed { reason: "the vault is closed".to_owned() });
        }
        self.key.sign(message)
    }
}

#[test]
fn while_the_authoritys_key_is_out_of_reach_the_present_responder_serves_until_its_end() {
    let mut fixture = Fixture::new();
    let vault = Arc::new(Vault { key: key(), closed: AtomicBool::new(false), asked: AtomicUsize::new(0) });
    let new = NewAuthority::new("vault", "CN=Vault".parse().unwrap()).with_signer(vault.clone());
    fixture.root = fixture.registry.authorities().create_root(&new, &call()).unwrap();
    let issued = fixture.issue("gateway");
    vault.closed.store(true, Ordering::SeqCst);
    let refused = refusal(&fixture, &issued, fixture.root.id);
    assert_eq!(refused, (OcspResponseStatus::TryLater, Some("signer.failed".to_owned())));
    // Anybody can ask, so a signer that fails is not asked every time.
    let asked_before = vault.asked.load(Ordering::SeqCst);
    assert_eq!(refusal(&fixture, &issued, fixture.root.id), refused);
    assert_eq!(vault.asked.load(Ordering::SeqCst), asked_before);
    vault.closed.store(false, Ordering::SeqCst);
    fixture.clock.advance(5);
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    vault.closed.store(true, Ordering::SeqCst);
    fixture.clock.advance(29 * 86_400);
    let asked_before = vault.asked.load(Ordering::SeqCst);
    for _ in 0..10 {
        assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    }
    assert_eq!(vault.asked.load(Ordering::SeqCst), asked_before + 1);
    fixture.clock.advance(86_400 - 3_600);
    // No answer outlives the certificate that signed it.
    assert_eq!(checked(&fixture, &issued).next_update, Some(fixture.now().plus(3_600)));
    fixture.clock.advance(3_601);
    assert_eq!(refusal(&fixture, &issued, fixture.root.id).0, OcspResponseStatus::TryLater);
    fixture.clock.advance(5);
    vault.closed.store(false, Ordering::SeqCst);
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
}

#[test]
fn a_retired_generation_answers_for_what_it_issued_until_it_expires() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    fixture.registry.authorities().rebuild(fixture.root.id, &Rebuild::default(), &call()).unwrap();
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    fixture.clock.advance(fixture.root.not_after.since(fixture.now()) + 1);
    let refused = refusal(&fixture, &issued, fixture.root.id);
    assert_eq!(refused, (OcspResponseStatus::Unauthorized, Some("authority.expired".to_owned())));
}

#[test]
fn everything_of_a_compromised_authority_is_revoked_as_long_as_its_responder_can_say_so() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    assert_eq!(asked(&fixture, &issued), OcspStatus::Good);
    fixture.clock.advance(3_600);
    fixture.registry.authorities().mark_compromised(fixture.root.id, &call()).unwrap();
    let revoked = OcspStatus::Revoked { at: issued.certificate.issued, reason: RevocationReason::CaCompromise };
    assert_eq!(asked(&fixture, &issued), revoked);
    fixture.clock.advance(30 * 86_400);
    let refused = refusal(&fixture, &issued, fixture.root.id);
    assert_eq!(refused, (OcspResponseStatus::Unauthorized, Some("authority.compromised".to_owned())));
}

#[test]
fn the_authoritys_own_key_signs_where_that_is_wished() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let options = OcspOptions { delegated: false, validity_hours: 1, ..OcspOptions::default() };
    fixture.registry.ocsp().configure(fixture.root.id, &options, &call()).unwrap();
    let said = checked(&fixture, &issued);
    assert_eq!((said.status, said.next_update), (OcspStatus::Good, Some(fixture.now().plus(3_600))));
    fixture.registry.authorities().mark_compromised(fixture.root.id, &call()).unwrap();
    assert_eq!(refusal(&fixture, &issued, fixture.root.id).0, OcspResponseStatus::Unauthorized);
}

#[test]
fn an_answer_serves_again_until_what_it_says_has_changed() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let root = issuer(&fixture.registry, fixture.root.id);
    let wanted = request(&issued, &root, None);
    let ask = || fixture.registry.ocsp().respond(&wanted).unwrap();
    let first = ask();
    fixture.clock.advance(11 * 3_600);
    assert_eq!(ask().der, first.der);
    assert_eq!(ask().cache_control, "max-age=46800, public, no-transform, must-revalidate");
    // Half of its time is over.
    fixture.clock.advance(3_600);
    let second = ask();
    assert_ne!((&second.der, &second.etag), (&first.der, &first.etag));
    fixture.registry.certificates().revoke(issued.certificate.id, RevocationReason::Unspecified, &call()).unwrap();
    let certificate = parse_certificate(&issued.der).unwrap();
    let said = check_ocsp(&ask().der, &certificate, &root, None, fixture.now()).unwrap().status;
    assert!(matches!(said, OcspStatus::Revoked { .. }));
    // With a nonce, each is its own.
    let wanted = request(&issued, &root, Some(NONCE));
    let answers = [(); 2].map(|()| fixture.registry.ocsp().respond(&wanted).unwrap());
    assert_ne!(answers[0].der, answers[1].der);
    assert_eq!((answers[0].cache_control.as_str(), &answers[0].etag), ("no-store", &None));
}

#[test]
fn two_registries_on_one_store_share_a_responder_and_see_each_others_revocations() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(FixedClock::at("2026-11-22T00:00:00Z".parse().unwrap()));
    let open = || {
        let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([7; 32])).unwrap());
        Registry::open(store.clone(), sealer, Options::default().with_clock(clock.clone())).unwrap()
    };
    let (here, there) = (open(), open());
    let new = NewAuthority::new("root", "CN=Root".parse().unwrap());
    // The other one looks for authorities that it does not know, now and then.
    assert_eq!(there.ocsp().respond(&[]).unwrap().status, OcspResponseStatus::MalformedRequest);
    let root = here.authorities().create_root(&new, &call()).unwrap();
    let profile = here.profiles().put("server", &Fixture::new().spec(), &call()).unwrap().id;
    let issued = here.certificates().issue(&Issue::new(csr("a"), profile, root.id).named("a"), &call()).unwrap();
    let above = issuer(&here, root.id);
    let wanted = request(&issued, &above, None);
    let ask = |registry: &Registry| {
        let answer = registry.ocsp().respond(&wanted).unwrap();
        let certificate = parse_certificate(&issued.der).unwrap();
        check_ocsp(&answer.der, &certificate, &above, None, "2026-11-22T00:00:00Z".parse().unwrap()).unwrap().status
    };
    // Both at once make one responder.
    std::thread::scope(|scope| {
        for registry in [&here, &there, &here, &there] {
            scope.spawn(move || assert_eq!(ask(registry), OcspStatus::Good));
        }
    });
    let certificates = [&here, &there].map(|registry| registry.ocsp().responder(root.id, &call()).unwrap().certificate);
    assert_eq!(certificates[0], certificates[1]);
    let about = EventFilter { action: Some("ocsp.certify".to_owned()), ..EventFilter::default() };
    assert_eq!(here.events().find(&about, &Page::of(10)).unwrap().total, Some(1));
    here.certificates().revoke(issued.certificate.id, RevocationReason::KeyCompromise, &call()).unwrap();
    assert!(
        matches!(ask(&there), OcspStatus::Revoked { .. }),
        "a cached answer of another process outlived a revocation"
    );
}

#[test]
fn answers_are_signed_in_advance_a_page_at_a_time() {
    let fixture = Fixture::new();
    let issued: Vec<_> = (0..7).map(|n| fixture.issue(&format!("unit {n}"))).collect();
    fixture.registry.certificates().revoke(issued[3].certificate.id, RevocationReason::Superseded, &call()).unwrap();
    let root = issuer(&fixture.registry, fixture.root.id);
    let mut page = Page::of(3);
    let mut all = Vec::new();
    loop {
        let listing = fixture.registry.ocsp().presign(fixture.root.id, OcspHash::Sha256, &page).unwrap();
        all.extend(listing.items);
        let Some(next) = listing.next else { break };
        page = Page::of(3).after(next);
    }
    assert_eq!(all.len(), issued.len());
    for (ready, issued) in all.iter().zip(&issued) {
        assert_eq!(ready.certificate, issued.certificate.id);
        let certificate = parse_certificate(&issued.der).unwrap();
        let said = check_ocsp(&ready.der, &certificate, &root, None, fixture.now()).unwrap();
        assert_eq!(said.next_update, Some(ready.next_update));
        let revoked = matches!(said.status, OcspStatus::Revoked { .. });
        assert_eq!(revoked, issued.certificate.id == all[3].certificate);
        // The path is that of the request which a device sends.
        let wanted = make_ocsp_request(&[certificate], &root, OcspHash::Sha256, None).unwrap();
        assert_eq!(
            ready.path.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="),
            data_encoding::BASE64.encode(&wanted)
        );
    }
}

#[test]
fn what_is_not_a_proper_request_is_malformed_and_never_an_error() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let root = issuer(&fixture.registry, fixture.root.id);
    let fine = request(&issued, &root, Some(NONCE));
    assert_eq!(fixture.registry.ocsp().respond(&fine).unwrap().status, OcspResponseStatus::Successful);
    let status = |bytes: &[u8]| fixture.registry.ocsp().respond(bytes).unwrap().status;
    for end in 0..fine.len() {
        assert_eq!(status(&fine[..end]), OcspResponseStatus::MalformedRequest, "cut at {end}");
    }
    for at in 0..fine.len() {
        let mut altered = fine.clone();
        altered[at] ^= 0x15;
        // Whatever it has become, there is an answer.
        let _ = status(&altered);
    }
    assert_eq!(status(&[fine.as_slice(), &[0]].concat()), OcspResponseStatus::MalformedRequest);
    let nonce = |nonce: &[u8]| {
        make_ocsp_request(&[parse_certificate(&issued.der).unwrap()], &root, OcspHash::Sha1, Some(nonce))
    };
    assert_eq!(status(&nonce(&[1; 128]).unwrap()), OcspResponseStatus::Successful);
    assert_eq!(status(&nonce(&[1]).unwrap()), OcspResponseStatus::Successful);
    assert_eq!(nonce(&[1; 129]).unwrap_err().code(), "input.invalid");
    // 129 octets of nonce, written by hand: each length around it grows by one.
    let mut long = nonce(&[1; 128]).unwrap();
    long.push(1);
    let lengths: Vec<_> = (0..long.len() - 130).filter(|&at| long[at] == 0x81).map(|at| at + 1).collect();
    for at in lengths {
        long[at] += 1;
    }
    assert_eq!(status(&long), OcspResponseStatus::MalformedRequest);
    let many: Vec<_> = vec![parse_certificate(&issued.der).unwrap(); 32];
    assert_eq!(status(&make_ocsp_request(&many, &root, OcspHash::Sha1, None).unwrap()), OcspResponseStatus::Successful);
}

#[test]
fn a_response_that_others_made_up_is_not_believed() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let root = issuer(&fixture.registry, fixture.root.id);
    let certificate = parse_certificate(&issued.der).unwrap();
    let answer = fixture.registry.ocsp().respond(&request(&issued, &root, Some(NONCE))).unwrap().der;
    let check = |der: &[u8]| check_ocsp(der, &certificate, &root, Some(NONCE), fixture.now()).map(|said| said.status);
    assert_eq!(check(&answer), Ok(OcspStatus::Good));
    for at in 0..answer.len() {
        let mut altered = answer.clone();
        altered[at] ^= 1;
        assert!(check(&altered).is_err(), "octet {at} can be altered");
    }
    // A certificate of the same issuer that is not for OCSP signs nothing.
    let own = key();
    let wanted = tegata::make_csr(&own, &"CN=server".parse().unwrap(), &[]).unwrap();
    let server = Issue::new(wanted, fixture.server, fixture.root.id).named("server");
    let server = fixture.registry.certificates().issue(&server, &call()).unwrap();
    let id =
        tegata::x509::ocsp::cert_id(OcspHash::Sha1, root.subject(), &root.public_key().unwrap(), certificate.serial());
    let single = tegata::x509::ocsp::SingleResponse {
        certificate: &id,
        status: OcspStatus::Good,
        this_update: fixture.now(),
        next_update: None,
    };
    let template = |key: &PrivateKey, der: &[u8]| {
        tegata::x509::ocsp::ResponseTemplate {
            responder: &tegata::x509::ocsp::responder_key_hash(key.public_key()),
            produced_at: fixture.now(),
            responses: &[single],
            nonce: Some(NONCE),
        }
        .sign(key, Some(der))
        .unwrap()
    };
    assert_eq!(check(&template(&own, &server.der)).unwrap_err().code(), "certificate.ocsp_signature");
    assert_eq!(check(&template(&key(), root.der())).unwrap_err().code(), "certificate.ocsp_signature");
}

#[test]
fn every_kind_of_key_can_sign_answers() {
    let fixture = Fixture::new();
    let issued = fixture.issue("gateway");
    let mut kinds = vec![KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];
    if cfg!(feature = "aws-lc") {
        kinds.push(KeyAlgorithm::Rsa2048);
    }
    for algorithm in kinds {
        let options = OcspOptions { algorithm, ..OcspOptions::default() };
        let made = fixture.registry.ocsp().configure(fixture.root.id, &options, &call()).unwrap();
        let certificate = parse_certificate(&made.certificate.unwrap()).unwrap();
        assert_eq!(certificate.public_key().unwrap().algorithm(), algorithm);
        assert_eq!(asked(&fixture, &issued), OcspStatus::Good, "{algorithm}");
    }
}

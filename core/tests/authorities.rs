//! Authorities come to life: made here, imported, certified outside, with a key here or with the host (NEC-5, NEC-51, NEC-57).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod interop;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{START, World, code, csr, key, sealer};
use interop::openssl;
use tegata::error::SignerError;
use tegata::model::{AuthorityState, ProfileSpec, SignerLocation};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore};
use tegata::{
    Authorities, AuthorityFilter, Call, Certificate, Clock, CrlOptions, FixedClock, ImportAuthority, Issue,
    KeyAlgorithm, KeyUsage, NewAuthority, Options, Page, PrivateKey, PublicKey, Purpose, Rebuild, Registry, Secret,
    Signer, SystemClock, Text, Timestamp, VerifiedCsr, verify_chain,
};

const ALGORITHMS: [KeyAlgorithm; 3] = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];

fn empty() -> Registry {
    empty_at(Timestamp::from_unix(START))
}

fn empty_at(now: Timestamp) -> Registry {
    let options = Options::default().with_clock(Arc::new(FixedClock::at(now)));
    Registry::open(MemoryStore::new(), sealer(), options).unwrap()
}

/// What openssl makes is valid from the moment it makes it.
fn in_an_hour() -> Timestamp {
    SystemClock.now().plus(3_600)
}

fn new(name: &str) -> NewAuthority {
    NewAuthority::new(name, format!("CN={name},O=Example").parse().unwrap())
}

fn call() -> Call {
    Call::by("admin")
}

fn how_many(authorities: &Authorities<'_>) -> u64 {
    authorities.find(&AuthorityFilter::default(), &Page::of(1)).unwrap().total.unwrap()
}

/// Verifies a leaf that was just issued as openssl does, strictly, from the root at the end of `chain`.
fn openssl_verifies(leaf: &[u8], chain: &[Vec<u8>], directory: &Path) {
    let pem = |der: &[u8]| Certificate::from_der(der).unwrap().pem();
    std::fs::write(directory.join("leaf.pem"), pem(leaf)).unwrap();
    std::fs::write(directory.join("root.pem"), pem(chain.last().unwrap())).unwrap();
    let above: String = chain.iter().map(|der| pem(der)).collect();
    std::fs::write(directory.join("chain.pem"), above).unwrap();
    let time = Certificate::from_der(leaf).unwrap().not_before().plus(600).unix().to_string();
    let arguments =
        ["verify", "-x509_strict", "-attime", &time, "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"];
    openssl(&arguments, directory);
}

fn issue(registry: &Registry, authority: tegata::AuthorityId) -> tegata::Result<tegata::Issued> {
    let profile = registry.profiles().put("device", &ProfileSpec::device(), &call())?;
    registry.certificates().issue(&Issue::new(csr(&key(), "x"), profile.id, authority), &call())
}

#[test]
fn roots_and_intermediates_are_made_with_every_algorithm_and_openssl_verifies_what_they_issue() {
    // NEC-5, NEC-51
    for root_algorithm in ALGORITHMS {
        for algorithm in ALGORITHMS {
            let (registry, directory) = (empty(), tempfile::tempdir().unwrap());
            let authorities = registry.authorities();
            let root = authorities.create_root(&new("root").with_algorithm(root_algorithm), &call()).unwrap();
            let wanted = new("issuing").with_algorithm(algorithm).valid_for_days(1_000);
            let issuing = authorities.create_intermediate(root.id, &wanted, &call()).unwrap();
            assert_eq!((root.algorithm, issuing.algorithm), (root_algorithm, algorithm));
            assert_eq!(issuing.parent, Some(root.id));
            let issued = issue(&registry, issuing.id).unwrap();
            openssl_verifies(&issued.der, &authorities.chain(issuing.id).unwrap(), directory.path());
        }
    }
}

#[test]
fn a_ca_certificate_is_version_3_with_what_strict_readers_want() {
    let registry = empty();
    let root = registry.authorities().create_root(&NewAuthority { path_len: Some(1), ..new("root") }, &call()).unwrap();
    let certificate = Certificate::from_der(&root.certificate).unwrap();
    assert_eq!((certificate.version(), certificate.is_ca(), certificate.path_len()), (3, true, Some(1)));
    assert!(certificate.is_self_signed());
    let extensions = certificate.extensions();
    assert_eq!(extensions.key_usage, Some(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN));
    assert_eq!(extensions.subject_key_id.as_deref(), Some(root.key_identifier.as_slice()));
    assert_eq!(extensions.authority_key_id.as_deref(), Some(root.key_identifier.as_slice()));
    assert!((1..=20).contains(&certificate.serial().len()));
}

#[test]
fn rsa_authorities_need_a_build_that_can_make_rsa_keys() {
    let registry = empty();
    let made = registry.authorities().create_root(&new("root").with_algorithm(KeyAlgorithm::Rsa2048), &call());
    if cfg!(feature = "aws-lc") {
        let root = made.unwrap();
        let directory = tempfile::tempdir().unwrap();
        openssl_verifies(&issue(&registry, root.id).unwrap().der, &[root.certificate], directory.path());
    } else {
        assert_eq!(code(made), "key.generation_unsupported");
        assert_eq!(how_many(&registry.authorities()), 0);
    }
}

#[test]
fn names_validity_and_subject_are_checked() {
    let registry = empty();
    let authorities = registry.authorities();
    let root = authorities.create_root(&new("root").valid_for_days(100), &call()).unwrap();
    assert_eq!(code(authorities.create_root(&new("root"), &call())), "authority.name_taken");
    assert_eq!(code(authorities.create_root(&new(" root"), &call())), "input.invalid");
    let nameless = NewAuthority::new("nameless", tegata::Name::empty());
    assert_eq!(code(authorities.create_root(&nameless, &call())), "input.invalid");
    for days in [0, 36_526, u32::MAX] {
        assert_eq!(code(authorities.create_root(&new("x").valid_for_days(days), &call())), "input.invalid");
        let rebuild = Rebuild { validity_days: Some(days), ..Rebuild::default() };
        assert_eq!(code(authorities.rebuild(root.id, &rebuild, &call())), "input.invalid");
    }
    let longer = new("longer").valid_for_days(101);
    let outlives = authorities.create_intermediate(root.id, &longer, &call());
    assert_eq!(code(outlives), "authority.validity_exceeds_issuer");
    authorities.create_intermediate(root.id, &new("as long").valid_for_days(100), &call()).unwrap();
    let by_name = AuthorityFilter { name: Some(Text::Is("as long".to_owned())), ..AuthorityFilter::default() };
    assert_eq!(authorities.find(&by_name, &Page::of(10)).unwrap().items[0].name, "as long");
    assert_eq!(how_many(&authorities), 2);
}

#[test]
fn the_path_length_bounds_how_deep_authorities_go() {
    let registry = empty();
    let authorities = registry.authorities();
    let root = authorities.create_root(&NewAuthority { path_len: Some(1), ..new("root") }, &call()).unwrap();
    let at = |name: &str, path_len| NewAuthority { path_len, ..new(name).valid_for_days(1_000) };
    let too_deep = authorities.create_intermediate(root.id, &at("deep", Some(1)), &call());
    assert_eq!(code(too_deep), "authority.path_length");
    // Without a wish of its own, the intermediate gets what is left.
    let issuing = authorities.create_intermediate(root.id, &at("issuing", None), &call()).unwrap();
    assert_eq!(Certificate::from_der(&issuing.certificate).unwrap().path_len(), Some(0));
    let below = authorities.create_intermediate(issuing.id, &at("below", None), &call());
    assert_eq!(code(below), "authority.path_length");
    openssl_verifies(
        &issue(&registry, issuing.id).unwrap().der,
        &authorities.chain(issuing.id).unwrap(),
        tempfile::tempdir().unwrap().path(),
    );
}

#[test]
fn a_repeated_request_id_makes_one_authority_and_other_content_is_refused() {
    // Trap 14
    let registry = empty();
    let authorities = registry.authorities();
    let once = call().with_request_id("ca-1");
    let first = authorities.create_root(&new("root"), &once).unwrap();
    assert_eq!(authorities.create_root(&new("root"), &once).unwrap().certificate, first.certificate);
    let other = NewAuthority { subject: "CN=Other".parse().unwrap(), ..new("root") };
    assert_eq!(code(authorities.create_root(&other, &once)), "input.request_id_reused");
    assert_eq!(code(authorities.create_root(&new("root").valid_for_days(9), &once)), "input.request_id_reused");
    assert_eq!(code(authorities.create_intermediate(first.id, &new("root"), &once)), "input.request_id_reused");
    assert_eq!(how_many(&authorities), 1);
}

#[test]
fn an_outside_ca_certifies_an_authority_that_was_requested_here() {
    // NEC-51: a commercial CA can stand above.
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    outside_root(at);
    let registry = empty_at(in_an_hour());
    let authorities = registry.authorities();
    let requested = authorities.request(&new("issuing"), &call()).unwrap();
    assert_eq!(requested.state, AuthorityState::Requested);
    let request = requested.request.unwrap();
    assert_eq!(VerifiedCsr::parse(&request).unwrap().subject(), &requested.subject);
    // Until its certificate comes it does nothing.
    assert_eq!(code(issue(&registry, requested.id)), "authority.not_installed");
    assert_eq!(code(authorities.chain(requested.id)), "authority.not_installed");
    assert_eq!(code(authorities.retire(requested.id, &call())), "authority.not_installed");
    assert_eq!(code(authorities.rebuild(requested.id, &Rebuild::default(), &call())), "authority.not_installed");
    assert_eq!(code(authorities.crl(requested.id, &CrlOptions::default(), &call())), "authority.not_installed");
    assert!(registry.trust_bundle().unwrap().roots.is_empty());

    let root = std::fs::read(at.join("root.pem")).unwrap();
    let other = sign_ca(at, "other", &tegata::make_csr(&key(), &requested.subject, &[]).unwrap(), CA);
    assert_eq!(code(authorities.install(requested.id, &other, &root, &call())), "authority.signer_mismatch");
    let no_ca = sign_ca(at, "no_ca", &request, "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash");
    assert_eq!(code(authorities.install(requested.id, &no_ca, &root, &call())), "authority.not_ca");
    let certificate = sign_ca(at, "issuing", &request, CA);
    assert_eq!(code(authorities.install(requested.id, &certificate, b"", &call())), "authority.chain_invalid");
    let installed = authorities.install(requested.id, &certificate, &root, &call()).unwrap();
    assert_eq!((installed.state, installed.request), (AuthorityState::Active, None));
    assert_eq!(code(authorities.install(requested.id, &certificate, &root, &call())), "authority.already_installed");
    let issued = issue(&registry, requested.id).unwrap();
    openssl_verifies(&issued.der, &authorities.chain(requested.id).unwrap(), at);
    let root = Certificate::from_bytes(&root).unwrap();
    assert_eq!(registry.trust_bundle().unwrap().roots, [root.der()]);
}

const CA: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n\
                  subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";

fn outside_root(at: &Path) {
    let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9000"];
    let rest = ["-subj", "/O=Outside/CN=Outside Root", "-keyout", "root.key", "-out", "root.pem"];
    openssl(&[&new[..], &rest, &["-addext", "keyUsage=critical,keyCertSign,cRLSign"]].concat(), at);
}

fn sign_ca(at: &Path, name: &str, csr: &[u8], extensions: &str) -> Vec<u8> {
    std::fs::write(at.join("request.der"), csr).unwrap();
    std::fs::write(at.join("extensions"), extensions).unwrap();
    let out = format!("{name}.pem");
    let sign = ["x509", "-req", "-inform", "DER", "-in", "request.der", "-CA", "root.pem", "-CAkey", "root.key"];
    let rest = ["-CAcreateserial", "-days", "3000", "-extfile", "extensions", "-out", &out];
    openssl(&[&sign[..], &rest].concat(), at);
    std::fs::read(at.join(out)).unwrap()
}

/// A key that is with the host: it counts, and breaks on command.
struct Hsm {
    key: PrivateKey,
    garbage: AtomicBool,
}

impl Hsm {
    fn new() -> Arc<Self> {
        Arc::new(Self { key: key(), garbage: AtomicBool::new(false) })
    }
}

impl Signer for Hsm {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let wrong: &[u8] = if self.garbage.load(Ordering::Relaxed) { b"another message" } else { message };
        self.key.sign(wrong)
    }
}

#[test]
fn a_key_that_stays_with_the_host_signs_and_is_connected_after_every_opening() {
    // NEC-57
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
        let store = SqliteStore::open(directory.path().join("registry.db"), SqliteOptions::default()).unwrap();
        Registry::open(store, sealer(), Options::default().with_clock(clock)).unwrap()
    };
    let hsm = Hsm::new();
    let registry = open();
    let root = registry.authorities().create_root(&new("root").with_signer(hsm.clone()), &call()).unwrap();
    assert_eq!(root.signer, SignerLocation::External);
    issue(&registry, root.id).unwrap();
    drop(registry);

    let registry = open();
    let authorities = registry.authorities();
    assert_eq!(code(issue(&registry, root.id)), "authority.signer_missing");
    let profile = registry.profiles().newest("device").unwrap().id;
    let preview = registry.profiles().preview(profile, root.id, &csr(&key(), "x"), None);
    assert_eq!(code(preview), "authority.signer_missing");
    assert_eq!(code(authorities.crl(root.id, &CrlOptions::default(), &call())), "authority.signer_missing");
    assert_eq!(code(authorities.use_signer(root.id, Arc::new(key()))), "authority.signer_mismatch");
    assert_eq!(code(issue(&registry, root.id)), "authority.signer_missing");
    authorities.use_signer(root.id, hsm).unwrap();
    let issued = issue(&registry, root.id).unwrap();
    openssl_verifies(&issued.der, &[root.certificate], directory.path());
}

#[test]
fn a_signer_that_returns_garbage_leaves_nothing_behind() {
    let world = World::new();
    let (registry, hsm) = (&world.registry, Hsm::new());
    let authorities = registry.authorities();
    let root = authorities.create_root(&new("hsm").with_signer(hsm.clone()), &call()).unwrap();
    let crl = authorities.crl(root.id, &CrlOptions::default(), &call()).unwrap();
    issue(registry, root.id).unwrap();
    let events = || registry.events().find(&tegata::EventFilter::default(), &Page::of(1)).unwrap().total;
    let certificates = || {
        let all = tegata::CertificateFilter::default();
        registry.certificates().find(&all, &Page::of(1)).unwrap().total
    };
    let before = (events(), certificates(), how_many(&authorities));

    hsm.garbage.store(true, Ordering::Relaxed);
    assert_eq!(code(issue(registry, root.id)), "signer.bad_signature");
    let below = new("below").valid_for_days(100);
    assert_eq!(code(authorities.create_intermediate(root.id, &below, &call())), "signer.bad_signature");
    let another = || {
        let broken = Hsm::new();
        broken.garbage.store(true, Ordering::Relaxed);
        new("another").with_signer(broken)
    };
    assert_eq!(code(authorities.create_root(&another(), &call())), "signer.bad_signature");
    assert_eq!(code(authorities.request(&another(), &call())), "signer.bad_signature");
    assert_eq!(code(authorities.cross_certify(world.root.id, root.id, &call())), "signer.bad_signature");
    assert_eq!(code(authorities.crl(root.id, &CrlOptions::default(), &call())), "signer.bad_signature");
    assert_eq!(authorities.current_crl(root.id, &CrlOptions::default()).unwrap(), crl);
    assert_eq!((events(), certificates(), how_many(&authorities)), before);

    hsm.garbage.store(false, Ordering::Relaxed);
    issue(registry, root.id).unwrap();
    assert!(authorities.crl(root.id, &CrlOptions::default(), &call()).unwrap().number > crl.number);
}

#[test]
fn an_authority_that_exists_is_taken_over_with_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    outside_root(at);
    let registry = empty_at(in_an_hour());
    let read = |name: &str| std::fs::read(at.join(name)).unwrap();
    let import = |name: &str| ImportAuthority {
        name: name.to_owned(),
        certificate: read("root.pem"),
        chain: Vec::new(),
        key: Some(Secret::new(read("root.key"))),
        signer: None,
        last_crl_number: 41,
    };
    let authorities = registry.authorities();
    let imported = authorities.import(&import("pem"), &call()).unwrap();
    assert_eq!(imported.subject.to_string(), "CN=Outside Root,O=Outside");
    openssl_verifies(&issue(&registry, imported.id).unwrap().der, std::slice::from_ref(&imported.certificate), at);
    // Its CRLs go on counting where they were.
    assert_eq!(authorities.crl(imported.id, &CrlOptions::default(), &call()).unwrap().number, 42);
    // One key never serves two authorities.
    assert_eq!(code(authorities.import(&import("twice"), &call())), "csr.key_bound");

    // In DER, in a registry of its own.
    let registry = empty_at(in_an_hour());
    openssl(&["pkey", "-in", "root.key", "-outform", "DER", "-out", "key.der"], at);
    let der = ImportAuthority {
        certificate: imported.certificate.clone(),
        key: Some(Secret::new(read("key.der"))),
        ..import("der")
    };
    let again = registry.authorities().import(&der, &call()).unwrap();
    let leaf = Certificate::from_der(&issue(&registry, again.id).unwrap().der).unwrap();
    let root = Certificate::from_der(&again.certificate).unwrap();
    let now = in_an_hour();
    verify_chain(&leaf, &[], std::slice::from_ref(&root), &[], &Purpose::ClientAuth, now).unwrap();
    let neither = ImportAuthority { key: None, ..import("neither") };
    assert_eq!(code(registry.authorities().import(&neither, &call())), "input.invalid");
}

#[test]
fn what_cannot_be_an_authority_is_not_imported() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    outside_root(at);
    let read = |name: &str| std::fs::read(at.join(name)).unwrap();
    let registry = empty_at(in_an_hour());
    let import = |certificate: Vec<u8>, chain: Vec<u8>, key: Vec<u8>| {
        let name = "imported".to_owned();
        let import =
            ImportAuthority { name, certificate, chain, key: Some(Secret::new(key)), signer: None, last_crl_number: 0 };
        registry.authorities().import(&import, &call())
    };
    let other = key().to_pkcs8_der().expose().clone();
    assert_eq!(code(import(read("root.pem"), Vec::new(), other)), "authority.signer_mismatch");
    assert_eq!(code(import(b"nonsense".to_vec(), Vec::new(), read("root.key"))), "certificate.malformed");

    // A version 1 root, as `openssl x509 -req -signkey` makes it.
    openssl(&["req", "-new", "-key", "root.key", "-subj", "/CN=Old Root", "-out", "v1.csr"], at);
    openssl(&["x509", "-req", "-in", "v1.csr", "-signkey", "root.key", "-days", "9", "-out", "v1.pem"], at);
    assert_eq!(code(import(read("v1.pem"), Vec::new(), read("root.key"))), "authority.not_ca");

    // Below the root: an intermediate, a leaf, and a CA that the leaf made for itself.
    let made = |name: &str, extensions: &str| {
        let key = key();
        let subject = format!("CN={name}").parse().unwrap();
        std::fs::write(at.join(format!("{name}.key")), key.to_pkcs8_pem().expose()).unwrap();
        sign_ca(at, name, &tegata::make_csr(&key, &subject, &[]).unwrap(), extensions)
    };
    let (sub, leaf) = (made("sub", CA), made("leaf", "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash"));
    let root = read("root.pem");
    assert_eq!(code(import(leaf.clone(), root.clone(), read("leaf.key"))), "authority.not_ca");
    assert_eq!(code(import(sub.clone(), Vec::new(), read("sub.key"))), "authority.chain_invalid");
    let below = |issuer: &str| {
        let key = key();
        std::fs::write(at.join("below.key"), key.to_pkcs8_pem().expose()).unwrap();
        std::fs::write(at.join("below.der"), tegata::make_csr(&key, &"CN=below".parse().unwrap(), &[]).unwrap())
            .unwrap();
        std::fs::write(at.join("extensions"), CA.replace(",pathlen:0", "")).unwrap();
        let (pem, by) = (format!("{issuer}.pem"), format!("{issuer}.key"));
        let sign =
            ["x509", "-req", "-inform", "DER", "-in", "below.der", "-CA", &pem, "-CAkey", &by, "-CAcreateserial"];
        openssl(&[&sign[..], &["-days", "99", "-extfile", "extensions", "-out", "below.pem"]].concat(), at);
        (read("below.pem"), read("below.key"))
    };
    let (under_leaf, its_key) = below("leaf");
    let chain = [leaf, root.clone()].concat();
    assert_eq!(code(import(under_leaf, chain, its_key)), "authority.chain_invalid");
    // The intermediate's path length allows no authority below it.
    let (under_sub, its_key) = below("sub");
    assert_eq!(
        code(import(under_sub.clone(), [root.clone(), sub.clone()].concat(), its_key.clone())),
        "authority.chain_invalid"
    );
    assert_eq!(code(import(under_sub, [sub.clone(), root.clone()].concat(), its_key)), "authority.path_length");
    assert_eq!(how_many(&registry.authorities()), 0);

    let imported = import(sub, root, read("sub.key")).unwrap();
    assert_eq!(registry.authorities().chain(imported.id).unwrap().len(), 2);
    openssl_verifies(
        &issue(&registry, imported.id).unwrap().der,
        &registry.authorities().chain(imported.id).unwrap(),
        at,
    );
}

//! Names of authorities that other software loses or reorders survive byte for byte (NEC-6, NEC-51, NEC-54; rcgen's traps).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod interop;

use std::path::Path;

use common::{World, csr, key};
use interop::openssl;
use tegata::model::{ProfileSpec, SubjectPolicy};
use tegata::{
    AuthorityId, Certificate, Clock, CrlOptions, ImportAuthority, Issue, Name, NewAuthority, Rebuild, Secret,
    SystemClock, make_csr,
};

/// What a map by attribute type merges, reorders or encodes anew.
const NAMES: [&str; 7] = [
    "CN=Example CA,OU=Cameras,OU=Devices,O=Example,C=JP",
    "CN=CA,DC=devices,DC=example,DC=com",
    "CN=CA+SERIALNUMBER=7,O=Example",
    "OU=b+OU=a,CN=two of one kind",
    "CN=証明機関,O=日本電気,L=川崎市,C=JP",
    "CN=Zertifizierungsstelle Ä\\, Ö\\+Ü,O=\\#1 \\\"quoted\\\" \\<x\\>",
    "O=no common name,E=ca@example.com,UID=ca",
];

fn issued_by(world: &World, authority: AuthorityId) -> Certificate {
    let profile = world.registry.profiles().put("device", &ProfileSpec::device(), &world.call).unwrap().id;
    let issue = Issue::new(csr(&key(), "x"), profile, authority);
    Certificate::from_der(&world.registry.certificates().issue(&issue, &world.call).unwrap().der).unwrap()
}

fn openssl_verifies(leaf: &Certificate, root: &[u8], crl: &[u8], at: &Path) {
    std::fs::write(at.join("leaf.pem"), leaf.pem()).unwrap();
    std::fs::write(at.join("root.pem"), Certificate::from_der(root).unwrap().pem()).unwrap();
    std::fs::write(at.join("crl.pem"), tegata::Crl::from_bytes(crl).unwrap().pem()).unwrap();
    let time = leaf.not_before().plus(600).unix().to_string();
    let checks = ["verify", "-x509_strict", "-crl_check", "-CRLfile", "crl.pem", "-attime", &time];
    openssl(&[&checks[..], &["-CAfile", "root.pem", "leaf.pem"]].concat(), at);
}

#[test]
fn every_name_of_a_root_stands_in_its_leaves_and_crls_as_it_is() {
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let authorities = world.registry.authorities();
    for (index, name) in NAMES.iter().enumerate() {
        let subject: Name = name.parse().unwrap();
        let root = authorities.create_root(&NewAuthority::new(format!("ca {index}"), subject.clone()), &world.call);
        let root = root.unwrap();
        let leaf = issued_by(&world, root.id);
        assert_eq!(Certificate::from_der(&root.certificate).unwrap().subject().as_der(), subject.as_der(), "{name}");
        assert_eq!(leaf.issuer().as_der(), subject.as_der(), "{name}");
        let crl = authorities.crl(root.id, &CrlOptions::default(), &world.call).unwrap();
        openssl_verifies(&leaf, &root.certificate, &crl.der, directory.path());
    }
}

#[test]
fn the_name_of_an_imported_root_stays_in_the_string_types_it_came_with() {
    // T61String, BMPString and an unsorted order of attributes come from older software; text forms cannot carry them.
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let at = directory.path();
    world.clock.set(SystemClock.now().plus(3_600));
    let subject = "/DC=com/DC=example/OU=b/OU=a+L=x/O=Beispiel \u{e4}/emailAddress=ca@example.com/CN=Old Root";
    for (index, mask) in ["default", "nombstr", "pkix", "utf8only"].into_iter().enumerate() {
        let config = format!(
            "[req]\ndistinguished_name=dn\nstring_mask={mask}\nx509_extensions=ca\nprompt=no\n[dn]\nCN=x\n[ca]\n\
             basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        );
        std::fs::write(at.join("config"), config).unwrap();
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3000"];
        let rest = ["-utf8", "-config", "config", "-subj", subject, "-multivalue-rdn", "-keyout", "ca.key"];
        openssl(&[&new[..], &rest, &["-out", "ca.pem"]].concat(), at);
        let import = ImportAuthority {
            name: format!("imported {index}"),
            certificate: std::fs::read(at.join("ca.pem")).unwrap(),
            chain: Vec::new(),
            key: Some(Secret::new(std::fs::read(at.join("ca.key")).unwrap())),
            signer: None,
            last_crl_number: 0,
        };
        let root = world.registry.authorities().import(&import, &world.call).unwrap();
        let theirs = Certificate::from_bytes(&import.certificate).unwrap();
        let leaf = issued_by(&world, root.id);
        assert_eq!(leaf.issuer().as_der(), theirs.subject().as_der());
        assert_eq!(leaf.extensions().authority_key_id, theirs.extensions().subject_key_id);
        let crl = world.registry.authorities().crl(root.id, &CrlOptions::default(), &world.call).unwrap();
        openssl_verifies(&leaf, theirs.der(), &crl.der, at);
    }
}

#[test]
fn the_next_generation_keeps_all_of_the_name_but_the_number_in_it() {
    let world = World::new();
    let authorities = world.registry.authorities();
    let subject: Name = "CN=CA+SERIALNUMBER=7,OU=b,OU=a,O=日本電気,DC=example,DC=com".parse().unwrap();
    let root = authorities.create_root(&NewAuthority::new("many parts", subject), &world.call).unwrap();
    let second = authorities.rebuild(root.id, &Rebuild::default(), &world.call).unwrap();
    let third = authorities.rebuild(second.id, &Rebuild::default(), &world.call).unwrap();
    for (generation, made) in [(2, second), (3, third)] {
        let name = format!("CN=CA G{generation}+SERIALNUMBER=7,OU=b,OU=a,O=日本電気,DC=example,DC=com");
        assert_eq!(made.subject, name.parse().unwrap());
    }
    // Without a common name there is no place for the number, so a new name must be given.
    let nameless = NewAuthority::new("nameless", "O=Example".parse().unwrap());
    let nameless = authorities.create_root(&nameless, &world.call).unwrap();
    let refused = authorities.rebuild(nameless.id, &Rebuild::default(), &world.call);
    assert_eq!(common::code(refused), "input.invalid");
    let named = Rebuild { subject: Some("O=Example,OU=2".parse().unwrap()), ..Rebuild::default() };
    authorities.rebuild(nameless.id, &named, &world.call).unwrap();
}

#[test]
fn a_common_name_at_its_limit_can_be_rebuilt_too() {
    let world = World::new();
    let authorities = world.registry.authorities();
    let longest = format!("CN={},O=Example", "x".repeat(64));
    let root = authorities.create_root(&NewAuthority::new("long", longest.parse().unwrap()), &world.call).unwrap();
    // There is no room for the generation: the refusal says what to do, and a name of its own does it.
    let refused = authorities.rebuild(root.id, &Rebuild::default(), &world.call);
    assert_eq!(common::code(refused), "input.invalid");
    let named = Rebuild { subject: Some("CN=x G2,O=Example".parse().unwrap()), ..Rebuild::default() };
    assert_eq!(authorities.rebuild(root.id, &named, &world.call).unwrap().generation, 2);
}

#[test]
fn a_subject_from_a_csr_survives_byte_for_byte_up_to_openssl() {
    // NEC-54: multi-valued, repeated and non-ASCII parts of a leaf's own name.
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let allow = ["CN", "OU", "O", "L", "ST", "C", "SERIALNUMBER", "DC", "UID", "E"].map(str::to_owned).to_vec();
    let spec = ProfileSpec { subject: SubjectPolicy::FromCsr { allow, require: Vec::new() }, ..ProfileSpec::device() };
    let profile = world.registry.profiles().put("exact", &spec, &world.call).unwrap().id;
    for name in NAMES {
        let subject: Name = name.parse().unwrap();
        let request = make_csr(&key(), &subject, &[]).unwrap();
        let issue = Issue::new(request, profile, world.issuing.id);
        let issued = world.registry.certificates().issue(&issue, &world.call).unwrap();
        let certificate = Certificate::from_der(&issued.der).unwrap();
        assert_eq!(certificate.subject().as_der(), subject.as_der(), "{name}");
        std::fs::write(directory.path().join("leaf.der"), &issued.der).unwrap();
        let show = ["x509", "-inform", "DER", "-in", "leaf.der", "-noout", "-subject", "-nameopt", "RFC2253,utf8"];
        let shown = openssl(&show, directory.path());
        assert_eq!(shown.matches('=').count() - 1, name.matches('=').count(), "{shown}");
    }
}

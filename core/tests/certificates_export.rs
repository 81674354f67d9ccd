//! Certificates as files.
#![allow(clippy::unwrap_used)]

mod registry_fixture;

use registry_fixture::{Fixture, call};
use tegata::pack::{Encoding, FileNames, Pkcs12Target, read_pkcs7, read_pkcs12};
use tegata::{Certificate, ExportFormat, IssueWithKey, Issued, Secret};

fn with_intermediate(f: &Fixture) -> (Issued, Secret<Vec<u8>>) {
    let issuing = f.intermediate();
    let made = f.registry.certificates().issue_with_key(&IssueWithKey::new(f.server, issuing.id).named("a"), &call());
    let made = made.unwrap();
    (made.issued, made.key.unwrap())
}

/// NEC-54: PEM or DER.
#[test]
fn a_certificate_is_exported_alone_or_with_its_chain() {
    let f = Fixture::new();
    let (issued, _) = with_intermediate(&f);
    let export = |format| {
        let mut files = f.registry.certificates().export(issued.certificate.id, &format).unwrap();
        assert!(!files[0].secret);
        files.remove(0).content
    };
    assert_eq!(export(ExportFormat::Der).expose(), &issued.der);
    assert_eq!(export(ExportFormat::Pem).expose(), issued.pem().as_bytes());
    assert_eq!(export(ExportFormat::FullChainPem).expose(), issued.fullchain_pem().as_bytes());
    let in_pkcs7 = read_pkcs7(export(ExportFormat::Pkcs7).expose()).unwrap();
    assert_eq!(
        in_pkcs7.iter().map(Certificate::der).collect::<Vec<_>>(),
        [&issued.der, &issued.chain[0], &issued.chain[1]]
    );
}

#[test]
fn pkcs12_holds_key_certificate_and_chain_and_only_the_right_key_fits() {
    let f = Fixture::new();
    let (issued, key) = with_intermediate(&f);
    let password = Secret::new("a good password".to_owned());
    let format = |key| ExportFormat::Pkcs12 { key, password: password.clone(), target: Pkcs12Target::Modern };
    let files = f.registry.certificates().export(issued.certificate.id, &format(key)).unwrap();
    assert!(files[0].secret);
    let read = read_pkcs12(files[0].content.expose(), &password).unwrap();
    assert_eq!((read.certificate.der(), read.friendly_name.as_deref()), (issued.der.as_slice(), Some("a")));
    assert_eq!(read.chain.iter().map(Certificate::der).collect::<Vec<_>>(), [&issued.chain[0], &issued.chain[1]]);
    let other = registry_fixture::key().to_pkcs8_der();
    let refused = f.registry.certificates().export(issued.certificate.id, &format(other));
    assert_eq!(refused.unwrap_err().code(), "key.inconsistent");
}

/// NEC-54: chosen file names.
#[test]
fn a_set_of_files_has_the_chosen_names() {
    let f = Fixture::new();
    let (issued, key) = with_intermediate(&f);
    let names =
        FileNames { certificate: Some("device.crt".to_owned()), chain: None, ..FileNames::usual(Encoding::Pem) };
    let format = ExportFormat::Files { names, encoding: Encoding::Pem, key: Some(key) };
    let files = f.registry.certificates().export(issued.certificate.id, &format).unwrap();
    let listed: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.secret)).collect();
    assert_eq!(listed, [("device.crt", false), ("fullchain.pem", false), ("cacert.crt", false), ("key.pem", true)]);
}

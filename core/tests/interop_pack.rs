//! Files for other people's programs: PKCS#12 and PKCS#7 written here open in openssl, Java and pyca/cryptography, and
//! theirs open here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod interop;

use std::path::Path;

use interop::{ALGORITHMS, World, ask, java, openssl, python, run};
use tegata::pack::{Pkcs12, Pkcs12Bundle, Pkcs12Target, read_pkcs7, read_pkcs12, write_pkcs7};
use tegata::{KeyAlgorithm, Secret, SystemRandom};

const PASSWORD: &str = "pass word~1";

fn write(world: &World, target: Pkcs12Target, path: &Path) {
    let bundle = Pkcs12Bundle {
        key: &world.leaf.key,
        certificate: &world.leaf.certificate,
        chain: &[world.intermediate.certificate.clone(), world.root.certificate.clone()],
        friendly_name: "camera 1",
    };
    let file = bundle.write(&Secret::new(PASSWORD.to_owned()), target, &SystemRandom::new()).unwrap();
    std::fs::write(path, file.expose()).unwrap();
}

fn read(path: &Path) -> Pkcs12 {
    let file = std::fs::read(path).unwrap();
    read_pkcs12(&file, &Secret::new(PASSWORD.to_owned())).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_leaf(read: &Pkcs12, world: &World) {
    assert_eq!(read.certificate, world.leaf.certificate);
    assert_eq!(read.key.to_pkcs8_der().expose(), world.leaf.key.to_pkcs8_der().expose());
}

#[test]
fn openssl_opens_both_kinds() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for &algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        write(&world, Pkcs12Target::Modern, &directory.join("modern.p12"));
        write(&world, Pkcs12Target::Legacy, &directory.join("legacy.p12"));
        let password = format!("pass:{PASSWORD}");
        let open = |file: &str, more: &[&str]| {
            let arguments = [&["pkcs12", "-in", file, "-nodes", "-passin", &password], more].concat();
            openssl(&arguments, directory)
        };
        for text in [open("modern.p12", &[]), open("legacy.p12", &[])] {
            assert!(text.contains("friendlyName: camera 1"), "{algorithm}: {text}");
            let certificates = tegata::Certificate::many_from_pem(text.as_bytes()).unwrap();
            assert_eq!(certificates[0], world.leaf.certificate);
            assert_eq!(certificates.len(), 3);
            let key = tegata::PrivateKey::from_bytes(text.as_bytes()).unwrap();
            assert_eq!(key.to_pkcs8_der().expose(), world.leaf.key.to_pkcs8_der().expose(), "{algorithm}");
        }
        let info = |file: &str| {
            let arguments = ["pkcs12", "-in", file, "-info", "-noout", "-passin", &password];
            String::from_utf8(run("openssl", &arguments, directory).stderr).unwrap()
        };
        let (modern, legacy) = (info("modern.p12"), info("legacy.p12"));
        assert!(modern.contains("MAC: sha256") && modern.contains("PBES2, PBKDF2, AES-256-CBC"), "{modern}");
        assert!(legacy.contains("MAC: sha1") && legacy.contains("pbeWithSHA1And3-KeyTripleDES-CBC"), "{legacy}");
    }
}

#[test]
fn java_opens_both_kinds_and_what_java_writes_opens_here() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for &algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        // Starting Java takes most of the time, and the kind of file does not depend on the kind of key.
        let only_modern = algorithm != KeyAlgorithm::EcdsaP256;
        for target in [Pkcs12Target::Modern, Pkcs12Target::Legacy] {
            if only_modern && target == Pkcs12Target::Legacy {
                continue;
            }
            write(&world, target, &directory.join("ours.p12"));
            let seen = java("Pkcs12.java", &["ours.p12", "java.p12"], directory);
            assert!(seen.starts_with("camera 1: 3 certificates\nCN=camera-1,"), "{algorithm}: {seen}");
            let list = ask(
                "keytool",
                &["-list", "-keystore", "ours.p12", "-storetype", "PKCS12", "-storepass", PASSWORD],
                directory,
            );
            assert!(list.contains("camera 1") && list.contains("PrivateKeyEntry"), "{list}");
            let read = read(&directory.join("java.p12"));
            is_leaf(&read, &world);
            assert_eq!(read.friendly_name.as_deref(), Some("java"));
            assert_eq!(read.chain.len(), 2);
        }
    }
}

#[test]
fn cryptography_opens_both_kinds_and_what_it_writes_opens_here() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for &algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        for target in [Pkcs12Target::Modern, Pkcs12Target::Legacy] {
            write(&world, target, &directory.join("ours.p12"));
            let seen = python("read_pkcs12.py", &["read", "ours.p12"], directory);
            let expected = "camera 1: CN=camera-1,O=Example,C=JP\n\
                            CN=Example Devices,O=Example,C=JP\n\
                            CN=Example Root,OU=Devices,OU=PKI,O=Example,C=JP\n";
            assert_eq!(seen, expected, "{algorithm}");
        }
        std::fs::write(directory.join("key.pem"), world.leaf.key.to_pkcs8_pem().expose()).unwrap();
        std::fs::write(directory.join("cert.cer"), world.leaf.certificate.der()).unwrap();
        python("read_pkcs12.py", &["write", "key.pem", "cert.cer", "theirs.p12"], directory);
        is_leaf(&read(&directory.join("theirs.p12")), &world);
    }
}

#[test]
fn what_openssl_writes_opens_here_also_in_its_old_ways() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let world = World::new(KeyAlgorithm::Rsa2048);
    std::fs::write(directory.join("key.pem"), world.leaf.key.to_pkcs8_pem().expose()).unwrap();
    std::fs::write(directory.join("cert.pem"), world.leaf.certificate.pem()).unwrap();
    std::fs::write(directory.join("chain.pem"), world.intermediate.certificate.pem()).unwrap();
    let password = format!("pass:{PASSWORD}");
    for options in [
        &[][..],
        // What openssl 1.x wrote: certificates under RC2 with 40 bits.
        &["-legacy"],
        &["-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"],
        &["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"],
        &["-certpbe", "NONE", "-iter", "1"],
        &["-keypbe", "NONE"],
        &["-macalg", "sha384", "-noiter", "-nomaciter"],
    ] {
        let arguments = [
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-certfile",
            "chain.pem",
            "-name",
            "theirs",
            "-out",
            "theirs.p12",
            "-passout",
            &password,
        ];
        openssl(&[&arguments, options].concat(), directory);
        let read = read(&directory.join("theirs.p12"));
        is_leaf(&read, &world);
        assert_eq!(read.chain, std::slice::from_ref(&world.intermediate.certificate), "{options:?}");
        assert_eq!(read.friendly_name.as_deref(), Some("theirs"), "{options:?}");
    }
    openssl(
        &[
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-nomac",
            "-out",
            "theirs.p12",
            "-passout",
            &password,
        ],
        directory,
    );
    let file = std::fs::read(directory.join("theirs.p12")).unwrap();
    let error = read_pkcs12(&file, &Secret::new(PASSWORD.to_owned())).unwrap_err();
    assert!(error.to_string().contains("MAC"), "{error}");
}

#[test]
fn pkcs7_goes_both_ways_with_openssl() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let world = World::new(KeyAlgorithm::EcdsaP256);
    let certificates = [world.leaf.certificate, world.intermediate.certificate, world.root.certificate];
    std::fs::write(directory.join("ours.p7c"), write_pkcs7(&certificates)).unwrap();
    let text = openssl(&["pkcs7", "-inform", "DER", "-in", "ours.p7c", "-print_certs"], directory);
    assert_eq!(tegata::Certificate::many_from_pem(text.as_bytes()).unwrap(), certificates);
    let cms = openssl(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", "ours.p7c"], directory);
    assert!(cms.contains("signerInfos:\n      <ABSENT>") || cms.contains("signerInfos"), "{cms}");

    std::fs::write(directory.join("all.pem"), tegata::pack::certificates_pem(&certificates)).unwrap();
    for form in ["DER", "PEM"] {
        openssl(&["crl2pkcs7", "-nocrl", "-certfile", "all.pem", "-outform", form, "-out", "theirs"], directory);
        let mut read = read_pkcs7(&std::fs::read(directory.join("theirs")).unwrap()).unwrap();
        read.sort_by_key(|certificate| certificates.iter().position(|other| other == certificate));
        assert_eq!(read, certificates, "{form}");
    }
}

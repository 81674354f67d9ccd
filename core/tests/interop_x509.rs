//! What is written here is read by others: openssl, Java, pyca/cryptography, and pkilint finds nothing to say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod interop;

use std::fmt::Write as _;
use std::path::Path;

use interop::{ALGORITHMS, LEAF_SERIAL, NOW, World, at, java, openssl, python, run};
use tegata::{Crl, KeyAlgorithm, Purpose, RevocationReason, verify_chain};

const REVOKED: &[(&[u8], RevocationReason)] = &[
    (&[0x55, 0x66], RevocationReason::KeyCompromise),
    (&[0x55, 0x67], RevocationReason::Unspecified),
    (&[0, 0x80], RevocationReason::CertificateHold),
];

/// Writes a world into `directory`, DER and PEM.
fn lay_out(world: &World, directory: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.join(name), bytes).unwrap();
    for (name, party) in [
        ("root", &world.root),
        ("intermediate", &world.intermediate),
        ("leaf", &world.leaf),
        ("revoked", &world.revoked),
    ] {
        write(&format!("{name}.cer"), party.certificate.der());
        write(&format!("{name}.pem"), party.certificate.pem().as_bytes());
    }
    let mut crls = String::new();
    for (name, der) in [("root", world.root.crl(&[])), ("intermediate", world.intermediate.crl(REVOKED))] {
        write(&format!("{name}.crl"), &der);
        crls.push_str(&Crl::from_bytes(&der).unwrap().pem());
    }
    write("crls.pem", crls.as_bytes());
}

fn for_each_algorithm(test: impl Fn(KeyAlgorithm, &World, &Path)) {
    for &algorithm in ALGORITHMS {
        let directory = tempfile::tempdir().unwrap();
        let world = World::new(algorithm);
        lay_out(&world, directory.path());
        test(algorithm, &world, directory.path());
    }
}

#[test]
fn openssl_verifies_the_chain_strictly_and_sees_the_revocation() {
    for_each_algorithm(|algorithm, _, directory| {
        let time = at(NOW).unix().to_string();
        let verify = |file: &str| {
            let arguments = [
                "verify",
                "-x509_strict",
                "-crl_check_all",
                "-policy_check",
                "-purpose",
                "sslserver",
                "-attime",
                &time,
                "-CAfile",
                "root.pem",
                "-untrusted",
                "intermediate.pem",
                "-CRLfile",
                "crls.pem",
                file,
            ];
            let output = run("openssl", &arguments, directory);
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
        };
        assert_eq!(verify("leaf.pem"), "leaf.pem: OK\n", "{algorithm}");
        let revoked = verify("revoked.pem");
        assert!(revoked.contains("certificate revoked"), "{algorithm}: {revoked}");
        let text = openssl(&["crl", "-in", "intermediate.crl", "-noout", "-text"], directory);
        assert!(text.contains("Key Compromise") && text.contains("Certificate Hold"), "{text}");
    });
}

#[test]
fn java_reads_and_validates_the_chain_and_sees_the_revocation() {
    for_each_algorithm(|algorithm, _, directory| {
        let read = |leaf: &str| {
            let files = [NOW, "root.cer", "intermediate.cer", leaf, "root.crl", "intermediate.crl"];
            java("ReadX509.java", &files, directory)
        };
        let expected = "serial 9102030405060708090a0b0c0d0e0f\n\
                        names [[2, camera-1.example.org], [7, 192.0.2.7], [7, 2001:db8:0:0:0:0:0:7]]\n\
                        purposes [1.3.6.1.5.5.7.3.1, 1.3.6.1.5.5.7.3.2]\n\
                        critical [2.5.29.15, 2.5.29.19]\n\
                        valid\n";
        assert_eq!(read("leaf.cer"), expected, "{algorithm}");
        let revoked = read("revoked.cer");
        assert!(revoked.ends_with("revoked KEY_COMPROMISE\n"), "{algorithm}: {revoked}");
        assert!(revoked.contains("critical [2.5.29.15, 2.5.29.17, 2.5.29.19]"), "{algorithm}: {revoked}");
    });
}

#[test]
fn cryptography_reads_every_value_and_pkilint_finds_nothing() {
    for_each_algorithm(|algorithm, world, directory| {
        let files = [
            ["root.cer", "root.cer"],
            ["intermediate.cer", "root.cer"],
            ["leaf.cer", "intermediate.cer"],
            ["revoked.cer", "intermediate.cer"],
            ["root.crl", "root.cer"],
            ["intermediate.crl", "intermediate.cer"],
        ];
        let read = python("read_x509.py", files.as_flattened(), directory);
        let findings: Vec<_> = read.lines().filter(|line| line.starts_with("pkilint")).collect();
        assert!(findings.is_empty(), "{algorithm}: {findings:#?}");
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let (root, intermediate) = (hex(world.root.key_id()), hex(world.intermediate.key_id()));
        let mut expected = format!(
            "root.cer: v3 1001\n\
             subject: CN=Example Root,OU=Devices,OU=PKI,O=Example,C=JP\n\
             validity: 2026-01-01T00:00:00Z 2055-12-31T23:59:59Z\n\
             subjectKeyIdentifier: {root}\n\
             authorityKeyIdentifier: {root} None None\n\
             basicConstraints critical: ca=True path=None\n\
             keyUsage critical: key_cert_sign crl_sign\n\
             intermediate.cer: v3 1002\n\
             subject: CN=Example Devices,O=Example,C=JP\n\
             validity: 2026-01-01T00:00:00Z 2050-01-01T00:00:00Z\n\
             subjectKeyIdentifier: {intermediate}\n\
             authorityKeyIdentifier: {root} None None\n\
             basicConstraints critical: ca=True path=0\n\
             keyUsage critical: key_cert_sign crl_sign\n\
             cRLDistributionPoints: http://pki.example.org/root.crl\n\
             authorityInfoAccess: ca=http://pki.example.org/root.cer\n\
             certificatePolicies: 2.5.29.32.0\n"
        );
        for (file, party, subject, serial, critical) in [
            ("leaf", &world.leaf, "CN=camera-1,O=Example,C=JP", &hex(LEAF_SERIAL)[2..], ""),
            ("revoked", &world.revoked, "", "5566", " critical"),
        ] {
            write!(
                expected,
                "{file}.cer: v3 {serial}\n\
                 subject: {subject}\n\
                 validity: 2026-01-01T00:00:00Z 2026-12-31T23:59:59Z\n\
                 subjectKeyIdentifier: {}\n\
                 authorityKeyIdentifier: {intermediate} None None\n\
                 basicConstraints critical: ca=False path=None\n\
                 keyUsage critical: digital_signature\n\
                 extendedKeyUsage: 1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2\n\
                 cRLDistributionPoints: http://pki.example.org/intermediate.crl\n\
                 authorityInfoAccess: ocsp=http://ocsp.example.org ca=http://pki.example.org/intermediate.cer\n\
                 certificatePolicies: 1.3.6.1.4.1.99999.1.1\n\
                 subjectAltName{critical}: camera-1.example.org 192.0.2.7 2001:db8::7\n",
                hex(party.key_id())
            )
            .unwrap();
        }
        write!(
            expected,
            "root.crl: 2026-05-30T00:00:00Z 2026-06-06T00:00:00Z\n\
             authorityKeyIdentifier: {root} None None\n\
             cRLNumber: 4711\n\
             intermediate.crl: 2026-05-30T00:00:00Z 2026-06-06T00:00:00Z\n\
             authorityKeyIdentifier: {intermediate} None None\n\
             cRLNumber: 4711\n\
             revoked 5566 2026-05-01T12:34:56Z keyCompromise\n\
             revoked 5567 2026-05-01T12:34:56Z \n\
             revoked 80 2026-05-01T12:34:56Z certificateHold\n"
        )
        .unwrap();
        assert_eq!(read, expected, "{algorithm}");
    });
}

#[test]
fn our_own_verdict_agrees_with_openssl() {
    for_each_algorithm(|algorithm, world, directory| {
        let crls = ["root.crl", "intermediate.crl"]
            .map(|name| Crl::from_bytes(&std::fs::read(directory.join(name)).unwrap()).unwrap());
        let (intermediates, roots) = ([world.intermediate.certificate.clone()], [world.root.certificate.clone()]);
        let verify = |leaf| verify_chain(leaf, &intermediates, &roots, &crls, &Purpose::ServerAuth, at(NOW));
        let chain = verify(&world.leaf.certificate).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!(chain.revocation_checked(), 2);
        assert_eq!(verify(&world.revoked.certificate).unwrap_err().code(), "certificate.chain_revoked");
    });
}

#[test]
fn a_version_1_root_of_openssl_is_read_and_refused_with_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    openssl(
        &[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=Old Root",
            "-keyout",
            "key.pem",
            "-out",
            "csr.pem",
        ],
        directory,
    );
    openssl(&["x509", "-req", "-in", "csr.pem", "-signkey", "key.pem", "-days", "30", "-out", "root.pem"], directory);
    let root = tegata::parse_certificate(&std::fs::read(directory.join("root.pem")).unwrap()).unwrap();
    assert_eq!(root.version(), 1);
    assert!(root.is_self_signed());
    std::fs::write(directory.join("extensions"), "basicConstraints=CA:FALSE").unwrap();
    openssl(
        &[
            "x509",
            "-req",
            "-in",
            "csr.pem",
            "-CA",
            "root.pem",
            "-CAkey",
            "key.pem",
            "-CAcreateserial",
            "-days",
            "30",
            "-set_serial",
            "7",
            "-extfile",
            "extensions",
            "-out",
            "leaf.pem",
        ],
        directory,
    );
    let leaf = tegata::parse_certificate(&std::fs::read(directory.join("leaf.pem")).unwrap()).unwrap();
    let now = leaf.not_before().plus(60);
    let refused = verify_chain(&leaf, &[], &[root], &[], &Purpose::Any, now).unwrap_err();
    assert_eq!(refused.code(), "certificate.chain_constraint");
    assert!(refused.to_string().contains("version 1"), "{refused}");
}

//! What a profile lets into a certificate and what it puts there itself (NEC-5, NEC-52, CAM-9, traps 12 and 13).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod interop;

use common::{START, World, code, key};
use interop::openssl;
use tegata::model::{ProfileSpec, SanPolicy, SubjectPolicy};
use tegata::{
    Certificate, GeneralName, Issue, IssueWithKey, KeyAlgorithm, KeyUsage, Name, NewAuthority, Oid, Timestamp, make_csr,
};

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

fn issue_for(world: &World, spec: &ProfileSpec, csr: Vec<u8>, name: &str) -> tegata::Result<Certificate> {
    let profile = world.registry.profiles().put("p", spec, &world.call)?;
    let issue = Issue::new(csr, profile.id, world.issuing.id).named(name);
    let issued = world.registry.certificates().issue(&issue, &world.call)?;
    Ok(Certificate::from_der(&issued.der).unwrap())
}

fn san(policy: SanPolicy) -> ProfileSpec {
    ProfileSpec { san: policy, ..ProfileSpec::device() }
}

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().copied().map(str::to_owned).collect()
}

/// The alternative names of a certificate issued under `policy` to who asks for `wanted`.
fn names(world: &World, policy: &SanPolicy, wanted: &[&str]) -> tegata::Result<Vec<String>> {
    let wanted: Vec<GeneralName> = wanted.iter().map(|name| name.parse().unwrap()).collect();
    let csr = make_csr(&key(), &Name::empty(), &wanted).unwrap();
    let certificate = issue_for(world, &san(policy.clone()), csr, "cam-1")?;
    Ok(certificate.extensions().names().unwrap().iter().map(ToString::to_string).collect())
}

#[test]
fn each_kind_of_name_is_allowed_by_its_own_list() {
    // CAM-9: the device's address, its DNS name, or both.
    let world = World::new();
    let policy = SanPolicy {
        dns: list(&["exact.example", "*.lan.example"]),
        ip: list(&["192.168.0.0/16", "fd00::/8", "203.0.113.9/32"]),
        uri: list(&["urn:uuid:", "spiffe://example.com/"]),
        email: list(&["example.com"]),
        other: list(&["1.3.6.1.5.5.7.8.4"]),
        ..SanPolicy::default()
    };
    // hardwareModuleName (RFC 4108): SEQUENCE { OBJECT IDENTIFIER 1.3.6.1.4.1.9, OCTET STRING 01 }.
    let module = "otherName:1.3.6.1.5.5.7.8.4=#300b06062b0601040109040101";
    let allowed = [
        "DNS:exact.example",
        "DNS:EXACT.example",
        "DNS:a.lan.example",
        "DNS:a.b.lan.example",
        "IP:192.168.255.1",
        "IP:fd12::1",
        "IP:203.0.113.9",
        "URI:urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "URI:spiffe://example.com/cam",
        "email:ops@example.com",
        module,
    ];
    for name in allowed {
        assert_eq!(names(&world, &policy, &[name]).unwrap(), [name], "{name}");
    }
    assert_eq!(names(&world, &policy, &allowed).unwrap(), allowed);
    let refused = [
        "DNS:other.example",
        "DNS:sub.exact.example",
        "DNS:lan.example",
        "DNS:evillan.example",
        "DNS:a.lan.example.evil.com",
        "DNS:*.lan.example",
        "IP:192.169.0.1",
        "IP:10.0.0.1",
        "IP:::ffff:10.0.0.1",
        "IP:fe80::1",
        "URI:https://example.com/",
        "URI:spiffe://example.com.evil/cam",
        "email:ops@evil.example.com",
        "otherName:1.3.6.1.4.1.311.20.2.3=#0c0178",
        "RID:1.2.3",
        "dirName:CN=x",
    ];
    for name in refused {
        assert_eq!(code(names(&world, &policy, &[name])), "csr.san_refused", "{name}");
        // One bad name spoils the request; nothing is dropped in silence (trap 13).
        assert_eq!(code(names(&world, &policy, &["DNS:exact.example", name])), "csr.san_refused", "{name}");
    }
    assert_eq!(code(names(&world, &SanPolicy::default(), &["DNS:a.example"])), "csr.san_refused");
}

#[test]
fn wildcards_any_names_and_numbers_of_names_are_bounded() {
    let world = World::new();
    let any = SanPolicy { dns: list(&["*"]), email: list(&["*"]), max: 3, ..SanPolicy::default() };
    assert_eq!(names(&world, &any, &["DNS:anything", "email:x@y.z"]).unwrap().len(), 2);
    assert_eq!(code(names(&world, &any, &["DNS:*.example.com"])), "csr.san_refused");
    let wild = SanPolicy { dns_wildcards: true, ..any.clone() };
    assert_eq!(names(&world, &wild, &["DNS:*.example.com"]).unwrap(), ["DNS:*.example.com"]);
    assert_eq!(code(names(&world, &any, &["DNS:a", "DNS:b", "DNS:c", "DNS:d"])), "csr.san_refused");
    let many: Vec<_> = (0..33).map(|n| format!("DNS:h{n}.example")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let default = SanPolicy { max: 0, ..any };
    assert_eq!(names(&world, &default, &many[..32]).unwrap().len(), 32);
    assert_eq!(code(names(&world, &default, &many)), "csr.san_refused");
}

#[test]
fn names_can_be_required_and_added() {
    let world = World::new();
    let required = SanPolicy { dns: list(&["*"]), required: true, ..SanPolicy::default() };
    assert_eq!(code(names(&world, &required, &[])), "csr.san_refused");
    assert_eq!(names(&world, &required, &["DNS:a"]).unwrap(), ["DNS:a"]);
    let add =
        list(&["dns:{name}.devices.example", "uri:urn:device:{name}", "email:{name}@example.com", "ip:192.0.2.1"]);
    let adding = SanPolicy { dns: list(&["*"]), add, ..SanPolicy::default() };
    let added = ["DNS:cam-1.devices.example", "URI:urn:device:cam-1", "email:cam-1@example.com", "IP:192.0.2.1"];
    assert_eq!(names(&world, &adding, &[]).unwrap(), added);
    // What was asked for comes first, and nothing twice.
    let both = names(&world, &adding, &["DNS:cam-1.devices.example", "DNS:a"]).unwrap();
    assert_eq!(both, ["DNS:cam-1.devices.example", "DNS:a", added[1], added[2], added[3]]);
    // An applicant's name that makes no host name is refused, not written.
    for name in ["cam 1", "x,DNS:evil.example", "a..b", "ü"] {
        let csr = make_csr(&key(), &Name::empty(), &[]).unwrap();
        let refused = issue_for(&world, &san(adding.clone()), csr, name).unwrap_err();
        assert!(["csr.san_refused", "input.invalid"].contains(&refused.code()), "{name}: {}", refused.code());
    }
}

#[test]
fn a_key_that_the_server_makes_gets_the_added_names_alone() {
    // NAV-15
    let world = World::new();
    let spec = ProfileSpec {
        san: SanPolicy { add: list(&["dns:{name}.example"]), ..SanPolicy::default() },
        server_keys: vec![KeyAlgorithm::EcdsaP256],
        ..ProfileSpec::device()
    };
    let profile = world.registry.profiles().put("server", &spec, &world.call).unwrap().id;
    let issue = IssueWithKey::new(profile, world.issuing.id).named("cam");
    let issued = world.registry.certificates().issue_with_key(&issue, &world.call).unwrap();
    let certificate = Certificate::from_der(&issued.issued.der).unwrap();
    assert_eq!(certificate.extensions().names().unwrap(), ["DNS:cam.example".parse().unwrap()]);
    let none = world.registry.profiles().put("none", &ProfileSpec::device(), &world.call).unwrap().id;
    let refused = world.registry.certificates().issue_with_key(&IssueWithKey::new(none, world.issuing.id), &world.call);
    assert_eq!(code(refused), "profile.no_server_key");
    let other = IssueWithKey::new(profile, world.issuing.id).with_algorithm(KeyAlgorithm::Ed25519);
    let refused = world.registry.certificates().issue_with_key(&other, &world.call);
    assert_eq!(code(refused), "profile.server_key_algorithm");
}

#[test]
fn nothing_else_that_a_csr_asks_for_is_copied() {
    // Trap 13: CA:TRUE, key usages and unknown extensions are requests that nobody grants.
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let config = "[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\n[dn]\nCN=x\n[ext]\n\
                  basicConstraints=critical,CA:TRUE,pathlen:3\nkeyUsage=critical,keyCertSign,cRLSign,keyEncipherment\n\
                  extendedKeyUsage=serverAuth,codeSigning\n1.2.3.4.5=critical,ASN1:UTF8String:evil\n\
                  nsCertType=server\nsubjectKeyIdentifier=hash\n";
    std::fs::write(directory.path().join("config"), config).unwrap();
    let new = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem"];
    openssl(&[&new[..], &["-config", "config", "-out", "csr.pem"]].concat(), directory.path());
    let csr = std::fs::read(directory.path().join("csr.pem")).unwrap();
    assert!(tegata::parse_csr(&csr).unwrap().wants_ca());
    let certificate = issue_for(&world, &ProfileSpec::device(), csr, "x").unwrap();
    assert!(!certificate.is_ca());
    assert_eq!(certificate.path_len(), None);
    let extensions = certificate.extensions();
    assert_eq!(extensions.key_usage, Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(extensions.extended_key_usage, [Oid::CLIENT_AUTH]);
    std::fs::write(directory.path().join("leaf.pem"), certificate.pem()).unwrap();
    let text = openssl(&["x509", "-in", "leaf.pem", "-noout", "-text"], directory.path());
    assert!(text.contains("CA:FALSE"), "{text}");
    for granted in ["1.2.3.4.5", "evil", "Netscape", "CA:TRUE", "Certificate Sign", "TLS Web Server", "Code Signing"] {
        assert!(!text.contains(granted), "{granted}:\n{text}");
    }
}

#[test]
fn openssl_shows_all_that_the_profile_says() {
    // NEC-52
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let spec = ProfileSpec {
        subject: SubjectPolicy::Opaque { fixed: "OU=Cameras,O=Example,C=JP".to_owned() },
        key_usage: KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT,
        extended_key_usage: list(&["clientAuth", "serverAuth", "1.3.6.1.5.5.7.3.17"]),
        crl_urls: list(&["http://pki.example/ca.crl", "ldap://ldap.example/cn=ca?certificateRevocationList"]),
        ocsp_urls: list(&["http://ocsp.example"]),
        issuer_urls: list(&["http://pki.example/ca.cer"]),
        policies: list(&["1.3.6.1.4.1.99999.1"]),
        ..ProfileSpec::device()
    };
    let certificate = issue_for(&world, &spec, common::csr(&key(), "x"), "x").unwrap();
    std::fs::write(directory.path().join("leaf.pem"), certificate.pem()).unwrap();
    let text = openssl(&["x509", "-in", "leaf.pem", "-noout", "-text"], directory.path());
    for shown in [
        "Version: 3",
        "Digital Signature, Key Agreement",
        "TLS Web Client Authentication, TLS Web Server Authentication, ipsec Internet Key Exchange",
        "URI:http://pki.example/ca.crl",
        "URI:ldap://ldap.example/cn=ca?certificateRevocationList",
        "OCSP - URI:http://ocsp.example",
        "CA Issuers - URI:http://pki.example/ca.cer",
        "Policy: 1.3.6.1.4.1.99999.1",
        "X509v3 Key Usage: critical",
        "X509v3 Basic Constraints: critical",
        "X509v3 Authority Key Identifier",
        "Issuer: O = Example, CN = Test Issuing CA",
    ] {
        assert!(text.contains(shown), "{shown}:\n{text}");
    }
    let subject = certificate.subject().to_string();
    assert!(subject.starts_with("CN=") && subject.ends_with(",OU=Cameras,O=Example,C=JP"), "{subject}");
}

#[test]
fn validity_is_backdated_as_said_and_never_outlives_the_issuer() {
    // Trap 12
    let world = World::new();
    let validity = |spec: ProfileSpec| {
        let certificate = issue_for(&world, &spec, common::csr(&key(), "x"), "x").unwrap();
        (certificate.not_before(), certificate.not_after())
    };
    let device = ProfileSpec::device;
    assert_eq!(validity(device()), (now().plus(-300), now().plus_days(365)));
    let exact = ProfileSpec { backdate_seconds: 0, validity_days: 1, ..device() };
    assert_eq!(validity(exact), (now(), now().plus_days(1)));
    let week = ProfileSpec { backdate_seconds: 604_800, ..device() };
    assert_eq!(validity(week), (now().plus_days(-7), now().plus_days(365)));
    // A device without a clock lives in 1970 until it meets a time server.
    let epoch = ProfileSpec { not_before: Some("1970-01-01T00:00:00Z".to_owned()), ..device() };
    assert_eq!(validity(epoch), (Timestamp::from_unix(0), now().plus_days(365)));
    let issuer_ends = world.issuing.not_after;
    let century = ProfileSpec { validity_days: 36_525, ..device() };
    assert_eq!(validity(century.clone()).1, issuer_ends);

    // Renewal falls due within what is left, not within what was asked for.
    let short = NewAuthority::new("short", "CN=Short".parse().unwrap()).valid_for_days(10);
    let short = world.registry.authorities().create_root(&short, &world.call).unwrap();
    let profile = world.registry.profiles().put("century", &century, &world.call).unwrap().id;
    let issue = Issue::new(common::csr(&key(), "x"), profile, short.id);
    let issued = world.registry.certificates().issue(&issue, &world.call).unwrap().certificate;
    assert_eq!(issued.not_after, short.not_after);
    let due = issued.renew_at.unwrap();
    assert!(due > now().plus_days(5) && due < now().plus_days(7), "{due}");
    world.clock.advance(10 * 86_400 + 1);
    let late = world.registry.certificates().issue(&Issue { csr: common::csr(&key(), "y"), ..issue }, &world.call);
    assert_eq!(code(late), "authority.expired");
}

//! Profiles: versions, files, previews, and how subjects come about (NEC-52, NEC-54, trap 13).

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{World, code, key};
use tegata::model::{ProfileSpec, SanPolicy, SubjectPolicy};
use tegata::{
    Attribute, Certificate, Issue, KeyAlgorithm, Name, NewDevice, Page, PrivateKey, ProfileId, RevocationReason,
    VerifiedCsr, make_csr,
};

fn put(world: &World, name: &str, spec: &ProfileSpec) -> tegata::Result<ProfileId> {
    world.registry.profiles().put(name, spec, &world.call).map(|profile| profile.id)
}

fn subject(policy: SubjectPolicy) -> ProfileSpec {
    ProfileSpec { subject: policy, ..ProfileSpec::device() }
}

fn template(name: &str) -> ProfileSpec {
    subject(SubjectPolicy::Template { name: name.to_owned() })
}

fn from_csr(allow: &[&str], require: &[&str]) -> ProfileSpec {
    let own = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
    subject(SubjectPolicy::FromCsr { allow: own(allow), require: own(require) })
}

fn request(name: &str) -> Vec<u8> {
    make_csr(&key(), &name.parse().unwrap(), &[]).unwrap()
}

/// The subject of a certificate that is issued for `csr` to an applicant called `name`.
fn issue(world: &World, profile: ProfileId, csr: Vec<u8>, name: Option<&str>) -> tegata::Result<Name> {
    let issue = Issue { name: name.map(str::to_owned), ..Issue::new(csr, profile, world.issuing.id) };
    let issued = world.registry.certificates().issue(&issue, &world.call)?;
    Ok(Certificate::from_der(&issued.der).unwrap().subject().clone())
}

#[test]
fn a_profile_is_never_changed_a_new_version_is_added() {
    // NEC-52
    let world = World::new();
    let profiles = world.registry.profiles();
    let first = profiles.put("tls", &ProfileSpec::tls_server(), &world.call).unwrap();
    assert_eq!(profiles.put("tls", &ProfileSpec::tls_server(), &world.call).unwrap(), first);
    let changed = ProfileSpec { validity_days: 90, ..ProfileSpec::tls_server() };
    let second = profiles.put("tls", &changed, &world.call).unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!((first.revision, second.revision), (1, 2));
    assert_eq!(profiles.get(first.id).unwrap(), first);
    assert_eq!(profiles.newest("tls").unwrap(), second);
    // Back to the old content is a version too: the newest decides.
    let third = profiles.put("tls", &ProfileSpec::tls_server(), &world.call).unwrap();
    assert_eq!(third.revision, 3);
    let versions = profiles.versions("tls", &Page::of(2)).unwrap();
    assert_eq!((versions.items, versions.total), (vec![third.clone(), second], Some(3)));
    let rest = profiles.versions("tls", &Page::of(2).after(versions.next.unwrap())).unwrap();
    assert_eq!((rest.items, rest.next), (vec![first], None));
    assert_eq!(code(profiles.newest("none")), "input.unknown_id");
    assert_eq!(code(profiles.put("", &changed, &world.call)), "input.invalid");
    // All versions of all: the product's and the device's, too.
    assert_eq!(profiles.find(&Page::of(10)).unwrap().total, Some(5));
}

#[test]
fn a_certificate_goes_on_under_the_version_it_was_issued_under() {
    let world = World::new();
    let old = put(&world, "p", &template("CN={name},OU=old")).unwrap();
    let new = put(&world, "p", &template("CN={name},OU=new")).unwrap();
    let csr = request("CN=x");
    assert_eq!(issue(&world, old, csr.clone(), Some("a")).unwrap().to_string(), "CN=a,OU=old");
    assert_eq!(issue(&world, new, csr, Some("b")).unwrap().to_string(), "CN=b,OU=new");
}

#[test]
fn profiles_are_read_from_toml_and_json_files_named_like_them() {
    // NEC-52
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let profiles = world.registry.profiles();
    let toml = r#"
        keys = ["ecdsa-p384", "ed25519"]
        validity_days = 30
        key_usage = ["digitalSignature", "keyAgreement"]
        extended_key_usage = ["clientAuth", "1.3.6.1.5.5.7.3.17"]
        [subject.template]
        name = "CN={name},O=Example"
        [san]
        dns = ["*.example.com"]
        ip = ["10.0.0.0/8"]
    "#;
    std::fs::write(directory.path().join("camera.toml"), toml).unwrap();
    let camera = profiles.load(directory.path().join("camera.toml"), &world.call).unwrap();
    assert_eq!((camera.name.as_str(), camera.spec.validity_days), ("camera", 30));
    assert_eq!(camera.spec.keys, [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519]);
    assert_eq!(camera.spec.san.ip, ["10.0.0.0/8"]);
    // What a profile writes, it reads.
    std::fs::write(directory.path().join("camera.JSON"), camera.spec.to_json()).unwrap();
    assert_eq!(profiles.load(directory.path().join("camera.JSON"), &world.call).unwrap(), camera);
    let missing = profiles.load(directory.path().join("missing.toml"), &world.call).unwrap_err();
    assert_eq!(missing.code(), "input.invalid");
    assert!(!missing.to_string().contains(directory.path().to_str().unwrap()), "{missing}");
}

#[test]
fn a_mistake_in_a_file_is_named_with_its_field() {
    let wrong = [
        ("validity_days = \"long\"", "validity_days"),
        ("validity = 3", "validity"),
        ("keys = [\"rsa-1024\"]", "rsa-1024"),
        ("key_usage = [\"signing\"]", "signing"),
        ("subject = \"opaque\"", "subject"),
        ("[san]\nhosts = []", "hosts"),
        ("suspend = \"hold\"", "hold"),
        ("keys = [", "keys"),
    ];
    for (text, named) in wrong {
        let error = ProfileSpec::from_toml(text).unwrap_err();
        assert_eq!(error.code(), "profile.syntax", "{text}");
        assert!(error.to_string().contains(named) && error.to_string().contains("line"), "{text}: {error}");
    }
    let error = ProfileSpec::from_json(r#"{"validity_days": "long"}"#).unwrap_err();
    assert_eq!(error.code(), "profile.syntax");
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_field() {
    let world = World::new();
    let device = ProfileSpec::device;
    let san = |san: SanPolicy| ProfileSpec { san, ..device() };
    let one = |text: &str| vec![text.to_owned()];
    let wrong = [
        (ProfileSpec { keys: Vec::new(), ..device() }, "keys"),
        (ProfileSpec { validity_days: 0, ..device() }, "validity_days"),
        (ProfileSpec { validity_days: 36_526, ..device() }, "validity_days"),
        (ProfileSpec { renew_after_percent: 0, ..device() }, "renew_after_percent"),
        (ProfileSpec { renew_after_percent: 101, ..device() }, "renew_after_percent"),
        (ProfileSpec { renew_spread_percent: 66, ..device() }, "renew_spread_percent"),
        (ProfileSpec { collect_within_days: 0, ..device() }, "collect_within_days"),
        (ProfileSpec { key_usage: tegata::KeyUsage::KEY_CERT_SIGN, ..device() }, "key_usage"),
        (ProfileSpec { key_usage: tegata::KeyUsage::CRL_SIGN, ..device() }, "key_usage"),
        (ProfileSpec { not_before: Some("yesterday".to_owned()), ..device() }, "not_before"),
        (ProfileSpec { extended_key_usage: one("tlsClient"), ..device() }, "extended_key_usage"),
        (ProfileSpec { policies: one("policy"), ..device() }, "policies"),
        (ProfileSpec { crl_urls: one("http://ex ample/\n"), ..device() }, "address"),
        (san(SanPolicy { ip: one("10.0.0.0/33"), ..SanPolicy::default() }), "san.ip"),
        (san(SanPolicy { other: one("x"), ..SanPolicy::default() }), "san.other"),
        (san(SanPolicy { add: one("host:{id}"), ..SanPolicy::default() }), "san.add"),
        (san(SanPolicy { add: one("dns:{serial}"), ..SanPolicy::default() }), "san.add"),
        (template("CN={nmae}"), "subject.template"),
        (template("CN={name"), "subject.template"),
        (template("CN={csr.XX}"), "subject.template"),
        (template("{name}"), "subject.template"),
        (template("XX={name}"), "subject.template"),
        (subject(SubjectPolicy::Opaque { fixed: "Example".to_owned() }), "subject"),
        (from_csr(&["CN", "XX"], &[]), "subject.from-csr.allow"),
        (from_csr(&["CN"], &["YY"]), "subject.from-csr.require"),
    ];
    for (spec, field) in wrong {
        let error = put(&world, "wrong", &spec).unwrap_err();
        assert_eq!(error.code(), "profile.invalid", "{field}");
        assert!(error.to_string().contains(field), "{field}: {error}");
    }
    assert_eq!(code(world.registry.profiles().newest("wrong")), "input.unknown_id");
}

#[test]
fn a_preview_says_what_issuing_will_say() {
    let world = World::new();
    let profiles = world.registry.profiles();
    let named = put(&world, "named", &template("CN={name},OU={csr.OU}")).unwrap();
    let keys = ProfileSpec { keys: vec![KeyAlgorithm::Ed25519], ..template("CN={name}") };
    let ed25519 = put(&world, "ed25519", &keys).unwrap();
    let approved = put(&world, "approved", &ProfileSpec { approval: true, ..template("CN={name}") }).unwrap();
    let exact = put(&world, "exact", &from_csr(&["CN"], &["CN"])).unwrap();

    let csr = request("OU=x");
    let preview = profiles.preview(named, world.issuing.id, &csr, Some("cam")).unwrap();
    let issue_it = Issue::new(csr, named, world.issuing.id).named("cam");
    let issued = world.registry.certificates().issue(&issue_it, &world.call).unwrap();
    let certificate = Certificate::from_der(&issued.der).unwrap();
    assert_eq!(&preview.subject, certificate.subject());
    assert_eq!((preview.not_before, preview.not_after), (certificate.not_before(), certificate.not_after()));

    // A device's key, a key that was reported, a subject that is taken.
    let (device_key, enrolled) = world.enrolled(None);
    let (reported, request_of_reported) = (key(), |key: &PrivateKey| common::csr(key, "x"));
    let first = Issue::new(request_of_reported(&reported), exact, world.issuing.id);
    let first = world.registry.certificates().issue(&first, &world.call).unwrap().certificate.id;
    world.registry.certificates().revoke(first, RevocationReason::KeyCompromise, &world.call).unwrap();
    let device = world.registry.devices().register(&NewDevice::named("taken"), &world.call).unwrap();
    let of_device = Issue::new(request("OU=x"), named, world.issuing.id).for_device(device.id);
    world.registry.certificates().issue(&of_device, &world.call).unwrap();
    let mut broken = request("CN=x");
    *broken.last_mut().unwrap() ^= 1;
    let refused = [
        (named, request("CN=x"), Some("cam"), "profile.subject_value"),
        (named, request("OU=x"), None, "profile.subject_value"),
        (named, request("OU=x"), Some(" cam"), "input.invalid"),
        (named, request("OU=x"), Some("taken"), "csr.subject_bound"),
        (ed25519, request("CN=x"), Some("cam"), "csr.key_not_in_profile"),
        (exact, request("CN=x,O=y"), None, "csr.subject_refused"),
        (exact, request("OU=x"), None, "csr.subject_refused"),
        (exact, common::csr(&device_key, "x"), None, "csr.key_bound"),
        (exact, common::csr(&reported, "y"), None, "csr.key_compromised"),
        (exact, broken, None, "csr.signature_invalid"),
        (exact, b"x".to_vec(), None, "csr.malformed"),
        (approved, request("CN=x"), Some("cam"), "profile.approval_needed"),
    ];
    for (profile, csr, name, reason) in refused {
        let issued = issue(&world, profile, csr.clone(), name);
        assert_eq!(code(issued), reason);
        assert_eq!(code(profiles.preview(profile, world.issuing.id, &csr, name)), reason);
    }
    assert_eq!(enrolled.issued.certificate.key_number, 1);
    world.registry.authorities().retire(world.issuing.id, &world.call).unwrap();
    let late = profiles.preview(named, world.issuing.id, &request("OU=x"), Some("cam2"));
    assert_eq!(code(late), "authority.retired");
}

#[test]
fn a_template_is_filled_with_what_the_registry_and_the_csr_say() {
    // NEC-54
    let world = World::new();
    let all =
        "CN=cam-{name}+SERIALNUMBER={csr.SERIALNUMBER},OU={csr.OU},O=Example\\, Inc.,L={csr.L},ST={csr.ST},C={csr.C}";
    let profile = put(&world, "all", &template(all)).unwrap();
    let csr = request("CN=ignored,SERIALNUMBER=7,OU=Cameras,L=川崎市,ST=Kanagawa,C=JP");
    let subject = issue(&world, profile, csr, Some("1")).unwrap();
    let expected = "CN=cam-1+SERIALNUMBER=7,OU=Cameras,O=Example\\, Inc.,L=川崎市,ST=Kanagawa,C=JP";
    assert_eq!(subject, expected.parse().unwrap());

    let with_unit = put(&world, "unit", &template("CN={unit},UID={id}")).unwrap();
    let change = tegata::ProductChange { device_profile: Some(with_unit), ..tegata::ProductChange::default() };
    world.registry.products().update(world.product.id, &change, &world.call).unwrap();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let subject = enrolled.device.subject.unwrap();
    assert_eq!(subject.to_string(), format!("CN=SN-1,UID={}", enrolled.device.id));
    assert_eq!(code(world.enroll(&world.request(None).1)), "profile.subject_value");
}

#[test]
fn no_value_breaks_out_of_its_place_in_a_template() {
    // Trap 13
    let world = World::new();
    let profile = put(&world, "p", &template("CN={name},OU={csr.OU},O=Example")).unwrap();
    let hostile =
        ["x,O=Evil", "x+O=Evil", "x\\,O=Evil", "\"x\",O=Evil", "{id}", "{csr.CN}", "#0c0178", "x;O=Evil", "x=y"];
    for value in hostile {
        let unit = Name::builder()
            .push(Attribute::CommonName, "never used")
            .push(Attribute::OrganizationalUnit, value)
            .build()
            .unwrap();
        let csr = make_csr(&key(), &unit, &[]).unwrap();
        let subject = issue(&world, profile, csr.clone(), Some(value)).unwrap();
        assert_eq!(subject.attributes().iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1], "{value}");
        assert_eq!(subject.values(Attribute::CommonName), [value]);
        assert_eq!(subject.values(Attribute::OrganizationalUnit), [value]);
        assert_eq!(subject.values(Attribute::Organization), ["Example"]);
        // A device's name comes from people as well.
        let device = world.registry.devices().register(&NewDevice::named(value), &world.call).unwrap();
        let issue = Issue::new(make_csr(&key(), &unit, &[]).unwrap(), profile, world.issuing.id).for_device(device.id);
        let refused = world.registry.certificates().issue(&issue, &world.call);
        // The subject is the certificate's of above, so it is taken: one subject, one entity (PAP-8).
        assert_eq!(code(refused), "csr.subject_bound");
    }
    for value in ["", "x".repeat(65).as_str(), "a\u{0}b", "a\nb"] {
        let csr = request("OU=x");
        assert!(issue(&world, profile, csr, Some(value)).is_err(), "{value:?}");
    }
}

#[test]
fn a_subject_from_a_csr_is_taken_byte_for_byte_or_refused() {
    let world = World::new();
    let profile = put(&world, "exact", &from_csr(&["CN", "OU", "O"], &["CN", "O"])).unwrap();
    for name in ["CN=a,O=b", "CN=a+OU=c,O=b", "OU=2,OU=1,CN=a,O=b", "CN=a,CN=b,O=c"] {
        let csr = request(name);
        let exact = VerifiedCsr::parse(&csr).unwrap().subject().as_der().to_vec();
        assert_eq!(issue(&world, profile, csr, None).unwrap().as_der(), exact, "{name}");
    }
    for name in ["CN=a", "O=b", "", "CN=a,O=b,C=JP", "CN=a+C=JP,O=b", "CN=a,O=b,1.2.3.4=x"] {
        assert_eq!(code(issue(&world, profile, request(name), None)), "csr.subject_refused", "{name}");
    }
}

#[test]
fn a_profile_lists_the_keys_it_certifies() {
    // NEC-5
    let world = World::new();
    let algorithms = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];
    for listed in algorithms {
        let profile = put(&world, "one", &ProfileSpec { keys: vec![listed], ..ProfileSpec::device() }).unwrap();
        for algorithm in algorithms {
            let key = PrivateKey::generate(algorithm).unwrap();
            let issued = issue(&world, profile, common::csr(&key, "x"), None);
            if algorithm == listed {
                issued.unwrap();
            } else {
                assert_eq!(code(issued), "csr.key_not_in_profile");
            }
        }
    }
}

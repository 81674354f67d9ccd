//! Products: registered from a file, changed, their credentials, units and claim codes (PAP-4, 5, 8, 11, NAV-3, traps 5 and 6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{START, World, code};
use tegata::model::{CertificateKind, EnrollmentMode, EnrollmentPolicy, KeyOrigin, ProductState, ProfileSpec};
use tegata::{
    Bulk, Certificate, Enroll, HandOut, KeyAlgorithm, NewAuthority, NewProduct, Page, Presented, Principal, PrivateKey,
    ProductChange, ProductFilter, ProductSpec, Proof, Rebuild, RegisteredProduct, RevocationReason, Signer, Text,
    Timestamp,
};

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

fn new(world: &World, spec: ProductSpec) -> NewProduct {
    NewProduct {
        spec,
        authority: world.issuing.id,
        credential_profile: world.registry.profiles().newest("product").unwrap().id,
        device_profile: world.registry.profiles().newest("device").unwrap().id,
        algorithm: None,
        hand_out: HandOut::Now,
    }
}

fn named(name: &str) -> ProductSpec {
    ProductSpec { name: name.to_owned(), ..ProductSpec::default() }
}

fn register(world: &World, new: &NewProduct) -> tegata::Result<RegisteredProduct> {
    world.registry.products().register(new, &world.call)
}

fn set_policy(world: &World, policy: &EnrollmentPolicy) {
    world.registry.products().set_enrollment_policy(world.product.id, policy, &world.call).unwrap();
}

#[test]
fn a_product_is_registered_from_a_file_and_the_server_makes_key_and_certificate() {
    // PAP-4, PAP-5, PAP-8, PAP-11
    let (world, directory) = (World::new(), tempfile::tempdir().unwrap());
    let file = directory.path().join("product.toml");
    let text = r#"
        name = "Door 9"
        [information]
        manufacturer = "Example"
        model = "D9 / 川崎"
        [enrollment]
        mode = "claim-code"
        quota = 5000
        opens = "2026-12-01T00:00:00Z"
        closes = "2027-12-01T00:00:00Z"
        unit_required = true
    "#;
    std::fs::write(&file, text).unwrap();
    let spec = ProductSpec::load(&file).unwrap();
    let registered = register(&world, &new(&world, spec.clone())).unwrap();
    let product = &registered.product;
    assert_eq!((product.name.as_str(), product.state), ("Door 9", ProductState::Active));
    assert_eq!((&product.information, &product.policy), (&spec.information, &spec.enrollment));
    assert_eq!(product.policy.opens, Some("2026-12-01T00:00:00Z".parse().unwrap()));
    assert_eq!(&world.registry.products().get(product.id).unwrap(), product);

    let credential = &registered.credential.issued;
    let certificate = Certificate::from_der(&credential.der).unwrap();
    let key = PrivateKey::from_bytes(registered.credential.key.as_ref().unwrap().expose()).unwrap();
    assert_eq!(key.public_key().spki(), certificate.spki());
    assert_eq!(product.subject.as_ref(), Some(certificate.subject()));
    assert_eq!(credential.certificate.kind, CertificateKind::Product);
    assert_eq!(credential.certificate.key_origin, KeyOrigin::Server);
    assert_eq!((credential.certificate.product, credential.certificate.device), (Some(product.id), None));
    // Nothing in it tells units apart (trap 6).
    assert!(certificate.extensions().names().unwrap().is_empty());
    assert_eq!(certificate.subject().to_string(), format!("CN={}", product.id));
}

#[test]
fn a_mistake_in_a_product_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = [
        ("", "name"),
        ("name = 7", "name"),
        ("name = \"x\"\ncolour = \"red\"", "colour"),
        ("name = \"x\"\n[enrollment]\nmode = \"closed\"", "closed"),
        ("name = \"x\"\n[enrollment]\nquota = -1", "quota"),
        ("name = \"x\"\n[enrollment]\nopens = \"soon\"", "opens"),
        ("name = \"x\"\n[enrollment]\nlimit = 1", "limit"),
    ];
    for (text, named) in wrong {
        let error = ProductSpec::from_toml(text).unwrap_err();
        assert_eq!(error.code(), "input.invalid");
        assert!(error.to_string().contains(named), "{text}: {error}");
    }
    assert_eq!(code(ProductSpec::load(directory.path().join("missing.toml"))), "input.invalid");
}

#[test]
fn what_a_product_says_is_checked() {
    let world = World::new();
    let with = |enrollment: EnrollmentPolicy| ProductSpec { enrollment, ..named("x") };
    let policy = EnrollmentPolicy::default;
    let many: BTreeMap<_, _> = (0..33).map(|n| (n.to_string(), String::new())).collect();
    let long = BTreeMap::from([("key".to_owned(), "v".repeat(256))]);
    for (spec, reason) in [
        (named(""), "input.invalid"),
        (named("Camera 7"), "product.name_taken"),
        (ProductSpec { information: many, ..named("x") }, "input.invalid"),
        (ProductSpec { information: long, ..named("x") }, "input.too_long"),
        (with(EnrollmentPolicy { quota: Some(0), ..policy() }), "input.invalid"),
        (with(EnrollmentPolicy { opens: Some(now()), closes: Some(now()), ..policy() }), "input.invalid"),
    ] {
        assert_eq!(code(register(&world, &new(&world, spec))), reason);
    }
    let no_key = new(&world, named("x"));
    let no_key = NewProduct { credential_profile: no_key.device_profile, ..no_key };
    assert_eq!(code(register(&world, &no_key)), "profile.no_server_key");
    let other = NewProduct { algorithm: Some(KeyAlgorithm::Ed25519), ..new(&world, named("x")) };
    assert_eq!(code(register(&world, &other)), "profile.server_key_algorithm");
    assert_eq!(world.registry.products().find(&ProductFilter::default(), &Page::of(1)).unwrap().total, Some(1));
}

#[test]
fn a_private_key_is_handed_out_once() {
    // NAV-3, trap 3
    let world = World::new();
    let (products, certificates) = (world.registry.products(), world.registry.certificates());
    let once = world.call.clone().with_request_id("p-1");
    let later = NewProduct { hand_out: HandOut::Later, ..new(&world, named("later")) };
    let registered = products.register(&later, &once).unwrap();
    let id = registered.credential.issued.certificate.id;
    assert!(registered.credential.key.is_none());
    let line = world.call.clone().with_request_id("line-1");
    let collected = certificates.collect_key(id, &line).unwrap();
    // A lost answer loses no key: the same collector gets it again, and nobody else does.
    let again = certificates.collect_key(id, &line).unwrap();
    assert_eq!(again.key.unwrap().expose(), collected.key.unwrap().expose());
    let other = world.call.clone().with_request_id("line-2");
    assert_eq!(code(certificates.collect_key(id, &other)), "delivery.collecting");
    certificates.confirm_key(id, &world.call).unwrap();
    assert_eq!(code(certificates.collect_key(id, &line)), "delivery.collected");

    // Handed out at once, the answer of the registration was the collecting.
    let call = world.call.clone().with_request_id("p-2");
    let now = new(&world, named("now"));
    let first = products.register(&now, &call).unwrap();
    let repeated = products.register(&now, &call).unwrap();
    assert_eq!(repeated.product, first.product);
    assert_eq!(repeated.credential.key.unwrap().expose(), first.credential.key.unwrap().expose());
    let id = first.credential.issued.certificate.id;
    assert_eq!(code(certificates.collect_key(id, &other)), "delivery.collecting");
    certificates.confirm_key(id, &world.call).unwrap();
    assert_eq!(code(products.register(&now, &call)), "delivery.collected");
}

#[test]
fn information_authority_and_profiles_of_a_product_change() {
    let world = World::new();
    let products = world.registry.products();
    let id = world.product.id;
    let information = BTreeMap::from([("version".to_owned(), "2".to_owned())]);
    let change = ProductChange {
        name: Some("Camera 8".to_owned()),
        information: Some(information.clone()),
        ..ProductChange::default()
    };
    let changed = products.update(id, &change, &world.call).unwrap();
    assert_eq!((changed.name.as_str(), &changed.information), ("Camera 8", &information));
    assert_eq!(changed.subject, world.product.subject, "a name is no subject");
    register(&world, &new(&world, named("Camera 7"))).unwrap();
    let taken = ProductChange { name: Some("Camera 7".to_owned()), ..ProductChange::default() };
    assert_eq!(code(products.update(id, &taken, &world.call)), "product.name_taken");

    // From now on another authority issues under another profile; who holds a credential goes on.
    let other = NewAuthority::new("other", "CN=Other CA".parse().unwrap());
    let other = world.registry.authorities().create_root(&other, &world.call).unwrap();
    let short = ProfileSpec { validity_days: 7, ..ProfileSpec::device() };
    let short = world.registry.profiles().put("short", &short, &world.call).unwrap();
    let change =
        ProductChange { authority: Some(other.id), device_profile: Some(short.id), ..ProductChange::default() };
    products.update(id, &change, &world.call).unwrap();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    assert_eq!(enrolled.issued.certificate.authority, other.id);
    assert_eq!(enrolled.issued.certificate.not_after, now().plus_days(7));
    let stranger = World::new();
    let unknown = ProductChange { authority: Some(stranger.root.id), ..ProductChange::default() };
    assert_eq!(code(products.update(id, &unknown, &world.call)), "input.unknown_id");
    assert_eq!(code(products.get(stranger.product.id)), "input.unknown_id");
}

#[test]
fn products_are_found_by_name_and_state() {
    let world = World::new();
    let products = world.registry.products();
    for name in ["Door 1", "Door 2", "Gate"] {
        register(&world, &new(&world, named(name))).unwrap();
    }
    let found = |filter: ProductFilter| {
        let listing = products.find(&filter, &Page::of(10)).unwrap();
        assert_eq!(listing.total, Some(listing.items.len() as u64));
        listing.items.into_iter().map(|product| product.name).collect::<Vec<_>>()
    };
    let by_name = |name| ProductFilter { name: Some(name), ..ProductFilter::default() };
    assert_eq!(found(ProductFilter::default()), ["Camera 7", "Door 1", "Door 2", "Gate"]);
    assert_eq!(found(by_name(Text::StartsWith("Door".to_owned()))), ["Door 1", "Door 2"]);
    assert_eq!(found(by_name(Text::Is("Gate".to_owned()))), ["Gate"]);
    assert_eq!(found(by_name(Text::Contains("a".to_owned()))), ["Camera 7", "Gate"]);
    products.suspend(world.product.id, &world.call).unwrap();
    assert_eq!(code(products.suspend(world.product.id, &world.call)), "product.suspended");
    let in_state = |state| ProductFilter { state: Some(state), ..ProductFilter::default() };
    assert_eq!(found(in_state(ProductState::Suspended)), ["Camera 7"]);
    products.discontinue(world.product.id, &world.call).unwrap();
    assert_eq!(code(products.resume(world.product.id, &world.call)), "product.discontinued");
    assert_eq!(found(in_state(ProductState::Discontinued)), ["Camera 7"]);
}

#[test]
fn credentials_come_in_batches_and_each_is_revoked_on_its_own() {
    // PAP-5, trap 5
    let world = World::new();
    let (registry, products) = (&world.registry, world.registry.products());
    let id = world.product.id;
    let next = registry.authorities().rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    let second = products.renew_credential(id, None, HandOut::Now, &world.call).unwrap();
    let third = products.renew_credential(id, Some(KeyAlgorithm::EcdsaP256), HandOut::Later, &world.call).unwrap();
    let batches = products.credentials(id).unwrap();
    assert_eq!(batches.iter().map(|c| c.key_number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(batches[1].authority, next.id);
    let subjects: BTreeSet<_> = batches
        .iter()
        .map(|c| Certificate::from_der(&registry.certificates().der(c.id).unwrap()).unwrap().subject().to_string())
        .collect();
    assert_eq!(subjects.len(), 1, "one product, one subject (PAP-8)");
    let spkis: BTreeSet<_> = [&world.credential, &second.issued.der, &third.issued.der]
        .map(|der| Certificate::from_der(der).unwrap().spki().to_vec())
        .into();
    assert_eq!(spkis.len(), 3, "each batch has a key of its own");

    let (_, by_first) = world.enrolled(Some("SN-1"));
    products.revoke_credential(batches[0].id, RevocationReason::KeyCompromise, &world.call).unwrap();
    let again = products.revoke_credential(batches[0].id, RevocationReason::Superseded, &world.call);
    assert_eq!(code(again), "certificate.already_revoked");
    let device = by_first.issued.certificate.id;
    let no_credential = products.revoke_credential(device, RevocationReason::Superseded, &world.call);
    assert_eq!(code(no_credential), "product.credential_unknown");
    let with = |credential: &[u8]| Enroll { credential: credential.to_vec(), ..world.request(Some("SN-2")).1 };
    assert_eq!(code(world.enroll(&with(&world.credential))), "product.credential_revoked");
    world.enroll(&with(&second.issued.der)).unwrap();
    let presented =
        Presented::Certificate { certificate: &by_first.issued.der, proof: Proof::TlsSession, device: None };
    assert!(matches!(registry.authenticate(&presented).unwrap(), Principal::Device { .. }));
    products.discontinue(id, &world.call).unwrap();
    assert_eq!(code(products.renew_credential(id, None, HandOut::Now, &world.call)), "product.discontinued");
}

#[test]
fn units_are_listed_in_bulk_and_only_they_enroll() {
    // Trap 5, trap 14
    let world = World::new();
    set_policy(&world, &EnrollmentPolicy { mode: EnrollmentMode::AllowList, ..EnrollmentPolicy::default() });
    let products = world.registry.products();
    let units = |names: &[&str]| names.iter().copied().map(str::to_owned).collect::<Vec<_>>();
    let add = |names: &[&str], bulk| {
        let results = products.add_units(world.product.id, &units(names), &bulk, &world.call).unwrap();
        results.into_iter().map(|result| result.err().map_or("done", |e| e.code())).collect::<Vec<_>>()
    };
    assert_eq!(
        add(&["SN-1", "", "SN-2"], Bulk::all()),
        ["input.batch_refused", "input.invalid", "input.batch_refused"]
    );
    assert_eq!(code(world.enroll(&world.request(Some("SN-1")).1)), "product.unit_not_listed");
    assert_eq!(add(&["SN-1", "SN-2", "SN-1"], Bulk::each()), ["done", "done", "product.unit_listed"]);
    let many: Vec<_> = (0..1_500).map(|n| format!("MAC-{n}")).collect();
    let results = products.add_units(world.product.id, &many, &Bulk::all(), &world.call).unwrap();
    assert!(results.iter().all(Result::is_ok));
    world.enrolled(Some("SN-1"));
    world.enrolled(Some("MAC-1499"));
    assert_eq!(code(world.enroll(&world.request(None).1)), "product.unit_required");
    assert_eq!(code(world.enroll(&world.request(Some("sn-2")).1)), "product.unit_not_listed");
    assert_eq!(products.enrolled(world.product.id).unwrap(), 2);
    let stranger = World::new().product.id;
    assert_eq!(code(products.add_units(stranger, &many, &Bulk::each(), &world.call)), "input.unknown_id");
}

#[test]
fn claim_codes_are_long_readable_used_once_and_expire() {
    // Trap 5
    let world = World::new();
    set_policy(&world, &EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() });
    let (products, id) = (world.registry.products(), world.product.id);
    let codes = products.issue_claim_codes(id, 1_000, Some(now().plus(60)), &world.call).unwrap();
    let plain: BTreeSet<_> = codes.iter().map(|code| code.expose().clone()).collect();
    assert_eq!(plain.len(), 1_000);
    for text in &plain {
        // Six groups of four letters and digits: 120 bits.
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 6], "{text}");
        assert!(text.chars().all(|c| c == '-' || c.is_ascii_uppercase() || ('2'..='7').contains(&c)), "{text}");
    }
    // Every place takes every letter: none is fixed.
    for place in (0..29).filter(|place| place % 5 != 4) {
        let letters: BTreeSet<_> = plain.iter().map(|text| text.as_bytes()[place]).collect();
        assert_eq!(letters.len(), 32, "place {place}");
    }
    assert_eq!(format!("{:?}", codes[0]), "Secret(..)");

    let with = |unit: &str, code: &str| Enroll { claim_code: Some(code.to_owned()), ..world.request(Some(unit)).1 };
    let typed = codes[0].expose().to_lowercase().replace('-', " ");
    world.enroll(&with("SN-1", &typed)).unwrap();
    assert_eq!(code(world.enroll(&with("SN-2", codes[0].expose()))), "product.claim_code_used");
    let other = register(&world, &new(&world, named("other"))).unwrap().product.id;
    let others = products.issue_claim_codes(other, 1, None, &world.call).unwrap();
    assert_eq!(code(world.enroll(&with("SN-2", others[0].expose()))), "product.claim_code_unknown");
    world.clock.advance(60);
    assert_eq!(code(world.enroll(&with("SN-2", codes[1].expose()))), "product.claim_code_expired");
    let lasting = products.issue_claim_codes(id, 1, None, &world.call).unwrap();
    world.enroll(&with("SN-2", lasting[0].expose())).unwrap();
    for (count, expires) in [(0, None), (10_001, None), (1, Some(now().plus(60)))] {
        assert_eq!(code(products.issue_claim_codes(id, count, expires, &world.call)), "input.invalid");
    }
    // Codes are seen once: a repeated request cannot show them again.
    let once = world.call.clone().with_request_id("codes");
    products.issue_claim_codes(id, 1, None, &once).unwrap();
    assert_eq!(code(products.issue_claim_codes(id, 1, None, &once)), "input.request_id_reused");
    assert_eq!(products.enrolled(id).unwrap(), 2);
}

//! Whom a campaign selects, and whom it has turned down.

use super::*;

#[test]
fn a_selection_is_by_algorithm_authority_product_group_time_and_kind() {
    // NEC-34, NEC-63
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let profile = registry.profiles().newest("device").unwrap().id;
    let doors = registry.groups().create("doors", &GroupChange::default(), call).unwrap().id;
    let in_doors = NewDevice { group: Some(doors), ..NewDevice::named("door") };
    let door = registry.devices().register(&in_doors, call).unwrap().id;
    let other = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let issue = Issue::new(csr(&other, "x"), profile, world.root.id).for_device(door);
    let ed = registry.certificates().issue(&issue, call).unwrap().certificate.id;
    let unit = units(&world, 1)[0];
    let camera = registry.certificates().get(unit).unwrap().device.unwrap();
    world.clock.advance(100);
    for device in [door, camera] {
        registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Twine80), call).unwrap();
        registry.psks().issue(&NewPsk::tls(device), call).unwrap();
    }
    let aes = registry.keys().issue(&NewKey::for_group(doors, SymmetricAlgorithm::Aes256), call).unwrap();
    let counted = |selection: Selection| {
        let preview = registry.campaigns().preview(&selection).unwrap();
        // A start selects what the preview counts.
        let name = format!("{selection:?}").chars().take(250).collect::<String>();
        let total = preview.certificates + preview.keys + preview.psks;
        match registry.campaigns().start(&NewCampaign::new(name.trim(), selection), call) {
            Ok(campaign) => assert_eq!(campaign.selected, total),
            Err(refused) => assert_eq!((refused.code(), total), ("campaign.nothing_selected", 0)),
        }
        (preview.certificates, preview.keys, preview.psks)
    };
    let some = Selection::default;
    let algorithm = |name: &str| Selection { algorithm: Some(name.to_owned()), ..some() };
    assert_eq!(counted(all()), (2, 3, 2));
    assert_eq!(counted(algorithm("ed25519")), (1, 0, 0));
    assert_eq!(counted(algorithm("ecdsa-p256")), (1, 0, 0));
    assert_eq!(counted(algorithm("twine-80")), (0, 2, 0));
    assert_eq!(counted(algorithm("rsa-2048")), (0, 0, 0));
    assert_eq!(counted(Selection { authority: Some(world.root.id), ..some() }), (1, 0, 0));
    assert_eq!(counted(Selection { authority: Some(world.issuing.id), ..some() }), (1, 0, 0));
    assert_eq!(counted(Selection { product: Some(world.product.id), ..some() }), (1, 1, 1));
    assert_eq!(counted(Selection { group: Some(doors), ..some() }), (1, 2, 1));
    assert_eq!(counted(Selection { issued_to: Some(now().plus(100)), ..some() }), (2, 0, 0));
    assert_eq!(counted(Selection { issued_from: Some(now().plus(100)), ..some() }), (0, 3, 2));
    assert_eq!(counted(Selection { kinds: vec![CredentialKind::Psk], ..some() }), (0, 0, 2));
    assert_eq!(counted(Selection { group: Some(doors), product: Some(world.product.id), ..some() }), (0, 0, 0));
    let listed = Selection { certificates: vec![ed, ed], keys: vec![aes.id], ..some() };
    assert_eq!(counted(listed), (1, 1, 0));

    // The same column answers lists and counts.
    let filter = CertificateFilter { algorithm: Some(KeyAlgorithm::Ed25519), ..CertificateFilter::default() };
    let found = registry.certificates().find(&filter, &Page::of(10)).unwrap().items;
    assert_eq!(found.iter().map(|certificate| certificate.id).collect::<Vec<_>>(), [ed]);
    let by = registry.counts().unwrap().certificates_by_algorithm;
    assert_eq!(by, [(Some(KeyAlgorithm::EcdsaP256), 2), (Some(KeyAlgorithm::Ed25519), 1)]);
}

#[test]
fn what_is_out_of_force_for_good_is_not_selected() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let fleet = units(&world, 5);
    registry.certificates().revoke(fleet[0], RevocationReason::Unspecified, call).unwrap();
    registry.certificates().suspend(fleet[1], call).unwrap();
    let successor = confirmed(&world, fleet[2]);
    registry.certificates().delete(fleet[3], call).unwrap();
    let preview = registry.campaigns().preview(&certificates()).unwrap();
    assert_eq!(preview.certificates, 3, "the suspended one, the successor and the last");
    let campaign = registry.campaigns().start(&waves("all", certificates(), 100, 0), call).unwrap();
    registry.campaigns().advance(campaign.id, call).unwrap();
    assert_eq!(straggling(registry, campaign.id), [fleet[1], successor, fleet[4]].into());
    // A suspended one is due when it is resumed, and not before.
    let listed = || due(registry, now(), CredentialKind::Certificate).len();
    assert_eq!(listed(), 2);
    registry.certificates().resume(fleet[1], call).unwrap();
    assert_eq!(listed(), 3);
}

#[test]
fn a_campaign_that_cannot_be_meant_is_refused_with_the_reason() {
    let world = World::new();
    let (call, campaigns) = (&world.call, world.registry.campaigns());
    let certificate = units(&world, 1)[0];
    let start = |new: &NewCampaign| campaigns.start(new, call);
    let with = |selection: Selection| start(&NewCampaign::new("x", selection));
    let some = Selection::default;
    let nothing = Selection { algorithm: Some("rsa-4096".to_owned()), ..some() };
    assert_eq!(code(with(nothing)), "campaign.nothing_selected");
    for unusable in [
        some(),
        Selection { algorithm: Some("rot13".to_owned()), ..some() },
        Selection { certificates: vec![certificate], kinds: vec![CredentialKind::Certificate], ..some() },
        Selection { certificates: vec![certificate], algorithm: Some("ed25519".to_owned()), ..some() },
        Selection { issued_from: Some(now()), issued_to: Some(now()), ..some() },
        Selection { certificates: vec![certificate; 100_001], ..some() },
    ] {
        assert_eq!(code(campaigns.preview(&unusable)), "campaign.selection");
        assert_eq!(code(with(unusable)), "campaign.selection");
    }
    // What is named must exist, and be what it is named as.
    let stranger = World::new();
    let foreign = units(&stranger, 1)[0];
    let unknown = Selection { certificates: vec![certificate, foreign], ..some() };
    assert_eq!(code(campaigns.preview(&unknown)), "input.unknown_id");
    assert_eq!(code(with(unknown)), "input.unknown_id");
    let unknown = Selection { keys: vec![KeyId::from_bytes(*certificate.as_bytes())], ..some() };
    assert_eq!(code(with(unknown)), "input.unknown_id");

    let good = || NewCampaign::new("x", certificates());
    for bad in [
        NewCampaign { name: String::new(), ..good() },
        NewCampaign { name: " x".to_owned(), ..good() },
        NewCampaign { wave_size: 0, ..good() },
        NewCampaign { grace_days: 3_654, ..good() },
        NewCampaign { revoke_after_days: Some(3_654), ..good() },
        NewCampaign { revocation: RevocationReason::CertificateHold, ..good() },
        NewCampaign { reason: Some("a\nb".to_owned()), ..good() },
    ] {
        assert_eq!(code(start(&bad)), "input.invalid", "{bad:?}");
    }
    assert_eq!(campaigns.find(&CampaignFilter::default(), &Page::of(1)).unwrap().total, Some(0), "nothing was kept");
    start(&good()).unwrap();
    assert_eq!(code(start(&good())), "campaign.name_taken");
    let none = CampaignId::from_bytes([0; 16]);
    assert_eq!(code(campaigns.get(none)), "input.unknown_id");
    assert_eq!(code(campaigns.progress(none)), "input.unknown_id");
    assert_eq!(code(campaigns.stragglers(none, &Page::of(1))), "input.unknown_id");
    assert_eq!(code(campaigns.advance(none, call)), "input.unknown_id");
}

#[test]
fn a_request_id_starts_one_campaign() {
    let world = World::new();
    units(&world, 1);
    let campaigns = world.registry.campaigns();
    let once = world.call.clone().with_request_id("c-1");
    let new = NewCampaign::new("x", certificates());
    let started = campaigns.start(&new, &once).unwrap();
    assert_eq!(campaigns.start(&new, &once).unwrap(), started);
    assert_eq!(code(campaigns.start(&NewCampaign { wave_size: 7, ..new }, &once)), "input.request_id_reused");
    // Of a wave it means nothing: each call releases what is to be released now.
    campaigns.advance(started.id, &once).unwrap();
    campaigns.advance(started.id, &once).unwrap();
}

#[test]
fn the_newer_of_two_campaigns_has_whom_both_select() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    units(&world, 2);
    let campaigns = registry.campaigns();
    let first = campaigns.start(&waves("first", certificates(), 100, 0), call).unwrap().id;
    campaigns.advance(first, call).unwrap();
    let second = campaigns.start(&waves("second", certificates(), 1, 60), call).unwrap().id;
    campaigns.advance(second, call).unwrap();
    assert_eq!(progress(registry, first), (2, 1, 1));
    assert_eq!(progress(registry, second), (1, 0, 1));
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    keyed(registry, 3);
    let campaigns = registry.campaigns();
    let [a, b] = ["a", "b"].map(|name| {
        let id = campaigns.start(&waves(name, all(), 100, 0), call).unwrap().id;
        campaigns.advance(id, call).unwrap();
        id
    });
    let next = campaigns.stragglers(b, &Page::of(2)).unwrap().next.unwrap();
    assert_eq!(campaigns.stragglers(b, &Page::of(2).after(&next)).unwrap().items.len(), 1);
    assert_eq!(code(campaigns.stragglers(a, &Page::of(2).after(&next))), "input.page_cursor");
    assert_eq!(code(registry.due(&Due::until(now()), &Page::of(2).after(&next))), "input.page_cursor");
    let of_due = registry.due(&Due::until(now()), &Page::of(2)).unwrap().next.unwrap();
    assert_eq!(code(campaigns.stragglers(b, &Page::of(2).after(of_due))), "input.page_cursor");
}

// What follows is about many members, and about what may go wrong in between.

#[test]
fn an_old_databases_certificates_are_selected_by_the_algorithm_that_their_keys_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.sqlite");
    let old = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/database/v1.sqlite");
    std::fs::copy(old, &path).unwrap();
    let open = || {
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        Registry::open(store, sealer(), Options::default().with_clock(Arc::new(FixedClock::at(now())))).unwrap()
    };
    let registry = open();
    let unknown = registry.counts().unwrap().certificates_by_algorithm;
    assert!(matches!(unknown[..], [(None, 3)]), "the records do not say it yet: {unknown:?}");
    let ecdsa = || Selection { algorithm: Some("ecdsa-p256".to_owned()), ..Selection::default() };
    // Whatever asks first completes the records.
    let preview = registry.campaigns().preview(&ecdsa()).unwrap();
    assert_eq!((preview.certificates, preview.product_credentials), (2, 1));
    let known = registry.counts().unwrap().certificates_by_algorithm;
    assert_eq!(known, [(Some(KeyAlgorithm::EcdsaP256), 3)]);
    let filter = CertificateFilter { algorithm: Some(KeyAlgorithm::EcdsaP256), ..CertificateFilter::default() };
    assert_eq!(
        open().certificates().find(&filter, &Page::of(10)).unwrap().items.len(),
        4,
        "for good, the revoked one too"
    );
    let campaign = registry.campaigns().start(&waves("old", ecdsa(), 10, 0), &Call::by("admin")).unwrap();
    assert_eq!(registry.campaigns().advance(campaign.id, &Call::by("admin")).unwrap().released, 2);
}

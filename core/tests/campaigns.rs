//! Campaigns: many credentials replaced wave by wave, after an algorithm broke or a key leaked (NEC-34, NEC-63, SOL-4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{START, World, code, csr, key, sealer};
use tegata::model::{
    CampaignState, CertificateState, CredentialKind, EnrollmentPolicy, Entity, KeyState, ProfileSpec, PskState,
    ReissuePolicy,
};
use tegata::store::faults::{Fault, FaultyStore};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore};
use tegata::{
    Bulk, Call, CampaignFilter, CampaignId, CertificateFilter, CertificateId, DeviceId, Due, DueItem, EventFilter,
    FixedClock, GroupChange, Issue, KeyAlgorithm, KeyId, NewCampaign, NewDevice, NewKey, NewPsk, Options, Page,
    PrivateKey, Registry, Renew, RevocationReason, RotateKey, RotatePsk, Selection, SymmetricAlgorithm, Timestamp,
};

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_unix(START)
}

fn all() -> Selection {
    Selection { kinds: CredentialKind::ALL.to_vec(), ..Selection::default() }
}

fn certificates() -> Selection {
    Selection { kinds: vec![CredentialKind::Certificate], ..Selection::default() }
}

fn waves(name: &str, selection: Selection, wave_size: u32, wave_seconds: u32) -> NewCampaign {
    NewCampaign { wave_size, wave_seconds, ..NewCampaign::new(name, selection) }
}

fn device(registry: &Registry, name: &str) -> DeviceId {
    registry.devices().register(&NewDevice::named(name), &Call::by("admin")).unwrap().id
}

/// `count` devices, each with a symmetric key.
fn keyed(registry: &Registry, count: usize) -> Vec<KeyId> {
    let call = Call::by("admin");
    let new: Vec<_> = (0..count).map(|n| NewDevice::named(format!("meter-{n}"))).collect();
    let devices = registry.devices().register_many(&new, &Bulk::all(), &call).unwrap();
    let new: Vec<_> =
        devices.into_iter().map(|device| NewKey::for_device(device.unwrap().id, SymmetricAlgorithm::Aes128)).collect();
    let issued = registry.keys().issue_many(&new, &Bulk::all(), &call).unwrap();
    issued.into_iter().map(|key| key.unwrap().id).collect()
}

/// What is due now, of a kind.
fn due(registry: &Registry, until: Timestamp, kind: CredentialKind) -> Vec<DueItem> {
    let asked = Due { kinds: vec![kind.into()], ..Due::until(until) };
    registry.due(&asked, &Page::of(10_000)).unwrap().items
}

fn stragglers(registry: &Registry, id: CampaignId) -> Vec<DueItem> {
    let mut found = Vec::new();
    let mut page = Page::of(3);
    loop {
        let listing = registry.campaigns().stragglers(id, &page).unwrap();
        let total = listing.total;
        found.extend(listing.items);
        let Some(next) = listing.next else {
            assert_eq!(total, Some(found.len() as u64));
            return found;
        };
        page = Page::of(3).after(next);
    }
}

fn straggling(registry: &Registry, id: CampaignId) -> BTreeSet<CertificateId> {
    stragglers(registry, id).iter().map(|item| item.certificate().unwrap().id).collect()
}

/// Released, done, waiting.
fn progress(registry: &Registry, id: CampaignId) -> (u64, u64, u64) {
    let progress = registry.campaigns().progress(id).unwrap();
    assert_eq!(progress.released, progress.done + progress.waiting);
    assert_eq!(progress.waiting, stragglers(registry, id).len() as u64, "the list is what is counted");
    (progress.released, progress.done, progress.waiting)
}

fn renewed(world: &World, certificate: CertificateId) -> CertificateId {
    let renewal = world.registry.certificates().renew(&Renew::with_csr(certificate, csr(&key(), "x")), &world.call);
    let renewal = renewal.unwrap().certificate;
    assert_eq!(renewal.campaign, None, "the new one is asked for nothing");
    renewal.id
}

fn confirmed(world: &World, certificate: CertificateId) -> CertificateId {
    let renewal = renewed(world, certificate);
    world.registry.certificates().confirm(renewal, &world.call).unwrap();
    renewal
}

fn units(world: &World, count: usize) -> Vec<CertificateId> {
    (0..count).map(|n| world.enrolled(Some(&format!("SN-{n}"))).1.issued.certificate.id).collect()
}

#[test]
fn a_campaign_asks_wave_by_wave_and_ends_when_everybody_came() {
    // NEC-63, SOL-4
    let world = World::new();
    let (registry, campaigns) = (&world.registry, world.registry.campaigns());
    let fleet = units(&world, 5);
    let preview = campaigns.preview(&certificates()).unwrap();
    assert_eq!((preview.certificates, preview.keys, preview.psks), (5, 0, 0));
    assert_eq!(preview.product_credentials, 1, "the product's credential is no member, but said");
    let campaign = campaigns.start(&waves("RSA is broken", certificates(), 2, 3_600), &world.call).unwrap();
    assert_eq!((campaign.selected, campaign.released, campaign.wave), (5, 0, 0));
    assert_eq!(due(registry, now(), CredentialKind::Certificate).len(), 0, "the start alone asks nobody");
    // What is issued after the start is not a member.
    let (_, late) = world.enrolled(Some("SN-late"));

    let first = campaigns.advance(campaign.id, &world.call).unwrap();
    assert_eq!((first.released, first.wave, first.next_wave_at), (2, 1, Some(now().plus(3_600))));
    assert_eq!(campaigns.advance(campaign.id, &world.call).unwrap(), first, "its time has not come");
    assert_eq!(straggling(registry, campaign.id), fleet[..2].iter().copied().collect());
    let asked = due(registry, now(), CredentialKind::Certificate);
    assert_eq!(asked.iter().map(|item| item.certificate().unwrap().id).collect::<Vec<_>>(), fleet[..2]);
    assert_eq!(registry.certificates().get(fleet[0]).unwrap().campaign, Some(campaign.id));

    // One comes by the ordinary procedure. One of the next wave comes by itself, before anybody asks it.
    renewed(&world, fleet[0]);
    assert_eq!(progress(registry, campaign.id), (2, 0, 2), "nobody confirmed it yet");
    registry.certificates().confirm(fleet[0], &world.call).unwrap();
    assert_eq!(progress(registry, campaign.id), (2, 1, 1));
    confirmed(&world, fleet[2]);
    world.clock.advance(3_600);
    campaigns.advance(campaign.id, &world.call).unwrap();
    assert_eq!(progress(registry, campaign.id), (4, 2, 2));
    world.clock.advance(10 * 3_600);
    let last = campaigns.advance(campaign.id, &world.call).unwrap();
    assert_eq!((last.wave, last.released, last.next_wave_at), (3, 5, None), "late, but one wave only");
    assert_eq!(last.state, CampaignState::Running, "three are waited for");
    for id in [fleet[1], fleet[3]] {
        confirmed(&world, id);
    }
    // Who is revoked meanwhile is no straggler.
    registry.certificates().revoke(fleet[4], RevocationReason::KeyCompromise, &world.call).unwrap();
    assert_eq!(progress(registry, campaign.id), (5, 5, 0));
    let over = campaigns.advance(campaign.id, &world.call).unwrap();
    assert_eq!(over.state, CampaignState::Finished);
    assert_eq!(campaigns.advance(campaign.id, &world.call).unwrap(), over);
    assert!(campaigns.progress(campaign.id).unwrap().finished);
    assert_eq!(registry.certificates().get(late.issued.certificate.id).unwrap().campaign, None);

    let about = EventFilter { subject: Some(Entity::Campaign(campaign.id)), ..EventFilter::default() };
    let told = registry.events().find(&about, &Page::of(100)).unwrap().items;
    let told: Vec<_> = told.iter().map(|event| event.action.as_str()).collect();
    let release = "campaign.release";
    assert_eq!(told, ["campaign.start", release, release, release, "campaign.finish"]);
}

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
fn a_renewal_whose_grace_has_ended_is_waited_for_no_more() {
    let world = World::with_profile(ProfileSpec { grace_days: 3, ..ProfileSpec::device() });
    let (registry, call) = (&world.registry, &world.call);
    let fleet = units(&world, 2);
    let campaign = registry.campaigns().start(&waves("all", certificates(), 100, 0), call).unwrap().id;
    registry.campaigns().advance(campaign, call).unwrap();
    renewed(&world, fleet[0]);
    assert_eq!(progress(registry, campaign), (2, 0, 2));
    world.clock.advance(3 * DAY);
    assert_eq!(progress(registry, campaign), (2, 1, 1), "the old one counts no longer, confirmed or not");
    // What was replaced is not selected again either.
    assert_eq!(registry.campaigns().preview(&certificates()).unwrap().certificates, 2);
}

#[test]
fn a_renewal_that_is_withdrawn_leaves_its_predecessor_due() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let fleet = units(&world, 1);
    let campaign = registry.campaigns().start(&waves("all", certificates(), 100, 0), call).unwrap().id;
    registry.campaigns().advance(campaign, call).unwrap();
    let renewal = renewed(&world, fleet[0]);
    assert_eq!(due(registry, now(), CredentialKind::Certificate).len(), 0);
    world.clock.advance(60);
    registry.certificates().revoke(renewal, RevocationReason::Unspecified, call).unwrap();
    let asked = due(registry, now().plus(60), CredentialKind::Certificate);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].renew_at(), Some(now().plus(60)));
    assert_eq!(progress(registry, campaign), (1, 0, 1));
}

#[test]
fn a_groups_new_interval_does_not_put_off_what_a_campaign_asks_for() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let often = GroupChange { certificate_days: Some(Some(300)), key_days: Some(Some(300)), ..GroupChange::default() };
    let group = registry.groups().create("doors", &often, call).unwrap().id;
    let certificate = units(&world, 1)[0];
    let device = registry.certificates().get(certificate).unwrap().device.unwrap();
    let key = registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), call).unwrap().id;
    let campaign = registry.campaigns().start(&waves("all", all(), 100, 0), call).unwrap().id;
    registry.campaigns().advance(campaign, call).unwrap();
    registry.devices().set_group(device, Some(group), call).unwrap();
    let change = GroupChange { certificate_days: Some(Some(200)), key_days: Some(Some(200)), ..GroupChange::default() };
    registry.groups().update(group, &change, call).unwrap();
    assert_eq!(registry.certificates().get(certificate).unwrap().renew_at, Some(now()));
    assert_eq!(registry.keys().record(key).unwrap().renew_at, Some(now()));
}

#[test]
fn keys_become_due_or_are_rotated_as_the_campaign_says() {
    // NEC-63
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let (keys, psks) = (registry.keys(), registry.psks());
    let lamp = device(registry, "lamp");
    let idle = device(registry, "idle");
    let key = keys.issue(&NewKey::for_device(lamp, SymmetricAlgorithm::Aes128), call).unwrap().id;
    let unused = keys.issue(&NewKey::for_device(idle, SymmetricAlgorithm::Aes128), call).unwrap().id;
    keys.deliver_clear(key, lamp, call).unwrap();
    let tls = psks.issue(&NewPsk { renew_days: Some(30), ..NewPsk::tls(lamp) }, call).unwrap();
    let password = psks.issue(&NewPsk::password(lamp), call).unwrap().psk.id;
    let both = || Selection { kinds: vec![CredentialKind::Key, CredentialKind::Psk], ..Selection::default() };

    // Due: the ordinary rotation is what it waits for; fetching the old value again is none.
    let asking = registry.campaigns().start(&waves("ask", both(), 100, 0), call).unwrap().id;
    registry.campaigns().advance(asking, call).unwrap();
    assert_eq!(progress(registry, asking), (4, 0, 4));
    assert_eq!(due(registry, now(), CredentialKind::Key).len(), 2);
    assert_eq!(due(registry, now(), CredentialKind::Psk).len(), 2);
    keys.deliver_clear(unused, idle, call).unwrap();
    assert_eq!(progress(registry, asking), (4, 0, 4));
    world.clock.advance(DAY);
    keys.rotate(key, &RotateKey::default(), call).unwrap();
    let rotated = psks.rotate(tls.psk.id, &RotatePsk::default(), call).unwrap();
    assert_eq!(rotated.psk.renew_at, Some(now().plus(31 * DAY)), "its own interval, not that of the campaign");
    assert_eq!(progress(registry, asking), (4, 2, 2));
    let waiting = stragglers(registry, asking);
    assert!(matches!(&waiting[..], [DueItem::Key(k), DueItem::Psk(p)] if k.id == unused && p.id == password));
    registry.campaigns().cancel(asking, call).unwrap();

    // Rotate: the registry makes the new values; a password that nobody could fetch becomes due.
    let selection = both();
    let new = NewCampaign { policy: ReissuePolicy::Rotate, grace_days: 7, ..waves("rotate", selection, 100, 0) };
    keys.deliver_clear(key, lamp, call).unwrap();
    let rotating = registry.campaigns().start(&new, call).unwrap().id;
    registry.campaigns().advance(rotating, call).unwrap();
    assert_eq!(keys.record(key).unwrap().version, 3);
    assert_eq!(keys.record(key).unwrap().previous_version, Some(2));
    let psk = psks.get(tls.psk.id).unwrap();
    assert_eq!((psk.version, psk.in_grace(world.registry_now())), (3, true));
    assert_eq!(psks.get(password).unwrap().version, 1);
    // The devices that had the old keys have not fetched the new ones; the password has not been changed.
    assert_eq!(progress(registry, rotating), (4, 1, 3));
    keys.deliver_clear(key, lamp, call).unwrap();
    keys.deliver_clear(unused, idle, call).unwrap();
    assert_eq!(progress(registry, rotating), (4, 3, 1));
    psks.rotate(password, &RotatePsk::default(), call).unwrap();
    assert_eq!(progress(registry, rotating), (4, 4, 0));
    assert_eq!(registry.campaigns().advance(rotating, call).unwrap().state, CampaignState::Finished);
}

#[test]
fn what_was_rotated_after_the_start_had_its_turn_already() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let keys = keyed(registry, 3);
    let new = NewCampaign { policy: ReissuePolicy::Rotate, ..waves("all", all(), 1, 60) };
    let campaign = registry.campaigns().start(&new, call).unwrap().id;
    registry.keys().rotate(keys[1], &RotateKey::default(), call).unwrap();
    registry.keys().destroy(keys[2], call).unwrap();
    for _ in 0..3 {
        registry.campaigns().advance(campaign, call).unwrap();
        world.clock.advance(60);
    }
    let versions = |id| registry.keys().record(id).unwrap().version;
    assert_eq!((versions(keys[0]), versions(keys[1])), (2, 2), "each is rotated once");
    assert_eq!(registry.campaigns().get(campaign).unwrap().state, CampaignState::Finished);
}

#[test]
fn what_cannot_be_rotated_becomes_due_and_a_straggler() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let keys = keyed(registry, 3);
    registry.keys().suspend(keys[0], call).unwrap();
    let of = registry.keys().record(keys[1]).unwrap().device.unwrap();
    registry.devices().disable(of, call).unwrap();
    let new = NewCampaign { policy: ReissuePolicy::Rotate, ..waves("all", all(), 100, 60) };
    let campaign = registry.campaigns().start(&new, call).unwrap().id;
    registry.campaigns().advance(campaign, call).unwrap();
    let waiting: Vec<_> = stragglers(registry, campaign)
        .into_iter()
        .map(|item| match item {
            DueItem::Key(key) => (key.id, key.version),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(waiting, [(keys[0], 1), (keys[1], 1)]);
}

#[test]
fn a_paused_campaign_asks_nobody_and_goes_on_where_it_was() {
    let world = World::new();
    let (registry, call, campaigns) = (&world.registry, &world.call, world.registry.campaigns());
    keyed(registry, 5);
    let id = campaigns.start(&waves("all", all(), 2, 60), call).unwrap().id;
    campaigns.advance(id, call).unwrap();
    assert_eq!(campaigns.pause(id, call).unwrap().state, CampaignState::Paused);
    assert_eq!(code(campaigns.pause(id, call)), "campaign.not_running");
    world.clock.advance(1_000);
    assert_eq!(code(campaigns.advance(id, call)), "campaign.paused");
    assert_eq!(progress(registry, id), (2, 0, 2));
    assert_eq!(campaigns.resume(id, call).unwrap().state, CampaignState::Running);
    assert_eq!(code(campaigns.resume(id, call)), "campaign.not_paused");
    campaigns.advance(id, call).unwrap();
    assert_eq!(progress(registry, id).0, 4);
    let page = Page::of(10);
    let filter = CampaignFilter { state: Some(CampaignState::Running), ..CampaignFilter::default() };
    assert_eq!(campaigns.find(&filter, &page).unwrap().items.len(), 1);
    let filter = CampaignFilter { state: Some(CampaignState::Paused), ..CampaignFilter::default() };
    assert_eq!(campaigns.find(&filter, &page).unwrap().items.len(), 0);
}

#[test]
fn a_cancelled_campaign_leaves_the_rest_alone_and_what_it_asked_for_due() {
    let world = World::new();
    let (registry, call, campaigns) = (&world.registry, &world.call, world.registry.campaigns());
    let keys = keyed(registry, 600);
    let id = campaigns.start(&waves("all", all(), 2, 60), call).unwrap().id;
    campaigns.advance(id, call).unwrap();
    let cancelled = campaigns.cancel(id, call).unwrap();
    assert_eq!((cancelled.state, cancelled.next_wave_at), (CampaignState::Cancelled, None));
    world.clock.advance(1_000);
    for refused in [campaigns.advance(id, call), campaigns.pause(id, call), campaigns.resume(id, call)] {
        assert_eq!(code(refused), "campaign.cancelled");
    }
    assert_eq!(code(campaigns.cancel(id, call)), "campaign.cancelled");
    assert_eq!(due(registry, now(), CredentialKind::Key).len(), 2);
    assert_eq!(progress(registry, id), (2, 0, 2));
    assert_eq!(registry.keys().record(keys[2]).unwrap().campaign, None);
}

#[test]
fn who_does_not_come_in_time_is_shut_out_wave_by_wave() {
    // NEC-63: invalidate and reissue
    let world = World::new();
    let (registry, call, campaigns) = (&world.registry, &world.call, world.registry.campaigns());
    let fleet = units(&world, 4);
    let lamp = device(registry, "lamp");
    let key = registry.keys().issue(&NewKey::for_device(lamp, SymmetricAlgorithm::Aes128), call).unwrap().id;
    let psk = registry.psks().issue(&NewPsk::password(lamp), call).unwrap().psk.id;
    let new = NewCampaign {
        revoke_after_days: Some(10),
        revocation: RevocationReason::KeyCompromise,
        ..waves("leaked", all(), 3, 5 * 86_400)
    };
    let id = campaigns.start(&new, call).unwrap().id;
    campaigns.advance(id, call).unwrap();
    confirmed(&world, fleet[0]);
    renewed(&world, fleet[1]);
    world.clock.advance(5 * DAY);
    campaigns.advance(id, call).unwrap();
    world.clock.advance(5 * DAY - 1);
    campaigns.advance(id, call).unwrap();
    let state = |certificate| {
        let record = registry.certificates().get(certificate).unwrap();
        (record.state, record.reason)
    };
    assert_eq!(state(fleet[2]), (CertificateState::Active, None), "a second is left");
    campaigns.pause(id, call).unwrap();
    world.clock.advance(1);
    assert_eq!(code(campaigns.advance(id, call)), "campaign.paused");
    assert_eq!(state(fleet[2]).0, CertificateState::Active, "nobody is shut out while it is paused");
    campaigns.resume(id, call).unwrap();
    campaigns.advance(id, call).unwrap();
    assert_eq!(state(fleet[2]), (CertificateState::Revoked, Some(RevocationReason::KeyCompromise)));
    assert_eq!(state(fleet[1]).0, CertificateState::Active, "its renewal is under way; its grace period ends it");
    assert_eq!(state(fleet[3]).0, CertificateState::Active, "the second wave has its own ten days");
    assert_eq!(registry.keys().record(key).unwrap().state, KeyState::Active);
    world.clock.advance(5 * DAY);
    campaigns.advance(id, call).unwrap();
    assert_eq!(state(fleet[3]).0, CertificateState::Revoked);
    assert_eq!(registry.keys().record(key).unwrap().state, KeyState::Suspended);
    assert_eq!(registry.psks().get(psk).unwrap().state, PskState::Suspended);
    assert_eq!(progress(registry, id).2, u64::from(world.registry_now() < registry_retires(registry, fleet[1])));
    let about = EventFilter { object: Some(Entity::Key(key)), ..EventFilter::default() };
    let events = registry.events().find(&about, &Page::of(50)).unwrap().items;
    assert_eq!(events.last().unwrap().action, "key.suspend");
}

fn registry_retires(registry: &Registry, certificate: CertificateId) -> Timestamp {
    registry.certificates().get(certificate).unwrap().retires.unwrap()
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

/// Every member's rotation happened once.
fn assert_each_once(registry: &Registry, keys: &[KeyId], rotated: usize) {
    let versions: Vec<_> = keys.iter().map(|id| registry.keys().record(*id).unwrap().version).collect();
    assert!(versions.iter().all(|version| *version <= 2), "nobody is rotated twice");
    assert_eq!(versions.iter().filter(|version| **version == 2).count(), rotated);
}

fn rotation(name: &str, wave_size: u32) -> NewCampaign {
    NewCampaign { policy: ReissuePolicy::Rotate, ..waves(name, all(), wave_size, 60) }
}

#[test]
fn a_wave_that_fails_anywhere_goes_on_without_losing_or_repeating_anybody() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let world = World::with(store.clone(), EnrollmentPolicy::default(), ProfileSpec::device());
    let (registry, call) = (&world.registry, &world.call);
    let keys = keyed(registry, 1_100);
    let campaign = registry.campaigns().start(&rotation("all", 1_050), call).unwrap().id;
    let mut failures = 0;
    // The first calls of each kind fail, one after the other, before they happened or after they did.
    let methods = ["find", "get", "reserve", "commit", "count"];
    let faults = (0..3).flat_map(|at| methods.map(|method| (method, at)));
    for ((method, at), fault) in faults.flat_map(|call| [(call, Fault::Before), (call, Fault::After)]) {
        store.reset();
        let mut seen = 0;
        store.fail_when(move |call| {
            seen += usize::from(call.method == method);
            (call.method == method && seen == at + 1).then_some(fault)
        });
        match registry.campaigns().advance(campaign, call) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.code(), "store.unavailable");
                failures += 1;
            }
        }
        let campaign = registry.campaigns().get(campaign);
        store.reset();
        let released = campaign.map_or(0, |campaign| campaign.released);
        assert!(released <= 1_050, "one wave and no more");
    }
    store.reset();
    assert!(failures > 5, "{failures}");
    let reached = registry.campaigns().get(campaign).unwrap();
    assert_eq!((reached.released, reached.wave), (1_050, 1), "the wave ended where it should");
    assert_each_once(registry, &keys, 1_050);
    world.clock.advance(60);
    assert_eq!(registry.campaigns().advance(campaign, call).unwrap().state, CampaignState::Finished);
    assert_each_once(registry, &keys, 1_100);
}

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

#[test]
fn a_campaign_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(now()));
    let open = || {
        let store = SqliteStore::open(folder.path().join("r.sqlite"), SqliteOptions::default()).unwrap();
        Registry::open(store, sealer(), Options::default().with_clock(clock.clone())).unwrap()
    };
    let call = Call::by("admin");
    let (keys, id) = {
        let registry = open();
        let keys = keyed(&registry, 700);
        let id = registry.campaigns().start(&rotation("all", 600), &call).unwrap().id;
        registry.campaigns().advance(id, &call).unwrap();
        registry.close();
        (keys, id)
    };
    let registry = open();
    let campaign = registry.campaigns().get(id).unwrap();
    assert_eq!((campaign.released, campaign.wave), (600, 1));
    assert_eq!(registry.campaigns().advance(id, &call).unwrap(), campaign, "its time has not come");
    assert_each_once(&registry, &keys, 600);
    clock.advance(60);
    registry.close();
    let registry = open();
    assert_eq!(registry.campaigns().advance(id, &call).unwrap().state, CampaignState::Finished);
    assert_each_once(&registry, &keys, 700);
}

#[test]
fn processes_that_advance_one_campaign_at_once_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(now()));
    let open = || {
        let store = SqliteStore::open(folder.path().join("r.sqlite"), SqliteOptions::default()).unwrap();
        Registry::open(store, sealer(), Options::default().with_clock(clock.clone())).unwrap()
    };
    let call = Call::by("admin");
    let first = open();
    let keys = keyed(&first, 1_400);
    let id = first.campaigns().start(&rotation("all", 1_300), &call).unwrap().id;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (call, registry) = (&call, open());
            scope.spawn(move || assert_eq!(registry.campaigns().advance(id, call).unwrap().wave, 1));
        }
    });
    let campaign = first.campaigns().get(id).unwrap();
    assert_eq!((campaign.released, campaign.wave), (1_300, 1), "one wave, whoever released it");
    assert_each_once(&first, &keys, 1_300);
}

#[test]
fn a_key_that_goes_while_its_wave_is_released_leaves_the_others_keys_of_their_own_size() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(memory.clone()));
    let clock = Arc::new(FixedClock::at(now()));
    let registry = Registry::open(store.clone(), sealer(), Options::default().with_clock(clock.clone())).unwrap();
    let other = Registry::open(memory, sealer(), Options::default().with_clock(clock)).unwrap();
    let call = Call::by("admin");
    let of = |name, algorithm| {
        let new = NewKey::for_device(device(&registry, name), algorithm);
        registry.keys().issue(&new, &call).unwrap().id
    };
    let (short, long) = (of("short", SymmetricAlgorithm::Twine80), of("long", SymmetricAlgorithm::Aes256));
    let id = registry.campaigns().start(&rotation("all", 2), &call).unwrap().id;
    let mut other = Some(other);
    store.fail_when(move |attempt| {
        if let Some(other) = other.take_if(|_| attempt.method == "commit") {
            let destroy = move || other.keys().destroy(short, &Call::by("another process")).map(drop);
            std::thread::spawn(destroy).join().unwrap().unwrap();
        }
        None
    });
    registry.campaigns().advance(id, &call).unwrap();
    store.reset();
    assert_eq!(registry.keys().record(short).unwrap().state, KeyState::Destroyed);
    let rotated = registry.keys().get(long, None, &call).unwrap();
    assert_eq!((rotated.version, rotated.value.expose().len()), (2, 32));
}

#[test]
fn renewals_that_come_while_a_wave_is_released_disturb_nobody() {
    let world = World::new();
    let (registry, call) = (&world.registry, &world.call);
    let keys = keyed(registry, 1_000);
    let id = registry.campaigns().start(&waves("all", all(), 1_000, 60), call).unwrap().id;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for key in keys.iter().step_by(10) {
                registry.keys().rotate(*key, &RotateKey::default(), call).unwrap();
            }
        });
        registry.campaigns().advance(id, call).unwrap();
    });
    assert_eq!(progress(registry, id), (1_000, 100, 900));
}

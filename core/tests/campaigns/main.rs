//! Campaigns: many credentials replaced wave by wave, after an algorithm broke or a key leaked (NEC-34, NEC-63, SOL-4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod selection;
mod trouble;

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

//! What fails, restarts or happens at once while a campaign runs.

use std::path::Path;

use super::*;

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

/// The registry in the file of a folder, opened once more.
fn reopened(folder: &Path, clock: &Arc<FixedClock>) -> Registry {
    let store = SqliteStore::open(folder.join("r.sqlite"), SqliteOptions::default()).unwrap();
    Registry::open(store, sealer(), Options::default().with_clock(clock.clone())).unwrap()
}

#[test]
fn a_campaign_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(now()));
    let open = || reopened(folder.path(), &clock);
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
    let open = || reopened(folder.path(), &clock);
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

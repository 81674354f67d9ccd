//! Many keys, and many callers at once.

use super::*;

#[test]
fn rotations_at_once_lose_none() {
    let world = Arc::new(World::new());
    let key = issued(&world, Algorithm::Aes128);
    let (threads, each) = (8, 6);
    let barrier = Arc::new(Barrier::new(threads));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                (0..each)
                    .map(|_| {
                        loop {
                            match world.registry.keys().rotate(key.id, &RotateKey::with_grace(1), &world.call) {
                                Ok(key) => break key.version,
                                Err(error) => assert_eq!(error.code(), "store.busy"),
                            }
                        }
                    })
                    .collect::<Vec<u32>>()
            })
        })
        .collect();
    let versions: BTreeSet<u32> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    let last = u32::try_from(threads * each).unwrap() + 1;
    assert_eq!(versions, (2..=last).collect());
    let record = world.registry.keys().record(key.id).unwrap();
    assert_eq!((record.version, record.previous_version), (last, Some(last - 1)));
    assert_eq!(world.registry.keys().versions(key.id).unwrap().len(), last as usize);
    value(&world, key.id, Some(last - 1));
}

#[test]
fn keys_issued_at_once_get_numbers_of_their_own() {
    let world = Arc::new(World::new());
    let owner = device(&world);
    let barrier = Arc::new(Barrier::new(8));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                let new = NewKey::for_device(owner, Algorithm::Aes128);
                world.registry.keys().issue(&new, &world.call).unwrap().number
            })
        })
        .collect();
    let numbers: BTreeSet<u32> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert_eq!(numbers, (1..=8).collect());
}

#[test]
fn a_key_that_is_destroyed_while_it_is_read_is_not_handed_out_afterwards() {
    let world = Arc::new(World::new());
    for _ in 0..20 {
        let key = issued(&world, Algorithm::Aes128);
        let barrier = Arc::new(Barrier::new(2));
        let reader = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().get(key.id, None, &world.call)
            })
        };
        barrier.wait();
        world.registry.keys().destroy(key.id, &world.call).unwrap();
        let read = reader.join().unwrap();
        let about = EventFilter { object: Some(Entity::Key(key.id)), ..EventFilter::default() };
        let events = world.registry.events().find(&about, &Page::of(9)).unwrap().items;
        let reads = events.iter().filter(|event| event.action == "key.read").count();
        match read {
            Ok(_) => assert_eq!(reads, 1),
            Err(error) => assert_eq!((error.code(), reads), ("key.destroyed", 0)),
        }
    }
}

#[test]
fn many_keys_are_issued_read_rotated_and_destroyed_with_a_result_each() {
    // NEC-14, trap 14
    let world = World::new();
    let keys = world.registry.keys();
    let devices: Vec<_> = (0..600).map(|_| NewDevice::default()).collect();
    let devices = world.registry.devices().register_many(&devices, &Bulk::each(), &world.call).unwrap();
    let devices: Vec<_> = devices.into_iter().map(|device| device.unwrap().id).collect();
    let new: Vec<_> = devices.iter().map(|id| NewKey::for_device(*id, Algorithm::Aes128)).collect();
    let issued = keys.issue_many(&new, &Bulk::each(), &world.call).unwrap();
    let ids: Vec<_> = issued.into_iter().map(|key| key.unwrap().id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 600);

    let got = keys.get_many(&ids, &Bulk::each(), &world.call).unwrap();
    let values: BTreeSet<_> = got.iter().map(|got| got.as_ref().unwrap().value.expose().clone()).collect();
    assert_eq!(values.len(), 600);
    assert!(got.iter().zip(&ids).all(|(got, id)| got.as_ref().unwrap().key.id == *id), "in their order");
    let reads = EventFilter { action: Some("key.read".to_owned()), ..EventFilter::default() };
    assert_eq!(world.registry.events().find(&reads, &Page::of(1)).unwrap().total, Some(600));

    keys.destroy(ids[5], &world.call).unwrap();
    world.registry.devices().disable(devices[6], &world.call).unwrap();
    let rotated = keys.rotate_many(&ids, &RotateKey::default(), &Bulk::each(), &world.call).unwrap();
    for (at, result) in rotated.into_iter().enumerate() {
        match at {
            5 => assert_eq!(code(result), "key.destroyed"),
            // Trap 15
            6 => assert_eq!(code(result), "device.disabled"),
            _ => assert_eq!(result.unwrap().version, 2),
        }
    }
    let all = keys.rotate_many(&ids, &RotateKey::default(), &Bulk::all(), &world.call).unwrap();
    assert_eq!(all.iter().filter(|result| matches!(result, Err(e) if e.code() == "input.batch_refused")).count(), 598);
    assert_eq!(keys.record(ids[0]).unwrap().version, 2);

    // One key twice in one call is rotated twice.
    let twice = keys.rotate_many(&[ids[0], ids[0]], &RotateKey::default(), &Bulk::each(), &world.call).unwrap();
    assert_eq!(twice.into_iter().map(|key| key.unwrap().version).collect::<BTreeSet<_>>(), [3, 4].into());
    let suspended = keys.suspend_many(&ids[..3], &Bulk::all(), &world.call).unwrap();
    assert!(suspended.iter().all(Result::is_ok));
    assert!(keys.resume_many(&ids[..3], &Bulk::all(), &world.call).unwrap().iter().all(Result::is_ok));
    assert!(keys.mark_compromised_many(&ids[..2], &Bulk::all(), &world.call).unwrap().iter().all(Result::is_ok));
    let destroyed = keys.destroy_many(&ids, &Bulk::each(), &world.call).unwrap();
    assert_eq!(destroyed.iter().filter(|result| result.is_ok()).count(), 599);
    let living = KeyFilter { states: vec![KeyState::Active, KeyState::Compromised], ..KeyFilter::default() };
    assert_eq!(keys.count(&living).unwrap(), 0);
}

#[test]
fn several_keys_of_one_device_in_one_call_get_numbers_of_their_own() {
    let world = World::new();
    let owner = device(&world);
    let new = vec![NewKey::for_device(owner, Algorithm::Twine128); 5];
    let issued = world.registry.keys().issue_many(&new, &Bulk::each(), &world.call).unwrap();
    let numbers: BTreeSet<_> = issued.into_iter().map(|key| key.unwrap().number).collect();
    assert_eq!(numbers, (1..=5).collect());
    let new: Vec<_> = (11..=15).map(|n| NewKey::for_device(owner, Algorithm::Twine128).numbered(n)).collect();
    let issued = world.registry.keys().issue_many(&new, &Bulk::all(), &world.call).unwrap();
    assert!(issued.iter().all(Result::is_ok));
}

#[test]
fn a_key_that_is_issued_while_its_device_is_deleted_does_not_outlive_it() {
    let world = Arc::new(World::new());
    for _ in 0..30 {
        let owner = device(&world);
        let barrier = Arc::new(Barrier::new(2));
        let issuing = {
            let (world, barrier) = (world.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                world.registry.keys().issue(&NewKey::for_device(owner, Algorithm::Aes128), &world.call)
            })
        };
        barrier.wait();
        world.registry.devices().delete(owner, &world.call).unwrap();
        match issuing.join().unwrap() {
            Ok(key) => assert_eq!(world.registry.keys().record(key.id).unwrap().state, KeyState::Destroyed),
            Err(error) => assert_eq!(error.code(), "device.deleted"),
        }
    }
}

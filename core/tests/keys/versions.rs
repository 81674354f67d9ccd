//! What becomes of a key's versions and values.

use super::*;

#[test]
fn a_rotation_counts_up_and_keeps_the_version_before_for_its_grace_period() {
    // NEC-11
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes256);
    let first = value(&world, key.id, None);
    let rotated = keys.rotate(key.id, &RotateKey::with_grace(7), &world.call).unwrap();
    assert_eq!((rotated.version, rotated.previous_version), (2, Some(1)));
    assert_eq!(rotated.previous_until, Some(world.registry_now().plus_days(7)));
    let second = value(&world, key.id, None);
    assert_ne!(first, second);
    assert_eq!(value(&world, key.id, Some(1)), first);
    assert_eq!(value(&world, key.id, Some(2)), second);

    // A third version leaves no place for the first.
    world.clock.advance(DAY);
    keys.rotate(key.id, &RotateKey::with_grace(7), &world.call).unwrap();
    assert_eq!(code(keys.get(key.id, Some(1), &world.call)), "key.version_destroyed");
    assert_eq!(value(&world, key.id, Some(2)), second);
    for version in [0, 4, u32::MAX] {
        assert_eq!(code(keys.get(key.id, Some(version), &world.call)), "key.version_unknown");
    }
    world.clock.advance(7 * DAY - 1);
    assert_eq!(value(&world, key.id, Some(2)), second);
    world.clock.advance(1);
    assert_eq!(code(keys.get(key.id, Some(2), &world.call)), "key.version_destroyed");
    let third = value(&world, key.id, None);

    // Without grace the version before is gone at once.
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    assert_eq!(code(keys.get(key.id, Some(3), &world.call)), "key.version_destroyed");
    assert_eq!(keys.verify(key.id, &third).unwrap(), None);

    let too_long = RotateKey::with_grace(36_526);
    assert_eq!(code(keys.rotate(key.id, &too_long, &world.call)), "key.grace");
    let same = RotateKey::with_grace(1).with_value(value(&world, key.id, None));
    assert_eq!(code(keys.rotate(key.id, &same, &world.call)), "input.invalid");
    let wrong_size = RotateKey::with_grace(1).with_value(vec![0; 16]);
    assert_eq!(code(keys.rotate(key.id, &wrong_size, &world.call)), "key.size");
    assert_eq!(keys.record(key.id).unwrap().version, 4, "what was refused changed nothing");
}

#[test]
fn a_rotation_may_change_the_algorithm_and_the_version_before_keeps_its_own() {
    // NEC-63: the answer to a broken algorithm
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Twine80);
    let first = value(&world, key.id, None);
    let stronger = keys.rotate(key.id, &RotateKey::with_grace(3).to(Algorithm::Aes256), &world.call).unwrap();
    assert_eq!(stronger.algorithm, Algorithm::Aes256);
    let old = keys.get(key.id, Some(1), &world.call).unwrap();
    assert_eq!((old.algorithm, old.value.expose()), (Algorithm::Twine80, &first));
    let new = keys.get(key.id, None, &world.call).unwrap();
    assert_eq!((new.algorithm, new.value.expose().len()), (Algorithm::Aes256, 32));
    let algorithms: Vec<_> = keys.versions(key.id).unwrap().iter().map(|version| version.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Twine80, Algorithm::Aes256]);
    assert_eq!(
        keys.find(&KeyFilter { algorithm: Some(Algorithm::Twine80), ..KeyFilter::default() }, &Page::of(9))
            .unwrap()
            .total,
        Some(0)
    );
}

#[test]
fn the_versions_of_a_key_tell_their_lives() {
    let world = World::new();
    let keys = world.registry.keys();
    let start = world.registry_now();
    let key = issued(&world, Algorithm::Aes128);
    let states = |id| keys.versions(id).unwrap().iter().map(|v| (v.version, v.state)).collect::<Vec<_>>();
    assert_eq!(states(key.id), [(1, Current)]);
    world.clock.advance(DAY);
    keys.rotate(key.id, &RotateKey::with_grace(2), &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Previous), (2, Current)]);
    let first = keys.versions(key.id).unwrap().remove(0);
    assert_eq!((first.issued, first.ended), (start, Some(start.plus_days(1))));
    assert_eq!(first.kept_until, Some(start.plus_days(3)));
    world.clock.advance(2 * DAY);
    assert_eq!(states(key.id), [(1, Destroyed), (2, Current)]);
    keys.rotate(key.id, &RotateKey::with_grace(2), &world.call).unwrap();
    keys.mark_compromised(key.id, &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Compromised), (3, Compromised)]);
    keys.rotate(key.id, &RotateKey::default(), &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Destroyed), (3, Compromised), (4, Current)]);
    keys.destroy(key.id, &world.call).unwrap();
    assert_eq!(states(key.id), [(1, Destroyed), (2, Destroyed), (3, Compromised), (4, Destroyed)]);
}

#[test]
fn a_presented_key_or_check_value_says_which_version_it_is() {
    // NEC-13
    let world = World::new();
    let keys = world.registry.keys();
    for &algorithm in Algorithm::ALL {
        let key = issued(&world, algorithm);
        let first = value(&world, key.id, None);
        let verified = |presented: &[u8]| keys.verify(key.id, presented).unwrap().map(|m| (m.version, m.state));
        assert_eq!(verified(&first), Some((1, Current)));
        keys.rotate(key.id, &RotateKey::with_grace(1), &world.call).unwrap();
        let second = value(&world, key.id, None);
        assert_eq!(verified(&first), Some((1, Previous)));
        assert_eq!(verified(&second), Some((2, Current)));
        for at in 0..second.len() {
            let mut wrong = second.clone();
            wrong[at] ^= 1;
            assert_eq!(verified(&wrong), None);
        }
        assert_eq!(verified(&[]), None);
        assert_eq!(verified(&[second.as_slice(), &[0]].concat()), None);
        assert_eq!(verified(&second[1..]), None);

        let method = CheckMethod::EncryptedZero;
        let check = KeyMaterial::from_bytes(algorithm, &second).unwrap().check_value(method).unwrap();
        assert_eq!(keys.check_value(key.id, method, None).unwrap(), check);
        assert_eq!(keys.verify_check_value(key.id, &check).unwrap().unwrap().version, 2);
        let old = keys.check_value(key.id, method, Some(1)).unwrap();
        assert_eq!(keys.verify_check_value(key.id, &old).unwrap().unwrap().state, Previous);
        let cmac = keys.check_value(key.id, CheckMethod::Cmac, None);
        match algorithm {
            Algorithm::Aes128 | Algorithm::Aes256 => {
                assert_eq!(keys.verify_check_value(key.id, &cmac.unwrap()).unwrap().unwrap().version, 2);
            }
            _ => {
                assert_eq!(code(cmac), "key.check_method");
                let foreign = "0123456789".parse().unwrap();
                assert_eq!(code(keys.verify_check_value(key.id, &foreign)), "key.check_method");
            }
        }
        world.clock.advance(DAY);
        assert_eq!(verified(&first), None, "its grace is over");

        keys.suspend(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), None);
        keys.resume(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), Some((2, Current)));
        keys.mark_compromised(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), Some((2, Compromised)));
        keys.destroy(key.id, &world.call).unwrap();
        assert_eq!(verified(&second), None);
    }
}

#[test]
fn a_check_value_is_compared_with_both_versions_whatever_their_algorithms() {
    let world = World::new();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    let first = keys.check_value(key.id, CheckMethod::Cmac, None).unwrap();
    keys.rotate(key.id, &RotateKey::with_grace(1).to(Algorithm::Twine128), &world.call).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &first).unwrap().unwrap().version, 1);
    let other = "0123456789".parse().unwrap();
    assert_eq!(code(keys.verify_check_value(key.id, &other)), "key.check_method");
    keys.rotate(key.id, &RotateKey::with_grace(1).to(Algorithm::Aes256), &world.call).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &other).unwrap(), None);
    let third = keys.check_value(key.id, CheckMethod::Cmac, None).unwrap();
    assert_eq!(keys.verify_check_value(key.id, &third).unwrap().unwrap().version, 3);
}

#[test]
fn a_compromised_key_is_put_right_by_a_rotation_that_destroys_its_old_values() {
    // NEC-63
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes128);
    keys.rotate(key.id, &RotateKey::with_grace(30), &world.call).unwrap();
    keys.suspend(key.id, &world.call).unwrap();
    let leaked = keys.mark_compromised(key.id, &world.call).unwrap();
    assert_eq!((leaked.state, leaked.renew_at), (KeyState::Compromised, Some(world.registry_now())));
    assert_eq!(code(keys.mark_compromised(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.suspend(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.resume(key.id, &world.call)), "key.compromised");
    assert_eq!(code(keys.get(key.id, None, &world.call)), "key.compromised");
    // Old data can be read once more by whoever asks for exactly that.
    let old = (value(&world, key.id, Some(1)), value(&world, key.id, Some(2)));

    let fresh = keys.rotate(key.id, &RotateKey::with_grace(30), &world.call).unwrap();
    assert_eq!((fresh.state, fresh.version, fresh.previous_version), (KeyState::Active, 3, None));
    assert_eq!(fresh.renew_at, None);
    assert_eq!(code(keys.get(key.id, Some(2), &world.call)), "key.version_destroyed");
    assert_eq!((keys.verify(key.id, &old.0).unwrap(), keys.verify(key.id, &old.1).unwrap()), (None, None));
    let row = rows(&*store, &KEYS).remove(0);
    assert_eq!(cell(&row, "previous"), Value::Null);
}

#[test]
fn a_destroyed_key_leaves_no_value_behind() {
    // NEC-12
    let (store, world) = stored();
    let keys = world.registry.keys();
    let key = issued(&world, Algorithm::Aes256);
    keys.rotate(key.id, &RotateKey::with_grace(9), &world.call).unwrap();
    let (old, new) = (value(&world, key.id, Some(1)), value(&world, key.id, None));
    let row = rows(&*store, &KEYS).remove(0);
    let sealed = [cell(&row, "value"), cell(&row, "previous")];
    for sealed in &sealed {
        let Value::Bytes(sealed) = sealed else { panic!("{sealed:?}") };
        // NEC-58: what the store holds is not the key.
        assert!(sealed.windows(32).all(|part| part != old && part != new));
    }
    let gone = keys.destroy(key.id, &world.call).unwrap();
    assert_eq!((gone.state, gone.renew_at, gone.previous_version), (KeyState::Destroyed, None, None));
    let row = rows(&*store, &KEYS).remove(0);
    assert_eq!((cell(&row, "value"), cell(&row, "previous")), (Value::Null, Value::Null));
    for table in tegata::store::tables::SCHEMA.tables {
        for row in rows(&*store, table) {
            assert!(row.values.iter().all(|value| !sealed.contains(value)), "{}", table.name);
        }
    }
    for result in [
        code(keys.get(key.id, None, &world.call)),
        code(keys.get(key.id, Some(1), &world.call)),
        code(keys.rotate(key.id, &RotateKey::default(), &world.call)),
        code(keys.suspend(key.id, &world.call)),
        code(keys.resume(key.id, &world.call)),
        code(keys.mark_compromised(key.id, &world.call)),
        code(keys.end_grace(key.id, &world.call)),
        code(keys.destroy(key.id, &world.call)),
    ] {
        assert_eq!(result, "key.destroyed");
    }
    assert_eq!(keys.record(key.id).unwrap().version, 2, "its record stays");
    assert_eq!(keys.holders(key.id).unwrap(), []);
}

#[test]
fn what_is_past_its_grace_period_is_erased() {
    let (store, world) = stored();
    let keys = world.registry.keys();
    let kept: Vec<_> = (1..=3)
        .map(|days| {
            let key = issued(&world, Algorithm::Aes128).id;
            keys.rotate(key, &RotateKey::with_grace(days), &world.call).unwrap();
            key
        })
        .collect();
    let previous = || rows(&*store, &KEYS).iter().filter(|row| cell(row, "previous") != Value::Null).count();
    assert_eq!((keys.erase_expired(&world.call).unwrap(), previous()), (0, 3));
    world.clock.advance(DAY);
    assert_eq!(previous(), 3, "time alone changes no row");
    assert_eq!((keys.erase_expired(&world.call).unwrap(), previous()), (1, 2));
    assert_eq!(keys.erase_expired(&world.call).unwrap(), 0);
    world.clock.advance(DAY);
    // Any other change of the row does it as well.
    keys.suspend(kept[1], &world.call).unwrap();
    assert_eq!((previous(), keys.erase_expired(&world.call).unwrap()), (1, 0));
    assert_eq!(keys.end_grace(kept[2], &world.call).unwrap().previous_version, None);
    assert_eq!(previous(), 0);
    assert_eq!(code(keys.end_grace(kept[2], &world.call)), "key.version_unknown");
    let erased = EventFilter { action: Some("key.erase".to_owned()), ..EventFilter::default() };
    assert_eq!(world.registry.events().find(&erased, &Page::of(9)).unwrap().total, Some(1));
}

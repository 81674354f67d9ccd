//! CRLs by a clock that leapt: nothing is lost for longer than it is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tegata::model::CertificateState;
use tegata::{Crl, CrlOptions, Due, DueKind, Enrolled, FixedClock, Page, RevocationReason, Timestamp};

use super::common::{START, World, code};
use super::race::{Race, in_memory};
use super::{HOUR, current, now, reason, refresh, revoke, world};

#[test]
fn what_left_the_crls_by_a_clock_that_leapt_is_listed_again_when_it_is_right() {
    for shards in [0, 2] {
        let world = world(shards);
        let authorities = world.registry.authorities();
        let devices: Vec<_> = (0..5).map(|_| world.enrolled(None).1).collect();
        let [revoked, held, freed, later, good] = &devices[..] else { panic!() };
        let suspend = |device: &Enrolled| {
            world.registry.certificates().suspend(device.issued.certificate.id, &world.call).unwrap();
        };
        revoke(&world, revoked, RevocationReason::KeyCompromise);
        suspend(held);
        suspend(freed);
        authorities.crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
        let all = || {
            let shards = if shards == 0 { 0..1 } else { 0..shards + 1 };
            let made: Vec<_> = shards.map(|shard| current(&world, CrlOptions::shard(shard)).1).collect();
            let listed = |device: &Enrolled| made.iter().filter(|crl| reason(crl, device).is_some()).count();
            [listed(revoked), listed(held), listed(freed), listed(later), listed(good)]
        };
        let each = 1 + usize::from(shards > 0);
        refresh(&world);
        assert_eq!(all(), [each, each, each, 0, 0]);
        // Far enough for all of them to end, for long enough that everything is made more than once.
        world.clock.advance(400 * 24 * HOUR);
        for _ in 0..4 {
            refresh(&world);
            world.clock.advance(48 * HOUR);
        }
        assert_eq!(all(), [0; 5], "they have ended");
        world.clock.advance(-(408 * 24 - 1) * HOUR);
        world.registry.certificates().resume(freed.issued.certificate.id, &world.call).unwrap();
        revoke(&world, later, RevocationReason::Superseded);
        let due = Due { kinds: vec![DueKind::Crl], ..Due::until(now(&world)) };
        assert!(!world.registry.due(&due, &Page::of(9)).unwrap().items.is_empty(), "they are of the future");
        // What a CRL of the future left out, a delta to it would leave out as well.
        let options = CrlOptions::shard(u32::from(shards > 0)).as_delta();
        assert_eq!(code(authorities.crl(world.issuing.id, &options, &world.call)), "certificate.crl_no_base");
        assert!(!refresh(&world).is_empty());
        assert_eq!(all(), [each, each, 0, each, 0]);
        assert!(world.registry.due(&due, &Page::of(9)).unwrap().items.is_empty());
        // Nobody's hold or revocation is taken off by a delta.
        world.clock.advance(4 * HOUR);
        refresh(&world);
        for shard in if shards == 0 { 0..1 } else { 1..shards + 1 } {
            let delta = current(&world, CrlOptions::shard(shard).as_delta()).1;
            for device in [revoked, held, later] {
                assert_ne!(reason(&delta, device), Some(RevocationReason::RemoveFromCrl));
            }
        }
        world.clock.advance(48 * HOUR);
        refresh(&world);
        assert_eq!(all(), [each, each, 0, each, 0]);
        assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
    }
}

#[test]
fn a_ca_certificate_that_left_a_crl_by_a_clock_that_leapt_is_listed_again() {
    let world = World::new();
    let (authorities, call) = (world.registry.authorities(), &world.call);
    authorities.mark_compromised(world.issuing.id, call).unwrap();
    let entries = || authorities.crl(world.root.id, &CrlOptions::default(), call).unwrap().entries;
    assert_eq!((entries(), entries()), (1, 1));
    let days = (world.issuing.not_after.unix() - START) / 86_400 + 1;
    world.clock.advance(days * 24 * HOUR);
    assert_eq!(entries(), 1);
    world.clock.advance(60);
    assert_eq!((entries(), entries()), (0, 0));
    world.clock.advance(-days * 24 * HOUR);
    assert_eq!((entries(), entries()), (1, 1));
}

#[test]
fn a_clock_that_says_that_an_authority_has_expired_ends_its_crls_for_as_long_as_it_is_wrong() {
    let world = world(0);
    let due = |until| {
        let due = Due { kinds: vec![DueKind::Crl], ..Due::until(until) };
        world.registry.due(&due, &Page::of(10)).unwrap().items.len()
    };
    refresh(&world);
    let days = (world.issuing.not_after.unix() - START) / 86_400 + 1;
    world.clock.advance(days * 24 * HOUR);
    let refused = world.registry.authorities().refresh_crls(now(&world), &world.call).unwrap();
    assert!(!refused.is_empty());
    assert!(refused.into_iter().all(|refused| code(refused) == "authority.expired"));
    assert_eq!(due(Timestamp::MAX), 0, "an authority that has expired signs none");
    let lists = world.registry.authorities().crls(world.issuing.id).unwrap();
    assert!(lists.iter().all(|list| list.refresh_at.is_none()), "{lists:?}");
    world.clock.advance(-(days - 1) * 24 * HOUR);
    assert!(due(now(&world)) > 0);
    assert!(refresh(&world).contains(&(0, false)));
    assert_eq!(due(now(&world)), 0);
}

#[test]
fn another_process_whose_clock_is_ahead_takes_nobody_off_the_crls_of_those_whose_is_right() {
    let ahead = |_| Arc::new(FixedClock::at(Timestamp::from_unix(START + 400 * 24 * HOUR)));
    let mut places = 0;
    for (delta, others) in [(false, 1), (false, 3), (true, 1), (true, 3)] {
        for at in 0.. {
            let race = Race::with_clock(in_memory(), Some(4), ahead);
            let (id, call) = (race.world.issuing.id, race.world.call.clone());
            let [revoked, held] = [(); 2].map(|()| race.world.enrolled(None).1);
            race.made(false);
            revoke(&race.world, &revoked, RevocationReason::KeyCompromise);
            race.world.registry.certificates().suspend(held.issued.certificate.id, &call).unwrap();
            race.made(false);
            let calls = race.meanwhile(
                at,
                |_| true,
                move |other| {
                    for _ in 0..others {
                        other.authorities().crl(id, &CrlOptions::default(), &call).unwrap();
                    }
                },
            );
            let lists_both = |crl: &tegata::model::Crl| {
                let read = Crl::from_bytes(&crl.der).unwrap();
                [&revoked, &held].iter().all(|device| reason(&read, device).is_some())
            };
            race.world.clock.advance(60);
            let options = if delta { CrlOptions::default().as_delta() } else { CrlOptions::default() };
            let made = race.world.registry.authorities().crl(id, &options, &race.world.call);
            race.alone();
            if calls.load(Ordering::SeqCst) <= at {
                break;
            }
            match made {
                Ok(made) => assert!(delta || lists_both(&made), "{others} at {at}"),
                Err(error) => assert_eq!((delta, error.code()), (true, "certificate.crl_no_base")),
            }
            assert!(lists_both(&race.made(false)), "{others} at {at}, delta {delta}");
            let read = Crl::from_bytes(&race.made(true).der).unwrap();
            for device in [&revoked, &held] {
                assert_ne!(reason(&read, device), Some(RevocationReason::RemoveFromCrl), "{others} at {at}");
            }
            places += 1;
        }
    }
    assert!(places > 40, "{places}");
}

/// Of whom CRLs that were read together say something else than the registry, though their certificates have not ended.
fn wrongly_told(world: &World, fleet: &[Enrolled], complete: &Crl, delta: Option<&Crl>) -> Vec<String> {
    let is_wrong = |device: &&Enrolled| {
        let record = world.registry.certificates().get(device.issued.certificate.id).unwrap();
        let is_bad = matches!(record.state, CertificateState::Revoked | CertificateState::Suspended);
        let told = delta.and_then(|delta| reason(delta, device)).or_else(|| reason(complete, device));
        let is_told = told.is_some_and(|told| told != RevocationReason::RemoveFromCrl);
        is_told != is_bad && record.not_after >= now(world)
    };
    fleet.iter().filter(is_wrong).map(|device| device.issued.certificate.id.to_string()).collect()
}

#[test]
fn clocks_that_disagree_and_move_about_leave_crls_that_say_what_is_so() {
    for seed in 0..200_u64 {
        let mut random = seed;
        let mut below = |count: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(random >> 33).unwrap() % count
        };
        let wrong = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
        let race = Race::with_clock(in_memory(), Some(4), |_| Arc::clone(&wrong));
        let (world, id) = (&race.world, race.world.issuing.id);
        let fleet: Vec<_> = (0..4).map(|_| world.enrolled(None).1).collect();
        let (mut story, mut completes) = (Vec::new(), BTreeMap::new());
        for step in 0..32 {
            let is_right = step >= 30 || below(2) == 0;
            let registry = if is_right { &world.registry } else { &*race.other };
            let certificate = fleet[usize::try_from(below(4)).unwrap()].issued.certificate.id;
            let options = if step % 2 == 0 { CrlOptions::default() } else { CrlOptions::default().as_delta() };
            let what = if step >= 30 { 4 } else { below(8) };
            story.push(format!("right {is_right}: {what} {certificate} {}", options.delta));
            // Some of these are refused, which is as good.
            match what {
                0 => drop(registry.certificates().revoke(certificate, RevocationReason::KeyCompromise, &world.call)),
                1 => drop(registry.certificates().suspend(certificate, &world.call)),
                2 => drop(registry.certificates().resume(certificate, &world.call)),
                3 => wrong.set(Timestamp::from_unix(START + HOUR * below(2_000))),
                4..=6 => {
                    let Ok(made) = registry.authorities().crl(id, &options, &world.call) else { continue };
                    let read = Crl::from_bytes(&made.der).unwrap();
                    let found = match made.base {
                        Some(base) => wrongly_told(world, &fleet, &completes[&base], Some(&read)),
                        None => wrongly_told(world, &fleet, &read, None),
                    };
                    assert!(!is_right || found.is_empty(), "seed {seed}, number {}: {found:?} {story:#?}", made.number);
                    if !options.delta {
                        completes.insert(made.number, read);
                    }
                }
                _ => world.clock.advance(HOUR * below(60)),
            }
        }
        assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0], "seed {seed}");
    }
}

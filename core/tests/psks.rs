//! Pre-shared keys: issued, shown, rotated, suspended, deleted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::{Arc, Barrier};
use std::thread;

use common::{World, code};
use tegata::model::{Device, Entity, IdentityKind, PskKind, PskState};
use tegata::{
    Bulk, Call, CharacterClasses, EventFilter, GroupChange, IssuedPsk, NewDevice, NewKey, NewPsk, Page, PskFilter,
    PskPolicy, Psks, Result, RotatePsk, SymmetricAlgorithm, Text,
};

const DAY: i64 = 86_400;

type Attempt<'a> = &'a dyn Fn() -> Result<()>;

fn device(w: &World, name: &str) -> Device {
    w.registry.devices().register(&NewDevice::named(name), &w.call).unwrap()
}

fn psks(w: &World) -> Psks<'_> {
    w.registry.psks()
}

fn password(issued: &IssuedPsk) -> Vec<u8> {
    issued.password().unwrap().as_bytes().to_vec()
}

fn accepted(w: &World, identity: &str, secret: &[u8]) -> bool {
    psks(w).verify(identity, secret).unwrap()
}

/// The actions of the events about a device, in order.
fn actions(w: &World, device: &Device) -> Vec<String> {
    let about = EventFilter { subject: Some(Entity::Device(device.id)), ..EventFilter::default() };
    let events = w.registry.events().find(&about, &Page::of(100)).unwrap().items;
    events.into_iter().map(|event| event.action).collect()
}

/// NEC-3, NEC-15, trap 4: only a tag of it is kept.
#[test]
fn a_password_is_verified_under_the_device_s_id_and_can_never_be_read() {
    let w = World::new();
    let meter = device(&w, "meter");
    let issued = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    assert_eq!(issued.psk.identity, meter.id.to_string());
    assert_eq!((issued.psk.kind, issued.psk.state, issued.psk.version), (PskKind::VerifyOnly, PskState::Active, 1));
    assert!(accepted(&w, &issued.psk.identity, &password(&issued)));
    assert!(!accepted(&w, &issued.psk.identity, b"something else"));
    assert!(!accepted(&w, &issued.psk.identity, b""));
    assert!(!accepted(&w, &issued.psk.id.to_string(), &password(&issued)), "its own ID is no identity");
    assert_eq!(code(psks(&w).read(issued.psk.id, &w.call)), "psk.not_readable");
}

/// NEC-2, trap 4.
#[test]
fn a_key_for_tls_is_read_again_and_every_reading_is_audited() {
    let w = World::new();
    let meter = device(&w, "meter");
    let issued = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).unwrap();
    assert_eq!(issued.octets().unwrap().len(), 32);
    assert_eq!(issued.hex().unwrap().expose().len(), 64);
    for _ in 0..2 {
        let read = psks(&w).read(issued.psk.id, &Call::by("tls server")).unwrap();
        assert_eq!(read.octets(), issued.octets());
    }
    assert!(accepted(&w, &issued.psk.identity, issued.octets().unwrap()));
    assert_eq!(actions(&w, &meter), ["device.register", "psk.issue", "psk.read", "psk.read"]);
}

#[test]
fn an_unlinkable_identity_tells_neither_the_device_nor_its_successor() {
    let w = World::new();
    let meter = device(&w, "meter");
    let first = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).unwrap();
    let second = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(1), &w.call).unwrap();
    let other = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).unwrap();
    let all = [&first.psk.identity, &second.psk.identity, &other.psk.identity];
    for identity in all {
        assert_eq!(identity.len(), 26);
        for hint in [meter.id.to_string(), first.psk.id.to_string(), other.psk.id.to_string()] {
            assert_ne!(*identity, hint);
        }
        let common = |other: &str| identity.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        assert!(all.iter().filter(|other| **other != identity).all(|other| common(other) < 8));
    }
    // Each of the two accepted identities goes with its own secret.
    let (old, new) = (first.octets().unwrap(), second.octets().unwrap());
    assert!(accepted(&w, &first.psk.identity, old) && accepted(&w, &second.psk.identity, new));
    assert!(!accepted(&w, &first.psk.identity, new) && !accepted(&w, &second.psk.identity, old));
}

/// NEC-43: by the procedure of its first issue.
#[test]
fn in_the_grace_period_both_secrets_count_and_then_the_new_one_alone() {
    let w = World::new();
    let meter = device(&w, "meter");
    let first = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    let second = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(2), &w.call).unwrap();
    assert_eq!((second.psk.id, second.psk.version), (first.psk.id, 2));
    assert_ne!(password(&first), password(&second));
    let identity = meter.id.to_string();
    assert!(accepted(&w, &identity, &password(&first)) && accepted(&w, &identity, &password(&second)));
    w.clock.advance(2 * DAY - 1);
    assert!(accepted(&w, &identity, &password(&first)));
    w.clock.advance(1);
    assert!(!accepted(&w, &identity, &password(&first)));
    assert!(accepted(&w, &identity, &password(&second)));
    assert_eq!(psks(&w).erase_expired(&w.call).unwrap(), 1);
    assert_eq!(psks(&w).erase_expired(&w.call).unwrap(), 0);
    assert!(psks(&w).get(first.psk.id).unwrap().previous_until.is_none());
    assert!(accepted(&w, &identity, &password(&second)));
}

#[test]
fn without_a_grace_period_the_old_secret_ends_at_once_and_so_it_does_when_the_period_is_ended() {
    let w = World::new();
    let meter = device(&w, "meter");
    let identity = meter.id.to_string();
    let first = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    let second = psks(&w).rotate(first.psk.id, &RotatePsk::default(), &w.call).unwrap();
    assert!(!accepted(&w, &identity, &password(&first)));
    assert_eq!(code(psks(&w).end_grace(first.psk.id, &w.call)), "psk.no_previous");
    let third = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(30), &w.call).unwrap();
    assert!(accepted(&w, &identity, &password(&second)));
    psks(&w).end_grace(first.psk.id, &w.call).unwrap();
    assert!(!accepted(&w, &identity, &password(&second)) && accepted(&w, &identity, &password(&third)));
    // Of three secrets the oldest is gone as soon as the third comes, whatever was left of its grace.
    let fourth = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(30), &w.call).unwrap();
    psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(30), &w.call).unwrap();
    assert!(!accepted(&w, &identity, &password(&third)) && accepted(&w, &identity, &password(&fourth)));
    assert_eq!(code(psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(4_000), &w.call)), "psk.grace");
}

#[test]
fn a_rotation_keeps_the_form_of_the_secret_and_the_interval_unless_told_otherwise() {
    let w = World::new();
    let meter = device(&w, "meter");
    let raw = psks(&w).issue(&NewPsk { renew_days: Some(90), ..NewPsk::tls(meter.id) }, &w.call).unwrap();
    assert_eq!(raw.psk.renew_at, Some(w.registry_now().plus_days(90)));
    w.clock.advance(91 * DAY);
    let due = PskFilter { due_before: Some(w.registry_now()), ..PskFilter::default() };
    assert_eq!(psks(&w).find(&due, &Page::of(9)).unwrap().total, Some(1));
    let again = psks(&w).rotate(raw.psk.id, &RotatePsk::default(), &w.call).unwrap();
    assert_eq!(again.octets().unwrap().len(), 32);
    assert_eq!(again.psk.renew_at, Some(w.registry_now().plus_days(90)));
    let text = NewPsk { kind: PskKind::Readable, ..NewPsk::password(meter.id) };
    let text = psks(&w).issue(&text, &w.call).unwrap();
    let again = psks(&w).rotate(text.psk.id, &RotatePsk::default(), &w.call).unwrap();
    assert!(again.password().is_some() && again.password() != text.password());
    assert_eq!(again.psk.renew_at, None);
    for days in [0, 40_000] {
        let new = NewPsk { renew_days: Some(days), ..NewPsk::tls(meter.id) };
        assert_eq!(code(psks(&w).issue(&new, &w.call)), "input.invalid");
    }
}

/// NEC-3.
#[test]
fn a_suspended_key_is_refused_until_it_is_resumed() {
    let w = World::new();
    let meter = device(&w, "meter");
    let issued = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    let (id, identity, secret) = (issued.psk.id, issued.psk.identity.clone(), password(&issued));
    assert_eq!(psks(&w).suspend(id, &w.call).unwrap().state, PskState::Suspended);
    assert!(!accepted(&w, &identity, &secret));
    assert_eq!(code(psks(&w).suspend(id, &w.call)), "psk.already_suspended");
    assert_eq!(code(psks(&w).rotate(id, &RotatePsk::default(), &w.call)), "psk.suspended");
    psks(&w).resume(id, &w.call).unwrap();
    assert!(accepted(&w, &identity, &secret));
    assert_eq!(code(psks(&w).resume(id, &w.call)), "psk.not_suspended");
}

/// NEC-4.
#[test]
fn a_deleted_key_is_neither_read_nor_verified_and_its_secrets_are_gone() {
    let w = World::new();
    let meter = device(&w, "meter");
    let issued = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).unwrap();
    let (id, identity) = (issued.psk.id, issued.psk.identity.clone());
    psks(&w).rotate(id, &RotatePsk::with_grace(9), &w.call).unwrap();
    let deleted = psks(&w).delete(id, &w.call).unwrap();
    assert_eq!((deleted.state, deleted.previous_until, deleted.renew_at), (PskState::Deleted, None, None));
    assert!(!accepted(&w, &identity, issued.octets().unwrap()));
    assert!(!accepted(&w, &deleted.identity, issued.octets().unwrap()));
    let refused: [Attempt<'_>; 6] = [
        &|| psks(&w).read(id, &w.call).map(drop),
        &|| psks(&w).rotate(id, &RotatePsk::default(), &w.call).map(drop),
        &|| psks(&w).suspend(id, &w.call).map(drop),
        &|| psks(&w).resume(id, &w.call).map(drop),
        &|| psks(&w).delete(id, &w.call).map(drop),
        &|| psks(&w).end_grace(id, &w.call).map(drop),
    ];
    for (at, attempt) in refused.iter().enumerate() {
        assert_eq!(code(attempt()), "psk.deleted", "{at}");
    }
}

#[test]
fn a_device_has_one_key_under_its_own_id_at_a_time_and_versions_go_on() {
    let w = World::new();
    let meter = device(&w, "meter");
    let first = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    assert_eq!(code(psks(&w).issue(&NewPsk::password(meter.id), &w.call)), "psk.exists");
    psks(&w).delete(first.psk.id, &w.call).unwrap();
    let second = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    assert_eq!((second.psk.id, second.psk.version), (first.psk.id, 2));
    let identity = meter.id.to_string();
    assert!(!accepted(&w, &identity, &password(&first)) && accepted(&w, &identity, &password(&second)));
}

#[test]
fn a_chosen_identity_is_nobody_else_s_until_its_key_is_deleted() {
    let w = World::new();
    let (one, two) = (device(&w, "one"), device(&w, "two"));
    let first = psks(&w).issue(&NewPsk::tls(one.id).identified_by("meter-0042"), &w.call).unwrap();
    let secret = first.octets().unwrap();
    assert!(accepted(&w, "meter-0042", secret) && !accepted(&w, "meter-0043", secret));
    let again = NewPsk::tls(two.id).identified_by("meter-0042");
    assert_eq!(code(psks(&w).issue(&again, &w.call)), "psk.identity_taken");
    // A rotation keeps it.
    let rotated = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(1), &w.call).unwrap();
    assert_eq!(rotated.psk.identity, "meter-0042");
    assert!(accepted(&w, "meter-0042", secret) && accepted(&w, "meter-0042", rotated.octets().unwrap()));
    psks(&w).delete(first.psk.id, &w.call).unwrap();
    assert!(!accepted(&w, "meter-0042", secret));
    let second = psks(&w).issue(&again, &w.call).unwrap();
    assert_eq!(second.psk.device, two.id);
    assert!(!accepted(&w, "meter-0042", secret) && accepted(&w, "meter-0042", second.octets().unwrap()));
}

#[test]
fn identities_that_could_be_mistaken_are_not_chosen() {
    let w = World::new();
    let (one, two) = (device(&w, "one"), device(&w, "two"));
    let tls = psks(&w).issue(&NewPsk::tls(one.id), &w.call).unwrap();
    for given in [two.id.to_string(), two.id.to_string().to_uppercase(), tls.psk.identity] {
        let new = NewPsk::tls(one.id).identified_by(given);
        assert_eq!(code(psks(&w).issue(&new, &w.call)), "psk.identity_taken");
    }
    for bad in ["", " x", "a:b", "a\nb", &"x".repeat(129)] {
        assert_eq!(code(psks(&w).issue(&NewPsk::tls(one.id).identified_by(bad), &w.call)), "psk.identity", "{bad:?}");
    }
    let odd = NewPsk { identity: Some("x".to_owned()), ..NewPsk::password(one.id) };
    assert_eq!(code(psks(&w).issue(&odd, &w.call)), "input.invalid");
    let odd = NewPsk { identity_kind: IdentityKind::Chosen, ..NewPsk::password(one.id) };
    assert_eq!(code(psks(&w).issue(&odd, &w.call)), "input.invalid");
}

#[test]
fn an_identity_of_another_registry_means_nothing_here() {
    let (here, there) = (World::new(), World::new());
    let (mine, theirs) = (device(&here, "meter"), device(&there, "meter"));
    let issued = psks(&here).issue(&NewPsk::password(mine.id), &here.call).unwrap();
    let foreign = psks(&there).issue(&NewPsk::tls(theirs.id), &there.call).unwrap();
    for identity in [theirs.id.to_string(), foreign.psk.identity.clone()] {
        assert!(!accepted(&here, &identity, &password(&issued)));
        assert!(!accepted(&here, &identity, foreign.octets().unwrap()));
    }
    assert_eq!(code(psks(&here).issue(&NewPsk::password(theirs.id), &here.call)), "input.unknown_id");
    assert_eq!(code(psks(&here).get(foreign.psk.id)), "input.unknown_id");
}

#[test]
fn an_imported_secret_counts_as_one_that_was_made_here_if_it_is_long_enough() {
    let w = World::new();
    let meter = device(&w, "meter");
    let new = NewPsk::tls(meter.id).with_secret(b"0123456789abcdefghijklmnopqrstuv".to_vec());
    let issued = psks(&w).issue(&new, &w.call).unwrap();
    assert_eq!(psks(&w).read(issued.psk.id, &w.call).unwrap().octets(), Some(&b"0123456789abcdefghijklmnopqrstuv"[..]));
    let short = NewPsk::tls(meter.id).with_secret(b"123".to_vec());
    assert_eq!(code(psks(&w).issue(&short, &w.call)), "psk.too_short");
    let again = RotatePsk { secret: Some(b"abcdefghijklmnopqrstuv0123456789".to_vec().into()), ..RotatePsk::default() };
    let rotated = psks(&w).rotate(issued.psk.id, &again, &w.call).unwrap();
    assert_eq!(rotated.octets(), Some(&b"abcdefghijklmnopqrstuv0123456789"[..]));
    assert_eq!(code(psks(&w).rotate_many(&[issued.psk.id], &again, &Bulk::each(), &w.call)), "input.invalid");
}

/// Trap 14.
#[test]
fn a_repeated_request_brings_the_secret_that_it_led_to_or_none() {
    let w = World::new();
    let meter = device(&w, "meter");
    let call = |id: &str| Call::by("admin").with_request_id(id);
    let first = psks(&w).issue(&NewPsk::tls(meter.id), &call("tls")).unwrap();
    let again = psks(&w).issue(&NewPsk::tls(meter.id), &call("tls")).unwrap();
    assert_eq!((again.psk.id, again.octets()), (first.psk.id, first.octets()));
    let other = NewPsk { renew_days: Some(3), ..NewPsk::tls(meter.id) };
    assert_eq!(code(psks(&w).issue(&other, &call("tls"))), "input.request_id_reused");

    let password = psks(&w).issue(&NewPsk::password(meter.id), &call("password")).unwrap();
    let again = psks(&w).issue(&NewPsk::password(meter.id), &call("password")).unwrap();
    assert_eq!((again.psk.id, again.octets()), (password.psk.id, None));

    // After a rotation, the first request still means the first secret, as long as that is kept.
    let rotated = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(1), &call("rotate")).unwrap();
    assert_eq!(psks(&w).issue(&NewPsk::tls(meter.id), &call("tls")).unwrap().octets(), first.octets());
    let again = psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(1), &call("rotate")).unwrap();
    assert_eq!((again.psk.version, again.octets()), (2, rotated.octets()));
    w.clock.advance(DAY);
    assert_eq!(code(psks(&w).issue(&NewPsk::tls(meter.id), &call("tls"))), "psk.superseded");
    psks(&w).delete(first.psk.id, &w.call).unwrap();
    assert_eq!(code(psks(&w).issue(&NewPsk::tls(meter.id), &call("tls"))), "psk.deleted");
}

/// Trap 15.
#[test]
fn a_disabled_device_s_keys_do_not_count_and_are_not_renewed() {
    let w = World::new();
    let meter = device(&w, "meter");
    let issued = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    w.registry.devices().disable(meter.id, &w.call).unwrap();
    assert!(!accepted(&w, &issued.psk.identity, &password(&issued)));
    assert_eq!(code(psks(&w).rotate(issued.psk.id, &RotatePsk::default(), &w.call)), "device.disabled");
    assert_eq!(code(psks(&w).issue(&NewPsk::tls(meter.id), &w.call)), "device.disabled");
    w.registry.devices().enable(meter.id, &w.call).unwrap();
    assert!(accepted(&w, &issued.psk.identity, &password(&issued)));
}

/// NEC-20.
#[test]
fn a_deleted_device_s_keys_are_deleted_with_it_and_their_identities_are_free() {
    let w = World::new();
    let (meter, next) = (device(&w, "meter"), device(&w, "next"));
    let own = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    let chosen = psks(&w).issue(&NewPsk::tls(meter.id).identified_by("meter-1"), &w.call).unwrap();
    let gone = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).unwrap();
    psks(&w).delete(gone.psk.id, &w.call).unwrap();
    w.registry.devices().delete(meter.id, &w.call).unwrap();
    for issued in [&own, &chosen] {
        assert_eq!(psks(&w).get(issued.psk.id).unwrap().state, PskState::Deleted);
        assert!(!accepted(&w, &issued.psk.identity, issued.octets().unwrap()));
    }
    psks(&w).issue(&NewPsk::tls(next.id).identified_by("meter-1"), &w.call).unwrap();
    assert_eq!(actions(&w, &meter).iter().filter(|action| *action == "psk.delete").count(), 3);
    assert_eq!(code(psks(&w).issue(&NewPsk::tls(meter.id), &w.call)), "device.deleted");
}

#[test]
fn keys_follow_their_device_into_its_group_and_are_found_there() {
    let w = World::new();
    let (one, two) = (device(&w, "one"), device(&w, "two"));
    let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
    let tls = psks(&w).issue(&NewPsk::tls(one.id), &w.call).unwrap();
    w.registry.devices().set_group(one.id, Some(group.id), &w.call).unwrap();
    psks(&w).issue(&NewPsk::password(one.id), &w.call).unwrap();
    psks(&w).issue(&NewPsk::password(two.id), &w.call).unwrap();
    psks(&w).suspend(tls.psk.id, &w.call).unwrap();
    let count = |filter: PskFilter| psks(&w).find(&filter, &Page::of(9)).unwrap().total.unwrap();
    assert_eq!(count(PskFilter::default()), 3);
    assert_eq!(count(PskFilter { group: Some(group.id), ..PskFilter::default() }), 2);
    assert_eq!(count(PskFilter { device: Some(two.id), ..PskFilter::default() }), 1);
    assert_eq!(count(PskFilter { kind: Some(PskKind::Readable), ..PskFilter::default() }), 1);
    assert_eq!(count(PskFilter { states: vec![PskState::Suspended], ..PskFilter::default() }), 1);
    let identity = Some(tls.psk.identity.clone());
    assert_eq!(count(PskFilter { identity: identity.clone(), ..PskFilter::default() }), 1);
    assert_eq!(count(PskFilter { identity: identity.clone(), device: Some(two.id), ..PskFilter::default() }), 0);
    psks(&w).resume(tls.psk.id, &w.call).unwrap();
    psks(&w).rotate(tls.psk.id, &RotatePsk::with_grace(1), &w.call).unwrap();
    assert_eq!(count(PskFilter { identity: identity.clone(), ..PskFilter::default() }), 1);
    w.clock.advance(DAY);
    assert_eq!(count(PskFilter { identity, ..PskFilter::default() }), 0);
    let named = tegata::DeviceFilter { name: Some(Text::Is("one".into())), ..tegata::DeviceFilter::default() };
    assert_eq!(w.registry.devices().count(&named).unwrap(), 1);
}

#[test]
fn of_two_that_issue_at_once_one_wins() {
    let w = Arc::new(World::new());
    for round in 0..16 {
        let meter = device(&w, &format!("meter {round}"));
        let start = Arc::new(Barrier::new(2));
        let results: Vec<_> = (0..2)
            .map(|_| {
                let (w, start) = (Arc::clone(&w), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    w.registry.psks().issue(&NewPsk::password(meter.id), &w.call)
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        assert_eq!(lost[0].as_ref().unwrap_err().code(), "psk.exists");
        let won = won[0].as_ref().unwrap();
        assert!(accepted(&w, &won.psk.identity, &password(won)));
    }
}

#[test]
fn of_two_that_choose_one_identity_at_once_one_wins() {
    let w = Arc::new(World::new());
    let devices = [device(&w, "one"), device(&w, "two")];
    for round in 0..16 {
        let start = Barrier::new(2);
        let won = thread::scope(|scope| {
            let tries: Vec<_> = devices
                .iter()
                .map(|device| {
                    let (w, start) = (&w, &start);
                    let new = NewPsk::tls(device.id).identified_by(format!("meter-{round}"));
                    scope.spawn(move || {
                        start.wait();
                        w.registry.psks().issue(&new, &w.call)
                    })
                })
                .collect();
            tries.into_iter().flat_map(|thread| thread.join().unwrap()).count()
        });
        assert_eq!(won, 1);
    }
}

#[test]
fn many_rotations_at_once_leave_one_current_secret_and_at_most_one_before() {
    let w = World::new();
    let meter = device(&w, "meter");
    let first = psks(&w).issue(&NewPsk::password(meter.id), &w.call).unwrap();
    let secrets: Vec<_> = thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| psks(&w).rotate(first.psk.id, &RotatePsk::with_grace(1), &w.call).unwrap()))
            .collect();
        tries.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(psks(&w).get(first.psk.id).unwrap().version, 9);
    let mut versions: Vec<_> = secrets.iter().map(|issued| issued.psk.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=9).collect::<Vec<_>>(), "nobody got a secret that was not on record");
    for issued in &secrets {
        let counts = issued.psk.version >= 8;
        // Whoever guesses has to wait, and so do we.
        w.clock.advance(3_600);
        assert_eq!(accepted(&w, &meter.id.to_string(), &password(issued)), counts, "version {}", issued.psk.version);
    }
}

/// Trap 14.
#[test]
fn each_item_of_a_bulk_call_stands_on_its_own_or_none_is_done() {
    let w = World::new();
    let devices: Vec<_> = (0..700).map(|n| NewDevice::named(format!("meter {n}"))).collect();
    let devices = w.registry.devices().register_many(&devices, &Bulk::all(), &w.call).unwrap();
    let mut wishes: Vec<_> = devices.iter().map(|device| NewPsk::password(device.as_ref().unwrap().id)).collect();
    wishes.push(wishes[5].clone());
    let refused = psks(&w).issue_many(&wishes, &Bulk::all(), &w.call).unwrap();
    assert!(refused.iter().all(Result::is_err));
    assert_eq!(psks(&w).find(&PskFilter::default(), &Page::of(1)).unwrap().total, Some(0));

    let results = psks(&w).issue_many(&wishes, &Bulk::each(), &w.call).unwrap();
    assert!(results[..700].iter().all(Result::is_ok));
    assert_eq!(results[700].as_ref().unwrap_err().code(), "psk.exists");
    let issued: Vec<_> = results.into_iter().filter_map(Result::ok).collect();
    let mut secrets: Vec<_> = issued.iter().map(password).collect();
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 700);
    assert!(issued.iter().all(|issued| accepted(&w, &issued.psk.identity, &password(issued))));

    let ids: Vec<_> = issued.iter().map(|issued| issued.psk.id).collect();
    let rotated = psks(&w).rotate_many(&ids, &RotatePsk::default(), &Bulk::each(), &w.call).unwrap();
    for (old, new) in issued.iter().zip(rotated) {
        let new = new.unwrap();
        assert!(accepted(&w, &new.psk.identity, &password(&new)) && !accepted(&w, &new.psk.identity, &password(old)));
    }
    let states = |results: Vec<Result<tegata::model::Psk>>| {
        let mut states: Vec<_> = results.into_iter().map(|result| result.unwrap().state).collect();
        states.dedup();
        states
    };
    assert_eq!(states(psks(&w).suspend_many(&ids, &Bulk::all(), &w.call).unwrap()), [PskState::Suspended]);
    assert_eq!(states(psks(&w).resume_many(&ids, &Bulk::each(), &w.call).unwrap()), [PskState::Active]);
    assert_eq!(states(psks(&w).delete_many(&ids, &Bulk::all(), &w.call).unwrap()), [PskState::Deleted]);
}

#[test]
fn secrets_stand_in_no_event_and_no_debug_output() {
    let w = World::new();
    let meter = device(&w, "meter");
    let new = NewPsk::tls(meter.id).with_secret(b"a-secret-that-must-not-show-here".to_vec());
    let issued = psks(&w).issue(&new, &w.call).unwrap();
    let rotate =
        RotatePsk { secret: Some(b"b-secret-that-must-not-show-here".to_vec().into()), ..RotatePsk::default() };
    let rotated = psks(&w).rotate(issued.psk.id, &rotate, &w.call).unwrap();
    let events = w.registry.events().find(&EventFilter::default(), &Page::of(100)).unwrap();
    let shown = format!("{new:?} {issued:?} {rotate:?} {rotated:?} {events:?}");
    assert!(!shown.contains("must-not-show"), "{shown}");
}

/// NEC-1.
#[test]
fn what_is_made_always_meets_the_policy_and_a_weak_policy_makes_nothing() {
    let w = World::new();
    let symbols = CharacterClasses { symbols: true, ..CharacterClasses::default() };
    let policy = PskPolicy { length: 14, classes: symbols, ..PskPolicy::default() };
    let wishes: Vec<_> = (0..300)
        .map(|n| NewPsk { policy: policy.clone(), ..NewPsk::password(device(&w, &format!("meter {n}")).id) })
        .collect();
    for issued in psks(&w).issue_many(&wishes, &Bulk::each(), &w.call).unwrap() {
        let issued = issued.unwrap();
        assert!(policy.is_met_by(issued.octets().unwrap()));
        let rotate = RotatePsk { policy: Some(policy.clone()), ..RotatePsk::default() };
        let rotated = psks(&w).rotate(issued.psk.id, &rotate, &w.call).unwrap();
        assert!(policy.is_met_by(rotated.octets().unwrap()));
    }
    let meter = device(&w, "meter");
    let digits = CharacterClasses { lower: false, upper: false, digits: true, symbols: false };
    let pin = PskPolicy { length: 6, classes: digits, ..PskPolicy::default() };
    let new = NewPsk { policy: pin, ..NewPsk::password(meter.id) };
    assert_eq!(code(psks(&w).issue(&new, &w.call)), "psk.policy_weak");
    // What passes for a password is too weak where guesses need no server.
    let new = NewPsk { policy, ..NewPsk::tls(meter.id) };
    assert_eq!(code(psks(&w).issue(&new, &w.call)), "psk.policy_weak");
    let long = NewPsk::tls(meter.id).with_secret(vec![7; 65]);
    assert_eq!(code(psks(&w).issue(&long, &w.call)), "psk.too_long");
    let eight = NewPsk::password(meter.id).with_secret(vec![b'x'; 8]);
    assert!(psks(&w).issue(&eight, &w.call).is_ok());
}

#[test]
fn no_key_outlives_a_device_that_is_deleted_while_it_is_issued() {
    let w = World::new();
    let mut both = 0;
    for round in 0..300 {
        let meter = device(&w, &format!("meter {round}"));
        let start = Barrier::new(2);
        let issued = thread::scope(|scope| {
            let issue = scope.spawn(|| {
                start.wait();
                let psk = psks(&w).issue(&NewPsk::tls(meter.id), &w.call).map(drop);
                let new = NewKey::for_device(meter.id, SymmetricAlgorithm::Aes128);
                psk.and(w.registry.keys().issue(&new, &w.call).map(drop))
            });
            start.wait();
            w.registry.devices().delete(meter.id, &w.call).unwrap();
            issue.join().unwrap()
        });
        both += u32::from(issued.is_ok());
        let kept = w.registry.devices().credentials(meter.id).unwrap();
        assert!(kept.psks.iter().all(|psk| psk.state == PskState::Deleted), "in round {round}");
        assert!(kept.keys.is_empty(), "in round {round}");
    }
    assert!(both < 300, "the two never met");
}

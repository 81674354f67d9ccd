//! CRLs that are made while certificates change: what nobody may miss, and what no delta may take off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tegata::store::tables::{CRL_LISTS, CRL_REMOVALS, REVOCATIONS};
use tegata::store::{Expect, Query, Row, Value, Write};
use tegata::{Crl, CrlOptions, Registry, RevocationReason};

use super::race::{Race, in_memory};
use super::reason;

fn race() -> Race {
    Race::new(in_memory(), Some(4))
}

fn made(race: &Race, delta: bool) -> Crl {
    Crl::from_bytes(&race.made(delta).der).unwrap()
}

/// The other process does `what` right before the first commit that writes to a table.
fn before_writing(
    race: &Race,
    table: &'static str,
    what: impl Fn(&Registry) + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let writes = move |write: &Write| match write {
        Write::Put(row, _) => row.table.name == table,
        Write::Delete(row, _) => row.table.name == table,
        _ => false,
    };
    race.meanwhile(0, move |call| call.method == "commit" && call.writes.iter().any(writes), what)
}

fn newest_row(race: &Race) -> Row {
    let query = Query {
        table: &REVOCATIONS,
        filters: vec![],
        order: None,
        descending: true,
        after: None,
        limit: 1,
        total: false,
    };
    race.behind.find(&query).unwrap().rows.remove(0)
}

#[test]
fn no_delta_takes_off_what_was_revoked_after_its_hold_had_ended() {
    let race = race();
    let (certificates, call) = (race.world.registry.certificates(), race.world.call.clone());
    let [one, other, pattern] = [(); 3].map(|()| race.world.enrolled(None).1);
    let (revoked, resumed) = (one.issued.certificate.id, other.issued.certificate.id);
    certificates.suspend(revoked, &call).unwrap();
    made(&race, false);
    certificates.resume(revoked, &call).unwrap();
    certificates.revoke(revoked, RevocationReason::KeyCompromise, &call).unwrap();
    certificates.suspend(resumed, &call).unwrap();
    certificates.revoke(pattern.issued.certificate.id, RevocationReason::Superseded, &call).unwrap();
    // More than go with the CRL's own commit.
    let pattern = newest_row(&race);
    let serial = REVOCATIONS.position("serial").unwrap();
    let rows = (1..2_100_u64).map(|n| {
        let mut row = Row { key: pattern.key + n, ..pattern.clone() };
        row.values[serial] = Value::Bytes((n + (1 << 62)).to_be_bytes().to_vec());
        Write::Put(row, Expect::Absent)
    });
    race.behind.commit(&rows.collect::<Vec<_>>()).unwrap();
    let fired = before_writing(&race, CRL_REMOVALS.name, move |registry| {
        registry.certificates().resume(resumed, &call).unwrap();
    });
    let complete = made(&race, false);
    assert!(fired.load(Ordering::SeqCst) > 0);
    race.alone();
    assert_eq!(reason(&complete, &one), Some(RevocationReason::KeyCompromise));
    assert_ne!(reason(&made(&race, true), &one), Some(RevocationReason::RemoveFromCrl));
    // Nobody is in the way any more: all moves, and the delta after that says nothing.
    made(&race, false);
    assert!(made(&race, true).is_empty());
}

#[test]
fn a_crl_that_comes_second_has_a_number_after_the_first_ones() {
    let race = race();
    let (call, id) = (race.world.call.clone(), race.world.issuing.id);
    let one = race.world.enrolled(None).1;
    let lost = one.issued.certificate.id;
    made(&race, false);
    let fired = before_writing(&race, CRL_LISTS.name, move |registry| {
        registry.authorities().crl(id, &CrlOptions::default(), &call).unwrap();
        registry.certificates().revoke(lost, RevocationReason::KeyCompromise, &call).unwrap();
    });
    let made = made(&race, false);
    assert!(fired.load(Ordering::SeqCst) > 0);
    race.alone();
    let current = race.world.registry.authorities().current_crl(id, &CrlOptions::default()).unwrap();
    assert_eq!(Some(current.number), made.number());
    assert_eq!(reason(&Crl::from_bytes(&current.der).unwrap(), &one), Some(RevocationReason::KeyCompromise));
}

#[test]
fn a_hold_that_was_read_never_overwrites_the_revocation_that_came_after_it() {
    let race = race();
    let call = race.world.call.clone();
    let one = race.world.enrolled(None).1;
    let held = one.issued.certificate.id;
    race.world.registry.certificates().suspend(held, &call).unwrap();
    let fired = before_writing(&race, CRL_LISTS.name, move |registry| {
        registry.certificates().resume(held, &call).unwrap();
        registry.certificates().revoke(held, RevocationReason::KeyCompromise, &call).unwrap();
    });
    made(&race, false);
    assert!(fired.load(Ordering::SeqCst) > 0);
    race.alone();
    assert_eq!(reason(&made(&race, false), &one), Some(RevocationReason::KeyCompromise));
}

#[test]
fn what_a_process_of_the_version_before_revokes_is_on_the_next_crl_and_the_next_delta() {
    let race = race();
    let world = &race.world;
    made(&race, false);
    for delta in [true, false] {
        let one = world.enrolled(None).1;
        let id = one.issued.certificate.id;
        world.registry.certificates().revoke(id, RevocationReason::KeyCompromise, &world.call).unwrap();
        let mut row = newest_row(&race);
        for name in ["scope", "not_after"] {
            row.values[REVOCATIONS.position(name).unwrap()] = Value::Null;
        }
        race.behind.commit(&[Write::Put(row, Expect::Any)]).unwrap();
        let crl = made(&race, delta);
        assert_eq!(reason(&crl, &one), Some(RevocationReason::KeyCompromise), "delta {delta}");
    }
}

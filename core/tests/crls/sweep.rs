//! Another process revokes, frees or makes CRLs at each call that making a CRL has for the store, one after the other: whoever
//! reads the CRLs that are made next sees of every certificate what the registry says of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tegata::model::{self, CertificateState};
use tegata::store::{SqliteOptions, SqliteStore, Store};
use tegata::{AuthorityId, Call, CertificateId, Crl, CrlOptions, Enrolled, Registry, RevocationReason};

use super::race::{Race, in_memory};

/// What the other process does: to a certificate that is good, to one that is on hold, and with CRLs.
#[derive(Clone, Copy, Debug)]
enum Step {
    Complete,
    Delta,
    Revoke,
    Resume,
    SuspendAgain,
    RevokeFreed,
}
use Step::{Complete, Delta, Resume, Revoke, RevokeFreed, SuspendAgain};

const OTHERS: [&[Step]; 10] = [
    &[Complete],
    &[Delta],
    &[Revoke, Complete],
    &[Complete, Revoke],
    &[Resume, Complete],
    &[Resume, RevokeFreed],
    &[Resume, RevokeFreed, Complete],
    &[Complete, Resume, RevokeFreed],
    &[Revoke, Complete, Complete],
    &[Resume, SuspendAgain],
];

/// A race about two devices.
struct Case {
    race: Race,
    good: Enrolled,
    held: Enrolled,
}

impl Case {
    fn new(stores: [Arc<dyn Store>; 2], delta_hours: Option<u32>) -> Self {
        let race = Race::new(stores, delta_hours);
        let [good, held] = [(); 2].map(|()| race.world.enrolled(None).1);
        Self { race, good, held }
    }

    /// The other process takes its steps right before call number `at`; answers with how many calls there were.
    fn meanwhile(&self, at: usize, steps: &'static [Step]) -> Arc<AtomicUsize> {
        let (call, id) = (self.race.world.call.clone(), self.race.world.issuing.id);
        let two = [self.good.issued.certificate.id, self.held.issued.certificate.id];
        self.race.meanwhile(at, |_| true, move |other| steps.iter().for_each(|step| take(other, *step, id, two, &call)))
    }

    /// Of whom the CRLs say something else than the registry: the complete one, and with the difference to a later one.
    fn wrong(&self, complete: &model::Crl, delta: Option<&model::Crl>) -> Vec<String> {
        let fits = delta.filter(|delta| delta.number > complete.number && delta.base <= Some(complete.number));
        let mut wrong = Vec::new();
        for device in [&self.good, &self.held] {
            let told = fits.and_then(|delta| reason(delta, device)).or_else(|| reason(complete, device));
            let told = told.filter(|told| *told != RevocationReason::RemoveFromCrl);
            let record = self.race.world.registry.certificates().get(device.issued.certificate.id).unwrap();
            let is = match record.state {
                CertificateState::Revoked => record.reason,
                CertificateState::Suspended => Some(RevocationReason::CertificateHold),
                _ => None,
            };
            if told != is {
                wrong.push(format!(
                    "told {told:?}, is {is:?}, by {} and {:?}",
                    complete.number,
                    fits.map(|d| d.number)
                ));
            }
        }
        wrong
    }
}

fn take(other: &Registry, step: Step, id: AuthorityId, [good, held]: [CertificateId; 2], call: &Call) {
    let (authorities, certificates) = (other.authorities(), other.certificates());
    match step {
        Complete => drop(authorities.crl(id, &CrlOptions::default(), call).unwrap()),
        Delta => drop(authorities.crl(id, &CrlOptions::default().as_delta(), call).unwrap()),
        Revoke => drop(certificates.revoke(good, RevocationReason::KeyCompromise, call).unwrap()),
        RevokeFreed => drop(certificates.revoke(held, RevocationReason::KeyCompromise, call).unwrap()),
        Resume => drop(certificates.resume(held, call).unwrap()),
        SuspendAgain => drop(certificates.suspend(held, call).unwrap()),
    }
}

fn reason(crl: &model::Crl, device: &Enrolled) -> Option<RevocationReason> {
    let listed = Crl::from_bytes(&crl.der).unwrap().get(&device.issued.certificate.serial).unwrap();
    listed.map(|entry| entry.reason)
}

/// One place in the making of a CRL; `None` when it has no such place, otherwise what was told wrongly afterwards.
fn at_place(case: &Case, at: usize, steps: &'static [Step], delta: bool, listed: bool) -> Option<Vec<String>> {
    let held = case.held.issued.certificate.id;
    let suspend = || drop(case.race.world.registry.certificates().suspend(held, &case.race.world.call).unwrap());
    case.race.made(false);
    if listed {
        suspend();
    }
    let base = case.race.made(false);
    if !listed {
        suspend();
    }
    let calls = case.meanwhile(at, steps);
    let made = case.race.made(delta);
    case.race.alone();
    if calls.load(Ordering::SeqCst) <= at {
        return None;
    }
    let mut wrong = Vec::new();
    let newest = || {
        case.race.world.registry.authorities().current_crl(case.race.world.issuing.id, &CrlOptions::default()).unwrap()
    };
    let now = newest();
    // The difference itself: with its base, whoever a complete CRL before it lists is listed.
    if delta && made.base == Some(base.number) && now.number < made.number {
        for device in [&case.good, &case.held] {
            let told = reason(&made, device).or_else(|| reason(&base, device));
            if reason(&now, device).is_some() && told.is_none() {
                wrong.push(format!("{} with {} lacks what {} has", base.number, made.number, now.number));
            }
        }
    }
    let fresh = case.race.made(true);
    wrong.extend(case.wrong(&newest(), Some(&fresh)));
    let next = case.race.made(false);
    wrong.extend(case.wrong(&next, None));
    wrong.extend(case.wrong(&next, Some(&case.race.made(true))));
    Some(wrong)
}

fn sweep(stores: &dyn Fn() -> [Arc<dyn Store>; 2], others: &[&'static [Step]], delta_hours: Option<u32>) -> usize {
    let mut places = 0;
    for (delta, listed) in [(false, true), (false, false), (true, true), (true, false)] {
        for steps in others {
            for at in 0.. {
                let case = Case::new(stores(), delta_hours);
                let Some(wrong) = at_place(&case, at, steps, delta, listed) else { break };
                let what = if delta { "delta" } else { "complete CRL" };
                assert_eq!(wrong, Vec::<String>::new(), "{steps:?} at call {at} of a {what}, hold listed: {listed}");
                places += 1;
            }
        }
    }
    places
}

#[test]
fn whatever_happens_while_a_crl_is_made_the_next_ones_say_what_is_so() {
    let places = sweep(&in_memory, &OTHERS, Some(4));
    assert!(places > 400, "{places}");
}

#[test]
fn also_where_deltas_are_not_part_of_the_policy() {
    let places = sweep(&in_memory, &[&[Revoke, Complete], &[Complete, Revoke], &[Resume, RevokeFreed]], None);
    assert!(places > 120, "{places}");
}

#[test]
fn also_with_two_connections_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    let in_file = || {
        let path = folder.path().join(format!("{}.sqlite", count.fetch_add(1, Ordering::SeqCst)));
        let open = |path: &Path| Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap()) as Arc<dyn Store>;
        [open(&path), open(&path)]
    };
    let places = sweep(&in_file, &[&[Resume, RevokeFreed, Complete]], Some(4));
    assert!(places > 40, "{places}");
}

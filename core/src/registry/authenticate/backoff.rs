//! Who guesses has to wait: longer after each failure, and alike for identities that exist and those that do not.
//!
//! The first [`FREE`] failures in a row cost nothing. From then on each is followed by a pause in which no secret is
//! looked at, not even the right one, or guessing would go on: 1 s, 2 s, 4 s and so on up to [`LONGEST`]. That lets
//! somebody who knows an identity keep its owner waiting. It is the price of any limit per identity, and the reason why
//! identities are better unguessable (a device's ID, an unlinkable identity), why pauses begin short, and why at their end
//! one attempt is let in at a time, so that its owner soon gets a turn.
//!
//! Nothing here reads a clock or a store. Memory is bounded: [`SHARDS`] times [`SETS`] sets of [`WAYS`] entries, and an
//! identity can be in one of them only. A full set forgets the entry with the fewest failures, of those the oldest. So
//! who wants the failures of one identity forgotten has to fail still more often for others of its set, and which those
//! are is a secret of this process.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::env::Timestamp;
use crate::error::AuthenticationError;

/// Failures in a row that are followed by no pause.
pub(super) const FREE: u32 = 5;
/// The longest pause, in seconds.
const LONGEST: i64 = 900;
/// After so many seconds without an attempt, failures are forgotten.
const FORGOTTEN: i64 = 86_400;
/// From so many failures on they are worth keeping in the store: now, and each time they doubled.
const KEPT: u32 = 10;

const SHARDS: usize = 64;
const SETS: usize = 128;
const WAYS: usize = 8;

/// Which identity, as a digest under a key of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guarded(u64);

/// What one more failure led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// How many in a row now.
    pub(super) failures: u32,
    /// No secret is looked at before.
    pub(super) until: Option<Timestamp>,
}

impl Failure {
    /// Whether this is the moment to write it down.
    pub(super) const fn is_to_keep(self) -> bool {
        self.failures.is_multiple_of(KEPT) && (self.failures / KEPT).is_power_of_two()
    }
}

/// The pause after so many failures in a row, in seconds.
const fn pause(failures: u32) -> i64 {
    match failures {
        0..=FREE => 0,
        more => {
            let doublings = more - FREE - 1;
            if doublings < 10 { 1 << doublings } else { LONGEST }
        }
    }
}

/// How many seconds are left of a pause until `until`. No pause is longer than [`LONGEST`]: one that seems to be began under
/// a clock that has been set back since, and would keep its identity out until that time came again. It is over.
fn left(until: Timestamp, now: Timestamp) -> Option<u64> {
    u64::try_from(until.since(now)).ok().filter(|seconds| (1..=LONGEST.unsigned_abs()).contains(seconds))
}

/// Refuses until the pause is over.
pub(super) fn check_pause(until: Option<Timestamp>, now: Timestamp) -> Result<(), AuthenticationError> {
    match until.and_then(|until| left(until, now)) {
        Some(retry_after) => Err(AuthenticationError::BackedOff { retry_after }),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Default)]
struct Entry {
    guarded: u64,
    /// 0: the entry is free.
    failures: u32,
    until: Timestamp,
    last: Timestamp,
}

impl Entry {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.failures == 0 || now.since(self.last.max(self.until)) > FORGOTTEN
    }
}

/// The identities that failed of late.
pub(in crate::registry) struct Backoff {
    hasher: RandomState,
    /// Empty until an identity of the shard fails.
    shards: Vec<Mutex<Vec<Entry>>>,
    /// How many entries are taken: with none, which is the rule, nobody has to look.
    taken: AtomicUsize,
}

impl Default for Backoff {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { hasher: RandomState::new(), shards, taken: AtomicUsize::new(0) }
    }
}

impl Backoff {
    /// Where the failures of an identity are counted.
    pub(super) fn guarded(&self, kind: &'static str, identity: &[u8]) -> Guarded {
        Guarded(self.hasher.hash_one((kind, identity)))
    }

    /// Runs `work` on the entries among which this one is.
    fn set<T>(&self, Guarded(digest): Guarded, work: impl FnOnce(&mut [Entry]) -> T) -> Option<T> {
        let digest = usize::try_from(digest & 0xffff_ffff).unwrap_or_default();
        let shard = self.shards.get(digest % SHARDS)?;
        let mut entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.is_empty() {
            entries.resize(SETS * WAYS, Entry::default());
        }
        let first = digest / SHARDS % SETS * WAYS;
        entries.get_mut(first..first + WAYS).map(work)
    }

    /// Whether an attempt may be made now. Beyond the free failures, that takes the turn: others wait until this one is
    /// told as failed or succeeded, or a second is over.
    pub(super) fn check(&self, guarded: Guarded, now: Timestamp) -> Result<(), AuthenticationError> {
        if self.taken.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.set(guarded, |set| match set.iter_mut().find(|entry| entry.guarded == guarded.0) {
            Some(entry) if !entry.is_forgotten(now) => {
                // What is longer than the pause after so many failures was no pause: the clock has been set back.
                let longest = if entry.failures < FREE { 0 } else { pause(entry.failures).max(1) };
                check_pause(Some(entry.until).filter(|until| until.since(now) <= longest), now)?;
                if entry.failures >= FREE {
                    entry.until = now.plus(1);
                }
                Ok(())
            }
            _ => Ok(()),
        })
        .unwrap_or(Ok(()))
    }

    /// One more failure. `kept` is how many the store knows of, from before this process or from another one.
    pub(super) fn failed(&self, guarded: Guarded, now: Timestamp, kept: u32) -> Failure {
        let failure = |before: u32| {
            let failures = before.max(kept).saturating_add(1);
            Failure { failures, until: Some(now.plus(pause(failures))).filter(|until| *until > now) }
        };
        self.set(guarded, |set| {
            let at = set.iter().position(|entry| entry.guarded == guarded.0 && entry.failures > 0);
            let at = at.or_else(|| {
                let rank = |entry: &Entry| (!entry.is_forgotten(now), entry.failures, entry.last);
                (0..set.len()).min_by_key(|at| set.get(*at).map(rank))
            });
            let Some(entry) = at.and_then(|at| set.get_mut(at)) else { return failure(0) };
            if entry.failures == 0 {
                self.taken.fetch_add(1, Ordering::Release);
            }
            let is_same = entry.guarded == guarded.0 && !entry.is_forgotten(now);
            let failure = failure(if is_same { entry.failures } else { 0 });
            let until = failure.until.unwrap_or(now);
            *entry = Entry { guarded: guarded.0, failures: failure.failures, until, last: now };
            failure
        })
        .unwrap_or_else(|| failure(0))
    }

    /// The secret was right.
    pub(super) fn succeeded(&self, guarded: Guarded) {
        if self.taken.load(Ordering::Acquire) == 0 {
            return;
        }
        self.set(guarded, |set| {
            if let Some(entry) = set.iter_mut().find(|entry| entry.guarded == guarded.0 && entry.failures > 0) {
                *entry = Entry::default();
                self.taken.fetch_sub(1, Ordering::Release);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn waits(backoff: &Backoff, who: Guarded, now: Timestamp) -> u64 {
        match backoff.check(who, now) {
            Err(AuthenticationError::BackedOff { retry_after }) => retry_after,
            other => {
                other.unwrap();
                0
            }
        }
    }

    fn fail(backoff: &Backoff, who: Guarded, times: std::ops::Range<u32>) {
        for _ in times {
            backoff.failed(who, START, 0);
        }
    }

    #[test]
    fn five_failures_are_free_and_each_one_after_doubles_the_pause_up_to_a_quarter_of_an_hour() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        let mut now = START;
        let mut pauses = Vec::new();
        for _ in 0..18 {
            assert_eq!(waits(&backoff, who, now), 0);
            let until = backoff.failed(who, now, 0).until.unwrap_or(now);
            pauses.push(until.since(now));
            if until > now {
                assert_eq!(i64::try_from(waits(&backoff, who, until.plus(-1))), Ok(1));
            }
            now = until;
        }
        assert_eq!(pauses, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn a_success_forgets_the_failures_and_so_does_a_day() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        fail(&backoff, who, 0..20);
        assert_eq!(waits(&backoff, who, START), 900);
        let later = START.plus(900 + FORGOTTEN + 1);
        assert_eq!(waits(&backoff, who, later), 0);
        assert_eq!(backoff.failed(who, later, 0).failures, 1);
        fail(&backoff, who, 0..20);
        backoff.succeeded(who);
        assert_eq!(backoff.taken.load(Ordering::Relaxed), 0);
        assert_eq!(backoff.failed(who, START, 0), Failure { failures: 1, until: None });
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_pause_of_a_failure_that_was_free() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        for failures in 1..=FREE {
            backoff.failed(who, START, 0);
            assert_eq!(waits(&backoff, who, START.plus(-120)), 0, "after {failures}");
        }
    }

    #[test]
    fn after_a_pause_one_attempt_is_let_in_at_a_time() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        fail(&backoff, who, 0..7);
        let now = START.plus(2);
        assert_eq!(waits(&backoff, who, now), 0);
        assert_eq!(waits(&backoff, who, now), 1);
        backoff.succeeded(who);
        assert_eq!((waits(&backoff, who, now), waits(&backoff, who, now)), (0, 0));
    }

    #[test]
    fn what_the_store_knows_counts_and_a_clock_that_is_set_back_prolongs_nothing() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        assert_eq!(backoff.failed(who, START, 10), Failure { failures: 11, until: Some(START.plus(32)) });
        let before = START.plus(-1_000_000);
        assert_eq!(waits(&backoff, who, before), 0);
        // That let one attempt in. The next failure counts on, under the clock as it is.
        assert_eq!(backoff.failed(who, before, 10), Failure { failures: 12, until: Some(before.plus(64)) });
        assert_eq!(waits(&backoff, who, before), 64);
        assert_eq!(check_pause(Some(START), before), Ok(()));
    }

    #[test]
    fn failures_are_written_down_at_ten_and_each_time_they_doubled() {
        let kept = |failures| Failure { failures, until: None }.is_to_keep();
        assert_eq!((1..700).filter(|n| kept(*n)).collect::<Vec<_>>(), [10, 20, 40, 80, 160, 320, 640]);
    }

    #[test]
    fn identities_of_different_kinds_do_not_share_their_failures() {
        let backoff = Backoff::default();
        assert_ne!(backoff.guarded("psk", b"lamp"), backoff.guarded("client", b"lamp"));
    }

    #[test]
    fn a_flood_of_other_identities_does_not_make_a_blocked_one_forgotten() {
        let backoff = Backoff::default();
        let victim = backoff.guarded("psk", b"victim");
        fail(&backoff, victim, 0..8);
        for other in 0..300_000_u32 {
            backoff.failed(backoff.guarded("psk", &other.to_be_bytes()), START, 0);
        }
        assert_eq!(backoff.failed(victim, START, 0).failures, 9);
        assert!(backoff.taken.load(Ordering::Relaxed) <= SHARDS * SETS * WAYS);
    }

    #[test]
    fn many_threads_that_guess_at_once_get_one_guess_per_pause() {
        let backoff = Backoff::default();
        let who = backoff.guarded("psk", b"lamp");
        fail(&backoff, who, 0..FREE);
        let now = START.plus(10);
        let let_in = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        if backoff.check(who, now).is_ok() {
                            let_in.fetch_add(1, Ordering::Relaxed);
                            backoff.failed(who, now, 0);
                        }
                    }
                });
            }
        });
        assert_eq!(let_in.into_inner(), 1);
    }

    proptest! {
        #[test]
        fn no_count_and_no_time_makes_it_panic(kept: u32, from: i64, to: i64, n in 1_usize..40) {
            let backoff = Backoff::default();
            let who = backoff.guarded("psk", b"lamp");
            for _ in 0..n {
                backoff.failed(who, Timestamp::from_unix(from), kept);
            }
            let now = Timestamp::from_unix(to);
            prop_assert!(waits(&backoff, who, now) <= 900);
            backoff.failed(who, now, 0);
        }
    }
}

//! How far numbers leap after a restore.
//!
//! Far enough to clear whatever was given out since the backup was made: so much a second that no registry keeps pace with it.
//! And each time to another place, since the same backup may be restored again, at the same moment even, or by a clock that is
//! wrong: whoever came first then worked with numbers from where they leapt to.

use crate::Result;
use crate::env::Timestamp;
use crate::registry::Inner;
use crate::store::Counter;
use crate::store::tables::{AUTHORITIES, DEVICES, KEYS, PSKS};

/// How many records of a kind may have been made at once, such as in one import.
const MARGIN: u64 = 1 << 30;
/// How many of a kind are made each second, for as long as there is a registry: never so many.
const EACH_SECOND: u64 = 1 << 10;
/// Backups are not older than 34 years: a clock that says more is wrong.
const LONGEST: i64 = 1 << 30;
/// The random part is below this.
const SPREAD: u64 = 1 << 36;
/// Authorities are few, and their numbers are kept in 32 bits.
const AUTHORITY_MARGIN: u64 = 1 << 16;
/// As [`SPREAD`], of authorities.
const AUTHORITY_SPREAD: u64 = 1 << 19;
/// Seconds for each authority.
const AUTHORITY_SECONDS: u64 = 1 << 4;
/// How often a key may have been rotated meanwhile.
const VERSION_MARGIN: u32 = 1 << 10;
/// As [`SPREAD`], of versions, which are kept in 32 bits.
const VERSION_SPREAD: u32 = 1 << 16;
/// As [`SPREAD`], of checkpoints, whose numbers have 29 bits for it.
const CHECKPOINT_SPREAD: u32 = 1 << 18;
/// How far beyond all that is known a number may lie to be believed: a few leaps, of one branch of a registry's life that was
/// restored and restored again. Serial numbers that were made elsewhere, by an imported authority in its former life or for a
/// root itself, lead to random numbers, of which one in four million is nearer.
pub(super) const FARTHEST: u64 = 1 << 42;

/// One leap: of all counters alike, so that what one of them proves holds for all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leap {
    by: u64,
    authorities: u64,
    /// How far versions leap.
    pub(super) versions: u32,
    /// How far the numbers of checkpoints leap, in their upper bits.
    pub(super) checkpoints: u64,
}

impl Inner {
    /// A leap after a restore to the state of `since`.
    pub(super) fn draw_leap(&self, since: Timestamp) -> Result<Leap> {
        Ok(Leap::new(self.now()?.since(since), u128::from_be_bytes(self.draw()?)))
    }
}

impl Leap {
    fn new(seconds: i64, random: u128) -> Self {
        let seconds = seconds.clamp(0, LONGEST).unsigned_abs();
        // Truncation is the point: parts of what was drawn.
        #[allow(clippy::cast_possible_truncation)]
        let (random, versions, checkpoints) = (random as u64, (random >> 64) as u32, (random >> 96) as u32);
        Self {
            checkpoints: u64::from(1 + checkpoints % CHECKPOINT_SPREAD),
            versions: VERSION_MARGIN + versions % VERSION_SPREAD,
            by: MARGIN + seconds * EACH_SECOND + random % SPREAD,
            authorities: AUTHORITY_MARGIN + seconds / AUTHORITY_SECONDS + (random / SPREAD) % AUTHORITY_SPREAD,
        }
    }

    /// How far a counter leaps that stands at `stand`: never so far that a few leaps would use its numbers up.
    pub(super) fn of(&self, counter: Counter, stand: u64) -> i64 {
        let (by, limit) = match counter.name {
            name if name == AUTHORITIES.name => (self.authorities, 1 << 32),
            name if [DEVICES.name, PSKS.name, KEYS.name].contains(&name) => (self.by, 1 << 48),
            _ => (self.by, 1 << 62),
        };
        by.min(u64::saturating_sub(limit, stand) / 64).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_restores_leave_every_counter_numbers_to_give() {
        for (name, limit) in [("authorities", 1 << 32), ("devices", 1 << 48), ("keys", 1 << 48), ("crl", 1_u64 << 53)] {
            let mut stand = 0;
            for restore in 0..5_000_u64 {
                let random = u128::from(restore.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let by = Leap::new(86_400, random).of(Counter { name, of: 0 }, stand);
                assert!(by > 1 << 16, "{name} leaps by {by} at restore {restore}");
                stand += by.unsigned_abs();
            }
            assert!(stand < limit, "{name}: {stand}");
        }
    }

    #[test]
    fn no_leap_is_too_far_to_be_believed_whatever_the_clock_says() {
        for seconds in [i64::MIN, -1, 0, 1, i64::MAX] {
            let by = Leap::new(seconds, u128::MAX).of(Counter { name: "certificates", of: 0 }, 7).unsigned_abs();
            assert!(by > SPREAD && by <= FARTHEST / 3, "{by}");
        }
        assert_eq!(Leap::new(0, 0).of(Counter { name: "events", of: 0 }, u64::MAX >> 1), 0);
    }
}

//! How far numbers leap after a restore.
//!
//! Far enough to clear whatever was given out since the backup was made: so much a second that no registry keeps pace with it.
//! And each time to another place, since the same backup may be restored again, at the same moment even, or by a clock that is
//! wrong: whoever came first then worked with numbers from where they leapt to.

use crate::Result;
use crate::env::Timestamp;
use crate::error::Error;
use crate::model::{Authority, Device, Event, Gap};
use crate::registry::Inner;
use crate::registry::driver::View;
use crate::registry::numbers::{counted, newest, stand};
use crate::registry::page::Wanted;
use crate::store::record::Stored;
use crate::store::tables::{AUTHORITIES, DEVICES, EVENTS, GAPS, KEYS, PSKS, SCHEMA};
use crate::store::{Counter, Value, Write};

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

/// The counters of the versions that were seen of a key, each "of" the key's number. Gaps are called after them too.
pub(super) const KEY_VERSIONS_SEEN: &str = "key_versions_seen";
/// As [`KEY_VERSIONS_SEEN`], of pre-shared keys.
pub(super) const PSK_VERSIONS_SEEN: &str = "psk_versions_seen";

/// What a gap is called that is about all versions: how many may have been made of each before a restore.
const VERSIONS: &str = "versions";

/// As [`VERSIONS`], of the branches of the log: how far the numbers of checkpoints leap.
const CHECKPOINTS: &str = "checkpoint_branches";

/// What was left out of the counters with this name.
pub(super) fn gaps_of(name: &str) -> Wanted {
    Wanted::default().eq("counter", Value::Text(name.to_owned()))
}

/// The counter of that name, if it counts versions that were seen.
pub(super) fn version_counter(name: &str) -> Option<&'static str> {
    [KEY_VERSIONS_SEEN, PSK_VERSIONS_SEEN].into_iter().find(|counter| *counter == name)
}

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

    /// Lifts the counters of what a restore itself is recorded with.
    pub(super) fn leap_ahead(&self, leap: &Leap) -> Result<()> {
        let mut writes = Vec::new();
        for table in [&EVENTS, &GAPS] {
            let counter = Counter { name: table.name, of: 0 };
            let by = leap.of(counter, stand(self.store()?, counter)?);
            writes.push(Write::Add { counter, by, at_most: u64::MAX });
        }
        Ok(self.open_store()?.commit(&writes)?)
    }

    /// How far all restores together made the numbers of checkpoints leap.
    pub(in crate::registry) fn checkpoint_leaps(&self) -> Result<u64> {
        self.leapt(CHECKPOINTS, Timestamp::MIN)
    }

    /// The greatest number of the counter that a row carries.
    fn greatest(&self, counter: Counter) -> Result<u64> {
        let Some(table) = SCHEMA.tables.iter().find(|table| table.name == counter.name) else { return Ok(0) };
        let found = newest(self.store()?, table)?.and_then(|row| counted(table.name, row.key));
        Ok(found.map_or(0, |(of, count)| if of == counter { count } else { 0 }))
    }

    /// How far the restores at `since` and later together made leap what has this name.
    fn leapt(&self, name: &str, since: Timestamp) -> Result<u64> {
        let mut leapt = 0_u64;
        self.scan::<Gap>(&gaps_of(name), |gap| {
            leapt = leapt.saturating_add(if gap.at >= since { gap.last } else { 0 });
            Ok(())
        })?;
        Ok(leapt)
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

impl View<'_> {
    /// Lifts all counters, after a restore to the state of `since`; that of `seen`, above it.
    pub(super) fn leap_all(&self, leap: Leap, since: Timestamp, seen: Option<(Counter, u64)>) -> Result<Vec<Write>> {
        let store = self.registry.store()?;
        let mut writes = Vec::new();
        for table in SCHEMA.tables {
            let counter = Counter { name: table.name, of: 0 };
            let stand = stand(store, counter)?;
            let above = seen.map_or(0, |(of, count)| if of == counter { count.saturating_sub(stand) } else { 0 });
            let by = leap.of(counter, stand.saturating_add(above)).saturating_add_unsigned(above);
            writes.extend(self.leap(counter, stand, by)?);
        }
        self.registry.scan::<Authority>(&Wanted::default(), |authority: Stored<Authority>| {
            let counter = Inner::crl_numbers(self.number_of(authority.id)?);
            let by = leap.of(counter, stand(store, counter)?);
            writes.push(Write::Add { counter, by, at_most: u64::MAX });
            // Whoever makes a CRL right now has a number from before.
            let folding = self.registry.folding(authority.id)?;
            writes.push(self.registry.folding_moves(authority.id, folding.as_ref())?);
            Ok(())
        })?;
        // Versions that are in use since before this moment leap with their next rotation. Should the clock have been put back
        // meanwhile, the newest event tells.
        let newest = self.registry.last::<Event>()?;
        let at = newest.map_or(since, |newest| newest.at.max(since)).max(self.now);
        for (name, last) in [(VERSIONS, leap.versions.into()), (CHECKPOINTS, leap.checkpoints)] {
            let (key, counter) = (self.number::<Gap>()?, name.to_owned());
            writes.push(self.insert(&Gap { key, counter, first: 0, last, at })?);
        }
        Ok(writes)
    }

    /// Lifts a counter from where it stands, and remembers which numbers were left out.
    pub(super) fn leap(&self, counter: Counter, stand: u64, by: i64) -> Result<Vec<Write>> {
        let lift = Write::Add { counter, by, at_most: u64::MAX };
        let key = self.number::<Gap>()?;
        let last = stand.saturating_add_signed(by);
        if counter.of > 0 {
            // Versions follow each other without gaps. That of this key some were seen, a copy has to know.
            let seen = Gap { key, counter: counter.name.to_owned(), first: counter.of, last, at: self.now };
            return Ok(vec![lift, self.insert(&seen)?]);
        }
        // Numbers are leased in blocks: some of those that were given out after the backup were reserved before it.
        let first = self.registry.greatest(counter)?.min(stand) + 1;
        let gap = Gap { key, counter: counter.name.to_owned(), first, last, at: self.now };
        Ok(vec![lift, self.insert(&gap)?])
    }

    /// The version that follows `current`, which is in use since `issued`: above any that was seen in the field, and above those
    /// that a restore made forget.
    pub(in crate::registry) fn next_version(
        &self,
        what: &str,
        of: u64,
        current: u32,
        issued: Timestamp,
    ) -> Result<u32> {
        let name = if what == "key" { KEY_VERSIONS_SEEN } else { PSK_VERSIONS_SEEN };
        let seen = stand(self.registry.store()?, Counter { name, of })?;
        let own = current + self.forgotten_versions(issued, current)?;
        let newest = u32::try_from(seen).unwrap_or(u32::MAX).max(own);
        newest.checked_add(1).ok_or_else(|| Error::defect("a key has too many versions"))
    }

    /// The first version of a secret in the row that a device has for one: a restore may have made forget that there was one.
    pub(in crate::registry) fn first_version(&self, device: &Device) -> Result<u32> {
        // A device that is being made had none before.
        Ok(if device.created < self.now { self.forgotten_versions(device.created, 1)? + 1 } else { 1 })
    }

    /// How many versions may have been made, of a key that has `current` since `issued`, and were forgotten with a restore.
    fn forgotten_versions(&self, issued: Timestamp, current: u32) -> Result<u32> {
        let restored = self.registry.numbers.was_restored(self.registry.store()?)?;
        let lost = if restored { self.registry.leapt(VERSIONS, issued)? } else { 0 };
        Ok(u32::try_from(lost).unwrap_or(u32::MAX).min((u32::MAX - current) / 64))
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

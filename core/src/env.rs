//! Time and randomness as arguments: nothing below this file reads a clock or draws a number on its own.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::SecureRandom;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::callback;
use crate::error::{Error, InternalError};

/// A moment in whole seconds since 1970-01-01T00:00:00Z, the resolution of X.509 (RFC 5280, 4.1.2.5).
///
/// ```
/// use tegata::Timestamp;
/// let t: Timestamp = "2026-11-22T12:00:00Z".parse()?;
/// assert_eq!(t.plus_days(1).to_string(), "2026-11-23T12:00:00Z");
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z, which RFC 5280 (4.1.2.5) gives to certificates without a well-defined expiry.
    pub const MAX: Self = Self(253_402_300_799);
    /// 0000-01-01T00:00:00Z, the first moment that RFC 3339 can write.
    pub const MIN: Self = Self(-62_167_219_200);

    /// From seconds since the Unix epoch; values beyond [`MIN`](Self::MIN) and [`MAX`](Self::MAX) are clamped.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds > Self::MAX.0 {
            Self::MAX
        } else if seconds < Self::MIN.0 {
            Self::MIN
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the Unix epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This moment and `seconds` more (or less, when negative), clamped to the valid range.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// This moment and `days` times 86,400 seconds more.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus(days.saturating_mul(86_400))
    }

    /// Seconds from `earlier` to `self`; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The calendar view of this moment, in UTC.
    pub fn calendar(self) -> OffsetDateTime {
        // The range is enforced by every constructor, so the fallback is unreachable.
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calendar().format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|t| Self::from_unix(t.unix_timestamp()))
            .map_err(|_| Error::input("time", "is not an RFC 3339 time such as 2026-11-22T12:00:00Z"))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        };
        Self::from_unix(seconds)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;

    /// The current moment, from a clock that can fail; this is what a registry asks. Everything that fails so changes
    /// nothing.
    ///
    /// # Errors
    /// `internal.clock_failed` when the time cannot be told.
    fn try_now(&self) -> Result<Timestamp, Error> {
        Ok(self.now())
    }
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// A clock that stands still until it is told otherwise, for tests and simulations.
///
/// ```
/// use tegata::{Clock, FixedClock, Timestamp};
/// let clock = FixedClock::at(Timestamp::from_unix(1_000));
/// clock.advance(60);
/// assert_eq!(clock.now().unix(), 1_060);
/// ```
#[derive(Debug, Default)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `time`.
    pub const fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.unix()))
    }

    /// Moves the clock to `time`, forwards or backwards.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.unix(), Ordering::SeqCst);
    }

    /// Moves the clock by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.set(self.now().plus(seconds));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
    fn try_now(&self) -> Result<Timestamp, Error> {
        (**self).try_now()
    }
}

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `out` with unpredictable bytes.
    ///
    /// # Errors
    /// `internal.random_failed` when the source gives none; nothing is issued then.
    fn fill(&self, out: &mut [u8]) -> Result<(), Error>;
}

/// The operating system's generator (`getrandom(2)` and its equivalents), through ring.
#[derive(Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// A handle on the operating system's generator.
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), Error> {
        self.0
            .fill(out)
            .map_err(|_| InternalError::RandomFailed { reason: "the operating system gave none".to_owned() }.into())
    }
}

/// `N` random bytes.
pub(crate) fn draw<const N: usize>(random: &dyn Random) -> Result<[u8; N], Error> {
    let mut out = [0; N];
    callback::run(|| random.fill(&mut out)).map_err(callback::told)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_clamped_and_never_overflow() {
        assert_eq!(Timestamp::from_unix(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.plus(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus_days(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn a_clock_before_1970_is_a_time_like_any_other() {
        let early = UNIX_EPOCH - std::time::Duration::from_secs(5);
        assert_eq!(Timestamp::from(early).unix(), -5);
    }

    #[test]
    fn text_that_is_no_time_is_refused_with_the_expected_form() {
        let error = "22.11.2026".parse::<Timestamp>().unwrap_err();
        assert_eq!(error.code(), "input.invalid");
        assert!(error.to_string().contains("RFC 3339"));
    }
}

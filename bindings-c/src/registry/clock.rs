//! Time and randomness that the host brings, and a clock that stands still for tests.

use tegata::{Clock, FixedClock, Random};

use super::prelude::*;
use crate::callback::{Host, needed, tegata_failure};

/// Where the time comes from.
pub struct tegata_clock(Kind);

enum Kind {
    Fixed(Arc<FixedClock>),
    Host(Arc<HostClock>),
}

impl tegata_clock {
    /// As the core takes it.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        match &self.0 {
            Kind::Fixed(clock) => clock.clone(),
            Kind::Host(clock) => clock.clone(),
        }
    }
}

fn fixed<'a>(clock: *const tegata_clock) -> Result<&'a FixedClock> {
    match &shared(clock, "clock")?.0 {
        Kind::Fixed(clock) => Ok(clock),
        Kind::Host(_) => Err(invalid("clock", "is the host's own; only a fixed clock can be set")),
    }
}

/// A clock that shows `time` and stands still until it is told otherwise, for tests and simulations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_fixed_clock_at(
    time: i64,
    clock: *mut *mut tegata_clock,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let fixed = FixedClock::at(Timestamp::from_unix(time));
        out(clock, "clock")?.own(tegata_clock(Kind::Fixed(Arc::new(fixed))));
        Ok(())
    })
}

/// Moves a fixed clock to `time`, forwards or backwards, for every registry that uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_fixed_clock_set(
    clock: *const tegata_clock,
    time: i64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        fixed(clock)?.set(Timestamp::from_unix(time));
        Ok(())
    })
}

/// Moves a fixed clock by `seconds`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_fixed_clock_advance(
    clock: *const tegata_clock,
    seconds: i64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        fixed(clock)?.advance(seconds);
        Ok(())
    })
}

/// What a clock shows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_fixed_clock_now(
    clock: *const tegata_clock,
    time: *mut i64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let time = out(time, "time")?;
        time.set(shared(clock, "clock")?.clock().now().unix());
        Ok(())
    })
}

/// A clock of the host's own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_clock_callbacks {
    /// `sizeof(tegata_clock_callbacks)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// The seconds since 1970-01-01T00:00:00Z. Required.
    pub now: Option<unsafe extern "C" fn(userdata: *mut c_void) -> i64>,
    /// Frees `userdata`, once, when nothing uses the clock any more. May be NULL.
    pub free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}
growing!(tegata_clock_callbacks);

struct HostClock {
    host: Host,
    now: unsafe extern "C" fn(*mut c_void) -> i64,
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        // SAFETY: the host's function with the argument that the header tells.
        Timestamp::from_unix(crate::callback::marked(|| unsafe { (self.now)(self.host.userdata()) }))
    }
}

/// Makes a clock from the host's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_host_clock_new(
    callbacks: *const tegata_clock_callbacks,
    clock: *mut *mut tegata_clock,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let callbacks = sized(callbacks, "callbacks")?;
        let host = Host::new(callbacks.userdata, callbacks.free);
        let clock = out(clock, "clock")?;
        let now = needed(callbacks.now, "now")?;
        clock.own(tegata_clock(Kind::Host(Arc::new(HostClock { host, now }))));
        Ok(())
    })
}

/// Frees a clock; NULL is fine. Registries that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clock_free(clock: *mut tegata_clock) {
    free(clock);
}

/// Where random bytes come from.
pub struct tegata_random(Arc<HostRandom>);

impl tegata_random {
    /// As the core takes it.
    pub(super) fn random(&self) -> Arc<dyn Random> {
        self.0.clone()
    }
}

/// A source of random bytes of the host's own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_random_callbacks {
    /// `sizeof(tegata_random_callbacks)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Writes `len` unpredictable octets to `data` and returns 0; anything else is a failure: the call gets
    /// `internal.random_failed` and issues nothing. Required.
    pub fill: Option<
        unsafe extern "C" fn(userdata: *mut c_void, data: *mut u8, len: usize, failure: *mut tegata_failure) -> c_int,
    >,
    /// Frees `userdata`, once, when nothing uses the source any more. May be NULL.
    pub free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}
growing!(tegata_random_callbacks);

struct HostRandom {
    host: Host,
    fill: unsafe extern "C" fn(*mut c_void, *mut u8, usize, *mut tegata_failure) -> c_int,
}

impl Random for HostRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), Error> {
        let (data, len) = (out.as_mut_ptr(), out.len());
        // SAFETY: the host's function with the arguments that the header tells.
        let answer = self.host.call(|userdata, failure| unsafe { (self.fill)(userdata, data, len, failure) });
        answer.map_err(|(_, mut failure)| tegata::callback::random_failed(&failure.reason()))
    }
}

/// Makes a source of random bytes from the host's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_host_random_new(
    callbacks: *const tegata_random_callbacks,
    random: *mut *mut tegata_random,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let callbacks = sized(callbacks, "callbacks")?;
        let host = Host::new(callbacks.userdata, callbacks.free);
        let random = out(random, "random")?;
        let fill = needed(callbacks.fill, "fill")?;
        random.own(tegata_random(Arc::new(HostRandom { host, fill })));
        Ok(())
    })
}

/// Frees a source of random bytes; NULL is fine. Registries that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_random_free(random: *mut tegata_random) {
    free(random);
}

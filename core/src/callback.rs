//! Host code that the library calls: a signer, a store, a sealer, a clock, a progress report.
//!
//! While it runs, its thread is marked. A call back into a registry from there is refused with `input.called_back`: it
//! could wait for what its own caller holds, or repeat itself without end.

use std::cell::Cell;

use crate::error::{Error, InputError};

thread_local! {
    /// How many callbacks deep this thread is.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Counts down however the callback ends, unwinding included.
struct Mark;

impl Drop for Mark {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Runs host code with this thread marked.
///
/// ```
/// assert!(!tegata::callback::is_inside());
/// assert!(tegata::callback::run(tegata::callback::is_inside));
/// ```
pub fn run<T>(host: impl FnOnce() -> T) -> T {
    DEPTH.set(DEPTH.get().saturating_add(1));
    let _mark = Mark;
    host()
}

/// Whether this thread is inside host code that the library called.
pub fn is_inside() -> bool {
    DEPTH.get() > 0
}

/// `input.called_back` if this thread is inside host code.
pub(crate) fn refuse_inside() -> Result<(), Error> {
    if is_inside() { Err(InputError::CalledBack.into()) } else { Ok(()) }
}

/// The longest text of a host that goes into an error, in characters.
const LONGEST: usize = 200;

/// What a host's exception says, fit for an error: its first line that says something, without control characters, at
/// most 200 characters.
///
/// ```
/// assert_eq!(tegata::callback::reason("vault sealed\n    at Vault.open(Vault.java:7)"), "vault sealed");
/// assert_eq!(tegata::callback::reason(""), "no reason given");
/// ```
pub fn reason(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given");
    line.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

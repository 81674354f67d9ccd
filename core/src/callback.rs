//! Host code that the library calls: signers, stores, sealers, clocks, random sources and progress callbacks.
//!
//! A thread that is inside such code is marked. What runs there must not call a registry: it would wait for itself, or
//! change what the operation around it is changing. The mark turns that into `input.called_back` instead of a deadlock.
//!
//! ```
//! # let registry = tegata::doctest::registry()?;
//! use tegata::callback;
//! let refused = callback::run(|| registry.counts().unwrap_err());
//! assert_eq!(refused.code(), "input.called_back");
//! assert!(registry.counts().is_ok());
//! # Ok::<(), tegata::Error>(())
//! ```

use std::cell::Cell;

use crate::error::{Error, InputError, InternalError, SealError, SignerError, StoreError};

thread_local! {
    /// How many callbacks are under way on this thread, one inside the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Takes the mark off again, also when the callback panics.
struct Mark;

impl Drop for Mark {
    fn drop(&mut self) {
        // A thread that is ending may have lost its marks already.
        let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

/// Runs host code. Until it returns (or panics), calls from this thread into a registry get `input.called_back`.
///
/// The registry does this around everything that it was given; a binding does it around what it calls itself, such as a
/// factory or a callback of its own.
pub fn run<T>(code: impl FnOnce() -> T) -> T {
    let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_add(1)));
    let _mark = Mark;
    code()
}

/// Whether this thread is inside host code that the library called.
pub fn is_inside() -> bool {
    DEPTH.try_with(Cell::get).unwrap_or(0) > 0
}

/// Refuses to go on inside host code.
pub(crate) fn refuse_inside() -> Result<(), InputError> {
    if is_inside() { Err(InputError::CalledBack) } else { Ok(()) }
}

/// The most characters that [`reason`] keeps.
pub const MAX_REASON: usize = 200;

/// What may be repeated of a host's failure: the first line that says something, without control characters, at most
/// [`MAX_REASON`] characters. A stack trace does not belong into an error that a caller far away may see.
///
/// ```
/// let text = "the token was removed\n    at Token.sign (token.js:12:3)";
/// assert_eq!(tegata::callback::reason(text), "the token was removed");
/// ```
pub fn reason(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| line.chars().any(is_printable)).unwrap_or("no reason given");
    let mut kept: String = line.chars().filter(|c| is_printable(*c)).take(MAX_REASON + 1).collect();
    if kept.chars().count() > MAX_REASON {
        kept = kept.chars().take(MAX_REASON - 1).collect();
        kept.push('…');
    }
    kept
}

/// Whether a character can stand in a message: neither a control character, nor one that breaks a line or turns the
/// direction of the text around it.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// `signer.failed`: a signer of the host's did, for the reason in `text`.
pub fn signer_failed(text: &str) -> SignerError {
    SignerError::Failed { reason: reason(text) }
}

/// `store.backend`: a store of the host's failed, for the reason in `text`. What a store can say more exactly (a conflict,
/// being out of reach) it says with that error.
pub fn store_failed(text: &str) -> StoreError {
    StoreError::Backend { reason: reason(text) }
}

/// `seal.failed`: a sealer of the host's did, for the reason in `text`.
pub fn sealer_failed(text: &str) -> Error {
    SealError::Failed { reason: reason(text) }.into()
}

/// `internal.random_failed`: a random source of the host's failed, for the reason in `text`.
pub fn random_failed(text: &str) -> Error {
    InternalError::RandomFailed { reason: reason(text) }.into()
}

/// `internal.clock_failed`: a clock of the host's did, for the reason in `text`.
pub fn clock_failed(text: &str) -> Error {
    InternalError::ClockFailed { reason: reason(text) }.into()
}

/// An error of a host's signer, sealer, clock or random source as callers may see it: what the host said, cut by [`reason`].
pub(crate) fn told(error: Error) -> Error {
    match error {
        Error::Signer(SignerError::Failed { reason }) => signer_failed(&reason).into(),
        Error::Seal(SealError::Failed { reason }) => sealer_failed(&reason),
        Error::Seal(SealError::KeyFile { reason: text }) => SealError::KeyFile { reason: reason(&text) }.into(),
        Error::Seal(SealError::Damaged { at }) => SealError::Damaged { at: reason(&at) }.into(),
        Error::Internal(InternalError::RandomFailed { reason }) => random_failed(&reason),
        Error::Internal(InternalError::ClockFailed { reason }) => clock_failed(&reason),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_goes_with_the_innermost_callback_and_with_a_panic() {
        assert!(!is_inside());
        run(|| {
            run(|| assert!(is_inside()));
            assert_eq!(refuse_inside(), Err(InputError::CalledBack));
        });
        assert!(!is_inside());
        let panicked = std::panic::catch_unwind(|| run(|| std::panic::resume_unwind(Box::new(()))));
        assert!(panicked.is_err() && !is_inside());
        assert_eq!(refuse_inside(), Ok(()));
    }

    #[test]
    fn other_threads_are_not_marked() {
        let marked = run(|| std::thread::scope(|s| s.spawn(is_inside).join()));
        assert!(matches!(marked, Ok(false)));
    }

    #[test]
    fn a_reason_is_one_short_printable_line() {
        assert_eq!(reason("\n \r\n\tPIN locked\u{7}\u{202E}!\r\n at x"), "PIN locked!");
        assert_eq!(reason(""), "no reason given");
        assert_eq!(reason("\u{1b}\n\u{200F}"), "no reason given");
        assert_eq!(reason(&"é".repeat(200)), "é".repeat(200));
        let long = reason(&"é".repeat(201));
        assert_eq!(long.chars().count(), MAX_REASON);
        assert!(long.ends_with("é…"));
    }
}

//! How a call ended: a status to branch on, and an error object to show.

use std::ffi::{CString, c_char, c_int};

use tegata::Error;
use tegata::error::Kind;

use crate::number::Number;
use crate::text::c_string;

/// How a call ended: well, or with which kind of trouble. The kinds are those of every other language.
#[repr(C)]
pub enum tegata_status {
    /// Done; the outputs are written.
    Ok = 0,
    /// The argument itself is malformed; the same call can never succeed.
    InvalidInput = 1,
    /// Well-formed, but a rule or policy forbids it.
    Refused = 2,
    /// What the call names does not exist.
    NotFound = 3,
    /// It collides with what is already there, or with a concurrent change.
    Conflict = 4,
    /// The entity's current state does not allow it.
    State = 5,
    /// The presenter could not show who it is.
    Unauthenticated = 6,
    /// Something needed is out of reach for now; try again later.
    Unavailable = 7,
    /// Stored or received data is damaged.
    Corrupt = 8,
    /// Correct, but this build or version cannot do it.
    Unsupported = 9,
    /// A defect of this library or its surroundings.
    Internal = 10,
}

impl From<Kind> for Number<tegata_status> {
    fn from(kind: Kind) -> Self {
        let status = match kind {
            Kind::InvalidInput => tegata_status::InvalidInput,
            Kind::Refused => tegata_status::Refused,
            Kind::NotFound => tegata_status::NotFound,
            Kind::Conflict => tegata_status::Conflict,
            Kind::State => tegata_status::State,
            Kind::Unauthenticated => tegata_status::Unauthenticated,
            Kind::Unavailable => tegata_status::Unavailable,
            Kind::Corrupt => tegata_status::Corrupt,
            Kind::Unsupported => tegata_status::Unsupported,
            _ => tegata_status::Internal,
        };
        Self::of(status as c_int)
    }
}

impl Number<tegata_status> {
    /// All went well.
    pub(crate) const OK: Self = Self::of(tegata_status::Ok as c_int);
}

/// Why a call failed.
pub struct tegata_error {
    code: CString,
    message: CString,
    kind: Kind,
}

impl tegata_error {
    /// The error object for `error`.
    pub(crate) fn new(error: &Error) -> Self {
        Self { code: c_string(error.code()), message: c_string(&error.to_string()), kind: error.kind() }
    }
}

/// The stable dotted code, such as `csr.signature_invalid`; see `tegata_codes.h`. It lives as long as the error. NULL
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_error_code(error: *const tegata_error) -> *const c_char {
    // SAFETY: an error that this library gave out, or NULL.
    unsafe { error.as_ref() }.map_or(std::ptr::null(), |error| error.code.as_ptr())
}

/// The kind of trouble, which is also what the call returned. `TEGATA_STATUS_OK` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_error_kind(error: *const tegata_error) -> Number<tegata_status> {
    // SAFETY: an error that this library gave out, or NULL.
    unsafe { error.as_ref() }.map_or(Number::OK, |error| error.kind.into())
}

/// The sentence for people: what is wrong and what to do. It lives as long as the error. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_error_message(error: *const tegata_error) -> *const c_char {
    // SAFETY: an error that this library gave out, or NULL.
    unsafe { error.as_ref() }.map_or(std::ptr::null(), |error| error.message.as_ptr())
}

/// Frees an error that a call gave you through its last parameter; NULL is fine. Those inside the results of a bulk
/// call go with
/// the results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_error_free(error: *mut tegata_error) {
    if !error.is_null() {
        // SAFETY: `run` made it with `Box::into_raw`, and the caller gives it back once.
        drop(unsafe { Box::from_raw(error) });
    }
}

//! The way in and out of every call: nothing unwinds into C, no pointer is used unchecked, outputs are written last.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tegata::error::{InputError, InternalError};
use tegata::{Error, Result};

use crate::number::Number;
use crate::record::{ToC, give};
use crate::status::{tegata_error, tegata_status};

/// `input.invalid` for `field`, which `reason` describes ("is NULL").
pub(crate) fn invalid(field: &str, reason: &str) -> Error {
    InputError::Invalid { field: field.to_owned(), reason: reason.to_owned() }.into()
}

/// Runs the body of a call. A panic becomes `internal.defect`; an error goes to `*error` unless `error` is NULL.
pub(crate) fn run(error: *mut *mut tegata_error, body: impl FnOnce() -> Result<()>) -> Number<tegata_status> {
    let outcome = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|_| Err(InternalError::Defect { what: "the library panicked".to_owned() }.into()));
    match outcome {
        Ok(()) => Number::OK,
        Err(reason) => {
            if !error.is_null() {
                let object = Box::into_raw(Box::new(tegata_error::new(&reason)));
                // SAFETY: the caller gave a place for one pointer, or NULL.
                unsafe { error.write(object) };
            }
            reason.kind().into()
        }
    }
}

/// Runs what cannot fail, such as freeing; a panic stays here.
pub(crate) fn quietly(body: impl FnOnce()) {
    // There is nobody to tell.
    let _ = catch_unwind(AssertUnwindSafe(body));
}

/// What `pointer` points to.
pub(crate) fn shared<'a, T>(pointer: *const T, field: &str) -> Result<&'a T> {
    optional(pointer).ok_or_else(|| invalid(field, "is NULL"))
}

/// What `pointer` points to, if anything.
pub(crate) fn optional<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: the caller of every exported function promises that a pointer is NULL or points to a live value of its type
    // that nobody changes during the call.
    unsafe { pointer.as_ref() }
}

/// `len` values from `pointer` on. NULL is fine for none.
pub(crate) fn slice<'a, T>(pointer: *const T, len: usize, field: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(invalid(field, "is NULL, but not its length"));
    }
    if len.checked_mul(size_of::<T>()).is_none_or(|size| isize::try_from(size).is_err()) {
        return Err(invalid(field, "has an impossible length"));
    }
    // SAFETY: not NULL, no longer than memory, and the caller promises `len` live values.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// A place for an output: checked before anything happens, written when all went well.
pub(crate) struct Out<T>(*mut T);

/// The place for the output called `field`.
pub(crate) fn out<T>(pointer: *mut T, field: &str) -> Result<Out<T>> {
    if pointer.is_null() { Err(invalid(field, "is NULL; give a place for the result")) } else { Ok(Out(pointer)) }
}

impl<T> Out<T> {
    /// Writes the output.
    pub(crate) fn set(self, value: T) {
        // SAFETY: not NULL, and the caller promises a place for one value.
        unsafe { self.0.write(value) };
    }
}

impl<T: Send + Sync> Out<*mut T> {
    /// Hands an object over, to be freed by its `_free`. Any thread may use it, several at once.
    pub(crate) fn own(self, object: T) {
        self.set(Box::into_raw(Box::new(object)));
    }
}

impl<C: Copy> Out<*const C> {
    /// Hands a record over, to be freed by its `_free`.
    pub(crate) fn give<T: ToC<C = C> + ?Sized>(self, value: &T) {
        self.set(give(value));
    }
}

/// Frees an object that [`Out::own`] handed over.
pub(crate) fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: made by `Box::into_raw`, and the caller gives it back once.
        quietly(|| drop(unsafe { Box::from_raw(object) }));
    }
}

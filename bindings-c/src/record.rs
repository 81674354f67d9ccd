//! Results: read-only structs with public fields, made by the library, freed by it.
//!
//! Records are always behind pointers, also within other records and lists, so that they can gain fields at their end.

use std::ptr::{from_mut, null_mut};

use tegata::Result;

use crate::arena::Arena;
use crate::boundary::{invalid, quietly};

/// A value of the core that C can see.
pub(crate) trait ToC {
    /// What C sees.
    type C: Copy;
    /// Copies the value; what it points to goes into `arena`.
    fn to_c(&self, arena: &mut Arena) -> Self::C;

    /// What functions on the record need of the value itself, kept with [`Arena::keep`]; see [`origin`].
    fn kept(&self, _arena: &mut Arena) -> *const () {
        std::ptr::null()
    }
}

/// A record with a note in front of it: who owns the memory. NULL in records within others, so that freeing one of
/// those
/// by mistake does nothing; and the value of the core behind it, for the records that have functions.
#[repr(C)]
#[derive(Clone, Copy)]
struct Noted<C: Copy> {
    owner: *mut Arena,
    origin: *const (),
    /// Says that this is one; see [`mark`].
    mark: usize,
    record: C,
}

/// What stands in front of a record at `place`, and hardly by chance in front of anything else: a copy of a record, or a struct
/// of the caller's own, is recognised before what precedes it is taken for pointers.
fn mark<C: Copy>(place: *const Noted<C>) -> usize {
    place.addr() ^ 0x7e6a_7a5b_usize.rotate_left(usize::BITS / 2) ^ size_of::<C>()
}

/// The note in front of a record, or `None` when there is none.
fn note<C: Copy>(record: *const C) -> Option<(*mut Arena, *const ())> {
    let noted = record.wrapping_byte_sub(std::mem::offset_of!(Noted<C>, record)).cast::<Noted<C>>();
    // SAFETY: every record that C can have is inside a `Noted`, and lives. Where a caller breaks this promise, what is read here
    // is compared with the mark before it is used.
    let (owner, origin, found) = unsafe { ((*noted).owner, (*noted).origin, (*noted).mark) };
    (found == mark(noted)).then_some((owner, origin))
}

impl Arena {
    fn noted<C: Copy>(&mut self, owner: *mut Self, origin: *const (), record: C) -> *const C {
        let place = self.put(Noted { owner, origin, mark: 0, record }).cast_mut();
        // SAFETY: two fields of what was just put.
        unsafe {
            (*place).mark = mark(place.cast_const());
            &raw const (*place).record
        }
    }

    /// A record within another.
    pub(crate) fn record<T: ToC + ?Sized>(&mut self, value: &T) -> *const T::C {
        let origin = value.kept(self);
        let record = value.to_c(self);
        self.noted(null_mut(), origin, record)
    }

    /// A record within another, or NULL.
    pub(crate) fn maybe_record<T: ToC>(&mut self, value: Option<&T>) -> *const T::C {
        value.map_or(std::ptr::null(), |value| self.record(value))
    }

    /// Records within another, each behind its pointer.
    pub(crate) fn records<'t, T: ToC + 't>(&mut self, values: impl IntoIterator<Item = &'t T>) -> *const *const T::C {
        let places: Vec<_> = values.into_iter().map(|value| self.record(value)).collect();
        self.put_all(&places)
    }
}

/// Makes a record that C owns and frees with [`free_record`].
pub(crate) fn give<T: ToC + ?Sized>(value: &T) -> *const T::C {
    let arena = Box::leak(Box::new(Arena::new()));
    let origin = value.kept(arena);
    let record = value.to_c(arena);
    let owner = from_mut(arena);
    // SAFETY: leaked just now, so it lives until `free_record`.
    unsafe { &mut *owner }.noted(owner, origin, record)
}

/// A record whose functions need the value of the core that it was made from.
pub(crate) trait Originates: ToC {}

/// The value that a record was made from, which [`ToC::kept`] kept.
pub(crate) fn origin<'a, T: Originates>(record: *const T::C, field: &str) -> Result<&'a T> {
    if record.is_null() {
        return Err(invalid(field, "is NULL"));
    }
    let (_, origin) = note(record).ok_or_else(|| invalid(field, "is no record of this library, or a copy of one"))?;
    // SAFETY: what `kept` of this type kept, or NULL, and it lives as long as the record.
    unsafe { origin.cast::<T>().as_ref() }.ok_or_else(|| invalid(field, "is a record without functions"))
}

/// Frees a record and all that it points to; does nothing for NULL, for a record within another, and for a copy.
pub(crate) fn free_record<C: Copy>(record: *const C) {
    if record.is_null() {
        return;
    }
    quietly(|| {
        let Some((owner, _)) = note(record) else { return };
        if !owner.is_null() {
            // SAFETY: leaked by `give`, and the caller frees the record once.
            drop(unsafe { Box::from_raw(owner) });
        }
    });
}

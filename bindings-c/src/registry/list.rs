//! Lists and the results of bulk calls. In the header each has a name of its own, such as `tegata_device_list`.

use std::ffi::c_char;

use tegata::{Listing, Result};

use crate::arena::Arena;
use crate::record::ToC;
use crate::status::tegata_error;

/// One page of records, or all of a few.
#[repr(C)]
pub struct List<T> {
    /// The records, in order; NULL when there are none.
    pub items: *const *const T,
    /// How many.
    pub len: usize,
    /// What to ask for next (`after` of the page); NULL after the last page.
    pub next: *const c_char,
    /// How many records match in all; NULL unless it was asked for.
    pub total: *const u64,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<T> {}

impl<T: ToC> ToC for Listing<T> {
    type C = List<T::C>;

    fn to_c(&self, arena: &mut Arena) -> List<T::C> {
        List {
            items: arena.records(&self.items),
            len: self.items.len(),
            next: arena.maybe_text(self.next.as_deref()),
            total: arena.maybe(self.total),
        }
    }
}

/// All of a few records, as a list without further pages.
pub(super) struct Whole<'t, T>(pub(super) &'t [T]);

impl<T: ToC> ToC for Whole<'_, T> {
    type C = List<T::C>;

    fn to_c(&self, arena: &mut Arena) -> List<T::C> {
        List { items: arena.records(self.0), len: self.0.len(), next: std::ptr::null(), total: std::ptr::null() }
    }
}

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
#[repr(C)]
pub struct Results<T> {
    /// The records of the items that were done, NULL for the others.
    pub items: *const *const T,
    /// The errors of the items that were refused, NULL for the others.
    pub errors: *const *const tegata_error,
    /// How many items.
    pub len: usize,
}

impl<T> Clone for Results<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Results<T> {}

impl Arena {
    fn errors<T>(&mut self, results: &[Result<T>]) -> *const *const tegata_error {
        let one = |arena: &mut Self, result: &Result<T>| match result {
            Ok(_) => std::ptr::null(),
            Err(error) => arena.keep(tegata_error::new(error)),
        };
        let errors: Vec<_> = results.iter().map(|result| one(self, result)).collect();
        self.put_all(&errors)
    }
}

impl<T: ToC> ToC for [Result<T>] {
    type C = Results<T::C>;

    fn to_c(&self, arena: &mut Arena) -> Results<T::C> {
        let items: Vec<_> =
            self.iter().map(|result| result.as_ref().map_or(std::ptr::null(), |value| arena.record(value))).collect();
        Results { items: arena.put_all(&items), errors: arena.errors(self), len: self.len() }
    }
}

/// What became of the items of a bulk call that has nothing to give back: NULL for what was done.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_outcomes {
    /// The errors of the items that were refused, NULL for the others.
    pub errors: *const *const tegata_error,
    /// How many items.
    pub len: usize,
}

/// Outcomes of items that have no result but success.
pub(super) struct Outcomes<'t>(pub(super) &'t [Result<()>]);

impl ToC for Outcomes<'_> {
    type C = tegata_outcomes;

    fn to_c(&self, arena: &mut Arena) -> tegata_outcomes {
        tegata_outcomes { errors: arena.errors(self.0), len: self.0.len() }
    }
}

/// Frees the outcomes of a bulk call, the errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_outcomes_free(outcomes: *const tegata_outcomes) {
    crate::record::free_record(outcomes);
}

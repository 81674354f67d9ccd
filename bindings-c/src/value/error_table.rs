//! Every error there is.

use std::ffi::c_char;

use tegata::Error;
use tegata::error::Reason;

use crate::arena::Arena;
use crate::boundary::{out, run};
use crate::number::Number;
use crate::record::{ToC, free_record};
use crate::status::{tegata_error, tegata_status};

/// One row of the error table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_reason {
    /// The stable dotted code.
    pub code: *const c_char,
    /// Its kind.
    pub kind: Number<tegata_status>,
    /// The sentence; `{..}` stands for a detail.
    pub text: *const c_char,
}

impl ToC for Reason {
    type C = tegata_reason;

    fn to_c(&self, arena: &mut Arena) -> tegata_reason {
        tegata_reason { code: arena.text(self.code), kind: self.kind.into(), text: arena.text(self.text) }
    }
}

/// The error table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_reasons {
    /// The rows.
    pub items: *const *const tegata_reason,
    /// How many.
    pub len: usize,
}

struct Table;

impl ToC for Table {
    type C = tegata_reasons;

    fn to_c(&self, arena: &mut Arena) -> tegata_reasons {
        tegata_reasons { items: arena.records(Error::table()), len: Error::table().count() }
    }
}

/// Every error that this version knows, area by area.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_error_table(
    table: *mut *const tegata_reasons,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let table = out(table, "table")?;
        table.give(&Table);
        Ok(())
    })
}

/// Frees the error table; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_reasons_free(table: *const tegata_reasons) {
    free_record(table);
}

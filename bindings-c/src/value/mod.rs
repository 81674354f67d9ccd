//! What needs no registry: keys, certification requests, certificates, names, checks.

pub(crate) mod certificate;
mod certificate_extensions;
mod chain;
mod crl;
mod csr;
mod error_table;
mod general_name;
mod installation;
mod name;
mod private_key;
pub(crate) mod psk_policy;
mod public_key;
mod statement;
pub(crate) mod symmetric;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tegata::Result;

use crate::record::{Originates, origin};

/// The value behind a record that may be left out.
fn maybe_origin<'a, T: Originates>(record: *const T::C, field: &str) -> Result<Option<&'a T>> {
    if record.is_null() { Ok(None) } else { origin(record, field).map(Some) }
}

/// A question to a record that has only yes and no for an answer: no for NULL.
fn asked<T: Originates>(record: *const T::C, question: impl FnOnce(&T) -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(|| origin(record, "").is_ok_and(question))).unwrap_or(false)
}

//! Copies, backups, housekeeping.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;

record! {
    /// A backup that was made.
    Backup(tegata::Backup) {
        /// When. What happened up to here is in it.
        at: Time,
        /// How large its file is, in bytes.
        bytes: u64,
    }
}

record! {
    /// What `Registry::copy_to` did.
    Copied(tegata::Copied) {
        /// How many rows the copy holds, each compared with its original.
        rows: u64,
        /// How many of them were written, in all passes together.
        written: u64,
        /// How many rows were removed that the source had no more.
        deleted: u64,
        /// How often both sides were compared from one end to the other.
        passes: u32,
    }
}

record! {
    /// What `Registry::check_integrity` found.
    Integrity(tegata::Integrity) {
        /// How many rows were looked at.
        rows: u64,
        /// What does not fit together, a sentence each; nothing when all is well. At most a thousand.
        findings: Vec<String>,
    }

    /// Whether nothing was found.
    #[getter]
    fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}

record! {
    /// What `Registry::maintain` did, or would do.
    Maintained(tegata::Maintained) {
        /// How many rows were looked at.
        looked_at: u64,
        /// How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs
        /// some thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
        removed: BTreeMap<String, u64>,
        /// How many bytes went back to the file system.
        freed: u64,
        /// Whether everything was looked at since the round began; the next call begins another one.
        finished: bool,
    }

    /// How many records went in all.
    #[getter]
    fn total(&self) -> u64 {
        self.0.total()
    }
}

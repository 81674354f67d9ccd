//! Whether the file is still where it was opened.
//!
//! SQLite goes on writing to a file that was deleted, moved or replaced, and what it acknowledges then is gone when the
//! process ends, or lies in another place than the one that will be opened. A look at two names before each commit
//! costs a thousandth of it.

use std::path::{Path, PathBuf};

use super::recovery::log_of;
use crate::store::StoreError;

/// The database and its log, as they were found at the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Presence {
    path: PathBuf,
    database: Option<Identity>,
    log: Option<Identity>,
}

impl Presence {
    /// What is at `path` now.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), database: Identity::of(path), log: Identity::of(&log_of(path)) }
    }

    /// That the very same files are there still, for whoever has both open.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if Self::of(&self.path) == *self { Ok(()) } else { Err(gone()) }
    }

    /// How large the file and its log are, in octets.
    pub(super) fn sizes(&self) -> (u64, u64) {
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        (size(&self.path), size(&log_of(&self.path)))
    }

    /// That the same database is there still, for whoever opens it once more. Its log may have been made anew.
    pub(super) fn check_database(&self) -> Result<(), StoreError> {
        if Identity::of(&self.path) == self.database { Ok(()) } else { Err(gone()) }
    }
}

fn gone() -> StoreError {
    let reason = "the file or its log was moved, replaced or deleted while in use; put it back or open it again";
    StoreError::Unavailable { reason: reason.to_owned() }
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        path.metadata().ok().map(|file| Self(file.dev(), file.ino()))
    }

    /// Elsewhere, files in use can neither be deleted nor moved.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        Some(Self(0, 0))
    }
}

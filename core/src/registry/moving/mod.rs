//! The whole registry moves: into another store, into a backup, and back from one.

mod backup;
mod chunks;
mod copy;
mod integrity;
mod leap;
mod restore;
mod walk;

pub use backup::Backup;
pub use copy::Copied;
pub use integrity::Integrity;
pub use restore::{Seen, SeenState};

use crate::Result;
use crate::error::StoreError;
use crate::id::NumberCipher;
use crate::model::Meta;
use crate::store::Store;
use crate::store::record::{at, read};

/// Refuses a store into which a registry is being copied.
pub(super) fn refuse_unfinished(store: &dyn Store, ids: &NumberCipher) -> Result<()> {
    let mut rows = store.get(&[at::<Meta>(place::OWN), at::<Meta>(place::COPY)])?.into_iter();
    let (own, copy) = (read::<Meta>(rows.next().flatten(), ids)?, read::<Meta>(rows.next().flatten(), ids)?);
    if own.is_none() && copy.is_some() { Err(StoreError::IncompleteCopy.into()) } else { Ok(()) }
}

/// Where a store says what it is a copy of, besides its own record at 1. All of them are rows of `meta`.
mod place {
    /// The registry's own record. A copy gets it last.
    pub(super) const OWN: u64 = 1;
    /// That the store is a copy: one under way while there is no record of its own, and one that nobody used while there is.
    pub(super) const COPY: u64 = 2;
    /// That the store is a backup that nobody opened yet.
    pub(super) const BACKUP: u64 = 3;
}

//! A copy in a file, for bad days.

use std::path::Path;

use super::place;
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::{Error, StoreError};
use crate::model::Meta;
use crate::registry::call::Call;
use crate::registry::driver::{Operation, Plan};
use crate::registry::{Inner, Registry};
use crate::store::record::put;
use crate::store::{Expect, Store};

/// A backup that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// When. What happened up to here is in it.
    pub at: Timestamp,
    /// How large its file is, in bytes.
    pub bytes: u64,
}

impl Registry {
    /// Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes on; durable
    /// when it answers. From another store than SQLite it is a copy ([`copy_to`](Self::copy_to)), which needs a source that
    /// does not change all the time. To restore it, put the file in the place of the database (without files called `-wal` or
    /// `-shm` beside it) and open it, or open it and copy it to where it belongs. The sealing key is not in it: keep that
    /// elsewhere.
    ///
    /// A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may have been
    /// given out since it was made, so that no identifier, serial number or CRL number comes twice, and the event
    /// `registry.restored` says so. What was issued after the backup is unknown here; whoever shows it gets
    /// `certificate.lost` or `input.lost_id`, and [`report_seen`](Self::report_seen) tells it in advance.
    ///
    /// # Errors
    /// `store.unavailable` when there is a file already, or it cannot be written; `store.not_built` for another store than
    /// SQLite in a build without the feature `sqlite`; `store.keeps_changing`; store errors. No file is left then.
    pub fn backup(&self, path: &Path, call: &Call) -> Result<Backup> {
        let inner = &*self.inner;
        callback::refuse_inside()?;
        call.check()?;
        let store = inner.store()?;
        let call = Call { request_id: None, ..call.clone() };
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(unavailable("there is a file of that name already; name a new one"));
        }
        let at = inner.now()?;
        let operation = Operation { action: "registry.backup", content: &[] };
        let event = |view: &crate::registry::driver::View<'_>| {
            Ok(Plan::done(0, vec![view.event_about("registry.backup", None, None, None)?], ()))
        };
        inner.change_at(&call, operation, at, None, event, |_| Ok(()))?;
        let made = match store.maintenance() {
            Some(maintenance) => maintenance.backup(path).map_err(Error::from),
            None => self.copy_to_file(path, &call),
        };
        let marked = made.and_then(|()| inner.mark_as_backup(path, at));
        if let Err(error) = marked {
            remove(path);
            return Err(error);
        }
        let bytes = std::fs::metadata(path).map_err(|error| unavailable(&error.kind().to_string()))?.len();
        Ok(Backup { at, bytes })
    }

    #[cfg(feature = "sqlite")]
    fn copy_to_file(&self, path: &Path, call: &Call) -> Result<()> {
        let file = crate::store::SqliteStore::open(path, crate::store::SqliteOptions::default())?;
        self.copy_to(&file, None, call).map(drop)
    }

    #[cfg(not(feature = "sqlite"))]
    fn copy_to_file(&self, _: &Path, _: &Call) -> Result<()> {
        Err(StoreError::NotBuilt { feature: "sqlite" }.into())
    }
}

fn unavailable(reason: &str) -> Error {
    StoreError::Unavailable { reason: format!("the backup's file: {reason}") }.into()
}

/// Removes what a backup that failed left.
fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not be removed, and what cannot be is none of this error's business.
        drop(std::fs::remove_file(name));
    }
}

impl Inner {
    /// So that whoever opens it hears of it. A file that is not SQLite's is the host's own affair.
    #[cfg(feature = "sqlite")]
    fn mark_as_backup(&self, path: &Path, at: Timestamp) -> Result<()> {
        let options = crate::store::SqliteOptions { create: false, ..crate::store::SqliteOptions::default() };
        let file = match crate::store::SqliteStore::open(path, options) {
            Err(StoreError::NotADatabase { .. }) => return Ok(()),
            other => other?,
        };
        file.migrate(&crate::store::tables::SCHEMA)?;
        let own =
            self.meta(&file, place::OWN)?.ok_or_else(|| Error::defect("a backup without the registry's record"))?;
        let mark = Meta { key: place::BACKUP, created: at, ..own.record };
        Ok(file.commit(&[put(&mark, Expect::Any, &self.ids)?])?)
    }

    #[cfg(not(feature = "sqlite"))]
    fn mark_as_backup(&self, _: &Path, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

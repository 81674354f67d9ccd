//! A copy in a file, for bad days.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::callback;
use crate::env::{Timestamp, draw};
use crate::error::{Error, StoreError};
use crate::registry::Registry;
use crate::registry::call::Call;
use crate::registry::driver::{Operation, Plan};

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
    /// SQLite in a build without the feature `sqlite`; `store.keeps_changing`; store errors. No file is left then. A process that
    /// is killed may leave a folder called `.tegata-backup-` and a number beside it, never half a backup under `path`.
    pub fn backup(&self, path: &Path, call: &Call) -> Result<Backup> {
        let inner = &*self.inner;
        callback::refuse_inside()?;
        call.check()?;
        let store = inner.store()?;
        let call = Call { request_id: None, ..call.clone() };
        if fs::symlink_metadata(path).is_ok() {
            return Err(refused(ErrorKind::AlreadyExists));
        }
        let unfinished = Unfinished::beside(path, draw(&*inner.random)?)?;
        let at = inner.now()?;
        let operation = Operation { action: "registry.backup", content: &[] };
        let event = |view: &crate::registry::driver::View<'_>| {
            Ok(Plan::done(0, vec![view.event_about("registry.backup", None, None, None)?], ()))
        };
        inner.change_at(&call, operation, at, None, event, |_| Ok(()))?;
        match store.maintenance() {
            Some(maintenance) => callback::run(|| maintenance.backup(&unfinished.file()))?,
            #[cfg(feature = "sqlite")]
            None => self.copy_to_file(&unfinished.file(), &call)?,
            #[cfg(not(feature = "sqlite"))]
            None => return Err(StoreError::NotBuilt { feature: "sqlite" }.into()),
        }
        #[cfg(feature = "sqlite")]
        inner.mark_as_backup(&unfinished.file(), at)?;
        let bytes = fs::metadata(unfinished.file()).map_err(|error| refused(error.kind()))?.len();
        unfinished.publish(path)?;
        Ok(Backup { at, bytes })
    }

    #[cfg(feature = "sqlite")]
    fn copy_to_file(&self, path: &Path, call: &Call) -> Result<()> {
        let file = crate::store::SqliteStore::open(path, crate::store::SqliteOptions::default())?;
        self.copy_to(&file, None, call).map(drop)
    }
}

fn refused(kind: ErrorKind) -> Error {
    let reason = match kind {
        ErrorKind::AlreadyExists => "there is a file of that name already; name a new one".to_owned(),
        kind => format!("the backup's file cannot be written: {kind}"),
    };
    StoreError::Unavailable { reason }.into()
}

/// A backup in a folder of its own, until it is whole and says what it is: what has the name that was asked for is never half
/// a backup, and never anybody else's file. Dropped, it is removed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(path: &Path, number: [u8; 8]) -> Result<Self> {
        if path.file_name().is_none() {
            return Err(refused(ErrorKind::InvalidInput));
        }
        let folder = path.with_file_name(format!(".tegata-backup-{:016x}", u64::from_be_bytes(number)));
        let mut made = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
        // Nobody else's from here on.
        made.create(&folder).map_err(|error| refused(error.kind()))?;
        Ok(Self(folder))
    }

    fn file(&self) -> PathBuf {
        self.0.join("backup.sqlite")
    }

    /// Gives it its name, durably, unless something else has it by now.
    fn publish(self, path: &Path) -> Result<()> {
        // What is in the log only, such as that it is a backup, would stay behind.
        if fs::metadata(self.0.join("backup.sqlite-wal")).is_ok_and(|log| log.len() > 0) {
            return Err(refused(ErrorKind::StorageFull));
        }
        self.publish_file(path).map_err(|error| refused(error.kind()))
    }

    fn publish_file(&self, path: &Path) -> std::io::Result<()> {
        // Opened for writing since some systems sync nothing else.
        File::options().write(true).open(self.file())?.sync_all()?;
        match fs::hard_link(self.file(), path) {
            // A file system without links: the name is taken first, and then what has it is ours to replace.
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
                File::options().write(true).create_new(true).open(path)?;
                fs::rename(self.file(), path).inspect_err(|_| drop(fs::remove_file(path)))?;
            }
            linked => linked?,
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What cannot be removed is none of this call's business.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(feature = "sqlite")]
mod mark {
    use crate::Result;
    use crate::env::Timestamp;
    use crate::error::{Error, StoreError};
    use crate::model::Meta;
    use crate::registry::Inner;
    use crate::registry::moving::place;
    use crate::store::record::put;
    use crate::store::tables::SCHEMA;
    use crate::store::{Expect, SqliteOptions, SqliteStore, Store};

    impl Inner {
        /// So that whoever opens it hears of it. A file that is not SQLite's is the host's own affair.
        pub(super) fn mark_as_backup(&self, path: &std::path::Path, at: Timestamp) -> Result<()> {
            let options = SqliteOptions { create: false, ..SqliteOptions::default() };
            let file = match SqliteStore::open(path, options) {
                Err(StoreError::NotADatabase { .. }) => return Ok(()),
                other => other?,
            };
            file.migrate(&SCHEMA)?;
            let own =
                self.meta(&file, place::OWN)?.ok_or_else(|| Error::defect("a backup without the registry's record"))?;
            let mark = Meta { key: place::BACKUP, created: at, ..own.record };
            Ok(file.commit(&[put(&mark, Expect::Any, &self.ids)?])?)
        }
    }
}

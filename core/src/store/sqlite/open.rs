//! Opening: which file, whether it is ours, and how it is used.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::ddl;
use super::presence::Presence;
use super::recovery;
use super::trouble::{At, is_busy};
use super::{SqliteOptions, WHOLE};
use crate::store::StoreError;

/// Marks the file as tegata's in its header: "tgta". `file(1)` and SQLite's shell show it.
pub(super) const APPLICATION_ID: i32 = 0x7467_7461;

/// SQLite counts milliseconds in 32 bits with sign: almost 25 days.
const LONGEST_WAIT: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);

/// Where a database is and how it is opened.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    options: SqliteOptions,
    /// Which file it is, once it is open.
    presence: Option<Presence>,
}

impl Place {
    pub(super) fn new(path: &Path, mut options: SqliteOptions) -> Result<Self, StoreError> {
        // What SQLite can count; more is as good as for ever.
        options.wait = options.wait.min(LONGEST_WAIT);
        // Absolute, so that a reader opened later finds the same file, and because SQLite takes some names for others
        // than files ("", ":memory:").
        let path = std::path::absolute(path).map_err(|e| refused(&e))?;
        Ok(Self { path, options, presence: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn options(&self) -> &SqliteOptions {
        &self.options
    }

    /// Remembers which file is open, so that another one of the same name is not taken for it.
    pub(super) fn watch(&mut self) -> Presence {
        self.presence.insert(Presence::of(&self.path)).clone()
    }

    /// A connection for reading; it sees one snapshot per statement or transaction and refuses to write.
    pub(super) fn open_reader(&self) -> Result<Connection, StoreError> {
        let connection = self.connect()?;
        self.presence.as_ref().map_or(Ok(()), Presence::check_database)?;
        connection.pragma_update(None, "query_only", true).at(WHOLE)?;
        if self.options.map > 0 {
            let bytes = i64::try_from(self.options.map).unwrap_or(i64::MAX);
            connection.pragma_update(None, "mmap_size", bytes).or_else(returned_a_row).at(WHOLE)?;
            // Of mapped pages, SQLite keeps no note of what it has checked, so it would check each anew each time.
            connection.pragma_update(None, "cell_size_check", false).at(WHOLE)?;
        }
        Ok(connection)
    }

    /// The connection for writing, after making sure that the database is ours.
    pub(super) fn open_writer(&self) -> Result<Connection, StoreError> {
        self.make_file()?;
        recovery::settle(&self.path, || self.connect())?;
        let connection = self.connect()?;
        // Before anything is changed: another program's database stays as it is.
        let is_new = recognise(&connection)?;
        if is_new && !self.options.create {
            return Err(StoreError::NotADatabase { reason: "it is empty; restore a backup".to_owned() });
        }
        if connection.is_readonly("main").at(WHOLE)? {
            return Err(StoreError::ReadOnly);
        }
        if is_new {
            // Only before the first table: then what is deleted can be given back without writing all else anew.
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").at(WHOLE)?;
        }
        self.use_log(&connection)?;
        for (name, value) in [
            ("synchronous", "FULL"),
            // Elsewhere than on Apple's systems, fsync means what it says and these do nothing.
            ("fullfsync", "ON"),
            ("checkpoint_fullfsync", "ON"),
            ("secure_delete", "ON"),
        ] {
            connection.pragma_update(None, name, value).or_else(returned_a_row).at(WHOLE)?;
        }
        // The writer does so itself, after it answered, and hears of it if that fails.
        connection.pragma_update(None, "wal_autocheckpoint", 0).or_else(returned_a_row).at(WHOLE)?;
        connection.pragma_update(None, "cache_size", -i64::from(self.options.cache / 1024)).at(WHOLE)?;
        if let Some(bytes) = self.options.max_size {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).at(WHOLE)?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            connection.pragma_update(None, "max_page_count", pages.max(1)).or_else(returned_a_row).at(WHOLE)?;
        }
        if is_new {
            initialise(&connection)?;
        }
        // The log's name must survive a power cut, or what is in it does not. SQLite sees to that, but to no failure of it.
        sync_directory_of(&self.path).map_err(|e| refused(&e))?;
        Ok(connection)
    }

    /// Makes an empty file for its owner only, if there is none; SQLite's own would be readable by everyone.
    fn make_file(&self) -> Result<(), StoreError> {
        let Ok(existing) = self.path.metadata() else {
            if !self.options.create {
                return Err(unavailable("there is no such file; check the path"));
            }
            return self.create();
        };
        // An existing file is not opened here: closing it would drop the locks this process holds on it.
        if existing.is_dir() {
            return Err(StoreError::NotADatabase { reason: "it is a directory; name a file in it".to_owned() });
        }
        if !existing.is_file() {
            return Err(StoreError::NotADatabase { reason: "it is not a regular file".to_owned() });
        }
        if existing.permissions().readonly() {
            // SQLite would give the log this file's permissions, and a log that cannot be written stays in the way when
            // the file can be again.
            return Err(StoreError::ReadOnly);
        }
        Ok(())
    }

    fn create(&self) -> Result<(), StoreError> {
        if !directory_of(&self.path).is_dir() {
            return Err(unavailable("the directory for the file does not exist; make it first"));
        }
        match create_private(&self.path) {
            Ok(file) => file.sync_all().map_err(|e| refused(&e))?,
            // Another process was faster; what it made is as good.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(refused(&error)),
        }
        // The name of the file must survive a power cut as well.
        sync_directory_of(&self.path).map_err(|e| refused(&e))
    }

    /// A connection that may do anything.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).at(WHOLE)?;
        connection.busy_timeout(self.options.wait).at(WHOLE)?;
        connection.set_prepared_statement_cache_capacity(256);
        // Plans that do not depend on parameters. Otherwise each new LIMIT value means compiling the statement anew,
        // which takes three times as long as running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).at(WHOLE)?;
        // A database that someone prepared must not run code of theirs through its schema.
        connection.pragma_update(None, "trusted_schema", false).at(WHOLE)?;
        connection.pragma_update(None, "cell_size_check", true).at(WHOLE)?;
        Ok(connection)
    }

    /// Switches to write-ahead logging, which takes a moment alone with the file.
    fn use_log(&self, connection: &Connection) -> Result<(), StoreError> {
        let until = Instant::now() + self.options.wait;
        let mode: String = loop {
            // SQLite does not always wait by itself here, since waiting could be a deadlock among those who do.
            match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
                Err(error) if is_busy(&error) && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                result => break result.at(WHOLE)?,
            }
        };
        if mode == "wal" {
            // The log is made by the first who reads, and from now on it belongs to the file.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).at(WHOLE)
        } else {
            Err(unavailable("this file system cannot share memory between processes; use a local disk"))
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("/"))
}

/// Makes a file that was not there, for its owner only.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the name of a file durable.
pub(super) fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(directory_of(path))?.sync_all() } else { Ok(()) }
}

/// Some settings answer with their new value; that is no error.
fn returned_a_row(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::ExecuteReturnedResults) { Ok(()) } else { Err(error) }
}

fn unavailable(reason: &str) -> StoreError {
    StoreError::Unavailable { reason: reason.to_owned() }
}

// The path is left out: it may hold a person's name.
fn refused(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        kind => StoreError::Unavailable { reason: format!("the file cannot be made: {kind}") },
    }
}

/// Whether the database is new; an error if it is neither new nor ours.
fn recognise(connection: &Connection) -> Result<bool, StoreError> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).at(WHOLE)?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).at(WHOLE)?;
    match (id, objects) {
        (APPLICATION_ID, _) => Ok(false),
        (0, 0) => Ok(true),
        _ => Err(StoreError::NotADatabase {
            reason: "it is an SQLite database of another program; check the path".to_owned(),
        }),
    }
}

/// Marks a new database as ours and makes what does not depend on the schema.
fn initialise(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE").at(WHOLE)?;
    let made = recognise(connection).and_then(|is_still_new| {
        if is_still_new {
            connection.pragma_update(None, "application_id", APPLICATION_ID).at(WHOLE)?;
            connection.execute_batch(ddl::COUNTERS).at(WHOLE)?;
        }
        connection.execute_batch("COMMIT").at(WHOLE)
    });
    if made.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").at(WHOLE)?;
    }
    made
}

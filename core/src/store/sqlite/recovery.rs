//! After a crash: what the log holds becomes durable before anybody builds on it.
//!
//! When a sync fails, Linux takes the pages for clean that did not reach the disk: every program still reads them, and
//! no later sync writes them (<https://lwn.net/Articles/752063/>). SQLite knows how to live with that as long as the
//! process lives: the failed transaction is not in its index of the log, and the next one is written over it. But if
//! the process dies first, the next one finds the whole transaction in the log, and what it appends is on the disk
//! behind a hole: a power cut would take it all. So whoever opens the file alone and finds a log writes it once more,
//! syncs it, and only then lets SQLite bring it into the file.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::open::APPLICATION_ID;
use super::trouble::{At, is_busy};
use crate::store::StoreError;

const LOG: &str = "the log";

/// How much of the log is in memory at a time.
#[cfg(unix)]
const PORTION: usize = 1 << 20;

/// The file beside `database` that SQLite calls the write-ahead log.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-wal");
    name.into()
}

/// Settles what a crash left in the log of the file at `path`, if anything, by a connection that `connect` opens. Somebody
/// else who uses the file has done so already.
pub(super) fn settle(path: &Path, connect: impl FnOnce() -> Result<Connection, StoreError>) -> Result<(), StoreError> {
    let log = log_of(path);
    if log.metadata().map_or(0, |log| log.len()) == 0 {
        return Ok(());
    }
    let connection = connect()?;
    connection.busy_timeout(Duration::ZERO).at(LOG)?;
    connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).at(LOG)?;
    match connection.execute_batch("BEGIN IMMEDIATE") {
        Err(error) if is_busy(&error) => return Ok(()),
        begun => begun.at(LOG)?,
    }
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).at(LOG)?;
    if id == APPLICATION_ID {
        write_again(&log).map_err(|error| StoreError::Unavailable {
            reason: format!("the log of the last run cannot be made durable: {}; check the disk", error.kind()),
        })?;
    }
    connection.execute_batch("COMMIT").at(LOG)?;
    // Here rather than on closing, where nobody would hear of a failure.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).at(LOG)
}

/// Writes every octet of a file over itself, so that a sync means all of them.
#[cfg(unix)]
fn write_again(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    let file = OpenOptions::new().read(true).write(true).open(file)?;
    let mut portion = vec![0; PORTION];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut portion, at)?;
        if read == 0 {
            return file.sync_all();
        }
        file.write_all_at(&portion[..read], at)?;
        at += read as u64;
    }
}

/// Elsewhere, nothing is known of syncs that fail once and then succeed.
#[cfg(not(unix))]
fn write_again(file: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(file)?.sync_all()
}

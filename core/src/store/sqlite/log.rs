//! Bringing the log into the file, and what if that fails.
//!
//! SQLite copies the log into the file in portions and syncs the file with the last of them. If that sync fails, what an
//! earlier portion wrote may be lost on the disk, too, while SQLite takes it for done: the next attempt goes on behind it,
//! and in the end the log, which still has it, is used anew. So after a failure everybody in this process closes the
//! file, and it is opened as after a crash: then the whole log is brought in once more.

use std::sync::Arc;

use rusqlite::Connection;

use super::WHOLE;
use super::pool::{Pool, close_as_it_is};
use super::presence::Presence;
use super::trouble::{At, is_io};
use crate::store::StoreError;

/// However small the file is, so much of the log may wait, if the options allow it.
const LEAST: u64 = 32 << 20;

/// What the writer knows of the log.
pub(super) struct Log {
    pool: Arc<Pool>,
    /// From how many octets on the log is brought into the file, however large that is.
    most: u64,
    /// Which files are open.
    presence: Presence,
    /// Why nothing can be written, if so, until the file could be opened anew.
    broken: Option<StoreError>,
}

impl Log {
    pub(super) fn new(pool: Arc<Pool>, presence: Presence) -> Self {
        let most = u64::from(pool.place().options().log);
        Self { pool, most, presence, broken: None }
    }

    pub(super) const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// That the connection can be used.
    pub(super) fn usable(&self) -> Result<(), StoreError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Brings the log into the file if it is long. A failure is none of anybody's call.
    pub(super) fn bring_in(&mut self, connection: &mut Connection) {
        if self.broken.is_none() && self.is_long(connection) {
            let brought = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            self.note(connection, &brought);
        }
    }

    /// Takes notice of how a checkpoint went.
    pub(super) fn note<T>(&mut self, connection: &mut Connection, checkpoint: &rusqlite::Result<T>) {
        if let Err(error) = checkpoint
            && is_io(error)
        {
            let reason = "bringing the log into the file failed; check the disk".to_owned();
            self.broken = Some(StoreError::Unavailable { reason });
            self.mend(connection);
        }
    }

    /// Whether so much of the log waits. Its file only grows; what of it is in use, SQLite knows.
    fn is_long(&self, connection: &Connection) -> bool {
        let (file, log) = self.presence.sizes();
        let limit = limit(self.most, file);
        if log < limit {
            return false;
        }
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let ask = |sql| connection.prepare_cached(sql);
        let stand = ask("PRAGMA wal_checkpoint(NOOP)").and_then(|mut ask| ask.query_row([], pages));
        let page =
            ask("PRAGMA page_size").and_then(|mut ask| ask.query_row([], |row| row.get::<_, i64>(0))).unwrap_or(4096);
        stand.is_ok_and(|(pages, done)| pages > done && pages.saturating_mul(page).unsigned_abs() >= limit)
    }

    /// Opens the file anew if that is needed.
    pub(super) fn mend(&mut self, connection: &mut Connection) {
        if self.broken.is_some() {
            self.broken = self.open_again(connection).err();
        }
    }

    fn open_again(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        // Nobody reads meanwhile: as long as one connection is open, SQLite keeps its notes on what was brought in.
        let closed = self.pool.close()?;
        let placeholder = Connection::open_in_memory().at(WHOLE)?;
        close_as_it_is(std::mem::replace(connection, placeholder))?;
        self.presence.check_database()?;
        let place = self.pool.place();
        *connection = place.open_writer()?;
        self.presence = Presence::of(place.path());
        drop(closed);
        Ok(())
    }
}

/// From how many octets on the log of a file of this size is brought into it. What is random spreads over the whole file: the
/// larger that is, the longer must be the log before pages come twice in it.
fn limit(most: u64, file: u64) -> u64 {
    most.min(LEAST.max(file / 4))
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn the_log_may_be_as_long_as_a_quarter_of_the_file_within_bounds() {
        const MB: u64 = 1 << 20;
        let limits = [0, 100 * MB, 400 * MB, 900 * MB, 9_000 * MB].map(|file| limit(256 * MB, file) / MB);
        assert_eq!(limits, [32, 32, 100, 225, 256]);
        assert_eq!(limit(MB, 900 * MB), MB, "as the host said");
    }
}

//! Connections for reading. They never wait for the writer, and one is opened whenever none is free.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::open::Place;
use super::trouble::At;
use crate::process::Process;
use crate::store::StoreError;

/// Connections to one database.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    /// Told when a connection comes back while the pool is closed, and when it opens again.
    changed: Condvar,
    place: Place,
    process: Process,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    lent: usize,
    closed: bool,
}

/// One connection is lent, until this is dropped.
struct Lent<'p>(&'p Pool);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.lent -= 1;
        if state.closed {
            self.0.changed.notify_all();
        }
    }
}

/// While this lives, the pool has no connection open and lends none.
pub(super) struct Closed<'p>(&'p Pool);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.state().closed = false;
        self.0.changed.notify_all();
    }
}

impl Pool {
    pub(super) fn new(place: Place) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), place, process: Process::this() }
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// An error in a child of the process that opened the database.
    pub(super) fn check_process(&self) -> Result<(), StoreError> {
        self.process.check()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `over`, not longer than for another process.
    fn wait(&self, over: impl Fn(&State) -> bool) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if over(&state) {
            return Ok(state);
        }
        let waited = self.changed.wait_timeout_while(state, self.place.options().wait, |state| !over(state));
        let (state, late) = waited.unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            let reason = "the disk failed, and somebody still reads from the file; try again".to_owned();
            return Err(StoreError::Unavailable { reason });
        }
        Ok(state)
    }

    /// Lends a connection to `work`. One that comes back in the middle of a transaction is closed, as is one that
    /// `work` panicked with.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.process.check()?;
        let mut state = self.wait(|state| !state.closed)?;
        let idle = state.idle.pop();
        state.lent += 1;
        drop(state);
        // Before the connection, so that it is dropped after it.
        let lent = Lent(self);
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.open_reader()?,
        };
        let result = work(&connection);
        if connection.is_autocommit() {
            let mut state = self.state();
            if state.idle.len() < self.place.options().readers {
                state.idle.push(connection);
            }
        }
        drop(lent);
        result
    }

    /// Closes all connections, waiting for those that are lent, and lends none until the answer is dropped.
    pub(super) fn close(&self) -> Result<Closed<'_>, StoreError> {
        self.state().closed = true;
        let closed = Closed(self);
        let idle = std::mem::take(&mut self.wait(|state| state.lent == 0)?.idle);
        idle.into_iter().try_for_each(close_as_it_is)?;
        Ok(closed)
    }
}

/// Closes a connection without bringing the log into the file.
#[allow(clippy::needless_pass_by_value)] // Closed when it is dropped.
pub(super) fn close_as_it_is(connection: Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).at("the file").map(drop)
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process.check().is_err() {
            // The connections are the parent's. SQLite says not even to close them here: https://sqlite.org/howtocorrupt.html, 2.6.
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            state.idle.drain(..).for_each(std::mem::forget);
        }
    }
}

//! Connections for reading. They never wait for the writer, and one is opened whenever none is free.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::open::Place;
use crate::process::Process;
use crate::store::StoreError;

/// Idle connections to one database.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Vec<Connection>>,
    place: Place,
    process: Process,
}

impl Pool {
    pub(super) fn new(place: Place) -> Self {
        Self { idle: Mutex::default(), place, process: Process::this() }
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// An error in a child of the process that opened the database.
    pub(super) fn check_process(&self) -> Result<(), StoreError> {
        self.process.check()
    }

    /// Lends a connection to `work`. One that comes back in the middle of a transaction is closed, as is one that
    /// `work` panicked with.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.process.check()?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.open_reader()?,
        };
        let result = work(&connection);
        if connection.is_autocommit() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < self.place.options().readers {
                idle.push(connection);
            }
        }
        result
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process.check().is_err() {
            // The connections are the parent's. SQLite says not even to close them here: https://sqlite.org/howtocorrupt.html, 2.6.
            let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
            idle.drain(..).for_each(std::mem::forget);
        }
    }
}

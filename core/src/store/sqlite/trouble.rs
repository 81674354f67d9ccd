//! What SQLite's errors mean to whoever runs the registry.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

/// The error of the contract for `error`, which happened at `at` (a table, or the file as a whole).
pub(super) fn explain(error: &Error, at: &str) -> StoreError {
    let unavailable = |reason: &str| StoreError::Unavailable { reason: reason.to_owned() };
    let corrupt = || StoreError::Corrupt { at: at.to_owned() };
    let Error::SqliteFailure(failure, _) = error else {
        return StoreError::Backend { reason: error.to_string() };
    };
    match (failure.code, failure.extended_code) {
        (ErrorCode::DatabaseCorrupt, _)
        | (_, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA) => corrupt(),
        (ErrorCode::NotADatabase, _) => {
            StoreError::NotADatabase { reason: "it is not an SQLite file; check the path".to_owned() }
        }
        (ErrorCode::DiskFull, _) => StoreError::Full,
        (_, ffi::SQLITE_READONLY_DBMOVED) => unavailable("the file was moved or deleted while in use; open it again"),
        (ErrorCode::ReadOnly, _) => StoreError::ReadOnly,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
            unavailable("another process keeps the database locked; try again, or find out which one it is")
        }
        (ErrorCode::CannotOpen, _) => {
            unavailable("the file cannot be opened; check the path and the permissions of the file and its directory")
        }
        (ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied, _) => {
            unavailable("the system denies access to the file; check its permissions")
        }
        (ErrorCode::OutOfMemory, _) => unavailable("there is not enough memory"),
        (ErrorCode::SystemIoFailure, code) => StoreError::Unavailable {
            reason: format!("reading or writing the file failed (SQLite code {code}); check the disk"),
        },
        (ErrorCode::TooBig, _) => {
            StoreError::InvalidQuery { reason: "a value is larger than SQLite can store".to_owned() }
        }
        // SQLite's own words name tables and columns, never values.
        _ => StoreError::Backend { reason: error.to_string() },
    }
}

/// Whether another connection is in the way for now.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether the system failed to read or write.
pub(super) fn is_io(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt))
}

/// Names the place where an error happened.
pub(super) trait At<T> {
    /// The error of the contract.
    fn at(self, at: &str) -> Result<T, StoreError>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, at: &str) -> Result<T, StoreError> {
        self.map_err(|error| explain(&error, at))
    }
}

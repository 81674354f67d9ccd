//! What PostgreSQL's errors mean: to the store, which may have to try again, and to whoever runs the registry.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// How a piece of work failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection is gone, or cannot be had for now; the words say why.
    Lost(String),
    /// Somebody else was in the way (deadlock, serialisation); the same again will do.
    Again,
    /// A unique value was taken, or a number grew too large: what was assumed does not hold.
    Surprise,
    /// For the caller.
    Told(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

/// A cause in words that name nothing but the kind of failure.
fn cause(error: &Error) -> String {
    match io(error) {
        Some(io) => io.kind().to_string(),
        None => "the connection was closed".to_owned(),
    }
}

fn io(error: &Error) -> Option<&std::io::Error> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>())
}

/// What TLS did not accept, if that is it.
fn tls(error: &Error) -> Option<&rustls::Error> {
    io(error).and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

fn unavailable(reason: &str) -> Trouble {
    Trouble::Told(StoreError::Unavailable { reason: reason.to_owned() })
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Some(code) = error.code() else {
            if let Some(tls) = tls(&error) {
                return Self::Told(StoreError::Unavailable { reason: format!("TLS to PostgreSQL failed: {tls}") });
            }
            if error.is_closed() || io(&error).is_some() {
                return Self::Lost(cause(&error));
            }
            // Authentication, TLS, messages that make no sense. The words are the client library's own.
            return Self::Told(StoreError::Unavailable {
                reason: format!("talking to PostgreSQL failed: {}", plain(&error)),
            });
        };
        match code {
            &SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE => Self::Again,
            // Engines with several nodes may not know themselves.
            &SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => {
                Self::Lost("the server does not know whether it happened".to_owned())
            }
            &SqlState::UNIQUE_VIOLATION | &SqlState::NUMERIC_VALUE_OUT_OF_RANGE => Self::Surprise,
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => {
                Self::Lost("the server is starting, stopping, or ended the connection".to_owned())
            }
            &SqlState::TOO_MANY_CONNECTIONS => {
                Self::Lost("the server has no connection left for us; raise max_connections or open fewer".to_owned())
            }
            &SqlState::DISK_FULL => Self::Told(StoreError::Full),
            &SqlState::READ_ONLY_SQL_TRANSACTION => Self::Told(StoreError::ReadOnly),
            &SqlState::QUERY_CANCELED => unavailable("a statement took longer than the limit and was cancelled"),
            &SqlState::LOCK_NOT_AVAILABLE => unavailable("somebody else keeps rows locked; try again, or find out who"),
            &SqlState::OUT_OF_MEMORY => unavailable("the server has not enough memory"),
            &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => unavailable(
                "the server refuses this user, the password, or a connection without TLS; its log says which",
            ),
            &SqlState::INVALID_CATALOG_NAME => unavailable("the server has no such database; make it first"),
            &SqlState::INSUFFICIENT_PRIVILEGE => {
                unavailable("the user lacks a right there; grant it CREATE on the database, or the schema made for it")
            }
            &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN | &SqlState::INVALID_SCHEMA_NAME => {
                Self::Told(StoreError::Corrupt { at: "the structure of the tables".to_owned() })
            }
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => {
                Self::Told(StoreError::Corrupt { at: "a page of a table or index".to_owned() })
            }
            &SqlState::PROGRAM_LIMIT_EXCEEDED => Self::Told(StoreError::InvalidQuery {
                reason: "a value is larger than PostgreSQL can store or index".to_owned(),
            }),
            code if code.code().starts_with("08") => Self::Lost("the connection failed".to_owned()),
            code if code.code().starts_with("58") => {
                unavailable("the server could not read or write its files; check its disk")
            }
            code if code.code().starts_with("53") => {
                unavailable("the server has not enough of some resource; see its log")
            }
            // The server's own words may quote values; its log has them.
            code => Self::Told(StoreError::Backend {
                reason: format!("PostgreSQL answered with SQLSTATE {}; its log says more", code.code()),
            }),
        }
    }
}

/// An error of the client library without what its sources might quote.
fn plain(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

impl Trouble {
    /// For the caller, if there is no other way.
    pub(super) fn told(self) -> StoreError {
        match self {
            Self::Lost(reason) => StoreError::Unavailable { reason: format!("PostgreSQL cannot be reached: {reason}") },
            Self::Again | Self::Surprise => StoreError::Busy,
            Self::Told(error) => error,
        }
    }
}

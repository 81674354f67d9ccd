//! The store contract: six blocking methods that a host may implement over whatever it has.
//!
//! A store keeps rows of the tables in [`schema`]. Each row has a 64-bit key, a version that grows with every write,
//! and one value per declared column. Writes come in batches that happen whole or not at all, each with what it
//! expects to find; that is all the concurrency control there is, so a store needs no locks that outlive a call.
//!
//! Secrets are sealed before they get here ([`seal`]), so no store ever sees one.

mod cells;
pub mod check;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod faults;
pub mod foreign;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod hostile;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
pub(crate) mod record;
pub mod schema;
pub mod seal;
mod sealing_keys;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod tables;
mod url;

use std::ops::Range;
use std::path::Path;

pub use crate::error::StoreError;
pub use foreign::Foreign;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
use schema::{Schema, Table};
pub use seal::{Sealer, SoftwareSealer};
pub use sealing_keys::SealingKeys;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
pub use url::open_store;

/// What one column of one row holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Value {
    /// Nothing; allowed in every column. Not indexed, matches no filter but `Eq(Null)`.
    #[default]
    Null,
    /// A whole number: counts, states, times in seconds since 1970, record numbers.
    Int(i64),
    /// UTF-8 text. Ordered by its bytes.
    Text(String),
    /// Octets. Ordered as octets.
    Bytes(Vec<u8>),
}

/// Which row: a table and a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowRef {
    /// The table.
    pub table: &'static Table,
    /// The row's key. All 64 bits may be used. Keys are ordered as the signed number with these bits, as databases do:
    /// record numbers count up from 1, and keys with the highest bit set (digests) come before them.
    pub key: u64,
}

/// A row: what it is called, how often it was written, what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table.
    pub table: &'static Table,
    /// The key.
    pub key: u64,
    /// 1 when the row was first written, one more at every write. What a `Put` carries here is ignored.
    pub version: u64,
    /// One value per column of the table, in the order of the declaration.
    pub values: Vec<Value>,
}

/// What a write expects of the row it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is none.
    Absent,
    /// There is one, of this version.
    Version(u64),
    /// Whatever there is or is not.
    Any,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes a row whole. A second row with the same value in a unique column (`Null` apart) is a conflict.
    Put(Row, Expect),
    /// Removes a row; `Any` accepts that there is none.
    Delete(RowRef, Expect),
    /// Writes nothing, but conflicts unless the expectation holds when the commit happens: what was read is still so.
    Require(RowRef, Expect),
    /// Adds to a counter and conflicts if that would take it above `at_most` or below zero. Adds to one counter
    /// commute: they never conflict with each other below the limit.
    Add {
        /// The counter.
        counter: Counter,
        /// How much; may be negative.
        by: i64,
        /// The highest value allowed afterwards, even if `by` is negative.
        at_most: u64,
    },
}

/// A number that only the store may change: row numbers and quotas. Absent ones are 0; none goes above 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    /// What is counted, such as `device` or `quota`.
    pub name: &'static str,
    /// Of which record, or 0.
    pub of: u64,
}

/// How a column must compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Equal. `Eq(Null)` finds rows without a value.
    Eq(Value),
    /// Text that begins so, byte for byte. Not on columns of [`Index::None`](schema::Index::None).
    Prefix(String),
    /// Text that holds this, byte for byte, or octets whose upper-case hexadecimal form does. Only on columns
    /// declared searchable.
    Contains(String),
    /// Within the bounds, each of them optional: `from` inclusive, `to` exclusive.
    Range {
        /// The least value wanted.
        from: Option<Value>,
        /// The first value not wanted any more.
        to: Option<Value>,
    },
    /// One of these, at most [`check::MAX_IN`].
    In(Vec<Value>),
}

/// A filter on one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column's name.
    pub column: &'static str,
    /// What it must be.
    pub is: Match,
}

/// Where a page ended, so that the next one can begin there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last row's value in the column of the order; `Null` when ordered by key.
    pub value: Value,
    /// The last row's key.
    pub key: u64,
}

/// A question for rows of one table that match all filters, one page at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The table.
    pub table: &'static Table,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// Ordered by this column (then by key), or by key alone. Rows with `Null` there are left out.
    pub order: Option<&'static str>,
    /// Largest first.
    pub descending: bool,
    /// Rows strictly after this one in the order.
    pub after: Option<Cursor>,
    /// How many rows at most; a store clamps it to 1..=[`MAX_PAGE`] ([`Query::page_size`]).
    pub limit: u32,
    /// Whether to count all rows that the pages hold together, regardless of `after` and `limit`.
    pub total: bool,
}

/// The most rows in one page.
pub const MAX_PAGE: u32 = 10_000;

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// Where to go on; `None` after the last page.
    pub next: Option<Cursor>,
    /// How many rows match in all, when asked for.
    pub total: Option<u64>,
}

/// Counts rows by the value of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The table.
    pub table: &'static Table,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// The column whose values are counted (`Null` among them), or `None` for one total under `Null`.
    pub by: Option<&'static str>,
    /// With an integer column: values are first rounded down to a multiple of this (604,800 counts by week), or to
    /// the least `i64` where there is no such multiple.
    pub bucket: Option<i64>,
}

/// A place that keeps rows, transactionally and durably.
///
/// Every method may be called from any thread at any time. None may call the registry that uses the store
/// (`input.called_back` stops that on its own thread) or wait for another thread that does. A store that the host wrote is
/// used through [`Foreign`], which checks its answers.
///
/// `commit` returns `Ok` only when the writes survive a power cut, as far as the store promises durability at all.
pub trait Store: Send + Sync {
    /// Brings an empty or older store to `schema`.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when the store is newer; [`StoreError::NotADatabase`] when it is something else.
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError>;

    /// Takes `count` numbers from `counter`; none of them is ever given again, not even after a crash or by another
    /// process. The first number ever is 1. `count` 0 takes none and tells where the counter stands: `value+1..value+1`.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError>;

    /// The rows named, in the order named, all from one snapshot.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError>;

    /// The rows that match.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] when a column does not exist or is not declared for what is asked.
    fn find(&self, query: &Query) -> Result<Page, StoreError>;

    /// How many rows have which value; in the order of the values.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError>;

    /// Applies all writes in order, or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] with the index of the first write whose expectation, uniqueness or limit failed.
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;

    /// What the store can do for its own upkeep. A store that leaves this out is as good for all else.
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        None
    }
}

/// What a store may offer for its upkeep, besides keeping rows. All of it goes on beside reading and writing.
pub trait Maintenance {
    /// Copies the store, as it is at one moment, to the new file `to`; durable when it answers. On failure no file is left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when `to` exists already or cannot be written; whatever keeps the store from answering.
    fn backup(&self, to: &Path) -> Result<(), StoreError>;

    /// Reads everything and tells what is damaged, a sentence each; nothing when the store is sound.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn check(&self) -> Result<Vec<String>, StoreError>;

    /// Gives space that is not used any more back to the file system, at most so many bytes, so that others wait for a
    /// moment only. Answers how many bytes it were; 0 when there is nothing left to give.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn shrink(&self, bytes: u64) -> Result<u64, StoreError>;
}

/// Whatever leads to a store is one.
macro_rules! forwarded {
    ($($pointer:ty),*) => { $(
        impl<S: Store + ?Sized> Store for $pointer {
            fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
                (**self).migrate(schema)
            }
            fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
                (**self).reserve(counter, count)
            }
            fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
                (**self).get(rows)
            }
            fn find(&self, query: &Query) -> Result<Page, StoreError> {
                (**self).find(query)
            }
            fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
                (**self).count(tally)
            }
            fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
                (**self).commit(writes)
            }
            fn maintenance(&self) -> Option<&dyn Maintenance> {
                (**self).maintenance()
            }
        }
    )* };
}
forwarded!(std::sync::Arc<S>, Box<S>, &S);

#[cfg(all(test, feature = "sqlite"))]
mod model;

//! A store in the host's language. Keys, versions and counters are signed here, as databases have them.

use std::ops::Range;
use std::sync::Arc;

use tegata::store::foreign::Foreign;
use tegata::store::schema::{ColumnKind, Index, Schema, Table};
use tegata::store::{Counter, Cursor, Expect, Filter, Match, Page, Query, Row, RowRef, Store, Tally, Value, Write};
use tegata::store::{StoreError, conformance};

use crate::host::guarded;

/// What a column holds, besides nothing.
#[uniffi::remote(Enum)]
pub enum ColumnKind {
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Octets.
    Bytes,
}

/// How a column is indexed. Only indexed columns can order a query.
#[uniffi::remote(Enum)]
pub enum Index {
    /// Not at all; filters on it are tested row by row.
    None,
    /// Ordered, values may repeat.
    Ordered,
    /// Ordered, and no two rows have the same value, `Null` apart.
    Unique,
    /// No index, but `Contains` and `Prefix` scan the table.
    Searchable,
    /// Unique, and `Contains` scans too.
    UniqueSearchable,
}

/// One column.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreColumn {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether and how it is indexed.
    pub index: Index,
}

/// One table.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreTable {
    /// Its name: lower-case ASCII letters and `_`.
    pub name: String,
    /// Its columns besides the key and the version.
    pub columns: Vec<StoreColumn>,
}

/// All tables of one version.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreSchema {
    /// Grows whenever a table or column is added.
    pub version: u32,
    /// The tables, in the order of their creation.
    pub tables: Vec<StoreTable>,
}

/// What one column of one row holds. In this order; texts are ordered by their UTF-8 octets.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(missing_docs, reason = "each has its value")]
pub enum StoreValue {
    /// Nothing; matches no filter but equality with nothing.
    Null,
    /// A whole number.
    Int { value: i64 },
    /// UTF-8 text.
    Text { value: String },
    /// Octets.
    Bytes { value: Vec<u8> },
}

impl From<Value> for StoreValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int { value },
            Value::Text(value) => Self::Text { value },
            Value::Bytes(value) => Self::Bytes { value },
        }
    }
}

impl From<StoreValue> for Value {
    fn from(value: StoreValue) -> Self {
        match value {
            StoreValue::Null => Self::Null,
            StoreValue::Int { value } => Self::Int(value),
            StoreValue::Text { value } => Self::Text(value),
            StoreValue::Bytes { value } => Self::Bytes(value),
        }
    }
}

/// Which row.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreRowRef {
    /// The table's name.
    pub table: String,
    /// The row's key; keys are ordered as these numbers.
    pub key: i64,
}

/// A row.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreRow {
    /// The table's name.
    pub table: String,
    /// The key.
    pub key: i64,
    /// 1 when the row was first written, one more at every write. What a `Put` carries here is ignored.
    pub version: i64,
    /// One value per column of the table, in the order of the declaration.
    pub values: Vec<StoreValue>,
}

/// What a write expects of the row it meets.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(missing_docs, reason = "the version is the version")]
pub enum StoreExpect {
    /// There is none.
    Absent,
    /// There is one, of this version.
    Version { version: i64 },
    /// Whatever there is or is not.
    Any,
}

/// A number that only the store may change; absent ones are 0.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreCounter {
    /// What is counted, such as `device` or `quota`.
    pub name: String,
    /// Of which record, or 0.
    pub of: i64,
}

/// One write of a commit.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(missing_docs, reason = "the fields are what their types are")]
pub enum StoreWrite {
    /// Writes a row whole. A second row with the same value in a unique column (nothing apart) is a conflict.
    Put { row: StoreRow, expect: StoreExpect },
    /// Removes a row; `Any` accepts that there is none.
    Delete { row: StoreRowRef, expect: StoreExpect },
    /// Writes nothing, but conflicts unless the expectation holds.
    Require { row: StoreRowRef, expect: StoreExpect },
    /// Adds to a counter; conflicts if that would take it above `at_most` or below zero.
    Add { counter: StoreCounter, by: i64, at_most: i64 },
}

/// How a column must compare.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(missing_docs, reason = "the fields are what the case says")]
pub enum StoreMatch {
    /// Equal; nothing equals nothing.
    Eq { value: StoreValue },
    /// Text that begins so, octet for octet.
    Prefix { text: String },
    /// Text that holds this, or octets whose upper-case hexadecimal form does.
    Contains { text: String },
    /// Within the bounds, each of them optional: `from` inclusive, `to` exclusive.
    Range { from: Option<StoreValue>, to: Option<StoreValue> },
    /// One of these.
    In { values: Vec<StoreValue> },
}

/// A filter on one column.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreFilter {
    /// The column's name.
    pub column: String,
    /// What it must be.
    pub condition: StoreMatch,
}

/// Where a page ended.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreCursor {
    /// The last row's value in the column of the order; `Null` when ordered by key.
    pub value: StoreValue,
    /// The last row's key.
    pub key: i64,
}

/// A question for rows of one table that match all filters, one page at a time.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreQuery {
    /// The table's name.
    pub table: String,
    /// All of them must hold.
    pub filters: Vec<StoreFilter>,
    /// Ordered by this column (then by key), or by key alone. Rows with nothing there are left out.
    pub order: Option<String>,
    /// Largest first.
    pub descending: bool,
    /// Rows strictly after this one in the order.
    pub after: Option<StoreCursor>,
    /// How many rows at most: 1 to 10,000.
    pub limit: u32,
    /// Whether to count all rows that the pages hold together, regardless of `after` and `limit`.
    pub total: bool,
}

/// One page of an answer.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StorePage {
    /// The rows, in order.
    pub rows: Vec<StoreRow>,
    /// Where to go on; nothing after the last page.
    pub next: Option<StoreCursor>,
    /// How many rows match in all, when asked for.
    pub total: Option<i64>,
}

/// Counts rows by the value of one column.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreTally {
    /// The table's name.
    pub table: String,
    /// All of them must hold.
    pub filters: Vec<StoreFilter>,
    /// The column whose values are counted (nothing among them), or one total under nothing.
    pub by: Option<String>,
    /// With an integer column: values are first rounded down to a multiple of this, or to the least number there is where
    /// there is no such multiple.
    pub bucket: Option<i64>,
}

/// How many rows have one value.
#[derive(Clone, Debug, uniffi::Record)]
pub struct StoreTallied {
    /// The value.
    pub value: StoreValue,
    /// How many rows have it.
    pub count: i64,
}

/// Why a host's store cannot do it.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
#[allow(missing_docs, reason = "the fields are what the case says")]
pub enum StoreFailure {
    /// The write with this index (from 0) met what it did not expect; nothing was written.
    #[error("conflict")]
    Conflict { write: u32 },
    /// The store cannot be reached for now.
    #[error("unavailable")]
    Unavailable { reason: String },
    /// What is stored is damaged.
    #[error("corrupt")]
    Corrupt { at: String },
    /// A newer version wrote the store.
    #[error("schema")]
    Schema { found: u32, supported: u32 },
    /// The place holds something else.
    #[error("not a database")]
    NotADatabase { reason: String },
    /// It can be read but not written.
    #[error("read only")]
    ReadOnly,
    /// There is no room.
    #[error("full")]
    Full,
    /// The question cannot be answered.
    #[error("invalid query")]
    InvalidQuery { reason: String },
    /// Anything else.
    #[error("backend")]
    Backend { reason: String },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for StoreFailure {
    fn from(thrown: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Backend { reason: thrown.reason }
    }
}

impl From<StoreFailure> for StoreError {
    fn from(failure: StoreFailure) -> Self {
        match failure {
            StoreFailure::Conflict { write } => Self::Conflict { write: usize::try_from(write).unwrap_or(usize::MAX) },
            StoreFailure::Unavailable { reason } => Self::Unavailable { reason },
            StoreFailure::Corrupt { at } => Self::Corrupt { at },
            StoreFailure::Schema { found, supported } => Self::Schema { found, supported },
            StoreFailure::NotADatabase { reason } => Self::NotADatabase { reason },
            StoreFailure::ReadOnly => Self::ReadOnly,
            StoreFailure::Full => Self::Full,
            StoreFailure::InvalidQuery { reason } => Self::InvalidQuery { reason },
            StoreFailure::Backend { reason } => Self::Backend { reason },
        }
    }
}

type Answer<T> = Result<T, StoreFailure>;

/// A place that keeps rows, transactionally and durably, in the host's language.
///
/// Every method may be called from any thread at any time, and must not call the registry.
#[uniffi::export(with_foreign)]
pub trait HostStore: Send + Sync {
    /// Brings an empty or older store to `schema`.
    fn migrate(&self, schema: StoreSchema) -> Answer<()>;

    /// Takes `count` numbers from `counter`, none of which is ever given again, and says which is the first. The first
    /// number ever is 1. `count` 0 takes none and says which would be next.
    fn reserve(&self, counter: StoreCounter, count: u32) -> Answer<i64>;

    /// The rows named, in the order named, all from one snapshot; nothing for those that are not there.
    fn get(&self, rows: Vec<StoreRowRef>) -> Answer<Vec<Option<StoreRow>>>;

    /// The rows that match.
    fn find(&self, query: StoreQuery) -> Answer<StorePage>;

    /// How many rows have which value; in the order of the values.
    fn count(&self, tally: StoreTally) -> Answer<Vec<StoreTallied>>;

    /// Applies all writes in order, or none.
    fn commit(&self, writes: Vec<StoreWrite>) -> Answer<()>;
}

/// A host's store as the core knows it. `Foreign` stands around it: it marks the thread and checks the answers.
pub(crate) struct Keeping(pub(crate) Arc<dyn HostStore>);

fn nonsense(what: &str) -> StoreError {
    StoreError::Contract { reason: format!("it answered {what}") }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64, what: &str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| nonsense(what))
}

fn reference(row: RowRef) -> StoreRowRef {
    StoreRowRef { table: row.table.name.to_owned(), key: row.key.cast_signed() }
}

fn expected(expect: Expect) -> StoreExpect {
    match expect {
        Expect::Absent => StoreExpect::Absent,
        Expect::Version(version) => StoreExpect::Version { version: signed(version) },
        Expect::Any => StoreExpect::Any,
    }
}

fn counter(counter: Counter) -> StoreCounter {
    StoreCounter { name: counter.name.to_owned(), of: counter.of.cast_signed() }
}

fn row(row: &Row) -> StoreRow {
    StoreRow {
        table: row.table.name.to_owned(),
        key: row.key.cast_signed(),
        version: signed(row.version),
        values: row.values.iter().cloned().map(StoreValue::from).collect(),
    }
}

/// A row of `table`, as it came back.
fn read(table: &'static Table, row: StoreRow) -> Result<Row, StoreError> {
    if row.table != table.name {
        return Err(nonsense("a row of another table"));
    }
    Ok(Row {
        table,
        key: row.key.cast_unsigned(),
        version: unsigned(row.version, "a negative version")?,
        values: row.values.into_iter().map(Value::from).collect(),
    })
}

fn write(write: &Write) -> StoreWrite {
    match write {
        Write::Put(put, expect) => StoreWrite::Put { row: row(put), expect: expected(*expect) },
        Write::Delete(at, expect) => StoreWrite::Delete { row: reference(*at), expect: expected(*expect) },
        Write::Require(at, expect) => StoreWrite::Require { row: reference(*at), expect: expected(*expect) },
        Write::Add { counter: of, by, at_most } => {
            StoreWrite::Add { counter: counter(*of), by: *by, at_most: signed(*at_most) }
        }
    }
}

fn filter(filter: &Filter) -> StoreFilter {
    let condition = match filter.is.clone() {
        Match::Eq(value) => StoreMatch::Eq { value: value.into() },
        Match::Prefix(text) => StoreMatch::Prefix { text },
        Match::Contains(text) => StoreMatch::Contains { text },
        Match::Range { from, to } => StoreMatch::Range { from: from.map(Into::into), to: to.map(Into::into) },
        Match::In(values) => StoreMatch::In { values: values.into_iter().map(Into::into).collect() },
    };
    StoreFilter { column: filter.column.to_owned(), condition }
}

impl Store for Keeping {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        let table = |table: &&Table| StoreTable {
            name: table.name.to_owned(),
            columns: table
                .columns
                .iter()
                .map(|c| StoreColumn { name: c.name.to_owned(), kind: c.kind, index: c.index })
                .collect(),
        };
        let schema = StoreSchema { version: schema.version, tables: schema.tables.iter().map(table).collect() };
        Ok(self.0.migrate(schema)?)
    }

    fn reserve(&self, of: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let first = self.0.reserve(counter(of), count)?;
        let first = unsigned(first, "a negative number")?;
        let end = first.checked_add(count.into()).ok_or_else(|| nonsense("a number that is too large"))?;
        Ok(first..end)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let asked = rows.iter().copied().map(reference).collect();
        let found = self.0.get(asked)?;
        if found.len() != rows.len() {
            return Err(nonsense("another number of rows than was asked for"));
        }
        found.into_iter().zip(rows).map(|(row, at)| row.map(|row| read(at.table, row)).transpose()).collect()
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        let asked = StoreQuery {
            table: query.table.name.to_owned(),
            filters: query.filters.iter().map(filter).collect(),
            order: query.order.map(str::to_owned),
            descending: query.descending,
            after: query
                .after
                .as_ref()
                .map(|c| StoreCursor { value: c.value.clone().into(), key: c.key.cast_signed() }),
            limit: u32::try_from(query.page_size()).unwrap_or(u32::MAX),
            total: query.total,
        };
        let page = self.0.find(asked)?;
        Ok(Page {
            rows: page.rows.into_iter().map(|row| read(query.table, row)).collect::<Result<_, _>>()?,
            next: page.next.map(|c| Cursor { value: c.value.into(), key: c.key.cast_unsigned() }),
            total: page.total.map(|total| unsigned(total, "a negative total")).transpose()?,
        })
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        let asked = StoreTally {
            table: tally.table.name.to_owned(),
            filters: tally.filters.iter().map(filter).collect(),
            by: tally.by.map(str::to_owned),
            bucket: tally.bucket,
        };
        let counts = self.0.count(asked)?;
        counts.into_iter().map(|c| Ok((c.value.into(), unsigned(c.count, "a negative count")?))).collect()
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let writes = writes.iter().map(write).collect();
        Ok(self.0.commit(writes)?)
    }
}

/// Makes empty stores for [`store_conformance`].
#[uniffi::export(with_foreign)]
pub trait StoreFactory: Send + Sync {
    /// A new, empty store.
    fn make(&self) -> Arc<dyn HostStore>;
}

/// Puts stores made by `factory` through everything that every store must do. Nothing when all is well, otherwise a line
/// for each check that failed.
#[uniffi::export]
pub fn store_conformance(factory: Arc<dyn StoreFactory>) -> Option<String> {
    conformance::suite(&|| Box::new(Foreign::new(Keeping(guarded(|| factory.make()))))).err()
}

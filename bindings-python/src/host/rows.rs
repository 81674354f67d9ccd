//! What a host store is asked, and what it answers, as Python sees it: rows, writes, questions, the schema.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyString};
use tegata::store::{self, Expect, Match, schema};

use crate::convert::Bytes;

/// A value in a row: None, a number of 64 bits with sign, text, or octets.
#[derive(Clone, Debug, IntoPyObject)]
pub(crate) enum Cell {
    Int(i64),
    Text(String),
    Bytes(Bytes),
}

/// A value that may be missing.
pub(crate) type Value = Option<Cell>;

impl<'a, 'py> FromPyObject<'a, 'py> for Cell {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("Cell");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if obj.is_instance_of::<PyString>() {
            Ok(Self::Text(obj.extract()?))
        } else if obj.is_instance_of::<PyBytes>() || obj.is_instance_of::<PyByteArray>() {
            Ok(Self::Bytes(obj.extract()?))
        } else if obj.is_instance_of::<PyBool>() {
            Err(PyTypeError::new_err("a value in a row is None, int, str or bytes, not bool"))
        } else if let Ok(number) = obj.extract::<i64>() {
            Ok(Self::Int(number))
        } else {
            let name = obj.get_type().name()?;
            Err(PyTypeError::new_err(format!("a value in a row is None, int (64 bits), str or bytes, not {name}")))
        }
    }
}

pub(crate) fn value_out(value: &store::Value) -> Value {
    match value {
        store::Value::Null => None,
        store::Value::Int(number) => Some(Cell::Int(*number)),
        store::Value::Text(text) => Some(Cell::Text(text.clone())),
        store::Value::Bytes(bytes) => Some(Cell::Bytes(Bytes(bytes.clone()))),
    }
}

pub(crate) fn value_in(value: Value) -> store::Value {
    match value {
        None => store::Value::Null,
        Some(Cell::Int(number)) => store::Value::Int(number),
        Some(Cell::Text(text)) => store::Value::Text(text),
        Some(Cell::Bytes(bytes)) => store::Value::Bytes(bytes.0),
    }
}

/// All tables that a store has to keep.
#[pyclass(frozen, get_all, module = "tegata.store")]
pub(crate) struct Schema {
    /// Counts up when tables or columns are added.
    version: u32,
    /// The tables.
    tables: Vec<Py<Table>>,
}

/// A table: rows of values under a key.
#[pyclass(frozen, get_all, module = "tegata.store")]
pub(crate) struct Table {
    /// Its name.
    name: String,
    /// Its columns, in the order in which rows hold their values.
    columns: Vec<Py<Column>>,
}

/// A column of a table.
#[pyclass(frozen, get_all, module = "tegata.store")]
#[allow(clippy::struct_excessive_bools)] // Independent facts, each an attribute in Python.
pub(crate) struct Column {
    /// Its name.
    name: String,
    /// `int`, `text` or `bytes`. Any of them may be None in a row.
    kind: &'static str,
    /// Whether each value but None stands in one row only.
    unique: bool,
    /// Whether rows are found or ordered by it, so that an index is worth it.
    ordered: bool,
    /// Whether rows are found by a part of it.
    searchable: bool,
    /// Whether its values are sealed: such a column holds what must not be read, and only looks random.
    sealed: bool,
}

pub(crate) fn schema_out(py: Python<'_>, schema: &schema::Schema) -> PyResult<Schema> {
    let column = |column: &schema::Column| {
        let kind = match column.kind {
            schema::ColumnKind::Int => "int",
            schema::ColumnKind::Text => "text",
            schema::ColumnKind::Bytes => "bytes",
        };
        let (unique, ordered, sealed) = (column.index.is_unique(), column.index.is_ordered(), column.sealed);
        Py::new(
            py,
            Column {
                name: column.name.to_owned(),
                kind,
                unique,
                ordered,
                searchable: column.index.is_searchable(),
                sealed,
            },
        )
    };
    let table = |table: &&'static schema::Table| {
        let columns = table.columns.iter().map(column).collect::<PyResult<_>>()?;
        Py::new(py, Table { name: table.name.to_owned(), columns })
    };
    Ok(Schema { version: schema.version, tables: schema.tables.iter().map(table).collect::<PyResult<_>>()? })
}

/// Which row.
#[pyclass(frozen, get_all, from_py_object, module = "tegata.store")]
#[derive(Clone)]
pub(crate) struct RowRef {
    /// The table's name.
    table: String,
    /// The key, from 0 to 2^64 - 1. Ordered as if it had a sign: from 2^63 on before 0.
    key: u64,
}

pub(crate) fn ref_out(row: &store::RowRef) -> RowRef {
    RowRef { table: row.table.name.to_owned(), key: row.key }
}

/// A row.
#[pyclass(frozen, get_all, from_py_object, module = "tegata.store")]
#[derive(Clone)]
pub(crate) struct Row {
    /// The table's name.
    pub(crate) table: String,
    /// The key.
    pub(crate) key: u64,
    /// 1 when it was first written, one more at every write. In a `put`, ignored.
    pub(crate) version: u64,
    /// A value for each column.
    pub(crate) values: Vec<Value>,
}

#[pymethods]
impl Row {
    /// A row to answer with.
    #[new]
    fn new(table: String, key: u64, version: u64, values: Vec<Value>) -> Self {
        Self { table, key, version, values }
    }

    fn __repr__(&self) -> String {
        format!("Row({:?}, {}, version {}, {} values)", self.table, self.key, self.version, self.values.len())
    }
}

/// The row, which must be one of `table`.
pub(crate) fn row_in(row: Row, table: &'static schema::Table) -> Result<store::Row, store::StoreError> {
    if row.table != table.name {
        let reason = format!("it answered with a row of another table than {}", table.name);
        return Err(store::StoreError::Contract { reason });
    }
    let values = row.values.into_iter().map(value_in).collect();
    Ok(store::Row { table, key: row.key, version: row.version, values })
}

/// A number that only the store changes; 0 at first.
#[pyclass(frozen, get_all, eq, hash, from_py_object, module = "tegata.store")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Counter {
    /// What is counted.
    name: String,
    /// Of which record, or 0.
    of: u64,
}

pub(crate) fn counter_out(counter: store::Counter) -> Counter {
    Counter { name: counter.name.to_owned(), of: counter.of }
}

/// One write of a commit.
#[pyclass(frozen, get_all, module = "tegata.store")]
pub(crate) struct Write {
    /// `put`, `delete`, `require` or `add`.
    r#type: &'static str,
    /// The table's name; not of `add`.
    table: Option<String>,
    /// The key; not of `add`.
    key: Option<u64>,
    /// What must be there already: `absent`, `version` or `any`; not of `add`.
    expect: Option<&'static str>,
    /// The version that must be there, if `expect` is `version`.
    version: Option<u64>,
    /// The values, of `put`.
    values: Option<Vec<Value>>,
    /// The counter, of `add`.
    counter: Option<Counter>,
    /// How much is added, of `add`; may be negative.
    by: Option<i64>,
    /// The highest value allowed afterwards, of `add`. The lowest is 0.
    at_most: Option<u64>,
}

pub(crate) fn write_out(write: &store::Write) -> Write {
    let at = |kind, row: store::RowRef, expect: &Expect| {
        let (expect, version) = match expect {
            Expect::Absent => ("absent", None),
            Expect::Version(version) => ("version", Some(*version)),
            Expect::Any => ("any", None),
        };
        let (table, key, expect) = (Some(row.table.name.to_owned()), Some(row.key), Some(expect));
        Write { r#type: kind, table, key, expect, version, values: None, counter: None, by: None, at_most: None }
    };
    match write {
        store::Write::Put(row, expect) => {
            let values = Some(row.values.iter().map(value_out).collect());
            Write { values, ..at("put", store::RowRef { table: row.table, key: row.key }, expect) }
        }
        store::Write::Delete(row, expect) => at("delete", *row, expect),
        store::Write::Require(row, expect) => at("require", *row, expect),
        store::Write::Add { counter, by, at_most } => Write {
            r#type: "add",
            table: None,
            key: None,
            expect: None,
            version: None,
            values: None,
            counter: Some(counter_out(*counter)),
            by: Some(*by),
            at_most: Some(*at_most),
        },
    }
}

/// How a column must compare. None in a row is equal to None and passes nothing else.
#[pyclass(frozen, get_all, from_py_object, module = "tegata.store")]
#[derive(Clone)]
pub(crate) struct Filter {
    /// The column's name.
    column: String,
    /// `eq`, `prefix`, `contains`, `range` or `in`. `contains` looks into text, or into the upper-case hexadecimal form of
    /// octets.
    r#type: &'static str,
    /// What it must equal, begin with or hold.
    value: Value,
    /// The least value of a `range`, if there is one.
    least: Value,
    /// The first value above a `range`, if there is one.
    below: Value,
    /// The values of `in`.
    values: Vec<Value>,
}

pub(crate) fn filter_out(filter: &store::Filter) -> Filter {
    let column = filter.column.to_owned();
    let plain = |kind, value| Filter {
        column: column.clone(),
        r#type: kind,
        value,
        least: None,
        below: None,
        values: Vec::new(),
    };
    match &filter.is {
        Match::Eq(value) => plain("eq", value_out(value)),
        Match::Prefix(text) => plain("prefix", Some(Cell::Text(text.clone()))),
        Match::Contains(text) => plain("contains", Some(Cell::Text(text.clone()))),
        Match::Range { from, to } => Filter {
            least: from.as_ref().and_then(value_out),
            below: to.as_ref().and_then(value_out),
            ..plain("range", None)
        },
        Match::In(values) => Filter { values: values.iter().map(value_out).collect(), ..plain("in", None) },
    }
}

/// Where a page ended.
#[pyclass(frozen, get_all, from_py_object, module = "tegata.store")]
#[derive(Clone)]
pub(crate) struct Cursor {
    /// The last row's value in the column of the order; None when ordered by key.
    pub(crate) value: Value,
    /// The last row's key.
    pub(crate) key: u64,
}

#[pymethods]
impl Cursor {
    /// The place of a page's last row.
    #[new]
    fn new(value: Value, key: u64) -> Self {
        Self { value, key }
    }
}

/// A question for rows that pass all filters, a page at a time.
#[pyclass(frozen, get_all, module = "tegata.store")]
pub(crate) struct Query {
    /// The table's name.
    table: String,
    /// All of them must pass.
    filters: Vec<Filter>,
    /// The column by which rows are ordered, then by key; rows with None there are left out. None: by key alone.
    order: Option<String>,
    /// Largest first.
    descending: bool,
    /// Only rows after this place.
    after: Option<Cursor>,
    /// How many rows at most.
    limit: usize,
    /// Whether to count all rows, on all pages.
    total: bool,
}

pub(crate) fn query_out(query: &store::Query) -> Query {
    Query {
        table: query.table.name.to_owned(),
        filters: query.filters.iter().map(filter_out).collect(),
        order: query.order.map(str::to_owned),
        descending: query.descending,
        after: query.after.as_ref().map(|cursor| Cursor { value: value_out(&cursor.value), key: cursor.key }),
        limit: query.page_size(),
        total: query.total,
    }
}

/// A page of rows.
#[pyclass(frozen, get_all, from_py_object, module = "tegata.store")]
#[derive(Clone)]
pub(crate) struct RowPage {
    /// The rows, in order.
    pub(crate) rows: Vec<Row>,
    /// The place of the last row, if more follow.
    pub(crate) next: Option<Cursor>,
    /// How many rows there are on all pages, if that was asked for.
    pub(crate) total: Option<u64>,
}

#[pymethods]
impl RowPage {
    /// An answer to a `Query`.
    #[new]
    #[pyo3(signature = (rows, next=None, total=None))]
    fn new(rows: Vec<Row>, next: Option<Cursor>, total: Option<u64>) -> Self {
        Self { rows, next, total }
    }
}

/// How many rows there are for each value of a column.
#[pyclass(frozen, get_all, module = "tegata.store")]
pub(crate) struct Tally {
    /// The table's name.
    table: String,
    /// All of them must pass.
    filters: Vec<Filter>,
    /// The column; None: one count of all rows, under the value None.
    by: Option<String>,
    /// Numbers count together that have the same multiple of this below them: the value to answer with.
    bucket: Option<i64>,
}

pub(crate) fn tally_out(tally: &store::Tally) -> Tally {
    Tally {
        table: tally.table.name.to_owned(),
        filters: tally.filters.iter().map(filter_out).collect(),
        by: tally.by.map(str::to_owned),
        bucket: tally.bucket,
    }
}

//! A store written in Python. The core checks its answers (`Foreign`); here they only get their types.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyAssertionError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyRange, PyRangeMethods as _};
use tegata::callback::{reason, store_failed};
use tegata::store::schema::{Schema as CoreSchema, Table as CoreTable};
use tegata::store::{self, Foreign, StoreError, conformance};

use super::rows::{
    Row, RowPage, Value, counter_out, query_out, ref_out, row_in, schema_out, tally_out, value_in, write_out,
};
use super::{RAISED, can, text_of};
use crate::store::Store;
use crate::words::MakeStore;

/// The methods of a store.
const METHODS: [&str; 6] = ["migrate", "reserve", "get", "find", "count", "commit"];

/// The store behind `obj`, if it has the methods of one.
pub(crate) fn host_store(obj: &Bound<'_, PyAny>) -> PyResult<Store> {
    match METHODS.iter().find(|method| !can(obj, method)) {
        None => Ok(Store(Arc::new(Foreign::new(HostStore(obj.clone().unbind()))))),
        Some(missing) => Err(PyTypeError::new_err(format!(
            "a store is needed: MemoryStore, SqliteStore, or an object with the methods {}; {} has no {missing}",
            METHODS.join(", "),
            obj.get_type().name()?
        ))),
    }
}

struct HostStore(Py<PyAny>);

/// What a host's exception means: those of `tegata.store` say it, any other one is a failure.
fn told(py: Python<'_>, raised: PyErr) -> StoreError {
    let value = raised.value(py);
    let text = || text_of(py, &raised);
    let said = || reason(&value.str().map(|text| text.to_string()).unwrap_or_default());
    let number = |name: &str| value.getattr(name).ok().and_then(|number| number.extract::<u32>().ok());
    let kind = value.get_type().getattr("_store_error").ok().and_then(|kind| kind.extract::<String>().ok());
    let error = match kind.as_deref() {
        Some("conflict") => match value.getattr("write").ok().and_then(|write| write.extract::<usize>().ok()) {
            Some(write) => StoreError::Conflict { write },
            None => StoreError::Contract { reason: "a Conflict without the number of its write".to_owned() },
        },
        Some("unavailable") => StoreError::Unavailable { reason: said() },
        Some("corrupt") => StoreError::Corrupt { at: said() },
        Some("read-only") => StoreError::ReadOnly,
        Some("full") => StoreError::Full,
        Some("busy") => StoreError::Busy,
        Some("schema") => {
            StoreError::Schema { found: number("found").unwrap_or(0), supported: number("supported").unwrap_or(0) }
        }
        _ => store_failed(&text()),
    };
    if kind.is_none() {
        RAISED.with(|last| *last.borrow_mut() = Some(raised));
    }
    error
}

impl HostStore {
    /// Calls a method, then gives its answer a type.
    fn ask<T>(
        &self,
        method: &str,
        call: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<Py<PyAny>>,
        read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T, StoreError> {
        let _stay = crate::ending::Stay::begin();
        let answer = Python::try_attach(|py| {
            let answer = call(py, self.0.bind(py)).map_err(|raised| told(py, raised))?;
            read(answer.bind(py))
                .map_err(|error| StoreError::Contract { reason: reason(&format!("{method}: {}", text_of(py, &error))) })
        });
        answer.unwrap_or_else(|| Err(store_failed("the Python interpreter is shutting down")))
    }
}

/// One argument, as a Python object.
fn call1<'py, A: IntoPyObject<'py>>(store: &Bound<'py, PyAny>, method: &str, argument: A) -> PyResult<Py<PyAny>> {
    Ok(store.call_method1(method, (argument,))?.unbind())
}

impl store::Store for HostStore {
    fn migrate(&self, schema: &CoreSchema) -> Result<(), StoreError> {
        self.ask("migrate", |py, store| call1(store, "migrate", schema_out(py, schema)?), |_| Ok(()))
    }

    fn reserve(&self, counter: store::Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.ask(
            "reserve",
            |_, store| Ok(store.call_method1("reserve", (counter_out(counter), count))?.unbind()),
            |answer| {
                let range = answer.cast::<PyRange>().map_err(|_| PyTypeError::new_err("the answer is not a range"))?;
                let (start, stop): (u64, u64) = (range.getattr("start")?.extract()?, range.getattr("stop")?.extract()?);
                if range.step()? == 1 {
                    Ok(start..stop)
                } else {
                    Err(PyTypeError::new_err("the answer is a range with gaps"))
                }
            },
        )
    }

    fn get(&self, rows: &[store::RowRef]) -> Result<Vec<Option<store::Row>>, StoreError> {
        let read = |answer: &Bound<'_, PyAny>| answer.extract::<Vec<Option<Row>>>();
        let asked = rows.iter().map(ref_out).collect::<Vec<_>>();
        let found = self.ask("get", |_, store| call1(store, "get", asked), read)?;
        // A row too many or too few is for the core to refuse.
        let mut tables = rows.iter().map(|row| row.table);
        let last = rows.last().map(|row| row.table);
        let mut answer = Vec::with_capacity(found.len());
        for row in found {
            let table = tables.next().or(last);
            answer.push(row.zip(table).map(|(row, table)| row_in(row, table)).transpose()?);
        }
        Ok(answer)
    }

    fn find(&self, query: &store::Query) -> Result<store::Page, StoreError> {
        let read = |answer: &Bound<'_, PyAny>| Ok(answer.extract::<RowPage>()?);
        let page = self.ask("find", |_, store| call1(store, "find", query_out(query)), read)?;
        let table: &'static CoreTable = query.table;
        Ok(store::Page {
            rows: page.rows.into_iter().map(|row| row_in(row, table)).collect::<Result<_, _>>()?,
            next: page.next.map(|cursor| store::Cursor { value: value_in(cursor.value), key: cursor.key }),
            total: page.total,
        })
    }

    fn count(&self, tally: &store::Tally) -> Result<Vec<(store::Value, u64)>, StoreError> {
        let read = |answer: &Bound<'_, PyAny>| answer.extract::<Vec<(Value, u64)>>();
        let counts = self.ask("count", |_, store| call1(store, "count", tally_out(tally)), read)?;
        Ok(counts.into_iter().map(|(value, count)| (value_in(value), count)).collect())
    }

    fn commit(&self, writes: &[store::Write]) -> Result<(), StoreError> {
        let writes = writes.iter().map(write_out).collect::<Vec<_>>();
        self.ask("commit", |_, store| call1(store, "commit", writes), |_| Ok(()))
    }
}

/// Puts stores through everything that a store must do. `make()` gives a new, empty store each time. `AssertionError` says
/// what it did wrong.
#[pyfunction]
pub(crate) fn check_store(py: Python<'_>, make: MakeStore) -> PyResult<()> {
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let outcome = crate::ending::detached(py, || {
        conformance::suite(&|| {
            let _stay = crate::ending::Stay::begin();
            let new = Python::try_attach(|py| make.0.bind(py).call0()?.extract::<Store>());
            match new {
                Some(Ok(store)) => Box::new(store.0),
                Some(Err(error)) => {
                    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Box::new(store::MemoryStore::new())
                }
                None => Box::new(store::MemoryStore::new()),
            }
        })
    });
    if let Some(error) = raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    outcome.map_err(PyAssertionError::new_err)
}

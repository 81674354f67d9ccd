//! Questions put to a reading connection.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows, Statement};

use super::statements::{Catalog, Param, Question};
use super::trouble::At;
use crate::store::schema::{ColumnKind, Table};
use crate::store::{Counter, Cursor, Page, Query, Row, RowRef, StoreError, Tally, Value};

/// Statements with more parameters than this are not kept: there is one for each length of a list.
const MANY: usize = 24;

/// Runs `work` within one read transaction, so that all its statements see the same snapshot.
fn snapshot<T>(connection: &Connection, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut s| s.raw_execute()).at("the file");
    run("BEGIN")?;
    let result = work();
    // Nothing was written; if leaving fails, the pool closes the connection.
    let left = run("COMMIT");
    result.and_then(|value| left.map(|_| value))
}

pub(super) fn get(connection: &Connection, catalog: &Catalog, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
    if rows.len() > 1 {
        // What authentication asks for; a transaction of its own would take as long as the two rows.
        if let [first, second] = rows
            && first.table.name != second.table.name
            && let Some(found) = get_pair(connection, catalog, *first, *second)?
        {
            return Ok(found);
        }
        return snapshot(connection, || rows.iter().map(|row| get_one(connection, catalog, *row)).collect());
    }
    // A single statement sees one snapshot anyway.
    rows.iter().map(|row| get_one(connection, catalog, *row)).collect()
}

/// Two rows, of which the first must be there: while its statement has not come to its end, the connection keeps the
/// snapshot, and the other statement sees the same.
fn get_pair(
    connection: &Connection,
    catalog: &Catalog,
    first: RowRef,
    second: RowRef,
) -> Result<Option<Vec<Option<Row>>>, StoreError> {
    with_row(connection, catalog, first, |found| {
        let Some(found) = found else { return Ok(None) };
        Ok(Some(vec![Some(found), get_one(connection, catalog, second)?]))
    })
}

fn get_one(connection: &Connection, catalog: &Catalog, row: RowRef) -> Result<Option<Row>, StoreError> {
    with_row(connection, catalog, row, Ok)
}

/// Reads a row and runs `work` on it before the statement is reset.
fn with_row<T>(
    connection: &Connection,
    catalog: &Catalog,
    RowRef { table, key }: RowRef,
    work: impl FnOnce(Option<Row>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut statement = connection.prepare_cached(&catalog.table(table)?.select).at(table.name)?;
    statement.raw_bind_parameter(1, key.cast_signed()).at(table.name)?;
    let mut found = statement.raw_query();
    let row = match found.next().at(table.name)? {
        Some(row) => Some(Row { table, key, version: version(table, row, 0)?, values: values(table, row, 1)? }),
        None => None,
    };
    work(row)
}

fn version(table: &Table, row: &rusqlite::Row<'_>, at: usize) -> Result<u64, StoreError> {
    Ok(row.get::<_, i64>(at).at(table.name)?.cast_unsigned())
}

fn values(table: &Table, row: &rusqlite::Row<'_>, first: usize) -> Result<Vec<Value>, StoreError> {
    let read = |(at, column): (usize, &crate::store::schema::Column)| {
        let value = row.get_ref(first + at).at(table.name)?;
        read_value(Some(column.kind), value)
            .ok_or_else(|| StoreError::Corrupt { at: format!("{}.{}", table.name, column.name) })
    };
    table.columns.iter().enumerate().map(read).collect()
}

/// The value, if it is of the kind wanted.
fn read_value(kind: Option<ColumnKind>, value: ValueRef<'_>) -> Option<Value> {
    let value = match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => Value::Text(std::str::from_utf8(value).ok()?.to_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
        ValueRef::Real(_) => return None,
    };
    kind.is_none_or(|kind| kind.admits(&value)).then_some(value)
}

/// Puts the question and hands the answer to `read`.
fn ask<T>(
    connection: &Connection,
    table: &Table,
    question: &Question<'_>,
    read: impl FnOnce(Rows<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let run = |statement: &mut Statement<'_>| {
        for (at, value) in question.values.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, Param(value)).at(table.name)?;
        }
        read(statement.raw_query())
    };
    if question.values.len() > MANY {
        run(&mut connection.prepare(&question.sql).at(table.name)?)
    } else {
        run(&mut *connection.prepare_cached(&question.sql).at(table.name)?)
    }
}

pub(super) fn find(connection: &Connection, query: &Query) -> Result<Page, StoreError> {
    let parts = Question::page(query);
    let read = || {
        let mut page = Page::default();
        for part in &parts {
            extend(&mut page, connection, query, part)?;
            if page.next.is_some() {
                break;
            }
        }
        page.total = query.total.then(|| total(connection, query)).transpose()?;
        Ok(page)
    };
    if parts.len() > 1 || query.total { snapshot(connection, read) } else { read() }
}

/// Adds rows until the page is full and there is one more.
fn extend(page: &mut Page, connection: &Connection, query: &Query, part: &Question<'_>) -> Result<(), StoreError> {
    let table = query.table;
    ask(connection, table, part, |mut found| {
        while let Some(row) = found.next().at(table.name)? {
            if page.rows.len() == query.page_size() {
                page.next = page.rows.last().map(|last| Cursor { value: place(query, last), key: last.key });
                break;
            }
            let key = row.get::<_, i64>(0).at(table.name)?.cast_unsigned();
            page.rows.push(Row { table, key, version: version(table, row, 1)?, values: values(table, row, 2)? });
        }
        Ok(())
    })
}

/// The row's value in the column of the order.
fn place(query: &Query, row: &Row) -> Value {
    let at = query.order.and_then(|column| query.table.position(column));
    at.and_then(|at| row.values.get(at)).cloned().unwrap_or_default()
}

fn total(connection: &Connection, query: &Query) -> Result<u64, StoreError> {
    ask(connection, query.table, &Question::total(query), |mut found| {
        let row = found.next().at(query.table.name)?;
        row.map_or(Ok(0), |row| version(query.table, row, 0))
    })
}

pub(super) fn count(connection: &Connection, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
    let table = tally.table;
    ask(connection, table, &Question::tally(tally), |mut found| {
        let mut counts = Vec::new();
        while let Some(row) = found.next().at(table.name)? {
            let value = row.get_ref(0).at(table.name)?;
            let value = read_value(None, value).ok_or_else(|| StoreError::Corrupt { at: table.name.to_owned() })?;
            counts.push((value, version(table, row, 1)?));
        }
        Ok(counts)
    })
}

/// Where a counter stands.
pub(super) fn counter(connection: &Connection, counter: Counter) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM tegata_counter WHERE name = ?1 AND of = ?2").at("the counters")?;
    statement.raw_bind_parameter(1, counter.name).at("the counters")?;
    statement.raw_bind_parameter(2, counter.of.cast_signed()).at("the counters")?;
    let mut found = statement.raw_query();
    let Some(row) = found.next().at("the counters")? else { return Ok(0) };
    let value = row.get::<_, i64>(0).at("the counters")?;
    u64::try_from(value).map_err(|_| StoreError::Corrupt { at: "the counters".to_owned() })
}

//! A store in JavaScript.

use std::ops::Range;

use tegata::error::StoreError;
use tegata::store::schema::{ColumnKind, Index, Schema, Table};
use tegata::store::{Counter, Cursor, Expect, Filter, Match, Page, Query, Row, RowRef, Store, Tally, Value, Write};

use crate::host::{Failure, Host};
use crate::input::In;
use crate::out::{Out, Writer};
use crate::val::Val;

/// A store whose methods are in JavaScript. It is used through [`Foreign`](tegata::store::Foreign), which checks what
/// it answers; here only the kinds of values are.
pub(crate) struct JsStore(pub(crate) Host);

type Answer<T> = Result<T, StoreError>;

fn error(failure: Failure) -> StoreError {
    let Failure { code, reason, number } = failure;
    match code.as_str() {
        "store.conflict" => StoreError::Conflict { write: number },
        "store.schema" => StoreError::Schema { found: u32::try_from(number).unwrap_or(u32::MAX), supported: 0 },
        "store.unavailable" => StoreError::Unavailable { reason },
        "store.corrupt" => StoreError::Corrupt { at: reason },
        "store.not_a_database" => StoreError::NotADatabase { reason },
        "store.read_only" => StoreError::ReadOnly,
        "store.full" => StoreError::Full,
        "store.busy" => StoreError::Busy,
        "store.closed" => StoreError::Closed,
        "store.invalid_query" => StoreError::InvalidQuery { reason },
        _ => StoreError::Backend { reason },
    }
}

/// The error for an answer that is none.
fn odd(method: &str) -> StoreError {
    StoreError::Contract { reason: format!("{method} answered with values of the wrong kinds") }
}

fn write_value(value: &Value, out: &mut Writer) {
    match value {
        Value::Null => out.raw("null"),
        // In a list, so that it differs from a number of octets; as text, since it has 64 bits.
        Value::Int(number) => {
            out.open();
            out.text(&number.to_string());
            out.close();
        }
        Value::Text(text) => out.text(text),
        Value::Bytes(bytes) => out.octets(bytes),
    }
}

fn read_value(value: Val) -> Option<Value> {
    match value {
        Val::Null | Val::Undefined => Some(Value::Null),
        Val::Text(text) => Some(Value::Text(text)),
        Val::Bytes(bytes) => Some(Value::Bytes(bytes)),
        number => i64::read(number).ok().map(Value::Int),
    }
}

fn write_at(row: &RowRef, out: &mut Writer) {
    out.text(row.table.name);
    out.text(&row.key.to_string());
}

fn write_expect(expect: Expect, out: &mut Writer) {
    match expect {
        Expect::Absent => out.text("absent"),
        Expect::Any => out.text("any"),
        Expect::Version(version) => {
            out.open();
            out.text(&version.to_string());
            out.close();
        }
    }
}

fn write_filters(filters: &[Filter], out: &mut Writer) {
    out.open();
    for filter in filters {
        out.open();
        out.text(filter.column);
        match &filter.is {
            Match::Eq(value) => {
                out.text("eq");
                write_value(value, out);
            }
            Match::Prefix(text) => {
                out.text("prefix");
                out.text(text);
            }
            Match::Contains(text) => {
                out.text("contains");
                out.text(text);
            }
            Match::Range { from, to } => {
                out.text("range");
                write_value(from.as_ref().unwrap_or(&Value::Null), out);
                write_value(to.as_ref().unwrap_or(&Value::Null), out);
            }
            Match::In(values) => {
                out.text("in");
                out.open();
                for value in values {
                    write_value(value, out);
                }
                out.close();
            }
        }
        out.close();
    }
    out.close();
}

/// A row as JavaScript answers: key, version, values.
fn read_row(table: &'static Table, value: Val) -> Option<Row> {
    let mut parts = value.list().ok()?.into_iter();
    let key = u64::read(parts.next()?).ok()?;
    let version = u64::read(parts.next()?).ok()?;
    let values = parts.next()?.list().ok()?.into_iter().map(read_value).collect::<Option<Vec<_>>>()?;
    Some(Row { table, key, version, values })
}

impl JsStore {
    fn call(&self, method: u32, write: impl FnOnce(&mut Writer)) -> Answer<Val> {
        let mut arguments = Writer::default();
        arguments.open();
        write(&mut arguments);
        arguments.close();
        self.0.call(method, arguments).map_err(error)
    }
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int => "int",
        ColumnKind::Text => "text",
        ColumnKind::Bytes => "bytes",
    }
}

fn index(index: Index) -> &'static str {
    match index {
        Index::None => "none",
        Index::Ordered => "ordered",
        Index::Unique => "unique",
        Index::Searchable => "searchable",
        Index::UniqueSearchable => "unique-searchable",
    }
}

impl Store for JsStore {
    fn migrate(&self, schema: &Schema) -> Answer<()> {
        self.call(0, |out| {
            out.number(schema.version);
            out.open();
            for table in schema.tables {
                out.open();
                out.text(table.name);
                for column in table.columns {
                    out.text(column.name);
                    out.text(kind(column.kind));
                    out.text(index(column.index));
                    column.sealed.write(out);
                }
                out.close();
            }
            out.close();
        })
        .map(drop)
        .map_err(|error| match error {
            StoreError::Schema { found, .. } => StoreError::Schema { found, supported: schema.version },
            other => other,
        })
    }

    fn reserve(&self, counter: Counter, count: u32) -> Answer<Range<u64>> {
        let first = self.call(1, |out| {
            out.text(counter.name);
            out.text(&counter.of.to_string());
            out.number(count);
        })?;
        let first = u64::read(first).ok();
        let range = first.and_then(|first| Some(first..first.checked_add(u64::from(count))?));
        range.ok_or_else(|| odd("reserve"))
    }

    fn get(&self, rows: &[RowRef]) -> Answer<Vec<Option<Row>>> {
        let answer = self.call(2, |out| {
            for row in rows {
                write_at(row, out);
            }
        })?;
        let found = answer.list().map_err(|_| odd("get"))?;
        if found.len() != rows.len() {
            return Err(odd("get"));
        }
        let read = |(wanted, value): (&RowRef, Val)| match value {
            Val::Null | Val::Undefined => Ok(None),
            value => read_row(wanted.table, value).map(Some).ok_or_else(|| odd("get")),
        };
        rows.iter().zip(found).map(read).collect()
    }

    fn find(&self, query: &Query) -> Answer<Page> {
        let answer = self.call(3, |out| {
            out.text(query.table.name);
            write_filters(&query.filters, out);
            match query.order {
                Some(column) => out.text(column),
                None => out.raw("null"),
            }
            out.raw(if query.descending { "true" } else { "false" });
            match &query.after {
                None => out.raw("null"),
                Some(cursor) => {
                    out.open();
                    write_value(&cursor.value, out);
                    out.text(&cursor.key.to_string());
                    out.close();
                }
            }
            out.number(query.page_size());
            out.raw(if query.total { "true" } else { "false" });
        })?;
        read_page(query, answer).ok_or_else(|| odd("find"))
    }

    fn count(&self, tally: &Tally) -> Answer<Vec<(Value, u64)>> {
        let answer = self.call(4, |out| {
            out.text(tally.table.name);
            write_filters(&tally.filters, out);
            match tally.by {
                Some(column) => out.text(column),
                None => out.raw("null"),
            }
            match tally.bucket {
                Some(width) => out.text(&width.to_string()),
                None => out.raw("null"),
            }
        })?;
        let read = |value: Val| {
            let mut parts = value.list().ok()?.into_iter();
            Some((read_value(parts.next()?)?, u64::read(parts.next()?).ok()?))
        };
        let counted = answer.list().map_err(|_| odd("count"))?;
        counted.into_iter().map(|value| read(value).ok_or_else(|| odd("count"))).collect()
    }

    fn commit(&self, writes: &[Write]) -> Answer<()> {
        self.call(5, |out| {
            for write in writes {
                write_write(write, out);
            }
        })
        .map(drop)
    }
}

fn write_write(write: &Write, out: &mut Writer) {
    out.open();
    match write {
        Write::Put(row, expect) => {
            out.text("put");
            write_at(&RowRef { table: row.table, key: row.key }, out);
            write_expect(*expect, out);
            out.open();
            for value in &row.values {
                write_value(value, out);
            }
            out.close();
        }
        Write::Delete(row, expect) => {
            out.text("delete");
            write_at(row, out);
            write_expect(*expect, out);
        }
        Write::Require(row, expect) => {
            out.text("require");
            write_at(row, out);
            write_expect(*expect, out);
        }
        Write::Add { counter, by, at_most } => {
            out.text("add");
            out.text(counter.name);
            out.text(&counter.of.to_string());
            out.text(&by.to_string());
            out.text(&at_most.to_string());
        }
    }
    out.close();
}

fn read_page(query: &Query, answer: Val) -> Option<Page> {
    let mut parts = answer.list().ok()?.into_iter();
    let rows = parts.next()?.list().ok()?;
    let rows = rows.into_iter().map(|row| read_row(query.table, row)).collect::<Option<Vec<_>>>()?;
    let next = match parts.next()? {
        Val::Null | Val::Undefined => None,
        cursor => {
            let mut parts = cursor.list().ok()?.into_iter();
            Some(Cursor { value: read_value(parts.next()?)?, key: u64::read(parts.next()?).ok()? })
        }
    };
    let total = match parts.next()? {
        Val::Null | Val::Undefined => None,
        total => Some(u64::read(total).ok()?),
    };
    Some(Page { rows, next, total })
}

//! Questions put to a connection.

use std::collections::HashMap;

use futures_util::future::join_all;

use super::link::Link;
use super::statements::{Catalog, Question};
use super::trouble::Trouble;
use super::values;
use crate::store::schema::{ColumnKind, Table};
use crate::store::{Counter, Cursor, Page, Query, Row, RowRef, StoreError, Tally, Value};

/// Begins a transaction whose statements all see the same moment.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// All rows that are named, each at most once, from one moment; in no order.
pub(super) async fn get(
    link: &Link,
    catalog: &Catalog,
    wanted: impl Iterator<Item = RowRef>,
) -> Result<HashMap<(&'static str, u64), Row>, Trouble> {
    let mut tables: Vec<(&'static Table, Vec<u64>)> = Vec::new();
    for row in wanted {
        match tables.iter_mut().find(|(table, _)| *table == row.table) {
            Some((_, keys)) => keys.push(row.key),
            None => tables.push((row.table, vec![row.key])),
        }
    }
    let mut statements = Vec::with_capacity(tables.len());
    for (table, keys) in &mut tables {
        keys.sort_unstable();
        keys.dedup();
        let statement = link.prepare(&catalog.table(table)?.get).await?;
        statements.push((*table, statement, vec![values::numbers(keys.iter().copied())]));
    }
    let asked = join_all(statements.iter().map(|(_, statement, params)| link.ask(statement, params)));
    let answers = if statements.len() > 1 {
        snapshot(link, asked).await?
    } else {
        link.within(async { Ok(asked.await) }).await?
    };
    let mut found = HashMap::new();
    for ((table, ..), rows) in statements.iter().zip(answers) {
        for row in &rows? {
            let row = values::row(table, row)?;
            found.insert((table.name, row.key), row);
        }
    }
    Ok(found)
}

/// Sends a transaction as a whole and waits once.
async fn snapshot<T>(link: &Link, work: impl Future<Output = T>) -> Result<T, Trouble> {
    let (begun, done, ended) = link
        .within(async { Ok(futures_util::future::join3(link.plain(SNAPSHOT), work, link.plain("COMMIT")).await) })
        .await?;
    // The COMMIT of a transaction that failed ends it just the same.
    begun.and(ended).map(|()| done)
}

pub(super) async fn find(link: &Link, catalog: &Catalog, query: &Query) -> Result<Page, Trouble> {
    catalog.table(query.table)?;
    let page = Question::page(query).of(catalog, query.table);
    let statement = link.prepare(&page.sql).await?;
    let (rows, total) = if query.total {
        let total = Question::total(query).of(catalog, query.table);
        let counting = link.prepare(&total.sql).await?;
        let both = futures_util::future::join(link.ask(&statement, &page.params), link.ask(&counting, &total.params));
        let (rows, total) = snapshot(link, both).await?;
        let total = total?;
        let total = total.first().map_or(Ok(0), |row| values::number(row, 0, query.table.name))?;
        (rows?, Some(total.cast_unsigned()))
    } else {
        (link.within(link.ask(&statement, &page.params)).await?, None)
    };
    let is_more = rows.len() > query.page_size();
    let rows = rows.iter().take(query.page_size()).map(|row| values::row(query.table, row));
    let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
    let next = rows.last().filter(|_| is_more).map(|last| Cursor { value: place(query, last), key: last.key });
    Ok(Page { rows, next, total })
}

/// The row's value in the column of the order.
fn place(query: &Query, row: &Row) -> Value {
    let at = query.order.and_then(|column| query.table.position(column));
    at.and_then(|at| row.values.get(at)).cloned().unwrap_or_default()
}

pub(super) async fn count(link: &Link, catalog: &Catalog, tally: &Tally) -> Result<Vec<(Value, u64)>, Trouble> {
    catalog.table(tally.table)?;
    let column = tally.by.map(|name| tally.table.column(name)).transpose()?;
    let kind = column.map_or(ColumnKind::Int, |(_, column)| column.kind);
    let question = Question::tally(tally).of(catalog, tally.table);
    let rows = link.query(&question.sql, question.params).await?;
    let read = |row: &tokio_postgres::Row| {
        let corrupt = || StoreError::Corrupt { at: tally.table.name.to_owned() };
        let value = values::read(kind, row, 0).ok_or_else(corrupt)?;
        Ok((value, values::number(row, 1, tally.table.name)?.cast_unsigned()))
    };
    rows.iter().map(read).collect()
}

/// How far a counter is.
pub(super) async fn stand(link: &Link, catalog: &Catalog, counter: Counter) -> Result<u64, Trouble> {
    let params: Vec<values::Param<'_>> = vec![Box::new(counter.name), Box::new(counter.of.cast_signed())];
    let found = link.query(&catalog.stand, params).await?;
    let stand = found.first().map_or(Ok(0), |row| values::number(row, 0, "the counters"))?;
    Ok(u64::try_from(stand).map_err(|_| StoreError::Corrupt { at: "the counters".to_owned() })?)
}

/// Takes numbers; the last of them.
pub(super) async fn reserve(link: &Link, catalog: &Catalog, counter: Counter, count: u32) -> Result<u64, Trouble> {
    let params: Vec<values::Param<'_>> =
        vec![Box::new(counter.name), Box::new(counter.of.cast_signed()), Box::new(i64::from(count))];
    let found = link.query(&catalog.reserve, params).await?;
    let Some(row) = found.first() else {
        return Err(StoreError::Backend { reason: format!("the counter {} is used up", counter.name) }.into());
    };
    let last = values::number(row, 0, "the counters")?;
    Ok(u64::try_from(last).map_err(|_| StoreError::Corrupt { at: "the counters".to_owned() })?)
}

//! All rows of a table, one after the other.

use std::collections::VecDeque;

use crate::error::StoreError;
use crate::store::schema::Table;
use crate::store::{Cursor, Query, Row, Store};

/// How many rows of a table are read at once: of CRLs and of what they are made of few, for they are big.
pub(super) fn portion(table: &Table) -> u32 {
    match table.name {
        "crls" => 1,
        "crl_chunks" => 8,
        _ => 1_000,
    }
}

/// A table's rows in the order of their keys.
pub(super) struct Walk<'s> {
    store: &'s dyn Store,
    table: &'static Table,
    rows: VecDeque<Row>,
    /// The last row that was read; `None` before the first.
    after: Option<Cursor>,
    ended: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn new(store: &'s dyn Store, table: &'static Table) -> Self {
        Self { store, table, rows: VecDeque::new(), after: None, ended: false }
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        while self.rows.is_empty() && !self.ended {
            let page = self.store.find(&Query {
                table: self.table,
                filters: Vec::new(),
                order: None,
                descending: false,
                after: self.after.take(),
                limit: portion(self.table),
                total: false,
            })?;
            self.rows = page.rows.into();
            self.ended = page.next.is_none();
            self.after = page.next;
        }
        Ok(())
    }

    /// The key of the row to come, in the order of keys: as the signed number with the same bits.
    pub(super) fn peek(&mut self) -> Result<Option<i64>, StoreError> {
        self.fill()?;
        Ok(self.rows.front().map(|row| row.key.cast_signed()))
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        self.fill()?;
        Ok(self.rows.pop_front())
    }
}

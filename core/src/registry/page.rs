//! Lists, one page at a time, and counts.

use std::fmt::Write as _;

use data_encoding::BASE64URL_NOPAD;

use super::Inner;
use super::driver::View;
use super::tags::Tags;
use crate::Result;
use crate::error::{Error, InputError};
use crate::id::NumberCipher;
use crate::store::record::Record;
use crate::store::schema::Table;
use crate::store::{Cursor, Filter, Match, Query, Store, StoreError, Tally, Value};

/// Which page of a list is wanted.
///
/// ```
/// use tegata::Page;
/// let first = Page::of(50);
/// assert!(first.total);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many records at most; clamped to 1..=10,000.
    pub limit: u32,
    /// Where the page before ended: [`Listing::next`]. `None` for the first.
    pub after: Option<String>,
    /// Whether to count all matches too.
    pub total: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self::of(100)
    }
}

impl Page {
    /// The first `limit` records, with the total.
    pub const fn of(limit: u32) -> Self {
        Self { limit, after: None, total: true }
    }

    /// The page that follows one which ended with `cursor`.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }
}

/// One page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The records, in order.
    pub items: Vec<T>,
    /// What to ask for next; `None` after the last page.
    pub next: Option<String>,
    /// How many records match in all, if that was asked for (NEC-33).
    pub total: Option<u64>,
}

impl<T> Listing<T> {
    /// The same page with each record as `f` turns it, without those for which it answers `None`.
    #[must_use]
    pub fn filter_map<U>(self, f: impl FnMut(T) -> Option<U>) -> Listing<U> {
        Listing { items: self.items.into_iter().filter_map(f).collect(), next: self.next, total: self.total }
    }
}

/// How a text must compare.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text {
    /// Exactly so.
    Is(String),
    /// Beginning so.
    StartsWith(String),
    /// With this somewhere.
    Contains(String),
}

impl Text {
    pub(super) fn into_match(self) -> Match {
        match self {
            Self::Is(text) => Match::Eq(Value::Text(text)),
            Self::StartsWith(text) => Match::Prefix(text),
            Self::Contains(text) => Match::Contains(text),
        }
    }
}

/// A list's order and filters, as the store takes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) filters: Vec<Filter>,
    pub(super) order: Option<&'static str>,
    pub(super) descending: bool,
}

impl Wanted {
    pub(super) fn and(&mut self, column: &'static str, is: Match) {
        self.filters.push(Filter { column, is });
    }

    /// In the order of names, those that match `name` if it is given.
    pub(super) fn by_name(name: Option<&Text>) -> Self {
        let mut wanted = Self { order: Some("name"), ..Self::default() };
        if let Some(name) = name {
            wanted.and("name", name.clone().into_match());
        }
        wanted
    }

    /// Whether a record with these columns is among what is wanted.
    pub(super) fn passes<T: Record>(&self, values: &[Value]) -> bool {
        self.filters.iter().all(|filter| {
            let value = T::TABLE.position(filter.column).and_then(|at| values.get(at));
            value.is_some_and(|value| filter.passes(value))
        })
    }

    pub(super) fn eq(mut self, column: &'static str, value: Value) -> Self {
        self.and(column, Match::Eq(value));
        self
    }
}

/// What a cursor is a place in: a table in an order and a direction. Filters may differ, since some of them follow the clock.
fn place(table: &Table, order: Option<&str>, descending: bool, value: &str, tags: &Tags) -> u64 {
    let order = order.unwrap_or_default();
    let direction: &[u8] = if descending { b"down" } else { b"up" };
    tags.digest("cursor", &[table.name.as_bytes(), order.as_bytes(), direction, value.as_bytes()]).0
}

/// Only the registry that wrote a cursor can read it, for the list that it comes from; it shows no record number.
pub(super) fn write_cursor(cursor: &Cursor, place: impl Fn(&str) -> u64, ids: &NumberCipher) -> String {
    let mut text = String::new();
    match &cursor.value {
        Value::Null => text.push('n'),
        Value::Int(number) => _ = write!(text, "i{number}"),
        Value::Text(t) => _ = write!(text, "t{}", BASE64URL_NOPAD.encode(t.as_bytes())),
        Value::Bytes(b) => _ = write!(text, "b{}", BASE64URL_NOPAD.encode(b)),
    }
    let key = ids.cursor_block(cursor.key, place(&text));
    format!("{}.{text}", BASE64URL_NOPAD.encode(&key))
}

pub(super) fn read_cursor(text: &str, place: impl Fn(&str) -> u64, ids: &NumberCipher) -> Result<Cursor> {
    let parse = || {
        let (key, value) = text.split_once('.')?;
        let key = ids.open_cursor_block(BASE64URL_NOPAD.decode(key.as_bytes()).ok()?.try_into().ok()?, place(value))?;
        let rest = value.get(1..)?;
        let bytes = || BASE64URL_NOPAD.decode(rest.as_bytes()).ok();
        let value = match value.as_bytes().first()? {
            b'n' => Value::Null,
            b'i' => Value::Int(rest.parse().ok()?),
            b't' => Value::Text(String::from_utf8(bytes()?).ok()?),
            b'b' => Value::Bytes(bytes()?),
            _ => return None,
        };
        Some(Cursor { value, key })
    };
    parse().ok_or_else(|| InputError::PageCursor.into())
}

/// How many rows a table has.
pub(super) fn rows_in(store: &dyn Store, table: &'static Table) -> Result<u64, StoreError> {
    let counts = store.count(&Tally { table, filters: Vec::new(), by: None, bucket: None })?;
    Ok(counts.first().map_or(0, |(_, count)| *count))
}

impl Inner {
    /// The digest of a list with a cursor's value, for [`read_cursor`] and [`write_cursor`].
    pub(super) fn place<'s>(&'s self, table: &'static Table, wanted: &Wanted) -> impl Fn(&str) -> u64 + Copy + use<'s> {
        let (order, descending) = (wanted.order, wanted.descending);
        move |value| place(table, order, descending, value, &self.tags)
    }

    /// One page of the records that `wanted` describes.
    pub(super) fn list<T: Record>(&self, wanted: Wanted, page: &Page) -> Result<Listing<T>> {
        let place = self.place(T::TABLE, &wanted);
        let after = page.after.as_deref().map(|text| read_cursor(text, place, &self.ids)).transpose()?;
        let found = self.store()?.find(&Query {
            table: T::TABLE,
            filters: wanted.filters,
            order: wanted.order,
            descending: wanted.descending,
            after,
            limit: page.limit,
            total: page.total,
        })?;
        Ok(Listing {
            items: found.rows.into_iter().map(|row| T::read(row, &self.ids)).collect::<Result<_, _>>()?,
            next: found.next.map(|cursor| write_cursor(&cursor, place, &self.ids)),
            total: found.total,
        })
    }

    /// Calls `each` with every record that `wanted` describes, page by page.
    pub(super) fn scan<T: Record>(
        &self,
        wanted: &Wanted,
        mut each: impl FnMut(crate::store::record::Stored<T>) -> Result<()>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let found = self.store()?.find(&Query {
                table: T::TABLE,
                filters: wanted.filters.clone(),
                order: wanted.order,
                descending: wanted.descending,
                after,
                limit: 1_000,
                total: false,
            })?;
            for row in found.rows {
                let version = row.version;
                each(crate::store::record::Stored { version, record: T::read(row, &self.ids)? })?;
            }
            match found.next {
                Some(cursor) => after = Some(cursor),
                None => return Ok(()),
            }
        }
    }

    /// How many records have which value in column `by`.
    pub(super) fn tally<T: Record>(
        &self,
        wanted: Wanted,
        by: Option<&'static str>,
        bucket: Option<i64>,
    ) -> Result<Vec<(Value, u64)>> {
        Ok(self.store()?.count(&Tally { table: T::TABLE, filters: wanted.filters, by, bucket })?)
    }
}

impl Inner {
    /// The first record that `wanted` describes.
    pub(super) fn first<T: Record>(&self, wanted: Wanted) -> Result<Option<T>> {
        let page = Page { limit: 1, after: None, total: false };
        Ok(self.list::<T>(wanted, &page)?.items.pop())
    }

    /// The record with the highest key.
    pub(super) fn last<T: Record>(&self) -> Result<Option<T>> {
        self.first(Wanted { descending: true, ..Wanted::default() })
    }
}

impl View<'_> {
    /// After a conflict: whether it was about the name of the record with number `own`. At first nobody looks, since the
    /// store keeps names unique.
    pub(super) fn check_name_free<T: Record>(&self, name: &str, own: u64, taken: impl Into<Error>) -> Result<()> {
        if self.attempt == 0 {
            return Ok(());
        }
        let named = Wanted::default().eq("name", Value::Text(name.to_owned()));
        match self.registry.first::<T>(named)? {
            Some(other) if other.key(&self.registry.ids)? != own => Err(taken.into()),
            _ => Ok(()),
        }
    }
}

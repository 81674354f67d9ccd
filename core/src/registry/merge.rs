//! One list over the tables of certificates, symmetric keys, pre-shared keys and CRLs, with one cursor.

use super::Inner;
use super::due::{DueItem, DueKind};
use super::page::{Listing, Page, Wanted, read_cursor, write_cursor};
use crate::Result;
use crate::error::{Error, InputError};
use crate::model::{Certificate, CredentialKind, CrlList, Psk, SymmetricKey};
use crate::store::record::Record;
use crate::store::schema::Table;
use crate::store::{Cursor, Query, Row, Value};

/// The rows of one table that take part in a merged list.
pub(super) struct Source {
    pub(super) kind: DueKind,
    pub(super) wanted: Wanted,
}

/// Where a row stands in a merged list: what it is ordered by, then its source, then its key.
type Place = (i64, usize, i64);

pub(super) const fn table_of(kind: CredentialKind) -> &'static Table {
    match kind {
        CredentialKind::Certificate => Certificate::TABLE,
        CredentialKind::Key => SymmetricKey::TABLE,
        CredentialKind::Psk => Psk::TABLE,
    }
}

/// What of a source comes on a page and those after it.
enum Rest {
    All,
    After(Cursor),
    Nothing,
}

impl Source {
    pub(super) fn table(&self) -> &'static Table {
        match self.kind {
            DueKind::Certificate => Certificate::TABLE,
            DueKind::Key => SymmetricKey::TABLE,
            DueKind::Psk => Psk::TABLE,
            DueKind::Crl => CrlList::TABLE,
        }
    }

    /// Where this source, the one at `own`, goes on when the list ended at `end`.
    fn rest(&self, own: usize, end: Option<Place>) -> Rest {
        let Some((value, source, key)) = end else { return Rest::All };
        let key = match own.cmp(&source) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => key,
            std::cmp::Ordering::Greater => i64::MIN,
        };
        match self.wanted.order {
            Some(_) => Rest::After(Cursor { value: Value::Int(value), key: key.cast_unsigned() }),
            None if own < source => Rest::Nothing,
            None if own > source => Rest::All,
            None => Rest::After(Cursor { value: Value::Null, key: key.cast_unsigned() }),
        }
    }

    fn place(&self, own: usize, row: &Row) -> Place {
        let at = self.wanted.order.and_then(|order| self.table().position(order));
        let value = match at.and_then(|at| row.values.get(at)) {
            Some(Value::Int(value)) => *value,
            _ => 0,
        };
        (value, own, row.key.cast_signed())
    }
}

/// The end of a page as text, and back; [`write_cursor`] hides the row's key.
fn cursor_of((value, source, key): Place) -> Cursor {
    Cursor { value: Value::Text(format!("{value}.{source}")), key: key.cast_unsigned() }
}

fn place_of(cursor: &Cursor) -> Option<Place> {
    let Value::Text(text) = &cursor.value else { return None };
    let (value, source) = text.split_once('.')?;
    Some((value.parse().ok()?, source.parse().ok()?, cursor.key.cast_signed()))
}

impl Inner {
    /// One page of the rows of all `sources`, which have the same order, ascending: by a column of numbers, or one
    /// source after the other. `list` names the list, so that a cursor of another one is refused.
    pub(super) fn merge(&self, list: &str, sources: &[Source], page: &Page) -> Result<Listing<DueItem>> {
        let place = |value: &str| self.tags.digest("cursor", &[b"merged", list.as_bytes(), value.as_bytes()]).0;
        let end = match page.after.as_deref() {
            Some(text) => {
                let cursor = read_cursor(text, place, &self.ids)?;
                Some(place_of(&cursor).ok_or(InputError::PageCursor)?)
            }
            None => None,
        };
        let limit_of_page = page.limit.max(1);
        let mut total = 0_u64;
        let mut found: Vec<(Place, Row)> = Vec::new();
        let mut more = false;
        for (own, source) in sources.iter().enumerate() {
            // Of a source that came before, only the count is of interest.
            let (after, limit) = match source.rest(own, end) {
                Rest::All => (None, limit_of_page),
                Rest::After(cursor) => (Some(cursor), limit_of_page),
                Rest::Nothing if page.total => (None, 0),
                Rest::Nothing => continue,
            };
            let result = self.store()?.find(&Query {
                table: source.table(),
                filters: source.wanted.filters.clone(),
                order: source.wanted.order,
                descending: false,
                after,
                limit: limit.max(1),
                total: page.total,
            })?;
            total = total.saturating_add(result.total.unwrap_or(0));
            if limit > 0 {
                more |= result.next.is_some();
                found.extend(result.rows.into_iter().map(|row| (source.place(own, &row), row)));
            }
        }
        found.sort_unstable_by_key(|(place, _)| *place);
        let limit = usize::try_from(page.limit.clamp(1, crate::store::MAX_PAGE)).unwrap_or(1);
        more |= found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(end, _)| write_cursor(&cursor_of(*end), place, &self.ids));
        let items = found.into_iter().map(|((_, source, _), row)| self.item(sources, source, row));
        Ok(Listing { items: items.collect::<Result<_>>()?, next, total: page.total.then_some(total) })
    }

    fn item(&self, sources: &[Source], source: usize, row: Row) -> Result<DueItem> {
        let source = sources.get(source).ok_or_else(|| Error::defect("a row of no source"))?;
        Ok(match source.kind {
            DueKind::Certificate => DueItem::Certificate(Certificate::read(row, &self.ids)?),
            DueKind::Key => DueItem::Key(SymmetricKey::read(row, &self.ids)?),
            DueKind::Psk => DueItem::Psk(Psk::read(row, &self.ids)?),
            DueKind::Crl => DueItem::Crl(CrlList::read(row, &self.ids)?.shown()),
        })
    }
}

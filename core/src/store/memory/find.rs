//! Questions about the rows of one table.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::index::{Bounds, stretches};
use super::rows::{Kept, Rows};
use crate::store::check::bucket_of;
use crate::store::{Cursor, Filter, Page, Query, StoreError, Tally, Value};

/// Up to how many rows a filter's index is walked to find out whether it is the shorter way.
const PROBE: usize = 1024;

type Found<'a> = (i64, &'a Kept);

/// The rows that a query or tally is about.
struct Search<'a> {
    rows: &'a Rows,
    /// Each with the position of its column.
    filters: Vec<(usize, &'a Filter)>,
    /// The position of the column that orders.
    order: Option<usize>,
}

impl<'a> Search<'a> {
    fn new(rows: &'a Rows, filters: &'a [Filter], order: Option<&str>) -> Result<Self, StoreError> {
        let order = order.map(|name| rows.table.column(name)).transpose()?.map(|(at, _)| at);
        let filters = filters.iter().map(|filter| Ok((rows.table.column(filter.column)?.0, filter)));
        Ok(Self { rows, filters: filters.collect::<Result<_, StoreError>>()?, order })
    }

    fn passes(&self, kept: &Kept) -> bool {
        self.filters.iter().all(|(at, filter)| kept.values.get(*at).is_some_and(|value| filter.passes(value)))
    }

    fn look_up(&self, key: i64) -> Option<Found<'a>> {
        self.rows.by_key.get(&key).map(|kept| (key, kept)).filter(|(_, kept)| self.passes(kept))
    }

    /// Where the row stands in the order, if it does.
    fn place(&self, (key, kept): Found<'_>) -> Option<(Value, i64)> {
        match self.order {
            Some(at) => kept.values.get(at).filter(|v| **v != Value::Null).map(|value| (value.clone(), key)),
            None => Some((Value::Null, key)),
        }
    }

    /// The keys that the most selective indexed filter leaves, when they are few.
    fn short_way(&self) -> Option<Vec<i64>> {
        let mut best: Option<Vec<i64>> = None;
        for (at, filter) in &self.filters {
            let (Some(ordering), Some(stretches)) = (self.rows.ordering(*at), stretches(&filter.is)) else { continue };
            let enough = best.as_ref().map_or(PROBE, Vec::len);
            let entries = stretches.iter().flat_map(|bounds| ordering.walk(bounds));
            let keys: Vec<i64> = entries.map(|(_, key)| key).take(enough).collect();
            if keys.len() < enough {
                best = Some(keys);
            }
        }
        best
    }

    /// All rows, in no order.
    fn all(&self) -> Box<dyn Iterator<Item = Found<'a>> + '_> {
        if let Some(keys) = self.short_way() {
            return Box::new(keys.into_iter().filter_map(|key| self.look_up(key)));
        }
        let rows = self.rows.by_key.iter().map(|(key, kept)| (*key, kept));
        Box::new(rows.filter(|(_, kept)| self.passes(kept)))
    }

    /// Up to `limit` rows after the cursor, in order, when few come into question.
    fn sort(&self, keys: Vec<i64>, after: Option<&(Value, i64)>, descending: bool, limit: usize) -> Vec<Found<'a>> {
        let rows = keys.into_iter().filter_map(|key| self.look_up(key));
        let mut placed: Vec<_> = rows.filter_map(|found| Some((self.place(found)?, found))).collect();
        placed.retain(|(place, _)| after.is_none_or(|after| if descending { place < after } else { place > after }));
        placed.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
        placed.into_iter().map(|(_, found)| found).take(limit).collect()
    }

    /// Up to `limit` rows after the cursor, found by walking in the order.
    fn walk(&self, after: Option<(Value, i64)>, descending: bool, limit: usize) -> Vec<Found<'a>> {
        let bounds = match after {
            Some(after) if descending => (Bound::Unbounded, Bound::Excluded(after)),
            Some(after) => (Bound::Excluded(after), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        if let Some(ordering) = self.order.and_then(|at| self.rows.ordering(at)) {
            let bounds = self.narrow(bounds);
            let entries = ordering.walk(&bounds).map(|(_, key)| key);
            let keys: Box<dyn Iterator<Item = i64>> =
                if descending { Box::new(entries.rev()) } else { Box::new(entries) };
            keys.filter_map(|key| self.look_up(key)).take(limit).collect()
        } else {
            let rows = self.rows.by_key.range((key(&bounds.0), key(&bounds.1))).map(|(key, kept)| (*key, kept));
            let rows: Box<dyn Iterator<Item = Found<'a>>> =
                if descending { Box::new(rows.rev()) } else { Box::new(rows) };
            rows.filter(|(_, kept)| self.passes(kept)).take(limit).collect()
        }
    }

    /// `bounds` with open ends closed by what a filter on the very column of the order allows.
    fn narrow(&self, mut bounds: Bounds) -> Bounds {
        let on_order = self.filters.iter().filter(|(at, _)| Some(*at) == self.order);
        for stretches in on_order.filter_map(|(_, filter)| stretches(&filter.is)) {
            let [(from, to)] = stretches.as_slice() else { continue };
            if bounds.0 == Bound::Unbounded {
                bounds.0 = from.clone();
            }
            if bounds.1 == Bound::Unbounded {
                bounds.1 = to.clone();
            }
        }
        bounds
    }
}

fn key(bound: &Bound<(Value, i64)>) -> Bound<i64> {
    bound.as_ref().map(|(_, key)| *key)
}

impl Rows {
    pub(super) fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let search = Search::new(self, &query.filters, query.order)?;
        let after = query.after.as_ref().map(|cursor| (cursor.value.clone(), cursor.key.cast_signed()));
        let limit = query.page_size();
        // One row more tells whether there is a next page.
        let mut found = match search.short_way() {
            Some(keys) => search.sort(keys, after.as_ref(), query.descending, limit + 1),
            None => search.walk(after, query.descending, limit + 1),
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more).and_then(|last| search.place(*last));
        let next = last.map(|(value, key)| Cursor { value, key: key.cast_unsigned() });
        let total =
            query.total.then(|| search.all().filter(|found| search.place(*found).is_some()).map(|_| 1_u64).sum());
        Ok(Page { rows: found.into_iter().map(|(key, kept)| self.row(key, kept)).collect(), next, total })
    }

    pub(super) fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        let search = Search::new(self, &tally.filters, None)?;
        let Some(by) = tally.by else {
            return Ok(vec![(Value::Null, search.all().map(|_| 1_u64).sum())]);
        };
        let (at, _) = self.table.column(by)?;
        let mut counts = BTreeMap::<Value, u64>::new();
        for value in search.all().filter_map(|(_, kept)| kept.values.get(at)) {
            let value = match (value, tally.bucket) {
                (Value::Int(value), Some(width)) => Value::Int(bucket_of(*value, width)),
                (value, _) => value.clone(),
            };
            *counts.entry(value).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }
}

//! A store in memory: for tests, for scripts that forget, and the yardstick for what storing costs.

use std::collections::btree_map::{self, BTreeMap};
use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, Range};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::check::{after_prefix, bucket_of};
use super::schema::{Schema, Table};
use super::{Counter, Cursor, Expect, Filter, Match, Page, Query, Row, RowRef, Store, StoreError, Tally, Value, Write};

/// Up to how many rows a filter's index is walked to find out whether it is the shorter way.
const PROBE: usize = 1024;

/// Keeps everything in ordered maps behind one lock; forgets it when dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: RwLock<Inner>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // A lock is poisoned only if a commit panicked half-way; what it left behind must not be served.
    fn read(&self) -> Result<RwLockReadGuard<'_, Inner>, StoreError> {
        self.inner.read().map_err(|_| StoreError::Closed)
    }

    fn write(&self) -> Result<RwLockWriteGuard<'_, Inner>, StoreError> {
        self.inner.write().map_err(|_| StoreError::Closed)
    }
}

#[derive(Debug, Default)]
struct Inner {
    version: u32,
    tables: HashMap<&'static str, Rows>,
    counters: BTreeMap<Counter, u64>,
}

/// The rows of one table with their indexes.
#[derive(Debug)]
struct Rows {
    table: &'static Table,
    rows: BTreeMap<i64, Kept>,
    /// Which column, and its values in order.
    indexes: Vec<(usize, Ordering)>,
}

#[derive(Debug)]
struct Kept {
    version: u64,
    values: Vec<Value>,
}

#[derive(Debug)]
enum Ordering {
    Repeating(BTreeSet<(Value, i64)>),
    Unique(BTreeMap<Value, i64>),
}

type Bounds = (Bound<(Value, i64)>, Bound<(Value, i64)>);

impl Ordering {
    fn insert(&mut self, value: Value, key: i64) {
        match self {
            Self::Repeating(set) => drop(set.insert((value, key))),
            Self::Unique(map) => drop(map.insert(value, key)),
        }
    }

    fn remove(&mut self, value: &Value, key: i64) {
        match self {
            Self::Repeating(set) => drop(set.remove(&(value.clone(), key))),
            Self::Unique(map) => drop(map.remove(value)),
        }
    }

    /// The entries within `bounds`, in order.
    fn walk<'a>(&'a self, bounds: &'a Bounds) -> Box<dyn DoubleEndedIterator<Item = (&'a Value, i64)> + 'a> {
        if is_empty(bounds) {
            return Box::new(std::iter::empty());
        }
        match self {
            Self::Repeating(set) => Box::new(set.range((bounds.0.as_ref(), bounds.1.as_ref())).map(|(v, k)| (v, *k))),
            Self::Unique(map) => {
                // One key per value: walk the values, then see that the pair lies within.
                let value = |bound: &'a Bound<(Value, i64)>| match bound {
                    Bound::Included((value, _)) | Bound::Excluded((value, _)) => Bound::Included(value),
                    Bound::Unbounded => Bound::Unbounded,
                };
                let pairs = map.range::<Value, _>((value(&bounds.0), value(&bounds.1)));
                Box::new(pairs.map(|(v, k)| (v, *k)).filter(|(v, k)| within(bounds, v, *k)))
            }
        }
    }
}

fn is_empty((from, to): &Bounds) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
        _ => false,
    }
}

fn within(bounds: &Bounds, value: &Value, key: i64) -> bool {
    let from = match &bounds.0 {
        Bound::Included((v, k)) => (value, key) >= (v, *k),
        Bound::Excluded((v, k)) => (value, key) > (v, *k),
        Bound::Unbounded => true,
    };
    from && match &bounds.1 {
        Bound::Included((v, k)) => (value, key) <= (v, *k),
        Bound::Excluded((v, k)) => (value, key) < (v, *k),
        Bound::Unbounded => true,
    }
}

/// The stretches of an index that can hold what `is` matches; `None` when it can be anywhere or is not in the index.
fn stretches(is: &Match) -> Option<Vec<Bounds>> {
    let one = |value: &Value| (Bound::Included((value.clone(), i64::MIN)), Bound::Included((value.clone(), i64::MAX)));
    let from = |value: Value| Bound::Included((value, i64::MIN));
    let to = |value: Option<Value>| value.map_or(Bound::Unbounded, |v| Bound::Excluded((v, i64::MIN)));
    match is {
        Match::Eq(Value::Null) | Match::Contains(_) => None,
        Match::Eq(value) => Some(vec![one(value)]),
        Match::In(values) => {
            let values: BTreeSet<&Value> = values.iter().filter(|v| **v != Value::Null).collect();
            Some(values.into_iter().map(one).collect())
        }
        Match::Range { from: first, to: end } => {
            Some(vec![(first.clone().map_or(Bound::Unbounded, from), to(end.clone()))])
        }
        Match::Prefix(prefix) => {
            Some(vec![(from(Value::Text(prefix.clone())), to(after_prefix(prefix).map(Value::Text)))])
        }
    }
}

impl Rows {
    fn new(table: &'static Table) -> Self {
        let mut rows = Self { table, rows: BTreeMap::new(), indexes: Vec::new() };
        rows.index();
        rows
    }

    /// Makes the indexes that the declaration asks for from the rows that are there.
    fn index(&mut self) {
        self.indexes.clear();
        for (at, column) in self.table.columns.iter().enumerate().filter(|(_, c)| c.index.is_ordered()) {
            let mut ordering = if column.index.is_unique() {
                Ordering::Unique(BTreeMap::new())
            } else {
                Ordering::Repeating(BTreeSet::new())
            };
            for (key, kept) in &self.rows {
                if let Some(value) = kept.values.get(at).filter(|v| **v != Value::Null) {
                    ordering.insert(value.clone(), *key);
                }
            }
            self.indexes.push((at, ordering));
        }
    }

    fn ordering(&self, column: usize) -> Option<&Ordering> {
        self.indexes.iter().find(|(at, _)| *at == column).map(|(_, ordering)| ordering)
    }

    /// Puts `new` where `key` points, or nothing, and answers with what was there.
    fn replace(&mut self, key: i64, new: Option<Kept>) -> Option<Kept> {
        let entry = self.rows.entry(key);
        let old = match &entry {
            btree_map::Entry::Occupied(entry) => Some(entry.get()),
            btree_map::Entry::Vacant(_) => None,
        };
        for (at, ordering) in &mut self.indexes {
            let value = |kept: &'_ Option<&Kept>| -> Option<Value> {
                kept.and_then(|k| k.values.get(*at)).filter(|v| **v != Value::Null).cloned()
            };
            let (before, after) = (value(&old), value(&new.as_ref()));
            if before != after {
                if let Some(before) = before {
                    ordering.remove(&before, key);
                }
                if let Some(after) = after {
                    ordering.insert(after, key);
                }
            }
        }
        match (entry, new) {
            (btree_map::Entry::Occupied(mut entry), Some(new)) => Some(entry.insert(new)),
            (btree_map::Entry::Occupied(entry), None) => Some(entry.remove()),
            (btree_map::Entry::Vacant(entry), Some(new)) => {
                entry.insert(new);
                None
            }
            (btree_map::Entry::Vacant(_), None) => None,
        }
    }

    /// Whether `row` may stand beside all others, as far as unique columns go.
    fn is_unique(&self, key: i64, values: &[Value]) -> bool {
        self.indexes.iter().all(|(at, ordering)| match (ordering, values.get(*at)) {
            (Ordering::Unique(map), Some(value)) => map.get(value).is_none_or(|holder| *holder == key),
            _ => true,
        })
    }

    fn meets(&self, key: i64, expect: Expect) -> bool {
        let version = self.rows.get(&key).map(|kept| kept.version);
        match expect {
            Expect::Any => true,
            Expect::Absent => version.is_none(),
            Expect::Version(wanted) => version == Some(wanted),
        }
    }

    fn row(&self, key: i64, kept: &Kept) -> Row {
        Row { table: self.table, key: key.cast_unsigned(), version: kept.version, values: kept.values.clone() }
    }

    /// The keys and rows that pass every filter, by the shortest way there is, in no order.
    fn matching<'a>(&'a self, tests: &'a [(usize, &'a Filter)]) -> Box<dyn Iterator<Item = (i64, &'a Kept)> + 'a> {
        match self.short_way(tests) {
            Some(keys) => {
                let rows = keys.into_iter().filter_map(|key| Some((key, self.rows.get(&key)?)));
                Box::new(rows.filter(|(_, kept)| passes(tests, kept)))
            }
            None => Box::new(self.rows.iter().map(|(k, kept)| (*k, kept)).filter(|(_, kept)| passes(tests, kept))),
        }
    }

    /// The keys that the most selective indexed filter leaves, when they are few.
    fn short_way(&self, tests: &[(usize, &Filter)]) -> Option<Vec<i64>> {
        let mut best: Option<Vec<i64>> = None;
        for (at, filter) in tests {
            let (Some(ordering), Some(stretches)) = (self.ordering(*at), stretches(&filter.is)) else { continue };
            let enough = best.as_ref().map_or(PROBE, Vec::len);
            let keys: Vec<i64> =
                stretches.iter().flat_map(|bounds| ordering.walk(bounds)).map(|(_, k)| k).take(enough).collect();
            if keys.len() < enough {
                best = Some(keys);
            }
        }
        best
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        let tests = tests(self.table, &query.filters)?;
        let order = query.order.map(|name| self.table.column(name)).transpose()?.map(|(at, _)| at);
        let place = |key: i64, kept: &Kept| match order {
            Some(at) => kept.values.get(at).filter(|v| **v != Value::Null).map(|v| (v.clone(), key)),
            None => Some((Value::Null, key)),
        };
        let after = query.after.as_ref().map(|cursor| (cursor.value.clone(), cursor.key.cast_signed()));
        let limit = query.page_size();

        let mut found: Vec<(i64, &Kept)> = if let Some(keys) = self.short_way(&tests) {
            let rows = keys.into_iter().filter_map(|key| Some((key, self.rows.get(&key)?)));
            let mut placed: Vec<_> = rows
                .filter(|(_, kept)| passes(&tests, kept))
                .filter_map(|(key, kept)| Some((place(key, kept)?, kept)))
                .filter(|(at, _)| match &after {
                    Some(after) if query.descending => at < after,
                    Some(after) => at > after,
                    None => true,
                })
                .collect();
            placed.sort_by(|(a, _), (b, _)| if query.descending { b.cmp(a) } else { a.cmp(b) });
            placed.into_iter().map(|((_, key), kept)| (key, kept)).take(limit + 1).collect()
        } else {
            let bounds = match after {
                Some(after) if query.descending => (Bound::Unbounded, Bound::Excluded(after)),
                Some(after) => (Bound::Excluded(after), Bound::Unbounded),
                None => (Bound::Unbounded, Bound::Unbounded),
            };
            let walk: Box<dyn Iterator<Item = (i64, &Kept)>> = match order.and_then(|at| self.ordering(at)) {
                Some(ordering) => {
                    let bounds = narrowed(bounds, order, &tests);
                    let keys: Vec<i64> = {
                        let entries = ordering.walk(&bounds);
                        let entries: Box<dyn Iterator<Item = _>> =
                            if query.descending { Box::new(entries.rev()) } else { Box::new(entries) };
                        let rows = entries.filter_map(|(_, key)| Some((key, self.rows.get(&key)?)));
                        rows.filter(|(_, kept)| passes(&tests, kept)).map(|(k, _)| k).take(limit + 1).collect()
                    };
                    Box::new(keys.into_iter().filter_map(|key| Some((key, self.rows.get(&key)?))))
                }
                None => {
                    let bounds = (key_bound(&bounds.0), key_bound(&bounds.1));
                    let rows = self.rows.range(bounds).map(|(key, kept)| (*key, kept));
                    if query.descending { Box::new(rows.rev()) } else { Box::new(rows) }
                }
            };
            walk.filter(|(_, kept)| passes(&tests, kept)).take(limit + 1).collect()
        };

        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).and_then(|(key, kept)| {
            let (value, key) = place(*key, kept)?;
            Some(Cursor { value, key: key.cast_unsigned() })
        });
        let total = query
            .total
            .then(|| self.matching(&tests).filter(|(key, kept)| place(*key, kept).is_some()).map(|_| 1_u64).sum());
        Ok(Page { rows: found.into_iter().map(|(key, kept)| self.row(key, kept)).collect(), next, total })
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        let tests = tests(self.table, &tally.filters)?;
        let Some(by) = tally.by else {
            let total = self.matching(&tests).map(|_| 1_u64).sum();
            return Ok(vec![(Value::Null, total)]);
        };
        let (at, _) = self.table.column(by)?;
        let mut counts = BTreeMap::<Value, u64>::new();
        for value in self.matching(&tests).filter_map(|(_, kept)| kept.values.get(at)) {
            let value = match (value, tally.bucket) {
                (Value::Int(value), Some(width)) => Value::Int(bucket_of(*value, width)),
                (value, _) => value.clone(),
            };
            *counts.entry(value).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }
}

fn tests<'a>(table: &Table, filters: &'a [Filter]) -> Result<Vec<(usize, &'a Filter)>, StoreError> {
    filters.iter().map(|filter| Ok((table.column(filter.column)?.0, filter))).collect()
}

fn passes(tests: &[(usize, &Filter)], kept: &Kept) -> bool {
    tests.iter().all(|(at, filter)| kept.values.get(*at).is_some_and(|value| filter.passes(value)))
}

fn key_bound(bound: &Bound<(Value, i64)>) -> Bound<i64> {
    match bound {
        Bound::Included((_, key)) => Bound::Included(*key),
        Bound::Excluded((_, key)) => Bound::Excluded(*key),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// `bounds` with open ends closed by what a filter on the very column of the order allows.
fn narrowed(mut bounds: Bounds, order: Option<usize>, tests: &[(usize, &Filter)]) -> Bounds {
    let on_order = tests.iter().filter(|(at, _)| Some(*at) == order);
    for stretches in on_order.filter_map(|(_, filter)| stretches(&filter.is)) {
        if let [(from, to)] = stretches.as_slice() {
            if let (Bound::Unbounded, from) = (&bounds.0, from) {
                bounds.0 = from.clone();
            }
            if let (Bound::Unbounded, to) = (&bounds.1, to) {
                bounds.1 = to.clone();
            }
        }
    }
    bounds
}

/// What a write replaced, to be put back when a later one of the same commit conflicts.
enum Undo {
    Row(&'static str, i64, Option<Kept>),
    Counter(Counter, Option<u64>),
}

impl Inner {
    fn rows(&self, table: &Table) -> Result<&Rows, StoreError> {
        self.tables.get(table.name).filter(|rows| is_same(rows.table, table)).ok_or_else(|| unknown(table))
    }

    fn rows_mut(&mut self, table: &Table) -> Result<&mut Rows, StoreError> {
        self.tables.get_mut(table.name).filter(|rows| is_same(rows.table, table)).ok_or_else(|| unknown(table))
    }

    fn apply(&mut self, at: usize, write: &Write) -> Result<Option<Undo>, StoreError> {
        let conflict = StoreError::Conflict { write: at };
        match write {
            Write::Put(row, expect) => {
                let key = row.key.cast_signed();
                let rows = self.rows_mut(row.table)?;
                if !rows.meets(key, *expect) || !rows.is_unique(key, &row.values) {
                    return Err(conflict);
                }
                let version = rows.rows.get(&key).map_or(1, |kept| kept.version.saturating_add(1));
                let old = rows.replace(key, Some(Kept { version, values: row.values.clone() }));
                Ok(Some(Undo::Row(row.table.name, key, old)))
            }
            Write::Delete(row, expect) => {
                let key = row.key.cast_signed();
                let rows = self.rows_mut(row.table)?;
                if !rows.meets(key, *expect) {
                    return Err(conflict);
                }
                Ok(rows.replace(key, None).map(|old| Undo::Row(row.table.name, key, Some(old))))
            }
            Write::Require(row, expect) => {
                if self.rows(row.table)?.meets(row.key.cast_signed(), *expect) {
                    Ok(None)
                } else {
                    Err(conflict)
                }
            }
            Write::Add { counter, by, at_most } => {
                let old = self.counters.get(counter).copied();
                let limit = (*at_most).min(i64::MAX.unsigned_abs());
                let new = old.unwrap_or(0).checked_add_signed(*by).filter(|new| *new <= limit).ok_or(conflict)?;
                self.counters.insert(*counter, new);
                Ok(Some(Undo::Counter(*counter, old)))
            }
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Row(table, key, old) => {
                if let Some(rows) = self.tables.get_mut(table) {
                    rows.replace(key, old);
                }
            }
            Undo::Counter(counter, Some(old)) => drop(self.counters.insert(counter, old)),
            Undo::Counter(counter, None) => drop(self.counters.remove(&counter)),
        }
    }
}

fn is_same(a: &Table, b: &Table) -> bool {
    std::ptr::eq(a, b) || a.columns == b.columns
}

fn unknown(table: &Table) -> StoreError {
    StoreError::InvalidQuery { reason: format!("this store has no such table {}; migrate it first", table.name) }
}

impl Store for MemoryStore {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        schema.check()?;
        let mut inner = self.write()?;
        if inner.version > schema.version {
            return Err(StoreError::Schema { found: inner.version, supported: schema.version });
        }
        for table in schema.tables {
            let rows = inner.tables.entry(table.name).or_insert_with(|| Rows::new(table));
            if !std::ptr::eq(rows.table, *table) {
                // Columns may have been added in between: bring every row to the new declaration.
                let old = std::mem::replace(&mut rows.table, table);
                for kept in rows.rows.values_mut() {
                    let mut values = std::mem::take(&mut kept.values);
                    let value = |c: &super::schema::Column| {
                        let at = old.position(c.name)?;
                        values.get_mut(at).map(std::mem::take)
                    };
                    kept.values = table.columns.iter().map(value).map(Option::unwrap_or_default).collect();
                }
                rows.index();
            }
        }
        inner.version = schema.version;
        Ok(())
    }

    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        let mut inner = self.write()?;
        let taken = inner.counters.get(&counter).copied().unwrap_or(0);
        // Stores keep counters as signed numbers; this one ends where they do.
        let last = taken
            .checked_add(u64::from(count))
            .filter(|last| *last < i64::MAX.unsigned_abs())
            .ok_or_else(|| StoreError::Backend { reason: format!("the counter {} is used up", counter.name) })?;
        if count > 0 {
            inner.counters.insert(counter, last);
        }
        Ok(taken + 1..last + 1)
    }

    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        let inner = self.read()?;
        rows.iter()
            .map(|row| {
                let rows = inner.rows(row.table)?;
                let key = row.key.cast_signed();
                Ok(rows.rows.get(&key).map(|kept| rows.row(key, kept)))
            })
            .collect()
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        query.check()?;
        self.read()?.rows(query.table)?.find(query)
    }

    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        tally.check()?;
        self.read()?.rows(tally.table)?.count(tally)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        writes.iter().try_for_each(Write::check)?;
        let mut inner = self.write()?;
        let mut undo = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            match inner.apply(at, write) {
                Ok(done) => undo.extend(done),
                Err(error) => {
                    undo.into_iter().rev().for_each(|undo| inner.undo(undo));
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

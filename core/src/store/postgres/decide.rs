//! What the commits of a group come to, decided in memory: who goes through, who collides, and what is left to write.
//!
//! Each caller's writes happen in order and as if nobody else were there, but the database should hear of the outcome only:
//! one statement a table, however many callers there are. So their rows are kept here, as they would be after each
//! write. There are two ways to begin. *Assuming*: every row is what the first write about it expects; the statements that
//! follow from it count what they found, and if that is not so, nothing of it happens. *Knowing*: all rows have been
//! read and locked, so that it can be said exactly who collides with what.

use std::collections::HashMap;

use crate::store::schema::Table;
use crate::store::{Counter, Expect, Row, RowRef, Value, Write};

/// A row's place.
type Place = (&'static str, u64);
/// A value that may exist once: table, position of the column, value.
pub(super) type Unique = (&'static str, usize, Value);

/// What the database holds in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Unknown,
    Absent,
    Version(u64),
}

/// The version that a row is to have.
#[derive(Clone, Copy, Debug)]
enum Version {
    Is(u64),
    /// So many more than it has, whatever that is.
    More(u64),
}

#[derive(Clone, Copy, Debug)]
enum Now<'w> {
    AsBefore,
    Gone,
    Row(&'w Row, Version),
}

#[derive(Clone, Copy, Debug)]
struct Slot<'w> {
    table: &'static Table,
    before: Before,
    now: Now<'w>,
    /// Whether something that goes through depends on what was there before.
    relied: bool,
}

/// Who has a unique value.
#[derive(Clone, Copy, Debug, Default)]
struct Owner {
    before: Option<u64>,
    now: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Stand {
    /// Where the counter was, if known.
    start: Option<i64>,
    sum: i128,
    /// All additions with their limits.
    adds: Vec<(i64, u64)>,
}

/// Why a caller does not go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// This write collides.
    Conflict(usize),
    /// It cannot be said without asking the database.
    Unsure,
}

enum Undo<'w> {
    Slot(Place, Option<Slot<'w>>),
    Owner(Unique, Option<Owner>),
    Owned(Place, Option<Vec<(usize, Value)>>),
    Counter(Counter, i128),
}

/// The rows, unique values and counters that a group is about.
#[derive(Default)]
pub(super) struct Model<'w> {
    known: bool,
    slots: HashMap<Place, Slot<'w>>,
    owners: HashMap<Unique, Owner>,
    /// Which of the unique values each row has.
    owned: HashMap<Place, Vec<(usize, Value)>>,
    counters: HashMap<Counter, Stand>,
    undo: Vec<Undo<'w>>,
}

fn uniques(row: &Row) -> impl Iterator<Item = (usize, &Value)> {
    let columns = row.table.columns.iter().zip(&row.values).enumerate();
    columns
        .filter(|(_, (column, value))| column.index.is_unique() && **value != Value::Null)
        .map(|(position, (_, value))| (position, value))
}

impl<'w> Model<'w> {
    /// Every row is what is first expected of it.
    pub(super) fn assuming() -> Self {
        Self::default()
    }

    /// Rows, owners and counters are what is told before the first commit.
    pub(super) fn knowing() -> Self {
        Self { known: true, ..Self::default() }
    }

    /// What the database holds in a place.
    pub(super) fn found(&mut self, table: &'static Table, key: u64, before: Before) {
        self.slots.insert((table.name, key), Slot { table, before, now: Now::AsBefore, relied: false });
    }

    /// Who has a unique value.
    pub(super) fn found_owner(&mut self, (table, position, value): Unique, owner: u64) {
        self.owned.entry((table, owner)).or_default().push((position, value.clone()));
        self.owners.insert((table, position, value), Owner { before: Some(owner), now: Some(owner) });
    }

    /// Where a counter is.
    pub(super) fn found_counter(&mut self, counter: Counter, stand: i64) {
        self.counters.insert(counter, Stand { start: Some(stand), ..Stand::default() });
    }

    /// All writes of one caller, or none.
    pub(super) fn commit(&mut self, writes: &'w [Write]) -> Result<(), Refused> {
        for (at, write) in writes.iter().enumerate() {
            let holds = match write {
                Write::Put(row, expect) => self.put(row, *expect),
                Write::Delete(row, expect) => self.delete(*row, *expect),
                Write::Require(row, expect) => self.meets(*row, *expect),
                Write::Add { counter, by, at_most } => self.add(*counter, *by, *at_most),
            };
            // What was only assumed tells nothing about who is to blame.
            let refused = match holds {
                Ok(true) => continue,
                Ok(false) if self.known => Refused::Conflict(at),
                _ => Refused::Unsure,
            };
            self.take_back();
            return Err(refused);
        }
        self.undo.clear();
        Ok(())
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Slot(place, old) => restore(&mut self.slots, place, old),
                Undo::Owner(unique, old) => restore(&mut self.owners, unique, old),
                Undo::Owned(place, old) => restore(&mut self.owned, place, old),
                Undo::Counter(counter, sum) => {
                    if let Some(stand) = self.counters.get_mut(&counter) {
                        stand.sum = sum;
                        stand.adds.pop();
                    }
                }
            }
        }
    }

    fn slot(&self, row: RowRef) -> Slot<'w> {
        let nothing = if self.known { Before::Absent } else { Before::Unknown };
        let new = Slot { table: row.table, before: nothing, now: Now::AsBefore, relied: false };
        self.slots.get(&(row.table.name, row.key)).copied().unwrap_or(new)
    }

    fn set_slot(&mut self, row: RowRef, slot: Slot<'w>) {
        let place = (row.table.name, row.key);
        let old = self.slots.insert(place, slot);
        self.undo.push(Undo::Slot(place, old));
    }

    /// Whether the row is as expected; if that is not known, it is assumed.
    fn meets(&mut self, row: RowRef, expect: Expect) -> Result<bool, Refused> {
        let mut slot = self.slot(row);
        let there = match (slot.now, slot.before) {
            (Now::Gone, _) | (Now::AsBefore, Before::Absent) => None,
            (Now::Row(_, Version::Is(version)), _) | (Now::AsBefore, Before::Version(version)) => Some(version),
            (Now::Row(_, Version::More(_)), _) => {
                return match expect {
                    Expect::Any => Ok(true),
                    Expect::Absent => Ok(false),
                    Expect::Version(_) => Err(Refused::Unsure),
                };
            }
            (Now::AsBefore, Before::Unknown) => {
                slot.before = match expect {
                    Expect::Any => return Ok(true),
                    Expect::Absent => Before::Absent,
                    Expect::Version(version) => Before::Version(version),
                };
                slot.relied = true;
                self.set_slot(row, slot);
                return Ok(true);
            }
        };
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => there.is_none(),
            Expect::Version(version) => there == Some(version),
        };
        if holds && expect != Expect::Any && !slot.relied && matches!(slot.now, Now::AsBefore) {
            slot.relied = true;
            self.set_slot(row, slot);
        }
        Ok(holds)
    }

    fn put(&mut self, row: &'w Row, expect: Expect) -> Result<bool, Refused> {
        let at = RowRef { table: row.table, key: row.key };
        if !self.meets(at, expect)? || !self.claim(row)? {
            return Ok(false);
        }
        let mut slot = self.slot(at);
        let version = match (slot.now, slot.before) {
            (Now::Gone, _) | (Now::AsBefore, Before::Absent) => Version::Is(1),
            (Now::AsBefore, Before::Version(version)) | (Now::Row(_, Version::Is(version)), _) => {
                Version::Is(version.saturating_add(1))
            }
            (Now::AsBefore, Before::Unknown) => Version::More(1),
            (Now::Row(_, Version::More(more)), _) => Version::More(more + 1),
        };
        slot.now = Now::Row(row, version);
        self.set_slot(at, slot);
        Ok(true)
    }

    fn delete(&mut self, row: RowRef, expect: Expect) -> Result<bool, Refused> {
        if !self.meets(row, expect)? {
            return Ok(false);
        }
        let mut slot = self.slot(row);
        if !matches!((slot.now, slot.before), (Now::AsBefore, Before::Absent)) {
            slot.now = Now::Gone;
            self.set_slot(row, slot);
        }
        self.free((row.table.name, row.key))?;
        Ok(true)
    }

    /// Takes the unique values of the row in place of those it had, unless another row has one.
    fn claim(&mut self, row: &Row) -> Result<bool, Refused> {
        let place = (row.table.name, row.key);
        let wanted: Vec<(usize, Value)> = uniques(row).map(|(position, value)| (position, value.clone())).collect();
        let is_taken = |(position, value): &(usize, Value)| {
            let owner = self.owners.get(&(row.table.name, *position, value.clone())).and_then(|owner| owner.now);
            owner.is_some_and(|owner| owner != row.key)
        };
        if wanted.iter().any(is_taken) {
            return Ok(false);
        }
        if self.owned.get(&place) == Some(&wanted) {
            return Ok(true);
        }
        self.free(place)?;
        for (position, value) in &wanted {
            self.set_owner((row.table.name, *position, value.clone()), Some(row.key));
        }
        if !wanted.is_empty() {
            let old = self.owned.insert(place, wanted);
            self.undo.push(Undo::Owned(place, old));
        }
        Ok(true)
    }

    /// Gives up what unique values a row has. Where it is only assumed that they were free when they were taken, the statements
    /// would not show that they were not: the database never hears of them.
    fn free(&mut self, place: Place) -> Result<(), Refused> {
        if let Some(had) = self.owned.remove(&place) {
            for (position, value) in &had {
                self.set_owner((place.0, *position, value.clone()), None);
            }
            self.undo.push(Undo::Owned(place, Some(had)));
            if !self.known {
                return Err(Refused::Unsure);
            }
        }
        Ok(())
    }

    fn set_owner(&mut self, unique: Unique, now: Option<u64>) {
        let old = self.owners.get(&unique).copied();
        self.undo.push(Undo::Owner(unique.clone(), old));
        self.owners.insert(unique, Owner { now, ..old.unwrap_or_default() });
    }

    fn add(&mut self, counter: Counter, by: i64, at_most: u64) -> Result<bool, Refused> {
        let nothing = if self.known { Some(0) } else { None };
        let stand = self.counters.entry(counter).or_insert(Stand { start: nothing, ..Stand::default() });
        let sum = stand.sum + i128::from(by);
        if i64::try_from(sum).is_err() {
            return if self.known { Ok(false) } else { Err(Refused::Unsure) };
        }
        if stand.start.is_some_and(|start| !is_within(i128::from(start) + sum, at_most)) {
            return Ok(false);
        }
        self.undo.push(Undo::Counter(counter, stand.sum));
        stand.sum = sum;
        stand.adds.push((by, at_most));
        Ok(true)
    }

    /// Whether all additions held, now that it is known where the counter of this name and record ended.
    pub(super) fn ended_at(&self, (name, of): &(String, u64), end: i64) -> bool {
        let found = self.counters.iter().find(|(counter, _)| counter.name == *name && counter.of == *of);
        let Some((_, stand)) = found else { return false };
        let mut at = i128::from(end) - stand.sum;
        if at < 0 || stand.start.is_some_and(|start| i128::from(start) != at) {
            return false;
        }
        stand.adds.iter().all(|&(by, at_most)| {
            at += i128::from(by);
            is_within(at, at_most)
        })
    }

    /// What is left to write, by table in the order of their names, rows in the order of their keys.
    pub(super) fn effects(&self) -> Result<Effects<'w>, Refused> {
        let mut places: Vec<(&Place, &Slot<'w>)> = self.slots.iter().collect();
        places.sort_unstable_by_key(|((table, key), _)| (*table, key.cast_signed()));
        let mut effects = Effects::default();
        for ((_, key), slot) in places {
            if effects.tables.last().is_none_or(|last| last.table != slot.table) {
                effects.tables.push(TableEffects::new(slot.table));
            }
            let Some(table) = effects.tables.last_mut() else { continue };
            match (slot.before, slot.now) {
                (Before::Absent, Now::AsBefore) if slot.relied => table.taken.push(*key),
                (Before::Absent, Now::Gone) => table.taken.push(*key),
                (Before::Absent, Now::Row(row, Version::Is(version))) => table.inserts.push((*key, version, row)),
                (Before::Version(was), Now::AsBefore) if slot.relied && !self.known => table.held.push((*key, was)),
                (Before::Version(was), Now::Gone) => table.deletes.push((*key, was)),
                (Before::Version(was), Now::Row(row, Version::Is(is))) => table.updates.push((*key, was, is, row)),
                (Before::Unknown, Now::Gone) => table.deletes_any.push(*key),
                (Before::Unknown, Now::Row(row, Version::More(more))) => table.upserts.push((*key, more, row)),
                (_, Now::AsBefore) => {}
                _ => return Err(Refused::Unsure),
            }
        }
        for ((table, position, _), owner) in &self.owners {
            // A value that goes from one row to another within a statement would be there twice for a moment.
            let Some(before) = owner.before.filter(|before| owner.now.is_some_and(|now| now != *before)) else {
                continue;
            };
            let table = effects.tables.iter_mut().find(|effects| effects.table.name == *table);
            if let Some(table) = table.filter(|table| table.updates.iter().any(|(key, ..)| *key == before)) {
                table.vacated.push((*position, before));
            }
        }
        // Which of several rows that are written over gives a value up before another takes it, the statements leave open.
        if !self.known && effects.tables.iter().any(TableEffects::may_exchange) {
            return Err(Refused::Unsure);
        }
        effects.tables.retain(|table| !table.is_empty());
        let counters = self.counters.iter().filter(|(_, stand)| !stand.adds.is_empty());
        effects.adds = counters
            .map(|(counter, stand)| Ok((*counter, i64::try_from(stand.sum).map_err(|_| Refused::Unsure)?)))
            .collect::<Result<_, Refused>>()?;
        effects.adds.sort_unstable_by_key(|(counter, _)| (counter.name, counter.of.cast_signed()));
        Ok(effects)
    }
}

fn restore<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, old: Option<V>) {
    match old {
        Some(old) => drop(map.insert(key, old)),
        None => drop(map.remove(&key)),
    }
}

fn is_within(value: i128, at_most: u64) -> bool {
    (0..=i128::from(at_most).min(i128::from(i64::MAX))).contains(&value)
}

/// What a group comes to.
#[derive(Default)]
pub(super) struct Effects<'w> {
    pub(super) tables: Vec<TableEffects<'w>>,
    pub(super) adds: Vec<(Counter, i64)>,
}

impl Effects<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.adds.is_empty()
    }
}

/// What it comes to in one table.
pub(super) struct TableEffects<'w> {
    pub(super) table: &'static Table,
    /// Key and version of what must stay so.
    pub(super) held: Vec<(u64, u64)>,
    /// Where nothing may come to be.
    pub(super) taken: Vec<u64>,
    /// Key and version found.
    pub(super) deletes: Vec<(u64, u64)>,
    pub(super) deletes_any: Vec<u64>,
    /// Column and key of rows that give a unique value up before others take it.
    pub(super) vacated: Vec<(usize, u64)>,
    /// Key, version found, version to be.
    pub(super) updates: Vec<(u64, u64, u64, &'w Row)>,
    /// Key and how many versions more.
    pub(super) upserts: Vec<(u64, u64, &'w Row)>,
    /// Key and version.
    pub(super) inserts: Vec<(u64, u64, &'w Row)>,
}

impl TableEffects<'_> {
    const fn new(table: &'static Table) -> Self {
        Self {
            table,
            held: Vec::new(),
            taken: Vec::new(),
            deletes: Vec::new(),
            deletes_any: Vec::new(),
            vacated: Vec::new(),
            updates: Vec::new(),
            upserts: Vec::new(),
            inserts: Vec::new(),
        }
    }

    /// Whether a unique value may go from one row that is written over to another.
    fn may_exchange(&self) -> bool {
        let mut rows = self.updates.iter().map(|u| u.3).chain(self.upserts.iter().map(|u| u.2));
        self.updates.len() + self.upserts.len() > 1 && rows.any(|row| uniques(row).next().is_some())
    }

    const fn is_empty(&self) -> bool {
        self.held.is_empty()
            && self.taken.is_empty()
            && self.deletes.is_empty()
            && self.deletes_any.is_empty()
            && self.updates.is_empty()
            && self.upserts.is_empty()
            && self.inserts.is_empty()
    }
}

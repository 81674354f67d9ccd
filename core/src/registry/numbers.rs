//! Record numbers, leased from the store in blocks so that callers and processes do not wait for each other.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Result;
use crate::error::StoreError;
use crate::store::schema::Table;
use crate::store::tables::{DEVICES, GAPS};
use crate::store::{Counter, Expect, Query, Row, Store, Write};

/// The first block of a table is small, since most tables stay small; each following one doubles up to this.
const LARGEST_BLOCK: u32 = 4_096;

/// Pre-shared keys that no device shows under its own ID, and symmetric keys that are not a device's number 1, are in rows from
/// here on; below, a row's number is its device's.
pub(super) const BEYOND_DEVICES: u64 = 1 << 48;

struct Lease {
    left: Range<u64>,
    next_block: u32,
    /// Numbers up to this one are not given out any more: they were reserved before the registry was found to be restored.
    void: u64,
}

#[derive(Default)]
struct Leases {
    of: HashMap<&'static str, Lease>,
    /// Where the counter of what was left out stood when the first block was reserved: it moves with every restore that is found
    /// out, by whatever process.
    restores: Option<u64>,
}

impl Leases {
    fn restores(&mut self, store: &dyn Store) -> Result<u64, StoreError> {
        match self.restores {
            Some(restores) => Ok(restores),
            None => Ok(*self.restores.insert(restores(store)?)),
        }
    }
}

/// The blocks at hand. What is left of them when the process ends is never used.
#[derive(Default)]
pub(super) struct Numbers(Mutex<Leases>);

impl Numbers {
    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number of `table`.
    pub(super) fn next(&self, store: &dyn Store, table: &'static str) -> Result<u64> {
        let mut leases = self.leases();
        leases.restores(store)?;
        let lease = leases.of.entry(table).or_insert(Lease { left: 0..0, next_block: 16, void: 0 });
        if let Some(number) = lease.left.next() {
            return Ok(number);
        }
        // The lock is held while the store answers: others who need a number of this kind wait for the same block.
        let mut block = store.reserve(Counter { name: table, of: 0 }, lease.next_block)?;
        let first = block.next().ok_or_else(|| crate::Error::defect("a store reserved no numbers"))?;
        lease.left = block;
        lease.next_block = (lease.next_block * 2).min(LARGEST_BLOCK);
        Ok(first)
    }

    /// Whether a restore was ever found out, so far as this process knows.
    pub(super) fn was_restored(&self, store: &dyn Store) -> Result<bool> {
        Ok(self.leases().restores(store)? > 0)
    }

    /// Whether `number` waits here to be given out: nobody can have seen it, unless it was given out before a restore.
    pub(super) fn is_waiting(&self, table: &str, number: u64) -> bool {
        let leases = self.leases();
        leases.of.get(table).is_some_and(|lease| lease.left.contains(&number))
    }

    /// Gives up what was reserved before a restore that was found out since, here or in another process, and answers with it.
    pub(super) fn renew(&self, store: &dyn Store) -> Result<Vec<(&'static str, Range<u64>)>, StoreError> {
        let mut leases = self.leases();
        let Some(before) = leases.restores else { return Ok(Vec::new()) };
        let now = restores(store)?;
        if now == before {
            return Ok(Vec::new());
        }
        leases.restores = Some(now);
        let given_up = leases.of.iter_mut().map(|(table, lease)| {
            lease.void = lease.void.max(lease.left.end.saturating_sub(1));
            (*table, std::mem::replace(&mut lease.left, 0..0))
        });
        Ok(given_up.filter(|(_, left)| !left.is_empty()).collect())
    }

    /// Whether a number was drawn, and given up before it was used.
    pub(super) fn is_void(&self, table: &str, number: u64) -> bool {
        let leases = self.leases();
        leases.of.get(table).is_some_and(|lease| number <= lease.void)
    }

    /// Whether one of the writes makes a record with a number that was given up.
    pub(super) fn are_void(&self, writes: &[Write]) -> bool {
        let leases = self.leases();
        leases.of.values().any(|lease| lease.void > 0)
            && writes.iter().any(|write| {
                let Write::Put(row, Expect::Absent) = write else { return false };
                let Some((counter, count)) = counted(row.table.name, row.key) else { return false };
                let lease = leases.of.get(row.table.name).filter(|_| counter.name == row.table.name);
                lease.is_some_and(|lease| count <= lease.void)
            })
    }
}

fn restores(store: &dyn Store) -> Result<u64, StoreError> {
    stand(store, Counter { name: GAPS.name, of: 0 })
}

/// Where a counter stands.
pub(super) fn stand(store: &dyn Store, counter: Counter) -> Result<u64, StoreError> {
    Ok(store.reserve(counter, 0)?.start.saturating_sub(1))
}

/// The row of a table with the highest key.
pub(super) fn newest(store: &dyn Store, table: &'static Table) -> Result<Option<Row>, StoreError> {
    let query =
        Query { table, filters: Vec::new(), order: None, descending: true, after: None, limit: 1, total: false };
    Ok(store.find(&query)?.rows.into_iter().next())
}

/// What counts the records of a table, and which count of it `number` is.
pub(super) fn counted(table: &'static str, number: u64) -> Option<(Counter, u64)> {
    let beyond = match table {
        "psks" | "keys" => BEYOND_DEVICES,
        _ => 0,
    };
    if i64::try_from(number).is_err() {
        return None;
    }
    // The one secret that a device has under its own number is counted with the devices.
    let name = if beyond > 0 && number < beyond { DEVICES.name } else { table };
    Some((Counter { name, of: 0 }, if number < beyond { number } else { number - beyond }))
}

//! Record numbers, leased from the store in blocks so that callers and processes do not wait for each other.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::store::{Counter, Store};

/// The first block of a table is small, since most tables stay small; each following one doubles up to this.
const LARGEST_BLOCK: u32 = 4_096;

struct Lease {
    left: Range<u64>,
    next_block: u32,
}

/// The blocks at hand. What is left of them when the process ends is never used.
#[derive(Default)]
pub(super) struct Numbers(Mutex<HashMap<&'static str, Lease>>);

impl Numbers {
    /// The next number of `table`.
    pub(super) fn next(&self, store: &dyn Store, table: &'static str) -> Result<u64> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases.entry(table).or_insert(Lease { left: 0..0, next_block: 16 });
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
}

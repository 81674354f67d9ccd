//! Signed answers that serve again.
//!
//! What is kept saves the signature, never the look: the status is read for every request, and an answer serves again
//! only if it says just that. So a revocation shows at once, whichever process made it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::responder::Ready;
use super::status::Known;
use crate::env::Timestamp;

/// How many answers each of the two halves holds; one takes about 1.5 kB.
const HALF: usize = 2_048;
/// Longer questions are not worth keeping.
pub(super) const MAX_KEY: usize = 512;

/// A signed answer.
pub(super) struct Kept {
    pub(super) der: Vec<u8>,
    pub(super) etag: String,
    /// What it says.
    pub(super) known: Vec<Known>,
    /// Who signed it.
    pub(super) by: Arc<Ready>,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
}

impl Kept {
    /// Whether it answers a request that would be answered so now. It serves until half of its time is over, so that
    /// whoever gets it can use it for the other half.
    fn answers(&self, known: &[Known], by: &Ready, now: Timestamp) -> bool {
        let half = self.next_update.since(self.this_update) / 2;
        self.known == known && self.by.signs_like(by) && (0..half).contains(&now.since(self.this_update))
    }
}

/// Two halves: what is asked for moves to the young one, and when that is full, the old one is dropped.
#[derive(Default)]
struct Halves {
    young: HashMap<Vec<u8>, Arc<Kept>>,
    old: HashMap<Vec<u8>, Arc<Kept>>,
}

/// The answers at hand, by the `CertID`s that were asked for.
#[derive(Default)]
pub(super) struct Cache(Mutex<Halves>);

impl Cache {
    /// The answer to this question, if it still holds.
    pub(super) fn get(&self, key: &[u8], known: &[Known], by: &Ready, now: Timestamp) -> Option<Arc<Kept>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = halves.young.get(key) {
            return kept.answers(known, by, now).then(|| Arc::clone(kept));
        }
        let (key, kept) = halves.old.remove_entry(key)?;
        let kept = kept.answers(known, by, now).then_some(kept)?;
        halves.put(key, Arc::clone(&kept));
        Some(kept)
    }

    /// Keeps an answer.
    pub(super) fn put(&self, key: Vec<u8>, kept: Arc<Kept>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, kept);
    }
}

impl Halves {
    fn put(&mut self, key: Vec<u8>, kept: Arc<Kept>) {
        if self.young.len() >= HALF && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, kept);
    }
}

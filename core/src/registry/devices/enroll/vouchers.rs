//! The product credentials at hand: a product's units all show the same one, so it is read from the store once.
//!
//! What is remembered here may be stale, which does no harm: only the enrollment of a unit that nobody knows goes by it, and
//! its commit requires that credential and product are still the versions remembered. Whatever else happens with it,
//! refusals above all, is decided again by what the store says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::id::AuthorityId;
use crate::model::{Certificate, Product};
use crate::store::record::Stored;

/// Products are few; whoever shows more credentials than this has them read anew.
const MOST: usize = 256;

/// A product credential as the store had it.
#[derive(Debug)]
pub(in crate::registry) struct Voucher {
    /// Who issued the credential.
    pub(super) authority: AuthorityId,
    pub(super) credential: Stored<Certificate>,
    pub(super) product: Stored<Product>,
}

/// For how many enrollments it is likely that units come who are known, once one did.
const DOUBTFUL: u32 = 64;

/// The credentials at hand, and who has been coming.
#[derive(Debug, Default)]
pub(in crate::registry) struct Vouchers {
    /// By their DER.
    known: RwLock<HashMap<Vec<u8>, Arc<Voucher>>>,
    doubt: AtomicU32,
}

impl Vouchers {
    /// Reads anew when next asked.
    pub(in crate::registry) fn forget(&self) {
        self.doubt();
        let is_empty = self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty();
        if !is_empty {
            self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// A unit came that is known.
    pub(super) fn doubt(&self) {
        self.doubt.store(DOUBTFUL, Ordering::Relaxed);
    }

    /// Whether to look for the unit before it is enrolled. As long as only new ones come, that the commit would conflict is
    /// enough, and saves a question each.
    pub(super) fn doubts(&self) -> bool {
        let one_less = |doubt: u32| doubt.checked_sub(1);
        self.doubt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    pub(super) fn get(&self, credential: &[u8]) -> Option<Arc<Voucher>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(credential).map(Arc::clone)
    }

    pub(super) fn remember(&self, credential: &[u8], voucher: &Arc<Voucher>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(credential.to_vec(), Arc::clone(voucher));
    }
}

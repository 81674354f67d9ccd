//! Certificates by the algorithm of their key, also those that were recorded before records said it.

use std::sync::atomic::Ordering;

use crate::Result;
use crate::error::StoreError;
use crate::model::{Certificate, Document};
use crate::registry::Inner;
use crate::registry::page::Wanted;
use crate::store::record::{Record, Stored, at, put, read};
use crate::store::{Expect, Query, Value};
use crate::x509::Certificate as X509;

/// How often a portion starts again after a conflict.
const ATTEMPTS: u32 = 24;
/// How many records are completed in one commit.
const PORTION: u32 = 512;

impl Inner {
    /// Sees to it that every issued certificate's record says its algorithm, so that a question about algorithms is
    /// one about a column. Only records of the database's first version lack it: the first such question reads their
    /// certificates and completes them, in portions; each process looks once.
    ///
    /// No event tells of it, since it says nothing that the certificate did not.
    pub(in crate::registry) fn know_algorithms(&self) -> Result<()> {
        if self.algorithms_known.load(Ordering::Acquire) {
            return Ok(());
        }
        // Requests have none either. They are few, and not asked for by state: a store that looked that up would have
        // to sort the rows for each page.
        let wanted = Wanted::default().eq("algorithm", Value::Null);
        let mut after = None;
        loop {
            let page = self.store()?.find(&Query {
                table: Certificate::TABLE,
                filters: wanted.filters.clone(),
                order: None,
                descending: false,
                after,
                limit: PORTION,
                total: false,
            })?;
            let keys: Vec<u64> = page.rows.iter().map(|row| row.key).collect();
            self.complete(&keys)?;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.algorithms_known.store(true, Ordering::Release);
        Ok(())
    }

    /// Completes the records with these numbers, again and again while others change them.
    fn complete(&self, keys: &[u64]) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let records = self.store()?.get(&keys.iter().map(|key| at::<Certificate>(*key)).collect::<Vec<_>>())?;
            let documents = self.store()?.get(&keys.iter().map(|key| at::<Document>(*key)).collect::<Vec<_>>())?;
            let mut writes = Vec::new();
            for (record, document) in records.into_iter().zip(documents) {
                let Some(stored) = read::<Certificate>(record, &self.ids)? else { continue };
                let Some(document) = read::<Document>(document, &self.ids)? else { continue };
                let Stored { version, mut record } = stored;
                if record.algorithm.is_some() || record.check_issued().is_err() {
                    continue;
                }
                record.algorithm = Some(X509::from_der(&document.record.der)?.public_key()?.algorithm());
                writes.push(put(&record, Expect::Version(version), &self.ids)?);
            }
            match self.commit(&mut writes) {
                Err(StoreError::Conflict { .. }) => {}
                other => return Ok(other?),
            }
        }
        Err(StoreError::Busy.into())
    }
}

//! What is revoked for good moves from rows into chunks of encoded entries, once a complete CRL listed it.

use std::collections::{HashMap, HashSet};

use super::build::{Built, Scope, each_entry};
use crate::Result;
use crate::env::Timestamp;
use crate::error::StoreError;
use crate::id::AuthorityId;
use crate::model::{Certificate, CrlChunk, CrlFolding, CrlPlace, CrlRemoval, KeptCrl, Revocation, scope};
use crate::registry::Inner;
use crate::registry::authorities::make::AUTHORITY_BIT;
use crate::registry::page::Wanted;
use crate::store::record::{Cell, Key, Record, Stored, at, put, read};
use crate::store::{Expect, Query, Value, Write};
use crate::x509::{RevocationReason, encode_entry};

/// How many entries a chunk has at most: some 100 KB, which are still in the cache when they are copied.
const ENTRIES: usize = 2_048;

impl Inner {
    /// Whether the revocations or holds of certificates of a shard that ended at `end` may be forgotten: each CRL that lists them
    /// was made once more after that (RFC 5280, 3.3), by a clock that was not ahead, or none was ever made. Making CRLs removes
    /// none: rows of `revocations` and `crl_removals` go with their certificate, chunks for themselves when all in them is over.
    ///
    /// # Errors
    /// Store errors.
    pub(in crate::registry) fn revocations_may_go(
        &self,
        authority: AuthorityId,
        shard: u32,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let all = CrlPlace::complete(authority, 0);
        let own = CrlPlace::complete(authority, shard);
        let mut lists = vec![self.find_list(own)?];
        if own != all {
            lists.push(self.find_list(all)?);
        }
        if lists.iter().all(Option::is_none) {
            // An earlier version may have made one.
            let earlier = self.find_record::<KeptCrl>(all.to_key(&self.ids)?)?;
            return Ok(earlier.is_none_or(|crl| crl.this_update > end && crl.this_update <= now));
        }
        let mut made = lists.iter().flatten().filter(|list| list.this_update.is_some());
        Ok(made.all(|list| list.made(now).is_some_and(|made| made > end)))
    }

    /// Before an authority's CRLs are made: the rows that processes of earlier versions wrote, or still write, get what is new
    /// in them. Looking for them costs what reading the authority's rows does, so it is done once for all shards.
    pub(super) fn adopt_revocations(&self, id: AuthorityId) -> Result<()> {
        let (issuer, authority) = (self.issuer(id)?, self.ids.number(id)?);
        let wanted = Wanted::default().eq("authority", id.to_value(&self.ids)).eq("scope", Value::Null);
        let mut old = Vec::new();
        self.scan::<Revocation>(&wanted, |row| {
            old.push(row);
            Ok(())
        })?;
        for portion in old.chunks(1_000) {
            let numbers = portion.iter().map(|row| self.ids.number(row.certificate)).collect::<Result<Vec<_>>>()?;
            let rows: Vec<_> = numbers.iter().map(|number| at::<Certificate>(*number)).collect();
            let mut writes = Vec::with_capacity(portion.len());
            for (row, certificate) in portion.iter().zip(self.store()?.get(&rows)?) {
                let certificate = read::<Certificate>(certificate, &self.ids)?.map(|stored| stored.record);
                let shard = certificate.as_ref().and_then(|certificate| certificate.shard).unwrap_or(0);
                let adopted = Revocation {
                    scope: Some(scope(authority, shard)),
                    not_after: Some(certificate.map_or(issuer.not_after, |certificate| certificate.not_after)),
                    ..row.record.clone()
                };
                writes.push(put(&adopted, Expect::Version(row.version), &self.ids)?);
            }
            match self.store()?.commit(&writes) {
                // Somebody changed one of them, or adopts them too: the next CRL looks again.
                Err(StoreError::Conflict { .. }) => return self.adopt_again(id),
                other => other?,
            }
        }
        Ok(())
    }

    fn adopt_again(&self, id: AuthorityId) -> Result<()> {
        std::thread::yield_now();
        self.adopt_revocations(id)
    }

    /// What follows a complete CRL, when it is not too much for the CRL's own commit: what it listed for good moves into
    /// chunks, and what else it listed is marked.
    pub(super) fn folded_at_once(&self, own: u64, made: Timestamp, built: &Built) -> Result<Option<Vec<Write>>> {
        if built.rows.len() + built.removals.len() > ENTRIES {
            return Ok(None);
        }
        let Sorted { pairs, moving, again } = self.sorted(built)?;
        let mut writes: Vec<_> = pairs.into_iter().flatten().flatten().collect();
        let without = self.without(own, &again)?;
        let touched: HashSet<u64> = without.iter().filter_map(key_of).collect();
        writes.extend(without);
        let last = self.last_chunk(own)?.filter(|chunk| !touched.contains(&chunk.key));
        writes.extend(self.moved(own, made, last, &moving)?);
        Ok(Some(writes))
    }

    /// The same in portions, after the CRL that was committed at `times`, as long as nobody is in the way and nobody else
    /// moved any: what was read is known to be so still only then. What stays as it is moves after the next CRL.
    pub(super) fn fold(&self, id: AuthorityId, own: u64, made: Timestamp, built: &Built, mut times: u64) -> Result<()> {
        let Sorted { pairs, moving, again } = self.sorted(built)?;
        for portion in pairs.chunks(ENTRIES) {
            if !self.folded(id, &mut times, portion.iter().flatten().flatten().cloned().collect())? {
                return Ok(());
            }
        }
        let without = self.without(own, &again)?;
        if !without.is_empty() && !self.folded(id, &mut times, without)? {
            return Ok(());
        }
        for portion in moving.chunks(ENTRIES) {
            let last = self.last_chunk(own)?;
            if !self.folded(id, &mut times, self.moved(own, made, last, portion)?)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Tells what moves from what only needs a mark.
    ///
    /// A hold may end, and the certificate be revoked or held again, between reading its row and the commit: the new row can
    /// have the version of the one that was read. But a hold that ends leaves a row in `crl_removals`, which only goes when
    /// revocations move, so what happened to a hold shows there: the removals were read after the rows.
    fn sorted<'b>(&self, built: &'b Built) -> Result<Sorted<'b>> {
        let mut sorted = Sorted { pairs: Vec::new(), moving: Vec::new(), again: HashSet::new() };
        let mut removals = HashMap::with_capacity(built.removals.len());
        for removal in &built.removals {
            removals.insert(removal.key(&self.ids)?, removal.version);
        }
        for row in &built.rows {
            let key = row.key(&self.ids)?;
            let (revoked, removal) = (at::<Revocation>(key), at::<CrlRemoval>(key));
            let known = removals.remove(&key);
            let as_read = Expect::Version(row.version);
            let mark = put(&Revocation { listed: Some(true), ..row.record.clone() }, as_read, &self.ids)?;
            if row.reason == RevocationReason::CertificateHold {
                match known {
                    // Whether the hold ended before its row was read or after, nobody knows: the next CRL does.
                    Some(version) => sorted.pairs.push([
                        Some(Write::Require(revoked, as_read)),
                        Some(Write::Delete(removal, Expect::Version(version))),
                    ]),
                    None if built.all_removals && row.listed != Some(true) => {
                        sorted.pairs.push([Some(mark), Some(Write::Require(removal, Expect::Absent))]);
                    }
                    None => {}
                }
                continue;
            }
            // What is revoked for good was no hold any more when it was read. Without its row, what is left of the hold
            // would read as if it were in force again, so both go together.
            let removal = (known.is_some() || !built.all_removals).then_some(Write::Delete(removal, Expect::Any));
            // Those of CAs are few, and stay rows.
            if self.ids.number(row.certificate)? & AUTHORITY_BIT == 0 {
                sorted.moving.push((row, removal));
                if row.again == Some(true) {
                    sorted.again.insert(row.serial.clone());
                }
            } else if row.listed != Some(true) {
                sorted.pairs.push([Some(mark), None]);
            }
        }
        for removal in &built.removals {
            let key = removal.key(&self.ids)?;
            // Without all rows nobody knows whether it ended one that was listed.
            if built.whole && removals.contains_key(&key) {
                let gone = Write::Delete(at::<CrlRemoval>(key), Expect::Version(removal.version));
                sorted.pairs.push([Some(gone), None]);
            }
        }
        // What ends together is kept together, so that chunks go whole.
        sorted.moving.sort_by_key(|(row, _)| row.not_after);
        Ok(sorted)
    }

    /// The writes that move rows into chunks, into the last one first.
    fn moved(
        &self,
        own: u64,
        made: Timestamp,
        mut last: Option<Stored<CrlChunk>>,
        mut rows: &[Moving<'_>],
    ) -> Result<Vec<Write>> {
        let mut writes = Vec::with_capacity(rows.len() + 2);
        while !rows.is_empty() {
            let count = |chunk: &Stored<CrlChunk>| usize::try_from(chunk.entries).unwrap_or(ENTRIES);
            let room = ENTRIES.saturating_sub(last.as_ref().map_or(0, count));
            if room == 0 {
                last = None;
                continue;
            }
            let (portion, rest) = rows.split_at(room.min(rows.len()));
            rows = rest;
            writes.push(self.chunk_of(own, made, last.take(), portion)?);
            for (row, removal) in portion {
                writes.push(Write::Delete(at::<Revocation>(row.key(&self.ids)?), Expect::Version(row.version)));
                writes.extend(removal.clone());
            }
        }
        Ok(writes)
    }

    /// The write that adds `rows` to a chunk, or makes one of them.
    fn chunk_of(
        &self,
        scope: u64,
        made: Timestamp,
        last: Option<Stored<CrlChunk>>,
        rows: &[Moving<'_>],
    ) -> Result<Write> {
        let (mut chunk, expect) = if let Some(last) = last {
            (last.record, Expect::Version(last.version))
        } else {
            let key = self.numbers.next(self.store()?, CrlChunk::TABLE.name)?;
            (CrlChunk::empty(key, scope), Expect::Absent)
        };
        chunk.made = made;
        for (row, _) in rows {
            encode_entry(&mut chunk.der, &row.serial, row.at, row.reason)?;
            chunk.count(row.not_after.unwrap_or(Timestamp::MAX));
        }
        put(&chunk, expect, &self.ids)
    }

    fn last_chunk(&self, scope: u64) -> Result<Option<Stored<CrlChunk>>> {
        let found = self.store()?.find(&Query {
            table: CrlChunk::TABLE,
            filters: Wanted::default().eq("scope", Value::Int(scope.cast_signed())).filters,
            order: Some("scope"),
            descending: true,
            after: None,
            limit: 1,
            total: false,
        })?;
        Ok(read(found.rows.into_iter().next(), &self.ids)?)
    }

    /// Commits writes that move revocations about, which whoever is building a CRL of this authority finds out. Whether
    /// nobody was in the way, nor moved any since `times`.
    fn folded(&self, id: AuthorityId, times: &mut u64, mut writes: Vec<Write>) -> Result<bool> {
        let folding = self.folding(id)?;
        if folding.as_ref().is_none_or(|folding| folding.times != *times) {
            return Ok(false);
        }
        writes.push(self.folding_moves(id, folding.as_ref())?);
        match self.store()?.commit(&writes) {
            Ok(()) => {
                *times = times.saturating_add(1);
                Ok(true)
            }
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// How often revocations moved: read before them, required when what they made is committed.
    pub(in crate::registry) fn folding(&self, id: AuthorityId) -> Result<Option<Stored<CrlFolding>>> {
        self.find_record(self.ids.number(id)?)
    }

    /// The write that says that they moved once more: CRLs that are being made now are begun again.
    pub(in crate::registry) fn folding_moves(
        &self,
        id: AuthorityId,
        folding: Option<&Stored<CrlFolding>>,
    ) -> Result<Write> {
        let times = folding.map_or(0, |folding| folding.times.saturating_add(1));
        let expect = folding.map_or(Expect::Absent, |folding| Expect::Version(folding.version));
        put(&CrlFolding { authority: id, times }, expect, &self.ids)
    }

    /// The writes that take the entries in `again` out of their chunks, since they are listed anew.
    fn without(&self, own: u64, again: &HashSet<Vec<u8>>) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        if again.is_empty() {
            return Ok(writes);
        }
        self.chunks(Scope::exactly(own), |stored| {
            let mut kept = CrlChunk::empty(stored.key, own);
            kept.made = stored.made;
            each_entry(&stored, |serial, expiry, der| {
                if !again.contains(serial) {
                    kept.der.extend_from_slice(der);
                    kept.count(expiry);
                }
            })?;
            if kept.entries == 0 {
                writes.push(Write::Delete(at::<CrlChunk>(stored.key), Expect::Version(stored.version)));
            } else if kept.entries < stored.entries {
                writes.push(put(&kept, Expect::Version(stored.version), &self.ids)?);
            }
            Ok(())
        })?;
        Ok(writes)
    }
}

/// What moves into a chunk, and the write that takes along what is left of a hold before.
type Moving<'b> = (&'b Stored<Revocation>, Option<Write>);

/// What a complete CRL listed, by what becomes of it.
struct Sorted<'b> {
    /// Marks, each with what has to go or hold with it.
    pairs: Vec<[Option<Write>; 2]>,
    moving: Vec<Moving<'b>>,
    /// The serial numbers that stand in a chunk already, with another reason.
    again: HashSet<Vec<u8>>,
}

const fn key_of(write: &Write) -> Option<u64> {
    match write {
        Write::Put(row, _) => Some(row.key),
        Write::Delete(row, _) | Write::Require(row, _) => Some(row.key),
        Write::Add { .. } => None,
    }
}

impl CrlChunk {
    fn empty(key: u64, scope: u64) -> Self {
        Self {
            key,
            scope,
            made: Timestamp::MIN,
            first_expiry: Timestamp::MAX,
            last_expiry: Timestamp::MIN,
            entries: 0,
            expiries: Vec::new(),
            der: Vec::new(),
        }
    }

    /// One more entry, of a certificate that ends then.
    fn count(&mut self, expiry: Timestamp) {
        self.entries += 1;
        self.expiries.extend_from_slice(&expiry.unix().to_be_bytes());
        self.first_expiry = self.first_expiry.min(expiry);
        self.last_expiry = self.last_expiry.max(expiry);
    }
}

//! Building a CRL: what is final was encoded before and is copied; the rest is few.

use std::collections::HashSet;

use super::Times;
use crate::Result;
use crate::der::{Reader, tag};
use crate::env::Timestamp;
use crate::key::Signer;
use crate::model::{CrlChunk, CrlPlace, CrlRemoval, KeptCrl, Revocation, scope};
use crate::registry::Inner;
use crate::registry::issuers::Issuer;
use crate::registry::page::Wanted;
use crate::store::record::{Record, Stored, corrupt};
use crate::store::{Match, Query, Tally, Value};
use crate::x509::{CrlTemplate, CrlWriter, RevocationReason};

/// How many revocations one CRL moves into chunks at most: what it takes to remember them is bounded.
const MOST_SEEN: usize = 131_072;
/// How many chunks are in memory at a time: enough that a server that is asked for them does not wait for the next question.
const CHUNKS_AT_ONCE: u32 = 8;

/// The scopes that a CRL covers: its shard's, or all of the authority.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// The shard's own, whose revocations the CRL may move.
    pub(super) own: u64,
    /// Past the last.
    end: u64,
}

impl Scope {
    pub(super) const fn of(authority: u64, shard: u32) -> Self {
        let own = scope(authority, shard);
        let end = if shard == 0 { scope(authority + 1, 0) } else { own + 1 };
        Self { own, end }
    }

    /// One scope alone.
    pub(super) const fn exactly(own: u64) -> Self {
        Self { own, end: own + 1 }
    }

    fn matches(self) -> Match {
        let value = |number: u64| Some(Value::Int(number.cast_signed()));
        Match::Range { from: value(self.own), to: value(self.end) }
    }

    pub(super) fn wanted(self) -> Wanted {
        let mut wanted = Wanted { order: Some("scope"), ..Wanted::default() };
        wanted.and("scope", self.matches());
        wanted
    }
}

/// What a complete CRL was made of, for what follows.
#[derive(Default)]
pub(super) struct Built {
    /// The rows of its own scope.
    pub(super) rows: Vec<Stored<Revocation>>,
    /// The holds that ended before.
    pub(super) removals: Vec<Stored<CrlRemoval>>,
    /// Whether the rows are all, and not only as many as are remembered.
    pub(super) whole: bool,
    /// Whether the holds that ended are all.
    pub(super) all_removals: bool,
}

/// What makes the CRLs of one operation.
pub(super) struct Maker<'m> {
    pub(super) inner: &'m Inner,
    pub(super) issuer: &'m Issuer,
    pub(super) signer: &'m dyn Signer,
    pub(super) number: u64,
    pub(super) now: Timestamp,
    /// What its issuingDistributionPoint names.
    pub(super) addresses: Vec<String>,
}

impl Maker<'_> {
    fn writer(&self, times: Times, base: Option<u64>, expected: u64) -> Result<CrlWriter> {
        let template = CrlTemplate {
            issuer: &self.issuer.subject,
            number: self.number,
            this_update: times.this_update,
            next_update: times.next_update,
            authority_key_id: &self.issuer.key_identifier,
            delta_base: base,
            distribution_point: &self.addresses,
        };
        CrlWriter::new(&template, self.signer.algorithm(), usize::try_from(expected).unwrap_or(usize::MAX))
    }

    fn kept(
        &self,
        writer: CrlWriter,
        place: CrlPlace,
        times: Times,
        base: Option<u64>,
        entries: u64,
    ) -> Result<KeptCrl> {
        Ok(KeptCrl {
            place,
            number: self.number,
            this_update: times.this_update,
            next_update: times.next_update,
            entries,
            der: writer.sign(self.signer)?,
            base,
            refresh_at: Some(times.refresh_at),
        })
    }

    /// The complete CRL of a scope. `last` is when the one before was made: a certificate that had ended then was listed
    /// once more after its end, and is left out (RFC 5280, 3.3). No more than that: what leaves the store, housekeeping says.
    pub(super) fn complete(
        &self,
        scope: Scope,
        place: CrlPlace,
        last: Option<Timestamp>,
        times: Times,
    ) -> Result<(Built, KeptCrl)> {
        let inner = self.inner;
        let mut writer = self.writer(times, None, inner.expected(scope)?)?;
        let last = last.unwrap_or(Timestamp::MIN);
        let over = last.min(self.now);
        let mut built = Built { whole: true, all_removals: true, ..Built::default() };
        let mut again = HashSet::new();
        let mut entries = 0_u64;
        // Rows before chunks: what moves meanwhile is seen twice rather than never, and then the commit finds out.
        inner.scan::<Revocation>(&scope.wanted(), |row| {
            if row.listed != Some(true) || row.not_after.is_none_or(|end| end >= over) {
                writer.push(&row.serial, row.at, row.reason)?;
                entries += 1;
            }
            if row.again == Some(true) {
                again.insert(row.serial.clone());
            }
            if row.scope == Some(scope.own) && built.rows.len() < MOST_SEEN {
                built.rows.push(row);
            } else if row.scope == Some(scope.own) {
                built.whole = false;
            }
            Ok(())
        })?;
        inner.chunks(scope, |chunk| {
            let over = if chunk.made <= last { over } else { Timestamp::MIN };
            if chunk.last_expiry < over {
                return Ok(());
            }
            if again.is_empty() && over <= chunk.first_expiry {
                writer.push_encoded(&chunk.der);
                entries = entries.saturating_add(chunk.entries);
                return Ok(());
            }
            each_entry(&chunk, |serial, expiry, der| {
                if expiry >= over && !again.contains(serial) {
                    writer.push_encoded(der);
                    entries += 1;
                }
            })
        })?;
        // Holds that ended after their rows: what ended meanwhile shows in both.
        inner.scan::<CrlRemoval>(&scope.wanted(), |row| {
            if row.scope == scope.own && built.removals.len() < MOST_SEEN {
                built.removals.push(row);
            } else if row.scope == scope.own {
                built.all_removals = false;
            }
            Ok(())
        })?;
        let crl = self.kept(writer, place, times, None, entries)?;
        Ok((built, crl))
    }

    /// The delta CRL of a scope to the complete CRL number `base`, from what is known already or from the store.
    pub(super) fn delta(
        &self,
        scope: Scope,
        place: CrlPlace,
        base: u64,
        times: Times,
        known: Option<&Built>,
    ) -> Result<KeptCrl> {
        let inner = self.inner;
        let mut writer = self.writer(times, Some(base), 64)?;
        let mut entries = 0_u64;
        let mut present = HashSet::new();
        let mut list = |row: &Revocation, writer: &mut CrlWriter| -> Result<()> {
            present.insert(row.serial.clone());
            if row.listed != Some(true) {
                entries += 1;
                writer.push(&row.serial, row.at, row.reason)?;
            }
            Ok(())
        };
        let mut removals = Vec::new();
        if let Some(known) = known {
            known.rows.iter().try_for_each(|row| list(&row.record, &mut writer))?;
            removals.extend(known.removals.iter().map(|row| row.record.clone()));
        } else {
            inner.scan::<Revocation>(&scope.wanted(), |row| list(&row.record, &mut writer))?;
            inner.scan::<CrlRemoval>(&scope.wanted(), |row| {
                removals.push(row.record);
                Ok(())
            })?;
        }
        for removal in removals.iter().filter(|removal| !present.contains(&removal.serial)) {
            entries += 1;
            writer.push(&removal.serial, removal.at, RevocationReason::RemoveFromCrl)?;
        }
        self.kept(writer, place, times, Some(base), entries)
    }
}

/// Takes a chunk apart: serial number, notAfter and encoded entry of each certificate.
pub(super) fn each_entry(chunk: &CrlChunk, mut each: impl FnMut(&[u8], Timestamp, &[u8])) -> Result<()> {
    let broken = |_| corrupt(CrlChunk::TABLE, chunk.key, "der");
    let mut reader = Reader::new(&chunk.der);
    let mut expiries = chunk.expiries.chunks_exact(8);
    while !reader.is_empty() {
        let entry = reader.element(tag::SEQUENCE).map_err(broken)?;
        let serial = Reader::new(entry.content).integer().map_err(broken)?;
        let expiry = expiries.next().and_then(|octets| octets.try_into().ok()).map(i64::from_be_bytes);
        let expiry = expiry.ok_or_else(|| corrupt(CrlChunk::TABLE, chunk.key, "expiries"))?;
        each(serial, Timestamp::from_unix(expiry), entry.whole);
    }
    Ok(())
}

impl Inner {
    /// How many entries a complete CRL will have, about.
    fn expected(&self, scope: Scope) -> Result<u64> {
        let rows = self.tally::<Revocation>(Wanted { order: None, ..scope.wanted() }, None, None)?;
        let chunks = self.store()?.count(&Tally {
            table: CrlChunk::TABLE,
            filters: scope.wanted().filters,
            by: Some("entries"),
            bucket: None,
        })?;
        let rows = rows.first().map_or(0, |(_, count)| *count);
        Ok(chunks.into_iter().fold(rows, |sum, (entries, count)| match entries {
            Value::Int(entries) => sum.saturating_add(count.saturating_mul(u64::try_from(entries).unwrap_or(0))),
            _ => sum,
        }))
    }

    /// Calls `each` with every chunk in the scope, few at a time: they are big.
    pub(super) fn chunks(&self, scope: Scope, mut each: impl FnMut(Stored<CrlChunk>) -> Result<()>) -> Result<()> {
        let mut after = None;
        loop {
            let found = self.store()?.find(&Query {
                table: CrlChunk::TABLE,
                filters: scope.wanted().filters,
                order: Some("scope"),
                descending: false,
                after,
                limit: CHUNKS_AT_ONCE,
                total: false,
            })?;
            for row in found.rows {
                let version = row.version;
                each(Stored { version, record: CrlChunk::read(row, &self.ids)? })?;
            }
            match found.next {
                Some(cursor) => after = Some(cursor),
                None => return Ok(()),
            }
        }
    }
}

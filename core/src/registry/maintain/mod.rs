//! Housekeeping: what is over and remembered long enough goes to an archive and out of the store.
//!
//! There is no thread of its own: the host calls [`maintain`](super::Registry::maintain) now and then, each call looks at so
//! many rows and goes on where the last one stopped, in whichever process that was. Identifiers, serial numbers and counters
//! never come back.

mod archive;
mod clock;
mod rules;

use std::collections::BTreeMap;
use std::io::Write as Output;

use super::call::Call;
use super::driver::{Draws, View};
use super::{Inner, Registry};
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::{Error, StoreError};
use crate::model::Upkeep;
use crate::store::record::put;
use crate::store::schema::Table;
use crate::store::tables::{
    CAMPAIGN_PARTS, CAMPAIGNS, CERTIFICATES, CLAIM_CODES, CRL_CHUNKS, DEVICES, KEY_VERSIONS, PSKS, REQUESTS,
};
use crate::store::{Cursor, Expect, Query, Row, Value, Write};

/// How many rows are looked at together, and share a commit when they go.
const PORTION: u32 = 256;
/// The same of CRL entries, thousands of which are in a row.
const CHUNKS: u32 = 4;
/// How much free space is given back to the file system in one call: what takes a moment.
const SHRINK: u64 = 16 << 20;
/// How many whole runs of events go in one call.
const RUNS: u64 = 4;

/// What is looked at, in this order, and how many rows together: certificates before their devices, parts before their campaigns.
static LOOKED_AT: [(&Table, u32); 9] = [
    (&REQUESTS, PORTION),
    (&CLAIM_CODES, PORTION),
    (&CERTIFICATES, PORTION),
    (&PSKS, PORTION),
    (&KEY_VERSIONS, PORTION),
    (&CAMPAIGN_PARTS, PORTION),
    (&CAMPAIGNS, PORTION),
    (&DEVICES, PORTION),
    (&CRL_CHUNKS, CHUNKS),
];

/// How long what is over is remembered, in days of 86,400 seconds, each at most 36,525.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until it may leave
    /// them, and the last certificate of a device stays as long as the device, so that one that was away for years is known when it comes back.
    pub certificate_days: u32,
    /// Deleted devices: after the deletion. All that they had goes with them.
    pub device_days: u32,
    /// Request IDs: after the request, which can be repeated harmlessly until then.
    pub request_days: u32,
    /// Claim codes that nobody used: after they expired. Used ones go with the device that used them.
    pub claim_code_days: u32,
    /// Deleted pre-shared keys, after they were issued, but for those under a device's ID, which go with it; former versions
    /// of symmetric keys, after they ended.
    pub secret_days: u32,
    /// Campaigns: after their end.
    pub campaign_days: u32,
    /// Events: after they happened, once a checkpoint covers them. `None` keeps them for ever.
    pub event_days: Option<u32>,
    /// How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
    /// Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever calls
    /// seldom allows more.
    pub leap_days: u32,
    /// How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds.
    pub limit: u32,
}

impl Default for Retention {
    /// Ninety days for certificates, two years for devices, a month for requests and claim codes, a year for the rest; events
    /// are kept.
    fn default() -> Self {
        Self {
            certificate_days: 90,
            device_days: 730,
            request_days: 30,
            claim_code_days: 30,
            secret_days: 365,
            campaign_days: 365,
            event_days: None,
            leap_days: 90,
            limit: 10_000,
        }
    }
}

impl Retention {
    fn check(&self) -> Result<()> {
        let days = [
            ("certificate_days", self.certificate_days),
            ("device_days", self.device_days),
            ("request_days", self.request_days),
            ("claim_code_days", self.claim_code_days),
            ("secret_days", self.secret_days),
            ("campaign_days", self.campaign_days),
            ("event_days", self.event_days.unwrap_or(0)),
            ("leap_days", self.leap_days),
        ];
        if let Some((field, _)) = days.into_iter().find(|(_, days)| *days > 36_525) {
            return Err(Error::input(field, "is more than 36,525 days"));
        }
        if self.leap_days == 0 {
            return Err(Error::input("leap_days", "is not within 1 to 36,525 days"));
        }
        if !(1..=1_000_000).contains(&self.limit) {
            return Err(Error::input("limit", "is not within 1 to 1,000,000 rows"));
        }
        Ok(())
    }
}

/// What [`Registry::maintain`] did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Maintained {
    /// How many rows were looked at.
    pub looked_at: u64,
    /// How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs some
    /// thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
    pub removed: BTreeMap<String, u64>,
    /// How many bytes went back to the file system.
    pub freed: u64,
    /// Whether everything was looked at since the round began; the next call begins another one.
    pub finished: bool,
}

impl Maintained {
    /// How many records went in all.
    pub fn total(&self) -> u64 {
        self.removed.values().sum()
    }
}

/// A record that is to go: its line for the archive, and what removes it.
struct Removal {
    row: Row,
    line: String,
    writes: Vec<Write>,
}

impl Registry {
    /// Removes what is over and was remembered long enough: expired certificates with all that belongs to them, deleted
    /// devices, request IDs, used-up secrets, ended campaigns, and old events. To be called regularly, such as every
    /// minute, or in a loop until it says `finished`; it looks at [`limit`](Retention::limit) rows a call, and everything
    /// else goes on meanwhile.
    ///
    /// Each record is written to `archive` first, if there is one: one JSON object a line, without secrets, flushed before
    /// anything is removed; below a device come the keys that go with it. After an error it may hold records that are still
    /// there; it never lacks one that is not. If two processes do it at once, both may archive the same.
    ///
    /// Numbers never come back: no identifier or serial number of what was removed is given out again, and a key that is
    /// known to be compromised stays refused.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// use tegata::{Call, Retention};
    /// let mut archive = Vec::new();
    /// let done = registry.maintain(&Retention::default(), Some(&mut archive), &Call::by("housekeeping"))?;
    /// assert_eq!((done.total(), done.finished), (0, true));
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// `internal.clock_leapt` when the clock stands more than [`leap_days`](Retention::leap_days) after the last call;
    /// `input.invalid` for a retention that cannot be meant and when `archive` cannot be written to; store errors.
    pub fn maintain(&self, retention: &Retention, archive: Option<&mut dyn Output>, call: &Call) -> Result<Maintained> {
        callback::refuse_inside()?;
        call.check()?;
        retention.check()?;
        let (inner, mut archive) = (&*self.inner, archive);
        let now = inner.now()?;
        let upkeep = inner.find_record::<Upkeep>(Upkeep::KEY)?.map(|stored| stored.record);
        inner.check_leap(upkeep.as_ref(), retention, now)?;
        let upkeep = upkeep.unwrap_or_default();
        let mut round = Round { inner, retention, now, call, upkeep, done: Maintained::default() };
        while round.done.looked_at < u64::from(retention.limit) && !round.done.finished {
            let removals = round.look()?;
            round.remove(removals, &mut archive)?;
        }
        round.remember()?;
        let mut done = round.done;
        if let Some(days) = retention.event_days {
            let pruned = inner.prune_events(now.plus_days(-i64::from(days)), RUNS, archive, call)?;
            if pruned.events > 0 {
                done.removed.insert("events".to_owned(), pruned.events);
            }
        }
        if let Some(maintenance) = inner.store()?.maintenance() {
            done.freed = maintenance.shrink(SHRINK)?;
        }
        Ok(done)
    }

    /// What [`maintain`](Self::maintain) would remove in a whole round, events apart, if the clock is right. Looks at
    /// everything, whatever the limit, and changes nothing.
    ///
    /// # Errors
    /// `input.invalid` for a retention that cannot be meant; store errors.
    pub fn maintainable(&self, retention: &Retention) -> Result<Maintained> {
        retention.check()?;
        let inner = &*self.inner;
        let (now, call) = (inner.now()?, Call::default());
        let mut round =
            Round { inner, retention, now, call: &call, upkeep: Upkeep::default(), done: Maintained::default() };
        while !round.done.finished {
            let removals = round.look()?;
            for removal in removals {
                round.count(&removal);
            }
        }
        Ok(round.done)
    }
}

/// A call under way.
struct Round<'r> {
    inner: &'r Inner,
    retention: &'r Retention,
    now: Timestamp,
    call: &'r Call,
    upkeep: Upkeep,
    done: Maintained,
}

impl Round<'_> {
    /// Looks at the next rows and finds what is to go.
    fn look(&mut self) -> Result<Vec<Removal>> {
        let place = usize::try_from(self.upkeep.place).unwrap_or(0);
        let Some(&(table, portion)) = LOOKED_AT.get(place) else {
            // Written by another version, which looks at more.
            self.upkeep = Upkeep { at: self.upkeep.at, ..Upkeep::default() };
            return Ok(Vec::new());
        };
        let left = u64::from(self.retention.limit).saturating_sub(self.done.looked_at).max(1);
        let page = self.inner.store()?.find(&Query {
            table,
            filters: Vec::new(),
            order: None,
            descending: false,
            after: self.upkeep.after.map(|key| Cursor { value: Value::Null, key: key.cast_unsigned() }),
            limit: u32::try_from(left).unwrap_or(portion).min(portion),
            total: false,
        })?;
        self.done.looked_at += page.rows.len() as u64;
        self.upkeep.after = page.next.map(|next| next.key.cast_signed());
        if self.upkeep.after.is_none() {
            self.done.finished = place + 1 == LOOKED_AT.len();
            self.upkeep.place = if self.done.finished { 0 } else { self.upkeep.place + 1 };
        }
        let draws = Draws::default();
        let view = View::new(self.inner, self.call, self.now, &draws, 0);
        page.rows.into_iter().filter_map(|row| view.removal(row, self.retention).transpose()).collect()
    }

    fn count(&mut self, removal: &Removal) {
        *self.done.removed.entry(removal.row.table.name.to_owned()).or_insert(0) += 1;
    }

    fn remove(&mut self, removals: Vec<Removal>, archive: &mut Option<&mut dyn Output>) -> Result<()> {
        if removals.is_empty() {
            return Ok(());
        }
        if let Some(archive) = archive {
            archive::write(&removals, *archive)?;
        }
        let mut writes: Vec<_> = removals.iter().flat_map(|removal| removal.writes.iter().cloned()).collect();
        writes.push(self.event(&removals)?);
        match self.inner.commit(&mut writes) {
            Ok(()) => {}
            // Somebody changed one of them meanwhile: it has its turn in the next round.
            Err(StoreError::Conflict { .. }) => return self.remove_each(removals),
            Err(error) => return Err(error.into()),
        }
        for removal in &removals {
            self.count(removal);
        }
        Ok(())
    }

    fn remove_each(&mut self, removals: Vec<Removal>) -> Result<()> {
        for removal in removals {
            let mut writes = removal.writes.clone();
            writes.push(self.event(std::slice::from_ref(&removal))?);
            match self.inner.commit(&mut writes) {
                Ok(()) => self.count(&removal),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn event(&self, removals: &[Removal]) -> Result<Write> {
        let tables = removals.iter().map(|removal| removal.row.table);
        self.inner.event_of_tables("registry.maintain", tables, self.call, self.now)
    }

    /// Where the next call goes on. If two processes are at it, one of them looks at some rows again.
    fn remember(&mut self) -> Result<()> {
        // A clock that was set back is no reason to take the right time for a leap afterwards.
        self.upkeep.at = self.upkeep.at.max(self.now);
        Ok(self.inner.commit(&mut vec![put(&self.upkeep, Expect::Any, &self.inner.ids)?])?)
    }
}

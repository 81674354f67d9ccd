//! The one way through: load, decide, sign, commit, release.
//!
//! An operation hands in a closure that loads and decides: it reads rows through a [`View`], calls the pure decisions
//! of `model` and `policy`, and answers with a [`Plan`]: what to sign, and the writes that follow. The driver signs,
//! commits all writes or none, and only then releases the result. When somebody else changed what was read, the
//! store says so and the closure runs again; numbers, seeds and the time stay the same, so what was signed is signed
//! again only if it changed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::call::Call;
use super::numbers::stand;
use crate::Result;
use crate::callback;
use crate::env::{Random, Timestamp};
use crate::error::{Error, InputError, SignerError, StoreError};
use crate::id::{Entity as EntityKind, Id};
use crate::key::{Signer, sign_with};
use crate::model::{Entity, Event, RequestRecord};
use crate::secret::Secret;
use crate::store::record::{Record, Stored, at, put, read};
use crate::store::schema::Table;
use crate::store::tables::AUTHORITIES;
use crate::store::{Counter, Expect, Row, RowRef, Write};
use crate::x509::assemble;

/// How often an operation starts again after a conflict before it gives up.
const ATTEMPTS: u32 = 24;

/// Which operation runs, on what content: what a request ID stands for.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    /// The action as events show it, such as `device.enroll`.
    pub(super) action: &'static str,
    /// What distinguishes this request from another of the same kind.
    pub(super) content: &'a [u8],
}

/// Something to be signed before the writes are complete.
pub(super) struct ToSign {
    pub(super) signer: Arc<dyn Signer>,
    /// The signed part of a certificate.
    pub(super) tbs: Vec<u8>,
    /// Whether to check the signature: a device outside may be broken, software here is not.
    pub(super) check: bool,
}

impl ToSign {
    /// With the signature checked before it is used.
    pub(super) fn checked(signer: Arc<dyn Signer>, tbs: Vec<u8>) -> Self {
        Self { signer, tbs, check: true }
    }
}

/// All writes of an operation and what it answers once they are durable.
pub(super) struct Done<T> {
    pub(super) writes: Vec<Write>,
    /// The answer; an error here is a refusal that leaves a trace, such as a quarantine.
    pub(super) output: Result<T>,
    /// The number of the record that a repeated request ID leads to.
    pub(super) result: u64,
}

type Complete<'a, T> = Box<dyn FnOnce(Vec<Vec<u8>>) -> Result<Done<T>> + 'a>;

/// What an operation decided.
pub(super) struct Plan<'a, T> {
    sign: Vec<ToSign>,
    complete: Complete<'a, T>,
}

impl<'a, T: 'a> Plan<'a, T> {
    /// Nothing to sign.
    pub(super) fn done(result: u64, writes: Vec<Write>, output: T) -> Self {
        Self { sign: Vec::new(), complete: Box::new(move |_| Ok(Done { writes, output: Ok(output), result })) }
    }

    /// A refusal that changes something.
    pub(super) fn refused(writes: Vec<Write>, refusal: Error) -> Self {
        Self { sign: Vec::new(), complete: Box::new(move |_| Ok(Done { writes, output: Err(refusal), result: 0 })) }
    }

    /// Sign `sign`, then complete the writes with the finished DER of each.
    pub(super) fn signed(sign: Vec<ToSign>, complete: impl FnOnce(Vec<Vec<u8>>) -> Result<Done<T>> + 'a) -> Self {
        Self { sign, complete: Box::new(complete) }
    }

    /// The same plan with another answer.
    pub(super) fn map<U: 'a>(self, f: impl FnOnce(T) -> U + 'a) -> Plan<'a, U> {
        let complete = self.complete;
        Plan {
            sign: self.sign,
            complete: Box::new(move |ders| {
                let done = complete(ders)?;
                Ok(Done { writes: done.writes, output: done.output.map(f), result: done.result })
            }),
        }
    }

    pub(super) fn split(self) -> (Vec<ToSign>, Complete<'a, T>) {
        (self.sign, self.complete)
    }
}

/// Signs `tbs` and assembles the certificate.
pub(super) fn sign(item: &ToSign) -> Result<Vec<u8>> {
    let algorithm = item.signer.algorithm();
    let signature = sign_with(&*item.signer, &item.tbs)?;
    if item.check {
        let key = item.signer.public_key();
        key.verify(algorithm, &item.tbs, &signature).map_err(|_| SignerError::BadSignature)?;
    }
    Ok(assemble(&item.tbs, algorithm, &signature))
}

/// What one operation drew: the same numbers and seeds at every attempt.
#[derive(Default)]
pub(super) struct Draws {
    numbers: RefCell<Vec<(&'static str, u64)>>,
    seeds: RefCell<Vec<u64>>,
    secrets: RefCell<Vec<(String, Secret<Vec<u8>>)>>,
    next_number: Cell<usize>,
    next_seed: Cell<usize>,
    next_secret: Cell<usize>,
}

impl Draws {
    fn rewind(&self) {
        self.next_number.set(0);
        self.next_seed.set(0);
        self.next_secret.set(0);
    }
}

/// What an operation sees while it loads and decides.
pub(super) struct View<'r> {
    pub(super) registry: &'r Inner,
    /// The moment the operation began.
    pub(super) now: Timestamp,
    /// 0 at first, one more after each conflict.
    pub(super) attempt: u32,
    call: &'r Call,
    draws: &'r Draws,
    /// Rows that were read beforehand, for many items at once.
    known: Option<&'r HashMap<RowRef, Option<Row>>>,
}

impl<'r> View<'r> {
    pub(super) fn new(registry: &'r Inner, call: &'r Call, now: Timestamp, draws: &'r Draws, attempt: u32) -> Self {
        draws.rewind();
        Self { registry, now, attempt, call, draws, known: None }
    }

    /// The same, with rows that were read just now.
    pub(super) const fn knowing(mut self, known: &'r HashMap<RowRef, Option<Row>>) -> Self {
        self.known = Some(known);
        self
    }

    /// Whether this is one of many items, which share a commit: there a conflict costs more than a look beforehand.
    pub(super) const fn is_one_of_many(&self) -> bool {
        self.known.is_some()
    }

    /// These rows, from one snapshot, or from the one that was read beforehand.
    pub(super) fn rows(&self, wanted: &[RowRef]) -> Result<Vec<Option<Row>>> {
        let store = self.registry.store()?;
        if let Some(known) = self.known
            && let Some(rows) = wanted.iter().map(|row| known.get(row).cloned()).collect()
        {
            return Ok(rows);
        }
        Ok(store.get(wanted)?)
    }

    /// Who calls.
    pub(super) const fn call(&self) -> &Call {
        self.call
    }

    /// The record in `row`, if there is one.
    pub(super) fn read<T: Record>(&self, row: Option<Row>) -> Result<Option<Stored<T>>> {
        Ok(read(row, &self.registry.ids)?)
    }

    /// The record with this key, if there is one.
    pub(super) fn find<T: Record>(&self, key: u64) -> Result<Option<Stored<T>>> {
        self.registry.find_record(key)
    }

    /// The record with this identifier.
    pub(super) fn get<T: Record, K: EntityKind>(&self, id: Id<K>) -> Result<Stored<T>> {
        self.registry.get_record(id)
    }

    /// A number that no record of the table had or will have.
    pub(super) fn number<T: Record>(&self) -> Result<u64> {
        let table = T::TABLE.name;
        let position = self.draws.next_number.get();
        self.draws.next_number.set(position + 1);
        let mut numbers = self.draws.numbers.borrow_mut();
        match numbers.get(position) {
            Some(&(of, number)) if of == table && !self.registry.numbers.is_void(table, number) => Ok(number),
            _ => {
                // A different path than at the last attempt: what was drawn from here on is left unused.
                numbers.truncate(position);
                let number = self.registry.numbers.next(self.registry.store()?, table)?;
                numbers.push((table, number));
                Ok(number)
            }
        }
    }

    /// 64 random bits.
    pub(super) fn seed(&self) -> Result<u64> {
        let position = self.draws.next_seed.get();
        self.draws.next_seed.set(position + 1);
        let mut seeds = self.draws.seeds.borrow_mut();
        if let Some(&seed) = seeds.get(position) {
            return Ok(seed);
        }
        let seed = u64::from_be_bytes(self.registry.draw()?);
        seeds.push(seed);
        Ok(seed)
    }

    /// A secret that `make` draws at the first attempt, and the same one at every other; `what` it is to be like. `make` marks
    /// its calls of the host's source as callbacks, as whatever draws does.
    pub(super) fn secret(
        &self,
        what: String,
        make: impl FnOnce(&dyn Random) -> Result<Secret<Vec<u8>>>,
    ) -> Result<Secret<Vec<u8>>> {
        let position = self.draws.next_secret.get();
        self.draws.next_secret.set(position + 1);
        let mut secrets = self.draws.secrets.borrow_mut();
        if let Some((_, secret)) = secrets.get(position).filter(|(of, _)| *of == what) {
            return Ok(secret.clone());
        }
        // As with numbers, another path than at the last attempt leaves what was drawn from here on unused.
        secrets.truncate(position);
        callback::refuse_inside()?;
        let secret = make(&*self.registry.random)?;
        secrets.push((what, secret.clone()));
        Ok(secret)
    }

    /// 128 random bits.
    pub(super) fn seed_block(&self) -> Result<[u8; 16]> {
        let (high, low) = (self.seed()?, self.seed()?);
        Ok(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
    }

    /// How far a counter has come.
    pub(super) fn counter(&self, counter: Counter) -> Result<u64> {
        Ok(stand(self.registry.store()?, counter)?)
    }

    /// A new record.
    pub(super) fn insert<T: Record>(&self, record: &T) -> Result<Write> {
        put(record, Expect::Absent, &self.registry.ids)
    }

    /// A changed record, in place of the version that was read.
    pub(super) fn update<T: Record>(&self, version: u64, record: &T) -> Result<Write> {
        put(record, Expect::Version(version), &self.registry.ids)
    }

    /// A record whatever was there before.
    pub(super) fn replace<T: Record>(&self, record: &T) -> Result<Write> {
        put(record, Expect::Any, &self.registry.ids)
    }

    /// That `stored` is still what was read.
    pub(super) fn require<T: Record>(&self, stored: &Stored<T>) -> Result<Write> {
        Ok(Write::Require(at::<T>(stored.key(&self.registry.ids)?), Expect::Version(stored.version)))
    }

    /// That `stored` goes away.
    pub(super) fn delete<T: Record>(&self, stored: &Stored<T>) -> Result<Write> {
        Ok(Write::Delete(at::<T>(stored.key(&self.registry.ids)?), Expect::Version(stored.version)))
    }

    /// The number in an identifier.
    pub(super) fn number_of<K: EntityKind>(&self, id: Id<K>) -> Result<u64> {
        self.registry.ids.number(id)
    }

    /// An event of this operation.
    pub(super) fn event(
        &self,
        action: &'static str,
        subject: Entity,
        object: Option<Entity>,
        detail: Option<String>,
    ) -> Result<Write> {
        self.event_about(action, Some(subject), object, detail)
    }

    /// An event of this operation that may be about more than one record.
    pub(super) fn event_about(
        &self,
        action: &'static str,
        subject: Option<Entity>,
        object: Option<Entity>,
        detail: Option<String>,
    ) -> Result<Write> {
        self.registry.event(action, [subject, object], detail, self.call, self.now)
    }
}

/// What a request ID is stored under.
pub(super) struct RequestTag {
    key: u64,
    fingerprint: i64,
}

impl RequestTag {
    /// `item` tells the items of a bulk call apart.
    pub(super) fn of(registry: &Inner, call: &Call, operation: &Operation<'_>, item: Option<usize>) -> Option<Self> {
        let id = call.request_id.as_ref()?;
        let item = item.map_or_else(Vec::new, |item| item.to_be_bytes().to_vec());
        // One caller's request ID means nothing to another: it leads to results, private keys among them.
        let (key, _) = registry.tags.digest("request", &[call.actor.as_bytes(), id.as_bytes(), &item]);
        let (_, fingerprint) =
            registry.tags.digest("request content", &[operation.action.as_bytes(), operation.content]);
        Some(Self { key, fingerprint })
    }

    /// The number of the record that the first request led to, if there was one.
    pub(super) fn earlier(&self, registry: &Inner) -> Result<Option<u64>> {
        match registry.find_record::<RequestRecord>(self.key)? {
            None => Ok(None),
            Some(record) if record.fingerprint == self.fingerprint => Ok(Some(record.result.cast_unsigned())),
            Some(_) => Err(InputError::RequestIdReused.into()),
        }
    }

    /// The write that remembers the result.
    pub(super) fn remember(&self, registry: &Inner, result: u64, now: Timestamp) -> Result<Write> {
        let record =
            RequestRecord { key: self.key, fingerprint: self.fingerprint, result: result.cast_signed(), at: now };
        put(&record, Expect::Absent, &registry.ids)
    }
}

impl Inner {
    /// The record with this key, if there is one.
    pub(super) fn find_record<T: Record>(&self, key: u64) -> Result<Option<Stored<T>>> {
        let row = self.store()?.get(&[at::<T>(key)])?.pop().flatten();
        Ok(read(row, &self.ids)?)
    }

    /// The record with this identifier.
    pub(super) fn get_record<T: Record, K: EntityKind>(&self, id: Id<K>) -> Result<Stored<T>> {
        let number = self.ids.number(id)?;
        self.find_record(number)?.ok_or_else(|| self.missing::<T>(K::NAME, number))
    }

    /// Runs one operation from loading to release.
    pub(super) fn change<'a, T: 'a>(
        &self,
        call: &Call,
        operation: Operation<'_>,
        plan: impl Fn(&View<'_>) -> Result<Plan<'a, T>>,
        replay: impl Fn(u64) -> Result<T>,
    ) -> Result<T> {
        self.change_at(call, operation, self.now()?, None, plan, replay)
    }

    /// As [`change`](Self::change), at a given moment, as item `item` of a bulk call.
    pub(super) fn change_at<'a, T: 'a>(
        &self,
        call: &Call,
        operation: Operation<'_>,
        now: Timestamp,
        item: Option<usize>,
        plan: impl Fn(&View<'_>) -> Result<Plan<'a, T>>,
        replay: impl Fn(u64) -> Result<T>,
    ) -> Result<T> {
        callback::refuse_inside()?;
        call.check()?;
        let draws = Draws::default();
        let request = RequestTag::of(self, call, &operation, item);
        let mut signed: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for attempt in 0..ATTEMPTS {
            if let Some(request) = &request
                && let Some(number) = request.earlier(self)?
            {
                return replay(number);
            }
            let view = View::new(self, call, now, &draws, attempt);
            let (to_sign, complete) = plan(&view)?.split();
            let mut ders = Vec::with_capacity(to_sign.len());
            for item in to_sign {
                if let Some((_, der)) = signed.iter().find(|(tbs, _)| *tbs == item.tbs) {
                    ders.push(der.clone());
                } else {
                    let der = sign(&item)?;
                    signed.push((item.tbs, der.clone()));
                    ders.push(der);
                }
            }
            let mut done = complete(ders)?;
            if let (Some(request), Ok(_)) = (&request, &done.output) {
                done.writes.push(request.remember(self, done.result, now)?);
            }
            match self.commit(&mut done.writes) {
                Ok(()) => return done.output,
                Err(StoreError::Conflict { .. }) => back_off(attempt),
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy.into())
    }

    /// The event of a change to many records at once: of how many in each table.
    pub(super) fn event_of_tables(
        &self,
        action: &'static str,
        tables: impl Iterator<Item = &'static Table>,
        call: &Call,
        now: Timestamp,
    ) -> Result<Write> {
        let mut of = BTreeMap::new();
        for table in tables {
            *of.entry(table.name).or_insert(0_u64) += 1;
        }
        let detail: Vec<_> = of.iter().map(|(table, count)| format!("{table}: {count}")).collect();
        self.event(action, [None, None], Some(detail.join(", ")), call, now)
    }

    /// An event about a subject and an object, if there are such.
    pub(super) fn event(
        &self,
        action: &'static str,
        [subject, object]: [Option<Entity>; 2],
        detail: Option<String>,
        call: &Call,
        now: Timestamp,
    ) -> Result<Write> {
        let event = Event {
            // Its number comes with the commit, and so does its tag.
            id: self.ids.id(0),
            at: now,
            actor: call.actor.clone(),
            action: action.to_owned(),
            subject,
            object,
            detail,
            tag: None,
        };
        put(&event, Expect::Absent, &self.ids)
    }

    /// Commits, and keeps the remembered authorities in step. Events get their numbers and tags here.
    pub(super) fn commit(&self, writes: &mut Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let result = self.commit_in_epoch(writes);
        let stale = match &result {
            Ok(()) => writes.iter().any(|w| matches!(w, Write::Put(row, _) if *row.table == AUTHORITIES)),
            Err(_) => true,
        };
        if stale {
            self.issuers.forget();
            self.vouchers.forget();
        }
        result
    }
}

/// Waits a little longer after each conflict, so that many callers of one record do not keep step.
pub(super) fn back_off(attempt: u32) {
    if attempt > 1 {
        std::thread::sleep(Duration::from_micros(50 << attempt.min(8)));
    }
}

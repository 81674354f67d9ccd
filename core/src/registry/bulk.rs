//! Many items in one call: decided together, signed in parallel, committed in large durable portions.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::ops::{ControlFlow, Deref, Range};
use std::sync::{Mutex, PoisonError};
use std::thread;

use zeroize::Zeroizing;

use super::Inner;
use super::call::{Atomicity, Bulk, Call};
use super::driver::{Done, Draws, Operation, Plan, RequestTag, ToSign, View, sign};
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::{Error, InputError, ProductError, StoreError};
use crate::store::{Expect, Row, RowRef, Write};

/// How many items share one commit when each stands on its own.
const PORTION: usize = 512;
/// How many portions may be on their way into the store while the next one is decided and signed.
const UNDER_WAY: usize = 2;
/// How often an all-or-nothing call starts again after a conflict.
const ATTEMPTS: u32 = 8;
/// Below this many signatures, threads cost more than they save.
const WORTH_A_THREAD: usize = 16;
/// How many items a thread takes on.
const AT_A_TIME: usize = 8;

/// One kind of operation over many items.
pub(super) struct Many<'o, I, T> {
    /// The action as events show it.
    pub(super) action: &'static str,
    /// What distinguishes the request for one item from another.
    pub(super) content: &'o dyn Fn(&I) -> Vec<u8>,
    /// Loads and decides one item.
    pub(super) plan: &'o (dyn Fn(&View<'_>, &I) -> Result<Plan<'o, T>> + 'o),
    /// Fetches the result of an item that an earlier request with the same ID did.
    pub(super) replay: &'o dyn Fn(u64) -> Result<T>,
}

/// The items of a portion that are ready to be committed.
struct Ready<T> {
    /// Item index, its writes, its answer.
    items: Vec<(usize, Vec<Write>, Result<T>)>,
}

/// The items of a portion: given by the caller, or made of what the caller gave.
enum Items<'i, I> {
    Given(&'i [I]),
    Made(Vec<I>),
}

impl<I> Deref for Items<'_, I> {
    type Target = [I];
    fn deref(&self) -> &[I] {
        match self {
            Self::Given(items) => items,
            Self::Made(items) => items,
        }
    }
}

/// Where items come from.
struct Source<'s, 'i, I> {
    count: usize,
    /// The items at these places.
    portion: &'s dyn Fn(Range<usize>) -> Items<'i, I>,
    /// Rows that deciding on an item is likely to read. They are read for a whole portion at once.
    rows: &'s dyn Fn(&I) -> Vec<RowRef>,
}

/// A portion that is on its way into the store.
struct Committing<'s, 'i, I, T> {
    first: usize,
    items: Items<'i, I>,
    ready: Ready<T>,
    commit: thread::ScopedJoinHandle<'s, (Merged, Result<(), StoreError>)>,
}

impl Inner {
    /// Runs `many` over `items`, with a result per item in their order.
    pub(super) fn change_many<I, T: Send>(
        &self,
        call: &Call,
        items: &[I],
        bulk: &Bulk<'_>,
        many: &Many<'_, I, T>,
    ) -> Result<Vec<Result<T>>> {
        let portion = |at: Range<usize>| Items::Given(items.get(at).unwrap_or_default());
        self.run_many(call, &Source { count: items.len(), portion: &portion, rows: &|_| Vec::new() }, bulk, many)
    }

    /// As [`change_many`](Self::change_many), over what `parse` makes of `requests`, on all processors, a portion at a time; and
    /// with the rows that deciding on an item is likely to read.
    pub(super) fn change_many_as<R: Sync, I: Send, T: Send>(
        &self,
        call: &Call,
        requests: &[R],
        parse: &(dyn Fn(&R) -> Result<I> + Sync),
        rows: &dyn Fn(&Result<I>) -> Vec<RowRef>,
        bulk: &Bulk<'_>,
        many: &Many<'_, Result<I>, T>,
    ) -> Result<Vec<Result<T>>> {
        let portion = |at: Range<usize>| Items::Made(parallel(requests.get(at).unwrap_or_default(), parse));
        self.run_many(call, &Source { count: requests.len(), portion: &portion, rows }, bulk, many)
    }

    fn run_many<I, T: Send>(
        &self,
        call: &Call,
        source: &Source<'_, '_, I>,
        bulk: &Bulk<'_>,
        many: &Many<'_, I, T>,
    ) -> Result<Vec<Result<T>>> {
        callback::refuse_inside()?;
        call.check()?;
        match bulk.atomicity {
            Atomicity::All => self.all_or_nothing(call, source, many),
            Atomicity::Each => self.each_on_its_own(call, source, bulk, many),
        }
    }

    fn each_on_its_own<I, T: Send>(
        &self,
        call: &Call,
        source: &Source<'_, '_, I>,
        bulk: &Bulk<'_>,
        many: &Many<'_, I, T>,
    ) -> Result<Vec<Result<T>>> {
        let now = self.now()?;
        let mut results: Vec<Option<Result<T>>> = (0..source.count).map(|_| None).collect();
        // While portions become durable, the next one is decided and signed.
        thread::scope(|scope| {
            let mut under_way = VecDeque::with_capacity(UNDER_WAY);
            for first in (0..source.count).step_by(PORTION) {
                let end = source.count.min(first + PORTION);
                let items = (source.portion)(first..end);
                let mut ready = self.prepare(call, now, 0, first, &items, source, many, &mut results);
                if under_way.len() == UNDER_WAY
                    && let Some(earlier) = under_way.pop_front()
                {
                    self.settle(call, now, earlier, many, &mut results);
                }
                let mut merged = Merged::of(&mut ready.items);
                let commit = scope.spawn(move || {
                    let outcome = self.commit(&mut merged.writes);
                    (merged, outcome)
                });
                under_way.push_back(Committing { first, items, ready, commit });
                if let Some(progress) = bulk.progress
                    && callback::run(|| progress(end, source.count)) == ControlFlow::Break(())
                {
                    break;
                }
            }
            for earlier in under_way {
                self.settle(call, now, earlier, many, &mut results);
            }
        });
        Ok(results.into_iter().map(|result| result.unwrap_or_else(|| Err(InputError::Cancelled.into()))).collect())
    }

    /// The rows that deciding on a portion is likely to read.
    fn known<I>(&self, items: &[I], source: &Source<'_, '_, I>) -> HashMap<RowRef, Option<Row>> {
        let mut known = HashMap::new();
        let wanted: Vec<RowRef> = items.iter().flat_map(|item| (source.rows)(item)).collect();
        // Without an answer, each item asks for itself, and hears of what is wrong.
        if !wanted.is_empty()
            && let Ok(store) = self.store()
            && let Ok(rows) = store.get(&wanted)
        {
            known.extend(wanted.into_iter().zip(rows));
        }
        known
    }

    /// Decides, signs and completes one portion; what is refused or was done before gets its result right away.
    #[allow(clippy::too_many_arguments)] // Where the portion stands in the call.
    fn prepare<I, T>(
        &self,
        call: &Call,
        now: Timestamp,
        attempt: u32,
        first: usize,
        chunk: &[I],
        source: &Source<'_, '_, I>,
        many: &Many<'_, I, T>,
        results: &mut [Option<Result<T>>],
    ) -> Ready<T> {
        let known = self.known(chunk, source);
        let mut to_sign = Vec::new();
        let mut plans = Vec::with_capacity(chunk.len());
        for (offset, item) in chunk.iter().enumerate() {
            let index = first + offset;
            let content = Zeroizing::new((many.content)(item));
            let operation = Operation { action: many.action, content: &content };
            let request = RequestTag::of(self, call, &operation, Some(index));
            match self.plan_item(call, now, attempt, item, request.as_ref(), &known, many) {
                Ok(Planned::New(plan)) => {
                    let (sign, complete) = plan.split();
                    plans.push((index, request, sign.len(), complete));
                    to_sign.extend(sign);
                }
                Ok(Planned::Earlier(result)) => results[index] = Some(Ok(result)),
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        let mut ders = sign_all(&to_sign).into_iter();
        let mut ready = Ready { items: Vec::with_capacity(plans.len()) };
        for (index, request, signatures, complete) in plans {
            // All of its own are taken, also after a failed one: what is left over would go to the next item.
            let own: Vec<_> = ders.by_ref().take(signatures).collect();
            let own: Result<Vec<_>> = own.into_iter().collect();
            let completed = own.and_then(complete).and_then(|done| remembered(self, done, request.as_ref(), now));
            match completed {
                Ok(done) => ready.items.push((index, done.writes, done.output)),
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        ready
    }

    #[allow(clippy::too_many_arguments)] // As for `prepare`.
    fn plan_item<'o, I, T>(
        &self,
        call: &Call,
        now: Timestamp,
        attempt: u32,
        item: &I,
        request: Option<&RequestTag>,
        known: &HashMap<RowRef, Option<Row>>,
        many: &Many<'o, I, T>,
    ) -> Result<Planned<'o, T>> {
        if let Some(request) = request
            && let Some(number) = request.earlier(self)?
        {
            return Ok(Planned::Earlier((many.replay)(number)?));
        }
        let draws = Draws::default();
        (many.plan)(&View::new(self, call, now, &draws, attempt).knowing(known), item).map(Planned::New)
    }

    /// Waits for a portion's commit and sorts out who collided with whom.
    fn settle<I, T>(
        &self,
        call: &Call,
        now: Timestamp,
        committing: Committing<'_, '_, I, T>,
        many: &Many<'_, I, T>,
        results: &mut [Option<Result<T>>],
    ) {
        let Committing { first, items, mut ready, commit } = committing;
        let mut alone = Vec::new();
        let (mut merged, mut outcome) = commit.join().unwrap_or_else(|_| {
            (Merged::default(), Err(StoreError::Backend { reason: "the store panicked".to_owned() }))
        });
        loop {
            match outcome {
                Ok(()) => {
                    for (index, _, output) in ready.items {
                        results[index] = Some(output);
                    }
                    break;
                }
                Err(StoreError::Conflict { write }) => {
                    // The one that collided is decided again by itself; the others go on without it. A shared write
                    // (a quota) belongs to all, so all are decided again.
                    let owner = merged.owners.get(write).copied().flatten();
                    merged.give_back(&mut ready.items);
                    match owner {
                        Some(position) => alone.push(ready.items.remove(position).0),
                        None => alone.extend(ready.items.drain(..).map(|(index, ..)| index)),
                    }
                    merged = Merged::of(&mut ready.items);
                    outcome = self.commit(&mut merged.writes);
                }
                Err(error) => {
                    for (index, ..) in ready.items {
                        results[index] = Some(Err(error.clone().into()));
                    }
                    break;
                }
            }
        }
        alone.sort_unstable();
        for index in alone {
            let item = &items[index - first];
            let content = Zeroizing::new((many.content)(item));
            let operation = Operation { action: many.action, content: &content };
            let result = self.change_at(call, operation, now, Some(index), |v| (many.plan)(v, item), many.replay);
            results[index] = Some(result);
        }
    }

    fn all_or_nothing<I, T: Send>(
        &self,
        call: &Call,
        source: &Source<'_, '_, I>,
        many: &Many<'_, I, T>,
    ) -> Result<Vec<Result<T>>> {
        let now = self.now()?;
        let items = (source.portion)(0..source.count);
        let mut collided = None;
        for attempt in 0..ATTEMPTS {
            let mut results: Vec<Option<Result<T>>> = items.iter().map(|_| None).collect();
            let mut ready = self.prepare(call, now, attempt, 0, &items, source, many, &mut results);
            let refused = results.iter().any(|r| matches!(r, Some(Err(_))))
                || ready.items.iter().any(|(_, _, output)| output.is_err());
            if refused {
                for (index, _, output) in ready.items {
                    results[index] = Some(Err(output.err().unwrap_or_else(|| InputError::BatchRefused.into())));
                }
                return Ok(results
                    .into_iter()
                    .map(|r| r.unwrap_or_else(|| Err(InputError::BatchRefused.into())))
                    .collect());
            }
            let mut merged = Merged::of(&mut ready.items);
            match self.commit(&mut merged.writes) {
                Ok(()) => {
                    for (index, _, output) in ready.items {
                        results[index] = Some(output);
                    }
                    return Ok(results
                        .into_iter()
                        .map(|r| r.unwrap_or_else(|| Err(InputError::BatchRefused.into())))
                        .collect());
                }
                Err(StoreError::Conflict { write }) => {
                    collided =
                        merged.owners.get(write).map(|position| position.and_then(|p| ready.items.get(p)).map(|i| i.0));
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Still colliding when nobody else is likely to: items of this very call stand in each other's way.
        Ok((0..items.len())
            .map(|index| {
                Err(match collided {
                    Some(Some(collided)) if collided == index => InputError::Repeated.into(),
                    Some(Some(_)) => InputError::BatchRefused.into(),
                    // What items share is a quota: together they want more than is left.
                    Some(None) => ProductError::QuotaExhausted.into(),
                    None => StoreError::Busy.into(),
                })
            })
            .collect())
    }
}

enum Planned<'o, T> {
    New(Plan<'o, T>),
    Earlier(T),
}

fn remembered<T>(inner: &Inner, mut done: Done<T>, request: Option<&RequestTag>, now: Timestamp) -> Result<Done<T>> {
    if let (Some(request), Ok(_)) = (request, &done.output) {
        done.writes.push(request.remember(inner, done.result, now)?);
    }
    Ok(done)
}

/// Signs in parallel, keeping the order.
fn sign_all(items: &[ToSign]) -> Vec<Result<Vec<u8>>> {
    parallel(items, sign)
}

/// Applies `work` to all items, on as many threads as there are processors, keeping the order. Each takes a few at a time: one
/// that shares its processor with whoever commits the portion before takes fewer of them.
pub(super) fn parallel<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> Result<T> + Sync) -> Vec<Result<T>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len() / WORTH_A_THREAD);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = Mutex::new(items.chunks(AT_A_TIME).enumerate());
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut done = Vec::new();
        while let Some((place, few)) = take() {
            done.push((place, few.iter().map(&work).collect::<Vec<_>>()));
        }
        done
    };
    let mut done: HashMap<usize, Vec<Result<T>>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let panicked = |few: &[I]| few.iter().map(|_| Err(Error::defect("a worker thread panicked"))).collect();
    let few = items.chunks(AT_A_TIME).enumerate();
    few.flat_map(|(place, few)| done.remove(&place).unwrap_or_else(|| panicked(few))).collect()
}

/// One list of writes for all items, and whose each is. Adds to one counter become one, and repeated requirements are
/// checked once.
#[derive(Default)]
struct Merged {
    writes: Vec<Write>,
    owners: Vec<Option<usize>>,
}

impl Merged {
    /// Rows are moved here, without a copy of what is in them.
    fn of<T>(items: &mut [(usize, Vec<Write>, Result<T>)]) -> Self {
        let mut writes = Vec::with_capacity(items.iter().map(|(_, writes, _)| writes.len()).sum());
        let mut owners = Vec::with_capacity(writes.capacity());
        let mut adds: Vec<Write> = Vec::new();
        // Of items that each count for a device of its own, there are as many as items.
        let mut added = HashMap::new();
        let mut required = HashMap::new();
        for (position, (_, item, _)) in items.iter_mut().enumerate() {
            let moved = item.extract_if(.., |write| {
                match write {
                    Write::Add { counter, by, at_most } => {
                        match added.entry((*counter, *at_most)) {
                            Entry::Vacant(place) => {
                                place.insert(adds.len());
                                adds.push(write.clone());
                            }
                            Entry::Occupied(place) => {
                                if let Some(Write::Add { by: sum, .. }) = adds.get_mut(*place.get()) {
                                    *sum = sum.saturating_add(*by);
                                }
                            }
                        }
                        return false;
                    }
                    Write::Require(row, Expect::Version(version)) => {
                        if required.insert(*row, *version) == Some(*version) {
                            return false;
                        }
                    }
                    // What was required before an item of this call changed it must be checked again.
                    Write::Put(row, _) => drop(required.remove(&RowRef { table: row.table, key: row.key })),
                    Write::Delete(row, _) => drop(required.remove(row)),
                    Write::Require(..) => {}
                }
                true
            });
            writes.extend(moved);
            owners.resize(writes.len(), Some(position));
        }
        owners.resize(writes.len() + adds.len(), None);
        writes.extend(adds);
        Self { writes, owners }
    }

    /// Gives each item what was its own, so that they can be merged anew without one of them.
    fn give_back<T>(&mut self, items: &mut [(usize, Vec<Write>, Result<T>)]) {
        for (write, owner) in self.writes.drain(..).zip(self.owners.drain(..)) {
            if let Some((_, own, _)) = owner.and_then(|position| items.get_mut(position)) {
                own.push(write);
            }
        }
    }
}

//! Checks that need several threads at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[allow(clippy::wildcard_imports, reason = "the checks share one small vocabulary")]
use super::*;
use crate::store::Counter;

const THREADS: u64 = 8;

/// Runs `work` on [`THREADS`] threads and collects what they return.
fn together<T: Send>(work: impl Fn(u64) -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "the store panicked".to_owned())?).collect()
    })
}

/// Calls `reader` over and over while `writer` is called over and over, until both had their turns.
fn meanwhile(writer: impl Fn(u64) -> Outcome + Sync, reader: impl Fn(u64) -> Outcome) -> Outcome {
    let (rounds, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let until = Instant::now() + Duration::from_secs(10);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                writer(rounds.fetch_add(1, Ordering::Relaxed) + 1)?;
            }
            Ok(())
        });
        let mut reads = 0;
        let mut result = Ok(());
        while result.is_ok() && !writing.is_finished() {
            if Instant::now() > until || (reads >= 40 && rounds.load(Ordering::Relaxed) >= 100) {
                break;
            }
            reads += 1;
            result = reader(reads);
        }
        done.store(true, Ordering::Relaxed);
        let written = writing.join().map_err(|_| "the store panicked".to_owned())?;
        result.and(written)
    })
}

pub(super) fn of_many_claims_one_wins(store: &dyn Store) -> Outcome {
    for round in 1..=10_u64 {
        commit(store, vec![put(other(round, -1), Expect::Absent)])?;
        let wins = together(|number| {
            let mine = i64::try_from(number).unwrap_or_default();
            match store.commit(&[
                put(item(round * 100 + number, &[]), Expect::Absent),
                put(other(round, mine), Expect::Version(1)),
            ]) {
                Ok(()) => Ok(Some(mine)),
                Err(StoreError::Conflict { write: 1 }) => Ok(None),
                Err(other) => Err(format!("a claim that came too late: {other:?}")),
            }
        })?;
        let winners: Vec<i64> = wins.into_iter().flatten().collect();
        ensure_eq!(winners.len(), 1, "claims that won");
        let row = one(store, at(&OTHER, round))?.ok_or("the claimed row is gone")?;
        ensure_eq!(row.values, winners.iter().map(|w| Value::Int(*w)).collect::<Vec<_>>(), "who won");
        ensure_eq!(row.version, 2, "the version after one claim");
    }
    let rows = ok("finding", store.find(&all(&ITEM)))?.rows.len();
    ensure_eq!(rows, 10, "rows written beside the claims: only the winners' stay");
    Ok(())
}

pub(super) fn reserved_numbers_never_repeat_among_threads(store: &dyn Store) -> Outcome {
    let counter = Counter { name: "check", of: 0 };
    let ranges = together(|number| {
        (0..40_u64)
            .map(|round| {
                let count = u32::try_from((number + round) % 5).unwrap_or_default();
                let range = ok("reserving", store.reserve(counter, count))?;
                ensure_eq!(range.end - range.start, u64::from(count), "how many were reserved");
                Ok(range)
            })
            .collect::<Result<Vec<_>, String>>()
    })?;
    let numbers: Vec<u64> = ranges.into_iter().flatten().flatten().collect();
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    ensure_eq!(distinct.len(), numbers.len(), "distinct numbers among those reserved");
    ensure_eq!((distinct.first(), distinct.last()), (Some(&1), Some(&(numbers.len() as u64))), "the numbers' span");
    Ok(())
}

pub(super) fn additions_commute_up_to_the_limit(store: &dyn Store) -> Outcome {
    let counter = Counter { name: "check", of: 0 };
    let limit = THREADS * 20 - 13;
    let added = together(|number| {
        let mut added = 0_u64;
        for round in 0..20 {
            let writes =
                [put(other(number * 100 + round, 0), Expect::Absent), Write::Add { counter, by: 1, at_most: limit }];
            match store.commit(&writes) {
                Ok(()) => added += 1,
                Err(StoreError::Conflict { write: 1 }) => {}
                Err(other) => return Err(format!("an addition: {other:?}")),
            }
        }
        Ok(added)
    })?;
    ensure_eq!(added.iter().sum::<u64>(), limit, "additions that succeeded");
    ensure_eq!(ok("asking", store.reserve(counter, 0))?.start, limit + 1, "where the counter stands");
    let rows = ok("counting", store.find(&Query { total: true, ..all(&OTHER) }))?.total;
    ensure_eq!(rows, Some(limit), "rows written beside the additions");
    Ok(())
}

pub(super) fn one_read_sees_one_moment(store: &dyn Store) -> Outcome {
    // Many rows between the two that change together, so that there is time for a change while they are read.
    let between = 1000..1300_u64;
    let grouped = |key| put(item(key, &[("group", Value::Int(1))]), Expect::Any);
    let constant = between.clone().flat_map(|key| [put(other(key, 0), Expect::Any), grouped(key)]);
    commit(store, constant.collect())?;
    let change = |round: u64| {
        let value = i64::try_from(round).unwrap_or_default();
        let third = if round.is_multiple_of(2) { Write::Delete(at(&ITEM, 1), Expect::Any) } else { grouped(1) };
        commit(store, vec![put(other(1, value), Expect::Any), put(other(2, value), Expect::Any), third])
    };
    change(0)?;
    let named: Vec<RowRef> = [1].into_iter().chain(between).chain([2]).map(|key| at(&OTHER, key)).collect();
    let named = [named, vec![at(&ITEM, 1)]].concat();
    meanwhile(change, |_| {
        let rows = ok("getting many rows", store.get(&named))?;
        let [Some(first), .., Some(second), third] = rows.as_slice() else {
            return Err("rows that are always there were not".to_owned());
        };
        ensure_eq!(first.values, second.values, "two rows that change together");
        let is_odd = matches!(first.values.as_slice(), [Value::Int(value)] if value % 2 == 1);
        ensure_eq!(third.is_some(), is_odd, "a row that comes and goes with the change of another");
        let query = Query { total: true, ..filtered(vec![("group", Match::Eq(Value::Int(1)))]) };
        let page = ok("finding", store.find(&query))?;
        ensure_eq!(page.total, Some(page.rows.len() as u64), "a page and its total, from one moment");
        Ok(())
    })
}

pub(super) fn paging_survives_changes(store: &dyn Store) -> Outcome {
    // Even rows stay; odd ones come, go and change beside them, at the same place in the order.
    let row = |key: u64, value: i64| {
        let place = text(&format!("{:02}", (key * 37) % 50));
        put(item(key, &[("order", place), ("value", Value::Int(value))]), Expect::Any)
    };
    commit(store, (1..=200).map(|key| row(key, 0)).collect())?;
    let change = |round: u64| {
        let key = (round * 14) % 200 + 1;
        let value = i64::try_from(round).unwrap_or_default();
        let write = if round.is_multiple_of(3) { Write::Delete(at(&ITEM, key), Expect::Any) } else { row(key, value) };
        commit(store, vec![write])
    };
    meanwhile(change, |round| {
        let order = round.is_multiple_of(2).then_some("order");
        let mut query = Query { order, descending: round % 4 < 2, limit: 7, ..all(&ITEM) };
        let mut seen = BTreeSet::new();
        loop {
            let page = ok("finding a page", store.find(&query))?;
            for key in keys(&page) {
                ensure!(seen.insert(key), "row {key} came twice");
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let missed: Vec<u64> = (2..=200).step_by(2).filter(|key| !seen.contains(key)).collect();
        ensure!(missed.is_empty(), "rows that nobody touched were missed: {missed:?}");
        Ok(())
    })
}

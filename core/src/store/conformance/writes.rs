//! Checks of commits, counters and plain reads.

#[allow(clippy::wildcard_imports, reason = "the checks share one small vocabulary")]
use super::*;
use crate::store::Counter;

const COUNTER: Counter = Counter { name: "check", of: 3 };

fn add(by: i64, at_most: u64) -> Write {
    Write::Add { counter: COUNTER, by, at_most }
}

/// What a counter stands at.
fn stand(store: &dyn Store, counter: Counter) -> Result<u64, String> {
    let range = ok("asking a counter", store.reserve(counter, 0))?;
    ensure_eq!(range.start, range.end, "a reservation of none is empty");
    range.start.checked_sub(1).ok_or_else(|| "a counter stands below zero".to_owned())
}

pub(super) fn a_row_is_put_only_when_the_expectation_holds(store: &dyn Store) -> Outcome {
    let row = at(&OTHER, 5);
    conflicts(store, vec![put(other(5, 1), Expect::Version(1))], 0)?;
    conflicts(store, vec![put(other(5, 1), Expect::Version(0))], 0)?;
    ensure_eq!(one(store, row)?, None, "a refused row");
    commit(store, vec![put(other(5, 1), Expect::Absent)])?;
    conflicts(store, vec![put(other(5, 2), Expect::Absent)], 0)?;
    for wrong in [0, 2, u64::MAX] {
        conflicts(store, vec![put(other(5, 2), Expect::Version(wrong))], 0)?;
    }
    ensure_eq!(one(store, row)?, Some(Row { version: 1, ..other(5, 1) }), "the row after refused writes");
    commit(store, vec![put(other(5, 2), Expect::Version(1))])?;
    commit(store, vec![put(other(5, 3), Expect::Any)])?;
    commit(store, vec![put(other(6, 4), Expect::Any)])?;
    ensure_eq!(one(store, row)?, Some(Row { version: 3, ..other(5, 3) }), "the row written three times");
    ensure_eq!(one(store, at(&OTHER, 6))?, Some(Row { version: 1, ..other(6, 4) }), "the row written once");
    Ok(())
}

pub(super) fn a_row_is_deleted_only_when_the_expectation_holds(store: &dyn Store) -> Outcome {
    let row = at(&OTHER, 5);
    let delete = |expect| vec![Write::Delete(row, expect)];
    commit(store, delete(Expect::Any))?;
    commit(store, delete(Expect::Absent))?;
    conflicts(store, delete(Expect::Version(1)), 0)?;
    commit(store, vec![put(other(5, 1), Expect::Absent)])?;
    conflicts(store, delete(Expect::Absent), 0)?;
    conflicts(store, delete(Expect::Version(2)), 0)?;
    ensure_eq!(version(store, row)?, 1, "the row after refused deletions");
    commit(store, delete(Expect::Version(1)))?;
    ensure_eq!(one(store, row)?, None, "the deleted row");
    commit(store, vec![put(other(5, 1), Expect::Any)])?;
    ensure_eq!(version(store, row)?, 1, "a row that was deleted begins anew");
    commit(store, delete(Expect::Any))?;
    ensure_eq!(one(store, row)?, None, "the row deleted again");
    Ok(())
}

pub(super) fn a_requirement_writes_nothing_and_guards_what_was_read(store: &dyn Store) -> Outcome {
    let require = |expect| Write::Require(at(&OTHER, 5), expect);
    commit(store, vec![require(Expect::Any), require(Expect::Absent)])?;
    conflicts(store, vec![put(other(6, 1), Expect::Any), require(Expect::Version(1))], 1)?;
    commit(store, vec![put(other(5, 1), Expect::Absent)])?;
    commit(store, vec![require(Expect::Any), require(Expect::Version(1))])?;
    conflicts(store, vec![put(other(6, 1), Expect::Any), require(Expect::Absent)], 1)?;
    conflicts(store, vec![put(other(6, 1), Expect::Any), require(Expect::Version(2))], 1)?;
    ensure_eq!(version(store, at(&OTHER, 5))?, 1, "a row that was only required");
    ensure_eq!(one(store, at(&OTHER, 6))?, None, "the row written beside a failed requirement");
    Ok(())
}

pub(super) fn every_write_of_a_row_counts_its_version_up(store: &dyn Store) -> Outcome {
    let row = at(&ITEM, 9);
    for expected in 1..=5 {
        // The same content each time: the version counts writes, not changes; what the row carries is ignored.
        commit(store, vec![put(Row { version: 77, ..item(9, &[("name", text("same"))]) }, Expect::Any)])?;
        ensure_eq!(version(store, row)?, expected, "the version");
    }
    let twice = vec![put(item(9, &[]), Expect::Version(5)), put(item(9, &[]), Expect::Version(6))];
    commit(store, twice)?;
    ensure_eq!(version(store, row)?, 7, "the version after two writes in one commit");
    Ok(())
}

pub(super) fn a_conflict_names_its_write_and_undoes_those_before(store: &dyn Store) -> Outcome {
    let before = item(1, &[("name", text("one")), ("order", text("x")), ("group", Value::Int(4))]);
    commit(store, vec![put(before.clone(), Expect::Absent), put(other(1, 1), Expect::Absent), add(2, 10)])?;
    let writes = vec![
        put(item(1, &[("name", text("changed")), ("order", text("y"))]), Expect::Version(1)),
        put(item(2, &[("name", text("one")), ("group", Value::Int(4))]), Expect::Absent),
        Write::Delete(at(&OTHER, 1), Expect::Version(1)),
        add(3, 10),
        put(item(1, &[("name", text("again"))]), Expect::Version(2)),
        Write::Require(at(&ITEM, 1), Expect::Version(3)),
    ];
    for failing in 0..=writes.len() {
        let mut writes = writes.clone();
        writes.insert(failing, put(other(99, 0), Expect::Version(1)));
        conflicts(store, writes, failing)?;
        ensure_eq!(one(store, at(&ITEM, 1))?, Some(Row { version: 1, ..before.clone() }), "a row put back");
        ensure_eq!(one(store, at(&ITEM, 2))?, None, "a row taken back");
        ensure_eq!(version(store, at(&OTHER, 1))?, 1, "a deletion taken back");
        ensure_eq!(stand(store, COUNTER)?, 2, "a counter put back");
        for (column, value, found) in [
            ("name", text("one"), vec![1]),
            ("name", text("changed"), vec![]),
            ("order", text("x"), vec![1]),
            ("order", text("y"), vec![]),
            ("group", Value::Int(4), vec![1]),
        ] {
            let page = ok("finding", store.find(&filtered(vec![(column, Match::Eq(value))])))?;
            ensure_eq!(keys(&page), found, format!("what is found by {column} afterwards"));
        }
    }
    commit(store, writes)?;
    ensure_eq!(version(store, at(&ITEM, 1))?, 3, "the same writes without the conflict");
    Ok(())
}

pub(super) fn a_commit_sees_its_own_writes(store: &dyn Store) -> Outcome {
    commit(
        store,
        vec![
            put(other(1, 1), Expect::Absent),
            Write::Require(at(&OTHER, 1), Expect::Version(1)),
            put(other(1, 2), Expect::Version(1)),
            Write::Delete(at(&OTHER, 1), Expect::Version(2)),
            Write::Require(at(&OTHER, 1), Expect::Absent),
            put(other(1, 3), Expect::Absent),
        ],
    )?;
    ensure_eq!(one(store, at(&OTHER, 1))?, Some(Row { version: 1, ..other(1, 3) }), "the last write");
    Ok(())
}

pub(super) fn unique_values_are_unique_but_for_null(store: &dyn Store) -> Outcome {
    let named = |key, name: &str| item(key, &[("name", text(name))]);
    commit(store, vec![put(named(1, "a"), Expect::Absent), put(named(2, "b"), Expect::Absent)])?;
    conflicts(store, vec![put(other(1, 1), Expect::Any), put(named(3, "a"), Expect::Absent)], 1)?;
    conflicts(store, vec![put(named(2, "a"), Expect::Version(1))], 0)?;
    conflicts(store, vec![put(named(2, "a"), Expect::Any)], 0)?;
    conflicts(store, vec![put(named(4, "c"), Expect::Any), put(named(5, "c"), Expect::Any)], 1)?;
    ensure_eq!(version(store, at(&ITEM, 4))?, 0, "the first of two equal ones");
    // A row does not collide with itself, case matters, and many rows may have nothing there.
    commit(store, vec![put(named(1, "a"), Expect::Version(1)), put(named(6, "A"), Expect::Absent)])?;
    commit(store, (10..20).map(|key| put(item(key, &[]), Expect::Absent)).collect())?;
    // A name that one write frees is free for the next.
    commit(store, vec![Write::Delete(at(&ITEM, 1), Expect::Any), put(named(3, "a"), Expect::Absent)])?;
    commit(store, vec![put(named(2, "z"), Expect::Version(1)), put(named(7, "b"), Expect::Absent)])?;
    let digest = |key, value: &[u8]| item(key, &[("digest", bytes(value))]);
    commit(store, vec![put(digest(30, b""), Expect::Absent), put(digest(31, b"\0"), Expect::Absent)])?;
    conflicts(store, vec![put(digest(32, b""), Expect::Absent)], 0)?;
    conflicts(store, vec![put(digest(32, b"\0"), Expect::Any)], 0)?;
    Ok(())
}

pub(super) fn counters_add_up_within_their_limits(store: &dyn Store) -> Outcome {
    conflicts(store, vec![add(-1, 10)], 0)?;
    conflicts(store, vec![add(11, 10)], 0)?;
    commit(store, vec![add(4, 10), add(6, 10)])?;
    conflicts(store, vec![add(-1, 10), add(1, 10), add(1, 10)], 2)?;
    ensure_eq!(stand(store, COUNTER)?, 10, "the counter at its limit");
    commit(store, vec![add(-10, 10), add(0, 0)])?;
    conflicts(store, vec![add(-1, u64::MAX)], 0)?;
    conflicts(store, vec![add(i64::MIN, u64::MAX)], 0)?;
    let elsewhere = [Counter { name: "check", of: 4 }, Counter { name: "check2", of: 3 }];
    for counter in elsewhere {
        ensure_eq!(stand(store, counter)?, 0, "another counter");
        commit(store, vec![Write::Add { counter, by: 5, at_most: 5 }])?;
    }
    ensure_eq!(stand(store, COUNTER)?, 0, "the counter after the others were changed");
    commit(store, vec![add(i64::MAX - 1, u64::MAX)])?;
    ensure!(store.commit(&[add(i64::MAX, u64::MAX)]).is_err(), "a counter went beyond 63 bits");
    ensure_eq!(stand(store, COUNTER)?, i64::MAX.unsigned_abs() - 1, "a very high counter");
    ensure!(store.reserve(COUNTER, u32::MAX).is_err(), "numbers were reserved beyond 63 bits");
    Ok(())
}

pub(super) fn numbers_are_reserved_once_and_from_one(store: &dyn Store) -> Outcome {
    let reserve = |count| ok("reserving", store.reserve(COUNTER, count));
    ensure_eq!(reserve(0)?, 1..1, "where a new counter stands");
    ensure_eq!(reserve(1)?, 1..2, "the first number");
    ensure_eq!(reserve(1000)?, 2..1002, "a block");
    ensure_eq!(reserve(0)?, 1002..1002, "where it stands");
    commit(store, vec![add(8, u64::MAX)])?;
    ensure_eq!(reserve(1)?, 1010..1011, "the number after an addition");
    let of = |of| ok("reserving", store.reserve(Counter { of, ..COUNTER }, 2));
    ensure_eq!((of(u64::MAX)?, of(0)?, of(u64::MAX)?), (1..3, 1..3, 3..5), "counters of other records");
    Ok(())
}

pub(super) fn empty_calls_do_nothing(store: &dyn Store) -> Outcome {
    commit(store, vec![])?;
    ensure_eq!(ok("getting nothing", store.get(&[]))?, vec![], "nothing");
    let page = ok("an empty table", store.find(&Query { total: true, ..all(&ITEM) }))?;
    ensure_eq!(page, Page { rows: vec![], next: None, total: Some(0) }, "the page of an empty table");
    Ok(())
}

pub(super) fn values_come_back_as_they_were(store: &dyn Store) -> Outcome {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    let large = bytes(&(0..1_000_000).map(|_| noise()).collect::<Vec<_>>());
    let rows = [
        item(1, &[]),
        item(2, &[("name", text("")), ("digest", bytes(b"")), ("group", Value::Int(0))]),
        item(3, &[("group", Value::Int(i64::MIN)), ("value", Value::Int(i64::MAX)), ("body", large)]),
        item(
            4,
            &[("name", text("日本語 手形 🛂 é e\u{301} \u{0} after nul \u{FFFF}")), ("digest", bytes(b"\0\xff\0"))],
        ),
        item(5, &[("name", text("' OR 1=1; -- \" % _ \\")), ("note", text("123")), ("order", text("1e3"))]),
        item(u64::MAX, &[("value", Value::Int(-1))]),
        item(1 << 63, &[]),
        item(0, &[]),
    ];
    commit(store, rows.iter().map(|row| put(row.clone(), Expect::Absent)).collect())?;
    for row in rows {
        let expected = Some(Row { version: 1, ..row });
        let found = one(store, at(&ITEM, expected.as_ref().map_or(0, |row| row.key)))?;
        ensure!(found == expected, "a row came back changed");
    }
    // A row is written whole: what the second does not hold is gone.
    commit(store, vec![put(item(4, &[("note", text("new"))]), Expect::Version(1))])?;
    let expected = Row { version: 2, ..item(4, &[("note", text("new"))]) };
    ensure_eq!(one(store, at(&ITEM, 4))?, Some(expected), "a row written over");
    Ok(())
}

pub(super) fn rows_that_do_not_fit_are_refused_whole(store: &dyn Store) -> Outcome {
    let short = Row { table: &OTHER, key: 2, version: 0, values: vec![] };
    let long = Row { table: &OTHER, key: 2, version: 0, values: vec![Value::Int(1), Value::Int(2)] };
    let wrong = Row { table: &OTHER, key: 2, version: 0, values: vec![text("1")] };
    for bad in [short, long, wrong, item(2, &[("name", Value::Int(1))]), item(2, &[("digest", text("a"))])] {
        let result = store.commit(&[put(other(1, 1), Expect::Any), put(bad, Expect::Any)]);
        let refused = matches!(result, Err(StoreError::InvalidQuery { .. } | StoreError::Backend { .. }));
        ensure!(refused, "a row that does not fit its table: got {result:?}");
        ensure_eq!(one(store, at(&OTHER, 1))?, None, "the row written before it");
    }
    Ok(())
}

pub(super) fn rows_come_in_the_order_named(store: &dyn Store) -> Outcome {
    commit(store, vec![put(other(1, 1), Expect::Any), put(other(2, 2), Expect::Any), put(item(1, &[]), Expect::Any)])?;
    let named = [at(&OTHER, 2), at(&ITEM, 1), at(&OTHER, 9), at(&OTHER, 1), at(&OTHER, 2), at(&ITEM, 2)];
    let rows = ok("getting", store.get(&named))?;
    let found: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| (row.table.name, row.key))).collect();
    let (item, other) = (ITEM.name, OTHER.name);
    let expected = vec![Some((other, 2)), Some((item, 1)), None, Some((other, 1)), Some((other, 2)), None];
    ensure_eq!(found, expected, "the rows named");
    Ok(())
}

pub(super) fn migrating_again_keeps_everything(store: &dyn Store) -> Outcome {
    commit(store, vec![put(other(1, 1), Expect::Any), add(5, 5)])?;
    ok("migrating to the same schema", store.migrate(&SCHEMA))?;
    ensure_eq!(version(store, at(&OTHER, 1))?, 1, "the row after migrating again");
    ensure_eq!(stand(store, COUNTER)?, 5, "the counter after migrating again");
    let older = Schema { version: SCHEMA.version - 1, ..SCHEMA };
    let expected = StoreError::Schema { found: SCHEMA.version, supported: older.version };
    ensure_eq!(store.migrate(&older), Err(expected), "migrating back");
    ensure_eq!(version(store, at(&OTHER, 1))?, 1, "the row after that was refused");
    Ok(())
}

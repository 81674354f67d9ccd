//! Checks of finding and counting.

#[allow(clippy::wildcard_imports, reason = "the checks share one small vocabulary")]
use super::*;
use crate::store::{Cursor, MAX_PAGE, Tally};

/// All pages of `query`, following the cursors, each of at most `limit` rows.
fn walk(store: &dyn Store, query: &Query, limit: u32) -> Result<Vec<u64>, String> {
    let mut query = Query { limit, ..query.clone() };
    let mut found = Vec::new();
    loop {
        let page = ok("finding a page", store.find(&query))?;
        ensure!(page.rows.len() <= limit as usize, "a page of {} rows, {limit} were asked", page.rows.len());
        ensure!(!page.rows.is_empty() || page.next.is_none(), "an empty page that is not the last");
        found.extend(keys(&page));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
        ensure!(found.len() < 100_000, "the pages never end");
    }
}

/// The query finds these rows in this order, in one page or many, and backwards.
fn finds(store: &dyn Store, query: &Query, expected: &[u64]) -> Outcome {
    let backwards: Vec<u64> = expected.iter().rev().copied().collect();
    let turned = Query { descending: !query.descending, ..query.clone() };
    for limit in [1, 2, 3, 1000] {
        ensure_eq!(walk(store, query, limit)?, expected, format!("pages of {limit} of {query:?}"));
        ensure_eq!(walk(store, &turned, limit)?, backwards, format!("pages of {limit} of {turned:?}"));
    }
    let counted = ok("counting while finding", store.find(&Query { total: true, limit: 1, ..query.clone() }))?;
    ensure_eq!(counted.total, Some(expected.len() as u64), format!("the total of {query:?}"));
    let tally = Tally { table: query.table, filters: query.filters.clone(), by: None, bucket: None };
    if query.order.is_none() {
        let expected = vec![(Value::Null, expected.len() as u64)];
        ensure_eq!(ok("counting", store.count(&tally))?, expected, format!("the count of {query:?}"));
    }
    Ok(())
}

pub(super) fn rows_are_ordered_by_every_kind_of_column(store: &dyn Store) -> Outcome {
    let numbers = [i64::MIN, -604_801, -1, 0, 1, 255, 256, i64::MAX];
    // By bytes: upper before lower case, and U+FFFF before U+1F6C2, which UTF-16 would turn round.
    let texts = ["", "\u{0}", "10", "9", "Z", "a", "a\u{0}", "aa", "b", "é", "\u{FFFF}", "🛂"];
    let octets: [&[u8]; 7] = [b"", b"\0", b"\0\0", b"\x01", b"a", b"\x7f\xff", b"\x80"];
    let mut rows = Vec::new();
    rows.extend(numbers.iter().map(|v| ("group", Value::Int(*v))));
    rows.extend(texts.iter().flat_map(|v| [("name", text(v)), ("order", text(v))]));
    rows.extend(octets.iter().flat_map(|v| [("digest", bytes(v)), ("tag", bytes(v))]));
    // Keys run against the order, so that an order by key alone would be seen.
    let keyed: Vec<_> = (1..=rows.len() as u64).rev().zip(rows).collect();
    commit(
        store,
        keyed.iter().map(|(key, value)| put(item(*key, std::slice::from_ref(value)), Expect::Absent)).collect(),
    )?;
    for column in ["group", "name", "order", "digest", "tag"] {
        let expected: Vec<u64> = keyed.iter().filter(|(_, (c, _))| *c == column).map(|(key, _)| *key).collect();
        finds(store, &Query { order: Some(column), ..all(&ITEM) }, &expected)?;
    }
    let signed = [1 << 63, u64::MAX - 1, u64::MAX, 0, 1, 2, (1 << 63) - 1];
    commit(store, signed.iter().rev().map(|key| put(other(*key, 0), Expect::Absent)).collect())?;
    finds(store, &all(&OTHER), &signed)
}

pub(super) fn pages_meet_without_gap_or_overlap(store: &dyn Store) -> Outcome {
    // Many equal values, so that pages end between rows which only their keys tell apart.
    let group = |key: u64| Value::Int(i64::from(key.is_multiple_of(3)));
    let keys: Vec<u64> = (1..=20).chain([1 << 63, u64::MAX]).collect();
    commit(store, keys.iter().map(|key| put(item(*key, &[("group", group(*key))]), Expect::Absent)).collect())?;
    let mut expected = keys.clone();
    expected.sort_by_key(|key| (i64::from(key.is_multiple_of(3)), key.cast_signed()));
    finds(store, &Query { order: Some("group"), ..all(&ITEM) }, &expected)?;
    // A cursor is a place, not a row: the row it came from may be gone.
    commit(store, vec![Write::Delete(at(&ITEM, 10), Expect::Any)])?;
    let after = |value, key| Query { after: Some(Cursor { value, key }), limit: 2, ..all(&ITEM) };
    let page = ok("going on after a deleted row", store.find(&after(Value::Null, 10)))?;
    ensure_eq!(super::keys(&page), [11, 12], "after a deleted row");
    let query = Query { order: Some("group"), ..after(Value::Int(0), 20) };
    ensure_eq!(super::keys(&ok("going on", store.find(&query))?), [u64::MAX, 3], "after the last row of a value");
    let query = Query { descending: true, ..query };
    ensure_eq!(super::keys(&ok("going on", store.find(&query))?), [19, 17], "backwards");
    let ones = filtered(vec![("group", Match::Eq(Value::Int(1)))]);
    let page = ok("a full last page", store.find(&Query { limit: 7, ..ones }))?;
    ensure_eq!((page.rows.len(), page.next), (7, None), "a last page that is full");
    Ok(())
}

pub(super) fn rows_without_a_value_have_no_place_in_its_order(store: &dyn Store) -> Outcome {
    let with = |key, value| put(item(key, &[("group", value)]), Expect::Any);
    let writes = vec![with(1, Value::Null), with(2, Value::Int(5)), with(3, Value::Null), with(4, Value::Int(-5))];
    commit(store, writes)?;
    finds(store, &Query { order: Some("group"), ..all(&ITEM) }, &[4, 2])?;
    finds(store, &all(&ITEM), &[1, 2, 3, 4])?;
    finds(store, &filtered(vec![("group", Match::Eq(Value::Null))]), &[1, 3])?;
    finds(store, &Query { order: Some("group"), ..filtered(vec![("group", Match::Eq(Value::Null))]) }, &[])
}

pub(super) fn every_match_finds_what_it_says(store: &dyn Store) -> Outcome {
    let rows = [
        (1, 10, "alpha", &b"\x00\xab"[..]),
        (2, 20, "alp", b"\xab\xcd\xef"),
        (3, 20, "Alpha", b"\xba"),
        (4, -3, "100% a_b", b""),
        (5, 30, "日本", b"\xab"),
        (6, 10, "日本語", b"\xcd\xef\x01"),
        (7, 99, "alq", b"\xab\xcd"),
    ];
    let mut writes: Vec<Write> = rows
        .iter()
        .map(|(key, number, name, octets)| {
            let values = [
                ("group", Value::Int(*number)),
                ("value", Value::Int(*number)),
                ("name", text(name)),
                ("order", text(name)),
                ("note", text(name)),
                ("digest", bytes(octets)),
                ("tag", bytes(octets)),
                ("body", bytes(octets)),
            ];
            put(item(*key, &values), Expect::Absent)
        })
        .collect();
    writes.push(put(item(8, &[]), Expect::Absent));
    commit(store, writes)?;

    let range = |from: Option<Value>, to: Option<Value>| Match::Range { from, to };
    let number = Value::Int;
    for column in ["group", "value"] {
        let cases = [
            (Match::Eq(number(20)), vec![2, 3]),
            (Match::Eq(number(21)), vec![]),
            (Match::Eq(Value::Null), vec![8]),
            (Match::In(vec![number(10), number(99), number(10), number(7)]), vec![1, 6, 7]),
            (Match::In(vec![]), vec![]),
            (Match::In(vec![Value::Null]), vec![]),
            (Match::In(vec![Value::Null, number(30)]), vec![5]),
            (range(Some(number(10)), Some(number(30))), vec![1, 2, 3, 6]),
            (range(Some(number(30)), None), vec![5, 7]),
            (range(None, Some(number(10))), vec![4]),
            (range(None, None), vec![1, 2, 3, 4, 5, 6, 7]),
            (range(Some(number(30)), Some(number(10))), vec![]),
            (range(Some(number(10)), Some(number(10))), vec![]),
        ];
        for (is, expected) in cases {
            finds(store, &filtered(vec![(column, is)]), &expected)?;
        }
    }
    for column in ["name", "order", "note"] {
        let cases = [
            (Match::Eq(text("alp")), vec![2]),
            (Match::Eq(text("ALP")), vec![]),
            (Match::Prefix("alp".to_owned()), vec![1, 2]),
            (Match::Prefix("日本".to_owned()), vec![5, 6]),
            (Match::Prefix("%".to_owned()), vec![]),
            (Match::Prefix("100%".to_owned()), vec![4]),
            (Match::Prefix("\u{10FFFF}".to_owned()), vec![]),
            (Match::Prefix(String::new()), vec![1, 2, 3, 4, 5, 6, 7]),
            (range(Some(text("alp")), Some(text("alq"))), vec![1, 2]),
            (Match::In(vec![text("alq"), text("日本")]), vec![5, 7]),
        ];
        for (is, expected) in cases {
            finds(store, &filtered(vec![(column, is)]), &expected)?;
        }
    }
    for (part, expected) in [
        ("lph", vec![1, 3]),
        ("a_b", vec![4]),
        ("%", vec![4]),
        ("本", vec![5, 6]),
        ("LPH", vec![]),
        ("", vec![1, 2, 3, 4, 5, 6, 7]),
    ] {
        finds(store, &filtered(vec![("note", Match::Contains(part.to_owned()))]), &expected)?;
    }
    for column in ["digest", "tag", "body"] {
        finds(store, &filtered(vec![(column, Match::Eq(bytes(b"\xab")))]), &[5])?;
        finds(store, &filtered(vec![(column, range(Some(bytes(b"\xab")), Some(bytes(b"\xac"))))]), &[2, 5, 7])?;
        finds(store, &filtered(vec![(column, Match::In(vec![bytes(b""), bytes(b"\xba")]))]), &[3, 4])?;
    }
    // Half an octet is part of the digits; lower case is not.
    for (part, expected) in [("BCD", vec![2, 7]), ("ABCD", vec![2, 7]), ("0", vec![1, 6]), ("ab", vec![])] {
        finds(store, &filtered(vec![("digest", Match::Contains(part.to_owned()))]), &expected)?;
    }
    Ok(())
}

pub(super) fn filters_and_orders_combine(store: &dyn Store) -> Outcome {
    let row = |key: u64| {
        let number = i64::try_from(key).unwrap_or_default();
        let label = format!("{:02}", (key * 7) % 40);
        item(key, &[("group", Value::Int(number % 4)), ("order", text(&label)), ("value", Value::Int(number))])
    };
    let keys: Vec<u64> = (1..=40).collect();
    commit(store, keys.iter().map(|key| put(row(*key), Expect::Absent)).collect())?;
    let mut expected: Vec<u64> = keys.into_iter().filter(|key| key % 4 == 1 && *key >= 9).collect();
    let filters = || {
        let from = Match::Range { from: Some(Value::Int(9)), to: None };
        vec![("group", Match::Eq(Value::Int(1))), ("value", from)]
    };
    finds(store, &filtered(filters()), &expected)?;
    finds(store, &Query { order: Some("group"), ..filtered(filters()) }, &expected)?;
    expected.sort_by_key(|key| (key * 7) % 40);
    finds(store, &Query { order: Some("order"), ..filtered(filters()) }, &expected)?;
    let mut both = filters();
    both.push(("order", Match::Range { from: Some(text("10")), to: Some(text("30")) }));
    both.push(("order", Match::Prefix("2".to_owned())));
    expected.retain(|key| (20..30).contains(&((key * 7) % 40)));
    finds(store, &Query { order: Some("order"), ..filtered(both) }, &expected)
}

pub(super) fn a_page_is_never_empty_by_request_nor_endless(store: &dyn Store) -> Outcome {
    let most = u64::from(MAX_PAGE);
    commit(store, (1..=most + 5).map(|key| put(other(key, 1), Expect::Absent)).collect())?;
    let page = ok("a page of 0", store.find(&Query { limit: 0, ..all(&OTHER) }))?;
    ensure_eq!((keys(&page), page.next.is_some()), (vec![1], true), "a page of 0 is one of 1");
    let page = ok("an endless page", store.find(&Query { limit: u32::MAX, ..all(&OTHER) }))?;
    ensure_eq!(page.rows.len() as u64, most, "an endless page");
    let next = Query { limit: u32::MAX, after: page.next, ..all(&OTHER) };
    let page = ok("the rest", store.find(&next))?;
    ensure_eq!((page.rows.len(), page.next), (5, None), "the rest");
    Ok(())
}

pub(super) fn rows_are_counted_by_value_and_bucket(store: &dyn Store) -> Outcome {
    let row = |key, number: i64, name: &str| {
        put(
            item(key, &[("group", Value::Int(number)), ("order", text(name)), ("value", Value::Int(number))]),
            Expect::Any,
        )
    };
    let (least, most) = (i64::MIN, i64::MAX);
    let writes = vec![
        row(1, 0, "b"),
        row(2, 9, "a"),
        row(3, 10, "a"),
        row(4, -1, "b"),
        row(5, -10, "b"),
        row(6, least, "a"),
        row(7, most, "a"),
        put(item(8, &[]), Expect::Any),
    ];
    commit(store, writes)?;
    let tally = |by, bucket| Tally { table: &ITEM, filters: Vec::new(), by, bucket };
    let number = Value::Int;
    let counts = |tally: &Tally| ok("counting", store.count(tally));
    ensure_eq!(counts(&tally(None, None))?, vec![(Value::Null, 8)], "all rows");
    let expected = vec![(Value::Null, 1), (text("a"), 4), (text("b"), 3)];
    ensure_eq!(counts(&tally(Some("order"), None))?, expected, "rows by text");
    for column in ["group", "value"] {
        let expected = vec![
            (Value::Null, 1),
            (number(least), 1),
            (number(-10), 2),
            (number(0), 2),
            (number(10), 1),
            (number(most - most % 10), 1),
        ];
        ensure_eq!(counts(&tally(Some(column), Some(10)))?, expected, "rows by tens");
        let expected =
            vec![(Value::Null, 1), (number(least), 1), (number(-most), 2), (number(0), 3), (number(most), 1)];
        ensure_eq!(counts(&tally(Some(column), Some(most)))?, expected, "rows by the widest bucket");
    }
    let filters = vec![Filter { column: "order", is: Match::Eq(text("b")) }];
    let expected = vec![(number(-10), 1), (number(-1), 1), (number(0), 1)];
    let filtered = Tally { filters: filters.clone(), ..tally(Some("group"), None) };
    ensure_eq!(counts(&filtered)?, expected, "rows by number, of one text");
    ensure_eq!(counts(&Tally { filters, ..tally(None, None) })?, vec![(Value::Null, 3)], "rows of one text");
    let none = Tally { filters: vec![Filter { column: "order", is: Match::Eq(text("c")) }], ..tally(None, None) };
    ensure_eq!(counts(&none)?, vec![(Value::Null, 0)], "rows of no text");
    ensure_eq!(counts(&Tally { by: Some("group"), ..none })?, vec![], "rows by number, of no text");
    Ok(())
}

pub(super) fn questions_without_an_answer_are_refused(store: &dyn Store) -> Outcome {
    let number = || Value::Int(1);
    let bad = [
        ("nothing", Match::Eq(number())),
        ("key", Match::Eq(number())),
        ("group", Match::Eq(text("1"))),
        ("name", Match::Eq(number())),
        ("name", Match::In(vec![text("a"), number()])),
        ("group", Match::Range { from: Some(text("a")), to: None }),
        ("group", Match::Range { from: None, to: Some(Value::Null) }),
        ("group", Match::Prefix("1".to_owned())),
        ("name", Match::Contains("1".to_owned())),
        ("tag", Match::Contains("1".to_owned())),
        ("value", Match::Contains("1".to_owned())),
        ("group\" = 1; --", Match::Eq(number())),
    ];
    for (column, is) in bad {
        let query = filtered(vec![(column, is)]);
        let result = store.find(&query);
        ensure!(matches!(result, Err(StoreError::InvalidQuery { .. })), "finding {query:?}: got {result:?}");
        let tally = Tally { table: &ITEM, filters: query.filters, by: None, bucket: None };
        let result = store.count(&tally);
        ensure!(matches!(result, Err(StoreError::InvalidQuery { .. })), "counting {tally:?}: got {result:?}");
    }
    let after = |value| Some(Cursor { value, key: 1 });
    let bad = [
        Query { order: Some("nothing"), ..all(&ITEM) },
        Query { order: Some("note"), ..all(&ITEM) },
        Query { order: Some("value"), ..all(&ITEM) },
        Query { order: Some("group"), after: after(Value::Null), ..all(&ITEM) },
        Query { order: Some("group"), after: after(text("a")), ..all(&ITEM) },
        Query { after: after(number()), ..all(&ITEM) },
    ];
    for query in bad {
        let result = store.find(&query);
        ensure!(matches!(result, Err(StoreError::InvalidQuery { .. })), "finding {query:?}: got {result:?}");
    }
    for (by, bucket) in [
        (Some("nothing"), None),
        (Some("group"), Some(0)),
        (Some("group"), Some(-5)),
        (Some("name"), Some(5)),
        (None, Some(5)),
    ] {
        let result = store.count(&Tally { table: &ITEM, filters: Vec::new(), by, bucket });
        ensure!(
            matches!(result, Err(StoreError::InvalidQuery { .. })),
            "counting by {by:?}, {bucket:?}: got {result:?}"
        );
    }
    Ok(())
}

//! Indexed questions must be answered from the index: on a million rows that is the whole difference.

use super::statements::Question;
use super::*;
use crate::store::Cursor;

fn plan(dir: &tempfile::TempDir, question: &Question<'_>) -> String {
    let connection = stranger(dir);
    let mut sql = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", question.sql)).unwrap();
    for at in 1..=question.values.len() {
        sql.raw_bind_parameter(at, 0).unwrap();
    }
    let mut rows = sql.raw_query();
    let mut plan = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        plan.push(row.get::<_, String>(3).unwrap());
    }
    plan.join("; ")
}

fn query(filters: Vec<(&'static str, Match)>, order: Option<&'static str>, after: Option<Value>) -> Query {
    Query {
        table: &THING,
        filters: filters.into_iter().map(|(column, is)| Filter { column, is }).collect(),
        order,
        descending: false,
        after: after.map(|value| Cursor { value, key: 5 }),
        limit: 10,
        total: false,
    }
}

#[test]
fn indexed_questions_use_their_index_and_need_no_sorting() {
    let dir = tempfile::tempdir().unwrap();
    let _store = ready(&dir);
    let text = |value: &str| Value::Text(value.to_owned());
    let range = || ("due", Match::Range { from: Some(Value::Int(1)), to: Some(Value::Int(9)) });
    let state = || ("state", Match::Eq(Value::Int(1)));
    let five = || Some(Value::Int(5));
    let cases: Vec<(Query, &[&str])> = vec![
        (query(vec![], None, None), &["SCAN thing"]),
        (query(vec![], None, Some(Value::Null)), &["INTEGER PRIMARY KEY (rowid>?)"]),
        (query(vec![("name", Match::Eq(text("a")))], None, None), &["thing__name__unique (name=?)"]),
        (query(vec![state()], None, None), &["thing__state__ordered (state=?)"]),
        (query(vec![state()], None, Some(Value::Null)), &["thing__state__ordered (state=? AND rowid>?)"]),
        (query(vec![range()], Some("due"), None), &["thing__due__ordered (due>? AND due<?)"]),
        (query(vec![], Some("label"), None), &["thing__label__ordered"]),
        (
            query(vec![], Some("state"), five()),
            &["thing__state__ordered (state=? AND rowid>?)", "thing__state__ordered (state>?)"],
        ),
        (
            query(vec![range()], Some("due"), five()),
            &["thing__due__ordered (due=? AND rowid>?)", "thing__due__ordered (due>? AND due<?)"],
        ),
        (
            query(vec![("label", Match::Prefix("a".to_owned()))], Some("label"), None),
            &["thing__label__ordered (label>? AND label<?)"],
        ),
    ];
    for (query, expected) in cases {
        for descending in [false, true] {
            let query = Query { descending, ..query.clone() };
            let plans: Vec<_> = Question::page(&query).iter().map(|part| plan(&dir, part)).collect();
            assert_eq!(plans.len(), expected.len());
            for (plan, expected) in plans.iter().zip(expected) {
                let expected = if descending && query.after.is_some() {
                    // The other bound keeps rows without a value out.
                    expected.replace("rowid>?", "rowid<?").replace("(state>?)", "(state>? AND state<?)")
                } else {
                    (*expected).to_owned()
                };
                assert!(plan.contains(&expected), "{query:?}\nplan: {plan}\nwanted: {expected}");
                assert!(!plan.contains("TEMP B-TREE"), "{query:?}\nsorts: {plan}");
            }
        }
    }
    let query = query(vec![("name", Match::In(vec![text("a"), text("b")]))], None, None);
    assert!(plan(&dir, &Question::page(&query)[0]).contains("thing__name__unique (name=?)"));
}

#[test]
fn counting_by_an_indexed_column_reads_only_its_index() {
    let dir = tempfile::tempdir().unwrap();
    let _store = ready(&dir);
    let filters = vec![Filter { column: "state", is: Match::Eq(Value::Int(1)) }];
    let tally = Tally { table: &THING, filters, by: None, bucket: None };
    let plan = plan(&dir, &Question::tally(&tally));
    assert!(plan.contains("COVERING INDEX thing__state__ordered (state=?)"), "{plan}");
}

#[test]
fn a_question_asked_again_is_not_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = ready(&dir);
    put(&store, 1).unwrap();
    let place = open::Place::new(&dir.path().join("t.db"), SqliteOptions::default()).unwrap();
    let connection = place.open_reader().unwrap();
    let name = |name: &str| query(vec![("name", Match::Eq(Value::Text(name.to_owned())))], None, None);
    for asked in ["n1", "n2", "n1"] {
        reader::find(&connection, &name(asked)).unwrap();
    }
    let statement = connection.prepare_cached(&Question::page(&name("n1"))[0].sql).unwrap();
    assert_eq!(statement.get_status(rusqlite::StatementStatus::Run), 3);
    assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
}

//! Two stores that share no code are each other's test: whatever is written to both and asked of both, they agree.

use proptest::collection::vec;
use proptest::prelude::*;

use super::schema::{Column, ColumnKind, Index, Schema, Table};
use super::*;

const fn column(name: &'static str, kind: ColumnKind, index: Index) -> Column {
    Column { name, kind, index, sealed: false }
}

static A: Table = Table {
    name: "a",
    columns: &[
        column("number", ColumnKind::Int, Index::Ordered),
        column("only", ColumnKind::Int, Index::Unique),
        column("name", ColumnKind::Text, Index::UniqueSearchable),
        column("label", ColumnKind::Text, Index::Ordered),
        column("note", ColumnKind::Text, Index::Searchable),
        column("tag", ColumnKind::Bytes, Index::Ordered),
        column("digest", ColumnKind::Bytes, Index::Searchable),
        column("rest", ColumnKind::Int, Index::None),
    ],
};
static B: Table = Table { name: "b", columns: &[column("rest", ColumnKind::Int, Index::None)] };
pub(super) static SCHEMA: Schema = Schema { version: 1, tables: &[&A, &B] };

fn key() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..6_u64, 1 => Just(u64::MAX), 1 => Just(1 << 63)]
}

/// Few enough that they meet, with the odd ones among them.
fn value(kind: ColumnKind) -> BoxedStrategy<Value> {
    let int = prop_oneof![6 => -2..4_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    match kind {
        ColumnKind::Int => prop_oneof![1 => Just(Value::Null), 5 => int.prop_map(Value::Int)].boxed(),
        ColumnKind::Text => {
            prop_oneof![1 => Just(Value::Null), 5 => "[aA\u{0}é\u{FFFF}🛂]{0,3}".prop_map(Value::Text)].boxed()
        }
        ColumnKind::Bytes => {
            let octet = prop_oneof![Just(0_u8), Just(0xab), Just(0xff), Just(b'a')];
            prop_oneof![1 => Just(Value::Null), 5 => vec(octet, 0..3).prop_map(Value::Bytes)].boxed()
        }
    }
}

fn row() -> impl Strategy<Value = Row> {
    let row = |table: &'static Table| {
        let values: Vec<_> = table.columns.iter().map(|column| value(column.kind)).collect();
        (key(), values).prop_map(move |(key, values)| Row { table, key, version: 0, values })
    };
    prop_oneof![4 => row(&A), 1 => row(&B)]
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        4 => Just(Expect::Any),
        2 => Just(Expect::Absent),
        2 => (0..4_u64).prop_map(Expect::Version),
    ]
}

pub(super) fn write() -> impl Strategy<Value = Write> {
    let at = || (any::<bool>(), key()).prop_map(|(a, key)| RowRef { table: if a { &A } else { &B }, key });
    let counter = (0..2_u64).prop_map(|of| Counter { name: "n", of });
    prop_oneof![
        6 => (row(), expect()).prop_map(|(row, expect)| Write::Put(row, expect)),
        2 => (at(), expect()).prop_map(|(row, expect)| Write::Delete(row, expect)),
        1 => (at(), expect()).prop_map(|(row, expect)| Write::Require(row, expect)),
        1 => (counter, -3..6_i64, 0..12_u64).prop_map(|(counter, by, at_most)| Write::Add { counter, by, at_most }),
    ]
}

fn column_of_a() -> impl Strategy<Value = &'static Column> {
    (0..A.columns.len()).prop_map(|at| &A.columns[at])
}

fn filter() -> impl Strategy<Value = Filter> {
    column_of_a().prop_flat_map(|column| {
        let one = || value(column.kind);
        let bound = || prop_oneof![Just(None), one().prop_map(Some)];
        let part = || prop_oneof!["[aA\u{0}é\u{FFFF}🛂]{0,2}", "[0ABF]{0,3}"];
        prop_oneof![
            one().prop_map(Match::Eq),
            vec(one(), 0..4).prop_map(Match::In),
            (bound(), bound()).prop_map(|(from, to)| Match::Range { from, to }),
            part().prop_map(Match::Prefix),
            part().prop_map(Match::Contains),
        ]
        .prop_map(|is| Filter { column: column.name, is })
    })
}

fn query() -> impl Strategy<Value = Query> {
    let order = prop_oneof![Just(None), column_of_a().prop_map(Some)];
    (vec(filter(), 0..3), order, any::<bool>(), 0..4_u32, any::<bool>()).prop_flat_map(
        |(filters, order, descending, limit, total)| {
            let at = order.map_or(Just(Value::Null).boxed(), |column| value(column.kind));
            let after = prop_oneof![Just(None), (at, key()).prop_map(|(value, key)| Some(Cursor { value, key }))];
            after.prop_map(move |after| Query {
                table: &A,
                filters: filters.clone(),
                order: order.map(|column| column.name),
                descending,
                after,
                limit,
                total,
            })
        },
    )
}

fn tally() -> impl Strategy<Value = Tally> {
    let by = prop_oneof![Just(None), column_of_a().prop_map(|column| Some(column.name))];
    let bucket = prop_oneof![3 => Just(None), 1 => (-1..4_i64).prop_map(Some), 1 => Just(Some(i64::MAX))];
    (vec(filter(), 0..2), by, bucket).prop_map(|(filters, by, bucket)| Tally { table: &A, filters, by, bucket })
}

/// What a store says to one write batch or question, comparable between stores.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Commit(Vec<Write>),
    Reserve(u64, u32),
    Find(Query),
    Count(Tally),
    Get(Vec<u64>),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => vec(write(), 0..5).prop_map(Step::Commit),
        1 => (0..2_u64, 0..3_u32).prop_map(|(of, count)| Step::Reserve(of, count)),
        4 => query().prop_map(Step::Find),
        2 => tally().prop_map(Step::Count),
        1 => vec(key(), 0..4).prop_map(Step::Get),
    ]
}

pub(super) fn run(store: &dyn Store, step: &Step) -> String {
    match step {
        Step::Commit(writes) => format!("{:?}", store.commit(writes)),
        Step::Reserve(of, count) => format!("{:?}", store.reserve(Counter { name: "n", of: *of }, *count)),
        Step::Find(query) => format!("{:?}", store.find(query)),
        Step::Count(tally) => format!("{:?}", store.count(tally)),
        Step::Get(keys) => {
            let rows: Vec<_> = keys.iter().map(|key| RowRef { table: &A, key: *key }).collect();
            format!("{:?}", store.get(&rows))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree_on_everything(steps in vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let memory = MemoryStore::new();
        let sqlite = SqliteStore::open(dir.path().join("t.db"), SqliteOptions::default()).unwrap();
        memory.migrate(&SCHEMA).unwrap();
        sqlite.migrate(&SCHEMA).unwrap();
        for step in &steps {
            prop_assert_eq!(run(&memory, step), run(&sqlite, step), "{:?}", step);
        }
    }
}

//! Schemas, migrations, and what is refused before anything is stored.

use std::time::{Duration, Instant};

use tegata::Secret;
use tegata::store::schema::{Column, ColumnKind, Index, Schema, Table};
use tegata::store::{Counter, Expect, PostgresOptions, PostgresStore, Store, StoreError};

use super::postgres_server::shared;
use super::{NOTE, NOTES, connect, note, read};

fn refused(url: &str) -> StoreError {
    PostgresStore::connect(url, &PostgresOptions::default()).expect_err("it connected")
}

#[test]
fn tenants_in_one_database_share_nothing() {
    let (one, other) = (shared().url(), shared().url());
    let (one, other) = (connect(&one), connect(&other));
    one.commit(&[note(1, 1, Expect::Absent)]).unwrap();
    assert_eq!(read(&other, 1), None);
    other.commit(&[note(1, 2, Expect::Absent)]).unwrap();
    let counter = Counter { name: "note", of: 0 };
    assert_eq!(one.reserve(counter, 5).unwrap(), 1..6);
    assert_eq!(other.reserve(counter, 5).unwrap(), 1..6);
}

#[test]
fn the_option_names_the_tenant_where_the_url_does_not() {
    let url = shared().url();
    let (address, schema) = url.split_once("?schema=").unwrap();
    connect(&url).commit(&[note(1, 1, Expect::Absent)]).unwrap();
    let options = PostgresOptions { schema: Some(schema.to_owned()), ..PostgresOptions::default() };
    assert!(read(&super::connect_with(address, &options), 1).is_some());
}

#[test]
fn many_processes_may_migrate_at_the_same_moment() {
    let url = shared().url();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| drop(connect(&url)))).collect();
        for one in all {
            one.join().unwrap();
        }
    });
    assert_eq!(read(&connect(&url), 1), None);
}

#[test]
fn an_older_schema_gets_what_is_new_and_a_newer_one_is_refused() {
    static COLUMNS: &[Column] = &[
        Column { name: "name", kind: ColumnKind::Text, index: Index::Ordered, sealed: false },
        Column { name: "number", kind: ColumnKind::Int, index: Index::None, sealed: false },
        Column { name: "extra", kind: ColumnKind::Bytes, index: Index::Unique, sealed: false },
    ];
    static NEWER: Table = Table { name: "note", columns: COLUMNS };
    static NEXT: Schema = Schema { version: 2, tables: &[&NEWER] };
    let url = shared().url();
    let store = connect(&url);
    store.commit(&[note(1, 1, Expect::Absent)]).unwrap();
    let newer = PostgresStore::connect(&url, &PostgresOptions::default()).unwrap();
    newer.migrate(&NEXT).unwrap();
    let row = newer.get(&[tegata::store::RowRef { table: &NEWER, key: 1 }]).unwrap().pop().unwrap().unwrap();
    assert_eq!(row.values.len(), 3);
    // Who is connected goes on, who comes is told.
    store.commit(&[note(2, 2, Expect::Absent)]).unwrap();
    let late = PostgresStore::connect(&url, &PostgresOptions::default()).unwrap();
    assert_eq!(late.migrate(&NOTES), Err(StoreError::Schema { found: 2, supported: 1 }));
    let indexes = shared().sql("SELECT indexname FROM pg_indexes WHERE tablename = 'note' AND indexdef LIKE '%extra%'");
    assert_eq!(indexes, "note__extra__unique");
}

#[test]
fn what_is_no_registry_stays_as_it_is() {
    let server = shared();
    let missing = refused(&format!("{}&create=false", server.url_of("nobody_made_this")));
    assert!(matches!(missing, StoreError::NotADatabase { .. }), "{missing}");
    assert_eq!(server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'nobody_made_this'"), "0");

    server.sql("CREATE SCHEMA of_another; CREATE TABLE of_another.note (key bigint PRIMARY KEY, version bigint)");
    let store = PostgresStore::connect(&server.url_of("of_another"), &PostgresOptions::default()).unwrap();
    let taken = store.migrate(&NOTES).expect_err("the table is of another program");
    assert!(matches!(taken, StoreError::NotADatabase { .. }), "{taken}");

    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let latin = refused(&server.url_of("x").replace("/postgres?", "/latin?"));
    assert!(matches!(latin, StoreError::NotADatabase { .. }), "{latin}");
}

#[test]
fn columns_of_another_kind_are_damage() {
    let url = shared().url();
    let schema = url.split_once("schema=").unwrap().1.to_owned();
    connect(&url);
    shared().sql(&format!("ALTER TABLE {schema}.note ALTER COLUMN number TYPE text"));
    let store = PostgresStore::connect(&url, &PostgresOptions::default()).unwrap();
    assert_eq!(store.migrate(&NOTES), Err(StoreError::Corrupt { at: "note.number".to_owned() }));
}

#[test]
fn errors_say_what_to_do_and_never_the_password() {
    let server = shared();
    let at = |rest: &str| format!("postgres://somebody:s3cr%C3%A9t@127.0.0.1:{}/{rest}", server.port);
    let words = [
        (refused("mysql://127.0.0.1/x"), "store.invalid_query"),
        (refused("postgres://s3cr\u{e9}t@:99999999/x"), "store.invalid_query"),
        (refused(&at("postgres?schema=Mixed")), "store.invalid_query"),
        (refused(&at("postgres?schema=pg_temp")), "store.invalid_query"),
        (refused(&at("postgres?schema=%FF")), "store.invalid_query"),
        (refused(&at("postgres?wait=0")), "store.invalid_query"),
        (refused(&at("postgres?create=perhaps")), "store.invalid_query"),
        (refused(&at("postgres?writers=1000")), "store.invalid_query"),
        (refused(&at("postgres?sslmode=maybe")), "store.invalid_query"),
        (refused(&at("postgres?colour=s3cr%C3%A9t")), "store.invalid_query"),
        (refused(&at("postgres?sslmode=require")), "store.unavailable"),
        (refused(&at("postgres?sslrootcert=/nowhere/s3cr%C3%A9t")), "store.unavailable"),
        (refused(&at("postgres")), "store.unavailable"),
        (refused(&server.url_of("x").replace("/postgres?", "/nowhere?")), "store.unavailable"),
    ];
    for (error, code) in words {
        assert_eq!(tegata::Error::from(error.clone()).code(), code, "{error}");
        assert!(!error.to_string().contains("s3cr") && !format!("{error:?}").contains("s3cr"), "{error}");
    }
    let password = Some(Secret::new("s3cret".to_owned()));
    let options = PostgresOptions { password, ..PostgresOptions::default() };
    assert!(!format!("{options:?}").contains("s3cret"));
    let store = super::connect_with(&server.url(), &options);
    assert!(!format!("{store:?}").contains("s3cret"));
}

#[test]
fn a_server_that_is_not_there_is_told_in_time() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = PostgresOptions { connect_timeout: Duration::from_millis(400), ..PostgresOptions::default() };
    let begun = Instant::now();
    let gone =
        PostgresStore::connect(&format!("postgres://x@127.0.0.1:{port}/x"), &options).expect_err("nobody is there");
    assert!(matches!(gone, StoreError::Unavailable { .. }), "{gone}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_value_too_large_for_an_index_is_refused_alone() {
    let store = connect(&shared().url());
    // Random, so that compression does not help.
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + u8::try_from(state >> 58).unwrap())
    };
    let long: String = (0..20_000).map(|_| letter()).collect();
    let values = vec![tegata::store::Value::Text(long), tegata::store::Value::Null];
    let row = tegata::store::Row { table: &NOTE, key: 500, version: 0, values };
    let large = [tegata::store::Write::Put(row, Expect::Absent)];
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn({
                    let store = &store;
                    move || store.commit(&[note(n, 0, Expect::Absent)])
                })
            })
            .collect();
        let refused = store.commit(&large).expect_err("it does not fit");
        assert!(matches!(refused, StoreError::InvalidQuery { .. }), "{refused}");
        for other in others {
            other.join().unwrap().unwrap();
        }
    });
}

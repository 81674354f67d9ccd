//! The PostgreSQL store keeps the contract of stores.

#![cfg(all(unix, feature = "postgres", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod postgres_server;

use postgres_server::shared;
use tegata::store::conformance::{CHECKS, suite};
use tegata::store::{PostgresOptions, PostgresStore, Store};

#[test]
fn the_store_conforms() {
    let server = shared();
    let make =
        || Box::new(PostgresStore::connect(&server.url(), &PostgresOptions::default()).unwrap()) as Box<dyn Store>;
    assert!(!CHECKS.is_empty());
    suite(&make).unwrap();
}

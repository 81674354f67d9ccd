#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::conformance;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

#[test]
fn the_sqlite_store_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicU32::new(0);
    let make = || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Box::new(open(&dir.path().join(format!("{number}.db")))) as Box<dyn Store>
    };
    conformance::suite(&make).unwrap();
}

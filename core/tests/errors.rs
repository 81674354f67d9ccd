//! `errors.json` is the core's error table, from which the other languages' error codes are generated
//! (`tools/error-codes.py`).

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use tegata::Error;

/// `TEGATA_WRITE=1 cargo test -p tegata --test errors` writes the file anew.
#[test]
fn the_committed_list_of_errors_is_the_table_of_the_core() {
    let rows: Vec<_> = Error::table()
        .map(|reason| json!({ "code": reason.code, "kind": reason.kind.name(), "text": reason.text }).to_string())
        .collect();
    let mut fresh = String::from("[\n");
    for (at, row) in rows.iter().enumerate() {
        let comma = if at + 1 == rows.len() { "" } else { "," };
        writeln!(fresh, "  {row}{comma}").unwrap();
    }
    fresh.push_str("]\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.json");
    if std::env::var_os("TEGATA_WRITE").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).is_ok_and(|text| text == fresh),
        "core/tests/errors.json is stale: run this test with TEGATA_WRITE=1, then tools/error-codes.py"
    );
}

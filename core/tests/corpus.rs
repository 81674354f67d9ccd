//! The committed inputs of the fuzz targets, through the same functions, on a stable compiler.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(feature = "testing")]
mod common;

use std::path::PathBuf;

use tegata::{Name, PrivateKey, PublicKey, Signer, parse_csr};

/// Every input of one target; there must be some.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let inputs: Vec<_> = std::fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    assert!(inputs.len() > 5, "{} is nearly empty", directory.display());
    inputs
}

#[test]
fn requests_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("csr") {
        if let Ok(csr) = parse_csr(&input) {
            assert_eq!(parse_csr(csr.der()).unwrap().der(), csr.der(), "{name}");
        }
        if let Ok(names) = tegata::x509::decode_san(&input) {
            assert_eq!(tegata::x509::encode_san(&names), input, "{name}");
        }
    }
}

#[test]
fn keys_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("key") {
        if let Ok(key) = PrivateKey::from_bytes(&input) {
            let again = PrivateKey::from_bytes(key.to_pkcs8_der().expose()).unwrap();
            assert_eq!(again.public_key(), key.public_key(), "{name}");
        }
        if let Ok(key) = PublicKey::from_spki(&input) {
            assert_eq!(key.spki(), input, "{name}");
        }
    }
}

#[test]
fn ocsp_requests_and_responses_that_were_fuzzed_are_read_or_refused() {
    let mut read = [0, 0];
    for (name, input) in inputs("ocsp") {
        if let Ok(request) = tegata::x509::OcspRequest::from_der(&input) {
            assert!((1..=32).contains(&request.certificates().len()), "{name}");
            read[0] += 1;
        }
        if let Ok(response) = tegata::x509::OcspResponse::from_der(&input) {
            let _ = (response.nonce(), response.statuses().count());
            read[1] += 1;
        }
    }
    assert!(read.iter().all(|count| *count >= 5), "{read:?}");
}

#[test]
fn names_that_were_fuzzed_are_read_or_refused() {
    for (name, input) in inputs("name") {
        if let Ok(read) = Name::from_der(&input) {
            assert_eq!(read.as_der(), input, "{name}");
            let _ = (read.to_string(), read.attributes(), read.common_name());
        }
        if let Some(read) = std::str::from_utf8(&input).ok().and_then(|text| text.parse::<Name>().ok()) {
            assert_eq!(Name::from_der(read.as_der()).unwrap(), read, "{name}");
            if let Ok(again) = read.to_string().parse::<Name>() {
                assert_eq!(again.to_string(), read.to_string(), "{name}");
            }
        }
    }
}

#[cfg(feature = "testing")]
mod rows {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tegata::model::{EnrollmentPolicy, ProfileSpec, SuspendMode};
    use tegata::store::tables::SCHEMA;
    use tegata::store::{MemoryStore, Query, Row, Store, Value, hostile};

    use super::common::World;
    use super::inputs;

    /// Reads a row, and what it was read as again.
    fn read(row: Row) -> bool {
        let (table, key) = (row.table, row.key);
        match hostile::read(row) {
            Ok(values) => {
                assert_eq!(hostile::read(Row { table, key, version: 1, values: values.clone() }).unwrap(), values);
                true
            }
            Err(error) => {
                assert_eq!(error.code(), "store.corrupt");
                false
            }
        }
    }

    #[test]
    fn rows_that_were_fuzzed_are_read_or_refused() {
        let read =
            inputs("row").into_iter().filter_map(|(_, input)| hostile::parse(&input)).filter(|r| read(r.clone()));
        assert!(read.count() >= 10, "the rows of a real registry are among them");
    }

    /// Rows of every table, as a registry wrote them.
    fn real_rows() -> Vec<Row> {
        let store = Arc::new(MemoryStore::new());
        let holds = ProfileSpec { suspend: SuspendMode::CrlHold, ..ProfileSpec::device() };
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), holds);
        let (_, enrolled) = world.enrolled(Some("SN-1"));
        let (registry, call) = (&world.registry, &world.call.clone().with_request_id("one"));
        let group = registry.groups().create("lobby", &tegata::GroupChange::default(), call).unwrap();
        registry.devices().set_group(enrolled.device.id, Some(group.id), &world.call).unwrap();
        registry.products().issue_claim_codes(world.product.id, 1, None, &world.call).unwrap();
        let (_, gone) = world.enrolled(Some("SN-2"));
        let (_, listed) = world.enrolled(Some("SN-3"));
        let (_, held) = world.enrolled(Some("SN-4"));
        let held = held.issued.certificate.id;
        registry.certificates().suspend(held, &world.call).unwrap();
        registry.devices().delete(listed.device.id, &world.call).unwrap();
        registry.authorities().crl(world.issuing.id, &tegata::CrlOptions::default(), &world.call).unwrap();
        registry.certificates().resume(held, &world.call).unwrap();
        registry.devices().delete(gone.device.id, &world.call).unwrap();
        let device = enrolled.device.id;
        registry.psks().issue(&tegata::NewPsk::tls(device), &world.call).unwrap();
        let shared = tegata::NewKey::for_devices([device], tegata::SymmetricAlgorithm::Twine80);
        let key = registry.keys().issue(&shared, &world.call).unwrap();
        registry.keys().rotate(key.id, &tegata::RotateKey::with_grace(7), &world.call).unwrap();
        registry.clients().register(&tegata::NewClient::named("portal"), &world.call).unwrap();
        let certificates = tegata::Selection {
            kinds: vec![tegata::model::CredentialKind::Certificate],
            ..tegata::Selection::default()
        };
        registry.campaigns().start(&tegata::NewCampaign::new("all", certificates), &world.call).unwrap();
        registry.ocsp().responder(world.issuing.id, &world.call).unwrap();
        registry.events().checkpoint(&world.call).unwrap();
        registry.report_seen(&[tegata::Seen::Key { id: key.id, version: 9 }]).unwrap();
        let one_row = tegata::Retention { limit: 1, ..tegata::Retention::default() };
        registry.maintain(&one_row, None, &world.call).unwrap();
        let rows = |table| {
            let query =
                Query { table, filters: vec![], order: None, descending: false, after: None, limit: 9, total: false };
            store.find(&query).unwrap().rows
        };
        SCHEMA.tables.iter().flat_map(|table| rows(table)).collect()
    }

    #[test]
    fn one_altered_value_in_any_column_is_read_or_refused() {
        let rows = real_rows();
        for table in SCHEMA.tables {
            assert!(rows.iter().any(|row| row.table == *table), "no row of {}", table.name);
        }
        let odd = || {
            let texts = ["", "{}", "null", "\u{0}", "%", "'", "\"", "{\"mode\":\"x\"}", "[[[[", "-1"]
                .map(|t| Value::Text(t.to_owned()));
            let numbers = [i64::MIN, -1, 0, 1, 7, 255, 1 << 40, i64::MAX].map(Value::Int);
            let octets = [&b""[..], &[0], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0xff; 40]];
            texts.into_iter().chain(numbers).chain(octets.map(|o| Value::Bytes(o.to_vec()))).chain([Value::Null])
        };
        for row in rows {
            assert_eq!(hostile::parse(&hostile::write(&row)), Some(Row { version: 1, ..row.clone() }));
            assert!(read(row.clone()), "{row:?}");
            for column in 0..row.values.len() {
                for value in odd() {
                    let mut altered = row.clone();
                    altered.values[column] = value;
                    read(altered);
                }
            }
            let mut short = row.clone();
            short.values.pop();
            assert!(!read(short), "{}", row.table.name);
            let mut long = row;
            long.values.push(Value::Null);
            assert!(!read(long));
        }
    }

    #[test]
    #[ignore = "makes the first inputs of the fuzz target"]
    fn make_the_seeds_of_the_row_target() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/row");
        std::fs::create_dir_all(&directory).unwrap();
        let rows = real_rows();
        for table in SCHEMA.tables {
            let row = rows.iter().rev().find(|row| row.table == *table).unwrap();
            std::fs::write(directory.join(table.name), hostile::write(row)).unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_reading_a_row_panic(input: Vec<u8>, table in 0_u8..40) {
            let mut octets = vec![table, 0, 0, 0, 0, 0, 0, 0, 1];
            octets.extend(input);
            if let Some(row) = hostile::parse(&octets) {
                read(row);
            }
        }
    }
}

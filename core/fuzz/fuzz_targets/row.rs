//! Rows of a database that somebody altered: each is read as a record or refused, and what is read can be written and
//! read again. Page cursors and identifiers from outside as well.
#![no_main]

use std::sync::{Arc, OnceLock};

use tegata::store::{MemoryStore, Row, SoftwareSealer, hostile};
use tegata::{CertificateId, DeviceFilter, DeviceId, Due, Options, Page, Registry, Secret, Text, Timestamp};

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([7; 32])).expect("a key"));
        Registry::open(MemoryStore::new(), sealer, Options::default()).expect("an empty store")
    })
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some(row) = hostile::parse(input) {
        let (table, key) = (row.table, row.key);
        if let Ok(values) = hostile::read(row) {
            let again = hostile::read(Row { table, key, version: 1, values: values.clone() });
            assert_eq!(again.expect("what was written here"), values);
        }
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let page = Page::of(1).after(text);
        let filter = DeviceFilter { name: Some(Text::Contains(text.to_owned())), ..DeviceFilter::default() };
        let _ = registry().devices().find(&filter, &page);
        let _ = registry().due(&Due::until(Timestamp::MAX), &page);
        let _ = text.parse::<DeviceId>().map(|id| registry().devices().get(id).is_err());
        let _ = text.parse::<CertificateId>().map(|id| registry().certificates().get(id).is_err());
    }
});

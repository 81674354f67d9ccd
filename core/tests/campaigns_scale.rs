//! Campaigns over very many certificates: what a preview, a start and a wave cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::Instant;

use common::World;
use tegata::model::{CredentialKind, EnrollmentPolicy, ProfileSpec};
use tegata::store::tables::CERTIFICATES;
use tegata::store::{Expect, Query, Row, SqliteOptions, SqliteStore, Store, Value, Write};
use tegata::{Due, NewCampaign, Page, Selection, Timestamp};

/// A registry in a file with `count` certificates: copies of one record, each in a row of its own.
fn crowded(folder: &std::path::Path, count: u64) -> (World, Arc<SqliteStore>) {
    let store = Arc::new(SqliteStore::open(folder.join("r.sqlite"), SqliteOptions::default()).unwrap());
    let world = World::with(store.clone(), EnrollmentPolicy::default(), ProfileSpec::device());
    world.enrolled(Some("SN-1"));
    let query = Query {
        table: &CERTIFICATES,
        filters: Vec::new(),
        order: None,
        descending: true,
        after: None,
        limit: 1,
        total: false,
    };
    let model = store.find(&query).unwrap().rows.pop().unwrap();
    let serial = CERTIFICATES.position("serial").unwrap();
    for portion in (1..=count).collect::<Vec<_>>().chunks(5_000) {
        let copies = portion.iter().map(|n| {
            let mut values = model.values.clone();
            values[serial] = Value::Bytes(n.to_be_bytes().to_vec());
            Write::Put(Row { key: 1_000_000 + n, values, ..model.clone() }, Expect::Absent)
        });
        store.commit(&copies.collect::<Vec<_>>()).unwrap();
    }
    (world, store)
}

fn measure(count: u64, wave_size: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (world, _store) = crowded(folder.path(), count);
    let (campaigns, call) = (world.registry.campaigns(), &world.call);
    let timed = |what: &str, started: Instant| println!("{what}\t{:.2} s", started.elapsed().as_secs_f64());
    for (what, selection) in [
        ("preview by kind", Selection { kinds: vec![CredentialKind::Certificate], ..Selection::default() }),
        ("preview by algorithm", Selection { algorithm: Some("ecdsa-p256".to_owned()), ..Selection::default() }),
        ("preview by product", Selection { product: Some(world.product.id), ..Selection::default() }),
    ] {
        let started = Instant::now();
        assert_eq!(campaigns.preview(&selection).unwrap().certificates, count + 1);
        timed(what, started);
    }
    let selection = Selection { algorithm: Some("ecdsa-p256".to_owned()), ..Selection::default() };
    let started = Instant::now();
    let new = NewCampaign { wave_size, wave_seconds: 0, ..NewCampaign::new("all", selection) };
    let campaign = campaigns.start(&new, call).unwrap();
    timed("start", started);
    assert_eq!(campaign.selected, count + 1);
    let started = Instant::now();
    assert_eq!(campaigns.advance(campaign.id, call).unwrap().released, u64::from(wave_size));
    timed(&format!("a wave of {wave_size}"), started);
    let started = Instant::now();
    assert_eq!(campaigns.progress(campaign.id).unwrap().waiting, u64::from(wave_size));
    timed("progress", started);
    let started = Instant::now();
    let page = campaigns.stragglers(campaign.id, &Page::of(100)).unwrap();
    assert_eq!((page.items.len(), page.total), (100, Some(u64::from(wave_size))));
    timed("a page of stragglers", started);
    let started = Instant::now();
    let due = Due { kinds: vec![tegata::DueKind::Certificate], ..Due::until(Timestamp::MAX) };
    let page = Page { total: false, ..Page::of(100) };
    assert_eq!(world.registry.due(&due, &page).unwrap().items.len(), 100);
    timed("a page of what is due", started);
    let started = Instant::now();
    campaigns.cancel(campaign.id, call).unwrap();
    timed("cancel", started);
}

#[test]
fn a_wave_of_many_portions_is_released_whole() {
    measure(3_000, 2_100);
}

#[test]
#[ignore = "a measurement: run it with --release --nocapture"]
fn a_million_certificates() {
    measure(1_000_000, 100_000);
}

//! Housekeeping: what is over leaves the store, and what is left is as good as before.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[cfg(all(unix, feature = "postgres"))]
mod postgres_server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Full, World, code, csr, key};
use tegata::model::{CertificateState, CredentialKind, EnrollmentMode, EnrollmentPolicy, ProfileSpec};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
#[cfg(all(unix, feature = "postgres"))]
use tegata::store::{PostgresOptions, PostgresStore};
use tegata::{
    Call, CertificateFilter, CrlOptions, DeviceFilter, EventFilter, GroupChange, Maintained, NewCampaign, NewDevice,
    NewKey, NewPsk, Page, Presented, Proof, Renew, Retention, RevocationReason, RotateKey, Selection,
    SymmetricAlgorithm,
};

const DAY: i64 = 86_400;

fn short_lived() -> ProfileSpec {
    ProfileSpec { validity_days: 30, grace_days: 2, ..ProfileSpec::device() }
}

fn short() -> Retention {
    Retention {
        certificate_days: 5,
        device_days: 60,
        request_days: 10,
        claim_code_days: 10,
        secret_days: 20,
        campaign_days: 20,
        ..Retention::default()
    }
}

/// Rounds until everything was looked at.
fn round(w: &World, retention: &Retention) -> (Maintained, String) {
    let mut archive = Vec::new();
    let mut all = Maintained::default();
    loop {
        let done = w.registry.maintain(retention, Some(&mut archive), &w.call).unwrap();
        all.looked_at += done.looked_at;
        for (record, count) in done.removed {
            *all.removed.entry(record).or_insert(0) += count;
        }
        if done.finished {
            return (all, String::from_utf8(archive).unwrap());
        }
    }
}

fn later(w: &World, days: i64) {
    w.clock.advance(days * DAY);
}

/// A renewal with a new key, confirmed.
fn renew(w: &World, certificate: tegata::CertificateId) -> tegata::CertificateId {
    let new = key();
    let request = Renew::with_csr(certificate, csr(&new, "x"));
    let issued = w.registry.certificates().renew(&request, &w.call).unwrap();
    w.registry.certificates().confirm(issued.certificate.id, &w.call).unwrap();
    issued.certificate.id
}

fn rows(path: &std::path::Path, events: bool) -> u64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let of = |name: &String| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0)).unwrap()
    };
    let logs = ["events", "event_segments", "checkpoints"];
    names.iter().filter(|name| logs.contains(&name.as_str()) == events).map(of).sum::<i64>().cast_unsigned()
}

/// What the file takes once its log is in it.
fn bytes(path: &std::path::Path) -> u64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let pages: i64 = connection
        .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
        .unwrap();
    pages.cast_unsigned()
}

/// What is stored: rows but for the log of events, octets, and rows of that log.
type Size = (u64, u64, u64);

/// A fleet renews its certificates and rotates its keys for years, devices come and go; how much is stored after each year.
fn years_of_renewals(years: usize, store: impl Store + 'static, measure: &dyn Fn() -> Size) -> Vec<Size> {
    const FLEET: usize = 4;
    let w = World::with(store, EnrollmentPolicy::default(), short_lived());
    let mut fleet: Vec<_> = (0..FLEET)
        .map(|n| {
            let (_, enrolled) = w.enrolled(Some(&format!("SN-{n}")));
            let device = enrolled.device.id;
            let key =
                w.registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap();
            (enrolled.issued.certificate.id, key.id)
        })
        .collect();
    let mut sizes = Vec::new();
    let mut archived = 0;
    for year in 0..years {
        for step in 0..15 {
            later(&w, 25);
            for (certificate, key) in &mut fleet {
                *certificate = renew(&w, *certificate);
                w.registry.keys().rotate(*key, &RotateKey::default(), &w.call).unwrap();
            }
            // One comes and goes, with a password and a request ID.
            let call = Call::by("shop").with_request_id(format!("{year}.{step}"));
            let guest = w.registry.devices().register(&NewDevice::named("guest"), &call).unwrap();
            w.registry.psks().issue(&NewPsk::password(guest.id), &w.call).unwrap();
            w.registry.devices().delete(guest.id, &w.call).unwrap();
            w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
            archived += round(&w, &short()).1.lines().count();
        }
        sizes.push(measure());
    }
    let issued = FLEET * years * 15;
    assert!(archived > issued, "{archived} records went to the archive");
    let ((early, ..), (late, ..)) = (sizes[1], sizes[years - 1]);
    assert!(late <= early + 5, "rows a year: {sizes:?}");
    assert!(w.registry.check_integrity(None).unwrap().is_sound());
    let standing = w.registry.certificates().get(fleet[0].0).unwrap();
    assert_eq!(standing.state, CertificateState::Active);
    sizes
}

#[test]
fn years_of_renewals_leave_the_database_as_large_as_after_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let sizes = years_of_renewals(8, store, &|| (rows(&path, false), bytes(&path), rows(&path, true)));
    // But for the log of events, which has a retention of its own.
    let ((_, early, early_events), (_, late, late_events)) = (sizes[1], sizes[7]);
    assert!(late <= early + (late_events - early_events) * 400, "{sizes:?}");
}

#[cfg(all(unix, feature = "postgres"))]
#[test]
fn years_of_renewals_leave_as_many_rows_in_postgresql() {
    let server = postgres_server::shared();
    let url = server.url();
    let schema = url.split_once("schema=").unwrap().1.to_owned();
    let store = PostgresStore::connect(&url, &PostgresOptions::default()).unwrap();
    years_of_renewals(3, store, &|| {
        let tables = server.sql(&format!(
            "SELECT string_agg(format('SELECT count(*) AS n FROM %I.%I', schemaname, tablename), ' UNION ALL ') \
             FROM pg_tables WHERE schemaname = '{schema}' AND tablename NOT IN ('events', 'event_segments', 'checkpoints')"
        ));
        (server.sql(&format!("SELECT sum(n) FROM ({tables}) AS counts")).parse().unwrap(), 0, 0)
    });
}

#[test]
fn what_is_left_is_as_good_as_before() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    let (first_key, enrolled) = w.enrolled(Some("SN-1"));
    let first = enrolled.issued.certificate.id;
    later(&w, 25);
    let second = renew(&w, first);
    later(&w, 20);
    let renewed = w.registry.certificates().renew(&Renew::same_key(second), &w.call).unwrap();
    let planned = w.registry.maintainable(&short()).unwrap();
    let (done, archive) = round(&w, &short());
    assert_eq!(done.removed.get("certificates"), Some(&1), "{done:?}");
    assert_eq!(planned.removed, done.removed);
    let line: serde_json::Value = serde_json::from_str(archive.lines().next().unwrap()).unwrap();
    assert_eq!(
        (line["record"].as_str(), line["id"].as_str()),
        (Some("certificates"), Some(first.to_string().as_str()))
    );
    assert_eq!(line["der"].as_str().unwrap(), data_encoding::BASE64.encode(&enrolled.issued.der));
    // The first is unknown now, its key is free again, and what came after it goes on.
    assert_eq!(code(w.registry.certificates().get(first)), "input.unknown_id");
    let shown = |der| Presented::Certificate { certificate: der, proof: Proof::TlsSession, device: None };
    assert_eq!(code(w.registry.authenticate(&shown(&enrolled.issued.der))), "certificate.unknown");
    assert!(w.registry.authenticate(&shown(&renewed.der)).is_ok());
    w.registry.devices().enroll(&w.request_with(&first_key, Some("SN-2")), &w.call).unwrap();
    // A renewal that nobody confirmed is withdrawn, though the first of the chain is gone.
    w.registry.certificates().revoke(renewed.certificate.id, RevocationReason::Superseded, &w.call).unwrap();
    w.registry.certificates().revoke(second, RevocationReason::KeyCompromise, &w.call).unwrap();
    assert!(w.registry.check_integrity(None).unwrap().is_sound());
}

#[test]
fn a_revoked_certificate_stays_until_a_complete_crl_after_its_end() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    let (compromised, enrolled) = w.enrolled(Some("SN-1"));
    let id = enrolled.issued.certificate.id;
    w.registry.certificates().revoke(id, RevocationReason::KeyCompromise, &w.call).unwrap();
    let crl = || w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    assert_eq!(crl().entries, 1);
    later(&w, 40);
    round(&w, &short());
    assert!(w.registry.certificates().get(id).is_ok(), "it is on the newest CRL, which came before its end");
    assert_eq!(crl().entries, 1, "past its end for the first time");
    let done = round(&w, &Retention { certificate_days: 11, ..short() }).0;
    assert_eq!(done.removed.get("crl_chunks"), None, "the retention of certificates counts for what CRLs say of them");
    let (done, archive) = round(&w, &short());
    assert_eq!(done.removed.get("crl_chunks"), Some(&1));
    let serial = data_encoding::HEXUPPER.encode(&enrolled.issued.certificate.serial);
    let line: serde_json::Value =
        serde_json::from_str(archive.lines().find(|line| line.contains("crl_chunks")).unwrap()).unwrap();
    let entry = data_encoding::BASE64.decode(line["der"].as_str().unwrap().as_bytes()).unwrap();
    assert!(data_encoding::HEXUPPER.encode(&entry).contains(&serial), "{line}");
    assert_eq!((&line["authority"], &line["entries"]), (&w.issuing.id.to_string().into(), &"1".into()));
    assert!(w.registry.certificates().get(id).is_ok(), "it is the last of a device that may come back");
    w.registry.devices().delete(enrolled.device.id, &w.call).unwrap();
    round(&w, &short());
    assert_eq!(code(w.registry.certificates().get(id)), "input.unknown_id");
    assert_eq!(crl().entries, 0);
    // Its key is refused for ever.
    assert_eq!(code(w.enroll(&w.request_with(&compromised, Some("SN-2")))), "csr.key_compromised");
}

#[test]
fn what_a_crl_of_the_future_lists_no_more_is_kept_until_one_of_the_present_was_made() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    let enrolled = w.enrolled(None).1;
    w.registry.certificates().revoke(enrolled.issued.certificate.id, RevocationReason::KeyCompromise, &w.call).unwrap();
    let crl = || w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap().entries;
    let gone = || round(&w, &short()).0.removed.contains_key("crl_chunks");
    assert_eq!(crl(), 1);
    later(&w, 50);
    assert_eq!((crl(), crl()), (1, 0));
    later(&w, -10);
    assert!(!gone());
    assert_eq!(crl(), 1);
    assert!(gone());
    assert_eq!(crl(), 0);
}

#[test]
fn what_an_authority_revoked_goes_when_it_has_expired_itself_and_makes_no_crl_any_more() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    let enrolled = w.enrolled(None).1;
    let id = enrolled.issued.certificate.id;
    w.registry.certificates().revoke(id, RevocationReason::KeyCompromise, &w.call).unwrap();
    w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    w.registry.devices().delete(enrolled.device.id, &w.call).unwrap();
    let patient = Retention { leap_days: 36_525, ..short() };
    let days = (w.issuing.not_after.unix() - common::START) / DAY;
    later(&w, days);
    assert!(!round(&w, &patient).0.removed.contains_key("certificates"));
    later(&w, 6);
    let removed = round(&w, &patient).0.removed;
    assert_eq!((removed.get("certificates"), removed.get("crl_chunks")), (Some(&1), Some(&1)));
    assert_eq!(code(w.registry.certificates().get(id)), "input.unknown_id");
}

#[test]
fn a_device_that_was_away_for_years_comes_back_with_its_key() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    let (_, enrolled) = w.enrolled(None);
    let first = enrolled.issued.certificate.id;
    later(&w, 20);
    let second_key = key();
    let request = Renew::with_csr(first, csr(&second_key, "x"));
    let second = w.registry.certificates().renew(&request, &w.call).unwrap().certificate;
    w.registry.certificates().confirm(second.id, &w.call).unwrap();
    let password = w.registry.psks().issue(&NewPsk::password(enrolled.device.id), &w.call).unwrap().psk;
    w.registry.psks().delete(password.id, &w.call).unwrap();
    later(&w, 3 * 365);
    assert_eq!(
        round(&w, &Retention { leap_days: 36_525, ..short() }).0.removed.into_iter().collect::<Vec<_>>(),
        [("certificates".to_owned(), 1)]
    );
    assert_eq!(code(w.registry.certificates().get(first)), "input.unknown_id");
    assert_eq!(
        round(&w, &Retention { leap_days: 36_525, ..short() }).0.total(),
        0,
        "what came after it waits for the device"
    );
    let back = w.enroll(&w.request_with(&second_key, None)).unwrap();
    assert_eq!((back.device.id, back.issued.certificate.key_number), (enrolled.device.id, second.key_number));
    let other =
        w.registry.certificates().renew(&Renew::with_csr(back.issued.certificate.id, csr(&key(), "x")), &w.call);
    assert_eq!(other.unwrap().certificate.key_number, second.key_number + 1);
    let again = w.registry.psks().issue(&NewPsk::password(enrolled.device.id), &w.call).unwrap();
    assert_eq!(again.psk.version, 2, "no two secrets under one ID have one version");
}

#[test]
fn each_kind_of_record_has_its_time() {
    let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
    let w = World::with(MemoryStore::new(), policy, short_lived());
    let codes =
        w.registry.products().issue_claim_codes(w.product.id, 2, Some(w.registry_now().plus_days(3)), &w.call).unwrap();
    let (_, request) = w.request(Some("SN-1"));
    let request = tegata::Enroll { claim_code: Some(codes[0].expose().clone()), ..request };
    let used = w.enroll(&request).unwrap().device.id;
    let once = Call::by("shop").with_request_id("once");
    let device = w.registry.devices().register(&NewDevice::named("a"), &once).unwrap().id;
    let psk = w.registry.psks().issue(&NewPsk::password(device), &w.call).unwrap().psk.id;
    w.registry.psks().delete(psk, &w.call).unwrap();
    let other = w.registry.psks().issue(&NewPsk::tls(device), &w.call).unwrap().psk.id;
    w.registry.psks().delete(other, &w.call).unwrap();
    let key = w.registry.keys().issue(&NewKey::for_device(device, SymmetricAlgorithm::Aes128), &w.call).unwrap().id;
    w.registry.keys().rotate(key, &RotateKey::default(), &w.call).unwrap();
    let selection = Selection { kinds: vec![CredentialKind::Key], ..Selection::default() };
    let campaign = w.registry.campaigns().start(&NewCampaign::new("all", selection), &w.call).unwrap();
    w.registry.campaigns().cancel(campaign.id, &w.call).unwrap();
    assert_eq!(round(&w, &short()).0.total(), 0, "nothing is over");
    later(&w, 15);
    assert_eq!(
        round(&w, &short()).0.removed.into_iter().collect::<Vec<_>>(),
        [("claim_codes".to_owned(), 1), ("requests".to_owned(), 1)]
    );
    later(&w, 15);
    let (done, archive) = round(&w, &short());
    let removed: Vec<_> = done.removed.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(removed, [("campaigns", 1), ("key_versions", 1), ("psks", 1)], "the password waits for its device");
    assert!(!archive.contains("password") && !archive.contains("secret"));
    for id in [device, used] {
        w.registry.devices().delete(id, &w.call).unwrap();
    }
    later(&w, 40);
    w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap();
    round(&w, &short());
    let all = DeviceFilter { states: vec![tegata::model::DeviceState::Deleted], ..DeviceFilter::default() };
    assert_eq!(w.registry.devices().find(&all, &Page::of(9)).unwrap().items.len(), 2, "tombstones");
    later(&w, 30);
    // The code goes one round after the device that used it.
    let (_, archive) = round(&w, &short());
    let lines: Vec<serde_json::Value> = archive.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |record: &str, id: String| lines.iter().any(|line| line["record"] == record && line["id"] == id);
    assert!(
        of("devices", device.to_string()) && of("psks", psk.to_string()) && of("keys", key.to_string()),
        "{archive}"
    );
    let (last, _) = round(&w, &short());
    assert_eq!(last.removed.get("claim_codes"), Some(&1));
    assert_eq!(w.registry.devices().find(&all, &Page::of(9)).unwrap().items.len(), 0);
    let certificates = CertificateFilter::default();
    assert_eq!(w.registry.certificates().find(&certificates, &Page::of(9)).unwrap().items.len(), 1, "the product's");
}

#[test]
fn nothing_goes_that_the_archive_did_not_take() {
    let w = World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived());
    for n in 0..600 {
        let call = Call::by("shop").with_request_id(format!("{n}"));
        w.registry.devices().register(&NewDevice::default(), &call).unwrap();
    }
    later(&w, 20);
    let due = w.registry.maintainable(&short()).unwrap().total();
    assert_eq!(due, 600);
    let refused = w.registry.maintain(&short(), Some(&mut Full(20_000)), &w.call);
    assert_eq!(code(refused), "input.invalid");
    let left = w.registry.maintainable(&short()).unwrap().total();
    assert!(left > 0 && left < due, "whole portions went: {left}");
    let (done, archive) = round(&w, &short());
    assert_eq!((done.total(), archive.lines().count() as u64), (left, left));
    let events = EventFilter { action: Some("registry.maintain".to_owned()), ..EventFilter::default() };
    assert!(w.registry.events().find(&events, &Page::of(9)).unwrap().items.len() >= 3);
}

#[test]
fn service_goes_on_and_several_may_do_it_at_once() {
    let w = Arc::new(World::with(MemoryStore::new(), EnrollmentPolicy::default(), short_lived()));
    for n in 0..900 {
        let call = Call::by("shop").with_request_id(format!("old {n}"));
        w.registry.devices().register(&NewDevice::default(), &call).unwrap();
    }
    later(&w, 20);
    let done = AtomicBool::new(false);
    let small = Retention { limit: 100, ..short() };
    thread::scope(|scope| {
        let keepers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        w.registry.maintain(&small, None, &w.call).unwrap();
                    }
                })
            })
            .collect();
        for n in 0..100 {
            let call = Call::by("shop").with_request_id(format!("new {n}"));
            let (_, request) = w.request(Some(&format!("SN-{n}")));
            w.registry.devices().enroll(&request, &call).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for keeper in keepers {
            keeper.join().unwrap();
        }
    });
    round(&w, &short());
    assert_eq!(w.registry.maintainable(&short()).unwrap().total(), 0);
    let call = Call::by("shop").with_request_id("new 7");
    let (_, other) = w.request(Some("SN-7"));
    assert_eq!(code(w.registry.devices().enroll(&other, &call)), "input.request_id_reused", "new ones are kept");
}

#[test]
fn nothing_goes_while_the_clock_has_leapt_ahead() {
    let w = World::with_profile(short_lived());
    let (_, enrolled) = w.enrolled(Some("SN-1"));
    w.registry.devices().delete(enrolled.device.id, &w.call).unwrap();
    later(&w, 91);
    assert_eq!(code(w.registry.maintain(&short(), None, &w.call)), "internal.clock_leapt", "the first call, too");
    later(&w, -91);
    assert_eq!(round(&w, &short()).0.total(), 0);
    later(&w, 91);
    let leapt = w.registry.maintain(&short(), None, &w.call).unwrap_err();
    assert_eq!(leapt.code(), "internal.clock_leapt");
    assert!(leapt.to_string().contains("91 days"), "{leapt}");
    assert!(w.registry.devices().get(enrolled.device.id).is_ok());
    // It was wrong, and is put right.
    later(&w, -91);
    assert_eq!(round(&w, &short()).0.total(), 0);
    // A battery that was empty takes it to where clocks begin, and back.
    later(&w, -10_000);
    assert_eq!(round(&w, &short()).0.total(), 0);
    later(&w, 10_001);
    assert_eq!(round(&w, &short()).0.total(), 0);
    // So much time has really passed.
    later(&w, 90);
    assert!(round(&w, &short()).0.removed.contains_key("devices"));
    later(&w, 400);
    assert_eq!(code(w.registry.maintain(&short(), None, &w.call)), "internal.clock_leapt");
    round(&w, &Retention { leap_days: 400, ..short() });
    round(&w, &short());
}

#[test]
fn before_the_first_call_events_tell_whether_the_clock_has_leapt() {
    let w = World::with_profile(short_lived());
    let mut made = 0;
    let mut happens = || {
        made += 1;
        w.registry.groups().create(&format!("group {made}"), &GroupChange::default(), &w.call).unwrap();
    };
    // Years of a busy registry that nobody keeps house in.
    for _ in 0..40 {
        later(&w, 30);
        happens();
    }
    for leap in [91, 4_000] {
        later(&w, leap);
        for _ in 0..20 {
            happens();
            let refused = w.registry.maintain(&short(), None, &w.call).unwrap_err();
            assert_eq!(refused.code(), "internal.clock_leapt", "{leap} days");
            assert!(refused.to_string().contains(&format!("{leap} days")), "{refused}");
        }
        later(&w, -leap);
        happens();
    }
    assert_eq!(round(&w, &short()).0.total(), 0);
}

#[test]
fn a_retention_that_cannot_be_meant_is_refused() {
    let w = World::new();
    for wrong in [
        Retention { limit: 0, ..Retention::default() },
        Retention { limit: 1_000_001, ..Retention::default() },
        Retention { device_days: 36_526, ..Retention::default() },
        Retention { event_days: Some(36_526), ..Retention::default() },
        Retention { leap_days: 36_526, ..Retention::default() },
        Retention { leap_days: 0, ..Retention::default() },
    ] {
        assert_eq!(code(w.registry.maintain(&wrong, None, &w.call)), "input.invalid");
        assert_eq!(code(w.registry.maintainable(&wrong)), "input.invalid");
    }
}

#[test]
fn entries_of_certificates_that_were_removed_are_no_finding() {
    let w = World::with_profile(short_lived());
    let crl = || w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).unwrap().entries;
    let revoke = |name| {
        let id = w.enrolled(Some(name)).1.issued.certificate.id;
        w.registry.certificates().revoke(id, RevocationReason::Superseded, &w.call).unwrap();
        w.registry.devices().delete(w.registry.certificates().get(id).unwrap().device.unwrap(), &w.call).unwrap();
        id
    };
    let first = revoke("first");
    later(&w, 20);
    revoke("second");
    assert_eq!(crl(), 2);
    later(&w, 11);
    crl();
    later(&w, 6);
    round(&w, &Retention { device_days: 1, ..short() });
    assert_eq!(code(w.registry.certificates().get(first)), "input.unknown_id");
    assert_eq!(crl(), 1, "the second has not ended");
    assert_eq!(w.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

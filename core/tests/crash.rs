//! A process that is killed again and again while it enrolls, renews and revokes: what it acknowledged is there, what
//! it did not acknowledge is whole or absent, and no serial number is used twice.
//!
//! The child (this very test binary) works on a SQLite registry from several threads and prints each acknowledged
//! fact; the parent kills it with SIGKILL at odd moments, opens the registry again and compares.

#![cfg(all(unix, feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{csr, key, sealer};
use tegata::model::{CertificateState, Entity, ProfileSpec};
use tegata::store::{SqliteOptions, SqliteStore};
use tegata::{
    Call, CertificateFilter, CertificateId, Enroll, EventFilter, HandOut, NewAuthority, NewProduct, Options, Page,
    ProductSpec, Registry, Renew, RevocationReason,
};

const PLACE: &str = "TEGATA_CRASH_CHILD";
const SECONDS: &str = "TEGATA_CRASH_SECONDS";
const THREADS: usize = 4;

fn open(folder: &Path) -> Registry {
    let store = SqliteStore::open(folder.join("registry.sqlite"), SqliteOptions::default()).unwrap();
    Registry::open(store, sealer(), Options::default()).unwrap()
}

/// Makes authority, product and credential; the credential lies in a file for the child.
fn found(folder: &Path) {
    let registry = open(folder);
    let call = Call::by("founder");
    let root = NewAuthority::new("root", "CN=Crash Test CA".parse().unwrap());
    let authority = registry.authorities().create_root(&root, &call).unwrap().id;
    let new = NewProduct {
        spec: ProductSpec { name: "Crash Test".to_owned(), ..ProductSpec::default() },
        authority,
        credential_profile: registry.profiles().put("product", &ProfileSpec::product_credential(), &call).unwrap().id,
        device_profile: registry.profiles().put("device", &ProfileSpec::device(), &call).unwrap().id,
        algorithm: None,
        hand_out: HandOut::Now,
    };
    let credential = registry.products().register(&new, &call).unwrap().credential;
    std::fs::write(folder.join("credential.der"), credential.issued.der).unwrap();
}

/// Not a test by itself: what the child does, until it is killed. Each line is one acknowledged fact.
#[test]
fn child() {
    let Ok(folder) = std::env::var(PLACE) else { return };
    let folder = Path::new(&folder);
    let registry = open(folder);
    let credential = std::fs::read(folder.join("credential.der")).unwrap();
    let call = Call::by("child");
    let tell = |what: &str, id: CertificateId| {
        // One write, so that a kill cannot cut a line short.
        std::io::stderr().lock().write_all(format!("{what} {id}\n").as_bytes()).unwrap();
    };
    let live = || {
        let request = Enroll { credential: credential.clone(), csr: csr(&key(), "unit"), ..Enroll::default() };
        let first = registry.devices().enroll(&request, &call).unwrap().issued.certificate.id;
        tell("active", first);
        let renewal = Renew::with_csr(first, csr(&key(), "unit"));
        let second = registry.certificates().renew(&renewal, &call).unwrap().certificate.id;
        tell("active", second);
        registry.certificates().confirm(second, &call).unwrap();
        tell("revoked", first);
        registry.certificates().revoke(second, RevocationReason::KeyCompromise, &call).unwrap();
        tell("revoked", second);
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    live();
                }
            });
        }
    });
}

/// One life of the child; what it acknowledged.
fn live_and_die(folder: &Path, milliseconds: u64) -> Vec<(bool, CertificateId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(PLACE, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        BufReader::new(stderr)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| {
                let (what, id) = line.split_once(' ')?;
                let revoked = match what {
                    "active" => false,
                    "revoked" => true,
                    _ => panic!("the child said: {line}"),
                };
                Some((revoked, id.parse().ok()?))
            })
            .collect()
    });
    std::thread::sleep(Duration::from_millis(milliseconds));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// Everything in the registry fits together; the serial numbers that are in use.
fn check(registry: &Registry, acknowledged: &[(bool, CertificateId)]) -> BTreeSet<Vec<u8>> {
    let certificates = registry.certificates();
    for &(revoked, id) in acknowledged {
        let record = certificates.get(id).unwrap_or_else(|error| panic!("{id} was acknowledged and is lost: {error}"));
        if revoked {
            assert_eq!(record.state, CertificateState::Revoked, "the revocation of {id} is lost");
        }
    }
    let mut serials = BTreeSet::new();
    let mut page = Page::of(1_000);
    loop {
        let listing = certificates.find(&CertificateFilter::default(), &page).unwrap();
        for record in &listing.items {
            assert!(serials.insert(record.serial.clone()), "the serial number of {} is used twice", record.id);
            // No record without its certificate (PAP-15), and the very one: its serial number is in it.
            let der = certificates.der(record.id).unwrap();
            assert_eq!(tegata::parse_certificate(&der).unwrap().serial(), record.serial);
            // No certificate without the event that tells of it.
            let about = EventFilter { object: Some(Entity::Certificate(record.id)), ..EventFilter::default() };
            assert!(
                !registry.events().find(&about, &Page::of(1)).unwrap().items.is_empty(),
                "{} came silently",
                record.id
            );
        }
        match listing.next {
            Some(next) => page = Page::of(1_000).after(next),
            None => return serials,
        }
    }
}

fn kill_for(duration: Duration) {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path());
    let (started, mut round, mut facts) = (Instant::now(), 0_u64, 0);
    let mut seen = BTreeSet::new();
    while started.elapsed() < duration || round < 5 {
        round += 1;
        let acknowledged = live_and_die(folder.path(), 150 + (round * 7_919) % 700);
        facts += acknowledged.len();
        let serials = check(&open(folder.path()), &acknowledged);
        assert!(seen.is_subset(&serials), "a certificate vanished after round {round}");
        seen = serials;
    }
    println!("{round} kills, {facts} acknowledged facts, {} certificates, nothing lost", seen.len());
    assert!(facts > 20, "the child did almost nothing: {facts} facts");
}

#[test]
fn what_was_acknowledged_survives_kills_and_no_serial_is_used_twice() {
    kill_for(Duration::from_secs(10));
}

#[test]
#[ignore = "runs for TEGATA_CRASH_SECONDS; see `make crash`"]
fn what_was_acknowledged_survives_kills_for_long() {
    let seconds = std::env::var(SECONDS).ok().and_then(|s| s.parse().ok()).unwrap_or(600);
    kill_for(Duration::from_secs(seconds));
}

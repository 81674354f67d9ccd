//! CRLs: shards, deltas, chunks; what lists a certificate, for how long, and what other people's programs make of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clock;
#[path = "../common/mod.rs"]
mod common;
#[path = "../interop/mod.rs"]
mod interop;
mod race;
mod races;
mod sweep;

use std::path::Path;

use common::{START, World, code};
use interop::run;
use tegata::model::{CrlPolicy, ProfileSpec, SuspendMode};
use tegata::{Crl, CrlOptions, Due, DueItem, DueKind, Enrolled, Page, RevocationReason, Timestamp};

const HOUR: i64 = 3_600;

fn policy(shards: u32) -> CrlPolicy {
    CrlPolicy {
        shards,
        urls: vec!["http://crl.example.com/{authority}/{shard}.crl".to_owned()],
        delta_urls: vec!["http://crl.example.com/{authority}/{shard}-delta.crl".to_owned()],
        next_update_hours: 48,
        delta_hours: Some(4),
        overlap_hours: 12,
    }
}

fn world(shards: u32) -> World {
    let profile = ProfileSpec { suspend: SuspendMode::CrlHold, validity_days: 30, ..ProfileSpec::device() };
    let world = World::with_profile(profile);
    world.registry.authorities().set_crl_policy(world.issuing.id, &policy(shards), &world.call).unwrap();
    world
}

fn now(world: &World) -> Timestamp {
    world.registry_now()
}

fn refresh(world: &World) -> Vec<(u32, bool)> {
    let made = world.registry.authorities().refresh_crls(now(world), &world.call).unwrap();
    made.into_iter().map(|made| made.map(|state| (state.shard, state.delta)).unwrap()).collect()
}

fn current(world: &World, options: CrlOptions) -> (tegata::model::Crl, Crl) {
    let made = world.registry.authorities().current_crl(world.issuing.id, &options).unwrap();
    let read = Crl::from_bytes(&made.der).unwrap();
    read.verify_signed_by(&tegata::PublicKey::from_spki(&world.issuing.public_key).unwrap()).unwrap();
    assert_eq!((read.number(), read.delta_base()), (Some(made.number), made.base));
    assert_eq!(u64::try_from(read.len()).unwrap(), made.entries);
    (made, read)
}

fn reason(crl: &Crl, device: &Enrolled) -> Option<RevocationReason> {
    crl.get(&device.issued.certificate.serial).unwrap().map(|revocation| revocation.reason)
}

fn revoke(world: &World, device: &Enrolled, reason: RevocationReason) {
    world.registry.certificates().revoke(device.issued.certificate.id, reason, &world.call).unwrap();
}

#[test]
fn a_shard_lists_its_own_certificates_and_the_list_of_all_lists_everybodys() {
    let world = world(2);
    let devices: Vec<_> = (0..4).map(|_| world.enrolled(None).1).collect();
    let shards: Vec<_> = devices.iter().map(|device| device.issued.certificate.shard.unwrap()).collect();
    assert!(shards.contains(&1) && shards.contains(&2), "{shards:?}");
    for device in &devices {
        revoke(&world, device, RevocationReason::Superseded);
    }
    assert_eq!(refresh(&world), [(1, false), (2, false)]);
    for shard in [1, 2] {
        let (_, crl) = current(&world, CrlOptions::shard(shard));
        assert!(!crl.is_complete());
        for (device, own) in devices.iter().zip(&shards) {
            assert_eq!(reason(&crl, device).is_some(), *own == shard);
        }
        // The address in the certificates is the one in the CRL.
        let holder = devices.iter().zip(&shards).find(|(_, own)| **own == shard).unwrap().0;
        let certificate = tegata::Certificate::from_der(&holder.issued.der).unwrap();
        let url = format!("http://crl.example.com/{}/{shard}.crl", world.issuing.id);
        assert_eq!(certificate.extensions().crl_distribution_points, std::slice::from_ref(&url));
        assert!(crl.der().windows(url.len()).any(|octets| octets == url.as_bytes()));
    }
    let all = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
    let read = Crl::from_bytes(&all.der).unwrap();
    assert!(read.is_complete() && devices.iter().all(|device| reason(&read, device).is_some()));
    // Twice: from chunks this time.
    let again = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
    assert_eq!((again.entries, all.entries), (4, 4));
    assert!(again.number > all.number);
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

#[test]
fn another_policy_opens_new_shards_and_keeps_up_the_old_ones() {
    let world = world(2);
    let old = world.enrolled(None).1;
    assert_eq!(refresh(&world).len(), 2);
    world.registry.authorities().set_crl_policy(world.issuing.id, &policy(3), &world.call).unwrap();
    let new = world.enrolled(None).1;
    assert!((1..=2).contains(&old.issued.certificate.shard.unwrap()));
    assert!((3..=5).contains(&new.issued.certificate.shard.unwrap()));
    assert_eq!(refresh(&world), [(3, false), (4, false), (5, false)]);
    world.clock.advance(37 * HOUR);
    let made = refresh(&world);
    assert!([1, 2, 3, 4, 5].iter().all(|shard| made.contains(&(*shard, false))), "{made:?}");
    revoke(&world, &old, RevocationReason::KeyCompromise);
    let shard = old.issued.certificate.shard.unwrap();
    let made = world.registry.authorities().crl(world.issuing.id, &CrlOptions::shard(shard), &world.call).unwrap();
    assert_eq!(made.entries, 1);
    // Only other times: no other shards.
    let hourly = CrlPolicy { next_update_hours: 24, ..policy(3) };
    world.registry.authorities().set_crl_policy(world.issuing.id, &hourly, &world.call).unwrap();
    assert!((3..=5).contains(&world.enrolled(None).1.issued.certificate.shard.unwrap()));
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

#[test]
fn a_delta_tells_what_changed_and_which_holds_are_over() {
    let world = world(0);
    let devices: Vec<_> = (0..5).map(|_| world.enrolled(None).1).collect();
    let [before, after, held, released, briefly] = devices.as_slice() else { panic!() };
    let certificates = world.registry.certificates();
    let suspend = |device: &Enrolled| certificates.suspend(device.issued.certificate.id, &world.call).unwrap();
    let resume = |device: &Enrolled| certificates.resume(device.issued.certificate.id, &world.call).unwrap();
    assert_eq!(
        code(world.registry.authorities().crl(world.issuing.id, &CrlOptions::default().as_delta(), &world.call)),
        "certificate.crl_no_base"
    );
    revoke(&world, before, RevocationReason::KeyCompromise);
    suspend(released);
    suspend(held);
    assert_eq!(refresh(&world), [(0, false)]);
    let (base, complete) = current(&world, CrlOptions::default());
    assert_eq!(base.entries, 3);
    assert_eq!(reason(&complete, held), Some(RevocationReason::CertificateHold));
    world.clock.advance(2 * HOUR);
    revoke(&world, after, RevocationReason::AffiliationChanged);
    resume(released);
    suspend(briefly);
    resume(briefly);
    assert_eq!(refresh(&world), [(0, true)]);
    let (delta, changes) = current(&world, CrlOptions::default().as_delta());
    assert_eq!(delta.base, Some(base.number));
    assert!(delta.number > base.number);
    assert_eq!(reason(&changes, after), Some(RevocationReason::AffiliationChanged));
    assert_eq!(reason(&changes, released), Some(RevocationReason::RemoveFromCrl));
    assert_eq!(reason(&changes, before), None, "it stands in the complete CRL");
    assert_eq!(reason(&changes, held), None, "so does the hold");
    // The next complete CRL comes with a delta to the one before, under its own number.
    world.clock.advance(34 * HOUR);
    assert_eq!(refresh(&world), [(0, false)]);
    let (next, complete) = current(&world, CrlOptions::default());
    let (bridge, bridging) = current(&world, CrlOptions::default().as_delta());
    assert_eq!((bridge.number, bridge.base, bridge.this_update), (next.number, Some(base.number), next.this_update));
    assert_eq!(reason(&bridging, released), Some(RevocationReason::RemoveFromCrl));
    assert_eq!(reason(&complete, released), None);
    assert_eq!(next.entries, 3);
    // And after that, nothing has changed.
    world.clock.advance(4 * HOUR);
    assert_eq!(refresh(&world), [(0, true)]);
    assert_eq!(current(&world, CrlOptions::default().as_delta()).0.entries, 0);
    revoke(&world, held, RevocationReason::CessationOfOperation);
    world.clock.advance(4 * HOUR);
    refresh(&world);
    let (_, changes) = current(&world, CrlOptions::default().as_delta());
    assert_eq!(reason(&changes, held), Some(RevocationReason::CessationOfOperation));
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

#[test]
fn an_entry_stays_until_one_complete_crl_past_the_end_of_its_certificate() {
    let world = world(0);
    let (ends, held) = (world.enrolled(None).1, world.enrolled(None).1);
    revoke(&world, &ends, RevocationReason::KeyCompromise);
    world.registry.certificates().suspend(held.issued.certificate.id, &world.call).unwrap();
    let crl =
        || world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap().entries;
    assert_eq!(crl(), 2);
    world.clock.advance(29 * 24 * HOUR);
    assert_eq!((crl(), crl()), (2, 2));
    world.clock.advance(2 * 24 * HOUR);
    assert_eq!(crl(), 2, "past their end for the first time");
    world.clock.advance(1);
    assert_eq!(crl(), 0);
    assert_eq!(crl(), 0);
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

#[test]
fn a_hold_stays_for_the_list_of_all_when_the_shards_are_made_more_often() {
    let world = world(2);
    let held = world.enrolled(None).1;
    world.registry.certificates().suspend(held.issued.certificate.id, &world.call).unwrap();
    let own = CrlOptions::shard(held.issued.certificate.shard.unwrap());
    let crl = |options: &CrlOptions| {
        world.clock.advance(60);
        world.registry.authorities().crl(world.issuing.id, options, &world.call).unwrap().entries
    };
    assert_eq!((crl(&own), crl(&CrlOptions::default())), (1, 1));
    world.clock.advance(31 * 24 * HOUR);
    assert_eq!((crl(&own), crl(&own), crl(&own)), (1, 0, 0));
    assert_eq!(crl(&CrlOptions::default()), 1, "past its end for the first time");
    assert_eq!((crl(&own), crl(&CrlOptions::default())), (0, 0));
}

#[test]
fn a_worse_reason_replaces_the_one_in_a_chunk() {
    let world = world(0);
    let devices: Vec<_> = (0..3).map(|_| world.enrolled(None).1).collect();
    for device in &devices {
        revoke(&world, device, RevocationReason::Superseded);
    }
    let crl = || {
        let made = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
        (made.entries, Crl::from_bytes(&made.der).unwrap())
    };
    crl();
    revoke(&world, &devices[1], RevocationReason::KeyCompromise);
    for _ in 0..3 {
        let (entries, read) = crl();
        // The reader drops what is there twice.
        assert_eq!((entries, read.len()), (3, 3));
        assert_eq!(reason(&read, &devices[1]), Some(RevocationReason::KeyCompromise));
        assert_eq!(reason(&read, &devices[2]), Some(RevocationReason::Superseded));
    }
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

#[test]
fn crls_are_due_before_they_lapse_even_if_nobody_was_revoked() {
    let world = World::new();
    let due = |until: Timestamp| {
        let due = Due { kinds: vec![DueKind::Crl], ..Due::until(until) };
        world.registry.due(&due, &Page::of(10)).unwrap().items
    };
    assert!(due(Timestamp::MAX).is_empty(), "nobody asked for a CRL yet");
    world.registry.authorities().crl(world.root.id, &CrlOptions::default(), &world.call).unwrap();
    let start = Timestamp::from_unix(START);
    assert!(due(start.plus_days(6).plus(-1)).is_empty());
    let [DueItem::Crl(state)] = &due(start.plus_days(6))[..] else { panic!() };
    assert_eq!((state.authority, state.number), (world.root.id, Some(1)));
    world.clock.advance(6 * 24 * HOUR);
    assert_eq!(refresh(&world), [(0, false)]);
    assert!(due(now(&world)).is_empty());
    world.registry.authorities().mark_compromised(world.root.id, &world.call).unwrap();
    world.clock.advance(7 * 24 * HOUR);
    let refused = world.registry.authorities().refresh_crls(now(&world), &world.call).unwrap();
    assert_eq!(refused.into_iter().map(code).collect::<Vec<_>>(), ["authority.compromised"]);
    assert!(due(Timestamp::MAX).is_empty(), "it never signs another one");
}

/// What openssl says of the device's certificate with these CRLs.
fn verified(at: &Path, device: &Enrolled, crls: &[&[u8]], options: &[&str], when: Timestamp) -> String {
    let pem = |label: &str, der: &[u8]| tegata::pack::encode_pem(label, der).unwrap().expose().clone();
    std::fs::write(at.join("leaf.pem"), device.issued.pem()).unwrap();
    std::fs::write(at.join("root.pem"), pem("CERTIFICATE", device.issued.chain.last().unwrap())).unwrap();
    std::fs::write(at.join("ca.pem"), pem("CERTIFICATE", &device.issued.chain[0])).unwrap();
    let crls: String = crls.iter().map(|der| pem("X509 CRL", der)).collect();
    std::fs::write(at.join("crls.pem"), crls).unwrap();
    let when = when.unix().to_string();
    let mut arguments = vec!["verify", "-attime", &when, "-x509_strict", "-CAfile", "root.pem", "-untrusted", "ca.pem"];
    arguments.extend(["-CRLfile", "crls.pem", "-crl_check", "-extended_crl"]);
    arguments.extend(options);
    arguments.push("leaf.pem");
    let output = run("openssl", &arguments, at);
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn openssl_follows_shards_and_deltas() {
    let at = tempfile::tempdir().unwrap();
    let world = world(2);
    let devices: Vec<_> = (0..4).map(|_| world.enrolled(None).1).collect();
    let of = |shard| devices.iter().filter(move |device| device.issued.certificate.shard == Some(shard));
    let (first, second) = (of(1).next().unwrap(), of(1).nth(1).unwrap());
    let other = of(2).next().unwrap();
    let certificates = world.registry.certificates();
    certificates.suspend(second.issued.certificate.id, &world.call).unwrap();
    refresh(&world);
    let base = current(&world, CrlOptions::shard(1)).0.der;
    let wrong = current(&world, CrlOptions::shard(2)).0.der;
    world.clock.advance(2 * HOUR);
    revoke(&world, first, RevocationReason::KeyCompromise);
    certificates.resume(second.issued.certificate.id, &world.call).unwrap();
    refresh(&world);
    let delta = current(&world, CrlOptions::shard(1).as_delta()).0.der;
    let check =
        |device: &Enrolled, crls: &[&[u8]], options: &[&str]| verified(at.path(), device, crls, options, now(&world));
    assert!(check(first, &[&base], &[]).contains("leaf.pem: OK"));
    assert!(check(second, &[&base], &[]).contains("certificate revoked"));
    let told = check(first, &[&base, &delta], &["-use_deltas"]);
    assert!(told.contains("certificate revoked"), "{told}");
    let told = check(second, &[&base, &delta], &["-use_deltas"]);
    assert!(told.contains("leaf.pem: OK"), "{told}");
    // Another shard's CRL says nothing of it.
    let told = check(first, &[&wrong], &[]);
    assert!(told.contains("unable to get certificate CRL") || told.contains("different CRL scope"), "{told}");
    assert!(check(other, &[&wrong], &[]).contains("leaf.pem: OK"));
    let serial = |device: &Enrolled| {
        let octets = device.issued.certificate.serial.iter().map(|octet| format!("{octet:02x}"));
        octets.collect::<String>().trim_start_matches('0').to_owned()
    };
    read_by_others(at.path(), &world, &[&base, &delta], &serial(first), &serial(second));
}

/// What Java and `GnuTLS` read in a complete CRL that holds `freed`, and in a delta to it that revokes `revoked`.
fn read_by_others(at: &Path, world: &World, [base, delta]: &[&[u8]; 2], revoked: &str, freed: &str) {
    let chain = world.registry.authorities().chain(world.issuing.id).unwrap();
    for (name, der) in [("issuer.der", &chain[0][..]), ("base.der", base), ("delta.der", delta)] {
        std::fs::write(at.join(name), der).unwrap();
    }
    let told = interop::java("ReadCrl.java", &["issuer.der", "base.der", "delta.der"], at);
    // IssuingDistributionPoint is critical in both, the base's number in the delta.
    let mut lines = told.lines();
    assert_eq!(lines.next().unwrap(), format!("critical[2.5.29.28] {freed}=CERTIFICATE_HOLD"));
    let line = lines.next().unwrap();
    assert!(line.starts_with("critical[2.5.29.27, 2.5.29.28] "), "{line}");
    assert!(line.contains(&format!("{revoked}=KEY_COMPROMISE")) && line.contains(&format!("{freed}=REMOVE_FROM_CRL")));
    let told = interop::ask("certtool", &["--crl-info", "--inder", "--infile", "delta.der"], at);
    assert!(told.contains("Revoked certificates (2)"), "{told}");
    assert!(told.contains(revoked) && told.contains(freed), "{told}");
}

#[test]
fn more_revocations_than_one_commit_takes_move_in_portions_and_none_is_lost_or_doubled() {
    use std::sync::Arc;
    use tegata::model::EnrollmentPolicy;
    use tegata::store::tables::{CRL_CHUNKS, REVOCATIONS};
    use tegata::store::{Expect, MemoryStore, Query, Row, Store, Value, Write};

    const MANY: u64 = 9_000;
    let store = Arc::new(MemoryStore::new());
    let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
    let one = world.enrolled(None).1;
    revoke(&world, &one, RevocationReason::KeyCompromise);
    let count = |table| {
        let query =
            Query { table, filters: vec![], order: None, descending: false, after: None, limit: 1, total: true };
        let page = store.find(&query).unwrap();
        (page.total.unwrap(), page.rows.into_iter().next())
    };
    let pattern = count(&REVOCATIONS).1.unwrap();
    let serial = REVOCATIONS.position("serial").unwrap();
    let rows = (1..MANY).map(|n| {
        let mut row = Row { key: pattern.key + n, ..pattern.clone() };
        row.values[serial] = Value::Bytes((n + (1 << 62)).to_be_bytes().to_vec());
        Write::Put(row, Expect::Absent)
    });
    store.commit(&rows.collect::<Vec<_>>()).unwrap();
    let crl = || {
        let made = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
        let read = Crl::from_bytes(&made.der).unwrap();
        // The reader drops what is there twice.
        assert_eq!((made.entries, u64::try_from(read.len()).unwrap()), (MANY, MANY));
        assert!(reason(&read, &one).is_some());
    };
    crl();
    assert_eq!((count(&REVOCATIONS).0, count(&CRL_CHUNKS).0), (0, 5));
    crl();
    revoke(&world, &world.enrolled(None).1, RevocationReason::Superseded);
    let made = world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
    assert_eq!((made.entries, count(&CRL_CHUNKS).0), (MANY + 1, 5), "the last chunk has room");
    // Nearly all of it was made up here, and each chunk is told of once.
    let findings = world.registry.check_integrity(None).unwrap().findings;
    assert_eq!(findings.len(), 5, "{findings:?}");
    assert!(findings.iter().all(|finding| finding.starts_with("crl_chunks")), "{findings:?}");
}

#[test]
fn crls_that_are_made_at_once_while_certificates_are_revoked_list_everybody() {
    let world = world(2);
    let devices: Vec<_> = (0..40).map(|_| world.enrolled(None).1).collect();
    refresh(&world);
    let authorities = world.registry.authorities();
    std::thread::scope(|scope| {
        for options in [CrlOptions::default(), CrlOptions::shard(1), CrlOptions::shard(2), CrlOptions::shard(1)] {
            let (world, authorities) = (&world, &authorities);
            scope.spawn(move || {
                for _ in 0..10 {
                    let made = authorities.crl(world.issuing.id, &options, &world.call).unwrap();
                    assert_eq!(u64::try_from(Crl::from_bytes(&made.der).unwrap().len()).unwrap(), made.entries);
                }
            });
        }
        for portion in devices.chunks(20) {
            let world = &world;
            scope.spawn(move || portion.iter().for_each(|device| revoke(world, device, RevocationReason::Superseded)));
        }
    });
    for options in [CrlOptions::default(), CrlOptions::shard(1), CrlOptions::shard(2)] {
        authorities.crl(world.issuing.id, &options, &world.call).unwrap();
        let (_, crl) = current(&world, options);
        for device in &devices {
            let listed = options.shard == 0 || device.issued.certificate.shard == Some(options.shard);
            assert_eq!(reason(&crl, device).is_some(), listed);
        }
    }
    assert_eq!(world.registry.check_integrity(None).unwrap().findings, [""; 0]);
}

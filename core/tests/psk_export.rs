//! NEC-1, NEC-2, NEC-4: a broker reads what the registry exports, and the devices connect with what they were issued.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod registry_fixture;
mod servers;

use std::path::Path;

use registry_fixture::{Fixture, call};
use servers::{Server, hears, mosquitto_client, openssl_device, write_secret};
use tegata::{IssuedPsk, NewDevice, NewPsk, PskFilter, PskFormat, RotatePsk};

const DAY: i64 = 86_400;

fn export(fixture: &Fixture, path: &Path) {
    let list = fixture.registry.psks().export(&PskFilter::default(), PskFormat::Mosquitto, &call()).unwrap();
    write_secret(path, list.expose());
}

fn lines(fixture: &Fixture) -> usize {
    let list = fixture.registry.psks().export(&PskFilter::default(), PskFormat::Mosquitto, &call()).unwrap();
    std::str::from_utf8(list.expose()).unwrap().lines().count()
}

fn publishes(server: &Server, issued: &IssuedPsk) -> bool {
    let mut client = mosquitto_client(server, "mosquitto_pub", &issued.psk.identity, issued.octets().unwrap());
    client.args(["-t", "state", "-r", "-m", "hello"]).output().unwrap().status.success()
}

#[test]
fn a_device_connects_to_a_broker_with_what_it_was_issued_as_long_as_it_counts() {
    let fixture = Fixture::new();
    let (devices, psks) = (fixture.registry.devices(), fixture.registry.psks());
    let device = |name: &str| devices.register(&NewDevice::named(name), &call()).unwrap().id;
    let (meter, lamp, old) = (device("meter"), device("lamp"), device("old"));
    let secret = psks.issue(&NewPsk::tls(meter), &call()).unwrap();
    let named = psks.issue(&NewPsk::tls(lamp).identified_by("lamp \"7\", hall"), &call()).unwrap();
    let gone = psks.issue(&NewPsk::tls(old), &call()).unwrap();
    psks.issue(&NewPsk::password(meter), &call()).unwrap();

    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let list = directory.join("psk");
    export(&fixture, &list);
    let server = Server::start(directory, |port| servers::mosquitto(directory, port, &list));
    for issued in [&secret, &named, &gone] {
        assert!(publishes(&server, issued), "{}", issued.psk.identity);
        let read = psks.read(issued.psk.id, &call()).unwrap();
        let mut client = mosquitto_client(&server, "mosquitto_sub", &read.psk.identity, read.octets().unwrap());
        let (heard, said) = hears(client.args(["-t", "state", "-C", "1"]), "", "hello");
        assert!(heard, "{said}");
    }

    // One is rotated, one disabled, one deleted.
    let rotated = psks.rotate(secret.psk.id, &RotatePsk::with_grace(7), &call()).unwrap();
    devices.disable(lamp, &call()).unwrap();
    psks.delete(gone.psk.id, &call()).unwrap();
    export(&fixture, &list);
    server.reload();
    assert!((0..100).any(|_| publishes(&server, &rotated)), "the new secret");
    assert!(publishes(&server, &secret), "the secret before, in its grace period");
    assert!(!publishes(&server, &named), "a disabled device");
    assert!(!publishes(&server, &gone), "a deleted key");

    fixture.clock.advance(8 * DAY);
    export(&fixture, &list);
    server.reload();
    assert!((0..100).any(|_| !publishes(&server, &secret)), "the grace period is over");
    assert!(publishes(&server, &rotated));
}

#[test]
fn a_header_made_of_the_registry_lets_its_devices_in() {
    let fixture = Fixture::new();
    let (devices, psks) = (fixture.registry.devices(), fixture.registry.psks());
    let meter = devices.register(&NewDevice::named("meter"), &call()).unwrap().id;
    let issued = psks.issue(&NewPsk::tls(meter), &call()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let header = directory.path().join("psk.h");
    write_secret(&header, psks.export(&PskFilter::default(), PskFormat::WolfSsl, &call()).unwrap().expose());
    let server = Server::build(directory.path(), "wolfssl.c", &["-lwolfssl"], Some(&header), &[]);
    let secret = issued.hex().unwrap();
    assert!(openssl_device(&server, "-tls1_3", &["-psk_identity", &issued.psk.identity, "-psk", secret.expose()]));
    let wrong = "00".repeat(32);
    assert!(!openssl_device(&server, "-tls1_3", &["-psk_identity", &issued.psk.identity, "-psk", &wrong]));
}

#[test]
fn an_export_is_of_all_pages_and_leaves_one_event() {
    let fixture = Fixture::new();
    let devices: Vec<_> = (0..1_203).map(|number| NewDevice::named(format!("meter-{number}"))).collect();
    let registered = fixture.registry.devices().register_many(&devices, &tegata::Bulk::each(), &call()).unwrap();
    let new: Vec<_> = registered.into_iter().map(|device| NewPsk::tls(device.unwrap().id)).collect();
    let issued = fixture.registry.psks().issue_many(&new, &tegata::Bulk::each(), &call()).unwrap();
    assert!(issued.iter().all(Result::is_ok));
    assert_eq!(lines(&fixture), 1_203);
    let filter = tegata::EventFilter { action: Some("psk.export".into()), ..Default::default() };
    let events = fixture.registry.events().find(&filter, &tegata::Page::of(10)).unwrap();
    assert_eq!(events.total, Some(1));
    assert_eq!(events.items[0].detail.as_deref(), Some("mosquitto: 1203 identities"));
}

#[test]
fn one_key_that_cannot_be_said_stops_the_export_and_is_named() {
    let fixture = Fixture::new();
    let meter = fixture.registry.devices().register(&NewDevice::named("meter"), &call()).unwrap().id;
    let psks = fixture.registry.psks();
    let issued = psks.issue(&NewPsk::tls(meter).identified_by("\u{feff}1"), &call()).unwrap();
    let refused = psks.export(&PskFilter::default(), PskFormat::Mosquitto, &call()).unwrap_err();
    assert_eq!(refused.code(), "psk.identity");
    assert!(refused.to_string().contains(&issued.psk.id.to_string()), "{refused}");
    assert!(psks.export(&PskFilter::default(), PskFormat::GnuTls, &call()).is_ok());
    let long = psks.issue(&NewPsk::tls(meter).identified_by("long").with_secret(vec![7; 64]), &call()).unwrap();
    let only = PskFilter { identity: Some(long.psk.identity), ..PskFilter::default() };
    assert_eq!(psks.export(&only, PskFormat::MbedTls, &call()).unwrap_err().code(), "psk.too_long");
    assert!(psks.export(&only, PskFormat::WolfSsl, &call()).is_ok());
    let filter = tegata::EventFilter { action: Some("psk.export".into()), ..Default::default() };
    let events = fixture.registry.events().find(&filter, &tegata::Page::of(10)).unwrap();
    assert_eq!(events.total, Some(2), "what was refused was not exported");
}

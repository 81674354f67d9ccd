//! The clock jumps, both ways and far: nothing breaks for good, nothing is given twice, and when it is right again,
//! everything works as before.

use std::collections::BTreeSet;
use std::sync::Arc;

use tegata::error::Kind;
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use tegata::{
    Call, CrlOptions, Due, Enroll, Enrolled, Error, IssuedPsk, NewPsk, OcspHash, OcspResponseStatus, OcspStatus, Page,
    Presented, Proof, Renew, RevocationReason, Timestamp, VerifyEvents, check_ocsp, make_ocsp_request,
    parse_certificate,
};

use crate::common::{START, World, csr, key};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// Where the clock jumps, in seconds from where it began; it is right again in between.
const JUMPS: [i64; 14] = [
    1,
    -1,
    -DAY,
    40 * DAY,
    -40 * DAY,
    3 * YEAR,
    -3 * YEAR,
    12 * YEAR,
    -START,
    -START - 1,
    // Where X.509 changes its form of writing years (RFC 5280, 4.1.2.5), and where it ends.
    2_524_608_000 - START,
    i64::MAX / 2,
    i64::MIN / 2,
    100 * YEAR,
];

struct Story {
    world: World,
    unit: Enrolled,
    psk: IssuedPsk,
    request: Enroll,
    serials: BTreeSet<Vec<u8>>,
    last_crl: u64,
    calls: usize,
}

impl Story {
    fn begin(store: impl Store + 'static) -> Self {
        let world = World::with(store, EnrollmentPolicy::default(), ProfileSpec::device());
        let (_, unit) = world.enrolled(None);
        let psk = world.registry.psks().issue(&NewPsk::password(unit.device.id), &world.call).unwrap();
        let (_, request) = world.request(None);
        Self { world, unit, psk, request, serials: BTreeSet::new(), last_crl: 0, calls: 0 }
    }

    /// Does everything that looks at the clock; all of it must succeed if `right`, and else may be refused.
    fn act(&mut self, right: bool) {
        self.calls += 1;
        let call = Call::by("clock");
        let fair = |what: &str, now: Timestamp, error: &Error| {
            let at_fault = matches!(error.kind(), Kind::Internal | Kind::Corrupt | Kind::Unavailable);
            assert!(!right && !at_fault, "{what} at {now}: {} {error}", error.code());
        };
        let now = self.world.registry_now();
        let World { registry, issuing, .. } = &self.world;

        let (_, request) = self.world.request(None);
        let mut issued = Vec::new();
        match registry.devices().enroll(&request, &call) {
            Ok(enrolled) => issued.push(enrolled.issued),
            Err(error) => fair("enroll", now, &error),
        }
        let renewal = Renew::with_csr(self.unit.issued.certificate.id, csr(&key(), "unit"));
        match registry.certificates().renew(&renewal, &call) {
            Ok(renewed) => issued.push(renewed),
            Err(error) => fair("renew", now, &error),
        }
        let authority = parse_certificate(&issuing.certificate).unwrap();
        for issued in &issued {
            let certificate = parse_certificate(&issued.der).unwrap();
            assert!(self.serials.insert(certificate.serial().to_vec()), "a serial number is used twice at {now}");
            assert!(certificate.not_before() <= now && now < certificate.not_after(), "{now}");
            assert!(certificate.not_after() <= authority.not_after(), "outlives its issuer at {now}");
        }
        let der = &self.unit.issued.der;
        let shown = Presented::Certificate { certificate: der, proof: Proof::TlsSession, device: None };
        if let Err(error) = registry.authenticate(&shown) {
            fair("authenticate", now, &error);
        }
        // A password has no date; a wrong one in between must not keep its owner out when the clock goes back.
        let secret = self.psk.octets().unwrap().to_vec();
        registry
            .authenticate(&Presented::psk(&self.psk.psk.identity, &secret))
            .unwrap_or_else(|error| panic!("a password at {now}: {error}"));
        for _ in 0..4 {
            registry.authenticate(&Presented::psk(&self.psk.psk.identity, b"wrong")).unwrap_err();
        }
        for until in [now, Timestamp::MIN, Timestamp::MAX] {
            registry.due(&Due::until(until), &Page::of(50)).unwrap();
        }
        match registry.authorities().crl(issuing.id, &CrlOptions::default(), &call) {
            Ok(crl) => {
                assert!(crl.number > self.last_crl, "CRL {} after {} at {now}", crl.number, self.last_crl);
                assert!(crl.this_update <= now && now < crl.next_update, "{now}");
                self.last_crl = crl.number;
            }
            Err(error) => fair("crl", now, &error),
        }
        self.ocsp(now, right);
        registry.events().checkpoint(&call).unwrap();
        if let Some(last) = issued.last() {
            let reason = RevocationReason::Superseded;
            registry.certificates().revoke(last.certificate.id, reason, &call).unwrap();
        }
        // A request that was answered once is answered alike whatever the clock says.
        let repeated = registry.devices().enroll(&self.request, &Call::by("once").with_request_id("once"));
        match repeated {
            Ok(enrolled) => {
                let serial = enrolled.issued.certificate.serial;
                self.serials.insert(serial.clone());
                assert_eq!(
                    serial,
                    registry
                        .certificates()
                        .der(enrolled.issued.certificate.id)
                        .map(|der| { parse_certificate(&der).unwrap().serial().to_vec() })
                        .unwrap()
                );
            }
            Err(error) => fair("repeat", now, &error),
        }
    }

    fn ocsp(&self, now: Timestamp, right: bool) {
        let World { registry, issuing, .. } = &self.world;
        let issuer = parse_certificate(&issuing.certificate).unwrap();
        let certificate = parse_certificate(&self.unit.issued.der).unwrap();
        let asked = make_ocsp_request(std::slice::from_ref(&certificate), &issuer, OcspHash::Sha1, None).unwrap();
        let answer = registry.ocsp().respond(&asked).unwrap();
        if answer.status == OcspResponseStatus::Successful {
            let checked = check_ocsp(&answer.der, &certificate, &issuer, None, now)
                .unwrap_or_else(|error| panic!("what OCSP answers at {now} does not hold then: {error}"));
            assert_eq!(checked.status, OcspStatus::Good);
        } else {
            assert!(!right, "OCSP at {now}: {:?} {:?}", answer.status, answer.cause);
        }
    }

    fn through_all_jumps(mut self) {
        self.act(true);
        for jump in JUMPS {
            self.world.clock.set(Timestamp::from_unix(START).plus(jump));
            // A second is nothing.
            self.act(jump.abs() == 1);
            // Set right.
            self.world.clock.set(Timestamp::from_unix(START + i64::try_from(self.calls).unwrap() * 60));
            self.act(true);
        }
        // Though its times go up and down, the log of events is whole.
        let verified = self.world.registry.events().verify(&VerifyEvents::default(), None).unwrap();
        assert!(verified.first.is_none() && verified.checkpoints > 20, "{verified:?}");
    }
}

#[test]
fn a_clock_that_jumps_breaks_nothing_for_good_in_memory() {
    Story::begin(MemoryStore::new()).through_all_jumps();
}

#[test]
fn a_clock_that_jumps_breaks_nothing_for_good_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("t.db"), SqliteOptions::default()).unwrap();
    Story::begin(Arc::new(store)).through_all_jumps();
}

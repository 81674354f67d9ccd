//! Two processes on one database want the same thing at the same moment: exactly one of them gets it.
//!
//! The children are this very test binary; each opens the registry and does what it is told through a pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tegata::model::{EnrollmentMode, EnrollmentPolicy, ProfileSpec};
use tegata::store::PostgresStore;
use tegata::{Call, Enroll, Options, Registry};

use super::common::{World, csr, key, sealer};
use super::postgres_server::shared;

const URL: &str = "TEGATA_RACE_URL";
const CREDENTIAL: &str = "TEGATA_RACE_CREDENTIAL";

fn store(url: &str) -> PostgresStore {
    PostgresStore::connect(url, &tegata::store::PostgresOptions::default()).unwrap()
}

/// Not a test by itself: what a child does. Each line is a unit and maybe a claim code; each answer `ok` or an error's code.
#[test]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let credential = std::fs::read(std::env::var(CREDENTIAL).unwrap()).unwrap();
    let clock = std::sync::Arc::new(tegata::FixedClock::at(tegata::Timestamp::from_unix(super::common::START)));
    let registry = Registry::open(store(&url), sealer(), Options::default().with_clock(clock)).unwrap();
    let call = Call::by("child");
    let say = |line: &str| std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
    say("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (unit, code) = line.split_once(' ').unwrap();
        let request = Enroll {
            credential: credential.clone(),
            csr: csr(&key(), "unit"),
            unit: (unit != "-").then(|| unit.to_owned()),
            claim_code: (code != "-").then(|| code.to_owned()),
            ..Enroll::default()
        };
        say(registry.devices().enroll(&request, &call).map_or_else(|error| error.code(), |_| "ok"));
    }
}

struct Racer {
    child: Child,
    stdin: ChildStdin,
    answers: BufReader<std::process::ChildStderr>,
    _stdout: ChildStdout,
}

impl Racer {
    fn new(url: &str, credential: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["races::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(URL, url)
            .env(CREDENTIAL, credential)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stderr.take().unwrap());
        let mut racer =
            Self { stdin: child.stdin.take().unwrap(), answers, _stdout: child.stdout.take().unwrap(), child };
        assert_eq!(racer.answer(), "ready");
        racer
    }

    fn tell(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two processes on a product of this policy; the lines of both at a time, and their answers.
fn race(policy: EnrollmentPolicy, lines: impl FnOnce(&World) -> Vec<[String; 2]>) -> Vec<[String; 2]> {
    let url = shared().url();
    let world = World::with(store(&url), policy, ProfileSpec::device());
    let folder = tempfile::tempdir().unwrap();
    let credential = folder.path().join("credential.der");
    std::fs::write(&credential, &world.credential).unwrap();
    let mut racers = [Racer::new(&url, &credential), Racer::new(&url, &credential)];
    let told = lines(&world).into_iter().map(|[one, other]| {
        racers[0].tell(&one);
        racers[1].tell(&other);
        let answers: Vec<String> = racers.iter_mut().map(Racer::answer).collect();
        answers.try_into().unwrap()
    });
    told.collect()
}

fn wins(answers: &[[String; 2]]) -> usize {
    answers.iter().flatten().filter(|answer| *answer == "ok").count()
}

#[test]
fn one_unit_enrolls_in_one_of_two_processes() {
    let same = |_: &World| (0..12).map(|n| [format!("SN-{n} -"), format!("SN-{n} -")]).collect();
    let answers = race(EnrollmentPolicy::default(), same);
    for both in &answers {
        let lost = both.iter().find(|answer| *answer != "ok").expect("both enrolled the same unit");
        assert_eq!((wins(std::slice::from_ref(both)), lost.as_str()), (1, "device.quarantined"), "{answers:?}");
    }
}

#[test]
fn the_last_place_of_a_quota_goes_to_one_of_two_processes() {
    let policy = EnrollmentPolicy { quota: Some(7), ..EnrollmentPolicy::default() };
    let answers = race(policy, |_| (0..6).map(|n| [format!("A-{n} -"), format!("B-{n} -")]).collect());
    assert_eq!(wins(&answers), 7, "{answers:?}");
    // Three rounds of two, then one for both, then none.
    assert_eq!(wins(&answers[..3]), 6, "{answers:?}");
    assert_eq!(wins(&answers[3..4]), 1, "{answers:?}");
    assert!(answers.iter().flatten().all(|a| a == "ok" || a == "product.quota_exhausted"), "{answers:?}");
}

#[test]
fn a_claim_code_serves_one_of_two_processes() {
    let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
    let answers = race(policy, |world| {
        let codes = world.registry.products().issue_claim_codes(world.product.id, 12, None, &world.call).unwrap();
        codes
            .iter()
            .enumerate()
            .map(|(n, c)| [format!("A-{n} {}", c.expose()), format!("B-{n} {}", c.expose())])
            .collect()
    });
    for both in &answers {
        assert_eq!(wins(std::slice::from_ref(both)), 1, "{answers:?}");
        assert!(both.iter().any(|answer| answer == "product.claim_code_used"), "{answers:?}");
    }
}

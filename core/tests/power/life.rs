//! The child's work, the facts that it tells, and the comparison with the registry.

#![allow(dead_code)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use tegata::model::{CertificateState, Entity, ProfileSpec};
use tegata::store::{SqliteOptions, SqliteStore};
use tegata::{
    Call, CertificateFilter, CertificateId, DeviceFilter, Enroll, EventFilter, HandOut, NewAuthority, NewProduct,
    Options, Page, Presented, ProductSpec, Proof, Registry, Renew, Result, RevocationReason,
};

use crate::common::{csr, key, sealer};

const PLACE: &str = "TEGATA_POWER_PLACE";
const WORK: &str = "TEGATA_POWER_WORK";
const THREADS: usize = 3;
/// How long a step is repeated before the child gives up.
const PATIENCE: Duration = Duration::from_secs(15);
/// Whether the first error ends the child.
static FRAGILE: AtomicBool = AtomicBool::new(false);

/// The registry in `folder`, or the one that the file `url` there leads to.
pub fn open(folder: &Path) -> Result<Registry> {
    #[cfg(feature = "postgres")]
    if let Ok(place) = std::fs::read_to_string(folder.join("url")) {
        use tegata::store::{PostgresOptions, PostgresStore};
        // In the second line, how many seconds a statement may take.
        let (url, seconds) = place.split_once('\n').unwrap_or((&place, "30"));
        let statement_timeout = Duration::from_secs(seconds.parse().unwrap());
        let store = PostgresStore::connect(url, &PostgresOptions { statement_timeout, ..PostgresOptions::default() })?;
        return Registry::open(store, sealer(), Options::default());
    }
    // A small log, so that it is brought into the file often.
    let options = SqliteOptions { log: 256 << 10, ..SqliteOptions::default() };
    let store = SqliteStore::open(folder.join("registry.sqlite"), options)?;
    Registry::open(store, sealer(), Options::default())
}

/// Makes authority, product and credential; the credential lies in a file for the child.
pub fn found(folder: &Path) {
    let registry = open(folder).unwrap();
    let call = Call::by("founder");
    let root = NewAuthority::new("root", "CN=Power Test CA".parse().unwrap());
    let authority = registry.authorities().create_root(&root, &call).unwrap().id;
    let new = NewProduct {
        spec: ProductSpec { name: "Power Test".to_owned(), ..ProductSpec::default() },
        authority,
        credential_profile: registry.profiles().put("product", &ProfileSpec::product_credential(), &call).unwrap().id,
        device_profile: registry.profiles().put("device", &ProfileSpec::device(), &call).unwrap().id,
        algorithm: None,
        hand_out: HandOut::Now,
    };
    let credential = registry.products().register(&new, &call).unwrap().credential;
    std::fs::write(folder.join("credential.der"), credential.issued.der).unwrap();
}

/// What a child is to do.
#[derive(Clone, Copy)]
pub struct Work {
    /// How many units each of its threads looks after.
    pub lives: usize,
    /// How it ends.
    pub end: End,
    /// What else goes on all the time.
    pub beside: Beside,
}

/// What goes on beside the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Nothing,
    /// Somebody else brings the log into the file.
    Checkpoints,
    /// Somebody reads, so that the log can hardly ever be brought in as a whole.
    Reads,
}

impl Work {
    pub const fn of(lives: usize) -> Self {
        Self { lives, end: End::Close, beside: Beside::Nothing }
    }
}

/// How a child ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It closes the registry.
    Close,
    /// As if it were killed when all is done.
    Kill,
    /// As if it were killed at the first error.
    Error,
}

/// A command that runs the child in `folder`, under `tool` if there is one.
pub fn command(tool: Option<Command>, folder: &Path, work: Work) -> Command {
    let exe = std::env::current_exe().unwrap();
    let mut command = match tool {
        Some(mut tool) => {
            tool.arg(exe);
            tool
        }
        None => Command::new(exe),
    };
    command
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(PLACE, folder)
        .env(WORK, format!("{} {:?} {:?}", work.lives, work.end, work.beside))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // A group of its own, so that a tool and the child under it end together.
        .process_group(0);
    command
}

/// A child at work.
pub struct Running {
    child: RefCell<Child>,
    told: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

/// Starts a child.
pub fn start(mut command: Command) -> Running {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let reader = std::thread::spawn(move || {
        lines.map_while(std::result::Result::ok).for_each(|line| heard.lock().unwrap().push(line));
    });
    Running { child: RefCell::new(child), told, reader }
}

impl Running {
    /// Waits until it works.
    pub fn at_work(self) -> Self {
        while !self.is_over() && !self.told.lock().unwrap().iter().any(|line| line.starts_with("issued")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self
    }

    pub fn is_over(&self) -> bool {
        self.child.borrow_mut().try_wait().unwrap().is_some()
    }

    /// Waits for its end; what it told, line by line.
    pub fn finish(self) -> Told {
        let until = Instant::now() + Duration::from_secs(60);
        let mut in_time = true;
        while in_time && !self.is_over() {
            std::thread::sleep(Duration::from_millis(10));
            in_time = Instant::now() < until;
        }
        let told = self.kill();
        assert!(in_time, "the child hung; it told:\n{}", told.tail());
        told
    }

    /// Ends it at once, and a tool that it runs under. Also if it ended by itself: nothing may hold the pipe open.
    pub fn kill(self) -> Told {
        let mut child = self.child.into_inner();
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = child.wait();
        self.reader.join().unwrap();
        Told(std::mem::take(&mut self.told.lock().unwrap()))
    }
}

/// Runs a child to its end; what it told, line by line.
pub fn run(command: Command) -> Told {
    start(command).finish()
}

/// The lines that a child told.
pub struct Told(pub Vec<String>);

impl Told {
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = Fact> + '_ {
        self.0.iter().filter_map(|line| Fact::parse(line))
    }

    pub fn errors(&self) -> BTreeMap<String, usize> {
        let mut errors = BTreeMap::new();
        for fact in self.facts() {
            if let Fact::Error(code) = fact {
                *errors.entry(code).or_default() += 1;
            }
        }
        errors
    }

    pub fn ended(&self) -> bool {
        self.facts().any(|fact| fact == Fact::End)
    }

    /// How many facts were acknowledged after the last error.
    pub fn after_errors(&self) -> usize {
        self.facts().rev().take_while(|fact| !matches!(fact, Fact::Error(_))).count()
    }

    pub fn tail(&self) -> String {
        self.0[self.0.len().saturating_sub(25)..].join("\n")
    }
}

/// One line of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A unit is about to enroll.
    Life,
    /// A certificate was handed out: its ID and the digest of its DER.
    Issued(CertificateId, String),
    /// A certificate was revoked.
    Revoked(CertificateId),
    /// A step failed with this code and will be repeated.
    Error(String),
    /// All is done.
    End,
}

impl Fact {
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(match (words.next()?, words.next(), words.next()) {
            ("life", None, None) => Self::Life,
            ("issued", Some(id), Some(digest)) => Self::Issued(id.parse().ok()?, digest.to_owned()),
            ("revoked", Some(id), None) => Self::Revoked(id.parse().ok()?),
            ("error", Some(_), Some(code)) => Self::Error(code.to_owned()),
            ("end", None, None) => Self::End,
            _ => return None,
        })
    }
}

fn tell(line: &str) {
    // One write, so that a line is never cut short.
    std::io::stderr().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn fingerprint(der: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, der).as_ref())
}

/// Repeats `work` until it succeeds.
fn insist<T>(step: &str, mut work: impl FnMut() -> Result<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match work() {
            Ok(value) => return value,
            Err(error) => tell(&format!("error {step} {}", error.code())),
        }
        if FRAGILE.load(Ordering::Relaxed) {
            tell("end");
            std::process::abort();
        }
        if Instant::now() > until {
            tell(&format!("gave up: {step}"));
            std::process::abort();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The life of one unit. Each step is repeated with the same request ID until it succeeds.
fn live(registry: &Registry, credential: &[u8], name: &str) {
    let call = |step: &str| Call::by("child").with_request_id(format!("{name} {step}"));
    let issued = |id, der: &[u8]| tell(&format!("issued {id} {}", fingerprint(der)));
    tell("life");
    let request = Enroll { credential: credential.to_vec(), csr: csr(&key(), "unit"), ..Enroll::default() };
    let first = insist("enroll", || registry.devices().enroll(&request, &call("enroll"))).issued;
    let id = first.certificate.id;
    issued(id, &first.der);
    let shown = Presented::Certificate { certificate: &first.der, proof: Proof::TlsSession, device: None };
    insist("authenticate", || registry.authenticate(&shown));
    let renewal = Renew::with_csr(id, csr(&key(), "unit"));
    let second = insist("renew", || registry.certificates().renew(&renewal, &call("renew")));
    let successor = second.certificate.id;
    issued(successor, &second.der);
    insist("confirm", || registry.certificates().confirm(successor, &call("confirm")));
    tell(&format!("revoked {id}"));
    let reason = RevocationReason::KeyCompromise;
    insist("revoke", || registry.certificates().revoke(successor, reason, &call("revoke")));
    tell(&format!("revoked {successor}"));
}

/// One enrollment, noted if it is acknowledged.
pub fn enroll(registry: &Registry, credential: &[u8], ledger: &mut Ledger) -> Result<()> {
    let request = Enroll { credential: credential.to_vec(), csr: csr(&key(), "unit"), ..Enroll::default() };
    ledger.note([Fact::Life].into_iter());
    let issued = registry.devices().enroll(&request, &Call::by("test"))?.issued;
    ledger.note([Fact::Issued(issued.certificate.id, fingerprint(&issued.der))].into_iter());
    Ok(())
}

pub fn child() {
    let (Ok(folder), Ok(work)) = (std::env::var(PLACE), std::env::var(WORK)) else { return };
    let words: Vec<&str> = work.split(' ').collect();
    let (lives, end, beside) = (words[0].parse::<usize>().unwrap(), words[1], words[2]);
    FRAGILE.store(end == "Error", Ordering::Relaxed);
    let folder = Path::new(&folder);
    let credential = std::fs::read(folder.join("credential.der")).unwrap();
    let registry = insist("open", || open(folder));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        match beside {
            "Checkpoints" => drop(scope.spawn(|| meddle_until(&done, folder))),
            "Reads" => (0..2).for_each(|_| drop(scope.spawn(|| read_until(&done, &registry)))),
            _ => {}
        }
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (registry, credential) = (&registry, &credential);
                scope.spawn(move || {
                    for number in 0..lives {
                        live(registry, credential, &format!("{}.{thread}.{number}", std::process::id()));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    if end != "Close" {
        tell("end");
        std::process::abort();
    }
    drop(registry);
    tell("end");
}

fn read_until(done: &AtomicBool, registry: &Registry) {
    while !done.load(Ordering::Relaxed) {
        // What it finds is none of the facts, nor is it when it fails.
        let _ = registry.certificates().find(&CertificateFilter::default(), &Page::of(1_000));
    }
}

/// As somebody with SQLite's shell would: brings the log into the file again and again.
fn meddle_until(done: &AtomicBool, folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("registry.sqlite")).unwrap();
    connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let modes = ["PASSIVE", "PASSIVE", "RESTART", "PASSIVE", "TRUNCATE"];
    for mode in modes.into_iter().cycle() {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let _ = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// What is known of a registry from outside: what children told.
#[derive(Clone, Default)]
pub struct Ledger {
    issued: BTreeMap<CertificateId, String>,
    revoked: BTreeSet<CertificateId>,
    lives: u64,
    /// By serial number, which certificate was seen with it.
    serials: BTreeMap<Vec<u8>, CertificateId>,
}

impl Ledger {
    pub fn note(&mut self, facts: impl Iterator<Item = Fact>) {
        for fact in facts {
            match fact {
                Fact::Life => self.lives += 1,
                Fact::Issued(id, digest) => drop(self.issued.insert(id, digest)),
                Fact::Revoked(id) => drop(self.revoked.insert(id)),
                Fact::Error(_) | Fact::End => {}
            }
        }
    }

    pub fn facts(&self) -> usize {
        self.issued.len() + self.revoked.len()
    }

    /// The first thing in the registry that contradicts what was acknowledged, or itself.
    pub fn compare(&mut self, registry: &Registry) -> std::result::Result<(), String> {
        let certificates = registry.certificates();
        for (id, digest) in &self.issued {
            let record = certificates.get(*id).map_err(|e| format!("{id} was acknowledged and is lost: {e}"))?;
            if self.revoked.contains(id) && record.state != CertificateState::Revoked {
                return Err(format!("the revocation of {id} is lost: it is {:?}", record.state));
            }
            let der = certificates.der(*id).map_err(|e| format!("{id} has a record and no certificate: {e}"))?;
            if fingerprint(&der) != *digest {
                return Err(format!("{id} is another certificate than was handed out"));
            }
        }
        let mut page = Page::of(1_000);
        loop {
            let listing = certificates.find(&CertificateFilter::default(), &page).map_err(|e| e.to_string())?;
            for record in &listing.items {
                let id = record.id;
                let earlier = *self.serials.entry(record.serial.clone()).or_insert(id);
                if earlier != id {
                    return Err(format!("{id} has the serial number of {earlier}"));
                }
                let der = certificates.der(id).map_err(|e| format!("{id} has a record and no certificate: {e}"))?;
                if tegata::parse_certificate(&der).map_err(|e| e.to_string())?.serial() != record.serial {
                    return Err(format!("{id} has the certificate of another record"));
                }
                let about = EventFilter { object: Some(Entity::Certificate(id)), ..EventFilter::default() };
                if registry.events().find(&about, &Page::of(1)).map_err(|e| e.to_string())?.items.is_empty() {
                    return Err(format!("{id} came silently"));
                }
            }
            match listing.next {
                Some(next) => page = Page::of(1_000).after(next),
                None => break,
            }
        }
        let devices = registry.devices().count(&DeviceFilter::default()).map_err(|e| e.to_string())?;
        if devices > self.lives {
            return Err(format!("{} units enrolled, and there are {devices} devices", self.lives));
        }
        Ok(())
    }

    /// Opens the registry in `folder` and compares; SQLite looks at its file as well.
    pub fn check(&mut self, folder: &Path) -> std::result::Result<(), String> {
        let registry = open(folder).map_err(|e| format!("it does not open: {e}"))?;
        self.compare(&registry)?;
        drop(registry);
        if folder.join("url").exists() {
            return Ok(());
        }
        let connection = rusqlite::Connection::open(folder.join("registry.sqlite")).unwrap();
        let sound: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(|e| format!("integrity_check: {e}"))?;
        if sound == "ok" { Ok(()) } else { Err(sound) }
    }
}

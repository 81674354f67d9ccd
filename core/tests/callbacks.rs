//! Host code that calls back, fails or panics: the registry refuses, says why, and goes on, in every kind of operation.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use common::{START, csr, key, sealer};
use tegata::callback;
use tegata::error::{InternalError, SealError, SignerError};
use tegata::model::{EnrollmentPolicy, ProfileSpec};
use tegata::store::schema::Schema;
use tegata::store::{
    Counter, Foreign, MemoryStore, Page as Rows, Query, Row, RowRef, Sealer, SoftwareSealer, Store, StoreError, Tally,
    Value, Write,
};
use tegata::{
    Bulk, Call, Clock, CrlOptions, DeviceFilter, Enroll, Error, EventFilter, HandOut, Issue, KeyAlgorithm,
    NewAuthority, NewProduct, Options, PrivateKey, ProductSpec, PublicKey, Random, Registry, Renew, Result, Sealed,
    Secret, Signer, SystemRandom, Timestamp, make_csr, make_key,
};

/// What host code does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Its work.
    Well,
    /// Its work, after calling the registry.
    CallsBack,
    /// Nothing, with a text as hosts have it.
    Fails,
    /// It panics.
    Panics,
}

/// A failure as some languages write it.
const TRACE: &str = "\n  the token\u{7} is gone\n\tat Token.sign(Token.java:17)\n\tat secret";

/// All host code of one registry: who shall do what, and what was heard when it called back.
struct Host {
    registry: OnceLock<Registry>,
    mood: Mutex<BTreeMap<&'static str, Mood>>,
    heard: Mutex<BTreeMap<&'static str, Vec<String>>>,
    calls: AtomicUsize,
    store: MemoryStore,
    sealer: SoftwareSealer,
    key: PrivateKey,
}

impl Host {
    fn set(&self, who: &'static str, mood: Mood) {
        self.mood.lock().unwrap().insert(who, mood);
    }

    /// Called by `who` at the beginning of each of its calls.
    fn enter(&self, who: &'static str) -> Result<(), String> {
        let mood = self.mood.lock().unwrap().get(who).copied().unwrap_or(Mood::Well);
        match mood {
            Mood::Well => Ok(()),
            Mood::CallsBack => {
                self.call_back(who);
                Ok(())
            }
            Mood::Fails => Err(TRACE.to_owned()),
            Mood::Panics => std::panic::resume_unwind(Box::new("the host's own defect")),
        }
    }

    fn call_back(&self, who: &'static str) {
        let Some(registry) = self.registry.get() else { return };
        self.calls.fetch_add(1, Ordering::SeqCst);
        let call = Call::by("intruder");
        let answers = [
            registry.counts().map(drop),
            registry.trust_bundle().map(drop),
            registry.devices().find(&DeviceFilter::default(), &tegata::Page::of(1)).map(drop),
            registry.devices().register(&tegata::NewDevice::named("intruder"), &call).map(drop),
            registry.devices().register_many(&[tegata::NewDevice::named("x")], &Bulk::each(), &call).map(drop),
            registry.devices().register_many(&[tegata::NewDevice::named("x")], &Bulk::all(), &call).map(drop),
            registry.profiles().put("intruder", &ProfileSpec::device(), &call).map(drop),
            registry.authorities().create_root(&root("intruder"), &call).map(drop),
            registry.events().export(&EventFilter::default(), &mut Vec::new()).map(drop),
        ];
        let codes =
            answers.map(|answer| answer.map_or_else(|e| e.code().to_owned(), |()| "it went through".to_owned()));
        self.heard.lock().unwrap().entry(who).or_default().extend(codes);
    }
}

struct Stored(Arc<Host>);

impl Stored {
    fn enter(&self, method: &'static str) -> Result<&MemoryStore, StoreError> {
        self.0.enter(method).map_err(|text| StoreError::Unavailable { reason: text })?;
        Ok(&self.0.store)
    }
}

impl Store for Stored {
    fn migrate(&self, schema: &Schema) -> Result<(), StoreError> {
        self.enter("migrate")?.migrate(schema)
    }
    fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.enter("reserve")?.reserve(counter, count)
    }
    fn get(&self, rows: &[RowRef]) -> Result<Vec<Option<Row>>, StoreError> {
        self.enter("get")?.get(rows)
    }
    fn find(&self, query: &Query) -> Result<Rows, StoreError> {
        self.enter("find")?.find(query)
    }
    fn count(&self, tally: &Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.enter("count")?.count(tally)
    }
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.enter("commit")?.commit(writes)
    }
}

/// Everything else that a host may bring.
struct Brought(Arc<Host>);

impl Sealer for Brought {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed> {
        self.0.enter("seal").map_err(|reason| SealError::Failed { reason })?;
        self.0.sealer.seal(associated, plaintext)
    }
    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>> {
        self.0.enter("open").map_err(|text| callback::sealer_failed(&text))?;
        self.0.sealer.open(associated, sealed)
    }
}

impl Clock for Brought {
    fn now(&self) -> Timestamp {
        self.try_now().unwrap_or_default()
    }
    fn try_now(&self) -> Result<Timestamp> {
        self.0.enter("clock").map_err(|text| callback::clock_failed(&text))?;
        Ok(Timestamp::from_unix(START))
    }
}

impl Random for Brought {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        self.0.enter("random").map_err(|reason| InternalError::RandomFailed { reason })?;
        SystemRandom::new().fill(out)
    }
}

impl Signer for Brought {
    fn public_key(&self) -> &PublicKey {
        self.0.key.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        // As it is: what the library makes of it is its own business.
        self.0.enter("signer").map_err(|reason| SignerError::Failed { reason })?;
        self.0.key.sign(message)
    }
}

fn root(name: &str) -> NewAuthority {
    NewAuthority::new(name, format!("CN={name}").parse().unwrap())
}

type Operation<'s> = Box<dyn Fn() -> Result<()> + 's>;

/// A registry whose every part is the host's, with an authority whose key the host has.
struct Site {
    host: Arc<Host>,
    registry: Registry,
    authority: tegata::AuthorityId,
    product: tegata::ProductId,
    profile: tegata::ProfileId,
    credential: Vec<u8>,
    csr: Vec<u8>,
    call: Call,
}

impl Site {
    fn new() -> Self {
        let host = Arc::new(Host {
            registry: OnceLock::new(),
            mood: Mutex::default(),
            heard: Mutex::default(),
            calls: AtomicUsize::new(0),
            store: MemoryStore::new(),
            sealer: Arc::into_inner(sealer()).unwrap(),
            key: make_key(KeyAlgorithm::EcdsaP256).unwrap(),
        });
        let brought = || Arc::new(Brought(Arc::clone(&host)));
        let options = Options::default().with_clock(brought()).with_random(brought());
        let registry = Registry::open(Foreign::new(Stored(Arc::clone(&host))), brought(), options).unwrap();
        host.registry.set(registry.clone()).unwrap();
        let call = Call::by("admin");
        let authority = registry.authorities().create_root(&root("root").with_signer(brought()), &call).unwrap();
        let profile = registry.profiles().put("device", &ProfileSpec::device(), &call).unwrap().id;
        let product = NewProduct {
            spec: ProductSpec { enrollment: EnrollmentPolicy::default(), ..ProductSpec::named("Camera") },
            authority: authority.id,
            credential_profile: registry
                .profiles()
                .put("product", &ProfileSpec::product_credential(), &call)
                .unwrap()
                .id,
            device_profile: profile,
            algorithm: None,
            hand_out: HandOut::Now,
        };
        let registered = registry.products().register(&product, &call).unwrap();
        let credential = registered.credential.issued.der.clone();
        let csr = csr(&key(), "service");
        Self { host, registry, authority: authority.id, product: registered.product.id, profile, credential, csr, call }
    }

    fn request(&self) -> Enroll {
        Enroll { credential: self.credential.clone(), csr: csr(&key(), "unit"), ..Enroll::default() }
    }

    fn issue(&self) -> Issue {
        Issue::new(self.csr.clone(), self.profile, self.authority)
    }

    /// One operation of each kind, by name.
    fn operations(&self) -> Vec<(&'static str, Operation<'_>)> {
        let all = |results: Vec<Result<tegata::Issued>>| results.into_iter().try_for_each(|result| result.map(drop));
        let (r, call) = (&self.registry, &self.call);
        vec![
            ("enroll", Box::new(|| r.devices().enroll(&self.request(), call).map(drop))),
            ("issue_many", {
                Box::new(move || {
                    let issues: Vec<_> = (0..40).map(|_| self.issue()).collect();
                    all(r.certificates().issue_many(&issues, &Bulk::each(), call)?)
                })
            }),
            ("issue_many at once", {
                Box::new(move || {
                    let issues: Vec<_> = (0..40).map(|_| self.issue()).collect();
                    all(r.certificates().issue_many(&issues, &Bulk::all(), call)?)
                })
            }),
            ("create_intermediate", {
                Box::new(move || {
                    let name = format!(
                        "sub {}",
                        r.events().find(&EventFilter::default(), &tegata::Page::of(1))?.total.unwrap_or(0)
                    );
                    r.authorities().create_intermediate(self.authority, &root(&name), call).map(drop)
                })
            }),
            ("crl", Box::new(|| r.authorities().crl(self.authority, &CrlOptions::default(), call).map(drop))),
            ("renew_credential", {
                Box::new(|| r.products().renew_credential(self.product, None, HandOut::Later, call).map(drop))
            }),
            ("find", Box::new(|| r.devices().find(&DeviceFilter::default(), &tegata::Page::of(5)).map(drop))),
            ("counts", Box::new(|| r.counts().map(drop))),
            ("trust_bundle", Box::new(|| r.trust_bundle().map(drop))),
            ("claim codes", Box::new(|| r.products().issue_claim_codes(self.product, 2, None, call).map(drop))),
            ("renew", {
                Box::new(|| {
                    let issued = r.certificates().issue(&self.issue(), call)?;
                    r.certificates().renew(&Renew::same_key(issued.certificate.id), call).map(drop)
                })
            }),
        ]
    }

    fn all(&self, mood: Mood) {
        for part in PARTS {
            self.host.set(part, mood);
        }
    }

    /// Forgets the authorities at hand, so that they are read and opened again.
    fn forget(&self) {
        self.registry.authorities().use_signer(self.authority, Arc::new(Brought(Arc::clone(&self.host)))).unwrap();
    }

    fn events(&self) -> Option<u64> {
        self.registry.events().find(&EventFilter::default(), &tegata::Page::of(1)).unwrap().total
    }
}

const PARTS: [&str; 10] = ["reserve", "get", "find", "count", "commit", "seal", "open", "clock", "random", "signer"];

/// Ends the test when something waits for itself.
fn within_a_minute(work: impl FnOnce() + Send + 'static) {
    let (done, waits) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    match waits.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a deadlock"),
        _ => worker.join().unwrap(),
    }
}

#[test]
fn whatever_calls_back_is_refused_and_what_was_under_way_goes_on() {
    within_a_minute(|| {
        let site = Site::new();
        site.all(Mood::CallsBack);
        for (name, operation) in site.operations() {
            site.forget();
            operation().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        site.all(Mood::Well);
        let heard = site.host.heard.lock().unwrap();
        for part in PARTS {
            let codes = heard.get(part).unwrap_or_else(|| panic!("{part} was never called"));
            assert!(codes.iter().all(|code| code == "input.called_back"), "{part}: {codes:?}");
        }
        // The mark is gone, and nothing of what was asked happened.
        assert!(!callback::is_inside());
        assert_eq!(site.registry.devices().count(&DeviceFilter::default()).unwrap(), 1);
    });
}

#[test]
fn a_progress_callback_and_an_output_that_call_back_are_refused() {
    struct Output<'h>(&'h Host);
    impl std::io::Write for Output<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.call_back("output");
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let site = Site::new();
    let progress = |_: usize, _: usize| {
        site.host.call_back("progress");
        ControlFlow::Continue(())
    };
    let bulk = Bulk { progress: Some(&progress), ..Bulk::each() };
    let new: Vec<_> = (0..1_100).map(|n| tegata::NewDevice::named(format!("lamp {n}"))).collect();
    let made = site.registry.devices().register_many(&new, &bulk, &site.call).unwrap();
    assert!(made.iter().all(Result::is_ok));
    let lines = site.registry.events().export(&EventFilter::default(), &mut Output(&site.host)).unwrap();
    assert!(lines > 1_100);
    let heard = site.host.heard.lock().unwrap();
    assert_eq!(heard["progress"].len(), 3 * 9);
    assert!(heard.values().flatten().all(|code| code == "input.called_back"), "{heard:?}");
}

#[test]
fn a_part_that_fails_names_its_reason_in_one_line_and_nothing_is_half_done() {
    let site = Site::new();
    let mut seen = BTreeMap::<&str, usize>::new();
    for part in PARTS {
        let expected = match part {
            "seal" | "open" => "seal.failed",
            "clock" => "internal.clock_failed",
            "random" => "internal.random_failed",
            "signer" => "signer.failed",
            _ => "store.unavailable",
        };
        for (name, operation) in site.operations() {
            // Other devices than before, so that only what is done now counts.
            let before = site.events();
            site.forget();
            site.host.set(part, Mood::Fails);
            let result = operation();
            site.host.set(part, Mood::Well);
            let Err(error) = result else { continue };
            assert_eq!(error.code(), expected, "{part} in {name}: {error}");
            let text = error.to_string();
            assert!(text.ends_with(": the token is gone"), "{text}");
            *seen.entry(part).or_default() += 1;
            // These are several, some of which may have been done.
            if !["renew", "issue_many"].contains(&name) {
                assert_eq!(site.events(), before, "{part} in {name}");
            }
        }
    }
    assert_eq!(seen.len(), PARTS.len(), "{seen:?}");
    for (name, operation) in site.operations() {
        operation().unwrap_or_else(|error| panic!("{name}, afterwards: {error}"));
    }
}

#[test]
fn a_part_that_panics_leaves_a_registry_that_works() {
    within_a_minute(|| {
        let site = Site::new();
        let mut panicked = 0;
        for part in PARTS {
            for (name, operation) in site.operations() {
                site.forget();
                site.host.set(part, Mood::Panics);
                let outcome = catch_unwind(AssertUnwindSafe(&operation));
                site.host.set(part, Mood::Well);
                assert!(!callback::is_inside());
                panicked += usize::from(!matches!(outcome, Ok(Ok(()))));
                operation().unwrap_or_else(|error| panic!("{name}, after {part} panicked: {error}"));
            }
        }
        assert!(panicked > 40, "only {panicked}");
        let progress = |_: usize, _: usize| -> ControlFlow<()> { std::panic::resume_unwind(Box::new(())) };
        let bulk = Bulk { progress: Some(&progress), ..Bulk::each() };
        let new = [tegata::NewDevice::named("lamp")];
        let outcome =
            catch_unwind(AssertUnwindSafe(|| site.registry.devices().register_many(&new, &bulk, &site.call).map(drop)));
        assert!(outcome.is_err());
        assert!(site.registry.counts().is_ok());
    });
}

#[test]
fn a_signer_of_a_request_fails_with_its_reason_or_is_found_out() {
    struct Other(PrivateKey, PrivateKey);
    impl Signer for Other {
        fn public_key(&self) -> &PublicKey {
            self.0.public_key()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
            self.1.sign(message)
        }
    }
    let site = Site::new();
    let signer = Brought(Arc::clone(&site.host));
    site.host.set("signer", Mood::CallsBack);
    assert!(make_csr(&signer, &tegata::Name::empty(), &[]).is_ok());
    assert!(site.host.heard.lock().unwrap()["signer"].iter().all(|code| code == "input.called_back"));
    site.host.set("signer", Mood::Fails);
    let error = make_csr(&signer, &tegata::Name::empty(), &[]).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("signer.failed", "the signer refused or failed: the token is gone")
    );
    let error = make_csr(&Other(key(), key()), &tegata::Name::empty(), &[]).unwrap_err();
    assert_eq!(error.code(), "signer.bad_signature");
    // An authority's signer is found out as well, before anything is written.
    let before = site.events();
    site.registry
        .authorities()
        .create_root(&root("other").with_signer(Arc::new(Other(key(), key()))), &site.call)
        .map(drop)
        .map_err(|error: Error| assert_eq!(error.code(), "signer.bad_signature"))
        .unwrap_err();
    assert_eq!(site.events(), before);
}

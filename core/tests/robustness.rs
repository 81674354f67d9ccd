//! Arbitrary octets and odd texts into everything that takes them: an answer or an error, never a panic, and an error
//! has written nothing.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)]

mod common;

use std::cell::RefCell;
use std::sync::Arc;

use common::{World, csr, key};
use proptest::prelude::*;
use tegata::model::{Attributes, EnrollmentPolicy, ProfileSpec};
use tegata::store::tables::SCHEMA;
use tegata::store::{MemoryStore, Query, Row, Store};
use tegata::{
    AuthorityFilter, AuthorityId, Call, CertificateFilter, CertificateGrouping, CertificateId, DeviceChange,
    DeviceFilter, DeviceId, Due, Enroll, EventFilter, GroupChange, GroupId, ImportAuthority, Issue, NewAuthority,
    NewDevice, Page, Presented, ProductChange, ProductFilter, ProductSpec, Proof, Renew, Result, Text, Timestamp,
};

/// A registry with a device, a pending authority and a valid request, made once for each test.
struct Prey {
    store: Arc<MemoryStore>,
    world: World,
    device: DeviceId,
    certificate: CertificateId,
    requested: AuthorityId,
    der: Vec<u8>,
    csr: Vec<u8>,
}

impl Prey {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), ProfileSpec::device());
        let (_, enrolled) = world.enrolled(Some("SN-1"));
        let outside = NewAuthority::new("outside", "CN=Outside".parse().unwrap());
        let requested = world.registry.authorities().request(&outside, &world.call).unwrap().id;
        let csr = csr(&key(), "x");
        let (device, certificate) = (enrolled.device.id, enrolled.issued.certificate.id);
        Self { store, world, device, certificate, requested, der: enrolled.issued.der, csr }
    }

    fn dump(&self) -> Vec<Row> {
        let rows = |table| {
            let query = Query {
                table,
                filters: vec![],
                order: None,
                descending: false,
                after: None,
                limit: 10_000,
                total: false,
            };
            self.store.find(&query).unwrap().rows
        };
        SCHEMA.tables.iter().flat_map(|table| rows(table)).collect()
    }

    /// What fails has written nothing, and is no defect.
    fn try_it<T>(&self, what: &str, call: impl FnOnce() -> Result<T>) -> bool {
        let before = self.dump();
        match call() {
            Ok(_) => true,
            Err(error) => {
                assert!(!error.code().starts_with("internal."), "{what}: {error}");
                assert!(error.to_string().len() < 1_200, "{what}: a message of {} octets", error.to_string().len());
                // A quarantine is the one refusal that leaves its trace.
                let written = self.dump() != before;
                assert!(!written || error.code() == "device.quarantined", "{what}: {} wrote something", error.code());
                false
            }
        }
    }
}

thread_local! {
    static PREY: RefCell<Option<Prey>> = const { RefCell::new(None) };
}

fn with_prey(test: impl FnOnce(&Prey)) {
    PREY.with_borrow_mut(|prey| test(prey.get_or_insert_with(Prey::new)));
}

/// Octets: any, or a valid thing with some of them changed, cut off or added.
fn octets() -> impl Strategy<Value = (Vec<u8>, u8, Vec<(prop::sample::Index, u8)>, usize)> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::collection::vec(any::<u8>(), 0..300), 0_u8..4, edits, 0_usize..12)
}

fn spoil(prey: &Prey, (any, base, edits, cut): (Vec<u8>, u8, Vec<(prop::sample::Index, u8)>, usize)) -> Vec<u8> {
    let mut made = match base {
        0 => return any,
        1 => prey.csr.clone(),
        2 => prey.der.clone(),
        _ => tegata::csr_pem(&prey.csr).into_bytes(),
    };
    for (at, octet) in edits {
        let at = at.index(made.len());
        made[at] = octet;
    }
    made.truncate(made.len() - cut);
    made
}

/// Texts that trouble queries, paths, terminals, parsers and memory.
const ODD: &[&str] = &[
    "",
    " ",
    "'",
    "''; DROP TABLE devices; --",
    "\"",
    "%",
    "_",
    "\\",
    "*",
    "?",
    "[a-z]",
    "\0",
    "a\0b",
    "\n",
    "\u{7f}",
    "\u{202e}",
    "\u{fffe}",
    "\u{10ffff}",
    "../../etc/passwd",
    "{name}",
    "{unknown}",
    "{",
    "}",
    "CN=",
    "CN=a,CN=b",
    "#0500",
    "+",
    ",",
    "=",
    "\\00",
    "AAAA-AAAA",
    "n",
    ".",
    ".n",
    "AAAAAAAAAAAAAAAAAAAAAA.i1",
    "1970-01-01T00:00:00Z",
    "keys = []",
    "validity_days = 99999999999999999999",
    "[[a]]",
    "{\"a\":",
    "null",
    "ff:ff",
    "0x",
    "zz",
    "aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\u{fe}\u{ff}",
    "é",
    "e\u{301}",
    "🦀",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(ODD).prop_map(str::to_owned),
        2 => ".{0,40}",
        1 => (prop::sample::select(ODD), 1_usize..4_000).prop_map(|(text, n)| text.repeat(n)),
    ]
}

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 48 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn octets_from_outside_are_read_or_refused(given in octets()) {
        with_prey(|prey| {
            let bytes = spoil(prey, given);
            let (r, call) = (&prey.world.registry, &prey.world.call);
            let (profile, authority) = (prey.world.product.device_profile, prey.world.issuing.id);
            let credential = prey.world.credential.clone();
            prey.try_it("enroll csr", || {
                r.devices().enroll(&Enroll { credential, csr: bytes.clone(), ..Enroll::default() }, call)
            });
            let csr = prey.csr.clone();
            // The valid request of the first kind may well be accepted: that is no harm, it is known from then on.
            prey.try_it("enroll credential", || {
                r.devices().enroll(&Enroll { credential: bytes.clone(), csr, ..Enroll::default() }, call)
            });
            prey.try_it("enroll proof", || {
                let former_key_signature = Some(bytes.clone());
                let request = prey.world.request(None).1;
                r.devices().enroll(&Enroll { former_key_signature, csr: bytes.clone(), ..request }, call)
            });
            prey.try_it("issue", || r.certificates().issue(&Issue::new(bytes.clone(), profile, authority), call));
            prey.try_it("request", || r.certificates().request(&Issue::new(bytes.clone(), profile, authority), call));
            prey.try_it("renew", || r.certificates().renew(&Renew::with_csr(prey.certificate, bytes.clone()), call));
            prey.try_it("import", || {
                let import = ImportAuthority {
                    name: "imported".to_owned(),
                    key: Some(tegata::Secret::new(bytes.clone())),
                    signer: None,
                    last_crl_number: 0,
                    certificate: prey.world.root.certificate.clone(),
                    chain: bytes.clone(),
                };
                r.authorities().import(&import, call)
            });
            prey.try_it("install", || r.authorities().install(prey.requested, &bytes, &bytes, call));
            prey.try_it("by_serial", || r.certificates().by_serial(authority, &bytes));
            prey.try_it("preview", || r.profiles().preview(profile, authority, &bytes, None));
            for proof in [Proof::TlsSession, Proof::Signature { message: &bytes, signature: &bytes }] {
                let shown = Presented::Certificate { certificate: &bytes, proof, device: Some(prey.device) };
                prey.try_it("authenticate", || r.authenticate(&shown));
                let shown = Presented::Certificate { certificate: &prey.der, proof, device: None };
                prey.try_it("authenticate", || r.authenticate(&shown));
            }
        });
    }

    #[test]
    fn odd_texts_are_taken_or_refused(text in texts(), other in texts()) {
        with_prey(|prey| {
            let (r, call) = (&prey.world.registry, &prey.world.call);
            let some = || Some(text.clone());
            for name in [Text::Is(text.clone()), Text::StartsWith(text.clone()), Text::Contains(text.clone())] {
                let page = Page::of(3);
                let devices = DeviceFilter {
                    name: Some(name.clone()),
                    unit: Some(name.clone()),
                    attribute: Some((text.clone(), other.clone())),
                    ..DeviceFilter::default()
                };
                prey.try_it("find devices", || r.devices().find(&devices, &page));
                prey.try_it("count devices", || r.devices().count(&devices));
                let products = ProductFilter { name: Some(name.clone()), ..ProductFilter::default() };
                prey.try_it("find products", || r.products().find(&products, &page));
                prey.try_it("find groups", || r.groups().find(Some(&name), &page));
                let certificates = CertificateFilter {
                    name: Some(name),
                    serial: Some(other.clone()),
                    device_name: some(),
                    ..CertificateFilter::default()
                };
                prey.try_it("find certificates", || r.certificates().find(&certificates, &page));
                prey.try_it("count certificates", || r.certificates().count(&certificates, CertificateGrouping::Kind));
            }
            let page = Page::of(2).after(text.clone());
            prey.try_it("page of devices", || r.devices().find(&DeviceFilter::default(), &page));
            prey.try_it("page of certificates", || r.certificates().find(&CertificateFilter::default(), &page));
            prey.try_it("page of events", || r.events().find(&EventFilter::default(), &page));
            prey.try_it("page of authorities", || r.authorities().find(&AuthorityFilter::default(), &page));
            prey.try_it("page of what is due", || r.due(&Due::until(Timestamp::MAX), &page));

            prey.try_it("register", || r.devices().register(&NewDevice { name: some(), ..NewDevice::default() }, call));
            prey.try_it("discover", || {
                let product = Some(prey.world.product.id);
                r.devices().discover(&NewDevice { unit: some(), product, ..NewDevice::default() }, call)
            });
            prey.try_it("attributes", || {
                let more = [(text.clone(), other.clone())].into();
                let attributes = Attributes { host_name: some(), ip: some(), more, ..Attributes::default() };
                let change = DeviceChange { attributes: Some(attributes), ..DeviceChange::default() };
                r.devices().update(prey.device, &change, call)
            });
            prey.try_it("rename", || {
                r.devices().update(prey.device, &DeviceChange { name: some(), ..DeviceChange::default() }, call)
            });
            prey.try_it("group", || r.groups().create(&text, &GroupChange::default(), call));
            prey.try_it("product", || {
                r.products().update(prey.world.product.id, &ProductChange { name: some(), ..ProductChange::default() }, call)
            });
            prey.try_it("units", || {
                r.products().add_units(prey.world.product.id, std::slice::from_ref(&text), &tegata::Bulk::all(), call)
                    .and_then(|items| items.into_iter().try_for_each(|item| item))
            });
            prey.try_it("actor", || r.devices().register(&NewDevice::default(), &Call::by(text.clone())));
            prey.try_it("request ID", || {
                r.devices().register(&NewDevice::default(), &call.clone().with_request_id(text.clone()))
            });
            prey.try_it("claim code", || {
                let request = Enroll { claim_code: some(), name: some(), unit: some(), ..prey.world.request(None).1 };
                r.devices().enroll(&request, call)
            });
            prey.try_it("issue", || {
                let issue = Issue::new(prey.csr.clone(), prey.world.product.device_profile, prey.world.issuing.id);
                r.certificates().issue(&issue.named(text.clone()), call)
            });
            prey.try_it("profile", || r.profiles().put(&text, &ProfileSpec::device(), call));
            prey.try_it("newest profile", || r.profiles().newest(&text));
            prey.try_it("profile file", || r.profiles().load(&text, call));
            prey.try_it("subject template", || {
                let mut spec = ProfileSpec::device();
                spec.subject = tegata::model::SubjectPolicy::Template { name: text.clone() };
                spec.san.dns = vec![text.clone()];
                spec.san.ip = vec![other.clone()];
                spec.crl_urls = vec![text.clone()];
                spec.policies = vec![other.clone()];
                spec.not_before = some();
                r.profiles().put("odd", &spec, call)
            });
            let _ = ProfileSpec::from_toml(&text);
            let _ = ProfileSpec::from_json(&text);
            let _ = ProductSpec::from_toml(&text);
            let _ = text.parse::<tegata::Name>();
            let _ = text.parse::<Timestamp>();
            let _ = text.parse::<tegata::KeyAlgorithm>();
            let _ = text.parse::<tegata::Oid>();
            if let Ok(id) = text.parse::<DeviceId>() {
                prey.try_it("unknown device", || r.devices().get(id));
                prey.try_it("unknown device", || r.devices().disable(id, call));
            }
            if let Ok(id) = text.parse::<GroupId>() {
                prey.try_it("unknown group", || r.devices().set_group(prey.device, Some(id), call));
            }
        });
    }
}

/// The cursor's key is opaque, but the value beside it can be altered.
#[test]
fn a_cursor_that_was_altered_leads_nowhere_bad() {
    let prey = Prey::new();
    let (r, world) = (&prey.world.registry, &prey.world);
    for n in 0..5 {
        world.enrolled(Some(&format!("U-{n}")));
    }
    let due = Due::until(Timestamp::MAX);
    let next = r.due(&due, &Page::of(2)).unwrap().next.unwrap();
    let key = next.split_once('.').unwrap().0;
    let filter = DeviceFilter { name: Some(Text::StartsWith("a".to_owned())), ..DeviceFilter::default() };
    for value in [
        "n",
        "i0",
        "i-9223372036854775808",
        "i9223372036854775807",
        "tYQ",
        "tfn5-",
        "tAA",
        "b_w",
        "b",
        "t",
        "i",
        "x",
        "",
    ] {
        let page = Page::of(2).after(format!("{key}.{value}"));
        for tried in [
            r.due(&due, &page).map(drop),
            r.devices().find(&filter, &page).map(drop),
            r.devices().find(&DeviceFilter::default(), &page).map(drop),
            r.certificates()
                .find(&CertificateFilter { newest_first: true, ..CertificateFilter::default() }, &page)
                .map(drop),
            r.certificates()
                .find(&CertificateFilter { device: Some(prey.device), ..CertificateFilter::default() }, &page)
                .map(drop),
        ] {
            let code = tried.map_err(|error| error.code());
            assert!(matches!(code, Ok(()) | Err("input.page_cursor" | "store.invalid_query")), "{value}: {code:?}");
        }
    }
    // One of another registry is no cursor here.
    let stranger = Prey::new();
    stranger.world.enrolled(None);
    let foreign = stranger.world.registry.due(&due, &Page::of(1)).unwrap().next.unwrap();
    assert_eq!(r.due(&due, &Page::of(1).after(foreign)).unwrap_err().code(), "input.page_cursor");
}

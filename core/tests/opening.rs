//! Opening a registry: with the wrong key, the wrong file, twice at once, again, and from an older version.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{START, World, code, csr, key, sealer};
use rusqlite::Connection;
use tegata::model::{EnrollmentMode, EnrollmentPolicy, ProfileSpec};
use tegata::store::{SoftwareSealer, SqliteOptions, SqliteStore};
use tegata::{
    AuthorityFilter, Bulk, Call, Credential, CrlOptions, DeviceFilter, Due, EventFilter, FixedClock, HandOut, Issue,
    IssueWithKey, KeyFilter, NewAuthority, NewDevice, NewKey, NewProduct, NewPsk, Options, Page, Presented, Principal,
    PrivateKey, ProductFilter, ProductSpec, Proof, Rebuild, Registry, Result, Secret, Signer, SymmetricAlgorithm, Text,
    Timestamp,
};

/// The file of a registry in a directory of its own.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("registry.sqlite")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path(), SqliteOptions::default()).unwrap()
    }

    fn world(&self, policy: EnrollmentPolicy) -> World {
        World::with(self.store(), policy, ProfileSpec::device())
    }

    fn open(&self) -> Registry {
        open(&self.path(), sealer()).unwrap()
    }
}

fn options() -> Options {
    Options::default().with_clock(Arc::new(FixedClock::at(Timestamp::from_unix(START))))
}

fn open(path: &Path, sealer: Arc<SoftwareSealer>) -> Result<Registry> {
    Registry::open(SqliteStore::open(path, SqliteOptions::default())?, sealer, options())
}

fn shown(der: &[u8]) -> Presented<'_> {
    Presented::Certificate { certificate: der, proof: Proof::TlsSession, device: None }
}

#[test]
fn another_sealing_key_is_noticed_when_the_registry_is_opened() {
    let place = Place::new();
    drop(place.world(EnrollmentPolicy::default()));
    let other = Arc::new(SoftwareSealer::from_key(Secret::new([8; 32])).unwrap());
    assert_eq!(code(open(&place.path(), other)), "seal.wrong_key");
    // And nothing is lost by trying.
    assert_eq!(place.open().authorities().find(&AuthorityFilter::default(), &Page::of(9)).unwrap().items.len(), 2);
}

#[test]
fn a_key_file_that_is_gone_or_too_short_is_named_as_such() {
    let place = Place::new();
    let file = place.directory.path().join("sealing.key");
    assert_eq!(code(SoftwareSealer::from_file(&file).map(drop)), "seal.key_file");
    std::fs::write(&file, [7; 31]).unwrap();
    assert_eq!(code(SoftwareSealer::from_file(&file).map(drop)), "seal.key_length");
    std::fs::write(&file, [7; 32]).unwrap();
    drop(place.world(EnrollmentPolicy::default()));
    open(&place.path(), Arc::new(SoftwareSealer::from_file(&file).unwrap())).unwrap();
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let place = Place::new();
    drop(place.world(EnrollmentPolicy::default()));
    let database = Connection::open(place.path()).unwrap();
    let version: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", version + 1).unwrap();
    drop(database);
    let before = std::fs::read(place.path()).unwrap();
    assert_eq!(code(open(&place.path(), sealer())), "store.schema");
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_file_that_is_damaged_or_no_database_gives_an_error_that_says_so() {
    let place = Place::new();
    drop(place.world(EnrollmentPolicy::default()));
    let whole = std::fs::read(place.path()).unwrap();
    for keep in [whole.len() / 2, 4_096, 1_000, 60] {
        std::fs::write(place.path(), &whole[..keep]).unwrap();
        let tried = open(&place.path(), sealer()).and_then(|registry| {
            // What is missing may be noticed only where it is read.
            registry.authorities().find(&AuthorityFilter::default(), &Page::of(9))?;
            registry.events().find(&EventFilter::default(), &Page::of(10_000))?;
            registry.products().find(&ProductFilter::default(), &Page::of(9))?;
            registry.counts()
        });
        let code = code(tried);
        assert!(["store.corrupt", "store.not_a_database"].contains(&code), "{keep} bytes: {code}");
    }

    for text in ["", "Dear diary,\n", "SQLite format 3\0 and nothing else"] {
        let path = place.directory.path().join("other");
        std::fs::write(&path, text).unwrap();
        if text.is_empty() {
            continue;
        }
        let code = code(open(&path, sealer()));
        assert!(["store.corrupt", "store.not_a_database"].contains(&code), "{text:?}: {code}");
        assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes(), "it was changed");
    }
}

#[test]
fn another_programs_database_is_left_alone() {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE diary (day TEXT)").unwrap();
    let before = std::fs::read(place.path()).unwrap();
    assert_eq!(code(open(&place.path(), sealer())), "store.not_a_database");
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_gives_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let folder = place.directory.path().join("read-only");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    // The permissions of root are no obstacle to root.
    if std::fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let code = code(open(&folder.join("registry.sqlite"), sealer()));
    assert!(["store.read_only", "store.unavailable"].contains(&code), "{code}");
}

#[test]
fn a_missing_directory_gives_an_error() {
    let place = Place::new();
    assert_eq!(code(open(&place.directory.path().join("no/such/registry.sqlite"), sealer())), "store.unavailable");
}

/// NEC-58: a sealed value opens only where it was sealed.
#[test]
fn a_sealed_value_that_was_moved_or_altered_is_noticed_when_it_is_used() {
    for damage in [
        // Another authority's key in the place of this one's.
        "UPDATE authorities SET private_key = (SELECT private_key FROM authorities AS a WHERE a.key <> authorities.key LIMIT 1)",
        "UPDATE authorities SET serial_key = (SELECT serial_key FROM authorities AS a WHERE a.key <> authorities.key LIMIT 1)",
        "UPDATE authorities SET private_key = CAST(substr(private_key, 1, length(private_key) - 1) || x'00' AS BLOB)",
        "UPDATE authorities SET private_key = x''",
        "UPDATE authorities SET serial_key = substr(serial_key, 1, 40)",
    ] {
        let place = Place::new();
        let world = place.world(EnrollmentPolicy::default());
        let (profile, authority) = (world.product.device_profile, world.issuing.id);
        drop(world);
        let database = Connection::open(place.path()).unwrap();
        let id: String = database
            .query_row("SELECT name FROM pragma_table_info('authorities') WHERE pk = 1", [], |row| row.get(0))
            .unwrap();
        let changed = database.execute(&damage.replace(".key", &format!(".{id}")), []).unwrap();
        assert_eq!(changed, 2);
        drop(database);
        let tried = open(&place.path(), sealer()).and_then(|registry| {
            let issue = Issue::new(csr(&key(), "x"), profile, authority);
            registry.certificates().issue(&issue, &Call::by("test"))
        });
        assert_eq!(code(tried), "seal.damaged", "{damage}");
    }
}

#[test]
fn a_closed_registry_says_so_whatever_is_asked() {
    let world = World::new();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let (_, request) = world.request(None);
    let call = &world.call;
    let r = world.registry.clone();
    world.registry.close();
    let (page, device, certificate) = (Page::default(), enrolled.device.id, enrolled.issued.certificate.id);
    let answers: Vec<Result<()>> = vec![
        r.authenticate(&shown(&enrolled.issued.der)).map(drop),
        r.counts().map(drop),
        r.due(&Due::until(Timestamp::MAX), &page).map(drop),
        r.trust_bundle().map(drop),
        r.authorities().get(world.root.id).map(drop),
        r.authorities().find(&AuthorityFilter::default(), &page).map(drop),
        r.authorities().chain(world.issuing.id).map(drop),
        r.authorities().create_root(&NewAuthority::new("x", "CN=x".parse().unwrap()), call).map(drop),
        r.authorities().rebuild(world.issuing.id, &Rebuild::default(), call).map(drop),
        r.authorities().crl(world.issuing.id, &CrlOptions::default(), call).map(drop),
        r.authorities().current_crl(world.issuing.id, &CrlOptions::default()).map(drop),
        r.profiles().put("x", &ProfileSpec::device(), call).map(drop),
        r.profiles().get(world.product.device_profile).map(drop),
        r.products().get(world.product.id).map(drop),
        r.products().find(&ProductFilter::default(), &page).map(drop),
        r.products().suspend(world.product.id, call).map(drop),
        r.products().enrolled(world.product.id).map(drop),
        r.groups().find(None, &page).map(drop),
        r.groups().create("x", &tegata::GroupChange::default(), call).map(drop),
        r.devices().get(device).map(drop),
        r.devices().find(&DeviceFilter::default(), &page).map(drop),
        r.devices().register(&NewDevice::default(), call).map(drop),
        r.devices().enroll(&request, call).map(drop),
        r.devices()
            .enroll_many(&[request], &Bulk::all(), call)
            .and_then(|items| items.into_iter().try_for_each(|item| item.map(drop))),
        r.devices().disable(device, call).map(drop),
        r.certificates().get(certificate).map(drop),
        r.certificates().der(certificate).map(drop),
        r.certificates().find(&tegata::CertificateFilter::default(), &page).map(drop),
        r.certificates().renew(&tegata::Renew::same_key(certificate), call).map(drop),
        r.certificates().revoke(certificate, tegata::RevocationReason::Unspecified, call).map(drop),
        r.certificates().attachments(certificate, &page).map(drop),
        r.events().find(&EventFilter::default(), &page).map(drop),
        r.events().export(&EventFilter::default(), &mut Vec::new()).map(drop),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.map_err(|error| error.code()), Err("store.closed"), "question {number}");
    }
    // Bulk calls, each on its own: the call or every item says so.
    match r.devices().register_many(&[NewDevice::default()], &Bulk::each(), call) {
        Ok(items) => items.into_iter().for_each(|item| assert_eq!(code(item), "store.closed")),
        Err(error) => assert_eq!(error.code(), "store.closed"),
    }
}

/// PAP-15, trap 5: the quota is kept by the store, so two processes keep it together.
#[test]
fn two_registries_on_one_file_share_a_quota_exactly_and_notice_each_others_changes() {
    let place = Place::new();
    let world = place.world(EnrollmentPolicy { quota: Some(10), ..EnrollmentPolicy::default() });
    let other = place.open();
    let requests: Vec<_> = (0..16).map(|_| world.request(None).1).collect();
    let (left, right) = requests.split_at(8);
    let done: usize = std::thread::scope(|scope| {
        let enroll = |registry: Registry, requests: Vec<tegata::Enroll>| {
            move || {
                let call = Call::by("unit");
                requests
                    .iter()
                    .filter(|request| match registry.devices().enroll(request, &call) {
                        Ok(_) => true,
                        Err(error) => {
                            assert_eq!(error.code(), "product.quota_exhausted");
                            false
                        }
                    })
                    .count()
            }
        };
        let workers = [
            scope.spawn(enroll(world.registry.clone(), left.to_vec())),
            scope.spawn(enroll(other.clone(), right.to_vec())),
        ];
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(done, 10);
    for registry in [&world.registry, &other] {
        assert_eq!(registry.devices().count(&DeviceFilter::default()).unwrap(), 10);
        assert_eq!(registry.products().enrolled(world.product.id).unwrap(), 10);
    }

    // The other has issued before, so it remembers the old generation.
    let next = world.registry.authorities().rebuild(world.issuing.id, &Rebuild::default(), &world.call).unwrap();
    let issue = Issue::new(csr(&key(), "x"), world.product.device_profile, world.issuing.id);
    let issued = other.certificates().issue(&issue, &world.call).unwrap();
    assert_eq!(issued.certificate.authority, next.id);
    // And what the one issues the other knows.
    let policy = EnrollmentPolicy::default();
    world.registry.products().set_enrollment_policy(world.product.id, &policy, &world.call).unwrap();
    let enrolled = other.devices().enroll(&world.request(None).1, &world.call).unwrap();
    assert!(world.registry.authenticate(&shown(&enrolled.issued.der)).is_ok());
    world.registry.devices().disable(enrolled.device.id, &world.call).unwrap();
    assert_eq!(code(other.authenticate(&shown(&enrolled.issued.der))), "device.disabled");
    // A compromise is noticed at once where the authority is remembered.
    world.registry.authorities().mark_compromised(next.id, &world.call).unwrap();
    assert_eq!(code(other.authenticate(&shown(&enrolled.issued.der))), "authority.compromised");
}

/// NEC-31: identifiers stay what they were and are never given again.
#[test]
fn reopening_keeps_everything() {
    let place = Place::new();
    let world = place.world(EnrollmentPolicy::default());
    let (unit, enrolled) = world.enrolled(Some("SN-1"));
    let repeated = Call::by("admin").with_request_id("order-1");
    let first = world.registry.devices().register(&NewDevice::named("first"), &repeated).unwrap();
    let gone = world.registry.devices().register(&NewDevice::named("gone"), &world.call).unwrap();
    world.registry.devices().delete(gone.id, &world.call).unwrap();
    let counts = world.registry.counts().unwrap();
    let request = world.request_with(&unit, Some("SN-1"));
    drop(world);

    let registry = place.open();
    assert_eq!(registry.counts().unwrap(), counts);
    assert_eq!(registry.devices().get(enrolled.device.id).unwrap(), enrolled.device);
    assert_eq!(registry.certificates().der(enrolled.issued.certificate.id).unwrap(), enrolled.issued.der);
    let record =
        registry.certificates().by_serial(enrolled.issued.certificate.authority, &enrolled.issued.certificate.serial);
    assert_eq!(record.unwrap().id, enrolled.issued.certificate.id);
    assert!(registry.authenticate(&shown(&enrolled.issued.der)).is_ok());
    assert_eq!(registry.devices().register(&NewDevice::named("first"), &repeated).unwrap().id, first.id);
    let again = registry.devices().enroll(&request, &Call::by("unit")).unwrap();
    assert_eq!((again.device.id, &again.issued.der), (enrolled.device.id, &enrolled.issued.der));
    let next = registry.devices().register(&NewDevice::named("next"), &Call::by("admin")).unwrap();
    assert!(![enrolled.device.id, first.id, gone.id].contains(&next.id));
}

/// NEC-58: nothing secret stands in the file or its log in the clear, in octets, hexadecimal or base64.
#[test]
fn no_secret_is_in_the_clear_in_the_database() {
    let place = Place::new();
    let world = place.world(EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() });
    let registry = &world.registry;
    let mut secrets: Vec<Vec<u8>> = vec![vec![7; 32]];
    for code in registry.products().issue_claim_codes(world.product.id, 5, None, &world.call).unwrap() {
        secrets.push(code.expose().replace('-', "").into_bytes());
        secrets.push(code.expose().clone().into_bytes());
    }
    let mut keys = Vec::new();
    let mut wanted = IssueWithKey::new(world.product.credential_profile, world.issuing.id);
    let issued = registry.certificates().issue_with_key(&wanted, &world.call).unwrap();
    keys.push(issued.key.unwrap().expose().clone());
    wanted.hand_out = HandOut::Later;
    let later = registry.certificates().issue_with_key(&wanted, &world.call).unwrap().issued.certificate.id;
    let product = NewProduct {
        spec: ProductSpec { name: "Sensor".to_owned(), ..ProductSpec::default() },
        authority: world.issuing.id,
        credential_profile: world.product.credential_profile,
        device_profile: world.product.device_profile,
        algorithm: None,
        hand_out: HandOut::Now,
    };
    keys.push(registry.products().register(&product, &world.call).unwrap().credential.key.unwrap().expose().clone());
    // As it is now, before the log is brought into the file, and again afterwards.
    let mut contents = vec![read_all(place.directory.path())];
    keys.push(registry.certificates().collect_key(later, &world.call).unwrap().key.unwrap().expose().clone());
    contents.push(read_all(place.directory.path()));
    drop(world);
    contents.push(read_all(place.directory.path()));

    for key in &keys {
        let key = PrivateKey::from_bytes(key).unwrap();
        let pkcs8 = key.to_pkcs8_der().expose().clone();
        // The private scalar itself: what follows OCTET STRING (32) in the ECPrivateKey.
        let at = pkcs8.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
        secrets.push(pkcs8[at..at + 32].to_vec());
        secrets.push(pkcs8);
        // The search itself works: the public half is there, in the certificate.
        let public = key.public_key().spki().to_vec();
        assert!(contents.iter().all(|content| find(content, &public)));
    }
    for secret in &secrets {
        let forms = [
            secret.clone(),
            data_encoding::HEXLOWER.encode(secret).into_bytes(),
            data_encoding::HEXUPPER.encode(secret).into_bytes(),
            data_encoding::BASE64_NOPAD.encode(secret).into_bytes(),
        ];
        for content in &contents {
            assert!(!forms.iter().any(|form| find(content, form)), "a secret of {} octets is there", secret.len());
        }
    }
}

/// All files of a directory, one after the other.
fn read_all(directory: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.flatten().collect()
}

fn find(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

/// The databases of former versions. Their sealing key: 07 thirty-two times.
const OLD: &str = "tests/data/database";
const PASSWORD: &[u8] = b"a password of former days";

fn old(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(OLD).join(name)
}

/// Writes the database that later versions must open: `cargo test -p tegata --test opening -- --ignored`. Committed once
/// per schema version, by that version.
#[test]
#[ignore = "makes a file that is committed once per schema version"]
fn make_the_database_of_this_version() {
    let version = tegata::store::tables::SCHEMA.version;
    let place = Place::new();
    let world = place.world(EnrollmentPolicy { quota: Some(10), ..EnrollmentPolicy::default() });
    let group = world.registry.groups().create("lobby", &tegata::GroupChange::default(), &world.call).unwrap();
    let (_, enrolled) = world.enrolled(Some("SN-1"));
    let device = enrolled.device.id;
    world.registry.devices().set_group(device, Some(group.id), &world.call).unwrap();
    let (_, disabled) = world.enrolled(Some("SN-2"));
    world.registry.devices().disable(disabled.device.id, &world.call).unwrap();
    let (_, gone) = world.enrolled(Some("SN-3"));
    world.registry.devices().delete(gone.device.id, &world.call).unwrap();
    let password = NewPsk { secret: Some(Secret::new(PASSWORD.to_vec())), ..NewPsk::password(device) };
    world.registry.psks().issue(&password, &world.call).unwrap();
    let key = NewKey::for_device(device, SymmetricAlgorithm::Aes128);
    let key = NewKey { value: Some(Secret::new(vec![9; 16])), ..key };
    world.registry.keys().issue(&key, &world.call).unwrap();
    world.registry.authorities().crl(world.issuing.id, &CrlOptions::default(), &world.call).unwrap();
    let repeated = Call::by("admin").with_request_id("order-1");
    world.registry.devices().register(&NewDevice::named("first"), &repeated).unwrap();
    std::fs::create_dir_all(old("")).unwrap();
    std::fs::write(old(&format!("v{version}-credential.der")), &world.credential).unwrap();
    std::fs::write(old(&format!("v{version}-device.der")), &enrolled.issued.der).unwrap();
    drop(world);
    Connection::open(place.path()).unwrap().execute_batch("PRAGMA journal_mode = DELETE; VACUUM;").unwrap();
    std::fs::copy(place.path(), old(&format!("v{version}.sqlite"))).unwrap();
}

#[test]
fn databases_of_former_versions_still_open_and_go_on() {
    for version in 1..tegata::store::tables::SCHEMA.version {
        opens_and_goes_on(version);
    }
}

fn opens_and_goes_on(version: u32) {
    let place = Place::new();
    std::fs::copy(old(&format!("v{version}.sqlite")), place.path()).unwrap();
    let registry = place.open();
    let counts = registry.counts().unwrap();
    assert_eq!(counts.devices.iter().map(|(_, count)| count).sum::<u64>(), 4);
    let device = std::fs::read(old(&format!("v{version}-device.der"))).unwrap();
    let Principal::Device { device: id, credential: Credential::Certificate(certificate), .. } =
        registry.authenticate(&shown(&device)).unwrap()
    else {
        panic!("not a device by its certificate");
    };
    assert_eq!(registry.devices().get(id).unwrap().unit.as_deref(), Some("SN-1"));
    let by_name = DeviceFilter { name: Some(Text::Is(id.to_string())), ..DeviceFilter::default() };
    assert_eq!(registry.devices().find(&by_name, &Page::of(9)).unwrap().items[0].id, id, "it has no other name");
    if version >= 2 {
        assert!(registry.psks().verify(&id.to_string(), PASSWORD).unwrap());
        let key = registry.keys().find(&KeyFilter::default(), &Page::of(9)).unwrap().items.remove(0);
        assert!(registry.keys().verify(key.id, &[9; 16]).unwrap().is_some());
    }
    let repeated = Call::by("admin").with_request_id("order-1");
    assert_eq!(registry.devices().register(&NewDevice::named("first"), &repeated).unwrap().name, "first");
    // The keys in it still open: it issues, renews and signs CRLs.
    let credential = std::fs::read(old(&format!("v{version}-credential.der"))).unwrap();
    let request = tegata::Enroll { credential, csr: csr(&key(), "x"), ..tegata::Enroll::default() };
    let new = registry.devices().enroll(&request, &Call::by("unit")).unwrap();
    assert!(registry.authenticate(&shown(&new.issued.der)).is_ok());
    let renewed = registry.certificates().renew(&tegata::Renew::same_key(certificate), &Call::by("unit")).unwrap();
    let crl =
        registry.authorities().crl(renewed.certificate.authority, &CrlOptions::default(), &Call::by("ca")).unwrap();
    assert_eq!((crl.number, crl.entries), (2, 1));
    let page = Page::of(1_000);
    assert!(registry.events().find(&EventFilter::default(), &page).unwrap().items.len() > 10);
    assert_eq!(registry.groups().find(None, &page).unwrap().items[0].name, "lobby");
}

//! A whole life, and everything that can be seen of it: the file and its log, what the store is told, events, the debug
//! output of every answer, every refusal, and what the process prints. None of it shows a secret.
//!
//! To extend it: whatever is sealed is a secret without being named. What else is one is added in [`life`] with
//! `secrets.add`; answers go through `seen.debug`, refusals through `seen.refused`.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod secrets;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::{csr, key};
use secrets::{Secrets, Seen, Watched};
use tegata::model::{EnrollmentMode, EnrollmentPolicy, ProfileSpec};
use tegata::pack::{Encoding, FileNames, Pkcs12Target, read_pkcs12};
use tegata::store::seal::associated;
use tegata::store::tables::SCHEMA;
use tegata::store::{
    MemoryStore, Query, Sealer, SealingKeys, SoftwareSealer, SqliteOptions, SqliteStore, Store, Value,
};
use tegata::symmetric::{WrapContext, wrapping_key};
use tegata::{
    Bulk, Call, CrlOptions, Enroll, EventFilter, ExportFormat, HandOut, ImportAuthority, IssueWithKey, KeyAlgorithm,
    NewAuthority, NewDevice, NewKey, NewProduct, NewPsk, Options, Page, Presented, PrivateKey, ProductSpec, Rebuild,
    Registry, RenewWithKey, Result, Retention, RevocationReason, RotateKey, RotatePsk, Sealed, Secret,
    SymmetricAlgorithm, VerifyEvents, unwrap_key,
};

const OLD_KEY: [u8; 32] = *b"\x91the old sealing key of the test";
const NEW_KEY: [u8; 32] = *b"\x92the new sealing key of the test";

type Stored = Arc<Watched<SqliteStore>>;

/// Where a life takes place.
struct Place<'a> {
    folder: &'a Path,
    store: Stored,
    secrets: Secrets,
}

impl<'a> Place<'a> {
    fn new(folder: &'a Path) -> Self {
        let store = SqliteStore::open(folder.join("registry.sqlite"), SqliteOptions::default()).unwrap();
        Self { folder, store: Arc::new(Watched { store, seen: Seen::default() }), secrets: Secrets::default() }
    }

    fn seen(&self) -> &Seen {
        &self.store.seen
    }

    /// The file, its log and whatever else is in the folder, as it is now.
    fn look_at_the_disk(&self) {
        for entry in std::fs::read_dir(self.folder).unwrap() {
            let path = entry.unwrap().path();
            self.seen().bytes(&path.file_name().unwrap().to_string_lossy(), &std::fs::read(&path).unwrap());
        }
    }

    /// Whatever is sealed now is a secret, in whichever table it is.
    fn learn_what_is_sealed(&self, sealer: &dyn Sealer) {
        for table in SCHEMA.tables {
            let all = Query {
                table,
                filters: vec![],
                order: None,
                descending: false,
                after: None,
                limit: 10_000,
                total: false,
            };
            for row in self.store.store.find(&all).unwrap().rows {
                for (position, column) in table.sealed() {
                    if let Value::Bytes(bytes) = &row.values[position] {
                        let place = associated(table.name, row.key, column.name);
                        let opened = sealer.open(&place, &Sealed::from_bytes(bytes.clone())).unwrap();
                        self.secrets.add(&format!("{}.{}", table.name, column.name), opened.expose());
                    }
                }
            }
        }
    }
}

/// An authority as another program made it.
fn outside_authority() -> (PrivateKey, Vec<u8>) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let elsewhere = common::World::new();
    let new = NewAuthority {
        signer: Some(Arc::new(PrivateKey::from_bytes(key.to_pkcs8_der().expose()).unwrap())),
        ..NewAuthority::new("elsewhere", "CN=Elsewhere".parse().unwrap())
    };
    let made = elsewhere.registry.authorities().create_root(&new, &elsewhere.call).unwrap();
    (key, made.certificate)
}

/// Lives a life under `old` and `new` sealers and remembers what was secret in it.
#[allow(clippy::too_many_lines, reason = "a life is long")]
fn life(at: &Place<'_>, old: &Arc<dyn Sealer>, new: &Arc<dyn Sealer>) -> Result<()> {
    let (seen, secrets) = (at.seen(), &at.secrets);
    let call = Call::by("admin");
    let registry = Registry::open(Arc::clone(&at.store), Arc::clone(old), Options::default())?;
    seen.debug("the registry", (&registry, &at.store.store));

    // Authorities: made here, imported, rebuilt.
    let authorities = registry.authorities();
    let root = authorities.create_root(&NewAuthority::new("root", "CN=Root".parse()?), &call)?;
    let issuing = authorities.create_intermediate(
        root.id,
        &NewAuthority::new("issuing", "CN=Issuing".parse()?).valid_for_days(900),
        &call,
    )?;
    let (outside_key, certificate) = outside_authority();
    secrets.add("an imported authority's key", outside_key.to_pkcs8_der().expose());
    let import = ImportAuthority {
        name: "outside".to_owned(),
        certificate,
        chain: Vec::new(),
        key: Some(outside_key.to_pkcs8_der()),
        signer: None,
        last_crl_number: 0,
    };
    let wrong = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    secrets.add("a wrong key to import", wrong.to_pkcs8_der().expose());
    let mut broken = wrong.to_pkcs8_der().expose().clone();
    broken[10] ^= 1;
    for (what, key) in [
        ("a wrong key", wrong.to_pkcs8_der().expose().clone()),
        ("a wrong key in PEM", wrong.to_pkcs8_pem().expose().clone().into_bytes()),
        ("a broken key", broken.clone()),
        ("a broken key in PEM", wrong.to_pkcs8_pem().expose().replace("PRIVATE", "SECRET").into_bytes()),
    ] {
        let import = ImportAuthority { key: Some(key.into()), ..import.clone() };
        seen.debug("an import", &import);
        seen.refused(&format!("importing {what}"), authorities.import(&import, &call));
    }
    seen.debug("authorities", (&root, &issuing, authorities.import(&import, &call)?));
    seen.debug("a rebuilt authority", authorities.rebuild(issuing.id, &Rebuild::default(), &call)?);
    seen.debug("a CRL", authorities.crl(root.id, &CrlOptions::default(), &call)?);

    // A product, its credential's key, claim codes.
    let spec = ProfileSpec {
        server_keys: vec![KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519],
        ..ProfileSpec::device()
    };
    let for_devices = registry.profiles().put("device", &spec, &call)?.id;
    let for_products = registry.profiles().put("product", &ProfileSpec::product_credential(), &call)?.id;
    let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
    let product = ProductSpec { enrollment: policy, ..ProductSpec::named("Camera") };
    let product = NewProduct::new(product, issuing.id, for_products, for_devices);
    let product = seen.debug("a product", registry.products().register(&product, &call)?);
    let credential_key = product.credential.key.clone().unwrap();
    secrets.add("a product credential's key", credential_key.expose());
    let later = registry.products().renew_credential(product.product.id, None, HandOut::Later, &call)?;
    seen.debug("a renewed credential", later);
    let codes = seen.debug("claim codes", registry.products().issue_claim_codes(product.product.id, 3, None, &call)?);
    for code in &codes {
        secrets.add("a claim code", code.expose().as_bytes());
        secrets.add("a claim code without dashes", code.expose().replace('-', "").as_bytes());
        secrets.add("a claim code in small letters", code.expose().to_lowercase().as_bytes());
    }
    let devices = registry.devices();
    let unit = key();
    secrets.add("a unit's key", unit.to_pkcs8_der().expose());
    let request = Enroll {
        claim_code: Some(codes[0].expose().clone()),
        unit: Some("unit-1".to_owned()),
        ..Enroll::new(product.credential.issued.der.clone(), csr(&unit, "unit"))
    };
    let enrolled = seen.debug("an enrollment", devices.enroll(seen.debug("a request", &request), &call)?);
    let other = |claim_code: &str| Enroll {
        csr: csr(&key(), "unit"),
        unit: Some("unit-2".to_owned()),
        claim_code: Some(claim_code.to_owned()),
        ..request.clone()
    };
    secrets.add("a made-up claim code", b"GUES-SED2-CODE-3333-4444-5555");
    seen.refused("enrolling with a used code", devices.enroll(&other(codes[0].expose()), &call));
    seen.refused("enrolling with a guess", devices.enroll(&other("GUES-SED2-CODE-3333-4444-5555"), &call));
    let many = devices.enroll_many(&[other(codes[0].expose()), other(codes[1].expose())], &Bulk::all(), &call)?;
    for result in many {
        seen.refused("one of a batch", result);
    }
    // The key where the CSR or a certificate belongs: people do that.
    for key in [unit.to_pkcs8_der().expose().clone(), unit.to_pkcs8_pem().expose().clone().into_bytes()] {
        let mistaken = Enroll { csr: key.clone(), ..other(codes[1].expose()) };
        seen.refused("enrolling with a key for a CSR", devices.enroll(&mistaken, &call));
        let mistaken = Enroll { credential: key.clone(), ..other(codes[1].expose()) };
        seen.refused("enrolling with a key for a credential", devices.enroll(&mistaken, &call));
        seen.refused("reading a key as a CSR", tegata::parse_csr(&key));
        seen.refused("reading a key as a certificate", tegata::parse_certificate(&key));
        seen.refused("reading a cut key", PrivateKey::from_bytes(&key[..key.len() - 20]));
        seen.refused("reading a key as PKCS#12", read_pkcs12(&key, &Secret::new("no".to_owned())));
    }

    // Keys that the server makes: at once, later, renewed, and as files.
    let certificates = registry.certificates();
    for algorithm in &spec.server_keys {
        let wish = IssueWithKey { algorithm: Some(*algorithm), ..IssueWithKey::new(for_devices, issuing.id) };
        let made = seen.debug("an issued certificate", certificates.issue_with_key(&wish, &call)?);
        let key = made.key.clone().unwrap();
        secrets.add(&format!("a {algorithm} key made here"), key.expose());
        seen.debug("a key", (PrivateKey::from_bytes(key.expose())?, made.key_pem()));
        let password = Secret::new(format!("pass {algorithm} phrase"));
        secrets.add("a PKCS#12 password", password.expose().as_bytes());
        for target in [Pkcs12Target::Modern, Pkcs12Target::Legacy] {
            let format = ExportFormat::Pkcs12 { key: key.clone(), password: password.clone(), target };
            let file = certificates.export(made.issued.certificate.id, seen.debug("a format", &format))?.remove(0);
            seen.debug("a file", &file);
            // The file itself may be seen by others: it is encrypted.
            seen.bytes("a PKCS#12 file", file.content.expose());
            seen.refused("the wrong password", read_pkcs12(file.content.expose(), &Secret::new("wrong".to_owned())));
            seen.debug("the content of a file", read_pkcs12(file.content.expose(), &password)?);
        }
        let format = ExportFormat::Files {
            names: FileNames::usual(Encoding::Pem),
            encoding: Encoding::Pem,
            key: Some(key.clone()),
        };
        seen.debug("files", certificates.export(made.issued.certificate.id, &format)?);
        let not_ascii = Secret::new(format!("{}ü", password.expose()));
        let format = ExportFormat::Pkcs12 { key: key.clone(), password: not_ascii, target: Pkcs12Target::Modern };
        seen.refused("a password that is not ASCII", certificates.export(made.issued.certificate.id, &format));
        let format = ExportFormat::Pkcs12 { key: wrong.to_pkcs8_der(), password, target: Pkcs12Target::Modern };
        seen.refused("another certificate's key", certificates.export(made.issued.certificate.id, &format));
    }
    let by_unit = Call::by("unit").with_request_id("once");
    let wish = IssueWithKey::new(for_devices, issuing.id).for_device(enrolled.device.id).collected_later();
    let waiting = certificates.issue_with_key(&wish, &call)?.issued.certificate.id;
    let lapsing = certificates.issue_with_key(&wish, &call)?.issued.certificate.id;
    at.learn_what_is_sealed(&**old);
    at.look_at_the_disk();
    let collected = seen.debug("a collected key", certificates.collect_key(waiting, &by_unit)?);
    secrets.add("a collected key", collected.key.unwrap().expose());
    seen.refused("collecting again", certificates.collect_key(waiting, &call));
    certificates.confirm_key(waiting, &call)?;
    certificates.revoke(lapsing, RevocationReason::KeyCompromise, &call)?;
    seen.refused("collecting what is revoked", certificates.collect_key(lapsing, &call));
    let renewed = certificates.renew_with_key(&RenewWithKey::new(waiting), &call)?;
    secrets.add("a renewed key", seen.debug("a renewed certificate", renewed).key.unwrap().expose());

    // Pre-shared keys.
    let device = seen.debug("a device", devices.register(&NewDevice::named("meter"), &call)?);
    let psks = registry.psks();
    let password = seen.debug("a password", psks.issue(&NewPsk::password(device.id), &call)?);
    secrets.add("a device's password", password.octets().unwrap());
    let tls = seen.debug("a PSK", psks.issue(&NewPsk::tls(device.id), &call)?);
    secrets.add("a PSK", tls.octets().unwrap());
    seen.debug("a PSK in hexadecimal", tls.hex());
    let brought = b"a PSK that was brought along".as_slice();
    secrets.add("a PSK that was brought", brought);
    let bring = NewPsk::tls(device.id).identified_by("meter-tls").with_secret(brought.to_vec());
    seen.debug(
        "a brought PSK",
        psks.issue(seen.debug("a wish for a PSK", &bring), &call.clone().with_request_id("psk"))?,
    );
    let reused = NewPsk { renew_days: Some(9), ..bring.clone() };
    seen.refused("another request under the same ID", psks.issue(&reused, &call.clone().with_request_id("psk")));
    seen.refused("an identity that is taken", psks.issue(&bring, &call));
    let short = brought[..SHORT].to_vec();
    secrets.add("a PSK that is too short", &short);
    seen.refused("a short PSK", psks.issue(&NewPsk::tls(device.id).with_secret(short), &call));
    seen.refused("reading a password", psks.read(password.psk.id, &call));
    let guess = b"a guess that somebody made";
    secrets.add("a guessed secret", guess);
    assert!(
        !psks.verify(&password.psk.identity, guess)?
            && psks.verify(&password.psk.identity, password.octets().unwrap())?
    );
    for identity in [password.psk.identity.as_str(), "nobody"] {
        let shown = seen.debug("what is presented", Presented::psk(identity, guess));
        seen.refused("authenticating with a guess", registry.authenticate(&shown));
    }
    let shown = seen.debug("what is presented", Presented::psk(&password.psk.identity, password.octets().unwrap()));
    seen.debug("who it is", registry.authenticate(&shown)?);
    seen.debug("a read PSK", psks.read(tls.psk.id, &call)?);
    let rotate = RotatePsk::with_grace(3);
    for id in [password.psk.id, tls.psk.id] {
        let rotated = seen.debug("a rotated PSK", psks.rotate(id, seen.debug("a rotation", &rotate), &call)?);
        secrets.add("a rotated PSK", rotated.octets().unwrap());
    }
    let many = psks.issue_many(&[bring.clone().identified_by("a"), bring.identified_by("b")], &Bulk::each(), &call)?;
    seen.debug("several PSKs", many);

    // Symmetric keys.
    let keys = registry.keys();
    let value = *b"sixteen secrets!";
    secrets.add("a key that was brought", &value);
    for algorithm in SymmetricAlgorithm::ALL.iter().copied() {
        let issued = keys.issue(&NewKey::for_device(device.id, algorithm), &call)?;
        let first = seen.debug("a symmetric key", keys.get(issued.id, None, &call)?);
        secrets.add(&format!("a key for {algorithm}"), first.value.expose());
        let rotated = keys.rotate(issued.id, &RotateKey::with_grace(1), &call)?;
        let second = seen.debug("a rotated key", keys.get(rotated.id, None, &call)?);
        secrets.add(&format!("a rotated key for {algorithm}"), second.value.expose());
        let wrapped = seen.debug("a wrapped key", keys.deliver(issued.id, device.id, &call)?);
        seen.bytes("a wrapped key", &wrapped.wrapped);
        let psk = psks.read(tls.psk.id, &call)?;
        let context = WrapContext {
            device: wrapped.device.clone(),
            key: wrapped.key.clone(),
            number: wrapped.number,
            version: wrapped.version,
        };
        secrets.add("a wrapping key", wrapping_key(psk.octets().unwrap(), algorithm, &context)?.expose());
        seen.refused("unwrapping with a guess", unwrap_key(&wrapped, guess));
        seen.debug("a key in clear", keys.deliver_clear(issued.id, device.id, &call)?);
        seen.debug(
            "whether a key is right",
            (keys.verify(issued.id, guess)?, keys.verify(issued.id, second.value.expose())?),
        );
        seen.refused(
            "a key of the wrong size",
            keys.rotate(issued.id, &RotateKey::default().with_value(guess.to_vec()), &call),
        );
    }
    let brought = NewKey::for_device(device.id, SymmetricAlgorithm::Aes128).with_value(value.to_vec());
    seen.debug("a wish for a key", &brought);
    let brought = keys.issue(&brought, &call)?;

    let responder = seen.debug("an OCSP responder", registry.ocsp().responder(root.id, &call)?);
    seen.bytes("its certificate", &responder.certificate.unwrap());
    seen.debug("an OCSP answer", registry.ocsp().respond(guess)?);

    // What goes out of the registry besides: the log as evidence, a copy, a backup, an archive.
    let log = registry.events();
    seen.debug("a checkpoint", log.checkpoint(&call)?);
    seen.debug("what was verified", log.verify(&VerifyEvents::default(), None)?);
    let mut evidence = Vec::new();
    log.export_log(None, &mut evidence)?;
    seen.bytes("the exported log", &evidence);
    let copy = Arc::new(MemoryStore::new());
    seen.debug("a copy", registry.copy_to(&copy, None, &call)?);
    seen.debug("the store of the copy", &copy);
    seen.debug("a backup", registry.backup(&at.folder.join("backup.sqlite"), &call)?);
    let mut archive = Vec::new();
    seen.debug("housekeeping", registry.maintain(&Retention::default(), Some(&mut archive), &call)?);
    seen.bytes("the archive", &archive);

    // The sealing key changes; then much comes to its end.
    at.learn_what_is_sealed(&**old);
    at.look_at_the_disk();
    let ring = Arc::new(SealingKeys::new(Arc::clone(new), vec![Arc::clone(old)]));
    seen.debug("the ring", &ring);
    let both = Registry::open(Arc::clone(&at.store), ring, Options::default())?;
    seen.debug("what was sealed anew", both.reseal(&Bulk::each(), &call)?);
    at.learn_what_is_sealed(&**new);
    at.look_at_the_disk();
    seen.debug("a destroyed key", both.keys().destroy(brought.id, &call)?);
    seen.debug("a deleted PSK", both.psks().delete(tls.psk.id, &call)?);
    seen.debug("a deleted device", both.devices().delete(enrolled.device.id, &call)?);
    both.authorities().mark_compromised(root.id, &call)?;
    both.certificates().erase_uncollected(&call)?;

    let events = both.events().find(&EventFilter::default(), &Page::of(10_000))?;
    assert!(events.items.len() > 60 && events.next.is_none(), "{} events", events.items.len());
    seen.debug("the events", events);
    let mut exported = Vec::new();
    both.events().export(&EventFilter::default(), &mut exported)?;
    seen.bytes("the exported events", &exported);
    seen.refused("what comes after closing", {
        both.close();
        both.counts()
    });
    at.look_at_the_disk();
    Ok(())
}

/// Too few octets for a PSK, enough to be recognised.
const SHORT: usize = 12;

fn software(key: [u8; 32]) -> Arc<dyn Sealer> {
    Arc::new(SoftwareSealer::from_key(Secret::new(key)).unwrap())
}

/// A whole life in `folder`; what was secret and what was seen.
fn live(folder: &Path, old: &Arc<dyn Sealer>, new: &Arc<dyn Sealer>) -> (Secrets, Stored) {
    let at = Place::new(folder);
    life(&at, old, new).unwrap();
    let Place { store, secrets, .. } = at;
    (secrets, store)
}

fn looked_over(secrets: &Secrets, store: &Stored) -> Vec<String> {
    secrets.found_in(&store.seen.all()).into_iter().collect()
}

#[test]
fn nothing_that_can_be_seen_of_a_life_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (secrets, store) = live(folder.path(), &software(OLD_KEY), &software(NEW_KEY));
    secrets.add("the old sealing key", &OLD_KEY);
    secrets.add("the new sealing key", &NEW_KEY);
    let bad = folder.path().join("key");
    std::fs::write(&bad, [&OLD_KEY[..], b"x"].concat()).unwrap();
    store.seen.refused("a key file that is too long", SoftwareSealer::from_file(&bad));
    store.seen.debug("a sealer", SoftwareSealer::from_key(Secret::new(OLD_KEY)).unwrap());
    let number = secrets.names().len();
    assert!(number > 50, "{number} secrets");
    assert!(store.seen.all().len() > 500, "{} observations", store.seen.all().len());
    let found = looked_over(&secrets, &store);
    assert!(found.is_empty(), "{found:#?}");
}

/// Seals nothing: shows that this test would notice.
struct Glass;

impl Sealer for Glass {
    fn seal(&self, _: &[u8], plaintext: &[u8]) -> Result<Sealed> {
        Ok(Sealed::from_bytes(plaintext.to_vec()))
    }
    fn open(&self, _: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>> {
        Ok(Secret::new(sealed.as_bytes().to_vec()))
    }
}

#[test]
fn a_sealer_that_does_not_seal_would_be_noticed_for_every_secret_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let glass: Arc<dyn Sealer> = Arc::new(Glass);
    let (secrets, store) = live(folder.path(), &glass, &glass);
    let found = looked_over(&secrets, &store);
    for table in SCHEMA.tables {
        for (_, column) in table.sealed() {
            let is_found = found
                .iter()
                .any(|found| found.contains("as it is") && found.contains(&format!("a row of {}", table.name)));
            assert!(is_found, "{}.{} is not among {found:#?}", table.name, column.name);
        }
    }
    assert!(found.iter().any(|found| found.contains("registry.sqlite")), "{found:#?}");
    for kept in ["an imported authority's key", "a PSK", "a rotated PSK", "a key that was brought"] {
        assert!(found.iter().any(|found| found.starts_with(kept)), "{kept} is not among {found:#?}");
    }
    for digested in ["a claim code", "a device's password"] {
        assert!(!found.iter().any(|found| found.starts_with(digested)), "{found:#?}");
    }
}

#[test]
fn every_form_of_a_secret_is_recognised() {
    let secret = b"\x01an example's 33 octets of secret";
    let secrets = Secrets::default();
    secrets.add("it", secret);
    let base64 = |before: &[u8]| data_encoding::BASE64.encode(&[before, secret, b"after"].concat());
    let lines =
        |text: &str| text.as_bytes().chunks(16).map(|c| String::from_utf8_lossy(c)).collect::<Vec<_>>().join("\n");
    let hex = data_encoding::HEXLOWER.encode(secret);
    let shown = [
        [b"before ", secret.as_slice(), b" after"].concat(),
        format!("{:?}", secret.to_vec()).into_bytes(),
        format!("{:#?}", secret.to_vec()).into_bytes(),
        format!("{:?}", String::from_utf8_lossy(secret).into_owned().as_bytes()).into_bytes(),
        hex.clone().into_bytes(),
        lines(&hex).into_bytes(),
        hex.to_uppercase().into_bytes(),
        base64(b"").into_bytes(),
        base64(b"1").into_bytes(),
        lines(&base64(b"12")).into_bytes(),
        format!("{:?}", lines(&base64(b"123"))).into_bytes(),
        data_encoding::BASE64URL.encode(secret).into_bytes(),
        secret[16..].to_vec(),
        secret[..16].to_vec(),
    ];
    for shown in shown {
        let text = String::from_utf8_lossy(&shown).into_owned();
        assert!(!secrets.found_in(&[("here".to_owned(), shown)]).is_empty(), "{text}");
    }
    let nothing = secrets.found_in(&[("here".to_owned(), b"an example's 32 octets of nothing much".to_vec())]);
    assert!(nothing.is_empty());
}

const PLACE: &str = "TEGATA_SECRETS_CHILD";

/// Not a test by itself: what the child does.
#[test]
fn child() {
    let Ok(folder) = std::env::var(PLACE) else { return };
    let (secrets, _) = live(Path::new(&folder), &software(OLD_KEY), &software(NEW_KEY));
    std::fs::write(Path::new(&folder).join("secrets"), secrets.written()).unwrap();
}

#[test]
fn the_process_prints_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(PLACE, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let secrets = Secrets::read(&std::fs::read_to_string(folder.path().join("secrets")).unwrap());
    assert!(secrets.names().len() > 50);
    let printed = [("stdout".to_owned(), output.stdout), ("stderr".to_owned(), output.stderr)];
    let found = secrets.found_in(&printed);
    assert!(found.is_empty(), "{found:#?}");
    // More exactly: the library prints nothing at all.
    let own = String::from_utf8(printed[0].1.clone()).unwrap();
    let others = own.lines().filter(|line| !line.trim().is_empty());
    let of_the_harness = ["running 1 test", "test child ... ok", "test result: ok."];
    let told: Vec<_> = others.filter(|line| !of_the_harness.iter().any(|known| line.starts_with(known))).collect();
    assert!(told.is_empty() && printed[1].1.is_empty(), "{told:?}");
}

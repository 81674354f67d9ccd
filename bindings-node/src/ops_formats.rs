//! Operations without a registry: keys, requests, certificates, CRLs, files, and what opens a registry.

use std::sync::Arc;
use std::time::Duration;

use tegata::error::Reason;
use tegata::model::{CertificateState, ProfileSpec, Standing};
use tegata::pack::{Encoding, FileNames, encode_pem};
use tegata::store::{MemoryStore, SoftwareSealer, SqliteOptions, SqliteStore};
use tegata::x509::{Crl, Revocation, VerifiedChain, decode_san};
use tegata::{
    Certificate, Error, Finding, FixedClock, GeneralName, InstallationCheck, KeyAlgorithm, Name, PrivateKey,
    ProductSpec, PublicKey, Result, RevocationReason, Secret, SignatureAlgorithm, Signer, Statement, Timestamp,
    VerifiedCsr, check_installation, csr_pem, make_csr, make_key, parse_certificate, parse_csr, verify_chain,
};

use crate::database::Database;
use crate::formats::{Installation, Key, PurposeIn};
use crate::handle::Handle;
use crate::input::Pem;
use crate::model::Facts;
use crate::ops::{MadeClock, MadeMemory, MadeSealer, MadeStore, one, operations};
use crate::shape::{record_in, record_out};
use crate::val::Val;

/// How to open a database file. `wait` is in milliseconds.
struct Sqlite {
    create: bool,
    wait: u32,
    readers: usize,
    cache: u32,
    max_size: Option<u64>,
    map: u64,
}
record_in!(Sqlite => "SqliteOptions" (optional) {
    create = true, wait = 10_000, readers = SqliteOptions::default().readers, cache = SqliteOptions::default().cache,
    max_size, map = 0,
});

impl From<Sqlite> for SqliteOptions {
    fn from(given: Sqlite) -> Self {
        Self {
            create: given.create,
            wait: Duration::from_millis(given.wait.into()),
            readers: given.readers,
            cache: given.cache,
            max_size: given.max_size,
            map: given.map,
            ..Self::default()
        }
    }
}

/// A CRL's entry with its serial number.
struct Entry {
    serial: Vec<u8>,
    at: Timestamp,
    reason: RevocationReason,
}
record_out!(Entry => "CrlEntry" { serial, at, reason });

fn entries(crl: &Crl) -> Result<Vec<Entry>> {
    crl.entries()
        .map(|entry| entry.map(|(serial, it)| Entry { serial: serial.to_vec(), at: it.at, reason: it.reason }))
        .collect()
}

/// Certificates in PEM, one after the other.
fn pem_of(ders: &[Vec<u8>]) -> Result<String> {
    ders.iter().try_fold(String::new(), |text, der| Ok(text + encode_pem("CERTIFICATE", der)?.expose()))
}

fn standing(facts: Facts) -> Result<Standing> {
    let mut given = facts.0.into_iter();
    let mut next = || given.next().unwrap_or(Val::Undefined);
    let state: CertificateState = one(next())?;
    let reason: Option<RevocationReason> = one(next())?;
    let validity: [Timestamp; 2] = [one(next())?, one(next())?];
    let retires: Option<Timestamp> = one(next())?;
    Ok(Standing::of(state, reason, validity, retires, one(next())?))
}

fn check(installation: &Installation) -> Vec<Finding> {
    let addresses: Vec<&str> = installation.addresses.iter().map(String::as_str).collect();
    check_installation(&InstallationCheck {
        certificate: &installation.certificate,
        key: installation.key.as_ref(),
        chain: &installation.chain,
        roots: &installation.roots,
        addresses: &addresses,
        now: installation.now,
        clock_set: installation.clock_set,
    })
}

fn sealer(sealer: SoftwareSealer) -> MadeSealer {
    MadeSealer(Handle::Sealer(Arc::new(sealer)))
}

fn sealing_key(key: &Secret<Vec<u8>>) -> Result<MadeSealer> {
    let key: [u8; 32] = key.expose().as_slice().try_into().map_err(|_| tegata::error::SealError::KeyLength)?;
    SoftwareSealer::from_key(Secret::new(key)).map(sealer)
}

operations! { LIST:
    "make_key" (algorithm: KeyAlgorithm) -> Key = |_it| Key(Arc::new(make_key(algorithm)?));
    "make_csr" (signer: Arc<dyn Signer>, subject: Name, san: Vec<GeneralName>) -> Vec<u8>
        = |_it| make_csr(&*signer, &subject, &san)?;
    "csr_pem" (der: Vec<u8>) sync -> String = |_it| csr_pem(&der);
    "parse_csr" (bytes: Pem) sync -> VerifiedCsr = |_it| parse_csr(&bytes.0)?;
    "parse_certificate" (input: Pem) sync -> Certificate = |_it| parse_certificate(&input.0)?;
    "check_installation" (check: Installation) sync -> Vec<Finding> = |_it| self::check(&check);
    "verify_chain" (leaf: Certificate, intermediates: Vec<Certificate>, roots: Vec<Certificate>, crls: Vec<Crl>,
        purpose: PurposeIn, at: Timestamp) sync -> VerifiedChain
        = |_it| verify_chain(&leaf, &intermediates, &roots, &crls, &purpose.0, at)?;

    "PrivateKey.from_bytes" (input: Secret<Vec<u8>>) sync -> Key
        = |_it| Key(Arc::new(PrivateKey::from_bytes(input.expose())?));
    "PrivateKey.from_bytes_with" (input: Secret<Vec<u8>>, public: PublicKey) sync -> Key
        = |_it| Key(Arc::new(PrivateKey::from_bytes_with(input.expose(), &public)?));
    "PrivateKey.public_key" (this: Key) sync -> PublicKey = |_it| this.0.public_key().clone();
    "PrivateKey.algorithm" (this: Key) sync -> SignatureAlgorithm = |_it| this.0.algorithm();
    "PrivateKey.sign" (this: Key, message: Vec<u8>) sync -> Vec<u8> = |_it| this.0.sign(&message).map_err(Error::from)?;
    "PrivateKey.to_pkcs8_der" (this: Key) sync -> Secret<Vec<u8>> = |_it| this.0.to_pkcs8_der();
    "PrivateKey.to_pkcs8_pem" (this: Key) sync -> Secret<String> = |_it| this.0.to_pkcs8_pem();

    "PublicKey.from_spki" (der: Vec<u8>) sync -> PublicKey = |_it| PublicKey::from_spki(&der)?;
    "PublicKey.verify" (this: PublicKey, algorithm: SignatureAlgorithm, message: Vec<u8>, signature: Vec<u8>) sync -> ()
        = |_it| this.verify(algorithm, &message, &signature)?;
    "Statement.message" (this: Statement, content: Vec<u8>) sync -> Vec<u8> = |_it| this.message(&content);

    "Certificate.many_from_pem" (input: Pem) sync -> Vec<Certificate> = |_it| Certificate::many_from_pem(&input.0)?;
    "Certificate.pem" (this: Certificate) sync -> String = |_it| this.pem();
    "Certificate.public_key" (this: Certificate) sync -> PublicKey = |_it| this.public_key()?;
    "Certificate.is_self_signed" (this: Certificate) sync -> bool = |_it| this.is_self_signed();
    "Certificate.is_valid_at" (this: Certificate, at: Timestamp) sync -> bool = |_it| this.is_valid_at(at);
    "Certificate.verify_signed_by" (this: Certificate, issuer: PublicKey) sync -> ()
        = |_it| this.verify_signed_by(&issuer)?;
    "CertificateExtensions.names" (subject_alt_name: Option<Vec<u8>>) sync -> Vec<GeneralName>
        = |_it| subject_alt_name.map_or_else(|| Ok(Vec::new()), |der| decode_san(&der))?;
    "CertificateRecord.standing" (facts: Facts) sync -> Standing = |_it| standing(facts)?;

    "Crl.from_bytes" (input: Pem) sync -> Crl = |_it| Crl::from_bytes(&input.0)?;
    "Crl.pem" (this: Crl) sync -> String = |_it| this.pem();
    "Crl.entries" (this: Crl) sync -> Vec<Entry> = |_it| entries(&this)?;
    "Crl.get" (this: Crl, serial: Vec<u8>) sync -> Option<Revocation> = |_it| this.get(&serial)?;
    "Crl.is_stale_at" (this: Crl, at: Timestamp) sync -> bool = |_it| this.is_stale_at(at);
    "Crl.verify_signed_by" (this: Crl, issuer: PublicKey) sync -> () = |_it| this.verify_signed_by(&issuer)?;

    "certificates_pem" (ders: Vec<Vec<u8>>) sync -> String = |_it| pem_of(&ders)?;
    "IssuedWithKey.algorithm" (der: Vec<u8>) sync -> KeyAlgorithm
        = |_it| Certificate::from_der(&der)?.public_key()?.algorithm();
    "IssuedWithKey.key_pem" (key: Secret<Vec<u8>>) sync -> Secret<String> = |_it| encode_pem("PRIVATE KEY", key.expose())?;

    "ProfileSpec.device" () sync -> ProfileSpec = |_it| ProfileSpec::device();
    "ProfileSpec.product_credential" () sync -> ProfileSpec = |_it| ProfileSpec::product_credential();
    "ProfileSpec.tls_server" () sync -> ProfileSpec = |_it| ProfileSpec::tls_server();
    "ProfileSpec.from_toml" (text: String) sync -> ProfileSpec = |_it| ProfileSpec::from_toml(&text)?;
    "ProfileSpec.from_json" (text: String) sync -> ProfileSpec = |_it| ProfileSpec::from_json(&text)?;
    "ProfileSpec.to_json" (this: ProfileSpec) sync -> String = |_it| this.to_json();
    "ProductSpec.from_toml" (text: String) sync -> ProductSpec = |_it| ProductSpec::from_toml(&text)?;
    "ProductSpec.load" (file: String) -> ProductSpec = |_it| ProductSpec::load(file)?;
    "FileNames.usual" (encoding: Encoding) sync -> FileNames = |_it| FileNames::usual(encoding);
    "Error.table" () sync -> Vec<Reason> = |_it| Error::table().copied().collect();

    "MemoryStore.new" () sync -> MadeMemory = |_it| MadeMemory(Handle::Store(Arc::new(MemoryStore::new())));
    "SqliteStore.open" (path: String, options: Sqlite) -> MadeStore
        = |_it| MadeStore(Handle::Database(Arc::new(Database::new(SqliteStore::open(path, options.into())?))));
    "SqliteStore.close" (this: Arc<Database>) -> () = |_it| this.close();
    "SoftwareSealer.generate" () sync -> MadeSealer = |_it| sealer(SoftwareSealer::generate()?);
    "SoftwareSealer.from_key" (key: Secret<Vec<u8>>) sync -> MadeSealer = |_it| sealing_key(&key)?;
    "SoftwareSealer.from_file" (path: String) -> MadeSealer = |_it| sealer(SoftwareSealer::from_file(path)?);
    "SoftwareSealer.create_file" (path: String) -> MadeSealer = |_it| sealer(SoftwareSealer::create_file(path)?);
    "FixedClock.at" (time: Timestamp) sync -> MadeClock
        = |_it| MadeClock(Handle::FixedClock(Arc::new(FixedClock::at(time))));
    "FixedClock.now" (this: Arc<FixedClock>) sync -> Timestamp = |_it| tegata::Clock::now(&*this);
    "FixedClock.set" (this: Arc<FixedClock>, time: Timestamp) sync -> () = |_it| this.set(time);
    "FixedClock.advance" (this: Arc<FixedClock>, seconds: i64) sync -> () = |_it| this.advance(seconds);
}

//! tegata gives devices an identity and looks after it for life: a private certification authority, a registry of
//! products and devices, and one lifecycle for their certificates, inside your own program.
//!
//! Start at [`Registry`]. It has one handle per kind of thing:
//!
//! | handle | what it does |
//! |---|---|
//! | [`authorities`](Registry::authorities) | makes, imports, rebuilds and retires CAs; signs CRLs |
//! | [`profiles`](Registry::profiles) | the rules for what certificates hold, in versions; [`preview`](Profiles::preview) applies them to a CSR without issuing |
//! | [`products`](Registry::products) | what units share: their bootstrap credential and the limits of its use |
//! | [`devices`](Registry::devices) | register, enroll, find, disable, quarantine, delete |
//! | [`certificates`](Registry::certificates) | issue, renew, confirm, suspend, revoke, hand out keys |
//! | [`ocsp`](Registry::ocsp) | answers who asks whether a certificate still counts |
//! | [`psks`](Registry::psks) | device passwords and keys for TLS-PSK: issue, verify, rotate, suspend |
//! | [`keys`](Registry::keys) | AES and TWINE keys: issue, read, rotate, verify, deliver, share, destroy |
//! | [`campaigns`](Registry::campaigns) | replace what a selection names, wave by wave, and see who has not come |
//! | [`clients`](Registry::clients) | who may use the host's API: licence key, then name and password |
//! | [`groups`](Registry::groups) | sets of devices with a renewal interval of their own |
//! | [`events`](Registry::events) | who did what, to which, when |
//!
//! [`Registry::authenticate`] answers who presents a certificate, a password, or what a proxy passes on. What needs no registry is a free function:
//! [`parse_csr`], [`make_csr`], [`make_key`], [`verify_chain`], [`check_installation`], [`generate_password`],
//! [`check_value`], [`unwrap_key`].
//!
//! # A device's life
//!
//! ```
//! use std::sync::Arc;
//! use tegata::model::ProfileSpec;
//! use tegata::store::{MemoryStore, SoftwareSealer};
//! use tegata::{
//!     Call, Enroll, KeyAlgorithm, Name, NewAuthority, NewProduct, Options, Presented, Principal, ProductSpec, Registry,
//!     Renew, RevocationReason, Signer, Statement, make_csr, make_key,
//! };
//!
//! # fn main() -> tegata::Result<()> {
//! // `SqliteStore::open` and `SoftwareSealer::create_file` keep all of this on disk.
//! let registry = Registry::open(MemoryStore::new(), Arc::new(SoftwareSealer::generate()?), Options::default())?;
//! let admin = Call::by("admin");
//!
//! // Once: a CA, two profiles, a product with the credential that all its units share.
//! let root = NewAuthority::new("root", "CN=Example Root,O=Example".parse()?);
//! let root = registry.authorities().create_root(&root, &admin)?;
//! let for_products = registry.profiles().put("product", &ProfileSpec::product_credential(), &admin)?.id;
//! let for_devices = registry.profiles().put("device", &ProfileSpec::device(), &admin)?.id;
//! let product = NewProduct::new(ProductSpec::named("Camera 3"), root.id, for_products, for_devices);
//! let camera = registry.products().register(&product, &admin)?;
//!
//! // Enroll: the unit makes a key and a CSR; the registry names the device and issues its certificate, in one commit.
//! let key = make_key(KeyAlgorithm::EcdsaP256)?;
//! let csr = make_csr(&key, &Name::empty(), &[])?;
//! let request = Enroll::new(camera.credential.issued.der, csr);
//! let enrolled = registry.devices().enroll(&request, &admin)?;
//! let first = enrolled.issued;
//!
//! // Authenticate: the unit signs a challenge with its key.
//! let challenge = b"a new one every time";
//! let signature = key.sign(&Statement::Challenge.message(challenge))?;
//! let shown = Presented::signed(&first.der, challenge, &signature);
//! let Principal::Device { device, .. } = registry.authenticate(&shown)? else { unreachable!() };
//! assert_eq!(device, enrolled.device.id);
//!
//! // Renew: the old certificate counts until the unit confirms that the new one is installed.
//! let next = registry.certificates().renew(&Renew::same_key(first.certificate.id), &admin)?;
//! assert!(registry.authenticate(&shown).is_ok());
//! registry.certificates().confirm(next.certificate.id, &admin)?;
//! assert_eq!(registry.authenticate(&shown).unwrap_err().code(), "certificate.superseded");
//!
//! // Revoke: at once for all who ask here, and in the next CRL for those who do not.
//! registry.certificates().revoke(next.certificate.id, RevocationReason::KeyCompromise, &admin)?;
//! let shown = Presented::signed(&next.der, challenge, &signature);
//! assert_eq!(registry.authenticate(&shown).unwrap_err().code(), "certificate.revoked");
//! # Ok(())
//! # }
//! ```
//!
//! # The layers
//!
//! A module uses those below it and never one above.
//!
//! | | module | what it is about |
//! |---|---|---|
//! | operations | [`registry`] | load, decide, sign, commit, release: one way through for everything |
//! | storage | [`store`] | the contract of six methods, sealing, SQLite and memory |
//! | decisions | [`policy`] | profile + verified CSR -> certificate, or a refusal |
//! | | [`model`] | the records, each with its legal changes of state |
//! | formats | [`pack`] | PEM, PKCS#7, PKCS#12, sets of files |
//! | | [`x509`] | names, CSRs, certificates, CRLs, chains |
//! | | [`symmetric`] | PSK, AES and TWINE keys |
//! | | [`key`] | algorithms, signers, PEM and PKCS#8 |
//! | ground | [`callback`], [`secret`], [`id`], [`mod@env`], [`mod@error`], [`oid`] | host code that is called; what must not leak; typed identifiers; clock and randomness; reasons |
//!
//! # Errors
//!
//! Every refusal has a stable [`code`](Error::code) such as `csr.rsa_too_small`, a [`kind`](Error::kind), and a sentence
//! that says what to do. A call that fails has changed nothing, unless its documentation says so (a quarantine).
//!
//! # Features
//!
//! | | |
//! |---|---|
//! | `sqlite` (default) | the embedded store |
//! | `aws-lc` | making RSA keys, which ring cannot |
//! | `testing` | the conformance suite for stores of your own, and a store that fails on command |

#![forbid(unsafe_code)]

pub mod callback;
pub(crate) mod der;
#[doc(hidden)]
pub mod doctest;
pub mod env;
pub mod error;
pub mod id;
pub mod key;
pub mod model;
pub mod oid;
pub mod pack;
pub mod policy;
mod process;
pub mod registry;
pub mod secret;
pub mod store;
pub mod symmetric;
pub mod x509;

pub use env::{Clock, FixedClock, Random, SystemClock, SystemRandom, Timestamp};
pub use error::Error;
pub use id::{
    AuthorityId, CampaignId, CertificateId, ClientId, DeviceId, EventId, GroupId, KeyId, ProductId, ProfileId, PskId,
    Serial,
};
pub use key::{KeyAlgorithm, PrivateKey, PublicKey, SignatureAlgorithm, Signer, Statement, make_key};
pub use oid::Oid;
pub use pack::PskFormat;
pub use registry::{
    Atomicity, Authorities, AuthorityFilter, Bulk, Call, CampaignFilter, CampaignPreview, CampaignProgress, Campaigns,
    Counts, CrlOptions, DeviceChange, DeviceFilter, Devices, Due, DueItem, DueKind, Enroll, Enrolled, Enrollment,
    EventFilter, Events, GroupChange, Groups, ImportAuthority, Listing, NewAuthority, NewCampaign, NewDevice,
    NewProduct, Options, Page, Presented, Preview, Principal, ProductChange, ProductFilter, ProductSpec, Products,
    Profiles, Progress, Proof, Rebuild, RegisteredProduct, Registry, Release, Resealed, Selection, Text, TrustBundle,
};
pub use registry::{Backup, Copied, Integrity, Seen, SeenState};
pub use registry::{
    CertificateCount, CertificateFilter, CertificateGrouping, Certificates, ExportFormat, HandOut, Issue, IssueWithKey,
    Issued, IssuedWithKey, Renew, RenewWithKey,
};
pub use registry::{
    CertificateEncoding, ClientFilter, Clients, Credential, NewClient, ProxyHeaders, RegisteredClient, TrustedProxy,
};
pub use registry::{CertificateWish, Credentials, Provision, Provisioned, PskWish};
pub use registry::{
    EventProof, LogProblem, PrunedEvents, Tampering, Verification, VerifyEvents, verify_consistency, verify_event,
    verify_export,
};
pub use registry::{IssuedKey, KeyFilter, KeyMatch, Keys, NewKey, NewKeyOwner, RotateKey};
pub use registry::{IssuedPsk, NewPsk, PskFilter, Psks, RotatePsk};
pub use registry::{Maintained, Retention};
pub use registry::{Ocsp, OcspAnswer, OcspOptions, Presigned};
pub use secret::{Sealed, Secret};
pub use store::open_store;
pub use symmetric::{
    CharacterClasses, CheckMethod, CheckValue, KeyMaterial, PskPolicy, SymmetricAlgorithm, WrapMethod, WrappedKey,
    check_value, generate_password, unwrap_key,
};
pub use x509::{Attribute, Certificate, Crl, Extensions, GeneralName, KeyUsage, Name, RevocationReason, VerifiedCsr};
pub use x509::{CheckedOcsp, OcspHash, OcspResponseStatus, OcspStatus, check_ocsp, make_ocsp_request};
pub use x509::{Finding, InstallationCheck, Purpose, VerifiedChain, check_installation, verify_chain};
pub use x509::{csr_pem, make_csr, parse_certificate, parse_csr};

/// Runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

/// The result of a call into this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

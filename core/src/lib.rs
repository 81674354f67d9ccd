//! tegata gives devices an identity and looks after it for life.

#![forbid(unsafe_code)]

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
pub mod registry;
pub mod secret;
pub mod store;
pub mod x509;

pub use env::{Clock, FixedClock, Random, SystemClock, SystemRandom, Timestamp};
pub use error::Error;
pub use id::{AuthorityId, CertificateId, DeviceId, EventId, GroupId, ProductId, ProfileId, Serial};
pub use key::{KeyAlgorithm, PrivateKey, PublicKey, SignatureAlgorithm, Signer, make_key};
pub use oid::Oid;
pub use registry::{
    Atomicity, Authorities, AuthorityFilter, Bulk, Call, Counts, CrlOptions, DeviceChange, DeviceFilter, Devices, Due,
    Enroll, Enrolled, Enrollment, EventFilter, Events, GroupChange, Groups, ImportAuthority, Listing, NewAuthority,
    NewDevice, NewProduct, Options, Page, Presented, Preview, Principal, ProductChange, ProductFilter, ProductSpec,
    Products, Profiles, Proof, Rebuild, RegisteredProduct, Registry, Release, Text, TrustBundle,
};
pub use registry::{
    CertificateCount, CertificateFilter, CertificateGrouping, Certificates, ExportFormat, HandOut, Issue, IssueWithKey,
    Issued, IssuedWithKey, Renew, RenewWithKey,
};
pub use secret::{Sealed, Secret};
pub use x509::{Attribute, Certificate, Crl, Extensions, GeneralName, KeyUsage, Name, RevocationReason, VerifiedCsr};
pub use x509::{Finding, InstallationCheck, Purpose, VerifiedChain, check_installation, verify_chain};
pub use x509::{csr_pem, make_csr, parse_certificate, parse_csr};

/// The result of a call into this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! tegata for Python: convert, one call into the core, convert.
//!
//! `python/tegata/` is the package around this module. Classes hold a value of the core and convert what is asked of it.

// What comes from Python is owned, and often only looked at.
#![allow(clippy::needless_pass_by_value)]
// Python calls methods on objects, even where all objects answer alike.
#![allow(clippy::unused_self)]

mod convert;
mod ending;
mod error;
mod host;
mod key;
mod macros;
mod options;
mod page;
mod records;
mod registry;
mod secret;
mod store;
mod sums;
mod symmetric;
mod words;
mod x509;

use std::sync::OnceLock;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Where the list of modules is of the interpreter that imported this one: each interpreter has a list of its own.
static HOME: OnceLock<usize> = OnceLock::new();

/// Refuses every interpreter of this process but the first. The exceptions and other objects that are remembered here belong
/// to that one, and would be used in the others.
#[pyfunction]
fn _refuse_other_interpreters(py: Python<'_>) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?.as_ptr().addr();
    if *HOME.get_or_init(|| modules) == modules {
        return Ok(());
    }
    let text = "tegata serves one interpreter of a process; a subinterpreter needs a process of its own";
    Err(PyImportError::new_err(text))
}

/// The extension module.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::_refuse_other_interpreters;
    #[pymodule_export]
    use crate::ending::_end;
    #[pymodule_export]
    use crate::error::error_table;
    #[pymodule_export]
    use crate::host::{
        Column, Counter, Cursor, Filter, Query, Row, RowPage, RowRef, Schema, Table, Tally, Write, check_store,
    };
    #[pymodule_export]
    use crate::host::{FixedClock, Options, SealingKeys, SoftwareSealer, SystemClock, SystemRandom};
    #[pymodule_export]
    use crate::key::{PrivateKey, PublicKey, make_key, statement_message};
    #[pymodule_export]
    use crate::options::{
        Attributes, AuthorityFilter, CampaignFilter, CertificateFilter, CertificateWish, CharacterClasses,
        ClientFilter, CrlOptions, CrlPolicy, DeviceChange, DeviceFilter, Due, Enroll, EnrollmentPolicy, EventFilter,
        FileNames, GroupChange, ImportAuthority, Issue, IssueWithKey, KeyFilter, NewAuthority, NewCampaign, NewClient,
        NewDevice, NewKey, NewProduct, NewPsk, OcspOptions, ProductChange, ProductFilter, ProductSpec, ProfileSpec,
        Provision, ProxyHeaders, PskFilter, PskPolicy, PskWish, Rebuild, Renew, RenewWithKey, Retention, RotateKey,
        RotatePsk, SanPolicy, Selection, TrustedProxy, VerifyEvents, WrappedKey,
    };
    #[pymodule_export]
    use crate::page::{
        AssignmentListing, AssignmentPages, AuthorityListing, AuthorityPages, CampaignListing, CampaignPages,
        CertificateListing, CertificatePages, CheckpointListing, CheckpointPages, ClientListing, ClientPages,
        DeviceListing, DevicePages, DueListing, DuePages, EventListing, EventPages, GroupListing, GroupPages, Page,
        PresignedListing, PresignedPages, ProductListing, ProductPages, ProfileListing, ProfilePages, PskListing,
        PskPages, SymmetricKeyListing, SymmetricKeyPages,
    };
    #[pymodule_export]
    use crate::records::{
        Assignment, Authority, Backup, BasicConstraints, Campaign, CampaignPreview, CampaignProgress,
        CertificateExtensions, CertificateRecord, CheckedOcsp, Checkpoint, Client, Copied, Counts, Credentials,
        CrlRecord, CrlState, Device, Enrolled, Event, EventProof, Finding, Group, Integrity, Issued, IssuedKey,
        IssuedPsk, IssuedWithKey, KeyMatch, KeyVersion, LogProblem, Maintained, OcspAnswer, PackedFile, Presigned,
        Preview, Product, Profile, Provisioned, PrunedEvents, Psk, Reason, RegisteredClient, RegisteredProduct,
        RequestedExtension, Resealed, Responder, Revocation, SymmetricKey, TrustBundle, Verification,
    };
    #[pymodule_export]
    use crate::registry::events::{verify_consistency, verify_event, verify_export};
    #[pymodule_export]
    use crate::registry::ocsp::{check_ocsp, make_ocsp_request};
    #[pymodule_export]
    use crate::registry::{
        Authorities, Campaigns, Certificates, Clients, Devices, Events, Groups, Keys, Ocsp, Products, Profiles, Psks,
        Registry,
    };
    #[pymodule_export]
    use crate::secret::{SecretBytes, SecretText};
    #[pymodule_export]
    use crate::store::{
        MemoryStore, OpenedStore, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore, open_store,
    };
    #[pymodule_export]
    use crate::sums::{
        CertificateCount, Credential, DueItem, Entity, ExportFormat, GeneralName, NewKeyOwner, OcspStatus, Presented,
        Principal, Proof, Purpose, Seen, SubjectPolicy, Text,
    };
    #[pymodule_export]
    use crate::symmetric::{check_value, generate_password, unwrap_key};
    #[pymodule_export]
    use crate::words::_words;
    #[pymodule_export]
    use crate::x509::{
        Certificate, Crl, CrlEntry, InstallationCheck, VerifiedChain, VerifiedCsr, check_installation, csr_pem,
        make_csr, parse_certificate, parse_csr, verify_chain,
    };
}

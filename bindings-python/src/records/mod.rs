//! Records: what comes out of a registry.

mod authority;
mod campaign;
mod certificate;
mod client;
mod device;
mod event;
mod key;
mod log;
mod ocsp;
mod product;
mod provision;
mod psk;
mod scale;
mod x509;

pub(crate) use authority::{Authority, CrlRecord, CrlState, TrustBundle};
pub(crate) use campaign::{Campaign, CampaignPreview, CampaignProgress};
pub(crate) use certificate::{Assignment, CertificateRecord, Enrolled, Issued, IssuedWithKey};
pub(crate) use client::{Client, RegisteredClient};
pub(crate) use device::{Device, Group};
pub(crate) use event::{Counts, Event, PackedFile, Reason};
pub(crate) use key::{IssuedKey, KeyMatch, KeyVersion, SymmetricKey};
pub(crate) use log::{Checkpoint, EventProof, LogProblem, PrunedEvents, Verification};
pub(crate) use ocsp::{CheckedOcsp, OcspAnswer, Presigned, Responder};
pub(crate) use product::{Preview, Product, Profile, RegisteredProduct};
pub(crate) use provision::{Credentials, Provisioned, Resealed};
pub(crate) use psk::{IssuedPsk, Psk};
pub(crate) use scale::{Backup, Copied, Integrity, Maintained};
pub(crate) use x509::{BasicConstraints, CertificateExtensions, Finding, RequestedExtension, Revocation};

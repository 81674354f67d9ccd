//! Records: what comes out of a registry.

mod authority;
mod certificate;
mod device;
mod event;
mod product;
mod x509;

pub(crate) use authority::{Authority, CrlRecord, TrustBundle};
pub(crate) use certificate::{Assignment, CertificateRecord, Enrolled, Issued, IssuedWithKey};
pub(crate) use device::{Device, Group};
pub(crate) use event::{Counts, Event, PackedFile, Reason};
pub(crate) use product::{Preview, Product, Profile, RegisteredProduct};
pub(crate) use x509::{BasicConstraints, CertificateExtensions, Finding, RequestedExtension, Revocation};

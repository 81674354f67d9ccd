//! Options: what goes into a registry.

mod authority;
mod certificate;
mod device;
mod event;
mod group;
mod product;
mod profile;

pub(crate) use authority::{AuthorityFilter, CrlOptions, ImportAuthority, NewAuthority, Rebuild};
pub(crate) use certificate::{CertificateFilter, FileNames, Issue, IssueWithKey, Renew, RenewWithKey};
pub(crate) use device::{Attributes, DeviceChange, DeviceFilter, Due, Enroll, NewDevice};
pub(crate) use event::EventFilter;
pub(crate) use group::GroupChange;
pub(crate) use product::{EnrollmentPolicy, NewProduct, ProductChange, ProductFilter, ProductSpec};
pub(crate) use profile::{ProfileSpec, SanPolicy};

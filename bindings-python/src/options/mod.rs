//! Options: what goes into a registry.

mod authority;
mod campaign;
mod certificate;
mod client;
mod device;
mod event;
mod group;
mod key;
mod product;
mod profile;
mod provision;
mod proxy;
mod psk;
mod scale;

pub(crate) use authority::{AuthorityFilter, CrlOptions, ImportAuthority, NewAuthority, Rebuild};
pub(crate) use campaign::{CampaignFilter, NewCampaign, Selection};
pub(crate) use certificate::{CertificateFilter, FileNames, Issue, IssueWithKey, Renew, RenewWithKey};
pub(crate) use client::{ClientFilter, NewClient};
pub(crate) use device::{Attributes, DeviceChange, DeviceFilter, Due, Enroll, NewDevice};
pub(crate) use event::EventFilter;
pub(crate) use group::GroupChange;
pub(crate) use key::{KeyFilter, NewKey, RotateKey, WrappedKey};
pub(crate) use product::{EnrollmentPolicy, NewProduct, ProductChange, ProductFilter, ProductSpec};
pub(crate) use profile::{ProfileSpec, SanPolicy};
pub(crate) use provision::{CertificateWish, Provision};
pub(crate) use proxy::{ProxyHeaders, TrustedProxy};
pub(crate) use psk::{CharacterClasses, NewPsk, PskFilter, PskPolicy, PskWish, RotatePsk};
pub(crate) use scale::{CrlPolicy, OcspOptions, Retention, VerifyEvents};

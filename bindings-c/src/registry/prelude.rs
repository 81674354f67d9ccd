//! What nearly every file of the registry's binding uses.

pub(super) use std::ffi::{c_char, c_int, c_void};
pub(super) use std::sync::Arc;

pub(super) use tegata::model::{
    self, Assignment, Attributes, Authority, Device, EnrollmentPolicy, Entity, Event, Group, Product, Profile,
    ProfileSpec, SanPolicy, SubjectPolicy,
};
pub(super) use tegata::pack::{FileNames, PackedFile};
pub(super) use tegata::{
    AuthorityFilter, CertificateCount, CertificateFilter, CertificateGrouping, Counts, CrlOptions, DeviceChange,
    DeviceFilter, DeviceId, Due, Enroll, Enrolled, Error, EventFilter, ExportFormat, GroupChange, ImportAuthority,
    Issue, IssueWithKey, Issued, IssuedWithKey, KeyAlgorithm, KeyUsage, NewAuthority, NewDevice, NewProduct, Presented,
    Preview, Principal, ProductChange, ProductFilter, ProductSpec, Proof, Rebuild, RegisteredProduct, Renew,
    RenewWithKey, Result, Secret, Timestamp, TrustBundle,
};

pub(super) use super::authenticate::{entity, tegata_entity};
pub(super) use super::call::{call_of, tegata_bulk, tegata_call, tegata_page, tegata_text, text_filter, with_bulk};
pub(super) use super::events::tegata_event_filter;
pub(super) use super::issued::tegata_issued_with_key;
pub(super) use super::list::{List, Outcomes, Results, Whole, tegata_outcomes};
pub(super) use super::states::*;
pub(super) use super::values::*;
pub(super) use super::{registry_of, tegata_registry};
pub(super) use crate::algorithm::{tegata_key_algorithm, tegata_revocation_reason};
pub(super) use crate::arena::Arena;
pub(super) use crate::boundary::{free, invalid, optional, out, run, shared, slice};
pub(super) use crate::bytes::{SecretText, tegata_buffer, tegata_bytes, tegata_bytes_list, tegata_string};
pub(super) use crate::input::{ToCore, all_given, given, given_or_default, growing, maybe_given, sized};
pub(super) use crate::number::Number;
pub(super) use crate::record::{Originates, ToC, free_record, origin};
pub(super) use crate::signer::tegata_signer;
pub(super) use crate::status::{tegata_error, tegata_status};
pub(super) use crate::text::{
    all_parsed, maybe_parsed, maybe_string, maybe_text, parsed, tegata_pair, tegata_pairs, tegata_texts, text,
};

//! What is due, and numbers for a dashboard.

use tegata::{DueItem, DueKind};

use super::crls::tegata_crl_state;
use super::key_values::{tegata_key_state, tegata_symmetric_key};
use super::psk_values::{tegata_psk, tegata_psk_state};
use crate::number::same_variants;
use crate::registry::prelude::*;
use crate::value::symmetric::tegata_symmetric_algorithm;

/// What can be due.
#[repr(C)]
pub enum tegata_due_kind {
    /// A certificate.
    Certificate = 1,
    /// A symmetric key.
    Key = 2,
    /// A pre-shared key.
    Psk = 3,
    /// A CRL.
    Crl = 4,
}
same_variants!(tegata_due_kind = DueKind { Certificate, Key, Psk, Crl });

/// Which certificates, symmetric keys, pre-shared keys and CRLs are due.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_due {
    /// `sizeof(tegata_due)`.
    pub size: usize,
    /// Until which moment to look. Required.
    pub until: i64,
    /// Only this group's. May be left out (NULL).
    pub group: *const c_char,
    /// Only these kinds; all of them when there are none.
    pub kinds: *const Number<tegata_due_kind>,
    /// How many kinds.
    pub kinds_len: usize,
}
growing!(tegata_due);

impl ToCore for tegata_due {
    type Core = Due;

    fn to_core(&self) -> Result<Due> {
        let kinds = slice(self.kinds, self.kinds_len, "kinds")?;
        Ok(Due {
            group: maybe_parsed(self.group, "group")?,
            kinds: kinds.iter().map(|kind| kind.core("kinds")).collect::<Result<_>>()?,
            ..Due::until(Timestamp::from_unix(self.until))
        })
    }
}

/// Something to be renewed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_due_item {
    /// Of what kind it is.
    pub r#type: Number<tegata_due_kind>,
    /// The certificate; NULL for others.
    pub certificate: *const tegata_certificate_record,
    /// The symmetric key; NULL for others.
    pub key: *const tegata_symmetric_key,
    /// The pre-shared key; NULL for others.
    pub psk: *const tegata_psk,
    /// The CRL; NULL for others.
    pub crl: *const tegata_crl_state,
}

impl ToC for DueItem {
    type C = tegata_due_item;

    fn to_c(&self, arena: &mut Arena) -> tegata_due_item {
        let (mut certificate, mut key) = (std::ptr::null(), std::ptr::null());
        let (mut psk, mut crl) = (std::ptr::null(), std::ptr::null());
        match self {
            Self::Certificate(record) => certificate = arena.record(record),
            Self::Key(record) => key = arena.record(record),
            Self::Psk(record) => psk = arena.record(record),
            Self::Crl(record) => crl = arena.record(record),
            // A kind that the core gains and the header does not know yet.
            _ => {}
        }
        tegata_due_item { r#type: self.kind().into(), certificate, key, psk, crl }
    }
}

/// A page of what is to be renewed.
pub type tegata_due_item_list = List<tegata_due_item>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_due_item_list_free(list: *const tegata_due_item_list) {
    free_record(list);
}

/// What should be renewed until a moment, the most urgent first: by its own lifetime or its group's interval, whichever
/// comes first, or because a campaign asks for it. Due dates are spread so that a fleet does not come back at once.
/// What is suspended, revoked or destroyed is not due.
///
/// Errors: `input.page_cursor` for a cursor of another list, such as one of other kinds; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_due(
    registry: *const tegata_registry,
    due: *const tegata_due,
    page: *const tegata_page,
    list: *mut *const tegata_due_item_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&registry_of(registry)?.due(&given(due, "due")?, &given_or_default(page, "page")?)?);
        Ok(())
    })
}

/// The roots that those who check this registry's certificates should trust: all generations that are neither
/// compromised nor expired, so that a rebuild can be rolled out while the old generation still counts.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_trust_bundle(
    registry: *const tegata_registry,
    trust_bundle: *mut *const tegata_trust_bundle,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let trust_bundle = out(trust_bundle, "trust_bundle")?;
        trust_bundle.give(&registry_of(registry)?.trust_bundle()?);
        Ok(())
    })
}

/// How many devices are in a state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_device_state_count {
    /// The state.
    pub state: Number<tegata_device_state>,
    /// How many.
    pub count: u64,
}

/// How many belong to a record.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_id_count {
    /// The record's ID; NULL for those that belong to none.
    pub id: *const c_char,
    /// How many.
    pub count: u64,
}

/// How many certificates are in a state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_state_count {
    /// The state.
    pub state: Number<tegata_certificate_state>,
    /// How many.
    pub count: u64,
}

/// How many certificates are of a kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_kind_count {
    /// The kind.
    pub kind: Number<tegata_certificate_kind>,
    /// How many.
    pub count: u64,
}

/// How many certificates have a kind of key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_algorithm_count {
    /// The kind of key; 0 for records that do not say it.
    pub algorithm: Number<tegata_key_algorithm>,
    /// How many.
    pub count: u64,
}

/// How many symmetric keys are in a state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_state_count {
    /// The state.
    pub state: Number<tegata_key_state>,
    /// How many.
    pub count: u64,
}

/// How many symmetric keys are of an algorithm.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_symmetric_algorithm_count {
    /// The algorithm.
    pub algorithm: Number<tegata_symmetric_algorithm>,
    /// How many.
    pub count: u64,
}

/// How many pre-shared keys are in a state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_psk_state_count {
    /// The state.
    pub state: Number<tegata_psk_state>,
    /// How many.
    pub count: u64,
}

/// How many are due in a week.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_week_count {
    /// When the week begins.
    pub week: i64,
    /// How many.
    pub count: u64,
}

/// Numbers for a dashboard. Each list is complete and in the order of its first element.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_counts {
    /// Devices by state.
    pub devices: *const tegata_device_state_count,
    /// How many states.
    pub devices_len: usize,
    /// Devices by group.
    pub devices_by_group: *const tegata_id_count,
    /// How many groups.
    pub devices_by_group_len: usize,
    /// Devices by product.
    pub devices_by_product: *const tegata_id_count,
    /// How many products.
    pub devices_by_product_len: usize,
    /// Certificates by state, as it is stored.
    pub certificates: *const tegata_certificate_state_count,
    /// How many states.
    pub certificates_len: usize,
    /// Certificates by kind.
    pub certificates_by_kind: *const tegata_certificate_kind_count,
    /// How many kinds.
    pub certificates_by_kind_len: usize,
    /// Certificates whose notAfter has passed.
    pub expired: u64,
    /// All of them by the week in which they are due.
    pub due_by_week: *const tegata_week_count,
    /// How many weeks.
    pub due_by_week_len: usize,
    /// Certificates by the kind of their key.
    pub certificates_by_algorithm: *const tegata_key_algorithm_count,
    /// How many there are of these.
    pub certificates_by_algorithm_len: usize,
    /// Symmetric keys by state.
    pub keys: *const tegata_key_state_count,
    /// How many there are of these.
    pub keys_len: usize,
    /// Symmetric keys by algorithm.
    pub keys_by_algorithm: *const tegata_symmetric_algorithm_count,
    /// How many there are of these.
    pub keys_by_algorithm_len: usize,
    /// Pre-shared keys by state.
    pub psks: *const tegata_psk_state_count,
    /// How many there are of these.
    pub psks_len: usize,
    /// Certificates by the week in which they are due.
    pub certificates_due_by_week: *const tegata_week_count,
    /// How many there are of these.
    pub certificates_due_by_week_len: usize,
    /// Symmetric keys by the week in which they are due.
    pub keys_due_by_week: *const tegata_week_count,
    /// How many there are of these.
    pub keys_due_by_week_len: usize,
    /// Pre-shared keys by the week in which they are due.
    pub psks_due_by_week: *const tegata_week_count,
    /// How many there are of these.
    pub psks_due_by_week_len: usize,
}

impl ToC for Counts {
    type C = tegata_counts;

    fn to_c(&self, arena: &mut Arena) -> tegata_counts {
        let devices: Vec<_> = self
            .devices
            .iter()
            .map(|(state, count)| tegata_device_state_count { state: (*state).into(), count: *count })
            .collect();
        let by_group: Vec<_> = self
            .devices_by_group
            .iter()
            .map(|(id, count)| tegata_id_count { id: arena.maybe_shown(*id), count: *count })
            .collect();
        let by_product: Vec<_> = self
            .devices_by_product
            .iter()
            .map(|(id, count)| tegata_id_count { id: arena.maybe_shown(*id), count: *count })
            .collect();
        let certificates: Vec<_> = self
            .certificates
            .iter()
            .map(|(state, count)| tegata_certificate_state_count { state: (*state).into(), count: *count })
            .collect();
        let by_kind: Vec<_> = self
            .certificates_by_kind
            .iter()
            .map(|(kind, count)| tegata_certificate_kind_count { kind: (*kind).into(), count: *count })
            .collect();
        let weeks: Vec<_> = self
            .due_by_week
            .iter()
            .map(|(week, count)| tegata_week_count { week: week.unix(), count: *count })
            .collect();
        let certificates_by_algorithm: Vec<_> = self
            .certificates_by_algorithm
            .iter()
            .map(|(k, count)| tegata_key_algorithm_count { algorithm: Number::maybe(*k), count: *count })
            .collect();
        let keys: Vec<_> =
            self.keys.iter().map(|(k, count)| tegata_key_state_count { state: (*k).into(), count: *count }).collect();
        let keys_by_algorithm: Vec<_> = self
            .keys_by_algorithm
            .iter()
            .map(|(k, count)| tegata_symmetric_algorithm_count { algorithm: (*k).into(), count: *count })
            .collect();
        let psks: Vec<_> =
            self.psks.iter().map(|(k, count)| tegata_psk_state_count { state: (*k).into(), count: *count }).collect();
        let certificates_due_by_week: Vec<_> = self
            .certificates_due_by_week
            .iter()
            .map(|(k, count)| tegata_week_count { week: k.unix(), count: *count })
            .collect();
        let keys_due_by_week: Vec<_> = self
            .keys_due_by_week
            .iter()
            .map(|(k, count)| tegata_week_count { week: k.unix(), count: *count })
            .collect();
        let psks_due_by_week: Vec<_> = self
            .psks_due_by_week
            .iter()
            .map(|(k, count)| tegata_week_count { week: k.unix(), count: *count })
            .collect();
        tegata_counts {
            devices: arena.put_all(&devices),
            devices_len: devices.len(),
            devices_by_group: arena.put_all(&by_group),
            devices_by_group_len: by_group.len(),
            devices_by_product: arena.put_all(&by_product),
            devices_by_product_len: by_product.len(),
            certificates: arena.put_all(&certificates),
            certificates_len: certificates.len(),
            certificates_by_kind: arena.put_all(&by_kind),
            certificates_by_kind_len: by_kind.len(),
            expired: self.expired,
            due_by_week: arena.put_all(&weeks),
            due_by_week_len: weeks.len(),
            certificates_by_algorithm: arena.put_all(&certificates_by_algorithm),
            certificates_by_algorithm_len: certificates_by_algorithm.len(),
            keys: arena.put_all(&keys),
            keys_len: keys.len(),
            keys_by_algorithm: arena.put_all(&keys_by_algorithm),
            keys_by_algorithm_len: keys_by_algorithm.len(),
            psks: arena.put_all(&psks),
            psks_len: psks.len(),
            certificates_due_by_week: arena.put_all(&certificates_due_by_week),
            certificates_due_by_week_len: certificates_due_by_week.len(),
            keys_due_by_week: arena.put_all(&keys_due_by_week),
            keys_due_by_week_len: keys_due_by_week.len(),
            psks_due_by_week: arena.put_all(&psks_due_by_week),
            psks_due_by_week_len: psks_due_by_week.len(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_counts_free(counts: *const tegata_counts) {
    free_record(counts);
}

/// Numbers for a dashboard.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_counts(
    registry: *const tegata_registry,
    counts: *mut *const tegata_counts,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let counts = out(counts, "counts")?;
        counts.give(&registry_of(registry)?.counts()?);
        Ok(())
    })
}

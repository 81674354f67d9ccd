//! What is due, and numbers for a dashboard.

use tegata::model::CredentialKind;

use crate::registry::prelude::*;

/// Which certificates are due.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_due {
    /// `sizeof(tegata_due)`.
    pub size: usize,
    /// Until which moment to look. Required.
    pub until: i64,
    /// Only this group's. May be left out (NULL).
    pub group: *const c_char,
}
growing!(tegata_due);

impl ToCore for tegata_due {
    type Core = Due;

    fn to_core(&self) -> Result<Due> {
        Ok(Due {
            group: maybe_parsed(self.group, "group")?,
            kinds: vec![CredentialKind::Certificate],
            ..Due::until(Timestamp::from_unix(self.until))
        })
    }
}

/// The certificates that should be renewed until a moment, the most urgent first: by their own lifetime or their
/// group's interval, whichever comes first, spread so that a fleet does not come back at once.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_due(
    registry: *const tegata_registry,
    due: *const tegata_due,
    page: *const tegata_page,
    list: *mut *const tegata_certificate_record_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        let due = registry_of(registry)?.due(&given(due, "due")?, &given_or_default(page, "page")?)?;
        list.give(&due.filter_map(tegata::DueItem::into_certificate));
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

/// How many certificates are due in a week.
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
    /// Certificates by the week in which they are due.
    pub due_by_week: *const tegata_week_count,
    /// How many weeks.
    pub due_by_week_len: usize,
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

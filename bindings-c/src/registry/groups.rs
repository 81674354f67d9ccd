//! Groups of devices.

use crate::registry::prelude::*;

/// A group of devices.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_group {
    /// Names the group.
    pub id: *const c_char,
    /// The name that operators use; unique.
    pub name: *const c_char,
    /// Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
    /// NULL when there is none.
    pub certificate_days: *const u32,
    /// Symmetric keys of members are due this many days after their issue. NULL when there is none.
    pub key_days: *const u32,
    /// When it was made.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
}

impl ToC for Group {
    type C = tegata_group;

    fn to_c(&self, arena: &mut Arena) -> tegata_group {
        tegata_group {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            certificate_days: arena.maybe(self.certificate_days),
            key_days: arena.maybe(self.key_days),
            created: self.created.unix(),
            updated: self.updated.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_group_free(group: *const tegata_group) {
    free_record(group);
}

/// A page of them.
pub type tegata_group_list = List<tegata_group>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_group_list_free(list: *const tegata_group_list) {
    free_record(list);
}

/// What of a group changes; what is left out stays as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_group_change {
    /// `sizeof(tegata_group_change)`.
    pub size: usize,
    /// The name. May be left out (NULL).
    pub name: *const c_char,
    /// After how many days members' certificates are due. May be left out (NULL).
    pub certificate_days: *const u32,
    /// Whether to remove that interval instead.
    pub remove_certificate_days: bool,
    /// After how many days members' symmetric keys are due. May be left out (NULL).
    pub key_days: *const u32,
    /// Whether to remove that interval instead.
    pub remove_key_days: bool,
}
growing!(tegata_group_change);

impl ToCore for tegata_group_change {
    type Core = GroupChange;

    fn to_core(&self) -> Result<GroupChange> {
        Ok(GroupChange {
            name: maybe_string(self.name, "name")?,
            certificate_days: if self.remove_certificate_days {
                Some(None)
            } else {
                optional(self.certificate_days).copied().map(Some)
            },
            key_days: if self.remove_key_days { Some(None) } else { optional(self.key_days).copied().map(Some) },
        })
    }
}

/// Makes a group called `name` with the intervals in `settings`.
///
/// Errors: `group.name_taken`, `input.invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_groups_create(
    registry: *const tegata_registry,
    name: *const c_char,
    settings: *const tegata_group_change,
    call: *const tegata_call,
    group: *mut *const tegata_group,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let group = out(group, "group")?;
        group.give(&registry_of(registry)?.groups().create(
            text(name, "name")?,
            &given(settings, "settings")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// The group with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_groups_get(
    registry: *const tegata_registry,
    id: *const c_char,
    group: *mut *const tegata_group,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let group = out(group, "group")?;
        group.give(&registry_of(registry)?.groups().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The groups whose name matches, by name; all of them without `name`.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_groups_find(
    registry: *const tegata_registry,
    name: *const tegata_text,
    page: *const tegata_page,
    list: *mut *const tegata_group_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .groups()
                .find(text_filter(name, "name")?.as_ref(), &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// Changes a group. With a new certificate interval, the members' certificates get their new due dates in the same
/// commit, which takes about a second per 20,000 members.
///
/// Errors: `group.name_taken`, `input.invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_groups_update(
    registry: *const tegata_registry,
    id: *const c_char,
    change: *const tegata_group_change,
    call: *const tegata_call,
    group: *mut *const tegata_group,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let group = out(group, "group")?;
        group.give(&registry_of(registry)?.groups().update(
            parsed(id, "id")?,
            &given(change, "change")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Deletes an empty group.
///
/// Errors: `group.not_empty` while devices (deleted ones apart) belong to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_groups_delete(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        registry_of(registry)?.groups().delete(parsed(id, "id")?, &call_of(call)?)?;
        Ok(())
    })
}

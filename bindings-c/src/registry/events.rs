//! What happened.

use crate::registry::prelude::*;

/// One event. Events are only ever added.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_event {
    /// Names the event.
    pub id: *const c_char,
    /// When.
    pub at: i64,
    /// Who, as the host named the caller.
    pub actor: *const c_char,
    /// What, such as `device.enroll`.
    pub action: *const c_char,
    /// What it happened to. NULL when there is none.
    pub subject: *const tegata_entity,
    /// What else took part, such as the certificate that a device got. NULL when there is none.
    pub object: *const tegata_entity,
    /// A few words more; never a secret. NULL when there is none.
    pub detail: *const c_char,
}

impl ToC for Event {
    type C = tegata_event;

    fn to_c(&self, arena: &mut Arena) -> tegata_event {
        tegata_event {
            id: arena.shown(self.id),
            at: self.at.unix(),
            actor: arena.text(&self.actor),
            action: arena.text(&self.action),
            subject: arena.maybe_record(self.subject.as_ref()),
            object: arena.maybe_record(self.object.as_ref()),
            detail: arena.maybe_text(self.detail.as_deref()),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_event_free(event: *const tegata_event) {
    free_record(event);
}

/// A page of them.
pub type tegata_event_list = List<tegata_event>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_event_list_free(list: *const tegata_event_list) {
    free_record(list);
}

/// Which events to list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_event_filter {
    /// `sizeof(tegata_event_filter)`.
    pub size: usize,
    /// About this record. May be left out (NULL).
    pub subject: *const tegata_entity,
    /// In which this record took part otherwise, such as the certificate that a device got. May be left out (NULL).
    pub object: *const tegata_entity,
    /// With this action, such as `device.enroll`. May be left out (NULL).
    pub action: *const c_char,
    /// By this actor. May be left out (NULL).
    pub actor: *const c_char,
    /// From this moment on. May be left out (NULL).
    pub from: *const i64,
    /// Before this moment. May be left out (NULL).
    pub to: *const i64,
    /// The newest first.
    pub newest_first: bool,
}
growing!(tegata_event_filter);

impl ToCore for tegata_event_filter {
    type Core = EventFilter;

    fn to_core(&self) -> Result<EventFilter> {
        Ok(EventFilter {
            subject: entity(self.subject, "subject")?,
            object: entity(self.object, "object")?,
            action: maybe_string(self.action, "action")?,
            actor: maybe_string(self.actor, "actor")?,
            from: optional(self.from).copied().map(Timestamp::from_unix),
            to: optional(self.to).copied().map(Timestamp::from_unix),
            newest_first: self.newest_first,
        })
    }
}

/// The events that match, in the order in which they were recorded.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_find(
    registry: *const tegata_registry,
    filter: *const tegata_event_filter,
    page: *const tegata_page,
    list: *mut *const tegata_event_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .events()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

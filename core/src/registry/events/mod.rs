//! The handle for events.

mod epoch;

use std::io::Write;

use serde_json::json;

use super::Inner;
use super::page::{Listing, Page, Wanted};
use crate::Result;
use crate::callback;
use crate::env::Timestamp;
use crate::error::Error;
use crate::model::{Entity, Event};
use crate::store::record::Cell;
use crate::store::{Match, Value};
pub(super) use epoch::EventNumbers;

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// About this record.
    pub subject: Option<Entity>,
    /// In which this record took part otherwise, such as the certificate that a device got.
    pub object: Option<Entity>,
    /// With this action, such as `device.enroll`.
    pub action: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// The newest first.
    pub newest_first: bool,
}

/// What happened: who did what, to which record, when. Every change writes its event in the same commit.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, EventFilter, GroupChange, Page, model::Entity};
/// let group = registry.groups().create("cameras", &GroupChange::default(), &Call::by("alice"))?;
/// let about = EventFilter { subject: Some(Entity::Group(group.id)), ..EventFilter::default() };
/// let events = registry.events().find(&about, &Page::of(10))?;
/// assert_eq!((events.items[0].actor.as_str(), events.items[0].action.as_str()), ("alice", "group.create"));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Events<'r> {
    inner: &'r Inner,
}

impl<'r> Events<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    fn wanted(&self, filter: &EventFilter) -> Wanted {
        let ids = &self.inner.ids;
        let mut wanted = Wanted { descending: filter.newest_first, ..Wanted::default() };
        for (column, entity) in [("subject", filter.subject), ("object", filter.object)] {
            if let Some(entity) = entity {
                wanted.and(column, Match::Eq(entity.to_value(ids)));
            }
        }
        for (column, text) in [("action", &filter.action), ("actor", &filter.actor)] {
            if let Some(text) = text {
                wanted.and(column, Match::Eq(Value::Text(text.clone())));
            }
        }
        if filter.from.is_some() || filter.to.is_some() {
            let bound = |time: Option<Timestamp>| time.map(|time| Value::Int(time.unix()));
            wanted.and("at", Match::Range { from: bound(filter.from), to: bound(filter.to) });
        }
        wanted
    }

    /// The events that match, in the order in which they were recorded.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &EventFilter, page: &Page) -> Result<Listing<Event>> {
        self.inner.list(self.wanted(filter), page)
    }

    /// Writes the events that match to `out`, one JSON object a line, and says how many there were.
    ///
    /// # Errors
    /// `input.invalid` when `out` cannot be written to; store errors.
    pub fn export(&self, filter: &EventFilter, out: &mut dyn Write) -> Result<u64> {
        let mut count = 0;
        let unwritable =
            |e: std::io::Error| Error::input("the export's output", &format!("cannot be written: {}", e.kind()));
        self.inner.scan::<Event>(&self.wanted(filter), |event| {
            let line = json!({
                "id": event.id.to_string(),
                "at": event.at.to_string(),
                "actor": event.actor,
                "action": event.action,
                "subject": event.subject.map(|entity| entity.to_string()),
                "object": event.object.map(|entity| entity.to_string()),
                "detail": event.detail,
            });
            count += 1;
            callback::run(|| writeln!(out, "{line}")).map_err(unwritable)
        })?;
        callback::run(|| out.flush()).map_err(unwritable)?;
        Ok(count)
    }
}

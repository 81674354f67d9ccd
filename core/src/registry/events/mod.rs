//! The handle for events.

mod checkpoint;
mod epoch;
mod export;
mod line;
mod merkle;
mod note;
mod proof;
mod prune;
mod segment;
mod verify;

use std::io::Write;

use super::call::Progress;
use super::page::{Listing, Page, Wanted};
use super::{Call, Inner};
use crate::Result;
use crate::env::Timestamp;
use crate::error::EventError;
use crate::id::EventId;
use crate::model::{Checkpoint, Entity, Event};
use crate::store::record::Cell;
use crate::store::{Match, Value};
pub(super) use epoch::EventNumbers;
use export::Lines;
pub use export::verify_export;
pub use proof::{EventProof, verify_consistency, verify_event};
pub use prune::PrunedEvents;
pub use verify::{LogProblem, Tampering, Verification, VerifyEvents};

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
        let mut lines = Lines(out);
        self.inner.scan::<Event>(&self.wanted(filter), |event| {
            count += 1;
            lines.write(&line::line(&event.record))
        })?;
        lines.flush()?;
        Ok(count)
    }

    /// Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree, RFC 9162),
    /// in a form that other people's tools read (C2SP tlog-checkpoint). It covers every event that was recorded before; none
    /// can be added below it later, by any process. If nothing was recorded since the newest, that one is the answer.
    ///
    /// Make one regularly, such as every hour, and keep what it says ([`Checkpoint::note`]) where whoever can change the
    /// database cannot: with it, [`verify`](Self::verify) finds out a database that was rolled back or written anew. An event
    /// that was altered before is covered as it is; [`verify`](Self::verify) goes on naming it. A request ID changes
    /// nothing here: a repetition finds nothing left to do.
    ///
    /// All processes that use the store must be of a version that knows checkpoints.
    ///
    /// # Errors
    /// `event.log_broken` when the newest checkpoint was altered; `store.busy`; errors of the sealer and of the store.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// # tegata::doctest::enrolled(&registry)?;
    /// use tegata::{Call, VerifyEvents};
    /// let checkpoint = registry.events().checkpoint(&Call::by("auditor"))?;
    /// // Elsewhere, and for long: checkpoint.note and registry.events().public_key().
    /// let kept = VerifyEvents { known: vec![checkpoint.note], ..VerifyEvents::default() };
    /// assert_eq!(registry.events().verify(&kept, None)?.first, None);
    /// # Ok::<(), tegata::Error>(())
    /// ```
    pub fn checkpoint(&self, call: &Call) -> Result<Checkpoint> {
        self.inner.make_checkpoint(call)
    }

    /// The checkpoints, in the order in which they were made.
    ///
    /// # Errors
    /// Store errors.
    pub fn checkpoints(&self, page: &Page) -> Result<Listing<Checkpoint>> {
        self.inner.list(Wanted::default(), page)
    }

    /// The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed notes use
    /// (C2SP signed-note). It is made with the first checkpoint and never changes.
    ///
    /// # Errors
    /// `event.no_checkpoint` before the first checkpoint; store errors.
    pub fn public_key(&self) -> Result<String> {
        let verifier = self.inner.log_verifier()?.ok_or(EventError::NoCheckpoint)?;
        Ok(verifier.to_text())
    }

    /// Goes through the log from the first event to the last and names the first that was altered, removed or put in later.
    /// An alteration shows at once, since each event carries a keyed tag; a removal from the next checkpoint on.
    ///
    /// The progress callback is told now and then of (events done, events in all); `Break` stops.
    ///
    /// # Errors
    /// `event.note_invalid` when a known checkpoint is not signed by this log's key, `event.no_checkpoint` when there is none to
    /// begin at; `input.cancelled` after `Break`; store errors. What is wrong with the log is no error but
    /// [`Verification::first`].
    pub fn verify(&self, options: &VerifyEvents, progress: Option<Progress<'_>>) -> Result<Verification> {
        self.inner.verify_events(options, progress)
    }

    /// Shows that the log holds an event, to somebody who knows the public key only ([`verify_event`]).
    ///
    /// # Errors
    /// `input.unknown_id`; `event.not_covered` when no checkpoint covers it yet, `event.pruned` when it is gone;
    /// `event.log_broken`; store errors.
    pub fn prove(&self, id: EventId) -> Result<EventProof> {
        self.inner.prove_event(id)
    }

    /// Shows that the log merely grew from checkpoint number `old` to checkpoint number `new`, to somebody who knows the public
    /// key and the old checkpoint ([`verify_consistency`]). The text is what a witness takes to cosign the new one (C2SP
    /// tlog-witness).
    ///
    /// # Errors
    /// `event.no_checkpoint`; `input.invalid` when `old` is the later; `event.pruned` when events are gone that this needs;
    /// `event.log_broken`; store errors.
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<String> {
        self.inner.prove_growth(old, new)
    }

    /// Writes the log to `out` so that the file verifies by itself ([`verify_export`]), and says how many events there were: one
    /// JSON object a line, each event as [`export`](Self::export) writes it, and each checkpoint behind the events that it
    /// covers. It begins behind checkpoint number `from`, or with the first event that is left, and ends at the newest
    /// checkpoint.
    ///
    /// # Errors
    /// `event.no_checkpoint`; `event.pruned` when it would begin with events that are gone; `event.log_broken` when events and
    /// checkpoints do not agree; `input.invalid` when `out` cannot be written to; store errors.
    pub fn export_log(&self, from: Option<u64>, out: &mut dyn Write) -> Result<u64> {
        self.inner.export_log(from, out)
    }

    /// Removes the oldest events: those before `before`, in whole runs of 4,096 that a checkpoint covers. The hashes of the trees
    /// over them stay, so everything else verifies as before. What goes is written to `archive` first, if there is one, as
    /// [`export_log`](Self::export_log) writes it; if two processes prune at once, both may archive the same. Each run is
    /// one commit with its event `events.prune`; after an error, the runs before it are gone.
    ///
    /// # Errors
    /// `event.log_broken` when what would go is not what was recorded; `input.invalid` when `archive` cannot be written to;
    /// store errors.
    pub fn prune(&self, before: Timestamp, archive: Option<&mut dyn Write>, call: &Call) -> Result<PrunedEvents> {
        self.inner.prune_events(before, u64::MAX, archive, call)
    }
}

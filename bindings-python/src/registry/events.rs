//! `registry.events`.

use pyo3::prelude::*;

use crate::convert::{Show, Time};
use crate::error::run;
use crate::options::{EventFilter, VerifyEvents};
use crate::page::{CheckpointListing, CheckpointPages, EventListing, EventPages, Page, or_first};
use crate::records::{Checkpoint, EventProof, PrunedEvents, Verification};
use crate::registry::bulk::at_once;
use crate::registry::called_by;
use crate::registry::output::{Input, Output};
use crate::words::{self, Progress};

/// What happened: who did what, to which record, when. Every change writes its event in the same commit.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Events(pub(crate) tegata::Registry);

#[pymethods]
impl Events {
    /// The events that match, in the order in which they were recorded.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<EventFilter>, page: Option<&Page>) -> PyResult<EventListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.events().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<EventFilter>, page_size: u32) -> EventPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        EventPages::new(page_size, move |page| registry.events().find(&filter, page))
    }

    /// Writes all events, oldest first, as JSON lines to a file opened for writing bytes. The result is how many.
    #[pyo3(signature = (out, filter=None))]
    fn export(&self, py: Python<'_>, out: words::Output, filter: Option<EventFilter>) -> PyResult<u64> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let mut out = Output::new(out.0);
        let registry = &self.0;
        let exported = crate::ending::detached(py, || registry.events().export(&filter, &mut out));
        out.finish(py, exported)
    }

    /// Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree,
    /// RFC 9162), in a form that other people's tools read (C2SP tlog-checkpoint). It covers every event that was
    /// recorded before; none can be added below it later, by any process. If nothing was recorded since the
    /// newest, that one is the answer.
    ///
    /// Make one regularly, such as every hour, and keep what it says (`Checkpoint::note`) where whoever can
    /// change the database cannot: with it, `verify` finds out a database that was rolled back or written anew.
    /// An event that was altered before is covered as it is; `verify` goes on naming it. A request ID changes
    /// nothing here: a repetition finds nothing left to do.
    ///
    /// All processes that use the store must be of a version that knows checkpoints.
    ///
    /// Errors:
    /// `event.log_broken` when the newest checkpoint was altered; `store.busy`; errors of the sealer and of the
    /// store.
    #[pyo3(signature = (*, actor="", request_id=None))]
    fn checkpoint(&self, py: Python<'_>, actor: &str, request_id: Option<&str>) -> PyResult<Checkpoint> {
        let registry = &self.0;
        run(py, || registry.events().checkpoint(&called_by(actor, request_id)))
    }

    /// The checkpoints, in the order in which they were made.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (page=None))]
    fn checkpoints(&self, py: Python<'_>, page: Option<&Page>) -> PyResult<CheckpointListing> {
        let registry = &self.0;
        run(py, || registry.events().checkpoints(&or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (*, page_size=500))]
    fn iterate_checkpoints(&self, page_size: u32) -> CheckpointPages {
        let registry = self.0.clone();
        CheckpointPages::new(page_size, move |page| registry.events().checkpoints(page))
    }

    /// The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed
    /// notes use (C2SP signed-note). It is made with the first checkpoint and never changes.
    ///
    /// Errors:
    /// `event.no_checkpoint` before the first checkpoint; store errors.
    fn public_key(&self, py: Python<'_>) -> PyResult<String> {
        let registry = &self.0;
        run(py, || registry.events().public_key())
    }

    /// Goes through the log from the first event to the last and names the first that was altered, removed or put
    /// in later. An alteration shows at once, since each event carries a keyed tag; a removal from the next
    /// checkpoint on.
    ///
    /// The progress callback is told now and then of (events done, events in all); `Break` stops.
    ///
    /// Errors:
    /// `event.note_invalid` when a known checkpoint is not signed by this log's key, `event.no_checkpoint` when
    /// there is none to begin at; `input.cancelled` after `Break`; store errors. What is wrong with the log is no
    /// error but `Verification::first`.
    #[pyo3(signature = (options=None, *, progress=None))]
    fn verify(
        &self,
        py: Python<'_>,
        options: Option<&VerifyEvents>,
        progress: Option<Progress>,
    ) -> PyResult<Verification> {
        let registry = &self.0;
        let options = options.map(|options| options.0.clone()).unwrap_or_default();
        at_once(py, None, progress, |bulk| registry.events().verify(&options, bulk.progress))
    }

    /// Shows that the log holds an event, to somebody who knows the public key only (`verify_event`).
    ///
    /// Errors:
    /// `input.unknown_id`; `event.not_covered` when no checkpoint covers it yet, `event.pruned` when it is gone;
    /// `event.log_broken`; store errors.
    fn prove(&self, py: Python<'_>, id: &str) -> PyResult<EventProof> {
        let registry = &self.0;
        run(py, || registry.events().prove(id.parse()?))
    }

    /// Shows that the log merely grew from checkpoint number `old` to checkpoint number `new`, to somebody who
    /// knows the public key and the old checkpoint (`verify_consistency`). The text is what a witness takes to
    /// cosign the new one (C2SP tlog-witness).
    ///
    /// Errors:
    /// `event.no_checkpoint`; `input.invalid` when `old` is the later; `event.pruned` when events are gone that
    /// this needs; `event.log_broken`; store errors.
    fn prove_consistency(&self, py: Python<'_>, old: u64, new: u64) -> PyResult<String> {
        let registry = &self.0;
        run(py, || registry.events().prove_consistency(old, new))
    }

    /// Writes the log to `out` so that the file verifies by itself (`verify_export`), and says how many events
    /// there were: one JSON object a line, each event as `export` writes it, and each checkpoint behind the
    /// events that it covers. It begins behind checkpoint number `from`, or with the first event that is left,
    /// and ends at the newest checkpoint.
    ///
    /// Errors:
    /// `event.no_checkpoint`; `event.pruned` when it would begin with events that are gone; `event.log_broken`
    /// when events and checkpoints do not agree; `input.invalid` when `out` cannot be written to; store errors.
    #[pyo3(signature = (out, from_=None))]
    fn export_log(&self, py: Python<'_>, out: words::Output, from_: Option<u64>) -> PyResult<u64> {
        let mut out = Output::new(out.0);
        let registry = &self.0;
        let exported = crate::ending::detached(py, || registry.events().export_log(from_, &mut out));
        out.finish(py, exported)
    }

    /// Removes the oldest events: those before `before`, in whole runs of 4,096 that a checkpoint covers. The
    /// hashes of the trees over them stay, so everything else verifies as before. What goes is written to
    /// `archive` first, if there is one, as `export_log` writes it; if two processes prune at once, both may
    /// archive the same. Each run is one commit with its event `events.prune`; after an error, the runs before it
    /// are gone.
    ///
    /// Errors:
    /// `event.log_broken` when what would go is not what was recorded; `input.invalid` when `archive` cannot be
    /// written to; store errors.
    #[pyo3(signature = (before, archive=None, *, actor="", request_id=None))]
    fn prune(
        &self,
        py: Python<'_>,
        before: Time,
        archive: Option<words::Output>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<PrunedEvents> {
        let registry = &self.0;
        let call = called_by(actor, request_id);
        let Some(archive) = archive else {
            return run(py, || registry.events().prune(before.0, None, &call));
        };
        let mut out = Output::new(archive.0);
        let pruned = crate::ending::detached(py, || registry.events().prune(before.0, Some(&mut out), &call));
        out.finish(py, pruned).map(|pruned| pruned.show())
    }
}

/// Whether the log with this public key holds `event`, as `proof` says: without a registry, a store, or a
/// secret.
///
/// Errors:
/// `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did not
/// sign the checkpoint in it, `input.invalid` for what is no public key of a log.
#[pyfunction]
pub(crate) fn verify_event(py: Python<'_>, event: &str, proof: &str, public_key: &str) -> PyResult<()> {
    run(py, || tegata::verify_event(event, proof, public_key))
}

/// Whether the log only grew between two checkpoints: `old`, which was kept, and the one at the end of
/// `proof`, as `Events::prove_consistency` made it. Without a registry, a store, or a secret.
///
/// Errors:
/// As `verify_event`.
#[pyfunction]
pub(crate) fn verify_consistency(py: Python<'_>, old: &str, proof: &str, public_key: &str) -> PyResult<()> {
    run(py, || tegata::verify_consistency(old, proof, public_key))
}

/// Reads what `export_log` wrote, given as bytes or as a file opened for reading them, and tells whether anything in it was
/// tampered with. No registry is needed. What ends without a checkpoint was cut; what was cut behind one is a genuine, shorter
/// log: hold `last_checkpoint` against the one that you expect.
///
/// Errors:
/// `input.invalid` when `public_key` is not the key of a log, or when the input cannot be read.
#[pyfunction]
pub(crate) fn verify_export(py: Python<'_>, input: words::Readable, public_key: &str) -> PyResult<Verification> {
    let mut input = Input::new(py, input.0)?;
    let verified = crate::ending::detached(py, || tegata::verify_export(&mut input, public_key));
    input.finish(py, verified).map(|verified| verified.show())
}

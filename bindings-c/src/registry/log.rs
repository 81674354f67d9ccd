//! The log of events as evidence.

use tegata::model::Checkpoint;
use tegata::{EventProof, LogProblem, PrunedEvents, Tampering, Verification, VerifyEvents};

use super::others::{tegata_writer, with_needed_writer, with_writer};
use crate::number::same_variants;
use crate::registry::prelude::*;

/// What was done to a log of events.
#[repr(C)]
pub enum tegata_tampering {
    /// An event says something else than what was recorded.
    Altered = 1,
    /// An event is gone.
    Missing = 2,
    /// An event stands where none was recorded.
    Added = 3,
    /// A checkpoint does not fit what it covers, or its signature does not verify.
    CheckpointBroken = 4,
    /// The log ends before a checkpoint that is known.
    RolledBack = 5,
}
same_variants!(tegata_tampering = Tampering { Altered, Missing, Added, CheckpointBroken, RolledBack });

/// A signed statement of how the log of events stood: how many events there were, and the hash of the tree
/// over them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_checkpoint {
    /// Counts the checkpoints of a registry, from 1.
    pub number: u64,
    /// When it was made, in seconds since 1970.
    pub at: i64,
    /// Who asked for it, as the host named the caller.
    pub actor: *const c_char,
    /// How many events it covers: all that were recorded before it.
    pub events: u64,
    /// The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
    pub root: tegata_bytes,
    /// The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
    pub note: *const c_char,
}

impl ToC for Checkpoint {
    type C = tegata_checkpoint;

    fn to_c(&self, arena: &mut Arena) -> tegata_checkpoint {
        tegata_checkpoint {
            number: self.number,
            at: self.at.unix(),
            actor: arena.text(&self.actor),
            events: self.events,
            root: arena.bytes(&self.root),
            note: arena.text(&self.note),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_checkpoint_free(checkpoint: *const tegata_checkpoint) {
    free_record(checkpoint);
}

/// A page of them.
pub type tegata_checkpoint_list = List<tegata_checkpoint>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_checkpoint_list_free(list: *const tegata_checkpoint_list) {
    free_record(list);
}

/// The first place where the log is not what was recorded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_log_problem {
    /// What is wrong.
    pub what: Number<tegata_tampering>,
    /// The identifier of the event, where it is about one; NULL otherwise.
    pub event: *const c_char,
    /// The number of the checkpoint that shows it, where one does; NULL otherwise.
    pub checkpoint: *const u64,
    /// Of an exported log: the line, from 1; NULL otherwise.
    pub line: *const u64,
}

impl ToC for LogProblem {
    type C = tegata_log_problem;

    fn to_c(&self, arena: &mut Arena) -> tegata_log_problem {
        tegata_log_problem {
            what: self.what.into(),
            event: arena.maybe_shown(self.event),
            checkpoint: arena.maybe(self.checkpoint),
            line: arena.maybe(self.line),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_log_problem_free(log_problem: *const tegata_log_problem) {
    free_record(log_problem);
}

/// What a verification looked at, up to the first problem.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_verification {
    /// How many events were read and found as they were recorded.
    pub events: u64,
    /// How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
    pub uncovered: u64,
    /// How many events were pruned before; the hashes of the trees over them stand in for them.
    pub pruned: u64,
    /// How many checkpoints were found genuine.
    pub checkpoints: u64,
    /// The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
    /// with one that covers later events, too; that one vouches for what is there, and does not count here. NULL when
    /// there was none.
    pub last_checkpoint: *const u64,
    /// The first problem; NULL when all is as it was recorded.
    pub first: *const tegata_log_problem,
}

impl ToC for Verification {
    type C = tegata_verification;

    fn to_c(&self, arena: &mut Arena) -> tegata_verification {
        tegata_verification {
            events: self.events,
            uncovered: self.uncovered,
            pruned: self.pruned,
            checkpoints: self.checkpoints,
            last_checkpoint: arena.maybe(self.last_checkpoint),
            first: arena.maybe_record(self.first.as_ref()),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verification_free(verification: *const tegata_verification) {
    free_record(verification);
}

/// An event with the proof that the log holds it, both as text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_event_proof {
    /// The event, as `tegata_events_export()` writes it; not one octet of it may change.
    pub event: *const c_char,
    /// The proof (C2SP tlog-proof), with the checkpoint that it leads to.
    pub proof: *const c_char,
}

impl ToC for EventProof {
    type C = tegata_event_proof;

    fn to_c(&self, arena: &mut Arena) -> tegata_event_proof {
        tegata_event_proof { event: arena.text(&self.event), proof: arena.text(&self.proof) }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_event_proof_free(event_proof: *const tegata_event_proof) {
    free_record(event_proof);
}

/// What `tegata_events_prune()` did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_pruned_events {
    /// How many events are gone.
    pub events: u64,
    /// The time of the latest of them, in seconds since 1970; NULL when none is gone.
    pub latest: *const i64,
}

impl ToC for PrunedEvents {
    type C = tegata_pruned_events;

    fn to_c(&self, arena: &mut Arena) -> tegata_pruned_events {
        tegata_pruned_events { events: self.events, latest: arena.maybe(self.latest.map(Timestamp::unix)) }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_pruned_events_free(pruned_events: *const tegata_pruned_events) {
    free_record(pruned_events);
}

/// What to hold the log of events against, besides its own checkpoints. NULL in place of the struct stands for nothing
/// more.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_verify_events {
    /// `sizeof(tegata_verify_events)`.
    pub size: usize,
    /// Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken
    /// as it is. May be left out (NULL).
    pub since: *const u64,
    /// Checkpoints that were kept elsewhere (`note` of `tegata_checkpoint`). Each must be one of this very log, so a
    /// database that was rolled back, or written anew, is found out. May be empty.
    pub known: tegata_texts,
    /// The public key that was kept elsewhere (`tegata_events_public_key()`). May be left out (NULL).
    pub public_key: *const c_char,
}
growing!(tegata_verify_events);

impl ToCore for tegata_verify_events {
    type Core = VerifyEvents;

    fn to_core(&self) -> Result<VerifyEvents> {
        Ok(VerifyEvents {
            since: optional(self.since).copied(),
            known: self.known.strings("known")?,
            public_key: maybe_string(self.public_key, "public_key")?,
        })
    }
}

/// Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree,
/// RFC 9162), in a form that other people's tools read (C2SP tlog-checkpoint). It covers every event that was
/// recorded before; none can be added below it later, by any process. If nothing was recorded since the
/// newest, that one is the answer.
///
/// Make one regularly, such as every hour, and keep what it says (`note`) where whoever can change the database cannot:
/// with it, `tegata_events_verify()` finds out a database that was rolled back or written anew. An event that was altered
/// before is covered as it is; `tegata_events_verify()` goes on naming it. A request ID changes nothing here: a
/// repetition finds nothing left to do.
///
/// All processes that use the store must be of a version that knows checkpoints.
///
/// Errors: `event.log_broken` when the newest checkpoint was altered; `store.busy`; errors of the sealer and
/// of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_checkpoint(
    registry: *const tegata_registry,
    call: *const tegata_call,
    checkpoint: *mut *const tegata_checkpoint,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let checkpoint = out(checkpoint, "checkpoint")?;
        checkpoint.give(&registry_of(registry)?.events().checkpoint(&call_of(call)?)?);
        Ok(())
    })
}

/// The checkpoints, in the order in which they were made.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_checkpoints(
    registry: *const tegata_registry,
    page: *const tegata_page,
    list: *mut *const tegata_checkpoint_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&registry_of(registry)?.events().checkpoints(&given_or_default(page, "page")?)?);
        Ok(())
    })
}

/// The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed
/// notes use (C2SP signed-note). It is made with the first checkpoint and never changes.
///
/// Errors: `event.no_checkpoint` before the first checkpoint; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_public_key(
    registry: *const tegata_registry,
    key: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(registry_of(registry)?.events().public_key()?.as_str());
        Ok(())
    })
}

/// Goes through the log from the first event to the last and names the first that was altered, removed or put
/// in later. An alteration shows at once, since each event carries a keyed tag; a removal from the next
/// checkpoint on.
///
/// `options` and `bulk` may be NULL. Of `bulk`, only `progress` counts: it is told how many events were verified and
/// how many there are; when it answers false, the verification stops.
///
/// Errors: `event.note_invalid` when a known checkpoint is not signed by this log's key, `event.no_checkpoint` when
/// there is none to begin at; `input.cancelled` when `progress` stopped it; store errors. What is wrong with the log is
/// no error but `first` of the verification.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_verify(
    registry: *const tegata_registry,
    options: *const tegata_verify_events,
    bulk: *const tegata_bulk,
    verification: *mut *const tegata_verification,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let verification = out(verification, "verification")?;
        let options = given_or_default(options, "options")?;
        let events = registry_of(registry)?.events();
        verification.give(&with_bulk(bulk, |bulk| events.verify(&options, bulk.progress))?);
        Ok(())
    })
}

/// Shows that the log holds an event, to somebody who knows the public key only (`tegata_verify_event()`).
///
/// Errors: `input.unknown_id`; `event.not_covered` when no checkpoint covers it yet, `event.pruned` when it
/// is gone; `event.log_broken`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_prove(
    registry: *const tegata_registry,
    id: *const c_char,
    event_proof: *mut *const tegata_event_proof,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let event_proof = out(event_proof, "event_proof")?;
        event_proof.give(&registry_of(registry)?.events().prove(parsed(id, "id")?)?);
        Ok(())
    })
}

/// Shows that the log merely grew from checkpoint number `old` to checkpoint number `newer`, to somebody who knows the
/// public key and the old checkpoint (`tegata_verify_consistency()`). The text is what a witness takes to cosign the new
/// one (C2SP tlog-witness).
///
/// Errors: `event.no_checkpoint`; `input.invalid` when `old` is the later; `event.pruned` when events are
/// gone that this needs; `event.log_broken`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_prove_consistency(
    registry: *const tegata_registry,
    old: u64,
    newer: u64,
    proof: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let proof = out(proof, "proof")?;
        proof.give(registry_of(registry)?.events().prove_consistency(old, newer)?.as_str());
        Ok(())
    })
}

/// Writes the log to `writer` so that the file verifies by itself (`tegata_verify_export()`), and says in `count` how
/// many events there were: one JSON object a line, each event as `tegata_events_export()` writes it, and each checkpoint
/// behind the events that it covers. It begins behind checkpoint number `*from`, or with the first event that is left
/// when `from` is NULL, and ends at the newest checkpoint.
///
/// Errors: `event.no_checkpoint`; `event.pruned` when it would begin with events that are gone; `event.log_broken` when
/// events and checkpoints do not agree; `input.invalid` when the writer fails; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_export_log(
    registry: *const tegata_registry,
    from: *const u64,
    writer: *const tegata_writer,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        let (registry, from) = (registry_of(registry)?, optional(from).copied());
        count.set(with_needed_writer(writer, |writer| registry.events().export_log(from, writer))?);
        Ok(())
    })
}

/// Removes the oldest events: those before `before` (seconds since 1970), in whole runs of 4,096 that a checkpoint
/// covers. The hashes of the trees over them stay, so everything else verifies as before. What goes is written to
/// `archive` first, which may be NULL for none, as `tegata_events_export_log()` writes it; if two processes prune at
/// once, both may archive the same. Each run is one commit with an event whose action is `events.prune`; after an
/// error, the runs before it are gone.
///
/// Errors: `event.log_broken` when what would go is not what was recorded; `input.invalid` when `archive` fails; store
/// errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_prune(
    registry: *const tegata_registry,
    before: i64,
    archive: *const tegata_writer,
    call: *const tegata_call,
    pruned_events: *mut *const tegata_pruned_events,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pruned_events = out(pruned_events, "pruned_events")?;
        let (registry, call) = (registry_of(registry)?, call_of(call)?);
        let before = Timestamp::from_unix(before);
        pruned_events
            .give(&with_writer(archive, "archive", |archive| registry.events().prune(before, archive, &call))?);
        Ok(())
    })
}

/// Checks that the log with this public key holds `event`, as `proof` says: without a registry, a store, or a secret.
/// `TEGATA_STATUS_OK` says that it does. Texts as `tegata_events_prove()` and `tegata_events_public_key()` gave them.
///
/// Errors: `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did
/// not sign the checkpoint in it, `input.invalid` for what is no public key of a log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verify_event(
    event: *const c_char,
    proof: *const c_char,
    public_key: *const c_char,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        tegata::verify_event(text(event, "event")?, text(proof, "proof")?, text(public_key, "public_key")?)?;
        Ok(())
    })
}

/// Checks that the log only grew between two checkpoints: `old`, the `note` that was kept, and the one at the end of
/// `proof`, as `tegata_events_prove_consistency()` made it. Without a registry, a store, or a secret. `TEGATA_STATUS_OK`
/// says that it did.
///
/// Errors: `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did not sign
/// one of the two checkpoints, `input.invalid` for what is no public key of a log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verify_consistency(
    old: *const c_char,
    proof: *const c_char,
    public_key: *const c_char,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        tegata::verify_consistency(text(old, "old")?, text(proof, "proof")?, text(public_key, "public_key")?)?;
        Ok(())
    })
}

/// Reads what `tegata_events_export_log()` or `tegata_events_prune()` wrote and tells in `first` of the verification
/// whether anything in it was tampered with. No registry is needed. What ends without a checkpoint was cut; what was cut behind
/// one is a genuine, shorter log: hold `last_checkpoint` against the one that you expect.
///
/// Errors: `input.invalid` for what is no public key of a log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_verify_export(
    input: tegata_bytes,
    public_key: *const c_char,
    verification: *mut *const tegata_verification,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let verification = out(verification, "verification")?;
        let mut input = input.get("input")?;
        verification.give(&tegata::verify_export(&mut input, text(public_key, "public_key")?)?);
        Ok(())
    })
}

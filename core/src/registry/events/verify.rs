//! Whether the log is what was recorded: event by event against its tags, segments and checkpoints, in the order of the log.

use super::super::Inner;
use super::super::call::{Progress, tell};
use super::checkpoint::follows;
use super::epoch::is_sound;
use super::merkle::{Frontier, Hash};
use super::note::{LogVerifier, Statement};
use super::segment::{Flaw, LEVEL, SEGMENT};
use crate::Result;
use crate::callback;
use crate::error::EventError;
use crate::id::EventId;
use crate::model::{Checkpoint, EventSegment};
use crate::store::record::Record;
use crate::store::{Cursor, Query, Row, Value};

/// How many events are looked at between two calls of the progress callback, behind the last checkpoint.
const PAGE: u32 = 4_096;

/// What to hold the log of events against, besides its own checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyEvents {
    /// Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken as it is.
    pub since: Option<u64>,
    /// Checkpoints that were kept elsewhere ([`Checkpoint::note`](crate::model::Checkpoint::note)). Each must be one of this
    /// very log, so a database that was rolled back, or written anew, is found out.
    pub known: Vec<String>,
    /// The public key that was kept elsewhere ([`Events::public_key`](super::Events::public_key)).
    pub public_key: Option<String>,
}

/// What is wrong at the first place where the log is not what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tampering {
    /// An event was changed.
    Altered,
    /// An event was removed.
    Missing,
    /// An event was put in later.
    Added,
    /// A checkpoint, or what belongs to it, was changed or removed.
    CheckpointBroken,
    /// The log is older than a checkpoint that was kept elsewhere, or another one than it.
    RolledBack,
}

impl Tampering {
    /// The kind's stable name, as it appears in every language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::CheckpointBroken => "checkpoint-broken",
            Self::RolledBack => "rolled-back",
        }
    }
}

/// The first place where the log is not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogProblem {
    /// What is wrong.
    pub what: Tampering,
    /// Which event, where it is about one.
    pub event: Option<EventId>,
    /// The number of the checkpoint that shows it, where one does.
    pub checkpoint: Option<u64>,
    /// Of an exported log: the line, from 1.
    pub line: Option<u64>,
}

impl LogProblem {
    pub(super) const fn of(what: Tampering) -> Self {
        Self { what, event: None, checkpoint: None, line: None }
    }

    pub(super) const fn shown_by(checkpoint: u64) -> Self {
        Self { checkpoint: Some(checkpoint), ..Self::of(Tampering::CheckpointBroken) }
    }
}

/// What a verification looked at, up to the first problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many events were read and found as they were recorded.
    pub events: u64,
    /// How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
    pub uncovered: u64,
    /// How many events were pruned before; the hashes of the trees over them stand in for them.
    pub pruned: u64,
    /// How many checkpoints were found genuine.
    pub checkpoints: u64,
    /// The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
    /// with one that covers later events, too; that one vouches for what is there, and does not count here.
    pub last_checkpoint: Option<u64>,
    /// The first problem; `None` when all is as it was recorded.
    pub first: Option<LogProblem>,
}

/// The rows of a table in the order of their keys, read ahead page by page.
pub(super) struct Walk<'r, T> {
    inner: &'r Inner,
    rows: std::vec::IntoIter<Row>,
    next: Option<Cursor>,
    kind: std::marker::PhantomData<T>,
}

impl<'r, T: Record> Walk<'r, T> {
    pub(super) fn after(inner: &'r Inner, key: u64) -> Self {
        let next = Some(Cursor { value: Value::Null, key });
        Self { inner, rows: Vec::new().into_iter(), next, kind: std::marker::PhantomData }
    }

    /// The next record, and whether it carries its tag.
    pub(super) fn next(&mut self) -> Result<Option<(T, bool)>> {
        loop {
            if let Some(row) = self.rows.next() {
                let is_genuine = self.inner.tags.is_marked(&row);
                return Ok(Some((T::read(row, &self.inner.ids)?, is_genuine)));
            }
            let Some(after) = self.next.take() else { return Ok(None) };
            let page = self.inner.store()?.find(&Query {
                table: T::TABLE,
                filters: Vec::new(),
                order: None,
                descending: false,
                after: Some(after),
                limit: 256,
                total: false,
            })?;
            self.rows = page.rows.into_iter();
            self.next = page.next;
        }
    }
}

/// Stops at the first problem.
enum Stop {
    Problem(LogProblem),
    Error(crate::Error),
}

impl<E: Into<crate::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl From<LogProblem> for Stop {
    fn from(problem: LogProblem) -> Self {
        Self::Problem(problem)
    }
}

/// A verification under way.
struct Run<'r> {
    inner: &'r Inner,
    verifier: Option<LogVerifier>,
    /// Checkpoints kept elsewhere, the smallest last.
    known: Vec<Statement>,
    checkpoints: Walk<'r, Checkpoint>,
    /// The checkpoint that comes next, with what its key signed.
    ahead: Option<(Checkpoint, Statement)>,
    newest: Option<Checkpoint>,
    /// The number of the checkpoint that comes first, if it is known.
    first: Option<u64>,
    whole: Frontier,
    untagged: u64,
    progress: Option<Progress<'r>>,
    found: Verification,
}

impl Inner {
    /// Goes through the log.
    pub(super) fn verify_events(&self, options: &VerifyEvents, progress: Option<Progress<'_>>) -> Result<Verification> {
        callback::refuse_inside()?;
        let verifier = match &options.public_key {
            Some(key) => Some(LogVerifier::parse(key)?),
            None => self.log_verifier()?,
        };
        let known = options.known.iter().map(|note| match &verifier {
            Some(verifier) => verifier.read(note),
            None => Err(EventError::NoteInvalid { reason: "this log has no key yet".to_owned() }),
        });
        let mut known = known.collect::<Result<Vec<_>, _>>()?;
        known.sort_by_key(|statement| std::cmp::Reverse(statement.events));
        let mut run = Run {
            inner: self,
            verifier,
            known,
            checkpoints: Walk::after(self, options.since.map_or(0, |since| since.saturating_sub(1))),
            ahead: None,
            newest: None,
            first: options.since,
            whole: Frontier::default(),
            untagged: 0,
            progress,
            found: Verification::default(),
        };
        match run.all(options) {
            Ok(()) => {}
            Err(Stop::Problem(problem)) => run.found.first = Some(problem),
            Err(Stop::Error(error)) => return Err(error),
        }
        Ok(run.found)
    }
}

impl Run<'_> {
    fn all(&mut self, options: &VerifyEvents) -> Result<(), Stop> {
        let log = self.inner.event_log(self.inner.store()?)?.record;
        if !self.inner.tags.is_genuine(&log, &self.inner.ids) {
            return Err(LogProblem::of(Tampering::CheckpointBroken).into());
        }
        self.untagged = log.untagged;
        if let (Some(given), Some(own)) = (&options.public_key, self.inner.log_verifier()?)
            && own.to_text() != given.trim()
        {
            return Err(LogProblem::of(Tampering::RolledBack).into());
        }
        // Altered or not: the walk gets there in its turn.
        self.newest = self.inner.last::<Checkpoint>()?;
        let mut start = 0;
        if let Some(since) = options.since {
            let checkpoint = self.inner.checkpoint(since)?;
            start = checkpoint.events / SEGMENT;
            // Checkpoints that were kept elsewhere and are smaller stand before where this begins.
            self.known.retain(|known| known.events >= checkpoint.events);
        }
        self.look_ahead()?;
        let mut after = self.skip(start)?;
        let mut segments = Walk::<EventSegment>::after(self.inner, start);
        self.reach(&self.whole.clone(), true)?;
        while let Some(end) = self.newest.as_ref().map(|newest| newest.events).filter(|end| self.whole.size() < *end) {
            let expected = self.whole.size() / SEGMENT + 1;
            match segments.next()? {
                Some((segment, true)) if segment.key == expected => after = self.segment(&segment, after, end)?,
                _ => return Err(self.at_checkpoint().into()),
            }
            if self.whole.size() / SEGMENT < expected {
                break;
            }
        }
        // Whatever is still ahead was not reached by the tree: the newest checkpoint is not what it was.
        if self.ahead.is_some() {
            return Err(self.at_checkpoint().into());
        }
        let number = self.newest.as_ref().map_or(0, |newest| newest.number);
        let covered = self.newest.as_ref().map_or((0, 0), |newest| (newest.events, newest.last_number));
        let segments = self.inner.last::<EventSegment>()?.map_or(0, |last| last.before() + u64::from(last.events));
        let newer = || Ok::<_, crate::Error>(self.inner.last::<Checkpoint>()?.is_some_and(|c| c.number > number));
        if log.closed < covered.1 || segments > covered.0 && !newer()? {
            return Err(LogProblem::shown_by(number + 1).into());
        }
        self.uncovered()?;
        // What is known and was not met is of a later time than this log, or of another one.
        match self.known.pop() {
            Some(known) => {
                Err(LogProblem { checkpoint: Some(known.number), ..LogProblem::of(Tampering::RolledBack) }.into())
            }
            None => Ok(()),
        }
    }

    /// Puts the hashes of the first `segments` segments in place of their events, and answers with the number of the last.
    fn skip(&mut self, segments: u64) -> Result<u64, Stop> {
        let mut walk = Walk::<EventSegment>::after(self.inner, 0);
        let mut after = 0;
        for key in 1..=segments {
            match walk.next()? {
                Some((segment, true)) if segment.key == key && segment.is_whole() => {
                    self.whole.push_tree(LEVEL, segment.tree_hash()?);
                    after = segment.last_number;
                }
                _ => return Err(self.at_checkpoint().into()),
            }
        }
        Ok(after)
    }

    /// Goes through a segment of a log whose newest checkpoint covers `end` events, and answers with its last number.
    fn segment(&mut self, segment: &EventSegment, after: u64, end: u64) -> Result<u64, Stop> {
        let before = self.whole.size();
        let newest = self.newest.as_ref().map_or(0, |newest| newest.last_number);
        let is_last = end - before <= SEGMENT;
        let to = if is_last && end - before < SEGMENT { newest } else { segment.last_number };
        if segment.numbers.is_none() {
            return self.pruned(segment);
        }
        let Ok(numbers) = segment.numbers() else { return Err(self.at_checkpoint().into()) };
        let covered = numbers.map_or(0, |numbers| numbers.iter().filter(|number| **number <= to).count() as u64);
        if covered != (end - before).min(SEGMENT) {
            return Err(self.at_checkpoint().into());
        }
        let found = self.inner.events_of(segment, after, to, self.untagged)?;
        if let Some(flaw) = found.flaw {
            // Somebody may be pruning right now.
            let again = self.inner.find_record::<EventSegment>(segment.key)?.map(|stored| stored.record);
            if let Some(again) = again.filter(|again| again.numbers.is_none())
                && self.inner.tags.is_genuine(&again, &self.inner.ids)
            {
                return self.pruned(&again);
            }
            self.leaves(&found.hashes)?;
            return Err(self.flaw(flaw).into());
        }
        let open = self.leaves(&found.hashes)?;
        if open.size() == SEGMENT {
            if open.root() != segment.hash.as_slice() {
                return Err(self.at_checkpoint().into());
            }
            self.whole.push_tree(LEVEL, open.root());
            self.reach(&self.whole.clone(), true)?;
        }
        self.tell()?;
        Ok(segment.last_number)
    }

    /// Lets the tree grow over a segment's events, and answers with the tree over these.
    fn leaves(&mut self, hashes: &[Hash]) -> Result<Frontier, Stop> {
        let mut open = Frontier::default();
        for hash in hashes {
            open.push(*hash);
            self.found.events += 1;
            if open.size() < SEGMENT && self.whole.size() + open.size() >= self.next_size() {
                self.reach(&self.whole.join(&open), true)?;
            }
        }
        Ok(open)
    }

    fn pruned(&mut self, segment: &EventSegment) -> Result<u64, Stop> {
        if !segment.is_whole() {
            return Err(self.at_checkpoint().into());
        }
        // Of checkpoints within, the events are gone; their signatures are not.
        let before = self.whole.size();
        while let Some((checkpoint, _)) = self.ahead.as_ref().filter(|(c, _)| c.events < before + SEGMENT) {
            let tree = checkpoint.tree()?;
            self.reach(&tree, false)?;
        }
        self.known.retain(|known| known.events >= before + SEGMENT);
        self.found.pruned += SEGMENT;
        self.whole.push_tree(LEVEL, segment.tree_hash()?);
        self.reach(&self.whole.clone(), true)?;
        self.tell()?;
        Ok(segment.last_number)
    }

    /// The tree came to stand at `tree`: do those who spoke of this size say the same?
    fn reach(&mut self, tree: &Frontier, computed: bool) -> Result<(), Stop> {
        let root = |root: &mut Option<Hash>| *root.get_or_insert_with(|| tree.root());
        let mut computed_root = None;
        while let Some((checkpoint, statement)) = self.ahead.take_if(|(c, _)| c.events <= tree.size()) {
            let own = root(&mut computed_root);
            let agrees = checkpoint.events == tree.size()
                && statement.root == own
                && checkpoint.root == own
                && checkpoint.frontier == tree.to_bytes();
            if !agrees {
                return Err(LogProblem::shown_by(checkpoint.number).into());
            }
            self.found.checkpoints += 1;
            self.found.last_checkpoint = Some(checkpoint.number);
            self.look_ahead()?;
        }
        while let Some(known) = self.known.pop_if(|known| known.events <= tree.size()) {
            // Nobody can tell any more what a pruned log hashed to halfway between two checkpoints.
            if !computed && known.events < tree.size() {
                continue;
            }
            if known.events != tree.size() || known.root != root(&mut computed_root) {
                let problem = LogProblem { checkpoint: Some(known.number), ..LogProblem::of(Tampering::RolledBack) };
                return Err(problem.into());
            }
        }
        Ok(())
    }

    /// The next size of the tree that somebody spoke of.
    fn next_size(&self) -> u64 {
        let ahead = self.ahead.as_ref().map_or(u64::MAX, |(checkpoint, _)| checkpoint.events);
        self.known.last().map_or(ahead, |known| known.events.min(ahead))
    }

    /// Reads the checkpoint that comes next, unless it is newer than this verification.
    fn look_ahead(&mut self) -> Result<(), Stop> {
        let Some((checkpoint, is_genuine)) = self.checkpoints.next()? else { return Ok(()) };
        let number = checkpoint.number;
        if self.newest.as_ref().is_some_and(|newest| number > newest.number) {
            return Ok(());
        }
        let is_next = match (self.found.last_checkpoint, self.first) {
            (None, Some(first)) => number == first,
            (last, _) => follows(last.unwrap_or(0), number),
        };
        let signed = self.verifier.as_ref().and_then(|verifier| verifier.read(&checkpoint.note).ok());
        let signed = signed.filter(|statement| {
            (statement.number, statement.at, statement.events) == (number, checkpoint.at, checkpoint.events)
        });
        match signed {
            Some(statement) if is_genuine && is_next => {
                self.ahead = Some((checkpoint, statement));
                Ok(())
            }
            _ => Err(LogProblem::shown_by(number).into()),
        }
    }

    /// The events that no checkpoint covers.
    fn uncovered(&mut self) -> Result<(), Stop> {
        let mut after = self.newest.as_ref().map_or(0, |newest| newest.last_number);
        loop {
            let rows = self.inner.event_rows(after, u64::MAX >> 1, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.key;
            for row in rows {
                let number = row.key;
                if !is_sound(&self.inner.tags, &row, self.untagged) || self.inner.line_of(row).is_err() {
                    return Err(self.flaw(Flaw::Altered(number)).into());
                }
                self.found.events += 1;
                self.found.uncovered += 1;
            }
            self.tell()?;
        }
    }

    /// What is wrong shows at the checkpoint that comes next.
    fn at_checkpoint(&self) -> LogProblem {
        let checkpoint = self.ahead.as_ref().map(|(checkpoint, _)| checkpoint.number);
        LogProblem { checkpoint, ..LogProblem::of(Tampering::CheckpointBroken) }
    }

    fn flaw(&self, flaw: Flaw) -> LogProblem {
        let (what, number) = match flaw {
            Flaw::Altered(number) => (Tampering::Altered, number),
            Flaw::Missing(number) => (Tampering::Missing, number),
            Flaw::Added(number) => (Tampering::Added, number),
        };
        LogProblem { event: Some(self.inner.ids.id(number)), ..LogProblem { what, ..self.at_checkpoint() } }
    }

    fn tell(&self) -> Result<(), Stop> {
        let total = self.newest.as_ref().map_or(0, |newest| newest.events);
        Ok(tell(self.progress, self.found.events + self.found.pruned, total)?)
    }
}

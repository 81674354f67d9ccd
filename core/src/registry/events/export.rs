//! The log as a file that verifies by itself: JSON Lines with the events, their checkpoints, and where it begins.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};

use data_encoding::BASE64;
use serde_json::Value as Json;

use super::super::Inner;
use super::merkle::{Frontier, Hash, is_consistent, leaf};
use super::note::LogVerifier;
use super::proof::Trees;
use super::segment::{LEVEL, SEGMENT, broken};
use super::verify::{LogProblem, Tampering, Verification, Walk};
use crate::Result;
use crate::callback;
use crate::error::{Error, EventError};
use crate::model::Checkpoint;

/// How many events are read at once.
const PAGE: u32 = 1_024;
/// The longest line that is read: a checkpoint with many witnesses.
const LONGEST: u64 = 1 << 18;

/// Lines for the host, whose code each write is.
pub(super) struct Lines<'o>(pub(super) &'o mut dyn Write);

impl Lines<'_> {
    pub(super) fn write(&mut self, line: &str) -> Result<()> {
        callback::run(|| writeln!(self.0, "{line}")).map_err(|e| unwritable(&e))
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        callback::run(|| self.0.flush()).map_err(|e| unwritable(&e))
    }

    /// Where the lines that follow begin in the log.
    pub(super) fn header(&mut self, log: &str, tree: &Frontier) -> Result<()> {
        self.write(&header(log, tree))
    }

    /// A checkpoint, and how the log grew from here to it.
    pub(super) fn checkpoint(&mut self, note: &str, path: &[Hash]) -> Result<()> {
        self.write(&checkpoint(note, path))
    }
}

fn header(log: &str, tree: &Frontier) -> String {
    format!(r#"{{"frontier":{},"from":{},"log":"{log}"}}"#, hashes(tree.peaks()), tree.size())
}

fn checkpoint(note: &str, path: &[Hash]) -> String {
    format!(r#"{{"checkpoint":{},"proof":{}}}"#, Json::from(note), hashes(path))
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::input("the export's output", &format!("cannot be written: {}", error.kind()))
}

fn hashes(hashes: &[Hash]) -> String {
    let hashes: Vec<_> = hashes.iter().map(|hash| format!(r#""{}""#, BASE64.encode(hash))).collect();
    format!("[{}]", hashes.join(","))
}

impl Inner {
    /// Writes the log from checkpoint `from`, or from the first event that is left, to the newest checkpoint.
    pub(super) fn export_log(&self, from: Option<u64>, out: &mut dyn Write) -> Result<u64> {
        let newest = self.newest_checkpoint()?.ok_or(EventError::NoCheckpoint)?;
        let verifier = self.log_verifier()?.ok_or(EventError::NoCheckpoint)?;
        let trees = Trees::read(self)?;
        let (mut tree, mut last, first_checkpoint) = if let Some(from) = from {
            let from = self.checkpoint(from)?;
            (from.tree()?, from.last_number, from.number)
        } else {
            let pruned = trees.segments().iter().take_while(|segment| segment.numbers.is_none()).count();
            let mut tree = Frontier::default();
            for segment in trees.segments().iter().take(pruned) {
                tree.push_tree(LEVEL, segment.tree_hash()?);
            }
            (tree, trees.last_before(pruned), 0)
        };
        let at = usize::try_from(tree.size() / SEGMENT).unwrap_or(usize::MAX);
        if trees.segments().get(at).is_some_and(|segment| segment.numbers.is_none()) {
            return Err(EventError::Pruned.into());
        }
        drop(trees);
        let mut lines = Lines(out);
        lines.header(verifier.name(), &tree)?;
        let mut checkpoints = Walk::<Checkpoint>::after(self, first_checkpoint);
        let mut ahead = None;
        let begin = tree.size();
        loop {
            // Checkpoints before the beginning of a pruned log have nothing left to say.
            while ahead.as_ref().is_none_or(|next: &Checkpoint| next.events <= tree.size()) {
                if let Some(reached) = ahead.take().filter(|reached| reached.events >= begin && reached.events > 0) {
                    if reached.events != tree.size() || reached.root != tree.root() {
                        return Err(broken(format!("checkpoint {} is of other events", reached.number)));
                    }
                    lines.checkpoint(&reached.note, &[])?;
                }
                match checkpoints.next()? {
                    Some((next, true)) if next.number <= newest.number => ahead = Some(next),
                    Some((next, false)) => return Err(broken(format!("checkpoint {} was altered", next.number))),
                    _ => break,
                }
            }
            let Some(next) = &ahead else { break };
            let rows = self.event_rows(last, next.last_number, PAGE)?;
            if rows.is_empty() {
                return Err(broken(format!("checkpoint {} is of more events", next.number)));
            }
            for row in rows {
                last = row.key;
                let line = self.line_of(row)?;
                tree.push(leaf(line.as_bytes()));
                lines.write(&line)?;
            }
        }
        lines.flush()?;
        Ok(tree.size() - begin)
    }
}

/// Whether a log that was exported ([`Events::export_log`](super::Events::export_log)) or archived
/// ([`Events::prune`](super::Events::prune)) is what the registry with this public key recorded: without a registry, a store,
/// or a secret. Files that follow each other may be read as one.
///
/// The first problem names a line. Where a line holds no JSON, or no checkpoint of this log, that is it; otherwise it is the
/// checkpoint that does not fit, and what was changed stands between it and the checkpoint before.
///
/// # Errors
/// `input.invalid` for what is no public key of a log, or when `input` cannot be read.
pub fn verify_export(input: &mut dyn Read, public_key: &str) -> Result<Verification> {
    let verifier = LogVerifier::parse(public_key)?;
    let mut reader = BufReader::new(input);
    let mut reading = Reading::new(verifier);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = (&mut reader).take(LONGEST).read_until(b'\n', &mut line);
        let read = read.map_err(|e| Error::input("the exported log", &format!("cannot be read: {}", e.kind())))?;
        let fits = if read == 0 { reading.end() } else { reading.line(line.strip_suffix(b"\n").unwrap_or(&line)) };
        if let Err(problem) = fits {
            reading.found.first = Some(LogProblem { line: Some(number), ..problem });
        }
        if read == 0 || reading.found.first.is_some() {
            break;
        }
    }
    Ok(reading.found)
}

struct Reading {
    verifier: LogVerifier,
    tree: Option<Frontier>,
    /// Where a file may begin again: sizes that the tree had, its hash there, and how many events were read by then.
    places: BTreeMap<u64, (Hash, u64)>,
    /// Whether a checkpoint vouches for all lines so far.
    is_covered: bool,
    found: Verification,
}

impl Reading {
    fn new(verifier: LogVerifier) -> Self {
        Self { verifier, tree: None, places: BTreeMap::new(), is_covered: false, found: Verification::default() }
    }

    /// A file, or the part of one that an interrupted one is followed by, begins here.
    fn begin(&mut self, tree: Frontier) {
        self.places.insert(tree.size(), (tree.root(), self.found.events));
        self.found.uncovered = 0;
        self.is_covered = false;
        self.tree = Some(tree);
    }

    /// Nothing follows.
    fn end(&self) -> Result<(), LogProblem> {
        if self.is_covered { Ok(()) } else { Err(LogProblem::of(Tampering::Missing)) }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LogProblem> {
        let altered = || LogProblem::of(Tampering::Altered);
        let json: Json = serde_json::from_slice(line).map_err(|_| altered())?;
        let json = json.as_object().ok_or_else(altered)?;
        if let Some(from) = json.get("from") {
            let size = from.as_u64().ok_or_else(altered)?;
            if json.get("log").and_then(Json::as_str) != Some(self.verifier.name()) {
                return Err(altered());
            }
            let peaks = read_hashes(json.get("frontier")).ok_or_else(altered)?.concat();
            let tree = Frontier::from_bytes(size, &peaks).ok_or_else(altered)?;
            // Whatever else such a line said, nobody would have signed.
            if header(self.verifier.name(), &tree).as_bytes() != line {
                return Err(altered());
            }
            match &self.tree {
                None => self.found.pruned = size,
                Some(own) if *own == tree => {}
                Some(own) if own.size() < size => return Err(LogProblem::of(Tampering::Missing)),
                Some(_) => match self.places.get(&size) {
                    Some((root, events)) if *root == tree.root() => self.found.events = *events,
                    _ => return Err(altered()),
                },
            }
            self.begin(tree);
            return Ok(());
        }
        let tree = self.tree.as_mut().ok_or_else(|| LogProblem::of(Tampering::Missing))?;
        let Some(note) = json.get("checkpoint") else {
            tree.push(leaf(line));
            self.is_covered = false;
            self.found.events += 1;
            self.found.uncovered += 1;
            if tree.size().is_multiple_of(SEGMENT) {
                self.places.insert(tree.size(), (tree.root(), self.found.events));
            }
            return Ok(());
        };
        let broken = || LogProblem::of(Tampering::CheckpointBroken);
        let path = read_hashes(json.get("proof")).ok_or_else(broken)?;
        let note = note.as_str().ok_or_else(broken)?;
        let statement = self.verifier.read(note).map_err(|_| broken())?;
        if checkpoint(note, &path).as_bytes() != line {
            return Err(broken());
        }
        let own = tree.root();
        // Of nothing, everything is a continuation.
        if tree.size() == 0 && statement.events > 0 {
            return Err(LogProblem { checkpoint: Some(statement.number), ..LogProblem::of(Tampering::Missing) });
        }
        if !is_consistent((tree.size(), &own), (statement.events, &statement.root), &path) {
            let what = match statement.events.cmp(&tree.size()) {
                std::cmp::Ordering::Less => Tampering::Added,
                std::cmp::Ordering::Greater if path.is_empty() => Tampering::Missing,
                _ => Tampering::Altered,
            };
            return Err(LogProblem { checkpoint: Some(statement.number), ..LogProblem::of(what) });
        }
        // Only behind whole runs, which were pruned, a checkpoint of later events stands.
        let is_run = self.found.uncovered > 0 && tree.size().is_multiple_of(SEGMENT);
        if statement.events != tree.size() && !is_run {
            return Err(LogProblem { checkpoint: Some(statement.number), ..LogProblem::of(Tampering::Missing) });
        }
        self.is_covered = true;
        self.found.uncovered = 0;
        self.found.checkpoints += 1;
        // One of later events shows that those before it are genuine, not that none is missing behind them.
        if statement.events == tree.size() {
            self.found.last_checkpoint = Some(statement.number);
        }
        Ok(())
    }
}

fn read_hashes(json: Option<&Json>) -> Option<Vec<Hash>> {
    let hash = |json: &Json| BASE64.decode(json.as_str()?.as_bytes()).ok()?.try_into().ok();
    json?.as_array()?.iter().map(hash).collect()
}

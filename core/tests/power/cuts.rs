//! The power goes, at any point of a recorded run.

use std::path::Path;

use crate::disk::{Dice, Disk};
use crate::life::{Beside, End, Fact, Ledger, Work, command, found, run};
use crate::trace::{self, Call, Event};

/// A run of one or more children, one after the other, and what the disk held before.
struct Record {
    folder: tempfile::TempDir,
    events: Vec<Event>,
}

/// A folder in memory, if there is such: the disk's own speed matters to none of this.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

/// Copies the files in a folder.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Record {
    /// Founds a registry and runs children in it, each with the syncs that fail.
    fn of(children: &[(Work, Option<&str>)]) -> (tempfile::TempDir, Self) {
        let before = folder();
        found(before.path());
        let scene = folder();
        copy(before.path(), scene.path());
        let mut events = Vec::new();
        for (work, failing) in children {
            let file = scene.path().join("record");
            let told = run(command(Some(trace::recording(&file, *failing)), scene.path(), *work));
            assert!(told.ended(), "the child did not come to its end:\n{}", told.tail());
            let first = events.len();
            events.extend(trace::read(&file).into_iter().map(|event| match event {
                Event::End(begun, succeeded) => Event::End(first + begun, succeeded),
                begin @ Event::Begin(_) => begin,
            }));
            std::fs::remove_file(file).unwrap();
        }
        (before, Self { folder: scene, events })
    }

    /// Plays the record, cutting the power at `cuts` points; what the first check that fails has to say.
    fn play(&self, before: &Path, seed: u64, cuts: usize, lies: bool) -> Result<(usize, usize), String> {
        let mut dice = Dice(seed);
        // Half of the cuts come right after something was acknowledged.
        let told: Vec<usize> = (0..self.events.len()).filter(|at| self.told(*at).is_some()).collect();
        let mut points: Vec<usize> = (0..cuts)
            .map(|cut| if cut % 2 == 0 { told[dice.below(told.len())] } else { dice.below(self.events.len()) })
            .collect();
        points.sort_unstable();
        // Paths in the record are those of the scene.
        let mut disk = Disk::of(before, self.folder.path(), dice.next());
        disk.lies = lies;
        let mut ledger = Ledger::default();
        for at in 0..self.events.len() {
            disk.step(at, &self.events);
            ledger.note(self.told(at).into_iter());
            while points.first() == Some(&at) {
                points.remove(0);
                let after = folder();
                disk.cut(after.path());
                // Each cut is another future: what one finds, the next does not know.
                ledger
                    .clone()
                    .check(after.path())
                    .map_err(|why| format!("seed {seed}, cut after event {at} of {}: {why}", self.events.len()))?;
            }
        }
        Ok((ledger.facts(), disk.failed_syncs))
    }

    fn told(&self, at: usize) -> Option<Fact> {
        match &self.events[at] {
            Event::Begin(Call::Tell(line)) => {
                Fact::parse(line.trim_end()).filter(|fact| !matches!(fact, Fact::Error(_)))
            }
            _ => None,
        }
    }
}

/// How many cuts: more where somebody asks for it.
fn cuts() -> usize {
    std::env::var("TEGATA_POWER_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(16)
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_moment() {
    // One that closes the file properly, with a checkpoint; one that is killed; and one that finds what it left.
    let killed = Work { end: End::Kill, beside: Beside::Checkpoints, ..Work::of(8) };
    let (before, record) = Record::of(&[(Work::of(6), None), (killed, None), (Work::of(6), None)]);
    for seed in 1..=2 {
        let (facts, _) = record.play(before.path(), seed, cuts(), false).unwrap();
        assert!(facts >= 20 * 3 * 4, "the children did almost nothing: {facts} facts");
    }
    // And the proof that this would be found out: the same on a disk that only says that it has written.
    record.play(before.path(), 1, cuts(), true).unwrap_err();
}

#[test]
fn what_was_acknowledged_after_a_failed_sync_survives_a_power_cut() {
    // What a failed sync did not write is not on the disk, though everybody can read it (https://lwn.net/Articles/752063/).
    let killed = Work { end: End::Kill, ..Work::of(8) };
    let (before, record) =
        Record::of(&[(killed, Some("error=EIO:when=5+5")), (Work::of(6), Some("error=EIO:when=7+3"))]);
    for seed in 1..=2 {
        let (facts, failed) = record.play(before.path(), seed, cuts(), false).unwrap();
        assert!(facts >= 14 * 3 * 4 && failed > 4, "{facts} facts, {failed} failed syncs");
    }
}

#[test]
fn nothing_is_built_on_what_a_failed_sync_left_in_memory() {
    // The process dies after a sync failed; the next one reads from the system's memory what is not on the disk.
    let failed = Work { end: End::Error, ..Work::of(8) };
    let killed = Work { end: End::Kill, ..Work::of(4) };
    for fails in ["17", "22", "30"] {
        let how = format!("error=EIO:when={fails}+1");
        let (before, record) = Record::of(&[(failed, Some(how.as_str())), (killed, None)]);
        for seed in 1..=2 {
            let (facts, failed) = record.play(before.path(), seed, cuts() / 2, false).unwrap();
            assert!(facts >= 4 * 3 * 4 && failed > 0, "{facts} facts, {failed} failed syncs");
        }
    }
}

#[test]
fn a_log_that_could_not_be_brought_into_the_file_is_brought_in_from_its_beginning() {
    // While somebody reads, SQLite copies the log in portions and syncs only the last. If that fails, the others are lost, too.
    let read = Work { end: End::Kill, beside: Beside::Reads, ..Work::of(10) };
    for fails in ["when=10+2", "when=11+3"] {
        let how = format!("error=EIO:{fails}");
        let (before, record) = Record::of(&[(read, Some(how.as_str()))]);
        for seed in 1..=3 {
            let (facts, failed) = record.play(before.path(), seed, cuts(), false).unwrap();
            assert!(facts >= 10 * 3 * 4 && failed > 20, "{facts} facts, {failed} failed syncs");
        }
    }
}

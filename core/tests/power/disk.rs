//! What is on a disk after the power went: what was synced, and of the rest anything.
//!
//! The model is as unkind as POSIX allows. Unsynced writes reach the disk or not, in any order, sector by sector; names
//! of files last when their folder was synced. What a failed sync was to make durable is on the disk or lost for good,
//! though whoever reads the file still sees it: the system takes it for clean.

use std::collections::BTreeMap;
use std::path::Path;

use crate::trace::{Call, Event};

const SECTOR: usize = 512;

/// Random numbers that are the same each time (`SplitMix64`).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    /// Whether something happens that does so `percent` times in a hundred.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => put(content, *offset, data),
            Self::Truncate(length) => content.resize(*length, 0),
        }
    }

    /// As much of it as happens to get through.
    fn tear(&self, content: &mut Vec<u8>, percent: usize, dice: &mut Dice) {
        match self {
            Self::Write(offset, data) => {
                let mut at = 0;
                while at < data.len() {
                    let end = data.len().min(at + SECTOR - (offset + at) % SECTOR);
                    if dice.chance(percent) {
                        put(content, offset + at, &data[at..end]);
                    }
                    at = end;
                }
            }
            Self::Truncate(_) => {
                if dice.chance(percent) {
                    self.apply(content);
                }
            }
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if content.len() < offset + data.len() {
        content.resize(offset + data.len(), 0);
    }
    content[offset..offset + data.len()].copy_from_slice(data);
}

struct Pending {
    begun: usize,
    returned: bool,
    change: Change,
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

/// One folder on the disk, as a record of system calls changes it.
pub struct Disk {
    folder: String,
    files: Vec<File>,
    /// What a running process sees.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<(String, Option<usize>)>,
    /// By the beginning of a sync: what had been written until then.
    syncs: BTreeMap<usize, Sync>,
    dice: Dice,
    /// Whether syncs do nothing, as with a disk that says yes and keeps everything in its cache.
    pub lies: bool,
    /// How many syncs failed so far.
    pub failed_syncs: usize,
}

enum Sync {
    Folder(usize),
    File(usize, Vec<usize>),
}

impl Disk {
    /// The folder as it is now, all of it durable; the record calls it `called`.
    pub fn of(folder: &Path, called: &Path, seed: u64) -> Self {
        let mut disk = Self {
            folder: called.to_str().unwrap().to_owned(),
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            syncs: BTreeMap::new(),
            dice: Dice(seed),
            lies: false,
            failed_syncs: 0,
        };
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            disk.names.insert(name, disk.files.len());
            disk.files.push(File { durable: std::fs::read(entry.path()).unwrap(), pending: Vec::new() });
        }
        disk.durable_names = disk.names.clone();
        disk
    }

    /// The name of a file in the folder whose content matters: the shared memory beside the log is made anew.
    fn name<'p>(&self, path: &'p str) -> Option<&'p str> {
        let name = path.strip_prefix(&self.folder)?.strip_prefix('/')?;
        (!name.ends_with("-shm")).then_some(name)
    }

    /// Lets event number `at` happen.
    pub fn step(&mut self, at: usize, events: &[Event]) {
        match &events[at] {
            Event::Begin(call) => self.begin(at, call),
            Event::End(begun, succeeded) => {
                if let Event::Begin(call) = &events[*begun] {
                    self.end(*begun, call, *succeeded);
                }
            }
        }
    }

    fn change(&mut self, begun: usize, path: &str, change: Change) {
        let Some(file) = self.name(path).and_then(|name| self.names.get(name)) else { return };
        self.files[*file].pending.push(Pending { begun, returned: false, change });
    }

    fn begin(&mut self, at: usize, call: &Call) {
        let whole = |number: u64| usize::try_from(number).unwrap();
        match call {
            Call::Write { path, offset, data } => self.change(at, path, Change::Write(whole(*offset), data.clone())),
            Call::Truncate { path, length } => self.change(at, path, Change::Truncate(whole(*length))),
            Call::Sync { path } if *path == self.folder => {
                self.syncs.insert(at, Sync::Folder(self.pending_names.len()));
            }
            Call::Sync { path } => {
                let Some(&file) = self.name(path).and_then(|name| self.names.get(name)) else { return };
                let until = self.files[file].pending.iter().filter(|p| p.returned).map(|p| p.begun).collect();
                self.syncs.insert(at, Sync::File(file, until));
            }
            Call::Open { .. } | Call::Unlink { .. } | Call::Tell(_) => {}
        }
    }

    fn end(&mut self, begun: usize, call: &Call, succeeded: bool) {
        match call {
            Call::Write { .. } | Call::Truncate { .. } => {
                for file in &mut self.files {
                    if let Some(position) = file.pending.iter().position(|p| p.begun == begun) {
                        file.pending[position].returned = true;
                        if !succeeded {
                            file.pending.remove(position);
                        }
                    }
                }
            }
            Call::Open { path, create: true } if succeeded => {
                let Some(name) = self.name(path).map(str::to_owned) else { return };
                if !self.names.contains_key(&name) {
                    let file = self.files.len();
                    self.files.push(File::default());
                    self.names.insert(name.clone(), file);
                    self.pending_names.push((name, Some(file)));
                }
            }
            Call::Unlink { path } if succeeded => {
                let Some(name) = self.name(path).map(str::to_owned) else { return };
                self.names.remove(&name);
                self.pending_names.push((name, None));
            }
            Call::Sync { .. } => self.synced(begun, succeeded),
            _ => {}
        }
    }

    fn synced(&mut self, begun: usize, succeeded: bool) {
        let Some(sync) = self.syncs.remove(&begun) else { return };
        if self.lies {
            return;
        }
        self.failed_syncs += usize::from(!succeeded);
        match sync {
            Sync::Folder(_) if !succeeded => {}
            Sync::Folder(until) => {
                for (name, file) in self.pending_names.drain(..until.min(self.pending_names.len())) {
                    match file {
                        Some(file) => self.durable_names.insert(name, file),
                        None => self.durable_names.remove(&name),
                    };
                }
            }
            Sync::File(file, until) => {
                let File { durable, pending } = &mut self.files[file];
                let dice = &mut self.dice;
                // A failure may concern all of it or a part.
                let arrives = if succeeded { 100 } else { [0, 0, 50, 90][dice.below(4)] };
                pending.retain(|pending| {
                    let concerned = until.binary_search(&pending.begun).is_ok();
                    if concerned {
                        pending.change.tear(durable, arrives, dice);
                    }
                    !concerned
                });
            }
        }
    }

    /// Writes to `folder` what is found after the power goes now.
    pub fn cut(&mut self, folder: &Path) {
        let dice = &mut self.dice;
        let arrives = [0, 0, 30, 70, 97, 100][dice.below(6)];
        let mut names = self.durable_names.clone();
        let changed = if arrives == 100 { self.pending_names.len() } else { dice.below(self.pending_names.len() + 1) };
        for (name, file) in &self.pending_names[..changed] {
            match file {
                Some(file) => names.insert(name.clone(), *file),
                None => names.remove(name),
            };
        }
        for (name, file) in names {
            let File { durable, pending } = &self.files[file];
            let mut content = durable.clone();
            for pending in pending {
                pending.change.tear(&mut content, arrives, dice);
            }
            std::fs::write(folder.join(name), content).unwrap();
        }
    }
}

//! What a million devices cost besides: `flat` (an enrollment's cost at `TEGATA_FLAT` devices, 10,000,000 by default, over that
//! at 100,000), `open` (opening a registry of `TEGATA_ROWS` over one of 1,000) and `memory` (the most that a process that serves
//! `TEGATA_ROWS` has in memory, in MB). The files are filled by `filler`.

use std::path::Path;
use std::process::Command;
use std::thread;

use tegata::{Bulk, DeviceFilter, Enroll, Page, open_store};
use tegata_benches::{Bench, open};

use crate::filler::fill;
use crate::{cpu, median, print, seconds, setting};

const SMALL: u64 = 100_000;
const A_ROUND: usize = 4_000;
const ROUNDS: u64 = 7;
/// The address of the store that a child of this process is to serve, and the file with the units that come to it.
const SERVE: &str = "TEGATA_BENCH_SERVE";
const UNITS: &str = "TEGATA_BENCH_UNITS";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap()
}

/// Processor time and time of what enrolling costs, per unit, in microseconds.
fn cost(bench: &Bench, units: &[Enroll]) -> (f64, f64) {
    let before = cpu();
    let took = seconds(|| {
        for result in bench.registry.devices().enroll_many(units, &Bulk::each(), &bench.call).unwrap() {
            result.unwrap();
        }
    });
    let each = 1e6 / units.len() as f64;
    ((cpu() - before) * each, took * each)
}

pub(crate) fn flat() {
    let folder = folder();
    let large = setting("TEGATA_FLAT", 10_000_000) as u64;
    let (few, _) = fill(&folder.path().join("few.sqlite"), SMALL);
    let mut many = None;
    let took = seconds(|| many = Some(fill(&folder.path().join("many.sqlite"), large).0));
    eprintln!("filled with {large} devices in {took:.0} s");
    compare("flat", &few, &many.unwrap());
}

/// What enrolling costs here and there.
pub(crate) fn compare(name: &str, few: &Bench, many: &Bench) {
    let (mut processor, mut elapsed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = 800_000_000_000 + round * 1_000_000;
        let (of_few, of_many) = (few.units(first, A_ROUND), many.units(first, A_ROUND));
        let (few, many) = (cost(few, &of_few), cost(many, &of_many));
        processor.push(many.0 / few.0);
        elapsed.push(many.1 / few.1);
    }
    print(name, median(elapsed));
    print(&format!("{name}-processor-time"), median(processor));
}

/// Milliseconds until a registry answers for the first time, over those of one with few devices.
pub(crate) fn opening(name: &str, few: &str, many: &str) {
    let opening =
        |url| median((0..15).map(|_| seconds(|| drop(open(open_store(url).unwrap())))).collect::<Vec<_>>()) * 1e3;
    let (few, many) = (opening(few), opening(many));
    print(name, many / few);
    print(&format!("{name}-milliseconds"), many);
}

fn address(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

pub(crate) fn opens() {
    let folder = folder();
    let (few, many) = (folder.path().join("few.sqlite"), folder.path().join("many.sqlite"));
    drop(fill(&few, 1_000));
    drop(fill(&many, setting("TEGATA_ROWS", 1_000_000) as u64));
    opening("open", &address(&few), &address(&many));
}

pub(crate) fn memory() {
    if let Ok(url) = std::env::var(SERVE) {
        return serve(&url);
    }
    let folder = folder();
    let file = folder.path().join("registry.sqlite");
    let (bench, store) = fill(&file, setting("TEGATA_ROWS", 1_000_000) as u64);
    drop(store);
    served_elsewhere(bench, &address(&file));
}

/// Serves the store in a process of its own: what filling left behind is none of the memory that serving takes.
pub(crate) fn served_elsewhere(bench: Bench, url: &str) {
    let folder = folder();
    let file = folder.path().join("units");
    let units = bench.units(700_000_000_000, A_ROUND);
    std::fs::write(&file, units.iter().flat_map(to_line).collect::<Vec<_>>()).unwrap();
    drop(bench);
    let mut child = Command::new(std::env::current_exe().unwrap());
    let status = child.arg("memory").env(SERVE, url).env(UNITS, &file).status().unwrap();
    assert!(status.success());
}

fn to_line(unit: &Enroll) -> Vec<u8> {
    let parts = [&unit.credential[..], &unit.csr, unit.unit.as_deref().unwrap_or_default().as_bytes()];
    parts
        .into_iter()
        .flat_map(|part| [&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes(), part].concat())
        .collect()
}

fn from_lines(mut bytes: &[u8]) -> Vec<Enroll> {
    let mut next = || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        bytes = rest;
        Some(part.to_vec())
    };
    let mut units = Vec::new();
    while let Some(credential) = next() {
        let (csr, unit) = (next().unwrap(), String::from_utf8(next().unwrap()).unwrap());
        units.push(Enroll::new(credential, csr).for_unit(unit));
    }
    units
}

/// What a server does all day, for a while: units that enroll one at a time and in bulk, and lists.
fn serve(url: &str) {
    let registry = open(open_store(url).unwrap());
    let call = tegata::Call::by("bench");
    let units = from_lines(&std::fs::read(std::env::var_os(UNITS).unwrap()).unwrap());
    let (singly, together) = units.split_at(units.len() / 2);
    thread::scope(|scope| {
        for share in singly.chunks(singly.len().div_ceil(64)) {
            let (registry, call) = (&registry, &call);
            scope.spawn(move || {
                for unit in share {
                    let device = registry.devices().enroll(unit, call).unwrap().device;
                    registry.devices().get(device.id).unwrap();
                }
            });
        }
        scope.spawn(|| {
            let mut page = Page::of(1_000);
            for _ in 0..200 {
                let listing = registry.devices().find(&DeviceFilter::default(), &page).unwrap();
                let Some(next) = listing.next else { break };
                page = page.after(next);
            }
        });
    });
    for result in registry.devices().enroll_many(together, &Bulk::each(), &call).unwrap() {
        result.unwrap();
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    if let Some(kilobytes) = most {
        print("memory-megabytes", kilobytes / 1024.0);
    }
}

//! `durable-bulk` and `durable-64`: enrollments a second into SQLite that survives a power cut, over the same into memory.
//!
//! The SQLite file holds `TEGATA_ROWS` enrolled devices (1,000,000 by default) before anything is measured.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tegata::store::MemoryStore;
use tegata::{Bulk, Enroll};
use tegata_benches::Bench;

use crate::filler;
use crate::{cpu, median, print, seconds, setting};

const A_ROUND: usize = 4_000;
const ROUNDS: u64 = 15;
const CALLERS: usize = 64;

/// A SQLite registry that is as full as asked for, and the folder that it lies in.
pub(crate) struct Full {
    pub(crate) bench: Bench,
    _folder: tempfile::TempDir,
}

thread_local! {
    /// Filling takes a while, so all figures of a run share one.
    static FULL: RefCell<Option<std::rc::Rc<Full>>> = const { RefCell::new(None) };
}

pub(crate) fn full() -> std::rc::Rc<Full> {
    FULL.with_borrow_mut(|full| std::rc::Rc::clone(full.get_or_insert_with(|| std::rc::Rc::new(fill()))))
}

fn fill() -> Full {
    let folder = tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let file = folder.path().join("registry.sqlite");
    let rows = setting("TEGATA_ROWS", 1_000_000);
    let mut bench = None;
    let took = seconds(|| bench = Some(filler::fill(&file, rows as u64).0));
    eprintln!("filled with {rows} devices in {took:.0} s");
    if rows > 0 {
        let bytes = std::fs::metadata(&file).unwrap().len();
        print("disk-bytes-per-device-with-certificate", bytes as f64 / rows as f64);
    }
    Full { bench: bench.unwrap(), _folder: folder }
}

pub(crate) fn enroll_all(bench: &Bench, units: &[Enroll]) {
    let results = bench.registry.devices().enroll_many(units, &Bulk::each(), &bench.call).unwrap();
    for result in results {
        result.unwrap();
    }
}

pub(crate) fn enroll_by_callers(bench: &Bench, units: &[Enroll]) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bench.registry.devices().enroll(unit, &bench.call).unwrap();
                }
            });
        }
    });
}

/// Seconds that the threads of this name were on a core.
fn on_core(name: &str) -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return f64::NAN };
    let nanoseconds = tasks.filter_map(|task| {
        let path = task.ok()?.path();
        let told = std::fs::read_to_string(path.join("comm")).ok().filter(|comm| comm.trim() == name)?;
        debug_assert!(!told.is_empty());
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}

/// Rounds of the same work on both, in turn; what is the median of how they compare?
fn compare(name: &str, work: fn(&Bench, &[Enroll])) {
    let full = full();
    let memory = Bench::new(MemoryStore::new());
    let (mut ratios, mut durable_rates, mut memory_rates) = (Vec::new(), Vec::new(), Vec::new());
    let (mut durable_cpu, mut memory_cpu, mut writer_cpu) = (0.0, 0.0, 0.0);
    for round in 0..ROUNDS {
        let first = 1_000_000_000 + name.len() as u64 * 10_000_000 + round * 1_000_000;
        let units = full.bench.units(first, A_ROUND);
        let (before, written) = (cpu(), on_core("tegata-sqlite"));
        let durable = seconds(|| work(&full.bench, &units));
        durable_cpu += cpu() - before;
        writer_cpu += on_core("tegata-sqlite") - written;
        let units = memory.units(first, A_ROUND);
        let before = cpu();
        let in_memory = seconds(|| work(&memory, &units));
        memory_cpu += cpu() - before;
        ratios.push(in_memory / durable);
        durable_rates.push(A_ROUND as f64 / durable);
        memory_rates.push(A_ROUND as f64 / in_memory);
    }
    print(name, median(ratios));
    print(&format!("{name}-per-second"), median(durable_rates));
    print(&format!("{name}-memory-per-second"), median(memory_rates));
    // What others run at the same time does not count here: microseconds of processor time for each.
    let each = 1e6 / (A_ROUND as f64 * ROUNDS as f64);
    print(&format!("{name}-processor"), durable_cpu * each);
    print(&format!("{name}-memory-processor"), memory_cpu * each);
    print(&format!("{name}-writer-processor"), writer_cpu * each);
}

pub(crate) fn bulk() {
    compare("durable-bulk", enroll_all);
}

pub(crate) fn callers() {
    compare("durable-64", enroll_by_callers);
}

//! `bindings`: one enrollment asked for from each language, over the same call from Rust, all into memory.
//!
//! Every language has a small program in `benches/bindings` that prepares its CSRs, enrolls them one at a time and prints
//! the microseconds of one. It runs in turn with the Rust loop here, so that a noisy machine disturbs both alike.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use tegata::Enroll;
use tegata::store::MemoryStore;
use tegata_benches::{Bench, csr};

use crate::{median, print, seconds, setting};

const LANGUAGES: &[&str] = &["python", "node", "c", "kotlin"];
const WARM_UP: usize = 100;

pub(crate) fn measure() {
    let count = setting("TEGATA_ENROLLMENTS", 4_000);
    let rounds = setting("TEGATA_ROUNDS", 7);
    if !run("prepare.sh", &[]).is_some_and(|ready| ready.contains("ready")) {
        eprintln!("bindings: benches/bindings/prepare.sh failed; `make setup` installs what it needs");
        return;
    }
    for language in LANGUAGES {
        compare(&format!("bindings-{language}"), language, count, 1, rounds);
    }
    // Threads in Python, promises in flight in Node: what a server does.
    compare("bindings-python-4", "python", count, 4, rounds);
    compare("bindings-node-4", "node", count, 4, rounds);
}

/// The median over the rounds of the language's time over Rust's.
fn compare(name: &str, language: &str, count: usize, threads: usize, rounds: usize) {
    let (mut ratios, mut theirs, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let asked = || run("run.sh", &[language, &count.to_string(), &threads.to_string()]);
        let (us, them) = if round % 2 == 0 {
            let us = rust(count, threads);
            (us, asked())
        } else {
            let them = asked();
            (rust(count, threads), them)
        };
        let Some(them) = them.and_then(|text| text.trim().parse::<f64>().ok()) else {
            eprintln!("{name}: benches/bindings/run.sh {language} printed no number");
            return;
        };
        ratios.push(them / us);
        theirs.push(them);
        ours.push(us);
    }
    print(name, median(ratios));
    print(&format!("{name}-us"), median(theirs));
    print(&format!("{name}-rust-us"), median(ours));
}

/// Microseconds of one enrollment, `threads` callers together working off `count` of them.
fn rust(count: usize, threads: usize) -> f64 {
    let bench = Bench::new(MemoryStore::new());
    let requests: Vec<_> =
        (0..count + WARM_UP).map(|n| Enroll::new(bench.credential.clone(), csr(&format!("unit {n}")))).collect();
    let (warm_up, timed) = requests.split_at(WARM_UP);
    let work = |requests: &[Enroll]| {
        for request in requests {
            black_box(bench.registry.devices().enroll(request, &bench.call).unwrap());
        }
    };
    work(warm_up);
    let took = seconds(|| {
        thread::scope(|scope| {
            for share in timed.chunks(count.div_ceil(threads)) {
                scope.spawn(move || work(share));
            }
        });
    });
    took / count as f64 * 1e6
}

/// What a script of `benches/bindings` prints, or nothing when it fails.
fn run(script: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(folder().join(script)).args(arguments).output().ok()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings")
}

//! Prints how we compare, one `name<TAB>value` a line, the peer and us measured in turn in this very process, so that a
//! noisy machine disturbs both alike. `ratios NAME ...` measures only those; no name measures all.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)] // Figures for people; what cannot be measured stops here.

mod authenticate;
mod bindings;
mod crl;
mod disk;
mod durable;
mod filler;
mod issue;
mod ocsp;
mod postgres;
mod scale;
#[path = "../../../core/tests/postgres_server/mod.rs"]
mod server;
mod twine;

use std::time::Instant;

type Measure = fn();

const ALL: &[(&str, Measure)] = &[
    ("issue", issue::measure),
    ("ocsp", ocsp::measure),
    ("crl-1m", crl::measure),
    ("durable-bulk", durable::bulk),
    ("durable-64", durable::callers),
    ("flat", scale::flat),
    ("open", scale::opens),
    ("memory", scale::memory),
    ("postgres", postgres::measure),
    ("authenticate", authenticate::measure),
    ("disk", disk::measure),
    ("twine", twine::measure),
    ("bindings", bindings::measure),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for name in &wanted {
        if !ALL.iter().any(|(known, _)| known == name) {
            let known: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
            eprintln!("there is no {name}; there are: {}", known.join(", "));
            std::process::exit(2);
        }
    }
    for (name, measure) in ALL {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            measure();
        }
    }
}

fn print(name: &str, value: f64) {
    println!("{name}\t{value:.3}");
}

/// Seconds that `work` takes.
fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of processor time that this process took so far, where the system tells (Linux): what others run meanwhile does not
/// count.
fn cpu() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which is in parentheses: the 12th and 13th, in hundredths of a second.
    let ticks = |at: usize| told.rsplit_once(')')?.1.split_whitespace().nth(at)?.parse::<f64>().ok();
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}

/// A number from the environment, for smaller or larger runs.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

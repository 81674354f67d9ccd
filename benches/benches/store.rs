//! How long the stores take for whole enrollments: one at a time and many at once.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tegata::Bulk;
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore};
use tegata_benches::Bench;

const MANY: usize = 500;

fn stores(c: &mut Criterion) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let sqlite = SqliteStore::open(folder.path().join("registry.sqlite"), SqliteOptions::default()).unwrap();
    for (name, bench) in [("memory", Bench::new(MemoryStore::new())), ("sqlite", Bench::new(sqlite))] {
        let mut next = 0;
        let mut units = |count: usize| {
            next += count as u64;
            bench.units(next - count as u64, count)
        };
        let mut group = c.benchmark_group(name);
        group.sample_size(20);
        group.bench_function("enroll one", |b| {
            b.iter_batched(
                || units(1).remove(0),
                |unit| bench.registry.devices().enroll(&unit, &bench.call).unwrap(),
                BatchSize::SmallInput,
            );
        });
        group.throughput(Throughput::Elements(MANY as u64));
        group.bench_function("enroll 500", |b| {
            b.iter_batched(
                || units(MANY),
                |units| bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap(),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, stores);
criterion_main!(benches);

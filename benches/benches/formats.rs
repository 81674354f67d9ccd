//! How long formats take: requests, certificates, CRLs.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tegata::x509::{CrlTemplate, CrlWriter};
use tegata::{KeyAlgorithm, Name, PrivateKey, RevocationReason, Signer, Timestamp, VerifiedCsr, parse_certificate};
use tegata_benches::{Bench, csr};

fn formats(c: &mut Criterion) {
    let request = csr("unit 1");
    c.bench_function("csr: read and verify", |b| b.iter(|| VerifiedCsr::parse(black_box(&request)).unwrap()));

    let bench = Bench::new(tegata::store::MemoryStore::new());
    c.bench_function("certificate: read", |b| b.iter(|| parse_certificate(black_box(&bench.credential)).unwrap()));

    let mut units = bench.units(0, 60_000).into_iter();
    c.bench_function("enroll: in memory, one at a time", |b| {
        b.iter_batched(
            || units.next().unwrap(),
            |unit| bench.registry.devices().enroll(&unit, &bench.call).unwrap(),
            criterion::BatchSize::SmallInput,
        );
    });

    let ca = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issuer: Name = "CN=Bench CA,O=Example".parse().unwrap();
    let now = Timestamp::from_unix(1_795_348_800);
    let entries = 100_000_u64;
    let mut group = c.benchmark_group("crl");
    group.throughput(Throughput::Elements(entries)).sample_size(10);
    group.bench_function("100,000 entries", |b| {
        b.iter(|| {
            let template = CrlTemplate {
                issuer: &issuer,
                number: 1,
                this_update: now,
                next_update: now.plus_days(7),
                authority_key_id: &ca.public_key().key_identifier(),
                delta_base: None,
                distribution_point: &[],
            };
            let mut writer = CrlWriter::new(&template, ca.algorithm(), 100_000).unwrap();
            for number in 0..entries {
                let mut serial = [0x11; 16];
                serial[8..].copy_from_slice(&number.to_be_bytes());
                writer.push(&serial, now, RevocationReason::KeyCompromise).unwrap();
            }
            writer.sign(&ca).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);

//! `authenticate`: client certificates recognised a second, on one core, against a full SQLite registry.

use std::hint::black_box;

use tegata::{Bulk, Presented, Proof};

use crate::{median, print, seconds};

const DEVICES: usize = 2_000;
const ROUNDS: usize = 9;

pub(crate) fn measure() {
    let full = crate::durable::full();
    let bench = &full.bench;
    let units = bench.units(3_000_000_000, DEVICES);
    let enrolled = bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap();
    let certificates: Vec<_> = enrolled.into_iter().map(|result| result.unwrap().issued.der).collect();
    let rates = (0..ROUNDS)
        .map(|_| {
            let took = seconds(|| {
                for certificate in &certificates {
                    let presented = Presented::Certificate { certificate, proof: Proof::TlsSession, device: None };
                    black_box(bench.registry.authenticate(&presented).unwrap());
                }
            });
            DEVICES as f64 / took
        })
        .collect();
    print("authenticate-certificates-per-second", median(rates));
}

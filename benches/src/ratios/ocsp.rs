//! `ocsp`: one signed response (request parsed, status known, encoded, signed) over one P-256 signature of the very bytes that
//! it signs. Then the same through a registry, in memory and in SQLite with `TEGATA_OCSP_ROWS` certificates (20,000 by
//! default) that are asked about in no order: the certificate's record read, and a response of its own signed since the
//! request has a nonce. The last figure is without a nonce and asks again and again about the same 1,000: the record is read,
//! the signature serves again.

use std::hint::black_box;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use tegata::store::{MemoryStore, SqliteOptions, SqliteStore};
use tegata::x509::ocsp::{ResponseTemplate, SingleResponse, responder_key_hash};
use tegata::x509::{OcspRequest, OcspStatus};
use tegata::{Bulk, KeyAlgorithm, OcspHash, PrivateKey, Signer, Timestamp, make_ocsp_request, parse_certificate};
use tegata_benches::Bench;

use crate::authenticate::on_core;
use crate::{median, print, seconds, setting};

const ROUNDS: usize = 301;
const A_ROUND: u32 = 100;
/// How many different certificates are asked about.
const ASKED: usize = 1_000;

/// Requests about certificates of a registry with `rows` of them.
fn requests(bench: &Bench, rows: usize, nonce: Option<&[u8]>) -> Vec<Vec<u8>> {
    let every = (rows / ASKED).max(1);
    let mut certificates = Vec::new();
    for first in (0..rows).step_by(5_000) {
        let units = bench.units(first as u64, 5_000.min(rows - first));
        let enrolled = bench.registry.devices().enroll_many(&units, &Bulk::each(), &bench.call).unwrap();
        for (at, enrolled) in enrolled.into_iter().enumerate() {
            let issued = enrolled.unwrap().issued;
            if (first + at) % every == 0 {
                certificates.push(issued);
            }
        }
    }
    let issuer = parse_certificate(&certificates[0].chain[0]).unwrap();
    let ask =
        |der: &[u8]| make_ocsp_request(&[parse_certificate(der).unwrap()], &issuer, OcspHash::Sha1, nonce).unwrap();
    // Far apart, so that each is on another page of the file than the one before.
    let count = certificates.len();
    (0..count).map(|n| ask(&certificates[n * 617 % count].der)).collect()
}

/// Signs as many octets as an answer has, with nothing around it.
fn bare_signer() -> impl Fn(&[u8]) -> ring::signature::Signature {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
    move |signed| pair.sign(&random, signed).unwrap()
}

pub(crate) fn measure() {
    let sign = bare_signer();
    let memory = Bench::new(MemoryStore::new());
    let request = requests(&memory, 1, Some(&[7; 32])).remove(0);
    let certificate = tegata::x509::Certificate::from_der(
        &memory.registry.ocsp().responder(memory.authority(), &memory.call).unwrap().certificate.unwrap(),
    )
    .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let responder = responder_key_hash(key.public_key());
    let now = Timestamp::from_unix(1_795_348_800);
    let template = |request: &OcspRequest<'_>, use_it: &dyn Fn(&ResponseTemplate<'_>) -> Vec<u8>| {
        let singles: Vec<_> = request
            .certificates()
            .iter()
            .map(|id| SingleResponse {
                certificate: id.der,
                status: OcspStatus::Good,
                this_update: now,
                next_update: Some(now.plus(86_400)),
            })
            .collect();
        use_it(&ResponseTemplate {
            responder: &responder,
            produced_at: now,
            responses: &singles,
            nonce: request.nonce(),
        })
    };
    let one = || {
        let request = OcspRequest::from_der(&request).unwrap();
        template(&request, &|template| template.sign(&key, Some(certificate.der())).unwrap())
    };
    let signed = template(&OcspRequest::from_der(&request).unwrap(), &|template| template.tbs());
    let floor = || sign(&signed);

    let mut ratios = Vec::with_capacity(ROUNDS);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let us = || seconds(|| (0..A_ROUND).for_each(|_| _ = black_box(one())));
        let bare = || seconds(|| (0..A_ROUND).for_each(|_| _ = black_box(floor())));
        // In turn, and in turn who goes first.
        let (us, bare) = if round % 2 == 0 {
            let us = us();
            (us, bare())
        } else {
            let bare = bare();
            (us(), bare)
        };
        ours.push(us);
        theirs.push(bare);
        ratios.push(us / bare);
    }
    print("ocsp", median(ratios));
    print("ocsp-us", median(ours) / f64::from(A_ROUND) * 1e6);
    print("ocsp-floor-us", median(theirs) / f64::from(A_ROUND) * 1e6);

    through("ocsp-memory", &Bench::new(MemoryStore::new()), spent);
    let folder = tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let store = SqliteStore::open(folder.path().join("fleet.sqlite"), SqliteOptions::default()).unwrap();
    through("ocsp-sqlite", &Bench::new(store), spent);
}

/// Seconds on a core where the system tells, so that what else the machine does counts less.
fn spent(work: &dyn Fn()) -> f64 {
    let before = on_core();
    let took = elapsed(work);
    before.zip(on_core()).map_or(took, |(before, after)| after - before)
}

pub(crate) fn elapsed(work: &dyn Fn()) -> f64 {
    seconds(work)
}

/// A registry's answers, over one signature, by this clock.
pub(crate) fn through(name: &str, bench: &Bench, clock: fn(&dyn Fn()) -> f64) {
    let (rows, sign) = (setting("TEGATA_OCSP_ROWS", 20_000), bare_signer());
    let bare = || clock(&|| (0..ASKED).for_each(|_| _ = black_box(sign(&[7; 300])))) / ASKED as f64;
    let fresh = requests(bench, rows, Some(&[7; 32]));
    let again: Vec<_> = fresh.iter().map(|request| without_nonce(request)).collect();
    let answer = |requests: &[Vec<u8>]| {
        let all = || requests.iter().for_each(|request| _ = black_box(bench.registry.ocsp().respond(request).unwrap()));
        clock(&all) / requests.len() as f64
    };
    // The first round makes the responder and fills the caches.
    let _ = (answer(&fresh), answer(&again));
    let (mut ratios, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..21 {
        let floor = bare();
        ratios.push(answer(&fresh) / floor);
        kept.push(answer(&again));
    }
    print(name, median(ratios));
    print(&format!("{name}-kept-us"), median(kept) * 1e6);
}

/// The same request without its extensions: they come last, and every length here fits one octet or two.
fn without_nonce(request: &[u8]) -> Vec<u8> {
    let read = OcspRequest::from_der(request).unwrap();
    let id = read.certificates()[0].der;
    let wrap = |content: &[u8]| [&[0x30, u8::try_from(content.len()).unwrap()], content].concat();
    wrap(&wrap(&wrap(&wrap(id))))
}

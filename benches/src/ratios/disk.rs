//! `disk`: bytes of SQLite file for each device with its ID, certificate, AES key and events; `TEGATA_ROWS` devices (1,000,000 by
//! default). Each brings its own CSR, so no private key is kept.

use tegata::model::ProfileSpec;
use tegata::store::{SqliteOptions, SqliteStore};
use tegata::{AuthorityFilter, Bulk, CertificateWish, NewDevice, Page, Provision, SymmetricAlgorithm};
use tegata_benches::{Bench, csr};

use crate::{print, setting};

const A_PORTION: usize = 10_000;

pub(crate) fn measure() {
    let folder = tempfile::tempdir_in(std::env::var_os("TEGATA_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let path = folder.path().join("fleet.sqlite");
    let bench = Bench::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let rows = setting("TEGATA_ROWS", 1_000_000);
    let registry = &bench.registry;
    let authority = registry.authorities().find(&AuthorityFilter::default(), &Page::of(1)).unwrap().items.remove(0).id;
    let profile = registry.profiles().put("fleet", &ProfileSpec::device(), &bench.call).unwrap().id;
    for first in (0..rows).step_by(A_PORTION) {
        let wishes: Vec<_> = (first..rows.min(first + A_PORTION))
            .map(|n| {
                let certificate = CertificateWish::for_csr(csr(&format!("unit {n}")), profile, authority);
                Provision::new(NewDevice::default()).with_key(SymmetricAlgorithm::Aes128).with_certificate(certificate)
            })
            .collect();
        let results = registry.devices().provision_many(&wishes, &Bulk::each(), &bench.call).unwrap();
        assert!(results.iter().all(Result::is_ok));
    }
    // The log goes into the file when the last one closes it.
    drop(bench);
    print("disk", std::fs::metadata(&path).unwrap().len() as f64 / rows as f64);
}

//! A registry in memory with a root and a profile, and a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::unused_self, dead_code, unreachable_pub)]

use std::sync::Arc;

use tegata::model::{Authority, ProfileSpec, SubjectPolicy};
use tegata::store::{MemoryStore, SoftwareSealer};
use tegata::{
    Call, CertificateFilter, CertificateGrouping, Clock, FixedClock, Issue, Issued, KeyAlgorithm, NewAuthority,
    Options, PrivateKey, ProfileId, Registry, Secret, Timestamp,
};

pub struct Fixture {
    pub registry: Registry,
    pub clock: Arc<FixedClock>,
    pub root: Authority,
    /// A profile that names its applicants.
    pub server: ProfileId,
}

impl Fixture {
    pub fn new() -> Self {
        let clock = Arc::new(FixedClock::at("2026-11-22T00:00:00Z".parse().unwrap()));
        let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([7; 32])).unwrap());
        let options = Options::default().with_clock(clock.clone());
        let registry = Registry::open(MemoryStore::new(), sealer, options).unwrap();
        let root = NewAuthority::new("root", "CN=Test Root,O=Example".parse().unwrap());
        let root = registry.authorities().create_root(&root, &call()).unwrap();
        let server = registry.profiles().put("server", &spec(), &call()).unwrap().id;
        Self { registry, clock, root, server }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn spec(&self) -> ProfileSpec {
        spec()
    }

    pub fn profile(&self, name: &str, spec: &ProfileSpec) -> ProfileId {
        self.registry.profiles().put(name, spec, &call()).unwrap().id
    }

    pub fn intermediate(&self) -> Authority {
        let new = NewAuthority::new("issuing", "CN=Test Issuing,O=Example".parse().unwrap()).valid_for_days(1_000);
        self.registry.authorities().create_intermediate(self.root.id, &new, &call()).unwrap()
    }

    pub fn issue(&self, name: &str) -> Issued {
        self.issue_under(self.server, name)
    }

    pub fn issue_under(&self, profile: ProfileId, name: &str) -> Issued {
        let issue = Issue::new(csr(name), profile, self.root.id).named(name);
        self.registry.certificates().issue(&issue, &call()).unwrap()
    }

    pub fn count(&self, filter: &CertificateFilter) -> u64 {
        let counts = self.registry.certificates().count(filter, CertificateGrouping::Total).unwrap();
        counts.first().map_or(0, |(_, count)| *count)
    }

    /// The serial numbers and reasons on the root's CRL.
    pub fn crl(&self) -> Vec<(Vec<u8>, String)> {
        let crl = self.registry.authorities().crl(self.root.id, &tegata::CrlOptions::default(), &call()).unwrap();
        let crl = tegata::Crl::from_bytes(&crl.der).unwrap();
        crl.entries().map(Result::unwrap).map(|(serial, entry)| (serial.to_vec(), entry.reason.to_string())).collect()
    }
}

fn spec() -> ProfileSpec {
    ProfileSpec {
        subject: SubjectPolicy::Template { name: "CN={name}".to_owned() },
        server_keys: vec![KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519],
        ..ProfileSpec::device()
    }
}

pub fn call() -> Call {
    Call::by("test")
}

pub fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

pub fn csr(name: &str) -> Vec<u8> {
    csr_with(&key(), &format!("CN={name}"))
}

pub fn csr_with(key: &PrivateKey, subject: &str) -> Vec<u8> {
    tegata::make_csr(key, &subject.parse().unwrap(), &[]).unwrap()
}

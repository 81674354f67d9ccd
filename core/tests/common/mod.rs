//! What the tests of the registry share: a registry in memory with a product, and units that come to it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate
)]

use std::sync::Arc;

use tegata::model::{Authority, EnrollmentPolicy, Product, ProfileSpec};
use tegata::store::{MemoryStore, SoftwareSealer, Store};
use tegata::{
    Attribute, Call, Enroll, Enrolled, FixedClock, HandOut, KeyAlgorithm, Name, NewAuthority, NewProduct, Options,
    PrivateKey, ProductSpec, Registry, Result, Secret, Signer, Statement, Timestamp, make_csr,
};

/// An output that takes so many bytes, then fails.
pub struct Full(pub usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// 2026-11-22T12:00:00Z.
pub const START: i64 = 1_795_348_800;

pub fn sealer() -> Arc<SoftwareSealer> {
    Arc::new(SoftwareSealer::from_key(Secret::new([7; 32])).unwrap())
}

/// A registry with a root, an issuing authority, a product and its credential.
pub struct World {
    pub registry: Registry,
    pub clock: Arc<FixedClock>,
    pub root: Authority,
    pub issuing: Authority,
    pub product: Product,
    pub credential: Vec<u8>,
    pub credential_key: PrivateKey,
    pub call: Call,
}

impl World {
    pub fn new() -> Self {
        Self::with(MemoryStore::new(), EnrollmentPolicy::default(), ProfileSpec::device())
    }

    pub fn with_policy(policy: EnrollmentPolicy) -> Self {
        Self::with(MemoryStore::new(), policy, ProfileSpec::device())
    }

    pub fn with_profile(profile: ProfileSpec) -> Self {
        Self::with(MemoryStore::new(), EnrollmentPolicy::default(), profile)
    }

    /// With more options than the clock.
    pub fn with_options(options: impl FnOnce(Options) -> Options) -> Self {
        Self::made(MemoryStore::new(), EnrollmentPolicy::default(), ProfileSpec::device(), options)
    }

    pub fn with(store: impl Store + 'static, policy: EnrollmentPolicy, device: ProfileSpec) -> Self {
        Self::made(store, policy, device, |options| options)
    }

    fn made(
        store: impl Store + 'static,
        policy: EnrollmentPolicy,
        device: ProfileSpec,
        options: impl FnOnce(Options) -> Options,
    ) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_unix(START)));
        let options = options(Options::default().with_clock(clock.clone()));
        let registry = Registry::open(store, sealer(), options).unwrap();
        let call = Call::by("admin");
        let root = NewAuthority::new("root", "CN=Test Root,O=Example".parse().unwrap()).valid_for_days(7_300);
        let root = registry.authorities().create_root(&root, &call).unwrap();
        let issuing = NewAuthority::new("issuing", "CN=Test Issuing CA,O=Example".parse().unwrap());
        let issuing = registry.authorities().create_intermediate(root.id, &issuing, &call).unwrap();
        let profiles = registry.profiles();
        let registered = registry
            .products()
            .register(
                &NewProduct {
                    spec: ProductSpec { name: "Camera 7".to_owned(), enrollment: policy, ..ProductSpec::default() },
                    authority: issuing.id,
                    credential_profile: profiles.put("product", &ProfileSpec::product_credential(), &call).unwrap().id,
                    device_profile: profiles.put("device", &device, &call).unwrap().id,
                    algorithm: None,
                    hand_out: HandOut::Now,
                },
                &call,
            )
            .unwrap();
        let credential = registered.credential.issued.der.clone();
        let credential_key = PrivateKey::from_bytes(registered.credential.key.unwrap().expose()).unwrap();
        Self { registry, clock, root, issuing, product: registered.product, credential, credential_key, call }
    }

    pub fn registry_now(&self) -> Timestamp {
        use tegata::Clock;
        self.clock.now()
    }

    /// A unit's request with a new key.
    pub fn request(&self, unit: Option<&str>) -> (PrivateKey, Enroll) {
        let key = key();
        let request = self.request_with(&key, unit);
        (key, request)
    }

    /// A unit's request with this key.
    pub fn request_with(&self, key: &PrivateKey, unit: Option<&str>) -> Enroll {
        Enroll {
            credential: self.credential.clone(),
            csr: csr(key, "unit"),
            unit: unit.map(str::to_owned),
            ..Enroll::default()
        }
    }

    pub fn enroll(&self, request: &Enroll) -> Result<Enrolled> {
        self.registry.devices().enroll(request, &self.call)
    }

    /// A new unit that enrolled.
    pub fn enrolled(&self, unit: Option<&str>) -> (PrivateKey, Enrolled) {
        let (key, request) = self.request(unit);
        let enrolled = self.enroll(&request).unwrap();
        (key, enrolled)
    }
}

pub fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

pub fn csr(key: &PrivateKey, common_name: &str) -> Vec<u8> {
    let subject = Name::builder().push(Attribute::CommonName, common_name).build().unwrap();
    make_csr(key, &subject, &[]).unwrap()
}

/// A unit's proof that `key` was its key before it made this request (DER).
pub fn former_key(key: &PrivateKey, csr: &[u8]) -> Vec<u8> {
    key.sign(&Statement::FormerKey.message(csr)).unwrap()
}

/// The code of the error that a call ended with.
pub fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("the call succeeded").code()
}

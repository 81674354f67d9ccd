//! What the examples in the documentation start from.

use std::sync::Arc;

use crate::env::{FixedClock, Timestamp};
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::model::{self, ProfileSpec};
use crate::registry::{Options, Registry};
use crate::secret::Secret;
use crate::store::{MemoryStore, SoftwareSealer};
use crate::x509::{Name, make_csr};
use crate::{Call, Enroll, Enrolled, HandOut, NewAuthority, NewProduct, ProductSpec, Result};

/// An empty registry in memory, on 2026-11-22.
///
/// # Errors
/// None that an example need care about.
pub fn registry() -> Result<Registry> {
    let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([7; 32]))?);
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix(1_795_305_600)));
    Registry::open(MemoryStore::new(), sealer, Options::default().with_clock(clock))
}

/// An authority in `registry`.
///
/// # Errors
/// None that an example need care about.
pub fn authority(registry: &Registry) -> Result<model::Authority> {
    let new = NewAuthority::new("example", "CN=Example CA,O=Example".parse()?);
    registry.authorities().create_root(&new, &Call::by("admin"))
}

/// A request for a new P-256 key, naming `common_name`.
///
/// # Errors
/// None that an example need care about.
pub fn csr(common_name: &str) -> Result<Vec<u8>> {
    let subject = Name::builder().push(crate::Attribute::CommonName, common_name).build()?;
    make_csr(&PrivateKey::generate(KeyAlgorithm::EcdsaP256)?, &subject, &[])
}

/// A device that enrolled in `registry`.
///
/// # Errors
/// None that an example need care about.
pub fn enrolled(registry: &Registry) -> Result<Enrolled> {
    let call = Call::by("admin");
    let profiles = registry.profiles();
    let product = registry.products().register(
        &NewProduct {
            spec: ProductSpec { name: "Camera".to_owned(), ..ProductSpec::default() },
            authority: authority(registry)?.id,
            credential_profile: profiles.put("product", &ProfileSpec::product_credential(), &call)?.id,
            device_profile: profiles.put("device", &ProfileSpec::device(), &call)?.id,
            algorithm: None,
            hand_out: HandOut::Now,
        },
        &call,
    )?;
    let request = Enroll { credential: product.credential.issued.der.clone(), csr: csr("unit")?, ..Enroll::default() };
    registry.devices().enroll(&request, &call)
}

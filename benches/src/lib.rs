//! What the benches share: a registry with a product, and units that come to it.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // A bench that cannot start has nothing better to do.

use std::sync::Arc;
use std::thread;

use tegata::model::ProfileSpec;
use tegata::store::{SoftwareSealer, Store};
use tegata::{
    Attribute, AuthorityFilter, AuthorityId, Call, Enroll, HandOut, KeyAlgorithm, Name, NewAuthority, NewProduct,
    Options, Page, PrivateKey, ProductSpec, Registry, Secret, make_csr,
};

/// A registry whose product credential is at hand.
pub struct Bench {
    /// The registry.
    pub registry: Registry,
    /// The product credential, DER.
    pub credential: Vec<u8>,
    /// Who calls.
    pub call: Call,
}

impl Bench {
    /// A new registry in `store`, with a P-256 authority and an open product.
    pub fn new(store: impl Store + 'static) -> Self {
        let registry = open(store);
        let call = Call::by("bench");
        let root = NewAuthority::new("root", "CN=Bench CA,O=Example".parse().unwrap());
        let authority = registry.authorities().create_root(&root, &call).unwrap().id;
        let new = NewProduct {
            spec: ProductSpec { name: "Bench".to_owned(), ..ProductSpec::default() },
            authority,
            credential_profile: registry
                .profiles()
                .put("product", &ProfileSpec::product_credential(), &call)
                .unwrap()
                .id,
            device_profile: registry.profiles().put("device", &ProfileSpec::device(), &call).unwrap().id,
            algorithm: None,
            hand_out: HandOut::Now,
        };
        let credential = registry.products().register(&new, &call).unwrap().credential.issued.der;
        Self { registry, credential, call }
    }

    /// The authority that issues.
    pub fn authority(&self) -> AuthorityId {
        let all = self.registry.authorities().find(&AuthorityFilter::default(), &Page::of(1)).unwrap();
        all.items.first().unwrap().id
    }

    /// `count` units with a key, a CSR and an identifier of their own.
    pub fn units(&self, first: u64, count: usize) -> Vec<Enroll> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = count.div_ceil(threads).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..count)
                .step_by(share)
                .map(|start| {
                    let end = (start + share).min(count);
                    scope.spawn(move || (start..end).map(|n| self.unit(first + n as u64)).collect::<Vec<_>>())
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        })
    }

    fn unit(&self, number: u64) -> Enroll {
        Enroll {
            credential: self.credential.clone(),
            csr: csr(&format!("unit {number}")),
            unit: Some(format!("SN-{number:012}")),
            ..Enroll::default()
        }
    }
}

/// Opens what [`Bench::new`] made.
pub fn open(store: impl Store + 'static) -> Registry {
    let sealer = Arc::new(SoftwareSealer::from_key(Secret::new([7; 32])).unwrap());
    Registry::open(store, sealer, Options::default()).unwrap()
}

/// A P-256 CSR.
pub fn csr(common_name: &str) -> Vec<u8> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = Name::builder().push(Attribute::CommonName, common_name).build().unwrap();
    make_csr(&key, &subject, &[]).unwrap()
}

//! What products are made from, changed and found by.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;

use crate::convert::{Show, Time};
use crate::error::run;
use crate::macros::options;
use crate::sums::Text;
use crate::words::{EnrollmentMode, HandOut, KeyAlgorithm, OtherKey, ProductState};

options! {
    /// The conditions under which units enroll. The product credential is in every unit, so whoever extracts it can try:
    /// these are the limits of what that gains.
    EnrollmentPolicy(tegata::model::EnrollmentPolicy): () = tegata::model::EnrollmentPolicy::default(); {
        /// Which units.
        def mode: Option<EnrollmentMode> = None => EnrollmentMode;
        /// How many units in all.
        opt quota: Option<u64> = None => Option<u64>;
        /// From when on; in a file as RFC 3339 text.
        opt opens: Option<Time> = None => Option<Time>;
        /// Until when; in a file as RFC 3339 text.
        opt closes: Option<Time> = None => Option<Time>;
        /// Whether a unit must say its identifier. An allow-list always needs it.
        flag unit_required: bool = false => bool;
        /// What happens when a known unit comes with another key.
        def other_key: Option<OtherKey> = None => OtherKey;
    }
}

options! {
    /// What a product is, as it is written in a file.
    ProductSpec(tegata::ProductSpec): (name: String) = { let name: String = name; tegata::ProductSpec::named(name) }; {
        /// What is known of it: manufacturer, model, version ...
        def information: Option<BTreeMap<String, String>> = None => BTreeMap<String, String>;
        /// Under which conditions its units enroll.
        def enrollment: Option<EnrollmentPolicy> = None => EnrollmentPolicy;
    }
    /// The name that operators use; unique.
    #[getter]
    fn name(&self) -> String {
        Show::show(&self.0.name)
    }


    /// Reads a product from TOML.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: &str) -> PyResult<Self> {
        run(py, || tegata::ProductSpec::from_toml(text))
    }

    /// Reads a product from a TOML file.
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value)] // The path comes from Python.
    fn load(py: Python<'_>, file: PathBuf) -> PyResult<Self> {
        run(py, || tegata::ProductSpec::load(&file))
    }
}

options! {
    /// A product to be registered.
    NewProduct(tegata::NewProduct): (spec: ProductSpec, authority: String, credential_profile: String, device_profile: String) = tegata::NewProduct::new(spec, authority, credential_profile, device_profile); {
        /// The kind of key of its credential; by default the profile's first.
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// When the credential's private key is handed out.
        def hand_out: Option<HandOut> = None => HandOut;
    }
    /// What it is.
    #[getter]
    fn spec(&self) -> ProductSpec {
        Show::show(&self.0.spec)
    }

    /// The authority that issues for it.
    #[getter]
    fn authority(&self) -> String {
        Show::show(&self.0.authority)
    }

    /// The profile of its credential, which must let the server make the key.
    #[getter]
    fn credential_profile(&self) -> String {
        Show::show(&self.0.credential_profile)
    }

    /// The profile of its devices' certificates.
    #[getter]
    fn device_profile(&self) -> String {
        Show::show(&self.0.device_profile)
    }

}

options! {
    /// What of a product changes; None stays as it is.
    ProductChange(tegata::ProductChange): () = tegata::ProductChange::default(); {
        /// The name.
        opt name: Option<String> = None => Option<String>;
        /// What is known of it, all at once.
        opt information: Option<BTreeMap<String, String>> = None => Option<BTreeMap<String, String>>;
        /// The authority that issues for it.
        opt authority: Option<String> = None => Option<String>;
        /// The profile of its next credentials.
        opt credential_profile: Option<String> = None => Option<String>;
        /// The profile of its next devices' certificates.
        opt device_profile: Option<String> = None => Option<String>;
    }
}

options! {
    /// Which products to list.
    ProductFilter(tegata::ProductFilter): () = tegata::ProductFilter::default(); {
        /// By name.
        opt name: Option<Text> = None => Option<Text>;
        /// By state.
        opt state: Option<ProductState> = None => Option<ProductState>;
    }
}

//! Products and profiles.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::options::{EnrollmentPolicy, ProfileSpec};
use crate::records::IssuedWithKey;
use crate::words::ProductState;

record! {
    /// A product.
    Product(tegata::model::Product) {
        /// Names the product.
        id: String,
        /// The name that operators use; unique.
        name: String,
        /// Its state.
        state: ProductState,
        /// The authority that issues for it; after a rebuild its newest generation does.
        authority: String,
        /// The profile of the product credential.
        credential_profile: String,
        /// The profile of its devices' certificates.
        device_profile: String,
        /// The subject of its credentials (PAP-8).
        subject: Option<String>,
        /// The conditions of enrollment.
        policy: EnrollmentPolicy,
        /// What is known of it: manufacturer, model, version ...
        information: BTreeMap<String, String>,
        /// When it was registered.
        created: Time,
        /// When its record last changed.
        updated: Time,
    }
}

record! {
    /// A registered product with its first credential.
    RegisteredProduct(tegata::RegisteredProduct) {
        /// The product.
        product: Product,
        /// Its credential (PAP-5), to be built into every unit.
        credential: IssuedWithKey,
    }
}

record! {
    /// One version of a profile. Versions are never changed, since certificates refer to them.
    Profile(tegata::model::Profile) {
        /// Names this version.
        id: String,
        /// The name that operators use; all versions share it.
        name: String,
        /// 1 for the first, one more with every change.
        revision: u32,
        /// What it says.
        spec: ProfileSpec,
        /// When this version was made.
        created: Time,
    }
}

record! {
    /// What a CSR would become under a profile.
    Preview(tegata::Preview) {
        /// The subject that the certificate would have.
        subject: String,
        /// The first second of validity.
        not_before: Time,
        /// The last second of validity.
        not_after: Time,
        /// When it would be due for renewal.
        renew_at: Time,
    }
}

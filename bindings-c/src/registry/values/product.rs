//! Products.

use crate::registry::prelude::*;

/// The conditions under which units enroll. The product credential is in every unit, so whoever extracts it can try:
/// these are the limits of what that gains.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_enrollment_policy {
    /// `sizeof(tegata_enrollment_policy)`.
    pub size: usize,
    /// Which units. 0 for the default.
    pub mode: Number<tegata_enrollment_mode>,
    /// How many units in all. May be left out (NULL).
    pub quota: *const u64,
    /// From when on; in a file as RFC 3339 text. May be left out (NULL).
    pub opens: *const i64,
    /// Until when; in a file as RFC 3339 text. May be left out (NULL).
    pub closes: *const i64,
    /// Whether a unit must say its identifier. An allow-list always needs it.
    pub unit_required: bool,
    /// What happens when a known unit comes with another key. 0 for the default.
    pub other_key: Number<tegata_other_key>,
}
growing!(tegata_enrollment_policy);

impl ToCore for tegata_enrollment_policy {
    type Core = EnrollmentPolicy;

    fn to_core(&self) -> Result<EnrollmentPolicy> {
        let mut value = EnrollmentPolicy {
            quota: optional(self.quota).copied(),
            opens: optional(self.opens).copied().map(Timestamp::from_unix),
            closes: optional(self.closes).copied().map(Timestamp::from_unix),
            unit_required: self.unit_required,
            ..EnrollmentPolicy::default()
        };
        if let Some(mode) = self.mode.optional("mode")? {
            value.mode = mode;
        }
        if let Some(other_key) = self.other_key.optional("other_key")? {
            value.other_key = other_key;
        }
        Ok(value)
    }
}

impl ToC for EnrollmentPolicy {
    type C = tegata_enrollment_policy;

    fn to_c(&self, arena: &mut Arena) -> tegata_enrollment_policy {
        tegata_enrollment_policy {
            size: size_of::<tegata_enrollment_policy>(),
            mode: self.mode.into(),
            quota: arena.maybe(self.quota),
            opens: arena.maybe(self.opens.map(Timestamp::unix)),
            closes: arena.maybe(self.closes.map(Timestamp::unix)),
            unit_required: self.unit_required,
            other_key: self.other_key.into(),
        }
    }
}

/// What a product is, as it is written in a file.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_product_spec {
    /// `sizeof(tegata_product_spec)`.
    pub size: usize,
    /// The name that operators use; unique. Required.
    pub name: *const c_char,
    /// What is known of it: manufacturer, model, version ...
    pub information: tegata_pairs,
    /// Under which conditions its units enroll. NULL for the default.
    pub enrollment: *const tegata_enrollment_policy,
}
growing!(tegata_product_spec);

impl ToCore for tegata_product_spec {
    type Core = ProductSpec;

    fn to_core(&self) -> Result<ProductSpec> {
        let mut value = ProductSpec {
            name: text(self.name, "name")?.to_owned(),
            information: self.information.map("information")?,
            ..ProductSpec::default()
        };
        if let Some(enrollment) = maybe_given(self.enrollment, "enrollment")? {
            value.enrollment = enrollment;
        }
        Ok(value)
    }
}

impl ToC for ProductSpec {
    type C = tegata_product_spec;

    fn to_c(&self, arena: &mut Arena) -> tegata_product_spec {
        tegata_product_spec {
            size: size_of::<tegata_product_spec>(),
            name: arena.text(&self.name),
            information: arena.pairs(&self.information),
            enrollment: arena.record(&self.enrollment),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_product_spec_free(product_spec: *const tegata_product_spec) {
    free_record(product_spec);
}

/// A product.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_product {
    /// Names the product.
    pub id: *const c_char,
    /// The name that operators use; unique.
    pub name: *const c_char,
    /// Its state.
    pub state: Number<tegata_product_state>,
    /// The authority that issues for it; after a rebuild its newest generation does.
    pub authority: *const c_char,
    /// The profile of the product credential.
    pub credential_profile: *const c_char,
    /// The profile of its devices' certificates.
    pub device_profile: *const c_char,
    /// The subject of its credentials. NULL when there is none.
    pub subject: *const c_char,
    /// The conditions of enrollment.
    pub policy: *const tegata_enrollment_policy,
    /// What is known of it: manufacturer, model, version ...
    pub information: tegata_pairs,
    /// When it was registered.
    pub created: i64,
    /// When its record last changed.
    pub updated: i64,
}

impl ToC for Product {
    type C = tegata_product;

    fn to_c(&self, arena: &mut Arena) -> tegata_product {
        tegata_product {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            state: self.state.into(),
            authority: arena.shown(self.authority),
            credential_profile: arena.shown(self.credential_profile),
            device_profile: arena.shown(self.device_profile),
            subject: arena.maybe_shown(self.subject.as_ref()),
            policy: arena.record(&self.policy),
            information: arena.pairs(&self.information),
            created: self.created.unix(),
            updated: self.updated.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_product_free(product: *const tegata_product) {
    free_record(product);
}

/// A page of them.
pub type tegata_product_list = List<tegata_product>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_product_list_free(list: *const tegata_product_list) {
    free_record(list);
}

/// A product to be registered.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_product {
    /// `sizeof(tegata_new_product)`.
    pub size: usize,
    /// What it is. Required.
    pub spec: *const tegata_product_spec,
    /// The authority that issues for it. Required.
    pub authority: *const c_char,
    /// The profile of its credential, which must let the server make the key. Required.
    pub credential_profile: *const c_char,
    /// The profile of its devices' certificates. Required.
    pub device_profile: *const c_char,
    /// The kind of key of its credential; by default the profile's first. May be left out (0).
    pub algorithm: Number<tegata_key_algorithm>,
    /// When the credential's private key is handed out. 0 for the default.
    pub hand_out: Number<tegata_hand_out>,
}
growing!(tegata_new_product);

impl ToCore for tegata_new_product {
    type Core = NewProduct;

    fn to_core(&self) -> Result<NewProduct> {
        let mut value = NewProduct::new(
            given(self.spec, "spec")?,
            parsed(self.authority, "authority")?,
            parsed(self.credential_profile, "credential_profile")?,
            parsed(self.device_profile, "device_profile")?,
        );
        value.algorithm = self.algorithm.optional("algorithm")?;
        if let Some(hand_out) = self.hand_out.optional("hand_out")? {
            value.hand_out = hand_out;
        }
        Ok(value)
    }
}

/// A registered product with its first credential.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_registered_product {
    /// The product.
    pub product: *const tegata_product,
    /// Its credential, to be built into every unit.
    pub credential: *const tegata_issued_with_key,
}

impl ToC for RegisteredProduct {
    type C = tegata_registered_product;

    fn to_c(&self, arena: &mut Arena) -> tegata_registered_product {
        tegata_registered_product { product: arena.record(&self.product), credential: arena.record(&self.credential) }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registered_product_free(registered_product: *const tegata_registered_product) {
    free_record(registered_product);
}

/// What of a product changes; what is left out stays as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_product_change {
    /// `sizeof(tegata_product_change)`.
    pub size: usize,
    /// The name. May be left out (NULL).
    pub name: *const c_char,
    /// What is known of it, all at once. May be left out (NULL).
    pub information: *const tegata_pairs,
    /// The authority that issues for it. May be left out (NULL).
    pub authority: *const c_char,
    /// The profile of its next credentials. May be left out (NULL).
    pub credential_profile: *const c_char,
    /// The profile of its next devices' certificates. May be left out (NULL).
    pub device_profile: *const c_char,
}
growing!(tegata_product_change);

impl ToCore for tegata_product_change {
    type Core = ProductChange;

    fn to_core(&self) -> Result<ProductChange> {
        Ok(ProductChange {
            name: maybe_string(self.name, "name")?,
            information: optional(self.information).map(|pairs| pairs.map("information")).transpose()?,
            authority: maybe_parsed(self.authority, "authority")?,
            credential_profile: maybe_parsed(self.credential_profile, "credential_profile")?,
            device_profile: maybe_parsed(self.device_profile, "device_profile")?,
        })
    }
}

/// Which products to list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_product_filter {
    /// `sizeof(tegata_product_filter)`.
    pub size: usize,
    /// By name. May be left out (NULL).
    pub name: *const tegata_text,
    /// By state. May be left out (0).
    pub state: Number<tegata_product_state>,
}
growing!(tegata_product_filter);

impl ToCore for tegata_product_filter {
    type Core = ProductFilter;

    fn to_core(&self) -> Result<ProductFilter> {
        Ok(ProductFilter { name: text_filter(self.name, "name")?, state: self.state.optional("state")? })
    }
}

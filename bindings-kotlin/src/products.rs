//! Products and the credentials that their units share.

use tegata::Page;
use tegata::model::{EnrollmentMode, EnrollmentPolicy, OtherKey, ProductState};
use tegata::{
    AuthorityId, Call, CertificateId, HandOut, KeyAlgorithm, Name, NewProduct, ProductChange, ProductFilter, ProductId,
    ProductSpec, ProfileId, RevocationReason, Text, Timestamp,
};

use crate::bulk::{Bulk, UnitOutcome, each};
use crate::certificates::{CertificateRecord, IssuedWithKey};
use crate::error::{Result, TegataError};
use crate::lists::ProductListing;
use crate::values::{Information, SecretText, twin};

/// Where a product stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum ProductState {
    /// Its units enroll.
    Active,
    /// Its units do not enroll for now.
    Suspended,
    /// Its units never enroll again.
    Discontinued,
}

/// Which units may enroll.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum EnrollmentMode {
    /// Every unit that has the product credential.
    Open,
    /// Only units that were listed before.
    AllowList,
    /// Only units that show a one-time claim code.
    ClaimCode,
}

/// What happens when a known unit comes with another key and does not prove its former one.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum OtherKey {
    /// Its device is shut out until somebody looked.
    Quarantine,
    /// The request is refused and noted as an event; the device goes on with the key it has.
    Refuse,
}

/// The conditions under which units enroll.
#[uniffi::remote(Record)]
pub struct EnrollmentPolicy {
    /// Which units.
    pub mode: EnrollmentMode,
    /// How many units in all.
    #[uniffi(default)]
    pub quota: Option<u64>,
    /// From when on.
    #[uniffi(default)]
    pub opens: Option<Timestamp>,
    /// Until when.
    #[uniffi(default)]
    pub closes: Option<Timestamp>,
    /// Whether a unit must say its identifier. An allow-list always needs it.
    #[uniffi(default = false)]
    pub unit_required: bool,
    /// What happens when a known unit comes with another key.
    pub other_key: OtherKey,
}

/// What a product is.
#[uniffi::remote(Record)]
pub struct ProductSpec {
    /// The name that operators use; unique.
    pub name: String,
    /// What is known of it: manufacturer, model, version ...
    #[uniffi(default)]
    pub information: Information,
    /// Under which conditions its units enroll.
    #[uniffi(default)]
    pub enrollment: EnrollmentPolicy,
}

/// Reads a product from TOML.
#[uniffi::export]
pub fn product_from_toml(text: String) -> Result<ProductSpec> {
    ProductSpec::from_toml(&text).map_err(TegataError::from)
}

/// Reads a product from a TOML file.
#[uniffi::export]
pub fn product_from_file(file: String) -> Result<ProductSpec> {
    ProductSpec::load(file).map_err(TegataError::from)
}

/// A product to be registered.
#[uniffi::remote(Record)]
pub struct NewProduct {
    /// What it is.
    pub spec: ProductSpec,
    /// The authority that issues for it.
    pub authority: AuthorityId,
    /// The profile of its credential, which must let the server make the key.
    pub credential_profile: ProfileId,
    /// The profile of its devices' certificates.
    pub device_profile: ProfileId,
    /// The kind of key of its credential; by default the profile's first.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// When the credential's private key is handed out.
    pub hand_out: HandOut,
}

twin! {
    /// A product.
    Product of tegata::model::Product {
        /// Names the product.
        id: ProductId,
        /// The name that operators use; unique.
        name: String,
        /// Its state.
        state: ProductState,
        /// The authority that issues for it; after a rebuild its newest generation does.
        authority: AuthorityId,
        /// The profile of the product credential.
        credential_profile: ProfileId,
        /// The profile of its devices' certificates.
        device_profile: ProfileId,
        /// The subject of its credentials.
        subject: Option<Name>,
        /// The conditions of enrollment.
        policy: EnrollmentPolicy,
        /// What is known of it: manufacturer, model, version ...
        information: Information,
        /// When it was registered.
        created: Timestamp,
        /// When its record last changed.
        updated: Timestamp,
    }
}

twin! {
    /// A registered product with its first credential.
    RegisteredProduct of tegata::RegisteredProduct {
        /// The product.
        product: Product,
        /// Its credential, to be built into every unit.
        credential: IssuedWithKey,
    }
}

/// What of a product changes; what is left out stays as it is.
#[uniffi::remote(Record)]
pub struct ProductChange {
    /// The name.
    #[uniffi(default)]
    pub name: Option<String>,
    /// What is known of it, all at once.
    #[uniffi(default)]
    pub information: Option<Information>,
    /// The authority that issues for it.
    #[uniffi(default)]
    pub authority: Option<AuthorityId>,
    /// The profile of its next credentials.
    #[uniffi(default)]
    pub credential_profile: Option<ProfileId>,
    /// The profile of its next devices' certificates.
    #[uniffi(default)]
    pub device_profile: Option<ProfileId>,
}

/// Which products to list.
#[uniffi::remote(Record)]
pub struct ProductFilter {
    /// By name.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// By state.
    #[uniffi(default)]
    pub state: Option<ProductState>,
}

/// Products: what all units share. A product credential bootstraps its units; it names the product, never the unit.
#[derive(uniffi::Object)]
pub struct Products {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Products {
    /// Registers a product and issues its first credential, in one commit.
    pub fn register(&self, new: NewProduct, call: Call) -> Result<RegisteredProduct> {
        Ok(self.core.products().register(&new, &call)?.into())
    }

    /// The product with this identifier.
    pub fn get(&self, id: ProductId) -> Result<Product> {
        Ok(self.core.products().get(id)?.into())
    }

    /// The products that match, by name.
    pub fn find(&self, filter: ProductFilter, page: Page) -> Result<ProductListing> {
        Ok(self.core.products().find(&filter, &page)?.into())
    }

    /// How many units have enrolled: what the quota limits.
    pub fn enrolled(&self, id: ProductId) -> Result<u64> {
        Ok(self.core.products().enrolled(id)?)
    }

    /// Changes what is known of a product, or who issues for it and how.
    pub fn update(&self, id: ProductId, change: ProductChange, call: Call) -> Result<Product> {
        Ok(self.core.products().update(id, &change, &call)?.into())
    }

    /// Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.
    pub fn set_enrollment_policy(&self, id: ProductId, policy: EnrollmentPolicy, call: Call) -> Result<Product> {
        Ok(self.core.products().set_enrollment_policy(id, &policy, &call)?.into())
    }

    /// Stops enrollment for now. Enrolled devices go on.
    pub fn suspend(&self, id: ProductId, call: Call) -> Result<Product> {
        Ok(self.core.products().suspend(id, &call)?.into())
    }

    /// Lets units enroll again.
    pub fn resume(&self, id: ProductId, call: Call) -> Result<Product> {
        Ok(self.core.products().resume(id, &call)?.into())
    }

    /// Ends enrollment for good. Enrolled devices go on and renew.
    pub fn discontinue(&self, id: ProductId, call: Call) -> Result<Product> {
        Ok(self.core.products().discontinue(id, &call)?.into())
    }

    /// Puts units on the product's allow-list, with a result per item in their order.
    pub fn add_units(&self, id: ProductId, units: Vec<String>, bulk: Bulk, call: Call) -> Result<Vec<UnitOutcome>> {
        each(bulk.run(|bulk| self.core.products().add_units(id, &units, bulk, &call)))
    }

    /// Makes `count` one-time claim codes. They are stored as keyed tags only, so this is the only time they are seen.
    pub fn issue_claim_codes(
        &self,
        id: ProductId,
        count: u32,
        expires: Option<Timestamp>,
        call: Call,
    ) -> Result<Vec<SecretText>> {
        Ok(self.core.products().issue_claim_codes(id, count, expires, &call)?)
    }

    /// Issues another credential with a new key, for the next batch of units.
    pub fn renew_credential(
        &self,
        id: ProductId,
        algorithm: Option<KeyAlgorithm>,
        hand_out: HandOut,
        call: Call,
    ) -> Result<IssuedWithKey> {
        Ok(self.core.products().renew_credential(id, algorithm, hand_out, &call)?.into())
    }

    /// The product's credentials, the oldest first.
    pub fn credentials(&self, id: ProductId) -> Result<Vec<CertificateRecord>> {
        Ok(self.core.products().credentials(id)?.into_iter().map(Into::into).collect())
    }

    /// Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.
    pub fn revoke_credential(
        &self,
        credential: CertificateId,
        reason: RevocationReason,
        call: Call,
    ) -> Result<CertificateRecord> {
        Ok(self.core.products().revoke_credential(credential, reason, &call)?.into())
    }
}

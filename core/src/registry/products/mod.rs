//! The handle for products.

mod credential;
mod state;
mod units;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Inner;
use super::certificates::{HandOut, IssuedWithKey};
use super::numbers::stand;
use super::page::{Listing, Page, Text, Wanted};
use crate::Result;
use crate::error::Error;
use crate::id::{AuthorityId, ProductId, ProfileId};
use crate::key::KeyAlgorithm;
use crate::model::{EnrollmentMode, EnrollmentPolicy, Product, ProductState, check_name, check_text};
use crate::store::Value;

/// What a product is, as it is written in a file.
///
/// ```
/// use tegata::ProductSpec;
/// let spec = ProductSpec::from_toml(r#"
///     name = "Camera 7"
///     [information]
///     manufacturer = "Example"
///     [enrollment]
///     mode = "open"
///     quota = 5000
/// "#)?;
/// assert_eq!(spec.enrollment.quota, Some(5_000));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSpec {
    /// The name that operators use; unique.
    pub name: String,
    /// What is known of it: manufacturer, model, version ...
    #[serde(default)]
    pub information: BTreeMap<String, String>,
    /// Under which conditions its units enroll.
    #[serde(default)]
    pub enrollment: EnrollmentPolicy,
}

impl ProductSpec {
    /// A product called `name`, open to all its units.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Reads a product from TOML.
    ///
    /// # Errors
    /// `input.invalid`, naming line and field.
    pub fn from_toml(text: &str) -> Result<Self> {
        toml::from_str(text)
            .map_err(|e| Error::input("product file", &format!("cannot be read: {}", e.to_string().trim())))
    }

    /// Reads a product from a TOML file.
    ///
    /// # Errors
    /// `input.invalid` when the file cannot be read, or naming line and field.
    pub fn load(file: impl AsRef<Path>) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| Error::input("product file", &format!("cannot be read: {}", e.kind())))?;
        Self::from_toml(&text)
    }
}

/// A product to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub algorithm: Option<KeyAlgorithm>,
    /// When the credential's private key is handed out.
    pub hand_out: HandOut,
}

impl NewProduct {
    /// A product with a credential of the profile's first kind of key, handed out with the answer.
    pub const fn new(
        spec: ProductSpec,
        authority: AuthorityId,
        credential_profile: ProfileId,
        device_profile: ProfileId,
    ) -> Self {
        Self { spec, authority, credential_profile, device_profile, algorithm: None, hand_out: HandOut::Now }
    }
}

/// A registered product with its first credential.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegisteredProduct {
    /// The product.
    pub product: Product,
    /// Its credential (PAP-5), to be built into every unit.
    pub credential: IssuedWithKey,
}

/// What of a product changes; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductChange {
    /// The name.
    pub name: Option<String>,
    /// What is known of it, all at once.
    pub information: Option<BTreeMap<String, String>>,
    /// The authority that issues for it.
    pub authority: Option<AuthorityId>,
    /// The profile of its next credentials.
    pub credential_profile: Option<ProfileId>,
    /// The profile of its next devices' certificates.
    pub device_profile: Option<ProfileId>,
}

/// Which products to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// By name.
    pub name: Option<Text>,
    /// By state.
    pub state: Option<ProductState>,
}

/// Products: what all units share. A product credential bootstraps its units; it names the product, never the unit.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, NewProduct, ProductSpec, model::ProfileSpec};
/// let call = Call::by("admin");
/// # let authority = tegata::doctest::authority(&registry)?.id;
/// let product = registry.profiles().put("product", &ProfileSpec::product_credential(), &call)?.id;
/// let device = registry.profiles().put("device", &ProfileSpec::device(), &call)?.id;
/// let new = NewProduct::new(ProductSpec::named("Camera 7"), authority, product, device);
/// let registered = registry.products().register(&new, &call)?;
/// assert!(registered.credential.key.is_some());
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Products<'r> {
    inner: &'r Inner,
}

impl<'r> Products<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The product with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: ProductId) -> Result<Product> {
        Ok(self.inner.get_record::<Product, _>(id)?.record)
    }

    /// The products that match, by name.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &ProductFilter, page: &Page) -> Result<Listing<Product>> {
        let mut wanted = Wanted::by_name(filter.name.as_ref());
        if let Some(state) = filter.state {
            wanted = wanted.eq("state", Value::Int(state.number()));
        }
        self.inner.list(wanted, page)
    }

    /// How many units have enrolled: what the quota limits.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn enrolled(&self, id: ProductId) -> Result<u64> {
        self.get(id)?;
        let counter = Inner::quota(self.inner.ids.number(id)?);
        Ok(stand(self.inner.store()?, counter)?)
    }

    fn replay(&self, number: u64) -> Result<Product> {
        self.get(self.inner.ids.id(number))
    }
}

/// Checks what people wrote about a product.
fn check(name: &str, information: &BTreeMap<String, String>, policy: &EnrollmentPolicy) -> Result<()> {
    check_name("product name", name)?;
    if information.len() > 32 {
        return Err(Error::input("information", "holds more than 32 entries"));
    }
    for (key, value) in information {
        check_name("information", key)?;
        check_text("information", value)?;
    }
    if let (Some(opens), Some(closes)) = (policy.opens, policy.closes)
        && opens >= closes
    {
        return Err(Error::input("enrollment window", "closes before it opens"));
    }
    if policy.mode == EnrollmentMode::Open && policy.quota == Some(0) {
        return Err(Error::input("quota", "is zero; suspend the product instead"));
    }
    Ok(())
}

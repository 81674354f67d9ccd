//! Products change: their information, their policy, their state.

use super::{ProductChange, Products, check};
use crate::Result;
use crate::env::Timestamp;
use crate::error::ProductError;
use crate::id::ProductId;
use crate::model::{EnrollmentPolicy, Entity, Product};
use crate::registry::Call;
use crate::registry::driver::{Operation, Plan, View};

impl Products<'_> {
    fn change(
        &self,
        id: ProductId,
        action: &'static str,
        content: &str,
        call: &Call,
        change: impl Fn(&View<'_>, Product) -> Result<Product>,
    ) -> Result<Product> {
        let content = format!("{id} {content}");
        let operation = Operation { action, content: content.as_bytes() };
        self.inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Product, _>(id)?;
                let product = change(view, stored.record.clone())?;
                check(&product.name, &product.information, &product.policy)?;
                view.check_name_free::<Product>(&product.name, view.number_of(product.id)?, ProductError::NameTaken)?;
                let writes =
                    vec![view.update(stored.version, &product)?, view.event(action, Entity::Product(id), None, None)?];
                Ok(Plan::done(view.number_of(id)?, writes, product))
            },
            |number| self.replay(number),
        )
    }

    /// Changes what is known of a product, or who issues for it and how.
    ///
    /// # Errors
    /// `product.name_taken`, `input.invalid`, `input.unknown_id`.
    pub fn update(&self, id: ProductId, change: &ProductChange, call: &Call) -> Result<Product> {
        self.change(id, "product.update", &format!("{change:?}"), call, |view, mut product| {
            if let Some(name) = &change.name {
                product.name.clone_from(name);
            }
            if let Some(information) = &change.information {
                product.information.clone_from(information);
            }
            if let Some(authority) = change.authority {
                product.authority = view.registry.issuer(authority)?.id;
            }
            for (profile, field) in [
                (change.credential_profile, &mut product.credential_profile),
                (change.device_profile, &mut product.device_profile),
            ] {
                if let Some(profile) = profile {
                    view.registry.profile(profile)?;
                    *field = profile;
                }
            }
            product.updated = view.now;
            Ok(product)
        })
    }

    /// Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.
    ///
    /// # Errors
    /// `input.invalid`, `product.discontinued`.
    pub fn set_enrollment_policy(&self, id: ProductId, policy: &EnrollmentPolicy, call: &Call) -> Result<Product> {
        self.change(id, "product.set_enrollment_policy", &format!("{policy:?}"), call, |view, mut product| {
            if product.check_active() == Err(ProductError::Discontinued) {
                return Err(ProductError::Discontinued.into());
            }
            product.policy = policy.clone();
            product.updated = view.now;
            Ok(product)
        })
    }

    fn moved(
        &self,
        id: ProductId,
        action: &'static str,
        call: &Call,
        change: fn(Product, Timestamp) -> Result<Product, ProductError>,
    ) -> Result<Product> {
        self.change(id, action, "", call, |view, product| Ok(change(product, view.now)?))
    }

    /// Stops enrollment for now. Enrolled devices go on.
    ///
    /// # Errors
    /// `product.suspended`, `product.discontinued`.
    pub fn suspend(&self, id: ProductId, call: &Call) -> Result<Product> {
        self.moved(id, "product.suspend", call, Product::suspended)
    }

    /// Lets units enroll again.
    ///
    /// # Errors
    /// `product.not_suspended`, `product.discontinued`.
    pub fn resume(&self, id: ProductId, call: &Call) -> Result<Product> {
        self.moved(id, "product.resume", call, Product::resumed)
    }

    /// Ends enrollment for good. Enrolled devices go on and renew.
    ///
    /// # Errors
    /// `product.discontinued`.
    pub fn discontinue(&self, id: ProductId, call: &Call) -> Result<Product> {
        self.moved(id, "product.discontinue", call, Product::discontinued)
    }
}

//! What tells a product's units apart before they enroll: allow-lists and claim codes.

use data_encoding::BASE32_NOPAD;

use super::Products;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, ProductError};
use crate::id::ProductId;
use crate::model::{ClaimCode, Entity, Owner, Product, check_name};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Bulk, Call};
use crate::secret::Secret;

/// The most claim codes of one call.
const MOST_CODES: u32 = 10_000;

impl Products<'_> {
    /// Puts units on the product's allow-list, with a result per item in their order.
    ///
    /// # Errors
    /// `input.unknown_id`; per item `product.unit_listed` and `input.invalid`; store errors.
    pub fn add_units(&self, id: ProductId, units: &[String], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<()>>> {
        self.get(id)?;
        let many = Many {
            action: "product.add_unit",
            content: &|unit: &String| format!("{id} {unit}").into_bytes(),
            plan: &|view, unit| plan_unit(view, id, unit),
            replay: &|_| Ok(()),
        };
        self.inner.change_many(call, units, bulk, &many)
    }

    /// Makes `count` one-time claim codes. They are stored as keyed tags only, so this is the only time they are seen.
    /// Case and dashes do not matter when one is used.
    ///
    /// # Errors
    /// `input.invalid` for more than 10,000 at once or an expiry that has passed; `product.discontinued`;
    /// `input.request_id_reused` always for a repeated request ID, since codes cannot be read again.
    pub fn issue_claim_codes(
        &self,
        id: ProductId,
        count: u32,
        expires: Option<Timestamp>,
        call: &Call,
    ) -> Result<Vec<Secret<String>>> {
        let inner = self.inner;
        if count == 0 || count > MOST_CODES {
            return Err(Error::input("count", "is not within 1 to 10000"));
        }
        let now = inner.now()?;
        if expires.is_some_and(|expires| expires <= now) {
            return Err(Error::input("expires", "has passed already"));
        }
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(readable(&inner.draw::<15>()?));
        }
        let content = format!("{id} {count} {expires:?}");
        let operation = Operation { action: "product.issue_claim_codes", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let product = view.get::<Product, _>(id)?;
                if product.check_active() == Err(ProductError::Discontinued) {
                    return Err(ProductError::Discontinued.into());
                }
                let mut writes = vec![view.require(&product)?];
                for code in &codes {
                    let tag = inner.claim_code_tag(id, code.expose());
                    let row = ClaimCode { key: tag.key, check: tag.check, product: id, expires, device: None };
                    writes.push(view.insert(&row)?);
                }
                let detail = Some(format!("{count} codes"));
                writes.push(view.event("product.issue_claim_codes", Entity::Product(id), None, detail)?);
                Ok(Plan::done(view.number_of(id)?, writes, codes.clone()))
            },
            |_| Err(crate::error::InputError::RequestIdReused.into()),
        )
    }
}

fn plan_unit(view: &View<'_>, id: ProductId, unit: &str) -> Result<Plan<'static, ()>> {
    check_name("unit", unit)?;
    let tag = view.registry.unit_tag(id, unit);
    if view.bound(tag)?.is_some() {
        return Err(ProductError::UnitListed.into());
    }
    let writes = vec![
        view.bind(tag, Owner::Listed(id))?,
        view.event("product.add_unit", Entity::Product(id), None, Some(unit.to_owned()))?,
    ];
    Ok(Plan::done(view.number_of(id)?, writes, ()))
}

/// 120 bits as six groups of four letters and digits: `K4XW-2J7Q-...`.
fn readable(bits: &[u8; 15]) -> Secret<String> {
    let plain = Secret::new(BASE32_NOPAD.encode(bits));
    let mut code = String::with_capacity(29);
    for (index, letter) in plain.expose().chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    Secret::new(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_codes_are_readable_and_whole() {
        let code = readable(&[0xff; 15]);
        assert_eq!(code.expose(), "7777-7777-7777-7777-7777-7777");
    }
}

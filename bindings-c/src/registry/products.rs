//! Products and the credentials that their units share.

use crate::registry::prelude::*;

/// Registers a product and issues its first credential, in one commit: the server makes key and
/// certificate, whose subject names the product and no unit.
///
/// Errors: `product.name_taken`, `profile.no_server_key`, `profile.server_key_algorithm`, the authority's state,
/// `input.*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_register(
    registry: *const tegata_registry,
    new_product: *const tegata_new_product,
    call: *const tegata_call,
    registered_product: *mut *const tegata_registered_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let registered_product = out(registered_product, "registered_product")?;
        registered_product
            .give(&registry_of(registry)?.products().register(&given(new_product, "new_product")?, &call_of(call)?)?);
        Ok(())
    })
}

/// The product with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_get(
    registry: *const tegata_registry,
    id: *const c_char,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The products that match, by name.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_find(
    registry: *const tegata_registry,
    filter: *const tegata_product_filter,
    page: *const tegata_page,
    list: *mut *const tegata_product_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .products()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// How many units have enrolled: what the quota limits.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_enrolled(
    registry: *const tegata_registry,
    id: *const c_char,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.products().enrolled(parsed(id, "id")?)?);
        Ok(())
    })
}

/// Changes what is known of a product, or who issues for it and how.
///
/// Errors: `product.name_taken`, `input.invalid`, `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_update(
    registry: *const tegata_registry,
    id: *const c_char,
    change: *const tegata_product_change,
    call: *const tegata_call,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().update(
            parsed(id, "id")?,
            &given(change, "change")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.
///
/// Errors: `input.invalid`, `product.discontinued`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_set_enrollment_policy(
    registry: *const tegata_registry,
    id: *const c_char,
    policy: *const tegata_enrollment_policy,
    call: *const tegata_call,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().set_enrollment_policy(
            parsed(id, "id")?,
            &given(policy, "policy")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Stops enrollment for now. Enrolled devices go on.
///
/// Errors: `product.suspended`, `product.discontinued`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_suspend(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().suspend(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Lets units enroll again.
///
/// Errors: `product.not_suspended`, `product.discontinued`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Ends enrollment for good. Enrolled devices go on and renew.
///
/// Errors: `product.discontinued`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_discontinue(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    product: *mut *const tegata_product,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let product = out(product, "product")?;
        product.give(&registry_of(registry)?.products().discontinue(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Puts units on the product's allow-list, with a result per item in their order.
///
/// Errors: `input.unknown_id`; per item `product.unit_listed` and `input.invalid`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_add_units(
    registry: *const tegata_registry,
    id: *const c_char,
    units: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    outcomes: *mut *const tegata_outcomes,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let outcomes = out(outcomes, "outcomes")?;
        let products = registry_of(registry)?.products();
        let id = parsed(id, "id")?;
        let units = tegata_texts { items: units, len }.strings("units")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| products.add_units(id, &units, bulk, &call))?;
        outcomes.give(&Outcomes(&done));
        Ok(())
    })
}

/// Issues another credential with a new key, for the next batch of units. Units with an earlier one go on enrolling
/// until
/// that expires or is revoked. After a rebuild, the newest generation of the product's authority issues it.
///
/// Errors: `product.discontinued`, and those of `tegata_products_register()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_renew_credential(
    registry: *const tegata_registry,
    id: *const c_char,
    algorithm: Number<tegata_key_algorithm>,
    hand_out: Number<tegata_hand_out>,
    call: *const tegata_call,
    issued_with_key: *mut *const tegata_issued_with_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_with_key = out(issued_with_key, "issued_with_key")?;
        issued_with_key.give(&registry_of(registry)?.products().renew_credential(
            parsed(id, "id")?,
            algorithm.optional("algorithm")?,
            hand_out.or_default("hand_out")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// The product's credentials, the oldest first.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_credentials(
    registry: *const tegata_registry,
    id: *const c_char,
    list: *mut *const tegata_certificate_record_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&Whole(&registry_of(registry)?.products().credentials(parsed(id, "id")?)?));
        Ok(())
    })
}

/// Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.
///
/// Errors: `product.credential_unknown` when the certificate is none; `certificate.already_revoked`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_revoke_credential(
    registry: *const tegata_registry,
    credential: *const c_char,
    reason: Number<tegata_revocation_reason>,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.products().revoke_credential(
            parsed(credential, "credential")?,
            reason.core("reason")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

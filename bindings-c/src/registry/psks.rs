//! The handle for pre-shared keys.

use super::psk_values::{
    tegata_issued_psk, tegata_issued_psk_results, tegata_new_psk, tegata_psk, tegata_psk_filter, tegata_psk_list,
    tegata_psk_results, tegata_rotate_psk,
};
use crate::registry::prelude::*;

/// Issues a pre-shared key. What is made here meets the policy. A repetition under the same request ID brings the
/// secret of a readable key again; that of a verify-only key nobody knows any more.
///
/// Errors: `psk.exists` when the device has a key under its own ID already, `psk.identity`, `psk.identity_taken`;
/// `psk.policy_*`, `psk.too_short`, `psk.too_long`; the device's state (`device.disabled` ...).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_issue(
    registry: *const tegata_registry,
    new_psk: *const tegata_new_psk,
    call: *const tegata_call,
    issued_psk: *mut *const tegata_issued_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_psk = out(issued_psk, "issued_psk")?;
        issued_psk.give(&registry_of(registry)?.psks().issue(&given(new_psk, "new_psk")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Issues many pre-shared keys, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_issue_many(
    registry: *const tegata_registry,
    new_psks: *const tegata_new_psk,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_issued_psk_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let psks = registry_of(registry)?.psks();
        let new_psks = all_given(new_psks, len, "new_psks")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| psks.issue_many(&new_psks, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// The key with this identifier, without its secret. A key that a device shows under its own ID keeps its identifier
/// when it is deleted and issued again.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_get(
    registry: *const tegata_registry,
    id: *const c_char,
    psk: *mut *const tegata_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let psk = out(psk, "psk")?;
        psk.give(&registry_of(registry)?.psks().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The secret of a key, suspended ones included. Every reading leaves an event.
///
/// Errors: `psk.not_readable` for a key that can only be checked, `psk.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_read(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    issued_psk: *mut *const tegata_issued_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_psk = out(issued_psk, "issued_psk")?;
        issued_psk.give(&registry_of(registry)?.psks().read(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Whether this is an active key's secret and its device may come in: what `tegata_registry_authenticate()` looks at, as
/// a yes or no. It is no for an identity or secret that is wrong, for a key that is suspended or deleted, and for a
/// device that is not valid. A wrong secret takes as long as a right one, an unknown identity as long as a known one.
///
/// Errors: `authentication.backed_off` after too many failures, as in `tegata_registry_authenticate()`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_verify(
    registry: *const tegata_registry,
    identity: *const c_char,
    secret: tegata_bytes,
    right: *mut bool,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let right = out(right, "right")?;
        right.set(registry_of(registry)?.psks().verify(text(identity, "identity")?, secret.get("secret")?)?);
        Ok(())
    })
}

/// The keys that match, in the order of their numbers.
///
/// Errors: `input.page_cursor`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_find(
    registry: *const tegata_registry,
    filter: *const tegata_psk_filter,
    page: *const tegata_page,
    list: *mut *const tegata_psk_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .psks()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new
/// identity. In the grace period the secret before counts as well, with the identity that went with it. A disabled
/// device gets none. If the key had a due date, it is due again after as long as before.
///
/// Errors: `psk.suspended`, `psk.deleted`; the device's state; `psk.grace`, `psk.policy_*`, `psk.too_short`,
/// `psk.too_long`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_rotate(
    registry: *const tegata_registry,
    id: *const c_char,
    rotate: *const tegata_rotate_psk,
    call: *const tegata_call,
    issued_psk: *mut *const tegata_issued_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_psk = out(issued_psk, "issued_psk")?;
        issued_psk.give(&registry_of(registry)?.psks().rotate(
            parsed(id, "id")?,
            &given_or_default(rotate, "rotate")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Gives many keys new secrets, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`; `input.invalid` when a secret is brought, since no two keys may have the
/// same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_rotate_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    rotate: *const tegata_rotate_psk,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_issued_psk_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let psks = registry_of(registry)?.psks();
        let ids = all_parsed(ids, len, "ids")?;
        let rotate = given_or_default(rotate, "rotate")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| psks.rotate_many(&ids, &rotate, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Suspends a key: its secrets are refused until it is resumed.
///
/// Errors: `psk.already_suspended`, `psk.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_suspend(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    psk: *mut *const tegata_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let psk = out(psk, "psk")?;
        psk.give(&registry_of(registry)?.psks().suspend(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Suspends many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_suspend_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_psk_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let psks = registry_of(registry)?.psks();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| psks.suspend_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Lets a suspended key count again.
///
/// Errors: `psk.not_suspended`, `psk.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    psk: *mut *const tegata_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let psk = out(psk, "psk")?;
        psk.give(&registry_of(registry)?.psks().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Lets many keys count again, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_resume_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_psk_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let psks = registry_of(registry)?.psks();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| psks.resume_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Deletes a key for good: its secrets are erased, its identity is free again. Its record stays.
///
/// Errors: `psk.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_delete(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    psk: *mut *const tegata_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let psk = out(psk, "psk")?;
        psk.give(&registry_of(registry)?.psks().delete(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Deletes many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_delete_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_psk_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let psks = registry_of(registry)?.psks();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| psks.delete_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Ends a grace period early: the secret before the last rotation is erased.
///
/// Errors: `psk.no_previous` outside a grace period, `psk.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_end_grace(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    psk: *mut *const tegata_psk,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let psk = out(psk, "psk")?;
        psk.give(&registry_of(registry)?.psks().end_grace(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that moment
/// anyway. The request ID of `call` is not used.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_erase_expired(
    registry: *const tegata_registry,
    call: *const tegata_call,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.psks().erase_expired(&call_of(call)?)?);
        Ok(())
    })
}

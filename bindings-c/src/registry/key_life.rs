//! The handle for symmetric keys: what becomes of them.

use super::key_values::{tegata_rotate_key, tegata_symmetric_key, tegata_symmetric_key_results};
use crate::registry::prelude::*;

/// Gives a key its next version. The version before is kept for the grace period, if there is one; whatever was kept
/// from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old values
/// are destroyed at once, whatever the grace period.
///
/// Errors: `key.suspended`, `key.destroyed`; `key.size`, `key.grace`; the state of the device that owns it
/// (`device.disabled` ...); `input.invalid` for the value that it has already; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_rotate(
    registry: *const tegata_registry,
    id: *const c_char,
    rotate: *const tegata_rotate_key,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().rotate(
            parsed(id, "id")?,
            &given_or_default(rotate, "rotate")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Gives many keys their next versions, with a result per item in their order.
///
/// Errors: `input.invalid` when `rotate` brings a value, since keys do not share one, and for the call itself; store
/// errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_rotate_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    rotate: *const tegata_rotate_key,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let rotate = given_or_default(rotate, "rotate")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.rotate_many(&ids, &rotate, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Takes a key out of use for now: it is neither read, delivered nor rotated, and `tegata_keys_verify()` says no.
///
/// Errors: `key.already_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_suspend(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().suspend(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Takes many keys out of use, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_suspend_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.suspend_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Puts a suspended key in use again.
///
/// Errors: `key.not_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Puts many keys in use again, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_resume_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.resume_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Notes that somebody else may know a key. It is delivered no more and due for rotation at once, `tegata_keys_verify()`
/// says what it is, and its values are read only by naming their version, for data that has to be read once more.
/// `tegata_keys_rotate()` puts a new value in use and destroys the old ones.
///
/// Errors: `key.compromised` when that is known already; `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_mark_compromised(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().mark_compromised(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Notes that somebody else may know many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_mark_compromised_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.mark_compromised_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Destroys a key for good: all its values are erased. Its record and number stay, so that neither is used again.
///
/// Errors: `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_destroy(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().destroy(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Destroys many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_destroy_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.destroy_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Ends a key's grace period now: the version before is destroyed.
///
/// Errors: `key.version_unknown` when none is kept; `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_end_grace(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().end_grace(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more in
/// any case, and any change of a key erases them too; call this daily, so that they do not stay in the store.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_erase_expired(
    registry: *const tegata_registry,
    call: *const tegata_call,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.keys().erase_expired(&call_of(call)?)?);
        Ok(())
    })
}

/// Lets one more device share a key that was issued for several.
///
/// Errors: `key.owner` for a key of one device or of a group; `key.already_shared`; `key.suspended`, `key.compromised`,
/// `key.destroyed`; the device's state (`device.disabled` ...); `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_share(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().share(
            parsed(id, "id")?,
            parsed(device, "device")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got
/// before: rotate the key if it should not. When no device is left, the key is destroyed.
///
/// Errors: `key.owner` for a key of one device or of a group; `key.not_shared`; `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_unshare(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().unshare(
            parsed(id, "id")?,
            parsed(device, "device")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

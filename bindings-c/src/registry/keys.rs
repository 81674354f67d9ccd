//! The handle for symmetric keys: issued, read, handed out, compared.

use super::key_values::{
    tegata_holders, tegata_issued_key, tegata_issued_key_results, tegata_key_filter, tegata_key_match,
    tegata_key_version_list, tegata_new_key, tegata_symmetric_key, tegata_symmetric_key_list,
    tegata_symmetric_key_results,
};
use crate::registry::prelude::*;
use crate::value::symmetric::{tegata_check_method, tegata_wrapped_key};

/// Issues a symmetric key. Its value stays here until `tegata_keys_get()` or `tegata_keys_deliver()` hands it out.
///
/// Errors: `key.size` for a value of any other size than the algorithm's; `key.number_taken`; the state of a device
/// that is to hold it (`device.disabled` ...); `input.invalid`, `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_issue(
    registry: *const tegata_registry,
    new_key: *const tegata_new_key,
    call: *const tegata_call,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().issue(&given(new_key, "new_key")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its number if
/// all or none are to be issued.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_issue_many(
    registry: *const tegata_registry,
    new_keys: *const tegata_new_key,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_symmetric_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let new_keys = all_given(new_keys, len, "new_keys")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.issue_many(&new_keys, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// The value of a key: the current version's, or that of `version` while it is kept. Each read leaves an event; a
/// repetition under the same request ID brings the same value. The states of the devices that hold the key are not
/// looked at: this is for the side of the server. What devices get goes through `tegata_keys_deliver()`.
///
/// Errors: `key.suspended`, `key.destroyed`; `key.compromised` unless a version is named, so that old data can be read;
/// `key.version_unknown`; `key.version_destroyed` after its grace period; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_get(
    registry: *const tegata_registry,
    id: *const c_char,
    version: *const u32,
    call: *const tegata_call,
    issued_key: *mut *const tegata_issued_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_key = out(issued_key, "issued_key")?;
        issued_key.give(&registry_of(registry)?.keys().get(
            parsed(id, "id")?,
            optional(version).copied(),
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// The current values of many keys, with a result per item in their order and an event for each.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_get_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_issued_key_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let keys = registry_of(registry)?.keys();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| keys.get_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// The record of a key, without its values.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_record(
    registry: *const tegata_registry,
    id: *const c_char,
    key: *mut *const tegata_symmetric_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key = out(key, "key")?;
        key.give(&registry_of(registry)?.keys().record(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
/// others in the order in which they were issued.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_find(
    registry: *const tegata_registry,
    filter: *const tegata_key_filter,
    page: *const tegata_page,
    list: *mut *const tegata_symmetric_key_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .keys()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// How many keys match.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_count(
    registry: *const tegata_registry,
    filter: *const tegata_key_filter,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.keys().count(&given_or_default(filter, "filter")?)?);
        Ok(())
    })
}

/// Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that any
/// channel will do. The device opens it with `tegata_unwrap_key()`. Of several pre-shared keys that can be read, the one
/// under the device's own ID counts, else the one that was issued first. Who got which version when is in the events.
///
/// Errors: `key.wrap_unavailable` when the device has no active pre-shared key that can be read; `key.not_held`; the
/// device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`; `psk.too_weak_to_wrap`;
/// `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_deliver(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    wrapped_key: *mut *const tegata_wrapped_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let wrapped_key = out(wrapped_key, "wrapped_key")?;
        wrapped_key.give(&registry_of(registry)?.keys().deliver(
            parsed(id, "id")?,
            parsed(device, "device")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.
///
/// Errors: `key.not_held`; the device's state (`device.disabled` ...); `key.suspended`, `key.compromised`,
/// `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_deliver_clear(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    issued_key: *mut *const tegata_issued_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_key = out(issued_key, "issued_key")?;
        issued_key.give(&registry_of(registry)?.keys().deliver_clear(
            parsed(id, "id")?,
            parsed(device, "device")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Whether `presented` is a value of the key, and of which version: a comparison in constant time. Writes NULL when it is
/// none that counts.
///
/// Errors: `input.unknown_id`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_verify(
    registry: *const tegata_registry,
    id: *const c_char,
    presented: tegata_bytes,
    key_match: *mut *const tegata_key_match,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key_match = out(key_match, "key_match")?;
        let keys = registry_of(registry)?.keys();
        match keys.verify(parsed(id, "id")?, presented.get("presented")?)? {
            Some(found) => key_match.give(&found),
            None => key_match.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// Whether `presented` is the check value of a value of the key, and of which version. Writes NULL when it is of none that counts.
///
/// Errors: `key.check_value_malformed`; `key.check_method` when the key's algorithm has no such check value;
/// `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_verify_check_value(
    registry: *const tegata_registry,
    id: *const c_char,
    presented: *const c_char,
    key_match: *mut *const tegata_key_match,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let key_match = out(key_match, "key_match")?;
        let presented = parsed(presented, "presented")?;
        match registry_of(registry)?.keys().verify_check_value(parsed(id, "id")?, &presented)? {
            Some(found) => key_match.give(&found),
            None => key_match.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// The check value of a key, as text: it tells whether two have the same key and tells nothing of the key.
///
/// Errors: `key.check_method`, `key.version_unknown`, `key.destroyed`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_check_value(
    registry: *const tegata_registry,
    id: *const c_char,
    method: Number<tegata_check_method>,
    version: *const u32,
    check_value: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let check_value = out(check_value, "check_value")?;
        let keys = registry_of(registry)?.keys();
        let value = keys.check_value(parsed(id, "id")?, method.core("method")?, optional(version).copied())?;
        check_value.give(value.to_string().as_str());
        Ok(())
    })
}

/// All versions of a key, the oldest first, without their values.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_versions(
    registry: *const tegata_registry,
    id: *const c_char,
    list: *mut *const tegata_key_version_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&Whole(&registry_of(registry)?.keys().versions(parsed(id, "id")?)?));
        Ok(())
    })
}

/// The devices that share a key, when each was added by name.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_keys_holders(
    registry: *const tegata_registry,
    id: *const c_char,
    holders: *mut *const tegata_holders,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let holders = out(holders, "holders")?;
        holders.give(registry_of(registry)?.keys().holders(parsed(id, "id")?)?.as_slice());
        Ok(())
    })
}

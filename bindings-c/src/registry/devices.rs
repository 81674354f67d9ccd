//! Devices.

use crate::registry::prelude::*;

/// Registers a device: it is valid from now on and gets its ID; its credentials follow.
///
/// Errors: `device.name_taken`, `device.unit_taken`, `input.invalid`, `input.unknown_id` for the product or group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_register(
    registry: *const tegata_registry,
    new_device: *const tegata_new_device,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().register(&given(new_device, "new_device")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Registers many devices, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_register_many(
    registry: *const tegata_registry,
    new_devices: *const tegata_new_device,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let new_devices = all_given(new_devices, len, "new_devices")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.register_many(&new_devices, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Notes a device that was seen somewhere. It is admitted when it enrolls or is enabled.
///
/// Errors: Those of `tegata_devices_register()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_discover(
    registry: *const tegata_registry,
    new_device: *const tegata_new_device,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().discover(&given(new_device, "new_device")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Notes many devices, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_discover_many(
    registry: *const tegata_registry,
    new_devices: *const tegata_new_device,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let new_devices = all_given(new_devices, len, "new_devices")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.discover_many(&new_devices, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
/// certificate, in one commit.
///
/// Errors: Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`,
/// `product.suspended`, `product.discontinued`,
/// `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
/// key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_enroll(
    registry: *const tegata_registry,
    request: *const tegata_enroll,
    call: *const tegata_call,
    enrolled: *mut *const tegata_enrolled,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let enrolled = out(enrolled, "enrolled")?;
        enrolled.give(&registry_of(registry)?.devices().enroll(&given(request, "request")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Enrolls many units, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_enroll_many(
    registry: *const tegata_registry,
    requests: *const tegata_enroll,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_enrolled_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let requests = all_given(requests, len, "requests")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.enroll_many(&requests, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// The device with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_get(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The devices that match: by name when a name is asked for, else in the order in which they became known.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_find(
    registry: *const tegata_registry,
    filter: *const tegata_device_filter,
    page: *const tegata_page,
    list: *mut *const tegata_device_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .devices()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// How many devices match.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_count(
    registry: *const tegata_registry,
    filter: *const tegata_device_filter,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.devices().count(&given_or_default(filter, "filter")?)?);
        Ok(())
    })
}

/// Changes a device's information.
///
/// Errors: `device.name_taken`, `device.deleted`, `input.invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_update(
    registry: *const tegata_registry,
    id: *const c_char,
    change: *const tegata_device_change,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().update(
            parsed(id, "id")?,
            &given(change, "change")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Changes many devices' information, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_update_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    changes: *const tegata_device_change,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let changes = changes_of(ids, changes, len)?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.update_many(&changes, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Moves a device into a group, or out of its group. Its certificates' due dates follow the group's interval.
///
/// Errors: `device.deleted`, `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_set_group(
    registry: *const tegata_registry,
    id: *const c_char,
    group: *const c_char,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().set_group(
            parsed(id, "id")?,
            maybe_parsed(group, "group")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Moves many devices into a group, or out of theirs, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_set_group_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    group: *const c_char,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let ids = all_parsed(ids, len, "ids")?;
        let group = maybe_parsed(group, "group")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.set_group_many(&ids, group, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Shuts a device out at once: none of its credentials counts. Under a profile that says so, certificates
/// that it alone holds go on hold in the CRL too.
///
/// Errors: `device.already_disabled`, `device.quarantined`, `device.deleted`, `device.not_enrolled`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_disable(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().disable(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Shuts many devices out, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_disable_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.disable_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Lets a disabled device in again, or admits a discovered one. Only the holds that its disabling set are lifted;
/// a revocation is never undone.
///
/// Errors: `device.already_enabled`, `device.quarantined`, `device.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_enable(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().enable(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Lets many devices in, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_enable_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.enable_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Deletes a device for good: certificates that it alone holds are revoked (cessationOfOperation), its name
/// and unit are free again, its ID is never used again. Its record stays, as a tombstone.
///
/// Errors: `device.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_delete(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().delete(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Deletes many devices, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_delete_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_device_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.delete_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Ends a quarantine after somebody looked at the unit.
///
/// Errors: `device.not_quarantined`, `device.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_release_quarantine(
    registry: *const tegata_registry,
    id: *const c_char,
    release: Number<tegata_release>,
    call: *const tegata_call,
    device: *mut *const tegata_device,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let device = out(device, "device")?;
        device.give(&registry_of(registry)?.devices().release_quarantine(
            parsed(id, "id")?,
            release.core("release")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Pairs of a device and what changes of it.
fn changes_of(
    ids: *const *const c_char,
    changes: *const tegata_device_change,
    len: usize,
) -> Result<Vec<(DeviceId, DeviceChange)>> {
    Ok(all_parsed(ids, len, "ids")?.into_iter().zip(all_given(changes, len, "changes")?).collect())
}

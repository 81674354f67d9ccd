//! Certificates are renewed, handed out, suspended, revoked.

use crate::registry::prelude::*;

/// Renews a certificate: a new serial number and validity, from the newest generation of its authority, the same
/// subject and alternative names. The old one stays in force until `tegata_certificates_confirm()` says that the new one
/// is installed, or until the profile's grace period ends. Renewing again before that with the same key returns the
/// same certificate; with another key it replaces the one that was not confirmed. Renewals wait for no approval.
///
/// Errors: `certificate.renewal_of_expired` unless the holder showed another proof, `certificate.renewal_of_revoked`
/// and the other states that do not allow it; the device's state, such as `device.disabled`;
/// `certificate.renewal_subject` when the CSR asks for another subject (where the CSR's counts) or for further
/// alternative names; `input.invalid` for a product credential, which `tegata_products_renew_credential()` renews;
/// `csr.key_unchanged` when the profile wants a new key; `csr.` codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_renew(
    registry: *const tegata_registry,
    renew: *const tegata_renew,
    call: *const tegata_call,
    issued: *mut *const tegata_issued,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued = out(issued, "issued")?;
        issued.give(&registry_of(registry)?.certificates().renew(&given(renew, "renew")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Renews many certificates, with a result per item in their order.
///
/// Errors: `input.` codes for the call as a whole; each item has the errors of `tegata_certificates_renew()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_renew_many(
    registry: *const tegata_registry,
    renewals: *const tegata_renew,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_issued_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let renewals = all_given(renewals, len, "renewals")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.renew_many(&renewals, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Renews a certificate with a new key that is made here, and handed out as by `tegata_certificates_issue_with_key()`.
///
/// Errors: Those of `tegata_certificates_renew()`; `profile.no_server_key` and `profile.server_key_algorithm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_renew_with_key(
    registry: *const tegata_registry,
    renew: *const tegata_renew_with_key,
    call: *const tegata_call,
    issued_with_key: *mut *const tegata_issued_with_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_with_key = out(issued_with_key, "issued_with_key")?;
        issued_with_key
            .give(&registry_of(registry)?.certificates().renew_with_key(&given(renew, "renew")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Says that the renewal of a certificate is installed: the old one is retired at once (superseded; SOL-5). `id` is
/// the new certificate, or the first one of an entity whose first renewal it is; a certificate that is a renewal
/// itself always means itself. Saying so twice changes nothing.
///
/// Errors: `certificate.no_successor`; the new certificate's state, unless it is in force or not yet valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_confirm(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().confirm(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Hands out the private key of a certificate, once: it is erased as soon as `tegata_certificates_confirm_key()` says
/// that it arrived. Until then, only a call with the same request ID gets it again.
///
/// Errors: `delivery.collecting`, `delivery.collected`, `delivery.lapsed`; `delivery.none` when the key was made
/// elsewhere;
/// the certificate's state, unless it is in force or not yet valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_collect_key(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    issued_with_key: *mut *const tegata_issued_with_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_with_key = out(issued_with_key, "issued_with_key")?;
        issued_with_key.give(&registry_of(registry)?.certificates().collect_key(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Says that a private key arrived; it is erased here and can never be read again.
///
/// Errors: `delivery.not_collecting` when it was not handed out, `delivery.collected`, `delivery.lapsed`,
/// `delivery.none`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_confirm_key(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        registry_of(registry)?.certificates().confirm_key(parsed(id, "id")?, &call_of(call)?)?;
        Ok(())
    })
}

/// Erases the private keys that were not collected or confirmed in time, and says how many there were. They are not
/// handed out after that moment anyway. The request ID of `call` is not used.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_erase_uncollected(
    registry: *const tegata_registry,
    call: *const tegata_call,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.certificates().erase_uncollected(&call_of(call)?)?);
        Ok(())
    })
}

/// Puts a certificate out of force for now, at once. If its profile says so, CRLs list it as on hold.
///
/// Errors: The state that does not allow it: `certificate.suspended`, `certificate.revoked`, `certificate.expired` ...
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_suspend(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().suspend(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// `tegata_certificates_suspend()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_suspend_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_certificate_record_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.suspend_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.
///
/// Errors: `certificate.not_suspended`, `certificate.revoked`, `certificate.expired` ...; `device.disabled` while the
/// device
/// that alone has it is disabled, or one of several when a device's disabling suspended it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// `tegata_certificates_resume()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_resume_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_certificate_record_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.resume_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Puts a certificate out of force for good. The authority's next CRL lists it with this reason. With
/// `keyCompromise`, its key is never certified again; that can also be said of one that was revoked for another reason.
///
/// Errors: `certificate.already_revoked`, `certificate.pending`, `certificate.denied`; `input.invalid` for the reasons
/// certificateHold and removeFromCRL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_revoke(
    registry: *const tegata_registry,
    id: *const c_char,
    reason: Number<tegata_revocation_reason>,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().revoke(
            parsed(id, "id")?,
            reason.core("reason")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// `tegata_certificates_revoke()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_revoke_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    reason: Number<tegata_revocation_reason>,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_certificate_record_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let ids = all_parsed(ids, len, "ids")?;
        let reason = reason.core("reason")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.revoke_many(&ids, reason, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Deletes a certificate, which cannot be undone: it is revoked first (cessationOfOperation), unless it
/// has expired or is revoked already; a key that was not collected is erased; devices lose it. Its record stays,
/// but is listed only on request. A pending request is denied first.
///
/// Errors: `certificate.deleted`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_delete(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().delete(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// `tegata_certificates_delete()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_delete_many(
    registry: *const tegata_registry,
    ids: *const *const c_char,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_certificate_record_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let ids = all_parsed(ids, len, "ids")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.delete_many(&ids, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many there
/// were. They count for nothing since that moment anyway; this brings them onto the CRL, and `tegata_authorities_crl()`
/// does it by itself. The request ID of `call` is not used.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_retire_superseded(
    registry: *const tegata_registry,
    call: *const tegata_call,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        count.set(registry_of(registry)?.certificates().retire_superseded(&call_of(call)?)?);
        Ok(())
    })
}

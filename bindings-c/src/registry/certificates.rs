//! Certificates come into being and are found.

use crate::registry::prelude::*;

/// Issues a certificate for a CSR, by the same procedure with and without a device. With a device, it gets
/// the device's subject and is attached to it.
///
/// Errors: A `csr.` code that names what is wrong with the CSR; `profile.approval_needed`, and then
/// `request` is the way; the device's state (`device.disabled` ...); the authority's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_issue(
    registry: *const tegata_registry,
    issue: *const tegata_issue,
    call: *const tegata_call,
    issued: *mut *const tegata_issued,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued = out(issued, "issued")?;
        issued.give(&registry_of(registry)?.certificates().issue(&given(issue, "issue")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Issues many certificates, with a result per item in their order.
///
/// Errors: `input.` codes for the call as a whole; each item has the errors of `tegata_certificates_issue()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_issue_many(
    registry: *const tegata_registry,
    issues: *const tegata_issue,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_issued_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let certificates = registry_of(registry)?.certificates();
        let issues = all_given(issues, len, "issues")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| certificates.issue_many(&issues, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// Makes a key and issues a certificate for it.
///
/// Errors: `profile.no_server_key` and `profile.server_key_algorithm`; otherwise those of `tegata_certificates_issue()`.
/// `delivery.collected` when a repeated request comes after the key was confirmed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_issue_with_key(
    registry: *const tegata_registry,
    issue: *const tegata_issue_with_key,
    call: *const tegata_call,
    issued_with_key: *mut *const tegata_issued_with_key,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued_with_key = out(issued_with_key, "issued_with_key")?;
        issued_with_key
            .give(&registry_of(registry)?.certificates().issue_with_key(&given(issue, "issue")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Hands in a request, to be approved or denied. It works under any profile and is checked at once as if it were
/// issued now.
///
/// Errors: Those of `tegata_certificates_issue()`, but for `profile.approval_needed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_request(
    registry: *const tegata_registry,
    issue: *const tegata_issue,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record
            .give(&registry_of(registry)?.certificates().request(&given(issue, "issue")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Approves a request: the certificate is issued, valid from now.
///
/// Errors: `certificate.not_pending`; otherwise those of `tegata_certificates_issue()`, as things are now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_approve(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    issued: *mut *const tegata_issued,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued = out(issued, "issued")?;
        issued.give(&registry_of(registry)?.certificates().approve(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Denies a request, for good.
///
/// Errors: `certificate.not_pending`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_deny(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().deny(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// The record of a certificate, whatever its state.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_get(
    registry: *const tegata_registry,
    id: *const c_char,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(&registry_of(registry)?.certificates().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The record of the certificate with this serial number (its octets) that `authority` issued. The serial number
/// leads straight to the record; nothing is searched.
///
/// Errors: `certificate.unknown`; `input.unknown_id` for an unknown authority.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_by_serial(
    registry: *const tegata_registry,
    authority: *const c_char,
    serial: tegata_bytes,
    certificate_record: *mut *const tegata_certificate_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let certificate_record = out(certificate_record, "certificate_record")?;
        certificate_record.give(
            &registry_of(registry)?.certificates().by_serial(parsed(authority, "authority")?, serial.get("serial")?)?,
        );
        Ok(())
    })
}

/// The certificate with its record and the certificates above it.
///
/// Errors: `certificate.pending` or `certificate.denied` when it was not issued; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_issued(
    registry: *const tegata_registry,
    id: *const c_char,
    issued: *mut *const tegata_issued,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let issued = out(issued, "issued")?;
        issued.give(&registry_of(registry)?.certificates().issued(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The certificate in DER.
///
/// Errors: Those of `tegata_certificates_issued()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_der(
    registry: *const tegata_registry,
    id: *const c_char,
    der: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let der = out(der, "der")?;
        der.give(registry_of(registry)?.certificates().der(parsed(id, "id")?)?.as_slice());
        Ok(())
    })
}

/// The certificate in PEM.
///
/// Errors: Those of `tegata_certificates_issued()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_pem(
    registry: *const tegata_registry,
    id: *const c_char,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(registry_of(registry)?.certificates().pem(parsed(id, "id")?)?.as_str());
        Ok(())
    })
}

/// The certificates above it in DER: its issuer first, the root last.
///
/// Errors: Those of `tegata_certificates_issued()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_chain(
    registry: *const tegata_registry,
    id: *const c_char,
    chain: *mut *const tegata_bytes_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let chain = out(chain, "chain")?;
        chain.give(registry_of(registry)?.certificates().chain(parsed(id, "id")?)?.as_slice());
        Ok(())
    })
}

/// The certificates that match, in the order of their numbers: that in which they were requested or issued.
///
/// Errors: `input.invalid` for a serial number that is not hexadecimal, `input.page_cursor`, `store.invalid_query` when
/// part of a name is searched in its middle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_find(
    registry: *const tegata_registry,
    filter: *const tegata_certificate_filter,
    page: *const tegata_page,
    list: *mut *const tegata_certificate_record_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .certificates()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// Attaches a certificate to a device, which can then present it as well.
///
/// Errors: `certificate.already_attached`; the certificate's state, unless it is in force, suspended or not yet valid;
/// `device.deleted`; `input.invalid` for a product credential.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_attach(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    assignment: *mut *const tegata_assignment,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let assignment = out(assignment, "assignment")?;
        assignment.give(&registry_of(registry)?.certificates().attach(
            parsed(id, "id")?,
            parsed(device, "device")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Detaches a certificate from a device. The certificate itself stays as it is.
///
/// Errors: `certificate.not_attached`; `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_detach(
    registry: *const tegata_registry,
    id: *const c_char,
    device: *const c_char,
    call: *const tegata_call,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        registry_of(registry)?.certificates().detach(parsed(id, "id")?, parsed(device, "device")?, &call_of(call)?)?;
        Ok(())
    })
}

/// The devices that a certificate is attached to, and since when, the earliest first.
///
/// Errors: `input.unknown_id`; store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_attachments(
    registry: *const tegata_registry,
    id: *const c_char,
    page: *const tegata_page,
    list: *mut *const tegata_assignment_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?.certificates().attachments(parsed(id, "id")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

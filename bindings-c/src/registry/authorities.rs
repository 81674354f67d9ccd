//! Authorities: the private CA.

use crate::registry::prelude::*;

/// Makes a root: an authority that certifies itself.
///
/// Errors: `authority.name_taken`; `key.generation_unsupported` for RSA without the feature `aws-lc`; signer and store
/// errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_create_root(
    registry: *const tegata_registry,
    new_authority: *const tegata_new_authority,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(
            &registry_of(registry)?
                .authorities()
                .create_root(&given(new_authority, "new_authority")?, &call_of(call)?)?,
        );
        Ok(())
    })
}

/// Makes an authority that `parent` certifies.
///
/// Errors: Those of `tegata_authorities_create_root()`; `authority.validity_exceeds_issuer` and `authority.path_length`
/// when the parent's certificate does not allow it; the parent's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_create_intermediate(
    registry: *const tegata_registry,
    parent: *const c_char,
    new_authority: *const tegata_new_authority,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().create_intermediate(
            parsed(parent, "parent")?,
            &given(new_authority, "new_authority")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Takes over an authority that exists, with its key and the certificates above it.
///
/// Errors: `certificate.malformed`, `authority.not_ca` (version 1, no CA:TRUE, no keyCertSign, no cRLSign, no key
/// identifier), `authority.chain_invalid`, `authority.path_length`, `authority.signer_mismatch`,
/// `authority.name_taken`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_import(
    registry: *const tegata_registry,
    import: *const tegata_import_authority,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().import(&given(import, "import")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Makes a key and a CSR for an authority that an outside CA is to certify; `tegata_authorities_install()` completes it.
/// The CSR is in the record's `request`.
///
/// Errors: Those of `tegata_authorities_create_root()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_request(
    registry: *const tegata_registry,
    new_authority: *const tegata_new_authority,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(
            &registry_of(registry)?.authorities().request(&given(new_authority, "new_authority")?, &call_of(call)?)?,
        );
        Ok(())
    })
}

/// Installs what the outside CA issued for `request`: the certificate, and those above it as PEM.
///
/// Errors: `authority.already_installed`, `authority.signer_mismatch` when it is for another key, `authority.not_ca`,
/// `authority.chain_invalid`, `authority.path_length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_install(
    registry: *const tegata_registry,
    id: *const c_char,
    certificate: tegata_bytes,
    chain: tegata_bytes,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().install(
            parsed(id, "id")?,
            certificate.get("certificate")?,
            chain.get("chain")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// The authority with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_get(
    registry: *const tegata_registry,
    id: *const c_char,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The authorities that match, by name.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_find(
    registry: *const tegata_registry,
    filter: *const tegata_authority_filter,
    page: *const tegata_page,
    list: *mut *const tegata_authority_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .authorities()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// The authority's certificate and those above it, in DER, its own first and the root last.
///
/// Errors: `input.unknown_id`; `authority.not_installed` while its certificate is awaited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_chain(
    registry: *const tegata_registry,
    id: *const c_char,
    chain: *mut *const tegata_bytes_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let chain = out(chain, "chain")?;
        chain.give(registry_of(registry)?.authorities().chain(parsed(id, "id")?)?.as_slice());
        Ok(())
    })
}

/// Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires in the
/// same moment: it still revokes and signs CRLs, and what it issued stays valid. What referred to the old one
/// (products, renewals) is issued by the new one from now on.
///
/// Errors: When the authority is not the newest generation, or waits for its certificate; `input.invalid` for a subject
/// or a validity that cannot be; those of `tegata_authorities_create_intermediate()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_rebuild(
    registry: *const tegata_registry,
    id: *const c_char,
    rebuild: *const tegata_rebuild,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().rebuild(
            parsed(id, "id")?,
            &given(rebuild, "rebuild")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Certifies the key and subject of `id` by `by` as well, so that those who trust only `by` (an older generation,
/// another hierarchy) can follow. Returns the cross-certificate in DER; it is kept with the authority.
///
/// Errors: The states of both; `authority.validity_exceeds_issuer` never: the cross-certificate ends with the earlier
/// one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_cross_certify(
    registry: *const tegata_registry,
    id: *const c_char,
    by: *const c_char,
    call: *const tegata_call,
    der: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let der = out(der, "der")?;
        der.give(
            registry_of(registry)?
                .authorities()
                .cross_certify(parsed(id, "id")?, parsed(by, "by")?, &call_of(call)?)?
                .as_slice(),
        );
        Ok(())
    })
}

/// Ends issuing: from now on the authority only revokes and signs CRLs.
///
/// Errors: `authority.retired` and the other states that do not allow it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_retire(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().retire(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Ends all trust in the authority: it signs nothing more, nothing that it or an authority below it issued
/// authenticates, and the next CRLs of its issuer and of those that certified it across list it. Those below it
/// issue again once they are rebuilt below another one; until then they only sign CRLs.
///
/// Errors: `authority.compromised` when that is known already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_mark_compromised(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    authority: *mut *const tegata_authority,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let authority = out(authority, "authority")?;
        authority.give(&registry_of(registry)?.authorities().mark_compromised(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Makes a CRL of the authority anew: every certificate in its scope that is revoked, or on hold under a profile that
/// says so. Certificates whose grace period has ended are revoked (superseded) first.
///
/// Errors: `authority.compromised`, `authority.expired`, `authority.signer_missing`; `input.unknown_id` for a shard that
/// the authority never had; `certificate.crl_no_base` for a delta before there is a complete CRL, to one that a clock
/// made that was ahead, or of the list of all certificates when there are shards; signer and store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_crl(
    registry: *const tegata_registry,
    id: *const c_char,
    options: *const tegata_crl_options,
    call: *const tegata_call,
    crl_record: *mut *const tegata_crl_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let crl_record = out(crl_record, "crl_record")?;
        crl_record.give(&registry_of(registry)?.authorities().crl(
            parsed(id, "id")?,
            &given_or_default(options, "options")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// The newest CRL that was made.
///
/// Errors: `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_current_crl(
    registry: *const tegata_registry,
    id: *const c_char,
    options: *const tegata_crl_options,
    crl_record: *mut *const tegata_crl_record,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let crl_record = out(crl_record, "crl_record")?;
        crl_record.give(
            &registry_of(registry)?
                .authorities()
                .current_crl(parsed(id, "id")?, &given_or_default(options, "options")?)?,
        );
        Ok(())
    })
}

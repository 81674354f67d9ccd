//! Profiles.

use crate::registry::prelude::*;

/// Adds a version of the profile `name`, unless the newest already says the same.
///
/// Errors: `profile.invalid`, naming the field and the reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_put(
    registry: *const tegata_registry,
    name: *const c_char,
    spec: *const tegata_profile_spec,
    call: *const tegata_call,
    profile: *mut *const tegata_profile,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let profile = out(profile, "profile")?;
        profile.give(&registry_of(registry)?.profiles().put(
            text(name, "name")?,
            &given(spec, "spec")?,
            &call_of(call)?,
        )?);
        Ok(())
    })
}

/// Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's,
/// without its ending.
///
/// Errors: `input.invalid` when the file cannot be read, `profile.syntax`, `profile.invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_load(
    registry: *const tegata_registry,
    file: *const c_char,
    call: *const tegata_call,
    profile: *mut *const tegata_profile,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let profile = out(profile, "profile")?;
        profile.give(&registry_of(registry)?.profiles().load(text(file, "file")?, &call_of(call)?)?);
        Ok(())
    })
}

/// The version with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_get(
    registry: *const tegata_registry,
    id: *const c_char,
    profile: *mut *const tegata_profile,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let profile = out(profile, "profile")?;
        profile.give(&registry_of(registry)?.profiles().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The newest version of the profile `name`.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_newest(
    registry: *const tegata_registry,
    name: *const c_char,
    profile: *mut *const tegata_profile,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let profile = out(profile, "profile")?;
        profile.give(&registry_of(registry)?.profiles().newest(text(name, "name")?)?);
        Ok(())
    })
}

/// All versions of the profile `name`, the newest first.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_versions(
    registry: *const tegata_registry,
    name: *const c_char,
    page: *const tegata_page,
    list: *mut *const tegata_profile_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&registry_of(registry)?.profiles().versions(text(name, "name")?, &given_or_default(page, "page")?)?);
        Ok(())
    })
}

/// All versions of all profiles, by name.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_find(
    registry: *const tegata_registry,
    page: *const tegata_page,
    list: *mut *const tegata_profile_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&registry_of(registry)?.profiles().find(&given_or_default(page, "page")?)?);
        Ok(())
    })
}

/// What `csr` would become if `authority` issued it under `profile` now, to an applicant called `name` who is no
/// device; nothing is issued.
///
/// Errors: The very reason for which issuing would be refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profiles_preview(
    registry: *const tegata_registry,
    profile: *const c_char,
    authority: *const c_char,
    csr: tegata_bytes,
    name: *const c_char,
    preview: *mut *const tegata_preview,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let preview = out(preview, "preview")?;
        preview.give(&registry_of(registry)?.profiles().preview(
            parsed(profile, "profile")?,
            parsed(authority, "authority")?,
            csr.get("csr")?,
            maybe_text(name, "name")?,
        )?);
        Ok(())
    })
}

//! What is left of the handles: calls whose shape is like no other's.

use std::io::{self, BufWriter, Write};

use super::prelude::*;
use crate::callback::{Host, needed, tegata_failure};
use crate::signer::signer as signer_of;

/// One-time claim codes, erased when freed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_claim_codes {
    /// The codes.
    pub codes: tegata_texts,
}

impl ToC for [Secret<String>] {
    type C = tegata_claim_codes;

    fn to_c(&self, arena: &mut Arena) -> tegata_claim_codes {
        arena.holds_a_secret();
        tegata_claim_codes { codes: arena.texts(self.iter().map(|code| code.expose().as_str())) }
    }
}

/// Frees claim codes; NULL is fine. They are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_claim_codes_free(claim_codes: *const tegata_claim_codes) {
    free_record(claim_codes);
}

/// Makes `count` one-time claim codes, which expire at `expires` unless that is NULL. They are stored as keyed tags
/// only, so
/// this is the only time they are seen. Case and dashes do not matter when one is used.
///
/// Errors: `input.invalid` for more than 10,000 at once or an expiry that has passed; `product.discontinued`;
/// `input.request_id_reused` always for a repeated request ID, since codes cannot be read again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_products_issue_claim_codes(
    registry: *const tegata_registry,
    id: *const c_char,
    count: u32,
    expires: *const i64,
    call: *const tegata_call,
    claim_codes: *mut *const tegata_claim_codes,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let claim_codes = out(claim_codes, "claim_codes")?;
        let expires = optional(expires).copied().map(Timestamp::from_unix);
        let products = registry_of(registry)?.products();
        let made = products.issue_claim_codes(parsed(id, "id")?, count, expires, &call_of(call)?)?;
        claim_codes.give(made.as_slice());
        Ok(())
    })
}

/// Connects an authority whose key is with the host to its signer, after every opening.
///
/// Errors: `input.unknown_id`; `key.inconsistent` and others when the signer's key is not the authority's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authorities_use_signer(
    registry: *const tegata_registry,
    id: *const c_char,
    signer: *const tegata_signer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let signer = signer_of(signer, "signer")?.clone();
        registry_of(registry)?.authorities().use_signer(parsed(id, "id")?, signer)
    })
}

/// Where a stream goes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_writer {
    /// `sizeof(tegata_writer)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Takes all octets of `data` and returns 0, or anything else after saying why in `failure`. It gets up to 65,536 octets at a
    /// time, not whole lines. Required.
    pub write:
        Option<unsafe extern "C" fn(userdata: *mut c_void, data: tegata_bytes, failure: *mut tegata_failure) -> c_int>,
}
growing!(tegata_writer);

/// How much is written at once, at most.
const PORTION: usize = 1 << 16;

struct Writer {
    host: Host,
    write: unsafe extern "C" fn(*mut c_void, tegata_bytes, *mut tegata_failure) -> c_int,
    failed: Option<String>,
}

impl Write for Writer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let lent = tegata_bytes::lent(data);
        // SAFETY: the host's function with the arguments that the header tells.
        let answer = self.host.call(|userdata, failure| unsafe { (self.write)(userdata, lent, failure) });
        answer.map(|()| data.len()).map_err(|(_, mut failure)| {
            let reason = failure.reason();
            self.failed = Some(reason.clone());
            io::Error::other(reason)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands the writer that C passes, if any, to `body`. What is written reaches the host in large portions, all of it when the call
/// succeeds; after a failure the host is not called any more, and the error has its sentence.
pub(super) fn with_writer<T>(
    writer: *const tegata_writer,
    field: &str,
    body: impl FnOnce(Option<&mut dyn Write>) -> Result<T>,
) -> Result<T> {
    if writer.is_null() {
        return body(None);
    }
    let writer = sized(writer, field)?;
    let write = needed(writer.write, "write")?;
    let writer = Writer { host: Host::new(writer.userdata, None), write, failed: None };
    let mut buffered = BufWriter::with_capacity(PORTION, writer);
    let mut result = body(Some(&mut buffered));
    if result.is_ok()
        && let Err(error) = buffered.flush()
    {
        result = Err(invalid(field, &error.to_string()));
    }
    match buffered.into_parts().0.failed {
        Some(reason) => Err(invalid(field, &format!("failed: {reason}"))),
        None => result,
    }
}

/// The same for a writer that must be there.
pub(super) fn with_needed_writer<T>(
    writer: *const tegata_writer,
    body: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    with_writer(writer, "writer", |writer| body(writer.ok_or_else(|| invalid("writer", "is NULL"))?))
}

/// Writes the events that match to `writer`, one JSON object per line, and tells in `count` how many. `filter` may be NULL for
/// all.
///
/// Errors: store errors; `input.invalid` when the writer fails, with what it said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_events_export(
    registry: *const tegata_registry,
    filter: *const tegata_event_filter,
    writer: *const tegata_writer,
    count: *mut u64,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let count = out(count, "count")?;
        let (registry, filter) = (registry_of(registry)?, given_or_default(filter, "filter")?);
        count.set(with_needed_writer(writer, |writer| registry.events().export(&filter, writer))?);
        Ok(())
    })
}

/// Reads a product from TOML.
///
/// Errors: `input.invalid`, naming line and field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_product_spec_from_toml(
    toml: *const c_char,
    spec: *mut *const tegata_product_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let spec = out(spec, "spec")?;
        spec.give(&ProductSpec::from_toml(text(toml, "toml")?)?);
        Ok(())
    })
}

/// Reads a product from a TOML file.
///
/// Errors: `input.invalid` when the file cannot be read, or naming line and field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_product_spec_load(
    file: *const c_char,
    spec: *mut *const tegata_product_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let spec = out(spec, "spec")?;
        spec.give(&ProductSpec::load(text(file, "file")?)?);
        Ok(())
    })
}

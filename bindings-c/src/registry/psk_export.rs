//! Pre-shared keys as the lists that TLS servers read.

use tegata::PskFormat;

use super::psk_values::tegata_psk_filter;
use crate::bytes::Secretly;
use crate::number::same_variants;
use crate::registry::prelude::*;

/// For which server pre-shared keys are written. Secrets stand there in hexadecimal digits, so that they may be any octets.
#[repr(C)]
pub enum tegata_psk_format {
    /// The file that `psk_file` names in the configuration of mosquitto 2.0 and later; secrets have 1 to 256 octets.
    Mosquitto = 1,
    /// Arguments of `openssl s_server` and `openssl s_client`, each pair in a line of its own, for trying out; secrets have 1
    /// to 256 octets.
    OpenSsl = 2,
    /// The file of `GnuTLS` 3.6.13 and later, as `psktool` makes it; secrets have 1 to 512 octets.
    GnuTls = 3,
    /// The file that `PSKsecrets` names in the configuration of stunnel 5.42 and later; secrets have 16 to 256 octets.
    Stunnel = 4,
    /// A C header for servers with mbedTLS 2 and 3: a table and a callback; secrets have 1 to 48 octets.
    MbedTls = 5,
    /// A C header for servers with wolfSSL 4 and 5: a table and its callbacks; secrets have 1 to 64 octets.
    WolfSsl = 6,
}
same_variants!(tegata_psk_format = PskFormat { Mosquitto, OpenSsl, GnuTls, Stunnel, MbedTls, WolfSsl });

/// A list for a TLS server: the keys that match `filter`, can be read and count now, that is, are active and of a valid
/// device, in the order of their numbers. A rotated key in its grace period is there twice if its identity changed with it. The
/// list is erased when freed. An export leaves one event. The request ID of `call` is not used.
///
/// Errors: `psk.not_readable` when `filter` asks for keys that can only be checked; `psk.identity`, `psk.too_short`,
/// `psk.too_long` when the form cannot say one of the keys: then there is no list rather than one that lacks somebody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_psks_export(
    registry: *const tegata_registry,
    filter: *const tegata_psk_filter,
    format: Number<tegata_psk_format>,
    call: *const tegata_call,
    file: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let file = out(file, "file")?;
        let filter = given_or_default(filter, "filter")?;
        let list = registry_of(registry)?.psks().export(&filter, format.core("format")?, &call_of(call)?)?;
        file.give(&Secretly(list.expose()));
        Ok(())
    })
}

//! PSK identities: what a client calls itself in TLS-PSK (RFC 4279, 5.1), in clear.

use crate::error::{Error, PskError};

/// The most octets that an identity has. TLS peers need to take 128 (RFC 4279, 5.3).
pub const MAX_IDENTITY: usize = 128;

/// Checks that every TLS-PSK server can be told this identity, also in a file of `identity:key` lines, such as the
/// `psk_file` of Mosquitto.
///
/// ```
/// use tegata::symmetric::check_psk_identity;
/// assert!(check_psk_identity("meter-0042").is_ok());
/// assert_eq!(check_psk_identity("meter:0042").unwrap_err().code(), "psk.identity");
/// ```
///
/// # Errors
/// `psk.identity`, saying what is wrong.
pub fn check_psk_identity(identity: &str) -> Result<(), Error> {
    let reason = if identity.is_empty() {
        "it is empty"
    } else if identity.len() > MAX_IDENTITY {
        "it is longer"
    } else if identity.chars().any(char::is_control) {
        "remove its control characters"
    } else if identity.contains(':') {
        "remove its colons, which end the identity in a file of PSKs"
    } else if identity.starts_with('#') {
        "let it not begin with #, which begins a comment in a file of PSKs"
    } else if identity.trim() != identity {
        "remove the white space at its ends"
    } else {
        return Ok(());
    };
    Err(PskError::Identity { reason: reason.to_owned() }.into())
}

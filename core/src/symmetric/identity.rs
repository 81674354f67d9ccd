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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn identities_that_a_server_could_misread_are_refused() {
        let long = "x".repeat(129);
        let two_octets_each = "é".repeat(65);
        for wrong in [
            "",
            &long,
            &two_octets_each,
            "a\nb",
            "a\0",
            "\u{7f}",
            "\u{85}",
            "a:b",
            ":",
            "#a",
            " a",
            "a ",
            "\u{a0}a",
            "a\u{3000}",
        ] {
            assert_eq!(check_psk_identity(wrong).err().map(|e| e.code()), Some("psk.identity"), "{wrong:?}");
        }
        for fine in ["a", "meter-1", "a b", "a#", "é", "手形", &"x".repeat(128), &"é".repeat(64)] {
            assert!(check_psk_identity(fine).is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_identity() {
        let refused = check_psk_identity("alice@example.com:1").expect_err("a colon");
        assert!(!refused.to_string().contains("alice"));
    }

    proptest! {
        /// A line of a file of PSKs, split as servers do, gives the identity back.
        #[test]
        fn an_accepted_identity_survives_a_psk_file(identity in "\\PC{0,130}|.{0,130}") {
            if check_psk_identity(&identity).is_ok() {
                let file = format!("# PSKs\n{identity}:00ff\n");
                let lines: Vec<_> = file.lines().filter(|line| !line.starts_with('#')).collect();
                prop_assert_eq!(lines, [format!("{identity}:00ff")]);
                prop_assert_eq!(file.lines().nth(1).and_then(|line| line.split_once(':')), Some((&*identity, "00ff")));
            }
        }
    }
}

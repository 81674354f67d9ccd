//! Pre-shared keys in the forms that TLS servers read. Values in, text out; what comes out is secret.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::psk_c::{self, Library};
use crate::error::{Error, PskError};
use crate::secret::Secret;
use crate::symmetric::MAX_IDENTITY;

/// For which server the keys are written. Secrets stand there in hexadecimal digits, so that they may be any octets; a
/// password's key is its UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PskFormat {
    /// The file that `psk_file` names in the configuration of mosquitto 2.0 and later: `identity:hex` in each line. The
    /// listener needs a `psk_hint` besides, and reads the file again at SIGHUP. Blanks at either end of an identity are
    /// cut off there and a line with `#` in front is a comment, so neither is written; secrets have 1 to 256 octets.
    Mosquitto,
    /// Arguments of `openssl s_server` and `openssl s_client` (1.1.1 and later), which hold one key at a time, each pair
    /// in a line of its own: `-psk_identity 'identity' -psk hex`. They are quoted as a shell's `eval` and as `xargs`
    /// understand it: `sed -n 1p FILE | xargs openssl s_server -nocert -accept 4433`. OpenSSL has neither a file nor a
    /// configuration for such keys, and who lists the machine's processes sees the arguments: this is for trying out.
    /// Secrets have 1 to 256 octets.
    OpenSsl,
    /// The file of `GnuTLS` 3.6.13 and later, as `psktool` makes it and `gnutls_psk_set_server_credentials_file` and
    /// `gnutls-serv --pskpasswd` read it: `identity:hex` in each line, or `#hex:hex` where the identity has a colon in it
    /// or a `#` in front. Secrets have 1 to 512 octets.
    GnuTls,
    /// The file that `PSKsecrets` names in the configuration of stunnel 5.51 and later: `identity:hex` in each line. It
    /// must not be readable for others; secrets have 16 to 256 octets.
    Stunnel,
    /// A C header for servers with mbedTLS 2 and 3: a table, and the callback `tegata_psk` for `mbedtls_ssl_conf_psk_cb`.
    /// It does not compile where a secret is longer than the `MBEDTLS_PSK_MAX_LEN` that the library was built with (32
    /// octets in mbedTLS 2, mostly 48 in 3); secrets have 1 to 48 octets.
    MbedTls,
    /// A C header for servers with wolfSSL 4 and 5: a table, and the callbacks `tegata_psk` for
    /// `wolfSSL_CTX_set_psk_server_callback` and, in TLS 1.3, `tegata_psk_tls13` for
    /// `wolfSSL_CTX_set_psk_server_tls13_callback`. Secrets have 1 to 64 octets.
    WolfSsl,
}

impl PskFormat {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Mosquitto, Self::OpenSsl, Self::GnuTls, Self::Stunnel, Self::MbedTls, Self::WolfSsl];

    /// The stable name, such as `mosquitto`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mosquitto => "mosquitto",
            Self::OpenSsl => "openssl",
            Self::GnuTls => "gnutls",
            Self::Stunnel => "stunnel",
            Self::MbedTls => "mbedtls",
            Self::WolfSsl => "wolfssl",
        }
    }

    /// The shortest and the longest secret in octets that the server takes.
    pub const fn secret_len(self) -> (usize, usize) {
        match self {
            Self::Mosquitto | Self::OpenSsl => (1, 256),
            Self::GnuTls => (1, 512),
            Self::Stunnel => (16, 256),
            Self::MbedTls => (1, 48),
            Self::WolfSsl => (1, 64),
        }
    }

    /// Whether this form can say `identity` and `secret`, and its server take them.
    ///
    /// # Errors
    /// `psk.identity`, `psk.too_short` or `psk.too_long`.
    pub fn check(self, identity: &str, secret: &[u8]) -> Result<(), PskError> {
        if let Some(reason) = self.against(identity) {
            return Err(PskError::Identity { reason });
        }
        let (needed, limit) = self.secret_len();
        if secret.len() < needed {
            return Err(PskError::TooShort { needed });
        }
        if secret.len() > limit {
            return Err(PskError::TooLong { limit });
        }
        Ok(())
    }

    /// What speaks against an identity.
    fn against(self, identity: &str) -> Option<String> {
        if identity.is_empty() || identity.len() > MAX_IDENTITY {
            return Some(format!("this one has {}", identity.len()));
        }
        // Line ends would make two entries of one; a NUL ends a string in C, and with it the identity.
        if identity.contains(char::is_control) {
            return Some("this one has a control character in it".to_owned());
        }
        let wrong = match self {
            Self::Mosquitto | Self::Stunnel if identity.contains(':') => "has a colon in it",
            Self::Mosquitto if identity.starts_with('#') => "has a # in front",
            Self::Mosquitto if identity.trim_ascii() != identity => "has a blank at an end",
            // At the beginning of a file it would be taken for a mark of its encoding.
            Self::Mosquitto | Self::Stunnel if identity.starts_with('\u{feff}') => "has a byte order mark in front",
            _ => return None,
        };
        Some(format!("this one {wrong}, which the file of {self} cannot say"))
    }
}

impl fmt::Display for PskFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PskFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().copied().find(|format| format.name() == text);
        found.ok_or_else(|| Error::input("format", "is none of mosquitto, openssl, gnutls, stunnel, mbedtls, wolfssl"))
    }
}

/// Identities and their secrets as `format` has them, in this order. No entries make an empty file, or an empty table.
///
/// # Errors
/// `psk.identity` when an identity is empty, has more than 128 octets or a control character in it, cannot be said in
/// this form, or is there twice; `psk.too_short` and `psk.too_long` when the server would not take a secret.
pub fn psk_file(entries: &[(&str, &[u8])], format: PskFormat) -> Result<Secret<Vec<u8>>, Error> {
    let mut seen = HashSet::with_capacity(entries.len());
    for &(identity, secret) in entries {
        format.check(identity, secret)?;
        if !seen.insert(identity) {
            let reason = "this one is there twice, and a server looks for one secret".to_owned();
            return Err(PskError::Identity { reason }.into());
        }
    }
    // Measured first: a buffer that grows leaves copies of secrets behind.
    let mut size = 0_usize;
    render(entries, format, &mut |part| size = size.saturating_add(part.len()));
    let mut file = Vec::with_capacity(size);
    render(entries, format, &mut |part| file.extend_from_slice(part));
    Ok(Secret::new(file))
}

/// Where text goes, piece by piece.
pub(super) type Out<'a> = dyn FnMut(&[u8]) + 'a;

fn render(entries: &[(&str, &[u8])], format: PskFormat, out: &mut Out<'_>) {
    match format {
        PskFormat::MbedTls => psk_c::header(entries, Library::MbedTls, out),
        PskFormat::WolfSsl => psk_c::header(entries, Library::WolfSsl, out),
        PskFormat::OpenSsl => {
            for (identity, secret) in entries {
                out(b"-psk_identity '");
                for (place, part) in identity.split('\'').enumerate() {
                    // Quote, quoted quote, quote: there is no way to have it inside.
                    out(if place == 0 { b"" } else { b"'\\''" });
                    out(part.as_bytes());
                }
                out(b"' -psk ");
                hex(secret, out);
                out(b"\n");
            }
        }
        PskFormat::GnuTls | PskFormat::Mosquitto | PskFormat::Stunnel => {
            for (identity, secret) in entries {
                if format == PskFormat::GnuTls && (identity.starts_with('#') || identity.contains(':')) {
                    out(b"#");
                    hex(identity.as_bytes(), out);
                } else {
                    out(identity.as_bytes());
                }
                out(b":");
                hex(secret, out);
                out(b"\n");
            }
        }
    }
}

fn hex(bytes: &[u8], out: &mut Out<'_>) {
    for &byte in bytes {
        out(&hex_digits(byte));
    }
}

/// The two hexadecimal digits of an octet, without a table that would be read at places which depend on a secret.
const fn hex_digits(byte: u8) -> [u8; 2] {
    const fn digit(value: u8) -> u8 {
        // Subtracting ten and above from nine borrows, which shows in the highest bit; `a` is 39 further than `9` + 1.
        value + b'0' + (9_u8.wrapping_sub(value) >> 7) * (b'a' - b'9' - 1)
    }
    [digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    /// What a format's server makes of a file, in the words of its source.
    fn read(file: &[u8], format: PskFormat) -> Vec<(String, Vec<u8>)> {
        let text = std::str::from_utf8(file).unwrap();
        match format {
            PskFormat::MbedTls | PskFormat::WolfSsl => psk_c::tests::read(text),
            PskFormat::OpenSsl => text.lines().map(read_arguments).collect(),
            _ => text
                .split_terminator('\n')
                .filter(|line| format != PskFormat::Mosquitto || !line.starts_with('#'))
                .map(|line| {
                    let (identity, secret) = line.split_once(':').unwrap();
                    let identity = match identity.strip_prefix('#').filter(|_| format == PskFormat::GnuTls) {
                        Some(hex) => String::from_utf8(HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap(),
                        None if format == PskFormat::Mosquitto => identity.trim_ascii().to_owned(),
                        None => identity.to_owned(),
                    };
                    (identity, HEXLOWER.decode(secret.as_bytes()).unwrap())
                })
                .collect(),
        }
    }

    fn read_arguments(line: &str) -> (String, Vec<u8>) {
        let (identity, secret) = line.rsplit_once(" -psk ").unwrap();
        let quoted = identity.strip_prefix("-psk_identity ").unwrap();
        let (mut identity, mut inside) = (String::new(), false);
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            match character {
                '\'' => inside = !inside,
                '\\' if !inside => identity.push(characters.next().unwrap()),
                _ => {
                    assert!(inside, "{quoted}");
                    identity.push(character);
                }
            }
        }
        (identity, HEXLOWER.decode(secret.as_bytes()).unwrap())
    }

    fn file(entries: &[(&str, &[u8])], format: PskFormat) -> Result<Vec<u8>, Error> {
        let file = psk_file(entries, format)?;
        assert_eq!(file.expose().capacity(), file.expose().len(), "the buffer grew");
        Ok(file.expose().clone())
    }

    #[test]
    fn a_format_has_one_name_everywhere() {
        for format in PskFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
            assert_eq!(format.name().parse::<PskFormat>().unwrap(), *format);
        }
        assert_eq!("apache".parse::<PskFormat>().unwrap_err().code(), "input.invalid");
    }

    #[test]
    fn lines_are_as_each_server_wants_them() {
        let entries: &[(&str, &[u8])] = &[("sensor-1", b"correct horse battery"), ("it's \"2\"", &[0, 9, 0xa0, 255])];
        let text = |format| String::from_utf8(file(entries, format).unwrap()).unwrap();
        let lines = "sensor-1:636f727265637420686f7273652062617474657279\nit's \"2\":0009a0ff\n";
        assert_eq!(text(PskFormat::Mosquitto), lines);
        assert_eq!(text(PskFormat::GnuTls), lines);
        assert_eq!(
            text(PskFormat::OpenSsl),
            "-psk_identity 'sensor-1' -psk 636f727265637420686f7273652062617474657279\n\
             -psk_identity 'it'\\''s \"2\"' -psk 0009a0ff\n"
        );
        let gnutls = file(&[("#a", b"1"), ("b:c", b"2")], PskFormat::GnuTls).unwrap();
        assert_eq!(gnutls, b"#2361:31\n#623a63:32\n");
    }

    #[test]
    fn every_octet_has_the_digits_that_everyone_gives_it() {
        let all: Vec<u8> = (0..=255).collect();
        let digits: Vec<u8> = all.iter().flat_map(|&byte| hex_digits(byte)).collect();
        assert_eq!(digits, HEXLOWER.encode(&all).into_bytes());
    }

    #[test]
    fn nothing_makes_an_empty_file() {
        for &format in PskFormat::ALL {
            let empty = file(&[], format).unwrap();
            assert_eq!(read(&empty, format), []);
        }
    }

    #[test]
    fn what_a_form_cannot_say_is_refused() {
        use PskFormat::{Mosquitto, Stunnel};
        let refused = |identity: &str, formats: &[PskFormat]| {
            for format in PskFormat::ALL {
                let result = psk_file(&[("first", &[1; 16]), (identity, &[2; 16])], *format);
                match result {
                    Ok(_) => assert!(!formats.contains(format), "{identity:?} {format}"),
                    Err(error) => {
                        assert!(formats.contains(format), "{identity:?} {format}: {error}");
                        assert_eq!(error.code(), "psk.identity");
                        assert!(identity.len() < 4 || !error.to_string().contains(identity), "{error}");
                    }
                }
            }
        };
        for identity in ["", "a\nb:00", "a\r", "\0", "a\0b", "\u{85}", "\u{1b}[2J", &"x".repeat(129), "first"] {
            refused(identity, PskFormat::ALL);
        }
        refused("a:b", &[Mosquitto, Stunnel]);
        refused(":", &[Mosquitto, Stunnel]);
        refused("\u{feff}a", &[Mosquitto, Stunnel]);
        for identity in ["#a", " a", "a "] {
            refused(identity, &[Mosquitto]);
        }
        for identity in ["a,b", "a b", "a#", "-x", "$(x)", "`x`", "a\\", "'", "\"", "??/", "端末", &"x".repeat(128)] {
            refused(identity, &[]);
        }
    }

    #[test]
    fn a_secret_that_the_server_would_not_take_is_refused() {
        for &format in PskFormat::ALL {
            let (shortest, longest) = format.secret_len();
            let code = |len: usize| psk_file(&[("a", &vec![7; len])], format).map_err(|error| error.code());
            assert!(code(shortest).is_ok() && code(longest).is_ok(), "{format}");
            assert_eq!(code(shortest - 1).unwrap_err(), "psk.too_short");
            assert_eq!(code(longest + 1).unwrap_err(), "psk.too_long");
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_entry_by_entry(
            entries in prop::collection::vec(("[ -~\\PC]{0,9}|.{0,40}|[:#,'\"\\\\ \n-]{1,4}", prop::collection::vec(any::<u8>(), 0..70)), 0..6)
        ) {
            let borrowed: Vec<(&str, &[u8])> =
                entries.iter().map(|(identity, secret)| (identity.as_str(), secret.as_slice())).collect();
            for &format in PskFormat::ALL {
                // Whatever the form can say stands there and is found again; the rest does not slip in.
                let mut fine: Vec<(&str, &[u8])> = Vec::new();
                for &(identity, secret) in &borrowed {
                    if format.check(identity, secret).is_ok() && fine.iter().all(|(other, _)| *other != identity) {
                        fine.push((identity, secret));
                    }
                }
                let found = read(&file(&fine, format).unwrap(), format);
                let found: Vec<(&str, &[u8])> =
                    found.iter().map(|(identity, secret)| (identity.as_str(), secret.as_slice())).collect();
                prop_assert_eq!(&found, &fine, "{}", format);
                prop_assert_eq!(psk_file(&borrowed, format).is_ok(), fine.len() == borrowed.len());
            }
        }
    }
}

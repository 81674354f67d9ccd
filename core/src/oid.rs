//! Object identifiers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// An object identifier, kept as its DER content octets (X.690, 8.19).
///
/// ```
/// use tegata::Oid;
/// let oid: Oid = "1.3.6.1.5.5.7.3.1".parse()?;
/// assert_eq!(oid, Oid::SERVER_AUTH);
/// assert_eq!(oid.to_string(), "1.3.6.1.5.5.7.3.1");
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(Cow<'static, [u8]>);

impl Oid {
    /// id-kp-serverAuth (RFC 5280, 4.2.1.12): TLS servers.
    pub const SERVER_AUTH: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x01");
    /// id-kp-clientAuth (RFC 5280, 4.2.1.12): TLS clients.
    pub const CLIENT_AUTH: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x02");
    /// id-kp-codeSigning (RFC 5280, 4.2.1.12).
    pub const CODE_SIGNING: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x03");
    /// id-kp-emailProtection (RFC 5280, 4.2.1.12).
    pub const EMAIL_PROTECTION: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x04");
    /// id-kp-OCSPSigning (RFC 5280, 4.2.1.12): delegated OCSP responders.
    pub const OCSP_SIGNING: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x09");
    /// id-kp-cmcRA (RFC 6402, 2.10): registration authorities in EST.
    pub const CMC_RA: Self = Self::constant(b"\x2b\x06\x01\x05\x05\x07\x03\x1c");
    /// anyExtendedKeyUsage (RFC 5280, 4.2.1.12).
    pub const ANY_EXTENDED_KEY_USAGE: Self = Self::constant(b"\x55\x1d\x25\x00");

    const fn constant(content: &'static [u8]) -> Self {
        Self(Cow::Borrowed(content))
    }

    /// The DER content octets, without tag and length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From DER content octets; `None` when they are no object identifier.
    pub fn from_bytes(content: &[u8]) -> Option<Self> {
        arcs(content)?;
        Some(Self(Cow::Owned(content.to_vec())))
    }
}

/// The numbers in DER content octets; each fits 128 bits, as those made from UUIDs do (X.667).
fn arcs(content: &[u8]) -> Option<Vec<u128>> {
    let mut arcs = Vec::new();
    let mut value: u128 = 0;
    let mut fresh = true;
    for &octet in content {
        if fresh && octet == 0x80 {
            return None; // a leading zero (X.690, 8.19.2)
        }
        value = value.checked_mul(128)?.checked_add(u128::from(octet & 0x7f))?;
        fresh = octet < 0x80;
        if fresh {
            if arcs.is_empty() {
                let root = (value / 40).min(2);
                arcs.push(root);
                value -= root * 40;
            }
            arcs.push(value);
            value = 0;
        }
    }
    (fresh && !arcs.is_empty()).then_some(arcs)
}

impl FromStr for Oid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::input("object identifier", "is not a dotted number such as 1.3.6.1.5.5.7.3.2");
        let mut numbers = text.split('.').map(|part| {
            // `from_str` of integers would take a plus sign.
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse::<u128>().ok() } else { None }
        });
        let (Some(Some(root)), Some(Some(second))) = (numbers.next(), numbers.next()) else { return Err(refused()) };
        if root > 2 || (root < 2 && second > 39) {
            return Err(refused());
        }
        let first = second.checked_add(root * 40).ok_or_else(refused)?;
        let mut content = Vec::with_capacity(text.len());
        push_arc(&mut content, first);
        for number in numbers {
            push_arc(&mut content, number.ok_or_else(refused)?);
        }
        Ok(Self(Cow::Owned(content)))
    }
}

fn push_arc(content: &mut Vec<u8>, arc: u128) {
    let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let septet = u8::try_from((arc >> (7 * group)) & 0x7f).unwrap_or(0);
        content.push(if group > 0 { septet | 0x80 } else { septet });
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arc) in arcs(&self.0).unwrap_or_default().into_iter().enumerate() {
            write!(f, "{}{arc}", if index > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Oid {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_is_no_identifier_is_refused() {
        for text in ["", "1", "3.1", "1.40", "1..2", "1.2.", "1.+2", "1.2.999999999999999999999999999999999999999"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }

    #[test]
    fn octets_that_are_no_identifier_are_refused() {
        for content in [&[][..], &[0x80, 1], &[0x2a, 0x80, 1], &[0x2a, 0x86]] {
            assert_eq!(Oid::from_bytes(content), None, "{content:02x?}");
        }
    }

    #[test]
    fn identifiers_made_from_uuids_come_back() {
        let text = "2.25.329800735698586629295641978511506172918";
        assert_eq!(text.parse::<Oid>().unwrap().to_string(), text);
    }

    proptest! {
        #[test]
        fn identifiers_come_back_from_text_and_octets(root in 0u64..3, second in 0u64..40, rest: Vec<u64>) {
            let text = rest.iter().fold(format!("{root}.{second}"), |text, arc| format!("{text}.{arc}"));
            let oid: Oid = text.parse().unwrap();
            prop_assert_eq!(oid.to_string(), text);
            prop_assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
        }
    }
}

//! A second opinion on certificates from outside, by x509-parser.
//!
//! Certificates are read strictly by our own reader, since x509-parser takes BER and passes over some left-over bytes.
//! But two readers that see different things in one certificate are how attackers have slipped names and keys past
//! checks, so what x509-parser reads too must be the same to both.

use x509_parser::prelude::{FromDer, X509Certificate};

/// What two readers must see alike: encoded, as it stands in the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    pub(super) serial: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) spki: &'a [u8],
}

/// Whether x509-parser, where it reads `der` at all, sees the same.
pub(super) fn agrees(der: &[u8], seen: &Seen<'_>) -> bool {
    match X509Certificate::from_der(der) {
        // What it cannot read it cannot misread.
        Err(_) => true,
        Ok((left, certificate)) => {
            let theirs = Seen {
                serial: certificate.raw_serial(),
                issuer: certificate.issuer().as_raw(),
                subject: certificate.subject().as_raw(),
                spki: certificate.public_key().raw,
            };
            left.is_empty() && theirs == *seen
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::fixture;

    #[test]
    fn a_certificate_that_reads_differently_is_noticed() {
        let certificate = fixture::root("CN=Root").certificate;
        let seen = Seen {
            serial: certificate.serial(),
            issuer: certificate.issuer().as_der(),
            subject: certificate.subject().as_der(),
            spki: certificate.spki(),
        };
        assert!(agrees(certificate.der(), &seen));
        assert!(!agrees(certificate.der(), &Seen { subject: b"\x30\x00", ..seen }));
        assert!(!agrees(certificate.der(), &Seen { serial: b"\x7f\x7f", ..seen }));
    }
}

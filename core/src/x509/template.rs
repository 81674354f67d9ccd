//! Certificates (RFC 5280, 4): the writer.
//!
//! CA certificates are written here too and not by rcgen, which keeps names as a map by attribute type (`OU=a, OU=b`
//! loses one, and the issuer no longer equals the parent's subject), writes no authority key identifier that it was
//! given, and makes the serial number from the key when none is set.

use super::Name;
use super::extension::{PreparedExtensions, id, write_extension};
use crate::der::{Writer, tag};
use crate::env::Timestamp;
use crate::error::Error;
use crate::key::{PublicKey, SignatureAlgorithm, Signer, sign_with};

/// A certificate to be: everything but the signature.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a> {
    /// The serial number, big endian: positive and at most 20 octets (RFC 5280, 4.1.2.2).
    pub serial: &'a [u8],
    /// The issuer's subject, copied octet for octet.
    pub issuer: &'a Name,
    /// The subject, copied octet for octet; when empty, `subject_alt_name` must not be.
    pub subject: &'a Name,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    /// The subject's key.
    pub public_key: &'a PublicKey,
    /// The DER `GeneralNames` of the subject; written critical exactly when the subject is empty (RFC 5280, 4.2.1.6).
    pub subject_alt_name: Option<&'a [u8]>,
    /// The subject key identifier; `None` derives it from the key (RFC 7093, method 1). A new certificate for a CA
    /// that already has one keeps the identifier that its issued certificates point to.
    pub subject_key_id: Option<&'a [u8]>,
    /// All other extensions.
    pub extensions: &'a PreparedExtensions,
}

/// `[0] { INTEGER 2 }`: version 3, the only one that has extensions.
const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
/// A `SEQUENCE` of nothing: the empty name.
const EMPTY_NAME: &[u8] = &[0x30, 0];
const MAX_SERIAL: usize = 20;

impl Template<'_> {
    /// The `TBSCertificate` in DER: what gets signed with `algorithm`.
    ///
    /// # Errors
    /// `input.invalid` when the serial number is zero or too long, the validity ends before it begins, or subject and
    /// alternative names are both empty.
    pub fn tbs(&self, algorithm: SignatureAlgorithm) -> Result<Vec<u8>, Error> {
        let key_id;
        let subject_key_id = if let Some(given) = self.subject_key_id {
            given
        } else {
            key_id = self.public_key.key_identifier();
            &key_id
        };
        let subject = self.subject.as_der();
        self.check()?;
        let names = self.subject_alt_name.unwrap_or_default();
        let extensions = self.extensions.as_der();
        let variable = self.issuer.as_der().len() + subject.len() + self.public_key.spki().len() + names.len();
        let mut out = Writer::with_capacity(variable + extensions.len() + subject_key_id.len() + 160);
        out.sequence(|out| {
            out.raw(VERSION_3);
            out.integer(self.serial);
            out.raw(algorithm.identifier());
            out.raw(self.issuer.as_der());
            out.sequence(|out| {
                out.time(self.not_before);
                out.time(self.not_after);
            });
            out.raw(subject);
            out.raw(self.public_key.spki());
            out.nest(tag::context_constructed(3), |out| {
                out.sequence(|out| {
                    write_extension(out, id::SUBJECT_KEY_IDENTIFIER, false, |out| out.octet_string(subject_key_id));
                    out.raw(extensions);
                    if !names.is_empty() {
                        write_extension(out, id::SUBJECT_ALT_NAME, subject == EMPTY_NAME, |out| out.raw(names));
                    }
                });
            });
        });
        Ok(out.finish())
    }

    fn check(&self) -> Result<(), Error> {
        let serial = self.serial.iter().skip_while(|&&octet| octet == 0);
        let first = serial.clone().next().copied().ok_or_else(|| Error::input("serial number", "is zero"))?;
        // A set top bit costs one more octet, since INTEGERs have a sign.
        if serial.count() + usize::from(first >= 0x80) > MAX_SERIAL {
            return Err(Error::input("serial number", "is longer than 20 octets"));
        }
        if self.not_after < self.not_before {
            return Err(Error::input("validity", "ends before it begins"));
        }
        if self.subject.as_der() == EMPTY_NAME && self.subject_alt_name.is_none_or(|names| names == EMPTY_NAME) {
            return Err(Error::input("subject", "is empty and there is no subjectAltName either"));
        }
        if self.subject_key_id.is_some_and(<[u8]>::is_empty) {
            return Err(Error::input("subject key identifier", "is empty"));
        }
        Ok(())
    }

    /// The finished certificate in DER, signed by `signer`.
    ///
    /// # Errors
    /// As [`tbs`](Self::tbs), and `signer.failed`.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        let algorithm = signer.algorithm();
        let tbs = self.tbs(algorithm)?;
        let signature = sign_with(signer, &tbs)?;
        Ok(assemble(&tbs, algorithm, &signature))
    }
}

/// The certificate (or CRL) in DER from its signed part, the algorithm named in it, and the signature over it.
///
/// Separate from [`Template::tbs`], so that a signature already made serves again while what it covers is unchanged.
pub fn assemble(tbs: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(tbs.len() + signature.len() + 40);
    out.sequence(|out| {
        out.raw(tbs);
        out.raw(algorithm.identifier());
        out.bit_string(signature);
    });
    out.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::fixture::{NAMES, at, leaf_extensions, name};
    use super::*;
    use crate::key::{KeyAlgorithm, PrivateKey};

    #[test]
    fn what_rfc_5280_forbids_is_refused() {
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let (issuer, subject, empty) = (name("CN=CA"), name("CN=device"), name(""));
        let extensions = leaf_extensions().prepare().unwrap();
        let fine = Template {
            serial: &[1],
            issuer: &issuer,
            subject: &subject,
            not_before: at("2026-01-01T00:00:00Z"),
            not_after: at("2026-01-01T00:00:00Z"),
            public_key: key.public_key(),
            subject_alt_name: None,
            subject_key_id: None,
            extensions: &extensions,
        };
        let tbs = |template: Template<'_>| template.tbs(SignatureAlgorithm::Ed25519).map_err(|error| error.code());
        assert!(tbs(fine).is_ok());
        assert!(tbs(Template { serial: &[0x7f; 20], ..fine }).is_ok());
        assert!(tbs(Template { subject: &empty, subject_alt_name: Some(NAMES), ..fine }).is_ok());
        for wrong in [
            Template { serial: &[0, 0], ..fine },
            Template { serial: &[], ..fine },
            Template { serial: &[0x80; 20], ..fine },
            Template { serial: &[1; 21], ..fine },
            Template { not_after: at("2025-12-31T23:59:59Z"), ..fine },
            Template { subject: &empty, ..fine },
            Template { subject: &empty, subject_alt_name: Some(EMPTY_NAME), ..fine },
            Template { subject_key_id: Some(&[]), ..fine },
        ] {
            assert_eq!(tbs(wrong), Err("input.invalid"), "{wrong:?}");
        }
    }
}

//! Certificates (RFC 5280, 4): the reader.
//!
//! Read here and not by x509-parser, because callers need owned values, the exact octets of names and keys, and a
//! refusal of what DER forbids; the fuzz target `certificate` holds the two against each other.

use std::fmt;
use std::ops::Range;

use ring::digest::{SHA256, digest};

use super::second_reader::{Seen, agrees};
use super::{CertificateExtensions, Name};
use crate::der::{Malformed, Reader, tag};
use crate::env::Timestamp;
use crate::error::{CertificateError, Error};
use crate::key::{PublicKey, SignatureAlgorithm, pem};

/// The largest certificate that is read, in octets of DER; those with post-quantum keys stay well below.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

/// A certificate that was read: its DER and what is in it. It is well-formed; nothing says that it is trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    fields: Fields,
    issuer: Name,
    subject: Name,
    extensions: CertificateExtensions,
}

/// Where things are in the DER, and the small values.
#[derive(Clone, PartialEq, Eq)]
struct Fields {
    version: u8,
    tbs: Range<usize>,
    serial: Range<usize>,
    not_before: Timestamp,
    not_after: Timestamp,
    spki: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

pub(super) fn malformed(reason: &str) -> Error {
    CertificateError::Malformed { reason: reason.to_owned() }.into()
}

/// Reads one certificate, DER or PEM; the same as [`Certificate::from_bytes`].
///
/// # Errors
/// As there.
pub fn parse_certificate(input: &[u8]) -> Result<Certificate, Error> {
    Certificate::from_bytes(input)
}

/// Where `inner`, a part of `outer`, stands in it.
pub(crate) fn range_in(outer: &[u8], inner: &[u8]) -> Range<usize> {
    let start = inner.as_ptr().addr().saturating_sub(outer.as_ptr().addr());
    start..start.saturating_add(inner.len())
}

impl Certificate {
    /// Reads one certificate, DER or PEM. PEM may have text around its one `CERTIFICATE` block.
    ///
    /// # Errors
    /// `certificate.malformed` with what is wrong, `certificate.trailing_data` when more follows, `input.too_long`
    /// above [`MAX_CERTIFICATE`].
    pub fn from_bytes(input: &[u8]) -> Result<Self, Error> {
        if !pem::looks_like_pem(input) {
            return Self::from_der(input);
        }
        match Self::many_from_pem(input)?.as_slice() {
            [] => Err(malformed("the PEM text holds no CERTIFICATE block")),
            [one] => Ok(one.clone()),
            _ => Err(CertificateError::TrailingData.into()),
        }
    }

    /// Reads all `CERTIFICATE` blocks of PEM text in order and passes over others, such as a private key.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn many_from_pem(input: &[u8]) -> Result<Vec<Self>, Error> {
        let blocks = pem::blocks(input).map_err(malformed)?;
        let certificates = blocks.iter().filter(|block| matches!(block.label, "CERTIFICATE" | "X509 CERTIFICATE"));
        certificates.map(|block| Self::from_der(&block.der)).collect()
    }

    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_CERTIFICATE {
            let field = "the certificate".to_owned();
            return Err(crate::error::InputError::TooLong { field, limit: MAX_CERTIFICATE }.into());
        }
        let mut outer = Reader::new(der);
        let mut parts = outer.sequence().map_err(|_| malformed("its outermost structure is broken or not DER"))?;
        if !outer.is_empty() {
            return Err(CertificateError::TrailingData.into());
        }
        let mut read = || -> Result<_, Malformed> {
            let tbs = parts.element(tag::SEQUENCE)?;
            let algorithm = parts.element(tag::SEQUENCE)?.whole;
            let signature = parts.bit_string()?;
            Ok((tbs, algorithm, signature))
        };
        let (tbs, algorithm, signature) =
            read().map_err(|_| malformed("it is not a signed part, an algorithm and a signature"))?;
        parts.end().map_err(|_| malformed("there is more in it than its three parts"))?;
        let signed = Signed::read(tbs.content).map_err(|_| malformed("a field of its signed part is broken"))?;
        if signed.algorithm != algorithm {
            return Err(malformed("its two signature algorithms differ (RFC 5280, 4.1.1.2)"));
        }
        let extensions = match signed.extensions {
            None => CertificateExtensions::default(),
            Some(_) if signed.version != 3 => return Err(malformed("extensions need version 3 (RFC 5280, 4.1.2.1)")),
            Some(list) => CertificateExtensions::read(list)?,
        };
        let seen = Seen { serial: signed.serial, issuer: signed.issuer, subject: signed.subject, spki: signed.spki };
        if !agrees(der, &seen) {
            return Err(malformed("it can be read in more than one way"));
        }
        let name = |which: &str, der| Name::from_der(der).map_err(|error| malformed(&format!("its {which}: {error}")));
        let fields = Fields {
            version: signed.version,
            tbs: range_in(der, tbs.whole),
            serial: range_in(der, signed.serial),
            not_before: signed.not_before,
            not_after: signed.not_after,
            spki: range_in(der, signed.spki),
            algorithm: range_in(der, algorithm),
            signature: range_in(der, signature),
        };
        let (issuer, subject) = (name("issuer", signed.issuer)?, name("subject", signed.subject)?);
        Ok(Self { der: der.to_vec(), fields, issuer, subject, extensions })
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// The whole certificate in DER, octet for octet as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The whole certificate in DER, taking it over.
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The whole certificate in PEM.
    pub fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// 1, 2 or 3.
    pub const fn version(&self) -> u8 {
        self.fields.version
    }

    /// The serial number: the content of its INTEGER, which is big endian and may begin with a zero octet.
    pub fn serial(&self) -> &[u8] {
        self.part(&self.fields.serial)
    }

    /// The serial number in upper-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        data_encoding::HEXUPPER.encode(self.serial())
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Whom it names.
    pub const fn subject(&self) -> &Name {
        &self.subject
    }

    /// The first second of validity.
    pub const fn not_before(&self) -> Timestamp {
        self.fields.not_before
    }

    /// The last second of validity.
    pub const fn not_after(&self) -> Timestamp {
        self.fields.not_after
    }

    /// The `SubjectPublicKeyInfo` in DER.
    pub fn spki(&self) -> &[u8] {
        self.part(&self.fields.spki)
    }

    /// The subject's key, when it is of an accepted kind: other people's certificates may hold any.
    ///
    /// # Errors
    /// `key.algorithm` and the other reasons of [`PublicKey::from_spki`].
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        Ok(PublicKey::from_spki(self.spki())?)
    }

    /// What it is signed with; `None` for an algorithm that this library does not know.
    pub fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_identifier(self.signature_algorithm_der())
    }

    /// The `AlgorithmIdentifier` of the signature in DER.
    pub fn signature_algorithm_der(&self) -> &[u8] {
        self.part(&self.fields.algorithm)
    }

    /// The signed part in DER.
    pub fn tbs(&self) -> &[u8] {
        self.part(&self.fields.tbs)
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        self.part(&self.fields.signature)
    }

    /// What the extensions say.
    pub const fn extensions(&self) -> &CertificateExtensions {
        &self.extensions
    }

    /// Whether its basic constraints make it a CA certificate.
    pub fn is_ca(&self) -> bool {
        self.extensions.basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// How many intermediate CA certificates may follow it, if that is limited.
    pub fn path_len(&self) -> Option<u8> {
        self.extensions.basic_constraints.and_then(|constraints| constraints.path_len)
    }

    /// Whether issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it is self-issued and verifies with its own key.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.public_key().is_ok_and(|key| self.verify_signed_by(&key).is_ok())
    }

    /// Whether `at` lies within the validity, both ends included.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        (self.not_before()..=self.not_after()).contains(&at)
    }

    /// The SHA-256 of the DER, by which people compare certificates.
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        digest(&SHA256, &self.der).as_ref().try_into().unwrap_or_default()
    }

    /// Checks the signature with the issuer's key; names and validity are [`verify_chain`](super::verify_chain)'s.
    ///
    /// # Errors
    /// `certificate.chain_signature` when it does not verify or is of an unknown algorithm.
    pub fn verify_signed_by(&self, issuer: &PublicKey) -> Result<(), Error> {
        let refused = || Error::from(CertificateError::ChainSignature);
        let algorithm = self.signature_algorithm().ok_or_else(refused)?;
        issuer.verify(algorithm, self.tbs(), self.signature()).map_err(|_| refused())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The subject may name a person, so it is left out.
        write!(f, "Certificate({})", self.serial_hex())
    }
}

/// The fields of a `TBSCertificate`.
struct Signed<'a> {
    version: u8,
    serial: &'a [u8],
    algorithm: &'a [u8],
    issuer: &'a [u8],
    not_before: Timestamp,
    not_after: Timestamp,
    subject: &'a [u8],
    spki: &'a [u8],
    extensions: Option<&'a [u8]>,
}

impl<'a> Signed<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(tbs);
        let version = match fields.optional(tag::context_constructed(0))? {
            None => 1,
            Some(content) => {
                let mut version = Reader::new(content);
                let number = match version.integer()? {
                    [number @ 0..=2] => number + 1,
                    _ => return Err(Malformed),
                };
                version.end()?;
                number
            }
        };
        let serial = fields.integer()?;
        let algorithm = fields.element(tag::SEQUENCE)?.whole;
        let issuer = fields.element(tag::SEQUENCE)?.whole;
        let mut validity = fields.sequence()?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.end()?;
        let subject = fields.element(tag::SEQUENCE)?.whole;
        let spki = fields.element(tag::SEQUENCE)?.whole;
        fields.optional(tag::context(1))?;
        fields.optional(tag::context(2))?;
        let extensions = fields.optional(tag::context_constructed(3))?;
        fields.end()?;
        Ok(Self { version, serial, algorithm, issuer, not_before, not_after, subject, spki, extensions })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::fixture::{NAMES, Wish, at, issue, leaf_extensions, root};
    use super::super::{Extensions, KeyUsage, Oid};
    use super::*;
    use crate::key::{KeyAlgorithm, Signer};
    use proptest::prelude::*;

    fn full() -> Extensions {
        Extensions {
            crl_distribution_points: vec!["http://a.example/1.crl".into(), "http://b.example/1.crl".into()],
            ocsp: vec!["http://ocsp.example".into()],
            ca_issuers: vec!["http://a.example/ca.cer".into()],
            policies: vec!["1.3.6.1.4.1.99999.1".parse().unwrap()],
            key_usage: KeyUsage::KEY_AGREEMENT | KeyUsage::DECIPHER_ONLY,
            ..leaf_extensions()
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let ca = root("CN=Root,O=Example");
        let wish = Wish {
            names: Some(NAMES),
            serial: &[0x80, 1],
            to: "2050-01-01T00:00:00Z",
            extensions: full(),
            ..Wish::default()
        };
        let leaf = issue(&ca, wish);
        let certificate = &leaf.certificate;
        assert_eq!(certificate.version(), 3);
        assert_eq!(certificate.serial(), [0, 0x80, 1]);
        assert_eq!(certificate.issuer(), ca.certificate.subject());
        assert_eq!(certificate.subject().to_string(), "CN=device");
        assert_eq!(certificate.not_before(), at("2026-01-01T00:00:00Z"));
        assert_eq!(certificate.not_after(), at("2050-01-01T00:00:00Z"));
        assert_eq!(&certificate.public_key().unwrap(), leaf.key.public_key());
        assert_eq!(certificate.signature_algorithm(), Some(SignatureAlgorithm::EcdsaSha256));
        assert!(!certificate.is_ca() && ca.certificate.is_ca());
        let extensions = certificate.extensions();
        assert_eq!(extensions.key_usage, Some(KeyUsage::KEY_AGREEMENT | KeyUsage::DECIPHER_ONLY));
        assert_eq!(extensions.extended_key_usage, [Oid::SERVER_AUTH, Oid::CLIENT_AUTH]);
        assert_eq!(extensions.subject_alt_name.as_deref(), Some(NAMES));
        assert_eq!(super::super::encode_san(&extensions.names().unwrap()), NAMES);
        assert_eq!(extensions.subject_key_id.as_deref(), Some(&leaf.key.public_key().key_identifier()[..]));
        assert_eq!(extensions.authority_key_id, Some(ca.key_id()));
        assert_eq!(extensions.crl_distribution_points, full().crl_distribution_points);
        assert_eq!(extensions.ocsp, full().ocsp);
        assert_eq!(extensions.ca_issuers, full().ca_issuers);
        assert_eq!(extensions.policies, full().policies);
        let critical: Vec<_> = extensions.all.iter().filter(|(_, critical)| *critical).collect();
        assert_eq!(critical.len(), 2, "basicConstraints and keyUsage, but not the names: {critical:?}");
    }

    #[test]
    fn names_are_critical_when_the_subject_is_empty() {
        let ca = root("CN=Root");
        let leaf = issue(&ca, Wish { subject: "", names: Some(NAMES), ..Wish::default() });
        let san: Oid = "2.5.29.17".parse().unwrap();
        assert!(leaf.certificate.extensions().all.contains(&(san, true)));
    }

    #[test]
    fn a_signature_verifies_with_the_issuers_key_and_with_no_other() {
        let (ca, other) = (root("CN=Root"), root("CN=Root"));
        let leaf = issue(&ca, Wish::default());
        assert!(leaf.certificate.verify_signed_by(ca.key.public_key()).is_ok());
        let error = leaf.certificate.verify_signed_by(other.key.public_key()).unwrap_err();
        assert_eq!(error.code(), "certificate.chain_signature");
        assert!(ca.certificate.is_self_signed() && !leaf.certificate.is_self_signed());
    }

    #[test]
    fn a_signed_part_that_is_unchanged_may_use_its_signature_again() {
        let ca = root("CN=Root");
        let leaf = issue(&ca, Wish { algorithm: KeyAlgorithm::Ed25519, ..Wish::default() }).certificate;
        let again = super::super::assemble(leaf.tbs(), SignatureAlgorithm::EcdsaSha256, leaf.signature());
        assert_eq!(again, leaf.der());
    }

    #[test]
    fn pem_with_text_around_it_is_read_and_two_certificates_are_not_one() {
        let ca = root("CN=Root").certificate;
        let pem = format!("subject=Root\n{}\n", ca.pem());
        assert_eq!(parse_certificate(pem.as_bytes()).unwrap(), ca);
        let two = format!("{pem}{pem}");
        assert_eq!(parse_certificate(two.as_bytes()).unwrap_err().code(), "certificate.trailing_data");
        assert_eq!(Certificate::many_from_pem(two.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let mut der = root("CN=Root").certificate.into_der();
        der.push(0);
        assert_eq!(Certificate::from_der(&der).unwrap_err().code(), "certificate.trailing_data");
    }

    #[test]
    fn a_changed_octet_is_refused_or_does_not_verify() {
        let ca = root("CN=Root");
        let der = ca.certificate.der();
        for place in 0..der.len() {
            let mut changed = der.to_vec();
            changed[place] ^= 1;
            if let Ok(read) = Certificate::from_der(&changed) {
                assert!(read.verify_signed_by(ca.key.public_key()).is_err(), "octet {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>) {
            let _ = parse_certificate(&bytes);
        }

        #[test]
        fn reading_damaged_certificates_never_panics(place in 0usize..700, value: u8, cut in 0usize..700) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let der = DER.get_or_init(|| {
                let wish = Wish { names: Some(NAMES), extensions: full(), ..Wish::default() };
                issue(&root("CN=Root"), wish).certificate.into_der()
            });
            let mut damaged = der.clone();
            if let Some(octet) = damaged.get_mut(place) {
                *octet = value;
            }
            if let Ok(read) = Certificate::from_der(&damaged) {
                let _ = (read.public_key(), read.is_self_signed());
            }
            damaged.truncate(cut);
            prop_assert!(Certificate::from_der(&damaged).is_err() || cut >= der.len());
        }
    }
}

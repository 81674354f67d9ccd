//! OCSP (RFC 6960 in the profile of RFC 5019, nonces after RFC 9654): the words that requests and responses share.
//!
//! Both are written and read here octet for octet: what a response says of a certificate repeats the `CertID` of the
//! request as it came, and a response costs little more than its signature.

mod read;
mod request;
mod response;

use std::fmt;

use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::{Name, RevocationReason};
use crate::der::{Malformed, Reader, Writer, tag};
use crate::env::Timestamp;
use crate::error::{CertificateError, Error};
use crate::key::PublicKey;

pub use read::{CheckedOcsp, OcspResponse, check_ocsp};
pub(crate) use request::write_request;
pub use request::{MAX_CERTIFICATES, MAX_NONCE, MAX_REQUEST, OcspRequest, make_ocsp_request};
pub(crate) use response::finish;
pub use response::{ResponseTemplate, SingleResponse, error_response};

/// Content octets of the identifiers (RFC 6960, 4.2 and 4.4).
pub(crate) mod id {
    /// id-pkix-ocsp-basic.
    pub(crate) const BASIC: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
    /// id-pkix-ocsp-nonce.
    pub(crate) const NONCE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02";
    /// id-sha1.
    pub(super) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
    /// id-sha256.
    pub(super) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
}

/// Which hash names the issuer of a certificate that is asked about (RFC 6960, 4.1.1). Nothing secret depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OcspHash {
    /// SHA-1, which every client and responder knows (RFC 5019, 2.1.1).
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
}

impl OcspHash {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Sha1, Self::Sha256];

    /// The stable name: `sha1` or `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
        }
    }

    const fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => id::SHA1,
            Self::Sha256 => id::SHA256,
        }
    }

    /// The hash of an `AlgorithmIdentifier`'s content; `None` when it is another one. Its parameters are NULL or missing.
    fn of(identifier: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut fields = Reader::new(identifier);
        let oid = fields.expect(tag::OID)?;
        let hash = Self::ALL.iter().copied().find(|hash| hash.oid() == oid);
        if !fields.is_empty() {
            fields.any()?;
        }
        fields.end()?;
        Ok(hash)
    }
}

impl fmt::Display for OcspHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How requests name an issuer: the hashes of its subject and of its key, one after the other, with zeroes behind those
/// of 20 octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuerHash([u8; 64]);

impl IssuerHash {
    /// Of the issuer with this subject and key.
    pub fn new(hash: OcspHash, subject: &Name, key: &PublicKey) -> Self {
        let of = |bytes: &[u8]| digest(hash.algorithm(), bytes);
        Self::from_parts(of(subject.as_der()).as_ref(), of(key.key_bits()).as_ref())
    }

    fn from_parts(name: &[u8], key: &[u8]) -> Self {
        let mut octets = [0; 64];
        let parts = name.iter().chain(key);
        octets.iter_mut().zip(parts).for_each(|(octet, &part)| *octet = part);
        Self(octets)
    }
}

impl fmt::Debug for IssuerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerHash(..)")
    }
}

/// The SHA-1 of a key, by which responses name who signed them (`KeyHash`, RFC 6960, 4.2.1).
pub fn responder_key_hash(key: &PublicKey) -> [u8; 20] {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, key.key_bits()).as_ref().try_into().unwrap_or_default()
}

/// A `CertID`: which certificate of which issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertId<'a> {
    /// The whole of it in DER, which the response repeats.
    pub der: &'a [u8],
    /// How it names the issuer; `None` when by a hash that is not known here, so that nobody can be meant.
    pub issuer: Option<IssuerHash>,
    /// The content of the serial number's INTEGER.
    pub serial: &'a [u8],
}

impl<'a> CertId<'a> {
    fn read(fields: &mut Reader<'a>) -> Result<Self, Malformed> {
        let whole = fields.element(tag::SEQUENCE)?;
        let mut parts = Reader::new(whole.content);
        let hash = OcspHash::of(parts.expect(tag::SEQUENCE)?)?;
        let (name, key) = (parts.expect(tag::OCTET_STRING)?, parts.expect(tag::OCTET_STRING)?);
        let serial = parts.integer()?;
        parts.end()?;
        let fits = |hash: &OcspHash| [name, key].iter().all(|part| part.len() == hash.algorithm().output_len());
        let issuer = match hash {
            Some(hash) if fits(&hash) => Some(IssuerHash::from_parts(name, key)),
            Some(_) => return Err(Malformed),
            None => None,
        };
        Ok(Self { der: whole.whole, issuer, serial })
    }
}

/// The `CertID` in DER of the certificate with this serial number (the content of its INTEGER) and issuer.
pub fn cert_id(hash: OcspHash, subject: &Name, key: &PublicKey, serial: &[u8]) -> Vec<u8> {
    let of = |bytes: &[u8]| digest(hash.algorithm(), bytes);
    let mut out = Writer::with_capacity(128);
    out.sequence(|out| {
        out.sequence(|out| {
            out.oid(hash.oid());
            out.raw(&[5, 0]);
        });
        out.octet_string(of(subject.as_der()).as_ref());
        out.octet_string(of(key.key_bits()).as_ref());
        out.tlv(tag::INTEGER, serial);
    });
    out.finish()
}

/// What a response says of a certificate (RFC 6960, 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OcspStatus {
    /// Issued and not revoked; also when it has expired.
    Good,
    /// Revoked, or on hold.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why; `CertificateHold` can be taken back.
        reason: RevocationReason,
    },
    /// The responder knows of no such certificate.
    Unknown,
}

impl OcspStatus {
    /// The stable name: `good`, `revoked` or `unknown`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a response answers at all (`OCSPResponseStatus`, RFC 6960, 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OcspResponseStatus {
    /// It answers, signed.
    Successful = 0,
    /// The request cannot be understood.
    MalformedRequest = 1,
    /// Something broke.
    InternalError = 2,
    /// Not now.
    TryLater = 3,
    /// Only signed requests are answered; never said here.
    SigRequired = 5,
    /// Not responsible for the certificate, or not able to answer for it any more (RFC 5019, 2.2.3).
    Unauthorized = 6,
}

impl OcspResponseStatus {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Successful,
        Self::MalformedRequest,
        Self::InternalError,
        Self::TryLater,
        Self::SigRequired,
        Self::Unauthorized,
    ];

    /// The name in RFC 6960, such as `tryLater`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SigRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// The code in the response.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for OcspResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn malformed(reason: &str) -> Error {
    CertificateError::OcspMalformed { reason: reason.to_owned() }.into()
}

fn broken(_: Malformed) -> Error {
    malformed("its structure is broken or not DER")
}

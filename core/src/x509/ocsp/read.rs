//! OCSP responses (RFC 6960, 4.2): the reader, for those who asked.

use std::fmt;
use std::ops::Range;

use super::request::read_nonce;
use super::{CertId, IssuerHash, OcspHash, OcspResponseStatus, OcspStatus, broken, id, malformed, responder_key_hash};
use crate::der::{Malformed, Reader, tag, time_value};
use crate::env::Timestamp;
use crate::error::{CertificateError, Error};
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::oid::Oid;
use crate::x509::certificate::range_in;
use crate::x509::certificate_extensions::read_extensions;
use crate::x509::{Certificate, RevocationReason};

/// The largest response that is read, in octets of DER.
const MAX_RESPONSE: usize = 256 * 1024;
/// How far the clocks of those who ask and answer may be apart, in seconds.
const SKEW: i64 = 300;
/// How long a response without nextUpdate counts, in seconds.
const WITHOUT_NEXT_UPDATE: i64 = 86_400;

/// What a response that was checked says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedOcsp {
    /// How the certificate stands.
    pub status: OcspStatus,
    /// When the response was made.
    pub produced_at: Timestamp,
    /// When this was so.
    pub this_update: Timestamp,
    /// Until when it may be believed, if it says so.
    pub next_update: Option<Timestamp>,
}

/// A response that was read. It is well-formed; whether to believe it, [`check`](Self::check) says.
#[derive(Clone, PartialEq, Eq)]
pub struct OcspResponse {
    der: Vec<u8>,
    status: OcspResponseStatus,
    basic: Option<Basic>,
}

/// Where things are in the DER of a response that answers.
#[derive(Clone, PartialEq, Eq)]
struct Basic {
    tbs: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
    /// The `responderID`: its tag and content.
    responder: (u8, Range<usize>),
    produced_at: Timestamp,
    singles: Vec<Single>,
    nonce: Option<Vec<u8>>,
    certificates: Vec<Range<usize>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Single {
    issuer: Option<IssuerHash>,
    serial: Vec<u8>,
    status: OcspStatus,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
}

fn generalized_time(reader: &mut Reader<'_>) -> Result<Timestamp, Malformed> {
    time_value(tag::GENERALIZED_TIME, reader.expect(tag::GENERALIZED_TIME)?).ok_or(Malformed)
}

impl Single {
    fn read(list: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut fields = list.sequence()?;
        let id = CertId::read(&mut fields)?;
        let said = fields.any()?;
        let status = match (said.tag, said.content) {
            (0x80, []) => OcspStatus::Good,
            (0x82, []) => OcspStatus::Unknown,
            (0xa1, content) => {
                let mut revoked = Reader::new(content);
                let at = generalized_time(&mut revoked)?;
                let reason = match revoked.optional(tag::context_constructed(0))? {
                    None => RevocationReason::Unspecified,
                    Some([tag::ENUMERATED, 1, code]) => RevocationReason::from_code(*code).ok_or(Malformed)?,
                    Some(_) => return Err(Malformed),
                };
                revoked.end()?;
                OcspStatus::Revoked { at, reason }
            }
            _ => return Err(Malformed),
        };
        let this_update = generalized_time(&mut fields)?;
        let next_update = match fields.optional(tag::context_constructed(0))? {
            None => None,
            Some(content) => {
                let mut inner = Reader::new(content);
                let next = generalized_time(&mut inner)?;
                inner.end()?;
                Some(next)
            }
        };
        no_critical(fields.optional(tag::context_constructed(1))?)?;
        fields.end()?;
        Ok(Self { issuer: id.issuer, serial: id.serial.to_vec(), status, this_update, next_update })
    }
}

/// Extensions that are not known here must not be critical.
fn no_critical(extensions: Option<&[u8]>) -> Result<(), Malformed> {
    let extensions = extensions.map(read_extensions).transpose()?.unwrap_or_default();
    if extensions.iter().any(|extension| extension.critical) { Err(Malformed) } else { Ok(()) }
}

impl Basic {
    /// Reads a `BasicOCSPResponse`, a part of `der`.
    fn read(der: &[u8], octets: &[u8]) -> Result<Self, Error> {
        let read = || -> Result<_, Malformed> {
            let mut outer = Reader::new(octets);
            let mut parts = outer.sequence()?;
            outer.end()?;
            let tbs = parts.element(tag::SEQUENCE)?;
            let algorithm = parts.element(tag::SEQUENCE)?.whole;
            let signature = parts.bit_string()?;
            let mut certificates = Vec::new();
            if let Some(list) = parts.optional(tag::context_constructed(0))? {
                let mut list = Reader::new(list);
                let mut inner = list.sequence()?;
                list.end()?;
                while !inner.is_empty() {
                    certificates.push(range_in(der, inner.element(tag::SEQUENCE)?.whole));
                }
            }
            parts.end()?;
            let mut data = Reader::new(tbs.content);
            if data.optional(tag::context_constructed(0))?.is_some_and(|version| version != [2, 1, 0]) {
                return Err(Malformed);
            }
            let responder = data.any()?;
            let produced_at = generalized_time(&mut data)?;
            let mut list = data.sequence()?;
            let mut singles = Vec::new();
            while !list.is_empty() {
                singles.push(Single::read(&mut list)?);
            }
            let extensions = data.optional(tag::context_constructed(1))?;
            data.end()?;
            let basic = Self {
                tbs: range_in(der, tbs.whole),
                algorithm: range_in(der, algorithm),
                signature: range_in(der, signature),
                responder: (responder.tag, range_in(der, responder.content)),
                produced_at,
                singles,
                nonce: None,
                certificates,
            };
            Ok((basic, extensions.map(read_extensions).transpose()?.unwrap_or_default()))
        };
        let (mut basic, extensions) = read().map_err(broken)?;
        for extension in extensions {
            if extension.oid == id::NONCE {
                basic.nonce = Some(read_nonce(extension.value)?.to_vec());
            } else if extension.critical {
                return Err(malformed("a critical extension is not known here"));
            }
        }
        Ok(basic)
    }
}

impl OcspResponse {
    /// Reads one response in DER.
    ///
    /// # Errors
    /// `certificate.ocsp_malformed` with what is wrong.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_RESPONSE {
            return Err(malformed("it is longer than 256 KiB"));
        }
        let mut outer = Reader::new(der);
        let mut parts = outer.sequence().map_err(broken)?;
        outer.end().map_err(|_| malformed("bytes follow its end"))?;
        let code = parts.expect(tag::ENUMERATED).map_err(broken)?;
        let known = OcspResponseStatus::ALL.iter().copied().find(|status| code == [status.code()]);
        let status = known.ok_or_else(|| malformed("its status is not one of RFC 6960"))?;
        let bytes = parts.optional(tag::context_constructed(0)).map_err(broken)?;
        parts.end().map_err(broken)?;
        let basic = match (status, bytes) {
            (OcspResponseStatus::Successful, Some(bytes)) => {
                let read = || -> Result<_, Malformed> {
                    let mut outer = Reader::new(bytes);
                    let mut parts = outer.sequence()?;
                    outer.end()?;
                    let kind = parts.expect(tag::OID)?;
                    let octets = parts.expect(tag::OCTET_STRING)?;
                    parts.end()?;
                    Ok((kind, octets))
                };
                let (kind, octets) = read().map_err(broken)?;
                if kind != id::BASIC {
                    return Err(malformed("it is not a basic response"));
                }
                Some(Basic::read(der, octets)?)
            }
            (OcspResponseStatus::Successful, None) => return Err(malformed("it is successful but says nothing")),
            (_, Some(_)) => return Err(malformed("it refuses and answers at once")),
            (_, None) => None,
        };
        Ok(Self { der: der.to_vec(), status, basic })
    }

    /// Whether it answers.
    pub const fn status(&self) -> OcspResponseStatus {
        self.status
    }

    /// The nonce that it repeats.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.basic.as_ref()?.nonce.as_deref()
    }

    /// What it says, in order: the serial number (the content of its INTEGER) and how that certificate stands.
    pub fn statuses(&self) -> impl Iterator<Item = (&[u8], OcspStatus)> {
        self.basic.iter().flat_map(|basic| &basic.singles).map(|single| (single.serial.as_slice(), single.status))
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// What the response says of `certificate`, if it can be believed at `at`; see [`check_ocsp`].
    ///
    /// # Errors
    /// As there.
    pub fn check(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        nonce: Option<&[u8]>,
        at: Timestamp,
    ) -> Result<CheckedOcsp, Error> {
        let Some(basic) = &self.basic else {
            return Err(CertificateError::OcspUnsuccessful { status: self.status.name().to_owned() }.into());
        };
        let key = issuer.public_key()?;
        self.verify(basic, issuer, &key, at)?;
        if nonce.is_some() && nonce != basic.nonce.as_deref() {
            return Err(CertificateError::OcspNonce.into());
        }
        if certificate.issuer() != issuer.subject() {
            return Err(CertificateError::ChainIncomplete.into());
        }
        let hashes: Vec<_> =
            OcspHash::ALL.iter().map(|&hash| Some(IssuerHash::new(hash, issuer.subject(), &key))).collect();
        let about = |single: &&Single| single.serial == certificate.serial() && hashes.contains(&single.issuer);
        let single = basic.singles.iter().filter(about).max_by_key(|single| single.this_update);
        let single = single.ok_or(CertificateError::OcspOther)?;
        let until = single.next_update.unwrap_or_else(|| single.this_update.plus(WITHOUT_NEXT_UPDATE));
        if at.plus(SKEW) < single.this_update || until < at {
            return Err(CertificateError::OcspStale.into());
        }
        Ok(CheckedOcsp {
            status: single.status,
            produced_at: basic.produced_at,
            this_update: single.this_update,
            next_update: single.next_update,
        })
    }

    /// That the issuer signed it, or somebody to whom the issuer delegated that (RFC 6960, 4.2.2.2).
    fn verify(&self, basic: &Basic, issuer: &Certificate, key: &PublicKey, at: Timestamp) -> Result<(), Error> {
        let refused = || Error::from(CertificateError::OcspSignature);
        let algorithm = SignatureAlgorithm::from_identifier(self.part(&basic.algorithm)).ok_or_else(refused)?;
        let signed_by = |key: &PublicKey| {
            key.verify(algorithm, self.part(&basic.tbs), self.part(&basic.signature)).map_err(|_| refused())
        };
        let (kind, range) = &basic.responder;
        let named = |certificate: &Certificate, key: &PublicKey| match *kind {
            // byName and byKey, both explicitly tagged.
            0xa1 => self.part(range) == certificate.subject().as_der(),
            0xa2 => self.part(range).strip_prefix(&[tag::OCTET_STRING, 20]) == Some(&responder_key_hash(key)),
            _ => false,
        };
        if named(issuer, key) {
            return signed_by(key);
        }
        for range in &basic.certificates {
            let Ok(delegate) = Certificate::from_der(self.part(range)) else { continue };
            let Ok(own) = delegate.public_key() else { continue };
            if !named(&delegate, &own) {
                continue;
            }
            let entitled = delegate.issuer() == issuer.subject()
                && delegate.verify_signed_by(key).is_ok()
                && (delegate.is_valid_at(at) || delegate.is_valid_at(at.plus(SKEW)))
                && delegate.extensions().extended_key_usage.contains(&Oid::OCSP_SIGNING);
            return if entitled { signed_by(&own) } else { Err(refused()) };
        }
        Err(refused())
    }
}

impl fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OcspResponse({})", self.status)
    }
}

/// What an OCSP response says of `certificate`, which `issuer` issued, if it can be believed at `at`: `issuer` signed it, or a
/// responder that it certified for this; it is neither older nor newer than it says; and it repeats `nonce`, when the
/// request had one ([`make_ocsp_request`](super::make_ocsp_request)).
///
/// # Errors
/// `certificate.ocsp_malformed`; `certificate.ocsp_unsuccessful` when the responder gave no answer;
/// `certificate.ocsp_signature`, `certificate.ocsp_nonce`, `certificate.ocsp_stale` when it is not to be believed;
/// `certificate.ocsp_other` when it says nothing of this certificate; `certificate.chain_incomplete` when `issuer` is
/// not the issuer.
pub fn check_ocsp(
    response: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    nonce: Option<&[u8]>,
    at: Timestamp,
) -> Result<CheckedOcsp, Error> {
    OcspResponse::from_der(response)?.check(certificate, issuer, nonce, at)
}

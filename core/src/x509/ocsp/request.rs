//! OCSP requests (RFC 6960, 4.1): the reader, and the writer for those who ask.

use super::{CertId, OcspHash, broken, cert_id, id, malformed};
use crate::der::{Malformed, Reader, Writer, tag};
use crate::error::Error;
use crate::x509::Certificate;
use crate::x509::certificate_extensions::read_extensions;
use crate::x509::extension::write_extension;

/// The largest request that is read, in octets of DER.
pub const MAX_REQUEST: usize = 16 * 1024;
/// The most certificates in one request that is read.
pub const MAX_CERTIFICATES: usize = 32;
/// The longest nonce, in octets (RFC 9654, 2.1).
pub const MAX_NONCE: usize = 128;
/// Serial numbers have at most 20 octets (RFC 5280, 4.1.2.2); some CAs go a little beyond.
const MAX_SERIAL: usize = 40;

/// A request that was read. A signature on it is not looked at: everybody may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest<'a> {
    certificates: Vec<CertId<'a>>,
    nonce: Option<&'a [u8]>,
}

impl<'a> OcspRequest<'a> {
    /// Reads one request in DER.
    ///
    /// # Errors
    /// `certificate.ocsp_malformed` with what is wrong: also more than [`MAX_CERTIFICATES`], a nonce of no octets or
    /// more than [`MAX_NONCE`], and critical extensions that are not known here.
    pub fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        if der.len() > MAX_REQUEST {
            return Err(malformed("it is longer than 16 KiB"));
        }
        let mut outer = Reader::new(der);
        let mut request = outer.sequence().map_err(broken)?;
        outer.end().map_err(|_| malformed("bytes follow its end"))?;
        let mut signed = request.sequence().map_err(broken)?;
        request.optional(tag::context_constructed(0)).map_err(broken)?;
        request.end().map_err(broken)?;
        let (certificates, extensions) = Self::signed_part(&mut signed)?;
        let mut nonce = None;
        for extension in extensions.map(read_extensions).transpose().map_err(broken)?.unwrap_or_default() {
            if extension.oid == id::NONCE {
                if nonce.is_some() {
                    return Err(malformed("it has two nonces"));
                }
                nonce = Some(read_nonce(extension.value)?);
            } else if extension.critical {
                return Err(malformed("a critical extension is not known here"));
            }
        }
        Ok(Self { certificates, nonce })
    }

    /// The `requestList` and `requestExtensions` of a `TBSRequest`.
    fn signed_part(signed: &mut Reader<'a>) -> Result<(Vec<CertId<'a>>, Option<&'a [u8]>), Error> {
        // DER leaves the default out, but requests that spell version 1 are understood.
        if signed.optional(tag::context_constructed(0)).map_err(broken)?.is_some_and(|version| version != [2, 1, 0]) {
            return Err(malformed("its version is not 1"));
        }
        signed.optional(tag::context_constructed(1)).map_err(broken)?;
        let mut list = signed.sequence().map_err(broken)?;
        let extensions = signed.optional(tag::context_constructed(2)).map_err(broken)?;
        signed.clone().end().map_err(broken)?;
        let mut certificates = Vec::with_capacity(1);
        while !list.is_empty() {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(malformed("it asks about more than 32 certificates"));
            }
            certificates.push(single(&mut list)?);
        }
        if certificates.is_empty() {
            return Err(malformed("it asks about nothing"));
        }
        Ok((certificates, extensions))
    }

    /// The certificates that are asked about, one at least.
    pub fn certificates(&self) -> &[CertId<'a>] {
        &self.certificates
    }

    /// The octets that the response must repeat, so that it cannot be an old one.
    pub const fn nonce(&self) -> Option<&'a [u8]> {
        self.nonce
    }
}

fn single<'a>(list: &mut Reader<'a>) -> Result<CertId<'a>, Error> {
    let mut fields = list.sequence().map_err(broken)?;
    let id = CertId::read(&mut fields).map_err(broken)?;
    let extensions = fields.optional(tag::context_constructed(0)).map_err(broken)?;
    fields.end().map_err(broken)?;
    if id.serial.len() > MAX_SERIAL {
        return Err(malformed("a serial number is too long"));
    }
    let extensions = extensions.map(read_extensions).transpose().map_err(broken)?.unwrap_or_default();
    if extensions.iter().any(|extension| extension.critical) {
        return Err(malformed("a critical extension is not known here"));
    }
    Ok(id)
}

/// The octets of a nonce: an `OCTET STRING` inside the extension's (RFC 9654, 2.1).
pub(super) fn read_nonce(value: &[u8]) -> Result<&[u8], Error> {
    let read = || -> Result<&[u8], Malformed> {
        let mut value = Reader::new(value);
        let nonce = value.expect(tag::OCTET_STRING)?;
        value.end()?;
        Ok(nonce)
    };
    let nonce = read().map_err(|_| malformed("its nonce is no OCTET STRING"))?;
    if (1..=MAX_NONCE).contains(&nonce.len()) {
        Ok(nonce)
    } else {
        Err(malformed("its nonce has not 1 to 128 octets (RFC 9654, 2.1)"))
    }
}

/// The extensions of a request or response that has a nonce.
pub(super) fn write_nonce(out: &mut Writer, nonce: &[u8]) {
    out.sequence(|out| write_extension(out, id::NONCE, false, |out| out.octet_string(nonce)));
}

/// An `OCSPRequest` about these `CertID`s in DER.
pub(crate) fn write_request(ids: &[Vec<u8>], nonce: Option<&[u8]>) -> Vec<u8> {
    let mut out = Writer::with_capacity(64 + ids.iter().map(|id| id.len() + 8).sum::<usize>());
    out.sequence(|out| {
        out.sequence(|out| {
            out.sequence(|out| ids.iter().for_each(|id| out.sequence(|out| out.raw(id))));
            if let Some(nonce) = nonce {
                out.nest(tag::context_constructed(2), |out| write_nonce(out, nonce));
            }
        });
    });
    out.finish()
}

/// A request in DER about certificates of one issuer, for a responder such as the one at
/// [`ocsp`](crate::x509::CertificateExtensions::ocsp).
///
/// `nonce` is 1 to 128 random octets, 32 by preference (RFC 9654), that [`check_ocsp`](super::check_ocsp) then wants to see
/// repeated; without one, a prepared response may come. [`OcspHash::Sha1`] is what all responders understand.
///
/// # Errors
/// `input.invalid` without a certificate or with more than [`MAX_CERTIFICATES`], or for a nonce of another length;
/// `certificate.chain_incomplete` when `issuer` is not the issuer of one; the reasons of
/// [`PublicKey::from_spki`](crate::PublicKey::from_spki) for the issuer's key.
pub fn make_ocsp_request(
    certificates: &[Certificate],
    issuer: &Certificate,
    hash: OcspHash,
    nonce: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    if !(1..=MAX_CERTIFICATES).contains(&certificates.len()) {
        return Err(Error::input("certificates", "are not 1 to 32"));
    }
    if nonce.is_some_and(|nonce| !(1..=MAX_NONCE).contains(&nonce.len())) {
        return Err(Error::input("nonce", "has not 1 to 128 octets (RFC 9654, 2.1)"));
    }
    let key = issuer.public_key()?;
    let ids = certificates.iter().map(|certificate| {
        if certificate.issuer() != issuer.subject() {
            return Err(Error::from(crate::error::CertificateError::ChainIncomplete));
        }
        Ok(cert_id(hash, issuer.subject(), &key, certificate.serial()))
    });
    Ok(write_request(&ids.collect::<Result<Vec<_>, _>>()?, nonce))
}

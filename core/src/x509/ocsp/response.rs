//! OCSP responses (RFC 6960, 4.2): the writer.

use super::{OcspResponseStatus, OcspStatus, id, request::write_nonce};
use crate::der::{Writer, length_size, tag};
use crate::env::Timestamp;
use crate::error::Error;
use crate::key::{Signer, sign_with};
use crate::x509::RevocationReason;

/// What is said of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleResponse<'a> {
    /// The `CertID` in DER, as the request had it.
    pub certificate: &'a [u8],
    /// How it stands.
    pub status: OcspStatus,
    /// When that was so.
    pub this_update: Timestamp,
    /// Until when it may be believed; `None` when there is always something newer.
    pub next_update: Option<Timestamp>,
}

/// A response to be: everything but the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseTemplate<'a> {
    /// Who signs: [`responder_key_hash`](super::responder_key_hash) of the signer's key.
    pub responder: &'a [u8; 20],
    /// When it is made.
    pub produced_at: Timestamp,
    /// What it says, in the order of the request.
    pub responses: &'a [SingleResponse<'a>],
    /// The nonce of the request.
    pub nonce: Option<&'a [u8]>,
}

/// `SEQUENCE { ENUMERATED status }`: a response that does not answer.
pub const fn error_response(status: OcspResponseStatus) -> [u8; 5] {
    [tag::SEQUENCE, 3, tag::ENUMERATED, 1, status.code()]
}

/// The date is written once for as long as the same one comes again.
struct Dates(Option<(Timestamp, [u8; 17])>);

impl Dates {
    fn write(&mut self, out: &mut Writer, at: Timestamp) {
        match &self.0 {
            Some((last, octets)) if *last == at => out.raw(octets),
            _ => {
                let start = out.len();
                out.generalized_time(at);
                self.0 = out.written_since(start).try_into().ok().map(|octets| (at, octets));
            }
        }
    }
}

impl ResponseTemplate<'_> {
    /// The `ResponseData` in DER: what gets signed.
    pub fn tbs(&self) -> Vec<u8> {
        let ids: usize = self.responses.iter().map(|single| single.certificate.len() + 96).sum();
        let mut out = Writer::with_capacity(ids + self.nonce.map_or(0, |nonce| nonce.len() + 32) + 80);
        let mut dates = Dates(None);
        out.sequence(|out| {
            out.nest(tag::context_constructed(2), |out| out.octet_string(self.responder));
            dates.write(out, self.produced_at);
            out.sequence(|out| self.responses.iter().for_each(|single| write_single(out, single, &mut dates)));
            if let Some(nonce) = self.nonce {
                out.nest(tag::context_constructed(1), |out| write_nonce(out, nonce));
            }
        });
        out.finish()
    }

    /// The finished response in DER, signed by `signer`. `certificate` is the signer's in DER, unless it is the issuer
    /// itself, whose certificate whoever asks has already.
    ///
    /// # Errors
    /// `signer.failed`.
    pub fn sign(&self, signer: &dyn Signer, certificate: Option<&[u8]>) -> Result<Vec<u8>, Error> {
        let tbs = self.tbs();
        let signature = sign_with(signer, &tbs)?;
        Ok(finish(&tbs, signer.algorithm().identifier(), &signature, certificate))
    }
}

fn write_single(out: &mut Writer, single: &SingleResponse<'_>, dates: &mut Dates) {
    out.sequence(|out| {
        out.raw(single.certificate);
        match single.status {
            OcspStatus::Good => out.raw(&[tag::context(0), 0]),
            OcspStatus::Unknown => out.raw(&[tag::context(2), 0]),
            OcspStatus::Revoked { at, reason } => out.nest(tag::context_constructed(1), |out| {
                out.generalized_time(at);
                // As in CRLs, no reason is said by saying nothing (RFC 5280, 5.3.1).
                if reason != RevocationReason::Unspecified {
                    out.raw(&[tag::context_constructed(0), 3, tag::ENUMERATED, 1, reason.code()]);
                }
            }),
        }
        dates.write(out, single.this_update);
        if let Some(next) = single.next_update {
            out.nest(tag::context_constructed(0), |out| out.generalized_time(next));
        }
    });
}

/// How long an element with this much content is.
const fn element(content: usize) -> usize {
    1 + length_size(content) + content
}

/// The whole response around its signed part. All lengths are known before, so every octet is written once.
pub(crate) fn finish(tbs: &[u8], algorithm: &[u8], signature: &[u8], certificate: Option<&[u8]>) -> Vec<u8> {
    let certificates = certificate.map_or(0, |der| element(element(der.len())));
    let basic = tbs.len() + algorithm.len() + element(signature.len() + 1) + certificates;
    let octets = element(basic);
    let bytes = element(id::BASIC.len()) + element(octets);
    let mut out = Writer::with_capacity(3 + element(element(bytes)) + 16);
    out.header(tag::SEQUENCE, 3 + element(element(bytes)));
    out.raw(&[tag::ENUMERATED, 1, OcspResponseStatus::Successful.code()]);
    out.header(tag::context_constructed(0), element(bytes));
    out.header(tag::SEQUENCE, bytes);
    out.oid(id::BASIC);
    out.header(tag::OCTET_STRING, octets);
    out.header(tag::SEQUENCE, basic);
    out.raw(tbs);
    out.raw(algorithm);
    out.bit_string(signature);
    if let Some(der) = certificate {
        out.header(tag::context_constructed(0), element(der.len()));
        out.header(tag::SEQUENCE, der.len());
        out.raw(der);
    }
    out.finish()
}

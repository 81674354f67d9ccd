//! OCSP: requests in, signed answers out.

use tegata::{
    AuthorityId, Call, CertificateId, KeyAlgorithm, OcspHash, OcspOptions, OcspResponseStatus, OcspStatus, Page,
    RevocationReason, Timestamp,
};

use crate::error::Result;
use crate::lists::PresignedListing;
use crate::parsed::{Certificate, cores};
use crate::values::twin;

/// Which hash names the issuer of a certificate that is asked about (RFC 6960, 4.1.1). Nothing secret depends on it.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum OcspHash {
    /// SHA-1, which every client and responder knows (RFC 5019, 2.1.1).
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What a response says of a certificate (RFC 6960, 2.2).
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum OcspStatus {
    /// Issued and not revoked; also when it has expired.
    Good,
    /// Revoked, or on hold.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why; a hold can be taken back.
        reason: RevocationReason,
    },
    /// The responder knows of no such certificate.
    Unknown,
}

/// Whether a response answers at all (`OCSPResponseStatus`, RFC 6960, 4.2.1).
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum OcspResponseStatus {
    /// It answers, signed.
    Successful,
    /// The request cannot be understood.
    MalformedRequest,
    /// Something broke.
    InternalError,
    /// Not now.
    TryLater,
    /// Only signed requests are answered; never said here.
    SigRequired,
    /// Not responsible for the certificate, or not able to answer for it any more (RFC 5019, 2.2.3).
    Unauthorized,
}

/// How an authority's answers are signed.
#[uniffi::remote(Record)]
pub struct OcspOptions {
    /// How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who keep
    /// answers, so short is safe; too short, and devices that are seldom online find theirs lapsed.
    #[uniffi(default = 24)]
    pub validity_hours: u32,
    /// Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
    /// authority's key signs each answer.
    #[uniffi(default = true)]
    pub delegated: bool,
    /// What key that certificate has.
    pub algorithm: KeyAlgorithm,
    /// How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever takes the key
    /// can answer for this long, since such certificates are never revoked.
    #[uniffi(default = 30)]
    pub certificate_days: u32,
}

twin! {
    /// Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
    Responder of tegata::model::Responder {
        /// For whose certificates.
        authority: AuthorityId,
        /// Whether a certificate of its own signs, or the authority's key.
        delegated: bool,
        /// What key that certificate has.
        algorithm: KeyAlgorithm,
        /// How long an answer may be believed, in hours.
        validity_hours: u32,
        /// How long that certificate is valid, in days.
        certificate_days: u32,
        /// The certificate in DER; nothing when the authority's key signs, or before the first answer.
        certificate: Option<Vec<u8>>,
        /// When the certificate begins to be valid.
        not_before: Option<Timestamp>,
        /// When it ends.
        not_after: Option<Timestamp>,
        /// When the next one takes its place.
        renew_at: Option<Timestamp>,
    }
}

/// One header of an HTTP response.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ResponseHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The answer to an OCSP request. Also a refusal is one, and goes back with the HTTP status 200.
#[derive(Clone, Debug, uniffi::Record)]
pub struct OcspAnswer {
    /// The `OCSPResponse` in DER, the body of the HTTP response.
    pub der: Vec<u8>,
    /// Whether it answers.
    pub status: OcspResponseStatus,
    /// Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`.
    pub cause: Option<String>,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
    pub cache_control: String,
    /// The `ETag` header, if it may be kept.
    pub etag: Option<String>,
    /// The `Expires` header, if it may be kept: the earliest nextUpdate.
    pub expires: Option<Timestamp>,
    /// The `Last-Modified` header, if it may be kept: thisUpdate.
    pub last_modified: Option<Timestamp>,
    /// All headers for HTTP (RFC 5019, 6).
    pub headers: Vec<ResponseHeader>,
}

impl From<tegata::OcspAnswer> for OcspAnswer {
    fn from(core: tegata::OcspAnswer) -> Self {
        let headers = core.headers().into_iter().map(|(name, value)| ResponseHeader { name, value }).collect();
        Self {
            der: core.der,
            status: core.status,
            cause: core.cause,
            content_type: core.content_type,
            cache_control: core.cache_control,
            etag: core.etag,
            expires: core.expires,
            last_modified: core.last_modified,
            headers,
        }
    }
}

twin! {
    /// An answer that was signed before anybody asked.
    Presigned of tegata::Presigned {
        /// About which certificate.
        certificate: CertificateId,
        /// Its serial number.
        serial: Vec<u8>,
        /// The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
        path: String,
        /// The `OCSPResponse` in DER.
        der: Vec<u8>,
        /// Until when it may be believed; the next one should be there before.
        next_update: Timestamp,
    }
}

twin! {
    /// What a response that was checked says of a certificate.
    CheckedOcsp of tegata::CheckedOcsp {
        /// How the certificate stands.
        status: OcspStatus,
        /// When the response was made.
        produced_at: Timestamp,
        /// When this was so.
        this_update: Timestamp,
        /// Until when it may be believed, if it says so.
        next_update: Option<Timestamp>,
    }
}

/// OCSP (RFC 6960): whoever wants to know whether a certificate still counts asks for it alone, and gets an answer that is
/// signed, short, and as new as the registry. A host passes on what comes to its HTTP server, a POST's body to `respond` and a
/// GET's path to `respond_get`.
#[derive(uniffi::Object)]
pub struct Ocsp {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Ocsp {
    /// Says how the answers about an authority's certificates are signed, and makes the certificate that signs them.
    /// Without this, the first request does it with the usual options. Each generation of an authority has its own.
    pub fn configure(&self, authority: AuthorityId, options: OcspOptions, call: Call) -> Result<Responder> {
        Ok(self.core.ocsp().configure(authority, &options, &call)?.into())
    }

    /// Who signs the answers about an authority's certificates. If that certificate is missing or should be renewed, it is
    /// made first; answering does so by itself, but a host whose authority's key is out of reach at times calls this when
    /// it is there.
    pub fn responder(&self, authority: AuthorityId, call: Call) -> Result<Responder> {
        Ok(self.core.ocsp().responder(authority, &call)?.into())
    }

    /// The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it. What cannot be answered is
    /// answered too: as malformed, as unauthorized, or to be tried later.
    pub fn respond(&self, request: Vec<u8>) -> Result<OcspAnswer> {
        Ok(self.core.ocsp().respond(&request)?.into())
    }

    /// The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe percent-encoded
    /// (RFC 6960, A.1), with or without the slash before it.
    pub fn respond_get(&self, path: String) -> Result<OcspAnswer> {
        Ok(self.core.ocsp().respond_get(&path)?.into())
    }

    /// Signs the answers about an authority's certificates that have not expired, a page at a time, in the order of their
    /// numbers. `hash` is the one that those who ask use; the path and the answer differ with it. All processors sign.
    /// Nothing is recorded.
    ///
    /// A revocation shows when the answer is made anew, so a host makes all of them again well before their `next_update`,
    /// and that of a certificate at once when it is revoked.
    pub fn presign(&self, authority: AuthorityId, hash: OcspHash, page: Page) -> Result<PresignedListing> {
        Ok(self.core.ocsp().presign(authority, hash, &page)?.into())
    }
}

/// A request in DER about certificates of one issuer, for an OCSP responder.
///
/// `nonce` is 1 to 128 random octets, 32 by preference (RFC 9654), that `check_ocsp` then wants to see repeated; without
/// one, a prepared response may come. SHA-1 is what all responders understand.
#[uniffi::export(default(nonce = None))]
pub fn make_ocsp_request(
    certificates: Vec<Certificate>,
    issuer: Certificate,
    hash: OcspHash,
    nonce: Option<Vec<u8>>,
) -> Result<Vec<u8>> {
    Ok(tegata::make_ocsp_request(&cores(&certificates)?, &issuer.core()?, hash, nonce.as_deref())?)
}

/// What an OCSP response says of `certificate`, which `issuer` issued, if it can be believed at `at`: `issuer` signed it,
/// or a responder that it certified for this; it is neither older nor newer than it says; and it repeats `nonce`, when the
/// request had one.
#[uniffi::export]
pub fn check_ocsp(
    response: Vec<u8>,
    certificate: Certificate,
    issuer: Certificate,
    nonce: Option<Vec<u8>>,
    at: Timestamp,
) -> Result<CheckedOcsp> {
    Ok(tegata::check_ocsp(&response, &certificate.core()?, &issuer.core()?, nonce.as_deref(), at)?.into())
}

//! What OCSP answers.

use pyo3::prelude::*;

use crate::convert::{Bytes, Time};
use crate::macros::record;
use crate::sums::OcspStatus;
use crate::words::{KeyAlgorithm, OcspResponseStatus};

record! {
    /// Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
    Responder(tegata::model::Responder) {
        /// For whose certificates.
        authority: String,
        /// Whether a certificate of its own signs, or the authority's key.
        delegated: bool,
        /// What key that certificate has.
        algorithm: KeyAlgorithm,
        /// How long an answer may be believed, in hours.
        validity_hours: u32,
        /// How long that certificate is valid, in days.
        certificate_days: u32,
        /// The certificate in DER; None when the authority's key signs, or before the first answer.
        certificate: Option<Bytes>,
        /// When the certificate begins to be valid.
        not_before: Option<Time>,
        /// When it ends.
        not_after: Option<Time>,
        /// When the next one takes its place.
        renew_at: Option<Time>,
    }
}

record! {
    /// The answer to an OCSP request. Also a refusal is one, and goes back with the HTTP status 200.
    OcspAnswer(tegata::OcspAnswer) {
        /// The `OCSPResponse` in DER, the body of the HTTP response.
        der: Bytes,
        /// Whether it answers.
        status: OcspResponseStatus,
        /// Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`.
        cause: Option<String>,
        /// The `Content-Type` header.
        content_type: String,
        /// The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
        cache_control: String,
        /// The `ETag` header, if it may be kept.
        etag: Option<String>,
        /// The `Expires` header, if it may be kept: the earliest nextUpdate.
        expires: Option<Time>,
        /// The `Last-Modified` header, if it may be kept: thisUpdate.
        last_modified: Option<Time>,
    }

    /// The headers to send it with over HTTP, each a name and a value.
    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.0.headers()
    }
}

record! {
    /// An answer that was signed before anybody asked.
    Presigned(tegata::Presigned) {
        /// About which certificate.
        certificate: String,
        /// Its serial number.
        serial: Bytes,
        /// The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
        path: String,
        /// The `OCSPResponse` in DER.
        der: Bytes,
        /// Until when it may be believed; the next one should be there before.
        next_update: Time,
    }
}

record! {
    /// What a response that was checked says of a certificate.
    CheckedOcsp(tegata::CheckedOcsp) {
        /// How the certificate stands.
        status: OcspStatus,
        /// When the response was made.
        produced_at: Time,
        /// When this was so.
        this_update: Time,
        /// Until when it may be believed, if it says so.
        next_update: Option<Time>,
    }
}

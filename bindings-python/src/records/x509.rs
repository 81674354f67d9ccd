//! Parts of certificates, requests and CRLs.

use pyo3::prelude::*;

use crate::convert::{Bytes, Time};
use crate::error::run;
use crate::macros::record;
use crate::sums::GeneralName;
use crate::words::{RevocationReason, Severity};

record! {
    /// Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
    BasicConstraints(tegata::x509::BasicConstraints) {
        /// Whether it is a CA certificate.
        ca: bool,
        /// How many intermediate CA certificates may follow it; only with `ca`.
        path_len: Option<u8>,
    }
}

record! {
    /// What the extensions of a certificate say.
    CertificateExtensions(tegata::x509::CertificateExtensions) {
        /// Whether it may issue others; None when the extension is missing.
        basic_constraints: Option<BasicConstraints>,
        /// What the key may be used for; None when the extension is missing.
        key_usage: Option<Vec<String>>,
        /// For which purposes; empty when the extension is missing.
        extended_key_usage: Vec<String>,
        /// The DER `GeneralNames` of the subject.
        subject_alt_name: Option<Bytes>,
        /// The subject key identifier.
        subject_key_id: Option<Bytes>,
        /// The key identifier of the issuer, if it is given that way.
        authority_key_id: Option<Bytes>,
        /// Addresses of CRLs.
        crl_distribution_points: Vec<String>,
        /// Addresses of OCSP responders.
        ocsp: Vec<String>,
        /// Addresses of the issuer's certificate.
        ca_issuers: Vec<String>,
        /// Certificate policies.
        policies: Vec<String>,
        /// Every extension in order: which, and whether it is critical.
        all: Vec<(String, bool)>,
    }

    /// The names in the subjectAltName.
    #[getter]
    fn names(&self, py: Python<'_>) -> PyResult<Vec<GeneralName>> {
        run(py, || self.0.names())
    }
}

record! {
    /// An extension that a request asks for. It is a wish: the profile decides what the certificate gets.
    RequestedExtension(tegata::x509::RequestedExtension) {
        /// Which one.
        oid: String,
        /// Whether it was asked for as critical.
        critical: bool,
        /// The DER inside the extnValue octets.
        value: Bytes,
    }
}

record! {
    /// When and why a certificate was revoked.
    Revocation(tegata::x509::Revocation) {
        /// When.
        at: Time,
        /// Why; `Unspecified` when the CRL does not say.
        reason: RevocationReason,
    }
}

record! {
    /// One thing that is wrong, with what to do about it.
    Finding(tegata::Finding) {
        /// How bad it is.
        severity: Severity,
        /// The stable code, such as `san_missing`; the list is `FINDINGS`.
        code: String,
        /// A sentence that says what is wrong and what to do.
        text: String,
    }
}

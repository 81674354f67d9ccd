//! Proxies that end TLS, and which of their headers mean what.

use pyo3::prelude::*;

use crate::convert::Show;
use crate::macros::options;
use crate::secret::GivenBytes;
use crate::words::CertificateEncoding;

options! {
    /// Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`, since some servers make
    /// one of the other.
    ///
    /// The proxy must set or remove each of these in every request that it passes on, so that none that its client sent gets
    /// through; of what comes through twice, nothing is believed.
    ProxyHeaders(tegata::ProxyHeaders): (proof: String) = tegata::ProxyHeaders {
        proof,
        verified: None,
        success: "SUCCESS".to_owned(),
        certificate: None,
        encoding: tegata::CertificateEncoding::EscapedPem,
        identity: None,
        secret: None,
        basic: false,
    }; {
        /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
        opt verified: Option<String> = None => Option<String>;
        /// The only value of `verified` that means success.
        def success: Option<String> = None => String;
        /// Carries the certificate; empty or missing when none was presented.
        opt certificate: Option<String> = None => Option<String>;
        /// How it is written.
        def encoding: Option<CertificateEncoding> = None => CertificateEncoding;
        /// Carries the identity of a PSK.
        opt identity: Option<String> = None => Option<String>;
        /// Carries the secret of a PSK, as text.
        opt secret: Option<String> = None => Option<String>;
        /// Whether a PSK may come as `Authorization: Basic` (RFC 7617), with the identity as the user.
        flag basic: bool = false => bool;
    }
    /// Carries the proxy's secret.
    #[getter]
    fn proof(&self) -> String {
        Show::show(&self.0.proof)
    }

    /// As nginx and Apache forward it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, percent-encoded PEM, with the secret in
    /// `X-Proxy-Proof`. The documentation of the Rust crate has the lines of their configurations.
    #[staticmethod]
    fn nginx() -> Self {
        Self(tegata::ProxyHeaders::nginx())
    }

    /// As HAProxy forwards it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, base64 DER.
    #[staticmethod]
    fn haproxy() -> Self {
        Self(tegata::ProxyHeaders::haproxy())
    }

    /// As Envoy forwards it: `x-forwarded-client-cert`.
    #[staticmethod]
    fn envoy() -> Self {
        Self(tegata::ProxyHeaders::envoy())
    }

    /// As RFC 9440 has it: `Client-Cert`.
    #[staticmethod]
    fn rfc9440() -> Self {
        Self(tegata::ProxyHeaders::rfc9440())
    }

    /// With the PSK in two headers of its own instead of `Authorization: Basic`.
    fn with_psk_headers(&self, identity: String, secret: String) -> Self {
        Self(self.0.clone().with_psk_headers(identity, secret))
    }
}

/// A proxy whose word about who sent a request is taken.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct TrustedProxy(pub(crate) tegata::TrustedProxy);

#[pymethods]
impl TrustedProxy {
    /// The proxy's name, its secrets of 16 to 1024 octets (several while one takes the place of the other), and its headers.
    #[new]
    fn new(name: String, secrets: Vec<GivenBytes>, headers: ProxyHeaders) -> Self {
        let secrets = secrets.into_iter().map(|secret| secret.0).collect();
        Self(tegata::TrustedProxy { name, secrets, headers: headers.0 })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> String {
        self.0.name.clone()
    }

    /// Which of its headers mean what.
    #[getter]
    fn headers(&self) -> ProxyHeaders {
        self.0.headers.show()
    }

    fn __repr__(&self) -> String {
        format!("TrustedProxy(name={:?}, ..)", self.0.name)
    }
}

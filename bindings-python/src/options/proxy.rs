//! Proxies that end TLS, and which of their headers mean what.

use pyo3::prelude::*;
use pyo3::types::PyEllipsis;

use crate::convert::Show;
use crate::macros::record;
use crate::secret::GivenBytes;
use crate::words::CertificateEncoding;

/// The name of a header, none, or `...`: as nginx has it.
#[allow(clippy::option_option)] // As it was, none, a name.
pub(crate) struct Header(Option<Option<String>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Header {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = <Option<String> as FromPyObject>::INPUT_TYPE;

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if obj.cast::<PyEllipsis>().is_ok() { Ok(Self(None)) } else { Ok(Self(Some(obj.extract()?))) }
    }
}

record! {
    /// Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`, since some servers make
    /// one of the other.
    ///
    /// The proxy must set or remove each of these in every request that it passes on, so that none that its client sent gets
    /// through; of what comes through twice, nothing is believed.
    ProxyHeaders(tegata::ProxyHeaders) {
        /// Carries the proxy's secret.
        proof: String,
        /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
        verified: Option<String>,
        /// The only value of `verified` that means success.
        success: String,
        /// Carries the certificate; empty or missing when none was presented.
        certificate: Option<String>,
        /// How it is written.
        encoding: CertificateEncoding,
        /// Carries the identity of a PSK.
        identity: Option<String>,
        /// Carries the secret of a PSK, as text.
        secret: Option<String>,
        /// Whether a PSK may come as `Authorization: Basic` (RFC 7617), with the identity as the user.
        basic: bool,
    }

    /// What is left out is as for nginx. None takes `verified` and `certificate` away.
    #[new]
    #[pyo3(signature = (*, proof=None, verified=Header(None), success=None, certificate=Header(None), encoding=None,
        identity=None, secret=None, basic=true))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        proof: Option<String>,
        verified: Header,
        success: Option<String>,
        certificate: Header,
        encoding: Option<CertificateEncoding>,
        identity: Option<String>,
        secret: Option<String>,
        basic: bool,
    ) -> Self {
        let usual = tegata::ProxyHeaders::default();
        Self(tegata::ProxyHeaders {
            proof: proof.unwrap_or(usual.proof),
            verified: verified.0.unwrap_or(usual.verified),
            success: success.unwrap_or(usual.success),
            certificate: certificate.0.unwrap_or(usual.certificate),
            encoding: encoding.map_or(usual.encoding, |encoding| encoding.0),
            identity,
            secret,
            basic,
        })
    }

    /// As nginx and Apache forward it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, percent-encoded PEM, with the secret in
    /// `X-Proxy-Proof`. The documentation of the Rust crate has the lines of their configurations.
    #[staticmethod]
    fn nginx() -> Self {
        Self(tegata::ProxyHeaders::nginx())
    }

    /// As `HAProxy` forwards it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, base64 DER.
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
    /// The proxy's name, its secrets of 16 to 1024 octets (several while one takes the place of the other), and its headers: nginx's
    /// unless told otherwise.
    #[new]
    #[pyo3(signature = (name, secrets, headers=None))]
    fn new(name: String, secrets: Vec<GivenBytes>, headers: Option<ProxyHeaders>) -> Self {
        let secrets = secrets.into_iter().map(|secret| secret.0).collect();
        Self(tegata::TrustedProxy { name, secrets, headers: headers.map(|headers| headers.0).unwrap_or_default() })
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

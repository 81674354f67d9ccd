//! What somebody shows to be let in. It holds secrets, so none of it is written in a text.

use pyo3::prelude::*;
use tegata::Secret;

use crate::convert::{Bytes, Core};
use crate::error::Fail;
use crate::secret::{GivenBytes, GivenText};

/// How it was proven that who presents a certificate has its key.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct Proof(Shown);

#[derive(Clone)]
enum Shown {
    TlsSession,
    Signature { message: Bytes, signature: Bytes },
    Proxy { name: String, token: Secret<Vec<u8>> },
}

#[pymethods]
impl Proof {
    /// The TLS session in which it was presented, which the caller ended itself.
    #[staticmethod]
    fn tls_session() -> Self {
        Self(Shown::TlsSession)
    }

    /// A signature by the certificate's key over `Statement.challenge` of this message.
    #[staticmethod]
    fn signature(message: Bytes, signature: Bytes) -> Self {
        Self(Shown::Signature { message, signature })
    }

    /// The word of a proxy, which ended the TLS session and checked the chain: its name, and the secret by which it shows
    /// that it is the one. The caller vouches for having looked at what the proxy says of that check.
    #[staticmethod]
    fn proxy(name: String, token: GivenBytes) -> Self {
        Self(Shown::Proxy { name, token: token.0 })
    }
}

impl Proof {
    fn core(&self) -> tegata::Proof<'_> {
        match &self.0 {
            Shown::TlsSession => tegata::Proof::TlsSession,
            Shown::Signature { message, signature } => tegata::Proof::Signature { message, signature },
            Shown::Proxy { name, token } => tegata::Proof::Proxy { name, token: token.expose() },
        }
    }
}

/// What someone shows to be let in.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct Presented(What);

#[derive(Clone)]
enum What {
    Certificate { certificate: Bytes, proof: Proof, device: Option<String> },
    Psk { identity: String, secret: Secret<Vec<u8>> },
    Headers(Vec<(String, Secret<String>)>),
    Client { licence: Secret<String>, name: String, password: Secret<String> },
}

#[pymethods]
impl Presented {
    /// A certificate, with proof that its key is there. Where several devices hold it, `device` says which one it is.
    #[staticmethod]
    #[pyo3(signature = (certificate, proof, device=None))]
    fn certificate(certificate: Bytes, proof: Proof, device: Option<String>) -> Self {
        Self(What::Certificate { certificate, proof, device })
    }

    /// A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
    #[staticmethod]
    fn psk(identity: String, secret: GivenBytes) -> Self {
        Self(What::Psk { identity, secret: secret.0 })
    }

    /// All headers of a request as a proxy passed it on, names and values; one that came twice is here twice. Which headers
    /// mean what, the `TrustedProxy` of `Options` says.
    #[staticmethod]
    fn headers(headers: Vec<(String, GivenText)>) -> Self {
        Self(What::Headers(headers.into_iter().map(|(name, value)| (name, value.0)).collect()))
    }

    /// A client of the host's API, by all of what it was given.
    #[staticmethod]
    fn client(licence: GivenText, name: String, password: GivenText) -> Self {
        Self(What::Client { licence: licence.0, name, password: password.0 })
    }
}

impl Presented {
    /// Asks who this is.
    pub(crate) fn ask(&self, registry: &tegata::Registry) -> tegata::Result<tegata::Principal> {
        let pairs: Vec<(&str, &str)>;
        let presented = match &self.0 {
            What::Certificate { certificate, proof, device } => tegata::Presented::Certificate {
                certificate,
                proof: proof.core(),
                device: device.clone().core().map_err(|fail: Fail| fail.0)?,
            },
            What::Psk { identity, secret } => tegata::Presented::Psk { identity, secret: secret.expose() },
            What::Headers(headers) => {
                pairs = headers.iter().map(|(name, value)| (name.as_str(), value.expose().as_str())).collect();
                tegata::Presented::Headers { headers: &pairs }
            }
            What::Client { licence, name, password } => {
                tegata::Presented::Client { licence: licence.expose(), name, password: password.expose() }
            }
        };
        registry.authenticate(&presented)
    }
}

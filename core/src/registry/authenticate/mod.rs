//! Who is it: what was presented becomes a principal, or the first reason why not.
//!
//! The check is the AND over authority, credential, device, product, assignment and clock, all read at this moment:
//! what is disabled or revoked a moment ago fails now. Nothing is written, but for what keeps others from guessing
//! secrets ([`backoff`]), and no signature is checked beyond what the presenter's proof needs.

mod backoff;
mod certificate;
mod client;
mod headers;
mod proxy;
mod psk;

pub(super) use backoff::Backoff;
pub(super) use certificate::Recognised;
pub(super) use proxy::Proxies;
pub use proxy::{CertificateEncoding, ProxyHeaders, TrustedProxy};

use super::Registry;
use crate::Result;
use crate::env::Timestamp;
use crate::id::{CertificateId, ClientId, DeviceId, ProductId, PskId};

/// How the presenter showed that it has the certificate's private key.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// In a TLS handshake that the caller ended itself. The caller vouches for that.
    TlsSession,
    /// By a signature over [`Statement::Challenge`](crate::Statement::Challenge) of a message that the caller chose
    /// afresh, as the key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
    Signature {
        /// What was signed: a challenge that was never used before.
        message: &'a [u8],
        /// The signature.
        signature: &'a [u8],
    },
    /// In a TLS handshake that a proxy ended, which checked the chain and says so (see [`TrustedProxy`]). The caller
    /// vouches for having looked at what the proxy says of that check; [`Presented::Headers`] looks itself.
    Proxy {
        /// The proxy's name.
        name: &'a str,
        /// The secret by which the proxy shows that it is the one.
        token: &'a [u8],
    },
}

/// What was presented.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presented<'a> {
    /// A client certificate.
    Certificate {
        /// The certificate, PEM or DER; without its chain, which the registry knows.
        certificate: &'a [u8],
        /// That the presenter has its key.
        proof: Proof<'a>,
        /// Which device presents it; needed only where several hold one certificate.
        device: Option<DeviceId>,
    },
    /// A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
    Psk {
        /// What the device calls itself.
        identity: &'a str,
        /// The secret.
        secret: &'a [u8],
    },
    /// What a proxy passed on in the headers of a request: a certificate that it checked, or a PSK. Which headers mean
    /// what, the [`TrustedProxy`] says.
    Headers {
        /// All headers of the request as they came, names and values; one that came twice is here twice.
        headers: &'a [(&'a str, &'a str)],
    },
    /// A client of the host's API, by all of what it was given ([`Clients`](super::Clients)).
    Client {
        /// The licence key.
        licence: &'a str,
        /// The client's name.
        name: &'a str,
        /// Its password.
        password: &'a str,
    },
}

impl<'a> Presented<'a> {
    /// A certificate that came with a TLS session which the caller ended itself.
    pub const fn over_tls(certificate: &'a [u8]) -> Self {
        Self::Certificate { certificate, proof: Proof::TlsSession, device: None }
    }

    /// A certificate with a signature over [`Statement::Challenge`](crate::Statement::Challenge) of a message that the
    /// caller chose afresh.
    pub const fn signed(certificate: &'a [u8], message: &'a [u8], signature: &'a [u8]) -> Self {
        Self::Certificate { certificate, proof: Proof::Signature { message, signature }, device: None }
    }

    /// A pre-shared key.
    pub const fn psk(identity: &'a str, secret: &'a [u8]) -> Self {
        Self::Psk { identity, secret }
    }
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TlsSession => f.write_str("TlsSession"),
            Self::Signature { .. } => f.write_str("Signature(..)"),
            Self::Proxy { name, .. } => write!(f, "Proxy({name}, ..)"),
        }
    }
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate { .. } => "Certificate(..)",
            Self::Psk { .. } => "Psk(..)",
            Self::Headers { .. } => "Headers(..)",
            Self::Client { .. } => "Client(..)",
        })
    }
}

/// By what somebody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// By this certificate.
    Certificate(CertificateId),
    /// By this pre-shared key.
    Psk(PskId),
}

/// Who it is, by what, until when (NEC-44).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// A device, by a credential of its own.
    Device {
        /// Which.
        device: DeviceId,
        /// The product it is a unit of.
        product: Option<ProductId>,
        /// By what.
        credential: Credential,
        /// Until when the credential counts, if nothing happens to it. `None`: without an end.
        until: Option<Timestamp>,
    },
    /// Some unit of a product, by the product credential: good for enrolling and nothing else.
    Product {
        /// Which.
        product: ProductId,
        /// By which certificate.
        certificate: CertificateId,
        /// Until when the certificate counts, if nothing happens to it.
        until: Timestamp,
    },
    /// A client of the host's API, by licence key, name and password.
    Client {
        /// Which.
        client: ClientId,
        /// Its name.
        name: String,
    },
}

impl Registry {
    /// Who presents this?
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// # let enrolled = tegata::doctest::enrolled(&registry)?;
    /// use tegata::{Presented, Principal};
    /// match registry.authenticate(&Presented::over_tls(&enrolled.issued.der))? {
    ///     Principal::Device { device, .. } => assert_eq!(device, enrolled.device.id),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first reason that fails. For certificates in this order: `certificate.malformed`, the proxy's proof,
    /// `certificate.unknown`, `certificate.proof_invalid`, the authority's state, the certificate's
    /// (`certificate.revoked`, `certificate.suspended`, `certificate.expired` ...), `certificate.no_holder`, the device's
    /// (`device.disabled` ...) or the product's.
    ///
    /// For PSKs: `authentication.backed_off` after too many failures; `authentication.failed` alike for an unknown
    /// identity, a wrong secret and a deleted PSK; and only when the secret is right `psk.suspended` and the device's
    /// state. Clients are told the same way, with `client.suspended`.
    ///
    /// For headers also: `authentication.proxy_unknown` when no proxy is configured, `authentication.proxy_proof`,
    /// `authentication.proxy_not_verified`, `authentication.nothing_presented`, `authentication.both_kinds`,
    /// `authentication.header_repeated` and `authentication.header_malformed`.
    pub fn authenticate(&self, presented: &Presented<'_>) -> Result<Principal> {
        let inner = &*self.inner;
        match *presented {
            Presented::Certificate { certificate, proof, device } => {
                inner.authenticate_certificate(certificate, proof, device)
            }
            Presented::Psk { identity, secret } => inner.authenticate_psk(identity, secret),
            Presented::Headers { headers } => inner.authenticate_headers(headers),
            Presented::Client { licence, name, password } => inner.authenticate_client(licence, name, password),
        }
    }
}

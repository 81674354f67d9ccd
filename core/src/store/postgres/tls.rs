//! TLS to the server, with rustls and *ring*: who is believed to be the server, and the proof that both talk over the same
//! connection (`tls-server-end-point` of RFC 5929), without which a password exchange could be passed on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring::default_provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use crate::store::StoreError;

/// What the server's certificate must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing: against listeners only.
    Nothing,
    /// That one of the roots vouches for it.
    Root,
    /// That, and that it is the host of the URL.
    Host,
}

/// The files that a URL names.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// Certificates to believe in; without it, those that the system believes in.
    pub(super) roots: Option<String>,
    /// Our own certificate and those between it and its root.
    pub(super) certificate: Option<String>,
    /// Its key, not encrypted.
    pub(super) key: Option<String>,
}

/// Wraps connections.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

fn unusable(what: &str, why: &str) -> StoreError {
    // No paths: they may hold a person's name.
    StoreError::Unavailable { reason: format!("TLS to PostgreSQL: {what} {why}") }
}

impl Tls {
    pub(super) fn new(proof: Proof, files: &Files) -> Result<Self, StoreError> {
        let provider = Arc::new(default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if proof == Proof::Nothing {
            Arc::new(Anybody(provider.clone()))
        } else {
            let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(files)?), provider.clone())
                .build()
                .map_err(|_| unusable("sslrootcert", "holds no certificate"))?;
            if proof == Proof::Root { Arc::new(AnyHost(strict)) } else { strict }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("the protocol versions", "do not fit each other"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match (&files.certificate, &files.key) {
            (None, None) => config.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate).ok_or_else(|| unusable("sslcert", "cannot be read as PEM"))?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|_| unusable("sslkey", "cannot be read as PEM, or is encrypted"))?;
                config.with_client_auth_cert(chain, key).map_err(|_| unusable("sslkey", "does not fit sslcert"))?
            }
            _ => return Err(unusable("sslcert and sslkey", "need each other")),
        };
        Ok(Self(Arc::new(config)))
    }
}

fn certificates(path: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path).ok()?.collect::<Result<Vec<_>, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

fn roots(files: &Files) -> Result<RootCertStore, StoreError> {
    let mut store = RootCertStore::empty();
    match files.roots.as_deref() {
        Some(path) if path != "system" => {
            for root in certificates(path).ok_or_else(|| unusable("sslrootcert", "cannot be read as PEM"))? {
                store.add(root).map_err(|_| unusable("sslrootcert", "holds a certificate that is none"))?;
            }
        }
        _ => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(unusable("this system", "believes in no root certificates; name a file with sslrootcert"));
            }
        }
    }
    Ok(store)
}

/// Believes any certificate. Whoever answers must still have its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes a certificate of any host that a root vouches for.
#[derive(Debug)]
struct AnyHost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The chain is verified first; only then the name.
        match self.0.verify_server_cert(end, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Connect> {
        Ok(Connect { config: Arc::clone(&self.0), host: host.to_owned() })
    }
}

/// A connection to one host.
pub(super) struct Connect {
    config: Arc<ClientConfig>,
    host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connect {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            // Over a Unix socket there is no host, and no TLS either: then this is not waited for.
            let host = ServerName::try_from(self.host).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
            tokio_rustls::TlsConnector::from(self.config).connect(host, stream).await.map(Stream)
        })
    }
}

/// An encrypted connection.
pub(super) struct Stream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let certificate = session.peer_certificates().and_then(|all| all.first());
        match certificate.and_then(|der| Some((der, end_point_hash(der)?))) {
            Some((der, hash)) => ChannelBinding::tls_server_end_point(digest(hash, der).as_ref().to_vec()),
            None => ChannelBinding::none(),
        }
    }
}

/// The hash of a certificate's own signature; SHA-256 in place of what is weaker (RFC 5929, 4.1).
fn end_point_hash(der: &[u8]) -> Option<&'static Algorithm> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        // MD5, SHA-1 and SHA-256 with RSA; SHA-1 and SHA-256 with ECDSA.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Some(&SHA256),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(&SHA384),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(&SHA512),
        // Those without a hash of their own, such as Ed25519, have no such binding either.
        _ => None,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

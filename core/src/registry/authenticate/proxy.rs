//! Proxies that end TLS in front of the host and are believed, because they show a secret of theirs.

use ring::hmac;

use crate::Result;
use crate::error::{AuthenticationError, Error};
use crate::model::check_name;
use crate::registry::tags::derive;
use crate::secret::Secret;

/// The fewest octets of a proxy's secret.
const SHORTEST: usize = 16;
/// The most.
const LONGEST: usize = 1024;

/// How a proxy writes a certificate into a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateEncoding {
    /// PEM with percent-encoding, as nginx's `$ssl_client_escaped_cert` gives it; or with blanks in place of the line ends,
    /// as Apache's `%{SSL_CLIENT_CERT}s` does.
    EscapedPem,
    /// DER in base64 (RFC 4648, section 4), as `HAProxy`'s `%[ssl_c_der,base64]`.
    Base64Der,
    /// DER as a byte sequence of structured fields (RFC 9440, section 2.1): `:base64:`.
    ByteSequence,
    /// Envoy's `x-forwarded-client-cert` with one element, of which `Cert` counts.
    Xfcc,
}

/// Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`, since some servers make
/// one of the other.
///
/// The proxy must set or remove each of these in every request that it passes on, so that none that its client sent gets
/// through; of what comes through twice, nothing is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHeaders {
    /// Carries the proxy's secret.
    pub proof: String,
    /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
    pub verified: Option<String>,
    /// The only value of `verified` that means success.
    pub success: String,
    /// Carries the certificate; empty or missing when none was presented.
    pub certificate: Option<String>,
    /// How it is written.
    pub encoding: CertificateEncoding,
    /// Carries the identity of a PSK.
    pub identity: Option<String>,
    /// Carries the secret of a PSK, as text.
    pub secret: Option<String>,
    /// Whether a PSK may come as `Authorization: Basic` (RFC 7617), with the identity as the user.
    pub basic: bool,
}

/// As [`ProxyHeaders::nginx`].
impl Default for ProxyHeaders {
    fn default() -> Self {
        Self::nginx()
    }
}

impl ProxyHeaders {
    fn preset(certificate: &str, encoding: CertificateEncoding, success: &str) -> Self {
        Self {
            proof: "X-Proxy-Proof".to_owned(),
            verified: Some("X-SSL-Client-Verify".to_owned()),
            success: success.to_owned(),
            certificate: Some(certificate.to_owned()),
            encoding,
            identity: None,
            secret: None,
            basic: true,
        }
    }

    /// As nginx forwards with `ssl_verify_client optional` and
    ///
    /// ```text
    /// proxy_set_header X-Proxy-Proof       "<the secret>";
    /// proxy_set_header X-SSL-Client-Verify $ssl_client_verify;
    /// proxy_set_header X-SSL-Client-Cert   $ssl_client_escaped_cert;
    /// ```
    ///
    /// and as Apache does with `RequestHeader set X-SSL-Client-Verify "%{SSL_CLIENT_VERIFY}s"` and
    /// `RequestHeader set X-SSL-Client-Cert "%{SSL_CLIENT_CERT}s"`.
    pub fn nginx() -> Self {
        Self::preset("X-SSL-Client-Cert", CertificateEncoding::EscapedPem, "SUCCESS")
    }

    /// As `HAProxy` forwards with `verify optional` and
    ///
    /// ```text
    /// http-request set-header X-Proxy-Proof       "<the secret>"
    /// http-request set-header X-SSL-Client-Verify %[ssl_c_verify]
    /// http-request set-header X-SSL-Client-Cert   %[ssl_c_der,base64]
    /// ```
    pub fn haproxy() -> Self {
        Self::preset("X-SSL-Client-Cert", CertificateEncoding::Base64Der, "0")
    }

    /// As Envoy forwards with `forward_client_cert_details: SANITIZE_SET`, `set_current_client_cert_details: {cert: true}`
    /// and, on a listener with `require_client_certificate` and a `trusted_ca`, these `request_headers_to_add` with
    /// `OVERWRITE_IF_EXISTS_OR_ADD`: `X-Proxy-Proof` with the secret and `X-SSL-Client-Verify: SUCCESS`. Envoy itself tells
    /// nobody whether it verified what it forwards, so the listener that does has to say so.
    pub fn envoy() -> Self {
        Self::preset("X-Forwarded-Client-Cert", CertificateEncoding::Xfcc, "SUCCESS")
    }

    /// As RFC 9440 has it: `Client-Cert`; with `X-Proxy-Proof` and `X-SSL-Client-Verify: SUCCESS` beside it, for which the
    /// RFC has no header.
    pub fn rfc9440() -> Self {
        Self::preset("Client-Cert", CertificateEncoding::ByteSequence, "SUCCESS")
    }

    /// With the PSK in two headers of its own instead of `Authorization: Basic`.
    #[must_use]
    pub fn with_psk_headers(mut self, identity: impl Into<String>, secret: impl Into<String>) -> Self {
        (self.identity, self.secret, self.basic) = (Some(identity.into()), Some(secret.into()), false);
        self
    }

    /// All names.
    fn names(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.verified, &self.certificate, &self.identity, &self.secret];
        let basic = self.basic.then_some(AUTHORIZATION);
        std::iter::once(self.proof.as_str()).chain(optional.into_iter().flatten().map(String::as_str)).chain(basic)
    }

    fn check(&self) -> Result<(), String> {
        if let Some(name) = self.names().find(|name| !is_token(name)) {
            return Err(format!("{name:?} is not the name of a header"));
        }
        let mut seen: Vec<&str> = Vec::new();
        for name in self.names() {
            if seen.iter().any(|other| same_name(other, name)) {
                return Err(format!("the header {name} has two meanings"));
            }
            seen.push(name);
        }
        if self.certificate.is_some() && (self.verified.is_none() || self.success.is_empty()) {
            return Err(
                "a certificate needs a header that says whether it was verified, and the value for success".into()
            );
        }
        if self.identity.is_some() != self.secret.is_some() {
            return Err("an identity and a secret need a header each".into());
        }
        if self.certificate.is_none() && self.identity.is_none() && !self.basic {
            return Err("no header carries a credential".into());
        }
        Ok(())
    }
}

pub(super) const AUTHORIZATION: &str = "Authorization";

/// Whether `text` can be a header's name (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let marks = b"!#$%&'*+-.^_`|~";
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
}

/// Whether two names are of the same header, or of headers that some server on the way takes for the same.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    let plain = |b: u8| if b == b'_' { b'-' } else { b.to_ascii_lowercase() };
    a.len() == b.len() && a.bytes().map(plain).eq(b.bytes().map(plain))
}

/// A proxy whose word about its clients is taken ([`Proof::Proxy`](super::Proof::Proxy),
/// [`Presented::Headers`](super::Presented::Headers)), because it shows a secret that nobody else has.
///
/// Give each proxy a secret of its own, from a good generator, and let nobody but the proxy reach the host's port: bind it to
/// an address that only the proxy reaches, or drop requests that come from elsewhere before you ask. The registry cannot see
/// where a request came from.
///
/// ```
/// use tegata::{Options, ProxyHeaders, Secret, TrustedProxy};
/// let secret = Secret::new(b"yN8GZ0rC2pQn1uXs7wTd".to_vec());
/// let proxy = TrustedProxy::new("edge", secret, ProxyHeaders::nginx());
/// let options = Options::default().with_proxy(proxy);
/// ```
#[derive(Clone, Debug)]
pub struct TrustedProxy {
    /// Its name.
    pub name: String,
    /// By what it shows that it is the one: 16 to 1024 octets each; several while one takes the place of the other. In a
    /// header only printable ASCII gets through.
    pub secrets: Vec<Secret<Vec<u8>>>,
    /// Which of its headers mean what.
    pub headers: ProxyHeaders,
}

impl TrustedProxy {
    /// A proxy with one secret.
    pub fn new(name: impl Into<String>, secret: Secret<Vec<u8>>, headers: ProxyHeaders) -> Self {
        Self { name: name.into(), secrets: vec![secret], headers }
    }

    /// With another secret beside the ones it has, to change over from one to the other.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret<Vec<u8>>) -> Self {
        self.secrets.push(secret);
        self
    }
}

/// A proxy as it is checked: only digests of its secrets are kept.
pub(super) struct Known {
    name: String,
    tags: Vec<hmac::Tag>,
    pub(super) headers: ProxyHeaders,
}

/// The proxies that a registry was opened with.
pub(in crate::registry) struct Proxies {
    key: hmac::Key,
    all: Vec<Known>,
}

impl Proxies {
    /// Checks and keeps them; `own` is the registry's secret.
    ///
    /// # Errors
    /// `authentication.proxy_misconfigured`.
    pub(in crate::registry) fn new(proxies: &[TrustedProxy], own: &Secret<Vec<u8>>) -> Result<Self> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(own, "proxies")?);
        let mut all: Vec<Known> = Vec::with_capacity(proxies.len());
        for proxy in proxies {
            let wrong = |reason: String| Error::from(AuthenticationError::ProxyMisconfigured { reason });
            check_name("proxy name", &proxy.name)?;
            if all.iter().any(|known| known.name == proxy.name) {
                return Err(wrong("two have one name".to_owned()));
            }
            if proxy.secrets.is_empty() {
                return Err(wrong("it has no secret".to_owned()));
            }
            if proxy.secrets.iter().any(|secret| !(SHORTEST..=LONGEST).contains(&secret.expose().len())) {
                return Err(wrong(format!("a secret has {SHORTEST} to {LONGEST} octets")));
            }
            proxy.headers.check().map_err(wrong)?;
            let tags: Vec<_> = proxy.secrets.iter().map(|secret| hmac::sign(&key, secret.expose())).collect();
            if all.iter().flat_map(|known| &known.tags).any(|tag| tags.iter().any(|t| t.as_ref() == tag.as_ref())) {
                return Err(wrong("two have one secret".to_owned()));
            }
            all.push(Known { name: proxy.name.clone(), tags, headers: proxy.headers.clone() });
        }
        Ok(Self { key, all })
    }

    pub(super) fn all(&self) -> &[Known] {
        &self.all
    }

    /// Whether `token` is one of this proxy's secrets. The comparison is of keyed digests, in constant time.
    pub(super) fn is_proof(&self, known: &Known, token: &[u8]) -> bool {
        token.len() <= LONGEST
            && known.tags.iter().fold(false, |found, tag| found | hmac::verify(&self.key, token, tag.as_ref()).is_ok())
    }

    /// That `token` is a secret of the proxy called `name`.
    ///
    /// # Errors
    /// `authentication.proxy_unknown`, `authentication.proxy_proof`.
    pub(super) fn check(&self, name: &str, token: &[u8]) -> Result<(), AuthenticationError> {
        let known = self.all.iter().find(|known| known.name == name).ok_or(AuthenticationError::ProxyUnknown)?;
        if self.is_proof(known, token) { Ok(()) } else { Err(AuthenticationError::ProxyProof) }
    }
}

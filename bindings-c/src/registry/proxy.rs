//! Proxies in front of the host whose word about who sent a request is taken.

use tegata::{CertificateEncoding, ProxyHeaders, TrustedProxy};

use crate::number::same_variants;
use crate::registry::prelude::*;

/// How a proxy writes a certificate into a header.
#[repr(C)]
pub enum tegata_certificate_encoding {
    /// PEM with percent-encoding, as nginx's `$ssl_client_escaped_cert` gives it; or with blanks in place of the line ends, as
    /// Apache's `%{SSL_CLIENT_CERT}s` does.
    EscapedPem = 1,
    /// DER in base64, as `HAProxy`'s `%[ssl_c_der,base64]`.
    Base64Der = 2,
    /// DER as a byte sequence of structured fields (RFC 9440, section 2.1).
    ByteSequence = 3,
    /// Envoy's `x-forwarded-client-cert` with one element, of which `Cert` counts.
    Xfcc = 4,
}
same_variants!(tegata_certificate_encoding = CertificateEncoding { EscapedPem, Base64Der, ByteSequence, Xfcc });

/// Headers that a proxy is known to send.
#[repr(C)]
pub enum tegata_proxy_preset {
    /// As nginx forwards: `X-Proxy-Proof`, `X-SSL-Client-Verify`, `X-SSL-Client-Cert`.
    Nginx = 1,
    /// As `HAProxy` forwards.
    Haproxy = 2,
    /// As Envoy forwards.
    Envoy = 3,
    /// As RFC 9440 says.
    Rfc9440 = 4,
    /// None of these: what is not given below is not there.
    Own = 5,
}

/// Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`. The proxy must set or remove
/// each of these in every request that it passes on, so that none that its client sent gets through.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_proxy_headers {
    /// `sizeof(tegata_proxy_headers)`.
    pub size: usize,
    /// What a proxy of this kind sends; what is given below replaces it. 0 for nginx.
    pub preset: Number<tegata_proxy_preset>,
    /// Carries the proxy's secret.
    pub proof: *const c_char,
    /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
    pub verified: *const c_char,
    /// The only value of `verified` that means success.
    pub success: *const c_char,
    /// Carries the certificate; empty or missing when none was presented.
    pub certificate: *const c_char,
    /// How it is written; 0 as the preset says, or escaped PEM.
    pub encoding: Number<tegata_certificate_encoding>,
    /// Carries the identity of a pre-shared key.
    pub identity: *const c_char,
    /// Carries the secret of a pre-shared key, as text.
    pub secret: *const c_char,
    /// Whether a pre-shared key may come as `Authorization: Basic` (RFC 7617), with the identity as the user. NULL for
    /// true.
    pub basic: *const bool,
}
growing!(tegata_proxy_headers);

impl ToCore for tegata_proxy_headers {
    type Core = ProxyHeaders;

    fn to_core(&self) -> Result<ProxyHeaders> {
        let mut headers = match self.preset.get() {
            0 | 1 => ProxyHeaders::nginx(),
            2 => ProxyHeaders::haproxy(),
            3 => ProxyHeaders::envoy(),
            4 => ProxyHeaders::rfc9440(),
            5 => ProxyHeaders {
                proof: String::new(),
                verified: None,
                success: String::new(),
                certificate: None,
                identity: None,
                secret: None,
                ..ProxyHeaders::default()
            },
            _ => return Err(invalid("preset", "is not a number of its enum")),
        };
        headers.proof = maybe_string(self.proof, "proof")?.unwrap_or(headers.proof);
        headers.verified = maybe_string(self.verified, "verified")?.or(headers.verified);
        headers.success = maybe_string(self.success, "success")?.unwrap_or(headers.success);
        headers.certificate = maybe_string(self.certificate, "certificate")?.or(headers.certificate);
        headers.encoding = self.encoding.optional("encoding")?.unwrap_or(headers.encoding);
        headers.identity = maybe_string(self.identity, "identity")?.or(headers.identity);
        headers.secret = maybe_string(self.secret, "secret")?.or(headers.secret);
        headers.basic = optional(self.basic).copied().unwrap_or(headers.basic);
        Ok(headers)
    }
}

/// A proxy that ends TLS in front of the host and is believed, because it shows a secret of its.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_trusted_proxy {
    /// `sizeof(tegata_trusted_proxy)`.
    pub size: usize,
    /// Its name. Required.
    pub name: *const c_char,
    /// By what it shows that it is the one: 16 to 1024 octets each; several while one takes the place of the other. In a header
    /// only printable ASCII gets through. Required.
    pub secrets: tegata_bytes_list,
    /// Which of its headers mean what; NULL for what nginx sends.
    pub headers: *const tegata_proxy_headers,
}
growing!(tegata_trusted_proxy);

impl ToCore for tegata_trusted_proxy {
    type Core = TrustedProxy;

    fn to_core(&self) -> Result<TrustedProxy> {
        let secrets = slice(self.secrets.items, self.secrets.len, "secrets")?;
        Ok(TrustedProxy {
            name: text(self.name, "name")?.to_owned(),
            secrets: secrets.iter().map(|s| Ok(Secret::new(s.get("secrets")?.to_vec()))).collect::<Result<_>>()?,
            headers: given_or_default(self.headers, "headers")?,
        })
    }
}

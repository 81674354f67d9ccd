//! What a proxy passed on: headers become a certificate or a PSK, or a refusal.

use data_encoding::{BASE64, BASE64_NOPAD};

use super::proxy::{AUTHORIZATION, CertificateEncoding, Known, ProxyHeaders, same_name};
use super::{Principal, Proof, Proxies};
use crate::Result;
use crate::error::{AuthenticationError, Error};
use crate::registry::Inner;
use crate::secret::Secret;

/// The most headers of a request.
const MOST: usize = 512;
/// The longest value that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

/// What Apache writes for a certificate that is not there.
const NOTHING: &str = "(null)";

type Header<'a> = (&'a str, &'a str);

fn malformed(reason: &str) -> Error {
    AuthenticationError::HeaderMalformed { reason: reason.to_owned() }.into()
}

impl Inner {
    /// Who sent a request with these headers, as far as a proxy that is known here says?
    pub(super) fn authenticate_headers(&self, headers: &[Header<'_>]) -> Result<Principal> {
        if headers.len() > MOST {
            return Err(malformed(&format!("there are more than {MOST}")));
        }
        let proxy = speaker(&self.proxies, headers)?;
        match Passed::read(&proxy.headers, headers)? {
            // That the proxy verified the chain is no more than the presenter's proof that it has the key. What the
            // registry knows of the certificate is checked as always.
            Passed::Certificate(certificate) => self.authenticate_certificate(&certificate, Proof::TlsSession, None),
            Passed::Psk { identity, secret } => self.authenticate_psk(&identity, secret.expose()),
        }
    }
}

/// The value of the header called `name`, without the white space around it; an empty one is as good as none.
fn value<'a>(headers: &[Header<'a>], name: &str) -> Result<Option<&'a str>> {
    let mut found = headers.iter().filter(|(other, _)| same_name(other, name));
    let Some((_, value)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(AuthenticationError::HeaderRepeated.into());
    }
    if value.len() > LONGEST {
        return Err(malformed(&format!("it is longer than {LONGEST} bytes")));
    }
    Ok(Some(value.trim_ascii()).filter(|value| !value.is_empty()))
}

/// Which proxy speaks.
fn speaker<'a>(proxies: &'a Proxies, headers: &[Header<'_>]) -> Result<&'a Known> {
    if proxies.all().is_empty() {
        return Err(AuthenticationError::ProxyUnknown.into());
    }
    let mut missing = true;
    let mut found = None;
    for known in proxies.all() {
        if let Some(token) = value(headers, &known.headers.proof)? {
            missing = false;
            found = found.or_else(|| proxies.is_proof(known, token.as_bytes()).then_some(known));
        }
    }
    let reason = if missing { AuthenticationError::ProxyProofMissing } else { AuthenticationError::ProxyProof };
    found.ok_or_else(|| reason.into())
}

/// What a proxy passed on.
#[cfg_attr(test, derive(Debug))]
enum Passed {
    Certificate(Vec<u8>),
    Psk { identity: String, secret: Secret<Vec<u8>> },
}

impl Passed {
    fn read(names: &ProxyHeaders, headers: &[Header<'_>]) -> Result<Self> {
        let of = |name: &Option<String>| name.as_deref().map_or(Ok(None), |name| value(headers, name));
        let certificate = of(&names.certificate)?.filter(|value| *value != NOTHING);
        let verified = of(&names.verified)?;
        let (identity, secret) = (of(&names.identity)?, of(&names.secret)?);
        let basic = if names.basic { value(headers, AUTHORIZATION)?.and_then(basic_value) } else { None };
        let psk = identity.is_some() || secret.is_some();
        match (certificate, psk, basic) {
            (None, false, None) => Err(AuthenticationError::NothingPresented.into()),
            (Some(certificate), false, None) => {
                if verified != Some(names.success.as_str()) {
                    return Err(AuthenticationError::ProxyNotVerified.into());
                }
                Ok(Self::Certificate(certificate_in(certificate, names.encoding)?))
            }
            (None, true, None) => Ok(Self::Psk {
                identity: identity.unwrap_or_default().to_owned(),
                secret: Secret::new(secret.unwrap_or_default().as_bytes().to_vec()),
            }),
            (None, false, Some(credentials)) => basic_credentials(credentials),
            (None, true, Some(_)) => Err(malformed("a PSK came in headers of its own and as Authorization: Basic")),
            (Some(_), ..) => Err(AuthenticationError::BothKinds.into()),
        }
    }
}

/// The credentials of `Authorization: Basic`; other schemes are none of ours.
fn basic_value(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("Basic").then(|| rest.trim_ascii())
}

fn basic_credentials(text: &str) -> Result<Passed> {
    let wrong = || malformed("Authorization: Basic is not the base64 of identity:secret");
    let both = Secret::new(base64(text).ok_or_else(wrong)?);
    let colon = both.expose().iter().position(|octet| *octet == b':').ok_or_else(wrong)?;
    let (identity, secret) = both.expose().split_at(colon);
    let identity = std::str::from_utf8(identity).map_err(|_| wrong())?.to_owned();
    Ok(Passed::Psk { identity, secret: Secret::new(secret.get(1..).unwrap_or_default().to_vec()) })
}

fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()
}

/// The certificate in a header: DER or PEM.
fn certificate_in(value: &str, encoding: CertificateEncoding) -> Result<Vec<u8>> {
    match encoding {
        CertificateEncoding::EscapedPem => escaped_pem(value),
        CertificateEncoding::Base64Der => base64(value).ok_or_else(|| malformed("the certificate is not base64")),
        CertificateEncoding::ByteSequence => {
            // Parameters may follow a structured field's item; RFC 9440 defines none.
            let inner = value.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
            inner.and_then(base64).ok_or_else(|| malformed("the certificate is not a byte sequence such as :MIIB...:"))
        }
        CertificateEncoding::Xfcc => escaped_pem(&xfcc_certificate(value)?),
    }
}

/// PEM with percent-encoding or with blanks in place of line ends.
fn escaped_pem(value: &str) -> Result<Vec<u8>> {
    let wrong = || malformed("the certificate is not PEM with percent-encoding");
    let text = String::from_utf8(percent_decoded(value).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let inner = text
        .trim_ascii()
        .strip_prefix("-----BEGIN CERTIFICATE-----")
        .and_then(|rest| rest.strip_suffix("-----END CERTIFICATE-----"))
        .ok_or_else(wrong)?;
    let body: String = inner.split_ascii_whitespace().collect();
    base64(&body).ok_or_else(wrong)
}

/// `+` stands for itself: base64 has it, and these encoders write blanks as `%20`.
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        if octet == b'%' {
            let digit = |octet: Option<u8>| char::from(octet?).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let (high, low) = (digit(octets.next())?, digit(octets.next())?);
            out.push(high << 4 | low);
        } else {
            out.push(octet);
        }
    }
    Some(out)
}

/// The value of `Cert` in the only element of `x-forwarded-client-cert`: `Key=value` pairs with `;` between them, values with
/// separators in them in double quotes.
fn xfcc_certificate(value: &str) -> Result<String> {
    let mut pairs = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        let Some(pair) = pairs.last_mut() else { break };
        match c {
            _ if escaped => {
                pair.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                return Err(malformed("x-forwarded-client-cert has several elements; let the proxy keep its own only"));
            }
            ';' if !quoted => pairs.push(String::new()),
            _ => pair.push(c),
        }
    }
    if quoted || escaped {
        return Err(malformed("x-forwarded-client-cert ends within quotes"));
    }
    let mut certificates = pairs.iter().filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim_ascii().eq_ignore_ascii_case("Cert").then_some(value)
    });
    match (certificates.next(), certificates.next()) {
        (Some(certificate), None) => Ok(certificate.to_owned()),
        (None, _) => Err(malformed("x-forwarded-client-cert has no Cert; let the proxy add it")),
        _ => Err(AuthenticationError::HeaderRepeated.into()),
    }
}

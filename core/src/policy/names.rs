//! Which alternative names of a CSR a profile takes over, and which it adds.

use std::net::IpAddr;

use ipnet::IpNet;

use super::subject::Pattern;
use super::{Applicant, invalid};
use crate::Result;
use crate::error::CsrError;
use crate::model::SanPolicy;
use crate::x509::{GeneralName, Oid, VerifiedCsr};

/// A SAN policy, checked.
#[derive(Debug)]
pub(super) struct SanRules {
    dns: Vec<String>,
    wildcards: bool,
    ip: Vec<IpNet>,
    uri: Vec<String>,
    email: Vec<String>,
    other: Vec<Oid>,
    add: Vec<(Kind, Pattern)>,
    required: bool,
    max: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Dns,
    Ip,
    Uri,
    Email,
}

impl SanRules {
    pub(super) fn new(policy: &SanPolicy) -> Result<Self> {
        let lower = |names: &[String]| names.iter().map(|n| n.to_ascii_lowercase()).collect::<Vec<_>>();
        let ip = policy
            .ip
            .iter()
            .map(|net| {
                net.parse().map_err(|_| invalid("san.ip", "holds something that is no network such as 192.168.0.0/16"))
            })
            .collect::<Result<_>>()?;
        let other = policy
            .other
            .iter()
            .map(|oid| oid.parse().map_err(|_| invalid("san.other", "holds something that is no dotted OID")))
            .collect::<Result<_>>()?;
        let add = policy
            .add
            .iter()
            .map(|text| {
                let (kind, pattern) = text.split_once(':').unwrap_or_default();
                let kind = match kind {
                    "dns" => Kind::Dns,
                    "ip" => Kind::Ip,
                    "uri" => Kind::Uri,
                    "email" => Kind::Email,
                    _ => {
                        return Err(invalid(
                            "san.add",
                            "holds an entry that does not begin with dns:, ip:, uri: or email:",
                        ));
                    }
                };
                Ok((kind, Pattern::new("san.add", pattern)?))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            dns: lower(&policy.dns),
            wildcards: policy.dns_wildcards,
            ip,
            uri: policy.uri.clone(),
            email: lower(&policy.email),
            other,
            add,
            required: policy.required,
            max: if policy.max == 0 { 32 } else { policy.max },
        })
    }

    pub(super) fn decide(
        &self,
        applicant: &Applicant<'_>,
        csr: Option<&VerifiedCsr>,
        requested: &[GeneralName],
    ) -> Result<Vec<GeneralName>> {
        let refused = |reason: String| crate::Error::from(CsrError::SanRefused { reason });
        let mut names = Vec::with_capacity(requested.len() + self.add.len());
        for name in requested {
            if !self.allows(name) {
                return Err(refused(format!("it does not allow {name}")));
            }
            names.push(name.clone());
        }
        for name in self.added(applicant, csr)? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if self.required && requested.is_empty() {
            return Err(refused("it needs at least one name (DNS or IP), and there is none".to_owned()));
        }
        if names.len() > self.max {
            return Err(refused(format!("there are more than {} names", self.max)));
        }
        Ok(names)
    }

    /// The names that the profile adds to those asked for.
    fn added(&self, applicant: &Applicant<'_>, csr: Option<&VerifiedCsr>) -> Result<Vec<GeneralName>> {
        let no_address = || CsrError::SanRefused { reason: "an added name is no IP address".to_owned() };
        self.add
            .iter()
            .map(|(kind, pattern)| {
                let text = match kind {
                    Kind::Dns => pattern.fill_as(applicant, csr, in_dns)?,
                    Kind::Uri => pattern.fill_as(applicant, csr, in_uri)?,
                    Kind::Ip | Kind::Email => pattern.fill(applicant, csr)?,
                };
                Ok(match kind {
                    Kind::Dns => GeneralName::dns(&text)?,
                    Kind::Ip => GeneralName::Ip(text.parse::<IpAddr>().map_err(|_| no_address())?),
                    Kind::Uri => GeneralName::Uri(text.parse()?),
                    Kind::Email => GeneralName::Email(text.parse()?),
                })
            })
            .collect()
    }

    /// The names of a certificate that was issued under another profile, as far as this one decides.
    pub(super) fn renew(&self, applicant: &Applicant<'_>, names: &[GeneralName]) -> Result<Vec<GeneralName>> {
        let added = self.added(applicant, None)?;
        let (own, others): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| added.contains(name));
        let mut renewed = self.decide(applicant, None, &others)?;
        renewed.extend(own.into_iter().filter(|name| !renewed.contains(name)).collect::<Vec<_>>());
        Ok(renewed)
    }

    fn allows(&self, name: &GeneralName) -> bool {
        match name {
            GeneralName::Dns(dns) => {
                let dns = dns.as_str().to_ascii_lowercase();
                (self.wildcards || !dns.starts_with("*.")) && self.dns.iter().any(|rule| dns_matches(rule, &dns))
            }
            GeneralName::Ip(address) => self.ip.iter().any(|net| net.contains(address)),
            GeneralName::Uri(uri) => self.uri.iter().any(|rule| uri_matches(rule, uri.as_str())),
            GeneralName::Email(email) => {
                let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
                self.email.iter().any(|rule| rule == "*" || *rule == domain)
            }
            GeneralName::Other { type_id, .. } => self.other.contains(type_id),
            _ => false,
        }
    }
}

/// `*` is any name, `*.example.com` any name below example.com, and anything else exactly itself.
fn dns_matches(rule: &str, name: &str) -> bool {
    match rule.strip_prefix("*.") {
        _ if rule == "*" => true,
        Some(parent) => name.strip_suffix(parent).is_some_and(|left| left.len() > 1 && left.ends_with('.')),
        None => rule == name,
    }
}

/// A URI begins with the rule. A rule that ends in a host's name means that host, and no longer name that begins so.
fn uri_matches(rule: &str, uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(rule) else { return false };
    !in_authority(rule) || rule.ends_with("//") || rest.is_empty() || rest.starts_with(['/', '?', '#'])
}

/// Whether what follows `before` belongs to the authority of a URI (RFC 3986, 3.2).
fn in_authority(before: &str) -> bool {
    before.split_once("//").is_some_and(|(_, rest)| !rest.contains(['/', '?', '#']))
}

/// A value in a DNS name, which must not make a wildcard of it: units choose their identifiers.
fn in_dns(_: &str, value: &str) -> Result<String> {
    if value.contains('*') {
        return Err(CsrError::SanRefused { reason: "an added DNS name would hold a wildcard".to_owned() }.into());
    }
    Ok(value.to_owned())
}

/// An upper-case hexadecimal digit.
fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

/// A value in a URI, percent-encoded (RFC 3986, 2.1), so that it cannot leave the part that it stands in.
fn in_uri(before: &str, value: &str) -> Result<String> {
    if matches!(value, "." | "..") {
        return Err(CsrError::SanRefused { reason: "an added URI would hold a dot segment".to_owned() }.into());
    }
    let colon = !in_authority(before);
    let mut encoded = String::with_capacity(value.len());
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) || (octet == b':' && colon) {
            encoded.push(char::from(octet));
        } else {
            encoded.extend(['%', hex(octet >> 4), hex(octet & 15)]);
        }
    }
    Ok(encoded)
}

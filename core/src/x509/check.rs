//! Why will a browser not trust the certificate of a device's own web page? Everything that is wrong, not just the first.

use std::fmt;
use std::net::IpAddr;

use super::certificate_extensions::general_names;
use super::{Certificate, KeyUsage, Purpose, verify_chain};
use crate::der::tag;
use crate::env::Timestamp;
use crate::key::PublicKey;

/// What is installed on a device, where, and when.
#[derive(Clone, Copy, Debug)]
pub struct InstallationCheck<'a> {
    /// The certificate of the device's web page.
    pub certificate: &'a Certificate,
    /// The public half of the key that the device uses with it, if it can be had.
    pub key: Option<&'a PublicKey>,
    /// What the device sends after the certificate, in that order.
    pub chain: &'a [Certificate],
    /// The roots that the browsers trust; with none, nothing is trusted.
    pub roots: &'a [Certificate],
    /// The IP addresses and DNS names that people type to reach the device, without scheme and port.
    pub addresses: &'a [&'a str],
    /// The time on the device's clock.
    pub now: Timestamp,
    /// Whether that clock was set since the device started; `None` guesses it from `now`.
    pub clock_set: Option<bool>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Some browsers refuse or complain.
    Warning,
    /// Browsers do not trust it.
    Error,
}

/// One thing that is wrong, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable code, such as `san_missing`; the list is [`FINDINGS`].
    pub code: &'static str,
    /// A sentence that says what is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

/// Every code that a finding can have.
pub const FINDINGS: &[&str] = &[
    "key_mismatch",
    "key_unsupported",
    "algorithm_weak",
    "version",
    "clock_not_set",
    "expired",
    "not_yet_valid",
    "validity_long",
    "san_missing",
    "san_cn_only",
    "san_malformed",
    "san_address_missing",
    "san_ip_as_dns",
    "leaf_is_ca",
    "purpose",
    "key_usage",
    "self_signed",
    "issuer_missing",
    "issuer_signature",
    "issuer_not_ca",
    "chain_order",
    "chain_expired",
    "root_not_trusted",
    "chain_refused",
];

/// What browsers accept of public CAs (CA/Browser Forum, ballot SC31); Apple's go to 825 days for private ones.
const LONGEST_DAYS: i64 = 398;
/// No device that this library runs on was made before: an earlier clock was never set.
const EARLIEST: Timestamp = Timestamp::from_unix(1_577_836_800); // 2020-01-01
/// A clock this far before the certificate was made was not set, rather than a little late.
const LATE_DAYS: i64 = 365;

/// All that keeps browsers from trusting the installation, the leaf's own faults first; empty when nothing does.
pub fn check_installation(check: &InstallationCheck<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.key(check);
    findings.time(check);
    findings.addresses(check);
    findings.use_as_server(check.certificate);
    findings.chain(check);
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Error, code, text: text.into() });
    }

    fn warning(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Warning, code, text: text.into() });
    }

    fn key(&mut self, check: &InstallationCheck<'_>) {
        let certificate = check.certificate;
        if check.key.is_some_and(|key| key.spki() != certificate.spki()) {
            self.error(
                "key_mismatch",
                "the private key does not belong to the certificate: the certificate was made from another request, \
                 and each request has a new key; install the certificate that answers the latest one",
            );
        }
        if let Err(error) = certificate.public_key() {
            self.error("key_unsupported", format!("the certificate's key is not accepted: {error}"));
        }
        if certificate.signature_algorithm().is_none() {
            self.error(
                "algorithm_weak",
                "the certificate is signed with an algorithm that is weak or unknown, such as SHA-1; \
                 have it signed with SHA-256 or stronger",
            );
        }
        if certificate.version() != 3 {
            self.error("version", "the certificate is not of X.509 version 3; have it made anew with extensions");
        }
    }

    fn time(&mut self, check: &InstallationCheck<'_>) {
        let (from, to, now) = (check.certificate.not_before(), check.certificate.not_after(), check.now);
        let never_set = now < EARLIEST || now.plus_days(LATE_DAYS) < from;
        if !check.clock_set.unwrap_or(!never_set) {
            self.error(
                "clock_not_set",
                format!("the device's clock shows {now} and was not set; set it, then look at the validity again"),
            );
        } else if now < from {
            self.error("not_yet_valid", format!("the certificate is valid from {from}, the clock shows {now}"));
        } else if now > to {
            self.error("expired", format!("the certificate was valid until {to}, the clock shows {now}; renew it"));
        }
        // Both ends count (RFC 5280, 4.1.2.5).
        let days = to.since(from).saturating_add(86_400).div_euclid(86_400);
        if days > LONGEST_DAYS {
            self.warning(
                "validity_long",
                format!(
                    "the certificate is valid for {days} days; browsers refuse more than {LONGEST_DAYS} of public CAs, \
                     Apple's more than 825 of any; have it made for less"
                ),
            );
        }
    }

    fn addresses(&mut self, check: &InstallationCheck<'_>) {
        let certificate = check.certificate;
        let Some(san) = &certificate.extensions().subject_alt_name else {
            let common_name = certificate.subject().common_name();
            if check.addresses.iter().any(|address| common_name.as_deref().is_some_and(|cn| cn == *address)) {
                self.error(
                    "san_cn_only",
                    "the address is only in the common name, where browsers no longer look; \
                     have it put into the subjectAltName",
                );
            } else {
                self.error(
                    "san_missing",
                    "the certificate has no subjectAltName; have the device's IP address or DNS name put into one",
                );
            }
            return;
        };
        let Ok(names) = general_names(san) else {
            self.error("san_malformed", "the subjectAltName cannot be decoded; have the certificate made anew");
            return;
        };
        for &address in check.addresses {
            if names.iter().any(|&(tag, value)| matches_address(address, tag, value)) {
                continue;
            }
            let as_dns = |&(tag, value): &(u8, &[u8])| tag == DNS && value == address.as_bytes();
            if address.parse::<IpAddr>().is_ok() && names.iter().any(as_dns) {
                self.error(
                    "san_ip_as_dns",
                    format!(
                        "the IP address {address} is in the subjectAltName as a DNS name, which browsers do not \
                         compare it with; have it put there as an IP address"
                    ),
                );
            } else {
                self.error(
                    "san_address_missing",
                    format!(
                        "the subjectAltName does not hold {address}; have a certificate made for the address that the \
                         device is reached by"
                    ),
                );
            }
        }
    }

    fn use_as_server(&mut self, certificate: &Certificate) {
        let extensions = certificate.extensions();
        if certificate.is_ca() {
            self.error(
                "leaf_is_ca",
                "the certificate is a CA certificate (CA:TRUE); install one that the CA issued for the device instead",
            );
        }
        if !Purpose::ServerAuth.allowed_by(&extensions.extended_key_usage) {
            self.error(
                "purpose",
                "the extended key usage lacks serverAuth; have the certificate made for a web server",
            );
        }
        let wanted =
            |usage: KeyUsage| usage.contains(KeyUsage::DIGITAL_SIGNATURE) || usage.contains(KeyUsage::KEY_ENCIPHERMENT);
        if !certificate.is_ca() && extensions.key_usage.is_some_and(|usage| !wanted(usage)) {
            self.error("key_usage", "the key usage lacks digitalSignature, which TLS needs; have it made anew");
        }
    }

    fn chain(&mut self, check: &InstallationCheck<'_>) {
        let before = self.0.len();
        self.walk(check);
        if self.0.len() > before || !check.certificate.is_valid_at(check.now) || check.certificate.is_ca() {
            return;
        }
        // The walk found every link; what is left are constraints along the way.
        let (leaf, roots) = (check.certificate, check.roots);
        if !Purpose::ServerAuth.allowed_by(&leaf.extensions().extended_key_usage) || roots.contains(leaf) {
            return;
        }
        if let Err(error) = verify_chain(leaf, check.chain, roots, &[], &Purpose::ServerAuth, check.now) {
            self.error("chain_refused", format!("the chain is refused: {error}"));
        }
    }

    /// Follows the issuers from the leaf to a trusted root.
    fn walk(&mut self, check: &InstallationCheck<'_>) {
        let mut current = check.certificate;
        let mut next = 0;
        // One step for each certificate is enough for any chain without a circle.
        for _ in 0..=check.chain.len() {
            if check.roots.contains(current) {
                return;
            }
            if current.is_self_signed() {
                self.self_signed(current, check);
                return;
            }
            let named = |c: &&Certificate| c.subject() == current.issuer();
            let signed = |c: &Certificate| c.public_key().is_ok_and(|key| current.verify_signed_by(&key).is_ok());
            if let Some(root) = check.roots.iter().filter(named).find(|c| signed(c)) {
                self.issuer(root, check.now);
                return;
            }
            let Some(place) = check.chain.iter().position(|c| named(&c) && signed(c)) else {
                self.no_issuer(current, check);
                return;
            };
            let Some(issuer) = check.chain.get(place) else { return };
            if place != next && !self.0.iter().any(|finding| finding.code == "chain_order") {
                self.warning(
                    "chain_order",
                    "the chain is not in order: send each certificate followed by the one that issued it \
                     (RFC 8446, 4.4.2)",
                );
            }
            self.issuer(issuer, check.now);
            (current, next) = (issuer, place + 1);
        }
    }

    fn issuer(&mut self, issuer: &Certificate, now: Timestamp) {
        if !issuer.is_ca() {
            self.error(
                "issuer_not_ca",
                "a certificate that issued another one here is not a CA certificate (CA:TRUE is missing); \
                 make the CA anew as X.509 version 3",
            );
        }
        if now > issuer.not_after() {
            self.error("chain_expired", "a CA certificate of the chain has expired; rebuild the CA");
        }
    }

    fn self_signed(&mut self, current: &Certificate, check: &InstallationCheck<'_>) {
        if current == check.certificate {
            self.error(
                "self_signed",
                "the certificate is signed by itself; make a CA, have it issue the certificate, and install the CA \
                 certificate in the browsers",
            );
        } else {
            self.error(
                "root_not_trusted",
                "the chain ends at a root that the browsers do not trust; install this CA certificate in them",
            );
        }
    }

    fn no_issuer(&mut self, current: &Certificate, check: &InstallationCheck<'_>) {
        if check.roots.iter().chain(check.chain).any(|c| c.subject() == current.issuer()) {
            self.error(
                "issuer_signature",
                "a CA certificate has the issuer's name but not its key, as after a CA was rebuilt; install the CA \
                 certificate of the key that signed",
            );
        } else {
            self.error(
                "issuer_missing",
                "the certificate of an issuer is missing; let the device send it, or install it in the browsers if it \
                 is the root",
            );
        }
    }
}

const DNS: u8 = tag::context(2);
const IP: u8 = tag::context(7);

/// Whether a browser that was given `address` accepts this name (RFC 9525, 6).
fn matches_address(address: &str, tag: u8, value: &[u8]) -> bool {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => tag == IP && value == ip.octets(),
        Ok(IpAddr::V6(ip)) => tag == IP && value == ip.octets(),
        Err(_) => tag == DNS && std::str::from_utf8(value).is_ok_and(|name| matches_dns(address, name)),
    }
}

fn matches_dns(address: &str, name: &str) -> bool {
    let address = address.strip_suffix('.').unwrap_or(address);
    // A wildcard stands for exactly one label, the leftmost, and never right below a top-level name.
    match name.strip_prefix("*.") {
        Some(parent) => address.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && parent.contains('.') && rest.eq_ignore_ascii_case(parent)
        }),
        None => address.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::fixture::{NAMES, Party, Wish, at, ca_extensions, issue, leaf_extensions, name, root};
    use super::super::{BasicConstraints, Extensions, Oid, Template};
    use super::*;
    use crate::key::Signer;

    struct Site {
        root: Party,
        intermediate: Party,
        leaf: Party,
    }

    fn site(wish: Wish<'_>) -> Site {
        let root = root("CN=Root");
        let ca = Wish {
            subject: "CN=Intermediate",
            from: "2020-01-01T00:00:00Z",
            to: "2040-01-01T00:00:00Z",
            extensions: ca_extensions(Some(0)),
            ..Wish::default()
        };
        let intermediate = issue(&root, ca);
        let leaf = issue(&intermediate, Wish { names: wish.names.or(Some(NAMES)), ..wish });
        Site { root, intermediate, leaf }
    }

    /// The codes found on `site`, after `change` had its way with the check.
    fn codes<'a>(site: &'a Site, change: impl FnOnce(&mut InstallationCheck<'a>)) -> Vec<&'static str> {
        let mut check = InstallationCheck {
            certificate: &site.leaf.certificate,
            key: Some(site.leaf.key.public_key()),
            chain: std::slice::from_ref(&site.intermediate.certificate),
            roots: std::slice::from_ref(&site.root.certificate),
            addresses: &["192.0.2.7", "Device.Example"],
            now: at("2026-06-01T00:00:00Z"),
            clock_set: None,
        };
        change(&mut check);
        let findings = check_installation(&check);
        for finding in &findings {
            assert!(FINDINGS.contains(&finding.code), "{finding}");
        }
        findings.into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_proper_installation_has_no_finding() {
        assert!(codes(&site(Wish::default()), |_| {}).is_empty());
    }

    #[test]
    fn a_key_of_another_request_is_named() {
        let site = site(Wish::default());
        let other = site.root.key.public_key().clone();
        assert_eq!(codes(&site, |check| check.key = Some(&other)), ["key_mismatch"]);
    }

    #[test]
    fn a_changed_address_is_named_and_an_ip_as_dns_name_too() {
        let site = site(Wish::default());
        assert_eq!(codes(&site, |check| check.addresses = &["192.0.2.8"]), ["san_address_missing"]);
        let wrong = self::site(Wish { names: Some(b"\x30\x0b\x82\x09192.0.2.7"), ..Wish::default() });
        assert_eq!(codes(&wrong, |check| check.addresses = &["192.0.2.7"]), ["san_ip_as_dns"]);
    }

    #[test]
    fn an_address_in_the_common_name_alone_is_not_enough() {
        let mut site = site(Wish::default());
        site.leaf = issue(&site.intermediate, Wish { subject: "CN=192.0.2.7", ..Wish::default() });
        assert_eq!(codes(&site, |_| {}), ["san_cn_only"]);
        assert_eq!(codes(&site, |check| check.addresses = &["device.example"]), ["san_missing"]);
    }

    #[test]
    fn the_clock_and_the_validity_are_told_apart() {
        let site = site(Wish::default());
        assert_eq!(codes(&site, |check| check.now = at("1970-01-01T00:05:00Z")), ["clock_not_set"]);
        assert_eq!(codes(&site, |check| check.now = at("2025-12-31T23:00:00Z")), ["not_yet_valid"]);
        assert_eq!(codes(&site, |check| check.now = at("2024-06-01T00:00:00Z")), ["clock_not_set"]);
        assert_eq!(codes(&site, |check| check.now = at("2027-01-01T00:00:01Z")), ["expired"]);
        assert_eq!(codes(&site, |check| check.clock_set = Some(false)), ["clock_not_set"]);
    }

    #[test]
    fn a_validity_above_398_days_is_a_warning() {
        let just = site(Wish { to: "2027-02-02T23:59:59Z", ..Wish::default() });
        assert!(codes(&just, |_| {}).is_empty());
        let long = site(Wish { to: "2027-02-03T00:00:00Z", ..Wish::default() });
        assert_eq!(codes(&long, |_| {}), ["validity_long"]);
    }

    #[test]
    fn a_ca_certificate_and_one_for_clients_are_no_server_certificates() {
        let ca = BasicConstraints { ca: true, path_len: None };
        let leaf = site(Wish {
            extensions: Extensions { basic_constraints: Some(ca), ..leaf_extensions() },
            ..Wish::default()
        });
        assert_eq!(codes(&leaf, |_| {}), ["leaf_is_ca"]);
        let client = Extensions { extended_key_usage: vec![Oid::CLIENT_AUTH], ..leaf_extensions() };
        assert_eq!(codes(&site(Wish { extensions: client, ..Wish::default() }), |_| {}), ["purpose"]);
        let usage = Extensions { key_usage: KeyUsage::CRL_SIGN, ..leaf_extensions() };
        assert_eq!(codes(&site(Wish { extensions: usage, ..Wish::default() }), |_| {}), ["key_usage"]);
    }

    #[test]
    fn what_the_chain_lacks_is_named() {
        let site = site(Wish::default());
        let (root, intermediate) = (site.root.certificate.clone(), site.intermediate.certificate.clone());
        assert_eq!(codes(&site, |check| check.chain = &[]), ["issuer_missing"]);
        assert_eq!(codes(&site, |check| check.roots = &[]), ["issuer_missing"]);
        let sent = [intermediate.clone(), root.clone()];
        assert_eq!(codes(&site, |check| (check.roots, check.chain) = (&[], &sent)), ["root_not_trusted"]);
        let turned = [root, intermediate];
        assert_eq!(codes(&site, |check| check.chain = &turned), ["chain_order"]);
    }

    #[test]
    fn a_rebuilt_ca_of_the_same_name_is_told_from_a_missing_one() {
        let site = site(Wish::default());
        let rebuilt = [root("CN=Root").certificate];
        assert_eq!(codes(&site, |check| check.roots = &rebuilt), ["issuer_signature"]);
    }

    #[test]
    fn a_constraint_on_the_way_is_named() {
        let mut site = site(Wish::default());
        // The intermediate's path length is 0.
        let lower =
            issue(&site.intermediate, Wish { subject: "CN=Lower", extensions: ca_extensions(None), ..Wish::default() });
        site.leaf = issue(&lower, Wish { names: Some(NAMES), ..Wish::default() });
        let chain = [lower.certificate, site.intermediate.certificate.clone()];
        assert_eq!(codes(&site, |check| check.chain = &chain), ["chain_refused"]);
    }

    #[test]
    fn a_self_signed_leaf_is_named() {
        let mut site = site(Wish::default());
        let (key, subject) = (&site.leaf.key, name("CN=device"));
        let template = Template {
            serial: &[7],
            issuer: &subject,
            subject: &subject,
            not_before: at("2026-01-01T00:00:00Z"),
            not_after: at("2027-01-01T00:00:00Z"),
            public_key: key.public_key(),
            subject_alt_name: Some(NAMES),
            subject_key_id: None,
            extensions: &leaf_extensions().prepare().unwrap(),
        };
        site.leaf.certificate = Certificate::from_der(&template.sign(key).unwrap()).unwrap();
        assert_eq!(codes(&site, |_| {}), ["self_signed"]);
    }

    #[test]
    fn wildcards_stand_for_one_label() {
        for (address, name, fits) in [
            ("a.example.org", "*.example.org", true),
            ("A.Example.Org.", "*.example.org", true),
            ("example.org", "*.example.org", false),
            ("a.b.example.org", "*.example.org", false),
            (".example.org", "*.example.org", false),
            ("a.org", "*.org", false),
            ("a.example.org", "*", false),
        ] {
            assert_eq!(matches_dns(address, name), fits, "{address} {name}");
        }
    }
}

//! What certificates of a profile hold.

use pyo3::prelude::*;

use crate::error::run;
use crate::macros::options;
use crate::sums::SubjectPolicy;
use crate::words::{KeyAlgorithm, SuspendMode};

options! {
    /// Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR; nothing is dropped silently.
    SanPolicy(tegata::model::SanPolicy): () = tegata::model::SanPolicy::default(); {
        /// DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
        def dns: Option<Vec<String>> = None => Vec<String>;
        /// Whether wildcard names such as `*.example.com` may be certified.
        flag dns_wildcards: bool = false => bool;
        /// IP networks in CIDR notation, such as `192.168.0.0/16` or `./0`.
        def ip: Option<Vec<String>> = None => Vec<String>;
        /// Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
        def uri: Option<Vec<String>> = None => Vec<String>;
        /// Domains of e-mail addresses, or `*` for any.
        def email: Option<Vec<String>> = None => Vec<String>;
        /// Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
        def other: Option<Vec<String>> = None => Vec<String>;
        /// Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`,
        /// `dns:{id}.devices.example.com`.
        def add: Option<Vec<String>> = None => Vec<String>;
        /// Whether a CSR without any alternative name is refused.
        flag required: bool = false => bool;
        /// How many names a certificate holds at most; 0 means 32.
        def max: Option<usize> = None => usize;
    }
}

options! {
    /// The content of a profile, as it is written in a file. Every field but the keys has a default.
    ProfileSpec(tegata::model::ProfileSpec): () = tegata::model::ProfileSpec::default(); {
        /// The subject.
        def subject: Option<SubjectPolicy> = None => SubjectPolicy;
        /// The alternative names.
        def san: Option<SanPolicy> = None => SanPolicy;
        /// Which kinds of key may be certified.
        def keys: Option<Vec<KeyAlgorithm>> = None => Vec<KeyAlgorithm>;
        /// Which kinds of key the server may make itself; none by default.
        def server_keys: Option<Vec<KeyAlgorithm>> = None => Vec<KeyAlgorithm>;
        /// How long a certificate is valid, in days of 86,400 seconds. Counted from now, whatever the backdating.
        def validity_days: Option<u32> = None => u32;
        /// How far notBefore lies in the past, in seconds, for devices whose clock runs behind.
        def backdate_seconds: Option<u32> = None => u32;
        /// A fixed notBefore instead, such as `1970-01-01T00:00:00Z` for devices without a clock.
        opt not_before: Option<String> = None => Option<String>;
        /// Key usage bits by their RFC 5280 names; critical.
        def key_usage: Option<Vec<String>> = None => Vec<String>;
        /// Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID.
        def extended_key_usage: Option<Vec<String>> = None => Vec<String>;
        /// After which part of its validity a certificate is due for renewal, in percent.
        def renew_after_percent: Option<u8> = None => u8;
        /// By how much of the validity renewals are spread so that a fleet does not come back at once, in percent.
        def renew_spread_percent: Option<u8> = None => u8;
        /// How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier.
        def grace_days: Option<u32> = None => u32;
        /// Whether every renewal needs a new key.
        flag new_key_at_renewal: bool = false => bool;
        /// Whether certificates wait for an approval.
        flag approval: bool = false => bool;
        /// What suspending means.
        def suspend: Option<SuspendMode> = None => SuspendMode;
        /// How long a server-made key can be collected, in days.
        def collect_within_days: Option<u32> = None => u32;
        /// Where CRLs are published (RFC 5280, 4.2.1.13).
        def crl_urls: Option<Vec<String>> = None => Vec<String>;
        /// Where OCSP responders are (RFC 5280, 4.2.2.1).
        def ocsp_urls: Option<Vec<String>> = None => Vec<String>;
        /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
        def issuer_urls: Option<Vec<String>> = None => Vec<String>;
        /// Certificate policies, as dotted OIDs.
        def policies: Option<Vec<String>> = None => Vec<String>;
    }

    /// For devices: client authentication, a name made by the registry.
    #[staticmethod]
    fn device() -> Self {
        Self(tegata::model::ProfileSpec::device())
    }

    /// For the credential that all units of a product share.
    #[staticmethod]
    fn product_credential() -> Self {
        Self(tegata::model::ProfileSpec::product_credential())
    }

    /// For TLS servers: names from the request.
    #[staticmethod]
    fn tls_server() -> Self {
        Self(tegata::model::ProfileSpec::tls_server())
    }

    /// Reads a profile from TOML.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: &str) -> PyResult<Self> {
        run(py, || tegata::model::ProfileSpec::from_toml(text))
    }

    /// Reads a profile from JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        run(py, || tegata::model::ProfileSpec::from_json(text))
    }

    /// The profile as JSON.
    fn to_json(&self) -> String {
        self.0.to_json()
    }
}

//! A certificate profile: what a certificate issued under it may and will hold.

use serde::{Deserialize, Serialize};

use crate::env::Timestamp;
use crate::error::ProfileError;
use crate::id::ProfileId;
use crate::key::KeyAlgorithm;
use crate::x509::KeyUsage;

/// How the subject of a certificate comes about. The CSR's own subject counts only under [`FromCsr`](Self::FromCsr).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SubjectPolicy {
    /// An opaque common name that identifies nobody (for a device: its ID), below the fixed RDNs given in RFC 4514
    /// form, such as `O=Example,C=JP`.
    Opaque {
        /// RDNs that follow the common name in RFC 4514's order; may be empty.
        #[serde(default)]
        fixed: String,
    },
    /// An RFC 4514 name with placeholders: `CN={name},OU=Cameras,O=Example`. `{name}` is the name of the device or
    /// product, `{id}` its ID, `{unit}` the unit's identifier, `{csr.CN}` an attribute of the CSR's subject.
    Template {
        /// The name with its placeholders.
        name: String,
    },
    /// The CSR's subject, byte for byte.
    FromCsr {
        /// The attributes it may have, by short name (`CN`, `O`, `OU`, `L`, `ST`, `C`, `SERIALNUMBER`, `DC` ...).
        allow: Vec<String>,
        /// The attributes it must have.
        #[serde(default)]
        require: Vec<String>,
    },
}

/// Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR; nothing is dropped silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SanPolicy {
    /// DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
    pub dns: Vec<String>,
    /// Whether wildcard names such as `*.example.com` may be certified.
    pub dns_wildcards: bool,
    /// IP networks in CIDR notation, such as `192.168.0.0/16` or `::/0`.
    pub ip: Vec<String>,
    /// Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
    pub uri: Vec<String>,
    /// Domains of e-mail addresses, or `*` for any.
    pub email: Vec<String>,
    /// Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
    pub other: Vec<String>,
    /// Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`,
    /// `dns:{id}.devices.example.com`.
    pub add: Vec<String>,
    /// Whether a CSR without any alternative name is refused.
    pub required: bool,
    /// How many names a certificate holds at most; 0 means 32.
    pub max: usize,
}

/// What suspending means to the world outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SuspendMode {
    /// The registry refuses the certificate, and says so when it is asked by OCSP; CRLs say nothing.
    #[default]
    Registry,
    /// CRLs list it as well, with the reason certificateHold.
    CrlHold,
}

/// The content of a profile, as it is written in a file. Every field but the keys has a default.
///
/// ```
/// use tegata::model::ProfileSpec;
/// let spec: ProfileSpec = ProfileSpec::from_toml(r#"
///     keys = ["ecdsa-p256"]
///     validity_days = 398
///     subject.template.name = "CN={name},O=Example"
///     extended_key_usage = ["clientAuth"]
/// "#)?;
/// assert_eq!(spec.validity_days, 398);
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileSpec {
    /// The subject.
    pub subject: SubjectPolicy,
    /// The alternative names.
    pub san: SanPolicy,
    /// Which kinds of key may be certified.
    pub keys: Vec<KeyAlgorithm>,
    /// Which kinds of key the server may make itself; none by default.
    pub server_keys: Vec<KeyAlgorithm>,
    /// How long a certificate is valid, in days of 86,400 seconds. Counted from now, whatever the backdating.
    pub validity_days: u32,
    /// How far notBefore lies in the past, in seconds, for devices whose clock runs behind.
    pub backdate_seconds: u32,
    /// A fixed notBefore instead, such as `1970-01-01T00:00:00Z` for devices without a clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Key usage bits by their RFC 5280 names; critical.
    pub key_usage: KeyUsage,
    /// Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID.
    pub extended_key_usage: Vec<String>,
    /// After which part of its validity a certificate is due for renewal, in percent.
    pub renew_after_percent: u8,
    /// By how much of the validity renewals are spread so that a fleet does not come back at once, in percent.
    pub renew_spread_percent: u8,
    /// How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier.
    pub grace_days: u32,
    /// Whether every renewal needs a new key.
    pub new_key_at_renewal: bool,
    /// Whether certificates wait for an approval.
    pub approval: bool,
    /// What suspending means.
    pub suspend: SuspendMode,
    /// How long a server-made key can be collected, in days.
    pub collect_within_days: u32,
    /// Where CRLs are published (RFC 5280, 4.2.1.13).
    pub crl_urls: Vec<String>,
    /// Where OCSP responders are (RFC 5280, 4.2.2.1).
    pub ocsp_urls: Vec<String>,
    /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
    pub issuer_urls: Vec<String>,
    /// Certificate policies, as dotted OIDs.
    pub policies: Vec<String>,
}

impl Default for ProfileSpec {
    fn default() -> Self {
        Self {
            subject: SubjectPolicy::Opaque { fixed: String::new() },
            san: SanPolicy::default(),
            keys: vec![KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519],
            server_keys: Vec::new(),
            validity_days: 365,
            backdate_seconds: 300,
            not_before: None,
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            extended_key_usage: vec!["clientAuth".to_owned()],
            renew_after_percent: 66,
            renew_spread_percent: 10,
            grace_days: 30,
            new_key_at_renewal: false,
            approval: false,
            suspend: SuspendMode::Registry,
            collect_within_days: 30,
            crl_urls: Vec::new(),
            ocsp_urls: Vec::new(),
            issuer_urls: Vec::new(),
            policies: Vec::new(),
        }
    }
}

impl ProfileSpec {
    /// For device certificates: an opaque subject, client authentication, one year.
    pub fn device() -> Self {
        Self::default()
    }

    /// For product credentials: the product's name, client authentication, ten years, a key made by the server.
    pub fn product_credential() -> Self {
        Self {
            subject: SubjectPolicy::Opaque { fixed: String::new() },
            server_keys: vec![KeyAlgorithm::EcdsaP256],
            validity_days: 3_650,
            ..Self::default()
        }
    }

    /// For TLS servers, such as a device's own web page: names from the CSR, server authentication, 397 days.
    pub fn tls_server() -> Self {
        Self {
            subject: SubjectPolicy::FromCsr {
                allow: ["CN", "O", "OU", "L", "ST", "C"].map(str::to_owned).to_vec(),
                require: Vec::new(),
            },
            san: SanPolicy {
                dns: vec!["*".to_owned()],
                ip: vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()],
                required: true,
                ..SanPolicy::default()
            },
            validity_days: 397,
            extended_key_usage: vec!["serverAuth".to_owned()],
            ..Self::default()
        }
    }

    /// Reads a profile from TOML.
    ///
    /// # Errors
    /// `profile.syntax`, naming line and field.
    pub fn from_toml(text: &str) -> Result<Self, crate::Error> {
        toml::from_str(text).map_err(|e| ProfileError::Syntax { reason: e.to_string().trim().to_owned() }.into())
    }

    /// Reads a profile from JSON.
    ///
    /// # Errors
    /// `profile.syntax`, naming line and field.
    pub fn from_json(text: &str) -> Result<Self, crate::Error> {
        // A list would be read as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(ProfileError::Syntax { reason: "it is not a JSON object".to_owned() }.into());
        }
        serde_json::from_str(text).map_err(|e| ProfileError::Syntax { reason: e.to_string() }.into())
    }

    /// Writes the profile as JSON, as it is stored.
    pub fn to_json(&self) -> String {
        // Plain data with string keys always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// One version of a profile. Versions are never changed, since certificates refer to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Names this version.
    pub id: ProfileId,
    /// The name that operators use; all versions share it.
    pub name: String,
    /// 1 for the first, one more with every change.
    pub revision: u32,
    /// What it says.
    pub spec: ProfileSpec,
    /// When this version was made.
    pub created: Timestamp,
}

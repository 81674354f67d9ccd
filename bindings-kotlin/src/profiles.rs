//! Profiles: what a certificate may and will hold.

use tegata::model::{SubjectPolicy, SuspendMode};
use tegata::x509::KeyUsage;
use tegata::{AuthorityId, Call, KeyAlgorithm, Name, Page, ProfileId, Timestamp};

use crate::error::{Result, TegataError};
use crate::lists::ProfileListing;
use crate::values::twin;

/// How the subject of a certificate comes about. The CSR's own subject counts only under `FromCsr`.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SubjectPolicy {
    /// An opaque common name that identifies nobody, below the fixed RDNs given in RFC 4514 form, such as `O=Example,C=JP`.
    Opaque {
        /// RDNs that follow the common name in RFC 4514's order; may be empty.
        #[uniffi(default = "")]
        fixed: String,
    },
    /// An RFC 4514 name with placeholders: `CN={name},OU=Cameras,O=Example`.
    Template {
        /// The name with its placeholders.
        name: String,
    },
    /// The CSR's subject, byte for byte.
    FromCsr {
        /// The attributes it may have, by short name (`CN`, `O`, `OU` ...).
        allow: Vec<String>,
        /// The attributes it must have.
        #[uniffi(default)]
        require: Vec<String>,
    },
}

/// What suspending means to the world outside.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SuspendMode {
    /// The registry refuses the certificate; CRLs say nothing.
    Registry,
    /// CRLs list it as well, with the reason certificateHold.
    CrlHold,
}

/// Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SanPolicy {
    /// DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
    #[uniffi(default)]
    pub dns: Vec<String>,
    /// Whether wildcard names such as `*.example.com` may be certified.
    #[uniffi(default = false)]
    pub dns_wildcards: bool,
    /// IP networks in CIDR notation, such as `192.168.0.0/16` or `::/0`.
    #[uniffi(default)]
    pub ip: Vec<String>,
    /// Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
    #[uniffi(default)]
    pub uri: Vec<String>,
    /// Domains of e-mail addresses, or `*` for any.
    #[uniffi(default)]
    pub email: Vec<String>,
    /// Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
    #[uniffi(default)]
    pub other: Vec<String>,
    /// Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`.
    #[uniffi(default)]
    pub add: Vec<String>,
    /// Whether a CSR without any alternative name is refused.
    #[uniffi(default = false)]
    pub required: bool,
    /// How many names a certificate holds at most; 0 means 32.
    #[uniffi(default = 0)]
    pub max: u32,
}

impl From<tegata::model::SanPolicy> for SanPolicy {
    fn from(san: tegata::model::SanPolicy) -> Self {
        Self {
            dns: san.dns,
            dns_wildcards: san.dns_wildcards,
            ip: san.ip,
            uri: san.uri,
            email: san.email,
            other: san.other,
            add: san.add,
            required: san.required,
            max: u32::try_from(san.max).unwrap_or(u32::MAX),
        }
    }
}

impl From<SanPolicy> for tegata::model::SanPolicy {
    fn from(san: SanPolicy) -> Self {
        Self {
            dns: san.dns,
            dns_wildcards: san.dns_wildcards,
            ip: san.ip,
            uri: san.uri,
            email: san.email,
            other: san.other,
            add: san.add,
            required: san.required,
            max: usize::try_from(san.max).unwrap_or(usize::MAX),
        }
    }
}

/// Declares a record that has the same fields as the core's, and how one becomes the other.
macro_rules! both_ways {
    ($(#[$meta:meta])* $name:ident and $core:ty { $( $(#[$fmeta:meta])* $field:ident : $ty:ty, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, uniffi::Record)]
        pub struct $name { $( $(#[$fmeta])* pub $field: $ty, )* }

        impl From<$core> for $name {
            fn from(core: $core) -> Self {
                Self { $( $field: core.$field.into(), )* }
            }
        }

        impl From<$name> for $core {
            fn from(own: $name) -> Self {
                Self { $( $field: own.$field.into(), )* }
            }
        }
    };
}

both_ways! {
    /// The content of a profile. Everything has a default.
    ProfileSpec and tegata::model::ProfileSpec {
        /// The subject.
        subject: SubjectPolicy,
        /// The alternative names.
        #[uniffi(default)]
        san: SanPolicy,
        /// Which kinds of key may be certified.
        keys: Vec<KeyAlgorithm>,
        /// Which kinds of key the server may make itself; none by default.
        #[uniffi(default)]
        server_keys: Vec<KeyAlgorithm>,
        /// How long a certificate is valid, in days of 86,400 seconds.
        #[uniffi(default = 365)]
        validity_days: u32,
        /// How far notBefore lies in the past, in seconds, for devices whose clock runs behind.
        #[uniffi(default = 300)]
        backdate_seconds: u32,
        /// A fixed notBefore instead, such as `1970-01-01T00:00:00Z` for devices without a clock.
        #[uniffi(default)]
        not_before: Option<String>,
        /// Key usage; critical.
        key_usage: KeyUsage,
        /// Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID.
        extended_key_usage: Vec<String>,
        /// After which part of its validity a certificate is due for renewal, in percent.
        #[uniffi(default = 66)]
        renew_after_percent: u8,
        /// By how much of the validity renewals are spread, in percent.
        #[uniffi(default = 10)]
        renew_spread_percent: u8,
        /// How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier.
        #[uniffi(default = 30)]
        grace_days: u32,
        /// Whether every renewal needs a new key.
        #[uniffi(default = false)]
        new_key_at_renewal: bool,
        /// Whether certificates wait for an approval.
        #[uniffi(default = false)]
        approval: bool,
        /// What suspending means.
        suspend: SuspendMode,
        /// How long a server-made key can be collected, in days.
        #[uniffi(default = 30)]
        collect_within_days: u32,
        /// Where CRLs are published (RFC 5280, 4.2.1.13).
        #[uniffi(default)]
        crl_urls: Vec<String>,
        /// Where OCSP responders are (RFC 5280, 4.2.2.1).
        #[uniffi(default)]
        ocsp_urls: Vec<String>,
        /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
        #[uniffi(default)]
        issuer_urls: Vec<String>,
        /// Certificate policies, as dotted OIDs.
        #[uniffi(default)]
        policies: Vec<String>,
    }
}

#[uniffi::export]
impl ProfileSpec {
    /// The profile as JSON, as it is stored.
    pub fn to_json(&self) -> String {
        tegata::model::ProfileSpec::from(self.clone()).to_json()
    }
}

/// The usual profiles.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum UsualProfile {
    /// For device certificates.
    Device,
    /// For product credentials.
    ProductCredential,
    /// For TLS servers, such as a device's own web page.
    TlsServer,
}

/// One of the usual profiles.
#[uniffi::export]
pub fn usual_profile(which: UsualProfile) -> ProfileSpec {
    match which {
        UsualProfile::Device => tegata::model::ProfileSpec::device(),
        UsualProfile::ProductCredential => tegata::model::ProfileSpec::product_credential(),
        UsualProfile::TlsServer => tegata::model::ProfileSpec::tls_server(),
    }
    .into()
}

/// Reads a profile from TOML.
#[uniffi::export]
pub fn profile_from_toml(text: String) -> Result<ProfileSpec> {
    tegata::model::ProfileSpec::from_toml(&text).map(Into::into).map_err(TegataError::from)
}

/// Reads a profile from JSON.
#[uniffi::export]
pub fn profile_from_json(text: String) -> Result<ProfileSpec> {
    tegata::model::ProfileSpec::from_json(&text).map(Into::into).map_err(TegataError::from)
}

twin! {
    /// One version of a profile. Versions are never changed, since certificates refer to them.
    Profile of tegata::model::Profile {
        /// Names this version.
        id: ProfileId,
        /// The name that operators use; all versions share it.
        name: String,
        /// 1 for the first, one more with every change.
        revision: u32,
        /// What it says.
        spec: ProfileSpec,
        /// When this version was made.
        created: Timestamp,
    }
}

twin! {
    /// What a CSR would become under a profile.
    Preview of tegata::Preview {
        /// The subject that the certificate would have.
        subject: Name,
        /// The first second of validity.
        not_before: Timestamp,
        /// The last second of validity.
        not_after: Timestamp,
        /// When it would be due for renewal.
        renew_at: Timestamp,
    }
}

/// Profiles: what a certificate may and will hold. Versions are never changed; `put` adds one.
#[derive(uniffi::Object)]
pub struct Profiles {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Profiles {
    /// Adds a version of the profile `name`, unless the newest already says the same.
    pub fn put(&self, name: String, spec: ProfileSpec, call: Call) -> Result<Profile> {
        Ok(self.core.profiles().put(&name, &spec.into(), &call)?.into())
    }

    /// Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's, without
    /// its ending.
    pub fn load(&self, file: String, call: Call) -> Result<Profile> {
        Ok(self.core.profiles().load(file, &call)?.into())
    }

    /// The version with this identifier.
    pub fn get(&self, id: ProfileId) -> Result<Profile> {
        Ok(self.core.profiles().get(id)?.into())
    }

    /// The newest version of the profile `name`.
    pub fn newest(&self, name: String) -> Result<Profile> {
        Ok(self.core.profiles().newest(&name)?.into())
    }

    /// All versions of the profile `name`, the newest first.
    pub fn versions(&self, name: String, page: Page) -> Result<ProfileListing> {
        Ok(self.core.profiles().versions(&name, &page)?.into())
    }

    /// All versions of all profiles, by name.
    pub fn find(&self, page: Page) -> Result<ProfileListing> {
        Ok(self.core.profiles().find(&page)?.into())
    }

    /// What `csr` would become if `authority` issued it under `profile` now; nothing is issued.
    pub fn preview(
        &self,
        profile: ProfileId,
        authority: AuthorityId,
        csr: Vec<u8>,
        name: Option<String>,
    ) -> Result<Preview> {
        Ok(self.core.profiles().preview(profile, authority, &csr, name.as_deref())?.into())
    }
}

//! What a profile says. The same struct is input and record: change a copy of one that the library made, or begin with zero.

use crate::registry::prelude::*;

/// How the subject of a certificate comes about.
#[repr(C)]
pub enum tegata_subject_policy_type {
    /// An opaque common name that identifies nobody (for a device: its ID), below the RDNs in `fixed`.
    Opaque = 1,
    /// An RFC 4514 name with placeholders, in `name`: `{name}`, `{id}`, `{unit}`, `{csr.CN}`.
    Template = 2,
    /// The CSR's subject, byte for byte, with the attributes that `allow` and `require` list.
    FromCsr = 3,
}

/// How the subject of a certificate comes about. The CSR's own subject counts only if it says so.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_subject_policy {
    /// `sizeof(tegata_subject_policy)`.
    pub size: usize,
    /// Which way.
    pub r#type: Number<tegata_subject_policy_type>,
    /// Opaque: RDNs in RFC 4514 form that follow the common name, such as `O=Example,C=JP`. NULL for none.
    pub fixed: *const c_char,
    /// Template: the name with its placeholders.
    pub name: *const c_char,
    /// From the CSR: the attributes it may have, by short name (`CN`, `O`, `OU`, `L`, `ST`, `C`, `SERIALNUMBER`, `DC`
    /// ...).
    pub allow: tegata_texts,
    /// From the CSR: the attributes it must have.
    pub require: tegata_texts,
}
growing!(tegata_subject_policy);

impl ToCore for tegata_subject_policy {
    type Core = SubjectPolicy;

    fn to_core(&self) -> Result<SubjectPolicy> {
        const OPAQUE: c_int = tegata_subject_policy_type::Opaque as c_int;
        const TEMPLATE: c_int = tegata_subject_policy_type::Template as c_int;
        const FROM_CSR: c_int = tegata_subject_policy_type::FromCsr as c_int;
        match self.r#type.get() {
            OPAQUE => Ok(SubjectPolicy::Opaque { fixed: maybe_string(self.fixed, "fixed")?.unwrap_or_default() }),
            TEMPLATE => Ok(SubjectPolicy::Template { name: text(self.name, "name")?.to_owned() }),
            FROM_CSR => Ok(SubjectPolicy::FromCsr {
                allow: self.allow.strings("allow")?,
                require: self.require.strings("require")?,
            }),
            _ => Err(invalid("subject", "has a type that is none")),
        }
    }
}

impl ToC for SubjectPolicy {
    type C = tegata_subject_policy;

    fn to_c(&self, arena: &mut Arena) -> tegata_subject_policy {
        let mut policy = tegata_subject_policy {
            size: size_of::<tegata_subject_policy>(),
            r#type: Number::of(0),
            fixed: std::ptr::null(),
            name: std::ptr::null(),
            allow: arena.texts::<&str>([]),
            require: arena.texts::<&str>([]),
        };
        let kind = match self {
            Self::Opaque { fixed } => {
                policy.fixed = arena.text(fixed);
                tegata_subject_policy_type::Opaque
            }
            Self::Template { name } => {
                policy.name = arena.text(name);
                tegata_subject_policy_type::Template
            }
            Self::FromCsr { allow, require } => {
                policy.allow = arena.texts(allow);
                policy.require = arena.texts(require);
                tegata_subject_policy_type::FromCsr
            }
            // A way that the core gains and the header does not know yet is 0.
            _ => return policy,
        };
        policy.r#type = Number::of(kind as c_int);
        policy
    }
}

/// A list of kinds of keys.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_key_algorithms {
    /// The kinds; may be NULL when there are none.
    pub items: *const Number<tegata_key_algorithm>,
    /// How many.
    pub len: usize,
}

impl tegata_key_algorithms {
    fn core(self, field: &str) -> Result<Vec<KeyAlgorithm>> {
        slice(self.items, self.len, field)?.iter().map(|item| item.core(field)).collect()
    }

    fn of(algorithms: &[KeyAlgorithm], arena: &mut Arena) -> *const Self {
        let items: Vec<_> = algorithms.iter().map(|algorithm| Number::from(*algorithm)).collect();
        let list = Self { items: arena.put_all(&items), len: items.len() };
        arena.put(list)
    }
}

/// The content of a profile. Every field but the size has a default, which NULL and 0 stand for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_profile_spec {
    /// `sizeof(tegata_profile_spec)`.
    pub size: usize,
    /// The subject; NULL for an opaque one.
    pub subject: *const tegata_subject_policy,
    /// The alternative names; NULL for none.
    pub san: *const tegata_san_policy,
    /// Which kinds of key may be certified; NULL for P-256, P-384 and Ed25519.
    pub keys: *const tegata_key_algorithms,
    /// Which kinds of key the server may make itself; NULL for none.
    pub server_keys: *const tegata_key_algorithms,
    /// How long a certificate is valid, in days of 86,400 seconds, counted from now; NULL for 365.
    pub validity_days: *const u32,
    /// How far notBefore lies in the past, in seconds, for devices whose clock runs behind; NULL for 300.
    pub backdate_seconds: *const u32,
    /// A fixed notBefore instead, as RFC 3339 text, for devices without a clock; NULL for none.
    pub not_before: *const c_char,
    /// Key usage bits, as of `TEGATA_KEY_USAGE_`; NULL for digitalSignature.
    pub key_usage: *const u16,
    /// Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID; NULL for
    /// clientAuth.
    pub extended_key_usage: *const tegata_texts,
    /// After which part of its validity a certificate is due for renewal, in percent; NULL for 66.
    pub renew_after_percent: *const u8,
    /// By how much of the validity renewals are spread so that a fleet does not come back at once, in percent; NULL for
    /// 10.
    pub renew_spread_percent: *const u8,
    /// How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier;
    /// NULL
    /// for 30.
    pub grace_days: *const u32,
    /// Whether every renewal needs a new key.
    pub new_key_at_renewal: bool,
    /// Whether certificates wait for an approval.
    pub approval: bool,
    /// What suspending means; 0 for the registry only.
    pub suspend: Number<tegata_suspend_mode>,
    /// How long a server-made key can be collected, in days; NULL for 30.
    pub collect_within_days: *const u32,
    /// Where CRLs are published (RFC 5280, 4.2.1.13).
    pub crl_urls: tegata_texts,
    /// Where OCSP responders are (RFC 5280, 4.2.2.1).
    pub ocsp_urls: tegata_texts,
    /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
    pub issuer_urls: tegata_texts,
    /// Certificate policies, as dotted OIDs.
    pub policies: tegata_texts,
}
growing!(tegata_profile_spec);

/// Bits that stand for nothing are refused, not dropped: they may be another library's, whose others mean something else.
fn key_usage(bits: u16) -> Result<KeyUsage> {
    let known = KeyUsage::from_bits(bits);
    if known.bits() == bits { Ok(known) } else { Err(invalid("key_usage", "has a bit that stands for nothing")) }
}

impl ToCore for tegata_profile_spec {
    type Core = ProfileSpec;

    fn to_core(&self) -> Result<ProfileSpec> {
        let default = ProfileSpec::default();
        let keys = |list: *const tegata_key_algorithms, field, default| {
            optional(list).map_or(Ok(default), |list| list.core(field))
        };
        let days = |given: *const u32, default| optional(given).copied().unwrap_or(default);
        let percent = |given: *const u8, default| optional(given).copied().unwrap_or(default);
        Ok(ProfileSpec {
            subject: maybe_given(self.subject, "subject")?.unwrap_or(default.subject),
            san: given_or_default(self.san, "san")?,
            keys: keys(self.keys, "keys", default.keys)?,
            server_keys: keys(self.server_keys, "server_keys", default.server_keys)?,
            validity_days: days(self.validity_days, default.validity_days),
            backdate_seconds: days(self.backdate_seconds, default.backdate_seconds),
            not_before: maybe_string(self.not_before, "not_before")?,
            key_usage: optional(self.key_usage).map_or(Ok(default.key_usage), |bits| key_usage(*bits))?,
            extended_key_usage: optional(self.extended_key_usage)
                .map_or(Ok(default.extended_key_usage), |list| list.strings("extended_key_usage"))?,
            renew_after_percent: percent(self.renew_after_percent, default.renew_after_percent),
            renew_spread_percent: percent(self.renew_spread_percent, default.renew_spread_percent),
            grace_days: days(self.grace_days, default.grace_days),
            new_key_at_renewal: self.new_key_at_renewal,
            approval: self.approval,
            suspend: self.suspend.or_default("suspend")?,
            collect_within_days: days(self.collect_within_days, default.collect_within_days),
            crl_urls: self.crl_urls.strings("crl_urls")?,
            ocsp_urls: self.ocsp_urls.strings("ocsp_urls")?,
            issuer_urls: self.issuer_urls.strings("issuer_urls")?,
            policies: self.policies.strings("policies")?,
        })
    }
}

impl ToC for ProfileSpec {
    type C = tegata_profile_spec;

    fn to_c(&self, arena: &mut Arena) -> tegata_profile_spec {
        let usages = arena.texts(&self.extended_key_usage);
        tegata_profile_spec {
            size: size_of::<tegata_profile_spec>(),
            subject: arena.record(&self.subject),
            san: arena.record(&self.san),
            keys: tegata_key_algorithms::of(&self.keys, arena),
            server_keys: tegata_key_algorithms::of(&self.server_keys, arena),
            validity_days: arena.put(self.validity_days),
            backdate_seconds: arena.put(self.backdate_seconds),
            not_before: arena.maybe_text(self.not_before.as_deref()),
            key_usage: arena.put(self.key_usage.bits()),
            extended_key_usage: arena.put(usages),
            renew_after_percent: arena.put(self.renew_after_percent),
            renew_spread_percent: arena.put(self.renew_spread_percent),
            grace_days: arena.put(self.grace_days),
            new_key_at_renewal: self.new_key_at_renewal,
            approval: self.approval,
            suspend: self.suspend.into(),
            collect_within_days: arena.put(self.collect_within_days),
            crl_urls: arena.texts(&self.crl_urls),
            ocsp_urls: arena.texts(&self.ocsp_urls),
            issuer_urls: arena.texts(&self.issuer_urls),
            policies: arena.texts(&self.policies),
        }
    }
}

/// Frees what a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_free(spec: *const tegata_profile_spec) {
    free_record(spec);
}

/// For device certificates: an opaque subject, client authentication, one year.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_device(
    spec: *mut *const tegata_profile_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        out(spec, "spec")?.give(&ProfileSpec::device());
        Ok(())
    })
}

/// For product credentials: the product's name, client authentication, ten years, a key made by the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_product_credential(
    spec: *mut *const tegata_profile_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        out(spec, "spec")?.give(&ProfileSpec::product_credential());
        Ok(())
    })
}

/// For TLS servers, such as a device's own web page: names from the CSR, server authentication, 397 days.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_tls_server(
    spec: *mut *const tegata_profile_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        out(spec, "spec")?.give(&ProfileSpec::tls_server());
        Ok(())
    })
}

/// Reads a profile from TOML.
///
/// Errors: `profile.syntax`, naming line and field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_from_toml(
    toml: *const c_char,
    spec: *mut *const tegata_profile_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let spec = out(spec, "spec")?;
        spec.give(&ProfileSpec::from_toml(text(toml, "toml")?)?);
        Ok(())
    })
}

/// Reads a profile from JSON.
///
/// Errors: `profile.syntax`, naming line and field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_from_json(
    json: *const c_char,
    spec: *mut *const tegata_profile_spec,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let spec = out(spec, "spec")?;
        spec.give(&ProfileSpec::from_json(text(json, "json")?)?);
        Ok(())
    })
}

/// Writes a profile as JSON, as it is stored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_spec_to_json(
    spec: *const tegata_profile_spec,
    json: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let json = out(json, "json")?;
        json.give(given(spec, "spec")?.to_json().as_str());
        Ok(())
    })
}

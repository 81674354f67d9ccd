//! Profiles: what certificates hold.

use crate::registry::prelude::*;

/// Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR; nothing is dropped
/// silently.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_san_policy {
    /// `sizeof(tegata_san_policy)`.
    pub size: usize,
    /// DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
    pub dns: tegata_texts,
    /// Whether wildcard names such as `*.example.com` may be certified.
    pub dns_wildcards: bool,
    /// IP networks in CIDR notation, such as `192.168.0.0/16` or `::/0`.
    pub ip: tegata_texts,
    /// Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
    pub uri: tegata_texts,
    /// Domains of e-mail addresses, or `*` for any.
    pub email: tegata_texts,
    /// Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
    pub other: tegata_texts,
    /// Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`,
    /// `dns:{id}.devices.example.com`.
    pub add: tegata_texts,
    /// Whether a CSR without any alternative name is refused.
    pub required: bool,
    /// How many names a certificate holds at most; 0 means 32.
    pub max: usize,
}
growing!(tegata_san_policy);

impl ToCore for tegata_san_policy {
    type Core = SanPolicy;

    fn to_core(&self) -> Result<SanPolicy> {
        Ok(SanPolicy {
            dns: self.dns.strings("dns")?,
            dns_wildcards: self.dns_wildcards,
            ip: self.ip.strings("ip")?,
            uri: self.uri.strings("uri")?,
            email: self.email.strings("email")?,
            other: self.other.strings("other")?,
            add: self.add.strings("add")?,
            required: self.required,
            max: self.max,
        })
    }
}

impl ToC for SanPolicy {
    type C = tegata_san_policy;

    fn to_c(&self, arena: &mut Arena) -> tegata_san_policy {
        tegata_san_policy {
            size: size_of::<tegata_san_policy>(),
            dns: arena.texts(&self.dns),
            dns_wildcards: self.dns_wildcards,
            ip: arena.texts(&self.ip),
            uri: arena.texts(&self.uri),
            email: arena.texts(&self.email),
            other: arena.texts(&self.other),
            add: arena.texts(&self.add),
            required: self.required,
            max: self.max,
        }
    }
}

/// One version of a profile. Versions are never changed, since certificates refer to them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_profile {
    /// Names this version.
    pub id: *const c_char,
    /// The name that operators use; all versions share it.
    pub name: *const c_char,
    /// 1 for the first, one more with every change.
    pub revision: u32,
    /// What it says.
    pub spec: *const tegata_profile_spec,
    /// When this version was made.
    pub created: i64,
}

impl ToC for Profile {
    type C = tegata_profile;

    fn to_c(&self, arena: &mut Arena) -> tegata_profile {
        tegata_profile {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            revision: self.revision,
            spec: arena.record(&self.spec),
            created: self.created.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_free(profile: *const tegata_profile) {
    free_record(profile);
}

/// A page of them.
pub type tegata_profile_list = List<tegata_profile>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_profile_list_free(list: *const tegata_profile_list) {
    free_record(list);
}

/// What a CSR would become under a profile.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_preview {
    /// The subject that the certificate would have.
    pub subject: *const c_char,
    /// The first second of validity.
    pub not_before: i64,
    /// The last second of validity.
    pub not_after: i64,
    /// When it would be due for renewal.
    pub renew_at: i64,
}

impl ToC for Preview {
    type C = tegata_preview;

    fn to_c(&self, arena: &mut Arena) -> tegata_preview {
        tegata_preview {
            subject: arena.shown(&self.subject),
            not_before: self.not_before.unix(),
            not_after: self.not_after.unix(),
            renew_at: self.renew_at.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_preview_free(preview: *const tegata_preview) {
    free_record(preview);
}

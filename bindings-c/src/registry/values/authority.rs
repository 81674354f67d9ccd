//! Authorities, and what is asked for when one is made.

use crate::registry::crls::tegata_crl_policy;
use crate::registry::prelude::*;

/// One generation of an authority.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_authority {
    /// Names this generation.
    pub id: *const c_char,
    /// The name that operators use; all generations share it.
    pub name: *const c_char,
    /// 1 for the first, one more with every rebuild.
    pub generation: u32,
    /// Its state, but for expiry.
    pub state: Number<tegata_authority_state>,
    /// Its subject, which is the issuer of what it issues.
    pub subject: *const c_char,
    /// Its key's algorithm.
    pub algorithm: Number<tegata_key_algorithm>,
    /// Its subject key identifier (RFC 5280, 4.2.1.2).
    pub key_identifier: tegata_bytes,
    /// When its certificate begins to be valid.
    pub not_before: i64,
    /// When its certificate ends.
    pub not_after: i64,
    /// Who issued it; NULL for a root and for one issued outside.
    pub parent: *const c_char,
    /// The generation before. NULL when there is none.
    pub predecessor: *const c_char,
    /// The generation after. NULL when there is none.
    pub successor: *const c_char,
    /// Where its private key is.
    pub signer: Number<tegata_signer_location>,
    /// Its certificate in DER; empty while requested.
    pub certificate: tegata_bytes,
    /// The certificates above it when it was issued outside, and cross-certificates for it: concatenated DER.
    pub outside: tegata_bytes,
    /// The request in DER, while the certificate is awaited. NULL when there is none.
    pub request: tegata_bytes,
    /// The public key (SPKI, DER).
    pub public_key: tegata_bytes,
    /// When it was made.
    pub created: i64,
    /// How its CRLs are kept up; NULL without a policy.
    pub crl_policy: *const tegata_crl_policy,
}

impl ToC for Authority {
    type C = tegata_authority;

    fn to_c(&self, arena: &mut Arena) -> tegata_authority {
        tegata_authority {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            generation: self.generation,
            state: self.state.into(),
            subject: arena.shown(&self.subject),
            algorithm: self.algorithm.into(),
            key_identifier: arena.bytes(&self.key_identifier),
            not_before: self.not_before.unix(),
            not_after: self.not_after.unix(),
            parent: arena.maybe_shown(self.parent),
            predecessor: arena.maybe_shown(self.predecessor),
            successor: arena.maybe_shown(self.successor),
            signer: self.signer.into(),
            certificate: arena.bytes(&self.certificate),
            outside: arena.bytes(&self.outside),
            request: arena.maybe_bytes(self.request.as_deref()),
            public_key: arena.bytes(&self.public_key),
            created: self.created.unix(),
            crl_policy: arena.maybe_record(self.crl_policy()),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for Authority {}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authority_free(authority: *const tegata_authority) {
    free_record(authority);
}

/// A page of them.
pub type tegata_authority_list = List<tegata_authority>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authority_list_free(list: *const tegata_authority_list) {
    free_record(list);
}

/// An authority to be made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_authority {
    /// `sizeof(tegata_new_authority)`.
    pub size: usize,
    /// The name that operators use; unique. Required.
    pub name: *const c_char,
    /// Its subject. Required.
    pub subject: *const c_char,
    /// Its key's algorithm; ignored when it brings a signer. 0 for the default.
    pub algorithm: Number<tegata_key_algorithm>,
    /// How long its certificate is valid, in days. NULL for the default.
    pub validity_days: *const u32,
    /// How many intermediates may follow it; NULL sets no limit.
    pub path_len: *const u8,
    /// Where the CRL of its issuer will be, for intermediates.
    pub crl_urls: tegata_texts,
    /// Where its issuer's certificate will be, for intermediates.
    pub issuer_urls: tegata_texts,
    /// Its key, when that is not to be made and sealed here: an HSM, a KMS. May be left out (NULL).
    pub signer: *const tegata_signer,
}
growing!(tegata_new_authority);

impl ToCore for tegata_new_authority {
    type Core = NewAuthority;

    fn to_core(&self) -> Result<NewAuthority> {
        let mut value = NewAuthority::new(text(self.name, "name")?, parsed(self.subject, "subject")?);
        value.path_len = optional(self.path_len).copied();
        value.crl_urls = self.crl_urls.strings("crl_urls")?;
        value.issuer_urls = self.issuer_urls.strings("issuer_urls")?;
        value.signer = optional(self.signer).map(|signer| signer.0.clone());
        if let Some(algorithm) = self.algorithm.optional("algorithm")? {
            value.algorithm = algorithm;
        }
        if let Some(validity_days) = optional(self.validity_days).copied() {
            value.validity_days = validity_days;
        }
        Ok(value)
    }
}

/// An authority that exists already, with its key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_import_authority {
    /// `sizeof(tegata_import_authority)`.
    pub size: usize,
    /// The name that operators will use; unique. Required.
    pub name: *const c_char,
    /// Its certificate, PEM or DER. Required.
    pub certificate: tegata_bytes,
    /// The certificates above it up to the root, PEM; empty for a root.
    pub chain: tegata_bytes,
    /// Its key (PKCS#8, SEC1 or PKCS#1, PEM or DER), to be sealed here. May be left out (NULL).
    pub key: tegata_bytes,
    /// Its key, when that stays with the host. May be left out (NULL).
    pub signer: *const tegata_signer,
    /// The number of the last CRL that it signed elsewhere, so that the next one here is higher (RFC 5280, 5.2.3);
    /// 0 when it signed none.
    pub last_crl_number: u64,
}
growing!(tegata_import_authority);

impl ToCore for tegata_import_authority {
    type Core = ImportAuthority;

    fn to_core(&self) -> Result<ImportAuthority> {
        Ok(ImportAuthority {
            name: text(self.name, "name")?.to_owned(),
            certificate: self.certificate.get("certificate")?.to_vec(),
            chain: self.chain.get("chain")?.to_vec(),
            key: self.key.optional("key")?.map(|key| Secret::new(key.to_vec())),
            signer: optional(self.signer).map(|signer| signer.0.clone()),
            last_crl_number: self.last_crl_number,
        })
    }
}

/// How an authority is rebuilt. What is left out stays as it was.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_rebuild {
    /// `sizeof(tegata_rebuild)`.
    pub size: usize,
    /// The new subject; by default the old one with its generation in the common name, since two authorities with
    /// one subject confuse every reader. May be left out (NULL).
    pub subject: *const c_char,
    /// The new key's algorithm. May be left out (0).
    pub algorithm: Number<tegata_key_algorithm>,
    /// The new certificate's validity in days; by default as long as the old one's. May be left out (NULL).
    pub validity_days: *const u32,
    /// The new key, when that stays with the host. May be left out (NULL).
    pub signer: *const tegata_signer,
}
growing!(tegata_rebuild);

impl ToCore for tegata_rebuild {
    type Core = Rebuild;

    fn to_core(&self) -> Result<Rebuild> {
        Ok(Rebuild {
            subject: maybe_parsed(self.subject, "subject")?,
            algorithm: self.algorithm.optional("algorithm")?,
            validity_days: optional(self.validity_days).copied(),
            signer: optional(self.signer).map(|signer| signer.0.clone()),
        })
    }
}

/// Which authorities to list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_authority_filter {
    /// `sizeof(tegata_authority_filter)`.
    pub size: usize,
    /// By name. May be left out (NULL).
    pub name: *const tegata_text,
    /// By state. May be left out (0).
    pub state: Number<tegata_authority_state>,
}
growing!(tegata_authority_filter);

impl ToCore for tegata_authority_filter {
    type Core = AuthorityFilter;

    fn to_core(&self) -> Result<AuthorityFilter> {
        Ok(AuthorityFilter { name: text_filter(self.name, "name")?, state: self.state.optional("state")? })
    }
}

/// Which CRL is made, and for how long.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crl_options {
    /// `sizeof(tegata_crl_options)`.
    pub size: usize,
    /// When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
    /// which is a week without one. NULL for 0.
    pub next_update_hours: *const u32,
    /// Which shard; 0 for the list of all certificates. NULL for 0.
    pub shard: *const u32,
    /// Whether the delta CRL is made: what changed since the newest complete one. NULL for no.
    pub delta: *const bool,
}
growing!(tegata_crl_options);

impl ToCore for tegata_crl_options {
    type Core = CrlOptions;

    fn to_core(&self) -> Result<CrlOptions> {
        let default = CrlOptions::default();
        Ok(CrlOptions {
            next_update_hours: optional(self.next_update_hours).copied().unwrap_or(default.next_update_hours),
            shard: optional(self.shard).copied().unwrap_or(default.shard),
            delta: optional(self.delta).copied().unwrap_or(default.delta),
        })
    }
}

/// A CRL of an authority.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_crl_record {
    /// Whose.
    pub authority: *const c_char,
    /// Which shard; 0 for the list of all certificates.
    pub shard: u32,
    /// Its number (RFC 5280, 5.2.3); only grows.
    pub number: u64,
    /// For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4). NULL when
    /// there is none.
    pub base: *const u64,
    /// When it was made.
    pub this_update: i64,
    /// When a newer one will have come.
    pub next_update: i64,
    /// When it is to be made anew, so that the newer one comes in time.
    pub refresh_at: i64,
    /// How many certificates it lists.
    pub entries: u64,
    /// The CRL in DER.
    pub der: tegata_bytes,
}

impl ToC for model::Crl {
    type C = tegata_crl_record;

    fn to_c(&self, arena: &mut Arena) -> tegata_crl_record {
        tegata_crl_record {
            authority: arena.shown(self.authority),
            shard: self.shard,
            number: self.number,
            base: arena.maybe(self.base),
            this_update: self.this_update.unix(),
            next_update: self.next_update.unix(),
            refresh_at: self.refresh_at.unix(),
            entries: self.entries,
            der: arena.bytes(&self.der),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for model::Crl {}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_record_free(crl_record: *const tegata_crl_record) {
    free_record(crl_record);
}

/// The roots that whoever trusts this registry should trust: every generation that is still of use.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_trust_bundle {
    /// The root certificates in DER.
    pub roots: tegata_bytes_list,
}

impl ToC for TrustBundle {
    type C = tegata_trust_bundle;

    fn to_c(&self, arena: &mut Arena) -> tegata_trust_bundle {
        tegata_trust_bundle { roots: arena.bytes_list(self.roots.iter()) }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for TrustBundle {}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_trust_bundle_free(trust_bundle: *const tegata_trust_bundle) {
    free_record(trust_bundle);
}

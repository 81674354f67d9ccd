//! Certificates as files, and counts of them.

use super::prelude::*;

/// As what a certificate is exported.
#[repr(C)]
pub enum tegata_export_format_type {
    /// The certificate alone, in PEM.
    Pem = 1,
    /// The certificate and the intermediates above it, in PEM: what a TLS server sends.
    FullChainPem = 2,
    /// The certificate alone, in DER.
    Der = 3,
    /// The certificate and all above it, the root included, as PKCS#7 in DER.
    Pkcs7 = 4,
    /// The key, the certificate and all above it, the root included, as PKCS#12.
    Pkcs12 = 5,
    /// A file each for the certificate, the intermediates, both together, the root and the key, with chosen names.
    Files = 6,
}

/// Which files a set has; what has no name is left out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_file_names {
    /// `sizeof(tegata_file_names)`.
    pub size: usize,
    /// The certificate alone.
    pub certificate: *const c_char,
    /// The intermediate CA certificates, nearest first.
    pub chain: *const c_char,
    /// The certificate followed by the intermediates: what most TLS servers want.
    pub full_chain: *const c_char,
    /// The root, for those who shall trust it.
    pub root: *const c_char,
    /// The private key as PKCS#8.
    pub key: *const c_char,
}
growing!(tegata_file_names);

impl ToCore for tegata_file_names {
    type Core = FileNames;

    fn to_core(&self) -> Result<FileNames> {
        Ok(FileNames {
            certificate: maybe_string(self.certificate, "certificate")?,
            chain: maybe_string(self.chain, "chain")?,
            full_chain: maybe_string(self.full_chain, "full_chain")?,
            root: maybe_string(self.root, "root")?,
            key: maybe_string(self.key, "key")?,
        })
    }
}

impl ToC for FileNames {
    type C = tegata_file_names;

    fn to_c(&self, arena: &mut Arena) -> tegata_file_names {
        tegata_file_names {
            size: size_of::<tegata_file_names>(),
            certificate: arena.maybe_text(self.certificate.as_deref()),
            chain: arena.maybe_text(self.chain.as_deref()),
            full_chain: arena.maybe_text(self.full_chain.as_deref()),
            root: arena.maybe_text(self.root.as_deref()),
            key: arena.maybe_text(self.key.as_deref()),
        }
    }
}

/// The usual names for files in this encoding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_file_names_usual(
    encoding: Number<tegata_encoding>,
    names: *mut *const tegata_file_names,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let names = out(names, "names")?;
        names.give(&FileNames::usual(encoding.core("encoding")?));
        Ok(())
    })
}

/// Frees what a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_file_names_free(names: *const tegata_file_names) {
    free_record(names);
}

/// As what a certificate is exported. Private keys are given: one that was made here comes from
/// `tegata_certificates_collect_key`, since handing it out happens once and leaves its trace.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_export_format {
    /// `sizeof(tegata_export_format)`.
    pub size: usize,
    /// As what. Required.
    pub r#type: Number<tegata_export_format_type>,
    /// PKCS#12 and files: the private key, PKCS#8, SEC1 or PKCS#1, PEM or DER. PKCS#12 needs it.
    pub key: tegata_bytes,
    /// PKCS#12: what the file opens with; printable ASCII.
    pub password: *const c_char,
    /// PKCS#12: for whom it is written; 0 for modern.
    pub target: Number<tegata_pkcs12_target>,
    /// Files: which files, under which names. Required for them.
    pub names: *const tegata_file_names,
    /// Files: PEM or DER; 0 for PEM.
    pub encoding: Number<tegata_encoding>,
}
growing!(tegata_export_format);

impl ToCore for tegata_export_format {
    type Core = ExportFormat;

    fn to_core(&self) -> Result<ExportFormat> {
        Ok(match self.r#type.get() {
            1 => ExportFormat::Pem,
            2 => ExportFormat::FullChainPem,
            3 => ExportFormat::Der,
            4 => ExportFormat::Pkcs7,
            5 => ExportFormat::Pkcs12 {
                key: Secret::new(self.key.get("key")?.to_vec()),
                password: Secret::new(text(self.password, "password")?.to_owned()),
                target: self.target.or_default("target")?,
            },
            6 => ExportFormat::Files {
                names: given(self.names, "names")?,
                encoding: self.encoding.or_default("encoding")?,
                key: self.key.optional("key")?.map(|key| Secret::new(key.to_vec())),
            },
            _ => return Err(invalid("format", "has a type that is none")),
        })
    }
}

/// One file: its name and what is in it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_packed_file {
    /// Its name.
    pub name: *const c_char,
    /// What is in it; erased when freed.
    pub content: tegata_bytes,
    /// Whether it holds a private key, so that nobody else may read it.
    pub secret: bool,
}

impl ToC for PackedFile {
    type C = tegata_packed_file;

    fn to_c(&self, arena: &mut Arena) -> tegata_packed_file {
        arena.holds_a_secret();
        tegata_packed_file {
            name: arena.text(&self.name),
            content: arena.bytes(self.content.expose()),
            secret: self.secret,
        }
    }
}

/// A list of files.
pub type tegata_packed_file_list = List<tegata_packed_file>;

/// Frees files that a function gave you; NULL is fine. Private keys in them are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_packed_file_list_free(list: *const tegata_packed_file_list) {
    free_record(list);
}

/// A certificate as files.
///
/// Errors: `certificate.pending` or `certificate.denied` when it was not issued; `key.` codes and `key.inconsistent`
/// when the
/// key is not the certificate's; `certificate.password_not_ascii`; `input.invalid` for an empty password or a file name
/// that cannot be one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_export(
    registry: *const tegata_registry,
    id: *const c_char,
    format: *const tegata_export_format,
    list: *mut *const tegata_packed_file_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        let files = registry_of(registry)?.certificates().export(parsed(id, "id")?, &given(format, "format")?)?;
        list.give(&Whole(&files));
        Ok(())
    })
}

/// How many certificates have something in common. Which field says what depends on `grouping`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_count {
    /// What they were grouped by.
    pub grouping: Number<tegata_certificate_grouping>,
    /// By state: which; else 0.
    pub state: Number<tegata_certificate_state>,
    /// By kind: which; else 0.
    pub kind: Number<tegata_certificate_kind>,
    /// By product, group, authority or profile: which; NULL for those without, and otherwise.
    pub id: *const c_char,
    /// By week: the moment when the week in which they are due begins; NULL for those without, and otherwise.
    pub due_week: *const i64,
    /// By algorithm: which kind of key; 0 for those whose is not known, and otherwise.
    pub algorithm: Number<tegata_key_algorithm>,
    /// How many.
    pub count: u64,
}

impl ToC for (CertificateCount, u64) {
    type C = tegata_certificate_count;

    fn to_c(&self, arena: &mut Arena) -> tegata_certificate_count {
        let mut count = tegata_certificate_count {
            grouping: Number::of(0),
            state: Number::of(0),
            kind: Number::of(0),
            id: std::ptr::null(),
            due_week: std::ptr::null(),
            algorithm: Number::of(0),
            count: self.1,
        };
        let grouping = match &self.0 {
            CertificateCount::Total => CertificateGrouping::Total,
            CertificateCount::State(state) => {
                count.state = (*state).into();
                CertificateGrouping::State
            }
            CertificateCount::Kind(kind) => {
                count.kind = (*kind).into();
                CertificateGrouping::Kind
            }
            CertificateCount::Product(id) => {
                count.id = arena.maybe_shown(*id);
                CertificateGrouping::Product
            }
            CertificateCount::Group(id) => {
                count.id = arena.maybe_shown(*id);
                CertificateGrouping::Group
            }
            CertificateCount::Authority(id) => {
                count.id = arena.shown(id);
                CertificateGrouping::Authority
            }
            CertificateCount::Profile(id) => {
                count.id = arena.shown(id);
                CertificateGrouping::Profile
            }
            CertificateCount::DueWeek(week) => {
                count.due_week = arena.maybe(week.map(Timestamp::unix));
                CertificateGrouping::DueWeek
            }
            CertificateCount::Algorithm(algorithm) => {
                count.algorithm = Number::maybe(*algorithm);
                CertificateGrouping::Algorithm
            }
            // A grouping that the core gains and the header does not know yet.
            _ => return count,
        };
        count.grouping = grouping.into();
        count
    }
}

/// A list of counts.
pub type tegata_certificate_count_list = List<tegata_certificate_count>;

/// Frees counts that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_count_list_free(list: *const tegata_certificate_count_list) {
    free_record(list);
}

/// How many of the certificates that match have what in common.
///
/// Errors: store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificates_count(
    registry: *const tegata_registry,
    filter: *const tegata_certificate_filter,
    by: Number<tegata_certificate_grouping>,
    list: *mut *const tegata_certificate_count_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        let filter = given_or_default(filter, "filter")?;
        list.give(&Whole(&registry_of(registry)?.certificates().count(&filter, by.core("by")?)?));
        Ok(())
    })
}

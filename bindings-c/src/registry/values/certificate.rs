//! Certificates: their records, and what is given out when one is issued.

use crate::registry::prelude::*;

/// A certificate's record. The DER is kept apart, see `Document`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_record {
    /// Names the certificate, from its request on.
    pub id: *const c_char,
    /// The serial number's octets; empty while pending.
    pub serial: tegata_bytes,
    /// Who issues it.
    pub authority: *const c_char,
    /// Under which profile.
    pub profile: *const c_char,
    /// What it is for.
    pub kind: Number<tegata_certificate_kind>,
    /// Its state, but for what the clock adds.
    pub state: Number<tegata_certificate_state>,
    /// The product that it is for: as its credential, or for one of its units. NULL when there is none.
    pub product: *const c_char,
    /// The product whose credential it is. Apart from `product`, so that a product's few credentials are found without
    /// a look at the certificates of all its devices. NULL when there is none.
    pub credential_of: *const c_char,
    /// The device it was issued to. NULL when there is none.
    pub device: *const c_char,
    /// The group of that device. NULL when there is none.
    pub group: *const c_char,
    /// How many devices it is attached to.
    pub holders: u32,
    /// The subject's common name, unless it is an opaque one. NULL when there is none.
    pub name: *const c_char,
    /// When it was issued, or requested while pending.
    pub issued: i64,
    /// When it begins to be valid.
    pub not_before: i64,
    /// When it ends.
    pub not_after: i64,
    /// When it should be renewed; NULL when it needs no renewal (any more).
    pub renew_at: *const i64,
    /// Which of the owner's keys it certifies: 1 for the first, one more with each new key.
    pub key_number: u32,
    /// Where the private key was made.
    pub key_origin: Number<tegata_key_origin>,
    /// The certificate that this one renews. NULL when there is none.
    pub renews: *const c_char,
    /// The certificate that renews this one. NULL when there is none.
    pub successor: *const c_char,
    /// Whether its holder said that it is installed. First certificates need no confirmation.
    pub confirmed: bool,
    /// When it ceases to count because its successor was issued; see the grace period. NULL when there is none.
    pub retires: *const i64,
    /// Who suspended it. 0 when there is none.
    pub suspended_by: Number<tegata_suspend_cause>,
    /// When it was revoked. NULL when there is none.
    pub revoked: *const i64,
    /// Why. 0 when there is none.
    pub reason: Number<tegata_revocation_reason>,
    /// Whether it was deleted: its record stays until notAfter, but is listed only on request.
    pub deleted: bool,
    /// The kind of its key. 0 in records that the first version of the database wrote.
    pub algorithm: Number<tegata_key_algorithm>,
    /// The campaign that asks for its renewal. NULL when none does.
    pub campaign: *const c_char,
    /// The shard of its authority's CRLs that lists it once it is revoked. NULL when there is none.
    pub shard: *const u32,
}

impl ToC for model::Certificate {
    type C = tegata_certificate_record;

    fn to_c(&self, arena: &mut Arena) -> tegata_certificate_record {
        tegata_certificate_record {
            id: arena.shown(self.id),
            serial: arena.bytes(&self.serial),
            authority: arena.shown(self.authority),
            profile: arena.shown(self.profile),
            kind: self.kind.into(),
            state: self.state.into(),
            product: arena.maybe_shown(self.product),
            credential_of: arena.maybe_shown(self.credential_of),
            device: arena.maybe_shown(self.device),
            group: arena.maybe_shown(self.group),
            holders: self.holders,
            name: arena.maybe_text(self.name.as_deref()),
            issued: self.issued.unix(),
            not_before: self.not_before.unix(),
            not_after: self.not_after.unix(),
            renew_at: arena.maybe(self.renew_at.map(Timestamp::unix)),
            key_number: self.key_number,
            key_origin: self.key_origin.into(),
            renews: arena.maybe_shown(self.renews),
            successor: arena.maybe_shown(self.successor),
            confirmed: self.confirmed,
            retires: arena.maybe(self.retires.map(Timestamp::unix)),
            suspended_by: Number::maybe(self.suspended_by),
            revoked: arena.maybe(self.revoked.map(Timestamp::unix)),
            reason: Number::maybe(self.reason),
            deleted: self.deleted,
            algorithm: Number::maybe(self.algorithm),
            campaign: arena.maybe_shown(self.campaign),
            shard: arena.maybe(self.shard),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for model::Certificate {}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_record_free(certificate_record: *const tegata_certificate_record) {
    free_record(certificate_record);
}

/// A page of them.
pub type tegata_certificate_record_list = List<tegata_certificate_record>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_record_list_free(list: *const tegata_certificate_record_list) {
    free_record(list);
}

/// What became of the items of a bulk call.
pub type tegata_certificate_record_results = Results<tegata_certificate_record>;

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_record_results_free(results: *const tegata_certificate_record_results) {
    free_record(results);
}

/// That a certificate is attached to a device, and since when.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_assignment {
    /// The certificate.
    pub certificate: *const c_char,
    /// The device.
    pub device: *const c_char,
    /// Since when.
    pub since: i64,
}

impl ToC for Assignment {
    type C = tegata_assignment;

    fn to_c(&self, arena: &mut Arena) -> tegata_assignment {
        tegata_assignment {
            certificate: arena.shown(self.certificate),
            device: arena.shown(self.device),
            since: self.since.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_assignment_free(assignment: *const tegata_assignment) {
    free_record(assignment);
}

/// A page of them.
pub type tegata_assignment_list = List<tegata_assignment>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_assignment_list_free(list: *const tegata_assignment_list) {
    free_record(list);
}

/// A certificate that was issued, with all that its holder needs besides the private key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issued {
    /// Its record: serial number, key number, validity, state ...
    pub certificate: *const tegata_certificate_record,
    /// The certificate in DER.
    pub der: tegata_bytes,
    /// The certificates above it in DER: its issuer first, the root last.
    pub chain: tegata_bytes_list,
}

impl ToC for Issued {
    type C = tegata_issued;

    fn to_c(&self, arena: &mut Arena) -> tegata_issued {
        tegata_issued {
            certificate: arena.record(&self.certificate),
            der: arena.bytes(&self.der),
            chain: arena.bytes_list(self.chain.iter()),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for Issued {}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_free(issued: *const tegata_issued) {
    free_record(issued);
}

/// What became of the items of a bulk call.
pub type tegata_issued_results = Results<tegata_issued>;

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_results_free(results: *const tegata_issued_results) {
    free_record(results);
}

/// A certificate to be issued for a CSR.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issue {
    /// `sizeof(tegata_issue)`.
    pub size: usize,
    /// The CSR (PKCS#10), PEM or DER. Required.
    pub csr: tegata_bytes,
    /// The profile that decides what the certificate holds. Required.
    pub profile: *const c_char,
    /// The authority; after a rebuild its newest generation issues. Required.
    pub authority: *const c_char,
    /// The device that it is for, if any; it must be valid. May be left out (NULL).
    pub device: *const c_char,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own. May be
    /// left out (NULL).
    pub name: *const c_char,
}
growing!(tegata_issue);

impl ToCore for tegata_issue {
    type Core = Issue;

    fn to_core(&self) -> Result<Issue> {
        Ok(Issue {
            csr: self.csr.get("csr")?.to_vec(),
            profile: parsed(self.profile, "profile")?,
            authority: parsed(self.authority, "authority")?,
            device: maybe_parsed(self.device, "device")?,
            name: maybe_string(self.name, "name")?,
        })
    }
}

/// A certificate to be issued for a key that is made here.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issue_with_key {
    /// `sizeof(tegata_issue_with_key)`.
    pub size: usize,
    /// The profile that decides what the certificate holds. Required.
    pub profile: *const c_char,
    /// The authority; after a rebuild its newest generation issues. Required.
    pub authority: *const c_char,
    /// The device that it is for, if any; it must be valid. May be left out (NULL).
    pub device: *const c_char,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own. May be
    /// left out (NULL).
    pub name: *const c_char,
    /// What kind of key; the first that the profile lists by default. May be left out (0).
    pub algorithm: Number<tegata_key_algorithm>,
    /// When the key is handed out. 0 for the default.
    pub hand_out: Number<tegata_hand_out>,
}
growing!(tegata_issue_with_key);

impl ToCore for tegata_issue_with_key {
    type Core = IssueWithKey;

    fn to_core(&self) -> Result<IssueWithKey> {
        let mut value = IssueWithKey::new(parsed(self.profile, "profile")?, parsed(self.authority, "authority")?);
        value.device = maybe_parsed(self.device, "device")?;
        value.name = maybe_string(self.name, "name")?;
        value.algorithm = self.algorithm.optional("algorithm")?;
        if let Some(hand_out) = self.hand_out.optional("hand_out")? {
            value.hand_out = hand_out;
        }
        Ok(value)
    }
}

/// A certificate to be renewed. The subject and the alternative names stay as they are.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_renew {
    /// `sizeof(tegata_renew)`.
    pub size: usize,
    /// The certificate to renew. Required.
    pub certificate: *const c_char,
    /// A CSR (PKCS#10, PEM or DER) with the key of the new certificate; left out (NULL), the old key is certified
    /// again.
    pub csr: tegata_bytes,
    /// Another profile than before, such as a newer version of it. May be left out (NULL).
    pub profile: *const c_char,
    /// Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired
    /// certificate is renewed. A revoked one never is.
    pub other_proof: bool,
}
growing!(tegata_renew);

impl ToCore for tegata_renew {
    type Core = Renew;

    fn to_core(&self) -> Result<Renew> {
        Ok(Renew {
            certificate: parsed(self.certificate, "certificate")?,
            csr: self.csr.optional("csr")?.map(<[u8]>::to_vec),
            profile: maybe_parsed(self.profile, "profile")?,
            other_proof: self.other_proof,
        })
    }
}

/// A certificate to be renewed with a new key that is made here.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_renew_with_key {
    /// `sizeof(tegata_renew_with_key)`.
    pub size: usize,
    /// The certificate to renew. Required.
    pub certificate: *const c_char,
    /// Another profile than before. May be left out (NULL).
    pub profile: *const c_char,
    /// What kind of key; the first that the profile lists by default. May be left out (0).
    pub algorithm: Number<tegata_key_algorithm>,
    /// When the key is handed out. 0 for the default.
    pub hand_out: Number<tegata_hand_out>,
}
growing!(tegata_renew_with_key);

impl ToCore for tegata_renew_with_key {
    type Core = RenewWithKey;

    fn to_core(&self) -> Result<RenewWithKey> {
        let mut value = RenewWithKey::new(parsed(self.certificate, "certificate")?);
        value.profile = maybe_parsed(self.profile, "profile")?;
        value.algorithm = self.algorithm.optional("algorithm")?;
        if let Some(hand_out) = self.hand_out.optional("hand_out")? {
            value.hand_out = hand_out;
        }
        Ok(value)
    }
}

/// Which certificates to list: those that match everything given.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_filter {
    /// `sizeof(tegata_certificate_filter)`.
    pub size: usize,
    /// By the common name, exactly or by its beginning; opaque ones are not searched. May be left out (NULL).
    pub name: *const tegata_text,
    /// With these hexadecimal digits somewhere in the serial number; colons and spaces do not count. May be left out
    /// (NULL).
    pub serial: *const c_char,
    /// Attached to this device. May be left out (NULL).
    pub device: *const c_char,
    /// Attached to the device with exactly this name. May be left out (NULL).
    pub device_name: *const c_char,
    /// In this stored state; what the clock adds is in `expired`. May be left out (0).
    pub state: Number<tegata_certificate_state>,
    /// Whether notAfter has passed. May be left out (NULL).
    pub expired: *const bool,
    /// Of this kind. May be left out (0).
    pub kind: Number<tegata_certificate_kind>,
    /// Of devices in this group. May be left out (NULL).
    pub group: *const c_char,
    /// Of this product or its units. May be left out (NULL).
    pub product: *const c_char,
    /// Issued by this generation of an authority. May be left out (NULL).
    pub authority: *const c_char,
    /// Issued under this version of a profile. May be left out (NULL).
    pub profile: *const c_char,
    /// Due for renewal before this moment. May be left out (NULL).
    pub due_before: *const i64,
    /// Deleted ones too.
    pub deleted: bool,
    /// The newest first instead of the oldest.
    pub newest_first: bool,
    /// With this kind of key. May be left out (0).
    pub algorithm: Number<tegata_key_algorithm>,
}
growing!(tegata_certificate_filter);

impl ToCore for tegata_certificate_filter {
    type Core = CertificateFilter;

    fn to_core(&self) -> Result<CertificateFilter> {
        Ok(CertificateFilter {
            name: text_filter(self.name, "name")?,
            serial: maybe_string(self.serial, "serial")?,
            device: maybe_parsed(self.device, "device")?,
            device_name: maybe_string(self.device_name, "device_name")?,
            state: self.state.optional("state")?,
            expired: optional(self.expired).copied(),
            kind: self.kind.optional("kind")?,
            group: maybe_parsed(self.group, "group")?,
            product: maybe_parsed(self.product, "product")?,
            authority: maybe_parsed(self.authority, "authority")?,
            profile: maybe_parsed(self.profile, "profile")?,
            due_before: optional(self.due_before).copied().map(Timestamp::from_unix),
            algorithm: self.algorithm.optional("algorithm")?,
            deleted: self.deleted,
            newest_first: self.newest_first,
        })
    }
}

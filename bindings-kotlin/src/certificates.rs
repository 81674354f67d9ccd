//! Certificates: records, requests and answers.

use tegata::model::{CertificateKind, CertificateState, KeyOrigin, Standing, SuspendCause};
use tegata::{
    AuthorityId, CampaignId, CertificateCount, CertificateFilter, CertificateGrouping, CertificateId, DeviceId,
    GroupId, HandOut, Issue, IssueWithKey, KeyAlgorithm, ProductId, ProfileId, Renew, RenewWithKey, RevocationReason,
    Text, Timestamp,
};

use crate::error::Result;
use crate::parsed::{all_pem, one_pem};
use crate::values::{SecretBytes, SecretText, twin};

/// What a certificate is for, as far as the registry is concerned.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CertificateKind {
    /// Shared by all units of a product, to bootstrap (a product credential).
    Product,
    /// A device's own.
    Device,
    /// Anything else: a server, a user, a service.
    Other,
}

/// The stored part of a certificate's state. What the clock adds is in its standing.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CertificateState {
    /// Requested, not issued yet.
    Pending,
    /// Issued and in force.
    Active,
    /// Out of force for now.
    Suspended,
    /// Out of force for good.
    Revoked,
    /// Requested, but denied.
    Denied,
}

/// Who suspended a certificate, since only they lift it.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SuspendCause {
    /// An operator, through `certificates.suspend`.
    Operator,
    /// The disabling of its device.
    Device,
}

/// Where the certificate's private key was made.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// Where the CSR was made; it never was here.
    Requester,
    /// Here, and handed out once.
    Server,
}

/// How a certificate stands at a given moment: its state and the clock together.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Standing {
    /// Requested, not issued yet.
    Pending,
    /// Requested, but denied.
    Denied,
    /// notBefore lies ahead.
    NotYetValid,
    /// In force.
    Active,
    /// Out of force for now.
    Suspended,
    /// Replaced, and its grace period is over.
    Superseded,
    /// Revoked.
    Revoked,
    /// notAfter has passed.
    Expired,
}

/// A revocation reason (RFC 5280, 5.3.1).
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum RevocationReason {
    /// No reason given.
    Unspecified,
    /// The subject's private key is known to others.
    KeyCompromise,
    /// The CA's private key is known to others.
    CaCompromise,
    /// The subject's name or affiliation changed.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// Suspended; the only reason that can be taken back.
    CertificateHold,
    /// No longer held or revoked; in delta CRLs only.
    RemoveFromCrl,
    /// A privilege was withdrawn.
    PrivilegeWithdrawn,
    /// An attribute authority's key is known to others.
    AaCompromise,
}

/// When a key that is made by the registry is handed out.
#[uniffi::remote(Enum)]
pub enum HandOut {
    /// With the answer. Repeating the call with the same request ID returns it again, until it is confirmed.
    Now,
    /// When somebody collects it.
    Later,
}

twin! {
    /// A certificate's record.
    CertificateRecord of tegata::model::Certificate {
        /// Names the certificate, from its request on.
        id: CertificateId,
        /// The serial number's octets; empty while pending.
        serial: Vec<u8>,
        /// Who issues it.
        authority: AuthorityId,
        /// Under which profile.
        profile: ProfileId,
        /// What it is for.
        kind: CertificateKind,
        /// Its state, but for what the clock adds.
        state: CertificateState,
        /// The product that it is for: as its credential, or for one of its units.
        product: Option<ProductId>,
        /// The product whose credential it is.
        credential_of: Option<ProductId>,
        /// The device it was issued to.
        device: Option<DeviceId>,
        /// The group of that device.
        group: Option<GroupId>,
        /// How many devices it is attached to.
        holders: u32,
        /// The subject's common name, unless it is an opaque one.
        name: Option<String>,
        /// When it was issued, or requested while pending.
        issued: Timestamp,
        /// When it begins to be valid.
        not_before: Timestamp,
        /// When it ends.
        not_after: Timestamp,
        /// When it should be renewed; nothing when it needs no renewal (any more).
        renew_at: Option<Timestamp>,
        /// Which of the owner's keys it certifies: 1 for the first, one more with each new key.
        key_number: u32,
        /// Where the private key was made.
        key_origin: KeyOrigin,
        /// The certificate that this one renews.
        renews: Option<CertificateId>,
        /// The certificate that renews this one.
        successor: Option<CertificateId>,
        /// Whether its holder said that it is installed. First certificates need no confirmation.
        confirmed: bool,
        /// When it ceases to count because its successor was issued; see the grace period.
        retires: Option<Timestamp>,
        /// Who suspended it.
        suspended_by: Option<SuspendCause>,
        /// When it was revoked.
        revoked: Option<Timestamp>,
        /// Why.
        reason: Option<RevocationReason>,
        /// Whether it was deleted: its record stays until notAfter, but is listed only on request.
        deleted: bool,
        /// What kind of key it certifies, where the record says it.
        algorithm: Option<KeyAlgorithm>,
        /// The campaign that asks for its renewal.
        campaign: Option<CampaignId>,
        /// The shard of its authority's CRLs that lists it once it is revoked, besides the list of all; nothing for none.
        shard: Option<u32>,
    }
}

#[uniffi::export]
impl CertificateRecord {
    /// How it stands at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        Standing::of(self.state, self.reason, [self.not_before, self.not_after], self.retires, now)
    }
}

/// A certificate that was issued, with all that its holder needs besides the private key.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Issued {
    /// Its record: serial number, key number, validity, state ...
    pub certificate: CertificateRecord,
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// The certificates above it in DER: its issuer first, the root last.
    pub chain: Vec<Vec<u8>>,
}

impl From<tegata::Issued> for Issued {
    fn from(issued: tegata::Issued) -> Self {
        Self { certificate: issued.certificate.into(), der: issued.der, chain: issued.chain.to_vec() }
    }
}

#[uniffi::export]
impl Issued {
    /// The certificate in PEM.
    pub fn pem(&self) -> Result<String> {
        one_pem(&self.der)
    }

    /// The certificate and the intermediates above it in PEM, without the root: what a TLS endpoint sends.
    pub fn fullchain_pem(&self) -> Result<String> {
        let above = self.chain.split_last().map_or(&[][..], |(_, intermediates)| intermediates);
        all_pem(std::iter::once(&self.der).chain(above))
    }

    /// The root in DER, which those who check the certificate must trust.
    pub fn root(&self) -> Option<Vec<u8>> {
        self.chain.last().cloned()
    }

    /// The serial number in upper-case hexadecimal.
    pub fn serial(&self) -> Result<String> {
        Ok(tegata::parse_certificate(&self.der)?.serial_hex())
    }
}

/// A certificate that was issued for a key made by the registry.
#[derive(Clone, Debug, uniffi::Record)]
pub struct IssuedWithKey {
    /// The certificate.
    pub issued: Issued,
    /// The private key (PKCS#8, RFC 5208, in DER); nothing when it is to be collected later.
    pub key: Option<SecretBytes>,
}

impl From<tegata::IssuedWithKey> for IssuedWithKey {
    fn from(issued: tegata::IssuedWithKey) -> Self {
        Self { issued: issued.issued.into(), key: issued.key }
    }
}

#[uniffi::export]
impl IssuedWithKey {
    /// What kind of key was made.
    pub fn algorithm(&self) -> Result<KeyAlgorithm> {
        Ok(tegata::parse_certificate(&self.issued.der)?.public_key()?.algorithm())
    }

    /// The private key in PEM, if it is here.
    pub fn key_pem(&self) -> Result<Option<SecretText>> {
        let pem = |key: &SecretBytes| Ok(tegata::pack::encode_pem("PRIVATE KEY", key.expose())?);
        self.key.as_ref().map(pem).transpose()
    }
}

twin! {
    /// That a certificate is attached to a device.
    Assignment of tegata::model::Assignment {
        /// The certificate.
        certificate: CertificateId,
        /// The device.
        device: DeviceId,
        /// Since when.
        since: Timestamp,
    }
}

/// A certificate to be issued for a CSR.
#[uniffi::remote(Record)]
pub struct Issue {
    /// The CSR (PKCS#10), PEM or DER.
    pub csr: Vec<u8>,
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device that it is for, if any; it must be valid.
    #[uniffi(default)]
    pub device: Option<DeviceId>,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
    #[uniffi(default)]
    pub name: Option<String>,
}

/// A certificate to be issued for a key that the registry makes.
#[uniffi::remote(Record)]
pub struct IssueWithKey {
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device that it is for, if any; it must be valid.
    #[uniffi(default)]
    pub device: Option<DeviceId>,
    /// The applicant's name, which profiles may put into the subject; not for devices, which have their own.
    #[uniffi(default)]
    pub name: Option<String>,
    /// What kind of key; the first that the profile lists by default.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key is handed out.
    pub hand_out: HandOut,
}

/// A certificate to be renewed. The subject and the alternative names stay as they are.
#[uniffi::remote(Record)]
pub struct Renew {
    /// The certificate to renew.
    pub certificate: CertificateId,
    /// A CSR (PKCS#10, PEM or DER) with the key of the new certificate; without one the old key is certified again.
    #[uniffi(default)]
    pub csr: Option<Vec<u8>>,
    /// Another profile than before, such as a newer version of it.
    #[uniffi(default)]
    pub profile: Option<ProfileId>,
    /// Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired certificate
    /// is renewed. A revoked one never is.
    #[uniffi(default = false)]
    pub other_proof: bool,
}

/// A certificate to be renewed with a new key that the registry makes.
#[uniffi::remote(Record)]
pub struct RenewWithKey {
    /// The certificate to renew.
    pub certificate: CertificateId,
    /// Another profile than before.
    #[uniffi(default)]
    pub profile: Option<ProfileId>,
    /// What kind of key; the first that the profile lists by default.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key is handed out.
    pub hand_out: HandOut,
}

/// Which certificates to list: those that match everything given.
#[uniffi::remote(Record)]
pub struct CertificateFilter {
    /// By the common name, exactly or by its beginning; opaque ones are not searched.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// With these hexadecimal digits somewhere in the serial number; colons and spaces do not count.
    #[uniffi(default)]
    pub serial: Option<String>,
    /// Attached to this device.
    #[uniffi(default)]
    pub device: Option<DeviceId>,
    /// Attached to the device with exactly this name.
    #[uniffi(default)]
    pub device_name: Option<String>,
    /// In this stored state; what the clock adds is in `expired`.
    #[uniffi(default)]
    pub state: Option<CertificateState>,
    /// Whether notAfter has passed.
    #[uniffi(default)]
    pub expired: Option<bool>,
    /// Of this kind.
    #[uniffi(default)]
    pub kind: Option<CertificateKind>,
    /// Of devices in this group.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// Of this product or its units.
    #[uniffi(default)]
    pub product: Option<ProductId>,
    /// Issued by this generation of an authority.
    #[uniffi(default)]
    pub authority: Option<AuthorityId>,
    /// Issued under this version of a profile.
    #[uniffi(default)]
    pub profile: Option<ProfileId>,
    /// With a key of this kind.
    #[uniffi(default)]
    pub algorithm: Option<KeyAlgorithm>,
    /// Due for renewal before this moment.
    #[uniffi(default)]
    pub due_before: Option<Timestamp>,
    /// Deleted ones too.
    #[uniffi(default = false)]
    pub deleted: bool,
    /// The newest first instead of the oldest.
    #[uniffi(default = false)]
    pub newest_first: bool,
}

/// By what certificates are counted.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CertificateGrouping {
    /// All together.
    Total,
    /// By stored state.
    State,
    /// By kind.
    Kind,
    /// By the product whose they are.
    Product,
    /// By the group of their devices.
    Group,
    /// By authority.
    Authority,
    /// By profile.
    Profile,
    /// By the kind of key that they certify.
    Algorithm,
    /// By the week in which they are due for renewal; weeks begin on Thursdays, as 1970 did.
    DueWeek,
}

/// What was counted; nothing stands for those without one.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CertificateCount {
    /// All of them.
    Total,
    /// In this state.
    State(CertificateState),
    /// Of this kind.
    Kind(CertificateKind),
    /// Of this product.
    Product(Option<ProductId>),
    /// Of this group.
    Group(Option<GroupId>),
    /// Of this authority.
    Authority(AuthorityId),
    /// Of this profile.
    Profile(ProfileId),
    /// With this kind of key; nothing for requests.
    Algorithm(Option<KeyAlgorithm>),
    /// Due in the week that begins at this moment.
    DueWeek(Option<Timestamp>),
}

/// How many certificates there are of what.
#[derive(Clone, Debug, uniffi::Record)]
pub struct CertificateTally {
    /// Of what.
    pub of: CertificateCount,
    /// How many.
    pub count: u64,
}

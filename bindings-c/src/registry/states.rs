//! The enums of the registry: states and choices.

use tegata::model::{
    AuthorityState, CertificateKind, CertificateState, DeviceState, EnrollmentMode, InvalidReason, KeyOrigin, OtherKey,
    ProductState, SignerLocation, Standing, SuspendCause, SuspendMode,
};
use tegata::pack::{Encoding, Pkcs12Target};
use tegata::{CertificateGrouping, Enrollment, HandOut, Release};

use crate::number::same_variants;

/// Where an authority stands. Expiry is derived from the clock.
#[repr(C)]
pub enum tegata_authority_state {
    /// Its key exists and its request is out; an outside CA's certificate is still to be installed.
    Requested = 1,
    /// Issues, revokes and signs CRLs.
    Active = 2,
    /// Issues nothing any more, but still revokes and signs CRLs.
    Retired = 3,
    /// Its key is known to others: signs nothing, and nothing it issued authenticates.
    Compromised = 4,
}
same_variants!(tegata_authority_state = AuthorityState { Requested, Active, Retired, Compromised });

/// Where an authority's private key is.
#[repr(C)]
pub enum tegata_signer_location {
    /// Sealed, in the store.
    Store = 1,
    /// With the host: an HSM, a KMS, a key store. It is connected with `tegata_authorities_use_signer()` after every
    /// opening.
    External = 2,
}
same_variants!(tegata_signer_location = SignerLocation { Store, External });

/// What a certificate is for, as far as the registry is concerned.
#[repr(C)]
pub enum tegata_certificate_kind {
    /// Shared by all units of a product, to bootstrap (a product credential).
    Product = 1,
    /// A device's own.
    Device = 2,
    /// Anything else: a server, a user, a service.
    Other = 3,
}
same_variants!(tegata_certificate_kind = CertificateKind { Product, Device, Other });

/// The stored part of a certificate's state. What the clock adds is in `tegata_standing`.
#[repr(C)]
pub enum tegata_certificate_state {
    /// Requested, not issued yet.
    Pending = 1,
    /// Issued and in force.
    Active = 2,
    /// Out of force for now.
    Suspended = 3,
    /// Out of force for good.
    Revoked = 4,
    /// Requested, but denied.
    Denied = 5,
}
same_variants!(tegata_certificate_state = CertificateState { Pending, Active, Suspended, Revoked, Denied });

/// Who suspended a certificate, since only they lift it.
#[repr(C)]
pub enum tegata_suspend_cause {
    /// An operator, through `tegata_certificates_suspend()`.
    Operator = 1,
    /// The disabling of its device.
    Device = 2,
}
same_variants!(tegata_suspend_cause = SuspendCause { Operator, Device });

/// Where the certificate's private key was made.
#[repr(C)]
pub enum tegata_key_origin {
    /// Where the CSR was made; it never was here.
    Requester = 1,
    /// Here, and handed out once.
    Server = 2,
}
same_variants!(tegata_key_origin = KeyOrigin { Requester, Server });

/// How a certificate stands at a given moment: its state and the clock together.
#[repr(C)]
pub enum tegata_standing {
    /// Requested, not issued yet.
    Pending = 1,
    /// Requested, but denied.
    Denied = 2,
    /// notBefore lies ahead.
    NotYetValid = 3,
    /// In force.
    Active = 4,
    /// Out of force for now.
    Suspended = 5,
    /// Replaced, and its grace period is over.
    Superseded = 6,
    /// Revoked.
    Revoked = 7,
    /// notAfter has passed.
    Expired = 8,
}
same_variants!(
    tegata_standing = Standing { Pending, Denied, NotYetValid, Active, Suspended, Superseded, Revoked, Expired }
);

/// Where a device stands.
#[repr(C)]
pub enum tegata_device_state {
    /// Seen, but not admitted yet.
    Discovered = 1,
    /// Admitted; its credentials count.
    Valid = 2,
    /// Shut out for now; see the reason.
    Invalid = 3,
    /// Gone for good; only the record remains.
    Deleted = 4,
}
same_variants!(tegata_device_state = DeviceState { Discovered, Valid, Invalid, Deleted });

/// Why a device is invalid.
#[repr(C)]
pub enum tegata_invalid_reason {
    /// An operator disabled it.
    Disabled = 1,
    /// It came back with another key that it could not explain.
    Quarantined = 2,
}
same_variants!(tegata_invalid_reason = InvalidReason { Disabled, Quarantined });

/// Where a product stands.
#[repr(C)]
pub enum tegata_product_state {
    /// Its units enroll.
    Active = 1,
    /// Its units do not enroll for now.
    Suspended = 2,
    /// Its units never enroll again.
    Discontinued = 3,
}
same_variants!(tegata_product_state = ProductState { Active, Suspended, Discontinued });

/// Which units may enroll.
#[repr(C)]
pub enum tegata_enrollment_mode {
    /// Every unit that has the product credential. The default.
    Open = 1,
    /// Only units that were listed before.
    AllowList = 2,
    /// Only units that show a one-time claim code.
    ClaimCode = 3,
}
same_variants!(tegata_enrollment_mode = EnrollmentMode { Open, AllowList, ClaimCode });

/// What happens when a known unit comes with another key and does not prove its former one.
#[repr(C)]
pub enum tegata_other_key {
    /// Its device is shut out until somebody looked. Safe against a copy that is already in use; but whoever has the
    /// product credential and knows the units' identifiers can shut devices out. The default.
    Quarantine = 1,
    /// The request is refused and noted as an event; the device goes on with the key it has.
    Refuse = 2,
}
same_variants!(tegata_other_key = OtherKey { Quarantine, Refuse });

/// What suspending means to the world outside.
#[repr(C)]
pub enum tegata_suspend_mode {
    /// The registry refuses the certificate; CRLs say nothing. The default.
    Registry = 1,
    /// CRLs list it as well, with the reason certificateHold.
    CrlHold = 2,
}
same_variants!(tegata_suspend_mode = SuspendMode { Registry, CrlHold });

/// When a key that is made here is handed out.
#[repr(C)]
pub enum tegata_hand_out {
    /// With the answer. Repeating the call with the same request ID returns it again, until it is confirmed. The
    /// default.
    Now = 1,
    /// When somebody collects it.
    Later = 2,
}
same_variants!(tegata_hand_out = HandOut { Now, Later });

/// What becomes of a quarantined device's keys when it is released.
#[repr(C)]
pub enum tegata_release {
    /// The keys it had go on; the other key was an impostor's.
    KeepKeys = 1,
    /// The keys it had are gone (a repaired or reset unit): its certificates are revoked, and it may enroll with a new
    /// key.
    NewKeys = 2,
}
same_variants!(tegata_release = Release { KeepKeys, NewKeys });

/// What enrolling led to.
#[repr(C)]
pub enum tegata_enrollment {
    /// A device that was not known got its first certificate.
    New = 1,
    /// A device that was registered or discovered before got its first certificate.
    Admitted = 2,
    /// A known device with the same key got the certificate back that it has.
    Known = 3,
    /// A known device with the same key got a new certificate, since the one that it had is expired.
    Renewed = 4,
    /// A known device proved its former key and got a certificate for its new one.
    Rekeyed = 5,
}
same_variants!(tegata_enrollment = Enrollment { New, Admitted, Known, Renewed, Rekeyed });

/// By what certificates are counted.
#[repr(C)]
pub enum tegata_certificate_grouping {
    /// All together.
    Total = 1,
    /// By stored state.
    State = 2,
    /// By kind.
    Kind = 3,
    /// By the product whose they are.
    Product = 4,
    /// By the group of their devices.
    Group = 5,
    /// By authority.
    Authority = 6,
    /// By profile.
    Profile = 7,
    /// By the week in which they are due for renewal; weeks begin on Thursdays, as 1970 did.
    DueWeek = 8,
    /// By the kind of their keys.
    Algorithm = 9,
}
same_variants!(
    tegata_certificate_grouping =
        CertificateGrouping { Total, State, Kind, Product, Group, Authority, Profile, DueWeek, Algorithm }
);

/// How the files are encoded.
#[repr(C)]
pub enum tegata_encoding {
    /// Text; several certificates stand one after the other. The default.
    Pem = 1,
    /// Binary; where several certificates belong into one file, it is PKCS#7.
    Der = 2,
}
same_variants!(tegata_encoding = Encoding { Pem, Der });

/// For whom a file is written.
#[repr(C)]
pub enum tegata_pkcs12_target {
    /// AES-256 and SHA-256: everything of the last years, among it OpenSSL 1.1 and 3, Java, Windows 10, Android 12. The
    /// default.
    Modern = 1,
    /// Triple DES and SHA-1: older Windows, Apple and Android; everything newer opens it as well.
    Legacy = 2,
}
same_variants!(tegata_pkcs12_target = Pkcs12Target { Modern, Legacy });

//! Certificates as the registry keeps them, and what comes out when one is issued.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show, Time};
use crate::error::run;
use crate::macros::record;
use crate::records::Device;
use crate::secret::{SecretBytes, SecretText};
use crate::words::{
    CertificateKind, CertificateState, Enrollment, KeyAlgorithm, KeyOrigin, RevocationReason, Standing, SuspendCause,
};

record! {
    /// A certificate's record. The DER is kept apart, see `Document`.
    CertificateRecord(tegata::model::Certificate) {
        /// Names the certificate, from its request on.
        id: String,
        /// The serial number's octets; empty while pending.
        serial: Bytes,
        /// Who issues it.
        authority: String,
        /// Under which profile.
        profile: String,
        /// What it is for.
        kind: CertificateKind,
        /// Its state, but for what the clock adds.
        state: CertificateState,
        /// The product that it is for: as its credential, or for one of its units.
        product: Option<String>,
        /// The product whose credential it is. Apart from `product`, so that a product's few credentials are found without
        /// a look at the certificates of all its devices.
        credential_of: Option<String>,
        /// The device it was issued to.
        device: Option<String>,
        /// The group of that device.
        group: Option<String>,
        /// How many devices it is attached to.
        holders: u32,
        /// The subject's common name, unless it is an opaque one.
        name: Option<String>,
        /// When it was issued, or requested while pending.
        issued: Time,
        /// When it begins to be valid.
        not_before: Time,
        /// When it ends.
        not_after: Time,
        /// When it should be renewed; None when it needs no renewal (any more).
        renew_at: Option<Time>,
        /// Which of the owner's keys it certifies: 1 for the first, one more with each new key (NEC-53).
        key_number: u32,
        /// Where the private key was made.
        key_origin: KeyOrigin,
        /// The certificate that this one renews.
        renews: Option<String>,
        /// The certificate that renews this one.
        successor: Option<String>,
        /// Whether its holder said that it is installed. First certificates need no confirmation.
        confirmed: bool,
        /// When it ceases to count because its successor was issued; see the grace period.
        retires: Option<Time>,
        /// Who suspended it.
        suspended_by: Option<SuspendCause>,
        /// When it was revoked.
        revoked: Option<Time>,
        /// Why.
        reason: Option<RevocationReason>,
        /// Whether it was deleted: its record stays until notAfter, but is listed only on request.
        deleted: bool,
        /// What kind of key it certifies; None in records that the first version of the database wrote.
        algorithm: Option<KeyAlgorithm>,
        /// The campaign that asks for its renewal.
        campaign: Option<String>,
    }

    /// What it counts as at this time.
    fn standing(&self, now: Time) -> Standing {
        self.0.standing(now.0).show()
    }
}

record! {
    /// That a certificate is attached to a device, and since when (NAV-9).
    Assignment(tegata::model::Assignment) {
        /// The certificate.
        certificate: String,
        /// The device.
        device: String,
        /// Since when.
        since: Time,
    }
}

record! {
    /// A certificate that was issued, with all that its holder needs besides the private key (NAV-1, NEC-53).
    Issued(tegata::Issued) {
        /// Its record: serial number, key number, validity, state ...
        certificate: CertificateRecord,
        /// The certificate in DER.
        der: Bytes,
        /// The certificates above it in DER: its issuer first, the root last.
        chain: Vec<Bytes>,
    }

    /// The certificate as PEM.
    #[getter]
    fn pem(&self) -> String {
        self.0.pem()
    }

    /// The certificate and its chain as PEM, as servers want it.
    #[getter]
    fn fullchain_pem(&self) -> String {
        self.0.fullchain_pem()
    }

    /// The root's DER, if the chain has one.
    #[getter]
    fn root(&self) -> Option<Bytes> {
        self.0.root().show()
    }

    /// The serial number in hexadecimal.
    #[getter]
    fn serial(&self) -> String {
        self.0.serial()
    }
}

record! {
    /// A certificate that was issued for a key made here.
    IssuedWithKey(tegata::IssuedWithKey) {
        /// The certificate.
        issued: Issued,
        /// The private key (PKCS#8, RFC 5208, in DER); None when it is to be collected later.
        key: Option<SecretBytes>,
    }

    /// The algorithm of the certificate's key.
    #[getter]
    fn algorithm(&self, py: Python<'_>) -> PyResult<KeyAlgorithm> {
        run(py, || self.0.algorithm())
    }

    /// The private key as PEM (PKCS#8), if it was handed out.
    #[getter]
    fn key_pem(&self) -> Option<SecretText> {
        self.0.key_pem().show()
    }
}

record! {
    /// An enrolled device and its certificate.
    Enrolled(tegata::Enrolled) {
        /// The device.
        device: Device,
        /// Its certificate and chain.
        issued: Issued,
        /// What led to it.
        enrollment: Enrollment,
    }
}

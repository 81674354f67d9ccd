//! Enrollment: a product credential bootstraps a device certificate (PAP-6, PAP-7, PAP-15).
//!
//! The product credential is in every unit, so it proves the product and nothing more. What tells units apart is the
//! key that each makes for itself, and, where the policy asks for it, an identifier that was listed or a claim code:
//! the same key gets its certificate back, a known unit with another key is quarantined unless it also signs with
//! its former key, and a key never serves two devices. The device's ID is assigned here, never taken from the CSR.

mod decide;
mod issuance;
mod vouchers;

use std::fmt;

use super::Devices;
use crate::Result;
use crate::error::{CertificateError, Error};
use crate::id::GroupId;
use crate::key::Statement;
use crate::model::{Attributes, Device, check_name};
use crate::registry::bulk::Many;
use crate::registry::certificates::Issued;
use crate::registry::driver::Operation;
use crate::registry::{Bulk, Call};
use crate::x509::{Certificate as X509, VerifiedCsr};
use decide::plan;
pub(in crate::registry) use vouchers::Vouchers;

/// A unit's request to become a device.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Enroll {
    /// The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
    /// whoever ends the TLS session, or shown by `credential_signature`.
    pub credential: Vec<u8>,
    /// A signature by the credential's key over [`Statement::ProductCredential`] of the CSR's DER, as that key signs. When
    /// given, it must verify.
    pub credential_signature: Option<Vec<u8>>,
    /// The unit's own CSR (PEM or DER), for a key that it made itself.
    pub csr: Vec<u8>,
    /// The device's name; without one, its ID serves. Ignored for a device that is known already.
    pub name: Option<String>,
    /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so.
    pub unit: Option<String>,
    /// A one-time claim code; needed where the product's policy says so.
    pub claim_code: Option<String>,
    /// The group to join. Ignored for a device that is known already.
    pub group: Option<GroupId>,
    /// What else is known. Ignored for a device that is known already.
    pub attributes: Attributes,
    /// When the unit has a new key: a signature by its former key over [`Statement::FormerKey`] of the CSR's DER, as that
    /// key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
    pub former_key_signature: Option<Vec<u8>>,
}

impl Enroll {
    /// A request with the product credential and the unit's CSR, and nothing else.
    pub fn new(credential: impl Into<Vec<u8>>, csr: impl Into<Vec<u8>>) -> Self {
        Self { credential: credential.into(), csr: csr.into(), ..Self::default() }
    }

    /// The same request, naming the unit.
    #[must_use]
    pub fn for_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }
}

impl fmt::Debug for Enroll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A claim code is a secret until it is used, and the rest tells who asks.
        f.debug_struct("Enroll").field("claim_code", &self.claim_code.as_ref().map(|_| "..")).finish_non_exhaustive()
    }
}

/// What enrolling led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enrollment {
    /// A device that was not known got its first certificate.
    New,
    /// A device that was registered or discovered before got its first certificate.
    Admitted,
    /// A known device with the same key got the certificate back that it has.
    Known,
    /// A known device with the same key got a new certificate, since the one that it had is expired.
    Renewed,
    /// A known device proved its former key and got a certificate for its new one.
    Rekeyed,
}

/// An enrolled device and its certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The device.
    pub device: Device,
    /// Its certificate and chain.
    pub issued: Issued,
    /// What led to it.
    pub enrollment: Enrollment,
}

/// A request whose parts were read and verified.
struct Parsed {
    request: Enroll,
    credential: X509,
    csr: VerifiedCsr,
}

impl Parsed {
    fn new(request: &Enroll) -> Result<Self> {
        let credential = X509::from_bytes(&request.credential)?;
        let csr = VerifiedCsr::parse(&request.csr)?;
        if let Some(signature) = &request.credential_signature {
            let key = credential.public_key()?;
            key.verify(key.algorithm().signature(), &Statement::ProductCredential.message(csr.der()), signature)
                .map_err(|_| CertificateError::ProofInvalid)?;
        }
        if let Some(unit) = &request.unit {
            check_name("unit", unit)?;
        }
        request.attributes.check()?;
        Ok(Self { request: request.clone(), credential, csr })
    }

    fn content(&self) -> Vec<u8> {
        // Two values in DER, which says where they end, and the rest.
        let unit = self.request.unit.as_deref().unwrap_or_default().as_bytes();
        [self.credential.der(), self.csr.der(), unit].concat()
    }
}

impl Devices<'_> {
    /// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
    /// certificate, in one commit.
    ///
    /// # Errors
    /// Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`, `product.suspended`, `product.discontinued`,
    /// `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
    /// key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
    pub fn enroll(&self, request: &Enroll, call: &Call) -> Result<Enrolled> {
        let parsed = Parsed::new(request)?;
        let content = parsed.content();
        let operation = Operation { action: "device.enroll", content: &content };
        self.inner.change(call, operation, |view| plan(view, &parsed), |number| self.replay_enrolled(number))
    }

    /// Enrolls many units, with a result per item in their order.
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn enroll_many(&self, requests: &[Enroll], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Enrolled>>> {
        let many = Many {
            action: "device.enroll",
            content: &|item: &Result<Parsed>| item.as_ref().map(Parsed::content).unwrap_or_default(),
            plan: &|view, item| plan(view, item.as_ref().map_err(Clone::clone)?),
            replay: &|number| self.replay_enrolled(number),
        };
        // A credential that is new here is read with the first of its units; those after it are read together.
        let rows =
            |item: &Result<Parsed>| item.as_ref().map_or_else(|_| Vec::new(), |p| self.inner.rows_to_enroll_one(p));
        self.inner.change_many_as(call, requests, &Parsed::new, &rows, bulk, &many)
    }

    fn replay_enrolled(&self, certificate: u64) -> Result<Enrolled> {
        let issued = self.inner.issued(certificate)?;
        let device = issued.certificate.device.ok_or_else(|| Error::defect("an enrollment without a device"))?;
        Ok(Enrolled { device: self.get(device)?, issued, enrollment: Enrollment::Known })
    }
}

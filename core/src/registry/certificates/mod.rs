//! The handle for certificates.

mod algorithms;
mod attach;
mod delivery;
mod export;
mod find;
pub(in crate::registry) mod issue;
mod issued;
mod pending;
pub(in crate::registry) mod renew;
mod state;

pub use delivery::{HandOut, IssueWithKey};
pub use export::ExportFormat;
pub use find::{CertificateCount, CertificateFilter, CertificateGrouping};
pub use issue::Issue;
pub use issued::{Issued, IssuedWithKey};
pub use renew::{Renew, RenewWithKey};

use super::Inner;
use crate::Result;
use crate::error::CertificateError;
use crate::id::{AuthorityId, CertificateId};
use crate::key::pem;
use crate::model::{Certificate, Entity};

/// Certificates: issued for a CSR or with a key made here, renewed, suspended, revoked, attached to devices, exported.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// # let authority = tegata::doctest::authority(&registry)?;
/// # let csr = tegata::doctest::csr("pump-7")?;
/// use tegata::{Call, CertificateFilter, Issue, Page, RevocationReason, model::ProfileSpec};
/// let call = Call::by("operator");
/// let profile = registry.profiles().put("server", &ProfileSpec::device(), &call)?;
///
/// let issued = registry.certificates().issue(&Issue::new(csr, profile.id, authority.id), &call)?;
/// assert!(issued.fullchain_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert_eq!(issued.root(), Some(authority.certificate.as_slice()));
///
/// let found = registry.certificates().find(
///     &CertificateFilter { serial: Some(issued.serial()[4..12].to_owned()), ..CertificateFilter::default() },
///     &Page::of(10),
/// )?;
/// assert_eq!((found.total, found.items[0].id), (Some(1), issued.certificate.id));
///
/// registry.certificates().revoke(issued.certificate.id, RevocationReason::KeyCompromise, &call)?;
/// let crl = registry.authorities().crl(authority.id, &tegata::CrlOptions::default(), &call)?;
/// assert_eq!(crl.entries, 1);
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Certificates<'r> {
    inner: &'r Inner,
}

impl<'r> Certificates<'r> {
    pub(in crate::registry) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The record of a certificate, whatever its state.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: CertificateId) -> Result<Certificate> {
        Ok(self.inner.get_record::<Certificate, _>(id)?.record)
    }

    /// The record of the certificate with this serial number (its octets) that `authority` issued. The serial number
    /// leads straight to the record; nothing is searched.
    ///
    /// # Errors
    /// `certificate.unknown`; `input.unknown_id` for an unknown authority.
    pub fn by_serial(&self, authority: AuthorityId, serial: &[u8]) -> Result<Certificate> {
        Ok(self.inner.certificate_by_serial(authority, serial)?.ok_or(CertificateError::Unknown)?)
    }

    /// The certificate with its record and the certificates above it (NEC-6, NAV-4, NEC-53).
    ///
    /// # Errors
    /// `certificate.pending` or `certificate.denied` when it was not issued; `input.unknown_id`.
    pub fn issued(&self, id: CertificateId) -> Result<Issued> {
        self.inner.issued(self.inner.ids.number(id)?)
    }

    /// The certificate in DER.
    ///
    /// # Errors
    /// As [`issued`](Self::issued).
    pub fn der(&self, id: CertificateId) -> Result<Vec<u8>> {
        Ok(self.issued(id)?.der)
    }

    /// The certificate in PEM.
    ///
    /// # Errors
    /// As [`issued`](Self::issued).
    pub fn pem(&self, id: CertificateId) -> Result<String> {
        Ok(pem::encode("CERTIFICATE", &self.der(id)?).to_string())
    }

    /// The certificates above it in DER: its issuer first, the root last.
    ///
    /// # Errors
    /// As [`issued`](Self::issued).
    pub fn chain(&self, id: CertificateId) -> Result<Vec<Vec<u8>>> {
        Ok(self.issued(id)?.chain.to_vec())
    }
}

impl Inner {
    /// The record of the certificate with this serial number that `authority` issued, if there is one.
    pub(in crate::registry) fn certificate_by_serial(
        &self,
        authority: AuthorityId,
        serial: &[u8],
    ) -> Result<Option<Certificate>> {
        let issuer = self.issuer(authority)?;
        let Some(number) = issuer.number_in(serial) else { return Ok(None) };
        let found = self.find_record::<Certificate>(number)?.map(|stored| stored.record);
        Ok(found.filter(|record| record.authority == authority && record.serial == serial))
    }
}

/// Whom an event about `certificate` is about: its device, or itself.
pub(in crate::registry) fn subject_of(certificate: &Certificate) -> Entity {
    certificate.device.map_or(Entity::Certificate(certificate.id), Entity::Device)
}

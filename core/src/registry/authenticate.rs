//! Who is it: a presented certificate becomes a principal, or the first reason why not.
//!
//! The check is the AND over authority, certificate, device, product, assignment and clock, all read at this moment:
//! what is disabled or revoked a moment ago fails now. No write, and no signature check beyond what the presenter's
//! proof needs: a certificate counts because it is, octet for octet, one that this registry issued.

use std::sync::Arc;

use super::issuers::Issuer;
use super::{Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{CertificateError, DeviceError, Error, ProductError};
use crate::id::{CertificateId, DeviceId, ProductId, Serial};
use crate::key::Statement;
use crate::model::{Authority, Certificate, CertificateKind, Device, Document, Product};
use crate::store::record::{Stored, at, read};
use crate::store::{Row, RowRef};
use crate::x509::Certificate as X509;

/// How the presenter showed that it has the certificate's private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// In a TLS handshake that the caller ended itself. The caller vouches for that.
    TlsSession,
    /// By a signature over [`Statement::Challenge`] of a message that the caller chose afresh, as the key signs (DER
    /// ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
    Signature {
        /// What was signed: a challenge that was never used before.
        message: &'a [u8],
        /// The signature.
        signature: &'a [u8],
    },
}

/// What was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presented<'a> {
    /// A client certificate.
    Certificate {
        /// The certificate, PEM or DER; without its chain, which the registry knows.
        certificate: &'a [u8],
        /// That the presenter has its key.
        proof: Proof<'a>,
        /// Which device presents it; needed only where several hold one certificate.
        device: Option<DeviceId>,
    },
}

impl<'a> Presented<'a> {
    /// A certificate that came with a TLS session which the caller ended itself.
    pub const fn over_tls(certificate: &'a [u8]) -> Self {
        Self::Certificate { certificate, proof: Proof::TlsSession, device: None }
    }

    /// A certificate with a signature over [`Statement::Challenge`] of a message that the caller chose afresh.
    pub const fn signed(certificate: &'a [u8], message: &'a [u8], signature: &'a [u8]) -> Self {
        Self::Certificate { certificate, proof: Proof::Signature { message, signature }, device: None }
    }
}

/// Who it is, by what, until when (NEC-44).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// A device, by its own certificate.
    Device {
        /// Which.
        device: DeviceId,
        /// The product it is a unit of.
        product: Option<ProductId>,
        /// By which certificate.
        certificate: CertificateId,
        /// Until when the certificate counts, if nothing happens to it.
        until: Timestamp,
    },
    /// Some unit of a product, by the product credential: good for enrolling and nothing else.
    Product {
        /// Which.
        product: ProductId,
        /// By which certificate.
        certificate: CertificateId,
        /// Until when the certificate counts, if nothing happens to it.
        until: Timestamp,
    },
}

impl Registry {
    /// Who presents this?
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// # let enrolled = tegata::doctest::enrolled(&registry)?;
    /// use tegata::{Presented, Principal};
    /// match registry.authenticate(&Presented::over_tls(&enrolled.issued.der))? {
    ///     Principal::Device { device, .. } => assert_eq!(device, enrolled.device.id),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first reason that fails, in this order: `certificate.malformed`, `certificate.unknown`,
    /// `certificate.proof_invalid`, the authority's state, the certificate's (`certificate.revoked`,
    /// `certificate.suspended`, `certificate.expired` ...), `certificate.no_holder`, the device's (`device.disabled` ...) or
    /// the product's.
    pub fn authenticate(&self, presented: &Presented<'_>) -> Result<Principal> {
        let Presented::Certificate { certificate, proof, device } = *presented;
        let inner = &*self.inner;
        let presented = X509::from_bytes(certificate)?;
        let Recognised { certificate: found, issuer, .. } = inner.recognise(&presented, &[])?;
        if found.deleted {
            return Err(CertificateError::Unknown.into());
        }
        if let Proof::Signature { message, signature } = proof {
            let key = presented.public_key()?;
            let statement = Statement::Challenge.message(message);
            key.verify(key.algorithm().signature(), &statement, signature)
                .map_err(|_| CertificateError::ProofInvalid)?;
        }
        let now = inner.now()?;
        issuer.check_vouches(now)?;
        found.check_in_force(now)?;
        let until = found.retires.map_or(found.not_after, |retires| retires.min(found.not_after));
        let certificate = found.id;
        match found.kind {
            CertificateKind::Product => {
                let id = found.product.ok_or(ProductError::CredentialUnknown)?;
                inner.get_record::<Product, _>(id)?.check_active()?;
                Ok(Principal::Product { product: id, certificate, until })
            }
            CertificateKind::Device | CertificateKind::Other => {
                let id = inner.holder(&found, device)?;
                let holder = inner.get_record::<Device, _>(id)?;
                holder.check_valid()?;
                Ok(Principal::Device { device: id, product: holder.product, certificate, until })
            }
        }
    }
}

/// A presented certificate that is, octet for octet, one that this registry issued.
pub(super) struct Recognised {
    pub(super) certificate: Stored<Certificate>,
    /// Who issued it, as the store has it at this moment.
    pub(super) issuer: Arc<Issuer>,
    /// The other rows that were asked for, from the same snapshot.
    pub(super) others: Vec<Option<Row>>,
}

impl Inner {
    /// The record of a presented certificate: its serial number leads to the record, whose document must be the
    /// presented one. `others` are rows to be read along with it.
    pub(super) fn recognise(&self, presented: &X509, others: &[RowRef]) -> Result<Recognised> {
        let unknown = || Error::from(CertificateError::Unknown);
        let identifier = presented.extensions().authority_key_id.as_deref();
        let issuer = self.issuer_of(identifier, presented.issuer().as_der())?.ok_or_else(unknown)?;
        let serial = Serial::from_bytes(presented.serial()).ok_or_else(unknown)?;
        let number = issuer.serials.serial_number(serial);
        let authority = at::<Authority>(self.ids.number(issuer.id)?);
        let own = [at::<Certificate>(number), at::<Document>(number), authority];
        let mut rows = self.store()?.get(&[&own, others].concat())?;
        let asked = if rows.len() == own.len() + others.len() { rows.drain(..own.len()).collect() } else { Vec::new() };
        let [record, document, authority] =
            <[_; 3]>::try_from(asked).map_err(|_| Error::defect("a store answered with too few or too many rows"))?;
        let certificate = read::<Certificate>(record, &self.ids)?.ok_or_else(unknown)?;
        let document = read::<Document>(document, &self.ids)?.ok_or_else(unknown)?;
        // A pending record's document is its CSR, which no certificate equals.
        if document.der != presented.der() {
            return Err(unknown());
        }
        // Another process may have changed the authority since it was remembered here.
        let issuer = if authority.is_some_and(|row| row.version == issuer.stored.version) {
            issuer
        } else {
            self.issuers.forget();
            self.issuer(issuer.id)?
        };
        Ok(Recognised { certificate, issuer, others: rows })
    }

    /// The device that presents a certificate: the only one that holds it, or the one that is named.
    fn holder(&self, certificate: &Certificate, named: Option<DeviceId>) -> Result<DeviceId> {
        let holders: Vec<_> = self.holders(certificate.id)?.into_iter().map(|held| held.device).collect();
        match (holders.as_slice(), named) {
            ([], _) => Err(CertificateError::NoHolder.into()),
            (holders, Some(named)) if holders.contains(&named) => Ok(named),
            (_, Some(_)) => Err(DeviceError::Mismatch.into()),
            ([only], None) => Ok(*only),
            _ => Err(CertificateError::ManyHolders.into()),
        }
    }
}

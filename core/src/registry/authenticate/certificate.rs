//! A certificate that counts because it is, octet for octet, one that this registry issued.

use std::sync::Arc;

use super::{Credential, Principal, Proof};
use crate::Result;
use crate::error::{CertificateError, DeviceError, Error, ProductError};
use crate::id::DeviceId;
use crate::key::Statement;
use crate::model::{Authority, Certificate, CertificateKind, Device, Document, Product};
use crate::registry::Inner;
use crate::registry::issuers::Issuer;
use crate::store::record::{Stored, at, read};
use crate::store::{Row, RowRef};
use crate::x509::Certificate as X509;

impl Inner {
    /// Who presents this certificate?
    pub(super) fn authenticate_certificate(
        &self,
        certificate: &[u8],
        proof: Proof<'_>,
        device: Option<DeviceId>,
    ) -> Result<Principal> {
        if let Proof::Proxy { name, token } = proof {
            self.proxies.check(name, token)?;
        }
        let presented = X509::from_bytes(certificate)?;
        let Recognised { certificate: found, issuer, .. } = self.recognise(&presented, &[])?;
        if found.deleted {
            return Err(CertificateError::Unknown.into());
        }
        if let Proof::Signature { message, signature } = proof {
            let key = presented.public_key()?;
            let statement = Statement::Challenge.message(message);
            key.verify(key.algorithm().signature(), &statement, signature)
                .map_err(|_| CertificateError::ProofInvalid)?;
        }
        let now = self.now()?;
        issuer.check_vouches(now)?;
        found.check_in_force(now)?;
        let until = found.retires.map_or(found.not_after, |retires| retires.min(found.not_after));
        let certificate = found.id;
        match found.kind {
            CertificateKind::Product => {
                let id = found.product.ok_or(ProductError::CredentialUnknown)?;
                self.get_record::<Product, _>(id)?.check_active()?;
                Ok(Principal::Product { product: id, certificate, until })
            }
            CertificateKind::Device | CertificateKind::Other => {
                let id = self.holder(&found, device)?;
                let holder = self.get_record::<Device, _>(id)?;
                holder.check_valid()?;
                let credential = Credential::Certificate(certificate);
                Ok(Principal::Device { device: id, product: holder.product, credential, until: Some(until) })
            }
        }
    }
}

/// A presented certificate that is, octet for octet, one that this registry issued.
pub(in crate::registry) struct Recognised {
    pub(in crate::registry) certificate: Stored<Certificate>,
    /// Who issued it, as the store has it at this moment.
    pub(in crate::registry) issuer: Arc<Issuer>,
    /// The other rows that were asked for, from the same snapshot.
    pub(in crate::registry) others: Vec<Option<Row>>,
}

impl Inner {
    /// The record of a presented certificate: its serial number leads to the record, whose document must be the
    /// presented one. `others` are rows to be read along with it.
    pub(in crate::registry) fn recognise(&self, presented: &X509, others: &[RowRef]) -> Result<Recognised> {
        let unknown = || Error::from(CertificateError::Unknown);
        let identifier = presented.extensions().authority_key_id.as_deref();
        let issuer = self.issuer_of(identifier, presented.issuer().as_der())?.ok_or_else(unknown)?;
        let number = issuer.number_in(presented.serial()).ok_or_else(unknown)?;
        let authority = at::<Authority>(self.ids.number(issuer.id)?);
        let own = [at::<Certificate>(number), at::<Document>(number), authority];
        let mut rows = self.store()?.get(&[&own, others].concat())?;
        let asked = if rows.len() == own.len() + others.len() { rows.drain(..own.len()).collect() } else { Vec::new() };
        let [record, document, authority] =
            <[_; 3]>::try_from(asked).map_err(|_| Error::defect("a store answered with too few or too many rows"))?;
        let Some(certificate) = read::<Certificate>(record, &self.ids)? else {
            return Err(self.missing_certificate(presented, &issuer, number));
        };
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

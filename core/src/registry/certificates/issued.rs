//! What issuing answers with, and how it is put together again from the records.

use std::fmt;
use std::sync::Arc;

use crate::Result;
use crate::error::{Error, InputError, StoreError};
use crate::id::{CertificateKind, Entity};
use crate::key::{KeyAlgorithm, pem};
use crate::model::{Certificate, Document};
use crate::registry::Inner;
use crate::secret::Secret;
use crate::store::record::{Record, at, read};
use crate::x509::Certificate as X509;

/// A certificate that was issued, with all that its holder needs besides the private key (NAV-1, NEC-53).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// Its record: serial number, key number, validity, state ...
    pub certificate: Certificate,
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// The certificates above it in DER: its issuer first, the root last.
    pub chain: Arc<[Vec<u8>]>,
}

impl Issued {
    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// The certificate and the intermediates above it in PEM, without the root: what a TLS endpoint sends (RFC 8446,
    /// 4.4.2).
    pub fn fullchain_pem(&self) -> String {
        let above = self.chain.split_last().map_or(&[][..], |(_, intermediates)| intermediates);
        above.iter().fold(self.pem(), |text, der| text + &pem::encode("CERTIFICATE", der))
    }

    /// The root in DER, which those who check the certificate must trust.
    pub fn root(&self) -> Option<&[u8]> {
        self.chain.last().map(Vec::as_slice)
    }

    /// The serial number in upper-case hexadecimal.
    pub fn serial(&self) -> String {
        data_encoding::HEXUPPER.encode(&self.certificate.serial)
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The certificate's subject may name a person.
        f.debug_struct("Issued")
            .field("id", &self.certificate.id)
            .field("serial", &self.serial())
            .finish_non_exhaustive()
    }
}

/// A certificate that was issued for a key made here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedWithKey {
    /// The certificate.
    pub issued: Issued,
    /// The private key (PKCS#8, RFC 5208, in DER); `None` when it is to be collected later.
    pub key: Option<Secret<Vec<u8>>>,
}

impl IssuedWithKey {
    /// What kind of key was made.
    ///
    /// # Errors
    /// None for what the registry returned.
    pub fn algorithm(&self) -> Result<KeyAlgorithm> {
        Ok(X509::from_der(&self.issued.der)?.public_key()?.algorithm())
    }

    /// The private key in PEM, if it is here.
    pub fn key_pem(&self) -> Option<Secret<String>> {
        self.key.as_ref().map(|key| Secret::new(String::clone(&pem::encode("PRIVATE KEY", key.expose()))))
    }
}

impl Inner {
    /// The certificate with this record number as it was issued.
    pub(in crate::registry) fn issued(&self, number: u64) -> Result<Issued> {
        let mut rows = self.store()?.get(&[at::<Certificate>(number), at::<Document>(number)])?.into_iter();
        let certificate = read::<Certificate>(rows.next().flatten(), &self.ids)?
            .ok_or(InputError::UnknownId { what: CertificateKind::NAME })?
            .record;
        certificate.check_issued()?;
        let document = read::<Document>(rows.next().flatten(), &self.ids)?
            .ok_or_else(|| StoreError::Corrupt { at: format!("{} of row {number}", Document::TABLE.name) })?;
        let chain = Arc::clone(&self.issuer(certificate.authority)?.chain);
        Ok(Issued { certificate, der: document.record.der, chain })
    }

    /// The certificate with this record number, read.
    pub(in crate::registry) fn certified(&self, number: u64) -> Result<X509> {
        let document = self.find_record::<Document>(number)?.ok_or_else(|| {
            Error::from(StoreError::Corrupt { at: format!("{} of row {number}", Document::TABLE.name) })
        })?;
        X509::from_der(&document.record.der)
    }
}

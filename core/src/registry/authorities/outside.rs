//! Authorities that come from outside: taken over with their key, or certified by somebody else's CA.

use std::sync::Arc;

use super::make::{Newborn, OwnKey, birth, check, content, newborn};
use super::{Authorities, ImportAuthority, NewAuthority};
use crate::Result;
use crate::error::{AuthorityError, Error};
use crate::id::AuthorityId;
use crate::key::{PrivateKey, PublicKey};
use crate::model::{Authority, AuthorityState, Entity, SignerLocation, check_name};
use crate::registry::driver::{Operation, Plan};
use crate::registry::{Call, Inner};
use crate::store::Write;
use crate::x509::{Certificate as X509, KeyUsage, make_csr};

/// CRL numbers go on for as long as anybody will count.
const LAST_CRL_NUMBER: u64 = 1 << 62;

impl Authorities<'_> {
    /// Takes over an authority that exists, with its key and the certificates above it.
    ///
    /// # Errors
    /// `certificate.malformed`, `authority.not_ca` (version 1, no CA:TRUE, no keyCertSign, no cRLSign, no key
    /// identifier), `authority.chain_invalid`, `authority.path_length`, `authority.signer_mismatch`,
    /// `authority.name_taken`.
    pub fn import(&self, import: &ImportAuthority, call: &Call) -> Result<Authority> {
        check_name("authority name", &import.name)?;
        let inner = self.inner;
        let certificate = X509::from_bytes(&import.certificate)?;
        let key = match (&import.key, &import.signer) {
            (Some(bytes), None) => OwnKey::software(PrivateKey::from_bytes(bytes.expose())?),
            (None, Some(signer)) => OwnKey { signer: Arc::clone(signer), pkcs8: None },
            _ => return Err(Error::input("key", "and signer are alternatives; give exactly one")),
        };
        let identifier = check_ca(&certificate, key.public())?;
        let above = check_chain(&certificate, &import.chain)?;
        let serial_key = inner.draw::<16>()?;
        let content = [import.name.as_bytes(), b"\n", certificate.der(), &above].concat();
        let operation = Operation { action: "authority.import", content: &content };
        let made = inner.change(
            call,
            operation,
            |view| {
                let Newborn { number, mut record } =
                    newborn(view, &import.name, certificate.subject(), &key, &serial_key)?;
                record.key_identifier.clone_from(&identifier);
                record.not_before = certificate.not_before();
                record.not_after = certificate.not_after();
                record.certificate = certificate.der().to_vec();
                record.outside.clone_from(&above);
                let mut writes = birth(view, "authority.import", &record)?;
                writes.push(view.insert(&record)?);
                let (by, at_most) = (import.last_crl_number.min(LAST_CRL_NUMBER).cast_signed(), LAST_CRL_NUMBER);
                writes.push(Write::Add { counter: Inner::crl_numbers(number), by, at_most });
                Ok(Plan::done(number, writes, record))
            },
            |number| self.get(inner.ids.id(number)),
        )?;
        // A repeated request made no authority for the key of this one.
        if made.signer == SignerLocation::External && made.public_key == key.public().spki() {
            inner.issuers.connect(made.id, Arc::clone(&key.signer));
        }
        Ok(made)
    }

    /// Makes a key and a CSR for an authority that an outside CA is to certify; [`install`](Self::install) completes it.
    /// The CSR is in the record's `request`.
    ///
    /// # Errors
    /// As [`create_root`](Self::create_root).
    pub fn request(&self, new: &NewAuthority, call: &Call) -> Result<Authority> {
        check(new)?;
        let inner = self.inner;
        let key = OwnKey::make_or_use(new.algorithm, new.signer.as_ref())?;
        let serial_key = inner.draw::<16>()?;
        let csr = make_csr(&*key.signer, &new.subject, &[])?;
        let content = content(new, None);
        let operation = Operation { action: "authority.request", content: &content };
        let made = inner.change(
            call,
            operation,
            |view| {
                let Newborn { number, mut record } = newborn(view, &new.name, &new.subject, &key, &serial_key)?;
                record.state = AuthorityState::Requested;
                record.request = Some(csr.clone());
                let mut writes = birth(view, "authority.request", &record)?;
                writes.push(view.insert(&record)?);
                Ok(Plan::done(number, writes, record))
            },
            |number| self.get(inner.ids.id(number)),
        )?;
        // A repeated request made no authority for the key of this one.
        if made.signer == SignerLocation::External && made.public_key == key.public().spki() {
            inner.issuers.connect(made.id, Arc::clone(&key.signer));
        }
        Ok(made)
    }

    /// Installs what the outside CA issued for [`request`](Self::request): the certificate, and those above it as PEM.
    ///
    /// # Errors
    /// `authority.already_installed`, `authority.signer_mismatch` when it is for another key, `authority.not_ca`,
    /// `authority.chain_invalid`, `authority.path_length`.
    pub fn install(&self, id: AuthorityId, certificate: &[u8], chain: &[u8], call: &Call) -> Result<Authority> {
        let certificate = X509::from_bytes(certificate)?;
        let operation = Operation { action: "authority.install", content: certificate.der() };
        self.inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Authority, _>(id)?;
                if stored.state != AuthorityState::Requested {
                    return Err(AuthorityError::AlreadyInstalled.into());
                }
                let key = PublicKey::from_spki(&stored.public_key)?;
                let mut record = stored.record.clone();
                record.key_identifier = check_ca(&certificate, &key)?;
                record.outside = check_chain(&certificate, chain)?;
                record.state = AuthorityState::Active;
                record.subject = certificate.subject().clone();
                record.not_before = certificate.not_before();
                record.not_after = certificate.not_after();
                record.certificate = certificate.der().to_vec();
                record.request = None;
                let writes = vec![
                    view.update(stored.version, &record)?,
                    view.event("authority.install", Entity::Authority(id), None, Some(record.name.clone()))?,
                ];
                Ok(Plan::done(view.number_of(id)?, writes, record))
            },
            |_| self.get(id),
        )
    }
}

/// That a certificate can serve an authority with this key; its key identifier.
pub(super) fn check_ca(certificate: &X509, key: &PublicKey) -> Result<Vec<u8>> {
    if certificate.spki() != key.spki() {
        return Err(AuthorityError::SignerMismatch.into());
    }
    let wanted = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
    let extensions = certificate.extensions();
    let usage = extensions.key_usage.is_some_and(|usage| usage.contains(wanted));
    match &extensions.subject_key_id {
        Some(identifier) if certificate.is_ca() && usage && !certificate.subject().is_empty() => Ok(identifier.clone()),
        _ => Err(AuthorityError::NotCa.into()),
    }
}

/// That `chain` leads from `certificate` to a self-signed root, each signed by the next; the concatenated DER.
fn check_chain(certificate: &X509, chain: &[u8]) -> Result<Vec<u8>> {
    let invalid = |reason: &str| AuthorityError::ChainInvalid { reason: reason.to_owned() };
    let above = if chain.is_empty() { Vec::new() } else { X509::many_from_pem(chain)? };
    let mut below = certificate;
    let mut authorities = 0;
    let mut ders = Vec::new();
    for next in &above {
        if below.issuer() != next.subject() {
            return Err(invalid(
                "a certificate's issuer is not the subject of the next; order it from the authority upwards",
            )
            .into());
        }
        below.verify_signed_by(&next.public_key()?).map_err(|_| invalid("a signature does not verify"))?;
        let usage = next.extensions().key_usage;
        if !next.is_ca() || usage.is_some_and(|usage| !usage.contains(KeyUsage::KEY_CERT_SIGN)) {
            return Err(invalid("one of its certificates is not a CA's").into());
        }
        // Self-issued ones do not count (RFC 5280, 4.2.1.9).
        authorities += usize::from(!below.is_self_issued());
        if next.path_len().is_some_and(|limit| usize::from(limit) < authorities) {
            return Err(AuthorityError::PathLength.into());
        }
        ders.extend_from_slice(next.der());
        below = next;
    }
    if !below.is_self_issued() {
        return Err(invalid("it ends before a self-signed root; add the missing certificates").into());
    }
    below.verify_signed_by(&below.public_key()?).map_err(|_| invalid("the root's own signature does not verify"))?;
    Ok(ders)
}

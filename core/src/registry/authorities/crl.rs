//! CRLs: complete ones, made from the revocations' own table.

use super::Authorities;
use crate::Result;
use crate::error::{CertificateError, Error, InputError, SignerError};
use crate::id::AuthorityId;
use crate::key::{PublicKey, SignatureAlgorithm, Signer, sign_with};
use crate::model::{Crl, Entity, Revocation, SignerLocation};
use crate::registry::driver::Operation;
use crate::registry::page::Wanted;
use crate::registry::{Call, Inner};
use crate::store::record::Cell;
use crate::store::{Counter, Write};
use crate::x509::{CrlTemplate, CrlWriter};

/// How a CRL is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlOptions {
    /// When the next one will have come, in hours; 1 to 8,784 (a leap year).
    pub next_update_hours: u32,
}

impl Default for CrlOptions {
    /// A week.
    fn default() -> Self {
        Self { next_update_hours: 168 }
    }
}

impl Authorities<'_> {
    /// Makes the authority's CRL anew: every certificate of it that is revoked, or on hold under a profile that says so.
    /// Certificates whose grace period has ended are revoked (superseded) first.
    ///
    /// # Errors
    /// `authority.compromised`, `authority.expired`, `authority.signer_missing`; signer and store errors.
    pub fn crl(&self, id: AuthorityId, options: &CrlOptions, call: &Call) -> Result<Crl> {
        if !(1..=8_784).contains(&options.next_update_hours) {
            return Err(Error::input("next_update_hours", "is not within 1 to 8784"));
        }
        let inner = self.inner;
        inner.issuer(id)?.signs(inner.now()?)?;
        inner.retire_superseded(Some(id), call)?;
        // The number is taken before the revocations are read, so a later number never lists fewer.
        let counter = Inner::crl_numbers(inner.ids.number(id)?);
        let number = inner.store()?.reserve(counter, 1)?.start;
        let operation = Operation { action: "crl.issue", content: id.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let issuer = inner.issuer(id)?;
                let signer = issuer.signs(view.now)?;
                let template = CrlTemplate {
                    issuer: &issuer.subject,
                    number,
                    this_update: view.now,
                    next_update: view.now.plus(i64::from(options.next_update_hours) * 3_600),
                    authority_key_id: &issuer.key_identifier,
                    delta_base: None,
                };
                let wanted = Wanted::default().eq("authority", id.to_value(&inner.ids));
                let expected = inner.tally::<Revocation>(wanted.clone(), None, None)?.first().map_or(0, |(_, n)| *n);
                let expected = usize::try_from(expected).unwrap_or(0);
                let mut writer = CrlWriter::new(&template, signer.algorithm(), expected)?;
                let mut entries = 0;
                inner.scan::<Revocation>(&wanted, |revocation| {
                    entries += 1;
                    writer.push(&revocation.serial, revocation.at, revocation.reason)
                })?;
                let crl = Crl {
                    authority: id,
                    number,
                    this_update: template.this_update,
                    next_update: template.next_update,
                    entries,
                    der: match issuer.signer {
                        SignerLocation::Store => writer.sign(&*signer)?,
                        SignerLocation::External => writer.sign(&Checked(&*signer))?,
                    },
                };
                let detail = format!("number {number}, {entries} entries");
                let mut changes =
                    vec![issuer.require(view)?, view.event("crl.issue", Entity::Authority(id), None, Some(detail))?];
                changes.extend(newest(view.find::<Crl>(view.number_of(id)?)?, &crl, inner)?);
                Ok(crate::registry::driver::Plan::done(number, changes, crl))
            },
            |_| self.current_crl(id),
        )
    }

    /// The newest CRL that was made.
    ///
    /// # Errors
    /// `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
    pub fn current_crl(&self, id: AuthorityId) -> Result<Crl> {
        let crl = self
            .inner
            .find_record::<Crl>(self.inner.ids.number(id)?)?
            .ok_or(InputError::UnknownId { what: "CRL" })?
            .record;
        if self.inner.now()? > crl.next_update {
            return Err(CertificateError::CrlStale.into());
        }
        Ok(crl)
    }
}

/// A signer outside, whose signatures are checked before they are used: it may be broken.
struct Checked<'s>(&'s dyn Signer);

impl Signer for Checked<'_> {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = sign_with(self.0, message)?;
        let checked = self.public_key().verify(self.algorithm(), message, &signature);
        checked.map(|()| signature).map_err(|_| SignerError::BadSignature)
    }
}

/// Keeps `crl`, unless somebody else made a newer one meanwhile.
fn newest(kept: Option<crate::store::record::Stored<Crl>>, crl: &Crl, inner: &Inner) -> Result<Option<Write>> {
    use crate::store::Expect;
    use crate::store::record::put;
    match kept {
        None => put(crl, Expect::Absent, &inner.ids).map(Some),
        Some(kept) if kept.number < crl.number => put(crl, Expect::Version(kept.version), &inner.ids).map(Some),
        Some(_) => Ok(None),
    }
}

impl Inner {
    /// Numbers the CRLs of an authority.
    pub(in crate::registry) const fn crl_numbers(authority: u64) -> Counter {
        Counter { name: "crl", of: authority }
    }
}

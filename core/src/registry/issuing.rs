//! Making a certificate, for whoever it is: the part that enrollment, issue, renewal and product credentials share.

use std::sync::Arc;

use super::Inner;
use super::driver::{ToSign, View};
use super::issuers::Issuer;
use crate::Result;
use crate::id::{CertificateId, DeviceId, ProductId, ProfileId};
use crate::key::PublicKey;
use crate::model::{
    Assignment, Certificate, CertificateKind, CertificateState, Device, Document, Group, KeyOrigin, Owner,
    SignerLocation,
};
use crate::policy::{Applicant, CompiledProfile, Decided, Issuance, IssuerView, KeySource};
use crate::store::record::Record;
use crate::store::{Expect, Row, Value, Write};
use crate::x509::{Attribute, Name};

/// What is to be certified, for whom, by whom.
pub(super) struct Request<'a> {
    pub(super) profile_id: ProfileId,
    pub(super) profile: &'a CompiledProfile,
    pub(super) issuer: &'a Arc<Issuer>,
    pub(super) kind: CertificateKind,
    pub(super) product: Option<ProductId>,
    pub(super) device: Option<&'a Device>,
    pub(super) applicant: Applicant<'a>,
    pub(super) source: KeySource<'a>,
    pub(super) key_number: u32,
    pub(super) key_origin: KeyOrigin,
    /// The certificate that is renewed.
    pub(super) renews: Option<CertificateId>,
}

/// A certificate that only lacks its signature.
pub(super) struct Draft {
    pub(super) record: Certificate,
    pub(super) number: u64,
    pub(super) subject: Name,
    pub(super) sign: ToSign,
    /// What must still hold when it is committed.
    pub(super) requires: Vec<Write>,
}

impl Inner {
    /// Decides on a certificate with a fresh record number.
    pub(super) fn draft(&self, view: &View<'_>, request: &Request<'_>) -> Result<Draft> {
        let number = view.number::<Certificate>()?;
        self.draft_as(view, request, number)
    }

    /// Decides on a certificate with the record number it already has.
    pub(super) fn draft_as(&self, view: &View<'_>, request: &Request<'_>, number: u64) -> Result<Draft> {
        let issuer = request.issuer;
        let signer = issuer.issues(view.now)?;
        let serial = issuer.serial(number, view.seed()?);
        let shard = issuer.crls.as_ref().map_or(0, |scheme| scheme.shard_of(number));
        let bound = self.bound(request.profile_id, request.profile, issuer, shard)?;
        let facts = IssuerView {
            subject: &issuer.subject,
            key_identifier: &issuer.key_identifier,
            not_after: issuer.not_after,
            algorithm: signer.algorithm(),
        };
        let issuance = Issuance { issuer: facts, bound: &bound, serial: &serial, now: view.now };
        let decided = request.profile.decide(&request.applicant, request.source, &issuance)?;
        let Decided { tbs, subject, not_before, not_after, renew_at } = decided;
        if request.applicant.subject.is_none()
            && !request.profile.subject_is_unique()
            && self.holds_foreign_id(&subject, request.applicant.id)
        {
            return Err(crate::error::CsrError::SubjectBound.into());
        }
        let group = request.device.and_then(|device| device.group);
        let mut requires = vec![issuer.require(view)?];
        let mut days = None;
        if let Some(group) = group {
            let group = view.get::<Group, _>(group)?;
            days = group.certificate_days;
            requires.push(view.require(&group)?);
        }
        let mut record = Certificate {
            id: self.ids.id(number),
            serial: serial.as_bytes().to_vec(),
            authority: issuer.id,
            profile: request.profile_id,
            kind: request.kind,
            state: CertificateState::Active,
            product: request.product,
            credential_of: request.product.filter(|_| request.kind == CertificateKind::Product),
            device: request.device.map(|device| device.id),
            group,
            holders: 0,
            name: Self::searchable_name(&subject, &request.applicant),
            issued: view.now,
            not_before,
            not_after,
            renew_at: Some(renew_at),
            key_number: request.key_number,
            key_origin: request.key_origin,
            renews: request.renews,
            successor: None,
            confirmed: request.renews.is_none(),
            retires: None,
            suspended_by: None,
            revoked: None,
            reason: None,
            deleted: false,
            algorithm: Some(request.source.key().algorithm()),
            campaign: None,
            shard: (shard > 0).then_some(shard),
        };
        if days.is_some() {
            record.renew_at = Some(self.due_of(&record, days)?);
        }
        Ok(Draft {
            record,
            number,
            subject,
            sign: ToSign { check: issuer.signer == SignerLocation::External, signer, tbs },
            requires,
        })
    }

    /// The common name, unless it is opaque: nobody searches for what nobody can know.
    fn searchable_name(subject: &Name, applicant: &Applicant<'_>) -> Option<String> {
        subject.values(Attribute::CommonName).into_iter().next().filter(|name| name != applicant.id)
    }

    /// The documents' row of a certificate. It needs no identifiers, so it can be made after signing.
    pub(super) fn document(number: u64, der: Vec<u8>) -> Write {
        Write::Put(
            Row { table: Document::TABLE, key: number, version: 0, values: vec![Value::Bytes(der)] },
            Expect::Any,
        )
    }

    /// A certificate's attachment to a device.
    pub(super) fn attachment(view: &View<'_>, certificate: CertificateId, device: DeviceId) -> Result<Write> {
        let key = view.number::<Assignment>()?;
        view.insert(&Assignment { key, certificate, device, since: view.now })
    }
}

impl Draft {
    /// The writes but for the DER: the record, new, and what must still hold.
    pub(super) fn writes(&self, view: &View<'_>) -> Result<Vec<Write>> {
        let mut writes = self.requires.clone();
        writes.push(view.insert(&self.record)?);
        Ok(writes)
    }

    /// The writes that keep this key and, unless it is opaque, this subject for `owner` alone.
    pub(super) fn claims(
        &self,
        view: &View<'_>,
        profile: &CompiledProfile,
        key: &PublicKey,
        owner: Owner,
    ) -> Result<Vec<Write>> {
        let mut writes = view.claim(view.registry.key_tag(key), owner, crate::error::CsrError::KeyBound)?;
        if !profile.subject_is_unique() {
            let tag = view.registry.subject_tag(&self.subject);
            writes.extend(view.claim(tag, owner, crate::error::CsrError::SubjectBound)?);
        }
        Ok(writes)
    }
}

//! Product credentials: made with the product, renewed in batches, revoked without touching what they bootstrapped.

use std::sync::Arc;

use super::{NewProduct, Products, RegisteredProduct, check};
use crate::Result;
use crate::error::{Error, ProductError};
use crate::id::{CertificateId, ProductId};
use crate::key::KeyAlgorithm;
use crate::model::{Certificate, CertificateKind, Entity, KeyOrigin, Owner, Product, ProductState};
use crate::policy::Applicant;
use crate::policy::KeySource;
use crate::registry::certificates::issue::Prepared;
use crate::registry::certificates::{HandOut, IssuedWithKey};
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::handout::ServerKey;
use crate::registry::issuing::{Draft, Request};
use crate::registry::page::Wanted;
use crate::registry::{Call, Inner};
use crate::store::Write;
use crate::store::record::Cell;
use crate::x509::RevocationReason;

impl Products<'_> {
    /// Registers a product and issues its first credential, in one commit (PAP-4, PAP-5): the server makes key and
    /// certificate, whose subject names the product and no unit.
    ///
    /// # Errors
    /// `product.name_taken`, `profile.no_server_key`, `profile.server_key_algorithm`, the authority's state, `input.*`.
    pub fn register(&self, new: &NewProduct, call: &Call) -> Result<RegisteredProduct> {
        let inner = self.inner;
        check(&new.spec.name, &new.spec.information, &new.spec.enrollment)?;
        inner.profile(new.device_profile)?;
        let algorithm = inner.profile(new.credential_profile)?.server_key(new.algorithm)?;
        let key = ServerKey::make(algorithm)?;
        let content = format!("{new:?}");
        let operation = Operation { action: "product.register", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let number = view.number::<Product>()?;
                let mut product = Product {
                    id: inner.ids.id(number),
                    name: new.spec.name.clone(),
                    state: ProductState::Active,
                    authority: inner.issuer(new.authority)?.id,
                    credential_profile: new.credential_profile,
                    device_profile: new.device_profile,
                    subject: None,
                    policy: new.spec.enrollment.clone(),
                    information: new.spec.information.clone(),
                    created: view.now,
                    updated: view.now,
                };
                view.check_name_free::<Product>(&product.name, view.number_of(product.id)?, ProductError::NameTaken)?;
                let (draft, mut writes) = draft_credential(view, &product, &key, new.hand_out, 1)?;
                product.subject = Some(draft.subject.clone());
                writes.push(view.insert(&product)?);
                let entity = Entity::Certificate(draft.record.id);
                writes.push(view.event("product.register", Entity::Product(product.id), Some(entity), None)?);
                let plan = complete(view, &product, draft, writes, &key, new.hand_out)?;
                Ok(plan.map(move |credential| RegisteredProduct { product, credential }))
            },
            |certificate| {
                let credential = inner.delivered(certificate, new.hand_out, call)?;
                let id = credential
                    .issued
                    .certificate
                    .product
                    .ok_or_else(|| Error::defect("a credential without a product"))?;
                Ok(RegisteredProduct { product: self.get(id)?, credential })
            },
        )
    }

    /// Issues another credential with a new key, for the next batch of units. Units with an earlier one go on enrolling until
    /// that expires or is revoked. After a rebuild, the newest generation of the product's authority issues it.
    ///
    /// # Errors
    /// `product.discontinued`, and as [`register`](Self::register).
    pub fn renew_credential(
        &self,
        id: ProductId,
        algorithm: Option<KeyAlgorithm>,
        hand_out: HandOut,
        call: &Call,
    ) -> Result<IssuedWithKey> {
        let inner = self.inner;
        let profile = self.get(id)?.credential_profile;
        let key = ServerKey::make(inner.profile(profile)?.server_key(algorithm)?)?;
        let content = format!("{id} {algorithm:?} {hand_out:?}");
        let operation = Operation { action: "product.renew_credential", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let product = view.get::<Product, _>(id)?;
                if product.state == ProductState::Discontinued {
                    return Err(ProductError::Discontinued.into());
                }
                let number = inner.last_key_number(id)?.saturating_add(1);
                let (draft, mut writes) = draft_credential(view, &product, &key, hand_out, number)?;
                // The product's version grows, so that two renewals at once do not share a key number.
                writes.push(view.update(product.version, &product.record)?);
                let entity = Entity::Certificate(draft.record.id);
                writes.push(view.event("product.renew_credential", Entity::Product(id), Some(entity), None)?);
                complete(view, &product, draft, writes, &key, hand_out)
            },
            |certificate| inner.delivered(certificate, hand_out, call),
        )
    }

    /// The product's credentials, the oldest first.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn credentials(&self, id: ProductId) -> Result<Vec<Certificate>> {
        self.get(id)?;
        let mut all = Vec::new();
        let wanted = Wanted::default().eq("credential_of", id.to_value(&self.inner.ids));
        self.inner.scan::<Certificate>(&wanted, |certificate| {
            all.push(certificate.record);
            Ok(())
        })?;
        Ok(all)
    }

    /// Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.
    ///
    /// # Errors
    /// `product.credential_unknown` when the certificate is none; `certificate.already_revoked`.
    pub fn revoke_credential(
        &self,
        credential: CertificateId,
        reason: RevocationReason,
        call: &Call,
    ) -> Result<Certificate> {
        let inner = self.inner;
        let content = format!("{credential} {reason}");
        let operation = Operation { action: "product.revoke_credential", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Certificate, _>(credential)?;
                let (CertificateKind::Product, Some(product)) = (stored.kind, stored.product) else {
                    return Err(ProductError::CredentialUnknown.into());
                };
                let (changed, mut writes) = view.revoke(&stored, reason)?;
                let entity = Entity::Certificate(credential);
                let detail = Some(reason.to_string());
                writes.push(view.event("product.revoke_credential", Entity::Product(product), Some(entity), detail)?);
                Ok(Plan::done(view.number_of(credential)?, writes, changed))
            },
            |number| Ok(inner.issued(number)?.certificate),
        )
    }
}

impl Inner {
    /// The number of the newest of a product's keys; 0 when it has none.
    pub(in crate::registry) fn last_key_number(&self, product: ProductId) -> Result<u32> {
        let mut last = 0;
        let wanted = Wanted::default().eq("credential_of", product.to_value(&self.ids));
        self.scan::<Certificate>(&wanted, |credential| {
            last = last.max(credential.key_number);
            Ok(())
        })?;
        Ok(last)
    }
}

/// A credential that only lacks its signature, with the writes that go with it.
fn draft_credential(
    view: &View<'_>,
    product: &Product,
    key: &ServerKey,
    hand_out: HandOut,
    key_number: u32,
) -> Result<(Draft, Vec<Write>)> {
    let inner = view.registry;
    let profile = inner.profile(product.credential_profile)?;
    let issuer = inner.current_issuer(product.authority)?;
    let id = product.id.to_string();
    let draft = inner.draft(
        view,
        &Request {
            profile_id: product.credential_profile,
            profile: &profile,
            issuer: &issuer,
            kind: CertificateKind::Product,
            product: Some(product.id),
            device: None,
            applicant: Applicant { id: &id, name: Some(&product.name), unit: None, subject: product.subject.as_ref() },
            source: KeySource::Known(key.public()),
            key_number,
            key_origin: KeyOrigin::Server,
            renews: None,
        },
    )?;
    let mut writes = draft.writes(view)?;
    writes.extend(draft.claims(view, &profile, key.public(), Owner::Product(product.id))?);
    writes.push(view.deliver(draft.number, key, &profile, hand_out)?);
    Ok((draft, writes))
}

fn complete(
    view: &View<'_>,
    product: &Product,
    draft: Draft,
    writes: Vec<Write>,
    key: &ServerKey,
    hand_out: HandOut,
) -> Result<Plan<'static, IssuedWithKey>> {
    let chain = Arc::clone(&view.registry.current_issuer(product.authority)?.chain);
    let key = key.released(hand_out);
    Ok(Prepared { draft, writes, chain }.plan(|issued| IssuedWithKey { issued, key }))
}

//! Authorities over time: rebuilt under a new key, certified across, listed by their parents when compromised.

use std::sync::Arc;

use super::make::{
    AUTHORITY_BIT, CaTemplate, Newborn, OwnKey, by_parent, check_days, finish, key_claim, newborn, self_signed,
};
use super::outside::check_ca;
use super::{Authorities, Rebuild};
use crate::Result;
use crate::error::{AuthorityError, Error};
use crate::id::AuthorityId;
use crate::key::PublicKey;
use crate::model::{Authority, AuthorityState, Entity, Revocation, SignerLocation, scope};
use crate::registry::Call;
use crate::registry::driver::{Done, Operation, Plan, ToSign, View};
use crate::registry::issuers::split_ders;
use crate::store::Write;
use crate::x509::{Attribute, Certificate as X509, Name, RevocationReason};

/// The old subject with the generation at the end of its common name: `CN=Example Root G2`.
fn next_subject(old: &Authority, generation: u32) -> Result<Name> {
    let suffix = format!(" G{generation}");
    let previous = format!(" G{}", old.generation);
    let mut builder = Name::builder();
    let mut named = false;
    for rdn in old.subject.attributes() {
        let mut parts = Vec::with_capacity(rdn.len());
        for part in rdn {
            let attribute = part.attribute().ok_or_else(needs_subject)?;
            let value = if attribute == Attribute::CommonName && !named {
                named = true;
                format!("{}{suffix}", part.value.strip_suffix(&previous).unwrap_or(&part.value))
            } else {
                part.value
            };
            parts.push((attribute, value));
        }
        let parts: Vec<_> = parts.iter().map(|(attribute, value)| (*attribute, value.as_str())).collect();
        builder = builder.push_rdn(&parts);
    }
    if !named {
        return Err(needs_subject());
    }
    builder.build()
}

fn needs_subject() -> Error {
    Error::input("subject", "must be given, since no new one can be derived from the old one")
}

impl Authorities<'_> {
    /// Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires in the
    /// same moment: it still revokes and signs CRLs, and what it issued stays valid. What referred to the old one
    /// (products, renewals) is issued by the new one from now on.
    ///
    /// # Errors
    /// When the authority is not the newest generation, or waits for its certificate; `input.invalid` for a subject or a
    /// validity that cannot be; as
    /// [`create_intermediate`](Self::create_intermediate).
    pub fn rebuild(&self, id: AuthorityId, rebuild: &Rebuild, call: &Call) -> Result<Authority> {
        let inner = self.inner;
        let old = self.get(id)?;
        rebuild.validity_days.map_or(Ok(()), check_days)?;
        let key = OwnKey::make_or_use(rebuild.algorithm.unwrap_or(old.algorithm), rebuild.signer.as_ref())?;
        let serial_key = inner.draw::<16>()?;
        let Rebuild { subject, algorithm, validity_days, signer } = rebuild;
        let signer = signer.as_ref().map(|signer| signer.public_key().spki());
        let subject = subject.as_ref().map(Name::as_der);
        let content = format!("{id} {subject:?} {algorithm:?} {validity_days:?} {signer:?}");
        let operation = Operation { action: "authority.rebuild", content: content.as_bytes() };
        let made = inner.change(
            call,
            operation,
            |view| {
                let old = view.get::<Authority, _>(id)?;
                if old.state == AuthorityState::Requested {
                    return Err(AuthorityError::NotInstalled.into());
                }
                if old.successor.is_some() {
                    return Err(AuthorityError::Retired.into());
                }
                let generation = old.generation.saturating_add(1);
                let subject = match &rebuild.subject {
                    Some(subject) if *subject == old.subject => {
                        return Err(Error::input(
                            "subject",
                            "is the old generation's; give the new one a name of its own",
                        ));
                    }
                    Some(subject) => subject.clone(),
                    None => next_subject(&old, generation)?,
                };
                let Newborn { number, mut record } = newborn(view, &old.name, &subject, &key, &serial_key)?;
                let validity = match rebuild.validity_days {
                    Some(days) => i64::from(days) * 86_400,
                    None => old.not_after.since(old.not_before),
                };
                record.generation = generation;
                record.predecessor = Some(id);
                record.parent = old.parent;
                record.not_before = view.now.plus(-300);
                record.not_after = view.now.plus(validity);
                let lists = super::crl::inherited(view, &mut record, &old)?;
                let (sign, requires) = self.certify_next(view, number, &mut record, &old, &key)?;
                let mut retired = old.record.clone();
                retired.successor = Some(record.id);
                if retired.state == AuthorityState::Active {
                    retired.state = AuthorityState::Retired;
                }
                let mut writes = requires;
                writes.extend(lists);
                writes.push(view.update(old.version, &retired)?);
                writes.extend(key_claim(view, &record)?);
                writes.push(view.event(
                    "authority.rebuild",
                    Entity::Authority(id),
                    Some(Entity::Authority(record.id)),
                    Some(format!("{} generation {generation}", record.name)),
                )?);
                Ok(finish(inner, number, record, sign, writes))
            },
            |number| self.get(inner.ids.id(number)),
        )?;
        // A repeated request made no authority for the key of this one.
        if made.signer == SignerLocation::External && made.public_key == key.public().spki() {
            inner.issuers.connect(made.id, Arc::clone(&key.signer));
        }
        Ok(made)
    }

    /// A root certifies itself; an intermediate is certified by its parent's newest generation.
    fn certify_next(
        &self,
        view: &View<'_>,
        number: u64,
        record: &mut Authority,
        old: &Authority,
        key: &OwnKey,
    ) -> Result<(ToSign, Vec<Write>)> {
        let before = X509::from_der(&old.certificate)?;
        let ca = CaTemplate {
            subject: &record.subject,
            key: key.public(),
            key_identifier: &record.key_identifier,
            path_len: before.path_len(),
            not_before: record.not_before,
            not_after: record.not_after,
            crl_urls: &before.extensions().crl_distribution_points,
            issuer_urls: &before.extensions().ca_issuers,
        };
        let Some(parent) = old.parent else {
            if !before.is_self_issued() {
                return Err(Error::input("authority", "was certified outside; request a new one and install it"));
            }
            return Ok((self_signed(view, number, &ca, key)?, Vec::new()));
        };
        let parent = self.inner.current_issuer(parent)?;
        // The new generation lives no longer than its parent.
        let not_after = record.not_after.min(parent.not_after);
        let signed = by_parent(view, number, &CaTemplate { not_after, ..ca }, &parent)?;
        record.not_after = not_after;
        record.parent = Some(parent.id);
        Ok(signed)
    }

    /// Certifies the key and subject of `id` by `by` as well, so that those who trust only `by` (an older generation,
    /// another hierarchy) can follow. Returns the cross-certificate in DER; it is kept with the authority.
    ///
    /// # Errors
    /// The states of both; `authority.validity_exceeds_issuer` never: the cross-certificate ends with the earlier one.
    pub fn cross_certify(&self, id: AuthorityId, by: AuthorityId, call: &Call) -> Result<Vec<u8>> {
        let inner = self.inner;
        let operation =
            Operation { action: "authority.cross_certify", content: &[*id.as_bytes(), *by.as_bytes()].concat() };
        inner.change(
            call,
            operation,
            |view| {
                let subject = view.get::<Authority, _>(id)?;
                subject.check_signs(view.now)?;
                let issuer = inner.issuer(by)?;
                if issuer.id == id {
                    return Err(Error::input("authority", "cannot certify itself across; name another one"));
                }
                let certificate = X509::from_der(&subject.certificate)?;
                let key = PublicKey::from_spki(&subject.public_key)?;
                check_ca(&certificate, &key)?;
                let signer = issuer.signs(view.now)?;
                let ca = CaTemplate {
                    subject: &subject.subject,
                    key: &key,
                    key_identifier: &subject.key_identifier,
                    path_len: certificate.path_len(),
                    not_before: view.now.plus(-300),
                    not_after: subject.not_after.min(issuer.not_after),
                    crl_urls: &[],
                    issuer_urls: &[],
                };
                let number = view.number::<Authority>()?;
                let serial = issuer.serial(number | AUTHORITY_BIT, view.seed()?);
                let tbs = ca.tbs(serial.as_bytes(), &issuer.subject, &issuer.key_identifier, &*signer)?;
                let event = view.event(
                    "authority.cross_certify",
                    Entity::Authority(id),
                    Some(Entity::Authority(by)),
                    Some(subject.name.clone()),
                )?;
                let require = issuer.require(view)?;
                let result = view.number_of(id)?;
                let (version, mut record) = (subject.version, subject.record.clone());
                Ok(Plan::signed(vec![ToSign::checked(signer, tbs)], move |mut ders| {
                    let der = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
                    record.outside.extend_from_slice(&der);
                    let put = crate::store::record::put(&record, crate::store::Expect::Version(version), &inner.ids)?;
                    Ok(Done { writes: vec![require, put, event], output: Ok(der), result })
                }))
            },
            |number| {
                let authority = inner.get_record::<Authority, _>(inner.ids.id::<crate::id::AuthorityKind>(number))?;
                split_ders(&authority.outside).pop().ok_or_else(|| Error::defect("a cross-certificate is missing"))
            },
        )
    }
}

/// A compromised intermediate goes on its parent's CRL.
pub(super) fn revocation_in_parent(view: &View<'_>, authority: &Authority) -> Result<Option<Write>> {
    let Some(parent) = authority.parent else { return Ok(None) };
    let number = view.number_of(authority.id)?;
    let revocation = Revocation {
        certificate: view.registry.ids.id(number | AUTHORITY_BIT),
        ..compromise(view, parent, &X509::from_der(&authority.certificate)?)?
    };
    view.replace(&revocation).map(Some)
}

/// The entry of a CA certificate on the list of all certificates of `issuer`, but for its record number.
fn compromise(view: &View<'_>, issuer: AuthorityId, certificate: &X509) -> Result<Revocation> {
    Ok(Revocation {
        certificate: view.registry.ids.id(0),
        authority: issuer,
        serial: certificate.serial().to_vec(),
        at: view.now,
        reason: RevocationReason::CaCompromise,
        scope: Some(scope(view.number_of(issuer)?, 0)),
        not_after: Some(certificate.not_after()),
        listed: None,
        again: None,
    })
}

/// The cross-certificates of a compromised authority go on the CRLs of those that issued them: whoever trusts only those
/// would go on trusting the compromised key otherwise.
pub(super) fn revocations_across(view: &View<'_>, authority: &Authority) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for der in split_ders(&authority.outside) {
        let Ok(certificate) = X509::from_der(&der) else { continue };
        if certificate.spki() != authority.public_key {
            continue;
        }
        let identifier = certificate.extensions().authority_key_id.as_deref();
        let issuer = view.registry.issuer_of(identifier, certificate.issuer().as_der())?;
        let Some(issuer) = issuer else { continue };
        let Some(number) = issuer.number_in(certificate.serial()) else { continue };
        let revocation =
            Revocation { certificate: view.registry.ids.id(number), ..compromise(view, issuer.id, &certificate)? };
        writes.push(view.replace(&revocation)?);
    }
    Ok(writes)
}

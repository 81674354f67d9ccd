//! Who signs: a certificate of its own, short-lived and renewed by itself, or the authority's key.
//!
//! The delegated certificate (RFC 6960, 4.2.2.2) keeps the authority's key out of everyday work: that key is needed once
//! in weeks. Since nobody can ask the responder about the responder, its certificate says so (id-pkix-ocsp-nocheck) and
//! is short-lived instead.

use std::sync::{Arc, PoisonError};

use super::Ocsp;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, StoreError};
use crate::id::AuthorityId;
use crate::key::{KeyAlgorithm, PrivateKey, Signer};
use crate::model::{Authority, Entity, Responder, SignerLocation};
use crate::oid::Oid;
use crate::registry::authorities::make::AUTHORITY_BIT;
use crate::registry::driver::{Done, Operation, Plan, ToSign, View};
use crate::registry::issuers::Issuer;
use crate::registry::{Call, Inner};
use crate::store::record::{Record, Stored, put};
use crate::store::seal::associated;
use crate::store::{Expect, Write};
use crate::x509::ocsp::responder_key_hash;
use crate::x509::{Attribute, BasicConstraints, Extensions, KeyUsage, Name, RawExtension, Template};

/// After so many seconds the record is read again: another process may have changed or renewed it.
const REREAD: i64 = 60;
/// For so many seconds a signer that failed is not asked again.
const PAUSE: i64 = 5;

/// How an authority's answers are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcspOptions {
    /// How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who keep
    /// answers, so short is safe; too short, and devices that are seldom online find theirs lapsed.
    pub validity_hours: u32,
    /// Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
    /// authority's key signs each answer.
    pub delegated: bool,
    /// What key that certificate has.
    pub algorithm: KeyAlgorithm,
    /// How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever takes the key
    /// can answer for this long, since such certificates are never revoked.
    pub certificate_days: u32,
}

impl Default for OcspOptions {
    /// A day, signed by a P-256 certificate for 30 days.
    fn default() -> Self {
        Self { validity_hours: 24, delegated: true, algorithm: KeyAlgorithm::EcdsaP256, certificate_days: 30 }
    }
}

impl OcspOptions {
    fn check(&self) -> Result<()> {
        if !(1..=744).contains(&self.validity_hours) {
            return Err(Error::input("validity_hours", "is not within 1 to 744"));
        }
        if !(1..=366).contains(&self.certificate_days) {
            return Err(Error::input("certificate_days", "is not within 1 to 366"));
        }
        // An answer ends with the certificate that signed it, which at renewal has a third of its life before it.
        if self.delegated && self.validity_hours > self.certificate_days * 8 {
            return Err(Error::input("validity_hours", "is more than a third of the life of the signing certificate"));
        }
        Ok(())
    }

    fn of(record: &Responder) -> Self {
        let Responder { validity_hours, delegated, algorithm, certificate_days, .. } = *record;
        Self { validity_hours, delegated, algorithm, certificate_days }
    }

    /// A record that has no certificate yet.
    fn record(self, authority: AuthorityId) -> Responder {
        let Self { validity_hours, delegated, algorithm, certificate_days } = self;
        Responder {
            authority,
            delegated,
            algorithm,
            validity_hours,
            certificate_days,
            certificate: None,
            not_before: None,
            not_after: None,
            renew_at: None,
            private_key: None,
        }
    }
}

/// A signer of answers, ready for use.
pub(super) struct Ready {
    pub(super) signer: Arc<dyn Signer>,
    /// Whether each signature is checked: a device outside may be broken, software here is not.
    pub(super) check: bool,
    /// Its certificate, unless it is the authority itself.
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) key_hash: [u8; 20],
    /// How long its answers may be believed, in seconds.
    pub(super) validity: i64,
    /// The last moment for which it answers.
    pub(super) until: Timestamp,
    from: Timestamp,
    renew_at: Timestamp,
    read_at: Timestamp,
}

impl Ready {
    fn new(issuer: &Issuer, record: &Responder, signer: Arc<dyn Signer>, now: Timestamp) -> Self {
        Self {
            check: !record.delegated && issuer.signer == SignerLocation::External,
            key_hash: responder_key_hash(signer.public_key()),
            signer,
            certificate: record.certificate.clone(),
            validity: i64::from(record.validity_hours) * 3_600,
            from: record.not_before.unwrap_or(issuer.not_before),
            until: record.not_after.unwrap_or(issuer.not_after),
            // Where the time for a renewal has come, it was just tried in vain: the next try comes with the next look.
            renew_at: record.renew_at.map_or(Timestamp::MAX, |at| at.max(now.plus(REREAD))),
            read_at: now,
        }
    }

    fn serves(&self, now: Timestamp) -> bool {
        (self.from..=self.until).contains(&now)
    }

    /// Whether it can be used for `issuer` without a look at the record. An authority's own key is asked for every time: it
    /// may be connected anew, or known to others by now.
    fn is_fresh(&self, now: Timestamp, issuer: &Issuer) -> bool {
        self.serves(now)
            && now < self.renew_at
            && (0..REREAD).contains(&now.since(self.read_at))
            && (self.certificate.is_some() || issuer.signs(now).is_ok_and(|signer| Arc::ptr_eq(&signer, &self.signer)))
    }

    /// Whether what `other` signed is as good.
    pub(super) fn signs_like(&self, other: &Self) -> bool {
        self.key_hash == other.key_hash && self.certificate == other.certificate && self.validity == other.validity
    }
}

/// The extensions of a responder's certificate.
fn extensions(issuer: &Issuer) -> Result<Extensions> {
    Ok(Extensions {
        basic_constraints: Some(BasicConstraints { ca: false, path_len: None }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: vec![Oid::OCSP_SIGNING],
        authority_key_id: Some(issuer.key_identifier.clone()),
        // id-pkix-ocsp-nocheck, whose value is NULL (RFC 6960, 4.2.2.2.1).
        extra: vec![RawExtension { oid: "1.3.6.1.5.5.7.48.1.5".parse()?, critical: false, value: vec![5, 0] }],
        ..Extensions::default()
    })
}

/// `CN=OCSP <name>`, within the 64 characters of a common name (RFC 5280, A.1).
fn subject(issuer: &Issuer) -> Result<Name> {
    let name: String = issuer.name.chars().take(59).collect();
    Name::builder().push(Attribute::CommonName, format!("OCSP {name}").trim_end()).build()
}

/// Gives `record` a certificate for `key`: what is signed, and the writes that follow.
fn certify<'a>(
    inner: &'a Inner,
    view: &View<'_>,
    stored: Option<&Stored<Responder>>,
    mut record: Responder,
    key: &PrivateKey,
    mut writes: Vec<Write>,
) -> Result<Plan<'a, Responder>> {
    let issuer = inner.issuer(record.authority)?;
    let authority = view.number_of(record.authority)?;
    let signer = issuer.signs(view.now)?;
    let serial = issuer.serial(view.number::<Authority>()? | AUTHORITY_BIT, view.seed()?);
    let not_before = view.now.plus(-300);
    let not_after = view.now.plus_days(record.certificate_days.into()).min(issuer.not_after);
    let template = Template {
        serial: serial.as_bytes(),
        issuer: &issuer.subject,
        subject: &subject(&issuer)?,
        not_before,
        not_after,
        public_key: key.public_key(),
        subject_alt_name: None,
        subject_key_id: None,
        extensions: &extensions(&issuer)?.prepare()?,
    };
    let tbs = template.tbs(signer.algorithm())?;
    let pkcs8 = key.to_pkcs8_der();
    let place = associated(Responder::TABLE.name, authority, "private_key");
    record.private_key = Some(inner.sealer().seal(&place, pkcs8.expose())?);
    record.not_before = Some(not_before);
    record.not_after = Some(not_after);
    record.renew_at = Some(view.now.plus(not_after.since(view.now) / 3 * 2));
    writes.push(issuer.require(view)?);
    writes.push(view.event(
        "ocsp.certify",
        Entity::Authority(record.authority),
        None,
        Some(format!("serial {serial}, until {not_after}")),
    )?);
    let expect = stored.map_or(Expect::Absent, |stored| Expect::Version(stored.version));
    Ok(Plan::signed(vec![ToSign::checked(signer, tbs)], move |mut ders| {
        let der = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
        record.certificate = Some(der);
        writes.push(put(&record, expect, &inner.ids)?);
        Ok(Done { writes, output: Ok(record), result: authority })
    }))
}

impl Ocsp<'_> {
    /// Says how the answers about an authority's certificates are signed, and makes the certificate that signs them. Without
    /// this, the first request does it with [`OcspOptions::default`]. Each generation of an authority has its own.
    ///
    /// # Errors
    /// `input.invalid` for options that cannot be meant; `key.generation_unsupported` for RSA without the feature `aws-lc`;
    /// the states of an authority that signs nothing; `authority.signer_missing`; signer and store errors.
    pub fn configure(&self, authority: AuthorityId, options: &OcspOptions, call: &Call) -> Result<Responder> {
        options.check()?;
        let inner = self.inner;
        let key = options.delegated.then(|| PrivateKey::generate(options.algorithm)).transpose()?;
        let content = format!("{authority} {options:?}");
        let operation = Operation { action: "ocsp.configure", content: content.as_bytes() };
        let number = inner.ids.number(authority)?;
        let made = inner.change(
            call,
            operation,
            |view| {
                inner.issuer(authority)?.signs(view.now)?;
                let stored = view.find::<Responder>(number)?;
                let detail = format!(
                    "{} hours, {}",
                    options.validity_hours,
                    if options.delegated { "delegated" } else { "by the authority's key" }
                );
                let event = view.event("ocsp.configure", Entity::Authority(authority), None, Some(detail))?;
                let mut record = options.record(authority);
                // What signs now goes on, if it is such a certificate.
                if let Some(old) = stored.as_ref().filter(|old| {
                    let now = OcspOptions { validity_hours: options.validity_hours, ..OcspOptions::of(old) };
                    now == *options && !old.is_due(view.now)
                }) {
                    record = Responder { validity_hours: options.validity_hours, ..old.record.clone() };
                } else if let Some(key) = &key {
                    return certify(inner, view, stored.as_ref(), record, key, vec![event]);
                }
                let expect = stored.map_or(Expect::Absent, |stored| Expect::Version(stored.version));
                Ok(Plan::done(number, vec![put(&record, expect, &inner.ids)?, event], record))
            },
            |number| self.recorded(number),
        )?;
        inner.ocsp.responders.write().unwrap_or_else(PoisonError::into_inner).remove(&authority);
        Ok(made)
    }

    fn recorded(&self, number: u64) -> Result<Responder> {
        let stored = self.inner.find_record::<Responder>(number)?;
        stored.map(|stored| stored.record).ok_or_else(|| Error::defect("a responder's record is missing"))
    }

    /// Who signs the answers about an authority's certificates. If that certificate is missing or should be renewed, it
    /// is made first; answering does so by itself, but a host whose authority's key is out of reach at times calls this
    /// when it is there.
    ///
    /// # Errors
    /// As [`configure`](Self::configure), unless the present certificate still serves.
    pub fn responder(&self, authority: AuthorityId, call: &Call) -> Result<Responder> {
        let inner = self.inner;
        let now = inner.now()?;
        let stored = inner.find_record::<Responder>(inner.ids.number(inner.issuer(authority)?.id)?)?;
        let record = stored.map_or_else(|| OcspOptions::default().record(authority), |stored| stored.record);
        if !record.delegated || !record.is_due(now) {
            return Ok(record);
        }
        let made = inner.renew_responder(&record, now, call);
        inner.ocsp.responders.write().unwrap_or_else(PoisonError::into_inner).remove(&authority);
        made
    }
}

impl Inner {
    /// The signer of answers for `issuer`.
    pub(super) fn ocsp_signer(&self, issuer: &Issuer, now: Timestamp) -> Result<Arc<Ready>> {
        let id = issuer.id;
        let kept = self.ocsp.responders.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(ready) = kept.filter(|ready| ready.is_fresh(now, issuer)) {
            return Ok(ready);
        }
        let number = self.ids.number(id)?;
        let stored = self.find_record::<Responder>(number)?;
        let record = stored.map_or_else(|| OcspOptions::default().record(id), |stored| stored.record);
        let ready = if record.delegated {
            let record = if record.is_due(now) { self.renew_for_a_request(&record, now)? } else { record };
            let sealed = record.private_key.as_ref().ok_or_else(|| Error::defect("a responder has no key"))?;
            let place = associated(Responder::TABLE.name, number, "private_key");
            let key = PrivateKey::from_bytes(self.sealer().open(&place, sealed)?.expose())?;
            Ready::new(issuer, &record, Arc::new(key), now)
        } else {
            Ready::new(issuer, &record, issuer.signs(now)?, now)
        };
        let ready = Arc::new(ready);
        self.ocsp.responders.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&ready));
        Ok(ready)
    }

    /// As [`renew_responder`](Self::renew_responder), since somebody asks. Anybody can, so a signer that fails is left alone
    /// for a while.
    fn renew_for_a_request(&self, present: &Responder, now: Timestamp) -> Result<Responder> {
        let failures = || self.ocsp.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !present.serves(now)
            && let Some((at, error)) = failures().get(&present.authority)
            && (0..PAUSE).contains(&now.since(*at))
        {
            return Err(error.clone());
        }
        let result = self.renew_responder(present, now, &Call::by("ocsp"));
        if let Err(error @ Error::Signer(_)) = &result {
            failures().insert(present.authority, (now, error.clone()));
        }
        result
    }

    /// Gives a responder its next certificate, unless another process was faster. While that fails, the present one
    /// serves.
    fn renew_responder(&self, present: &Responder, now: Timestamp, call: &Call) -> Result<Responder> {
        match self.certify_responder(present, now, call) {
            Err(_) if present.serves(now) => Ok(present.clone()),
            result => result,
        }
    }

    fn certify_responder(&self, present: &Responder, now: Timestamp, call: &Call) -> Result<Responder> {
        let number = self.ids.number(present.authority)?;
        self.issuer(present.authority)?.signs(now)?;
        let key = PrivateKey::generate(present.algorithm)?;
        let operation = Operation { action: "ocsp.certify", content: present.authority.as_bytes() };
        // A request ID says nothing here: what a repetition would get may have been renewed since.
        let call = Call { request_id: None, ..call.clone() };
        self.change_at(
            &call,
            operation,
            now,
            None,
            |view| {
                let stored = view.find::<Responder>(number)?;
                let record = stored.as_ref().map_or(present, |stored| &stored.record).clone();
                if !record.is_due(now) || !record.delegated {
                    return Ok(Plan::done(number, Vec::new(), record));
                }
                if record.algorithm != key.public_key().algorithm() {
                    return Err(StoreError::Busy.into());
                }
                certify(self, view, stored.as_ref(), record, &key, Vec::new())
            },
            |_| Err(Error::defect("a request ID where there is none")),
        )
    }
}

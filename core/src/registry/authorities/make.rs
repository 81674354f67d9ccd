//! Authorities come to life: made here, imported, or certified outside.

use std::sync::Arc;

use super::{Authorities, NewAuthority};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{AuthorityError, Error};
use crate::id::AuthorityId;
use crate::key::{KeyAlgorithm, PrivateKey, PublicKey, Signer};
use crate::model::{Authority, AuthorityState, Entity, Owner, SignerLocation, check_name};
use crate::registry::driver::{Done, Operation, Plan, ToSign, View};
use crate::registry::issuers::Issuer;
use crate::registry::{Call, Inner};
use crate::secret::{Sealed, Secret};
use crate::store::record::{Record, put};
use crate::store::seal::associated;
use crate::store::{Expect, Write};
use crate::x509::{BasicConstraints, Certificate as X509, Extensions, KeyUsage, Name, Template};

/// Tells the serial numbers of authorities from those of certificates, which count from 1.
pub(in crate::registry) const AUTHORITY_BIT: u64 = 1 << 62;

/// An authority's key: made here and to be sealed, or with the host.
pub(super) struct OwnKey {
    pub(super) signer: Arc<dyn Signer>,
    pub(super) pkcs8: Option<Secret<Vec<u8>>>,
}

impl OwnKey {
    pub(super) fn make_or_use(algorithm: KeyAlgorithm, signer: Option<&Arc<dyn Signer>>) -> Result<Self> {
        if let Some(signer) = signer {
            return Ok(Self { signer: Arc::clone(signer), pkcs8: None });
        }
        Ok(Self::software(PrivateKey::generate(algorithm)?))
    }

    pub(super) fn software(key: PrivateKey) -> Self {
        Self { pkcs8: Some(key.to_pkcs8_der()), signer: Arc::new(key) }
    }

    pub(super) fn public(&self) -> &PublicKey {
        self.signer.public_key()
    }
}

/// An authority's record before it has a certificate, and what is needed to give it one.
pub(super) struct Newborn {
    pub(super) number: u64,
    pub(super) record: Authority,
}

/// The record of a new authority with `key`, its secrets sealed in their place.
pub(super) fn newborn(
    view: &View<'_>,
    name: &str,
    subject: &Name,
    key: &OwnKey,
    serial_key: &[u8; 16],
) -> Result<Newborn> {
    let inner = view.registry;
    let number = view.number::<Authority>()?;
    let seal = |column: &str, value: &[u8]| -> Result<Sealed> {
        inner.sealer().seal(&associated(Authority::TABLE.name, number, column), value)
    };
    let record = Authority {
        id: inner.ids.id(number),
        name: name.to_owned(),
        generation: 1,
        state: AuthorityState::Active,
        subject: subject.clone(),
        algorithm: key.public().algorithm(),
        key_identifier: key.public().key_identifier().to_vec(),
        not_before: view.now,
        not_after: view.now,
        parent: None,
        predecessor: None,
        successor: None,
        signer: if key.pkcs8.is_some() { SignerLocation::Store } else { SignerLocation::External },
        certificate: Vec::new(),
        outside: Vec::new(),
        request: None,
        public_key: key.public().spki().to_vec(),
        private_key: key.pkcs8.as_ref().map(|pkcs8| seal("private_key", pkcs8.expose())).transpose()?,
        serial_key: seal("serial_key", serial_key)?,
        created: view.now,
        crls: None,
    };
    Ok(Newborn { number, record })
}

/// What a CA certificate says besides its names.
#[derive(Clone, Copy)]
pub(super) struct CaTemplate<'a> {
    pub(super) subject: &'a Name,
    pub(super) key: &'a PublicKey,
    pub(super) key_identifier: &'a [u8],
    pub(super) path_len: Option<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) crl_urls: &'a [String],
    pub(super) issuer_urls: &'a [String],
}

impl CaTemplate<'_> {
    /// The signed part as `issuer` writes it: version 3, CA:TRUE critical, keyCertSign and cRLSign, both key
    /// identifiers, so that strict readers are content.
    pub(super) fn tbs(
        &self,
        serial: &[u8],
        issuer: &Name,
        issuer_key_identifier: &[u8],
        signer: &dyn Signer,
    ) -> Result<Vec<u8>> {
        let extensions = Extensions {
            basic_constraints: Some(BasicConstraints { ca: true, path_len: self.path_len }),
            key_usage: KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN,
            authority_key_id: Some(issuer_key_identifier.to_vec()),
            crl_distribution_points: self.crl_urls.to_vec(),
            ca_issuers: self.issuer_urls.to_vec(),
            ..Extensions::default()
        };
        let template = Template {
            serial,
            issuer,
            subject: self.subject,
            not_before: self.not_before,
            not_after: self.not_after,
            public_key: self.key,
            subject_alt_name: None,
            subject_key_id: Some(self.key_identifier),
            extensions: &extensions.prepare()?,
        };
        template.tbs(signer.algorithm())
    }
}

/// The writes of a new authority besides its record: its name, its key, an event.
pub(super) fn birth(view: &View<'_>, action: &'static str, record: &Authority) -> Result<Vec<Write>> {
    let inner = view.registry;
    let owner = Owner::Authority(record.id);
    let tag = inner.name_tag("authority", &record.name);
    if view.bound(tag)?.is_some() {
        return Err(AuthorityError::NameTaken.into());
    }
    let mut writes = vec![
        view.bind(tag, owner)?,
        view.event(
            action,
            Entity::Authority(record.id),
            record.parent.map(Entity::Authority),
            Some(record.name.clone()),
        )?,
    ];
    writes.extend(key_claim(view, record)?);
    Ok(writes)
}

/// That the authority's key is nobody else's.
pub(super) fn key_claim(view: &View<'_>, record: &Authority) -> Result<Vec<Write>> {
    let key = PublicKey::from_spki(&record.public_key)?;
    view.claim(view.registry.key_tag(&key), Owner::Authority(record.id), crate::error::CsrError::KeyBound)
}

pub(super) fn check(new: &NewAuthority) -> Result<()> {
    check_name("authority name", &new.name)?;
    if new.subject.is_empty() {
        return Err(Error::input("authority subject", "is empty; an issuer needs a name (RFC 5280, 4.1.2.4)"));
    }
    check_days(new.validity_days)
}

/// What distinguishes one new authority from another.
pub(super) fn content(new: &NewAuthority, parent: Option<AuthorityId>) -> Vec<u8> {
    let NewAuthority { name, subject, algorithm, validity_days, path_len, crl_urls, issuer_urls, signer } = new;
    let key = signer.as_ref().map(|signer| signer.public_key().spki());
    let subject = subject.as_der();
    format!(
        "{name:?} {parent:?} {subject:?} {algorithm} {validity_days} {path_len:?} {crl_urls:?} {issuer_urls:?} {key:?}"
    )
    .into_bytes()
}

/// That a validity can be meant.
pub(super) fn check_days(days: u32) -> Result<()> {
    if (1..=36_525).contains(&days) { Ok(()) } else { Err(Error::input("validity_days", "is not within 1 to 36525")) }
}

/// How deep the chain below `parent` may still go, or that it may not.
pub(super) fn child_path_len(parent: &Issuer, wanted: Option<u8>) -> Result<Option<u8>> {
    match (X509::from_der(&parent.certificate)?.path_len(), wanted) {
        (None, wanted) => Ok(wanted),
        (Some(0), _) => Err(AuthorityError::PathLength.into()),
        (Some(limit), None) => Ok(Some(limit - 1)),
        (Some(limit), Some(wanted)) if wanted < limit => Ok(Some(wanted)),
        _ => Err(AuthorityError::PathLength.into()),
    }
}

impl Authorities<'_> {
    /// Makes a root: an authority that certifies itself.
    ///
    /// # Errors
    /// `authority.name_taken`; `key.generation_unsupported` for RSA without the feature `aws-lc`; signer and store errors.
    pub fn create_root(&self, new: &NewAuthority, call: &Call) -> Result<Authority> {
        check(new)?;
        let key = OwnKey::make_or_use(new.algorithm, new.signer.as_ref())?;
        let serial_key = self.inner.draw::<16>()?;
        self.create(new, &key, &serial_key, None, call)
    }

    /// Makes an authority that `parent` certifies.
    ///
    /// # Errors
    /// As [`create_root`](Self::create_root); `authority.validity_exceeds_issuer` and `authority.path_length` when
    /// the parent's certificate does not allow it; the parent's state.
    pub fn create_intermediate(&self, parent: AuthorityId, new: &NewAuthority, call: &Call) -> Result<Authority> {
        check(new)?;
        let key = OwnKey::make_or_use(new.algorithm, new.signer.as_ref())?;
        let serial_key = self.inner.draw::<16>()?;
        self.create(new, &key, &serial_key, Some(parent), call)
    }

    fn create(
        &self,
        new: &NewAuthority,
        key: &OwnKey,
        serial_key: &[u8; 16],
        parent: Option<AuthorityId>,
        call: &Call,
    ) -> Result<Authority> {
        let inner = self.inner;
        let content = content(new, parent);
        let operation = Operation { action: "authority.create", content: &content };
        let made = inner.change(
            call,
            operation,
            |view| {
                let Newborn { number, mut record } = newborn(view, &new.name, &new.subject, key, serial_key)?;
                record.not_before = view.now.plus(-300);
                record.not_after = view.now.plus_days(new.validity_days.into());
                record.parent = parent;
                let (sign, requires) = certify(view, number, &record, new, key, parent)?;
                let mut writes = requires;
                writes.extend(birth(view, "authority.create", &record)?);
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
}

/// What is signed to certify `record`: by itself, or by its parent; and what must still hold of the parent.
fn certify(
    view: &View<'_>,
    number: u64,
    record: &Authority,
    new: &NewAuthority,
    key: &OwnKey,
    parent: Option<AuthorityId>,
) -> Result<(ToSign, Vec<Write>)> {
    let mut ca = CaTemplate {
        subject: &record.subject,
        key: key.public(),
        key_identifier: &record.key_identifier,
        path_len: new.path_len,
        not_before: record.not_before,
        not_after: record.not_after,
        crl_urls: &[],
        issuer_urls: &[],
    };
    let Some(parent) = parent else {
        return Ok((self_signed(view, number, &ca, key)?, Vec::new()));
    };
    let parent = view.registry.issuer(parent)?;
    ca.crl_urls = &new.crl_urls;
    ca.issuer_urls = &new.issuer_urls;
    by_parent(view, number, &ca, &parent)
}

/// A root's own certificate.
pub(super) fn self_signed(view: &View<'_>, number: u64, ca: &CaTemplate<'_>, key: &OwnKey) -> Result<ToSign> {
    // The serial key is sealed already; a root's own serial number needs only to be its own.
    let own = crate::id::NumberCipher::new(&view.seed_block()?);
    let serial = own.serial(number | AUTHORITY_BIT, view.seed()?);
    let tbs = ca.tbs(serial.as_bytes(), ca.subject, ca.key_identifier, &*key.signer)?;
    Ok(ToSign::checked(Arc::clone(&key.signer), tbs))
}

/// An intermediate's certificate, as its parent signs it.
pub(super) fn by_parent(
    view: &View<'_>,
    number: u64,
    ca: &CaTemplate<'_>,
    parent: &Issuer,
) -> Result<(ToSign, Vec<Write>)> {
    let signer = parent.issues(view.now)?;
    if ca.not_after > parent.not_after {
        return Err(AuthorityError::ValidityExceedsIssuer.into());
    }
    let ca = CaTemplate { path_len: child_path_len(parent, ca.path_len)?, ..*ca };
    let serial = parent.serial(number | AUTHORITY_BIT, view.seed()?);
    let tbs = ca.tbs(serial.as_bytes(), &parent.subject, &parent.key_identifier, &*signer)?;
    Ok((ToSign::checked(signer, tbs), vec![parent.require(view)?]))
}

/// The plan that signs the certificate of a new authority and writes its record with it.
pub(super) fn finish(
    inner: &Inner,
    number: u64,
    record: Authority,
    sign: ToSign,
    mut writes: Vec<Write>,
) -> Plan<'_, Authority> {
    Plan::signed(vec![sign], move |mut ders| {
        let certificate = ders.pop().ok_or_else(|| Error::defect("a signature is missing"))?;
        let record = Authority { certificate, ..record };
        writes.push(put(&record, Expect::Absent, &inner.ids)?);
        Ok(Done { writes, output: Ok(record), result: number })
    })
}

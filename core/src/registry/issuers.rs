//! The authorities at hand: few, read from the store once, checked against it at every commit.
//!
//! What is remembered here may be stale, which does no harm: whoever signs requires in the same commit that the
//! authority's row is still the version remembered, and a conflict makes the next attempt read again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Inner;
use super::driver::View;
use super::page::Wanted;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{AuthorityError, InputError};
use crate::id::{AuthorityId, NumberCipher, Serial};
use crate::key::{PrivateKey, Signer};
use crate::model::{Authority, AuthorityState, SignerLocation};
use crate::store::record::{Record, Stored};
use crate::store::seal::associated;
use crate::store::{Query, Value, Write};
use crate::x509::Certificate as X509;

/// An authority with what it takes to issue from it.
pub(super) struct Issuer {
    pub(super) stored: Stored<Authority>,
    signer: Option<Arc<dyn Signer>>,
    /// Makes its serial numbers.
    serials: NumberCipher,
    /// Its certificate and those above it, the root last.
    pub(super) chain: Arc<[Vec<u8>]>,
    /// Whether the key of one above it is known to others.
    below_compromised: bool,
}

impl std::ops::Deref for Issuer {
    type Target = Authority;
    fn deref(&self) -> &Authority {
        &self.stored.record
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({:?})", self.stored.record.id)
    }
}

impl Issuer {
    /// Whether it may issue certificates now: as [`Authority::check_issues`], and nobody above it is compromised.
    pub(super) fn check_issues(&self, now: Timestamp) -> Result<(), AuthorityError> {
        self.stored.check_issues(now)?;
        if self.below_compromised { Err(AuthorityError::Compromised) } else { Ok(()) }
    }

    /// Whether what it issued can authenticate: as [`Authority::check_vouches`], and nobody above it is compromised.
    pub(super) fn check_vouches(&self, now: Timestamp) -> Result<(), AuthorityError> {
        self.stored.check_vouches(now)?;
        if self.below_compromised { Err(AuthorityError::Compromised) } else { Ok(()) }
    }

    /// Its key, if it may issue certificates now.
    pub(super) fn issues(&self, now: Timestamp) -> Result<Arc<dyn Signer>> {
        self.check_issues(now)?;
        self.signer()
    }

    /// Its key, if it may sign CRLs now.
    pub(super) fn signs(&self, now: Timestamp) -> Result<Arc<dyn Signer>> {
        self.stored.check_signs(now)?;
        self.signer()
    }

    /// Its key.
    pub(super) fn signer(&self) -> Result<Arc<dyn Signer>> {
        self.signer.clone().ok_or_else(|| AuthorityError::SignerMissing.into())
    }

    /// The serial number of the certificate with this record number.
    pub(super) fn serial(&self, number: u64, seed: u64) -> Serial {
        self.serials.serial(number, seed)
    }

    /// The record number that these octets of a serial number lead to; `None` when it cannot have made them. Any it can have
    /// made leads to some number: only the right record carries the serial number.
    pub(super) fn number_in(&self, serial: &[u8]) -> Option<u64> {
        Serial::from_bytes(serial).map(|serial| self.serials.serial_number(serial))
    }

    /// That the authority is still as remembered.
    pub(super) fn require(&self, view: &View<'_>) -> Result<Write> {
        view.require(&self.stored)
    }
}

type All = Arc<HashMap<AuthorityId, Arc<Issuer>>>;

/// Those above an authority that are known here, the nearest first.
fn ancestors(id: AuthorityId, all: &HashMap<AuthorityId, Issuer>) -> impl Iterator<Item = &Issuer> {
    let parent = |id: AuthorityId| all.get(&id).and_then(|issuer| issuer.parent).and_then(|parent| all.get(&parent));
    // A parent is older than its child, so this ends; the bound is for a store that was tampered with.
    std::iter::successors(parent(id), move |issuer| parent(issuer.id)).take(16)
}

/// The certificates of an authority and of those above it.
fn chain_of(id: AuthorityId, all: &HashMap<AuthorityId, Issuer>) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    let mut next = Some(id);
    // A parent is older than its child, so this ends; the bound is for a store that was tampered with.
    while let (Some(issuer), true) = (next.and_then(|id| all.get(&id)), chain.len() < 16) {
        if !issuer.certificate.is_empty() {
            chain.push(issuer.certificate.clone());
        }
        next = issuer.parent;
        if next.is_none() {
            chain.extend(above(issuer));
        }
    }
    chain
}

/// The certificates above one that was certified outside. Cross-certificates of a root are kept in the same place, but
/// lead elsewhere.
fn above(authority: &Authority) -> Vec<Vec<u8>> {
    let outside = split_ders(&authority.outside);
    let mut chain = Vec::new();
    let mut issuer = X509::from_der(&authority.certificate).map(|c| c.issuer().clone()).ok();
    for der in outside {
        let Ok(certificate) = X509::from_der(&der) else { break };
        if issuer.as_ref() != Some(certificate.subject()) || certificate.subject() == &authority.subject {
            break;
        }
        issuer = Some(certificate.issuer().clone());
        chain.push(der);
    }
    chain
}

/// The certificates in a concatenation of DER.
pub(super) fn split_ders(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut ders = Vec::new();
    while let Some(length) = crate::der::first_length(rest) {
        let (der, tail) = rest.split_at(length);
        ders.push(der.to_vec());
        rest = tail;
    }
    ders
}

/// The authorities at hand, and the signers that the host connected.
#[derive(Default)]
pub(super) struct Issuers {
    all: RwLock<Option<All>>,
    connected: RwLock<HashMap<AuthorityId, Arc<dyn Signer>>>,
}

impl Issuers {
    /// Reads anew when next asked.
    pub(super) fn forget(&self) {
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Remembers the host's signer of an authority.
    pub(super) fn connect(&self, id: AuthorityId, signer: Arc<dyn Signer>) {
        self.connected.write().unwrap_or_else(PoisonError::into_inner).insert(id, signer);
        self.forget();
    }

    fn connected(&self, id: AuthorityId) -> Option<Arc<dyn Signer>> {
        self.connected.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

impl Inner {
    /// All authorities.
    pub(super) fn issuers(&self) -> Result<All> {
        // Also when what is remembered would do: nothing is answered after `close` or to a callback.
        let store = self.store()?;
        if let Some(all) = &*self.issuers.all.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(all));
        }
        let mut all: HashMap<AuthorityId, Issuer> = HashMap::new();
        let mut after = None;
        loop {
            let page = store.find(&Query {
                table: Authority::TABLE,
                filters: Vec::new(),
                order: None,
                descending: false,
                after,
                limit: 1_000,
                total: false,
            })?;
            for row in page.rows {
                let (key, version) = (row.key, row.version);
                let record = Authority::read(row, &self.ids)?;
                let issuer = self.awaken(key, Stored { version, record })?;
                all.insert(issuer.id, issuer);
            }
            match page.next {
                Some(cursor) => after = Some(cursor),
                None => break,
            }
        }
        let compromised = |id| ancestors(id, &all).any(|above| above.state == AuthorityState::Compromised);
        let chains: Vec<_> = all.keys().map(|&id| (id, chain_of(id, &all), compromised(id))).collect();
        for (id, chain, below_compromised) in chains {
            if let Some(issuer) = all.get_mut(&id) {
                issuer.chain = chain.into();
                issuer.below_compromised = below_compromised;
            }
        }
        let all: All = Arc::new(all.into_iter().map(|(id, issuer)| (id, Arc::new(issuer))).collect());
        *self.issuers.all.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&all));
        Ok(all)
    }

    /// Opens an authority's keys.
    fn awaken(&self, key: u64, stored: Stored<Authority>) -> Result<Issuer> {
        let table = Authority::TABLE.name;
        let serial_key = self.sealer().open(&associated(table, key, "serial_key"), &stored.serial_key)?;
        let serial_key: &[u8; 16] =
            serial_key.expose().as_slice().try_into().map_err(|_| crate::Error::defect("a serial key's length"))?;
        let signer: Option<Arc<dyn Signer>> = match (stored.signer, &stored.private_key) {
            // Nothing that a compromised key signs is worth having.
            _ if stored.state == AuthorityState::Compromised => None,
            (SignerLocation::Store, Some(sealed)) => {
                let pkcs8 = self.sealer().open(&associated(table, key, "private_key"), sealed)?;
                Some(Arc::new(PrivateKey::from_bytes(pkcs8.expose())?))
            }
            _ => self.issuers.connected(stored.id),
        };
        Ok(Issuer {
            signer,
            serials: NumberCipher::new(serial_key),
            chain: Arc::new([]),
            below_compromised: false,
            stored,
        })
    }

    /// The authorities below `id`, at any depth.
    pub(super) fn below(&self, id: AuthorityId) -> Result<Vec<AuthorityId>> {
        let all = self.issuers()?;
        let mut found = vec![id];
        let mut at = 0;
        while let Some(&above) = found.get(at) {
            let children = all.values().filter(|issuer| issuer.parent == Some(above)).map(|issuer| issuer.id);
            let new: Vec<_> = children.filter(|child| !found.contains(child)).collect();
            found.extend(new);
            at += 1;
        }
        Ok(found.split_off(1))
    }

    /// The authority with this identifier.
    pub(super) fn issuer(&self, id: AuthorityId) -> Result<Arc<Issuer>> {
        // A number that is not of an authority is refused before the store is asked.
        let number = self.ids.number(id)?;
        if let Some(issuer) = self.issuers()?.get(&id) {
            return Ok(Arc::clone(issuer));
        }
        // Another process may have made it since they were read.
        if self.find_record::<Authority>(number)?.is_some() {
            self.issuers.forget();
        }
        self.issuers()?.get(&id).cloned().ok_or_else(|| InputError::UnknownId { what: "authority" }.into())
    }

    /// The generation that issues today in place of `id`: itself, or the newest that came after.
    pub(super) fn current_issuer(&self, id: AuthorityId) -> Result<Arc<Issuer>> {
        let all = self.issuers()?;
        let mut issuer = self.issuer(id)?;
        for _ in 0..all.len() {
            // A successor that still waits for its certificate does not issue yet.
            match issuer.successor.and_then(|next| all.get(&next)) {
                Some(next) if next.state != AuthorityState::Requested => issuer = Arc::clone(next),
                _ => break,
            }
        }
        Ok(issuer)
    }

    /// The authority whose key identifier or subject a certificate names as its issuer's.
    pub(super) fn issuer_of(&self, key_identifier: Option<&[u8]>, subject: &[u8]) -> Result<Option<Arc<Issuer>>> {
        let named = |issuer: &&Arc<Issuer>| match key_identifier {
            Some(identifier) => issuer.key_identifier == identifier,
            None => issuer.subject.as_der() == subject,
        };
        if let Some(issuer) = self.issuers()?.values().find(named) {
            return Ok(Some(Arc::clone(issuer)));
        }
        // Another process may have made it since they were read; a look at one index tells.
        let Some(identifier) = key_identifier else { return Ok(None) };
        let wanted = Wanted::default().eq("key_identifier", Value::Bytes(identifier.to_vec()));
        if self.first::<Authority>(wanted)?.is_none() {
            return Ok(None);
        }
        self.issuers.forget();
        Ok(self.issuers()?.values().find(named).cloned())
    }
}

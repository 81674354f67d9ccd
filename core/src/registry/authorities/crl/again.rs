//! What left the CRLs while the clock was ahead is put back when it is right again.
//!
//! Revoked certificates leave the CRLs after their end (RFC 5280, 3.3), and for a clock that leapt ahead they all have ended. Their
//! own records still say that they are revoked.

use std::collections::HashSet;

use super::build::{Scope, each_entry};
use crate::Result;
use crate::env::Timestamp;
use crate::error::StoreError;
use crate::id::AuthorityId;
use crate::model::{Certificate, CertificateState, CrlList, Revocation, SuspendMode};
use crate::registry::Inner;
use crate::registry::page::Wanted;
use crate::store::record::{Cell, Stored, at, put, read};
use crate::store::{Expect, Match, Write};
use crate::x509::RevocationReason;

/// How many certificates are put back at once.
const PORTION: usize = 500;
/// Clocks are put right by seconds all the time.
const SECONDS: i64 = 60;
/// How often it is tried again when somebody changes one of them.
const ATTEMPTS: u32 = 16;

impl CrlList {
    /// Whether the newest CRL is of a time later than `now`.
    pub(super) fn is_ahead(&self, now: Timestamp) -> bool {
        self.this_update.is_some_and(|made| made > now.plus(SECONDS))
    }
}

impl Inner {
    /// Makes CRLs due that are of a later time than now: nobody would take them, and what they lack is listed again. And those
    /// of authorities that had expired by a clock that was ahead.
    pub(super) fn adopt_time(&self) -> Result<()> {
        let now = self.now()?;
        let issuers = self.issuers()?;
        let mut ahead = Vec::new();
        self.scan::<CrlList>(&Wanted::default(), |list| {
            let ended = list.refresh_at == Some(Timestamp::MAX);
            let lives = issuers.get(&list.authority).is_some_and(|issuer| issuer.not_after >= now);
            if lives && list.refresh_at.is_some_and(|at| at > now) && (ended || list.is_ahead(now)) {
                ahead.push(list);
            }
            Ok(())
        })?;
        for list in ahead {
            let due = CrlList { refresh_at: Some(now), ..list.record };
            match self.store()?.commit(&[put(&due, Expect::Version(list.version), &self.ids)?]) {
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Before an authority's CRLs are made: lists again what one of them left out by a clock that was ahead.
    pub(super) fn list_again(&self, id: AuthorityId) -> Result<()> {
        let now = self.now()?;
        if !self.lists_of(id)?.iter().any(|list| list.is_ahead(now)) {
            return Ok(());
        }
        let issuer = self.issuer(id)?;
        let mut encoded = HashSet::new();
        self.chunks(Scope::of(self.ids.number(id)?, 0), |chunk| {
            each_entry(&chunk, |serial, _, _| encoded.extend(issuer.number_in(serial)))
        })?;
        let states = [CertificateState::Revoked, CertificateState::Suspended];
        let mut wanted = Wanted::default();
        wanted.and("state", Match::In(states.iter().map(|state| state.to_value(&self.ids)).collect()));
        let mut numbers = Vec::new();
        self.scan::<Certificate>(&wanted, |certificate| {
            let number = self.ids.number(certificate.id)?;
            if certificate.authority == id && certificate.not_after >= now && !encoded.contains(&number) {
                numbers.push(number);
            }
            Ok(())
        })?;
        numbers.chunks(PORTION).try_for_each(|portion| self.put_back(portion, now))
    }

    /// Lists those of the certificates that are not listed and have to be.
    fn put_back(&self, numbers: &[u64], now: Timestamp) -> Result<()> {
        let rows: Vec<_> = numbers.iter().map(|number| at::<Certificate>(*number)).collect();
        let entries: Vec<_> = numbers.iter().map(|number| at::<Revocation>(*number)).collect();
        for _ in 0..ATTEMPTS {
            let mut writes = Vec::new();
            let store = self.store()?;
            let listed = store.get(&entries)?.into_iter().map(|row| row.is_some());
            for (row, is_listed) in store.get(&rows)?.into_iter().zip(listed) {
                let Some(certificate) = read::<Certificate>(row, &self.ids)?.filter(|_| !is_listed) else { continue };
                let Some(entry) = self.entry_of(&certificate, now)? else { continue };
                let number = self.ids.number(certificate.id)?;
                writes.push(put(&entry, Expect::Absent, &self.ids)?);
                writes.push(Write::Require(at::<Certificate>(number), Expect::Version(certificate.version)));
            }
            match store.commit(&writes) {
                Err(StoreError::Conflict { .. }) => std::thread::yield_now(),
                other => return Ok(other?),
            }
        }
        Err(StoreError::Busy.into())
    }

    /// What CRLs say of a certificate that is revoked, or on hold under a profile that says so.
    fn entry_of(&self, certificate: &Stored<Certificate>, now: Timestamp) -> Result<Option<Revocation>> {
        let reason = match certificate.state {
            CertificateState::Revoked => certificate.reason.unwrap_or(RevocationReason::Unspecified),
            CertificateState::Suspended
                if self.profile(certificate.profile)?.spec().suspend == SuspendMode::CrlHold =>
            {
                RevocationReason::CertificateHold
            }
            _ => return Ok(None),
        };
        self.revocation(certificate, reason, now).map(Some)
    }
}

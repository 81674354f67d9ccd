//! Making the CRLs that are due, so that none lapses because nobody was revoked.

use std::collections::BTreeMap;

use super::CrlOptions;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{AuthorityError, Error, StoreError};
use crate::id::AuthorityId;
use crate::model::{CrlList, CrlPlace, CrlState, KeptCrl};
use crate::registry::authorities::Authorities;
use crate::registry::page::Wanted;
use crate::registry::{Call, Inner};
use crate::store::record::{Key, put};
use crate::store::{Expect, Match, Value};

impl Authorities<'_> {
    /// Makes every CRL that is due until a moment ([`due`](crate::Registry::due) lists them), each with the times of its
    /// authority's policy, and answers how each stands then; those of an authority that cannot sign now carry the reason. Due is
    /// also what was made by a clock that was ahead.
    /// To be called regularly: with the present moment, or a later one to be ahead. The request ID of `call` is not used.
    ///
    /// # Errors
    /// Store errors that keep it from finding out what is due.
    pub fn refresh_crls(&self, until: Timestamp, call: &Call) -> Result<Vec<Result<CrlState>>> {
        let inner = self.inner;
        call.check()?;
        inner.adopt_lists()?;
        let mut wanted = Wanted { order: Some("refresh_at"), ..Wanted::default() };
        wanted.and("refresh_at", Match::Range { from: None, to: Some(Value::Int(until.plus(1).unix())) });
        let mut due: BTreeMap<u64, (AuthorityId, Vec<CrlPlace>)> = BTreeMap::new();
        inner.scan::<CrlList>(&wanted, |list| {
            let (_, places) =
                due.entry(inner.ids.number(list.authority)?).or_insert_with(|| (list.authority, Vec::new()));
            places.push(list.place);
            Ok(())
        })?;
        // What is made depends on the moment, so a request ID would stand for nothing.
        let call = Call { request_id: None, ..call.clone() };
        let mut made = Vec::new();
        for (id, mut places) in due.into_values() {
            // A complete CRL brings its delta.
            places.sort_by_key(|place| (place.delta, place.shard));
            let ready = inner
                .now()
                .and_then(|now| inner.issuer(id)?.signs(now).map(drop))
                .and_then(|()| inner.retire_superseded(Some(id), &call).map(drop))
                .and_then(|()| inner.adopt_revocations(id));
            for place in places {
                match ready.clone().and_then(|()| inner.refresh(place, until, &call)) {
                    Ok(None) => {}
                    Ok(Some(state)) => made.push(Ok(state)),
                    Err(error) => {
                        match &error {
                            // It will never sign another one.
                            Error::Authority(AuthorityError::Compromised) => inner.put_off(place, None)?,
                            // Nor will this one, unless the clock is wrong.
                            Error::Authority(AuthorityError::Expired) => inner.put_off(place, Some(Timestamp::MAX))?,
                            _ => {}
                        }
                        made.push(Err(error));
                    }
                }
            }
        }
        Ok(made)
    }
}

impl Inner {
    /// Makes one CRL unless somebody else did meanwhile.
    fn refresh(&self, place: CrlPlace, until: Timestamp, call: &Call) -> Result<Option<CrlState>> {
        let due = |list: &CrlList| list.refresh_at.is_some_and(|at| at <= until);
        if !self.find_list(place)?.is_some_and(|list| due(&list)) {
            return Ok(None);
        }
        let options = CrlOptions { next_update_hours: 0, shard: place.shard, delta: place.delta };
        self.make_crl(place.authority, &options, call)?;
        Ok(self.find_list(place)?.map(|list| list.shown()))
    }

    /// The list is not due again until then.
    fn put_off(&self, place: CrlPlace, refresh_at: Option<Timestamp>) -> Result<()> {
        let Some(list) = self.find_list(place)? else { return Ok(()) };
        self.adopt(&CrlList { refresh_at, ..list.record }, Expect::Version(list.version))
    }

    /// CRLs that earlier versions made are kept up from now on, and those that were made by a clock that was ahead are due.
    pub(in crate::registry) fn adopt_lists(&self) -> Result<()> {
        self.adopt_time()?;
        for (&id, issuer) in self.issuers()?.iter() {
            let place = CrlPlace::complete(id, 0);
            // With a policy, the lists came with it.
            if issuer.crls.is_some() || self.find_list(place)?.is_some() {
                continue;
            }
            let Some(crl) = self.find_record::<KeptCrl>(place.to_key(&self.ids)?)? else { continue };
            let mut list = CrlList::new(place, &[], None);
            list.number = crl.number;
            list.this_update = Some(crl.this_update);
            list.next_update = Some(crl.next_update);
            let lasts = crl.next_update.since(crl.this_update);
            list.refresh_at = Some(crl.next_update.plus(-(lasts / 2).min(86_400)));
            self.adopt(&list, Expect::Absent)?;
        }
        Ok(())
    }

    /// Makes CRLs due that are of a later time than now, which nobody would take, and those of authorities that had expired by a
    /// clock that was ahead.
    fn adopt_time(&self) -> Result<()> {
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
        ahead.into_iter().try_for_each(|list| {
            self.adopt(&CrlList { refresh_at: Some(now), ..list.record }, Expect::Version(list.version))
        })
    }

    /// Writes a list, unless somebody else did meanwhile.
    fn adopt(&self, list: &CrlList, expect: Expect) -> Result<()> {
        match self.store()?.commit(&[put(list, expect, &self.ids)?]) {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// Clocks are put right by seconds all the time.
const SECONDS: i64 = 60;

impl CrlList {
    /// Whether the newest CRL is of a time later than `now`.
    pub(super) fn is_ahead(&self, now: Timestamp) -> bool {
        self.this_update.is_some_and(|made| made > now.plus(SECONDS))
    }

    /// When the newest CRL was made, if by a clock that was not ahead: that one said nothing of who has ended.
    pub(super) fn made(&self, now: Timestamp) -> Option<Timestamp> {
        self.this_update.filter(|_| !self.is_ahead(now))
    }
}

//! The CRL policy of an authority: how many shards, where they are, how often they are made.

use crate::Result;
use crate::error::{AuthorityError, Error};
use crate::id::AuthorityId;
use crate::model::{Authority, AuthorityState, CrlList, CrlPlace, CrlPolicy, CrlScheme, Entity, address};
use crate::registry::authorities::Authorities;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::page::Wanted;
use crate::registry::{Call, Inner};
use crate::store::Write;
use crate::store::record::{Cell, Stored};

impl Authorities<'_> {
    /// Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each of which
    /// belongs to one shard for good; other addresses or another number of shards open new shards, while the old ones
    /// are kept up for their certificates. All that is new is due at once. The list of all certificates, shard 0, is the
    /// one of certificates from before there were shards; beside shards it is kept up once it was made. A rebuilt
    /// authority begins with its predecessor's policy.
    ///
    /// # Errors
    /// `input.invalid`, naming the field; `authority.compromised`; store errors.
    pub fn set_crl_policy(&self, id: AuthorityId, policy: &CrlPolicy, call: &Call) -> Result<Authority> {
        policy.check()?;
        let inner = self.inner;
        let content = format!("{id} {policy:?}");
        let operation = Operation { action: "authority.crl_policy", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Authority, _>(id)?;
                if stored.state == AuthorityState::Compromised {
                    return Err(AuthorityError::Compromised.into());
                }
                let scheme = CrlScheme::next(stored.crls.as_ref(), policy.clone())
                    .ok_or_else(|| Error::input("shards", "are more than an authority can have in its life"))?;
                let known = inner.lists_of(id)?;
                let mut writes = lists(view, id, &scheme, &known)?;
                let changed = Authority { crls: Some(scheme), ..stored.record.clone() };
                writes.push(view.update(stored.version, &changed)?);
                let detail = format!("{} shards", policy.shards);
                writes.push(view.event("authority.crl_policy", Entity::Authority(id), None, Some(detail))?);
                Ok(Plan::done(view.number_of(id)?, writes, changed))
            },
            |_| self.get(id),
        )
    }

    /// How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.
    ///
    /// # Errors
    /// `input.unknown_id`; store errors.
    pub fn crls(&self, id: AuthorityId) -> Result<Vec<crate::model::CrlState>> {
        self.get(id)?;
        let mut lists = self.inner.lists_of(id)?;
        lists.sort_by_key(|list| (list.place.shard, list.place.delta));
        Ok(lists.iter().map(|list| list.shown()).collect())
    }
}

/// The addresses of a CRL under a policy.
pub(super) fn addresses(scheme: &CrlScheme, place: CrlPlace) -> Vec<String> {
    let urls = if place.delta { &scheme.policy.delta_urls } else { &scheme.policy.urls };
    urls.iter().map(|url| address(url, place.authority, place.shard)).collect()
}

/// The writes that open the lists of a policy, or bring them in line with it.
fn lists(view: &View<'_>, id: AuthorityId, scheme: &CrlScheme, known: &[Stored<CrlList>]) -> Result<Vec<Write>> {
    let CrlScheme { policy, first_shard, .. } = scheme;
    let own = if policy.shards == 0 { 0..1 } else { *first_shard..first_shard.saturating_add(policy.shards) };
    let mut writes = Vec::new();
    for shard in own.clone() {
        let place = CrlPlace::complete(id, shard);
        // Deltas follow once there is a complete CRL.
        for (place, due) in [(place, Some(view.now)), (place.with_delta(true), None)] {
            if !known.iter().any(|list| list.place == place) {
                writes.push(view.insert(&CrlList::new(place, &addresses(scheme, place), due))?);
            }
        }
    }
    for list in known {
        let mut changed = list.record.clone();
        if list.place.delta {
            let ended = policy.delta_hours.is_none() || (list.place.shard == 0 && scheme.has_shards());
            changed.refresh_at = if ended { None } else { changed.refresh_at };
        } else if own.contains(&list.place.shard) && changed.refresh_at.is_none_or(|at| at > view.now) {
            // Its times are others now, and its deltas begin with it.
            changed.refresh_at = Some(view.now);
        }
        if list.place.shard == 0 {
            changed.addresses = addresses(scheme, list.place).join("\n");
        }
        writes.push(view.update(list.version, &changed)?);
    }
    Ok(writes)
}

/// The writes that open the lists of a rebuilt authority, which has its predecessor's policy.
pub(in crate::registry::authorities) fn inherited(
    view: &View<'_>,
    record: &mut Authority,
    old: &Authority,
) -> Result<Vec<Write>> {
    let Some(policy) = old.crl_policy() else { return Ok(Vec::new()) };
    let scheme = CrlScheme { policy: policy.clone(), generation: 1, first_shard: 1 };
    let writes = lists(view, record.id, &scheme, &[])?;
    record.crls = Some(scheme);
    Ok(writes)
}

impl Inner {
    /// The lists that an authority keeps up.
    pub(super) fn lists_of(&self, id: AuthorityId) -> Result<Vec<Stored<CrlList>>> {
        let mut found = Vec::new();
        self.scan::<CrlList>(&Wanted::default().eq("authority", id.to_value(&self.ids)), |list| {
            found.push(list);
            Ok(())
        })?;
        Ok(found)
    }
}

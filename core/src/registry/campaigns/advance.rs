//! The next wave, and what becomes of those who have not come.

use super::progress::waiting;
use super::release::release;
use super::start::PORTION;
use super::{Campaigns, parts_of};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{CampaignError, Error};
use crate::id::CampaignId;
use crate::model::{
    Campaign, CampaignPart, CampaignState, Certificate, CertificateState, CredentialKind, Entity, KeyState, Psk,
    PskState, SymmetricKey,
};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::merge::table_of;
use crate::registry::{Bulk, Call};
use crate::store::record::{Stored, read};
use crate::store::{MAX_PAGE, Match, Query, Value, Write};

const DAY: i64 = 86_400;

/// What one step of a wave led to.
enum Step {
    /// There is more to release now.
    More,
    /// Nothing is to be released before the next wave.
    Rest(Box<Campaign>),
}

impl Campaigns<'_> {
    /// Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out
    /// whoever has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for.
    /// To be called now and then, by one process or by several at once: each credential has its turn once. A campaign
    /// that is finished stays as it is. The request ID of `call` is not used.
    ///
    /// A wave is committed in portions. If the call is cut short, the next one goes on where it ended.
    ///
    /// # Errors
    /// `campaign.paused`, `campaign.cancelled`; `input.unknown_id`; store errors, after which it can be called again.
    pub fn advance(&self, id: CampaignId, call: &Call) -> Result<Campaign> {
        // What is released depends on the moment, so a request ID would stand for nothing.
        let call = &Call { request_id: None, ..call.clone() };
        let campaign = loop {
            match self.step(id, call)? {
                Step::More => {}
                Step::Rest(campaign) => break *campaign,
            }
        };
        if campaign.state == CampaignState::Finished {
            return Ok(campaign);
        }
        if let Some(days) = campaign.revoke_after_days {
            self.shut_out(&campaign, days, call)?;
        }
        if campaign.is_released() && self.inner.count_waiting(id)? == 0 {
            return self.finish(id, call);
        }
        Ok(campaign)
    }

    /// Releases one portion.
    fn step(self, id: CampaignId, call: &Call) -> Result<Step> {
        let action = "campaign.release";
        self.inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Campaign, _>(id)?;
                let number = view.number_of(id)?;
                match stored.check_running() {
                    Ok(()) => {}
                    Err(CampaignError::Finished) => {
                        return Ok(Plan::done(number, Vec::new(), Step::Rest(Box::new(stored.record))));
                    }
                    Err(refusal) => return Err(refusal.into()),
                }
                let Some(campaign) = stored.record.clone().in_wave(view.now) else {
                    return Ok(Plan::done(number, Vec::new(), Step::Rest(Box::new(stored.record))));
                };
                let part = self.inner.store()?.find(&parts_of(number, None, 1))?.rows.pop();
                let part = read::<CampaignPart>(part, &self.inner.ids)?
                    .ok_or_else(|| Error::defect("a campaign lost some of its members"))?;
                let members = part.unpack();
                let position = usize::try_from(campaign.position).unwrap_or(usize::MAX);
                let left = usize::try_from(campaign.wave_left).unwrap_or(usize::MAX);
                let turn: Vec<_> = members.iter().skip(position).take(left.min(PORTION)).copied().collect();
                let mut writes = release(view, &campaign, part.kind, &turn)?;
                let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
                let (campaign, part_done) = campaign.advanced(count(turn.len()), count(members.len()));
                if part_done {
                    writes.push(view.delete(&part)?);
                }
                writes.push(view.update(stored.version, &campaign)?);
                let detail = format!("wave {}: {} of kind {}", campaign.wave, turn.len(), part.kind);
                writes.push(view.event(action, Entity::Campaign(id), None, Some(detail))?);
                let more = campaign.wave_left > 0;
                Ok(Plan::done(number, writes, if more { Step::More } else { Step::Rest(Box::new(campaign)) }))
            },
            |_| Err(Error::defect("a wave was asked for under a request ID")),
        )
    }

    fn finish(self, id: CampaignId, call: &Call) -> Result<Campaign> {
        let action = "campaign.finish";
        self.inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Campaign, _>(id)?;
                let number = view.number_of(id)?;
                // Another process may have been first, or somebody stopped it at this moment.
                if stored.check_running().is_err() {
                    return Ok(Plan::done(number, Vec::new(), stored.record));
                }
                let finished = stored.record.clone().finished(view.now)?;
                let event = view.event(action, Entity::Campaign(id), None, Some(finished.name.clone()))?;
                Ok(Plan::done(number, vec![view.update(stored.version, &finished)?, event], finished))
            },
            |_| self.get(id),
        )
    }

    /// Takes out of force what was asked for `days` days ago and is still waited for.
    fn shut_out(self, campaign: &Campaign, days: u32, call: &Call) -> Result<()> {
        let inner = self.inner;
        let now = inner.now()?;
        let before = now.plus(1).plus(-DAY.saturating_mul(days.into()));
        for mut source in waiting(inner, campaign.id, now) {
            // A certificate whose renewal is not confirmed yet has no date: its own grace period ends it.
            let to = Some(Value::Int(before.unix()));
            source.wanted.and("renew_at", Match::Range { from: None, to });
            let (Some(kind), mut after) = (source.kind.credential(), None) else { continue };
            loop {
                let page = inner.store()?.find(&Query {
                    table: table_of(kind),
                    filters: source.wanted.filters.clone(),
                    order: None,
                    descending: false,
                    after,
                    limit: MAX_PAGE,
                    total: false,
                })?;
                let late: Vec<u64> = page.rows.iter().map(|row| row.key).collect();
                self.shut_out_some(campaign, kind, &late, before, call)?;
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    fn shut_out_some(
        self,
        campaign: &Campaign,
        kind: CredentialKind,
        late: &[u64],
        before: Timestamp,
        call: &Call,
    ) -> Result<()> {
        let many = Many {
            action: match kind {
                CredentialKind::Certificate => "certificate.revoke",
                CredentialKind::Key => "key.suspend",
                CredentialKind::Psk => "psk.suspend",
            },
            content: &|number: &u64| number.to_be_bytes().to_vec(),
            plan: &|view: &View<'_>, &number: &u64| {
                // It may have been stopped meanwhile, and they may have come.
                let running = view.get::<Campaign, _>(campaign.id)?;
                running.check_running()?;
                match kind {
                    CredentialKind::Certificate => late_certificate(view, &running, number, before),
                    CredentialKind::Key => late_key(view, &running, number, before),
                    CredentialKind::Psk => late_psk(view, &running, number, before),
                }
            },
            replay: &|_| Ok(()),
        };
        self.inner.change_many(call, late, &Bulk::each(), &many)?.into_iter().collect()
    }
}

fn is_late(of: Option<CampaignId>, renew_at: Option<Timestamp>, campaign: &Campaign, before: Timestamp) -> bool {
    of == Some(campaign.id) && renew_at.is_some_and(|asked| asked < before)
}

fn late_certificate<'a>(
    view: &View<'_>,
    campaign: &Stored<Campaign>,
    number: u64,
    before: Timestamp,
) -> Result<Plan<'a, ()>> {
    let late = view.find::<Certificate>(number)?.filter(|certificate| {
        let counts = matches!(certificate.state, CertificateState::Active | CertificateState::Suspended);
        counts && is_late(certificate.campaign, certificate.renew_at, campaign, before)
    });
    match late {
        Some(late) => Ok(view.plan_revocation(late.id, campaign.revocation)?.map(drop)),
        None => Ok(Plan::done(number, Vec::new(), ())),
    }
}

fn late_key<'a>(view: &View<'_>, campaign: &Stored<Campaign>, number: u64, before: Timestamp) -> Result<Plan<'a, ()>> {
    let Some(stored) = view.find::<SymmetricKey>(number)? else { return Ok(Plan::done(number, Vec::new(), ())) };
    if !is_late(stored.campaign, stored.renew_at, campaign, before) {
        return Ok(Plan::done(number, Vec::new(), ()));
    }
    let mut changed = SymmetricKey { campaign: None, ..stored.record.clone() };
    if changed.state == KeyState::Active {
        changed.state = KeyState::Suspended;
    }
    let (subject, object) = match (changed.device, changed.group) {
        (Some(device), _) => (Entity::Device(device), Some(Entity::Key(changed.id))),
        (None, Some(group)) => (Entity::Group(group), Some(Entity::Key(changed.id))),
        (None, None) => (Entity::Key(changed.id), None),
    };
    let event = view.event("key.suspend", subject, object, Some(LATE.to_owned()))?;
    Ok(Plan::done(number, with_event(view.update(stored.version, &changed)?, event), ()))
}

fn late_psk<'a>(view: &View<'_>, campaign: &Stored<Campaign>, number: u64, before: Timestamp) -> Result<Plan<'a, ()>> {
    let Some(stored) = view.find::<Psk>(number)? else { return Ok(Plan::done(number, Vec::new(), ())) };
    if !is_late(stored.campaign, stored.renew_at, campaign, before) {
        return Ok(Plan::done(number, Vec::new(), ()));
    }
    let mut changed = Psk { campaign: None, ..stored.record.clone() };
    if changed.state == PskState::Active {
        changed.state = PskState::Suspended;
    }
    let subject = Entity::Device(changed.device);
    let event = view.event("psk.suspend", subject, Some(Entity::Psk(changed.id)), Some(LATE.to_owned()))?;
    Ok(Plan::done(number, with_event(view.update(stored.version, &changed)?, event), ()))
}

/// Why a key was suspended, in its event.
const LATE: &str = "not renewed when a campaign asked for it";

fn with_event(write: Write, event: Write) -> Vec<Write> {
    vec![write, event]
}

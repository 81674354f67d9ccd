//! How far a campaign has come, and who has not.

use super::{Campaigns, of_campaign};
use crate::Result;
use crate::env::Timestamp;
use crate::id::CampaignId;
use crate::model::{CertificateState, CredentialKind, KeyState, PskState};
use crate::registry::Inner;
use crate::registry::due::DueItem;
use crate::registry::merge::Source;
use crate::registry::page::{Listing, Page, Wanted};
use crate::store::{Match, Value};

/// How far a campaign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CampaignProgress {
    /// How many credentials were selected.
    pub selected: u64,
    /// How many of them had their turn.
    pub released: u64,
    /// How many of those came, or need not come any more: they were renewed (by themselves perhaps), revoked, deleted,
    /// or have expired.
    pub done: u64,
    /// How many of those are waited for: [`stragglers`](Campaigns::stragglers) lists them.
    pub waiting: u64,
    /// Which wave was released last, from 1; 0 before the first.
    pub wave: u32,
    /// When the next wave may begin; `None` after the last.
    pub next_wave_at: Option<Timestamp>,
    /// Whether everybody had a turn, and nobody is waited for.
    pub finished: bool,
}

/// Whom a campaign waits for, in this order.
pub(super) fn waiting(inner: &Inner, id: CampaignId, now: Timestamp) -> Vec<Source> {
    let in_states = |mut wanted: Wanted, states: Vec<i64>| {
        wanted.and("state", Match::In(states.into_iter().map(Value::Int).collect()));
        wanted
    };
    let certificates = || {
        // One with a successor that nobody confirmed counts among them, until its grace period is over.
        let states = vec![CertificateState::Active.number(), CertificateState::Suspended.number()];
        let mut wanted = in_states(of_campaign(inner, id), states).eq("deleted", Value::Int(0));
        wanted.and("not_after", Match::Range { from: Some(Value::Int(now.unix())), to: None });
        wanted
    };
    let mut renewed = certificates();
    renewed.and("retires", Match::Range { from: Some(Value::Int(now.plus(1).unix())), to: None });
    let keys = vec![KeyState::Active.number(), KeyState::Suspended.number(), KeyState::Compromised.number()];
    let psks = vec![PskState::Active.number(), PskState::Suspended.number()];
    let source = |kind: CredentialKind, wanted| Source { kind: kind.into(), wanted };
    vec![
        source(CredentialKind::Certificate, certificates().eq("retires", Value::Null)),
        source(CredentialKind::Certificate, renewed),
        source(CredentialKind::Key, in_states(of_campaign(inner, id), keys)),
        source(CredentialKind::Psk, in_states(of_campaign(inner, id), psks)),
    ]
}

impl Campaigns<'_> {
    /// How far a campaign has come.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn progress(&self, id: CampaignId) -> Result<CampaignProgress> {
        let campaign = self.get(id)?;
        let waiting = self.inner.count_waiting(id)?;
        Ok(CampaignProgress {
            selected: campaign.selected,
            released: campaign.released,
            done: campaign.released.saturating_sub(waiting),
            waiting,
            wave: campaign.wave,
            next_wave_at: campaign.next_wave_at,
            finished: campaign.is_released() && waiting == 0,
        })
    }

    /// Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
    /// still have the value that they had, or whose new value no device fetched.
    ///
    /// # Errors
    /// `input.unknown_id`; `input.page_cursor` for a cursor of another list or campaign.
    pub fn stragglers(&self, id: CampaignId, page: &Page) -> Result<Listing<DueItem>> {
        self.get(id)?;
        let list = format!("stragglers {id}");
        self.inner.merge(&list, &waiting(self.inner, id, self.inner.now()?), page)
    }
}

impl Inner {
    /// How many a campaign waits for.
    pub(super) fn count_waiting(&self, id: CampaignId) -> Result<u64> {
        let sources = waiting(self, id, self.now()?);
        sources
            .into_iter()
            .try_fold(0_u64, |sum, source| Ok(sum.saturating_add(self.total_of(source.table(), source.wanted)?)))
    }
}

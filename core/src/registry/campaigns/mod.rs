//! The handle for campaigns: answers to a broken algorithm or a leaked key, for many credentials at a time.
//!
//! Nothing runs by itself. The members of a campaign are fixed when it starts and kept in parts; each call of
//! [`advance`](Campaigns::advance) takes the next ones out and lets them have their turn, a few hundred in each commit,
//! together with the note of how far it came. So a crash in the middle neither loses nor repeats anybody, and of several
//! processes that advance one campaign, each finds what the others left.

mod advance;
mod progress;
mod release;
mod select;
mod start;

pub use progress::CampaignProgress;
pub use select::{CampaignPreview, Selection};
pub use start::NewCampaign;

use super::driver::{Operation, Plan, View};
use super::page::{Listing, Page, Text, Wanted};
use super::{Call, Inner};
use crate::Result;
use crate::id::CampaignId;
use crate::model::{Campaign, CampaignPart, CampaignState, Entity};
use crate::store::record::{Cell, Stored};
use crate::store::{Expect, Match, Query, RowRef, Value, Write};

/// Which campaigns to list: those that match everything given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFilter {
    /// By name.
    pub name: Option<Text>,
    /// In this state.
    pub state: Option<CampaignState>,
}

/// Campaigns: credentials selected by algorithm, authority, product, group or time, that are replaced wave by wave
/// (NEC-63).
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, CampaignFilter, NewCampaign, Page, Selection};
/// let call = Call::by("security");
/// let weak = Selection { algorithm: Some("rsa-2048".to_owned()), ..Selection::default() };
/// if registry.campaigns().preview(&weak)?.certificates > 0 {
///     let new = NewCampaign { wave_size: 5_000, wave_seconds: 3_600, ..NewCampaign::new("RSA-2048", weak) };
///     registry.campaigns().start(&new, &call)?;
/// }
/// // Every few minutes, in any process:
/// for campaign in registry.campaigns().find(&CampaignFilter::default(), &Page::of(100))?.items {
///     registry.campaigns().advance(campaign.id, &call)?;
/// }
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Campaigns<'r> {
    inner: &'r Inner,
}

impl<'r> Campaigns<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The campaign with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: CampaignId) -> Result<Campaign> {
        Ok(self.inner.get_record::<Campaign, _>(id)?.record)
    }

    /// The campaigns that match, in the order in which they were started.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &CampaignFilter, page: &Page) -> Result<Listing<Campaign>> {
        let mut wanted = Wanted::default();
        if let Some(name) = &filter.name {
            wanted.and("name", name.clone().into_match());
        }
        if let Some(state) = filter.state {
            wanted.and("state", Match::Eq(Value::Int(state.number())));
        }
        self.inner.list(wanted, page)
    }

    /// Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out while
    /// it is stopped.
    ///
    /// # Errors
    /// `campaign.not_running`, `campaign.finished`, `campaign.cancelled`.
    pub fn pause(&self, id: CampaignId, call: &Call) -> Result<Campaign> {
        self.change(id, "campaign.pause", call, |_, stored| Ok((stored.record.clone().paused()?, Vec::new())))
    }

    /// Lets a campaign go on where it was stopped.
    ///
    /// # Errors
    /// `campaign.not_paused`, `campaign.finished`, `campaign.cancelled`.
    pub fn resume(&self, id: CampaignId, call: &Call) -> Result<Campaign> {
        self.change(id, "campaign.resume", call, |_, stored| Ok((stored.record.clone().resumed()?, Vec::new())))
    }

    /// Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.
    ///
    /// # Errors
    /// `campaign.finished`, `campaign.cancelled`.
    pub fn cancel(&self, id: CampaignId, call: &Call) -> Result<Campaign> {
        self.change(id, "campaign.cancel", call, |view, stored| {
            let number = view.number_of(id)?;
            let mut writes = Vec::new();
            let mut after = None;
            loop {
                let page = self.inner.store()?.find(&parts_of(number, after, crate::store::MAX_PAGE))?;
                let gone = |row: &crate::store::Row| {
                    Write::Delete(RowRef { table: row.table, key: row.key }, Expect::Version(row.version))
                };
                writes.extend(page.rows.iter().map(gone));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            Ok((stored.record.clone().cancelled(view.now)?, writes))
        })
    }

    fn change(
        self,
        id: CampaignId,
        action: &'static str,
        call: &Call,
        decide: impl Fn(&View<'_>, &Stored<Campaign>) -> Result<(Campaign, Vec<Write>)>,
    ) -> Result<Campaign> {
        self.inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Campaign, _>(id)?;
                let (changed, mut writes) = decide(view, &stored)?;
                writes.push(view.update(stored.version, &changed)?);
                writes.push(view.event(action, Entity::Campaign(id), None, Some(changed.name.clone()))?);
                Ok(Plan::done(view.number_of(id)?, writes, changed))
            },
            |_| self.get(id),
        )
    }
}

/// The question for the parts of campaign `number` that are left, in their order.
fn parts_of(number: u64, after: Option<crate::store::Cursor>, limit: u32) -> Query {
    use crate::store::record::Record;
    let wanted = Wanted::default().eq("campaign", Value::Int(i64::try_from(number).unwrap_or(-1)));
    Query {
        table: CampaignPart::TABLE,
        filters: wanted.filters,
        order: None,
        descending: false,
        after,
        limit,
        total: false,
    }
}

/// What belongs to this campaign.
fn of_campaign(inner: &Inner, id: CampaignId) -> Wanted {
    Wanted::default().eq("campaign", id.to_value(&inner.ids))
}

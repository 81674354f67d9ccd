//! The start of a campaign, which fixes who is a member.

use super::{Campaigns, Selection};
use crate::Result;
use crate::error::{CampaignError, Error};
use crate::model::{
    Campaign, CampaignPart, CampaignState, CredentialKind, Entity, Member, ReissuePolicy, check_name, check_text,
};
use crate::registry::Call;
use crate::registry::driver::{Operation, Plan};
use crate::x509::RevocationReason;

/// How many members one part has: what one commit releases at most.
pub(super) const PORTION: usize = 512;

/// A campaign to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCampaign {
    /// What people call it; no two campaigns have one name.
    pub name: String,
    /// Which credentials are to be replaced.
    pub selection: Selection,
    /// How many credentials one wave has; at least 1.
    pub wave_size: u32,
    /// How long after the beginning of a wave the next one may begin, in seconds. 0: with the next call.
    pub wave_seconds: u32,
    /// How they are replaced.
    pub policy: ReissuePolicy,
    /// For how long old values count beside the new ones where the registry makes them, in days.
    pub grace_days: u32,
    /// After how many days whoever was asked and has not come is shut out: certificates are revoked, keys suspended.
    /// `None`: never.
    pub revoke_after_days: Option<u32>,
    /// The reason for which certificates are revoked then.
    pub revocation: RevocationReason,
    /// Why there is a campaign; it stands in its record and its event. At most 255 bytes.
    pub reason: Option<String>,
}

impl NewCampaign {
    /// A campaign with waves of 1,000 every hour in which credentials become due, and nobody is shut out.
    pub fn new(name: impl Into<String>, selection: Selection) -> Self {
        Self {
            name: name.into(),
            selection,
            wave_size: 1_000,
            wave_seconds: 3_600,
            policy: ReissuePolicy::Due,
            grace_days: 0,
            revoke_after_days: None,
            revocation: RevocationReason::PrivilegeWithdrawn,
            reason: None,
        }
    }

    fn check(&self) -> Result<()> {
        check_name("campaign name", &self.name)?;
        if let Some(reason) = &self.reason {
            check_text("reason", reason)?;
        }
        if self.wave_size == 0 {
            return Err(Error::input("wave_size", "is 0; release at least one credential in a wave"));
        }
        for (field, days) in [("grace_days", Some(self.grace_days)), ("revoke_after_days", self.revoke_after_days)] {
            if days.is_some_and(|days| days > 3_653) {
                return Err(Error::input(field, "is above 3653"));
            }
        }
        if matches!(self.revocation, RevocationReason::CertificateHold | RevocationReason::RemoveFromCrl) {
            return Err(Error::input("revocation", "is not a reason for which certificates are revoked for good"));
        }
        self.selection.check()
    }
}

impl Campaigns<'_> {
    /// Starts a campaign: selects its members and releases nothing yet, which [`advance`](Self::advance) does. What is
    /// issued from now on is not among them. A campaign that selects what another one asks for takes it over.
    ///
    /// A million members take some seconds and 12 MB of memory.
    ///
    /// # Errors
    /// `campaign.nothing_selected`, `campaign.selection`, `campaign.name_taken`, `input.unknown_id` for what is named and
    /// does not exist, `input.invalid`.
    pub fn start(&self, new: &NewCampaign, call: &Call) -> Result<Campaign> {
        let inner = self.inner;
        new.check()?;
        inner.prepare_selection(&new.selection)?;
        let action = "campaign.start";
        let content = format!("{new:?}");
        inner.change(
            call,
            Operation { action, content: content.as_bytes() },
            |view| {
                let number = view.number::<Campaign>()?;
                let id = inner.ids.id(number);
                view.check_name_free::<Campaign>(&new.name, number, CampaignError::NameTaken)?;
                let mut writes = Vec::new();
                let mut selected = 0_u64;
                for &kind in CredentialKind::ALL {
                    let mut members: Vec<Member> = Vec::new();
                    inner.selected(&new.selection, kind, view.now, |found| members.extend_from_slice(found))?;
                    selected = selected.saturating_add(u64::try_from(members.len()).unwrap_or(u64::MAX));
                    for part in members.chunks(PORTION) {
                        let key = view.number::<CampaignPart>()?;
                        let members = CampaignPart::pack(part);
                        writes.push(view.insert(&CampaignPart { key, campaign: id, kind, members })?);
                    }
                }
                if selected == 0 {
                    return Err(CampaignError::NothingSelected.into());
                }
                let selection = &new.selection;
                let campaign = Campaign {
                    id,
                    name: new.name.clone(),
                    state: CampaignState::Running,
                    kinds: selection.kinds.clone(),
                    algorithm: selection.algorithm.clone(),
                    authority: selection.authority,
                    product: selection.product,
                    group: selection.group,
                    issued_from: selection.issued_from,
                    issued_to: selection.issued_to,
                    listed: selection.is_listed(),
                    wave_size: new.wave_size,
                    wave_seconds: new.wave_seconds,
                    policy: new.policy,
                    grace_days: new.grace_days,
                    revoke_after_days: new.revoke_after_days,
                    revocation: new.revocation,
                    reason: new.reason.clone(),
                    selected,
                    released: 0,
                    wave: 0,
                    next_wave_at: Some(view.now),
                    started: view.now,
                    ended: None,
                    wave_left: 0,
                    position: 0,
                };
                writes.push(view.insert(&campaign)?);
                let detail = new.reason.clone().unwrap_or_else(|| new.name.clone());
                writes.push(view.event(action, Entity::Campaign(id), None, Some(detail))?);
                Ok(Plan::done(number, writes, campaign))
            },
            |number| self.get(inner.ids.id(number)),
        )
    }
}

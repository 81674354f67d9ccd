//! The turn of one credential.

use crate::Result;
use crate::error::Kind;
use crate::id::CampaignId;
use crate::model::{
    Campaign, Certificate, CertificateState, CredentialKind, KeyState, Member, Psk, PskKind, PskState, ReissuePolicy,
    SymmetricKey,
};
use crate::registry::driver::View;
use crate::registry::merge::table_of;
use crate::registry::{RotateKey, RotatePsk};
use crate::store::record::{Stored, read};
use crate::store::{Row, RowRef, Write};

/// The writes that give these members of `campaign` their turn. What was replaced or taken out of force since the campaign
/// began needs none.
pub(super) fn release(
    view: &View<'_>,
    campaign: &Campaign,
    kind: CredentialKind,
    members: &[Member],
) -> Result<Vec<Write>> {
    let table = table_of(kind);
    let rows: Vec<RowRef> = members.iter().map(|member| RowRef { table, key: member.number }).collect();
    let rows = view.registry.store()?.get(&rows)?;
    let mut writes = Vec::with_capacity(members.len());
    for (row, member) in rows.into_iter().zip(members) {
        writes.extend(match kind {
            CredentialKind::Certificate => certificate(view, campaign.id, stored(view, row)?)?,
            CredentialKind::Key => key(view, campaign, member.version, stored(view, row)?)?,
            CredentialKind::Psk => psk(view, campaign, member.version, stored(view, row)?)?,
        });
    }
    Ok(writes)
}

fn stored<T: crate::store::record::Record>(view: &View<'_>, row: Option<Row>) -> Result<Option<Stored<T>>> {
    Ok(read(row, &view.registry.ids)?)
}

fn certificate(view: &View<'_>, campaign: CampaignId, stored: Option<Stored<Certificate>>) -> Result<Vec<Write>> {
    let Some(stored) = stored else { return Ok(Vec::new()) };
    let counts = matches!(stored.state, CertificateState::Active | CertificateState::Suspended);
    if !counts || stored.deleted || stored.not_after < view.now {
        return Ok(Vec::new());
    }
    let mut changed = Certificate { campaign: Some(campaign), ..stored.record.clone() };
    // One whose renewal is under way is not asked again, but waited for until that is confirmed.
    if changed.successor.is_none() {
        changed.renew_at = Some(view.now);
    }
    Ok(vec![view.update(stored.version, &changed)?])
}

fn key(view: &View<'_>, campaign: &Campaign, version: u32, stored: Option<Stored<SymmetricKey>>) -> Result<Vec<Write>> {
    let Some(stored) = stored.filter(|key| key.record.version == version && key.state != KeyState::Destroyed) else {
        return Ok(Vec::new());
    };
    if campaign.policy == ReissuePolicy::Rotate {
        let rotate = RotateKey::with_grace(campaign.grace_days);
        if let Some((writes, _)) = unless_refused(view.rotation(&stored, &rotate, Some(campaign.id)))? {
            return Ok(writes);
        }
    }
    let changed = SymmetricKey { renew_at: Some(view.now), campaign: Some(campaign.id), ..stored.record.clone() };
    Ok(vec![view.update(stored.version, &changed)?])
}

fn psk(view: &View<'_>, campaign: &Campaign, version: u32, stored: Option<Stored<Psk>>) -> Result<Vec<Write>> {
    let Some(stored) = stored.filter(|psk| psk.record.version == version && psk.state != PskState::Deleted) else {
        return Ok(Vec::new());
    };
    // Nobody could fetch a new secret that only can be checked.
    if campaign.policy == ReissuePolicy::Rotate && stored.kind == PskKind::Readable {
        let rotate = RotatePsk::with_grace(campaign.grace_days);
        if let Some(plan) = unless_refused(view.plan_psk_rotation(stored.id, &rotate))? {
            let (_, complete) = plan.split();
            return Ok(complete(Vec::new())?.writes);
        }
    }
    let changed = Psk { renew_at: Some(view.now), campaign: Some(campaign.id), ..stored.record.clone() };
    Ok(vec![view.update(stored.version, &changed)?])
}

/// What cannot be rotated now, since it is suspended or its device is disabled, becomes due.
fn unless_refused<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(refusal) if matches!(refusal.kind(), Kind::Refused | Kind::State) => Ok(None),
        Err(failure) => Err(failure),
    }
}

//! The handle for campaigns: many credentials replaced, wave by wave.

use super::campaign_values::{
    tegata_campaign, tegata_campaign_filter, tegata_campaign_list, tegata_campaign_preview, tegata_campaign_progress,
    tegata_new_campaign, tegata_selection,
};
use super::due::tegata_due_item_list;
use crate::registry::prelude::*;

/// How many credentials a selection selects now. A million of them take about a second.
///
/// Errors: `campaign.selection` with the reason; `input.unknown_id` for what does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_preview(
    registry: *const tegata_registry,
    selection: *const tegata_selection,
    preview: *mut *const tegata_campaign_preview,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let preview = out(preview, "preview")?;
        preview.give(&registry_of(registry)?.campaigns().preview(&given(selection, "selection")?)?);
        Ok(())
    })
}

/// Starts a campaign: selects its members and releases nothing yet, which `tegata_campaigns_advance()` does. What is
/// issued from now on is not among them. A campaign that selects what another one asks for takes it over.
///
/// A million members take some seconds and 12 MB of memory.
///
/// Errors: `campaign.nothing_selected`, `campaign.selection`, `campaign.name_taken`, `input.unknown_id` for what is
/// named and does not exist, `input.invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_start(
    registry: *const tegata_registry,
    new_campaign: *const tegata_new_campaign,
    call: *const tegata_call,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign
            .give(&registry_of(registry)?.campaigns().start(&given(new_campaign, "new_campaign")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out whoever
/// has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for. To be
/// called now and then, by one process or by several at once: each credential has its turn once. A campaign that is
/// finished stays as it is. The request ID of `call` is not used.
///
/// A wave is committed in portions. If the call is cut short, the next one goes on where it ended.
///
/// Errors: `campaign.paused`, `campaign.cancelled`; `input.unknown_id`; store errors, after which it can be called
/// again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_advance(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign.give(&registry_of(registry)?.campaigns().advance(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out while it
/// is stopped.
///
/// Errors: `campaign.not_running`, `campaign.finished`, `campaign.cancelled`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_pause(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign.give(&registry_of(registry)?.campaigns().pause(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Lets a campaign go on where it was stopped.
///
/// Errors: `campaign.not_paused`, `campaign.finished`, `campaign.cancelled`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign.give(&registry_of(registry)?.campaigns().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.
///
/// Errors: `campaign.finished`, `campaign.cancelled`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_cancel(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign.give(&registry_of(registry)?.campaigns().cancel(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// The campaign with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_get(
    registry: *const tegata_registry,
    id: *const c_char,
    campaign: *mut *const tegata_campaign,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let campaign = out(campaign, "campaign")?;
        campaign.give(&registry_of(registry)?.campaigns().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The campaigns that match, in the order in which they were started.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_find(
    registry: *const tegata_registry,
    filter: *const tegata_campaign_filter,
    page: *const tegata_page,
    list: *mut *const tegata_campaign_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .campaigns()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// How far a campaign has come.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_progress(
    registry: *const tegata_registry,
    id: *const c_char,
    progress: *mut *const tegata_campaign_progress,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let progress = out(progress, "progress")?;
        progress.give(&registry_of(registry)?.campaigns().progress(parsed(id, "id")?)?);
        Ok(())
    })
}

/// Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
/// still have the value that they had, or whose new value no device fetched.
///
/// Errors: `input.unknown_id`; `input.page_cursor` for a cursor of another list or campaign.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaigns_stragglers(
    registry: *const tegata_registry,
    id: *const c_char,
    page: *const tegata_page,
    list: *mut *const tegata_due_item_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(&registry_of(registry)?.campaigns().stragglers(parsed(id, "id")?, &given_or_default(page, "page")?)?);
        Ok(())
    })
}

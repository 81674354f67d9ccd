//! `registry.campaigns`.

use pyo3::prelude::*;

use crate::convert::Core;
use crate::error::run;
use crate::options::{CampaignFilter, NewCampaign, Selection};
use crate::page::{CampaignListing, CampaignPages, DueListing, DuePages, Page, or_first};
use crate::records::{Campaign, CampaignPreview, CampaignProgress};
use crate::registry::called_by;

/// Campaigns: many credentials that are replaced wave by wave.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Campaigns(pub(crate) tegata::Registry);

#[pymethods]
impl Campaigns {
    /// Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out
    /// whoever has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for.
    /// To be called now and then, by one process or by several at once: each credential has its turn once. A campaign
    /// that is finished stays as it is. The request ID of `call` is not used.
    ///
    /// A wave is committed in portions. If the call is cut short, the next one goes on where it ended.
    ///
    /// Errors:
    /// `campaign.paused`, `campaign.cancelled`; `input.unknown_id`; store errors, after which it can be called again.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn advance(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().advance(id.parse()?, &called_by(actor, request_id)))
    }

    /// Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.
    ///
    /// Errors:
    /// `campaign.finished`, `campaign.cancelled`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn cancel(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().cancel(id.parse()?, &called_by(actor, request_id)))
    }

    /// The campaigns that match, in the order in which they were started.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<CampaignFilter>, page: Option<&Page>) -> PyResult<CampaignListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.campaigns().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<CampaignFilter>, page_size: u32) -> CampaignPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        CampaignPages::new(page_size, move |page| registry.campaigns().find(&filter, page))
    }

    /// The campaign with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().get(id.parse()?))
    }

    /// Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out while
    /// it is stopped.
    ///
    /// Errors:
    /// `campaign.not_running`, `campaign.finished`, `campaign.cancelled`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn pause(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().pause(id.parse()?, &called_by(actor, request_id)))
    }

    /// How many credentials a selection selects now. A million of them take about a second.
    ///
    /// Errors:
    /// `campaign.selection` with the reason; `input.unknown_id` for what does not exist.
    #[pyo3(signature = (selection))]
    fn preview(&self, py: Python<'_>, selection: &Selection) -> PyResult<CampaignPreview> {
        let registry = &self.0;
        run(py, || registry.campaigns().preview(&selection.0))
    }

    /// How far a campaign has come.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn progress(&self, py: Python<'_>, id: &str) -> PyResult<CampaignProgress> {
        let registry = &self.0;
        run(py, || registry.campaigns().progress(id.parse()?))
    }

    /// Lets a campaign go on where it was stopped.
    ///
    /// Errors:
    /// `campaign.not_paused`, `campaign.finished`, `campaign.cancelled`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// Starts a campaign: selects its members and releases nothing yet, which `advance` does. What is
    /// issued from now on is not among them. A campaign that selects what another one asks for takes it over.
    ///
    /// A million members take some seconds and 12 MB of memory.
    ///
    /// Errors:
    /// `campaign.nothing_selected`, `campaign.selection`, `campaign.name_taken`, `input.unknown_id` for what is named and
    /// does not exist, `input.invalid`.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn start(&self, py: Python<'_>, new: &NewCampaign, actor: &str, request_id: Option<&str>) -> PyResult<Campaign> {
        let registry = &self.0;
        run(py, || registry.campaigns().start(&new.0, &called_by(actor, request_id)))
    }

    /// Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
    /// still have the value that they had, or whose new value no device fetched.
    ///
    /// Errors:
    /// `input.unknown_id`; `input.page_cursor` for a cursor of another list or campaign.
    #[pyo3(signature = (id, page=None))]
    fn stragglers(&self, py: Python<'_>, id: &str, page: Option<&Page>) -> PyResult<DueListing> {
        let registry = &self.0;
        run(py, || registry.campaigns().stragglers(id.parse()?, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (id, *, page_size=500))]
    fn iterate_stragglers(&self, id: &str, page_size: u32) -> PyResult<DuePages> {
        let id: tegata::CampaignId = id.core()?;
        let registry = self.0.clone();
        Ok(DuePages::new(page_size, move |page| registry.campaigns().stragglers(id, page)))
    }
}

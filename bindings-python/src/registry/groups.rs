//! `registry.groups`.

use pyo3::prelude::*;

use crate::error::run;
use crate::options::GroupChange;
use crate::page::{GroupListing, GroupPages, Page, or_first};
use crate::records::Group;
use crate::registry::called_by;
use crate::sums::Text;

/// Groups of devices, each with its renewal intervals.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Groups(pub(crate) tegata::Registry);

#[pymethods]
impl Groups {
    /// Makes a group called `name` with the intervals in `settings`.
    ///
    /// Errors:
    /// `group.name_taken`, `input.invalid`.
    #[pyo3(signature = (name, settings, *, actor="", request_id=None))]
    fn create(
        &self,
        py: Python<'_>,
        name: &str,
        settings: &GroupChange,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Group> {
        let registry = &self.0;
        run(py, || registry.groups().create(name, &settings.0, &called_by(actor, request_id)))
    }

    /// Deletes an empty group.
    ///
    /// Errors:
    /// `group.not_empty` while devices (deleted ones apart) belong to it.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn delete(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<()> {
        let registry = &self.0;
        run(py, || registry.groups().delete(id.parse()?, &called_by(actor, request_id)))
    }

    /// The groups whose name matches, by name; all of them without `name`.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (name=None, page=None))]
    fn find(&self, py: Python<'_>, name: Option<&Text>, page: Option<&Page>) -> PyResult<GroupListing> {
        let registry = &self.0;
        run(py, || registry.groups().find(name.map(|text| &text.0), &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (name=None, *, page_size=500))]
    fn iterate(&self, name: Option<Text>, page_size: u32) -> GroupPages {
        let registry = self.0.clone();
        GroupPages::new(page_size, move |page| registry.groups().find(name.as_ref().map(|text| &text.0), page))
    }

    /// The group with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Group> {
        let registry = &self.0;
        run(py, || registry.groups().get(id.parse()?))
    }

    /// Changes a group. With a new certificate interval, the members' certificates get their new due dates in the same
    /// commit, which takes about a second per 20,000 members.
    ///
    /// Errors:
    /// `group.name_taken`, `input.invalid`.
    #[pyo3(signature = (id, change, *, actor="", request_id=None))]
    fn update(
        &self,
        py: Python<'_>,
        id: &str,
        change: &GroupChange,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Group> {
        let registry = &self.0;
        run(py, || registry.groups().update(id.parse()?, &change.0, &called_by(actor, request_id)))
    }
}

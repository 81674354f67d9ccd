//! `registry.events`.

use pyo3::prelude::*;

use crate::error::run;
use crate::options::EventFilter;
use crate::page::{EventListing, EventPages, Page, or_first};
use crate::registry::output::Output;
use crate::words;

/// What happened: who did what, to which record, when. Every change writes its event in the same commit.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Events(pub(crate) tegata::Registry);

#[pymethods]
impl Events {
    /// The events that match, in the order in which they were recorded.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<EventFilter>, page: Option<&Page>) -> PyResult<EventListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.events().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<EventFilter>, page_size: u32) -> EventPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        EventPages::new(page_size, move |page| registry.events().find(&filter, page))
    }

    /// Writes all events, oldest first, as JSON lines to a file opened for writing bytes. The result is how many.
    #[pyo3(signature = (out, filter=None))]
    fn export(&self, py: Python<'_>, out: words::Output, filter: Option<EventFilter>) -> PyResult<u64> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let mut out = Output::new(out.0);
        let registry = &self.0;
        let exported = crate::ending::detached(py, || registry.events().export(&filter, &mut out));
        out.finish(py, exported)
    }
}

//! The registry and its handles.

mod authorities;
pub(crate) mod bulk;
mod certificates;
mod devices;
mod events;
mod groups;
mod output;
mod products;
mod profiles;

use pyo3::prelude::*;

pub(crate) use authorities::Authorities;
pub(crate) use certificates::Certificates;
pub(crate) use devices::Devices;
pub(crate) use events::Events;
pub(crate) use groups::Groups;
pub(crate) use products::Products;
pub(crate) use profiles::Profiles;

use crate::convert::Show;
use crate::error::run;
use crate::host::{Options, Sealer};
use crate::options::Due;
use crate::page::{CertificateListing, CertificatePages, Page, or_first};
use crate::records::{Counts, TrustBundle};
use crate::store::Store;
use crate::sums::{Presented, Principal};

/// Who acts, and under which request ID.
pub(crate) fn called_by(actor: &str, request_id: Option<&str>) -> tegata::Call {
    tegata::Call { actor: actor.to_owned(), request_id: request_id.map(str::to_owned) }
}

/// A registry of devices and the authority over their credentials. Any thread may use it.
///
/// `with Registry.open(...) as registry:` closes it at the end.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Registry(tegata::Registry);

impl Show<Registry> for tegata::Registry {
    fn show(&self) -> Registry {
        Registry(self.clone())
    }
}

#[pymethods]
impl Registry {
    /// Opens the registry in a store, or makes a new one in an empty store. The sealer must be the one that the store was
    /// first opened with.
    #[staticmethod]
    #[pyo3(signature = (store, sealer, options=None))]
    fn open(py: Python<'_>, store: Store, sealer: Sealer, options: Option<Options>) -> PyResult<Self> {
        let options = options.map(|options| options.0).unwrap_or_default();
        run(py, || tegata::Registry::open(store.0, sealer.0, options))
    }

    /// Authorities: the private CA.
    #[getter]
    fn authorities(&self) -> Authorities {
        Authorities(self.0.clone())
    }

    /// Profiles: what certificates hold.
    #[getter]
    fn profiles(&self) -> Profiles {
        Profiles(self.0.clone())
    }

    /// Products and the credentials that their units share.
    #[getter]
    fn products(&self) -> Products {
        Products(self.0.clone())
    }

    /// Devices.
    #[getter]
    fn devices(&self) -> Devices {
        Devices(self.0.clone())
    }

    /// Groups of devices.
    #[getter]
    fn groups(&self) -> Groups {
        Groups(self.0.clone())
    }

    /// Certificates.
    #[getter]
    fn certificates(&self) -> Certificates {
        Certificates(self.0.clone())
    }

    /// What happened.
    #[getter]
    fn events(&self) -> Events {
        Events(self.0.clone())
    }

    /// Who presents a certificate. An exception says why it does not count.
    fn authenticate(&self, py: Python<'_>, presented: &Presented) -> PyResult<Principal> {
        let registry = &self.0;
        run(py, || registry.authenticate(&presented.core().map_err(|fail| fail.0)?))
    }

    /// The certificates whose renewal is due, the earliest first.
    #[pyo3(signature = (due, page=None))]
    fn due(&self, py: Python<'_>, due: &Due, page: Option<&Page>) -> PyResult<CertificateListing> {
        let registry = &self.0;
        run(py, || Ok(registry.due(&due.0, &or_first(page))?.filter_map(tegata::DueItem::into_certificate)))
    }

    /// All certificates whose renewal is due, fetched page by page while the iterator goes on.
    #[pyo3(signature = (due, *, page_size=500))]
    fn iterate_due(&self, due: &Due, page_size: u32) -> CertificatePages {
        let (registry, due) = (self.0.clone(), due.0.clone());
        CertificatePages::new(page_size, move |page| {
            Ok(registry.due(&due, page)?.filter_map(tegata::DueItem::into_certificate))
        })
    }

    /// Numbers for a dashboard.
    fn counts(&self, py: Python<'_>) -> PyResult<Counts> {
        let registry = &self.0;
        run(py, || registry.counts())
    }

    /// The roots that those who check certificates need.
    fn trust_bundle(&self, py: Python<'_>) -> PyResult<TrustBundle> {
        let registry = &self.0;
        run(py, || registry.trust_bundle())
    }

    /// Closes the registry: calls from now on raise `store.closed`, calls under way finish.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _type: Option<Bound<'_, PyAny>>,
        _value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) {
        self.close(py);
    }
}

//! The registry and its handles.

mod authorities;
pub(crate) mod bulk;
mod campaigns;
mod certificates;
mod clients;
mod devices;
mod events;
mod groups;
mod keys;
mod output;
mod products;
mod profiles;
mod psks;

use pyo3::prelude::*;

pub(crate) use authorities::Authorities;
pub(crate) use campaigns::Campaigns;
pub(crate) use certificates::Certificates;
pub(crate) use clients::Clients;
pub(crate) use devices::Devices;
pub(crate) use events::Events;
pub(crate) use groups::Groups;
pub(crate) use keys::Keys;
pub(crate) use products::Products;
pub(crate) use profiles::Profiles;
pub(crate) use psks::Psks;

use crate::convert::Show;
use crate::error::run;
use crate::host::{Options, Sealer};
use crate::options::Due;
use crate::page::{DueListing, DuePages, Page, or_first};
use crate::records::{Counts, Resealed, TrustBundle};
use crate::registry::bulk::at_once;
use crate::store::Store;
use crate::sums::{Presented, Principal};
use crate::words::{Atomicity, Progress};

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

    /// Pre-shared keys: passwords of devices, and keys for TLS-PSK.
    #[getter]
    fn psks(&self) -> Psks {
        Psks(self.0.clone())
    }

    /// Symmetric keys.
    #[getter]
    fn keys(&self) -> Keys {
        Keys(self.0.clone())
    }

    /// Campaigns that replace many credentials wave by wave.
    #[getter]
    fn campaigns(&self) -> Campaigns {
        Campaigns(self.0.clone())
    }

    /// Clients of the host's API.
    #[getter]
    fn clients(&self) -> Clients {
        Clients(self.0.clone())
    }

    /// What happened.
    #[getter]
    fn events(&self) -> Events {
        Events(self.0.clone())
    }

    /// Who presents a certificate, a pre-shared key or a client's licence key, name and password; or what a proxy passed on.
    ///
    /// Errors:
    /// The first reason that fails. For certificates in this order: `certificate.malformed`, the proxy's proof,
    /// `certificate.unknown`, `certificate.proof_invalid`, the authority's state, the certificate's, `certificate.no_holder`,
    /// the device's or the product's. For pre-shared keys: `authentication.backed_off` after too many failures;
    /// `authentication.failed` alike for an unknown identity, a wrong secret and a deleted key; and only when the secret is
    /// right `psk.suspended` and the device's state. Clients are told the same way, with `client.suspended`. For headers also
    /// `authentication.proxy_*`, `authentication.nothing_presented`, `authentication.both_kinds` and
    /// `authentication.header_*`.
    fn authenticate(&self, py: Python<'_>, presented: &Presented) -> PyResult<Principal> {
        let registry = &self.0;
        run(py, || presented.ask(registry))
    }

    /// What should be renewed until a moment, the most urgent first: by its own lifetime or its group's interval, whichever
    /// comes first, or because a campaign asks for it. What is suspended, revoked or destroyed is not due (NEC-36, NEC-42).
    ///
    /// Errors:
    /// `input.page_cursor` for a cursor of another list, such as one of other kinds.
    #[pyo3(signature = (due, page=None))]
    fn due(&self, py: Python<'_>, due: &Due, page: Option<&Page>) -> PyResult<DueListing> {
        let registry = &self.0;
        run(py, || registry.due(&due.0, &or_first(page)))
    }

    /// All that is due, fetched page by page while the iterator goes on.
    #[pyo3(signature = (due, *, page_size=500))]
    fn iterate_due(&self, due: &Due, page_size: u32) -> DuePages {
        let (registry, due) = (self.0.clone(), due.0.clone());
        DuePages::new(page_size, move |page| registry.due(&due, page))
    }

    /// Seals anew, with the current key, whatever another key sealed. After that the other key is not needed any more.
    ///
    /// To replace a sealing key: open the registry with `SealingKeys(new, [old])` in every process that uses the store, call
    /// this in one of them, and open the registry with `new` alone from then on. It runs beside all other operations, and
    /// goes on where it ended if it is stopped. `progress` is told of each record twice: once it was opened, and once it was
    /// dealt with.
    ///
    /// Errors:
    /// `seal.wrong_key` and `seal.damaged` when something does not open: nothing was changed, unless it was written
    /// meanwhile. `input.cancelled` when `progress` answers False; `store.busy` when a record changes too fast.
    #[pyo3(signature = (*, atomicity=None, progress=None, actor="", request_id=None))]
    fn reseal(
        &self,
        py: Python<'_>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Resealed> {
        let registry = &self.0;
        at_once(py, atomicity, progress, |bulk| registry.reseal(bulk, &called_by(actor, request_id)))
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

//! The registry and its handles.

mod authorities;
pub(crate) mod bulk;
mod campaigns;
mod certificates;
mod clients;
mod devices;
pub(crate) mod events;
mod groups;
mod keys;
pub(crate) mod ocsp;
mod output;
mod products;
mod profiles;
mod psks;

use std::path::PathBuf;

use pyo3::prelude::*;

pub(crate) use authorities::Authorities;
pub(crate) use campaigns::Campaigns;
pub(crate) use certificates::Certificates;
pub(crate) use clients::Clients;
pub(crate) use devices::Devices;
pub(crate) use events::Events;
pub(crate) use groups::Groups;
pub(crate) use keys::Keys;
pub(crate) use ocsp::Ocsp;
pub(crate) use products::Products;
pub(crate) use profiles::Profiles;
pub(crate) use psks::Psks;

use crate::convert::{Core, Show};
use crate::error::run;
use crate::host::{Options, Sealer};
use crate::options::{Due, Retention};
use crate::page::{DueListing, DuePages, Page, or_first};
use crate::records::{Backup, Copied, Counts, Integrity, Maintained, Resealed, TrustBundle};
use crate::registry::bulk::at_once;
use crate::store::Store;
use crate::sums::{Presented, Principal, Seen};
use crate::words::{Atomicity, Progress, SeenState};

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

    /// Whether certificates count, asked one by one (OCSP).
    #[getter]
    fn ocsp(&self) -> Ocsp {
        Ocsp(self.0.clone())
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

    /// Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes
    /// on; durable when it answers. From another store than SQLite it is a copy (`copy_to`), which needs a source
    /// that does not change all the time. To restore it, put the file in the place of the database (without files
    /// called `-wal` or `-shm` beside it) and open it, or open it and copy it to where it belongs. The sealing
    /// key is not in it: keep that elsewhere.
    ///
    /// A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may
    /// have been given out since it was made, so that no identifier, serial number or CRL number comes twice, and
    /// the event `registry.restored` says so. What was issued after the backup is unknown here; whoever shows it
    /// gets `certificate.lost` or `input.lost_id`, and `report_seen` tells it in advance.
    ///
    /// Errors:
    /// `store.unavailable` when there is a file already, or it cannot be written; `store.not_built` for another
    /// store than SQLite in a build without the feature `sqlite`; `store.keeps_changing`; store errors. No file
    /// is left then.
    #[pyo3(signature = (path, *, actor="", request_id=None))]
    #[allow(clippy::needless_pass_by_value)] // The path comes from Python.
    fn backup(&self, py: Python<'_>, path: PathBuf, actor: &str, request_id: Option<&str>) -> PyResult<Backup> {
        let registry = &self.0;
        run(py, || registry.backup(&path, &called_by(actor, request_id)))
    }

    /// Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into anything else that is a
    /// `Store`. The sealing key stays the same, and so do all identifiers, serial numbers and secrets.
    ///
    /// `target` must be empty, or hold a copy of this registry that was not opened since. What it holds already
    /// is compared and not written again, so a copy that was stopped (by `Break` from `progress`, an error, a
    /// crash) goes on where it was when it is called again. The registry may be used meanwhile: both sides are
    /// compared, row by row, again and again until nothing differs. The last comparison is the proof that the
    /// copy is complete. To move, therefore: copy; stop whoever writes; copy again, which is quick; open the
    /// registry in its new store. A store whose copy was not finished cannot be opened as a registry.
    ///
    /// `progress` is called with the rows compared in this pass and the rows there are.
    ///
    /// Errors:
    /// `store.other_registry` when `target` holds anything else, or was opened since; `store.keeps_changing`;
    /// `input.cancelled` after `Break`; errors of both stores.
    #[pyo3(signature = (target, *, progress=None, actor="", request_id=None))]
    fn copy_to(
        &self,
        py: Python<'_>,
        target: Store,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Copied> {
        let registry = &self.0;
        at_once(py, None, progress, |bulk| registry.copy_to(&target.0, bulk.progress, &called_by(actor, request_id)))
    }

    /// Reads everything and tells what does not fit together: what the store finds out about itself, values that
    /// this version cannot have written, sealed ones that do not open, records that lead to others which are not
    /// there, serial numbers that lead elsewhere, entries of CRLs that do not say what the certificates do, and
    /// numbers that may be given twice. It changes nothing and goes on beside everything else; what is written
    /// meanwhile is looked at twice before it is told.
    ///
    /// Whether events were altered or removed, `Events::verify` says.
    ///
    /// `progress` is called with the rows looked at and the rows there are.
    ///
    /// Errors:
    /// `input.cancelled` after `Break` from `progress`; store errors.
    #[pyo3(signature = (*, progress=None))]
    fn check_integrity(&self, py: Python<'_>, progress: Option<Progress>) -> PyResult<Integrity> {
        let registry = &self.0;
        at_once(py, None, progress, |bulk| registry.check_integrity(bulk.progress))
    }

    /// Tells the registry what was seen in the field, with an answer for each: for the time after a restore, when
    /// gateways and devices know more than the store. What is lost is enrolled or issued anew; see the event
    /// `restore.noticed`.
    ///
    /// Errors:
    /// `certificate.malformed` and the like for what is no certificate; `input.unknown_id` for authorities that
    /// are not of this registry; store errors.
    fn report_seen(&self, py: Python<'_>, seen: Vec<Seen>) -> PyResult<Vec<SeenState>> {
        let registry = &self.0;
        let seen: Vec<tegata::Seen> = seen.core()?;
        run(py, || registry.report_seen(&seen))
    }

    /// Removes what is over and was remembered long enough: expired certificates with all that belongs to them,
    /// deleted devices, request IDs, used-up secrets, ended campaigns, and old events. To be called regularly,
    /// such as every minute, or in a loop until it says `finished`; it looks at `limit` rows a call, and
    /// everything else goes on meanwhile.
    ///
    /// Each record is written to `archive` first, if there is one: one JSON object a line, without secrets,
    /// flushed before anything is removed. After an error it may hold records that are still there; it never
    /// lacks one that is not. If two processes do it at once, both may archive the same.
    ///
    /// Numbers never come back: no identifier or serial number of what was removed is given out again, and a key
    /// that is known to be compromised stays refused.
    ///
    /// Errors:
    /// `input.invalid` for a retention that cannot be meant and when `archive` cannot be written to; store
    /// errors.
    #[pyo3(signature = (retention=None, archive=None, *, actor="", request_id=None))]
    fn maintain(
        &self,
        py: Python<'_>,
        retention: Option<&Retention>,
        archive: Option<crate::words::Output>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Maintained> {
        let registry = &self.0;
        let retention = retention.map(|retention| retention.0.clone()).unwrap_or_default();
        let call = called_by(actor, request_id);
        let Some(archive) = archive else {
            return run(py, || registry.maintain(&retention, None, &call));
        };
        let mut out = output::Output::new(archive.0);
        let done = crate::ending::detached(py, || registry.maintain(&retention, Some(&mut out), &call));
        out.finish(py, done).map(|done| done.show())
    }

    /// What `maintain` would remove in a whole round, events apart. Looks at everything, whatever the limit, and
    /// changes nothing.
    ///
    /// Errors:
    /// `input.invalid` for a retention that cannot be meant; store errors.
    #[pyo3(signature = (retention=None))]
    fn maintainable(&self, py: Python<'_>, retention: Option<&Retention>) -> PyResult<Maintained> {
        let registry = &self.0;
        let retention = retention.map(|retention| retention.0.clone()).unwrap_or_default();
        run(py, || registry.maintainable(&retention))
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

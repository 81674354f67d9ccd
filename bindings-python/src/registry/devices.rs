//! `registry.devices`.

use pyo3::prelude::*;

use crate::convert::Core;
use crate::error::run;
use crate::options::{DeviceChange, DeviceFilter, Enroll, NewDevice, Provision};
use crate::page::{DeviceListing, DevicePages, Page, or_first};
use crate::records::{Credentials, Device, Enrolled, Provisioned};
use crate::registry::bulk::{Outcome, many};
use crate::registry::called_by;
use crate::words::{Atomicity, Progress, Release};

/// Devices: registered, enrolled, shut out, let in, deleted.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Devices(pub(crate) tegata::Registry);

#[pymethods]
impl Devices {
    /// How many devices match.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None))]
    fn count(&self, py: Python<'_>, filter: Option<DeviceFilter>) -> PyResult<u64> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.devices().count(&filter))
    }

    /// All keys and certificates of a device (NEC-28), without anything secret.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn credentials(&self, py: Python<'_>, id: &str) -> PyResult<Credentials> {
        let registry = &self.0;
        run(py, || registry.devices().credentials(id.parse()?))
    }

    /// Deletes a device for good (NEC-20): certificates that it alone holds are revoked (cessationOfOperation), its name
    /// and unit are free again, its ID is never used again. Its record stays, as a tombstone.
    ///
    /// Errors:
    /// `device.deleted`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn delete(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().delete(id.parse()?, &called_by(actor, request_id)))
    }

    /// Deletes many devices, with a result per item in their order (NEC-24).
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn delete_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let ids: Vec<tegata::DeviceId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.devices().delete_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Shuts a device out at once (NEC-17): none of its credentials counts. Under a profile that says so, certificates
    /// that it alone holds go on hold in the CRL too.
    ///
    /// Errors:
    /// `device.already_disabled`, `device.quarantined`, `device.deleted`, `device.not_enrolled`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn disable(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().disable(id.parse()?, &called_by(actor, request_id)))
    }

    /// Shuts many devices out, with a result per item in their order (NEC-22).
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn disable_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let ids: Vec<tegata::DeviceId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.devices().disable_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Notes a device that was seen somewhere (NEC-47). It is admitted when it enrolls or is enabled.
    ///
    /// Errors:
    /// As `register`.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn discover(&self, py: Python<'_>, new: &NewDevice, actor: &str, request_id: Option<&str>) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().discover(&new.0, &called_by(actor, request_id)))
    }

    /// Notes many devices, with a result per item in their order.
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (new, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn discover_many(
        &self,
        py: Python<'_>,
        new: Vec<NewDevice>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let new: Vec<tegata::NewDevice> = new.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().discover_many(&new, bulk, &called_by(actor, request_id))
        })
    }

    /// Lets a disabled device in again, or admits a discovered one (NEC-18). Only the holds that its disabling set are lifted;
    /// a revocation is never undone.
    ///
    /// Errors:
    /// `device.already_enabled`, `device.quarantined`, `device.deleted`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn enable(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().enable(id.parse()?, &called_by(actor, request_id)))
    }

    /// Lets many devices in, with a result per item in their order (NEC-23).
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn enable_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let ids: Vec<tegata::DeviceId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.devices().enable_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
    /// certificate, in one commit.
    ///
    /// Errors:
    /// Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`, `product.suspended`, `product.discontinued`,
    /// `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
    /// key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
    #[pyo3(signature = (request, *, actor="", request_id=None))]
    fn enroll(&self, py: Python<'_>, request: &Enroll, actor: &str, request_id: Option<&str>) -> PyResult<Enrolled> {
        let registry = &self.0;
        run(py, || registry.devices().enroll(&request.0, &called_by(actor, request_id)))
    }

    /// Enrolls many units, with a result per item in their order.
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (requests, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn enroll_many(
        &self,
        py: Python<'_>,
        requests: Vec<Enroll>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Enrolled>>> {
        let requests: Vec<tegata::Enroll> = requests.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().enroll_many(&requests, bulk, &called_by(actor, request_id))
        })
    }

    /// The devices that match: by name when a name is asked for, else in the order in which they became known.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<DeviceFilter>, page: Option<&Page>) -> PyResult<DeviceListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.devices().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<DeviceFilter>, page_size: u32) -> DevicePages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        DevicePages::new(page_size, move |page| registry.devices().find(&filter, page))
    }

    /// The device with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().get(id.parse()?))
    }

    /// Registers a device together with its pre-shared key, its symmetric key and its certificate, in one commit (NEC-42): it
    /// has all of them or does not exist.
    ///
    /// Errors:
    /// Those of `register`, `psks.issue`, `keys.issue`, `certificates.issue` and `certificates.issue_with_key`.
    #[pyo3(signature = (wish, *, actor="", request_id=None))]
    fn provision(
        &self,
        py: Python<'_>,
        wish: &Provision,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Provisioned> {
        let registry = &self.0;
        run(py, || registry.devices().provision(&wish.0, &called_by(actor, request_id)))
    }

    /// Provisions many devices, with a result per item in their order. Their keys are made by all processors at once.
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (wishes, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn provision_many(
        &self,
        py: Python<'_>,
        wishes: Vec<Provision>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Provisioned>>> {
        let wishes: Vec<tegata::Provision> = wishes.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().provision_many(&wishes, bulk, &called_by(actor, request_id))
        })
    }

    /// Registers a device: it is valid from now on and gets its ID; its credentials follow.
    ///
    /// Errors:
    /// `device.name_taken`, `device.unit_taken`, `input.invalid`, `input.unknown_id` for the product or group.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn register(&self, py: Python<'_>, new: &NewDevice, actor: &str, request_id: Option<&str>) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().register(&new.0, &called_by(actor, request_id)))
    }

    /// Registers many devices, with a result per item in their order (NEC-21).
    ///
    /// Errors:
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    #[pyo3(signature = (new, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn register_many(
        &self,
        py: Python<'_>,
        new: Vec<NewDevice>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let new: Vec<tegata::NewDevice> = new.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().register_many(&new, bulk, &called_by(actor, request_id))
        })
    }

    /// Ends a quarantine after somebody looked at the unit.
    ///
    /// Errors:
    /// `device.not_quarantined`, `device.deleted`.
    #[pyo3(signature = (id, release, *, actor="", request_id=None))]
    fn release_quarantine(
        &self,
        py: Python<'_>,
        id: &str,
        release: Release,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().release_quarantine(id.parse()?, release.0, &called_by(actor, request_id)))
    }

    /// Moves a device into a group, or out of its group. Its certificates' due dates follow the group's interval.
    ///
    /// Errors:
    /// `device.deleted`, `input.unknown_id`.
    #[pyo3(signature = (id, group=None, *, actor="", request_id=None))]
    fn set_group(
        &self,
        py: Python<'_>,
        id: &str,
        group: Option<String>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Device> {
        let group = group.core()?;
        let registry = &self.0;
        run(py, || registry.devices().set_group(id.parse()?, group, &called_by(actor, request_id)))
    }

    /// Moves many devices into a group, or out of theirs, with a result per item in their order.
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (ids, group=None, *, atomicity=None, progress=None, actor="", request_id=None))]
    #[allow(clippy::too_many_arguments)] // The options of a call are keywords in Python.
    fn set_group_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        group: Option<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let ids: Vec<tegata::DeviceId> = ids.core()?;
        let group = group.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().set_group_many(&ids, group, bulk, &called_by(actor, request_id))
        })
    }

    /// Changes a device's information.
    ///
    /// Errors:
    /// `device.name_taken`, `device.deleted`, `input.invalid`.
    #[pyo3(signature = (id, change, *, actor="", request_id=None))]
    fn update(
        &self,
        py: Python<'_>,
        id: &str,
        change: &DeviceChange,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Device> {
        let registry = &self.0;
        run(py, || registry.devices().update(id.parse()?, &change.0, &called_by(actor, request_id)))
    }

    /// Changes many devices' information, with a result per item in their order (NEC-25).
    ///
    /// Errors:
    /// As `register_many`.
    #[pyo3(signature = (changes, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn update_many(
        &self,
        py: Python<'_>,
        changes: Vec<(String, DeviceChange)>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Device>>> {
        let changes: Vec<(tegata::DeviceId, tegata::DeviceChange)> = changes.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.devices().update_many(&changes, bulk, &called_by(actor, request_id))
        })
    }
}

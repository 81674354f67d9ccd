//! `registry.clients`.

use pyo3::prelude::*;

use crate::error::run;
use crate::options::{ClientFilter, NewClient};
use crate::page::{ClientListing, ClientPages, Page, or_first};
use crate::records::{Client, RegisteredClient};
use crate::registry::called_by;
use crate::secret::{GivenText, SecretText};

/// Clients of the host's API: programs or people that show a licence key, a name and a password.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Clients(pub(crate) tegata::Registry);

#[pymethods]
impl Clients {
    /// Step one of letting a client in (NEC-39): whose licence key this is. It says nothing about the password; step two is
    /// `registry.authenticate` with `Presented.client`, which looks at the licence key again.
    ///
    /// Errors:
    /// `authentication.licence` when it is nobody's; `client.suspended`.
    #[pyo3(signature = (licence))]
    fn check_licence(&self, py: Python<'_>, licence: GivenText) -> PyResult<String> {
        let registry = &self.0;
        run(py, || registry.clients().check_licence(licence.0.expose()))
    }

    /// Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.
    ///
    /// Errors:
    /// `client.deleted`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn delete(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Client> {
        let registry = &self.0;
        run(py, || registry.clients().delete(id.parse()?, &called_by(actor, request_id)))
    }

    /// The clients that match; by name if the filter has one, else in the order of their registration.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<ClientFilter>, page: Option<&Page>) -> PyResult<ClientListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.clients().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<ClientFilter>, page_size: u32) -> ClientPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        ClientPages::new(page_size, move |page| registry.clients().find(&filter, page))
    }

    /// The client with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Client> {
        let registry = &self.0;
        run(py, || registry.clients().get(id.parse()?))
    }

    /// Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They are
    /// handed out this once.
    ///
    /// Errors:
    /// `client.name_taken`, `input.invalid`; `client.handed_out` when the request ID repeats an earlier one.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn register(
        &self,
        py: Python<'_>,
        new: &NewClient,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<RegisteredClient> {
        let registry = &self.0;
        run(py, || registry.clients().register(&new.0, &called_by(actor, request_id)))
    }

    /// Lets a suspended client in again.
    ///
    /// Errors:
    /// `client.not_suspended`, `client.deleted`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Client> {
        let registry = &self.0;
        run(py, || registry.clients().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// Gives the client a new licence key, which is handed out this once; the old one no longer counts.
    ///
    /// Errors:
    /// `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn rotate_licence(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SecretText> {
        let registry = &self.0;
        run(py, || registry.clients().rotate_licence(id.parse()?, &called_by(actor, request_id)))
    }

    /// Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that were
    /// counted are forgotten.
    ///
    /// Errors:
    /// `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn rotate_password(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SecretText> {
        let registry = &self.0;
        run(py, || registry.clients().rotate_password(id.parse()?, &called_by(actor, request_id)))
    }

    /// Lets the client in no more until it is resumed.
    ///
    /// Errors:
    /// `client.already_suspended`, `client.deleted`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn suspend(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Client> {
        let registry = &self.0;
        run(py, || registry.clients().suspend(id.parse()?, &called_by(actor, request_id)))
    }
}

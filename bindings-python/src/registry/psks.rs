//! `registry.psks`.

use pyo3::prelude::*;

use crate::convert::Core;
use crate::error::run;
use crate::options::{NewPsk, PskFilter, RotatePsk};
use crate::page::{Page, PskListing, PskPages, or_first};
use crate::records::{IssuedPsk, Psk};
use crate::registry::bulk::{Outcome, many};
use crate::registry::called_by;
use crate::secret::{GivenBytes, SecretBytes};
use crate::words::{Atomicity, Progress, PskFormat};

/// Pre-shared keys: passwords of devices, and what TLS-PSK servers and their clients share.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Psks(pub(crate) tegata::Registry);

#[pymethods]
impl Psks {
    /// Deletes a key for good (NEC-4): its secrets are erased, its identity is free again. Its record stays.
    ///
    /// Errors:
    /// `psk.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn delete(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Psk> {
        let registry = &self.0;
        run(py, || registry.psks().delete(id.parse()?, &called_by(actor, request_id)))
    }

    /// Deletes many keys, with a result per item in their order.
    ///
    /// Errors:
    /// As `issue_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn delete_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Psk>>> {
        let ids: Vec<tegata::PskId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.psks().delete_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Ends a grace period early: the secret before the last rotation is erased.
    ///
    /// Errors:
    /// `psk.no_previous` outside a grace period, `psk.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn end_grace(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Psk> {
        let registry = &self.0;
        run(py, || registry.psks().end_grace(id.parse()?, &called_by(actor, request_id)))
    }

    /// Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that moment
    /// anyway. The request ID of `call` is not used.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (*, actor="", request_id=None))]
    fn erase_expired(&self, py: Python<'_>, actor: &str, request_id: Option<&str>) -> PyResult<u64> {
        let registry = &self.0;
        run(py, || registry.psks().erase_expired(&called_by(actor, request_id)))
    }

    /// A list for a TLS server (NEC-2): the keys that match `filter`, can be read and count now, that is, are active and of a
    /// valid device, in the order of their numbers. A rotated key in its grace period is there twice if its identity changed
    /// with it; where the identity stayed, a server looks for one secret, which is the new one.
    ///
    /// It is read page by page: a key that changes meanwhile is there as it was before or after, and whatever changes later
    /// needs another export. An export leaves one event, with the format and how many identities it has; a call's request ID
    /// is not looked at, since a repetition would get another list.
    ///
    /// Errors:
    /// `psk.not_readable` when `filter` asks for keys that can only be checked; `psk.identity` and `psk.too_*` when the form cannot say one
    /// of the keys, or its server would not take it: then there is no list rather than one that lacks somebody.
    #[pyo3(signature = (filter, format, *, actor="", request_id=None))]
    fn export(
        &self,
        py: Python<'_>,
        filter: Option<PskFilter>,
        format: PskFormat,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<SecretBytes> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.psks().export(&filter, format.0, &called_by(actor, request_id)))
    }

    /// The keys that match, in the order of their numbers.
    ///
    /// Errors:
    /// `input.page_cursor`; store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<PskFilter>, page: Option<&Page>) -> PyResult<PskListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.psks().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<PskFilter>, page_size: u32) -> PskPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        PskPages::new(page_size, move |page| registry.psks().find(&filter, page))
    }

    /// The key with this identifier, without its secret. A key that a device shows under its own ID keeps its identifier when
    /// it is deleted and issued again.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Psk> {
        let registry = &self.0;
        run(py, || registry.psks().get(id.parse()?))
    }

    /// Issues a pre-shared key (NEC-1, NEC-15). What is made here meets the policy. A repetition under the same request ID
    /// brings the secret of a readable key again; that of a verify-only key nobody knows any more.
    ///
    /// Errors:
    /// `psk.exists` when the device has a key under its own ID already, `psk.identity`, `psk.identity_taken`; `psk.policy_*`,
    /// `psk.too_short`, `psk.too_long`; the device's state (`device.disabled` ...).
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn issue(&self, py: Python<'_>, new: &NewPsk, actor: &str, request_id: Option<&str>) -> PyResult<IssuedPsk> {
        let registry = &self.0;
        run(py, || registry.psks().issue(&new.0, &called_by(actor, request_id)))
    }

    /// Issues many pre-shared keys, with a result per item in their order.
    ///
    /// Errors:
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    #[pyo3(signature = (new, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn issue_many(
        &self,
        py: Python<'_>,
        new: Vec<NewPsk>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<IssuedPsk>>> {
        let new: Vec<tegata::NewPsk> = new.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.psks().issue_many(&new, bulk, &called_by(actor, request_id)))
    }

    /// The secret of a key, suspended ones included (NEC-2). Every reading leaves an event.
    ///
    /// Errors:
    /// `psk.not_readable` for a key that can only be checked, `psk.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn read(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<IssuedPsk> {
        let registry = &self.0;
        run(py, || registry.psks().read(id.parse()?, &called_by(actor, request_id)))
    }

    /// Lets a suspended key count again.
    ///
    /// Errors:
    /// `psk.not_suspended`, `psk.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Psk> {
        let registry = &self.0;
        run(py, || registry.psks().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// Lets many keys count again, with a result per item in their order.
    ///
    /// Errors:
    /// As `issue_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn resume_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Psk>>> {
        let ids: Vec<tegata::PskId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.psks().resume_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new identity. In the
    /// grace period the secret before counts as well, with the identity that went with it. A disabled device gets none. It is due
    /// again after its own interval, if it has one.
    ///
    /// Errors:
    /// `psk.suspended`, `psk.deleted`; the device's state; `psk.grace`, `psk.policy_*`, `psk.too_short`, `psk.too_long`.
    #[pyo3(signature = (id, rotate=None, *, actor="", request_id=None))]
    fn rotate(
        &self,
        py: Python<'_>,
        id: &str,
        rotate: Option<RotatePsk>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedPsk> {
        let rotate = rotate.map(|rotate| rotate.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.psks().rotate(id.parse()?, &rotate, &called_by(actor, request_id)))
    }

    /// Gives many keys new secrets, with a result per item in their order.
    ///
    /// Errors:
    /// As `issue_many`; `input.invalid` when a secret is brought, since no two keys may have the same.
    #[pyo3(signature = (ids, rotate=None, *, atomicity=None, progress=None, actor="", request_id=None))]
    #[allow(clippy::too_many_arguments)] // The options of a call are keywords in Python.
    fn rotate_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        rotate: Option<RotatePsk>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<IssuedPsk>>> {
        let ids: Vec<tegata::PskId> = ids.core()?;
        let rotate = rotate.map(|rotate| rotate.0).unwrap_or_default();
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.psks().rotate_many(&ids, &rotate, bulk, &called_by(actor, request_id))
        })
    }

    /// Suspends a key: its secrets are refused until it is resumed (NEC-3).
    ///
    /// Errors:
    /// `psk.already_suspended`, `psk.deleted`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn suspend(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Psk> {
        let registry = &self.0;
        run(py, || registry.psks().suspend(id.parse()?, &called_by(actor, request_id)))
    }

    /// Suspends many keys, with a result per item in their order.
    ///
    /// Errors:
    /// As `issue_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn suspend_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Psk>>> {
        let ids: Vec<tegata::PskId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.psks().suspend_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Whether this is an active key's secret and its device may come in: what `authenticate`
    /// looks at, as a yes or no (NEC-3). It is no for an identity or secret that is wrong, for a key that is suspended or
    /// deleted, and for a device that is not valid. A wrong secret takes as long as a right one, an unknown identity as
    /// long as a known one.
    ///
    /// Errors:
    /// `authentication.backed_off` after too many failures, as in `authenticate`; store errors.
    #[pyo3(signature = (identity, secret))]
    fn verify(&self, py: Python<'_>, identity: &str, secret: GivenBytes) -> PyResult<bool> {
        let registry = &self.0;
        run(py, || registry.psks().verify(identity, secret.0.expose()))
    }
}

//! `registry.keys`.

use pyo3::prelude::*;

use crate::convert::Core;
use crate::error::run;
use crate::options::{KeyFilter, NewKey, RotateKey, WrappedKey};
use crate::page::{Page, SymmetricKeyListing, SymmetricKeyPages, or_first};
use crate::records::{IssuedKey, KeyMatch, KeyVersion, SymmetricKey};
use crate::registry::bulk::{Outcome, many};
use crate::registry::called_by;
use crate::secret::GivenBytes;
use crate::words::{Atomicity, CheckMethod, Progress};

/// Symmetric keys: AES and TWINE keys, each in versions that follow each other.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Keys(pub(crate) tegata::Registry);

#[pymethods]
impl Keys {
    /// The check value of a key's current version, or of `version` while it is kept, to be compared with what a device
    /// shows.
    ///
    /// Errors:
    /// As `get`; `key.check_method` for `cmac` of a TWINE key.
    #[pyo3(signature = (id, method, version=None))]
    fn check_value(&self, py: Python<'_>, id: &str, method: CheckMethod, version: Option<u32>) -> PyResult<String> {
        let registry = &self.0;
        run(py, || Ok(registry.keys().check_value(id.parse()?, method.0, version)?.to_string()))
    }

    /// How many keys match.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None))]
    fn count(&self, py: Python<'_>, filter: Option<KeyFilter>) -> PyResult<u64> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.keys().count(&filter))
    }

    /// Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that any
    /// channel will do (NEC-41). The device opens it with `unwrap_key`. Of several
    /// pre-shared keys that can be read, the one under the device's own ID counts, else the one that was issued first.
    /// Who got which version when is in the events (NEC-38).
    ///
    /// Errors:
    /// `key.wrap_unavailable` when the device has no active pre-shared key that can be read; `key.not_held`; the
    /// device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
    /// `psk.too_weak_to_wrap`; `input.unknown_id`.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn deliver(
        &self,
        py: Python<'_>,
        id: &str,
        device: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<WrappedKey> {
        let registry = &self.0;
        run(py, || registry.keys().deliver(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.
    ///
    /// Errors:
    /// `key.not_held`; the device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
    /// `input.unknown_id`.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn deliver_clear(
        &self,
        py: Python<'_>,
        id: &str,
        device: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedKey> {
        let registry = &self.0;
        run(py, || registry.keys().deliver_clear(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// Destroys a key for good: all its values are erased (NEC-12). Its record and number stay, so that neither is used again.
    ///
    /// Errors:
    /// `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn destroy(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().destroy(id.parse()?, &called_by(actor, request_id)))
    }

    /// Destroys many keys, with a result per item in their order.
    ///
    /// Errors:
    /// As `suspend_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn destroy_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.keys().destroy_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Ends a key's grace period now: the version before is destroyed.
    ///
    /// Errors:
    /// `key.version_unknown` when none is kept; `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn end_grace(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().end_grace(id.parse()?, &called_by(actor, request_id)))
    }

    /// Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more in any
    /// case, and any change of a key erases them too; call this daily, so that they do not stay in the store.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (*, actor="", request_id=None))]
    fn erase_expired(&self, py: Python<'_>, actor: &str, request_id: Option<&str>) -> PyResult<u64> {
        let registry = &self.0;
        run(py, || registry.keys().erase_expired(&called_by(actor, request_id)))
    }

    /// The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
    /// others in the order in which they were issued.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<KeyFilter>, page: Option<&Page>) -> PyResult<SymmetricKeyListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.keys().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<KeyFilter>, page_size: u32) -> SymmetricKeyPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        SymmetricKeyPages::new(page_size, move |page| registry.keys().find(&filter, page))
    }

    /// The value of a key: the current version's, or that of `version` while it is kept (NEC-10). Each read leaves an
    /// event; a repetition under the same request ID brings the same value. The states of the devices that hold the key
    /// are not looked at: this is for the side of the server. What devices get goes through `deliver`.
    ///
    /// Errors:
    /// `key.suspended`, `key.destroyed`; `key.compromised` unless a version is named, so that old data can be read;
    /// `key.version_unknown`; `key.version_destroyed` after its grace period; `input.unknown_id`.
    #[pyo3(signature = (id, version=None, *, actor="", request_id=None))]
    fn get(
        &self,
        py: Python<'_>,
        id: &str,
        version: Option<u32>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedKey> {
        let registry = &self.0;
        run(py, || registry.keys().get(id.parse()?, version, &called_by(actor, request_id)))
    }

    /// The current values of many keys, with a result per item in their order (NEC-14) and an event for each.
    ///
    /// Errors:
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn get_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<IssuedKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.keys().get_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// The devices that hold a key: the one that owns it, those that share it in the order in which they came, or the members of
    /// its group. Nobody holds a destroyed key.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn holders(&self, py: Python<'_>, id: &str) -> PyResult<Vec<String>> {
        let registry = &self.0;
        run(py, || registry.keys().holders(id.parse()?))
    }

    /// Issues a symmetric key (NEC-9). Its value stays here until `get` or `deliver` hands it out.
    ///
    /// Errors:
    /// `key.size` for a value of any other size than the algorithm's; `key.number_taken`; the state of a device that is to
    /// hold it (`device.disabled` ...); `input.invalid`, `input.unknown_id`.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn issue(&self, py: Python<'_>, new: &NewKey, actor: &str, request_id: Option<&str>) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().issue(&new.0, &called_by(actor, request_id)))
    }

    /// Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its number
    /// if all or none are to be issued.
    ///
    /// Errors:
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    #[pyo3(signature = (new, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn issue_many(
        &self,
        py: Python<'_>,
        new: Vec<NewKey>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let new: Vec<tegata::NewKey> = new.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.keys().issue_many(&new, bulk, &called_by(actor, request_id)))
    }

    /// Notes that somebody else may know a key (NEC-63). It is delivered no more and due for rotation at once, `verify` says
    /// what it is, and its values are read only by naming their version, for data that has to be read once more.
    /// `rotate` puts a new value in use and destroys the old ones.
    ///
    /// Errors:
    /// `key.compromised` when that is known already; `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn mark_compromised(
        &self,
        py: Python<'_>,
        id: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().mark_compromised(id.parse()?, &called_by(actor, request_id)))
    }

    /// Notes that somebody else may know many keys, with a result per item in their order.
    ///
    /// Errors:
    /// As `suspend_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn mark_compromised_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.keys().mark_compromised_many(&ids, bulk, &called_by(actor, request_id))
        })
    }

    /// The record of a key, without its values.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn record(&self, py: Python<'_>, id: &str) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().record(id.parse()?))
    }

    /// Puts a suspended key in use again.
    ///
    /// Errors:
    /// `key.not_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// Puts many keys in use again, with a result per item in their order.
    ///
    /// Errors:
    /// As `suspend_many`.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn resume_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.keys().resume_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Gives a key its next version (NEC-11). The version before is kept for the grace period, if there is one; whatever was
    /// kept from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old
    /// values are destroyed at once, whatever the grace period (NEC-63).
    ///
    /// Errors:
    /// `key.suspended`, `key.destroyed`; `key.size`, `key.grace`; the state of the device that owns it
    /// (`device.disabled` ...); `input.invalid` for the value that it has already; `input.unknown_id`.
    #[pyo3(signature = (id, rotate=None, *, actor="", request_id=None))]
    fn rotate(
        &self,
        py: Python<'_>,
        id: &str,
        rotate: Option<RotateKey>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<SymmetricKey> {
        let rotate = rotate.map(|rotate| rotate.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.keys().rotate(id.parse()?, &rotate, &called_by(actor, request_id)))
    }

    /// Gives many keys their next versions, with a result per item in their order.
    ///
    /// Errors:
    /// `input.invalid` when `rotate` brings a value, since keys do not share one, and for the call itself; store errors
    /// when everything or nothing was asked for.
    #[pyo3(signature = (ids, rotate=None, *, atomicity=None, progress=None, actor="", request_id=None))]
    #[allow(clippy::too_many_arguments)] // The options of a call are keywords in Python.
    fn rotate_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        rotate: Option<RotateKey>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let rotate = rotate.map(|rotate| rotate.0).unwrap_or_default();
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.keys().rotate_many(&ids, &rotate, bulk, &called_by(actor, request_id))
        })
    }

    /// Lets one more device share a key that was issued for several (NEC-64).
    ///
    /// Errors:
    /// `key.owner` for a key of one device or of a group; `key.already_shared`; `key.suspended`, `key.compromised`,
    /// `key.destroyed`; the device's state (`device.disabled` ...); `input.unknown_id`.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn share(
        &self,
        py: Python<'_>,
        id: &str,
        device: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().share(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// Takes a key out of use for now: it is neither read, delivered nor rotated, and `verify` says no.
    ///
    /// Errors:
    /// `key.already_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn suspend(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().suspend(id.parse()?, &called_by(actor, request_id)))
    }

    /// Takes many keys out of use, with a result per item in their order.
    ///
    /// Errors:
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    #[pyo3(signature = (ids, *, atomicity=None, progress=None, actor="", request_id=None))]
    fn suspend_many(
        &self,
        py: Python<'_>,
        ids: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<SymmetricKey>>> {
        let ids: Vec<tegata::KeyId> = ids.core()?;
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| registry.keys().suspend_many(&ids, bulk, &called_by(actor, request_id)))
    }

    /// Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got before:
    /// `rotate` the key if it should not. When no device is left, the key is destroyed.
    ///
    /// Errors:
    /// `key.owner` for a key of one device or of a group; `key.not_shared`; `key.destroyed`; `input.unknown_id`.
    #[pyo3(signature = (id, device, *, actor="", request_id=None))]
    fn unshare(
        &self,
        py: Python<'_>,
        id: &str,
        device: &str,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<SymmetricKey> {
        let registry = &self.0;
        run(py, || registry.keys().unshare(id.parse()?, device.parse()?, &called_by(actor, request_id)))
    }

    /// Whether `presented` is the key, and which version of it (NEC-13): the current one or, in its grace period, the
    /// one before. None for any other value, and for whatever is presented of a suspended or destroyed key. Of a compromised
    /// key the answer says so. It takes as long for a wrong value as for a right one. The states of devices are not looked at.
    ///
    /// Errors:
    /// `input.unknown_id`; `seal.` codes.
    #[pyo3(signature = (id, presented))]
    fn verify(&self, py: Python<'_>, id: &str, presented: GivenBytes) -> PyResult<Option<KeyMatch>> {
        let registry = &self.0;
        run(py, || registry.keys().verify(id.parse()?, presented.0.expose()))
    }

    /// Whether `presented` is the check value of the key, and of which version (NEC-13), as `verify` says. A check
    /// value has 24 or 40 bits: it shows a mistake, and proves nothing to somebody who may guess.
    ///
    /// Errors:
    /// `key.check_method` for a CMAC-based check value of a TWINE key; `input.unknown_id`; `seal.` codes.
    #[pyo3(signature = (id, presented))]
    fn verify_check_value(&self, py: Python<'_>, id: &str, presented: &str) -> PyResult<Option<KeyMatch>> {
        let registry = &self.0;
        run(py, || registry.keys().verify_check_value(id.parse()?, &presented.parse()?))
    }

    /// All versions that a key ever had, the oldest first: when each was made and ended, and where it stands.
    ///
    /// Errors:
    /// `input.unknown_id`.
    #[pyo3(signature = (id))]
    fn versions(&self, py: Python<'_>, id: &str) -> PyResult<Vec<KeyVersion>> {
        let registry = &self.0;
        run(py, || registry.keys().versions(id.parse()?))
    }
}

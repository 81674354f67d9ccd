//! `registry.profiles`.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::convert::Bytes;
use crate::error::run;
use crate::options::ProfileSpec;
use crate::page::{Page, ProfileListing, ProfilePages, or_first};
use crate::records::{Preview, Profile};
use crate::registry::called_by;

/// Profiles: what a certificate may and will hold. Versions are never changed; `put` adds one.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Profiles(pub(crate) tegata::Registry);

#[pymethods]
impl Profiles {
    /// All versions of all profiles, by name.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (page=None))]
    fn find(&self, py: Python<'_>, page: Option<&Page>) -> PyResult<ProfileListing> {
        let registry = &self.0;
        run(py, || registry.profiles().find(&or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (*, page_size=500))]
    fn iterate(&self, page_size: u32) -> ProfilePages {
        let registry = self.0.clone();
        ProfilePages::new(page_size, move |page| registry.profiles().find(page))
    }

    /// The version with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Profile> {
        let registry = &self.0;
        run(py, || registry.profiles().get(id.parse()?))
    }

    /// Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's,
    /// without its ending.
    ///
    /// Errors:
    /// `input.invalid` when the file cannot be read, `profile.syntax`, `profile.invalid`.
    #[pyo3(signature = (file, *, actor="", request_id=None))]
    fn load(&self, py: Python<'_>, file: PathBuf, actor: &str, request_id: Option<&str>) -> PyResult<Profile> {
        let registry = &self.0;
        run(py, || registry.profiles().load(&file, &called_by(actor, request_id)))
    }

    /// The newest version of the profile `name`.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn newest(&self, py: Python<'_>, name: &str) -> PyResult<Profile> {
        let registry = &self.0;
        run(py, || registry.profiles().newest(name))
    }

    /// What `csr` would become if `authority` issued it under `profile` now, to an applicant called `name` who is no
    /// device; nothing is issued.
    ///
    /// Errors:
    /// The very reason for which issuing would be refused.
    #[pyo3(signature = (profile, authority, csr, name=None))]
    fn preview(
        &self,
        py: Python<'_>,
        profile: &str,
        authority: &str,
        csr: Bytes,
        name: Option<&str>,
    ) -> PyResult<Preview> {
        let registry = &self.0;
        run(py, || registry.profiles().preview(profile.parse()?, authority.parse()?, &csr, name))
    }

    /// Adds a version of the profile `name`, unless the newest already says the same.
    ///
    /// Errors:
    /// `profile.invalid`, naming the field and the reason.
    #[pyo3(signature = (name, spec, *, actor="", request_id=None))]
    fn put(
        &self,
        py: Python<'_>,
        name: &str,
        spec: &ProfileSpec,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Profile> {
        let registry = &self.0;
        run(py, || registry.profiles().put(name, &spec.0, &called_by(actor, request_id)))
    }

    /// All versions of the profile `name`, the newest first.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (name, page=None))]
    fn versions(&self, py: Python<'_>, name: &str, page: Option<&Page>) -> PyResult<ProfileListing> {
        let registry = &self.0;
        run(py, || registry.profiles().versions(name, &or_first(page)))
    }

    /// All versions of the profile `name`, fetched page by page while the iterator goes on.
    #[pyo3(signature = (name, *, page_size=500))]
    fn iterate_versions(&self, name: String, page_size: u32) -> ProfilePages {
        let registry = self.0.clone();
        ProfilePages::new(page_size, move |page| registry.profiles().versions(&name, page))
    }
}

//! `registry.products`.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::error::run;
use crate::options::{EnrollmentPolicy, NewProduct, ProductChange, ProductFilter};
use crate::page::{Page, ProductListing, ProductPages, or_first};
use crate::records::{CertificateRecord, IssuedWithKey, Product, RegisteredProduct};
use crate::registry::bulk::{Nothing, Outcome, many};
use crate::registry::called_by;
use crate::secret::SecretText;
use crate::words::{Atomicity, HandOut, KeyAlgorithm, Progress, RevocationReason};

/// Products: what all units share. A product credential bootstraps its units; it names the product, never the unit.
#[pyclass(frozen, module = "tegata")]
pub(crate) struct Products(pub(crate) tegata::Registry);

#[pymethods]
impl Products {
    /// Puts units on the product's allow-list, with a result per item in their order.
    ///
    /// Errors:
    /// `input.unknown_id`; per item `product.unit_listed` and `input.invalid`; store errors.
    #[pyo3(signature = (id, units, *, atomicity=None, progress=None, actor="", request_id=None))]
    #[allow(clippy::too_many_arguments)] // The options of a call are keywords in Python.
    fn add_units(
        &self,
        py: Python<'_>,
        id: &str,
        units: Vec<String>,
        atomicity: Option<Atomicity>,
        progress: Option<Progress>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<Outcome<Nothing>>> {
        let registry = &self.0;
        many(py, atomicity, progress, |bulk| {
            registry.products().add_units(id.parse()?, &units, bulk, &called_by(actor, request_id))
        })
    }

    /// The product's credentials, the oldest first.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn credentials(&self, py: Python<'_>, id: &str) -> PyResult<Vec<CertificateRecord>> {
        let registry = &self.0;
        run(py, || registry.products().credentials(id.parse()?))
    }

    /// Ends enrollment for good. Enrolled devices go on and renew.
    ///
    /// Errors:
    /// `product.discontinued`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn discontinue(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().discontinue(id.parse()?, &called_by(actor, request_id)))
    }

    /// How many units have enrolled: what the quota limits.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn enrolled(&self, py: Python<'_>, id: &str) -> PyResult<u64> {
        let registry = &self.0;
        run(py, || registry.products().enrolled(id.parse()?))
    }

    /// The products that match, by name.
    ///
    /// Errors:
    /// Store errors.
    #[pyo3(signature = (filter=None, page=None))]
    fn find(&self, py: Python<'_>, filter: Option<ProductFilter>, page: Option<&Page>) -> PyResult<ProductListing> {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = &self.0;
        run(py, || registry.products().find(&filter, &or_first(page)))
    }

    /// All of them, fetched page by page while the iterator goes on.
    #[pyo3(signature = (filter=None, *, page_size=500))]
    fn iterate(&self, filter: Option<ProductFilter>, page_size: u32) -> ProductPages {
        let filter = filter.map(|filter| filter.0).unwrap_or_default();
        let registry = self.0.clone();
        ProductPages::new(page_size, move |page| registry.products().find(&filter, page))
    }

    /// The product with this identifier.
    ///
    /// Errors:
    /// `input.unknown_id`.
    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().get(id.parse()?))
    }

    /// Makes `count` one-time claim codes. They are stored as keyed tags only, so this is the only time they are seen.
    /// Case and dashes do not matter when one is used.
    ///
    /// Errors:
    /// `input.invalid` for more than 10,000 at once or an expiry that has passed; `product.discontinued`;
    /// `input.request_id_reused` always for a repeated request ID, since codes cannot be read again.
    #[pyo3(signature = (id, count, expires=None, *, actor="", request_id=None))]
    fn issue_claim_codes(
        &self,
        py: Python<'_>,
        id: &str,
        count: u32,
        expires: Option<Time>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Vec<SecretText>> {
        let registry = &self.0;
        run(py, || {
            registry.products().issue_claim_codes(
                id.parse()?,
                count,
                expires.map(|time| time.0),
                &called_by(actor, request_id),
            )
        })
    }

    /// Registers a product and issues its first credential, in one commit (PAP-4, PAP-5): the server makes key and
    /// certificate, whose subject names the product and no unit.
    ///
    /// Errors:
    /// `product.name_taken`, `profile.no_server_key`, `profile.server_key_algorithm`, the authority's state, `input.*`.
    #[pyo3(signature = (new, *, actor="", request_id=None))]
    fn register(
        &self,
        py: Python<'_>,
        new: &NewProduct,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<RegisteredProduct> {
        let registry = &self.0;
        run(py, || registry.products().register(&new.0, &called_by(actor, request_id)))
    }

    /// Issues another credential with a new key, for the next batch of units. Units with an earlier one go on enrolling until
    /// that expires or is revoked. After a rebuild, the newest generation of the product's authority issues it.
    ///
    /// Errors:
    /// `product.discontinued`, and as `register`.
    #[pyo3(signature = (id, algorithm=None, hand_out=None, *, actor="", request_id=None))]
    fn renew_credential(
        &self,
        py: Python<'_>,
        id: &str,
        algorithm: Option<KeyAlgorithm>,
        hand_out: Option<HandOut>,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<IssuedWithKey> {
        let registry = &self.0;
        run(py, || {
            registry.products().renew_credential(
                id.parse()?,
                algorithm.map(|algorithm| algorithm.0),
                hand_out.map(|hand_out| hand_out.0).unwrap_or_default(),
                &called_by(actor, request_id),
            )
        })
    }

    /// Lets units enroll again.
    ///
    /// Errors:
    /// `product.not_suspended`, `product.discontinued`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn resume(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().resume(id.parse()?, &called_by(actor, request_id)))
    }

    /// Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.
    ///
    /// Errors:
    /// `product.credential_unknown` when the certificate is none; `certificate.already_revoked`.
    #[pyo3(signature = (credential, reason, *, actor="", request_id=None))]
    fn revoke_credential(
        &self,
        py: Python<'_>,
        credential: &str,
        reason: RevocationReason,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<CertificateRecord> {
        let registry = &self.0;
        run(py, || registry.products().revoke_credential(credential.parse()?, reason.0, &called_by(actor, request_id)))
    }

    /// Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.
    ///
    /// Errors:
    /// `input.invalid`, `product.discontinued`.
    #[pyo3(signature = (id, policy, *, actor="", request_id=None))]
    fn set_enrollment_policy(
        &self,
        py: Python<'_>,
        id: &str,
        policy: &EnrollmentPolicy,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().set_enrollment_policy(id.parse()?, &policy.0, &called_by(actor, request_id)))
    }

    /// Stops enrollment for now. Enrolled devices go on.
    ///
    /// Errors:
    /// `product.suspended`, `product.discontinued`.
    #[pyo3(signature = (id, *, actor="", request_id=None))]
    fn suspend(&self, py: Python<'_>, id: &str, actor: &str, request_id: Option<&str>) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().suspend(id.parse()?, &called_by(actor, request_id)))
    }

    /// Changes what is known of a product, or who issues for it and how.
    ///
    /// Errors:
    /// `product.name_taken`, `input.invalid`, `input.unknown_id`.
    #[pyo3(signature = (id, change, *, actor="", request_id=None))]
    fn update(
        &self,
        py: Python<'_>,
        id: &str,
        change: &ProductChange,
        actor: &str,
        request_id: Option<&str>,
    ) -> PyResult<Product> {
        let registry = &self.0;
        run(py, || registry.products().update(id.parse()?, &change.0, &called_by(actor, request_id)))
    }
}

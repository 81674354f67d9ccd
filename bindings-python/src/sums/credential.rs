//! Who somebody is and by what; what is due; who owns a key.

use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;

use crate::convert::{Core, Show, Time};
use crate::error::Fail;
use crate::records::{CertificateRecord, CrlState, Psk, SymmetricKey};

sum! {
    /// By what somebody was recognised.
    Credential(tegata::Credential) {
        /// `certificate` or `psk`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                tegata::Credential::Certificate(_) => "certificate",
                tegata::Credential::Psk(_) => "psk",
                _ => "unknown",
            }
        }

        /// Its identifier.
        #[getter]
        fn value(&self) -> String {
            match &self.0 {
                tegata::Credential::Certificate(id) => id.show(),
                tegata::Credential::Psk(id) => id.show(),
                _ => String::new(),
            }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// Who it is: a device, a unit that has its product's credential only, or a client of the host's API.
    Principal(tegata::Principal) {
        /// `device`, `product` or `client`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                tegata::Principal::Device { .. } => "device",
                tegata::Principal::Product { .. } => "product",
                tegata::Principal::Client { .. } => "client",
                _ => "unknown",
            }
        }

        /// The device, of `device`.
        #[getter]
        fn device(&self) -> Option<String> {
            if let tegata::Principal::Device { device, .. } = &self.0 { Some(device.show()) } else { None }
        }

        /// The product, if the device has one.
        #[getter]
        fn product(&self) -> Option<String> {
            match &self.0 {
                tegata::Principal::Device { product, .. } => product.show(),
                tegata::Principal::Product { product, .. } => Some(product.show()),
                _ => None,
            }
        }

        /// By what the device was recognised, of `device`.
        #[getter]
        fn credential(&self) -> Option<Credential> {
            if let tegata::Principal::Device { credential, .. } = &self.0 { Some(credential.show()) } else { None }
        }

        /// The certificate that was presented, if it was one.
        #[getter]
        fn certificate(&self) -> Option<String> {
            match &self.0 {
                tegata::Principal::Device { credential: tegata::Credential::Certificate(certificate), .. }
                | tegata::Principal::Product { certificate, .. } => Some(certificate.show()),
                _ => None,
            }
        }

        /// The client, of `client`.
        #[getter]
        fn client(&self) -> Option<String> {
            if let tegata::Principal::Client { client, .. } = &self.0 { Some(client.show()) } else { None }
        }

        /// The client's name, of `client`.
        #[getter]
        fn name(&self) -> Option<String> {
            if let tegata::Principal::Client { name, .. } = &self.0 { Some(name.clone()) } else { None }
        }

        /// Until when the credential counts, if nothing happens to it. None: without an end.
        #[getter]
        fn until(&self) -> Option<Time> {
            match &self.0 {
                tegata::Principal::Device { until, .. } => until.show(),
                tegata::Principal::Product { until, .. } => Some(until.show()),
                _ => None,
            }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

/// Something to be renewed.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct DueItem(tegata::DueItem);

#[pymethods]
impl DueItem {
    /// `certificate`, `key`, `psk` or `crl`.
    #[getter]
    fn r#type(&self) -> &'static str {
        self.0.kind().name()
    }

    /// Its record.
    #[getter]
    fn value(&self) -> PyResult<DueRecord> {
        Ok(match &self.0 {
            tegata::DueItem::Key(key) => DueRecord::Key(key.show()),
            tegata::DueItem::Psk(psk) => DueRecord::Psk(psk.show()),
            tegata::DueItem::Crl(crl) => DueRecord::Crl(crl.show()),
            tegata::DueItem::Certificate(certificate) => DueRecord::Certificate(certificate.show()),
            // The core's enum may grow; then this has to.
            _ => return Err(PyNotImplementedError::new_err("this kind of item is newer than its Python class")),
        })
    }

    /// When it is due; None once its renewal is under way.
    #[getter]
    fn renew_at(&self) -> Option<Time> {
        self.0.renew_at().show()
    }

    /// The device it belongs to, or the first of several.
    #[getter]
    fn device(&self) -> Option<String> {
        self.0.device().show()
    }

    /// The group of its device, or the one that owns it.
    #[getter]
    fn group(&self) -> Option<String> {
        self.0.group().show()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let record = self.value()?.into_bound_py_any(py)?;
        Ok(format!("DueItem({})", record.repr()?))
    }
}

impl Show<DueItem> for tegata::DueItem {
    fn show(&self) -> DueItem {
        DueItem(self.clone())
    }
}

/// The record of something that is due.
#[derive(IntoPyObject)]
pub(crate) enum DueRecord {
    Certificate(CertificateRecord),
    Key(SymmetricKey),
    Psk(Psk),
    Crl(CrlState),
}

sum! {
    /// Who is to own a symmetric key.
    NewKeyOwner(tegata::NewKeyOwner) {
        /// One device.
        #[staticmethod]
        fn device(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::NewKeyOwner::Device(value.core()?)))
        }

        /// Several devices, each named (NEC-64); others can be added later, and these withdrawn.
        #[staticmethod]
        fn devices(value: Vec<String>) -> PyResult<Self> {
            Ok(Self(tegata::NewKeyOwner::Devices(value.core()?)))
        }

        /// A group: whoever is a member.
        #[staticmethod]
        fn group(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::NewKeyOwner::Group(value.core()?)))
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

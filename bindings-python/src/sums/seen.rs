//! What was seen in the field, and what OCSP says of a certificate.

use pyo3::prelude::*;

use crate::convert::{Bytes, Core, Show, Time};
use crate::error::Fail;
use crate::words::RevocationReason;

sum! {
    /// Something that was seen in the field: at a gateway, in a log, on a device.
    Seen(tegata::Seen) {
        /// A certificate, DER or PEM.
        #[staticmethod]
        fn certificate(value: Bytes) -> Self {
            Self(tegata::Seen::Certificate(value.0))
        }

        /// The serial number of a certificate of this authority. Without the certificate, nothing proves that it was issued,
        /// so it is looked up only.
        #[staticmethod]
        fn serial(authority: &str, serial: Bytes) -> PyResult<Self> {
            Ok(Self(tegata::Seen::Serial { authority: authority.core()?, serial: serial.0 }))
        }

        /// A device's identifier.
        #[staticmethod]
        fn device(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::Seen::Device(value.core()?)))
        }

        /// A certificate's identifier.
        #[staticmethod]
        fn certificate_id(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::Seen::CertificateId(value.core()?)))
        }

        /// A version of a symmetric key.
        #[staticmethod]
        fn key(id: &str, version: u32) -> PyResult<Self> {
            Ok(Self(tegata::Seen::Key { id: id.core()?, version }))
        }

        /// A version of a pre-shared key's secret.
        #[staticmethod]
        fn psk(id: &str, version: u32) -> PyResult<Self> {
            Ok(Self(tegata::Seen::Psk { id: id.core()?, version }))
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// What OCSP says of a certificate.
    OcspStatus(tegata::OcspStatus) {
        /// `good`, `revoked` or `unknown`.
        #[getter]
        fn r#type(&self) -> &'static str {
            self.0.name()
        }

        /// Since when, of `revoked`.
        #[getter]
        fn at(&self) -> Option<Time> {
            if let tegata::OcspStatus::Revoked { at, .. } = &self.0 { Some(at.show()) } else { None }
        }

        /// Why, of `revoked`.
        #[getter]
        fn reason(&self) -> Option<RevocationReason> {
            if let tegata::OcspStatus::Revoked { reason, .. } = &self.0 { Some(reason.show()) } else { None }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

//! What a device gets when it is provisioned.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show};
use crate::macros::options;
use crate::options::{NewDevice, PskWish};
use crate::words::{HandOut, KeyAlgorithm, SymmetricAlgorithm};

options! {
    /// The certificate that a new device gets.
    CertificateWish(tegata::CertificateWish): (profile: String, authority: String) = tegata::CertificateWish::with_key(profile, authority); {
        /// The device's own CSR (PEM or DER); without one, its key is made here.
        opt csr: Option<Bytes> = None => Option<Bytes>;
        /// What kind of key is made here; the first that the profile lists by default.
        opt algorithm: Option<KeyAlgorithm> = None => Option<KeyAlgorithm>;
        /// When the key that is made here is handed out.
        def hand_out: Option<HandOut> = None => HandOut;
    }
    /// The profile that decides what the certificate holds.
    #[getter]
    fn profile(&self) -> String {
        Show::show(&self.0.profile)
    }

    /// The authority; after a rebuild its newest generation issues.
    #[getter]
    fn authority(&self) -> String {
        Show::show(&self.0.authority)
    }

}

options! {
    /// A device to be registered, and what it gets at once.
    Provision(tegata::Provision): (device: NewDevice) = tegata::Provision::new(device); {
        /// Its password or TLS key.
        opt psk: Option<PskWish> = None => Option<PskWish>;
        /// Of what kind its symmetric key number 1 is.
        opt key: Option<SymmetricAlgorithm> = None => Option<SymmetricAlgorithm>;
        /// Its certificate.
        opt certificate: Option<CertificateWish> = None => Option<CertificateWish>;
    }
    /// The device.
    #[getter]
    fn device(&self) -> NewDevice {
        Show::show(&self.0.device)
    }

}

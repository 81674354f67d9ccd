//! Certificates, requests and CRLs as they are read, and what is checked about them without a registry.

use pyo3::prelude::*;

use crate::convert::{Bytes, Core, Show, Time};
use crate::error::{Fail, run};
use crate::host::Signer;
use crate::key::PublicKey;
use crate::records::{CertificateExtensions, Finding, RequestedExtension, Revocation};
use crate::sums::{GeneralName, Purpose};
use crate::words::{RevocationReason, SignatureAlgorithm};

/// A class around something that the core has read.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident($core:ty) { $( $(#[$fmeta:meta])* $field:ident: $type:ty, )* } $($methods:tt)*) => {
        $(#[$meta])*
        #[pyclass(frozen, from_py_object, module = "tegata")]
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) $core);

        #[pymethods]
        impl $name {
            $(
                $(#[$fmeta])*
                #[getter]
                fn $field(&self) -> $type {
                    self.0.$field().show()
                }
            )*

            $($methods)*

            fn __repr__(&self) -> String {
                format!("{:?}", self.0)
            }
        }

        impl Show<$name> for $core {
            fn show(&self) -> $name {
                $name(self.clone())
            }
        }

        impl Core<$core> for $name {
            fn core(self) -> Result<$core, Fail> {
                Ok(self.0)
            }
        }
    };
}

object! {
    /// An X.509 certificate.
    Certificate(tegata::Certificate) {
        /// The certificate's DER.
        der: Bytes,
        /// The certificate as PEM.
        pem: String,
        /// 1, 2 or 3.
        version: u8,
        /// The serial number's octets.
        serial: Bytes,
        /// The serial number in hexadecimal.
        serial_hex: String,
        /// Who signed it.
        issuer: String,
        /// Whose it is.
        subject: String,
        /// Valid from.
        not_before: Time,
        /// Valid until, inclusive.
        not_after: Time,
        /// The SubjectPublicKeyInfo's DER.
        spki: Bytes,
        /// How it was signed, if the algorithm is known here.
        signature_algorithm: Option<SignatureAlgorithm>,
        /// Its extensions.
        extensions: CertificateExtensions,
        /// Whether basicConstraints says that it is a CA.
        is_ca: bool,
        /// How many intermediates may follow.
        path_len: Option<u8>,
        /// Whether issuer and subject are the same.
        is_self_issued: bool,
        /// Whether it is signed with its own key.
        is_self_signed: bool,
        /// SHA-256 of the DER.
        fingerprint_sha256: Bytes,
    }

    /// The public key.
    #[getter]
    fn public_key(&self, py: Python<'_>) -> PyResult<PublicKey> {
        run(py, || self.0.public_key())
    }

    /// All certificates of a PEM file.
    #[staticmethod]
    fn many_from_pem(py: Python<'_>, input: Bytes) -> PyResult<Vec<Certificate>> {
        run(py, || tegata::Certificate::many_from_pem(&input))
    }

    /// Whether the time lies within its validity.
    fn is_valid_at(&self, at: Time) -> bool {
        self.0.is_valid_at(at.0)
    }

    /// Checks that this key signed it.
    fn verify_signed_by(&self, py: Python<'_>, issuer: &PublicKey) -> PyResult<()> {
        run(py, || self.0.verify_signed_by(&issuer.0))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

object! {
    /// A certificate request whose signature holds: who made it has the key.
    VerifiedCsr(tegata::VerifiedCsr) {
        /// The request's DER.
        der: Bytes,
        /// The subject wished for.
        subject: String,
        /// The key.
        public_key: PublicKey,
        /// The extensions wished for.
        extensions: Vec<RequestedExtension>,
        /// The subjectAltName wished for.
        san: Vec<GeneralName>,
        /// The key usage wished for.
        key_usage: Option<Vec<String>>,
        /// The extended key usage wished for.
        extended_key_usage: Vec<String>,
        /// Whether it wants to be a CA.
        wants_ca: bool,
    }

    /// The challengePassword.
    #[getter]
    fn challenge_password(&self) -> Option<String> {
        self.0.challenge_password().map(str::to_owned)
    }
}

object! {
    /// A certificate revocation list.
    Crl(tegata::Crl) {
        /// The CRL's DER.
        der: Bytes,
        /// The CRL as PEM.
        pem: String,
        /// Who signed it.
        issuer: String,
        /// Its number.
        number: Option<u64>,
        /// The number of the CRL that it adds to, if it is a delta.
        delta_base: Option<u64>,
        /// Whether it covers all certificates of its issuer.
        is_complete: bool,
        /// The issuer's key identifier.
        authority_key_id: Option<Bytes>,
        /// When it was made.
        this_update: Time,
        /// When the next one comes at the latest.
        next_update: Option<Time>,
        /// How it was signed, if the algorithm is known here.
        signature_algorithm: Option<SignatureAlgorithm>,
        /// Whether it lists nothing.
        is_empty: bool,
    }

    /// Reads a CRL, DER or PEM.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, input: Bytes) -> PyResult<Self> {
        run(py, || tegata::Crl::from_bytes(&input))
    }

    /// Whether its `next_update` has passed.
    fn is_stale_at(&self, at: Time) -> bool {
        self.0.is_stale_at(at.0)
    }

    /// What it says of this serial number.
    fn get(&self, py: Python<'_>, serial: Bytes) -> PyResult<Option<Revocation>> {
        run(py, || self.0.get(&serial))
    }

    /// What it lists.
    fn entries(&self, py: Python<'_>) -> PyResult<Vec<CrlEntry>> {
        run(py, || {
            let entries = self.0.entries();
            entries.map(|entry| entry.map(|(serial, revocation)| (serial.to_vec(), revocation))).collect::<tegata::Result<Vec<_>>>()
        })
    }

    /// Checks that this key signed it.
    fn verify_signed_by(&self, py: Python<'_>, issuer: &PublicKey) -> PyResult<()> {
        run(py, || self.0.verify_signed_by(&issuer.0))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// An entry of a CRL.
#[pyclass(frozen, get_all, module = "tegata")]
#[derive(Clone, Debug)]
pub(crate) struct CrlEntry {
    /// The serial number's octets.
    serial: Bytes,
    /// When it was revoked.
    at: Time,
    /// Why.
    reason: RevocationReason,
}

impl Show<CrlEntry> for (Vec<u8>, tegata::x509::Revocation) {
    fn show(&self) -> CrlEntry {
        CrlEntry { serial: self.0.show(), at: self.1.at.show(), reason: self.1.reason.show() }
    }
}

object! {
    /// A chain that was verified, from the leaf to the root.
    VerifiedChain(tegata::VerifiedChain) {}

    /// The certificates, the leaf first.
    #[getter]
    fn certificates(&self) -> Vec<Certificate> {
        self.0.certificates().iter().map(Show::show).collect()
    }

    /// The root.
    #[getter]
    fn root(&self) -> Option<Certificate> {
        self.0.root().map(Show::show)
    }

    /// For how many of the certificates a CRL said whether they are revoked.
    #[getter]
    fn revocation_checked(&self) -> usize {
        self.0.revocation_checked()
    }
}

/// What an installation consists of, to be checked with `check_installation`.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct InstallationCheck {
    certificate: Certificate,
    key: Option<PublicKey>,
    chain: Vec<Certificate>,
    roots: Vec<Certificate>,
    addresses: Vec<String>,
    now: Time,
    clock_set: Option<bool>,
}

#[pymethods]
impl InstallationCheck {
    /// The certificate and the time are needed; what else is given is checked too.
    #[new]
    #[pyo3(signature = (certificate, now, *, key=None, chain=None, roots=None, addresses=None, clock_set=None))]
    fn new(
        certificate: Certificate,
        now: Time,
        key: Option<PublicKey>,
        chain: Option<Vec<Certificate>>,
        roots: Option<Vec<Certificate>>,
        addresses: Option<Vec<String>>,
        clock_set: Option<bool>,
    ) -> Self {
        let (chain, roots) = (chain.unwrap_or_default(), roots.unwrap_or_default());
        Self { certificate, key, chain, roots, addresses: addresses.unwrap_or_default(), now, clock_set }
    }
}

/// Checks what browsers and TLS stacks refuse about an installation.
#[pyfunction]
pub(crate) fn check_installation(py: Python<'_>, check: &InstallationCheck) -> PyResult<Vec<Finding>> {
    run(py, || {
        let chain: Vec<_> = check.chain.iter().map(|certificate| certificate.0.clone()).collect();
        let roots: Vec<_> = check.roots.iter().map(|certificate| certificate.0.clone()).collect();
        let addresses: Vec<_> = check.addresses.iter().map(String::as_str).collect();
        Ok(tegata::check_installation(&tegata::InstallationCheck {
            certificate: &check.certificate.0,
            key: check.key.as_ref().map(|key| &key.0),
            chain: &chain,
            roots: &roots,
            addresses: &addresses,
            now: check.now.0,
            clock_set: check.clock_set,
        }))
    })
}

/// Verifies a chain from the leaf to one of the roots.
#[pyfunction]
#[pyo3(signature = (leaf, intermediates, roots, crls, purpose, at))]
pub(crate) fn verify_chain(
    py: Python<'_>,
    leaf: &Certificate,
    intermediates: Vec<Certificate>,
    roots: Vec<Certificate>,
    crls: Vec<Crl>,
    purpose: &Purpose,
    at: Time,
) -> PyResult<VerifiedChain> {
    let (intermediates, roots) = (intermediates.core()?, roots.core()?);
    let crls: Vec<tegata::Crl> = crls.core()?;
    run(py, || tegata::verify_chain(&leaf.0, &intermediates, &roots, &crls, &purpose.0, at.0))
}

/// Reads a certificate, DER or PEM.
#[pyfunction]
pub(crate) fn parse_certificate(py: Python<'_>, input: Bytes) -> PyResult<Certificate> {
    run(py, || tegata::parse_certificate(&input))
}

/// Reads a certificate request, DER or PEM, and verifies its signature.
#[pyfunction]
pub(crate) fn parse_csr(py: Python<'_>, bytes: Bytes) -> PyResult<VerifiedCsr> {
    run(py, || tegata::parse_csr(&bytes))
}

/// Makes a certificate request. The result is its DER.
#[pyfunction]
#[pyo3(signature = (signer, subject="", san=None))]
pub(crate) fn make_csr(
    py: Python<'_>,
    signer: Signer,
    subject: &str,
    san: Option<Vec<GeneralName>>,
) -> PyResult<Bytes> {
    let san: Vec<tegata::GeneralName> = san.unwrap_or_default().core()?;
    run(py, || tegata::make_csr(&*signer.0, &subject.parse()?, &san))
}

/// A certificate request's DER as PEM.
#[pyfunction]
pub(crate) fn csr_pem(der: Bytes) -> String {
    tegata::csr_pem(&der)
}

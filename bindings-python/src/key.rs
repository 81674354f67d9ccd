//! Keys, and what is signed with them.

use std::sync::Arc;

use pyo3::prelude::*;
use tegata::{Secret, Signer as _};

use crate::convert::{Bytes, Core, Show};
use crate::error::{Fail, run};

use crate::secret::{SecretBytes, SecretText};
use crate::words::{KeyAlgorithm, SignatureAlgorithm, Statement};

/// A private key in memory. It signs; what it is stays hidden unless it is written out explicitly.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct PrivateKey(pub(crate) Arc<tegata::PrivateKey>);

impl Show<PrivateKey> for Arc<tegata::PrivateKey> {
    fn show(&self) -> PrivateKey {
        PrivateKey(self.clone())
    }
}

#[pymethods]
impl PrivateKey {
    /// Reads a key: PKCS#8, PKCS#1 or SEC1, as DER or PEM.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, input: Bytes) -> PyResult<Self> {
        let input = Secret::new(input.0);
        run(py, || tegata::PrivateKey::from_bytes(input.expose()).map(Arc::new))
    }

    /// Reads a key that was written without its public half.
    #[staticmethod]
    fn from_bytes_with(py: Python<'_>, input: Bytes, public: &PublicKey) -> PyResult<Self> {
        let input = Secret::new(input.0);
        run(py, || tegata::PrivateKey::from_bytes_with(input.expose(), &public.0).map(Arc::new))
    }

    /// The public half.
    #[getter]
    fn public_key(&self) -> PublicKey {
        self.0.public_key().show()
    }

    /// The algorithm with which it signs.
    #[getter]
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm().show()
    }

    /// Signs a message.
    fn sign(&self, py: Python<'_>, message: Bytes) -> PyResult<Bytes> {
        run(py, || Ok(self.0.sign(&message)?))
    }

    /// The key as PKCS#8.
    fn to_pkcs8_der(&self) -> SecretBytes {
        self.0.to_pkcs8_der().show()
    }

    /// The key as PKCS#8 in PEM.
    fn to_pkcs8_pem(&self) -> SecretText {
        self.0.to_pkcs8_pem().show()
    }

    fn __repr__(&self) -> String {
        format!("PrivateKey({}, ..)", self.0.public_key().algorithm())
    }
}

/// A public key.
#[pyclass(frozen, from_py_object, module = "tegata")]
#[derive(Clone)]
pub(crate) struct PublicKey(pub(crate) tegata::PublicKey);

impl Show<PublicKey> for tegata::PublicKey {
    fn show(&self) -> PublicKey {
        PublicKey(self.clone())
    }
}

impl Core<tegata::PublicKey> for PublicKey {
    fn core(self) -> Result<tegata::PublicKey, Fail> {
        Ok(self.0)
    }
}

#[pymethods]
impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    #[staticmethod]
    fn from_spki(py: Python<'_>, der: Bytes) -> PyResult<Self> {
        run(py, || Ok(tegata::PublicKey::from_spki(&der)?))
    }

    /// The algorithm and size.
    #[getter]
    fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm().show()
    }

    /// The SubjectPublicKeyInfo's DER.
    #[getter]
    fn spki(&self) -> Bytes {
        self.0.spki().show()
    }

    /// The content of the BIT STRING.
    #[getter]
    fn key_bits(&self) -> Bytes {
        self.0.key_bits().show()
    }

    /// SHA-1 of the key bits (RFC 5280, 4.2.1.2).
    #[getter]
    fn key_identifier(&self) -> Bytes {
        self.0.key_identifier().show()
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    #[getter]
    fn digest(&self) -> Bytes {
        self.0.digest().show()
    }

    /// Checks a signature: `key.signature_invalid` is raised unless it is one.
    fn verify(&self, py: Python<'_>, algorithm: SignatureAlgorithm, message: Bytes, signature: Bytes) -> PyResult<()> {
        run(py, || Ok(self.0.verify(algorithm.0, &message, &signature)?))
    }

    fn __repr__(&self) -> String {
        format!("PublicKey({}, digest={:?})", self.0.algorithm(), self.0.digest())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        let digest = self.0.digest();
        digest.iter().take(8).fold(0, |hash, octet| (hash << 8) | u64::from(*octet))
    }
}

/// Makes a private key.
#[pyfunction]
pub(crate) fn make_key(py: Python<'_>, algorithm: KeyAlgorithm) -> PyResult<PrivateKey> {
    run(py, || tegata::make_key(algorithm.0).map(Arc::new))
}

/// What is signed to say something with a key: the statement's own prefix, then the content.
#[pyfunction]
pub(crate) fn statement_message(statement: Statement, content: Bytes) -> Bytes {
    Bytes(statement.0.message(&content))
}

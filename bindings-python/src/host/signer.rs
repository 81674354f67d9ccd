//! A signer: a private key of the library, or an object that has one elsewhere.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tegata::callback::signer_failed;
use tegata::error::SignerError;
use tegata::{PublicKey as CoreKey, SignatureAlgorithm as CoreAlgorithm};

use super::{call, can};
use crate::convert::{Bytes, Core};
use crate::error::Fail;
use crate::key::{PrivateKey, PublicKey};
use crate::words::SignatureAlgorithm;

/// Anything that signs: `PrivateKey`, or an object with `public_key` and `sign(message)`, and perhaps `algorithm`.
#[derive(Clone)]
pub(crate) struct Signer(pub(crate) Arc<dyn tegata::Signer>);

impl<'a, 'py> FromPyObject<'a, 'py> for Signer {
    type Error = PyErr;

    #[cfg(feature = "stubs")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = crate::words::hint("AnySigner");

    fn extract(obj: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(key) = obj.cast::<PrivateKey>() {
            return Ok(Self(key.get().0.clone()));
        }
        if !can(&obj, "sign") || !obj.hasattr("public_key")? {
            let name = obj.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "a signer is needed: a PrivateKey or an object with public_key and sign(message), not {name}"
            )));
        }
        let public = obj.getattr("public_key")?;
        let public = match public.cast::<PublicKey>() {
            Ok(public) => public.get().0.clone(),
            Err(_) => CoreKey::from_spki(&public.extract::<Bytes>()?).map_err(Fail::from)?,
        };
        let algorithm = match obj.getattr_opt("algorithm")? {
            Some(algorithm) if !algorithm.is_none() => algorithm.extract::<SignatureAlgorithm>()?.0,
            _ => public.algorithm().signature(),
        };
        Ok(Self(Arc::new(HostSigner { object: obj.to_owned().unbind(), public, algorithm })))
    }
}

impl Core<Arc<dyn tegata::Signer>> for Signer {
    fn core(self) -> Result<Arc<dyn tegata::Signer>, Fail> {
        Ok(self.0)
    }
}

/// A signer written in Python. Its public key and algorithm are asked for once.
struct HostSigner {
    object: Py<PyAny>,
    public: CoreKey,
    algorithm: CoreAlgorithm,
}

impl tegata::Signer for HostSigner {
    fn public_key(&self) -> &CoreKey {
        &self.public
    }

    fn algorithm(&self) -> CoreAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = call(|py| {
            let signature = self.object.bind(py).call_method1("sign", (PyBytes::new(py, message),))?;
            Ok(signature.extract::<Bytes>()?.0)
        });
        signature.map_err(|text| signer_failed(&text))
    }
}

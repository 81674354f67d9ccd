//! Passwords, check values and wrapped keys: what needs no registry.

use pyo3::prelude::*;
use tegata::Secret;

use crate::convert::Show;
use crate::error::run;
use crate::options::{PskPolicy, WrappedKey};
use crate::secret::{GivenBytes, SecretBytes, SecretText};
use crate::words::{CheckMethod, SymmetricAlgorithm};

impl Show<SecretBytes> for tegata::KeyMaterial {
    fn show(&self) -> SecretBytes {
        Secret::new(self.expose().to_vec()).show()
    }
}

/// A password that meets `policy`, from the operating system's generator. A raw secret comes as lower-case hexadecimal, two
/// digits an octet, which is how files of PSKs hold them.
///
/// Errors:
/// `psk.policy_impossible`, saying why; `psk.policy_weak` below 64 bits.
#[pyfunction]
#[pyo3(signature = (policy=None))]
pub(crate) fn generate_password(py: Python<'_>, policy: Option<PskPolicy>) -> PyResult<SecretText> {
    let policy = policy.map(|policy| policy.0).unwrap_or_default();
    run(py, || tegata::generate_password(&policy))
}

/// The check value of `key` in hexadecimal, for comparing what two parties hold. No registry is needed, so a device can ask
/// as well.
///
/// Errors:
/// `key.size` when `key` has another size than the algorithm's; `key.check_method` for `cmac` of a TWINE key.
#[pyfunction]
pub(crate) fn check_value(
    py: Python<'_>,
    algorithm: SymmetricAlgorithm,
    key: GivenBytes,
    method: CheckMethod,
) -> PyResult<String> {
    run(py, || Ok(tegata::check_value(algorithm.0, key.0.expose(), method.0)?.to_string()))
}

/// Opens a wrapped key. This is the device's side: it needs the secret of its PSK and nothing else.
///
/// The device should look at whether `device` and `key` are what it asked for, and that `version` is not older than the one
/// it has.
///
/// Errors:
/// `key.unwrap_failed` with another PSK, and when anything was altered; `psk.too_weak_to_wrap` for a PSK of fewer than 16
/// octets.
#[pyfunction]
pub(crate) fn unwrap_key(py: Python<'_>, wrapped: &WrappedKey, psk: GivenBytes) -> PyResult<SecretBytes> {
    run(py, || tegata::unwrap_key(&wrapped.0, psk.0.expose()))
}

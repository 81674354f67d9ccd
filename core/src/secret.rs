//! Values that must not leak: erased when dropped, never printed.
//!
//! What has to be in memory to be used can be read by whoever reads the memory of the process. To keep it out of core dumps,
//! swap and the reach of debuggers is for the host, which alone knows what its process is for: `prctl(PR_SET_DUMPABLE, 0)`
//! or `RLIMIT_CORE` of 0 and `mlockall` on Linux. Keys that are ready for use, such as a sealer's and the authorities', stay in
//! memory as long as the registry is open, and *ring* does not erase them afterwards; a vault behind
//! [`Sealer`](crate::store::seal::Sealer) and signers outside the process keep them elsewhere.

use std::fmt;

use ctutils::CtEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret value. It prints as `Secret(..)`, is erased when dropped, and is read only through [`expose`](Self::expose).
///
/// ```
/// use tegata::Secret;
/// let secret = Secret::new(b"correct horse".to_vec());
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose().len(), 13);
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes charge of `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call of this is a place to check in a review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Whether both hold the same octets. How long it takes depends on the lengths only, not on where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).to_bool()
}

/// Ciphertext made by a [`Sealer`](crate::store::seal::Sealer): safe to store, useless elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

impl Sealed {
    /// What [`as_bytes`](Self::as_bytes) gave, read back from a store. Whether it opens is for the sealer to say.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The ciphertext as it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

//! What the host brings: keys, sealing, time and randomness. Every call out goes through [`guarded`].

use std::sync::Arc;

use tegata::error::{SealError, SignerError};
use tegata::{PublicKey, Sealed, Secret, Timestamp};

use crate::error::{Result, TegataError};
use crate::values::SecretBytes;

/// Runs a call into the host's code: from inside it, the registry refuses to be called.
pub(crate) use tegata::callback::run as guarded;
use tegata::callback::{clock_failed, random_failed, sealer_failed, signer_failed};

/// A private key that signs without showing itself: an Android Keystore, a smart card, a cloud KMS.
///
/// Called from any thread; it must not call the registry that uses it.
#[uniffi::export(with_foreign)]
pub trait HostSigner: Send + Sync {
    /// The public half: the `SubjectPublicKeyInfo` in DER, as Java's `PublicKey.getEncoded` gives it.
    fn spki(&self) -> Result<Vec<u8>>;

    /// The signature over `message` (to be hashed by the signer) as X.509 carries it: DER `ECDSA-Sig-Value` (P-256 with
    /// SHA-256, P-384 with SHA-384), the 64 octets of Ed25519, or PKCS#1 v1.5 (RSA 2048 with SHA-256, 3072 with SHA-384,
    /// 4096 with SHA-512).
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>>;
}

/// A host's signer as the core knows it; its public key is asked for once.
pub(crate) struct Signing {
    host: Arc<dyn HostSigner>,
    public: PublicKey,
}

impl Signing {
    pub(crate) fn of(host: Arc<dyn HostSigner>) -> Result<Self> {
        let spki = guarded(|| host.spki()).map_err(failed)?;
        Ok(Self { public: PublicKey::from_spki(&spki)?, host })
    }

    /// The same, for where the core keeps it.
    pub(crate) fn shared(host: Option<Arc<dyn HostSigner>>) -> Result<Option<Arc<dyn tegata::Signer>>> {
        host.map(|host| Self::of(host).map(|signing| Arc::new(signing) as Arc<dyn tegata::Signer>)).transpose()
    }
}

fn failed(error: TegataError) -> SignerError {
    signer_failed(&error.into_text())
}

impl tegata::Signer for Signing {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignerError> {
        guarded(|| self.host.sign(message.to_vec())).map_err(failed)
    }
}

/// Where the time comes from.
#[uniffi::export(with_foreign)]
pub trait HostClock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Result<Timestamp>;
}

pub(crate) struct Ticking(pub(crate) Arc<dyn HostClock>);

impl tegata::Clock for Ticking {
    fn now(&self) -> Timestamp {
        // Asked by nobody who can ask `try_now`. At the end of time everything has expired.
        self.try_now().unwrap_or(Timestamp::MAX)
    }

    fn try_now(&self) -> std::result::Result<Timestamp, tegata::Error> {
        guarded(|| self.0.now()).map_err(|e| clock_failed(&e.into_text()))
    }
}

/// A clock that stands still until it is told otherwise, for tests and simulations.
#[derive(uniffi::Object)]
pub struct FixedClock(pub(crate) Arc<tegata::FixedClock>);

#[uniffi::export]
impl FixedClock {
    /// A clock that shows `time`.
    #[uniffi::constructor]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(tegata::FixedClock::at(time)))
    }

    /// Moves the clock to `time`, forwards or backwards.
    pub fn set(&self, time: Timestamp) {
        self.0.set(time);
    }

    /// Moves the clock by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.advance(seconds);
    }
}

#[uniffi::export]
impl HostClock for FixedClock {
    fn now(&self) -> Result<Timestamp> {
        Ok(tegata::Clock::now(&*self.0))
    }
}

/// Where random octets come from.
#[uniffi::export(with_foreign)]
pub trait HostRandom: Send + Sync {
    /// `count` unpredictable octets.
    fn bytes(&self, count: u32) -> Result<Vec<u8>>;
}

pub(crate) struct Drawing(pub(crate) Arc<dyn HostRandom>);

impl tegata::Random for Drawing {
    fn fill(&self, out: &mut [u8]) -> std::result::Result<(), tegata::Error> {
        let count = u32::try_from(out.len()).map_err(|_| random_failed("too many octets at once"))?;
        let drawn = guarded(|| self.0.bytes(count)).map_err(|e| random_failed(&e.into_text()))?;
        if drawn.len() != out.len() {
            return Err(random_failed("the host gave another number of octets than was asked for"));
        }
        out.copy_from_slice(&drawn);
        Ok(())
    }
}

/// Why a host's sealer cannot open what was sealed.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
pub enum SealFailure {
    /// Another key sealed it.
    #[error("another key")]
    WrongKey,
    /// It was altered, or comes from another place.
    #[error("altered")]
    Damaged,
    /// The key cannot be used now, or something else is wrong.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for SealFailure {
    fn from(thrown: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: thrown.reason }
    }
}

/// Seals secrets for storage and opens them again: a vault, an HSM.
///
/// It must authenticate `associated`: what was sealed under one must not open under another.
#[uniffi::export(with_foreign)]
pub trait HostSealer: Send + Sync {
    /// Seals `plaintext` for the place that `associated` describes.
    fn seal(&self, associated: Vec<u8>, plaintext: SecretBytes) -> std::result::Result<Vec<u8>, SealFailure>;

    /// Opens what was sealed for this place.
    fn unseal(&self, associated: Vec<u8>, sealed: Vec<u8>) -> std::result::Result<SecretBytes, SealFailure>;

    /// Whether `sealed` is sealed as it would be now; if not, `registry.reseal` seals it anew.
    fn is_current(&self, associated: Vec<u8>, sealed: Vec<u8>) -> std::result::Result<bool, SealFailure>;
}

pub(crate) struct Sealing(pub(crate) Arc<dyn HostSealer>);

fn refused(failure: SealFailure) -> tegata::Error {
    match failure {
        SealFailure::WrongKey => SealError::WrongKey.into(),
        SealFailure::Damaged => SealError::Damaged { at: "the host's sealer".to_owned() }.into(),
        SealFailure::Failed { reason } => sealer_failed(&reason),
    }
}

impl tegata::store::Sealer for Sealing {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> std::result::Result<Sealed, tegata::Error> {
        guarded(|| self.0.seal(associated.to_vec(), Secret::new(plaintext.to_vec())))
            .map(Sealed::from_bytes)
            .map_err(refused)
    }

    fn open(&self, associated: &[u8], sealed: &Sealed) -> std::result::Result<SecretBytes, tegata::Error> {
        guarded(|| self.0.unseal(associated.to_vec(), sealed.as_bytes().to_vec())).map_err(refused)
    }

    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> std::result::Result<bool, tegata::Error> {
        guarded(|| self.0.is_current(associated.to_vec(), sealed.as_bytes().to_vec())).map_err(refused)
    }
}

//! Many items in one call.

use std::sync::Arc;

use tegata::{Atomicity, Call};

use crate::certificates::{CertificateRecord, Issued};
use crate::crl::CrlState;
use crate::devices::{Device, Enrolled};
use crate::error::{Result, TegataError};
use crate::provision::Provisioned;
use crate::psks::{IssuedPsk, Psk};
use crate::streams::told;
use crate::symmetric::{IssuedKey, SymmetricKey};

/// Who asks for a change, and whether it may be a repetition.
#[uniffi::remote(Record)]
pub struct Call {
    /// Who acts, as the host knows them; it stands in the event. At most 255 bytes, no control characters.
    #[uniffi(default = "")]
    pub actor: String,
    /// Repeating a call with the same request ID and content changes nothing and returns the first result. Each actor has
    /// request IDs of its own. At most 255 bytes.
    #[uniffi(default)]
    pub request_id: Option<String>,
}

/// What happens to the rest when one item of a bulk call is refused.
#[uniffi::remote(Enum)]
pub enum Atomicity {
    /// Nothing is done unless everything can be.
    All,
    /// Each item is done or refused on its own.
    Each,
}

/// Hears how far a bulk call is.
#[uniffi::export(with_foreign)]
pub trait BulkProgress: Send + Sync {
    /// `done` of `total` items are done. `false` stops before the next portion.
    fn report(&self, done: u64, total: u64) -> bool;
}

/// How a bulk call runs.
#[derive(uniffi::Record)]
pub struct Bulk {
    /// What happens to the rest when one item is refused.
    pub atomicity: Atomicity,
    /// Called now and then; it must not call the registry.
    #[uniffi(default)]
    pub progress: Option<Arc<dyn BulkProgress>>,
}

impl Bulk {
    /// Runs `work` with this as the core knows it.
    pub(crate) fn run<T>(self, work: impl FnOnce(&tegata::Bulk<'_>) -> T) -> T {
        let report = told(self.progress);
        let mut bulk = tegata::Bulk { atomicity: self.atomicity, progress: None };
        bulk.progress = report.as_ref().map(|report| report as tegata::Progress<'_>);
        work(&bulk)
    }
}

/// A number of things in memory.
pub(crate) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Why one item was refused.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Refusal {
    /// The stable dotted code.
    pub code: String,
    /// The name of its kind, such as `Refused`.
    pub kind: String,
    /// The sentence.
    pub text: String,
}

fn refusal(error: &tegata::Error) -> Refusal {
    Refusal { code: error.code().to_owned(), kind: error.kind().name().to_owned(), text: error.to_string() }
}

macro_rules! outcomes {
    ($($name:ident of $item:ty, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, uniffi::Enum)]
            #[allow(clippy::large_enum_variant, reason = "most items are done")]
            pub enum $name {
                /// Done.
                Done {
                    /// The result.
                    value: $item,
                },
                /// Refused; nothing was changed.
                Refused {
                    /// Why.
                    refusal: Refusal,
                },
            }

            impl<T: Into<$item>> From<tegata::Result<T>> for $name {
                fn from(result: tegata::Result<T>) -> Self {
                    match result {
                        Ok(value) => Self::Done { value: value.into() },
                        Err(error) => Self::Refused { refusal: refusal(&error) },
                    }
                }
            }
        )*
    };
}

outcomes! {
    DeviceOutcome of Device, "What became of one device of a bulk call.";
    EnrolledOutcome of Enrolled, "What became of one request of a bulk enrollment.";
    IssuedOutcome of Issued, "What became of one certificate to be issued.";
    CertificateOutcome of CertificateRecord, "What became of one certificate of a bulk call.";
    PskOutcome of Psk, "What became of one pre-shared key of a bulk call.";
    IssuedPskOutcome of IssuedPsk, "What became of one pre-shared key to be issued or rotated.";
    SymmetricKeyOutcome of SymmetricKey, "What became of one symmetric key of a bulk call.";
    IssuedKeyOutcome of IssuedKey, "What became of one symmetric key to be read.";
    CrlStateOutcome of CrlState, "What became of one CRL to be made anew.";
    ProvisionedOutcome of Provisioned, "What became of one device to be provisioned.";
}

/// What became of one item that has no result of its own.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum UnitOutcome {
    /// Done.
    Done,
    /// Refused; nothing was changed.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

impl From<tegata::Result<()>> for UnitOutcome {
    fn from(result: tegata::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) => Self::Refused { refusal: refusal(&error) },
        }
    }
}

/// The answers of a bulk call, one by one.
pub(crate) fn each<T, O: From<tegata::Result<T>>>(
    results: std::result::Result<Vec<tegata::Result<T>>, tegata::Error>,
) -> Result<Vec<O>> {
    results.map(|items| items.into_iter().map(O::from).collect()).map_err(TegataError::from)
}

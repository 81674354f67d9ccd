//! The one error type, and the table of all reasons.

use tegata::error::Kind;

/// Why a call failed: one case per kind of trouble, each with the stable code and a sentence that says what to do.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
#[allow(missing_docs, reason = "every case has the same two fields: the code and the sentence")]
pub enum TegataError {
    /// The argument itself is malformed; the same call can never succeed.
    #[error("{code}: {text}")]
    InvalidInput { code: String, text: String },
    /// Well-formed, but a rule or policy forbids it.
    #[error("{code}: {text}")]
    Refused { code: String, text: String },
    /// What the call names does not exist.
    #[error("{code}: {text}")]
    NotFound { code: String, text: String },
    /// It collides with what is already there, or with a concurrent change.
    #[error("{code}: {text}")]
    Conflict { code: String, text: String },
    /// The entity's current state does not allow it.
    #[error("{code}: {text}")]
    State { code: String, text: String },
    /// The presenter could not show who it is.
    #[error("{code}: {text}")]
    Unauthenticated { code: String, text: String },
    /// Something needed is out of reach for now; try again later.
    #[error("{code}: {text}")]
    Unavailable { code: String, text: String },
    /// Stored or received data is damaged.
    #[error("{code}: {text}")]
    Corrupt { code: String, text: String },
    /// Correct, but this build or version cannot do it.
    #[error("{code}: {text}")]
    Unsupported { code: String, text: String },
    /// A defect of this library or its surroundings.
    #[error("{code}: {text}")]
    Internal { code: String, text: String },
}

pub(crate) type Result<T> = std::result::Result<T, TegataError>;

impl From<tegata::Error> for TegataError {
    fn from(error: tegata::Error) -> Self {
        let (code, text) = (error.code().to_owned(), error.to_string());
        match error.kind() {
            Kind::InvalidInput => Self::InvalidInput { code, text },
            Kind::Refused => Self::Refused { code, text },
            Kind::NotFound => Self::NotFound { code, text },
            Kind::Conflict => Self::Conflict { code, text },
            Kind::State => Self::State { code, text },
            Kind::Unauthenticated => Self::Unauthenticated { code, text },
            Kind::Unavailable => Self::Unavailable { code, text },
            Kind::Corrupt => Self::Corrupt { code, text },
            Kind::Unsupported => Self::Unsupported { code, text },
            _ => Self::Internal { code, text },
        }
    }
}

macro_rules! areas {
    ($($name:ident)*) => {
        $(
            impl From<tegata::error::$name> for TegataError {
                fn from(error: tegata::error::$name) -> Self {
                    tegata::Error::from(error).into()
                }
            }
        )*
    };
}
areas! { KeyError SignerError StoreError InternalError }

/// What a callback threw that is not of a type that it may throw. Whoever called it says which error that is.
impl From<uniffi::UnexpectedUniFFICallbackError> for TegataError {
    fn from(thrown: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Internal { code: "internal.defect".to_owned(), text: tegata::callback::reason(&thrown.reason) }
    }
}

impl TegataError {
    /// The sentence alone.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::InvalidInput { text, .. }
            | Self::Refused { text, .. }
            | Self::NotFound { text, .. }
            | Self::Conflict { text, .. }
            | Self::State { text, .. }
            | Self::Unauthenticated { text, .. }
            | Self::Unavailable { text, .. }
            | Self::Corrupt { text, .. }
            | Self::Unsupported { text, .. }
            | Self::Internal { text, .. } => text,
        }
    }
}

/// One row of the error table.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Reason {
    /// The stable dotted code, such as `csr.signature_invalid`.
    pub code: String,
    /// The name of its kind, such as `Refused`.
    pub kind: String,
    /// The sentence that callers see; `{..}` stands for a detail.
    pub text: String,
}

/// Every reason for which a call can fail.
#[uniffi::export]
pub fn error_table() -> Vec<Reason> {
    let row = |reason: &tegata::error::Reason| Reason {
        code: reason.code.to_owned(),
        kind: reason.kind.name().to_owned(),
        text: reason.text.to_owned(),
    };
    tegata::Error::table().map(row).collect()
}

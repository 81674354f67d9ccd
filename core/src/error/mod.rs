//! Every way in which a call can fail: one enum per area, one stable code per reason, one table of them all.
//!
//! A reason's text says what is wrong and what to do; it never holds a secret, a key or a personal datum.

mod event;
mod reasons;
mod surroundings;

pub use event::EventError;
pub use reasons::{
    AuthenticationError, AuthorityError, CampaignError, CertificateError, ClientError, CsrError, DeliveryError,
    DeviceError, GroupError, InputError, KeyError, ProductError, ProfileError, PskError,
};
pub use surroundings::{InternalError, SealError, SignerError, StoreError};

/// What kind of trouble it is, for hosts that map errors to status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The argument itself is malformed; the same call can never succeed.
    InvalidInput,
    /// Well-formed, but a rule or policy forbids it.
    Refused,
    /// What the call names does not exist.
    NotFound,
    /// It collides with what is already there, or with a concurrent change.
    Conflict,
    /// The entity's current state does not allow it.
    State,
    /// The presenter could not show who it is.
    Unauthenticated,
    /// Something needed is out of reach for now; try again later.
    Unavailable,
    /// Stored or received data is damaged.
    Corrupt,
    /// Correct, but this build or version cannot do it.
    Unsupported,
    /// A defect of this library or its surroundings.
    Internal,
}

impl Kind {
    /// The kind's stable name, as it appears in every language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "InvalidInput",
            Self::Refused => "Refused",
            Self::NotFound => "NotFound",
            Self::Conflict => "Conflict",
            Self::State => "State",
            Self::Unauthenticated => "Unauthenticated",
            Self::Unavailable => "Unavailable",
            Self::Corrupt => "Corrupt",
            Self::Unsupported => "Unsupported",
            Self::Internal => "Internal",
        }
    }
}

/// One row of the error table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable dotted code, such as `csr.signature_invalid`.
    pub code: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The sentence that callers see; `{..}` stands for a detail.
    pub text: &'static str,
}

/// Declares one area: its enum, its codes and kinds, and its rows of the table, from one list.
macro_rules! declare_reasons {
    ($(#[$meta:meta])* $name:ident $area:literal {
        $( $variant:ident $({ $($field:ident : $ty:ty),* $(,)? })? = $code:literal $kind:ident $text:literal; )*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $area, ".", $code, "`: ", $text)]
                #[error($text)]
                $variant $({ $(#[doc = concat!("The ", stringify!($field), ".")] $field: $ty),* })?,
            )*
        }

        impl $name {
            /// The rows of the error table that belong to this area.
            pub const REASONS: &'static [Reason] = &[
                $( Reason { code: concat!($area, ".", $code), kind: Kind::$kind, text: $text }, )*
            ];

            /// The stable dotted code.
            pub const fn code(&self) -> &'static str {
                match self { $( Self::$variant { .. } => concat!($area, ".", $code), )* }
            }

            /// The kind of trouble.
            pub const fn kind(&self) -> Kind {
                match self { $( Self::$variant { .. } => Kind::$kind, )* }
            }
        }
    };
}
use declare_reasons;

macro_rules! areas {
    ($( $(#[$meta:meta])* $variant:ident($inner:ident), )*) => {
        /// Why a call failed. [`code`](Self::code) is stable and meant for programs, the text for people.
        ///
        /// ```
        /// let error = tegata::parse_csr(b"not a request").unwrap_err();
        /// assert_eq!(error.code(), "csr.malformed");
        /// assert_eq!(error.kind(), tegata::error::Kind::InvalidInput);
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum Error {
            $( $(#[$meta])* #[error(transparent)] $variant(#[from] $inner), )*
        }

        impl Error {
            /// The stable dotted code, such as `csr.signature_invalid`.
            pub const fn code(&self) -> &'static str {
                match self { $( Self::$variant(e) => e.code(), )* }
            }

            /// The kind of trouble.
            pub const fn kind(&self) -> Kind {
                match self { $( Self::$variant(e) => e.kind(), )* }
            }

            /// The whole error table, area by area.
            pub fn table() -> impl Iterator<Item = &'static Reason> {
                [$( $inner::REASONS, )*].into_iter().flatten()
            }
        }
    };
}

areas! {
    /// An argument.
    Input(InputError),
    /// A certification request.
    Csr(CsrError),
    /// A certificate, CRL or chain.
    Certificate(CertificateError),
    /// An authority.
    Authority(AuthorityError),
    /// A profile.
    Profile(ProfileError),
    /// A product.
    Product(ProductError),
    /// A device.
    Device(DeviceError),
    /// A group.
    Group(GroupError),
    /// A key.
    Key(KeyError),
    /// A pre-shared key.
    Psk(PskError),
    /// A renewal campaign.
    Campaign(CampaignError),
    /// A client.
    Client(ClientError),
    /// A presented identity and its proof.
    Authentication(AuthenticationError),
    /// A key hand-out.
    Delivery(DeliveryError),
    /// The log of events.
    Event(EventError),
    /// The store.
    Store(StoreError),
    /// Sealing.
    Seal(SealError),
    /// A signer.
    Signer(SignerError),
    /// A defect.
    Internal(InternalError),
}

impl Error {
    /// `input.invalid` for `field`, which `reason` describes ("is empty").
    pub(crate) fn input(field: &str, reason: &str) -> Self {
        InputError::Invalid { field: field.to_owned(), reason: reason.to_owned() }.into()
    }

    /// `internal.defect`.
    pub(crate) fn defect(what: &str) -> Self {
        InternalError::Defect { what: what.to_owned() }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_says_something() {
        let mut seen = HashSet::new();
        for reason in Error::table() {
            assert!(seen.insert(reason.code), "{} is used twice", reason.code);
            assert!(reason.text.len() > 8, "{} says nothing", reason.code);
            let (area, name) = reason.code.split_once('.').expect("dotted");
            assert!(area.chars().chain(name.chars()).all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn an_area_error_keeps_its_code_kind_and_text_inside_error() {
        let error = Error::from(CsrError::RsaTooSmall { bits: 1024 });
        assert_eq!(error.code(), "csr.rsa_too_small");
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.to_string().contains("1024 bits"));
    }
}

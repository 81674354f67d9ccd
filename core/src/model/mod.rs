//! What the registry keeps, as plain values, and which changes of state each of them allows.
//!
//! Every change is a pure function from a record to the changed record or the reason why not. Nothing here reads a
//! clock, draws a number, or knows how records are stored.

mod authority;
mod campaign;
mod certificate;
mod client;
mod crl;
mod delivery;
mod device;
mod event;
mod group;
mod log;
mod product;
mod profile;
mod psk;
mod responder;
mod support;
mod symmetric_key;

pub use authority::{Authority, AuthorityState, SignerLocation};
pub use campaign::{Campaign, CampaignState, CredentialKind, ReissuePolicy};
pub(crate) use campaign::{CampaignPart, Member};
pub use certificate::{
    Assignment, Certificate, CertificateKind, CertificateState, KeyOrigin, Revocation, Standing, SuspendCause,
};
pub use client::{Client, ClientState};
pub use crl::{Crl, CrlPolicy, CrlState};
pub(crate) use crl::{
    CrlChunk, CrlFolding, CrlList, CrlPlace, CrlRemoval, CrlScheme, KeptCrl, MAX_HOURS, address, scope, scope_parts,
};
pub use delivery::{Delivery, DeliveryState};
pub use device::{Attributes, Device, DeviceState, InvalidReason};
pub use event::{Entity, Event};
pub use group::Group;
pub use log::Checkpoint;
pub(crate) use log::{EventLog, EventSegment, LogKey};
pub use product::{ClaimCode, EnrollmentMode, EnrollmentPolicy, OtherKey, Product, ProductState};
pub use profile::{Profile, ProfileSpec, SanPolicy, SubjectPolicy, SuspendMode};
pub use psk::{IdentityKind, Psk, PskKind, PskState};
pub use responder::Responder;
pub use support::{Binding, Document, Meta, Owner, RequestRecord};
pub(crate) use support::{Gap, Upkeep};
pub use symmetric_key::{EndedVersion, KeyOwner, KeyShare, KeyState, KeyVersion, SymmetricKey, VersionState};

/// Checks a name that people choose: 1 to 255 bytes, no control characters, no white space at either end.
pub(crate) fn check_name(field: &str, name: &str) -> Result<(), crate::Error> {
    if name.is_empty() {
        return Err(crate::Error::input(field, "is empty; give a name"));
    }
    check_text(field, name)?;
    if name.trim() != name {
        return Err(crate::Error::input(field, "begins or ends with white space; remove it"));
    }
    Ok(())
}

/// Checks a free text: at most 255 bytes, no control characters.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), crate::Error> {
    if text.len() > 255 {
        return Err(crate::error::InputError::TooLong { field: field.to_owned(), limit: 255 }.into());
    }
    if text.chars().any(char::is_control) {
        return Err(crate::Error::input(field, "holds a control character; remove it"));
    }
    Ok(())
}

/// Declares an enum that is stored as a small number and shown by a stable name.
macro_rules! stored_enum {
    ($(#[$meta:meta])* $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $number:literal $text:literal, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum $name { $( $(#[$vmeta])* $variant = $number, )* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            /// The number it is stored as.
            #[allow(dead_code, reason = "some are derived, never stored")]
            pub(crate) const fn number(self) -> i64 {
                self as i64
            }

            #[allow(dead_code, reason = "some are derived, never stored")]
            /// Back from the number; `None` when no such value was ever stored by this version.
            pub(crate) const fn from_number(number: i64) -> Option<Self> {
                match number { $( $number => Some(Self::$variant), )* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use stored_enum;

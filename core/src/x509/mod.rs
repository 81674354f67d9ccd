//! X.509: names, requests, certificates, CRLs and chains. Bytes to values and back; no policy, no storage.

pub mod certificate;
pub mod extension;
pub mod name;
mod name_text;
pub mod oid;
mod reason;

pub use certificate::{Template, assemble};
pub use extension::{BasicConstraints, Extensions, KeyUsage, PreparedExtensions, RawExtension};
pub use name::Name;
pub use oid::Oid;
pub use reason::RevocationReason;

//! X.509: names, requests, certificates, CRLs and chains. Bytes to values and back; no policy, no storage.

pub mod name;
mod reason;

pub use name::Name;
pub use reason::RevocationReason;

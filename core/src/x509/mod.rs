//! X.509: names, requests, certificates, CRLs and chains. Bytes to values and back; no policy, no storage.

pub mod name;

pub use name::Name;

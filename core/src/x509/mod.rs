//! X.509: names, requests, certificates, CRLs and chains. Bytes to values and back; no policy, no storage.

pub mod certificate;
pub mod csr;
mod csr_write;
pub mod extension;
pub mod name;
mod name_text;
pub mod oid;
mod reason;
pub mod san;

pub use certificate::{Template, assemble};
pub use csr::{RequestedExtension, VerifiedCsr, parse_csr};
pub use csr_write::{csr_pem, make_csr};
pub use extension::{BasicConstraints, Extensions, KeyUsage, PreparedExtensions, RawExtension};
pub use name::{Attribute, Name, NameAttribute, NameBuilder};
pub use oid::Oid;
pub use reason::RevocationReason;
pub use san::{DnsName, EmailAddress, GeneralName, Uri, decode_san, encode_san};

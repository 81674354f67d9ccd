//! X.509: names, requests, certificates, CRLs and chains. Bytes to values and back; no policy, no storage.

pub mod certificate;
mod certificate_extensions;
pub mod chain;
pub mod check;
pub mod crl;
pub mod crl_template;
pub mod csr;
mod csr_write;
pub mod extension;
pub mod name;
mod name_text;
pub mod ocsp;
mod reason;
pub mod san;
mod second_reader;
pub mod template;

pub use crate::oid::Oid;
pub use certificate::{Certificate, parse_certificate};
pub use certificate_extensions::CertificateExtensions;
pub use chain::{Purpose, VerifiedChain, verify_chain};
pub use check::{Finding, InstallationCheck, Severity, check_installation};
pub(crate) use crl::read_entry;
pub use crl::{Crl, Revocation};
pub use crl_template::{CrlTemplate, CrlWriter, encode_entry};
pub use csr::{RequestedExtension, VerifiedCsr, parse_csr};
pub use csr_write::{csr_pem, make_csr};
pub use extension::{BasicConstraints, Extensions, KeyUsage, PreparedExtensions, RawExtension};
pub use name::{Attribute, Name, NameAttribute, NameBuilder};
pub(crate) use name_text::split as split_name;
pub use ocsp::{
    CheckedOcsp, OcspHash, OcspRequest, OcspResponse, OcspResponseStatus, OcspStatus, check_ocsp, make_ocsp_request,
};
pub use reason::RevocationReason;
pub use san::{DnsName, EmailAddress, GeneralName, Uri, decode_san, encode_san};
pub use template::{Template, assemble};

#[cfg(test)]
pub(crate) mod fixture;

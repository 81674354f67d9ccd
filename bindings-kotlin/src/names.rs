//! Alternative names.

use tegata::GeneralName;
use tegata::x509::{DnsName, EmailAddress, Uri};
use tegata::{Name, Oid};

use crate::error::{Result, TegataError};
use crate::values::IpAddress;

/// One `GeneralName` (RFC 5280, 4.2.1.6).
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum GeneralName {
    /// A host name.
    Dns(DnsName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddress),
    /// A mail address.
    Email(EmailAddress),
    /// A URI.
    Uri(Uri),
    /// A distinguished name in its form of RFC 4514.
    DirectoryName(Name),
    /// An object identifier.
    RegisteredId(Oid),
    /// Anything else, such as hardwareModuleName (RFC 4108) or a UPN.
    Other {
        /// What kind of name.
        type_id: Oid,
        /// The value: one DER element, without the `[0]` around it.
        value: Vec<u8>,
    },
}

/// Reads a name in the form of OpenSSL's configuration, such as `DNS:camera.local`.
#[uniffi::export]
pub fn parse_general_name(text: String) -> Result<GeneralName> {
    text.parse().map_err(TegataError::from)
}

/// The same name, its content checked where the type does not do it.
pub(crate) fn checked(name: GeneralName) -> Result<GeneralName> {
    match name {
        GeneralName::Other { type_id, value } => Ok(GeneralName::other(type_id, &value)?),
        other => Ok(other),
    }
}

/// Writes a name in the form of OpenSSL's configuration.
#[uniffi::export]
pub fn general_name_text(name: GeneralName) -> Result<String> {
    Ok(checked(name)?.to_string())
}

//! The names in a subjectAltName (RFC 5280, 4.2.1.6), checked when they are made.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::Name;
use crate::Oid;
use crate::der::{Element, Reader, Writer, tag};
use crate::error::Error;

const OTHER: u8 = tag::context_constructed(0);
const EMAIL: u8 = tag::context(1);
const DNS: u8 = tag::context(2);
const X400: u8 = tag::context_constructed(3);
const DIRECTORY: u8 = tag::context_constructed(4);
const EDI: u8 = tag::context_constructed(5);
const URI: u8 = tag::context(6);
const IP: u8 = tag::context(7);
const REGISTERED: u8 = tag::context(8);

/// Declares a text that is checked when it is made.
macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident, $check:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn read(octets: &[u8]) -> Result<Self, &'static str> {
                let text = std::str::from_utf8(octets).ok().filter(|text| text.is_ascii()).ok_or("holds a name that is not ASCII")?;
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::read(text.as_bytes()).map_err(|reason| Error::input("subjectAltName", reason))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

checked_text! {
    /// A host name in ASCII (an internationalised one in its `xn--` form): labels of letters, digits, hyphens and
    /// underscores, at most 63 octets each and 253 together. The first label may be a lone `*`.
    DnsName, check_dns
}
checked_text! {
    /// A mail address: a mailbox, `@` and a host, in printable ASCII.
    EmailAddress, check_email
}
checked_text! {
    /// A URI with its scheme, in printable ASCII.
    Uri, check_uri
}

impl DnsName {
    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

fn check_dns(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("holds an empty DNS name");
    }
    if text.len() > 253 {
        return Err("holds a DNS name longer than 253 characters");
    }
    let host = text.strip_prefix("*.").unwrap_or(text);
    let mut numeric = false;
    for label in host.split('.') {
        if label.is_empty() {
            return Err("holds a DNS name with an empty label or a dot at an end");
        }
        if label.len() > 63 {
            return Err("holds a DNS name with a label longer than 63 characters");
        }
        if label.contains('*') {
            return Err("holds a DNS name with `*` elsewhere than as the whole first of several labels");
        }
        if !label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_') {
            return Err("holds a DNS name with characters other than letters, digits, hyphens and underscores");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("holds a DNS name with a hyphen at an end of a label");
        }
        numeric = label.bytes().all(|octet| octet.is_ascii_digit());
    }
    // Top-level domains have letters; browsers never match such a name against an address.
    if numeric {
        return Err("holds an IP address or number as DNS name; use an IP entry");
    }
    Ok(())
}

fn check_email(text: &str) -> Result<(), &'static str> {
    match text.split_once('@') {
        Some((mailbox, host)) if !mailbox.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic()) => {
            check_dns(host).map_err(|_| "holds a mail address without a valid host")
        }
        _ => Err("holds a mail address that is not of the form mailbox@host"),
    }
}

fn check_uri(text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "holds a URI that is not a scheme, a colon and printable ASCII";
    let (scheme, rest) = text.split_once(':').ok_or(WRONG)?;
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
    if scheme_fits && !rest.is_empty() && rest.bytes().all(|octet| octet.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(WRONG)
    }
}

/// One `GeneralName` (RFC 5280, 4.2.1.6). X.400 addresses and EDI party names are not supported.
///
/// The text form is that of OpenSSL's configuration:
///
/// ```
/// use tegata::x509::GeneralName;
/// for text in ["DNS:camera.local", "IP:192.0.2.7", "IP:2001:db8::7", "email:a@example.com", "URI:urn:dev:mac:00", "RID:1.2.3"] {
///     assert_eq!(text.parse::<GeneralName>()?.to_string(), text);
/// }
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GeneralName {
    /// A host name, `DNS:`.
    Dns(DnsName),
    /// An IPv4 or IPv6 address, `IP:`.
    Ip(IpAddr),
    /// A mail address, `email:`.
    Email(EmailAddress),
    /// A URI, `URI:`.
    Uri(Uri),
    /// A distinguished name, `dirName:` and its form of RFC 4514.
    DirectoryName(Name),
    /// An object identifier, `RID:`.
    RegisteredId(Oid),
    /// Anything else, such as hardwareModuleName (RFC 4108) or a UPN: `otherName:`, the type, `=#` and the DER in
    /// hexadecimal.
    Other {
        /// What kind of name.
        type_id: Oid,
        /// The value: one DER element, without the `[0]` around it.
        value: Vec<u8>,
    },
}

impl GeneralName {
    /// A host name.
    ///
    /// # Errors
    /// `input.invalid` when it is none.
    pub fn dns(name: &str) -> Result<Self, Error> {
        name.parse().map(Self::Dns)
    }

    /// Any other name.
    ///
    /// # Errors
    /// `input.invalid` unless `value` is exactly one DER element.
    pub fn other(type_id: Oid, value: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(value);
        match reader.any().and_then(|_| reader.end()) {
            Ok(()) => Ok(Self::Other { type_id, value: value.to_vec() }),
            Err(_) => Err(Error::input("subjectAltName", "holds an otherName that is not one DER element")),
        }
    }

    fn read(element: Element<'_>) -> Result<Self, &'static str> {
        let content = element.content;
        match element.tag {
            DNS => DnsName::read(content).map(Self::Dns),
            EMAIL => EmailAddress::read(content).map(Self::Email),
            URI => Uri::read(content).map(Self::Uri),
            IP => match (<[u8; 4]>::try_from(content), <[u8; 16]>::try_from(content)) {
                (Ok(v4), _) => Ok(Self::Ip(v4.into())),
                (_, Ok(v6)) => Ok(Self::Ip(v6.into())),
                _ => Err("holds an IP address that has neither 4 nor 16 octets"),
            },
            DIRECTORY => match Name::checked(content) {
                Ok(name) => Ok(Self::DirectoryName(name)),
                Err(_) => Err("holds a directory name that is no distinguished name"),
            },
            REGISTERED => Oid::from_bytes(content).map(Self::RegisteredId).ok_or("holds an OID that is none"),
            OTHER => read_other(content).ok_or("holds an otherName that cannot be decoded"),
            X400 | EDI => Err("holds an X.400 address or EDI party name, which nothing supports"),
            _ => Err("holds an unknown kind of name"),
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Dns(name) => out.tlv(DNS, name.0.as_bytes()),
            Self::Ip(IpAddr::V4(address)) => out.tlv(IP, &address.octets()),
            Self::Ip(IpAddr::V6(address)) => out.tlv(IP, &address.octets()),
            Self::Email(address) => out.tlv(EMAIL, address.0.as_bytes()),
            Self::Uri(uri) => out.tlv(URI, uri.0.as_bytes()),
            Self::DirectoryName(name) => out.tlv(DIRECTORY, name.as_der()),
            Self::RegisteredId(oid) => out.tlv(REGISTERED, oid.as_bytes()),
            Self::Other { type_id, value } => out.nest(OTHER, |out| {
                out.oid(type_id.as_bytes());
                out.tlv(OTHER, value);
            }),
        }
    }
}

fn read_other(content: &[u8]) -> Option<GeneralName> {
    let mut fields = Reader::new(content);
    let type_id = Oid::from_bytes(fields.expect(tag::OID).ok()?)?;
    let value = fields.expect(tag::context_constructed(0)).ok()?;
    fields.end().ok()?;
    GeneralName::other(type_id, value).ok()
}

/// The names in the DER of a subjectAltName.
///
/// # Errors
/// What is wrong, to follow "subjectAltName".
pub(crate) fn read_san(der: &[u8]) -> Result<Vec<GeneralName>, &'static str> {
    const BROKEN: &str = "is not a DER sequence of names";
    let mut outer = Reader::new(der);
    let mut names = outer.sequence().map_err(|_| BROKEN)?;
    outer.end().map_err(|_| BROKEN)?;
    if names.is_empty() {
        return Err("holds no name");
    }
    let mut read = Vec::new();
    while !names.is_empty() {
        read.push(GeneralName::read(names.any().map_err(|_| BROKEN)?)?);
    }
    Ok(read)
}

/// Reads the DER of a subjectAltName.
///
/// # Errors
/// `input.invalid` with what is wrong: not DER, no name, or a name that is not valid.
pub fn decode_san(der: &[u8]) -> Result<Vec<GeneralName>, Error> {
    read_san(der).map_err(|reason| Error::input("subjectAltName", reason))
}

/// The DER of a subjectAltName with these names, in this order: what goes into the extension's octets.
pub fn encode_san(names: &[GeneralName]) -> Vec<u8> {
    let mut out = Writer::with_capacity(64);
    out.sequence(|out| names.iter().for_each(|name| name.write(out)));
    out.finish()
}

impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::DirectoryName(name) => write!(f, "dirName:{name}"),
            Self::RegisteredId(oid) => write!(f, "RID:{oid}"),
            Self::Other { type_id, value } => {
                write!(f, "otherName:{type_id}=#{}", data_encoding::HEXLOWER.encode(value))
            }
        }
    }
}

impl FromStr for GeneralName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const FORM: &str =
            "holds a name that does not begin with DNS:, IP:, email:, URI:, dirName:, RID: or otherName:";
        let (kind, value) = text.split_once(':').ok_or_else(|| Error::input("subjectAltName", FORM))?;
        match kind {
            "DNS" => Self::dns(value),
            "IP" => value
                .parse()
                .map(Self::Ip)
                .map_err(|_| Error::input("subjectAltName", "holds an IP address that is neither IPv4 nor IPv6")),
            "email" => value.parse().map(Self::Email),
            "URI" => value.parse().map(Self::Uri),
            "dirName" => value.parse().map(Self::DirectoryName),
            "RID" => value.parse().map(Self::RegisteredId),
            "otherName" => {
                let form = || Error::input("subjectAltName", "holds an otherName that is not of the form OID=#HEX");
                let (type_id, hex) = value.split_once("=#").ok_or_else(form)?;
                let der = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| form())?;
                Self::other(type_id.parse()?, &der)
            }
            _ => Err(Error::input("subjectAltName", FORM)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn reason(der: &[u8]) -> &'static str {
        read_san(der).unwrap_err()
    }

    #[test]
    fn host_names_as_people_use_them_are_accepted() {
        for name in
            ["a", "camera.local", "*.example.com", "xn--80akhbyknj4f.jp", "my_host", "1.2.3.4.in-addr.arpa", "3com.com"]
        {
            assert!(GeneralName::dns(name).is_ok(), "{name}");
        }
        assert!("*.example.com".parse::<DnsName>().unwrap().is_wildcard());
        assert!(!"example.com".parse::<DnsName>().unwrap().is_wildcard());
    }

    #[test]
    fn host_names_that_mislead_are_refused() {
        let long = format!("{}.com", "a".repeat(64));
        let longer = "a.".repeat(127) + "a";
        for name in [
            "",
            "*",
            "*.",
            "a*.com",
            "a.*.com",
            "*.*.com",
            ".a",
            "a.",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a\0b",
            "dns\0evil",
            "é.com",
            "192.0.2.1",
            "a.1",
            "a/b",
            "a:b",
            "a\n",
            &long,
            &longer,
        ] {
            assert_eq!(GeneralName::dns(name).unwrap_err().code(), "input.invalid", "{name:?}");
        }
    }

    #[test]
    fn text_that_is_no_name_is_refused() {
        for text in [
            "",
            "DNS",
            "dns:a",
            "IP:1.2.3",
            "IP:1.2.3.4/8",
            "email:a",
            "email:@b",
            "email:a@",
            "URI:x",
            "URI::x",
            "URI:a b",
            "RID:x",
            "dirName:x",
            "otherName:1.2.3",
            "otherName:1.2.3=#",
            "otherName:1.2.3=#0c",
            "otherName:1.2.3=#0c0161ff",
        ] {
            assert!(text.parse::<GeneralName>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_every_kind_come_back_from_der_and_text() {
        let names: Vec<GeneralName> = [
            "DNS:*.example.com",
            "IP:192.0.2.1",
            "IP:::1",
            "email:a@example.com",
            "URI:https://example.com/x?y",
            "dirName:CN=a+O=b,C=JP",
            "RID:2.999.1",
            "otherName:1.3.6.1.5.5.7.8.4=#300806022a030402ff00",
        ]
        .iter()
        .map(|text| {
            let name: GeneralName = text.parse().unwrap();
            assert_eq!(name.to_string(), *text);
            name
        })
        .collect();
        assert_eq!(read_san(&encode_san(&names)).unwrap(), names);
    }

    #[test]
    fn broken_lists_are_refused_with_the_reason() {
        assert_eq!(reason(b"\x30\x00"), "holds no name");
        assert!(reason(b"\x30\x02\x82\x00").contains("empty DNS name"));
        assert!(reason(b"\x30\x07\x82\x05a\0b.c").contains("characters other"));
        assert!(reason(b"\x30\x03\x87\x01\x01").contains("neither 4 nor 16"));
        assert!(reason(b"\x30\x02\xa5\x00").contains("EDI"));
        assert!(reason(b"\x30\x03\x82\x01a\x00").contains("sequence"));
        assert!(reason(b"\x30\x05\x82\x03\xff\xfe.").contains("ASCII"));
        assert!(reason(b"\x30\x02\x89\x00").contains("unknown"));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>) {
            if let Ok(names) = read_san(&octets) {
                prop_assert_eq!(encode_san(&names), octets);
            }
        }
    }
}

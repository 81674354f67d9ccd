//! Distinguished names, kept exactly as the DER they came in.
//!
//! Nothing is lost or reordered on the way through: multi-valued RDNs, repeated OU, DC and foreign string types come
//! out of [`Name::as_der`] as they went in. Their text form is that of RFC 4514.

use std::fmt;
use std::str::FromStr;

use crate::Oid;
use crate::der::{Reader, tag};
use crate::error::Error;

/// The largest name read or built, in octets of DER. The upper bounds of X.520 allow far less.
const MAX_DER: usize = 8 * 1024;
/// The most RDNs, and the most attributes in one of them.
const MAX_PARTS: usize = 64;

/// String types of ASN.1 that names use.
pub(super) mod string {
    pub(crate) const UTF8: u8 = 0x0c;
    pub(crate) const NUMERIC: u8 = 0x12;
    pub(crate) const PRINTABLE: u8 = 0x13;
    pub(crate) const TELETEX: u8 = 0x14;
    pub(crate) const IA5: u8 = 0x16;
    pub(crate) const VISIBLE: u8 = 0x1a;
    pub(crate) const UNIVERSAL: u8 = 0x1c;
    pub(crate) const BMP: u8 = 0x1e;
}

/// The attribute types that names are built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// CN, at most 64 characters.
    CommonName,
    /// SN, the family name, at most 64 characters here.
    Surname,
    /// SERIALNUMBER of a device (not of a certificate), `PrintableString` of at most 64 characters.
    SerialNumber,
    /// C, two letters of ISO 3166.
    Country,
    /// L, at most 128 characters.
    Locality,
    /// ST, at most 128 characters.
    State,
    /// O, at most 64 characters.
    Organization,
    /// OU, at most 64 characters.
    OrganizationalUnit,
    /// T, at most 64 characters.
    Title,
    /// GN, at most 64 characters.
    GivenName,
    /// DC, one label of a domain (RFC 4519), ASCII.
    DomainComponent,
    /// UID (RFC 4519), at most 256 characters.
    UserId,
    /// E (PKCS#9), at most 255 ASCII characters.
    Email,
}

impl Attribute {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::CommonName,
        Self::Surname,
        Self::SerialNumber,
        Self::Country,
        Self::Locality,
        Self::State,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::Title,
        Self::GivenName,
        Self::DomainComponent,
        Self::UserId,
        Self::Email,
    ];

    /// The short name, such as `CN`.
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::CommonName => "CN",
            Self::Surname => "SN",
            Self::SerialNumber => "SERIALNUMBER",
            Self::Country => "C",
            Self::Locality => "L",
            Self::State => "ST",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::Title => "T",
            Self::GivenName => "GN",
            Self::DomainComponent => "DC",
            Self::UserId => "UID",
            Self::Email => "E",
        }
    }

    /// The content of its OID.
    pub(super) const fn oid(self) -> &'static [u8] {
        match self {
            Self::CommonName => b"\x55\x04\x03",
            Self::Surname => b"\x55\x04\x04",
            Self::SerialNumber => b"\x55\x04\x05",
            Self::Country => b"\x55\x04\x06",
            Self::Locality => b"\x55\x04\x07",
            Self::State => b"\x55\x04\x08",
            Self::Organization => b"\x55\x04\x0a",
            Self::OrganizationalUnit => b"\x55\x04\x0b",
            Self::Title => b"\x55\x04\x0c",
            Self::GivenName => b"\x55\x04\x2a",
            Self::DomainComponent => b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19",
            Self::UserId => b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01",
            Self::Email => b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01",
        }
    }

    /// The attribute with this OID.
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        Self::of(oid.as_bytes())
    }

    pub(super) fn of(oid: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.oid() == oid)
    }

    /// The most characters of a value (RFC 5280, appendix A.1; RFC 4519 sets none for UID and DC).
    const fn upper_bound(self) -> usize {
        match self {
            Self::Country => 2,
            Self::DomainComponent => 63,
            Self::Locality | Self::State => 128,
            Self::Email => 255,
            Self::UserId => 256,
            _ => 64,
        }
    }

    /// The string type that RFC 5280 and PKCS#9 fix, else `UTF8String`.
    const fn string_type(self) -> u8 {
        match self {
            Self::Country | Self::SerialNumber => string::PRINTABLE,
            Self::DomainComponent | Self::Email => string::IA5,
            _ => string::UTF8,
        }
    }

    /// What is wrong with `value`, if anything.
    fn objection(self, value: &str) -> Option<String> {
        let name = self.short_name();
        if value.is_empty() {
            return Some(format!("{name} is empty"));
        }
        let most = self.upper_bound();
        // Counting characters costs more than it is worth for values whose octets already fit.
        if value.len() > most && value.chars().count() > most {
            return Some(format!("{name} is longer than {most} characters"));
        }
        if value.bytes().any(|octet| octet.is_ascii_control()) || value.chars().any(char::is_control) {
            return Some(format!("{name} holds control characters"));
        }
        match self {
            Self::Country if value.len() != 2 || !value.bytes().all(|octet| octet.is_ascii_alphabetic()) => {
                Some("C is not a country code of two letters".to_owned())
            }
            Self::SerialNumber if !value.bytes().all(is_printable) => {
                Some("SERIALNUMBER may hold only letters, digits, spaces and '()+,-./:=?".to_owned())
            }
            Self::DomainComponent | Self::Email if !value.is_ascii() => Some(format!("{name} is not ASCII")),
            _ => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

impl FromStr for Attribute {
    type Err = Error;

    /// Reads a short name, whatever its case; also `EMAIL`, `EMAILADDRESS`, `S` and `DEVICESERIALNUMBER` as others write.
    fn from_str(text: &str) -> Result<Self, Error> {
        const ALIASES: &[(&str, Attribute)] = &[
            ("EMAIL", Attribute::Email),
            ("EMAILADDRESS", Attribute::Email),
            ("S", Attribute::State),
            ("DEVICESERIALNUMBER", Attribute::SerialNumber),
        ];
        Self::ALL
            .iter()
            .map(|attribute| (attribute.short_name(), *attribute))
            .chain(ALIASES.iter().copied())
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, attribute)| attribute)
            .ok_or_else(|| {
                Error::input("attribute", "is none of CN, O, OU, L, ST, C, SERIALNUMBER, DC, UID, E, GN, SN, T")
            })
    }
}

/// The characters of `PrintableString` (X.680, 41.4).
fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet)
}

/// One attribute as read from a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameAttribute {
    /// Its type.
    pub oid: Oid,
    /// Its value as text; `#` and hexadecimal DER when it is not a character string (RFC 4514, 2.4).
    pub value: String,
}

impl NameAttribute {
    /// The attribute type, if it is one of the usual ones.
    pub fn attribute(&self) -> Option<Attribute> {
        Attribute::from_oid(&self.oid)
    }
}

/// A distinguished name (RFC 5280, 4.1.2.4) as the DER `SEQUENCE` it came in.
///
/// Equality is that of the DER, as re-enrolment (RFC 7030, 4.2.2) and issuer lookup here want it. The text form is
/// that of RFC 4514: the *last* RDN comes first, so `CN=pump-7,O=Example,C=JP` is C, O, CN in the certificate.
///
/// ```
/// use tegata::x509::name::{Attribute, Name};
/// let name = Name::builder()
///     .push(Attribute::Country, "JP")
///     .push(Attribute::Organization, "Example")
///     .push(Attribute::CommonName, "pump, 7")
///     .build()?;
/// assert_eq!(name.to_string(), r"CN=pump\, 7,O=Example,C=JP");
/// assert_eq!(name.to_string().parse::<Name>()?, name);
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
}

impl Name {
    /// Reads a name in DER.
    ///
    /// # Errors
    /// `input.invalid` unless `der` is one `SEQUENCE` of non-empty `SET`s of type and value, all in DER, with nothing
    /// left over, at most 8 KiB, and text values in their alphabet and without NUL.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Self::checked(der).map_err(|reason| Error::input("name", reason))
    }

    /// As [`from_der`](Self::from_der), with the bare reason.
    pub(crate) fn checked(der: &[u8]) -> Result<Self, &'static str> {
        check(der)?;
        Ok(Self { der: der.to_vec() })
    }

    /// A name without any RDN, as a certificate has whose names are all in its subjectAltName.
    pub fn empty() -> Self {
        Self { der: vec![tag::SEQUENCE, 0] }
    }

    /// Begins a name; RDNs are pushed in the order of the certificate, the most general first.
    pub fn builder() -> NameBuilder {
        NameBuilder::new()
    }

    /// Reads the text form of RFC 4514; the same as `text.parse()`.
    ///
    /// # Errors
    /// `input.invalid` with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        text.parse()
    }

    /// The DER, exactly as read or built.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it has no RDN.
    pub fn is_empty(&self) -> bool {
        self.der.len() == 2
    }

    /// The RDNs in the order of the DER, each with its attributes.
    pub fn attributes(&self) -> Vec<Vec<NameAttribute>> {
        self.rdns()
            .map(|rdn| {
                rdn.filter_map(|raw| Some(NameAttribute { oid: Oid::from_bytes(raw.oid)?, value: raw.text() }))
                    .collect()
            })
            .collect()
    }

    /// All values of one attribute type, in the order of the DER.
    pub fn values(&self, attribute: Attribute) -> Vec<String> {
        self.rdns().flatten().filter(|raw| raw.oid == attribute.oid()).map(|raw| raw.text()).collect()
    }

    /// The common name; the last one if there are several, which is the most specific.
    pub fn common_name(&self) -> Option<String> {
        self.values(Attribute::CommonName).pop()
    }

    /// The RDNs, from DER that was checked.
    pub(super) fn rdns(&self) -> impl DoubleEndedIterator<Item = Rdn<'_>> {
        let mut sets = Vec::new();
        if let Ok(mut reader) = Reader::new(&self.der).sequence() {
            while let Ok(content) = reader.expect(tag::SET) {
                sets.push(Rdn { reader: Reader::new(content) });
            }
        }
        sets.into_iter()
    }
}

/// The attributes of one RDN.
pub(super) struct Rdn<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Rdn<'a> {
    type Item = RawAttribute<'a>;

    fn next(&mut self) -> Option<RawAttribute<'a>> {
        let mut fields = self.reader.sequence().ok()?;
        let oid = fields.expect(tag::OID).ok()?;
        let value = fields.any().ok()?;
        Some(RawAttribute { oid, tag: value.tag, value: value.content, whole: value.whole })
    }
}

/// One attribute, borrowed from the DER.
pub(super) struct RawAttribute<'a> {
    pub(super) oid: &'a [u8],
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl RawAttribute<'_> {
    /// The value as characters, if it is a character string.
    pub(super) fn characters(&self) -> Option<String> {
        match self.tag {
            string::UTF8 | string::NUMERIC | string::PRINTABLE | string::IA5 | string::VISIBLE => {
                String::from_utf8(self.value.to_vec()).ok()
            }
            // T.61 is read as Latin-1, as everybody who still writes it means it.
            string::TELETEX => Some(self.value.iter().copied().map(char::from).collect()),
            string::BMP => {
                let units = self.value.chunks_exact(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0,
                });
                char::decode_utf16(units).collect::<Result<_, _>>().ok()
            }
            string::UNIVERSAL => self
                .value
                .chunks_exact(4)
                .map(|quad| char::from_u32(u32::from_be_bytes(quad.try_into().ok()?)))
                .collect(),
            _ => None,
        }
    }

    fn text(&self) -> String {
        self.characters().unwrap_or_else(|| format!("#{}", data_encoding::HEXLOWER.encode(self.whole)))
    }
}

/// What keeps `der` from being a name, if anything.
fn check(der: &[u8]) -> Result<(), &'static str> {
    const BROKEN: &str = "is not a DER sequence of relative distinguished names";
    if der.len() > MAX_DER {
        return Err("is longer than 8 KiB");
    }
    let mut outer = Reader::new(der);
    let mut rdns = outer.sequence().map_err(|_| BROKEN)?;
    outer.end().map_err(|_| "is followed by other bytes")?;
    let mut count = 0;
    while !rdns.is_empty() {
        let mut rdn = Reader::new(rdns.expect(tag::SET).map_err(|_| BROKEN)?);
        if rdn.is_empty() {
            return Err("has an RDN without attributes");
        }
        while !rdn.is_empty() {
            let mut fields = rdn.sequence().map_err(|_| BROKEN)?;
            let oid = fields.expect(tag::OID).map_err(|_| BROKEN)?;
            let value = fields.any().map_err(|_| BROKEN)?;
            fields.end().map_err(|_| BROKEN)?;
            check_oid(oid)?;
            check_value(value.tag, value.content)?;
            count += 1;
        }
        if count > MAX_PARTS {
            return Err("has more than 64 attributes");
        }
    }
    Ok(())
}

fn check_oid(oid: &[u8]) -> Result<(), &'static str> {
    // The usual types share these octets; only others need the full check.
    match oid {
        [0x55, 0x04, 0..=0x7f] => Ok(()),
        _ => Oid::from_bytes(oid).map(|_| ()).ok_or("has an attribute type that is no OID"),
    }
}

fn check_value(tag: u8, value: &[u8]) -> Result<(), &'static str> {
    const NUL: &str = "has a value with a NUL character, which some readers take for its end";
    match tag {
        string::UTF8 => match std::str::from_utf8(value) {
            Ok(_) if value.contains(&0) => Err(NUL),
            Ok(_) => Ok(()),
            Err(_) => Err("has a UTF8String that is not UTF-8"),
        },
        string::NUMERIC | string::PRINTABLE | string::IA5 | string::VISIBLE | string::TELETEX => {
            if value.contains(&0) {
                Err(NUL)
            } else if tag != string::TELETEX && !value.is_ascii() {
                Err("has an ASCII string type with other octets")
            } else {
                Ok(())
            }
        }
        string::BMP if value.len().is_multiple_of(2) && !value.chunks_exact(2).any(|unit| unit == [0, 0]) => Ok(()),
        string::UNIVERSAL if value.len().is_multiple_of(4) && !value.chunks_exact(4).any(|unit| unit == [0; 4]) => {
            Ok(())
        }
        string::BMP | string::UNIVERSAL => Err("has a BMPString or UniversalString of a wrong length or with NUL"),
        _ => Ok(()),
    }
}

/// Builds a [`Name`] in one buffer. What is wrong is told by [`build`](Self::build).
#[derive(Clone, Debug)]
pub struct NameBuilder {
    /// Two octets for the outer tag and length, then the RDNs.
    der: Vec<u8>,
    /// How many attributes there are.
    count: usize,
    objection: Option<String>,
}

impl NameBuilder {
    fn new() -> Self {
        let mut der = Vec::with_capacity(160);
        der.extend_from_slice(&[tag::SEQUENCE, 0]);
        Self { der, count: 0, objection: None }
    }

    /// Adds an RDN of one attribute.
    #[must_use]
    pub fn push(self, attribute: Attribute, value: &str) -> Self {
        self.push_rdn(&[(attribute, value)])
    }

    /// Adds an RDN of several attributes, such as `CN=x+SERIALNUMBER=7`; DER sorts them.
    #[must_use]
    pub fn push_rdn(mut self, attributes: &[(Attribute, &str)]) -> Self {
        let objection = attributes.iter().find_map(|(attribute, value)| attribute.objection(value));
        if self.objection.is_some() || objection.is_some() {
            self.objection = self.objection.or(objection);
            return self;
        }
        if let [(attribute, value)] = attributes {
            self.count += 1;
            let value = value.as_bytes();
            let inner = attribute_len(attribute.oid(), value);
            header(&mut self.der, tag::SET, inner + header_len(inner));
            put_attribute(&mut self.der, attribute.oid(), attribute.string_type(), value);
            return self;
        }
        let encoded = attributes
            .iter()
            .map(|(attribute, value)| encode_attribute(attribute.oid(), attribute.string_type(), value.as_bytes()));
        let encoded = encoded.collect();
        self.push_encoded(encoded)
    }

    /// Adds an RDN of attributes that are encoded already, each a `SEQUENCE` of type and value.
    pub(super) fn push_encoded(mut self, mut attributes: Vec<Vec<u8>>) -> Self {
        // X.690, 11.6: the elements of a SET OF ascend.
        attributes.sort();
        self.count += attributes.len();
        if attributes.is_empty() {
            self.objection.get_or_insert_with(|| "has an RDN without attributes".to_owned());
        }
        header(&mut self.der, tag::SET, attributes.iter().map(Vec::len).sum());
        for attribute in attributes {
            self.der.extend_from_slice(&attribute);
        }
        self
    }

    /// The name.
    ///
    /// # Errors
    /// `input.invalid` when a value is empty, too long, outside the alphabet of its attribute or holds control
    /// characters, or the whole name is too large.
    pub fn build(mut self) -> Result<Name, Error> {
        if let Some(objection) = &self.objection {
            return Err(Error::input("name", objection));
        }
        let len = self.der.len() - 2;
        if len < 0x80 {
            if let (Some(octet), Ok(len)) = (self.der.get_mut(1), u8::try_from(len)) {
                *octet = len;
            }
        } else {
            let mut head = Vec::with_capacity(6);
            header(&mut head, tag::SEQUENCE, len);
            self.der.splice(..2, head);
        }
        // Built values are right by construction; only the name as a whole is left to check.
        if self.count > MAX_PARTS {
            return Err(Error::input("name", "has more than 64 attributes"));
        }
        if self.der.len() > MAX_DER {
            return Err(Error::input("name", "is longer than 8 KiB"));
        }
        Ok(Name { der: self.der })
    }
}

const fn header_len(len: usize) -> usize {
    1 + crate::der::length_size(len)
}

/// The length of an encoded attribute's content.
fn attribute_len(oid: &[u8], value: &[u8]) -> usize {
    header_len(oid.len()) + oid.len() + header_len(value.len()) + value.len()
}

fn put_attribute(out: &mut Vec<u8>, oid: &[u8], tag: u8, value: &[u8]) {
    header(out, tag::SEQUENCE, attribute_len(oid, value));
    header(out, tag::OID, oid.len());
    out.extend_from_slice(oid);
    header(out, tag, value.len());
    out.extend_from_slice(value);
}

/// One attribute as a `SEQUENCE` of type and value.
pub(super) fn encode_attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_attribute(&mut out, oid, tag, value);
    out
}

/// The same, with the rules of its type where it is a usual one.
pub(super) fn encode_text(oid: &Oid, value: &str) -> Result<Vec<u8>, String> {
    match Attribute::from_oid(oid) {
        Some(attribute) => match attribute.objection(value) {
            Some(objection) => Err(objection),
            None => Ok(encode_attribute(attribute.oid(), attribute.string_type(), value.as_bytes())),
        },
        None if value.is_empty() || value.chars().any(char::is_control) => {
            Err("has a value that is empty or holds control characters".to_owned())
        }
        None => Ok(encode_attribute(oid.as_bytes(), string::UTF8, value.as_bytes())),
    }
}

/// One whole DER value in place of text.
pub(super) fn encode_raw(oid: &Oid, whole: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = Reader::new(whole);
    let element = reader.any().map_err(|_| "has a # value that is not DER".to_owned())?;
    reader.end().map_err(|_| "has a # value that is not one DER element".to_owned())?;
    check_value(element.tag, element.content)?;
    Ok(encode_attribute(oid.as_bytes(), element.tag, element.content))
}

fn header(out: &mut Vec<u8>, tag: u8, len: usize) {
    out.push(tag);
    let size = crate::der::length_size(len);
    let at = out.len();
    out.resize(at + size, 0);
    if let Some(field) = out.get_mut(at..) {
        crate::der::put_length(field, len);
    }
}

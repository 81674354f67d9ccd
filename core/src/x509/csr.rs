//! Certification requests (PKCS#10, RFC 2986): read strictly, verified, never obeyed.
//!
//! The frame is read here and not by x509-parser: that accepts BER, bytes after the extensions in their `SET` and a
//! false length of the attributes, and takes 2 us, more than half of what issuing may cost beyond the signatures.
//! The tests hold both against each other.

use std::fmt;

use super::extension::id;
use super::name::{RawAttribute, string};
use super::san::{GeneralName, read_san};
use super::{KeyUsage, Name};
use crate::Oid;
use crate::der::{Malformed, Reader, tag};
use crate::error::{CsrError, Error, KeyError};
use crate::key::{PublicKey, SignatureAlgorithm, pem};
use crate::secret::Secret;

/// The largest request read, in octets of DER or PEM.
pub const MAX_CSR: usize = 64 * 1024;
/// The most attributes, and the most extensions; their comparison with each other is quadratic.
const MAX_PARTS: usize = 64;

/// extensionRequest (RFC 2985, 5.4.2).
const EXTENSION_REQUEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";
/// `szOID_CERT_EXTENSIONS`, the same under Microsoft's name.
const MICROSOFT_EXTENSIONS: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e";
/// challengePassword (RFC 2985, 5.4.1).
const CHALLENGE_PASSWORD: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07";

/// An extension that a request asks for. It is a wish: the profile decides what the certificate gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestedExtension {
    /// Which one.
    pub oid: Oid,
    /// Whether it was asked for as critical.
    pub critical: bool,
    /// The DER inside the extnValue octets.
    pub value: Vec<u8>,
}

/// A certification request whose signature was verified with its own key, so whoever sent it holds that key
/// (proof of possession, RFC 7030, 3.4). There is no other way to make one than [`parse`](Self::parse).
///
/// ```
/// use tegata::{KeyAlgorithm, Name, VerifiedCsr, make_csr, make_key};
/// let key = make_key(KeyAlgorithm::EcdsaP256)?;
/// let der = make_csr(&key, &"CN=pump-7,O=Example".parse()?, &["DNS:pump-7.local".parse()?])?;
/// let csr = VerifiedCsr::parse(&der)?;
/// assert_eq!(csr.subject().to_string(), "CN=pump-7,O=Example");
/// assert_eq!(csr.san()[0].to_string(), "DNS:pump-7.local");
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone)]
pub struct VerifiedCsr {
    der: Vec<u8>,
    subject: Name,
    public_key: PublicKey,
    wishes: Wishes,
}

/// What the attributes ask for.
#[derive(Clone, Default)]
struct Wishes {
    extensions: Vec<RequestedExtension>,
    san: Vec<GeneralName>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Vec<Oid>,
    ca: bool,
    challenge_password: Option<Secret<String>>,
}

/// Reads and verifies a request; the same as [`VerifiedCsr::parse`].
///
/// # Errors
/// A `csr.` code that names what is wrong.
pub fn parse_csr(bytes: &[u8]) -> Result<VerifiedCsr, Error> {
    VerifiedCsr::parse(bytes)
}

impl VerifiedCsr {
    /// Reads a request in DER, or in PEM as `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`, and verifies it.
    ///
    /// Everything is checked before the signature, which costs the most: structure in DER with nothing left over,
    /// version, subject, the key and its encoding, at most one extensionRequest, no extension or attribute twice.
    /// An empty subject, a challengePassword and unknown attributes and extensions are normal.
    ///
    /// # Errors
    /// A `csr.` code that names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_CSR {
            return Err(CsrError::TooLarge { limit: MAX_CSR }.into());
        }
        let csr = if pem::looks_like_pem(bytes) { parse_pem(bytes) } else { parse_der(bytes) };
        Ok(csr?)
    }

    /// The request in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The subject asked for; may be empty.
    pub const fn subject(&self) -> &Name {
        &self.subject
    }

    /// The key that signed the request.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// All extensions asked for, in their order, those with an accessor of their own included.
    pub fn extensions(&self) -> &[RequestedExtension] {
        &self.wishes.extensions
    }

    /// The names asked for in the subjectAltName.
    pub fn san(&self) -> &[GeneralName] {
        &self.wishes.san
    }

    /// The key usage asked for.
    pub const fn key_usage(&self) -> Option<KeyUsage> {
        self.wishes.key_usage
    }

    /// The purposes asked for in the extended key usage.
    pub fn extended_key_usage(&self) -> &[Oid] {
        &self.wishes.extended_key_usage
    }

    /// Whether the basic constraints ask for a CA certificate.
    pub const fn wants_ca(&self) -> bool {
        self.wishes.ca
    }

    /// The challengePassword: a one-time password of SCEP, or the proof-of-possession link of EST (RFC 7030, 3.5).
    pub fn challenge_password(&self) -> Option<&str> {
        self.wishes.challenge_password.as_ref().map(|password| password.expose().as_str())
    }
}

impl fmt::Debug for VerifiedCsr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCsr")
            .field("subject", &self.subject)
            .field("public_key", &self.public_key)
            .field("extensions", &self.wishes.extensions)
            .field("challenge_password", &self.wishes.challenge_password)
            .finish_non_exhaustive()
    }
}

fn malformed(reason: &str) -> CsrError {
    CsrError::Malformed { reason: reason.to_owned() }
}

impl From<Malformed> for CsrError {
    fn from(_: Malformed) -> Self {
        malformed("its ASN.1 structure is broken or not DER")
    }
}

impl From<KeyError> for CsrError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Algorithm { algorithm } => Self::KeyAlgorithm { algorithm },
            KeyError::Encoding { reason } | KeyError::Malformed { reason } => Self::KeyEncoding { reason },
            KeyError::RsaSize { bits } if bits < 2048 => Self::RsaTooSmall { bits },
            KeyError::RsaSize { bits } if bits > 4096 => Self::RsaTooLarge { bits },
            KeyError::RsaSize { bits } => Self::RsaSize { bits },
            KeyError::RsaExponent => Self::RsaExponent,
            KeyError::Weak { weakness } => Self::WeakKey { weakness },
            KeyError::SignatureInvalid => Self::SignatureInvalid,
            KeyError::SignatureMismatch => Self::SignatureMismatch,
            // Reasons of private keys, which no request holds.
            other => Self::KeyEncoding { reason: other.to_string() },
        }
    }
}

fn parse_pem(bytes: &[u8]) -> Result<VerifiedCsr, CsrError> {
    let mut blocks = pem::blocks(bytes).map_err(malformed)?.into_iter();
    match (blocks.next(), blocks.next()) {
        (Some(block), None) if matches!(block.label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
            parse_der(&block.der)
        }
        (Some(_), None) => Err(malformed("the PEM block is not labelled CERTIFICATE REQUEST")),
        _ => Err(CsrError::TrailingData),
    }
}

fn parse_der(der: &[u8]) -> Result<VerifiedCsr, CsrError> {
    let mut outer = Reader::new(der);
    let mut request = outer.sequence()?;
    outer.end().map_err(|_| CsrError::TrailingData)?;
    let info = request.element(tag::SEQUENCE)?;
    let identifier = request.element(tag::SEQUENCE)?;
    let signature = request.bit_string()?;
    request.end()?;

    let mut fields = Reader::new(info.content);
    if fields.integer()? != [0] {
        return Err(CsrError::Version);
    }
    let subject = Name::checked(fields.element(tag::SEQUENCE)?.whole)
        .map_err(|reason| CsrError::SubjectMalformed { reason: format!("it {reason}") })?;
    let public_key = PublicKey::from_spki(fields.element(tag::SEQUENCE)?.whole)?;
    // Some toolkits omit an empty set of attributes, although RFC 2986 does not let them.
    let attributes = fields.optional(tag::context_constructed(0))?.unwrap_or_default();
    fields.end()?;
    let wishes = read_attributes(attributes)?;

    let algorithm = SignatureAlgorithm::from_identifier(identifier.whole)
        .ok_or_else(|| CsrError::SignatureAlgorithm { algorithm: signature_name(identifier.content) })?;
    public_key.verify(algorithm, info.whole, signature)?;
    Ok(VerifiedCsr { der: der.to_vec(), subject, public_key, wishes })
}

fn read_attributes(content: &[u8]) -> Result<Wishes, CsrError> {
    let mut wishes = Wishes::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut attributes = Reader::new(content);
    while !attributes.is_empty() {
        let mut fields = attributes.sequence()?;
        let oid = fields.expect(tag::OID)?;
        let mut values = Reader::new(fields.expect(tag::SET)?);
        fields.end()?;
        let requests = oid == EXTENSION_REQUEST || oid == MICROSOFT_EXTENSIONS;
        // Both names ask for the same, so one of each is two as well.
        let oid = if requests { EXTENSION_REQUEST } else { oid };
        if seen.contains(&oid) {
            return Err(if requests {
                CsrError::ExtensionRequestRepeated
            } else {
                CsrError::AttributeRepeated { oid: oid_text(oid) }
            });
        }
        if seen.len() == MAX_PARTS {
            return Err(malformed("it has more than 64 attributes"));
        }
        seen.push(oid);
        if requests {
            read_extensions(values.sequence()?, &mut wishes)?;
            values.end().map_err(|_| CsrError::ExtensionRequestRepeated)?;
        } else if oid == CHALLENGE_PASSWORD {
            let value = values.any()?;
            values.end().map_err(|_| CsrError::AttributeRepeated { oid: oid_text(oid) })?;
            let value = RawAttribute { oid, tag: value.tag, value: value.content, whole: value.whole };
            let password = match value.tag {
                string::UTF8 | string::PRINTABLE | string::TELETEX | string::IA5 | string::BMP | string::UNIVERSAL => {
                    value.characters()
                }
                _ => None,
            };
            let password = password.ok_or_else(|| malformed("its challengePassword is not text"))?;
            wishes.challenge_password = Some(Secret::new(password));
        } else {
            while !values.is_empty() {
                values.any()?;
            }
        }
    }
    Ok(wishes)
}

fn read_extensions(mut extensions: Reader<'_>, wishes: &mut Wishes) -> Result<(), CsrError> {
    while !extensions.is_empty() {
        let mut fields = extensions.sequence()?;
        let content = fields.expect(tag::OID)?;
        let oid = Oid::from_bytes(content).ok_or_else(|| malformed("an extension's OID is none"))?;
        let broken = |_| CsrError::ExtensionMalformed { oid: oid_text(content) };
        // FALSE is the default, which DER leaves out; older Java writes it, and nothing depends on it.
        let critical = match fields.optional(tag::BOOLEAN).map_err(broken)? {
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(broken(Malformed)),
        };
        let value = fields.expect(tag::OCTET_STRING).map_err(broken)?;
        fields.end().map_err(broken)?;
        if wishes.extensions.iter().any(|seen| seen.oid == oid) {
            return Err(CsrError::ExtensionRepeated { oid: oid_text(content) });
        }
        if wishes.extensions.len() == MAX_PARTS {
            return Err(malformed("it requests more than 64 extensions"));
        }
        match content {
            id::SUBJECT_ALT_NAME => {
                wishes.san =
                    read_san(value).map_err(|reason| CsrError::SanMalformed { reason: format!("it {reason}") })?;
            }
            id::KEY_USAGE => wishes.key_usage = Some(read_key_usage(value).map_err(broken)?),
            id::EXTENDED_KEY_USAGE => wishes.extended_key_usage = read_purposes(value).map_err(broken)?,
            id::BASIC_CONSTRAINTS => wishes.ca = read_ca(value).map_err(broken)?,
            _ => {}
        }
        wishes.extensions.push(RequestedExtension { oid, critical, value: value.to_vec() });
    }
    Ok(())
}

/// A named bit list whose first bit is the highest of its first octet (X.690, 8.6.2).
fn read_key_usage(der: &[u8]) -> Result<KeyUsage, Malformed> {
    let mut reader = Reader::new(der);
    let content = reader.expect(tag::BIT_STRING)?;
    reader.end()?;
    let (first, second) = match *content {
        [0] => (0, 0),
        [0..=7, first] => (first, 0),
        [0..=7, first, second] => (first, second),
        _ => return Err(Malformed),
    };
    Ok(KeyUsage::from_bits(u16::from(first.reverse_bits()) | u16::from(second.reverse_bits()) << 8))
}

fn read_purposes(der: &[u8]) -> Result<Vec<Oid>, Malformed> {
    let mut reader = Reader::new(der);
    let mut oids = reader.sequence()?;
    reader.end()?;
    let mut purposes = Vec::new();
    while !oids.is_empty() {
        purposes.push(Oid::from_bytes(oids.expect(tag::OID)?).ok_or(Malformed)?);
    }
    if purposes.is_empty() { Err(Malformed) } else { Ok(purposes) }
}

fn read_ca(der: &[u8]) -> Result<bool, Malformed> {
    let mut reader = Reader::new(der);
    let mut fields = reader.sequence()?;
    reader.end()?;
    let ca = match fields.optional(tag::BOOLEAN)? {
        None | Some([0]) => false,
        Some([0xff]) => true,
        Some(_) => return Err(Malformed),
    };
    if fields.peek() == Some(tag::INTEGER) {
        fields.integer()?;
    }
    fields.end()?;
    Ok(ca)
}

fn oid_text(content: &[u8]) -> String {
    Oid::from_bytes(content).map_or_else(|| "that is no OID".to_owned(), |oid| oid.to_string())
}

/// What people call the signature algorithm of this `AlgorithmIdentifier` content.
fn signature_name(identifier: &[u8]) -> String {
    let Ok(oid) = Reader::new(identifier).expect(tag::OID) else { return "an unreadable algorithm".to_owned() };
    let name = match oid {
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02" => "RSA with MD2",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04" => "RSA with MD5",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05" | b"\x2b\x0e\x03\x02\x1d" => "RSA with SHA-1",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e" => "RSA with SHA-224",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => "RSA-PSS",
        b"\x2a\x86\x48\xce\x3d\x04\x01" => "ECDSA with SHA-1",
        b"\x2a\x86\x48\xce\x3d\x04\x03\x01" => "ECDSA with SHA-224",
        b"\x2a\x86\x48\xce\x3d\x04\x03\x04" => "ECDSA with SHA-512",
        b"\x2a\x86\x48\xce\x38\x04\x03" => "DSA with SHA-1",
        b"\x2b\x65\x71" => "Ed448",
        b"\x2a\x86\x48\xce\x3d\x04\x03\x02" | b"\x2a\x86\x48\xce\x3d\x04\x03\x03" | b"\x2b\x65\x70" => {
            "a known algorithm with parameters that it does not have"
        }
        _ => return oid_text(oid),
    };
    name.to_owned()
}

//! What the extensions of a certificate say (RFC 5280, 4.2), read from DER.

use super::certificate::malformed;
use super::extension::id;
use super::{BasicConstraints, GeneralName, KeyUsage, Oid, decode_san};
use crate::der::{Malformed, Reader, tag};
use crate::error::Error;

/// What the extensions of a certificate say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CertificateExtensions {
    /// Whether it may issue others; `None` when the extension is missing.
    pub basic_constraints: Option<BasicConstraints>,
    /// What the key may be used for; `None` when the extension is missing.
    pub key_usage: Option<KeyUsage>,
    /// For which purposes; empty when the extension is missing.
    pub extended_key_usage: Vec<Oid>,
    /// The DER `GeneralNames` of the subject.
    pub subject_alt_name: Option<Vec<u8>>,
    /// The subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the issuer, if it is given that way.
    pub authority_key_id: Option<Vec<u8>>,
    /// Addresses of CRLs.
    pub crl_distribution_points: Vec<String>,
    /// Addresses of OCSP responders.
    pub ocsp: Vec<String>,
    /// Addresses of the issuer's certificate.
    pub ca_issuers: Vec<String>,
    /// Certificate policies.
    pub policies: Vec<Oid>,
    /// Every extension in order: which, and whether it is critical.
    pub all: Vec<(Oid, bool)>,
}

/// One `Extension`, borrowed.
pub(crate) struct RawExtensionRef<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

/// Reads `SEQUENCE OF Extension`, the whole content of `list`.
pub(crate) fn read_extensions(list: &[u8]) -> Result<Vec<RawExtensionRef<'_>>, Malformed> {
    let mut outer = Reader::new(list);
    let mut extensions = outer.sequence()?;
    outer.end()?;
    let mut out: Vec<RawExtensionRef<'_>> = Vec::new();
    while !extensions.is_empty() {
        let mut fields = extensions.sequence()?;
        let oid = fields.expect(tag::OID)?;
        // FALSE is the default and DER leaves it out, but certificates that spell it are too common to refuse.
        let critical = match fields.optional(tag::BOOLEAN)? {
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(Malformed),
        };
        let value = fields.expect(tag::OCTET_STRING)?;
        fields.end()?;
        out.push(RawExtensionRef { oid, critical, value });
    }
    Ok(out)
}

impl CertificateExtensions {
    /// The subject's alternative names; none when the extension is missing.
    ///
    /// # Errors
    /// `input.invalid` when it holds a name that this library does not accept, such as `*` or one with a NUL.
    pub fn names(&self) -> Result<Vec<GeneralName>, Error> {
        self.subject_alt_name.as_deref().map_or(Ok(Vec::new()), decode_san)
    }

    pub(super) fn read(list: &[u8]) -> Result<Self, Error> {
        let raw = read_extensions(list).map_err(|_| malformed("its extensions are broken or not DER"))?;
        let mut out = Self::default();
        for extension in raw {
            let oid = Oid::from_bytes(extension.oid).ok_or_else(|| malformed("an extension has no identifier"))?;
            if out.all.iter().any(|(known, _)| *known == oid) {
                return Err(malformed(&format!("extension {oid} is there twice (RFC 5280, 4.2)")));
            }
            out.take(&extension).map_err(|_| malformed(&format!("extension {oid} cannot be decoded")))?;
            out.all.push((oid, extension.critical));
        }
        Ok(out)
    }

    fn take(&mut self, extension: &RawExtensionRef<'_>) -> Result<(), Malformed> {
        let mut value = Reader::new(extension.value);
        match extension.oid {
            id::BASIC_CONSTRAINTS => self.basic_constraints = Some(read_basic_constraints(value.sequence()?)?),
            id::KEY_USAGE => self.key_usage = Some(read_key_usage(value.expect(tag::BIT_STRING)?)?),
            id::EXTENDED_KEY_USAGE => {
                let mut purposes = value.sequence()?;
                while !purposes.is_empty() {
                    self.extended_key_usage.push(Oid::from_bytes(purposes.expect(tag::OID)?).ok_or(Malformed)?);
                }
            }
            id::SUBJECT_ALT_NAME => self.subject_alt_name = Some(value.element(tag::SEQUENCE)?.whole.to_vec()),
            id::SUBJECT_KEY_IDENTIFIER => self.subject_key_id = Some(value.expect(tag::OCTET_STRING)?.to_vec()),
            id::AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_id = value.sequence()?.optional(tag::context(0))?.map(<[u8]>::to_vec);
            }
            id::CRL_DISTRIBUTION_POINTS => self.crl_distribution_points = read_distribution_points(value.sequence()?)?,
            id::AUTHORITY_INFO_ACCESS => {
                let mut methods = value.sequence()?;
                while !methods.is_empty() {
                    let mut fields = methods.sequence()?;
                    let method = fields.expect(tag::OID)?;
                    let place = fields.any()?;
                    fields.end()?;
                    match (method, uri(place.tag, place.content)) {
                        (id::AD_OCSP, Some(url)) => self.ocsp.push(url),
                        (id::AD_CA_ISSUERS, Some(url)) => self.ca_issuers.push(url),
                        _ => {}
                    }
                }
            }
            id::CERTIFICATE_POLICIES => {
                let mut policies = value.sequence()?;
                while !policies.is_empty() {
                    let policy = policies.sequence()?.expect(tag::OID)?;
                    self.policies.push(Oid::from_bytes(policy).ok_or(Malformed)?);
                }
            }
            _ => return Ok(()),
        }
        value.end()
    }
}

/// A `uniformResourceIdentifier`; other kinds of names, such as LDAP directories, are not followed anyway.
fn uri(tag: u8, content: &[u8]) -> Option<String> {
    (tag == tag::context(6) && content.is_ascii()).then(|| String::from_utf8_lossy(content).into_owned())
}

fn read_basic_constraints(mut fields: Reader<'_>) -> Result<BasicConstraints, Malformed> {
    let ca = match fields.optional(tag::BOOLEAN)? {
        None | Some([0]) => false,
        Some([0xff]) => true,
        Some(_) => return Err(Malformed),
    };
    let path_len = if fields.is_empty() {
        None
    } else {
        match fields.integer()? {
            [depth @ 0..=0x7f] | [0, depth] => Some(*depth),
            // Deeper than any chain is the same as 255 deep; a negative one has no meaning.
            [0..=0x7f, ..] => Some(u8::MAX),
            _ => return Err(Malformed),
        }
    };
    fields.end()?;
    Ok(BasicConstraints { ca, path_len })
}

fn read_key_usage(content: &[u8]) -> Result<KeyUsage, Malformed> {
    match content {
        // ASN.1 counts bits from the most significant one of each octet.
        [0..=7, first] => Ok(KeyUsage::from_bits(u16::from(first.reverse_bits()))),
        [0..=7, first, second, ..] => {
            Ok(KeyUsage::from_bits(u16::from_le_bytes([first.reverse_bits(), second.reverse_bits()])))
        }
        [0] => Ok(KeyUsage::NONE),
        _ => Err(Malformed),
    }
}

fn read_distribution_points(mut points: Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut urls = Vec::new();
    while !points.is_empty() {
        let mut point = points.sequence()?;
        let Some(name) = point.optional(tag::context_constructed(0))? else { continue };
        let Some(full_name) = Reader::new(name).optional(tag::context_constructed(0))? else { continue };
        let mut names = Reader::new(full_name);
        while !names.is_empty() {
            let name = names.any()?;
            urls.extend(uri(name.tag, name.content));
        }
    }
    Ok(urls)
}

/// The tag and content of each of the `GeneralNames`, whatever they are.
pub(super) fn general_names(der: &[u8]) -> Result<Vec<(u8, &[u8])>, Malformed> {
    let mut names = Reader::new(der).sequence()?;
    let mut out = Vec::new();
    while !names.is_empty() {
        let name = names.any()?;
        out.push((name.tag, name.content));
    }
    Ok(out)
}

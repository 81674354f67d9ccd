//! The extensions of a certificate (RFC 5280, 4.2): what an issuer asks for, and their DER.
//!
//! Most extensions are the same for every certificate of a profile and authority, so they are encoded once
//! ([`Extensions::prepare`]) and copied from then on; only the subject key identifier and the names differ.

use std::collections::HashSet;
use std::fmt;
use std::ops::BitOr;

use serde::{Deserialize, Serialize};

use super::Oid;
use crate::der::{Writer, tag};
use crate::error::Error;

/// The content octets of the extension identifiers (RFC 5280, 4.2 and 5.2).
pub(crate) mod id {
    pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
    pub(crate) const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
    pub(crate) const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
    pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
    pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
    pub(crate) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
    pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
    pub(crate) const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 46];
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
    pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";
    pub(crate) const AD_OCSP: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01";
    pub(crate) const AD_CA_ISSUERS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x02";
}

/// What a key may be used for (RFC 5280, 4.2.1.3): a set of bits.
///
/// ```
/// use tegata::x509::KeyUsage;
/// let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
/// assert!(usage.contains(KeyUsage::DIGITAL_SIGNATURE));
/// assert!(!usage.contains(KeyUsage::KEY_CERT_SIGN));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// No bit: the extension is not written.
    pub const NONE: Self = Self(0);
    /// Signatures other than on certificates and CRLs, such as in TLS.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// Signatures meant to bind the signer (also called contentCommitment).
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// Encryption of keys, as RSA key exchange does.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// Encryption of data itself.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// Diffie-Hellman.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// Signatures on certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// Signatures on CRLs.
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// With [`KEY_AGREEMENT`](Self::KEY_AGREEMENT): only to encrypt.
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// With [`KEY_AGREEMENT`](Self::KEY_AGREEMENT): only to decrypt.
    pub const DECIPHER_ONLY: Self = Self(1 << 8);

    /// Every bit with its name in RFC 5280.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("digitalSignature", Self::DIGITAL_SIGNATURE),
        ("nonRepudiation", Self::NON_REPUDIATION),
        ("keyEncipherment", Self::KEY_ENCIPHERMENT),
        ("dataEncipherment", Self::DATA_ENCIPHERMENT),
        ("keyAgreement", Self::KEY_AGREEMENT),
        ("keyCertSign", Self::KEY_CERT_SIGN),
        ("cRLSign", Self::CRL_SIGN),
        ("encipherOnly", Self::ENCIPHER_ONLY),
        ("decipherOnly", Self::DECIPHER_ONLY),
    ];

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether no bit is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The bits, bit 0 (digitalSignature) least significant.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// From [`bits`](Self::bits); bits that RFC 5280 does not define are dropped.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0x1ff)
    }

    /// The bit with this name in RFC 5280, such as `digitalSignature`.
    ///
    /// # Errors
    /// `input.invalid` when no bit has this name.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, bit)| bit).ok_or_else(|| {
            Error::input("key usage", "is not a name of RFC 5280, 4.2.1.3, such as digitalSignature or keyEncipherment")
        })
    }

    /// The names of the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(_, bit)| self.contains(*bit)).map(|&(name, _)| name)
    }

    /// A named bit list has no trailing zero bits (X.690, 11.2.2), so octets and unused bits follow from the last one.
    fn write(self, out: &mut Writer) {
        let bits = self.0.reverse_bits().to_be_bytes();
        let unused = u8::try_from(self.0.leading_zeros() % 8).unwrap_or(0);
        let [first, second] = bits;
        if self.0 > 0xff {
            out.tlv(tag::BIT_STRING, &[unused, first, second]);
        } else {
            out.tlv(tag::BIT_STRING, &[unused, first]);
        }
    }
}

impl BitOr for KeyUsage {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Self> for KeyUsage {
    fn from_iter<I: IntoIterator<Item = Self>>(bits: I) -> Self {
        bits.into_iter().fold(Self::NONE, BitOr::bitor)
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for KeyUsage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for KeyUsage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().map(|name| Self::from_name(name).map_err(serde::de::Error::custom)).collect()
    }
}

/// Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BasicConstraints {
    /// Whether it is a CA certificate.
    pub ca: bool,
    /// How many intermediate CA certificates may follow it; only with `ca`.
    pub path_len: Option<u8>,
}

/// An extension that this library does not know, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawExtension {
    /// Which one.
    pub oid: Oid,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER inside the extnValue octets.
    pub value: Vec<u8>,
}

/// Every extension of a certificate but its own key identifier and names.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Written critical; absent when `None`.
    pub basic_constraints: Option<BasicConstraints>,
    /// Written critical; absent when empty.
    pub key_usage: KeyUsage,
    /// Written non-critical; absent when empty.
    pub extended_key_usage: Vec<Oid>,
    /// The issuer's subject key identifier; only that, without issuer and serial, is written.
    pub authority_key_id: Option<Vec<u8>>,
    /// Addresses of the CRL (`http://..`), all of them one distribution point: the same CRL at several places.
    pub crl_distribution_points: Vec<String>,
    /// Addresses of the delta CRL, likewise (RFC 5280, 4.2.1.15).
    pub freshest_crl: Vec<String>,
    /// Addresses of OCSP responders.
    pub ocsp: Vec<String>,
    /// Addresses of the issuer's certificate.
    pub ca_issuers: Vec<String>,
    /// Certificate policies, without qualifiers.
    pub policies: Vec<Oid>,
    /// Others, as they are.
    pub extra: Vec<RawExtension>,
}

/// The DER of an [`Extensions`], to be copied into each certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedExtensions {
    der: Vec<u8>,
}

impl PreparedExtensions {
    /// The `Extension` elements, one after the other, without the `SEQUENCE` around them.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Debug for PreparedExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedExtensions({} bytes)", self.der.len())
    }
}

/// Writes one `Extension`; `critical` FALSE is the default and so not written (X.690, 11.5).
pub(crate) fn write_extension(out: &mut Writer, oid: &[u8], critical: bool, value: impl FnOnce(&mut Writer)) {
    out.sequence(|out| {
        out.oid(oid);
        if critical {
            out.boolean_true();
        }
        out.nest(tag::OCTET_STRING, value);
    });
}

pub(crate) fn write_authority_key_id(out: &mut Writer, key_id: &[u8]) {
    write_extension(out, id::AUTHORITY_KEY_IDENTIFIER, false, |out| {
        out.sequence(|out| out.tlv(tag::context(0), key_id));
    });
}

const URI: u8 = tag::context(6);

impl Extensions {
    /// Encodes what is the same for every certificate.
    ///
    /// # Errors
    /// `input.invalid` for an address that is not printable ASCII, a path length without `ca`, an empty key
    /// identifier, or an extra extension that is repeated or that this library writes itself.
    pub fn prepare(&self) -> Result<PreparedExtensions, Error> {
        self.check()?;
        let mut out = Writer::with_capacity(512);
        if let Some(key_id) = &self.authority_key_id {
            write_authority_key_id(&mut out, key_id);
        }
        if let Some(constraints) = self.basic_constraints {
            write_extension(&mut out, id::BASIC_CONSTRAINTS, true, |out| {
                out.sequence(|out| {
                    if constraints.ca {
                        out.boolean_true();
                    }
                    if let Some(depth) = constraints.path_len {
                        out.integer(&[depth]);
                    }
                });
            });
        }
        if !self.key_usage.is_empty() {
            write_extension(&mut out, id::KEY_USAGE, true, |out| self.key_usage.write(out));
        }
        if !self.extended_key_usage.is_empty() {
            write_extension(&mut out, id::EXTENDED_KEY_USAGE, false, |out| {
                out.sequence(|out| self.extended_key_usage.iter().for_each(|oid| out.oid(oid.as_bytes())));
            });
        }
        if !self.crl_distribution_points.is_empty() {
            write_extension(&mut out, id::CRL_DISTRIBUTION_POINTS, false, |out| {
                write_distribution_point(out, &self.crl_distribution_points);
            });
        }
        if !self.freshest_crl.is_empty() {
            write_extension(&mut out, id::FRESHEST_CRL, false, |out| {
                write_distribution_point(out, &self.freshest_crl);
            });
        }
        if !(self.ocsp.is_empty() && self.ca_issuers.is_empty()) {
            write_extension(&mut out, id::AUTHORITY_INFO_ACCESS, false, |out| self.write_access(out));
        }
        if !self.policies.is_empty() {
            write_extension(&mut out, id::CERTIFICATE_POLICIES, false, |out| {
                out.sequence(|out| {
                    for policy in &self.policies {
                        out.sequence(|out| out.oid(policy.as_bytes()));
                    }
                });
            });
        }
        for extension in &self.extra {
            write_extension(&mut out, extension.oid.as_bytes(), extension.critical, |out| out.raw(&extension.value));
        }
        Ok(PreparedExtensions { der: out.finish() })
    }

    fn write_access(&self, out: &mut Writer) {
        let methods = self.ocsp.iter().map(|url| (id::AD_OCSP, url));
        let methods = methods.chain(self.ca_issuers.iter().map(|url| (id::AD_CA_ISSUERS, url)));
        out.sequence(|out| {
            for (method, url) in methods {
                out.sequence(|out| {
                    out.oid(method);
                    out.tlv(URI, url.as_bytes());
                });
            }
        });
    }

    fn check(&self) -> Result<(), Error> {
        const OWN: &[&[u8]] = &[
            id::SUBJECT_KEY_IDENTIFIER,
            id::KEY_USAGE,
            id::SUBJECT_ALT_NAME,
            id::BASIC_CONSTRAINTS,
            id::CRL_DISTRIBUTION_POINTS,
            id::FRESHEST_CRL,
            id::CERTIFICATE_POLICIES,
            id::AUTHORITY_KEY_IDENTIFIER,
            id::EXTENDED_KEY_USAGE,
            id::AUTHORITY_INFO_ACCESS,
        ];
        let crls = self.crl_distribution_points.iter().chain(&self.freshest_crl);
        for url in crls.chain(&self.ocsp).chain(&self.ca_issuers) {
            if url.is_empty() || !url.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(Error::input("an address in an extension", "is not a URL in printable ASCII"));
            }
        }
        if self.basic_constraints.is_some_and(|c| c.path_len.is_some() && !c.ca) {
            return Err(Error::input("path length", "has a meaning only in a CA certificate"));
        }
        if self.authority_key_id.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::input("authority key identifier", "is empty"));
        }
        let unique = |oids: &[Oid]| oids.iter().collect::<HashSet<_>>().len() == oids.len();
        if !unique(&self.extended_key_usage) || !unique(&self.policies) {
            return Err(Error::input("extended key usage or policies", "names one twice"));
        }
        let mut seen = HashSet::new();
        for extension in &self.extra {
            if OWN.contains(&extension.oid.as_bytes()) || !seen.insert(&extension.oid) {
                return Err(Error::input("an extra extension", "is repeated or has a field of its own; use that"));
            }
        }
        Ok(())
    }
}

/// One `DistributionPoint` with all the addresses as its full name.
fn write_distribution_point(out: &mut Writer, urls: &[String]) {
    out.sequence(|out| {
        out.sequence(|out| write_distribution_point_name(out, urls));
    });
}

/// A `DistributionPointName` in its field: the addresses as its full name.
pub(crate) fn write_distribution_point_name(out: &mut Writer, urls: &[String]) {
    out.nest(tag::context_constructed(0), |out| {
        out.nest(tag::context_constructed(0), |out| {
            for url in urls {
                out.tlv(URI, url.as_bytes());
            }
        });
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(bytes)
    }

    fn prepared(extensions: &Extensions) -> String {
        hex(extensions.prepare().unwrap().as_der())
    }

    #[test]
    fn key_usage_is_a_trimmed_named_bit_list() {
        for (usage, der) in [
            (KeyUsage::DIGITAL_SIGNATURE, "03020780"),
            (KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT, "030205a0"),
            (KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN, "03020106"),
            (KeyUsage::ENCIPHER_ONLY, "03020001"),
            (KeyUsage::KEY_AGREEMENT | KeyUsage::DECIPHER_ONLY, "0303070880"),
        ] {
            let mut out = Writer::default();
            usage.write(&mut out);
            assert_eq!(hex(&out.finish()), der, "{usage:?}");
        }
    }

    #[test]
    fn default_values_are_not_written() {
        let leaf = BasicConstraints::default();
        let der = prepared(&Extensions { basic_constraints: Some(leaf), ..Extensions::default() });
        assert_eq!(der, "300c0603551d130101ff04023000");
        assert_eq!(prepared(&Extensions::default()), "");
        let ca = BasicConstraints { ca: true, path_len: Some(0) };
        let der = prepared(&Extensions { basic_constraints: Some(ca), ..Extensions::default() });
        assert_eq!(der, "30120603551d130101ff040830060101ff020100");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let text = |url: &str| vec![url.to_owned()];
        let raw = |oid: &[u8]| RawExtension { oid: Oid::from_bytes(oid).unwrap(), critical: false, value: vec![5, 0] };
        for extensions in [
            Extensions { ocsp: text("http://例え"), ..Extensions::default() },
            Extensions { crl_distribution_points: text(""), ..Extensions::default() },
            Extensions { ca_issuers: text("http://a b"), ..Extensions::default() },
            Extensions {
                basic_constraints: Some(BasicConstraints { ca: false, path_len: Some(1) }),
                ..Extensions::default()
            },
            Extensions { authority_key_id: Some(vec![]), ..Extensions::default() },
            Extensions { extra: vec![raw(id::KEY_USAGE)], ..Extensions::default() },
            Extensions { extra: vec![raw(&[0x2a, 3]), raw(&[0x2a, 3])], ..Extensions::default() },
            Extensions { policies: vec![Oid::SERVER_AUTH, Oid::SERVER_AUTH], ..Extensions::default() },
        ] {
            assert_eq!(extensions.prepare().unwrap_err().code(), "input.invalid", "{extensions:?}");
        }
    }

    #[test]
    fn key_usage_survives_a_profile_file() {
        let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT;
        let text = serde_json::to_string(&usage).unwrap();
        assert_eq!(text, r#"["digitalSignature","keyAgreement"]"#);
        assert_eq!(serde_json::from_str::<KeyUsage>(&text).unwrap(), usage);
        assert!(serde_json::from_str::<KeyUsage>(r#"["signing"]"#).is_err());
    }
}

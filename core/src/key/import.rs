//! Private keys in their three encodings, taken apart. Which one it is shows in the first elements.

use super::public::{EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, RSA_IDENTIFIER, algorithm_name, curve};
use super::{KeyAlgorithm, pem};
use crate::der::{Malformed, Reader, Writer, tag};
use crate::error::KeyError;

/// The largest input looked at; a 4096-bit RSA key in PEM with chatter around it has about 4 KiB.
const MAX_INPUT: usize = 64 * 1024;

/// What a private key consists of, borrowed from its encoding.
pub(super) enum Material<'a> {
    /// A scalar, and the point if it was given.
    Ec { algorithm: KeyAlgorithm, scalar: &'a [u8], point: Option<&'a [u8]> },
    /// The seed, and the public key if it was given.
    Ed25519 { seed: &'a [u8], public: Option<&'a [u8]> },
    /// The `RSAPrivateKey`, and the SPKI made from its modulus and exponent.
    Rsa { public: &'a [u8], pkcs1: &'a [u8] },
}

fn malformed(reason: &str) -> KeyError {
    KeyError::Malformed { reason: reason.to_owned() }
}

/// Finds the one key in `input` and hands it to `with`.
pub(super) fn read<T>(input: &[u8], with: impl FnOnce(&Material<'_>) -> Result<T, KeyError>) -> Result<T, KeyError> {
    if input.len() > MAX_INPUT {
        return Err(malformed("it is larger than 64 KiB"));
    }
    if !pem::looks_like_pem(input) {
        return key(input, with);
    }
    let mut found = None;
    for block in pem::blocks(input).map_err(malformed)? {
        match block.label {
            "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" if block.headers => return Err(KeyError::Encrypted),
            "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => {
                if found.replace(block).is_some() {
                    return Err(malformed("it holds more than one private key"));
                }
            }
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            // `openssl ecparam -genkey` writes the curve first; combined files hold certificates.
            "EC PARAMETERS" | "CERTIFICATE" => {}
            label => return Err(malformed(&format!("a PEM block is labelled {}", printable(label)))),
        }
    }
    match found {
        Some(block) => key(&block.der, with),
        None => Err(malformed("no PEM block in it is a private key")),
    }
}

/// A label for a message: short and without control characters.
fn printable(label: &str) -> String {
    label.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(40).collect()
}

fn key<T>(der: &[u8], with: impl FnOnce(&Material<'_>) -> Result<T, KeyError>) -> Result<T, KeyError> {
    let mut outer = Reader::new(der);
    let mut fields = outer.sequence().map_err(|_| malformed("it is neither PEM nor a DER SEQUENCE"))?;
    outer.end().map_err(|_| malformed("bytes follow the key"))?;
    // EncryptedPrivateKeyInfo begins with an AlgorithmIdentifier, everything else with a version.
    if fields.peek() == Some(tag::SEQUENCE) {
        fields.any()?;
        let encrypted = fields.expect(tag::OCTET_STRING).is_ok() && fields.is_empty();
        return Err(if encrypted { KeyError::Encrypted } else { malformed("it is another ASN.1 structure") });
    }
    let version = fields.integer()?;
    match fields.peek() {
        Some(tag::SEQUENCE) => pkcs8(version, fields, with),
        Some(tag::OCTET_STRING) => with(&sec1(version, fields, None)?),
        Some(tag::INTEGER) => pkcs1(der, with),
        _ => Err(malformed("it is another ASN.1 structure")),
    }
}

/// `OneAsymmetricKey` (RFC 5958, 2) of version 1 or 2.
fn pkcs8<T>(
    version: &[u8],
    mut fields: Reader<'_>,
    with: impl FnOnce(&Material<'_>) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let identifier = fields.element(tag::SEQUENCE)?;
    let inner = fields.expect(tag::OCTET_STRING)?;
    fields.optional(tag::context_constructed(0))?; // attributes, which nothing here reads
    // [1] IMPLICIT BIT STRING
    let public = match fields.optional(tag::context(1))? {
        Some([0, octets @ ..]) if version == [1] => Some(octets),
        Some(_) => return Err(Malformed.into()),
        None => None,
    };
    fields.end()?;
    if version != [0] && version != [1] {
        return Err(malformed("its PKCS#8 version is unknown"));
    }
    let mut parameters = Reader::new(identifier.content);
    let oid = parameters.expect(tag::OID)?;
    if oid == EC_PUBLIC_KEY {
        let algorithm = curve(parameters)?;
        let mut inner_reader = Reader::new(inner);
        let mut fields = inner_reader.sequence()?;
        inner_reader.end()?;
        let version = fields.integer()?;
        let material = match sec1(version, fields, Some(algorithm))? {
            Material::Ec { algorithm, scalar, point } => Material::Ec { algorithm, scalar, point: point.or(public) },
            other => other,
        };
        with(&material)
    } else if oid == ED25519 {
        parameters.end()?;
        // CurvePrivateKey (RFC 8410, 7): an OCTET STRING inside the OCTET STRING.
        let mut inner_reader = Reader::new(inner);
        let seed = inner_reader.expect(tag::OCTET_STRING)?;
        inner_reader.end()?;
        if seed.len() != 32 || public.is_some_and(|public| public.len() != 32) {
            return Err(malformed("an Ed25519 key has not 32 octets"));
        }
        with(&Material::Ed25519 { seed, public })
    } else if oid == RSA_ENCRYPTION {
        if identifier.whole != RSA_IDENTIFIER {
            return Err(malformed("rsaEncryption without its NULL parameters"));
        }
        pkcs1(inner, with)
    } else {
        Err(KeyError::Algorithm { algorithm: algorithm_name(oid) })
    }
}

/// `ECPrivateKey` (RFC 5915, 3) after its version; `known` is the curve that an enclosing PKCS#8 names.
fn sec1<'a>(version: &[u8], mut fields: Reader<'a>, known: Option<KeyAlgorithm>) -> Result<Material<'a>, KeyError> {
    if version != [1] {
        return Err(malformed("its SEC1 version is unknown"));
    }
    let scalar = fields.expect(tag::OCTET_STRING)?;
    let named = match fields.optional(tag::context_constructed(0))? {
        Some(parameters) => Some(curve(Reader::new(parameters))?),
        None => None,
    };
    let point = match fields.optional(tag::context_constructed(1))? {
        Some(content) => {
            let mut reader = Reader::new(content);
            let point = reader.bit_string()?;
            reader.end()?;
            Some(point)
        }
        None => None,
    };
    fields.end()?;
    match (known, named) {
        (Some(known), Some(named)) if known != named => Err(KeyError::Inconsistent),
        (Some(algorithm), _) | (None, Some(algorithm)) => Ok(Material::Ec { algorithm, scalar, point }),
        (None, None) => Err(malformed("it does not name its curve")),
    }
}

/// `RSAPrivateKey` (RFC 8017, A.1.2), whose numbers ring checks.
fn pkcs1<T>(der: &[u8], with: impl FnOnce(&Material<'_>) -> Result<T, KeyError>) -> Result<T, KeyError> {
    let mut outer = Reader::new(der);
    let mut fields = outer.sequence()?;
    outer.end()?;
    match fields.integer()? {
        [0] => {}
        [1] => return Err(KeyError::Algorithm { algorithm: "RSA with more than two primes".to_owned() }),
        _ => return Err(malformed("its PKCS#1 version is unknown")),
    }
    let modulus = fields.integer()?;
    let exponent = fields.integer()?;
    for _ in 0..6 {
        fields.integer()?;
    }
    fields.end()?;
    let mut public = Writer::with_capacity(modulus.len() + 64);
    public.sequence(|w| {
        w.raw(RSA_IDENTIFIER);
        w.nest(tag::BIT_STRING, |w| {
            w.raw(&[0]);
            w.sequence(|w| {
                w.tlv(tag::INTEGER, modulus);
                w.tlv(tag::INTEGER, exponent);
            });
        });
    });
    with(&Material::Rsa { public: &public.finish(), pkcs1: der })
}

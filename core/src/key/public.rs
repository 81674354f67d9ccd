//! Public keys that passed the checks: an accepted algorithm, an accepted encoding, no known weakness.

use std::fmt;

use ring::digest::{SHA256, digest};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::{KeyAlgorithm, SignatureAlgorithm, weakness};
use crate::der::{Malformed, Reader, tag};
use crate::error::KeyError;

/// The octets of a P-256 `SubjectPublicKeyInfo` before the point: they are always the same.
pub(super) const P256_PREFIX: &[u8; 26] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// The same of P-384.
pub(super) const P384_PREFIX: &[u8; 23] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
/// The same of Ed25519 (RFC 8410, 4).
pub(super) const ED25519_PREFIX: &[u8; 12] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// rsaEncryption with its NULL parameters (RFC 3279, 2.3.1), whole.
pub(super) const RSA_IDENTIFIER: &[u8; 15] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// id-ecPublicKey (RFC 5480).
pub(super) const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// rsaEncryption (RFC 8017).
pub(super) const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// id-Ed25519 (RFC 8410).
pub(super) const ED25519: &[u8] = b"\x2b\x65\x70";
/// secp256r1, which is P-256 (RFC 5480).
pub(super) const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// secp384r1, which is P-384 (RFC 5480).
pub(super) const P384: &[u8] = b"\x2b\x81\x04\x00\x22";

/// A public key of an accepted algorithm in an accepted encoding, without a known weakness.
///
/// That an EC point lies on its curve shows when a signature is verified with it; every request and every signer is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
    /// Where in `spki` the content of the `BIT STRING` begins; it reaches to the end.
    bits_at: usize,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
    ///
    /// Accepted are P-256 and P-384 as named curve and uncompressed point, Ed25519, and RSA of exactly 2048, 3072 or
    /// 4096 bits with an odd exponent of 65537 or more.
    ///
    /// # Errors
    /// `key.malformed`, `key.algorithm`, `key.encoding`, `key.rsa_size`, `key.rsa_exponent` or `key.weak`.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        // Nearly every key is one of three encodings of fixed length; only RSA and what is refused needs parsing.
        let (algorithm, bits_at) = match der.len() {
            91 if der.starts_with(P256_PREFIX) && der.get(26) == Some(&4) => (KeyAlgorithm::EcdsaP256, 26),
            120 if der.starts_with(P384_PREFIX) && der.get(23) == Some(&4) => (KeyAlgorithm::EcdsaP384, 23),
            44 if der.starts_with(ED25519_PREFIX) => (KeyAlgorithm::Ed25519, 12),
            _ => parse(der)?,
        };
        Ok(Self { algorithm, spki: der.to_vec(), bits_at })
    }

    /// From the content of the `BIT STRING`: a point, the 32 octets of Ed25519, or an `RSAPublicKey`.
    pub(super) fn from_bits(prefix: &[u8], bits: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki(&[prefix, bits].concat())
    }

    /// The kind of key.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The `AlgorithmIdentifier`, whole; PKCS#8 repeats it.
    pub(super) fn identifier(&self) -> &[u8] {
        let mut reader = Reader::new(&self.spki);
        reader.sequence().and_then(|mut fields| fields.any()).map_or(&[], |element| element.whole)
    }

    /// The content of the `BIT STRING` in the SPKI, without the octet that counts unused bits: the uncompressed point,
    /// the 32 octets of Ed25519, or the `RSAPublicKey`. RFC 5280 (4.2.1.2) makes key identifiers from it.
    pub fn key_bits(&self) -> &[u8] {
        self.spki.get(self.bits_at..).unwrap_or_default()
    }

    /// The subject key identifier after RFC 7093, method 1: the leftmost 160 bits of the SHA-256 of
    /// [`key_bits`](Self::key_bits).
    pub fn key_identifier(&self) -> [u8; 20] {
        let hash = digest(&SHA256, self.key_bits());
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// The SHA-256 of the SPKI, by which a key is recognised when it comes back.
    pub fn digest(&self) -> [u8; 32] {
        digest(&SHA256, &self.spki).as_ref().try_into().unwrap_or_default()
    }

    /// Checks that `signature` over `message` (hashed here) was made with the private half.
    ///
    /// The key decides which algorithms are possible; ECDSA keys of either curve verify with SHA-256 and SHA-384.
    ///
    /// # Errors
    /// `key.signature_mismatch` when the algorithm is not one for this key, `key.signature_invalid` when the signature
    /// does not verify (or the key is not a point of its curve).
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        use KeyAlgorithm as Key;
        use SignatureAlgorithm as Sig;
        let verifier: &'static dyn VerificationAlgorithm = match (self.algorithm, algorithm) {
            (Key::EcdsaP256, Sig::EcdsaSha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Key::EcdsaP256, Sig::EcdsaSha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Key::EcdsaP384, Sig::EcdsaSha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Key::EcdsaP384, Sig::EcdsaSha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Key::Ed25519, Sig::Ed25519) => &signature::ED25519,
            (key, Sig::RsaSha256) if key.is_rsa() => &signature::RSA_PKCS1_2048_8192_SHA256,
            (key, Sig::RsaSha384) if key.is_rsa() => &signature::RSA_PKCS1_2048_8192_SHA384,
            (key, Sig::RsaSha512) if key.is_rsa() => &signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(KeyError::SignatureMismatch),
        };
        UnparsedPublicKey::new(verifier, self.key_bits())
            .verify(message, signature)
            .map_err(|_| KeyError::SignatureInvalid)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = data_encoding::HEXLOWER.encode(&self.key_identifier());
        write!(f, "PublicKey({}, {id})", self.algorithm)
    }
}

fn malformed(reason: &str) -> KeyError {
    KeyError::Malformed { reason: reason.to_owned() }
}

fn encoding(reason: &str) -> KeyError {
    KeyError::Encoding { reason: reason.to_owned() }
}

impl From<Malformed> for KeyError {
    fn from(_: Malformed) -> Self {
        malformed("its ASN.1 structure is broken or not DER")
    }
}

/// The slow way: every accepted key again, and the reason for every other.
fn parse(der: &[u8]) -> Result<(KeyAlgorithm, usize), KeyError> {
    let mut outer = Reader::new(der);
    let mut spki = outer.sequence()?;
    outer.end().map_err(|_| malformed("bytes follow the public key"))?;
    let identifier = spki.element(tag::SEQUENCE)?;
    let bits = spki.bit_string()?;
    spki.end()?;
    let bits_at = der.len().checked_sub(bits.len()).ok_or(Malformed)?;
    let mut fields = Reader::new(identifier.content);
    let oid = fields.expect(tag::OID)?;
    let algorithm = if oid == EC_PUBLIC_KEY {
        let algorithm = curve(fields)?;
        check_point(algorithm, bits)?;
        algorithm
    } else if oid == RSA_ENCRYPTION {
        if identifier.whole != RSA_IDENTIFIER {
            return Err(encoding("rsaEncryption without its NULL parameters"));
        }
        rsa(bits)?
    } else if oid == ED25519 {
        fields.end().map_err(|_| encoding("Ed25519 with parameters"))?;
        if bits.len() != 32 {
            return Err(encoding("an Ed25519 key that has not 32 octets"));
        }
        KeyAlgorithm::Ed25519
    } else {
        return Err(KeyError::Algorithm { algorithm: algorithm_name(oid) });
    };
    Ok((algorithm, bits_at))
}

/// Which curve the parameters of id-ecPublicKey name (RFC 5480, 2.1.1).
pub(super) fn curve(mut parameters: Reader<'_>) -> Result<KeyAlgorithm, KeyError> {
    let element = parameters.any().map_err(|_| encoding("an elliptic curve key without its curve"))?;
    parameters.end()?;
    match element.tag {
        tag::OID if element.content == P256 => Ok(KeyAlgorithm::EcdsaP256),
        tag::OID if element.content == P384 => Ok(KeyAlgorithm::EcdsaP384),
        tag::OID => Err(KeyError::Algorithm { algorithm: curve_name(element.content) }),
        tag::SEQUENCE => Err(encoding("explicit curve parameters")),
        _ => Err(encoding("a curve that is not named")),
    }
}

/// Whether `point` is the uncompressed form (SEC 1, 2.3.3) in the size of the curve.
pub(super) fn check_point(algorithm: KeyAlgorithm, point: &[u8]) -> Result<(), KeyError> {
    let size = if algorithm == KeyAlgorithm::EcdsaP384 { 97 } else { 65 };
    match point.first() {
        Some(4) if point.len() == size => Ok(()),
        Some(4) => Err(encoding("a point of the wrong size for its curve")),
        Some(2 | 3) => Err(encoding("a compressed point")),
        Some(6 | 7) => Err(encoding("a hybrid point")),
        _ => Err(encoding("something that is no point")),
    }
}

/// The checks of an `RSAPublicKey` (RFC 8017, A.1.1).
fn rsa(bits: &[u8]) -> Result<KeyAlgorithm, KeyError> {
    let mut outer = Reader::new(bits);
    let mut fields = outer.sequence()?;
    outer.end()?;
    let modulus = positive(fields.integer()?)?;
    let exponent = positive(fields.integer()?)?;
    fields.end()?;
    let bits = bit_length(modulus);
    let algorithm = match bits {
        2048 => KeyAlgorithm::Rsa2048,
        3072 => KeyAlgorithm::Rsa3072,
        4096 => KeyAlgorithm::Rsa4096,
        _ => return Err(KeyError::RsaSize { bits }),
    };
    // ring refuses exponents of more than 33 bits; nobody makes them.
    let odd = exponent.last().is_some_and(|last| last & 1 == 1);
    if !odd || !(17..=33).contains(&bit_length(exponent)) {
        return Err(KeyError::RsaExponent);
    }
    match weakness::of(modulus) {
        Some(weakness) => Err(KeyError::Weak { weakness: weakness.to_owned() }),
        None => Ok(algorithm),
    }
}

/// The octets of a positive `INTEGER` without the leading zero.
fn positive(content: &[u8]) -> Result<&[u8], KeyError> {
    match content {
        [0] | [0x80..=0xff, ..] => Err(malformed("an RSA number is not positive")),
        [0, rest @ ..] => Ok(rest),
        _ => Ok(content),
    }
}

fn bit_length(magnitude: &[u8]) -> usize {
    magnitude.first().map_or(0, |first| magnitude.len() * 8 - first.leading_zeros() as usize)
}

/// What people call the key algorithm of this OID.
pub(super) fn algorithm_name(oid: &[u8]) -> String {
    let name = match oid {
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => "RSA-PSS",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07" => "RSA-OAEP",
        b"\x2a\x86\x48\xce\x38\x04\x01" => "DSA",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01" | b"\x2a\x86\x48\xce\x3e\x02\x01" => "Diffie-Hellman",
        b"\x2b\x65\x6e" => "X25519",
        b"\x2b\x65\x6f" => "X448",
        b"\x2b\x65\x71" => "Ed448",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x11" => "ML-DSA-44",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x12" => "ML-DSA-65",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x13" => "ML-DSA-87",
        _ => return oid_text(oid),
    };
    name.to_owned()
}

/// What people call the curve of this OID.
fn curve_name(oid: &[u8]) -> String {
    let name = match oid {
        b"\x2b\x81\x04\x00\x23" => "P-521",
        b"\x2b\x81\x04\x00\x21" => "P-224",
        b"\x2a\x86\x48\xce\x3d\x03\x01\x01" => "P-192",
        b"\x2b\x81\x04\x00\x0a" => "secp256k1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07" => "brainpoolP256r1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b" => "brainpoolP384r1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d" => "brainpoolP512r1",
        b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d" => "SM2",
        _ => return format!("elliptic curve {}", oid_text(oid)),
    };
    name.to_owned()
}

/// An OID for a message.
fn oid_text(content: &[u8]) -> String {
    crate::Oid::from_bytes(content).map_or_else(|| "an unreadable OID".to_owned(), |oid| oid.to_string())
}

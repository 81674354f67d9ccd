//! Software private keys: made here or read from PKCS#8, SEC1 or PKCS#1, erased when dropped.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::{Zeroize, Zeroizing};

use super::import::{Material, read};
use super::public::{ED25519_PREFIX, P256_PREFIX, P384_PREFIX, RSA_IDENTIFIER, check_point};
use super::{KeyAlgorithm, PublicKey, Signer, pem};
use crate::der::{Writer, tag};
use crate::error::{Error, KeyError, SignerError};
use crate::secret::Secret;

/// A private key in memory. It signs through ring, prints without its secret, and its encoding is erased when dropped.
///
/// ```
/// use tegata::{KeyAlgorithm, PrivateKey, Signer};
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let signature = key.sign(b"message")?;
/// key.public_key().verify(key.algorithm(), b"message", &signature)?;
/// let again = PrivateKey::from_bytes(key.to_pkcs8_pem().expose().as_bytes())?;
/// assert_eq!(again.public_key(), key.public_key());
/// # Ok::<(), tegata::Error>(())
/// ```
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// Makes a new key with the operating system's random numbers.
    ///
    /// RSA takes up to some seconds and needs the feature `aws-lc`, since ring does not generate it.
    ///
    /// # Errors
    /// `key.generation_unsupported` for RSA without that feature; `key.generation_failed`.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let kind = match algorithm {
            KeyAlgorithm::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyAlgorithm::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => return generate_rsa(algorithm),
        };
        let mut pair = rcgen::KeyPair::generate_for(kind).map_err(|_| KeyError::GenerationFailed)?;
        let key = Self::from_bytes(pair.serialized_der());
        pair.zeroize();
        key
    }

    /// Reads a private key: PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017), in PEM or DER, recognised by
    /// content. PEM may hold other text and `EC PARAMETERS` as well, but only one key.
    ///
    /// # Errors
    /// `key.malformed`, `key.encrypted`, `key.algorithm`, `key.encoding`, `key.rsa_size`, `key.rsa_exponent`, `key.weak`;
    /// `key.inconsistent` when the halves differ; `key.public_half_missing` for an EC key without its point, unless
    /// the feature `aws-lc` is there to compute it (see [`from_bytes_with`](Self::from_bytes_with)).
    pub fn from_bytes(input: &[u8]) -> Result<Self, Error> {
        Ok(read(input, |material| Self::assemble(material, None))?)
    }

    /// Reads a private key whose public half is known from elsewhere, such as its certificate. EC keys without their
    /// point (Java writes them) can be read this way in every build.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), and `key.inconsistent` when the key is not the one of `public`.
    pub fn from_bytes_with(input: &[u8], public: &PublicKey) -> Result<Self, Error> {
        let key = read(input, |material| Self::assemble(material, Some(public)))?;
        if key.public == *public { Ok(key) } else { Err(KeyError::Inconsistent.into()) }
    }

    /// The key as PKCS#8 version 1 (RFC 5208), which every reader accepts: EC keys with their point, Ed25519 without.
    pub fn to_pkcs8_der(&self) -> Secret<Vec<u8>> {
        Secret::new(self.pkcs8.to_vec())
    }

    /// The same in PEM, with the label `PRIVATE KEY`.
    pub fn to_pkcs8_pem(&self) -> Secret<String> {
        Secret::new(String::clone(&pem::encode("PRIVATE KEY", &self.pkcs8)))
    }

    /// Checks the halves against each other and makes the canonical encoding.
    fn assemble(material: &Material<'_>, known: Option<&PublicKey>) -> Result<Self, KeyError> {
        match *material {
            Material::Ec { algorithm, scalar, point } => {
                let known = known.filter(|key| key.algorithm() == algorithm).map(PublicKey::key_bits);
                Self::ec(algorithm, scalar, point.or(known))
            }
            Material::Ed25519 { seed, public } => {
                let pair = match public {
                    Some(public) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
                    None => Ed25519KeyPair::from_seed_unchecked(seed),
                };
                let pair = pair.map_err(|_| KeyError::Inconsistent)?;
                let public = PublicKey::from_bits(ED25519_PREFIX, pair.public_key().as_ref())?;
                let mut pkcs8 = Writer::with_capacity(64);
                pkcs8.sequence(|w| {
                    w.integer_u64(0);
                    w.raw(KeyAlgorithm::Ed25519.signature().identifier());
                    w.nest(tag::OCTET_STRING, |w| w.octet_string(seed));
                });
                Ok(Self { pair: Pair::Ed25519(pair), public, pkcs8: Zeroizing::new(pkcs8.finish()) })
            }
            Material::Rsa { public, pkcs1 } => {
                // Checked first, so that a weak or small key says so instead of ring's general refusal.
                let public = PublicKey::from_spki(public)?;
                let pair = RsaKeyPair::from_der(pkcs1).map_err(|_| KeyError::Inconsistent)?;
                let mut pkcs8 = Writer::with_capacity(pkcs1.len() + 32);
                pkcs8.sequence(|w| {
                    w.integer_u64(0);
                    w.raw(RSA_IDENTIFIER);
                    w.octet_string(pkcs1);
                });
                Ok(Self { pair: Pair::Rsa(pair), public, pkcs8: Zeroizing::new(pkcs8.finish()) })
            }
        }
    }

    fn ec(algorithm: KeyAlgorithm, scalar: &[u8], point: Option<&[u8]>) -> Result<Self, KeyError> {
        let (signing, prefix, size): (&EcdsaSigningAlgorithm, &[u8], usize) = match algorithm {
            KeyAlgorithm::EcdsaP384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, P384_PREFIX, 48),
            _ => (&ECDSA_P256_SHA256_ASN1_SIGNING, P256_PREFIX, 32),
        };
        // RFC 5915 wants the full width; some writers drop leading zeros or add one as an INTEGER would.
        let mut padded = Zeroizing::new([0u8; 48]);
        let digits =
            scalar.iter().position(|&octet| octet != 0).and_then(|first| scalar.get(first..)).unwrap_or_default();
        let room = padded.get_mut(..size).unwrap_or_default();
        let at = size.checked_sub(digits.len()).ok_or(KeyError::Inconsistent)?;
        room.get_mut(at..).unwrap_or_default().copy_from_slice(digits);
        let scalar: &[u8] = room;

        let computed;
        let point = if let Some(point) = point {
            point
        } else {
            computed = compute_point(algorithm, scalar)?;
            &computed
        };
        check_point(algorithm, point)?;
        let public = PublicKey::from_bits(prefix, point)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, scalar, point, &SystemRandom::new())
            .map_err(|_| KeyError::Inconsistent)?;
        let mut pkcs8 = Writer::with_capacity(256);
        pkcs8.sequence(|w| {
            w.integer_u64(0);
            w.raw(public.identifier());
            w.nest(tag::OCTET_STRING, |w| {
                w.sequence(|w| {
                    w.integer_u64(1);
                    w.octet_string(scalar);
                    w.nest(tag::context_constructed(1), |w| w.bit_string(point));
                });
            });
        });
        Ok(Self { pair: Pair::Ecdsa(pair), public, pkcs8: Zeroizing::new(pkcs8.finish()) })
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let failed = |_| SignerError::Failed { reason: "the operating system gave no random bytes".to_owned() };
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public.algorithm())
    }
}

#[cfg(feature = "aws-lc")]
fn generate_rsa(algorithm: KeyAlgorithm) -> Result<PrivateKey, Error> {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    let size = match algorithm {
        KeyAlgorithm::Rsa4096 => KeySize::Rsa4096,
        KeyAlgorithm::Rsa3072 => KeySize::Rsa3072,
        _ => KeySize::Rsa2048,
    };
    let pkcs8 = KeyPair::generate(size).and_then(|pair| pair.as_der()).map_err(|_| KeyError::GenerationFailed)?;
    PrivateKey::from_bytes(pkcs8.as_ref())
}

#[cfg(not(feature = "aws-lc"))]
fn generate_rsa(algorithm: KeyAlgorithm) -> Result<PrivateKey, Error> {
    Err(KeyError::GenerationUnsupported { algorithm: algorithm.name().to_owned() }.into())
}

/// The public point of a private scalar. ring computes it only to compare it.
#[cfg(feature = "aws-lc")]
fn compute_point(algorithm: KeyAlgorithm, scalar: &[u8]) -> Result<Vec<u8>, KeyError> {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    let (signing, curve) = match algorithm {
        KeyAlgorithm::EcdsaP384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, super::public::P384),
        _ => (&ECDSA_P256_SHA256_ASN1_SIGNING, super::public::P256),
    };
    let mut sec1 = Writer::with_capacity(128);
    sec1.sequence(|w| {
        w.integer_u64(1);
        w.octet_string(scalar);
        w.nest(tag::context_constructed(0), |w| w.oid(curve));
    });
    let sec1 = Zeroizing::new(sec1.finish());
    let pair = EcdsaKeyPair::from_private_key_der(signing, &sec1).map_err(|_| KeyError::Inconsistent)?;
    Ok(pair.public_key().as_ref().to_vec())
}

#[cfg(not(feature = "aws-lc"))]
fn compute_point(_: KeyAlgorithm, _: &[u8]) -> Result<Vec<u8>, KeyError> {
    Err(KeyError::PublicHalfMissing)
}

//! Keys and what they sign.

use std::sync::Arc;

use tegata::{KeyAlgorithm, SignatureAlgorithm, Signer, Statement};

use crate::error::{Result, TegataError};
use crate::host::HostSigner;
use crate::values::{SecretBytes, SecretText};

/// The kind of a key pair.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256 (RFC 5480).
    EcdsaP256,
    /// ECDSA on NIST P-384 (RFC 5480).
    EcdsaP384,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
}

/// A signature algorithm as X.509 names it: the key's kind and the hash together.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256 (RFC 5758).
    EcdsaSha256,
    /// ecdsa-with-SHA384 (RFC 5758).
    EcdsaSha384,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// sha256WithRSAEncryption, PKCS#1 v1.5 (RFC 4055).
    RsaSha256,
    /// sha384WithRSAEncryption, PKCS#1 v1.5 (RFC 4055).
    RsaSha384,
    /// sha512WithRSAEncryption, PKCS#1 v1.5 (RFC 4055).
    RsaSha512,
}

/// What a proof of possession is about.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Statement {
    /// "I answer this challenge": content is the challenge.
    Challenge,
    /// "I am the former key of the unit that makes this request": content is the DER of the CSR.
    FormerKey,
    /// "I am the product credential that this request comes with": content is the DER of the CSR.
    ProductCredential,
}

/// What the key signs to make `statement`: a prefix that names the purpose, a zero octet, and `content`.
#[uniffi::export]
pub fn statement_message(statement: Statement, content: Vec<u8>) -> Vec<u8> {
    statement.message(&content)
}

/// A public key of an accepted algorithm in an accepted encoding.
#[derive(Clone, Debug, uniffi::Record)]
pub struct PublicKey {
    /// The kind of key.
    pub algorithm: KeyAlgorithm,
    /// The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
    pub spki: Vec<u8>,
}

impl From<&tegata::PublicKey> for PublicKey {
    fn from(key: &tegata::PublicKey) -> Self {
        Self { algorithm: key.algorithm(), spki: key.spki().to_vec() }
    }
}

impl PublicKey {
    pub(crate) fn core(&self) -> Result<tegata::PublicKey> {
        tegata::PublicKey::from_spki(&self.spki).map_err(TegataError::from)
    }
}

#[uniffi::export]
impl PublicKey {
    /// The content of the `BIT STRING` in the SPKI, without the octet that counts unused bits.
    pub fn key_bits(&self) -> Result<Vec<u8>> {
        Ok(self.core()?.key_bits().to_vec())
    }

    /// The subject key identifier after RFC 7093, method 1.
    pub fn key_identifier(&self) -> Result<Vec<u8>> {
        Ok(self.core()?.key_identifier().to_vec())
    }

    /// The SHA-256 of the SPKI, by which a key is recognised when it comes back.
    pub fn digest(&self) -> Result<Vec<u8>> {
        Ok(self.core()?.digest().to_vec())
    }

    /// Checks that `signature` over `message` (hashed here) was made with the private half.
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: Vec<u8>, signature: Vec<u8>) -> Result<()> {
        Ok(self.core()?.verify(algorithm, &message, &signature)?)
    }
}

/// Reads a `SubjectPublicKeyInfo` in DER.
#[uniffi::export]
pub fn public_key_from_spki(der: Vec<u8>) -> Result<PublicKey> {
    Ok(PublicKey::from(&tegata::PublicKey::from_spki(&der)?))
}

/// A private key in memory. It signs, prints without its secret, and is erased when closed.
#[derive(uniffi::Object)]
pub struct PrivateKey(pub(crate) Arc<tegata::PrivateKey>);

#[uniffi::export]
impl PrivateKey {
    /// Reads a private key: PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017), in PEM or DER.
    #[uniffi::constructor]
    pub fn from_bytes(input: SecretBytes) -> Result<Self> {
        Ok(Self(Arc::new(tegata::PrivateKey::from_bytes(input.expose())?)))
    }

    /// Reads a private key whose public half is known from elsewhere, such as its certificate.
    #[uniffi::constructor]
    pub fn from_bytes_with(input: SecretBytes, public: PublicKey) -> Result<Self> {
        Ok(Self(Arc::new(tegata::PrivateKey::from_bytes_with(input.expose(), &public.core()?)?)))
    }

    /// What `sign` makes.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.0.public_key().into()
    }

    /// The key as PKCS#8 version 1 (RFC 5208), which every reader accepts.
    pub fn to_pkcs8_der(&self) -> SecretBytes {
        self.0.to_pkcs8_der()
    }

    /// The same in PEM, with the label `PRIVATE KEY`.
    pub fn to_pkcs8_pem(&self) -> SecretText {
        self.0.to_pkcs8_pem()
    }
}

/// Makes a new private key with the operating system's random numbers.
#[uniffi::export]
pub fn make_key(algorithm: KeyAlgorithm) -> Result<Arc<PrivateKey>> {
    Ok(Arc::new(PrivateKey(Arc::new(tegata::make_key(algorithm)?))))
}

#[uniffi::export]
impl HostSigner for PrivateKey {
    fn spki(&self) -> Result<Vec<u8>> {
        Ok(self.0.public_key().spki().to_vec())
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>> {
        Ok(self.0.sign(&message)?)
    }
}

//! The algorithms of keys and signatures, and how X.509 names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The kind of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256 (RFC 5480).
    EcdsaP256,
    /// ECDSA on NIST P-384 (RFC 5480).
    EcdsaP384,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA with a modulus of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

impl KeyAlgorithm {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// The stable name, such as `ecdsa-p256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// The signature algorithm that a CA key of this kind signs with.
    pub const fn signature(self) -> SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => SignatureAlgorithm::EcdsaSha256,
            Self::EcdsaP384 => SignatureAlgorithm::EcdsaSha384,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => SignatureAlgorithm::RsaSha256,
        }
    }

    /// Whether this is RSA of any size.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|a| a.name() == text).ok_or_else(|| {
            Error::input("algorithm", "is none of ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096")
        })
    }
}

/// A signature algorithm as X.509 names it: the key's kind and the hash together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

impl SignatureAlgorithm {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::EcdsaSha256, Self::EcdsaSha384, Self::Ed25519, Self::RsaSha256, Self::RsaSha384, Self::RsaSha512];

    /// The `AlgorithmIdentifier` in DER. RSA carries the NULL parameters that RFC 4055 asks for, the others none.
    pub const fn identifier(self) -> &'static [u8] {
        match self {
            Self::EcdsaSha256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            Self::EcdsaSha384 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
            Self::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
            Self::RsaSha256 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
            Self::RsaSha384 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00",
            Self::RsaSha512 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
        }
    }

    /// The algorithm of an `AlgorithmIdentifier` in DER, if it is one of these. RSA may lack its NULL parameters, which
    /// RFC 4055 (2.1) wants readers to accept.
    pub fn from_identifier(der: &[u8]) -> Option<Self> {
        const RSA_WITHOUT_PARAMETERS: &[u8] = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01";
        match der {
            [head @ .., hash] if head == RSA_WITHOUT_PARAMETERS => match hash {
                0x0b => Some(Self::RsaSha256),
                0x0c => Some(Self::RsaSha384),
                0x0d => Some(Self::RsaSha512),
                _ => None,
            },
            _ => Self::ALL.iter().copied().find(|algorithm| algorithm.identifier() == der),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_algorithm_has_one_name_everywhere() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
            assert_eq!(algorithm.name().parse::<KeyAlgorithm>().unwrap(), *algorithm);
        }
    }
}

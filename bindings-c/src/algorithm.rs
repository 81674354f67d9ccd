//! Algorithms of keys and signatures.

use tegata::{KeyAlgorithm, SignatureAlgorithm};

use crate::number::same_variants;

/// Kinds of keys.
#[repr(C)]
pub enum tegata_key_algorithm {
    /// ECDSA on P-256.
    EcdsaP256 = 1,
    /// ECDSA on P-384.
    EcdsaP384 = 2,
    /// Ed25519.
    Ed25519 = 3,
    /// RSA, 2048 bits.
    Rsa2048 = 4,
    /// RSA, 3072 bits.
    Rsa3072 = 5,
    /// RSA, 4096 bits.
    Rsa4096 = 6,
}
same_variants!(tegata_key_algorithm = KeyAlgorithm { EcdsaP256, EcdsaP384, Ed25519, Rsa2048, Rsa3072, Rsa4096 });

/// Ways to sign.
#[repr(C)]
pub enum tegata_signature_algorithm {
    /// ECDSA with SHA-256.
    EcdsaSha256 = 1,
    /// ECDSA with SHA-384.
    EcdsaSha384 = 2,
    /// Ed25519.
    Ed25519 = 3,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256 = 4,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaSha384 = 5,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaSha512 = 6,
}
same_variants!(
    tegata_signature_algorithm =
        SignatureAlgorithm { EcdsaSha256, EcdsaSha384, Ed25519, RsaSha256, RsaSha384, RsaSha512 }
);

/// Why a certificate was revoked (RFC 5280, 5.3.1). The numbers are not those of the RFC, since 0 stands for none here.
#[repr(C)]
pub enum tegata_revocation_reason {
    /// No reason given.
    Unspecified = 1,
    /// Its private key is known to others.
    KeyCompromise = 2,
    /// Its issuer's private key is known to others.
    CaCompromise = 3,
    /// The subject's name or other information changed.
    AffiliationChanged = 4,
    /// Another certificate replaced it.
    Superseded = 5,
    /// It is not needed any more.
    CessationOfOperation = 6,
    /// It is on hold.
    CertificateHold = 7,
    /// In a delta CRL: its hold was lifted.
    RemoveFromCrl = 8,
    /// A privilege in it was withdrawn.
    PrivilegeWithdrawn = 9,
    /// An attribute authority's key is known to others.
    AaCompromise = 10,
}
same_variants!(
    tegata_revocation_reason = tegata::RevocationReason {
        Unspecified,
        KeyCompromise,
        CaCompromise,
        AffiliationChanged,
        Superseded,
        CessationOfOperation,
        CertificateHold,
        RemoveFromCrl,
        PrivilegeWithdrawn,
        AaCompromise
    }
);

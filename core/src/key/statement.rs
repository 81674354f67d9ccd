//! What a key signs to show that somebody has it: never bare bytes that somebody else chose.
//!
//! A signature made for one purpose must not serve another. So each purpose has a prefix of its own, and a challenge
//! from a hostile verifier can never be a statement about a former key.

/// What a proof of possession is about.
///
/// ```
/// use tegata::{KeyAlgorithm, Signer, Statement, make_key};
/// let key = make_key(KeyAlgorithm::EcdsaP256)?;
/// let challenge = b"32 fresh random octets";
/// let signature = key.sign(&Statement::Challenge.message(challenge))?;
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Statement {
    /// "I answer this challenge": content is the challenge, as in [`Proof::Signature`](crate::Proof).
    Challenge,
    /// "I am the former key of the unit that makes this request": content is the DER of the CSR, as in
    /// [`Enroll::former_key_signature`](crate::Enroll).
    FormerKey,
    /// "I am the product credential that this request comes with": content is the DER of the CSR, as in
    /// [`Enroll::credential_signature`](crate::Enroll).
    ProductCredential,
}

impl Statement {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Challenge => b"tegata challenge\0",
            Self::FormerKey => b"tegata former key\0",
            Self::ProductCredential => b"tegata product credential\0",
        }
    }

    /// What the key signs: a prefix that names the purpose, a zero octet, and `content`.
    pub fn message(self, content: &[u8]) -> Vec<u8> {
        [self.prefix(), content].concat()
    }
}

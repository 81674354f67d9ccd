//! Encryption with a password, as PKCS#12 does it: PBES2 (RFC 8018, 6.2) and the older way of its own (RFC 7292, C).

use std::num::NonZeroU32;

use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
    block_padding::Pkcs7,
};
use ring::{digest, pbkdf2};
use zeroize::Zeroizing;

use crate::der::{Malformed, Reader, Writer, tag};

mod id {
    pub(super) const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    pub(super) const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
    pub(super) const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
    pub(super) const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
    pub(super) const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
    pub(super) const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
    pub(super) const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
    pub(super) const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
    pub(super) const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    pub(super) const SHA1_3DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
    pub(super) const SHA1_RC2_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06";
}

/// A password in the two forms that the two ways take it.
pub(super) struct Password {
    utf8: Zeroizing<Vec<u8>>,
    /// Big-endian UTF-16 with a closing zero (RFC 7292, B.1).
    pub(super) bmp: Zeroizing<Vec<u8>>,
}

impl Password {
    pub(super) fn new(text: &str) -> Self {
        let mut bmp = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        text.encode_utf16().for_each(|unit| bmp.extend_from_slice(&unit.to_be_bytes()));
        bmp.extend_from_slice(&[0, 0]);
        Self { utf8: Zeroizing::new(text.as_bytes().to_vec()), bmp }
    }
}

/// What a derived octet string is for (RFC 7292, B.3).
#[derive(Clone, Copy)]
pub(super) enum Use {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// The key derivation of PKCS#12 (RFC 7292, B.2).
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    password: &Password,
    salt: &[u8],
    purpose: Use,
    iterations: u32,
    len: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let fill = |bytes: &[u8]| {
        let len = bytes.len().div_ceil(block) * block;
        bytes.iter().copied().cycle().take(len).collect::<Vec<u8>>()
    };
    let mut input = Zeroizing::new(fill(salt));
    input.extend_from_slice(&Zeroizing::new(fill(&password.bmp)));
    let diversifier = vec![purpose as u8; block];
    let mut out = Zeroizing::new(Vec::with_capacity(len + hash.output_len()));
    while out.len() < len {
        let mut context = digest::Context::new(hash);
        context.update(&diversifier);
        context.update(&input);
        let mut hashed = context.finish();
        for _ in 1..iterations {
            hashed = digest::digest(hash, hashed.as_ref());
        }
        out.extend_from_slice(hashed.as_ref());
        let addend: Vec<u8> = hashed.as_ref().iter().copied().cycle().take(block).collect();
        for place in input.chunks_exact_mut(block) {
            // place += addend + 1, a big-endian number that wraps.
            let mut carry = 1u16;
            for (octet, add) in place.iter_mut().rev().zip(addend.iter().rev()) {
                carry += u16::from(*octet) + u16::from(*add);
                let [high, low] = carry.to_be_bytes();
                *octet = low;
                carry = u16::from(high);
            }
        }
    }
    out.truncate(len);
    out
}

/// How something is encrypted: all but the password.
pub(super) enum Scheme {
    Pbes2 { prf: pbkdf2::Algorithm, salt: Vec<u8>, iterations: NonZeroU32, key_len: usize, iv: [u8; 16] },
    TripleDes { salt: Vec<u8>, iterations: NonZeroU32 },
    Rc2 { salt: Vec<u8>, iterations: NonZeroU32 },
}

/// Why it did not work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    /// The parameters are broken.
    Malformed,
    /// An algorithm is not known here.
    Unsupported,
    /// The result does not look right: another password, or damaged.
    Decryption,
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// An iteration count from the content of its INTEGER.
pub(super) fn iterations(count: &[u8]) -> Result<NonZeroU32, Malformed> {
    let count = match count {
        [0x80..=0xff, ..] => None,
        _ => count.iter().try_fold(0u32, |n, &octet| n.checked_mul(256)?.checked_add(octet.into())),
    };
    count.and_then(NonZeroU32::new).ok_or(Malformed)
}

impl Scheme {
    /// Reads an `AlgorithmIdentifier`, its content.
    pub(super) fn read(mut fields: Reader<'_>) -> Result<Self, Failure> {
        let oid = fields.expect(tag::OID)?;
        let mut parameters = fields.sequence()?;
        fields.end()?;
        if oid == id::PBES2 {
            return Self::read_pbes2(parameters);
        }
        let salt = parameters.expect(tag::OCTET_STRING)?.to_vec();
        let iterations = iterations(parameters.integer()?)?;
        parameters.end()?;
        match oid {
            id::SHA1_3DES => Ok(Self::TripleDes { salt, iterations }),
            id::SHA1_RC2_40 => Ok(Self::Rc2 { salt, iterations }),
            _ => Err(Failure::Unsupported),
        }
    }

    fn read_pbes2(mut parameters: Reader<'_>) -> Result<Self, Failure> {
        let mut kdf = parameters.sequence()?;
        let mut cipher = parameters.sequence()?;
        parameters.end()?;
        if kdf.expect(tag::OID)? != id::PBKDF2 {
            return Err(Failure::Unsupported);
        }
        let mut kdf = kdf.sequence()?;
        let salt = kdf.expect(tag::OCTET_STRING)?.to_vec();
        let iterations = iterations(kdf.integer()?)?;
        let stated_len = kdf.optional(tag::INTEGER)?;
        let prf = match kdf.optional(tag::SEQUENCE)? {
            None => pbkdf2::PBKDF2_HMAC_SHA1,
            Some(prf) => match Reader::new(prf).expect(tag::OID)? {
                id::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
                id::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
                id::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
                id::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(Failure::Unsupported),
            },
        };
        let key_len = match cipher.expect(tag::OID)? {
            id::AES_128_CBC => 16,
            id::AES_192_CBC => 24,
            id::AES_256_CBC => 32,
            _ => return Err(Failure::Unsupported),
        };
        if stated_len.is_some_and(|len| len != [key_len]) {
            return Err(Failure::Malformed);
        }
        let iv = cipher.expect(tag::OCTET_STRING)?.try_into().map_err(|_| Failure::Malformed)?;
        Ok(Self::Pbes2 { prf, salt, iterations, key_len: key_len.into(), iv })
    }

    /// Writes the `AlgorithmIdentifier`. Only AES-256 with SHA-256 and Triple DES are written by this library.
    pub(super) fn write(&self, out: &mut Writer) {
        let old = |out: &mut Writer, oid: &[u8], salt: &[u8], iterations: NonZeroU32| {
            out.sequence(|out| {
                out.oid(oid);
                out.sequence(|out| {
                    out.octet_string(salt);
                    out.integer_u64(iterations.get().into());
                });
            });
        };
        match self {
            Self::TripleDes { salt, iterations } => old(out, id::SHA1_3DES, salt, *iterations),
            Self::Rc2 { salt, iterations } => old(out, id::SHA1_RC2_40, salt, *iterations),
            Self::Pbes2 { salt, iterations, iv, .. } => out.sequence(|out| {
                out.oid(id::PBES2);
                out.sequence(|out| {
                    out.sequence(|out| {
                        out.oid(id::PBKDF2);
                        out.sequence(|out| {
                            out.octet_string(salt);
                            out.integer_u64(iterations.get().into());
                            out.sequence(|out| {
                                out.oid(id::HMAC_SHA256);
                                out.tlv(0x05, &[]);
                            });
                        });
                    });
                    out.sequence(|out| {
                        out.oid(id::AES_256_CBC);
                        out.octet_string(iv);
                    });
                });
            }),
        }
    }

    /// How often it hashes, which is what opening it costs.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Pbes2 { iterations, .. } => iterations.get(),
            // Key and initialisation vector are derived one after the other.
            Self::TripleDes { iterations, .. } | Self::Rc2 { iterations, .. } => iterations.get().saturating_mul(2),
        }
    }

    /// Key and initialisation vector.
    fn keys(&self, password: &Password) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
        let old = |salt: &[u8], iterations: NonZeroU32, len| {
            let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
            let key = derive(hash, password, salt, Use::Key, iterations.get(), len);
            (key, derive(hash, password, salt, Use::Iv, iterations.get(), 8))
        };
        match self {
            Self::Pbes2 { prf, salt, iterations, key_len, iv } => {
                let mut key = Zeroizing::new(vec![0; *key_len]);
                pbkdf2::derive(*prf, *iterations, salt, &password.utf8, &mut key);
                (key, Zeroizing::new(iv.to_vec()))
            }
            Self::TripleDes { salt, iterations } => old(salt, *iterations, 24),
            Self::Rc2 { salt, iterations } => old(salt, *iterations, 5),
        }
    }

    pub(super) fn encrypt(&self, password: &Password, plain: &[u8]) -> Result<Vec<u8>, Failure> {
        let (key, iv) = self.keys(password);
        match (self, key.len()) {
            (Self::TripleDes { .. }, _) => encrypt::<des::TdesEde3>(&key, &iv, plain),
            (Self::Pbes2 { .. }, 32) => encrypt::<aes::Aes256>(&key, &iv, plain),
            _ => Err(Failure::Unsupported),
        }
    }

    pub(super) fn decrypt(&self, password: &Password, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let (key, iv) = self.keys(password);
        match (self, key.len()) {
            (Self::TripleDes { .. }, _) => decrypt::<des::TdesEde3>(&key, &iv, secret),
            (Self::Rc2 { .. }, _) => decrypt::<rc2::Rc2>(&key, &iv, secret),
            (Self::Pbes2 { .. }, 16) => decrypt::<aes::Aes128>(&key, &iv, secret),
            (Self::Pbes2 { .. }, 24) => decrypt::<aes::Aes192>(&key, &iv, secret),
            (Self::Pbes2 { .. }, _) => decrypt::<aes::Aes256>(&key, &iv, secret),
        }
    }
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], iv: &[u8], plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| Failure::Malformed)?;
    Ok(cipher.encrypt_padded_vec::<Pkcs7>(plain))
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    secret: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| Failure::Malformed)?;
    cipher.decrypt_padded_vec::<Pkcs7>(secret).map(Zeroizing::new).map_err(|_| Failure::Decryption)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that Bouncy Castle and the Go library share (PKCS12 v1.0, `smeg` and `queeg`).
    #[test]
    fn keys_are_derived_as_others_do() {
        let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap_or_default();
        let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        for (password, salt, purpose, count, expected) in [
            ("smeg", "0A58CF64530D823F", Use::Key, 1, "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3"),
            ("smeg", "0A58CF64530D823F", Use::Iv, 1, "79993DFE048D3B76"),
            ("smeg", "642B99AB44FB4B1F", Use::Key, 1, "F3A95FEC48D7711E985CFE67908C5AB79FA3D7C5CAA5D966"),
            ("smeg", "3D83C0E4546AC140", Use::Mac, 1, "8D967D88F6CAA9D714800AB3D48051D63F73A312"),
            ("queeg", "05DEC959ACFF72F7", Use::Key, 1000, "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4"),
            ("queeg", "05DEC959ACFF72F7", Use::Iv, 1000, "11DEDAD7758D4860"),
        ] {
            let expected = hex(expected);
            let derived = derive(sha1, &Password::new(password), &hex(salt), purpose, count, expected.len());
            assert_eq!(*derived, expected, "{password}");
        }
    }
}

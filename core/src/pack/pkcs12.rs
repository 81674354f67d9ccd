//! PKCS#12 (RFC 7292): a key, its certificate and the chain in one file under a password (`.p12`, `.pfx`).
//!
//! Written here over the cipher crates rather than with p12-keystore, which needs pre-release versions of `cms` and
//! `pkcs12`, draws its own random numbers, and leaves decrypted keys in memory.

use std::num::NonZeroU32;

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::pbe::{Failure, Password, Scheme, Use, derive, iterations};
use crate::der::{Malformed, Reader, Writer, tag};
use crate::env::{Random, draw};
use crate::error::{CertificateError, Error};
use crate::key::{PrivateKey, Signer};
use crate::secret::Secret;
use crate::x509::Certificate;

mod id {
    pub(super) const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    pub(super) const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
    pub(super) const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
    pub(super) const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";
    pub(super) const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
    pub(super) const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
    pub(super) const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
    pub(super) const CERT_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
    pub(super) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
    pub(super) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    pub(super) const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    pub(super) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
}

/// For whom a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pkcs12Target {
    /// AES-256 and SHA-256: everything of the last years, among it OpenSSL 1.1 and 3, Java, Windows 10, Android 12.
    #[default]
    Modern,
    /// Triple DES and SHA-1: older Windows, Apple and Android; everything newer opens it as well.
    Legacy,
}

/// What goes into a file.
#[derive(Clone, Copy, Debug)]
pub struct Pkcs12Bundle<'a> {
    /// The private key.
    pub key: &'a PrivateKey,
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// The CA certificates, nearest first; with the root, if the receiver shall trust it.
    pub chain: &'a [Certificate],
    /// What the receiver's list of certificates shows; also Java's alias.
    pub friendly_name: &'a str,
}

/// What was in a file.
#[derive(Debug)]
pub struct Pkcs12 {
    /// The private key.
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Certificate,
    /// All other certificates, in the order of the file.
    pub chain: Vec<Certificate>,
    /// The name of the key or its certificate, if it has one.
    pub friendly_name: Option<String>,
}

/// The largest file that is read, in octets.
const MAX: usize = 1024 * 1024;
/// Guessing a password takes this many hashes a try; 100,000 take a device some tenths of a second.
const MODERN_ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
/// The receivers are old, and slow.
const LEGACY_ITERATIONS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();
/// How many hashes reading may take in all, so that a hostile file cannot keep the reader busy.
const MAX_ITERATIONS: u32 = 3_000_000;

fn refused(reason: &str) -> Error {
    CertificateError::Pkcs12 { reason: reason.to_owned() }.into()
}

fn broken(_: Malformed) -> Error {
    refused("it is broken, or not in DER (`openssl pkcs12` reads and writes it anew)")
}

fn failed(failure: Failure) -> Error {
    match failure {
        Failure::Malformed => broken(Malformed),
        Failure::Unsupported => refused("it is encrypted with an algorithm that is not known here"),
        Failure::Decryption => CertificateError::Pkcs12Password.into(),
    }
}

/// Whether `key` is the one in `certificate`.
pub(super) fn check_pair(key: &PrivateKey, certificate: &Certificate) -> Result<(), Error> {
    if key.public_key().spki() == certificate.spki() { Ok(()) } else { Err(CertificateError::KeyMismatch.into()) }
}

impl Pkcs12Bundle<'_> {
    /// The file.
    ///
    /// # Errors
    /// `certificate.password_not_ascii` for a password with other characters, on whose encoding readers disagree;
    /// `input.invalid` for an empty one or a friendly name beyond 255 characters; `certificate.key_mismatch`.
    pub fn write(
        &self,
        password: &Secret<String>,
        target: Pkcs12Target,
        random: &dyn Random,
    ) -> Result<Secret<Vec<u8>>, Error> {
        let text = password.expose();
        if text.is_empty() {
            return Err(Error::input("the PKCS#12 password", "is empty; a file that holds a private key needs one"));
        }
        if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(CertificateError::PasswordNotAscii.into());
        }
        // BMPString knows no characters outside the basic plane.
        if self.friendly_name.chars().count() > 255 || self.friendly_name.chars().any(|c| c > '\u{ffff}') {
            return Err(Error::input("the friendly name", "is longer than 255 characters or holds an emoji"));
        }
        check_pair(self.key, self.certificate)?;
        let password = Password::new(text);
        let key_id = self.certificate.fingerprint_sha256();
        let key_id = key_id.get(..20).unwrap_or_default();

        let scheme = scheme(target, random)?;
        let secret = scheme.encrypt(&password, self.key.to_pkcs8_der().expose()).map_err(failed)?;
        let mut keys = Writer::with_capacity(secret.len() + 256);
        keys.sequence(|out| {
            bag(out, id::SHROUDED_KEY_BAG, Some((self.friendly_name, key_id)), |out| {
                out.sequence(|out| {
                    scheme.write(out);
                    out.octet_string(&secret);
                });
            });
        });

        let mut certificates = Writer::with_capacity(4096);
        certificates.sequence(|out| {
            certificate_bag(out, self.certificate, Some((self.friendly_name, key_id)));
            self.chain.iter().for_each(|certificate| certificate_bag(out, certificate, None));
        });
        let scheme = self::scheme(target, random)?;
        let secret = scheme.encrypt(&password, &certificates.finish()).map_err(failed)?;

        let mut safe = Writer::with_capacity(secret.len() + 1024);
        safe.sequence(|out| {
            out.sequence(|out| {
                out.oid(id::ENCRYPTED_DATA);
                out.nest(tag::context_constructed(0), |out| {
                    out.sequence(|out| {
                        out.integer(&[0]);
                        out.sequence(|out| {
                            out.oid(id::DATA);
                            scheme.write(out);
                            out.tlv(tag::context(0), &secret);
                        });
                    });
                });
            });
            data(out, &keys.finish());
        });
        let file = seal(&safe.finish(), &password, target, random)?;
        Ok(Secret::new(file))
    }
}

fn scheme(target: Pkcs12Target, random: &dyn Random) -> Result<Scheme, Error> {
    Ok(match target {
        Pkcs12Target::Modern => Scheme::Pbes2 {
            prf: ring::pbkdf2::PBKDF2_HMAC_SHA256,
            salt: draw::<16>(random)?.to_vec(),
            iterations: MODERN_ITERATIONS,
            key_len: 32,
            iv: draw(random)?,
        },
        Pkcs12Target::Legacy => Scheme::TripleDes { salt: draw::<8>(random)?.to_vec(), iterations: LEGACY_ITERATIONS },
    })
}

/// A `ContentInfo` of type data.
fn data(out: &mut Writer, content: &[u8]) {
    out.sequence(|out| {
        out.oid(id::DATA);
        out.nest(tag::context_constructed(0), |out| out.octet_string(content));
    });
}

/// A `SafeBag`; `names` are its friendly name and local key identifier.
fn bag(out: &mut Writer, kind: &[u8], names: Option<(&str, &[u8])>, value: impl FnOnce(&mut Writer)) {
    const BMP_STRING: u8 = 0x1e;
    let attribute = |out: &mut Writer, oid: &[u8], tag: u8, value: &[u8]| {
        out.sequence(|out| {
            out.oid(oid);
            out.nest(tag::SET, |out| out.tlv(tag, value));
        });
    };
    out.sequence(|out| {
        out.oid(kind);
        out.nest(tag::context_constructed(0), value);
        let Some((friendly_name, key_id)) = names else { return };
        let bmp: Vec<u8> = friendly_name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        // DER sorts a SET OF by encoding: here by length, since all begin alike.
        let mut friendly = Writer::default();
        attribute(&mut friendly, id::FRIENDLY_NAME, BMP_STRING, &bmp);
        let mut local = Writer::default();
        attribute(&mut local, id::LOCAL_KEY_ID, tag::OCTET_STRING, key_id);
        let mut attributes = vec![local.finish()];
        if !bmp.is_empty() {
            attributes.push(friendly.finish());
        }
        attributes.sort();
        out.nest(tag::SET, |out| attributes.iter().for_each(|attribute| out.raw(attribute)));
    });
}

fn certificate_bag(out: &mut Writer, certificate: &Certificate, names: Option<(&str, &[u8])>) {
    bag(out, id::CERT_BAG, names, |out| {
        out.sequence(|out| {
            out.oid(id::X509_CERTIFICATE);
            out.nest(tag::context_constructed(0), |out| out.octet_string(certificate.der()));
        });
    });
}

/// The `PFX` around the `AuthenticatedSafe`, with its MAC.
fn seal(safe: &[u8], password: &Password, target: Pkcs12Target, random: &dyn Random) -> Result<Vec<u8>, Error> {
    let (oid, hash, mac, iterations) = match target {
        Pkcs12Target::Modern => (id::SHA256, &digest::SHA256, hmac::HMAC_SHA256, MODERN_ITERATIONS),
        Pkcs12Target::Legacy => {
            let (hash, mac) = (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
            (id::SHA1, hash, mac, LEGACY_ITERATIONS)
        }
    };
    let salt: [u8; 8] = draw(random)?;
    let key = derive(hash, password, &salt, Use::Mac, iterations.get(), hash.output_len());
    let mac = hmac::sign(&hmac::Key::new(mac, &key), safe);
    let mut out = Writer::with_capacity(safe.len() + 256);
    out.sequence(|out| {
        out.integer(&[3]);
        data(out, safe);
        out.sequence(|out| {
            out.sequence(|out| {
                out.sequence(|out| {
                    out.oid(oid);
                    out.tlv(0x05, &[]);
                });
                out.octet_string(mac.as_ref());
            });
            out.octet_string(&salt);
            out.integer_u64(iterations.get().into());
        });
    });
    Ok(out.finish())
}

/// Reads a file that holds one private key and its certificate. Besides what this library writes: AES-128 and -192,
/// SHA-384 and SHA-512, and the 40-bit RC2 of old OpenSSL and Windows.
///
/// # Errors
/// `certificate.pkcs12_password` when it does not open with `password`; `certificate.pkcs12` for anything else that is
/// wrong with the file; the reasons of [`PrivateKey::from_bytes`] and [`Certificate::from_der`] for what is in it;
/// `certificate.key_mismatch` when none of the certificates is the key's.
pub fn read_pkcs12(input: &[u8], password: &Secret<String>) -> Result<Pkcs12, Error> {
    if input.len() > MAX {
        return Err(refused("it is larger than 1 MiB"));
    }
    let mut opening = Opening { password: Password::new(password.expose()), budget: MAX_ITERATIONS };
    let safe = opening.verify(input)?;
    let mut contents = Contents::default();
    let mut infos = Reader::new(safe).sequence().map_err(broken)?;
    while !infos.is_empty() {
        let mut info = infos.sequence().map_err(broken)?;
        let kind = info.expect(tag::OID).map_err(broken)?;
        let value = info.expect(tag::context_constructed(0)).map_err(broken)?;
        match kind {
            id::DATA => {
                let bags = Reader::new(value).expect(tag::OCTET_STRING).map_err(broken)?;
                opening.bags(bags, &mut contents)?;
            }
            id::ENCRYPTED_DATA => {
                let bags = opening.encrypted_data(value)?;
                opening.bags(&bags, &mut contents)?;
            }
            _ => return Err(refused("a part of it is encrypted with a key instead of the password")),
        }
    }
    contents.pair()
}

/// A file being opened: the password, and how many hashes it may still cost.
struct Opening {
    password: Password,
    budget: u32,
}

impl Opening {
    fn spend(&mut self, iterations: u32) -> Result<(), Error> {
        self.budget = self
            .budget
            .checked_sub(iterations)
            .ok_or_else(|| refused("opening it would take more than 3 million hashes"))?;
        Ok(())
    }

    /// Checks the MAC and gives the `AuthenticatedSafe`.
    fn verify<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], Error> {
        let pfx = Pfx::read(input).map_err(broken)?;
        let Some(mac) = pfx.mac else { return Err(refused("it has no MAC, so it may have been altered")) };
        let (hash, algorithm) = match mac.hash {
            id::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            id::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
            id::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
            id::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
            _ => return Err(refused("its MAC is made with an algorithm that is not known here")),
        };
        self.spend(mac.iterations)?;
        let key = derive(hash, &self.password, mac.salt, Use::Mac, mac.iterations, hash.output_len());
        hmac::verify(&hmac::Key::new(algorithm, &key), pfx.safe, mac.value)
            .map_err(|_| CertificateError::Pkcs12Password)?;
        Ok(pfx.safe)
    }

    fn decrypt(&mut self, algorithm: Reader<'_>, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let scheme = Scheme::read(algorithm).map_err(failed)?;
        self.spend(scheme.cost())?;
        scheme.decrypt(&self.password, secret).map_err(failed)
    }

    fn encrypted_data(&mut self, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let read = || -> Result<_, Malformed> {
            let mut fields = Reader::new(value).sequence()?;
            fields.integer()?;
            let mut content = fields.sequence()?;
            if content.expect(tag::OID)? != id::DATA {
                return Err(Malformed);
            }
            Ok((content.sequence()?, content.expect(tag::context(0))?))
        };
        let (algorithm, secret) = read().map_err(broken)?;
        self.decrypt(algorithm, secret)
    }

    fn bags(&mut self, contents: &[u8], out: &mut Contents) -> Result<(), Error> {
        let mut bags = Reader::new(contents).sequence().map_err(broken)?;
        while !bags.is_empty() {
            let bag = Bag::read(bags.sequence().map_err(broken)?).map_err(broken)?;
            match bag.kind {
                id::KEY_BAG => out.keys.push((Zeroizing::new(bag.value.to_vec()), bag.friendly_name)),
                id::SHROUDED_KEY_BAG => {
                    let mut fields = Reader::new(bag.value).sequence().map_err(broken)?;
                    let algorithm = fields.sequence().map_err(broken)?;
                    let secret = fields.expect(tag::OCTET_STRING).map_err(broken)?;
                    out.keys.push((self.decrypt(algorithm, secret)?, bag.friendly_name));
                }
                id::CERT_BAG => {
                    let mut fields = Reader::new(bag.value).sequence().map_err(broken)?;
                    if fields.expect(tag::OID).map_err(broken)? != id::X509_CERTIFICATE {
                        return Err(refused("it holds a certificate that is not X.509"));
                    }
                    let explicit = fields.expect(tag::context_constructed(0)).map_err(broken)?;
                    let der = Reader::new(explicit).expect(tag::OCTET_STRING).map_err(broken)?;
                    out.certificates.push((Certificate::from_der(der)?, bag.friendly_name));
                }
                // CRLs and secrets of other programs.
                _ => {}
            }
        }
        Ok(())
    }
}

/// The outer structure.
struct Pfx<'a> {
    safe: &'a [u8],
    mac: Option<Mac<'a>>,
}

struct Mac<'a> {
    hash: &'a [u8],
    value: &'a [u8],
    salt: &'a [u8],
    iterations: u32,
}

impl<'a> Pfx<'a> {
    fn read(input: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(input);
        let mut pfx = outer.sequence()?;
        outer.end()?;
        if pfx.integer()? != [3] {
            return Err(Malformed);
        }
        let mut content = pfx.sequence()?;
        if content.expect(tag::OID)? != id::DATA {
            return Err(Malformed);
        }
        let safe = Reader::new(content.expect(tag::context_constructed(0))?).expect(tag::OCTET_STRING)?;
        let mac = if pfx.is_empty() { None } else { Some(Mac::read(pfx.sequence()?)?) };
        pfx.end()?;
        Ok(Self { safe, mac })
    }
}

impl<'a> Mac<'a> {
    fn read(mut fields: Reader<'a>) -> Result<Self, Malformed> {
        let mut digest_info = fields.sequence()?;
        let hash = digest_info.sequence()?.expect(tag::OID)?;
        let value = digest_info.expect(tag::OCTET_STRING)?;
        let salt = fields.expect(tag::OCTET_STRING)?;
        let iterations = if fields.is_empty() { 1 } else { iterations(fields.integer()?)?.get() };
        fields.end()?;
        Ok(Self { hash, value, salt, iterations })
    }
}

/// A `SafeBag`, borrowed.
struct Bag<'a> {
    kind: &'a [u8],
    value: &'a [u8],
    friendly_name: Option<String>,
}

impl<'a> Bag<'a> {
    fn read(mut fields: Reader<'a>) -> Result<Self, Malformed> {
        let kind = fields.expect(tag::OID)?;
        let value = fields.expect(tag::context_constructed(0))?;
        let mut attributes = Reader::new(fields.optional(tag::SET)?.unwrap_or_default());
        fields.end()?;
        let mut friendly_name = None;
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let oid = attribute.expect(tag::OID)?;
            let mut values = Reader::new(attribute.expect(tag::SET)?);
            if oid == id::FRIENDLY_NAME && !values.is_empty() {
                let units = values.any()?.content.chunks_exact(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0,
                });
                friendly_name = Some(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect());
            }
        }
        Ok(Self { kind, value, friendly_name })
    }
}

/// What was found, not yet put together.
#[derive(Default)]
struct Contents {
    keys: Vec<(Zeroizing<Vec<u8>>, Option<String>)>,
    certificates: Vec<(Certificate, Option<String>)>,
}

impl Contents {
    /// Finds the certificate of the one key. Local key identifiers are not asked: the key itself cannot lie.
    fn pair(mut self) -> Result<Pkcs12, Error> {
        let (Some((pkcs8, key_name)), true) = (self.keys.pop(), self.keys.is_empty()) else {
            return Err(refused("it does not hold exactly one private key"));
        };
        let mut mismatch = None;
        for place in 0..self.certificates.len() {
            let Some((certificate, _)) = self.certificates.get(place) else { break };
            let Ok(public) = certificate.public_key() else { continue };
            // Java writes EC keys without their public half, so the certificate has to help.
            match PrivateKey::from_bytes_with(&pkcs8, &public) {
                Ok(key) => {
                    let (certificate, name) = self.certificates.remove(place);
                    let chain = self.certificates.into_iter().map(|(certificate, _)| certificate).collect();
                    return Ok(Pkcs12 { key, certificate, chain, friendly_name: key_name.or(name) });
                }
                Err(error) if error.code() != "key.inconsistent" => mismatch = Some(error),
                Err(_) => {}
            }
        }
        Err(mismatch.unwrap_or_else(|| CertificateError::KeyMismatch.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::env::SystemRandom;
    use crate::key::KeyAlgorithm;
    use crate::x509::fixture::{Party, Wish, issue, root};
    use proptest::prelude::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn write(ca: &Party, leaf: &Party, password: &str, target: Pkcs12Target) -> Result<Secret<Vec<u8>>, Error> {
        let bundle = Pkcs12Bundle {
            key: &leaf.key,
            certificate: &leaf.certificate,
            chain: std::slice::from_ref(&ca.certificate),
            friendly_name: "カメラ 1",
        };
        bundle.write(&secret(password), target, &SystemRandom::new())
    }

    #[test]
    fn what_was_written_opens_with_its_password_and_no_other() {
        let ca = root("CN=Root");
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
            let leaf = issue(&ca, Wish { algorithm, ..Wish::default() });
            for target in [Pkcs12Target::Modern, Pkcs12Target::Legacy] {
                let file = write(&ca, &leaf, "pass word~", target).unwrap();
                let read = read_pkcs12(file.expose(), &secret("pass word~")).unwrap();
                assert_eq!(read.key.to_pkcs8_der().expose(), leaf.key.to_pkcs8_der().expose());
                assert_eq!(read.certificate, leaf.certificate);
                assert_eq!(read.chain, std::slice::from_ref(&ca.certificate));
                assert_eq!(read.friendly_name.as_deref(), Some("カメラ 1"));
                let wrong = read_pkcs12(file.expose(), &secret("pass word")).unwrap_err();
                assert_eq!(wrong.code(), "certificate.pkcs12_password");
            }
        }
    }

    #[test]
    fn passwords_that_readers_disagree_on_are_refused() {
        let ca = root("CN=Root");
        let leaf = issue(&ca, Wish::default());
        for (password, code) in [
            ("", "input.invalid"),
            ("pässword", "certificate.password_not_ascii"),
            ("a\tb", "certificate.password_not_ascii"),
        ] {
            assert_eq!(write(&ca, &leaf, password, Pkcs12Target::Modern).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let ca = root("CN=Root");
        let mixed = Party { key: root("CN=Other").key, certificate: issue(&ca, Wish::default()).certificate };
        let error = write(&ca, &mixed, "password", Pkcs12Target::Modern).unwrap_err();
        assert_eq!(error.code(), "certificate.key_mismatch");
    }

    #[test]
    fn a_file_that_would_take_forever_is_refused_at_once() {
        let mut out = Writer::default();
        out.sequence(|out| {
            out.integer(&[3]);
            data(out, &[0x30, 0]);
            out.sequence(|out| {
                out.sequence(|out| {
                    out.sequence(|out| out.oid(id::SHA256));
                    out.octet_string(&[0; 32]);
                });
                out.octet_string(&[0; 8]);
                out.integer_u64(u32::MAX.into());
            });
        });
        let error = read_pkcs12(&out.finish(), &secret("password")).unwrap_err();
        assert!(error.to_string().contains("million"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, place in 0usize..1500, value: u8) {
            static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let mut der = DER.get_or_init(|| {
                let ca = root("CN=Root");
                write(&ca, &issue(&ca, Wish::default()), "password", Pkcs12Target::Legacy).unwrap().expose().clone()
            }).clone();
            if let Some(octet) = der.get_mut(place) {
                *octet = value;
            }
            let _ = (read_pkcs12(&bytes, &secret("password")), read_pkcs12(&der, &secret("password")));
        }
    }
}

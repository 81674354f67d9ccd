//! Sealing: what a secret goes through before a store sees it.
//!
//! AES-256-GCM with a random 96-bit nonce. The associated data names the place (table, key, column), so a sealed
//! value that was copied to another row does not open there. One key seals up to 2^32 values (NIST SP 800-38D, 8.3).
//!
//! ```text
//! 1 octet   format version, 1
//! 4 octets  key ID: tells a wrong key from a damaged value, and old keys from new ones
//! 12        nonce
//! n + 16    ciphertext and tag; version and key ID are authenticated as well
//! ```

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::env::{Random, SystemRandom, draw};
use crate::error::{Error, InternalError, SealError};
use crate::secret::{Sealed, Secret};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;
const TAG: usize = 16;

/// Seals secrets for storage and opens them again. Hosts with a vault or an HSM bring their own.
///
/// An implementation must authenticate `associated`: what was sealed under one must not open under another.
pub trait Sealer: Send + Sync {
    /// Seals `plaintext` for the place that [`associated`] describes.
    ///
    /// # Errors
    /// `seal.failed` for whatever keeps the key out of reach; `internal.random_failed` without randomness.
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error>;

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// `seal.wrong_key` when another key sealed it, `seal.damaged` when it was altered or comes from another place;
    /// `seal.failed` for whatever keeps the key out of reach.
    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error>;

    /// Whether [`seal`](Self::seal) would use the same key today, so that there is no reason to seal this value anew.
    /// [`Registry::reseal`](crate::Registry::reseal) asks. A sealer with one key, or one whose keys change where nobody
    /// sees it, leaves this at `true`.
    ///
    /// # Errors
    /// `seal.failed` for whatever keeps it from telling.
    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool, Error> {
        let _ = (associated, sealed);
        Ok(true)
    }
}

impl<S: Sealer + ?Sized> Sealer for Arc<S> {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error> {
        (**self).seal(associated, plaintext)
    }
    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
        (**self).open(associated, sealed)
    }
    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool, Error> {
        (**self).is_current(associated, sealed)
    }
}

/// The associated data of one column of one row. The table's name is preceded by its length, so that no two places
/// have the same.
pub fn associated(table: &str, key: u64, column: &str) -> Vec<u8> {
    let length = u16::try_from(table.len()).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(2 + table.len() + 8 + column.len());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(table.as_bytes());
    out.extend_from_slice(&key.to_be_bytes());
    out.extend_from_slice(column.as_bytes());
    out
}

/// `table.column` of associated data, for messages. The key is left out: it may be a digest of something personal.
fn place(associated: &[u8]) -> String {
    let read = || {
        let (length, rest) = associated.split_first_chunk::<2>()?;
        let (table, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let column = rest.get(8..)?;
        Some(format!("{}.{}", std::str::from_utf8(table).ok()?, std::str::from_utf8(column).ok()?))
    };
    read().unwrap_or_else(|| "an unnamed place".to_owned())
}

/// Seals with a key in this process's memory, which comes from a file or from the host.
pub struct SoftwareSealer {
    key: LessSafeKey,
    id: [u8; 4],
    random: Arc<dyn Random>,
}

impl SoftwareSealer {
    /// Seals with `key`, which should come from a good generator.
    ///
    /// # Errors
    /// None in practice: every 32 octets are an AES-256 key.
    #[allow(clippy::needless_pass_by_value, reason = "the caller's copy ends here")]
    pub fn from_key(key: Secret<[u8; 32]>) -> Result<Self, Error> {
        let unbound = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| SealError::KeyLength)?;
        // The ID tells nothing about the key and differs for different ones, but for one pair in 2^32.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), b"tegata sealing key id");
        let mut id = [0; 4];
        id.iter_mut().zip(tag.as_ref()).for_each(|(id, octet)| *id = *octet);
        Ok(Self { key: LessSafeKey::new(unbound), id, random: Arc::new(SystemRandom::new()) })
    }

    /// Seals with a new key that exists in this process only: for tests, and for stores in memory.
    ///
    /// # Errors
    /// `internal.random_failed` without randomness.
    pub fn generate() -> Result<Self, Error> {
        Self::from_key(Secret::new(draw::<32>(&SystemRandom::new())?))
    }

    /// Draws nonces from `random` instead of the operating system. Repeated nonces reveal what is sealed.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Reads the key from a file: 64 hexadecimal digits (white space around them is fine) or 32 octets.
    ///
    /// # Errors
    /// `seal.key_file` when the file cannot be read, `seal.key_length` when it holds anything else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let mut content = Zeroizing::new([0_u8; 256]);
        let mut length = 0;
        let mut file = File::open(path).map_err(|e| unusable(&e))?;
        while let Some(rest) = content.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match file.read(rest).map_err(|e| unusable(&e))? {
                0 => break,
                n => length += n,
            }
        }
        let content = content.get(..length).unwrap_or_default();
        let mut key = Zeroizing::new([0_u8; 32]);
        if content.len() == key.len() {
            key.copy_from_slice(content);
        } else {
            let digits = content.trim_ascii();
            if digits.len() != 64 || HEXLOWER_PERMISSIVE.decode_mut(digits, key.as_mut_slice()).is_err() {
                return Err(SealError::KeyLength.into());
            }
        }
        Self::from_key(Secret::new(*key))
    }

    /// Makes a new key, writes it to a file that must not exist yet (64 hexadecimal digits, readable by its owner
    /// only) and seals with it. Whoever loses the file loses every sealed value.
    ///
    /// # Errors
    /// `seal.key_file` when the file exists or cannot be written.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let key = Zeroizing::new(draw::<32>(&SystemRandom::new())?);
        let mut text = Zeroizing::new(HEXLOWER.encode(key.as_slice()));
        text.push('\n');
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|e| unusable(&e))?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
        if let Err(error) = written {
            // A key that may be gone after a power cut must not be used; what was written of it is no use either.
            let _ = std::fs::remove_file(path);
            return Err(unusable(&error));
        }
        Self::from_key(Secret::new(*key))
    }
}

/// Makes the file's name as durable as its content.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

// The path is left out: it may hold a person's name.
fn unusable(error: &std::io::Error) -> Error {
    SealError::KeyFile { reason: error.kind().to_string() }.into()
}

impl fmt::Debug for SoftwareSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareSealer(..)")
    }
}

impl Sealer for SoftwareSealer {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error> {
        let nonce = draw::<NONCE_LEN>(self.random.as_ref())?;
        // The whole buffer is reserved first, so the plaintext is never left behind by a reallocation.
        let mut out = Vec::with_capacity(HEADER + NONCE_LEN + plaintext.len() + TAG);
        out.push(VERSION);
        out.extend_from_slice(&self.id);
        let aad = Aad::from([out.as_slice(), associated].concat());
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plaintext);
        let text = out.get_mut(start..).unwrap_or_default();
        let sealed = self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, text);
        if let Ok(tag) = sealed {
            out.extend_from_slice(tag.as_ref());
            Ok(Sealed::from_bytes(out))
        } else {
            out.zeroize();
            Err(InternalError::Defect { what: "a secret too long to seal".to_owned() }.into())
        }
    }

    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
        let damaged = || Error::from(SealError::Damaged { at: place(associated) });
        let (header, rest) = sealed.as_bytes().split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let [version, id @ ..] = header;
        if *version != VERSION || rest.len() < TAG {
            return Err(damaged());
        }
        if *id != self.id {
            return Err(SealError::WrongKey.into());
        }
        let aad = Aad::from([header.as_slice(), associated].concat());
        let mut text = Zeroizing::new(rest.to_vec());
        self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text).map_err(|_| damaged())?;
        text.truncate(rest.len() - TAG);
        Ok(Secret::new(std::mem::take(&mut *text)))
    }

    /// By the key ID; whether the rest is sound shows when it is opened.
    fn is_current(&self, _: &[u8], sealed: &Sealed) -> Result<bool, Error> {
        let header = sealed.as_bytes().first_chunk::<HEADER>();
        Ok(header.is_some_and(|[version, id @ ..]| *version == VERSION && *id == self.id))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealer(octet: u8) -> SoftwareSealer {
        SoftwareSealer::from_key(Secret::new([octet; 32])).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_where_it_was_sealed(key: u64, text: Vec<u8>) {
            let place = associated("psk", key, "secret");
            let sealed = sealer(1).seal(&place, &text).unwrap();
            prop_assert_eq!(sealed.as_bytes().len(), text.len() + 33);
            let opened = sealer(1).open(&place, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &text);
        }

        #[test]
        fn one_flipped_bit_is_noticed(at: prop::sample::Index, bit in 0_u8..8) {
            let place = associated("psk", 7, "secret");
            let mut bytes = sealer(1).seal(&place, b"correct horse").unwrap().as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let code = sealer(1).open(&place, &Sealed::from_bytes(bytes)).unwrap_err().code();
            prop_assert_eq!(code, if (1..5).contains(&at) { "seal.wrong_key" } else { "seal.damaged" });
        }

        #[test]
        fn no_two_places_have_the_same_associated_data(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}", d in "[ab]{0,3}", k: u64, l: u64) {
            prop_assert_eq!(associated(&a, k, &b) == associated(&c, l, &d), (a, k, b) == (c, l, d));
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes: Vec<u8>, place: Vec<u8>) {
            prop_assert!(sealer(1).open(&place, &Sealed::from_bytes(bytes)).is_err());
        }
    }

    #[test]
    fn a_value_moved_to_another_row_or_column_does_not_open() {
        let sealed = sealer(1).seal(&associated("psk", 7, "secret"), b"x").unwrap();
        for elsewhere in [associated("psk", 8, "secret"), associated("psk", 7, "other"), associated("key", 7, "secret")]
        {
            let error = sealer(1).open(&elsewhere, &sealed).unwrap_err();
            assert_eq!(error.code(), "seal.damaged");
        }
        let error = sealer(1).open(&associated("psk", 8, "secret"), &sealed).unwrap_err();
        assert!(error.to_string().contains("psk.secret"), "{error}");
    }

    #[test]
    fn another_key_is_told_from_damage() {
        let place = associated("psk", 7, "secret");
        let sealed = sealer(1).seal(&place, b"x").unwrap();
        assert_eq!(sealer(2).open(&place, &sealed).unwrap_err().code(), "seal.wrong_key");
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let place = associated("psk", 7, "secret");
        assert_ne!(sealer(1).seal(&place, b"x").unwrap(), sealer(1).seal(&place, b"x").unwrap());
    }

    #[test]
    fn nothing_is_sealed_without_randomness() {
        struct Dry;
        impl Random for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
                Err(InternalError::RandomFailed { reason: "none".to_owned() }.into())
            }
        }
        let error = sealer(1).with_random(Arc::new(Dry)).seal(b"", b"x").unwrap_err();
        assert_eq!(error.code(), "internal.random_failed");
    }

    #[test]
    fn a_key_file_is_made_once_for_its_owner_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sealing.key");
        let made = SoftwareSealer::create_file(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let before = std::fs::read(&path).unwrap();
        let error = SoftwareSealer::create_file(&path).unwrap_err();
        assert_eq!(error.code(), "seal.key_file");
        assert!(!error.to_string().contains("sealing.key"));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let sealed = made.seal(b"here", b"x").unwrap();
        assert_eq!(SoftwareSealer::from_file(&path).unwrap().open(b"here", &sealed).unwrap().expose(), b"x");
    }

    #[test]
    fn key_files_hold_hex_or_raw_octets_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let sealed = sealer(0xab).seal(b"here", b"x").unwrap();
        let hex = "aB".repeat(32);
        for good in [[0xab; 32].to_vec(), hex.clone().into_bytes(), format!(" {hex}\r\n").into_bytes()] {
            std::fs::write(&path, good).unwrap();
            assert!(SoftwareSealer::from_file(&path).unwrap().open(b"here", &sealed).is_ok());
        }
        for bad in [vec![], vec![0; 31], vec![0; 33], vec![b'g'; 64], vec![b'a'; 65], vec![b'a'; 1000]] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(SoftwareSealer::from_file(&path).unwrap_err().code(), "seal.key_length");
        }
        assert_eq!(SoftwareSealer::from_file(dir.path().join("none")).unwrap_err().code(), "seal.key_file");
        assert_eq!(SoftwareSealer::from_file(dir.path()).unwrap_err().code(), "seal.key_file");
    }
}

//! Typed identifiers. Inside, every record has an ordered 64-bit number; the world sees an encryption of it.
//!
//! One AES-128 block holds `number || kind`, so a token is unique by construction, tells nothing about order or
//! count, and decrypts back to its number: looking one up needs no index on a random column. A token that was not
//! made by this registry for this kind of record decrypts to the wrong kind and is refused without a query.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use data_encoding::{Encoding, Specification};

use crate::error::{Error, InputError};

/// What kind of record an [`Id`] names.
pub trait Entity {
    /// The kind's name in messages, such as `device`.
    const NAME: &'static str;
    /// Distinguishes tokens of different kinds; never reused.
    const TAG: u64;
}

macro_rules! entities {
    ($( $(#[$meta:meta])* $marker:ident, $alias:ident, $name:literal, $tag:literal; )*) => {
        $(
            #[doc = concat!("Marks the identifiers of kind `", $name, "`.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $marker;
            impl Entity for $marker {
                const NAME: &'static str = $name;
                const TAG: u64 = $tag;
            }
            $(#[$meta])*
            pub type $alias = Id<$marker>;
        )*
    };
}

entities! {
    /// Names one generation of an authority.
    AuthorityKind, AuthorityId, "authority", 1;
    /// Names one version of a profile.
    ProfileKind, ProfileId, "profile", 2;
    /// Names a product.
    ProductKind, ProductId, "product", 3;
    /// Names a device; never reused (NEC-31).
    DeviceKind, DeviceId, "device", 4;
    /// Names a group.
    GroupKind, GroupId, "group", 5;
    /// Names a certificate, from its request on.
    CertificateKind, CertificateId, "certificate", 6;
    /// Names an event.
    EventKind, EventId, "event", 7;
    /// Names a pre-shared key.
    PskKind, PskId, "PSK", 8;
    /// Names a symmetric key through all its versions.
    SymmetricKeyKind, KeyId, "key", 9;
    /// Names a campaign.
    CampaignKind, CampaignId, "campaign", 10;
    /// Names a client of the host's API.
    ClientKind, ClientId, "client", 11;
}

/// An opaque identifier: 16 octets, written as 26 lower-case letters and digits.
///
/// ```
/// use tegata::DeviceId;
/// assert!("not an id".parse::<DeviceId>().is_err());
/// let id: DeviceId = "aaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// assert_eq!(id.to_string().len(), 26);
/// # Ok::<(), tegata::Error>(())
/// ```
pub struct Id<K>([u8; 16], PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// From the 16 octets that [`as_bytes`](Self::as_bytes) gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes, PhantomData)
    }

    /// The 16 octets.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// RFC 4648 base32 in lower case without padding: safe in names, files and addresses.
pub(crate) fn base32() -> &'static Encoding {
    static ENCODING: std::sync::OnceLock<Encoding> = std::sync::OnceLock::new();
    ENCODING.get_or_init(|| {
        let mut specification = Specification::new();
        specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
        // The alphabet is a constant with 32 distinct symbols, so this cannot fail; RFC 4648's own serves otherwise.
        specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
    })
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32().encode(&self.0))
    }
}

impl<K: Entity> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", K::NAME)
    }
}

impl<K: Entity> FromStr for Id<K> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        base32()
            .decode(text.to_ascii_lowercase().as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .map(Self::from_bytes)
            .ok_or_else(|| Error::input(K::NAME, "is not an ID: 26 letters a-z and digits 2-7"))
    }
}

/// Tells page cursors from identifiers.
const CURSOR_TAG: u64 = u64::MAX;

/// Tells the identities of pre-shared keys from identifiers, in the 32 bits above the key's version.
const IDENTITY_TAG: u64 = 0x7073_6b69;

/// Whose an identity is that this registry made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The ID of the device with this number.
    Device(u64),
    /// Made for the pre-shared key in this row. Which rotation of it, the row says, which must carry this very identity.
    Psk(u64),
}

/// A keyed permutation of 128-bit blocks: numbers in, unpredictable unique tokens out, and back.
pub struct NumberCipher(Aes128);

impl NumberCipher {
    /// A permutation under `key`.
    pub fn new(key: &[u8; 16]) -> Self {
        Self(Aes128::new(&(*key).into()))
    }

    fn encrypt(&self, high: u64, low: u64) -> [u8; 16] {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&high.to_be_bytes());
        block[8..].copy_from_slice(&low.to_be_bytes());
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    fn decrypt(&self, token: [u8; 16]) -> (u64, u64) {
        let mut block = token.into();
        self.0.decrypt_block(&mut block);
        let block = u128::from_be_bytes(block.into());
        // Truncation is the point: the two halves of the block.
        #[allow(clippy::cast_possible_truncation)]
        ((block >> 64) as u64, block as u64)
    }

    /// The identifier of record `number`.
    pub fn id<K: Entity>(&self, number: u64) -> Id<K> {
        Id::from_bytes(self.encrypt(number, K::TAG))
    }

    /// The record number in `id`.
    ///
    /// # Errors
    /// `input.unknown_id` when this registry did not make `id` for this kind of record.
    pub fn number<K: Entity>(&self, id: Id<K>) -> Result<u64, Error> {
        match self.decrypt(id.0) {
            (number, tag) if tag == K::TAG => Ok(number),
            _ => Err(InputError::UnknownId { what: K::NAME }.into()),
        }
    }

    /// A record number that is to be shown but not to be understood, such as where a page of the list
    /// with the digest `list` ended.
    pub(crate) fn cursor_block(&self, number: u64, list: u64) -> [u8; 16] {
        self.encrypt(number, CURSOR_TAG ^ list)
    }

    /// Back from [`cursor_block`](Self::cursor_block); `None` for what this registry did not make,
    /// or made for another list.
    pub(crate) fn open_cursor_block(&self, block: [u8; 16], list: u64) -> Option<u64> {
        let (number, tag) = self.decrypt(block);
        (tag == CURSOR_TAG ^ list).then_some(number)
    }

    /// An identity for version `version` of the pre-shared key with this number, written as identifiers are. Those of
    /// two versions have nothing in common.
    pub(crate) fn identity(&self, number: u64, version: u32) -> String {
        base32().encode(&self.encrypt(number, (IDENTITY_TAG << 32) | u64::from(version)))
    }

    /// Whose identity `text` is; `None` for what this registry did not make.
    pub(crate) fn open_identity(&self, text: &str) -> Option<Identity> {
        let bytes = (text.len() == 26).then(|| base32().decode(text.as_bytes()).ok()).flatten()?;
        match self.decrypt(bytes.try_into().ok()?) {
            (number, DeviceKind::TAG) => Some(Identity::Device(number)),
            (number, low) if low >> 32 == IDENTITY_TAG => Some(Identity::Psk(number)),
            _ => None,
        }
    }

    /// A certificate serial number for record `number`: 16 octets, positive, minimal (RFC 5280, 4.1.2.2).
    ///
    /// About one block in two has a clear top bit and a first octet above zero; `seed` (64 random bits) counts up
    /// until one does, so the result depends on nothing but the arguments.
    pub fn serial(&self, number: u64, seed: u64) -> Serial {
        let mut low = seed;
        loop {
            let block = self.encrypt(number, low);
            if (1..0x80).contains(&block[0]) {
                return Serial(block);
            }
            low = low.wrapping_add(1);
        }
    }

    /// The record number that `serial` would have if this permutation made it. Whether it did is for the record to
    /// say, which must carry this very serial.
    pub fn serial_number(&self, serial: Serial) -> u64 {
        self.decrypt(serial.0).0
    }
}

impl fmt::Debug for NumberCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumberCipher(..)")
    }
}

/// A serial number made by this library: 16 octets, the content of a positive DER INTEGER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serial([u8; 16]);

impl Serial {
    /// The octets, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From the octets of a certificate's serial number; `None` when this library cannot have made it.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 16] = bytes.try_into().ok()?;
        (1..0x80).contains(&bytes[0]).then_some(Self(bytes))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXUPPER.encode(&self.0))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_come_back_as_their_number_and_only_as_their_kind(key: [u8; 16], number: u64) {
            let cipher = NumberCipher::new(&key);
            let id: DeviceId = cipher.id(number);
            let text: DeviceId = id.to_string().parse().unwrap();
            prop_assert_eq!(cipher.number(text).unwrap(), number);
            let other = GroupId::from_bytes(*id.as_bytes());
            prop_assert_eq!(cipher.number(other).unwrap_err().code(), "input.unknown_id");
        }

        #[test]
        fn identities_lead_to_their_key_and_share_nothing_between_versions(key: [u8; 16], number: u64, version: u32) {
            let cipher = NumberCipher::new(&key);
            let identity = cipher.identity(number, version);
            prop_assert_eq!(cipher.open_identity(&identity), Some(Identity::Psk(number)));
            prop_assert_ne!(&identity, &cipher.identity(number, version.wrapping_add(1)));
            prop_assert!(cipher.number(identity.parse::<DeviceId>().unwrap()).is_err());
            let device: DeviceId = cipher.id(number);
            prop_assert_eq!(cipher.open_identity(&device.to_string()), Some(Identity::Device(number)));
            let group: GroupId = cipher.id(number);
            prop_assert_eq!(cipher.open_identity(&group.to_string()), None);
        }

        #[test]
        fn no_text_is_more_than_an_identity_or_none(key: [u8; 16], text: String) {
            let _ = NumberCipher::new(&key).open_identity(&text);
        }

        #[test]
        fn serials_are_positive_minimal_and_come_back(key: [u8; 16], number: u64, seed: u64) {
            let cipher = NumberCipher::new(&key);
            let serial = cipher.serial(number, seed);
            prop_assert!((1..0x80).contains(&serial.as_bytes()[0]));
            prop_assert_eq!(cipher.serial_number(serial), number);
            prop_assert_eq!(Serial::from_bytes(serial.as_bytes()), Some(serial));
        }
    }
}

//! A key with its secret: what issuing, rotating and reading answer with.

use data_encoding::HEXLOWER;

use super::secret::Place;
use crate::Result;
use crate::error::{InputError, PskError};
use crate::id::{Entity, PskKind as PskEntity};
use crate::model::{Psk, PskKind};
use crate::registry::Inner;
use crate::secret::Secret;

/// A pre-shared key and its secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedPsk {
    /// The key's record.
    pub psk: Psk,
    /// The secret, as the device shows it; `None` when a request that made a verify-only key is repeated, since nobody
    /// knows its secret any more: rotate the key then.
    pub secret: Option<Secret<Vec<u8>>>,
}

impl IssuedPsk {
    /// The secret's octets, if it is here.
    pub fn octets(&self) -> Option<&[u8]> {
        self.secret.as_ref().map(|secret| secret.expose().as_slice())
    }

    /// The secret as text, if it is here and is printable text.
    pub fn password(&self) -> Option<&str> {
        Self::password_in(self.octets()?)
    }

    /// [`password`](Self::password) of a secret that stands alone, for bindings whose records are plain values.
    pub fn password_in(octets: &[u8]) -> Option<&str> {
        let text = std::str::from_utf8(octets).ok()?;
        (!text.chars().any(char::is_control)).then_some(text)
    }

    /// The secret in hexadecimal, as the configurations of TLS servers have it, if it is here.
    pub fn hex(&self) -> Option<Secret<String>> {
        self.octets().map(Self::hex_of)
    }

    /// [`hex`](Self::hex) of a secret that stands alone, for bindings whose records are plain values.
    pub fn hex_of(octets: &[u8]) -> Secret<String> {
        Secret::new(HEXLOWER.encode(octets))
    }
}

/// Where the version stands in what a request ID leads to. Row numbers end below 2^49; of the version that is left, 14 bits
/// are enough to notice a rotation.
const VERSION_AT: u32 = 49;

impl Inner {
    /// What a repeated request leads back to: the row, and which rotation of it.
    pub(super) fn issue_number(&self, psk: &Psk) -> Result<u64> {
        Ok(self.ids.number(psk.id)? | (version_bits(psk.version) << VERSION_AT))
    }

    /// What a request leads back to that issued the key in this row, where there was none before.
    pub(in crate::registry) const fn first_issue(number: u64) -> u64 {
        number | (version_bits(1) << VERSION_AT)
    }

    /// A key with its current secret.
    pub(super) fn read_psk(&self, psk: &Psk) -> Result<IssuedPsk> {
        match (psk.check_active(), psk.kind) {
            (Err(PskError::Deleted), _) => Err(PskError::Deleted.into()),
            (_, PskKind::VerifyOnly) => Err(PskError::NotReadable.into()),
            _ => Ok(IssuedPsk { secret: self.kept_secret(psk, Place::Current)?, psk: psk.clone() }),
        }
    }

    /// What a repeated request returns: the key with the secret that this very request led to, as far as that is kept.
    pub(in crate::registry) fn repeated_psk(&self, number: u64) -> Result<IssuedPsk> {
        let (row, version) = (number & ((1 << VERSION_AT) - 1), number >> VERSION_AT);
        let psk = self.find_record::<Psk>(row)?.ok_or(InputError::UnknownId { what: PskEntity::NAME })?.record;
        if let Err(PskError::Deleted) = psk.check_active() {
            return Err(PskError::Deleted.into());
        }
        let place = if version == version_bits(psk.version) {
            Place::Current
        } else if version == version_bits(psk.version.saturating_sub(1)) && psk.in_grace(self.now()?) {
            Place::Previous
        } else {
            return Err(PskError::Superseded.into());
        };
        Ok(IssuedPsk { secret: self.kept_secret(&psk, place)?, psk })
    }
}

const fn version_bits(version: u32) -> u64 {
    (version & 0x3fff) as u64
}

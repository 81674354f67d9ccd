//! What is kept of a secret: a keyed tag to check it by and, if it is to be read again, its seal.

use super::lookup::{Found, Which};
use crate::Result;
use crate::env::Timestamp;
use crate::model::{Psk, PskKind};
use crate::registry::Inner;
use crate::secret::Secret;
use crate::store::record::Record;
use crate::store::seal::associated;

const DOMAIN: &str = "psk secret";

/// Where a secret's seal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Current,
    Previous,
}

impl Place {
    const fn column(self) -> &'static str {
        match self {
            Self::Current => "secret",
            Self::Previous => "previous_secret",
        }
    }
}

impl Inner {
    /// Which of its secrets this is, if it is one that the key accepts from whoever showed the identity that it was found
    /// by: the current one and, in the grace period, the one before; an identity that changed goes with its own secret only.
    /// It takes as long for a wrong secret as for a right one, and without a key as with one. The states of key and device
    /// are not looked at.
    pub(in crate::registry) fn check_psk_secret(
        &self,
        found: Option<(&Psk, Which)>,
        secret: &[u8],
        now: Timestamp,
    ) -> Option<Which> {
        let number = found.and_then(|(psk, _)| self.ids.number(psk.id).ok()).unwrap_or_default().to_be_bytes();
        let (current, previous) = found.map_or((None, None), |(psk, which)| {
            let current = psk.tag.as_deref().filter(|_| which == Which::Current);
            let both = psk.previous_identity.is_none() || which == Which::Previous;
            let previous = psk.previous_tag.as_deref().filter(|_| both && psk.in_grace(now));
            (current, previous)
        });
        let is_current = self.tags.matches(DOMAIN, &[&number, secret], current);
        let is_previous = self.tags.matches(DOMAIN, &[&number, secret], previous);
        match (is_current, is_previous) {
            (true, _) => Some(Which::Current),
            (false, true) => Some(Which::Previous),
            (false, false) => None,
        }
    }

    /// What is kept of `secret` from now on.
    pub(super) fn keep_secret(&self, psk: &mut Psk, secret: &[u8]) -> Result<()> {
        let number = self.ids.number(psk.id)?;
        psk.tag = Some(self.tags.bytes(DOMAIN, &[&number.to_be_bytes(), secret]));
        psk.secret = match psk.kind {
            PskKind::Readable => Some(self.sealer().seal(&place(number, Place::Current), secret)?),
            PskKind::VerifyOnly => None,
        };
        Ok(())
    }

    /// The current secret becomes the one before; until when it counts is for the caller to set.
    pub(super) fn age_secret(&self, psk: &mut Psk) -> Result<()> {
        let number = self.ids.number(psk.id)?;
        psk.previous_secret = match self.kept_secret(psk, Place::Current)? {
            Some(secret) => Some(self.sealer().seal(&place(number, Place::Previous), secret.expose())?),
            None => None,
        };
        psk.previous_tag = psk.tag.take();
        psk.secret = None;
        Ok(())
    }

    /// The secret, where it can be read.
    pub(super) fn kept_secret(&self, psk: &Psk, at: Place) -> Result<Option<Secret<Vec<u8>>>> {
        let sealed = match at {
            Place::Current => &psk.secret,
            Place::Previous => &psk.previous_secret,
        };
        let number = self.ids.number(psk.id)?;
        sealed.as_ref().map(|sealed| self.sealer().open(&place(number, at), sealed)).transpose()
    }

    /// The current secret of a key that can be read, for wrapping other keys under it; `None` for one that cannot.
    pub(in crate::registry) fn psk_secret(&self, psk: &Psk) -> Result<Option<Secret<Vec<u8>>>> {
        self.kept_secret(psk, Place::Current)
    }
}

fn place(number: u64, at: Place) -> Vec<u8> {
    associated(Psk::TABLE.name, number, at.column())
}

impl Found {
    /// As [`Inner::check_psk_secret`] takes it.
    pub(in crate::registry) fn as_checked(&self) -> (&Psk, Which) {
        (&self.psk.record, self.which)
    }
}

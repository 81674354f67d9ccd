//! The handle for pre-shared keys.

mod export;
mod find;
mod issue;
mod issued;
mod lookup;
mod rotate;
mod secret;
mod state;

pub use find::PskFilter;
pub use issue::NewPsk;
pub use issued::IssuedPsk;
pub use rotate::RotatePsk;

pub(super) use lookup::{Found, Which};

use super::driver::{Operation, Plan};
use super::{Call, Inner};
use crate::Result;
use crate::error::{AuthenticationError, Error, PskError};
use crate::id::PskId;
use crate::model::{Entity, Psk};

/// Pre-shared keys: an identity and a secret that a device shares with this registry. A device's password is one of
/// them (NEC-15), what a TLS-PSK server and its clients share is another.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, NewDevice, NewPsk};
/// let call = Call::by("admin");
/// let meter = registry.devices().register(&NewDevice::named("meter-1"), &call)?;
///
/// // A password, of which only a tag is kept: the device shows it together with its ID.
/// let issued = registry.psks().issue(&NewPsk::password(meter.id), &call)?;
/// let password = issued.password().unwrap_or_default();
/// assert!(registry.psks().verify(&meter.id.to_string(), password.as_bytes())?);
/// assert!(!registry.psks().verify(&meter.id.to_string(), b"guess")?);
///
/// // A key for TLS, which a TLS server has to read, under an identity that tells nobody whose it is.
/// let tls = registry.psks().issue(&NewPsk::tls(meter.id), &call)?;
/// assert_eq!(registry.psks().read(tls.psk.id, &call)?.octets(), tls.octets());
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Psks<'r> {
    inner: &'r Inner,
}

impl<'r> Psks<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// The key with this identifier, without its secret. A key that a device shows under its own ID keeps its identifier when
    /// it is deleted and issued again.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: PskId) -> Result<Psk> {
        Ok(self.inner.get_record::<Psk, _>(id)?.record)
    }

    /// The secret of a key, suspended ones included (NEC-2). Every reading leaves an event.
    ///
    /// # Errors
    /// `psk.not_readable` for a key that can only be checked, `psk.deleted`; `input.unknown_id`.
    pub fn read(&self, id: PskId, call: &Call) -> Result<IssuedPsk> {
        let inner = self.inner;
        let action = "psk.read";
        inner.change(
            call,
            Operation { action, content: id.as_bytes() },
            |view| {
                let stored = view.get::<Psk, _>(id)?;
                let output = inner.read_psk(&stored)?;
                let event = view.event(action, Entity::Device(stored.device), Some(Entity::Psk(id)), None)?;
                Ok(Plan::done(inner.issue_number(&stored)?, vec![view.require(&stored)?, event], output))
            },
            |number| {
                let repeated = inner.repeated_psk(number)?;
                if repeated.secret.is_none() { Err(PskError::NotReadable.into()) } else { Ok(repeated) }
            },
        )
    }

    /// Whether this is an active key's secret and its device may come in: what [`authenticate`](crate::Registry::authenticate)
    /// looks at, as a yes or no (NEC-3). It is no for an identity or secret that is wrong, for a key that is suspended or
    /// deleted, and for a device that is not valid. A wrong secret takes as long as a right one, an unknown identity as
    /// long as a known one.
    ///
    /// # Errors
    /// `authentication.backed_off` after too many failures, as in `authenticate`; store errors.
    pub fn verify(&self, identity: &str, secret: &[u8]) -> Result<bool> {
        match self.inner.check_psk(identity, secret) {
            Ok(proven) => Ok(proven.psk.check_active().is_ok() && proven.device.check_valid().is_ok()),
            Err(Error::Authentication(AuthenticationError::Failed)) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

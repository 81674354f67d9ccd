//! An identity and a secret. Whoever knows neither learns nothing: an unknown identity and a wrong secret get the same
//! answer after the same work, and only who knows the secret is told in which state key and device are.

use super::backoff::{Guarded, check_pause};
use super::{Credential, Principal};
use crate::Result;
use crate::env::Timestamp;
use crate::error::AuthenticationError;
use crate::id::PskId;
use crate::model::{Device, Entity, Psk};
use crate::registry::driver::{Operation, Plan};
use crate::registry::psks::{Found, Which};
use crate::registry::{Call, Inner};
use crate::store::record::Stored;

/// Who stands in the events that no caller asked for.
pub(super) const ACTOR: &str = "authenticate";

/// A pre-shared key whose secret somebody showed. Neither its state nor its device's was looked at.
pub(in crate::registry) struct Proven {
    pub(in crate::registry) psk: Stored<Psk>,
    pub(in crate::registry) device: Stored<Device>,
    /// Until when the secret counts, if it is the one before the last rotation.
    pub(in crate::registry) until: Option<Timestamp>,
}

impl Inner {
    /// Who shows this secret?
    pub(super) fn authenticate_psk(&self, identity: &str, secret: &[u8]) -> Result<Principal> {
        let Proven { psk, device, until } = self.check_psk(identity, secret)?;
        psk.check_active()?;
        device.check_valid()?;
        let credential = Credential::Psk(psk.record.id);
        Ok(Principal::Device { device: device.record.id, product: device.product, credential, until })
    }

    /// The key with this identity, if `secret` is its secret.
    ///
    /// # Errors
    /// `authentication.backed_off`, `authentication.failed`.
    pub(in crate::registry) fn check_psk(&self, identity: &str, secret: &[u8]) -> Result<Proven> {
        let now = self.now()?;
        let guarded = self.backoff.guarded("psk", identity.as_bytes());
        self.backoff.check(guarded, now)?;
        let found = self.psk_and_device(identity)?;
        check_pause(found.as_ref().and_then(|found| found.psk.blocked_until), now)?;
        let shown = self.check_psk_secret(found.as_ref().map(Found::as_checked), secret, now);
        match (found, shown) {
            (Some(Found { psk, device, .. }), Some(shown)) => {
                self.psk_secret_right(guarded, &psk);
                let until = psk.previous_until.filter(|_| shown == Which::Previous);
                let device = device.map_or_else(|| self.get_record(psk.device), Ok)?;
                Ok(Proven { psk, device, until })
            }
            (found, _) => {
                self.psk_secret_wrong(guarded, found.map(|found| found.psk).as_ref(), now);
                Err(AuthenticationError::Failed.into())
            }
        }
    }

    fn psk_secret_right(&self, guarded: Guarded, psk: &Stored<Psk>) {
        self.backoff.succeeded(guarded);
        if psk.failures > 0 {
            // A store that cannot be written keeps nobody out. The failures stay and are taken away another time.
            let _ = self.keep_psk_failures(psk.id, 0, None);
        }
    }

    fn psk_secret_wrong(&self, guarded: Guarded, psk: Option<&Stored<Psk>>, now: Timestamp) {
        let failure = self.backoff.failed(guarded, now, psk.map_or(0, |psk| psk.failures));
        if let (Some(psk), true) = (psk, failure.is_to_keep()) {
            // If it cannot be written, it still counts in this process.
            let _ = self.keep_psk_failures(psk.id, failure.failures, failure.until);
        }
    }

    /// Writes down how often somebody failed, so that it outlives this process.
    fn keep_psk_failures(&self, id: PskId, failures: u32, until: Option<Timestamp>) -> Result<()> {
        let action = if failures == 0 { "psk.back_off_end" } else { "psk.back_off" };
        let operation = Operation { action, content: id.as_bytes() };
        self.change(
            &Call::by(ACTOR),
            operation,
            |view| {
                let stored = view.get::<Psk, _>(id)?;
                if stored.failures == failures {
                    return Ok(Plan::done(0, Vec::new(), ()));
                }
                let psk = Psk { failures, blocked_until: until, ..stored.record.clone() };
                let detail = (failures > 0).then(|| format!("{failures} failures"));
                let event = view.event(action, Entity::Device(psk.device), Some(Entity::Psk(id)), detail)?;
                Ok(Plan::done(0, vec![view.update(stored.version, &psk)?, event], ()))
            },
            |_| Ok(()),
        )
    }
}

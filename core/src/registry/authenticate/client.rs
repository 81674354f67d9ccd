//! The two steps in which a client of the host's API is let in: its licence key, then its name and password (NEC-39).
//!
//! The licence key leads to the client. Guessing it is hopeless, so it needs no pauses; and passwords are only looked at for
//! who has it, so nobody else can keep the client waiting.

use super::Principal;
use super::backoff::{Failure, check_pause};
use super::psk::ACTOR;
use crate::Result;
use crate::error::{AuthenticationError, ClientError};
use crate::id::ClientId;
use crate::model::{Binding, Client, Entity, Owner};
use crate::registry::driver::{Operation, Plan};
use crate::registry::{Call, Inner};
use crate::store::record::Stored;

impl Inner {
    /// The client with this licence key, in whatever state it is.
    ///
    /// # Errors
    /// `authentication.licence`.
    pub(in crate::registry) fn licensed(&self, licence: &str) -> Result<Stored<Client>> {
        let tag = self.licence_tag(licence);
        let bound = self.find_record::<Binding>(tag.key)?.filter(|bound| bound.check == tag.check);
        let number = match bound.map(|bound| bound.record.owner) {
            Some(Owner::Client(id)) => self.ids.number(id)?,
            _ => 0,
        };
        let client = self.find_record::<Client>(number)?;
        let kept = client.as_ref().and_then(|client| client.licence.as_deref());
        let right = self.licence_matches(licence, kept);
        client.filter(|_| right).ok_or_else(|| AuthenticationError::Licence.into())
    }

    /// Who shows all three?
    pub(super) fn authenticate_client(&self, licence: &str, name: &str, password: &str) -> Result<Principal> {
        let now = self.now()?;
        let client = self.licensed(licence)?;
        let guarded = self.backoff.guarded("client", client.id.as_bytes());
        self.backoff.check(guarded, now)?;
        check_pause(client.blocked_until, now)?;
        // Both are looked at, whichever is wrong.
        let (right_password, right_name) = (self.password_matches(&client, password), client.name == name);
        if !(right_password && right_name) {
            let failure = self.backoff.failed(guarded, now, client.failures);
            if failure.is_to_keep() {
                // If it cannot be written, it still counts in this process.
                let _ = self.keep_client_failures(client.id, failure);
            }
            return Err(AuthenticationError::Failed.into());
        }
        self.backoff.succeeded(guarded);
        if client.failures > 0 {
            // A store that cannot be written keeps nobody out.
            let _ = self.keep_client_failures(client.id, Failure { failures: 0, until: None });
        }
        client.check_active()?;
        Ok(Principal::Client { client: client.record.id, name: client.record.name })
    }

    fn keep_client_failures(&self, id: ClientId, Failure { failures, until }: Failure) -> Result<()> {
        let action = if failures == 0 { "client.back_off_end" } else { "client.back_off" };
        let operation = Operation { action, content: id.as_bytes() };
        self.change(
            &Call::by(ACTOR),
            operation,
            |view| {
                let stored = view.get::<Client, _>(id)?;
                if stored.failures == failures || stored.check_living() == Err(ClientError::Deleted) {
                    return Ok(Plan::done(0, Vec::new(), ()));
                }
                let client = Client { failures, blocked_until: until, ..stored.record.clone() };
                let detail = (failures > 0).then(|| format!("{failures} failures"));
                let event = view.event(action, Entity::Client(id), None, detail)?;
                Ok(Plan::done(0, vec![view.update(stored.version, &client)?, event], ()))
            },
            |_| Ok(()),
        )
    }
}

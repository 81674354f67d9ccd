//! Clients get new secrets, are suspended, resumed, deleted.

use super::{Clients, LICENCE, PASSWORD, handed_out, secret};
use crate::Result;
use crate::env::Timestamp;
use crate::error::ClientError;
use crate::id::ClientId;
use crate::model::{Binding, Client, Entity, Owner};
use crate::registry::bindings::Tag;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::{Call, Inner};
use crate::secret::Secret;
use crate::store::Write;
use crate::store::record::Stored;

impl Inner {
    /// The client gets this licence key; the write that binds it.
    pub(super) fn give_licence(&self, view: &View<'_>, client: &mut Client, licence: &Secret<String>) -> Result<Write> {
        let text = licence.expose();
        let Tag { key, check } = self.licence_tag(text);
        client.licence = Some([&key.to_be_bytes()[..], &self.tags.bytes(LICENCE, &[text.as_bytes()])].concat());
        view.insert(&Binding { key, check, owner: Owner::Client(client.id) })
    }

    /// The client gets this password.
    pub(super) fn give_password(&self, client: &mut Client, password: &Secret<String>) {
        let parts = [client.id.as_bytes().as_slice(), password.expose().as_bytes()];
        client.password = Some(self.tags.bytes(PASSWORD, &parts));
    }
}

/// That the licence key which the client had leads to it no longer.
fn take_licence(view: &View<'_>, client: &Client) -> Result<Vec<Write>> {
    let key = client.licence.as_deref().and_then(|kept| kept.first_chunk::<8>()).map(|key| u64::from_be_bytes(*key));
    let bound = key.map(|key| view.find::<Binding>(key)).transpose()?.flatten();
    let own = bound.filter(|bound| bound.owner == Owner::Client(client.id));
    own.map(|bound| view.delete(&bound)).into_iter().collect()
}

impl Clients<'_> {
    fn change<T: Clone + 'static>(
        &self,
        id: ClientId,
        action: &'static str,
        call: &Call,
        change: impl Fn(&View<'_>, Client) -> Result<(Client, Vec<Write>, T)>,
        replay: impl Fn(u64) -> Result<T>,
    ) -> Result<T> {
        let operation = Operation { action, content: id.as_bytes() };
        self.inner.change(
            call,
            operation,
            |view| {
                let stored: Stored<Client> = view.get(id)?;
                let (client, mut writes, answer) = change(view, stored.record.clone())?;
                writes.push(view.update(stored.version, &client)?);
                writes.push(view.event(action, Entity::Client(id), None, None)?);
                Ok(Plan::done(view.number_of(id)?, writes, answer))
            },
            replay,
        )
    }

    fn state(
        &self,
        id: ClientId,
        action: &'static str,
        call: &Call,
        change: fn(Client, Timestamp) -> Result<Client, ClientError>,
    ) -> Result<Client> {
        let change = |view: &View<'_>, client| {
            let client = change(client, view.now)?;
            Ok((client.clone(), Vec::new(), client))
        };
        self.change(id, action, call, change, |_| self.get(id))
    }

    /// Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that were
    /// counted are forgotten.
    ///
    /// # Errors
    /// `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
    pub fn rotate_password(&self, id: ClientId, call: &Call) -> Result<Secret<String>> {
        let change = |view: &View<'_>, mut client: Client| {
            client.check_living()?;
            let password = secret(view)?;
            self.inner.give_password(&mut client, &password);
            (client.failures, client.blocked_until, client.updated) = (0, None, view.now);
            Ok((client, Vec::new(), password))
        };
        self.change(id, "client.rotate_password", call, change, handed_out)
    }

    /// Gives the client a new licence key, which is handed out this once; the old one no longer counts.
    ///
    /// # Errors
    /// `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
    pub fn rotate_licence(&self, id: ClientId, call: &Call) -> Result<Secret<String>> {
        let change = |view: &View<'_>, mut client: Client| {
            client.check_living()?;
            let mut writes = take_licence(view, &client)?;
            let licence = secret(view)?;
            writes.push(self.inner.give_licence(view, &mut client, &licence)?);
            client.updated = view.now;
            Ok((client, writes, licence))
        };
        self.change(id, "client.rotate_licence", call, change, handed_out)
    }

    /// Lets the client in no more until it is resumed.
    ///
    /// # Errors
    /// `client.already_suspended`, `client.deleted`.
    pub fn suspend(&self, id: ClientId, call: &Call) -> Result<Client> {
        self.state(id, "client.suspend", call, Client::suspended)
    }

    /// Lets a suspended client in again.
    ///
    /// # Errors
    /// `client.not_suspended`, `client.deleted`.
    pub fn resume(&self, id: ClientId, call: &Call) -> Result<Client> {
        self.state(id, "client.resume", call, Client::resumed)
    }

    /// Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.
    ///
    /// # Errors
    /// `client.deleted`.
    pub fn delete(&self, id: ClientId, call: &Call) -> Result<Client> {
        let change = |view: &View<'_>, client: Client| {
            let writes = take_licence(view, &client)?;
            let client = client.deleted(view.now)?;
            Ok((client.clone(), writes, client))
        };
        self.change(id, "client.delete", call, change, |_| self.get(id))
    }
}

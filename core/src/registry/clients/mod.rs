//! The handle for clients of the host's API.

mod change;

use std::fmt;

use super::bindings::Tag;
use super::driver::{Operation, Plan, View};
use super::page::{Listing, Page, Text, Wanted};
use super::{Call, Inner};
use crate::Result;
use crate::error::ClientError;
use crate::id::ClientId;
use crate::model::{Client, ClientState, Entity, check_name};
use crate::secret::Secret;
use crate::store::{Match, Value};

/// A client to be registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewClient {
    /// What it will call itself: 1 to 255 bytes; no other client has the same.
    pub name: String,
}

impl NewClient {
    /// A client called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// A client and what it has to show, which is handed out this once: only keyed tags are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegisteredClient {
    /// The client.
    pub client: Client,
    /// Its licence key, for the first step.
    pub licence: Secret<String>,
    /// Its password, for the second step.
    pub password: Secret<String>,
}

/// Which clients to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Called so.
    pub name: Option<Text>,
    /// In one of these states; all of them if empty.
    pub states: Vec<ClientState>,
}

/// Clients of the host's API: programs or people that show a licence key, and then a name and a password (NEC-39).
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, NewClient, Presented, Principal};
/// let made = registry.clients().register(&NewClient::named("fleet console"), &Call::by("admin"))?;
/// let (licence, password) = (made.licence.expose(), made.password.expose());
/// // Step one, before anything else is asked:
/// assert_eq!(registry.clients().check_licence(licence)?, made.client.id);
/// // Step two:
/// let shown = Presented::Client { licence, name: "fleet console", password };
/// assert!(matches!(registry.authenticate(&shown)?, Principal::Client { .. }));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Clients<'r> {
    inner: &'r Inner,
}

impl fmt::Debug for Clients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients(..)")
    }
}

const LICENCE: &str = "client licence";
const PASSWORD: &str = "client password";

impl Inner {
    /// Where a licence key is bound. What a person types in another case or without the dashes is another key: it is copied,
    /// not typed.
    pub(super) fn licence_tag(&self, licence: &str) -> Tag {
        let (key, check) = self.tags.digest("client licence binding", &[licence.as_bytes()]);
        Tag { key, check }
    }

    pub(super) fn licence_matches(&self, licence: &str, tag: Option<&[u8]>) -> bool {
        // The key of the binding comes first.
        self.tags.matches(LICENCE, &[licence.as_bytes()], tag.and_then(|tag| tag.get(8..)))
    }

    pub(super) fn password_matches(&self, client: &Client, password: &str) -> bool {
        self.tags.matches(PASSWORD, &[client.id.as_bytes(), password.as_bytes()], client.password.as_deref())
    }
}

/// 128 random bits as 26 letters and digits.
fn secret(view: &View<'_>) -> Result<Secret<String>> {
    Ok(Secret::new(crate::id::base32().encode(&view.seed_block()?)))
}

/// What is handed out is not kept, so a repeated request does not get it again.
fn handed_out<T>(_: u64) -> Result<T> {
    Err(ClientError::HandedOut.into())
}

impl<'r> Clients<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They are
    /// handed out this once.
    ///
    /// # Errors
    /// `client.name_taken`, `input.invalid`; `client.handed_out` when the request ID repeats an earlier one.
    pub fn register(&self, new: &NewClient, call: &Call) -> Result<RegisteredClient> {
        let inner = self.inner;
        let operation = Operation { action: "client.register", content: new.name.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                check_name("client name", &new.name)?;
                let number = view.number::<Client>()?;
                let (licence, password) = (secret(view)?, secret(view)?);
                let mut client = Client {
                    id: inner.ids.id(number),
                    name: new.name.clone(),
                    state: ClientState::Active,
                    failures: 0,
                    blocked_until: None,
                    created: view.now,
                    updated: view.now,
                    licence: None,
                    password: None,
                };
                let bound = inner.give_licence(view, &mut client, &licence)?;
                inner.give_password(&mut client, &password);
                view.check_name_free::<Client>(&client.name, number, ClientError::NameTaken)?;
                let event =
                    view.event("client.register", Entity::Client(client.id), None, Some(client.name.clone()))?;
                let writes = vec![view.insert(&client)?, bound, event];
                Ok(Plan::done(number, writes, RegisteredClient { client, licence, password }))
            },
            handed_out,
        )
    }

    /// Step one of letting a client in (NEC-39): whose licence key this is. It says nothing about the password; step two is
    /// [`Registry::authenticate`](crate::Registry::authenticate) with [`Presented::Client`](crate::Presented::Client), which
    /// looks at the licence key again.
    ///
    /// # Errors
    /// `authentication.licence` when it is nobody's; `client.suspended`.
    pub fn check_licence(&self, licence: &str) -> Result<ClientId> {
        let client = self.inner.licensed(licence)?;
        client.check_active()?;
        Ok(client.record.id)
    }

    /// The client with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: ClientId) -> Result<Client> {
        Ok(self.inner.get_record::<Client, _>(id)?.record)
    }

    /// The clients that match; by name if the filter has one, else in the order of their registration.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, filter: &ClientFilter, page: &Page) -> Result<Listing<Client>> {
        let mut wanted = filter.name.as_ref().map_or_else(Wanted::default, |name| Wanted::by_name(Some(name)));
        if !filter.states.is_empty() {
            let states = filter.states.iter().map(|state| Value::Int(state.number())).collect();
            wanted.and("state", Match::In(states));
        }
        self.inner.list(wanted, page)
    }
}

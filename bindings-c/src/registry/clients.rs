//! The handle for clients of the host's API: a licence key, then a name and a password.

use tegata::model::{Client, ClientState};
use tegata::{ClientFilter, NewClient, RegisteredClient};

use crate::number::same_variants;
use crate::registry::prelude::*;

/// Where a client stands.
#[repr(C)]
pub enum tegata_client_state {
    /// It is let in.
    Active = 1,
    /// It is not let in for now.
    Suspended = 2,
    /// Gone: licence key and password are erased, only the record remains.
    Deleted = 3,
}
same_variants!(tegata_client_state = ClientState { Active, Suspended, Deleted });

/// A client, without its licence key and password, of which only keyed tags are kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_client {
    /// Names it.
    pub id: *const c_char,
    /// What it calls itself. A deleted client's name ends in `~` and its ID, so that another one can have it.
    pub name: *const c_char,
    /// Its state.
    pub state: Number<tegata_client_state>,
    /// How often in a row a wrong name or password came with its licence key, as far as it was kept.
    pub failures: u32,
    /// No password is looked at before this moment, since too many wrong ones came; NULL otherwise.
    pub blocked_until: *const i64,
    /// When it was registered.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
}

impl ToC for Client {
    type C = tegata_client;

    fn to_c(&self, arena: &mut Arena) -> tegata_client {
        tegata_client {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            state: self.state.into(),
            failures: self.failures,
            blocked_until: arena.maybe(self.blocked_until.map(Timestamp::unix)),
            created: self.created.unix(),
            updated: self.updated.unix(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_client_free(client: *const tegata_client) {
    free_record(client);
}

/// A page of them.
pub type tegata_client_list = List<tegata_client>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_client_list_free(list: *const tegata_client_list) {
    free_record(list);
}

/// A client to be registered.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_client {
    /// `sizeof(tegata_new_client)`.
    pub size: usize,
    /// What it calls itself. Required.
    pub name: *const c_char,
}
growing!(tegata_new_client);

impl ToCore for tegata_new_client {
    type Core = NewClient;

    fn to_core(&self) -> Result<NewClient> {
        Ok(NewClient::named(text(self.name, "name")?))
    }
}

/// A client that was registered, and what it is given: this is the only time that it is seen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_registered_client {
    /// The client.
    pub client: *const tegata_client,
    /// Its licence key, erased when freed.
    pub licence: *const c_char,
    /// Its password, erased when freed.
    pub password: *const c_char,
}

impl ToC for RegisteredClient {
    type C = tegata_registered_client;

    fn to_c(&self, arena: &mut Arena) -> tegata_registered_client {
        arena.holds_a_secret();
        tegata_registered_client {
            client: arena.record(&self.client),
            licence: arena.text(self.licence.expose()),
            password: arena.text(self.password.expose()),
        }
    }
}

/// Frees one that a function gave you; NULL is fine. The secrets are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registered_client_free(registered_client: *const tegata_registered_client) {
    free_record(registered_client);
}

/// Which clients to list. What is left out (NULL, 0) does not matter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_client_filter {
    /// `sizeof(tegata_client_filter)`.
    pub size: usize,
    /// By name.
    pub name: *const tegata_text,
    /// In one of these states; all, deleted ones included, when there are none.
    pub states: *const Number<tegata_client_state>,
    /// How many states.
    pub states_len: usize,
}
growing!(tegata_client_filter);

impl ToCore for tegata_client_filter {
    type Core = ClientFilter;

    fn to_core(&self) -> Result<ClientFilter> {
        let states = slice(self.states, self.states_len, "states")?;
        Ok(ClientFilter {
            name: text_filter(self.name, "name")?,
            states: states.iter().map(|state| state.core("states")).collect::<Result<_>>()?,
        })
    }
}

/// Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They are
/// handed out this once.
///
/// Errors: `client.name_taken`, `input.invalid`; `client.handed_out` when the request ID repeats an earlier one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_register(
    registry: *const tegata_registry,
    new_client: *const tegata_new_client,
    call: *const tegata_call,
    registered_client: *mut *const tegata_registered_client,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let registered_client = out(registered_client, "registered_client")?;
        registered_client
            .give(&registry_of(registry)?.clients().register(&given(new_client, "new_client")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Step one of letting a client in: whose licence key this is. It says nothing about the password; step two is
/// `tegata_registry_authenticate()` with `TEGATA_PRESENTED_TYPE_CLIENT`, which looks at the licence key again.
///
/// Errors: `authentication.licence` when it is nobody's; `client.suspended`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_check_licence(
    registry: *const tegata_registry,
    licence: *const c_char,
    id: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let id = out(id, "id")?;
        let found = registry_of(registry)?.clients().check_licence(text(licence, "licence")?)?;
        id.give(found.to_string().as_str());
        Ok(())
    })
}

/// The client with this identifier.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_get(
    registry: *const tegata_registry,
    id: *const c_char,
    client: *mut *const tegata_client,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let client = out(client, "client")?;
        client.give(&registry_of(registry)?.clients().get(parsed(id, "id")?)?);
        Ok(())
    })
}

/// The clients that match; by name if the filter has one, else in the order of their registration.
///
/// Errors: Store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_find(
    registry: *const tegata_registry,
    filter: *const tegata_client_filter,
    page: *const tegata_page,
    list: *mut *const tegata_client_list,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let list = out(list, "list")?;
        list.give(
            &registry_of(registry)?
                .clients()
                .find(&given_or_default(filter, "filter")?, &given_or_default(page, "page")?)?,
        );
        Ok(())
    })
}

/// Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that were
/// counted are forgotten.
///
/// Errors: `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_rotate_password(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    password: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let password = out(password, "password")?;
        let made = registry_of(registry)?.clients().rotate_password(parsed(id, "id")?, &call_of(call)?)?;
        password.give(&SecretText(made.expose()));
        Ok(())
    })
}

/// Gives the client a new licence key, which is handed out this once; the old one no longer counts.
///
/// Errors: `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_rotate_licence(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    licence: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let licence = out(licence, "licence")?;
        let made = registry_of(registry)?.clients().rotate_licence(parsed(id, "id")?, &call_of(call)?)?;
        licence.give(&SecretText(made.expose()));
        Ok(())
    })
}

/// Lets the client in no more until it is resumed.
///
/// Errors: `client.already_suspended`, `client.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_suspend(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    client: *mut *const tegata_client,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let client = out(client, "client")?;
        client.give(&registry_of(registry)?.clients().suspend(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Lets a suspended client in again.
///
/// Errors: `client.not_suspended`, `client.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_resume(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    client: *mut *const tegata_client,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let client = out(client, "client")?;
        client.give(&registry_of(registry)?.clients().resume(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.
///
/// Errors: `client.deleted`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_clients_delete(
    registry: *const tegata_registry,
    id: *const c_char,
    call: *const tegata_call,
    client: *mut *const tegata_client,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let client = out(client, "client")?;
        client.give(&registry_of(registry)?.clients().delete(parsed(id, "id")?, &call_of(call)?)?);
        Ok(())
    })
}

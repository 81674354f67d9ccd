//! The registry: opening and closing it here, then one file per handle.

mod authenticate;
mod authorities;
mod call;
mod campaign_values;
mod campaigns;
mod certificate_life;
mod certificates;
mod clients;
mod clock;
mod crls;
mod devices;
mod due;
mod events;
mod export;
mod groups;
mod host_answer;
mod host_question;
mod host_store;
mod issued;
mod key_life;
mod key_values;
mod keys;
mod list;
mod log;
mod ocsp;
mod others;
mod prelude;
mod products;
mod profiles;
mod provision;
mod proxy;
mod psk_export;
mod psk_values;
mod psks;
mod scale;
mod sealer;
mod states;
mod store;

mod values;

use tegata::{Options, Registry, Result};

use self::clock::{tegata_clock, tegata_random};
use self::proxy::tegata_trusted_proxy;
use self::sealer::tegata_sealer;
use self::store::tegata_store;
use crate::boundary::{free, optional, out, run, shared};
use crate::input::{all_given, growing, maybe_sized};
use crate::number::Number;
use crate::status::{tegata_error, tegata_status};

/// A registry of devices and the authority over their credentials.
pub struct tegata_registry(Registry);

/// The registry that C passes.
fn registry_of<'a>(registry: *const tegata_registry) -> Result<&'a Registry> {
    shared(registry, "registry").map(|registry| &registry.0)
}

/// What surrounds a registry, besides its store and its sealing key. NULL stands for the system's clock and generator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_options {
    /// `sizeof(tegata_options)`.
    pub size: usize,
    /// Where the time comes from; NULL for the machine's clock.
    pub clock: *const tegata_clock,
    /// Where random bytes come from; NULL for the operating system.
    pub random: *const tegata_random,
    /// The proxies whose word about who sent a request is taken.
    pub proxies: *const tegata_trusted_proxy,
    /// How many.
    pub proxies_len: usize,
}
growing!(tegata_options);

/// Opens the registry in `store`, or makes a new one in an empty store. `sealer` must be the one that the store was first
/// opened with, or hold that one's key, see `tegata_sealing_keys_new`. The registry keeps both alive: you may free yours.
///
/// Errors: `seal.wrong_key` when it is not; `authentication.proxy_misconfigured` with the reason; `store.schema` when a newer
/// version wrote the store; `store.not_a_database`, `store.corrupt` and other store errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_open(
    store: *const tegata_store,
    sealer: *const tegata_sealer,
    options: *const tegata_options,
    registry: *mut *mut tegata_registry,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let registry = out(registry, "registry")?;
        let mut surroundings = Options::default();
        if let Some(options) = maybe_sized(options, "options")? {
            if let Some(clock) = optional(options.clock) {
                surroundings.clock = clock.clock();
            }
            if let Some(random) = optional(options.random) {
                surroundings.random = random.random();
            }
            surroundings.proxies = all_given(options.proxies, options.proxies_len, "proxies")?;
        }
        let store = shared(store, "store")?.0.clone();
        registry.own(tegata_registry(Registry::open(store, shared(sealer, "sealer")?.0.clone(), surroundings)?));
        Ok(())
    })
}

/// Closes the registry: calls from now on get `store.closed`, on every thread. Calls under way finish. It is still to
/// be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_close(
    registry: *const tegata_registry,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        registry_of(registry)?.close();
        Ok(())
    })
}

/// Frees a registry, which no thread may use any more; NULL is fine. An open one is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_free(registry: *mut tegata_registry) {
    free(registry);
}

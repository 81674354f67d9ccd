//! Sealers: what secrets go through before a store sees them.

use tegata::Resealed;
use tegata::Sealed;
use tegata::callback::sealer_failed;
use tegata::error::SealError;
use tegata::store::{Sealer, SealingKeys, SoftwareSealer};

use super::prelude::*;
use crate::callback::{Host, needed, tegata_failure, tegata_sink};

/// Seals secrets for storage and opens them again.
pub struct tegata_sealer(pub(super) Arc<dyn Sealer>);

/// A sealer with a new key that exists in this process only: for tests, and for stores in memory.
///
/// Errors: `internal.random_failed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_software_sealer_generate(
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let sealer = out(sealer, "sealer")?;
        sealer.own(tegata_sealer(Arc::new(SoftwareSealer::generate()?)));
        Ok(())
    })
}

/// A sealer with `key`, 32 octets from a good generator.
///
/// Errors: `seal.key_length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_software_sealer_from_key(
    key: tegata_bytes,
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let sealer = out(sealer, "sealer")?;
        let key = <[u8; 32]>::try_from(key.get("key")?).map_err(|_| SealError::KeyLength)?;
        sealer.own(tegata_sealer(Arc::new(SoftwareSealer::from_key(Secret::new(key))?)));
        Ok(())
    })
}

/// A sealer with the key in a file that `tegata_software_sealer_create_file` made.
///
/// Errors: `seal.key_file`, `seal.key_length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_software_sealer_from_file(
    path: *const c_char,
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let sealer = out(sealer, "sealer")?;
        sealer.own(tegata_sealer(Arc::new(SoftwareSealer::from_file(text(path, "path")?)?)));
        Ok(())
    })
}

/// Makes a file with a new key, readable by its owner only, and a sealer with it.
///
/// Errors: `seal.key_file` also when there is such a file already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_software_sealer_create_file(
    path: *const c_char,
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let sealer = out(sealer, "sealer")?;
        sealer.own(tegata_sealer(Arc::new(SoftwareSealer::create_file(text(path, "path")?)?)));
        Ok(())
    })
}

/// A sealer of the host's own, such as a vault or an HSM.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_sealer_callbacks {
    /// `sizeof(tegata_sealer_callbacks)`.
    pub size: usize,
    /// Given to every callback.
    pub userdata: *mut c_void,
    /// Adds to `sealed` what `plaintext` becomes, authenticating `associated`: what was sealed under one must not open
    /// under another. Returns 0, or anything else after saying why in `failure`: the call gets `seal.failed`.
    /// Required.
    pub seal: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            associated: tegata_bytes,
            plaintext: tegata_bytes,
            sealed: *mut tegata_sink,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Adds to `plaintext` what was sealed for this place. Returns 0, or `TEGATA_OPEN_WRONG_KEY` or
    /// `TEGATA_OPEN_DAMAGED`, or
    /// anything else after saying why in `failure`. Required.
    pub open: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            associated: tegata_bytes,
            sealed: tegata_bytes,
            plaintext: *mut tegata_sink,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Sets `current` to whether what was sealed for this place is sealed as it would be now; if not, resealing seals it anew.
    /// Returns 0, or as `open`. NULL when it always is.
    pub is_current: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            associated: tegata_bytes,
            sealed: tegata_bytes,
            current: *mut bool,
            failure: *mut tegata_failure,
        ) -> c_int,
    >,
    /// Frees `userdata`, once, when nothing uses the sealer any more. May be NULL.
    pub free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}
growing!(tegata_sealer_callbacks);

/// Why a sealer of the host's does not open something.
#[repr(C)]
pub enum tegata_open {
    /// Another key sealed it: the call gets `seal.wrong_key`.
    WrongKey = 1,
    /// It was altered, or sealed for another place: the call gets `seal.damaged`.
    Damaged = 2,
    /// The key is out of reach: the call gets `seal.failed` with the text of the failure.
    Unavailable = 3,
}

type Convert =
    unsafe extern "C" fn(*mut c_void, tegata_bytes, tegata_bytes, *mut tegata_sink, *mut tegata_failure) -> c_int;

type Judge = unsafe extern "C" fn(*mut c_void, tegata_bytes, tegata_bytes, *mut bool, *mut tegata_failure) -> c_int;

struct HostSealer {
    host: Host,
    seal: Convert,
    open: Convert,
    is_current: Option<Judge>,
}

/// What a number that is not 0 means.
fn trouble(number: c_int, failure: &mut tegata_failure) -> Error {
    match number {
        1 => SealError::WrongKey.into(),
        2 => SealError::Damaged { at: "a place that the host knows".to_owned() }.into(),
        _ => sealer_failed(&failure.reason()),
    }
}

impl HostSealer {
    fn convert(&self, convert: Convert, associated: &[u8], value: &[u8]) -> Result<Vec<u8>> {
        let mut answer = tegata_sink::of(1 << 24);
        let (associated, value) = (tegata_bytes::lent(associated), tegata_bytes::lent(value));
        self.host
            .call(|userdata, failure| {
                // SAFETY: the host's function with the arguments that the header tells.
                unsafe { convert(userdata, associated, value, &raw mut answer, failure) }
            })
            .map_err(|(number, mut failure)| trouble(number, &mut failure))?;
        answer.taken().ok_or_else(|| sealer_failed("the host's answer is too long"))
    }
}

impl Sealer for HostSealer {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error> {
        self.convert(self.seal, associated, plaintext).map(Sealed::from_bytes)
    }

    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
        self.convert(self.open, associated, sealed.as_bytes()).map(Secret::new)
    }

    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool, Error> {
        let Some(judge) = self.is_current else { return Ok(true) };
        let mut current = false;
        let (associated, value) = (tegata_bytes::lent(associated), tegata_bytes::lent(sealed.as_bytes()));
        self.host
            .call(|userdata, failure| {
                // SAFETY: the host's function with the arguments that the header tells.
                unsafe { judge(userdata, associated, value, &raw mut current, failure) }
            })
            .map_err(|(number, mut failure)| trouble(number, &mut failure))?;
        Ok(current)
    }
}

/// Makes a sealer from the host's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_host_sealer_new(
    callbacks: *const tegata_sealer_callbacks,
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let callbacks = sized(callbacks, "callbacks")?;
        let host = Host::new(callbacks.userdata, callbacks.free);
        let sealer = out(sealer, "sealer")?;
        let (seal, open) = (needed(callbacks.seal, "seal")?, needed(callbacks.open, "open")?);
        sealer.own(tegata_sealer(Arc::new(HostSealer { host, seal, open, is_current: callbacks.is_current })));
        Ok(())
    })
}

/// Frees a sealer; NULL is fine. Registries that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_sealer_free(sealer: *mut tegata_sealer) {
    free(sealer);
}

/// A ring of sealing keys, while one takes the place of another: seals with `current` and opens with whichever of them fits. It keeps
/// all of them alive: you may free yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_sealing_keys_new(
    current: *const tegata_sealer,
    previous: *const *const tegata_sealer,
    len: usize,
    sealer: *mut *mut tegata_sealer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let sealer = out(sealer, "sealer")?;
        let current = shared(current, "current")?.0.clone();
        let previous = slice(previous, len, "previous")?.iter();
        let previous = previous.map(|one| Ok(shared(*one, "previous")?.0.clone())).collect::<Result<_>>()?;
        sealer.own(tegata_sealer(Arc::new(SealingKeys::new(current, previous))));
        Ok(())
    })
}

/// What resealing did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_resealed {
    /// How many records were looked at: all that have room for something sealed.
    pub checked: u64,
    /// How many of them held something that was not sealed with the current key. Now it is.
    pub resealed: u64,
}

impl ToC for Resealed {
    type C = tegata_resealed;

    fn to_c(&self, _: &mut Arena) -> tegata_resealed {
        tegata_resealed { checked: self.checked, resealed: self.resealed }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_resealed_free(resealed: *const tegata_resealed) {
    free_record(resealed);
}

/// Seals anew, with the current key, whatever another key sealed; after that the other key is not needed any more. To replace a
/// sealing key: open the registry with a ring of the new one and the old one in every process, call this in one of them (it runs
/// beside all other operations, and a run that was stopped is finished by the next), then open the registry with the new key alone.
///
/// Errors: `seal.wrong_key` and `seal.damaged` when something does not open: nothing was changed, unless it was written meanwhile.
/// `input.cancelled` when the progress callback stopped it; `store.busy`; errors of the sealer and of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_reseal(
    registry: *const tegata_registry,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    resealed: *mut *const tegata_resealed,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let resealed = out(resealed, "resealed")?;
        let registry = registry_of(registry)?;
        let call = call_of(call)?;
        resealed.give(&with_bulk(bulk, |bulk| registry.reseal(bulk, &call))?);
        Ok(())
    })
}

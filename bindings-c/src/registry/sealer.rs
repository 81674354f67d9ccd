//! Sealers: what secrets go through before a store sees them.

use tegata::Sealed;
use tegata::callback::sealer_failed;
use tegata::error::SealError;
use tegata::store::{Sealer, SoftwareSealer};

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

struct HostSealer {
    host: Host,
    seal: Convert,
    open: Convert,
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
            .map_err(|(number, mut failure)| match number {
                1 => SealError::WrongKey.into(),
                2 => SealError::Damaged { at: "a place that the host knows".to_owned() }.into(),
                _ => sealer_failed(&failure.reason()),
            })?;
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
        sealer.own(tegata_sealer(Arc::new(HostSealer { host, seal, open })));
        Ok(())
    })
}

/// Frees a sealer; NULL is fine. Registries that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_sealer_free(sealer: *mut tegata_sealer) {
    free(sealer);
}

//! What stays in Rust while JavaScript holds a handle on it.

use std::ffi::c_void;
use std::sync::Arc;

use napi::sys;
use tegata::store::{Sealer, Store};
use tegata::{Clock, FixedClock, PrivateKey, Random, Registry, Result, Signer};

use crate::database::Database;
use crate::host::Host;
use crate::pool;
use crate::val::wrong;

/// One of the things that JavaScript holds.
#[derive(Clone)]
pub(crate) enum Handle {
    Registry(Registry),
    Key(Arc<PrivateKey>),
    Signer(Arc<dyn Signer>),
    Store(Arc<dyn Store>),
    Sealer(Arc<dyn Sealer>),
    FixedClock(Arc<FixedClock>),
    Clock(Arc<dyn Clock>),
    Random(Arc<dyn Random>),
    Sink(Arc<Host>),
    /// A database, which can be closed.
    Database(Arc<Database>),
}

/// Marks our externals, so that those of other addons are never taken for one.
const TAG: u64 = 0x7465_6761_7461_0001;

struct Tagged {
    tag: u64,
    handle: Handle,
}

/// Gives `handle` to the engine.
///
/// # Safety
/// On the engine's thread, with its `env`.
pub(crate) unsafe fn write(env: sys::napi_env, handle: Handle) -> sys::napi_value {
    let mut value = std::ptr::null_mut();
    let data = Box::into_raw(Box::new(Tagged { tag: TAG, handle })).cast();
    // SAFETY: `finalize` takes the box back, once.
    unsafe {
        let status = sys::napi_create_external(env, data, Some(finalize), std::ptr::null_mut(), &raw mut value);
        if status != sys::Status::napi_ok {
            drop(Box::from_raw(data.cast::<Tagged>()));
        }
    }
    value
}

unsafe extern "C" fn finalize(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `write` made it and the engine calls this once.
    let tagged = unsafe { Box::from_raw(data.cast::<Tagged>()) };
    // The last handle on a database waits for its writer: not on the engine's thread.
    match tagged.handle {
        Handle::Registry(_) | Handle::Store(_) | Handle::Database(_) => {
            pool::submit(Box::new(move || drop(tagged)), false);
        }
        _ => drop(tagged),
    }
}

/// Reads a handle.
///
/// # Safety
/// On the engine's thread, with its `env` and an external value. The JavaScript half passes no external but ours; the
/// tag is a second line.
pub(crate) unsafe fn read(env: sys::napi_env, value: sys::napi_value) -> Result<Handle> {
    let mut data = std::ptr::null_mut();
    // SAFETY: as the caller promises; the value keeps the box alive during this call.
    let tagged = unsafe {
        sys::napi_get_value_external(env, value, &raw mut data);
        data.cast::<Tagged>().as_ref()
    };
    tagged.filter(|tagged| tagged.tag == TAG).map(|tagged| tagged.handle.clone()).ok_or_else(|| wrong("a handle"))
}

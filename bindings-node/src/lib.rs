//! tegata for Node.js: convert, one call into the core, convert.
//!
//! The JavaScript half (`lib/`) checks arguments and flattens them; [`ops`] says which operations there are; [`bridge`]
//! carries calls and callbacks between the engine's thread and those of [`pool`]. `generate.mjs` reads [`ops::describe`]
//! and writes the JavaScript of every operation and type, and `index.d.ts`.

mod bridge;
mod database;
mod formats;
mod handle;
mod host;
mod input;
mod model;
mod ops;
mod ops_certificates;
mod ops_formats;
mod ops_registry;
mod ops_scale;
mod ops_secrets;
mod out;
mod pool;
mod secrets;
mod shape;
mod store;
mod val;

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{Env, JsValue, sys};
use napi_derive::napi;
use tegata::error::InternalError;
use tegata::key::SignatureAlgorithm;
use tegata::store::{Foreign, Store, conformance};
use tegata::{Error, PublicKey, Result};

use bridge::{Answer, Link};
use handle::Handle;
use host::{Host, JsClock, JsRandom, JsSealer, JsSigner, Progress};
use input::In;
use ops::{Arguments, Op};
use out::Writer;
use store::JsStore;
use val::Val;

/// What one environment of the engine has.
struct State {
    link: Arc<Link>,
    operations: Vec<&'static Op>,
    /// The switches of bulk calls under way.
    stops: HashMap<u32, Arc<AtomicBool>>,
}

thread_local! {
    /// An environment lives on one thread.
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic in it becomes an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(InternalError::Defect { what: "a panic below a call from JavaScript".to_owned() }.into())
    })
}

fn failure(error: &Error) -> String {
    let mut out = Writer::default();
    out.open();
    out.error(error);
    out.close();
    out.json
}

fn with<T>(work: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
    let wrong = |what: &str| Err(InternalError::Defect { what: what.to_owned() }.into());
    // Reading a value may run code of the user's, such as a getter, and that may call us: no borrow may panic here.
    STATE.with(|cell| match cell.try_borrow_mut() {
        Ok(mut state) => match &mut *state {
            Some(state) => work(state),
            None => wrong("a call before the library was set up"),
        },
        Err(_) => wrong("a call from inside the arguments of another"),
    })
}

/// A value as it came, with its environment.
fn read(env: Env, value: &Unknown<'_>) -> Result<Val> {
    // SAFETY: both belong to the call that is being made.
    unsafe { val::read(env.raw(), value.raw()) }
}

/// The answer to a synchronous call: `[true, json, octets, handle]`, or `[false, error]`.
fn reply(env: Env, outcome: Result<Writer>) -> napi::Result<Unknown<'static>> {
    let raw = env.raw();
    // SAFETY: on the engine's thread, in the call that is being made.
    unsafe {
        let mut undefined = std::ptr::null_mut();
        sys::napi_get_undefined(raw, &raw mut undefined);
        let mut parts = [undefined; 4];
        match outcome {
            Ok(writer) => {
                sys::napi_get_boolean(raw, true, &raw mut parts[0]);
                bridge::content(raw, writer, &mut parts[1..]);
            }
            Err(error) => {
                sys::napi_get_boolean(raw, false, &raw mut parts[0]);
                parts[1] = bridge::text(raw, &failure(&error));
            }
        }
        let mut array = std::ptr::null_mut();
        sys::napi_create_array_with_length(raw, 4, &raw mut array);
        for (at, part) in (0..).zip(parts) {
            sys::napi_set_element(raw, array, at, part);
        }
        Unknown::from_napi_value(raw, array)
    }
}

/// Sets the library up for this environment: `settle` gets everything that comes back.
#[napi(skip_typescript)]
pub fn setup(env: Env, settle: Unknown<'_>) -> bool {
    // SAFETY: both belong to the call that is being made.
    let Some(link) = (unsafe { Link::new(env.raw(), settle.raw()) }) else { return false };
    STATE.with_borrow_mut(|state| {
        *state = Some(State { link, operations: ops::all().collect(), stops: HashMap::new() });
    });
    true
}

/// The operations and types as JSON.
#[napi(skip_typescript)]
pub fn describe() -> String {
    ops::describe()
}

/// Starts an operation on a thread of its own. `bulk` is the number of a host object that hears of progress, or 0, for
/// calls that can be stopped.
///
/// # Errors
/// When the engine cannot make a value.
#[napi(skip_typescript)]
pub fn start(
    env: Env,
    call: u32,
    operation: u32,
    registry: Unknown<'_>,
    values: Unknown<'_>,
    bulk: Option<u32>,
) -> napi::Result<Unknown<'static>> {
    let begun = with(|state| {
        let op = state.operation(operation)?;
        let mut arguments = arguments(env, &registry, &values)?;
        if let Some(number) = bulk {
            let stop = Arc::new(AtomicBool::new(false));
            let host = (number > 0).then(|| Host::new(Arc::clone(&state.link), number));
            arguments.progress = Some(Progress::new(host, Arc::clone(&stop)));
            state.stops.insert(call, stop);
        }
        state.link.start(call, arguments.registry.is_none(), move || ops::run(op, arguments));
        // SAFETY: on the engine's thread.
        unsafe { state.link.refer(env.raw()) };
        Ok(Writer::default())
    });
    match begun {
        Ok(_) => null(env),
        Err(error) => reply(env, Err(error)),
    }
}

fn null(env: Env) -> napi::Result<Unknown<'static>> {
    let mut value = std::ptr::null_mut();
    // SAFETY: on the engine's thread.
    unsafe {
        sys::napi_get_null(env.raw(), &raw mut value);
        Unknown::from_napi_value(env.raw(), value)
    }
}

fn arguments(env: Env, registry: &Unknown<'_>, values: &Unknown<'_>) -> Result<Arguments> {
    let registry = match read(env, registry)? {
        Val::Handle(Handle::Registry(registry)) => Some(registry),
        _ => None,
    };
    Ok(Arguments { registry, values: read(env, values)?.list()?, progress: None })
}

impl State {
    fn operation(&self, number: u32) -> Result<&'static Op> {
        let op = self.operations.get(number as usize).copied();
        op.ok_or_else(|| InternalError::Defect { what: "an operation that does not exist".to_owned() }.into())
    }
}

/// Runs an operation here and now.
///
/// # Errors
/// When the engine cannot make a value.
#[napi(skip_typescript)]
pub fn run(env: Env, operation: u32, values: Unknown<'_>) -> napi::Result<Unknown<'static>> {
    let outcome = with(|state| state.operation(operation)).and_then(|op| {
        let values = read(env, &values)?.list()?;
        guarded(|| ops::run(op, Arguments { registry: None, values, progress: None }))
    });
    reply(env, outcome)
}

/// Stops a bulk call before its next portion.
#[napi(skip_typescript)]
pub fn stop(call: u32, finished: bool) {
    let stopped = with(|state| {
        if finished {
            state.stops.remove(&call);
        } else if let Some(stop) = state.stops.get(&call) {
            stop.store(true, Ordering::Release);
        }
        Ok(())
    });
    drop(stopped);
}

/// Passes on what a callback answered.
#[napi(skip_typescript)]
pub fn answer(env: Env, question: u32, worked: bool, value: Unknown<'_>) {
    let answered = with(|state| {
        let answer = match read(env, &value) {
            Ok(value) => Answer { worked, value },
            // Undefined is no answer to anything that wants one.
            Err(_) => Answer { worked, value: Val::Undefined },
        };
        state.link.answer(question, answer);
        // SAFETY: on the engine's thread.
        unsafe { state.link.refer(env.raw()) };
        Ok(())
    });
    drop(answered);
}

/// A handle on a host object, which JavaScript knows by `number`: a signer with its public key and algorithm, or one of
/// the others.
///
/// # Errors
/// When the engine cannot make a value.
#[allow(clippy::needless_pass_by_value, reason = "what the macro gives")]
#[napi(skip_typescript)]
pub fn host(
    env: Env,
    kind: String,
    number: u32,
    spki: Unknown<'_>,
    algorithm: Unknown<'_>,
) -> napi::Result<Unknown<'static>> {
    let made = with(|state| {
        let host = Host::new(Arc::clone(&state.link), number);
        Ok(match kind.as_str() {
            "signer" => {
                let public = PublicKey::from_spki(&Vec::<u8>::read(read(env, &spki)?)?)?;
                let algorithm: Option<SignatureAlgorithm> = input::take(read(env, &algorithm)?, "algorithm")?;
                let algorithm = algorithm.unwrap_or_else(|| public.algorithm().signature());
                Handle::Signer(Arc::new(JsSigner { host, public, algorithm }))
            }
            "store" => Handle::Store(Arc::new(Foreign::new(JsStore(host)))),
            "sealer" => Handle::Sealer(Arc::new(JsSealer(host))),
            "clock" => Handle::Clock(Arc::new(JsClock(host))),
            "random" => Handle::Random(Arc::new(JsRandom(host))),
            _ => Handle::Sink(Arc::new(host)),
        })
    });
    reply(env, made.map(|handle| Writer { handle: Some(handle), json: "null".to_owned(), ..Writer::default() }))
}

/// Puts stores through the conformance suite: the host object makes a new one each time.
#[napi(skip_typescript)]
pub fn check_store(env: Env, call: u32, factory: u32) {
    let started = with(|state| {
        let link = Arc::clone(&state.link);
        let host = Host::new(Arc::clone(&link), factory);
        state.link.start(call, false, move || {
            let failure = RefCell::new(None);
            let outcome = conformance::suite(&|| {
                let mut arguments = Writer::default();
                arguments.raw("[]");
                let made = host.call(0, arguments).map(|number| u32::read(number).unwrap_or_default());
                let number = made.unwrap_or_else(|refused| {
                    failure.borrow_mut().get_or_insert(refused.reason);
                    0
                });
                // No host object has the number 0, so every call of such a store fails.
                Box::new(Foreign::new(JsStore(Host::new(Arc::clone(&link), number)))) as Box<dyn Store>
            });
            let outcome = match failure.into_inner() {
                Some(reason) => Err(format!("no store was made: {reason}")),
                None => outcome,
            };
            let mut out = Writer::default();
            match outcome {
                Ok(()) => out.raw("null"),
                Err(failures) => out.text(&failures),
            }
            Ok(out)
        });
        // SAFETY: on the engine's thread.
        unsafe { state.link.refer(env.raw()) };
        Ok(())
    });
    drop(started);
}

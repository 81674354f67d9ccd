//! Between the engine's thread and ours: finished calls go back, questions to callbacks go there and answers return.
//!
//! One thread-safe function per environment carries everything. A promise of its own for each call would cost more than
//! a short call takes.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use napi::sys;
use tegata::{Error, Secret};

use crate::handle::{self, Handle};
use crate::out::Writer;
use crate::pool;
use crate::val::Val;

/// What goes to the engine's thread.
enum Message {
    /// A call is finished.
    Done { call: u32, outcome: Result<Writer, Error> },
    /// A callback is wanted.
    Ask { question: u32, call: u32, host: u32, method: u32, arguments: Writer },
    /// A host object is no longer needed.
    Release { host: u32 },
}

/// What JavaScript answered.
pub(crate) struct Answer {
    pub(crate) worked: bool,
    pub(crate) value: Val,
}

/// The connection with one environment of the engine: the main thread's or a worker's.
pub(crate) struct Link {
    function: AtomicUsize,
    /// Held for reading while the function is used; written once, when the environment ends.
    closed: RwLock<bool>,
    queue: Mutex<Vec<Message>>,
    questions: Mutex<HashMap<u32, (SyncSender<Answer>, u32)>>,
    next_question: AtomicU32,
    /// Calls under way, and how many of them wait for JavaScript. Only the others keep the event loop alive.
    calls: AtomicUsize,
    asking: Mutex<HashMap<u32, u32>>,
    referenced: AtomicBool,
}

thread_local! {
    /// The call that this thread works for.
    static CALL: Cell<u32> = const { Cell::new(0) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// Connects with the environment: `settle` is called for everything.
    ///
    /// # Safety
    /// On the engine's thread, with its `env` and a function.
    pub(crate) unsafe fn new(env: sys::napi_env, settle: sys::napi_value) -> Option<Arc<Self>> {
        let link = Arc::new(Self {
            function: AtomicUsize::new(0),
            closed: RwLock::new(false),
            queue: Mutex::default(),
            questions: Mutex::default(),
            next_question: AtomicU32::new(1),
            calls: AtomicUsize::new(0),
            asking: Mutex::default(),
            referenced: AtomicBool::new(false),
        });
        let (mut name, mut function) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the context is an `Arc` of its own, which the function's finalizer takes back. The hook's is another:
        // the environment runs it once.
        unsafe {
            sys::napi_create_string_utf8(env, c"tegata".as_ptr(), 6, &raw mut name);
            let status = sys::napi_create_threadsafe_function(
                env,
                settle,
                std::ptr::null_mut(),
                name,
                0,
                1,
                std::ptr::null_mut(),
                Some(finalize),
                Arc::into_raw(Arc::clone(&link)).cast_mut().cast(),
                Some(deliver),
                &raw mut function,
            );
            if status != sys::Status::napi_ok {
                return None;
            }
            sys::napi_unref_threadsafe_function(env, function);
            link.function.store(function as usize, Ordering::Release);
            // Hooks run in the opposite order, so this one comes before the function is closed.
            sys::napi_add_env_cleanup_hook(env, Some(end), Arc::into_raw(Arc::clone(&link)).cast_mut().cast());
        }
        Some(link)
    }

    /// Sends a message; forgets it when the environment has ended.
    fn post(&self, message: Message) {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return;
        }
        let mut queue = lock(&self.queue);
        queue.push(message);
        let first = queue.len() == 1;
        drop(queue);
        if first {
            let function = self.function.load(Ordering::Acquire) as sys::napi_threadsafe_function;
            // SAFETY: the function lives until `end`, which waits for the lock that is held here.
            unsafe {
                let how = sys::ThreadsafeFunctionCallMode::nonblocking;
                sys::napi_call_threadsafe_function(function, std::ptr::null_mut(), how);
            }
        }
        drop(closed);
    }

    /// Has a thread do `work` for the call with this number and sends its outcome. Work without a registry may be what a
    /// callback asked for: it is urgent.
    pub(crate) fn start(
        self: &Arc<Self>,
        call: u32,
        urgent: bool,
        work: impl FnOnce() -> Result<Writer, Error> + Send + 'static,
    ) {
        self.calls.fetch_add(1, Ordering::AcqRel);
        let link = Arc::clone(self);
        let job = move || {
            if *link.closed.read().unwrap_or_else(PoisonError::into_inner) {
                return;
            }
            CALL.set(call);
            let outcome = crate::guarded(work);
            CALL.set(0);
            link.post(Message::Done { call, outcome });
        };
        pool::submit(Box::new(job), urgent);
    }

    /// Asks the host object `host` and waits for its answer; `None` when the environment ends first.
    pub(crate) fn ask(&self, host: u32, method: u32, arguments: Writer) -> Option<Answer> {
        let question = self.next_question.fetch_add(1, Ordering::Relaxed);
        let call = CALL.get();
        let (sender, receiver) = sync_channel(1);
        lock(&self.questions).insert(question, (sender, call));
        if *self.closed.read().unwrap_or_else(PoisonError::into_inner) {
            lock(&self.questions).remove(&question);
            return None;
        }
        self.post(Message::Ask { question, call, host, method, arguments });
        // When the environment ends, its hook drops the sender.
        pool::waiting(|| receiver.recv().ok())
    }

    /// Passes on what JavaScript answered.
    pub(crate) fn answer(&self, question: u32, answer: Answer) {
        let Some((sender, call)) = lock(&self.questions).remove(&question) else { return };
        let mut asking = lock(&self.asking);
        if let Some(open) = asking.get_mut(&call) {
            *open -= 1;
            if *open == 0 {
                asking.remove(&call);
            }
        }
        drop(asking);
        drop(sender.try_send(answer));
    }

    /// Says that a host object is no longer needed.
    pub(crate) fn release(&self, host: u32) {
        self.post(Message::Release { host });
    }

    /// Keeps the event loop alive while a call computes, and lets it end while all of them wait for JavaScript.
    ///
    /// # Safety
    /// On the engine's thread, with its `env`.
    pub(crate) unsafe fn refer(&self, env: sys::napi_env) {
        let needed = self.calls.load(Ordering::Acquire) > lock(&self.asking).len();
        if needed != self.referenced.swap(needed, Ordering::AcqRel) {
            let function = self.function.load(Ordering::Acquire) as sys::napi_threadsafe_function;
            // SAFETY: as the caller promises, and the function lives as long as its environment.
            unsafe {
                if needed {
                    sys::napi_ref_threadsafe_function(env, function);
                } else {
                    sys::napi_unref_threadsafe_function(env, function);
                }
            }
        }
    }
}

unsafe extern "C" fn finalize(_: sys::napi_env, _: *mut c_void, _: *mut c_void) {
    // The context stays: a message may be on its way while the environment ends, and there is one context for each.
}

/// The environment ends: nobody waits for it any longer.
unsafe extern "C" fn end(data: *mut c_void) {
    // SAFETY: `new` made it for this hook.
    let link = unsafe { Arc::from_raw(data.cast::<Link>()) };
    *link.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    lock(&link.queue).clear();
    lock(&link.questions).clear();
}

/// On the engine's thread: hands everything that came to the JavaScript half.
unsafe extern "C" fn deliver(env: sys::napi_env, settle: sys::napi_value, context: *mut c_void, _: *mut c_void) {
    if env.is_null() || context.is_null() {
        return;
    }
    // SAFETY: the context is never freed, see `finalize`; all else is the engine's own.
    unsafe {
        let link = &*context.cast::<Link>();
        let messages = std::mem::take(&mut *lock(&link.queue));
        let mut receiver = std::ptr::null_mut();
        sys::napi_get_undefined(env, &raw mut receiver);
        for message in messages {
            let mut arguments = [receiver; 7];
            message.write(env, link, &mut arguments);
            let mut result = std::ptr::null_mut();
            if sys::napi_call_function(env, receiver, settle, 7, arguments.as_ptr(), &raw mut result)
                != sys::Status::napi_ok
            {
                // What it threw, which it should not, must not keep the other messages from their calls.
                sys::napi_get_and_clear_last_exception(env, &raw mut result);
            }
        }
        link.refer(env);
    }
}

impl Message {
    /// The arguments of the JavaScript function: what kind of message, its numbers, its content.
    unsafe fn write(self, env: sys::napi_env, link: &Link, into: &mut [sys::napi_value; 7]) {
        // SAFETY: on the engine's thread, by the caller.
        unsafe {
            match self {
                Self::Done { call, outcome } => {
                    link.calls.fetch_sub(1, Ordering::AcqRel);
                    into[1] = number(env, call);
                    match outcome {
                        Ok(writer) => {
                            into[0] = number(env, 0);
                            content(env, writer, &mut into[2..5]);
                        }
                        Err(error) => {
                            into[0] = number(env, 1);
                            let mut writer = Writer::default();
                            writer.open();
                            writer.error(&error);
                            writer.close();
                            into[2] = text(env, &writer.json);
                        }
                    }
                }
                Self::Ask { question, call, host, method, arguments } => {
                    *lock(&link.asking).entry(call).or_default() += 1;
                    into[0] = number(env, 2);
                    into[1] = number(env, question);
                    content(env, arguments, &mut into[2..5]);
                    into[5] = number(env, host);
                    into[6] = number(env, method);
                }
                Self::Release { host } => {
                    into[0] = number(env, 3);
                    into[1] = number(env, host);
                }
            }
        }
    }
}

/// JSON, octets and handle of a writer.
///
/// # Safety
/// On the engine's thread, with its `env`.
pub(crate) unsafe fn content(env: sys::napi_env, writer: Writer, into: &mut [sys::napi_value]) {
    let Writer { json, bytes, handle } = writer;
    // Among the octets may be a private key: our copy is wiped.
    let bytes = Secret::new(bytes);
    // SAFETY: as the caller promises; the engine copies the octets.
    unsafe {
        if let Some(place) = into.get_mut(0) {
            *place = text(env, &json);
        }
        if let Some(place) = into.get_mut(1).filter(|_| !bytes.expose().is_empty()) {
            let (data, length) = (bytes.expose().as_ptr().cast(), bytes.expose().len());
            sys::napi_create_buffer_copy(env, length, data, std::ptr::null_mut(), place);
        }
        if let (Some(place), Some(handle)) = (into.get_mut(2), handle) {
            *place = handle::write(env, handle);
        }
    }
}

unsafe fn number(env: sys::napi_env, number: u32) -> sys::napi_value {
    let mut value = std::ptr::null_mut();
    // SAFETY: on the engine's thread, by the caller.
    unsafe { sys::napi_create_uint32(env, number, &raw mut value) };
    value
}

/// A text; texts without other characters are much cheaper when the engine knows.
pub(crate) unsafe fn text(env: sys::napi_env, text: &str) -> sys::napi_value {
    let mut value = std::ptr::null_mut();
    let (data, length) = (text.as_ptr().cast(), text.len().cast_signed());
    // SAFETY: on the engine's thread, by the caller.
    unsafe {
        if text.is_ascii() {
            sys::napi_create_string_latin1(env, data, length, &raw mut value);
        } else {
            sys::napi_create_string_utf8(env, data, length, &raw mut value);
        }
    }
    value
}

/// So that `Handle` values can be dropped on any thread.
const _: fn() = || {
    fn any_thread<T: Send + Sync>() {}
    any_thread::<Handle>();
};

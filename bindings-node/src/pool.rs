//! Threads of our own for calls into the core.
//!
//! Never libuv's: a call may wait for a callback in JavaScript, and four waiting ones would block every file and DNS
//! operation of the process, the callback's own included. A thread that waits for JavaScript does not count towards
//! the limit here, so a callback that needs another thread always gets one.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// What a thread does next.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The most threads for calls of registries. Those beyond wait for their turn.
const MOST: usize = 512;

/// How long a thread without work stays.
const PATIENCE: Duration = Duration::from_secs(20);

struct Pool {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// Threads that wait for JavaScript.
    waiting: usize,
}

static POOL: Pool =
    Pool { state: Mutex::new(State { queue: VecDeque::new(), threads: 0, idle: 0, waiting: 0 }), wake: Condvar::new() };

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
}

fn lock() -> MutexGuard<'static, State> {
    POOL.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limit() -> usize {
    // A few more than processors, since some of them wait for a disk. To find out reads files, so it is done once.
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| thread::available_parallelism().map_or(4, std::num::NonZero::get).max(4))
}

impl State {
    /// Starts a thread when there is work that no thread is free for.
    fn grow(&mut self, most: usize) {
        if self.queue.len() > self.idle && self.threads - self.waiting < limit() && self.threads < most {
            let started = thread::Builder::new().name("tegata".to_owned()).spawn(work);
            self.threads += usize::from(started.is_ok());
        }
    }
}

/// Has a thread do `job`. One that is `urgent` may be what a callback waits for, so it comes first and gets a thread even if
/// hundreds wait for their callbacks.
pub(crate) fn submit(job: Job, urgent: bool) {
    let mut state = lock();
    if urgent {
        state.queue.push_front(job);
    } else {
        state.queue.push_back(job);
    }
    state.grow(if urgent { usize::MAX } else { MOST });
    let needs_waking = state.idle > 0;
    drop(state);
    if needs_waking {
        POOL.wake.notify_one();
    }
}

/// Waits for JavaScript by `wait`, while another thread takes this one's place.
pub(crate) fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    if !OURS.get() {
        return wait();
    }
    let mut state = lock();
    state.waiting += 1;
    state.grow(MOST);
    drop(state);
    let answer = wait();
    lock().waiting -= 1;
    answer
}

fn work() {
    OURS.set(true);
    let mut state = lock();
    loop {
        if let Some(job) = state.queue.pop_front() {
            drop(state);
            // Jobs report their own panics; this keeps the count of threads right whatever happens.
            drop(catch_unwind(AssertUnwindSafe(job)));
            state = lock();
            continue;
        }
        state.idle += 1;
        let (woken, late) = POOL.wake.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner);
        state = woken;
        state.idle -= 1;
        if late.timed_out() && state.queue.is_empty() {
            state.threads -= 1;
            return;
        }
    }
}

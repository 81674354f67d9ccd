//! Threads of our own for calls into the core.
//!
//! Never libuv's: a call may wait for a callback in JavaScript, and four waiting ones would block every file and DNS
//! operation of the process, the callback's own included. A thread that waits for JavaScript does not count towards
//! the limit here, so a callback that needs another thread always gets one.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{hint, thread};

/// What a thread does next.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The most threads for calls of registries. Those beyond wait for their turn.
const MOST: usize = 512;

/// How long a thread without work stays.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a thread that has just finished a job looks out for the next before it sleeps. A program that awaits one call
/// after the other has its next ready within this time, and waking a thread costs both sides a good part of a short call.
const LOOKOUT: Duration = Duration::from_micros(40);

struct Pool {
    state: Mutex<State>,
    wake: Condvar,
    /// Jobs in the queue, readable without the lock.
    queued: AtomicUsize,
    /// Threads on the lookout: at most one, so that the others leave the processors to those who work.
    lookouts: AtomicUsize,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// Threads that wait for JavaScript.
    waiting: usize,
}

static POOL: Pool = Pool {
    state: Mutex::new(State { queue: VecDeque::new(), threads: 0, idle: 0, waiting: 0 }),
    wake: Condvar::new(),
    queued: AtomicUsize::new(0),
    lookouts: AtomicUsize::new(0),
};

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
}

fn lock() -> MutexGuard<'static, State> {
    POOL.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limit() -> usize {
    // A few more than processors, since some of them wait for a disk.
    thread::available_parallelism().map_or(4, std::num::NonZero::get).max(4)
}

impl State {
    /// Starts a thread when there is work that no thread is free for.
    fn grow(&mut self, most: usize) {
        let free = self.idle + POOL.lookouts.load(Ordering::SeqCst);
        if self.queue.len() > free && self.threads - self.waiting < limit() && self.threads < most {
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
    POOL.queued.store(state.queue.len(), Ordering::SeqCst);
    state.grow(if urgent { usize::MAX } else { MOST });
    // A thread on the lookout looks into the queue under the lock before it sleeps, so it takes one job without being
    // woken.
    let needs_waking = state.queue.len() > POOL.lookouts.load(Ordering::SeqCst) && state.idle > 0;
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
            POOL.queued.store(state.queue.len(), Ordering::SeqCst);
            drop(state);
            // Jobs report their own panics; this keeps the count of threads right whatever happens.
            drop(catch_unwind(AssertUnwindSafe(job)));
            look_out();
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

/// Waits a moment for the next job, if no other thread does.
fn look_out() {
    if POOL.lookouts.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return;
    }
    let began = Instant::now();
    while POOL.queued.load(Ordering::SeqCst) == 0 && began.elapsed() < LOOKOUT {
        hint::spin_loop();
    }
    POOL.lookouts.store(0, Ordering::SeqCst);
}

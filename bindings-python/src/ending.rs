//! The end of the interpreter while threads are in the core.
//!
//! Before 3.14, `CPython` ends a thread that wants back into an interpreter which is going, by unwinding through all its
//! frames. Rust's must not be unwound so: the process would abort. Here such a thread waits outside for the end instead,
//! as `CPython` does from 3.14 on, and the end waits a moment for those that are inside.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The thread that ends the interpreter, once it does.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// How many threads are on their way back from the core, or run host code for it.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// How long the end waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stay in the interpreter that its end waits for.
pub(crate) struct Stay;

impl Stay {
    /// Begins one, unless the interpreter ends on another thread: then this never returns.
    pub(crate) fn begin() -> Self {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        let stay = Self;
        if ENDING.get().is_some_and(|ender| *ender != std::thread::current().id()) {
            drop(stay);
            loop {
                std::thread::park();
            }
        }
        stay
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `work` with other Python threads free to run meanwhile.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let (result, _stay) = py.detach(|| {
        let result = work();
        (result, Stay::begin())
    });
    result
}

/// What `atexit` calls.
#[pyfunction]
pub(crate) fn _end(py: Python<'_>) {
    ENDING.get_or_init(|| std::thread::current().id());
    py.detach(|| {
        let began = Instant::now();
        while INSIDE.load(Ordering::SeqCst) > 0 && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

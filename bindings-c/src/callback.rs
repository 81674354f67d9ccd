//! Callbacks: what the host's functions get, what they answer, and what becomes of their failures.

use std::ffi::{CStr, c_char, c_int, c_void};

use tegata::Result;
use zeroize::Zeroize;

use crate::boundary::invalid;
use crate::bytes::tegata_bytes;

/// The text that says why a callback failed: how long it can be, with the zero at its end.
pub const TEGATA_FAILURE_TEXT: usize = 256;

/// Where a callback that fails says why, before it returns something other than 0. All zero when the callback begins.
#[repr(C)]
pub struct tegata_failure {
    /// A sentence for people, in UTF-8 and ended by a zero octet: `snprintf(failure->text, sizeof failure->text, ...)`.
    /// It must
    /// not hold a secret.
    pub text: [c_char; TEGATA_FAILURE_TEXT],
    /// For a conflict: the index of the write that met it.
    pub write: usize,
    /// For a schema that is too new: the version found.
    pub found: u32,
    /// For a schema that is too new: the newest version supported.
    pub supported: u32,
}

impl tegata_failure {
    /// Nothing said yet.
    pub(crate) const fn new() -> Self {
        Self { text: [0; TEGATA_FAILURE_TEXT], write: 0, found: 0, supported: 0 }
    }

    /// What was said, made fit for a message.
    pub(crate) fn reason(&mut self) -> String {
        self.text[TEGATA_FAILURE_TEXT - 1] = 0;
        // SAFETY: ended by the zero just written.
        let text = unsafe { CStr::from_ptr(self.text.as_ptr()) };
        tegata::callback::reason(&text.to_string_lossy())
    }
}

/// Takes what a callback answers with octets, such as a signature.
pub struct tegata_sink {
    octets: Vec<u8>,
    most: usize,
    overflow: bool,
}

impl tegata_sink {
    /// A place for up to `most` octets.
    pub(crate) const fn of(most: usize) -> Self {
        Self { octets: Vec::new(), most, overflow: false }
    }

    /// What came in, unless it was too much.
    pub(crate) fn taken(mut self) -> Option<Vec<u8>> {
        if self.overflow { None } else { Some(std::mem::take(&mut self.octets)) }
    }
}

impl Drop for tegata_sink {
    fn drop(&mut self) {
        // What a callback added before it failed may be a part of a secret.
        self.octets.zeroize();
    }
}

/// Adds octets to what a callback answers. They are copied. Only for use inside the callback that got the sink.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_sink_add(sink: *mut tegata_sink, data: *const u8, len: usize) {
    // SAFETY: the sink that the callback got, or NULL.
    let Some(sink) = (unsafe { sink.as_mut() }) else { return };
    match (tegata_bytes { data, len }).get("data") {
        Ok(more) if more.len() <= sink.most.saturating_sub(sink.octets.len()) => {
            // It may be a secret: growing in place would leave a copy behind.
            let mut grown = Vec::with_capacity(sink.octets.len() + more.len());
            grown.extend_from_slice(&sink.octets);
            grown.extend_from_slice(more);
            sink.octets.zeroize();
            sink.octets = grown;
        }
        _ => sink.overflow = true,
    }
}

/// The host's object behind a set of callbacks. Calls the host's `free` when nothing uses it any more.
pub(crate) struct Host {
    userdata: *mut c_void,
    free: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}

// SAFETY: the header tells hosts that their callbacks run on any thread, several at a time.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// Takes charge of `userdata`.
    pub(crate) const fn new(userdata: *mut c_void, free: Option<unsafe extern "C" fn(userdata: *mut c_void)>) -> Self {
        Self { userdata, free }
    }

    /// For a callback's first argument.
    pub(crate) const fn userdata(&self) -> *mut c_void {
        self.userdata
    }

    /// Calls the host; a nonzero answer is its failure.
    pub(crate) fn call(
        &self,
        call: impl FnOnce(*mut c_void, *mut tegata_failure) -> c_int,
    ) -> Result<(), (c_int, Box<tegata_failure>)> {
        let mut failure = Box::new(tegata_failure::new());
        match marked(|| call(self.userdata, &raw mut *failure)) {
            0 => Ok(()),
            number => Err((number, failure)),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the host gave both, and this happens once. Marked, since the registry may be letting go of a signer in the
            // middle of a call.
            marked(|| unsafe { free(self.userdata) });
        }
    }
}

/// The function of a set of callbacks that must be there.
pub(crate) fn needed<F>(function: Option<F>, field: &str) -> Result<F> {
    function.ok_or_else(|| invalid(field, "is NULL; the callback is needed"))
}

/// Runs a callback of the host's.
pub(crate) fn marked<R>(body: impl FnOnce() -> R) -> R {
    tegata::callback::run(body)
}

//! One piece of memory behind everything that a record points to, so that one `_free` frees all of it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null};

use zeroize::Zeroize;

use crate::bytes::tegata_bytes;

const FIRST_CHUNK: usize = 2048;
const ALIGNMENT: usize = 16;

/// Grows, is never moved, and is freed at once. What is put here is `Copy`, so it needs no dropping; what does is kept
/// apart.
pub(crate) struct Arena {
    chunks: Vec<(NonNull<u8>, Layout)>,
    kept: Vec<Kept>,
    used: usize,
    secret: bool,
}

/// A boxed value and what drops it.
type Kept = (*mut (), unsafe fn(*mut ()));

/// Drops a boxed value of this type.
unsafe fn drop_kept<T>(value: *mut ()) {
    // SAFETY: `keep` made it from a box of a T, and this is called once.
    drop(unsafe { Box::from_raw(value.cast::<T>()) });
}

impl Arena {
    /// An arena without memory yet.
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), kept: Vec::new(), used: 0, secret: false }
    }

    fn room(&mut self, layout: Layout) -> NonNull<u8> {
        if let Some((chunk, whole)) = self.chunks.last() {
            let start = self.used.next_multiple_of(layout.align());
            if let Some(end) = start.checked_add(layout.size())
                && end <= whole.size()
            {
                self.used = end;
                // SAFETY: start..end lies within the chunk.
                return unsafe { chunk.add(start) };
            }
        }
        let next = self.chunks.last().map_or(FIRST_CHUNK, |(_, whole)| whole.size().saturating_mul(2).min(1 << 20));
        let size = next.max(layout.size());
        let whole = Layout::from_size_align(size, ALIGNMENT).unwrap_or(layout);
        // SAFETY: the size is not zero.
        let Some(chunk) = NonNull::new(unsafe { alloc(whole) }) else { handle_alloc_error(whole) };
        self.chunks.push((chunk, whole));
        self.used = layout.size();
        chunk
    }

    /// Puts a value here and tells where it is.
    pub(crate) fn put<T: Copy>(&mut self, value: T) -> *const T {
        let place = self.room(Layout::new::<T>()).cast::<T>().as_ptr();
        // SAFETY: `room` gave room for one T, aligned.
        unsafe { place.write(value) };
        place
    }

    /// Puts values here, one after the other; NULL for none.
    pub(crate) fn put_all<T: Copy>(&mut self, values: &[T]) -> *const T {
        if values.is_empty() {
            return null();
        }
        let place = self.room(Layout::for_value(values)).cast::<T>().as_ptr();
        // SAFETY: `room` gave room for as many, aligned and apart from the source.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), place, values.len()) };
        place
    }

    /// A value or NULL.
    pub(crate) fn maybe<T: Copy>(&mut self, value: Option<T>) -> *const T {
        value.map_or(null(), |value| self.put(value))
    }

    /// A text, ended by a zero octet. A zero octet within, which no name of the registry holds, becomes U+FFFD.
    pub(crate) fn text(&mut self, text: &str) -> *const c_char {
        if text.contains('\0') {
            return self.text(&text.replace('\0', "\u{FFFD}"));
        }
        let place = self.room(Layout::array::<u8>(text.len() + 1).unwrap_or(Layout::new::<u8>())).as_ptr();
        // SAFETY: `room` gave room for the text and the zero after it.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), place, text.len());
            place.add(text.len()).write(0);
        }
        place.cast()
    }

    /// A text or NULL.
    pub(crate) fn maybe_text(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(null(), |text| self.text(text))
    }

    /// What `value` prints as: identifiers, names.
    pub(crate) fn shown(&mut self, value: impl std::fmt::Display) -> *const c_char {
        self.text(&value.to_string())
    }

    /// What a value prints as, or NULL.
    pub(crate) fn maybe_shown(&mut self, value: Option<impl std::fmt::Display>) -> *const c_char {
        value.map_or(null(), |value| self.shown(value))
    }

    /// Octets.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> tegata_bytes {
        tegata_bytes { data: self.put_all(bytes), len: bytes.len() }
    }

    /// Octets, or NULL for data.
    pub(crate) fn maybe_bytes(&mut self, bytes: Option<&[u8]>) -> tegata_bytes {
        bytes.map_or(tegata_bytes::NONE, |bytes| self.bytes(bytes))
    }

    /// Keeps a value of the library's own for as long as the record lives, and tells where it is. Any thread may use it then.
    pub(crate) fn keep<T: Send + Sync>(&mut self, value: T) -> *const T {
        let place = Box::into_raw(Box::new(value));
        self.kept.push((place.cast(), drop_kept::<T>));
        place
    }

    /// From now on this arena holds a secret and is erased before it is freed.
    pub(crate) const fn holds_a_secret(&mut self) {
        self.secret = true;
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for (value, drop_it) in self.kept.drain(..) {
            // SAFETY: pushed together by `keep`.
            unsafe { drop_it(value) };
        }
        for (chunk, layout) in self.chunks.drain(..) {
            if self.secret {
                let octets = chunk.cast::<MaybeUninit<u8>>().as_ptr();
                // SAFETY: the whole chunk, which nobody uses any more.
                unsafe { std::slice::from_raw_parts_mut(octets, layout.size()) }.zeroize();
            }
            // SAFETY: allocated with this layout.
            unsafe { dealloc(chunk.as_ptr(), layout) };
        }
    }
}

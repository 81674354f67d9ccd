//! The handle for pre-shared keys.

mod lookup;
mod secret;

use super::Inner;

/// Keys that no device shows under its own ID are in rows from here on; below, a row's number is its device's.
const BEYOND_DEVICES: u64 = 1 << 48;

/// Pre-shared keys.
#[derive(Clone, Copy, Debug)]
pub struct Psks<'r> {
    inner: &'r Inner,
}

#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_code)]
// Vector code must end up in the function that is compiled for its instructions, and constants in the code that they unroll.
#![allow(clippy::inline_always)]

mod block;
mod ctr;
mod path;
mod scalar;
mod schedule;
mod shuffle;
#[cfg(wide)]
mod simd;

#[cfg(test)]
mod tests;

pub use block::{Twine, Twine80, Twine128};
pub use cipher;
pub use ctr::{CtrKey, CtrUse, Keystream, LimitExceeded, MAX_BLOCKS, NonceUsed};
#[doc(hidden)]
pub use path::Path;

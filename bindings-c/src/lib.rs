//! tegata for C and C++: convert, one call into the core, convert. `include/tegata.h` is generated from here.
//!
//! # Conventions
//!
//! They are written out for users at the top of `tegata.h` (`generate/preamble.h`). For who adds a function:
//!
//! - One `pub unsafe extern "C" fn tegata_<handle>_<verb>` per operation, written out, since cbindgen does not see
//!   through macros: inputs, `call`, outputs, `error`. Its body is [`boundary::run`] around a closure.
//! - Everything that dereferences a pointer from C is in [`boundary`], [`text`], [`bytes`] and [`input`]; bodies hold none
//!   of it. Each exported function is `unsafe` because its caller promises what the header says of pointers.
//! - What comes from C as a number of an enum is a [`Number`](number::Number), never a Rust enum.
//! - Inputs of several values are structs that begin with their size and implement [`input::Growing`].
//! - Outputs are records in an [`Arena`](arena::Arena) of their own: [`record::ToC`] says how, [`boundary::Out::give`] hands over.

#![allow(non_camel_case_types)]
// What a caller promises is the same for all functions and stands at the top of the header.
#![allow(clippy::missing_safety_doc)]
// What the header shows is public without being reachable from Rust.
#![allow(unreachable_pub)]
// Enums that only C names, and conversions that not every build uses.
#![allow(dead_code)]

mod algorithm;
mod arena;
mod boundary;
mod bytes;
mod callback;
mod input;
mod number;
mod record;
mod signer;
mod status;
mod text;
mod value;

#[cfg(feature = "registry")]
mod registry;

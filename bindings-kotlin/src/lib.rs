//! tegata for Kotlin and Swift: convert, one call into the core, convert.
//!
//! uniffi writes the Kotlin and Swift sources from what is here. Records of the core that can be built from outside are
//! used as they are (`remote`); those that cannot have a twin here. `tools/native.py` makes the Kotlin that users see.

// uniffi lifts owned values; what is passed by value here was made for this very call.
#![allow(clippy::needless_pass_by_value)]
// The macros of uniffi write the same, in the crate that uses them.
#![allow(clippy::used_underscore_binding, unused_qualifications)]
// What uniffi exports is reached from other languages, not from Rust.
#![allow(unreachable_pub, clippy::missing_errors_doc)]

mod authorities;
mod authorities_handle;
mod bulk;
mod campaigns;
mod certificates;
mod certificates_handle;
mod clients;
mod crl;
mod devices;
mod devices_handle;
mod error;
mod events;
mod export;
mod groups;
mod host;
mod host_store;
mod keys;
mod lists;
mod log;
mod moving;
mod names;
mod ocsp;
mod open;
mod parsed;
mod products;
mod profiles;
mod provision;
mod psks;
mod registry;
mod streams;
mod symmetric;
mod values;

uniffi::setup_scaffolding!("tegata");

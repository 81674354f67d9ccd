//! tegata for Kotlin and Swift: convert, one call into the core, convert.

uniffi::setup_scaffolding!();

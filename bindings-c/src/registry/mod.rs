//! The registry: one file per handle.

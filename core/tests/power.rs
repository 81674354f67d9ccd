//! Power cuts and faults of the disk: whatever happens, what was acknowledged is there, what was not is whole or
//! absent, no serial number is used twice, each failure is a typed error, and work goes on by itself where it can.
//!
//! A child (this very test binary) lets units enroll, renew and be revoked, and tells each acknowledged fact in a line; the
//! tests trouble it, then compare the registry with what it told. Trouble is made with `strace`, which lets system
//! calls fail and records what was written, so that a power cut can be played afterwards at any point of the record.

#![cfg(all(target_os = "linux", feature = "sqlite", feature = "testing"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "power/clock.rs"]
mod clock;
mod common;
#[path = "power/cuts.rs"]
mod cuts;
#[path = "power/disk.rs"]
mod disk;
#[path = "power/faults.rs"]
mod faults;
#[path = "power/files.rs"]
mod files;
#[path = "power/life.rs"]
mod life;
#[path = "power/trace.rs"]
mod trace;

/// Not a test by itself: what the children do.
#[test]
fn child() {
    life::child();
}

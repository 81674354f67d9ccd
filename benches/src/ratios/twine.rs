//! `twine`: cycles an octet of the TWINE cipher, in bulk and for one block, on every way that this processor has.
//!
//! The cycles are the core's own and not those of its time stamp counter, which runs at another rate: before each figure, a chain of
//! additions, each of which waits for the one before and takes exactly one cycle, says how many cycles a second has. Of many
//! short runs the quickest counts, since nothing makes code quicker than it is.

use std::hint::black_box;

use tegata_twine::cipher::KeyInit;
use tegata_twine::{CtrKey, Path, Twine80, Twine128};

use crate::{print, seconds};

const RUNS: usize = 2_000;
/// Additions in a chain: long enough for a clock of nanoseconds, short enough to be left alone by others.
const ADDITIONS: u64 = 64 * 1_500;

pub(crate) fn measure() {
    let twine = Twine80::new(&[0x42; 10].into());
    let bulk = |path: Path, blocks: usize| {
        let mut data = vec![[0x17; 8]; blocks];
        cycles(1.max(1_024 / blocks), || twine.encrypt_on(path, black_box(&mut data))) / (8 * blocks) as f64
    };
    let best = Path::best();
    // The figure is what a call with 64 blocks or more takes: its worst size counts.
    let sizes = [64, 96, 128, 256, 1_024, 4_096];
    print("twine", sizes.iter().map(|&blocks| bulk(best, blocks)).fold(0.0, f64::max));
    for blocks in [32, 64, 256, 4_096] {
        print(&format!("twine-{blocks}-blocks"), bulk(best, blocks));
    }
    for path in Path::ALL.iter().filter(|path| path.available()) {
        print(&format!("twine-{path:?}").to_lowercase(), bulk(*path, 4_096));
    }
    let mut data = vec![0; 8 * 4_096];
    let key = CtrKey::<Twine80>::new(&[0x42; 10].into());
    let ctr = cycles(2, || key.received(1).apply_keystream(black_box(&mut data)).unwrap());
    print("twine-counter-mode", ctr / data.len() as f64);

    // One block after the other, each the result of the one before: the time until it is there.
    let mut block = [[0x17; 8]];
    let one = cycles(100, || twine.encrypt_on(best, black_box(&mut block)));
    print("twine-one-block-cycles", one);
    let hertz = (0..100).map(|_| hertz()).fold(0.0, f64::max);
    print("twine-one-block-ns", one / hertz * 1e9);
    let scalar = cycles(100, || twine.encrypt_on(Path::Scalar, black_box(&mut block)));
    print("twine-one-block-scalar-cycles", scalar);
    print("twine-80-key-cycles", cycles(50, || drop(black_box(Twine80::new(&black_box([1; 10]).into())))));
    print("twine-128-key-cycles", cycles(50, || drop(black_box(Twine128::new(&black_box([1; 16]).into())))));
}

/// The cycles that `work` takes: of the shortest time, at the fastest clock.
fn cycles(times: usize, mut work: impl FnMut()) -> f64 {
    let (mut least, mut hertz) = (f64::INFINITY, 0.0_f64);
    for run in 0..RUNS {
        if run % 20 == 0 {
            hertz = hertz.max(self::hertz());
        }
        least = least.min(seconds(|| (0..times).for_each(|_| work())));
    }
    least * hertz / times as f64
}

/// Cycles a second.
fn hertz() -> f64 {
    ADDITIONS as f64 / seconds(|| chain(black_box(ADDITIONS)))
}

/// So many additions, a multiple of 64, each of which needs the result of the one before.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(unsafe_code)]
#[inline(never)]
fn chain(additions: u64) {
    let mut x = 1_u64;
    for _ in 0..additions / 64 {
        // SAFETY: only `x` is changed.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            std::arch::asm!(".rept 64", "add {x}, {x}", ".endr", x = inout(reg) x, options(nomem, nostack));
            #[cfg(target_arch = "aarch64")]
            std::arch::asm!(".rept 64", "add {x}, {x}, {x}", ".endr", x = inout(reg) x, options(nomem, nostack));
        }
    }
    black_box(x);
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(never)]
fn chain(additions: u64) {
    let mut x = 1_u64;
    for _ in 0..additions {
        x = black_box(x.wrapping_add(x));
    }
}

//! The cipher on vectors: the only unsafe code, and all of it is here.
//!
//! Every function that holds vector instructions is generic over [`Vector`] and always inlined into an entry function of `x86` or
//! `neon`, which is compiled for the instructions that it names. Those entry functions are called only after the processor
//! was asked.

#![allow(unsafe_code)]

mod lanes;
mod sliced;

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) mod x86;

use crate::schedule::ROUNDS;

/// Round keys, an octet a nibble, between keys of zero.
type Octets = [u64; ROUNDS + 4];

/// The S-box.
const SUBSTITUTION: [u8; 16] = [0xC, 0, 0xF, 0xA, 2, 0xB, 9, 5, 8, 3, 0xD, 7, 1, 0xE, 6, 4];

/// Octets in a register, in lanes of 16.
///
/// # Safety
///
/// Of all functions: the processor has the instructions that the type stands for. `load`, `lane` and `store` moreover: the pointer is
/// valid for `OCTETS` octets (`lane`: for 16), of any alignment.
pub(crate) trait Vector: Copy {
    const OCTETS: usize;

    unsafe fn load(from: *const u8) -> Self;
    unsafe fn store(self, to: *mut u8);
    /// The same 16 octets in every lane.
    unsafe fn lane(from: *const u8) -> Self;
    /// The same octet everywhere.
    unsafe fn splat(octet: u8) -> Self;
    unsafe fn xor(self, other: Self) -> Self;
    unsafe fn and(self, other: Self) -> Self;
    unsafe fn or(self, other: Self) -> Self;
    /// Each octet shifted by four; what falls into the neighbour is for the caller to mask.
    unsafe fn shift_right_4(self) -> Self;
    unsafe fn shift_left_4(self) -> Self;
    /// In every lane: the octets of `self` at `indices`, which are below 16.
    unsafe fn pick(self, indices: Self) -> Self;
    /// In every lane: the lower or the upper halves of both, in turns, in units of 16, 32 or 64 bits.
    unsafe fn low_16(self, other: Self) -> Self;
    unsafe fn high_16(self, other: Self) -> Self;
    unsafe fn low_32(self, other: Self) -> Self;
    unsafe fn high_32(self, other: Self) -> Self;
    unsafe fn low_64(self, other: Self) -> Self;
    unsafe fn high_64(self, other: Self) -> Self;
}

/// The keys of the round before `round` and of `round`, in every lane; in what order there, [`of_two`] knows.
///
/// # Safety
///
/// As for [`Vector`]; `round` is below 38.
#[inline(always)]
unsafe fn two_keys<const DECRYPT: bool, V: Vector>(keys: &Octets, round: usize) -> V {
    // SAFETY: the caller vouches for the instructions and that two keys follow.
    unsafe { V::lane(keys.as_ptr().add(if DECRYPT { ROUNDS + 1 - round } else { round + 1 }).cast()) }
}

/// Indices into what [`two_keys`] gave: eight into the first key, then eight into the second.
const fn of_two<const DECRYPT: bool>(first: [u8; 8], second: [u8; 8]) -> [u8; 16] {
    if DECRYPT { side_by_side(first, 8, second, 0) } else { side_by_side(first, 0, second, 8) }
}

const fn side_by_side(first: [u8; 8], offset: u8, second: [u8; 8], second_offset: u8) -> [u8; 16] {
    let mut both = [0; 16];
    let mut index = 0;
    while index < 8 {
        both[index] = first[index] + offset;
        both[index + 8] = second[index] + second_offset;
        index += 1;
    }
    both
}

/// Overwrites what was made of a key, in a way that the compiler does not leave out.
///
/// # Safety
///
/// As for [`Vector`]; the size of `T` is a multiple of that of `V`, it is as aligned, and any octets are a `T`.
#[inline(always)]
unsafe fn erase<V: Vector, T>(secret: &mut T) {
    let at: *mut V = (&raw mut *secret).cast();
    for index in 0..size_of::<T>() / size_of::<V>() {
        // SAFETY: the caller vouches for the instructions and for the size.
        unsafe { at.add(index).write_volatile(V::splat(0)) };
    }
}

//! The cipher on vectors: the only unsafe code, and all of it is here.
//!
//! Every function that holds vector instructions is generic over [`Vector`] and always inlined into an entry function of `x86` or
//! `neon`, which is compiled for the instructions that it names. Those entry functions are called only after the processor
//! was asked.

#![allow(unsafe_code)]

mod sliced;

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) mod x86;

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

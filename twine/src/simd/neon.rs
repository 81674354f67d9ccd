//! NEON, which every 64-bit ARM processor that runs an operating system has.

use core::arch::aarch64 as arch;
use core::arch::aarch64::uint8x16_t;

use super::Vector;
use super::sliced::{self, Tables};
use crate::schedule::RoundKeys;
use crate::shuffle::Shuffle;

// SAFETY: of all calls below, that of the trait's functions.
impl Vector for uint8x16_t {
    const OCTETS: usize = 16;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe { arch::vld1q_u8(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        unsafe { arch::vst1q_u8(to, self) }
    }
    #[inline(always)]
    unsafe fn lane(from: *const u8) -> Self {
        unsafe { arch::vld1q_u8(from) }
    }
    #[inline(always)]
    unsafe fn splat(octet: u8) -> Self {
        unsafe { arch::vdupq_n_u8(octet) }
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        unsafe { arch::veorq_u8(self, other) }
    }
    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        unsafe { arch::vandq_u8(self, other) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { arch::vorrq_u8(self, other) }
    }
    #[inline(always)]
    unsafe fn shift_right_4(self) -> Self {
        unsafe { arch::vshrq_n_u8::<4>(self) }
    }
    #[inline(always)]
    unsafe fn shift_left_4(self) -> Self {
        unsafe { arch::vshlq_n_u8::<4>(self) }
    }
    #[inline(always)]
    unsafe fn pick(self, indices: Self) -> Self {
        unsafe { arch::vqtbl1q_u8(self, indices) }
    }
    #[inline(always)]
    unsafe fn low_16(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u16 as back, vreinterpretq_u16_u8 as units};
        unsafe { back(arch::vzip1q_u16(units(self), units(other))) }
    }
    #[inline(always)]
    unsafe fn high_16(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u16 as back, vreinterpretq_u16_u8 as units};
        unsafe { back(arch::vzip2q_u16(units(self), units(other))) }
    }
    #[inline(always)]
    unsafe fn low_32(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u32 as back, vreinterpretq_u32_u8 as units};
        unsafe { back(arch::vzip1q_u32(units(self), units(other))) }
    }
    #[inline(always)]
    unsafe fn high_32(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u32 as back, vreinterpretq_u32_u8 as units};
        unsafe { back(arch::vzip2q_u32(units(self), units(other))) }
    }
    #[inline(always)]
    unsafe fn low_64(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u64 as back, vreinterpretq_u64_u8 as units};
        unsafe { back(arch::vzip1q_u64(units(self), units(other))) }
    }
    #[inline(always)]
    unsafe fn high_64(self, other: Self) -> Self {
        use arch::{vreinterpretq_u8_u64 as back, vreinterpretq_u64_u8 as units};
        unsafe { back(arch::vzip2q_u64(units(self), units(other))) }
    }
}

/// Answers with the blocks that it left as they were, too few for a batch.
#[target_feature(enable = "neon")]
pub(crate) fn neon<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    if blocks.len() < 16 {
        return blocks;
    }
    // SAFETY: this function has the instructions.
    unsafe {
        let tables = Tables::new::<uint8x16_t>(&sliced::in_order(keys, DECRYPT));
        sliced::batches::<uint8x16_t, _>(&tables, Shuffle::of(DECRYPT), blocks)
    }
}

//! NEON, which every 64-bit ARM processor that runs an operating system has.

use core::arch::aarch64 as arch;
use core::arch::aarch64::uint8x16_t;

use super::lanes::{self, Narrow};
use super::sliced::{self, Tables};
use super::{Octets, Vector};
use crate::schedule::RoundKeys;

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

impl Narrow for uint8x16_t {
    #[inline(always)]
    unsafe fn load_8(from: *const u8) -> Self {
        // SAFETY: that of the function.
        unsafe { arch::vcombine_u8(arch::vld1_u8(from), arch::vdup_n_u8(0)) }
    }
    #[inline(always)]
    unsafe fn store_8(self, to: *mut u8) {
        // SAFETY: that of the function.
        unsafe { arch::vst1_u8(to, arch::vget_low_u8(self)) }
    }
}

#[target_feature(enable = "neon")]
fn on_neon<const DECRYPT: bool>(keys: &Octets, blocks: &mut [[u8; 8]]) {
    let mut rest = blocks;
    // SAFETY: this function has the instructions.
    unsafe {
        if rest.len() >= 128 {
            let mut tables = Tables::new::<DECRYPT, uint8x16_t>(keys);
            rest = sliced::batches::<DECRYPT, uint8x16_t, _>(&tables, rest);
            tables.erase::<uint8x16_t>();
        }
        lanes::run::<DECRYPT, uint8x16_t, uint8x16_t>(keys, rest);
    }
}

#[inline]
pub(crate) fn neon<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [[u8; 8]]) {
    // SAFETY: this file is compiled only for targets that have the instructions.
    unsafe { on_neon::<DECRYPT>(keys.octets(), blocks) };
}

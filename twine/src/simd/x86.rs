//! SSSE3, AVX2 and AVX-512 with its instructions on octets.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

use arch::{__m128i, __m256i, __m512i};

use zeroize::{Zeroize, Zeroizing};

use super::sliced::{self, Keys, Tables};
use super::{SUBSTITUTION, Vector};
use crate::schedule::{ROUNDS, RoundKeys};
use crate::shuffle::Shuffle;

cpufeatures::new!(ssse3, "ssse3");
cpufeatures::new!(avx2, "avx2");
cpufeatures::new!(avx512, "avx2", "avx512f", "avx512bw", "avx512vl");

pub(crate) fn has_ssse3() -> bool {
    ssse3::get()
}

pub(crate) fn has_avx2() -> bool {
    avx2::get()
}

pub(crate) fn has_avx512() -> bool {
    avx512::get()
}

macro_rules! vector {
    (
        $type:ty, $octets:literal, lane: $lane:expr, splat: $splat:ident, load: $load:ident, store: $store:ident,
        $($name:ident($($other:ident)?) = $intrinsic:ident $(::<$count:literal>)?,)*
    ) => {
        // SAFETY: of all calls below, that of the trait's functions.
        impl Vector for $type {
            const OCTETS: usize = $octets;

            #[inline(always)]
            unsafe fn load(from: *const u8) -> Self {
                unsafe { arch::$load(from.cast()) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut u8) {
                unsafe { arch::$store(to.cast(), self) }
            }
            #[inline(always)]
            unsafe fn lane(from: *const u8) -> Self {
                unsafe { $lane(arch::_mm_loadu_si128(from.cast())) }
            }
            #[inline(always)]
            unsafe fn splat(octet: u8) -> Self {
                unsafe { arch::$splat(octet.cast_signed()) }
            }
            $(
                #[inline(always)]
                unsafe fn $name(self $(, $other: Self)?) -> Self {
                    unsafe { arch::$intrinsic $(::<$count>)? (self $(, $other)?) }
                }
            )*
        }
    };
}

vector! {
    __m128i, 16, lane: core::convert::identity, splat: _mm_set1_epi8, load: _mm_loadu_si128, store: _mm_storeu_si128,
    xor(other) = _mm_xor_si128,
    and(other) = _mm_and_si128,
    or(other) = _mm_or_si128,
    shift_right_4() = _mm_srli_epi16::<4>,
    shift_left_4() = _mm_slli_epi16::<4>,
    pick(indices) = _mm_shuffle_epi8,
    low_16(other) = _mm_unpacklo_epi16,
    high_16(other) = _mm_unpackhi_epi16,
    low_32(other) = _mm_unpacklo_epi32,
    high_32(other) = _mm_unpackhi_epi32,
    low_64(other) = _mm_unpacklo_epi64,
    high_64(other) = _mm_unpackhi_epi64,
}

vector! {
    __m256i, 32, lane: arch::_mm256_broadcastsi128_si256, splat: _mm256_set1_epi8, load: _mm256_loadu_si256,
    store: _mm256_storeu_si256,
    xor(other) = _mm256_xor_si256,
    and(other) = _mm256_and_si256,
    or(other) = _mm256_or_si256,
    shift_right_4() = _mm256_srli_epi16::<4>,
    shift_left_4() = _mm256_slli_epi16::<4>,
    pick(indices) = _mm256_shuffle_epi8,
    low_16(other) = _mm256_unpacklo_epi16,
    high_16(other) = _mm256_unpackhi_epi16,
    low_32(other) = _mm256_unpacklo_epi32,
    high_32(other) = _mm256_unpackhi_epi32,
    low_64(other) = _mm256_unpacklo_epi64,
    high_64(other) = _mm256_unpackhi_epi64,
}

vector! {
    __m512i, 64, lane: arch::_mm512_broadcast_i32x4, splat: _mm512_set1_epi8, load: _mm512_loadu_si512,
    store: _mm512_storeu_si512,
    xor(other) = _mm512_xor_si512,
    and(other) = _mm512_and_si512,
    or(other) = _mm512_or_si512,
    shift_right_4() = _mm512_srli_epi16::<4>,
    shift_left_4() = _mm512_slli_epi16::<4>,
    pick(indices) = _mm512_shuffle_epi8,
    low_16(other) = _mm512_unpacklo_epi16,
    high_16(other) = _mm512_unpackhi_epi16,
    low_32(other) = _mm512_unpacklo_epi32,
    high_32(other) = _mm512_unpackhi_epi32,
    low_64(other) = _mm512_unpacklo_epi64,
    high_64(other) = _mm512_unpackhi_epi64,
}

/// The nibbles of the round keys, each four times over, for AVX-512, which adds three numbers at once and repeats 32 bits on the fly.
///
/// A key is not added before the S-box but one round earlier, to what will be the S-box's input. So what stands in an even position
/// has its round key in it already, and in an odd one still has that of the round before.
#[repr(C, align(64))]
struct Splats {
    between: [[[u32; 8]; 2]; ROUNDS / 2],
    before: [u32; 8],
    after: [u32; 8],
}

/// Indices for two round keys in a lane.
const fn twice(eight: [u8; 8]) -> [u8; 16] {
    let mut indices = [0; 16];
    let mut index = 0;
    while index < 8 {
        indices[index] = eight[index];
        indices[index + 8] = eight[index] + 8;
        index += 1;
    }
    indices
}

const fn inverted(map: [u8; 8]) -> [u8; 8] {
    let mut inverted = [0; 8];
    let mut from = 0;
    while from < 8 {
        inverted[map[from as usize] as usize] = from;
        from += 1;
    }
    inverted
}

impl Splats {
    /// # Safety
    ///
    /// As for [`Vector`] of 64 octets.
    #[inline(always)]
    unsafe fn new(keys: &[u64; ROUNDS], shuffle: Shuffle) -> Self {
        const FOUR_TIMES: [[u8; 4]; 16] = {
            let mut indices = [[0; 4]; 16];
            let mut index = 0;
            while index < 16 {
                indices[index as usize] = [index; 4];
                index += 1;
            }
            indices
        };
        let splat = |key: u64| key.to_le_bytes().map(|nibble| u32::from(nibble) * 0x0101_0101);
        let mut splats =
            Self { between: [[[0; 8]; 2]; ROUNDS / 2], before: splat(keys[0]), after: splat(keys[ROUNDS - 1]) };
        // A round key of zero before the first and after the last.
        let mut padded = Zeroizing::new([0; ROUNDS + 2]);
        padded[1..=ROUNDS].copy_from_slice(keys);
        let (next, last) = (twice(shuffle.odd_to_even), twice(inverted(shuffle.even_to_odd)));
        // SAFETY: the caller vouches for the instructions; 16 octets can be read and 64 written at all places.
        unsafe {
            let (next, last) = (__m128i::load(next.as_ptr()), __m128i::load(last.as_ptr()));
            let four_times = __m512i::load(FOUR_TIMES.as_ptr().cast());
            for (index, to) in splats.between.iter_mut().enumerate() {
                let lasts = __m128i::load(padded[2 * index..2 * index + 2].as_ptr().cast());
                let nexts = __m128i::load(padded[2 * index + 2..2 * index + 4].as_ptr().cast());
                let both = nexts.pick(next).xor(lasts.pick(last));
                arch::_mm512_broadcast_i32x4(both).pick(four_times).store(to.as_mut_ptr().cast());
            }
        }
        splats
    }
}

impl Drop for Splats {
    fn drop(&mut self) {
        let Self { between, before, after } = self;
        let between: *mut [u128; 2 * ROUNDS] = (&raw mut *between).cast();
        // SAFETY: as many octets, aligned to 64, and any octets are a number.
        unsafe { &mut *between }.zeroize();
        before.zeroize();
        after.zeroize();
    }
}

/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
unsafe fn splat_32<V: Splat32>(word: u32) -> V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { V::splat_32(word) }
}

trait Splat32: Vector {
    unsafe fn splat_32(word: u32) -> Self;
}

impl Splat32 for __m256i {
    #[inline(always)]
    unsafe fn splat_32(word: u32) -> Self {
        // SAFETY: the caller vouches for the instructions.
        unsafe { arch::_mm256_set1_epi32(word.cast_signed()) }
    }
}

impl Splat32 for __m512i {
    #[inline(always)]
    unsafe fn splat_32(word: u32) -> Self {
        // SAFETY: the caller vouches for the instructions.
        unsafe { arch::_mm512_set1_epi32(word.cast_signed()) }
    }
}

impl<V: Splat32> Keys<V> for Splats {
    #[inline(always)]
    unsafe fn before(&self, even: &mut [V; 8]) {
        for (even, &key) in even.iter_mut().zip(&self.before) {
            // SAFETY: the caller vouches for the instructions.
            *even = unsafe { even.xor(splat_32(key)) };
        }
    }

    #[inline(always)]
    unsafe fn mix(&self, round: usize, box_: usize, even: V, odd: V) -> V {
        debug_assert!(round < ROUNDS);
        // SAFETY: the caller vouches for the instructions and the range.
        unsafe {
            let key = splat_32(self.between.get_unchecked(round / 2)[round % 2][box_]);
            V::lane(SUBSTITUTION.as_ptr()).pick(even).xor(odd.xor(key))
        }
    }

    #[inline(always)]
    unsafe fn after(&self, even: &mut [V; 8]) {
        for (even, &key) in even.iter_mut().zip(&self.after) {
            // SAFETY: the caller vouches for the instructions.
            *even = unsafe { even.xor(splat_32(key)) };
        }
    }
}

#[target_feature(enable = "ssse3")]
fn ssse3_batches<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    // SAFETY: this function has the instructions.
    unsafe {
        let tables = Tables::new::<__m128i>(&sliced::in_order(keys, DECRYPT));
        sliced::batches::<__m128i, _>(&tables, Shuffle::of(DECRYPT), blocks)
    }
}

#[target_feature(enable = "avx2")]
fn avx2_batches<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    // SAFETY: this function has the instructions.
    unsafe {
        let tables = Tables::new::<__m128i>(&sliced::in_order(keys, DECRYPT));
        sliced::batches::<__m256i, _>(&tables, Shuffle::of(DECRYPT), blocks)
    }
}

#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl")]
fn avx512_batches<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    // SAFETY: this function has the instructions.
    unsafe {
        let splats = Splats::new(&sliced::in_order(keys, DECRYPT), Shuffle::of(DECRYPT));
        let rest = sliced::batches::<__m512i, _>(&splats, Shuffle::of(DECRYPT), blocks);
        sliced::batches::<__m256i, _>(&splats, Shuffle::of(DECRYPT), rest)
    }
}

/// Each of the following answers with the blocks that it left as they were: all of them if the processor lacks the
/// instructions, else those too few for a batch.
pub(crate) fn ssse3<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    if blocks.len() < 16 || !has_ssse3() {
        return blocks;
    }
    // SAFETY: the processor was asked.
    unsafe { ssse3_batches::<DECRYPT>(keys, blocks) }
}

pub(crate) fn avx2<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    if blocks.len() < 32 || !has_avx2() {
        return blocks;
    }
    // SAFETY: the processor was asked.
    unsafe { avx2_batches::<DECRYPT>(keys, blocks) }
}

pub(crate) fn avx512<'a, const DECRYPT: bool>(keys: &RoundKeys, blocks: &'a mut [[u8; 8]]) -> &'a mut [[u8; 8]] {
    if blocks.len() < 32 || !has_avx512() {
        return blocks;
    }
    // SAFETY: the processor was asked.
    unsafe { avx512_batches::<DECRYPT>(keys, blocks) }
}

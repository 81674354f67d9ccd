//! SSSE3, AVX2 and AVX-512 with its instructions on octets.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

use core::mem::MaybeUninit;

use arch::{__m128i, __m256i, __m512i};

use super::lanes::{self, Narrow};
use super::sliced::{self, Keys, Tables};
use super::{Octets, SUBSTITUTION, Vector, erase, of_two, two_keys};
use crate::schedule::{ROUNDS, RoundKeys};
use crate::shuffle::{Shuffle, inverse};

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
    /// The keys of the first two rounds, of which the first is added before all.
    first: [[u32; 8]; 2],
    /// Those of the last two, of which the second is added after all.
    last: [[u32; 8]; 2],
}

impl Splats {
    /// # Safety
    ///
    /// As for [`Vector`] of 64 octets.
    #[inline(always)]
    unsafe fn new<const DECRYPT: bool>(keys: &Octets) -> Self {
        struct Indices<const DECRYPT: bool>;
        impl<const DECRYPT: bool> Indices<DECRYPT> {
            const SHUFFLE: Shuffle = Shuffle::of(DECRYPT);
            const NEXT: [u8; 16] = of_two::<DECRYPT>(Self::SHUFFLE.odd_to_even, Self::SHUFFLE.odd_to_even);
            const LAST: [u8; 16] =
                of_two::<DECRYPT>(inverse(Self::SHUFFLE.even_to_odd), inverse(Self::SHUFFLE.even_to_odd));
            const AS_THEY_ARE: [u8; 16] = of_two::<DECRYPT>([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7]);
        }
        const FOUR_TIMES: [[u8; 4]; 16] = {
            let mut indices = [[0; 4]; 16];
            let mut index = 0;
            while index < 16 {
                indices[index as usize] = [index; 4];
                index += 1;
            }
            indices
        };
        let mut splats = MaybeUninit::<Self>::uninit();
        let to: *mut [[u32; 8]; 2] = splats.as_mut_ptr().cast();
        // SAFETY: the caller vouches for the instructions; 16 octets can be read and 64 written at all places. The keys of the round
        // before the first and of that after the last are zero. In the end all is written.
        unsafe {
            let next = __m128i::lane(const { &Indices::<DECRYPT>::NEXT }.as_ptr());
            let last = __m128i::lane(const { &Indices::<DECRYPT>::LAST }.as_ptr());
            let four_times = __m512i::load(FOUR_TIMES.as_ptr().cast());
            for index in 0..ROUNDS / 2 {
                // Of this round and the next: the keys of those before them, and of those after.
                let lasts = two_keys::<DECRYPT, __m128i>(keys, 2 * index).pick(last);
                let nexts = two_keys::<DECRYPT, __m128i>(keys, 2 * index + 2).pick(next);
                arch::_mm512_broadcast_i32x4(lasts.xor(nexts)).pick(four_times).store(to.add(index).cast());
            }
            let as_they_are = __m512i::lane(const { &Indices::<DECRYPT>::AS_THEY_ARE }.as_ptr());
            let first = two_keys::<DECRYPT, __m512i>(keys, 1).pick(as_they_are).pick(four_times);
            let last = two_keys::<DECRYPT, __m512i>(keys, 35).pick(as_they_are).pick(four_times);
            first.store(to.add(ROUNDS / 2).cast());
            last.store(to.add(ROUNDS / 2 + 1).cast());
            splats.assume_init()
        }
    }
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
        for (even, &key) in even.iter_mut().zip(&self.first[0]) {
            // SAFETY: the caller vouches for the instructions.
            *even = unsafe { even.xor(V::splat_32(key)) };
        }
    }

    #[inline(always)]
    unsafe fn mix(&self, round: usize, box_: usize, even: V, odd: V) -> V {
        debug_assert!(round < ROUNDS);
        // SAFETY: the caller vouches for the instructions and the range.
        unsafe {
            let key = V::splat_32(self.between.get_unchecked(round / 2)[round % 2][box_]);
            V::lane(SUBSTITUTION.as_ptr()).pick(even).xor(odd.xor(key))
        }
    }

    #[inline(always)]
    unsafe fn after(&self, even: &mut [V; 8]) {
        for (even, &key) in even.iter_mut().zip(&self.last[1]) {
            // SAFETY: the caller vouches for the instructions.
            *even = unsafe { even.xor(V::splat_32(key)) };
        }
    }
}

impl Narrow for __m128i {
    #[inline(always)]
    unsafe fn load_8(from: *const u8) -> Self {
        // SAFETY: that of the function.
        unsafe { arch::_mm_loadl_epi64(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store_8(self, to: *mut u8) {
        // SAFETY: that of the function.
        unsafe { arch::_mm_storel_epi64(to.cast(), self) }
    }
}

#[target_feature(enable = "ssse3")]
fn on_ssse3<const DECRYPT: bool>(keys: &Octets, blocks: &mut [[u8; 8]]) {
    let mut rest = blocks;
    // SAFETY: this function has the instructions.
    unsafe {
        if rest.len() >= 128 {
            let mut tables = Tables::new::<DECRYPT, __m128i>(keys);
            rest = sliced::batches::<DECRYPT, __m128i, _>(&tables, rest);
            tables.erase::<__m128i>();
        }
        lanes::run::<DECRYPT, __m128i, __m128i>(keys, rest);
    }
}

#[target_feature(enable = "avx2")]
fn on_avx2<const DECRYPT: bool>(keys: &Octets, blocks: &mut [[u8; 8]]) {
    let mut rest = blocks;
    // SAFETY: this function has the instructions.
    unsafe {
        if rest.len() >= 256 {
            let mut tables = Tables::new::<DECRYPT, __m256i>(keys);
            rest = sliced::batches::<DECRYPT, __m256i, _>(&tables, rest);
            tables.erase::<__m256i>();
        }
        lanes::run::<DECRYPT, __m256i, __m128i>(keys, rest);
    }
}

#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl")]
fn on_avx512<const DECRYPT: bool>(keys: &Octets, blocks: &mut [[u8; 8]]) {
    let mut rest = blocks;
    // SAFETY: this function has the instructions.
    unsafe {
        if rest.len() >= 32 {
            let mut splats = Splats::new::<DECRYPT>(keys);
            rest = sliced::batches::<DECRYPT, __m512i, _>(&splats, rest);
            rest = sliced::batches::<DECRYPT, __m256i, _>(&splats, rest);
            erase::<__m512i, _>(&mut splats);
        }
        lanes::run::<DECRYPT, __m256i, __m128i>(keys, rest);
    }
}

/// Each of the following says whether the processor has the instructions. If not, nothing was done.
#[must_use]
#[inline]
pub(crate) fn ssse3<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [[u8; 8]]) -> bool {
    let has = has_ssse3();
    if has {
        // SAFETY: the processor has them.
        unsafe { on_ssse3::<DECRYPT>(keys.octets(), blocks) };
    }
    has
}

#[must_use]
#[inline]
pub(crate) fn avx2<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [[u8; 8]]) -> bool {
    let has = has_avx2();
    if has {
        // SAFETY: the processor has them.
        unsafe { on_avx2::<DECRYPT>(keys.octets(), blocks) };
    }
    has
}

#[must_use]
#[inline]
pub(crate) fn avx512<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [[u8; 8]]) -> bool {
    let has = has_avx512();
    if has {
        // SAFETY: the processor has them.
        unsafe { on_avx512::<DECRYPT>(keys.octets(), blocks) };
    }
    has
}

//! Many blocks at once: one register for each of the 16 positions, a nibble in every octet of it.
//!
//! The shuffle between rounds then costs nothing, since it renames registers. A round is eight S-boxes, each a look-up in a
//! register, and eight additions for as many blocks as a register has octets.

use core::mem::MaybeUninit;

use super::{Octets, SUBSTITUTION, Vector, erase, of_two, two_keys};
use crate::schedule::ROUNDS;
use crate::shuffle::Shuffle;

/// What a round does with its key.
pub(crate) trait Keys<V: Vector> {
    /// Before the first round.
    ///
    /// # Safety
    ///
    /// As for [`Vector`].
    #[inline(always)]
    unsafe fn before(&self, _even: &mut [V; 8]) {}

    /// `odd` with the S-box of `even` and of the key's nibble added.
    ///
    /// # Safety
    ///
    /// As for [`Vector`]; `round` is below 36 and `box_` below 8.
    unsafe fn mix(&self, round: usize, box_: usize, even: V, odd: V) -> V;

    /// After the last round.
    ///
    /// # Safety
    ///
    /// As for [`Vector`].
    #[inline(always)]
    unsafe fn after(&self, _even: &mut [V; 8]) {}
}

/// The S-box and the addition of the key before it in one table for each nibble of each round key. Saves an addition for every
/// S-box.
#[repr(C, align(64))]
pub(crate) struct Tables([[[u8; 16]; 8]; ROUNDS]);

impl Tables {
    /// # Safety
    ///
    /// As for [`Vector`].
    #[inline(always)]
    pub(crate) unsafe fn new<const DECRYPT: bool, V: Vector>(keys: &Octets) -> Self {
        const COUNTING: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        /// Sixteen times the same: each nibble of the first key, then of the second.
        const fn nibbles<const DECRYPT: bool>() -> [[u8; 16]; 16] {
            let order = of_two::<DECRYPT>([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7]);
            let mut nibbles = [[0; 16]; 16];
            let mut index = 0;
            while index < 16 {
                nibbles[index] = [order[index]; 16];
                index += 1;
            }
            nibbles
        }
        let nibbles = const { &nibbles::<DECRYPT>() };
        let mut tables = MaybeUninit::<Self>::uninit();
        let at: *mut u8 = tables.as_mut_ptr().cast();
        // SAFETY: the caller vouches for the instructions. Two rounds have 16 tables of 16 octets, so many indices there are too, and a
        // register has as many tables as lanes. In the end all are written.
        unsafe {
            let (substitution, counting) = (V::lane(SUBSTITUTION.as_ptr()), V::lane(COUNTING.as_ptr()));
            for round in (0..ROUNDS).step_by(2) {
                let keys = two_keys::<DECRYPT, V>(keys, round + 1);
                for offset in (0..256).step_by(V::OCTETS) {
                    let nibble = keys.pick(V::load(nibbles.as_ptr().cast::<u8>().add(offset)));
                    substitution.pick(counting.xor(nibble)).store(at.add(128 * round + offset));
                }
            }
            tables.assume_init()
        }
    }

    /// # Safety
    ///
    /// As for [`Vector`].
    #[inline(always)]
    pub(crate) unsafe fn erase<V: Vector>(&mut self) {
        // SAFETY: as for the caller; the tables are aligned for every register and any octets are a table.
        unsafe { erase::<V, _>(self) };
    }
}

impl<V: Vector> Keys<V> for Tables {
    #[inline(always)]
    unsafe fn mix(&self, round: usize, box_: usize, even: V, odd: V) -> V {
        debug_assert!(round < ROUNDS);
        // SAFETY: the caller vouches for the instructions and the range; a table has 16 octets.
        unsafe { odd.xor(V::lane(self.0.get_unchecked(round)[box_].as_ptr()).pick(even)) }
    }
}

/// As many whole batches as there are. What is left over is returned.
///
/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
pub(crate) unsafe fn batches<'a, const DECRYPT: bool, V: Vector, K: Keys<V>>(
    keys: &K,
    blocks: &'a mut [[u8; 8]],
) -> &'a mut [[u8; 8]] {
    let mut batches = blocks.chunks_exact_mut(V::OCTETS);
    for blocks in &mut batches {
        // SAFETY: the caller vouches for the instructions; a batch has as many blocks as a register has octets.
        unsafe { batch::<DECRYPT, V, K>(keys, blocks.as_mut_ptr().cast()) };
    }
    batches.into_remainder()
}

/// The 16 positions of `8 * V::OCTETS` bytes at `at`, encrypted or decrypted and put back.
///
/// # Safety
///
/// As for [`Vector`]; `at` is valid for reading and writing that many bytes.
#[inline(always)]
unsafe fn batch<const DECRYPT: bool, V: Vector, K: Keys<V>>(keys: &K, at: *mut u8) {
    // In every lane, the same octet of two blocks side by side, and apart again.
    const TOGETHER: [u8; 16] = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15];
    const APART: [u8; 16] = [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15];
    // SAFETY: the caller vouches for the instructions and for `at`; the other pointers are to arrays of 16 octets.
    unsafe {
        let together = V::lane(TOGETHER.as_ptr());
        let mut octets = [V::splat(0); 8];
        for (index, register) in octets.iter_mut().enumerate() {
            *register = V::load(at.add(index * V::OCTETS)).pick(together);
        }
        // No closures here: they would be functions of their own, compiled without the instructions.
        let mut even = transpose(octets);
        let mut odd = even;
        let nibble = V::splat(15);
        for (even, odd) in even.iter_mut().zip(&mut odd) {
            *even = even.shift_right_4().and(nibble);
            *odd = odd.and(nibble);
        }

        rounds::<DECRYPT, V, K>(keys, &mut even, &mut odd);

        let mut octets = even;
        for (octet, odd) in octets.iter_mut().zip(odd) {
            *octet = octet.shift_left_4().or(odd);
        }
        let apart = V::lane(APART.as_ptr());
        for (index, register) in transpose(octets).into_iter().enumerate() {
            register.pick(apart).store(at.add(index * V::OCTETS));
        }
    }
}

/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
unsafe fn rounds<const DECRYPT: bool, V: Vector, K: Keys<V>>(keys: &K, even: &mut [V; 8], odd: &mut [V; 8]) {
    let shuffle = const { Shuffle::of(DECRYPT) };
    macro_rules! mix {
        ($round:expr) => {
            for index in 0..8 {
                odd[index] = keys.mix($round, index, even[index], odd[index]);
            }
        };
    }
    macro_rules! mix_and_shuffle {
        ($round:expr) => {
            mix!($round);
            let (were_even, were_odd) = (*even, *odd);
            for index in 0..8 {
                odd[shuffle.even_to_odd[index] as usize] = were_even[index];
                even[shuffle.odd_to_even[index] as usize] = were_odd[index];
            }
        };
    }
    // SAFETY: the caller vouches for the instructions; rounds are 0 to 35.
    unsafe {
        keys.before(even);
        // After eight shuffles every nibble is where it was: so many rounds in a row, and no register is ever copied.
        for round in [0, 8, 16, 24] {
            mix_and_shuffle!(round);
            mix_and_shuffle!(round + 1);
            mix_and_shuffle!(round + 2);
            mix_and_shuffle!(round + 3);
            mix_and_shuffle!(round + 4);
            mix_and_shuffle!(round + 5);
            mix_and_shuffle!(round + 6);
            mix_and_shuffle!(round + 7);
        }
        mix_and_shuffle!(32);
        mix_and_shuffle!(33);
        mix_and_shuffle!(34);
        mix!(35);
        keys.after(even);
    }
}

/// In every lane, unit i of register j becomes unit j of register i; units are 16 bits.
///
/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
unsafe fn transpose<V: Vector>(r: [V; 8]) -> [V; 8] {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let (a0, a1) = (r[0].low_16(r[1]), r[0].high_16(r[1]));
        let (a2, a3) = (r[2].low_16(r[3]), r[2].high_16(r[3]));
        let (a4, a5) = (r[4].low_16(r[5]), r[4].high_16(r[5]));
        let (a6, a7) = (r[6].low_16(r[7]), r[6].high_16(r[7]));
        let (b0, b1) = (a0.low_32(a2), a0.high_32(a2));
        let (b2, b3) = (a1.low_32(a3), a1.high_32(a3));
        let (b4, b5) = (a4.low_32(a6), a4.high_32(a6));
        let (b6, b7) = (a5.low_32(a7), a5.high_32(a7));
        [
            b0.low_64(b4),
            b0.high_64(b4),
            b1.low_64(b5),
            b1.high_64(b5),
            b2.low_64(b6),
            b2.high_64(b6),
            b3.low_64(b7),
            b3.high_64(b7),
        ]
    }
}

//! The cipher in plain words: for processors without vectors, and for what is left over by those.
//!
//! The eight nibbles at even positions are one word, those at odd positions another. A round evaluates the S-box as a circuit on all
//! eight nibbles at once, so nothing that depends on a secret is an address or decides a branch. A word of 64 bits has
//! two blocks, nibble by nibble in turn.

use core::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

use crate::schedule::{ROUNDS, RoundKeys};
use crate::shuffle::Shuffle;

pub(crate) trait Word:
    Copy
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Bits of one position: four a block.
    const POSITION: u32;
    const ZERO: Self;
    /// The lowest bit of every nibble.
    const LOW_BITS: Self;
    /// All positions whose bit is set in `positions`, that of position 0 being the lowest.
    fn mask(positions: u8) -> Self;
    fn turn_right(self, bits: u32) -> Self;
}

impl Word for u32 {
    const POSITION: u32 = 4;
    const ZERO: Self = 0;
    const LOW_BITS: Self = 0x1111_1111;

    #[inline(always)]
    fn mask(positions: u8) -> Self {
        let mut mask = 0;
        let mut position = 0;
        while position < 8 {
            mask |= if positions >> position & 1 == 1 { 0xF000_0000 >> (4 * position) } else { 0 };
            position += 1;
        }
        mask
    }

    #[inline(always)]
    fn turn_right(self, bits: u32) -> Self {
        self.rotate_right(bits)
    }
}

impl Word for u64 {
    const POSITION: u32 = 8;
    const ZERO: Self = 0;
    const LOW_BITS: Self = 0x1111_1111_1111_1111;

    #[inline(always)]
    fn mask(positions: u8) -> Self {
        spread_nibbles(u32::mask(positions)) * 0x11
    }

    #[inline(always)]
    fn turn_right(self, bits: u32) -> Self {
        self.rotate_right(bits)
    }
}

/// The S-box of every nibble. Fourteen gates, found by search; the two upper outputs are then complemented.
#[inline(always)]
fn substitute<W: Word>(x0: W) -> W {
    // Shifted, the lowest bit of each nibble is bit 1, 2, 3 of it. What stands in the other bits is dropped at the end.
    let (x1, x2, x3) = (x0 >> 1, x0 >> 2, x0 >> 3);
    let t1 = (x2 | x1) ^ x0;
    let t3 = (t1 & x3) ^ x2;
    let y1 = t3 ^ x1;
    let t5 = t1 ^ x3;
    let y3 = (!(!t5 & y1) & x1) ^ t1;
    let t9 = t5 ^ t3;
    let y2 = (t9 | y3) ^ x1;
    let y0 = (y2 & !y1) ^ t9;
    let low = W::LOW_BITS;
    (y0 & low) | (y1 & low) << 1 | (!y2 & low) << 2 | (!y3 & low) << 3
}

/// The S-box of one nibble.
pub(crate) fn substitute_one(nibble: u8) -> u8 {
    (substitute(u32::from(nibble)) & 15) as u8
}

/// Eight nibbles to a byte each.
#[inline(always)]
pub(crate) fn spread_nibbles(nibbles: u32) -> u64 {
    let mut word = u64::from(nibbles);
    word = (word | word << 16) & 0x0000_FFFF_0000_FFFF;
    word = (word | word << 8) & 0x00FF_00FF_00FF_00FF;
    (word | word << 4) & 0x0F0F_0F0F_0F0F_0F0F
}

/// The other way round; the upper halves of the bytes are dropped.
#[inline(always)]
pub(crate) fn gather_nibbles(bytes: u64) -> u32 {
    let mut word = bytes & 0x0F0F_0F0F_0F0F_0F0F;
    word = (word | word >> 4) & 0x00FF_00FF_00FF_00FF;
    word = (word | word >> 8) & 0x0000_FFFF_0000_FFFF;
    #[expect(clippy::cast_possible_truncation, reason = "the lower half has all eight")]
    {
        (word | word >> 16) as u32
    }
}

/// Moves each nibble to where `to` says.
#[inline(always)]
fn move_nibbles<W: Word>(word: W, to: [u8; 8]) -> W {
    let mut moved = W::ZERO;
    let mut distance = 0;
    // The loops disappear: `to` is a constant, and each distance that occurs costs a rotation and a mask.
    while distance < 8 {
        let mut arriving = 0u8;
        let mut from = 0;
        while from < 8 {
            if (to[from as usize] + 8 - from) % 8 == distance {
                arriving |= 1 << to[from as usize];
            }
            from += 1;
        }
        if arriving != 0 {
            moved = moved | (word.turn_right(u32::from(distance) * W::POSITION) & W::mask(arriving));
        }
        distance += 1;
    }
    moved
}

#[inline(always)]
fn rounds<W: Word>(even: &mut W, odd: &mut W, shuffle: Shuffle, key: impl Fn(usize) -> W) {
    for round in 0..ROUNDS - 1 {
        let mixed = *odd ^ substitute(*even ^ key(round));
        *odd = move_nibbles(*even, shuffle.even_to_odd);
        *even = move_nibbles(mixed, shuffle.odd_to_even);
    }
    *odd = *odd ^ substitute(*even ^ key(ROUNDS - 1));
}

#[inline(always)]
fn one(block: &mut [u8; 8], shuffle: Shuffle, key: impl Fn(usize) -> u32) {
    let word = u64::from_be_bytes(*block);
    let (mut even, mut odd) = (gather_nibbles(word >> 4), gather_nibbles(word));
    rounds(&mut even, &mut odd, shuffle, key);
    *block = (spread_nibbles(even) << 4 | spread_nibbles(odd)).to_be_bytes();
}

const UPPER: u64 = 0xF0F0_F0F0_F0F0_F0F0;

#[inline(always)]
fn two(blocks: &mut [[u8; 8]; 2], shuffle: Shuffle, key: impl Fn(usize) -> u64) {
    let [first, second] = blocks.map(u64::from_be_bytes);
    let mut even = (first & UPPER) | (second & UPPER) >> 4;
    let mut odd = (first & !UPPER) << 4 | (second & !UPPER);
    rounds(&mut even, &mut odd, shuffle, key);
    let first = (even & UPPER) | (odd & UPPER) >> 4;
    let second = (even & !UPPER) << 4 | (odd & !UPPER);
    *blocks = [first.to_be_bytes(), second.to_be_bytes()];
}

pub(crate) fn blocks<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [[u8; 8]]) {
    let shuffle = const { Shuffle::of(DECRYPT) };
    let turn = |round| if DECRYPT { ROUNDS - 1 - round } else { round };
    let rest = if cfg!(target_pointer_width = "64") {
        let (pairs, rest) = blocks.as_chunks_mut();
        for pair in pairs {
            two(pair, shuffle, |round| keys.double(turn(round)));
        }
        rest
    } else {
        blocks
    };
    for block in rest {
        one(block, shuffle, |round| keys.single(turn(round)));
    }
}

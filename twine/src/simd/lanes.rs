//! Few blocks: two in every lane of a register, one register for their even positions and one for the odd.
//!
//! Nothing has to be turned round before and after, so this is the way for less than what [`sliced`](super::sliced) takes at once, and
//! the quickest for a single block. Two ideas keep a round at one look-up and one addition, one after the other:
//!
//! - The result of the S-boxes stays where it is. It is the even half of the next round, so with every round the octets of a lane
//!   stand for other positions; after four rounds for the same again. Only the old even half moves, beside the S-boxes.
//! - A round key is added to the odd half one round before it is needed, also beside the S-boxes. What then moves to the odd half has
//!   its old key in it still, which is taken off with the new one.

use core::mem::MaybeUninit;

use super::{Octets, SUBSTITUTION, Vector, erase, of_two, side_by_side, two_keys};
use crate::schedule::ROUNDS;
use crate::shuffle::{Shuffle, inverse};

/// A register of one lane.
pub(crate) trait Narrow: Vector {
    /// # Safety
    ///
    /// As for [`Vector`]; `from` is valid for reading 8 octets.
    unsafe fn load_8(from: *const u8) -> Self;

    /// # Safety
    ///
    /// As for [`Vector`]; `to` is valid for writing 8 octets.
    unsafe fn store_8(self, to: *mut u8);
}

/// How many registers of each half are worked on in turns, so that one does not wait for the other.
const ABREAST: usize = 4;

/// The places of octets in a lane, by round modulo 4.
struct Places {
    /// For an octet of the new odd half: where it comes from in the even half.
    moves: [[u8; 16]; 4],
    /// For an octet of the key that is added in this round: what it takes of the round key with this number...
    of_this: [[u8; 8]; 4],
    /// ...and of that two rounds later.
    of_later: [[u8; 8]; 4],
    /// For an octet in the last round: the position that it stands for.
    last: [u8; 8],
    /// For an octet of the result: where its halves stand.
    end: [u8; 16],
}

impl Places {
    const fn of(shuffle: Shuffle) -> Self {
        let from_even = inverse(shuffle.even_to_odd);
        let step = shuffle.odd_to_even;
        let mut places =
            Self { moves: [[0; 16]; 4], of_this: [[0; 8]; 4], of_later: [[0; 8]; 4], last: [0; 8], end: [0; 16] };
        // The position that each octet stands for.
        let mut position = [0, 1, 2, 3, 4, 5, 6, 7];
        let mut round = 0;
        while round < 4 {
            let next = after(position, step);
            places.of_this[round] = after(next, from_even);
            places.of_later[round] = after(next, step);
            let moves = after(places.of_this[round], inverse(position));
            places.moves[round] = side_by_side(moves, 0, moves, 8);
            places.last = position;
            places.end = side_by_side(inverse(position), 0, inverse(position), 8);
            position = next;
            round += 1;
        }
        places
    }
}

/// First `first`, then `second`.
const fn after(first: [u8; 8], second: [u8; 8]) -> [u8; 8] {
    let mut both = [0; 8];
    let mut index = 0;
    while index < 8 {
        both[index] = second[first[index] as usize];
        index += 1;
    }
    both
}

/// What is added in each round, in all lanes, and twice in each since that has two blocks.
pub(crate) trait Steps<V: Vector> {
    /// To the halves before the first round.
    ///
    /// # Safety
    ///
    /// As for [`Vector`].
    unsafe fn first(&self) -> [V; 2];

    /// To what moves from the even half to the odd, in this round and in the next.
    ///
    /// # Safety
    ///
    /// As for [`Vector`]; `round` is even and below 36.
    unsafe fn between(&self, round: usize) -> [V; 2];

    /// To the even half after the last round.
    ///
    /// # Safety
    ///
    /// As for [`Vector`].
    unsafe fn last(&self) -> V;
}

/// Made of the round keys on the way: best for one pass.
struct Fresh<'k, const DECRYPT: bool>(&'k Octets);

impl<const DECRYPT: bool> Fresh<'_, DECRYPT> {
    const PLACES: Places = Places::of(Shuffle::of(DECRYPT));
    const THIS: [[u8; 16]; 2] = Self::pairs(Self::PLACES.of_this);
    const LATER: [[u8; 16]; 2] = Self::pairs(Self::PLACES.of_later);
    const FIRST: [u8; 16] = of_two::<DECRYPT>([0, 1, 2, 3, 4, 5, 6, 7], Shuffle::of(DECRYPT).odd_to_even);
    const LAST: [u8; 16] = of_two::<DECRYPT>(Self::PLACES.last, Self::PLACES.last);

    const fn pairs(of: [[u8; 8]; 4]) -> [[u8; 16]; 2] {
        [of_two::<DECRYPT>(of[0], of[1]), of_two::<DECRYPT>(of[2], of[3])]
    }
}

impl<V: Vector, const DECRYPT: bool> Steps<V> for Fresh<'_, DECRYPT> {
    #[inline(always)]
    unsafe fn first(&self) -> [V; 2] {
        // SAFETY: the caller vouches for the instructions.
        unsafe {
            let both = two_keys::<DECRYPT, V>(self.0, 1).pick(V::lane(const { &Self::FIRST }.as_ptr()));
            [both.low_64(both), both.high_64(both)]
        }
    }

    #[inline(always)]
    unsafe fn between(&self, round: usize) -> [V; 2] {
        // SAFETY: the caller vouches for the instructions and the range.
        unsafe {
            let this = V::lane(const { &Self::THIS }[round / 2 % 2].as_ptr());
            let later = V::lane(const { &Self::LATER }[round / 2 % 2].as_ptr());
            let this = two_keys::<DECRYPT, V>(self.0, round + 1).pick(this);
            let later = two_keys::<DECRYPT, V>(self.0, round + 3).pick(later);
            let both = this.xor(later);
            [both.low_64(both), both.high_64(both)]
        }
    }

    #[inline(always)]
    unsafe fn last(&self) -> V {
        // SAFETY: the caller vouches for the instructions.
        unsafe {
            let both = two_keys::<DECRYPT, V>(self.0, 35).pick(V::lane(const { &Self::LAST }.as_ptr()));
            both.high_64(both)
        }
    }
}

/// Made before: best for many passes.
#[repr(C)]
struct Prepared<V> {
    first: [V; 2],
    between: [[V; 2]; ROUNDS / 2],
    last: V,
}

impl<V: Vector> Prepared<V> {
    /// # Safety
    ///
    /// As for [`Vector`].
    #[inline(always)]
    unsafe fn new(steps: &impl Steps<V>) -> Self {
        let mut between = [const { MaybeUninit::uninit() }; ROUNDS / 2];
        // SAFETY: the caller vouches for the instructions; rounds are even and below 36, and all are written.
        unsafe {
            for (index, pair) in between.iter_mut().enumerate() {
                pair.write(steps.between(2 * index));
            }
            Self {
                first: steps.first(),
                between: (&raw const between).cast::<[[V; 2]; ROUNDS / 2]>().read(),
                last: steps.last(),
            }
        }
    }
}

impl<V: Vector> Steps<V> for Prepared<V> {
    #[inline(always)]
    unsafe fn first(&self) -> [V; 2] {
        self.first
    }

    #[inline(always)]
    unsafe fn between(&self, round: usize) -> [V; 2] {
        // SAFETY: the caller vouches for the range.
        unsafe { *self.between.get_unchecked(round / 2) }
    }

    #[inline(always)]
    unsafe fn last(&self) -> V {
        self.last
    }
}

/// Encrypts or decrypts all `blocks`. `N` has one lane.
///
/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
pub(crate) unsafe fn run<const DECRYPT: bool, V: Vector, N: Narrow>(keys: &Octets, blocks: &mut [[u8; 8]]) {
    let fresh = Fresh::<DECRYPT>(keys);
    let together = ABREAST * V::OCTETS / 8;
    let mut rest = blocks;
    // SAFETY: the caller vouches for the instructions; a register has as many blocks as an eighth of its octets, and the padded ones too.
    unsafe {
        if rest.len() > together {
            let mut prepared = Prepared::<V>::new(&fresh);
            let mut whole = rest.chunks_exact_mut(together);
            for blocks in &mut whole {
                pass::<DECRYPT, V, ABREAST>(&prepared, blocks.as_mut_ptr().cast());
            }
            rest = whole.into_remainder();
            erase::<V, _>(&mut prepared);
        }
        match rest {
            [] => {}
            [block] => {
                let mut register = [N::load_8(block.as_ptr())];
                rounds::<DECRYPT, N, 1>(&fresh, &mut register);
                register[0].store_8(block.as_mut_ptr());
            }
            [_, _] => pass::<DECRYPT, N, 1>(&fresh, rest.as_mut_ptr().cast()),
            rest => {
                let mut padded = [[0; 8]; 8 * ABREAST];
                padded[..rest.len()].copy_from_slice(rest);
                if rest.len() <= V::OCTETS / 8 {
                    pass::<DECRYPT, V, 1>(&fresh, padded.as_mut_ptr().cast());
                } else {
                    pass::<DECRYPT, V, ABREAST>(&fresh, padded.as_mut_ptr().cast());
                }
                rest.copy_from_slice(&padded[..rest.len()]);
            }
        }
    }
}

/// `COUNT` registers of blocks at `at`.
///
/// # Safety
///
/// As for [`Vector`]; `at` is valid for reading and writing `COUNT * V::OCTETS` octets.
#[inline(always)]
unsafe fn pass<const DECRYPT: bool, V: Vector, const COUNT: usize>(steps: &impl Steps<V>, at: *mut u8) {
    // SAFETY: the caller vouches for the instructions and for `at`.
    unsafe {
        let mut registers = [V::splat(0); COUNT];
        for (index, register) in registers.iter_mut().enumerate() {
            *register = V::load(at.add(index * V::OCTETS));
        }
        rounds::<DECRYPT, V, COUNT>(steps, &mut registers);
        for (index, register) in registers.into_iter().enumerate() {
            register.store(at.add(index * V::OCTETS));
        }
    }
}

/// # Safety
///
/// As for [`Vector`].
#[inline(always)]
unsafe fn rounds<const DECRYPT: bool, V: Vector, const COUNT: usize>(steps: &impl Steps<V>, blocks: &mut [V; COUNT]) {
    let places = const { &Places::of(Shuffle::of(DECRYPT)) };
    // SAFETY: the caller vouches for the instructions; rounds are even where they have to be, and below 36.
    unsafe {
        let (nibble, substitution) = (V::splat(15), V::lane(SUBSTITUTION.as_ptr()));
        let mut even = *blocks;
        let mut odd = *blocks;
        let [first_even, first_odd] = steps.first();
        for index in 0..COUNT {
            even[index] = even[index].shift_right_4().and(nibble).xor(first_even);
            odd[index] = odd[index].and(nibble).xor(first_odd);
        }
        macro_rules! mix_and_move {
            ($round:expr, $key:expr) => {
                let moves = V::lane(places.moves[$round % 4].as_ptr());
                for index in 0..COUNT {
                    let moved = even[index].pick(moves);
                    even[index] = substitution.pick(even[index]).xor(odd[index]);
                    odd[index] = moved.xor($key);
                }
            };
        }
        for round in [0, 4, 8, 12, 16, 20, 24, 28] {
            let [key, next] = steps.between(round);
            mix_and_move!(round, key);
            mix_and_move!(round + 1, next);
            let [key, next] = steps.between(round + 2);
            mix_and_move!(round + 2, key);
            mix_and_move!(round + 3, next);
        }
        let [key, next] = steps.between(32);
        mix_and_move!(32, key);
        mix_and_move!(33, next);
        let [key, _] = steps.between(34);
        mix_and_move!(34, key);
        let (last, end) = (steps.last(), V::lane(places.end.as_ptr()));
        for index in 0..COUNT {
            let odd = odd[index].xor(substitution.pick(even[index]));
            blocks[index] = even[index].xor(last).shift_left_4().or(odd).pick(end);
        }
    }
}

//! From a key to the 36 round keys (section 2.3 of the paper), without a table that a secret would index.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::scalar;

pub(crate) const ROUNDS: usize = 36;

/// The round keys in the form in which most of the work is done.
#[derive(Clone)]
pub(crate) struct RoundKeys(Form);

/// For words: eight nibbles each, that of the first S-box in the top four bits.
#[cfg(not(wide))]
type Form = [u32; ROUNDS];

/// For vectors: eight octets each with a nibble, in the order of memory, with two keys of zero on either side.
#[cfg(wide)]
type Form = [u64; ROUNDS + 4];

impl RoundKeys {
    /// TWINE-80.
    pub(crate) fn of_80(key: &[u8; 10]) -> Self {
        let mut nibbles = Zeroizing::new([0_u8; 20]);
        Self::run(&mut nibbles, key, [1, 3, 4, 6, 13, 14, 15, 16], &[(1, 0), (4, 16)])
    }

    /// TWINE-128.
    pub(crate) fn of_128(key: &[u8; 16]) -> Self {
        let mut nibbles = Zeroizing::new([0_u8; 32]);
        Self::run(&mut nibbles, key, [2, 3, 12, 15, 17, 18, 28, 31], &[(1, 0), (4, 16), (23, 30)])
    }

    /// `taken` are the nibbles that make a round key; `fed` says which nibble gets the S-box of which added.
    fn run<const N: usize>(nibbles: &mut [u8; N], key: &[u8], taken: [usize; 8], fed: &[(usize, usize)]) -> Self {
        for (pair, byte) in nibbles.chunks_exact_mut(2).zip(key) {
            pair.copy_from_slice(&[byte >> 4, byte & 15]);
        }
        let mut keys = [0; ROUNDS];
        let mut constant = 1;
        for (round, key) in keys.iter_mut().enumerate() {
            // The register turns by four nibbles each round. Here its start moves instead.
            let at = |position: usize| (position + 4 * round) % N;
            *key = taken.iter().fold(0, |word, &position| word << 4 | u32::from(nibbles[at(position)]));
            if round == ROUNDS - 1 {
                break;
            }
            for &(to, from) in fed {
                nibbles[at(to)] ^= scalar::substitute_one(nibbles[at(from)]);
            }
            nibbles[at(7)] ^= constant >> 3;
            nibbles[at(19)] ^= constant & 7;
            constant = next_constant(constant);
            // The first four nibbles turn by one among themselves.
            let first = nibbles[at(0)];
            for position in 0..3 {
                nibbles[at(position)] = nibbles[at(position + 1)];
            }
            nibbles[at(3)] = first;
        }
        let round_keys = Self::from_words(&keys);
        keys.zeroize();
        round_keys
    }
}

#[cfg(not(wide))]
impl RoundKeys {
    fn from_words(words: &[u32; ROUNDS]) -> Self {
        Self(*words)
    }

    /// For one block.
    #[inline(always)]
    pub(crate) fn single(&self, round: usize) -> u32 {
        self.0[round]
    }

    /// For two blocks, whose nibbles stand in turns.
    #[inline(always)]
    pub(crate) fn double(&self, round: usize) -> u64 {
        scalar::spread_nibbles(self.0[round]) * 0x11
    }
}

#[cfg(wide)]
impl RoundKeys {
    fn from_words(words: &[u32; ROUNDS]) -> Self {
        let mut octets = [0; ROUNDS + 4];
        for (octets, &word) in octets[2..].iter_mut().zip(words) {
            *octets = scalar::spread_nibbles(word).to_be();
        }
        Self(octets)
    }

    /// For one block.
    #[inline(always)]
    pub(crate) fn single(&self, round: usize) -> u32 {
        scalar::gather_nibbles(u64::from_be(self.0[round + 2]))
    }

    /// For two blocks, whose nibbles stand in turns.
    #[inline(always)]
    pub(crate) fn double(&self, round: usize) -> u64 {
        u64::from_be(self.0[round + 2]) * 0x11
    }

    /// Eight octets each with a nibble, that of the first S-box first; two keys of zero on either side.
    pub(crate) fn octets(&self) -> &[u64; ROUNDS + 4] {
        &self.0
    }
}

/// Six bits, each twice the one before modulo z^6 + z + 1.
fn next_constant(constant: u8) -> u8 {
    let doubled = constant << 1;
    if doubled & 0x40 == 0 { doubled } else { doubled ^ 0x43 }
}

impl Drop for RoundKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for RoundKeys {}

//! From a key to the 36 round keys (section 2.3 of the paper), without a table that a secret would index.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::scalar;

pub(crate) const ROUNDS: usize = 36;

/// Round keys, eight nibbles each, that of the first S-box in the top four bits.
#[derive(Clone)]
pub(crate) struct RoundKeys([u32; ROUNDS]);

impl RoundKeys {
    /// TWINE-80.
    pub(crate) fn of_80(key: &[u8; 10]) -> Self {
        let mut nibbles = Zeroizing::new([0_u8; 20]);
        Self::run(&mut nibbles[..], key, [1, 3, 4, 6, 13, 14, 15, 16], &[(1, 0), (4, 16)])
    }

    /// TWINE-128.
    pub(crate) fn of_128(key: &[u8; 16]) -> Self {
        let mut nibbles = Zeroizing::new([0_u8; 32]);
        Self::run(&mut nibbles[..], key, [2, 3, 12, 15, 17, 18, 28, 31], &[(1, 0), (4, 16), (23, 30)])
    }

    /// `taken` are the nibbles that make a round key; `fed` says which nibble gets the S-box of which added.
    fn run(nibbles: &mut [u8], key: &[u8], taken: [usize; 8], fed: &[(usize, usize)]) -> Self {
        for (pair, byte) in nibbles.chunks_exact_mut(2).zip(key) {
            pair.copy_from_slice(&[byte >> 4, byte & 15]);
        }
        let length = nibbles.len();
        let mut keys = [0; ROUNDS];
        let mut constant = 1;
        for (round, key) in keys.iter_mut().enumerate() {
            // The register turns by four nibbles each round. Here its start moves instead.
            let at = |position: usize| (position + 4 * round) % length;
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
        Self(keys)
    }

    pub(crate) fn words(&self) -> &[u32; ROUNDS] {
        &self.0
    }

    /// A nibble a byte, the first S-box's in the lowest: what vectors want.
    #[cfg_attr(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")), expect(dead_code))]
    pub(crate) fn bytes(&self) -> Zeroizing<[u64; ROUNDS]> {
        Zeroizing::new(self.0.map(scalar::spread_nibbles).map(u64::swap_bytes))
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

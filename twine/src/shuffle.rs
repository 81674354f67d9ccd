//! How the nibbles change places between two rounds (table 2 of the paper).
//!
//! The shuffle takes every even position to an odd one and the other way round. So there are two maps of eight: the nibble at
//! `2 i` goes to `2 even_to_odd[i] + 1`, that at `2 i + 1` to `2 odd_to_even[i]`.

#[derive(Clone, Copy)]
pub(crate) struct Shuffle {
    pub(crate) even_to_odd: [u8; 8],
    pub(crate) odd_to_even: [u8; 8],
}

const PI: [u8; 16] = [5, 0, 1, 4, 7, 12, 3, 8, 13, 6, 9, 2, 15, 10, 11, 14];

impl Shuffle {
    pub(crate) const ENCRYPT: Self = Self::halves(PI);
    pub(crate) const DECRYPT: Self = Self::halves(inverse(PI));

    #[inline(always)]
    pub(crate) const fn of(decrypt: bool) -> Self {
        if decrypt { Self::DECRYPT } else { Self::ENCRYPT }
    }

    const fn halves(shuffle: [u8; 16]) -> Self {
        let mut halves = Self { even_to_odd: [0; 8], odd_to_even: [0; 8] };
        let mut index = 0;
        while index < 8 {
            halves.even_to_odd[index] = shuffle[2 * index] / 2;
            halves.odd_to_even[index] = shuffle[2 * index + 1] / 2;
            index += 1;
        }
        halves
    }
}

/// The map that leads back.
pub(crate) const fn inverse<const N: usize>(map: [u8; N]) -> [u8; N] {
    let mut inverse = [0; N];
    let mut from = 0;
    while from < N {
        #[expect(clippy::cast_possible_truncation, reason = "N is 8 or 16")]
        {
            inverse[map[from] as usize] = from as u8;
        }
        from += 1;
    }
    inverse
}

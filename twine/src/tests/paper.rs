//! The algorithms of the paper (section 2), with tables, one nibble after the other. The program in `cross` uses them too.

const S: [u8; 16] = [0xC, 0x0, 0xF, 0xA, 0x2, 0xB, 0x9, 0x5, 0x8, 0x3, 0xD, 0x7, 0x1, 0xE, 0x6, 0x4];
const PI: [usize; 16] = [5, 0, 1, 4, 7, 12, 3, 8, 13, 6, 9, 2, 15, 10, 11, 14];
const CON: [u8; 35] = [
    0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x03, 0x06, 0x0C, 0x18, 0x30, 0x23, 0x05, 0x0A, 0x14, 0x28, 0x13, 0x26, 0x0F,
    0x1E, 0x3C, 0x3B, 0x35, 0x29, 0x11, 0x22, 0x07, 0x0E, 0x1C, 0x38, 0x33, 0x25, 0x09, 0x12, 0x24,
];

fn round_keys(key: &[u8]) -> [[u8; 8]; 36] {
    let mut register = [0; 32];
    let wk = &mut register[..2 * key.len()];
    for (i, octet) in key.iter().enumerate() {
        wk[2 * i] = octet >> 4;
        wk[2 * i + 1] = octet & 15;
    }
    let small = key.len() == 10;
    let mut keys = [[0; 8]; 36];
    for (r, rk) in keys.iter_mut().enumerate() {
        let taken = if small { [1, 3, 4, 6, 13, 14, 15, 16] } else { [2, 3, 12, 15, 17, 18, 28, 31] };
        *rk = taken.map(|at: usize| wk[at]);
        let Some(con) = CON.get(r) else { break };
        wk[1] ^= S[wk[0] as usize];
        wk[4] ^= S[wk[16] as usize];
        if !small {
            wk[23] ^= S[wk[30] as usize];
        }
        wk[7] ^= con >> 3;
        wk[19] ^= con & 7;
        wk[..4].rotate_left(1);
        wk.rotate_left(4);
    }
    keys
}

/// `key` has 10 octets or 16.
pub(crate) fn encrypt(key: &[u8], block: &mut [u8; 8]) {
    let mut x = [0; 16];
    for i in 0..8 {
        x[2 * i] = block[i] >> 4;
        x[2 * i + 1] = block[i] & 15;
    }
    for (r, rk) in round_keys(key).iter().enumerate() {
        for j in 0..8 {
            x[2 * j + 1] ^= S[(x[2 * j] ^ rk[j]) as usize];
        }
        if r < 35 {
            let before = x;
            for h in 0..16 {
                x[PI[h]] = before[h];
            }
        }
    }
    for i in 0..8 {
        block[i] = x[2 * i] << 4 | x[2 * i + 1];
    }
}

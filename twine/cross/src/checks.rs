//! The published vectors, and many blocks against the paper.

use tegata_twine::cipher::KeyInit;
use tegata_twine::{CtrKey, Path, Twine, Twine80, Twine128};

use crate::paper;

const MOST: usize = 150;

/// Numbers that look random enough.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            *octet = (self.next() >> 11) as u8;
        }
    }
}

/// Panics if something is wrong. Otherwise says how many blocks were compared.
pub fn run() -> usize {
    let key = [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];
    let plain = 0x0123_4567_89AB_CDEF_u64;
    for (key, plain, coded) in [(&key[..10], plain, 0x7C1F_0F80_B1DF_9C28), (&[0; 10], 0, 0x7393_C133_CDE3_F8DB_u64)] {
        vector(&Twine80::new_from_slice(key).unwrap(), plain, coded);
    }
    vector(&Twine128::new(&key.into()), plain, 0x979F_F9B3_79B5_A9B8);

    let mut numbers = Numbers(0x2012_0816);
    let mut compared = 0;
    for count in (0..20).chain([31, 32, 33, 64, 100, 127, 128, 129, 145, MOST]) {
        let mut key = [0; 16];
        numbers.fill(&mut key);
        compared += random(&Twine80::new_from_slice(&key[..10]).unwrap(), &key[..10], count, &mut numbers);
        compared += random(&Twine128::new(&key.into()), &key, count, &mut numbers);
    }
    compared
}

fn vector(twine: &impl Twine, plain: u64, coded: u64) {
    let mut block = [plain.to_be_bytes()];
    twine.encrypt_all(&mut block);
    assert_eq!(u64::from_be_bytes(block[0]), coded);
    twine.decrypt_all(&mut block);
    assert_eq!(u64::from_be_bytes(block[0]), plain);
}

fn random<C: Twine>(twine: &C, key: &[u8], count: usize, numbers: &mut Numbers) -> usize {
    let mut plain = [[0; 8]; MOST];
    numbers.fill(plain[..count].as_flattened_mut());
    let mut coded = plain;
    for block in &mut coded[..count] {
        paper::encrypt(key, block);
    }
    let mut mine = plain;
    twine.encrypt_all(&mut mine[..count]);
    assert_eq!(mine, coded, "{count} encrypted on {:?}", Path::best());
    twine.decrypt_all(&mut mine[..count]);
    assert_eq!(mine, plain, "{count} decrypted on {:?}", Path::best());

    let mut message = mine;
    let mut ctr = CtrKey::<C>::new(key.try_into().unwrap());
    ctr.message(7).unwrap().apply_keystream(message[..count].as_flattened_mut()).unwrap();
    for (counter, block) in (0u32..).zip(&mut mine[..count]) {
        let mut keystream = (7 << 32 | u64::from(counter)).to_be_bytes();
        paper::encrypt(key, &mut keystream);
        *block = (u64::from_be_bytes(*block) ^ u64::from_be_bytes(keystream)).to_be_bytes();
    }
    assert_eq!(message, mine, "{count} in counter mode on {:?}", Path::best());
    3 * count
}

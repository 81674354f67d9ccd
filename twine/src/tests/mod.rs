//! Against the published vectors, and against the paper written down once more without any art.

#![allow(clippy::unwrap_used)]

extern crate std;

use std::vec::Vec;

use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use proptest::prelude::*;

use crate::{CtrKey, CtrUse, LimitExceeded, MAX_BLOCKS, NonceUsed, Path, Twine, Twine80, Twine128};

mod paper;

fn paths() -> impl Iterator<Item = Path> {
    Path::ALL.iter().copied().filter(|path| path.available())
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    assert_eq!(text.len(), 2 * N);
    core::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

const VECTORS_80: &[(&str, &str, &str)] = &[
    ("00112233445566778899", "0123456789ABCDEF", "7C1F0F80B1DF9C28"),
    ("00000000000000000000", "0000000000000000", "7393C133CDE3F8DB"),
];
const VECTORS_128: &[(&str, &str, &str)] =
    &[("00112233445566778899AABBCCDDEEFF", "0123456789ABCDEF", "979FF9B379B5A9B8")];

#[test]
fn every_way_gives_the_published_vectors_at_every_place_among_many_blocks() {
    for path in paths() {
        for many in [1, 2, 3, 16, 33, 64, 130] {
            for (key, plain, coded) in VECTORS_80 {
                let twine = Twine80::new(&hex(key).into());
                let mut blocks = std::vec![hex::<8>(plain); many];
                twine.encrypt_on(path, &mut blocks);
                assert!(blocks.iter().all(|block| *block == hex(coded)), "{path:?} {many}");
                twine.decrypt_on(path, &mut blocks);
                assert!(blocks.iter().all(|block| *block == hex(plain)), "{path:?} {many}");
            }
            for (key, plain, coded) in VECTORS_128 {
                let twine = Twine128::new(&hex(key).into());
                let mut blocks = std::vec![hex::<8>(plain); many];
                twine.encrypt_on(path, &mut blocks);
                assert!(blocks.iter().all(|block| *block == hex(coded)), "{path:?} {many}");
                twine.decrypt_on(path, &mut blocks);
                assert!(blocks.iter().all(|block| *block == hex(plain)), "{path:?} {many}");
            }
        }
    }
}

#[test]
fn the_paper_written_down_once_more_gives_the_published_vectors() {
    for (key, plain, coded) in VECTORS_80 {
        let mut block = hex(plain);
        paper::encrypt(&hex::<10>(key), &mut block);
        assert_eq!(block, hex(coded));
    }
    for (key, plain, coded) in VECTORS_128 {
        let mut block = hex(plain);
        paper::encrypt(&hex::<16>(key), &mut block);
        assert_eq!(block, hex(coded));
    }
}

fn check<C: Twine>(key: &[u8], blocks: &[[u8; 8]], on: impl Fn(&C, Path, bool, &mut [[u8; 8]])) {
    let twine = C::new_from_slice(key).unwrap();
    let mut coded = blocks.to_vec();
    for block in &mut coded {
        paper::encrypt(key, block);
    }
    for path in paths() {
        let mut mine = blocks.to_vec();
        on(&twine, path, false, &mut mine);
        assert_eq!(mine, coded, "{path:?}");
        on(&twine, path, true, &mut mine);
        assert_eq!(mine, blocks, "{path:?}");
    }
    let mut mine = blocks.to_vec();
    twine.encrypt_all(&mut mine);
    assert_eq!(mine, coded);
    twine.decrypt_all(&mut mine);
    assert_eq!(mine, blocks);
}

proptest! {
    #[test]
    fn every_way_agrees_with_the_paper(
        key in any::<[u8; 16]>(),
        blocks in prop::collection::vec(any::<[u8; 8]>(), 0..=600),
    ) {
        check::<Twine80>(&key[..10], &blocks, |twine, path, back, blocks| {
            if back { twine.decrypt_on(path, blocks) } else { twine.encrypt_on(path, blocks) }
        });
        check::<Twine128>(&key, &blocks, |twine, path, back, blocks| {
            if back { twine.decrypt_on(path, blocks) } else { twine.encrypt_on(path, blocks) }
        });
    }

    #[test]
    fn counter_mode_is_that_of_the_crate_ctr_and_block_by_block(
        key in any::<[u8; 16]>(),
        nonce: u32,
        data in prop::collection::vec(any::<u8>(), 0..5000),
        cuts in prop::collection::vec(0usize..700, 0..8),
    ) {
        use ctr::cipher::{KeyIvInit, StreamCipher};
        let mut iv = [0; 8];
        iv[..4].copy_from_slice(&nonce.to_be_bytes());

        let mut theirs = data.clone();
        ctr::Ctr32BE::<Twine128>::new(&key.into(), &iv.into()).apply_keystream(&mut theirs);

        let mut blockwise = data.clone();
        for (counter, chunk) in (0u32..).zip(blockwise.chunks_mut(8)) {
            let mut block = iv;
            block[4..].copy_from_slice(&counter.to_be_bytes());
            paper::encrypt(&key, &mut block);
            chunk.iter_mut().zip(block).for_each(|(octet, key)| *octet ^= key);
        }

        let mut ctr = CtrKey::<Twine128>::new(&key.into());
        let mut ours = data.clone();
        let mut message = ctr.message(nonce).unwrap();
        let mut rest = &mut ours[..];
        for cut in cuts {
            let (now, later) = rest.split_at_mut(cut.min(rest.len()));
            message.apply_keystream(now).unwrap();
            rest = later;
        }
        message.apply_keystream(rest).unwrap();
        drop(message);
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(&ours, &blockwise);
        let blocks = u32::try_from(data.len().div_ceil(8)).unwrap();
        prop_assert_eq!(ctr.used(), CtrUse::so_far(nonce.checked_add(1), MAX_BLOCKS - blocks));
        ctr.received(nonce).apply_keystream(&mut ours).unwrap();
        prop_assert_eq!(ours, data);
    }
}

#[test]
fn the_traits_work_on_one_block_on_many_and_from_one_buffer_to_another() {
    let twine = Twine128::new(&[9; 16].into());
    let plain: Vec<_> = (0..150u8).map(|at| Array([at; 8])).collect();
    let mut singly = plain.clone();
    for block in &mut singly {
        twine.encrypt_block(block);
    }
    let mut together = plain.clone();
    twine.encrypt_blocks(&mut together);
    assert_eq!(singly, together);
    let mut apart = std::vec![Array([0; 8]); 150];
    twine.encrypt_blocks_b2b(&plain, &mut apart).unwrap();
    assert_eq!(singly, apart);
    twine.decrypt_blocks(&mut together);
    assert_eq!(together, plain);
    for block in &mut apart {
        twine.decrypt_block(block);
    }
    assert_eq!(apart, plain);
    let mut apart = std::vec![Array([0; 8]); 150];
    twine.decrypt_blocks_b2b(&singly, &mut apart).unwrap();
    assert_eq!(apart, plain);
}

#[test]
fn a_key_stops_at_its_limit_and_processes_nothing_beyond() {
    let key = [3; 10].into();
    let mut ctr = CtrKey::<Twine80>::resume(&key, CtrUse::so_far(Some(5), 4));
    let mut message = ctr.message(5).unwrap();
    let mut data = [0; 17];
    message.apply_keystream(&mut data).unwrap();
    assert_ne!(data, [0; 17]);
    // Three blocks are gone, seven octets of the last are still good: with one block more, fifteen.
    let mut more = [0; 16];
    assert_eq!(message.apply_keystream(&mut more), Err(LimitExceeded { blocks_left: 1 }));
    assert_eq!(more, [0; 16]);
    message.apply_keystream(&mut more[..15]).unwrap();
    message.apply_keystream(&mut []).unwrap();
    assert!(message.apply_keystream(&mut [0]).is_err());
    drop(message);
    assert_eq!(ctr.used(), CtrUse::so_far(Some(6), 0));
    assert!(ctr.message(6).unwrap().apply_keystream(&mut [0]).is_err());
}

#[test]
fn the_messages_of_a_key_share_its_limit() {
    let mut ctr = CtrKey::<Twine80>::new(&[3; 10].into());
    let mut data = std::vec![0; 8 * MAX_BLOCKS as usize - 16];
    ctr.message(0).unwrap().apply_keystream(&mut data).unwrap();
    ctr.message(1).unwrap().apply_keystream(&mut [0]).unwrap();
    let refused = ctr.message(2).unwrap().apply_keystream(&mut [0; 9]).unwrap_err();
    assert_eq!(refused.blocks_left, 1);
    // What was received was counted by the sender, and no message has more blocks than a key.
    let mut received = ctr.received(0);
    received.apply_keystream(&mut data).unwrap();
    assert!(data.iter().all(|octet| *octet == 0));
    received.apply_keystream(&mut [0; 16]).unwrap();
    assert!(received.apply_keystream(&mut [0]).is_err());
}

#[test]
fn a_nonce_is_used_once_and_only_upwards() {
    let mut ctr = CtrKey::<Twine128>::new(&[1; 16].into());
    assert_eq!(ctr.used(), CtrUse::NEW);
    ctr.message(7).unwrap();
    for nonce in [0, 6, 7] {
        assert_eq!(ctr.message(nonce).unwrap_err(), NonceUsed { next_nonce: Some(8) });
    }
    ctr.message(u32::MAX).unwrap();
    assert_eq!(ctr.message(u32::MAX).unwrap_err(), NonceUsed { next_nonce: None });
    let again = CtrKey::<Twine128>::resume(&[1; 16].into(), ctr.used()).message(0).map(drop);
    assert_eq!(again, Err(NonceUsed { next_nonce: None }));
}

#[test]
fn nothing_shows_a_key() {
    let key = [0xAB; 16].into();
    let mut ctr = CtrKey::<Twine128>::new(&key);
    let shown = std::format!("{:?} {:?} {:?}", Twine80::new(&[0xAB; 10].into()), ctr, Twine128::new(&key));
    assert_eq!(
        shown,
        "Twine80 { .. } CtrKey { used: CtrUse { next_nonce: Some(0), blocks_left: 4194304 }, .. } Twine128 { .. }"
    );
    let message = ctr.message(1).unwrap();
    assert_eq!(std::format!("{message:?}"), "Keystream { nonce: 1, counter: 0, .. }");
}

#[test]
fn round_keys_are_gone_after_a_drop() {
    use zeroize::ZeroizeOnDrop;
    fn erases<T: ZeroizeOnDrop>() -> bool {
        core::mem::needs_drop::<T>()
    }
    assert!(erases::<Twine80>() && erases::<Twine128>());
}

/// SP 800-38B with 64-bit blocks, written down from the standard: RFC 4493 has the same with blocks of 128.
fn cmac(key: &[u8], message: &[u8]) -> [u8; 8] {
    let encrypt = |block: u64| {
        let mut block = block.to_be_bytes();
        paper::encrypt(key, &mut block);
        u64::from_be_bytes(block)
    };
    let double = |block: u64| block << 1 ^ if block >> 63 == 1 { 0x1B } else { 0 };
    let whole = !message.is_empty() && message.len().is_multiple_of(8);
    let mut padded = message.to_vec();
    if !whole {
        padded.push(0x80);
        padded.resize(padded.len().next_multiple_of(8), 0);
    }
    let (blocks, _) = padded.as_chunks::<8>();
    let mut state = 0;
    for (index, block) in blocks.iter().enumerate() {
        state ^= u64::from_be_bytes(*block);
        if index == blocks.len() - 1 {
            let once = double(encrypt(0));
            state ^= if whole { once } else { double(once) };
        }
        state = encrypt(state);
    }
    state.to_be_bytes()
}

proptest! {
    #[test]
    fn the_crate_cmac_works_on_it(key in any::<[u8; 16]>(), message in prop::collection::vec(any::<u8>(), 0..100)) {
        use ::cmac::{Cmac, KeyInit, Mac};
        let mut mac = Cmac::<Twine128>::new(&key.into());
        mac.update(&message);
        let tag: [u8; 8] = mac.finalize().into_bytes().into();
        prop_assert_eq!(tag, cmac(&key, &message));
        let mut mac = Cmac::<Twine80>::new_from_slice(&key[..10]).unwrap();
        mac.update(&message);
        mac.verify_slice(&cmac(&key[..10], &message)).unwrap();
    }

    #[test]
    fn the_crate_cbc_works_on_it(key in any::<[u8; 16]>(), iv: [u8; 8], many in 0usize..300) {
        use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
        let plain: Vec<_> = (0..many).map(|at| Array([u8::try_from(at % 251).unwrap(); 8])).collect();
        let mut blocks = plain.clone();
        cbc::Encryptor::<Twine128>::new(&key.into(), &iv.into()).encrypt_blocks(&mut blocks);
        let mut last = iv;
        for (mine, plain) in blocks.iter().zip(&plain) {
            last.iter_mut().zip(plain).for_each(|(octet, plain)| *octet ^= plain);
            paper::encrypt(&key, &mut last);
            prop_assert_eq!(mine.0, last);
        }
        cbc::Decryptor::<Twine128>::new(&key.into(), &iv.into()).decrypt_blocks(&mut blocks);
        prop_assert_eq!(blocks, plain);
    }
}

//! The block ciphers themselves: the one place that knows which crate does which.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use cmac::digest::InnerInit;
use cmac::{Cmac, Mac};
use zeroize::Zeroizing;

use super::SymmetricAlgorithm;

/// The encryption of one block of zeros, as many octets as the cipher's block has. `None` when the key has another size
/// than the algorithm's.
pub(super) fn encrypt_zeros(algorithm: SymmetricAlgorithm, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match algorithm {
        SymmetricAlgorithm::Aes128 => zeros::<Aes128>(key),
        SymmetricAlgorithm::Aes256 => zeros::<Aes256>(key),
        SymmetricAlgorithm::Twine80 | SymmetricAlgorithm::Twine128 => None,
    }
}

fn zeros<C: KeyInit + BlockCipherEncrypt>(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Block::<C>::default();
    cipher.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

/// The CMAC (NIST SP 800-38B) of one block of zeros. `None` for ciphers other than AES, and when the key has another
/// size than the algorithm's.
pub(super) fn cmac_of_zeros(algorithm: SymmetricAlgorithm, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const BLOCK: [u8; 16] = [0; 16];
    match algorithm {
        SymmetricAlgorithm::Aes128 => {
            let mut mac = Cmac::<Aes128>::inner_init(Aes128::new_from_slice(key).ok()?);
            mac.update(&BLOCK);
            Some(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
        }
        SymmetricAlgorithm::Aes256 => {
            let mut mac = Cmac::<Aes256>::inner_init(Aes256::new_from_slice(key).ok()?);
            mac.update(&BLOCK);
            Some(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
        }
        SymmetricAlgorithm::Twine80 | SymmetricAlgorithm::Twine128 => None,
    }
}

//! The block ciphers themselves: the one place that knows which crate does which.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use cmac::{Cmac, Mac};
use tegata_twine::{Twine80, Twine128};
use zeroize::Zeroizing;

use super::SymmetricAlgorithm;

/// The encryption of one block of zeros, as many octets as the cipher's block has. `None` when the key has another size
/// than the algorithm's.
pub(super) fn encrypt_zeros(algorithm: SymmetricAlgorithm, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    fn encrypt<C: KeyInit + BlockCipherEncrypt>(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut block = Block::<C>::default();
        C::new_from_slice(key).ok()?.encrypt_block(&mut block);
        Some(Zeroizing::new(block.to_vec()))
    }
    match algorithm {
        SymmetricAlgorithm::Aes128 => encrypt::<Aes128>(key),
        SymmetricAlgorithm::Aes256 => encrypt::<Aes256>(key),
        SymmetricAlgorithm::Twine80 => encrypt::<Twine80>(key),
        SymmetricAlgorithm::Twine128 => encrypt::<Twine128>(key),
    }
}

/// The CMAC (NIST SP 800-38B) of one block of zeros. `None` for ciphers other than AES, for which no standard defines
/// check values by it, and when the key has another size than the algorithm's.
pub(super) fn cmac_of_zeros(algorithm: SymmetricAlgorithm, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    fn mac<M: Mac + KeyInit>(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
        mac.update(&[0; 16]);
        Some(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
    }
    match algorithm {
        SymmetricAlgorithm::Aes128 => mac::<Cmac<Aes128>>(key),
        SymmetricAlgorithm::Aes256 => mac::<Cmac<Aes256>>(key),
        SymmetricAlgorithm::Twine80 | SymmetricAlgorithm::Twine128 => None,
    }
}

//! The two ciphers, as the traits of the crate `cipher` describe them.

use core::fmt;

use cipher::array::Array;
use cipher::consts::{U8, U10, U16};
use cipher::inout::{InOut, InOutBuf};
use cipher::{
    AlgorithmName, Block, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncBackend,
    BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, Key, KeyInit, KeySizeUser, ParBlocks, ParBlocksSizeUser,
};
use zeroize::ZeroizeOnDrop;

use crate::path::Path;
use crate::schedule::RoundKeys;

/// How many blocks the modes of other crates hand over at once. Setting up wide code takes a while, so they are many; without
/// it they would only take memory.
#[cfg(wide)]
type Together = cipher::consts::U128;
#[cfg(not(wide))]
type Together = cipher::consts::U2;

/// A cipher of this crate: [`Twine80`] or [`Twine128`].
pub trait Twine:
    KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U8> + sealed::Sealed
{
    /// Encrypts in place, with the widest instructions that this processor has.
    fn encrypt_all(&self, blocks: &mut [[u8; 8]]);

    /// Decrypts in place, with the widest instructions that this processor has.
    fn decrypt_all(&self, blocks: &mut [[u8; 8]]);
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! twine {
    ($name:ident, $title:literal, $size:ty, $schedule:ident) => {
        #[doc = concat!($title, ": blocks of 64 bits.")]
        ///
        /// Its round keys are erased when it is dropped, and not shown by `Debug`.
        #[derive(Clone)]
        pub struct $name(RoundKeys);

        impl $name {
            #[doc(hidden)]
            pub fn encrypt_on(&self, path: Path, blocks: &mut [[u8; 8]]) {
                path.run::<false>(&self.0, blocks);
            }

            #[doc(hidden)]
            pub fn decrypt_on(&self, path: Path, blocks: &mut [[u8; 8]]) {
                path.run::<true>(&self.0, blocks);
            }
        }

        impl KeySizeUser for $name {
            type KeySize = $size;
        }

        impl KeyInit for $name {
            fn new(key: &Key<Self>) -> Self {
                Self(RoundKeys::$schedule(&key.0))
            }
        }

        impl BlockSizeUser for $name {
            type BlockSize = U8;
        }

        impl BlockCipherEncrypt for $name {
            #[inline]
            fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U8>) {
                f.call(&Backend { keys: &self.0, path: Path::best() });
            }

            // Whatever comes together stays together.
            #[inline]
            fn encrypt_blocks_inout(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
                self.encrypt_blocks(blocks.into_out_with_copied_in());
            }

            #[inline]
            fn encrypt_blocks(&self, blocks: &mut [Block<Self>]) {
                self.encrypt_all(Array::cast_slice_to_core_mut(blocks));
            }
        }

        impl BlockCipherDecrypt for $name {
            #[inline]
            fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U8>) {
                f.call(&Backend { keys: &self.0, path: Path::best() });
            }

            #[inline]
            fn decrypt_blocks_inout(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
                self.decrypt_blocks(blocks.into_out_with_copied_in());
            }

            #[inline]
            fn decrypt_blocks(&self, blocks: &mut [Block<Self>]) {
                self.decrypt_all(Array::cast_slice_to_core_mut(blocks));
            }
        }

        impl Twine for $name {
            #[inline]
            fn encrypt_all(&self, blocks: &mut [[u8; 8]]) {
                Path::best().run::<false>(&self.0, blocks);
            }

            #[inline]
            fn decrypt_all(&self, blocks: &mut [[u8; 8]]) {
                Path::best().run::<true>(&self.0, blocks);
            }
        }

        impl sealed::Sealed for $name {}

        impl AlgorithmName for $name {
            fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($title)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }

        impl ZeroizeOnDrop for $name {}
    };
}

twine!(Twine80, "TWINE-80", U10, of_80);
twine!(Twine128, "TWINE-128", U16, of_128);

/// What the modes of other crates work with.
struct Backend<'a> {
    keys: &'a RoundKeys,
    path: Path,
}

impl Backend<'_> {
    #[inline]
    fn run<const DECRYPT: bool>(&self, blocks: &mut [Array<u8, U8>]) {
        self.path.run::<DECRYPT>(self.keys, Array::cast_slice_to_core_mut(blocks));
    }
}

impl BlockSizeUser for Backend<'_> {
    type BlockSize = U8;
}

impl ParBlocksSizeUser for Backend<'_> {
    type ParBlocksSize = Together;
}

impl BlockCipherEncBackend for Backend<'_> {
    #[inline]
    fn encrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.run::<false>(core::slice::from_mut(block.into_out_with_copied_in()));
    }

    #[inline]
    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.run::<false>(blocks.into_buf().into_out_with_copied_in());
    }

    #[inline]
    fn encrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.run::<false>(blocks.into_out_with_copied_in());
    }
}

impl BlockCipherDecBackend for Backend<'_> {
    #[inline]
    fn decrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.run::<true>(core::slice::from_mut(block.into_out_with_copied_in()));
    }

    #[inline]
    fn decrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.run::<true>(blocks.into_buf().into_out_with_copied_in());
    }

    #[inline]
    fn decrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.run::<true>(blocks.into_out_with_copied_in());
    }
}

//! Which instructions do the work.

use crate::scalar;
use crate::schedule::RoundKeys;
#[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
use crate::simd::x86;

/// A way to compute the cipher. All of them give the same result.
///
/// Not part of the API: for tests and benchmarks, which want each way and not the best one.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    Scalar,
    #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
    Ssse3,
    #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
    Avx2,
    #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
    Avx512,
    #[cfg(all(wide, target_arch = "aarch64"))]
    Neon,
}

impl Path {
    /// Every way that this program has, from the slowest to the fastest.
    pub const ALL: &[Self] = &[
        Self::Scalar,
        #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
        Self::Ssse3,
        #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
        Self::Avx2,
        #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
        Self::Avx512,
        #[cfg(all(wide, target_arch = "aarch64"))]
        Self::Neon,
    ];

    /// Whether this processor has the instructions.
    #[inline]
    pub fn available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Ssse3 => x86::has_ssse3(),
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Avx2 => x86::has_avx2(),
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Avx512 => x86::has_avx512(),
            #[cfg(all(wide, target_arch = "aarch64"))]
            Self::Neon => true,
        }
    }

    /// The fastest that this processor has.
    #[inline]
    pub fn best() -> Self {
        let mut ways = Self::ALL.iter().rev();
        ways.find(|way| way.available()).copied().unwrap_or(Self::Scalar)
    }

    /// Does without the instructions where the processor lacks them.
    #[inline]
    pub(crate) fn run<const DECRYPT: bool>(self, keys: &RoundKeys, blocks: &mut [[u8; 8]]) {
        let done = match self {
            Self::Scalar => false,
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Ssse3 => x86::ssse3::<DECRYPT>(keys, blocks),
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Avx2 => x86::avx2::<DECRYPT>(keys, blocks),
            #[cfg(all(wide, any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Avx512 => x86::avx512::<DECRYPT>(keys, blocks),
            #[cfg(all(wide, target_arch = "aarch64"))]
            Self::Neon => {
                crate::simd::neon::neon::<DECRYPT>(keys, blocks);
                true
            }
        };
        if !done {
            scalar::blocks::<DECRYPT>(keys, blocks);
        }
    }
}

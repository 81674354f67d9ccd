//! Counter mode that stops long before a 64-bit block becomes dangerous.
//!
//! The counter block is the nonce of the message (32 bits) and the number of the block in it (32 bits from 0), both
//! big-endian. Octet for octet it is `ctr::Ctr32BE` with an initial value of the nonce and four zero octets.

use core::fmt;

use cipher::Key;
use zeroize::Zeroize;

use crate::block::Twine;

/// So many blocks one key may encrypt in all messages together: 2^22, which is 32 MiB.
///
/// Blocks of counter mode never repeat under one key, where random numbers would: after q blocks the two are told apart with
/// a probability of about q^2 / 2^65, and from there plaintext leaks bit by bit ("On the Practical (In-)Security of 64-bit Block
/// Ciphers", the Sweet32 attack). 2^22 blocks leave 2^-21. That is the measure by which NIST limits 64-bit blocks: at most one in
/// a million in SP 800-38B. Take a new key for more.
pub const MAX_BLOCKS: u32 = 1 << 22;

/// The key would have encrypted more than [`MAX_BLOCKS`] blocks. Nothing was processed: take a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitExceeded {
    /// How many blocks are left to the key.
    pub blocks_left: u32,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this much is not safe under one key, which has {} of {MAX_BLOCKS} blocks left; take a new key",
            self.blocks_left
        )
    }
}

impl core::error::Error for LimitExceeded {}

/// The nonce is not greater than all that this key had before. Nothing was processed: take [`CtrUse::next_nonce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NonceUsed {
    /// The smallest that may be used; none is left if there is none.
    pub next_nonce: Option<u32>,
}

impl fmt::Display for NonceUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next_nonce {
            Some(next) => write!(f, "a nonce must be greater than those before; take {next} or more"),
            None => f.write_str("this key has no nonce left; take a new key"),
        }
    }
}

impl core::error::Error for NonceUsed {}

/// What a key has been used for: to be kept with the key where it outlives the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CtrUse {
    /// The smallest nonce that may be used; none is left if there is none.
    pub next_nonce: Option<u32>,
    /// Blocks that may still be encrypted.
    pub blocks_left: u32,
}

impl CtrUse {
    /// Of a key that was never used.
    pub const NEW: Self = Self { next_nonce: Some(0), blocks_left: MAX_BLOCKS };

    /// Of a key that was used before: `next_nonce` is greater than every nonce so far, and `blocks_left` what was left of
    /// [`MAX_BLOCKS`].
    pub const fn so_far(next_nonce: Option<u32>, blocks_left: u32) -> Self {
        Self { next_nonce, blocks_left: if blocks_left < MAX_BLOCKS { blocks_left } else { MAX_BLOCKS } }
    }
}

/// A key for messages in counter mode, with the count of what it may still encrypt.
///
/// Messages are encrypted, not authenticated: add a MAC under another key, such as CMAC. Use a key in one direction only.
///
/// ```
/// use tegata_twine::{CtrKey, Twine128};
///
/// let key = [7; 16];
/// let mut sender = CtrKey::<Twine128>::new(&key.into());
/// let mut message = *b"open the barrier";
/// sender.message(1)?.apply_keystream(&mut message)?;
/// // Once more under this nonce would tell how the messages differ.
/// assert!(sender.message(1).is_err());
///
/// let receiver = CtrKey::<Twine128>::new(&key.into());
/// receiver.received(1).apply_keystream(&mut message)?;
/// assert_eq!(&message, b"open the barrier");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CtrKey<C: Twine> {
    cipher: C,
    used: CtrUse,
}

impl<C: Twine> CtrKey<C> {
    /// A key that was never used.
    pub fn new(key: &Key<C>) -> Self {
        Self::resume(key, CtrUse::NEW)
    }

    /// A key that was used before, as [`used`](Self::used) told then.
    pub fn resume(key: &Key<C>, used: CtrUse) -> Self {
        Self { cipher: C::new(key), used }
    }

    /// What there is to remember where the key outlives the program.
    pub fn used(&self) -> CtrUse {
        self.used
    }

    /// Begins a message to be encrypted. What it takes is taken from the key.
    ///
    /// # Errors
    ///
    /// [`NonceUsed`] if a message before had this nonce or a greater one.
    pub fn message(&mut self, nonce: u32) -> Result<Keystream<'_, C>, NonceUsed> {
        if self.used.next_nonce.is_none_or(|next| nonce < next) {
            return Err(NonceUsed { next_nonce: self.used.next_nonce });
        }
        self.used.next_nonce = nonce.checked_add(1);
        Ok(Keystream::new(&self.cipher, nonce, Budget::Key(&mut self.used.blocks_left)))
    }

    /// Begins a message to be decrypted. Messages may come in any order and again, and take nothing from the key: it is the sender
    /// who counts. Never encrypt with this one.
    pub fn received(&self, nonce: u32) -> Keystream<'_, C> {
        Keystream::new(&self.cipher, nonce, Budget::Message(MAX_BLOCKS))
    }
}

impl<C: Twine> fmt::Debug for CtrKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrKey").field("used", &self.used).finish_non_exhaustive()
    }
}

enum Budget<'k> {
    Key(&'k mut u32),
    Message(u32),
}

impl Budget<'_> {
    fn left(&self) -> u32 {
        match self {
            Self::Key(left) => **left,
            Self::Message(left) => *left,
        }
    }

    fn take(&mut self, blocks: u32) {
        match self {
            Self::Key(left) => **left -= blocks,
            Self::Message(left) => *left -= blocks,
        }
    }
}

/// So many blocks of keystream are made at once: for vectors many, else few, since they stand on the stack.
const AT_ONCE: usize = if cfg!(wide) { 256 } else { 8 };

/// The keystream of one message, from [`CtrKey::message`] or [`CtrKey::received`].
pub struct Keystream<'k, C: Twine> {
    cipher: &'k C,
    nonce: u32,
    counter: u32,
    budget: Budget<'k>,
    /// The last block of keystream, of which `pending` octets are not used yet.
    last: [u8; 8],
    pending: usize,
}

impl<'k, C: Twine> Keystream<'k, C> {
    fn new(cipher: &'k C, nonce: u32, budget: Budget<'k>) -> Self {
        Self { cipher, nonce, counter: 0, budget, last: [0; 8], pending: 0 }
    }

    /// Encrypts or decrypts what comes next in the message, in place.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`] if this is more than the key has left. `data` is then as it was.
    pub fn apply_keystream(&mut self, data: &mut [u8]) -> Result<(), LimitExceeded> {
        let fresh = data.len().saturating_sub(self.pending).div_ceil(8);
        let left = self.budget.left();
        let fresh =
            u32::try_from(fresh).ok().filter(|&fresh| fresh <= left).ok_or(LimitExceeded { blocks_left: left })?;
        self.budget.take(fresh);

        let (head, data) = data.split_at_mut(self.pending.min(data.len()));
        add(head, &self.last[8 - self.pending..]);
        self.pending -= head.len();

        let mut blocks = [[0; 8]; AT_ONCE];
        for chunk in data.chunks_mut(8 * AT_ONCE) {
            let blocks = &mut blocks[..chunk.len().div_ceil(8)];
            for block in blocks.iter_mut() {
                *block = (u64::from(self.nonce) << 32 | u64::from(self.counter)).to_be_bytes();
                // The counter has 32 bits and the limit is far below.
                self.counter = self.counter.wrapping_add(1);
            }
            self.cipher.encrypt_all(blocks);
            add(chunk, blocks.as_flattened());
            if let Some(last) = blocks.last() {
                self.last = *last;
                self.pending = 8 * blocks.len() - chunk.len();
            }
        }
        Ok(())
    }
}

/// Adds as much as both have.
fn add(data: &mut [u8], keystream: &[u8]) {
    for (octet, key) in data.iter_mut().zip(keystream) {
        *octet ^= key;
    }
}

impl<C: Twine> Drop for Keystream<'_, C> {
    fn drop(&mut self) {
        self.last.zeroize();
    }
}

impl<C: Twine> fmt::Debug for Keystream<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystream").field("nonce", &self.nonce).field("counter", &self.counter).finish_non_exhaustive()
    }
}

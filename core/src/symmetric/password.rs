//! What a machine-made secret must be like, and making one.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::draw_into;
use crate::env::{Random, SystemRandom};
use crate::error::{Error, InternalError, PskError};
use crate::secret::Secret;

/// The least entropy of a policy, in bits: what is looked up online, with a back-off after failures.
pub const MIN_BITS: u32 = 64;
/// The least entropy of a secret for TLS-PSK, in bits: who records a handshake tries secrets offline (RFC 4279, 7.2).
pub const MIN_TLS_BITS: u32 = 128;
/// The longest secret that every TLS-PSK implementation takes, in octets (RFC 4279, 5.3).
pub const MAX_TLS_LEN: u16 = 64;
/// The longest secret that is made, in characters or octets.
pub const MAX_LEN: u16 = 512;

/// How many secrets are drawn, until one has all classes, before the random source is thought to be broken. A policy of
/// 64 bits needs a handful at most.
const ATTEMPTS: usize = 1_000;

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
/// Without quotes, backslash, space, comma and angle brackets, which files and command lines read in their own ways.
const SYMBOLS: &[u8] = b"!#$%*+-./=?@_~";
/// What people confuse on a label.
const LOOK_ALIKES: &[u8] = b"0Oo1lI2Z5S8B";

/// Which kinds of characters a secret has; of each at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "four independent switches, plain in every language")]
pub struct CharacterClasses {
    /// `a` to `z`.
    pub lower: bool,
    /// `A` to `Z`.
    pub upper: bool,
    /// `0` to `9`.
    pub digits: bool,
    /// `! # $ % * + - . / = ? @ _ ~`
    pub symbols: bool,
}

impl Default for CharacterClasses {
    /// Letters and digits.
    fn default() -> Self {
        Self { lower: true, upper: true, digits: true, symbols: false }
    }
}

/// What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the
/// policy.
///
/// ```
/// use tegata::symmetric::{CharacterClasses, PskPolicy};
/// let policy = PskPolicy::default();
/// assert_eq!((policy.length, policy.raw), (24, false));
/// assert!(policy.entropy_bits() >= 128);
///
/// let pin = CharacterClasses { lower: false, upper: false, digits: true, symbols: false };
/// let weak = PskPolicy { length: 6, classes: pin, ..PskPolicy::default() };
/// assert_eq!(weak.check().unwrap_err().code(), "psk.policy_weak");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PskPolicy {
    /// How many characters, or octets when `raw`; 512 at most.
    pub length: u16,
    /// Of which kinds the characters are. Means nothing when `raw`.
    pub classes: CharacterClasses,
    /// Whether characters may occur that people confuse: `0 O o`, `1 l I`, `2 Z`, `5 S`, `8 B`. Means nothing when
    /// `raw`.
    pub look_alikes: bool,
    /// Whether the secret is any octets instead of text.
    pub raw: bool,
}

impl Default for PskPolicy {
    /// 24 letters and digits that nobody confuses: 135 bits.
    fn default() -> Self {
        Self { length: 24, classes: CharacterClasses::default(), look_alikes: false, raw: false }
    }
}

impl PskPolicy {
    /// The characters of each demanded class.
    fn alphabets(&self) -> Vec<Vec<u8>> {
        let CharacterClasses { lower, upper, digits, symbols } = self.classes;
        [(lower, LOWER), (upper, UPPER), (digits, DIGITS), (symbols, SYMBOLS)]
            .into_iter()
            .filter(|(demanded, _)| *demanded)
            .map(|(_, class)| class.iter().copied().filter(|c| self.look_alikes || !LOOK_ALIKES.contains(c)).collect())
            .collect()
    }

    /// How many bits of entropy a secret has: the logarithm of how many secrets meet the policy, rounded down. 0 when
    /// none does.
    pub fn entropy_bits(&self) -> u32 {
        if self.raw {
            return u32::from(self.length) * 8;
        }
        let sizes: Vec<usize> = self.alphabets().iter().map(Vec::len).collect();
        let all: usize = sizes.iter().sum();
        if all == 0 || usize::from(self.length) < sizes.len() {
            return 0;
        }
        let share = share_with_all(&sizes, all, self.length);
        let bits = f64::from(self.length) * float(all).log2() + share.log2();
        // From 0 to 512 * 7, so nothing is cut off but the fraction.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = bits.max(0.0) as u32;
        whole
    }

    /// Whether secrets can be made by it that are hard enough to guess.
    ///
    /// # Errors
    /// `psk.policy_impossible`, saying why; `psk.policy_weak` below 64 bits.
    pub fn check(&self) -> Result<(), Error> {
        let classes = self.alphabets().len();
        let reason = if self.length == 0 {
            "its length is 0"
        } else if self.length > MAX_LEN {
            "its length is beyond 512"
        } else if self.raw {
            return self.check_bits(MIN_BITS);
        } else if classes == 0 {
            "it allows no character at all"
        } else if usize::from(self.length) < classes {
            "it is shorter than the number of classes it demands"
        } else {
            return self.check_bits(MIN_BITS);
        };
        Err(PskError::PolicyImpossible { reason: reason.to_owned() }.into())
    }

    /// Whether its secrets will do for TLS-PSK and for wrapping keys, where guessing needs no server: 128 bits, and
    /// no longer than the 64 octets that every implementation takes (RFC 4279, 5.3).
    ///
    /// # Errors
    /// Those of [`check`](Self::check); `psk.policy_weak` below 128 bits; `psk.policy_impossible` beyond 64 octets.
    pub fn check_for_tls(&self) -> Result<(), Error> {
        self.check()?;
        if self.length > MAX_TLS_LEN {
            let reason = "TLS implementations take 64 bytes at most (RFC 4279, 5.3)".to_owned();
            return Err(PskError::PolicyImpossible { reason }.into());
        }
        self.check_bits(MIN_TLS_BITS)
    }

    fn check_bits(&self, needed: u32) -> Result<(), Error> {
        let bits = self.entropy_bits();
        if bits < needed { Err(PskError::PolicyWeak { bits, needed }.into()) } else { Ok(()) }
    }

    /// Whether `secret` is one that this policy could have made.
    pub fn is_met_by(&self, secret: &[u8]) -> bool {
        let classes = self.alphabets();
        secret.len() == usize::from(self.length)
            && (self.raw
                || secret.iter().all(|c| classes.iter().any(|class| class.contains(c)))
                    && classes.iter().all(|class| secret.iter().any(|c| class.contains(c))))
    }
}

/// Of all texts of `length` characters out of `all`, the share in which every class occurs (inclusion and exclusion).
fn share_with_all(sizes: &[usize], all: usize, length: u16) -> f64 {
    (0..1_u32 << sizes.len())
        .map(|without| {
            let lost = sizes.iter().enumerate().filter(|(at, _)| without >> at & 1 == 1).map(|(_, size)| *size);
            let left = float(all.saturating_sub(lost.sum())) / float(all);
            let sign = if without.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sign * left.powi(i32::from(length))
        })
        .sum()
}

/// A small number, exactly.
fn float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// A secret that meets `policy`, from `random`.
///
/// Every secret that meets the policy is as likely as any other: each character is drawn evenly from the whole
/// alphabet, and a secret that lacks a class is thrown away whole. Putting a missing class in afterwards would favour
/// some.
///
/// # Errors
/// Those of [`PskPolicy::check`]; `internal.random_failed`, also for a source that repeats itself.
pub(crate) fn generate_secret(policy: &PskPolicy, random: &dyn Random) -> Result<Secret<Vec<u8>>, Error> {
    policy.check()?;
    let length = usize::from(policy.length);
    let mut secret = Zeroizing::new(vec![0; length]);
    if policy.raw {
        draw_into(random, &mut secret)?;
        return Ok(Secret::new(std::mem::take(&mut *secret)));
    }
    let alphabet = policy.alphabets().concat();
    let mut octets = Octets::new(random);
    for _ in 0..ATTEMPTS {
        for place in secret.iter_mut() {
            *place = octets.pick(&alphabet)?;
        }
        if policy.is_met_by(&secret) {
            return Ok(Secret::new(std::mem::take(&mut *secret)));
        }
    }
    Err(repeats())
}

/// A password that meets `policy`, from the operating system's generator.
///
/// ```
/// use tegata::generate_password;
/// use tegata::symmetric::PskPolicy;
///
/// # fn main() -> tegata::Result<()> {
/// let policy = PskPolicy::default();
/// let password = generate_password(&policy)?;
/// assert_eq!(password.expose().len(), 24);
/// assert!(policy.is_met_by(password.expose().as_bytes()));
/// # Ok(())
/// # }
/// ```
///
/// A raw secret comes as lower-case hexadecimal, two digits an octet, which is how files of PSKs hold them.
///
/// # Errors
/// `psk.policy_impossible`, saying why; `psk.policy_weak` below 64 bits; `internal.random_failed`.
pub fn generate_password(policy: &PskPolicy) -> Result<Secret<String>, Error> {
    let secret = generate_secret(policy, &SystemRandom::new())?;
    if policy.raw {
        return Ok(Secret::new(HEXLOWER.encode(secret.expose())));
    }
    // All alphabets are ASCII.
    let text = std::str::from_utf8(secret.expose()).map_err(|_| Error::defect("a password is no text"))?;
    Ok(Secret::new(text.to_owned()))
}

fn repeats() -> Error {
    InternalError::RandomFailed { reason: "the source repeats itself".to_owned() }.into()
}

/// Random octets one by one, drawn by the block.
struct Octets<'a> {
    random: &'a dyn Random,
    block: [u8; 64],
    used: usize,
}

impl<'a> Octets<'a> {
    const fn new(random: &'a dyn Random) -> Self {
        Self { random, block: [0; 64], used: 64 }
    }

    fn next(&mut self) -> Result<u8, Error> {
        if self.used >= self.block.len() {
            draw_into(self.random, &mut self.block)?;
            self.used = 0;
        }
        let octet = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        Ok(octet)
    }

    /// One of `alphabet`, each as likely as any other: octets beyond its last whole multiple are left out, since the
    /// remainder would make the first characters likelier.
    fn pick(&mut self, alphabet: &[u8]) -> Result<u8, Error> {
        for _ in 0..ATTEMPTS {
            let octet = usize::from(self.next()?);
            if octet < 256 - 256 % alphabet.len().max(1)
                && let Some(character) = alphabet.get(octet % alphabet.len().max(1))
            {
                return Ok(*character);
            }
        }
        Err(repeats())
    }
}

impl Drop for Octets<'_> {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_precision_loss)]
    #![allow(clippy::fn_params_excessive_bools)]
    use proptest::prelude::*;

    use super::super::source::{Dry, Steady, Stuck};
    use super::*;

    const fn classes(lower: bool, upper: bool, digits: bool, symbols: bool) -> CharacterClasses {
        CharacterClasses { lower, upper, digits, symbols }
    }

    fn text(length: u16, classes: CharacterClasses) -> PskPolicy {
        PskPolicy { length, classes, look_alikes: true, raw: false }
    }

    #[test]
    fn the_default_will_do_for_tls() {
        let policy = PskPolicy::default();
        assert_eq!(policy.entropy_bits(), 135);
        policy.check_for_tls().unwrap();
        let secret = generate_secret(&policy, &SystemRandom::new()).unwrap();
        assert!(policy.is_met_by(secret.expose()));
    }

    /// All texts of two and three characters, counted one by one.
    #[test]
    fn entropy_counts_the_texts_that_meet_the_policy() {
        for (length, classes, count) in [
            (3_u32, classes(true, false, true, false), 36_u64.pow(3) - 26_u64.pow(3) - 10_u64.pow(3)),
            (2, classes(false, true, true, false), 2 * 26 * 10),
            (3, classes(true, true, true, false), 6 * 26 * 26 * 10),
            (4, classes(true, true, true, true), 24 * 26 * 26 * 10 * 14),
            (7, classes(false, false, true, false), 10_u64.pow(7)),
        ] {
            let policy = text(u16::try_from(length).unwrap(), classes);
            assert_eq!(policy.entropy_bits(), count.ilog2(), "{policy:?}");
        }
        let policy = text(2, classes(true, false, true, false));
        let all: Vec<u8> = policy.alphabets().concat();
        let met =
            all.iter().flat_map(|a| all.iter().map(move |b| [*a, *b])).filter(|pair| policy.is_met_by(pair)).count();
        assert_eq!(policy.entropy_bits(), met.ilog2());
        let raw = PskPolicy { length: 16, raw: true, ..PskPolicy::default() };
        assert_eq!(raw.entropy_bits(), 128);
    }

    #[test]
    fn weak_policies_are_refused_at_64_bits_and_at_128_for_tls() {
        let digits = classes(false, false, true, false);
        // 10^19 is just below 2^64, 10^38 just below 2^128.
        for (length, code) in [(19, Some("psk.policy_weak")), (20, None)] {
            assert_eq!(text(length, digits).check().err().map(|e| e.code()), code);
        }
        for (length, code) in
            [(38, Some("psk.policy_weak")), (39, None), (64, None), (65, Some("psk.policy_impossible"))]
        {
            assert_eq!(text(length, digits).check_for_tls().err().map(|e| e.code()), code, "{length}");
        }
        for (length, check, tls) in [(7, false, false), (8, true, false), (15, true, false), (16, true, true)] {
            let raw = PskPolicy { length, raw: true, ..PskPolicy::default() };
            assert_eq!((raw.check().is_ok(), raw.check_for_tls().is_ok()), (check, tls));
        }
        let refused = generate_secret(&text(6, digits), &Steady::from(0)).unwrap_err();
        assert_eq!(refused, PskError::PolicyWeak { bits: 19, needed: 64 }.into());
    }

    #[test]
    fn impossible_policies_are_refused_with_the_reason() {
        let none = classes(false, false, false, false);
        for (policy, reason) in [
            (text(0, classes(true, true, true, false)), "length is 0"),
            (text(24, none), "no character"),
            (text(2, classes(true, true, true, false)), "shorter than"),
            (text(513, classes(true, true, true, true)), "beyond 512"),
            (PskPolicy { length: 0, raw: true, ..PskPolicy::default() }, "length is 0"),
            (PskPolicy { length: 513, raw: true, ..PskPolicy::default() }, "beyond 512"),
        ] {
            let refused = generate_secret(&policy, &Steady::from(0)).unwrap_err();
            assert_eq!(refused.code(), "psk.policy_impossible");
            assert!(refused.to_string().contains(reason), "{refused}");
        }
        assert_eq!(text(24, none).entropy_bits(), 0);
        assert!(generate_secret(&PskPolicy { length: 512, ..PskPolicy::default() }, &Steady::from(0)).is_ok());
    }

    #[test]
    fn a_broken_random_source_yields_an_error_and_no_endless_loop() {
        let policy = PskPolicy::default();
        for octet in [0, 255] {
            let refused = generate_secret(&policy, &Stuck(octet)).unwrap_err();
            assert_eq!(refused.code(), "internal.random_failed");
        }
        assert_eq!(generate_secret(&policy, &Dry).unwrap_err().code(), "internal.random_failed");
        let raw = PskPolicy { raw: true, ..policy };
        assert_eq!(generate_secret(&raw, &Dry).unwrap_err().code(), "internal.random_failed");
    }

    /// Within a class every character is as likely as any other, at every place: 20,000 secrets, 6 standard deviations.
    #[test]
    fn secrets_are_drawn_evenly() {
        let policy = PskPolicy { length: 16, ..PskPolicy::default() };
        let random = Steady::from(7);
        let (rounds, length) = (20_000, usize::from(policy.length));
        let (mut by_character, mut digits_by_place) = ([0_u32; 128], vec![0_u32; length]);
        for _ in 0..rounds {
            for (place, c) in generate_secret(&policy, &random).unwrap().expose().iter().enumerate() {
                by_character[usize::from(*c)] += 1;
                digits_by_place[place] += u32::from(c.is_ascii_digit());
            }
        }
        let even = |counts: &[u32], what: &str| {
            let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
            for count in counts {
                let off = (f64::from(*count) - mean).abs() / mean.sqrt();
                assert!(off < 6.0, "{what}: {counts:?}");
            }
        };
        for class in policy.alphabets() {
            even(&class.iter().map(|c| by_character[usize::from(*c)]).collect::<Vec<_>>(), "characters");
        }
        even(&digits_by_place, "places");
        assert_eq!(by_character.iter().sum::<u32>() as usize, rounds * length);
    }

    #[test]
    fn raw_secrets_come_as_octets_and_as_hexadecimal_text() {
        let policy = PskPolicy { length: 32, raw: true, ..PskPolicy::default() };
        assert_eq!(generate_secret(&policy, &Steady::from(1)).unwrap().expose().len(), 32);
        let text = generate_password(&policy).unwrap();
        assert_eq!(HEXLOWER.decode(text.expose().as_bytes()).unwrap().len(), 32);
    }

    #[test]
    fn policies_are_plain_json_with_defaults_and_nothing_unknown() {
        let json = serde_json::to_string(&PskPolicy::default()).unwrap();
        let classes = r#"{"lower":true,"upper":true,"digits":true,"symbols":false}"#;
        assert_eq!(json, format!(r#"{{"length":24,"classes":{classes},"look_alikes":false,"raw":false}}"#));
        assert_eq!(serde_json::from_str::<PskPolicy>("{}").unwrap(), PskPolicy::default());
        assert!(serde_json::from_str::<PskPolicy>(r#"{"lenght":30}"#).is_err());
    }

    #[test]
    fn look_alikes_are_left_out_unless_asked_for() {
        let with = text(24, classes(true, true, true, true));
        let without = PskPolicy { look_alikes: false, ..with.clone() };
        assert_eq!((with.alphabets().concat().len(), without.alphabets().concat().len()), (76, 64));
        assert!(without.alphabets().concat().iter().all(|c| !LOOK_ALIKES.contains(c)));
    }

    fn policy() -> impl Strategy<Value = PskPolicy> {
        (0..600_u16, any::<[bool; 6]>()).prop_map(|(length, [lower, upper, digits, symbols, look_alikes, raw])| {
            PskPolicy { length, classes: classes(lower, upper, digits, symbols), look_alikes, raw }
        })
    }

    proptest! {
        /// NEC-1.
        #[test]
        fn every_secret_meets_its_policy_or_the_refusal_says_why(policy in policy(), seed in 0..1_u64 << 32) {
            match generate_secret(&policy, &Steady::from(seed)) {
                Ok(secret) => {
                    prop_assert!(policy.check().is_ok() && policy.is_met_by(secret.expose()));
                    prop_assert_eq!(secret.expose().len(), usize::from(policy.length));
                    if !policy.raw {
                        let CharacterClasses { lower, upper, digits, symbols } = policy.classes;
                        let has = |is: fn(&u8) -> bool| secret.expose().iter().any(is);
                        prop_assert_eq!(has(u8::is_ascii_lowercase), lower);
                        prop_assert_eq!(has(u8::is_ascii_uppercase), upper);
                        prop_assert_eq!(has(u8::is_ascii_digit), digits);
                        prop_assert_eq!(has(u8::is_ascii_punctuation), symbols);
                    }
                    prop_assert_eq!(format!("{secret:?}"), "Secret(..)");
                }
                Err(refused) => {
                    prop_assert!(["psk.policy_weak", "psk.policy_impossible"].contains(&refused.code()));
                    prop_assert_eq!(policy.check().unwrap_err(), refused);
                }
            }
        }
    }
}

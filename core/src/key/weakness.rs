//! RSA moduli that are known to be weak although nothing in their encoding shows it.
//!
//! - ROCA (CVE-2017-15361): Infineon's library made primes of the form `k*M + (65537^a mod M)`, so the modulus lies in
//!   the subgroup that 65537 generates modulo every small prime. Random moduli do so with a chance of about 2^-28.
//! - Close primes: when p and q share their upper half, Fermat's method factors the modulus at once (CVE-2022-26320).
//! - Small factors: broken prime generators.

use num_bigint::BigUint;

/// The primes that the fingerprint of ROCA looks at; they are also those tried as factors.
const PRIMES: [u8; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// For each prime, which residues are powers of 65537.
const POWERS: [[u64; 3]; 38] = {
    let mut table = [[0; 3]; 38];
    let mut i = 0;
    while i < PRIMES.len() {
        let prime = PRIMES[i] as u64;
        let mut power = 1;
        loop {
            table[i][(power / 64) as usize] |= 1 << (power % 64);
            power = power * 65537 % prime;
            if power == 1 {
                break;
            }
        }
        i += 1;
    }
    table
};

/// How many steps of Fermat's method are tried. A weak generator gives way in one or two.
const FERMAT_STEPS: u32 = 100;

/// The weakness of this modulus (big-endian), if one is known.
pub(super) fn of(modulus: &[u8]) -> Option<&'static str> {
    if modulus.last().is_none_or(|last| last & 1 == 0) {
        return Some("an even modulus");
    }
    let mut roca = true;
    for (&prime, powers) in PRIMES.iter().zip(&POWERS) {
        let residue = residue(modulus, u64::from(prime));
        if residue == 0 {
            return Some("a modulus with a small factor");
        }
        let word = powers.get(usize::try_from(residue / 64).unwrap_or(usize::MAX)).copied().unwrap_or(0);
        roca &= word >> (residue % 64) & 1 == 1;
    }
    if roca {
        return Some("ROCA, CVE-2017-15361");
    }
    close_primes(modulus).then_some("primes too close together, CVE-2022-26320")
}

/// `modulus` modulo a small prime, four octets at a time.
fn residue(modulus: &[u8], prime: u64) -> u64 {
    let (head, words) = modulus.split_at(modulus.len() % 4);
    let head = head.iter().fold(0, |rest, &octet| (rest << 8 | u64::from(octet)) % prime);
    words.chunks_exact(4).fold(head, |rest, word| {
        let word = word.iter().fold(0, |word, &octet| word << 8 | u64::from(octet));
        (rest << 32 | word) % prime
    })
}

/// Fermat's method: n = a^2 - b^2 with a just above the root of n.
fn close_primes(modulus: &[u8]) -> bool {
    let n = BigUint::from_bytes_be(modulus);
    let mut a = n.sqrt();
    if &a * &a < n {
        a += 1u32;
    }
    let mut rest = &a * &a - &n;
    for _ in 0..FERMAT_STEPS {
        if is_square(&rest) {
            return true;
        }
        // (a + 1)^2 - n = a^2 - n + 2a + 1
        rest += &a << 1;
        rest += 1u32;
        a += 1u32;
    }
    false
}

fn is_square(n: &BigUint) -> bool {
    // Squares leave few residues: modulo 64, which needs no division, and modulo 63 and 55, which take one together.
    // All but one number in a hundred are spared the root.
    let low = n.iter_u32_digits().next().unwrap_or(0) % 64;
    if 0x0202_0212_0203_0213_u64 >> low & 1 == 0 {
        return false;
    }
    let rest = (n % (63u32 * 55)).iter_u32_digits().next().unwrap_or(0);
    if 0x0402_4830_1245_0293_u64 >> (rest % 63) & 1 == 0 || 0x0002_3014_8611_ca33_u64 >> (rest % 55) & 1 == 0 {
        return false;
    }
    let root = n.sqrt();
    &root * &root == *n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_pass_the_residue_filter_and_their_neighbours_are_none() {
        for root in 0u32..5_000 {
            let square = BigUint::from(root) * root;
            assert!(is_square(&square), "{root}");
            if root > 1 {
                assert!(!is_square(&(square + 1u32)), "{root}");
            }
        }
    }

    #[test]
    fn close_primes_are_found() {
        // Two primes that differ in their last bits only.
        let p = (BigUint::from(1u32) << 1023) + 1155u32;
        let q = &p + 1_000_000u32;
        let n: BigUint = p * q;
        assert!(close_primes(&n.to_bytes_be()));
    }

    #[test]
    fn a_product_of_infineon_primes_has_the_fingerprint_of_roca() {
        // k*M + 65537^a mod M with the M of 2048-bit keys cut to the primes looked at: the structure, not real primes.
        let m: BigUint = PRIMES.iter().map(|&p| BigUint::from(p)).product::<BigUint>() * 2u32;
        let number = |k: u32, a: u32| (BigUint::from(k) << 700u32) * &m + BigUint::from(65537u32).modpow(&a.into(), &m);
        let modulus: BigUint = number(12_345, 77) * number(54_321, 1_000);
        assert_eq!(of(&modulus.to_bytes_be()), Some("ROCA, CVE-2017-15361"));
    }

    #[test]
    fn a_small_factor_is_found() {
        let modulus: BigUint = ((BigUint::from(1u32) << 2040) + 1u32) * 167u32;
        assert_eq!(of(&modulus.to_bytes_be()), Some("a modulus with a small factor"));
    }
}

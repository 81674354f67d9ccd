//! Merkle trees over the log (RFC 9162, 2.1): hashes, growing at the right edge, proofs and their verification.

use ring::digest::{SHA256, digest};

use crate::Result;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &parts.concat()).as_ref());
    hash
}

/// The hash of an empty tree.
pub(super) fn empty() -> Hash {
    sha256(&[])
}

/// The hash of one entry.
pub(super) fn leaf(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

/// The hash of two subtrees.
pub(super) fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The largest power of two below `size`, which is at least 2.
pub(super) const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The hash of the tree over these leaves.
pub(super) fn tree(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

/// The complete subtrees that a tree of some size consists of, the largest first: what it takes to let it grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// More leaves than a log ever has; few enough to count on from there.
const MOST: u64 = 1 << 62;

impl Frontier {
    /// Of no leaves.
    pub(super) const NEW: Self = Self { size: 0, peaks: Vec::new() };

    /// Of a tree of `size`, from the hashes in a row. `None` when they are not as many as it takes, or more than any log has.
    pub(super) fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks::<32>();
        let fits = size <= MOST && rest.is_empty() && peaks.len() == size.count_ones() as usize;
        fits.then(|| Self { size, peaks: peaks.to_vec() })
    }

    /// The hashes in a row.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    pub(super) fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash) {
        self.push_tree(0, leaf);
    }

    /// Adds a complete subtree of 2^`level` leaves to a tree that consists of such and larger ones.
    pub(super) fn push_tree(&mut self, level: u32, mut hash: Hash) {
        let mut at = level;
        while self.size >> at & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node(&left, &hash);
            at += 1;
        }
        self.peaks.push(hash);
        self.size += 1 << level;
    }

    /// The hash of the whole tree.
    pub(super) fn root(&self) -> Hash {
        let Some((last, above)) = self.peaks.split_last() else { return empty() };
        above.iter().rev().fold(*last, |right, left| node(left, &right))
    }

    /// The subtrees of 2^`level` leaves and more, and those of fewer.
    pub(super) fn divide(&self, level: u32) -> (Self, Self) {
        let below = self.size & ((1 << level) - 1);
        let whole = self.peaks.len().saturating_sub(below.count_ones() as usize);
        let (left, right) = self.peaks.split_at(whole);
        (Self { size: self.size - below, peaks: left.to_vec() }, Self { size: below, peaks: right.to_vec() })
    }

    /// This tree, which consists of complete subtrees larger than all of `right`, with `right` behind it.
    pub(super) fn join(&self, right: &Self) -> Self {
        Self { size: self.size + right.size, peaks: [&self.peaks[..], &right.peaks[..]].concat() }
    }
}

/// Answers with the hash of the tree over the leaves from the first to before the second.
pub(super) type Subtree<'s> = dyn FnMut(u64, u64) -> Result<Hash> + 's;

/// Shows that leaf `index` is in the tree of `size` (RFC 9162, 2.1.3.1).
pub(super) fn prove_inclusion(index: u64, size: u64, subtree: &mut Subtree<'_>) -> Result<Vec<Hash>> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(subtree(middle, to)?);
            to = middle;
        } else {
            path.push(subtree(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Shows that the tree of `old` leaves is the beginning of the one of `new` (RFC 9162, 2.1.4.1).
pub(super) fn prove_consistency(old: u64, new: u64, subtree: &mut Subtree<'_>) -> Result<Vec<Hash>> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let (mut from, mut to) = (0, new);
    let mut path = Vec::new();
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(subtree(middle, to)?);
            to = middle;
        } else {
            path.push(subtree(from, middle)?);
            from = middle;
        }
    }
    if from != 0 {
        path.push(subtree(from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` leads from `leaf` at `index` to `root` of a tree of `size` (RFC 9162, 2.1.3.2).
pub(super) fn is_included(leaf: Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` shows that the tree of `old` leaves is the beginning of the one of `new` (RFC 9162, 2.1.4.2).
pub(super) fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), path: &[Hash]) -> bool {
    if old.0 == new.0 || old.0 == 0 {
        let known = if old.0 == 0 { empty() } else { *new.1 };
        return path.is_empty() && *old.1 == known;
    }
    if old.0 > new.0 {
        return false;
    }
    let own = [*old.1];
    let mut steps = own.iter().filter(|_| old.0.is_power_of_two()).chain(path);
    let Some(first) = steps.next() else { return false };
    let (mut at, mut last) = (old.0 - 1, new.0 - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node(step, &old_hash);
            new_hash = node(step, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node(&new_hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old.1 && new_hash == *new.1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// The definition, RFC 9162, 2.1.1.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(usize::try_from(split(many.len() as u64)).unwrap());
                node(&mth(left), &mth(right))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
    }

    fn at(number: u64) -> usize {
        usize::try_from(number).unwrap()
    }

    #[test]
    fn trees_have_the_roots_that_certificate_transparency_publishes() {
        // The entries and roots of the reference implementation of RFC 6962.
        let entries =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let all: Vec<_> = entries.iter().map(|hex| leaf(&HEXLOWER.decode(hex.as_bytes()).unwrap())).collect();
        let hex = |hash: Hash| HEXLOWER.encode(&hash);
        assert_eq!(hex(empty()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(tree(&all[..1])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(tree(&all)), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn growing_leaf_by_leaf_or_by_subtrees_gives_the_defined_root() {
        let all = leaves(70);
        let mut frontier = Frontier::default();
        for count in 0..all.len() {
            assert_eq!(frontier.root(), mth(&all[..count]));
            assert_eq!(Frontier::from_bytes(count as u64, &frontier.to_bytes()), Some(frontier.clone()));
            let (whole, rest) = frontier.divide(3);
            assert_eq!((whole.size() % 8, rest.size() < 8), (0, true));
            assert_eq!(whole.join(&rest), frontier);
            assert_eq!(rest.root(), mth(&all[count / 8 * 8..count]));
            let mut by_eights = Frontier::default();
            all[..count / 8 * 8].chunks(8).for_each(|eight| by_eights.push_tree(3, mth(eight)));
            assert_eq!(by_eights, whole);
            frontier.push(all[count]);
        }
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), None);
        assert_eq!(Frontier::from_bytes(1, &[0; 33]), None);
    }

    #[test]
    fn proofs_hold_for_what_they_were_made_and_for_nothing_else() {
        let all = leaves(33);
        let root = |size: u64| mth(&all[..at(size)]);
        let mut subtree = |from: u64, to: u64| Ok(mth(&all[at(from)..at(to)]));
        for size in 1..=33_u64 {
            for index in 0..size {
                let path = prove_inclusion(index, size, &mut subtree).unwrap();
                let own = all[at(index)];
                assert!(is_included(own, index, size, &path, &root(size)), "{index} of {size}");
                assert!(!is_included(leaf(b"x"), index, size, &path, &root(size)));
                assert!(!is_included(own, (index + 1) % size, size, &path, &root(size)) || size == 1);
                let mut longer = path.clone();
                longer.push([0; 32]);
                assert!(!is_included(own, index, size, &longer, &root(size)));
                assert!(path.is_empty() || !is_included(own, index, size, &path[1..], &root(size)));
            }
            for old in 0..=size {
                let path = prove_consistency(old, size, &mut subtree).unwrap();
                assert!(is_consistent((old, &root(old)), (size, &root(size)), &path), "{old} to {size}");
                if old > 0 && old < size {
                    assert!(!is_consistent((old, &leaf(b"x")), (size, &root(size)), &path));
                    assert!(!is_consistent((old, &root(old)), (size, &leaf(b"x")), &path));
                    let mut longer = path.clone();
                    longer.push([0; 32]);
                    assert!(!is_consistent((old, &root(old)), (size, &root(size)), &longer));
                    assert!(!is_consistent((old, &root(old)), (size, &root(size)), &path[1..]));
                }
            }
        }
    }
}

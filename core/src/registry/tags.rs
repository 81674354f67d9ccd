//! Keyed digests: what must be unique or be found again, without telling what it is.

use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;
use crate::secret::Secret;

/// Makes digests under the registry's own key, so that nobody outside can compute or collide them.
pub(super) struct Tags(hmac::Key);

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A key for `purpose` from the registry's secret (HKDF, RFC 5869).
pub(super) fn derive<const N: usize>(secret: &Secret<Vec<u8>>, purpose: &str) -> Result<[u8; N]> {
    let mut key = [0; N];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"tegata registry 1")
        .extract(secret.expose())
        .expand(&[purpose.as_bytes()], Length(N))
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| Error::defect("key derivation"))?;
    Ok(key)
}

/// What a digest is of. Lengths keep ("ab", "c") apart from ("a", "bc").
fn each_piece(domain: &str, parts: &[&[u8]], mut take: impl FnMut(&[u8])) {
    take(domain.as_bytes());
    for part in parts {
        take(&(part.len() as u64).to_be_bytes());
        take(part);
    }
}

impl Tags {
    pub(super) fn new(secret: &Secret<Vec<u8>>) -> Result<Self> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(secret, "tags")?)))
    }

    fn tag(&self, domain: &str, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        each_piece(domain, parts, |piece| context.update(piece));
        context.sign()
    }

    /// 128 bits of digest, as a row key and a check.
    pub(super) fn digest(&self, domain: &str, parts: &[&[u8]]) -> (u64, i64) {
        let tag = self.tag(domain, parts);
        let half = |at: usize| {
            tag.as_ref().get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes).unwrap_or_default()
        };
        (half(0), half(8).cast_signed())
    }

    /// Whether these parts made `tag`, in constant time. Without a tag as much work is done and the answer is no.
    pub(super) fn matches(&self, domain: &str, parts: &[&[u8]], tag: Option<&[u8]>) -> bool {
        let length = domain.len() + parts.iter().map(|part| 8 + part.len()).sum::<usize>();
        let mut message = Zeroizing::new(Vec::with_capacity(length));
        message.extend_from_slice(domain.as_bytes());
        for part in parts {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let equal = hmac::verify(&self.0, &message, tag.unwrap_or(&[0; 32])).is_ok();
        equal & tag.is_some()
    }

    /// The whole digest.
    pub(super) fn bytes(&self, domain: &str, parts: &[&[u8]]) -> Vec<u8> {
        self.tag(domain, parts).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digests_differ_by_domain_by_parts_and_by_registry() {
        let one = Tags::new(&Secret::new(vec![1; 32])).unwrap();
        let two = Tags::new(&Secret::new(vec![2; 32])).unwrap();
        assert_eq!(one.digest("key", &[b"x"]), one.digest("key", &[b"x"]));
        assert_ne!(one.digest("key", &[b"x"]), one.digest("unit", &[b"x"]));
        assert_ne!(one.digest("key", &[b"ab", b"c"]), one.digest("key", &[b"a", b"bc"]));
        assert_ne!(one.digest("key", &[b"x"]), two.digest("key", &[b"x"]));
    }

    #[test]
    fn a_tag_matches_what_it_was_made_of_and_nothing_else() {
        let tags = Tags::new(&Secret::new(vec![1; 32])).unwrap();
        let tag = tags.bytes("secret", &[b"x"]);
        assert!(tags.matches("secret", &[b"x"], Some(&tag)));
        assert!(!tags.matches("secret", &[b"y"], Some(&tag)));
        assert!(!tags.matches("other", &[b"x"], Some(&tag)));
        assert!(!tags.matches("secret", &[b"x"], Some(&tag[..31])));
        assert!(!tags.matches("secret", &[b"x"], Some(&[])));
        assert!(!tags.matches("secret", &[b"x"], None));
    }
}

//! Several sealers in place of one, while a sealing key is being replaced.

use std::fmt;
use std::sync::Arc;

use super::seal::Sealer;
use crate::error::{Error, SealError};
use crate::secret::{Sealed, Secret};

/// A ring of sealing keys: seals with the current one and opens with whichever fits.
///
/// It is what a registry is opened with while a key is replaced, or while secrets move from a key in a file to a vault;
/// [`Registry::reseal`](crate::Registry::reseal) tells the whole procedure.
///
/// ```
/// use std::sync::Arc;
/// use tegata::Secret;
/// use tegata::store::{Sealer, SealingKeys, SoftwareSealer};
///
/// let old = Arc::new(SoftwareSealer::from_key(Secret::new([1; 32]))?);
/// let new = Arc::new(SoftwareSealer::from_key(Secret::new([2; 32]))?);
/// let before = old.seal(b"here", b"secret")?;
///
/// let keys = SealingKeys::new(new.clone(), vec![old]);
/// assert_eq!(keys.open(b"here", &before)?.expose(), b"secret");
/// assert!(!keys.is_current(b"here", &before)?);
/// assert!(new.open(b"here", &keys.seal(b"here", b"secret")?).is_ok());
/// # Ok::<(), tegata::Error>(())
/// ```
pub struct SealingKeys {
    current: Arc<dyn Sealer>,
    previous: Vec<Arc<dyn Sealer>>,
}

impl SealingKeys {
    /// Seals with `current` and opens what `current` or one of `previous` sealed.
    pub fn new(current: Arc<dyn Sealer>, previous: Vec<Arc<dyn Sealer>>) -> Self {
        Self { current, previous }
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeys({} previous)", self.previous.len())
    }
}

/// How much an error tells, when every key was tried in vain. One out of reach might have fitted, so it goes before what
/// the others say; damage is only seen by the key that fits, or by one that cannot read the form of another's values.
const fn weight(error: &Error) -> u8 {
    match error {
        Error::Seal(SealError::WrongKey) => 0,
        Error::Seal(SealError::Damaged { .. }) => 1,
        _ => 2,
    }
}

impl Sealer for SealingKeys {
    fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error> {
        self.current.seal(associated, plaintext)
    }

    fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
        let mut trouble = match self.current.open(associated, sealed) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        for key in &self.previous {
            match key.open(associated, sealed) {
                Ok(opened) => return Ok(opened),
                Err(error) if weight(&error) > weight(&trouble) => trouble = error,
                Err(_) => {}
            }
        }
        Err(trouble)
    }

    /// Whether the current key opens it and takes it for its own. That it opens is tried, since many sealers cannot tell
    /// their values from those of another key by looking.
    fn is_current(&self, associated: &[u8], sealed: &Sealed) -> Result<bool, Error> {
        if !self.current.is_current(associated, sealed)? {
            return Ok(false);
        }
        match self.current.open(associated, sealed) {
            Ok(_) => Ok(true),
            Err(Error::Seal(SealError::WrongKey | SealError::Damaged { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::SoftwareSealer;

    fn software(octet: u8) -> Arc<dyn Sealer> {
        Arc::new(SoftwareSealer::from_key(Secret::new([octet; 32])).unwrap())
    }

    /// Neither names its key in what it seals nor says more than that it failed, as a vault may.
    struct Vault {
        key: u8,
        reachable: bool,
    }

    impl Sealer for Vault {
        fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Error> {
            let mut bytes = vec![0xF0, self.key];
            bytes.extend(software(self.key).seal(associated, plaintext)?.as_bytes());
            Ok(Sealed::from_bytes(bytes))
        }
        fn open(&self, associated: &[u8], sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
            let failed = || Error::from(SealError::Failed { reason: "no".to_owned() });
            if !self.reachable {
                return Err(failed());
            }
            match sealed.as_bytes() {
                [0xF0, key, rest @ ..] if *key == self.key => {
                    software(self.key).open(associated, &Sealed::from_bytes(rest.to_vec()))
                }
                _ => Err(SealError::Damaged { at: "the vault".to_owned() }.into()),
            }
        }
    }

    fn code<T>(result: Result<T, Error>) -> &'static str {
        result.err().unwrap().code()
    }

    #[test]
    fn it_seals_with_the_current_key_and_opens_with_whichever_fits() {
        let keys = SealingKeys::new(software(3), vec![software(2), software(1)]);
        for octet in 1..=3 {
            let sealed = software(octet).seal(b"here", b"x").unwrap();
            assert_eq!(keys.open(b"here", &sealed).unwrap().expose(), b"x");
            assert_eq!(keys.is_current(b"here", &sealed).unwrap(), octet == 3);
        }
        assert!(software(3).open(b"here", &keys.seal(b"here", b"x").unwrap()).is_ok());
        assert_eq!(code(keys.open(b"here", &software(4).seal(b"here", b"x").unwrap())), "seal.wrong_key");
        assert_eq!(format!("{keys:?}"), "SealingKeys(2 previous)");
    }

    #[test]
    fn what_was_moved_or_cut_is_damaged_whichever_key_sealed_it() {
        let keys = SealingKeys::new(software(2), vec![software(1)]);
        for octet in [1, 2] {
            let sealed = software(octet).seal(b"here", b"x").unwrap();
            assert_eq!(code(keys.open(b"there", &sealed)), "seal.damaged");
            assert!(!keys.is_current(b"there", &sealed).unwrap(), "what does not open is looked at");
            for length in 0..sealed.as_bytes().len() {
                let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
                assert_eq!(code(keys.open(b"here", &cut)), "seal.damaged");
                assert!(!keys.is_current(b"here", &cut).unwrap());
            }
        }
    }

    #[test]
    fn sealers_that_cannot_tell_their_values_apart_are_tried() {
        let vault = |key| -> Arc<dyn Sealer> { Arc::new(Vault { key, reachable: true }) };
        for (old, new) in [(software(1), vault(2)), (vault(1), software(2)), (vault(1), vault(2))] {
            let (before, after) = (old.seal(b"here", b"x").unwrap(), new.seal(b"here", b"x").unwrap());
            let keys = SealingKeys::new(new, vec![old]);
            for sealed in [&before, &after] {
                assert_eq!(keys.open(b"here", sealed).unwrap().expose(), b"x");
            }
            assert!(!keys.is_current(b"here", &before).unwrap());
            assert!(keys.is_current(b"here", &after).unwrap());
        }
    }

    #[test]
    fn a_key_out_of_reach_is_not_taken_for_damage() {
        let gone = || -> Arc<dyn Sealer> { Arc::new(Vault { key: 9, reachable: false }) };
        let sealed = Vault { key: 9, reachable: true }.seal(b"here", b"x").unwrap();
        for keys in
            [SealingKeys::new(gone(), vec![software(1)]), SealingKeys::new(software(1), vec![software(2), gone()])]
        {
            assert_eq!(code(keys.open(b"here", &sealed)), "seal.failed");
        }
        assert_eq!(code(SealingKeys::new(gone(), vec![software(1)]).is_current(b"here", &sealed)), "seal.failed");
        let own = software(1).seal(b"here", b"x").unwrap();
        assert!(SealingKeys::new(gone(), vec![software(1)]).open(b"here", &own).is_ok(), "the one that fits is enough");
    }
}

//! Checkpoints as text that other people's tools read: C2SP signed-note and tlog-checkpoint, with Ed25519.

use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::merkle::Hash;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, EventError};
use crate::key::{PrivateKey, Signer};

/// What stands before the key's name in the line of a signature.
const DASH: &str = "\u{2014} ";
/// Ed25519, in a verification key.
const ED25519_TYPE: u8 = 1;
/// The longest note that is looked at: witnesses add lines.
const LONGEST: usize = 65_536;

/// The name of a log and the key that signs its checkpoints: `name+id+key`, as Go's checksum database writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogVerifier {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl LogVerifier {
    pub(super) fn new(name: &str, key: &[u8]) -> Option<Self> {
        let key: &[u8; 32] = key.try_into().ok()?;
        let typed = [name.as_bytes(), b"\n", &[ED25519_TYPE], key].concat();
        let id = *digest(&SHA256, &typed).as_ref().first_chunk()?;
        Some(Self { name: name.to_owned(), id, key: *key })
    }

    /// Reads the text of a public key.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let read = || {
            let (name, rest) = text.trim().split_once('+')?;
            let (id, key) = rest.split_once('+')?;
            let key = BASE64.decode(key.as_bytes()).ok()?;
            let (&kind, key) = key.split_first()?;
            let verifier = Self::new(name, key)?;
            let fits = kind == ED25519_TYPE && !name.is_empty() && !name.contains(char::is_whitespace);
            (fits && HEXLOWER.encode(&verifier.id) == id).then_some(verifier)
        };
        read().ok_or_else(|| Error::input("public_key", "is not the key of a log: name+id+key, Ed25519"))
    }

    pub(super) fn to_text(&self) -> String {
        let key = [&[ED25519_TYPE][..], &self.key].concat();
        format!("{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&key))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The signed text of a note.
    pub(super) fn open<'n>(&self, note: &'n str) -> Result<&'n str, EventError> {
        let invalid = |reason: &str| EventError::NoteInvalid { reason: reason.to_owned() };
        if note.len() > LONGEST {
            return Err(invalid("it is too long"));
        }
        let at = note.rfind("\n\n").ok_or_else(|| invalid("it holds no signature"))?;
        let (text, lines) = note.split_at(at + 1);
        for line in lines.lines() {
            let Some((name, signature)) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')) else {
                continue;
            };
            let Ok(signature) = BASE64.decode(signature.as_bytes()) else { continue };
            let Some((id, signature)) = signature.split_first_chunk::<4>() else { continue };
            if name == self.name && *id == self.id {
                let key = UnparsedPublicKey::new(&ED25519, &self.key);
                let verified = key.verify(text.as_bytes(), signature);
                return verified.map(|()| text).map_err(|_| invalid("its signature does not verify"));
            }
        }
        Err(invalid("the log's key did not sign it"))
    }

    /// What a signed checkpoint says.
    pub(super) fn read(&self, note: &str) -> Result<Statement, EventError> {
        let text = self.open(note)?;
        let read = || {
            let mut lines = text.lines();
            let origin = lines.next()?;
            let size = lines.next()?;
            let root = BASE64.decode(lines.next()?.as_bytes()).ok()?.try_into().ok()?;
            let extension = lines.next().and_then(|line| line.strip_prefix(EXTENSION)?.split_once(' '));
            let (number, at) = match extension {
                Some((number, at)) => (number.parse().ok()?, at.parse().ok()?),
                None => return None,
            };
            let canonical = size == "0" || !size.starts_with(['0', '+']);
            let events = size.parse().ok().filter(|_| canonical && origin == self.name)?;
            Some(Statement { number, at, events, root })
        };
        read().ok_or_else(|| EventError::NoteInvalid { reason: "it is not a checkpoint of this log".to_owned() })
    }
}

/// What comes before a checkpoint's number and time, in a line that other readers leave alone.
const EXTENSION: &str = "tegata checkpoint ";

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) events: u64,
    pub(super) root: Hash,
}

impl Statement {
    /// The statement of log `name`, signed.
    pub(super) fn sign(&self, verifier: &LogVerifier, key: &PrivateKey) -> Result<String> {
        let Self { number, at, events, root } = self;
        let name = &verifier.name;
        let text = format!("{name}\n{events}\n{}\n{EXTENSION}{number} {at}\n", BASE64.encode(root));
        let signature = [&verifier.id[..], &key.sign(text.as_bytes())?].concat();
        Ok(format!("{text}\n{DASH}{name} {}\n", BASE64.encode(&signature)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::key::KeyAlgorithm;

    #[test]
    fn a_note_that_go_signed_opens() {
        // The example of golang.org/x/mod/sumdb/note.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let verifier = LogVerifier::parse(key).unwrap();
        assert_eq!(verifier.to_text(), key);
        let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
        assert_eq!(verifier.open(&note), Ok(text));
        assert!(verifier.open(&note.replace("your problem is", "my problem is")).is_err());
        assert!(LogVerifier::parse(&key.replace("c74f", "c74e")).is_err());
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_signed_also_with_a_witness_behind() {
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let verifier = LogVerifier::new("tegata/x", key.public_key().key_bits()).unwrap();
        let statement = Statement { number: 3, at: Timestamp::from_unix(1_795_305_600), events: 70, root: [7; 32] };
        let note = statement.sign(&verifier, &key).unwrap();
        assert!(note.starts_with("tegata/x\n70\nBwcH"), "{note}");
        assert_eq!(verifier.read(&note), Ok(statement.clone()));
        assert_eq!(verifier.read(&format!("{note}\u{2014} witness AAAAAAAA\n")), Ok(statement));
        for (from, to) in [("70", "71"), ("x\n", "y\n"), ("checkpoint 3", "checkpoint 4"), ("Bw", "Bx")] {
            assert_eq!(verifier.read(&note.replacen(from, to, 1)).unwrap_err().code(), "event.note_invalid");
        }
        let other =
            LogVerifier::new("tegata/x", PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap().public_key().key_bits());
        assert_eq!(other.unwrap().read(&note).unwrap_err().code(), "event.note_invalid");
    }
}

//! Making checkpoints: the log is closed, the tree grows over what was closed, and its root is signed.

use super::super::driver::back_off;
use super::super::{Call, Inner};
use super::line::line;
use super::merkle::{Frontier, Hash, leaf};
use super::note::{LogVerifier, Statement};
use super::segment::{Filling, LEVEL, SEGMENT, broken};
use crate::Result;
use crate::callback;
use crate::error::{Error, EventError, StoreError};
use crate::key::{KeyAlgorithm, PrivateKey, Signer};
use crate::model::{Checkpoint, Event, EventSegment, LogKey};
use crate::store::Expect;
use crate::store::record::{Record, at, put, read};
use crate::store::seal::associated;

/// How many segments one commit fills at most: a log that nobody checkpointed for long gets several checkpoints.
const SEGMENTS: u64 = 32;
/// How often somebody else may make the next checkpoint first.
const ATTEMPTS: u32 = 24;
/// How many events are read at once.
const PAGE: u32 = 1_024;

/// The lower bits of a checkpoint's number count them, without gaps. The upper ones leap with every restore, so that no two
/// checkpoints that this key signs have one number, in whatever branch of the registry's life. Together they are 53 bits: a number
/// in every language.
const COUNT: u32 = 24;
const LAST_BRANCH: u64 = (1 << 29) - 1;

/// The number that follows `last`, 0 for none, after restores that made the upper bits leap to `branch`.
fn next_number(last: u64, branch: u64) -> u64 {
    let branch = branch.min(LAST_BRANCH);
    if branch > last >> COUNT { (branch << COUNT) | ((last + 1) & ((1 << COUNT) - 1)) } else { last + 1 }
}

/// Whether no checkpoint is missing between `last`, 0 for none, and `number`.
pub(super) fn follows(last: u64, number: u64) -> bool {
    next_number(last, number >> COUNT) == number
}

/// The key that signs checkpoints, and the name and public key under which others know it.
pub(super) struct LogSigner {
    pub(super) verifier: LogVerifier,
    key: PrivateKey,
}

impl Inner {
    /// Makes a checkpoint over all events, unless the newest covers them already.
    pub(super) fn make_checkpoint(&self, call: &Call) -> Result<Checkpoint> {
        callback::refuse_inside()?;
        call.check()?;
        if let Some(newest) = self.newest_checkpoint()?
            && self.event_rows(newest.last_number, u64::MAX >> 1, 1)?.is_empty()
        {
            return Ok(newest);
        }
        let closed = self.close_event_log()?;
        let mut collisions = 0;
        loop {
            let newest = self.newest_checkpoint()?;
            if let Some(newest) = newest.as_ref().filter(|newest| newest.last_number >= closed) {
                return Ok(newest.clone());
            }
            let signer = self.log_signer()?;
            match self.extend_log(newest.as_ref(), closed, &signer, call) {
                Err(Error::Store(StoreError::Conflict { .. })) if collisions < ATTEMPTS => {
                    back_off(collisions);
                    collisions += 1;
                }
                Err(Error::Store(StoreError::Conflict { .. })) => return Err(StoreError::Busy.into()),
                // What somebody else's checkpoint added meanwhile does not fit the one that was read before.
                Err(Error::Event(EventError::LogBroken { .. })) if self.is_newer_than(newest.as_ref())? => {}
                other => other?,
            }
        }
    }

    fn is_newer_than(&self, newest: Option<&Checkpoint>) -> Result<bool> {
        Ok(self.newest_checkpoint()?.map(|now| now.number) != newest.map(|newest| newest.number))
    }

    /// Adds the next checkpoint behind `newest`: over all events up to `closed`, or as many as one commit takes.
    fn extend_log(&self, newest: Option<&Checkpoint>, closed: u64, signer: &LogSigner, call: &Call) -> Result<()> {
        let untagged = self.event_log(self.store()?)?.record.untagged;
        let (mut last, frontier) = match newest {
            Some(newest) => (newest.last_number, newest.tree()?),
            None => (0, Frontier::default()),
        };
        let (mut whole, open) = frontier.divide(LEVEL);
        let mut filling = match open.size() {
            0 => Filling::new(whole.size()),
            _ => self.resume_segment(whole.size(), open)?,
        };
        let mut writes = Vec::new();
        let mut filled = 0;
        'events: while last < closed {
            let rows = self.event_rows(last, closed, PAGE)?;
            if rows.is_empty() {
                last = closed;
            }
            for row in rows {
                last = row.key;
                let event = Event::read(row, &self.ids)?;
                filling.push(last, event.at, leaf(line(&event).as_bytes()), untagged);
                if filling.tree.size() == SEGMENT {
                    writes.push(self.segment_write(&filling)?);
                    whole.push_tree(LEVEL, filling.tree.root());
                    filling = Filling::new(whole.size());
                    filled += 1;
                    if filled == SEGMENTS {
                        break 'events;
                    }
                }
            }
        }
        if filling.tree.size() > 0 {
            writes.push(self.segment_write(&filling)?);
        }
        let tree = whole.join(&filling.tree);
        let number = next_number(newest.map_or(0, |newest| newest.number), self.checkpoint_leaps()?);
        let statement = Statement { number, at: self.now()?, events: tree.size(), root: tree.root() };
        let checkpoint = Checkpoint {
            number,
            at: statement.at,
            actor: call.actor.clone(),
            events: tree.size(),
            root: tree.root().to_vec(),
            note: statement.sign(&signer.verifier, &signer.key)?,
            last_number: last,
            frontier: tree.to_bytes(),
            tag: None,
        };
        writes.push(self.marked(&checkpoint, Expect::Absent)?);
        Ok(self.commit(&mut writes)?)
    }

    fn segment_write(&self, filling: &Filling) -> Result<crate::store::Write> {
        self.marked(&filling.record(), filling.version.map_or(Expect::Absent, Expect::Version))
    }

    /// The segment behind `before` events, whose tree stands at `open`.
    fn resume_segment(&self, before: u64, open: Frontier) -> Result<Filling> {
        let stored = self.find_record::<EventSegment>(before / SEGMENT + 1)?;
        let stored = stored.filter(|stored| self.tags.is_genuine(&stored.record, &self.ids));
        stored.and_then(|stored| Filling::resume(stored, open)).ok_or_else(|| broken("its last segment is damaged"))
    }

    /// The newest checkpoint.
    pub(super) fn newest_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.last::<Checkpoint>()?.map(|newest| self.genuine(newest)).transpose()
    }

    /// The checkpoint with this number.
    pub(super) fn checkpoint(&self, number: u64) -> Result<Checkpoint> {
        let stored = self.find_record::<Checkpoint>(number)?.ok_or(EventError::NoCheckpoint)?;
        self.genuine(stored.record)
    }

    fn genuine(&self, checkpoint: Checkpoint) -> Result<Checkpoint> {
        if self.tags.is_genuine(&checkpoint, &self.ids) {
            Ok(checkpoint)
        } else {
            Err(broken(format!("checkpoint {} was altered", checkpoint.number)))
        }
    }

    /// What the log is called where others read of it.
    fn log_name(&self) -> String {
        let digest = self.tags.bytes("log name", &[]);
        format!("tegata/{}", data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default()))
    }

    /// The public half of the key that signs checkpoints, if there is one yet.
    pub(super) fn log_verifier(&self) -> Result<Option<LogVerifier>> {
        let key = self.find_record::<LogKey>(1)?;
        key.map(|key| {
            let verifier = LogVerifier::new(&self.log_name(), &key.public_key);
            verifier.ok_or_else(|| StoreError::Corrupt { at: LogKey::TABLE.name.to_owned() }.into())
        })
        .transpose()
    }

    /// The key that signs checkpoints, made now if there is none.
    fn log_signer(&self) -> Result<LogSigner> {
        let place = associated(LogKey::TABLE.name, 1, "private_key");
        let corrupt = || StoreError::Corrupt { at: LogKey::TABLE.name.to_owned() };
        for _ in 0..2 {
            if let Some(stored) = read::<LogKey>(self.store()?.get(&[at::<LogKey>(1)])?.pop().flatten(), &self.ids)? {
                let key = PrivateKey::from_bytes(self.sealer().open(&place, &stored.private_key)?.expose())?;
                if key.public_key().key_bits() != stored.public_key {
                    return Err(corrupt().into());
                }
                let verifier = LogVerifier::new(&self.log_name(), &stored.public_key).ok_or_else(corrupt)?;
                return Ok(LogSigner { verifier, key });
            }
            let key = PrivateKey::generate(KeyAlgorithm::Ed25519)?;
            let record = LogKey {
                key: 1,
                public_key: key.public_key().key_bits().to_vec(),
                private_key: self.sealer().seal(&place, key.to_pkcs8_der().expose())?,
                created: self.now()?,
            };
            match self.commit(&mut vec![put(&record, Expect::Absent, &self.ids)?]) {
                // Another process made it first: use that.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(corrupt().into())
    }
}

impl Checkpoint {
    /// The tree as it stood.
    pub(super) fn tree(&self) -> Result<Frontier> {
        let tree = Frontier::from_bytes(self.events, &self.frontier);
        let tree = tree.filter(|tree| tree.root() == self.root.as_slice());
        tree.ok_or_else(|| broken(format!("checkpoint {} was altered", self.number)))
    }

    pub(super) fn root_hash(&self) -> Result<Hash> {
        let hash = self.root.as_slice().try_into();
        hash.map_err(|_| broken(format!("checkpoint {} was altered", self.number)))
    }
}

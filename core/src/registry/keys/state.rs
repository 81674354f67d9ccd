//! Keys are suspended, resumed, reported as compromised, destroyed; what is past its grace period is erased.

use super::Keys;
use crate::Result;
use crate::error::KeyError;
use crate::id::KeyId;
use crate::model::{KeyOwner, KeyState, SymmetricKey};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::page::Wanted;
use crate::registry::{Bulk, Call};
use crate::store::record::Stored;
use crate::store::{Match, Value, Write};

/// One operation on one key.
type Change = fn(&View<'_>, KeyId) -> Result<Plan<'static, SymmetricKey>>;

impl Keys<'_> {
    fn one(&self, id: KeyId, action: &'static str, change: Change, call: &Call) -> Result<SymmetricKey> {
        let operation = Operation { action, content: id.as_bytes() };
        self.inner.change(call, operation, |view| change(view, id), |number| self.replay(number))
    }

    fn many(
        &self,
        ids: &[KeyId],
        action: &'static str,
        change: Change,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<SymmetricKey>>> {
        let many = Many {
            action,
            content: &|id: &KeyId| id.as_bytes().to_vec(),
            plan: &|view, id| change(view, *id),
            replay: &|number| self.replay(number),
        };
        self.inner.change_many(call, ids, bulk, &many)
    }

    /// Takes a key out of use for now: it is neither read, delivered nor rotated, and `verify` says no.
    ///
    /// # Errors
    /// `key.already_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
    pub fn suspend(&self, id: KeyId, call: &Call) -> Result<SymmetricKey> {
        self.one(id, "key.suspend", suspend, call)
    }

    /// Takes many keys out of use, with a result per item in their order.
    ///
    /// # Errors
    /// `input.invalid` for the call itself; store errors when everything or nothing was asked for.
    pub fn suspend_many(&self, ids: &[KeyId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<SymmetricKey>>> {
        self.many(ids, "key.suspend", suspend, bulk, call)
    }

    /// Puts a suspended key in use again.
    ///
    /// # Errors
    /// `key.not_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
    pub fn resume(&self, id: KeyId, call: &Call) -> Result<SymmetricKey> {
        self.one(id, "key.resume", resume, call)
    }

    /// Puts many keys in use again, with a result per item in their order.
    ///
    /// # Errors
    /// As [`suspend_many`](Self::suspend_many).
    pub fn resume_many(&self, ids: &[KeyId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<SymmetricKey>>> {
        self.many(ids, "key.resume", resume, bulk, call)
    }

    /// Notes that somebody else may know a key (NEC-63). It is delivered no more and due for rotation at once, `verify` says
    /// what it is, and its values are read only by naming their version, for data that has to be read once more.
    /// [`rotate`](Self::rotate) puts a new value in use and destroys the old ones.
    ///
    /// # Errors
    /// `key.compromised` when that is known already; `key.destroyed`; `input.unknown_id`.
    pub fn mark_compromised(&self, id: KeyId, call: &Call) -> Result<SymmetricKey> {
        self.one(id, "key.mark_compromised", mark_compromised, call)
    }

    /// Notes that somebody else may know many keys, with a result per item in their order.
    ///
    /// # Errors
    /// As [`suspend_many`](Self::suspend_many).
    pub fn mark_compromised_many(
        &self,
        ids: &[KeyId],
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<SymmetricKey>>> {
        self.many(ids, "key.mark_compromised", mark_compromised, bulk, call)
    }

    /// Destroys a key for good: all its values are erased (NEC-12). Its record and number stay, so that neither is used again.
    ///
    /// # Errors
    /// `key.destroyed`; `input.unknown_id`.
    pub fn destroy(&self, id: KeyId, call: &Call) -> Result<SymmetricKey> {
        self.one(id, "key.destroy", destroy, call)
    }

    /// Destroys many keys, with a result per item in their order.
    ///
    /// # Errors
    /// As [`suspend_many`](Self::suspend_many).
    pub fn destroy_many(&self, ids: &[KeyId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<SymmetricKey>>> {
        self.many(ids, "key.destroy", destroy, bulk, call)
    }

    /// Ends a key's grace period now: the version before is destroyed.
    ///
    /// # Errors
    /// `key.version_unknown` when none is kept; `key.destroyed`; `input.unknown_id`.
    pub fn end_grace(&self, id: KeyId, call: &Call) -> Result<SymmetricKey> {
        self.one(id, "key.end_grace", end_grace, call)
    }

    /// Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more in any
    /// case, and any change of a key erases them too; call this daily, so that they do not stay in the store.
    ///
    /// # Errors
    /// Store errors.
    pub fn erase_expired(&self, call: &Call) -> Result<u64> {
        let inner = self.inner;
        let mut wanted = Wanted { order: Some("previous_until"), ..Wanted::default() };
        wanted.and("previous_until", Match::Range { from: None, to: Some(Value::Int(inner.now()?.plus(1).unix())) });
        let mut ended = Vec::new();
        inner.scan::<SymmetricKey>(&wanted, |stored| {
            ended.push(stored.id);
            Ok(())
        })?;
        let many = Many {
            action: "key.erase",
            content: &|id: &KeyId| id.as_bytes().to_vec(),
            plan: &|view: &View<'_>, id: &KeyId| {
                let stored = view.get::<SymmetricKey, _>(*id)?;
                let number = view.number_of(*id)?;
                // Somebody else may have been first.
                let Some(version) = stored.previous_version.filter(|_| !stored.in_grace(view.now)) else {
                    return Ok(Plan::done(number, Vec::new(), 0));
                };
                let mut key = stored.record.clone();
                key.forget_previous();
                let event = view.key_event("key.erase", &key, Some(format!("version {version}")))?;
                Ok(Plan::done(number, vec![view.update(stored.version, &key)?, event], 1))
            },
            replay: &|_| Ok(0),
        };
        // What is erased depends on the moment, so a request ID would stand for nothing.
        let call = Call { request_id: None, ..call.clone() };
        inner.change_many(&call, &ended, &Bulk::each(), &many)?.into_iter().sum()
    }
}

fn changed(
    view: &View<'_>,
    stored: &Stored<SymmetricKey>,
    mut key: SymmetricKey,
    action: &'static str,
) -> Result<(Vec<Write>, SymmetricKey)> {
    key.forget_ended(view.now);
    Ok((vec![view.update(stored.version, &key)?, view.key_event(action, &key, None)?], key))
}

fn suspend(view: &View<'_>, id: KeyId) -> Result<Plan<'static, SymmetricKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    let (writes, key) = changed(view, &stored, stored.record.clone().suspended()?, "key.suspend")?;
    Ok(Plan::done(view.number_of(id)?, writes, key))
}

fn resume(view: &View<'_>, id: KeyId) -> Result<Plan<'static, SymmetricKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    let (writes, key) = changed(view, &stored, stored.record.clone().resumed()?, "key.resume")?;
    Ok(Plan::done(view.number_of(id)?, writes, key))
}

fn mark_compromised(view: &View<'_>, id: KeyId) -> Result<Plan<'static, SymmetricKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    let compromised = stored.record.clone().compromised(view.now)?;
    let (writes, key) = changed(view, &stored, compromised, "key.mark_compromised")?;
    Ok(Plan::done(view.number_of(id)?, writes, key))
}

fn end_grace(view: &View<'_>, id: KeyId) -> Result<Plan<'static, SymmetricKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    if stored.state == KeyState::Destroyed {
        return Err(KeyError::Destroyed.into());
    }
    if stored.previous_version.is_none() {
        return Err(KeyError::VersionUnknown { version: stored.record.version.saturating_sub(1) }.into());
    }
    let mut key = stored.record.clone();
    key.forget_previous();
    let (writes, key) = changed(view, &stored, key, "key.end_grace")?;
    Ok(Plan::done(view.number_of(id)?, writes, key))
}

fn destroy(view: &View<'_>, id: KeyId) -> Result<Plan<'static, SymmetricKey>> {
    let stored = view.get::<SymmetricKey, _>(id)?;
    let (writes, key) = view.destruction(&stored)?;
    Ok(Plan::done(view.number_of(id)?, writes, key))
}

impl View<'_> {
    /// The writes that destroy a key, the event among them.
    pub(super) fn destruction(&self, stored: &Stored<SymmetricKey>) -> Result<(Vec<Write>, SymmetricKey)> {
        let mut destroyed = stored.record.clone().destroyed()?;
        if destroyed.owner == KeyOwner::Shared {
            destroyed.holders = 0;
        }
        let (mut writes, key) = changed(self, stored, destroyed, "key.destroy")?;
        writes.push(self.ended(&stored.record)?);
        if key.owner != KeyOwner::Device {
            for share in self.registry.shares_of(key.id)? {
                writes.push(self.delete(&share)?);
            }
        }
        if let (KeyOwner::Group, Some(group)) = (key.owner, key.group) {
            writes.push(self.members(group, -1)?);
        }
        Ok((writes, key))
    }
}

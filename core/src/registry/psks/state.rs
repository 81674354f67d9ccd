//! Out of force for now, in force again, gone; and the end of grace periods.

use super::Psks;
use crate::Result;
use crate::error::PskError;
use crate::id::{DeviceId, GroupId, PskId};
use crate::model::{Binding, Entity, IdentityKind, Owner, Psk, PskState};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::page::Wanted;
use crate::registry::{Bulk, Call};
use crate::store::record::Stored;
use crate::store::{Match, Value, Write};

/// One of the changes of state, as an operation.
#[derive(Clone, Copy)]
enum Change {
    Suspend,
    Resume,
    Delete,
    EndGrace,
}

impl Change {
    const fn action(self) -> &'static str {
        match self {
            Self::Suspend => "psk.suspend",
            Self::Resume => "psk.resume",
            Self::Delete => "psk.delete",
            Self::EndGrace => "psk.end_grace",
        }
    }

    fn plan(self, view: &View<'_>, id: PskId) -> Result<Plan<'static, Psk>> {
        let stored = view.get::<Psk, _>(id)?;
        let psk = stored.record.clone();
        let (psk, mut writes) = match self {
            Self::Suspend => (psk.suspended()?, Vec::new()),
            Self::Resume => (psk.resumed()?, Vec::new()),
            Self::Delete => (psk.deleted()?, view.free_identity(&stored)?.into_iter().collect()),
            Self::EndGrace => (without_previous(psk, view)?, Vec::new()),
        };
        let mut psk = psk;
        psk.forget_ended(view.now);
        writes.push(view.update(stored.version, &psk)?);
        writes.push(view.event(self.action(), Entity::Device(psk.device), Some(Entity::Psk(id)), None)?);
        Ok(Plan::done(view.number_of(id)?, writes, psk))
    }
}

fn without_previous(mut psk: Psk, view: &View<'_>) -> Result<Psk, PskError> {
    if psk.state == PskState::Deleted {
        return Err(PskError::Deleted);
    }
    if !psk.in_grace(view.now) {
        return Err(PskError::NoPrevious);
    }
    psk.forget_previous();
    Ok(psk)
}

impl Psks<'_> {
    fn change(self, change: Change, id: PskId, call: &Call) -> Result<Psk> {
        let operation = Operation { action: change.action(), content: id.as_bytes() };
        self.inner.change(call, operation, |view| change.plan(view, id), |_| self.get(id))
    }

    fn change_many(self, change: Change, ids: &[PskId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Psk>>> {
        let many = Many {
            action: change.action(),
            content: &|id: &PskId| id.as_bytes().to_vec(),
            plan: &|view: &View<'_>, id: &PskId| change.plan(view, *id),
            replay: &|number| self.get(self.inner.ids.id(number)),
        };
        self.inner.change_many(call, ids, bulk, &many)
    }

    /// Suspends a key: its secrets are refused until it is resumed (NEC-3).
    ///
    /// # Errors
    /// `psk.already_suspended`, `psk.deleted`; `input.unknown_id`.
    pub fn suspend(&self, id: PskId, call: &Call) -> Result<Psk> {
        self.change(Change::Suspend, id, call)
    }

    /// Suspends many keys, with a result per item in their order.
    ///
    /// # Errors
    /// As [`issue_many`](Self::issue_many).
    pub fn suspend_many(&self, ids: &[PskId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Psk>>> {
        self.change_many(Change::Suspend, ids, bulk, call)
    }

    /// Lets a suspended key count again.
    ///
    /// # Errors
    /// `psk.not_suspended`, `psk.deleted`; `input.unknown_id`.
    pub fn resume(&self, id: PskId, call: &Call) -> Result<Psk> {
        self.change(Change::Resume, id, call)
    }

    /// Lets many keys count again, with a result per item in their order.
    ///
    /// # Errors
    /// As [`issue_many`](Self::issue_many).
    pub fn resume_many(&self, ids: &[PskId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Psk>>> {
        self.change_many(Change::Resume, ids, bulk, call)
    }

    /// Deletes a key for good (NEC-4): its secrets are erased, its identity is free again. Its record stays.
    ///
    /// # Errors
    /// `psk.deleted`; `input.unknown_id`.
    pub fn delete(&self, id: PskId, call: &Call) -> Result<Psk> {
        self.change(Change::Delete, id, call)
    }

    /// Deletes many keys, with a result per item in their order.
    ///
    /// # Errors
    /// As [`issue_many`](Self::issue_many).
    pub fn delete_many(&self, ids: &[PskId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Psk>>> {
        self.change_many(Change::Delete, ids, bulk, call)
    }

    /// Ends a grace period early: the secret before the last rotation is erased.
    ///
    /// # Errors
    /// `psk.no_previous` outside a grace period, `psk.deleted`; `input.unknown_id`.
    pub fn end_grace(&self, id: PskId, call: &Call) -> Result<Psk> {
        self.change(Change::EndGrace, id, call)
    }

    /// Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that moment
    /// anyway. The request ID of `call` is not used.
    ///
    /// # Errors
    /// Store errors.
    pub fn erase_expired(&self, call: &Call) -> Result<u64> {
        let inner = self.inner;
        let mut wanted = Wanted { order: Some("previous_until"), ..Wanted::default() };
        let now = Value::Int(inner.now()?.plus(1).unix());
        wanted.and("previous_until", Match::Range { from: None, to: Some(now) });
        let mut ended = Vec::new();
        inner.scan::<Psk>(&wanted, |stored| {
            ended.push(stored.id);
            Ok(())
        })?;
        let action = "psk.erase";
        let many = Many {
            action,
            content: &|id: &PskId| id.as_bytes().to_vec(),
            plan: &|view: &View<'_>, id: &PskId| {
                let (number, stored) = (view.number_of(*id)?, view.get::<Psk, _>(*id)?);
                // Somebody else may have been first.
                if stored.previous_until.is_none() || stored.in_grace(view.now) {
                    return Ok(Plan::done(number, Vec::new(), 0));
                }
                let mut psk = stored.record.clone();
                psk.forget_previous();
                let event = view.event(action, Entity::Device(psk.device), Some(Entity::Psk(*id)), None)?;
                Ok(Plan::done(number, vec![view.update(stored.version, &psk)?, event], 1))
            },
            replay: &|_| Ok(0),
        };
        let call = Call { request_id: None, ..call.clone() };
        inner.change_many(&call, &ended, &Bulk::each(), &many)?.into_iter().sum()
    }
}

impl View<'_> {
    /// The write that frees the identity that was chosen for a key.
    fn free_identity(&self, psk: &Psk) -> Result<Option<Write>> {
        if psk.identity_kind != IdentityKind::Chosen {
            return Ok(None);
        }
        match self.bound(self.registry.identity_tag(&psk.identity))? {
            Some(bound) if bound.owner == Owner::Psk(psk.id) => self.delete::<Binding>(&bound).map(Some),
            _ => Ok(None),
        }
    }

    /// The writes that delete all keys of a device, for good.
    pub(in crate::registry) fn delete_psks(&self, device: DeviceId) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for stored in self.living_psks(device)? {
            writes.extend(self.free_identity(&stored)?);
            writes.push(self.update(stored.version, &stored.record.clone().deleted()?)?);
            writes.push(self.event("psk.delete", Entity::Device(device), Some(Entity::Psk(stored.id)), None)?);
        }
        Ok(writes)
    }

    /// The writes that let a device's keys follow it into a group.
    pub(in crate::registry) fn move_psks(&self, device: DeviceId, group: Option<GroupId>) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for stored in self.living_psks(device)? {
            let mut psk = Psk { group, ..stored.record.clone() };
            psk.forget_ended(self.now);
            writes.push(self.update(stored.version, &psk)?);
        }
        Ok(writes)
    }

    fn living_psks(&self, device: DeviceId) -> Result<Vec<Stored<Psk>>> {
        let mut psks = self.registry.psks_of(device)?;
        psks.retain(|psk| psk.state != PskState::Deleted);
        Ok(psks)
    }
}

//! Out of force for now, in force again, out of force for good, gone.

use std::cell::RefCell;
use std::collections::HashSet;

use super::{Certificates, subject_of};
use crate::Result;
use crate::env::Timestamp;
use crate::error::{DeviceError, Error};
use crate::id::{AuthorityId, CertificateId, CertificateKind, DeviceId};
use crate::model::{
    Certificate, CertificateState, CrlRemoval, Delivery, Device, Entity, Group, Owner, Revocation, Standing,
    SuspendCause, SuspendMode, scope,
};
use crate::registry::bulk::Many;
use crate::registry::driver::{Operation, Plan, View};
use crate::registry::page::Wanted;
use crate::registry::{Atomicity, Bulk, Call, Inner};
use crate::store::record::{Cell, Stored};
use crate::store::{Match, Value, Write};
use crate::x509::RevocationReason;

/// One of the changes of state, as an operation.
#[derive(Clone, Copy)]
enum Change {
    Suspend,
    Resume,
    Revoke(RevocationReason),
    Delete,
}

impl Change {
    const fn action(self) -> &'static str {
        match self {
            Self::Suspend => "certificate.suspend",
            Self::Resume => "certificate.resume",
            Self::Revoke(_) => "certificate.revoke",
            Self::Delete => "certificate.delete",
        }
    }

    /// Two reasons are not for those who revoke: a hold is a suspension, and only delta CRLs remove.
    fn check(self) -> Result<()> {
        match self {
            Self::Revoke(RevocationReason::CertificateHold) => Err(Error::input(
                "reason",
                "is certificateHold, which can be taken back; suspend the certificate instead",
            )),
            Self::Revoke(RevocationReason::RemoveFromCrl) => {
                Err(Error::input("reason", "is removeFromCRL, which is for delta CRLs only"))
            }
            _ => Ok(()),
        }
    }

    fn content(self, id: CertificateId) -> Vec<u8> {
        let mut content = id.as_bytes().to_vec();
        if let Self::Revoke(reason) = self {
            content.push(reason.code());
        }
        content
    }

    /// `covered` are the certificates that other items of the same all-or-nothing call revoke along with their own.
    fn plan<'a>(
        self,
        view: &View<'_>,
        id: CertificateId,
        covered: Option<&RefCell<HashSet<CertificateId>>>,
    ) -> Result<Plan<'a, Certificate>> {
        let stored = view.get::<Certificate, _>(id)?;
        let mut detail = None;
        if let (Self::Revoke(reason), Some(covered)) = (self, covered)
            && covered.borrow().contains(&id)
        {
            let changed = stored.record.clone().revoked(reason, view.now)?;
            return Ok(Plan::done(view.number_of(id)?, Vec::new(), changed));
        }
        let (changed, mut writes) = match self {
            Self::Suspend => view.suspension(&stored, SuspendCause::Operator)?,
            Self::Resume => {
                let (changed, mut writes) = view.resumption(&stored)?;
                // A device that is shut out keeps its own certificates on hold, whoever put them there.
                if stored.holders <= 1 || stored.suspended_by == Some(SuspendCause::Device) {
                    writes.extend(view.require_no_disabled(&stored, None)?);
                }
                (changed, writes)
            }
            Self::Revoke(reason) => {
                detail = Some(reason.name().to_owned());
                view.revoke(&stored, reason)?
            }
            Self::Delete => view.deletion(&stored)?,
        };
        match self {
            Self::Revoke(RevocationReason::KeyCompromise) => {
                for other in view.same_key(&stored)? {
                    writes.extend(view.revoke_along(&other)?);
                    if let Some(covered) = covered {
                        covered.borrow_mut().insert(other.id);
                    }
                }
            }
            Self::Revoke(_) | Self::Delete => writes.extend(view.restore_predecessor(&stored)?),
            Self::Suspend | Self::Resume => {}
        }
        writes.push(view.event(self.action(), subject_of(&stored), Some(Entity::Certificate(id)), detail)?);
        Ok(Plan::done(view.number_of(id)?, writes, changed))
    }
}

impl<'r> Certificates<'r> {
    fn change(self, change: Change, id: CertificateId, call: &Call) -> Result<Certificate> {
        change.check()?;
        let content = change.content(id);
        let operation = Operation { action: change.action(), content: &content };
        self.inner.change(call, operation, |view| change.plan(view, id, None), |_| self.get(id))
    }

    fn change_many(
        self,
        change: Change,
        ids: &[CertificateId],
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Certificate>>> {
        change.check()?;
        let inner: &'r Inner = self.inner;
        let covered = RefCell::<HashSet<CertificateId>>::default();
        let together = bulk.atomicity == Atomicity::All;
        let many = Many {
            action: change.action(),
            content: &|id: &CertificateId| change.content(*id),
            plan: &|view: &View<'_>, id: &CertificateId| {
                // The first item begins a new attempt.
                if ids.first() == Some(id) {
                    covered.borrow_mut().clear();
                }
                change.plan(view, *id, together.then_some(&covered))
            },
            replay: &|number| {
                inner.get_record::<Certificate, CertificateKind>(inner.ids.id(number)).map(|stored| stored.record)
            },
        };
        inner.change_many(call, ids, bulk, &many)
    }

    /// Puts a certificate out of force for now, at once (NAV-11). If its profile says so, CRLs list it as on hold.
    ///
    /// # Errors
    /// The state that does not allow it: `certificate.suspended`, `certificate.revoked`, `certificate.expired` ...
    pub fn suspend(&self, id: CertificateId, call: &Call) -> Result<Certificate> {
        self.change(Change::Suspend, id, call)
    }

    /// [`suspend`](Self::suspend) for many, with a result per item.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole.
    pub fn suspend_many(
        &self,
        ids: &[CertificateId],
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Certificate>>> {
        self.change_many(Change::Suspend, ids, bulk, call)
    }

    /// Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.
    ///
    /// # Errors
    /// `certificate.not_suspended`, `certificate.revoked`, `certificate.expired` ...; `device.disabled` while the device
    /// that alone has it is disabled, or one of several when a device's disabling suspended it.
    pub fn resume(&self, id: CertificateId, call: &Call) -> Result<Certificate> {
        self.change(Change::Resume, id, call)
    }

    /// [`resume`](Self::resume) for many, with a result per item.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole.
    pub fn resume_many(&self, ids: &[CertificateId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Certificate>>> {
        self.change_many(Change::Resume, ids, bulk, call)
    }

    /// Puts a certificate out of force for good. The authority's next CRL lists it with this reason (NEC-8). With
    /// `keyCompromise`, its key is never certified again; that can also be said of one that was revoked for another reason.
    ///
    /// # Errors
    /// `certificate.already_revoked`, `certificate.pending`, `certificate.denied`; `input.invalid` for the reasons
    /// certificateHold and removeFromCRL.
    pub fn revoke(&self, id: CertificateId, reason: RevocationReason, call: &Call) -> Result<Certificate> {
        self.change(Change::Revoke(reason), id, call)
    }

    /// [`revoke`](Self::revoke) for many, with a result per item.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole.
    pub fn revoke_many(
        &self,
        ids: &[CertificateId],
        reason: RevocationReason,
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Certificate>>> {
        self.change_many(Change::Revoke(reason), ids, bulk, call)
    }

    /// Deletes a certificate, which cannot be undone (NAV-12): it is revoked first (cessationOfOperation), unless it
    /// has expired or is revoked already; a key that was not collected is erased; devices lose it. Its record stays,
    /// but is listed only on request. A pending request is denied first.
    ///
    /// # Errors
    /// `certificate.deleted`; `input.unknown_id`.
    pub fn delete(&self, id: CertificateId, call: &Call) -> Result<Certificate> {
        self.change(Change::Delete, id, call)
    }

    /// [`delete`](Self::delete) for many, with a result per item.
    ///
    /// # Errors
    /// `input.` codes for the call as a whole.
    pub fn delete_many(&self, ids: &[CertificateId], bulk: &Bulk<'_>, call: &Call) -> Result<Vec<Result<Certificate>>> {
        self.change_many(Change::Delete, ids, bulk, call)
    }

    /// Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many
    /// there were. They count for nothing since that moment anyway; this brings them onto the CRL, and
    /// [`crl`](crate::Authorities::crl) does it by itself. The request ID of `call` is not used.
    ///
    /// # Errors
    /// Store errors.
    pub fn retire_superseded(&self, call: &Call) -> Result<u64> {
        self.inner.retire_superseded(None, call)
    }
}

impl View<'_> {
    /// The revocation of a certificate, as [`revoke`](Certificates::revoke) does it.
    pub(in crate::registry) fn plan_revocation<'a>(
        &self,
        id: CertificateId,
        reason: RevocationReason,
    ) -> Result<Plan<'a, Certificate>> {
        Change::Revoke(reason).plan(self, id, None)
    }

    /// The certificate revoked, and the writes of that but for the event.
    pub(in crate::registry) fn revoke(
        &self,
        stored: &Stored<Certificate>,
        reason: RevocationReason,
    ) -> Result<(Certificate, Vec<Write>)> {
        let changed = stored.record.clone().revoked(reason, self.now)?;
        let mut writes = self.consequences(&changed, reason, Some(stored.revoked.is_some()))?;
        writes.push(self.update(stored.version, &changed)?);
        if reason == RevocationReason::KeyCompromise {
            writes.push(self.ban_key(&changed)?);
        }
        Ok((changed, writes))
    }

    /// The certificate's key never to be certified again.
    fn ban_key(&self, certificate: &Certificate) -> Result<Write> {
        let key = self.registry.certified(self.number_of(certificate.id)?)?.public_key()?;
        let tag = self.registry.key_tag(&key);
        match self.bound(tag)? {
            Some(bound) => self.rebind(&bound, Owner::Compromised),
            None => self.bind(tag, Owner::Compromised),
        }
    }

    /// The certificates that were renewed into this one, and those that it was renewed into.
    fn renewals_of(&self, certificate: &Certificate) -> Result<Vec<Stored<Certificate>>> {
        let mut found = Vec::new();
        let directions: [fn(&Certificate) -> Option<CertificateId>; 2] = [|c| c.renews, |c| c.successor];
        for direction in directions {
            let mut next = direction(certificate);
            // Older ones than these have expired long ago; the bound is for a store that was tampered with.
            for _ in 0..64 {
                let Some(id) = next else { break };
                // An older one may have gone to the archive.
                let Some(stored) = self.find::<Certificate>(self.number_of(id)?)? else { break };
                next = direction(&stored);
                found.push(stored);
            }
        }
        Ok(found)
    }

    /// What else is in force for the key of a compromised certificate: of its device, or along its renewals.
    fn same_key(&self, compromised: &Certificate) -> Result<Vec<Stored<Certificate>>> {
        let mut others = self.renewals_of(compromised)?;
        if let Some(device) = compromised.device {
            for (_, held) in self.registry.held_by(device)? {
                if held.device == Some(device) && !others.iter().any(|other| other.id == held.id) {
                    others.push(held);
                }
            }
        }
        let certified = |id| self.registry.certified(self.number_of(id)?);
        let key = certified(compromised.id)?;
        let mut same = Vec::new();
        for other in others {
            let counts = other.check_issued().is_ok() && other.revoked.is_none();
            if counts && other.id != compromised.id && certified(other.id)?.spki() == key.spki() {
                same.push(other);
            }
        }
        Ok(same)
    }

    /// The writes that revoke a certificate along with another of its compromised key.
    fn revoke_along(&self, other: &Stored<Certificate>) -> Result<Vec<Write>> {
        let reason = RevocationReason::KeyCompromise;
        let changed = other.record.clone().revoked(reason, self.now)?;
        let mut writes = self.consequences(&changed, reason, Some(false))?;
        writes.push(self.update(other.version, &changed)?);
        writes.push(self.event(
            "certificate.revoke",
            subject_of(&changed),
            Some(Entity::Certificate(changed.id)),
            Some("keyCompromise of another certificate of its key".to_owned()),
        )?);
        Ok(writes)
    }

    /// The write that lets the certificate before count as if it had not been renewed, when its renewal is withdrawn before
    /// anybody confirmed it: a failed installation must not end in a device without a certificate.
    fn restore_predecessor(&self, withdrawn: &Certificate) -> Result<Option<Write>> {
        let (Some(old), false) = (withdrawn.renews, withdrawn.confirmed) else { return Ok(None) };
        let Some(old) = self.find::<Certificate>(self.number_of(old)?)? else { return Ok(None) };
        let counts = matches!(old.standing(self.now), Standing::Active | Standing::Suspended | Standing::NotYetValid);
        if !counts || old.successor != Some(withdrawn.id) {
            return Ok(None);
        }
        let days = match old.group {
            Some(group) => self.get::<Group, _>(group)?.certificate_days,
            None => None,
        };
        // A campaign that asked for the renewal asks again.
        let due = if old.campaign.is_some() { self.now } else { self.registry.due_of(&old, days)? };
        self.update(old.version, &old.record.clone().without_successor(due)).map(Some)
    }

    /// The certificate replaced by its successor, and the writes of that but for the event. CRLs list it unless it has
    /// expired.
    pub(in crate::registry) fn supersede(&self, stored: &Stored<Certificate>) -> Result<(Certificate, Vec<Write>)> {
        let reason = RevocationReason::Superseded;
        let changed = stored.record.clone().revoked(reason, self.now)?;
        let mut writes = self.consequences(&changed, reason, (self.now <= stored.not_after).then_some(false))?;
        writes.push(self.update(stored.version, &changed)?);
        Ok((changed, writes))
    }

    /// What a revocation brings with it besides the certificate's own record.
    /// `listed` is whether it was revoked before, for another reason; `None` when CRLs do not list it.
    fn consequences(
        &self,
        certificate: &Certificate,
        reason: RevocationReason,
        listed: Option<bool>,
    ) -> Result<Vec<Write>> {
        let number = self.number_of(certificate.id)?;
        let mut writes = Vec::new();
        if let Some(again) = listed {
            let entry = self.registry.revocation(certificate, reason, self.now)?;
            writes.push(self.replace(&Revocation { again: again.then_some(true), ..entry })?);
        }
        writes.extend(self.lapse(number)?);
        Ok(writes)
    }

    /// The erasure of a certificate's key that was not collected, if there is one.
    pub(in crate::registry) fn lapse(&self, number: u64) -> Result<Option<Write>> {
        match self.find::<Delivery>(number)? {
            Some(stored) if stored.private_key.is_some() => {
                self.update(stored.version, &stored.record.clone().lapsed()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The writes that suspend a certificate, but for the event.
    pub(in crate::registry) fn suspend(&self, stored: &Stored<Certificate>, cause: SuspendCause) -> Result<Vec<Write>> {
        self.suspension(stored, cause).map(|(_, writes)| writes)
    }

    fn suspension(&self, stored: &Stored<Certificate>, cause: SuspendCause) -> Result<(Certificate, Vec<Write>)> {
        let changed = stored.record.clone().suspended(cause, self.now)?;
        let mut writes = vec![self.update(stored.version, &changed)?];
        let mode = self.registry.profile(stored.profile)?.spec().suspend;
        if mode == SuspendMode::CrlHold && stored.state != CertificateState::Suspended {
            writes.push(self.replace(&self.registry.revocation(
                &changed,
                RevocationReason::CertificateHold,
                self.now,
            )?)?);
        }
        Ok((changed, writes))
    }

    /// That a hold which a device's disabling set may be lifted: none of the devices that have the certificate, but
    /// for `except`, is disabled, nor will be when this is committed.
    ///
    /// # Errors
    /// `device.disabled`.
    pub(in crate::registry) fn require_no_disabled(
        &self,
        stored: &Stored<Certificate>,
        except: Option<DeviceId>,
    ) -> Result<Vec<Write>> {
        let holders = self.registry.holders(stored.id)?.into_iter().map(|held| held.device);
        let mut seen: Vec<DeviceId> = except.into_iter().collect();
        let mut requires = Vec::new();
        for id in stored.device.into_iter().chain(holders) {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let device = self.get::<Device, _>(id)?;
            if device.check_valid() == Err(DeviceError::Disabled) {
                return Err(DeviceError::Disabled.into());
            }
            requires.push(self.require(&device)?);
        }
        Ok(requires)
    }

    /// The writes that put a certificate in force again, but for the event.
    pub(in crate::registry) fn resume(&self, stored: &Stored<Certificate>) -> Result<Vec<Write>> {
        self.resumption(stored).map(|(_, writes)| writes)
    }

    fn resumption(&self, stored: &Stored<Certificate>) -> Result<(Certificate, Vec<Write>)> {
        let changed = stored.record.clone().resumed(self.now)?;
        let mut writes = vec![self.update(stored.version, &changed)?];
        if let Some(held) = self.find::<Revocation>(self.number_of(stored.id)?)?
            && held.reason == RevocationReason::CertificateHold
        {
            writes.push(self.delete(&held)?);
            // Whoever has the hold from a complete CRL learns from a delta that it is over.
            let number = self.number_of(stored.authority)?;
            writes.push(self.replace(&CrlRemoval {
                certificate: stored.id,
                scope: scope(number, stored.shard.unwrap_or(0)),
                serial: stored.serial.clone(),
                at: self.now,
            })?);
        }
        Ok((changed, writes))
    }

    fn deletion(&self, stored: &Stored<Certificate>) -> Result<(Certificate, Vec<Write>)> {
        let number = self.number_of(stored.id)?;
        let mut record = stored.record.clone().deleted()?;
        let mut writes = Vec::new();
        let reason = RevocationReason::CessationOfOperation;
        match record.standing(self.now) {
            Standing::Pending => record = record.denied()?,
            Standing::Denied => {}
            Standing::Revoked | Standing::Expired => writes.extend(self.lapse(number)?),
            Standing::Superseded if record.state == CertificateState::Revoked => writes.extend(self.lapse(number)?),
            _ => {
                record = record.revoked(reason, self.now)?;
                writes.extend(self.consequences(&record, reason, Some(false))?);
            }
        }
        for assignment in self.registry.holders(stored.id)? {
            writes.push(self.delete(&assignment)?);
        }
        record.holders = 0;
        record.retires = None;
        writes.push(self.update(stored.version, &record)?);
        Ok((record, writes))
    }
}

impl Inner {
    /// What CRLs say of a certificate that is revoked, or put on hold now.
    pub(in crate::registry) fn revocation(
        &self,
        certificate: &Certificate,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Revocation> {
        let number = self.ids.number(certificate.authority)?;
        Ok(Revocation {
            certificate: certificate.id,
            authority: certificate.authority,
            serial: certificate.serial.clone(),
            at: certificate.revoked.unwrap_or(now),
            reason,
            scope: Some(scope(number, certificate.shard.unwrap_or(0))),
            not_after: Some(certificate.not_after),
            listed: None,
            again: None,
        })
    }

    /// Revokes (superseded) the renewed certificates whose grace period has ended: all, or those of one authority.
    pub(in crate::registry) fn retire_superseded(&self, authority: Option<AuthorityId>, call: &Call) -> Result<u64> {
        let now = self.now()?;
        let mut wanted = Wanted { order: Some("retires"), ..Wanted::default() };
        wanted.and("retires", Match::Range { from: None, to: Some(Value::Int(now.plus(1).unix())) });
        let states = [CertificateState::Active, CertificateState::Suspended];
        wanted.and("state", Match::In(states.iter().map(|state| Value::Int(state.number())).collect()));
        if let Some(authority) = authority {
            wanted = wanted.eq("authority", authority.to_value(&self.ids));
        }
        let mut due = Vec::new();
        self.scan::<Certificate>(&wanted, |stored| {
            due.push(stored.id);
            Ok(())
        })?;
        let action = "certificate.retire";
        let many = Many {
            action,
            content: &|id: &CertificateId| id.as_bytes().to_vec(),
            plan: &|view: &View<'_>, id: &CertificateId| {
                let stored = view.get::<Certificate, _>(*id)?;
                // Somebody else may have been first.
                if stored.state == CertificateState::Revoked || stored.retires.is_none_or(|at| at > view.now) {
                    return Ok(Plan::done(0, Vec::new(), 0));
                }
                let (changed, mut writes) = view.supersede(&stored)?;
                writes.push(view.event(action, subject_of(&changed), Some(Entity::Certificate(*id)), None)?);
                Ok(Plan::done(view.number_of(*id)?, writes, 1))
            },
            replay: &|_| Ok(0),
        };
        // What is retired depends on the moment, so a request ID would stand for nothing.
        let call = Call { request_id: None, ..call.clone() };
        self.change_many(&call, &due, &Bulk::each(), &many)?.into_iter().sum()
    }
}

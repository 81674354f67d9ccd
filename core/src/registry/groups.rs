//! The handle for groups.

use super::driver::{Operation, Plan, View};
use super::page::{Listing, Page, Text, Wanted};
use super::{Call, Inner};
use crate::Result;
use crate::error::{Error, GroupError};
use crate::id::GroupId;
use crate::model::{Certificate, CertificateState, Device, DeviceState, Entity, Group, check_name};
use crate::store::record::Cell;
use crate::store::{Counter, Match, Value, Write};

/// What of a group changes; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// The name.
    pub name: Option<String>,
    /// After how many days members' certificates are due; `Some(None)` removes the interval.
    pub certificate_days: Option<Option<u32>>,
    /// After how many days members' symmetric keys are due; `Some(None)` removes the interval.
    pub key_days: Option<Option<u32>>,
}

/// Groups of devices, each with its renewal intervals.
///
/// ```
/// # let registry = tegata::doctest::registry()?;
/// use tegata::{Call, GroupChange};
/// let call = Call::by("admin");
/// let change = GroupChange { certificate_days: Some(Some(90)), ..GroupChange::default() };
/// let group = registry.groups().create("cameras", &change, &call)?;
/// assert_eq!(group.certificate_days, Some(90));
/// # Ok::<(), tegata::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Groups<'r> {
    inner: &'r Inner,
}

fn check(group: &Group) -> Result<()> {
    check_name("group name", &group.name)?;
    for (field, days) in [("certificate_days", group.certificate_days), ("key_days", group.key_days)] {
        if days.is_some_and(|days| days == 0 || days > 36_525) {
            return Err(Error::input(field, "is not within 1 to 36525"));
        }
    }
    Ok(())
}

fn apply(group: &mut Group, change: &GroupChange) {
    if let Some(name) = &change.name {
        group.name.clone_from(name);
    }
    group.certificate_days = change.certificate_days.unwrap_or(group.certificate_days);
    group.key_days = change.key_days.unwrap_or(group.key_days);
}

impl<'r> Groups<'r> {
    pub(super) const fn new(inner: &'r Inner) -> Self {
        Self { inner }
    }

    /// Makes a group called `name` with the intervals in `settings`.
    ///
    /// # Errors
    /// `group.name_taken`, `input.invalid`.
    pub fn create(&self, name: &str, settings: &GroupChange, call: &Call) -> Result<Group> {
        let inner = self.inner;
        let content = format!("{name:?} {settings:?}");
        let operation = Operation { action: "group.create", content: content.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let number = view.number::<Group>()?;
                let mut group = Group {
                    id: inner.ids.id(number),
                    name: String::new(),
                    certificate_days: None,
                    key_days: None,
                    created: view.now,
                    updated: view.now,
                };
                apply(&mut group, settings);
                name.clone_into(&mut group.name);
                check(&group)?;
                view.check_name_free::<Group>(&group.name, view.number_of(group.id)?, GroupError::NameTaken)?;
                let event = view.event("group.create", Entity::Group(group.id), None, Some(group.name.clone()))?;
                Ok(Plan::done(number, vec![view.insert(&group)?, event], group))
            },
            |number| self.get(inner.ids.id(number)),
        )
    }

    /// The group with this identifier.
    ///
    /// # Errors
    /// `input.unknown_id`.
    pub fn get(&self, id: GroupId) -> Result<Group> {
        Ok(self.inner.get_record::<Group, _>(id)?.record)
    }

    /// The groups whose name matches, by name; all of them without `name`.
    ///
    /// # Errors
    /// Store errors.
    pub fn find(&self, name: Option<&Text>, page: &Page) -> Result<Listing<Group>> {
        self.inner.list(Wanted::by_name(name), page)
    }

    /// Changes a group. With a new interval, the members' certificates, or their keys and the group's own, get their new
    /// due dates in the same commit, which takes about a second per 20,000 members.
    ///
    /// # Errors
    /// `group.name_taken`, `input.invalid`.
    pub fn update(&self, id: GroupId, change: &GroupChange, call: &Call) -> Result<Group> {
        let content = format!("{id} {change:?}");
        let operation = Operation { action: "group.update", content: content.as_bytes() };
        let group = self.inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Group, _>(id)?;
                let mut group = stored.record.clone();
                apply(&mut group, change);
                group.updated = view.now;
                check(&group)?;
                view.check_name_free::<Group>(&group.name, view.number_of(group.id)?, GroupError::NameTaken)?;
                let mut writes = vec![
                    view.update(stored.version, &group)?,
                    view.event("group.update", Entity::Group(id), None, Some(group.name.clone()))?,
                ];
                if group.certificate_days != stored.certificate_days {
                    writes.extend(self.new_due_dates(view, &group)?);
                }
                if group.key_days != stored.key_days {
                    writes.extend(view.reschedule_keys(&group)?);
                }
                Ok(Plan::done(view.number_of(id)?, writes, group))
            },
            |_| self.get(id),
        )?;
        if change.key_days.is_some() {
            self.catch_up(&group, call)?;
        }
        Ok(group)
    }

    /// Gives their due dates to keys that were issued while the group changed, by the interval that it had before. From now
    /// on, everybody sees the new one.
    fn catch_up(&self, group: &Group, call: &Call) -> Result<()> {
        let call = Call { request_id: None, ..call.clone() };
        let operation = Operation { action: "group.update", content: group.id.as_bytes() };
        self.inner.change(
            &call,
            operation,
            |view| {
                Ok(Plan::done(
                    view.number_of(group.id)?,
                    view.reschedule_keys(&view.get::<Group, _>(group.id)?.record)?,
                    (),
                ))
            },
            |_| Ok(()),
        )
    }

    fn new_due_dates(&self, view: &View<'_>, group: &Group) -> Result<Vec<Write>> {
        let inner = self.inner;
        let mut wanted = Wanted::default().eq("group", group.id.to_value(&inner.ids));
        wanted.and(
            "state",
            Match::In(vec![
                Value::Int(CertificateState::Active.number()),
                Value::Int(CertificateState::Suspended.number()),
            ]),
        );
        let mut writes = Vec::new();
        inner.scan::<Certificate>(&wanted, |stored| {
            let due = inner.due_of(&stored.record, group.certificate_days)?;
            if stored.renew_at.is_some() && stored.renew_at != Some(due) {
                let changed = Certificate { renew_at: Some(due), ..stored.record.clone() };
                writes.push(view.update(stored.version, &changed)?);
            }
            Ok(())
        })?;
        Ok(writes)
    }

    /// Deletes an empty group.
    ///
    /// # Errors
    /// `group.not_empty` while devices (deleted ones apart) belong to it; `group.has_keys` while it owns keys that are not
    /// destroyed.
    pub fn delete(&self, id: GroupId, call: &Call) -> Result<()> {
        let inner = self.inner;
        let operation = Operation { action: "group.delete", content: id.as_bytes() };
        inner.change(
            call,
            operation,
            |view| {
                let stored = view.get::<Group, _>(id)?;
                let mut members = Wanted::default().eq("group", id.to_value(&inner.ids));
                let living = [DeviceState::Discovered, DeviceState::Valid, DeviceState::Invalid];
                members.and("state", Match::In(living.iter().map(|state| Value::Int(state.number())).collect()));
                if inner.first::<Device>(members)?.is_some() {
                    return Err(GroupError::NotEmpty.into());
                }
                view.check_owns_no_key(id)?;
                let event = view.event("group.delete", Entity::Group(id), None, Some(stored.name.clone()))?;
                // Nobody joined since the look above.
                let counter = Inner::member_counter(view.number_of(id)?);
                let empty = Write::Add { counter, by: 0, at_most: 0 };
                Ok(Plan::done(view.number_of(id)?, vec![view.delete(&stored)?, empty, event], ()))
            },
            |_| Ok(()),
        )
    }
}

impl View<'_> {
    /// Counts a member in or out, so that a group which somebody joins at this moment is not deleted.
    pub(super) fn members(&self, group: GroupId, by: i64) -> Result<Write> {
        Ok(Write::Add { counter: Inner::member_counter(self.number_of(group)?), by, at_most: u64::MAX })
    }
}

impl Inner {
    const fn member_counter(group: u64) -> Counter {
        Counter { name: "members", of: group }
    }
}

//! Groups of devices.

use tegata::{Call, GroupId, Page, Text, Timestamp};

use crate::error::Result;
use crate::lists::GroupListing;
use crate::values::twin;

twin! {
    /// A group of devices.
    Group of tegata::model::Group {
        /// Names the group.
        id: GroupId,
        /// The name that operators use; unique.
        name: String,
        /// Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
        certificate_days: Option<u32>,
        /// Symmetric keys of members are due this many days after their issue.
        key_days: Option<u32>,
        /// When it was made.
        created: Timestamp,
        /// When it was last changed.
        updated: Timestamp,
    }
}

/// What becomes of a group's interval.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Interval {
    /// It stays as it is.
    Keep,
    /// There is none any more.
    Remove,
    /// It is so many days.
    Days {
        /// How many.
        days: u32,
    },
}

impl From<Interval> for Option<Option<u32>> {
    fn from(interval: Interval) -> Self {
        match interval {
            Interval::Keep => None,
            Interval::Remove => Some(None),
            Interval::Days { days } => Some(Some(days)),
        }
    }
}

/// What of a group changes.
#[derive(Clone, Debug, uniffi::Record)]
pub struct GroupChange {
    /// The name; without one it stays.
    #[uniffi(default)]
    pub name: Option<String>,
    /// After how many days members' certificates are due.
    pub certificate_days: Interval,
    /// After how many days members' symmetric keys are due.
    pub key_days: Interval,
}

impl From<GroupChange> for tegata::GroupChange {
    fn from(change: GroupChange) -> Self {
        Self { name: change.name, certificate_days: change.certificate_days.into(), key_days: change.key_days.into() }
    }
}

/// Groups of devices, each with its renewal intervals.
#[derive(uniffi::Object)]
pub struct Groups {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Groups {
    /// Makes a group called `name` with the intervals in `settings`.
    pub fn create(&self, name: String, settings: GroupChange, call: Call) -> Result<Group> {
        Ok(self.core.groups().create(&name, &settings.into(), &call)?.into())
    }

    /// The group with this identifier.
    pub fn get(&self, id: GroupId) -> Result<Group> {
        Ok(self.core.groups().get(id)?.into())
    }

    /// The groups whose name matches, by name; all of them without `name`.
    pub fn find(&self, name: Option<Text>, page: Page) -> Result<GroupListing> {
        Ok(self.core.groups().find(name.as_ref(), &page)?.into())
    }

    /// Changes a group. With a new certificate interval, the members' certificates get their new due dates in the same
    /// commit.
    pub fn update(&self, id: GroupId, change: GroupChange, call: Call) -> Result<Group> {
        Ok(self.core.groups().update(id, &change.into(), &call)?.into())
    }

    /// Deletes an empty group.
    pub fn delete(&self, id: GroupId, call: Call) -> Result<()> {
        Ok(self.core.groups().delete(id, &call)?)
    }
}

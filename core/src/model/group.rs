//! A group of devices and how often its members renew.

use crate::env::Timestamp;
use crate::id::GroupId;

/// A group of devices (NEC-36).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// Names the group.
    pub id: GroupId,
    /// The name that operators use; unique.
    pub name: String,
    /// Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
    pub certificate_days: Option<u32>,
    /// Symmetric keys of members are due this many days after their issue.
    pub key_days: Option<u32>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

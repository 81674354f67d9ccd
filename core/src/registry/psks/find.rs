//! Lists of keys.

use super::Psks;
use crate::Result;
use crate::env::Timestamp;
use crate::id::{DeviceId, GroupId};
use crate::model::{Psk, PskKind, PskState};
use crate::registry::page::{Listing, Page, Wanted};
use crate::store::record::{Cell, Record};
use crate::store::{Match, Value};

/// Which pre-shared keys to list: those that match everything given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PskFilter {
    /// Of this device.
    pub device: Option<DeviceId>,
    /// Of devices in this group.
    pub group: Option<GroupId>,
    /// In one of these states; empty for all, deleted ones included.
    pub states: Vec<PskState>,
    /// Of this kind.
    pub kind: Option<PskKind>,
    /// With exactly this identity, or with it until the last rotation, while that is in its grace period.
    pub identity: Option<String>,
    /// Due to be rotated before this moment.
    pub due_before: Option<Timestamp>,
}

impl Psks<'_> {
    /// The keys that match, in the order of their numbers.
    ///
    /// # Errors
    /// `input.page_cursor`; store errors.
    pub fn find(&self, filter: &PskFilter, page: &Page) -> Result<Listing<Psk>> {
        let wanted = self.wanted(filter);
        match &filter.identity {
            None => self.inner.list(wanted, page),
            Some(identity) => self.identified(identity, &wanted, page),
        }
    }

    fn wanted(self, filter: &PskFilter) -> Wanted {
        let ids = &self.inner.ids;
        let mut wanted = Wanted::default();
        if let Some(device) = filter.device {
            wanted.and("device", Match::Eq(device.to_value(ids)));
        }
        if let Some(group) = filter.group {
            wanted.and("group", Match::Eq(group.to_value(ids)));
        }
        if !filter.states.is_empty() {
            wanted.and("state", Match::In(filter.states.iter().map(|s| Value::Int(s.number())).collect()));
        }
        if let Some(kind) = filter.kind {
            wanted.and("kind", Match::Eq(Value::Int(kind.number())));
        }
        if let Some(due) = filter.due_before {
            wanted.and("renew_at", Match::Range { from: None, to: Some(Value::Int(due.unix())) });
        }
        wanted
    }

    /// An identity leads to one key, which then matches the rest or does not.
    fn identified(self, identity: &str, wanted: &Wanted, page: &Page) -> Result<Listing<Psk>> {
        let now = self.inner.now()?;
        let found = self.inner.psk_by_identity(identity)?.map(|(stored, which)| (stored.record, which));
        let values = found.as_ref().map(|(psk, _)| psk.values(&self.inner.ids)).unwrap_or_default();
        let passes = wanted.filters.iter().all(|filter| {
            let value = Psk::TABLE.position(filter.column).and_then(|at| values.get(at));
            value.is_some_and(|value| filter.passes(value))
        });
        let counts = |psk: &Psk, which| which == super::Which::Current || psk.in_grace(now);
        let items: Vec<Psk> =
            found.filter(|(psk, which)| passes && counts(psk, *which)).map(|(psk, _)| psk).into_iter().collect();
        let total = page.total.then_some(items.len() as u64);
        // There is nothing after the only one.
        Ok(Listing { items: if page.after.is_some() { Vec::new() } else { items }, next: None, total })
    }
}

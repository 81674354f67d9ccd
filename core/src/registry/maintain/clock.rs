//! Whether the clock can be believed: one that leapt ahead makes everything look over.

use super::Retention;
use crate::Result;
use crate::env::Timestamp;
use crate::error::InternalError;
use crate::model::{Event, Upkeep};
use crate::registry::Inner;
use crate::registry::numbers::newest;
use crate::store::record::{Record, read};
use crate::store::{Cursor, Query, Value};

impl Inner {
    /// That the clock did not go on further than it may since the last call, or before the first one.
    pub(super) fn check_leap(&self, last: Option<&Upkeep>, retention: &Retention, now: Timestamp) -> Result<()> {
        let since = now.plus_days(-i64::from(retention.leap_days));
        let last = match last {
            Some(upkeep) => Some(upkeep.at),
            None => self.last_before_leap(since, retention)?,
        };
        match last.filter(|last| *last < since) {
            Some(last) => {
                let days = now.unix().saturating_sub(last.unix()) / 86_400;
                Err(InternalError::ClockLeapt { days }.into())
            }
            None => Ok(()),
        }
    }

    /// Before the first call, what the registry did last tells the time as well: at its newest event; or, if between those before
    /// `since` and those after nothing happened for longer than the clock may go on, before that.
    fn last_before_leap(&self, since: Timestamp, retention: &Retention) -> Result<Option<Timestamp>> {
        let Some(newest) = newest(self.store()?, Event::TABLE)? else { return Ok(None) };
        let mut last = newest.key;
        let mut after = read::<Event>(Some(newest), &self.ids)?.map_or(Timestamp::MIN, |event| event.at);
        if after < since {
            return Ok(Some(after));
        }
        // Numbers follow each other as time does: which is the first event that is not before `since`?
        let mut before = None;
        let mut first = 0;
        while first < last {
            let middle = first + (last - first) / 2;
            let Some((key, at)) = self.event_above(middle)? else { break };
            if at < since {
                (first, before) = (key, Some(at));
            } else {
                (last, after) = (middle, at);
            }
        }
        let leapt = before.filter(|before| before.plus_days(retention.leap_days.into()) < after);
        Ok(leapt.or(Some(after)))
    }

    /// The number and the time of the first event with a higher number.
    fn event_above(&self, key: u64) -> Result<Option<(u64, Timestamp)>> {
        let query = Query {
            table: Event::TABLE,
            filters: Vec::new(),
            order: None,
            descending: false,
            after: Some(Cursor { value: Value::Null, key }),
            limit: 1,
            total: false,
        };
        let Some(row) = self.store()?.find(&query)?.rows.into_iter().next() else { return Ok(None) };
        let key = row.key;
        Ok(read::<Event>(Some(row), &self.ids)?.map(|event| (key, event.at)))
    }
}

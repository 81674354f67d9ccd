//! What is due, and how many there are of what.

use super::page::{Listing, Page, Wanted};
use super::{Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::id::{GroupId, ProductId};
use crate::model::{Certificate, CertificateKind, CertificateState, Device, DeviceState};
use crate::store::record::Cell;
use crate::store::{Match, Value};

/// Which certificates are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Until which moment to look.
    pub until: Timestamp,
    /// Only this group's.
    pub group: Option<GroupId>,
}

impl Due {
    /// Everything due until `until`.
    pub const fn until(until: Timestamp) -> Self {
        Self { until, group: None }
    }
}

/// Numbers for a dashboard (NEC-35). Each list is complete and in the order of its first element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Devices by state.
    pub devices: Vec<(DeviceState, u64)>,
    /// Devices by group; `None` counts those without one.
    pub devices_by_group: Vec<(Option<GroupId>, u64)>,
    /// Devices by product; `None` counts those without one.
    pub devices_by_product: Vec<(Option<ProductId>, u64)>,
    /// Certificates by stored state; expiry is in `expired`.
    pub certificates: Vec<(CertificateState, u64)>,
    /// Certificates by kind.
    pub certificates_by_kind: Vec<(CertificateKind, u64)>,
    /// Certificates in force or suspended whose notAfter has passed.
    pub expired: u64,
    /// Renewals by the week in which they are due: the week's first moment (Thursdays, counted from 1970) and how many.
    pub due_by_week: Vec<(Timestamp, u64)>,
}

const WEEK: i64 = 604_800;

impl Registry {
    /// The certificates that should be renewed until a moment, the most urgent first: by their own lifetime or their
    /// group's interval, whichever comes first, spread so that a fleet does not come back at once.
    ///
    /// # Errors
    /// Store errors.
    pub fn due(&self, due: &Due, page: &Page) -> Result<Listing<Certificate>> {
        let inner = &*self.inner;
        let mut wanted = Wanted { order: Some("renew_at"), ..Wanted::default() };
        wanted.and("renew_at", Match::Range { from: None, to: Some(Value::Int(due.until.plus(1).unix())) });
        wanted.and("state", Match::Eq(Value::Int(CertificateState::Active.number())));
        if let Some(group) = due.group {
            wanted.and("group", Match::Eq(group.to_value(&inner.ids)));
        }
        inner.list(wanted, page)
    }

    /// How many there are of what.
    ///
    /// # Errors
    /// Store errors.
    pub fn counts(&self) -> Result<Counts> {
        let inner = &*self.inner;
        let ids = &inner.ids;
        let typed = |counts: Vec<(Value, u64)>| counts.into_iter();
        let mut expired = Wanted::default();
        expired.and("not_after", Match::Range { from: None, to: Some(Value::Int(inner.now()?.unix())) });
        expired.and(
            "state",
            Match::In(vec![
                Value::Int(CertificateState::Active.number()),
                Value::Int(CertificateState::Suspended.number()),
            ]),
        );
        let mut due = Wanted::default().eq("state", Value::Int(CertificateState::Active.number()));
        due.and("renew_at", Match::Range { from: Some(Value::Int(Timestamp::MIN.unix())), to: None });
        let all = Wanted::default;
        let living = || {
            let mut wanted = Wanted::default();
            let states = [DeviceState::Discovered, DeviceState::Valid, DeviceState::Invalid];
            wanted.and("state", Match::In(states.iter().map(|s| Value::Int(s.number())).collect()));
            wanted
        };
        Ok(Counts {
            devices: typed(inner.tally::<Device>(all(), Some("state"), None)?)
                .filter_map(|(v, n)| Some((DeviceState::from_value(v, ids)?, n)))
                .collect(),
            devices_by_group: typed(inner.tally::<Device>(living(), Some("group"), None)?)
                .filter_map(|(v, n)| Some((Option::from_value(v, ids)?, n)))
                .collect(),
            devices_by_product: typed(inner.tally::<Device>(living(), Some("product"), None)?)
                .filter_map(|(v, n)| Some((Option::from_value(v, ids)?, n)))
                .collect(),
            certificates: typed(inner.tally::<Certificate>(all(), Some("state"), None)?)
                .filter_map(|(v, n)| Some((CertificateState::from_value(v, ids)?, n)))
                .collect(),
            certificates_by_kind: typed(inner.tally::<Certificate>(all(), Some("kind"), None)?)
                .filter_map(|(v, n)| Some((CertificateKind::from_value(v, ids)?, n)))
                .collect(),
            expired: inner.tally::<Certificate>(expired, None, None)?.first().map_or(0, |(_, n)| *n),
            due_by_week: typed(inner.tally::<Certificate>(due, Some("renew_at"), Some(WEEK))?)
                .filter_map(|(v, n)| Some((Timestamp::from_value(v, ids)?, n)))
                .collect(),
        })
    }
}

impl Inner {
    /// When a certificate is due in a group that renews every `days` days.
    pub(super) fn due_of(&self, certificate: &Certificate, days: Option<u32>) -> Result<Timestamp> {
        let profile = self.profile(certificate.profile)?;
        let own = profile.renew_at(&certificate.serial, certificate.issued, certificate.not_after);
        Ok(match days {
            Some(days) => own.min(profile.renew_at_interval(&certificate.serial, certificate.issued, days)),
            None => own,
        })
    }
}

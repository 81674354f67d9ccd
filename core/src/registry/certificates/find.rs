//! Lists and counts of certificates.

use super::Certificates;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{Error, InputError};
use crate::id::{AuthorityId, DeviceId, GroupId, ProductId, ProfileId};
use crate::key::KeyAlgorithm;
use crate::model::{Certificate, CertificateKind, CertificateState};
use crate::registry::Inner;
use crate::registry::page::{Listing, Page, Text, Wanted, read_cursor, write_cursor};
use crate::store::record::{Cell, Record, Stored};
use crate::store::{Cursor, MAX_PAGE, Match, Value};

/// Which certificates to list: those that match everything given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFilter {
    /// By the common name, exactly or by its beginning; opaque ones are not searched.
    pub name: Option<Text>,
    /// With these hexadecimal digits somewhere in the serial number; colons and spaces do not count (NAV-8).
    pub serial: Option<String>,
    /// Attached to this device.
    pub device: Option<DeviceId>,
    /// Attached to the device with exactly this name (NAV-8).
    pub device_name: Option<String>,
    /// In this stored state; what the clock adds is in `expired`.
    pub state: Option<CertificateState>,
    /// Whether notAfter has passed (SOL-11).
    pub expired: Option<bool>,
    /// Of this kind.
    pub kind: Option<CertificateKind>,
    /// Of devices in this group.
    pub group: Option<GroupId>,
    /// Of this product or its units.
    pub product: Option<ProductId>,
    /// Issued by this generation of an authority.
    pub authority: Option<AuthorityId>,
    /// Issued under this version of a profile.
    pub profile: Option<ProfileId>,
    /// With a key of this kind. The first question of this sort after an upgrade reads the certificates whose records do
    /// not say it yet, and completes the records (NEC-63).
    pub algorithm: Option<KeyAlgorithm>,
    /// Due for renewal before this moment.
    pub due_before: Option<Timestamp>,
    /// Deleted ones too.
    pub deleted: bool,
    /// The newest first instead of the oldest.
    pub newest_first: bool,
}

/// By what certificates are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateGrouping {
    /// All together.
    Total,
    /// By stored state.
    State,
    /// By kind.
    Kind,
    /// By the product whose they are.
    Product,
    /// By the group of their devices.
    Group,
    /// By authority.
    Authority,
    /// By profile.
    Profile,
    /// By the kind of key that they certify.
    Algorithm,
    /// By the week in which they are due for renewal; weeks begin on Thursdays, as 1970 did.
    DueWeek,
}

/// What was counted; `None` stands for those without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateCount {
    /// All of them.
    Total,
    /// In this state.
    State(CertificateState),
    /// Of this kind.
    Kind(CertificateKind),
    /// Of this product.
    Product(Option<ProductId>),
    /// Of this group.
    Group(Option<GroupId>),
    /// Of this authority.
    Authority(AuthorityId),
    /// Of this profile.
    Profile(ProfileId),
    /// With this kind of key; `None` for requests.
    Algorithm(Option<KeyAlgorithm>),
    /// Due in the week that begins at this moment.
    DueWeek(Option<Timestamp>),
}

const WEEK: i64 = 604_800;

impl CertificateGrouping {
    const fn column(self) -> Option<&'static str> {
        match self {
            Self::Total => None,
            Self::State => Some("state"),
            Self::Kind => Some("kind"),
            Self::Product => Some("product"),
            Self::Group => Some("group"),
            Self::Authority => Some("authority"),
            Self::Profile => Some("profile"),
            Self::Algorithm => Some("algorithm"),
            Self::DueWeek => Some("renew_at"),
        }
    }

    fn bucket(self) -> Option<i64> {
        (self == Self::DueWeek).then_some(WEEK)
    }

    fn key(self, value: Value, inner: &Inner) -> Option<CertificateCount> {
        let ids = &inner.ids;
        Some(match self {
            Self::Total => CertificateCount::Total,
            Self::State => CertificateCount::State(Cell::from_value(value, ids)?),
            Self::Kind => CertificateCount::Kind(Cell::from_value(value, ids)?),
            Self::Product => CertificateCount::Product(Cell::from_value(value, ids)?),
            Self::Group => CertificateCount::Group(Cell::from_value(value, ids)?),
            Self::Authority => CertificateCount::Authority(Cell::from_value(value, ids)?),
            Self::Profile => CertificateCount::Profile(Cell::from_value(value, ids)?),
            Self::Algorithm => CertificateCount::Algorithm(Cell::from_value(value, ids)?),
            Self::DueWeek => CertificateCount::DueWeek(Cell::from_value(value, ids)?),
        })
    }
}

/// The digits alone, in upper case.
fn serial_part(text: &str) -> Result<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ' | '-')).collect();
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Error::input("serial", "is not a part of a serial number in hexadecimal"));
    }
    Ok(digits.to_ascii_uppercase())
}

impl Certificates<'_> {
    /// The certificates that match, in the order of their numbers: that in which they were requested or issued.
    ///
    /// # Errors
    /// `input.invalid` for a serial number that is not hexadecimal, `input.page_cursor`, `store.invalid_query` when
    /// part of a name is searched in its middle.
    pub fn find(&self, filter: &CertificateFilter, page: &Page) -> Result<Listing<Certificate>> {
        let wanted = self.wanted(filter)?;
        match self.holder(filter)? {
            Holder::Any => self.inner.list(wanted, page),
            Holder::Nobody => Ok(Listing { items: Vec::new(), next: None, total: page.total.then_some(0) }),
            Holder::Device(device) => self.list_of(device, &wanted, page),
        }
    }

    /// How many certificates match, by `by`; in the order of what they are counted by.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn count(&self, filter: &CertificateFilter, by: CertificateGrouping) -> Result<Vec<(CertificateCount, u64)>> {
        if by == CertificateGrouping::Algorithm {
            self.inner.know_algorithms()?;
        }
        let wanted = self.wanted(filter)?;
        let counts = match self.holder(filter)? {
            Holder::Any => self.inner.tally::<Certificate>(wanted, by.column(), by.bucket())?,
            Holder::Nobody => Vec::new(),
            Holder::Device(device) => self.tally_of(device, &wanted, by)?,
        };
        Ok(counts.into_iter().filter_map(|(value, count)| Some((by.key(value, self.inner)?, count))).collect())
    }

    fn wanted(self, filter: &CertificateFilter) -> Result<Wanted> {
        let ids = &self.inner.ids;
        if filter.algorithm.is_some() {
            self.inner.know_algorithms()?;
        }
        let mut wanted = Wanted { descending: filter.newest_first, ..Wanted::default() };
        if let Some(name) = &filter.name {
            wanted.and("name", name.clone().into_match());
        }
        if let Some(serial) = &filter.serial {
            wanted.and("serial", Match::Contains(serial_part(serial)?));
        }
        let equal = [
            ("state", filter.state.map(|state| Value::Int(state.number()))),
            ("kind", filter.kind.map(|kind| Value::Int(kind.number()))),
            ("group", filter.group.map(|group| group.to_value(ids))),
            ("product", filter.product.map(|product| product.to_value(ids))),
            ("authority", filter.authority.map(|authority| authority.to_value(ids))),
            ("profile", filter.profile.map(|profile| profile.to_value(ids))),
            ("algorithm", filter.algorithm.map(|algorithm| algorithm.to_value(ids))),
            ("deleted", (!filter.deleted).then(|| false.to_value(ids))),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                wanted.and(column, Match::Eq(value));
            }
        }
        let now = Some(Value::Int(self.inner.now()?.unix()));
        match filter.expired {
            None => {}
            Some(true) => wanted.and("not_after", Match::Range { from: None, to: now }),
            Some(false) => wanted.and("not_after", Match::Range { from: now, to: None }),
        }
        if let Some(due) = filter.due_before {
            wanted.and("renew_at", Match::Range { from: None, to: Some(Value::Int(due.unix())) });
        }
        Ok(wanted)
    }

    /// The device that the filter names, one way or both.
    fn holder(self, filter: &CertificateFilter) -> Result<Holder> {
        let named = match &filter.device_name {
            None => None,
            Some(name) => match self.inner.device_named(name)? {
                Some(device) => Some(device.id),
                None => return Ok(Holder::Nobody),
            },
        };
        Ok(match (filter.device, named) {
            (Some(device), Some(named)) if device != named => Holder::Nobody,
            (Some(device), _) | (None, Some(device)) => Holder::Device(device),
            (None, None) => Holder::Any,
        })
    }

    /// A device's certificates that match, in order. A device has few, so all are read.
    fn of_device(self, device: DeviceId, wanted: &Wanted) -> Result<Vec<Held>> {
        let ids = &self.inner.ids;
        let mut found = Vec::new();
        for (_, stored) in self.inner.held_by(device)? {
            let values = stored.values(ids);
            if wanted.passes::<Certificate>(&values) {
                found.push((ids.number(stored.id)?, values, stored));
            }
        }
        found.sort_by_key(|(number, ..)| *number);
        if wanted.descending {
            found.reverse();
        }
        Ok(found)
    }

    fn list_of(self, device: DeviceId, wanted: &Wanted, page: &Page) -> Result<Listing<Certificate>> {
        let ids = &self.inner.ids;
        let found = self.of_device(device, wanted)?;
        let total = page.total.then(|| u64::try_from(found.len()).unwrap_or(u64::MAX));
        let place = self.inner.place(Certificate::TABLE, wanted);
        let after = match page.after.as_deref().map(|text| read_cursor(text, place, ids)).transpose()? {
            Some(Cursor { value: Value::Null, key }) => Some(key),
            Some(_) => return Err(InputError::PageCursor.into()),
            None => None,
        };
        let limit = usize::try_from(page.limit.clamp(1, MAX_PAGE)).unwrap_or(1);
        let mut rest = found.into_iter().skip_while(|(number, ..)| match after {
            Some(after) if wanted.descending => *number >= after,
            Some(after) => *number <= after,
            None => false,
        });
        let mut last = None;
        let items = rest
            .by_ref()
            .take(limit)
            .map(|(number, _, stored)| {
                last = Some(number);
                stored.record
            })
            .collect();
        let more = rest.next().is_some();
        let next = last.filter(|_| more).map(|key| write_cursor(&Cursor { value: Value::Null, key }, place, ids));
        Ok(Listing { items, next, total })
    }

    fn tally_of(self, device: DeviceId, wanted: &Wanted, by: CertificateGrouping) -> Result<Vec<(Value, u64)>> {
        let mut counts = std::collections::BTreeMap::new();
        let at = by.column().and_then(|column| Certificate::TABLE.position(column));
        for (_, values, _) in self.of_device(device, wanted)? {
            let value = match (at.and_then(|at| values.get(at)), by.bucket()) {
                (Some(Value::Int(number)), Some(bucket)) => {
                    Value::Int(number.div_euclid(bucket).saturating_mul(bucket))
                }
                (Some(value), _) => value.clone(),
                (None, _) => Value::Null,
            };
            *counts.entry(value).or_insert(0) += 1;
        }
        Ok(counts.into_iter().collect())
    }
}

/// A certificate of a device: its number, its columns, its record.
type Held = (u64, Vec<Value>, Stored<Certificate>);

/// Whose certificates are wanted.
enum Holder {
    Any,
    Nobody,
    Device(DeviceId),
}

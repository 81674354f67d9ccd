//! How many there are of what.

use std::collections::BTreeMap;

use super::due::with_date;
use super::page::Wanted;
use super::{Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::id::{GroupId, ProductId};
use crate::key::KeyAlgorithm;
use crate::model::{
    Certificate, CertificateKind, CertificateState, CredentialKind, Device, DeviceState, KeyState, Psk, PskState,
    SymmetricKey,
};
use crate::store::record::{Cell, Record};
use crate::store::{Match, Tally, Value};
use crate::symmetric::SymmetricAlgorithm;

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
    /// Certificates that are in force or suspended, by the kind of their key. `None` counts those that an older version
    /// of the database recorded, until they are asked for by algorithm for the first time.
    pub certificates_by_algorithm: Vec<(Option<KeyAlgorithm>, u64)>,
    /// Certificates in force or suspended whose notAfter has passed.
    pub expired: u64,
    /// Symmetric keys by state.
    pub keys: Vec<(KeyState, u64)>,
    /// Symmetric keys that are not destroyed, by algorithm.
    pub keys_by_algorithm: Vec<(SymmetricAlgorithm, u64)>,
    /// Pre-shared keys by state.
    pub psks: Vec<(PskState, u64)>,
    /// Renewals of all kinds by the week in which they are due: the week's first moment (Thursdays, counted from 1970)
    /// and how many.
    pub due_by_week: Vec<(Timestamp, u64)>,
    /// Those of certificates.
    pub certificates_due_by_week: Vec<(Timestamp, u64)>,
    /// Those of symmetric keys.
    pub keys_due_by_week: Vec<(Timestamp, u64)>,
    /// Those of pre-shared keys.
    pub psks_due_by_week: Vec<(Timestamp, u64)>,
}

const WEEK: i64 = 604_800;

fn in_states(numbers: impl IntoIterator<Item = i64>) -> Wanted {
    let mut wanted = Wanted::default();
    wanted.and("state", Match::In(numbers.into_iter().map(Value::Int).collect()));
    wanted
}

impl Registry {
    /// How many there are of what.
    ///
    /// # Errors
    /// Store errors.
    pub fn counts(&self) -> Result<Counts> {
        let inner = &*self.inner;
        let all = Wanted::default;
        let living =
            || in_states([DeviceState::Discovered, DeviceState::Valid, DeviceState::Invalid].map(DeviceState::number));
        let issued =
            || in_states([CertificateState::Active, CertificateState::Suspended].map(CertificateState::number));
        let kept = in_states([KeyState::Active, KeyState::Suspended, KeyState::Compromised].map(KeyState::number));
        let mut expired = issued();
        expired.and("not_after", Match::Range { from: None, to: Some(Value::Int(inner.now()?.unix())) });
        let certificates_due_by_week = inner.due_by_week(CredentialKind::Certificate)?;
        let keys_due_by_week = inner.due_by_week(CredentialKind::Key)?;
        let psks_due_by_week = inner.due_by_week(CredentialKind::Psk)?;
        let mut due_by_week = BTreeMap::new();
        for (week, count) in [&certificates_due_by_week, &keys_due_by_week, &psks_due_by_week].into_iter().flatten() {
            let sum = due_by_week.entry(*week).or_insert(0_u64);
            *sum = sum.saturating_add(*count);
        }
        Ok(Counts {
            devices: inner.counted::<Device, _>(all(), "state")?,
            devices_by_group: inner.counted::<Device, _>(living(), "group")?,
            devices_by_product: inner.counted::<Device, _>(living(), "product")?,
            certificates: inner.counted::<Certificate, _>(all(), "state")?,
            certificates_by_kind: inner.counted::<Certificate, _>(all(), "kind")?,
            certificates_by_algorithm: inner.counted::<Certificate, _>(issued(), "algorithm")?,
            expired: inner.total_of(Certificate::TABLE, expired)?,
            keys: inner.counted::<SymmetricKey, _>(all(), "state")?,
            keys_by_algorithm: inner.counted::<SymmetricKey, _>(kept, "algorithm")?,
            psks: inner.counted::<Psk, _>(all(), "state")?,
            due_by_week: due_by_week.into_iter().collect(),
            certificates_due_by_week,
            keys_due_by_week,
            psks_due_by_week,
        })
    }
}

impl Inner {
    /// How many records have which value in column `by`.
    fn counted<T: Record, C: Cell>(&self, wanted: Wanted, by: &'static str) -> Result<Vec<(C, u64)>> {
        let counts = self.tally::<T>(wanted, Some(by), None)?;
        Ok(counts.into_iter().filter_map(|(value, count)| Some((C::from_value(value, &self.ids)?, count))).collect())
    }

    /// How many rows are wanted.
    pub(super) fn total_of(&self, table: &'static crate::store::schema::Table, wanted: Wanted) -> Result<u64> {
        let counts = self.store()?.count(&Tally { table, filters: wanted.filters, by: None, bucket: None })?;
        Ok(counts.first().map_or(0, |(_, count)| *count))
    }

    fn due_by_week(&self, kind: CredentialKind) -> Result<Vec<(Timestamp, u64)>> {
        let counts = self.store()?.count(&Tally {
            table: super::merge::table_of(kind),
            filters: with_date(kind).filters,
            by: Some("renew_at"),
            bucket: Some(WEEK),
        })?;
        let typed = counts.into_iter();
        Ok(typed.filter_map(|(value, count)| Some((Timestamp::from_value(value, &self.ids)?, count))).collect())
    }
}

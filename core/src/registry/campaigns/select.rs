//! Which credentials a campaign is about.

use super::Campaigns;
use crate::Result;
use crate::env::Timestamp;
use crate::error::{CampaignError, InputError};
use crate::id::{AuthorityId, CertificateId, Entity as EntityKind, GroupId, Id, KeyId, ProductId, PskId};
use crate::key::KeyAlgorithm;
use crate::model::{
    Certificate, CertificateKind, CertificateState, CredentialKind, Device, KeyState, Member, PskState,
};
use crate::registry::Inner;
use crate::registry::merge::table_of;
use crate::registry::page::Wanted;
use crate::store::record::{Cell, Record, at};
use crate::store::schema::Table;
use crate::store::{Filter, MAX_PAGE, Match, Query, Row, RowRef, Value};
use crate::symmetric::SymmetricAlgorithm;

/// The most credentials that can be named one by one.
const MOST_LISTED: usize = 100_000;
/// How many rows are looked at together.
const BATCH: usize = 1_000;

/// Which credentials a campaign is about: those in force or suspended that match everything given, or those that are
/// named one by one. The credentials that the units of a product share are never among them: see
/// [`renew_credential`](crate::Products::renew_credential).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these kinds; empty stands for all.
    pub kinds: Vec<CredentialKind>,
    /// With keys of this algorithm, such as `rsa-2048` (certificates) or `aes-128` (symmetric keys).
    pub algorithm: Option<String>,
    /// Issued by this generation of an authority; only certificates are.
    pub authority: Option<AuthorityId>,
    /// Of this product's devices. A key that several devices share goes by the first of them.
    pub product: Option<ProductId>,
    /// Of devices in this group, or of the group itself.
    pub group: Option<GroupId>,
    /// Whose present value was issued at this moment or later.
    pub issued_from: Option<Timestamp>,
    /// Whose present value was issued before this moment.
    pub issued_to: Option<Timestamp>,
    /// These certificates. Whoever names credentials selects by nothing else, and at most 100,000.
    pub certificates: Vec<CertificateId>,
    /// These symmetric keys.
    pub keys: Vec<KeyId>,
    /// These pre-shared keys.
    pub psks: Vec<PskId>,
}

/// What a selection would select now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CampaignPreview {
    /// Certificates.
    pub certificates: u64,
    /// Symmetric keys.
    pub keys: u64,
    /// Pre-shared keys.
    pub psks: u64,
    /// Product credentials that match too, but are renewed by [`renew_credential`](crate::Products::renew_credential) and
    /// not by a campaign.
    pub product_credentials: u64,
}

/// An algorithm by its name, which says whose it is.
#[derive(Clone, Copy)]
enum Algorithm {
    Certificate(KeyAlgorithm),
    Key(SymmetricAlgorithm),
}

fn unusable(reason: &str) -> crate::Error {
    CampaignError::Selection { reason: reason.to_owned() }.into()
}

impl Selection {
    /// Whether the credentials are named one by one.
    pub(super) fn is_listed(&self) -> bool {
        self.listed() > 0
    }

    fn listed(&self) -> usize {
        self.certificates.len().saturating_add(self.keys.len()).saturating_add(self.psks.len())
    }

    /// Whether it can be meant.
    ///
    /// # Errors
    /// `campaign.selection`.
    pub(super) fn check(&self) -> Result<()> {
        let range = self.issued_from.is_some() || self.issued_to.is_some();
        let holder = self.authority.is_some() || self.product.is_some() || self.group.is_some();
        let by_rule = range || holder || self.algorithm.is_some();
        if self.is_listed() && (by_rule || !self.kinds.is_empty()) {
            return Err(unusable("it names credentials and selects by other things as well; use one of both"));
        }
        if self.listed() > MOST_LISTED {
            return Err(unusable("it names more than 100,000 credentials; select by what they have in common"));
        }
        if !self.is_listed() && !by_rule && self.kinds.is_empty() {
            return Err(unusable("it selects by nothing; name all kinds if everything is meant"));
        }
        if let (Some(from), Some(to)) = (self.issued_from, self.issued_to)
            && from >= to
        {
            return Err(unusable("issued_from is not before issued_to"));
        }
        self.algorithm().map(drop)
    }

    fn algorithm(&self) -> Result<Option<Algorithm>> {
        let Some(name) = &self.algorithm else { return Ok(None) };
        if let Ok(algorithm) = name.parse() {
            return Ok(Some(Algorithm::Certificate(algorithm)));
        }
        match name.parse() {
            Ok(algorithm) => Ok(Some(Algorithm::Key(algorithm))),
            Err(_) => Err(unusable("it names an algorithm that certificates and symmetric keys do not have")),
        }
    }

    /// The rows of this kind that are selected, but for the device's product; `None` when there can be none.
    fn wanted(&self, inner: &Inner, kind: CredentialKind, now: Timestamp) -> Result<Option<Wanted>> {
        let ids = &inner.ids;
        let algorithm = self.algorithm()?;
        let mut wanted = in_force(kind, now);
        match (kind, algorithm) {
            _ if !self.kinds.is_empty() && !self.kinds.contains(&kind) => return Ok(None),
            (_, None) => {}
            (CredentialKind::Certificate, Some(Algorithm::Certificate(algorithm))) => {
                wanted = wanted.eq("algorithm", algorithm.to_value(ids));
            }
            (CredentialKind::Key, Some(Algorithm::Key(algorithm))) => {
                wanted = wanted.eq("algorithm", algorithm.to_value(ids));
            }
            _ => return Ok(None),
        }
        if let Some(authority) = self.authority {
            if kind != CredentialKind::Certificate {
                return Ok(None);
            }
            wanted = wanted.eq("authority", authority.to_value(ids));
        }
        if let Some(product) = self.product
            && kind == CredentialKind::Certificate
        {
            wanted = wanted.eq("product", product.to_value(ids));
        }
        if let Some(group) = self.group {
            wanted = wanted.eq("group", group.to_value(ids));
        }
        if self.issued_from.is_some() || self.issued_to.is_some() {
            let bound = |time: Option<Timestamp>| time.map(|time| Value::Int(time.unix()));
            wanted.and("issued", Match::Range { from: bound(self.issued_from), to: bound(self.issued_to) });
        }
        Ok(Some(wanted))
    }

    /// Whether rows of this kind are told apart by their device's product.
    fn by_device(&self, kind: CredentialKind) -> Option<ProductId> {
        self.product.filter(|_| kind != CredentialKind::Certificate)
    }
}

/// What a campaign can replace: certificates that count, or will again when they are resumed, and keys that are not gone.
fn in_force(kind: CredentialKind, now: Timestamp) -> Wanted {
    let states: Vec<i64> = match kind {
        CredentialKind::Certificate => {
            vec![CertificateState::Active.number(), CertificateState::Suspended.number()]
        }
        CredentialKind::Key => {
            vec![KeyState::Active.number(), KeyState::Suspended.number(), KeyState::Compromised.number()]
        }
        CredentialKind::Psk => vec![PskState::Active.number(), PskState::Suspended.number()],
    };
    let mut wanted = Wanted::default();
    wanted.and("state", Match::In(states.into_iter().map(Value::Int).collect()));
    if kind == CredentialKind::Certificate {
        let kinds = [CertificateKind::Device, CertificateKind::Other];
        wanted.and("kind", Match::In(kinds.map(|kind| Value::Int(kind.number())).to_vec()));
        wanted.and("deleted", Match::Eq(Value::Int(0)));
        wanted.and("not_after", Match::Range { from: Some(Value::Int(now.unix())), to: None });
    }
    wanted
}

/// Those of `wanted` certificates that were renewed, and whose grace period is over. Only what is active or suspended has
/// a date there, so the state need not be asked for, which would keep SQLite from looking the date up.
fn retired(mut wanted: Wanted, now: Timestamp) -> Wanted {
    wanted.filters.retain(|filter| filter.column != "state");
    wanted.and("retires", Match::Range { from: None, to: Some(Value::Int(now.plus(1).unix())) });
    wanted
}

fn integer(row: &Row, column: &str) -> Option<i64> {
    match row.table.position(column).and_then(|at| row.values.get(at)) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

fn passes(row: &Row, filters: &[Filter]) -> bool {
    filters.iter().all(|filter| {
        let value = row.table.position(filter.column).and_then(|at| row.values.get(at));
        value.is_some_and(|value| filter.passes(value))
    })
}

/// The member that a row is, unless it is a certificate that was replaced.
fn member(row: &Row, kind: CredentialKind, now: Timestamp) -> Option<Member> {
    let version = match kind {
        CredentialKind::Certificate if integer(row, "retires").is_some_and(|at| at <= now.unix()) => return None,
        CredentialKind::Certificate => 0,
        CredentialKind::Key => integer(row, "key_version")?,
        CredentialKind::Psk => integer(row, "secret_version")?,
    };
    Some(Member { number: row.key, version: u32::try_from(version).ok()? })
}

impl Campaigns<'_> {
    /// How many credentials a selection selects now. A million of them take about a second.
    ///
    /// # Errors
    /// `campaign.selection` with the reason; `input.unknown_id` for what does not exist.
    pub fn preview(&self, selection: &Selection) -> Result<CampaignPreview> {
        let now = self.inner.now()?;
        selection.check()?;
        self.inner.prepare_selection(selection)?;
        let count = |kind| self.inner.count_selected(selection, kind, now);
        let (certificates, product_credentials) = if selection.is_listed() {
            (count(CredentialKind::Certificate)?, 0)
        } else {
            self.inner.count_certificates(selection, now)?
        };
        Ok(CampaignPreview {
            certificates,
            keys: count(CredentialKind::Key)?,
            psks: count(CredentialKind::Psk)?,
            product_credentials,
        })
    }
}

impl Inner {
    /// What must be done before certificates can be selected.
    pub(super) fn prepare_selection(&self, selection: &Selection) -> Result<()> {
        match selection.algorithm()? {
            Some(Algorithm::Certificate(_)) => self.know_algorithms(),
            _ => Ok(()),
        }
    }

    fn count_selected(&self, selection: &Selection, kind: CredentialKind, now: Timestamp) -> Result<u64> {
        if selection.is_listed() || selection.by_device(kind).is_some() {
            let mut count = 0;
            self.selected(selection, kind, now, |members| {
                count = u64::try_from(members.len()).unwrap_or(u64::MAX).saturating_add(count);
            })?;
            return Ok(count);
        }
        match selection.wanted(self, kind, now)? {
            Some(wanted) => self.total_of(table_of(kind), wanted),
            None => Ok(0),
        }
    }

    /// How many certificates are selected by what they have in common, and how many product credentials would be.
    fn count_certificates(&self, selection: &Selection, now: Timestamp) -> Result<(u64, u64)> {
        let Some(wanted) = selection.wanted(self, CredentialKind::Certificate, now)? else { return Ok((0, 0)) };
        let retired = self.total_of(Certificate::TABLE, retired(wanted.clone(), now))?;
        let mut any = wanted;
        any.filters.retain(|filter| filter.column != "kind");
        let (mut certificates, mut credentials) = (0_u64, 0);
        for (kind, count) in self.tally::<Certificate>(any, Some("kind"), None)? {
            if kind == Value::Int(CertificateKind::Product.number()) {
                credentials = count;
            } else {
                certificates = certificates.saturating_add(count);
            }
        }
        Ok((certificates.saturating_sub(retired), credentials))
    }

    /// Calls `each` with the selected credentials of a kind, some at a time, in the order of their numbers.
    pub(super) fn selected(
        &self,
        selection: &Selection,
        kind: CredentialKind,
        now: Timestamp,
        mut each: impl FnMut(&[Member]),
    ) -> Result<()> {
        if selection.is_listed() {
            return match kind {
                CredentialKind::Certificate => self.listed(&selection.certificates, kind, now, each),
                CredentialKind::Key => self.listed(&selection.keys, kind, now, each),
                CredentialKind::Psk => self.listed(&selection.psks, kind, now, each),
            };
        }
        let Some(mut wanted) = selection.wanted(self, kind, now)? else { return Ok(()) };
        // Almost every row has one of these states. A store that looked them up would have to sort the rows for each page.
        let (states, filters): (Vec<_>, Vec<_>) = wanted.filters.into_iter().partition(|f| f.column == "state");
        wanted.filters = filters;
        let product = selection.by_device(kind).map(|product| product.to_value(&self.ids));
        let mut after = None;
        loop {
            let page = self.store()?.find(&Query {
                table: table_of(kind),
                filters: wanted.filters.clone(),
                order: None,
                descending: false,
                after,
                limit: MAX_PAGE,
                total: false,
            })?;
            let rows = match &product {
                Some(product) => self.of_product(page.rows, product)?,
                None => page.rows,
            };
            let counts = |row: &&Row| passes(row, &states);
            each(&rows.iter().filter(counts).filter_map(|row| member(row, kind, now)).collect::<Vec<_>>());
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Those rows whose device is of this product.
    fn of_product(&self, rows: Vec<Row>, product: &Value) -> Result<Vec<Row>> {
        let devices: Vec<Option<u64>> =
            rows.iter().map(|row| integer(row, "device").and_then(|number| u64::try_from(number).ok())).collect();
        let column = Device::TABLE.position("product");
        let mut kept = Vec::new();
        let mut rows = rows.into_iter();
        for devices in devices.chunks(BATCH) {
            let wanted: Vec<RowRef> = devices.iter().map(|number| at::<Device>(number.unwrap_or(0))).collect();
            let devices = self.store()?.get(&wanted)?;
            for (device, row) in devices.into_iter().zip(rows.by_ref()) {
                let of = column.and_then(|at| device.as_ref()?.values.get(at).cloned());
                if of.as_ref() == Some(product) {
                    kept.push(row);
                }
            }
        }
        Ok(kept)
    }

    /// Those that are named, without those that are out of force for good.
    fn listed<K: EntityKind>(
        &self,
        named: &[Id<K>],
        kind: CredentialKind,
        now: Timestamp,
        mut each: impl FnMut(&[Member]),
    ) -> Result<()> {
        let mut numbers = named.iter().map(|id| self.ids.number(*id)).collect::<Result<Vec<_>>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        let table: &'static Table = table_of(kind);
        let wanted = in_force(kind, now);
        for numbers in numbers.chunks(BATCH) {
            let rows = self.store()?.get(&numbers.iter().map(|&key| RowRef { table, key }).collect::<Vec<_>>())?;
            let mut members = Vec::new();
            for row in rows {
                let row = row.ok_or(InputError::UnknownId { what: K::NAME })?;
                if passes(&row, &wanted.filters) {
                    members.extend(member(&row, kind, now));
                }
            }
            each(&members);
        }
        Ok(())
    }
}

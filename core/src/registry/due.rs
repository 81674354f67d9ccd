//! What is due: certificates, symmetric keys and pre-shared keys to be renewed, CRLs to be made anew; in one list.

use super::merge::Source;
use super::page::{Listing, Page, Wanted};
use super::{Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::id::{DeviceId, GroupId};
use crate::model::{Certificate, CredentialKind, CrlState, KeyState, Psk, PskState, SymmetricKey};
use crate::store::record::Cell;
use crate::store::{Match, Value};

/// Of what kind something is that can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DueKind {
    /// A certificate.
    Certificate,
    /// A symmetric key.
    Key,
    /// A pre-shared key.
    Psk,
    /// A CRL.
    Crl,
}

impl DueKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Certificate, Self::Key, Self::Psk, Self::Crl];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
            Self::Psk => "psk",
            Self::Crl => "crl",
        }
    }
}

impl DueKind {
    /// The kind of credential that it is.
    pub const fn credential(self) -> Option<CredentialKind> {
        match self {
            Self::Certificate => Some(CredentialKind::Certificate),
            Self::Key => Some(CredentialKind::Key),
            Self::Psk => Some(CredentialKind::Psk),
            Self::Crl => None,
        }
    }
}

impl std::fmt::Display for DueKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl From<CredentialKind> for DueKind {
    fn from(kind: CredentialKind) -> Self {
        match kind {
            CredentialKind::Certificate => Self::Certificate,
            CredentialKind::Key => Self::Key,
            CredentialKind::Psk => Self::Psk,
        }
    }
}

/// What is asked for by [`due`](Registry::due).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Until which moment to look.
    pub until: Timestamp,
    /// Only this group's; CRLs are no group's.
    pub group: Option<GroupId>,
    /// Only these kinds; empty stands for all.
    pub kinds: Vec<DueKind>,
}

impl Due {
    /// Everything due until `until`.
    pub const fn until(until: Timestamp) -> Self {
        Self { until, group: None, kinds: Vec::new() }
    }
}

/// Something to be renewed, or made anew.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DueItem {
    /// A certificate.
    Certificate(Certificate),
    /// A symmetric key.
    Key(SymmetricKey),
    /// A pre-shared key.
    Psk(Psk),
    /// A CRL: [`refresh_crls`](crate::Authorities::refresh_crls) or [`crl`](crate::Authorities::crl) makes it.
    Crl(CrlState),
}

impl DueItem {
    /// Of what kind it is.
    pub const fn kind(&self) -> DueKind {
        match self {
            Self::Certificate(_) => DueKind::Certificate,
            Self::Key(_) => DueKind::Key,
            Self::Psk(_) => DueKind::Psk,
            Self::Crl(_) => DueKind::Crl,
        }
    }

    /// When it is due; `None` once its renewal is under way.
    pub const fn renew_at(&self) -> Option<Timestamp> {
        match self {
            Self::Certificate(certificate) => certificate.renew_at,
            Self::Key(key) => key.renew_at,
            Self::Psk(psk) => psk.renew_at,
            Self::Crl(crl) => crl.refresh_at,
        }
    }

    /// The device it belongs to, or the first of several.
    pub const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Certificate(certificate) => certificate.device,
            Self::Key(key) => key.device,
            Self::Psk(psk) => Some(psk.device),
            Self::Crl(_) => None,
        }
    }

    /// The group of its device, or the one that owns it.
    pub const fn group(&self) -> Option<GroupId> {
        match self {
            Self::Certificate(certificate) => certificate.group,
            Self::Key(key) => key.group,
            Self::Psk(psk) => psk.group,
            Self::Crl(_) => None,
        }
    }

    /// The certificate itself, if it is one.
    pub fn into_certificate(self) -> Option<Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Key(_) | Self::Psk(_) | Self::Crl(_) => None,
        }
    }

    /// The certificate, if it is one.
    pub const fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Key(_) | Self::Psk(_) | Self::Crl(_) => None,
        }
    }
}

/// The credentials of this kind whose date counts.
fn renewing(kind: CredentialKind) -> Wanted {
    let states = |states: &[i64]| {
        let mut wanted = Wanted::default();
        wanted.and("state", Match::In(states.iter().copied().map(Value::Int).collect()));
        wanted
    };
    match kind {
        // Of those with a date, only suspended ones are not in force. Asked for by state, which is indexed, SQLite would
        // take all that are in force and sort them, instead of going along the dates.
        CredentialKind::Certificate => Wanted::default().eq("suspended_by", Value::Null),
        // A compromised key needs it most.
        CredentialKind::Key => states(&[KeyState::Active.number(), KeyState::Compromised.number()]),
        CredentialKind::Psk => states(&[PskState::Active.number()]),
    }
}

/// The credentials of this kind that wait for a renewal, whenever that is due.
pub(super) fn with_date(kind: CredentialKind) -> Wanted {
    let mut wanted = renewing(kind);
    wanted.and("renew_at", Match::Range { from: Some(Value::Int(Timestamp::MIN.unix())), to: None });
    wanted
}

impl Registry {
    /// What should be renewed until a moment, the most urgent first: by its own lifetime or its group's interval,
    /// whichever comes first, or because a campaign asks for it. Due dates are spread so that a fleet does not come back
    /// at once. What is suspended, revoked or destroyed is not due (NEC-36, NEC-42). CRLs are due some time before their
    /// nextUpdate, also when nobody was revoked, and those of a new shard at once.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// use tegata::{Due, DueKind, Page, Timestamp};
    /// let due = Due { kinds: vec![DueKind::Certificate], ..Due::until(Timestamp::MAX) };
    /// for item in registry.due(&due, &Page::of(100))?.items {
    ///     println!("{} of {:?}", item.kind(), item.device());
    /// }
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// `input.page_cursor` for a cursor of another list, such as one of other kinds; store errors.
    pub fn due(&self, due: &Due, page: &Page) -> Result<Listing<DueItem>> {
        let inner = &*self.inner;
        let wanted = |kind| due.kinds.is_empty() || due.kinds.contains(&kind);
        let to = Some(Value::Int(due.until.plus(1).unix()));
        let credentials = CredentialKind::ALL.iter().filter(|&&kind| wanted(kind.into()));
        let mut sources: Vec<Source> = credentials
            .map(|&kind| {
                let mut wanted = Wanted { order: Some("renew_at"), ..renewing(kind) };
                wanted.and("renew_at", Match::Range { from: None, to: to.clone() });
                if let Some(group) = due.group {
                    wanted.and("group", Match::Eq(group.to_value(&inner.ids)));
                }
                Source { kind: kind.into(), wanted }
            })
            .collect();
        if wanted(DueKind::Crl) && due.group.is_none() {
            let mut wanted = Wanted { order: Some("refresh_at"), ..Wanted::default() };
            wanted.and("refresh_at", Match::Range { from: None, to });
            if page.after.is_none() {
                inner.adopt_lists()?;
            }
            sources.push(Source { kind: DueKind::Crl, wanted });
        }
        let list = sources.iter().fold("due".to_owned(), |list, source| format!("{list} {}", source.kind));
        inner.merge(&list, &sources, page)
    }
}

impl Inner {
    /// When a certificate is due in a group that renews every `days` days. What a campaign asks for stays due.
    pub(super) fn due_of(&self, certificate: &Certificate, days: Option<u32>) -> Result<Timestamp> {
        if let (Some(_), Some(asked)) = (certificate.campaign, certificate.renew_at) {
            return Ok(asked);
        }
        let profile = self.profile(certificate.profile)?;
        let own = profile.renew_at(&certificate.serial, certificate.issued, certificate.not_after);
        Ok(match days {
            Some(days) => own.min(profile.renew_at_interval(&certificate.serial, certificate.issued, days)),
            None => own,
        })
    }
}

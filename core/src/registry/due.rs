//! What is due for renewal: certificates, symmetric keys and pre-shared keys in one list.

use super::merge::Source;
use super::page::{Listing, Page, Wanted};
use super::{Inner, Registry};
use crate::Result;
use crate::env::Timestamp;
use crate::id::{DeviceId, GroupId};
use crate::model::{Certificate, CredentialKind, KeyState, Psk, PskState, SymmetricKey};
use crate::store::record::Cell;
use crate::store::{Match, Value};

/// What is asked for by [`due`](Registry::due).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Until which moment to look.
    pub until: Timestamp,
    /// Only this group's.
    pub group: Option<GroupId>,
    /// Only these kinds; empty stands for all.
    pub kinds: Vec<CredentialKind>,
}

impl Due {
    /// Everything due until `until`.
    pub const fn until(until: Timestamp) -> Self {
        Self { until, group: None, kinds: Vec::new() }
    }
}

/// Something to be renewed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DueItem {
    /// A certificate.
    Certificate(Certificate),
    /// A symmetric key.
    Key(SymmetricKey),
    /// A pre-shared key.
    Psk(Psk),
}

impl DueItem {
    /// Of what kind it is.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Certificate(_) => CredentialKind::Certificate,
            Self::Key(_) => CredentialKind::Key,
            Self::Psk(_) => CredentialKind::Psk,
        }
    }

    /// When it is due; `None` once its renewal is under way.
    pub const fn renew_at(&self) -> Option<Timestamp> {
        match self {
            Self::Certificate(certificate) => certificate.renew_at,
            Self::Key(key) => key.renew_at,
            Self::Psk(psk) => psk.renew_at,
        }
    }

    /// The device it belongs to, or the first of several.
    pub const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Certificate(certificate) => certificate.device,
            Self::Key(key) => key.device,
            Self::Psk(psk) => Some(psk.device),
        }
    }

    /// The group of its device, or the one that owns it.
    pub const fn group(&self) -> Option<GroupId> {
        match self {
            Self::Certificate(certificate) => certificate.group,
            Self::Key(key) => key.group,
            Self::Psk(psk) => psk.group,
        }
    }

    /// The certificate itself, if it is one.
    pub fn into_certificate(self) -> Option<Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Key(_) | Self::Psk(_) => None,
        }
    }

    /// The certificate, if it is one.
    pub const fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Key(_) | Self::Psk(_) => None,
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
    /// at once. What is suspended, revoked or destroyed is not due (NEC-36, NEC-42).
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// use tegata::{Due, Page, Timestamp, model::CredentialKind};
    /// let due = Due { kinds: vec![CredentialKind::Certificate], ..Due::until(Timestamp::MAX) };
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
        let kinds = CredentialKind::ALL.iter().filter(|kind| due.kinds.is_empty() || due.kinds.contains(kind));
        let sources: Vec<Source> = kinds
            .map(|&kind| {
                let mut wanted = Wanted { order: Some("renew_at"), ..renewing(kind) };
                let to = Some(Value::Int(due.until.plus(1).unix()));
                wanted.and("renew_at", Match::Range { from: None, to });
                if let Some(group) = due.group {
                    wanted.and("group", Match::Eq(group.to_value(&inner.ids)));
                }
                Source { kind, wanted }
            })
            .collect();
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

//! What a renewal campaign is, and the states of its life.

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::CampaignError;
use crate::id::{AuthorityId, CampaignId, GroupId, ProductId};
use crate::x509::RevocationReason;

stored_enum! {
    /// The kinds of credentials that are renewed.
    CredentialKind {
        /// A certificate.
        Certificate = 1 "certificate",
        /// A symmetric key.
        Key = 2 "key",
        /// A pre-shared key.
        Psk = 3 "psk",
    }
}

stored_enum! {
    /// Where a campaign stands.
    CampaignState {
        /// Its waves are released when their time comes.
        Running = 1 "running",
        /// It waits to be resumed.
        Paused = 2 "paused",
        /// Everybody was asked, and nobody is waited for any more.
        Finished = 3 "finished",
        /// It was given up.
        Cancelled = 4 "cancelled",
    }
}

stored_enum! {
    /// How a campaign has credentials replaced.
    ReissuePolicy {
        /// They become due at once: their holders renew them by the ordinary procedure.
        Due = 1 "due",
        /// Symmetric keys and readable pre-shared keys get their new value at once, from the registry. Certificates, and
        /// pre-shared keys that cannot be read and therefore not be fetched, become due.
        Rotate = 2 "rotate",
    }
}

/// A campaign: many credentials that are replaced, wave by wave (NEC-63).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Campaign {
    /// Names the campaign.
    pub id: CampaignId,
    /// What people call it.
    pub name: String,
    /// Its state.
    pub state: CampaignState,
    /// The kinds that were selected; empty stands for all.
    pub kinds: Vec<CredentialKind>,
    /// The algorithm that was selected.
    pub algorithm: Option<String>,
    /// The generation of an authority whose certificates were selected.
    pub authority: Option<AuthorityId>,
    /// The product whose devices' credentials were selected.
    pub product: Option<ProductId>,
    /// The group whose devices' credentials were selected.
    pub group: Option<GroupId>,
    /// What was issued from this moment on was selected.
    pub issued_from: Option<Timestamp>,
    /// What was issued before this moment was selected.
    pub issued_to: Option<Timestamp>,
    /// Whether the credentials were named one by one.
    pub listed: bool,
    /// How many credentials one wave has.
    pub wave_size: u32,
    /// How long after the beginning of a wave the next one may begin, in seconds.
    pub wave_seconds: u32,
    /// How the credentials are replaced.
    pub policy: ReissuePolicy,
    /// For how long old values count beside the new ones where the registry makes them, in days.
    pub grace_days: u32,
    /// After how many days whoever has not come is shut out.
    pub revoke_after_days: Option<u32>,
    /// The reason for which their certificates are revoked.
    pub revocation: RevocationReason,
    /// Why there is a campaign, in words.
    pub reason: Option<String>,
    /// How many credentials were selected. It does not change: what is issued after the start is not among them.
    pub selected: u64,
    /// How many of them had their turn.
    pub released: u64,
    /// Which wave was released last, from 1; 0 before the first.
    pub wave: u32,
    /// When the next wave may begin; `None` after the last.
    pub next_wave_at: Option<Timestamp>,
    /// When it was started.
    pub started: Timestamp,
    /// When it was finished or cancelled.
    pub ended: Option<Timestamp>,
    /// How many of the present wave are still to be released.
    pub(crate) wave_left: u32,
    /// How many members of the first part that is kept were released.
    pub(crate) position: u32,
}

impl Campaign {
    /// Whether its waves may be released.
    ///
    /// # Errors
    /// `campaign.paused`, `campaign.finished` or `campaign.cancelled`.
    pub const fn check_running(&self) -> Result<(), CampaignError> {
        match self.state {
            CampaignState::Running => Ok(()),
            CampaignState::Paused => Err(CampaignError::Paused),
            CampaignState::Finished => Err(CampaignError::Finished),
            CampaignState::Cancelled => Err(CampaignError::Cancelled),
        }
    }

    /// Stopped for now.
    ///
    /// # Errors
    /// `campaign.not_running` when it is stopped already; when it has ended.
    pub fn paused(mut self) -> Result<Self, CampaignError> {
        match self.check_running() {
            Ok(()) => {
                self.state = CampaignState::Paused;
                Ok(self)
            }
            Err(CampaignError::Paused) => Err(CampaignError::NotRunning),
            Err(ended) => Err(ended),
        }
    }

    /// Going on.
    ///
    /// # Errors
    /// `campaign.not_paused` when it runs; when it has ended.
    pub fn resumed(mut self) -> Result<Self, CampaignError> {
        match self.check_running() {
            Ok(()) => Err(CampaignError::NotPaused),
            Err(CampaignError::Paused) => {
                self.state = CampaignState::Running;
                Ok(self)
            }
            Err(ended) => Err(ended),
        }
    }

    /// Given up: what had no turn yet never has one.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cancelled(mut self, now: Timestamp) -> Result<Self, CampaignError> {
        match self.check_running() {
            Ok(()) | Err(CampaignError::Paused) => {
                self.state = CampaignState::Cancelled;
                (self.ended, self.next_wave_at, self.wave_left) = (Some(now), None, 0);
                Ok(self)
            }
            Err(ended) => Err(ended),
        }
    }

    /// Over: everybody had a turn, and nobody is waited for.
    ///
    /// # Errors
    /// Unless it runs.
    pub fn finished(mut self, now: Timestamp) -> Result<Self, CampaignError> {
        self.check_running()?;
        self.state = CampaignState::Finished;
        (self.ended, self.next_wave_at) = (Some(now), None);
        Ok(self)
    }

    /// Whether everybody had a turn.
    pub const fn is_released(&self) -> bool {
        self.released >= self.selected
    }

    /// With a wave under way, if there is one or its time has come; `None` when there is nothing to release now.
    #[must_use]
    pub(crate) fn in_wave(mut self, now: Timestamp) -> Option<Self> {
        if self.is_released() {
            return None;
        }
        if self.wave_left == 0 {
            // The pause counts from the beginning of the wave before: after a long sleep, one wave goes out and not many.
            if self.next_wave_at.is_some_and(|next| now < next) {
                return None;
            }
            self.wave = self.wave.saturating_add(1);
            self.wave_left = self.wave_size;
            self.next_wave_at = Some(now.plus(self.wave_seconds.into()));
        }
        Some(self)
    }

    /// With `count` more released, of a part that has `in_part` members; and whether that was the last of the part.
    pub(crate) fn advanced(mut self, count: u32, in_part: u32) -> (Self, bool) {
        self.released = self.released.saturating_add(count.into());
        self.wave_left = self.wave_left.saturating_sub(count);
        self.position = self.position.saturating_add(count);
        let part_done = self.position >= in_part;
        if part_done {
            self.position = 0;
        }
        if self.is_released() {
            (self.wave_left, self.next_wave_at) = (0, None);
        }
        (self, part_done)
    }
}

/// Some members of a campaign that had no turn yet: fixed when it starts, gone when all of them had theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CampaignPart {
    /// Its number.
    pub(crate) key: u64,
    /// Whose.
    pub(crate) campaign: CampaignId,
    /// Of what kind they are.
    pub(crate) kind: CredentialKind,
    /// Record numbers and versions, in order.
    pub(crate) members: Vec<u8>,
}

/// A member of a campaign: the number of its record, and which version of its value was selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member {
    pub(crate) number: u64,
    pub(crate) version: u32,
}

impl CampaignPart {
    /// The members in one column: twelve octets each, the number and the version.
    pub(crate) fn pack(members: &[Member]) -> Vec<u8> {
        let octets = |member: &Member| {
            member.number.to_be_bytes().into_iter().chain(member.version.to_be_bytes()).collect::<Vec<_>>()
        };
        members.iter().flat_map(octets).collect()
    }

    /// The members back from the column; what is not twelve octets long is none.
    pub(crate) fn unpack(&self) -> Vec<Member> {
        let member = |octets: &[u8]| {
            let (number, version) = octets.split_at_checked(8)?;
            Some(Member {
                number: u64::from_be_bytes(number.try_into().ok()?),
                version: u32::from_be_bytes(version.try_into().ok()?),
            })
        };
        self.members.chunks(12).filter_map(member).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn campaign(state: CampaignState) -> Campaign {
        Campaign {
            id: CampaignId::from_bytes([0; 16]),
            name: String::new(),
            state,
            kinds: Vec::new(),
            algorithm: None,
            authority: None,
            product: None,
            group: None,
            issued_from: None,
            issued_to: None,
            listed: false,
            wave_size: 10,
            wave_seconds: 60,
            policy: ReissuePolicy::Due,
            grace_days: 0,
            revoke_after_days: None,
            revocation: RevocationReason::PrivilegeWithdrawn,
            reason: None,
            selected: 25,
            released: 0,
            wave: 0,
            next_wave_at: Some(NOW),
            started: NOW,
            ended: None,
            wave_left: 0,
            position: 0,
        }
    }

    #[test]
    fn each_state_allows_what_it_should_and_names_why_not() {
        use CampaignError as No;
        use CampaignState::{Cancelled, Finished, Paused, Running};
        let table = [
            (Running, Ok(Paused), Err(No::NotPaused), Ok(Cancelled), Ok(Finished)),
            (Paused, Err(No::NotRunning), Ok(Running), Ok(Cancelled), Err(No::Paused)),
            (Finished, Err(No::Finished), Err(No::Finished), Err(No::Finished), Err(No::Finished)),
            (Cancelled, Err(No::Cancelled), Err(No::Cancelled), Err(No::Cancelled), Err(No::Cancelled)),
        ];
        for (state, pause, resume, cancel, finish) in table {
            let of = |changed: Result<Campaign, No>| changed.map(|campaign| campaign.state);
            assert_eq!(of(campaign(state).paused()), pause, "{state}");
            assert_eq!(of(campaign(state).resumed()), resume, "{state}");
            assert_eq!(of(campaign(state).cancelled(NOW)), cancel, "{state}");
            assert_eq!(of(campaign(state).finished(NOW)), finish, "{state}");
        }
    }

    #[test]
    fn waves_begin_when_their_time_has_come_and_never_two_at_once() {
        let first = campaign(CampaignState::Running).in_wave(NOW).unwrap();
        assert_eq!((first.wave, first.wave_left, first.next_wave_at), (1, 10, Some(NOW.plus(60))));
        let (first, part_done) = first.advanced(10, 25);
        assert!(!part_done && first.position == 10);
        assert_eq!(first.clone().in_wave(NOW.plus(59)), None);
        let late = first.clone().in_wave(NOW.plus(100_000)).unwrap();
        assert_eq!((late.wave, late.wave_left), (2, 10), "one wave, however late");
        let (second, _) = first.in_wave(NOW.plus(60)).unwrap().advanced(4, 25);
        // A wave that was cut short goes on without a wait.
        assert_eq!(second.clone().in_wave(NOW.plus(60)).unwrap().wave_left, 6);
        let (second, _) = second.advanced(6, 25);
        let (last, part_done) = second.in_wave(NOW.plus(120)).unwrap().advanced(5, 25);
        assert!(part_done && last.is_released());
        assert_eq!((last.position, last.wave_left, last.next_wave_at), (0, 0, None));
        assert_eq!(last.in_wave(NOW.plus(1_000_000)), None);
    }

    #[test]
    fn members_come_back_as_they_were_packed() {
        let members: Vec<_> = [(1, 0), (2_u64.pow(48) + 7, 3), (u64::MAX, u32::MAX)]
            .map(|(number, version)| Member { number, version })
            .into();
        let part = |members| CampaignPart {
            key: 1,
            campaign: CampaignId::from_bytes([0; 16]),
            kind: CredentialKind::Key,
            members,
        };
        assert_eq!(part(CampaignPart::pack(&members)).unpack(), members);
        assert_eq!(part(vec![1; 11]).unpack(), [], "what is damaged is no member");
    }
}

//! Campaigns as C sees them.

use tegata::model::{Campaign, CampaignState, CredentialKind, ReissuePolicy};
use tegata::{CampaignFilter, CampaignPreview, CampaignProgress, NewCampaign, Selection};

use crate::number::same_variants;
use crate::registry::prelude::*;

/// The kinds of credentials that are renewed.
#[repr(C)]
pub enum tegata_credential_kind {
    /// A certificate.
    Certificate = 1,
    /// A symmetric key.
    Key = 2,
    /// A pre-shared key.
    Psk = 3,
}
same_variants!(tegata_credential_kind = CredentialKind { Certificate, Key, Psk });

/// Where a campaign stands.
#[repr(C)]
pub enum tegata_campaign_state {
    /// Its waves are released when their time comes.
    Running = 1,
    /// It waits to be resumed.
    Paused = 2,
    /// Everybody was asked, and nobody is waited for any more.
    Finished = 3,
    /// It was given up.
    Cancelled = 4,
}
same_variants!(tegata_campaign_state = CampaignState { Running, Paused, Finished, Cancelled });

/// How a campaign has credentials replaced.
#[repr(C)]
pub enum tegata_reissue_policy {
    /// They become due at once: their holders renew them by the ordinary procedure. The default.
    Due = 1,
    /// Symmetric keys and readable pre-shared keys get their new value at once, from the registry. Certificates, and pre-shared
    /// keys that cannot be read and therefore not be fetched, become due.
    Rotate = 2,
}
same_variants!(tegata_reissue_policy = ReissuePolicy { Due, Rotate });

/// Which credentials a campaign is about: those that match all of what is given. What is left out (NULL, 0) does not matter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_selection {
    /// `sizeof(tegata_selection)`.
    pub size: usize,
    /// Of these kinds; of all when there are none.
    pub kinds: *const Number<tegata_credential_kind>,
    /// How many kinds.
    pub kinds_len: usize,
    /// With this algorithm, by its name: `ecdsa-p256`, `aes-128`.
    pub algorithm: *const c_char,
    /// Issued by this authority.
    pub authority: *const c_char,
    /// Of units of this product.
    pub product: *const c_char,
    /// Of devices in this group, and the group's own keys.
    pub group: *const c_char,
    /// Issued at this moment or later.
    pub issued_from: *const i64,
    /// Issued before this moment.
    pub issued_to: *const i64,
    /// These certificates, by their IDs.
    pub certificates: tegata_texts,
    /// These symmetric keys, by their IDs.
    pub keys: tegata_texts,
    /// These pre-shared keys, by their IDs.
    pub psks: tegata_texts,
}
growing!(tegata_selection);

/// The identifiers in a list of texts.
fn ids<T: std::str::FromStr<Err = Error>>(list: tegata_texts, field: &str) -> Result<Vec<T>> {
    list.strings(field)?.iter().map(|id| id.parse()).collect()
}

impl ToCore for tegata_selection {
    type Core = Selection;

    fn to_core(&self) -> Result<Selection> {
        let kinds = slice(self.kinds, self.kinds_len, "kinds")?;
        let moment = |at| optional(at).copied().map(Timestamp::from_unix);
        Ok(Selection {
            kinds: kinds.iter().map(|kind| kind.core("kinds")).collect::<Result<_>>()?,
            algorithm: maybe_string(self.algorithm, "algorithm")?,
            authority: maybe_parsed(self.authority, "authority")?,
            product: maybe_parsed(self.product, "product")?,
            group: maybe_parsed(self.group, "group")?,
            issued_from: moment(self.issued_from),
            issued_to: moment(self.issued_to),
            certificates: ids(self.certificates, "certificates")?,
            keys: ids(self.keys, "keys")?,
            psks: ids(self.psks, "psks")?,
        })
    }
}

/// How many credentials a selection names.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_campaign_preview {
    /// Certificates.
    pub certificates: u64,
    /// Symmetric keys.
    pub keys: u64,
    /// Pre-shared keys.
    pub psks: u64,
    /// Credentials of products, which match too but are replaced by hand, batch by batch.
    pub product_credentials: u64,
}

impl ToC for CampaignPreview {
    type C = tegata_campaign_preview;

    fn to_c(&self, _: &mut Arena) -> tegata_campaign_preview {
        tegata_campaign_preview {
            certificates: self.certificates,
            keys: self.keys,
            psks: self.psks,
            product_credentials: self.product_credentials,
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaign_preview_free(campaign_preview: *const tegata_campaign_preview) {
    free_record(campaign_preview);
}

/// A campaign to be started.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_new_campaign {
    /// `sizeof(tegata_new_campaign)`.
    pub size: usize,
    /// What people call it; no two campaigns have one name. Required.
    pub name: *const c_char,
    /// Which credentials are to be replaced. Required.
    pub selection: *const tegata_selection,
    /// How many credentials one wave has, at least 1; NULL for 1,000.
    pub wave_size: *const u32,
    /// How long after the beginning of a wave the next one may begin, in seconds; NULL for an hour. 0: with the next call.
    pub wave_seconds: *const u32,
    /// How they are replaced; 0 for the default.
    pub policy: Number<tegata_reissue_policy>,
    /// For how long old values count beside the new ones where the registry makes them, in days; NULL for the default.
    pub grace_days: *const u32,
    /// After how many days whoever was asked and has not come is shut out; NULL for never.
    pub revoke_after_days: *const u32,
    /// The reason for which certificates are revoked then; 0 for the default.
    pub revocation: Number<tegata_revocation_reason>,
    /// Why there is a campaign; it stands in its record and its event. At most 255 bytes. May be left out (NULL).
    pub reason: *const c_char,
}
growing!(tegata_new_campaign);

impl ToCore for tegata_new_campaign {
    type Core = NewCampaign;

    fn to_core(&self) -> Result<NewCampaign> {
        let default = NewCampaign::new(text(self.name, "name")?, given(self.selection, "selection")?);
        Ok(NewCampaign {
            wave_size: optional(self.wave_size).copied().unwrap_or(default.wave_size),
            wave_seconds: optional(self.wave_seconds).copied().unwrap_or(default.wave_seconds),
            policy: self.policy.optional("policy")?.unwrap_or(default.policy),
            grace_days: optional(self.grace_days).copied().unwrap_or(default.grace_days),
            revoke_after_days: optional(self.revoke_after_days).copied(),
            revocation: self.revocation.optional("revocation")?.unwrap_or(default.revocation),
            reason: maybe_string(self.reason, "reason")?,
            ..default
        })
    }
}

/// A campaign: many credentials that are replaced, wave by wave.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_campaign {
    /// Names the campaign.
    pub id: *const c_char,
    /// What people call it.
    pub name: *const c_char,
    /// Its state.
    pub state: Number<tegata_campaign_state>,
    /// The kinds of credentials that it is about.
    pub kinds: *const Number<tegata_credential_kind>,
    /// How many kinds.
    pub kinds_len: usize,
    /// What was selected by: the algorithm; NULL if not.
    pub algorithm: *const c_char,
    /// The authority; NULL if not.
    pub authority: *const c_char,
    /// The product; NULL if not.
    pub product: *const c_char,
    /// The group; NULL if not.
    pub group: *const c_char,
    /// Issued at this moment or later; NULL if not.
    pub issued_from: *const i64,
    /// Issued before this moment; NULL if not.
    pub issued_to: *const i64,
    /// Whether they were listed one by one.
    pub listed: bool,
    /// How many credentials one wave has.
    pub wave_size: u32,
    /// How long after the beginning of a wave the next one may begin, in seconds.
    pub wave_seconds: u32,
    /// How they are replaced.
    pub policy: Number<tegata_reissue_policy>,
    /// For how long old values count beside the new ones, in days.
    pub grace_days: u32,
    /// After how many days whoever has not come is shut out; NULL for never.
    pub revoke_after_days: *const u32,
    /// The reason for which certificates are revoked then.
    pub revocation: Number<tegata_revocation_reason>,
    /// Why there is a campaign; NULL if nothing was said.
    pub reason: *const c_char,
    /// How many were selected.
    pub selected: u64,
    /// How many were asked so far.
    pub released: u64,
    /// Which wave was the last one; 0 before the first.
    pub wave: u32,
    /// When the next wave may begin; NULL when there is none.
    pub next_wave_at: *const i64,
    /// When it was started.
    pub started: i64,
    /// When it was finished or cancelled; NULL before.
    pub ended: *const i64,
}

impl ToC for Campaign {
    type C = tegata_campaign;

    fn to_c(&self, arena: &mut Arena) -> tegata_campaign {
        let kinds: Vec<Number<tegata_credential_kind>> = self.kinds.iter().map(|kind| (*kind).into()).collect();
        tegata_campaign {
            id: arena.shown(self.id),
            name: arena.text(&self.name),
            state: self.state.into(),
            kinds: arena.put_all(&kinds),
            kinds_len: kinds.len(),
            algorithm: arena.maybe_text(self.algorithm.as_deref()),
            authority: arena.maybe_shown(self.authority),
            product: arena.maybe_shown(self.product),
            group: arena.maybe_shown(self.group),
            issued_from: arena.maybe(self.issued_from.map(Timestamp::unix)),
            issued_to: arena.maybe(self.issued_to.map(Timestamp::unix)),
            listed: self.listed,
            wave_size: self.wave_size,
            wave_seconds: self.wave_seconds,
            policy: self.policy.into(),
            grace_days: self.grace_days,
            revoke_after_days: arena.maybe(self.revoke_after_days),
            revocation: self.revocation.into(),
            reason: arena.maybe_text(self.reason.as_deref()),
            selected: self.selected,
            released: self.released,
            wave: self.wave,
            next_wave_at: arena.maybe(self.next_wave_at.map(Timestamp::unix)),
            started: self.started.unix(),
            ended: arena.maybe(self.ended.map(Timestamp::unix)),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaign_free(campaign: *const tegata_campaign) {
    free_record(campaign);
}

/// A page of them.
pub type tegata_campaign_list = List<tegata_campaign>;

/// Frees a list and the records in it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaign_list_free(list: *const tegata_campaign_list) {
    free_record(list);
}

/// Which campaigns to list. What is left out (NULL, 0) does not matter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_campaign_filter {
    /// `sizeof(tegata_campaign_filter)`.
    pub size: usize,
    /// By name.
    pub name: *const tegata_text,
    /// In this state.
    pub state: Number<tegata_campaign_state>,
}
growing!(tegata_campaign_filter);

impl ToCore for tegata_campaign_filter {
    type Core = CampaignFilter;

    fn to_core(&self) -> Result<CampaignFilter> {
        Ok(CampaignFilter { name: text_filter(self.name, "name")?, state: self.state.optional("state")? })
    }
}

/// How far a campaign has come.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_campaign_progress {
    /// How many were selected.
    pub selected: u64,
    /// How many were asked so far.
    pub released: u64,
    /// How many of those are replaced, or are none of the campaign's business any more.
    pub done: u64,
    /// How many of those have not come.
    pub waiting: u64,
    /// Which wave was the last one; 0 before the first.
    pub wave: u32,
    /// When the next wave may begin; NULL when there is none.
    pub next_wave_at: *const i64,
    /// Whether everybody was asked and nobody is waited for.
    pub finished: bool,
}

impl ToC for CampaignProgress {
    type C = tegata_campaign_progress;

    fn to_c(&self, arena: &mut Arena) -> tegata_campaign_progress {
        tegata_campaign_progress {
            selected: self.selected,
            released: self.released,
            done: self.done,
            waiting: self.waiting,
            wave: self.wave,
            next_wave_at: arena.maybe(self.next_wave_at.map(Timestamp::unix)),
            finished: self.finished,
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_campaign_progress_free(campaign_progress: *const tegata_campaign_progress) {
    free_record(campaign_progress);
}

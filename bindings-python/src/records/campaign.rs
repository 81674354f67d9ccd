//! Campaigns.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::record;
use crate::words::{CampaignState, CredentialKind, ReissuePolicy, RevocationReason};

record! {
    /// A campaign: many credentials that are replaced, wave by wave (NEC-63).
    Campaign(tegata::model::Campaign) {
        /// Names the campaign.
        id: String,
        /// What people call it.
        name: String,
        /// Its state.
        state: CampaignState,
        /// The kinds that were selected; empty stands for all.
        kinds: Vec<CredentialKind>,
        /// The algorithm that was selected.
        algorithm: Option<String>,
        /// The generation of an authority whose certificates were selected.
        authority: Option<String>,
        /// The product whose devices' credentials were selected.
        product: Option<String>,
        /// The group whose devices' credentials were selected.
        group: Option<String>,
        /// What was issued from this moment on was selected.
        issued_from: Option<Time>,
        /// What was issued before this moment was selected.
        issued_to: Option<Time>,
        /// Whether the credentials were named one by one.
        listed: bool,
        /// How many credentials one wave has.
        wave_size: u32,
        /// How long after the beginning of a wave the next one may begin, in seconds.
        wave_seconds: u32,
        /// How the credentials are replaced.
        policy: ReissuePolicy,
        /// For how long old values count beside the new ones where the registry makes them, in days.
        grace_days: u32,
        /// After how many days whoever has not come is shut out.
        revoke_after_days: Option<u32>,
        /// The reason for which their certificates are revoked.
        revocation: RevocationReason,
        /// Why there is a campaign, in words.
        reason: Option<String>,
        /// How many credentials were selected. It does not change: what is issued after the start is not among them.
        selected: u64,
        /// How many of them had their turn.
        released: u64,
        /// Which wave was released last, from 1; 0 before the first.
        wave: u32,
        /// When the next wave may begin; None after the last.
        next_wave_at: Option<Time>,
        /// When it was started.
        started: Time,
        /// When it was finished or cancelled.
        ended: Option<Time>,
    }
}

record! {
    /// What a selection would select now.
    CampaignPreview(tegata::CampaignPreview) {
        /// Certificates.
        certificates: u64,
        /// Symmetric keys.
        keys: u64,
        /// Pre-shared keys.
        psks: u64,
        /// Product credentials that match too, but are renewed by `renew_credential` and
        /// not by a campaign.
        product_credentials: u64,
    }
}

record! {
    /// How far a campaign has come.
    CampaignProgress(tegata::CampaignProgress) {
        /// How many credentials were selected.
        selected: u64,
        /// How many of them had their turn.
        released: u64,
        /// How many of those came, or need not come any more: they were renewed (by themselves perhaps), revoked, deleted,
        /// or have expired.
        done: u64,
        /// How many of those are waited for: `stragglers` lists them.
        waiting: u64,
        /// Which wave was released last, from 1; 0 before the first.
        wave: u32,
        /// When the next wave may begin; None after the last.
        next_wave_at: Option<Time>,
        /// Whether everybody had a turn, and nobody is waited for.
        finished: bool,
    }
}

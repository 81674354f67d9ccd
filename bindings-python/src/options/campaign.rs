//! What campaigns select, and how they are started and found.

use pyo3::prelude::*;

use crate::convert::{Show, Time};
use crate::macros::options;
use crate::sums::Text;
use crate::words::{CampaignState, CredentialKind, ReissuePolicy, RevocationReason};

options! {
    /// Which credentials a campaign is about: those in force or suspended that match everything given, or those that are
    /// named one by one. The credentials that the units of a product share are never among them: see
    /// `renew_credential`.
    Selection(tegata::Selection): () = tegata::Selection::default(); {
        /// Only these kinds; empty stands for all.
        def kinds: Option<Vec<CredentialKind>> = None => Vec<CredentialKind>;
        /// With keys of this algorithm, such as `rsa-2048` (certificates) or `aes-128` (symmetric keys).
        opt algorithm: Option<String> = None => Option<String>;
        /// Issued by this generation of an authority; only certificates are.
        opt authority: Option<String> = None => Option<String>;
        /// Of this product's devices. A key that several devices share goes by the first of them.
        opt product: Option<String> = None => Option<String>;
        /// Of devices in this group, or of the group itself.
        opt group: Option<String> = None => Option<String>;
        /// Whose present value was issued at this moment or later.
        opt issued_from: Option<Time> = None => Option<Time>;
        /// Whose present value was issued before this moment.
        opt issued_to: Option<Time> = None => Option<Time>;
        /// These certificates. Whoever names credentials selects by nothing else, and at most 100,000.
        def certificates: Option<Vec<String>> = None => Vec<String>;
        /// These symmetric keys.
        def keys: Option<Vec<String>> = None => Vec<String>;
        /// These pre-shared keys.
        def psks: Option<Vec<String>> = None => Vec<String>;
    }
}

options! {
    /// A campaign to be started.
    NewCampaign(tegata::NewCampaign): (name: String, selection: Selection) = { let name: String = name; tegata::NewCampaign::new(name, selection) }; {
        /// How many credentials one wave has; at least 1.
        def wave_size: Option<u32> = None => u32;
        /// How long after the beginning of a wave the next one may begin, in seconds. 0: with the next call.
        def wave_seconds: Option<u32> = None => u32;
        /// How they are replaced.
        def policy: Option<ReissuePolicy> = None => ReissuePolicy;
        /// For how long old values count beside the new ones where the registry makes them, in days.
        def grace_days: Option<u32> = None => u32;
        /// After how many days whoever was asked and has not come is shut out: certificates are revoked, keys suspended.
        /// None: never.
        opt revoke_after_days: Option<u32> = None => Option<u32>;
        /// The reason for which certificates are revoked then.
        def revocation: Option<RevocationReason> = None => RevocationReason;
        /// Why there is a campaign; it stands in its record and its event. At most 255 bytes.
        opt reason: Option<String> = None => Option<String>;
    }
    /// What people call it; no two campaigns have one name.
    #[getter]
    fn name(&self) -> String {
        Show::show(&self.0.name)
    }

    /// Which credentials are to be replaced.
    #[getter]
    fn selection(&self) -> Selection {
        Show::show(&self.0.selection)
    }

}

options! {
    /// Which campaigns to list: those that match everything given.
    CampaignFilter(tegata::CampaignFilter): () = tegata::CampaignFilter::default(); {
        /// By name.
        opt name: Option<Text> = None => Option<Text>;
        /// In this state.
        opt state: Option<CampaignState> = None => Option<CampaignState>;
    }
}
